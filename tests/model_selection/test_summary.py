"""Figures with intervals, on made-up predictions and on the real connectomes."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score

from sklearn_neurofuse.datasets import fetch_tle_connectomes
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold
from sklearn_neurofuse.model_selection._baselines import baseline_rows, model_rows
from sklearn_neurofuse.model_selection._out_of_fold import predict_out_of_fold
from sklearn_neurofuse.model_selection._summary import METRICS, best_row, difference, summarize


@pytest.fixture
def made(rng):
    """Predict 60 samples by a good and by a useless model, 5 folds and 3 repeats."""
    y = np.tile([0, 1], 30)
    X = rng.standard_normal((60, 4))
    X[:, 0] += 1.5 * y
    groups = np.arange(60)
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=3, random_state=0)
    good = predict_out_of_fold({"good": LogisticRegression()}, X, y, groups, cv)
    bad = predict_out_of_fold({"bad": LogisticRegression()}, X[:, 1:], y, groups, cv)
    return {**good, **bad}, X, y, groups


def test_figures_are_scikit_learns(made):
    predictions, X, y, groups = made
    summary = summarize(predictions, y, groups, random_state=0)
    assert summary["row"].tolist() == ["good"] * 5 + ["bad"] * 5
    assert tuple(summary["metric"][:5]) == METRICS
    figures = summary.set_index(["row", "metric"])
    cv = RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=0)
    auc = cross_val_score(LogisticRegression(), X, y, cv=cv, scoring="roc_auc").mean()
    assert figures.loc[("good", "roc_auc"), "estimate"] == pytest.approx(auc)
    f1 = np.mean([f1_score(y, predicted) for predicted in predictions["good"].predicted.T])
    assert figures.loc[("good", "f1"), "estimate"] == pytest.approx(f1)
    assert (figures["low"] < figures["estimate"]).all()
    assert (figures["estimate"] < figures["high"]).all()


def test_difference_and_best(made):
    predictions, _, y, groups = made
    summary = summarize(predictions, y, groups, random_state=0)
    assert best_row(summary, ["bad", "good"]) == "good"
    assert best_row(summary, ["bad"]) == "bad"
    forth = difference(predictions, "good", "bad", y, groups, random_state=0)
    back = difference(predictions, "bad", "good", y, groups, random_state=0)
    assert forth.low > 0
    np.testing.assert_allclose([back.low, back.high], [-forth.high, -forth.low], atol=1e-12)


def test_strata_only_where_groups_have_one_class(made):
    predictions, _, y, groups = made
    within = summarize(predictions, y, groups, random_state=0)
    # a pair of one of each class: the share of classes is fixed by drawing pairs
    paired = summarize(predictions, y, groups // 2, random_state=0)
    assert not np.allclose(within["low"], paired["low"])
    # groups of several samples of one class are drawn within the class, so both are always there
    order = np.argsort(y, kind="stable")
    four = summarize(predictions, y, np.argsort(order) // 15, random_state=0)
    assert np.isfinite(four["low"]).all()


def test_real_connectomes(real_data):
    home = real_data("tle-connectomes").parent
    data = fetch_tle_connectomes(data_home=home, download_if_missing=False)
    X = data.X.replace(confounds=data.confounds)
    rows = {**model_rows("linear", data.X.modalities), **baseline_rows(X)}
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=2, random_state=0)
    predictions = predict_out_of_fold(rows, X, data.target, data.groups, cv)
    summary = summarize(predictions, data.target, data.groups, random_state=0)
    auc = summary[summary["metric"] == "roc_auc"].set_index("row")["estimate"]
    # from ten repeats: .71, .89, .90, .89, .60, .73, .95, .94; two repeats scatter around them
    bounds = {
        "linear fmri": (0.60, 0.80),
        "linear eeg": (0.84, 0.94),
        "linear fmri+eeg": (0.85, 0.95),
        "level": (0.84, 0.94),
        "confounds": (0.48, 0.70),
        "person-wise fmri": (0.62, 0.82),
        "person-wise eeg": (0.91, 0.98),
        "person-wise fmri+eeg": (0.89, 0.98),
    }
    assert list(auc.index) == list(bounds)
    for row, (low, high) in bounds.items():
        assert low < auc[row] < high, row
    assert best_row(summary, baseline_rows(X)).startswith("person-wise")
