"""`SensorConnectome`: how each pair of channels is coupled."""

import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import ConnectomeSpace
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
from sklearn_neurofuse.signal._connectivity import imaginary_coherence, weighted_phase_lag_index

_MEASURES = {"imcoh": imaginary_coherence, "wpli": weighted_phase_lag_index}


class SensorConnectome(SampleExtractor):
    """Measure the coupling of all pairs of channels, samples of shape (n_bands, n_edges).

    Both measures leave out what two channels have in common without a lag, which is what volume
    conduction and the reference make. They are averaged over the frequencies of a band.

    Parameters
    ----------
    measure : {"imcoh", "wpli"} or callable, default="imcoh"
        The size of imaginary coherence [1]_, the weighted phase lag index [2]_, or a function
        from complex spectra of shape (n_observations, n_channels, n_freqs) to
        (n_freqs, n_channels, n_channels).
    tmin, tmax : float, default=None
        Window around each event in s, for one sample for each event. None: the whole recording
        but for annotations that begin with "bad", for one sample for each recording.
    bands : dict of str to (float, float), default=None
        Names and edges in Hz. None: delta 1-4, theta 4-8, alpha 8-13, beta 13-30, gamma 30-45.
    window : float, default=2.0
        Length of the windows in s that overlap by half; each is seen under three tapers. What is
        shorter is one window, and of three observations both measures are far too large.
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
        If there are fewer than two channels, or a band reaches beyond half the sampling frequency
        or holds no frequency.

    References
    ----------
    .. [1] Nolte, G., Bai, O., Wheaton, L., Mari, Z., Vorbach, S., & Hallett, M. (2004).
       Identifying true brain interaction from EEG data using the imaginary part of coherency.
       Clinical Neurophysiology, 115(10), 2292-2307. doi:10.1016/j.clinph.2004.04.029
    .. [2] Vinck, M., Oostenveld, R., van Wingerden, M., Battaglia, F., & Pennartz, C. M. A.
       (2011). An improved index of phase-synchronization for electrophysiological data in the
       presence of volume-conduction, noise and sample-size bias. NeuroImage, 55(4), 1548-1565.
       doi:10.1016/j.neuroimage.2011.01.055

    Examples
    --------
    Two channels with a lag between them, and a copy of the first:

    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import SensorConnectome
    >>> noise = np.random.default_rng(0).normal(size=(2, 6000))
    >>> wave = np.sin(2 * np.pi * 10 * np.arange(6002) / 100)
    >>> data = 1e-5 * (np.stack([wave[2:], wave[:-2]]) + 0.3 * noise)
    >>> info = mne.create_info(["A", "B", "copy of A"], sfreq=100.0, ch_types="eeg")
    >>> raw = mne.io.RawArray(np.vstack([data, data[:1]]), info, verbose="error")
    >>> edges = SensorConnectome(bands={"alpha": (8, 13)}).fit_transform(Recordings([raw]))
    >>> edges.get_feature_names()
    ['alpha__B~A', 'alpha__copy of A~A', 'alpha__copy of A~B']
    >>> edges.data[0, 0].round(1)
    array([0.6, 0. , 0.6])
    """

    kind = "eeg"
    libraries = ("mne", "scipy")

    def __init__(
        self,
        measure="imcoh",
        *,
        tmin=None,
        tmax=None,
        bands=None,
        window=2.0,
        reject=None,
        standardize=None,
        n_jobs=None,
        verbose=False,
    ):
        self.measure = measure
        self.tmin = tmin
        self.tmax = tmax
        self.bands = bands
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
        check_choice(self, "measure", self.measure, _MEASURES, allow_callable=True)
        check_times(self, self.tmin, self.tmax)
        check_bands(self, self.bands)
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
            Of shape (n_samples, n_bands, n_edges).
        """
        bands = BANDS if self.bands is None else self.bands
        cut = take_stretches(recording, events, self.tmin, self.tmax, self.reject)
        if cut.data.shape[1] < 2:
            raise ValueError("a connectome needs at least 2 EEG channels, the recording has 1")
        space = ConnectomeSpace(cut.info["ch_names"], bands=tuple(bands))
        data = np.full((len(cut.data), len(bands), space.n_edges), np.nan)
        reasons, n_windows = dict(cut.reasons), []
        for row, stretch in enumerate(cut.data):
            if row in reasons:
                continue
            freqs, spectra = tapered_spectra(stretch, cut.info["sfreq"], self.window)
            bins = find_bins(bands, freqs, cut.info["sfreq"])
            n_windows.append(len(spectra))
            if len(spectra) == 0:
                reasons[row] = "no window without bad stretches"
            else:
                data[row] = self._edges(spectra, bins)
        context.report(
            n_samples=len(data),
            n_missing=len(reasons),
            n_observations=int(min(n_windows, default=0)),
        )
        return Samples(data, space, reasons)

    def _edges(self, spectra, bins):
        measure = _MEASURES[self.measure] if isinstance(self.measure, str) else self.measure
        rows, columns = np.tril_indices(spectra.shape[1], -1)
        return np.stack([measure(spectra[:, :, band]).mean(axis=0)[rows, columns] for band in bins])
