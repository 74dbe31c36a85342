"""Canonical correlation of two or more sets, with a ridge that runs from CCA to PLS.

Every function works on principal coordinates (see ``_reduction``), where even whole brains are
matrices of at most n_samples x n_samples.
"""

import numpy as np
from scipy import linalg

_MAX_ITER = 500
_TOL = 1e-10


def ledoit_wolf_ridge(coordinates, n_features, sample_weight):
    r"""Give the ridge at which the covariance has the shrinkage of Ledoit and Wolf.

    Their estimate :math:`(1-\delta) S + \delta \mu I`, :math:`\mu = \mathrm{tr} S / p`
    [1]_, needs only the Gram matrix of the samples, so it is exact in principal coordinates.
    It is re-expressed in the terms of `whiten`, where the identity is scaled by the
    mean variance of the axes that the samples span instead.

    Parameters
    ----------
    coordinates : ndarray of shape (n_samples, rank)
        Principal coordinates of one set.
    n_features : int
        Number of features behind them.
    sample_weight : ndarray of shape (n_samples,)
        Weights of the samples.

    Returns
    -------
    float
        The ridge, in [0, 1].

    References
    ----------
    .. [1] Ledoit, O. and Wolf, M. (2004). A well-conditioned estimator for large-dimensional
       covariance matrices. Journal of Multivariate Analysis 88, 365-411.
       :doi:`10.1016/S0047-259X(03)00096-4`
    """
    n_samples = sample_weight.sum()
    centred = coordinates - sample_weight @ coordinates / n_samples
    covariance = centred.T @ (centred * sample_weight[:, None]) / n_samples
    trace, squares = np.trace(covariance), np.sum(covariance**2)
    fourth = sample_weight @ np.sum(centred**2, axis=1) ** 2
    spread = squares - trace**2 / n_features
    noise = (fourth / n_samples - squares) / n_samples
    if spread <= 0.0:
        return 1.0
    shrinkage = min(max(noise / spread, 0.0), 1.0)
    identity = shrinkage * trace / n_features
    return identity / (identity + (1.0 - shrinkage) * trace / _n_axes(coordinates))


def whiten(coordinates, ridge, sample_weight):
    r"""Whiten a set in the metric of ridge CCA.

    With the centred set :math:`X = U S V^\top` and :math:`\nu` the mean of :math:`s_i^2` over the
    axes that this many samples can span, the metric is
    :math:`M = (1-\tau) X^\top X + \tau \nu V V^\top`:
    :math:`\tau = 0` is CCA, :math:`\tau = 1` is PLS, and the units of X do not matter.

    Parameters
    ----------
    coordinates : ndarray of shape (n_samples, rank)
        One set.
    ridge : float
        :math:`\tau`, in [0, 1].
    sample_weight : ndarray of shape (n_samples,)
        Weights of the samples.

    Returns
    -------
    whitened : ndarray of shape (n_samples, n_kept)
        :math:`X M^{-1/2}`, rows multiplied by the root of their weights.
    back : ndarray of shape (rank, n_kept)
        Coefficients in the coordinates, :math:`M^{-1/2}`.
    mean : ndarray of shape (rank,)
        Weighted mean that was taken off.
    """
    mean = sample_weight @ coordinates / sample_weight.sum()
    root = np.sqrt(sample_weight)[:, None]
    centred = (coordinates - mean) * root
    left, scale, right = linalg.svd(centred, full_matrices=False, check_finite=False)
    keep = scale > scale[:1] * max(coordinates.shape) * np.finfo(float).eps
    left, scale, right = left[:, keep], scale[keep], right[keep]
    metric = np.sqrt((1.0 - ridge) * scale**2 + ridge * np.sum(scale**2) / _n_axes(coordinates))
    return left * (scale / metric), right.T / metric, mean


def _n_axes(coordinates):
    return max(1, min(len(coordinates) - 1, coordinates.shape[1]))


def solve_sets(whitened, n_components, scheme="maxvar"):
    r"""Find the canonical directions of two or more whitened sets.

    ``"maxvar"`` takes the leading eigenvectors of the matrix of all between-set products;
    ``"sumcor"`` and ``"ssqcor"`` maximise :math:`\sum_{k<l} r_{kl}` and
    :math:`\sum_{k<l} r_{kl}^2` one component after the other, each orthogonal to the earlier ones
    within every set [1]_. For two sets the three agree and are a singular value decomposition [2]_.

    Parameters
    ----------
    whitened : list of ndarray of shape (n_samples, rank_k)
        From `whiten`.
    n_components : int
        Number of directions, at most the smallest rank.
    scheme : {"maxvar", "sumcor", "ssqcor"}, default="maxvar"
        What is maximised over more than two sets.

    Returns
    -------
    list of ndarray of shape (rank_k, n_components)
        Unit directions of each set.

    References
    ----------
    .. [1] Kettenring, J. R. (1971). Canonical analysis of several sets of variables. Biometrika
       58, 433-451. :doi:`10.1093/biomet/58.3.433`
    .. [2] Hotelling, H. (1936). Relations between two sets of variates. Biometrika 28, 321-377.
       :doi:`10.1093/biomet/28.3-4.321`
    """
    if len(whitened) == 2:
        left, _, right = linalg.svd(whitened[0].T @ whitened[1], full_matrices=False)
        return [left[:, :n_components], right[:n_components].T]
    if scheme == "maxvar":
        return _leading_blocks(whitened, n_components)
    return _one_by_one(whitened, n_components, _INNER_WEIGHTS[scheme])


def _between(whitened):
    stacked = np.hstack(whitened)
    products = stacked.T @ stacked
    stops = np.cumsum([block.shape[1] for block in whitened])
    for stop, block in zip(stops, whitened, strict=True):
        products[stop - block.shape[1] : stop, stop - block.shape[1] : stop] = 0.0
    return products, stops


def _leading_blocks(whitened, n_components):
    products, stops = _between(whitened)
    size = len(products)
    _, vectors = linalg.eigh(products, subset_by_index=[size - n_components, size - 1])
    blocks = np.split(vectors[:, ::-1], stops[:-1])
    return [_unit_columns(block) for block in blocks]


def _unit_columns(block):
    norms = np.linalg.norm(block, axis=0)
    return block / np.where(norms > 0.0, norms, 1.0)


def _one_by_one(whitened, n_components, inner_weights):
    directions = [np.empty((block.shape[1], 0)) for block in whitened]
    for _ in range(n_components):
        free = [linalg.null_space(d.T) if d.shape[1] else np.eye(len(d)) for d in directions]
        deflated = [block @ basis for block, basis in zip(whitened, free, strict=True)]
        found = _ascend(deflated, inner_weights)
        directions = [
            np.column_stack([d, basis @ v])
            for d, basis, v in zip(directions, free, found, strict=True)
        ]
    return directions


def _ascend(whitened, inner_weights):
    vectors = [block[:, 0] for block in _leading_blocks(whitened, 1)]
    scores = np.column_stack([z @ v for z, v in zip(whitened, vectors, strict=True)])
    for _ in range(_MAX_ITER):
        before = scores.copy()
        for k, block in enumerate(whitened):
            inner = inner_weights(scores.T @ scores[:, k])
            inner[k] = 0.0
            vector = block.T @ (scores @ inner)
            vectors[k] = vector / (np.linalg.norm(vector) or 1.0)
            scores[:, k] = block @ vectors[k]
        if np.abs(scores - before).max() < _TOL:
            break
    return vectors


_INNER_WEIGHTS = {"sumcor": np.ones_like, "ssqcor": np.copy}
SCHEMES = ("maxvar", *_INNER_WEIGHTS)


def fit_sets(sets, n_components, ridges, sample_weight, scheme="maxvar"):
    """Fit canonical weights to sets in principal coordinates.

    Parameters
    ----------
    sets : list of ndarray of shape (n_samples, rank_k)
        The sets.
    n_components : int
        Number of components.
    ridges : list of float
        Ridge of each set.
    sample_weight : ndarray of shape (n_samples,)
        Weights of the samples.
    scheme : {"maxvar", "sumcor", "ssqcor"}, default="maxvar"
        See `solve_sets`.

    Returns
    -------
    list of tuple of ndarray
        For each set the weights of shape (rank_k, n_components), scaled to scores of unit
        weighted variance, and the mean of shape (rank_k,). Weights are 0 for components beyond the
        smallest rank.
    """
    parts = [whiten(block, t, sample_weight) for block, t in zip(sets, ridges, strict=True)]
    n_found = min(n_components, *[part[0].shape[1] for part in parts])
    directions = solve_sets([part[0] for part in parts], n_found, scheme)
    fitted = []
    for (whitened, back, mean), direction in zip(parts, directions, strict=True):
        spread = np.linalg.norm(whitened @ direction, axis=0) / np.sqrt(sample_weight.sum())
        weights = np.zeros((len(back), n_components))
        weights[:, :n_found] = back @ direction / np.where(spread > 0.0, spread, 1.0)
        fitted.append((weights, mean))
    return fitted


def score_correlations(scores, sample_weight):
    """Correlate the scores of the sets, component by component.

    Parameters
    ----------
    scores : list of ndarray of shape (n_samples, n_components)
        Scores of each set.
    sample_weight : ndarray of shape (n_samples,)
        Weights of the samples.

    Returns
    -------
    ndarray of shape (n_components,)
        Mean correlation over all pairs of sets; 0 with a constant score, since nothing is
        predicted then.
    """
    stacked = np.stack(scores)
    centred = stacked - np.average(stacked, axis=1, weights=sample_weight)[:, None]
    products = np.einsum("kni,lni,n->ikl", centred, centred, sample_weight, optimize=True)
    spread = np.sqrt(np.einsum("ikk->ik", products))
    scale = spread[:, :, None] * spread[:, None, :]
    correlation = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0.0)
    first, second = np.triu_indices(len(scores), 1)
    return correlation[:, first, second].mean(axis=1)


def held_out_scores(sets, splits, fit):
    """Score every sample with weights learned without it.

    Parameters
    ----------
    sets : list of ndarray of shape (n_samples, rank_k)
        Sets in principal coordinates. These are a rotation of the features, so a fit to some
        of the rows is what a fit to the features of these rows would be.
    splits : iterable of tuple of ndarray of int
        Training and test rows of each fold.
    fit : callable
        ``fit(sets, rows)`` gives what `fit_sets` gives, for the training rows.

    Returns
    -------
    list of ndarray of shape (n_samples, n_components)
        Scores of each set; NaN for rows that no fold tests.
    """
    scores = None
    for train, test in splits:
        fitted = fit([block[train] for block in sets], train)
        if scores is None:
            shape = len(sets[0]), fitted[0][0].shape[1]
            scores = [np.full(shape, np.nan) for _ in sets]
        for out, block, (weights, mean) in zip(scores, sets, fitted, strict=True):
            out[test] = (block[test] - mean) @ weights
    return scores


def permutation_p_values(whitened, directions, permutations):
    """Test each component against the next-best that shuffled sets give.

    Component i is compared with the leading component of sets from which the earlier ones
    were taken out and whose rows were shuffled against each other; p-values never decrease,
    so that the test is closed and family-wise error is held [1]_.

    Parameters
    ----------
    whitened : list of ndarray of shape (n_samples, rank_k)
        From `whiten`.
    directions : list of ndarray of shape (rank_k, n_components)
        From `solve_sets`.
    permutations : iterable of list of ndarray of int
        For each repeat, the order of rows of every set but the first.

    Returns
    -------
    ndarray of shape (n_components,)
        ``(1 + number as large) / (1 + number of permutations)``.

    References
    ----------
    .. [1] Winkler, A. M. et al. (2020). Permutation inference for canonical correlation
       analysis. NeuroImage 220, 117065. :doi:`10.1016/j.neuroimage.2020.117065`
    """
    levels = [_without(whitened, directions, i) for i in range(directions[0].shape[1])]
    observed = np.array([_leading_value(blocks) for blocks in levels])
    larger, n_permutations = np.ones(len(levels)), 1
    for orders in permutations:
        n_permutations += 1
        for i, (first, *others) in enumerate(levels):
            moved = [block[order] for block, order in zip(others, orders, strict=True)]
            larger[i] += _leading_value([first, *moved]) >= observed[i]
    return np.maximum.accumulate(larger / n_permutations)


def _without(whitened, directions, n_earlier):
    if not n_earlier:
        return whitened
    return [
        block @ linalg.null_space(direction[:, :n_earlier].T)
        for block, direction in zip(whitened, directions, strict=True)
    ]


def _leading_value(whitened):
    if len(whitened) == 2:
        product = whitened[0].T @ whitened[1]
        product = product @ product.T if len(product) <= product.shape[1] else product.T @ product
    else:
        product, _ = _between(whitened)
    size = len(product)
    return linalg.eigvalsh(product, subset_by_index=[size - 1, size - 1], check_finite=False)[0]
