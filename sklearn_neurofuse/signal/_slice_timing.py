r"""Interpolation of slices in time, and the order in which scanners acquire them.

A slice :math:`x` wanted :math:`\delta` volumes after it was acquired is a windowed sinc of its
neighbours in time [1]_,

.. math:: y_k = \sum_{|j| \le 12} h_j\, x_{k+j}, \qquad
    h_j \approx \operatorname{sinc}(\delta - j)\, w(\delta - j),

with Kaiser's window :math:`w`, and :math:`h` the nearest that keeps straight lines as they are.
Before its first volume and after its last the series goes on as its reflection in that point.

References
----------
.. [1] Sladky R et al., Slice-timing effects and their correction in functional MRI. NeuroImage 58
   (2011) 588-594. doi:10.1016/j.neuroimage.2011.06.078
"""

import numpy as np

# with these the error is 1e-4 up to 0.4 cycles a volume
_HALF_WIDTH = 12
_KAISER_BETA = 8.0
# volumes computed at a time; larger blocks multiply more zeros
_BLOCK = 48

# which slice is acquired first, second, ...
ORDERS = {
    "ascending": lambda n: np.arange(n),
    "descending": lambda n: n - 1 - np.arange(n),
    "interleaved": lambda n: np.r_[0:n:2, 1:n:2],
    "interleaved_second_first": lambda n: np.r_[1:n:2, 0:n:2],
    "interleaved_descending": lambda n: n - 1 - np.r_[0:n:2, 1:n:2],
}


def order_to_times(order, n_slices, t_r, multiband=1):
    """Give the times at which slices are acquired in an order, evenly over the repetition time.

    Parameters
    ----------
    order : str
        A key of `ORDERS`.
    n_slices : int
        Number of slices, a multiple of `multiband`.
    t_r : float
        Repetition time in s.
    multiband : int, default=1
        Slices acquired at once, equally far from each other.

    Returns
    -------
    ndarray of shape (n_slices,)
        In s, the first is 0.
    """
    n_shots = n_slices // multiband
    times = np.empty(n_shots)
    times[ORDERS[order](n_shots)] = np.arange(n_shots) * (t_r / n_shots)
    return np.tile(times, multiband)


def shift_slices(series, delays, axis=2):
    """Interpolate each slice of a series at a later time, in place.

    Parameters
    ----------
    series : ndarray of float32 of shape (x, y, z, n_volumes)
        Written to.
    delays : ndarray of shape (n_slices,)
        By how many volumes each slice is wanted after it was acquired; negative for before.
    axis : int, default=2
        Axis of the slices.
    """
    n_volumes = series.shape[3]
    slices = np.moveaxis(series, axis, 0)
    matrices = {delay: delay_matrix(n_volumes, delay) for delay in np.unique(delays[delays != 0])}
    for one, delay in zip(slices, delays, strict=True):
        if delay:
            one.T[...] = _multiply(matrices[delay], one.T)


def _multiply(matrix, one):
    """Multiply by a matrix that is zero far from its diagonal."""
    flat = np.ascontiguousarray(one).reshape(len(one), -1)
    result = np.empty_like(flat)
    # what is reflected at an end reaches as far as the width
    reach = _HALF_WIDTH
    for start in range(0, len(flat), _BLOCK):
        rows = slice(start, min(start + _BLOCK, len(flat)))
        columns = slice(max(0, rows.start - reach), min(len(flat), rows.stop + reach))
        np.matmul(matrix[rows, columns], flat[columns], out=result[rows])
    return result.reshape(one.shape)


def delay_matrix(n_volumes, delay):
    """Give the matrix that interpolates a series at a later time.

    Parameters
    ----------
    n_volumes : int
        Length of the series, at least 2.
    delay : float
        In volumes, in [-1, 1].

    Returns
    -------
    ndarray of float32 of shape (n_volumes, n_volumes)
        Rows give what is wanted.
    """
    reach = min(_HALF_WIDTH, n_volumes - 1)
    weights = _windowed_sinc(delay, reach)
    extended = np.zeros((n_volumes, n_volumes + 2 * reach))
    for row in range(n_volumes):
        extended[row, row : row + 2 * reach + 1] = weights
    matrix = extended[:, reach : reach + n_volumes].copy()
    before, after = extended[:, :reach][:, ::-1], extended[:, reach + n_volumes :]
    # a point reflected in an end is twice the end less the point
    matrix[:, 1 : reach + 1] -= before
    matrix[:, 0] += 2 * before.sum(axis=1)
    matrix[:, -reach - 1 : -1] -= after[:, ::-1]
    matrix[:, -1] += 2 * after.sum(axis=1)
    return matrix.astype(np.float32)


def _windowed_sinc(delay, reach):
    offsets = np.arange(-reach, reach + 1)
    distance = delay - offsets
    # outside the window where the delay is a whole volume
    inside = np.clip(1 - (distance / (reach + 0.5)) ** 2, 0, None)
    weights = np.sinc(distance) * np.i0(_KAISER_BETA * np.sqrt(inside)) / np.i0(_KAISER_BETA)
    lines = np.stack([np.ones(len(offsets)), -distance])
    missing = np.array([1.0, 0.0]) - lines @ weights
    return weights + lines.T @ np.linalg.solve(lines @ lines.T, missing)
