"""Head motion of one run."""

import numpy as np
import pandas as pd

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.plotting._style import COLOURS, PAGE, finish, legend, new_figure
from sklearn_neurofuse.recordings import BoldRun
from sklearn_neurofuse.signal._motion import power_displacement

_SHIFTS, _TURNS = ("trans_x", "trans_y", "trans_z"), ("rot_x", "rot_y", "rot_z")
_DISPLACEMENT = "framewise_displacement"


def plot_motion(motion, *, t_r=None, threshold=0.5):
    """Show shifts, turns and framewise displacement of the head.

    Parameters
    ----------
    motion : BoldRun or DataFrame
        A run after motion correction, or its confounds with fMRIPrep's columns.
    t_r : float, default=None
        Repetition time in s, for a table; None counts volumes.
    threshold : float, default=0.5
        Framewise displacement in mm that is marked.

    Returns
    -------
    matplotlib.figure.Figure
        Three panels above each other.

    Raises
    ------
    TypeError
        If it is neither run nor table.
    ValueError
        If the columns of motion are missing.
    """
    if isinstance(motion, BoldRun):
        motion, t_r = motion.confounds, motion.t_r
    if not isinstance(motion, pd.DataFrame):
        raise TypeError(
            "plot_motion: motion must be a BoldRun after motion correction or a DataFrame, got "
            f"{type(motion).__name__}"
        )
    lacking = [name for name in (*_SHIFTS, *_TURNS) if name not in motion]
    if lacking:
        raise ValueError(f"plot_motion: motion must have the columns {', '.join(lacking)}")
    check_number("plot_motion", "threshold", threshold, low=0, unit="mm")
    time = np.arange(len(motion)) * (1 if t_r is None else t_r)
    figure = new_figure(PAGE, 4.0)
    shifts, turns, displacement = figure.subplots(3, 1, sharex=True)
    for ax, columns, scale in ((shifts, _SHIFTS, 1.0), (turns, _TURNS, 180 / np.pi)):
        for colour, name in zip(COLOURS, columns, strict=False):
            ax.plot(time, scale * motion[name], color=colour, linewidth=1, label=name[-1])
        legend(ax, loc="upper left", ncols=3)
    values = _displacement(motion)
    displacement.plot(time, values, color="0.2", linewidth=1)
    above = float(np.mean(values > threshold))
    displacement.axhline(
        threshold,
        color=COLOURS[1],
        linestyle="--",
        linewidth=0.8,
        label=f"{above:.0%} above {threshold:g} mm",
    )
    legend(displacement, loc="upper left")
    finish(shifts, ylabel="shift (mm)")
    finish(turns, ylabel="turn (degrees)")
    unit = "volume" if t_r is None else "time (s)"
    finish(displacement, xlabel=unit, ylabel="displacement\n(mm)")
    return figure


def _displacement(motion):
    if _DISPLACEMENT in motion:
        return motion[_DISPLACEMENT].to_numpy(dtype=float)
    return power_displacement(motion[[*_SHIFTS, *_TURNS]])
