"""What an evaluation or a comparison says on the screen."""

import numpy as np

from sklearn_neurofuse.cli._options import DATA_OPTIONS, source_of

# what a screen has room for
_METRICS = ("roc_auc", "accuracy", "precision", "recall", "f1")
_TITLES = {"roc_auc": "ROC AUC"}
_SETTINGS = (
    "command",
    "data",
    "model",
    "models",
    "cv",
    "repeats",
    "seed",
    "rope",
    "prevalence",
    "permutations",
    "learning_curve",
    "nested",
    "lock",
)


def headline(name, data):
    """Say which data these are.

    Parameters
    ----------
    name : str
        Of the data set.
    data : Bunch
        The data set.

    Returns
    -------
    str
        A line.
    """
    classes = ", ".join(f"{count} {label}" for label, count in class_counts(data).items())
    n_groups = len(np.unique(data.groups))
    return f"{name}: {len(data.X)} samples of {n_groups} persons ({classes})"


def how(args):
    """Say how figures were made.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Returns
    -------
    str
        A few lines.
    """
    return (
        f"{args.repeats} x {args.cv}-fold cross-validation, stratified by class, persons never on "
        f"both sides; seed {args.seed}.\n"
        "ROC AUC is the mean over folds, the other figures are counted over all folds of a repeat "
        "and averaged over repeats.\n"
        "In brackets 95 % intervals from a bootstrap of whole persons; they do not cover the "
        "choice of the best row."
    )


def as_table(figures, models, baselines, marked):
    """Lay figures out as a table, models above baselines.

    Parameters
    ----------
    figures : DataFrame
        Columns model, metric, estimate, low and high.
    models, baselines : list of str
        Names of the rows.
    marked : str
        The row that gets a star.

    Returns
    -------
    list of str
        Lines.
    """
    told = {
        (row.model, row.metric): f"{row.estimate:.2f} [{row.low:.2f}, {row.high:.2f}]"
        for row in figures.itertuples()
    }
    header = ["", *[_TITLES.get(metric, metric) for metric in _METRICS]]
    body = [
        [f"{row} *" if row == marked else row, *[told.get((row, m), "-") for m in _METRICS]]
        for row in models + baselines
    ]
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    lines = ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in [header, *body]]
    rule = "-" * max(map(len, lines))
    return [lines[0], rule, *lines[1 : 1 + len(models)], rule, *lines[1 + len(models) :]]


def settings_of(args, data):
    """Tell what was asked for, and of which data.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.
    data : Bunch
        The data set.

    Returns
    -------
    dict
        Plain values.
    """
    names = [
        name
        for name in _SETTINGS + tuple(DATA_OPTIONS[source_of(args.data)])
        if hasattr(args, name)
    ]
    return {**{name: getattr(args, name) for name in names}, "description": data.DESCR}


def class_counts(data):
    """Count the samples of each class.

    Parameters
    ----------
    data : Bunch
        The data set.

    Returns
    -------
    dict of str to int
        By name.
    """
    return {str(name): int(np.sum(data.target == i)) for i, name in enumerate(data.target_names)}
