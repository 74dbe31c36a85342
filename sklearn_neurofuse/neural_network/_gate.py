"""The gate: how much of the network is added to the linear path."""

from itertools import product

import numpy as np

WEIGHTS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
LINEAR_WEIGHTS = (1.0, 0.75, 0.5, 0.25, 0.0)
_STANDARD_ERRORS = 2.0


def choose_gate(task, linear, correction, y, weight, groups):
    """Choose the weight of the network on predictions of samples that it was not trained on.

    Zero, unless the mean loss is smaller than that of the linear path alone by two standard errors
    of the paired difference; samples of a group count as one. Where it opens, the linear path may
    count less than before.

    Parameters
    ----------
    task : Classification or Regression
        Gives the loss.
    linear : ndarray of shape (n_samples, n_outputs)
        Out-of-fold linear logits.
    correction : ndarray of shape (n_samples, n_outputs)
        What the networks would add, out of fold.
    y : ndarray of shape (n_samples,)
        Targets.
    weight : ndarray of shape (n_samples,)
        Weights of the samples.
    groups : ndarray of shape (n_samples,) or None
        Samples that are not independent.

    Returns
    -------
    gate : float
        The weight of the network.
    linear_weight : float
        The weight of the linear path, around its mean.
    """
    groups = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    before, centre = task.loss(linear, y), linear.mean(axis=0)
    best, chosen = 0.0, (0.0, 1.0)
    for gate, share in product(WEIGHTS, LINEAR_WEIGHTS):
        logits = centre + share * (linear - centre) + gate * correction
        gain = weight * (before - task.loss(logits, y))
        by_group = np.bincount(groups, gain) / np.bincount(groups).mean()
        error = by_group.std(ddof=1) / np.sqrt(len(by_group))
        if by_group.mean() > max(best, _STANDARD_ERRORS * error):
            best, chosen = by_group.mean(), (gate, share)
    return chosen
