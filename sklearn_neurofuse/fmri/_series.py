"""What a series has to be like to be corrected for time and motion."""

import numpy as np


def check_shape(shape, smallest=1):
    """Raise ValueError unless a series has volumes enough, of voxels enough.

    Parameters
    ----------
    shape : tuple of int
        Shape of the series.
    smallest : int, default=1
        Voxels needed along each axis.
    """
    if shape[3] < 2:
        raise ValueError(f"at least 2 volumes are needed, got {shape[3]}")
    if min(shape[:3]) < smallest:
        raise ValueError(
            f"at least {smallest} voxels along each axis are needed, got shape {tuple(shape)}"
        )


def check_values(series, owner=""):
    """Raise ValueError unless every volume of a series shows something.

    Parameters
    ----------
    series : ndarray of shape (x, y, z, n_volumes)
        Values.
    owner : str, default=""
        How the message begins.
    """
    for k in range(series.shape[3]):
        low, high = series[..., k].min(), series[..., k].max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(f"{owner}volume {k} holds values that are not finite")
        if low == high:
            raise ValueError(f"{owner}volume {k} is constant")
