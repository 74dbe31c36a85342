"""Samples in which the modalities share signals."""

import mne
import numpy as np
import pytest

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.containers import Block, SensorSpace, VolumeSpace


def make_linked(n_samples=60, n_components=3, link=1.0, noise=0.3, seed=0, dtype=float):
    """Give volumes and epochs with spaces, a table without, and the loadings behind each."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n_samples, n_components))
    shapes = {"fmri": (5, 6, 4), "eeg": (4, 25), "genes": (70,)}
    blocks, loadings, maps = {}, {}, {}
    for name, shape in shapes.items():
        own = rng.normal(size=common.shape)
        loadings[name] = link * common + np.sqrt(1.0 - link**2) * own
        maps[name] = rng.laplace(size=(n_components, *shape))
        data = np.tensordot(loadings[name], maps[name], axes=1) + 2.0
        blocks[name] = (data + noise * rng.normal(size=data.shape)).astype(dtype)
    info = mne.create_info(["Fz", "Cz", "Pz", "Oz"], 100.0, "eeg")
    blocks["fmri"] = Block(blocks["fmri"], VolumeSpace(np.diag([3.0, 3.0, 3.0, 1.0])))
    blocks["eeg"] = Block(blocks["eeg"], SensorSpace(info, tmin=-0.05))
    return Multimodal(**blocks), loadings, maps


def drop(X, **rows):
    """Make modalities missing in some rows."""
    changed = {}
    for name, missing in rows.items():
        changed[name] = X[name].data.copy()
        changed[name][missing] = np.nan
    return X.replace(**changed)


def matched(truth, found):
    """Give the absolute correlation of every true row with the most similar found row."""
    n = len(truth)
    similarity = np.abs(np.corrcoef(truth.reshape(n, -1), found.reshape(len(found), -1)))
    return similarity[:n, n:].max(axis=1)


@pytest.fixture
def linked():
    """Give three linked modalities."""
    return make_linked()[0]
