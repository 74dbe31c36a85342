"""`FrequencyFilter`: high-, low- and band-pass, and notch."""

import mne
import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.eeg._channel_types import load_raw
from sklearn_neurofuse.recordings import RecordingTransformer


class FrequencyFilter(RecordingTransformer):
    """Filter the EEG, EOG, ECG and EMG channels, as :meth:`mne.io.Raw.filter` does.

    Parameters
    ----------
    l_freq : float, default=None
        Lower edge of the pass band in Hz; None for no high-pass.
    h_freq : float, default=None
        Upper edge of the pass band in Hz, at most half the sampling frequency; None for no
        low-pass.
    notch : float or sequence of float, default=None
        Frequencies in Hz to take out, such as the mains and its harmonics.
    method : {"fir", "iir"}, default="fir"
        A zero-phase FIR filter with a Hamming window, or a zero-phase Butterworth filter of
        order 4.
    n_jobs : int, default=None
        Channels filtered in parallel.

    Raises
    ------
    ValueError
        If an edge is out of bounds; at the run where the bound is the sampling frequency's.

    See Also
    --------
    mne.io.Raw.filter : What is called.

    Notes
    -----
    Filters spread what happens at one time over its neighbourhood, so they come after gradient
    and pulse artefacts were removed.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import FrequencyFilter
    >>> times = np.arange(2000) / 100.0
    >>> signal = np.sin(2 * np.pi * 10 * times) + np.sin(2 * np.pi * 0.2 * times)
    >>> info = mne.create_info(["Cz"], sfreq=100.0, ch_types="eeg")
    >>> raw = mne.io.RawArray(signal[None], info, verbose="error")
    >>> filtered = FrequencyFilter(5.0, 30.0).fit_transform(Recordings([raw])).load(0)
    >>> error = filtered.get_data()[0] - np.sin(2 * np.pi * 10 * times)
    >>> bool(abs(error[500:1500]).max() < 0.05)
    True
    """

    kind = "eeg"
    adds = ("filtered",)
    libraries = ("mne",)

    def __init__(self, l_freq=None, h_freq=None, *, notch=None, method="fir", n_jobs=None):
        self.l_freq = l_freq
        self.h_freq = h_freq
        self.notch = notch
        self.method = method
        self.n_jobs = n_jobs

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_choice(self, "method", self.method, ("fir", "iir"))
        if self.l_freq is not None:
            check_number(self, "l_freq", self.l_freq, low=0, closed="neither", unit="Hz")
        if self.h_freq is not None:
            low = 0 if self.l_freq is None else self.l_freq
            check_number(self, "h_freq", self.h_freq, low=low, closed="neither", unit="Hz")
        for freq in self._notches():
            check_number(self, "notch", freq, low=0, closed="neither", unit="Hz")

    def _notches(self):
        return [] if self.notch is None else np.atleast_1d(self.notch).tolist()

    def transform_recording(self, recording, context):
        """Filter one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording.
        context : object
            Not used.

        Returns
        -------
        mne.io.BaseRaw
            The filtered recording.
        """
        nyquist = recording.info["sfreq"] / 2
        self._check_edges(nyquist)
        raw = load_raw(recording)
        picks = mne.pick_types(
            raw.info, eeg=True, eog=True, ecg=True, emg=True, seeg=True, ecog=True, exclude=()
        )
        # an edge at half the sampling frequency lets everything through
        h_freq = None if self.h_freq == nyquist else self.h_freq
        options = {"picks": picks, "method": self.method, "n_jobs": self.n_jobs, "verbose": "ERROR"}
        if self.l_freq is not None or h_freq is not None:
            raw.filter(self.l_freq, h_freq, **options)
        if self._notches():
            raw.notch_filter(self._notches(), **options)
        return raw

    def _check_edges(self, nyquist):
        edges = [("l_freq", self.l_freq, "left"), ("h_freq", self.h_freq, "both")]
        edges += [("notch", freq, "left") for freq in self._notches()]
        for name, freq, closed in edges:
            if freq is not None and (freq > nyquist or (freq == nyquist and closed == "left")):
                bound = f"{nyquist:g}{']' if closed == 'both' else ')'}"
                raise ValueError(
                    f"{name} must be in (0, {bound} Hz, half the sampling frequency, got {freq:g}"
                )
