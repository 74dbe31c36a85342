"""Local explanations of planted truth: time, hit rate, and what an ignored modality gets.

The class is planted in one parcel and one window of time; the samples explained are those that the
model classifies rightly. Time is that of 1,000 perturbations of one sample, in s. A hit is a sample
whose heaviest parcel and heaviest window are the planted ones. The peak of attention is looked
at where a conjunction was planted, since a class that a linear model tells needs no network.
"""

import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import ModalitySelector
from sklearn_neurofuse.containers import Block, VolumeSpace
from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.inspection import attention_maps, lime_explanation, modality_share
from sklearn_neurofuse.neural_network import FusionClassifier

_N_EXPLAINED = 10
_PARCELS = 4


def make_data(shape, n_samples):
    """Plant the class in one parcel of a grid and in one window, beside made noise."""
    made = make_multimodal_classification(n_samples, volume_shape=shape, random_state=0)
    rng = np.random.default_rng(0)
    sign = np.where(made.target == 1, 1.0, -1.0)
    volumes = rng.normal(size=(n_samples, *shape)).astype(np.float32)
    labels = make_parcels(shape)
    planted = int(labels.max()) // 2
    volumes[:, labels == planted] += 0.25 * sign[:, None]
    epochs = rng.normal(size=made.X["eeg"].shape).astype(np.float32)
    window = slice(100, 125)
    epochs[:, 8:12, window] += 0.5 * sign[:, None, None]
    X = Multimodal(
        fmri=Block(volumes, VolumeSpace(made.X["fmri"].space.affine)),
        eeg=Block(1e-5 * epochs, made.X["eeg"].space),
    )
    return X, made.target, labels, planted, window


def make_parcels(shape):
    """Number the cells of a grid, from one."""
    index = [np.arange(size) * _PARCELS // size for size in shape]
    x, y, z = np.meshgrid(*index, indexing="ij")
    return 1 + x + _PARCELS * y + _PARCELS**2 * z


def run(smoke):
    """Yield the figures."""
    shape, n_samples = ((8, 8, 8), 80) if smoke else ((24, 28, 24), 300)
    n_perturbations, n_explained = (100, 2) if smoke else (1000, _N_EXPLAINED)
    X, y, labels, planted, window = make_data(shape, n_samples)
    n_train = n_samples * 3 // 4
    names = X["eeg"].space.ch_names
    groups = {name: names[i : i + 4] for i, name in enumerate(names) if i % 4 == 0}
    units = {"atlas": labels, "channel_groups": groups, "window": 0.1}
    models = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(C=1e-3)),
        "network": FusionClassifier(random_state=0),
    }
    wanted = (f"parcel {planted}", f"{names[8]}, {time_of(X, window)}")
    for name, model in models.items():
        model.fit(X[:n_train], y[:n_train])
        right = n_train + np.flatnonzero(model.predict(X[n_train:]) == y[n_train:])
        hits, seconds = 0, []
        for row in right[:n_explained]:
            start = time.perf_counter()
            found = lime_explanation(
                model,
                X,
                int(row),
                units=units,
                n_perturbations=n_perturbations,
                n_repeats=1,
                random_state=0,
            )
            seconds.append(time.perf_counter() - start)
            hits += is_hit(found, wanted)
        yield {"name": f"{name}, time of one explanation", "value": float(np.median(seconds))}
        yield {
            "name": f"{name}, hits",
            "value": hits,
            "samples": min(n_explained, len(right)),
        }
    yield from attend(shape, n_samples)
    yield from ignore(X, y, n_train, units, n_perturbations)


def time_of(X, window):
    """Name a window as explanations do."""
    times = X["eeg"].space.times(X["eeg"].shape[2])
    return f"{times[window.start]:.3g} to {times[window.stop - 1] + 1 / X['eeg'].space.sfreq:.3g} s"


def is_hit(found, wanted):
    """Tell whether the heaviest parcel and the heaviest window are the planted ones."""
    table = found.to_frame()
    first = [table.loc[table["modality"] == name, "unit"].iloc[0] for name in ("fmri", "eeg")]
    return first == list(wanted)


def attend(shape, n_samples):
    """Yield how far the peak of attention is from where a conjunction was planted, in cells."""
    made = make_multimodal_classification(
        n_samples, regime="conjunction", volume_shape=shape, random_state=0
    )
    n_train = n_samples * 3 // 4
    model = FusionClassifier(random_state=0).fit(made.X[:n_train], made.target[:n_train])
    if not model.gate_:
        yield {"name": "attention: the gate is closed, the decision linear", "value": 0.0}
        return
    mean = attention_maps(model, made.X[n_train:]).maps["fmri"].mean(axis=0)
    peak = np.array(np.unravel_index(mean.argmax(), shape))
    affine = np.linalg.inv(made.X["fmri"].space.affine)
    planted = affine[:3, :3] @ made.location + affine[:3, 3]
    grid = np.array(model.net_.module_.encoders["on_fmri"].grid)
    cells = np.abs(peak - planted) * grid / shape
    yield {"name": "cells from peak of attention to planted place", "value": float(cells.max())}


def ignore(X, y, n_train, units, n_perturbations):
    """Yield the share of a modality that the model does not see."""
    model = make_pipeline(ModalitySelector(["eeg"]), StandardScaler(), LogisticRegression(C=1e-3))
    model.fit(X[:n_train], y[:n_train])
    found = lime_explanation(
        model, X, n_train, units=units, n_perturbations=n_perturbations, random_state=0
    )
    yield {"name": "share of an ignored modality, local", "value": found.modality_share["fmri"]}
    share = modality_share(model, X[n_train:], y[n_train:], random_state=0)
    yield {"name": "share of an ignored modality, permutation", "value": share["fmri"]}
