"""Figures of what is left, on spectra whose answer is known."""

import numpy as np
import pytest

from sklearn_neurofuse.eeg._gradient_quality import (
    allen_bands,
    harmonics,
    niazy_ratios,
    power_spectra,
    residual_at_harmonics,
)

SFREQ = 500.0


def noise(rng, seconds=60.0):
    return 1e-5 * rng.standard_normal((3, int(seconds * SFREQ)))


def test_power_is_that_of_the_signal(rng):
    data = noise(rng)
    freqs, power = power_spectra(data, SFREQ)
    # both halves of the spectrum, up to 130 of 250 Hz
    assert 2 * power.sum(axis=1) == pytest.approx(2 * data.var(axis=1) * freqs[-1] / 250, rel=0.2)
    assert freqs[1] == pytest.approx(0.25, rel=0.01)


def test_residual_is_zero_for_noise_and_tells_lines_and_notches(rng):
    freqs, power = power_spectra(noise(rng, 200.0), SFREQ)
    assert abs(residual_at_harmonics(freqs, power, 15.3)) < 0.5
    at = harmonics(freqs, 15.3)
    for factor in (10.0, 0.1):
        changed = power * np.where(at, factor, 1.0)
        told = residual_at_harmonics(freqs, changed, 15.3)
        assert told == pytest.approx(10 * np.log10(factor), abs=0.7)


def test_harmonics_that_lie_too_close_have_no_sides(rng):
    freqs, power = power_spectra(noise(rng), SFREQ)
    assert np.isnan(residual_at_harmonics(freqs, power, 0.5))


def test_allen_bands_tell_the_difference_of_amplitudes(rng):
    freqs, power = power_spectra(noise(rng), SFREQ)
    louder = power * np.where((freqs >= 8) & (freqs < 12), 1.21, 1.0)
    np.testing.assert_allclose(allen_bands(freqs, louder, power), [0, 0, 10, 0], atol=0.1)


def test_niazy_ratios_tell_decibels(rng):
    freqs, power = power_spectra(noise(rng), SFREQ)
    before = power * np.where(harmonics(freqs, 30.0), 100.0, 1.0)
    np.testing.assert_allclose(niazy_ratios(freqs, before, power, 30.0), 20.0, atol=1e-6)
    assert len(niazy_ratios(freqs, before, power, 30.0)) == 4
