"""Curves of scores: ROC, precision-recall, calibration, decision."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve

from sklearn_neurofuse.metrics._bootstrap import weighted_interval
from sklearn_neurofuse.metrics._limits import wilson
from sklearn_neurofuse.metrics._logistic import calibration
from sklearn_neurofuse.metrics._net_benefit import decision_curve

_GRID = np.linspace(0, 1, 101)
# resamples of figures that cost a regression each, and repeats that are averaged
_RESAMPLES, _MOST = 400, 3
_Z = 1.959964


def roc_table(judge, made):
    """Give the ROC curve of each class, averaged over the fits at equal false positive rates.

    Parameters
    ----------
    judge : Judge
        Of the units.
    made : OutOfFold
        Predictions of units.

    Returns
    -------
    DataFrame
        Columns class, x (false positive rate), y (true positive rate), low and high, between
        which the middle 80 % of the fits lie.
    """
    return _table(judge, made, _one_roc)


def precision_recall_table(judge, made):
    """Give the precision-recall curve of each class, averaged over the fits at equal recall.

    Parameters
    ----------
    judge : Judge
        Of the units.
    made : OutOfFold
        Predictions of units.

    Returns
    -------
    DataFrame
        Columns class, x (recall), y (precision), low and high as in `roc_table`.
    """
    return _table(judge, made, _one_precision_recall)


def _table(judge, made, one):
    judge, made = judge.keep(made)
    scores = judge.ranking(made)
    codes = [1] if scores.ndim == 2 else range(len(judge.classes))
    parts = []
    for code in codes:
        own = scores if scores.ndim == 2 else scores[..., code]
        curves = [_curve(one, judge.y == code, column) for column in own.T]
        curves = np.array([curve for curve in curves if curve is not None])
        low, high = np.quantile(curves, [0.1, 0.9], axis=0)
        parts.append(
            pd.DataFrame(
                {"class": str(judge.classes[code]), "x": _GRID, "y": curves.mean(axis=0),
                 "low": low, "high": high}
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _curve(one, is_positive, score):
    told = ~np.isnan(score)
    target = is_positive[told]
    return one(target, score[told]) if target.any() and not target.all() else None


def _one_roc(is_positive, score):
    alarms, hits, _ = roc_curve(is_positive, score, drop_intermediate=False)
    # the upper end of each vertical step, but the corner at 0
    found = np.interp(_GRID, alarms, hits)
    found[0] = 0.0
    return found


def _one_precision_recall(is_positive, score):
    precision, recall, _ = precision_recall_curve(is_positive, score)
    # the best precision at this recall or more, from recall 1 downwards
    best = np.maximum.accumulate(precision)
    at = np.searchsorted(-recall, -_GRID, side="right") - 1
    return best[at]


def calibration_table(judge, made, n_bins=10):
    """Compare probabilities with frequencies in bins of equal numbers.

    Parameters
    ----------
    judge : Judge
        Of the units, two classes.
    made : OutOfFold
        Predictions of units, probabilities.
    n_bins : int, default=10
        At most so many, with 8 units each at least.

    Returns
    -------
    DataFrame
        Columns n (units), predicted, observed, low and high, Wilson's interval of the observed
        frequency for as many units as the bin holds in one repeat.
    """
    judge, made = judge.keep(made)
    told = ~np.isnan(made.score)
    rows, _ = np.nonzero(told)
    score, hit = made.score[told], judge.y[rows] == 1
    n_bins = max(2, min(n_bins, len(judge.y) // 8))
    edges = np.unique(np.quantile(score, np.linspace(0, 1, n_bins + 1)[1:-1]))
    bins = np.searchsorted(edges, score, side="right")
    table = pd.DataFrame({"predicted": score, "observed": hit.astype(float)}).groupby(bins)
    means, n = table.mean(), table.size() / made.score.shape[1]
    low, high = wilson(means["observed"].to_numpy(), n.to_numpy(), _Z)
    return means.assign(n=n, low=low, high=high).reset_index(drop=True)


def calibration_figures(judge, made):
    """Give slope and intercept of the calibration with intervals.

    Parameters
    ----------
    judge : Judge
        Of the units, two classes.
    made : OutOfFold
        Predictions of units, probabilities.

    Returns
    -------
    DataFrame
        Columns metric, estimate, low, high and standard_error.
    """
    judge, made = judge.keep(made)
    told = [np.flatnonzero(~np.isnan(score)) for score in made.score.T[:_MOST]]
    rows = []
    for name in ("calibration slope", "calibration in the large"):

        def figure(weights, name=name):
            return np.mean(
                [
                    calibration(judge.y[rows] == 1, made.score[rows, i], weights[:, rows])[name]
                    for i, rows in enumerate(told)
                ],
                axis=0,
            )

        options = {
            "groups": judge.groups,
            "stratify": judge.stratify,
            "design_effect": judge.design_effect(made),
        }
        found = weighted_interval(
            figure, len(judge.y), n_resamples=_RESAMPLES, random_state=judge.random_state, **options
        )
        rows.append({"metric": name, **found._asdict()})
    return pd.DataFrame(rows)


def net_benefit_table(judge, made):
    """Give the decision curve.

    Parameters
    ----------
    judge : Judge
        Of the units, two classes.
    made : OutOfFold
        Predictions of units, probabilities.

    Returns
    -------
    DataFrame
        Columns threshold, model, treat_all and treat_none.
    """
    judge, made = judge.keep(made)
    complete = ~np.isnan(made.score).any(axis=0)
    score = made.score[:, complete] if complete.any() else made.score[:, :1]
    there = ~np.isnan(score).any(axis=1)
    return decision_curve(judge.y[there] == 1, score[there], _GRID[1:-1])
