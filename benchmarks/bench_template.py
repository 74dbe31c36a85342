"""Template normalisation: known places and warps, time, and what it costs to apply.

The head of nilearn's template in the contrast of EPI and in its own is moved by an affine and by
smooth warps of 6 mm at most, of several seeds and wavelengths in mm, and by none, in voxels of
3.2 x 3.2 x 3.5 mm with noise. `value` of a residual is the mean distance in mm over the brain
between the found and the planted place, `largest` the largest one; times are in s, of applying for
each volume, on one thread and on two. Without a peer the `ratio` is that to what is aimed at: 6 s,
60 s, 1 mm and .15 s.
"""

import time

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine
from scipy import ndimage
from scipy.spatial.transform import Rotation

from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.fmri import TemplateNormalizer
from sklearn_neurofuse.fmri._template import load_template

_SHAPE, _SIZES = (64, 64, 44), np.array([3.2, 3.2, 3.5])
_WARP_MM = 6.0
# seed and wavelengths
_WARPS = {
    "no warp": None,
    "80 to 150 mm": (4, 80.0, 150.0),
    "60 to 120 mm": (2, 60.0, 120.0),
    "50 to 90 mm": (1, 50.0, 90.0),
    "40 to 70 mm": (3, 40.0, 70.0),
}
_AIMS = {"affine": 6.0, "syn": 60.0, "residual": 1.0, "apply": 0.15}


def place():
    """Give the planted affine, from the template to the run."""
    matrix = np.eye(4)
    turn = Rotation.from_euler("xyz", [6.0, 3.0, -4.0], degrees=True).as_matrix()
    matrix[:3, :3] = turn @ np.diag([1.05, 0.96, 1.03])
    matrix[:3, 3] = 3.0, -6.0, 5.0
    return matrix


def grid():
    """Give the affine of the run."""
    affine = np.diag([*_SIZES, 1.0])
    affine[:3, 3] = np.array([0.0, -18.0, 8.0]) - _SIZES * (np.array(_SHAPE) - 1) / 2
    return affine


class Warp:
    """A smooth displacement of at most 6 mm over the brain, or of none."""

    def __init__(self, points, waves):
        if waves is None:
            self.waves, self.phases, self.sizes = np.zeros((1, 3)), 0.0, np.zeros((1, 3))
            return
        seed, low, high = waves
        rng = np.random.default_rng(seed)
        directions = rng.standard_normal((6, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self.waves = 2 * np.pi * directions / rng.uniform(low, high, 6)[:, None]
        self.phases, self.sizes = rng.uniform(0, 2 * np.pi, 6), rng.standard_normal((6, 3))
        self.sizes *= _WARP_MM / np.linalg.norm(self.displacement(points), axis=1).max()

    def displacement(self, points):
        """Give the displacement at points of shape (n, 3) in mm."""
        return np.cos(points @ self.waves.T + self.phases) @ self.sizes


def simulate(contrast, n_volumes, waves):
    """Make a run; give it, points of the brain, and where they lie in the run."""
    template = load_template("MNI152", 2.0)
    grey, white, fluid = template.tissues
    epi = template.mask * (grey + 0.82 * white + 1.35 * fluid)
    brain = apply_affine(template.affine, np.argwhere(template.mask)[::20])
    warp = Warp(brain, waves)
    moved = apply_affine(np.linalg.inv(place()) @ grid(), np.indices(_SHAPE).reshape(3, -1).T)
    found = moved
    for _ in range(50):
        found = moved - warp.displacement(found)
    voxels = apply_affine(np.linalg.inv(template.affine), found).T
    values = epi if contrast == "EPI" else template.data
    volume = 1000 * ndimage.map_coordinates(values, voxels, order=1).reshape(_SHAPE)
    rng = np.random.default_rng(0)
    data = np.abs(volume[..., None] + rng.normal(scale=20.0, size=(*_SHAPE, n_volumes)))
    run = BoldRun(nib.Nifti1Image(data.astype(np.float32), grid()), t_r=2.0)
    return run, brain, apply_affine(place(), brain + warp.displacement(brain))


def timed(action):
    """Give the result and the seconds it took."""
    start = time.perf_counter()
    return action(), time.perf_counter() - start


def run(smoke):
    """Yield the figures."""
    n_volumes = 3 if smoke else 20
    for contrast in ("EPI",) if smoke else ("EPI", "T1"):
        for warp, waves in list(_WARPS.items())[: 1 if smoke else None]:
            bold, *places = simulate(contrast, n_volumes, waves)
            for kind in ("affine",) if smoke else ("affine", "syn"):
                yield from registering(f"{kind}, {contrast}, {warp}", kind, bold, *places)
    yield from applying(bold)


def registering(name, kind, bold, brain, planted):
    """Yield the time and the residual of one registration."""
    transform, seconds = timed(lambda: TemplateNormalizer(kind=kind).estimate(bold))
    distance = np.linalg.norm(transform.apply_to_points(brain) - planted, axis=1)
    yield {"name": f"{name}, s", "value": seconds, "ratio": seconds / _AIMS[kind]}
    yield {
        "name": f"{name}, residual in mm",
        "value": float(distance.mean()),
        "largest": float(distance.max()),
        "ratio": float(distance.mean()) / _AIMS["residual"],
    }


def applying(bold):
    """Yield the seconds for each volume that resampling takes."""
    for resolution, n_jobs in ((3.0, 1), (2.0, 1), (2.0, 2)):
        with config_context(cache_dir=None):
            step = TemplateNormalizer(resolution=resolution, n_jobs=n_jobs)
            result = step.fit_transform(Recordings([bold])).load(0)
        _, seconds = timed(result.get_data)
        each = seconds / bold.n_volumes
        yield {
            "name": f"applying at {resolution:g} mm, {n_jobs} thread(s), s for each volume",
            "value": each,
            "ratio": each / _AIMS["apply"],
        }
