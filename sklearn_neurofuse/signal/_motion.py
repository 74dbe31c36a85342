r"""Six parameters of rigid motion, affines, and framewise displacement.

Parameters are those of FSL, which fMRIPrep's tables hold. In FSL's coordinates (mm along the axes
of the voxels, the first one flipped where the affine has a positive determinant) and about a
centre :math:`c`, a point :math:`x` of a volume lies in the reference at

.. math:: R^\top (x - c) + c + t, \qquad R = R_z(\gamma) R_y(\beta) R_x(\alpha),

with translations :math:`t` in mm and angles :math:`\alpha, \beta, \gamma` in rad [1]_.

References
----------
.. [1] Jenkinson M et al., Improved optimization for the robust and accurate linear registration
   and motion correction of brain images. NeuroImage 17 (2002) 825-841.
   doi:10.1006/nimg.2002.1132
"""

import numpy as np
from scipy import linalg

PARAMETERS = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")


def to_movements(parameters):
    """Turn six parameters into matrices.

    Parameters
    ----------
    parameters : array-like of shape (..., 6)
        Three translations in mm, three angles in rad.

    Returns
    -------
    ndarray of shape (..., 4, 4)
        Volume to reference in FSL's coordinates, from the centre.
    """
    parameters = np.asarray(parameters, dtype=float)
    x, y, z = (_turn(parameters[..., 3 + axis], axis) for axis in range(3))
    movements = np.zeros((*parameters.shape[:-1], 4, 4))
    movements[..., :3, :3] = np.swapaxes(z @ y @ x, -1, -2)
    movements[..., :3, 3] = parameters[..., :3]
    movements[..., 3, 3] = 1.0
    return movements


def _turn(angle, axis):
    matrix = np.zeros((*angle.shape, 3, 3))
    one, two = (axis + 1) % 3, (axis + 2) % 3
    matrix[..., axis, axis] = 1.0
    matrix[..., one, one] = matrix[..., two, two] = np.cos(angle)
    matrix[..., two, one] = np.sin(angle)
    matrix[..., one, two] = -np.sin(angle)
    return matrix


def to_parameters(movements):
    """Turn matrices into six parameters; the inverse of `to_movements`.

    Parameters
    ----------
    movements : array-like of shape (..., 4, 4)
        Rigid; angles about the second axis below a quarter turn.

    Returns
    -------
    ndarray of shape (..., 6)
        Three translations in mm, three angles in rad.
    """
    movements = np.asarray(movements, dtype=float)
    turn = np.swapaxes(movements[..., :3, :3], -1, -2)
    angles = [
        np.arctan2(turn[..., 2, 1], turn[..., 2, 2]),
        -np.arcsin(np.clip(turn[..., 2, 0], -1.0, 1.0)),
        np.arctan2(turn[..., 1, 0], turn[..., 0, 0]),
    ]
    return np.concatenate([movements[..., :3, 3], np.stack(angles, axis=-1)], axis=-1)


def fsl_frame(affine, shape, center=None):
    """Give the affine from FSL's coordinates, from a centre, to the world.

    Parameters
    ----------
    affine : array-like of shape (4, 4)
        Voxels to world. Where its axes are not orthogonal, the nearest orthogonal ones are taken.
    shape : tuple of int
        Shape of the image.
    center : array-like of shape (3,), default=None
        Centre of rotation in FSL's coordinates in mm; None is the centre of the grid, while
        mcflirt rotates about the centre of gravity of its reference.

    Returns
    -------
    ndarray of shape (4, 4)
        A rotation or reflection, and the centre.
    """
    affine, shape = np.asarray(affine, dtype=float), np.asarray(shape[:3])
    axes, _ = linalg.polar(affine[:3, :3])
    if np.linalg.det(affine[:3, :3]) > 0:
        axes = axes * np.array([-1.0, 1.0, 1.0])
    frame = np.eye(4)
    frame[:3, :3] = axes
    frame[:3, 3] = affine[:3, :3] @ ((shape - 1) / 2) + affine[:3, 3]
    if center is not None:
        sizes = np.linalg.norm(affine[:3, :3], axis=0)
        frame[:3, 3] += axes @ (np.asarray(center, dtype=float) - sizes * (shape - 1) / 2)
    return frame


def world_affines(parameters, frame):
    """Give affines as ITK and nitransforms have them, from the reference to each volume.

    Parameters
    ----------
    parameters : array-like of shape (..., 6)
        Three translations in mm, three angles in rad.
    frame : ndarray of shape (4, 4)
        As of `fsl_frame`.

    Returns
    -------
    ndarray of shape (..., 4, 4)
        A point of the reference in the world (RAS, mm) to where it lies in the volume.
    """
    return frame @ np.linalg.inv(to_movements(parameters)) @ np.linalg.inv(frame)


def parameters_of(affines, frame):
    """Give the six parameters of affines; the inverse of `world_affines`.

    Parameters
    ----------
    affines : array-like of shape (..., 4, 4)
        Reference to volume in the world (RAS, mm).
    frame : ndarray of shape (4, 4)
        As of `fsl_frame`.

    Returns
    -------
    ndarray of shape (..., 6)
        Three translations in mm, three angles in rad.
    """
    return to_parameters(np.linalg.inv(frame) @ np.linalg.inv(affines) @ frame)


def power_displacement(parameters, radius=50.0):
    r"""Framewise displacement: sum of what each parameter changes, angles on a sphere [1]_.

    .. math:: \mathrm{FD}_k = \sum_i |\Delta t_{ki}| + r \sum_i |\Delta \theta_{ki}|

    Parameters
    ----------
    parameters : array-like of shape (n_volumes, 6)
        Three translations in mm, three angles in rad.
    radius : float, default=50.0
        Radius of the sphere in mm.

    Returns
    -------
    ndarray of shape (n_volumes,)
        In mm; the first is NaN.

    References
    ----------
    .. [1] Power JD et al., Spurious but systematic correlations in functional connectivity MRI
       networks arise from subject motion. NeuroImage 59 (2012) 2142-2154.
       doi:10.1016/j.neuroimage.2011.10.018
    """
    change = np.abs(np.diff(np.asarray(parameters, dtype=float), axis=0))
    return np.append(np.nan, change[:, :3].sum(axis=1) + radius * change[:, 3:].sum(axis=1))


def jenkinson_displacement(parameters, radius=80.0):
    r"""Root mean square displacement in a sphere between neighbouring volumes [1]_.

    With :math:`T_{k-1} T_k^{-1} - I = (A, a)` about the centre:
    :math:`\sqrt{r^2 \operatorname{tr}(A^\top A) / 5 + a^\top a}`.

    Parameters
    ----------
    parameters : array-like of shape (n_volumes, 6)
        Three translations in mm, three angles in rad.
    radius : float, default=80.0
        Radius of the sphere in mm.

    Returns
    -------
    ndarray of shape (n_volumes,)
        In mm; the first is NaN. fMRIPrep's column ``rmsd``.

    References
    ----------
    .. [1] Jenkinson M, Measuring transformation error by RMS deviation. FMRIB technical report
       TR99MJ1 (1999).
    """
    movements = to_movements(parameters)
    change = movements[:-1] @ np.linalg.inv(movements[1:]) - np.eye(4)
    turn, shift = change[:, :3, :3], change[:, :3, 3]
    squares = radius**2 / 5 * (turn**2).sum(axis=(1, 2)) + (shift**2).sum(axis=1)
    return np.append(np.nan, np.sqrt(squares))
