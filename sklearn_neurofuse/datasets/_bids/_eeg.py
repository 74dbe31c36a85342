"""The EEG of a BIDS dataset: opened, with the kinds and places of its channels."""

import warnings
from functools import partial

import mne
import numpy as np
import pandas as pd

from sklearn_neurofuse.datasets._bids._files import find_beside, read_beside, read_table
from sklearn_neurofuse.eeg._channel_types import BIDS_KINDS, kind_of
from sklearn_neurofuse.eeg._triggers import is_scanner_mark

# before the description of a marker that the user says is of volumes
_VOLUME = "Volume/"
_MOST_NAMED = 8


def open_eeg(root, file, channel_types=None):
    """Open a recording; its values stay on disk.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.
    file : BidsFile
        The recording.
    channel_types : dict of str to str, default=None
        Kinds of channels that the dataset does not tell, in MNE's words.

    Returns
    -------
    mne.io.Raw
        With the kinds, places and bad channels that the dataset tells.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    try:
        raw = mne.io.read_raw(file.path, preload=False, verbose="error")
    except Exception as error:
        # MNE has readers for many formats, and each fails in its own way
        raise ValueError(f"{file.path.name} cannot be read: {error}") from error
    _describe_channels(raw, read_beside(root, file, "channels"), channel_types or {})
    _place_electrodes(raw, find_beside(root, file, "electrodes", ".tsv"))
    return raw


def _describe_channels(raw, table, given):
    kinds = {name: kind_of(name) for name in raw.ch_names}
    kinds = {name: kind for name, kind in kinds.items() if kind != "eeg"}
    if table is not None and "name" in table:
        table = table.set_index(table["name"].astype(str))
        table = table.loc[[name for name in raw.ch_names if name in table.index]]
        if "type" in table:
            told = table["type"].astype(str).str.upper()
            kinds |= {n: BIDS_KINDS[k] for n, k in told.items() if k in BIDS_KINDS}
        if "status" in table:
            raw.info["bads"] = [n for n, status in table["status"].items() if status == "bad"]
    kinds |= given
    unknown = sorted(set(given) - set(raw.ch_names))
    if unknown:
        raise ValueError(f"channel_types names {', '.join(unknown)}, which it does not have")
    now = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    raw.set_channel_types(
        {name: kind for name, kind in kinds.items() if now[name] != kind}, verbose="error"
    )


def _place_electrodes(raw, tables):
    """Set places from the table of electrodes, else from the standard names."""
    if tables:
        table = read_table(tables[-1])
        if {"name", "x", "y", "z"} <= set(table):
            table = table.dropna(subset=["x", "y", "z"])
            places = table[["x", "y", "z"]].to_numpy(dtype=float)
            # BIDS allows mm and m, and tells which in a file that is often missing
            places = places * (1e-3 if np.abs(places).max(initial=0) > 2 else 1.0)
            montage = mne.channels.make_dig_montage(
                dict(zip(table["name"].astype(str), places, strict=True)), coord_frame="head"
            )
            raw.set_montage(montage, on_missing="ignore", verbose="error")
            return
    if not _has_places(raw):
        montage = mne.channels.make_standard_montage("colin27_1005")
        raw.set_montage(montage, match_case=False, on_missing="ignore", verbose="error")


def _has_places(raw):
    """Tell whether any EEG channel has a place; formats write 0 or NaN for those that have none."""
    picks = mne.pick_types(raw.info, eeg=True, exclude=())
    places = np.array([raw.info["chs"][pick]["loc"][:3] for pick in picks]).reshape(-1, 3)
    return bool((np.isfinite(places).all(axis=1) & places.any(axis=1)).any())


def name_triggers(raw, name):
    """Mark the annotations that are of volumes, so that steps on the recording know them.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording; the annotations get ``Volume/`` before their description.
    name : str
        Their description, or its last part.
    """
    there = dict.fromkeys(map(str, raw.annotations.description))
    chosen = [text for text in there if _is_called(text, name) and not is_scanner_mark(text)]
    raw.annotations.rename({text: f"{_VOLUME}{text}" for text in chosen})


def _is_called(description, name):
    return name in (description, description.removeprefix(_VOLUME), description.split("/")[-1])


def read_markers(raw):
    """Give the markers in a recording.

    Parameters
    ----------
    raw : mne.io.Raw
        The recording.

    Returns
    -------
    DataFrame
        Columns ``onset`` and ``duration`` in s from the start, ``trial_type``.
    """
    notes = raw.annotations
    table = pd.DataFrame(
        {
            "onset": np.asarray(notes.onset, dtype=float) - raw.first_samp / raw.info["sfreq"],
            "duration": np.asarray(notes.duration, dtype=float),
            "trial_type": list(notes.description),
        }
    )
    return pd.concat([table, _stim_events(raw)]) if len(table) == 0 else table


def _stim_events(raw):
    """Read a channel of triggers where there are no annotations."""
    if "stim" not in raw.get_channel_types():
        return pd.DataFrame({"onset": [], "duration": [], "trial_type": []})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        events = mne.find_events(raw, shortest_event=1, verbose="error")
    onset = (events[:, 0] - raw.first_samp) / raw.info["sfreq"]
    return pd.DataFrame({"onset": onset, "duration": 0.0, "trial_type": events[:, 2].astype(str)})


def find_volume_triggers(markers, name=None):
    """Pick the markers that the scanner sent.

    Parameters
    ----------
    markers : DataFrame
        From `read_markers`.
    name : str, default=None
        Their name or its last part; None knows the usual ones.

    Returns
    -------
    ndarray of shape (n_triggers,)
        Onsets in s, sorted.
    """
    described = markers["trial_type"].astype(str)
    is_chosen = is_scanner_mark if name is None else partial(_is_called, name=name)
    chosen = described.map(is_chosen)
    return np.sort(markers.loc[chosen.to_numpy(dtype=bool), "onset"].to_numpy(dtype=float))


def describe_markers(markers):
    """Say which markers a recording has, for messages.

    Parameters
    ----------
    markers : DataFrame
        From `read_markers`.

    Returns
    -------
    str
        Names and numbers.
    """
    counts = markers["trial_type"].astype(str).value_counts()
    told = ", ".join(f"{name!r} ({count})" for name, count in counts.head(_MOST_NAMED).items())
    more = ", ..." if len(counts) > _MOST_NAMED else ""
    if not told:
        return "it has no markers at all"
    return f"its markers are {told}{more}; tell by trigger which are of volumes"
