"""At which lag EEG and BOLD go together."""

import numpy as np

from sklearn_neurofuse.plotting._style import COLOURS, finish, get_axes, legend


def plot_lag_curve(found, *, ax=None):
    """Show the correlation of a rhythm's power with BOLD against the lag.

    Parameters
    ----------
    found : Bunch
        From :func:`sklearn_neurofuse.inspection.lag_search`: ``lags``, ``r``, ``peak_lag``,
        ``peak``, ``threshold`` and ``p_value``.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib.axes.Axes
        To be changed further. The band is what 95 % of regressors with random phases stay within.
    """
    ax = get_axes(ax)
    lags = np.asarray(found.lags)
    ax.axhspan(-found.threshold, found.threshold, color="0.9", label="95 % of random phases")
    ax.plot(lags, found.r, color=COLOURS[0])
    told = f"{found.peak_lag:+g} s, p = {found.p_value:.2g}"
    ax.plot(found.peak_lag, found.peak, "o", color=COLOURS[0], label=told)
    ax.axvline(0.0, color="0.3", linestyle="--", linewidth=0.8)
    legend(ax, loc="upper right")
    finish(ax, xlabel="lag of BOLD behind the response function (s)", ylabel="correlation")
    return ax
