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
    r"""Give the factor for `bootstrap_interval`, between 1 and 2.

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
    where there is nothing but noise, and 1 for a fixed rule: the factor is
    :math:`1 + \min(1, 4 (1 - r) / h)`, and 2 where there are not two repeats to compare.
    """
    if held_out == 0:
        return 1.0
    agreement = np.mean([_agreement(scores) for scores in _by_class(made.score)])
    if np.isnan(agreement):
        return 2.0
    return float(1 + np.clip(_WEIGHT * (1 - agreement) / held_out, 0, 1))


def _by_class(score):
    return [score] if score.ndim == 2 else np.moveaxis(score, 2, 0)


def _agreement(scores):
    """Give the mean rank correlation between repeats, NaN where there is none."""
    n_repeats = scores.shape[1]
    if n_repeats < 2:
        return np.nan
    table = pd.DataFrame(scores).corr(method="spearman").to_numpy()
    return float(np.mean(table[np.triu_indices(n_repeats, 1)]))
