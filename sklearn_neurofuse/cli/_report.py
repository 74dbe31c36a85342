"""What an evaluation says on the screen and in files."""

import json
import platform
from importlib.metadata import version

import numpy as np
import pandas as pd

from sklearn_neurofuse.cli._main import DATA_OPTIONS
from sklearn_neurofuse.model_selection._summary import METRICS

_FILES = ("evaluation.csv", "evaluation.json", "predictions.csv")
_SETTINGS = ("command", "data", "model", "cv", "repeats", "seed")
_TITLES = {"roc_auc": "ROC AUC"}
_PACKAGES = ("sklearn-neurofuse", "scikit-learn", "numpy", "scipy", "pandas")


def check_folder(folder, overwrite):
    """Make the folder, and see that nothing in it would be lost.

    Parameters
    ----------
    folder : pathlib.Path
        Where results go.
    overwrite : bool
        Whether older results may be replaced.

    Raises
    ------
    FileExistsError
        If there are older results, or the path is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"--out {folder} is not a folder")
    older = [name for name in _FILES if (folder / name).exists()]
    if older and not overwrite:
        raise FileExistsError(f"{folder} holds {older[0]} already; give --overwrite to replace it")
    folder.mkdir(parents=True, exist_ok=True)


def as_text(args, data, result):
    """Lay the evaluation out for a screen.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.
    data : Bunch
        The data set.
    result : dict
        What was found.

    Returns
    -------
    str
        Several lines.
    """
    lines = [_headline(args, data), "", *_table(result), "", _how(args), ""]
    for (row, other), interval in result["differences"].items():
        role = " (baseline to beat)" if other in result["baselines"] else " (better alone)"
        lines.append(
            f"{row} against {other}{role}: ROC AUC {interval.estimate:+.2f} "
            f"[{interval.low:+.2f}, {interval.high:+.2f}]"
        )
    if "confounds" not in result["baselines"]:
        lines.append("No confounds come with these data.")
    return "\n".join(lines)


def _headline(args, data):
    classes = ", ".join(f"{count} {name}" for name, count in _class_counts(data).items())
    n_groups = len(np.unique(data.groups))
    return f"{args.data}: {len(data.X)} samples of {n_groups} persons ({classes})"


def _how(args):
    return (
        f"{args.repeats} x {args.cv}-fold cross-validation, stratified by class, persons never on "
        f"both sides; seed {args.seed}.\n"
        "ROC AUC is the mean over folds, the other figures are counted over all folds of a repeat "
        "and averaged over repeats.\n"
        "In brackets 95 % bootstrap intervals, whole persons drawn; they do not cover the choice "
        "of the best row."
    )


def _table(result):
    figures = {
        (figure.row, figure.metric): f"{figure.estimate:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
        for figure in result["summary"].itertuples()
    }
    header = ["", *[_TITLES.get(metric, metric) for metric in METRICS]]
    body = [
        [_marked(row, result), *[figures[row, metric] for metric in METRICS]]
        for row in result["models"] + result["baselines"]
    ]
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    lines = ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in [header, *body]]
    rule = "-" * max(map(len, lines))
    n_models = len(result["models"])
    return [lines[0], rule, *lines[1 : 1 + n_models], rule, *lines[1 + n_models :]]


def _marked(row, result):
    return f"{row} *" if row == result["to_beat"] else row


def write_files(folder, args, data, result):
    """Write the figures as CSV and JSON, and every prediction as CSV.

    Parameters
    ----------
    folder : pathlib.Path
        An existing folder.
    args : argparse.Namespace
        The parsed arguments.
    data : Bunch
        The data set.
    result : dict
        What was found.
    """
    summary = result["summary"]
    kind = np.where(summary["row"].isin(result["models"]), "model", "baseline")
    summary.assign(kind=kind).to_csv(folder / "evaluation.csv", index=False)
    _long(data, result["predictions"]).to_csv(folder / "predictions.csv", index=False)
    told = json.dumps(_as_dict(args, data, result), indent=2) + "\n"
    (folder / "evaluation.json").write_text(told, encoding="utf-8")


def _long(data, predictions):
    """Give one line for each row, repeat and sample."""
    n_samples = len(data.target)
    parts = [
        pd.DataFrame(
            {
                "row": row,
                "repeat": np.repeat(np.arange(made.fold.shape[1]), n_samples),
                "fold": made.fold.T.ravel(),
                "sample": np.tile(np.arange(n_samples), made.fold.shape[1]),
                "group": np.tile(data.groups, made.fold.shape[1]),
                "target": np.tile(data.target, made.fold.shape[1]),
                "predicted": made.predicted.T.ravel(),
                "score": made.score.T.ravel(),
            }
        )
        for row, made in predictions.items()
    ]
    return pd.concat(parts)


def _as_dict(args, data, result):
    settings = {name: getattr(args, name) for name in _SETTINGS + tuple(DATA_OPTIONS[args.data])}
    return {
        "settings": settings,
        "data": {
            "n_samples": len(data.X),
            "n_groups": len(np.unique(data.groups)),
            "classes": _class_counts(data),
            "modalities": {name: data.X[name].shape[1:] for name in data.X.modalities},
            "description": data.DESCR,
        },
        "rows": {
            row: {
                figure.metric: {
                    "estimate": figure.estimate,
                    "low": figure.low,
                    "high": figure.high,
                    "standard_error": figure.standard_error,
                }
                for figure in figures.itertuples()
            }
            for row, figures in result["summary"].groupby("row", sort=False)
        },
        "baseline_to_beat": result["to_beat"],
        "differences": [
            {"row": row, "other": other, "metric": "roc_auc", **interval._asdict()}
            for (row, other), interval in result["differences"].items()
        ],
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in _PACKAGES},
        },
    }


def _class_counts(data):
    return {str(name): int(np.sum(data.target == i)) for i, name in enumerate(data.target_names)}
