"""Net benefit of decisions, for decision curves."""

import numpy as np
import pandas as pd


def decision_curve(is_positive, probability, thresholds):
    r"""Give the net benefit of treating those whose probability reaches each threshold.

    Parameters
    ----------
    is_positive : ndarray of bool of shape (n_samples,)
        Who has the condition.
    probability : ndarray of shape (n_samples,) or (n_samples, n_repeats)
        Probabilities that they have; over repeats the net benefit is averaged.
    thresholds : ndarray of shape (n_thresholds,)
        Probabilities in (0, 1) from which on somebody would be treated.

    Returns
    -------
    DataFrame
        Columns threshold, model, treat_all and treat_none.

    Notes
    -----
    With threshold :math:`p_t`, true positives and false positives among n [1]_,

    .. math:: \frac{\mathrm{TP}}{n} - \frac{\mathrm{FP}}{n} \frac{p_t}{1 - p_t}.

    References
    ----------
    .. [1] Vickers, A. J., & Elkin, E. B. (2006). Decision curve analysis: a novel method for
       evaluating prediction models. Medical Decision Making, 26(6), 565-574.
       doi:10.1177/0272989X06295361
    """
    probability = probability.reshape(len(is_positive), -1)
    odds = thresholds / (1 - thresholds)
    treated = probability[..., None] >= thresholds
    hits = np.mean(treated & is_positive[:, None, None], axis=(0, 1))
    alarms = np.mean(treated & ~is_positive[:, None, None], axis=(0, 1))
    prevalence = is_positive.mean()
    return pd.DataFrame(
        {
            "threshold": thresholds,
            "model": hits - alarms * odds,
            "treat_all": prevalence - (1 - prevalence) * odds,
            "treat_none": 0.0,
        }
    )
