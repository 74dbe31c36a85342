"""Gaussian noise whose covariance can be drawn from and inverted exactly."""

import numpy as np
from scipy.fft import idct

from sklearn_neurofuse.datasets._patterns import channel_positions

_TOLERANCE = 1e-8
_MAX_ITERATIONS = 2000
# smooth share of the variance, the rest is white
_SMOOTH = 0.9
_VOLUME_CORNER_RAD_PER_MM = 0.1
_EEG_CORNER_HZ = 7.0
_EEG_LENGTH_M = 0.03


class SeparableNoise:
    r"""Gaussian noise, smooth over each axis of a sample, on a white floor.

    The covariance of a sample is

    .. math:: \Sigma = Q \, (c \, \mathrm{diag}(s) + w I) \, Q^\top, \quad
              Q = Q_1 \otimes \dots \otimes Q_d

    with one orthonormal basis for each axis, cut to the voxels of a mask if there is one.
    Drawing a sample and solving with the covariance cost one small matrix product an axis; with
    a mask the solution comes from conjugate gradients.

    Parameters
    ----------
    bases : list of ndarray of shape (n_a, n_a)
        The orthonormal bases, in columns.
    spectrum : ndarray of the shape of a sample
        Relative variance s of the smooth part along each product of basis vectors; scaled to
        mean 1.
    smooth : float, default=0.9
        Mean variance c of the smooth part.
    white : float, default=0.1
        Variance w of the floor.
    mask : ndarray of bool of the shape of a sample, default=None
        The noise is zero outside.
    """

    def __init__(self, bases, spectrum, smooth=_SMOOTH, white=1.0 - _SMOOTH, mask=None):
        self.bases = bases
        self.spectrum = spectrum / spectrum.mean()
        self.smooth = smooth
        self.white = white
        self.mask = mask

    @property
    def variances(self):
        """Eigenvalues of the covariance without the mask, ndarray of the shape of a sample."""
        return self.smooth * self.spectrum + self.white

    def scaled(self, smooth, white):
        """Give noise with the same correlations and other variances.

        Parameters
        ----------
        smooth, white : float
            Factors of the two variances.

        Returns
        -------
        SeparableNoise
            The noise.
        """
        variances = smooth * self.smooth, white * self.white
        return SeparableNoise(self.bases, self.spectrum, *variances, self.mask)

    def sample(self, n_samples, rng):
        """Draw noise.

        Parameters
        ----------
        n_samples : int
            How many samples.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of float32 of shape (n_samples, *shape)
            The noise.
        """
        data = rng.standard_normal((n_samples, *self.spectrum.shape), dtype=np.float32)
        data *= np.sqrt(self.variances).astype(np.float32)
        return self._cut(_rotate(data, [basis.astype(np.float32) for basis in self.bases]))

    def covary(self, patterns):
        """Multiply patterns by the covariance.

        Parameters
        ----------
        patterns : ndarray of shape (n_patterns, *shape)
            Zero outside the mask.

        Returns
        -------
        ndarray of the same shape
            The products.
        """
        return self._cut(self._filter(patterns, self.variances))

    def solve(self, patterns):
        """Multiply patterns by the inverse of the covariance.

        Parameters
        ----------
        patterns : ndarray of shape (n_patterns, *shape)
            Zero outside the mask.

        Returns
        -------
        ndarray of the same shape
            The solutions, zero outside the mask.
        """
        if self.mask is None:
            return self._filter(patterns, 1.0 / self.variances)
        return np.array([self._descend(pattern[None])[0] for pattern in patterns]).reshape(
            patterns.shape
        )

    def _descend(self, pattern):
        """Solve for one pattern by conjugate gradients, preconditioned by the unmasked inverse."""
        solution, residual = np.zeros_like(pattern), pattern
        direction, before = 0.0, np.inf
        for _ in range(_MAX_ITERATIONS):
            if np.linalg.norm(residual) <= _TOLERANCE * np.linalg.norm(pattern):
                return solution
            guess = self._cut(self._filter(residual, 1.0 / self.variances))
            now = np.vdot(residual, guess)
            direction = guess + now / before * direction
            image = self.covary(direction)
            step = now / np.vdot(direction, image)
            solution, residual, before = solution + step * direction, residual - step * image, now
        raise RuntimeError("SeparableNoise: conjugate gradients did not converge")

    def _filter(self, patterns, factors):
        there = [basis.T for basis in self.bases]
        return _rotate(_rotate(patterns, there) * factors, self.bases)

    def _cut(self, patterns):
        return patterns if self.mask is None else patterns * self.mask


def _rotate(data, bases):
    """Multiply each axis of the samples by its matrix."""
    for axis, basis in enumerate(bases, start=1):
        shape = data.shape
        n_before, n_after = int(np.prod(shape[:axis])), int(np.prod(shape[axis + 1 :]))
        if n_after == 1:
            data = data.reshape(n_before, shape[axis]) @ basis.T
        else:
            data = np.matmul(basis, data.reshape(n_before, shape[axis], n_after))
        data = data.reshape(shape)
    return data


def make_volume_noise(space, shape, corner=_VOLUME_CORNER_RAD_PER_MM):
    """Make isotropic low-pass noise for volumes.

    Parameters
    ----------
    space : VolumeSpace
        Where the voxels lie.
    shape : tuple of 3 int
        Number of voxels along x, y and z.
    corner : float
        Spatial frequency in rad/mm up to which the spectrum is flat.

    Returns
    -------
    SeparableNoise
        Of mean variance 1.
    """
    axes = [
        np.pi * np.arange(n) / n / size for n, size in zip(shape, space.voxel_sizes, strict=True)
    ]
    squares = sum(np.ix_(*[axis**2 for axis in axes]))
    spectrum = 1.0 / (1.0 + (squares / corner**2) ** 4)
    return SeparableNoise([_cosines(n) for n in shape], spectrum, mask=space.mask)


def make_sensor_noise(space, n_times, corner=_EEG_CORNER_HZ, length=_EEG_LENGTH_M):
    """Make noise for epochs: low-pass in time, correlated between neighbouring channels.

    Parameters
    ----------
    space : SensorSpace
        Channels with positions.
    n_times : int
        Number of sample points.
    corner : float
        Frequency in Hz up to which the spectrum is flat; above it falls as the fourth power.
    length : float
        Distance in m at which the correlation of two channels is exp(-1).

    Returns
    -------
    SeparableNoise
        Of mean variance 1.
    """
    positions = channel_positions(space)
    distances = np.linalg.norm(positions[:, None] - positions, axis=-1)
    values, vectors = np.linalg.eigh(np.exp(-distances / length))
    frequencies = np.arange(n_times) * space.sfreq / (2 * n_times)
    low_pass = 1.0 / (1.0 + (frequencies / corner) ** 4)
    return SeparableNoise([vectors, _cosines(n_times)], np.outer(values.clip(0.0), low_pass))


def _cosines(n):
    """Give the orthonormal basis of the discrete cosine transform, in columns."""
    return idct(np.eye(n), axis=0, norm="ortho")
