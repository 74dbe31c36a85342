"""From whatever scikit-learn hands over to one flat array for each modality."""

import numpy as np

from sklearn_neurofuse.containers import Multimodal

MIN_SAMPLES = 3


def as_multimodal(owner, X, layout):
    """Give a Multimodal, folding a flat matrix back.

    Parameters
    ----------
    owner : object
        The estimator, for messages.
    X : Multimodal or array-like of shape (n_samples, n_features)
        Samples.
    layout : Layout or None
        How the columns of a flat matrix are laid out.

    Returns
    -------
    Multimodal
        The samples.

    Raises
    ------
    ValueError
        If X is empty, or is flat and no layout is known or fits it.
    """
    if isinstance(X, Multimodal):
        return _check_filled(owner, X)
    if layout is None:
        raise ValueError(
            f"{type(owner).__name__}: X must be a Multimodal, got {type(X).__name__}; for a flat "
            "matrix give layout=X.layout, or put compose.FromFlat(X.layout) before this step"
        )
    flat = np.asarray(X)
    if flat.ndim != 2:
        raise ValueError(
            f"{type(owner).__name__}: X must be a Multimodal or a matrix of shape "
            f"(n_samples, {layout.n_features}), got shape {flat.shape}"
        )
    return Multimodal.from_flat(_check_filled(owner, flat), layout)


def _check_filled(owner, X):
    if len(X) == 0:
        raise ValueError(f"{type(owner).__name__}: X must hold at least one sample, got none")
    return X


def check_modalities(owner, X):
    """Check that there is something to fuse.

    Parameters
    ----------
    owner : object
        The estimator, for messages.
    X : Multimodal
        Training samples.

    Raises
    ------
    ValueError
        If there is one modality only.
    """
    if len(X.modalities) < 2:
        raise ValueError(
            f"{type(owner).__name__}: X must hold two or more modalities, "
            f"got {X.modalities[0]!r} only"
        )


def complete_rows(owner, X, sample_weight):
    """Choose the rows to learn from: all modalities there, weight above zero.

    Parameters
    ----------
    owner : object
        The estimator, for messages.
    X : Multimodal
        Training samples.
    sample_weight : array-like of shape (n_samples,) or None
        Weights.

    Returns
    -------
    rows : ndarray of int
        Rows to use.
    weight : ndarray of shape (n_rows,)
        Their weights.

    Raises
    ------
    ValueError
        If fewer than three rows remain, or weights are negative, not finite or of another number.
    """
    who = type(owner).__name__
    weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
    if weight.shape != (len(X),):
        raise ValueError(f"{who}: sample_weight must have shape ({len(X)},), got {weight.shape}")
    if not np.isfinite(weight).all() or (weight < 0.0).any():
        raise ValueError(f"{who}: sample_weight must be finite and not negative")
    rows = np.flatnonzero(X.present.all(axis=1) & (weight > 0.0))
    if len(rows) < MIN_SAMPLES:
        raise ValueError(
            f"{who}: at least {MIN_SAMPLES} samples that hold every modality are needed, "
            f"got {len(rows)} of {len(X)}"
        )
    return rows, weight[rows]


def flat_block(X, name):
    """Give one modality as a matrix, without a copy where memory allows.

    Parameters
    ----------
    X : Multimodal
        Samples.
    name : str
        The modality.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        A view of the block.
    """
    data = X[name].data
    return data.reshape(len(data), -1)


def float_dtype(dtype):
    """Give the floating type that results have for data of a type.

    Parameters
    ----------
    dtype : dtype
        Type of the data.

    Returns
    -------
    dtype
        The type itself where it is single or double precision, double otherwise.
    """
    return dtype if dtype in (np.float32, np.float64) else np.dtype(np.float64)
