"""Bad channels are found by what is wrong with them, and good ones are left alone."""

import numpy as np
import pytest
from mne.channels.interpolation import _calc_g
from mne.filter import filter_data
from scipy.signal import resample_poly

from sklearn_neurofuse.signal._bad_channels import find_bad_channels, spherical_kernel
from tests.eeg import recorded

SFREQ = 128.0
NAMES = ["Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8", "T7", "C3", "Cz", "C4", "T8", "P7", "P3", "Pz",
         "P4", "P8", "O1", "Oz", "O2"]  # fmt: skip
DIRECTIONS = recorded.make_directions(NAMES)


@pytest.fixture
def eeg(rng):
    """Make EEG of 20 channels in microvolts, with blinks at the front and some noise."""
    n_times = int(60 * SFREQ)
    data = 1e6 * recorded.make_background(rng, DIRECTIONS, n_times, SFREQ)
    blinks = recorded.add_waves(np.zeros(n_times), np.arange(2, 58, 2.2), SFREQ, recorded.blink)
    front = np.maximum(DIRECTIONS[:, 1], 0) ** 4
    return data + 200 * np.outer(front, blinks) + 2 * rng.normal(size=data.shape)


def spoil(kind, course, rng):
    n = len(course)
    return {
        "flat": lambda: np.zeros(n),
        "constant": lambda: np.full(n, 30.0),
        "saturated": lambda: np.clip(10 * course, -80, 80),
        "loud": lambda: course + 150 * rng.normal(size=n),
        "weak": lambda: 0.05 * course,
        "hissing": lambda: course + 50 * rng.normal(size=n),
        "strange": lambda: course.std() * np.roll(course[::-1] / course.std(), n // 3),
        "loose": lambda: course + np.cumsum(400 * rng.normal(size=n) * (rng.random(n) < 0.01)),
    }[kind]()


@pytest.mark.parametrize("positions", [True, False])
def test_good_channels_are_left_alone_though_the_person_blinks(eeg, positions):
    assert find_bad_channels(eeg, SFREQ, DIRECTIONS if positions else None) == {}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("flat", "flat"),
        ("constant", "flat"),
        ("saturated", "saturated"),
        ("loud", "amplitude|noise|drift"),
        ("weak", "amplitude"),
        ("hissing", "noise|amplitude"),
        ("strange", "neighbours"),
        ("loose", "drift|amplitude"),
    ],
)
@pytest.mark.parametrize("channel", [0, 9, 13])
def test_bad_channels(rng, eeg, kind, reason, channel):
    eeg[channel] = spoil(kind, eeg[channel], rng)
    found = find_bad_channels(eeg, SFREQ, DIRECTIONS)
    assert list(found) == [channel]
    assert any(word in found[channel] for word in reason.split("|"))


def test_several_at_once(rng, eeg):
    eeg[2] = 0.0
    eeg[5] = spoil("loud", eeg[5], rng)
    eeg[8] = spoil("strange", eeg[8], rng)
    assert list(find_bad_channels(eeg, SFREQ, DIRECTIONS)) == [2, 5, 8]


def test_threshold(rng, eeg):
    eeg[4] = 12.0 * eeg[4]
    assert list(find_bad_channels(eeg, SFREQ, DIRECTIONS, 4.0)) == [4]
    assert find_bad_channels(eeg, SFREQ, DIRECTIONS, 30.0) == {}


@pytest.mark.parametrize("channel", [0, 9])
@pytest.mark.parametrize(
    "treat",
    [
        lambda data: (resample_poly(data, 1, 2, axis=1), SFREQ / 2),
        lambda data: (resample_poly(data, 5, 1, axis=1), SFREQ * 5),
        lambda data: (filter_data(data, SFREQ, 0.1, 40.0, verbose="error"), SFREQ),
    ],
    ids=["slower", "faster", "low-pass"],
)
def test_noise_is_found_at_all_rates_and_behind_filters(rng, eeg, treat, channel):
    assert find_bad_channels(*treat(eeg), DIRECTIONS) == {}
    eeg[channel] = spoil("hissing", eeg[channel], rng)
    assert list(find_bad_channels(*treat(eeg), DIRECTIONS)) == [channel]


def test_mains_in_one_channel_are_no_noise_and_blinks_are_none(rng, eeg):
    """What is one peak is left to filters, and large blinks alone make no bad channel."""
    times = np.arange(eeg.shape[1]) / SFREQ
    eeg[0] += 5 * np.sin(2 * np.pi * 50 * times)
    assert find_bad_channels(eeg, SFREQ, DIRECTIONS) == {}


def test_kernel_is_that_of_mne():
    expected = _calc_g(DIRECTIONS @ DIRECTIONS.T, 4, 7)
    np.testing.assert_allclose(spherical_kernel(DIRECTIONS), expected, atol=1e-12)
    np.testing.assert_allclose(spherical_kernel(0.09 * DIRECTIONS), expected, atol=1e-12)
