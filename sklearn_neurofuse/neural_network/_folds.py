"""Splits inside the training samples: classes balanced, groups kept together."""

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

_MIN_FOLDS = 3


def count_folds(y, groups, n_wanted):
    """Say in how many folds samples can be cut.

    Parameters
    ----------
    y : ndarray of int of shape (n_samples,) or None
        Classes; None for regression.
    groups : ndarray of shape (n_samples,) or None
        Samples that stay together.
    n_wanted : int
        Number of folds wanted.

    Returns
    -------
    int
        At most the samples, and the groups, of the smallest class; 0 where that is below 3.
    """
    units = np.arange(len(y)) if groups is None else groups
    labels = np.zeros(len(y), int) if y.dtype.kind == "f" else y
    smallest = min(len(np.unique(units[labels == label])) for label in np.unique(labels))
    n_folds = min(n_wanted, smallest)
    return n_folds if n_folds >= _MIN_FOLDS else 0


def make_folds(y, groups, n_folds, random_state):
    """Cut samples into folds.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Classes, or numbers for regression.
    groups : ndarray of shape (n_samples,) or None
        Samples that stay together.
    n_folds : int
        Number of folds.
    random_state : int
        Seed.

    Returns
    -------
    list of ndarray of int
        The samples of each fold.
    """
    settings = {"n_splits": n_folds, "shuffle": True, "random_state": random_state}
    rows = np.zeros(len(y))
    if y.dtype.kind == "f":
        splitter = KFold if groups is None else GroupKFold
    else:
        splitter = StratifiedKFold if groups is None else StratifiedGroupKFold
    return [test for _, test in splitter(**settings).split(rows, y, groups)]


def hold_out(y, groups, random_state, n_parts=5):
    """Choose samples for early stopping.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Classes, or numbers for regression.
    groups : ndarray of shape (n_samples,) or None
        Samples that stay together.
    random_state : int
        Seed.
    n_parts : int, default=5
        One in so many is held out.

    Returns
    -------
    ndarray of int or None
        The samples; None where not every class would keep two rows on both sides.
    """
    n_parts = count_folds(y, groups, n_parts)
    if not n_parts:
        return None
    held_out = make_folds(y, groups, n_parts, random_state)[0]
    labels = np.zeros(len(y), int) if y.dtype.kind == "f" else y
    inside = np.bincount(labels[held_out], minlength=labels.max() + 1)
    every = np.bincount(labels)
    enough = np.all((inside >= 2) & (every - inside >= 2))
    return held_out if enough else None
