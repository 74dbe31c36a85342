"""Bootstrap splits, and the .632+ estimate by the published formula."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from sklearn_neurofuse.model_selection import BootstrapSplit, bootstrap_632plus_score
from sklearn_neurofuse.model_selection._bootstrap_632plus import combine, no_information_error


def test_whole_groups_are_drawn(problem):
    X, y, groups = problem
    for train, test in BootstrapSplit(20, random_state=0).split(X, y, groups):
        counts = np.bincount(groups[train], minlength=20)
        assert (counts % 3 == 0).all()
        assert len(train) == 60
        assert set(groups[test]) == set(np.flatnonzero(counts == 0))
        # as many persons of each class as there are
        assert y[train].mean() == 0.5


def test_a_third_is_left_out():
    y = np.tile([0, 1], 500)
    shares = [len(test) / 1000 for _, test in BootstrapSplit(30, random_state=0).split(y, y)]
    assert np.mean(shares) == pytest.approx(np.exp(-1), abs=0.01)


def test_not_stratified_or_not_possible(rng):
    y = np.tile([0, 1], 20)
    drawn = [y[train].mean() for train, _ in BootstrapSplit(9, stratify=False,
             random_state=0).split(y, y)]  # fmt: skip
    assert np.std(drawn) > 0
    groups = np.arange(40) // 2  # both classes in each
    train, _ = next(BootstrapSplit(1, random_state=0).split(y, y, groups))
    assert len(train) == 40


def test_seed_and_scikit_learn(problem):
    X, y, groups = problem
    cv = BootstrapSplit(5, random_state=3)
    first, again = ([train.tolist() for train, _ in cv.split(X, y, groups)] for _ in range(2))
    assert first == again
    assert len(cross_val_score(LogisticRegression(), X, y, groups=groups, cv=cv)) == 5


@pytest.mark.parametrize(
    ("given", "y", "error", "message"),
    [
        ({"n_splits": 0}, [0, 1, 0, 1], ValueError, "n_splits must be in"),
        ({}, [0, 1], ValueError, "at least 3 groups are needed, got 2"),
        ({}, [0, 0, 0, 1], ValueError, "too few groups of one class"),
    ],
)
def test_bad_input(given, y, error, message):
    with pytest.raises(error, match=message):
        list(BootstrapSplit(**given).split(y, y))


def test_known_answer_of_the_formula():
    # one nearest neighbour on labels without information: err = 0, Err1 = gamma = .5, R = 1
    assert combine(0.0, 0.5, 0.5) == (0.5, 1.0, 0.5, 0.5, 1.0)
    # no overfitting: the .632 estimate
    found = combine(0.2, 0.2, 0.5)
    assert found.score == pytest.approx(0.8)
    assert found.overfitting == 0
    # by hand: R = (.3 - .1) / (.5 - .1) = .5, w = .632 / (1 - .368 / 2)
    found = combine(0.1, 0.3, 0.5)
    weight = 0.632 / (1 - 0.184)
    assert found.score == pytest.approx(1 - ((1 - weight) * 0.1 + weight * 0.3))
    # an out-of-bag error beyond chance counts as chance
    assert combine(0.0, 0.7, 0.5).score == 0.5


def test_no_information_error():
    y = np.array([0, 0, 0, 1])
    told = np.array([0, 0, 1, 1])
    pairs = np.mean([a != b for a in y for b in told])
    assert no_information_error(y, told) == pytest.approx(pairs)


def test_estimates(rng):
    y = np.tile([0, 1], 40)
    noise = rng.standard_normal((80, 5))
    found = bootstrap_632plus_score(KNeighborsClassifier(1), noise, y, random_state=0)
    assert found.apparent == 1
    assert found.score == pytest.approx(0.5, abs=0.12)
    signal = noise + 1.0 * y[:, None]
    found = bootstrap_632plus_score(LogisticRegression(), signal, y, random_state=0)
    assert found.out_of_bag <= found.score <= found.apparent
    best = norm.cdf(np.sqrt(5) / 2)
    assert found.score == pytest.approx(best, abs=0.08)
    majority = bootstrap_632plus_score(DummyClassifier(), noise, y, random_state=0)
    assert majority.score == pytest.approx(0.5)


def test_groups_and_too_few_resamples(problem):
    X, y, groups = problem
    with pytest.raises(
        ValueError, match="is in every bootstrap sample; take more than n_resamples"
    ):
        bootstrap_632plus_score(LogisticRegression(), X, y, groups=groups, n_resamples=2,
                                random_state=0)  # fmt: skip
    # copies in one group are kept together, and do not flatter
    X = np.repeat(np.random.default_rng(0).standard_normal((20, 5)), 3, axis=0)
    X += 1e-6 * np.random.default_rng(1).standard_normal(X.shape)
    flattered = bootstrap_632plus_score(KNeighborsClassifier(1), X, y, random_state=0)
    honest = bootstrap_632plus_score(KNeighborsClassifier(1), X, y, groups=groups, random_state=0)
    assert flattered.out_of_bag > 0.8
    assert honest.out_of_bag < 0.65
