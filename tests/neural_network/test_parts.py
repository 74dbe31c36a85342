"""The numerical parts, each against what is known."""

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from sklearn_neurofuse.containers import Block, ConnectomeSpace, Multimodal
from sklearn_neurofuse.neural_network import FusionClassifier
from sklearn_neurofuse.neural_network._components import find_axes, make_components
from sklearn_neurofuse.neural_network._folds import count_folds, hold_out, make_folds
from sklearn_neurofuse.neural_network._gate import choose_gate
from sklearn_neurofuse.neural_network._interactions import find_directions
from sklearn_neurofuse.neural_network._linear_path import INTERCEPT, fit_linear, mixtures
from sklearn_neurofuse.neural_network._standardize import Standardizer
from sklearn_neurofuse.neural_network._tasks import Classification, Regression


def ridge(kernel, y, rows=slice(None), sample_weight=None):
    whole = kernel + INTERCEPT
    model = KernelRidge(alpha=0.7, kernel="precomputed")
    return model.fit(whole[rows][:, rows], y[rows], sample_weight=sample_weight), whole


def test_linear_path_is_kernel_ridge_and_its_left_out_predictions_are_refits(rng):
    X = rng.standard_normal((40, 60))
    y = X[:, :2] + 0.1 * rng.standard_normal((40, 2))
    kernel = X @ X.T / 60
    folds = [test for _, test in KFold(4).split(X)]
    fit = fit_linear(kernel[None], y, np.ones(40), folds, np.ones((1, 1)), np.array([0.7]))
    expected = np.empty((40, 2))
    for fold in folds:
        rest = np.setdiff1d(np.arange(40), fold)
        model, whole = ridge(kernel, y, rest)
        expected[fold] = model.predict(whole[np.ix_(fold, rest)])
    scale = np.sum(expected * y) / np.sum(expected**2)
    np.testing.assert_allclose(fit.out_of_fold, scale * expected, atol=1e-8)
    model, whole = ridge(kernel, y)
    np.testing.assert_allclose(fit.predict(kernel[None]), scale * model.predict(whole), atol=1e-8)


def test_linear_path_with_weights_is_weighted_ridge(rng):
    X = rng.standard_normal((30, 40))
    y, weight = X[:, :1].copy(), rng.uniform(0.5, 2.0, 30)
    kernel = X @ X.T / 40
    folds = [test for _, test in KFold(3).split(X)]
    fit = fit_linear(kernel[None], y, weight, folds, np.ones((1, 1)), np.array([0.7]))
    model, whole = ridge(kernel, y, sample_weight=weight / weight.mean())
    ratio = fit.predict(kernel[None]) / model.predict(whole)
    np.testing.assert_allclose(ratio, np.full((30, 1), ratio[0, 0]), rtol=1e-8)


def test_linear_path_averages_what_predicts_alike(rng):
    X = rng.standard_normal((1, 20, 50))
    kernels = np.repeat(X @ X.transpose(0, 2, 1) / 50, 2, axis=0)
    folds = [test for _, test in KFold(5).split(X[0])]
    fit = fit_linear(kernels, X[0, :, :1], np.ones(20), folds, np.eye(2))
    np.testing.assert_allclose(fit.mixture, 0.5)


def test_linear_path_chooses_the_modality_that_knows(rng):
    X = rng.standard_normal((2, 80, 50))
    y = X[1, :, :5].sum(axis=1, keepdims=True)
    kernels = X @ X.transpose(0, 2, 1) / 50
    folds = [test for _, test in KFold(5).split(y)]
    fit = fit_linear(kernels, y, np.ones(80), folds, mixtures([50, 50]))
    assert fit.mixture[1] >= 0.8


def coloured(rng, signs, decay, n_features=400, n_telling=40, distance=0.8):
    """Make samples whose noise has few dimensions; classes differ alike in all of them."""
    spread = np.arange(1, n_features + 1.0) ** -decay
    shift = rng.standard_normal(n_features) * (np.arange(n_features) < n_telling)
    noise = rng.standard_normal((len(signs), n_features))
    noise += np.outer(signs, distance * shift / np.linalg.norm(shift))
    return noise * spread @ np.linalg.qr(rng.standard_normal((n_features, n_features)))[0]


def test_what_modalities_tell_on_their_own_adds_up():
    lost = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        signs = rng.choice([-1, 1], size=1160)
        X = Multimodal(fmri=coloured(rng, signs, 0.3), eeg=coloured(rng, signs, 1.0))
        said = {}
        for names in (["fmri"], ["eeg"], ["fmri", "eeg"]):
            model = FusionClassifier(parts=("linear",), random_state=0)
            model.fit(X.select(names)[:160], signs[:160])
            said["+".join(names)] = model.decision_function(X.select(names)[160:])
        reached = roc_auc_score(signs[160:], said["fmri+eeg"])
        lost.append(roc_auc_score(signs[160:], said["fmri"] + said["eeg"]) - reached)
    # one ridge regression on both together loses .02
    assert np.mean(lost) < 0.008


def test_mixtures_sum_to_one_and_hold_each_modality_alone():
    for sizes in ([7], [100, 50], [3, 3, 4]):
        found = mixtures(sizes)
        np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-5)
        assert {tuple(row) for row in np.eye(len(sizes))} <= {tuple(row) for row in found}


def test_components_are_filters_with_their_patterns(rng):
    maps = rng.laplace(size=(3, 4000)) ** 3
    loadings = rng.standard_normal((60, 3))
    maps /= maps.std(axis=1, keepdims=True)
    data = (loadings @ maps + rng.standard_normal((60, 4000))).astype(np.float32)
    axes = find_axes(data, (data @ data.T).astype(float), 3, 0)
    components = make_components(data, axes, np.eye(axes.scores.shape[1], 3) @ axes.unmixing)
    np.testing.assert_allclose(components.score(data), axes.independent, atol=1e-3)
    r = np.abs(np.corrcoef(maps, components.patterns)[:3, 3:])
    assert (r.max(axis=1) > 0.9).all(), "each planted map is a component"
    new = (rng.standard_normal((50, 3)) @ maps).astype(np.float32)
    assert components.score(new).shape == (50, 3)


def test_directions_find_a_planted_product_and_nothing_where_there_is_none(rng):
    n = 200
    one, two = rng.standard_normal((2, n, 300)).astype(np.float32)
    signs = rng.choice([-1.0, 1.0], (2, n))
    one[:, :30] += 1.5 * signs[0, :, None]
    two[:, 50:80] += 1.5 * signs[1, :, None]
    axes = [find_axes(x, (x @ x.T).astype(float), 10, 0) for x in (one, two)]
    folds = [test for _, test in KFold(5).split(one)]
    left = (signs[0] * signs[1])[:, None] / 2
    found = find_directions(*axes, left, folds)
    product = found.scores[0][:, 0] * found.scores[1][:, 0]
    assert np.mean(product * left[:, 0] > 0) > 0.95
    assert found.strength.sum() > 0.4
    noise = rng.choice([-0.5, 0.5], (n, 1))
    assert find_directions(*axes, noise, folds).strength.sum() < 0.2


@pytest.mark.parametrize("task", [Classification(2), Classification(3), Regression()])
def test_gate_stays_closed_for_noise_and_opens_for_knowledge(rng, task):
    n = 300
    y = rng.integers(3, size=n) % getattr(task, "n_classes", 2)
    y = y if isinstance(task, Classification) else y - 0.5
    linear = np.zeros((n, task.n_outputs))
    noise = rng.standard_normal((n, task.n_outputs))
    knows = task.code(y) + 0.5 * noise
    assert choose_gate(task, linear, noise, y, np.ones(n), None) == (0.0, 1.0)
    assert choose_gate(task, linear, knows, y, np.ones(n), None)[0] > 0
    # samples of one person say the same: two persons are no evidence
    people = np.arange(n) % 2
    few = np.where(people == 0, 1.0, -0.99)[:, None] * task.code(y)
    assert choose_gate(task, linear, few, y, np.ones(n), people)[0] == 0


def test_gate_drops_a_linear_path_that_is_noise(rng):
    y = rng.integers(2, size=400)
    task = Classification(2)
    noise, knows = rng.standard_normal((400, 1)), 2.0 * task.code(y)
    gate, share = choose_gate(task, noise, knows, y, np.ones(400), None)
    assert gate >= 1
    assert share == 0


def test_calibration_ignores_scores_that_point_the_wrong_way(rng):
    y = np.tile([0, 1], 30)
    weight = np.ones(60)
    slope, intercept = Classification(2).calibrate(-Classification(2).code(y), y, weight)
    assert slope == 0
    np.testing.assert_allclose(intercept, 0, atol=1e-9)
    target = rng.standard_normal(60)
    slope, _ = Regression().calibrate(-target[:, None], target, weight)
    assert slope == 0
    slope, intercept = Regression().calibrate(2 * target[:, None] + 3, target, weight)
    np.testing.assert_allclose(slope * (2 * target + 3) + intercept, target[None], atol=1e-9)


def test_folds_keep_groups_together_and_count_the_smallest_class():
    y = np.array([0] * 20 + [1] * 20)
    groups = np.repeat(np.arange(8), 5)
    assert count_folds(y, groups, 5) == 4
    assert count_folds(y, np.repeat(np.arange(4), 10), 5) == 0
    assert count_folds(y, None, 5) == 5
    assert count_folds(np.linspace(0, 1, 7), None, 5) == 5
    folds = make_folds(y, groups, 4, 0)
    np.testing.assert_array_equal(np.sort(np.concatenate(folds)), np.arange(40))
    for fold in folds:
        rest = np.setdiff1d(np.arange(40), fold)
        assert not set(groups[fold]) & set(groups[rest])
        assert set(y[fold]) == {0, 1}
    held_out = hold_out(y, groups, 0)
    assert not set(groups[held_out]) & set(np.delete(groups, held_out))
    assert hold_out(np.array([0, 0, 0, 1, 1, 1]), None, 0) is None


def test_standardizer_takes_out_units_and_the_level_of_a_connectome(rng):
    epochs = Block(1e-5 * (3 + rng.standard_normal((30, 4, 20))))
    standardizer = Standardizer.fit(epochs, np.arange(20))
    made = standardizer.transform(epochs.data[:20])
    np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(made.std(axis=0), 1, atol=1e-4)
    constant = Block(np.full((10, 3), 0.1))
    assert not Standardizer.fit(constant, np.arange(10)).transform(constant.data).any()
    edges = rng.standard_normal((30, 6))
    space = ConnectomeSpace("abcd")
    usual = Standardizer.fit(Block(edges, space), np.arange(30))
    np.testing.assert_allclose(usual.transform(edges), usual.transform(5 * edges + 2), atol=1e-5)
