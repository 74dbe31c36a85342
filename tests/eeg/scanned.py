"""Short recordings in a scanner that the estimators of the room are run on."""

import mne
import numpy as np
import pandas as pd

from sklearn_neurofuse import Recordings

SFREQ, N_TIMES, N_VOLUMES, N_SLICES = 250.0, 4000, 18, 4
PERIOD = 200.3
START = 120.4


def artifact(rng, n_channels, *, changes=True):
    """Make an artefact of slices that repeat, of which the size follows a slow movement."""
    times = np.arange(N_TIMES)
    phase = (times - START) / PERIOD
    on = (phase >= 0) & (phase < N_VOLUMES)
    harmonics = np.arange(N_SLICES, 70, N_SLICES)
    weights = rng.normal(size=(n_channels, 2, len(harmonics), 2)) * np.exp(-harmonics / 60)[:, None]
    waves = np.stack(
        [
            np.cos(2 * np.pi * harmonics[:, None] * phase),
            np.sin(2 * np.pi * harmonics[:, None] * phase),
        ],
        axis=1,
    )
    base, other = np.einsum("cwhk,hkt->wct", weights, waves)
    movement = np.sin(2 * np.pi * times / 1500 + rng.uniform(0, 6)) if changes else 0.0
    return 5e-4 * on * (base + 0.2 * movement * other)


def noise(rng, n_channels):
    """Make noise of some 20 microvolts, stronger where it is slow."""
    white = rng.standard_normal((n_channels, N_TIMES))
    slow = np.apply_along_axis(np.convolve, 1, white, np.exp(-np.arange(60) / 15), mode="same")
    return 5e-6 * (slow + white)


def make_raw(rng, **options):
    """Make one recording of three channels with markers on sample points."""
    data = noise(rng, 3) + artifact(rng, 3, **options)
    raw = mne.io.RawArray(data, mne.create_info(["Fz", "Cz", "Pz"], SFREQ, "eeg"), verbose="error")
    marks = np.ceil(START + PERIOD * np.arange(N_VOLUMES)) / SFREQ
    twice = np.ceil(START + 2 * PERIOD * np.arange(N_VOLUMES // 2)) / SFREQ
    marks = mne.Annotations(
        [*marks, *twice], 0.0, ["Response/R128"] * len(marks) + ["second"] * len(twice)
    )
    return raw.set_annotations(marks)


def _as_trials(rng, raws):
    onsets = np.linspace(3.0, 13.0, 8)
    events = [
        pd.DataFrame(
            {
                "onset": onsets,
                "duration": 0.0,
                "trial_type": rng.permutation(np.resize(["rest", "task"], 8)),
            }
        )
        for _ in raws
    ]
    X = Recordings(raws, events, subject=[f"{i:02d}" for i in range(len(raws))])
    return X, (X.table["trial_type"] == "task").to_numpy(dtype=int)


def make_scanned_trials(seed):
    """Make trials in three recordings with a gradient artefact."""
    rng = np.random.default_rng(seed)
    return _as_trials(rng, [make_raw(rng) for _ in range(3)])


def make_looped_trials(seed):
    """Make trials in three recordings with two loops beside three channels."""
    rng = np.random.default_rng(seed)
    names = ["Fz", "Cz", "Pz", "CWL1", "CWL2"]
    raws = []
    for _ in range(3):
        loops = 10 * noise(rng, 2)
        # what a loop picks up changes in the course of the recording
        size = np.linspace(0.2, 1.0, N_TIMES)
        moved = noise(rng, 3) + rng.normal(size=(3, 1)) * size * np.roll(loops[0], 4)
        moved += 0.3 * loops[1]
        data = np.concatenate([moved, loops])
        raws.append(mne.io.RawArray(data, mne.create_info(names, SFREQ, "eeg"), verbose="error"))
    return _as_trials(rng, raws)


MOTION = np.cumsum(np.random.default_rng(3).normal(size=(N_VOLUMES, 6)), axis=0) * 0.1
