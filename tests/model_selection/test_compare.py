"""`compare`: the tests by their formulas, and what is said of fusion."""

import json

import numpy as np
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import ModalitySelector, make_modality_transformer
from sklearn_neurofuse.datasets import fetch_tle_connectomes
from sklearn_neurofuse.model_selection import (
    RepeatedStratifiedGroupKFold,
    compare,
)
from sklearn_neurofuse.model_selection._baselines import baseline_rows, model_rows
from sklearn_neurofuse.model_selection._beside import simple_rows
from sklearn_neurofuse.model_selection._memory import peak_memory
from sklearn_neurofuse.model_selection._paired_tests import correlated_t_test, holm

CV = RepeatedStratifiedGroupKFold(4, n_repeats=3, random_state=0)


def linear():
    return make_pipeline(StandardScaler(), LogisticRegression())


def test_corrected_t_test_by_hand(rng):
    d = rng.normal(0.03, 0.05, 20)
    found = correlated_t_test(d, 0.25, 0.01)
    spread = np.sqrt((1 / 20 + 0.25) * d.var(ddof=1))
    assert found.standard_error == pytest.approx(spread)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(d.mean() / spread), 19))
    low, high = stats.t.interval(0.95, 19, d.mean(), spread)
    assert (found.low, found.high) == pytest.approx((low, high))
    # the posterior is that t distribution, here drawn from
    drawn = stats.t.rvs(19, d.mean(), spread, size=400_000, random_state=0)
    shares = [np.mean(drawn > 0.01), np.mean(np.abs(drawn) <= 0.01), np.mean(drawn < -0.01)]
    assert found[5:] == pytest.approx(shares, abs=0.004)
    # without correction it is the paired t-test
    plain = correlated_t_test(d, 0.0, 0.0)
    assert plain.p_value == pytest.approx(stats.ttest_1samp(d, 0).pvalue)


def test_no_difference_and_no_scores():
    assert correlated_t_test(np.zeros(5), 0.25, 0.01)[4:] == (1.0, 0.0, 1.0, 0.0)
    assert correlated_t_test(np.full(5, 0.2), 0.25, 0.01)[4:] == (0.0, 1.0, 0.0, 0.0)
    assert np.isnan(correlated_t_test(np.array([0.1, np.nan]), 0.25, 0.01)).all()


def test_level_of_the_corrected_test(rng):
    # folds that share training samples: differences with correlation 1 / n_folds
    rejected = naive = 0
    for _ in range(600):
        shared = rng.normal(0, np.sqrt(0.2), 1)
        d = shared + rng.normal(0, np.sqrt(0.8), 50)
        rejected += correlated_t_test(d, 0.25, 0.0).p_value < 0.05
        naive += stats.ttest_1samp(d, 0).pvalue < 0.05
    assert rejected / 600 < 0.08
    assert naive / 600 > 0.3


def test_holm():
    adjusted = holm([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(adjusted, [0.03, np.nan, 0.06, 0.06])
    assert holm([0.6, 0.7]).tolist() == [1.0, 1.0]


def test_fusion_that_helps(rng):
    # what hides the class in one modality shows in the other
    y = np.tile([0, 1], 60)
    hiding = 2 * rng.standard_normal((120, 1))
    X = Multimodal(
        fmri=y[:, None] + hiding + 0.3 * rng.standard_normal((120, 8)),
        eeg=hiding + 0.3 * rng.standard_normal((120, 8)),
    )
    found = compare({"both": linear()}, X, y, cv=CV, random_state=0)
    assert found.models == ["both", "majority", "linear fmri", "linear eeg", "linear fmri+eeg"]
    assert found.answer.startswith("Fusion helps: ")
    assert "ROC AUC" in found.answer
    pair = found.pair("both", "linear eeg")
    turned = found.pair("linear eeg", "both")
    assert turned["difference"] == -pair["difference"]
    assert (turned["low"], turned["p_better"]) == (-pair["high"], pair["p_worse"])
    folds = found.folds.pivot(index="split", columns="model", values="value")
    by_hand = correlated_t_test((folds["both"] - folds["linear eeg"]).to_numpy(), 1 / 3, 0.01)
    assert pair["p_value"] == pytest.approx(by_hand.p_value)
    assert (found.pairs["p_adjusted"] >= found.pairs["p_value"]).all()
    assert len(found.pairs) == 10
    assert found.best("baseline") == "linear fmri+eeg"
    assert found.best() in ("both", "linear fmri+eeg")


def test_fusion_that_does_not(paired, rng):
    X, y = paired
    X = X.replace(eeg=rng.standard_normal((40, 20)))
    found = compare({"both": linear()}, X, y, cv=CV, random_state=0)
    assert not found.answer.startswith("Fusion helps")
    # one modality only is no fusion
    alone = make_pipeline(ModalitySelector("fmri"), linear())
    found = compare({"fmri": alone, "other": alone}, X, y, cv=CV, baselines=False, random_state=0)
    assert found.answer.startswith("The best two models are 'fmri' with ROC AUC")
    assert "practically the same with 1.00" in found.answer


def test_same_folds_for_all(problem):
    X, y, groups = problem
    models = {"one": GaussianNB(), "two": GaussianNB()}
    found = compare(models, X, y, groups=groups, cv=CV, baselines=False, random_state=0)
    row = found.pair("one", "two")
    assert (row["difference"], row["p_value"], row["p_equivalent"]) == (0, 1, 1)
    assert found.settings["modalities"] == {"one": ("X",), "two": ("X",)}
    with pytest.raises(KeyError, match="no pair 'one', 'three'"):
        found.pair("one", "three")


def test_models_without_scores(problem):
    X, y, groups = problem

    class Labels(DummyClassifier):
        """Predicts, and gives no score."""

        predict_proba = property()

    found = compare({"labels": Labels(), "bayes": GaussianNB()}, X, y, groups=groups, cv=CV,
                    baselines=False)  # fmt: skip
    assert found.metric == "balanced_accuracy"
    assert found.best() == "bayes"


def test_groups_reach_models_that_ask_for_them(problem):
    X, y, groups = problem
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=GroupKFold(3))
    model = make_pipeline(StandardScaler(), search)
    found = compare({"search": model}, X, y, groups=groups, cv=CV, random_state=0)
    assert found.best() == "search"


def test_costs_and_files(problem, tmp_path):
    X, y, groups = problem
    found = compare({"svm": SVC()}, X, y, groups=groups, cv=CV, random_state=0)
    costs = found.costs.set_index("model")
    assert (costs[["fit_time", "predict_time"]] > 0).all(axis=None)
    assert (costs["peak_memory"] >= 0).all()
    whole = json.loads(found.to_json(tmp_path / "a.json"))
    assert whole["figures"][0]["model"] == "svm"
    assert whole["figures"][0]["role"] == "model"
    assert whole["settings"]["seed"] == 0
    assert found.to_frame().equals(found.figures)
    assert found.to_frame() is not found.figures
    page = found.to_html(tmp_path / "a.html")
    assert page == (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "Comparison of 2 models: best 'svm' with ROC AUC" in repr(found)


def test_peak_memory_sees_a_large_array():
    grown = peak_memory(lambda: np.ones(8_000_000).sum())
    assert grown > 50


def test_recordings_are_read_as_the_first_model_reads_them(paired):
    X, _ = paired
    reading = make_modality_transformer(
        fmri=FunctionTransformer(np.negative), eeg=FunctionTransformer(np.abs)
    )
    model = make_pipeline(reading, StandardScaler(), LogisticRegression())
    # arrays need no reading
    assert list(simple_rows([model], X)) == ["majority", "linear fmri", "linear eeg",
                                             "linear fmri+eeg"]  # fmt: skip
    assert list(simple_rows([model], np.zeros((3, 2)))) == ["majority"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"estimators": {}}, ValueError, "estimators must be a dict of models by name"),
        ({"estimators": [GaussianNB()]}, ValueError, "estimators must be a dict"),
        ({"estimators": {"a": 3}}, TypeError, "'a' must be a classifier, got int"),
        ({"baselines": {"bayes": GaussianNB()}}, ValueError, "'bayes' is the name of a model and"),
        ({"metric": "auc"}, ValueError, "metric must be one of"),
        ({"rope": -1}, ValueError, "rope must be in"),
        ({"scoring": "auc"}, ValueError, "scoring must be one of"),
        ({"y": np.zeros(3)}, ValueError, "y must have one label for each"),
    ],
)
def test_bad_input(problem, change, error, message):
    X, y, groups = problem
    given = {"estimators": {"bayes": GaussianNB()}, "y": y, "groups": groups, **change}
    with pytest.raises(error, match=f"^compare: .*{message}"):
        compare(X=X, **given)


def test_real_connectomes(real_data):
    home = real_data("tle-connectomes").parent
    data = fetch_tle_connectomes(data_home=home, download_if_missing=False)
    X = data.X.replace(confounds=data.confounds)
    *single, (name, model) = model_rows("linear", data.X.modalities).items()
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=2, random_state=0)
    found = compare({name: model}, X, data.target, groups=data.groups, cv=cv, random_state=0,
                    baselines={**dict(single), **baseline_rows(X)}, scoring="f1")  # fmt: skip
    auc = found.figures[found.figures["metric"] == "roc_auc"].set_index("model")["estimate"]
    # from ten repeats: .90, .71, .89, .89, .60, .73, .95, .94; two repeats scatter around them
    bounds = {
        "linear fmri+eeg": (0.85, 0.95),
        "linear fmri": (0.60, 0.80),
        "linear eeg": (0.84, 0.94),
        "level": (0.84, 0.94),
        "confounds": (0.48, 0.70),
        "person-wise fmri": (0.62, 0.82),
        "person-wise eeg": (0.91, 0.98),
        "person-wise fmri+eeg": (0.89, 0.98),
    }
    assert list(auc.index) == list(bounds)
    for row, (low, high) in bounds.items():
        assert low < auc[row] < high, row
    assert found.best("baseline").startswith("person-wise")
    assert not found.answer.startswith("Fusion helps")
