"""Tables of splits and of groups."""

import numpy as np
import pandas as pd

# metrics of a fold; those of a single class are noise in so few samples
_OF_FOLD = ("balanced_accuracy", "roc_auc", "accuracy", "f1")
_BEST = "best "


def fold_table(judge, made, design):
    """Give the figures of each split.

    Parameters
    ----------
    judge : Judge
        Of the units.
    made : OutOfFold
        Predictions of units.
    design : Design
        The splits.

    Returns
    -------
    DataFrame
        One row for each split; of a search what it chose too, in columns ``best ...``.
    """
    return pd.DataFrame(
        {
            "split": np.arange(len(design.splits)),
            "repeat": design.column,
            "n_train": [len(train) for train, _ in design.splits],
            "n_test": [len(test) for _, test in design.splits],
            **{metric: judge.fold_values(metric, made) for metric in _OF_FOLD},
            "threshold": made.threshold,
            "fit_time": made.fit_time,
            "predict_time": made.predict_time,
            **chosen_columns(made),
        }
    )


def chosen_columns(made):
    """Give what a search chose in each split.

    Parameters
    ----------
    made : OutOfFold
        Predictions.

    Returns
    -------
    dict of str to list
        Columns ``best ...``; none where nothing was searched.
    """
    names = sorted(set.intersection(*map(set, made.chosen))) if made.chosen else []
    return {f"{_BEST}{name}": [one[name] for one in made.chosen] for name in names}


def chosen_table(folds):
    """Count which settings the searches chose.

    Parameters
    ----------
    folds : DataFrame
        Of `Evaluation` or `Comparison`, with columns ``best ...``.

    Returns
    -------
    DataFrame
        Columns model (where there are several), setting, chosen, splits and of; the value that was
        chosen most often first. Empty where nothing was searched.
    """
    models = list(dict.fromkeys(folds["model"])) if "model" in folds else [None]
    rows = []
    for model in models:
        own = folds if model is None else folds[folds["model"] == model]
        for column in [name for name in own if name.startswith(_BEST)]:
            counts = own[column].dropna().astype(str).value_counts()
            rows += [
                {"model": model, "setting": column.removeprefix(_BEST), "chosen": value,
                 "splits": n, "of": len(own)}
                for value, n in counts.items()
            ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["model", "setting", "chosen", "splits", "of"])
    return table if "model" in folds else table.drop(columns="model")


def group_table(made, design):
    """Give what was predicted for each group.

    Parameters
    ----------
    made : OutOfFold
        Predictions of samples, not of units.
    design : Design
        The groups.

    Returns
    -------
    DataFrame
        One row for each group: its number of samples, its class where it has one, the share of
        predictions that are right, and the mean score.
    """
    told = ~np.isnan(made.predicted)
    right = np.where(told, made.predicted == design.y[:, None], np.nan)
    score = made.score if made.score.ndim == 2 else np.full(told.shape, np.nan)
    samples = pd.DataFrame(
        {
            design.noun: design.groups,
            "class": [str(label) for label in design.labels],
            "right": _row_means(right),
            "score": _row_means(score),
        }
    )
    grouped = samples.groupby(design.noun, sort=True)
    classes = grouped["class"].agg(lambda labels: " / ".join(sorted(set(labels))))
    table = pd.DataFrame(
        {
            "n_samples": grouped.size(),
            "class": classes,
            "accuracy": grouped["right"].mean(),
            "score": grouped["score"].mean(),
        }
    )
    return table.reset_index()


def _row_means(values):
    count = np.sum(~np.isnan(values), axis=1)
    total = np.nansum(values, axis=1)
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
