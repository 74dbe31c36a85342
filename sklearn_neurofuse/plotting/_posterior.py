"""The posterior of balanced accuracy."""

import numpy as np

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.plotting._style import COLOURS, finish, get_axes, legend


def plot_posterior(posterior, *, interval=0.95, chance=0.5, ax=None):
    """Show the posterior distribution of balanced accuracy.

    Parameters
    ----------
    posterior : distribution or dict of str to distribution
        From :func:`sklearn_neurofuse.metrics.balanced_accuracy_posterior`, or any with ``pdf``,
        ``mean``, ``interval`` and ``sf``; several by name.
    interval : float, default=0.95
        Probability of the interval that is marked.
    chance : float, default=0.5
        Accuracy of guessing.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib.axes.Axes
        To be changed further.

    Raises
    ------
    ValueError
        If a number is out of bounds.
    """
    check_number("plot_posterior", "interval", interval, low=0, high=1, closed="neither")
    check_number("plot_posterior", "chance", chance, low=0, high=1)
    several = posterior if isinstance(posterior, dict) else {"": posterior}
    ax = get_axes(ax)
    grid = np.linspace(0, 1, 2001)
    for number, (name, one) in enumerate(several.items()):
        colour = COLOURS[number % len(COLOURS)]
        density = one.pdf(grid)
        low, high = one.interval(interval)
        told = f"{one.mean():.2f} [{low:.2f}, {high:.2f}]"
        ax.plot(grid, density, color=colour, label=f"{name}: {told}" if name else told)
        inside = (grid >= low) & (grid <= high)
        ax.fill_between(grid[inside], density[inside], color=colour, alpha=0.25, linewidth=0)
    ax.axvline(chance, color="0.3", linestyle="--", linewidth=0.8, label=f"chance {chance:g}")
    lowest = min(one.interval(0.9999)[0] for one in several.values())
    ax.set_xlim(max(0.0, min(lowest, chance) - 0.03), 1.0)
    ax.set_ylim(bottom=0)
    ax.set_yticks([])
    legend(
        ax,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        title=f"mean, {interval:.0%} interval",
        title_fontsize=7,
    )
    finish(ax, xlabel="balanced accuracy", ylabel="density")
    return ax
