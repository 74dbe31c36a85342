"""Data of the composite estimators' tests."""

import numpy as np
import pytest

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.containers import Block, ConnectomeSpace


@pytest.fixture
def paired(make_multimodal):
    """Give 24 samples of volumes, epochs and a connectome, and two classes."""
    rng = np.random.default_rng(3)
    labels = ConnectomeSpace(["a", "b", "c", "d"])
    X = make_multimodal(24).replace(links=Block(rng.standard_normal((24, 6)), labels))
    return X, np.repeat([0, 1], 12)


@pytest.fixture
def gappy(paired):
    """Give the same with epochs missing in samples 2, 3 and 20."""
    X, y = paired
    eeg = np.array(X["eeg"])
    eeg[[2, 3, 20]] = np.nan
    return Multimodal(fmri=X["fmri"], eeg=Block(eeg, X["eeg"].space), links=X["links"]), y
