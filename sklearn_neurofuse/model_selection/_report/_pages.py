"""The pages: of an evaluation, of a validation, of a comparison."""

import numpy as np
import pandas as pd

from sklearn_neurofuse.model_selection._report import _more_pictures, _pictures
from sklearn_neurofuse.model_selection._report._html import (
    NOTHING,
    card,
    facts,
    figure,
    folded,
    foreign,
    page,
    said,
    section,
    side_by_side,
    table,
    unchecked,
)
from sklearn_neurofuse.model_selection._report._tripod import checklist
from sklearn_neurofuse.model_selection._statements import (
    between,
    metric_name,
)
from sklearn_neurofuse.model_selection._tables import chosen_table

_CITED = "Made by sklearn_neurofuse"
# rows of long tables that are shown
_MOST = 200


def evaluation_html(evaluation, figures=()):
    """Write the report of an evaluation or a validation.

    Parameters
    ----------
    evaluation : Evaluation
        What was found.
    figures : sequence of (str, str or bytes), default=()
        Further pictures.

    Returns
    -------
    str
        The page.
    """
    frozen = evaluation.assessment is None
    title = "Validation of a frozen model" if frozen else "Evaluation of a classifier"
    parts = [
        _head(title, evaluation.settings, evaluation.main),
        section(
            "What this says", said([s for s in evaluation.statements if s.kind != "unchecked"])
        ),
        section("What was not checked", unchecked(evaluation.statements)),
        _assessment("How well the classes are told", evaluation.main),
        _beside(evaluation),
        _blind(evaluation),
        _independent(evaluation),
        _sites(evaluation),
        _more(evaluation),
        section("Pictures", *[foreign(*one) for one in figures]),
        _chosen(getattr(evaluation.comparison, "folds", evaluation.folds)),
        _details(evaluation),
        section("TRIPOD+AI checklist", checklist(evaluation)),
    ]
    return page(title, "".join(parts) + _foot(evaluation.settings))


def comparison_html(comparison, figures=()):
    """Write the report of a comparison.

    Parameters
    ----------
    comparison : Comparison
        What was found.
    figures : sequence of (str, str or bytes), default=()
        Further pictures.

    Returns
    -------
    str
        The page.
    """
    data = comparison.settings["data"]
    title = "Comparison of models"
    best = comparison.best()
    row = comparison.figures.set_index(["model", "metric"]).loc[(best, comparison.metric)]
    cards = (
        card(f"{row['estimate']:.2f}", f"{metric_name(comparison.metric)} of {best}, the best "
             f"[{row['low']:.2f}, {row['high']:.2f}]"),
        card(str(len(comparison.models)), "models on the same folds"),
        card(str(data["n_groups"]), f"{data['group']}s"),
    )  # fmt: skip
    parts = [
        f"<h1>{title}</h1><p class='sub'>{_about(comparison.settings)}</p>",
        f"<div class='cards'>{''.join(cards)}</div>",
        section("What this says", said(comparison.statements)),
        section("Each model", figure(_more_pictures.models(comparison)), _wide(comparison)),
        section(
            "Differences", *([figure(_more_pictures.differences(comparison))]
                             if len(comparison.models) > 1 else []), _pairs(comparison),
        ),
        _chosen(comparison.folds),
        section("Time and memory", _costs(comparison)),
        section("Pictures", *[foreign(*one) for one in figures]),
        section("How it was made", _made(comparison.settings)),
        section("What was not checked", unchecked_of_comparison()),
    ]  # fmt: skip
    return page(title, "".join(parts) + _foot(comparison.settings))


def unchecked_of_comparison():
    """List what a comparison does not look at.

    Returns
    -------
    str
        HTML.
    """
    items = (
        "Confounds, missing samples, calibration and an independent set: "
        "<code>evaluate</code> looks at these for one model.",
        "The choice of the best model by these very figures, which flatters it; a frozen model "
        "on a new set (<code>validate</code>) does not.",
        "Choices made by looking at these data before, which no cross-validation can see.",
    )
    return f"<ul class='unchecked'>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _head(title, settings, main):
    low, high = main.posterior.interval(0.95)
    figures = main.figures.set_index("metric")
    cards = [
        card(f"{main.posterior.mean():.2f}", f"balanced accuracy [{low:.2f}, {high:.2f}]"),
    ]
    if "roc_auc" in figures.index:
        auc = figures.loc["roc_auc"]
        cards.append(
            card(f"{auc['estimate']:.2f}", f"ROC AUC [{auc['low']:.2f}, {auc['high']:.2f}]")
        )
    verdict = main.criteria.verdict
    cards.append(card(verdict, "clinical criteria", verdict))
    cards.append(card(str(main.n_units), f"judged, of {_classes(main.counts)}"))
    return (
        f"<h1>{title}</h1><p class='sub'>{_about(settings)}</p>"
        f"<div class='cards'>{''.join(cards)}</div>"
    )


def _classes(counts):
    return ", ".join(f"{n} {name}" for name, n in counts.items())


def _about(settings):
    data = settings["data"]
    told = f"{data['n_samples']} samples"
    if data["group"] != "sample":
        told += f" of {data['n_groups']} {data['group']}s"
    if "cross_validation" in settings:
        told += f"; {settings['cross_validation']}"
    return told


def _assessment(title, of):
    small = [_pictures.posterior(of)]
    small += [] if of.roc is None else [_pictures.roc(of)]
    small += [] if of.precision_recall is None else [_pictures.precision_recall(of)]
    small += [] if of.calibration is None else [_pictures.calibration(of)]
    small += [] if of.net_benefit is None else [_pictures.net_benefit(of)]
    parts = [side_by_side(*small), figure(_pictures.metrics(of)), _criteria(of), _per_class(of)]
    if of.predictive_values is not None:
        values = of.predictive_values.assign(metric=of.predictive_values["metric"].str.upper())
        columns = {"metric": "", "prevalence": "prevalence", **_INTERVAL}
        parts.append(f"<h3>Predictive values</h3>{table(values, columns)}")
    if of.calibration_figures is not None:
        columns = {"metric": "", **_INTERVAL}
        parts.append(f"<h3>Calibration</h3>{table(of.calibration_figures, columns)}")
    return section(title, *parts)


_INTERVAL = {"estimate": "estimate", "low": "95 % from", "high": "to"}


def _criteria(of):
    rows = of.criteria.table.assign(metric=of.criteria.table["metric"].map(metric_name))
    columns = {"metric": "", "least": "least value", **_INTERVAL, "verdict": "verdict"}
    note = (
        "<p>Met where the whole interval reaches the least value, not met where it lies below, "
        "undecided between.</p>"
    )
    return f"<h3>Clinical criteria</h3>{table(rows, columns, 'verdict')}{note}"


def _per_class(of):
    rows = of.by_class.assign(metric=of.by_class["metric"].map(metric_name))
    columns = {"class": "class", "n": "judged", "metric": "", **_INTERVAL}
    return f"<h3>Each class</h3>{table(rows, columns)}"


def _beside(evaluation):
    comparison = evaluation.comparison
    if comparison is None:
        return ""
    return section(
        "Beside simple models", figure(_more_pictures.models(comparison)),
        figure(_more_pictures.differences(comparison)),
    )  # fmt: skip


def _blind(evaluation):
    if evaluation.confounds is None:
        return ""
    columns = {
        "confound": "", "roc_auc": "ROC AUC", "low": "95 % from", "high": "to",
        "above_chance": "above chance", "partial": "deviance explained beyond it",
        "partial_low": "95 % from", "partial_high": "to",
    }  # fmt: skip
    picture = figure(_more_pictures.confounds(evaluation))
    return section("Without any signal", picture, table(evaluation.confounds, columns))


def _independent(evaluation):
    if evaluation.test is None or evaluation.assessment is None:
        return ""
    shift = ""
    if evaluation.shift is not None and len(evaluation.shift):
        columns = {
            "modality": "modality",
            "roc_auc": "ROC AUC of telling the sets apart",
            "low": "95 % from",
            "high": "to",
            "shifted": "share of shifted features",
        }
        shift = f"<h3>Shift between the sets</h3>{table(evaluation.shift, columns)}"
    return _assessment("The independent set", evaluation.test) + shift


def _sites(evaluation):
    parts = []
    for name, of in evaluation.sites.items():
        rows = of.figures.assign(metric=of.figures["metric"].map(metric_name))
        shown = rows[rows["metric"].isin(["balanced accuracy", "ROC AUC", "recall", "specificity"])]
        counts = _classes(of.counts)
        columns = {"metric": "", **_INTERVAL}
        parts.append(f"<h3>{name}: {counts}</h3>{table(shown, columns)}")
    return section("Each site", *parts)


def _more(evaluation):
    small = []
    if evaluation.permutation is not None:
        small.append(_more_pictures.permutation(evaluation))
    if evaluation.learning_curve is not None:
        small.append(_more_pictures.learning_curve(evaluation))
    return section("Chance, and more people", side_by_side(*small))


def _details(evaluation):
    parts = [_made(evaluation.settings)]
    for title, rows in (("Figures of each split", evaluation.folds),
                        ("Each group", evaluation.groups)):  # fmt: skip
        if rows is not None:
            shown = rows.head(_MOST)
            more = f" (the first {_MOST} of {len(rows)})" if len(rows) > _MOST else ""
            parts.append(folded(title + more, table(shown)))
    whole = evaluation.main.figures.assign(
        metric=evaluation.main.figures["metric"].map(metric_name)
    )
    parts.append(folded("All figures", table(whole)))
    return section("How it was made", *parts)


def _made(settings):
    data = settings["data"]
    lock = settings.get("lock")
    frozen = {}
    if lock:
        frozen = {
            "locked": lock["created"],
            "model": lock["model"],
            "SHA-256 of the model": lock["model_sha256"],
            "threshold": lock["threshold"],
            "criteria": lock["criteria"],
        }
    return facts(
        {
            "splits": settings.get("cross_validation"),
            "seed": settings["seed"],
            "samples": data["n_samples"],
            f"{data['group']}s" if data["group"] != "sample" else "independent samples": data[
                "n_groups"
            ],
            "judged": f"each {data['judged']}",
            "classes": data["classes"],
            "positive class": data["positive"],
            "modalities": data["modalities"],
            "missing": data["missing"],
            "SHA-256 of the data": settings.get("data_sha256"),
            **frozen,
            "versions": settings["versions"],
        }
    )


def _wide(comparison):
    wanted = ["roc_auc", "balanced_accuracy", "accuracy", "precision", "recall", "f1"]
    wanted = [comparison.metric, *[name for name in wanted if name != comparison.metric]]
    told = comparison.figures.assign(
        text=[between(row.estimate, row.low, row.high) for row in comparison.figures.itertuples()]
    )
    wide = told.pivot(index="model", columns="metric", values="text").loc[comparison.models]
    wide = wide[[name for name in wanted if name in wide]].rename(columns=metric_name)
    return table(wide.fillna(NOTHING).reset_index())


def _pairs(comparison):
    best = comparison.best("model")
    rows = comparison.pairs
    first = rows[(rows["model"] == best) | (rows["other"] == best)]
    columns = {
        "model": "model", "other": "against", "difference": "difference", "low": "95 % from",
        "high": "to", "p_value": "p", "p_adjusted": "p (Holm)", "p_better": "P(better)",
        "p_equivalent": "P(same)", "p_worse": "P(worse)",
    }  # fmt: skip
    note = (
        "<p>p: corrected repeated cross-validation t-test; P: posterior probabilities of the "
        f"Bayesian correlated t-test, with differences up to {comparison.rope:g} practically the "
        "same.</p>"
    )
    if not len(rows):
        return ""
    return table(first, columns) + note + folded("All pairs", table(rows, columns))


def _chosen(folds):
    """Tell what searches chose in how many splits, where there were any."""
    chosen = pd.DataFrame() if folds is None else chosen_table(folds)
    return section("What the searches chose", table(chosen)) if len(chosen) else ""


def _costs(comparison):
    columns = {"model": "model", "fit_time": "fit, s", "predict_time": "predict, s",
               "peak_memory": "peak memory of a fit, MB"}  # fmt: skip
    costs = comparison.costs
    if np.isnan(costs["peak_memory"]).all():
        columns.pop("peak_memory")
    return table(costs, columns)


def _foot(settings):
    version = settings["versions"]["sklearn-neurofuse"]
    return f"<footer>{_CITED} {version}.</footer>"
