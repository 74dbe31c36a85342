"""Periods of a gradient artefact, told from the recording."""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_closing

# s; a slice is not excited faster, a volume not slower
_SHORTEST, _LONGEST = 0.02, 6.0
_LENGTH = 60.0
_BAND = (20.0, 400.0)
# parts of a period in which the strength is taken
_PARTS = 20
# s of a step in which the scanner is looked for, and steps of silence that end no scan
_STEP, _SILENCE = 0.1, 10
# of the strength while the scanner runs
_QUIET = 0.25
# how many standard deviations of the quiet recording the artefact begins with
_ABOVE_QUIET = 6.0
_MOST_GROUPS = 300
# how alike slices are at least
_ALIKE = 0.95


def strength(row, edges):
    """Give the strength of fast changes between edges.

    Parameters
    ----------
    row : ndarray of shape (n_times,)
        One channel.
    edges : ndarray of int of shape (n + 1,)
        Rising, inside the recording.

    Returns
    -------
    ndarray of shape (n,)
        Root mean square of the second differences, 0 for an empty part.
    """
    begin = max(edges[0] - 2, 0)
    part = row[begin : max(edges[-1], begin + 2)]
    steep = np.square(np.diff(part, 2, prepend=part[:2]))
    total = np.concatenate([[0.0], np.cumsum(steep)])
    return np.sqrt(np.diff(total[edges - begin]) / np.maximum(np.diff(edges), 1))


def find_scan(row, sfreq):
    """Find the shortest period of the strongest repeating signal, and when it is there.

    Parameters
    ----------
    row : ndarray of shape (n_times,)
        The channel with the strongest artefact.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    start, stop, period : float
        In sample points; None for all where nothing repeats.
    """
    edges = np.arange(0, len(row), max(1, round(_STEP * sfreq)))
    size = strength(row, edges)
    on = size > _QUIET * np.percentile(size, 90)
    if not on.any():
        return None, None, None
    first, last = _longest_run(on)
    start, stop = int(edges[first]), int(edges[last + 1])
    middle = (start + stop) // 2
    half = min(int(_LENGTH * sfreq), stop - start) // 2
    period = _repetition(row[middle - half : middle + half], sfreq)
    if period is None:
        return None, None, None
    # to the sample point: the first and the last that stand out of what is quiet
    steep = np.abs(np.diff(row, 2, prepend=row[:2]))
    near = int(2 * _STEP * sfreq)
    quiet = np.concatenate([steep[: max(start - near, 0)], steep[stop + near :]])
    limit = np.percentile(size, 90)
    if len(quiet) > near:
        limit = min(limit, max(_ABOVE_QUIET * np.sqrt(np.square(quiet).mean()), 0.01 * limit))
    begin = _first_above(steep, limit, max(start - near, 0), start + near)
    back = len(row) - stop
    end = len(row) - _first_above(steep[::-1], limit, back - near, back + near)
    return float(begin), float(end), period


def _longest_run(on):
    # a silent moment between volumes ends no scan
    on = binary_closing(np.pad(on, _SILENCE), np.ones(2 * _SILENCE + 1))[_SILENCE:-_SILENCE]
    changes = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(int), [0]])))
    begins, ends = changes[::2], changes[1::2]
    best = np.argmax(ends - begins)
    return begins[best], ends[best] - 1


def _first_above(values, limit, begin, end):
    begin = max(begin, 0)
    found = np.flatnonzero(values[begin:end] > limit)
    return begin + int(found[0]) if len(found) else begin


def _repetition(stretch, sfreq):
    correlation = _autocorrelation(stretch, sfreq)
    low = int(_SHORTEST * sfreq)
    high = min(int(_LONGEST * sfreq), len(correlation) // 3)
    part = correlation[low:high]
    if len(part) < 3:
        return None
    peaks = 1 + np.flatnonzero((part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:]))
    if len(peaks) == 0 or part[peaks].max() < 0.5:
        return None
    best = peaks[part[peaks] >= _ALIKE * part[peaks].max()][0]
    period = _top_of(correlation, low + int(best))
    # the same, told from ever longer stretches
    n = 2
    while n * period < len(correlation) // 3:
        peak = round(n * period)
        near = correlation[peak - 3 : peak + 4]
        period = _top_of(correlation, peak - 3 + int(near.argmax())) / n
        n *= 2
    return float(period)


def _autocorrelation(stretch, sfreq):
    size = next_fast_len(2 * len(stretch), real=True)
    spectrum = np.abs(rfft(stretch - stretch.mean(), size)) ** 2
    freqs = np.arange(len(spectrum)) * sfreq / size
    spectrum[(freqs < _BAND[0]) | (freqs > _BAND[1])] = 0
    correlation = irfft(spectrum, size)[: len(stretch)]
    overlap = np.arange(len(stretch), 0, -1)
    return correlation / overlap * (len(stretch) / correlation[0])


def _top_of(values, peak):
    if not 0 < peak < len(values) - 1:
        return float(peak)
    left, top, right = values[peak - 1 : peak + 2]
    bend = left - 2 * top + right
    return peak + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def count_groups(template, period, sfreq):
    """Count the slices, or groups of slices excited together, that a volume divides into.

    Parameters
    ----------
    template : ndarray of shape (n_points,)
        Mean volume, at least one period long.
    period : float
        In sample points.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    int
        The largest number at whose harmonics nine tenths of the power lie; 1 where there is none.
    """
    n_points = 2 * int(np.ceil(period))
    times = np.arange(len(template))
    places = np.arange(n_points) * period / n_points
    power = np.abs(rfft(CubicSpline(times, template)(places))) ** 2
    freqs = np.arange(len(power)) * sfreq / period
    power[(freqs < _BAND[0]) | (freqs > min(_BAND[1], 0.4 * sfreq))] = 0
    most = min(_MOST_GROUPS, int(period / (_SHORTEST * sfreq)))
    shares = np.array([power[:: n or 1].sum() / power.sum() for n in range(2, most + 1)])
    good = np.flatnonzero(shares > 0.9)
    return int(good[-1]) + 2 if len(good) else 1


def repetition_of_segments(spectra):
    """Find after how many segments what they have not in common repeats.

    Parameters
    ----------
    spectra : ndarray of shape (n_segments, n_frequencies)
        Within a band in which the artefact stands above all else.

    Returns
    -------
    int
        The number; 1 where segments differ only by noise.
    """
    rest = spectra - spectra.mean(axis=0)
    rest /= np.maximum(np.median(np.abs(rest), axis=0), 1e-30)
    most = min(_MOST_GROUPS, len(rest) // 3)
    if most < 2:
        return 1
    power = np.square(np.abs(rest)).mean()
    alike = np.array(
        [(rest[n:] * rest[:-n].conj()).real.mean() / power for n in range(1, most + 1)]
    )
    floor = np.median(alike)
    if alike.max() - floor < 0.2:
        return 1
    return 1 + int(np.flatnonzero(alike - floor >= 0.8 * (alike.max() - floor))[0])


def count_before(row, start, period, reference):
    """Count the periods before a time during which the artefact was there already.

    Parameters
    ----------
    row : ndarray of shape (n_times,)
        The channel with the strongest artefact.
    start, period : float
        In sample points.
    reference : float
        Strength of the artefact.

    Returns
    -------
    int
        How many, the first perhaps not whole.
    """
    count = 0
    while start - count * period > 0.02 * period:
        end = start - count * period
        edges = np.maximum([np.ceil(end - period), np.floor(end)], 0).astype(int)
        if strength(row, edges)[0] < 0.5 * reference:
            break
        count += 1
    return count


def end_of_artifact(row, start, period, reference):
    """Find where the artefact ends in the last period.

    Parameters
    ----------
    row : ndarray of shape (n_times,)
        The channel with the strongest artefact.
    start, period : float
        Of the last period, in sample points.
    reference : float
        Strength of the artefact.

    Returns
    -------
    float
        In sample points: the end of the period, or of its last part with an artefact in it.
    """
    edges = np.linspace(start, start + period, _PARTS + 1)
    inside = np.clip(np.ceil(edges), 0, len(row)).astype(int)
    loud = np.flatnonzero(strength(row, inside) > _QUIET * reference)
    # one silent part may lie between slices
    if len(loud) == 0 or loud[-1] >= _PARTS - 2:
        return float(edges[-1])
    return float(edges[loud[-1] + 1])
