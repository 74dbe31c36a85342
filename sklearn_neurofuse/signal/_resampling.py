r"""Interpolation of the volumes of a series by B-splines.

A rigid movement is done one axis after the other, since a map :math:`x \mapsto Ax + t` with
:math:`A` near to one is three maps in turn that each change one coordinate [1]_: interpolating
takes a few values along each of three axes instead of a few cubed, and splines are fitted by a
product with a matrix. A movement too large for that is interpolated in three dimensions at once.

References
----------
.. [1] Catmull E, Smith AR, 3-D transformations of images in scanline order. SIGGRAPH Comput Graph
   14 (1980) 279-285. doi:10.1145/965105.807505
"""

from functools import lru_cache

import numpy as np
from joblib import Parallel, delayed
from scipy import ndimage
from scipy.interpolate import BSpline

# voxels by which an axis may shift; beyond, three dimensions at once are faster
_FARTHEST = 12
# steps of the table of a spline for each voxel
_STEPS = 1 << 14
_TINY = 1e-9


def to_voxel_maps(movements, affine):
    """Turn movements into maps between voxels, for `resample`.

    Parameters
    ----------
    movements : ndarray of shape (..., 4, 4)
        Volume to target, in mm.
    affine : ndarray of shape (4, 4)
        Voxels to mm.

    Returns
    -------
    ndarray of shape (..., 4, 4)
        Voxels of the target to voxels of the volume.
    """
    return np.linalg.inv(affine) @ np.linalg.inv(movements) @ affine


def as_matrix(weights):
    """Drop weights that count for nothing: products with tiny numbers are slow.

    Parameters
    ----------
    weights : ndarray
        Of the order of one.

    Returns
    -------
    ndarray of float32
        Zero where they were below a billionth.
    """
    return np.where(np.abs(weights) < _TINY, 0.0, weights).astype(np.float32)


def take_volume(series, k):
    """Copy one volume into one piece; those of a series in C order are scattered over memory.

    Parameters
    ----------
    series : ndarray of shape (x, y, z, n_volumes)
        Values.
    k : int
        Which.

    Returns
    -------
    ndarray of float32 of shape (x, y, z)
        In Fortran order, as images come.
    """
    return np.array(series[..., k], dtype=np.float32, order="F")


def resample(volume, voxel_map, order=3):
    """Interpolate a volume at mapped voxels.

    Parameters
    ----------
    volume : ndarray of float32 of shape (x, y, z)
        Values; fastest in Fortran order.
    voxel_map : ndarray of shape (4, 4)
        Voxels of the result to voxels of `volume`, near to a rotation.
    order : int, default=3
        Of the splines, in [1, 5].

    Returns
    -------
    ndarray of float32 of shape (x, y, z)
        In Fortran order. Beyond the border, its values go on.
    """
    shifts = [_shift(step, axis, volume.shape) for axis, step in enumerate(_steps(voxel_map))]
    if any(np.abs(shift).max() > _FARTHEST for shift in shifts):
        return _resample_at_once(volume, voxel_map, order)
    # from here on the last axis is the first one of the image, which runs fastest
    moved = volume.T
    for axis, shift in enumerate(shifts):
        moved = _move_along(moved, 2 - axis, shift, order)
    return moved.T


def _resample_at_once(volume, voxel_map, order):
    places = np.indices(volume.shape, dtype=np.float32).reshape(3, -1)
    values = _sample(volume, _apply(voxel_map, places), order)
    return np.asfortranarray(values.reshape(volume.shape))


def _apply(affine, places):
    return affine[:3, :3] @ places + affine[:3, 3:]


def _sample(volume, places, order):
    """Interpolate at places; from beyond the border they are moved to it."""
    last = np.array(volume.shape)[:, None] - 1
    nodes = volume.T
    for axis, length in enumerate(nodes.shape):
        nodes = _multiply(_spline_matrix(length, order, 0, 0), nodes, axis)
    return ndimage.map_coordinates(
        nodes.T,
        np.clip(places, 0, last, out=places),
        output=np.float32,
        order=order,
        mode="mirror",
        prefilter=False,
    )


def _steps(voxel_map):
    """Take a map apart into three that change one coordinate each, the first axis first.

    Each is given as three weights of coordinates and a constant. When an axis is done, the axes
    after it have the coordinates of the volume, and those before it the ones of the result.
    """
    linear, shift = voxel_map[:3, :3], voxel_map[:3, 3]
    steps = []
    for axis in range(3):
        done, later = slice(0, axis + 1), slice(axis + 1, 3)
        # coordinates of the result on later axes, from those of the volume
        back = linear[axis, later] @ np.linalg.inv(linear[later, later])
        step = np.empty(4)
        step[done] = linear[axis, done] - back @ linear[later, done]
        step[later] = back
        step[3] = shift[axis] - back @ shift[later]
        steps.append(step)
    return steps


def _shift(step, axis, shape):
    """Give how far an axis is moved, for each voxel, as an array of the shape of the transpose."""
    grid = np.ogrid[tuple(slice(0, length) for length in shape)]
    place = np.float32(step[3])
    for weight, along in zip(step[:3], grid, strict=True):
        place = place + (weight * along).astype(np.float32)
    np.clip(place, 0, shape[axis] - 1, out=place)
    return (place - grid[axis].astype(np.float32)).T


def _move_along(volume, axis, shift, order):
    """Interpolate along one axis, each voxel with a shift of its own."""
    reach = (order + 1) / 2
    first, last = int(np.ceil(shift.min() - reach)), int(np.floor(shift.max() + reach))
    n = volume.shape[axis]
    nodes = _multiply(_spline_matrix(n, order, first, last), volume, axis)
    table = _spline_table(order)
    start = ((shift + np.float32(reach)) * np.float32(_STEPS)).astype(np.int32)
    result = np.zeros(volume.shape, dtype=np.float32)
    weight = np.empty_like(result)
    for tap in range(first, last + 1):
        # outside its support a spline is zero, as both ends of the table are
        table.take(start - tap * _STEPS, mode="clip", out=weight)
        piece = [slice(None)] * 3
        piece[axis] = slice(tap - first, tap - first + n)
        weight *= nodes[tuple(piece)]
        result += weight
    return result


def _multiply(matrix, volume, axis):
    if axis == 2:
        return volume @ matrix.T
    if axis == 1:
        return matrix @ volume
    flat = np.ascontiguousarray(volume).reshape(len(volume), -1)
    return (matrix @ flat).reshape(-1, *volume.shape[1:])


@lru_cache(maxsize=8)
def _spline_table(order):
    """Sample the B-spline of an order from one end of its support to the other."""
    spline = BSpline.basis_element(np.arange(order + 2), extrapolate=False)
    places = (np.arange((order + 1) * _STEPS) + 0.5) / _STEPS
    return np.concatenate([[0.0], spline(places), [0.0]]).astype(np.float32)


@lru_cache(maxsize=64)
def _spline_matrix(n, order, first, last):
    """Give the matrix from samples to weights of splines at nodes, mirrored at both ends."""
    reach = order // 2
    offsets = np.arange(-reach, reach + 1)
    values = BSpline.basis_element(np.arange(order + 2))(offsets + (order + 1) / 2)
    samples = np.zeros((n, n))
    rows = np.arange(n)
    for offset, value in zip(offsets, values, strict=True):
        np.add.at(samples, (rows, _mirror(rows + offset, n)), value)
    return as_matrix(np.linalg.inv(samples)[_mirror(np.arange(first, n + last), n)])


def _mirror(places, n):
    places = np.abs(places) % (2 * n - 2)
    return np.minimum(places, 2 * n - 2 - places)


def resample_series(series, maps, order=3, n_jobs=None, out=None):
    """Interpolate each volume of a series at its own mapped voxels.

    Parameters
    ----------
    series : ndarray of shape (x, y, z, n_volumes)
        Values.
    maps : ndarray of shape (n_volumes, 4, 4)
        For each volume, voxels of the result to its own.
    order : int, default=3
        Of the splines.
    n_jobs : int, default=None
        Threads.
    out : ndarray of float32 of shape (x, y, z, n_volumes), default=None
        Where to put the result; may be `series`.

    Returns
    -------
    ndarray of float32 of shape (x, y, z, n_volumes)
        `out`, or an array in Fortran order.
    """
    result = np.empty(series.shape, dtype=np.float32, order="F") if out is None else out

    def fill(k):
        result[..., k] = resample(take_volume(series, k), maps[k], order)

    in_threads([delayed(fill)(k) for k in range(series.shape[3])], n_jobs)
    return result


def sample_series(series, maps, places, order=3, n_jobs=None, out=None, rows=slice(None)):
    """Interpolate each volume of a series at a few mapped places.

    Parameters
    ----------
    series : ndarray of shape (x, y, z, n_volumes)
        Values.
    maps : ndarray of shape (n_volumes, 4, 4) or None
        For each volume, voxels of the reference to its own; None where they are the same.
    places : ndarray of shape (3, n_places)
        In voxels of the reference; need not be whole.
    order : int, default=3
        Of the splines.
    n_jobs : int, default=None
        Threads.
    out : ndarray of float32 of shape (n_rows, n_volumes), default=None
        Where to put the values.
    rows : slice or ndarray of int of shape (n_places,), default=slice(None)
        The rows of `out` that get them.

    Returns
    -------
    ndarray of float32 of shape (n_places, n_volumes)
        `out`, or the values in Fortran order; beyond the border, the series goes on.
    """
    if out is None:
        out = np.empty((places.shape[1], series.shape[3]), dtype=np.float32, order="F")

    def fill(k):
        here = np.array(places) if maps is None else _apply(maps[k], places)
        out[rows, k] = _sample(take_volume(series, k), here, order)

    in_threads([delayed(fill)(k) for k in range(series.shape[3])], n_jobs)
    return out


def in_threads(jobs, n_jobs):
    """Run jobs in threads of this process.

    Parameters
    ----------
    jobs : iterable of delayed calls
        As of `joblib.delayed`.
    n_jobs : int or None
        Threads.

    Returns
    -------
    list
        What they gave.
    """
    return Parallel(n_jobs=n_jobs, backend="threading")(jobs)
