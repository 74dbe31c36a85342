"""The container against bare NumPy and against the flat matrix: time, and peak memory.

Times are the median CPU time of alternating repeats of ours and the peer's, so that what else the
machine does counts little. Memory is the peak of the
resident anonymous pages (``RssAnon`` of ``/proc/self/status``) above what a fresh process had
before it began, sampled every few milliseconds: what the process allocates, without the pages of
mapped files, which the system takes back when it wants to.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse import Multimodal


class NearestMean(ClassifierMixin, BaseEstimator):
    """The nearest class mean, taken modality by modality: the container is never flattened."""

    def fit(self, X, y):
        """Average each class."""
        self.classes_ = np.unique(y)
        self.means_ = {
            name: np.stack([_mean(X[name].data, np.flatnonzero(y == c)) for c in self.classes_])
            for name in X.modalities
        }
        return self

    def predict(self, X):
        """Give the class of the nearest mean."""
        distances = sum(
            np.stack([[np.square(row - mean).sum() for mean in means] for row in X[name].data])
            for name, means in self.means_.items()
        )
        return self.classes_[distances.argmin(axis=1)]


def _mean(data, rows):
    total = np.zeros(data.shape[1:])
    for row in rows:
        total += data[row]
    return total / len(rows)


def make_data(n_samples, volume, epochs):
    """Make volumes and epochs of noise with a faint class in them."""
    rng = np.random.default_rng(0)
    y = np.arange(n_samples) % 2
    blocks = {
        name: rng.standard_normal((n_samples, *shape), dtype=np.float32)
        for name, shape in {"fmri": volume, "eeg": epochs}.items()
    }
    for data in blocks.values():
        data[y == 1, 0] += 0.3
    return Multimodal(**blocks), y


def compare(ours, peer, repeats):
    """Time two functions in turn; give the medians in s of CPU time."""
    ours(), peer()
    times = {ours: [], peer: []}
    for repeat in range(repeats):
        for function in (ours, peer) if repeat % 2 else (peer, ours):
            start = time.process_time()
            taken = function()
            times[function].append(time.process_time() - start)
            del taken
    return median(times[ours]), median(times[peer])


def numbers(X):
    """Ask for the numbers of each modality."""
    return [X[name].data for name in X.modalities]


def time_rows(X, repeats):
    """Take rows of the container, and of its arrays by bare fancy indexing."""
    arrays = numbers(X)
    shuffled = np.random.default_rng(0).permutation(len(X))
    selectors = {
        "nine tenths": np.sort(shuffled[: int(0.9 * len(X))]),
        "batch of 32": shuffled[:32],
        "mask": np.arange(len(X)) % 3 > 0,
    }
    for name, rows in selectors.items():
        # a container takes rows when their numbers are asked for: they are
        ours, peer = compare(
            lambda rows=rows: numbers(X[rows]),
            lambda rows=rows: [array[rows] for array in arrays],
            repeats,
        )
        yield {
            "name": f"rows, {name}",
            "value": ours,
            "peer": peer,
            "unit": "s",
            "ratio": ours / peer,
        }


def time_cross_validation(X, y, repeats):
    """Cross-validate linear models on the container and on the flat matrix."""
    flat = np.asarray(X)
    models = {
        "logistic": LogisticRegression(),
        "ridge": RidgeClassifier(),
        "scaled logistic": make_pipeline(StandardScaler(), LogisticRegression()),
    }
    for name, model in models.items():
        ours, peer = compare(
            lambda model=model: cross_val_score(model, X, y, cv=5),
            lambda model=model: cross_val_score(model, flat, y, cv=5),
            repeats,
        )
        yield {
            "name": f"cross_val_score, {name}",
            "value": ours,
            "peer": peer,
            "unit": "s",
            "ratio": ours / peer,
        }


MODELS = {"linear": lambda: LogisticRegression(C=1e-3, max_iter=5), "modalities": NearestMean}
FOLDS = 10


def write_maps(folder, n_samples, volume, epochs):
    """Write blocks as files, a few samples at a time."""
    rng = np.random.default_rng(0)
    for name, shape in {"fmri": volume, "eeg": epochs}.items():
        data = np.lib.format.open_memmap(
            folder / f"{name}.npy", "w+", np.float32, (n_samples, *shape)
        )
        for row in range(n_samples):
            data[row] = rng.standard_normal(shape, dtype=np.float32)
            data[row, 0] += 0.3 * (row % 2)
        data.flush()


def cross_validate_maps(folder, model):
    """Cross-validate a model on mapped blocks in this process; give the peak memory in bytes."""
    maps = {path.stem: np.load(path, mmap_mode="r") for path in sorted(Path(folder).glob("*.npy"))}
    X = Multimodal(**maps)
    y = np.arange(len(X)) % 2
    cv = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    # what the first use of a linear model loads is not the container's
    LogisticRegression().fit(np.eye(4), [0, 1, 0, 1])
    with peak_anonymous() as peak:
        scores = cross_val_score(MODELS[model](), X, y, cv=cv, error_score="raise")
    train = X.nbytes * (1 - 1 / FOLDS)
    return {"peak": peak.bytes, "train": train, "score": float(scores.mean())}


def measure_maps(folder, model):
    """Cross-validate in a fresh process."""
    code = (
        "import json, sys; from benchmarks.bench_container import cross_validate_maps; "
        "print(json.dumps(cross_validate_maps(*sys.argv[1:])))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(folder), model]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(told.splitlines()[-1])


def run(smoke):
    """Yield the figures."""
    size = (60, (8, 8, 8), (8, 50)) if smoke else (400, (30, 36, 30), (32, 250))
    X, y = make_data(*size)
    yield from time_rows(X, 5 if smoke else 15)
    yield from time_cross_validation(X, y, 2 if smoke else 5)
    # 4.3 GB in full
    size = (200, (32, 32, 32), (32, 250)) if smoke else (3000, (64, 76, 64), (64, 750))
    with tempfile.TemporaryDirectory() as folder:
        write_maps(Path(folder), *size)
        for model in MODELS:
            found = measure_maps(folder, model)
            yield {
                "name": f"mapped, {model}, {FOLDS} folds",
                "value": found["peak"],
                "peer": found["train"],
                "unit": "B",
                "accuracy": found["score"],
                "ratio": found["peak"] / found["train"],
            }
