"""Permutation tests that respect how labels came about."""

from dataclasses import dataclass, replace
from math import lgamma

import numpy as np
from sklearn.utils import check_random_state

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.model_selection._figures import Judge, is_available
from sklearn_neurofuse.model_selection._out_of_fold import aggregate, predict_out_of_fold

# fewer distinct permutations cannot give a p-value below .01
_FEWEST = 100


@dataclass(frozen=True)
class PermutationTest:
    """What a permutation test found.

    Attributes
    ----------
    metric : str
        What was compared.
    observed : float
        Its mean over the folds of the first repeat.
    null : ndarray of shape (n_permutations,)
        The same with permuted labels.
    p_value : float
        Share of permutations, the observed labels among them, that do at least as well.
    scheme : str
        What was permuted.
    """

    metric: str
    observed: float
    null: np.ndarray
    p_value: float
    scheme: str


class Scheme:
    """How labels can be exchanged without changing the design.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    groups : ndarray of shape (n_samples,)
        Persons.
    blocks : ndarray of shape (n_samples,), default=None
        Recordings, within which labels are exchanged if they vary there; None: groups.
    order : ndarray of shape (n_samples,), default=None
        Time of the samples in their recording. Where it is known, labels are shifted in a
        circle, which keeps how they follow each other; None exchanges them freely.
    """

    def __init__(self, y, groups, blocks=None, order=None):
        self.y = y
        self.order = order
        self.unit = np.unique(groups, return_inverse=True)[1]
        first = np.unique(self.unit, return_index=True)[1]
        self.of_unit = y[first]
        self.between = bool((self.of_unit[self.unit] == y).all())
        blocks = self.unit if blocks is None else np.unique(blocks, return_inverse=True)[1]
        self.rows = [np.flatnonzero(blocks == label) for label in range(blocks.max() + 1)]

    @property
    def title(self):
        """What is permuted, str."""
        if self.between:
            return "labels exchanged between groups, since each has one"
        if self.order is None:
            return "labels exchanged within groups"
        return "labels shifted in a circle within recordings"

    @property
    def log_number(self):
        """Logarithm of the number of distinct permutations."""
        if self.between:
            return _log_arrangements(self.of_unit)
        if self.order is None:
            return sum(_log_arrangements(self.y[rows]) for rows in self.rows)
        return sum(np.log(_n_shifts(self._in_order(rows))) for rows in self.rows)

    def draw(self, rng):
        """Draw permuted labels.

        Parameters
        ----------
        rng : RandomState
            Draws.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        if self.between:
            return rng.permutation(self.of_unit)[self.unit]
        y = self.y.copy()
        for rows in self.rows:
            if self.order is None:
                y[rows] = rng.permutation(y[rows])
            else:
                order = rows[np.argsort(self.order[rows], kind="stable")]
                y[order] = np.roll(self.y[order], rng.randint(len(order)))
        return y

    def _in_order(self, rows):
        return self.y[rows[np.argsort(self.order[rows], kind="stable")]]


def _log_arrangements(labels):
    counts = np.unique(labels, return_counts=True)[1]
    return lgamma(counts.sum() + 1) - sum(lgamma(count + 1) for count in counts)


def _n_shifts(labels):
    return len({tuple(np.roll(labels, shift)) for shift in range(len(labels))})


def permutation_test(owner, task, design, scheme, n_permutations, metric, random_state,
                     *, n_jobs=None, verbose=0):  # fmt: skip
    """Test whether a model does better than with labels that mean nothing.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    task : Task
        The model.
    design : Design
        Labels and splits; the first repeat is used.
    scheme : Scheme
        How labels are permuted.
    n_permutations : int
        How often.
    metric : str
        What is compared.
    random_state : int
        Draws.
    n_jobs, verbose : int, default=None, 0
        As in `predict_out_of_fold`.

    Returns
    -------
    PermutationTest
        The result.

    References
    ----------
    .. [1] Winkler, A. M., Webster, M. A., Vidaurre, D., Nichols, T. E., & Smith, S. M. (2015).
       Multi-level block permutation. NeuroImage, 123, 253-268.
       doi:10.1016/j.neuroimage.2015.05.092
    """
    check_number(owner, "n_permutations", n_permutations, low=1, integer=True)
    if scheme.log_number < np.log(_FEWEST):
        raise ValueError(
            f"{owner}: the design allows {round(np.exp(scheme.log_number))} distinct permutations "
            f"({scheme.title}), and {_FEWEST} are needed for a p-value; set n_permutations=0"
        )
    design = design.first_repeat()
    rng = check_random_state(random_state)
    values, attempts = [], 0
    observed = _value(task, design, metric, n_jobs)
    while len(values) < n_permutations:
        permuted = replace(design, y=scheme.draw(rng))
        attempts += 1
        if attempts > 20 * n_permutations:
            raise ValueError(f"{owner}: most permutations leave a training set without a class")
        if _is_complete(permuted):
            values.append(_value(task, permuted, metric, n_jobs))
    null = np.array(values)
    p_value = (1 + np.sum(null >= observed)) / (1 + len(null))
    return PermutationTest(metric, observed, null, float(p_value), scheme.title)


def _value(task, design, metric, n_jobs):
    made = predict_out_of_fold({"model": task}, design, n_jobs=n_jobs)["model"]
    made = aggregate(made, design)
    judge = Judge(design.unit_y, design.unit_groups, design.classes, None, 0)
    metric = metric if is_available(metric, made) else "balanced_accuracy"
    return float(np.nanmean(judge.fold_values(metric, made)))


def _is_complete(design):
    n_classes = len(design.classes)
    return all(len(np.unique(design.y[train])) == n_classes for train, _ in design.splits)
