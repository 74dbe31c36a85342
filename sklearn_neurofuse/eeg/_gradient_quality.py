"""How much of a gradient artefact is left, told from the recording alone or against the truth."""

import numpy as np
from scipy.fft import prev_fast_len, rfft

# s; long enough to tell the harmonics of slices from what lies between
WINDOW = 4.0
_MOST_WINDOWS = 40
# bins of a spectrum that a harmonic spreads over, to either side
_WIDTH = 1.2
_TOP = 125.0
# Hz; the bands of Allen et al. (2000)
ALLEN_BANDS = ((0.8, 4.0), (4.0, 8.0), (8.0, 12.0), (12.0, 24.0))
_N_NIAZY = 5


def power_spectra(data, sfreq, start=0, stop=None, window=WINDOW):
    """Give the mean power of windows, as many as tell.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        In V.
    sfreq : float
        In Hz.
    start, stop : int, default=0 and None
        Sample points between which to look.
    window : float, default=4.0
        Length of a window in s.

    Returns
    -------
    freqs : ndarray of shape (n_frequencies,)
        In Hz, up to 125 or half the sampling frequency.
    power : ndarray of shape (n_channels, n_frequencies)
        In V^2 per bin.
    """
    stop = data.shape[1] if stop is None else min(stop, data.shape[1])
    length = prev_fast_len(min(round(window * sfreq), stop - start), real=True)
    n_windows = max(1, min(_MOST_WINDOWS, (stop - start) // max(length, 1)))
    begins = np.linspace(start, stop - length, n_windows).astype(int)
    freqs = np.fft.rfftfreq(length, 1 / sfreq)
    n_kept = int(np.searchsorted(freqs, _TOP + 5))
    taper = np.hanning(length).astype(np.float32)
    taper /= np.sqrt(np.square(taper).sum() * length / 2)
    power = np.empty((len(data), min(n_kept, len(freqs))))
    for row, mean in zip(data, power, strict=True):
        windows = np.stack([row[begin : begin + length] for begin in begins])
        windows -= windows.mean(axis=1, keepdims=True)
        windows = windows.astype(np.float32, copy=False)
        windows *= taper
        spectra = rfft(windows, axis=1, overwrite_x=True)[:, : len(mean)]
        mean[:] = (spectra.real**2 + spectra.imag**2).mean(axis=0)
    return freqs[: power.shape[1]], power


def harmonics(freqs, rate, low=1.0, high=_TOP):
    """Find the bins near the harmonics of a rate.

    Parameters
    ----------
    freqs : ndarray of shape (n_frequencies,)
        In Hz.
    rate : float
        In Hz.
    low, high : float
        Edges of the band in Hz.

    Returns
    -------
    ndarray of bool of shape (n_frequencies,)
        Which bins are near.
    """
    order = np.rint(freqs / rate)
    near = np.abs(freqs - order * rate) <= _WIDTH * freqs[1]
    return near & (order > 0) & (freqs >= low) & (freqs <= high)


def residual_at_harmonics(freqs, power, rate):
    """Compare the power at the harmonics with that on both sides.

    Parameters
    ----------
    freqs : ndarray of shape (n_frequencies,)
        In Hz.
    power : ndarray of shape (n_channels, n_frequencies)
        Of the cleaned recording.
    rate : float
        Of the slices, in Hz.

    Returns
    -------
    float
        Median over channels in dB; 0 where nothing is left and nothing was taken. NaN where the
        harmonics lie too close to have sides.
    """
    at = harmonics(freqs, rate)
    away = np.abs(freqs - np.rint(freqs / rate) * rate) / freqs[1]
    sides = (away > _WIDTH + 1) & (away <= 4 * _WIDTH + 1)
    if rate < 8 * _WIDTH * freqs[1] or not at.any():
        return float("nan")
    log = np.log(np.maximum(power[:, sides], np.finfo(float).tiny))
    expected = np.stack([np.exp(np.interp(freqs[at], freqs[sides], row)) for row in log])
    ratio = power[:, at].sum(axis=1) / expected.sum(axis=1)
    return float(10 * np.median(np.log10(np.maximum(ratio, np.finfo(float).tiny))))


def allen_bands(freqs, power, quiet):
    """Compare the amplitude in four bands while the scanner runs with that while it rests.

    Parameters
    ----------
    freqs : ndarray of shape (n_frequencies,)
        In Hz.
    power, quiet : ndarray of shape (n_channels, n_frequencies)
        While the scanner runs, after cleaning, and without it.

    Returns
    -------
    list of float
        Median over channels of the difference in %, band by band [1]_.

    References
    ----------
    .. [1] Allen PJ et al., A method for removing imaging artifact from continuous EEG recorded
       during functional MRI. NeuroImage 12 (2000) 230-239. doi:10.1006/nimg.2000.0599
    """
    found = []
    for low, high in ALLEN_BANDS:
        inside = (freqs >= low) & (freqs < high)
        ratio = np.sqrt(power[:, inside].sum(axis=1) / quiet[:, inside].sum(axis=1))
        found.append(float(100 * np.median(ratio - 1)))
    return found


def niazy_ratios(freqs, before, after, rate):
    """Compare the power at the first harmonics of a rate before and after.

    Parameters
    ----------
    freqs : ndarray of shape (n_frequencies,)
        In Hz.
    before, after : ndarray of shape (n_channels, n_frequencies)
        Power.
    rate : float
        Of slices or volumes, in Hz.

    Returns
    -------
    list of float
        Median over channels in dB, harmonic by harmonic [1]_.

    References
    ----------
    .. [1] Niazy RK et al., Removal of FMRI environment artifacts from EEG data using optimal basis
       sets. NeuroImage 28 (2005) 720-737. doi:10.1016/j.neuroimage.2005.06.067
    """
    found = []
    for order in range(1, _N_NIAZY + 1):
        near = np.abs(freqs - order * rate) <= _WIDTH * freqs[1]
        if order * rate > freqs[-1] or not near.any():
            break
        ratio = before[:, near].sum(axis=1) / np.maximum(after[:, near].sum(axis=1), 1e-30)
        found.append(float(10 * np.median(np.log10(ratio))))
    return found
