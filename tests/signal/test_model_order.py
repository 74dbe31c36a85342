"""The number of components."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from sklearn_neurofuse.signal._model_order import minimum_description_length


def spectrum(X):
    centred = X - X.mean(axis=0)
    values = np.linalg.eigvalsh(centred @ centred.T)[::-1]
    return values[:-1]


@pytest.mark.parametrize("smoothing", [0.0, 3.0, 8.0])
@pytest.mark.parametrize("n_components", [2, 6])
def test_finds_the_planted_number_in_white_and_smooth_noise(smoothing, n_components):
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(60, 8000))
        if smoothing:
            noise = gaussian_filter1d(noise, smoothing, axis=1)
            noise /= noise.std()
        signal = rng.normal(size=(60, n_components)) @ rng.laplace(size=(n_components, 8000))
        found.append(minimum_description_length(spectrum(signal + 2.0 * noise), 8000))
    assert np.median(found) == n_components
    assert np.ptp(found) <= 1


def test_smooth_noise_alone_has_few():
    rng = np.random.default_rng(0)
    noise = gaussian_filter1d(rng.normal(size=(60, 8000)), 6.0, axis=1)
    assert minimum_description_length(spectrum(noise), 8000) <= 2


def test_equal_eigenvalues_have_one():
    assert minimum_description_length(np.ones(10), 1000) == 1
