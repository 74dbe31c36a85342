"""Where a network looks: brain, time and modalities in one figure."""

import numpy as np

from sklearn_neurofuse.containers import SensorSpace, VolumeSpace
from sklearn_neurofuse.plotting._brain import plot_heatmap
from sklearn_neurofuse.plotting._style import COLOURS, PAGE, finish, legend, new_figure


def plot_attention(attention, *, index=None, target=None, target_names=None, title=None):
    """Show attention on the brain, over time, and the share of each modality.

    Parameters
    ----------
    attention : AttentionMaps
        From :func:`sklearn_neurofuse.inspection.attention_maps`.
    index : int, default=None
        A sample; None is the mean over all.
    target : array-like of shape (n_samples,), default=None
        Classes, whose mean time courses are then shown apart.
    target_names : sequence of str, default=None
        Names of the sorted classes.
    title : str, default=None
        Title.

    Returns
    -------
    matplotlib.figure.Figure
        One row of slices for each modality of volumes, one of a time course for each of epochs,
        and a bar of the shares.

    Raises
    ------
    TypeError
        If it is no AttentionMaps.
    ValueError
        If `target` has another length.
    IndexError
        If there is no such sample.
    """
    if not hasattr(attention, "time_course"):
        raise TypeError(
            f"plot_attention: attention must be AttentionMaps, got {type(attention).__name__}"
        )
    if target is not None and len(target) != len(attention):
        raise ValueError(
            f"plot_attention: target must have {len(attention)} labels, got {len(target)}"
        )
    spaces = attention.layout.spaces
    brains = [name for name, space in spaces.items() if isinstance(space, VolumeSpace)]
    courses = [
        name
        for name, space in spaces.items()
        if isinstance(space, SensorSpace) and space.bands is None
    ]
    rows = [2.4] * len(brains) + [1.7] * len(courses) + [0.7]
    figure = new_figure(PAGE, sum(rows) + 0.5, layout=None)
    grid = figure.add_gridspec(
        len(rows), 1, height_ratios=rows, left=0.09, right=0.97, top=0.9, bottom=0.09, hspace=0.65
    )
    for row, name in enumerate(brains):
        plot_heatmap(
            attention.to_nifti(index, name),
            label="% of attention",
            ax=figure.add_subplot(grid[row]),
        )
    for row, name in enumerate(courses, len(brains)):
        ax = figure.add_subplot(grid[row])
        _draw_course(ax, attention, name, index, target, target_names)
    _draw_share(figure.add_subplot(grid[-1]), attention, index)
    figure.suptitle(title or _describe(attention, index), fontsize=9)
    return figure


def _describe(attention, index):
    if index is None:
        return f"attention, mean over {len(attention)} samples"
    return f"attention in sample {index}"


def _draw_course(ax, attention, name, index, target, target_names):
    if target is None or index is not None:
        course = attention.time_course(index, name)
        ax.plot(course.index, course, color=COLOURS[0])
    else:
        target = np.asarray(target)
        each = 100 * attention.maps[name].sum(axis=1)
        times = attention.layout.spaces[name].times(each.shape[1])
        for number, label in enumerate(np.unique(target)):
            told = str(label) if target_names is None else str(target_names[number])
            mean = each[target == label].mean(axis=0)
            ax.plot(times, mean, color=COLOURS[number % len(COLOURS)], label=told)
        legend(ax, loc="upper right")
    ax.set_ylim(bottom=0)
    finish(ax, xlabel="time (s)", ylabel=f"{name}\n(% of attention)")


def _draw_share(ax, attention, index):
    share = attention.modality_share if index is None else attention.share.iloc[index].to_dict()
    left = 0.0
    for number, (name, value) in enumerate(share.items()):
        ax.barh(0, value, left=left, color=COLOURS[number % len(COLOURS)])
        if value > 0.08:
            ax.text(
                left + value / 2, 0, f"{name} {value:.0%}", ha="center", va="center", fontsize=7,
                color="white",
            )  # fmt: skip
        left += value
    ax.set(xlim=(0, 1), yticks=[])
    finish(ax, xlabel="share of attention")
