"""The splitter: like scikit-learn's, repeated, and it refuses what would go wrong later."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    cross_val_score,
)

from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold


@pytest.fixture
def problem(rng):
    """Make 60 samples of 20 persons, who have one class each."""
    groups = np.repeat(np.arange(20), 3)
    y = groups % 2
    return rng.standard_normal((60, 5)) + y[:, None], y, groups


def test_each_sample_its_own_group_splits_as_scikit_learn(problem):
    X, y, _ = problem
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=3, random_state=7)
    expected = RepeatedStratifiedKFold(n_splits=5, n_repeats=3, random_state=7).split(X, y)
    for ours, theirs in zip(cv.split(X, y, np.arange(60)), expected, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_one_repeat_is_scikit_learns(problem):
    X, y, groups = problem
    rng = np.random.RandomState(3)
    expected = StratifiedGroupKFold(4, shuffle=True, random_state=rng).split(X, y, groups)
    cv = RepeatedStratifiedGroupKFold(4, n_repeats=1, random_state=3)
    for (_, ours), (_, theirs) in zip(cv.split(X, y, groups), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_groups_stay_together_and_repeats_differ(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=4, random_state=0)
    splits = list(cv.split(X, y, groups))
    assert len(splits) == cv.get_n_splits() == 20
    for train, test in splits:
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == 60
        assert y[test].mean() == 0.5
    for repeat in range(4):
        tests = [test for _, test in splits[5 * repeat : 5 * repeat + 5]]
        np.testing.assert_array_equal(np.sort(np.concatenate(tests)), np.arange(60))
    assert len({tuple(test) for _, test in splits[::5]}) == 4


def test_same_seed_same_splits(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(3, n_repeats=2, random_state=1)
    first, again = ([test for _, test in cv.split(X, y, groups)] for _ in range(2))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    other = RepeatedStratifiedGroupKFold(3, n_repeats=2, random_state=2).split(X, y, groups)
    assert not all(np.array_equal(one, two) for one, (_, two) in zip(first, other, strict=True))


def test_inside_scikit_learn(problem):
    X, y, groups = problem
    cv = RepeatedStratifiedGroupKFold(3, n_repeats=2, random_state=1)
    assert "n_repeats=2" in repr(cv)
    assert len(cross_val_score(LogisticRegression(), X, y, groups=groups, cv=cv)) == 6
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=clone(cv, safe=False))
    assert search.fit(X, y, groups=groups).n_splits_ == 6
    with sklearn.config_context(enable_metadata_routing=True):
        scores = cross_val_score(LogisticRegression(), X, y, cv=cv, params={"groups": groups})
    assert len(scores) == 6


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"n_splits": 1}, ValueError, r"n_splits must be in \[2, inf\), got 1"),
        ({"n_splits": 2.0}, TypeError, "n_splits must be an integer"),
        ({"n_repeats": 0}, ValueError, "n_repeats must be in"),
        ({"n_splits": 11}, ValueError, "11 folds need as many groups in each class, but class 0"),
    ],
)
def test_bad_parameters(problem, given, error, message):
    X, y, groups = problem
    with pytest.raises(error, match=f"^RepeatedStratifiedGroupKFold: {message}"):
        next(RepeatedStratifiedGroupKFold(**given).split(X, y, groups))


def test_groups_are_needed(problem):
    X, y, _ = problem
    with pytest.raises(ValueError, match="groups must be given"):
        next(RepeatedStratifiedGroupKFold().split(X, y))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        next(RepeatedStratifiedGroupKFold().split(X, y, np.arange(59)))


def test_training_set_without_a_class():
    # balancing class 0 puts both groups that hold class 1 into one fold
    y = np.repeat([0, 1, 0, 1], [20, 10, 10, 1])
    groups = np.repeat([0, 1, 2], [20, 10, 11])
    with pytest.raises(ValueError, match="groups leave a training set without one of the classes"):
        list(RepeatedStratifiedGroupKFold(2, n_repeats=1, random_state=0).split(y, y, groups))
