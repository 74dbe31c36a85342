"""The public estimators, each with data it is for. A new estimator needs an entry here.

`TWO_DIMENSIONAL` holds those that take a plain matrix, which go through scikit-learn's own
checks; `CASES` those that take modalities or recordings, which go through `tests/contract.py`. An
estimator may stand in both.
"""

import mne
import numpy as np
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import NearMiss, RandomUnderSampler
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_neurofuse.compose import (
    FromFlat,
    ModalitySampler,
    ModalitySelector,
    ModalityTransformer,
)
from sklearn_neurofuse.containers import Block, Layout, Multimodal, SensorSpace, VolumeSpace
from sklearn_neurofuse.decomposition import CCAJointICA, JointICA, MultimodalCCA, ParallelICA
from tests.contract import Case

INFO = mne.create_info(["Fz", "Cz", "Pz"], 100.0, "eeg")
AFFINE = np.diag([3.0, 3.0, 4.0, 1.0])


def make_paired(seed, n_samples=24):
    """Make volumes and epochs with two sources in common, and a class they tell of."""
    rng = np.random.default_rng(seed)
    y = np.resize([0, 1, 0], n_samples)
    loadings = rng.normal(size=(n_samples, 2)) + y[:, None]
    # heavy tails, so that the maps can be told apart
    volumes = np.tensordot(loadings, rng.standard_t(2, size=(2, 4, 3, 2)), 1)
    epochs = np.tensordot(loadings, rng.standard_t(2, size=(2, 3, 8)), 1)
    volumes += rng.normal(scale=0.3, size=volumes.shape)
    epochs += rng.normal(scale=0.3, size=epochs.shape)
    X = Multimodal(fmri=Block(volumes, VolumeSpace(AFFINE)), eeg=Block(epochs, SensorSpace(INFO)))
    return X, y


def make_flat(seed):
    """Make the flat matrix of `make_paired`."""
    X, y = make_paired(seed)
    return np.asarray(X), y


LAYOUT = make_paired(0)[0].layout
# the same columns, another way to take them apart
OTHER_LAYOUT = Layout({"eeg": (3, 7), "fmri": (3, 3, 3)})

# class -> instances
TWO_DIMENSIONAL = {}

_ICA = {
    "n_components": 1,
    "max_iter": 300,
    "tol": 1e-3,
    "layout": LAYOUT,
    "random_state": 5,
}
_ICA_UNSEEN = {
    "max_iter": "bounds what has converged before",
    "layout": "is for flat matrices",
    "random_state": "starts elsewhere and ends in the same place",
}

CASES = [
    Case(
        estimator=ModalityTransformer([("fmri", PCA(2)), ("eeg", StandardScaler())]),
        make=make_paired,
        other={
            "transformers": [("fmri", StandardScaler()), ("eeg", MinMaxScaler())],
            "remainder": "drop",
            "n_jobs": 2,
            "verbose": False,
        },
        unseen={"remainder": "no modality remains", "verbose": "prints"},
    ),
    Case(
        estimator=ModalityTransformer([("fmri", StandardScaler())]),
        make=make_paired,
        other={
            "transformers": [("eeg", StandardScaler())],
            "remainder": "drop",
            "n_jobs": 2,
            "verbose": False,
        },
        unseen={"verbose": "prints"},
        name="ModalityTransformer-remainder",
    ),
    Case(
        estimator=ModalitySelector(["eeg", "fmri"]),
        make=make_paired,
        other={"modalities": "eeg"},
    ),
    Case(
        estimator=ModalitySampler(SMOTE(k_neighbors=2, random_state=0)),
        make=make_paired,
        other={"sampler": RandomUnderSampler(random_state=0)},
        name="ModalitySampler-makes",
    ),
    Case(
        estimator=ModalitySampler(RandomOverSampler(random_state=0)),
        make=make_paired,
        other={"sampler": NearMiss()},
        name="ModalitySampler-picks",
    ),
    Case(estimator=FromFlat(LAYOUT), make=make_flat, other={"layout": OTHER_LAYOUT}),
    Case(
        estimator=MultimodalCCA(2, random_state=0),
        make=make_paired,
        other={
            "n_components": 1,
            "regularization": 0.9,
            "scheme": "sumcor",
            "cv": 3,
            "n_permutations": 5,
            "layout": LAYOUT,
            "random_state": 1,
        },
        unseen={
            "scheme": "two modalities have one scheme",
            "cv": "estimates held-out correlations",
            "n_permutations": "estimates p values",
            "layout": "is for flat matrices",
            "random_state": "is for folds and permutations",
        },
    ),
    *[
        Case(
            estimator=Decomposition(2, tol=1e-7, random_state=0),
            make=make_paired,
            other={**_ICA, "algorithm": "picard", "contrast": "cube", "n_runs": 2},
            unseen={**_ICA_UNSEEN, "n_runs": "all runs end in the same place"},
        )
        for Decomposition in (JointICA, CCAJointICA)
    ],
    Case(
        estimator=ParallelICA(2, random_state=0),
        make=make_paired,
        other={**_ICA, "coupling": 0.0, "min_correlation": 0.99},
        unseen=_ICA_UNSEEN,
    ),
]
