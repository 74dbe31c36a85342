"""Small logistic regressions against scikit-learn, and what calibration makes of them."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from sklearn_neurofuse.metrics._logistic import calibration, fit_logistic, partial_deviance


@pytest.fixture
def problem(rng):
    X = rng.standard_normal((80, 2))
    y = rng.uniform(size=80) < expit(X @ [1.0, -0.5] + 0.3)
    return X, y


def test_as_scikit_learn_for_every_weighting(problem, rng):
    X, y = problem
    weights = rng.integers(0, 4, (5, 80)).astype(float)
    found, deviance = fit_logistic(X, y, weights)
    for row, loss, weight in zip(found, deviance, weights, strict=True):
        model = LogisticRegression(C=1e3, tol=1e-10, max_iter=10_000)
        model.fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(row, [model.intercept_[0], *model.coef_[0]], atol=1e-4)
        expected = 2 * log_loss(y, model.predict_proba(X)[:, 1], sample_weight=weight)
        assert loss == pytest.approx(expected * weight.sum(), rel=1e-4)


def test_separated_samples_stay_finite():
    x = np.linspace(-1, 1, 20)[:, None]
    found, deviance = fit_logistic(x, x[:, 0] > 0, np.ones((1, 20)))
    assert np.isfinite(found).all()
    assert deviance[0] < 1


def test_calibration(rng):
    probability = rng.uniform(0.05, 0.95, 20_000)
    y = rng.uniform(size=20_000) < probability
    weights = np.ones((1, 20_000))
    right = calibration(y, probability, weights)
    assert right["calibration slope"][0] == pytest.approx(1, abs=0.05)
    assert right["calibration in the large"][0] == pytest.approx(0, abs=0.05)
    bold = calibration(y, expit(2 * logit(probability)), weights)
    assert bold["calibration slope"][0] == pytest.approx(0.5, abs=0.03)
    high = calibration(y, expit(logit(probability) + 1), weights)
    assert high["calibration in the large"][0] == pytest.approx(-1, abs=0.05)


def test_partial_deviance(rng):
    confound = rng.standard_normal(500)
    own = rng.standard_normal(500)
    y = rng.uniform(size=500) < expit(confound + own)
    weights = np.ones((1, 500))
    both = partial_deviance(y, own, confound, weights)
    assert both["partial"][0] == pytest.approx(both["both"][0] - both["confounds"][0])
    assert both["partial"][0] > 0.08
    same = partial_deviance(y, confound + 1e-3 * own, confound, weights)
    assert same["partial"][0] < 0.02
    assert same["model"][0] == pytest.approx(same["confounds"][0], abs=1e-3)
