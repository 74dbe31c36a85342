"""The variance of a cross-validated accuracy by nested cross-validation."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

from sklearn_neurofuse.metrics import bootstrap_interval
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold, evaluate
from sklearn_neurofuse.model_selection._nested_variance import (
    _interval,
    _one_repeat,
    variance_of_mean,
)

CV = RepeatedStratifiedGroupKFold(5, n_repeats=2, random_state=0)


def test_one_repeat_by_hand():
    fold = np.array([0, 0, 1, 1, 2, 2])
    rng = np.random.default_rng(0)
    wrong = {(j, k): rng.integers(0, 2, 6).astype(float) for j in range(3) for k in range(j, 3)}
    inner, outer, excess, naive = _one_repeat(wrong, fold, np.arange(6), 3)
    whole = np.concatenate([wrong[k, k][fold == k] for k in range(3)])
    assert outer == pytest.approx(whole.mean())
    a = b = 0.0
    means = []
    for k in range(3):
        within = [wrong[min(j, k), max(j, k)][fold == j] for j in range(3) if j != k]
        means.append(np.mean(within))
        out = wrong[k, k][fold == k]
        a += (np.mean(within) - out.mean()) ** 2 / 3
        b += out.var(ddof=1) / 2 / 3
    assert inner == pytest.approx(np.mean(means))
    assert excess == pytest.approx(a - b)
    assert naive == pytest.approx(whole.var(ddof=1) / 6)


def test_bounds_and_bias():
    found = _interval((0.30, 0.28, 1.0, 0.001), 5, 100)
    assert found.inflation == pytest.approx(np.sqrt(5))
    assert found.estimate == pytest.approx(1 - (0.30 - (1 + 3 / 5) * 0.02))
    assert _interval((0.3, 0.3, -1.0, 0.001), 5, 100).inflation == 1
    between = _interval((0.3, 0.3, 0.002, 0.001), 5, 100)
    assert between.standard_error == pytest.approx(np.sqrt(4 / 5 * 0.002))


def test_variance_of_a_mean_of_groups():
    values = np.array([1.0, 1, 0, 0, 1, 0])
    assert variance_of_mean(values, np.arange(6)) == pytest.approx(values.var(ddof=1) / 6)
    once = variance_of_mean(values, np.arange(6))
    assert variance_of_mean(np.repeat(values, 3), np.repeat(np.arange(6), 3)) == pytest.approx(once)
    assert variance_of_mean(values, np.zeros(6)) == 0


def test_in_a_report(rng):
    y = np.tile([0, 1], 25)
    X = rng.standard_normal((50, 20)) + 0.4 * y[:, None]
    report = evaluate(GaussianNB(), X, y, cv=CV, variance="nested", baselines=False,
                      random_state=0)  # fmt: skip
    nested = report.nested
    assert 1 <= nested.inflation <= np.sqrt(5)
    accuracy = report.figures.set_index("metric").loc["accuracy", "estimate"]
    assert nested.estimate == pytest.approx(accuracy, abs=0.15)
    assert any("variance of nested cross-validation" in s.text for s in report.statements)
    assert not any("variance='nested'" in text for text in report.unchecked)


def test_too_few_groups(rng):
    y = np.tile([0, 1], 10)
    groups = np.where(y == 0, np.arange(20) % 4 // 2, 10 + np.arange(20) // 4)
    with pytest.raises(ValueError, match="needs three groups of each class at least, got 2"):
        evaluate(GaussianNB(), rng.standard_normal((20, 2)), y, groups=groups, cv=2,
                 variance="nested", baselines=False)  # fmt: skip


@pytest.mark.slow
def test_it_covers_where_resampled_predictions_do_not():
    # 30 features, 40 people: what is learned varies a lot between training sets
    covered = naive = 0
    n_simulations = 60
    effect = np.full(30, 0.25)
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=3, random_state=0)
    for seed in range(n_simulations):
        rng = np.random.default_rng(seed)
        y = np.tile([0, 1], 20)
        X = rng.standard_normal((40, 30)) + effect * y[:, None]
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5).fit(X, y)
        # accuracy of this very model on new people
        w = model.coef_[0]
        margin = w @ effect / 2 + np.array([-1, 1]) * (model.intercept_[0] + w @ effect / 2)
        truth = norm.cdf(margin / np.linalg.norm(w)).mean()
        report = evaluate(model, X, y, cv=cv, variance="nested", baselines=False,
                          scoring="accuracy", random_state=seed)  # fmt: skip
        covered += report.nested.low <= truth <= report.nested.high
        made = report.predictions.pivot(index="sample", columns="repeat", values="predicted")
        fixed = bootstrap_interval("accuracy", y, made.to_numpy(float), method="score",
                                   stratify=y, n_resamples=500, random_state=seed)  # fmt: skip
        naive += fixed.low <= truth <= fixed.high
    assert covered >= naive
    assert covered / n_simulations >= 0.9
