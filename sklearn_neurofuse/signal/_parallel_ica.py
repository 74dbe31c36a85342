"""Parallel ICA: independent maps in each modality, with loadings drawn towards each other."""

import numpy as np
from scipy import stats
from scipy.optimize import linear_sum_assignment

from sklearn_neurofuse.signal._ica import decorrelate, fast_ica, thin_columns

_GAUSSIAN_LOGCOSH = 0.3745672  # E[log cosh(z)] for a standard normal z
_MAX_ROUNDS = 5


def correlations(first, second):
    """Correlate every column of one matrix with every column of another.

    Parameters
    ----------
    first : ndarray of shape (n_samples, n_first)
        Columns.
    second : ndarray of shape (n_samples, n_second)
        Columns.

    Returns
    -------
    ndarray of shape (n_first, n_second)
        Pearson correlations.
    """
    return _unit(first).T @ _unit(second)


def _unit(columns):
    centred = columns - columns.mean(axis=0)
    norms = np.linalg.norm(centred, axis=0)
    return centred / np.where(norms > 0.0, norms, 1.0)


def critical_correlation(n_samples, n_tests, level=0.05):
    """Give the absolute correlation that chance exceeds in none of several tests.

    Parameters
    ----------
    n_samples : int
        Number of samples, at least 3.
    n_tests : int
        Number of correlations looked at (Bonferroni).
    level : float, default=0.05
        Probability that chance exceeds it in any of them.

    Returns
    -------
    float
        The bound, in (0, 1).
    """
    t = stats.t.isf(level / (2.0 * n_tests), n_samples - 2)
    return float(t / np.sqrt(n_samples - 2 + t**2))


def match_loadings(reference, loadings):
    """Order components so that their loadings pair with those of another modality.

    Parameters
    ----------
    reference : ndarray of shape (n_samples, n_components)
        Loadings that keep their order.
    loadings : ndarray of shape (n_samples, n_components)
        Loadings to order.

    Returns
    -------
    ndarray of int of shape (n_components,)
        The order with the largest sum of absolute correlations.
    """
    _, order = linear_sum_assignment(-np.abs(correlations(reference, loadings)))
    return order


def parallel_ica(maps, mixings, starts, coupling, threshold, max_iter=200, tol=1e-5):
    r"""Rotate the white maps of several modalities, with correlated loadings preferred.

    Maximises
    :math:`\sum_k \sum_i J(w_{ki}^\top Y_k) + \lambda \sum_{k<l} \sum_i r^2(a_{ki}, a_{li})` over
    rotations, where J is the distance of :math:`E \log\cosh` from its Gaussian value, as in
    Infomax, :math:`a_{ki}` are the loadings, and the second sum runs over the pairs whose
    correlation exceeds a threshold [1]_ [2]_. Ascent is along the gradient on the rotation group
    with backtracking, so no step lowers the criterion; pairs are chosen again until they stay.

    Parameters
    ----------
    maps : list of ndarray of shape (n_components, n_features_k)
        White maps of each modality.
    mixings : list of ndarray of shape (n_samples, n_components)
        ``mixing @ maps`` is the centred modality.
    starts : list of ndarray of shape (n_components, n_components)
        Orthogonal matrices to begin from.
    coupling : float
        Weight of the correlations, lambda.
    threshold : float
        Pairs with a smaller absolute correlation are left alone.
    max_iter : int, default=200
        Steps at most, in each round.
    tol : float, default=1e-5
        Relative gain of the criterion at which a round ends.

    Returns
    -------
    list of ndarray of shape (n_components, n_components)
        Unmixing of each modality, components paired by position.

    References
    ----------
    .. [1] Liu, J. et al. (2009). Combining fMRI and SNP data to investigate connections between
       brain function and genetics using parallel ICA. Human Brain Mapping 30, 241-255.
       :doi:`10.1002/hbm.20508`
    .. [2] Liu, J., Demirci, O. and Calhoun, V. D. (2008). A parallel independent component analysis
       approach to investigate genomic influence on brain function. IEEE Signal Processing
       Letters 15, 413-416. :doi:`10.1109/LSP.2008.922513`
    """
    maps = [thin_columns(block) for block in maps]
    rotations = [fast_ica(block, start)[0] for block, start in zip(maps, starts, strict=True)]
    linked = None
    for _ in range(_MAX_ROUNDS):
        rotations = _paired(rotations, mixings)
        before, linked = linked, _links(rotations, mixings, threshold)
        if before is not None and np.array_equal(before, linked):
            break
        objective = _Objective(maps, mixings, coupling * linked)
        rotations = _ascend(objective, rotations, max_iter, tol)
    return rotations


def _loadings(rotations, mixings):
    return [mixing @ W.T for mixing, W in zip(mixings, rotations, strict=True)]


def _paired(rotations, mixings):
    first, *others = _loadings(rotations, mixings)
    return [rotations[0]] + [
        W[match_loadings(first, loadings)]
        for W, loadings in zip(rotations[1:], others, strict=True)
    ]


def _links(rotations, mixings, threshold):
    unit = np.stack([_unit(a) for a in _loadings(rotations, mixings)])
    between = np.einsum("kni,lni->kli", unit, unit)
    linked = np.abs(between) > threshold
    linked[np.arange(len(mixings)), np.arange(len(mixings))] = False
    return linked


class _Objective:
    """The criterion and its gradient with respect to every rotation."""

    def __init__(self, maps, mixings, coupling):
        self.maps, self.mixings, self.coupling = maps, mixings, coupling

    def __call__(self, rotations):
        value, gradients = self._links(rotations)
        for maps, W, gradient in zip(self.maps, rotations, gradients, strict=True):
            sources = W.astype(maps.dtype) @ maps
            squashed = np.tanh(sources)
            magnitude = np.abs(sources)
            # log cosh without overflow
            logcosh = (magnitude + np.log1p(np.exp(-2.0 * magnitude))).mean(axis=1) - np.log(2.0)
            gap = logcosh - _GAUSSIAN_LOGCOSH
            value += np.abs(gap).sum()
            gradient += np.sign(gap)[:, None] * (squashed @ maps.T) / maps.shape[1]
        return value, gradients

    def _links(self, rotations):
        loadings = _loadings(rotations, self.mixings)
        unit = np.stack([_unit(a) for a in loadings])
        r = np.einsum("kni,lni->kli", unit, unit)
        # the derivative of r^2 by a_k is 2 r (u_l - r u_k) / |a_k|
        pull = np.einsum("kli,lni->kni", 2.0 * self.coupling * r, unit)
        pull -= np.einsum("kli,kni->kni", 2.0 * self.coupling * r**2, unit)
        gradients = []
        for slope, a, mixing in zip(pull, loadings, self.mixings, strict=True):
            spread = np.linalg.norm(a - a.mean(axis=0), axis=0)
            gradients.append((slope / np.where(spread > 0.0, spread, 1.0)).T @ mixing)
        return np.sum(self.coupling * r**2) / 2.0, gradients


def _ascend(objective, rotations, max_iter, tol):
    value, gradients = objective(rotations)
    step = 1.0
    for _ in range(max_iter):
        turns = [g @ W.T - W @ g.T for g, W in zip(gradients, rotations, strict=True)]
        slope = sum(np.sum(turn**2) for turn in turns) / 2.0
        gain = 0.0
        while step * slope > tol * tol:
            trial = [decorrelate(W + step * t @ W) for t, W in zip(turns, rotations, strict=True)]
            new_value, new_gradients = objective(trial)
            gain = new_value - value
            if gain >= 0.25 * step * slope:
                break
            step /= 2.0
        else:
            break
        rotations, value, gradients = trial, new_value, new_gradients
        step *= 2.0
        if gain < tol * abs(value):
            break
    return rotations
