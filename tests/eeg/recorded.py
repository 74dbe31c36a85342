"""Short recordings with a heart, eyes, muscles and a bad channel."""

import mne
import numpy as np
import pandas as pd
from scipy.signal import butter, sosfiltfilt

from sklearn_neurofuse import Recordings

NAMES = ["Fp1", "Fp2", "F7", "F8", "C3", "C4", "P3", "P4", "O1", "O2", "M1", "M2"]
SFREQ = 128.0
_PULSE_DELAY = 0.21


def make_info(names=NAMES, sfreq=SFREQ):
    """Describe EEG channels with positions, EOG and ECG."""
    kinds = ["eeg"] * len(names) + ["eog", "ecg"]
    info = mne.create_info([*names, "EOG", "ECG"], sfreq, kinds)
    return info.set_montage("colin27_1005")


def draw_beats(rng, duration, rate=70.0, spread=0.05):
    """Draw times of R peaks in s."""
    n = int(duration * rate / 60 * 1.3)
    return np.cumsum(60 / rate * (1 + spread * rng.standard_normal(n)))


def add_waves(course, times, sfreq, wave, size=1.0):
    """Add a waveform at each time, in place; `wave` is a function of the time in s."""
    grid = np.arange(len(course)) / sfreq
    for time in times:
        near = np.abs(grid - time) < 1.0
        course[near] += size * wave(grid[near] - time)
    return course


def qrs(delay):
    return np.exp(-0.5 * (delay / 0.012) ** 2) - 0.2 * np.exp(-0.5 * ((delay - 0.03) / 0.01) ** 2)


def blink(delay):
    return np.exp(-0.5 * (delay / 0.08) ** 2)


def pulse(delay):
    late = delay - _PULSE_DELAY
    return np.cos(2 * np.pi * 4 * late) * np.exp(-0.5 * (late / 0.11) ** 2)


def make_directions(names=NAMES):
    """Give the unit vector to each EEG channel, of shape (n_channels, 3)."""
    places = np.array([channel["loc"][:3] for channel in make_info(names)["chs"][: len(names)]])
    places = places - [0.0, 0.01, 0.04]
    return places / np.linalg.norm(places, axis=1, keepdims=True)


def make_background(rng, directions, n_times, sfreq):
    """Make activity of some 15 microvolts with smooth maps, slow and in the alpha band."""
    smooth = np.exp(1.5 * directions @ rng.normal(size=(3, 6)) / np.sqrt(3))
    white = rng.normal(size=(2, 6, n_times))
    slow = sosfiltfilt(butter(1, 5.0, fs=sfreq, output="sos"), white[0])
    alpha = sosfiltfilt(butter(2, (8, 12), "band", fs=sfreq, output="sos"), white[1])
    activity = smooth @ (slow / slow.std() + 0.7 * alpha / alpha.std())
    return 1.5e-5 * activity / np.median(activity.std(axis=1))


def make_parts(seed, duration=24.0, sfreq=SFREQ, rate=70.0):
    """Make what a recording is the sum of: names to arrays in V, and R peaks in s."""
    rng = np.random.default_rng(seed)
    n_times, n = int(duration * sfreq), len(NAMES)
    beats = draw_beats(rng, duration, rate)
    beats = beats[beats < duration - 0.2]
    blinks = np.cumsum(rng.uniform(1.5, 3.5, int(duration)))
    rows = np.zeros((4, n + 2, n_times))
    brain, heart, eyes, noise = rows
    directions = make_directions()
    brain[:n] = make_background(rng, directions, n_times, sfreq)
    map_, other = (directions @ rng.normal(size=(3, 2))).T
    course = add_waves(np.zeros(n_times), beats, sfreq, pulse)
    late = add_waves(np.zeros(n_times), beats, sfreq, lambda t: pulse(t - 0.05))
    heart[:n] = 4e-5 * (np.outer(map_, course) + 0.5 * np.outer(other, late))
    heart[-1] = 1e-3 * add_waves(np.zeros(n_times), beats, sfreq, qrs)
    near_eyes = np.array([1.0, 1.0, 0.5, 0.5, *[0.05] * (n - 4), 1.2, 0.0])
    eyes[:] = 1.5e-4 * np.outer(near_eyes, add_waves(np.zeros(n_times), blinks, sfreq, blink))
    noise[:] = 5e-7 * rng.normal(size=noise.shape)
    noise[-1] *= 20
    parts = {"brain": brain, "heart": heart, "eyes": eyes, "noise": noise}
    return parts, beats


def make_raw(parts, bad=None, sfreq=SFREQ):
    """Sum parts to a recording; `bad` names a channel that gets noise of its own."""
    data = sum(parts.values())
    raw = mne.io.RawArray(data, make_info(sfreq=sfreq), verbose="error")
    if bad is not None:
        rng = np.random.default_rng(99)
        raw[bad] = raw[bad][0] + 3e-4 * rng.normal(size=raw.n_times)
    return raw


def make_recorded(seed):
    """Make four short recordings, one sample each, with a bad channel and two kinds of marks."""
    raws = []
    for number in range(4):
        parts, beats = make_parts(10 * seed + number, duration=12.0, rate=85.0)
        raw = make_raw(parts, bad="C3")
        stimuli = np.arange(1.0, 11.0, 1.3)
        onset = np.concatenate([beats + 0.03, stimuli])
        names = ["late"] * len(beats) + ["stimulus"] * len(stimuli)
        raws.append(raw.set_annotations(mne.Annotations(onset, 0.0, names)))
    return Recordings(raws, subject=[f"{i:02d}" for i in range(4)]), np.array([0, 1, 1, 0])


def make_whole_recordings(seed):
    """Make two dozen short recordings of three channels, one sample each."""
    rng = np.random.default_rng(seed)
    info = mne.create_info(["Fz", "Cz", "Pz"], 100.0, "eeg")
    events = pd.DataFrame({"onset": [1.0, 2.0, 3.0], "trial_type": ["a", "b", "a"]})
    raws = [
        mne.io.RawArray(1e-5 * rng.normal(size=(3, 500)), info, verbose="error") for _ in range(24)
    ]
    subjects = [f"{i // 2:02d}" for i in range(24)]
    X = Recordings(raws, [events] * 24, samples="recording", subject=subjects)
    return X, np.resize([0, 1, 0], 24)
