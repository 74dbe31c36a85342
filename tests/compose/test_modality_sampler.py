"""`ModalitySampler`."""

import pickle

import numpy as np
import pandas as pd
import pytest
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import ADASYN, SMOTE, RandomOverSampler
from imblearn.pipeline import Pipeline, make_pipeline
from imblearn.under_sampling import (
    ClusterCentroids,
    EditedNearestNeighbours,
    NearMiss,
    RandomUnderSampler,
    TomekLinks,
)
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import ModalitySampler, make_modality_transformer
from tests.compose.doubles import Runs

Y = np.repeat([0, 1], [17, 7])

RANDOM = [
    RandomUnderSampler(random_state=0),
    RandomOverSampler(random_state=0),
]
PICKING = [*RANDOM, TomekLinks(), NearMiss(n_neighbors=2), EditedNearestNeighbours(n_neighbors=2)]
MAKING = [
    SMOTE(random_state=0, k_neighbors=3),
    ADASYN(random_state=0, n_neighbors=3),
    SMOTEENN(random_state=0, smote=SMOTE(random_state=0, k_neighbors=3)),
    ClusterCentroids(random_state=0),
    RandomOverSampler(random_state=0, shrinkage=1.0),
]


@pytest.fixture
def X(paired):
    """Give 24 samples."""
    return paired[0]


@pytest.mark.parametrize("sampler", PICKING + MAKING, ids=repr)
def test_same_as_on_the_flat_matrix(X, sampler):
    ours = ModalitySampler(sampler)
    X_new, y_new = ours.fit_resample(X, Y)
    flat_new, expected = clone(sampler).fit_resample(np.asarray(X), Y)
    np.testing.assert_array_equal(y_new, expected)
    # blocks that are float32 round what was made in float64
    np.testing.assert_allclose(np.asarray(X_new), flat_new, rtol=1e-5, atol=1e-6)
    assert isinstance(X_new, Multimodal)
    assert X_new.layout == X.layout
    assert {X_new[n].dtype for n in X.modalities} == {X[n].dtype for n in X.modalities}


@pytest.mark.parametrize("sampler", PICKING, ids=repr)
def test_picked_samples_are_rows(X, sampler):
    ours = ModalitySampler(sampler)
    X_new, y_new = ours.fit_resample(X, Y)
    for name in X.modalities:
        np.testing.assert_array_equal(X_new[name].data, X[name].data[ours.sample_indices_])
    np.testing.assert_array_equal(y_new, Y[ours.sample_indices_])


@pytest.mark.parametrize("sampler", MAKING, ids=repr)
def test_made_samples_have_no_indices(X, sampler):
    ours = ModalitySampler(sampler)
    assert not hasattr(ours, "sample_indices_")
    ours.fit_resample(X, Y)
    assert not hasattr(ours, "sample_indices_")
    with pytest.raises(AttributeError, match="has made new samples"):
        ours.sample_indices_  # noqa: B018


@pytest.mark.parametrize("sampler", RANDOM, ids=repr)
def test_picking_at_random_flattens_nothing(gappy, sampler, monkeypatch):
    X, _ = gappy
    monkeypatch.setattr(Multimodal, "__array__", lambda *_, **__: pytest.fail("flattened"))
    X_new, y_new = ModalitySampler(sampler).fit_resample(X, Y)
    assert np.bincount(y_new).tolist() in ([7, 7], [17, 17])
    assert X_new["eeg"].space == X["eeg"].space
    runs = Multimodal(eeg=Runs(np.arange(24.0)))
    picked, _ = ModalitySampler(sampler).fit_resample(runs, Y)
    assert len(picked["eeg"].numbers) == len(y_new)


def test_missing_samples_cannot_be_compared(gappy):
    X, _ = gappy
    for sampler in (SMOTE(), TomekLinks()):
        with pytest.raises(ValueError, match="'eeg' is missing in 3 of 24 samples; impute"):
            ModalitySampler(sampler).fit_resample(X, Y)


def test_samples_that_are_not_arrays_yet_cannot_be_compared():
    with pytest.raises(TypeError, match=r"SMOTE looks at the numbers.*extractor"):
        ModalitySampler(SMOTE()).fit_resample(Multimodal(eeg=Runs(np.arange(24.0))), Y)


@pytest.mark.parametrize("sampler", [SMOTE(k_neighbors=2, random_state=0), RANDOM[0]], ids=repr)
def test_in_a_pipeline(X, sampler):
    model = make_pipeline(
        make_modality_transformer(eeg=PCA(3), fmri=StandardScaler()),
        ModalitySampler(sampler),
        make_modality_transformer(links=StandardScaler()),
        LogisticRegression(),
    )
    scores = cross_validate(model, X, Y, cv=3, n_jobs=2, error_score="raise")
    assert scores["test_score"].shape == (3,)
    # nothing is resampled in predict
    assert model.fit(X, Y).predict(X).shape == (24,)


def test_parameters_of_the_sampler_are_searched(X):
    model = Pipeline(
        [("sampler", ModalitySampler(SMOTE(random_state=0))), ("c", LogisticRegression())]
    )
    grid = {"sampler__sampler__k_neighbors": [1, 2], "c__C": [1.0]}
    search = GridSearchCV(model, grid, cv=3, n_jobs=2, error_score="raise").fit(X, Y)
    assert search.best_params_["sampler__sampler__k_neighbors"] in (1, 2)
    fitted = search.best_estimator_["sampler"]
    assert fitted.sampler_.k_neighbors == search.best_params_["sampler__sampler__k_neighbors"]


def test_kind_of_target_is_kept(X):
    _, y_new = ModalitySampler(RANDOM[0]).fit_resample(X, pd.Series(Y, name="label"))
    assert isinstance(y_new, pd.Series)
    _, y_new = ModalitySampler(SMOTE(k_neighbors=2)).fit_resample(X, np.array(["a", "b"])[Y])
    assert sorted(set(y_new)) == ["a", "b"]


def test_sampler_is_cloned(X):
    sampler = RandomUnderSampler(random_state=0)
    ours = ModalitySampler(sampler)
    assert ours.fit(X, Y) is ours
    assert ours.sampler_.sampling_strategy_ == {0: 7}
    assert not hasattr(sampler, "sampling_strategy_")
    assert ours.n_features_in_ == X.shape[1]


def test_refit_with_another_sampler(X):
    ours = ModalitySampler(RANDOM[0])
    ours.fit_resample(X, Y)
    assert hasattr(ours, "sample_indices_")
    ours.set_params(sampler=SMOTE(k_neighbors=2)).fit_resample(X, Y)
    assert not hasattr(ours, "sample_indices_")


def test_pickle_and_clone(X):
    ours = ModalitySampler(RANDOM[0])
    first, _ = ours.fit_resample(X, Y)
    second, _ = clone(pickle.loads(pickle.dumps(ours))).fit_resample(X, Y)
    np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.parametrize("sampler", [SMOTE, StandardScaler(), None, "smote"])
def test_unfit_sampler(X, sampler):
    with pytest.raises(TypeError, match="must be an imbalanced-learn sampler, an instance"):
        ModalitySampler(sampler).fit_resample(X, Y)


def test_unfit_kind_of_X():
    with pytest.raises(TypeError, match="X must be a Multimodal, got ndarray"):
        ModalitySampler(SMOTE()).fit_resample(np.zeros((24, 3)), Y)
