"""`Comparison`: several models on the same folds."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from sklearn_neurofuse.model_selection._json import to_json
from sklearn_neurofuse.model_selection._paired_tests import oriented
from sklearn_neurofuse.model_selection._report import comparison_html, comparison_plots
from sklearn_neurofuse.model_selection._statements import (
    metric_name,
)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several models on the same folds, as `compare` gives them.

    Parameters
    ----------
    figures : DataFrame
        Columns model, role, metric, estimate, low, high, standard_error.
    pairs : DataFrame
        For each two models the difference of the main metric, first minus second: difference,
        low, high, standard_error, p_value (corrected repeated cross-validation t-test),
        p_adjusted (Holm), and p_better, p_equivalent, p_worse (Bayesian correlated t-test with
        a region of practical equivalence).
    folds : DataFrame
        The main metric of each model in each split: columns model, split, repeat, value; and
        what searches chose in it, in columns ``best ...`` that are missing for other models.
    costs : DataFrame
        Columns model, fit_time and predict_time in s (mean over the splits), peak_memory in MB
        (growth of the process in the first fit; NaN where not measured).
    metric : str
        The main metric.
    rope : float
        Differences up to this are practically none.
    statements : tuple of Statement
        What is said in words.
    settings : dict
        Versions, seed, folds, data.
    predictions : DataFrame
        One row for each model, repeat and sample.

    See Also
    --------
    Evaluation : One model in depth.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_neurofuse.model_selection import compare
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 20)
    >>> X = rng.normal(size=(40, 3)) + y[:, None]
    >>> found = compare({"logistic": LogisticRegression()}, X, y, cv=4, random_state=0)
    >>> found.models
    ['logistic', 'majority']
    """

    figures: pd.DataFrame
    pairs: pd.DataFrame
    folds: pd.DataFrame
    costs: pd.DataFrame
    metric: str
    rope: float
    statements: tuple
    settings: dict
    predictions: pd.DataFrame = field(repr=False)

    @property
    def models(self):
        """Names of the models, baselines last, list of str."""
        return list(dict.fromkeys(self.figures["model"]))

    @property
    def answer(self):
        """One sentence about whether fusion helps, or how the best two compare, str."""
        return next(said.text for said in self.statements if said.kind == "result")

    def best(self, role=None):
        """Name the model with the greatest main metric.

        Parameters
        ----------
        role : {"model", "baseline"}, default=None
            Among which; None is among all.

        Returns
        -------
        str
            The first of the best.
        """
        rows = self.figures[self.figures["metric"] == self.metric]
        if role is not None:
            rows = rows[rows["role"] == role]
        return rows.set_index("model")["estimate"].idxmax()

    def pair(self, model, other):
        """Compare two of the models.

        Parameters
        ----------
        model, other : str
            Their names; the difference is `model` minus `other`.

        Returns
        -------
        dict
            The row of `pairs`, turned round where need be.

        Raises
        ------
        KeyError
            If one is unknown, or both are the same.
        """
        unknown = [name for name in (model, other) if name not in self.models]
        if unknown or model == other:
            raise KeyError(
                f"Comparison: no pair {model!r}, {other!r}; the models are {self.models}"
            )
        return oriented(self.pairs, model, other)

    def to_frame(self):
        """Give all figures, one row for each model and metric.

        Returns
        -------
        DataFrame
            A copy of `figures`.
        """
        return self.figures.copy()

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
        parts = ("figures", "pairs", "folds", "costs", "metric", "rope", "statements", "settings")
        return to_json({name: getattr(self, name) for name in parts}, path)

    def to_html(self, path=None, *, figures=()):
        """Give the report as one page that needs no network.

        Parameters
        ----------
        path : path-like, default=None
            File to write.
        figures : sequence of (str, str or bytes), default=()
            Further pictures: a title, and SVG or HTML text or the bytes of a PNG.

        Returns
        -------
        str
            The page.
        """
        text = comparison_html(self, figures)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    def plot(self, kind="figures"):
        """Draw one of the pictures of the report.

        Parameters
        ----------
        kind : {"figures", "differences"}, default="figures"
            The main metric of each model, or the differences from the best.

        Returns
        -------
        SvgFigure
            Shown by Jupyter; ``save(path)`` writes it.

        Raises
        ------
        ValueError
            If there is no such picture.
        """
        return comparison_plots(self, kind)

    def __repr__(self):
        best = self.best()
        row = self.figures.set_index(["model", "metric"]).loc[(best, self.metric)]
        return (
            f"Comparison of {len(self.models)} models: best {best!r} with "
            f"{metric_name(self.metric)} {row['estimate']:.2f} [{row['low']:.2f}, "
            f"{row['high']:.2f}]"
        )
