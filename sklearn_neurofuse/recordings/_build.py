"""From what a user gives to checked recordings and an index of samples."""

import os
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sklearn_neurofuse.recordings._bold_run import BoldRun
from sklearn_neurofuse.recordings._identity import values_path
from sklearn_neurofuse.recordings._recording import (
    Recording,
    as_source,
    raise_or_warn,
    source_path,
)

ENTITIES = ("subject", "session", "run", "site")


def make_recordings(sources, entities, partner, done, on_error):
    """Check sources and what is known of them.

    Parameters
    ----------
    sources : sequence of path-like, mne.io.BaseRaw, nibabel image, BoldRun or None
        The recordings.
    entities : dict of str to (sequence of str or None)
        Subject, session, run and site.
    partner, done : sequence or None
        One value for each recording.
    on_error : {"raise", "missing"}
        What happens with a file that is not there or cannot be opened.

    Returns
    -------
    tuple of Recording
        Without events.

    Raises
    ------
    TypeError
        If a source is of an unknown kind.
    ValueError
        If there is none, one stands twice, kinds are mixed, or a list has another length.
    FileNotFoundError
        If a path leads nowhere.
    """
    sources = _as_list(sources, "sources")
    columns = {name: _column(name, values, len(sources)) for name, values in entities.items()}
    partner = _column("partner", partner, len(sources), as_text=False)
    done = _column("done", done, len(sources), as_text=False)
    recordings = tuple(
        _make_recording(number, source, partner[number], done[number], columns, on_error)
        for number, source in enumerate(sources)
    )
    _check_kinds(recordings)
    _check_distinct(recordings)
    return recordings


def _as_list(values, what):
    if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, np.ndarray)):
        raise TypeError(
            f"Recordings: {what} must be a list with one entry for each recording, "
            f"got {type(values).__name__}"
        )
    if len(values) == 0:
        raise ValueError(f"Recordings: {what} must hold at least one recording, got none")
    return list(values)


def _column(name, values, length, as_text=True):
    if values is None:
        return [None] * length
    if isinstance(values, (str, bytes)):
        raise TypeError(
            f"Recordings: {name} must be a list with one value for each recording, got {values!r}"
        )
    if len(values) != length:
        raise ValueError(f"Recordings: {name} must have {length} values, got {len(values)}")
    return [str(value) if as_text and value is not None else value for value in values]


def _make_recording(number, source, partner, done, columns, on_error):
    entities = {name: values[number] for name, values in columns.items()}
    title = Recording(source_path(source), None, number, **entities).title
    source, kind = _open(source, title, on_error)
    partner, partner_kind = _open(partner, f"the partner of {title}", on_error)
    if kind is not None and kind == partner_kind:
        raise ValueError(
            f"Recordings: the partner of {title} must be of the other modality, got {kind} too"
        )
    done = (done,) if isinstance(done, str) else done or ()
    known = source.done if isinstance(source, BoldRun) else ()
    done = tuple(dict.fromkeys([*known, *done]))
    return Recording(source, kind, number, partner=partner, done=done, **entities)


def _open(source, title, on_error):
    try:
        return as_source(source, title)
    except (OSError, ValueError) as error:
        raise_or_warn(error, on_error)
    return None, None


def _check_kinds(recordings):
    kinds = {recording.kind for recording in recordings} - {None}
    if not kinds:
        raise ValueError("Recordings: all sources are None; at least one recording is needed")
    if len(kinds) > 1:
        raise ValueError(
            "Recordings: sources must be of one modality, got BOLD and EEG; "
            "make one Recordings for each"
        )


def _check_distinct(recordings):
    seen = {}
    for recording in recordings:
        if recording.source is None:
            continue
        mark = _mark(recording.source)
        if mark in seen:
            raise ValueError(
                f"Recordings: {recording.title} is the same as {seen[mark].title}; "
                "each recording is given once, with all its events"
            )
        seen[mark] = recording


def _mark(source):
    """Tell recordings apart: by file, however it is written, or by object."""
    if isinstance(source, BoldRun):
        source = source.path or values_path(source.img) or source.img
    return os.path.realpath(source) if isinstance(source, str) else id(source)


def index_samples(samples, recordings):
    """Say which recording and which event each sample is.

    Parameters
    ----------
    samples : {"recording", "event"} or sequence of (int, int)
        What a sample is.
    recordings : tuple of Recording
        The recordings with their events.

    Returns
    -------
    recording : ndarray of int of shape (n_samples,)
        Position of the recording.
    event : ndarray of int of shape (n_samples,)
        Row in its event table, -1 for a whole recording.

    Raises
    ------
    ValueError
        If a pair names a recording or event that is not there.
    """
    if isinstance(samples, str):
        if samples == "recording":
            numbers = np.arange(len(recordings))
            return numbers, np.full(len(recordings), -1)
        lengths = [0 if r.events is None else len(r.events) for r in recordings]
        event = np.concatenate([np.arange(length) for length in lengths])
        return np.repeat(np.arange(len(recordings)), lengths), event
    pairs = np.asarray(samples)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise ValueError(
            "Recordings: samples must be 'recording', 'event' or pairs of integers "
            f"(recording, row in its event table), got shape {pairs.shape}"
        )
    for number, event in pairs.tolist():
        _check_pair(number, event, recordings)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def _check_pair(number, event, recordings):
    if not 0 <= number < len(recordings):
        raise ValueError(f"Recordings: samples name recording {number} of {len(recordings)}")
    length = 0 if recordings[number].events is None else len(recordings[number].events)
    if not 0 <= event < length:
        raise ValueError(
            f"Recordings: samples name event {event} of {length} in {recordings[number].title}"
        )


def merge_sources(blocks):
    """Put the recordings of several blocks into one list.

    Parameters
    ----------
    blocks : sequence of Recordings
        Of one kind.

    Returns
    -------
    sources : tuple of Recording
        Each recording once, numbered anew.
    recording : ndarray of int of shape (n_samples,)
        Position in `sources` of the recording of each sample.
    """
    positions, sources, columns = {}, [], []
    for block in blocks:
        for source in block.sources:
            if id(source) not in positions:
                positions[id(source)] = len(sources)
                sources.append(replace(source, number=len(sources)))
        index = np.array([positions[id(source)] for source in block.sources])
        columns.append(index[block.recording])
    return tuple(sources), np.concatenate(columns)
