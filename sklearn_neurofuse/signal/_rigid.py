r"""Rigid registration of volumes of one series, fast because nothing moves but a few points.

The *reference* is put on a finer grid once, values and slopes side by side. An iteration maps
voxels of the moving volume into it, looks up the nearest node, and continues to first order,

.. math:: \hat r(y) = r(n) + \nabla r(n) \cdot (y - n),

so that one look-up gives the value and its derivative. A Gauss-Newton step [1]_ solves for three
shifts, three rotations, gain and offset together; weights of Huber [2]_ keep what changes for
other reasons than motion from pulling. A last step allows for shading and for movement during the
volume (`Nuisances`), which change the result by tenths of a mm at most.

References
----------
.. [1] Friston KJ et al., Movement-related effects in fMRI time-series. Magn Reson Med 35 (1996)
   346-355. doi:10.1002/mrm.1910350312
.. [2] Huber PJ, Robust estimation of a location parameter. Ann Math Statist 35 (1964) 73-101.
   doi:10.1214/aoms/1177703732
"""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import make_interp_spline

from sklearn_neurofuse.signal._resampling import as_matrix

_ORDER = 5
_TINY = np.finfo(float).tiny
_HUBER = 2.0
# noise of neighbours is alike once they are smoothed; as many voxels tell as much as one
_ALIKE = 12.0
# every so many points are enough for a median
_SOME = 4
# voxels left out at a border
_MARGIN = 2
# where a rotation is judged by how far it moves a voxel, in mm
_RADIUS = 60.0


@dataclass(frozen=True, eq=False)
class Reference:
    """A volume on a fine grid with its slopes, ready for volumes to be aligned to it.

    Attributes
    ----------
    table : ndarray of float32 of shape (n_nodes, 4)
        Value, and slopes from node to node along the three axes.
    shape : tuple of int
        Shape of the fine grid.
    affine : ndarray of shape (4, 4)
        Voxels to mm.
    to_node : ndarray of shape (4, 4)
        Mm to nodes of the fine grid.
    points : ndarray of float32 of shape (3, n_points)
        In mm, where the volume is steepest.
    """

    table: np.ndarray
    shape: tuple
    affine: np.ndarray
    to_node: np.ndarray
    points: np.ndarray


def centred_affine(affine, shape):
    """Give the affine of a grid to mm from its centre.

    Parameters
    ----------
    affine : ndarray of shape (4, 4)
        Voxels to world.
    shape : tuple of int
        Shape of the grid.

    Returns
    -------
    ndarray of shape (4, 4)
        The same directions; the centre of the grid is at zero.
    """
    centred = np.array(affine, dtype=float)
    centred[:3, 3] = -centred[:3, :3] @ ((np.asarray(shape[:3]) - 1) / 2)
    return centred


def prepare_reference(volume, affine, n_points=30_000, finer=2):
    """Put a volume on a fine grid with its slopes, by splines of order five.

    Parameters
    ----------
    volume : ndarray of shape (x, y, z)
        At least four voxels along each axis.
    affine : ndarray of shape (4, 4)
        Voxels to mm.
    n_points : int, default=30_000
        How many of the steepest voxels take part; what others add is hardly seen.
    finer : int, default=2
        Nodes for each voxel along an axis.

    Returns
    -------
    Reference
        For `align`.
    """
    volume = np.asarray(volume, dtype=np.float32)
    along = [_spline_matrices(length, finer) for length in volume.shape]
    shape = tuple(len(values) for values, _ in along)
    # the first axis runs fastest, as in images
    table = np.empty((*shape[::-1], 4), dtype=np.float32)
    for column in range(4):
        chosen = [pair[axis + 1 == column] for axis, pair in enumerate(along)]
        table[..., column] = along_axes(volume, chosen).T
    slopes = table[::finer, ::finer, ::finer, 1:] @ np.linalg.inv(affine[:3, :3]).astype("f4")
    points = _apply(affine, _steepest((slopes**2).sum(axis=-1), n_points))
    to_node = np.diag([finer, finer, finer, 1.0]) @ np.linalg.inv(affine)
    return Reference(table.reshape(-1, 4), shape, affine, to_node, points)


def _spline_matrices(length, finer):
    """Give the matrices from samples to values and slopes on a finer grid."""
    order = _ORDER if length > _ORDER else 3
    spline = make_interp_spline(np.arange(length), np.eye(length), k=order)
    nodes = np.linspace(0, length - 1, (length - 1) * finer + 1)
    return as_matrix(spline(nodes)), as_matrix(spline(nodes, 1) / finer)


def along_axes(volume, matrices):
    """Multiply a volume by a matrix along each axis.

    Parameters
    ----------
    volume : ndarray of shape (x, y, z)
        Values; fastest where the first axis is contiguous.
    matrices : sequence of 3 ndarray of shape (n, length)
        One for each axis.

    Returns
    -------
    ndarray
        The product.
    """
    along_x, along_y, along_z = matrices
    result = along_y @ (volume.T @ along_x.T)
    return np.tensordot(along_z, result, axes=1).T


def _steepest(steepness, n_points):
    inside = np.zeros(steepness.shape, dtype=bool)
    # values are less certain at the border
    inside[
        tuple(slice(m, n - m) for m, n in zip(_margins(inside.shape), inside.shape, strict=True))
    ] = True
    steepness = np.where(inside, steepness, -1.0).ravel()
    n_points = min(n_points, int(inside.sum()))
    chosen = np.argpartition(steepness, -n_points)[-n_points:]
    # in the order of memory
    return np.array(np.unravel_index(np.sort(chosen), inside.shape)[::-1], dtype=np.float32)


def _margins(shape):
    return [_MARGIN if length > 4 * _MARGIN else 1 for length in shape]


def align(reference, volume, start=None, tol=2e-3, max_iter=30, nuisances=None):
    """Find the rigid movement of a volume against a reference.

    Parameters
    ----------
    reference : Reference
        What to align to.
    volume : ndarray of shape (x, y, z)
        On the grid that the reference was made of.
    start : ndarray of shape (4, 4), default=None
        First guess of the result; None is no movement.
    tol : float, default=2e-3
        Iterations stop where no voxel moves by more, in mm.
    max_iter : int, default=30
        Iterations at most.
    nuisances : Nuisances, default=None
        What a last step allows for; None does without.

    Returns
    -------
    movement : ndarray of shape (4, 4)
        Takes a point in mm of the volume to where it lies in the reference.
    mismatch : float
        Weighted residual variance, relative to that of the volume; 0 is perfect.
    """
    movement = np.eye(4) if start is None else np.array(start, dtype=float)
    voxels, values = _sample(reference, volume, movement)
    points = _apply(reference.affine, voxels.astype(np.float32))
    fit = None
    for _ in range(max_iter):
        design, inside = _linearise(reference, points, movement)
        fit = _solve(design, values[inside], fit)
        step = fit[:6] / fit[6]
        movement = _advance(movement, step)
        if np.abs(step[:3]).max() + _RADIUS * np.abs(step[3:]).max() < tol:
            break
    design, inside = _linearise(reference, points, movement)
    if nuisances is not None:
        fit = _solve(design, values[inside], fit, nuisances, voxels[:, inside])
        movement = _advance(movement, fit[:6] / fit[6])
        design, inside = _linearise(reference, points, movement)
    return movement, _mismatch(design, values[inside])


def displacement(movements):
    """Give how far rigid movements take voxels of a head, at most about.

    Parameters
    ----------
    movements : ndarray of shape (..., 4, 4)
        In mm from the centre of the grid.

    Returns
    -------
    ndarray of shape (...)
        In mm.
    """
    turned = np.abs(movements[..., :3, :3] - np.eye(3)).max(axis=(-2, -1))
    return np.abs(movements[..., :3, 3]).max(axis=-1) + _RADIUS * turned


def _sample(reference, volume, movement):
    """Take the voxels of the moving volume where the reference is steep."""
    place = _apply(np.linalg.inv(movement @ reference.affine), reference.points)
    voxel = np.rint(place, out=place).astype(np.int32)
    voxel = voxel[:, _within(voxel, volume.shape, _margins(volume.shape))]
    return voxel, volume[tuple(voxel)].astype(np.float32, copy=False)


def _apply(affine, points):
    affine = affine.astype(np.float32)
    return affine[:3, :3] @ points + affine[:3, 3:]


def _within(place, shape, margins):
    """Give the places inside a grid; all of them, without a copy, where that is so."""
    first = np.asarray(margins)
    last = np.asarray(shape) - 1 - first
    if place.size and (place.min(axis=1) >= first).all() and (place.max(axis=1) <= last).all():
        return slice(None)
    inside = (place >= first[:, None]) & (place <= last[:, None])
    return inside[0] & inside[1] & inside[2]


def _linearise(reference, points, movement):
    """Look up the reference where a movement takes points; give the design and those inside."""
    moved = _apply(movement, points)
    place = _apply(reference.to_node, moved)
    node = np.rint(place)
    inside = _within(node, reference.shape, (0, 0, 0))
    moved, place, node = moved[:, inside], place[:, inside], node[:, inside]
    place -= node
    # columns one after the other in memory, so that sums over points are fast
    design = np.empty((8, node.shape[1]), dtype=np.float32)
    found = reference.table.take(_flat(node, reference.shape), axis=0).T
    design[6] = found[0] + (found[1] * place[0] + found[2] * place[1] + found[3] * place[2])
    design[7] = 1.0
    # from nodes to mm
    np.matmul(reference.to_node[:3, :3].T.astype(np.float32), found[1:], out=design[:3])
    x, y, z = moved
    design[3] = y * design[2] - z * design[1]
    design[4] = z * design[0] - x * design[2]
    design[5] = x * design[1] - y * design[0]
    return design, inside


def _flat(node, shape):
    i, j, k = node.astype(np.int32)
    return (k * shape[1] + j) * shape[0] + i


def _solve(design, values, fit, nuisances=None, voxels=None):
    """Solve the weighted least squares; weights come from the intensities of the last fit."""
    if design.shape[1] < 2 * len(design):
        raise ValueError("volumes do not overlap; their movement cannot be estimated")
    intensities = _least_squares(design[6:], values) if fit is None else fit[6:]
    residual = values - intensities.astype("f4") @ design[6:]
    size = np.abs(residual)
    some = size[::_SOME]
    scale = np.partition(some, len(some) // 2)[len(some) // 2] * 1.4826
    if scale <= 0:
        return _least_squares(design, values)
    weight = np.float32(_HUBER * scale) / np.maximum(size, np.float32(_HUBER * scale))
    if nuisances is None:
        return _least_squares(design, values, weight)
    ridge = np.zeros(8 + len(nuisances.sizes))
    ridge[8:] = _ALIKE * (scale / (intensities[0] * nuisances.sizes)) ** 2
    return _least_squares(nuisances.columns(design, voxels), values, weight, ridge)


def _least_squares(design, values, weight=None, ridge=0.0):
    weighted = design if weight is None else design * weight
    # scaled, because rotations move voxels by many mm
    normal = (weighted @ design.T).astype(float)
    diagonal = normal.reshape(-1)[:: len(normal) + 1]
    diagonal += ridge
    scale = 1.0 / np.sqrt(np.maximum(diagonal, _TINY))
    normal *= scale[:, None] * scale
    diagonal += 1e-7
    return scale * np.linalg.solve(normal, scale * (weighted @ values).astype(float))


def _mismatch(design, values):
    fit = _least_squares(design[6:], values)
    residual = np.abs(values - fit.astype("f4") @ design[6:])[::_SOME]
    # the median, because activation and artefacts are no mismatch of position
    values = values[::_SOME]
    spread = np.abs(values - np.median(values))
    return float(np.median(residual) / max(np.mean(spread), np.finfo(np.float32).tiny))


def _advance(movement, step):
    """Follow a movement by a small one, kept rigid."""
    angle = np.linalg.norm(step[3:])
    x, y, z = step[3:] / max(angle, _TINY)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    small = np.eye(4)
    small[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    small[:3, 3] = step[:3]
    return small @ movement
