"""Canonical correlation between modalities."""

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose
from sklearn.cross_decomposition import CCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.decomposition import MultimodalCCA

from .conftest import make_linked


@pytest.fixture
def small(rng):
    """Give two modalities with fewer features than samples and two shared signals."""
    common = rng.normal(size=(90, 2))
    return Multimodal(
        a=common @ rng.normal(size=(2, 7)) + rng.normal(size=(90, 7)),
        b=common @ rng.normal(size=(2, 5)) + rng.normal(size=(90, 5)),
    )


@pytest.fixture
def unrelated(rng):
    """Give two modalities that share nothing, with almost as many features as samples."""
    return Multimodal(a=rng.normal(size=(60, 26)), b=rng.normal(size=(60, 18)))


def test_correlations_are_scikit_learns(small):
    cca = MultimodalCCA(3, 0.0).fit(small)
    peer = CCA(3, max_iter=5000, tol=1e-14).fit(small["a"].data, small["b"].data)
    a, b = peer.transform(small["a"].data, small["b"].data)
    expected = [np.corrcoef(one, two)[0, 1] for one, two in zip(a.T, b.T, strict=True)]
    assert_allclose(cca.correlations_, expected, atol=1e-6)
    scores = cca.transform(small)
    ours = [np.corrcoef(scores[:, i], scores[:, 3 + i])[0, 1] for i in range(3)]
    assert_allclose(ours, expected, atol=1e-6)
    assert cca.score(small) == pytest.approx(np.mean(expected))


def test_in_sample_flatters_and_held_out_does_not(unrelated):
    cca = MultimodalCCA(1, 0.0, random_state=0).fit(unrelated)
    assert cca.correlations_[0] > 0.95
    assert abs(cca.cv_correlations_[0]) < 0.35
    assert abs(cross_val_score(MultimodalCCA(1, 0.0), unrelated, cv=5).mean()) < 0.35


def test_cross_validated_correlation_is_that_of_refitted_models(linked):
    cca = MultimodalCCA(2, 0.3, cv=3, random_state=1).fit(linked)
    groups = np.arange(60)
    fold = np.random.RandomState(1).permutation(groups % 3)
    scores = np.empty((60, 6))
    for k in range(3):
        part = MultimodalCCA(2, 0.3, cv=None).fit(linked[fold != k])
        scores[fold == k] = part.transform(linked[fold == k])
        # the sign of a component is arbitrary; that of all modalities is common
        scores[fold == k] *= np.tile(
            np.sign(scores[fold == k][:, :2].T @ np.ones(sum(fold == k))), 3
        )
    r = np.corrcoef(scores.T)
    expected = [np.mean([r[i, 2 + i], r[i, 4 + i], r[2 + i, 4 + i]]) for i in range(2)]
    assert_allclose(cca.cv_correlations_, expected, atol=0.02)


def test_groups_stay_together():
    # ten people with six nearly equal samples each, whose modalities share nothing
    person = np.repeat(np.arange(10), 6)
    model = MultimodalCCA(1, 0.5, n_permutations=19, random_state=0)
    by_sample, by_person = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        people = {name: rng.normal(size=(10, 40))[person] for name in "ab"}
        X = Multimodal(**{n: p + 0.01 * rng.normal(size=p.shape) for n, p in people.items()})
        for found, groups in ((by_sample, None), (by_person, person)):
            model.fit(X, groups=groups)
            found.append((model.cv_correlations_[0], model.p_values_[0]))
    correlation, p = np.transpose(by_sample)
    assert correlation.min() > 0.9
    assert p.max() == 0.05
    correlation, p = np.transpose(by_person)
    assert correlation.mean() < 0.3
    assert p.mean() > 0.3
    model = MultimodalCCA(1)
    with pytest.raises(ValueError, match="two or more groups"):
        model.fit(X, groups=np.zeros(60))
    with pytest.raises(ValueError, match="groups must have length 60"):
        model.fit(X, groups=person[1:])


def test_groups_are_routed(linked):
    groups = np.repeat(np.arange(12), 5)
    pipe = make_pipeline(MultimodalCCA(1, random_state=0), LogisticRegression())
    y = np.arange(60) % 2
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(pipe, {"multimodalcca__n_components": [1]}, cv=GroupKFold(3))
        search.fit(linked, y, groups=groups)
    expected = MultimodalCCA(1, random_state=0).fit(linked, groups=groups).cv_correlations_
    assert_allclose(search.best_estimator_[0].cv_correlations_, expected)


def test_p_values(linked):
    model = MultimodalCCA(2, n_permutations=49, random_state=0)
    assert_allclose(model.fit(linked).p_values_, 0.02)
    nothing = [model.fit(make_linked(60, link=0.0, seed=s)[0]).p_values_[0] for s in range(8)]
    assert np.mean(nothing) > 0.2
    sizes = np.repeat(np.arange(3), [10, 20, 30])
    with pytest.raises(ValueError, match="groups of equal size"):
        MultimodalCCA(1, n_permutations=9, cv=None).fit(linked, groups=sizes)


def test_a_ridge_is_scored_by_correlations_not_by_singular_values(linked):
    for ridge in (0.1, 0.5, 1.0):
        cca = MultimodalCCA(3, ridge).fit(linked)
        assert (np.abs(cca.correlations_) <= 1.0).all()
        scores = cca.transform(linked)
        r = np.corrcoef(scores.T)
        expected = [np.mean([r[i, 3 + i], r[i, 6 + i], r[3 + i, 6 + i]]) for i in range(3)]
        assert_allclose(cca.correlations_, expected, atol=1e-9)


def test_maps_mean_what_they_say(linked):
    cca = MultimodalCCA(2, 0.2).fit(linked)
    scores = cca.transform(linked)[:, :2]
    fmri = linked["fmri"].data.reshape(60, -1)
    loadings = np.corrcoef(scores.T, fmri.T)[:2, 2:]
    assert_allclose(cca.loadings_["fmri"].reshape(2, -1), loadings, atol=1e-9)
    centred = fmri - fmri.mean(axis=0)
    patterns = np.linalg.lstsq(scores, centred, rcond=None)[0]
    assert_allclose(cca.components_["fmri"].reshape(2, -1), patterns, atol=1e-9)
    assert_allclose(centred @ cca.weights_["fmri"].reshape(2, -1).T, scores, atol=1e-9)
    strongest = np.abs(loadings).argmax(axis=1)
    assert (loadings[np.arange(2), strongest] > 0.0).all()


def test_ridges_by_modality_and_automatic(linked):
    given = {"fmri": 0.1, "eeg": "auto", "genes": 1.0}
    cca = MultimodalCCA(1, given).fit(linked)
    assert cca.regularization_["fmri"] == 0.1
    assert 0.0 < cca.regularization_["eeg"] < 1.0
    with pytest.raises(ValueError, match="must name every modality"):
        MultimodalCCA(1, {"fmri": 0.1}).fit(linked)


@pytest.mark.parametrize("scheme", ["sumcor", "ssqcor"])
def test_schemes_give_linked_scores(linked, scheme):
    assert MultimodalCCA(3, scheme=scheme, random_state=0).fit(linked).cv_correlations_.min() > 0.8


def test_collinear_features_warn_and_give_no_nan(small):
    doubled = small.replace(a=np.hstack([small["a"].data, small["a"].data]))
    with pytest.warns(UserWarning, match="'a' are collinear: 14 vary but their rank is 7"):
        cca = MultimodalCCA(3, 0.0).fit(doubled)
    assert_allclose(cca.correlations_, MultimodalCCA(3, 0.0).fit(small).correlations_, atol=1e-7)
    assert np.isfinite(cca.weights_["a"]).all()


def test_collinear_modalities_warn_and_give_no_nan(small, rng):
    same = small.replace(b=small["a"].data @ rng.normal(size=(7, 7)))
    with pytest.warns(UserWarning, match="component 0, 1 correlates perfectly"):
        cca = MultimodalCCA(2, 0.0).fit(same)
    assert np.isfinite(cca.transform(same)).all()


def test_too_few_samples_for_no_ridge_warn():
    X = make_linked(20)[0]
    with pytest.warns(UserWarning, match="more regularization"):
        MultimodalCCA(1, 0.0, cv=None).fit(X)


def test_optional_results(small):
    cca = MultimodalCCA(1, cv=None).fit(small)
    assert not hasattr(cca, "cv_correlations_")
    assert not hasattr(cca, "p_values_")
    assert_allclose(cca.score_components(small), cca.correlations_)
    with pytest.raises(NotFittedError):
        MultimodalCCA().score_components(small)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"regularization": 1.5}, r"regularization must be in \[0.0, 1.0\], got 1.5"),
        ({"regularization": {"a": -1.0, "b": 0.1}}, "regularization must be in"),
        ({"scheme": "maxva"}, "did you mean 'maxvar'"),
        ({"cv": 1}, r"cv must be in \[2"),
        ({"n_permutations": -1}, "n_permutations must be in"),
    ],
)
def test_bad_parameters(small, parameters, message):
    with pytest.raises(ValueError, match=message):
        MultimodalCCA(**parameters).fit(small)


def test_an_unknown_word_is_no_ridge(small):
    with pytest.raises(TypeError, match="regularization must be a number"):
        MultimodalCCA(regularization="lw").fit(small)
