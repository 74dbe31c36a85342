"""Folds and permutations that keep groups together."""

import numpy as np


def shuffled_folds(n_folds, groups, generator):
    """Deal groups out to folds at random.

    Parameters
    ----------
    n_folds : int
        Number of folds; fewer where there are fewer groups.
    groups : ndarray of int of shape (n_samples,)
        Group of each sample, numbered from 0.
    generator : RandomState
        Generator.

    Returns
    -------
    list of tuple of ndarray of int
        Training and test rows of each fold.

    Raises
    ------
    ValueError
        If there is one group only.
    """
    n_groups = groups.max() + 1
    if n_groups < 2:
        raise ValueError(
            "MultimodalCCA: cv needs two or more groups to hold one out, got 1; give cv=None"
        )
    n_folds = min(n_folds, n_groups)
    fold = generator.permutation(np.arange(n_groups) % n_folds)[groups]
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]


def group_permutations(groups, generator):
    """Shuffle whole groups among those of their size, rows within a group staying in order.

    Parameters
    ----------
    groups : ndarray of int of shape (n_samples,)
        Group of each sample, numbered from 0.
    generator : RandomState
        Generator.

    Returns
    -------
    ndarray of int of shape (n_samples,)
        For each row, the row that takes its place.

    Raises
    ------
    ValueError
        If no two groups have the same size, so that nothing can be exchanged.
    """
    sizes = np.bincount(groups)
    order = np.empty(len(groups), dtype=int)
    rows = np.split(np.argsort(groups, kind="stable"), np.cumsum(sizes)[:-1])
    if len(np.unique(sizes)) == len(sizes):
        raise ValueError(
            "MultimodalCCA: permutations exchange groups of equal size, and no two groups are; "
            "give n_permutations=0"
        )
    for size in np.unique(sizes):
        same = np.flatnonzero(sizes == size)
        for target, source in zip(same, generator.permutation(same), strict=True):
            order[rows[target]] = rows[source]
    return order
