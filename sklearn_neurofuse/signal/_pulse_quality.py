"""How much of the pulse artefact is gone, in the figures of the literature."""

import numpy as np
from scipy.signal import welch

_N_HARMONICS = 5
_HALF_WIDTH = 0.5
# delta, theta, alpha and beta of Allen et al., in Hz
ALLEN_BANDS = ((0.8, 4.0), (4.0, 8.0), (8.0, 12.0), (12.0, 24.0))
_WINDOW = 8.0


def spectrum(data, sfreq):
    """Give power spectral densities with a resolution of 1/8 Hz.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        The data.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    freqs : ndarray of shape (n_freqs,)
        In Hz.
    power : ndarray of shape (n_channels, n_freqs)
        Unit of the data squared per Hz.
    """
    n = min(round(_WINDOW * sfreq), data.shape[1])
    return welch(data, sfreq, nperseg=n, axis=1)


def normalised_power_ratio(freqs, before, after, heart_rate):
    r"""Compute the improvement in normalised power spectrum (INPS) of each channel.

    .. math:: \frac{\sum_{k=1}^{5} \int_{k f - 0.5}^{k f + 0.5} P_\text{before}}
                   {\sum_{k=1}^{5} \int_{k f - 0.5}^{k f + 0.5} P_\text{after}}

    with the heart's frequency f [1]_. One means that nothing happened.

    Parameters
    ----------
    freqs : ndarray of shape (n_freqs,)
        In Hz.
    before, after : ndarray of shape (n_channels, n_freqs)
        Power before and after cleaning.
    heart_rate : float
        Beats per minute.

    Returns
    -------
    ndarray of shape (n_channels,)
        The ratios; NaN where nothing is left.

    References
    ----------
    .. [1] Srivastava, G., Crottaz-Herbette, S., Lau, K. M., Glover, G. H., & Menon, V. (2005).
       ICA-based procedures for removing ballistocardiogram artifacts from EEG data acquired in
       the MRI scanner. NeuroImage, 24(1), 50-60. doi:10.1016/j.neuroimage.2004.09.041
    """
    harmonics = heart_rate / 60 * np.arange(1, _N_HARMONICS + 1)
    near = (np.abs(freqs - harmonics[:, None]) <= _HALF_WIDTH).any(axis=0)
    left = after[:, near].sum(axis=1)
    taken = before[:, near].sum(axis=1)
    return np.divide(taken, left, out=np.full(len(left), np.nan), where=left > 0)


def band_changes(freqs, before, after):
    """Compute by how much the power of the usual bands changed, in percent.

    Parameters
    ----------
    freqs : ndarray of shape (n_freqs,)
        In Hz.
    before, after : ndarray of shape (n_channels, n_freqs)
        Power before and after cleaning.

    Returns
    -------
    list of float
        Median over channels in 0.8-4, 4-8, 8-12 and 12-24 Hz [1]_; NaN where there is nothing.

    References
    ----------
    .. [1] Allen, P. J., Josephs, O., & Turner, R. (2000). A method for removing imaging artifact
       from continuous EEG recorded during functional MRI. NeuroImage, 12(2), 230-239.
       doi:10.1006/nimg.2000.0599
    """
    changes = []
    for low, high in ALLEN_BANDS:
        inside = (freqs >= low) & (freqs < high)
        first, second = before[:, inside].sum(axis=1), after[:, inside].sum(axis=1)
        there = first > 0
        change = 100 * (second[there] / first[there] - 1)
        changes.append(float(np.median(change)) if there.any() else float("nan"))
    return changes
