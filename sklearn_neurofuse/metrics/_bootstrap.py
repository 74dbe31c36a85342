"""Bootstrap intervals of a metric, whole groups drawn together."""

import warnings
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.multiclass import type_of_target

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.metrics._weighted import METRICS

_OWNER = "bootstrap_interval"

# weights of resamples that are held at a time
_CHUNK = 2_000_000


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
    random_state=None,
):
    r"""Give a bootstrap interval of a metric of predictions.

    Samples of one person are not independent, so with `groups` whole groups are drawn [1]_;
    with `stratify` each stratum keeps its number of groups, as where patients and controls were
    recruited in fixed numbers.

    Parameters
    ----------
    metric : {"roc_auc", "accuracy", "precision", "recall", "f1"} or callable
        Names are evaluated for all resamples at once. A callable gets the drawn rows,
        ``metric(y_true, y_pred) -> float``, and gives NaN where it is not defined.
    y_true : array-like of shape (n_samples,)
        True labels.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_columns)
        Predicted labels; scores for ``"roc_auc"``; for a callable whatever it takes, with
        samples along the first axis. With a named metric, columns stand for the repeats or
        folds of a cross-validation, NaN where a sample was not predicted, and the metric is the
        mean of the columns in which it is defined.
    reference : array-like, default=None
        Other predictions of the same samples, in the form of `y_pred`. Given these, it is all
        about the difference of the metric, `y_pred` minus `reference`, on the same resamples.
    groups : array-like of shape (n_samples,), default=None
        Whole groups are drawn together; None makes each sample its own.
    stratify : array-like of shape (n_samples,), default=None
        Strata, constant within each group; None is one stratum.
    method : {"percentile", "bca"}, default="percentile"
        Percentiles of the resamples, or bias-corrected and accelerated ones [2]_, the
        acceleration from leaving out one group at a time.
    confidence_level : float, default=0.95
        In (0, 1).
    n_resamples : int, default=2000
        How often is drawn.
    pos_label : label, default=None
        The positive class of the named binary metrics; None is the last in order.
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
    acceleration is taken as 0 and the interval has no width: it then says nothing about the
    uncertainty.

    The cost is O(`n_resamples` x n_samples) for a named metric, `n_resamples` calls for a
    callable, and with ``"bca"`` as much again for as many weightings as there are groups.

    References
    ----------
    .. [1] Davison, A. C., & Hinkley, D. V. (1997). Bootstrap Methods and their Application.
       Cambridge University Press. doi:10.1017/CBO9780511802843
    .. [2] Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American
       Statistical Association, 82(397), 171-185. doi:10.1080/01621459.1987.10478410

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
    check_choice(_OWNER, "metric", metric, METRICS, allow_callable=True)
    check_choice(_OWNER, "method", method, _LEVELS)
    check_number(_OWNER, "confidence_level", confidence_level, low=0, high=1, closed="neither")
    check_number(_OWNER, "n_resamples", n_resamples, low=1, integer=True)
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    check_consistent_length(y_true, y_pred, reference, groups, stratify)
    unit, stratum = _units(len(y_true), groups, stratify)
    statistic = _statistic(metric, y_true, y_pred, pos_label)
    if reference is not None:
        other = _statistic(metric, y_true, np.asarray(reference), pos_label)
        statistic = partial(_difference, statistic, other)

    estimate = float(statistic(np.ones((1, len(y_true))))[0])
    if np.isnan(estimate):
        raise ValueError(f"{_OWNER}: {_name(metric)} is not defined on these samples")
    draw = partial(_draw, stratum, check_random_state(random_state))
    distribution = _over_chunks(statistic, draw, n_resamples, unit)
    distribution = distribution[~np.isnan(distribution)]
    if len(distribution) < n_resamples / 2:
        raise ValueError(
            f"{_OWNER}: {_name(metric)} is defined in only {len(distribution)} of {n_resamples} "
            "resamples; give the classes as stratify, or more samples"
        )
    tail = (1 - confidence_level) / 2
    levels = _LEVELS[method](tail, estimate, distribution, statistic, unit, stratum)
    low, high = np.quantile(distribution, levels)
    return BootstrapInterval(float(low), float(high), estimate, _spread(distribution))


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
            f"{_OWNER}: stratify must be constant within a group, but group "
            f"{names[unit[astray[0]]]!r} lies in several strata"
        )
    if np.bincount(stratum).max() < 2:
        raise ValueError(
            f"{_OWNER}: at least 2 groups are needed in a stratum, got {len(names)} in all"
        )
    return unit, stratum


def _statistic(metric, y_true, y_pred, pos_label):
    """Give a function from weights (n_resamples, n_samples) to values (n_resamples,)."""
    if callable(metric):
        return partial(_by_rows, metric, y_true, y_pred)
    if y_true.ndim != 1 or y_pred.ndim not in (1, 2):
        raise ValueError(
            f"{_OWNER}: with a named metric y_true must be 1-D and y_pred 1-D or 2-D, got "
            f"shapes {y_true.shape} and {y_pred.shape}"
        )
    columns = y_pred.reshape(len(y_true), -1).T
    columns = [(_predicted(column), column) for column in columns]
    _check_kind(metric, columns)
    pos_label = _positive(metric, y_true, pos_label)
    return partial(_by_columns, METRICS[metric], y_true, columns, pos_label)


def _predicted(column):
    """Give the rows in which a column holds a prediction."""
    return np.flatnonzero(~np.isnan(column)) if column.dtype.kind == "f" else np.arange(len(column))


def _check_kind(metric, columns):
    for rows, column in columns:
        if len(rows) == 0:
            raise ValueError(f"{_OWNER}: a column of y_pred holds no prediction")
        if metric == "roc_auc" and column.dtype.kind not in "fiub":
            raise ValueError(f"{_OWNER}: roc_auc needs scores as y_pred, got {column.dtype}")
        if metric != "roc_auc" and type_of_target(column[rows]) == "continuous":
            raise ValueError(f"{_OWNER}: {metric} needs labels as y_pred, got scores")


def _positive(metric, y_true, pos_label):
    labels = np.unique(y_true)
    if pos_label is not None and pos_label not in labels:
        raise ValueError(f"{_OWNER}: pos_label must be one of {labels.tolist()}, got {pos_label!r}")
    if metric != "accuracy" and len(labels) != 2:
        raise ValueError(
            f"{_OWNER}: {metric} needs two classes in y_true, got {labels.tolist()}; give a "
            "callable for more"
        )
    return labels[-1] if pos_label is None else pos_label


def _by_columns(metric, y_true, columns, pos_label, weights):
    values = np.stack(
        [metric(y_true[rows], col[rows], pos_label, weights[:, rows]) for rows, col in columns]
    )
    n_defined = np.sum(~np.isnan(values), axis=0)
    undefined = np.full(len(weights), np.nan)
    return np.divide(np.nansum(values, axis=0), n_defined, out=undefined, where=n_defined > 0)


def _by_rows(metric, y_true, y_pred, weights):
    rows = np.arange(len(y_true))
    values = np.empty(len(weights))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        for i, counts in enumerate(weights):
            drawn = np.repeat(rows, counts.astype(int))
            values[i] = metric(y_true[drawn], y_pred[drawn])
    return values


def _difference(statistic, other, weights):
    return statistic(weights) - other(weights)


def _draw(stratum, rng, start, stop):
    """Draw how often each group stands in each resample."""
    counts = np.empty((stop - start, len(stratum)))
    for members in (np.flatnonzero(stratum == label) for label in range(stratum.max() + 1)):
        shares = np.full(len(members), 1 / len(members))
        counts[:, members] = rng.multinomial(len(members), shares, size=stop - start)
    return counts


def _leave_out(n_units, start, stop):
    """Give how often each group stands in each sample that lacks one group."""
    return 1.0 - np.eye(stop - start, n_units, k=start)


def _over_chunks(statistic, draw, n_rows, unit):
    step = max(1, _CHUNK // len(unit))
    starts = range(0, n_rows, step)
    parts = [statistic(draw(start, min(start + step, n_rows))[:, unit]) for start in starts]
    return np.concatenate(parts)


def _percentile_levels(tail, estimate, distribution, statistic, unit, stratum):
    return tail, 1 - tail


def _bca_levels(tail, estimate, distribution, statistic, unit, stratum):
    share = (np.mean(distribution < estimate) + np.mean(distribution <= estimate)) / 2
    bias = norm.ppf(share)
    if not np.isfinite(bias):
        raise ValueError(
            f"{_OWNER}: the estimate {estimate:.4g} lies outside all resamples, where 'bca' is "
            "not defined; use method='percentile'"
        )
    jackknife = _over_chunks(statistic, partial(_leave_out, len(stratum)), len(stratum), unit)
    shifted = bias + norm.ppf([tail, 1 - tail])
    return norm.cdf(bias + shifted / (1 - _acceleration(jackknife, stratum) * shifted))


def _acceleration(jackknife, stratum):
    cubes = squares = 0.0
    for label in range(stratum.max() + 1):
        values = jackknife[stratum == label]
        n_units = len(values)
        # without its only group a class is gone and the metric not defined
        values = values[~np.isnan(values)]
        if len(values):
            influence = (n_units - 1) * (values.mean() - values)
            cubes += np.sum(influence**3) / n_units**3
            squares += np.sum(influence**2) / n_units**2
    return cubes / (6 * squares**1.5) if squares > 0 else 0.0


def _spread(distribution):
    return float(np.std(distribution, ddof=1)) if len(distribution) > 1 else 0.0


def _name(metric):
    return metric if isinstance(metric, str) else getattr(metric, "__name__", repr(metric))


_LEVELS = {"percentile": _percentile_levels, "bca": _bca_levels}
