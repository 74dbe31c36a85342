"""Channels that do not measure the head: flat, saturated, noisy, or unlike their neighbours."""

import numpy as np
from numpy.polynomial.legendre import legval
from scipy.linalg import inv
from scipy.signal import butter, resample_poly, sosfiltfilt, welch

_WINDOW = 5.0
# Hz; nothing above half of this tells more of a channel
_RATE = 250.0
_RATE_OF_PREDICTION = 100.0
_SLOW = (1.0, 50.0)
# Hz; above it noise is larger than EEG, whatever blinks and alpha there are
_NOISE_EDGE = 30.0
_N_TERMS = 7
_STIFFNESS = 4
_REGULARISATION = 0.05
# a channel that correlates so little with its prediction is bad where the median does so much
_ALONE, _TOGETHER = 0.3, 0.6
# share of the sample points at the very ends of the range that means saturation
_SATURATED = 0.01
_LEAST_SPREAD = 0.2


def spherical_kernel(positions):
    r"""Compute the spherical spline kernel between electrodes.

    .. math:: g(x) = \frac{1}{4 \pi} \sum_{n=1}^{7} \frac{2 n + 1}{n^4 (n + 1)^4} P_n(x)

    of the cosine x of the angle between two electrodes [1]_.

    Parameters
    ----------
    positions : ndarray of shape (n_channels, 3)
        Relative to the centre of the head, of any length.

    Returns
    -------
    ndarray of shape (n_channels, n_channels)
        The kernel.

    References
    ----------
    .. [1] Perrin, F., Pernier, J., Bertrand, O., & Echallier, J. F. (1989). Spherical splines for
       scalp potential and current density mapping. Electroencephalography and Clinical
       Neurophysiology, 72(2), 184-187. doi:10.1016/0013-4694(89)90180-6
    """
    directions = positions / np.linalg.norm(positions, axis=1, keepdims=True)
    n = np.arange(1, _N_TERMS + 1)
    weights = (2 * n + 1) / (4 * np.pi * (n * (n + 1.0)) ** _STIFFNESS)
    return legval(np.clip(directions @ directions.T, -1, 1), np.concatenate([[0.0], weights]))


def find_bad_channels(data, sfreq, positions=None, threshold=5.0):
    r"""Find bad channels by robust criteria.

    A channel is flat or saturated; its amplitude, its slow drift, or its noise lies more than
    `threshold` robust standard deviations from the median of all channels [1]_; or it is not
    what its neighbours predict. Noise is the mean of the logarithm of the spectrum above 30 Hz:
    not as a share of the amplitude, in which it hides where the amplitude is large, as with
    blinks at the front; and no single peak, such as that of the mains, makes much of a difference
    to that mean. The prediction is that of spherical splines from all other good channels; with
    the kernel K between electrodes it misses by :math:`(K^{-1} y)_i / (K^{-1})_{ii}`. Without
    positions, the largest correlation with any other channel stands in for it. All are medians
    over windows of 1 to 5 s, so that blinks and movements do not count.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        In any unit.
    sfreq : float
        Sampling frequency in Hz.
    positions : ndarray of shape (n_channels, 3), default=None
        Relative to the centre of the head.
    threshold : float, default=5.0
        In robust standard deviations.

    Returns
    -------
    dict of int to str
        Why, by the number of the channel.

    References
    ----------
    .. [1] Bigdely-Shamlo, N., Mullen, T., Kothe, C., Su, K.-M., & Robbins, K. A. (2015). The PREP
       pipeline: standardized preprocessing for large-scale EEG analysis. Frontiers in
       Neuroinformatics, 9, 16. doi:10.3389/fninf.2015.00016
    """
    bad = _dead(data)
    rest = np.array([i for i in range(len(data)) if i not in bad], dtype=int)
    if rest.size < 4:
        return bad
    data, sfreq = _reduced(data, rest, sfreq)
    slow = _slow(data, sfreq)
    found = {
        "amplitude": np.abs(_deviation(_logarithm(_typical(slow, sfreq)))) > threshold,
        "drift": _deviation(_logarithm(_drift(data, sfreq))) > threshold,
        "noise": _deviation(_noise(data, sfreq)) > threshold,
    }
    for reason, channels in found.items():
        for channel in rest[channels]:
            bad.setdefault(int(channel), f"its {reason} is far from that of the others")
    good = np.array([i for i, channel in enumerate(rest) if channel not in bad], dtype=int)
    if good.size >= 6:
        places = None if positions is None else positions[rest[good]]
        for i in _unpredicted(slow[good], sfreq, places, threshold):
            bad[int(rest[good[i]])] = "its neighbours do not predict it"
    return dict(sorted(bad.items()))


def _dead(data):
    """Find flat and saturated channels."""
    bad = {}
    for number, course in enumerate(data):
        low, high = course.min(), course.max()
        moving = np.mean(np.diff(course) != 0)
        if high == low or moving < 0.01:
            bad[number] = "it is flat"
        # the same extreme over and over is the end of the amplifier's range
        elif max(np.mean(course == low), np.mean(course == high)) > _SATURATED:
            bad[number] = "it is saturated"
    return bad


def _reduced(data, rows, sfreq):
    """Give rows at a rate that is enough, one at a time because recordings are large."""
    factor = max(int(sfreq // _RATE), 1)
    if factor == 1:
        return data[rows], sfreq
    return np.stack([resample_poly(data[i], 1, factor, padtype="line") for i in rows]), (
        sfreq / factor
    )


def _slow(data, sfreq):
    """Give the data between 1 and 50 Hz."""
    centred = data - data.mean(axis=1, keepdims=True)
    if 0.45 * sfreq <= _SLOW[1]:
        return _filtered(centred, sfreq, _SLOW[0], "high")
    return _filtered(centred, sfreq, _SLOW, "band")


def _noise(data, sfreq):
    """Give the mean logarithm of the amplitude of what is fast, in windows of 1 s."""
    n = min(round(sfreq), data.shape[1])
    levels = []
    for row in data:
        freqs, power = welch(row, sfreq, nperseg=n, average="median")
        fast = (freqs >= min(_NOISE_EDGE, 0.3 * sfreq)) & (freqs <= 0.48 * sfreq)
        levels.append(0.5 * _logarithm(power[fast]).mean())
    return np.array(levels)


def _filtered(data, sfreq, edges, kind):
    sos = butter(2, edges, kind, fs=sfreq, output="sos")
    return sosfiltfilt(sos, data, axis=1, padlen=min(int(3 * sfreq), data.shape[1] - 1))


def _windows(data, sfreq):
    n = min(int(_WINDOW * sfreq), data.shape[1])
    n_windows = data.shape[1] // n
    return data[:, : n * n_windows].reshape(len(data), n_windows, n)


def _typical(data, sfreq):
    """Give the median over windows of the median size, which blinks do not change."""
    return np.median(np.abs(_windows(data, sfreq)), axis=(1, 2))


def _drift(data, sfreq):
    """Give the median step of the level from window to window, which blinks do not change."""
    levels = np.median(_windows(data, sfreq), axis=2)
    if levels.shape[1] < 2:
        return np.ones(len(data))
    return np.median(np.abs(np.diff(levels, axis=1)), axis=1)


def _logarithm(values):
    return np.log(values + np.finfo(float).tiny)


def _deviation(values):
    centred = values - np.median(values)
    # the distance from the reference alone makes so much of a difference
    return centred / max(1.4826 * np.median(np.abs(centred)), _LEAST_SPREAD)


def _unpredicted(data, sfreq, positions, threshold):
    """Find channels that the others tell too little of, worst first and one at a time."""
    left = list(range(len(data)))
    removed = []
    step = max(int(sfreq // _RATE_OF_PREDICTION), 1)
    windows = _windows(data[:, ::step], sfreq / step)
    while len(left) >= 6:
        kept = windows[left]
        places = None if positions is None else positions[left]
        agreement = _agreement(kept, places)
        deviation = -_deviation(np.arctanh(np.clip(agreement, -0.99, 0.99)))
        worst = int(deviation.argmax())
        # where channels are few and far apart none is predicted well, and nothing follows
        alone = agreement[worst] < _ALONE and np.median(agreement) > _TOGETHER
        if deviation[worst] <= threshold and not alone:
            break
        removed.append(left.pop(worst))
        if len(removed) > len(data) // 3:
            break
    return removed


def _agreement(windows, positions):
    """Correlate each channel with its prediction, median over windows."""
    n_channels = len(windows)
    centred = windows - windows.mean(axis=2, keepdims=True)
    covariance = np.einsum("iwt,jwt->wij", centred, centred, optimize=True)
    if positions is None:
        size = np.sqrt(np.einsum("wii->wi", covariance)) + np.finfo(float).tiny
        correlation = np.abs(covariance / size[:, :, None] / size[:, None])
        correlation[:, np.arange(n_channels), np.arange(n_channels)] = 0.0
        return np.median(correlation.max(axis=2), axis=0)
    weights = _prediction(positions)
    together = np.einsum("ij,wij->wi", weights, covariance)
    predicted = np.einsum("ij,wjk,ik->wi", weights, covariance, weights, optimize=True)
    own = np.einsum("wii->wi", covariance)
    return np.median(together / np.sqrt(predicted * own + np.finfo(float).tiny), axis=0)


def _prediction(positions):
    """Give the weights with which all others predict each channel, zero on the diagonal."""
    kernel = spherical_kernel(positions)
    # a constant over the head costs nothing
    kernel = kernel + kernel.diagonal().mean() * (1.0 + _REGULARISATION * np.eye(len(kernel)))
    inverse = inv(kernel)
    weights = -inverse / inverse.diagonal()[:, None]
    np.fill_diagonal(weights, 0.0)
    return weights
