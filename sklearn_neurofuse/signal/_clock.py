"""Two clocks of one recording: triggers of volumes fitted to the grid they were sent on."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import siegelslopes

# what one gap between triggers of a scan may bridge, in steps
_LONGEST_GAP = 3
# fraction of a step within which a trigger counts as one of the scan, and that in s
_MISFIT, _LARGEST_MISFIT = 0.1, 0.02
_SHORTEST_TRAIN = 3
_MOST_FOR_SLOPE = 600
_MOST_LOST = 0.05
# what rounding to samples moves a trigger by at most, in s
_ROUNDING = 5e-3
# clocks differ by some ten ppm; more means another repetition time
LARGEST_DRIFT = 500.0


@dataclass(frozen=True)
class ClockFit:
    r"""How the scanner's clock runs on that of the amplifier.

    A time :math:`t` of the scanner, counted from the start of the first volume of the image, is
    :math:`\mathrm{offset} + (1 + 10^{-6}\,\mathrm{drift})\,t` on the other clock.

    Parameters
    ----------
    offset : float
        Start of the first volume of the image on the other clock, in s.
    drift : float
        By how much the other clock runs faster, in ppm.
    jitter : float
        Robust standard deviation of the triggers about the line, in s.
    n_triggers : int
        Number of triggers that belong to the image.
    n_per_volume : int
        Triggers sent for each volume: 1, or that of its slices.
    n_lost : int
        Triggers of the image that are not there.
    n_before, n_after : int
        Triggers of the same scan before and after the image: dummies and extras.
    """

    offset: float
    drift: float
    jitter: float
    n_triggers: int
    n_per_volume: int = 1
    n_lost: int = 0
    n_before: int = 0
    n_after: int = 0

    @property
    def cost(self):
        """Number of triggers that are lost or not explained."""
        return self.n_lost + self.n_before + self.n_after

    def to_other(self, times):
        """Map times of the scanner to the other clock.

        Parameters
        ----------
        times : array-like
            In s from the start of the first volume of the image.

        Returns
        -------
        ndarray
            In s.
        """
        return self.offset + (1 + 1e-6 * self.drift) * np.asarray(times, dtype=float)

    def to_scan(self, times):
        """Map times of the other clock to that of the scanner.

        Parameters
        ----------
        times : array-like
            In s.

        Returns
        -------
        ndarray
            In s from the start of the first volume of the image.
        """
        return (np.asarray(times, dtype=float) - self.offset) / (1 + 1e-6 * self.drift)


@dataclass(frozen=True)
class Train:
    """Triggers of one scan.

    Parameters
    ----------
    times : ndarray of shape (n_triggers,)
        In s.
    slots : ndarray of int of shape (n_triggers,)
        Place of each on the grid; the first has 0.
    """

    times: np.ndarray
    slots: np.ndarray

    @property
    def n_slots(self):
        """Length of the grid that it spans."""
        return int(self.slots[-1]) + 1


def triggers_per_volume(times, t_r):
    """Tell triggers of slices from those of volumes.

    Parameters
    ----------
    times : ndarray of shape (n_triggers,)
        Sorted, in s.
    t_r : float
        Repetition time in s.

    Returns
    -------
    int
        Triggers in a repetition time; 1 where that does not come out even.
    """
    if len(times) < 2:
        return 1
    ratio = t_r / float(np.median(np.diff(times)))
    number = max(round(ratio), 1)
    return number if abs(ratio - number) < 0.02 * number else 1


def find_trains(times, step):
    """Take triggers apart into scans: trains on one grid each.

    Parameters
    ----------
    times : array-like of shape (n_triggers,)
        In s, in any order.
    step : float
        Step of the grid in s.

    Returns
    -------
    list of Train
        In the order of time; what is on no grid is left out.
    """
    times = np.unique(np.asarray(times, dtype=float))
    misfit = min(_MISFIT * step, _LARGEST_MISFIT)
    free = np.ones(len(times), dtype=bool)
    trains = []
    for start in range(len(times)):
        if free[start]:
            rows, slots = _follow(times, start, step, misfit, free)
            if len(rows) >= _SHORTEST_TRAIN:
                free[rows] = False
                trains.append(Train(times[rows], np.array(slots)))
    return trains


def _follow(times, start, step, misfit, free):
    """Walk along the grid from one trigger until no step of up to three leads on."""
    rows, slots = [start], [0]
    while True:
        last = times[rows[-1]]
        for gap in range(1, _LONGEST_GAP + 1):
            goal = last + gap * step
            low, high = np.searchsorted(times, (goal - misfit, goal + misfit))
            near = low + np.flatnonzero(free[low:high])
            if near.size:
                rows.append(int(near[np.argmin(np.abs(times[near] - goal))]))
                slots.append(slots[-1] + gap)
                break
        else:
            return rows, slots


def fit_clock(train, first, n_volumes, t_r, n_per_volume):
    """Fit the line of one train under the assumption that its first trigger is a given one.

    Parameters
    ----------
    train : Train
        Triggers.
    first : int
        Place of its first trigger, 0 for the first of the image.
    n_volumes : int
        Number of volumes of the image.
    t_r : float
        Repetition time in s.
    n_per_volume : int
        Triggers in a volume.

    Returns
    -------
    ClockFit
        The fit.
    """
    slots = train.slots + first
    inside = (slots >= 0) & (slots < n_volumes * n_per_volume)
    intercept, slope, jitter = _robust_line(slots * (t_r / n_per_volume), train.times)
    return ClockFit(
        offset=intercept,
        drift=1e6 * (slope - 1),
        jitter=jitter,
        n_triggers=int(inside.sum()),
        n_per_volume=n_per_volume,
        n_lost=n_volumes * n_per_volume - int(inside.sum()),
        n_before=int((slots < 0).sum()),
        n_after=int((slots >= n_volumes * n_per_volume).sum()),
    )


def _robust_line(x, y):
    """Fit by repeated medians, then by least squares to what lies near; give the scatter."""
    thin = slice(None, None, -(-len(x) // _MOST_FOR_SLOPE))
    slope, intercept = siegelslopes(y[thin], x[thin])
    residual = y - intercept - slope * x
    scatter = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    near = np.abs(residual - np.median(residual)) <= max(4 * scatter, _ROUNDING)
    slope, intercept = np.polyfit(x[near], y[near], 1)
    residual = y - intercept - slope * x
    return float(intercept), float(slope), float(1.4826 * np.median(np.abs(residual)))


def list_fits(times, t_r, n_volumes, dummies=()):
    """List the ways in which triggers fit an image, the best first.

    Each lost trigger costs one, and each before or after the image, unless those before are as
    many as the dummies known of.

    Parameters
    ----------
    times : array-like of shape (n_triggers,)
        In s.
    t_r : float
        Repetition time in s.
    n_volumes : int
        Number of volumes of the image.
    dummies : collection of int, default=()
        How many volumes may have been measured before the image that are not in it.

    Returns
    -------
    list of tuple (int, ClockFit, Train)
        Cost, fit and train, by cost and time; at most a twentieth of the triggers is lost.
    """
    n_per_volume = triggers_per_volume(np.unique(np.asarray(times, dtype=float)), t_r)
    n_slots = n_volumes * n_per_volume
    # at the ends alone a trigger can be lost without a trace
    n_most = max(1, int(_MOST_LOST * n_slots))
    found = []
    for train in find_trains(times, t_r / n_per_volume):
        surplus = train.n_slots - n_slots
        lowest, highest = min(0, -surplus), max(0, -surplus)
        for first in range(lowest, highest + 1):
            fit = fit_clock(train, first, n_volumes, t_r, n_per_volume)
            if fit.n_lost <= n_most:
                explained = fit.n_before in {number * n_per_volume for number in dummies}
                cost = fit.cost - (fit.n_before if explained else 0)
                found.append((cost, fit, train))
    return sorted(found, key=lambda way: (way[0], way[1].offset))


def link_by_events(here, there):
    """Fit one clock to another by events that both have, where no triggers are.

    Parameters
    ----------
    here, there : ndarray of shape (n_events,)
        Onsets of the same events on the scanner's and on the other clock, in s.

    Returns
    -------
    ClockFit
        With no triggers.
    """
    offset, slope, jitter = _robust_line(here, there)
    return ClockFit(offset, 1e6 * (slope - 1), jitter, 0)
