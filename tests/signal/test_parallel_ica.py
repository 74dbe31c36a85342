"""Independent maps with linked loadings."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import approx_fprime

from sklearn_neurofuse.signal._ica import decorrelate, whiten_maps
from sklearn_neurofuse.signal._parallel_ica import (
    _Objective,
    correlations,
    critical_correlation,
    match_loadings,
    parallel_ica,
)


def test_correlations_are_numpys(rng):
    a, b = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    assert_allclose(correlations(a, b), np.corrcoef(a.T, b.T)[:3, 3:])


def test_chance_exceeds_the_bound_in_one_of_twenty():
    rng = np.random.default_rng(0)
    bound = critical_correlation(25, 9)
    largest = [
        np.abs(correlations(rng.normal(size=(25, 3)), rng.normal(size=(25, 3)))).max()
        for _ in range(1000)
    ]
    assert 0.03 < np.mean(np.array(largest) > bound) < 0.07


def test_matches_loadings_whatever_their_order_and_sign(rng):
    a = rng.normal(size=(40, 4))
    shuffled = -a[:, [2, 0, 3, 1]] + 0.1 * rng.normal(size=(40, 4))
    order = match_loadings(a, shuffled)
    assert np.array_equal(np.array([2, 0, 3, 1])[order], np.arange(4))


def test_gradient_is_the_derivative(rng):
    maps = [whiten_maps(rng.laplace(size=(2, 300)))[0] for _ in range(3)]
    mixings = [rng.normal(size=(20, 2)) for _ in range(3)]
    coupling = np.triu(np.full((3, 3), 0.7), 1)
    coupling = np.repeat((coupling + coupling.T)[:, :, None], 2, axis=2)
    objective = _Objective(maps, mixings, coupling)
    start = rng.normal(size=12)

    def value(flat):
        return objective(list(flat.reshape(3, 2, 2)))[0]

    gradient = np.stack(objective(list(start.reshape(3, 2, 2)))[1]).ravel()
    assert_allclose(gradient, approx_fprime(start, value, 1e-7), atol=1e-5)


@pytest.fixture
def linked(rng):
    """Give few and noisy features with three linked components, as white maps and mixings."""
    a = rng.normal(size=(100, 3))
    white, mixings = [], []
    for loadings in (a, 0.9 * a + 0.436 * rng.normal(size=(100, 3))):
        maps, transform = whiten_maps(rng.laplace(size=(3, 150)))
        white.append(maps)
        mixings.append(loadings @ np.linalg.inv(transform))
    return white, mixings


def linkage(rotations, mixings):
    a, b = (m @ W.T for m, W in zip(mixings, rotations, strict=True))
    return np.abs(np.diag(correlations(a, b)))


def test_coupling_draws_loadings_together(linked):
    white, mixings = linked
    starts = [np.eye(3), np.eye(3)]
    apart = parallel_ica(white, mixings, starts, 0.0, 0.3)
    drawn = parallel_ica(white, mixings, starts, 0.3, 0.3)
    assert linkage(drawn, mixings).mean() > linkage(apart, mixings).mean()
    for W in drawn:
        assert_allclose(W @ W.T, np.eye(3), atol=1e-9)


def test_pairs_below_the_bound_are_left_alone(linked):
    white, mixings = linked
    starts = [np.eye(3), np.eye(3)]
    apart = parallel_ica(white, mixings, starts, 0.0, 0.3)
    bound = parallel_ica(white, mixings, starts, 10.0, 0.999)
    assert_allclose(np.abs(apart), np.abs(bound), atol=1e-6)


def test_never_leaves_the_rotations(linked, rng):
    white, mixings = linked
    starts = [decorrelate(rng.normal(size=(3, 3))) for _ in white]
    for W in parallel_ica(white, mixings, starts, 5.0, 0.0):
        assert_allclose(W @ W.T, np.eye(3), atol=1e-9)
