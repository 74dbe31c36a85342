"""Joint ICA against CCA and joint ICA where loadings differ, beside the published figures.

The setting is that of Sui et al. (2010), :doi:`10.1016/j.neuroimage.2010.01.069`, Table 1, as far
as the paper tells it: two tasks, six sources, their links and the peak signal-to-noise ratio of 10
dB (see :func:`sklearn_neurofuse.datasets.make_linked_sources`); 200 subjects and uniform sources.
A figure is the absolute correlation of the true loadings, or map, of one source with the estimated
ones most like it, the mean over both tasks and over draws; the published figures stand as
peer of the maps (loadings that two tasks share cannot reach those of the second source).
``limit`` is what regression of the data on the true loadings gives of a map in this noise.
scikit-learn's FastICA on the normalised tasks side by side is the second implementation of
joint ICA. The third and fourth source compete for what the others leave of the subspace: their
figures differ most between draws, as ``spread`` (standard error of the mean) tells.
"""

import numpy as np
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
    ica = FastICA(N_SOURCES, whiten="unit-variance", max_iter=2000, random_state=0)
    maps = np.split(ica.fit_transform(joint.T).T, len(blocks), axis=1)
    return {name: (part, ica.mixing_.T) for name, part in zip(X.modalities, maps, strict=True)}


METHODS = {
    "joint ICA": lambda X: fit_own(JointICA, X),
    "joint ICA of scikit-learn": fit_scikit_learn,
    "CCA + joint ICA": lambda X: fit_own(CCAJointICA, X),
    "parallel ICA": lambda X: fit_own(ParallelICA, X),
}


def similarity(truth, found):
    """Give the largest absolute correlation of each true row with a found one."""
    return np.abs(np.corrcoef(truth, found)[: len(truth), len(truth) :]).max(axis=1)


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
    n_draws, shape = (2, (10, 12, 10)) if smoke else (20, (24, 28, 24))
    sets = [
        make_linked_sources(
            200,
            correlations="sui2010",
            distribution="sub",
            volume_shape=shape,
            random_state=seed,
        )
        for seed in range(n_draws)
    ]
    for method in METHODS:
        draws = np.array([recover(method, data) for data in sets])
        loading, image, limit = draws.mean(axis=0)
        errors = draws.std(axis=0, ddof=1) / np.sqrt(n_draws)
        for i, link in enumerate(sets[0].correlations):
            of = f"source {i + 1}, link {link:.3g}"
            yield {
                "name": f"{method}, loading of {of}",
                "value": float(loading[i]),
                "spread": float(errors[0, i]),
            }
            row = {
                "name": f"{method}, map of {of}",
                "value": image[i],
                "spread": errors[1, i],
                "limit": limit[i],
            }
            if method in PUBLISHED:
                row |= {"peer": PUBLISHED[method][i], "ratio": image[i] / PUBLISHED[method][i]}
            yield {key: x if key == "name" else float(x) for key, x in row.items()}
