"""All figures of one set of predictions."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sklearn_neurofuse.metrics._criteria import check_criteria, judge
from sklearn_neurofuse.metrics._weighted import METRICS
from sklearn_neurofuse.model_selection import _curves
from sklearn_neurofuse.model_selection._design_effect import held_out_share
from sklearn_neurofuse.model_selection._figures import Judge, is_available


@dataclass(frozen=True, eq=False)
class Assessment:
    """What is known of one set of predictions.

    Attributes
    ----------
    figures : DataFrame
        Every metric with its interval.
    by_class : DataFrame
        Precision, recall and F1 of each class.
    posterior : BalancedAccuracyPosterior
        Of balanced accuracy.
    predictive_values : DataFrame or None
        PPV and NPV, with two classes.
    criteria : ClinicalCriteria
        The verdict.
    roc, precision_recall : DataFrame or None
        Curves, where there are scores.
    calibration, calibration_figures, net_benefit : DataFrame or None
        With probabilities of two classes.
    n_units, n_groups : int
        How many were judged, and how many groups they come from.
    counts : dict of str to int
        Units of each class.
    """

    figures: pd.DataFrame
    by_class: pd.DataFrame
    posterior: object
    predictive_values: pd.DataFrame | None
    criteria: object
    roc: pd.DataFrame | None
    precision_recall: pd.DataFrame | None
    calibration: pd.DataFrame | None
    calibration_figures: pd.DataFrame | None
    net_benefit: pd.DataFrame | None
    n_units: int
    n_groups: int
    counts: dict


@dataclass(frozen=True, eq=False)
class Wishes:
    """What a user asked for.

    Attributes
    ----------
    scoring : dict of str to str or callable
        Metrics.
    prevalence : float or None
        Another share of positives.
    criteria : dict of str to float
        Least values.
    random_state : int
        Draws the resamples.
    """

    scoring: dict
    prevalence: float | None
    criteria: dict
    random_state: int

    @classmethod
    def read(cls, owner, scoring, prevalence, criteria, random_state):
        """Check what was asked for.

        Parameters
        ----------
        owner : str
            Who asks, for messages.
        scoring : dict of str to str or callable
            As `check_scoring` gives it.
        prevalence : float or None
            In (0, 1).
        criteria : dict of str to float or None
            Least values.
        random_state : int
            Draws the resamples.

        Returns
        -------
        Wishes
            The wishes.
        """
        return cls(scoring, prevalence, check_criteria(owner, criteria), random_state)


def make_judge(design, random_state):
    """Make the judge of the units of a design.

    Parameters
    ----------
    design : Design
        The units.
    random_state : int
        Draws the resamples.

    Returns
    -------
    Judge
        The judge.
    """
    return Judge(
        design.unit_y,
        design.unit_groups,
        design.classes,
        design.stratify,
        random_state,
        held_out_share(design),
    )


def assess(judge, made, wishes):
    """Compute all figures of a set of predictions.

    Parameters
    ----------
    judge : Judge
        Of the units.
    made : OutOfFold
        Predictions of units.
    wishes : Wishes
        What was asked for.

    Returns
    -------
    Assessment
        The figures.
    """
    judge, made = judge.keep(made)
    figures = judge.table(made, wishes.scoring)
    binary = len(judge.classes) == 2
    probable = binary and made.is_probability
    scored = made.has_scores
    return Assessment(
        figures=figures,
        by_class=judge.by_class(made),
        posterior=judge.posterior(made),
        predictive_values=judge.at_prevalence(made, wishes.prevalence) if binary else None,
        criteria=_judge_criteria(judge, made, figures, wishes.criteria),
        roc=_curves.roc_table(judge, made) if scored else None,
        precision_recall=_curves.precision_recall_table(judge, made) if scored else None,
        calibration=_curves.calibration_table(judge, made) if probable else None,
        calibration_figures=_curves.calibration_figures(judge, made) if probable else None,
        net_benefit=_curves.net_benefit_table(judge, made) if probable else None,
        n_units=len(judge.y),
        n_groups=len(np.unique(judge.groups)),
        counts={str(c): int(np.sum(judge.y == i)) for i, c in enumerate(judge.classes)},
    )


def _judge_criteria(of_units, made, figures, criteria):
    """Hold the intervals that are there, and those still to be had, against least values."""
    known = set(figures["metric"]) & set(METRICS)
    more = {name: name for name in criteria if name not in known and is_available(name, made)}
    table = pd.concat([figures, of_units.table(made, more)]) if more else figures
    there = {name: least for name, least in criteria.items() if name in set(table["metric"])}
    return judge(table, there)
