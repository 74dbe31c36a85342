"""Channels in single precision: there and back, and to a lower rate."""

import mne
import numpy as np
import pytest

from sklearn_neurofuse.eeg._gradient_rows import ShortRows

N = 20_000


def tones(times, rates=(3.3, 20.7, 47.1)):
    return sum(1e-5 * np.sin(2 * np.pi * rate * times + rate) for rate in rates)


def test_there_and_back(rng):
    data = 20e-6 * rng.standard_normal((4, N)) + np.array([[0.0], [0.3], [-0.1], [1.0]])
    raw = mne.io.RawArray(data, mne.create_info(4, 1000.0, "eeg"), verbose="error")
    held = data.copy()
    short = ShortRows(held, np.array([0, 1, 3]))
    assert np.abs(short.rows[[0, 1, 3]]).max() < 200e-6
    short.rows[1, 5000:6000] += 1
    short.restore(raw, 4000.5, 15_000.2)
    np.testing.assert_array_equal(held[2], data[2])
    np.testing.assert_array_equal(held[:, :4001], data[:, :4001])
    np.testing.assert_array_equal(held[:, 15_001:], data[:, 15_001:])
    held[1, 5000:6000] -= 1
    np.testing.assert_allclose(held, data, atol=1e-7)
    np.testing.assert_allclose(held[[0, 3]], data[[0, 3]], atol=1e-11)


@pytest.mark.parametrize("sfreq", [100.0, 250.0, 256.0, 333.0, 999.0])
def test_tones_are_what_they_are_at_a_lower_rate(sfreq):
    times = np.arange(N) / 1000
    # a tone that the lower rate cannot hold
    above = 1e-5 * np.sin(2 * np.pi * 0.7 * min(sfreq, 700.0) * times)
    data = np.stack([tones(times) + 0.1, tones(times) + above])
    wanted = round(N * sfreq / 1000)
    low = ShortRows(data, np.array([0, 1])).at_rate(sfreq / 1000, wanted)
    expected = tones(np.arange(wanted) / sfreq)
    inside = slice(wanted // 10, -wanted // 10)
    np.testing.assert_allclose(low[0, inside] - 0.1, expected[inside], atol=0.2e-6)
    np.testing.assert_allclose(low[0] - 0.1, expected, atol=5e-6)
    if sfreq < 900:
        np.testing.assert_allclose(low[1, inside], expected[inside], atol=0.2e-6)


def test_short_recordings_are_continued_as_far_as_they_go():
    data = np.full((1, 30), 2.5)
    low = ShortRows(data, np.array([0])).at_rate(0.1, 3)
    np.testing.assert_allclose(low, 2.5)
