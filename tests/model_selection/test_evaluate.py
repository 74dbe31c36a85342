"""`evaluate`: figures that are scikit-learn's, and everything that is said about them."""

import json

import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.metrics import balanced_accuracy_posterior, bootstrap_interval
from sklearn_neurofuse.model_selection import (
    BlockedSplit,
    ConfoundResidualizer,
    RepeatedStratifiedGroupKFold,
    evaluate,
)

FAST = {"cv": RepeatedStratifiedGroupKFold(4, n_repeats=2, random_state=0), "baselines": False,
        "random_state": 0}  # fmt: skip


def figure(report, metric, column="estimate"):
    return report.figures.set_index("metric").loc[metric, column]


def test_figures_are_scikit_learns(rng):
    y = np.tile([0, 1], 30)
    X = rng.standard_normal((60, 4)) + 0.8 * y[:, None]
    report = evaluate(LogisticRegression(), X, y, cv=5, baselines=False, random_state=0)
    cv = RepeatedStratifiedKFold(n_splits=5, n_repeats=10, random_state=0)
    auc = cross_val_score(LogisticRegression(), X, y, cv=cv, scoring="roc_auc")
    assert figure(report, "roc_auc") == pytest.approx(auc.mean())
    np.testing.assert_allclose(report.folds["roc_auc"], auc)
    made = report.predictions.pivot(index="sample", columns="repeat", values="predicted")
    f1 = np.mean([f1_score(y, made[repeat]) for repeat in made])
    assert figure(report, "f1") == pytest.approx(f1)
    expected = bootstrap_interval("f1", y, made.to_numpy(), method="score", stratify=y,
                                  n_resamples=1000, design_effect=2.25, random_state=0)  # fmt: skip
    assert figure(report, "f1", "low") == pytest.approx(expected.low)
    law = balanced_accuracy_posterior(y, made.to_numpy(), prior=0.5, design_effect=2.25**0.5)
    assert report.posterior.interval(0.9) == pytest.approx(law.interval(0.9))
    assert "10 x 5-fold" in report.settings["cross_validation"]


def test_same_seed_same_report(problem):
    X, y, groups = problem
    one, two, other = (
        evaluate(GaussianNB(), X, y, groups=groups, **FAST | {"cv": "auto", "random_state": seed})
        for seed in (3, 3, 4)
    )
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    assert not one.figures.equals(other.figures)
    drawn = evaluate(GaussianNB(), X, y, groups=groups, **FAST | {"random_state": None})
    again = evaluate(GaussianNB(), X, y, groups=groups,
                     **FAST | {"random_state": drawn.settings["seed"]})  # fmt: skip
    pd.testing.assert_frame_equal(drawn.to_frame(), again.to_frame())


def test_labels_constant_per_person_are_judged_per_person(problem):
    X, y, groups = problem
    report = evaluate(GaussianNB(), X, y, groups=groups, **FAST)
    assert report.assessment.n_units == 20
    assert sum(report.assessment.counts.values()) == 20
    assert any("judged" in s.text and "feign" in s.text for s in report.statements)
    score = report.predictions.groupby(["repeat", "split", "group"])[["score", "target"]].mean()
    folds = [roc_auc_score(part["target"], part["score"])
             for _, part in score.groupby(["repeat", "split"])]  # fmt: skip
    assert figure(report, "roc_auc") == pytest.approx(np.mean(folds))
    # every sample by itself is narrower, which is what must not be shown
    naive = bootstrap_interval("accuracy", y, (y == 1).astype(int), method="score")
    assert naive is not None
    assert report.groups["n_samples"].tolist() == [3] * 20


def test_labels_varying_within_persons_are_judged_per_trial(trials):
    X, y, groups = trials
    report = evaluate(LogisticRegression(), X, y, groups=groups, **FAST)
    assert report.assessment.n_units == 96
    assert report.assessment.n_groups == 12
    # house is last in order, so it is the positive class
    assert report.settings["data"]["positive"] == "house"
    assert report.groups["class"].unique().tolist() == ["face / house"]
    turned = evaluate(LogisticRegression(), X, y, groups=groups, pos_label="face", **FAST)
    assert figure(turned, "recall") == pytest.approx(figure(report, "specificity"))
    assert figure(turned, "roc_auc") == pytest.approx(figure(report, "roc_auc"))


def test_estimand_and_few_groups(trials):
    X, y, groups = trials
    report = evaluate(LogisticRegression(), X, y, groups=groups, **FAST)
    (said,) = [s.text for s in report.statements if s.kind == "estimand"]
    assert "a new person" in said
    assert "72 samples of 9 persons" in said
    assert not any("unreliable" in text for text in report.warnings)
    few = groups < "s06"
    report = evaluate(LogisticRegression(), X[few], y[few], groups=groups[few],
                      cv=3, baselines=False, random_state=0)  # fmt: skip
    assert any("only 6 persons; with fewer than 8" in text for text in report.warnings)
    family = pd.Series(groups, name="family")
    report = evaluate(LogisticRegression(), X, y, groups=family, **FAST)
    assert "a new family" in report.statements[0].text


def test_without_groups_it_is_said(rng):
    y = np.tile([0, 1], 20)
    report = evaluate(GaussianNB(), rng.standard_normal((40, 3)), y, **FAST)
    assert any("No groups were given" in text for text in report.warnings)


def test_groups_of_recordings(make_recordings, rng):
    X = make_recordings(4, 12, subject=["01", "02", "03", "04"])
    y = X.table["trial_type"].to_numpy()

    class Noise(DummyClassifier):
        """Takes recordings, and looks at none."""

        def fit(self, X, y):
            return super().fit(np.zeros((len(X), 1)), y)

        def predict(self, X):
            return super().predict(np.zeros((len(X), 1)))

        def predict_proba(self, X):
            return super().predict_proba(np.zeros((len(X), 1)))

    model = Noise(strategy="stratified", random_state=0)
    report = evaluate(model, X, y, cv=3, baselines=False, random_state=0)
    assert report.settings["data"]["group"] == "person"
    assert report.settings["data"]["n_groups"] == 4
    one = make_recordings(4, 12, subject=["01"] * 4, run=["1", "2", "3", "4"])
    report = evaluate(model, one, y, cv=3, baselines=False, random_state=0)
    assert report.settings["data"]["group"] == "run"
    by_name = evaluate(model, one, y, groups="run", cv=3, baselines=False, random_state=0)
    assert by_name.settings["data"]["n_groups"] == 4
    with pytest.raises(ValueError, match=r"groups='rnu' is no column.*did you mean 'run'"):
        evaluate(model, one, y, groups="rnu")
    # a single run: refused, unless blocks are asked for
    single = make_recordings(1, 40)
    y = single.table["trial_type"].to_numpy()
    with pytest.raises(ValueError, match=r"all samples belong to one run.*BlockedSplit"):
        evaluate(model, single, y)
    report = evaluate(model, single, y, cv=BlockedSplit(4, gap=20), random_state=0)
    assert "other trials of the same recording" in report.statements[0].text
    assert any("only 4 blocks of trials" in text for text in report.warnings)
    assert report.confounds["confound"].tolist() == ["trial index"]


def test_confounds_above_chance_are_named(problem, rng):
    X, y, groups = problem
    confounds = pd.DataFrame(
        {
            "motion": rng.standard_normal(60) + 1.8 * y,
            "age": np.repeat(rng.integers(20, 70, 20), 3),
            "site": np.where(np.arange(60) % 4 < 2, "a", "b"),
            "constant": 1.0,
        }
    )
    confounds.loc[3, "age"] = np.nan
    report = evaluate(GaussianNB(), X, y, groups=groups, confounds=confounds, **FAST)
    table = report.confounds.set_index("confound")
    assert list(table.index) == ["all confounds", "motion", "age", "site"]
    assert table["above_chance"].to_dict() == {
        "all confounds": True, "motion": True, "age": False, "site": False,
    }  # fmt: skip
    (named,) = [text for text in report.warnings if "'motion'" in text]
    assert "tells the class above chance (ROC AUC " in named
    assert "% of the deviance" in named
    assert not any("'site'" in text or "'age'" in text for text in report.warnings)
    assert not any(text.startswith("Confounds:") for text in report.unchecked)
    without = evaluate(GaussianNB(), X, y, groups=groups, confounds=False, **FAST)
    assert without.confounds is None
    assert any(text.startswith("Confounds:") for text in without.unchecked)


def test_a_striking_confound_of_few_people_is_named(rng):
    groups = np.repeat(np.arange(6), 8)
    y = (rng.uniform(size=48) < np.where(groups % 2, 0.9, 0.1)).astype(int)
    site = {"site": np.where(groups % 2, "north", "south")}
    cv = RepeatedStratifiedGroupKFold(3, n_repeats=2, random_state=0)
    report = evaluate(GaussianNB(), rng.standard_normal((48, 2)), y, groups=groups, cv=cv,
                      confounds=site, baselines=False, random_state=0)  # fmt: skip
    row = report.confounds.iloc[0]
    assert row["roc_auc"] > 0.7
    assert row["low"] < 0.5
    assert any("'site' alone may tell the class" in text for text in report.warnings)


def test_resampling_touches_training_samples_only(problem):
    X, y, groups = problem
    seen = []

    class Counter(RandomOverSampler):
        def fit_resample(self, X, y, **params):
            seen.append(len(X))
            return super().fit_resample(X, y, **params)

    rare = np.flatnonzero((y == 0) | (groups < 8))
    model = make_imblearn_pipeline(Counter(random_state=0), GaussianNB())
    report = evaluate(model, X[rare], y[rare], groups=groups[rare],
                      cv=RepeatedStratifiedGroupKFold(4, n_repeats=1, random_state=0),
                      baselines=False, random_state=0)  # fmt: skip
    assert seen == [len(rare) - n for n in report.folds["n_test"]]
    assert report.predictions["sample"].tolist() == list(range(len(rare)))


def test_partial_effect(rng):
    y = np.tile([0, 1], 50)
    confound = y + rng.standard_normal(100)
    own = rng.standard_normal(100) + 2 * y
    both = {
        "only the confound": confound[:, None] + 0.05 * rng.standard_normal((100, 1)),
        "something else": own[:, None],
    }
    partial = {
        name: evaluate(
            LogisticRegression(), X, y, confounds={"age": confound}, **FAST
        ).confounds.iloc[0]
        for name, X in both.items()
    }
    assert partial["only the confound"]["partial_low"] < 0.02
    assert partial["only the confound"]["partial"] < 0.1
    assert partial["something else"]["partial_low"] > 0.1


def test_residualizer_takes_the_confound_out(rng):
    y = np.tile([0, 1], 40)
    age = y + 0.5 * rng.standard_normal(80)
    signal = rng.standard_normal((80, 10)) + 2 * age[:, None]
    X = Multimodal(eeg=signal, confounds=age[:, None])
    plain = make_pipeline(StandardScaler(), LogisticRegression())
    cleaned = make_pipeline(ConfoundResidualizer(), plain)
    reports = [evaluate(model, X, y, confounds={"age": age}, **FAST) for model in (plain, cleaned)]
    assert figure(reports[0], "roc_auc") > 0.85
    assert figure(reports[1], "roc_auc") < 0.7


def test_missing_samples_that_know_the_class(paired, rng):
    X, y = paired
    eeg = X["eeg"].data.copy()
    eeg[(y == 1) & (rng.uniform(size=40) < 0.8)] = np.nan
    model = make_pipeline(StandardScaler(), DummyClassifier())
    report = evaluate(model, X.replace(eeg=eeg), y, **FAST)
    assert any("Which samples are missing alone tells the class" in t for t in report.warnings)
    eeg = X["eeg"].data.copy()
    eeg[::7] = np.nan
    report = evaluate(model, X.replace(eeg=eeg), y, **FAST)
    assert not any("missing alone tells" in text for text in report.warnings)


def test_baselines_stand_beside(paired):
    X, y = paired
    report = evaluate(make_pipeline(StandardScaler(), GaussianNB()), X, y,
                      cv=FAST["cv"], random_state=0)  # fmt: skip
    assert report.comparison.models == [
        "model", "majority", "linear fmri", "linear eeg", "linear fmri+eeg",
    ]  # fmt: skip
    assert any("best baseline" in said.text for said in report.statements)
    own = evaluate(GaussianNB(), X, y, cv=FAST["cv"], baselines={"bayes": GaussianNB()},
                   random_state=0)  # fmt: skip
    assert own.comparison.models == ["model", "bayes"]
    assert own.comparison.pair("model", "bayes")["difference"] == 0
    assert any("not shown to beat the best baseline, 'bayes'" in text for text in own.warnings)
    with pytest.raises(ValueError, match="'model' is the model itself"):
        evaluate(GaussianNB(), X, y, baselines={"model": GaussianNB()})


def test_criteria_and_prevalence(problem):
    X, y, groups = problem
    report = evaluate(GaussianNB(), X + 3 * y[:, None], y, groups=groups, prevalence=0.02,
                      criteria={"recall": 0.6, "roc_auc": 0.6}, **FAST)  # fmt: skip
    assert report.criteria.verdict == "met"
    assert report.criteria.table["metric"].tolist() == ["recall", "roc_auc"]
    values = report.assessment.predictive_values
    assert values["prevalence"].tolist() == [0.5, 0.5, 0.02, 0.02]
    assert values["metric"].tolist() == ["ppv", "npv"] * 2
    once = {**FAST, "cv": RepeatedStratifiedGroupKFold(4, n_repeats=1, random_state=0)}
    weak = evaluate(GaussianNB(), X[:, :1], y, groups=groups, prevalence=0.02, **once)
    recall, specificity = figure(weak, "recall"), figure(weak, "specificity")
    made = weak.assessment.predictive_values["estimate"].iloc[2]
    by_hand = recall * 0.02 / (recall * 0.02 + (1 - specificity) * 0.98)
    assert made == pytest.approx(by_hand)


def test_threshold_is_tuned_inside(problem):
    X, y, groups = problem
    once = {**FAST, "cv": RepeatedStratifiedGroupKFold(3, n_repeats=1, random_state=0)}
    report = evaluate(LogisticRegression(), X, y, groups=groups, threshold="f1", **once)
    assert report.folds["threshold"].nunique() > 1
    fixed = evaluate(LogisticRegression(), X, y, groups=groups, threshold=0.9, **once)
    assert (fixed.folds["threshold"] == 0.9).all()
    assert figure(fixed, "recall") < figure(report, "recall")
    assert figure(fixed, "roc_auc") == figure(report, "roc_auc")


def test_nested_selection(problem):
    X, y, groups = problem
    search = GridSearchCV(LogisticRegression(), {"C": [0.01, 1.0]}, cv=StratifiedGroupKFold(3))
    report = evaluate(search, X, y, groups=groups, cv=GroupKFold(4), baselines=False)
    assert figure(report, "roc_auc") > 0.8
    assert not sklearn.get_config()["enable_metadata_routing"]


def test_one_group_at_a_time(problem):
    X, y, groups = problem
    report = evaluate(GaussianNB(), X, y, groups=groups, cv=LeaveOneGroupOut(), baselines=False,
                      random_state=0)  # fmt: skip
    # no test set has both classes, so scores are ranked over all fits
    score = report.predictions.groupby("group")[["score", "target"]].mean()
    assert figure(report, "roc_auc") == pytest.approx(
        roc_auc_score(score["target"], score["score"])
    )
    assert report.folds["roc_auc"].isna().all()


def test_more_classes(rng):
    y = np.repeat(["ad", "hc", "mci"], 20)
    X = rng.standard_normal((60, 4)) + 2 * np.eye(4)[np.repeat([0, 1, 2], 20)]
    report = evaluate(LogisticRegression(), X, y, **FAST)
    made = report.predictions
    f1 = [f1_score(part["target"], part["predicted"], average="macro")
          for _, part in made.groupby("repeat")]  # fmt: skip
    assert figure(report, "f1") == pytest.approx(np.mean(f1))
    assert 0.5 < figure(report, "roc_auc", "low") < figure(report, "roc_auc") < 1
    assert report.assessment.by_class["class"].unique().tolist() == ["ad", "hc", "mci"]
    assert report.assessment.predictive_values is None
    assert report.assessment.calibration is None
    assert set(report.assessment.roc["class"]) == {"ad", "hc", "mci"}
    assert "0.33" in next(s.text for s in report.statements if s.kind == "result")
    assert report.to_html().startswith("<!DOCTYPE html>")


def test_no_scores_and_no_probabilities(problem):
    X, y, groups = problem
    report = evaluate(SVC(), X, y, groups=groups, **FAST)
    assert "brier" not in set(report.figures["metric"])
    assert any("Calibration" in text for text in report.unchecked)


def test_own_metrics(problem):
    X, y, groups = problem

    def hits(y_true, y_pred):
        return np.mean(y_true == y_pred)

    report = evaluate(GaussianNB(), X, y, groups=groups, scoring=[hits, "accuracy"], **FAST)
    assert report.figures["metric"].tolist() == ["hits", "accuracy"]
    assert figure(report, "hits") == pytest.approx(figure(report, "accuracy"))
    assert report.criteria.table["metric"].tolist() == ["precision", "recall", "f1"]


def test_calibration(rng):
    y = np.tile([0, 1], 150)
    X = rng.standard_normal((300, 1)) + y[:, None]

    class Confident(LogisticRegression):
        """Three times as sure as it should be."""

        def predict_proba(self, X):
            odds = self.decision_function(X) * 3
            return np.column_stack([1 / (1 + np.exp(odds)), 1 / (1 + np.exp(-odds))])

    good, bad = (
        evaluate(model, X, y, **FAST).assessment.calibration_figures.set_index("metric")
        for model in (LogisticRegression(), Confident())
    )
    slope = "calibration slope"
    assert good.loc[slope, "low"] < 1 < good.loc[slope, "high"]
    assert bad.loc[slope, "high"] < 0.8
    assert bad.loc[slope, "estimate"] == pytest.approx(good.loc[slope, "estimate"] / 3, rel=0.05)


def test_learning_curve(rng):
    y = np.tile([0, 1], 60)
    X = rng.standard_normal((120, 30)) + 0.4 * y[:, None]
    report = evaluate(GaussianNB(), X, y, learning_curve=[0.1, 1.0], **FAST)
    table = report.learning_curve
    assert table["n_train"].unique().tolist() == [8.0, 90.0]
    auc = table[table["metric"] == "roc_auc"]["estimate"].tolist()
    assert auc[1] > auc[0] + 0.05
    first = report.folds[report.folds["repeat"] == 0]["roc_auc"].mean()
    assert auc[1] == pytest.approx(first)


def test_tables_and_files(problem, tmp_path):
    X, y, groups = problem
    report = evaluate(GaussianNB(), X, y, groups=groups, cv=4, random_state=0)
    frame = report.to_frame()
    assert set(frame["part"]) == {
        "figures", "by_class", "predictive_values", "calibration_figures", "posterior",
    }  # fmt: skip
    assert (frame["low"] <= frame["estimate"]).all()
    whole = json.loads(report.to_json(tmp_path / "a.json"))
    assert whole == json.loads((tmp_path / "a.json").read_text())
    assert whole["settings"]["versions"]["scikit-learn"] == sklearn.__version__
    assert whole["criteria"]["cross-validation"]["verdict"] == report.criteria.verdict
    assert repr(report).startswith("Evaluation: balanced accuracy 0.")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"y": np.zeros(59)}, ValueError, "y must have one label for each of the 60 samples"),
        ({"y": np.zeros(60)}, ValueError, r"y must hold two classes or more, got \[0.0\]"),
        ({"y": np.linspace(0, 1, 60)}, ValueError, "y must hold classes, got continuous"),
        ({"groups": np.arange(59)}, ValueError, "groups must have one value for each of the 60"),
        ({"groups": "site"}, ValueError, "X holds no recordings"),
        ({"groups": np.full(60, np.nan)}, ValueError, "groups must be known for every sample"),
        ({"groups": np.zeros(60)}, ValueError, "belong to one person, so nothing independent"),
        ({"groups": np.arange(60) // 3 % 2}, ValueError, "class 0 occurs in one person only, so "
         "grouped stratification is impossible"),
        ({"cv": 11}, ValueError, "11 folds need as many persons of each class, but class 0 has 10"),
        ({"cv": "loo"}, ValueError, "cv must be one of 'auto', got 'loo'"),
        ({"cv": StratifiedKFold(3, shuffle=True, random_state=0)}, ValueError,
         "stands on both sides of split 0; split by groups"),
        ({"cv": [(np.arange(0, 30, 2), np.arange(30, 60))], "groups": np.arange(60),
          "y": np.repeat([0, 1], 30)}, ValueError,
         "training set of split 0 has no sample of class 1"),
        ({"scoring": "acuracy"}, ValueError, "scoring must be one of .*did you mean 'accuracy'"),
        ({"scoring": []}, ValueError, "scoring must name a metric at least"),
        ({"variance": "naive"}, ValueError, "variance must be one of 'bootstrap', 'nested'"),
        ({"prevalence": 1.0}, ValueError, r"prevalence must be in \(0, 1\), got 1.0"),
        ({"pos_label": 7}, ValueError, r"pos_label must be one of \[0, 1\], got 7"),
        ({"criteria": {"recall": 2}}, ValueError, r"criteria\['recall'\] must be in"),
        ({"learning_curve": [0.0]}, ValueError, r"learning_curve must be in \(0, 1\]"),
        ({"n_permutations": -1}, ValueError, "n_permutations must be in"),
        ({"confounds": {"age": [1, 2]}}, ValueError, "confounds must have one row for each"),
    ],
)  # fmt: skip
def test_bad_input(problem, change, error, message):
    X, y, groups = problem
    given = {"y": y, "groups": groups, "cv": "auto", **change}
    with pytest.raises(error, match=f"^evaluate: .*{message}"):
        evaluate(GaussianNB(), X, **given)
