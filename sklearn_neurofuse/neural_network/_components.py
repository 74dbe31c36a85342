"""Components of a modality: its own networks, learned from training samples without labels."""

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import linalg
from sklearn.utils import check_random_state

from sklearn_neurofuse.signal._ica import fast_ica, independent_maps

# principal axes that directions are searched in, and columns that independence is searched on
N_AXES = 128
_N_COLUMNS = 4096
# fewer features than this for each component do not tell independent maps apart
_MIN_COLUMNS = 20
_RIDGE = 0.01


@dataclass(frozen=True)
class Components:
    """Linear filters on standardised, flattened samples.

    Attributes
    ----------
    mean : ndarray of float32 of shape (n_features,)
        Taken off first.
    filters : ndarray of float32 of shape (n_features, n_components)
        Scores are ``(x - mean) @ filters``, of variance about one.
    patterns : ndarray of float32 of shape (n_components, n_features)
        Covariance of the features with the scores: where each component is seen.
    """

    mean: np.ndarray
    filters: np.ndarray
    patterns: np.ndarray

    def __post_init__(self):
        # a single sample is read twice as fast by whole filters
        object.__setattr__(self, "filters", np.asfortranarray(self.filters))

    def score(self, data):
        """Give the scores of samples.

        Parameters
        ----------
        data : ndarray of float32 of shape (n_samples, ...)
            Standardised samples.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_components)
            The scores.
        """
        return (data.reshape(len(data), -1) - self.mean) @ self.filters


@dataclass(frozen=True)
class Axes:
    """Principal axes of the training samples, whitened, with a ridge against small variances.

    Attributes
    ----------
    mean : ndarray of float32 of shape (n_features,)
        Mean of the training samples.
    filters : ndarray of float32 of shape (n_features, n_axes)
        Scores are ``(x - mean) @ filters``; variances descend.
    scores : ndarray of shape (n_samples, n_axes)
        Of the training samples.
    unmixing : ndarray of shape (n_components, n_components)
        Scores of independent components are ``scores[:, :n_components] @ unmixing``.
    """

    mean: np.ndarray
    filters: np.ndarray
    scores: np.ndarray
    unmixing: np.ndarray

    @property
    def n_components(self):
        """Number of independent components."""
        return len(self.unmixing)

    @property
    def independent(self):
        """Scores of the independent components, ndarray of shape (n_samples, n_components)."""
        return self.scores[:, : self.n_components] @ self.unmixing


def find_axes(data, gram, n_components, random_state):
    """Find principal axes and rotate the first of them into independent components.

    Independence is sought among maps over features, as in spatial ICA of fMRI; in a modality of few
    features the components are the principal ones.

    Parameters
    ----------
    data : ndarray of float32 of shape (n_samples, n_features)
        Standardised training samples.
    gram : ndarray of shape (n_samples, n_samples)
        Their inner products.
    n_components : int
        Number of components at most.
    random_state : int
        Seed of the search.

    Returns
    -------
    Axes
        The axes.
    """
    n_samples = len(data)
    centred = gram - gram.mean(axis=0) - gram.mean(axis=1)[:, None] + gram.mean()
    values, vectors = linalg.eigh(centred)
    values, vectors = values[::-1], vectors[:, ::-1]
    total = max(values.sum(), 1e-12)
    rank = int(np.sum(values > 1e-6 * max(values[0], 1e-12)))
    n_axes = min(N_AXES, rank, max(n_samples // 3, 1))
    values, vectors = values[:n_axes].clip(1e-12), vectors[:, :n_axes]
    spread = np.sqrt(values / n_samples + _RIDGE * total / n_samples)
    mean = data.mean(axis=0)
    axes = (data - mean).T @ (vectors / np.sqrt(values)).astype(np.float32)
    scores = vectors * np.sqrt(values) / spread
    n_components = min(n_components, n_axes, max(n_samples // 4, 1))
    unmixing = _unmix(axes[:, :n_components], scores[:, :n_components], spread, random_state)
    return Axes(mean, axes / spread.astype(np.float32), scores, unmixing)


def _unmix(axes, scores, spread, random_state):
    n_features, n_components = axes.shape
    if n_components < 2 or n_features < _MIN_COLUMNS * n_components:
        return np.eye(n_components)
    step = max(1, n_features // _N_COLUMNS)
    maps = np.ascontiguousarray(axes[::step].T, dtype=np.float64)
    search = partial(fast_ica, max_iter=100, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            unmixing, _, _ = independent_maps(maps, search, 1, check_random_state(random_state))
        except ValueError:
            # one of the axes is the same over all features
            return np.eye(n_components)
    # samples = (scores * spread) @ maps and sources = unmixing @ maps
    mixing = spread[:n_components, None] * linalg.pinv(unmixing)
    size = (scores @ mixing).std(axis=0)
    return mixing / np.where(size > 0, size, 1.0)


def make_components(data, axes, combination):
    """Give filters for combinations of the axes, and their patterns.

    Parameters
    ----------
    data : ndarray of float32 of shape (n_samples, n_features)
        Standardised training samples.
    axes : Axes
        Of these samples.
    combination : ndarray of shape (n_axes, n_components)
        Weights of the axes.

    Returns
    -------
    Components
        The components.
    """
    scores = (axes.scores @ combination).astype(np.float32)
    patterns = scores.T @ (data - axes.mean) / len(data)
    filters = axes.filters @ combination.astype(np.float32)
    return Components(axes.mean.astype(np.float32), filters, patterns)
