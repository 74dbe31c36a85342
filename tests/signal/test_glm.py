"""Least squares of many series at once."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_neurofuse.signal._glm import (
    contrast_effect,
    residual_basis,
    take_off,
    trial_models,
)


def solve_one(design, values):
    """Give the beta and t of the first column, by the textbook."""
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ values
    left = values - design @ beta
    noise = (left**2).sum(axis=0) / (len(design) - design.shape[1])
    return beta[0], beta[0] / np.sqrt(noise * inverse[0, 0])


@pytest.fixture
def problem(rng):
    trials = np.maximum(rng.standard_normal((80, 9)), 0) * (rng.random((80, 9)) < 0.2)
    nuisance = np.column_stack([np.ones(80), np.linspace(-1, 1, 80), rng.standard_normal((80, 3))])
    values = 1000 + 5 * rng.standard_normal((80, 20)) + trials @ rng.standard_normal((9, 20))
    return trials, nuisance, values


@pytest.mark.parametrize("separate", [True, False])
def test_agrees_with_the_model_of_each_trial(problem, separate):
    trials, nuisance, values = problem
    models = trial_models(trials, nuisance, separate)
    betas, t = models.solve(values)
    for i in range(trials.shape[1]):
        rest = np.delete(trials, i, axis=1)
        others = rest.sum(axis=1, keepdims=True) if separate else rest
        design = np.column_stack([trials[:, i], others, nuisance])
        beta, expected = solve_one(design, values)
        assert_allclose(betas[i], beta, rtol=1e-9)
        assert_allclose(t[i], expected, rtol=1e-9)
        assert models.dof[i] == 80 - design.shape[1]
        assert_allclose(models.variance[i], np.linalg.inv(design.T @ design)[0, 0], rtol=1e-9)


def test_nuisance_that_others_span_costs_no_degree_of_freedom(problem):
    trials, nuisance, values = problem
    twice = np.hstack([nuisance, nuisance[:, :2], np.zeros((80, 1))])
    once, again = trial_models(trials, nuisance, True), trial_models(trials, twice, True)
    assert (once.dof == again.dof).all()
    assert_allclose(once.solve(values)[1], again.solve(values)[1], rtol=1e-8)


@pytest.mark.parametrize("separate", [True, False])
def test_two_trials_that_are_the_same_cannot_be_told_apart(problem, separate):
    trials, nuisance, values = problem
    same = trials.copy()
    same[:, 1] = same[:, 0]
    models = trial_models(same, nuisance, separate)
    if separate:
        # against the sum of all others each is still something
        assert np.isfinite(models.variance).all()
    else:
        assert np.isinf(models.variance[:2]).all()
        assert np.isfinite(models.variance[2:]).all()
        assert (models.solve(values)[0][:2] == 0).all()


def test_two_trials_alone_that_are_the_same_cannot_be_told_apart(problem):
    trials, nuisance, _ = problem
    models = trial_models(trials[:, [0, 0]], nuisance, True)
    assert np.isinf(models.variance).all()


@pytest.mark.parametrize("separate", [True, False])
def test_a_trial_that_the_nuisance_explains_is_not_estimated(problem, separate):
    trials, nuisance, values = problem
    trials[:, 2] = nuisance[:, 1] + nuisance[:, 2]
    models = trial_models(trials, nuisance, separate)
    assert np.isinf(models.variance[2])
    betas, t = models.solve(values)
    assert (betas[2] == 0).all()
    assert (t[2] == 0).all()
    assert np.isfinite(t).all()


@pytest.mark.parametrize("separate", [True, False])
def test_one_trial_alone(problem, separate):
    trials, nuisance, values = problem
    models = trial_models(trials[:, :1], nuisance, separate)
    beta, t = solve_one(np.column_stack([trials[:, 0], nuisance]), values)
    assert_allclose(models.solve(values)[0][0], beta, rtol=1e-9)
    assert_allclose(models.solve(values)[1][0], t, rtol=1e-9)
    assert models.dof[0] == 80 - 6


def test_constant_series_are_zero(problem):
    trials, nuisance, values = problem
    values[:, 3] = 812.5
    values[:, 4] = 0.0
    betas, t = trial_models(trials, nuisance, True).solve(values)
    assert (t[:, 3:5] == 0).all()
    assert_allclose(betas[:, 3:5], 0, atol=1e-9)


def test_more_series_than_one_chunk(problem, monkeypatch):
    trials, nuisance, values = problem
    models = trial_models(trials, nuisance, True)
    whole = models.solve(values)
    monkeypatch.setattr("sklearn_neurofuse.signal._glm._CHUNK", 7)
    for one, two in zip(models.solve(values), whole, strict=True):
        assert_allclose(one, two, rtol=1e-10)


def test_take_off_leaves_nothing_of_the_basis(problem):
    _, nuisance, values = problem
    basis = residual_basis(nuisance)
    assert basis.shape == (80, 5)
    assert_allclose(basis.T @ basis, np.eye(5), atol=1e-12)
    assert np.abs(basis.T @ take_off(basis, values)).max() < 1e-11
    assert residual_basis(np.zeros((80, 0))).shape == (80, 0)


def test_contrast_agrees_with_the_textbook(problem):
    trials, nuisance, values = problem
    design = np.hstack([trials, nuisance])
    weights = np.zeros(14)
    weights[:2] = 1, -1
    effect, t = contrast_effect(design, weights, values)
    beta = np.linalg.lstsq(design, values, rcond=None)[0]
    noise = ((values - design @ beta) ** 2).sum(axis=0) / (80 - 14)
    error = np.sqrt(noise * (weights @ np.linalg.inv(design.T @ design) @ weights))
    assert_allclose(effect, weights @ beta, rtol=1e-8)
    assert_allclose(t, weights @ beta / error, rtol=1e-8)


def test_contrast_that_cannot_be_estimated(problem):
    trials, nuisance, values = problem
    design = np.hstack([trials[:, :1], trials[:, :1], nuisance])
    with pytest.raises(ValueError, match="cannot be estimated"):
        contrast_effect(design, np.eye(7)[0], values)
    effect, _ = contrast_effect(design, np.eye(7)[0] + np.eye(7)[1], values)
    assert np.isfinite(effect).all()


def test_contrast_without_degrees_of_freedom(problem):
    _, nuisance, values = problem
    with pytest.raises(ValueError, match="5 volumes are too few for 5 regressors"):
        contrast_effect(nuisance[:5], np.eye(5)[0], values[:5])
