"""Small datasets on disk, and the command lines that work on them."""

import pytest

from sklearn_neurofuse.datasets import simulate_eeg_fmri

CONFIG = """
[[fmri]]
step = "SpatialSmoother"
fwhm = 12.0
[[fmri]]
step = "VolumeWindow"
tmin = 3.0
tmax = 8.0
standardize = "recording"

[[eeg]]
step = "FrequencyFilter"
l_freq = 1.0
h_freq = 20.0
[[eeg]]
step = "Epocher"
tmin = -0.1
tmax = 0.5
standardize = "recording"
"""
_OFF = ("gradient", "motion", "pulse", "ocular", "muscle", "bad_channels")
# those of little noise tell the class, those of much are read as quickly
LITTLE_NOISE = {"eeg": dict.fromkeys(_OFF, False), "design": {"bayes_accuracy": 0.95}}
MUCH_NOISE = {"eeg": {"gradient": False, "bad_channels": False}}


def options(home, config=None):
    """Give the arguments that name the dataset of a folder and its steps."""
    config = home / "pipeline.toml" if config is None else config
    return [str(home / "ds"), "--task", "faces", "--classes", "house,face", "--config",
            str(config)]  # fmt: skip


def command(home, name="evaluate", *more, config=None):
    """Give the arguments of a small evaluation or comparison."""
    return [name, *options(home, config), "--cv", "2", "--repeats", "1", *more]


def write_dataset(folder, n_subjects, n_volumes, volume_shape, **noise):
    """Write a small dataset, and its configuration beside it."""
    simulate_eeg_fmri(
        n_subjects=n_subjects,
        n_volumes=n_volumes,
        volume_shape=volume_shape,
        n_channels=8,
        sfreq=200.0,
        motion=False,
        **noise,
        write_bids=folder / "ds",
        random_state=0,
    )
    (folder / "pipeline.toml").write_text(CONFIG, "utf-8")
    return folder


@pytest.fixture(scope="session")
def noisy(tmp_path_factory):
    """Write short runs of four people, with noise; not to be changed."""
    return write_dataset(tmp_path_factory.mktemp("noisy"), 4, 40, (12, 12, 8), **MUCH_NOISE)


@pytest.fixture(scope="session")
def four(tmp_path_factory):
    """Write runs of four people with little noise; not to be changed."""
    return write_dataset(tmp_path_factory.mktemp("four"), 4, 50, (12, 14, 8), **LITTLE_NOISE)


@pytest.fixture(scope="session")
def six(tmp_path_factory):
    """Write short runs of six people with little noise; not to be changed."""
    return write_dataset(tmp_path_factory.mktemp("six"), 6, 40, (10, 12, 8), **LITTLE_NOISE)
