"""Random streams, one for each effect, and noise of a given spectrum."""

import zlib

import numpy as np
from scipy.fft import irfft, next_fast_len


def stream(seed, *keys):
    """Give the generator of one purpose: switching off one effect changes no other."""
    words = [key if isinstance(key, int) else zlib.crc32(key.encode()) for key in keys]
    return np.random.default_rng(np.random.SeedSequence([seed, *words]))


def coloured(rng, shape, n_times, sfreq, power):
    """Draw Gaussian noise of a given spectrum and a variance of one.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    shape : tuple of int
        Shape before the time axis.
    n_times : int
        Number of sample points.
    sfreq : float
        Sampling frequency in Hz.
    power : callable
        Power at frequencies in Hz, up to a factor.

    Returns
    -------
    ndarray of shape (*shape, n_times)
        Of type float32.
    """
    length = next_fast_len(n_times + int(sfreq), real=True)
    freqs = np.fft.rfftfreq(length, 1.0 / sfreq)
    weight = np.zeros(len(freqs))
    weight[1:] = power(freqs[1:])
    weight = np.sqrt(weight / weight.sum()).astype(np.float32) * (length / 2)
    spectrum = rng.standard_normal((*shape, len(freqs), 2), dtype=np.float32)
    spectrum *= weight[:, None]
    return irfft(spectrum.view(np.complex64)[..., 0], length, axis=-1)[..., :n_times]


def slow_process(rng, n_times, dt, time_constant):
    """Draw smooth noise with a variance of one: an Ornstein-Uhlenbeck process behind a filter."""
    corner = 1.0 / (2 * np.pi * time_constant)
    return coloured(rng, (), n_times, 1.0 / dt, lambda f: 1.0 / (1 + (f / corner) ** 2) ** 2)


def poisson_times(rng, start, stop, rate, gap):
    """Draw times in s at a rate per minute, at least `gap` apart."""
    if rate == 0:
        return np.zeros(0)
    mean = max(60.0 / rate - gap, 1e-3)
    n_most = int((stop - start) / gap) + 1
    times = start + np.cumsum(gap + rng.exponential(mean, n_most))
    return times[times < stop]


def smooth_maps(rng, points, n_maps):
    """Draw smooth maps over points about the origin: random polynomials of second degree.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    points : ndarray of shape (n_points, 3)
        Of about unit length.
    n_maps : int
        Number of maps.

    Returns
    -------
    ndarray of shape (n_points, n_maps)
        With an rms of about one.
    """
    x, y, z = points.T
    basis = np.stack([x, y, z, x * y, x * z, y * z, x * x - y * y, z * z], axis=1)
    return basis @ rng.standard_normal((basis.shape[1], n_maps))
