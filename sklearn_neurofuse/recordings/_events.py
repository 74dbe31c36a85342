"""Event tables of recordings."""

from dataclasses import replace

import numpy as np
import pandas as pd

from sklearn_neurofuse.recordings._bold_run import BoldRun
from sklearn_neurofuse.recordings._recording import EEG, open_source, raise_or_warn


def read_events(recordings, events, wanted, on_error):
    """Give each recording its event table.

    Parameters
    ----------
    recordings : tuple of Recording
        The recordings.
    events : sequence of DataFrame or None
        One table for each; None reads them from the recordings where they are wanted.
    wanted : bool
        Whether samples are events, so that each recording needs some.
    on_error : {"raise", "missing"}
        What happens with a recording whose events cannot be read, or that has none.

    Returns
    -------
    tuple of Recording
        With checked tables.

    Raises
    ------
    TypeError
        If a table is no DataFrame.
    ValueError
        If a table lacks a column, an onset is not finite, or events are wanted and there are
        none, or no recording is left.
    """
    if events is not None and len(events) != len(recordings):
        raise ValueError(
            f"Recordings: events must hold one table for each of {len(recordings)} recordings, "
            f"got {len(events)}"
        )
    given = [None] * len(recordings) if events is None else list(events)
    recordings = tuple(
        _with_events(recording, table, wanted, on_error)
        for recording, table in zip(recordings, given, strict=True)
    )
    if all(recording.source is None for recording in recordings):
        raise ValueError("Recordings: no recording can be read; at least one is needed")
    return recordings


def _with_events(recording, table, wanted, on_error):
    if table is None and isinstance(recording.source, BoldRun):
        table = recording.source.events
    if table is None and wanted and recording.kind == EEG:
        try:
            table = _from_annotations(recording)
        except ValueError as error:
            raise_or_warn(error, on_error)
            return replace(recording, source=None, kind=None)
    if table is not None:
        table = _checked(table, recording.title)
    if wanted and recording.source is not None and (table is None or len(table) == 0):
        error = ValueError(
            f"Recordings: {recording.title} has no events, and samples are events; give its "
            "table or leave it out"
        )
        raise_or_warn(error, on_error)
    return replace(recording, events=table)


def _checked(table, title):
    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"Recordings: events of {title} must be a DataFrame, got {type(table).__name__}"
        )
    if "onset" not in table:
        raise ValueError(f"Recordings: events of {title} must have a column onset, in s")
    onsets = pd.to_numeric(table["onset"], errors="coerce").to_numpy(dtype=float)
    if not np.isfinite(onsets).all():
        bad = int(np.flatnonzero(~np.isfinite(onsets))[0])
        raise ValueError(
            f"Recordings: event {bad} of {title} must have a finite onset in s, "
            f"got {table['onset'].tolist()[bad]!r}"
        )
    table = table.reset_index(drop=True).assign(onset=onsets)
    return table if "duration" in table else table.assign(duration=0.0)


def _from_annotations(recording):
    try:
        raw = open_source(recording.source)
    except Exception as error:
        # MNE has readers for many formats, and each fails in its own way
        raise ValueError(f"Recordings: {recording.title} cannot be read: {error}") from error
    notes = raw.annotations
    # onsets of annotations count from where the first sample number is zero
    onset = notes.onset - raw.first_samp / raw.info["sfreq"]
    return pd.DataFrame(
        {"onset": onset, "duration": notes.duration, "trial_type": list(notes.description)}
    )


def check_onsets(events, duration, start=0.0):
    """Refuse events that lie outside a recording.

    Parameters
    ----------
    events : DataFrame
        With a column ``onset``, in s.
    duration : float
        Length of the recording in s.
    start : float, default=0.0
        When it starts on the clock of the events, in s.

    Raises
    ------
    ValueError
        If an onset lies outside.
    """
    onsets = events["onset"].to_numpy(dtype=float)
    outside = np.flatnonzero((onsets < start) | (onsets >= start + duration))
    if outside.size:
        raise ValueError(
            f"event {outside[0]} at {onsets[outside[0]]:g} s lies outside the recording, which "
            f"lasts from {start:g} to {start + duration:g} s"
            f"{f' ({outside.size} such events)' if outside.size > 1 else ''}"
        )
