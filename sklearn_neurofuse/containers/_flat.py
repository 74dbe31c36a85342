"""Modalities side by side in one matrix."""

from math import prod

import numpy as np


def flatten(blocks, shape, dtype, copy):
    """Put arrays side by side, each raveled in C order.

    Parameters
    ----------
    blocks : list of Block
        The modalities.
    shape : tuple of int
        Shape of the matrix.
    dtype : dtype
        Type of the matrix.
    copy : bool or None
        As in :func:`numpy.array`: None copies only where it is needed.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        The flat matrix.

    Raises
    ------
    ValueError
        If a copy is needed and not allowed.
    """
    if len(blocks) == 1 and not copy and blocks[0].dtype == dtype:
        return np.asarray(blocks[0].data).reshape(shape)
    if copy is False:
        raise ValueError(
            "Multimodal: several modalities side by side need a copy, and so does another type"
        )
    flat = np.empty(shape, dtype=dtype)
    stop = 0
    for block in blocks:
        start, stop = stop, stop + prod(block.sample_shape)
        # a view: columns are filled where they stand, whatever the order of the data's axes
        block.write(flat[:, start:stop].reshape(len(block), *block.sample_shape))
    return flat


def float_type(dtype):
    """Give the floating type that numbers of some type have in the flat matrix.

    Parameters
    ----------
    dtype : dtype
        Type of a modality.

    Returns
    -------
    dtype
        The type itself where it is floating, else float64.
    """
    return dtype if np.issubdtype(dtype, np.floating) else np.dtype(np.float64)
