"""Stand-ins for what third parties and other rooms put into a branch."""

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse.containers import AbstractBlock, Block


class ChannelPower(TransformerMixin, BaseEstimator):
    """Log variance of each channel, as spatial filters of EEG give it."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def fit(self, X, y=None):
        assert type(X) is np.ndarray
        assert X.ndim == 3
        self.n_channels_ = X.shape[1]
        return self

    def transform(self, X):
        check_is_fitted(self)
        assert X.shape[1] == self.n_channels_
        return self.scale * np.log(X.var(axis=2))


class Demeaner(TransformerMixin, BaseEstimator):
    """Subtracts the training mean from arrays of any shape."""

    def fit(self, X, y=None):
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        check_is_fitted(self)
        return X - self.mean_


class OneToOneDemeaner(OneToOneFeatureMixin, Demeaner):
    """The same, and says that features stay what they are."""


class Rotator(TransformerMixin, BaseEstimator):
    """Mixes the columns of a matrix into as many others, and names nothing."""

    def fit(self, X, y=None):
        self.n_features_ = X.shape[1]
        return self

    def transform(self, X):
        check_is_fitted(self)
        return X[:, ::-1]


class Recorder(TransformerMixin, BaseEstimator):
    """Keeps what its methods were given."""

    def fit(self, X, y=None, sample_weight=None, groups=None):
        self.seen_ = {"X": X, "y": y, "sample_weight": sample_weight, "groups": groups}
        return self

    def transform(self, X, marker=None):
        check_is_fitted(self)
        self.marker_ = marker
        return X


class Returner(TransformerMixin, BaseEstimator):
    """Gives what a function makes of the array."""

    def __init__(self, function):
        self.function = function

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        check_is_fitted(self)
        return self.function(X)


class Runs(AbstractBlock):
    """Samples that are not arrays yet."""

    space = None
    sample_shape = None
    dtype = np.dtype(object)

    def __init__(self, numbers, steps=()):
        self.numbers = np.asarray(numbers)
        self.steps = tuple(steps)

    def __len__(self):
        return len(self.numbers)

    def __getitem__(self, rows):
        return Runs(np.atleast_1d(self.numbers[rows]), self.steps)

    @property
    def present(self):
        return np.ones(len(self), dtype=bool)

    @property
    def nbytes(self):
        return self.numbers.nbytes

    @classmethod
    def concatenate(cls, blocks, name="block"):
        return cls(np.concatenate([block.numbers for block in blocks]))

    def save(self, folder, name):
        raise NotImplementedError

    @classmethod
    def load_saved(cls, folder, name, header, mmap_mode):
        raise NotImplementedError


class AddStep(TransformerMixin, BaseEstimator):
    """A lazy step on runs."""

    def __init__(self, amount=1.0):
        self.amount = amount

    def fit(self, X, y=None):
        assert isinstance(X, Runs)
        return self

    def transform(self, X):
        assert isinstance(X, Runs)
        return Runs(X.numbers, (*X.steps, self.amount))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        return tags


class Extract(AddStep):
    """Ends the steps: makes an array of each run."""

    def transform(self, X):
        assert isinstance(X, Runs)
        data = np.outer(X.numbers, np.arange(1.0, 7.0)) + sum(X.steps)
        return Block(data.reshape(-1, 2, 3))
