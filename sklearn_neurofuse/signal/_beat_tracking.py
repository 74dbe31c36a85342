"""The most likely sequence of heartbeats, given how much each moment looks like one."""

import numpy as np
from scipy.signal import argrelmax

# intervals between beats differ from the local period by this factor, as a standard deviation
_SPREAD = 0.22
# even an early beat does not come sooner, in s
_REFRACTORY = 0.28
_WORST = 8.0
_N_NEIGHBOURS = 15


def track_beats(score, sfreq, period):
    r"""Find the sequence of beats that maximises evidence and regularity.

    The sequence of times :math:`t_i` maximises

    .. math:: \sum_i s(t_i) - \frac{1}{2 \sigma^2} \sum_i \log^2 \frac{t_{i} - t_{i-1}}{P(t_i)}

    by dynamic programming over the local maxima of the score s [1]_, first with one period P for
    all, then with the running median of the intervals found.

    Parameters
    ----------
    score : ndarray of shape (n_times,)
        Log of how much likelier a beat is than none.
    sfreq : float
        Sampling frequency in Hz.
    period : float
        Usual interval between beats in s.

    Returns
    -------
    ndarray of int of shape (n_beats,)
        Sample points of the beats.

    References
    ----------
    .. [1] Ellis, D. P. W. (2007). Beat tracking by dynamic programming. Journal of New Music
       Research, 36(1), 51-60. doi:10.1080/09298210701653344

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.signal._beat_tracking import track_beats
    >>> score = np.full(1000, -1.0)
    >>> score[[100, 190, 300, 405, 500]] = 4.0
    >>> score[[140, 350]] = 0.5
    >>> track_beats(score, 100.0, 1.0).tolist()
    [100, 190, 300, 405, 500]
    """
    candidates = argrelmax(score, order=max(int(0.04 * sfreq), 1))[0]
    if candidates.size < 2:
        return candidates
    periods = np.full(candidates.size, period)
    beats = candidates[_best_path(candidates / sfreq, score[candidates], periods)]
    if beats.size < 3:
        return beats
    periods = np.interp(candidates, beats[1:], running_median(np.diff(beats) / sfreq))
    return candidates[_best_path(candidates / sfreq, score[candidates], periods)]


def _best_path(times, gains, periods):
    """Give the places of the best sequence of candidates."""
    first = np.searchsorted(times, times - 4.0 * periods)
    last = np.searchsorted(times, times - _REFRACTORY, side="right")
    best, before = gains.copy(), np.full(times.size, -1)
    for here in range(times.size):
        if first[here] == last[here]:
            continue
        earlier = slice(first[here], last[here])
        ratio = np.log((times[here] - times[earlier]) / periods[here]) / _SPREAD
        value = best[earlier] - np.minimum(0.5 * ratio**2, _WORST)
        chosen = int(value.argmax())
        if value[chosen] > 0:
            best[here] = gains[here] + value[chosen]
            before[here] = first[here] + chosen
    path = [int(best.argmax())]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return np.array(path[::-1])


def running_median(values, n=_N_NEIGHBOURS):
    """Give the median of the neighbourhood of each value; at the ends that of the first or last.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Numbers.
    n : int, default=15
        Size of the neighbourhood.

    Returns
    -------
    ndarray of shape (n_values,)
        The medians.
    """
    n = min(n, len(values)) // 2 * 2 + 1
    padded = np.pad(values, n // 2, mode="edge" if len(values) < n else "reflect")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, n), axis=1)


def fill_gaps(beats, lost=True):
    """Put beats into gaps that hold a whole number of missing ones.

    Parameters
    ----------
    beats : ndarray of shape (n_beats,)
        Times in s.
    lost : bool or ndarray of bool of shape (n_beats - 1,), default=True
        Which intervals may miss beats; a heart that pauses misses none.

    Returns
    -------
    ndarray of shape (n_all,)
        With the missing beats spread evenly over their gap.
    """
    intervals = np.diff(beats)
    if intervals.size < 3:
        return beats
    missing = np.rint(intervals / running_median(intervals)).astype(int) - 1
    missing[intervals < 1.7 * running_median(intervals)] = 0
    missing[~np.broadcast_to(lost, missing.shape)] = 0
    added = [
        np.linspace(beats[i], beats[i + 1], missing[i] + 2)[1:-1]
        for i in np.flatnonzero(missing > 0)
    ]
    return np.sort(np.concatenate([beats, *added]))
