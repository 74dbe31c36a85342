"""`BandPower`: power in frequency bands."""

import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import SensorSpace
from sklearn_neurofuse.eeg._channel_types import check_units
from sklearn_neurofuse.eeg._epochs import check_reject
from sklearn_neurofuse.eeg._spectra import (
    BANDS,
    check_bands,
    check_times,
    find_bins,
    take_stretches,
    tapered_spectra,
)
from sklearn_neurofuse.recordings import SampleExtractor, Samples

_DECIBEL_OF = 1e-12


class BandPower(SampleExtractor):
    """Measure the power in frequency bands, samples of shape (n_channels, n_bands).

    Power is integrated over multitaper spectra, averaged over windows that overlap by half.

    Parameters
    ----------
    tmin, tmax : float, default=None
        Window around each event in s, for one sample for each event. None: the whole recording
        but for annotations that begin with "bad", for one sample for each recording.
    bands : dict of str to (float, float), default=None
        Names and edges in Hz. None: delta 1-4, theta 4-8, alpha 8-13, beta 13-30, gamma 30-45.
    scale : {"decibel", "power", "relative"}, default="decibel"
        Decibels above 1 square microvolt, V squared, or the share in the power of all bands.
    window : float, default=2.0
        Length of the windows in s; what is shorter is one window.
    reject : {"auto"}, dict or None, default=None
        Which events are missing; as of `Epocher`. Not used for whole recordings.
    standardize : {"recording", "subject"} or None, default=None
        Centre and scale each number over all samples of a recording or subject. No labels are
        used, but test samples are (transductive).
    n_jobs : int, default=None
        Recordings processed in parallel.
    verbose : bool, default=False
        Whether to show a progress bar that counts recordings.

    Attributes
    ----------
    per : {"event", "recording"}
        One sample for each event where `tmin` and `tmax` are given, otherwise for each recording.

    Raises
    ------
    ValueError
        If a band reaches beyond half the sampling frequency, or holds no frequency.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import BandPower
    >>> times = np.arange(6000) / 100.0
    >>> info = mne.create_info(["Cz"], sfreq=100.0, ch_types="eeg")
    >>> wave = 1e-5 * np.sin(2 * np.pi * 10 * times)
    >>> X = Recordings([mne.io.RawArray(wave[None], info, verbose="error")])
    >>> power = BandPower(scale="power").fit_transform(X)
    >>> power.space.bands
    ('delta', 'theta', 'alpha', 'beta', 'gamma')
    >>> float(power.data[0, 0, 2].round(13))
    5e-11
    """

    kind = "eeg"
    libraries = ("mne", "scipy")

    def __init__(
        self,
        tmin=None,
        tmax=None,
        *,
        bands=None,
        scale="decibel",
        window=2.0,
        reject=None,
        standardize=None,
        n_jobs=None,
        verbose=False,
    ):
        self.tmin = tmin
        self.tmax = tmax
        self.bands = bands
        self.scale = scale
        self.window = window
        self.reject = reject
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.verbose = verbose

    @property
    def per(self):
        """What a sample stands for."""
        return "recording" if self.tmin is None else "event"

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_times(self, self.tmin, self.tmax)
        check_bands(self, self.bands)
        check_choice(self, "scale", self.scale, ("decibel", "power", "relative"))
        check_number(self, "window", self.window, low=0, closed="neither", unit="s")
        check_reject(self, self.reject)
        if self.standardize is not None:
            check_choice(self, "standardize", self.standardize, ("recording", "subject"))

    def extract(self, recording, events, context):
        """Measure one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording.
        events : DataFrame or None
            All events, ``onset`` in s from its first sample.
        context : object
            For figures of quality.

        Returns
        -------
        Samples
            Of shape (n_samples, n_channels, n_bands).
        """
        bands = BANDS if self.bands is None else self.bands
        cut = take_stretches(recording, events, self.tmin, self.tmax, self.reject)
        check_units(cut.data, "BandPower")
        reasons = dict(cut.reasons)
        data = np.full((*cut.data.shape[:2], len(bands)), np.nan)
        for row, stretch in enumerate(cut.data):
            if row in reasons:
                continue
            power = _powers(stretch, cut.info["sfreq"], self.window, bands)
            if power is None:
                reasons[row] = "no window without bad stretches"
            else:
                data[row] = _scaled(power, self.scale)
        context.report(n_samples=len(data), n_missing=len(reasons))
        return Samples(data, SensorSpace(cut.info, bands=tuple(bands)), reasons)


def _powers(stretch, sfreq, window, bands):
    """Give the power in each band of each channel; None where there is no window."""
    freqs, spectra = tapered_spectra(stretch, sfreq, window)
    bins = find_bins(bands, freqs, sfreq)
    if len(spectra) == 0:
        return None
    density = np.mean(np.abs(spectra) ** 2, axis=0)
    return np.stack([density[:, band].sum(axis=1) for band in bins], axis=1) * freqs[1]


def _scaled(power, scale):
    if scale == "decibel":
        return 10 * np.log10(np.maximum(power, np.finfo(float).tiny) / _DECIBEL_OF)
    if scale == "relative":
        return power / np.maximum(power.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return power
