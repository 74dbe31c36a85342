"""Principal components of tall-feature data, computed where it is cheap: among the samples."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

_CHUNK_COLUMNS = 2048


@dataclass(frozen=True)
class Reduced:
    """A centred data matrix in the coordinates of its principal axes, nothing left out.

    With ``Xc = X - mean`` and principal axes ``V``: ``coordinates = Xc V`` and
    ``V = Xc.T @ back``, so that any linear map of the coordinates is a map of the features
    without ever forming ``V``.

    Attributes
    ----------
    coordinates : ndarray of shape (n_samples, rank)
        The samples on the principal axes.
    back : ndarray of shape (n_samples, rank)
        Coefficients over the samples that give the axes.
    mean : ndarray of shape (n_features,)
        Weighted mean of the features.
    variances : ndarray of shape (rank,)
        Weighted sums of squares along the axes, descending.
    squares : ndarray of shape (n_features,)
        Weighted sums of squares of the centred features; 0 for constant ones.
    """

    coordinates: np.ndarray
    back: np.ndarray
    mean: np.ndarray
    variances: np.ndarray
    squares: np.ndarray

    @property
    def rank(self):
        """Number of axes along which the data vary."""
        return len(self.variances)

    @property
    def n_features(self):
        """Number of features."""
        return len(self.mean)


def reduce_samples(X, rows=None, sample_weight=None):
    r"""Rotate data onto their principal axes, exactly, at a cost linear in the features.

    Where features outnumber samples, the Gram matrix of the weighted, centred data is summed
    over blocks of columns and decomposed, :math:`G = X_c X_c^\top = U S^2 U^\top`: one pass
    over the data, :math:`O(n^2 p)` operations, and no copy of the data in memory. Otherwise the
    matrix is decomposed directly.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Data; read in blocks of columns and never written, so a read-only memory map will do.
    rows : ndarray of int, default=None
        Rows to use; None means all.
    sample_weight : ndarray of shape (n_rows,), default=None
        Positive weights of these rows; an integer weight is the same as repeating the row.

    Returns
    -------
    Reduced
        The samples used, on their principal axes.

    Raises
    ------
    ValueError
        If a number is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(5, 1000))
    >>> reduce_samples(X).coordinates.shape
    (5, 4)
    """
    n_rows = len(X) if rows is None else len(rows)
    weight = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, float)
    if X.shape[1] > n_rows:
        return _reduce_wide(X, rows, weight)
    return _reduce_tall(X, rows, weight)


def _reduce_wide(X, rows, weight):
    n_rows, n_features = len(weight), X.shape[1]
    mean, squares = np.empty(n_features), np.empty(n_features)
    gram = np.zeros((n_rows, n_rows))
    root, weighted = np.sqrt(weight)[:, None], np.ptp(weight) > 0.0 or weight[0] != 1.0
    for columns in column_chunks(n_features):
        chunk = _take(X, rows, columns)
        mean[columns] = weight @ chunk / weight.sum()
        chunk -= mean[columns]
        if weighted:
            chunk *= root
        squares[columns] = np.einsum("ij,ij->j", chunk, chunk)
        gram += chunk @ chunk.T
    _check_finite(gram)
    variances, left = linalg.eigh(gram, check_finite=False)
    return _reduced(left[:, ::-1], variances[::-1], root, mean, squares)


def _reduce_tall(X, rows, weight):
    root = np.sqrt(weight)[:, None]
    data = _take(X, rows, slice(None))
    mean = weight @ data / weight.sum()
    _check_finite(mean)
    data -= mean
    data *= root
    squares = np.einsum("ij,ij->j", data, data)
    left, scale, _ = linalg.svd(data, full_matrices=False, check_finite=False)
    # the smallest scale is known to about n * eps of the largest, its square far better
    scale[scale < len(data) * np.finfo(float).eps * scale[0]] = 0.0
    return _reduced(left, scale**2, root, mean, squares, exact=True)


def _reduced(left, variances, root, mean, squares, exact=False):
    eps = np.finfo(float).eps
    # rounding of their mean is all that varies in constant columns
    constant = np.sum(root**2) * (4.0 * eps * mean) ** 2
    squares = np.where(squares > constant, squares, 0.0)
    # an eigenvalue of a Gram matrix is known to a few eps of the largest, for each term summed
    terms = len(root) + np.sqrt(len(mean))
    blurred = 0.0 if exact else 4.0 * terms * eps * variances[0]
    keep = variances > max(blurred, np.sum(constant))
    left, scale = left[:, keep], np.sqrt(variances[keep])
    return Reduced(left * scale / root, left * root / scale, mean, variances[keep], squares)


def _check_finite(array):
    if not np.isfinite(array).all():
        raise ValueError("data must be finite")


def _take(X, rows, columns):
    """Copy a block of columns in double precision."""
    if rows is None:
        return np.array(X[:, columns], dtype=np.float64)
    return X[rows, columns].astype(np.float64, copy=False)


def column_chunks(n_columns, size=_CHUNK_COLUMNS):
    """Cut columns into slices small enough to stay in the processor's cache.

    Parameters
    ----------
    n_columns : int
        Number of columns.
    size : int, default=2048
        Columns in a slice.

    Returns
    -------
    list of slice
        The slices, in order.
    """
    return [slice(start, start + size) for start in range(0, n_columns, size)]


def sample_combinations(X, mean, coefficients, rows=None):
    """Combine centred samples into maps, ``(X[rows] - mean).T @ coefficients``, in one pass.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Data.
    mean : ndarray of shape (n_features,)
        What is taken off first.
    coefficients : ndarray of shape (n_rows, n_maps)
        Weights of the rows in each map.
    rows : ndarray of int, default=None
        Rows to use; None means all.

    Returns
    -------
    ndarray of shape (n_features, n_maps)
        The maps.
    """
    maps = np.empty((X.shape[1], coefficients.shape[1]))
    for columns in column_chunks(X.shape[1]):
        chunk = _take(X, rows, columns)
        chunk -= mean[columns]
        maps[columns] = chunk.T @ coefficients
    return maps


def project(X, mean, weights, rows=None):
    """Project samples on maps, ``(X[rows] - mean) @ weights``, without copying the data.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Data.
    mean : ndarray of shape (n_features,)
        What is taken off first.
    weights : ndarray of shape (n_features, n_maps)
        The maps.
    rows : ndarray of int, default=None
        Rows to use; None means all.

    Returns
    -------
    ndarray of shape (n_rows, n_maps)
        The projections, in double precision.
    """
    n_rows = len(X) if rows is None else len(rows)
    scores = np.zeros((n_rows, weights.shape[1]))
    for columns in column_chunks(X.shape[1]):
        chunk = _take(X, rows, columns)
        chunk -= mean[columns]
        scores += chunk @ weights[columns]
    return scores
