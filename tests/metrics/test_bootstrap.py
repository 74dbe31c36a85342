"""Bootstrap intervals against SciPy, against replicated samples, and where they are not defined."""

from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from sklearn_neurofuse.metrics import (
    _limits,
    bootstrap_interval,
    informedness_score,
    markedness_score,
)
from sklearn_neurofuse.metrics._weighted import METRICS

REFERENCE = {
    "roc_auc": metrics.roc_auc_score,
    "average_precision": metrics.average_precision_score,
    "brier": metrics.brier_score_loss,
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "specificity": partial(metrics.recall_score, pos_label=0),
    "npv": partial(metrics.precision_score, pos_label=0),
    "f1": metrics.f1_score,
    "informedness": informedness_score,
    "markedness": markedness_score,
    "mcc": metrics.matthews_corrcoef,
}
SCORES = {"roc_auc": (-10, 10), "average_precision": (-10, 10), "brier": (0, 1)}


def mean_prediction(y_true, y_pred):
    return y_pred.mean()


@pytest.fixture
def problem(rng):
    """Make labels, scores with ties, and predictions of 40 samples."""
    y = np.repeat([0, 1], [22, 18])
    score = np.round(y + 1.2 * rng.standard_normal(40), 1)
    return y, score, (score > 0.5).astype(int)


def test_every_metric_has_a_reference():
    assert REFERENCE.keys() == METRICS.keys()


def pick(metric, score, predicted):
    return np.clip(score, *SCORES[metric]) if metric in SCORES else predicted


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_mean_as_scipy(rng, method):
    x = rng.exponential(size=30)
    ours = bootstrap_interval(
        mean_prediction, np.zeros(30), x, method=method, n_resamples=20_000, random_state=0
    )
    scipy = stats.bootstrap((x,), np.mean, method=method, n_resamples=20_000, rng=0)
    np.testing.assert_allclose(ours[:2], scipy.confidence_interval, atol=0.012)
    assert ours.standard_error == pytest.approx(scipy.standard_error, rel=0.03)
    assert ours.estimate == x.mean()


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_stratified_as_scipy_with_two_samples(problem, method):
    y, score, _ = problem

    def auc(positive, negative, axis):
        pairs = positive[..., :, None] - negative[..., None, :]
        return (np.sign(pairs) / 2 + 0.5).mean(axis=(-1, -2))

    two = (score[y == 1], score[y == 0])
    scipy = stats.bootstrap(two, auc, method=method, n_resamples=9999, vectorized=True, rng=0)
    ours = bootstrap_interval(
        "roc_auc", y, score, stratify=y, method=method, n_resamples=9999, random_state=0
    )
    np.testing.assert_allclose(ours[:2], scipy.confidence_interval, atol=0.008)


def test_bca_moves_with_the_skew_and_percentile_does_not(rng):
    x = rng.exponential(size=25)
    given = (mean_prediction, np.zeros(25), x)
    percentile = bootstrap_interval(*given, random_state=0)
    bca = bootstrap_interval(*given, method="bca", random_state=0)
    assert bca.low > percentile.low
    assert bca.high > percentile.high
    assert bca[2:] == percentile[2:]


def test_intervals_follow_a_monotone_transformation(rng):
    x = rng.exponential(size=25)

    def log_mean(y_true, y_pred):
        return np.log(y_pred.mean())

    for method in ("percentile", "bca"):
        options = {"method": method, "n_resamples": 5000, "random_state": 0}
        plain = bootstrap_interval(mean_prediction, np.zeros(25), x, **options)
        log = bootstrap_interval(log_mean, np.zeros(25), x, **options)
        # the acceleration is a linear approximation, so not to the last digit
        np.testing.assert_allclose(np.log(plain[:2]), log[:2], atol=0.03)


@pytest.mark.parametrize("metric", METRICS)
def test_weights_are_repetitions(rng, problem, metric):
    y, score, predicted = problem
    weights = rng.integers(0, 4, size=(20, 40)).astype(float)
    values = METRICS[metric](y, pick(metric, score, predicted), 2, weights)
    for value, weight in zip(values, weights, strict=True):
        drawn = np.repeat(np.arange(40), weight.astype(int))
        expected = REFERENCE[metric](y[drawn], pick(metric, score, predicted)[drawn])
        assert value == pytest.approx(expected)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_names_and_callables_agree(problem, metric, method):
    y, score, predicted = problem
    options = {
        "groups": np.arange(40) // 2, "method": method, "n_resamples": 50, "random_state": 3,
    }  # fmt: skip
    y_pred = pick(metric, score, predicted)
    by_name = bootstrap_interval(metric, y, y_pred, **options)
    by_callable = bootstrap_interval(REFERENCE[metric], y, y_pred, **options)
    np.testing.assert_allclose(by_name, by_callable)
    assert by_name.low < by_name.estimate < by_name.high


@pytest.mark.parametrize("method", ["percentile", "bca", "score"])
def test_repeated_rows_of_a_group_add_nothing(problem, method):
    y, _, predicted = problem
    options = {"method": method, "random_state": 0}
    once = bootstrap_interval("accuracy", y, predicted, **options)
    y, predicted, groups = (np.repeat(a, 3) for a in (y, predicted, np.arange(40)))
    grouped = bootstrap_interval("accuracy", y, predicted, groups=groups, **options)
    np.testing.assert_allclose(grouped, once)
    as_if_independent = bootstrap_interval("accuracy", y, predicted, **options)
    assert as_if_independent.standard_error < 0.65 * once.standard_error


def test_whole_groups_are_drawn():
    groups = np.array(list("aaabbcddd"))
    value = np.array([1.0, 1, 1, 2, 2, 4, 8, 8, 8])
    seen = []

    def collect(y_true, y_pred):
        seen.append(np.bincount(y_true, minlength=4))
        return y_pred.mean()

    index = np.unique(groups, return_inverse=True)[1]
    bootstrap_interval(collect, index, value, groups=groups, n_resamples=50, random_state=0)
    counts = np.array(seen)
    sizes = np.array([3, 2, 1, 3])
    assert (counts % sizes == 0).all()
    assert ((counts // sizes).sum(axis=1) == 4).all()


def test_strata_keep_their_number_of_groups():
    groups = np.repeat(np.arange(10), 2)
    stratum = (groups > 6).astype(int)
    seen = []

    def collect(y_true, y_pred):
        seen.append((y_true > 6).sum())
        return y_pred.mean()

    bootstrap_interval(collect, groups, groups, groups=groups, stratify=stratum, n_resamples=50)
    assert set(seen) == {6}


def test_columns_are_averaged_where_they_are_defined(rng, problem):
    y, score, _ = problem
    scores = score[:, None] + rng.standard_normal((40, 3))
    scores[:20, 0] = np.nan  # negatives and positives left
    scores[20:, 1] = np.nan  # no positive left: never defined
    expected = np.mean(
        [metrics.roc_auc_score(y[20:], scores[20:, 0]), metrics.roc_auc_score(y, scores[:, 2])]
    )
    assert bootstrap_interval("roc_auc", y, scores).estimate == pytest.approx(expected)


def test_reference_on_the_same_resamples(problem):
    y, score, _ = problem
    options = {"stratify": y, "random_state": 0}
    same = bootstrap_interval("roc_auc", y, score, reference=score, **options)
    assert same == (0, 0, 0, 0)
    # monotone, so the ranks are the same although the values are not
    other = bootstrap_interval("roc_auc", y, np.exp(score), reference=score, **options)
    assert other == (0, 0, 0, 0)
    better = bootstrap_interval("roc_auc", y, y + 0.1 * score, reference=score, **options)
    assert better.estimate == pytest.approx(1 - metrics.roc_auc_score(y, score))
    assert better.low > 0


def test_constant_statistic_gives_no_width():
    y = np.repeat([0, 1], 10)
    for method in ("percentile", "bca"):
        assert bootstrap_interval("accuracy", y, y, method=method) == (1, 1, 1, 0)


def test_resamples_without_a_class_are_left_out():
    y = np.repeat([0, 1], [30, 2])
    score = np.linspace(0, 1, 32)
    seen = bootstrap_interval("roc_auc", y, score, random_state=0)
    assert seen == (1, 1, 1, 0)
    callable_ = bootstrap_interval(metrics.roc_auc_score, y, score, random_state=0, n_resamples=99)
    assert callable_ == pytest.approx((1, 1, 1, 0))


def test_mostly_undefined_is_an_error():
    y = np.repeat([0, 1], [29, 1])
    groups = np.concatenate([np.zeros(29), [1]])
    with pytest.raises(ValueError, match=r"roc_auc is defined in only \d+ of 2000 resamples; give"):
        bootstrap_interval("roc_auc", np.tile(y, 4), np.arange(120.0), groups=np.tile(groups, 4),
                           random_state=2)  # fmt: skip


def test_jackknife_without_a_class_is_left_out():
    y = np.repeat([0, 1], [20, 2])
    groups = np.concatenate([np.arange(20), [20, 20]])
    score = np.concatenate([np.arange(20), [10.5, 15.5]])
    found = bootstrap_interval("roc_auc", y, score, groups=groups, method="bca", random_state=0)
    assert 0 < found.low < found.estimate < found.high < 1


def test_bca_not_defined():
    def largest(y_true, y_pred):
        return y_pred.max() if len(np.unique(y_pred)) < 30 else 100.0

    with pytest.raises(ValueError, match="estimate 100 lies outside all resamples"):
        bootstrap_interval(largest, np.zeros(30), np.arange(30.0), method="bca", n_resamples=99)


def test_positive_class(problem):
    y, _, predicted = problem
    names = np.array(["no", "yes"])
    for label, expected in ((None, 1), ("yes", 1), ("no", 0)):
        found = bootstrap_interval("recall", names[y], names[predicted], pos_label=label)
        assert found.estimate == metrics.recall_score(y, predicted, pos_label=expected)


def test_no_positive_predicted_gives_zero_precision():
    y = np.repeat([0, 1], 10)
    assert bootstrap_interval("precision", y, np.zeros(20, int)) == (0, 0, 0, 0)


def test_seed_and_chunks(problem, monkeypatch):
    y, score, _ = problem
    first = bootstrap_interval("roc_auc", y, score, method="bca", random_state=1)
    assert bootstrap_interval("roc_auc", y, score, method="bca", random_state=1) == first
    assert bootstrap_interval("roc_auc", y, score, method="bca", random_state=2) != first
    monkeypatch.setattr(_limits, "_CHUNK", 40 * 7)
    assert bootstrap_interval("roc_auc", y, score, method="bca", random_state=1) == first


def test_confidence_level(problem):
    y, score, _ = problem
    wide = bootstrap_interval("roc_auc", y, score, confidence_level=0.99, random_state=0)
    narrow = bootstrap_interval("roc_auc", y, score, confidence_level=0.5, random_state=0)
    assert wide.low < narrow.low < narrow.high < wide.high


def coverage(rng, method, n_groups, n_simulations=300):
    """Cover the true accuracy .7 of persons with 4 answers each that mostly agree."""
    covered = 0
    for seed in range(n_simulations):
        skill = rng.beta(7, 3, size=n_groups)
        correct = rng.random((n_groups, 4)) < skill[:, None]
        low, high, *_ = bootstrap_interval(
            "accuracy", np.ones(4 * n_groups), correct.ravel().astype(float),
            groups=np.repeat(range(n_groups), 4), method=method, n_resamples=400,
            random_state=seed,
        )  # fmt: skip
        covered += low <= 0.7 <= high
    return covered / n_simulations


@pytest.mark.parametrize("method", ["percentile", "bca", "score"])
def test_coverage(rng, method):
    assert 0.91 <= coverage(rng, method, 30) <= 0.985


def test_coverage_with_five_groups(rng):
    assert coverage(rng, "percentile", 5) < 0.9
    assert 0.92 <= coverage(rng, "score", 5) <= 0.99


def test_score_interval_of_independent_samples_is_wilsons(rng):
    right = np.repeat([1.0, 0.0], [170, 30])
    found = bootstrap_interval(
        "accuracy", np.ones(200), right, method="score", n_resamples=20_000, random_state=0
    )
    wilson = stats.binomtest(170, 200).proportion_ci(0.95, method="wilson")
    np.testing.assert_allclose(found[:2], wilson, atol=0.003)


def test_score_interval_keeps_its_width_where_all_are_right():
    y = np.repeat([0, 1], 5)
    low, high, *_ = bootstrap_interval("accuracy", y, y, method="score", n_resamples=50)
    quantile = stats.t.ppf(0.975, 9)
    assert low == pytest.approx(1 / (1 + quantile**2 / 10))
    assert high == 1
    # of recall only the positives speak
    recall = bootstrap_interval("recall", y, y, method="score", stratify=y, n_resamples=50)
    quantile = stats.t.ppf(0.975, 4)
    assert recall.low == pytest.approx(1 / (1 + quantile**2 / 5))
    grouped = bootstrap_interval("accuracy", y, y, groups=y, method="score", n_resamples=50)
    assert grouped.low < recall.low


@pytest.mark.parametrize("metric", METRICS)
def test_score_interval_stays_in_the_range(problem, metric):
    y, score, predicted = problem
    y_pred = pick(metric, score, predicted)
    found = bootstrap_interval(metric, y, y_pred, stratify=y, method="score", random_state=0)
    least = -1 if metric in ("informedness", "markedness", "mcc") else 0
    assert least <= found.low < found.estimate < found.high <= 1
    percentile = bootstrap_interval(metric, y, y_pred, stratify=y, random_state=0)
    np.testing.assert_allclose(found[:2], percentile[:2], atol=0.1)


def test_score_interval_of_a_difference_is_symmetric(problem):
    y, score, _ = problem
    found = bootstrap_interval("roc_auc", y, score, reference=-score, method="score",
                               random_state=0)  # fmt: skip
    assert found.estimate - found.low == pytest.approx(found.high - found.estimate)
    half = stats.t.ppf(0.975, 39) * found.standard_error * np.sqrt(40 / 39)
    assert found.high - found.estimate == pytest.approx(half)


def test_more_classes(rng):
    y = np.repeat([0, 1, 2], 15)
    score = np.eye(3)[y] + rng.uniform(size=(45, 3))
    score /= score.sum(axis=1, keepdims=True)
    predicted = score.argmax(axis=1)
    found = {
        name: bootstrap_interval(name, y, score[:, None], random_state=0)
        for name in ("roc_auc", "average_precision", "brier")
    }
    auc = metrics.roc_auc_score(y, score, multi_class="ovr")
    assert found["roc_auc"].estimate == pytest.approx(auc)
    ap = metrics.average_precision_score(np.eye(3)[y], score)
    assert found["average_precision"].estimate == pytest.approx(ap)
    brier = metrics.brier_score_loss(y, score, labels=[0, 1, 2], scale_by_half=True)
    assert found["brier"].estimate == pytest.approx(brier)
    f1 = bootstrap_interval("f1", y, predicted, random_state=0)
    assert f1.estimate == pytest.approx(metrics.f1_score(y, predicted, average="macro"))
    # two columns, the second with a hole
    both = np.stack([score, score], axis=1)
    both[::3, 1] = np.nan
    two = bootstrap_interval("roc_auc", y, both, random_state=0)
    part = metrics.roc_auc_score(np.delete(y, np.s_[::3]), np.delete(score, np.s_[::3], axis=0),
                                 multi_class="ovr")  # fmt: skip
    assert two.estimate == pytest.approx((auc + part) / 2)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"metric": "auc"},
            ValueError,
            "metric must be one of 'roc_auc'.*or a callable, got 'auc'",
        ),
        (
            {"method": "basic"},
            ValueError,
            "method must be one of 'percentile', 'bca', 'score', got 'basic'",
        ),
        ({"confidence_level": 1}, ValueError, r"confidence_level must be in \(0, 1\), got 1"),
        ({"n_resamples": 0}, ValueError, "n_resamples must be in"),
        ({"n_resamples": 10.0}, TypeError, "n_resamples must be an integer"),
        ({"y_pred": np.zeros(39)}, ValueError, "inconsistent numbers of samples"),
        ({"groups": np.zeros(39)}, ValueError, "inconsistent numbers of samples"),
        ({"reference": np.zeros(39)}, ValueError, "inconsistent numbers of samples"),
        ({"groups": np.zeros(40)}, ValueError, "at least 2 groups are needed"),
        ({"stratify": np.arange(40)}, ValueError, "at least 2 groups are needed in a stratum"),
        (
            {"groups": np.arange(40) // 4, "stratify": np.arange(40) // 2},
            ValueError,
            "constant within a group, but group .*0.* lies in several strata",
        ),
        ({"pos_label": 2}, ValueError, r"pos_label must be one of \[0, 1\], got 2"),
        ({"y_true": np.arange(40)}, ValueError, "roc_auc needs two classes in y_true"),
        ({"y_true": np.ones(40)}, ValueError, r"needs two classes in y_true, got \[1\.0\]"),
        ({"y_true": np.ones((40, 2))}, ValueError, "y_true must be 1-D"),
        ({"y_pred": np.full(40, np.nan)}, ValueError, "a column of y_pred holds no prediction"),
        ({"y_pred": np.full(40, "a")}, ValueError, "roc_auc needs scores"),
        ({"metric": "f1", "y_pred": np.linspace(0, 1, 40)}, ValueError, "f1 needs labels"),
        ({"metric": "f1", "y_pred": np.full(40, 2)}, ValueError, r"y_pred holds \[2\], which"),
        ({"metric": "f1", "y_pred": np.zeros((40, 2, 2))}, ValueError, "1-D or 2-D at most"),
        ({"y_pred": np.zeros((40, 2, 3))}, ValueError, "needs two classes in y_true or scores"),
        (
            {"metric": lambda y_true, y_pred: np.nan},
            ValueError,
            "<lambda> is not defined on these samples",
        ),
    ],
)
def test_bad_input(problem, change, error, message):
    y, score, _ = problem
    given = {"metric": "roc_auc", "y_true": y, "y_pred": score, **change}
    with pytest.raises(error, match=message):
        bootstrap_interval(**given)


def test_at_another_prevalence(problem):
    y, _, predicted = problem
    recall, specificity = (
        bootstrap_interval(name, y, predicted).estimate for name in ("recall", "specificity")
    )
    ppv = bootstrap_interval("precision", y, predicted, prevalence=0.1, random_state=0)
    expected = recall * 0.1 / (recall * 0.1 + (1 - specificity) * 0.9)
    assert ppv.estimate == pytest.approx(expected)
    assert ppv.low < ppv.estimate < ppv.high
    own = bootstrap_interval("npv", y, predicted, prevalence=18 / 40)
    assert own.estimate == pytest.approx(bootstrap_interval("npv", y, predicted).estimate)
    with pytest.raises(ValueError, match="where prevalence is given, must be one of 'precision'"):
        bootstrap_interval("recall", y, predicted, prevalence=0.1)
    with pytest.raises(ValueError, match=r"prevalence must be in \(0, 1\), got 1"):
        bootstrap_interval("npv", y, predicted, prevalence=1)
