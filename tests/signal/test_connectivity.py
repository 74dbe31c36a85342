"""Measures of coupling against their definitions and what they must not see."""

import numpy as np
import pytest

from sklearn_neurofuse.signal._connectivity import imaginary_coherence, weighted_phase_lag_index

MEASURES = (imaginary_coherence, weighted_phase_lag_index)


@pytest.fixture
def spectra(rng):
    return rng.normal(size=(40, 4, 3)) + 1j * rng.normal(size=(40, 4, 3))


def test_definitions(spectra):
    first, second = spectra[:, 0, 1], spectra[:, 2, 1]
    cross = first * second.conj()
    coherency = cross.sum() / np.sqrt((abs(first) ** 2).sum() * (abs(second) ** 2).sum())
    assert imaginary_coherence(spectra)[1, 0, 2] == pytest.approx(abs(coherency.imag))
    index = abs(cross.imag.sum()) / abs(cross.imag).sum()
    assert weighted_phase_lag_index(spectra)[1, 0, 2] == pytest.approx(index)


@pytest.mark.parametrize("measure", MEASURES)
def test_range_symmetry_and_diagonal(spectra, measure):
    found = measure(spectra)
    assert found.shape == (3, 4, 4)
    assert (found >= 0).all()
    assert (found <= 1).all()
    np.testing.assert_allclose(found, np.swapaxes(found, 1, 2))
    assert not found[:, range(4), range(4)].any()


@pytest.mark.parametrize("measure", MEASURES)
def test_mixing_without_lag_is_not_seen(rng, measure):
    source = rng.normal(size=(500, 1, 2)) + 1j * rng.normal(size=(500, 1, 2))
    assert measure(np.array([[1.0], [-0.5], [2.0]]) * source).max() < 1e-12


@pytest.mark.parametrize("measure", MEASURES)
def test_quarter_of_a_cycle_is_seen_whole(rng, measure):
    source = rng.normal(size=(500, 1, 2)) + 1j * rng.normal(size=(500, 1, 2))
    found = measure(np.concatenate([source, 3j * source], axis=1))
    np.testing.assert_allclose(found[:, 0, 1], 1.0)


@pytest.mark.parametrize("measure", MEASURES)
def test_flat_channel_is_coupled_to_nothing(spectra, measure):
    spectra[:, 1] = 0.0
    found = measure(spectra)
    assert not found[:, 1].any()
    assert np.isfinite(found).all()
