"""`Evaluation`: everything that is known of how well a model does."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sklearn_neurofuse.model_selection._json import to_json
from sklearn_neurofuse.model_selection._report import evaluation_html, evaluation_plots
from sklearn_neurofuse.model_selection._statements import (
    between,
)

_TABLES = ("figures", "by_class", "predictive_values", "calibration_figures")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well a model does, as `evaluate` and `validate` give it.

    Parameters
    ----------
    assessment : Assessment or None
        Figures of cross-validation; None for a validation.
    test : Assessment or None
        Figures of the independent set.
    sites : dict of str to Assessment
        Figures of each site of the independent set, where there are several.
    folds, groups : DataFrame or None
        Figures of each split, and of each group.
    confounds : DataFrame or None
        What the class can be told from without any signal.
    shift : DataFrame or None
        How well a classifier tells the two sets apart.
    comparison : Comparison or None
        The model beside the baselines.
    permutation : PermutationTest or None
        The permutation test.
    nested : NestedInterval or None
        Accuracy with the variance of nested cross-validation.
    learning_curve : DataFrame or None
        Figures of smaller training sets.
    statements : tuple of Statement
        What is said in words: what is estimated, results, warnings, what was not checked.
    settings : dict
        Versions, seed, folds, data, hashes.
    predictions : DataFrame
        One row for each set, model, repeat and sample.
    model : estimator or None
        The model fitted on everything, where an independent set or a lock asked for it.

    See Also
    --------
    Comparison : Several models on the same folds.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_neurofuse.model_selection import evaluate
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 20)
    >>> X = rng.normal(size=(40, 3)) + y[:, None]
    >>> report = evaluate(LogisticRegression(), X, y, cv=4, random_state=0)
    >>> report.to_frame()["part"].unique().tolist()
    ['figures', 'by_class', 'predictive_values', 'calibration_figures', 'posterior']
    """

    assessment: object
    test: object = None
    sites: dict = field(default_factory=dict)
    folds: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None
    confounds: pd.DataFrame | None = None
    shift: pd.DataFrame | None = None
    comparison: object = None
    permutation: object = None
    nested: object = None
    learning_curve: pd.DataFrame | None = None
    statements: tuple = ()
    settings: dict = field(default_factory=dict)
    predictions: pd.DataFrame | None = field(default=None, repr=False)
    model: object = field(default=None, repr=False)

    @property
    def main(self):
        """The figures that count most: of cross-validation, or of the validation set."""
        return self.test if self.assessment is None else self.assessment

    @property
    def figures(self):
        """Every metric with its interval, DataFrame."""
        return self.main.figures

    @property
    def posterior(self):
        """Posterior of balanced accuracy."""
        return self.main.posterior

    @property
    def criteria(self):
        """Verdict on the clinical criteria."""
        return self.main.criteria

    @property
    def warnings(self):
        """What stands in the way of believing the figures, list of str."""
        return [said.text for said in self.statements if said.kind == "warning"]

    @property
    def unchecked(self):
        """What was not checked, list of str."""
        return [said.text for said in self.statements if said.kind == "unchecked"]

    def to_frame(self):
        """Give all figures in one tidy table.

        Returns
        -------
        DataFrame
            Columns set ("cross-validation", "independent set" or a site), part, class, metric,
            prevalence, estimate, low, high and standard_error.
        """
        parts = [part for name, of in self._sets() for part in _frames(name, of)]
        return pd.concat(parts, ignore_index=True)

    def _sets(self):
        if self.assessment is not None:
            yield "cross-validation", self.assessment
        if self.test is not None:
            yield "independent set", self.test
        yield from ((f"site {name}", of) for name, of in self.sites.items())

    def to_json(self, path=None):
        """Give everything but single predictions as JSON.

        Parameters
        ----------
        path : path-like, default=None
            File to write.

        Returns
        -------
        str
            The text.
        """
        tables = ("folds", "groups", "confounds", "shift", "learning_curve")
        whole = {
            "figures": self.to_frame(),
            "criteria": {name: of.criteria for name, of in self._sets()},
            **{name: getattr(self, name) for name in tables},
            "permutation": self.permutation,
            "nested": self.nested,
            "curves": {name: _curves(of) for name, of in self._sets()},
            "comparison": None if self.comparison is None else self.comparison.figures,
            "differences": None if self.comparison is None else self.comparison.pairs,
            "statements": self.statements,
            "settings": self.settings,
        }
        return to_json(whole, path)

    def to_html(self, path=None, *, figures=()):
        """Give the report as one page that needs no network.

        Parameters
        ----------
        path : path-like, default=None
            File to write.
        figures : sequence of (str, str or bytes), default=()
            Further pictures, such as those of `sklearn_neurofuse.plotting`: a title, and SVG or
            HTML text or the bytes of a PNG.

        Returns
        -------
        str
            The page.
        """
        text = evaluation_html(self, figures)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def plot(self, kind="posterior"):
        """Draw one of the pictures of the report.

        Parameters
        ----------
        kind : str, default="posterior"
            ``"posterior"``, ``"metrics"``, ``"roc"``, ``"precision_recall"``,
            ``"calibration"``, ``"net_benefit"``, ``"confounds"``, ``"permutation"`` or
            ``"learning_curve"``.

        Returns
        -------
        SvgFigure
            Shown by Jupyter; ``save(path)`` writes it.

        Raises
        ------
        ValueError
            If there is no such picture, or the evaluation lacks what it shows.
        """
        return evaluation_plots(self, kind)

    def __repr__(self):
        low, high = self.posterior.interval(0.95)
        told = between(self.posterior.mean(), low, high)
        return f"Evaluation: balanced accuracy {told}, clinical criteria {self.criteria.verdict}"


def _frames(name, assessment):
    """List the tables of one set, each with its part named."""
    for part in _TABLES:
        table = getattr(assessment, part)
        if table is not None:
            yield table.assign(set=name, part=part)[["set", "part", *table.columns]]
    low, high = assessment.posterior.interval(0.95)
    yield pd.DataFrame(
        [
            {
                "set": name,
                "part": "posterior",
                "metric": "balanced_accuracy",
                "estimate": assessment.posterior.mean(),
                "low": low,
                "high": high,
                "standard_error": assessment.posterior.std(),
            }
        ]
    )


def _curves(assessment):
    names = ("roc", "precision_recall", "calibration", "net_benefit")
    return {name: getattr(assessment, name) for name in names}
