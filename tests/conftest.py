"""Fixtures of all tests: random numbers, small data of every kind, and the real recordings."""

import os
from pathlib import Path

import mne
import nibabel as nib
import numpy as np
import pytest

from sklearn_neurofuse import Multimodal

CHANNELS = ("Fz", "Cz", "Pz", "Oz", "C3", "C4", "P3", "P4")


@pytest.fixture
def rng():
    """Give a generator with a fixed seed."""
    return np.random.default_rng(0)


@pytest.fixture
def make_info():
    """Give a function that makes a measurement info with positions, up to eight channels."""

    def make(n_channels=4, sfreq=100.0):
        info = mne.create_info(list(CHANNELS[:n_channels]), sfreq, "eeg")
        info.set_montage("colin27_1020")
        return info

    return make


@pytest.fixture
def make_epochs(make_info):
    """Give a function that makes epochs of noise of some 10 microvolts, with two conditions."""

    def make(n_epochs=12, n_channels=4, n_times=20, *, sfreq=100.0, tmin=-0.1, seed=0):
        rng = np.random.default_rng(seed)
        data = 1e-5 * rng.standard_normal((n_epochs, n_channels, n_times))
        events = np.column_stack(
            [np.arange(n_epochs) * n_times, np.zeros(n_epochs, int), np.arange(n_epochs) % 2 + 1]
        )
        event_id = {"left": 1, "right": 2} if n_epochs > 1 else {"left": 1}
        info = make_info(n_channels, sfreq)
        return mne.EpochsArray(data, info, events, tmin, event_id, verbose="error")

    return make


@pytest.fixture
def make_volume_img():
    """Give a function that makes a 4-D NIfTI image of noise in MNI space, volumes last."""

    def make(n_volumes=12, shape=(4, 5, 3), *, zooms=(3.0, 3.0, 4.0), seed=0):
        rng = np.random.default_rng(seed)
        data = rng.standard_normal((*shape, n_volumes)).astype(np.float32)
        affine = np.diag([*zooms, 1.0])
        affine[:3, 3] = (-20.0, -30.0, -10.0)
        img = nib.Nifti1Image(data, affine)
        img.header.set_xyzt_units("mm", "sec")
        img.header["pixdim"][4] = 2.0
        return img

    return make


@pytest.fixture
def make_multimodal(make_epochs, make_volume_img):
    """Give a function that makes paired volumes and epochs of noise."""

    def make(n_samples=12, *, seed=0):
        return Multimodal(
            fmri=make_volume_img(n_samples, seed=seed), eeg=make_epochs(n_samples, seed=seed + 1)
        )

    return make


@pytest.fixture
def real_data():
    """Give a function from the name of a data set to its folder under ``NEUROFUSE_DATA``.

    Where the variable is not set the test is skipped; where it is, a missing folder is a failure.
    """

    def folder(name):
        root = os.environ.get("NEUROFUSE_DATA")
        if not root:
            pytest.skip("NEUROFUSE_DATA is not set")
        path = Path(root) / name
        assert path.is_dir(), f"NEUROFUSE_DATA has no folder {name}"
        return path

    return folder
