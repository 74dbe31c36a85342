"""Problems to evaluate on."""

import numpy as np
import pandas as pd
import pytest
from mne import create_info
from mne.io import RawArray

from sklearn_neurofuse import Multimodal, Recordings, config_context


@pytest.fixture
def problem(rng):
    """Make 60 samples of 20 persons, who have one class each."""
    groups = np.repeat(np.arange(20), 3)
    y = groups % 2
    return rng.standard_normal((60, 5)) + y[:, None], y, groups


@pytest.fixture
def trials(rng):
    """Make 96 trials of 12 persons, who have both classes."""
    groups = np.repeat([f"s{i:02d}" for i in range(12)], 8)
    y = np.tile(["house", "face"], 48)
    return rng.standard_normal((96, 4)) + (y == "house")[:, None], y, groups


@pytest.fixture
def paired(rng):
    """Make 40 persons with a class that fMRI tells well and EEG a little."""
    y = np.tile([0, 1], 20)
    fmri = rng.standard_normal((40, 20)) + 0.8 * y[:, None]
    eeg = rng.standard_normal((40, 20)) + 0.2 * y[:, None]
    return Multimodal(fmri=fmri, eeg=eeg), y


@pytest.fixture
def make_recordings():
    """Give a function that makes trials in recordings of EEG, some 10 s apart."""

    def make(n_recordings=4, n_trials=12, subject=None, run=None, seed=0, **columns):
        rng = np.random.default_rng(seed)
        info = create_info(3, 50.0, "eeg")
        raws = [
            RawArray(rng.standard_normal((3, 50 * 10 * (n_trials + 1))), info, verbose="error")
            for _ in range(n_recordings)
        ]
        events = [
            pd.DataFrame(
                {
                    "onset": 10.0 * np.arange(n_trials) + 5,
                    "duration": 1.0,
                    "trial_type": np.resize(["a", "b"], n_trials),
                }
                | {name: values[i] for name, values in columns.items()}
            )
            for i in range(n_recordings)
        ]
        with config_context(cache_dir=None):
            return Recordings(raws, events, subject=subject, run=run)

    return make
