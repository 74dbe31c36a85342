"""MultimodalCCA at whole-brain size against cca-zoo and scikit-learn.

Times are the best of several runs, in s, beyond reading the data: the arrays are in memory. Memory
is the peak of anonymous pages during the fit, data included. scikit-learn is tried on growing sizes
in a process of its own, with limited memory and time, until it fails.
"""

import multiprocessing
import resource
import time

import numpy as np
from cca_zoo.linear import MCCA, RidgeCCA
from sklearn.cross_decomposition import CCA

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.decomposition import MultimodalCCA

N_SAMPLES = 200
RIDGE = 0.5
SECONDS, BYTES = 120.0, 8 << 30


def simulate(n_voxels, n_eeg, n_samples=N_SAMPLES, n_shared=3):
    """Draw two modalities that share a few signals."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=(n_samples, n_shared))
    blocks = {}
    for name, size in {"fmri": n_voxels, "eeg": n_eeg}.items():
        blocks[name] = rng.standard_normal((n_samples, size))
        blocks[name] += 0.1 * common @ rng.normal(size=(n_shared, size))
    return Multimodal(**blocks)


def best_time(function, repeats):
    """Give the shortest of several runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def normalised(data):
    """Centre and scale to mean variance 1 along the axes, where cca-zoo means our ridge."""
    centred = data - data.mean(axis=0)
    n_axes = min(len(data) - 1, data.shape[1])
    return centred / np.sqrt(np.sum(centred**2) / n_axes / (len(data) - 1))


def agreement(n_sets, peer):
    """Give the largest difference of in-sample correlations from those of cca-zoo."""
    rng = np.random.default_rng(1)
    common = rng.normal(size=(100, 2))
    sets = [
        normalised(common @ rng.normal(size=(2, size)) + rng.normal(size=(100, size)))
        for size in (12, 9, 7)[:n_sets]
    ]
    X = Multimodal(**{f"set{i}": block for i, block in enumerate(sets)})
    ours = MultimodalCCA(3, RIDGE, cv=None).fit(X).correlations_
    scores = peer(n_components=3, shrinkage=[RIDGE] * n_sets).fit(sets).transform(sets)
    theirs = [
        [np.corrcoef(scores[k].T, scores[m].T)[i, 3 + i] for i in range(3)]
        for k, m in zip(*np.triu_indices(n_sets, 1), strict=True)
    ]
    return float(np.abs(ours - np.mean(theirs, axis=0)).max())


def fit_scikit_learn(n_voxels, n_eeg):
    """Fit scikit-learn's CCA under a limit of memory, in a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    X = simulate(n_voxels, n_eeg)
    CCA(3).fit(X["fmri"].data, X["eeg"].data)


def time_scikit_learn(n_voxels, n_eeg):
    """Give the time it takes, or None where it runs out of memory or time."""
    process = multiprocessing.get_context("spawn").Process(
        target=fit_scikit_learn, args=(n_voxels, n_eeg)
    )
    start = time.perf_counter()
    process.start()
    process.join(SECONDS)
    took = time.perf_counter() - start
    if process.is_alive():
        process.kill()
        process.join()
        return None
    return took if process.exitcode == 0 else None


def largest_of_scikit_learn(sizes):
    """Grow until it fails; give the last size that it finished, and its time."""
    done = None
    for size in sizes:
        took = time_scikit_learn(size, size // 10)
        if took is None:
            break
        done = size, took
    return done


def run(smoke):
    """Yield the figures."""
    for n_sets, peer in ((2, RidgeCCA), (3, MCCA)):
        yield {
            "name": f"largest difference of correlations, {n_sets} sets, {peer.__name__}",
            "value": agreement(n_sets, peer),
        }
    n_voxels, n_eeg = (4000, 500) if smoke else (150_000, 16_000)
    X = simulate(n_voxels, n_eeg)
    repeats = 2 if smoke else 5
    model = MultimodalCCA(3, RIDGE, random_state=0)
    # first, while no memory of an earlier fit can be used again
    with peak_anonymous() as peak:
        model.fit(X)
    yield {"name": "peak memory of fit with the data, GB", "value": (peak.bytes + X.nbytes) / 1e9}
    ours = best_time(lambda: model.fit(X), repeats)
    views = [X[name].data for name in X.modalities]
    peer = best_time(lambda: RidgeCCA(3, shrinkage=[0.5, 0.5]).fit(views), 1 if smoke else 2)
    size = f"{N_SAMPLES} x ({n_voxels} + {n_eeg})"
    yield {"name": f"fit, {size}, cca-zoo", "value": ours, "peer": peer, "ratio": ours / peer}
    without = best_time(lambda: MultimodalCCA(3, RIDGE, cv=None).fit(X), repeats)
    yield {"name": f"fit without cross-validation, {size}", "value": without}
    yield {"name": "in-sample correlation", "value": float(model.correlations_[0])}
    yield {"name": "held-out correlation", "value": float(model.cv_correlations_[0])}
    yield from compare_scikit_learn((1000,) if smoke else (1000, 2000, 4000, 8000, 16_000, 32_000))
    yield slope([1000, 2000, 4000] if smoke else [20_000, 40_000, 80_000, 160_000], repeats)


def compare_scikit_learn(sizes):
    """Time both at the largest size that scikit-learn finishes."""
    done = largest_of_scikit_learn(sizes)
    if done is None:
        return
    n_voxels, peer = done
    X = simulate(n_voxels, n_voxels // 10)
    ours = best_time(lambda: MultimodalCCA(3, RIDGE).fit(X), 3)
    size = f"{N_SAMPLES} x ({n_voxels} + {n_voxels // 10})"
    yield {
        "name": f"fit, {size}, the most that scikit-learn finishes",
        "value": ours,
        "peer": peer,
        "ratio": ours / peer,
    }


def slope(sizes, repeats):
    """Give the exponent with which time grows in the number of features."""
    times = []
    for size in sizes:
        X = simulate(size, size // 10)
        times.append(best_time(lambda X=X: MultimodalCCA(3, RIDGE, cv=None).fit(X), repeats))
    exponent = np.polyfit(np.log(sizes), np.log(times), 1)[0]
    return {"name": "exponent of time in features", "value": float(exponent)}
