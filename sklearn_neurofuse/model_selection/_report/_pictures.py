"""Pictures of one set of predictions, and intervals below each other."""

import numpy as np

from sklearn_neurofuse.model_selection._report._svg import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MINUS,
    ORANGE,
    Canvas,
)
from sklearn_neurofuse.model_selection._statements import (
    between,
    metric_name,
)

COLORS = (BLUE, ORANGE, GREEN, "#7a4fa3", "#a33b5b", "#3f7f86")
_ROW = 27


def posterior(assessment):
    """Draw the posterior of balanced accuracy.

    Parameters
    ----------
    assessment : Assessment
        The figures.

    Returns
    -------
    SvgFigure
        The picture.
    """
    law, chance = assessment.posterior, 1 / len(assessment.counts)
    x = np.linspace(0, 1, 401)
    density = law.pdf(x)
    plot = Canvas((0, 1), (0, 1.12 * density.max()), margins=(24, 14, 14, 46))
    plot.axes("balanced accuracy", y_ticks=False)
    low, high = law.interval(0.95)
    inside = (x >= low) & (x <= high)
    plot.band(x[inside], np.zeros(inside.sum()), density[inside], opacity=0.2)
    plot.line(x, density)
    plot.line([chance, chance], plot.ylim, GREY, width=1.5, dash="5 4")
    plot.write(chance, plot.ylim[1], "chance", anchor="end", shift=12, size=11)
    told = f"{law.mean():.2f}  [{low:.2f}, {high:.2f}]"
    left = law.mean() > 0.5
    plot.write(0.03 if left else 0.97, plot.ylim[1], told, anchor="start" if left else "end",
               shift=34, color=INK, size=13, weight=600)  # fmt: skip
    return plot.figure(
        "Posterior of balanced accuracy", "Shaded: the central 95 %. Broken line: chance."
    )


def forest(rows, title, note, *, xlim=None, reference=None, xlabel="", form=".2f"):
    """Draw intervals below each other.

    Parameters
    ----------
    rows : list of (str, float, float, float, str)
        Name, estimate, limits and colour.
    title, note : str
        What it shows, and how to read it.
    xlim : tuple of float, default=None
        Limits; None is as far as the intervals reach.
    reference : float, default=None
        Where a broken line stands.
    xlabel : str, default=""
        What stands along the axis.
    form : str, default=".2f"
        How figures are written.

    Returns
    -------
    SvgFigure
        The picture.
    """
    if xlim is None:
        ends = [value for row in rows for value in row[1:4] if np.isfinite(value)]
        ends += [] if reference is None else [reference]
        pad = 0.06 * max(max(ends) - min(ends), 0.05)
        xlim = (min(ends) - pad, max(ends) + pad)
    longest = max(len(row[0]) for row in rows)
    left = min(300, 24 + 6.6 * longest)
    height = _ROW * len(rows) + 66
    plot = Canvas(
        xlim, (len(rows) - 0.5, -0.5), width=780, height=height, margins=(left, 150, 12, 46)
    )
    plot.axes(xlabel, y_ticks=False)
    if reference is not None:
        plot.line([reference, reference], plot.ylim, GREY, width=1.5, dash="5 4")
    for i, (name, estimate, low, high, color) in enumerate(rows):
        plot.write(None, i, name, pixel_x=left - 12, anchor="end", shift=4, color=INK, size=13)
        if np.isfinite(low + high):
            plot.line([max(low, xlim[0]), min(high, xlim[1])], [i, i], color, width=2.5)
        plot.dot(estimate, i, color, 5)
        told = between(estimate, low, high, form).replace("-", MINUS)
        plot.write(None, i, told, pixel_x=plot.width - 4, anchor="end", shift=4, size=13)
    return plot.figure(title, note)


def metrics(assessment):
    """Draw every metric with its interval.

    Parameters
    ----------
    assessment : Assessment
        The figures.

    Returns
    -------
    SvgFigure
        The picture.
    """
    rows = [
        (metric_name(row.metric), row.estimate, row.low, row.high, BLUE)
        for row in assessment.figures.itertuples()
    ]
    low, high = min(row[2] for row in rows), max(row[3] for row in rows)
    xlim = (min(0.0, low), 1.0) if low >= -1 and high <= 1 else None
    return forest(rows, "Figures", "Points are estimates, lines 95 % intervals.", xlim=xlim)


def _curve(table, xlabel, ylabel, title, note, reference):
    plot = Canvas((0, 1), (0, 1.02))
    plot.axes(xlabel, ylabel)
    plot.line(*reference, GREY, width=1.5, dash="5 4")
    names = list(dict.fromkeys(table["class"]))
    for color, name in zip(COLORS * len(names), names, strict=False):
        part = table[table["class"] == name]
        if len(names) == 1:
            plot.band(part["x"], part["low"], part["high"], color, 0.13)
        plot.line(part["x"], part["y"], color)
    if len(names) > 1:
        for i, name in enumerate(names):
            plot.write(None, None, name, pixel_x=70, pixel_y=30 + 16 * i, color=COLORS[i % 6])
    return plot.figure(title, note)


def roc(assessment):
    """Draw the ROC curve.

    Parameters
    ----------
    assessment : Assessment
        The figures.

    Returns
    -------
    SvgFigure
        The picture.
    """
    return _curve(
        assessment.roc, "false positive rate", "true positive rate", "ROC curve",
        "Mean over the fits; between the shaded limits lie 80 % of them. Broken line: chance.",
        ([0, 1], [0, 1]),
    )  # fmt: skip


def precision_recall(assessment):
    """Draw the precision-recall curve.

    Parameters
    ----------
    assessment : Assessment
        The figures.

    Returns
    -------
    SvgFigure
        The picture.
    """
    share = list(assessment.counts.values())[-1] / sum(assessment.counts.values())
    return _curve(
        assessment.precision_recall, "recall", "precision", "Precision-recall curve",
        "Mean over the fits, the best precision at this recall or more. Broken line: the share "
        "of positives.", ([0, 1], [share, share]),
    )  # fmt: skip


def calibration(assessment):
    """Draw observed frequencies against probabilities.

    Parameters
    ----------
    assessment : Assessment
        The figures.

    Returns
    -------
    SvgFigure
        The picture.
    """
    plot = Canvas((0, 1), (0, 1.02))
    plot.axes("predicted probability", "observed frequency")
    plot.line([0, 1], [0, 1], GREY, width=1.5, dash="5 4")
    table = assessment.calibration
    for row in table.itertuples():
        plot.line([row.predicted] * 2, [row.low, row.high], BLUE, width=1.5)
    plot.line(table["predicted"], table["observed"], BLUE)
    for row in table.itertuples():
        plot.dot(row.predicted, row.observed)
    figures = assessment.calibration_figures.set_index("metric")["estimate"]
    told = f"slope {figures['calibration slope']:.2f}"
    plot.write(0.04, 1.0, told, shift=14, color=INK, size=13, weight=600)
    return plot.figure(
        "Calibration", "Bins of equal numbers with 95 % intervals. Broken line: perfect."
    )


def net_benefit(assessment):
    """Draw the decision curve.

    Parameters
    ----------
    assessment : Assessment
        The figures.

    Returns
    -------
    SvgFigure
        The picture.
    """
    table = assessment.net_benefit
    top = max(table["model"].max(), table["treat_all"].max(), 0.05)
    plot = Canvas((0, 1), (-0.25 * top, 1.1 * top))
    plot.axes("threshold probability", "net benefit")
    lines = (("treat_none", GREY, "treat none"), ("treat_all", ORANGE, "treat all"),
             ("model", BLUE, "model"))  # fmt: skip
    for i, (column, color, name) in enumerate(lines):
        shown = table[table[column] >= plot.ylim[0]]
        plot.line(shown["threshold"], shown[column], color)
        plot.write(None, None, name, pixel_x=plot.width - 20, pixel_y=28 + 16 * (2 - i),
                   anchor="end", color=color)  # fmt: skip
    return plot.figure(
        "Decision curve",
        "Net benefit of treating whoever reaches the threshold; above both others the model is "
        "worth using.",
    )


OF_ASSESSMENT = {
    "posterior": posterior,
    "metrics": metrics,
    "roc": roc,
    "precision_recall": precision_recall,
    "calibration": calibration,
    "net_benefit": net_benefit,
}
