"""The units that speak for and against a decision."""

import numpy as np

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.plotting._style import COLOURS, PAGE, finish, get_axes, legend


def plot_explanation(explanation, *, n_units=12, ax=None):
    """Show the heaviest units of a local explanation.

    Parameters
    ----------
    explanation : Explanation
        From :func:`sklearn_neurofuse.inspection.lime_explanation`.
    n_units : int, default=12
        Number of units to show, the heaviest.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib.axes.Axes
        Bars with the standard deviation over repeats, coloured by modality, whose legend tells
        the share of each.

    Raises
    ------
    TypeError
        If it is no Explanation.
    """
    if not hasattr(explanation, "modality_share"):
        raise TypeError(
            f"plot_explanation: explanation must be an Explanation, got "
            f"{type(explanation).__name__}"
        )
    check_number("plot_explanation", "n_units", n_units, low=1, integer=True)
    table = explanation.to_frame().iloc[:n_units].iloc[::-1]
    ax = get_axes(ax, width=PAGE * 0.75, height=0.6 + 0.2 * len(table))
    names = explanation.layout.names
    colour = dict(zip(names, COLOURS, strict=False))
    share = explanation.modality_share
    error = None if table["std"].isna().all() else table["std"]
    place = np.arange(len(table))
    ax.barh(
        place,
        table["weight"],
        xerr=error,
        color=[colour[name] for name in table["modality"]],
        error_kw={"elinewidth": 0.8},
    )
    for name in names:
        ax.barh(0, 0, color=colour[name], label=f"{name} ({share[name]:.0%} of all weight)")
    ax.axvline(0, color="0.3", linewidth=0.8)
    ax.set_yticks(place, table["unit"])
    legend(ax, loc="lower right")
    finish(
        ax,
        xlabel=f"change of the probability of {explanation.target_class}",
        title=(
            f"class {explanation.target_class}, probability {explanation.probability:.2f}; "
            f"local R² {np.mean(explanation.fidelity):.2f}"
        ),
    )
    return ax
