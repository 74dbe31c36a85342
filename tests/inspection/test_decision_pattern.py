"""Patterns of decisions: correlations of features and score, whatever the model."""

import numpy as np
import pytest

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.inspection import decision_pattern


def make(seed=0, n=60):
    rng = np.random.default_rng(seed)
    return Multimodal(
        fmri=(100 + rng.normal(size=(n, 4, 3, 2))).astype(np.float32),
        eeg=1e-5 * rng.normal(size=(n, 3, 5)),
    )


def test_it_is_the_correlation_of_each_feature():
    X = make()
    score = X["fmri"].data[:, 1, 2, 1] + 0.5 * np.random.default_rng(1).normal(size=60)
    found = decision_pattern(X, score)
    for name in X.modalities:
        flat = X[name].data.reshape(60, -1)
        expected = [np.corrcoef(column, score)[0, 1] for column in flat.T]
        np.testing.assert_allclose(found[name].ravel(), expected, atol=1e-3)
    assert np.unravel_index(found["fmri"].argmax(), (4, 3, 2)) == (1, 2, 1)


def test_a_feature_that_cancels_noise_has_weight_and_no_pattern():
    rng = np.random.default_rng(0)
    signal, noise = rng.normal(size=(2, 5000))
    X = Multimodal(a=np.column_stack([signal + noise, noise]))
    found = decision_pattern(X, X["a"].data @ [1.0, -1.0])["a"]
    assert found[0] > 0.6
    assert abs(found[1]) < 0.05


def test_missing_samples_and_constant_features():
    X = make()
    data = X["eeg"].data.copy()
    data[:5] = np.nan
    data[5:, 0, 0] = 3e-6
    score = np.arange(60.0)
    found = decision_pattern(X.replace(eeg=data), score)["eeg"]
    assert found[0, 0] == 0
    assert found[1, 1] == pytest.approx(np.corrcoef(data[5:, 1, 1], score[5:])[0, 1])


def test_bad_input():
    X = make()
    with pytest.raises(TypeError, match="Multimodal"):
        decision_pattern(np.asarray(X), np.ones(60))
    with pytest.raises(ValueError, match="inconsistent"):
        decision_pattern(X, np.ones(5))
    with pytest.raises(ValueError, match="3 are needed"):
        decision_pattern(X[:2], np.ones(2))
