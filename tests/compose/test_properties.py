"""What holds for any modalities, sizes, types and gaps."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import (
    FromFlat,
    ModalitySelector,
    ModalityTransformer,
    make_modality_transformer,
)

NAMES = ("fmri", "eeg", "genes")
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


@st.composite
def multimodals(draw, missing=True):
    """Draw a Multimodal of one to three modalities, each present at least twice."""
    n_samples = draw(st.integers(3, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    blocks = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True)):
        dtype = draw(st.sampled_from([np.float32, np.float64]))
        data = rng.standard_normal((n_samples, *draw(SHAPES))).astype(dtype)
        gaps = draw(st.integers(0, n_samples - 2)) if missing else 0
        data[rng.permutation(n_samples)[:gaps]] = np.nan
        blocks[name] = data
    return Multimodal(**blocks)


def assert_same(one, two):
    assert one.layout == two.layout
    for name in one.modalities:
        np.testing.assert_allclose(one[name].data, two[name].data, rtol=1e-4, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(X=multimodals())
def test_scaling_by_modality_is_scaling_the_flat_matrix(X):
    # StandardScaler leaves NaN out of its moments, as the branches leave the samples out
    Xt = ModalityTransformer([(name, StandardScaler()) for name in X.modalities]).fit_transform(X)
    flat = StandardScaler().fit_transform(np.asarray(X, dtype=np.float64))
    assert_same(Xt, FromFlat(X.layout).transform(flat))
    np.testing.assert_array_equal(Xt.present, X.present)
    assert [Xt[name].dtype for name in X.modalities] == [X[name].dtype for name in X.modalities]


@settings(max_examples=40, deadline=None)
@given(X=multimodals(), data=st.data())
def test_rows_in_any_order(X, data):
    rows = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=6))
    transformer = ModalityTransformer([(name, StandardScaler()) for name in X.modalities]).fit(X)
    assert_same(transformer.transform(X[rows]), transformer.transform(X)[rows])


@settings(max_examples=40, deadline=None)
@given(X=multimodals())
def test_flat_and_back(X):
    step = FromFlat(X.layout)
    assert_same(step.transform(step.inverse_transform(X)), X)


@settings(max_examples=40, deadline=None)
@given(X=multimodals(), data=st.data())
def test_selection_commutes_with_transform(X, data):
    kept = data.draw(st.lists(st.sampled_from(X.modalities), min_size=1, unique=True))
    pairs = dict.fromkeys(X.modalities, FunctionTransformer(np.square))
    selector = ModalitySelector(kept)
    first = selector.transform(make_modality_transformer(**pairs).fit_transform(X))
    then = make_modality_transformer(**{name: pairs[name] for name in kept})
    assert_same(first, then.fit_transform(selector.transform(X)))
    assert first.modalities == tuple(kept)
