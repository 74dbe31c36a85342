"""JointICA at whole-brain size against scikit-learn's FastICA on the concatenated matrix.

All search 20 planted components of 200 samples in the same normalised data. Times are the best of
alternating runs, in s; recovery is the mean absolute correlation of the planted maps
with the estimated ones, and the worst of them.
"""

import time
import warnings

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.decomposition import JointICA

N_SAMPLES = 200


def simulate(n_voxels, n_eeg, n_components, dtype):
    """Draw peaked maps with a common loading, and noise of some three times their size."""
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(N_SAMPLES, n_components))
    maps = rng.laplace(size=(n_components, n_voxels + n_eeg))
    data = loadings @ maps + 12.0 * rng.standard_normal((N_SAMPLES, n_voxels + n_eeg))
    data = data.astype(dtype)
    X = Multimodal(fmri=data[:, :n_voxels].copy(), eeg=data[:, n_voxels:].copy())
    return X, maps


def recovery(maps, found):
    """Pair planted with found maps; give the mean and the least absolute correlation."""
    r = np.abs(np.corrcoef(maps, found)[: len(maps), len(maps) :])
    matched = r[linear_sum_assignment(-r)]
    return float(matched.mean()), float(matched.min())


def fit_ours(X, n_components, n_runs):
    """Fit JointICA; give its maps side by side."""
    fitted = JointICA(n_components, n_runs=n_runs, random_state=0).fit(X)
    return np.hstack([fitted.components_[n] / fitted.scales_[n] for n in X.modalities])


def fit_peer(X, n_components, solver):
    """Normalise, concatenate and fit FastICA with features as its samples; give its maps."""
    blocks = [X[name].data - X[name].data.mean(axis=0) for name in X.modalities]
    joint = np.hstack([block / np.sqrt(np.mean(block**2)) for block in blocks])
    ica = FastICA(
        n_components, whiten="unit-variance", whiten_solver=solver, random_state=0, max_iter=200
    )
    return ica.fit_transform(joint.T).T


def run(smoke):
    """Yield the figures."""
    n_voxels, n_eeg, n_components = (4000, 500, 4) if smoke else (150_000, 16_000, 20)
    for dtype in (np.float64, np.float32):
        X, maps = simulate(n_voxels, n_eeg, n_components, dtype)
        fits = {
            "ours, one run": lambda X=X: fit_ours(X, n_components, 1),
            "ours, five runs": lambda X=X: fit_ours(X, n_components, 5),
            "eigh": lambda X=X: fit_peer(X, n_components, "eigh"),
            "svd": lambda X=X: fit_peer(X, n_components, "svd"),
        }
        yield from compare(fits, maps, np.dtype(dtype).name, 1 if smoke else 3)


def compare(fits, maps, dtype, repeats):
    """Time all fits in turn and compare what they found."""
    times, found = {name: [] for name in fits}, {}
    for _ in range(repeats):
        for name, fit in fits.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                start = time.perf_counter()
                found[name] = fit()
                times[name].append(time.perf_counter() - start)
    best = {name: min(each) for name, each in times.items()}
    for ours in ("ours, one run", "ours, five runs"):
        for solver in ("svd", "eigh"):
            yield {
                "name": f"fit, {dtype}, {ours}, FastICA {solver}",
                "value": best[ours],
                "peer": best[solver],
                "ratio": best[ours] / best[solver],
            }
    quality = {name: recovery(maps, each) for name, each in found.items()}
    for i, what in enumerate(("mean", "least")):
        for ours in ("ours, one run", "ours, five runs"):
            value, peer = quality[ours][i], quality["svd"][i]
            yield {
                "name": f"{what} recovery, {dtype}, {ours}",
                "value": value,
                "peer": peer,
                "ratio": value / peer,
            }
