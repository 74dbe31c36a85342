"""Precision and recall over thresholds."""

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_curve

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.plotting._style import COLOURS, finish, get_axes, legend


def plot_precision_recall(y_true, y_score, *, pos_label=1, criterion=0.8, ax=None):
    """Show precision against recall, and the corner where both are high enough.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes.
    y_score : array-like of shape (n_samples,) or dict of str to such
        Score or probability of `pos_label`; several models by name.
    pos_label : object, default=1
        The class that is to be found.
    criterion : float or None, default=0.8
        Least precision and recall; None marks none.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib.axes.Axes
        To be changed further.

    Raises
    ------
    ValueError
        If `pos_label` is no class, or lengths differ.
    """
    y_true = np.asarray(y_true)
    if pos_label not in y_true:
        raise ValueError(
            f"plot_precision_recall: pos_label must be one of {np.unique(y_true).tolist()}, "
            f"got {pos_label!r}"
        )
    if criterion is not None:
        check_number("plot_precision_recall", "criterion", criterion, low=0, high=1)
    several = y_score if isinstance(y_score, dict) else {"": y_score}
    ax = get_axes(ax, height=3.0)
    is_there = y_true == pos_label
    for number, (name, score) in enumerate(several.items()):
        precision, recall, _ = precision_recall_curve(is_there, score)
        average = average_precision_score(is_there, score)
        told = f"{name}: {average:.2f}" if name else f"{average:.2f}"
        ax.step(recall, precision, where="post", color=COLOURS[number % len(COLOURS)], label=told)
    prevalence = is_there.mean()
    ax.axhline(
        prevalence, color="0.3", linestyle="--", linewidth=0.8, label=f"chance: {prevalence:.2f}"
    )
    if criterion is not None:
        ax.fill_between([criterion, 1], criterion, 1, color="0.5", alpha=0.2, linewidth=0)
        middle = (1 + criterion) / 2
        ax.text(middle, middle, f"both\n≥ {criterion:g}", fontsize=7, ha="center", va="center")
    ax.set(xlim=(0, 1.02), ylim=(0, 1.02))
    legend(ax, loc="lower left", title="average precision", title_fontsize=7)
    finish(ax, xlabel="recall", ylabel="precision")
    return ax
