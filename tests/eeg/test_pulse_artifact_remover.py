"""`PulseArtifactRemover` on simulated and short recordings."""

import mne
import numpy as np
import pandas as pd
import pytest
from scipy.io import loadmat

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.eeg import FrequencyFilter, PulseArtifactRemover, Rereferencer
from sklearn_neurofuse.eeg._pulse_events import find_events
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.signal._pulse_quality import spectrum
from tests.eeg import recorded

PLAIN = {"gradient": False, "bad_channels": False, "line": False, "muscle": False}


def simulate(seed=0, n_volumes=60, **options):
    return simulate_eeg_fmri(
        1,
        n_volumes=n_volumes,
        volume_shape=(8, 8, 8),
        n_channels=16,
        sfreq=250,
        eeg=PLAIN,
        random_state=seed,
        **options,
    )


def similarity(data, truth):
    return np.mean([np.corrcoef(one, two)[0, 1] for one, two in zip(data, truth, strict=True)])


@pytest.fixture(scope="module")
def short():
    """Give a recording of 60 s, its parts and its beats."""
    parts, beats = recorded.make_parts(1, duration=60.0)
    return recorded.make_raw(parts), parts, beats


def clean(raw, **params):
    X = PulseArtifactRemover(**params).fit_transform(Recordings([raw]))
    return X.load(0), X.quality(0)["PulseArtifactRemover"]


@pytest.mark.parametrize("rate", [50, 80, 110])
def test_simulated_recordings(rate):
    data = simulate(rate, heart={"rate": rate, "ectopic": 0.03})
    truth = data.truth.runs[0]
    cleaned = PulseArtifactRemover().fit_transform(data.X["eeg"])
    wanted = sum(truth.eeg[name] for name in truth.eeg if name not in ("pulse", "ecg"))
    raw, quality = data.X["eeg"].load(0), cleaned.quality(0)["PulseArtifactRemover"]
    found = mne.filter.filter_data(
        np.stack([raw.get_data()[:16], cleaned.load(0).get_data()[:16], wanted[:16]]).astype(float),
        250.0,
        1.0,
        40.0,
        verbose="error",
    )
    assert similarity(found[1], found[2]) > 0.85
    assert similarity(found[1], found[2]) > similarity(found[0], found[2]) + 0.2
    assert quality["n_beats"] == len(truth.heartbeats)
    assert quality["heart_rate"] == pytest.approx(rate, rel=0.08)
    assert quality["delay"] == pytest.approx(0.2, abs=0.05)
    assert quality["inps"] > 3


@pytest.mark.parametrize("method", ["obs", "aas"])
def test_artefact_goes_and_all_else_stays(short, method):
    raw, parts, beats = short
    cleaned, quality = clean(raw, method=method)
    n = len(recorded.NAMES)
    left = cleaned.get_data()[:n] - sum(part[:n] for name, part in parts.items() if name != "heart")
    assert np.sum(left**2) < 0.3 * np.sum(parts["heart"][:n] ** 2)
    np.testing.assert_array_equal(cleaned.get_data(picks="ecg"), raw.get_data(picks="ecg"))
    freqs, taken = spectrum(raw.get_data()[:n] - cleaned.get_data()[:n], recorded.SFREQ)
    assert taken[:, freqs > 55].sum() < 1e-3 * taken.sum()
    assert quality["beats_from"] == "ECG"
    assert quality["n_beats"] == len(beats)


def test_heartbeats_from_the_eeg_where_there_is_no_ecg(short):
    raw, _, beats = short
    _, with_ecg = clean(raw)
    cleaned, quality = clean(raw.copy().drop_channels("ECG"))
    assert quality["beats_from"] == "eeg"
    assert abs(quality["n_beats"] - len(beats)) <= 2
    assert quality["inps"] > 0.8 * with_ecg["inps"]
    assert len(cleaned.ch_names) == len(raw.ch_names) - 1


def test_unreadable_ecg_gives_way_to_the_eeg(short, rng):
    raw = short[0].copy()
    raw["ECG"] = 1e-4 * rng.normal(size=raw.n_times)
    assert clean(raw)[1]["beats_from"] == "eeg"
    with pytest.raises(RecordingError, match=r"PulseArtifactRemover on recording 0: .*ECG channel"):
        clean(raw, ecg="ECG")


def test_marked_beats(short):
    raw, _, beats = short
    marked = raw.copy().set_annotations(
        mne.Annotations(np.sort([*beats, *beats[:5] + 0.01]), 0.0, "R")
    )
    cleaned, quality = clean(marked, ecg="R")
    assert quality["n_beats"] == len(beats)
    expected = clean(raw)[0]
    assert similarity(cleaned.get_data()[:12], expected.get_data()[:12]) > 0.999


def test_scanner_markers_are_no_events(short):
    raw = short[0].copy()
    expected = clean(raw)[0].get_data()
    onset = np.arange(1.0, 55.0, 2.0)
    for name, changes in (("Response/R128", False), ("T  1", False), ("face", True)):
        raw.set_annotations(mne.Annotations(onset, 0.0, name))
        assert np.array_equal(clean(raw)[0].get_data(), expected) is not changes
    assert np.array_equal(clean(raw, events=None)[0].get_data(), expected)
    chosen = clean(raw, events=["face"])[0].get_data()
    np.testing.assert_allclose(chosen, clean(raw)[0].get_data())


@pytest.mark.parametrize("name", ["Stimulus/S128", "Comment/TR", "T  1_on", "Volume/V  1", "MRI"])
def test_no_name_of_a_scanner_marker_is_an_event(short, name):
    onset = np.arange(1.0, 55.0, 2.0)
    raw = short[0].copy().set_annotations(mne.Annotations(onset, 0.0, name))
    assert find_events(raw, "auto") == []


def test_real_heartbeats(real_data):
    """Beats of a real recording, duplicates taken out, are found again in a simulation."""
    path = real_data("scanner-events") / "sub34_r01_eval.set"
    header = loadmat(path, squeeze_me=True, struct_as_record=False)["EEG"]
    latencies = [event.latency for event in header.event if event.type == "qrs0"]
    beats = np.sort(np.array(latencies, dtype=float)) / header.srate
    beats = beats[np.concatenate([[True], np.diff(beats) > 0.3])]
    beats = beats[beats < beats[0] + 130] - beats[0]
    data = simulate(n_volumes=60, heart=beats)
    truth = data.truth.runs[0].heartbeats
    quality = PulseArtifactRemover().fit_transform(data.X["eeg"]).quality(0)
    assert quality["PulseArtifactRemover"]["n_beats"] == len(truth)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"method": "pca"}, ValueError, "method must be one of"),
        ({"ecg": None}, TypeError, "ecg must be a str"),
        ({"n_components": 0}, ValueError, r"n_components must be in \[1"),
        ({"tmin": 0.5}, ValueError, r"tmin must be in \[-0.5, 0.2\] s, got 0.5"),
        ({"tmax": 0.1}, ValueError, r"tmax must be in \[0.4, 1.5\] s"),
        ({"heart_rate": 60}, ValueError, "heart_rate must be a pair"),
        ({"heart_rate": (100, 50)}, ValueError, r"heart_rate must be in"),
        ({"events": "all"}, ValueError, "events must be"),
    ],
)
def test_bad_parameters(short, params, error, message):
    with pytest.raises(error, match=f"PulseArtifactRemover: {message}"):
        PulseArtifactRemover(**params).fit(Recordings([short[0]]))


def test_unknown_channel_and_unknown_events(short):
    with pytest.raises(RecordingError, match=r"ecg='ECF' .*did you mean 'ECG'"):
        clean(short[0], ecg="ECF")
    with pytest.raises(RecordingError, match=r"events names 'face', which .* has no annotation of"):
        clean(short[0], events=["face"])


def test_nothing_to_find_heartbeats_in(short, rng):
    raw = short[0].copy().pick("eeg")
    raw[:] = 1e-5 * rng.normal(size=(len(raw.ch_names), raw.n_times))
    with pytest.raises(RecordingError, match="no pulse artefact was found in the EEG"):
        clean(raw)


def test_order(short):
    X = Recordings([short[0]])
    with pytest.warns(UserWarning, match="before the reference is changed"):
        PulseArtifactRemover().fit_transform(Rereferencer().fit_transform(X))
    PulseArtifactRemover().fit_transform(FrequencyFilter(0.1, None).fit_transform(X))
    done = Recordings([short[0]], done=[["pulse_corrected"]])
    with pytest.raises(ValueError, match="already pulse_corrected"):
        PulseArtifactRemover().fit_transform(done)


def test_events_tables_are_not_needed(short):
    events = pd.DataFrame({"onset": [5.0, 9.0]})
    X = PulseArtifactRemover().fit_transform(Recordings([short[0]], [events]))
    np.testing.assert_array_equal(X.load(0).get_data(), clean(short[0])[0].get_data())


def test_kinds_of_events(short, rng):
    """Stimuli of all classes are one kind, what follows them is another, whoever is which."""
    stimuli = np.arange(2.0, 56.0, 1.7)
    answers = stimuli[::2] + 0.5
    for faces in (rng.random(len(stimuli)) < 0.5, np.arange(len(stimuli)) % 2 == 0):
        names = [*np.where(faces, "face", "house"), *["press"] * len(answers), "BAD_x"]
        onset = [*stimuli, *answers, 30.0]
        raw = short[0].copy().set_annotations(mne.Annotations(onset, 0.0, names))
        kinds = find_events(raw, "auto")
        assert [len(kind) for kind in kinds] == [len(stimuli), len(answers)]
        np.testing.assert_allclose(kinds[0], stimuli)
    assert find_events(raw, None) == []
    assert [len(kind) for kind in find_events(raw, ["press"])] == [len(answers)]
    few = short[0].copy().set_annotations(mne.Annotations([1.0, 2.0], 0.0, "face"))
    assert find_events(few, "auto") == []
