"""The algebra of canonical correlation against scikit-learn, closed forms and brute force."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import linalg
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.cross_decomposition import CCA, PLSSVD

from sklearn_neurofuse.signal._cca import (
    fit_sets,
    held_out_scores,
    ledoit_wolf_ridge,
    permutation_p_values,
    score_correlations,
    solve_sets,
    whiten,
)


@pytest.fixture
def sets(rng):
    """Give three sets of 80 samples that share two signals."""
    common = rng.normal(size=(80, 2))
    return [common @ rng.normal(size=(2, p)) + rng.normal(size=(80, p)) for p in (6, 5, 4)]


def ones(block):
    return np.ones(len(block))


def scores_of(sets, fitted):
    return [(block - mean) @ w for block, (w, mean) in zip(sets, fitted, strict=True)]


def test_two_sets_without_ridge_are_scikit_learns_cca(sets):
    fitted = fit_sets(sets[:2], 3, [0.0, 0.0], ones(sets[0]))
    ours = score_correlations(scores_of(sets[:2], fitted), ones(sets[0]))
    peer = CCA(3, max_iter=5000, tol=1e-14).fit(*sets[:2])
    expected = score_correlations(peer.transform(*sets[:2]), ones(sets[0]))
    assert_allclose(ours, expected, atol=1e-6)


def test_full_ridge_is_pls(sets):
    fitted = fit_sets(sets[:2], 3, [1.0, 1.0], ones(sets[0]))
    peer = PLSSVD(3, scale=False).fit(*sets[:2])
    for (weights, _), expected in zip(fitted, (peer.x_weights_, peer.y_weights_), strict=True):
        unit = weights / np.linalg.norm(weights, axis=0)
        assert_allclose(np.abs(np.sum(unit * expected, axis=0)), 1.0, atol=1e-10)


@pytest.mark.parametrize("ridge", [0.0, 0.3, 0.9])
def test_three_sets_solve_the_generalised_eigenproblem(sets, ridge):
    centred = [block - block.mean(axis=0) for block in sets]
    inside = []
    for block in centred:
        square = block.T @ block
        identity = np.trace(square) / block.shape[1] * np.eye(len(square))
        inside.append((1.0 - ridge) * square + ridge * identity)
    stacked = np.hstack(centred)
    between = stacked.T @ stacked - linalg.block_diag(*[b.T @ b for b in centred])
    _, vectors = linalg.eigh(between, linalg.block_diag(*inside))
    expected = np.split(vectors[:, ::-1][:, :2], [6, 11])
    fitted = fit_sets(sets, 2, [ridge] * 3, ones(sets[0]))
    for (weights, _), theirs in zip(fitted, expected, strict=True):
        cosine = np.sum(weights * theirs, axis=0)
        cosine /= np.linalg.norm(weights, axis=0) * np.linalg.norm(theirs, axis=0)
        assert_allclose(np.abs(cosine), 1.0, atol=1e-9)


def test_schemes_maximise_what_they_say(sets):
    found = {}
    for scheme in ("maxvar", "sumcor", "ssqcor"):
        scores = scores_of(sets, fit_sets(sets, 1, [0.0] * 3, ones(sets[0]), scheme))
        r = np.corrcoef(np.hstack(scores).T)[np.triu_indices(3, 1)]
        found[scheme] = (
            r.sum(),
            (r**2).sum(),
            np.linalg.eigvalsh(np.corrcoef(np.hstack(scores).T))[-1],
        )
    for i, scheme in enumerate(("sumcor", "ssqcor", "maxvar")):
        best = max(values[i] for values in found.values())
        assert found[scheme][i] == pytest.approx(best, abs=1e-8)


@pytest.mark.parametrize("scheme", ["maxvar", "sumcor", "ssqcor"])
def test_schemes_agree_for_two_sets(sets, scheme):
    scores = scores_of(sets[:2], fit_sets(sets[:2], 2, [0.2] * 2, ones(sets[0]), scheme))
    plain = scores_of(sets[:2], fit_sets(sets[:2], 2, [0.2] * 2, ones(sets[0])))
    assert_allclose(scores, plain)


@pytest.mark.parametrize("scheme", ["sumcor", "ssqcor"])
def test_later_components_are_orthogonal_within_every_set(sets, scheme):
    whitened = [whiten(block, 0.1, ones(block))[0] for block in sets]
    for directions in solve_sets(whitened, 3, scheme):
        assert_allclose(directions.T @ directions, np.eye(3), atol=1e-9)


def test_scores_have_unit_variance_at_any_ridge(sets):
    weight = np.linspace(0.5, 2.0, 80)
    for (weights, mean), block in zip(fit_sets(sets, 2, [0.5] * 3, weight), sets, strict=True):
        score = (block - mean) @ weights
        assert_allclose(np.average(score, axis=0, weights=weight), 0.0, atol=1e-12)
        assert_allclose(np.average(score**2, axis=0, weights=weight), 1.0)


def test_ridge_does_not_see_units(sets):
    scaled = [sets[0] * 1e-6, sets[1] * 300.0]
    one = scores_of(sets[:2], fit_sets(sets[:2], 2, [0.4] * 2, ones(sets[0])))
    two = scores_of(scaled, fit_sets(scaled, 2, [0.4] * 2, ones(sets[0])))
    assert_allclose(one, two, atol=1e-9)


@pytest.mark.parametrize("shape", [(30, 8), (15, 60)])
def test_ledoit_wolf_is_scikit_learns(rng, shape):
    X = rng.normal(size=shape) * np.linspace(1.0, 3.0, shape[1])
    shrinkage = ledoit_wolf_shrinkage(X)
    centred = X - X.mean(axis=0)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    keep = scale > 1e-10
    ridge = ledoit_wolf_ridge((left * scale)[:, keep], shape[1], np.ones(shape[0]))
    # both are one covariance up to its scale: compare identity against sample covariance
    n_axes = min(shape[0] - 1, shape[1])
    ours = ridge / (1.0 - ridge) / n_axes
    theirs = shrinkage / (1.0 - shrinkage) / shape[1]
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_ledoit_wolf_of_a_sphere_is_pls():
    assert ledoit_wolf_ridge(np.vstack([np.eye(4), -np.eye(4)]), 4, np.ones(8)) == 1.0


def test_constant_scores_correlate_with_nothing(rng):
    scores = [np.column_stack([np.zeros(9), np.arange(9.0)]), rng.normal(size=(9, 2))]
    found = score_correlations(scores, np.ones(9))
    assert found[0] == 0.0
    assert found[1] == pytest.approx(np.corrcoef(scores[0][:, 1], scores[1][:, 1])[0, 1])


def test_held_out_scores_never_saw_their_rows(sets):
    rows = np.arange(80)
    splits = [(rows[rows % 4 != k], rows[rows % 4 == k]) for k in range(4)]

    def fit(parts, train):
        return fit_sets(parts, 2, [0.1] * len(parts), np.ones(len(train)))

    scores = held_out_scores(sets[:2], splits, fit)
    train, test = splits[2]
    fitted = fit([block[train] for block in sets[:2]], train)
    for score, (weights, mean), block in zip(scores, fitted, sets, strict=False):
        assert_allclose(score[test], (block[test] - mean) @ weights)


def test_more_components_than_a_small_part_has_are_zero(sets):
    weights, _ = fit_sets([block[:3] for block in sets[:2]], 4, [0.5, 0.5], np.ones(3))[0]
    assert np.abs(weights[:, :2]).min() > 0.0
    assert np.abs(weights[:, 2:]).max() == 0.0


def test_p_values_find_the_signals_and_nothing_else(sets, rng):
    whitened = [whiten(block, 0.0, ones(block))[0] for block in sets[:2]]
    orders = ([rng.permutation(80)] for _ in range(99))
    p = permutation_p_values(whitened, solve_sets(whitened, 4), orders)
    assert_allclose(p[:2], 0.01)
    assert (p[2:] > 0.05).all()
    assert (np.diff(p) >= 0.0).all()


def test_p_values_are_uniform_without_a_signal():
    found = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        whitened = [whiten(rng.normal(size=(20, 4)), 0.2, np.ones(20))[0] for _ in range(2)]
        orders = ([rng.permutation(20)] for _ in range(19))
        found.append(permutation_p_values(whitened, solve_sets(whitened, 1), orders)[0])
    # 95 % of draws of a true level of 0.2 lie within these bounds
    assert 0.13 < np.mean(np.array(found) <= 0.2) < 0.27


def test_p_values_of_three_sets(sets, rng):
    whitened = [whiten(block, 0.0, ones(block))[0] for block in sets]
    orders = ([rng.permutation(80), rng.permutation(80)] for _ in range(49))
    assert permutation_p_values(whitened, solve_sets(whitened, 1), orders)[0] == 0.02
