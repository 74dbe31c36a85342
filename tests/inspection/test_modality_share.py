"""Shares of modalities by permutation: what is ignored has none, what is needed together shares."""

import mne
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import Multimodal, Recordings
from sklearn_neurofuse.inspection import modality_share


class Product(ClassifierMixin, BaseEstimator):
    """Decides by the sign of a product of both modalities."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return (X["fmri"].data[:, 0] * X["eeg"].data[:, 0] > 0).astype(int)


def make_data(fmri=0.0, eeg=0.0, n=200):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    data = {"fmri": rng.normal(size=(n, 3)), "eeg": rng.normal(size=(n, 4))}
    data["fmri"][:, 0] += fmri * y
    data["eeg"][:, 1] += eeg * y
    return Multimodal(**data), y


@pytest.mark.parametrize(("fmri", "eeg", "low", "high"), [(3, 0, 0.95, 1), (2, 2, 0.35, 0.65)])
def test_shares_follow_the_information(fmri, eeg, low, high):
    X, y = make_data(fmri, eeg)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[:100], y[:100])
    share = modality_share(model, X[100:], y[100:], random_state=0)
    assert sum(share.values()) == pytest.approx(1)
    assert low <= share["fmri"] <= high
    assert share == modality_share(model, X[100:], y[100:], random_state=0, n_jobs=2)


def test_what_is_needed_together_is_shared_evenly():
    X, _ = make_data()
    y = Product().fit(X, [0, 1]).predict(X)
    share = modality_share(Product().fit(X, y), X, y, random_state=0)
    assert share["fmri"] == pytest.approx(0.5, abs=0.05)


def test_nothing_to_share_is_said():
    X, y = make_data()

    class Constant(Product):
        def predict(self, X):
            return np.zeros(len(X), dtype=int)

    with pytest.warns(UserWarning, match="nothing to share"):
        share = modality_share(Constant().fit(X, y), X, y, random_state=0)
    assert np.isnan(list(share.values())).all()


def test_bad_input(make_epochs):
    X, y = make_data()
    with pytest.raises(NotFittedError):
        modality_share(LogisticRegression(), X, y)
    model = LogisticRegression().fit(X, y)
    with pytest.raises(TypeError, match="Multimodal"):
        modality_share(model, np.asarray(X), y)
    with pytest.raises(ValueError, match="two samples"):
        modality_share(model, X[:1], y[:1])
    with pytest.raises(ValueError, match="n_repeats"):
        modality_share(model, X, y, n_repeats=0)
    with pytest.raises(ValueError, match="scoring"):
        modality_share(model, X, y, scoring="nonsense")


def test_recordings_need_a_pipeline_that_makes_arrays_of_them(tmp_path):
    info = mne.create_info(2, 100.0, "eeg")
    raws = [mne.io.RawArray(np.ones((2, 200)) * i, info, verbose="error") for i in range(4)]
    X = Multimodal(eeg=Recordings(raws))
    with pytest.raises(TypeError, match="no pipeline that begins with the steps"):
        modality_share(Product().fit(X, [0, 1]), X, [0, 1, 0, 1])
