"""What an evaluation says in words, from the figures it found."""

import numpy as np

from sklearn_neurofuse.model_selection._confounds import ALL, MISSING
from sklearn_neurofuse.model_selection._design import FEW_GROUPS
from sklearn_neurofuse.model_selection._statements import (
    Statement,
    about_pseudo_pairs,
    between,
    metric_name,
    plural,
)

# ROC AUC from which on a confound is named though its interval reaches down to chance
_STRIKING = 0.7


def about_design(design):
    """Say what is estimated, and what stands in the way of it.

    Parameters
    ----------
    design : Design
        Labels, groups and splits.

    Returns
    -------
    list of Statement
        The statements.
    """
    n_train = round(np.mean([len(train) for train, _ in design.splits]))
    n_groups = round(np.mean([len(np.unique(design.groups[t])) for t, _ in design.splits]))
    size = plural(n_train, "sample")
    if design.noun.startswith("block"):
        text = (
            f"The figures estimate how well models trained on {size} of this recording tell other "
            "trials of the same recording. They say nothing about a new person."
        )
    else:
        who = "sample" if design.noun == "sample" else design.noun
        of = "" if who == "sample" else f" of {plural(n_groups, who)}"
        text = (
            f"The figures estimate the performance to be expected on a new {who} of the same kind, "
            f"of models trained on {size}{of} in the same way; not of one model in particular, "
            "nor at another site."
        )
    said = [Statement("estimand", text), *_about_units(design)]
    return [
        *about_pseudo_pairs(design),
        *said,
        *about_few_groups(design),
        *_about_few_per_class(design),
    ]


def about_few_groups(design):
    """Say that intervals are unreliable where there are few groups.

    Parameters
    ----------
    design : Design
        The groups.

    Returns
    -------
    list of Statement
        A warning, or nothing.
    """
    if design.n_groups >= FEW_GROUPS:
        return []
    return [
        Statement(
            "warning",
            f"There are only {plural(design.n_groups, design.noun)}; with fewer than "
            f"{FEW_GROUPS} the intervals are unreliable.",
        )
    ]


def _about_few_per_class(design):
    counts = [len(np.unique(design.groups[design.y == c])) for c in range(len(design.classes))]
    fewest = int(np.argmin(counts))
    if design.n_groups < FEW_GROUPS or counts[fewest] >= FEW_GROUPS // 2:
        return []
    return [
        Statement(
            "warning",
            f"Class {design.classes[fewest]} occurs in {plural(counts[fewest], design.noun)} only; "
            "its figures are unreliable.",
        )
    ]


def _about_units(design):
    if design.per_group:
        return [
            Statement(
                "estimand",
                f"The class is a property of the {design.noun}, so the predictions of the "
                f"{len(design.y)} samples are averaged within each and {design.n_groups} "
                f"{design.noun}s are judged; counting samples would feign certainty.",
            )
        ]
    if design.noun == "sample":
        return [
            Statement(
                "warning",
                "No groups were given: every sample was taken for an independent person. If "
                "several come from one person or recording, the figures are too good.",
            )
        ]
    return []


def about_result(assessment, design, where=""):
    """Say how well the classes are told.

    Parameters
    ----------
    assessment : Assessment
        The figures.
    design : Design
        The units.
    where : str, default=""
        Which set, as the beginning of a sentence.

    Returns
    -------
    list of Statement
        The statements.
    """
    posterior = assessment.posterior
    low, high = posterior.interval(0.95)
    chance = 1 / len(design.classes)
    above = posterior.sf(chance)
    verdict = "above chance" if low > chance else "not shown to be above chance"
    certainty = "more than 0.999" if above > 0.999 else f"{above:.3f}"
    text = (
        f"{where}Balanced accuracy is {between(posterior.mean(), low, high)}, {verdict} "
        f"({chance:.2f}; probability of being above {certainty})."
    )
    criteria = assessment.criteria
    told = ", ".join(
        f"{metric_name(row.metric)} {between(row.estimate, row.low, row.high)} against "
        f"{row.least:.2f} {row.verdict}"
        for row in criteria.table.itertuples()
    )
    return [
        Statement("result", text),
        Statement("result", f"{where}Clinical criteria: {criteria.verdict} ({told})."),
    ]


def about_confounds(table):
    """Say what tells the class without any signal.

    Parameters
    ----------
    table : DataFrame
        As `confound_table` gives it.

    Returns
    -------
    list of Statement
        Warnings, and results where nothing was found.
    """
    said = []
    for row in table.itertuples():
        who = {ALL: "The confounds together", MISSING: "Which samples are missing"}
        subject = who.get(row.confound, f"The confound {row.confound!r}")
        told = f"ROC AUC {between(row.roc_auc, row.low, row.high)}"
        if row.above_chance:
            verb = "tell" if row.confound == ALL else "tells"
            said.append(
                Statement(
                    "warning",
                    f"{subject} alone {verb} the class above chance ({told}), so the model may "
                    f"owe its result to that.{_beyond(row)}",
                )
            )
        elif row.roc_auc >= _STRIKING and row.confound != ALL:
            said.append(
                Statement(
                    "warning",
                    f"{subject} alone may tell the class ({told}): these data are too few to "
                    "exclude it.",
                )
            )
        elif row.confound in who or ALL not in set(table["confound"]):
            verb = "are" if row.confound == ALL else "is"
            said.append(
                Statement("result", f"{subject} alone {verb} not shown to tell the class ({told}).")
            )
    return said


def _beyond(row):
    if np.isnan(row.partial):
        return ""
    share = between(100 * row.partial, 100 * row.partial_low, 100 * row.partial_high, ".0f")
    verdict = "" if row.partial_low > 0 else ", which may be nothing"
    return f" Over and above it, the model explains {share} % of the deviance{verdict}."


def about_shift(table, shares):
    """Say how far the independent set differs.

    Parameters
    ----------
    table : DataFrame
        As `shift_table` gives it.
    shares : tuple of float
        Share of the positive class in both sets, or of the most frequent.

    Returns
    -------
    list of Statement
        Warnings, or a result.
    """
    said = []
    for row in table.itertuples():
        told = f"ROC AUC {between(row.roc_auc, row.low, row.high)}"
        what = f"in {row.modality} " if row.modality != "X" else ""
        if row.low > 0.5:
            said.append(
                Statement(
                    "warning",
                    f"The two sets differ {what}so that a classifier tells them apart ({told}; "
                    f"{100 * row.shifted:.0f} % of features shifted by half a standard deviation "
                    "or more): what was learned may not carry over.",
                )
            )
        else:
            said.append(
                Statement(
                    "result",
                    f"No shift {what}between the two sets was found by a classifier that tries "
                    f"to tell them apart ({told}).",
                )
            )
    if abs(shares[0] - shares[1]) > 0.1:
        said.append(
            Statement(
                "warning",
                f"The share of the class of interest is {shares[0]:.2f} in the first set and "
                f"{shares[1]:.2f} in the independent one; predictive values do not carry over.",
            )
        )
    return said


def about_permutation(test):
    """Say what the permutation test found.

    Parameters
    ----------
    test : PermutationTest
        The test.

    Returns
    -------
    Statement
        The result.
    """
    return Statement(
        "result",
        f"Permutation test of {metric_name(test.metric)}: {test.observed:.2f} against "
        f"{test.null.mean():.2f} on average with permuted labels, p = {test.p_value:.4f} "
        f"({len(test.null)} permutations, {test.scheme}).",
    )


def about_nested(nested):
    """Say what nested cross-validation found.

    Parameters
    ----------
    nested : NestedInterval
        The interval.

    Returns
    -------
    Statement
        The result.
    """
    return Statement(
        "result",
        f"With the variance of nested cross-validation accuracy is "
        f"{between(nested.estimate, nested.low, nested.high)}; its standard error is "
        f"{nested.inflation:.2f} times that of independent predictions.",
    )


def about_difference(pair, best, metric, rope):
    """Say whether the model beats the best of what stands beside it.

    Parameters
    ----------
    pair : dict
        A row of ``Comparison.pairs``, the model first.
    best : str
        The best baseline.
    metric : str
        What is compared.
    rope : float
        Differences up to this are practically none.

    Returns
    -------
    Statement
        A result, or a warning where the model is not shown to be better.
    """
    told = between(pair["difference"], pair["low"], pair["high"], "+.2f")
    chance = f"better by more than {rope:g} with probability {pair['p_better']:.2f}"
    if pair["p_better"] >= 0.95:
        return Statement(
            "result",
            f"The model beats the best baseline, {best!r}, by {told} in {metric_name(metric)} "
            f"({chance}).",
        )
    return Statement(
        "warning",
        f"The model is not shown to beat the best baseline, {best!r}: difference in "
        f"{metric_name(metric)} {told} ({chance}).",
    )


def about_unchecked(done):
    """List what was not checked.

    Parameters
    ----------
    done : dict of str to bool
        What was.

    Returns
    -------
    list of Statement
        The rest.
    """
    return [Statement("unchecked", text) for name, text in _CHECKS.items() if not done.get(name)]


def about_unchecked_only(name):
    """Say of one thing that it was not checked.

    Parameters
    ----------
    name : str
        Which.

    Returns
    -------
    list of Statement
        One.
    """
    return [Statement("unchecked", _CHECKS[name])]


_CHECKS = {
    "independent": "People of another site or scanner: no independent set was given.",
    "confounds": "Confounds: none were given, so motion, age, sex, site or reaction time may tell "
    "the class.",
    "missing": "Missing samples: either none is missing, or it is only known once recordings have "
    "been processed.",
    "shift": "Shift between the two sets: only the model itself reads the recordings.",
    "probabilities": "Calibration and net benefit: there are no probabilities of two classes.",
    "scores": "ROC and precision-recall: the model gives no scores.",
    "permutation": "A permutation test: n_permutations was 0.",
    "nested": "The variation between training sets: intervals allow for it by a factor that holds "
    "for most models; variance='nested' measures it.",
    "learning": "How performance grows with more people: no learning curve was asked for.",
    "baselines": "Simpler models: no baselines were evaluated beside.",
    "prevalence": "Predictive values at the prevalence of the clinic: none was given.",
    "choices": "Choices made by looking at these data before (steps, features, parameters), which "
    "no cross-validation can see.",
    "labels": "Whether labels are right, and whether the people are those whom the clinic sees.",
}
