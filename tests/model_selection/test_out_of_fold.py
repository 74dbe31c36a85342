"""Repeated out-of-fold predictions."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_neurofuse.model_selection import BootstrapSplit, RepeatedStratifiedGroupKFold
from sklearn_neurofuse.model_selection._design import make_design
from sklearn_neurofuse.model_selection._out_of_fold import Task, aggregate, predict_out_of_fold
from sklearn_neurofuse.model_selection._threshold import with_threshold


class GroupCounter(ClassifierMixin, BaseEstimator):
    """Give the number of groups that were handed to ``fit`` as the score."""

    __metadata_request__fit = {"groups": True, "sample_weight": True}

    def fit(self, X, y, groups=None, sample_weight=None):
        self.classes_ = np.unique(y)
        self.n_groups_ = len(np.unique(groups)) if groups is not None else 0
        self.weight_ = 0.0 if sample_weight is None else float(np.sum(sample_weight))
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])

    def decision_function(self, X):
        return np.full(len(X), float(self.n_groups_ + 1000 * self.weight_))


class Scoreless(ClassifierMixin, BaseEstimator):
    """Predict by the sign of the first column, and give no score."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0] > 0.5).astype(int)]


def designed(X, y, groups, cv, pos_label=None):
    return make_design("test", X, y, groups=groups, cv=cv, pos_label=pos_label, random_state=0)


def run(model, X, design, **options):
    return predict_out_of_fold({"model": Task(model, X, options)}, design)["model"]


def test_same_predictions_as_scikit_learn(problem):
    X, y, groups = problem
    model = make_pipeline(StandardScaler(), SVC(kernel="linear"))
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=1, random_state=0)
    made = run(model, X, designed(X, y, groups, cv))
    expected = cross_val_predict(model, X, y, groups=groups, cv=cv, method="decision_function")
    np.testing.assert_allclose(made.score[:, 0], expected)
    np.testing.assert_array_equal(made.predicted[:, 0], expected > 0)
    assert not made.is_probability
    assert (made.threshold == 0).all()
    assert (made.fit_time > 0).all()
    assert not hasattr(model[-1], "support_")


def test_probabilities_come_first(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=2, random_state=0)
    made = run(GaussianNB(), X, designed(X, y, groups, cv))
    assert made.score.shape == (60, 2)
    assert made.is_probability
    np.testing.assert_array_equal(made.predicted, made.score > 0.5)


def test_positive_class_turns_scores_round(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=1, random_state=0)
    for model, turned in ((GaussianNB(), lambda s: 1 - s), (SVC(), np.negative)):
        one = run(model, X, designed(X, y, groups, cv))
        other = run(model, X, designed(X, y, groups, cv, pos_label=0))
        np.testing.assert_allclose(other.score, turned(one.score))
        np.testing.assert_array_equal(other.predicted, 1 - one.predicted)


def test_scores_by_fit(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=2, random_state=0)
    made = run(GaussianNB(), X, designed(X, y, groups, cv))
    columns = made.score_by_fit()
    assert columns.shape == (60, 10)
    for i, (_, test) in enumerate(cv.split(X, y, groups)):
        np.testing.assert_array_equal(np.flatnonzero(~np.isnan(columns[:, i])), test)
        np.testing.assert_array_equal(columns[test, i], made.score[test, i // 5])


def test_groups_and_metadata_reach_the_estimators_that_ask_for_them(problem):
    X, y, groups = problem
    design = designed(X, y, groups, RepeatedStratifiedGroupKFold(5, n_repeats=1, random_state=0))
    assert (run(GroupCounter(), X, design).score == 16).all()
    assert (run(make_pipeline(StandardScaler(), GroupCounter()), X, design).score == 16).all()
    weights = np.ones(60)
    assert (run(GroupCounter(), X, design, sample_weight=weights).score == 16 + 48_000).all()


def test_nested_selection_gets_groups(problem):
    X, y, groups = problem
    seen = []

    class Splitter(GroupKFold):
        def split(self, X, y=None, groups=None):
            seen.append(len(np.unique(groups)))
            return super().split(X, y, groups)

    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=Splitter(3))
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=1, random_state=0)
    made = run(search, X, designed(X, y, groups, cv))
    assert seen == [16] * 5
    assert np.mean(made.predicted[:, 0] == y) > 0.8


def test_a_splitter_that_is_no_partition(problem):
    X, y, groups = problem
    design = designed(X, y, groups, BootstrapSplit(6, random_state=0))
    made = run(GaussianNB(), X, design)
    assert made.predicted.shape == (60, design.n_repeats)
    for i, (_, test) in enumerate(design.splits):
        assert (made.split[test, design.column[i]] == i).all()
    np.testing.assert_array_equal(np.isnan(made.score), made.split < 0)


def test_jobs_change_nothing(problem):
    X, y, groups = problem
    design = designed(X, y, groups, RepeatedStratifiedGroupKFold(3, n_repeats=2, random_state=0))
    tasks = {"bayes": Task(GaussianNB(), X, {}), "logistic": Task(LogisticRegression(), X, {})}
    one = predict_out_of_fold(tasks, design)
    two = predict_out_of_fold(tasks, design, n_jobs=2)
    for name in tasks:
        np.testing.assert_array_equal(one[name].score, two[name].score)
        np.testing.assert_array_equal(one[name].split, two[name].split)


def test_trials_are_averaged_to_persons(problem):
    X, y, groups = problem
    design = designed(X, y, groups, RepeatedStratifiedGroupKFold(5, n_repeats=2, random_state=0))
    assert design.per_group
    made = run(GaussianNB(), X, design)
    units = aggregate(made, design)
    mean = made.score.reshape(20, 3, 2).mean(axis=1)
    np.testing.assert_allclose(units.score, mean)
    np.testing.assert_array_equal(units.predicted, mean >= 0.5)
    np.testing.assert_array_equal(units.split, made.split[::3])


def test_without_scores_trials_vote(problem):
    X, y, groups = problem
    design = designed(X, y, groups, RepeatedStratifiedGroupKFold(5, n_repeats=1, random_state=0))
    made = run(Scoreless(), X, design)
    assert not made.has_scores
    votes = made.predicted.reshape(20, 3, 1).sum(axis=1)
    np.testing.assert_array_equal(aggregate(made, design).predicted, votes >= 2)


def test_more_classes(rng):
    groups = np.repeat(np.arange(18), 2)
    y = np.array(["a", "b", "c"])[groups % 3]
    X = rng.standard_normal((36, 3)) + 2 * np.eye(3)[groups % 3]
    design = designed(X, y, groups, RepeatedStratifiedGroupKFold(3, n_repeats=1, random_state=0))
    made = run(LogisticRegression(), X, design)
    assert made.score.shape == (36, 1, 3)
    np.testing.assert_array_equal(made.predicted[:, 0], made.score[:, 0].argmax(axis=1))
    units = aggregate(made, design)
    mean = made.score.reshape(18, 2, 3).mean(axis=1)
    np.testing.assert_array_equal(units.predicted[:, 0], mean.argmax(axis=1))
    assert made.score_by_fit().shape == (36, 3, 3)


@pytest.mark.parametrize("pos_label", [None, 0])
def test_threshold_is_fixed_on_training_samples(problem, pos_label):
    X, y, groups = problem
    y = np.where(np.arange(60) < 45, y, 0)  # unbalanced, so that one half is not the best
    y[:3] = y[0]
    design = designed(X, y, groups, RepeatedStratifiedGroupKFold(3, n_repeats=1, random_state=0),
                      pos_label)  # fmt: skip
    wrapped, fixed = with_threshold("test", LogisticRegression(), "balanced_accuracy", design)
    assert fixed is None
    assert isinstance(wrapped, TunedThresholdClassifierCV)
    made = run(wrapped, X, design)
    assert len(set(made.threshold)) == 3
    for number, (train, test) in enumerate(design.splits):
        # the threshold that inner folds of the training persons choose, and nothing else
        inner = cross_val_predict(
            LogisticRegression(), X[train], design.labels[train], groups=groups[train],
            cv=StratifiedGroupKFold(wrapped.cv.n_splits), method="predict_proba",
        )[:, design.classes[1]]  # fmt: skip
        chosen = balanced_accuracy_score(
            design.y[train], inner >= made.threshold[number] - 1e-9
        )  # fmt: skip
        others = [balanced_accuracy_score(design.y[train], inner >= cut) for cut in (0.3, 0.5, 0.7)]
        assert chosen >= max(others) - 0.15
        cut = made.threshold[number]
        np.testing.assert_array_equal(made.predicted[test, 0], made.score[test, 0] >= cut)


def test_fixed_threshold(problem):
    X, y, groups = problem
    design = designed(X, y, groups, RepeatedStratifiedGroupKFold(3, n_repeats=1, random_state=0))
    task = Task(LogisticRegression(), X, {}, 0.8)
    made = predict_out_of_fold({"model": task}, design)["model"]
    np.testing.assert_array_equal(made.predicted, made.score >= 0.8)
    assert (made.threshold == 0.8).all()


@pytest.mark.parametrize(
    ("threshold", "error", "message"),
    [
        ("specificity", ValueError, "threshold must be one of 'accuracy', 'balanced_accuracy'"),
        (True, TypeError, "threshold must be a number"),
    ],
)
def test_bad_threshold(problem, threshold, error, message):
    design = designed(*problem, RepeatedStratifiedGroupKFold(3, n_repeats=1))
    with pytest.raises(error, match=message):
        with_threshold("test", GaussianNB(), threshold, design)
