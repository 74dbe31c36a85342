"""`eeg_regressor`: the power of a rhythm as a regressor for BOLD."""

import mne
import numpy as np
from nilearn.glm.first_level import glover_hrf, spm_hrf
from scipy.ndimage import uniform_filter1d
from scipy.signal import hilbert

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.eeg._triggers import find_markers
from sklearn_neurofuse.signal._clock import list_fits

_OWNER = "eeg_regressor"
_HRFS = {"glover": glover_hrf, "spm": spm_hrf, None: None}
# the power is kept at this rate before it is convolved, in Hz, and the response this long, in s
_RATE, _RESPONSE = 20.0, 32.0


def eeg_regressor(
    raw, band=(8.0, 13.0), picks="eeg", hrf="glover", t_r=None, *, volume_times=None, lag=0.0
):
    r"""Turn the power of a rhythm into a regressor for the BOLD series of the same minutes.

    The squared envelope :math:`p(t)` of the band, averaged over channels, is convolved with a
    haemodynamic response h and read at the times of the volumes [1]_,

    .. math:: r_k = \int p(t_k - \mathrm{lag} - s)\, h(s)\, ds,

    then centred and scaled to a standard deviation of one.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Cleaned EEG with the markers of the scanner.
    band : tuple of float, default=(8.0, 13.0)
        Edges of the band in Hz.
    picks : str or list, default="eeg"
        Channels, as in MNE.
    hrf : {"glover", "spm", None} or callable, default="glover"
        Haemodynamic response: of nilearn, none, or a function of a time step in s that gives its
        samples.
    t_r : float, default=None
        Repetition time in s. None takes the interval of the markers, which must then be volumes.
    volume_times : array-like of shape (n_volumes,), default=None
        Times of the volumes on the clock of the EEG, in s from its start; None takes the
        middle of each volume that a marker begins.
    lag : float, default=0.0
        By how many seconds the response comes later than `hrf` has it.

    Returns
    -------
    ndarray of shape (n_volumes,)
        Of mean 0 and standard deviation 1.

    Raises
    ------
    ValueError
        If there are no markers of volumes, or the band is out of bounds.

    References
    ----------
    .. [1] Goldman, R. I., Stern, J. M., Engel, J., & Cohen, M. S. (2002). Simultaneous EEG and
       fMRI of the alpha rhythm. NeuroReport, 13(18), 2487-2492.
       doi:10.1097/00001756-200212200-00022

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse.inspection import eeg_regressor
    >>> info = mne.create_info(2, sfreq=100.0, ch_types="eeg")
    >>> noise = 1e-5 * np.random.default_rng(0).normal(size=(2, 6000))
    >>> raw = mne.io.RawArray(noise, info, verbose="error")
    >>> eeg_regressor(raw, volume_times=np.arange(10, 50, 2.0)).shape
    (20,)
    """
    times, course = power_course(raw, band, picks, hrf)
    if volume_times is None:
        volume_times = _marked_volumes(raw, t_r)
    check_number(_OWNER, "lag", lag, unit="s")
    return read_course(times, course, np.asarray(volume_times, dtype=float) - lag)


def power_course(raw, band, picks, hrf):
    """Give the power of a band after the haemodynamic response, on a fine grid.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        EEG.
    band : tuple of float
        Edges in Hz.
    picks : str or list
        Channels.
    hrf : str, callable or None
        Haemodynamic response.

    Returns
    -------
    times, course : ndarray of shape (n_times,)
        In s from the start of the recording, and power of mean zero.
    """
    check_choice(_OWNER, "hrf", hrf, _HRFS, allow_callable=True)
    low, high = _check_band(band, raw.info["sfreq"])
    data = raw.get_data(picks=picks)
    data = mne.filter.filter_data(data, raw.info["sfreq"], low, high, verbose="error")
    power = (np.abs(hilbert(data, axis=1)) ** 2).mean(axis=0)
    step = max(1, round(raw.info["sfreq"] / _RATE))
    course = uniform_filter1d(power, step)[step // 2 :: step]
    times = (np.arange(len(course)) * step + step // 2) / raw.info["sfreq"]
    course = course - course.mean()
    response = _HRFS[hrf] if not callable(hrf) else hrf
    if response is None:
        return times, course
    dt = step / raw.info["sfreq"]
    if callable(hrf):
        kernel = np.asarray(hrf(dt))
    else:
        kernel = response(dt, oversampling=1, time_length=_RESPONSE)
    return times, np.convolve(course, kernel)[: len(course)]


def read_course(times, course, wanted):
    """Read a course at some times, and scale it.

    Parameters
    ----------
    times, course : ndarray of shape (n_times,)
        From `power_course`.
    wanted : ndarray of shape (n_volumes,)
        In s; beyond the recording its mean is taken.

    Returns
    -------
    ndarray of shape (n_volumes,)
        Of mean 0 and standard deviation 1.
    """
    values = np.interp(wanted, times, course, left=0.0, right=0.0)
    values -= values.mean()
    spread = values.std()
    return values / spread if spread > 0 else values


def find_volume_times(raw, run):
    """Give the times of the volumes of a BOLD run on the clock of its EEG.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        EEG with the markers of the scanner.
    run : BoldRun
        The run.

    Returns
    -------
    ndarray of shape (n_volumes,)
        In s from the start of the EEG.

    Raises
    ------
    ValueError
        If there are no markers, or they fit the run in no way or in several.
    """
    markers = find_markers(raw, "auto")
    if markers is None:
        raise ValueError("the EEG has no markers of volumes")
    onsets = markers.points / raw.info["sfreq"]
    ways = list_fits(onsets, run.t_r, run.n_volumes)
    best = [fit for cost, fit, _ in ways if cost == ways[0][0]]
    if len(best) != 1:
        raise ValueError(
            f"{len(onsets)} markers fit {run.n_volumes} volumes every {run.t_r:g} s in "
            f"{len(best)} ways"
        )
    return best[0].to_other((np.arange(run.n_volumes) + run.slice_time_ref) * run.t_r)


def _marked_volumes(raw, t_r):
    markers = find_markers(raw, "auto")
    if markers is None:
        raise ValueError(
            f"{_OWNER}: raw has no markers of volumes; give volume_times in s from its start"
        )
    onsets = markers.points / raw.info["sfreq"]
    interval = float(np.median(np.diff(onsets)))
    if t_r is None:
        t_r = interval
    check_number(_OWNER, "t_r", t_r, low=0, closed="neither", unit="s")
    every = max(1, round(t_r / interval))
    return onsets[::every] + 0.5 * t_r


def _check_band(band, sfreq):
    if not isinstance(band, (tuple, list)) or len(band) != 2:
        raise ValueError(f"{_OWNER}: band must be a pair of frequencies in Hz, got {band!r}")
    low, high = band
    check_number(_OWNER, "band", low, low=0, closed="neither", unit="Hz")
    check_number(_OWNER, "band", high, low=low, high=sfreq / 2, closed="neither", unit="Hz")
    return low, high
