"""By how much the variance of a cross-validated figure exceeds what resampling tells."""

import numpy as np
import pandas as pd

# what a disagreement between the models of different folds counts for: holds the level on noise
# and covers what is expected of linear rules of 1 to 200 features (``benchmarks coverage``)
_WEIGHT = 4.0


def held_out_share(design):
    """Give the share of samples that a split holds out, 0 where none of them ever trains.

    Parameters
    ----------
    design : Design
        Splits and samples.

    Returns
    -------
    float
        In [0, 1).
    """
    trained = np.unique(np.concatenate([train for train, _ in design.splits]))
    tested = np.concatenate([test for _, test in design.splits])
    if not np.isin(tested, trained).any():
        return 0.0
    return float(np.mean([len(test) / (len(train) + len(test)) for train, test in design.splits]))


def design_effect(made, held_out):
    r"""Give the factor for `bootstrap_interval`, between 1 and a little above 2.

    Parameters
    ----------
    made : OutOfFold
        Predictions of units.
    held_out : float
        As `held_out_share` gives it.

    Returns
    -------
    float
        1 for a set that trains nothing, or one and the same rule in all folds.

    Notes
    -----
    Each two groups meet twice in a cross-validation, once with either as the test. What depends on
    such pairs has twice the variance that resampled predictions tell; what depends on the test
    samples alone, as with a fixed rule, has no more. Scores of one sample by models of two repeats,
    whose training sets share all but a share :math:`h`, have the rank correlation :math:`1 - h`
    where there is nothing but noise, and 1 for a fixed rule. The factor is

    .. math:: 1 + \frac{\min(1, 4 (1 - r) / h)}{1 - h},

    at most that of Nadeau and Bengio [1]_ for K folds, :math:`1 + K / (K - 1)`, which is taken
    too where there are not two repeats to compare.

    References
    ----------
    .. [1] Nadeau, C., & Bengio, Y. (2003). Inference for the generalization error. Machine
       Learning, 52, 239-281. doi:10.1023/A:1024068626366
    """
    if held_out == 0:
        return 1.0
    agreement = np.mean([_agreement(scores) for scores in _by_class(made.score)])
    share = 1.0 if np.isnan(agreement) else _WEIGHT * (1 - agreement) / held_out
    return float(1 + np.clip(share, 0, 1) / (1 - held_out))


def _by_class(score):
    return [score] if score.ndim == 2 else np.moveaxis(score, 2, 0)


def _agreement(scores):
    """Give the mean rank correlation between repeats, NaN where there is none."""
    n_repeats = scores.shape[1]
    if n_repeats < 2:
        return np.nan
    table = pd.DataFrame(scores).corr(method="spearman").to_numpy()
    return float(np.mean(table[np.triu_indices(n_repeats, 1)]))
