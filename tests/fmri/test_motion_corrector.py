"""MotionCorrector on a head that is known everywhere."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.fmri import (
    MotionCorrector,
    SliceTimingCorrector,
    SpatialSmoother,
    framewise_displacement,
    motion_affines,
    tsnr,
)
from sklearn_neurofuse.signal._slice_timing import order_to_times
from tests.fmri.phantom import (
    displacement_error,
    grid_affine,
    moved_run,
    moved_series,
    movement,
    series_by_slice,
)

SHAPE = (32, 36, 24)
PLANTED = [movement((0.3 * k, -0.2 * k, 0.1 * k), (0.2 * k, 0.1 * k, -0.3 * k)) for k in range(5)]


def corrected(run, corrector=None, *more):
    X = Recordings([run])
    for step in (corrector or MotionCorrector(), *more):
        X = step.fit_transform(X)
    return X.load(0)


@pytest.fixture(scope="module")
def still_run():
    return moved_run([np.eye(4)] * 3)


@pytest.fixture(scope="module")
def run():
    return moved_run(PLANTED)


def test_affines_tell_the_planted_movement(run):
    result = corrected(run)
    assert isinstance(result, BoldRun)
    affines = motion_affines(result)
    assert displacement_error(np.linalg.inv(affines), PLANTED).max() < 0.02
    assert result.done == ("motion_corrected",)


@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
def test_parameters_have_the_signs_of_fsl(flip):
    affine = grid_affine(SHAPE, flip=flip)
    series, _ = moved_series([np.eye(4), movement((2.0, 0.0, 0.0), (0.0, 0.0, 3.0))], affine=affine)
    result = corrected(BoldRun(nib.Nifti1Image(series, affine), 2.0), MotionCorrector("first"))
    found = result.confounds.loc[1]
    # FSL's axes are those of the voxels, but for the first where the affine is right-handed; a
    # volume is brought back to the reference
    forward = np.linalg.inv(movement((2.0, 0.0, 0.0), (0.0, 0.0, 3.0)))
    assert_allclose(found["trans_x"], -forward[0, 3], atol=0.03)
    assert_allclose(found["trans_y"], flip[1] * forward[1, 3], atol=0.03)
    assert_allclose(abs(found["rot_z"]), np.deg2rad(3.0), atol=5e-4)
    assert_allclose(found[["rot_x", "rot_y"]].astype(float), 0.0, atol=5e-4)


def test_confounds_have_fmriprep_columns_and_keep_others(run):
    before = pd.DataFrame({"csf": np.arange(5.0), "trans_x": 9.0})
    table = corrected(run.replace(confounds=before)).confounds
    six = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]
    assert list(table) == ["csf", *six, "framewise_displacement", "rmsd"]
    parameters = table[six].to_numpy()
    assert_allclose(table["framewise_displacement"], framewise_displacement(parameters))
    assert_allclose(table["rmsd"], framewise_displacement(parameters, "jenkinson"))
    assert (table["trans_x"] != 9.0).all()


def test_the_corrected_head_stands_still(run):
    result = corrected(run)
    inner = (slice(4, -4),) * 3
    still = result.get_data()[inner].std(axis=3).mean()
    assert still < 0.05 * run.get_data()[inner].std(axis=3).mean()
    ours, raw = (np.asarray(tsnr(one).dataobj)[inner] for one in (result, run))
    assert np.median(ours) > 5 * np.median(raw)
    assert result.get_data().dtype == np.float32
    assert_allclose(result.img.affine, run.img.affine)


def test_quality_is_reported(run):
    quality = MotionCorrector().fit_transform(Recordings([run])).quality(0)["MotionCorrector"]
    assert quality["tsnr_after"] > 5 * quality["tsnr_before"]
    assert len(quality["framewise_displacement"]) == 4
    assert quality["max_framewise_displacement"] == max(quality["framewise_displacement"])
    assert max(quality["mismatch"]) < 0.02


@pytest.mark.parametrize("reference", ["first", 2, np.int64(2)])
def test_a_reference_volume_does_not_move(run, reference):
    run = run.replace(n_dummy=1)
    table = corrected(run, MotionCorrector(reference)).confounds
    number = 1 if isinstance(reference, str) else reference
    six = table.filter(regex="trans|rot").to_numpy()
    assert np.abs(six[number]).max() < 2e-3
    assert np.abs(six[4]).max() > 0.3


def test_an_image_as_reference(run, tmp_path):
    series = run.get_data()
    # on another grid: every second voxel is left out
    img = nib.Nifti1Image(series[..., 3], run.img.affine).slicer[2:-2, :, 1:]
    for reference in (img, tmp_path / "reference.nii.gz"):
        nib.save(img, tmp_path / "reference.nii.gz")
        affines = motion_affines(corrected(run, MotionCorrector(reference)))
        assert_allclose(affines[3], np.eye(4), atol=5e-3)
        assert displacement_error(np.linalg.inv(affines), PLANTED).max() < 0.05


def test_slice_times_tell_the_mean_place_of_a_moving_head():
    times = np.empty(24)
    times[np.r_[0:24:2, 1:24:2]] = np.arange(24) / 24

    def pose(moment):
        return movement(np.sin([moment, 0.9 * moment, 1.1 * moment]))

    series, affine = series_by_slice(pose, 8, times - times.mean())
    planted = [np.mean([pose(k + t) for t in times - times.mean()], axis=0) for k in range(8)]
    image = nib.Nifti1Image(series, affine)
    told = BoldRun(image, 2.0, slice_times=2.0 * times)
    ways = {
        "known": corrected(told),
        "after slice timing": corrected(told, SliceTimingCorrector(), MotionCorrector()),
        "unknown": corrected(BoldRun(image, 2.0)),
    }
    errors = {
        name: displacement_error(np.linalg.inv(motion_affines(result)), planted).mean()
        for name, result in ways.items()
    }
    assert errors["known"] < 0.25 * errors["unknown"]
    assert errors["after slice timing"] == pytest.approx(errors["known"], abs=1e-4)


def test_motion_is_estimated_before_slice_timing(run):
    run = run.replace(slice_times=order_to_times("interleaved", 24, run.t_r))
    plain, timed = corrected(run), corrected(run, SliceTimingCorrector(), MotionCorrector())
    assert_allclose(timed.confounds, plain.confounds, atol=1e-5)
    assert timed.done == ("slice_time_corrected", "motion_corrected")
    assert timed.slice_time_ref == pytest.approx(0.5 * 23 / 24)
    assert np.abs(timed.get_data() - plain.get_data()).max() > 1.0


def test_a_remembered_result_is_the_same(run, tmp_path, monkeypatch):
    with config_context(cache_dir=tmp_path):
        X = MotionCorrector().fit_transform(Recordings([run]))
        fresh = X.load(0)
        # a second time nothing is estimated
        monkeypatch.setattr("sklearn_neurofuse.fmri._motion_corrector.realign", None)
        again = X.load(0)
    assert_allclose(again.get_data(), fresh.get_data())
    pd.testing.assert_frame_equal(again.confounds, fresh.confounds)


def test_the_input_is_not_written_to():
    run = moved_run(PLANTED[:2])
    before = run.get_data().copy()
    corrected(run).get_data()
    corrected(run, SliceTimingCorrector("ascending"), MotionCorrector()).get_data()
    assert_allclose(run.get_data(), before)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s[..., :1], "at least 2 volumes are needed, got 1"),
        (lambda s: s[:3], "at least 4 voxels along each axis"),
        (lambda s: s * np.array([1, 0, 1]), "volume 1 is constant"),
        (lambda s: s * np.array([1, 1, np.nan]), "volume 2 holds values that are not finite"),
        (lambda s: np.where(np.arange(24)[:, None] == 5, np.inf, s), "volume 0 holds values"),
    ],
)
def test_series_that_cannot_be_aligned(still_run, spoil, message):
    series = np.asarray(spoil(still_run.get_data()), dtype=np.float32)
    bad = BoldRun(nib.Nifti1Image(series, still_run.img.affine), 2.0)
    with pytest.raises(RecordingError, match=f"MotionCorrector on .*{message}"):
        corrected(bad)


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"reference": "mittel"}, ValueError, "reference must be one of"),
        ({"reference": -1}, ValueError, "reference must be"),
        ({"reference": True}, TypeError, "reference must be"),
        ({"reference": 2.5}, TypeError, "reference must be"),
        ({"order": 0}, ValueError, r"order must be in \[1, 5\]"),
        ({"order": 3.5}, TypeError, "order must be"),
    ],
)
def test_bad_parameters(still_run, parameters, kind, message):
    with pytest.raises(kind, match=f"MotionCorrector: {message}"):
        MotionCorrector(**parameters).fit(Recordings([still_run]))


def test_a_reference_beyond_the_run(still_run):
    with pytest.raises(RecordingError, match=r"reference must be in \[0, 3\)"):
        corrected(still_run, MotionCorrector(3))


def test_order_of_steps(still_run):
    with pytest.raises(ValueError, match="put MotionCorrector before SpatialSmoother"):
        corrected(still_run, SpatialSmoother(), MotionCorrector())
    with pytest.raises(ValueError, match="already motion_corrected"):
        corrected(corrected(still_run))
