"""MotionCorrector against ANTsPy, SimpleITK and dipy, on a real EPI moved by real movement.

Errors are displacements of the brain in mm; a constant offset is none. Where the head moves slice
by slice, they are those from its mean place during a volume. Ours is told when slices are acquired,
as BIDS sidecars do, which no peer can be; what it finds without stands beside. So do the rigid
movement that is nearest to the places of all slices, which an ideal program without these times
would find, and how far slices are from where that puts them, which nobody can mend with whole
volumes. Times are in ms a volume: ours on two threads, peers on as many as they take. ANTsPy and
SimpleITK need environments of their own: their Pythons are named by ``NEUROFUSE_ANTS_PYTHON`` and
``NEUROFUSE_SIMPLEITK_PYTHON``. Peers realign a part of the volumes, since they take long, the
first among them.
"""

import logging
import os
import subprocess
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from dipy.align import register_series, rigid

from benchmarks.memory import peak_anonymous
from benchmarks.moving_head import TSNR, move, real_movement
from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.fmri import MotionCorrector, motion_affines

# the EPI, the grid in voxels and mm, and the volume at which the real movement begins
CASES = {
    "64x64x36": ("head", (64, 64, 36), (3.5, 3.5, 3.5), 100),
    "128x96x24": ("slab", (128, 96, 24), (2.0, 2.0, 2.2), 300),
}
T_R = 2.0
N_JOBS = 2
# who is within is compared in time
ACCURATE = 0.1
# a head that moves farther while a volume is acquired has no one place in it
MOVED_WITHIN = 0.5
JUMP_MM, JUMP_DEGREES = 20.0, 20.0


def ours(moved, *, timed=True):
    """Estimate, then resample; movement of volumes to the reference, and both times in s."""
    times = T_R * moved.slice_times if timed and moved.slice_times is not None else None
    run = BoldRun(nib.Nifti1Image(moved.series, moved.affine), t_r=T_R, slice_times=times)
    with config_context(cache_dir=None):
        X = MotionCorrector(n_jobs=N_JOBS).fit_transform(Recordings([run]))
        start = time.perf_counter()
        corrected = X.load(0)
        estimated = time.perf_counter()
        corrected.get_data()
        resampled = time.perf_counter()
    found = np.linalg.inv(motion_affines(corrected))
    return found, estimated - start, resampled - estimated


def with_dipy(moved):
    """Realign with `dipy.align.register_series`, to the first volume."""
    logging.getLogger("dipy").setLevel(logging.WARNING)
    start = time.perf_counter()
    _, found = register_series(
        moved.series, 0, pipeline=[rigid], series_affine=moved.affine, ref_affine=moved.affine
    )
    took = time.perf_counter() - start
    # dipy's take the reference to the volume
    found = np.linalg.inv(np.moveaxis(found, -1, 0))
    return found, took / len(found)


def in_another_environment(name):
    """Give a function that realigns with a peer, None where its environment is not there."""
    python = os.environ.get(f"NEUROFUSE_{name.upper()}_PYTHON")
    if python is None:
        return None

    def realign(moved):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder, "in.npz"), Path(folder, "out.npz")
            np.savez(source, series=moved.series, affine=moved.affine)
            script = Path(__file__).with_name("peer_motion.py")
            threads = {"ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": str(N_JOBS)}
            subprocess.run(
                [python, script, name, source, target], check=True, env={**os.environ, **threads}
            )
            found = np.load(target)
            return found["matrices"], float(found["seconds"])

    return realign


PEERS = {
    "ANTsPy": in_another_environment("ants"),
    "SimpleITK": in_another_environment("simpleitk"),
    "dipy": with_dipy,
}


def run(smoke):
    """Yield the figures."""
    if smoke and "NEUROFUSE_DATA" not in os.environ:
        yield {"name": "the real recordings are absent, NEUROFUSE_DATA is not set"}
        return
    n_volumes, n_for_peers = (6, 2) if smoke else (200, 12)
    for name, peer in PEERS.items():
        if peer is None:
            yield {"name": f"{name} is absent, its environment is not named"}
    for case, (epi, shape, sizes, first) in list(CASES.items())[: 1 if smoke else None]:
        movement = real_movement(first, n_volumes)
        for by_slice in (False, True):
            if smoke and by_slice:
                continue
            moved = move(epi, shape, sizes, movement, by_slice=by_slice)
            name = f"{case}{', slice by slice' if by_slice else ''}, tSNR {TSNR:g}"
            yield from compare(name, moved, n_for_peers)
        yield from after_jumps(case, epi, shape, sizes, 4 if smoke else 40)
        if not smoke:
            yield memory(case, moved)


def compare(case, moved, n_for_peers):
    """Compare with the peers on one series."""
    found, estimated, resampled = ours(moved)
    n_volumes = len(found)
    errors = moved.errors(found)
    yield figures(case, "ours", errors, estimated / n_volumes)
    if moved.within.any():
        blind, seconds, _ = ours(moved, timed=False)
        yield figures(case, "ours, slice times not known", moved.errors(blind), seconds / n_volumes)
        still = moved.within < MOVED_WITHIN
        yield {
            "name": f"{case}: ours, where the head moved less than {MOVED_WITHIN:g} mm in a volume",
            "n_volumes": int(still.sum()),
            "mean_mm": float(errors[still].mean()),
            "max_mm": float(errors[still].max()),
        }
        nearest, remainders = moved.nearest_rigid()
        yield {
            "name": f"{case}: the rigid movement nearest to those of all slices",
            "mean_mm": float(moved.errors(np.linalg.inv(nearest)).mean()),
            "max_mm": float(moved.errors(np.linalg.inv(nearest)).max()),
        }
        yield {
            "name": f"{case}: slices from where that movement puts them",
            "mean_mm": float(remainders.mean()),
            "max_mm": float(remainders.max()),
        }
    yield {"name": f"{case}: resampling, ms a volume", "value": 1e3 * resampled / n_volumes}
    part = moved.take(np.linspace(0, n_volumes - 1, n_for_peers).astype(int))
    accurate = []
    for name, peer in PEERS.items():
        if peer is None:
            continue
        matrices, seconds = peer(part)
        errors = part.errors(matrices)
        yield figures(case, name, errors, seconds)
        if errors.mean() < ACCURATE:
            accurate.append((seconds, name))
    if accurate:
        seconds, name = min(accurate)
        yield {
            "name": f"{case}: estimating, ms a volume, {name} is the fastest accurate peer",
            "value": 1e3 * estimated / n_volumes,
            "peer": 1e3 * seconds,
            "ratio": estimated / n_volumes / seconds,
        }


def figures(case, who, errors, seconds):
    """Put what is known of one program in a row."""
    return {
        "name": f"{case}: {who}",
        "mean_mm": float(errors.mean()),
        "max_mm": float(errors.max()),
        "ms_a_volume": 1e3 * seconds,
    }


def after_jumps(case, epi, shape, sizes, n_volumes):
    """Let the head jump for every fourth volume, the farthest that has to be survived."""
    rng = np.random.default_rng(0)
    movement = real_movement(0, n_volumes)
    jumped = np.arange(3, n_volumes, 4)
    for columns, size in ((slice(0, 3), JUMP_MM), (slice(3, 6), np.deg2rad(JUMP_DEGREES))):
        jumps = rng.normal(size=(len(jumped), 3))
        movement[jumped, columns] += size * jumps / np.linalg.norm(jumps, axis=1, keepdims=True)
    moved = move(epi, shape, sizes, movement)
    found, _, _ = ours(moved)
    errors = np.where(moved.seen(), moved.errors(found), np.nan)[jumped]
    yield {
        "name": f"{case}: error after jumps of {JUMP_MM:g} mm and {JUMP_DEGREES:g} degrees",
        "mean_mm": float(np.nanmean(errors)),
        "max_mm": float(np.nanmax(errors)),
        "worst_volume_mm": float(np.nanmean(errors, axis=1).max()),
    }


def memory(case, moved):
    """Tell how much memory estimating and resampling take, beyond a run that lies in a file."""
    with tempfile.TemporaryDirectory() as folder, config_context(cache_dir=None):
        path = Path(folder, "bold.nii")
        nib.save(nib.Nifti1Image(moved.series, moved.affine), path)
        X = MotionCorrector(n_jobs=N_JOBS).fit_transform(Recordings([BoldRun(path, t_r=T_R)]))
        with peak_anonymous() as peak:
            X.load(0).get_data()
    return {
        "name": f"{case}: peak memory over the size of the run, {moved.series.nbytes / 1e6:.0f} MB",
        "value": peak.bytes / moved.series.nbytes,
    }
