"""Rigid registration against a head that is known everywhere."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_neurofuse.signal._nuisances import nuisances_of
from sklearn_neurofuse.signal._realignment import align_from_afar, prepare, realign
from sklearn_neurofuse.signal._rigid import align, along_axes, centred_affine, prepare_reference
from tests.fmri.phantom import (
    displacement_error,
    grid_affine,
    least_error,
    moved_series,
    movement,
    series_by_slice,
)

SHAPE = (32, 36, 24)


def wander(n_volumes, size, seed=0):
    """Draw smooth movements that begin with none; `size` in mm and degrees."""
    steps = np.random.default_rng(seed).normal(size=(n_volumes, 6)).cumsum(axis=0)
    steps = size * (steps - steps[0]) / np.abs(steps - steps[0]).max()
    return [movement(step[:3], step[3:]) for step in steps]


@pytest.mark.parametrize(
    ("shift", "turn"), [((0.3, -0.2, 0.1), (0.2, 0.1, -0.3)), ((3.0, 2.0, -4.0), (3.0, -4.0, 5.0))]
)
def test_finds_a_movement_without_noise(shift, turn):
    planted = movement(shift, turn)
    series, affine = moved_series([np.eye(4), planted])
    target = prepare(series[..., 0], affine)
    found, mismatch = align_from_afar(target, series[..., 1])
    error = displacement_error([np.eye(4), found], [np.eye(4), planted])
    assert error.max() < 0.02
    assert mismatch < 0.01


@pytest.mark.parametrize("seed", range(6))
def test_survives_jumps_of_centimetres(seed):
    rng = np.random.default_rng(seed)
    shift, turn = rng.normal(size=(2, 3))
    planted = movement(20 * shift / np.linalg.norm(shift), 20 * turn / np.linalg.norm(turn))
    series, affine = moved_series([np.eye(4), planted], tsnr=60)
    found, _ = align_from_afar(prepare(series[..., 0], affine), series[..., 1])
    error = displacement_error([np.eye(4), found], [np.eye(4), planted])
    assert error[1].mean() < 4 * least_error(tsnr=60)


def test_series_with_noise_and_activation():
    planted = wander(20, 1.5)
    series, affine = moved_series(planted, tsnr=60, active=0.05)
    movements, _, _ = realign(series, affine)
    # not far from what noise alone makes inevitable
    assert displacement_error(movements, planted).mean() < 1.4 * least_error(tsnr=60)


def test_activation_is_not_mistaken_for_motion():
    series, affine = moved_series([np.eye(4)] * 10, tsnr=200, active=0.3)
    movements, _, _ = realign(series, affine)
    error = displacement_error(movements, [np.eye(4)] * 10)
    assert error.max() < 0.03


def test_drift_of_intensity_is_not_mistaken_for_motion():
    planted = wander(6, 0.5)
    series, affine = moved_series(planted)
    series = series * np.linspace(1.0, 1.3, 6, dtype=np.float32) + 50 * np.arange(6)
    movements, _, _ = realign(series.astype(np.float32), affine)
    assert displacement_error(movements, planted).max() < 0.03


def test_shading_is_not_mistaken_for_motion():
    planted = wander(6, 0.5)
    series, affine = moved_series(planted)
    x, y, z = (np.linspace(0, 1, length) for length in SHAPE)
    waves = np.sin(2 * x)[:, None, None] * np.cos(3 * y)[:, None] + z**2 - 0.5
    size = np.random.default_rng(0).normal(scale=0.02, size=6)
    series = (series * (1 + size * waves[..., None])).astype(np.float32)
    found, _, _ = realign(series, affine)
    target = prepare(series[..., 0], affine)
    smooth = [along_axes(volume, target.matrices[0]) for volume in np.moveaxis(series, 3, 0)]
    plain = [align(target.levels[0], volume)[0] for volume in smooth]
    found, plain = (displacement_error(each, planted).mean() for each in (found, plain))
    assert found < 0.2 * plain


@pytest.mark.parametrize("order", ["interleaved", "ascending"])
def test_movement_during_a_volume_is_told_from_its_mean_place(order):
    when = np.empty(24)
    when[np.r_[0:24:2, 1:24:2] if order == "interleaved" else np.arange(24)] = np.arange(24) / 24
    when -= when.mean()

    def pose(moment):
        return movement(np.sin([moment, 0.9 * moment, 1.1 * moment]), 0.5 * np.cos([moment, 2, 3]))

    series, affine = series_by_slice(pose, 10, when)
    planted = [np.mean([pose(k + moment) for moment in when], axis=0) for k in range(10)]
    known, _, _ = realign(series, affine, nuisances=nuisances_of(series.shape[:3], when))
    unknown, _, _ = realign(series, affine)
    known, unknown = (displacement_error(each, planted).mean() for each in (known, unknown))
    assert known < 0.25 * unknown


def test_flipped_and_sheared_axes():
    planted = wander(4, 1.0)
    for change in (np.diag([-1.0, 1.0, 1.0]), np.array([[1.0, 0.15, 0], [0, 1, 0], [0, 0, 1]])):
        affine = grid_affine(SHAPE)
        affine[:3, :3] = affine[:3, :3] @ change
        affine = centred_affine(affine, SHAPE)
        series, _ = moved_series(planted, affine=affine)
        movements, _, _ = realign(series, affine)
        assert displacement_error(movements, planted, affine=affine).max() < 0.04


def test_threads_and_order_of_memory_change_nothing():
    series, affine = moved_series(wander(6, 0.5), tsnr=100)
    one, _, _ = realign(np.ascontiguousarray(series), affine)
    two, _, _ = realign(np.asfortranarray(series), affine, n_jobs=2)
    assert_allclose(one, two, atol=1e-6)


def test_a_volume_that_does_not_overlap_is_refused():
    series, affine = moved_series([np.eye(4)])
    far = np.eye(4)
    far[:3, 3] = 500.0
    reference = prepare_reference(series[..., 0], affine)
    with pytest.raises(ValueError, match="do not overlap"):
        align(reference, series[..., 0], far)


def test_a_target_is_taken_as_it_is():
    planted = wander(5, 0.8)
    series, affine = moved_series(planted)
    movements, mismatch, target = realign(series, affine, series[..., 2])
    assert target is not None
    assert_allclose(movements[2], np.eye(4), atol=1e-3)
    assert displacement_error(movements, planted).max() < 0.03
    assert mismatch[2] == mismatch.min()


def test_jumps_do_not_blur_the_mean():
    still = [np.eye(4)] * 9
    jumps = [movement((15.0, -8.0, 5.0), (10.0, 5.0, -12.0))] * 3
    series, affine = moved_series(still + jumps, tsnr=60)
    movements, _, _ = realign(series, affine)
    error = displacement_error(movements, still + jumps)
    assert error[9:].mean() < 2 * least_error(tsnr=60)


def test_target_is_not_made_of_unusable_volumes():
    planted = [np.eye(4), *wander(5, 0.4)]
    series, affine = moved_series(planted)
    series[..., 0] *= 3
    movements, _, target = realign(series, affine, usable=range(1, 6))
    assert target.max() < 1.1 * series[..., 1].max()
    assert displacement_error(movements, planted).max() < 0.05
