"""Single-trial models: against nilearn, against time, and where they cannot tell."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from nilearn.glm.contrasts import compute_contrast
from nilearn.glm.first_level import (
    compute_regressor,
    make_first_level_design_matrix,
    run_glm,
)
from numpy.testing import assert_allclose

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.fmri import ConfoundRegressor, TrialBetas
from tests.fmri.runs import AFFINE, MOTION, as_run, motion_table, responding, response, table, take

# far from both ends, so that no clock puts one outside
ONSETS = np.array([10.0, 31.0, 47.5, 66.0, 90.0, 111.0, 140.0])
HEIGHTS = np.array([1.0, 2.0, 0.5, 1.5, 1.0, 2.5, 1.0])


@pytest.fixture
def noise_run(rng):
    data = 500 + 5 * rng.standard_normal((5, 4, 3, 90))
    return as_run(data, confounds=motion_table(90))


def nilearn_maps(run, events, trial, method, confounds, output):
    """Give what nilearn's own model says of one trial."""
    others = ["others"] * len(events) if method == "lss" else [f"t{i}" for i in range(len(events))]
    kinds = ["trial" if i == trial else other for i, other in enumerate(others)]
    design = make_first_level_design_matrix(
        np.arange(run.n_volumes) * run.t_r,
        events.assign(trial_type=kinds),
        hrf_model="glover",
        drift_model="cosine",
        high_pass=1 / 128,
        add_regs=confounds,
    )
    values = run.get_data().astype(float).reshape(-1, run.n_volumes).T
    labels, results = run_glm(values, design.to_numpy(), noise_model="ols")
    weights = (design.columns == "trial").astype(float)
    contrast = compute_contrast(labels, results, weights, stat_type="t")
    maps = {"effect": contrast.effect_size, "t": contrast.stat}[output]
    return np.asarray(maps() if callable(maps) else maps).reshape(run.img.shape[:3])


@pytest.mark.parametrize("method", ["lss", "lsa"])
@pytest.mark.parametrize("duration", [0.0, 4.0])
@pytest.mark.filterwarnings("ignore:The following conditions contain events with null duration")
def test_agrees_with_nilearn(noise_run, method, duration):
    events = table(ONSETS, duration=duration)
    run = ConfoundRegressor().fit_transform(Recordings([noise_run], [events]))
    t = TrialBetas(method).fit_transform(run).data
    percent = TrialBetas(method, effect="beta").fit_transform(run).data
    # the peak of the response, wherever it falls between volumes
    times = np.arange(90) * 2.0
    peak = max(
        compute_regressor(([onset], [duration], [1.0]), "glover", times)[0].max()
        for onset in np.arange(20.0, 22.0, 0.04)
    )
    mean = noise_run.get_data().mean(axis=3, dtype=float)
    confounds = noise_run.confounds - noise_run.confounds.mean()
    for trial in (0, 3, 6):
        arguments = (noise_run, events, trial, method, confounds)
        assert_allclose(t[trial], nilearn_maps(*arguments, "t"), rtol=1e-6, atol=1e-6)
        beta = nilearn_maps(*arguments, "effect")
        scale = percent[trial] * mean / 100 / beta
        assert_allclose(scale, scale.flat[0], rtol=1e-5)
        assert_allclose(scale.flat[0], peak, rtol=2e-3)


@pytest.mark.parametrize("method", ["lss", "lsa"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_finds_the_planted_heights(method, order):
    times = np.arange(90) * 2.0
    data = responding(ONSETS, HEIGHTS, times, noise=0.5)
    betas = take(TrialBetas(method, effect="beta"), as_run(data, order=order), table(ONSETS)).data
    found = betas[:, :2].mean(axis=(1, 2, 3))
    assert np.corrcoef(found, HEIGHTS)[0, 1] > 0.97
    # the planted response is another than the model's
    assert_allclose(found.mean(), HEIGHTS.mean(), rtol=0.2)
    assert np.abs(betas[:, 2:].mean(axis=(1, 2, 3))).max() < 0.1


def planted(t_r, oversampling):
    return response(np.arange(0.0, 32.0, t_r / oversampling))


def mean_t(run):
    # the response that was planted, so that nothing but time can be wrong
    return take(TrialBetas(hrf=planted), run, table(ONSETS)).data[:, :2].mean()


@pytest.mark.parametrize("reference", [0.0, 0.5])
@pytest.mark.parametrize("start", [0.0, 3.7])
def test_activation_is_lost_by_half_a_volume(reference, start):
    t_r = 3.0
    times = start + (np.arange(60) + reference) * t_r
    data = responding(ONSETS, np.ones(7), times, noise=3.0)
    fields = {"t_r": t_r, "start_time": start, "slice_time_ref": reference}
    right = mean_t(as_run(data, **fields))
    for sign in (-1, 1):
        half = mean_t(as_run(data, **{**fields, "start_time": start + sign * t_r / 2}))
        one = mean_t(as_run(data, **{**fields, "start_time": start + sign * t_r}))
        assert right > 1.1 * half
        assert half > 1.2 * one


def test_slice_times_move_the_model():
    slice_times = np.linspace(0, 2.9, 3)
    times = (np.arange(60) + slice_times.mean() / 3.0) * 3.0
    data = responding(ONSETS, np.ones(7), times, noise=3.0)
    told = mean_t(as_run(data, t_r=3.0, slice_times=slice_times))
    assert told > 1.1 * mean_t(as_run(data, t_r=3.0))


def test_confounds_stand_in_the_model(rng):
    times = np.arange(90) * 2.0
    motion = motion_table(90)
    data = responding(ONSETS, HEIGHTS, times, noise=1.0)
    data += 60 * motion[MOTION[0]].to_numpy() - 4000 * motion[MOTION[4]].to_numpy()
    X = Recordings([as_run(data, confounds=motion)], [table(ONSETS)])
    with_them = TrialBetas().fit_transform(ConfoundRegressor().fit_transform(X)).data
    without = TrialBetas().fit_transform(X).data
    assert with_them[:, :2].mean() > 3 * without[:, :2].mean()


def test_scrubbed_volumes_do_not_matter():
    times = np.arange(90) * 2.0
    motion = motion_table(90, size=0.01)
    motion.loc[40:, "trans_x"] += 3.0
    motion.loc[41:, "trans_x"] -= 3.0
    data = responding(ONSETS, HEIGHTS, times, noise=1.0)
    X = Recordings([as_run(data, confounds=motion)], [table(ONSETS)])
    step, betas = ConfoundRegressor(motion=0, scrub=1.0), TrialBetas(effect="t")
    clean = betas.fit_transform(step.fit_transform(X))
    data[..., 40:42] *= 3
    X = Recordings([as_run(data, confounds=motion)], [table(ONSETS)])
    broken = betas.fit_transform(step.fit_transform(X))
    assert_allclose(broken.data, clean.data, rtol=1e-4, atol=1e-4)
    assert step.fit_transform(X).load(0).n_volumes == 90


def test_dummies_do_not_matter():
    times = np.arange(90) * 2.0
    data = responding(ONSETS, HEIGHTS, times, noise=1.0)
    clean = take(TrialBetas(effect="beta"), as_run(data, n_dummy=4), table(ONSETS)).data
    data[..., :4] *= 2
    broken = take(TrialBetas(effect="beta"), as_run(data, n_dummy=4), table(ONSETS)).data
    assert_allclose(broken, clean, rtol=1e-4, atol=1e-4)


def test_the_class_makes_no_difference(noise_run):
    events = table(ONSETS)
    other = events.assign(trial_type=events["trial_type"].to_numpy()[::-1])
    one, two = (take(TrialBetas(), noise_run, each).data for each in (events, other))
    assert (one == two).all()


def test_a_trial_at_the_end_is_missing(noise_run):
    events = table([*ONSETS, 177.0])
    extractor = TrialBetas()
    X = Recordings([noise_run], [events])
    block = extractor.fit_transform(X)
    assert block.present.tolist() == [True] * 7 + [False]
    assert list(extractor.missing_reasons(X)) == [7]
    assert "times that of an undisturbed response" in extractor.missing_reasons(X)[7]
    assert extractor.quality(X)[0]["TrialBetas"]["n_missing"] == 1


def test_the_limit_of_the_variance_is_a_parameter(noise_run):
    close = table([20.0, 22.0, 24.0, 26.0, 60.0, 100.0, 130.0])
    strict = take(TrialBetas("lsa", max_inflation=1.7), noise_run, close).present
    loose = take(TrialBetas("lsa", max_inflation=1e6), noise_run, close).present
    assert not strict[1:3].any()
    assert strict[4:].all()
    assert loose.all()


def test_a_trial_in_scrubbed_volumes_is_missing():
    motion = motion_table(90, size=0.001)
    motion.loc[46:50, "trans_x"] += np.array([2.0, 4.0, 2.0, 4.0, 2.0])
    data = responding(ONSETS, HEIGHTS, np.arange(90) * 2.0, noise=1.0)
    X = Recordings([as_run(data, confounds=motion)], [table(ONSETS)])
    block = TrialBetas(max_inflation=4).fit_transform(ConfoundRegressor(scrub=1.0).fit_transform(X))
    assert block.present.tolist() == [True, True, True, True, False, True, True]


def test_a_low_pass_before_is_refused(noise_run):
    X = Recordings([noise_run], [table(ONSETS)])
    with pytest.raises(RecordingError, match=r"no low-pass.*low_pass=0.1.*low_pass=None"):
        TrialBetas().fit_transform(ConfoundRegressor(low_pass=0.1).fit_transform(X))


def test_the_higher_cut_off_holds(noise_run):
    X = Recordings([noise_run], [table(ONSETS)])
    step = ConfoundRegressor(motion=0, high_pass=0.02)
    above = TrialBetas().fit_transform(step.fit_transform(X)).data
    assert_allclose(above, TrialBetas(high_pass=0.02).fit_transform(X).data, rtol=1e-5)


def test_too_many_regressors():
    run = as_run(np.random.default_rng(0).normal(500, 5, (3, 3, 3, 20)), confounds=motion_table(20))
    X = Recordings([run], [table([5.0, 20.0])])
    with pytest.raises(RecordingError, match=r"20 volumes are too few for \d+ nuisance"):
        TrialBetas().fit_transform(ConfoundRegressor(24).fit_transform(X))


def test_percent_needs_a_mean(rng):
    run = as_run(rng.standard_normal((4, 4, 3, 90)) - 3.0)
    with pytest.raises(RecordingError, match="use scale=False or effect='t'"):
        take(TrialBetas(effect="beta"), run, table(ONSETS))
    assert take(TrialBetas(effect="t"), run, table(ONSETS)).present.all()


def test_voxels_without_a_signal_are_zero(rng):
    data = 500 + 5 * rng.standard_normal((5, 4, 3, 90))
    data[0, 0] = 0
    data[1, 0] = np.nan
    data[2, 0] = 300
    for effect in ("t", "beta"):
        maps = take(TrialBetas(effect=effect), as_run(data), table(ONSETS)).data
        assert np.isfinite(maps).all()
        assert np.abs(maps[:, :3, 0]).max() < 1e-5
        assert np.abs(maps[:, 3:]).min() > 0


def test_events_outside_the_run(noise_run):
    with pytest.raises(RecordingError, match="event 1 at 181 s lies outside"):
        take(TrialBetas(), noise_run, table([10.0, 181.0]))


def test_a_response_of_ones_own(noise_run):
    def late(t_r, oversampling):
        times = np.arange(0, 32, t_r / oversampling)
        return np.exp(-0.5 * (times - 9) ** 2)

    events = table(ONSETS)
    assert not np.allclose(
        take(TrialBetas(hrf=late), noise_run, events).data,
        take(TrialBetas(hrf="spm"), noise_run, events).data,
        atol=0.1,
    )


def test_space_and_mask(noise_run):
    mask = np.zeros((5, 4, 3), np.uint8)
    mask[1:4, 1:3, :2] = 1
    mask[1, 1, 0] = 0
    block = take(TrialBetas(mask_img=nib.Nifti1Image(mask, AFFINE)), noise_run, table(ONSETS))
    assert block.shape == (7, 3, 2, 2)
    assert block.dtype == np.float32
    assert (block.data[:, 0, 0, 0] == 0).all()
    assert block.space.mask.sum() == 11
    assert_allclose(block.space.affine[:3, 3], [3, 3, 0])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "lsx"}, "method must be one of 'lss', 'lsa'"),
        ({"hrf": "gamma"}, "hrf must be one of 'glover', 'spm' or a callable"),
        ({"effect": "z"}, "effect must be one of 't', 'beta'"),
        ({"high_pass": 0.0}, r"high_pass must be in \(0, inf\) Hz"),
        ({"max_inflation": 0.5}, r"max_inflation must be in \[1, inf\)"),
        ({"resolution": -1.0}, r"resolution must be in \(0, inf\) mm"),
        ({"standardize": "run"}, "standardize must be one of"),
    ],
)
def test_bad_parameters(noise_run, parameters, message):
    with pytest.raises(ValueError, match=message):
        TrialBetas(**parameters).fit(Recordings([noise_run], [table(ONSETS)]))


def test_onsets_may_be_on_another_clock(noise_run):
    shifted = noise_run.replace(start_time=1000.0)
    events = table(ONSETS)
    one = take(TrialBetas(), noise_run, events).data
    two = take(
        TrialBetas(), shifted, pd.DataFrame(events).assign(onset=events["onset"] + 1000)
    ).data
    assert_allclose(one, two, rtol=1e-5, atol=1e-5)
