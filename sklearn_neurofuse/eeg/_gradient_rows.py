"""Channels in single precision, in the memory of those in double precision."""

import numpy as np

# sample points that the offset of a channel is told from
_N_FOR_OFFSET = 1000


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
