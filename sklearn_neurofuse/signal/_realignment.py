"""Rigid realignment of the volumes of a series: rough, then fine."""

from dataclasses import dataclass

import numpy as np
from joblib import delayed

from sklearn_neurofuse.signal._nuisances import Nuisances, nuisances_of
from sklearn_neurofuse.signal._resampling import (
    as_matrix,
    in_threads,
    resample,
    take_volume,
    to_voxel_maps,
)
from sklearn_neurofuse.signal._rigid import align, along_axes, displacement, prepare_reference

# standard deviation in voxels by which both sides are smoothed: less, and noise draws volumes to
# where its interpolation averages most; more, and detail is lost
_SMOOTHING = 0.65
# standard deviations in mm at which volumes are first aligned, from rough to fine
_ROUGH, _ROUGHEST = 6.0, 16.0
_N_POINTS, _N_ROUGH_POINTS = 30_000, 5000
# for what is only a start of the second time
_N_FIRST_POINTS = 12_000
_TOL, _ROUGH_TOL = 2e-3, 0.02
# nodes for each voxel along an axis: between two of a large voxel, curvature passes for shading,
# by which the head is put .02 mm too far
_FINER, _FINEST, _LARGE_MM = 2, 3, 2.5
# volumes that make the mean: more take time and hardly lower its noise
_N_MEAN = 16


@dataclass(frozen=True, eq=False)
class Target:
    """What volumes are aligned to, from fine to rough.

    Attributes
    ----------
    matrices : tuple of 3 lists of 3 ndarray
        From a volume to its smoothed copy, from that to a rough one, and to the roughest.
    levels : tuple of 3 Reference
        The target after each of these.
    nuisances : Nuisances
        What volumes differ in from the target beside their place.
    """

    matrices: tuple
    levels: tuple
    nuisances: Nuisances


def realign(series, affine, target=None, usable=None, n_jobs=None, nuisances=None):
    """Estimate the rigid movement of each volume.

    Without a target, volumes are aligned to the most typical one, then all to the mean of some
    that fit well.

    Parameters
    ----------
    series : ndarray of shape (x, y, z, n_volumes)
        Finite values, at least four voxels along each axis.
    affine : ndarray of shape (4, 4)
        Voxels to mm.
    target : ndarray of shape (x, y, z), default=None
        What to align to; None makes it.
    usable : sequence of int, default=None
        Volumes that may make the target; None means all.
    n_jobs : int, default=None
        Threads.
    nuisances : Nuisances, default=None
        What volumes differ in beside their place; None is shading.

    Returns
    -------
    movements : ndarray of shape (n_volumes, 4, 4)
        Each takes a point in mm of a volume to where it lies in the target.
    mismatch : ndarray of shape (n_volumes,)
        How much each volume differs from the target after alignment; 0 is not at all.
    target : ndarray of shape (x, y, z)
        What was aligned to.
    """
    if target is not None:
        goal = prepare(target, affine, nuisances=nuisances)
        jobs = [delayed(_from_afar)(series, k, goal, _TOL) for k in range(series.shape[3])]
        return *_unzip(in_threads(jobs, n_jobs)), target
    usable = np.arange(series.shape[3]) if usable is None else np.asarray(usable)
    typical = take_volume(series, _most_typical(series, affine, usable))
    goal = prepare(typical, affine, _N_FIRST_POINTS, finer=_FINER)
    jobs = [delayed(_from_afar)(series, k, goal, _ROUGH_TOL) for k in range(series.shape[3])]
    movements, mismatch = _unzip(in_threads(jobs, n_jobs))
    mean = _mean(series, affine, movements, _best(movements, mismatch, usable), n_jobs)
    goal = prepare(mean, affine, nuisances=nuisances)
    jobs = [delayed(_from_near)(series, k, goal, each) for k, each in enumerate(movements)]
    return *_unzip(in_threads(jobs, n_jobs)), mean


def prepare(target, affine, n_points=_N_POINTS, *, finer=None, nuisances=None):
    """Make what volumes are aligned to, fine and rough.

    Parameters
    ----------
    target : ndarray of shape (x, y, z)
        A volume.
    affine : ndarray of shape (4, 4)
        Voxels to mm.
    n_points : int, default=30_000
        As of `prepare_reference`, for the finest.
    finer : int, default=None
        As of `prepare_reference`, for the finest; None is three where voxels are large, else two.
    nuisances : Nuisances, default=None
        What volumes differ in beside their place; None is shading.

    Returns
    -------
    Target
        For `align_from_afar` and `align_from_near`.
    """
    nuisances = nuisances_of(target.shape) if nuisances is None else nuisances
    if finer is None:
        is_large = np.linalg.norm(affine[:3, :3], axis=0).max() > _LARGE_MM
        finer = _FINEST if is_large else _FINER
    matrices, levels = [_smoothing(target.shape)], []
    nuisances = nuisances.smoothed(matrices[0])
    for width, n_used in (
        (_ROUGH, n_points),
        (_ROUGHEST, _N_ROUGH_POINTS),
        (None, _N_ROUGH_POINTS),
    ):
        target = along_axes(target, matrices[-1])
        levels.append(prepare_reference(target, affine, n_used, finer))
        finer = _FINER
        if width is not None:
            thinning, affine = _thinning(target.shape, affine, width)
            matrices.append(thinning)
    return Target(tuple(matrices), tuple(levels), nuisances)


def align_from_afar(target, volume, tol=_TOL):
    """Align a volume that may have moved by centimetres.

    Parameters
    ----------
    target : Target
        What to align to.
    volume : ndarray of shape (x, y, z)
        On the same grid.
    tol : float, default=2e-3
        As of `align`.

    Returns
    -------
    movement : ndarray of shape (4, 4)
        As of `align`.
    mismatch : float
        As of `align`.
    """
    copies = []
    for matrices in target.matrices:
        volume = along_axes(volume, matrices)
        copies.append(volume)
    movement = None
    for reference, copy in zip(target.levels[:0:-1], copies[:0:-1], strict=True):
        movement, _ = align(reference, copy, movement, tol=_ROUGH_TOL)
    # for a mere start, they are not worth their time
    nuisances = target.nuisances if tol <= _TOL else None
    return align(target.levels[0], copies[0], movement, tol=tol, nuisances=nuisances)


def align_from_near(target, volume, start):
    """Align a volume whose movement is roughly known.

    Parameters
    ----------
    target : Target
        What to align to.
    volume : ndarray of shape (x, y, z)
        On the same grid.
    start : ndarray of shape (4, 4)
        The movement, known to a fraction of a voxel.

    Returns
    -------
    movement : ndarray of shape (4, 4)
        As of `align`.
    mismatch : float
        As of `align`.
    """
    smooth = along_axes(volume, target.matrices[0])
    return align(target.levels[0], smooth, start, tol=_TOL, nuisances=target.nuisances)


def _smoothing(shape):
    matrices = []
    for length in shape:
        distance = np.subtract.outer(np.arange(length), np.arange(length))
        matrices.append(_averages(distance / _SMOOTHING))
    return matrices


def _averages(distance):
    weights = np.exp(-0.5 * distance**2)
    return as_matrix(weights / weights.sum(axis=1, keepdims=True))


def _thinning(shape, affine, width):
    """Give the matrix along each axis that smooths and keeps every few samples."""
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    matrices, step = [], np.eye(4)
    for axis, (length, size) in enumerate(zip(shape, sizes, strict=True)):
        # four samples are the least that are aligned
        n_kept = min(length, max(4, round(length * size / width)))
        kept = np.linspace(0, length - 1, n_kept)
        matrices.append(_averages((np.arange(length) - kept[:, None]) * size / width))
        step[axis, axis] = kept[1]
    return matrices, affine @ step


def _most_typical(series, affine, usable):
    """Find the volume nearest to the median of all, looked at roughly."""
    matrices, _ = _thinning(series.shape[:3], affine, _ROUGHEST)
    rough = np.array([along_axes(take_volume(series, k), matrices).ravel() for k in usable])
    return usable[np.abs(rough - np.median(rough, axis=0)).sum(axis=1).argmin()]


def _best(movements, mismatch, usable):
    """Choose a few volumes that hardly moved and fit well, spread over the series."""
    # the farther a volume moved, the more of it lies beyond the border
    moved = displacement(movements[usable])
    near = usable[moved <= np.median(moved)]
    well = near[mismatch[near] <= np.median(mismatch[near])]
    return well[np.unique(np.linspace(0, len(well) - 1, _N_MEAN).astype(int))]


def _mean(series, affine, movements, chosen, n_jobs):
    maps = to_voxel_maps(movements[chosen], affine)
    jobs = [delayed(_moved)(series, k, each) for k, each in zip(chosen, maps, strict=True)]
    return np.mean(in_threads(jobs, n_jobs), axis=0)


def _moved(series, k, voxel_map):
    return resample(take_volume(series, k), voxel_map)


def _from_afar(series, k, target, tol):
    return align_from_afar(target, take_volume(series, k), tol)


def _from_near(series, k, target, start):
    return align_from_near(target, take_volume(series, k), start)


def _unzip(found):
    movements, mismatch = zip(*found, strict=True)
    return np.array(movements), np.array(mismatch)
