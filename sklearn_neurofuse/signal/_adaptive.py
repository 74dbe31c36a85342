"""Adaptive noise cancelling in the Fourier domain."""

import numpy as np
from scipy.fft import irfft, rfft

_STEP = 0.05
_FORGET = 0.99
# of the usual power
_SILENCE = 1e-2


def cancel(data, references, n_taps):
    r"""Subtract what an adaptive filter makes of a reference, block by block.

    The normalised least-mean-squares rule with the weights of a block of ``n_taps`` points updated
    at once, by overlap and save [1]_:

    .. math:: W \leftarrow W + \mu\, \frac{\bar R\, E}{P},

    with the recent power :math:`P` at the strongest frequency; a power for each of them would
    learn weak frequencies faster, but diverges where the reference is made of a few lines.

    Parameters
    ----------
    data : ndarray of shape (n_rows, n_times)
        Signal and noise.
    references : ndarray of shape (n_rows, n_times)
        Of the noise.
    n_taps : int
        Length of the filter.

    Returns
    -------
    ndarray of float32 of shape (n_rows, n_times)
        The noise found in the data.

    References
    ----------
    .. [1] Shynk JJ, Frequency-domain and multirate adaptive filtering. IEEE Signal Processing
       Magazine 9 (1992) 14-37. doi:10.1109/79.109205
    """
    n_rows, n_times = data.shape
    weights = np.zeros((n_rows, n_taps + 1), dtype=np.complex64)
    # where the reference is silent nothing is learnt from its rounding errors
    usual = np.square(references, dtype=np.float32).mean(axis=1, keepdims=True) * 2 * n_taps
    floor = _SILENCE * usual + np.finfo(np.float32).tiny
    power = floor
    found = np.zeros((n_rows, n_times), dtype=np.float32)
    pair = np.zeros((n_rows, 2 * n_taps), dtype=np.float32)
    for begin in range(0, n_times - n_taps + 1, n_taps):
        here = slice(begin, begin + n_taps)
        pair[:, :n_taps] = pair[:, n_taps:]
        pair[:, n_taps:] = references[:, here]
        spectrum = rfft(pair, axis=1)
        now = np.square(np.abs(spectrum)).max(axis=1, keepdims=True)
        power = np.maximum(np.maximum(now, _FORGET * power), floor)
        found[:, here] = irfft(spectrum * weights, 2 * n_taps, axis=1)[:, n_taps:]
        weights += _update(spectrum, power, data[:, here] - found[:, here], n_taps)
    return found


def _update(spectrum, power, error, n_taps):
    padded = np.zeros((len(error), 2 * n_taps), dtype=np.float32)
    padded[:, n_taps:] = error
    gradient = irfft(spectrum.conj() * rfft(padded, axis=1) / power, 2 * n_taps, axis=1)
    # a filter of that length, not a circular one
    gradient[:, n_taps:] = 0
    return _STEP * rfft(gradient, axis=1)
