"""Blinks and looks in a channel near the eyes, and the components that make them."""

import numpy as np
from scipy.signal import butter, find_peaks, sosfiltfilt

_BAND = (1.0, 10.0)
_N_DEVIATIONS = 5.0
_APART = 0.3
_HALF_WINDOW = 0.3
_LEAST_BLINKS = 3
# what a component contributes to the average blink is of the eyes where it is so large against
# what the component does all the time
_LOCKED = 3.0
# share of the average blink that may be left
_REST = 0.02
_CORRELATION = 0.6


def band_passed(data, sfreq):
    """Keep what eyes do, between 1 and 10 Hz.

    Parameters
    ----------
    data : ndarray of shape (..., n_times)
        In any unit.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    ndarray of shape (..., n_times)
        Filtered without delay.
    """
    sos = butter(2, _BAND, "band", fs=sfreq, output="sos")
    return sosfiltfilt(sos, data, axis=-1, padlen=min(int(3 * sfreq), data.shape[-1] - 1))


def find_blinks(course, sfreq):
    """Find blinks in a channel above an eye.

    Parameters
    ----------
    course : ndarray of shape (n_times,)
        In any unit, of any sign.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    ndarray of int of shape (n_blinks,)
        Sample points of their peaks.
    """
    course = band_passed(course, sfreq)
    scale = 1.4826 * np.median(np.abs(course))
    if not scale > 0:
        return np.zeros(0, dtype=int)
    peaks = {
        sign: find_peaks(sign * course, _N_DEVIATIONS * scale, distance=int(_APART * sfreq))[0]
        for sign in (1, -1)
    }
    # a blink has one large deflection; that of the other sign is its echo in the filter
    size = {sign: np.abs(course[at]).sum() for sign, at in peaks.items()}
    return peaks[max(size, key=size.get)]


def blink_components(sources, maps, blinks, sfreq):
    """Choose the components that make up the average blink.

    Parameters
    ----------
    sources : ndarray of shape (n_components, n_times)
        Their courses.
    maps : ndarray of shape (n_channels, n_components)
        What one unit of each puts into the channels.
    blinks : ndarray of int of shape (n_blinks,)
        Sample points of blinks.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    chosen : list of int
        Those without which next to nothing is left of the average blink and whose average blink
        is large against their standard deviation, largest first.
    scores : ndarray of shape (n_components,)
        Peak of the average blink in standard deviations of what is far from blinks.
    """
    half = int(_HALF_WINDOW * sfreq)
    blinks = blinks[(blinks >= half) & (blinks + half < sources.shape[1])]
    if len(blinks) < _LEAST_BLINKS:
        return [], np.zeros(len(sources))
    courses = band_passed(sources, sfreq)
    windows = blinks[:, None] + np.arange(-half, half + 1)
    average = courses[:, windows].mean(axis=1)
    average = average - average.mean(axis=1, keepdims=True)
    away = np.ones(sources.shape[1], dtype=bool)
    away[windows] = False
    rest = courses[:, away] if away.sum() > half else courses
    scores = np.abs(average).max(axis=1) / (1.4826 * np.median(np.abs(rest), axis=1) + 1e-30)
    parts = np.linalg.norm(maps, axis=0) ** 2 * (average**2).sum(axis=1)
    total = np.sum((maps @ average) ** 2)
    chosen, left = [], np.arange(len(sources))
    for component in np.argsort(parts)[::-1].tolist():
        if np.sum((maps[:, left] @ average[left]) ** 2) <= _REST * total:
            break
        if scores[component] >= _LOCKED:
            chosen.append(component)
            left = left[left != component]
    return chosen, scores


def following_components(sources, course, sfreq):
    """Choose the components that follow a channel between 1 and 10 Hz.

    Parameters
    ----------
    sources : ndarray of shape (n_components, n_times)
        Their courses.
    course : ndarray of shape (n_times,)
        The channel.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    chosen : list of int
        Those whose correlation is at least .6 in size.
    scores : ndarray of shape (n_components,)
        The correlations.
    """
    courses, course = band_passed(sources, sfreq), band_passed(course, sfreq)
    size = courses.std(axis=1) * course.std()
    covariance = (courses * (course - course.mean())).mean(axis=1)
    scores = np.divide(covariance, size, out=np.zeros(len(sources)), where=size > 0)
    return np.flatnonzero(np.abs(scores) >= _CORRELATION).tolist(), scores
