"""Informedness and markedness, figures of confusion matrices, and the clinical criteria."""

import numpy as np
import pytest
from sklearn import metrics as skl
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import cross_val_score

from sklearn_neurofuse.metrics import (
    _confusion,
    bootstrap_interval,
    clinical_criteria,
    informedness_score,
    markedness_score,
)


@pytest.fixture
def binary(rng):
    y_true = rng.integers(0, 2, 60)
    return y_true, np.where(rng.uniform(size=60) < 0.7, y_true, 1 - y_true)


@pytest.fixture
def three(rng):
    y_true = rng.integers(0, 3, 90)
    return y_true, np.where(rng.uniform(size=90) < 0.6, y_true, rng.integers(0, 3, 90))


def test_two_classes(binary):
    y_true, y_pred = binary
    youden = skl.balanced_accuracy_score(y_true, y_pred, adjusted=True)
    assert informedness_score(y_true, y_pred) == pytest.approx(youden)
    ppv = skl.precision_score(y_true, y_pred)
    npv = skl.precision_score(y_true, y_pred, pos_label=0)
    assert markedness_score(y_true, y_pred) == pytest.approx(ppv + npv - 1)
    product = informedness_score(y_true, y_pred) * markedness_score(y_true, y_pred)
    assert np.sqrt(product) == pytest.approx(abs(skl.matthews_corrcoef(y_true, y_pred)))
    # labels may be anything, and classes may change names
    words = np.array(["sick", "healthy"])
    assert informedness_score(words[y_true], words[y_pred]) == pytest.approx(youden)


def test_more_classes_by_definition(three):
    y_true, y_pred = three
    informed = marked = 0.0
    for label in range(3):
        one = (y_true == label, y_pred == label)
        informed += np.mean(one[1]) * informedness_score(*one)
        marked += np.mean(one[0]) * markedness_score(*one)
    assert informedness_score(y_true, y_pred) == pytest.approx(informed)
    assert markedness_score(y_true, y_pred) == pytest.approx(marked)


@pytest.mark.parametrize("score", [informedness_score, markedness_score])
def test_extremes(score):
    y_true = np.repeat([0, 1], [30, 10])
    assert score(y_true, y_true) == 1
    assert score(y_true, 1 - y_true) == -1
    assert score(y_true, np.ones(40, int)) == 0
    assert score(y_true, np.zeros(40, int)) == 0


@pytest.mark.parametrize("score", [informedness_score, markedness_score])
def test_weights_are_repetitions(score, three, rng):
    y_true, y_pred = three
    weight = rng.integers(0, 4, 90)
    repeated = score(np.repeat(y_true, weight), np.repeat(y_pred, weight))
    assert score(y_true, y_pred, sample_weight=weight) == pytest.approx(repeated)


def test_as_scorers(rng):
    y = np.tile([0, 1], 30)
    X = rng.standard_normal((60, 3)) + 3 * y[:, None]
    for score in (informedness_score, markedness_score):
        scorer = make_scorer(score)
        assert cross_val_score(LogisticRegression(), X, y, scoring=scorer).mean() > 0.9
        assert (cross_val_score(DummyClassifier(), X, y, scoring=scorer) == 0).all()


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([0, 0], [0, 0], "two classes or more, got \\[0\\]"),
        ([0, 1], [0, 2], "y_pred holds \\[2\\], which y_true does not"),
        ([0, 1], [0.1, 0.7], "y_pred must hold classes, got continuous"),
        ([0, 1, 1], [0, 1], "inconsistent numbers"),
    ],
)
def test_refusals(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        informedness_score(y_true, y_pred)


BINARY = {
    "accuracy": skl.accuracy_score,
    "balanced_accuracy": skl.balanced_accuracy_score,
    "precision": skl.precision_score,
    "recall": skl.recall_score,
    "specificity": lambda t, p: skl.recall_score(t, p, pos_label=0),
    "npv": lambda t, p: skl.precision_score(t, p, pos_label=0),
    "f1": skl.f1_score,
    "mcc": skl.matthews_corrcoef,
}


@pytest.mark.parametrize("name", BINARY)
def test_figures_are_scikit_learns(name, binary, rng):
    y_true, y_pred = binary
    weights = rng.integers(0, 3, (5, 60))
    found = _confusion.FIGURES[name](_confusion.count(y_true, y_pred, weights, 2))
    for value, weight in zip(found, weights, strict=True):
        rows = np.repeat(np.arange(60), weight)
        assert value == pytest.approx(BINARY[name](y_true[rows], y_pred[rows]))


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_macro_figures_are_scikit_learns(name, three):
    y_true, y_pred = three
    counts = _confusion.count(y_true, y_pred, np.ones((1, 90)), 3)
    expected = getattr(skl, f"{name}_score")(y_true, y_pred, average=None)
    np.testing.assert_allclose(_confusion.by_class(counts)[name][0], expected)
    assert _confusion.FIGURES[name](counts)[0] == pytest.approx(expected.mean())
    assert _confusion.mcc(counts)[0] == pytest.approx(skl.matthews_corrcoef(y_true, y_pred))


def test_figures_at_another_prevalence():
    # of 1000 people 10 are ill; 90 % of the ill and 5 % of the healthy are called ill
    counts = np.array([[[95.0, 5.0], [10.0, 90.0]]])
    assert _confusion.ppv_at(0.01, counts)[0] == pytest.approx(9 / (9 + 49.5))
    assert _confusion.npv_at(0.01, counts)[0] == pytest.approx(940.5 / (940.5 + 1))
    assert _confusion.ppv_at(0.5, counts)[0] == pytest.approx(_confusion.precision(counts)[0])
    assert _confusion.npv_at(0.5, counts)[0] == pytest.approx(_confusion.npv(counts)[0])


def test_a_class_without_samples_is_not_defined():
    counts = np.array([[[5.0, 1.0], [0.0, 0.0]]])
    for name, figure in _confusion.FIGURES.items():
        defined = name in ("accuracy", "specificity", "npv")
        assert np.isnan(figure(counts)[0]) != defined, name
    assert _confusion.specificity(counts)[0] == pytest.approx(5 / 6)


def make_predictions(n, n_wrong):
    y_true = np.tile([0, 1], n // 2)
    return y_true, np.where(np.arange(n) < n_wrong, 1 - y_true, y_true)


@pytest.mark.parametrize(
    ("n", "n_wrong", "verdict"),
    [(400, 20, "met"), (20, 3, "undecided"), (400, 160, "not met")],
)
def test_verdicts(n, n_wrong, verdict):
    found = clinical_criteria(*make_predictions(n, n_wrong), random_state=0)
    assert found.verdict == verdict
    assert found.table["metric"].tolist() == ["precision", "recall", "f1"]
    assert found.table["least"].tolist() == [0.80, 0.80, 0.75]
    assert verdict in found.table["verdict"].tolist()


def test_criteria_are_intervals_held_against_least_values():
    y_true, y_pred = make_predictions(60, 9)
    # 25 of the 30 of class 0 are found
    own = {"recall": 0.6, "accuracy": 0.99}
    found = clinical_criteria(y_true, y_pred, criteria=own, pos_label=0, random_state=3)
    expected = bootstrap_interval(
        "recall", y_true, y_pred, pos_label=0, method="score", random_state=3
    )
    row = found.table.iloc[0]
    assert (row["low"], row["high"]) == (expected.low, expected.high)
    # one that is not met decides, whatever the others are
    assert found.table["verdict"].tolist() == ["met", "not met"]
    assert found.verdict == "not met"


def test_a_few_perfect_predictions_prove_nothing():
    y = np.tile([0, 1], 4)
    assert clinical_criteria(y, y, random_state=0).verdict == "undecided"
    assert clinical_criteria(y, y, method="percentile", random_state=0).verdict == "met"


@pytest.mark.parametrize(
    ("criteria", "error", "message"),
    [
        ({}, ValueError, "must name a metric at least"),
        ({"recal": 0.8}, ValueError, "did you mean 'recall'"),
        ({"recall": 80}, ValueError, r"criteria\['recall'\] must be in \[0, 1\], got 80"),
        ({"recall": "high"}, TypeError, "must be a number"),
    ],
)
def test_bad_criteria(criteria, error, message):
    with pytest.raises(error, match=f"^clinical_criteria: .*{message}"):
        clinical_criteria(*make_predictions(20, 3), criteria=criteria)
