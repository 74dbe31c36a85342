"""What the container's tests share."""

import mne
import nibabel as nib
import numpy as np
import pytest

from sklearn_neurofuse.containers import (
    Block,
    ConnectomeSpace,
    Multimodal,
    SensorSpace,
    VolumeSpace,
)

AFFINE = np.array([[3.0, 0, 0, -12], [0, 3.0, 0, -9], [0, 0, 3.5, 4], [0, 0, 0, 1]])


@pytest.fixture
def info():
    """Three EEG channels with positions, 100 Hz."""
    montage = mne.channels.make_standard_montage("colin27_1020")
    return mne.create_info(["Fz", "Cz", "Pz"], 100.0, "eeg").set_montage(montage)


@pytest.fixture
def volume_space():
    """Volumes of (4, 3, 2) voxels with a mask that keeps seven of them."""
    mask = np.zeros((4, 3, 2), dtype=bool)
    mask[1:3, 1:, 0] = True
    mask[0, 0] = mask[3, 2, 1] = True
    return VolumeSpace(AFFINE, mask)


@pytest.fixture
def connectome_space():
    """Four regions in two networks, two bands."""
    coordinates = np.arange(12.0).reshape(4, 3)
    return ConnectomeSpace("abcd", coordinates, ["x", "x", "y", "y"], ["delta", "alpha"])


@pytest.fixture
def spaced(info, volume_space, connectome_space):
    """Ten samples in each kind of space and plain; the EEG of samples 2 and 7 is missing."""
    rng = np.random.default_rng(0)
    eeg = rng.normal(size=(10, 3, 5))
    eeg[[2, 7]] = np.nan
    return Multimodal(
        fmri=Block(rng.normal(size=(10, 4, 3, 2)).astype(np.float32), volume_space),
        voxels=Block(rng.normal(size=(10, 7)), volume_space),
        eeg=Block(eeg, SensorSpace(info, tmin=-0.02)),
        edges=Block(rng.normal(size=(10, 2, 6)), connectome_space),
        genes=Block(rng.integers(0, 3, size=(10, 2)), feature_names=["apoe", "comt"]),
        plain=rng.normal(size=(10, 3, 2)),
    )


@pytest.fixture
def epochs(info):
    """Six epochs of three channels."""
    data = np.random.default_rng(1).normal(scale=1e-5, size=(6, 3, 20))
    return mne.EpochsArray(data, info, tmin=-0.1, verbose="error")


def make_img(shape=(4, 3, 2, 6), affine=AFFINE, code=4, dtype=np.float64, seed=0):
    """Make a NIfTI image whose form code says which space it is in."""
    data = np.random.default_rng(seed).normal(scale=50, size=shape).astype(dtype)
    img = nib.Nifti1Image(data, affine)
    img.set_sform(affine, code=code)
    return img


@pytest.fixture
def make_volume():
    """Give the function that makes images."""
    return make_img


def assert_same(one, two):
    """Assert that two Multimodal hold the same, bit by bit."""
    assert one.modalities == two.modalities
    assert one.layout == two.layout
    for name in one.modalities:
        assert one[name].dtype == two[name].dtype
        np.testing.assert_array_equal(one[name].data, two[name].data)
    np.testing.assert_array_equal(one.present, two.present)


@pytest.fixture(name="assert_same")
def assert_same_fixture():
    """Give the function that compares."""
    return assert_same
