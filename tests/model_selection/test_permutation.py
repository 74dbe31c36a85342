"""Permutation tests: what is exchanged, how many ways there are, and their level."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from sklearn_neurofuse.model_selection import (
    BlockedSplit,
    RepeatedStratifiedGroupKFold,
    evaluate,
)
from sklearn_neurofuse.model_selection._permutation import Scheme

FAST = {"cv": RepeatedStratifiedGroupKFold(4, n_repeats=2, random_state=0), "baselines": False,
        "random_state": 0}  # fmt: skip


def test_labels_of_persons_are_exchanged_between_them():
    groups = np.repeat(np.arange(8), 3)
    y = groups % 2
    scheme = Scheme(y, groups)
    rng = np.random.RandomState(0)
    drawn = {tuple(scheme.draw(rng)) for _ in range(2000)}
    for labels in drawn:
        table = pd.Series(labels).groupby(groups)
        assert (table.nunique() == 1).all()
        assert table.first().sum() == 4
    assert np.exp(scheme.log_number) == pytest.approx(70)
    assert len(drawn) == 70
    assert "between groups" in scheme.title


def test_labels_within_persons_stay_there():
    groups = np.repeat(np.arange(3), 4)
    y = np.array([0, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1])
    scheme = Scheme(y, groups)
    rng = np.random.RandomState(0)
    drawn = {tuple(scheme.draw(rng)) for _ in range(4000)}
    counts = pd.Series(y).groupby(groups).sum()
    assert all((pd.Series(labels).groupby(groups).sum() == counts).all() for labels in drawn)
    assert np.exp(scheme.log_number) == pytest.approx(6 * 4 * 6)
    assert len(drawn) == 144


def test_where_order_is_known_labels_are_shifted():
    y = np.array([0, 0, 1, 0, 1, 1, 1, 0])
    order = np.array([3.0, 1.0, 2.0, 4.0, 5.0, 8.0, 7.0, 6.0])
    scheme = Scheme(y, np.zeros(8), order=order)
    by_time = y[np.argsort(order)]
    shifts = {tuple(np.roll(by_time, k)) for k in range(8)}
    rng = np.random.RandomState(0)
    drawn = {tuple(scheme.draw(rng)[np.argsort(order)]) for _ in range(200)}
    assert drawn == shifts
    assert np.exp(scheme.log_number) == pytest.approx(len(shifts))
    assert "in a circle" in scheme.title


def test_signal_and_noise(problem, rng):
    X, y, groups = problem
    report = evaluate(GaussianNB(), X, y, groups=groups, n_permutations=60, **FAST)
    test = report.permutation
    assert test.metric == "roc_auc"
    assert test.p_value == pytest.approx(1 / 61)
    assert test.null.mean() == pytest.approx(0.5, abs=0.1)
    first = report.folds[report.folds["repeat"] == 0]["roc_auc"].mean()
    assert test.observed == pytest.approx(first)
    assert any("p = 0.0164" in said.text for said in report.statements)
    noise = evaluate(GaussianNB(), rng.standard_normal((60, 5)), y, groups=groups,
                     n_permutations=60, scoring="f1", **FAST)  # fmt: skip
    assert noise.permutation.p_value > 0.05
    assert noise.permutation.metric == "f1"


def test_level_with_constant_labels(rng):
    # two features of the person, not of the class: permuting trials would find them every time
    small = []
    groups = np.repeat(np.arange(12), 4)
    y = groups % 2
    cv = RepeatedStratifiedGroupKFold(3, n_repeats=1, random_state=0)
    for seed in range(12):
        own = np.random.default_rng(seed).standard_normal((12, 2))
        X = own[groups] + 0.1 * rng.standard_normal((48, 2))
        report = evaluate(
            LogisticRegression(), X, y, groups=groups, cv=cv, baselines=False, random_state=seed,
            n_permutations=19, scoring="balanced_accuracy",
        )  # fmt: skip
        small.append(report.permutation.p_value <= 0.1)
    assert np.mean(small) <= 0.35


def test_too_few_permutations_are_refused(rng):
    groups = np.repeat(np.arange(8), 3)
    y = groups % 2
    with pytest.raises(ValueError, match=r"allows 70 distinct permutations .*100 are needed"):
        evaluate(GaussianNB(), rng.standard_normal((24, 2)), y, groups=groups, cv=2,
                 baselines=False, n_permutations=50)  # fmt: skip


def test_trials_of_recordings_are_shifted(make_recordings, rng):
    X = make_recordings(1, 60)
    table = X.table
    y = np.where(rng.uniform(size=60) < 0.5, "a", "b")
    assert len(table) == 60

    class Blind(GaussianNB):
        """Takes recordings, and looks at none."""

        def fit(self, X, y):
            return super().fit(np.zeros((len(X), 1)) + np.arange(len(X))[:, None], y)

        def predict_proba(self, X):
            return super().predict_proba(np.arange(len(X), dtype=float)[:, None])

        def predict(self, X):
            return super().predict(np.arange(len(X), dtype=float)[:, None])

    cv = BlockedSplit(3, gap=10)
    with pytest.raises(ValueError, match=r"allows 60 distinct permutations .*in a circle"):
        evaluate(Blind(), X, y, cv=cv, baselines=False, n_permutations=10, random_state=0)
