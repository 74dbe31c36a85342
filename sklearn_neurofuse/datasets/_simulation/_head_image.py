"""The head as an image: band-limited by the scanner's k-space, on a finer grid, and moved."""

import numpy as np
from nibabel.affines import apply_affine
from scipy.fft import fftn, ifftn
from scipy.ndimage import map_coordinates, spline_filter

from sklearn_neurofuse.datasets._simulation._anatomy import (
    dropout_at,
    signal_at,
    t1_at,
    tissue_at,
)
from sklearn_neurofuse.datasets._simulation._sources import (
    ALPHA_REGION,
    AROUSAL_REGIONS,
    SOURCES,
)

# points of the finer grid for each voxel and axis
FINER = 3
# mean signal of grey matter in the units of the scanner
GREY_LEVEL = 2500.0
# widest spacing at which the tissues are looked up, in mm
_SPACING = 3.5
# power left at the edge of k-space, against ringing
_EDGE = 0.5
_FAINT = 0.02
_FAR = 3.2
# voxels around a region, so that it may move
_MARGIN = 3


def grid_places(shape, affine, factor=1):
    """Give the places in scanner mm of a grid `factor` times as fine, of shape (*shape, 3)."""
    index = np.stack(np.indices([size * factor for size in shape]), axis=-1) / factor
    return apply_affine(affine, index)


def band_limit(volume, shape, factor=FINER, edge=_EDGE):
    """Keep what the k-space of a coarse grid holds, and give it on a grid `factor` times as fine.

    Parameters
    ----------
    volume : ndarray of 3 axes
        On any grid over the same field of view.
    shape : tuple of 3 int
        Of the coarse grid.
    factor : int, default=3
        How much finer the result is.
    edge : float, default=0.5
        What is left at the edge of k-space: 1 keeps all.

    Returns
    -------
    ndarray of shape (factor * shape)
        Of type float32.
    """
    spectrum = fftn(np.asarray(volume, dtype=np.float32))
    target = tuple(size * factor for size in shape)
    for axis, (size, length) in enumerate(zip(shape, target, strict=True)):
        n_kept = min((size - 1) // 2, (volume.shape[axis] - 1) // 2)
        orders = np.arange(-n_kept, n_kept + 1)
        window = edge ** ((2 * orders / size) ** 2)
        stretched = [1] * 3
        stretched[axis] = len(orders)
        kept = np.take(spectrum, orders % volume.shape[axis], axis=axis)
        kept *= window.reshape(stretched).astype(np.float32)
        wider = list(kept.shape)
        wider[axis] = length
        spectrum = np.zeros(wider, dtype=np.complex64)
        place = [slice(None)] * 3
        place[axis] = orders % length
        spectrum[tuple(place)] = kept
    scale = np.float32(np.prod(target) / volume.size)
    return np.ascontiguousarray(ifftn(spectrum).real) * scale


def still_head(subject, settings):
    """Give the signal of a person's head on the finer grid, ndarray of shape (3 * shape)."""
    voxels = np.linalg.norm(settings.affine[:3, :3], axis=0)
    factors = np.maximum(np.ceil(voxels / _SPACING), 2).astype(int)
    shape = tuple(np.array(settings.shape) * factors)
    scale = np.eye(4)
    scale[:3, :3] = np.diag(1.0 / factors)
    places = grid_places(shape, settings.affine @ scale).astype(np.float32)
    signal = signal_at(subject.placement.to_mni(places), settings.bold.dropout.strength)
    return GREY_LEVEL * subject.site_gain * np.clip(band_limit(signal, settings.shape), 0, None)


def base_factor(subject, settings):
    """Give the factor of a real image: the gain of the site and what dropout leaves."""
    places = grid_places(settings.shape, settings.affine)
    left = dropout_at(subject.placement.to_mni(places), settings.bold.dropout.strength)
    return np.float32(subject.site_gain) * left


REGIONS = (*(source.name for source in SOURCES), "alpha", "arousal")


class BrainPlaces:
    """Places of a grid as the brain knows them.

    Parameters
    ----------
    subject : Subject
        Whose brain.
    settings : Settings
        With the affine of the volumes.
    places : ndarray of shape (..., 3)
        Scanner mm.
    """

    def __init__(self, subject, settings, places):
        self._subject = subject
        # regions narrower than a voxel are widened
        self._voxel = 0.4 * float(np.linalg.norm(settings.affine[:3, :3], axis=0).mean())
        self._mni = subject.placement.to_mni(places)
        self._grey = 0.4 + 0.6 * np.clip(tissue_at(self._mni, ("grey",))["grey"], 0, 1)

    def region(self, name):
        """Give the map of one region: % of the signal, or a peak of one for alpha and arousal."""
        if name == "alpha":
            return -self._grey * self._blob(*ALPHA_REGION)
        if name == "arousal":
            return self._grey * np.minimum(sum(self._blob(*r) for r in AROUSAL_REGIONS), 1.0)
        number = REGIONS.index(name)
        source, subject = SOURCES[number], self._subject
        size = source.percent * subject.gains[number, 1]
        return size * self._grey * self._blob(subject.source_places()[number], source.radius)

    def _blob(self, centre, radius):
        width = np.hypot(radius, self._voxel)
        distance = ((self._mni - np.asarray(centre, dtype=float)) ** 2).sum(axis=-1) / width**2
        return np.where(distance < _FAR**2, np.exp(-0.5 * distance), 0.0).astype(np.float32)


class MovingImage:
    """A part of an image on the finer grid, sampled wherever the head has moved.

    Parameters
    ----------
    fine : ndarray of 3 axes
        Values on the finer grid.
    corner : ndarray of int of shape (3,), default=(0, 0, 0)
        Voxel of the scanner at which it starts.
    whole : bool, default=True
        Whether it is the whole field of view, beyond which the image repeats itself.
    factor : int, default=3
        How much finer the grid is.

    Notes
    -----
    The image has nothing beyond a third of the finer grid's k-space, where a cubic spline on it
    is all but exact.
    """

    def __init__(self, fine, corner=(0, 0, 0), whole=True, factor=FINER):
        self._mode = "grid-wrap" if whole else "nearest"
        self._spline = spline_filter(fine, order=3, mode=self._mode, output=np.float32)
        self._corner, self._factor = np.array(corner), factor

    def at(self, index):
        """Give values at places in voxels of the scanner, of shape (3, n_places)."""
        place = (index - self._corner[:, None]) * self._factor
        return map_coordinates(
            self._spline, place, order=3, mode=self._mode, prefilter=False, output=np.float32
        )


def moving_region(name, fine, voxels, subject, settings):
    """Give the product of a region's map with the head's signal, around some voxels."""
    corner = np.maximum(voxels.min(axis=0) - _MARGIN, 0)
    end = np.minimum(voxels.max(axis=0) + _MARGIN + 1, np.array(settings.shape))
    affine = settings.affine.copy()
    affine[:3, 3] = apply_affine(affine, corner)
    places = grid_places(tuple(end - corner), affine, FINER)
    box = tuple(slice(a * FINER, b * FINER) for a, b in zip(corner, end, strict=True))
    values = BrainPlaces(subject, settings, places).region(name) * fine[box]
    return MovingImage(values, corner, whole=False)


def relaxation(subject, settings):
    """Give T1 in s at each voxel of the still head."""
    return t1_at(subject.placement.to_mni(grid_places(settings.shape, settings.affine)))


def head_voxels(fine, factor=FINER):
    """Find the voxels that have a signal, or a neighbour with one."""
    coarse = fine[::factor, ::factor, ::factor]
    bright = coarse > _FAINT * coarse.max()
    grown = bright.copy()
    for axis in range(3):
        for shift in (-2, -1, 1, 2):
            grown |= np.roll(bright, shift, axis)
    return grown
