"""Figures with intervals from out-of-fold predictions, and what they say."""

from functools import partial

import numpy as np
import pandas as pd

from sklearn_neurofuse.metrics import bootstrap_interval

METRICS = ("roc_auc", "accuracy", "precision", "recall", "f1")


def summarize(predictions, y, groups, *, random_state=None):
    """Give every metric of every row with its interval.

    Parameters
    ----------
    predictions : dict of str to OutOfFold
        By row.
    y : ndarray of int of shape (n_samples,)
        Classes 0 and 1.
    groups : ndarray of shape (n_samples,)
        Drawn together in the bootstrap.
    random_state : int, RandomState instance or None, default=None
        Draws the resamples.

    Returns
    -------
    DataFrame
        With the columns row, metric, estimate, low, high and standard_error.
    """
    interval = _interval(y, groups, random_state)
    return pd.DataFrame(
        {"row": row, "metric": metric, **interval(metric, y, _columns(metric, made))._asdict()}
        for row, made in predictions.items()
        for metric in METRICS
    )[["row", "metric", "estimate", "low", "high", "standard_error"]]


def difference(predictions, row, other, y, groups, *, random_state=None):
    """Give the difference of two rows' ROC AUC with its interval.

    Parameters
    ----------
    predictions : dict of str to OutOfFold
        By row.
    row, other : str
        Which rows; `row` minus `other`.
    y : ndarray of int of shape (n_samples,)
        Classes 0 and 1.
    groups : ndarray of shape (n_samples,)
        Drawn together in the bootstrap.
    random_state : int, RandomState instance or None, default=None
        Draws the resamples.

    Returns
    -------
    BootstrapInterval
        Of the difference, both rows on the same resamples.
    """
    columns = [_columns("roc_auc", predictions[name]) for name in (row, other)]
    return _interval(y, groups, random_state)("roc_auc", y, columns[0], reference=columns[1])


def best_row(summary, rows):
    """Give the row with the greatest ROC AUC.

    Parameters
    ----------
    summary : DataFrame
        As `summarize` gives.
    rows : iterable of str
        Among which to choose.

    Returns
    -------
    str
        The first of the best.
    """
    auc = summary[summary["metric"] == "roc_auc"].set_index("row")["estimate"]
    return auc[list(rows)].idxmax()


def _columns(metric, made):
    # ROC AUC needs scores of one scale; rates are pooled over the folds of a repeat
    return made.score_by_fit() if metric == "roc_auc" else made.predicted


def _interval(y, groups, random_state):
    per_group = pd.Series(y).groupby(np.asarray(groups)).nunique()
    stratify = y if (per_group == 1).all() else None
    return partial(bootstrap_interval, groups=groups, stratify=stratify, random_state=random_state)
