"""Interpolation along one axis after the other, against three dimensions at once."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from sklearn_neurofuse.signal._resampling import (
    resample,
    resample_series,
    sample_series,
    to_voxel_maps,
)
from tests.fmri.phantom import grid_affine, moved_series, movement

INNER = (slice(5, -5),) * 3
SMALL = movement((1.0, 0.5, 0.2), (3.0, 1.0, 2.0))
LARGE = movement((9.0, -6.0, 5.0), (30.0, -20.0, 60.0))


@pytest.fixture
def volume(rng):
    """Give a volume without the finest detail, on which all splines agree."""
    noise = ndimage.gaussian_filter(rng.normal(size=(26, 24, 22)), 1.6)
    return np.asfortranarray(noise / noise.std(), dtype=np.float32)


def at_once(volume, voxel_map, order):
    # the direct route in double precision, three dimensions together
    return ndimage.affine_transform(
        volume.astype(float), voxel_map[:3, :3], voxel_map[:3, 3], order=order, mode="mirror"
    )


@pytest.mark.parametrize("movement", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize(
    ("order", "tolerance"), [(1, 0.1), (2, 0.02), (3, 5e-3), (4, 3e-3), (5, 1e-3)]
)
def test_small_and_large_movements_are_those_of_scipy(volume, movement, order, tolerance):
    affine = grid_affine(volume.shape, (3.0, 3.0, 4.0))
    voxel_map = to_voxel_maps(movement, affine)
    expected = at_once(volume, voxel_map, order)
    ours = resample(volume, voxel_map, order)
    places = voxel_map[:3, :3] @ np.indices(volume.shape).reshape(3, -1) + voxel_map[:3, 3:]
    last = np.array(volume.shape)[:, None] - 6
    seen = ((places > 5) & (places < last)).all(axis=0).reshape(volume.shape)
    assert seen.sum() > 500
    assert np.abs(ours - expected)[seen].max() < tolerance
    assert ours.dtype == np.float32


def test_no_movement_changes_nothing(volume):
    for order in range(1, 6):
        assert_allclose(resample(volume, np.eye(4), order), volume, atol=2e-4)


def test_whole_voxels_are_moved_and_the_border_goes_on(volume):
    voxel_map = np.eye(4)
    voxel_map[:3, 3] = (2.0, -1.0, 0.0)
    moved = resample(volume, voxel_map)
    assert_allclose(moved[:-2, 1:], volume[2:, :-1], atol=2e-4)
    assert_allclose(moved[-1, 1:], volume[-1, :-1], atol=2e-4)
    assert_allclose(moved[:-2, 0], volume[2:, 0], atol=2e-4)


def test_the_result_does_not_depend_on_the_order_of_memory(volume):
    voxel_map = to_voxel_maps(SMALL, grid_affine(volume.shape))
    ours = resample(volume, voxel_map)
    assert_array_equal(resample(np.ascontiguousarray(volume), voxel_map), ours)
    assert ours.flags.f_contiguous


def test_resampled_series_stands_still():
    planted = [movement((0.1 * k, -0.2 * k, 0.1 * k), (0.1 * k, 0, -0.1 * k)) for k in range(6)]
    series, affine = moved_series(planted)
    maps = to_voxel_maps(np.linalg.inv(planted), affine)
    moved = resample_series(series, maps, n_jobs=2)
    before = series[INNER].std(axis=3).mean()
    assert moved[INNER].std(axis=3).mean() < 0.06 * before


def test_a_series_may_be_resampled_where_it_lies():
    series, affine = moved_series([np.eye(4), SMALL])
    maps = to_voxel_maps(np.array([np.eye(4), np.linalg.inv(SMALL)]), affine)
    expected = resample_series(series, maps)
    out = resample_series(series, maps, out=series)
    assert out is series
    assert_array_equal(out, expected)


def test_samples_are_values_of_the_resampled_series():
    series, affine = moved_series([np.eye(4), SMALL])
    maps = to_voxel_maps(np.array([np.eye(4), np.linalg.inv(SMALL)]), affine)
    places = np.array([[10, 20], [12, 15], [9, 11]])
    expected = resample_series(series, maps)[tuple(places)]
    assert_allclose(sample_series(series, maps, places), expected, rtol=2e-3)
    unmoved = sample_series(series, None, places)
    assert_allclose(unmoved, series[tuple(places)], rtol=1e-4)
