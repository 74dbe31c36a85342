"""What varies in a BOLD series besides the brain's answers: relative changes of the signal."""

import numpy as np
from nibabel.affines import voxel_sizes
from scipy.ndimage import gaussian_filter

from sklearn_neurofuse.datasets._simulation._anatomy import tissue_at
from sklearn_neurofuse.datasets._simulation._head_image import grid_places
from sklearn_neurofuse.datasets._simulation._random import stream

_FWHM = 2.3548
# places near large vessels, where the pulse is strong: MNI mm and width
_VESSELS = (((0, -12, -28), 12.0), ((40, 0, -8), 14.0), ((-40, 0, -8), 14.0), ((0, 20, 10), 14.0))


def smoothing_matrix(size, sigma):
    """Give the matrix that smooths a line of voxels; its noise keeps a variance of one."""
    offset = np.arange(size)[:, None] - np.arange(size)
    weight = np.exp(-0.5 * (offset / max(sigma, 1e-3)) ** 2)
    return (weight / np.sqrt((weight**2).sum(axis=1, keepdims=True))).astype(np.float32)


def noise_correlation(distance, fwhm):
    """Give the correlation of the autocorrelated noise of two places, distance in mm."""
    sigma = fwhm / _FWHM
    return np.exp(-0.25 * (distance / sigma) ** 2)


class AutocorrelatedNoise:
    """Noise that is smooth in space and a first-order process in time, volume by volume.

    Parameters
    ----------
    run : RunPlan
        The run.
    """

    def __init__(self, run):
        effect, settings = run.settings.bold.autocorrelated, run.settings
        sigmas = effect.fwhm / _FWHM / voxel_sizes(settings.affine)
        self._smooth = [
            smoothing_matrix(size, sigma)
            for size, sigma in zip(settings.shape, sigmas, strict=True)
        ]
        self._keep = np.exp(-settings.t_r / effect.time_constant)
        self._scale = np.float32(0.01 * effect.amplitude * effect.strength * run.subject.site_noise)
        self._rng = stream(run.seed, "autocorrelated", *run.key)
        self._shape = settings.shape
        self._state = self._draw()

    def _draw(self):
        white = self._rng.standard_normal(self._shape, dtype=np.float32)
        along_x, along_y, along_z = self._smooth
        smooth = np.tensordot(along_x, white, axes=(1, 0))
        smooth = np.matmul(along_y, smooth)
        return np.matmul(smooth, along_z.T)

    def next(self):
        """Give the noise of the next volume."""
        innovation = np.float32(np.sqrt(1 - self._keep**2))
        self._state = np.float32(self._keep) * self._state + innovation * self._draw()
        return self._scale * self._state


def drift(run):
    """Give the maps of slow drifts and their time courses over the volumes.

    Returns
    -------
    maps : ndarray of shape (n_drifts, x, y, z)
        Smooth in space.
    courses : ndarray of shape (n_drifts, n_volumes)
        Half and whole cosines over the run.
    """
    settings, effect = run.settings, run.settings.bold.drift
    rng = stream(run.seed, "drift", *run.key)
    orders = np.array([0.5, 1.0, 1.5])
    times = (np.arange(settings.n_volumes) + 0.5) / settings.n_volumes
    courses = np.cos(2 * np.pi * orders[:, None] * times)
    sizes = 0.01 * effect.amplitude * effect.strength * np.array([1.0, 0.6, 0.4])
    maps = np.stack([1 + 0.5 * _smooth_field(rng, settings) for _ in orders])
    signs = rng.choice([-1.0, 1.0], len(orders))
    return (maps * (sizes * signs)[:, None, None, None]).astype(np.float32), courses


def _smooth_field(rng, settings):
    """Draw a field that is smooth over 30 mm, with a standard deviation of one."""
    sigma = 30.0 / voxel_sizes(settings.affine)
    field = gaussian_filter(rng.standard_normal(settings.shape), sigma, mode="wrap")
    return field / (field.std() + 1e-12)


def physiology_maps(run):
    """Give the maps of the noise of heart and breath, of shape (9, x, y, z).

    Heart: cosine and sine of its phase and of twice its phase, near vessels and in CSF.
    Breath: the same of its phase, wide. Last: the heart rate's slow effect on the whole brain.
    """
    settings, effect = run.settings, run.settings.bold.physiology
    rng = stream(run.seed, "physiology maps", run.key[0])
    mni = run.subject.placement.to_mni(grid_places(settings.shape, settings.affine))
    shares = tissue_at(mni, ("grey", "csf"))
    vessels = sum(
        np.exp(-0.5 * ((mni - np.array(place)) ** 2).sum(axis=-1) / width**2)
        for place, width in _VESSELS
    )
    near = np.minimum(0.15 + vessels + 0.8 * shares["csf"], 1.2)
    wide = 0.4 + 0.3 * np.clip((20 - mni[..., 2]) / 60.0, 0, 1.5)
    fields = [near * _smooth_field(rng, settings) for _ in range(4)]
    fields += [0.6 * wide * _smooth_field(rng, settings) for _ in range(4)]
    fields.append(0.4 * shares["grey"])
    sizes = np.array([1, 1, 0.5, 0.5, 1, 1, 0.4, 0.4, 1]) * 0.01 * effect.amplitude
    return (np.stack(fields) * (sizes * effect.strength)[:, None, None, None]).astype(np.float32)


def physiology_courses(run, times):
    r"""Give the time courses that go with `physiology_maps`, of shape (9, \*times.shape).

    Phases of heart and breath at the time of each slice, as RETROICOR has them [1]_, and the
    heart rate some seconds before [2]_.

    References
    ----------
    .. [1] Glover, G. H., Li, T. Q., & Ress, D. (2000). Image-based method for retrospective
       correction of physiological motion effects in fMRI: RETROICOR. Magnetic Resonance in
       Medicine, 44(1), 162-167. doi:10.1002/1522-2594(200007)44:1<162::AID-MRM23>3.0.CO;2-E
    .. [2] Chang, C., Cunningham, J. P., & Glover, G. H. (2009). Influence of heart rate on the
       BOLD signal: the cardiac response function. NeuroImage, 44(3), 857-869.
       doi:10.1016/j.neuroimage.2008.09.029
    """
    heart = run.physiology.cardiac_phase(times)
    breath = run.physiology.phase_of_breath(times)
    rates = np.stack([run.physiology.heart_rate(times - lag) for lag in (2, 4, 6)]).mean(axis=0)
    rates = (rates - rates.mean()) / (rates.std() + 1e-9)
    waves = [
        wave(order * phase)
        for phase in (heart, breath)
        for order in (1, 2)
        for wave in (np.cos, np.sin)
    ]
    return np.stack([*waves, rates]).astype(np.float32)
