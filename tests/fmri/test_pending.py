"""Series that wait: steps done together in one interpolation."""

import pickle

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from sklearn_neurofuse import BoldRun
from sklearn_neurofuse.fmri._pending import (
    RealignedSeries,
    TimedSeries,
    mean_volume,
    read_series,
    warped,
    with_values,
)
from sklearn_neurofuse.recordings._waiting import series_from_state, series_to_state
from sklearn_neurofuse.signal._resampling import to_voxel_maps
from tests.fmri.phantom import Head, grid_affine, moved_series, movement

PLANTED = [movement((0.4 * k, 0.3 * k, 0), (0.3 * k, 0, 0.5 * k)) for k in range(4)]
AFFINE = grid_affine((20, 22, 18), (5.0, 5.0, 5.0))
# the world of the new grid to that of the run
ELSEWHERE = movement((4.0, -3.0, 2.0), (5.0, -8.0, 3.0))


@pytest.fixture
def moved():
    series, affine = moved_series(PLANTED)
    maps = to_voxel_maps(np.linalg.inv(PLANTED), affine)
    return series, affine, maps


def waiting_image(series, affine):
    return with_values(nib.Nifti1Image(np.zeros((1, 1, 1, 1), np.float32), affine), series)


def head_elsewhere(shape=(20, 22, 18)):
    points = nib.affines.apply_affine(ELSEWHERE @ AFFINE, np.indices(shape).reshape(3, -1).T)
    return Head()(points).reshape(shape)


def places_elsewhere(shape=(20, 22, 18)):
    return nib.affines.apply_affine(ELSEWHERE @ AFFINE, np.moveaxis(np.indices(shape), 0, -1))


@pytest.mark.parametrize("to_run", [ELSEWHERE, places_elsewhere()], ids=["affine", "places"])
def test_motion_and_another_grid_in_one_interpolation(moved, to_run):
    series, affine, maps = moved
    img = waiting_image(RealignedSeries(series, maps, 3, None), affine)
    result = warped(img, to_run, AFFINE, (20, 22, 18), n_jobs=2)
    once = np.asarray(result.dataobj)
    assert once.shape == (20, 22, 18, 4)
    assert_allclose(result.affine, AFFINE)
    seen = once[..., 0] != 0
    assert seen.mean() > 0.5
    voxels = np.linalg.inv(affine) @ ELSEWHERE @ AFFINE
    for k in range(4):
        to_volume = maps[k] @ voxels
        direct = ndimage.affine_transform(
            series[..., k].astype(float),
            to_volume[:3, :3],
            to_volume[:3, 3],
            output_shape=(20, 22, 18),
            mode="mirror",
        )
        # beyond the border the two go on in different ways
        inside = seen & (np.abs(direct - once[..., k]) < 50)
        assert inside.sum() > 0.98 * seen.sum()
        assert_allclose(once[inside, k], direct[inside], atol=0.5)
    # with values in between, they are smoothed twice
    between = nib.Nifti1Image(np.asarray(img.dataobj), affine)
    twice = np.asarray(warped(between, to_run, AFFINE, (20, 22, 18)).dataobj)
    expected = head_elsewhere()[seen][:, None]
    assert np.abs(once[seen] - expected).mean() < 0.95 * np.abs(twice[seen] - expected).mean()


def test_what_is_outside_is_zero_in_all_volumes(moved):
    series, affine, maps = moved
    img = waiting_image(RealignedSeries(series, maps, 3, None), affine)
    places = places_elsewhere()
    places[0, 0, 0] = np.nan
    mask = np.zeros((20, 22, 18), dtype=bool)
    mask[8:12] = True
    mask[0, 0, 0] = True
    values = np.asarray(warped(img, places, AFFINE, (20, 22, 18), mask=mask).dataobj)
    assert (values[~mask] == 0).all()
    assert (values[0, 0, 0] == 0).all()
    assert (values[9, 11, 9] > 0).all()
    far = movement((500.0, 0, 0)) @ ELSEWHERE
    assert not np.asarray(warped(img, far, AFFINE, (20, 22, 18)).dataobj).any()


def test_a_transform_of_another_shape_is_refused(moved):
    img = nib.Nifti1Image(moved[0], moved[1])
    with pytest.raises(ValueError, match=r"to_run must have shape \(4, 4\) or \(9, 9, 9, 3\)"):
        warped(img, np.eye(3), AFFINE, (9, 9, 9))


def test_mean_volume_is_that_of_the_realigned_series(moved):
    series, affine, maps = moved
    waiting = RealignedSeries(series, maps, 3, None)
    run = BoldRun(waiting_image(waiting, affine), 2.0)
    mean = mean_volume(run)
    assert waiting._values is None
    assert_allclose(mean, np.asarray(waiting).mean(axis=3), rtol=1e-5)
    assert_allclose(mean_volume(run), mean, rtol=1e-5)
    plain = BoldRun(nib.Nifti1Image(series, affine), 2.0, n_dummy=1)
    assert_allclose(mean_volume(plain), series[..., 1:].mean(axis=3), rtol=1e-5)


def test_mean_volume_looks_through_slice_timing(moved):
    series, affine, maps = moved
    timed = TimedSeries(series, np.linspace(-0.5, 0.5, 24), 2, 0)
    run = BoldRun(waiting_image(RealignedSeries(timed, maps, 3, None), affine), 2.0)
    plain = BoldRun(waiting_image(RealignedSeries(series, maps, 3, None), affine), 2.0)
    assert_allclose(mean_volume(run), mean_volume(plain))


def test_values_are_computed_once_and_not_in_the_source(moved):
    series, _, maps = moved
    before = series.copy()
    for waiting in (
        RealignedSeries(series, maps, 3, None),
        TimedSeries(series, np.full(24, 0.3), 2, 0),
        RealignedSeries(TimedSeries(series, np.full(24, 0.3), 2, 0), maps, 3, None),
    ):
        first = np.asarray(waiting)
        assert np.asarray(waiting) is first
        assert np.array(waiting, copy=True) is not first
        assert_array_equal(waiting[..., 2], first[..., 2])
        assert waiting.shape == series.shape
        assert_array_equal(series, before)


def test_only_values_of_ones_own_are_written_to(moved, tmp_path):
    series, affine, maps = moved
    assert not read_series(series)[1]
    # NumPy makes a new object of an array that was unpickled
    assert not read_series(pickle.loads(pickle.dumps(series)))[1]
    assert read_series(series.astype(np.float64))[1]
    waiting = RealignedSeries(series, maps, 3, None)
    assert read_series(waiting)[1]
    np.asarray(waiting)
    assert not read_series(waiting)[1]
    nib.save(nib.Nifti1Image(series, affine), tmp_path / "bold.nii")
    values, is_ours = read_series(nib.load(tmp_path / "bold.nii").dataobj)
    assert_allclose(values, series)
    if is_ours:
        values[:] = 0
    assert_allclose(nib.load(tmp_path / "bold.nii").get_fdata(), series)


def test_what_waits_goes_through_the_cache(moved):
    series, _, maps = moved
    timed = TimedSeries(series, np.linspace(-0.5, 0.5, 24), 2, 1)
    waiting = RealignedSeries(timed, maps, 5, 2)
    back = series_from_state(*series_to_state(waiting))
    assert isinstance(back.source, TimedSeries)
    assert back.order == 5
    assert_array_equal(np.asarray(back), np.asarray(waiting))
    assert_array_equal(np.asarray(back.source.before_timing), series)


def test_an_image_of_integers_gets_real_values(moved):
    img = nib.Nifti1Image(np.zeros((3, 3, 3, 2), np.int16), AFFINE)
    img.set_qform(AFFINE, code=1)
    result = with_values(img, np.full((3, 3, 3, 2), 0.25, dtype=np.float32))
    assert result.get_data_dtype() == np.float32
    assert result.get_qform(coded=True)[1] == 1
    assert nib.Nifti1Image.from_bytes(result.to_bytes()).get_fdata()[0, 0, 0, 0] == 0.25
