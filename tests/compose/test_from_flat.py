"""`FromFlat`."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import BaggingClassifier
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import FromFlat


class TakesApart(ClassifierMixin, BaseEstimator):
    """A classifier that looks at the modalities."""

    def fit(self, X, y):
        assert isinstance(X, Multimodal)
        self.net_ = LogisticRegression().fit(self._features(X), y)
        self.classes_ = self.net_.classes_
        return self

    def predict(self, X):
        return self.net_.predict(self._features(X))

    def predict_proba(self, X):
        return self.net_.predict_proba(self._features(X))

    def _features(self, X):
        assert X["eeg"].shape[1:] == (4, 20)
        return np.column_stack([X["links"].data, X["eeg"].data.mean(axis=2)])


def test_there_and_back(paired):
    X, _ = paired
    step = FromFlat(X.layout)
    back = step.fit_transform(np.asarray(X))
    assert back.layout == X.layout
    for name in X.modalities:
        np.testing.assert_array_equal(back[name].data, X[name].data)
        assert back[name].dtype == X[name].dtype
    np.testing.assert_array_equal(step.inverse_transform(back), np.asarray(X))
    np.testing.assert_array_equal(step.inverse_transform(np.asarray(X)), np.asarray(X))
    assert step.n_features_in_ == X.shape[1]


def test_frames_and_single_rows(paired):
    X, _ = paired
    step = FromFlat(X.layout)
    assert step.transform(pd.DataFrame(np.asarray(X))).layout == X.layout
    assert step.transform(np.asarray(X)[:1])["eeg"].shape == (1, 4, 20)


def test_missing_samples_stay_missing(gappy):
    X, _ = gappy
    np.testing.assert_array_equal(FromFlat(X.layout).transform(np.asarray(X)).present, X.present)


def test_a_multimodal_passes_through(paired):
    X, _ = paired
    step = FromFlat(X.layout)
    assert step.transform(X) is X
    turned = step.transform(X.select(["links", "eeg", "fmri"]))
    assert turned.modalities == X.modalities
    np.testing.assert_array_equal(np.asarray(turned), np.asarray(X))


def test_float32_is_kept(paired):
    X, _ = paired
    single = Multimodal(**{n: np.asarray(X[n]).astype(np.float32) for n in X.modalities})
    back = FromFlat(single.layout).transform(np.asarray(single))
    assert back.dtype == np.float32
    assert FromFlat(single.layout).transform(np.asarray(X)).dtype == np.float32


def test_tools_that_flatten(paired):
    X, y = paired
    model = make_pipeline(FromFlat(X.layout), TakesApart())
    bagged = BaggingClassifier(model, n_estimators=3, random_state=0, n_jobs=2).fit(X, y)
    assert bagged.predict(X).shape == (24,)
    fitted = model.fit(X, y)
    importance = permutation_importance(fitted, np.asarray(X), y, n_repeats=1, random_state=0)
    assert importance.importances_mean.shape == (X.shape[1],)
    scaled = make_pipeline(StandardScaler(), FromFlat(X.layout), TakesApart())
    scores = cross_validate(scaled, X, y, cv=3, n_jobs=2, error_score="raise")
    assert scores["test_score"].shape == (3,)


def test_same_predictions_flat_or_not(paired):
    X, y = paired
    model = make_pipeline(FromFlat(X.layout), TakesApart())
    np.testing.assert_allclose(
        clone(model).fit(np.asarray(X), y).predict_proba(X), clone(model).fit(X, y).predict_proba(X)
    )


def test_feature_names(paired):
    X, _ = paired
    names = FromFlat(X.layout).get_feature_names_out()
    assert names.tolist() == X.layout.get_feature_names()


def test_clone_and_pickle(paired):
    X, _ = paired
    step = pickle.loads(pickle.dumps(clone(FromFlat(X.layout))))
    assert step.layout == X.layout
    assert "FromFlat(layout=Layout(fmri=(4, 5, 3)" in repr(step)
    assert step.set_output(transform="pandas") is step


def test_unfit_columns(paired):
    X, _ = paired
    flat = np.asarray(X)
    for unfit in (flat[:, 1:], flat[0], np.hstack([flat, flat])):
        with pytest.raises(ValueError, match=r"FromFlat: X does not fit.*fmri 60 \+ eeg 80"):
            FromFlat(X.layout).fit(unfit)
    with pytest.raises(TypeError, match=r"FromFlat: X does not fit.*must be real numbers"):
        FromFlat(X.layout).fit(np.full(flat.shape, "a"))


def test_unfit_multimodal(paired):
    X, _ = paired
    step = FromFlat(X.layout)
    with pytest.raises(ValueError, match="FromFlat: no modality 'eeg', there are fmri, links"):
        step.transform(X.select(["fmri", "links"]))
    with pytest.raises(ValueError, match=r"FromFlat: no modality 'egg'.*did you mean 'eeg'"):
        step.transform(X.replace(egg=np.zeros((24, 2))))
    with pytest.raises(ValueError, match="modality 'eeg' must have size 20 on axis 2"):
        step.transform(X.replace(eeg=np.zeros((24, 4, 21))))


def test_unfit_layout(paired):
    X, _ = paired
    with pytest.raises(TypeError, match=r"got Multimodal; give X\.layout"):
        FromFlat(X).fit(X)
    with pytest.raises(TypeError, match=r"layout must be a Layout, got NoneType$"):
        FromFlat(None).transform(X)
