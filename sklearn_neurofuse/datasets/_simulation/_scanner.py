"""The BOLD series as the scanner measures it, slice by slice."""

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine

from sklearn_neurofuse.datasets._simulation._bold_noise import (
    AutocorrelatedNoise,
    drift,
    physiology_courses,
    physiology_maps,
)
from sklearn_neurofuse.datasets._simulation._bold_signal import bold_courses
from sklearn_neurofuse.datasets._simulation._head_image import (
    FINER,
    REGIONS,
    BrainPlaces,
    MovingImage,
    band_limit,
    base_factor,
    grid_places,
    head_voxels,
    moving_region,
    relaxation,
    still_head,
)
from sklearn_neurofuse.datasets._simulation._random import stream

# of a region's peak, below which it is left out
_FAINT = 1e-3


def render_bold(run, part="full"):
    """Give the series of one run.

    Parameters
    ----------
    run : RunPlan
        The run.
    part : {"full", "moved", "still"}, default="full"
        The measured series; the brain's signal in the moving head, without noise; the same in a
        head that lies still, in float32.

    Returns
    -------
    Nifti1Image
        Of type int16 where full, so that the numbers are those of a scanner.
    """
    scanner = Scanner(run, part)
    dtype = np.int16 if part == "full" else np.float32
    series = np.empty((*run.settings.shape, run.settings.n_volumes), dtype=dtype, order="F")
    for volume in range(-run.timing.n_before, run.settings.n_volumes):
        values = scanner.measure(volume)
        if volume >= 0:
            series[..., volume] = np.rint(np.clip(values, 0, 32767)) if part == "full" else values
    img = nib.Nifti1Image(series, run.settings.affine)
    img.header.set_xyzt_units("mm", "sec")
    img.header.set_zooms((*img.header.get_zooms()[:3], run.settings.t_r))
    return img


class Scanner:
    """Measures one run volume by volume.

    Parameters
    ----------
    run : RunPlan
        The run.
    part : str
        As in `render_bold`.
    """

    def __init__(self, run, part):
        self._run, self._noisy = run, part == "full"
        bold = run.settings.bold
        self._moves = bold.motion.strength > 0 and part != "still"
        self._slices = run.timing.slice_times
        self._base = run.base("base_bold")
        if self._base is not None:
            self._factor = base_factor(run.subject, run.settings)
        self._fine = self._still()
        self._mask = head_voxels(self._fine)
        self._voxels = np.argwhere(self._mask)
        self._regions = self._make_regions()
        self._times, self._courses = bold_courses(run)
        self._magnetisation = Magnetisation(run) if self._noisy else None
        self._image = None
        if self._noisy:
            self._autocorrelated = AutocorrelatedNoise(run)
            self._drift = drift(run)
            self._physiology = physiology_maps(run)
            self._rng = stream(run.seed, "thermal", *run.key)
            self._sigma = thermal_sigma(run, self._fine)

    def _still(self):
        if self._base is None:
            return still_head(self._run.subject, self._run.settings)
        volume = np.asanyarray(self._base.dataobj, dtype=np.float32)
        volume = volume if volume.ndim == 3 else volume.mean(axis=3)
        volume = volume * self._factor
        return band_limit(volume, self._run.settings.shape, edge=1.0)

    def _make_regions(self):
        """Give each region's voxels, and its map or what is sampled where the head moves."""
        settings, subject = self._run.settings, self._run.subject
        brain = BrainPlaces(subject, settings, grid_places(settings.shape, settings.affine))
        regions = {}
        for name in REGIONS:
            values = brain.region(name)
            there = self._mask & (np.abs(values) > _FAINT * np.abs(values).max(initial=1e-9))
            voxels = np.argwhere(there)
            if len(voxels) and self._moves:
                values = moving_region(name, self._fine, voxels, subject, settings)
            if len(voxels):
                regions[name] = (voxels, values)
        return regions

    def measure(self, volume):
        """Give the values of one volume; in order, since what came before matters.

        Parameters
        ----------
        volume : int
            0 for the first saved volume, negative for those before.

        Returns
        -------
        ndarray of shape (x, y, z)
            Of type float32.
        """
        times = volume * self._run.timing.t_r + self._slices
        index = self._index(times)
        values = self._head(volume, index)
        answers = self._answers(times, values, index)
        if not self._noisy:
            return values + answers
        changes = self._changes(volume, times)
        values = (values + answers) * (1 + changes)
        values *= self._magnetisation.next(times)
        return self._with_thermal(values)

    def _index(self, times):
        """Give where in the still head each voxel lies that is measured at these times."""
        if not self._moves:
            return None
        run, affine = self._run, self._run.settings.affine
        back = np.linalg.inv(run.motion.matrices(times, run.settings.bold.motion.strength))
        return np.linalg.inv(affine) @ back @ affine

    def _places(self, voxels, to_voxel):
        """Give where voxels lie in the still head, of shape (3, n_voxels), slice by slice."""
        x, y, z = voxels.T
        rows = to_voxel[:, :3]
        offset = rows[..., 2] * np.arange(len(rows))[:, None] + rows[..., 3]
        return np.stack([rows[z, i, 0] * x + rows[z, i, 1] * y + offset[z, i] for i in range(3)])

    def _head(self, volume, to_voxel):
        if to_voxel is None and self._base is None:
            return self._fine[::FINER, ::FINER, ::FINER].copy()
        if to_voxel is None:
            return self._base_volume(volume)
        values = np.zeros(self._run.settings.shape, dtype=np.float32)
        series = self._base is not None and len(self._base.shape) == 4
        if series or self._image is None:
            fine = self._fine
            if series:
                fine = band_limit(self._base_volume(volume), self._run.settings.shape, edge=1.0)
            self._image = MovingImage(fine)
        values[self._mask] = self._image.at(self._places(self._voxels, to_voxel))
        return values

    def _base_volume(self, volume):
        if len(self._base.shape) == 3:
            return self._factor * np.asarray(self._base.dataobj, dtype=np.float32)
        return self._factor * np.asarray(self._base.dataobj[..., max(volume, 0)], np.float32)

    def _answers(self, times, values, to_voxel):
        """Give the signal of the planted regions at the time of each slice."""
        answers = np.zeros_like(values)
        for name, (voxels, source) in self._regions.items():
            course = np.interp(times, self._times, self._courses[name])[voxels[:, 2]]
            where = tuple(voxels.T)
            if to_voxel is None:
                product = source[where] * values[where]
            else:
                product = source.at(self._places(voxels, to_voxel))
            answers[where] += (0.01 * course * product).astype(np.float32)
        return answers

    def _changes(self, volume, times):
        bold = self._run.settings.bold
        maps, courses = self._drift
        changes = np.zeros(self._run.settings.shape, dtype=np.float32)
        if bold.drift.strength > 0:
            changes += np.tensordot(courses[:, max(volume, 0)].astype(np.float32), maps, 1)
        if bold.autocorrelated.strength > 0:
            changes += self._autocorrelated.next()
        if bold.physiology.strength > 0:
            waves = physiology_courses(self._run, times)
            changes += np.einsum("kxyz,kz->xyz", self._physiology, waves, optimize=False)
        return changes

    def _with_thermal(self, values):
        if self._sigma == 0:
            return values
        noise = self._rng.standard_normal((2, *values.shape), dtype=np.float32) * self._sigma
        return np.hypot(values + noise[0], noise[1])


def thermal_sigma(run, fine):
    """Give the standard deviation of the thermal noise: mean signal of the brain over tSNR."""
    effect = run.settings.bold.thermal
    if effect.strength == 0:
        return np.float32(0)
    coarse = fine[::FINER, ::FINER, ::FINER]
    bright = coarse[coarse > 0.4 * np.percentile(coarse, 98)]
    scale = effect.strength * run.subject.site_noise / effect.tsnr
    return np.float32(bright.mean() * scale)


class Magnetisation:
    r"""Longitudinal magnetisation of each voxel relative to the steady state.

    After a pulse of flip angle :math:`\alpha` the magnetisation M relaxes for the time since the
    last excitation, :math:`M' = 1 - (1 - M\cos\alpha)\,e^{-t / T_1}`. The first volumes are
    brighter; and tissue that the head's movement carries into a slice was last excited at
    another time, so that its brightness depends on where it came from [1]_.

    Parameters
    ----------
    run : RunPlan
        The run.

    References
    ----------
    .. [1] Friston, K. J., Williams, S., Howard, R., Frackowiak, R. S., & Turner, R. (1996).
       Movement-related effects in fMRI time-series. Magnetic Resonance in Medicine, 35(3),
       346-355. doi:10.1002/mrm.1910350312
    """

    def __init__(self, run):
        settings = run.settings
        self._run = run
        self._cosine = np.float32(np.cos(np.deg2rad(settings.bold.saturation.flip_angle)))
        t1 = relaxation(run.subject, settings).astype(np.float32)
        slices = run.timing.slice_times
        self._fade = np.exp(-settings.t_r / t1)
        self._from_below = np.exp(-_waits(settings.t_r, slices, 1) / t1)
        self._from_above = np.exp(-_waits(settings.t_r, slices, -1) / t1)
        self._steady = (1 - self._fade) / (1 - self._fade * self._cosine)
        first = settings.bold.saturation.strength * (1 - self._steady)
        self._ready = self._steady + first
        self._spin = settings.bold.spin_history.strength
        self._places = grid_places(settings.shape, settings.affine)
        self._to_slices = np.linalg.inv(settings.affine)[2]
        self._pose = None

    def next(self, times):
        """Give the factor of the signal of the next volume."""
        if self._pose is not None:
            after = self._ready * self._cosine
            fade = 1 - (1 - after) * self._fade
            shift = self._shift(times)
            if shift is not None:
                fade = self._mix(after, fade, shift)
            self._ready = fade
        self._pose = self._matrices(times)
        return self._ready / self._steady

    def _matrices(self, times):
        run = self._run
        return run.motion.matrices(times.mean(), run.settings.bold.motion.strength)

    def _shift(self, times):
        """Give by how many slices the tissue in each voxel rose since the last volume."""
        if self._spin == 0 or self._run.settings.bold.motion.strength == 0:
            return None
        step = self._matrices(times) @ np.linalg.inv(self._pose) - np.eye(4)
        rise = self._to_slices[:3] @ step[:3]
        return self._spin * (self._places @ rise[:3] + rise[3]).astype(np.float32)

    def _mix(self, after, same, shift):
        share = np.clip(np.abs(shift), 0, 1)
        below = 1 - (1 - np.roll(after, 1, axis=2)) * self._from_below
        above = 1 - (1 - np.roll(after, -1, axis=2)) * self._from_above
        return same + share * (np.where(shift > 0, below, above) - same)


def _waits(t_r, slices, step):
    """Give how long ago the neighbouring slice was excited when a slice is, in s."""
    waits = t_r + slices - np.roll(slices, step)
    return np.maximum(waits, 1e-3)


def mni_of_voxels(run):
    """Give where each voxel of the still head lies in MNI mm, of shape (*shape, 3)."""
    settings = run.settings
    places = apply_affine(settings.affine, np.stack(np.indices(settings.shape), axis=-1))
    return run.subject.placement.to_mni(places).astype(np.float32)
