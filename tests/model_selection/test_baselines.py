"""Models by name, and the baselines that stand beside them."""

import mne
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import cross_val_predict

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.containers import Block, ConnectomeSpace, SensorSpace
from sklearn_neurofuse.model_selection._baselines import (
    MODELS,
    baseline_rows,
    model_rows,
    overall_level,
    standardize_samples,
)

LABELS = ("a", "b", "c", "d")
INFO = mne.create_info(list(LABELS), 100.0, "eeg")


@pytest.fixture
def make_banded(rng):
    """Give a function that makes 40 samples whose class lies where it is told."""
    y = np.tile([0, 1], 20)

    def make(where):
        fmri = rng.standard_normal((40, 6))
        eeg = rng.standard_normal((40, 2, 6))
        power = rng.standard_normal((40, 4, 2))
        age = rng.standard_normal(40)
        if where == "level of one band":
            eeg[:, 1] += 4 * y[:, None]
            eeg[:, 0] -= 4 * y[:, None]  # so that the mean of all bands knows nothing
        elif where == "pattern":
            fmri += 4 * np.outer(y, [1, -1, 1, -1, 1, -1])
        elif where == "confounds":
            age += 6 * y
        elif where == "level of power":
            power += np.multiply.outer(y, [3.0, -3.0])[:, None]
        X = Multimodal(
            fmri=Block(fmri, ConnectomeSpace(LABELS)),
            eeg=Block(eeg, ConnectomeSpace(LABELS, bands=("alpha", "beta"))),
            power=Block(power, SensorSpace(INFO, tmin=None, bands=("alpha", "beta"))),
        )
        return X.replace(confounds=pd.DataFrame({"age": age})), y

    return make


def accuracy(estimator, X, y):
    return accuracy_score(y, cross_val_predict(estimator, X, y, cv=5))


def test_names_of_rows(make_banded):
    X, _ = make_banded("pattern")
    assert list(model_rows("linear", ["fmri", "eeg"])) == [
        "linear fmri",
        "linear eeg",
        "linear fmri+eeg",
    ]
    assert list(model_rows("linear", ["fmri"])) == ["linear fmri"]
    assert list(baseline_rows(X)) == [
        "level",
        "confounds",
        "person-wise fmri",
        "person-wise eeg",
        "person-wise power",
        "person-wise fmri+eeg+power",
    ]
    assert "confounds" not in baseline_rows(X.select(["fmri", "eeg"]))


@pytest.mark.parametrize("model", MODELS)
def test_models_are_found_by_name_and_can_be_cloned(make_banded, model):
    X, y = make_banded("pattern")
    *_, (name, together) = model_rows(model, ["fmri", "eeg"]).items()
    assert name == f"{model} fmri+eeg"
    fitted = clone(together).fit(X[:30], y[:30])
    assert accuracy_score(y[30:], fitted.predict(X[30:])) > 0.8


def test_a_model_of_one_modality_sees_no_other(make_banded):
    X, y = make_banded("pattern")
    rows = model_rows("linear", ["fmri", "eeg"])
    assert accuracy(rows["linear fmri"], X, y) > 0.9
    assert accuracy(rows["linear eeg"], X, y) < 0.8
    assert accuracy(rows["linear fmri+eeg"], X, y) > 0.9


@pytest.mark.parametrize(
    ("where", "knows"),
    [
        ("level of one band", "level"),
        ("level of power", "level"),
        ("confounds", "confounds"),
        ("pattern", "person-wise fmri"),
    ],
)
def test_each_baseline_knows_its_own(make_banded, where, knows):
    X, y = make_banded(where)
    reached = {row: accuracy(estimator, X, y) for row, estimator in baseline_rows(X).items()}
    assert reached.pop(knows) > 0.9
    # what lies in one modality is also found by the person-wise model of all
    others = [value for row, value in reached.items() if "+" not in row]
    assert max(others) < 0.8


def test_overall_level(rng):
    X = rng.standard_normal((5, 3, 4))
    np.testing.assert_allclose(overall_level(X), X.mean(axis=(1, 2))[:, None])
    np.testing.assert_allclose(overall_level(X, 1), X.mean(axis=2))
    np.testing.assert_allclose(overall_level(X, 2), X.mean(axis=1))


def test_standardize_samples(rng):
    X = 5 + 3 * rng.standard_normal((5, 3, 4))
    given = X.copy()
    within_bands = standardize_samples(X, 1)
    np.testing.assert_allclose(within_bands.mean(axis=2), 0, atol=1e-12)
    np.testing.assert_allclose(within_bands.std(axis=2), 1)
    whole = standardize_samples(X)
    np.testing.assert_allclose(whole.std(axis=(1, 2)), 1)
    assert np.ptp(whole.mean(axis=2)) > 0.1
    np.testing.assert_array_equal(X, given)


def test_standardize_samples_without_spread():
    assert (standardize_samples(np.full((2, 3), 7.0)) == 0).all()
