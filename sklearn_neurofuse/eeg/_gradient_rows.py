"""Channels in single precision, in the memory of those in double precision."""

from fractions import Fraction

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

# sample points that the offset of a channel is told from
_N_FOR_OFFSET = 1000
# of new sample points by which a channel is continued at its ends, before it is brought to them
_MARGIN = 100
_LARGEST_FACTOR = 1000


class ShortRows:
    """Hold some channels in single precision, in the first half of each row of the data.

    That halves what goes through memory, which is what cleaning waits for. Rounding is some
    10 pV for a volt of range less the offset of the channel, far below the noise of amplifiers.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        The recording; it holds nothing of use in these channels until :meth:`restore`.
    picks : ndarray of int
        The channels.

    Attributes
    ----------
    rows : ndarray of float32 of shape (n_channels, n_times)
        The channels less their offsets; of use in `picks` only.
    offsets : ndarray of shape (n_channels,)
        What was taken off.
    """

    def __init__(self, data, picks):
        n_times = data.shape[1]
        self._data, self._picks = data, picks
        self.rows = data.view(np.float32)[:, :n_times]
        self.offsets = data[:, :: max(1, n_times // _N_FOR_OFFSET)].mean(axis=1)
        # values that are not finite are for others to find
        with np.errstate(invalid="ignore"):
            for i in picks:
                np.subtract(data[i], self.offsets[i], out=self.rows[i], casting="same_kind")

    def restore(self, recording, start, stop):
        """Bring the channels back to double precision, with their offsets.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            Gives what lies outside exactly as it was recorded.
        start, stop : float
            Between which the scanner ran, in sample points.
        """
        n_times = self._data.shape[1]
        begin, end = np.clip(np.ceil([start, stop]), 0, n_times).astype(int)
        for i in self._picks:
            np.add(self.rows[i, begin:end], self.offsets[i], out=self._data[i, begin:end])
        for outside in ((0, begin), (end, n_times)):
            if outside[0] < outside[1]:
                taken = recording.get_data(self._picks, *outside)
                self._data[self._picks, outside[0] : outside[1]] = taken

    def at_rate(self, ratio, n_times):
        """Bring the channels to a lower rate, what lies above half of it cut off.

        Parameters
        ----------
        ratio : float
            Of the lower rate to that of the recording.
        n_times : int
            Sample points to give.

        Returns
        -------
        ndarray of shape (n_picks, n_times)
            The channels, with their offsets.
        """
        ratio = Fraction(ratio).limit_denominator(_LARGEST_FACTOR)
        up, down = ratio.numerator, ratio.denominator
        # lengths and margins of which either rate has a whole number of points
        n_before = min(-(-_MARGIN // up), (self.rows.shape[1] - 1) // down)
        n_parts = next_fast_len(-(-self.rows.shape[1] // down) + 2 * n_before, real=True)
        n_after = (n_parts - n_before) * down - self.rows.shape[1]
        found = np.empty((len(self._picks), n_times))
        for i, low in zip(self._picks, found, strict=True):
            row = _continued(self.rows[i], n_before * down, n_after)
            spectrum = rfft(row, overwrite_x=True)[: n_parts * up // 2 + 1]
            course = irfft(spectrum, n_parts * up, overwrite_x=True) * (up / down)
            low[:] = course[n_before * up :][:n_times] + self.offsets[i]
        return found


def _continued(row, n_before, n_after):
    """Mirror a row at its first and last value, as far as it goes, then hold."""
    within = min(n_after, len(row) - 1)
    return np.concatenate(
        [
            2 * row[0] - row[n_before:0:-1],
            row,
            2 * row[-1] - row[-2 : -within - 2 : -1],
            np.full(n_after - within, 2 * row[-1] - row[-within - 1]),
        ]
    )
