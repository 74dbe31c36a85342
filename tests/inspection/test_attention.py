"""Attention through estimators and pipelines, per sample and averaged."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from sklearn_neurofuse.compose import ModalitySelector
from sklearn_neurofuse.inspection import attention_maps


class Looker(ClassifierMixin, BaseEstimator):
    """Looks at one voxel and one time, more at the voxel in later samples."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.layout_ = X.layout
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def attention_weights(self, X):
        share = (1 + np.arange(len(X))) / (1 + len(X))
        maps = {name: np.zeros(X[name].shape) for name in X.modalities}
        maps["fmri"][:, 1, 2, 1] = share
        maps["eeg"][:, :, 4] = (1 - share)[:, None] / X["eeg"].shape[1]
        return Bunch(maps=maps, shares=np.column_stack([share, 1 - share]))


@pytest.fixture
def fitted(make_multimodal):
    X = make_multimodal(9)
    return make_pipeline(ModalitySelector(["fmri", "eeg"]), Looker()).fit(X, np.arange(9) % 2), X


def test_maps_come_back_in_the_spaces_of_the_samples(fitted):
    model, X = fitted
    found = attention_maps(model, X)
    assert len(found) == 9
    assert found.modality_share == pytest.approx({"fmri": 0.5, "eeg": 0.5})
    img = found.to_nifti(8)
    np.testing.assert_array_equal(img.affine, X["fmri"].space.affine)
    assert np.asarray(img.dataobj)[1, 2, 1] == pytest.approx(90)
    assert np.asarray(found.to_nifti().dataobj).sum() == pytest.approx(50)
    course = found.time_course(0)
    assert course.idxmax() == pytest.approx(X["eeg"].space.times(20)[4])
    assert course.sum() == pytest.approx(90)
    assert found.to_evoked().data.sum() == pytest.approx(50)
    assert repr(found) == "AttentionMaps of 9 samples: fmri 50%, eeg 50%"


def test_a_bare_estimator_is_as_good_as_a_pipeline(fitted):
    model, X = fitted
    bare = attention_maps(model[-1], X)
    np.testing.assert_array_equal(bare.maps["fmri"], attention_maps(model, X).maps["fmri"])


def test_bad_input(fitted):
    model, X = fitted
    found = attention_maps(model, X)
    with pytest.raises(IndexError, match="index must be in"):
        found.to_nifti(9)
    with pytest.raises(ValueError, match=r"to_evoked needs .* SensorSpace, got 'fmri'"):
        found.to_evoked(modality="fmri")
    linear = LogisticRegression().fit(X, np.arange(9) % 2)
    with pytest.raises(TypeError, match="LogisticRegression has no attention"):
        attention_maps(linear, X)
