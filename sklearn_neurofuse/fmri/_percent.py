"""Percent signal change."""

import numpy as np

from sklearn_neurofuse.fmri._output import brain_level

_BRAIN_FRACTION = 0.25
_CHUNK_VOXELS = 1 << 16


def percent_scale(rows, n_dummy):
    """Give the factor from units of the scanner to percent of the mean, for each voxel.

    Parameters
    ----------
    rows : ndarray of shape (n_voxels, n_volumes)
        The series.
    n_dummy : int
        Volumes at the start that do not count.

    Returns
    -------
    ndarray of shape (n_voxels,)
        100 over the mean, or over a quarter of the 98th percentile of means where that is more.

    Raises
    ------
    ValueError
        If the series have no positive mean.
    """
    mean = mean_over_time(rows, n_dummy)
    brain_level(mean)
    return 100.0 / np.maximum(mean, _BRAIN_FRACTION * np.percentile(mean, 98))


def mean_over_time(rows, n_dummy):
    """Give the mean of each voxel over volumes that are in steady state.

    Parameters
    ----------
    rows : ndarray of shape (n_voxels, n_volumes)
        The series.
    n_dummy : int
        Volumes at the start that do not count.

    Returns
    -------
    ndarray of float64 of shape (n_voxels,)
        Zero where it is not finite.
    """
    mean = rows[:, n_dummy:].mean(axis=1, dtype=np.float64)
    return np.nan_to_num(mean, copy=False, posinf=0.0, neginf=0.0)
