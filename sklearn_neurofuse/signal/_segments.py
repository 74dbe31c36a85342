"""Equal stretches of a recording that begin between sample points, brought onto one time base."""

from functools import cached_property

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

# groups of segments that begin at nearly the same part of a sample point
_N_GROUPS = 32
# of what is left of a frequency in the mean of a group
_LEAST = 0.5
# segments up to which each is brought to its own part of a sample point
_MOST_SINGLE = 400


class Segments:
    r"""Cut segments that repeat, shift them onto a common time base, and put them back.

    A segment reaches over its neighbours by a margin in which it fades, so that the shift by a
    part of a sample point, a phase :math:`e^{i\omega\delta}` in the Fourier domain, rings only
    where nothing is used.

    Parameters
    ----------
    starts : array-like of shape (n_segments,)
        Start of each segment in sample points, rising, not whole.
    period : float
        Length of a segment in sample points.
    n_times : int
        Length of the recording.
    stop : float, default=None
        Where the last segment ends; None for a whole one.

    Attributes
    ----------
    starts : ndarray of shape (n_segments,)
        As given.
    period : float
        As given.
    n_times : int
        As given.
    size : int
        Points of a segment with its margins.
    margin : int
        Points before a segment that are cut with it.
    frequencies : ndarray of shape (size // 2 + 1,)
        Of the spectra, in cycles per sample point.
    complete : ndarray of bool of shape (n_segments,)
        Whether a segment lies inside the recording.
    groups : list of ndarray of int
        Complete segments that begin at nearly the same part of a sample point.
    """

    def __init__(self, starts, period, n_times, *, stop=None):
        self.starts = np.asarray(starts, dtype=float)
        self.period = float(period)
        self.n_times = n_times
        n_points = int(np.ceil(self.period)) + 1
        self.margin = int(np.clip(n_points // 8, 16, 64))
        self.size = next_fast_len(n_points + 2 * self.margin, real=True)
        self.frequencies = np.arange(self.size // 2 + 1) / self.size
        self._taper = _taper(self.size, n_points, self.margin)
        self._first = np.floor(self.starts).astype(np.int64)
        self._part = self.starts - self._first
        inside = (self._first >= 0) & (self._first + n_points <= n_times)
        self.complete = inside if stop is None else inside & (self.starts + self.period <= stop + 1)
        self._mask, self._target = self._places(n_points, stop)
        self.groups = self._grouped(np.flatnonzero(self.complete))

    def __len__(self):
        return len(self.starts)

    def _grouped(self, used):
        if len(used) == 0:
            return []
        # those that begin alike are dealt out in turn, so that a group is no part of the run
        turn = np.arange(len(used)) % _N_GROUPS
        order = np.lexsort((turn, np.rint(self._part[used] * 2 * _N_GROUPS)))
        return [np.sort(part) for part in np.array_split(used[order], min(_N_GROUPS, len(used)))]

    def _places(self, n_points, stop):
        """Give which points of the segments are used, and where in the recording they stand."""
        last = self.starts[-1] + self.period if stop is None else stop
        edges = np.ceil(np.append(self.starts, last)).astype(np.int64)
        # a segment that is followed late is continued no further than it was cut
        reach = n_points + self.margin // 2
        begin = np.clip(edges[:-1], 0, self.n_times)
        end = np.clip(np.minimum(edges[1:], self._first + reach), begin, self.n_times)
        offset = self._first - self.margin
        point = np.arange(self.size)
        mask = (point >= (begin - offset)[:, None]) & (point < (end - offset)[:, None])
        if (begin[1:] == end[:-1]).all():
            return mask, slice(begin[0], end[-1])
        return mask, (offset[:, None] + point)[mask]

    def _windows(self, row):
        """Cut segments with their margins, without their means; zeros lie beyond the recording."""
        padded = np.zeros(self.n_times + 2 * self.size, dtype=np.float32)
        padded[self.size : self.size + self.n_times] = row
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.size)
        begin = np.clip(self._first - self.margin + self.size, 0, len(windows) - 1)
        windows = windows[begin]
        core = windows[:, self.margin : self.size - self.margin]
        windows -= core.mean(axis=1, keepdims=True, dtype=np.float32)
        return windows

    def _phases(self, part):
        # at most half a turn, which single precision is enough for
        angles = np.multiply.outer(2 * np.pi * part, self.frequencies).astype(np.float32)
        phases = np.empty(angles.shape, dtype=np.complex64)
        np.cos(angles, out=phases.real)
        np.sin(angles, out=phases.imag)
        return phases

    def spectra(self, row, *, core=False):
        """Give the spectra of the segments on the common time base.

        Parameters
        ----------
        row : ndarray of shape (n_times,)
            One channel.
        core : bool, default=False
            Whether a Hann window over the segment is taken in place of the segment with its
            margins, so that nothing leaks from one frequency to others.

        Returns
        -------
        ndarray of complex64 of shape (n_segments, n_frequencies)
            The spectra.
        """
        windows = self._windows(row)
        windows *= self._cores if core else self._taper
        spectra = rfft(windows, axis=1)
        spectra *= self._shift
        return spectra

    @cached_property
    def _cores(self):
        """Hann windows that begin where the segments do, between sample points."""
        turn = 2 * np.pi / self.period
        place = (turn * (np.arange(self.size) - self.margin)).astype(np.float32)
        cores = place - (turn * self._part[:, None]).astype(np.float32)
        np.clip(cores, 0, np.float32(2 * np.pi), out=cores)
        np.cos(cores, out=cores)
        cores *= -0.5
        cores += 0.5
        return cores

    @cached_property
    def _shift(self):
        return self._phases(self._part)

    @cached_property
    def _back(self):
        return self._shift.conj()

    @cached_property
    def _group_shift(self):
        # what all have in common comes out of the mean of a group as if it began at one time
        means = np.stack([self._phases(-self._part[group]).mean(axis=0) for group in self.groups])
        size = np.abs(means)
        return means.conj() / (size * np.maximum(size, _LEAST))

    @cached_property
    def _steps(self):
        """Steps of parts of a sample point: phases back to each, its segments, and how far off."""
        step = np.floor(self._part * _N_GROUPS).astype(int)
        found = []
        for number in np.unique(step):
            middle = (number + 0.5) / _N_GROUPS
            members = np.flatnonzero(step == number)
            # a segment that begins later is reached by its waves later
            away = (middle - self._part[members])[:, None].astype(np.float32)
            found.append((self._phases(-middle), members, away))
        return found

    def group_means(self, row, weights=None):
        """Give weighted sums of the complete segments of each group, on the common time base.

        Parameters
        ----------
        row : ndarray of shape (n_times,)
            One channel.
        weights : ndarray of float32 of shape (n_sums, n_segments), default=None
            Weights; None for the mean of each group.

        Returns
        -------
        ndarray of complex64 of shape (n_groups, n_sums, n_frequencies)
            The sums.
        """
        if weights is not None and len(self) <= _MOST_SINGLE:
            parts = self.spectra(row).view(np.float32)
            sums = np.stack([weights[:, group] @ parts[group] for group in self.groups])
            return sums.view(np.complex64)
        windows = self._windows(row)
        n_sums = 1 if weights is None else len(weights)
        sums = np.empty((len(self.groups), n_sums, self.size), dtype=np.float32)
        for total, group in zip(sums, self.groups, strict=True):
            if weights is None:
                windows[group].mean(axis=0, out=total[0])
            else:
                np.matmul(weights[:, group], windows[group], out=total)
        sums *= self._taper
        spectra = rfft(sums, axis=2)
        spectra *= self._group_shift[:, None]
        return spectra

    def subtract(self, spectra, row):
        """Bring spectra back to the sample points of the recording and subtract them there.

        Parameters
        ----------
        spectra : ndarray of complex64 of shape (n_segments, n_frequencies)
            On the common time base; overwritten.
        row : ndarray of shape (n_times,)
            The channel; changed in place.
        """
        spectra *= self._back
        row[self._target] -= irfft(spectra, self.size, axis=1, overwrite_x=True)[self._mask]

    def subtract_sums(self, design, spectra, row):
        """Subtract from each segment a sum of a few waves.

        Where there are many segments, waves are brought to a few parts of a sample point, and
        from there by their slope.

        Parameters
        ----------
        design : ndarray of float32 of shape (n_segments, n_waves)
            How much of each wave.
        spectra : ndarray of complex64 of shape (n_waves, n_frequencies)
            Waves on the common time base.
        row : ndarray of shape (n_times,)
            The channel; changed in place.
        """
        if len(self) <= _MOST_SINGLE:
            self.subtract((design @ spectra.view(np.float32)).view(np.complex64), row)
            return
        found = np.empty((len(self), self.size), dtype=np.float32)
        slopes = (2j * np.pi * self.frequencies * spectra).astype(np.complex64)
        both = np.concatenate([spectra, slopes])
        for phases, members, away in self._steps:
            part = design[members]
            waves = irfft(both * phases, self.size, axis=1)
            found[members] = np.concatenate([part, away * part], axis=1) @ waves
        row[self._target] -= found[self._mask]


def _taper(size, n_points, margin):
    """Give a window that is 1 over the segment and half of its margins and falls to 0 outside."""
    ramp = margin // 2
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 0.5) / ramp)
    taper = np.zeros(size, dtype=np.float32)
    taper[:ramp] = rise
    taper[ramp : n_points + 2 * margin - ramp] = 1.0
    taper[n_points + 2 * margin - ramp : n_points + 2 * margin] = rise[::-1]
    return taper


def band(segments, low, high):
    """Give the columns of the spectra within a band.

    Parameters
    ----------
    segments : Segments
        The segments.
    low, high : float
        Edges in cycles per sample point.

    Returns
    -------
    slice
        Of the frequencies.
    """
    first, last = np.searchsorted(segments.frequencies, [low, high])
    return slice(int(first), int(max(last, first + 1)))
