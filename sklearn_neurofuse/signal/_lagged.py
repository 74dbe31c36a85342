"""Regression on lagged copies of references."""

import numpy as np
from scipy import linalg

# numbers in the regressors of a stretch that products are computed over
_MOST = 2**21
_LEAST_STRETCH = 4096


def lagged(references, n_lags, begin, end):
    """Put lagged copies of references side by side.

    Parameters
    ----------
    references : ndarray of shape (n_references, n_times)
        The references; zero beyond their ends.
    n_lags : int
        Largest lag in sample points, either way.
    begin, end : int
        Sample points to give.

    Returns
    -------
    ndarray of shape (n_references * (2 * n_lags + 1), end - begin)
        Row ``lag * n_references + reference``; the first lag is ``-n_lags``.
    """
    n_times = references.shape[1]
    low, high = max(begin - n_lags, 0), min(end + n_lags, n_times)
    padded = np.pad(references[:, low:high], ((0, 0), (low - begin + n_lags, end + n_lags - high)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, end - begin, axis=1)
    # the reference that comes late by `lag` starts that much earlier
    return windows[:, ::-1].swapaxes(0, 1).reshape(-1, end - begin)


def fit_lagged(data, references, n_lags, penalty, begin=0, end=None):
    r"""Regress data on lagged references with a ridge penalty.

    .. math:: B = (X X^\top + \lambda\, \overline{\mathrm{diag}(X X^\top)}\, I)^{-1} X Y^\top

    with everything centred; by sums over stretches, so that no more than one is in memory.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        What to explain.
    references : ndarray of shape (n_references, n_times)
        What explains it.
    n_lags : int
        Largest lag in sample points, either way.
    penalty : float
        The penalty :math:`\lambda`, in units of the mean power of the regressors.
    begin, end : int, default=0 and None
        Sample points to fit on.

    Returns
    -------
    ndarray of shape (n_regressors, n_channels)
        The weights.
    """
    end = data.shape[1] if end is None else end
    n_regressors = len(references) * (2 * n_lags + 1)
    square = np.zeros((n_regressors, n_regressors))
    cross = np.zeros((n_regressors, len(data)))
    sums, total = np.zeros(n_regressors), np.zeros(len(data))
    for start, stop in _stretches(begin, end, n_regressors):
        columns = lagged(references, n_lags, start, stop)
        stretch = data[:, start:stop]
        square += columns @ columns.T
        cross += columns @ stretch.T
        sums += columns.sum(axis=1)
        total += stretch.sum(axis=1)
    square -= np.outer(sums, sums) / (end - begin)
    cross -= np.outer(sums, total) / (end - begin)
    power = np.trace(square) / n_regressors
    square.flat[:: n_regressors + 1] += (penalty + 1e-12) * power + np.finfo(float).tiny
    return linalg.solve(square, cross, assume_a="pos")


def predict_lagged(weights, references, n_lags, begin=0, end=None):
    """Give what lagged references explain.

    Parameters
    ----------
    weights : ndarray of shape (n_regressors, n_channels)
        As :func:`fit_lagged` gives them.
    references : ndarray of shape (n_references, n_times)
        The references.
    n_lags : int
        Largest lag in sample points, either way.
    begin, end : int, default=0 and None
        Sample points to give.

    Returns
    -------
    ndarray of shape (n_channels, end - begin)
        The explained part.
    """
    end = references.shape[1] if end is None else end
    found = np.empty((weights.shape[1], end - begin))
    for start, stop in _stretches(begin, end, len(weights)):
        columns = lagged(references, n_lags, start, stop)
        found[:, start - begin : stop - begin] = weights.T @ columns
    return found


def _stretches(begin, end, n_regressors):
    """Divide a range of sample points into stretches whose regressors are not many numbers."""
    length = max(_MOST // n_regressors, _LEAST_STRETCH)
    return [(start, min(start + length, end)) for start in range(begin, end, length)]


def explained(data, references, n_lags, penalty, window=None):
    """Give the part of data that lagged references explain, in the whole or window by window.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        What to explain.
    references : ndarray of shape (n_references, n_times)
        What explains it.
    n_lags : int
        Largest lag in sample points, either way.
    penalty : float
        Of the regression.
    window : int, default=None
        Length of windows in sample points that overlap by half and fade into each other; None
        for one regression over all.

    Returns
    -------
    ndarray of shape (n_channels, n_times)
        The explained part.
    """
    n_times = data.shape[1]
    if window is None or window >= n_times:
        return predict_lagged(fit_lagged(data, references, n_lags, penalty), references, n_lags)
    half = window // 2
    total, share = np.zeros(data.shape), np.zeros(n_times)
    for begin in range(0, n_times - half, half):
        end = n_times if begin + window + half > n_times else begin + window
        weights = fit_lagged(data, references, n_lags, penalty, begin, end)
        fade = np.hanning(end - begin + 2)[1:-1]
        total[:, begin:end] += fade * predict_lagged(weights, references, n_lags, begin, end)
        share[begin:end] += fade
        if end == n_times:
            break
    total /= share
    return total
