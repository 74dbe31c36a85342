"""A head that is known everywhere, so that it can be moved without interpolating anything."""

import nibabel as nib
import numpy as np
from scipy.spatial.transform import Rotation

from sklearn_neurofuse import BoldRun


class Head:
    """An ellipsoid with a smooth border and blobs in it, as a function of place in mm."""

    def __init__(self, seed=0, radii=(52.0, 62.0, 46.0), n_blobs=50):
        rng = np.random.default_rng(seed)
        self.radii = np.asarray(radii)
        self.places = rng.uniform(-0.75, 0.75, size=(n_blobs, 3)) * self.radii
        self.widths = rng.uniform(5.0, 9.0, size=n_blobs)
        self.heights = rng.uniform(-0.35, 0.35, size=n_blobs)

    def __call__(self, points, active=0.0):
        """Give the intensity at points of shape (n, 3); `active` is added to the first blob."""
        depth = 1.0 - np.linalg.norm(points / self.radii, axis=1)
        inside = 1.0 / (1.0 + np.exp(-depth * self.radii.min() / 2.5))
        values = inside.copy()
        for number, (place, width) in enumerate(zip(self.places, self.widths, strict=True)):
            height = self.heights[number] + (active if number == 0 else 0.0)
            distance = ((points - place) ** 2).sum(axis=1)
            values += height * inside * np.exp(-distance / (2 * width**2))
        return 1000.0 * values


def movement(shift=(0.0, 0.0, 0.0), turn=(0.0, 0.0, 0.0)):
    """Give the matrix of a shift in mm after a turn in degrees about the centre."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(turn, degrees=True).as_matrix()
    matrix[:3, 3] = shift
    return matrix


def grid_affine(shape, sizes=(4.0, 4.0, 4.5), flip=(1, 1, 1)):
    """Give an affine whose origin is the centre of the grid."""
    affine = np.diag([*(np.asarray(sizes) * flip), 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((np.asarray(shape) - 1) / 2)
    return affine


def moved_volume(head, matrix, affine, shape, active=0.0):
    """See the head after it moved: what is at y in the volume was at inv(matrix) y."""
    points = np.indices(shape).reshape(3, -1).T @ affine[:3, :3].T + affine[:3, 3]
    back = np.linalg.inv(matrix)
    return head(points @ back[:3, :3].T + back[:3, 3], active).reshape(shape)


def moved_series(matrices, *, shape=(32, 36, 24), affine=None, tsnr=None, active=0.0, seed=0):
    """See the head move, its first blob active in every other five volumes, with noise."""
    head = Head()
    affine = grid_affine(shape) if affine is None else affine
    volumes = [
        moved_volume(head, matrix, affine, shape, active * (k % 10 < 5))
        for k, matrix in enumerate(matrices)
    ]
    series = np.stack(volumes, axis=-1)
    if tsnr is not None:
        series += np.random.default_rng(seed).normal(size=series.shape) * 1000.0 / tsnr
    return series.astype(np.float32), affine


def series_by_slice(pose, n_volumes, when):
    """See the head move while its volumes are acquired.

    `pose` gives the movement at a time, in volumes; `when` says how long after the middle of a
    volume its slices are acquired.
    """
    head, shape = Head(), (32, 36, len(when))
    affine = grid_affine(shape)
    series = np.empty((*shape, n_volumes), dtype=np.float32)
    for k in range(n_volumes):
        for z, moment in enumerate(k + when):
            at_slice = affine.copy()
            at_slice[:3, 3] += z * affine[:3, 2]
            seen = moved_volume(head, pose(moment), at_slice, (*shape[:2], 1))
            series[:, :, z, k] = seen[..., 0]
    return series, affine


def moved_run(matrices, *, t_r=2.0, **options):
    """Give the moving head as a run."""
    series, affine = moved_series(matrices, **options)
    return BoldRun(nib.Nifti1Image(series, affine), t_r=t_r)


def displacement_error(found, planted, shape=(32, 36, 24), affine=None):
    """Give the distance in mm between where movements of volumes to a reference take the head.

    A constant offset of the reference is no error. Shape (n_volumes, n_points).
    """
    affine = grid_affine(shape) if affine is None else affine
    points = np.indices(shape).reshape(3, -1).T @ affine[:3, :3].T + affine[:3, 3]
    points = points[np.linalg.norm(points / Head().radii, axis=1) < 1.0]
    # the offset, seen from the head where it was at first
    relative = np.array([a @ b for a, b in zip(found, planted, strict=True)])
    places = points @ np.swapaxes(relative[:, :3, :3], 1, 2) + relative[:, None, :3, 3]
    return np.linalg.norm(places - np.median(places, axis=0), axis=2)


def least_error(tsnr, shape=(32, 36, 24)):
    """Give the mean displacement error in mm that no estimate can stay below: Cramer and Rao's."""
    head, affine, step = Head(), grid_affine(shape), 0.05
    points = np.indices(shape).reshape(3, -1).T @ affine[:3, :3].T + affine[:3, 3]
    slopes = [(head(points + e) - head(points - e)) / (2 * step) for e in step * np.eye(3)]
    slopes = np.stack(slopes, axis=-1)
    design = np.column_stack([slopes, np.cross(points, slopes), head(points), np.ones(len(points))])
    covariance = np.linalg.inv(design.T @ design)[:6, :6] * (1000.0 / tsnr) ** 2
    draws = np.random.default_rng(0).multivariate_normal(np.zeros(6), covariance, 200)
    points = points[np.linalg.norm(points / head.radii, axis=1) < 1.0]
    return np.mean([np.linalg.norm(d[:3] + np.cross(d[3:], points), axis=1).mean() for d in draws])
