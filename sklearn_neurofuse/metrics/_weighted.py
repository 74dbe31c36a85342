"""Metrics of many weightings of the same samples at once.

The bootstrap draws a sample several times or not at all, which is a weight; evaluated for all
resamples together, a metric costs a matrix product instead of thousands of calls. Each function
takes ``y_true`` of shape (n_samples,), classes from 0 to ``n_classes - 1``; ``y_pred``, predicted
classes or scores; the number of classes; and ``weights`` of shape (n_resamples, n_samples). It
gives an ndarray of shape (n_resamples,) that is NaN where the metric is not defined because a
class that it needs has no weight. With two classes the second is the positive one.
"""

from functools import partial

import numpy as np

from sklearn_neurofuse.metrics import _confusion


def roc_auc(y_true, y_pred, n_classes, weights):
    """Give the share of pairs of a positive and a negative in which the positive scores higher.

    With scores of shape (n_samples, n_classes) it is the mean over the classes, each against all
    others.
    """
    return _one_against_rest(_binary_roc_auc, y_true, y_pred, weights)


def average_precision(y_true, y_pred, n_classes, weights):
    """Give the mean precision over the positives, each at the threshold of its own score."""
    return _one_against_rest(_binary_average_precision, y_true, y_pred, weights)


def brier(y_true, y_pred, n_classes, weights):
    """Give the mean squared distance of the probabilities from what was.

    With two classes that of the positive one; with more, summed over the classes and halved, so
    that it lies in [0, 1] too.
    """
    if y_pred.ndim == 1:
        error = (y_pred - (y_true == 1)) ** 2
    else:
        truth = y_true[:, None] == np.arange(n_classes)
        error = np.sum((y_pred - truth) ** 2, axis=1) / 2
    return _confusion.ratio(weights @ error, weights.sum(axis=1))


def _one_against_rest(metric, y_true, y_pred, weights):
    if y_pred.ndim == 1:
        return metric(y_true == 1, y_pred, weights)
    each = [metric(y_true == label, y_pred[:, label], weights) for label in range(y_pred.shape[1])]
    return np.mean(each, axis=0)


def _binary_roc_auc(is_positive, score, weights):
    positives, negatives = _steps(is_positive, score, weights)
    # equal scores form one step of the curve and count half
    below = np.cumsum(negatives, axis=1) - negatives
    won = np.sum(positives * (below + negatives / 2), axis=1)
    return _confusion.ratio(won, positives.sum(axis=1) * negatives.sum(axis=1))


def _binary_average_precision(is_positive, score, weights):
    positives, negatives = (part[:, ::-1] for part in _steps(is_positive, score, weights))
    found = np.cumsum(positives, axis=1)
    precision = _confusion.ratio(found, found + np.cumsum(negatives, axis=1), 0.0)
    total = np.sum(positives * precision, axis=1)
    return _confusion.ratio(total, positives.sum(axis=1))


def _steps(is_positive, score, weights):
    """Give the weight of positives and of negatives at each value of the score, rising."""
    order = np.argsort(score, kind="stable")
    score, weights, is_positive = score[order], weights[:, order], is_positive[order]
    starts = np.flatnonzero(np.concatenate([[True], score[1:] != score[:-1]]))
    positives = np.add.reduceat(weights * is_positive, starts, axis=1)
    return positives, np.add.reduceat(weights * ~is_positive, starts, axis=1)


def _of_counts(figure, y_true, y_pred, n_classes, weights):
    return figure(_confusion.count(y_true, y_pred.astype(int), weights, n_classes))


# metrics of scores, then of probabilities, then of predicted classes
OF_SCORES = {"roc_auc": roc_auc, "average_precision": average_precision}
OF_PROBABILITIES = {"brier": brier}
METRICS = {
    **OF_SCORES,
    **{name: partial(_of_counts, figure) for name, figure in _confusion.FIGURES.items()},
    **OF_PROBABILITIES,
}


def _at_prevalence(figure, prevalence, y_true, y_pred, n_classes, weights):
    counts = _confusion.count(y_true, y_pred.astype(int), weights, n_classes)
    return figure(prevalence, counts)


AT_PREVALENCE = {
    "precision": partial(_at_prevalence, _confusion.ppv_at),
    "npv": partial(_at_prevalence, _confusion.npv_at),
}

# least and greatest value where these are not 0 and 1
LIMITS = dict.fromkeys(("informedness", "markedness", "mcc"), (-1.0, 1.0))


def limits(name):
    """Give the least and the greatest value that a metric can have.

    Parameters
    ----------
    name : str
        Key of `METRICS`.

    Returns
    -------
    tuple of float
        Least and greatest.
    """
    return LIMITS.get(name, (0.0, 1.0))
