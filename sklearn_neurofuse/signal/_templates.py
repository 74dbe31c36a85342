"""Templates: weighted means of other segments, and what of a mean is more than noise."""

import numpy as np
from scipy.ndimage import uniform_filter1d

# a mean has to stand this far above its noise before any of it is believed
CAUTION = 1.5
_N_NEAR = 5
# effective number of segments in a motion-weighted template
_FEWEST = 20


def neighbour_weights(complete, window=None):
    """Weigh the nearest other segments alike.

    Parameters
    ----------
    complete : ndarray of bool of shape (n_segments,)
        Which may be used.
    window : int, default=None
        How many; None for all.

    Returns
    -------
    ndarray of float32 of shape (n_segments, n_segments)
        Rows sum to one; the diagonal is zero.
    """
    number = np.arange(len(complete))
    return _nearest(np.abs(number[:, None] - number).astype(float), complete, window)


def motion_weights(complete, poses, window=None):
    r"""Weigh other segments by how near the head was.

    .. math:: w_{kj} \propto \exp(-|p_k - p_j|^2 / 2 s^2)

    among the segments nearest in time, where :math:`s` is the median distance of successive
    poses, and larger where fewer than a few segments would carry the weight [1]_.

    Parameters
    ----------
    complete : ndarray of bool of shape (n_segments,)
        Which may be used.
    poses : ndarray of shape (n_segments, n_parameters)
        Of the head during each segment, in units that can be compared.
    window : int, default=None
        How many neighbours in time are looked at; None for all.

    Returns
    -------
    ndarray of float32 of shape (n_segments, n_segments)
        Rows sum to one; the diagonal is zero.

    References
    ----------
    .. [1] Moosmann M et al., Realignment parameter-informed artefact correction for simultaneous
       EEG-fMRI recordings. NeuroImage 45 (2009) 1144-1150. doi:10.1016/j.neuroimage.2009.01.024
    """
    near = neighbour_weights(complete, window) > 0
    squares = np.square(poses[:, None] - poses).sum(axis=2)
    step = np.median(np.square(np.diff(poses, axis=0)).sum(axis=1))
    scale = max(step, 1e-12)
    weights = np.zeros(squares.shape)
    for row in range(len(weights)):
        chosen = np.flatnonzero(near[row])
        width, wanted = scale, min(_FEWEST, len(chosen))
        while True:
            weight = np.exp(-(squares[row, chosen] - squares[row, chosen].min()) / (2 * width))
            if weight.sum() ** 2 >= wanted * np.square(weight).sum() * 0.999:
                break
            width *= 1.5
        weights[row, chosen] = weight / weight.sum()
    return weights.astype(np.float32)


def _nearest(distance, complete, window):
    distance[:, ~complete] = np.inf
    np.fill_diagonal(distance, np.inf)
    if window is not None and window < distance.shape[1]:
        limit = np.sort(distance, axis=1)[:, window - 1 : window]
        order = np.argsort(np.argsort(distance, axis=1, kind="stable"), axis=1)
        distance[(order >= window) | (distance > limit)] = np.inf
    weights = np.isfinite(distance).astype(np.float32)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)


def templates(spectra, weights, complete):
    """Average other segments, and keep of each frequency what is more than noise.

    Parameters
    ----------
    spectra : ndarray of complex64 of shape (n_segments, n_frequencies)
        On the common time base; overwritten.
    weights : ndarray of float32 of shape (n_segments, n_segments)
        Rows say which segments make the template of each.
    complete : ndarray of bool of shape (n_segments,)
        Segments from which power is told.

    Returns
    -------
    ndarray of complex64 of shape (n_segments, n_frequencies)
        The templates.
    """
    used = complete & (weights.sum(axis=1) > 0)
    # the variance of a weighted mean of independent noise
    share = float(np.square(weights[used]).sum(axis=1).mean())
    # real numbers beside each other, for weights are real
    means = (weights @ spectra.view(np.float32)).view(np.complex64)
    spectra -= means
    noise = _power(spectra, used) * (share / (1 + share))
    means *= shrinkage(_power(means, used), noise)
    return means


def shrinkage(power, noise, caution=CAUTION):
    r"""Give the Wiener gain :math:`\max(0, 1 - c N / P)` of each frequency.

    Parameters
    ----------
    power : ndarray of shape (..., n_frequencies)
        Of what was found, noise in it.
    noise : ndarray of shape (..., n_frequencies)
        That of the noise in it.
    caution : float, default=1.5
        How many times the noise has to be in what was found, the :math:`c`.

    Returns
    -------
    ndarray of float32 of shape (..., n_frequencies)
        In [0, 1].
    """
    floor = caution * _smooth(noise)
    gain = 1 - floor / np.maximum(_smooth(power), np.finfo(np.float32).tiny)
    return np.clip(gain, 0, 1).astype(np.float32)


def _smooth(power):
    return uniform_filter1d(power, _N_NEAR, axis=-1, mode="nearest")


def _power(spectra, used):
    """Give the mean power of those segments that are used."""
    first, last = np.flatnonzero(used)[[0, -1]]
    rows = spectra[first : last + 1]
    if not used[first : last + 1].all():
        rows = spectra[used]
    parts = rows.view(np.float32)
    return np.einsum("kf,kf->f", parts, parts).reshape(-1, 2).sum(axis=1) / len(rows)
