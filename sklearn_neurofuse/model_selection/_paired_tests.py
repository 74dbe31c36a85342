"""Tests of the difference between two models on the folds of a repeated cross-validation."""

from typing import NamedTuple

import numpy as np
from scipy.stats import t as student


class PairedTest(NamedTuple):
    """What two models' scores on the same folds say about their difference.

    Attributes
    ----------
    difference, low, high : float
        Mean difference and its 95 % interval.
    standard_error : float
        Corrected for folds that share training samples.
    p_value : float
        Two-sided, that the difference is 0.
    p_better, p_equivalent, p_worse : float
        Posterior probabilities that the difference lies above, in and below the region of
        practical equivalence.
    """

    difference: float
    low: float
    high: float
    standard_error: float
    p_value: float
    p_better: float
    p_equivalent: float
    p_worse: float


def correlated_t_test(differences, ratio, rope):
    r"""Compare two models by their scores on the folds of a repeated cross-validation.

    Parameters
    ----------
    differences : ndarray of shape (n_splits,)
        Differences of the scores in each split.
    ratio : float
        Number of test samples for each training sample.
    rope : float
        Differences up to this are practically none.

    Returns
    -------
    PairedTest
        The result.

    Notes
    -----
    Splits share training samples, so the variance of the mean of J differences with variance
    :math:`s^2` is taken as [1]_

    .. math:: \left(\frac{1}{J} + \frac{n_\mathrm{test}}{n_\mathrm{train}}\right) s^2 ,

    and the statistic has Student's distribution with J - 1 degrees of freedom. With a flat prior
    the posterior of the difference is the same distribution around its mean [2]_, [3]_, of which
    the shares below, in and above the region of practical equivalence are taken.

    References
    ----------
    .. [1] Nadeau, C., & Bengio, Y. (2003). Inference for the generalization error. Machine
       Learning, 52, 239-281. doi:10.1023/A:1024068626366
    .. [2] Corani, G., & Benavoli, A. (2015). A Bayesian approach for comparing cross-validated
       algorithms on multiple data sets. Machine Learning, 100, 285-304.
       doi:10.1007/s10994-015-5486-z
    .. [3] Benavoli, A., Corani, G., Demšar, J., & Zaffalon, M. (2017). Time for a change: a
       tutorial for comparing multiple classifiers through Bayesian analysis. Journal of Machine
       Learning Research, 18(77), 1-36. https://jmlr.org/papers/v18/16-305.html
    """
    differences = differences[~np.isnan(differences)]
    if len(differences) < 2:
        return PairedTest(*[np.nan] * 8)
    mean = float(differences.mean())
    spread = float(np.sqrt((1 / len(differences) + ratio) * differences.var(ddof=1)))
    if spread == 0:
        worse, better = float(mean < -rope), float(mean > rope)
        p_value = 1.0 if mean == 0 else 0.0
        return PairedTest(mean, mean, mean, 0.0, p_value, better, 1 - better - worse, worse)
    law = student(len(differences) - 1, mean, spread)
    low, high = law.interval(0.95)
    worse, better = law.cdf(-rope), law.sf(rope)
    p_value = 2 * student.sf(abs(mean) / spread, len(differences) - 1)
    return PairedTest(
        mean, float(low), float(high), spread, float(p_value), float(better),
        float(1 - better - worse), float(worse),
    )  # fmt: skip


def holm(p_values):
    """Adjust p-values for their number, as Holm does.

    Parameters
    ----------
    p_values : ndarray of shape (n_tests,)
        NaN is left as it is.

    Returns
    -------
    ndarray of shape (n_tests,)
        Adjusted ones.

    References
    ----------
    .. [1] Holm, S. (1979). A simple sequentially rejective multiple test procedure.
       Scandinavian Journal of Statistics, 6(2), 65-70.
    """
    p_values = np.asarray(p_values, float)
    adjusted = p_values.copy()
    told = np.flatnonzero(~np.isnan(p_values))
    order = told[np.argsort(p_values[told])]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


def oriented(pairs, one, other):
    """Give the comparison of two models, the first minus the second.

    Parameters
    ----------
    pairs : DataFrame
        Columns model, other and those of `PairedTest`; each two models once.
    one, other : str
        Names of models.

    Returns
    -------
    dict
        The row, turned round where need be.
    """
    rows = pairs.set_index(["model", "other"])
    if (one, other) in rows.index:
        return rows.loc[(one, other)].to_dict()
    row = rows.loc[(other, one)].to_dict()
    turned = {"difference": -row["difference"], "low": -row["high"], "high": -row["low"]}
    return row | turned | {"p_better": row["p_worse"], "p_worse": row["p_better"]}
