"""Confounds: what is attached, and what it does where values are asked for."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nilearn.signal import clean
from numpy.testing import assert_allclose

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.fmri import ConfoundRegressor, SpatialSmoother, VolumeWindow
from sklearn_neurofuse.fmri._confound_plan import fill
from tests.fmri.runs import MOTION, after, as_run, motion_table, table, take


@pytest.fixture
def run(rng):
    data = 500 + 5 * rng.standard_normal((6, 5, 4, 80))
    return as_run(data, confounds=motion_table(80))


def nilearn_clean(run, columns, **settings):
    signals = run.get_data().reshape(-1, run.n_volumes).T.astype(float)
    cleaned = clean(signals, confounds=columns, standardize=None, t_r=run.t_r, **settings)
    return (cleaned + signals.mean(axis=0)).T.reshape(run.img.shape)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("parameters", "settings"),
    [
        ({}, {"filter": False}),
        ({"high_pass": 0.01}, {"high_pass": 0.01}),
        ({"high_pass": 0.01, "low_pass": 0.1}, {"high_pass": 0.01, "low_pass": 0.1}),
    ],
)
def test_values_are_those_of_nilearn(run, order, parameters, settings):
    run = as_run(run.get_data(), order=order, confounds=run.confounds)
    ours = after(ConfoundRegressor(**parameters), run).get_data()
    assert ours.dtype == np.float32
    assert_allclose(ours, nilearn_clean(run, run.confounds, **settings), rtol=1e-5)


def test_nothing_but_a_line_is_taken_off_without_columns(run):
    ours = after(ConfoundRegressor(motion=0), run).get_data()
    assert_allclose(ours, nilearn_clean(run, None, filter=False), rtol=1e-5)


def test_numbers_of_motion_columns(run):
    tables = {n: after(ConfoundRegressor(n), run).confounds for n in (6, 12, 24)}
    assert [len(t.columns) - 1 for t in tables.values()] == [6, 12, 24]
    full, motion = tables[24], run.confounds
    assert_allclose(full["trans_y_derivative1"][1:], np.diff(motion["trans_y"]))
    assert full["trans_y_derivative1"][0] == full["trans_y_derivative1"][1]
    assert_allclose(full["rot_z_power2"], motion["rot_z"] ** 2)
    assert_allclose(full["rot_z_derivative1_power2"], full["rot_z_derivative1"] ** 2)


def test_names_are_those_of_fmriprep(real_data):
    path = next(real_data("motion-traces").rglob("*confounds*.tsv"), None)
    assert path is not None
    given = pd.read_csv(path, sep="\t")
    ours = after(
        ConfoundRegressor(24),
        as_run(np.random.default_rng(0).normal(500, 5, (3, 3, 3, len(given))), confounds=given),
    ).confounds
    for name in given.columns.intersection(ours.columns):
        if name.startswith(("trans", "rot")):
            # the table is an excerpt: the changes of its first volumes are against others
            one, two = given[name].to_numpy(float)[2:], ours[name].to_numpy(float)[2:]
            assert_allclose(two, one, rtol=1e-3, atol=2e-5)


def test_scrubbing_keeps_the_time_axis(run):
    motion = run.confounds.copy()
    motion.loc[30:, "trans_x"] += 5
    motion.loc[31:, "trans_x"] -= 5
    data = run.get_data().copy()
    step = ConfoundRegressor(motion=0, scrub=2.0, high_pass=0.01)
    clean_run = after(step, as_run(data, confounds=motion))
    data[..., 30:32] *= 10
    broken = after(step, as_run(data, confounds=motion))
    assert broken.n_volumes == 80
    assert np.flatnonzero(broken.confounds["scrubbed"]).tolist() == [30, 31]
    assert_allclose(broken.get_data(), clean_run.get_data(), rtol=1e-4)
    inside = broken.get_data()
    assert_allclose(inside[..., 30], (2 * inside[..., 29] + inside[..., 32]) / 3, rtol=1e-5)


def test_scrubbed_at_both_ends_with_a_filter(run):
    # where a mask that is not kept apart from positions goes wrong
    motion = run.confounds.copy()
    motion.loc[:2, "trans_x"] += np.array([9.0, 18.0, 9.0])
    motion.loc[77:, "trans_x"] += np.array([9.0, 18.0, 9.0])
    data = run.get_data() + 0 * run.get_data()
    wave = np.sin(2 * np.pi * 0.05 * np.arange(80) * 2.0)
    data += 20 * wave
    cleaned = after(
        ConfoundRegressor(motion=0, scrub=4.0, high_pass=0.01, low_pass=0.2),
        as_run(data, confounds=motion, n_dummy=2),
    ).get_data()
    middle = cleaned[..., 10:70].mean(axis=(0, 1, 2))
    # three volumes too early or late it would be below zero
    assert np.corrcoef(middle, wave[10:70])[0, 1] > 0.95


def test_a_displacement_of_the_table_is_taken(run):
    distance = np.zeros(80)
    distance[0], distance[17] = np.nan, 0.9
    given = run.confounds.assign(framewise_displacement=distance)
    marked = after(ConfoundRegressor(scrub=0.5), run.replace(confounds=given)).confounds["scrubbed"]
    assert np.flatnonzero(marked).tolist() == [17]


def test_fill():
    values = np.arange(6.0)[:, None] ** 2
    kept = np.array([False, True, False, False, True, False])
    assert fill(values, kept)[:, 0].tolist() == [1, 1, 6, 11, 16, 16]
    assert fill(values, np.eye(6, dtype=bool)[2])[:, 0].tolist() == [4.0] * 6
    assert values[0, 0] == 0


def test_compcor_of_what_varies_most(rng):
    times = np.arange(100)
    noise = np.sin(times / 3.0) + 0.3 * rng.standard_normal(100)
    data = 500 + 2 * rng.standard_normal((12, 12, 10, 100))
    data[0, :, :3] += 40 * noise
    step = ConfoundRegressor(motion=0, compcor=2)
    X = Recordings([as_run(data)])
    done = step.fit_transform(X)
    found = done.load(0).confounds
    assert list(found) == ["a_comp_cor_00", "a_comp_cor_01", "scrubbed"]
    assert abs(np.corrcoef(found["a_comp_cor_00"], noise)[0, 1]) > 0.98
    assert "vary most" in done.quality(0)["ConfoundRegressor"]["compcor_mask"]


def test_compcor_in_a_given_mask(rng):
    data = 500 + 2 * rng.standard_normal((8, 8, 6, 60))
    wave = np.cos(np.arange(60) / 2.0)
    data[:2] += 15 * wave
    mask = np.zeros((8, 8, 6), np.uint8)
    mask[:2] = 1
    run = as_run(data)
    step = ConfoundRegressor(motion=0, compcor=1, noise_mask=nib.Nifti1Image(mask, run.img.affine))
    cleaned = after(step, run)
    assert abs(np.corrcoef(cleaned.confounds["a_comp_cor_00"], wave)[0, 1]) > 0.98
    left = cleaned.get_data()[:2].mean(axis=(0, 1, 2))
    assert abs(np.corrcoef(left, wave)[0, 1]) < 0.1


def test_compcor_comes_from_unsmoothed_data(rng):
    data = 500 + 2 * rng.standard_normal((10, 10, 8, 60))
    data[:, :, 0] += 30 * np.sin(np.arange(60) / 2.0)
    step = ConfoundRegressor(motion=0, compcor=3)
    run = as_run(data)
    plain = after(step, run).confounds
    smoothed = after(SpatialSmoother(8.0), run)
    assert_allclose(after(step, smoothed.replace(done=())).confounds, plain, atol=1e-6)
    X = SpatialSmoother(8.0).fit_transform(Recordings([run]))
    assert_allclose(step.fit_transform(X).load(0).confounds, plain, atol=1e-6)
    elsewhere = run.replace(done=("smoothed",))
    with pytest.raises(RecordingError, match="CompCor comes from unsmoothed data"):
        after(step, elsewhere)


def test_components_of_the_table_are_taken(run):
    columns = {f"a_comp_cor_{i:02d}": np.random.default_rng(i).normal(size=80) for i in range(3)}
    run = run.replace(confounds=run.confounds.assign(**columns))
    X = Recordings([run])
    done = ConfoundRegressor(compcor=2).fit_transform(X)
    assert list(done.load(0).confounds)[-3:] == ["a_comp_cor_00", "a_comp_cor_01", "scrubbed"]
    assert done.quality(0)["ConfoundRegressor"]["compcor_mask"] == "the table of confounds"
    with pytest.raises(RecordingError, match="compcor must be at most 3"):
        ConfoundRegressor(compcor=4).fit_transform(X).load(0)


def test_global_signal(run):
    wave = np.sin(np.arange(80) / 4.0)
    run = run.replace(img=as_run(run.get_data() + 10 * wave).img)
    done = after(ConfoundRegressor(global_signal=True), run)
    assert np.corrcoef(done.confounds["global_signal"], wave)[0, 1] > 0.99
    given = run.replace(confounds=run.confounds.assign(global_signal=np.arange(80.0) ** 2))
    done = after(ConfoundRegressor(global_signal=True), given)
    assert_allclose(done.confounds["global_signal"], np.arange(80.0) ** 2)


def test_more_columns(run):
    given = run.confounds.assign(csf=np.r_[np.nan, np.ones(39), np.zeros(40)])
    run = run.replace(confounds=given)
    cleaned = after(ConfoundRegressor(motion=0, columns=["csf"]), run)
    assert np.isfinite(cleaned.get_data()).all()
    with pytest.raises(RecordingError, match="no column 'white_matter'; it has trans_x"):
        after(ConfoundRegressor(columns=["white_matter"]), run)


def test_quality(run):
    drift = np.cumsum(np.random.default_rng(3).normal(size=80)) * 5
    motion = run.confounds.assign(trans_x=drift / 50)
    X = Recordings([as_run(run.get_data() + drift, confounds=motion)])
    figures = ConfoundRegressor().fit_transform(X).quality(0)["ConfoundRegressor"]
    assert figures["columns"] == MOTION
    assert figures["n_scrubbed"] == 0
    assert figures["tsnr_after"] > 2 * figures["tsnr_before"]
    assert_allclose(figures["tsnr_after"], 100, rtol=0.1)


def test_a_window_does_not_take_scrubbed_volumes(run):
    motion = run.confounds.copy()
    motion.loc[10:13, "trans_x"] += np.array([9.0, 18.0, 9.0, 18.0])
    X = Recordings([as_run(run.get_data(), confounds=motion)], [table([16.0, 60.0])])
    X = ConfoundRegressor(scrub=3.0).fit_transform(X)
    block = VolumeWindow(4.0, 8.0).fit_transform(X)
    assert block.present.tolist() == [False, True]


def test_voxels_that_are_not_finite_are_zero(run):
    data = run.get_data().copy()
    data[0, 0, 0] = np.nan
    cleaned = after(ConfoundRegressor(), run.replace(img=as_run(data).img)).get_data()
    assert np.isfinite(cleaned).all()
    assert (cleaned[0, 0, 0] == 0).all()


def test_too_few_volumes_remain(run):
    shaken = run.replace(confounds=motion_table(80, size=50.0))
    with pytest.raises(RecordingError, match=r"of 80 volumes remain after scrubbing"):
        after(ConfoundRegressor(scrub=0.01), shaken)


def test_motion_is_missing(run):
    with pytest.raises(RecordingError, match=r"the confounds lack trans_x.*MotionCorrector"):
        after(ConfoundRegressor(), run.replace(confounds=None))


def test_order_is_held(run):
    X = ConfoundRegressor().fit_transform(Recordings([run]))
    with pytest.raises(ValueError, match="put SpatialSmoother before ConfoundRegressor"):
        SpatialSmoother().fit_transform(X)
    low = ConfoundRegressor(low_pass=0.1).fit_transform(Recordings([run]))
    with pytest.raises(ValueError, match="is low_passed"):
        ConfoundRegressor().fit_transform(low)


def test_a_filter_beyond_half_the_sampling_rate(run):
    with pytest.raises(RecordingError, match=r"low_pass must be in \(-inf, 0.25\) Hz, got 0.3"):
        after(ConfoundRegressor(low_pass=0.3), run)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"motion": 7}, ValueError, "motion must be one of 0, 6, 12, 24, got 7"),
        ({"compcor": 0}, ValueError, r"compcor must be in \[1, inf\)"),
        ({"compcor": 2.5}, TypeError, "compcor must be an integer"),
        ({"global_signal": "yes"}, ValueError, "global_signal must be one of True, False"),
        ({"high_pass": -0.1}, ValueError, "high_pass must be in"),
        ({"high_pass": 0.2, "low_pass": 0.1}, ValueError, r"high_pass must be in \(-inf, 0.1\)"),
        ({"scrub": 0}, ValueError, "scrub must be in"),
        ({"columns": "csf"}, TypeError, "columns must be a list"),
    ],
)
def test_bad_parameters(run, parameters, error, message):
    with pytest.raises(error, match=message):
        ConfoundRegressor(**parameters).fit(Recordings([run]))


def test_values_are_not_written_to(run):
    before = run.get_data().copy()
    after(ConfoundRegressor(24, high_pass=0.01), run).get_data()
    assert (run.get_data() == before).all()
    assert list(run.confounds) == MOTION
    assert take(VolumeWindow(), run, table([20.0])).present.all()
