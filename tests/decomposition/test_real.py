"""Classical fusion of simultaneous EEG and fMRI of patients and controls."""

import numpy as np
import pytest
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score

from sklearn_neurofuse.datasets import fetch_tle_connectomes
from sklearn_neurofuse.decomposition import MultimodalCCA, fusion_baseline


@pytest.fixture
def patients(real_data):
    """Give the connectomes, and whether a person is a patient."""
    data = fetch_tle_connectomes(data_home=real_data("tle-connectomes").parent)
    return data.X, (np.asarray(data.target) != 0).astype(int)


@pytest.mark.parametrize(
    ("model", "least"), [("cca", 0.8), ("jica", 0.85), ("cca+jica", 0.85), ("pica", 0.8)]
)
def test_tells_patients_from_controls(patients, model, least):
    X, y = patients
    cv = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
    scores = cross_val_score(
        fusion_baseline(model, X, random_state=0), X, y, cv=cv, scoring="roc_auc"
    )
    assert scores.mean() > least


def test_in_sample_correlation_of_connectomes_flatters(patients):
    X, _ = patients
    cca = MultimodalCCA(1, random_state=0).fit(X)
    assert cca.correlations_[0] > 0.9
    assert cca.cv_correlations_[0] < 0.5
    assert cca.components_img("fmri").shape == (1, 68, 68)
