"""Real steps of both modalities in scikit-learn's tools, in one process and in two."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.eeg import Epocher, FrequencyFilter
from sklearn_neurofuse.fmri import SpatialSmoother, VolumeWindow
from sklearn_neurofuse.recordings import Store
from tests.recordings.test_tools import N_RECORDINGS, make_both

GRID = {
    "modalitytransformer__eeg__frequencyfilter__h_freq": [10.0, 30.0],
    "modalitytransformer__fmri__spatialsmoother__fwhm": [None, 4.0],
}


@pytest.fixture
def data():
    """Give recordings of plausible size, classes and groups."""
    X, y, groups = make_both()
    for source in X["eeg"].sources:
        source.source.apply_function(lambda x: 1e-5 * (x - x.mean()), verbose="error")
    return X, y, groups


def make_model(n_jobs=None):
    scale = {"standardize": "recording", "n_jobs": n_jobs}
    return make_pipeline(
        make_modality_transformer(
            eeg=make_pipeline(FrequencyFilter(h_freq=30.0), Epocher(-0.1, 0.4, **scale)),
            fmri=make_pipeline(SpatialSmoother(4.0), VolumeWindow(0.0, 2.0, **scale)),
        ),
        LogisticRegression(),
    )


def remembering_nothing(X):
    return Multimodal(**{name: X[name].with_config(cache_dir=None) for name in X.modalities})


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_cross_validation(n_jobs, data, cache):
    X, y, groups = data
    settings = {"groups": groups, "cv": GroupKFold(4), "error_score": "raise"}
    scores = cross_validate(make_model(), X, y, n_jobs=n_jobs, **settings)["test_score"]
    assert Store(cache, 10**9).info()["n_entries"] == 2 * N_RECORDINGS
    expected = cross_validate(make_model(), remembering_nothing(X), y, **settings)["test_score"]
    np.testing.assert_array_equal(scores, expected)
    assert scores.mean() > 0.9


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search(n_jobs, data, cache):
    X, y, groups = data
    settings = {"cv": GroupKFold(4), "error_score": "raise"}
    search = GridSearchCV(make_model(), GRID, n_jobs=n_jobs, **settings).fit(X, y, groups=groups)
    # each recording of each modality once for each of its two settings
    assert Store(cache, 10**9).info()["n_entries"] == 2 * 2 * N_RECORDINGS
    plain = GridSearchCV(make_model(), GRID, **settings)
    plain.fit(remembering_nothing(X), y, groups=groups)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )
    assert search.predict(X[2:4]).tolist() == plain.predict(X[2:4]).tolist()


def test_workers_in_workers(data):
    # each of two fits takes its samples by two workers
    X, y, groups = data
    settings = {"groups": groups, "cv": GroupKFold(4), "error_score": "raise"}
    nested = cross_validate(make_model(n_jobs=2), X, y, n_jobs=2, **settings)["test_score"]
    plain = cross_validate(make_model(), remembering_nothing(X), y, **settings)["test_score"]
    np.testing.assert_array_equal(nested, plain)
