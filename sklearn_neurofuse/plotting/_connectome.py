"""Connections between regions: glass brain, circle, and between networks."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from nilearn import plotting as nilearn_plots

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import ConnectomeSpace
from sklearn_neurofuse.plotting._style import (
    COLOURS,
    PAGE,
    ROOM,
    add_colorbar,
    colours_of,
    finish,
    get_axes,
    label_colorbar,
    new_figure,
)

_OWNER = "plot_connectome"
_KINDS = ("glass", "circle", "networks")
_N_EDGES = 60


def plot_connectome(
    values,
    *,
    space=None,
    kind="glass",
    threshold=None,
    p_values=None,
    alpha=0.05,
    label="weight",
    title=None,
    ax=None,
):
    """Show connections between regions, strong ones thick.

    Parameters
    ----------
    values : Explanation, ndarray of shape (n_edges,) or (n_regions, n_regions)
        Weight of each edge; of an Explanation with bands the mean over them.
    space : ConnectomeSpace, default=None
        Of an array.
    kind : {"glass", "circle", "networks"}, default="glass"
        In the head (needs coordinates), around a circle ordered by network, or the mean of
        edges between each two networks.
    threshold : float, default=None
        Weaker edges are not shown; None shows the 60 strongest.
    p_values : ndarray of the shape of `values`, default=None
        Only edges below `alpha` are shown, all of them; correct them for their number first,
        as :func:`sklearn_neurofuse.inspection.connectome_difference` does.
    alpha : float, default=0.05
        See `p_values`.
    label : str, default="weight"
        What is shown, with its unit.
    title : str, default=None
        Title.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    nilearn.plotting.displays.BaseSlicer or matplotlib.axes.Axes
        The former for ``kind="glass"``.

    Raises
    ------
    ValueError
        If there is no space, or it lacks the coordinates or networks that are needed.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.containers import ConnectomeSpace
    >>> from sklearn_neurofuse.plotting import plot_connectome
    >>> space = ConnectomeSpace(["a", "b", "c"], networks=["m", "n", "n"])
    >>> ax = plot_connectome(np.array([0.1, -0.2, 0.3]), space=space, kind="circle")
    >>> ax.figure.clear()
    """
    check_choice(_OWNER, "kind", kind, _KINDS)
    check_number(_OWNER, "alpha", alpha, low=0, high=1)
    matrix, space = _read(values, space)
    if p_values is not None:
        shown = _as_matrix(p_values, space, "p_values") < alpha
        shown[np.diag_indices(len(shown))] = False
    else:
        shown = np.abs(matrix) >= _lowest(matrix, threshold)
    drawn = np.where(shown, matrix, 0.0)
    if kind == "networks":
        return _draw_networks(drawn if p_values is not None else matrix, space, label, title, ax)
    if kind == "circle":
        return _draw_circle(drawn, space, label, title, ax)
    return _draw_glass(drawn, space, label, title, ax)


def _read(values, space):
    if hasattr(values, "to_matrix"):
        found = [n for n, s in values.layout.spaces.items() if isinstance(s, ConnectomeSpace)]
        matrix = values.to_matrix(found[0] if len(found) == 1 else None)
        space = values.layout.spaces[found[0]]
        return matrix.reshape(-1, *matrix.shape[-2:]).mean(axis=0), space
    if not isinstance(space, ConnectomeSpace):
        raise ValueError(
            f"{_OWNER}: space must be the ConnectomeSpace of the edges, got {type(space).__name__}"
        )
    return _as_matrix(values, space, "values"), space


def _as_matrix(values, space, name):
    values = np.asarray(values, dtype=float)
    n_regions = len(space.labels)
    if values.shape == (n_regions, n_regions):
        return values.copy()
    if values.shape == (space.n_edges,):
        return space.to_matrix(values)
    raise ValueError(
        f"{_OWNER}: {name} must have shape ({space.n_edges},) or ({n_regions}, {n_regions}), "
        f"got {values.shape}"
    )


def _lowest(matrix, threshold):
    strength = np.abs(matrix[np.tril_indices(len(matrix), -1)])
    if threshold is not None:
        return max(float(threshold), np.finfo(float).tiny)
    kept = min(_N_EDGES, strength.size)
    return max(np.sort(strength)[-kept], np.finfo(float).tiny)


def _network_colours(space):
    names = list(dict.fromkeys(space.networks or ()))
    return {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}


def _draw_glass(matrix, space, label, title, ax):
    if space.coordinates is None:
        raise ValueError(
            f"{_OWNER}: kind='glass' needs the coordinates of the regions, "
            "ConnectomeSpace(labels, coordinates=...); kind='circle' does not"
        )
    colours = colours_of(matrix)
    used = matrix.any(axis=0)
    by_network = _network_colours(space)
    nodes = [by_network[space.networks[i]] if by_network else "0.2" for i in np.flatnonzero(used)]
    strength = np.abs(matrix[used]).sum(axis=1)
    figure = ax.figure if ax is not None else new_figure(PAGE, 2.6, layout=None)
    n_before = len(figure.axes)
    display = nilearn_plots.plot_connectome(
        matrix[np.ix_(used, used)],
        space.coordinates[used],
        node_color=nodes or "auto",
        node_size=5 + 35 * strength / strength.max(initial=1e-12),
        edge_cmap=colours["cmap"],
        edge_vmin=colours["vmin"],
        edge_vmax=colours["vmax"],
        figure=figure,
        axes=ROOM if ax is None else ax,
        colorbar=True,
    )
    label_colorbar(figure, label, n_before)
    if title:
        figure.suptitle(title, fontsize=9)
    return display


def _draw_circle(matrix, space, label, title, ax):
    ax = get_axes(ax, width=PAGE * 0.7, height=PAGE * 0.6)
    n_regions = len(matrix)
    networks = np.array(space.networks or [""] * n_regions)
    order = np.lexsort((np.arange(n_regions), networks))
    angle = np.empty(n_regions)
    angle[order] = 2 * np.pi * np.arange(n_regions) / n_regions
    places = np.column_stack([np.cos(angle), np.sin(angle)])
    colours = colours_of(matrix)
    scale = ScalarMappable(Normalize(colours["vmin"], colours["vmax"]), colours["cmap"])
    top = np.abs(matrix).max() or 1.0
    rows, columns = np.nonzero(np.tril(matrix, -1))
    # the strongest last, so that they lie on top
    for edge in np.argsort(np.abs(matrix[rows, columns])):
        weight = matrix[rows[edge], columns[edge]]
        curve = Path(
            [places[rows[edge]], (0, 0), places[columns[edge]]],
            [Path.MOVETO, Path.CURVE3, Path.CURVE3],
        )
        ax.add_patch(
            PathPatch(
                curve,
                facecolor="none",
                edgecolor=scale.to_rgba(weight),
                linewidth=0.5 + 2.5 * abs(weight) / top,
            )
        )
    by_network = _network_colours(space)
    ax.scatter(*places.T, s=14, zorder=3, c=[by_network.get(name, "0.2") for name in networks])
    _name_circle(ax, space, networks, angle, matrix.any(axis=0))
    add_colorbar(ax.figure, ax, colours, label)
    ax.set(xlim=(-1.6, 1.6), ylim=(-1.45, 1.45), aspect="equal")
    ax.axis("off")
    if title:
        ax.set_title(title, fontsize=9)
    return ax


def _name_circle(ax, space, networks, angle, used):
    """Write the names of networks, or where there are none those of regions with edges."""
    if space.networks is not None:
        named = {name: np.mean(angle[networks == name]) for name in dict.fromkeys(networks)}
    else:
        named = {space.labels[i]: angle[i] for i in np.flatnonzero(used)}
    for name, where in named.items():
        ax.text(
            1.12 * np.cos(where),
            1.12 * np.sin(where),
            name,
            fontsize=7,
            ha="left" if np.cos(where) >= 0 else "right",
            va="center",
        )


def _draw_networks(matrix, space, label, title, ax):
    if space.networks is None:
        raise ValueError(f"{_OWNER}: kind='networks' needs ConnectomeSpace(labels, networks=...)")
    networks = np.array(space.networks)
    names = list(dict.fromkeys(space.networks))
    means = np.full((len(names), len(names)), np.nan)
    apart = ~np.eye(len(matrix), dtype=bool)
    for i, first in enumerate(names):
        for k, second in enumerate(names):
            between = np.ix_(networks == first, networks == second)
            if apart[between].any():
                means[i, k] = matrix[between][apart[between]].mean()
    ax = get_axes(ax, width=PAGE * 0.6, height=PAGE * 0.5)
    colours = colours_of(means)
    ax.imshow(means, **colours)
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    add_colorbar(ax.figure, ax, colours, f"mean {label}")
    finish(ax, title=title)
    return ax
