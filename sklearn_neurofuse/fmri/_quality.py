"""Figures of quality of series, and what is looked at to judge them."""

import nibabel as nib
import numpy as np
from scipy import ndimage

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.recordings import BoldRun

_BRAIN_FRACTION = 0.25
_CHUNK_VOXELS = 1 << 16


def tsnr(run):
    r"""Give the temporal signal-to-noise ratio of each voxel [1]_.

    The mean over time, divided by the standard deviation over time about a straight line.

    Parameters
    ----------
    run : BoldRun
        The run; its dummy volumes are left out.

    Returns
    -------
    nibabel.Nifti1Image
        Of shape (x, y, z); zero where nothing changes.

    Raises
    ------
    TypeError
        If it is no run.
    ValueError
        If it has fewer than three volumes without dummies.

    References
    ----------
    .. [1] Murphy K, Bodurka J, Bandettini PA, How long to scan? NeuroImage 34 (2007) 565-574.
       doi:10.1016/j.neuroimage.2006.09.032

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from sklearn_neurofuse import BoldRun
    >>> from sklearn_neurofuse.fmri import tsnr
    >>> series = np.random.default_rng(0).normal(100.0, 2.0, size=(4, 4, 4, 200))
    >>> run = BoldRun(nib.Nifti1Image(series, np.eye(4)), t_r=2.0)
    >>> bool(abs(np.median(tsnr(run).dataobj) - 50.0) < 2.0)
    True
    """
    series = _steady("tsnr", run)
    result = np.empty(series.shape[:3], dtype=np.float32)
    # slabs, so that little more than the series is in memory
    step = max(1, _CHUNK_VOXELS * series.shape[2] // series[..., 0].size)
    for start in range(0, series.shape[2], step):
        slab = series[:, :, start : start + step]
        values = voxel_tsnr(slab.reshape(-1, slab.shape[3]))
        result[:, :, start : start + step] = values.reshape(slab.shape[:3])
    return nib.Nifti1Image(result, run.img.affine)


def carpet(run, n_voxels=2000):
    """Give the change of voxels over time, those of one depth next to each other [1]_.

    Parameters
    ----------
    run : BoldRun
        The run; its dummy volumes are left out.
    n_voxels : int, default=2000
        How many voxels are taken at most, evenly out of the head.

    Returns
    -------
    ndarray of float32 of shape (n_voxels, n_volumes)
        Percent of the voxel's mean, a straight line taken off. From the surface of the head, where
        motion shows first, to its middle.

    Raises
    ------
    TypeError
        If it is no run.
    ValueError
        If it has fewer than three volumes without dummies, or `n_voxels` is not positive.

    References
    ----------
    .. [1] Power JD, A simple but useful way to assess fMRI scan qualities. NeuroImage 154 (2017)
       150-158. doi:10.1016/j.neuroimage.2016.08.009

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from sklearn_neurofuse import BoldRun
    >>> from sklearn_neurofuse.fmri import carpet
    >>> series = np.random.default_rng(0).normal(100.0, 2.0, size=(6, 6, 6, 50))
    >>> carpet(BoldRun(nib.Nifti1Image(series, np.eye(4)), t_r=2.0), n_voxels=100).shape
    (100, 50)
    """
    check_number("carpet", "n_voxels", n_voxels, low=1, integer=True)
    series = _steady("carpet", run)
    mean = series.mean(axis=3)
    depth = ndimage.distance_transform_edt(np.pad(brain_mask(mean), 1))[1:-1, 1:-1, 1:-1]
    places = brain_voxels(mean, n_voxels)
    places = places[np.argsort(depth[tuple(places.T)], kind="stable")]
    mean, residual = _without_line(series[tuple(places.T)])
    return (100.0 * residual / np.where(mean == 0, np.inf, mean)[:, None]).astype(np.float32)


def _steady(owner, run):
    if not isinstance(run, BoldRun):
        raise TypeError(f"{owner}: run must be a BoldRun, got {type(run).__name__}")
    series = run.get_data()[..., run.n_dummy :]
    if series.shape[3] < 3:
        raise ValueError(
            f"{owner}: run must have at least 3 volumes without dummies, got {series.shape[3]}"
        )
    return series


def brain_mask(volume):
    """Tell the head from what is around it: above a quarter of the 98th percentile.

    Parameters
    ----------
    volume : ndarray of shape (x, y, z)
        A mean volume.

    Returns
    -------
    ndarray of bool of shape (x, y, z)
        The mask.
    """
    return volume >= _BRAIN_FRACTION * np.percentile(volume, 98)


def brain_voxels(volume, n_voxels):
    """Choose voxels evenly out of the head.

    Parameters
    ----------
    volume : ndarray of shape (x, y, z)
        A mean volume.
    n_voxels : int
        How many at most.

    Returns
    -------
    ndarray of int of shape (n, 3)
        Their indices.
    """
    found = np.argwhere(brain_mask(volume))
    if len(found) <= n_voxels:
        return found
    return found[np.linspace(0, len(found) - 1, n_voxels).astype(int)]


def voxel_tsnr(samples):
    """Give the ratio of mean to standard deviation about a straight line.

    Parameters
    ----------
    samples : ndarray of shape (n_voxels, n_volumes)
        Values of voxels.

    Returns
    -------
    ndarray of shape (n_voxels,)
        Zero where nothing changes.
    """
    mean, residual = _without_line(samples)
    spread = residual.std(axis=1)
    return mean / np.where(spread > 1e-6 * np.abs(mean), spread, np.inf)


def _without_line(samples):
    samples = np.asarray(samples, dtype=np.float64)
    mean = samples.mean(axis=1)
    time = np.linspace(-1.0, 1.0, samples.shape[1])
    slope = samples @ time / (time @ time)
    return mean, samples - mean[:, None] - slope[:, None] * time
