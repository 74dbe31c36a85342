"""What pictures share: sizes for a column of a paper, and colours that all can tell apart."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

# widths of one and of two columns of a paper, in inches
COLUMN, PAGE = 3.5, 7.1
# what displays of nilearn fill of a figure: above is room for a title
ROOM = (0.0, 0.0, 1.0, 0.91)
# warm for more and cool for less; warm alone where nothing is below zero
SIGNED, UNSIGNED = "RdBu_r", "YlOrRd"
# Okabe, M., & Ito, K. (2008): told apart by all kinds of colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
_FONT = 8


def get_axes(ax, *, width=COLUMN, height=2.6):
    """Give the axes to draw on.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        The user's.
    width, height : float
        Size of a new figure in inches.

    Returns
    -------
    matplotlib.axes.Axes
        Those of a new figure where there are none.
    """
    if ax is not None:
        return ax
    return new_figure(width, height).add_subplot()


def new_figure(width=COLUMN, height=2.6, layout="constrained"):
    """Make a figure that does not show itself.

    Parameters
    ----------
    width, height : float
        In inches.
    layout : str or None, default="constrained"
        As of matplotlib; None where nilearn places the axes itself.

    Returns
    -------
    matplotlib.figure.Figure
        Empty.
    """
    return plt.figure(figsize=(width, height), layout=layout)


def finish(ax, *, xlabel=None, ylabel=None, title=None):
    """Set labels and sizes of letters, and take away the frame where nothing is read off it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    xlabel, ylabel, title : str, default=None
        The labels.
    """
    ax.set(xlabel=xlabel or "", ylabel=ylabel or "")
    if title:
        ax.set_title(title, fontsize=_FONT + 1)
    ax.xaxis.label.set_size(_FONT)
    ax.yaxis.label.set_size(_FONT)
    ax.tick_params(labelsize=_FONT - 1)
    ax.spines[["top", "right"]].set_visible(False)


def legend(ax, **options):
    """Add a legend in small letters.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The axes.
    **options : dict
        As of matplotlib.
    """
    ax.legend(fontsize=_FONT - 1, edgecolor="none", framealpha=0.85, **options)


def colours_of(values, vmax=None):
    """Choose map and limits of colours.

    Parameters
    ----------
    values : ndarray
        What is shown.
    vmax : float, default=None
        Upper limit; None is the largest absolute value.

    Returns
    -------
    dict
        ``cmap``, ``vmin`` and ``vmax``: symmetric where something is below zero.
    """
    values = np.asarray(values)[np.isfinite(values)]
    top = float(np.abs(values).max(initial=0)) if vmax is None else float(vmax)
    top = top or 1.0
    if (values < 0).any():
        return {"cmap": SIGNED, "vmin": -top, "vmax": top}
    return {"cmap": UNSIGNED, "vmin": 0.0, "vmax": top}


def label_colorbar(figure, label, n_before=0):
    """Write above the colour bar of a nilearn display what it measures.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    label : str
        What it measures, and in which unit.
    n_before : int, default=0
        Axes that were there before.
    """
    # nilearn draws no narrower axes than its colour bar
    bar = min(figure.axes[n_before:], key=lambda ax: ax.get_position().width)
    bar.set_title(label, fontsize=_FONT - 1, loc="right")
    bar.tick_params(labelsize=_FONT - 1)


def add_colorbar(figure, axes, colours, label):
    """Add a colour bar.

    Parameters
    ----------
    figure : matplotlib.figure.Figure or matplotlib.figure.SubFigure
        The figure.
    axes : matplotlib.axes.Axes or list of these
        Whose values it tells.
    colours : dict
        From `colours_of`.
    label : str
        What it measures, and in which unit.
    """
    scale = ScalarMappable(Normalize(colours["vmin"], colours["vmax"]), colours["cmap"])
    bar = figure.colorbar(scale, ax=axes, shrink=0.8)
    bar.set_label(label, fontsize=_FONT)
    bar.ax.tick_params(labelsize=_FONT - 1)
