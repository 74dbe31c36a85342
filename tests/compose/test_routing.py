"""Metadata on its way to the branches."""

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.compose import ModalitySelector, make_modality_transformer
from tests.compose.doubles import Recorder


@pytest.fixture
def routing():
    """Switch metadata routing on."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def weights():
    """Give a weight for each of 24 samples."""
    return np.linspace(0.1, 1.0, 24)


def weighted():
    return Recorder().set_fit_request(sample_weight=True, groups=False)


def grouped():
    return Recorder().set_fit_request(sample_weight=False, groups=True)


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_each_branch_gets_what_it_requests(paired, weights, method):
    X, y = paired
    transformer = make_modality_transformer(eeg=weighted(), fmri=grouped(), links="drop")
    getattr(transformer, method)(X, y, sample_weight=weights, groups=y)
    eeg, fmri = transformer.named_transformers_["eeg"], transformer.named_transformers_["fmri"]
    assert eeg.seen_["sample_weight"] is weights
    assert eeg.seen_["groups"] is None
    assert fmri.seen_["sample_weight"] is None
    assert fmri.seen_["groups"] is y


@pytest.mark.usefixtures("routing")
def test_as_the_last_step_of_a_pipeline(paired, weights):
    X, y = paired
    model = make_pipeline(ModalitySelector("eeg"), make_modality_transformer(eeg=weighted()))
    model.fit(X, y, sample_weight=weights)
    assert model[-1].named_transformers_["eeg"].seen_["sample_weight"] is weights


@pytest.mark.usefixtures("routing")
def test_metadata_of_transform(paired):
    X, y = paired
    asking = Recorder().set_transform_request(marker=True)
    deaf = Recorder().set_transform_request(marker=False)
    transformer = make_modality_transformer(eeg=asking, fmri=deaf).fit(X, y)
    transformer.transform(X, marker="here")
    assert transformer.named_transformers_["eeg"].marker_ == "here"
    assert transformer.named_transformers_["fmri"].marker_ is None


@pytest.mark.usefixtures("routing")
def test_missing_samples_take_their_metadata_along(gappy, weights):
    X, y = gappy
    both = Recorder().set_fit_request(sample_weight=True, groups=True)
    transformer = make_modality_transformer(eeg=both)
    transformer.fit(X, y, sample_weight=weights, groups=["a", "b"] * 12)
    seen = transformer.named_transformers_["eeg"].seen_
    rows = np.setdiff1d(np.arange(24), [2, 3, 20])
    np.testing.assert_array_equal(seen["sample_weight"], weights[rows])
    assert seen["groups"] == ["ab"[row % 2] for row in rows]


@pytest.mark.usefixtures("routing")
def test_through_pipeline_and_cross_validation(paired, weights):
    X, y = paired
    model = make_pipeline(
        make_modality_transformer(
            eeg=make_pipeline(grouped()),
            links=StandardScaler().set_fit_request(sample_weight=True),
        ),
        LogisticRegression().set_fit_request(sample_weight=True),
    )
    subject = np.tile(np.arange(6), 4)
    scores = cross_validate(
        model,
        X,
        y,
        cv=GroupKFold(3),
        params={"groups": subject, "sample_weight": weights},
        scoring=make_scorer(accuracy_score).set_score_request(sample_weight=True),
        return_estimator=True,
        return_indices=True,
        n_jobs=2,
        error_score="raise",
    )
    for fitted, train in zip(scores["estimator"], scores["indices"]["train"], strict=True):
        branches = fitted[0].named_transformers_
        np.testing.assert_array_equal(branches["eeg"][0].seen_["groups"], subject[train])
        expected = StandardScaler().fit(np.asarray(X["links"])[train], None, weights[train])
        np.testing.assert_allclose(branches["links"].mean_, expected.mean_)


@pytest.mark.usefixtures("routing")
def test_what_nobody_requests_is_refused(paired, weights):
    X, y = paired
    with pytest.raises(TypeError, match="unexpected argument"):
        make_modality_transformer(eeg="passthrough").fit(X, y, sample_weight=weights)
    with pytest.raises(ValueError, match="sample_weight"):
        make_modality_transformer(eeg=Recorder()).fit(X, y, sample_weight=weights)


def test_without_routing(paired, weights):
    X, y = paired
    transformer = make_modality_transformer(eeg=Recorder())
    transformer.fit(X, y).transform(X)
    for call in (
        lambda: transformer.fit(X, y, sample_weight=weights),
        lambda: transformer.fit_transform(X, y, sample_weight=weights),
        lambda: transformer.transform(X, sample_weight=weights),
    ):
        with pytest.raises(ValueError, match="sample_weight can be given only with"):
            call()
