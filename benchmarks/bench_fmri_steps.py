"""Smoothing and regression against the nilearn calls they stand on, and the memory of fMRI steps.

A run of 64 x 64 x 36 voxels, in turn and the best of several. `ratio` is our time over nilearn's;
of memory, the highest above the beginning over the size of the run, which the caller holds too and
3 of which is the aim.
"""

import time

import nibabel as nib
import numpy as np
import pandas as pd
from nilearn.image import smooth_img
from nilearn.signal import clean
from sklearn.pipeline import make_pipeline

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.fmri import (
    ConfoundRegressor,
    MotionCorrector,
    RunMap,
    SliceTimingCorrector,
    SpatialSmoother,
    TrialBetas,
    VolumeWindow,
)

_FIELD_MM = 192.0, 192.0, 126.0
_MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]


def simulate(shape, n_volumes):
    """Make a run of a blob and noise."""
    rng = np.random.default_rng(0)
    grid = np.meshgrid(*[np.linspace(-1.5, 1.5, n) for n in shape], indexing="ij")
    head = 100.0 + 900.0 * np.exp(-(sum(axis**2 for axis in grid) ** 2))
    data = np.empty((*shape, n_volumes), dtype=np.float32, order="F")
    for k in range(n_volumes):
        data[..., k] = head + 10.0 * rng.standard_normal(shape, dtype=np.float32)
    motion = pd.DataFrame(rng.normal(size=(n_volumes, 6)).cumsum(axis=0), columns=_MOTION)
    affine = np.diag([*(np.array(_FIELD_MM) / shape), 1.0])
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
        yield from memory(bold)


def memory(bold):
    """Yield the memory of each step alone, and of a chain of them."""
    timing, motion = SliceTimingCorrector("ascending"), MotionCorrector()
    steps = [timing, motion, SpatialSmoother(6.0), ConfoundRegressor()]
    onsets = np.arange(10.0, bold.duration - 20.0, 10.0)
    events = pd.DataFrame({"onset": onsets, "duration": 1.0})
    X, trials = Recordings([bold]), Recordings([bold], [events])
    for step in steps:
        result = step.fit_transform(X)
        yield peak(type(step).__name__, bold, lambda result=result: result.load(0).get_data())
    cleaned = ConfoundRegressor().fit_transform(trials)
    for step in (TrialBetas(), VolumeWindow(3.0, 7.0)):
        yield peak(
            f"ConfoundRegressor, {type(step).__name__}",
            bold,
            lambda step=step: step.fit_transform(cleaned),
        )
    yield peak("RunMap", bold, lambda: RunMap("alff").fit_transform(X))
    chain = make_pipeline(*steps, TrialBetas())
    yield peak("a chain to TrialBetas", bold, lambda: chain.fit_transform(trials))


def peak(name, bold, action):
    """Give the memory that an action takes."""
    with peak_anonymous() as found:
        action()
    size = bold.get_data().nbytes
    return {
        "name": f"{name}, memory in MB",
        "value": found.bytes / 2**20,
        "peer": size / 2**20,
        "ratio": found.bytes / size,
    }


def compare(name, ours, peer, repeats):
    """Time both in turn, the best of each, after a first time that loads libraries."""
    ours(), peer()
    times = {"value": [], "peer": []}
    for _ in range(repeats):
        for side, action in zip(times, (ours, peer), strict=True):
            start = time.perf_counter()
            action()
            times[side].append(time.perf_counter() - start)
    best = {side: min(each) for side, each in times.items()}
    return {"name": f"{name}, s", **best, "ratio": best["value"] / best["peer"]}
