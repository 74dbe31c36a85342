"""The task of `simulate_eeg_fmri`: trials, latents, how hard it is, and the negative controls."""

import pickle

import numpy as np
import pytest

from sklearn_neurofuse import config_context
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.datasets._simulation._effects import BOLD_EFFECTS, EEG_EFFECTS
from sklearn_neurofuse.datasets._simulation._oracle import fmri_design
from sklearn_neurofuse.datasets._simulation._sources import CLASS_GAIN
from sklearn_neurofuse.eeg import Epocher
from sklearn_neurofuse.fmri import VolumeWindow

QUICK = {
    "n_subjects": 1,
    "n_volumes": 24,
    "volume_shape": (8, 8, 8),
    "n_channels": 4,
    "sfreq": 250.0,
    "eeg": {name: name in ("evoked", "background", "sensor") for name in EEG_EFFECTS},
    "bold": {name: name in ("activation", "thermal") for name in BOLD_EFFECTS},
    "random_state": 0,
}


def simulate(**changes):
    # nothing here goes through the cache, so recordings need not be hashed
    with config_context(cache_dir=None):
        return simulate_eeg_fmri(**{**QUICK, **changes})


def test_bunch_holds_what_a_study_needs():
    data = simulate(n_subjects=2, n_sessions=2, n_runs=2)
    X = data.X
    assert X.modalities == ("fmri", "eeg")
    assert len(X) == len(data.target) == len(data.groups) == len(data.truth.trials)
    assert len(data.truth.runs) == len(data.events["eeg"]) == len(data.events["fmri"]) == 8
    assert set(data.target) == {0, 1}
    assert data.target_names == ["house", "face"]
    assert set(data.groups) == {"01", "02"}
    np.testing.assert_array_equal(X["eeg"].groups, data.groups)
    for name in X.modalities:
        table = X[name].table
        np.testing.assert_array_equal(table["trial_type"] == "face", data.target == 1)
        assert {"01", "02"} == set(table["session"]) == set(table["run"])
    assert "conjunction" not in data.DESCR
    assert X["eeg"].sources[3].partner is X["fmri"].sources[3].source


def test_truth_can_be_pickled():
    data = simulate()
    truth = pickle.loads(pickle.dumps(data.truth))
    one, other = data.truth.runs[0], truth.runs[0]
    np.testing.assert_array_equal(other.eeg["evoked"], one.eeg["evoked"])
    np.testing.assert_array_equal(other.mni, one.mni)


def test_recordings_go_through_the_extractors():
    data = simulate()
    epochs = Epocher(-0.2, 0.6).fit_transform(data.X["eeg"])
    volumes = VolumeWindow(3.0, 7.0).fit_transform(data.X["fmri"])
    assert len(epochs) == len(volumes) == len(data.target)
    assert epochs.present.all()
    assert volumes.present.all()


def test_trials_come_at_random_intervals_within_the_run():
    data = simulate(n_volumes=120, design={"isi": (2.5, 4.0)})
    trials = data.truth.trials
    steps = np.diff(trials["onset"])
    assert 2.5 <= steps.min() < 2.8 < 3.7 < steps.max() <= 4.0
    assert trials["onset"].iloc[0] >= 4.0
    assert trials["onset"].iloc[-1] <= 240.0 - 8.0
    assert abs(trials["target"].mean() - 0.5) < 0.02


def test_presses_stand_beside_the_trials():
    data = simulate(n_volumes=60)
    trials, events = data.truth.trials, data.events["fmri"][0]
    presses = events[events["trial_type"] == "button"]
    reaction = trials["response_time"].dropna()
    np.testing.assert_allclose(
        presses["onset"], trials.loc[reaction.index, "onset"] + reaction, rtol=1e-12
    )
    assert 0.5 < len(reaction) / len(trials) < 1
    assert events["onset"].is_monotonic_increasing
    never = simulate(design={"button": 0.0}).events["eeg"][0]
    assert set(never["trial_type"]) == {"house", "face"}


def test_events_of_both_clocks_are_the_same_events():
    data = simulate(scan={"clock_ppm": 100.0, "lead": 7.0, "n_dummy": 0})
    eeg, bold = data.events["eeg"][0], data.events["fmri"][0]
    np.testing.assert_allclose(eeg["onset"], (bold["onset"] + 7.0) * (1 + 1e-4), rtol=1e-12)
    assert (eeg["trial_type"] == bold["trial_type"]).all()


def test_regimes_put_the_class_where_they_say():
    signs = {}
    for regime in ("eeg", "fmri", "both", "conjunction"):
        data = simulate(regime=regime, n_volumes=150)
        trials = data.truth.trials
        sign = 2 * trials["target"] - 1
        signs[regime] = [trials["sign_eeg"], trials["sign_fmri"], sign]
        accuracy = data.truth.bayes_accuracy.iloc[0]
        expected = {
            "eeg": (0.75, 0.5, 0.75),
            "fmri": (0.5, 0.75, 0.75),
            "both": (0.75, 0.75, 0.83),
            "conjunction": (0.5, 0.5, 0.625),
        }[regime]
        np.testing.assert_allclose(accuracy[["eeg", "fmri", "both"]].tolist(), expected, atol=0.01)
    eeg, fmri, sign = signs["both"]
    assert (eeg == sign).all()
    assert (fmri == sign).all()
    eeg, fmri, sign = signs["eeg"]
    assert (eeg == sign).all()
    assert 0.2 < (fmri == sign).mean() < 0.8
    eeg, fmri, sign = signs["fmri"]
    assert (fmri == sign).all()
    assert 0.2 < (eeg == sign).mean() < 0.8
    eeg, fmri, sign = signs["conjunction"]
    assert (eeg * fmri == sign).all()
    assert 0.2 < (eeg == sign).mean() < 0.8


def test_latents_differ_between_the_classes_by_the_effect():
    noiseless = {name: name == "evoked" for name in EEG_EFFECTS}
    data = simulate(n_volumes=150, n_runs=6, eeg=noiseless)
    trials, effect = data.truth.trials, data.truth.class_effect
    for name in ("eeg", "fmri"):
        means = trials.groupby("target")[f"z_{name}"].mean()
        assert (means[1] - means[0]) / 2 == pytest.approx(effect[name], abs=0.15)
        spread = trials[f"z_{name}"] - effect[name] * trials[f"sign_{name}"]
        assert spread.std() == pytest.approx(1.0, abs=0.1)
    noise = [trials[f"z_{n}"] - effect[n] * trials[f"sign_{n}"] for n in ("eeg", "fmri")]
    assert abs(np.corrcoef(*noise)[0, 1]) < 0.15


def epochs_of(part, onsets, sfreq, step):
    """Cut half a second after each onset, averaged over steps, flat over channels and times."""
    points = np.rint(onsets * sfreq).astype(int)[:, None] + np.arange(int(0.64 * sfreq))
    epochs = part[:, points].swapaxes(0, 1)
    n_bins = epochs.shape[2] // step
    return (
        epochs[..., : n_bins * step]
        .reshape(len(epochs), len(part), n_bins, step)
        .mean(-1)
        .reshape(len(epochs), -1)
    )


def test_matched_filter_of_the_clean_eeg_reaches_the_bayes_accuracy():
    data = simulate(n_volumes=300, n_runs=4, n_channels=8, eeg={**QUICK["eeg"], "alpha": True})
    told = []
    rng = np.random.default_rng(0)
    for run in data.truth.runs:
        onsets = run.trials["onset"].to_numpy() * (1 + 12e-6) - run.clock["start"]
        noise = (run.eeg["background"] + run.eeg["alpha"] + run.eeg["sensor"])[:8]
        evoked = epochs_of(run.eeg["evoked"][:8], onsets, 250.0, 5)
        design = np.stack(
            [np.ones(len(onsets)), run.trials["z_eeg"], run.trials["arousal"]], axis=1
        )
        template = np.linalg.lstsq(design, evoked, rcond=None)[0][1]
        starts = rng.uniform(1, noise.shape[1] / 250.0 - 2, 4000)
        covariance = np.cov(epochs_of(noise, starts, 250.0, 5), rowvar=False)
        weights = np.linalg.solve(covariance, template)
        epochs = evoked + epochs_of(noise, onsets, 250.0, 5)
        # what is common to both classes is known to who knows all but the amplitude
        common = (
            np.delete(design, 1, axis=1) @ np.linalg.lstsq(design, evoked, rcond=None)[0][[0, 2]]
        )
        told.append(((epochs - common) @ weights > 0) == (run.trials["target"] == 1))
    accuracy = np.concatenate(told).mean()
    assert accuracy == pytest.approx(data.truth.bayes_accuracy["eeg"].mean(), abs=0.05)
    assert 0.65 < accuracy < 0.8


@pytest.fixture(scope="module")
def long_bold():
    bold = {name: name in ("activation", "thermal", "autocorrelated") for name in BOLD_EFFECTS}
    return simulate(
        n_volumes=300, n_runs=4, volume_shape=(20, 20, 10), scan={"n_dummy": 0}, bold=bold
    )


def region_series(run, series, name):
    """Weight a recorded series, in % of the voxels' means, by a true map."""
    series = 100 * (series / np.maximum(series.mean(axis=3, keepdims=True), 1) - 1)
    weight = run.maps[name].get_fdata() * run.brain_mask.get_fdata()
    return np.einsum("xyz,xyzt->t", weight, series) / (weight**2).sum()


def test_best_estimate_in_the_known_noise_reaches_the_bayes_accuracy(long_bold):
    told, effect = [], long_bold.truth.class_effect["fmri"]
    for number, run in enumerate(long_bold.truth.runs):
        series = long_bold.X["fmri"].sources[number].source.get_data()
        regions = [region_series(run, series, name) for name in ("fusiform", "parahippocampal")]
        design, noise = fmri_design(run.plan)
        # the two regions answer with a mean of one, and the class moves them against each other
        mean = design.sum(axis=1) / CLASS_GAIN * np.repeat([1, -1], 300)
        covariance = noise + (1 + effect**2) * design @ design.T
        score = design.T @ np.linalg.solve(covariance, np.concatenate(regions) - mean)
        told.append((score > 0) == (run.trials["target"] == 1))
    accuracy = np.concatenate(told).mean()
    bayes = long_bold.truth.bayes_accuracy["fmri"].mean()
    assert bayes == pytest.approx(0.75, abs=0.01)
    assert accuracy == pytest.approx(bayes, abs=0.05)
    assert 0.65 < accuracy < 0.8


def test_least_squares_with_another_response_comes_near_the_bayes_accuracy(long_bold):
    told = []
    for number, run in enumerate(long_bold.truth.runs):
        series = long_bold.X["fmri"].sources[number].source.get_data()
        score = 0
        for name, sign in (("fusiform", 1), ("parahippocampal", -1)):
            design = trial_design(run, name, np.arange(300) * 2.0 + 0.9)
            region = region_series(run, series, name)
            score = score + sign * np.linalg.lstsq(design, region, rcond=1e-6)[0][:-1]
        told.append((score > np.median(score)) == (run.trials["target"] == 1))
    accuracy = np.concatenate(told).mean()
    assert 0.65 < accuracy < long_bold.truth.bayes_accuracy["fmri"].mean() + 0.05


def trial_design(run, name, middle):
    """One column for each trial, with a response that only peaks at the right time."""
    delay = middle[:, None] - run.trials["onset"].to_numpy()
    columns = np.exp(-0.5 * ((delay - run.peaks[name] - 0.2) / 2.2) ** 2)
    return np.column_stack([columns, np.ones(len(middle))])


@pytest.mark.parametrize("wanted", [0.65, 0.9])
def test_difficulty_is_what_is_asked_for(wanted):
    data = simulate(n_subjects=3, n_volumes=60, design={"bayes_accuracy": wanted})
    table = data.truth.bayes_accuracy
    assert table["eeg"].mean() == pytest.approx(wanted, abs=0.03)
    assert table["fmri"].mean() == pytest.approx(wanted, abs=0.03)
    assert (table["both"] > table[["eeg", "fmri"]].max(axis=1)).all()
    assert (table["latent_eeg"] > table["eeg"]).all()


def test_difficulty_of_each_modality():
    data = simulate(n_subjects=3, n_volumes=60, design={"bayes_accuracy": {"fmri": 0.85}})
    table = data.truth.bayes_accuracy
    assert table["eeg"].mean() == pytest.approx(0.75, abs=0.03)
    assert table["fmri"].mean() == pytest.approx(0.85, abs=0.03)


def test_arousal_is_shared_and_can_be_off():
    data = simulate(n_volumes=150, bold={"arousal": True}, eeg={"alpha": True})
    run = data.truth.runs[0]
    assert np.corrcoef(run.state["arousal"], run.state["alpha"])[0, 1] < -0.2
    course = run.courses
    delayed = np.interp(
        course["time"] - run.peaks["arousal"], run.state["time"], run.state["arousal"]
    )
    inside = course["time"] > 0
    assert np.corrcoef(course["arousal"][inside], delayed[inside])[0, 1] > 0.7
    assert not simulate(design={"arousal": 0.0}).truth.runs[0].state["arousal"].any()


def test_a_person_does_not_depend_on_how_many_there_are():
    one, two = simulate(), simulate(n_subjects=2)
    np.testing.assert_array_equal(
        one.truth.runs[0].eeg["background"], two.truth.runs[0].eeg["background"]
    )
    assert one.truth.trials["onset"].tolist() == two.truth.runs[0].trials["onset"].tolist()


def test_people_differ_in_gain_and_topography():
    data = simulate(n_subjects=2, eeg={"evoked": True})
    a, b = (np.linalg.norm(run.eeg["evoked"], axis=1) for run in data.truth.runs)
    assert np.abs(a / b - 1).max() > 0.05


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_subjects": 0}, ValueError, r"n_subjects must be in \[1, inf\), got 0"),
        ({"t_r": 0.0}, ValueError, r"t_r must be in \[0\.2, 10\.0\] s, got 0\.0"),
        ({"sfreq": 100}, ValueError, r"sfreq must be in \[200\.0, 50000\.0\] Hz"),
        ({"n_channels": 65}, ValueError, r"n_channels must be in \[4, 64\], got 65"),
        ({"volume_shape": (8, 8)}, TypeError, "volume_shape must be three integers"),
        ({"regime": "shared"}, ValueError, "regime must be one of 'fmri', 'eeg', 'both'"),
        ({"eeg": {"gradiant": 1}}, ValueError, "got 'gradiant'; did you mean 'gradient'"),
        ({"eeg": {"pulse": {"dealy": 1}}}, ValueError, r"eeg\['pulse'\] .* did you mean 'delay'"),
        ({"eeg": {"pulse": -1.0}}, ValueError, r"eeg\['pulse'\]\['strength'\] must be in \[0\.0"),
        ({"eeg": {"pulse": float("inf")}}, ValueError, "must be finite, got inf"),
        ({"eeg": {"pulse": "on"}}, TypeError, r"eeg\['pulse'\] must be a dict"),
        ({"eeg": "all"}, TypeError, "eeg must be a dict"),
        ({"bold": {"thermal": {"tsnr": 0}}}, ValueError, r"tsnr'\] must be in \(0\.0, inf\)"),
        ({"scan": {"slice_order": "odd"}}, ValueError, r"scan\['slice_order'\] must be one of"),
        ({"scan": {"multiband": 3}}, ValueError, "must divide the 8 slices, got 3"),
        ({"scan": {"keep_dummies": 1}}, TypeError, r"keep_dummies'\] must be True or False"),
        ({"scan": {"fov": (1, 2)}}, TypeError, r"scan\['fov'\] must be 3 numbers"),
        ({"scan": {"missing_triggers": 23}}, ValueError, "must be at most 22, got 23"),
        ({"design": {"isi": (4, 2)}}, ValueError, r"isi'\]\[1\] must be in \[4, inf\) s, got 2"),
        ({"design": {"bayes_accuracy": 1}}, ValueError, r"bayes_accuracy'\] must be in \(0\.5, 1"),
        ({"design": {"bayes_accuracy": {"bold": 0.7}}}, ValueError, "keys among eeg, fmri, got"),
        ({"n_volumes": 8}, ValueError, "for two trials, got 16 s"),
        ({"motion": {"jerks": 2}}, ValueError, "did you mean 'jerk'"),
    ],
)
def test_bad_options(changes, error, message):
    with pytest.raises(error, match=message):
        simulate(**changes)
