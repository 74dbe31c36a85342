"""The networks for `tests/contract.py` and for scikit-learn's own checks."""

import numpy as np

from sklearn_neurofuse.neural_network import FusionClassifier, FusionRegressor
from tests.contract import Case
from tests.samples import LAYOUT, make_paired

_FAST = {"max_epochs": 2, "lr": 0.01}
# a conjunction so clear that the gate opens and every parameter shows
_OTHER = {
    "fusion": "concat",
    "encoders": {"fmri": None},
    "parts": ("linear", "products"),
    "n_components": 2,
    "n_members": 1,
    "augmentation": {"noise": 0.5},
    "training": {"max_epochs": 1, "lr": 0.1},
    "layout": LAYOUT,
    "random_state": 1,
}
_UNSEEN = {"layout": "is for flat matrices"}


def make_conjunction(seed):
    """Make volumes and epochs whose class is the product of a sign in either."""
    X, _ = make_paired(seed, 48)
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1.0, 1.0], (2, len(X)))
    fmri, eeg = np.array(X["fmri"].data), np.array(X["eeg"].data)
    fmri[:, 0] += 8.0 * signs[0, :, None, None]
    eeg[:, 0] += 8.0 * signs[1, :, None]
    return X.replace(fmri=fmri, eeg=eeg), (signs[0] * signs[1] > 0).astype(int)


def make_product(seed):
    """Make the same with a number instead of the class."""
    X, y = make_conjunction(seed)
    return X, 2.0 * y - 1.0


CASES = [
    Case(
        estimator=FusionClassifier(training=_FAST, random_state=0),
        make=make_conjunction,
        other={**_OTHER, "class_weight": {0: 1.0, 1: 3.0}},
        unseen=_UNSEEN,
        tolerance=2e-4,
    ),
    Case(
        estimator=FusionRegressor(training=_FAST, random_state=0),
        make=make_product,
        other=_OTHER,
        unseen=_UNSEEN,
        tolerance=2e-4,
    ),
]
TWO_DIMENSIONAL = [
    FusionClassifier(training={"max_epochs": 2}, random_state=0),
    FusionRegressor(training={"max_epochs": 2}, random_state=0),
]
