"""Multimodal as an ``X``: the flat matrix, its layout, its parts, its identity."""

import copy
import gc
import pickle
import sys
import weakref

import joblib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, indexable, resample, shuffle

import sklearn_neurofuse
from sklearn_neurofuse.containers import Block, Layout, Multimodal
from tests.containers.conftest import assert_same
from tests.containers.strategies import multimodals


def _ravelled(X):
    return np.hstack([X[name].data.reshape(len(X), -1) for name in X.modalities])


@given(X=multimodals())
def test_the_flat_matrix_is_the_modalities_side_by_side(X):
    flat = np.asarray(X)
    assert_array_equal(flat, _ravelled(X))
    assert flat.shape == X.shape
    assert flat.ndim == X.ndim == 2
    assert flat.dtype == X.dtype
    assert np.issubdtype(X.dtype, np.floating)


@given(X=multimodals(), dtype=st.sampled_from([np.float32, np.float64]))
def test_the_flat_matrix_in_another_type(X, dtype):
    expected = _ravelled(X).astype(dtype)
    assert_array_equal(np.asarray(X, dtype=dtype), expected)
    assert_array_equal(X.astype(dtype), expected)
    assert X.astype(dtype, copy=False).dtype == dtype


def test_float32_modalities_give_a_float32_matrix(rng):
    X = Multimodal(a=rng.normal(size=(4, 2)).astype(np.float32), b=np.ones((4, 1), np.float32))
    assert X.dtype == np.float32
    assert X.replace(b=np.ones((4, 1), int)).dtype == np.float64


def test_copy_is_a_writeable_flat_matrix(spaced):
    for X in (spaced, spaced.select("fmri").replace(fmri=np.asarray(spaced["fmri"]).copy())):
        before = np.asarray(X).copy()
        flat = X.copy()
        flat[:] = 0
        assert_array_equal(np.asarray(X), before)
        flat = X.astype(X.dtype)
        flat[:] = 0
        assert_array_equal(np.asarray(X), before)


def test_one_modality_is_not_copied_without_need(rng):
    X = Multimodal(eeg=rng.normal(size=(4, 2, 3)))
    assert np.shares_memory(np.asarray(X), X["eeg"].data)
    assert np.shares_memory(X.astype(float, copy=False), X["eeg"].data)
    assert not np.shares_memory(np.array(X, copy=True), X["eeg"].data)


def test_several_modalities_cannot_go_without_a_copy(spaced):
    with pytest.raises(ValueError, match="several modalities side by side need a copy"):
        np.array(spaced, copy=False)


def test_scikit_learn_takes_it_as_it_is(rng):
    X = Multimodal(a=rng.normal(size=(20, 2, 2)), b=rng.normal(size=(20, 3)))
    y = np.arange(20) % 2
    flat = np.asarray(X)
    assert_array_equal(StandardScaler().fit_transform(X), StandardScaler().fit_transform(flat))
    assert_array_equal(
        LogisticRegression().fit(X, y).coef_, LogisticRegression().fit(flat, y).coef_
    )
    assert_array_equal(check_array(X), flat)
    assert indexable(X, y)[0] is X
    assert isinstance(shuffle(X, random_state=0), Multimodal)
    assert_same(resample(X, random_state=0), X[resample(np.arange(20), random_state=0)])


def test_the_parts(spaced):
    assert spaced.modalities == ("fmri", "voxels", "eeg", "edges", "genes", "plain")
    assert isinstance(spaced["eeg"], Block)
    assert "eeg" in spaced
    assert "meg" not in spaced
    assert spaced.nbytes == sum(spaced[name].data.nbytes for name in spaced.modalities)


def test_an_unknown_modality_names_the_nearest(spaced):
    with pytest.raises(KeyError, match=r"no modality 'egg', there are fmri, .* did you mean 'eeg'"):
        spaced["egg"]
    with pytest.raises(KeyError, match="did you mean 'fmri'"):
        spaced.select(["eeg", "frmi"])


def test_select(spaced):
    part = spaced.select(["plain", "eeg"])
    assert part.modalities == ("plain", "eeg")
    assert part["eeg"] is spaced["eeg"]
    assert spaced.select("eeg").modalities == ("eeg",)


def test_select_refusals(spaced):
    with pytest.raises(ValueError, match="at least one modality must be selected"):
        spaced.select([])
    with pytest.raises(ValueError, match="selected modalities must be unique, got eeg"):
        spaced.select(["eeg", "fmri", "eeg"])


def test_replace_keeps_the_space_of_an_equal_shape(spaced):
    data = np.asarray(spaced["eeg"]) * 2
    X = spaced.replace(eeg=data)
    assert X["eeg"].space == spaced["eeg"].space
    assert np.shares_memory(X["eeg"].data, data)
    assert X["fmri"] is spaced["fmri"]
    assert X.modalities == spaced.modalities
    genes = spaced.replace(genes=np.asarray(spaced["genes"]) + 1)
    assert genes["genes"].feature_names == ("apoe", "comt")


def test_replace_with_another_shape_or_a_new_name(spaced):
    X = spaced.replace(eeg=np.zeros((10, 3, 4)), age=np.zeros((10, 1)))
    assert X["eeg"].space is None
    assert X.modalities == (*spaced.modalities, "age")
    with pytest.raises(ValueError, match=r"fmri 10.* age 4"):
        spaced.replace(age=np.zeros((4, 1)))


def test_frozen(spaced):
    for thing in (spaced, spaced["eeg"]):
        for name in ("data", "_blocks", "space", "new"):
            with pytest.raises(AttributeError, match="frozen"):
                setattr(thing, name, 1)
        with pytest.raises(AttributeError, match="frozen"):
            del thing.data
        with pytest.raises(TypeError, match="item assignment"):
            thing[0] = 0


@pytest.mark.parametrize("name", ["take", "iloc", "loc", "columns", "__setitem__", "__dataframe__"])
def test_nothing_that_makes_tools_take_it_for_a_frame(spaced, name):
    assert not hasattr(spaced, name)


def test_the_top_name_is_the_class():
    assert sklearn_neurofuse.Multimodal is Multimodal


# presence


@given(X=multimodals())
def test_present_is_false_where_all_is_nan(X):
    for column, name in zip(X.present.T, X.modalities, strict=True):
        data = np.asarray(X[name]).astype(float).reshape(len(X), -1)
        assert_array_equal(column, ~np.isnan(data).all(axis=1))


def test_present_cannot_be_written_through(spaced):
    with pytest.raises(ValueError, match="read-only"):
        spaced["eeg"].present[0] = False
    spaced.present[:] = False
    assert spaced.present.sum() == 58


def test_infinite_numbers_are_not_missing():
    X = Multimodal(a=np.array([[np.inf, -np.inf], [1.0, 2.0]]))
    assert X.present.all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_an_overflowing_sum_is_not_missing(dtype):
    assert Multimodal(a=np.full((2, 50), np.finfo(dtype).max)).present.all()


# pickling, hashing, sizes


@given(X=multimodals())
def test_pickle(X):
    assert_same(pickle.loads(pickle.dumps(X)), X)


def test_pickle_with_spaces(spaced, tmp_path):
    assert_same(pickle.loads(pickle.dumps(spaced)), spaced)
    assert_same(copy.deepcopy(spaced), spaced)
    assert_same(copy.copy(spaced), spaced)
    joblib.dump(spaced, tmp_path / "X.joblib")
    assert_same(joblib.load(tmp_path / "X.joblib"), spaced)


def test_hash_does_not_know_what_was_computed(spaced):
    other = pickle.loads(pickle.dumps(spaced))
    before = joblib.hash(other)
    assert joblib.hash(spaced) == before
    assert not other.present.all()
    assert repr(other)
    assert joblib.hash(other) == before


def test_hash_knows_values_spaces_and_order(spaced):
    other = np.asarray(spaced["plain"]).copy()
    other[0, 0, 0] += 1
    hashes = [
        joblib.hash(spaced),
        joblib.hash(spaced.replace(plain=other)),
        joblib.hash(spaced.replace(eeg=Block(spaced["eeg"].data))),
        joblib.hash(spaced.select(list(spaced.modalities)[::-1])),
        joblib.hash(spaced[::-1]),
    ]
    assert len(set(hashes)) == len(hashes)


def test_size_counts_the_blocks(rng):
    data = rng.normal(size=(100, 1000))
    X = Multimodal(a=data)
    assert data.nbytes < sys.getsizeof(X) < data.nbytes + 1000
    assert data.nbytes < sys.getsizeof(X["a"]) < data.nbytes + 1000


def test_weak_references(rng):
    X = Multimodal(a=rng.normal(size=(2, 2)))
    reference = weakref.ref(X)
    assert reference() is X
    del X
    gc.collect()
    assert reference() is None


# concatenate, split, from_flat


@given(data=st.data(), X=multimodals(min_samples=2))
def test_concatenate_undoes_a_split(data, X):
    cuts = sorted(data.draw(st.sets(st.integers(1, len(X) - 1), max_size=3)))
    bounds = zip([0, *cuts], [*cuts, len(X)], strict=True)
    assert_same(Multimodal.concatenate([X[a:b] for a, b in bounds]), X)


def test_concatenate_with_spaces(spaced):
    assert_same(Multimodal.concatenate([spaced[:3], spaced[3:]]), spaced)
    turned = spaced.select(list(spaced.modalities)[::-1])
    assert_same(Multimodal.concatenate([spaced[:3], turned[3:]]), spaced)


def test_concatenate_refusals(spaced):
    with pytest.raises(ValueError, match="at least one part"):
        Multimodal.concatenate([])
    with pytest.raises(ValueError, match=r"parts differ in modalities: fmri, .* and eeg, fmri"):
        Multimodal.concatenate([spaced, spaced.select(["eeg", "fmri"])])
    bare = spaced.replace(eeg=Block(spaced["eeg"].data))
    with pytest.raises(ValueError, match=r"'eeg' cannot be stacked.*differ in space"):
        Multimodal.concatenate([spaced, bare])
    longer = spaced.replace(eeg=np.zeros((10, 3, 6)))
    with pytest.raises(ValueError, match=r"'eeg'.*sample_shape: \(3, 5\) and \(3, 6\)"):
        Multimodal.concatenate([spaced, longer])
    renamed = spaced.replace(genes=Block(spaced["genes"].data, feature_names=["apoe", "bdnf"]))
    with pytest.raises(ValueError, match=r"'genes'.*differ in feature_names"):
        Multimodal.concatenate([spaced, renamed])


@given(X=multimodals())
def test_from_flat_undoes_the_flat_matrix(X):
    back = Multimodal.from_flat(np.asarray(X), X.layout)
    assert back.layout == X.layout
    assert_array_equal(back.present, X.present)
    for name in X.modalities:
        assert_array_equal(back[name].data, X[name].data)
        if np.issubdtype(X[name].dtype, np.floating):
            assert back[name].dtype == X[name].dtype


def test_from_flat_gives_views_where_it_can(rng):
    flat = rng.normal(size=(4, 10))
    X = Multimodal.from_flat(flat, Layout({"a": (2, 2), "b": (6,)}))
    assert np.shares_memory(X["a"].data, flat)
    assert np.shares_memory(X["b"].data, flat)


def test_from_flat_with_spaces(spaced):
    back = Multimodal.from_flat(np.asarray(spaced), spaced.layout)
    assert back["eeg"].space == spaced["eeg"].space
    assert back["genes"].feature_names == ("apoe", "comt")
    assert_array_equal(np.asarray(back), np.asarray(spaced))


@pytest.mark.parametrize("shape", [(4, 82), (4, 84), (83,), (4, 83, 1)])
def test_from_flat_with_another_number_of_columns(spaced, shape):
    with pytest.raises(ValueError, match=r"shape \(n_samples, \d+\) \(fmri 24 \+ voxels 7"):
        Multimodal.from_flat(np.zeros(shape), spaced.layout)


# layout


def test_layout(spaced):
    layout = spaced.layout
    assert layout.names == spaced.modalities
    assert layout.shapes["eeg"] == (3, 5)
    assert layout.n_features == spaced.shape[1] == sum(layout.sizes.values())
    flat = np.asarray(spaced)
    assert_array_equal(
        flat[:, layout.slices["eeg"]], np.asarray(spaced["eeg"]).reshape(len(spaced), -1)
    )


def test_layout_is_small_and_picklable(spaced):
    big = Multimodal(a=np.zeros((1000, 1000)))
    assert len(pickle.dumps(big.layout)) < 1000
    assert pickle.loads(pickle.dumps(spaced.layout)) == spaced.layout
    assert copy.deepcopy(spaced.layout) == spaced.layout


def test_layout_hash_knows_the_order():
    one, two = Layout({"a": (2,), "b": (2,)}), Layout({"b": (2,), "a": (2,)})
    assert joblib.hash(one) != joblib.hash(two)
    assert joblib.hash(one) == joblib.hash(copy.deepcopy(one))


def test_layout_takes_lists():
    one = Layout({"a": [2]}, feature_names={"a": ["x", "y"]}, dtypes={"a": "float32"})
    assert one == Multimodal(a=Block(np.zeros((1, 2)), feature_names=["x", "y"])).layout
    assert one.dtypes["a"] == np.float32


def test_layouts_differ(spaced):
    assert spaced.layout == spaced[:3].layout
    assert spaced.layout != spaced.select(list(spaced.modalities)[::-1]).layout
    assert spaced.layout != spaced.replace(eeg=Block(spaced["eeg"].data)).layout
    assert spaced.layout != spaced.replace(eeg=np.zeros((10, 3, 6))).layout
    assert spaced.layout != "layout"


def test_layout_shows_shapes():
    assert repr(Layout({"a": (2, 2), "b": (6,)})) == "Layout(a=(2, 2), b=(6,))"


def test_feature_names(spaced):
    names = spaced.layout.get_feature_names()
    assert len(names) == len(set(names)) == spaced.shape[1]
    assert names[0] == "fmri__0_0_0"
    assert names[24] == "voxels__0_0_0"
    assert names[31] == "eeg__Fz__-0.020s"
    assert names[31 + 14] == "eeg__Pz__0.020s"
    assert names[46] == "edges__delta__b~a"
    assert names[-8:-6] == ["genes__apoe", "genes__comt"]
    assert names[-6:] == [f"plain__x{i}_{j}" for i in range(3) for j in range(2)]


# what it shows


def test_repr(spaced):
    text = repr(spaced)
    assert text.startswith("Multimodal of 10 samples\n")
    assert len(text.splitlines()) == 7
    assert "(10, 3, 5) float64, SensorSpace(3 channels, 100 Hz, from -0.02 s)" in text
    assert "2 missing" in text
    assert repr(spaced[:1]).startswith("Multimodal of 1 sample\n")


def test_html_repr_escapes(spaced):
    html = spaced.replace(genes=Block(np.zeros((10, 1))))._repr_html_()
    assert html.count("<tr>") == 7
    assert "2 missing" in html
    assert "<script" not in html
