"""Cutting epochs, which several extractors share."""

from dataclasses import dataclass

import mne
import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.eeg._channel_types import assign_channel_types, pick_eeg
from sklearn_neurofuse.recordings import check_onsets

# median absolute deviations to standard deviations of a Gaussian
_MAD = 1.4826
_N_DEVIATIONS = 5.0


@dataclass(frozen=True, eq=False)
class CutEpochs:
    """Epochs around all events of a recording.

    Parameters
    ----------
    data : ndarray of shape (n_events, n_channels, n_times)
        In V; all NaN where there is no epoch.
    info : mne.Info
        Of the channels.
    tmin : float
        Time of the first sample point in s.
    reasons : dict of int to str
        Why there is no epoch.
    """

    data: np.ndarray
    info: mne.Info
    tmin: float
    reasons: dict


def check_window(owner, tmin, tmax, baseline):
    """Raise TypeError or ValueError for a bad interval or baseline.

    Parameters
    ----------
    owner : object
        The extractor.
    tmin, tmax : float
        In s.
    baseline : tuple of (float or None, float or None) or None
        In s.
    """
    name = type(owner).__name__
    check_number(owner, "tmin", tmin, unit="s")
    check_number(owner, "tmax", tmax, low=tmin, closed="neither", unit="s")
    if baseline is None:
        return
    if not isinstance(baseline, (tuple, list)) or len(baseline) != 2:
        raise ValueError(f"{name}: baseline must be a pair (start, end) in s, got {baseline!r}")
    for edge in baseline:
        if edge is not None:
            check_number(owner, "baseline", edge, low=tmin, high=tmax, unit="s")
    start, end = (tmin if baseline[0] is None else baseline[0]), baseline[1]
    if end is not None and end < start:
        raise ValueError(f"{name}: baseline must end after its start, got {baseline!r}")


def check_reject(owner, reject):
    """Raise TypeError or ValueError for a bad criterion of rejection.

    Parameters
    ----------
    owner : object
        The extractor.
    reject : {"auto"}, dict or None
        The criterion.
    """
    if reject is None:
        return
    if not isinstance(reject, dict):
        check_choice(owner, "reject", reject, ("auto",))
        return
    for kind, size in reject.items():
        check_choice(owner, "reject", kind, ("eeg", "seeg", "ecog"))
        check_number(owner, f"reject[{kind!r}]", size, low=0, closed="neither", unit="V")


def cut_epochs(recording, events, tmin, tmax, baseline, reject):
    """Cut a recording around its events.

    Parameters
    ----------
    recording : mne.io.BaseRaw
        The recording.
    events : DataFrame
        With a column ``onset`` in s from the first sample.
    tmin, tmax : float
        In s relative to the event.
    baseline : tuple or None
        Interval in s whose mean is subtracted.
    reject : {"auto"}, dict or None
        As of `Epocher`.

    Returns
    -------
    CutEpochs
        One for each event.

    Raises
    ------
    ValueError
        If an event lies outside the recording, or there are no EEG channels.
    """
    raw = assign_channel_types(recording)
    sfreq = raw.info["sfreq"]
    check_onsets(events, raw.n_times / sfreq)
    # events at one sample point share an epoch, which MNE would refuse to cut twice
    points = np.rint(events["onset"].to_numpy(dtype=float) * sfreq).astype(int)
    points, which = np.unique(points + raw.first_samp, return_inverse=True)
    epochs = _cut(raw, points, tmin, tmax, baseline, reject)
    data = np.full((len(points), len(epochs.ch_names), len(epochs.times)), np.nan)
    if len(epochs):
        data[epochs.selection] = epochs.get_data(copy=False)
    reasons = {row: _reason(log) for row, log in enumerate(epochs.drop_log) if log}
    for row in _broken(data, epochs):
        data[row] = np.nan
        reasons.setdefault(row, "it holds values that are not finite")
    if reject == "auto" and len(epochs):
        for row in epochs.selection[_too_large(epochs)].tolist():
            data[row] = np.nan
            reasons[row] = "amplitude far above the median of the recording"
    reasons = {row: reasons[i] for row, i in enumerate(which.tolist()) if i in reasons}
    return CutEpochs(data[which], epochs.info, epochs.tmin, reasons)


def _cut(raw, points, tmin, tmax, baseline, reject):
    codes = np.column_stack([points, np.zeros_like(points), np.ones_like(points)])
    return mne.Epochs(
        raw,
        codes,
        tmin=tmin,
        tmax=tmax,
        baseline=None if baseline is None else tuple(baseline),
        picks=pick_eeg(raw),
        reject=reject if isinstance(reject, dict) else None,
        preload=True,
        on_missing="ignore",
        verbose="ERROR",
    )


def _reason(log):
    if "TOO_SHORT" in log or "NO_DATA" in log:
        return "the window reaches beyond the recording"
    return f"rejected for {', '.join(log)}"


def _broken(data, epochs):
    """List the epochs in which good channels hold values that are not finite."""
    good = [i for i, name in enumerate(epochs.ch_names) if name not in epochs.info["bads"]]
    return np.flatnonzero(~np.isfinite(data[:, good]).all(axis=(1, 2))).tolist()


def _too_large(epochs):
    """Find epochs whose greatest peak-to-peak amplitude is far above the others'."""
    data = epochs.get_data(copy=False)
    good = [i for i, name in enumerate(epochs.ch_names) if name not in epochs.info["bads"]]
    size = np.log(np.ptp(data[:, good], axis=2).max(axis=1, initial=0.0) + np.finfo(float).tiny)
    known = np.isfinite(size)
    if not known.any():
        return known
    deviation = size - np.median(size[known])
    scale = _MAD * np.median(np.abs(deviation[known]))
    return known & (deviation > _N_DEVIATIONS * max(scale, np.finfo(float).eps))
