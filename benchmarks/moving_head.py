"""Series of a real EPI moved by real head movement, made without any interpolation in space.

The EPI is a trigonometric polynomial: zeros put around its spectrum give it on a grid twice as fine
as its own, splines of order five on which are within `truth_error` of the polynomial. A volume is
its values where the voxels of the scanner lie in the moved head, blobs of activity that come and
go in blocks added, and noise. At the borders of the EPI, its reflection goes on.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from scipy import fft, ndimage
from scipy.spatial.transform import Rotation

_PAD, _FINER, _ORDER = 10, 2, 5
TSNR, ACTIVE, BLOCK = 60.0, 0.02, 10
# where a turn is counted in mm
_RADIUS = 50.0


def data_folder():
    """Find the folder of real recordings."""
    folder = os.environ.get("NEUROFUSE_DATA")
    if folder is None:
        raise SystemExit("set NEUROFUSE_DATA to the folder of real recordings")
    return Path(folder)


def read_epi(name):
    """Read a real volume: 4 mm of the whole head, or 2 mm of a slab."""
    pattern = {"head": "hmc-mcflirt/*boldref.nii.gz", "slab": "haxby/epi_two_volumes.nii.gz"}
    (path,) = data_folder().glob(pattern[name])
    img = nib.load(path)
    volume = np.asanyarray(img.dataobj, dtype=np.float32)
    return volume if volume.ndim == 3 else volume[..., 0], img.header.get_zooms()[:3]


def real_movement(start, n_volumes):
    """Give the movement of a real head as parameters in mm and rad, from its first volume."""
    trace = pd.read_csv(data_folder() / "motion-traces" / "headmotiondata_829s.tsv", sep="\t")
    parameters = trace.to_numpy(float)[start : start + n_volumes]
    return parameters - parameters[0]


def to_matrices(parameters):
    """Turn parameters in mm and rad into matrices that move points of the head."""
    matrices = np.tile(np.eye(4), (len(parameters), 1, 1))
    matrices[:, :3, :3] = Rotation.from_euler("xyz", parameters[:, 3:]).as_matrix()
    matrices[:, :3, 3] = parameters[:, :3]
    return matrices


@dataclass
class Moved:
    """A series, and what is known of it."""

    series: np.ndarray
    affine: np.ndarray
    matrices: np.ndarray
    brain: np.ndarray
    # how far the head moved while each volume was acquired, in mm
    within: np.ndarray
    # where it was at each slice: (n_volumes, n_slices, 4, 4)
    by_slice: np.ndarray
    # when slices are acquired, in volumes from the first; None where all are at once
    slice_times: np.ndarray | None = None

    def take(self, volumes):
        """Choose volumes."""
        series = np.asfortranarray(self.series[..., volumes])
        matrices, by_slice = self.matrices[volumes], self.by_slice[volumes]
        within = self.within[volumes]
        return Moved(series, self.affine, matrices, self.brain, within, by_slice, self.slice_times)

    def nearest_rigid(self):
        """Give for each volume the one movement that is nearest to those of its slices.

        Returns
        -------
        matrices : ndarray of shape (n_volumes, 4, 4)
            Least squares over the voxels of the brain, as `matrices` has them.
        remainders : ndarray of shape (n_volumes, n_points)
            How many mm voxels of the brain are still from where they were: no rigid movement of
            whole volumes takes that off.
        """
        voxels = np.argwhere(self.brain)[::7]
        seen = nib.affines.apply_affine(self.affine, voxels)
        matrices, remainders = [], []
        for poses in self.by_slice:
            back = np.linalg.inv(poses)[voxels[:, 2]]
            places = np.einsum("nij,nj->ni", back[:, :3, :3], seen) + back[:, :3, 3]
            matrix = np.eye(4)
            turn, _ = Rotation.align_vectors(seen - seen.mean(0), places - places.mean(0))
            matrix[:3, :3] = turn.as_matrix()
            matrix[:3, 3] = seen.mean(0) - matrix[:3, :3] @ places.mean(0)
            matrices.append(matrix)
            off = nib.affines.apply_affine(np.linalg.inv(matrix), seen) - places
            remainders.append(np.linalg.norm(off, axis=1))
        return np.array(matrices), np.array(remainders)

    def points(self):
        """Give places in the brain before it moved, of shape (n_points, 3), in mm."""
        return nib.affines.apply_affine(self.affine, np.argwhere(self.brain)[::7])

    def seen(self):
        """Tell whether they are in the field of view, of shape (n_volumes, n_points)."""
        edge = -self.affine[:3, 3]
        places = [nib.affines.apply_affine(matrix, self.points()) for matrix in self.matrices]
        return (np.abs(places) <= edge).all(axis=2)

    def errors(self, found):
        """Give how many mm from the truth they are put, of shape (n_volumes, n_points).

        `found` takes the world of each volume to that of a reference. Where the reference itself
        lies is no error, so the best constant offset is taken off.
        """
        points = self.points()
        # the place in the reference of what was at these points before it moved
        chains = np.asarray(found) @ self.matrices
        places = points @ np.swapaxes(chains[:, :3, :3], 1, 2) + chains[:, None, :3, 3]
        return np.linalg.norm(places - np.median(places, axis=0), axis=2)


class Head:
    """A real EPI that can be looked at anywhere, in mm from its centre."""

    def __init__(self, name):
        volume, sizes = read_epi(name)
        self.sizes = np.asarray(sizes, dtype=float)
        self.epi = np.pad(volume, _PAD, mode="reflect")
        fine = _refine(self.epi)
        self.center = (np.array(fine.shape) - _FINER) / 2
        self.fine = ndimage.spline_filter(fine, _ORDER, output=np.float32, mode="grid-wrap")

    def __call__(self, points):
        """Give the values at points of shape (3, n)."""
        places = points * (_FINER / self.sizes)[:, None] + self.center[:, None]
        return ndimage.map_coordinates(
            self.fine, places, order=_ORDER, mode="grid-wrap", prefilter=False, output=np.float32
        )

    def truth_error(self, n_points=50):
        """Give the largest difference from the polynomial, relative to the largest value."""
        rng = np.random.default_rng(0)
        shape = np.array(self.epi.shape)
        places = (shape[:, None] - 1) * rng.uniform(0.3, 0.7, size=(3, n_points))
        values = fft.fftn(self.epi.astype(float)) / self.epi.size
        for axis in range(3):
            waves = np.exp(2j * np.pi * np.outer(fft.fftfreq(shape[axis]), places[axis]))
            # of an even number of samples, the fastest wave is a cosine
            if shape[axis] % 2 == 0:
                waves[shape[axis] // 2] = waves[shape[axis] // 2].real
            values = (
                np.einsum("abc,ap->pbc", values, waves)
                if axis == 0
                else np.einsum("pa...,ap->p...", values, waves)
            )
        points = (places - ((shape - 1) / 2)[:, None]) * self.sizes[:, None]
        return float(np.abs(self(points) - values.real).max() / self.epi.max())


def _refine(volume):
    for axis in range(3):
        n = volume.shape[axis]
        volume = np.moveaxis(volume, axis, -1)
        spectrum = fft.rfft(volume.astype(float))
        if n % 2 == 0:
            spectrum[..., -1] /= 2
        volume = np.moveaxis(fft.irfft(spectrum * _FINER, n * _FINER), -1, axis)
    return volume


def grid(shape, sizes):
    """Give the affine of a grid whose centre is at zero."""
    affine = np.diag([*np.asarray(sizes, dtype=float), 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def move(
    name, shape, sizes, parameters, *, by_slice=False, tsnr=TSNR, active=ACTIVE, seed=0, n_jobs=2
):
    """See the head of a real EPI move."""
    head, affine = Head(name), grid(shape, sizes)
    points = nib.affines.apply_affine(affine, np.indices(shape).reshape(3, -1).T).T
    poses = np.repeat(parameters[:, None], shape[2], axis=1)
    within, slice_times = np.zeros(len(parameters)), None
    if by_slice:
        # the head has no one place in a volume; on average over its slices it has
        slice_times = interleaved(shape[2])
        poses = _over_slices(parameters, slice_times)
        parameters = poses.mean(axis=1)
        within = np.ptp(poses, axis=1) @ np.repeat([1.0, _RADIUS], 3)
    still = head(points).reshape(shape)
    brain = still > 0.3 * np.percentile(still, 99)
    activity = Activity(points[:, brain.ravel()], active, seed)

    def look(k):
        back = np.linalg.inv(to_matrices(poses[k]))
        seen = points.reshape(3, -1, shape[2])
        seen = np.einsum("zij,jpz->ipz", back[:, :3, :3], seen) + back[:, :3, 3].T[:, None]
        seen = seen.reshape(3, -1)
        values = head(seen)
        if k % (2 * BLOCK) < BLOCK:
            values *= activity(seen)
        return values.reshape(shape)

    volumes = Parallel(n_jobs, "threading")(delayed(look)(k) for k in range(len(parameters)))
    series = np.asfortranarray(np.stack(volumes, axis=-1))
    noise = np.random.default_rng(seed).standard_normal(series.shape[::-1], dtype=np.float32).T
    series += noise * (series[brain].mean() / tsnr)
    by_slice = np.stack([to_matrices(each) for each in poses])
    return Moved(series, affine, to_matrices(parameters), brain, within, by_slice, slice_times)


def interleaved(n_slices):
    """Give when slices are acquired, every other one first, in volumes."""
    times = np.empty(n_slices)
    times[np.r_[0:n_slices:2, 1:n_slices:2]] = np.arange(n_slices) / n_slices
    return times


def _over_slices(parameters, slice_times):
    """Give parameters of each slice of each volume: (n_volumes, n_slices, 6)."""
    volumes = np.arange(len(parameters))
    moments = volumes[:, None] + slice_times - slice_times.mean()
    return np.stack([np.interp(moments, volumes, one) for one in parameters.T], axis=-1)


class Activity:
    """A few blobs in the brain that raise its intensity."""

    def __init__(self, brain, size, seed, n_blobs=6, width=8.0):
        rng = np.random.default_rng(seed)
        self.places = brain[:, rng.choice(brain.shape[1], n_blobs, replace=False)].T
        self.size, self.width = size, width

    def __call__(self, points):
        """Give the factor at points of shape (3, n)."""
        squares = [((points - place[:, None]) ** 2).sum(axis=0) for place in self.places]
        return 1 + self.size * sum(np.exp(-square / (2 * self.width**2)) for square in squares)
