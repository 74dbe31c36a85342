"""Joint ICA against CCA and joint ICA where loadings differ, beside the published figures.

The setting is that of Sui et al. (2010), :doi:`10.1016/j.neuroimage.2010.01.069`, Table 1, as far
as the paper tells it: two tasks, six sources, their links and the peak signal-to-noise ratio of 10
dB (see :func:`sklearn_neurofuse.datasets.make_linked_sources`). A figure is the absolute
correlation of estimated with true loadings, or maps, of one source, the mean over both tasks and
over draws; the published figures stand as peer. ``limit`` is what regression of the data on the
true loadings gives of a map in this noise. scikit-learn's FastICA on the normalised tasks
side by side is the second implementation of joint ICA.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import FastICA

from sklearn_neurofuse.datasets import make_linked_sources
from sklearn_neurofuse.decomposition import CCAJointICA, JointICA, ParallelICA

PUBLISHED = {
    "joint ICA": (0.967, 0.976, 0.435, 0.490, 0.820, 0.700),
    "joint ICA of scikit-learn": (0.967, 0.976, 0.435, 0.490, 0.820, 0.700),
    "CCA + joint ICA": (0.990, 0.995, 0.820, 0.924, 0.916, 0.840),
}
N_SOURCES = 6


def fit_own(estimator, X):
    """Fit one of ours; give maps and loadings of each task."""
    fitted = estimator(N_SOURCES, random_state=0).fit(X)
    scores = fitted.transform(X).T
    loadings = {"task_1": scores[:N_SOURCES], "task_2": scores[-N_SOURCES:]}
    return {
        name: (fitted.components_[name].reshape(N_SOURCES, -1), loadings[name])
        for name in X.modalities
    }


def fit_scikit_learn(X):
    """Fit FastICA to the normalised tasks side by side; give maps and loadings of each task."""
    blocks = [X[name].data.reshape(len(X), -1) for name in X.modalities]
    centred = [block - block.mean(axis=0) for block in blocks]
    joint = np.hstack([block / np.sqrt(np.mean(block**2)) for block in centred])
    ica = FastICA(N_SOURCES, whiten="unit-variance", random_state=0)
    maps = np.split(ica.fit_transform(joint.T).T, len(blocks), axis=1)
    return {name: (part, ica.mixing_.T) for name, part in zip(X.modalities, maps, strict=True)}


METHODS = {
    "joint ICA": lambda X: fit_own(JointICA, X),
    "joint ICA of scikit-learn": fit_scikit_learn,
    "CCA + joint ICA": lambda X: fit_own(CCAJointICA, X),
    "parallel ICA": lambda X: fit_own(ParallelICA, X),
}


def similarity(truth, found):
    """Pair true with found rows one to one; give their absolute correlations."""
    r = np.abs(np.corrcoef(truth, found)[: len(truth), len(truth) :])
    rows, columns = linear_sum_assignment(-r)
    return r[rows, columns]


def recover(method, data):
    """Give the recovery of loadings and maps, and the limit for maps, source by source."""
    found = {"loading": [], "map": [], "limit": []}
    for name, (maps, loadings) in METHODS[method](data.X).items():
        truth = data.sources[name].reshape(N_SOURCES, -1)
        samples = data.X[name].data.reshape(len(data.X), -1)
        best = np.linalg.lstsq(data.loadings[name], samples, rcond=None)[0]
        found["loading"].append(similarity(data.loadings[name].T, loadings))
        found["map"].append(similarity(truth, maps))
        found["limit"].append(similarity(truth, best))
    return np.array([np.mean(rows, axis=0) for rows in found.values()])


def run(smoke):
    """Yield the figures."""
    n_draws, shape = (1, (10, 12, 10)) if smoke else (10, (24, 28, 24))
    sets = [
        make_linked_sources(correlations="sui2010", volume_shape=shape, random_state=seed)
        for seed in range(n_draws)
    ]
    for method in METHODS:
        loading, image, limit = np.mean([recover(method, data) for data in sets], axis=0)
        for what, figures in (("loading", loading), ("map", image)):
            for i, value in enumerate(figures):
                row = {
                    "name": f"{method}, {what} of source {i + 1}",
                    "link": float(sets[0].correlations[i]),
                    "value": float(value),
                }
                if what == "map":
                    row["limit"] = float(limit[i])
                if method in PUBLISHED:
                    row["peer"] = PUBLISHED[method][i]
                    row["ratio"] = row["value"] / row["peer"]
                yield row
