"""Block: one modality."""

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_neurofuse.containers import Block
from sklearn_neurofuse.containers import _presence as module
from tests.containers.strategies import blocks, row_selectors


@given(data=st.data(), n_samples=st.integers(1, 8))
def test_rows_of_a_block_are_rows_of_its_array(data, n_samples):
    block = data.draw(blocks(n_samples))
    rows = data.draw(row_selectors(n_samples))
    part = block[rows]
    index = np.array(list(rows), dtype=int) if isinstance(rows, range) else rows
    assert isinstance(part, Block)
    assert_array_equal(part.data, block.data[index])
    assert_array_equal(part.present, block.present[index])
    assert part.space is block.space
    assert part.shape == part.data.shape
    assert part.ndim == part.data.ndim


def test_an_integer_gives_one_sample():
    assert Block(np.zeros((4, 2, 3)))[-1].shape == (1, 2, 3)


def test_it_is_an_array_for_numpy(rng):
    data = rng.normal(size=(4, 2, 3))
    block = Block(data)
    assert np.shares_memory(np.asarray(block), data)
    assert np.asarray(block, dtype=np.float32).dtype == np.float32
    assert not np.shares_memory(np.array(block), data)
    assert (block.shape, block.dtype, len(block)) == (data.shape, data.dtype, 4)
    assert block.sample_shape == (2, 3)
    assert block.nbytes == data.nbytes


def test_feature_names_are_for_plain_columns(volume_space):
    assert Block(np.zeros((2, 2)), feature_names=["a", "b"]).get_feature_names() == ["a", "b"]
    with pytest.raises(ValueError, match="feature_names must name 2 columns, got 3 names"):
        Block(np.zeros((2, 2)), feature_names=["a", "b", "c"])
    with pytest.raises(ValueError, match="feature_names must be unique, got a more than once"):
        Block(np.zeros((2, 2)), feature_names=["a", "a"])
    with pytest.raises(ValueError, match="plain 2-D features without a space"):
        Block(np.zeros((2, 7)), volume_space, feature_names=list("abcdefg"))
    with pytest.raises(ValueError, match="plain 2-D features without a space"):
        Block(np.zeros((2, 2, 1)), feature_names=["a", "b"])


def test_many_feature_names_are_checked_in_linear_time():
    class Counted(str):
        compared = 0
        __hash__ = str.__hash__

        def __eq__(self, other):
            Counted.compared += 1
            return str.__eq__(self, other)

    names = [Counted(f"x{i}") for i in range(2000)]
    Block(np.zeros((1, 2000)), feature_names=names)
    assert Counted.compared < 20_000


def test_plain_names():
    assert Block(np.zeros((1, 3))).get_feature_names() == ["x0", "x1", "x2"]
    assert Block(np.zeros((1, 2, 2))).get_feature_names() == ["x0_0", "x0_1", "x1_0", "x1_1"]


def test_concatenate_keeps_what_is_known(rng):
    data = rng.normal(size=(4, 2))
    data[1] = np.nan
    known, unknown = Block(data), Block(data)
    assert known.present.tolist() == [True, False, True, True]
    assert Block.concatenate([known, known])._present is not None
    assert Block.concatenate([known, unknown])._present is None
    assert Block.concatenate([known, unknown]).present.tolist() == known.present.tolist() * 2


def test_repr(spaced):
    assert repr(Block(np.zeros((2, 3)))) == "Block((2, 3), float64)"
    assert repr(spaced["edges"]).endswith("ConnectomeSpace(4 regions, bands delta, alpha))")


# missing samples


def test_a_sample_that_is_nan_in_part():
    data = np.zeros((4, 2, 3))
    data[2, 1, :2] = np.nan
    with pytest.raises(ValueError, match=r"sample 2 is NaN in 2 of 6 numbers; .* impute"):
        Block(data).present  # noqa: B018


@pytest.mark.parametrize("chunk_bytes", [1, 100, 1 << 26])
def test_presence_in_chunks(monkeypatch, rng, chunk_bytes):
    monkeypatch.setattr(module, "_CHUNK_BYTES", chunk_bytes)
    data = rng.normal(size=(11, 2, 3))
    data[[0, 4, 10]] = np.nan
    assert np.flatnonzero(~Block(data).present).tolist() == [0, 4, 10]
    data[7, 0, 0] = np.nan
    with pytest.raises(ValueError, match="sample 7 is NaN in 1 of 6"):
        Block(data).present  # noqa: B018


class _Watched(np.memmap):
    """A memory map that remembers which rows were asked for."""

    def __getitem__(self, key):
        self.asked.append(key)
        return super().__getitem__(key)


def _watched(path, data):
    np.save(path, data)
    mapped = np.load(path, mmap_mode="r").view(_Watched)
    mapped.asked = []
    return mapped


def test_maps_are_not_read_until_presence_is_asked_for(tmp_path, monkeypatch, rng):
    from sklearn_neurofuse import Multimodal

    data = rng.normal(size=(10, 4))
    data[3] = np.nan
    mapped = _watched(tmp_path / "a.npy", data)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 4 * 4 * 8)

    X = Multimodal(a=mapped)
    assert repr(X)
    assert X.shape == (10, 4)
    assert X.layout.n_features == 4
    assert mapped.asked == []

    assert np.flatnonzero(~X.present[:, 0]).tolist() == [3]
    read = [key for key in mapped.asked if key != slice(None, 1)]
    assert read == [slice(0, 4), slice(4, 8), slice(8, 12)]

    mapped.asked.clear()
    assert X.present.sum() == 9
    assert mapped.asked == []


@pytest.mark.parametrize(
    "view", [np.asarray, lambda a: np.asarray(a)[1:], lambda a: np.asarray(a)[1:].reshape(-1, 2, 2)]
)
def test_views_of_maps_are_not_read_either(tmp_path, view):
    data = np.zeros((10, 4))
    data[5, 0] = np.nan
    np.save(tmp_path / "a.npy", data)
    from sklearn_neurofuse import Multimodal

    X = Multimodal(a=view(np.load(tmp_path / "a.npy", mmap_mode="r")))
    with pytest.raises(ValueError, match=r"is NaN in 1 of 4"):
        X.present  # noqa: B018


def test_arrays_are_looked_at_once_when_the_container_is_made():
    from sklearn_neurofuse import Multimodal

    data = np.zeros((10, 4))
    data[5, 0] = np.nan
    with pytest.raises(ValueError, match="modality 'eeg': sample 5 is NaN in 1 of 4 numbers"):
        Multimodal(fmri=np.zeros((10, 2)), eeg=data)


def test_hash_before_and_after_presence(tmp_path, rng):
    np.save(tmp_path / "a.npy", rng.normal(size=(10, 4)))
    block = Block(np.load(tmp_path / "a.npy", mmap_mode="r"))
    before = joblib.hash(block)
    assert block.present.all()
    assert joblib.hash(block) == before
