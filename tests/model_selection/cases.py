"""The estimators of `model_selection` for `tests/contract.py` and scikit-learn's checks."""

import numpy as np

from sklearn_neurofuse.model_selection import ConfoundResidualizer
from tests.contract import Case
from tests.samples import make_paired


def make_confounded(seed=0):
    """Make paired samples with a modality of confounds."""
    X, y = make_paired(seed)
    confounds = np.random.default_rng(seed + 100).normal(size=(len(X), 2))
    return X.replace(confounds=confounds), y


CASES = [
    Case(
        estimator=ConfoundResidualizer(),
        make=make_confounded,
        other={"confounds": "eeg", "drop": False},
    ),
]
TWO_DIMENSIONAL = [ConfoundResidualizer([0]), ConfoundResidualizer([0], drop=False)]
