"""Scalp maps and time courses."""

import mne
import numpy as np

from sklearn_neurofuse.containers import SensorSpace
from sklearn_neurofuse.plotting._style import (
    COLOURS,
    PAGE,
    add_colorbar,
    colours_of,
    finish,
    legend,
    new_figure,
)


def plot_topography(values, *, space=None, times=None, vmax=None, label=None, title=None):
    """Show the time course of channels, and the scalp at some moments.

    Parameters
    ----------
    values : mne.Evoked, Explanation or ndarray of shape (n_channels, n_times) or \
(n_channels, n_bands)
        Signals or weights.
    space : SensorSpace, default=None
        Of an array.
    times : sequence of float, default=None
        Moments of the scalp maps in s; None takes the three strongest, apart from each other.
    vmax : float, default=None
        End of the colour scale.
    label : str, default=None
        What is shown, with its unit; None is µV for an evoked response and weight otherwise.
    title : str, default=None
        Title.

    Returns
    -------
    matplotlib.figure.Figure
        Scalp maps above the time course; with bands, one map for each.

    Raises
    ------
    TypeError, ValueError
        If there are no values with a space, or channels have no places.
    """
    data, space, label = _read(values, space, label)
    _check_places(space)
    if space.bands is not None:
        columns, names = list(range(data.shape[1])), list(space.bands)
    else:
        grid = space.times(data.shape[1])
        columns = _strongest(data) if times is None else _nearest(grid, times)
        names = [f"{grid[column]:.3g} s" for column in columns]
    figure = new_figure(PAGE, 1.9 if space.bands is not None else 3.6)
    upper = figure if space.bands is not None else figure.subfigures(2, 1, height_ratios=(1, 1))[0]
    colours = colours_of(data, vmax)
    axes = np.atleast_1d(upper.subplots(1, len(columns)))
    for ax, column, name in zip(axes, columns, names, strict=True):
        mne.viz.plot_topomap(
            data[:, column],
            space.info,
            axes=ax,
            show=False,
            cmap=colours["cmap"],
            vlim=(colours["vmin"], colours["vmax"]),
        )
        ax.set_title(name, fontsize=8)
    add_colorbar(upper, list(axes), colours, label)
    if space.bands is None:
        _draw_courses(figure.subfigs[1].subplots(), data, grid, grid[columns], label)
    if title:
        figure.suptitle(title, fontsize=9)
    return figure


def _read(values, space, label):
    if hasattr(values, "to_evoked"):
        values = values.to_evoked()
        label = label or "weight"
    if isinstance(values, mne.Evoked):
        scale = 1.0 if label else 1e6
        space = SensorSpace(values.info, values.times[0])
        return scale * values.data, space, label or "µV"
    if not isinstance(space, SensorSpace):
        raise ValueError(
            "plot_topography: values are an array, and space must be its SensorSpace, got "
            f"{type(space).__name__}; give space=SensorSpace(info, tmin) or an mne.Evoked"
        )
    values = np.asarray(values)
    space.check(values.shape)
    return values, space, label or "weight"


def _check_places(space):
    places = np.array([channel["loc"][:3] for channel in space.info["chs"]])
    if not np.isfinite(places).all() or not np.ptp(places, axis=0).any():
        raise ValueError(
            "plot_topography: channels have no places; set a montage, as in "
            "info.set_montage('colin27_1005')"
        )


def _strongest(data):
    """Find up to three moments of largest power, a tenth of the epoch apart."""
    power = np.linalg.norm(data, axis=0)
    apart = max(1, data.shape[1] // 10)
    found = []
    for column in np.argsort(-power):
        if all(abs(column - other) > apart for other in found):
            found.append(int(column))
        if len(found) == 3:
            break
    return sorted(found)


def _nearest(grid, times):
    outside = [time for time in times if not grid[0] <= time <= grid[-1]]
    if outside:
        raise ValueError(
            f"plot_topography: times must be in [{grid[0]:g}, {grid[-1]:g}] s, got {outside[0]:g}"
        )
    return [int(np.argmin(np.abs(grid - time))) for time in times]


def _draw_courses(ax, data, grid, moments, label):
    ax.plot(grid, data.T, color="0.6", linewidth=0.5)
    ax.plot(grid, data.std(axis=0), color=COLOURS[0], linewidth=1.5, label="global field power")
    for moment in moments:
        ax.axvline(moment, color=COLOURS[1], linestyle="--", linewidth=0.8)
    ax.set_xlim(grid[0], grid[-1])
    legend(ax, loc="upper left")
    finish(ax, xlabel="time (s)", ylabel=label)
