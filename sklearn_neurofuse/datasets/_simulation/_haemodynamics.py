"""The haemodynamic response: superposed logistic functions, not the canonical of the analysis."""

from functools import cache

import numpy as np
from scipy.signal import fftconvolve
from scipy.special import expit

DT = 0.1
LENGTH = 32.0
# height, time in s and width in s of each logistic step: rise, fall below zero, recovery
_STEPS = ((1.0, 2.9, 0.75), (-1.25, 7.6, 1.25), (0.25, 15.0, 2.0))
PEAKS = (4.0, 7.0)


def response(peak, dt=DT):
    r"""Give the response to a short event, with a height of one.

    .. math:: h(t) = \sum_{i=1}^3 \alpha_i\,\big(1 + e^{-(t - T_i) / D_i}\big)^{-1}

    with :math:`\sum_i \alpha_i = 0` [1]_, stretched in time so that it peaks where it shall.

    Parameters
    ----------
    peak : float
        Time of the peak in s.
    dt : float, default=0.1
        Step in s.

    Returns
    -------
    ndarray of shape (n_times,)
        From 0 s on.

    References
    ----------
    .. [1] Lindquist, M. A., & Wager, T. D. (2007). Validity and power in hemodynamic response
       modeling: a comparison study and a new approach. Human Brain Mapping, 28(8), 764-784.
       doi:10.1002/hbm.20310
    """
    times = np.arange(0.0, LENGTH, dt)
    shape = _shape(times * _shape_peak() / peak)
    return shape / shape.max()


def _shape(times):
    # each step minus its value at zero, so that nothing answers before the event
    return sum(
        height * (expit((times - when) / width) - expit(-when / width))
        for height, when, width in _STEPS
    )


@cache
def _shape_peak():
    times = np.arange(0.0, 12.0, 1e-3)
    return times[np.argmax(_shape(times))]


def convolve(neural, peak, dt=DT):
    """Convolve a neural time course with the response, for unit height after a unit impulse."""
    return fftconvolve(neural, response(peak, dt))[: len(neural)]


def draw_peaks(rng, n_regions, spread):
    """Draw when each region of a person peaks, in s: people differ, and regions within them."""
    person = 5.3 + spread * rng.normal(0.0, 0.5)
    return np.clip(person + spread * rng.normal(0.0, 0.5, n_regions), *PEAKS)
