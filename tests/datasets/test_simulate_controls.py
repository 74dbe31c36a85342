"""The negative controls of `simulate_eeg_fmri`: what goes with the class though no brain does."""

import numpy as np
import pytest

from sklearn_neurofuse import config_context
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.datasets._simulation._effects import BOLD_EFFECTS, EEG_EFFECTS
from sklearn_neurofuse.eeg import Epocher

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


def test_without_class_signal_nothing_knows_the_class():
    data = simulate(class_signal=0.0, n_volumes=150, n_runs=3)
    assert (data.truth.bayes_accuracy[["eeg", "fmri", "both"]] == 0.5).all(axis=None)
    for name in ("z_eeg", "z_fmri", "arousal"):
        correlation = np.corrcoef(data.truth.trials[name], data.target)[0, 1]
        assert abs(correlation) < 0.2


def test_motion_by_class():
    run = simulate(n_volumes=100, motion=0.0, controls={"motion_by_class": 1.0}).truth.runs[0]
    poses = run.plan.motion
    onsets, target = run.trials["onset"].to_numpy(), run.trials["target"].to_numpy()
    nods = poses.at(onsets + 0.8)[:, 2] - poses.at(onsets)[:, 2]
    assert nods[target == 1].min() > 0.3
    assert np.abs(nods[target == 0]).max() < 0.05
    assert not simulate(motion=0.0).truth.runs[0].motion.to_numpy().any()


def test_motion_by_class_comes_on_top_of_measured_motion():
    trace = np.zeros((60, 6))
    trace[:, 0] = 2.0
    run = simulate(n_volumes=60, motion=trace, controls={"motion_by_class": 1.0}).truth.runs[0]
    onsets, target = run.trials["onset"].to_numpy(), run.trials["target"].to_numpy()
    poses = run.plan.motion
    nods = poses.at(onsets + 0.8)[:, 2] - poses.at(onsets)[:, 2]
    assert nods[target == 1].min() > 0.3
    assert np.abs(nods[target == 0]).max() < 0.05
    np.testing.assert_allclose(poses.at(onsets)[:, 0], 2.0, atol=0.01)


def test_nothing_but_the_brain_knows_the_class_where_no_control_is_on():
    data = simulate(n_runs=4, n_volumes=150, eeg={name: name == "ocular" for name in EEG_EFFECTS})
    correlations = {"order": [], "motion": [], "blinks": [], "rate": []}
    for run in data.truth.runs:
        onsets, target = run.trials["onset"].to_numpy(), run.trials["target"].to_numpy()
        nods = np.abs(run.plan.motion.at(onsets + 0.8) - run.plan.motion.at(onsets)).sum(axis=1)
        blinks = run.blinks + run.clock["start"]
        near = [np.sum((blinks > onset) & (blinks < onset + 0.9)) for onset in onsets]
        beats = run.heartbeats["time"].to_numpy()
        rate = np.interp(onsets, beats[1:], 1 / np.diff(beats))
        found = zip(correlations.values(), (onsets, nods, near, rate), strict=True)
        for values, nuisance in found:
            values.append(np.corrcoef(nuisance, target)[0, 1])
        assert abs(target.mean() - 0.5) < 0.02
        assert not run.trials["eeg_missing"].any()
    # three standard errors of the mean over some 280 trials
    for name, values in correlations.items():
        assert abs(np.mean(values)) < 3 / np.sqrt(len(data.target)), name


@pytest.mark.parametrize("ocular", [True, False])
def test_blink_by_class(ocular):
    controls = {"blink_by_class": 1.0}
    data = simulate(n_volumes=60, controls=controls, eeg={"ocular": ocular, "gradient": False})
    run = data.truth.runs[0]
    onsets = run.trials["onset"].to_numpy() - run.clock["start"]
    locked = [(np.abs(run.blinks - onset - 0.45) < 0.25).any() for onset in onsets]
    locked, target = np.array(locked), data.target
    assert locked[target == 1].all()
    assert locked[target == 0].mean() < 0.5
    assert np.abs(run.eeg["ocular"][0]).max() > 60e-6


def test_missing_by_class():
    data = simulate(n_volumes=100, controls={"missing_by_class": 0.5})
    lost = data.truth.trials["eeg_missing"].to_numpy()
    assert 0.2 < lost[data.target == 1].mean() < 0.8
    assert lost[data.target == 0].mean() < 0.15
    present = Epocher(-0.1, 0.5).fit_transform(data.X["eeg"]).present
    np.testing.assert_array_equal(present, ~lost)


def test_blocked_labels():
    target = simulate(n_volumes=60, controls={"blocked_labels": True}).target
    assert (np.diff(target) != 0).sum() == 1
    assert (np.diff(simulate(n_volumes=60).target) != 0).sum() > 3


def test_site_by_class():
    data = simulate(
        n_subjects=4, n_volumes=60, controls={"site_by_class": 1.0}, brain={"gain": 0.0}
    )
    table = data.X["eeg"].table.assign(target=data.target)
    share = table.groupby("site")["target"].mean()
    assert share["A"] < 0.2
    assert share["B"] > 0.8
    level = [run.bold("still").get_fdata()[4, 4, 4, 0] for run in data.truth.runs]
    assert min(level[1], level[3]) > 1.1 * max(level[0], level[2])
    assert set(simulate(n_subjects=2).X["eeg"].table["site"]) == {"A"}


def test_half_an_association_of_site_and_class():
    data = simulate(n_subjects=2, n_volumes=120, controls={"site_by_class": 0.5})
    share = [run.trials["target"].mean() for run in data.truth.runs]
    assert share == pytest.approx([0.3, 0.7], abs=0.02)
