"""Rotation onto principal axes among the samples."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_neurofuse.signal._reduction import (
    column_chunks,
    project,
    reduce_samples,
    sample_combinations,
)

SHAPES = [(12, 5000), (12, 13), (12, 12), (40, 7)]


@pytest.mark.parametrize("shape", SHAPES)
def test_keeps_all_distances_and_comes_back(rng, shape):
    X = rng.normal(3.0, 2.0, size=shape)
    reduced = reduce_samples(X)
    centred = X - X.mean(axis=0)
    gram = reduced.coordinates @ reduced.coordinates.T
    assert_allclose(gram, centred @ centred.T, atol=1e-8 * shape[1])
    axes = sample_combinations(X, reduced.mean, reduced.back)
    assert_allclose(axes.T @ axes, np.eye(reduced.rank), atol=1e-7)
    assert_allclose(reduced.coordinates @ axes.T, centred, atol=1e-7)
    assert_allclose(project(X, reduced.mean, axes), reduced.coordinates, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_variances_are_those_of_the_singular_value_decomposition(rng, shape):
    X = rng.normal(size=shape)
    reduced = reduce_samples(X)
    expected = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)[: reduced.rank] ** 2
    assert reduced.rank == min(shape[0] - 1, shape[1])
    assert_allclose(reduced.variances, expected, rtol=1e-9)
    assert_allclose(reduced.squares, X.var(axis=0) * len(X), rtol=1e-9)


@pytest.mark.parametrize("shape", [(9, 300), (20, 6)])
def test_integer_weight_is_repetition(rng, shape):
    X, weight = rng.normal(size=shape), rng.integers(1, 4, size=shape[0])
    weighted = reduce_samples(X, sample_weight=weight)
    repeated = reduce_samples(np.repeat(X, weight, axis=0))
    assert_allclose(weighted.mean, repeated.mean, atol=1e-12)
    assert_allclose(weighted.variances, repeated.variances[: weighted.rank], rtol=1e-9)
    assert_allclose(weighted.squares, repeated.squares, rtol=1e-9)


@pytest.mark.parametrize("shape", [(9, 300), (30, 6)])
def test_rows_are_a_choice_of_samples(rng, shape):
    X, rows = rng.normal(size=shape), np.array([5, 0, 7, 2, 8, 4])
    one, two = reduce_samples(X, rows), reduce_samples(X[rows])
    assert_allclose(one.variances, two.variances)
    coefficients = rng.normal(size=(6, 2))
    assert_allclose(
        sample_combinations(X, one.mean, coefficients, rows),
        (X[rows] - X[rows].mean(axis=0)).T @ coefficients,
        atol=1e-10,
    )
    weights = rng.normal(size=(shape[1], 2))
    assert_allclose(project(X, one.mean, weights, rows), (X[rows] - one.mean) @ weights)


@pytest.mark.parametrize("n_features", [4, 400])
def test_constant_columns_have_no_variance(rng, n_features):
    X = np.full((15, n_features), 0.1)
    assert reduce_samples(X).rank == 0
    X[:, 1] = rng.normal(1e4, 1.0, size=15)
    reduced = reduce_samples(X)
    assert reduced.rank == 1
    assert np.count_nonzero(reduced.squares) == 1


def test_large_offsets_cost_no_accuracy(rng):
    X = rng.normal(size=(10, 500))
    assert_allclose(reduce_samples(X + 1e6).variances, reduce_samples(X).variances, rtol=1e-7)


@pytest.mark.parametrize("n_features", [4, 400])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_refuses_what_is_not_finite(rng, n_features, bad):
    X = rng.normal(size=(15, n_features))
    X[3, 2] = bad
    with pytest.raises(ValueError, match="finite"), np.errstate(invalid="ignore"):
        reduce_samples(X)


def test_reads_a_read_only_memory_map_in_single_precision(tmp_path, rng):
    X = rng.normal(size=(8, 3000)).astype(np.float32)
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    reduced = reduce_samples(mapped)
    assert reduced.coordinates.dtype == np.float64
    assert_allclose(reduced.variances, reduce_samples(X.astype(float)).variances)


def test_chunks_cover_all_columns_once():
    chunks = column_chunks(5000, 2048)
    assert np.array_equal(np.concatenate([np.arange(5000)[c] for c in chunks]), np.arange(5000))
