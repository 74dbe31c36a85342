"""Copies of recordings that hold their data once, and lower rates without a second whole copy."""

from fractions import Fraction

import mne
import numpy as np

# channels brought to another rate at a time
_BLOCK = 4
# points of the old rate that may have to be added, and those that MNE adds on both sides
_MOST_ADDED, _AROUND = 10_000, 100


def copy_raw(raw, picks=None):
    """Copy a recording, or some of its channels, into memory.

    Unlike :meth:`mne.io.Raw.copy` it does not keep the array that the recording was made of
    beside the data.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording; not written to.
    picks : array-like of int, default=None
        Numbers of the channels; None for all.

    Returns
    -------
    mne.io.RawArray
        With the annotations of the recording.
    """
    picks = np.arange(len(raw.ch_names)) if picks is None else np.asarray(picks, dtype=int)
    return make_raw(raw, raw.get_data(picks=picks), mne.pick_info(raw.info, picks))


def make_raw(raw, data, info):
    """Put data into a recording as long as another one, with its annotations.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Says when the recording begins, and what was marked.
    data : ndarray of shape (n_channels, n_times)
        Not copied where it is of double precision.
    info : mne.Info
        Of these channels.

    Returns
    -------
    mne.io.RawArray
        The recording.
    """
    made = mne.io.RawArray(data, info, raw.first_samp, copy="auto", verbose="ERROR")
    notes = raw.annotations.copy()
    if notes.orig_time is None:
        # MNE counts these from the first sample point, and gives them from the clock's start
        notes.onset -= raw.first_time
    return made.set_annotations(notes, emit_warning=False, verbose="ERROR")


def resample_raw(raw, sfreq, *, picks=None, method="polyphase", n_jobs=None):
    """Change the rate of a recording, some channels at a time.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording; not written to.
    sfreq : float
        New sampling frequency in Hz.
    picks : array-like of int, default=None
        Numbers of the channels; None for all.
    method : {"polyphase", "fft"}, default="polyphase"
        As in :meth:`mne.io.Raw.resample`.
    n_jobs : int, default=None
        Channels resampled in parallel.

    Returns
    -------
    mne.io.RawArray
        The resampled recording.
    """
    picks = np.arange(len(raw.ch_names)) if picks is None else np.asarray(picks, dtype=int)
    parts = []
    for begin in range(0, len(picks), _BLOCK):
        parts.append(_resampled(raw, sfreq, picks[begin : begin + _BLOCK], method, n_jobs))
    first, *others = parts
    return copy_raw(first.add_channels(others)) if others else first


def _resampled(raw, sfreq, picks, method, n_jobs):
    """Resample without stretching time.

    MNE brings all points to a whole number of new ones, which for most lengths moves the last by
    up to half a point; of a length that is whole at both rates none moves.
    """
    exact = Fraction(sfreq) / Fraction(raw.info["sfreq"])
    ratio = exact.limit_denominator(_MOST_ADDED)
    period = ratio.denominator if abs(ratio / exact - 1) < 1e-12 else 1
    n_added = -raw.n_times % period
    kind = {"mode": "reflect", "reflect_type": "odd"} if n_added < raw.n_times else {"mode": "edge"}
    data = np.pad(raw.get_data(picks=picks), ((0, 0), (0, n_added)), **kind)
    part = make_raw(raw, data, mne.pick_info(raw.info, picks))
    around = period * -(-_AROUND // period) if method == "fft" else "auto"
    part.resample(sfreq, method=method, npad=around, n_jobs=n_jobs, verbose="ERROR")
    n_times = max(round(raw.n_times * ratio), 1)
    # the part itself keeps what it was made of
    return make_raw(part, part.get_data()[:, :n_times], part.info)
