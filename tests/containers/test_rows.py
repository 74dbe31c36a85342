"""Rows and columns: choosing them is what NumPy does on the flat matrix."""

import pickle

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sklearn_neurofuse.containers import Multimodal
from tests.containers.strategies import column_selectors, multimodals, row_selectors


def _as_index(rows):
    return np.array(list(rows), dtype=int) if isinstance(rows, range) else rows


@given(data=st.data(), X=multimodals())
def test_rows_equal_rows_of_the_flat_matrix(data, X):
    rows = data.draw(row_selectors(len(X)))
    flat, index = np.asarray(X), _as_index(rows)

    chosen = X[rows]

    assert isinstance(chosen, Multimodal)
    assert chosen.shape == flat[index].shape
    assert len(chosen) == len(flat[index])
    assert_array_equal(np.asarray(chosen), flat[index])
    assert_array_equal(chosen.present, X.present[index])
    assert chosen.layout == X.layout
    for name in X.modalities:
        assert_array_equal(chosen[name].data, X[name].data[index])
        assert chosen[name].dtype == X[name].dtype


@given(data=st.data(), X=multimodals())
def test_rows_with_ellipsis_and_columns(data, X):
    rows = data.draw(row_selectors(len(X)))
    columns = data.draw(column_selectors(X.shape[1]))
    flat, index = np.asarray(X), _as_index(rows)

    assert_array_equal(np.asarray(X[rows, ...]), flat[index])
    assert_array_equal(X[rows, columns], flat[index][:, columns])
    assert_array_equal(X[:, columns], flat[:, columns])
    assert_array_equal(X[..., columns], flat[:, columns])
    assert type(X[:, columns]) is np.ndarray


@given(data=st.data(), X=multimodals())
def test_rows_of_rows(data, X):
    first = data.draw(row_selectors(len(X)))
    part = X[first]
    if len(part) == 0:
        return
    second = data.draw(row_selectors(len(part)))
    expected = np.asarray(X)[_as_index(first)][_as_index(second)]
    assert_array_equal(np.asarray(part[second]), expected)


@given(data=st.data(), X=multimodals())
def test_an_integer_keeps_the_sample_axis(data, X):
    row = data.draw(st.integers(-len(X), len(X) - 1))
    for index in (row, np.int64(row), np.array(row)):
        assert len(X[index]) == 1
        assert_array_equal(np.asarray(X[index]), np.asarray(X)[[row]])


def test_iteration_gives_each_sample(spaced):
    samples = list(spaced)
    assert [len(sample) for sample in samples] == [1] * 10
    assert_array_equal(np.vstack(samples), np.asarray(spaced))


def test_slices_are_views_and_arrays_are_copies(spaced):
    assert np.shares_memory(spaced[2:5]["fmri"].data, spaced["fmri"].data)
    assert not np.shares_memory(spaced[[2, 3]]["fmri"].data, spaced["fmri"].data)


# rows are taken when their numbers are needed


@pytest.fixture(params=["short rows", "long rows"])
def pair(request, rng):
    """Two modalities of seven samples with rows of a few bytes, or of many kilobytes."""
    width = 3 if request.param == "short rows" else 3000
    a, b = rng.normal(size=(7, width, 2)), rng.normal(size=(7, 2 * width)).astype(np.float32)
    return Multimodal(a=a, b=b)


def test_a_selection_holds_no_numbers_before_they_are_asked_for(pair):
    part = pair[[4, 1, 1]]
    for name in part.modalities:
        assert part[name]._selection.source is pair[name].data
    assert part.shape == (3, pair.shape[1])
    assert part.nbytes == 3 * pair.nbytes / 7
    assert part.dtype == pair.dtype
    assert_array_equal(part.present, True)
    assert part["a"]._selection.source is pair["a"].data


def test_the_flat_matrix_of_a_selection_needs_no_second_copy(pair):
    part = pair[[4, 1, 1]]
    assert_array_equal(np.asarray(part), np.asarray(pair)[[4, 1, 1]])
    assert part["a"]._selection.source is pair["a"].data


def test_numbers_are_taken_once_and_for_all(pair):
    part = pair[[4, 1, 1]]
    first = part["a"].data
    assert part["a"].data is first
    assert first.flags.c_contiguous
    assert not np.shares_memory(first, pair["a"].data)
    assert_array_equal(first, pair["a"].data[[4, 1, 1]])
    # the block holds its own rows alone from now on
    assert part["a"]._selection.source is first


def test_a_selection_of_a_selection_comes_from_the_source(pair):
    part = pair[[6, 4, 2, 0]][[-1, 1]][::-1]
    assert part["a"]._selection.source is pair["a"].data
    assert_array_equal(np.asarray(part), np.asarray(pair)[[4, 0]])
    assert_array_equal(part["b"].data, pair["b"].data[[4, 0]])


def test_an_index_that_is_changed_later_changes_nothing(pair):
    index = np.array([4, 1])
    part = pair[index]
    index[:] = 0
    assert_array_equal(np.asarray(part), np.asarray(pair)[[4, 1]])


def test_only_the_chosen_rows_are_pickled(pair):
    whole, part = len(pickle.dumps(pair["a"])), len(pickle.dumps(pair[[3]]["a"]))
    assert part < whole / 7 + 1000
    assert_array_equal(pickle.loads(pickle.dumps(pair[[3]]))["a"].data, pair["a"].data[[3]])


def test_a_selection_hashes_like_its_numbers(pair):
    own = Multimodal(**{name: pair[name].data[[4, 1]] for name in pair.modalities})
    assert joblib.hash(pair[[4, 1]]) == joblib.hash(own)


def test_a_selection_is_cast_on_the_way(pair):
    part = pair[[4, 1]]
    assert_array_equal(part.astype(np.float32), np.asarray(pair).astype(np.float32)[[4, 1]])
    copied = part.select("a").copy()
    copied[:] = 0
    assert_array_equal(part["a"].data, pair["a"].data[[4, 1]])


@pytest.mark.parametrize("row", [10, -11, 99, np.int64(10)])
def test_a_row_out_of_bounds(spaced, row):
    with pytest.raises(IndexError, match=f"row {row} of 10 samples"):
        spaced[row]
    with pytest.raises(IndexError, match=f"row {row} of 10 samples"):
        spaced[[0, row]]
    with pytest.raises(IndexError, match=f"row {row} of 10 samples"):
        spaced[np.array([0, row])]


@pytest.mark.parametrize("n", [9, 11])
def test_a_mask_of_another_length(spaced, n):
    with pytest.raises(IndexError, match=f"mask over 10 samples was given {n} values"):
        spaced[np.ones(n, dtype=bool)]


@pytest.mark.parametrize("key", [1.5, [0.0, 1.0], None, [[0, 1]], True, ["0"], np.array(["a"])])
def test_what_does_not_choose_rows(spaced, key):
    with pytest.raises(IndexError, match="rows are chosen by an integer, a slice, a mask"):
        spaced[key]


def test_more_axes_than_two(spaced):
    with pytest.raises(IndexError, match="2 axes, got an index of length 3"):
        spaced[0, 0, 0]


def test_no_rows_keep_their_columns(spaced):
    for rows in ([], slice(0, 0), np.zeros(10, dtype=bool), np.array([], dtype=int)):
        part = spaced[rows]
        assert part.shape == (0, spaced.shape[1])
        assert np.asarray(part).shape == part.shape
        assert part.present.shape == (0, 6)
        assert np.asarray(part.select("eeg")).shape == (0, 15)
