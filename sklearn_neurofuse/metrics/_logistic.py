"""Small logistic regressions of many weightings of the same samples at once."""

import numpy as np
from scipy.special import expit, logit

# keeps separated samples from infinite coefficients
_RIDGE = 1e-3
_STEPS, _TOLERANCE = 50, 1e-8


def fit_logistic(features, is_positive, weights, offset=0.0):
    """Fit logistic regressions with an intercept by Newton's method.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_features)
        A few features, about standardised.
    is_positive : ndarray of bool of shape (n_samples,)
        The target.
    weights : ndarray of shape (n_fits, n_samples)
        Weights of the samples in each fit.
    offset : ndarray of shape (n_samples,), default=0.0
        Added to each linear predictor.

    Returns
    -------
    coefficients : ndarray of shape (n_fits, 1 + n_features)
        Intercept first.
    deviance : ndarray of shape (n_fits,)
        Twice the negative log likelihood.
    """
    design = np.column_stack([np.ones(len(is_positive)), features])
    n_terms = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(design), -1)
    coefficients = np.zeros((len(weights), n_terms))
    penalty = _RIDGE * np.diag([0.0] + [1.0] * (n_terms - 1))
    for _ in range(_STEPS):
        chance = expit(coefficients @ design.T + offset)
        gradient = (weights * (is_positive - chance)) @ design - coefficients @ penalty
        curvature = weights * np.clip(chance * (1 - chance), 1e-10, None)
        hessian = (curvature @ products).reshape(-1, n_terms, n_terms) + penalty
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        # a long step is one from the flat end of the curve
        step /= np.maximum(1, np.abs(step).max(axis=1, keepdims=True) / 5)
        coefficients = coefficients + step
        if np.abs(step).max() < _TOLERANCE:
            break
    chance = np.clip(expit(coefficients @ design.T + offset), 1e-12, 1 - 1e-12)
    likelihood = np.where(is_positive, np.log(chance), np.log1p(-chance))
    return coefficients, -2 * np.sum(weights * likelihood, axis=1)


def calibration(is_positive, probability, weights):
    """Compare probabilities with what was.

    Parameters
    ----------
    is_positive : ndarray of bool of shape (n_samples,)
        What was.
    probability : ndarray of shape (n_samples,)
        Probabilities of the positive class.
    weights : ndarray of shape (n_fits, n_samples)
        Weights of the samples.

    Returns
    -------
    dict of str to ndarray of shape (n_fits,)
        ``"calibration slope"``, 1 where scores are as spread as they should be and below where
        they are overconfident; ``"calibration in the large"``, the intercept given slope 1, 0
        where they are right on average.
    """
    score = logit(np.clip(probability, 1e-6, 1 - 1e-6))
    slope = fit_logistic(score[:, None], is_positive, weights)[0][:, 1]
    large = fit_logistic(np.empty((len(score), 0)), is_positive, weights, score)[0][:, 0]
    return {"calibration slope": slope, "calibration in the large": large}


def partial_deviance(is_positive, score, reference, weights):
    """Give what share of the deviance a score explains over and above another.

    Parameters
    ----------
    is_positive : ndarray of bool of shape (n_samples,)
        What is explained.
    score, reference : ndarray of shape (n_samples,)
        The score, and what is known without it.
    weights : ndarray of shape (n_fits, n_samples)
        Weights of the samples.

    Returns
    -------
    dict of str to ndarray of shape (n_fits,)
        Shares of the deviance: ``"confounds"``, ``"model"``, ``"both"`` and ``"partial"``, which
        is both minus confounds.
    """
    score, reference = (_standardised(values) for values in (score, reference))
    sets = {
        "none": np.empty((len(score), 0)),
        "confounds": reference[:, None],
        "model": score[:, None],
        "both": np.column_stack([reference, score]),
    }
    deviance = {name: fit_logistic(f, is_positive, weights)[1] for name, f in sets.items()}
    shares = {name: 1 - deviance[name] / deviance["none"] for name in list(sets)[1:]}
    return {**shares, "partial": shares["both"] - shares["confounds"]}


def _standardised(values):
    spread = values.std()
    return (values - values.mean()) / (spread if spread > 0 else 1.0)
