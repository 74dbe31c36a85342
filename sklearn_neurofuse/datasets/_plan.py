"""What is planted in each modality: the pattern, the nuisance and the noise around them."""

from dataclasses import dataclass

import numpy as np

from sklearn_neurofuse.containers import SensorSpace, VolumeSpace
from sklearn_neurofuse.datasets._noise import SeparableNoise, make_sensor_noise, make_volume_noise
from sklearn_neurofuse.datasets._patterns import (
    channel_positions,
    make_blob,
    make_sensor_space,
    make_topography,
    make_volume_space,
    make_wave,
    random_place,
    wave_interval,
)

_BLOB_WIDTH_MM = 22.0
_NUISANCE_WIDTHS_MM = (16.0, 32.0)
_N_BLOBS = 3
_NOISE_V = 1e-5
_MAX_PERIOD_S = 0.2
_MAX_LATENCIES = 25
_JITTER_REACH = 2.5


@dataclass(frozen=True)
class Variation:
    """What varies from sample to sample beside the class, alike in both modalities.

    Attributes
    ----------
    n_nuisance : int
        Number of class-free patterns.
    nuisance_strength : float
        Standard deviation of their loadings relative to the noise along them.
    n_subjects : int
        Number of subjects, 0 without effects of subject.
    gain_sd : float
        Standard deviation over subjects of the logarithm of the gain.
    offset : float
        Standard deviation over subjects of a smooth map, relative to the smooth noise.
    """

    n_nuisance: int = 0
    nuisance_strength: float = 3.0
    n_subjects: int = 0
    gain_sd: float = 0.0
    offset: float = 0.0


@dataclass(frozen=True)
class Plan:
    """The planted truth of one modality.

    Attributes
    ----------
    space : VolumeSpace or SensorSpace
        Where the samples lie.
    templates : ndarray of shape (n_latencies, *shape)
        The pattern at each latency; of unit norm at no delay.
    weights : ndarray of shape (n_latencies,)
        Probability of each latency.
    delays : ndarray of shape (n_latencies,)
        In s.
    nuisance : ndarray of shape (n_nuisance, *shape)
        Class-free patterns of unit norm.
    noise : SeparableNoise
        Within subjects, of mean variance one.
    variation : Variation
        How much the rest varies.
    unit : float
        One standard deviation of the noise in the unit of the data.
    where : dict
        Place and time of the pattern, for the user.
    """

    space: VolumeSpace | SensorSpace
    templates: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
    nuisance: np.ndarray
    noise: SeparableNoise
    variation: Variation
    unit: float
    where: dict

    @property
    def shape(self):
        """Shape of a sample, tuple of int."""
        return self.templates.shape[1:]

    @property
    def pattern(self):
        """The pattern at no delay, ndarray of the shape of a sample."""
        return self.templates[len(self.templates) // 2]

    @property
    def nuisance_sd(self):
        """Standard deviations of the loadings, ndarray of shape (n_nuisance,)."""
        axes = tuple(range(1, self.nuisance.ndim))
        variances = np.sum(self.nuisance * self.noise.covary(self.nuisance), axis=axes)
        return self.variation.nuisance_strength * np.sqrt(variances)

    @property
    def offset_noise(self):
        """Distribution of the offsets of subjects, SeparableNoise."""
        return self.noise.scaled(self.variation.offset**2, 0.0)

    @property
    def total_noise(self):
        """Distribution of noise and offset together, SeparableNoise."""
        return self.noise.scaled(1.0 + self.variation.offset**2, 1.0)

    def gain(self, normal):
        """Turn standard normal numbers into gains of subjects.

        Parameters
        ----------
        normal : ndarray
            The numbers.

        Returns
        -------
        ndarray
            Log-normal, of mean one.
        """
        spread = self.variation.gain_sd
        return np.exp(spread * normal - spread**2 / 2)


def plan_fmri(shape, masked, variation, rng):
    """Plant a smooth blob in volumes.

    Parameters
    ----------
    shape : tuple of 3 int
        Number of voxels along x, y and z.
    masked : bool
        Whether voxels outside an ellipsoid are zero.
    variation : Variation
        How much the rest varies.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Plan
        With a single template.
    """
    space = make_volume_space(shape, masked)
    centre = random_place(space, shape, rng)
    nuisance = [_make_blobs(space, shape, rng) for _ in range(variation.n_nuisance)]
    return Plan(
        space=space,
        templates=make_blob(space, shape, centre, _BLOB_WIDTH_MM)[None],
        weights=np.ones(1),
        delays=np.zeros(1),
        nuisance=np.reshape(nuisance, (-1, *shape)),
        noise=make_volume_noise(space, shape),
        variation=variation,
        unit=1.0,
        where={"location": space.affine[:3, :3] @ centre + space.affine[:3, 3]},
    )


def _make_blobs(space, shape, rng):
    widths = rng.uniform(*_NUISANCE_WIDTHS_MM, _N_BLOBS)
    signs = rng.choice([-1.0, 1.0], _N_BLOBS)
    blobs = [make_blob(space, shape, random_place(space, shape, rng), width) for width in widths]
    together = np.tensordot(signs, blobs, axes=1)
    return together / np.linalg.norm(together)


def plan_eeg(n_channels, n_times, sfreq, jitter, variation, rng):
    """Plant a wave in a few channels of epochs.

    Parameters
    ----------
    n_channels, n_times : int
        Shape of an epoch.
    sfreq : float
        Sampling frequency in Hz.
    jitter : float
        Standard deviation of the latency in s.
    variation : Variation
        How much the rest varies.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Plan
        With one template for each latency.
    """
    duration = n_times / sfreq
    space = make_sensor_space(n_channels, sfreq, tmin=-0.2 * duration)
    times, positions = space.times(n_times), channel_positions(space)
    topography = make_topography(positions, rng.integers(n_channels))
    latency = times[0] + duration * rng.uniform(0.4, 0.7)
    period = min(_MAX_PERIOD_S, duration / 4)
    delays, weights = _lay_latencies(jitter, sfreq)
    waves = make_wave(times, latency + delays[:, None], period)
    templates = topography[:, None] * waves[:, None, :]
    nuisance = [_make_scalp_wave(positions, times, rng) for _ in range(variation.n_nuisance)]
    return Plan(
        space=space,
        templates=templates / np.linalg.norm(templates[len(delays) // 2]),
        weights=weights,
        delays=delays,
        nuisance=np.reshape(nuisance, (-1, n_channels, n_times)),
        noise=make_sensor_noise(space, n_times),
        variation=variation,
        unit=_NOISE_V,
        where={
            "channels": [space.ch_names[i] for i in np.flatnonzero(topography)],
            "interval": wave_interval(latency, period),
            "latency": latency,
        },
    )


def _lay_latencies(jitter, sfreq):
    """Lay a grid over a normal distribution of delays, cut at 2.5 standard deviations."""
    n_steps = min(_MAX_LATENCIES // 2, int(np.ceil(_JITTER_REACH * jitter * sfreq)))
    steps = np.linspace(-_JITTER_REACH, _JITTER_REACH, 2 * n_steps + 1) if n_steps else np.zeros(1)
    weights = np.exp(-0.5 * steps**2)
    return jitter * steps, weights / weights.sum()


def _make_scalp_wave(positions, times, rng):
    duration = times[-1] - times[0]
    topography = make_topography(positions, rng.integers(len(positions)))
    latency = times[0] + duration * rng.uniform(0.2, 0.8)
    period = min(_MAX_PERIOD_S, duration / 4) * rng.uniform(0.7, 2.0)
    wave = np.outer(topography, make_wave(times, latency, period, rng.uniform(0, 2 * np.pi)))
    return wave / np.linalg.norm(wave)
