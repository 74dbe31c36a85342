"""`BlockedSplit`: folds of consecutive trials, with a gap in time around each."""

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.model_selection._samples import recording_ids, sample_tables


class BlockedSplit(BaseCrossValidator):
    """Split each recording into consecutive blocks of trials, and leave a gap around the test.

    For the case of a single recording, where nothing else can be held out. Neighbouring trials
    share slow noise, so trials within `gap` of a test trial are not trained on. What it estimates
    is how well *later trials of the same recording* are told, never a new person.

    Parameters
    ----------
    n_splits : int, default=5
        Number of blocks of each recording, at least 2.
    gap : float, default=20.0
        Least time between a training and a test trial, in s.
    times : array-like of shape (n_samples,), default=None
        Onset of each sample in s. None: from the event tables of recordings.

    Raises
    ------
    TypeError
        If a number is of the wrong kind, by `split`.
    ValueError
        By `split`, if a number is out of bounds, times are not known, a recording has fewer
        trials than there are blocks, or a training set is left without one of the classes.

    See Also
    --------
    RepeatedStratifiedGroupKFold : For several people or runs.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.model_selection import BlockedSplit
    >>> y = np.tile([0, 1], 6)
    >>> cv = BlockedSplit(3, gap=8.0, times=5.0 * np.arange(12))
    >>> for train, test in cv.split(y, y):
    ...     print(train, test)
    [ 5  6  7  8  9 10 11] [0 1 2 3]
    [ 0  1  2  9 10 11] [4 5 6 7]
    [0 1 2 3 4 5 6] [ 8  9 10 11]
    """

    def __init__(self, n_splits=5, *, gap=20.0, times=None):
        self.n_splits = n_splits
        self.gap = gap
        self.times = times

    def get_n_splits(self, X=None, y=None, groups=None):
        """Give the number of splits.

        Parameters
        ----------
        X, y, groups : object
            Not used.

        Returns
        -------
        int
            The number of blocks.
        """
        return self.n_splits

    def split(self, X, y, groups=None):
        """Split block after block.

        Parameters
        ----------
        X : Recordings, Multimodal or object of length n_samples
            The samples.
        y : array-like of shape (n_samples,)
            Classes.
        groups : array-like of shape (n_samples,), default=None
            The recording of each sample. None: from X where it holds recordings, else all lie
            in one.

        Yields
        ------
        train : ndarray of int
            Indices of the training samples.
        test : ndarray of int
            Indices of the samples held out.
        """
        check_number(self, "n_splits", self.n_splits, low=2, integer=True)
        check_number(self, "gap", self.gap, low=0, unit="s")
        check_consistent_length(X, y, groups, self.times)
        y = np.asarray(y)
        times, recording = self._onsets(X), _recordings(X, groups, len(y))
        block = np.empty(len(y), int)
        for label in np.unique(recording):
            rows = np.flatnonzero(recording == label)
            if len(rows) < self.n_splits:
                raise ValueError(
                    f"{type(self).__name__}: {self.n_splits} blocks need as many trials in each "
                    f"recording, but recording {label!s} has {len(rows)}"
                )
            order = rows[np.argsort(times[rows], kind="stable")]
            block[order] = np.arange(len(rows)) * self.n_splits // len(rows)
        for fold in range(self.n_splits):
            yield self._one(fold, block, times, recording, y)

    def _one(self, fold, block, times, recording, y):
        test = np.flatnonzero(block == fold)
        near = np.zeros(len(y), bool)
        for label in np.unique(recording[test]):
            here = recording == label
            held_out = np.sort(times[here & (block == fold)])
            near[here] = _distance(times[here], held_out) < self.gap
        train = np.flatnonzero((block != fold) & ~near)
        if len(np.unique(y[train])) < len(np.unique(y)):
            raise ValueError(
                f"{type(self).__name__}: blocks leave a training set without one of the classes, "
                "as where trials of one class come first; take fewer blocks or a smaller gap"
            )
        return train, test

    def _onsets(self, X):
        if self.times is not None:
            times = np.asarray(self.times, float)
            if times.ndim != 1 or np.isnan(times).any():
                raise ValueError(f"{type(self).__name__}: times must be 1-D numbers without NaN")
            return times
        for table in sample_tables(X).values():
            if "onset" in table:
                return table["onset"].to_numpy(float)
        raise ValueError(
            f"{type(self).__name__}: the samples do not know their onsets; give times in s"
        )


def _recordings(X, groups, n_samples):
    if groups is not None:
        return np.unique(np.asarray(groups), return_inverse=True)[1]
    known = recording_ids(X)
    return next(iter(known.values()))[0] if known else np.zeros(n_samples, int)


def _distance(times, held_out):
    """Give the time to the nearest test trial."""
    after = np.searchsorted(held_out, times).clip(1, len(held_out)) - 1
    neighbours = np.stack([after, (after + 1).clip(max=len(held_out) - 1)])
    return np.abs(times - held_out[neighbours]).min(axis=0)
