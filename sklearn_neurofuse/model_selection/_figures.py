"""Figures with intervals from predictions of units."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.metrics import balanced_accuracy_posterior, bootstrap_interval
from sklearn_neurofuse.metrics._weighted import METRICS, OF_PROBABILITIES, OF_SCORES
from sklearn_neurofuse.model_selection._design_effect import design_effect

# only the standard error is taken from them
_RESAMPLES = 1000
_COLUMNS = ["metric", "estimate", "low", "high", "standard_error"]


def check_scoring(owner, scoring):
    """Read which metrics are wanted.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    scoring : None, str, callable, or a sequence or dict of these
        Names of metrics, or functions of labels and predicted labels.

    Returns
    -------
    dict of str to str or callable
        By name.
    """
    if scoring is None:
        return {name: name for name in METRICS}
    if isinstance(scoring, str) or callable(scoring):
        scoring = [scoring]
    if not isinstance(scoring, dict):
        scoring = {getattr(metric, "__name__", metric): metric for metric in scoring}
    if not scoring:
        raise ValueError(f"{owner}: scoring must name a metric at least, got none")
    for metric in scoring.values():
        check_choice(owner, "scoring", metric, METRICS, allow_callable=True)
    return dict(scoring)


def is_available(metric, made):
    """Say whether a metric can be had from what a model gives.

    Parameters
    ----------
    metric : str or callable
        Which.
    made : OutOfFold
        The predictions.

    Returns
    -------
    bool
        False for metrics of scores or probabilities where there are none.
    """
    if metric in OF_PROBABILITIES:
        return made.is_probability
    return metric not in OF_SCORES or made.has_scores


class Judge:
    """Gives intervals of metrics of one set of units.

    Parameters
    ----------
    y : ndarray of int of shape (n_units,)
        Classes.
    groups : ndarray of shape (n_units,)
        Drawn together.
    classes : ndarray
        Labels.
    stratify : ndarray or None
        Strata of groups.
    random_state : int
        Draws the resamples, the same for each metric.
    held_out : float, default=0.0
        As `held_out_share` gives it.
    """

    def __init__(self, y, groups, classes, stratify, random_state, held_out=0.0):
        self.y = y
        self.groups = groups
        self.classes = classes
        self.stratify = stratify
        self.random_state = random_state
        self.held_out = held_out

    def design_effect(self, *made):
        """Give the factor for the variance of figures of predictions.

        Parameters
        ----------
        *made : OutOfFold
            Predictions of units; of several the greatest factor.

        Returns
        -------
        float
            As `design_effect` gives it.
        """
        return max(design_effect(one, self.held_out) for one in made)

    def _options(self, *made):
        """Give the options of `bootstrap_interval`."""
        return {
            "groups": self.groups,
            "stratify": self.stratify,
            "method": "score",
            "n_resamples": _RESAMPLES,
            "design_effect": self.design_effect(*made),
            "random_state": self.random_state,
        }

    def keep(self, made):
        """Leave out units that no split predicted.

        Parameters
        ----------
        made : OutOfFold
            Predictions of units.

        Returns
        -------
        judge : Judge
            Of the others.
        made : OutOfFold
            The predictions of them.
        """
        there = (made.split >= 0).any(axis=1)
        if there.all():
            return self, made
        stratify = None if self.stratify is None else self.stratify[there]
        judge = Judge(
            self.y[there],
            self.groups[there],
            self.classes,
            stratify,
            self.random_state,
            self.held_out,
        )
        kept = {name: getattr(made, name)[there] for name in ("predicted", "score", "split")}
        return judge, replace(made, **kept)

    def interval(self, metric, made, reference=None, **options):
        """Give a metric with its interval.

        Parameters
        ----------
        metric : str or callable
            Which.
        made : OutOfFold
            Predictions of units.
        reference : OutOfFold, default=None
            Other predictions; then it is about the difference.
        **options : dict
            Of `bootstrap_interval`.

        Returns
        -------
        BootstrapInterval
            The interval.
        """
        columns = partial(self.columns, metric)
        y, function = self.y, metric
        if callable(metric):
            y, function = np.arange(len(self.y)), self._by_columns(metric, made, reference)
            columns = _nothing
        if reference is not None and not callable(metric):
            options["reference"] = columns(reference)
        compared = (made,) if reference is None else (made, reference)
        options = {**self._options(*compared), **options}
        return bootstrap_interval(function, y, columns(made), **options)

    def columns(self, metric, made):
        """Give the predictions that a metric is computed of.

        Parameters
        ----------
        metric : str
            Which.
        made : OutOfFold
            Predictions of units.

        Returns
        -------
        ndarray
            Predicted classes or scores.
        """
        if metric in OF_PROBABILITIES:
            return made.score
        return self.ranking(made) if metric in OF_SCORES else made.predicted

    def ranking(self, made):
        """Give scores in columns within which they may be ranked: each fit, or each repeat.

        Parameters
        ----------
        made : OutOfFold
            Predictions of units.

        Returns
        -------
        ndarray
            Scores by fit; by repeat where the test sets of most fits lack a class.
        """
        by_fit = made.score_by_fit()
        told = ~np.isnan(by_fit.reshape(len(by_fit), by_fit.shape[1], -1)).any(axis=2)
        whole = [len(np.unique(self.y[rows])) == len(self.classes) for rows in told.T]
        return by_fit[:, whole] if np.mean(whole) >= 0.5 else made.score

    def _by_columns(self, metric, made, reference):
        """Make a metric of rows out of one of labels, averaged over repeats."""

        def mean_over_repeats(rows, _):
            own = self._mean(metric, rows, made)
            return own if reference is None else own - self._mean(metric, rows, reference)

        return mean_over_repeats

    def _mean(self, metric, rows, made):
        values = []
        for predicted in made.predicted[rows].T:
            told = ~np.isnan(predicted)
            labels = self.classes[self.y[rows][told]], self.classes[predicted[told].astype(int)]
            values.append(metric(*labels))
        return float(np.mean(values))

    def table(self, made, scoring):
        """Give every metric that can be had with its interval.

        Parameters
        ----------
        made : OutOfFold
            Predictions of units.
        scoring : dict of str to str or callable
            The metrics.

        Returns
        -------
        DataFrame
            Columns metric, estimate, low, high and standard_error.
        """
        judge, made = self.keep(made)
        rows = [
            {"metric": name, **judge.interval(metric, made)._asdict()}
            for name, metric in scoring.items()
            if is_available(metric, made)
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)

    def at_prevalence(self, made, prevalence):
        """Give the predictive values at the observed and at another share of positives.

        Parameters
        ----------
        made : OutOfFold
            Predictions of units.
        prevalence : float or None
            The other share.

        Returns
        -------
        DataFrame
            Columns metric, prevalence, estimate, low, high and standard_error.
        """
        judge, made = self.keep(made)
        shares = {None: float(np.mean(judge.y == 1))}
        if prevalence is not None:
            shares[prevalence] = prevalence
        return pd.DataFrame(
            {
                "metric": title,
                "prevalence": share,
                **judge.interval(name, made, prevalence=given)._asdict(),
            }
            for given, share in shares.items()
            for name, title in (("precision", "ppv"), ("npv", "npv"))
        )

    def by_class(self, made):
        """Give precision, recall and F1 of each class, each against all others.

        Parameters
        ----------
        made : OutOfFold
            Predictions of units.

        Returns
        -------
        DataFrame
            Columns class, n, metric, estimate, low, high and standard_error.
        """
        judge, made = self.keep(made)
        rows, options = [], judge._options(made)
        for code, label in enumerate(judge.classes):
            true = judge.y == code
            predicted = np.where(np.isnan(made.predicted), np.nan, made.predicted == code)
            for metric in ("precision", "recall", "f1"):
                found = bootstrap_interval(metric, true.astype(float), predicted, **options)
                rows.append(
                    {"class": str(label), "n": int(true.sum()), "metric": metric} | found._asdict()
                )
        return pd.DataFrame(rows)

    def posterior(self, made):
        """Give the posterior of balanced accuracy.

        Parameters
        ----------
        made : OutOfFold
            Predictions of units.

        Returns
        -------
        BalancedAccuracyPosterior
            With the prior of Jeffreys; hierarchical where groups have several units.
        """
        judge, made = self.keep(made)
        return balanced_accuracy_posterior(
            judge.y,
            made.predicted,
            groups=judge.groups,
            prior=0.5,
            # the correlation within groups, which it leaves open, widens it already
            design_effect=judge.design_effect(made) ** 0.5,
        )

    def fold_values(self, metric, made):
        """Give a metric in each split.

        Parameters
        ----------
        metric : str
            Which.
        made : OutOfFold
            Predictions of units.

        Returns
        -------
        ndarray of shape (n_splits,)
            NaN where it is not defined.
        """
        values = np.full(len(made.threshold), np.nan)
        if not is_available(metric, made):
            return values
        source = made.predicted if metric not in {**OF_SCORES, **OF_PROBABILITIES} else made.score
        for number in range(len(values)):
            rows, repeats = np.nonzero(made.split == number)
            y = self.y[rows]
            given = source[rows, repeats]
            weights = np.ones((1, len(rows)))
            values[number] = METRICS[metric](y, given, len(self.classes), weights)[0]
        return values


def _nothing(made):
    """Stand in for predictions where a function knows them by their rows."""
    return np.zeros(len(made.predicted))
