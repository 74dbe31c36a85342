"""`BootstrapSplit`: train on people drawn with replacement, test on those not drawn."""

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length, check_random_state

from sklearn_neurofuse._validation import check_number

# draws until every class is on both sides
_ATTEMPTS = 1000


class BootstrapSplit(BaseCrossValidator):
    """Train on groups drawn with replacement, and test on those that were not drawn.

    A group that is drawn twice stands twice in the training set; about 37 % of the groups are not
    drawn, and are the test set [1]_.

    Parameters
    ----------
    n_splits : int, default=100
        Number of bootstrap samples, at least 1.
    stratify : bool, default=True
        Whether groups are drawn within each class where each has one class, so that classes keep
        their numbers of groups.
    random_state : int, RandomState instance or None, default=None
        Draws the groups; with an int every call of `split` gives the same.

    Raises
    ------
    TypeError
        If a number is of the wrong kind, by `split`.
    ValueError
        By `split`, if `n_splits` is out of bounds, there are fewer than three groups, or samples
        in which every class is on both sides cannot be drawn.

    See Also
    --------
    bootstrap_632plus_score : The estimate that corrects for training on fewer people.

    References
    ----------
    .. [1] Efron, B. (1983). Estimating the error rate of a prediction rule: improvement on
       cross-validation. Journal of the American Statistical Association, 78(382), 316-331.
       doi:10.1080/01621459.1983.10477973

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.model_selection import BootstrapSplit
    >>> groups = np.repeat(["ann", "bob", "eve", "joe"], 2)
    >>> y = np.repeat([0, 1], 4)
    >>> train, test = next(BootstrapSplit(1, random_state=1).split(y, y, groups))
    >>> groups[train].tolist(), groups[test].tolist()
    (['bob', 'bob', 'bob', 'bob', 'eve', 'eve', 'eve', 'eve'], ['ann', 'ann', 'joe', 'joe'])
    """

    def __init__(self, n_splits=100, *, stratify=True, random_state=None):
        self.n_splits = n_splits
        self.stratify = stratify
        self.random_state = random_state

    def get_n_splits(self, X=None, y=None, groups=None):
        """Give the number of splits.

        Parameters
        ----------
        X, y, groups : object
            Not used.

        Returns
        -------
        int
            The number of bootstrap samples.
        """
        return self.n_splits

    def split(self, X, y, groups=None):
        """Draw sample after sample.

        Parameters
        ----------
        X : object of length n_samples
            The samples.
        y : array-like of shape (n_samples,)
            Classes.
        groups : array-like of shape (n_samples,), default=None
            Who is drawn together; None makes each sample its own.

        Yields
        ------
        train : ndarray of int
            Indices of the training samples, with repetitions.
        test : ndarray of int
            Indices of the samples of groups that were not drawn.
        """
        check_number(self, "n_splits", self.n_splits, low=1, integer=True)
        check_consistent_length(X, y, groups)
        y = np.asarray(y)
        groups = np.arange(len(y)) if groups is None else np.asarray(groups)
        unit = np.unique(groups, return_inverse=True)[1]
        n_units = unit.max() + 1
        if n_units < 3:
            raise ValueError(f"{type(self).__name__}: at least 3 groups are needed, got {n_units}")
        rows = np.split(np.argsort(unit, kind="stable"), np.cumsum(np.bincount(unit))[:-1])
        strata = self._strata(y, unit)
        rng = check_random_state(self.random_state)
        for _ in range(self.n_splits):
            yield self._draw(y, rows, strata, rng)

    def _strata(self, y, unit):
        """List the groups of each stratum."""
        first = np.unique(unit, return_index=True)[1]
        if not self.stratify or not (y[first][unit] == y).all():
            return [np.arange(len(first))]
        return [np.flatnonzero(y[first] == label) for label in np.unique(y)]

    def _draw(self, y, rows, strata, rng):
        n_classes = len(np.unique(y))
        for _ in range(_ATTEMPTS):
            drawn = np.concatenate([rng.choice(members, len(members)) for members in strata])
            left = np.setdiff1d(np.arange(len(rows)), drawn)
            if not len(left):
                continue
            train = np.concatenate([rows[i] for i in np.sort(drawn)])
            test = np.concatenate([rows[i] for i in left])
            if all(len(np.unique(y[side])) == n_classes for side in (train, test)):
                return train, test
        raise ValueError(
            f"{type(self).__name__}: no sample was found in which every class is on both sides; "
            "there are too few groups of one class"
        )
