"""Nested cross-validation for the variance of a cross-validated accuracy."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from sklearn_neurofuse.model_selection._out_of_fold import aggregate, predict_out_of_fold
from sklearn_neurofuse.model_selection._repeated_split import RepeatedStratifiedGroupKFold


@dataclass(frozen=True)
class NestedInterval:
    """An interval of accuracy that allows for the variation of training sets.

    Attributes
    ----------
    estimate, low, high : float
        Accuracy, bias of the smaller training sets removed, and its interval.
    standard_error : float
        From nested cross-validation.
    inflation : float
        How many times larger it is than the one that takes predictions as independent, in
        [1, sqrt(n_folds)].
    """

    estimate: float
    low: float
    high: float
    standard_error: float
    inflation: float


def nested_interval(
    owner, task, design, n_splits, n_repeats, random_state, *, n_jobs=None, verbose=0
):
    r"""Give the interval of accuracy by nested cross-validation.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    task : Task
        The model.
    design : Design
        Labels and groups.
    n_splits : int
        Number of folds K, 3 at least.
    n_repeats : int
        How often folds are drawn; each needs K (K + 1) / 2 fits.
    random_state : int
        Draws folds.
    n_jobs, verbose : int, default=None, 0
        As in `predict_out_of_fold`.

    Returns
    -------
    NestedInterval
        The result.

    Notes
    -----
    For each outer fold k, :math:`a_k = (\bar e_{in} - \bar e_{out})^2` compares the error of an
    inner cross-validation without k with that on k, and :math:`b_k` is the variance of the mean
    error on k, over groups. The mean squared error of cross-validation is the mean of
    :math:`a_k - b_k` [1]_; the standard error is its root times :math:`\sqrt{(K-1)/K}`, kept
    between the naive one and :math:`\sqrt K` times it, and the bias of the smaller training sets,
    :math:`(1 + (K-2)/K)(\widehat{Err}_{NCV} - \widehat{Err}_{CV})`, is removed.

    References
    ----------
    .. [1] Bates, S., Hastie, T., & Tibshirani, R. (2024). Cross-validation: what does it
       estimate and how well does it do it? Journal of the American Statistical Association,
       119(546), 1434-1445. doi:10.1080/01621459.2023.2197686
    """
    cv = RepeatedStratifiedGroupKFold(n_splits, n_repeats=n_repeats, random_state=random_state)
    folds = [test for _, test in cv.split(design.y, design.y, design.groups)]
    repeats = [folds[i : i + n_splits] for i in range(0, len(folds), n_splits)]
    pairs = [(j, k) for j in range(n_splits) for k in range(j, n_splits)]
    splits = [_without(held_out, pair, len(design.y)) for held_out in repeats for pair in pairs]
    _check_classes(owner, design, splits)
    nested = replace(design, splits=splits, column=np.arange(len(splits)))
    made = predict_out_of_fold({"model": task}, nested, n_jobs=n_jobs, verbose=verbose)["model"]
    predicted = aggregate(made, design).predicted.T.reshape(n_repeats, len(pairs), -1)
    found = []
    for held_out, of_pair in zip(repeats, predicted, strict=True):
        wrong = dict(zip(pairs, np.where(np.isnan(of_pair), np.nan, of_pair != design.unit_y),
                         strict=True))  # fmt: skip
        fold = np.empty(len(design.unit_y), int)
        for k, rows in enumerate(held_out):
            fold[design.unit[rows]] = k
        found.append(_one_repeat(wrong, fold, design.unit_groups, n_splits))
    return _interval(np.mean(found, axis=0), n_splits, design.n_groups)


def _without(held_out, pair, n_samples):
    test = np.unique(np.concatenate([held_out[k] for k in pair]))
    return np.setdiff1d(np.arange(n_samples), test), test


def _check_classes(owner, design, splits):
    for train, _ in splits:
        if len(np.unique(design.y[train])) < len(design.classes):
            raise ValueError(
                f"{owner}: the variance by nested cross-validation leaves out two folds at a "
                "time, after which a class has no sample left; take more folds"
            )


def _one_repeat(wrong, fold, groups, n_splits):
    """Give inner and outer error, mean squared difference beyond noise, and naive variance."""
    outer = np.empty(len(fold))
    inner, squared, noise = [], [], []
    for k in range(n_splits):
        here = fold == k
        outer[here] = wrong[k, k][here]
        within = np.concatenate(
            [wrong[min(j, k), max(j, k)][fold == j] for j in range(n_splits) if j != k]
        )
        inner.append(within.mean())
        squared.append((within.mean() - outer[here].mean()) ** 2)
        noise.append(variance_of_mean(outer[here], groups[here]))
    excess = np.mean(squared) - np.mean(noise)
    return np.mean(inner), outer.mean(), excess, variance_of_mean(outer, groups)


def _interval(found, n_splits, n_groups):
    inner, outer, excess, naive = found
    naive = np.sqrt(naive)
    spread = np.sqrt((n_splits - 1) / n_splits * max(excess, 0.0))
    spread = np.clip(spread, naive, np.sqrt(n_splits) * naive)
    bias = (1 + (n_splits - 2) / n_splits) * (inner - outer)
    centre = 1 - (inner - bias)
    half = student.ppf(0.975, max(n_groups - 1, 1)) * spread
    return NestedInterval(
        float(centre),
        float(max(centre - half, 0)),
        float(min(centre + half, 1)),
        float(spread),
        float(spread / naive) if naive > 0 else 1.0,
    )


def variance_of_mean(values, groups):
    """Give the variance of a mean of values that go together within groups.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        The values.
    groups : ndarray of shape (n_samples,)
        The groups.

    Returns
    -------
    float
        Between groups, as in a sample of groups; 0 where there is one only.
    """
    unit = np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(unit, values - values.mean())
    n_groups = len(sums)
    if n_groups < 2:
        return 0.0
    return float(np.sum(sums**2) / len(values) ** 2 * n_groups / (n_groups - 1))
