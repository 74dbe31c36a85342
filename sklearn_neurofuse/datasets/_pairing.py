"""`pair_by_label`: made-up pairs of different people, for the development of methods."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.utils import Bunch, check_random_state

from sklearn_neurofuse.containers import Multimodal

_OWNER = "pair_by_label"
# how the groups are called; where samples were rebuilt, pseudo-pairs are known by it
PSEUDO_PAIR = "pseudo-pair"
_DESCR = """\
Label-matched pseudo-pairs
--------------------------
{n_samples} samples, each made of one sample of two different people of the same class
({classes}). The modalities are independent given the class by construction: a gain from fusion, or
a correlation between the modalities, means nothing here.
"""


class PseudoPairs(Multimodal):
    """A `Multimodal` of whose samples no two modalities are of one person.

    Rows, selections and replacements are so too. What is saved, or built anew of its blocks, is
    not: there the groups of `pair_by_label` tell.

    Parameters
    ----------
    **modalities : array-like, Block or Recordings
        As of `Multimodal`.
    """

    def replace(self, **modalities):
        """Give pseudo-pairs with some modalities replaced or added.

        Parameters
        ----------
        **modalities : array-like, Block or Recordings
            As of `Multimodal`.

        Returns
        -------
        PseudoPairs
            The other modalities are shared, not copied.
        """
        replaced = super().replace(**modalities)
        return PseudoPairs(**{name: replaced[name] for name in replaced.modalities})


def pair_by_label(first, second, *, classes=None, random_state=None):
    """Pair samples of different people by their class, for the development of methods.

    Two data sets of different people and modalities become one with both, in which each sample
    is made of two that have the same class.

    Parameters
    ----------
    first, second : Bunch
        With ``X`` (a `Multimodal`), ``target``, ``target_names`` and ``groups``; no modality
        may stand in both.
    classes : dict of str to str, default=None
        Class of `first` to the class of `second` that it is paired with; None pairs classes of
        the same name.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    Bunch
        With the attributes

        X : Multimodal
            The modalities of both.
        target : ndarray of int of shape (n_samples,)
            The class.
        target_names : list of str
            Names of the classes, as in `first`.
        groups : ndarray of str of shape (n_samples,)
            The connected component of groups of both that were paired with each other, as
            ``"pseudo-pair-07"``. `evaluate` and `compare` know such pairs by ``X``, or by these
            names where it was saved or built anew, and warn.
        pseudo_pairs : bool
            True: no two modalities of a sample are of one person.
        rows : ndarray of int of shape (n_samples, 2)
            Rows of `first` and `second`.
        DESCR : str
            Description of the data set.

    Raises
    ------
    ValueError
        If a modality stands in both, or fewer than two classes can be paired.

    Notes
    -----
    Groups of both are paired one to one so that most samples find a partner; what is left is paired
    with groups that are taken already. Inside a pair of groups samples are paired at random.

    Given the class, the modalities are independent by construction. A gain from fusion is then
    that of two independent measurements, which simultaneous recordings of one brain never are, and
    a correlation between the modalities is that of their classes alone. No conclusion
    about people may be drawn from such pairs.

    Examples
    --------
    >>> from sklearn.utils import Bunch
    >>> from sklearn_neurofuse.datasets import make_multimodal_classification, pair_by_label
    >>> made = make_multimodal_classification(20, random_state=0)
    >>> first, second = Bunch(**made), Bunch(**made)
    >>> first.X, second.X = made.X.select(["fmri"]), made.X.select(["eeg"])
    >>> pairs = pair_by_label(first, second, random_state=0)
    >>> pairs.X.modalities, pairs.pseudo_pairs
    (('fmri', 'eeg'), True)
    """
    both = set(first.X.modalities) & set(second.X.modalities)
    if both:
        raise ValueError(f"{_OWNER}: {', '.join(sorted(both))} must stand in one data set only")
    names, codes = _common_classes(first, second, classes)
    rng = check_random_state(random_state)
    sides = [_sort_in(first, codes[0]), _sort_in(second, codes[1])]
    rows, edges = _pair_rows(*sides, rng)
    rows, edges = np.array(rows), np.array(edges)
    order = np.argsort(rows[:, 0], kind="stable")
    rows, edges = rows[order], edges[order]
    target = np.array([codes[0][code] for code in np.asarray(first.target)[rows[:, 0]].tolist()])
    X = {name: first.X[name][rows[:, 0]] for name in first.X.modalities}
    X |= {name: second.X[name][rows[:, 1]] for name in second.X.modalities}
    return Bunch(
        X=PseudoPairs(**X),
        target=target,
        target_names=names,
        groups=_components(edges, [len(side) for side in sides]),
        pseudo_pairs=True,
        rows=rows,
        DESCR=_DESCR.format(n_samples=len(rows), classes=", ".join(names)),
    )


def _common_classes(first, second, classes):
    """Give names, and for either side its code of a class -> the code in the result."""
    there = [[str(name) for name in data.target_names] for data in (first, second)]
    wanted = {name: name for name in there[0] if name in there[1]} if classes is None else classes
    unknown = [n for n in wanted if n not in there[0]]
    unknown += [n for n in wanted.values() if n not in there[1]]
    if unknown or len(wanted) < 2:
        raise ValueError(
            f"{_OWNER}: at least two classes must be in both data sets, which have "
            f"{', '.join(there[0])} and {', '.join(there[1])}; classes tells which belong together"
        )
    codes = [
        {names.index(name): code for code, name in enumerate(side)}
        for names, side in zip(there, (wanted, wanted.values()), strict=True)
    ]
    return list(wanted), codes


def _sort_in(data, codes):
    """Give for each group the rows of each class."""
    target, groups = np.asarray(data.target), np.asarray(data.groups).astype(str)
    return [
        [np.flatnonzero((groups == group) & (target == own)) for own in codes]
        for group in np.unique(groups)
    ]


def _pair_rows(here, there, rng):
    """Pair groups so that most samples find a partner, round after round; then the rows in them."""
    left = [[list(rng.permutation(rows)) for rows in group] for group in here]
    right = [[list(rng.permutation(rows)) for rows in group] for group in there]
    rows, edges = [], []
    while True:
        counts = [
            np.array([[len(rows) for rows in group] for group in side]) for side in (left, right)
        ]
        gain = np.minimum(counts[0][:, None], counts[1][None]).sum(axis=2)
        if not gain.any():
            break
        # noise below one decides between equals
        pairs = zip(*linear_sum_assignment(-(gain + rng.uniform(0, 1e-3, gain.shape))), strict=True)
        for i, k in ((i, k) for i, k in pairs if gain[i, k]):
            for mine, other in zip(left[i], right[k], strict=True):
                number = min(len(mine), len(other))
                rows += [(mine.pop(), other.pop()) for _ in range(number)]
                edges += [(i, k)] * number
    if not rows:
        raise ValueError(f"{_OWNER}: no sample of one data set has a partner in the other")
    return rows, edges


def _components(edges, sizes):
    """Name the connected component of groups of both sides that each pair is in."""
    n = sum(sizes)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], sizes[0] + edges[:, 1])), shape=(n, n))
    labels = connected_components(graph, directed=False)[1][edges[:, 0]]
    width = len(str(len(labels)))
    return np.array(
        [
            f"{PSEUDO_PAIR}-{number:0{width}d}"
            for number in np.unique(labels, return_inverse=True)[1]
        ]
    )
