"""Single-trial models: time, agreement with nilearn, and what a wrong clock costs.

LSS of 100 trials of 300 volumes and 100,000 voxels against one nilearn model for each trial, of
which three are fitted and the time is multiplied; then t values of a planted response where the
clock of the run is right, half a volume and one volume late. `ratio` is our time over nilearn's,
the largest difference of t values over the largest t value, or t over t with the right clock.
"""

import time

import nibabel as nib
import numpy as np
import pandas as pd
from nilearn.glm.contrasts import compute_contrast
from nilearn.glm.first_level import make_first_level_design_matrix, run_glm

from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.fmri import TrialBetas

_T_R = 2.0


def simulate(shape, n_volumes, n_trials):
    """Make a run of noise of which the first half answers each trial."""
    rng = np.random.default_rng(0)
    onsets = np.sort(rng.uniform(4.0, n_volumes * _T_R - 20.0, n_trials)).round(2)
    events = pd.DataFrame({"onset": onsets, "duration": 1.0, "trial_type": "trial"})
    design = make_first_level_design_matrix(
        np.arange(n_volumes) * _T_R, events, drift_model=None, hrf_model="glover"
    )
    data = 1000.0 + 10.0 * rng.standard_normal((*shape, n_volumes), dtype=np.float32)
    data[: shape[0] // 2] += (10.0 * design["trial"].to_numpy()).astype(np.float32)
    return BoldRun(nib.Nifti1Image(data, np.diag([3.0, 3.0, 3.0, 1.0])), _T_R), events


def ours(run, events, method):
    """Fit all trials; give t values of shape (n_trials, n_voxels)."""
    maps = TrialBetas(method, max_inflation=1e9).fit_transform(Recordings([run], [events]))
    return maps.data.reshape(len(events), -1)


def peer(run, events, trial):
    """Fit nilearn's model of one trial against the others."""
    kinds = np.where(np.arange(len(events)) == trial, "one", "others")
    design = make_first_level_design_matrix(
        np.arange(run.n_volumes) * _T_R,
        events.assign(trial_type=kinds),
        hrf_model="glover",
        drift_model="cosine",
        high_pass=1 / 128,
    )
    values = run.get_data().reshape(-1, run.n_volumes).T.astype(float)
    labels, results = run_glm(values, design.to_numpy(), noise_model="ols")
    weights = (design.columns == "one").astype(float)
    found = compute_contrast(labels, results, weights, stat_type="t").stat
    return np.asarray(found() if callable(found) else found).ravel()


def timed(action):
    """Give the result and the seconds it took."""
    start = time.perf_counter()
    return action(), time.perf_counter() - start


def run(smoke):
    """Yield the figures."""
    shape, n_volumes, n_trials = ((8, 8, 8), 120, 10) if smoke else ((50, 50, 40), 300, 100)
    scan, events = simulate(shape, n_volumes, n_trials)
    trials = (0, n_trials // 2, n_trials - 1)
    with config_context(cache_dir=None):
        for method in ("lss", "lsa"):
            t, seconds = timed(lambda method=method: ours(scan, events, method))
            row = {"name": f"{method}, {n_trials} trials x {t.shape[1]} voxels", "value": seconds}
            if method == "lss":
                found = [timed(lambda trial=trial: peer(scan, events, trial)) for trial in trials]
                row["peer"] = n_trials * np.mean([each for _, each in found])
                row["ratio"] = row["value"] / row["peer"]
                one, two = t[list(trials)], np.stack([each for each, _ in found])
                yield row
                yield {
                    "name": "lss, largest difference of t",
                    "value": float(np.abs(one - two).max()),
                    "ratio": float(np.abs(one - two).max() / np.abs(two).max()),
                }
            else:
                yield row
        yield from clock(scan, events)


def clock(scan, events):
    """Yield the mean t of the responding voxels for a right and two wrong clocks."""
    half = events[events["onset"].between(10.0, scan.duration - 10.0)].reset_index(drop=True)
    levels = {}
    for late in (0.0, 0.5, 1.0):
        t = ours(scan.replace(start_time=late * _T_R), half, "lss")
        levels[late] = float(t[:, : t.shape[1] // 2].mean())
        yield {
            "name": f"mean t, clock {late:g} volumes late",
            "value": levels[late],
            "ratio": levels[late] / levels[0.0],
        }
