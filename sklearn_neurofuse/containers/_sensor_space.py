"""Sensors: channels with names, types and positions, over time or bands."""

import mne
import numpy as np

from sklearn_neurofuse.containers._space import Space, check_bands


@Space.register
class SensorSpace(Space):
    """Which channels, and which times or bands, the numbers of a sample belong to.

    Parameters
    ----------
    info : mne.Info
        Channels and sampling frequency; copied.
    tmin : float, default=0.0
        Time of the first sample point relative to the event, in s. Not used with `bands`.
    bands : sequence of str, default=None
        Names of frequency bands. With bands the last axis counts bands and there is no time.

    Attributes
    ----------
    info : mne.Info
        The copy.
    tmin : float or None
        In s; None with bands.
    bands : tuple of str or None
        Names of the bands.

    Raises
    ------
    TypeError
        If `info` is not an :class:`mne.Info`.
    ValueError
        If bands stand twice.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse.containers import SensorSpace
    >>> space = SensorSpace(mne.create_info(["Fz", "Cz"], sfreq=100.0, ch_types="eeg"), tmin=-0.1)
    >>> float(space.to_mne(np.zeros((5, 2, 60))).tmin)
    -0.1
    """

    def __init__(self, info, tmin=0.0, bands=None):
        if not isinstance(info, mne.Info):
            raise TypeError(f"SensorSpace: info must be an mne.Info, got {type(info).__name__}")
        self.info = info.copy()
        self.bands = check_bands("SensorSpace", bands)
        self.tmin = None if self.bands is not None else float(tmin)

    @property
    def ch_names(self):
        """Names of the channels, tuple of str."""
        return tuple(self.info["ch_names"])

    @property
    def sfreq(self):
        """Sampling frequency in Hz."""
        return float(self.info["sfreq"])

    def times(self, n_times):
        """Give the times of the sample points.

        Parameters
        ----------
        n_times : int
            Number of sample points.

        Returns
        -------
        ndarray of shape (n_times,)
            In s relative to the event.
        """
        return self.tmin + np.arange(n_times) / self.sfreq

    def check(self, sample_shape):
        """Raise ValueError unless samples are channels by times, or channels by bands.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one sample.
        """
        n_channels = len(self.info["ch_names"])
        second = "n_times" if self.bands is None else str(len(self.bands))
        fits = len(sample_shape) == 2 and sample_shape[0] == n_channels
        if not fits or (self.bands is not None and sample_shape[1] != len(self.bands)):
            raise ValueError(
                f"SensorSpace: one sample must have shape ({n_channels}, {second}), "
                f"got {tuple(sample_shape)}"
            )

    def to_mne(self, data):
        """Give samples as MNE objects.

        Parameters
        ----------
        data : ndarray of shape (n_samples, n_channels, n_times) or (n_channels, n_times)
            In V for EEG. Missing samples (all NaN) stay in the result.

        Returns
        -------
        mne.EpochsArray or mne.EvokedArray
            Epochs for 3-D data, an evoked response for one sample without a sample axis.

        Raises
        ------
        ValueError
            If the space has bands in place of times, or the shape does not fit.
        """
        data = np.asarray(data, dtype=float)
        if self.bands is not None:
            raise ValueError("SensorSpace: band values have no time axis and are no MNE epochs")
        self.check(data.shape[-2:])
        if data.ndim == 2:
            return mne.EvokedArray(data, self.info, tmin=self.tmin, verbose="error")
        return mne.EpochsArray(data, self.info, tmin=self.tmin, baseline=None, verbose="error")

    def to_native(self, data):
        """Give samples as :class:`mne.EpochsArray`; see `to_mne`.

        Parameters
        ----------
        data : ndarray of shape (n_samples, n_channels, n_times)
            Samples in this space.

        Returns
        -------
        mne.EpochsArray
            The epochs.
        """
        return self.to_mne(data)

    def get_feature_names(self, sample_shape):
        """Name numbers by channel and time or band, ``"Cz__0.120s"`` or ``"Cz__alpha"``.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one sample.

        Returns
        -------
        list of str
            One name for each feature, in C order.
        """
        if self.bands is None:
            # three decimals name each point up to 1000 Hz; above that more are needed
            decimals = max(3, int(np.ceil(np.log10(self.sfreq))))
            second = [f"{time:.{decimals}f}s" for time in self.times(sample_shape[1])]
        else:
            second = self.bands
        return [f"{channel}__{label}" for channel in self.ch_names for label in second]

    def __getstate__(self):
        """Give plain values, since an Info cannot be built piece by piece."""
        return self.to_state()[0]

    def __setstate__(self, state):
        """Make the space of plain values."""
        self.__dict__.update(type(self).from_state(state, {}).__dict__)

    def to_state(self):
        """Take the space apart for storage.

        Returns
        -------
        header : dict
            JSON-serialisable.
        arrays : dict of str to ndarray
            Empty.
        """
        return {"info": self.info.to_json_dict(), "tmin": self.tmin, "bands": self.bands}, {}

    @classmethod
    def from_state(cls, header, arrays):
        """Put together what `to_state` gave.

        Parameters
        ----------
        header : dict
            The header.
        arrays : dict of str to ndarray
            The arrays.

        Returns
        -------
        SensorSpace
            The space.
        """
        tmin = 0.0 if header["tmin"] is None else header["tmin"]
        return cls(mne.Info.from_json_dict(header["info"]), tmin, header["bands"])

    def __eq__(self, other):
        if not isinstance(other, SensorSpace):
            return NotImplemented
        return (
            self.ch_names == other.ch_names
            and self.bands == other.bands
            and self.info.get_channel_types() == other.info.get_channel_types()
            and np.isclose(self.sfreq, other.sfreq, rtol=1e-6, atol=0.0)
            and _same_tmin(self, other)
            and np.allclose(_positions(self), _positions(other), atol=1e-5, equal_nan=True)
        )

    __hash__ = None

    def __repr__(self):
        n_channels = len(self.info["ch_names"])
        if self.bands is not None:
            return f"SensorSpace({n_channels} channels, bands {', '.join(self.bands)})"
        return f"SensorSpace({n_channels} channels, {self.sfreq:g} Hz, from {self.tmin:g} s)"


def _same_tmin(one, other):
    if one.tmin is None or other.tmin is None:
        return one.tmin is other.tmin
    return abs(one.tmin - other.tmin) < 0.5 / one.sfreq


def _positions(space):
    return np.array([channel["loc"][:3] for channel in space.info["chs"]])
