"""Models on disk: no pickle, no foreign types, the same predictions."""

import io
import pickle
import shutil

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_neurofuse.compose import ModalitySelector, make_modality_transformer
from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.decomposition import fusion_baseline
from sklearn_neurofuse.model_selection import evaluate, validate
from sklearn_neurofuse.model_selection._lock import read_signed, write_signed
from sklearn_neurofuse.model_selection._model_file import read_model, write_model
from sklearn_neurofuse.neural_network import FusionClassifier


class Guess(ClassifierMixin, BaseEstimator):
    """A classifier of somebody else."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


@pytest.fixture(scope="module")
def data():
    return make_multimodal_classification(
        120, regime="conjunction", volume_shape=(8, 9, 8), n_channels=8, n_times=50, sfreq=100.0,
        random_state=0,
    )  # fmt: skip


def fused():
    scores = make_pipeline(StandardScaler(), PCA(5, random_state=0))
    return make_pipeline(
        make_modality_transformer(fmri=scores, eeg=scores), LogisticRegression(max_iter=500)
    )


MODELS = {
    "linear": fused,
    "cca": lambda: fusion_baseline("cca", ("fmri", "eeg"), random_state=0),
    "jica": lambda: fusion_baseline("jica", ("fmri", "eeg"), n_components=4, random_state=0),
    "one modality": lambda: make_pipeline(ModalitySelector("eeg"), LogisticRegression()),
    "attention": lambda: FusionClassifier(training={"max_epochs": 3}, random_state=0),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", MODELS)
def test_the_same_predictions(name, data, tmp_path):
    model = MODELS[name]().fit(data.X, data.target)
    write_model("test", tmp_path / "model", model)
    back = read_model("test", tmp_path / "model")
    np.testing.assert_array_equal(back.predict_proba(data.X), model.predict_proba(data.X))
    assert type(back) is type(model)


def test_an_open_gate_is_kept(data, tmp_path):
    model = FusionClassifier(parts=("products", "components"), random_state=0)
    model.fit(data.X, data.target)
    assert model.gate_ > 0
    write_model("test", tmp_path / "model", model)
    back = read_model("test", tmp_path / "model")
    assert back.gate_ == model.gate_
    np.testing.assert_array_equal(back.predict_proba(data.X), model.predict_proba(data.X))
    assert [len(each) for each in back.history_] == [len(each) for each in model.history_]
    weights = back.attention_weights(data.X[:3]).shares
    np.testing.assert_allclose(weights, model.attention_weights(data.X[:3]).shares)


def test_a_pickle_is_never_opened(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps(LogisticRegression()))
    with pytest.raises(ValueError, match="is no model that can be read"):
        read_model("validate", path)


def test_foreign_types_must_be_named(tmp_path):
    path = tmp_path / "model"
    write_model(
        "evaluate", path, make_pipeline(StandardScaler(), Guess()).fit([[0.0], [1.0]], [0, 1])
    )
    name = f"{Guess.__module__}.Guess"
    with pytest.raises(ValueError, match=f"validate: .* {name}; where you know its source"):
        read_model("validate", path)
    assert read_model("validate", path, [name]).predict([[1.0]]) == [0]


def test_what_this_package_imports_is_not_its_own(tmp_path):
    # a function that a module of this package happened to import, in the place of a class
    path = tmp_path / "model"
    skops.io.dump(FunctionTransformer(shutil.rmtree), path)
    with pytest.raises(ValueError, match=r"shutil\.rmtree"):
        read_model("validate", path)
    skops.io.dump(FunctionTransformer(write_signed), path)
    with pytest.raises(ValueError, match="write_signed"):
        read_model("validate", path)


def test_what_cannot_be_stored_is_refused_at_once(tmp_path):
    y = np.repeat([0, 1], 20)
    X = np.random.default_rng(0).standard_normal((40, 3)) + y[:, None]
    model = make_pipeline(FunctionTransformer(lambda x: x), LogisticRegression())
    with pytest.raises(ValueError, match="evaluate: the model cannot be stored without a pickle"):
        evaluate(model, X, y, cv=4, baselines=False, random_state=0, lock=tmp_path / "frozen")
    assert list(tmp_path.iterdir()) == []


def test_other_versions_are_told(tmp_path):
    y = np.repeat([0, 1], 20)
    rng = np.random.default_rng(0)
    X, new = rng.standard_normal((2, 40, 3)) + y[:, None]
    path = tmp_path / "frozen"
    evaluate(LogisticRegression(), X, y, cv=4, baselines=False, random_state=0, lock=path)
    lock = read_signed("test", path / "lock.json")
    lock["versions"]["scikit-learn"] = "1.2.3"
    write_signed(path / "lock.json", lock)
    with pytest.warns(UserWarning, match=r"the model was made with scikit-learn 1\.2\.3 \(here"):
        validate(path, new, y)


def test_a_network_is_pickled_as_arrays(data):
    model = FusionClassifier(training={"max_epochs": 2}, random_state=0).fit(data.X, data.target)
    model.set_params(fusion="concat")
    text = pickle.dumps(model)
    assert b"torch" not in text
    back = pickle.load(io.BytesIO(text))
    np.testing.assert_array_equal(back.predict_proba(data.X), model.predict_proba(data.X))
