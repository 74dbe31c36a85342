"""Random containers and row selectors for the property tests."""

import numpy as np
from hypothesis import strategies as st

from sklearn_neurofuse.containers import Block, ConnectomeSpace, Multimodal, VolumeSpace

_DTYPES = [np.float64, np.float32, np.int16, np.bool_]


def _numbers(seed, shape, dtype):
    return np.random.default_rng(seed).normal(scale=3, size=shape).astype(dtype)


@st.composite
def blocks(draw, n_samples):
    """Blocks of every kind of shape, plain or in a space, with whole samples missing."""
    seed = draw(st.integers(0, 2**16))
    dtype = draw(st.sampled_from(_DTYPES))
    kind = draw(st.sampled_from(["plain", "volume", "edges"]))
    space = None
    if kind == "plain":
        shape = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=4)))
    elif kind == "volume":
        shape = (2, 3, 1)
        space = VolumeSpace(np.diag([2.0, 2.0, 2.0, 1.0]))
    else:
        shape = (2, 3)
        space = ConnectomeSpace("abc", bands=["alpha", "beta"])
    data = _numbers(seed, (n_samples, *shape), dtype)
    if np.issubdtype(dtype, np.floating):
        missing = draw(st.lists(st.booleans(), min_size=n_samples, max_size=n_samples))
        data[np.array(missing)] = np.nan
    if draw(st.booleans()):
        data = np.asfortranarray(data)
    return Block(data, space)


@st.composite
def multimodals(draw, min_samples=1):
    """Containers of one to three modalities and a few samples."""
    n_samples = draw(st.integers(min_samples, 9))
    names = draw(st.lists(st.sampled_from("abcde"), min_size=1, max_size=3, unique=True))
    return Multimodal(**{name: draw(blocks(n_samples)) for name in names})


def _integer_arrays(n_samples):
    index = st.integers(-n_samples, n_samples - 1)
    lists = st.lists(index, max_size=2 * n_samples)
    dtypes = st.sampled_from([np.int64, np.int32, np.intp])
    return st.builds(lambda rows, dtype: np.array(rows, dtype=dtype), lists, dtypes)


def row_selectors(n_samples):
    """Everything that chooses rows of an array and keeps the axis."""
    index = st.integers(-n_samples, n_samples - 1)
    masks = st.lists(st.booleans(), min_size=n_samples, max_size=n_samples)
    return st.one_of(
        st.slices(n_samples),
        masks.map(np.array),
        masks,
        _integer_arrays(n_samples),
        st.lists(index, min_size=1, max_size=2 * n_samples),
        st.sets(index.filter(lambda i: i >= 0)).map(lambda s: np.array(sorted(s), dtype=np.uint8)),
        st.builds(range, st.integers(0, n_samples)),
    )


def column_selectors(n_features):
    """Everything that chooses columns of a matrix and keeps the axis."""
    index = st.integers(-n_features, n_features - 1)
    masks = st.lists(st.booleans(), min_size=n_features, max_size=n_features).map(np.array)
    return st.one_of(st.slices(n_features), masks, st.lists(index, min_size=1, max_size=4))
