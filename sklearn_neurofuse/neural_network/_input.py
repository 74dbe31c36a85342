"""From whatever scikit-learn hands over to checked samples of each modality."""

import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.utils.validation import validate_data

from sklearn_neurofuse.containers import Layout, Multimodal
from sklearn_neurofuse.exceptions import FlattenedInputWarning

_FLAT = "features"
# a matrix wider than this may well be modalities side by side
_WIDE = 100
# samples that are looked at together
_CHUNK = 64


def read_training(owner, X, y, layout):
    """Give the training samples and targets.

    Parameters
    ----------
    owner : estimator
        Gets ``n_features_in_`` and, of a data frame, ``feature_names_in_``.
    X : Multimodal or array-like of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,)
        Targets.
    layout : Layout or None
        How the columns of a flat matrix are laid out.

    Returns
    -------
    X : Multimodal
        Samples.
    y : ndarray of shape (n_samples,)
        Targets.
    """
    who = type(owner).__name__
    if layout is not None and not isinstance(layout, Layout):
        raise TypeError(f"{who}: layout must be a Layout or None, got {type(layout).__name__}")
    if isinstance(X, Multimodal):
        return _check_training(owner, X), y
    if y is None:
        raise ValueError(f"{who}: requires y to be passed, but the target y is None")
    _check_matrix(who, X)
    plain = isinstance(X, np.ndarray)
    flat, y = validate_data(
        owner, X, y, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
    )
    _check_finite(who, flat)
    if layout is None and plain and flat.shape[1] > _WIDE:
        warnings.warn(
            f"{who}: X is a matrix of {flat.shape[1]} columns and is taken for one modality of "
            "plain features; if it holds several, give layout=X.layout of the Multimodal it "
            "came from, or put compose.FromFlat(X.layout) before this step",
            FlattenedInputWarning,
            stacklevel=4,
        )
    return _fold(who, flat, layout), y


def read_new(owner, X, layout):
    """Give new samples with the modalities of the training samples.

    Parameters
    ----------
    owner : estimator
        Fitted.
    X : Multimodal or array-like of shape (n_samples, n_features)
        Samples; modalities may be absent altogether.
    layout : Layout
        Of the training samples.

    Returns
    -------
    Multimodal
        Samples.
    """
    who = type(owner).__name__
    if isinstance(X, Multimodal):
        if len(X) == 0:
            raise ValueError(f"{who}: X must hold at least one sample, got none")
        layout.check(X.layout, who)
        _check_blocks(who, X)
        return X
    _check_matrix(who, X)
    flat = validate_data(
        owner, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", reset=False
    )
    _check_finite(who, flat)
    return _fold(who, flat, None if layout.names == (_FLAT,) else layout)


def check_weight(owner, sample_weight, n_samples):
    """Check the weights of samples.

    Parameters
    ----------
    owner : estimator
        For messages.
    sample_weight : array-like of shape (n_samples,), number or None
        Weights.
    n_samples : int
        How many there have to be.

    Returns
    -------
    ndarray of shape (n_samples,)
        The weights; ones where there are none.

    Raises
    ------
    ValueError
        If they are of another number, negative, not finite or all zero.
    """
    who = type(owner).__name__
    if sample_weight is None:
        return np.ones(n_samples)
    weight = np.asarray(sample_weight, dtype=np.float64)
    weight = np.full(n_samples, float(weight)) if weight.ndim == 0 else weight
    if weight.shape != (n_samples,):
        raise ValueError(f"{who}: sample_weight must have shape ({n_samples},), got {weight.shape}")
    if not np.isfinite(weight).all() or (weight < 0.0).any() or not weight.any():
        raise ValueError(f"{who}: sample_weight must be finite, not negative and not all zero")
    return weight


def _check_training(owner, X):
    who = type(owner).__name__
    if len(X) == 0:
        raise ValueError(f"{who}: X must hold at least one sample, got none")
    layout = X.layout
    present = X.present
    empty = [
        name for name, there in zip(X.modalities, present.any(axis=0), strict=True) if not there
    ]
    if empty:
        raise ValueError(
            f"{who}: no training sample has the modality {', '.join(map(repr, empty))}; leave it "
            "out with compose.ModalitySelector"
        )
    _check_blocks(who, X)
    owner.n_features_in_ = layout.n_features
    return X


def _check_matrix(who, X):
    """Say what to do with arrays of several modalities, which no tool takes side by side."""
    if sp.issparse(X):
        # a matrix, though some are dicts; scikit-learn says that it is not for us
        return
    ndim = getattr(X, "ndim", 2)
    several = isinstance(X, dict) or (
        isinstance(X, list | tuple) and any(np.ndim(part) > 1 for part in X if _is_array(part))
    )
    if several or ndim > 2:
        got = type(X).__name__ if several else f"an array of {ndim} axes"
        raise ValueError(
            f"{who}: X must be a Multimodal or a matrix with one row for each sample, got {got}; "
            "several modalities, or samples with axes, are one X as Multimodal(fmri=..., eeg=...)"
        )


def _is_array(part):
    return isinstance(part, np.ndarray)


def _check_finite(who, flat):
    if sp.issparse(flat) or not np.isinf(flat).any():
        return
    raise ValueError(f"{who}: Input X contains infinity; samples must be finite or missing")


def _check_blocks(who, X):
    for name in X.modalities:
        data = X[name].data
        for start in range(0, len(data), _CHUNK):
            if np.isinf(data[start : start + _CHUNK]).any():
                raise ValueError(
                    f"{who}: modality {name!r} contains infinity; samples must be finite, or NaN "
                    "where they are missing"
                )


def _fold(who, flat, layout):
    if layout is None:
        # a missing number of a plain matrix takes the mean of its column, so the container never
        # sees it: the row is there as long as one of its numbers is
        layout = Layout({_FLAT: (flat.shape[1],)})
        return PlainFeatures(flat, layout)
    if flat.shape[1] != layout.n_features:
        raise ValueError(
            f"{who}: X must have the {layout.n_features} columns of layout, got {flat.shape[1]}"
        )
    return Multimodal.from_flat(flat, layout)


class PlainFeatures:
    """A plain matrix in the place of a Multimodal, with single numbers missing.

    Parameters
    ----------
    flat : ndarray of shape (n_samples, n_features)
        The matrix.
    layout : Layout
        Of its one modality.

    Attributes
    ----------
    present : ndarray of bool of shape (n_samples, 1)
        False where all numbers of a row are missing.
    """

    def __init__(self, flat, layout):
        self.layout = layout
        self.modalities = layout.names
        self.present = ~np.isnan(flat).all(axis=1)[:, None]
        self._block = _Plain(flat)

    def __getitem__(self, name):
        return self._block

    def __contains__(self, name):
        return name in self.modalities

    def __len__(self):
        return len(self.present)


class _Plain:
    """A matrix in the place of a Block."""

    space = None

    def __init__(self, data):
        self.data = data
        self.shape = data.shape
