"""Columns of general linear models, at the times that volumes stand for."""

import numpy as np
from nilearn.glm.first_level import compute_regressor, glover_hrf, spm_hrf
from nilearn.signal import create_cosine_drift

from sklearn_neurofuse.signal._glm import take_off

HRFS = {"glover": glover_hrf, "spm": spm_hrf}
_OVERSAMPLING = 50


def trial_columns(run, events, hrf):
    """Give the response expected to each event.

    Parameters
    ----------
    run : BoldRun
        Whose volumes count.
    events : DataFrame
        ``onset`` and ``duration`` in s.
    hrf : str or callable
        As of `TrialBetas`.

    Returns
    -------
    ndarray of shape (n_volumes, n_events)
        One at the peak of the whole response.
    """
    frame_times = np.arange(run.n_volumes) * run.t_r
    # counted from where nilearn has its first volume, which has to be zero for its own grid
    onsets = events["onset"].to_numpy(dtype=float) - run.volume_times[0]
    durations = _durations(events)
    peaks = {duration: _response(duration, run.t_r, hrf).max() for duration in set(durations)}
    columns = [
        compute_regressor(
            ([onset], [duration], [1.0]), hrf, frame_times, oversampling=_OVERSAMPLING
        )[0][:, 0]
        / peaks[duration]
        for onset, duration in zip(onsets, durations, strict=True)
    ]
    return np.column_stack(columns)


def full_energy(events, t_r, hrf):
    """Give the energy of each response where it is measured whole and nothing is beside it.

    Parameters
    ----------
    events : DataFrame
        ``duration`` in s.
    t_r : float
        Repetition time in s.
    hrf : str or callable
        As of `TrialBetas`.

    Returns
    -------
    ndarray of shape (n_events,)
        Sum of squares over volumes.
    """
    durations = _durations(events)
    energies = {}
    for duration in set(durations):
        response = _response(duration, t_r, hrf)
        energies[duration] = ((response / response.max()) ** 2).sum() / _OVERSAMPLING
    return np.array([energies[duration] for duration in durations])


def nuisance_columns(run, plan, high_pass):
    """Give what stands in each model beside the events.

    Parameters
    ----------
    run : BoldRun
        Whose volumes count.
    plan : ConfoundPlan
        Confounds, and which volumes are not used.
    high_pass : float
        Cut-off of the drift in Hz.

    Returns
    -------
    ndarray of shape (n_volumes, n_columns)
        Drift with a constant, confounds, and a column for each volume that is not used.
    """
    frame_times = np.arange(run.n_volumes) * run.t_r
    drift = create_cosine_drift(max(high_pass, plan.high_pass or 0.0), frame_times)
    spikes = np.eye(run.n_volumes)[:, ~plan.kept]
    constant = np.ones((run.n_volumes, 1)) / np.sqrt(run.n_volumes)
    columns = take_off(constant, plan.columns)
    return np.hstack([drift, columns, spikes])


def refuse_low_pass(plan, owner):
    """Raise ValueError where a low-pass filter stands before a model.

    Parameters
    ----------
    plan : ConfoundPlan
        What stands before.
    owner : str
        Class of the extractor, for the message.
    """
    if plan.low_pass is not None:
        raise ValueError(
            f"{owner} takes no low-pass filter before it, got ConfoundRegressor(low_pass="
            f"{plan.low_pass:g}): responses would be smeared and degrees of freedom miscounted; "
            "use low_pass=None"
        )


def _durations(events):
    if "duration" not in events:
        return [0.0] * len(events)
    return np.nan_to_num(events["duration"].to_numpy(dtype=float)).tolist()


def _response(duration, t_r, hrf):
    """Give the response to an event on nilearn's fine grid."""
    kernel = np.asarray(HRFS.get(hrf, hrf)(t_r, _OVERSAMPLING), dtype=float)
    n_samples = max(1, round(duration * _OVERSAMPLING / t_r))
    return np.convolve(kernel, np.ones(n_samples))
