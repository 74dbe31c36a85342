"""The BOLD series of `simulate_eeg_fmri`: what was planted is what can be found again."""

import numpy as np
import pytest
from nibabel.affines import apply_affine
from scipy.ndimage import fourier_shift

from sklearn_neurofuse import config_context
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.datasets._simulation._effects import BOLD_EFFECTS, EEG_EFFECTS

SMALL = {
    "n_subjects": 1,
    "n_volumes": 24,
    "volume_shape": (20, 20, 10),
    "n_channels": 4,
    "sfreq": 250.0,
    "eeg": {name: name == "sensor" for name in EEG_EFFECTS},
    "scan": {"n_dummy": 0},
    "random_state": 0,
}


def simulate(**changes):
    # nothing here goes through the cache, so recordings need not be hashed
    with config_context(cache_dir=None):
        return simulate_eeg_fmri(**{**SMALL, **changes})


def only(*names, **options):
    """Switch everything off but some effects."""
    return {**{name: name in names for name in BOLD_EFFECTS}, **options}


def first(data):
    run, truth = data.X["fmri"].load(0), data.truth.runs[0]
    return run.get_data(), truth


def masked(truth):
    return truth.brain_mask.get_fdata() > 0


def shifted(img, shift):
    """Shift a volume by voxels along its spectrum, of which nothing stands at the edge."""
    spectrum = np.fft.fftn(img)
    return np.fft.ifftn(fourier_shift(spectrum, shift)).real


def test_run_tells_its_timing():
    run = simulate(t_r=1.5, scan={"n_dummy": 2, "slice_order": "ascending"}).X["fmri"].load(0)
    assert run.t_r == 1.5
    assert run.n_dummy == 2
    np.testing.assert_allclose(run.slice_times, np.arange(10) * 0.15)
    assert run.img.shape == (20, 20, 10, 24)
    assert run.img.get_data_dtype() == np.int16
    assert run.img.header.get_zooms()[3] == 1.5


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        ({"slice_order": "descending"}, np.arange(10)[::-1] * 0.2),
        ({"slice_order": "interleaved"}, [0, 1.0, 0.2, 1.2, 0.4, 1.4, 0.6, 1.6, 0.8, 1.8]),
        ({"slice_order": "ascending", "multiband": 2}, [0, 0.4, 0.8, 1.2, 1.6] * 2),
    ],
)
def test_slice_orders(scan, expected):
    run = simulate(scan=scan).X["fmri"].load(0)
    np.testing.assert_allclose(run.slice_times, expected)


def test_thermal_noise_has_the_tsnr_asked_for():
    values, truth = first(simulate(bold=only("thermal", thermal={"tsnr": 60.0}), n_volumes=60))
    inside = values[masked(truth)]
    tsnr = inside.mean() / inside.std(axis=1, ddof=1).mean()
    assert tsnr == pytest.approx(60.0, rel=0.07)


def test_default_noise_is_that_of_a_scanner():
    values, truth = first(simulate(n_volumes=60))
    inside = values[masked(truth)][:, 5:]
    tsnr = np.median(inside.mean(axis=1) / inside.std(axis=1))
    assert 25 < tsnr < 80
    outside = values[0, 0]
    assert 0 < outside.mean() < 0.1 * inside.mean()


def test_every_slice_is_measured_at_its_time():
    _, truth = first(simulate(bold=only("activation")))
    still = truth.bold("still").get_fdata()
    slices = simulate().X["fmri"].load(0).slice_times
    courses, maps = truth.courses, truth.maps
    base = only()
    _, empty = first(simulate(bold=base))
    quiet = empty.bold("still").get_fdata()[..., :1]
    expected = np.zeros_like(still)
    for name in maps:
        if name not in ("alpha", "arousal"):
            times = np.arange(24) * 2.0 + slices[:, None]
            course = np.interp(times, courses["time"], courses[name])
            expected += 0.01 * maps[name].get_fdata()[..., None] * course
    changes = still / np.where(quiet > 100, quiet, np.nan) - 1
    used = np.isfinite(changes)
    np.testing.assert_allclose(changes[used], expected[used], atol=2e-5)
    assert expected.max() > 0.01


def test_haemodynamics_peak_between_4_and_7_s_and_differ():
    data = simulate(n_subjects=6, volume_shape=(8, 8, 8))
    peaks = np.array(
        [[run.peaks[name] for name in ("fusiform", "motor")] for run in data.truth.runs]
    )
    assert peaks.min() >= 4.0
    assert peaks.max() <= 7.0
    assert peaks.std(axis=0).min() > 0.2
    assert (peaks[:, 0] != peaks[:, 1]).all()
    alike = simulate(n_subjects=2, volume_shape=(8, 8, 8), brain={"haemodynamics": 0.0})
    assert alike.truth.runs[0].peaks == alike.truth.runs[1].peaks


def test_regression_finds_the_planted_maps():
    data = simulate(n_volumes=120, volume_shape=(32, 32, 16), motion=0.2)
    values, truth = first(data)
    keep = slice(4, None)
    courses = truth.courses
    times = np.arange(120) * 2.0 + data.X["fmri"].load(0).slice_times.mean()
    names = ["visual left", "alpha", "arousal"]
    design = np.stack([np.interp(times, courses["time"], courses[name]) for name in names], axis=1)
    drift = np.cos(np.pi * np.outer(np.arange(120) + 0.5, np.arange(6)) / 120)
    design = np.concatenate([design, drift], axis=1)[keep]
    mask = masked(truth)
    series = values[mask][:, keep]
    series = 100 * (series / series.mean(axis=1, keepdims=True) - 1)
    betas = np.linalg.lstsq(design, series.T, rcond=None)[0]
    places = apply_affine(truth.brain_mask.affine, np.argwhere(mask))
    maps = {name: img.get_fdata()[mask] for name, img in truth.maps.items()}
    # all regions that answer the stimulus have nearly the same course
    stimulus = [name for name in maps if name not in ("motor", "alpha", "arousal")]
    planted = [sum(maps[name] for name in stimulus), maps["alpha"], maps["arousal"]]
    elsewhere = np.max([np.abs(values) for values in maps.values()], axis=0) < 0.02
    for name, beta, expected in zip(names, betas[:3], planted, strict=True):
        inside = np.abs(expected) > 0.5 * np.abs(expected).max()
        assert beta[inside].mean() == pytest.approx(expected[inside].mean(), rel=0.35), name
        assert abs(beta[elsewhere].mean()) < 0.15 * np.abs(expected).max()
    peak = places[np.argsort(-betas[0])[:4]].mean(axis=0)
    goals = truth.sources.loc[:1, ["scanner_x", "scanner_y", "scanner_z"]].to_numpy()
    assert np.linalg.norm(peak - goals.mean(axis=0)) < 16
    assert (truth.maps["alpha"].get_fdata() <= 0).all()


def test_alpha_lowers_bold_after_a_lag():
    _, truth = first(simulate(n_volumes=150, bold=only("alpha", alpha={"lag": 2.0})))
    courses, state = truth.courses, truth.state
    power = np.exp(2 * state["alpha"].to_numpy())
    inside = courses["time"].to_numpy() > 0
    shifts = np.arange(0, 150)
    course = courses["alpha"].to_numpy()[inside]
    power = power - power.mean()
    match = [course @ np.roll(power, shift)[inside] for shift in shifts]
    # alpha is slow, so that the best single lag is near the response's, its mean later
    assert 0.1 * np.argmax(match) == pytest.approx(truth.peaks["alpha"], abs=1.5)
    assert truth.peaks["alpha"] > 6.0
    assert course.std() == pytest.approx(0.6, rel=0.05)


def test_lag_map_holds_the_peaks():
    _, truth = first(simulate())
    lags = truth.lag_map.get_fdata()
    found = np.unique(lags[np.isfinite(lags)])
    distance = np.abs(found[:, None] - np.array(list(truth.peaks.values())))
    assert distance.min(axis=1).max() < 1e-5
    assert 3 < len(found) < 10
    weight = truth.maps["motor"].get_fdata()
    assert lags.flat[weight.argmax()] == pytest.approx(truth.peaks["motor"], abs=1e-4)


def test_translation_is_a_shift_of_the_spectrum():
    trace = np.zeros((24, 6))
    trace[:, 0], trace[:, 2] = 4.3, -2.9
    _, truth = first(simulate(motion=trace, bold=only("motion")))
    still, moved = (truth.bold(part).get_fdata()[..., 5] for part in ("still", "moved"))
    voxels = np.array(truth.brain_mask.header.get_zooms()[:3])
    expected = shifted(still, np.array([4.3, 0.0, -2.9]) / voxels)
    inside = masked(truth)
    error = np.abs(moved - expected)[inside].max() / still[inside].mean()
    assert error < 0.01
    assert np.abs(still - expected)[inside].max() / still[inside].mean() > 0.2


def test_rotation_is_that_of_the_trigonometric_polynomial():
    trace = np.zeros((24, 6))
    trace[:] = (1.0, -2.0, 0.5, 0.05, -0.08, 0.1)
    _, truth = first(simulate(motion=trace, bold=only("motion")))
    still, moved = (truth.bold(part).get_fdata()[..., 5] for part in ("still", "moved"))
    affine = truth.brain_mask.affine
    pose = truth.poses[5]
    points = np.argwhere(masked(truth))[::97]
    back = np.linalg.inv(affine) @ np.linalg.inv(pose) @ affine
    places = apply_affine(back, points)
    spectrum = np.fft.fftn(still) / still.size
    waves = [
        np.exp(2j * np.pi * places[:, [axis]] * np.fft.fftfreq(size))
        for axis, size in enumerate(still.shape)
    ]
    expected = np.einsum("xyz,nx,ny,nz->n", spectrum, *waves, optimize=True).real
    error = np.abs(moved[tuple(points.T)] - expected) / still[masked(truth)].mean()
    assert error.max() < 0.01
    # about the neck, in the order Rx Ry Rz
    centre = truth.motion_centre
    np.testing.assert_allclose(apply_affine(pose, centre) - centre, [1.0, -2.0, 0.5])
    np.testing.assert_allclose(truth.motion.to_numpy(), trace, atol=1e-9)
    assert list(truth.motion) == ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]


def test_head_moves_within_a_volume():
    trace = np.zeros((24, 6))
    trace[10:, 0] = 6.0
    scan = {"n_dummy": 0, "slice_order": "ascending"}
    _, truth = first(simulate(motion=trace, scan=scan, bold=only("motion")))
    poses = truth.slice_poses
    assert poses.shape == (24, 10, 4, 4)
    moved = truth.bold("moved").get_fdata()
    voxel = truth.brain_mask.header.get_zooms()[0]
    quiet = truth.bold("still").get_fdata()[..., 0]
    for volume in (9, 10):
        for number in (2, 5, 8):
            shift = poses[volume, number, 0, 3] / voxel
            expected = shifted(quiet, (shift, 0, 0))[..., number]
            np.testing.assert_allclose(moved[..., number, volume], expected, atol=60)
    assert np.ptp(poses[9, :, 0, 3]) > 0.5


def test_drawn_motion_has_the_size_of_people():
    data = simulate(n_subjects=6, n_volumes=60, volume_shape=(8, 8, 8), bold=only("motion"))
    for truth in data.truth.runs:
        steps = np.abs(np.diff(truth.motion.to_numpy(), axis=0))
        displacement = steps[:, :3].sum(axis=1) + 50 * steps[:, 3:].sum(axis=1)
        assert 0.02 < displacement.mean() < 0.6
        np.testing.assert_allclose(truth.motion.iloc[0], 0, atol=0.05)
    still = simulate(motion=False).truth.runs[0]
    assert not still.motion.to_numpy().any()


def test_first_volumes_are_brighter_and_dummies_take_that_away():
    bold = only("saturation", saturation={"flip_angle": 90.0})
    values, truth = first(simulate(bold=bold))
    level = values[masked(truth)].mean(axis=0)
    assert level[0] > 1.2 * level[-1]
    np.testing.assert_allclose(level[5:], level[-1], rtol=1e-3)
    # at 90 degrees all is used up by each pulse, so that the second volume is steady
    assert level[1] == pytest.approx(level[-1], rel=1e-3)
    grey = truth.sources.iloc[0][["scanner_x", "scanner_y", "scanner_z"]].to_numpy(dtype=float)
    index = tuple(np.rint(apply_affine(np.linalg.inv(truth.brain_mask.affine), grey)).astype(int))
    ratio = values[index][0] / values[index][-1]
    assert 1 / (1 - np.exp(-2 / 1.35)) == pytest.approx(ratio, rel=0.25)
    later, _ = first(simulate(bold=bold, scan={"n_dummy": 3, "keep_dummies": False}))
    assert np.ptp(later[masked(truth)].mean(axis=0)) < 2e-3 * level[-1]


def test_movement_across_slices_disturbs_the_magnetisation():
    trace = np.zeros((24, 6))
    trace[12:, 2] = 4.0
    both = {"motion": trace, "scan": {"n_dummy": 0, "slice_order": "interleaved"}}
    with_history, truth = first(simulate(**both, bold=only("motion", "spin_history")))
    without, _ = first(simulate(**both, bold=only("motion")))
    inside = masked(truth)
    change = (with_history - without)[inside] / without[inside].mean()
    size = np.abs(change).mean(axis=0)
    assert size[:10].max() < 1e-3
    assert size[12:14].max() > 0.004
    # it fades as the magnetisation comes back
    assert size[20] < 0.3 * size[12:14].max()


def test_noise_of_heart_and_breath_follows_their_traces():
    data = simulate(n_volumes=80, bold=only("physiology", physiology={"amplitude": 3.0}))
    values, truth = first(data)
    times = np.arange(80) * 2.0
    beats, breath = truth.heartbeats["time"].to_numpy(), truth.breathing
    for number in (3, 6):
        when = times + data.X["fmri"].load(0).slice_times[number]
        phase = 2 * np.pi * np.interp(when, beats, np.arange(len(beats)))
        depth = np.interp(when, breath["time"], breath["depth"])
        waves = [np.cos(phase), np.sin(phase), np.cos(2 * phase), np.sin(2 * phase), depth]
        inside = masked(truth)[..., number]
        series = values[..., number, :][inside]
        series = (series / series.mean(axis=1, keepdims=True) - 1).T
        left = [residual(series, [np.ones(80), *waves[:n]]) for n in (0, 4, 5)]
        assert left[1] < 0.7 * left[0]
        assert left[2] < left[1]


def residual(series, columns):
    design = np.stack(columns, axis=1)
    return ((series - design @ np.linalg.lstsq(design, series, rcond=None)[0]) ** 2).sum()


def test_autocorrelated_noise():
    effect = {"amplitude": 2.0, "fwhm": 20.0, "time_constant": 4.0}
    values, truth = first(
        simulate(n_volumes=150, bold=only("autocorrelated", autocorrelated=effect))
    )
    series = values[masked(truth)]
    series = series / series.mean(axis=1, keepdims=True) - 1
    assert series.std() == pytest.approx(0.02, rel=0.1)
    lag_one = (series[:, 1:] * series[:, :-1]).mean() / (series**2).mean()
    assert lag_one == pytest.approx(np.exp(-2.0 / 4.0), abs=0.06)
    volume = values[4:16, 4:16, 3:7] / values[4:16, 4:16, 3:7].mean(axis=-1, keepdims=True) - 1
    near = (volume[1:] * volume[:-1]).mean() / (volume**2).mean()
    sigma = 20.0 / 2.3548
    assert near == pytest.approx(np.exp(-0.25 * (11.0 / sigma) ** 2), abs=0.12)


def test_drift_is_slow():
    values, truth = first(simulate(n_volumes=80, bold=only("drift")))
    series = values[masked(truth)].mean(axis=0)
    power = np.abs(np.fft.rfft(series - series.mean())) ** 2
    assert power[1:5].sum() > 0.95 * power.sum()
    assert 0.003 < series.std() / series.mean() < 0.03


def test_dropout_lies_above_the_sinuses():
    brain = {"anatomy": 0.0}
    full, truth = first(simulate(brain=brain, bold=only()))
    lost, _ = first(simulate(brain=brain, bold=only("dropout")))
    ratio = lost[..., 0] / np.maximum(full[..., 0], 1)
    place = np.linalg.inv(truth.brain_mask.affine)
    sinus, cortex = (
        tuple(np.rint(apply_affine(place, mni)).astype(int)) for mni in ((0, 38, -22), (0, -60, 46))
    )
    assert ratio[sinus] < 0.7
    assert ratio[cortex] == pytest.approx(1, abs=0.02)


def test_people_differ_in_anatomy_and_can_be_alike():
    data = simulate(n_subjects=2, bold=only())
    places = [run.mni for run in data.truth.runs]
    assert np.abs(places[0] - places[1]).max() > 3
    truth = data.truth.runs[0]
    sources = truth.sources
    there = sources[["scanner_x", "scanner_y", "scanner_z"]].to_numpy()
    back = truth.plan.subject.placement.to_mni(there)
    np.testing.assert_allclose(back, sources[["x", "y", "z"]], atol=1e-6)
    alike = simulate(brain={"anatomy": 0.0}, bold=only()).truth.runs[0]
    index = np.stack(np.indices(alike.mni.shape[:3]), axis=-1)
    expected = apply_affine(alike.brain_mask.affine, index)
    np.testing.assert_allclose(alike.mni, expected, atol=1e-3)


def test_template_shape_is_brain_like():
    _, truth = first(simulate(bold=only()))
    volume = masked(truth).sum() * np.abs(np.linalg.det(truth.brain_mask.affine[:3, :3])) / 1e6
    assert 1.2 < volume < 2.4
