"""The average pulse artefact, with overlapping beats told apart, and the delay of each beat."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import eigh, solve, svd
from scipy.sparse import csr_array, hstack

_RIDGE = 0.05
# directions with less than this share of the mean variance are not blown up by whitening
_FLOOR = 1e-3
_MAX_DELAY = 0.1
_STEP_DELAY = 0.06
_DELAY_SPREAD = 0.03
_EVENT_WINDOW = (-0.1, 1.0)


@dataclass(frozen=True, eq=False)
class PulseTemplate:
    """The average artefact of a beat and how it was found.

    Parameters
    ----------
    course : ndarray of shape (n_channels, n_lags)
        The average beat.
    delays : ndarray of shape (n_beats,)
        By how much each beat is later than usual, in s.
    residual : ndarray of shape (n_channels, n_times)
        What is left of the data without the average beat and responses to events.
    artifact : ndarray of shape (n_channels, n_times)
        The average beat at each beat.
    whitener : ndarray of shape (n_channels, n_channels)
        Makes the channels of the residual white.
    maps : ndarray of shape (n_channels, n_maps)
        Orthonormal topographies of the whitened average beat.
    courses : ndarray of shape (n_maps, n_lags)
        Their courses, largest first, times their sizes.
    """

    course: np.ndarray
    delays: np.ndarray
    residual: np.ndarray
    artifact: np.ndarray
    whitener: np.ndarray
    maps: np.ndarray
    courses: np.ndarray


def lagged_design(times, sfreq, n_times, first, n_lags):
    """Make the regressors of a response of unknown shape, an impulse at each lag.

    Parameters
    ----------
    times : ndarray of shape (n_events,)
        In s; between sample points the impulse is shared.
    sfreq : float
        Sampling frequency in Hz.
    n_times : int
        Number of sample points.
    first : int
        The first lag in sample points.
    n_lags : int
        Number of lags.

    Returns
    -------
    csr_array of shape (n_times, n_lags)
        The design.
    """
    points = np.asarray(times) * sfreq
    whole = np.floor(points).astype(int)
    rows = whole[:, None, None] + np.arange(2)[:, None] + first + np.arange(n_lags)
    share = points - whole
    shares = np.stack([1 - share, share], axis=1)[:, :, None]
    columns, values = (np.broadcast_to(part, rows.shape) for part in (np.arange(n_lags), shares))
    inside = (rows >= 0) & (rows < n_times)
    entries = values[inside], (rows[inside], columns[inside])
    return csr_array(entries, shape=(n_times, n_lags))


def fit_template(data, sfreq, beats, window, n_maps, events=(), n_rounds=3):
    r"""Find the average artefact by regression on the lags after each beat.

    With X the lagged design of the beats, and of events whose responses are not to be taken for
    the artefact, the average is the ridge solution of :math:`Y = X B`; at fast hearts, where the
    end of one beat overlaps the start of the next, that tells them apart as a plain average does
    not [1]_. It is kept to `n_maps` topographies in the space where the rest of the EEG is
    white. Then each beat is moved to where it fits best, and all is done again.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        EEG without slow drifts.
    sfreq : float
        Sampling frequency in Hz.
    beats : ndarray of shape (n_beats,)
        R peaks in s.
    window : tuple of (float, float)
        Range of the artefact around the beat in s.
    n_maps : int
        Number of topographies.
    events : sequence of ndarray, default=()
        For each kind of events that evoke responses, their onsets in s.
    n_rounds : int, default=3
        How often templates are found; 1 leaves all delays at zero.

    Returns
    -------
    PulseTemplate
        What was found.

    References
    ----------
    .. [1] Smith, N. J., & Kutas, M. (2015). Regression-based estimation of ERP waveforms: I. The
       rERP framework. Psychophysiology, 52(2), 157-168. doi:10.1111/psyp.12317
    """
    first, n_lags = lags_of(window, sfreq)
    lags = lags_of(_EVENT_WINDOW, sfreq)
    responses = [lagged_design(kind, sfreq, data.shape[1], *lags) for kind in events]
    delays = np.zeros(len(beats))
    for n_left in range(n_rounds, 0, -1):
        design = lagged_design(beats + delays, sfreq, data.shape[1], first, n_lags)
        full = hstack([design, *responses], format="csr")
        weights = _ridge(full, data)
        whitener, inverse = _whitener(data - (full @ weights).T)
        maps, sizes, courses = svd(whitener @ weights[:n_lags].T, full_matrices=False)
        maps, courses = maps[:, :n_maps], (sizes[:, None] * courses)[:n_maps]
        course = inverse @ maps @ courses
        weights[:n_lags] = course.T
        residual = data - (full @ weights).T
        if n_left > 1:
            found = _delays(maps.T @ whitener @ residual, courses, sfreq, beats + delays, first)
            delays = np.clip(delays + found - np.median(found), -_MAX_DELAY, _MAX_DELAY)
    artifact = (design @ weights[:n_lags]).T
    return PulseTemplate(course, delays, residual, artifact, whitener, maps, courses)


def lags_of(window, sfreq):
    """Give the first lag and the number of lags in sample points.

    Parameters
    ----------
    window : tuple of (float, float)
        In s.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    tuple of (int, int)
        First lag and number of lags.
    """
    first = round(window[0] * sfreq)
    return first, round(window[1] * sfreq) - first + 1


def _ridge(design, data):
    gram = (design.T @ design).toarray()
    gram[np.diag_indices_from(gram)] += _RIDGE * np.trace(gram) / len(gram)
    return solve(gram, design.T @ data.T, assume_a="pos")


def _whitener(residual):
    values, vectors = eigh(np.cov(residual).reshape(len(residual), -1))
    scale = np.sqrt(np.maximum(values, max(_FLOOR * values.mean(), np.finfo(float).tiny)))
    return (vectors / scale) @ vectors.T, (vectors * scale) @ vectors.T


def _delays(residual, template, sfreq, times, first):
    """Find by how much each beat is later than where it was put, in s.

    The size of the beat is free: each is matched to the template at delays in steps of half a
    sample point, small delays being likelier.
    """
    n_lags = template.shape[1]
    starts = np.rint(times * sfreq).astype(int) + first
    inside = (starts >= 0) & (starts + n_lags <= residual.shape[1])
    found = np.zeros(len(times))
    if not inside.any():
        return found
    steps = np.arange(-int(2 * _STEP_DELAY * sfreq), int(2 * _STEP_DELAY * sfreq) + 1) / 2
    moved = _moved(template, steps)
    norms = np.linalg.norm(moved, axis=(1, 2)) + 1e-30
    # neighbours are subtracted, the beat's own template is put back
    epochs = np.stack([residual[:, start : start + n_lags] for start in starts[inside]]) + template
    fit = np.einsum("bml,sml->bs", epochs, moved) / norms
    fit = 0.5 * np.sign(fit) * fit**2 - 0.5 * (steps / sfreq / _DELAY_SPREAD) ** 2
    place = fit.argmax(axis=1).clip(1, len(steps) - 2)
    left, middle, right = (
        np.take_along_axis(fit, (place + step)[:, None], 1)[:, 0] for step in (-1, 0, 1)
    )
    bend = np.minimum(left - 2 * middle + right, -1e-12)
    between = np.clip(0.5 * (left - right) / bend, -1, 1)
    off_grid = np.rint(times * sfreq) - times * sfreq
    found[inside] = (steps[place] + 0.5 * between + off_grid[inside]) / sfreq
    return found


def _moved(template, steps):
    """Give the template at each delay in sample points, of shape (n_steps, n_maps, n_lags)."""
    lags = np.arange(template.shape[1])
    wanted = lags - steps[:, None]
    inside = (wanted >= 0) & (wanted <= lags[-1])
    values = CubicSpline(lags, template, axis=1)(np.clip(wanted, 0, lags[-1]))
    return np.swapaxes(values * inside, 0, 1)
