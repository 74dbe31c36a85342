"""Draw linked loadings and sources with exactly the correlations asked for, and mix them."""

import numpy as np
from scipy.special import ndtr

from sklearn_neurofuse.datasets._noise import (
    SeparableNoise,
    make_sensor_noise,
    make_volume_noise,
)
from sklearn_neurofuse.datasets._patterns import make_sensor_space, make_volume_space

_VOLT = 1e-5
_CHUNK = 256
# finer than the noise of the planted classes: many independent places make independent sources
_CORNER_RAD_PER_MM = 0.2
_CORNER_HZ = 20.0


def draw_loadings(target, links, effects, n_modalities, rng):
    """Draw loadings with exactly these correlations and differences between groups.

    Parameters
    ----------
    target : ndarray of int of shape (n_samples,)
        The group, 0 or 1.
    links : ndarray of shape (n_sources,)
        Correlation of each source's loadings between two modalities.
    effects : ndarray of shape (n_sources,)
        Difference between the groups in standard deviations within them.
    n_modalities : int
        Number of modalities.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (n_modalities, n_samples, n_sources)
        Of mean zero and variance one.
    """
    n_samples, n_sources = len(target), len(links)
    sides = (target - target.mean()) / target.std()
    fixed = np.stack([np.ones(n_samples), sides], axis=1)
    free = rng.standard_normal((n_samples, n_sources * n_modalities))
    basis, _ = np.linalg.qr(np.hstack([fixed, free]))
    basis = np.sqrt(n_samples) * basis[:, 2:].reshape(n_samples, n_sources, n_modalities)
    between = variance_between(target, effects)
    roots = _roots((links - between) / (1.0 - between), n_modalities)
    within = np.einsum("nsm,sml->lns", basis, roots) * np.sqrt(1.0 - between)
    return within + np.sign(effects) * np.sqrt(between) * sides[:, None]


def variance_between(target, effects):
    """Compute the share of the loadings' variance that lies between the groups.

    Parameters
    ----------
    target : ndarray of int of shape (n_samples,)
        The group, 0 or 1.
    effects : ndarray of shape (n_sources,)
        Difference between the groups in standard deviations within them.

    Returns
    -------
    ndarray of shape (n_sources,)
        In [0, 1).
    """
    return effects**2 * target.var() / (1.0 + effects**2 * target.var())


def _roots(values, n_modalities):
    """Give the symmetric square roots of matrices with these values off the diagonal."""
    eye = np.eye(n_modalities)
    matrices = values[:, None, None] * (1.0 - eye) + eye
    spectrum, vectors = np.linalg.eigh(matrices)
    return np.einsum("sij,sj,skj->sik", vectors, np.sqrt(spectrum.clip(0.0)), vectors)


def make_field(kind, volume_shape, n_channels, n_times, n_features, sfreq):
    """Give the space, the distribution of normal fields and the unit of a kind of modality.

    Parameters
    ----------
    kind : {"volumes", "epochs", "features"}
        The kind.
    volume_shape, n_channels, n_times, n_features : tuple of int, int
        Its size.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    space : VolumeSpace, SensorSpace or None
        Where samples lie.
    noise : SeparableNoise
        The fields.
    unit : float
        Standard deviation of a source.
    """
    if kind == "volumes":
        space = make_volume_space(volume_shape)
        noise = make_volume_noise(space, volume_shape, _CORNER_RAD_PER_MM)
        return space, noise.scaled(1.0, 0.0), 1.0
    if kind == "epochs":
        space = make_sensor_space(n_channels, sfreq, tmin=-0.2 * n_times / sfreq)
        noise = make_sensor_noise(space, n_times, _CORNER_HZ)
        return space, noise.scaled(1.0, 0.0), _VOLT
    return None, SeparableNoise([np.eye(n_features)], np.ones(n_features)), 1.0


def draw_sources(fields, n_sources, source_links, distribution, rng):
    """Draw the sources of all modalities.

    Parameters
    ----------
    fields : dict of tuple
        What `make_field` gives, for each modality.
    n_sources : int
        Number of sources in each.
    source_links : ndarray of shape (n_sources,) or None
        Correlation of each source between two modalities; None draws them independently.
    distribution : {"super", "sub", "mixed"}
        Of the values.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    dict of ndarray of shape (n_sources, ...)
        Uncorrelated within each modality.
    """
    if source_links is None:
        return {
            name: unit * _draw_independent(noise, n_sources, distribution, rng)
            for name, (_, noise, unit) in fields.items()
        }
    _, noise, unit = next(iter(fields.values()))
    names = list(fields)
    free = _draw_independent(noise, n_sources * len(names), distribution, rng, len(names))
    free = free.reshape(n_sources, len(names), *free.shape[1:])
    linked = np.einsum("sm...,sml->ls...", free, _roots(source_links, len(names)))
    return dict(zip(names, unit * linked, strict=True))


def _draw_independent(noise, n_sources, distribution, rng, n_repeats=1):
    """Draw fields of that distribution, exactly uncorrelated over their places."""
    fields = noise.sample(n_sources, rng).astype(float)
    shape = fields.shape
    fields = fields.reshape(n_sources, -1)
    fields = (fields - fields.mean(axis=1, keepdims=True)) / fields.std(axis=1, keepdims=True)
    uniform = 2.0 * ndtr(fields) - 1.0
    laplace = -np.sign(uniform) * np.log1p(-np.abs(uniform))
    turns = np.arange(n_sources) // n_repeats % 2 == 1
    is_sub = {"super": np.zeros_like(turns), "sub": np.ones_like(turns), "mixed": turns}
    sources = np.where(is_sub[distribution][:, None], uniform, laplace)
    sources -= sources.mean(axis=1, keepdims=True)
    sources /= sources.std(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(sources @ sources.T / sources.shape[1])
    return ((vectors / np.sqrt(values)) @ vectors.T @ sources).reshape(shape)


def mix_sources(loadings, sources, psnr, rng):
    """Mix sources and add noise.

    Parameters
    ----------
    loadings : ndarray of shape (n_samples, n_sources)
        Of one modality.
    sources : ndarray of shape (n_sources, ...)
        Of the same.
    psnr : float
        Peak signal-to-noise ratio in dB, mean over samples.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    data : ndarray of float32 of shape (n_samples, ...)
        The samples.
    noise_sd : float
        Standard deviation of the noise.
    """
    weights, maps = loadings.astype(np.float32), sources.astype(np.float32)
    data = np.tensordot(weights, maps, axes=1)
    peaks = np.abs(data).max(axis=tuple(range(1, data.ndim)))
    noise_sd = float(np.exp(np.mean(np.log(peaks))) * 10.0 ** (-psnr / 20.0))
    if noise_sd > 0.0:
        for start in range(0, len(data), _CHUNK):
            chunk = data[start : start + _CHUNK]
            chunk += np.float32(noise_sd) * rng.standard_normal(chunk.shape, dtype=np.float32)
    return data, noise_sd
