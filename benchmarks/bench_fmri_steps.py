"""Smoothing and regression against the nilearn calls they stand on, and their memory.

A run of 64 x 64 x 36 voxels, in turn and the best of several. `ratio` is our time over nilearn's;
of memory, the highest above the beginning over the size of the run, which the caller holds too.
"""

import time

import nibabel as nib
import numpy as np
import pandas as pd
from nilearn.image import smooth_img
from nilearn.signal import clean

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.fmri import ConfoundRegressor, SpatialSmoother

_MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]


def simulate(shape, n_volumes):
    """Make a run of noise with motion."""
    rng = np.random.default_rng(0)
    data = np.empty((*shape, n_volumes), dtype=np.float32, order="F")
    for k in range(n_volumes):
        data[..., k] = 1000.0 + 10.0 * rng.standard_normal(shape, dtype=np.float32)
    motion = pd.DataFrame(rng.normal(size=(n_volumes, 6)).cumsum(axis=0), columns=_MOTION)
    affine = np.diag([3.0, 3.0, 3.5, 1.0])
    return BoldRun(nib.Nifti1Image(data, affine), t_r=2.0, confounds=motion)


def clean_all(run):
    """Clean a whole run with nilearn."""
    values = run.get_data().reshape(-1, run.n_volumes, order="F").T
    return clean(values, confounds=run.confounds, high_pass=0.01, t_r=2.0, standardize=None)


def run(smoke):
    """Yield the figures."""
    shape, n_volumes, repeats = ((12, 12, 8), 40, 1) if smoke else ((64, 64, 36), 200, 3)
    bold = simulate(shape, n_volumes)
    steps = {
        "smoothing": (SpatialSmoother(6.0), lambda: smooth_img(bold.img, 6.0)),
        "regression": (ConfoundRegressor(high_pass=0.01), lambda: clean_all(bold)),
    }
    with config_context(cache_dir=None):
        X = Recordings([bold])
        for name, (step, peer) in steps.items():
            chain = step.fit_transform(X)
            yield compare(name, lambda chain=chain: chain.load(0).get_data(), peer, repeats)
            with peak_anonymous() as peak:
                chain.load(0).get_data()
            size = bold.get_data().nbytes
            yield {
                "name": f"{name}, memory in MB",
                "value": peak.bytes / 2**20,
                "peer": size / 2**20,
                "ratio": peak.bytes / size,
            }


def compare(name, ours, peer, repeats):
    """Time both in turn; the best of each."""
    times = {"value": [], "peer": []}
    for _ in range(repeats):
        for side, action in zip(times, (ours, peer), strict=True):
            start = time.perf_counter()
            action()
            times[side].append(time.perf_counter() - start)
    best = {side: min(each) for side, each in times.items()}
    return {"name": f"{name}, s", **best, "ratio": best["value"] / best["peer"]}
