"""A metric of predictions as a function of weights, for the bootstrap."""

import warnings
from functools import partial

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.multiclass import type_of_target

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.metrics._weighted import (
    AT_PREVALENCE,
    METRICS,
    OF_PROBABILITIES,
    OF_SCORES,
)

OWNER = "bootstrap_interval"


def named_metric(metric, prevalence):
    """Give the function behind a named metric.

    Parameters
    ----------
    metric : str or callable
        The metric.
    prevalence : float or None
        Share of positives that it is wanted for.

    Returns
    -------
    callable or None
        As those of `METRICS`; None for a callable.
    """
    if prevalence is None:
        return METRICS.get(metric) if isinstance(metric, str) else None
    check_choice(OWNER, "metric, where prevalence is given,", metric, AT_PREVALENCE)
    check_number(OWNER, "prevalence", prevalence, low=0, high=1, closed="neither")
    return partial(AT_PREVALENCE[metric], prevalence)


def make_statistic(metric, function, y_true, y_pred, pos_label):
    """Give a function from weights (n_resamples, n_samples) to values (n_resamples,).

    Parameters
    ----------
    metric : str or callable
        The metric.
    function : callable or None
        As `named_metric` gives it.
    y_true, y_pred : ndarray
        Labels and predictions.
    pos_label : label or None
        The positive class.

    Returns
    -------
    callable
        The function.
    """
    if callable(metric):
        return partial(_by_rows, metric, y_true, y_pred)
    of_scores = metric in OF_SCORES or metric in OF_PROBABILITIES
    most = 3 if of_scores else 2
    if y_true.ndim != 1 or not 1 <= y_pred.ndim <= most:
        raise ValueError(
            f"{OWNER}: with a named metric y_true must be 1-D and y_pred 1-D or {most}-D at "
            f"most, got shapes {y_true.shape} and {y_pred.shape}"
        )
    y_pred = y_pred[:, None] if y_pred.ndim == 1 else y_pred
    labels = ordered_labels(metric, y_true, pos_label)
    columns = [y_pred[:, i] for i in range(y_pred.shape[1])]
    columns = [(_predicted(column), column) for column in columns]
    if metric == "accuracy":
        # right or wrong is all that counts, also where a label was never true
        labels = np.unique(np.concatenate([labels, *[col[rows] for rows, col in columns]]))
    _check_kind(metric, columns, of_scores, labels)
    if not of_scores:
        columns = [(rows, _codes(column, rows, labels)) for rows, column in columns]
    codes = _codes(y_true, slice(None), labels)
    return partial(_by_columns, function, codes, columns, len(labels))


def _predicted(column):
    """Give the rows in which a column holds a prediction."""
    if column.dtype.kind != "f":
        return np.arange(len(column))
    return np.flatnonzero(~np.isnan(column.reshape(len(column), -1)).any(axis=1))


def _check_kind(metric, columns, of_scores, labels):
    for rows, column in columns:
        if len(rows) == 0:
            raise ValueError(f"{OWNER}: a column of y_pred holds no prediction")
        if of_scores and column.dtype.kind not in "fiub":
            raise ValueError(f"{OWNER}: {metric} needs scores as y_pred, got {column.dtype}")
        if not of_scores and type_of_target(column[rows]) == "continuous":
            raise ValueError(f"{OWNER}: {metric} needs labels as y_pred, got scores")
        if of_scores and len(labels) != (2 if column.ndim == 1 else column.shape[1]):
            raise ValueError(
                f"{OWNER}: {metric} needs two classes in y_true or scores of shape (n_samples, "
                f"n_columns, n_classes), got classes {labels.tolist()}"
            )


def ordered_labels(metric, y_true, pos_label):
    """Give the classes, the positive one last.

    Parameters
    ----------
    metric : str
        The metric.
    y_true : ndarray of shape (n_samples,)
        Labels.
    pos_label : label or None
        The positive class; None is the last in order.

    Returns
    -------
    ndarray
        The classes.
    """
    labels = np.unique(y_true)
    if pos_label is not None and pos_label not in labels:
        raise ValueError(f"{OWNER}: pos_label must be one of {labels.tolist()}, got {pos_label!r}")
    if len(labels) < 2 and metric != "accuracy":
        raise ValueError(f"{OWNER}: {metric} needs two classes in y_true, got {labels.tolist()}")
    if pos_label is None:
        return labels
    return np.append(labels[labels != pos_label], labels[labels == pos_label])


def _codes(values, rows, labels):
    """Give the positions among the labels."""
    values = values[rows]
    order = np.argsort(labels)
    found = np.searchsorted(labels, values, sorter=order).clip(max=len(labels) - 1)
    match = labels[order][found] == values
    strange = np.unique(values[~match]).tolist()
    if strange:
        raise ValueError(f"{OWNER}: y_pred holds {strange}, which y_true does not")
    return order[found]


def _by_columns(metric, y_true, columns, n_classes, weights):
    values = np.stack(
        [
            metric(y_true[rows], column if len(column) == len(rows) else column[rows],
                   n_classes, weights[:, rows])
            for rows, column in columns
        ]
    )  # fmt: skip
    n_defined = np.sum(~np.isnan(values), axis=0)
    undefined = np.full(len(weights), np.nan)
    return np.divide(np.nansum(values, axis=0), n_defined, out=undefined, where=n_defined > 0)


def _by_rows(metric, y_true, y_pred, weights):
    rows = np.arange(len(y_true))
    values = np.empty(len(weights))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        for i, counts in enumerate(weights):
            drawn = np.repeat(rows, counts.astype(int))
            values[i] = metric(y_true[drawn], y_pred[drawn])
    return values


def difference(statistic, other, weights):
    """Give the difference of two statistics.

    Parameters
    ----------
    statistic, other : callable
        As `make_statistic` gives them.
    weights : ndarray of shape (n_resamples, n_samples)
        Weights.

    Returns
    -------
    ndarray of shape (n_resamples,)
        First minus second.
    """
    return statistic(weights) - other(weights)
