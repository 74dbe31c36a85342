"""`ModalitySelector`."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import ModalitySelector
from tests.compose.doubles import Runs


@pytest.mark.parametrize(
    ("modalities", "kept"),
    [
        ("eeg", ("eeg",)),
        (["eeg"], ("eeg",)),
        (["links", "fmri"], ("links", "fmri")),
        (("fmri", "eeg", "links"), ("fmri", "eeg", "links")),
    ],
)
def test_a_multimodal_with_these_modalities(paired, modalities, kept):
    X, _ = paired
    selected = ModalitySelector(modalities).fit(X).transform(X)
    assert isinstance(selected, Multimodal)
    assert selected.modalities == kept
    assert all(selected[name] is X[name] for name in kept)


def test_baseline_equals_the_modality_alone(paired):
    X, y = paired
    model = make_pipeline(ModalitySelector("eeg"), LogisticRegression())
    flat = np.asarray(X["eeg"]).reshape(24, -1)
    np.testing.assert_allclose(
        cross_val_score(model, X, y, cv=4, scoring="neg_log_loss", n_jobs=2),
        cross_val_score(LogisticRegression(), flat, y, cv=4, scoring="neg_log_loss"),
    )


def test_axis_of_a_grid(paired):
    X, y = paired
    model = make_pipeline(ModalitySelector("eeg"), LogisticRegression())
    axis = ["eeg", "fmri", ["eeg", "fmri"]]
    search = GridSearchCV(
        model, {"modalityselector__modalities": axis}, cv=3, error_score="raise", n_jobs=2
    ).fit(X, y)
    assert search.best_params_["modalityselector__modalities"] in axis
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_nothing_is_learnt(paired):
    X, _ = paired
    selector = ModalitySelector("eeg")
    assert selector.transform(X).modalities == ("eeg",)
    assert selector.set_params(modalities="fmri").transform(X).modalities == ("fmri",)
    # what is not kept may be absent
    assert selector.fit(X).transform(X.select("fmri")).modalities == ("fmri",)
    with pytest.raises(NotFittedError):
        clone(selector).get_feature_names_out()


def test_feature_names(paired):
    X, _ = paired
    selector = ModalitySelector(["links", "eeg"]).fit(X)
    names = selector.get_feature_names_out()
    assert names[0] == "links__b~a"
    assert len(names) == selector.transform(X).shape[1]
    assert selector.n_features_in_ == X.shape[1]
    assert selector.set_output(transform="pandas") is selector


def test_samples_that_are_not_arrays_yet():
    runs = Runs(np.arange(5.0))
    X = Multimodal(eeg=runs, extra=np.zeros((5, 2)))
    selector = ModalitySelector("eeg").fit(X)
    assert selector.transform(X)["eeg"] is runs
    assert not hasattr(selector, "n_features_in_")
    with pytest.raises(ValueError, match="not arrays yet"):
        selector.get_feature_names_out()
    assert ModalitySelector("extra").fit(X).get_feature_names_out().tolist() == [
        "extra__x0",
        "extra__x1",
    ]


def test_pickle(paired):
    X, _ = paired
    selector = pickle.loads(pickle.dumps(ModalitySelector("eeg").fit(X)))
    assert selector.transform(X).modalities == ("eeg",)


@pytest.mark.parametrize(
    ("modalities", "error", "message"),
    [
        ("egg", ValueError, "no modality 'egg', there are fmri, eeg, links; did you mean 'eeg'"),
        (["eeg", "genes"], ValueError, "no modality 'genes', there are fmri, eeg, links$"),
        ([], ValueError, "at least one modality"),
        (["eeg", "eeg"], ValueError, "each once"),
        (None, TypeError, "a name or a list of names, got None"),
        ([0, 1], TypeError, r"a name or a list of names, got \[0, 1\]"),
    ],
)
def test_unfit_modalities(paired, modalities, error, message):
    X, _ = paired
    for method in ("fit", "transform"):
        with pytest.raises(error, match=message):
            getattr(ModalitySelector(modalities), method)(X)


def test_unfit_kind_of_X():
    with pytest.raises(TypeError, match=r"X must be a Multimodal, got ndarray of shape \(3, 2\)"):
        ModalitySelector("eeg").fit(np.zeros((3, 2)))


def test_unfit_samples(paired):
    X, _ = paired
    shorter = X.replace(eeg=np.asarray(X["eeg"])[:, :, 1:])
    selector = ModalitySelector("eeg")
    assert selector.transform(shorter)["eeg"].shape == (24, 4, 19)
    with pytest.raises(ValueError, match="modality 'eeg' must have size 20 on axis 2"):
        selector.fit(X).transform(shorter)
    assert selector.set_params(modalities="fmri").transform(shorter).modalities == ("fmri",)
    with pytest.raises(ValueError, match="at least one sample"):
        selector.fit(X[[]])
