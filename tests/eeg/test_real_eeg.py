"""The steps on real recordings: eyes, the two hands, and MNE by hand."""

import mne
import numpy as np
import pytest
from mne.decoding import CSP
from scipy.signal import butter, sosfiltfilt, welch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.eeg import (
    BandPower,
    ChannelInterpolator,
    Epocher,
    FrequencyFilter,
    ICAArtifactRemover,
    Rereferencer,
)
from sklearn_neurofuse.signal._ocular import find_blinks

HANDS = (3, 4, 7, 8)
WINDOW = (0.5, 2.5)


def read_run(folder, number):
    raw = mne.io.read_raw_edf(folder / f"S001R{number:02d}.edf", preload=True, verbose="error")
    mne.datasets.eegbci.standardize(raw)
    return raw.set_montage("colin27_1005", verbose="error")


def read_oddball(folder):
    raw = mne.io.read_raw_eeglab(folder / "eeglab_data.set", preload=True, verbose="error")
    return raw.set_channel_types({"EOG1": "eog", "EOG2": "eog"}, verbose="error")


def blink_power(raw, blinks):
    """Give the power of the average of what surrounds blinks, and what of it is chance.

    The EEG of each blink is part of the average, with the power of its mean over so few blinks.
    """
    sfreq = raw.info["sfreq"]
    sos = butter(4, (0.5, 15.0), "band", fs=sfreq, output="sos")
    data = sosfiltfilt(sos, raw.get_data(picks="eeg"), axis=1)
    half = int(0.3 * sfreq)
    kept = blinks[(blinks >= half) & (blinks + half < raw.n_times)]
    epochs = data[:, kept[:, None] + np.arange(-half, half + 1)]
    epochs -= epochs.mean(axis=2, keepdims=True)
    average = epochs.mean(axis=1)
    n = len(kept)
    chance = np.sum(np.square(epochs - average[:, None])) / (n * (n - 1))
    return np.sum(average**2), chance


def posterior_alpha(raw):
    names = [name for name in raw.ch_names if name.startswith(("O", "PO"))]
    sfreq = raw.info["sfreq"]
    freqs, power = welch(raw.get_data(picks=names), sfreq, nperseg=int(2 * sfreq))
    return power[:, (freqs >= 8) & (freqs <= 12)].sum()


@pytest.mark.parametrize("name", ["oddball", 1, 3, 4, 5, 6, 7, 8])
def test_blinks_go_and_posterior_alpha_stays(real_data, name):
    raw = read_any(real_data, name)
    eyes = raw.get_data(picks="eog" if name == "oddball" else ["Fp1", "Fp2"])
    blinks = find_blinks(eyes[0] if name == "oddball" else eyes.mean(axis=0), raw.info["sfreq"])
    assert len(blinks) >= 10
    cleaned = ICAArtifactRemover(artifacts="ocular").fit_transform(Recordings([raw])).load(0)
    (before, chance), (after, left) = (blink_power(one, blinks) for one in (raw, cleaned))
    assert after - left <= 0.1 * (before - chance)
    if len(blinks) > 13:
        # the EEG in the average of fewer is too near to a tenth of the blink
        assert after <= 0.1 * before
    assert posterior_alpha(cleaned) == pytest.approx(posterior_alpha(raw), rel=0.05)


def read_any(real_data, name):
    if name == "oddball":
        return read_oddball(real_data("eeglab-oddball"))
    return read_run(real_data("eegmmidb"), name)


def found_bad(raw):
    X = ChannelInterpolator(max_share=1.0).fit_transform(Recordings([raw]))
    return X.quality(0)["ChannelInterpolator"]["bad_channels"]


@pytest.mark.parametrize("name", ["oddball", *range(1, 9)])
def test_blinks_make_no_channel_bad_and_noise_of_50_microvolts_does(real_data, rng, name):
    raw = read_any(real_data, name).pick("eeg").crop(0, 50)
    assert found_bad(raw) == []
    for channel in ("FPz" if name == "oddball" else "Fp1", "Cz"):
        noisy = raw.copy()
        noisy[channel] = noisy[channel][0] + 5e-5 * rng.normal(size=noisy.n_times)
        assert found_bad(noisy) == [channel]


def test_blinks_make_channels_outliers_to_mne(real_data):
    """The local outlier factor, which compares whole courses, takes the forehead for bad."""
    raw = read_run(real_data("eegmmidb"), 3).pick("eeg").crop(0, 50)
    outliers = mne.preprocessing.find_bad_channels_lof(raw, verbose="error")
    assert {"Fp1", "Fpz", "Fp2"} <= set(outliers)
    assert found_bad(raw) == []


def test_eyes_closed_doubles_alpha(real_data):
    folder = real_data("eegmmidb")
    raws = [read_run(folder, number).pick(["O1", "Oz", "O2"]) for number in (1, 2)]
    opened, closed = BandPower().fit_transform(Recordings(raws)).data[:, :, 2].mean(axis=1)
    assert closed > opened + 3


def by_hand(raw):
    """Do in MNE what the standard pipeline does."""
    raw = raw.copy()
    raw.filter(0.5, 40.0, verbose="error")
    raw.set_eeg_reference("average", verbose="error")
    raw.filter(8.0, 30.0, verbose="error")
    events, _ = mne.events_from_annotations(raw, {"T1": 0, "T2": 1}, verbose="error")
    return mne.Epochs(
        raw, events, tmin=WINDOW[0], tmax=WINDOW[1], baseline=None, preload=True, verbose="error"
    )


def decode(data, y, runs):
    model = make_pipeline(CSP(6, reg="ledoit_wolf", log=True), LinearDiscriminantAnalysis())
    with mne.utils.use_log_level("error"):
        scores = cross_val_predict(
            model, data, y, groups=runs, cv=LeaveOneGroupOut(), method="decision_function"
        )
    return roc_auc_score(y, scores)


def test_left_and_right_hand_by_run_as_in_mne(real_data):
    raws = [read_run(real_data("eegmmidb"), number) for number in HANDS]
    X = Recordings(raws, samples="event", run=[str(number) for number in HANDS])
    table = X.table
    X = X[table["trial_type"].isin(["T1", "T2"]).to_numpy()]
    y = (X.table["trial_type"] == "T2").to_numpy(dtype=int)
    steps = [FrequencyFilter(0.5, 40.0), Rereferencer(), FrequencyFilter(8.0, 30.0)]
    ours = make_pipeline(*steps, Epocher(*WINDOW, baseline=None)).fit_transform(X)
    epochs = [by_hand(raw) for raw in raws]
    theirs = np.concatenate([one.get_data(picks="eeg") for one in epochs])
    np.testing.assert_array_equal(y, np.concatenate([one.events[:, 2] for one in epochs]))
    np.testing.assert_allclose(ours.data, theirs, atol=1e-12)
    assert decode(ours.data, y, X.groups) >= decode(theirs, y, X.groups) - 1e-9
    with_cleaning = [FrequencyFilter(0.5, 40.0), ChannelInterpolator(), ICAArtifactRemover()]
    cleaned = make_pipeline(
        *with_cleaning, Rereferencer(), FrequencyFilter(8.0, 30.0), Epocher(*WINDOW, baseline=None)
    ).fit_transform(X)
    assert decode(cleaned.data, y, X.groups) > 0.5
