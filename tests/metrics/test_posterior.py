"""The posterior of balanced accuracy against quadrature, sampling and published examples."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from sklearn_neurofuse.metrics import balanced_accuracy_posterior


def labels(*counts):
    """Give true and predicted labels with so many hits and misses in each class."""
    y_true = np.repeat(np.arange(len(counts)), [sum(count) for count in counts])
    hit = np.concatenate([np.repeat([True, False], count) for count in counts])
    return y_true, np.where(hit, y_true, (y_true + 1) % len(counts))


# the confusion matrix of the examples in Brodersen's toolbox, an unbalanced one, and a perfect one
@pytest.mark.parametrize("counts", [[(90, 10), (95, 5)], [(45, 3), (2, 8)], [(20, 0), (5, 0)]])
def test_two_classes_are_the_convolution_of_two_betas(counts):
    posterior = balanced_accuracy_posterior(*labels(*counts))
    one, other = (beta(hits + 1, misses + 1) for hits, misses in counts)

    def cdf(x):
        inside = (max(0, 2 * x - 1), min(1, 2 * x))
        body = quad(lambda a: one.pdf(a) * other.cdf(2 * x - a), *inside, limit=200)[0]
        return body + one.cdf(inside[0])

    for x in (0.4, 0.5, 0.65, 0.8, 0.9, 0.95):
        assert posterior.cdf(x) == pytest.approx(cdf(x), abs=1e-5)
        assert posterior.sf(x) == pytest.approx(1 - cdf(x), abs=1e-5)
    assert posterior.mean() == pytest.approx((one.mean() + other.mean()) / 2, abs=1e-6)
    assert posterior.var() == pytest.approx((one.var() + other.var()) / 4, rel=1e-4)
    low, high = posterior.interval(0.9)
    assert (cdf(low), cdf(high)) == pytest.approx((0.05, 0.95), abs=1e-5)
    assert cdf(posterior.median()) == pytest.approx(0.5, abs=1e-5)


def test_published_example():
    # bacc_ppi of Brodersen's toolbox gives C = [90, 10; 5, 95] as its example
    posterior = balanced_accuracy_posterior(*labels((90, 10), (95, 5)))
    assert posterior.mean() == pytest.approx((91 / 102 + 96 / 102) / 2, abs=1e-6)
    drawn = np.random.default_rng(0)
    sample = (drawn.beta(91, 11, 10**6) + drawn.beta(96, 6, 10**6)) / 2
    low, high = np.quantile(sample, [0.025, 0.975])
    assert posterior.interval(0.95) == pytest.approx((low, high), abs=5e-4)
    assert round(low, 3) == pytest.approx(0.875, abs=1e-3)
    assert round(high, 3) == pytest.approx(0.950, abs=1e-3)


def test_accuracies_that_go_together_are_less_certain(rng):
    # people who are told well are so in both classes
    skill = rng.beta(6, 2, size=15)
    groups = np.repeat(np.arange(15), 20)
    y_true = np.tile([0, 1], 150)
    right = rng.random(300) < skill[groups]
    y_pred = np.where(right, y_true, 1 - y_true)
    together = balanced_accuracy_posterior(y_true, y_pred, groups=groups)
    # the same errors, but classes of different people
    apart = balanced_accuracy_posterior(y_true, y_pred, groups=groups + 100 * y_true)
    assert together.mean() == pytest.approx(apart.mean(), abs=0.01)
    assert 1.1 * apart.std() < together.std() < np.sqrt(2) * apart.std() + 1e-6
    x = np.linspace(0, 1, 20_001)
    assert np.trapezoid(together.pdf(x), x) == pytest.approx(1, abs=1e-6)
    # opposed errors, as of a person who leans to one answer, are not taken to cancel
    leaning = rng.beta(2, 2, size=15)[groups]
    y_pred = (rng.random(300) < leaning).astype(int)
    opposed = balanced_accuracy_posterior(y_true, y_pred, groups=groups)
    split = balanced_accuracy_posterior(y_true, y_pred, groups=groups + 100 * y_true)
    assert opposed.interval(0.95) == pytest.approx(split.interval(0.95))


def test_prior():
    y_true, y_pred = labels((10, 0), (9, 1))
    flat = balanced_accuracy_posterior(y_true, y_pred)
    jeffreys = balanced_accuracy_posterior(y_true, y_pred, prior=0.5)
    assert jeffreys.mean() == pytest.approx((10.5 / 11 + 9.5 / 11) / 2, abs=1e-5)
    assert jeffreys.mean() > flat.mean()
    with pytest.raises(ValueError, match=r"prior must be in \(0, inf\), got 0"):
        balanced_accuracy_posterior(y_true, y_pred, prior=0)


def test_more_classes_and_draws():
    counts = [(12, 3), (4, 6), (9, 1), (2, 2)]
    posterior = balanced_accuracy_posterior(*labels(*counts))
    rng = np.random.default_rng(0)
    drawn = np.mean([rng.beta(h + 1, m + 1, 200_000) for h, m in counts], axis=0)
    for q in (0.05, 0.5, 0.95):
        assert posterior.ppf(q) == pytest.approx(np.quantile(drawn, q), abs=2e-3)
    assert posterior.std() == pytest.approx(drawn.std(), rel=0.01)
    own = posterior.rvs(100_000, random_state=0)
    assert own.mean() == pytest.approx(posterior.mean(), abs=2e-3)
    np.testing.assert_array_equal(own[:5], posterior.rvs(100_000, random_state=0)[:5])


def test_it_is_a_distribution():
    posterior = balanced_accuracy_posterior(*labels((7, 3), (5, 5)))
    x = np.linspace(0, 1, 20_001)
    assert np.trapezoid(posterior.pdf(x), x) == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(np.gradient(posterior.cdf(x), x), posterior.pdf(x), atol=0.01)
    assert (posterior.cdf(0), posterior.cdf(1)) == (0, 1)
    np.testing.assert_allclose(posterior.cdf(posterior.ppf(x[1:-1])), x[1:-1], atol=1e-9)
    assert posterior.support() == (0, 1)
    assert repr(posterior).startswith("BalancedAccuracyPosterior(0.583 [")


def test_groups_of_one_change_nothing():
    y_true, y_pred = labels((7, 3), (5, 5))
    with_groups = balanced_accuracy_posterior(y_true, y_pred, groups=np.arange(20))
    assert with_groups.interval(0.95) == balanced_accuracy_posterior(y_true, y_pred).interval(0.95)


def test_hierarchical_posterior_of_one_class_by_brute_force():
    hits, n_trials = np.array([9, 7, 2]), np.array([10, 10, 8])
    # the other class is known almost exactly, and leaves the first to be seen
    counts = [(h, n - h) for h, n in zip(hits, n_trials, strict=True)]
    y_true = np.zeros(n_trials.sum(), int)
    right = np.concatenate([np.repeat([1, 0], count) for count in counts])
    groups = np.repeat([0, 1, 2], n_trials)
    y_true = np.concatenate([y_true, np.ones(20_000, int)])
    y_pred = np.concatenate([1 - right, np.ones(20_000, int)])
    groups = np.concatenate([groups, np.arange(20_000) + 3])
    posterior = balanced_accuracy_posterior(y_true, y_pred, groups=groups)

    rng = np.random.default_rng(1)
    mean, correlation = rng.uniform(size=400_000), rng.beta(0.5, 2, 400_000)
    size = np.maximum(1 / np.maximum(correlation, 1e-6) - 1, 1e-9)
    weight = np.ones(400_000)
    for h, n in zip(hits, n_trials, strict=True):
        p = rng.beta(np.maximum(mean * size, 1e-9), np.maximum((1 - mean) * size, 1e-9))
        weight *= p**h * (1 - p) ** (n - h)
    expected = np.average(mean, weights=weight)
    spread = np.sqrt(np.average((mean - expected) ** 2, weights=weight))
    assert 2 * posterior.mean() - 1 == pytest.approx(expected, abs=0.01)
    assert 2 * posterior.std() == pytest.approx(spread, rel=0.05)


def test_published_example_of_mixed_effects():
    # README of Brodersen's package micp: five subjects, 100 trials each, population accuracy
    # .82 [.72, .90] by another likelihood, the logistic normal, with priors that shrink it
    hits = [82, 75, 92, 85, 88]
    right = np.concatenate([np.repeat([1, 0], [h, 100 - h]) for h in hits])
    y_true = np.repeat([0, 1], 500)
    y_pred = np.where(np.tile(right, 2), y_true, 1 - y_true)
    groups = np.concatenate([np.repeat(np.arange(5), 100), np.repeat(np.arange(5, 10), 100)])
    posterior = balanced_accuracy_posterior(y_true, y_pred, groups=groups)
    # the mean of two such classes is narrower by the root of two
    low, high = posterior.interval(0.95)
    centre = posterior.mean()
    assert centre == pytest.approx(0.82, abs=0.015)
    assert centre + np.sqrt(2) * (low - centre) == pytest.approx(0.72, abs=0.03)
    assert centre + np.sqrt(2) * (high - centre) == pytest.approx(0.90, abs=0.03)
    # trials taken for independent would feign four times the certainty
    naive = balanced_accuracy_posterior(y_true, y_pred)
    assert posterior.std() > 2 * naive.std()


def test_repeats_count_by_the_share_that_is_right():
    y_true = np.repeat([0, 1], 10)
    y_pred = np.column_stack([y_true, y_true, 1 - y_true, 1 - y_true]).astype(float)
    half = balanced_accuracy_posterior(y_true, y_pred)
    assert half.mean() == pytest.approx(0.5)
    assert half.var() == pytest.approx(beta(6, 6).var() / 2, rel=1e-4)
    y_pred[:, 2:] = np.nan
    assert balanced_accuracy_posterior(y_true, y_pred).mean() == pytest.approx(11 / 12, abs=1e-6)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([0, 0, 0], [0, 1, 0], "two classes or more, got \\[0\\]"),
        ([0, 1, 0], [0, 1], "inconsistent numbers of samples"),
        ([0, 1, 0], [0.0, np.nan, 1.0], "a sample was never predicted"),
    ],
)
def test_refusals(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        balanced_accuracy_posterior(y_true, y_pred)
