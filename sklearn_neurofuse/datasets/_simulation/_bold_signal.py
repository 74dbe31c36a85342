"""The brain's BOLD signal: time courses of everything planted."""

from functools import lru_cache

import numpy as np

from sklearn_neurofuse.datasets._simulation._brain_eeg import source_events
from sklearn_neurofuse.datasets._simulation._design import DURATION
from sklearn_neurofuse.datasets._simulation._haemodynamics import DT, convolve, response
from sklearn_neurofuse.datasets._simulation._sources import SOURCES, STIMULUS


def bold_courses(run):
    """Give the time course of each planted region.

    Parameters
    ----------
    run : RunPlan
        The run.

    Returns
    -------
    times : ndarray of shape (n_times,)
        On the scanner's clock, in s.
    courses : dict of str to ndarray of shape (n_times,)
        One for the response to a single average event, for alpha and arousal of zero mean with
        the standard deviation that was asked for, in %.
    """
    times = run.state["time"].to_numpy()
    bold, peaks = run.settings.bold, run.subject.peaks
    courses = {}
    for number, source in enumerate(SOURCES):
        onsets, sizes = source_events(source, run.trials, "fmri")
        length = DURATION if source.event == STIMULUS else DT
        events = event_course(times, onsets, sizes, peaks[number], length)
        courses[source.name] = bold.activation.strength * events
    inside = times >= 0
    power = np.exp(2 * run.state["alpha"].to_numpy())
    lagged = np.interp(times - bold.alpha.lag, times, power)
    courses["alpha"] = _scaled(convolve(lagged, peaks[-2]), inside, bold.alpha)
    courses["arousal"] = _scaled(
        convolve(run.state["arousal"].to_numpy(), peaks[-1]), inside, bold.arousal
    )
    return times, courses


def event_course(times, onsets, sizes, peak, length):
    """Give responses to short events, each with a height of its size, overlapping."""
    total = np.zeros(len(times))
    shape = single_response(peak, length)
    for onset, size in zip(onsets, sizes, strict=True):
        total += size * np.interp(times - onset, shape[0], shape[1], left=0.0, right=0.0)
    return total


@lru_cache(maxsize=64)
def single_response(peak, length):
    """Give times in s and values of the response to one event of some length, with height one."""
    shape = response(peak)
    n_steps = max(round(length / DT), 1)
    summed = np.convolve(shape, np.ones(n_steps))
    times, values = np.arange(len(summed)) * DT, summed / summed.max()
    times.flags.writeable = values.flags.writeable = False
    return times, values


def _scaled(course, inside, effect):
    course = course - course[inside].mean()
    deviation = course[inside].std()
    return effect.amplitude * effect.strength * course / (deviation if deviation > 0 else 1.0)
