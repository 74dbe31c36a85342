"""Pictures of an evaluation beyond its figures, and of a comparison."""

import numpy as np

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.model_selection._report._pictures import COLORS, OF_ASSESSMENT, forest
from sklearn_neurofuse.model_selection._report._svg import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    ORANGE,
    Canvas,
)
from sklearn_neurofuse.model_selection._statements import metric_name

# at chance a metric is worth this, whatever the classes' shares are
_CHANCE = {"roc_auc": 0.5, "informedness": 0.0, "markedness": 0.0, "mcc": 0.0}


def confounds(evaluation):
    """Draw how well the class is told without signals.

    Parameters
    ----------
    evaluation : Evaluation
        With confounds.

    Returns
    -------
    SvgFigure
        The picture.
    """
    rows = [
        (row.confound, row.roc_auc, row.low, row.high, ORANGE if row.above_chance else GREY)
        for row in evaluation.confounds.itertuples()
    ]
    figures = evaluation.figures.set_index("metric")
    if "roc_auc" in figures.index:
        own = figures.loc["roc_auc"]
        rows.insert(0, ("the model", own["estimate"], own["low"], own["high"], BLUE))
    return forest(
        rows, "What tells the class without any signal",
        "Orange: above chance. The intervals of single confounds are widened for their number.",
        reference=0.5, xlabel="ROC AUC",
    )  # fmt: skip


def permutation(evaluation):
    """Draw the distribution under permuted labels.

    Parameters
    ----------
    evaluation : Evaluation
        With a permutation test.

    Returns
    -------
    SvgFigure
        The picture.
    """
    test = evaluation.permutation
    counts, edges = np.histogram(test.null, bins=min(30, max(8, len(test.null) // 10)))
    ends = min(edges[0], test.observed), max(edges[-1], test.observed)
    pad = 0.05 * (ends[1] - ends[0] or 1)
    plot = Canvas((ends[0] - pad, ends[1] + pad), (0, 1.15 * counts.max()))
    plot.axes(metric_name(test.metric), "permutations")
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        plot.band([low, high], [0, 0], [count, count], GREY, 0.5)
    plot.line([test.observed] * 2, plot.ylim, BLUE)
    anchor = "end" if test.observed > np.mean(plot.xlim) else "start"
    plot.write(test.observed, plot.ylim[1], f" p = {test.p_value:.3f} ", anchor=anchor, shift=14,
               color=INK, size=13, weight=600)  # fmt: skip
    return plot.figure("Permutation test", f"Grey: {test.scheme}. Line: the labels as they are.")


def learning_curve(evaluation):
    """Draw how figures grow with the training set.

    Parameters
    ----------
    evaluation : Evaluation
        With a learning curve.

    Returns
    -------
    SvgFigure
        The picture.
    """
    table = evaluation.learning_curve
    sizes = table["n_train"]
    names = list(dict.fromkeys(table["metric"]))
    plot = Canvas((0, 1.05 * sizes.max()), (min(0.4, table["low"].min()), 1.02))
    plot.axes("training samples", "")
    for i, name in enumerate(names):
        part = table[table["metric"] == name]
        plot.band(part["n_train"], part["low"], part["high"], COLORS[i])
        plot.line(part["n_train"], part["estimate"], COLORS[i])
        for row in part.itertuples():
            plot.dot(row.n_train, row.estimate, COLORS[i])
        plot.write(None, None, metric_name(name), pixel_x=plot.width - 20,
                   pixel_y=plot.height - 62 - 16 * i, anchor="end", color=COLORS[i])  # fmt: skip
    return plot.figure("Learning curve", "On the same test folds, with 95 % intervals.")


def models(comparison):
    """Draw the main metric of each model.

    Parameters
    ----------
    comparison : Comparison
        The models.

    Returns
    -------
    SvgFigure
        The picture.
    """
    table = comparison.figures[comparison.figures["metric"] == comparison.metric]
    rows = [
        (row.model, row.estimate, row.low, row.high, BLUE if row.role == "model" else GREY)
        for row in table.itertuples()
    ]
    return forest(
        rows, f"{metric_name(comparison.metric).capitalize()} of each model"
        if comparison.metric != "roc_auc" else "ROC AUC of each model",
        "Blue: models under study. Grey: baselines. Lines: 95 % intervals of each by itself, on "
        "the same people, so they may overlap where a difference is certain.",
        reference=_CHANCE.get(comparison.metric), xlabel=metric_name(comparison.metric),
    )  # fmt: skip


def differences(comparison):
    """Draw the differences of all models from the best under study.

    Parameters
    ----------
    comparison : Comparison
        The models.

    Returns
    -------
    SvgFigure
        The picture.
    """
    best = comparison.best("model")
    rows = []
    for other in comparison.models:
        if other != best:
            pair = comparison.pair(best, other)
            color = GREEN if pair["low"] > 0 else ORANGE if pair["high"] < 0 else MUTED
            rows.append((f"against {other}", pair["difference"], pair["low"], pair["high"], color))
    return forest(
        rows, f"Difference of {best} from the others",
        "Right of 0 the model is better. Lines: 95 % intervals, corrected for folds that share "
        "training samples.", reference=0.0, form="+.2f",
        xlabel=f"difference in {metric_name(comparison.metric)}",
    )  # fmt: skip


_OF_EVALUATION = {
    "confounds": confounds,
    "permutation": permutation,
    "learning_curve": learning_curve,
}
_OF_COMPARISON = {"figures": models, "differences": differences}


def evaluation_plots(evaluation, kind):
    """Draw one picture of an evaluation.

    Parameters
    ----------
    evaluation : Evaluation
        The evaluation.
    kind : str
        Which picture.

    Returns
    -------
    SvgFigure
        The picture.
    """
    check_choice("Evaluation.plot", "kind", kind, {**OF_ASSESSMENT, **_OF_EVALUATION})
    source = evaluation.main if kind in OF_ASSESSMENT else evaluation
    if kind not in ("metrics",) and getattr(source, kind) is None:
        raise ValueError(f"Evaluation.plot: this evaluation has nothing to show as {kind!r}")
    return {**OF_ASSESSMENT, **_OF_EVALUATION}[kind](source)


def comparison_plots(comparison, kind):
    """Draw one picture of a comparison.

    Parameters
    ----------
    comparison : Comparison
        The comparison.
    kind : str
        Which picture.

    Returns
    -------
    SvgFigure
        The picture.
    """
    check_choice("Comparison.plot", "kind", kind, _OF_COMPARISON)
    return _OF_COMPARISON[kind](comparison)
