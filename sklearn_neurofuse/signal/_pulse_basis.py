"""How each beat's artefact departs from the average, as far as the data tell it from the EEG."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_toeplitz, solveh_banded, svd
from scipy.signal import lfilter

_ORDER = 12
_N_STEPS = 15
_N_NOISE = 2
_FADE = 0.08
# weight of the change of a course beside the course itself
_CHANGE = 1.5


@dataclass(frozen=True, eq=False)
class BeatSystem:
    """Normal equations of the beats' coefficients in white noise.

    Parameters
    ----------
    blocks : ndarray of shape (n_beats, n_near, n_maps, n_courses, n_courses)
        Products of the basis of each beat with that of the beat so many places later.
    right : ndarray of shape (n_beats, n_maps, n_courses)
        Products of the basis with the data.
    """

    blocks: np.ndarray
    right: np.ndarray


def fit_beats(courses, template, starts, sfreq, n_courses):
    r"""Estimate how the artefact of each beat departs from the average, with shrinkage.

    The optimal basis set [1]_ holds the courses of the average beat over its topographies and
    their derivatives, so that each beat can be larger, broader or later in each of them. Fitted
    freely, such a basis takes away much of the EEG. Here the coefficients of a beat are a draw
    from a normal distribution, :math:`a_b \sim N(0, G)`, and the EEG is an autoregressive
    process; G is found by expectation and maximisation [2]_ and the coefficients are their
    posterior means, all beats at once because they overlap.

    Parameters
    ----------
    courses : ndarray of shape (n_maps, n_times)
        Data without the average artefact, in maps where the EEG is white across channels.
    template : ndarray of shape (n_maps, n_lags)
        The average beat in these maps.
    starts : ndarray of int of shape (n_beats,)
        Sample point of the first lag of each beat; may lie outside.
    sfreq : float
        Sampling frequency in Hz.
    n_courses : int
        Number of basis functions of each map.

    Returns
    -------
    ndarray of shape (n_maps, n_times)
        The artefact beyond the average one.

    References
    ----------
    .. [1] Niazy, R. K., Beckmann, C. F., Iannetti, G. D., Brady, J. M., & Smith, S. M. (2005).
       Removal of FMRI environment artifacts from EEG data using optimal basis sets. NeuroImage,
       28(3), 720-737. doi:10.1016/j.neuroimage.2005.06.067
    .. [2] Laird, N. M., & Ware, J. H. (1982). Random-effects models for longitudinal data.
       Biometrics, 38(4), 963-974. doi:10.2307/2529876
    """
    basis = _basis(template, sfreq, n_courses)
    artifact = np.zeros_like(courses)
    spread = None
    for _ in range(_N_NOISE):
        system = _system(courses, courses - artifact, basis, starts)
        coefficients, spread = _expectation_maximisation(system, spread)
        artifact = _rendered(coefficients, basis, starts, courses.shape[1])
    return artifact


def _basis(template, sfreq, n_courses):
    """Give orthonormal courses for the template's and their derivatives, fading at the ends."""
    spanned = np.vstack([template, _CHANGE * np.gradient(template, axis=1)])
    courses = svd(spanned, full_matrices=False)[2][:n_courses]
    n_fade = min(max(int(_FADE * sfreq), 1), template.shape[1] // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, n_fade)) ** 2
    fade = np.ones(template.shape[1])
    fade[:n_fade], fade[-n_fade:] = ramp, ramp[::-1]
    return courses * fade


def _autoregression(course):
    """Give the filter that makes a course white, with unit variance out."""
    n_times = len(course)
    power = np.abs(np.fft.rfft(course, 2 * n_times)) ** 2
    covariance = np.fft.irfft(power)[: _ORDER + 1] / n_times
    covariance[0] = covariance[0] * (1 + 1e-6) + np.finfo(float).tiny
    weights = solve_toeplitz(covariance[:_ORDER], covariance[1:])
    variance = covariance[0] - weights @ covariance[1:]
    return np.concatenate([[1.0], -weights]) / np.sqrt(max(variance, 1e-12 * covariance[0]))


def _system(courses, noise, basis, starts):
    n_maps, n_times = courses.shape
    length = basis.shape[1] + _ORDER
    near = _shifts(starts, length)
    right = np.empty((len(starts), n_maps, len(basis)))
    blocks = np.zeros((len(starts), len(near), n_maps, len(basis), len(basis)))
    places = np.clip(starts + length, 0, n_times + length)[:, None] + np.arange(length)
    for number, course in enumerate(courses):
        whitening = _autoregression(noise[number])
        white = np.pad(lfilter(whitening, 1.0, course), length)
        functions = np.stack([np.convolve(function, whitening) for function in basis])
        right[:, number] = white[places] @ functions.T
        for offset, shift in enumerate(near):
            for size in np.unique(shift[shift < length]):
                product = functions[:, size:] @ functions[:, : length - size].T
                blocks[np.flatnonzero(shift == size), offset, number] = product
    return BeatSystem(blocks, right)


def _shifts(starts, length):
    """List the distances to the beat itself, the next one, and so on while any overlap."""
    shifts = [np.zeros(len(starts), dtype=int)]
    while len(shifts) < len(starts):
        distance = starts[len(shifts) :] - starts[: -len(shifts)]
        if distance.min() >= length:
            break
        shifts.append(distance)
    return shifts


def _expectation_maximisation(system, spread):
    n_beats, n_maps, n_courses = system.right.shape
    n = n_maps * n_courses
    own = np.zeros((n, n))
    for number in range(n_maps):
        part = slice(number * n_courses, (number + 1) * n_courses)
        own[part, part] = np.median(system.blocks[:, 0, number], axis=0)
    if spread is None:
        spread = 3.0 * np.trace(np.linalg.inv(own + 1e-9 * np.trace(own) * np.eye(n))) / n
        spread = spread * np.eye(n)
    for _ in range(_N_STEPS):
        ridge = 1e-6 * np.trace(spread) / n * np.eye(n)
        precision = np.linalg.inv(spread + ridge)
        coefficients = _posterior_mean(system, precision)
        flat = coefficients.reshape(n_beats, n)
        # what is not known of a beat, without its neighbours
        spread = flat.T @ flat / n_beats + np.linalg.inv(precision + own)
    return coefficients, spread


def _posterior_mean(system, precision):
    """Solve for all beats at once: the matrix has a band as wide as beats overlap."""
    n_beats, n_near, n_maps, n_courses, _ = system.blocks.shape
    n = n_maps * n_courses
    full = np.zeros((n_beats, n_near, n, n))
    for number in range(n_maps):
        part = slice(number * n_courses, (number + 1) * n_courses)
        full[:, :, part, part] = np.swapaxes(system.blocks[:, :, number], -1, -2)
    full[:, 0] += precision
    band = np.zeros((n_near * n, n_beats * n))
    row, column = np.indices((n, n))
    for offset in range(n_near):
        below = offset * n + row - column
        kept = below >= 0
        columns = np.arange(n_beats)[:, None] * n + column[kept]
        band[np.broadcast_to(below[kept], columns.shape), columns] = full[:, offset][:, kept]
    solved = solveh_banded(band, system.right.ravel(), lower=True, check_finite=False)
    return solved.reshape(n_beats, n_maps, n_courses)


def _rendered(coefficients, basis, starts, n_times):
    """Add the beats up, of shape (n_maps, n_times)."""
    beats = coefficients @ basis
    n_lags = basis.shape[1]
    total = np.zeros((beats.shape[1], n_times + 2 * n_lags))
    for beat, start in zip(beats, np.clip(starts + n_lags, 0, n_times + n_lags), strict=True):
        total[:, start : start + n_lags] += beat
    return total[:, n_lags:-n_lags]
