"""`ICAArtifactRemover` on short recordings with planted eyes and muscles."""

import importlib

import mne
import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.eeg import ICAArtifactRemover, Rereferencer
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.signal._ocular import blink_components, find_blinks, following_components
from tests.eeg import recorded

N = len(recorded.NAMES)


@pytest.fixture(scope="module")
def parts():
    """Give brain, eyes and noise of 40 s, without a heart."""
    made, _ = recorded.make_parts(0, duration=40.0)
    made["heart"][:] = 0.0
    return made


@pytest.fixture(scope="module")
def raw(parts):
    return recorded.make_raw(parts)


def clean(raw, **params):
    X = ICAArtifactRemover(**params).fit_transform(Recordings([raw]))
    return X.load(0), X.quality(0)["ICAArtifactRemover"]


def left_of(part, cleaned, parts):
    """Give the share of a part that is left, by regression on its course."""
    rest = cleaned.get_data()[:N] - sum(other[:N] for name, other in parts.items() if name != part)
    planted = parts[part][:N]
    return np.sum(rest * planted) / np.sum(planted**2)


@pytest.mark.parametrize("method", ["fastica", "picard", "infomax"])
@pytest.mark.parametrize("without", [(), ("EOG",)])
def test_eyes_go_and_the_brain_stays(raw, parts, method, without):
    given = raw.copy().drop_channels(list(without))
    cleaned, quality = clean(given, method=method, artifacts="ocular")
    assert abs(left_of("eyes", cleaned, parts)) < 0.05
    brain = [
        np.corrcoef(found, planted)[0, 1]
        for found, planted in zip(cleaned.get_data()[:N], parts["brain"][:N], strict=True)
    ]
    assert np.median(brain) > 0.95
    assert 1 <= quality["n_removed"] <= 2
    assert quality["variance_removed"] > 0


def test_eog_and_ecg_channels_stay(raw):
    cleaned, _ = clean(raw)
    np.testing.assert_array_equal(cleaned.get_data()[N:], raw.get_data()[N:])


def test_muscles(raw, parts, rng):
    bursts = sosfiltfilt(
        butter(3, 25.0, "high", fs=recorded.SFREQ, output="sos"), rng.normal(size=raw.n_times)
    )
    place = recorded.NAMES.index("M2")
    tense = raw.copy()
    tense[place] = tense[place][0] + 8e-5 * bursts
    cleaned, quality = clean(tense, artifacts="muscle")
    assert quality["n_removed"] == len(quality["muscle"]) >= 1
    assert "ocular" not in quality
    rest = cleaned.get_data()[place] - raw.get_data()[place]
    assert np.std(rest) < 0.5 * np.std(8e-5 * bursts)


def test_components_are_found_without_drifts_and_taken_out_of_what_has_them(raw):
    drifting = raw.copy()
    drift = 5e-4 * np.sin(2 * np.pi * 0.05 * raw.times) * np.linspace(-1, 1, N)[:, None]
    drifting[:N] = drifting.get_data()[:N] + drift
    cleaned, quality = clean(drifting, artifacts="ocular")
    assert quality["n_removed"] >= 1
    kept = cleaned.get_data()[:N].mean(axis=1, keepdims=True)
    fit = np.sum((cleaned.get_data()[:N] - kept) * drift) / np.sum(drift**2)
    assert fit == pytest.approx(1.0, abs=0.1)


def test_rank_after_interpolation_and_average_reference(raw):
    mended = raw.copy()
    mended.info["bads"] = ["C3"]
    mended.interpolate_bads(verbose="error")
    X = Rereferencer().fit_transform(Recordings([mended]))
    quality = ICAArtifactRemover().fit_transform(X).quality(0)["ICAArtifactRemover"]
    assert quality["n_components"] == N - 2
    assert clean(raw, n_components=5)[1]["n_components"] == 5
    assert clean(raw, n_components=50)[1]["n_components"] == N


def test_short_recordings_get_few_components(raw):
    short = raw.copy().crop(0, 10.0)
    assert clean(short, artifacts="ocular")[1]["n_components"] == int(np.sqrt(1281 / 25))


def test_bad_channels_stay_out(raw):
    marked = raw.copy()
    marked["C3"] = 1e-3 * np.random.default_rng(0).normal(size=raw.n_times)
    marked.info["bads"] = ["C3"]
    cleaned, quality = clean(marked, artifacts="ocular")
    np.testing.assert_array_equal(cleaned.get_data(picks=["C3"]), marked.get_data(picks=["C3"]))
    assert quality["n_components"] == N - 1
    assert cleaned.info["bads"] == ["C3"]


def test_seed_makes_it_repeatable(raw):
    first, second = (clean(raw, random_state=3)[0].get_data() for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_fit_that_does_not_converge_says_so(raw):
    assert clean(raw, max_iter=1)[1]["converged"] == "False"
    assert clean(raw, n_components=4)[1]["converged"] == "True"


def test_nothing_to_remove(parts):
    calm = {**parts, "eyes": np.zeros_like(parts["eyes"])}
    cleaned, quality = clean(recorded.make_raw(calm), artifacts="ocular")
    assert quality["n_removed"] == 0
    np.testing.assert_allclose(cleaned.get_data(), recorded.make_raw(calm).get_data(), atol=1e-12)


def test_given_eog(raw):
    named = raw.copy().set_channel_types({"EOG": "misc"}, verbose="error")
    assert clean(named, eog="EOG", artifacts="ocular")[1]["n_removed"] >= 1
    with pytest.raises(RecordingError, match="eog: there is no channel 'EOH'; did you mean 'EOG'"):
        clean(raw, eog=["EOH"])


def test_no_channel_near_the_eyes(raw):
    bare = raw.copy().drop_channels(["EOG", "Fp1", "Fp2"])
    with pytest.raises(RecordingError, match="EOG channels or frontal ones"):
        clean(bare)


def test_muscles_need_positions_and_a_rate(raw):
    with pytest.raises(RecordingError, match="muscles need the positions"):
        clean(raw.copy().set_montage(None), artifacts="muscle")
    with pytest.raises(RecordingError, match="at least 100 Hz, the recording has 64"):
        clean(raw.copy().resample(64, verbose="error"), artifacts="muscle")


def test_too_few_channels(raw):
    with pytest.raises(RecordingError, match="1 good of 1 EEG channels have rank 1"):
        clean(raw.copy().pick(["Fp1", "EOG"]))


def test_iclabel(raw):
    pytest.importorskip("mne_icalabel")
    pytest.importorskip("onnxruntime")
    _, quality = clean(raw, labels="iclabel", method="infomax", artifacts="ocular")
    assert set(quality["ocular"]) <= set(range(N))


def test_iclabel_that_is_not_installed(raw, monkeypatch):
    load = importlib.import_module

    def refuse(name, *args):
        if name == "mne_icalabel":
            raise ImportError(name)
        return load(name, *args)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(RecordingError, match=r"pip install .*sklearn-neurofuse\[iclabel\]"):
        clean(raw, labels="iclabel")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_components": 1}, r"n_components must be in \[2"),
        ({"method": "sobi"}, "method must be one of"),
        ({"artifacts": "heart"}, "artifacts must be one of"),
        ({"artifacts": ("ocular", "line")}, "artifacts must be one of"),
        ({"labels": "corrmap"}, "labels must be one of"),
        ({"fit_l_freq": 0}, r"fit_l_freq must be in \(0, inf\) Hz"),
        ({"muscle_threshold": 1.0}, r"muscle_threshold must be in \(0, 1\)"),
        ({"max_iter": 0}, "max_iter must be in"),
        ({"random_state": -1}, "random_state must be in"),
    ],
)
def test_bad_parameters(raw, params, message):
    with pytest.raises(ValueError, match=f"ICAArtifactRemover: {message}"):
        ICAArtifactRemover(**params).fit(Recordings([raw]))


# scores


def test_blinks_are_found_whatever_their_sign(parts):
    course = parts["eyes"][0] + parts["brain"][0]
    planted = np.flatnonzero(np.diff(np.sign(np.diff(parts["eyes"][0]))) < 0) + 1
    for sign in (1, -1):
        found = find_blinks(sign * course, recorded.SFREQ)
        near = np.abs(found[:, None] - planted).min(axis=0) < 10
        assert near.mean() > 0.9
        assert len(found) <= len(planted) + 1
    assert len(find_blinks(np.zeros(1000), 100.0)) == 0


def test_components_of_blinks_and_looks(rng):
    sfreq, n_times = 100.0, 6000
    sources = rng.normal(size=(4, n_times))
    blinks = np.arange(150, 5900, 300)
    for at in blinks:
        sources[2] += 20 * np.exp(-0.5 * ((np.arange(n_times) - at) / 8) ** 2)
    maps = np.eye(4)
    chosen, scores = blink_components(sources, maps, blinks, sfreq)
    assert chosen == [2]
    assert scores.argmax() == 2
    assert blink_components(sources, maps, blinks[:2], sfreq)[0] == []
    looks = np.cumsum(rng.normal(size=n_times))
    sources[1] = looks + rng.normal(size=n_times)
    assert following_components(sources, looks, sfreq)[0] == [1]
    assert following_components(sources, np.zeros(n_times), sfreq)[0] == []


def test_mne_agrees_on_the_first_eye_component(raw):
    ica = mne.preprocessing.ICA(8, random_state=0, method="picard", verbose="error")
    filtered = raw.copy().filter(1.0, None, verbose="error")
    ica.fit(filtered, picks="eeg", verbose="error")
    # by correlation: its z scores are of masked arrays, which SciPy refuses in array API mode
    expected, _ = ica.find_bads_eog(
        filtered, ch_name="EOG", measure="correlation", threshold=0.5, verbose="error"
    )
    assert expected[0] in clean(raw)[1]["ocular"]
