"""The TRIPOD+AI checklist, as far as a program can fill it in."""

import pandas as pd

from sklearn_neurofuse.model_selection._report._html import table

_AUTHORS = "for the authors to state"


def checklist(evaluation):
    """Say which items of TRIPOD+AI the report answers.

    Parameters
    ----------
    evaluation : Evaluation
        What was found.

    Returns
    -------
    str
        HTML.

    References
    ----------
    .. [1] Collins, G. S., Moons, K. G. M., Dhiman, P., et al. (2024). TRIPOD+AI statement:
       updated guidance for reporting clinical prediction models that use regression or machine
       learning methods. BMJ, 385, e078378. doi:10.1136/bmj-2023-078378
    """
    rows = pd.DataFrame(_items(evaluation), columns=["item", "topic", "here"])
    note = (
        "<p>Topics are shortened; the wording is that of Collins et al. (2024), "
        "doi:10.1136/bmj-2023-078378.</p>"
    )
    return note + table(rows, {"item": "item", "topic": "topic", "here": "in this report"})


def _items(evaluation):
    main, data = evaluation.main, evaluation.settings["data"]
    frozen = evaluation.assessment is None
    judged = f"{main.n_units} judged, {main.n_groups} independent; {_counts(main.counts)}"
    least = main.criteria.table.itertuples()
    criteria = ", ".join(f"{row.metric} at least {row.least:.2f}" for row in least)
    missing = data["missing"] or "no modality is missing in any sample"
    return [
        ("1-2", "Title and abstract", _AUTHORS),
        ("3-4", "Background, target population, inequalities, objectives", _AUTHORS),
        ("5", "Sources and dates of data", _AUTHORS),
        ("6", "Participants: setting, eligibility, treatment", _AUTHORS),
        ("7", "Data preparation", "steps of the model as given; their reasons " + _AUTHORS),
        ("8", "Outcome and its assessment", f"{_counts(data['classes'])}; " + _AUTHORS),
        ("9", "Predictors", f"modalities {', '.join(data['modalities'])}"),
        ("10", "Sample size and its reason", f"{judged}; reason {_AUTHORS}"),
        ("11", "Missing data", f"{missing}"),
        ("12a", "How data were used", _use(evaluation)),
        ("12c", "Model and its building", "all steps fitted within training folds"
         if not frozen else "frozen before, hashes below"),
        ("12d", "Differences between clusters", _clusters(evaluation)),
        ("12e", "Measures of performance", "discrimination, predictive values, "
         + ("calibration, net benefit" if main.calibration is not None else "no calibration")),
        ("12f", "Model updating", "none"),
        ("13", "Class imbalance", f"{_counts(main.counts)}; test samples are never resampled"),
        ("14", "Fairness", _AUTHORS),
        ("15", "Model output and threshold", _threshold(evaluation)),
        ("16", "Development against evaluation data", _shift(evaluation)),
        ("17-19", "Ethics, funding, protocol, registration, sharing, patients", _AUTHORS),
        ("20", "Flow and characteristics of participants", f"{judged}; " + _AUTHORS),
        ("21", "Numbers in each analysis", judged),
        ("22", "Full model", "locked with SHA-256" if "lock" in evaluation.settings
         else "not locked: lock=PATH freezes it"),
        ("23", "Performance", f"95 % intervals on all figures; criteria: {criteria}"),
        ("24", "Results of updating", "none"),
        ("25", "Interpretation", _AUTHORS),
        ("26", "Limitations", "see what was not checked; " + _AUTHORS),
        ("27", "Usability", _AUTHORS),
    ]  # fmt: skip


def _counts(counts):
    return ", ".join(f"{n} {name}" for name, n in counts.items())


def _use(evaluation):
    if evaluation.assessment is None:
        return "validation of a frozen model on a new set"
    told = evaluation.settings["cross_validation"]
    return told + ("" if evaluation.test is None else "; an independent set")


def _clusters(evaluation):
    if evaluation.sites:
        return f"figures of {len(evaluation.sites)} sites"
    if evaluation.groups is not None:
        return "figures of each group"
    return "one site"


def _threshold(evaluation):
    lock = evaluation.settings.get("lock")
    if lock and lock["threshold"] is not None:
        return f"score of {lock['threshold']:.3f} or more is positive"
    if evaluation.folds is None:
        return "as the model predicts"
    cuts = evaluation.folds["threshold"].dropna()
    if not len(cuts):
        return "the class with the highest score"
    if cuts.nunique() == 1:
        return f"score of {cuts.iloc[0]:.3f} or more is positive"
    return f"tuned in training folds, between {cuts.min():.3f} and {cuts.max():.3f}"


def _shift(evaluation):
    if evaluation.shift is None or not len(evaluation.shift):
        return "not compared"
    worst = evaluation.shift.loc[evaluation.shift["roc_auc"].idxmax()]
    return f"a classifier tells them apart with ROC AUC {worst['roc_auc']:.2f}"
