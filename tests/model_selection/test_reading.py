"""Confounds and missing samples that only processed recordings know."""

import numpy as np
import pandas as pd
import pytest
from mne import Annotations, create_info
from mne.io import RawArray
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import BoldRun, Multimodal, Recordings, config_context
from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.eeg import Epocher, FrequencyFilter
from sklearn_neurofuse.fmri import SpatialSmoother, VolumeWindow
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold, evaluate
from sklearn_neurofuse.model_selection._reading import measured_confounds, reading_steps

N_TRIALS = 12
ONSETS = 10.0 * np.arange(N_TRIALS) + 8


@pytest.fixture
def make_trials(make_volume_img, tmp_path):
    """Give a function that makes trials of 10 persons in EEG and BOLD, with a nuisance."""

    def make(nuisance=None, seed=0):
        rng = np.random.default_rng(seed)
        labels = [rng.permutation(np.resize(["face", "house"], N_TRIALS)) for _ in range(10)]
        raws = [_raw(rng, label, nuisance) for label in labels]
        runs = [_run(rng, make_volume_img(66, seed=i), label, nuisance)
                for i, label in enumerate(labels)]  # fmt: skip
        events = [pd.DataFrame({"onset": ONSETS, "duration": 1.0, "trial_type": label})
                  for label in labels]  # fmt: skip
        people = [f"{i:02d}" for i in range(10)]
        with config_context(cache_dir=tmp_path / "cache"):
            X = Multimodal(
                fmri=Recordings(runs, events, subject=people, partner=raws),
                eeg=Recordings(raws, events, subject=people, partner=runs),
            )
        return X, np.concatenate(labels)

    return make


def _raw(rng, label, nuisance):
    info = create_info(["Fz", "Cz", "Pz", "EOG"], 50.0, ["eeg"] * 3 + ["eog"])
    data = 1e-5 * rng.standard_normal((4, 50 * 130))
    bad = Annotations([], [], [])
    for onset, is_face in zip(ONSETS, label == "face", strict=True):
        if nuisance == "blink" and is_face:
            start = int(50 * (onset + 0.3))
            data[3, start : start + 10] += 2e-4
        if nuisance == "bad" and is_face and rng.uniform() < 0.8:
            bad.append(onset + 0.1, 0.2, "BAD_jump")
    raw = RawArray(data, info, verbose="error")
    return raw.set_annotations(bad)


def _run(rng, img, label, nuisance):
    moved = 0.1 * rng.uniform(size=66)
    for onset, is_face in zip(ONSETS, label == "face", strict=True):
        if nuisance == "motion" and is_face:
            moved[int(onset / 2) : int(onset / 2) + 3] += 0.4
    return BoldRun(img, t_r=2.0, confounds=pd.DataFrame({"framewise_displacement": moved}))


def model():
    reading = make_modality_transformer(
        fmri=make_pipeline(SpatialSmoother(6.0), VolumeWindow(scale=False)),
        eeg=make_pipeline(FrequencyFilter(1.0, 20.0), Epocher(-0.2, 0.8)),
    )
    return make_pipeline(reading, StandardScaler(), DummyClassifier())


def report_of(X, y):
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=1, random_state=0)
    return evaluate(model(), X, y, cv=cv, baselines=False, random_state=0)


@pytest.mark.parametrize(
    ("nuisance", "named"),
    [("motion", "'motion'"), ("blink", "'eye movement'"), ("bad", "'rejected'")],
)
def test_each_nuisance_is_named(make_trials, nuisance, named):
    X, y = make_trials(nuisance)
    report = report_of(X, y)
    told = [text for text in report.warnings if "above chance" in text]
    assert any(named in text for text in told)
    others = {"'motion'", "'eye movement'", "'rejected'", "'trial index'"} - {named}
    assert not any(other in text for text in told for other in others)
    if nuisance == "bad":
        # the epochs that are rejected are missing, which tells the class too
        assert any("Which samples are missing alone" in text for text in told)


def test_without_nuisance_nothing_is_named(make_trials):
    report = report_of(*make_trials())
    assert not any("above chance" in text for text in report.warnings)
    names = report.confounds["confound"].tolist()
    assert names == ["all confounds", "trial index", "motion", "eye movement"]


def test_values(make_trials):
    X, _ = make_trials("motion")
    steps = reading_steps(model(), X)
    assert [type(step).__name__ for step in steps["eeg"]] == ["FrequencyFilter", "Epocher"]
    assert reading_steps(GridSearchCV(model(), {}), X)["fmri"] != []
    measured = measured_confounds(steps, X)
    run = X["fmri"].sources[3].source
    times = run.volume_times
    inside = (times >= ONSETS[5] - 1) & (times <= ONSETS[5] + 6)
    expected = run.confounds["framewise_displacement"][inside].mean()
    assert measured["motion"].iloc[3 * N_TRIALS + 5] == pytest.approx(expected)
    assert (measured["rejected"] == 0).all()


def test_recordings_by_themselves(make_trials):
    X, y = make_trials("bad")
    only = make_pipeline(FrequencyFilter(1.0, 20.0), Epocher(-0.2, 0.8), Mean(),
                         LogisticRegression())  # fmt: skip
    steps = reading_steps(only, X["eeg"])
    assert [type(step).__name__ for step in steps["recordings"]] == ["FrequencyFilter", "Epocher"]
    measured = measured_confounds(steps, X["eeg"])
    marked = measured["rejected"] > 0
    assert marked[y == "face"].mean() > 0.6
    assert not marked[y == "house"].any()
    assert measured["rejected"].max() == pytest.approx(0.2)


class Mean(StandardScaler):
    """Stands for any step on arrays."""
