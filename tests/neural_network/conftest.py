"""Small data for the networks."""

import numpy as np
import pytest
import torch

from sklearn_neurofuse.datasets import make_multimodal_classification
from tests.neural_network.cases import make_conjunction


@pytest.fixture(scope="session")
def planted():
    """Give a function that makes planted samples of a regime, remembered."""
    made = {}

    def make(regime="conjunction", n_samples=240, **settings):
        key = regime, n_samples, *sorted(settings.items())
        if key not in made:
            made[key] = make_multimodal_classification(
                n_samples,
                regime=regime,
                volume_shape=(10, 12, 10),
                n_channels=8,
                n_times=60,
                sfreq=100.0,
                random_state=3,
                **settings,
            )
        return made[key]

    return make


@pytest.fixture
def conjunction():
    """Give clear samples of a conjunction, tiny."""
    return make_conjunction(0)


@pytest.fixture
def tokens():
    """Give tokens of two modalities and who is present."""
    generator = torch.Generator().manual_seed(0)
    made = {
        "fmri": torch.randn(6, 8, 16, generator=generator),
        "eeg": torch.randn(6, 5, 16, generator=generator),
    }
    present = torch.ones(6, 2, dtype=bool)
    present[1, 0] = present[2, 1] = False
    return made, present


def flat_sums(maps):
    """Sum maps of all modalities for each sample."""
    return np.sum([x.reshape(len(x), -1).sum(axis=1) for x in maps.values()], axis=0)
