"""Joint ICA, CCA and joint ICA, and parallel ICA on planted sources."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.decomposition import CCAJointICA, JointICA, ParallelICA

from .conftest import make_linked, matched

ALL = [JointICA, CCAJointICA, ParallelICA]


@pytest.mark.parametrize("estimator", ALL)
def test_finds_planted_maps_and_loadings(estimator):
    X, loadings, maps = make_linked(80)
    fitted = estimator(3, random_state=0).fit(X)
    for name in X.modalities:
        assert matched(maps[name], fitted.components_[name]).min() > 0.95
    assert matched(loadings["eeg"].T, fitted.transform(X).T).min() > 0.98


@pytest.mark.parametrize("estimator", ALL)
def test_finds_the_number_of_components(estimator):
    X = make_linked(80, n_components=4)[0]
    assert estimator(random_state=0).fit(X).n_components_ == 4


@pytest.mark.parametrize("estimator", [CCAJointICA, ParallelICA])
def test_loadings_may_differ_between_modalities(estimator):
    X, loadings, maps = make_linked(200, link=0.6)
    fitted = estimator(3, random_state=0).fit(X)
    scores = np.split(fitted.transform(X), 3, axis=1)
    for i, name in enumerate(X.modalities):
        assert matched(maps[name], fitted.components_[name]).min() > 0.9
        assert matched(loadings[name].T, scores[i].T).min() > 0.9
    assert (np.diff(np.abs(fitted.linkage_)) <= 0.0).all()


def test_joint_ica_fails_where_loadings_differ_and_cca_does_not():
    # one component linked, one not: a common loading can only follow one modality
    joint, separate = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        a, b = rng.normal(size=(2, 100, 2))
        b[:, 0] = a[:, 0]
        maps = {"a": rng.laplace(size=(2, 900)), "b": rng.laplace(size=(2, 900))}
        X = Multimodal(
            **{
                name: loading @ maps[name] + rng.normal(size=(100, 900))
                for name, loading in (("a", a), ("b", b))
            }
        )
        for found, estimator in ((joint, JointICA), (separate, CCAJointICA)):
            fitted = estimator(2, random_state=0).fit(X)
            scores = fitted.transform(X).T
            found.append([matched(a.T, scores[:2]), matched(b.T, scores[-2:])])
    assert np.mean(joint, axis=0)[:, 0].min() > 0.9
    assert np.mean(joint, axis=0)[:, 1].min() < 0.8
    assert np.mean(separate, axis=0).min() > 0.95


def test_joint_ica_keeps_order_sign_and_stability():
    X = make_linked(80)[0]
    fitted = JointICA(3, tol=1e-12, random_state=0).fit(X)
    assert (np.diff(fitted.explained_variance_ratio_) <= 0.0).all()
    assert 0.9 < fitted.explained_variance_ratio_.sum() <= 1.0
    assert fitted.stability_.min() > 0.8
    again = JointICA(3, tol=1e-12, random_state=7).fit(X)
    assert_allclose(fitted.transform(X), again.transform(X), atol=1e-4)
    assert np.isnan(JointICA(3, n_runs=1, random_state=0).fit(X).stability_).all()


def test_joint_ica_scores_the_variance_explained():
    X = make_linked(80, noise=0.0)[0]
    fitted = JointICA(3, random_state=0).fit(X[:60])
    assert fitted.score(X[60:]) == pytest.approx(1.0, abs=1e-9)
    noisy = make_linked(80, noise=3.0)[0]
    fitted = JointICA(8, random_state=0).fit(noisy[:20])
    assert 0.1 < fitted.score(noisy[20:]) < fitted.score(noisy[:20]) - 0.1 < 0.9


def test_modalities_weigh_the_same_whatever_their_units():
    X = make_linked(80)[0]
    scaled = X.replace(eeg=X["eeg"].data * 1e-6)
    one, two = JointICA(3, random_state=0).fit(X), JointICA(3, random_state=0).fit(scaled)
    assert_allclose(one.transform(X), two.transform(scaled), atol=1e-8)
    assert_allclose(one.components_["eeg"] * 1e-6, two.components_["eeg"], atol=1e-14)


@pytest.mark.parametrize("estimator", [CCAJointICA, ParallelICA])
def test_links_are_scored_on_other_samples(estimator):
    X = make_linked(200, link=0.8)[0]
    fitted = estimator(3, random_state=0).fit(X[:100])
    assert fitted.score(X[:100]) == pytest.approx(np.abs(fitted.linkage_).mean())
    assert 0.4 < fitted.score(X[100:]) < 0.9
    unrelated = make_linked(200, link=0.0)[0]
    assert abs(estimator(3, random_state=0).fit(unrelated[:100]).score(unrelated[100:])) < 0.2


def test_canonical_correlations_of_the_first_step():
    X = make_linked(200, link=0.8)[0]
    fitted = CCAJointICA(3, random_state=0).fit(X)
    assert fitted.canonical_correlations_[0] >= np.abs(fitted.linkage_).max() - 1e-9


def test_coupling_links_parallel_components():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(100, 3))
    b = 0.95 * a + 0.31 * rng.normal(size=a.shape)
    X = Multimodal(
        a=a @ rng.laplace(size=(3, 120)) + rng.normal(size=(100, 120)),
        b=b @ rng.laplace(size=(3, 120)) + rng.normal(size=(100, 120)),
    )
    links = [
        ParallelICA(3, coupling=c, random_state=0).fit(X).linkage_.mean() for c in (0.0, 0.1, 1.0)
    ]
    assert links == sorted(links)
    assert ParallelICA(3, random_state=0).fit(X).linkage_.min() > 0.0
    assert ParallelICA(3, min_correlation=0.7, random_state=0).fit(X).min_correlation_ == 0.7


@pytest.mark.parametrize("estimator", [JointICA, CCAJointICA])
def test_picard(estimator):
    X, _, maps = make_linked(80)
    fitted = estimator(3, algorithm="picard", random_state=0).fit(X)
    assert matched(maps["eeg"], fitted.components_["eeg"]).min() > 0.95


@pytest.mark.parametrize("estimator", [JointICA, CCAJointICA])
def test_says_that_it_did_not_converge(estimator):
    X = make_linked(40)[0]
    with pytest.warns(ConvergenceWarning, match="no convergence in max_iter=1"):
        estimator(6, max_iter=1, random_state=0).fit(X)


@pytest.mark.parametrize(
    ("estimator", "parameters", "message"),
    [
        (JointICA, {"algorithm": "fastica2"}, "did you mean 'fastica'"),
        (CCAJointICA, {"contrast": "tanh"}, "contrast must be one of 'logcosh'"),
        (JointICA, {"n_runs": 0}, r"n_runs must be in \[1"),
        (JointICA, {"n_components": "all"}, "n_components must be"),
        (ParallelICA, {"coupling": -0.1}, "coupling must be in"),
        (ParallelICA, {"min_correlation": 1.1}, "min_correlation must be in"),
        (ParallelICA, {"max_iter": 0}, r"max_iter must be in \[1"),
        (ParallelICA, {"tol": 0.0}, "tol must be in"),
    ],
)
def test_bad_parameters(linked, estimator, parameters, message):
    with pytest.raises((ValueError, TypeError), match=message):
        estimator(**parameters).fit(linked)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("estimator", [JointICA, CCAJointICA])
def test_one_feature_each_is_enough(estimator, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(30, 1))
    X = Multimodal(a=a, b=rng.normal(size=(30, 1)) - a)
    scores = estimator(1, random_state=seed).fit_transform(X)
    assert np.isfinite(scores).all()
    assert scores.std() > 0.1


def test_as_many_components_as_features_are_refused():
    rng = np.random.default_rng(0)
    X = Multimodal(a=rng.normal(size=(30, 3)), b=rng.normal(size=(30, 8)))
    with pytest.raises(ValueError, match="ParallelICA: modality 'a': 3 maps over 3 features"):
        ParallelICA(3, random_state=0).fit(X)


def test_a_map_that_is_the_same_over_features_is_refused():
    rng = np.random.default_rng(0)
    level = rng.normal(size=(30, 1))
    X = Multimodal(a=level * np.ones((1, 6)), b=level * np.ones((1, 9)))
    with pytest.raises(ValueError, match="JointICA: 1 maps over 15 features do not differ enough"):
        JointICA(1, random_state=0).fit(X)
