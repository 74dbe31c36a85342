"""Amplitude of slow fluctuations."""

import numpy as np
from scipy.signal import detrend


def fluctuation(signals, t_r, band, relative):
    r"""Give the amplitude of fluctuations in a band.

    Straight lines are taken off; then the amplitudes :math:`2 |X_f| / n` of the Fourier transform
    are averaged over the frequencies in the band (ALFF) [1]_, or summed over the band and divided
    by their sum over all frequencies (fALFF) [2]_.

    Parameters
    ----------
    signals : ndarray of shape (n_times, n_signals)
        Values.
    t_r : float
        Time between two of them in s.
    band : tuple of (float, float)
        Limits in Hz; both belong to it.
    relative : bool
        Whether to divide.

    Returns
    -------
    ndarray of shape (n_signals,)
        In the unit of the signals, or in [0, 1]; zero for constant signals.

    Raises
    ------
    ValueError
        If no frequency of the transform lies in the band.

    References
    ----------
    .. [1] Zang YF et al., Altered baseline brain activity in children with ADHD revealed by
       resting-state functional MRI. Brain Dev 29 (2007) 83-91. doi:10.1016/j.braindev.2006.07.002
    .. [2] Zou QH et al., An improved approach to detection of amplitude of low-frequency
       fluctuation (ALFF) for resting-state fMRI: fractional ALFF. J Neurosci Methods 172 (2008)
       137-141. doi:10.1016/j.jneumeth.2008.04.012
    """
    n_times = len(signals)
    frequencies = np.fft.rfftfreq(n_times, t_r)[1:]
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    if not inside.any():
        raise ValueError(
            f"no frequency lies in the band of {band[0]:g} to {band[1]:g} Hz: {n_times} volumes of "
            f"{t_r:g} s tell of {frequencies[0]:.3g} to {frequencies[-1]:.3g} Hz"
        )
    left = detrend(signals, axis=0)
    # what rounding leaves of a constant is no fluctuation
    left[:, np.ptp(signals, axis=0) == 0] = 0.0
    amplitude = 2.0 * np.abs(np.fft.rfft(left, axis=0))[1:] / n_times
    if not relative:
        return amplitude[inside].mean(axis=0)
    whole = amplitude.sum(axis=0)
    return np.divide(
        amplitude[inside].sum(axis=0), whole, out=np.zeros_like(whole), where=whole > 0
    )
