"""Blocks whose samples are no arrays yet, here names of recordings, in a container."""

import json
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, cross_val_predict, train_test_split
from sklearn.utils import indexable

from sklearn_neurofuse.containers import AbstractBlock, Multimodal


class Names(AbstractBlock):
    """Stands for recordings: each sample is a path, an empty one a missing sample."""

    sample_shape = None
    space = None
    dtype = np.dtype(object)

    def __init__(self, names):
        self.names = np.array(names, dtype=str)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, rows):
        return Names(self.names[rows])

    @property
    def present(self):
        return self.names != ""

    @property
    def nbytes(self):
        return self.names.nbytes

    @classmethod
    def concatenate(cls, blocks, name="block"):
        return cls(np.concatenate([block.names for block in blocks]))

    def save(self, folder, name):
        (folder / f"{name}.names.json").write_text(json.dumps(self.names.tolist()))
        return {"n": len(self)}

    @classmethod
    def load_saved(cls, folder, name, header, mmap_mode):
        return cls(json.loads((folder / f"{name}.names.json").read_text()))

    def __repr__(self):
        return f"Names({len(self)})"


@pytest.fixture
def X(rng):
    """Six samples with names and numbers."""
    return Multimodal(eeg=Names(["a", "b", "", "d", "e", "f"]), genes=rng.normal(size=(6, 2)))


@pytest.fixture
def _registered(monkeypatch):
    monkeypatch.setattr(AbstractBlock, "_registry", dict(AbstractBlock._registry))
    AbstractBlock.register(Names)


def test_shape(X):
    assert X.shape == (6,)
    assert X.ndim == 1
    assert X.dtype == object
    assert len(X) == 6
    assert X["eeg"].shape == (6,)
    assert X["eeg"].ndim == 1
    assert_array_equal(X.present, np.column_stack([[1, 1, 0, 1, 1, 1], [1] * 6]).astype(bool))


@pytest.mark.parametrize("rows", [slice(1, 4), [0, 5], np.arange(6) % 2 == 0, -1, (slice(2), ...)])
def test_rows(X, rows):
    part = X[rows]
    index = np.atleast_1d(np.arange(6)[rows if not isinstance(rows, tuple) else rows[0]])
    assert isinstance(part["eeg"], Names)
    assert_array_equal(part["eeg"].names, X["eeg"].names[index])
    assert_array_equal(part["genes"].data, X["genes"].data[index])


@pytest.mark.parametrize(
    "use",
    [
        np.asarray,
        lambda X: X.astype(float),
        lambda X: X.copy(),
        lambda X: X.layout,
        lambda X: X[:, 0],
        lambda X: LogisticRegression().fit(X, [0, 1, 0, 1, 0, 1]),
    ],
)
def test_no_array_before_an_extractor(X, use):
    told = "modality 'eeg' holds Names, which are not arrays yet; end its steps with an extractor"
    with pytest.raises(TypeError, match=told):
        use(X)
    with pytest.raises(TypeError, match="such as Epocher or BandPower for EEG, TrialBetas"):
        use(X)


def test_the_rest_goes_on(X, tmp_path):
    assert X.select("genes").shape == (6, 2)
    assert X.replace(eeg=np.zeros((6, 3))).shape == (6, 5)
    parts = Multimodal.concatenate([X[:2], X[2:]])
    assert_array_equal(parts["eeg"].names, X["eeg"].names)
    assert_array_equal(pickle.loads(pickle.dumps(X))["eeg"].names, X["eeg"].names)
    assert X.__sizeof__() > X["eeg"].nbytes + X["genes"].nbytes
    assert "Names(6)" in repr(X)
    assert "Names(6)" in X._repr_html_()


def test_lengths_are_checked():
    with pytest.raises(ValueError, match="got eeg 2, genes 3"):
        Multimodal(eeg=Names(["a", "b"]), genes=np.zeros((3, 1)))


@pytest.mark.usefixtures("_registered")
def test_storage_by_registry(X, tmp_path):
    X.save(tmp_path / "X")
    back = Multimodal.load(tmp_path / "X")
    assert_array_equal(back["eeg"].names, X["eeg"].names)
    assert_array_equal(back["genes"].data, X["genes"].data)
    (tmp_path / "X" / "eeg.names.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"eeg.names.json is missing"):
        Multimodal.load(tmp_path / "X")


def test_scikit_learn_splits_it(X):
    assert indexable(X)[0] is X
    train, test = train_test_split(X, test_size=2, random_state=0)
    assert isinstance(train["eeg"], Names)
    assert (len(train), len(test)) == (4, 2)


class _Length(LogisticRegression):
    """Predicts whether a name comes before "c": an estimator that takes the container apart."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.array([name < "c" for name in X["eeg"].names])


def test_cross_validation(X):
    y = X["eeg"].names < "c"
    assert_array_equal(cross_val_predict(_Length(), X, y, cv=KFold(3)), y)
