"""`check_leakage`: no person, recording or copied sample on both sides of a split."""

import warnings

import numpy as np
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length

from sklearn_neurofuse.model_selection._blocked_split import BlockedSplit
from sklearn_neurofuse.model_selection._samples import plain, recording_ids, row_digests

_OWNER = "check_leakage"


def check_leakage(cv, X, y, groups=None):
    """Refuse splits after which a model is tested on what it has seen.

    Parameters
    ----------
    cv : splitter, int or iterable of (train, test)
        What is checked, as scikit-learn takes it.
    X : Multimodal, Recordings or array-like of length n_samples
        The samples.
    y : array-like of shape (n_samples,)
        Classes.
    groups : array-like of shape (n_samples,), default=None
        Persons, or what else must not be on both sides. None: only samples, recordings and
        copies are looked at.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Training and test samples of each split, which have been checked.

    Raises
    ------
    ValueError
        If a sample, a group or a recording stands on both sides of a split, or a sample on one
        side is a copy of one on the other; the message names it, and the remedy.

    Notes
    -----
    Trials of one recording are coupled by filters, slow noise and drifts, so that a shuffled
    split of them flatters even where labels mean nothing [1]_. `BlockedSplit`, which leaves gaps,
    is the one splitter that may part a recording, and a group.

    Copies are found where all numbers of a sample are equal; in a `Multimodal` also where those
    of one modality are, if it has 16 columns or more.

    References
    ----------
    .. [1] Lemm, S., Blankertz, B., Dickhaus, T., & Müller, K.-R. (2011). Introduction to machine
       learning for brain imaging. NeuroImage, 56(2), 387-399.
       doi:10.1016/j.neuroimage.2010.11.004

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GroupKFold, KFold
    >>> from sklearn_neurofuse.model_selection import check_leakage
    >>> X, y = np.arange(24.0).reshape(12, 2), np.tile([0, 1], 6)
    >>> groups = np.repeat(["ann", "bob", "eve"], 4)
    >>> len(check_leakage(GroupKFold(3), X, y, groups))
    3
    >>> check_leakage(KFold(2), X, y, groups)
    Traceback (most recent call last):
    ...
    ValueError: check_leakage: group 'bob' stands on both sides of split 0; split by groups, as
    RepeatedStratifiedGroupKFold does
    """
    check_consistent_length(X, y, groups)
    return checked_splits(_OWNER, cv, X, np.asarray(y), groups)


def checked_splits(owner, cv, X, y, groups):
    """Make the splits and check them, for whoever asks.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    cv, X, y, groups : object
        As in `check_leakage`.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        The splits.
    """
    with warnings.catch_warnings():
        # whether they should have been is what is looked at here
        warnings.filterwarnings("ignore", "The groups parameter is ignored", UserWarning)
        made = list(check_cv(cv, y, classifier=True).split(X, y, groups))
    splits = [(_as_index(train, len(y)), _as_index(test, len(y))) for train, test in made]
    if not splits:
        raise ValueError(f"{owner}: cv gives no split")
    recordings = {} if isinstance(cv, BlockedSplit) else recording_ids(X)
    groups = None if groups is None or isinstance(cv, BlockedSplit) else np.asarray(groups)
    digests = row_digests(X)
    for number, (train, test) in enumerate(splits):
        _check_samples(owner, number, train, test)
        if groups is not None:
            _check_groups(owner, number, groups[train], groups[test])
        for name, (recording, titles) in recordings.items():
            _check_recordings(owner, number, name, titles, recording[train], recording[test])
        for name, digest in digests.items():
            _check_copies(owner, number, name, digest, train, test)
    return splits


def _as_index(rows, n_samples):
    rows = np.asarray(rows)
    if rows.size == 0:
        return np.empty(0, int)
    return np.flatnonzero(rows) if rows.dtype == bool else np.arange(n_samples)[rows]


def _check_samples(owner, number, train, test):
    if len(train) == 0 or len(test) == 0:
        raise ValueError(f"{owner}: split {number} leaves nothing to train on or to test on")
    both = np.intersect1d(train, test)
    if len(both):
        raise ValueError(f"{owner}: sample {both[0]} stands on both sides of split {number}")


def _check_groups(owner, number, train, test):
    both = np.intersect1d(train, test)
    if len(both):
        raise ValueError(
            f"{owner}: group {plain(both[0])!r} stands on both sides of split {number}; split by "
            "groups, as RepeatedStratifiedGroupKFold does"
        )


def _check_recordings(owner, number, name, titles, train, test):
    both = np.intersect1d(train[train >= 0], test[test >= 0])
    if len(both):
        raise ValueError(
            f"{owner}: trials of {titles[both[0]]} ({name}) stand on both sides of split {number}, "
            f"where slow noise couples them; give groups, such as X[{name!r}].groups, and a "
            "splitter that keeps them together, or BlockedSplit(gap=20) to part a recording"
        )


def _check_copies(owner, number, name, digest, train, test):
    shared = np.intersect1d(digest[train], digest[test])
    shared = shared[shared != ""]
    if len(shared):
        one = train[digest[train] == shared[0]][0]
        other = test[digest[test] == shared[0]][0]
        what = "" if name in ("X", "all") else f" in {name}"
        raise ValueError(
            f"{owner}: samples {one} and {other} are the same{what} and stand on both sides of "
            f"split {number}; remove the copy, or give both the same group"
        )


def columns_of(splits, n_samples):
    """Put splits side by side into as few complete sets of predictions as they make.

    Parameters
    ----------
    splits : list of (ndarray of int, ndarray of int)
        The splits.
    n_samples : int
        Number of samples.

    Returns
    -------
    ndarray of int of shape (n_splits,)
        For each split the repeat that it belongs to; in a repeat no sample is predicted twice.
    """
    taken = []
    columns = []
    for _, test in splits:
        # a repeat is filled before the next begins, so only the last one is open
        if not taken or taken[-1][test].any():
            taken.append(np.zeros(n_samples, bool))
        taken[-1][test] = True
        columns.append(len(taken) - 1)
    return np.array(columns)
