"""Equal stretches of a recording that begin between sample points, brought onto one time base."""

from functools import cached_property

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import jv

# groups of segments that begin at nearly the same part of a sample point
_N_GROUPS = 32
# of what is left of a frequency in the mean of a group
_LEAST = 0.5
# points that are worked on at a time, few enough to stay in the cache of a core
_BLOCK = 1 << 18
# share of a wave that shifting it by polynomials may miss at the highest frequency
TOLERANCE = 1e-3
# polynomials at most; at the highest frequency eight miss a millionth
_MOST_TERMS = 8


class Segments:
    r"""Cut segments that repeat, shift them onto a common time base, and put them back.

    A segment reaches over its neighbours by a margin in which it fades, so that the shift by a
    part of a sample point, a phase :math:`e^{i\omega\delta}` in the Fourier domain, rings only
    where nothing is used.

    Sums over segments and sums of waves need no transform of each segment. The phase is a short
    sum of Chebyshev polynomials :math:`T_m` of the part of a sample point and Bessel functions
    :math:`J_m` of the frequency, after Jacobi and Anger [1]_,

    .. math:: e^{i \omega r x} = J_0(\omega r) + 2 \sum_{m \geq 1} i^m J_m(\omega r)\, T_m(x),
        \qquad |x| \leq 1,

    so that both are products of matrices, and only sums and waves are transformed.

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

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, 10.12. https://dlmf.nist.gov/10.12
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
        self._average = np.zeros((self.size, 1), dtype=np.float32)
        self._average[self.margin : self.size - self.margin] = 1 / (self.size - 2 * self.margin)
        self._first = np.floor(self.starts).astype(np.int64)
        self._part = self.starts - self._first
        inside = (self._first >= 0) & (self._first + n_points <= n_times)
        self.complete = inside if stop is None else inside & (self.starts + self.period <= stop + 1)
        self._mask, self._target = self._places(n_points, stop)
        self._n_before = np.concatenate([[0], np.cumsum(self._mask.sum(axis=1))])
        within = np.flatnonzero(self._mask.any(axis=0))
        self._within = slice(within[0], within[-1] + 1) if len(within) else slice(0, 0)
        self._mask = self._mask[:, self._within]
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

    def _blocks(self):
        """Give runs of segments that fit the cache."""
        step = max(1, _BLOCK // self.size)
        return [slice(begin, begin + step) for begin in range(0, len(self), step)]

    def _cut(self, row, runs):
        """Cut segments with their margins, a run at a time; zeros lie beyond the recording."""
        begin = self._first - self.margin
        inside = np.clip(begin, 0, max(self.n_times - self.size, 0))
        lacking = max(self.size - self.n_times, 0)
        row = np.pad(row, (0, lacking)) if lacking else row
        views = np.lib.stride_tricks.sliding_window_view(row, self.size)
        for run in runs:
            windows = views[inside[run]].astype(np.float32, copy=False)
            away = begin[run] - inside[run]
            for k in np.flatnonzero(away):
                windows[k] = _moved(windows[k], away[k])
            yield windows

    def _centred(self, windows):
        """Take from each window the mean of its segment, in place."""
        windows -= windows @ self._average
        return windows

    def _phases(self, part):
        # at most half a turn, which single precision is enough for
        angles = np.multiply.outer(2 * np.pi * part, self.frequencies).astype(np.float32)
        phases = np.empty(angles.shape, dtype=np.complex64)
        np.cos(angles, out=phases.real)
        np.sin(angles, out=phases.imag)
        return phases

    def spectra(self, row, *, core=False, columns=slice(None)):
        """Give the spectra of the segments on the common time base.

        Parameters
        ----------
        row : ndarray of shape (n_times,)
            One channel.
        core : bool, default=False
            Whether a Hann window over the segment is taken in place of the segment with its
            margins, so that nothing leaks from one frequency to others.
        columns : slice, default=slice(None)
            Frequencies to give.

        Returns
        -------
        ndarray of complex64 of shape (n_segments, n_frequencies)
            The spectra.
        """
        spectra = np.empty(self._shift[:, columns].shape, dtype=np.complex64)
        blocks = self._blocks()
        for block, windows in zip(blocks, self._cut(row, blocks), strict=True):
            windows = self._centred(windows)
            windows *= self._cores[block] if core else self._taper
            found = rfft(windows, axis=1, overwrite_x=True)[:, columns]
            np.multiply(found, self._shift[block, columns], out=spectra[block])
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
    def _group_shift(self):
        # what all have in common comes out of the mean of a group as if it began at one time
        means = np.stack([self._phases(-self._part[group]).mean(axis=0) for group in self.groups])
        size = np.abs(means)
        return means.conj() / (size * np.maximum(size, _LEAST))

    @cached_property
    def _expansion(self):
        """Polynomials of the parts of a sample point, a filter for each, and what those miss."""
        low, high = self._part.min(), self._part.max()
        middle, reach = (low + high) / 2, (high - low) / 2
        order = np.arange(_MOST_TERMS)
        place = (self._part - middle) / max(reach, np.finfo(float).tiny)
        polynomials = np.polynomial.chebyshev.chebvander(place, _MOST_TERMS - 1)
        omega = 2 * np.pi * self.frequencies
        sizes = (2 - (order == 0))[:, None] * jv(order[:, None], reach * omega)
        filters = sizes * 1j ** order[:, None] * np.exp(1j * middle * omega)
        missed = 2 * jv(order + 1, np.pi * reach)
        return polynomials.astype(np.float32), filters.astype(np.complex64), missed

    def _filters(self, tolerance):
        missed = self._expansion[2]
        return self._expansion[1][: 1 + np.count_nonzero(missed > tolerance)]

    def _expanded(self, weights, tolerance):
        """Multiply weights of shape (n_segments, n_sums) with each of the polynomials."""
        polynomials = self._expansion[0][:, : len(self._filters(tolerance))]
        return (weights[:, :, None] * polynomials[:, None]).reshape(len(self), -1)

    def summation(self, weights, tolerance=TOLERANCE):
        """Prepare weighted sums of complete segments.

        Parameters
        ----------
        weights : ndarray of float32 of shape (n_segments, n_sums)
            Weights.
        tolerance : float, default=1e-3
            Share of a wave that may be missed at the highest frequency.

        Returns
        -------
        list of tuple
            Segments that are cut at a time, what they are multiplied with, and their groups.
        """
        expanded = self._expanded(weights, tolerance)
        n_together = max(1, int(_BLOCK / self.size / max(len(self.groups[0]), 1)))
        plan = []
        for begin in range(0, len(self.groups), n_together):
            some = self.groups[begin : begin + n_together]
            members = np.concatenate(some)
            number = np.repeat(np.arange(len(some)), [len(group) for group in some])
            own = (number == np.arange(len(some))[:, None]) * weights[members, 0]
            factors = np.concatenate([expanded[members].T, own]).astype(np.float32)
            plan.append((members, factors, slice(begin, begin + len(some))))
        return plan

    def sums(self, row, plan, tolerance=TOLERANCE):
        """Sum segments on the common time base.

        Parameters
        ----------
        row : ndarray of shape (n_times,)
            One channel.
        plan : list
            As :meth:`summation` gives it.
        tolerance : float, default=1e-3
            As given there.

        Returns
        -------
        sums : ndarray of complex64 of shape (n_sums, n_frequencies)
            The weighted sums.
        parts : ndarray of complex64 of shape (n_groups, n_frequencies)
            What each group brings to the first of them.
        """
        filters = self._filters(tolerance)
        total = 0.0
        parts = np.empty((len(self.groups), self.size), dtype=np.float32)
        pieces = self._cut(row, [members for members, *_ in plan])
        for (_, factors, groups), windows in zip(plan, pieces, strict=True):
            found = factors @ windows
            n_groups = groups.stop - groups.start
            parts[groups] = found[-n_groups:]
            total = total + found[:-n_groups]
        spectra = self._transformed(total).reshape(-1, *filters.shape)
        spectra *= filters
        parts = self._transformed(parts)
        parts *= self._group_shift
        return spectra.sum(axis=1), parts

    def _transformed(self, windows):
        windows = self._centred(windows)
        windows *= self._taper
        return rfft(windows, axis=1, overwrite_x=True)

    def subtract(self, spectra, row):
        """Bring spectra back to the sample points of the recording and subtract them there.

        Parameters
        ----------
        spectra : ndarray of complex64 of shape (n_segments, n_frequencies)
            On the common time base.
        row : ndarray of shape (n_times,)
            The channel; changed in place.
        """
        for block in self._blocks():
            turned = spectra[block] * self._shift[block].conj()
            found = irfft(turned, self.size, axis=1, overwrite_x=True)
            self._take(found[:, self._within], block, row)

    def subtract_sums(self, design, spectra, row, tolerance=TOLERANCE):
        """Subtract from each segment a sum of a few waves.

        Parameters
        ----------
        design : ndarray of float32 of shape (n_segments, n_waves)
            How much of each wave.
        spectra : ndarray of complex64 of shape (n_waves, n_frequencies)
            Waves on the common time base.
        row : ndarray of shape (n_times,)
            The channel; changed in place.
        tolerance : float, default=1e-3
            Share of a wave that may be missed at the highest frequency.
        """
        filters = self._filters(tolerance).conj()
        waves = irfft(spectra[:, None] * filters, self.size, axis=2)[:, :, self._within]
        waves = waves.reshape(-1, waves.shape[2])
        expanded = self._expanded(design, tolerance)
        for block in self._blocks():
            self._take(expanded[block] @ waves, block, row)

    def _take(self, found, block, row):
        """Subtract what was found in a block of segments where it stands in the recording."""
        begin, end = self._n_before[block.start], self._n_before[min(block.stop, len(self))]
        if isinstance(self._target, slice):
            target = slice(self._target.start + begin, self._target.start + end)
        else:
            target = self._target[begin:end]
        row[target] -= found[self._mask[block]]


def _moved(window, n_points):
    """Move a window that was cut at the edge of the recording to beyond it."""
    moved = np.zeros_like(window)
    if n_points < 0:
        moved[-n_points:] = window[:n_points]
    else:
        moved[:-n_points] = window[n_points:]
    return moved


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
