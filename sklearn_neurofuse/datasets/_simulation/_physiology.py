"""Heartbeat and breathing: one trace for both modalities, on the scanner's clock."""

from dataclasses import dataclass

import numpy as np

from sklearn_neurofuse.datasets._simulation._random import slow_process

DT = 0.05
_MARGIN = 3.0


@dataclass(frozen=True)
class Physiology:
    """Heartbeats and breathing of one run.

    Parameters
    ----------
    beats : ndarray of shape (n_beats,)
        R peaks in s.
    ectopic : ndarray of bool of shape (n_beats,)
        Which of them came early.
    times : ndarray of shape (n_times,)
        Of the breathing, in s.
    breathing_phase : ndarray of shape (n_times,)
        Rising phase in radians.
    depth : ndarray of shape (n_times,)
        Depth of the breath, about one.
    """

    beats: np.ndarray
    ectopic: np.ndarray
    times: np.ndarray
    breathing_phase: np.ndarray
    depth: np.ndarray

    def cardiac_phase(self, times):
        """Give the phase of the heart in radians: it grows by two pi from beat to beat."""
        return 2 * np.pi * np.interp(times, self.beats, np.arange(len(self.beats)))

    def breath(self, times):
        """Give the depth of breathing in at times in s."""
        phase = np.interp(times, self.times, self.breathing_phase)
        return np.interp(times, self.times, self.depth) * np.sin(phase)

    def phase_of_breath(self, times):
        """Give the phase of breathing in radians."""
        return np.interp(times, self.times, self.breathing_phase)

    def heart_rate(self, times):
        """Give the heart rate in beats per minute, smooth."""
        middles = 0.5 * (self.beats[1:] + self.beats[:-1])
        return np.interp(times, middles, 60.0 / np.diff(self.beats))


def make_physiology(rng, start, stop, rate, heart, given=None):
    """Make the heartbeats and the breathing of one run.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    start, stop : float
        Range in s.
    rate : float
        Heart rate of the person per minute.
    heart : Heart
        Options.
    given : ndarray, default=None
        Real heartbeats in s on the scanner's clock; continued beyond their ends.

    Returns
    -------
    Physiology
        The traces.
    """
    start, stop = start - _MARGIN, stop + _MARGIN
    times = np.arange(start, stop, DT)
    frequency = rng.uniform(0.2, 0.32)
    wander = slow_process(rng, len(times), DT, 8.0)
    phase = 2 * np.pi * np.cumsum(frequency * np.exp(0.15 * wander)) * DT
    depth = np.exp(0.25 * slow_process(rng, len(times), DT, 6.0))
    slow = slow_process(rng, len(times), DT, 5.0)
    if given is None:
        beats, ectopic = _beats(rng, times, phase, slow, rate, heart)
    else:
        beats = _continued(given, start, stop)
        ectopic = np.zeros(len(beats), dtype=bool)
    return Physiology(beats, ectopic, times, phase, depth)


def _beats(rng, times, phase, slow, rate, heart):
    """Draw beats one after the other; an early one is followed by a pause."""
    sway = heart.variability * (slow - 0.7 * np.sin(phase))
    beats, ectopic = [times[0] + rng.uniform(0, 0.5)], [False]
    pause = 1.0
    while beats[-1] < times[-1]:
        early = pause == 1.0 and rng.random() < heart.ectopic
        here = np.interp(beats[-1], times, sway)
        factor = 0.62 if early else pause * (1 + 0.25 * heart.variability * rng.standard_normal())
        beats.append(beats[-1] + max(60.0 / rate * (1 + here) * factor, 0.3))
        ectopic.append(early)
        pause = 1.35 if early else 1.0
    return np.array(beats), np.array(ectopic)


def _continued(given, start, stop):
    """Continue real beats beyond their ends at their median interval."""
    step = float(np.median(np.diff(given)))
    before = np.arange(given[0] - step, start - step, -step)[::-1]
    after = np.arange(given[-1] + step, stop + step, step)
    return np.concatenate([before, given, after])
