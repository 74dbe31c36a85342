"""Repeated out-of-fold predictions."""

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold
from sklearn_neurofuse.model_selection._out_of_fold import predict_out_of_fold


class GroupCounter(ClassifierMixin, BaseEstimator):
    """Predict whether an even number of groups was handed to ``fit``."""

    __metadata_request__fit = {"groups": True}

    def fit(self, X, y, groups=None):
        self.classes_ = np.unique(y)
        self.n_groups_ = len(np.unique(groups)) if groups is not None else 0
        return self

    def predict(self, X):
        return np.full(len(X), self.n_groups_)

    def predict_proba(self, X):
        return np.tile([0.25, 0.75], (len(X), 1))


@pytest.fixture
def problem(rng):
    """Make 60 samples of 20 persons, who have one class each."""
    groups = np.repeat(np.arange(20), 3)
    y = groups % 2
    return rng.standard_normal((60, 5)) + y[:, None], y, groups


def test_same_predictions_as_scikit_learn(problem):
    X, y, groups = problem
    model = make_pipeline(StandardScaler(), LogisticRegression())
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=1, random_state=0)
    made = predict_out_of_fold({"model": model}, X, y, groups, cv)["model"]
    expected = cross_val_predict(model, X, y, groups=groups, cv=cv, method="decision_function")
    np.testing.assert_allclose(made.score[:, 0], expected)
    np.testing.assert_array_equal(made.predicted[:, 0], expected > 0)
    assert not hasattr(model[-1], "coef_")


def test_probabilities_where_there_is_no_decision_function(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=2, random_state=0)
    made = predict_out_of_fold({"bayes": GaussianNB()}, X, y, groups, cv)["bayes"]
    assert made.score.shape == (60, 2)
    np.testing.assert_array_equal(made.predicted, made.score > 0.5)


def test_scores_by_fit(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=2, random_state=0)
    made = predict_out_of_fold({"bayes": GaussianNB()}, X, y, groups, cv)["bayes"]
    columns = made.score_by_fit()
    assert columns.shape == (60, 10)
    for i, (_, test) in enumerate(cv.split(X, y, groups)):
        np.testing.assert_array_equal(np.flatnonzero(~np.isnan(columns[:, i])), test)
        np.testing.assert_array_equal(columns[test, i], made.score[test, i // 5])


def test_groups_reach_the_estimators_that_ask_for_them(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=1, random_state=0)
    rows = {
        "asks": GroupCounter(),
        "asks in a pipeline": make_pipeline(StandardScaler(), GroupCounter()),
        "does not": GaussianNB(),
    }
    with sklearn.config_context(enable_metadata_routing=True):
        made = predict_out_of_fold(rows, X, y, groups, cv)
    assert (made["asks"].predicted == 16).all()
    assert (made["asks in a pipeline"].predicted == 16).all()
    assert set(np.unique(made["does not"].predicted)) <= {0, 1}


def test_jobs_change_nothing(problem):
    X, y, groups = problem
    rows = {"bayes": GaussianNB(), "logistic": LogisticRegression()}
    cv = RepeatedStratifiedGroupKFold(3, n_repeats=2, random_state=0)
    one = predict_out_of_fold(rows, X, y, groups, cv)
    two = predict_out_of_fold(rows, X, y, groups, cv, n_jobs=2)
    for name in rows:
        np.testing.assert_array_equal(one[name].score, two[name].score)
        np.testing.assert_array_equal(one[name].fold, two[name].fold)
