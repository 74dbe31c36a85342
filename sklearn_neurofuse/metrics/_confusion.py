"""Figures of confusion matrices, many at a time.

Each function takes ``counts`` of shape (n_matrices, n_classes, n_classes), true classes along the
second axis and predicted ones along the third, and gives an ndarray of shape (n_matrices,). With
two classes the second is the positive one; with more, figures of a single class are averaged over
the classes. NaN stands where a figure is not defined because a class has no true sample.
"""

import numpy as np


def count(y_true, y_pred, weights, n_classes):
    """Count true and predicted classes under many weightings of the same samples.

    Parameters
    ----------
    y_true, y_pred : ndarray of int of shape (n_samples,)
        Classes from 0 to ``n_classes - 1``.
    weights : ndarray of shape (n_matrices, n_samples)
        How often each sample stands in each resample.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_matrices, n_classes, n_classes)
        The confusion matrices.
    """
    cell = y_true * n_classes + y_pred
    indicators = cell[:, None] == np.arange(n_classes**2)
    return (weights @ indicators.astype(float)).reshape(-1, n_classes, n_classes)


def accuracy(counts):
    """Give the share of samples predicted rightly."""
    return ratio(_hits(counts).sum(axis=1), counts.sum(axis=(1, 2)))


def balanced_accuracy(counts):
    """Give the mean over classes of the share that is predicted rightly."""
    return _recalls(counts).mean(axis=1)


def precision(counts):
    """Give the share of true ones among predicted ones; 0 where none is predicted."""
    return _of_interest(_precisions(counts), counts)


def recall(counts):
    """Give the share of true ones that is predicted as such."""
    return _of_interest(_recalls(counts), counts)


def f1(counts):
    """Give the harmonic mean of precision and recall."""
    margins = counts.sum(axis=1) + counts.sum(axis=2)
    return _of_interest(ratio(2 * _hits(counts), margins), counts)


def specificity(counts):
    """Give the share of the other classes that is not taken for the one of interest."""
    return _of_others(1 - _false_alarms(counts), counts)


def npv(counts):
    """Give the share of true negatives among predicted ones; 0 where none is predicted."""
    n_negative = counts.sum(axis=(1, 2))[:, None] - counts.sum(axis=1)
    missed = counts.sum(axis=2) - _hits(counts)
    return _of_others(ratio(n_negative - missed, n_negative, 0.0), counts)


def informedness(counts):
    """Give how much more likely a prediction is made rightly than by chance."""
    bias = counts.sum(axis=1) / counts.sum(axis=(1, 2))[:, None]
    recalls = ratio(_hits(counts), counts.sum(axis=2), 0.0)
    informed = np.sum(bias * (recalls - _false_alarms(counts)), axis=1)
    return np.where(_all_there(counts), informed, np.nan)


def markedness(counts):
    """Give how much more likely a class is where it is predicted than where it is not."""
    totals = counts.sum(axis=(1, 2))[:, None]
    prevalence = counts.sum(axis=2) / totals
    n_predicted = counts.sum(axis=1)
    missed = counts.sum(axis=2) - _hits(counts)
    # a class that is never or always predicted marks nothing
    marked = ratio(_hits(counts), n_predicted) - ratio(missed, totals - n_predicted)
    marked = np.where(np.isnan(marked), 0.0, marked)
    return np.where(_all_there(counts), np.sum(prevalence * marked, axis=1), np.nan)


def mcc(counts):
    """Give the correlation of true and predicted classes; 0 where only one is predicted."""
    totals = counts.sum(axis=(1, 2))
    true, predicted = counts.sum(axis=2), counts.sum(axis=1)
    covariance = _hits(counts).sum(axis=1) * totals - np.sum(true * predicted, axis=1)
    spread = [totals**2 - np.sum(margin**2, axis=1) for margin in (true, predicted)]
    correlation = ratio(covariance, np.sqrt(spread[0] * spread[1]), 0.0)
    return np.where(_all_there(counts), correlation, np.nan)


def ppv_at(prevalence, counts):
    """Give the precision that the same recall and specificity have at another prevalence."""
    hits, alarms = recall(counts) * prevalence, (1 - specificity(counts)) * (1 - prevalence)
    return _share(hits, alarms)


def npv_at(prevalence, counts):
    """Give the negative predictive value at another prevalence."""
    return _share(specificity(counts) * (1 - prevalence), (1 - recall(counts)) * prevalence)


def by_class(counts):
    """Give precision, recall and F1 of each class.

    Parameters
    ----------
    counts : ndarray of shape (n_matrices, n_classes, n_classes)
        Confusion matrices.

    Returns
    -------
    dict of str to ndarray of shape (n_matrices, n_classes)
        By name.
    """
    margins = counts.sum(axis=1) + counts.sum(axis=2)
    return {
        "precision": _precisions(counts),
        "recall": _recalls(counts),
        "f1": ratio(2 * _hits(counts), margins),
    }


def _share(right, wrong):
    undefined = np.isnan(right) | np.isnan(wrong)
    return np.where(undefined, np.nan, ratio(right, right + wrong, 0.0))


def _hits(counts):
    return np.diagonal(counts, axis1=1, axis2=2)


def _recalls(counts):
    return ratio(_hits(counts), counts.sum(axis=2))


def _precisions(counts):
    shares = ratio(_hits(counts), counts.sum(axis=1), 0.0)
    return np.where(counts.sum(axis=2) > 0, shares, np.nan)


def _false_alarms(counts):
    others = counts.sum(axis=(1, 2))[:, None] - counts.sum(axis=2)
    return ratio(counts.sum(axis=1) - _hits(counts), others)


def _all_there(counts):
    return (counts.sum(axis=2) > 0).all(axis=1)


def _of_interest(values, counts):
    values = np.where(counts.sum(axis=2) > 0, values, np.nan)
    return values[:, 1] if counts.shape[1] == 2 else values.mean(axis=1)


def _of_others(values, counts):
    n_others = counts.sum(axis=(1, 2))[:, None] - counts.sum(axis=2)
    values = np.where(n_others > 0, values, np.nan)
    return values[:, 1] if counts.shape[1] == 2 else values.mean(axis=1)


def ratio(numerator, denominator, otherwise=np.nan):
    """Divide, with `otherwise` where the denominator is 0."""
    out = np.full(np.shape(numerator), otherwise)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)


FIGURES = {
    "balanced_accuracy": balanced_accuracy,
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "specificity": specificity,
    "npv": npv,
    "f1": f1,
    "informedness": informedness,
    "markedness": markedness,
    "mcc": mcc,
}
