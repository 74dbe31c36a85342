"""Steps hold large recordings in memory few times, and copies lose nothing."""

import tracemalloc

import mne
import numpy as np
import pytest

from sklearn_neurofuse import Recordings, config_context
from sklearn_neurofuse.eeg import (
    CarbonWireRegressor,
    ChannelInterpolator,
    FrequencyFilter,
    GradientArtifactRemover,
    ICAArtifactRemover,
    PulseArtifactRemover,
    Rereferencer,
    Resampler,
)
from sklearn_neurofuse.eeg import _ica_artifact_remover as ica
from sklearn_neurofuse.eeg._copies import copy_raw, resample_raw

SFREQ, N_TIMES = 2000.0, 160_000
NAMES = ["Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "Pz",
         "CWL1", "ECG"]  # fmt: skip


@pytest.fixture(scope="module")
def raw():
    """Make a recording with volumes of a scanner and heartbeats, at the rate of one."""
    rng = np.random.default_rng(0)
    data = 1e-5 * rng.standard_normal((len(NAMES), N_TIMES))
    times = np.arange(N_TIMES) / SFREQ
    data += 1e-4 * rng.standard_normal((len(NAMES), 1)) * np.sin(2 * np.pi * 40 * times) ** 3
    beats = (np.arange(0.5, times[-1] - 1, 0.8) * SFREQ).astype(int)
    wave = 1e-4 * np.hanning(600) * np.sin(np.arange(600) / 60)
    for beat in beats:
        data[:, beat + 200 : beat + 800] += wave
        data[-1, beat : beat + 60] += 1e-3 * np.hanning(60)
    raw = mne.io.RawArray(data, mne.create_info(NAMES, SFREQ, "eeg"), verbose="error")
    raw.set_channel_types({"CWL1": "misc", "ECG": "ecg"}, on_unit_change="ignore")
    raw.set_montage("colin27_1005")
    return raw.set_annotations(mne.Annotations(np.arange(0.0, times[-1], 2.0), 0.0, "R128"))


@pytest.mark.parametrize(
    "step",
    [
        GradientArtifactRemover(),
        GradientArtifactRemover(motion=np.random.default_rng(0).normal(size=(40, 6))),
        GradientArtifactRemover(anc=True, slice_groups=1),
        GradientArtifactRemover(8, weighting="past", sfreq=250.0),
        CarbonWireRegressor(delay=0.005),
        PulseArtifactRemover(),
        PulseArtifactRemover(ecg="eeg"),
        Resampler(250.0),
        Resampler(250.0, method="fft"),
        FrequencyFilter(0.5, 40.0, notch=50.0),
        ChannelInterpolator(["Fz"]),
        ChannelInterpolator(max_share=1.0),
        ICAArtifactRemover(n_components=4),
        Rereferencer("average", add_reference="FCz"),
    ],
    ids=lambda step: repr(step)[:50],
)
def test_a_step_takes_at_most_three_recordings_of_memory(raw, step):
    with config_context(cache_dir=None):
        X = type(step)(**step.get_params()).fit_transform(Recordings([raw]))
        tracemalloc.start()
        X.load(0)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak <= 3 * raw.get_data().nbytes


@pytest.fixture
def cropped(request, rng):
    """Make a short recording with marks and a stim channel, cropped at both ends."""
    info = mne.create_info(["Fz", "Cz", "STI"], 100.0, ["eeg", "eeg", "stim"])
    data = rng.normal(size=(3, 1000))
    data[2] = 0.0
    data[2, [300, 500]] = 3.0
    raw = mne.io.RawArray(data, info, verbose="error").set_meas_date(request.param)
    notes = mne.Annotations([3.0, 6.0], [0.5, 0.0], ["go", "BAD"], orig_time=raw.info["meas_date"])
    # whole at both rates, or MNE moves all points a little
    return raw.set_annotations(notes).crop(2.0, 7.99)


@pytest.mark.parametrize("cropped", [None, 1_500_000_000], indirect=True)
def test_copies_are_those_of_mne(cropped):
    pairs = [
        (copy_raw(cropped), cropped.copy()),
        (copy_raw(cropped, [2, 1]), cropped.copy().pick(["STI", "Cz"])),
        (
            resample_raw(cropped, 50.0),
            cropped.copy().resample(50.0, method="polyphase", verbose="error"),
        ),
    ]
    for ours, expected in pairs:
        assert sorted(ours.ch_names) == sorted(expected.ch_names)
        np.testing.assert_allclose(ours.get_data(ours.ch_names), expected.get_data(ours.ch_names))
        np.testing.assert_allclose(ours.annotations.onset, expected.annotations.onset)
        assert ours.annotations.orig_time == expected.annotations.orig_time
        assert ours.first_samp == expected.first_samp
        assert ours.info["lowpass"] == expected.info["lowpass"]


def test_components_are_taken_out_in_stretches_as_in_the_whole(raw, monkeypatch):
    short = raw.copy().crop(0, 20).resample(250.0, verbose="error")
    found = []
    for stretch in (100_000, 777):
        monkeypatch.setattr(ica, "_STRETCH", stretch)
        X = ICAArtifactRemover(4, artifacts="ocular").fit_transform(Recordings([short]))
        found.append(X.load(0).get_data())
    np.testing.assert_allclose(*found, atol=1e-15)
