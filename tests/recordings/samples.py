"""Short recordings that the estimators of the rooms `eeg` and `fmri` are run on."""

import mne
import nibabel as nib
import numpy as np
import pandas as pd

from sklearn_neurofuse import BoldRun, Recordings
from tests.samples import AFFINE, INFO


def _events(rng, n_events, duration):
    onsets = np.linspace(0.15 * duration, 0.6 * duration, n_events)
    kinds = np.resize(["rest", "task", "rest"], n_events)
    return pd.DataFrame({"onset": onsets, "duration": 0.0, "trial_type": rng.permutation(kinds)})


def _as_trials(runs, events):
    X = Recordings(runs, events, subject=[f"{i:02d}" for i in range(len(runs))])
    return X, (X.table["trial_type"] == "task").to_numpy(dtype=int)


def make_eeg_trials(seed):
    """Make trials in three short recordings of three channels, noise of some 10 microvolts."""
    rng = np.random.default_rng(seed)
    raws = [
        mne.io.RawArray(1e-5 * rng.normal(size=(3, 1500)).cumsum(axis=1), INFO, verbose="error")
        for _ in range(3)
    ]
    return _as_trials(raws, [_events(rng, 8, 15.0) for _ in raws])


def make_bold_trials(seed):
    """Make trials in three short runs of small volumes."""
    rng = np.random.default_rng(seed)
    runs = [
        BoldRun(
            nib.Nifti1Image(rng.normal(100, 5, size=(6, 5, 4, 30)).astype(np.float32), AFFINE),
            t_r=2.0,
        )
        for _ in range(3)
    ]
    return _as_trials(runs, [_events(rng, 8, 60.0) for _ in runs])
