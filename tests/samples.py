"""Small data of every kind that the estimators of `tests/estimator_cases.py` are run on."""

import mne
import numpy as np

from sklearn_neurofuse.containers import Block, Layout, Multimodal, SensorSpace, VolumeSpace

INFO = mne.create_info(["Fz", "Cz", "Pz"], 100.0, "eeg")
AFFINE = np.diag([3.0, 3.0, 4.0, 1.0])


def make_paired(seed, n_samples=24):
    """Make volumes and epochs with two sources in common, and a class they tell of."""
    rng = np.random.default_rng(seed)
    y = np.resize([0, 1, 0], n_samples)
    loadings = rng.normal(size=(n_samples, 2)) + y[:, None]
    # heavy tails, so that the maps can be told apart
    volumes = np.tensordot(loadings, rng.standard_t(2, size=(2, 4, 3, 2)), 1)
    epochs = np.tensordot(loadings, rng.standard_t(2, size=(2, 3, 8)), 1)
    volumes += rng.normal(scale=0.3, size=volumes.shape)
    epochs += rng.normal(scale=0.3, size=epochs.shape)
    X = Multimodal(fmri=Block(volumes, VolumeSpace(AFFINE)), eeg=Block(epochs, SensorSpace(INFO)))
    return X, y


def make_flat(seed):
    """Make the flat matrix of `make_paired`."""
    X, y = make_paired(seed)
    return np.asarray(X), y


LAYOUT = make_paired(0)[0].layout
# the same columns, another way to take them apart
OTHER_LAYOUT = Layout({"eeg": (3, 7), "fmri": (3, 3, 3)})
