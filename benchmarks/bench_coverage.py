"""How often 95 % intervals hold the truth, on simulations whose truth is known.

*rule*: a fixed rule that is right in each class with known probability, drawn anew in each
simulation, and persons who differ in how well they can be told (correlation .1 within). The cells
are numbers of samples and of persons, with the label constant in each person or varying. The
intervals are those of `evaluate`: the score interval of accuracy and F1, and the posterior of
balanced accuracy; beside them percentiles, the usual bootstrap. *learned*: a discriminant that is
trained in cross-validation, where the truth is the accuracy of the model on new people; beside the
interval from resampled predictions that of nested cross-validation. *people*: trials of 20 people,
cross-validated over people, with few or many features and no, a middling or a strong signal; the
truth is what is expected of such a model, and beside the interval of `evaluate` stands that without
its design effect. *null*: labels without meaning,
how often an interval lies above chance. Cells outside of 92 to 98 % are marked.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from sklearn_neurofuse.metrics import balanced_accuracy_posterior, bootstrap_interval
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold, evaluate

SAMPLES, PERSONS = (40, 100, 500), (5, 10, 30)
CORRELATION = 0.1
LEAST, MOST = 0.92, 0.98
# resamples: only their spread is taken for the score interval
RESAMPLES = {"score": 300, "percentile": 400}


def simulate(rng, n_samples, n_persons, constant):
    """Draw labels and predictions of persons, and the truth about them."""
    person = np.arange(n_samples) % n_persons
    y = person % 2 if constant else rng.permutation(n_samples) % 2
    accuracy = rng.uniform(0.6, 0.95)
    size = 1 / CORRELATION - 1
    skill = rng.beta(accuracy * size, (1 - accuracy) * size, n_persons)
    right = rng.random(n_samples) < skill[person]
    return y, np.where(right, y, 1 - y), person, accuracy


def true_f1(accuracy, share):
    """Give F1 of a rule that is right equally often in both classes."""
    hits = share * accuracy
    return 2 * hits / (hits + (1 - share) * (1 - accuracy) + share)


def intervals(y, predicted, person, constant, seed):
    """Give the intervals of one simulation by name."""
    for method, name in (("score", ""), ("percentile", " by percentiles")):
        options = {
            "groups": person, "stratify": y if constant else None, "method": method,
            "n_resamples": RESAMPLES[method], "random_state": seed,
        }  # fmt: skip
        for metric in ("accuracy", "f1"):
            low, high, *_ = bootstrap_interval(metric, y, predicted, **options)
            yield f"{metric}{name}", low, high
    posterior = balanced_accuracy_posterior(y, predicted, groups=person, prior=0.5)
    yield "posterior", *posterior.interval(0.95)


def rule_cell(n_samples, n_persons, constant, n_simulations):
    """Count how often each interval holds the truth."""
    held = {}
    for seed in range(n_simulations):
        rng = np.random.default_rng([seed, n_samples, n_persons, constant])
        y, predicted, person, accuracy = simulate(rng, n_samples, n_persons, constant)
        if len(np.unique(y)) < 2:
            continue
        truth = {"accuracy": accuracy, "posterior": accuracy, "f1": true_f1(accuracy, y.mean())}
        for name, low, high in intervals(y, predicted, person, constant, seed):
            held.setdefault(name, []).append(low <= truth[name.split(" ")[0]] <= high)
    return {name: float(np.mean(values)) for name, values in held.items()}


def mark(coverage):
    """Say whether a cell fails."""
    if coverage < LEAST:
        return "short"
    return "long" if coverage > MOST else "ok"


def learned_cell(n_samples, n_simulations):
    """Cover the accuracy of a discriminant on new people."""
    effect = np.full(20, 0.3)
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=5, random_state=0)
    held = {"resampled predictions": [], "nested cross-validation": []}
    for seed in range(n_simulations):
        rng = np.random.default_rng([seed, n_samples])
        y = np.tile([0, 1], n_samples // 2)
        X = rng.standard_normal((n_samples, 20)) + effect * y[:, None]
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5).fit(X, y)
        truth = accuracy_on_new_people(model, effect)
        report = evaluate(
            model, X, y, cv=cv, variance="nested", baselines=False, scoring="accuracy",
            random_state=seed,
        )  # fmt: skip
        row = report.figures.iloc[0]
        held["resampled predictions"].append(row["low"] <= truth <= row["high"])
        held["nested cross-validation"].append(report.nested.low <= truth <= report.nested.high)
    return {name: float(np.mean(values)) for name, values in held.items()}


def people_cell(n_features, effect, n_simulations):
    """Cover the expected ROC AUC and balanced accuracy of trials of new people."""
    person = np.repeat(np.arange(20), 10)
    y = np.tile([0, 1], 100)
    reports = [people_report(n_features, effect, person, y, seed) for seed in range(n_simulations)]
    table = pd.DataFrame(reports)
    for name in ("roc_auc", "posterior", "plain"):
        column = "balanced_accuracy" if name == "posterior" else "roc_auc"
        truth = table[column].mean() if effect else 0.5
        low, high = table[f"{name}_low"], table[f"{name}_high"]
        yield name, float(np.mean((low <= truth) & (truth <= high)))


def people_report(n_features, effect, person, y, seed):
    """Evaluate a discriminant on trials of people who differ; give figures and intervals."""
    rng = np.random.default_rng([seed, n_features, int(10 * effect)])
    X = rng.standard_normal((len(y), n_features))
    X[:, 0] += effect * y
    # people differ in their level and in how strong the pattern is
    X += 0.5 * rng.standard_normal((20, n_features))[person]
    X += (y - 0.5)[:, None] * 0.3 * rng.standard_normal((20, n_features))[person]
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.5)
    cv = RepeatedStratifiedGroupKFold(5, n_repeats=3, random_state=seed)
    report = evaluate(
        model, X, y, groups=person, cv=cv, baselines=False, confounds=False,
        scoring=["roc_auc", "balanced_accuracy"], random_state=seed,
    )  # fmt: skip
    made = report.predictions.pivot(index="sample", columns="split", values="score").to_numpy()
    plain = bootstrap_interval(
        "roc_auc", y, made, groups=person, method="score", n_resamples=300, random_state=seed
    )
    auc, balanced = report.figures.itertuples()
    posterior = report.posterior.interval(0.95)
    return {
        "roc_auc": auc.estimate, "roc_auc_low": auc.low, "roc_auc_high": auc.high,
        "balanced_accuracy": balanced.estimate, "posterior_low": posterior[0],
        "posterior_high": posterior[1], "plain_low": plain.low, "plain_high": plain.high,
    }  # fmt: skip


def accuracy_on_new_people(model, effect):
    """Give the accuracy of a linear rule on two normal classes."""
    weights, offset = model.coef_[0], model.intercept_[0]
    spread = np.linalg.norm(weights)
    return float((norm.cdf((weights @ effect + offset) / spread) + norm.cdf(-offset / spread)) / 2)


def null_cell(n_samples, n_persons, constant, n_simulations):
    """Count how often an interval lies above chance where labels mean nothing."""
    above = {}
    for seed in range(n_simulations):
        rng = np.random.default_rng([seed, n_samples, n_persons, constant, 1])
        y, _, person, _ = simulate(rng, n_samples, n_persons, constant)
        if len(np.unique(y)) < 2:
            continue
        # persons have their own leaning to one answer
        leaning = rng.beta(2, 2, n_persons)
        predicted = (rng.random(n_samples) < leaning[person]).astype(int)
        posterior = balanced_accuracy_posterior(y, predicted, groups=person, prior=0.5)
        above.setdefault("posterior", []).append(posterior.interval(0.95)[0] > 0.5)
        found = bootstrap_interval(
            "balanced_accuracy", y, predicted, groups=person, stratify=y if constant else None,
            method="score", n_resamples=RESAMPLES["score"], random_state=seed,
        )  # fmt: skip
        above.setdefault("balanced accuracy", []).append(found.low > 0.5)
    return {name: float(np.mean(values)) for name, values in above.items()}


def run(smoke):
    """Yield the figures."""
    n_simulations = 20 if smoke else 1000
    cells = [(40, 5)] if smoke else [(n, g) for n in SAMPLES for g in PERSONS]
    for n_samples, n_persons in cells:
        for constant in (False, True):
            labels = "constant" if constant else "varying"
            cell = {"n": n_samples, "persons": n_persons, "labels": labels}
            for name, share in rule_cell(n_samples, n_persons, constant, n_simulations).items():
                yield {"name": f"rule, {name}", **cell, "value": share,
                       "verdict": mark(share)}  # fmt: skip
            for name, share in null_cell(n_samples, n_persons, constant, n_simulations).items():
                high = share > 0.025 + 2 * np.sqrt(0.025 * 0.975 / n_simulations)
                yield {"name": f"null, {name} above chance", **cell, "value": share,
                       "verdict": "often" if high else "ok"}  # fmt: skip
    n_simulations = 4 if smoke else 200
    for n_samples in (40,) if smoke else (40, 100):
        for name, share in learned_cell(n_samples, n_simulations).items():
            yield {"name": f"learned, {name}", "n": n_samples, "value": share,
                   "verdict": mark(share)}  # fmt: skip
    names = {
        "roc_auc": "people, ROC AUC",
        "posterior": "people, posterior",
        "plain": "people, ROC AUC without design effect",
    }
    for n_features in (20,) if smoke else (1, 4, 20, 200):
        for effect in (0.0,) if smoke else (0.0, 0.8, 1.5):
            for name, share in people_cell(n_features, effect, n_simulations):
                yield {"name": names[name], "features": n_features, "effect": effect,
                       "value": share, "verdict": mark(share)}  # fmt: skip
