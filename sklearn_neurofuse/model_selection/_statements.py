"""Statements of a report, and how figures are written in them."""

from dataclasses import dataclass

_PLAIN = {
    "roc_auc": "ROC AUC", "balanced_accuracy": "balanced accuracy", "f1": "F1", "npv": "NPV",
    "mcc": "Matthews' correlation", "average_precision": "average precision",
    "brier": "Brier score", "ppv": "PPV",
}  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """One thing that is said.

    Attributes
    ----------
    kind : {"estimand", "result", "warning", "unchecked"}
        What it is.
    text : str
        A sentence or two.
    """

    kind: str
    text: str


def metric_name(metric):
    """Give the name of a metric as it is read.

    Parameters
    ----------
    metric : str
        Its name in tables.

    Returns
    -------
    str
        Its name in text.
    """
    return _PLAIN.get(metric, metric.replace("_", " "))


def between(estimate, low, high, form=".2f"):
    """Write an estimate with its interval.

    Parameters
    ----------
    estimate, low, high : float
        The figures.
    form : str, default=".2f"
        How numbers are written.

    Returns
    -------
    str
        Such as ``0.80 [0.68, 0.91]``.
    """
    return f"{estimate:{form}} [{low:{form}}, {high:{form}}]"


def plural(count, noun):
    """Write how many of something there are.

    Parameters
    ----------
    count : int
        How many.
    noun : str
        Of what, in the singular.

    Returns
    -------
    str
        Such as ``3 persons``.
    """
    noun = "block of trials" if noun == "block of trials" else noun
    if count == 1:
        return f"{count} {noun}"
    return f"{count} blocks of trials" if noun.startswith("block") else f"{count} {noun}s"


def about_pseudo_pairs(design):
    """Say that pairs of different people tell nothing of fusion.

    Parameters
    ----------
    design : Design
        The groups.

    Returns
    -------
    list of Statement
        A warning, or nothing.
    """
    if not design.pseudo:
        return []
    return [
        Statement(
            "warning",
            "The modalities of a sample are of different people, paired by their class. They are "
            "independent given the class by construction, so a gain from fusion, or a correlation "
            "between modalities, means nothing here.",
        )
    ]
