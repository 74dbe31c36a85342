"""Independent components of whitened maps: the search, its stability, signs."""

import warnings

import numpy as np
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from sklearn_neurofuse.signal._reduction import column_chunks

try:
    import picard
except ImportError:  # an optional dependency
    picard = None

_CHUNK = 4096
_ROUGH_COLUMNS = 16_384
_ROUGH_TOL = 1e-3
_FULL_STEPS = 20
# share of the mean square below which what is left of maps is rounding
_SINGULAR = 1e-6


def _logcosh(u):
    g = np.tanh(u, out=u)
    return g, g.shape[1] - np.einsum("ij,ij->i", g, g)


def _exp(u):
    square = u * u
    bell = np.exp(-square / 2.0)
    return u * bell, np.sum((1.0 - square) * bell, axis=1)


def _cube(u):
    square = u * u
    return u * square, 3.0 * square.sum(axis=1)


CONTRASTS = {"logcosh": _logcosh, "exp": _exp, "cube": _cube}


def decorrelate(W):
    """Give the nearest matrix with orthonormal rows, ``(W W')^-1/2 W``.

    Parameters
    ----------
    W : ndarray of shape (n_components, n_components)
        Any matrix of full rank.

    Returns
    -------
    ndarray of shape (n_components, n_components)
        Its orthogonal polar factor.
    """
    left, _, right = np.linalg.svd(W)
    return left @ right


def random_rotation(n_components, random_state):
    """Draw a random orthogonal matrix.

    Parameters
    ----------
    n_components : int
        Size.
    random_state : RandomState
        Generator.

    Returns
    -------
    ndarray of shape (n_components, n_components)
        The matrix.
    """
    return decorrelate(random_state.normal(size=(n_components, n_components)))


def fast_ica(maps, start, contrast="logcosh", max_iter=200, tol=1e-4):
    r"""Rotate white maps into independent ones by the symmetric fixed point.

    Iterates :math:`w \leftarrow E[x\, g(w^\top x)] - E[g'(w^\top x)]\, w` for all components
    and makes them orthonormal [1]_; after 20 iterations it goes half the way only. The
    expectations are summed over blocks of columns that stay in cache. A cheap search on evenly
    spaced columns comes first, and only its result is polished on all of them.

    Parameters
    ----------
    maps : ndarray of shape (n_components, n_columns)
        White maps: zero mean, unit variance, uncorrelated.
    start : ndarray of shape (n_components, n_components)
        Orthogonal matrix to begin from.
    contrast : {"logcosh", "exp", "cube"} or callable, default="logcosh"
        The non-linearity g; a callable takes an array of shape (n_components, n), which it
        may overwrite, and gives g and the sum of its derivative over each row.
    max_iter : int, default=200
        Iterations at most, of each of the two searches.
    tol : float, default=1e-4
        Largest change of direction, ``1 - |cos|``, at which it ends.

    Returns
    -------
    W : ndarray of shape (n_components, n_components)
        Orthogonal unmixing matrix.
    converged : bool
        Whether it ended within ``max_iter``.

    References
    ----------
    .. [1] Hyvarinen, A. (1999). Fast and robust fixed-point algorithms for independent component
       analysis. IEEE Transactions on Neural Networks 10, 626-634. :doi:`10.1109/72.761722`
    """
    contrast = CONTRASTS[contrast] if isinstance(contrast, str) else contrast
    rough = thin_columns(maps)
    W = start
    if rough.shape[1] < maps.shape[1]:
        W, _ = _fixed_point(rough, W, contrast, max_iter, max(tol, _ROUGH_TOL))
    return _fixed_point(maps, W, contrast, max_iter, tol)


def picard_ica(maps, start, contrast="logcosh", max_iter=200, tol=1e-4):
    """Rotate white maps into independent ones by maximum likelihood, with Picard-O.

    Preconditioned quasi-Newton steps on the rotations [1]_; slower on clean data than the fixed
    point, surer where sources are nearly Gaussian. Needs the package python-picard.

    Parameters
    ----------
    maps : ndarray of shape (n_components, n_columns)
        White maps: zero mean, unit variance, uncorrelated.
    start : ndarray of shape (n_components, n_components)
        Orthogonal matrix to begin from.
    contrast : {"logcosh", "exp", "cube"} or density of picard, default="logcosh"
        Model of the sources' density.
    max_iter : int, default=200
        Iterations at most.
    tol : float, default=1e-4
        Largest entry of the gradient at which it ends.

    Returns
    -------
    W : ndarray of shape (n_components, n_components)
        Orthogonal unmixing matrix.
    converged : bool
        Whether it ended within ``max_iter``.

    Raises
    ------
    ImportError
        If python-picard is not installed.

    References
    ----------
    .. [1] Ablin, P., Cardoso, J.-F. and Gramfort, A. (2018). Faster ICA under orthogonal
       constraint. ICASSP 2018, 4464-4468. :doi:`10.1109/ICASSP.2018.8461662`
    """
    if picard is None:
        raise ImportError("algorithm='picard' needs the package python-picard; pip install it")
    density = "tanh" if contrast == "logcosh" else contrast
    with warnings.catch_warnings():
        # it is told by the second result instead
        warnings.filterwarnings("ignore", "Picard did not converge", UserWarning)
        _, W, _, n_iter = picard.picard(
            maps.astype(np.float64, copy=False),
            fun=density,
            whiten=False,
            centering=False,
            return_n_iter=True,
            max_iter=max_iter,
            tol=tol,
            w_init=start,
        )
    return W, n_iter < max_iter - 1


ALGORITHMS = {"fastica": fast_ica, "picard": picard_ica}


def thin_columns(maps):
    """Keep evenly spaced columns, about 16,000, for a search that need not be exact.

    Parameters
    ----------
    maps : ndarray of shape (n_components, n_columns)
        White maps.

    Returns
    -------
    ndarray of shape (n_components, n_kept)
        Contiguous copy, or the maps themselves where they are few.
    """
    step = maps.shape[1] // _ROUGH_COLUMNS
    return np.ascontiguousarray(maps[:, ::step]) if step > 1 else maps


def _fixed_point(maps, W, contrast, max_iter, tol):
    for iteration in range(max_iter):
        target = decorrelate(_fixed_point_step(maps, W, contrast))
        cosines = np.einsum("ij,ij->i", target, W)
        if np.max(1.0 - np.abs(cosines)) < tol:
            return target, True
        if iteration >= _FULL_STEPS:
            # the plain step runs in circles among sources that are close to Gaussian
            target = decorrelate(W + np.sign(cosines)[:, None] * target)
        W = target
    return W, False


def _fixed_point_step(maps, W, contrast):
    moment, slope = np.zeros_like(W), np.zeros(len(W))
    typed = W.astype(maps.dtype, copy=False)
    for columns in column_chunks(maps.shape[1], _CHUNK):
        chunk = maps[:, columns]
        g, derivative = contrast(typed @ chunk)
        moment += g @ chunk.T
        slope += derivative
    return (moment - slope[:, None] * W) / maps.shape[1]


def restart(white, search, n_runs, random_state):
    r"""Repeat a search from random starts on resampled columns; say how stable components are.

    Estimates of all runs are clustered by the absolute correlation of their maps, which in
    white space is :math:`|W_a W_b^\top|`. The stability of a cluster is the mean similarity
    inside it less the mean similarity to all others, 1 for components that always come back [1]_.

    Parameters
    ----------
    white : ndarray of shape (n_components, n_columns)
        White maps.
    search : callable
        ``search(white, start)`` gives an orthogonal unmixing matrix and whether it converged.
    n_runs : int
        Number of starts, at least 2; each draws columns with replacement, at most 16,384.
    random_state : RandomState
        Generator.

    Returns
    -------
    W : ndarray of shape (n_components, n_components)
        Unmixing of the run that agrees best with the others.
    stability : ndarray of shape (n_components,)
        Stability of each of its components.

    References
    ----------
    .. [1] Himberg, J., Hyvarinen, A. and Esposito, F. (2004). Validating the independent components
       of neuroimaging time series via clustering and visualization. NeuroImage 22, 1214-1222.
       :doi:`10.1016/j.neuroimage.2004.03.027`
    """
    n_components = len(white)
    runs = []
    for _ in range(n_runs):
        resampled, transform = _resampled(white, random_state)
        W, _ = search(resampled, random_rotation(n_components, random_state))
        runs.append(decorrelate(W @ transform))
    stacked = np.vstack(runs)
    similarity = np.minimum(np.abs(stacked @ stacked.T), 1.0)
    labels, stability = _clusters(similarity, n_components)
    agreement = np.array([similarity[i, labels == label].mean() for i, label in enumerate(labels)])
    best = np.argmax(agreement.reshape(n_runs, n_components).sum(axis=1))
    own = slice(best * n_components, (best + 1) * n_components)
    return runs[best], stability[labels[own]]


def _resampled(white, random_state):
    n_columns = white.shape[1]
    drawn = random_state.randint(n_columns, size=min(n_columns, _ROUGH_COLUMNS))
    try:
        return whiten_maps(white[:, drawn])
    except ValueError:
        # of few columns the draw may hold too few different ones
        return white, np.eye(len(white))


def _clusters(similarity, n_clusters):
    if n_clusters == 1:
        return np.zeros(len(similarity), int), np.array([similarity.mean()])
    distance = 1.0 - similarity
    np.fill_diagonal(distance, 0.0)
    tree = hierarchy.average(squareform(distance, checks=False))
    labels = hierarchy.fcluster(tree, n_clusters, "maxclust") - 1
    stability = []
    for label in range(labels.max() + 1):
        inside = labels == label
        between = similarity[np.ix_(inside, ~inside)]
        stability.append(similarity[np.ix_(inside, inside)].mean() - between.mean())
    return labels, np.array(stability)


def whiten_maps(maps):
    """Take the mean off white maps and make them white again.

    Principal maps are orthonormal but their mean over features need not be zero, which the
    search for independent ones asks for.

    Parameters
    ----------
    maps : ndarray of shape (n_components, n_columns)
        Maps of full rank.

    Returns
    -------
    white : ndarray of shape (n_components, n_columns)
        Zero mean, unit variance, uncorrelated.
    transform : ndarray of shape (n_components, n_components)
        ``white = transform @ (maps - mean)``.

    Raises
    ------
    ValueError
        If a combination of the maps is the same in all columns, as always where there are not
        more columns than maps.
    """
    centred = maps - maps.mean(axis=1, keepdims=True, dtype=float).astype(maps.dtype)
    covariance = (centred @ centred.T).astype(float) / maps.shape[1]
    values, vectors = np.linalg.eigh(covariance)
    if values[0] <= _SINGULAR * np.mean(maps.astype(float) ** 2):
        raise ValueError(
            f"{len(maps)} maps over {maps.shape[1]} features do not differ enough between features "
            "for independent ones to be told; fewer n_components or more features are needed"
        )
    transform = (vectors / np.sqrt(values)) @ vectors.T
    return transform.astype(maps.dtype) @ centred, transform


def independent_maps(maps, search, n_runs, random_state):
    """Turn maps that span a subspace into independent ones of unit variance.

    Parameters
    ----------
    maps : ndarray of shape (n_components, n_columns)
        Linearly independent maps.
    search : callable
        ``search(white, start)`` gives an orthogonal unmixing matrix and whether it converged.
    n_runs : int
        Random starts. Where there are several, they are searched on resampled columns, and the
        one that agrees best with the others is polished on all.
    random_state : RandomState
        Generator.

    Returns
    -------
    unmixing : ndarray of shape (n_components, n_components)
        ``sources = unmixing @ maps``, of unit variance and with the long tail positive.
    stability : ndarray of shape (n_components,)
        See `restart`; NaN with one run.
    converged : bool
        Whether the last search converged.
    """
    white, transform = whiten_maps(maps)
    n_components = len(maps)
    if n_runs == 1:
        start = random_rotation(n_components, random_state)
        stability = np.full(n_components, np.nan)
    else:
        start, stability = restart(white, search, n_runs, random_state)
    W, converged = search(white, start)
    signs = skewness_signs(W.astype(white.dtype) @ white)
    return signs[:, None] * (W @ transform), stability, converged


def skewness_signs(maps):
    """Give the signs that make the long tail of every map positive.

    Parameters
    ----------
    maps : ndarray of shape (n_components, n_columns)
        Maps.

    Returns
    -------
    ndarray of shape (n_components,)
        1 or -1.
    """
    centred = maps - maps.mean(axis=1, keepdims=True)
    third = np.einsum("ij,ij,ij->i", centred, centred, centred)
    return np.where(third < 0.0, -1.0, 1.0)
