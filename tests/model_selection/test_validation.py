"""Independent sets, frozen models, and their one validation."""

import json

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.metrics._net_benefit import decision_curve
from sklearn_neurofuse.model_selection import (
    RepeatedStratifiedGroupKFold,
    evaluate,
    validate,
)
from sklearn_neurofuse.model_selection._model_file import read_model

FAST = {"cv": RepeatedStratifiedGroupKFold(4, n_repeats=2, random_state=0), "baselines": False,
        "random_state": 0}  # fmt: skip


@pytest.fixture
def make_set(rng):
    """Give a function that makes 3 trials of each of so many persons."""

    def make(prefix, n_groups=20, shift=0.0):
        groups = np.repeat([f"{prefix}{i:02d}" for i in range(n_groups)], 3)
        y = np.where(np.repeat(np.arange(n_groups), 3) % 2, "patient", "control")
        X = rng.standard_normal((3 * n_groups, 5)) + (y == "patient")[:, None] + shift
        return X, y, groups

    return make


def run(model, train, test, **options):
    X, y, groups = train
    X_test, y_test, groups_test = test
    return evaluate(model, X, y, groups=groups, X_test=X_test, y_test=y_test,
                    groups_test=groups_test, **{**FAST, **options})  # fmt: skip


def test_the_model_fitted_on_everything_is_tested(make_set):
    train, test = make_set("a"), make_set("b", 12)
    report = run(LogisticRegression(), train, test)
    model = LogisticRegression().fit(*train[:2])
    score = model.predict_proba(test[0])[:, 1].reshape(12, 3).mean(axis=1)
    y = (test[1] == "patient")[::3]
    figures = report.test.figures.set_index("metric")["estimate"]
    assert figures["roc_auc"] == pytest.approx(roc_auc_score(y, score))
    assert figures["recall"] == pytest.approx(recall_score(y, score >= 0.5))
    assert report.test.n_units == 12
    np.testing.assert_allclose(report.model.coef_, model.coef_)
    assert any(s.text.startswith("On the independent set: ") for s in report.statements)
    assert not any("no independent set" in text for text in report.unchecked)
    assert set(report.to_frame()["set"]) == {"cross-validation", "independent set"}
    assert set(report.predictions["set"]) == {"cross-validation", "independent set"}
    assert "The independent set" in report.to_html()


def test_shift_is_said_aloud(make_set):
    train = make_set("a")
    same = run(LogisticRegression(), train, make_set("b"))
    assert any("No shift" in s.text for s in same.statements)
    shifted = run(LogisticRegression(), train, make_set("c", shift=1.5))
    assert any("so that a classifier tells them apart" in text for text in shifted.warnings)
    assert shifted.shift["roc_auc"].iloc[0] > 0.8
    assert shifted.shift["shifted"].iloc[0] == 1
    X, y, groups = make_set("d")
    most = (y == "patient") | (np.arange(60) < 12)
    other = run(LogisticRegression(), train, (X[most], y[most], groups[most]))
    assert any("share of the class of interest is 0.50" in text for text in other.warnings)


def test_shift_of_each_modality(rng):
    y = np.tile([0, 1], 30)
    X = Multimodal(eeg=rng.standard_normal((60, 8)), fmri=rng.standard_normal((60, 4, 3, 2)))
    other = X.replace(eeg=rng.standard_normal((60, 8)) + 1,
                      fmri=rng.standard_normal((60, 4, 3, 2)))  # fmt: skip
    report = evaluate(make_pipeline(StandardScaler(), PCA(2), LogisticRegression()), X, y,
                      X_test=other, y_test=y, **FAST)  # fmt: skip
    table = report.shift.set_index("modality")
    assert table.loc["eeg", "low"] > 0.5
    assert table.loc["fmri", "low"] < 0.5


def test_what_is_no_independent_set(make_set, rng):
    train, test = make_set("a"), make_set("b")
    X, y, groups = test
    model = LogisticRegression()
    with pytest.raises(ValueError, match="person 'a00' is in both sets"):
        run(model, train, (X, y, np.where(groups == "b03", "a00", groups)))
    copied = X.copy()
    copied[7] = train[0][2]
    with pytest.raises(ValueError, match="sample 7 of the independent set is one that the model"):
        run(model, train, (copied, y, groups))
    with pytest.raises(ValueError, match=r"samples of shape \[5\] in X, got \[4\]"):
        run(model, train, (X[:, :4], y, groups))
    with pytest.raises(ValueError, match=r"y holds \['other'\], none of"):
        run(model, train, (X, np.where(groups == "b03", "other", y), groups))
    with pytest.raises(ValueError, match="has no sample of class 'control'"):
        run(model, train, (X[y == "patient"], y[y == "patient"], groups[y == "patient"]))
    with pytest.raises(ValueError, match="X_test needs y_test"):
        run(model, train, (X, None, None))
    with pytest.raises(ValueError, match="y_test and groups_test need X_test"):
        run(model, train, (None, y, None))
    paired = Multimodal(eeg=X, fmri=X[:, :2])
    with pytest.raises(ValueError, match="X_test must be of the kind of X"):
        run(model, train, (paired, y, groups))
    with pytest.raises(ValueError, match=r"must have the modalities \['eeg'\], got"):
        run(model, (Multimodal(eeg=train[0]), *train[1:]), (paired, y, groups))


def test_lock_and_validate(make_set, tmp_path):
    train, test = make_set("a"), make_set("b", 16)
    path = tmp_path / "new" / "frozen"
    X, y, groups = train
    cv = RepeatedStratifiedGroupKFold(2, n_repeats=1, random_state=0)
    evaluate(LogisticRegression(), X, y, groups=groups, threshold="balanced_accuracy", lock=path,
             criteria={"recall": 0.5}, prevalence=0.1, **FAST | {"cv": cv})  # fmt: skip
    lock = json.loads((path / "lock.json").read_text())["content"]
    model = read_model("test", path / "model.skops")
    assert type(model) is LogisticRegression
    assert 0 < lock["threshold"] < 1
    assert lock["criteria"] == {"recall": 0.5}
    assert lock["classes"] == ["control", "patient"]

    sites = np.where(np.arange(48) < 24, "north", "south")
    report = validate(path, test[0], test[1], groups=test[2], sites=sites)
    score = model.predict_proba(test[0])[:, 1].reshape(16, 3).mean(axis=1)
    truth = (test[1] == "patient")[::3]
    figures = report.figures.set_index("metric")["estimate"]
    assert figures["roc_auc"] == pytest.approx(roc_auc_score(truth, score))
    assert figures["recall"] == pytest.approx(recall_score(truth, score >= lock["threshold"]))
    assert report.criteria.table["metric"].tolist() == ["recall"]
    assert set(report.sites) == {"north", "south"}
    north = report.sites["north"].figures.set_index("metric")["estimate"]
    assert north["roc_auc"] == pytest.approx(roc_auc_score(truth[:8], score[:8]))
    values = report.test.predictive_values
    assert values["prevalence"].tolist() == [0.5, 0.5, 0.1, 0.1]
    benefit = decision_curve(truth, score, np.array([0.3]))["model"].iloc[0]
    found = report.test.net_benefit.set_index(report.test.net_benefit["threshold"].round(2))
    assert found.loc[0.3, "model"] == pytest.approx(benefit)
    assert not any(s.kind == "warning" for s in report.statements)
    page = report.to_html()
    for text in ("TRIPOD+AI", "Decision curve", lock["model_sha256"], "north", "Calibration"):
        assert text in page

    with pytest.raises(ValueError, match=r"this set was scored on .*scored once on each set"):
        validate(path, test[0], test[1], groups=test[2])
    # nor in another order
    order = np.random.default_rng(0).permutation(48)
    with pytest.raises(ValueError, match="this set was scored on"):
        validate(path, test[0][order], test[1][order], groups=test[2][order])
    again = make_set("c", 12)
    second = validate(path, again[0], again[1], groups=again[2])
    assert any("scored on 1 set before" in text for text in second.warnings)


def test_a_fixed_threshold_is_frozen(make_set, tmp_path):
    X, y, groups = make_set("a")
    path = tmp_path / "frozen"
    evaluate(SVC(), X, y, groups=groups, threshold=0.7, lock=path, **FAST)
    test = make_set("b")
    report = validate(path, test[0], test[1], groups=test[2])
    score = read_model("test", path / "model.skops").decision_function(test[0])
    made = report.predictions
    np.testing.assert_array_equal(made["predicted"] == "patient", score >= 0.7)
    assert any("no probabilities" in text for text in report.unchecked)


def test_nothing_may_be_changed(make_set, tmp_path):
    X, y, groups = make_set("a")
    path = tmp_path / "frozen"
    evaluate(LogisticRegression(), X, y, groups=groups, lock=path, **FAST)
    with pytest.raises(FileExistsError, match="a lock is never overwritten"):
        evaluate(LogisticRegression(), X, y, groups=groups, lock=path, **FAST)
    new = make_set("b")
    text = (path / "lock.json").read_text()
    (path / "lock.json").write_text(text.replace('"recall": 0.8', '"recall": 0.5'))
    with pytest.raises(ValueError, match=r"lock.json was changed after it was written"):
        validate(path, new[0], new[1], groups=new[2])
    (path / "lock.json").write_text(text[:100])
    with pytest.raises(ValueError, match=r"lock.json is damaged"):
        validate(path, new[0], new[1], groups=new[2])
    (path / "lock.json").write_text(text)
    skops.io.dump(LogisticRegression(), path / "model.skops")
    with pytest.raises(ValueError, match="is not the model that was locked"):
        validate(path, new[0], new[1], groups=new[2])
    with pytest.raises(FileNotFoundError, match="is no locked model"):
        validate(tmp_path, new[0], new[1])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["frozen"]


def test_validation_refuses_what_was_trained_on(make_set, tmp_path):
    X, y, groups = make_set("a")
    path = tmp_path / "frozen"
    evaluate(LogisticRegression(), X, y, groups=groups, lock=path, **FAST)
    new = make_set("b")
    with pytest.raises(ValueError, match="one that the model was made with"):
        validate(path, np.vstack([new[0][:-1], X[:1]]), new[1], groups=new[2])
    with pytest.raises(ValueError, match=r"samples of shape \[5\] in X, got \[3\]"):
        validate(path, new[0][:, :3], new[1], groups=new[2])
    with pytest.raises(ValueError, match="sites must have one value"):
        validate(path, new[0], new[1], groups=new[2], sites=["a"])
    with pytest.raises(ValueError, match="modalities"):
        validate(path, Multimodal(eeg=new[0]), new[1], groups=new[2])
    few = validate(path, new[0][:12], new[1][:12], groups=new[2][:12])
    assert any("only 4 persons" in text for text in few.warnings)


def test_net_benefit_by_hand():
    # Vickers & Elkin: 100 people, 20 ill; at threshold .2 the model treats 30, of them 15 ill
    is_positive = np.repeat([True, False], [20, 80])
    probability = np.full(100, 0.1)
    probability[:15] = probability[20:35] = 0.6
    row = decision_curve(is_positive, probability, np.array([0.2])).iloc[0]
    assert row["model"] == pytest.approx(15 / 100 - 15 / 100 * 0.25)
    assert row["treat_all"] == pytest.approx(0.2 - 0.8 * 0.25)
    assert row["treat_none"] == 0


def test_versions_are_compared(make_set, tmp_path, monkeypatch):
    X, y, groups = make_set("a")
    path = tmp_path / "frozen"
    evaluate(LogisticRegression(), X, y, groups=groups, lock=path, **FAST)
    from_now_on = "sklearn_neurofuse.model_selection._validate.versions"
    monkeypatch.setattr(from_now_on, lambda: {"python": "9.9"})
    new = make_set("b")
    report = validate(path, new[0], new[1], groups=pd.Series(new[2]))
    assert any("python 9.9 (was 3." in text for text in report.warnings)
