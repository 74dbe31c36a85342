"""`lag_search`: at which lag EEG and BOLD go together, if at all."""

import numpy as np
from nilearn.image import resample_to_img
from nilearn.masking import compute_epi_mask
from nilearn.signal import clean
from sklearn.utils import Bunch, check_random_state

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.inspection._eeg_regressor import (
    find_volume_times,
    power_course,
    read_course,
)

_OWNER = "lag_search"
MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")


def lag_search(
    run,
    raw,
    *,
    band=(8.0, 13.0),
    picks="eeg",
    hrf="glover",
    lags=None,
    mask_img=None,
    high_pass=0.008,
    n_permutations=200,
    volume_times=None,
    random_state=None,
):
    """Search the lag at which the power of a rhythm and BOLD go together.

    If EEG and BOLD stand on one clock, the peak is near zero; a misalignment moves it by as much.

    Parameters
    ----------
    run : BoldRun
        BOLD; columns of motion among its confounds are regressed out.
    raw : mne.io.BaseRaw
        Cleaned EEG of the same minutes, with the markers of the scanner.
    band, picks, hrf : object
        As in :func:`eeg_regressor`.
    lags : array-like, default=None
        Lags in s by which BOLD follows beyond `hrf`; None is -10 to 15 in steps of 0.5.
    mask_img : nibabel image, default=None
        Region whose mean course is correlated, with its sign; None correlates all voxels of the
        brain and takes the 99th percentile of absolute correlations.
    high_pass : float, default=0.008
        Slower drifts are removed, in Hz.
    n_permutations : int, default=200
        Number of regressors with random phases [1]_, for the null.
    volume_times : array-like of shape (n_volumes,), default=None
        Times of the volumes on the clock of the EEG, in s; None takes the markers.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    Bunch
        With the attributes

        lags, r : ndarray of shape (n_lags,)
            Lags in s, and the correlation at each.
        peak_lag, peak : float
            Where the absolute correlation is largest, and how large.
        threshold, p_value : float
            95th percentile of the largest absolute correlation over lags under the null, and how
            often the null is as large as the peak.

    Raises
    ------
    ValueError
        If there are no markers, or mask and brain have nothing in common.

    References
    ----------
    .. [1] Theiler, J., Eubank, S., Longtin, A., Galdrikian, B., & Farmer, J. D. (1992). Testing
       for nonlinearity in time series: the method of surrogate data. Physica D, 58(1-4), 77-94.
       doi:10.1016/0167-2789(92)90102-S

    Examples
    --------
    >>> from sklearn_neurofuse.inspection import lag_search
    >>> found = lag_search(run, cleaned_raw)  # doctest: +SKIP
    >>> found.peak_lag, found.p_value  # doctest: +SKIP
    """
    check_number(_OWNER, "n_permutations", n_permutations, low=20, integer=True)
    lags = np.arange(-10.0, 15.25, 0.5) if lags is None else np.asarray(lags, dtype=float)
    if lags.ndim != 1 or not np.isfinite(lags).all() or lags.size == 0:
        raise ValueError(f"{_OWNER}: lags must be finite numbers in s, got shape {lags.shape}")
    wanted = find_volume_times(raw, run) if volume_times is None else np.asarray(volume_times)
    courses, regress = _bold_courses(run, mask_img, high_pass)
    times, power = power_course(raw, band, picks, hrf)
    r = _correlate(courses, regress, times, power, wanted, lags)
    rng = check_random_state(random_state)
    null = np.array(
        [
            np.abs(
                _correlate(courses, regress, times, _random_phases(power, rng), wanted, lags)
            ).max()
            for _ in range(n_permutations)
        ]
    )
    best = int(np.abs(r).argmax())
    return Bunch(
        lags=lags,
        r=r,
        peak_lag=float(lags[best]),
        peak=float(r[best]),
        threshold=float(np.quantile(null, 0.95)),
        p_value=float((1 + np.sum(null >= np.abs(r[best]))) / (1 + n_permutations)),
    )


def _bold_courses(run, mask_img, high_pass):
    """Give cleaned, standardised courses of shape (n_volumes, n_courses), and what cleans."""
    data = run.get_data()
    if mask_img is None:
        mask = np.asarray(compute_epi_mask(run.img).dataobj) > 0
    else:
        fitted = resample_to_img(
            mask_img, run.img.slicer[..., 0], interpolation="nearest", force_resample=True,
            copy_header=True,
        )  # fmt: skip
        mask = np.asarray(fitted.dataobj) > 0
    if not mask.any():
        raise ValueError(f"{_OWNER}: mask_img has no voxel in common with the run")
    courses = data[mask].T.astype(np.float64)
    if mask_img is not None:
        courses = courses.mean(axis=1, keepdims=True)

    def regress(values):
        cleaned = clean(
            values,
            confounds=motion_of(run),
            high_pass=high_pass,
            t_r=run.t_r,
            detrend=True,
            filter="cosine",
            standardize=None,
        )
        spread = cleaned.std(axis=0)
        return cleaned / np.where(spread > 0, spread, 1.0)

    return regress(courses), regress


def motion_of(run):
    """Give the columns of motion among the confounds of a run.

    Parameters
    ----------
    run : BoldRun
        The run.

    Returns
    -------
    ndarray of shape (n_volumes, 6) or None
        None where they are not known.
    """
    if run.confounds is None or not set(MOTION) <= set(run.confounds):
        return None
    return run.confounds[list(MOTION)].fillna(0.0).to_numpy()


def _correlate(courses, regress, times, power, wanted, lags):
    """Give one correlation for each lag: of the one course, or of the strongest voxels."""
    design = np.column_stack([read_course(times, power, wanted - lag) for lag in lags])
    r = regress(design).T @ courses / len(courses)
    return r[:, 0] if courses.shape[1] == 1 else np.percentile(np.abs(r), 99, axis=1)


def _random_phases(course, rng):
    """Keep the spectrum of a course and draw its phases."""
    spectrum = np.fft.rfft(course)
    phases = np.exp(2j * np.pi * rng.uniform(size=len(spectrum)))
    return np.fft.irfft(np.abs(spectrum) * phases, len(course))
