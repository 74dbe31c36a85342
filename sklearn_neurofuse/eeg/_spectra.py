"""Stretches of EEG and their tapered spectra, which several extractors share."""

from numbers import Real

import mne
import numpy as np
from scipy.signal.windows import dpss

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.eeg._channel_types import assign_channel_types, pick_eeg
from sklearn_neurofuse.eeg._epochs import CutEpochs, cut_epochs

BANDS = {
    "delta": (1.0, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 45.0),
}
_HALF_BANDWIDTH = 2.0
_N_TAPERS = 3


def check_bands(owner, bands):
    """Raise TypeError or ValueError for bad frequency bands.

    Parameters
    ----------
    owner : object
        The extractor.
    bands : dict of str to (float, float) or None
        Names and edges in Hz.
    """
    name = type(owner).__name__
    if bands is None:
        return
    if not isinstance(bands, dict) or not bands:
        raise TypeError(
            f"{name}: bands must be a dict of names to edges (low, high) in Hz, got {bands!r}"
        )
    for band, edges in bands.items():
        pair = isinstance(edges, (tuple, list)) and len(edges) == 2
        if not pair or not all(isinstance(edge, Real) for edge in edges):
            raise ValueError(f"{name}: bands[{band!r}] must be (low, high) in Hz, got {edges!r}")
        check_number(owner, f"bands[{band!r}][0]", edges[0], low=0, unit="Hz")
        check_number(
            owner, f"bands[{band!r}][1]", edges[1], low=edges[0], closed="neither", unit="Hz"
        )


def check_times(owner, tmin, tmax):
    """Raise TypeError or ValueError unless both ends of a window are given or none is.

    Parameters
    ----------
    owner : object
        The extractor.
    tmin, tmax : float or None
        In s relative to the event; None for the whole recording.
    """
    if (tmin is None) != (tmax is None):
        raise ValueError(
            f"{type(owner).__name__}: tmin and tmax must both be given, for one sample for each "
            f"event, or both be None, for one for each recording; got {tmin!r} and {tmax!r}"
        )
    if tmin is not None:
        check_number(owner, "tmin", tmin, unit="s")
        check_number(owner, "tmax", tmax, low=tmin, closed="neither", unit="s")


def take_stretches(recording, events, tmin, tmax, reject):
    """Give what each sample is made of, around each event or the recording without bad parts.

    Parameters
    ----------
    recording : mne.io.BaseRaw
        The recording.
    events : DataFrame or None
        All events.
    tmin, tmax : float or None
        Window in s; None for the whole recording.
    reject : {"auto"}, dict or None
        As of `Epocher`; not used for whole recordings.

    Returns
    -------
    CutEpochs
        One stretch for each sample; bad parts of a whole recording are NaN.
    """
    if tmin is not None:
        return cut_epochs(recording, events, tmin, tmax, None, reject)
    raw = assign_channel_types(recording)
    picks = pick_eeg(raw)
    data = raw.get_data(picks=picks, reject_by_annotation="NaN", verbose="ERROR")
    return CutEpochs(data[None], mne.pick_info(raw.info, picks), 0.0, {})


def find_bins(bands, freqs, sfreq):
    """Find the frequencies that belong to each band.

    Parameters
    ----------
    bands : dict of str to (float, float)
        Edges in Hz; the upper one belongs to the next band.
    freqs : ndarray of shape (n_freqs,)
        In Hz.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    list of ndarray of int
        For each band.

    Raises
    ------
    ValueError
        If a band reaches beyond half the sampling frequency or holds no frequency.
    """
    found = []
    for band, (low, high) in bands.items():
        if high > sfreq / 2:
            raise ValueError(
                f"bands: {band} reaches to {high:g} Hz, half the sampling frequency is "
                f"{sfreq / 2:g} Hz"
            )
        bins = np.flatnonzero((freqs >= low) & (freqs < high))
        if bins.size == 0:
            raise ValueError(
                f"bands: {band}, {low:g} to {high:g} Hz, holds no frequency; they are "
                f"{freqs[1] - freqs[0]:g} Hz apart, a longer window makes them closer"
            )
        found.append(bins)
    return found


def tapered_spectra(stretch, sfreq, window):
    """Transform overlapping windows of a stretch, each under three Slepian tapers [1]_.

    Parameters
    ----------
    stretch : ndarray of shape (n_channels, n_times)
        Windows with NaN are left out.
    sfreq : float
        Sampling frequency in Hz.
    window : float
        Length of a window in s; a shorter stretch is one window.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,)
        In Hz.
    spectra : ndarray of shape (n_observations, n_channels, n_freqs)
        Complex, scaled so that the mean of their squared sizes is the one-sided density.

    References
    ----------
    .. [1] Thomson, D. J. (1982). Spectrum estimation and harmonic analysis. Proceedings of the
       IEEE, 70(9), 1055-1096. doi:10.1109/PROC.1982.12433
    """
    n = min(max(round(window * sfreq), 2), stretch.shape[1])
    starts = np.arange(0, stretch.shape[1] - n + 1, max(n // 2, 1))
    windows = np.stack([stretch[:, start : start + n] for start in starts])
    windows = windows[np.isfinite(windows).all(axis=(1, 2))]
    windows = windows - windows.mean(axis=2, keepdims=True)
    tapers = dpss(n, _HALF_BANDWIDTH, _N_TAPERS) if n > 2 * _HALF_BANDWIDTH else np.ones((1, n))
    tapers = tapers / np.linalg.norm(tapers, axis=1, keepdims=True)
    spectra = np.fft.rfft(windows[:, None] * tapers[:, None], axis=-1) * np.sqrt(2 / sfreq)
    freqs = np.fft.rfftfreq(n, 1 / sfreq)
    return freqs, spectra.reshape(-1, *spectra.shape[2:])
