"""SliceTimingCorrector on slow waves that are known at any time."""

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_neurofuse import BoldRun, Recordings
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.fmri import MotionCorrector, SliceTimingCorrector, SpatialSmoother
from sklearn_neurofuse.signal._slice_timing import order_to_times

T_R, N_VOLUMES, N_SLICES = 2.0, 80, 6
INTERLEAVED = order_to_times("interleaved", N_SLICES, T_R)


def wave(times):
    return 100.0 + 10.0 * np.sin(2 * np.pi * 0.04 * times + 0.5)


def make_run(slice_times=INTERLEAVED, axis=2, t_r=T_R, given=True, **fields):
    times = np.arange(N_VOLUMES) * t_r + np.asarray(slice_times)[:, None]
    shape = [4, 5, 7, N_VOLUMES]
    shape[axis] = len(slice_times)
    lined_up = np.expand_dims(wave(times), [a for a in range(3) if a != axis])
    series = np.broadcast_to(lined_up, shape).astype(np.float32)
    img = nib.Nifti1Image(series, np.eye(4))
    return BoldRun(img, t_r, slice_times=slice_times if given else None, **fields)


def corrected(run, corrector=None):
    return (corrector or SliceTimingCorrector()).fit_transform(Recordings([run])).load(0)


@pytest.mark.parametrize(
    ("reference", "fraction"),
    [("start", 0.0), ("middle", 0.5 * 5 / 6), (0.0, 0.0), (0.5, 0.5), (1.0, 1.0)],
)
def test_all_slices_stand_for_the_time_that_the_run_tells(reference, fraction):
    run = corrected(make_run(start_time=3.0), SliceTimingCorrector(reference=reference))
    assert run.slice_time_ref == pytest.approx(fraction)
    assert run.slice_times is None
    assert run.done == ("slice_time_corrected",)
    expected = wave(run.volume_times - 3.0)
    assert_allclose(
        run.get_data()[..., 15:-15], np.broadcast_to(expected[15:-15], (4, 5, 6, 50)), atol=5e-3
    )
    # at the ends, still far better than before
    assert (
        np.abs(run.get_data() - expected).max()
        < 0.5 * np.abs(make_run().get_data() - expected).max()
    )


@pytest.mark.parametrize(
    "order", ["ascending", "descending", "interleaved", "interleaved_descending"]
)
@pytest.mark.parametrize("multiband", [1, 2])
def test_named_orders(order, multiband):
    times = order_to_times(order, N_SLICES, T_R, multiband)
    run = make_run(times, given=False)
    run = corrected(run, SliceTimingCorrector(order, multiband=multiband))
    assert np.ptp(run.get_data()[..., 15:-15], axis=(0, 1, 2)).max() < 0.01


def test_explicit_times_and_another_axis():
    run = make_run(INTERLEAVED, axis=0, given=False)
    run = corrected(run, SliceTimingCorrector(INTERLEAVED.tolist(), slice_axis=0))
    assert np.ptp(run.get_data()[..., 15:-15], axis=(0, 1, 2)).max() < 0.01


def test_dummy_volumes_touch_no_others():
    bright = make_run(n_dummy=2)
    series = bright.get_data().copy()
    series[..., :2] *= 5
    bright = bright.replace(img=nib.Nifti1Image(series, np.eye(4)))
    data = corrected(bright).get_data()
    assert_allclose(data[..., :2], series[..., :2])
    assert data[..., 2:].max() < 112


def test_fast_runs_are_left_as_they_are():
    times = order_to_times("interleaved", N_SLICES, 0.8)
    run = make_run(times, t_r=0.8)
    X = SliceTimingCorrector().fit_transform(Recordings([run]))
    assert_allclose(X.load(0).get_data(), run.get_data())
    assert X.load(0).slice_time_ref == run.slice_time_ref
    assert "min_t_r" in X.quality(0)["SliceTimingCorrector"]["left_as_it_was"]
    data = corrected(run, SliceTimingCorrector(min_t_r=0)).get_data()
    assert np.ptp(data[..., 15:-15], axis=(0, 1, 2)).max() < 0.01


def test_quality_is_reported():
    quality = SliceTimingCorrector().fit_transform(Recordings([make_run()])).quality(0)
    assert quality["SliceTimingCorrector"]["reference_time"] == pytest.approx(5 / 6)
    assert quality["SliceTimingCorrector"]["largest_shift"] == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("corrector", "message"),
    [
        (SliceTimingCorrector(), "the run has no slice times"),
        (SliceTimingCorrector([0.0, 1.0]), r"one value for each of the 6 slices.*got shape \(2,\)"),
        (SliceTimingCorrector(INTERLEAVED, slice_axis=1), "each of the 5 slices along axis 1"),
        (SliceTimingCorrector(1000 * INTERLEAVED), r"must be in \[0, 2\) s.*divided by 1000"),
        (SliceTimingCorrector([0, 1, 1, 1, 1, 2.0]), r"must be in \[0, 2\) s"),
        (SliceTimingCorrector([0, 1, 1, 1, 1, np.nan]), r"must be in \[0, 2\) s"),
        (SliceTimingCorrector("interleaved", multiband=4), "multiband must divide .* 6, got 4"),
    ],
)
def test_times_that_do_not_fit(corrector, message):
    with pytest.raises(RecordingError, match=message):
        corrected(make_run(given=False), corrector)


def test_one_volume_is_too_few():
    img = nib.Nifti1Image(np.ones((4, 4, 6, 1), np.float32), np.eye(4))
    with pytest.raises(RecordingError, match="at least 2 volumes are needed, got 1"):
        corrected(BoldRun(img, 2.0, slice_times=INTERLEAVED))


@pytest.mark.parametrize(("value", "message"), [(np.nan, "not finite"), (7.0, "is constant")])
def test_volumes_that_show_nothing(value, message):
    run = make_run()
    series = run.get_data() + np.linspace(0, 1, 7 - 1)[:, None].astype(np.float32)
    series[..., 4] = value
    run = run.replace(img=nib.Nifti1Image(series, np.eye(4)))
    with pytest.raises(ValueError, match=f"SliceTimingCorrector: volume 4 .*{message}"):
        corrected(run).get_data()


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"slice_times": "intrleaved"}, ValueError, "did you mean 'interleaved'"),
        ({"reference": "mid"}, ValueError, "reference must be one of"),
        ({"reference": 1.5}, ValueError, r"reference must be in \[0, 1\]"),
        ({"multiband": 0}, ValueError, "multiband must be"),
        ({"slice_axis": 3}, ValueError, "slice_axis must be"),
        ({"min_t_r": -1.0}, ValueError, "min_t_r must be"),
    ],
)
def test_bad_parameters(parameters, kind, message):
    with pytest.raises(kind, match=f"SliceTimingCorrector: .*{message}"):
        SliceTimingCorrector(**parameters).fit(Recordings([make_run()]))


@pytest.mark.parametrize("step", [MotionCorrector(), SpatialSmoother()])
def test_slices_that_were_mixed_cannot_be_told_apart(step):
    X = step.fit_transform(Recordings([make_run()]))
    with pytest.raises(ValueError, match=f"put SliceTimingCorrector before {type(step).__name__}"):
        SliceTimingCorrector().fit_transform(X)
