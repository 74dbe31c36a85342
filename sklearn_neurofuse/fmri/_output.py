"""From the voxels of a run to volumes on a common grid."""

import numpy as np
from nibabel.affines import voxel_sizes
from nilearn.image import resample_img, resample_to_img, smooth_img

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import VolumeSpace
from sklearn_neurofuse.fmri._quality import brain_mask
from sklearn_neurofuse.fmri._template import fixed_mask, run_space

# no image of magnitudes has a negative mean in more voxels than this
_NEGATIVE = 0.2


def check_output(step):
    """Raise TypeError or ValueError for a bad `resolution` or `standardize`.

    Parameters
    ----------
    step : SampleExtractor
        With some of these parameters.
    """
    resolution, scope = (getattr(step, name, None) for name in ("resolution", "standardize"))
    if resolution is not None:
        check_number(step, "resolution", resolution, low=0, closed="neither", unit="mm")
    if scope is not None:
        check_choice(step, "standardize", scope, ("recording", "subject"))


def as_rows(series):
    """View a series as one row for each voxel, in the order in which it lies in memory.

    Parameters
    ----------
    series : ndarray of shape (x, y, z, n_volumes)
        Values; those in C or Fortran order are not copied.

    Returns
    -------
    ndarray of shape (n_voxels, n_volumes)
        A view.
    """
    return series.reshape(-1, series.shape[3], order=_order(series))


def as_volumes(rows, series):
    """Put values of voxels back into volumes.

    Parameters
    ----------
    rows : ndarray of shape (n, n_voxels)
        In the order of `as_rows`.
    series : ndarray of shape (x, y, z, n_volumes)
        The series that was taken apart.

    Returns
    -------
    ndarray of shape (n, x, y, z)
        A view.
    """
    if _order(series) == "C":
        return rows.reshape(len(rows), *series.shape[:3])
    return rows.reshape(len(rows), *series.shape[2::-1]).transpose(0, 3, 2, 1)


def _order(series):
    return "F" if series.flags.f_contiguous else "C"


def brain_level(mean):
    """Give the mean over the brain of a mean volume.

    Parameters
    ----------
    mean : ndarray
        Mean of each voxel over time.

    Returns
    -------
    float
        Over voxels above a quarter of the 98th percentile.

    Raises
    ------
    ValueError
        If it is not positive, or too many voxels are negative.
    """
    brain = brain_mask(mean)
    level = mean[brain].mean() if brain.any() else 0.0
    if not level > 0 or (mean < 0).mean() > _NEGATIVE:
        raise ValueError(
            "the mean of the run must be positive to be scaled to 100; series without their mean "
            "have no percent: use scale=False or effect='t'"
        )
    return float(level)


def on_grid(volumes, run, mask_img=None, resolution=None):
    """Resample, mask and crop volumes: the same grid for every run of the same space.

    Parameters
    ----------
    volumes : ndarray of shape (n, x, y, z)
        Finite values on the grid of the run.
    run : BoldRun
        The run.
    mask_img : nibabel image or path-like, default=None
        A fixed mask; None is that of the run's template where it is known, else no mask.
    resolution : float, default=None
        Edge of a voxel in mm; None keeps the grid. Before it gets coarser, volumes are smoothed
        just as much as keeps every voxel in.

    Returns
    -------
    data : ndarray of float32 of shape (n, x, y, z)
        Zero outside the mask.
    space : VolumeSpace
        With the mask, where there is one.
    """
    name = run_space(run)
    mask_img = fixed_mask(name) if mask_img is None else mask_img
    if resolution is None and mask_img is None:
        return volumes, VolumeSpace(run.img.affine, space=name)
    img = VolumeSpace(run.img.affine, space=name).to_nifti(volumes)
    if resolution is not None:
        img = _resampled(img, resolution)
    data = np.moveaxis(np.asanyarray(img.dataobj, dtype=np.float32), -1, 0)
    if mask_img is None:
        return np.ascontiguousarray(data), VolumeSpace(img.affine, space=name)
    return _masked(data, img, mask_img, name)


def _resampled(img, resolution):
    sizes = voxel_sizes(img.affine)
    width = np.sqrt(np.maximum(resolution**2 - sizes**2, 0.0))
    if width.any():
        img = smooth_img(img, width)
    affine = img.affine.copy()
    affine[:3, :3] *= resolution / sizes
    return resample_img(img, target_affine=affine[:3, :3])


def _masked(data, img, mask_img, name):
    mask = resample_to_img(mask_img, img.slicer[..., 0], interpolation="nearest")
    mask = np.asanyarray(mask.dataobj) > 0
    if not mask.any():
        raise ValueError("the mask does not overlap the volumes")
    corners = np.argwhere(mask)
    start, stop = corners.min(axis=0), corners.max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    affine = img.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ start
    kept = np.where(mask[box], data[(slice(None), *box)], np.float32(0))
    return kept, VolumeSpace(affine, mask[box], space=name)
