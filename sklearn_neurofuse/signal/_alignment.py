"""When segments truly begin, told from the artefact itself."""

import numpy as np

_N_STEPS = 4


def delays(segments, spectra, columns):
    r"""Estimate by how much each segment comes late, in sample points.

    Gauss-Newton steps on the distance to the mean :math:`T` of all segments,

    .. math:: \delta_k = -\frac{\sum_\omega \omega\, \Im (X_k \bar T)}
        {\sum_\omega \omega^2 |T|^2},

    over frequencies and channels together.

    Parameters
    ----------
    segments : Segments
        As assumed so far.
    spectra : list of ndarray of shape (n_segments, n_frequencies)
        Of a few channels.
    columns : slice
        Frequencies to use.

    Returns
    -------
    ndarray of shape (n_segments,)
        Delays; their mean over complete segments is zero.
    """
    omega = 2 * np.pi * segments.frequencies[columns]
    parts = [channel[:, columns] for channel in spectra]
    total = np.zeros(len(segments))
    for _ in range(_N_STEPS):
        above, below = np.zeros(len(segments)), 0.0
        turn = np.exp(1j * total[:, None] * omega).astype(np.complex64)
        for part in parts:
            turned = part * turn
            mean = turned[segments.complete].mean(axis=0)
            above -= (turned * mean.conj()).imag @ omega
            below += (np.abs(mean) ** 2) @ omega**2
        total += above / max(below, np.finfo(float).tiny)
        total -= total[segments.complete].mean()
    return total


def steady(starts, complete, tolerance):
    """Fit a steady clock to starts, and tell whether they keep it.

    Parameters
    ----------
    starts : ndarray of shape (n_segments,)
        In sample points.
    complete : ndarray of bool of shape (n_segments,)
        Which to trust.
    tolerance : float
        Robust standard deviation around the clock up to which starts are said to keep it.

    Returns
    -------
    fitted : ndarray of shape (n_segments,)
        Starts on the clock.
    period : float
        Of the clock, in sample points.
    jitter : float
        Robust standard deviation of `starts` around it.
    keeps : bool
        Whether the starts keep the clock.
    """
    number = np.arange(len(starts))
    used = complete.copy()
    for _ in range(3):
        slope, offset = np.polyfit(number[used], starts[used], 1)
        away = np.abs(starts - (offset + slope * number))
        jitter = 1.4826 * np.median(away[complete])
        used = complete & (away <= max(4 * jitter, 1e-6))
    return offset + slope * number, float(slope), float(jitter), bool(jitter <= tolerance)


def delay_to(spectra, mean, segments, columns):
    """Estimate by how much one segment comes late against a mean, over channels together.

    Parameters
    ----------
    spectra, mean : ndarray of shape (n_channels, n_frequencies)
        Of the segment and of those to compare it with.
    segments : Segments
        For the frequencies.
    columns : slice
        Frequencies to use.

    Returns
    -------
    float
        In sample points.
    """
    omega = 2 * np.pi * segments.frequencies[columns]
    part, base = spectra[:, columns], mean[:, columns]
    below = max(float(np.sum(np.abs(base) ** 2 @ omega**2)), np.finfo(float).tiny)
    late = 0.0
    for _ in range(_N_STEPS):
        turned = part * np.exp(1j * late * omega)
        late -= float(np.sum((turned * base.conj()).imag @ omega)) / below
    return late
