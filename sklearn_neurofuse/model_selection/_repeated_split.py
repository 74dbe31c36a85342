"""`RepeatedStratifiedGroupKFold`: the splitter behind every evaluation."""

import numpy as np
from sklearn.model_selection import (
    BaseCrossValidator,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
)
from sklearn.utils import check_consistent_length, check_random_state

from sklearn_neurofuse._validation import check_number


class RepeatedStratifiedGroupKFold(BaseCrossValidator):
    """Repeated k-fold splits, classes balanced and groups kept together.

    All samples of a group (a person) are held out together, so that no model is tested on
    somebody it has seen, and each fold has the classes in about the proportion of the whole.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    n_repeats : int, default=10
        Number of times that the folds are drawn, at least 1.
    random_state : int, RandomState instance or None, default=None
        Draws the folds; with an int every call of `split` gives the same.

    Raises
    ------
    TypeError
        If a number is of the wrong kind, by `split`.
    ValueError
        By `split`, if a number is out of bounds, groups are missing, a class has fewer groups
        than there are folds, or groups leave a training set without one of the classes.

    See Also
    --------
    sklearn.model_selection.StratifiedGroupKFold : What each repeat is.
    sklearn.model_selection.RepeatedStratifiedKFold : What this is, with the same folds for the
        same `random_state`, where each sample is its own group.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold
    >>> groups = np.repeat(np.arange(6), 2)
    >>> y = groups % 2
    >>> cv = RepeatedStratifiedGroupKFold(3, n_repeats=2, random_state=0)
    >>> [sorted(set(groups[test].tolist())) for _, test in cv.split(y, y, groups)]
    [[0, 5], [2, 3], [1, 4], [0, 1], [2, 3], [4, 5]]
    """

    __metadata_request__split = {"groups": True}

    def __init__(self, n_splits=5, *, n_repeats=10, random_state=None):
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state

    def get_n_splits(self, X=None, y=None, groups=None):
        """Give the number of splits in all.

        Parameters
        ----------
        X, y, groups : object
            Not used.

        Returns
        -------
        int
            Folds times repeats.
        """
        return self.n_splits * self.n_repeats

    def split(self, X, y, groups=None):
        """Split repeat after repeat.

        Parameters
        ----------
        X : object of length n_samples
            The samples.
        y : array-like of shape (n_samples,)
            Classes.
        groups : array-like of shape (n_samples,)
            Which samples stay together.

        Yields
        ------
        train : ndarray of int
            Indices of the training samples.
        test : ndarray of int
            Indices of the samples held out.
        """
        check_number(self, "n_splits", self.n_splits, low=2, integer=True)
        check_number(self, "n_repeats", self.n_repeats, low=1, integer=True)
        if groups is None:
            raise ValueError(f"{type(self).__name__}: groups must be given to split")
        check_consistent_length(X, y, groups)
        y, groups = np.asarray(y), np.asarray(groups)
        self._check_groups(y, groups)
        n_classes = len(np.unique(y))
        for train, test in self._split(y, groups):
            if len(np.unique(y[train])) < n_classes:
                raise ValueError(
                    f"{type(self).__name__}: groups leave a training set without one of the "
                    "classes; take fewer folds"
                )
            yield train, test

    def _check_groups(self, y, groups):
        for label in np.unique(y):
            n_groups = len(np.unique(groups[y == label]))
            if n_groups < self.n_splits:
                raise ValueError(
                    f"{type(self).__name__}: {self.n_splits} folds need as many groups in each "
                    f"class, but class {label} has {n_groups}"
                )

    def _split(self, y, groups):
        rng = check_random_state(self.random_state)
        if len(np.unique(groups)) == len(y):
            cv = RepeatedStratifiedKFold(
                n_splits=self.n_splits, n_repeats=self.n_repeats, random_state=rng
            )
            yield from cv.split(y, y)
            return
        for _ in range(self.n_repeats):
            cv = StratifiedGroupKFold(self.n_splits, shuffle=True, random_state=rng)
            yield from cv.split(y, y, groups)
