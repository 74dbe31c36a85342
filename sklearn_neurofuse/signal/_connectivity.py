"""Coupling of sensors that volume conduction, which has no lag, cannot make."""

import numpy as np

_ROUNDING = 1e-12


def imaginary_coherence(spectra):
    r"""Compute the size of the imaginary part of coherency.

    .. math:: \left| \frac{\operatorname{Im} \langle x_i x_j^* \rangle}
                    {\sqrt{\langle |x_i|^2 \rangle \langle |x_j|^2 \rangle}} \right|

    with means over observations [1]_.

    Parameters
    ----------
    spectra : ndarray of shape (n_observations, n_channels, n_freqs)
        Complex spectra.

    Returns
    -------
    ndarray of shape (n_freqs, n_channels, n_channels)
        In [0, 1]; zero on the diagonal.

    References
    ----------
    .. [1] Nolte, G., Bai, O., Wheaton, L., Mari, Z., Vorbach, S., & Hallett, M. (2004).
       Identifying true brain interaction from EEG data using the imaginary part of coherency.
       Clinical Neurophysiology, 115(10), 2292-2307. doi:10.1016/j.clinph.2004.04.029
    """
    by_freq = np.moveaxis(spectra, 2, 0)
    cross = np.swapaxes(by_freq, 1, 2) @ by_freq.conj()
    power = np.einsum("fii->fi", cross).real
    size = np.sqrt(power[:, :, None] * power[:, None])
    return np.divide(np.abs(cross.imag), size, out=np.zeros_like(size), where=size > 0)


def weighted_phase_lag_index(spectra):
    r"""Compute the weighted phase lag index.

    .. math:: \frac{|\langle \operatorname{Im} x_i x_j^* \rangle|}
                   {\langle |\operatorname{Im} x_i x_j^*| \rangle}

    with means over observations [1]_.

    Parameters
    ----------
    spectra : ndarray of shape (n_observations, n_channels, n_freqs)
        Complex spectra.

    Returns
    -------
    ndarray of shape (n_freqs, n_channels, n_channels)
        In [0, 1]; zero on the diagonal.

    References
    ----------
    .. [1] Vinck, M., Oostenveld, R., van Wingerden, M., Battaglia, F., & Pennartz, C. M. A.
       (2011). An improved index of phase-synchronization for electrophysiological data in the
       presence of volume-conduction, noise and sample-size bias. NeuroImage, 55(4), 1548-1565.
       doi:10.1016/j.neuroimage.2011.01.055
    """
    n_channels, n_freqs = spectra.shape[1:]
    found = np.zeros((n_freqs, n_channels, n_channels))
    for number in range(n_freqs):
        course = spectra[:, :, number]
        cross = course[:, :, None] * course[:, None].conj()
        size = np.abs(cross.imag).sum(axis=0)
        total = np.abs(cross.imag.sum(axis=0))
        # of channels that are multiples of each other only rounding is left
        seen = size > _ROUNDING * np.abs(cross).sum(axis=0)
        np.divide(total, size, out=found[number], where=seen)
        np.fill_diagonal(found[number], 0.0)
    return found
