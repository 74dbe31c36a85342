"""Whether predictions are good enough for the clinic, given how uncertain the figures are."""

from typing import NamedTuple

import pandas as pd

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.metrics._bootstrap import bootstrap_interval
from sklearn_neurofuse.metrics._weighted import METRICS

_OWNER = "clinical_criteria"
DEFAULTS = {"precision": 0.80, "recall": 0.80, "f1": 0.75}


class ClinicalCriteria(NamedTuple):
    """What `clinical_criteria` gives."""

    verdict: str
    table: pd.DataFrame


def clinical_criteria(y_true, y_pred, *, criteria=None, **options):
    """Judge predictions by least values of precision, recall and F1.

    A criterion is met where the whole interval lies at or above the least value, not met where
    it lies below, and undecided between.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes, two.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_repeats)
        Predicted classes (scores for a metric of scores), in the form that
        `bootstrap_interval` takes.
    criteria : dict of str to float, default=None
        Least value by the name of a metric of `bootstrap_interval`. None is precision and recall
        of .80 and F1 of .75.
    **options : dict
        Of `bootstrap_interval`: ``groups``, ``stratify``, ``method``, ``confidence_level``,
        ``n_resamples``, ``pos_label``, ``random_state``. The method is ``"score"`` unless
        another is given.

    Returns
    -------
    ClinicalCriteria
        Named tuple of ``verdict``, which is ``"met"`` where all are met, ``"not met"`` where one
        is not, and ``"undecided"`` otherwise; and ``table``, a DataFrame with the columns metric,
        least, estimate, low, high and verdict.

    Raises
    ------
    TypeError
        If a least value is not a number.
    ValueError
        If a metric is unknown, a least value out of [0, 1], or there is no criterion; and as
        `bootstrap_interval`.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.metrics import clinical_criteria
    >>> y_true = np.repeat([0, 1], 100)
    >>> y_pred = np.where(np.arange(200) % 20 == 0, 1 - y_true, y_true)
    >>> clinical_criteria(y_true, y_pred, random_state=0).verdict
    'met'
    >>> clinical_criteria(y_true[90:110], y_pred[90:110], random_state=0).verdict
    'undecided'
    """
    criteria = check_criteria(_OWNER, criteria)
    options = {"method": "score", **options}
    table = pd.DataFrame(
        {"metric": name, **bootstrap_interval(name, y_true, y_pred, **options)._asdict()}
        for name in criteria
    )
    return judge(table, criteria)


def check_criteria(owner, criteria):
    """Check least values by metric, and put the default in place of None.

    Parameters
    ----------
    owner : str
        Who asks.
    criteria : dict of str to float or None
        What the caller gave.

    Returns
    -------
    dict of str to float
        At least one.
    """
    criteria = DEFAULTS if criteria is None else criteria
    if not criteria:
        raise ValueError(f"{owner}: criteria must name a metric at least, got none")
    for name, least in criteria.items():
        check_choice(owner, "criteria", name, METRICS)
        check_number(owner, f"criteria[{name!r}]", least, low=0, high=1)
    return dict(criteria)


def judge(figures, criteria):
    """Hold intervals against least values.

    Parameters
    ----------
    figures : DataFrame
        With the columns metric, estimate, low and high.
    criteria : dict of str to float
        Least value by metric, each in `figures`.

    Returns
    -------
    ClinicalCriteria
        The verdict and the table.
    """
    rows = figures.set_index("metric").loc[list(criteria), ["estimate", "low", "high"]]
    rows.insert(0, "least", list(criteria.values()))
    rows["verdict"] = [
        "met" if row.low >= row.least else "not met" if row.high < row.least else "undecided"
        for row in rows.itertuples()
    ]
    found = set(rows["verdict"])
    verdict = "not met" if "not met" in found else "undecided" if "undecided" in found else "met"
    return ClinicalCriteria(verdict, rows.reset_index())
