"""Where the R peaks of a recording are: marked, in its ECG channel, or in the EEG itself."""

from dataclasses import dataclass

import mne
import numpy as np

from sklearn_neurofuse._validation import nearest
from sklearn_neurofuse.signal._heartbeats import find_beats_in_ecg, find_beats_in_eeg

_REFRACTORY = 0.28


@dataclass(frozen=True, eq=False)
class Heartbeats:
    """Times of the R peaks in s from the first sample point, and where they come from."""

    times: np.ndarray
    source: str


def find_heartbeats(raw, ecg, heart_rate):
    """Find the R peaks of a recording.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    ecg : str
        "auto", "eeg", the name of a channel, or the description of annotations.
    heart_rate : tuple of (float, float)
        Range of the mean heart rate per minute.

    Returns
    -------
    Heartbeats
        What was found.

    Raises
    ------
    ValueError
        If nothing like a heartbeat is found, or there is no such channel.
    """
    if ecg == "auto":
        return _from_anything(raw, heart_rate)
    if ecg == "eeg":
        return _from_eeg(raw, heart_rate)
    if ecg in raw.ch_names:
        return _from_channel(raw, ecg, heart_rate)
    descriptions = sorted(set(map(str, raw.annotations.description)))
    if ecg in descriptions:
        return _from_annotations(raw, ecg)
    close = nearest(ecg, [*raw.ch_names, *descriptions])
    raise ValueError(
        f"ecg={ecg!r} is neither a channel nor the description of annotations of the recording"
        f"{close}"
    )


def _from_anything(raw, heart_rate):
    """Take the first ECG channel that can be read; the EEG where there is none."""
    picks = mne.pick_types(raw.info, ecg=True, exclude="bads")
    troubles = []
    for pick in picks:
        try:
            return _from_channel(raw, raw.ch_names[pick], heart_rate)
        except ValueError as error:
            troubles.append(f"{raw.ch_names[pick]}: {error}")
    try:
        return _from_eeg(raw, heart_rate)
    except ValueError as error:
        raise ValueError("; ".join([*troubles, str(error)])) from error


def _from_channel(raw, name, heart_rate):
    course = raw.get_data(picks=[name])[0]
    return Heartbeats(find_beats_in_ecg(course, raw.info["sfreq"], heart_rate), name)


def _from_eeg(raw, heart_rate):
    data = raw.get_data(picks=mne.pick_types(raw.info, eeg=True, exclude="bads"))
    if len(data) == 0:
        raise ValueError("the recording has no good EEG channels to find heartbeats in")
    return Heartbeats(find_beats_in_eeg(data, raw.info["sfreq"], heart_rate), "eeg")


def _from_annotations(raw, description):
    times = annotation_times(raw, lambda found: found == description)
    # some programs mark a beat twice
    kept = np.concatenate([[True], np.diff(times) > _REFRACTORY])
    return Heartbeats(times[kept], description)


def annotation_times(raw, wanted):
    """Give the onsets of annotations in s from the first sample point.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    wanted : callable
        Tells by its description whether an annotation is wanted.

    Returns
    -------
    ndarray of shape (n_annotations,)
        Rising, inside the recording.
    """
    notes = raw.annotations
    onset = notes.onset - raw.first_samp / raw.info["sfreq"]
    kept = [bool(wanted(str(description))) for description in notes.description]
    onset = np.sort(onset[np.array(kept, dtype=bool)])
    return onset[(onset >= 0) & (onset < raw.n_times / raw.info["sfreq"])]
