"""Bootstrap intervals of a metric, whole groups drawn together."""

from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_consistent_length, check_random_state

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.metrics._limits import (
    LIMITS_OF,
    Resamples,
    groups_in_play,
    over_chunks,
    spread_of,
)
from sklearn_neurofuse.metrics._statistic import (
    OWNER,
    difference,
    make_statistic,
    named_metric,
)
from sklearn_neurofuse.metrics._weighted import METRICS, limits


class BootstrapInterval(NamedTuple):
    """What `bootstrap_interval` gives."""

    low: float
    high: float
    estimate: float
    standard_error: float


def bootstrap_interval(
    metric,
    y_true,
    y_pred,
    *,
    reference=None,
    groups=None,
    stratify=None,
    method="percentile",
    confidence_level=0.95,
    n_resamples=2000,
    pos_label=None,
    prevalence=None,
    design_effect=1.0,
    random_state=None,
):
    r"""Give a bootstrap interval of a metric of predictions.

    Samples of one person are not independent, so with `groups` whole groups are drawn [1]_;
    with `stratify` each stratum keeps its number of groups, as where patients and controls were
    recruited in fixed numbers.

    Parameters
    ----------
    metric : str or callable
        ``"roc_auc"``, ``"average_precision"``, ``"brier"``, ``"accuracy"``,
        ``"balanced_accuracy"``, ``"precision"``, ``"recall"``, ``"specificity"``, ``"npv"``,
        ``"f1"``, ``"informedness"``, ``"markedness"`` or ``"mcc"``, which are evaluated for all
        resamples at once; with more than two classes, figures of a single class are averaged
        over the classes. A callable gets the drawn rows, ``metric(y_true, y_pred) -> float``,
        and gives NaN where it is not defined.
    y_true : array-like of shape (n_samples,)
        True labels.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_columns[, n_classes])
        Predicted labels; scores for ``"roc_auc"`` and ``"average_precision"``; probabilities
        for ``"brier"``; for a callable whatever it takes, with samples along the first axis.
        With a named metric, columns stand for the repeats or folds of a cross-validation, NaN
        where a sample was not predicted, and the metric is the mean of the columns in which it
        is defined. Scores of more than two classes have a third axis, in the order of the
        labels.
    reference : array-like, default=None
        Other predictions of the same samples, in the form of `y_pred`. Given these, it is all
        about the difference of the metric, `y_pred` minus `reference`, on the same resamples.
    groups : array-like of shape (n_samples,), default=None
        Whole groups are drawn together; None makes each sample its own.
    stratify : array-like of shape (n_samples,), default=None
        Strata, constant within each group; None is one stratum.
    method : {"percentile", "bca", "score"}, default="percentile"
        Percentiles of the resamples; bias-corrected and accelerated ones [2]_, the acceleration
        from leaving out one group at a time; or the score interval of a rate with the standard
        error of the resamples and Student's t, which holds its level with few groups where the
        others are too short.
    confidence_level : float, default=0.95
        In (0, 1).
    n_resamples : int, default=2000
        How often is drawn.
    pos_label : label, default=None
        The positive class of the named binary metrics; None is the last in order.
    prevalence : float, default=None
        Share of positives for which ``"precision"`` and ``"npv"`` are given, in (0, 1), from
        recall and specificity by Bayes' rule; None is that of the samples.
    design_effect : float, default=1.0
        How many times the variance exceeds that of the resamples, positive: 1 to 2.25 for
        predictions of a five-fold cross-validation (see Notes).
    random_state : int, RandomState instance or None, default=None
        Draws the resamples.

    Returns
    -------
    BootstrapInterval
        Named tuple of floats ``low``, ``high``, ``estimate`` (the metric of the samples as they
        are) and ``standard_error`` (standard deviation over the resamples).

    Raises
    ------
    TypeError
        If a number is of the wrong kind.
    ValueError
        If a parameter is out of bounds, lengths differ, a group lies in several strata, there
        are fewer than two groups in every stratum, the metric is not defined on the samples
        or on most resamples, or ``"bca"`` is not defined because the estimate lies outside all
        resamples.

    Notes
    -----
    With :math:`z_0` the normal quantile of the share of resamples below the estimate (ties
    count half), the limits of ``"bca"`` are the resamples' quantiles at

    .. math:: \Phi\left(z_0 + \frac{z_0 + z_\alpha}{1 - a (z_0 + z_\alpha)}\right), \quad
        a = \frac{\sum_h n_h^{-3} \sum_j l_{hj}^3}{6 (\sum_h n_h^{-2} \sum_j l_{hj}^2)^{3/2}},

    where :math:`l_{hj} = (n_h - 1) (\bar t_h - t_{-hj})` and :math:`t_{-hj}` is the metric
    without group :math:`j` of stratum :math:`h` [1]_.

    Where the metric is not defined in a resample, as ROC AUC without one of the classes, the
    resample is left out; if that is more than half of them it is an error, which `stratify`
    avoids. Where all resamples agree, for example when all predictions are right, the
    acceleration is taken as 0 and the interval of the first two methods has no width: it then
    says nothing about the uncertainty.

    The limits of ``"score"`` are those of Wilson [3]_ for a rate :math:`p` with the effective
    number of samples :math:`\tilde n = p (1 - p) / s^2` [4]_, where :math:`s` is the standard
    error times :math:`\sqrt{G / (G - S)}` with G groups in S strata, and the quantile
    :math:`t` is that of Student's distribution with G - S degrees of freedom,

    .. math:: \left(p + \frac{t^2}{2 \tilde n} \pm t \sqrt{\frac{p (1 - p)}{\tilde n}
        + \frac{t^2}{4 \tilde n^2}}\right) \Big/ \left(1 + \frac{t^2}{\tilde n}\right).

    For recall and specificity G counts the groups that hold a sample of the class. Where all
    resamples agree, :math:`\tilde n` is the number of groups, of those of the rarer class where
    the metric depends on both, so that five people who are all right are no proof. Metrics in
    [-1, 1] are halved and shifted first. Differences and callables, which have no such bounds,
    get :math:`p \pm t s`.

    *Cross-validation.* Resampling takes predictions as those of one rule. In a cross-validation
    each two groups meet twice, once with either as the test, so that the estimate is a sum over
    pairs in which each stands twice: without a signal its variance is twice that of the resamples
    [5]_, and with a strong one, where all folds learn the same rule, no more than it. With a
    `design_effect` :math:`d` the resamples are moved away from the estimate by the factor
    :math:`\sqrt d`.

    The cost is O(`n_resamples` x n_samples) for a named metric, `n_resamples` calls for a
    callable, and with ``"bca"`` as much again for as many weightings as there are groups.

    References
    ----------
    .. [1] Davison, A. C., & Hinkley, D. V. (1997). Bootstrap Methods and their Application.
       Cambridge University Press. doi:10.1017/CBO9780511802843
    .. [2] Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American
       Statistical Association, 82(397), 171-185. doi:10.1080/01621459.1987.10478410
    .. [3] Wilson, E. B. (1927). Probable inference, the law of succession, and statistical
       inference. Journal of the American Statistical Association, 22(158), 209-212.
       doi:10.1080/01621459.1927.10502953
    .. [4] Korn, E. L., & Graubard, B. I. (1998). Confidence intervals for proportions with small
       expected number of positive counts estimated from survey data. Survey Methodology, 24(2),
       193-201.
    .. [5] Noirhomme, Q., et al. (2014). Biased binomial assessment of cross-validated estimation
       of classification accuracies illustrated in diagnosis predictions. NeuroImage: Clinical, 4,
       687-694. doi:10.1016/j.nicl.2014.04.004

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.metrics import bootstrap_interval
    >>> y_true = np.repeat([0, 1], 20)
    >>> y_pred = np.where(np.arange(40) % 5 == 0, 1 - y_true, y_true)
    >>> interval = bootstrap_interval("accuracy", y_true, y_pred, random_state=0)
    >>> print(f"{interval.estimate:.2f} [{interval.low:.2f}, {interval.high:.2f}]")
    0.80 [0.68, 0.93]
    """
    check_choice(OWNER, "metric", metric, METRICS, allow_callable=True)
    check_choice(OWNER, "method", method, LIMITS_OF)
    check_number(OWNER, "confidence_level", confidence_level, low=0, high=1, closed="neither")
    check_number(OWNER, "n_resamples", n_resamples, low=1, integer=True)
    check_number(OWNER, "design_effect", design_effect, low=0, closed="neither")
    function = named_metric(metric, prevalence)
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    check_consistent_length(y_true, y_pred, reference, groups, stratify)
    unit, stratum = _units(len(y_true), groups, stratify)
    statistic = make_statistic(metric, function, y_true, y_pred, pos_label)
    if reference is not None:
        other = make_statistic(metric, function, y_true, np.asarray(reference), pos_label)
        statistic = partial(difference, statistic, other)

    bounds = limits(metric) if isinstance(metric, str) and reference is None else None
    counts = groups_in_play(metric, y_true, pos_label, unit, stratum)
    return _interval(
        statistic, unit, stratum, (bounds, *counts), name=_name(metric), method=method,
        tail=(1 - confidence_level) / 2, n_resamples=n_resamples, random_state=random_state,
        stretch=design_effect**0.5,
    )  # fmt: skip


def weighted_interval(
    function,
    n_samples,
    *,
    groups=None,
    stratify=None,
    n_resamples=2000,
    design_effect=1.0,
    random_state=None,
):
    """Give the interval of a figure that is computed for many weightings at once.

    Parameters
    ----------
    function : callable
        From weights of shape (n, n_samples) to values of shape (n,).
    n_samples : int
        Number of samples.
    groups, stratify, n_resamples, design_effect, random_state : object
        As in `bootstrap_interval`.

    Returns
    -------
    BootstrapInterval
        95 % interval by the standard error and Student's t.
    """
    unit, stratum = _units(n_samples, groups, stratify)
    return _interval(
        function, unit, stratum, (None, len(stratum), len(stratum)), name=function.__name__,
        method="score", tail=0.025, n_resamples=n_resamples, random_state=random_state,
        stretch=design_effect**0.5,
    )  # fmt: skip


def _interval(
    statistic, unit, stratum, known, *, name, method, tail, n_resamples, random_state, stretch
):
    estimate = float(statistic(np.ones((1, len(unit))))[0])
    if np.isnan(estimate):
        raise ValueError(f"{OWNER}: {name} is not defined on these samples")
    draw = partial(_draw, stratum, check_random_state(random_state))
    distribution = over_chunks(statistic, draw, n_resamples, unit)
    distribution = distribution[~np.isnan(distribution)]
    if len(distribution) < n_resamples / 2:
        raise ValueError(
            f"{OWNER}: {name} is defined in only {len(distribution)} of {n_resamples} "
            "resamples; give the classes as stratify, or more samples"
        )
    distribution = estimate + stretch * (distribution - estimate)
    made = Resamples(estimate, distribution, statistic, unit, stratum, *known)
    low, high = LIMITS_OF[method](made, tail)
    return BootstrapInterval(float(low), float(high), estimate, spread_of(distribution))


def _units(n_samples, groups, stratify):
    """Give the group of each sample and the stratum of each group, as indices from 0."""
    groups = np.arange(n_samples) if groups is None else np.asarray(groups)
    strata = np.zeros(n_samples) if stratify is None else np.asarray(stratify)
    names, first, unit = np.unique(groups, return_index=True, return_inverse=True)
    _, of_sample = np.unique(strata, return_inverse=True)
    stratum = of_sample[first]
    astray = np.flatnonzero(of_sample != stratum[unit])
    if len(astray):
        raise ValueError(
            f"{OWNER}: stratify must be constant within a group, but group "
            f"{names[unit[astray[0]]]!r} lies in several strata"
        )
    if np.bincount(stratum).max() < 2:
        raise ValueError(
            f"{OWNER}: at least 2 groups are needed in a stratum, got {len(names)} in all"
        )
    return unit, stratum


def _draw(stratum, rng, start, stop):
    """Draw how often each group stands in each resample."""
    counts = np.empty((stop - start, len(stratum)))
    for members in (np.flatnonzero(stratum == label) for label in range(stratum.max() + 1)):
        shares = np.full(len(members), 1 / len(members))
        counts[:, members] = rng.multinomial(len(members), shares, size=stop - start)
    return counts


def _name(metric):
    return metric if isinstance(metric, str) else getattr(metric, "__name__", repr(metric))
