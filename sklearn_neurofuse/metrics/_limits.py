"""Limits of bootstrap intervals, from the resamples."""

from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from sklearn_neurofuse.metrics._statistic import OWNER, ordered_labels

# weights of resamples that are held at a time
_CHUNK = 2_000_000
# spreads up to this come from rounding
_ROUNDING = 1e-9


class Resamples(NamedTuple):
    """What the limits are made of.

    Attributes
    ----------
    estimate : float
        The metric of the samples as they are.
    distribution : ndarray of shape (n_resamples,)
        The metric of the resamples.
    statistic : callable
        From weights of samples to the metric.
    unit : ndarray of int of shape (n_samples,)
        Group of each sample.
    stratum : ndarray of int of shape (n_groups,)
        Stratum of each group.
    bounds : tuple of float or None
        Least and greatest value of the metric.
    n_groups, n_agreeing : int
        As `groups_in_play` counts.
    """

    estimate: float
    distribution: np.ndarray
    statistic: object
    unit: np.ndarray
    stratum: np.ndarray
    bounds: tuple | None
    n_groups: int
    n_agreeing: int


def _percentile_limits(made, tail):
    return np.quantile(made.distribution, [tail, 1 - tail])


def _bca_limits(made, tail):
    estimate, distribution = made.estimate, made.distribution
    share = (np.mean(distribution < estimate) + np.mean(distribution <= estimate)) / 2
    bias = norm.ppf(share)
    if not np.isfinite(bias):
        raise ValueError(
            f"{OWNER}: the estimate {estimate:.4g} lies outside all resamples, where 'bca' is "
            "not defined; use method='percentile'"
        )
    n_units = len(made.stratum)
    jackknife = over_chunks(made.statistic, partial(_leave_out, n_units), n_units, made.unit)
    shifted = bias + norm.ppf([tail, 1 - tail])
    levels = norm.cdf(bias + shifted / (1 - _acceleration(jackknife, made.stratum) * shifted))
    return np.quantile(distribution, levels)


def _score_limits(made, tail):
    n_strata = 1 if made.n_groups < len(made.stratum) else made.stratum.max() + 1
    freedom = max(made.n_groups - n_strata, 1)
    spread = spread_of(made.distribution) * np.sqrt(made.n_groups / freedom)
    quantile = student.ppf(1 - tail, freedom)
    if made.bounds is None:
        return made.estimate - quantile * spread, made.estimate + quantile * spread
    least, greatest = made.bounds
    rate = (made.estimate - least) / (greatest - least)
    spread = spread / (greatest - least)
    # without any spread no more is known than that so many groups agree
    effective = rate * (1 - rate) / spread**2 if spread > _ROUNDING else 0.0
    found = wilson(rate, effective or float(made.n_agreeing), quantile)
    return least + (greatest - least) * found


def wilson(rate, n_samples, quantile):
    """Give the score interval of a rate.

    Parameters
    ----------
    rate : float or ndarray
        Observed, in [0, 1].
    n_samples : float or ndarray
        Number of independent samples.
    quantile : float
        Of the standard distribution.

    Returns
    -------
    ndarray of shape (2, ...)
        Lower and upper limit.
    """
    share = quantile**2 / n_samples
    half = quantile * np.sqrt(rate * (1 - rate) / n_samples + share / (4 * n_samples))
    centre = rate + share / 2
    return np.clip(np.stack([centre - half, centre + half]) / (1 + share), 0, 1)


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


def _leave_out(n_units, start, stop):
    """Give how often each group stands in each sample that lacks one group."""
    return 1.0 - np.eye(stop - start, n_units, k=start)


def over_chunks(statistic, draw, n_rows, unit):
    """Evaluate many weightings of groups, some at a time.

    Parameters
    ----------
    statistic : callable
        From weights (n, n_samples) to values (n,).
    draw : callable
        From first and last row to weights (n, n_groups).
    n_rows : int
        How many weightings.
    unit : ndarray of int of shape (n_samples,)
        Group of each sample.

    Returns
    -------
    ndarray of shape (n_rows,)
        The values.
    """
    step = max(1, _CHUNK // len(unit))
    starts = range(0, n_rows, step)
    parts = [statistic(draw(start, min(start + step, n_rows))[:, unit]) for start in starts]
    return np.concatenate(parts)


def spread_of(distribution):
    """Give the standard deviation, 0 of a single value.

    Parameters
    ----------
    distribution : ndarray of shape (n_resamples,)
        The values.

    Returns
    -------
    float
        Standard deviation.
    """
    return float(np.std(distribution, ddof=1)) if len(distribution) > 1 else 0.0


def groups_in_play(metric, y_true, pos_label, unit, stratum):
    """Count the groups that a metric depends on, and those that speak where all of them agree.

    Parameters
    ----------
    metric : str or callable
        The metric.
    y_true : ndarray of shape (n_samples,)
        Labels.
    pos_label : label or None
        The positive class.
    unit : ndarray of int of shape (n_samples,)
        Group of each sample.
    stratum : ndarray of int of shape (n_groups,)
        Stratum of each group.

    Returns
    -------
    tuple of int
        Both numbers.
    """
    n_units = len(stratum)
    if callable(metric) or metric in ("accuracy", "brier"):
        return n_units, n_units
    labels = ordered_labels(metric, y_true, pos_label)
    counts = [len(np.unique(unit[y_true == label])) for label in labels]
    own = {"recall": 1, "specificity": 0}.get(metric)
    if own is None or len(labels) > 2:
        return n_units, min(counts)
    return counts[own], counts[own]


LIMITS_OF = {"percentile": _percentile_limits, "bca": _bca_limits, "score": _score_limits}
