"""Cross-fitted linear path, members and gate: all that `fit` learns."""

from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
from joblib.parallel import get_active_backend

from sklearn_neurofuse.neural_network._folds import count_folds, make_folds
from sklearn_neurofuse.neural_network._gate import choose_gate
from sklearn_neurofuse.neural_network._linear_path import PENALTIES
from sklearn_neurofuse.neural_network._member import fit_member
from sklearn_neurofuse.neural_network._problem import fit_linear_path

_MIN_FOLDS = 5
_FIXED_PENALTY = np.array([1.0])
# so few samples are predicted sooner by one thread than several take to meet
_FEW = 8


@dataclass(frozen=True)
class Ensemble:
    """What was learned.

    Attributes
    ----------
    coefficients : dict of str to ndarray of shape (n_features, n_outputs)
        Of the linear path, on standardised samples.
    intercept : ndarray of shape (n_outputs,)
        Of the linear path.
    mixture : dict of str to float
        Weight of each modality's kernel in the linear path.
    members : list of Member
        The networks with their components.
    gate : float
        Weight of the networks on top of the linear path.
    """

    coefficients: dict
    intercept: np.ndarray
    mixture: dict
    members: list
    gate: float

    @property
    def shares(self):
        """Share of each member: the first, trained on all samples, counts as all others."""
        n_others = len(self.members) - 1
        return np.array([1.0]) if not n_others else np.repeat([0.5, 0.5 / n_others], [1, n_others])

    def linear(self, data):
        """Give the linear logits of standardised samples."""
        n_samples = len(next(iter(data.values())))
        logits = np.tile(self.intercept, (n_samples, 1))
        for name, weights in self.coefficients.items():
            flat = data[name].reshape(len(data[name]), -1)
            logits = logits + flat.astype(np.float64) @ weights
        return logits

    def predict(self, data, present):
        """Give the logits of standardised samples, ndarray of shape (n_samples, n_outputs)."""
        logits = self.linear(data)
        if not self.gate:
            return logits
        with limited_threads(alone=len(logits) <= _FEW):
            added = [member.predict(data, present) for member in self.members]
        return logits + self.gate * np.average(added, axis=0, weights=self.shares)


@contextmanager
def own_randomness(seed=None):
    """Keep torch's global generators as they are, whatever is drawn inside.

    Parameters
    ----------
    seed : int, default=None
        Seed inside; None draws nothing.

    Yields
    ------
    None
        Nothing.
    """
    with torch.random.fork_rng():
        if seed is not None:
            torch.random.default_generator.manual_seed(seed)
            if torch.cuda.is_available():
                torch.cuda.manual_seed_all(seed)
        yield


@contextmanager
def limited_threads(*, alone=False):
    """Compute with one thread where joblib runs several jobs at once.

    Parameters
    ----------
    alone : bool, default=False
        Whether to do so anyway.

    Yields
    ------
    None
        Nothing.
    """
    n_threads = torch.get_num_threads()
    if alone or get_active_backend()[0].nesting_level:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def fit_ensemble(problem, n_members, random_state):
    """Fit everything.

    Parameters
    ----------
    problem : Problem
        The samples.
    n_members : int
        Number of members wanted.
    random_state : RandomState
        Draws the seeds.

    Returns
    -------
    Ensemble
        What was learned.
    """
    seeds = random_state.randint(2**31 - 1, size=n_members + _MIN_FOLDS + 2)
    kernels, everyone = problem.kernels, np.arange(len(problem.y))
    n_folds = count_folds(problem.y, problem.groups, max(n_members, _MIN_FOLDS))
    if not n_folds:
        single = [np.array([row]) for row in everyone]
        path = fit_linear_path(problem, kernels, everyone, single, _FIXED_PENALTY)
        slope, intercept = problem.task.uncalibrated()
        return _combine(problem, replace(path, slope=slope, intercept=intercept), [], 0.0)
    folds = make_folds(problem.y, problem.groups, n_folds, seeds[-1])
    path = fit_linear_path(problem, kernels, everyone, folds, PENALTIES)
    if not set(problem.settings.parts) - {"linear"}:
        return _combine(problem, path, [], 0.0)
    with limited_threads():
        members, linear, added = _cross_fit(problem, kernels, folds, seeds)
    gate, share = choose_gate(
        problem.task, linear, added, problem.y, problem.weight, problem.groups
    )
    if gate:
        with limited_threads(), own_randomness(int(seeds[-2])):
            whole = fit_member(problem, everyone, path, folds, int(seeds[-2]))
        members = [whole, *members]
    centre = path.logits.mean(axis=0)
    weakened = share * path.slope, share * path.intercept + (1.0 - share) * centre
    path = replace(path, slope=weakened[0], intercept=weakened[1])
    return _combine(problem, path, members[:n_members], gate)


def _cross_fit(problem, kernels, folds, seeds):
    members = []
    linear = np.zeros((len(problem.y), problem.task.n_outputs))
    added = np.zeros_like(linear)
    for fold, seed in zip(folds, seeds, strict=False):
        rows = np.setdiff1d(np.arange(len(problem.y)), fold)
        path, inner = _inner_path(problem, kernels, rows, len(folds), seed)
        with own_randomness(int(seed)):
            member = fit_member(problem, rows, path, inner, int(seed))
        members.append(member)
        held_out = {name: x[fold] for name, x in problem.data.items()}
        linear[fold] = path.predict(kernels[:, fold[:, None], rows])
        added[fold] = member.predict(held_out, problem.present[fold])
    return members, linear, added


def _inner_path(problem, kernels, rows, n_folds, seed):
    y, groups = problem.y[rows], problem.groups_of(rows)
    n_folds = count_folds(y, groups, n_folds)
    if n_folds:
        folds = make_folds(y, groups, n_folds, int(seed))
        return fit_linear_path(problem, kernels, rows, folds, PENALTIES), folds
    folds = _halves(y, groups)
    return fit_linear_path(problem, kernels, rows, folds, PENALTIES), folds


def _halves(y, groups):
    """Deal samples, or groups, into two folds by class."""
    units = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    first = np.unique(units, return_index=True)[1]
    side = np.empty(len(first), int)
    side[np.argsort(y[first], kind="stable")] = np.arange(len(first)) % 2
    return [np.flatnonzero(side[units] == which) for which in (0, 1)]


def _combine(problem, path, members, gate):
    """Turn the linear path from weights of samples into weights of features."""
    coefficients, mixture, intercept = {}, {}, path.intercept
    if path.fit is not None:
        intercept = intercept + path.fit.intercept @ path.slope
        for i, (name, x) in enumerate(problem.data.items()):
            gram = problem.grams[name]
            scale = max(np.trace(gram) / len(gram), 1e-12)
            flat, dual = x.reshape(len(x), -1), path.fit.coefficients[i] / scale
            weights = flat.T @ dual.astype(np.float32)
            coefficients[name] = weights.astype(np.float64) @ path.slope
            mixture[name] = float(path.fit.mixture[i])
    return Ensemble(coefficients, intercept, mixture, members, gate)
