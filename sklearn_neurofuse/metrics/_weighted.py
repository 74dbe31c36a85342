"""Binary metrics of many weightings of the same samples at once.

The bootstrap draws a sample several times or not at all, which is a weight; evaluated for all
resamples together, a metric costs a matrix product instead of thousands of calls. Each function
takes ``y_true`` and ``y_pred`` of shape (n_samples,), the label of the positive class, and
``weights`` of shape (n_resamples, n_samples), and gives an ndarray of shape (n_resamples,) that is
NaN where the metric is not defined because a class that it needs has no weight.
"""

import numpy as np


def roc_auc(y_true, y_pred, pos_label, weights):
    """Give the share of pairs of a positive and a negative in which the positive scores higher."""
    order = np.argsort(y_pred, kind="stable")
    score, weights = y_pred[order], weights[:, order]
    is_positive = y_true[order] == pos_label
    # equal scores form one step of the curve and count half
    steps = np.flatnonzero(np.concatenate([[True], score[1:] != score[:-1]]))
    positives = np.add.reduceat(weights * is_positive, steps, axis=1)
    negatives = np.add.reduceat(weights * ~is_positive, steps, axis=1)
    below = np.cumsum(negatives, axis=1) - negatives
    won = np.sum(positives * (below + negatives / 2), axis=1)
    return _ratio(won, positives.sum(axis=1) * negatives.sum(axis=1))


def accuracy(y_true, y_pred, pos_label, weights):
    """Give the share of samples predicted rightly, for any number of classes."""
    return _ratio(weights @ (y_true == y_pred).astype(float), weights.sum(axis=1))


def precision(y_true, y_pred, pos_label, weights):
    """Give the share of true positives among predicted ones; 0 where none is predicted."""
    hits, n_positive, n_predicted = _counts(y_true, y_pred, pos_label, weights)
    share = np.divide(hits, n_predicted, out=np.zeros_like(hits), where=n_predicted > 0)
    return np.where(n_positive > 0, share, np.nan)


def recall(y_true, y_pred, pos_label, weights):
    """Give the share of positives that are predicted as such."""
    hits, n_positive, _ = _counts(y_true, y_pred, pos_label, weights)
    return _ratio(hits, n_positive)


def f1(y_true, y_pred, pos_label, weights):
    """Give the harmonic mean of precision and recall."""
    hits, n_positive, n_predicted = _counts(y_true, y_pred, pos_label, weights)
    return np.where(n_positive > 0, _ratio(2 * hits, n_positive + n_predicted), np.nan)


def _counts(y_true, y_pred, pos_label, weights):
    is_positive, is_predicted = y_true == pos_label, y_pred == pos_label
    indicators = [is_positive & is_predicted, is_positive, is_predicted]
    return (weights @ np.column_stack(indicators).astype(float)).T


def _ratio(numerator, denominator):
    undefined = np.full(numerator.shape, np.nan)
    return np.divide(numerator, denominator, out=undefined, where=denominator > 0)


METRICS = {
    "roc_auc": roc_auc,
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "f1": f1,
}
