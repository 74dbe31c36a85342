"""`connectome_difference`: edges in which two groups differ, tested by permutation."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import false_discovery_control
from sklearn.utils import Bunch, check_random_state

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import Block, ConnectomeSpace

_OWNER = "connectome_difference"
_CORRECTIONS = ("fdr", "nbs", None)


def connectome_difference(
    block, y, *, correction="fdr", threshold=3.0, n_permutations=1000, random_state=None
):
    r"""Test in which edges two groups of people differ.

    Welch's t of each edge is compared with what permutations of the labels give. The false
    discovery rate is controlled over edges [1]_, or with ``"nbs"`` the network-based statistic
    takes neighbouring edges with :math:`|t| >` `threshold` together and compares the size of
    each such component with the largest under permutation [2]_.

    Parameters
    ----------
    block : Block
        Connectomes, one person each, with a `ConnectomeSpace`; with bands, each band counts in the
        correction.
    y : array-like of shape (n_samples,)
        Two classes; the difference is the second minus the first, sorted.
    correction : {"fdr", "nbs", None}, default="fdr"
        How p-values are corrected for the number of edges.
    threshold : float, default=3.0
        Absolute t from which an edge belongs to a component of the network-based statistic.
    n_permutations : int, default=1000
        Number of permutations.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    Bunch
        With the attributes

        difference, t : ndarray of shape (..., n_edges)
            Difference of means, and Welch's t.
        p_values : ndarray of shape (..., n_edges)
            Corrected.

    Raises
    ------
    TypeError
        If it is no block of connectomes.
    ValueError
        If y does not hold two classes of two people or more.

    References
    ----------
    .. [1] Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of
       the Royal Statistical Society B, 57(1), 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x
    .. [2] Zalesky, A., Fornito, A., & Bullmore, E. T. (2010). Network-based statistic: identifying
       differences in brain networks. NeuroImage, 53(4), 1197-1207.
       doi:10.1016/j.neuroimage.2010.06.041

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.containers import Block, ConnectomeSpace
    >>> from sklearn_neurofuse.inspection import connectome_difference
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> edges = rng.normal(size=(40, 6))
    >>> edges[:, 2] += 3 * y
    >>> block = Block(edges, ConnectomeSpace("abcd"))
    >>> found = connectome_difference(block, y, random_state=0)
    >>> np.flatnonzero(found.p_values < 0.05)
    array([2])
    """
    check_choice(_OWNER, "correction", correction, _CORRECTIONS)
    check_number(_OWNER, "threshold", threshold, low=0, closed="neither")
    check_number(_OWNER, "n_permutations", n_permutations, low=100, integer=True)
    if not isinstance(block, Block) or not isinstance(block.space, ConnectomeSpace):
        raise TypeError(f"{_OWNER}: block must be connectomes, a Block with a ConnectomeSpace")
    there = np.asarray(block.present)
    data = np.asarray(block.data, dtype=float)[there].reshape(int(there.sum()), -1)
    second = _second_class(np.asarray(y), there)
    t = _welch(data, second)
    rng = check_random_state(random_state)
    null = (_welch(data, rng.permutation(second)) for _ in range(n_permutations))
    if correction == "nbs":
        p_values = _network_based(t, null, n_permutations, block.space, threshold)
    else:
        p_values = _edge_wise(t, null, n_permutations)
        if correction == "fdr":
            p_values = false_discovery_control(p_values)
    shape = block.shape[1:]
    difference = data[second].mean(axis=0) - data[~second].mean(axis=0)
    return Bunch(
        difference=difference.reshape(shape), t=t.reshape(shape), p_values=p_values.reshape(shape)
    )


def _second_class(y, there):
    if y.shape != there.shape:
        raise ValueError(f"{_OWNER}: y must have {len(there)} labels, got shape {y.shape}")
    y = y[there]
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) != 2 or counts.min() < 2:
        raise ValueError(
            f"{_OWNER}: y must hold two classes of two people or more, got "
            f"{dict(zip(classes.tolist(), counts.tolist(), strict=True))}"
        )
    return y == classes[1]


def _welch(data, second):
    """Give Welch's t of each column; 0 where nothing varies."""
    a, b = data[second], data[~second]
    error = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b))
    difference = a.mean(axis=0) - b.mean(axis=0)
    return np.divide(difference, error, out=np.zeros_like(difference), where=error > 0)


def _edge_wise(t, null, n_permutations):
    exceeded = np.ones(t.shape)
    for other in null:
        exceeded += np.abs(other) >= np.abs(t)
    return exceeded / (n_permutations + 1)


def _network_based(t, null, n_permutations, space, threshold):
    """Give each edge the p-value of the component it is in; 1 outside of components."""
    sizes = _component_sizes(t, space, threshold)
    largest = np.array([_component_sizes(other, space, threshold).max() for other in null])
    exceeded = (largest[:, None] >= sizes[None]).sum(axis=0)
    return np.where(sizes > 0, (exceeded + 1) / (n_permutations + 1), 1.0)


def _component_sizes(t, space, threshold):
    """Give for each edge above the threshold the number of edges in its component, else 0."""
    n_regions = len(space.labels)
    sizes = np.zeros(t.shape)
    for start in range(0, t.size, space.n_edges):
        strong = np.flatnonzero(np.abs(t[start : start + space.n_edges]) > threshold)
        rows, columns = space.edges[strong].T
        graph = coo_array((np.ones(len(strong)), (rows, columns)), shape=(n_regions, n_regions))
        labels = connected_components(graph, directed=False)[1][rows]
        sizes[start + strong] = np.bincount(labels, minlength=n_regions)[labels]
    return sizes
