"""Runs with a known content."""

import nibabel as nib
import numpy as np
import pandas as pd
from scipy.stats import gamma

from sklearn_neurofuse import BoldRun, Recordings

AFFINE = np.diag([3.0, 3.0, 4.0, 1.0])
MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]


def as_run(data, *, affine=AFFINE, t_r=2.0, order="C", **fields):
    """Give a run of float32 values in the memory order that is asked for."""
    data = np.array(data, dtype=np.float32, order=order)
    return BoldRun(nib.Nifti1Image(data, affine), t_r, **fields)


def response(times):
    """Give a haemodynamic response that is neither of nilearn's, one at its peak."""
    curve = gamma.pdf(times, 6.3) - 0.15 * gamma.pdf(times, 15.0)
    return np.where(times > 0, curve, 0.0) / 0.17


def responding(onsets, heights, times, *, level=500.0, noise=0.0, seed=0, shape=(5, 4, 3)):
    """Make a series of which the first half along x answers each event, in percent of its level."""
    rng = np.random.default_rng(seed)
    course = sum(h * response(times - t) for t, h in zip(onsets, heights, strict=True))
    data = level + noise * rng.standard_normal((*shape, len(times)))
    data[: shape[0] // 2] += level * 0.01 * course
    return data


def table(onsets, kinds=None, duration=0.0):
    """Give events."""
    kinds = np.resize(["a", "b"], len(onsets)) if kinds is None else kinds
    return pd.DataFrame({"onset": onsets, "duration": duration, "trial_type": kinds})


def motion_table(n_volumes, seed=0, size=0.1):
    """Give six parameters of a wandering head."""
    steps = size * np.random.default_rng(seed).standard_normal((n_volumes, 6))
    steps[:, 3:] *= 0.01
    return pd.DataFrame(np.cumsum(steps, axis=0), columns=MOTION)


def take(extractor, run, events=None):
    """Give the samples of one run."""
    return extractor.fit_transform(Recordings([run], None if events is None else [events]))


def after(step, run):
    """Give one run after a step."""
    return step.fit_transform(Recordings([run])).load(0)
