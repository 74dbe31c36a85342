"""Paired directions: what one modality says only together with another."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

# which scores are searched, how many of them, and the threshold in standard errors
_CANDIDATES = (
    ("axes", 16, 0.0),
    ("axes", 16, 1.0),
    ("axes", 32, 0.0),
    ("axes", 32, 1.0),
    ("axes", 64, 0.0),
    ("axes", 128, 0.0),
    ("independent", 64, 1.0),
    ("independent", 64, 2.0),
    ("independent", 64, 3.0),
)
_PENALTIES = np.logspace(-2.5, 1.0, 8)
# the pair that was searched, and the same after so many refinements more
_REFINEMENTS = (1, 2)


@dataclass(frozen=True)
class Directions:
    """Paired directions of two modalities.

    Attributes
    ----------
    first, second : ndarray of shape (n_axes, n_directions)
        Weights of the axes of either modality.
    scores : tuple of two ndarray of shape (n_samples, n_directions)
        Of the training samples, each by directions found without its fold, in units of their
        standard deviation.
    strength : ndarray of shape (n_directions,)
        Weights, not negative, with which the products of tanh of the scores explain best what was
        to be explained.
    """

    first: np.ndarray
    second: np.ndarray
    scores: tuple
    strength: np.ndarray


@dataclass(frozen=True)
class _Pair:
    """One direction in either modality, with out-of-fold scores."""

    weights: tuple
    scores: tuple

    def scaled(self):
        sizes = [max(float(score.std()), 1e-12) for score in self.scores]
        weights = tuple(w / size for w, size in zip(self.weights, sizes, strict=True))
        return _Pair(weights, tuple(s / size for s, size in zip(self.scores, sizes, strict=True)))

    @property
    def product(self):
        return np.tanh(self.scores[0]) * np.tanh(self.scores[1])


def find_directions(one, two, residual, folds):
    r"""Find directions whose product explains what is left, the way of search chosen out of fold.

    A form :math:`z^\top B z'` of white scores has at :math:`B = 0` the gradient
    :math:`C = \sum_i r_i z_i z_i'^\top` for the residuals r of the linear path. Its entries are
    shrunk towards zero by a threshold, and its leading singular vectors are a pair of directions:
    one step of boosting by a product, in closed form. The pair is refined by turns: given the
    scores e of one direction, the other is the ridge regression of :math:`r \tanh(e)`, all scores
    taken out of fold.

    Parameters
    ----------
    one, two : Axes
        Of either modality, for the same samples.
    residual : ndarray of shape (n_samples, n_outputs)
        What is to be explained.
    folds : list of ndarray of int
        Samples that are left out together.

    Returns
    -------
    Directions
        For every output the pair that was searched; after these its refinements.
    """
    if 0 in (one.scores.shape[1], two.scores.shape[1]):
        return _no_directions(one, two, residual.shape[1])
    residual = residual - residual.mean(axis=0)
    searched = [_search(one, two, left, folds) for left in residual.T]
    ridges = _Ridge(one.scores, folds), _Ridge(two.scores, folds)
    stages = [searched]
    for n_times in _REFINEMENTS:
        stages.append(
            [
                _refine(pair, ridges, left, n_times)
                for pair, left in zip(stages[-1], residual.T, strict=True)
            ]
        )
    pairs = [pair for stage in stages for pair in stage]
    strength = np.zeros((len(stages), residual.shape[1]))
    for output, left in enumerate(residual.T):
        products = np.column_stack([stage[output].product for stage in stages])
        strength[:, output] = optimize.nnls(products, left)[0]
    return Directions(
        *(np.column_stack([pair.weights[side] for pair in pairs]) for side in (0, 1)),
        tuple(np.column_stack([pair.scores[side] for pair in pairs]) for side in (0, 1)),
        strength.ravel(),
    )


def _no_directions(one, two, n_outputs):
    """Give the usual number of directions where a modality is the same in all samples."""
    n_directions = n_outputs * (1 + len(_REFINEMENTS))
    weights = [np.zeros((axes.scores.shape[1], n_directions)) for axes in (one, two)]
    scores = tuple(np.zeros((len(one.scores), n_directions)) for _ in range(2))
    return Directions(*weights, scores, np.zeros(n_directions))


def _search(one, two, left, folds):
    best = None
    for kind, n_scores, threshold in _CANDIDATES:
        Z, back_one = _scores(one, kind, n_scores)
        Y, back_two = _scores(two, kind, n_scores)
        u, v = _lead(Z, Y, left, threshold)
        scores = np.zeros(len(Z)), np.zeros(len(Z))
        for fold in folds:
            rest = np.setdiff1d(np.arange(len(Z)), fold)
            part = _lead(Z[rest], Y[rest], left[rest], threshold)
            sign = 1.0 if part[0] @ u >= 0.0 else -1.0
            scores[0][fold], scores[1][fold] = (
                sign * (Z[fold] @ part[0]),
                sign * (Y[fold] @ part[1]),
            )
        pair = _Pair((back_one @ u, back_two @ v), scores).scaled()
        gain = pair.product @ left / max(np.sqrt(np.sum(pair.product**2)), 1e-12)
        if best is None or gain > best[0]:
            best = gain, pair
    return best[1]


def _scores(axes, kind, n_scores):
    """Give scores and the matrix that leads from their weights to weights of the axes."""
    n_axes = axes.scores.shape[1]
    if kind == "independent":
        return axes.independent, np.eye(n_axes, axes.n_components) @ axes.unmixing
    n_scores = min(n_scores, n_axes)
    return axes.scores[:, :n_scores], np.eye(n_axes, n_scores)


def _lead(Z, Y, left, threshold):
    """Give the leading pair of singular vectors of the thresholded gradient."""
    cross = Z.T @ (left[:, None] * Y) / len(Z)
    cut = threshold * np.sqrt(np.mean(left**2) / len(Z))
    cross = np.sign(cross) * np.maximum(np.abs(cross) - cut, 0.0)
    U, _, Vt = np.linalg.svd(cross, full_matrices=False)
    return U[:, 0], Vt[0]


def _refine(pair, ridges, left, n_times):
    weights, scores = list(pair.weights), list(pair.scores)
    for _ in range(n_times):
        targets = [left * np.tanh(scores[1 - side]) for side in (0, 1)]
        for side, ridge in enumerate(ridges):
            weights[side], scores[side] = ridge.fit(targets[side])
        pair = _Pair(tuple(weights), tuple(scores)).scaled()
        weights, scores = list(pair.weights), list(pair.scores)
    return pair


class _Ridge:
    """Ridge regression on the same scores for many targets, its penalty chosen out of fold."""

    def __init__(self, scores, folds):
        self._scores = scores
        everyone = np.arange(len(scores))
        self._parts = [(fold, *self._decompose(np.setdiff1d(everyone, fold))) for fold in folds]
        self._whole = self._decompose(everyone)

    def _decompose(self, rows):
        part = self._scores[rows]
        values, vectors = linalg.eigh(part.T @ part / len(rows))
        return rows, values, vectors

    def _solve(self, decomposed, target, penalty):
        rows, values, vectors = decomposed
        moment = self._scores[rows].T @ target[rows] / len(rows)
        return vectors @ ((vectors.T @ moment) / (values + penalty))

    def fit(self, target):
        """Give weights and out-of-fold scores, the penalty that of the best correlation."""
        best = None
        for penalty in _PENALTIES:
            left_out = np.zeros(len(target))
            for fold, *decomposed in self._parts:
                left_out[fold] = self._scores[fold] @ self._solve(decomposed, target, penalty)
            fit = left_out @ target / max(np.sqrt(left_out @ left_out), 1e-12)
            if best is None or fit > best[0]:
                best = fit, penalty, left_out
        return self._solve(self._whole, target, best[1]), best[2]
