"""Recordings in a saved Multimodal: paths are noted, objects in memory are written out."""

from sklearn_neurofuse.recordings._bold_run import BoldRun
from sklearn_neurofuse.recordings._entry import read_entry, write_entry
from sklearn_neurofuse.recordings._recording import Recording
from sklearn_neurofuse.recordings._serialize import (
    bold_beside_file,
    from_state,
    table_from_json,
    table_to_json,
    to_state,
)

_PLAIN = ("kind", "number", "subject", "session", "run", "site", "done")


def save_recordings(sources, folder, name):
    """Write what cannot be noted as a path.

    Parameters
    ----------
    sources : sequence of Recording
        The recordings.
    folder : pathlib.Path
        An existing folder.
    name : str
        Name of the modality.

    Returns
    -------
    list of dict
        One JSON-serialisable header for each recording.

    Raises
    ------
    ValueError
        If steps still wait.
    """
    headers = []
    for source in sources:
        if source.steps:
            raise ValueError(
                f"Multimodal.save: steps wait in modality {name!r}, and steps are not saved; save "
                "the recordings before the first step, or the samples after the extractor"
            )
        header = {field: getattr(source, field) for field in _PLAIN}
        header["events"] = table_to_json(source.events)
        header["source"] = _save_object(source.source, folder, f"{name}.{source.number}")
        header["partner"] = _save_object(source.partner, folder, f"{name}.{source.number}.partner")
        headers.append(header)
    return headers


def load_recordings(headers, folder):
    """Read what `save_recordings` wrote.

    Parameters
    ----------
    headers : list of dict
        What it returned.
    folder : pathlib.Path
        The folder.

    Returns
    -------
    tuple of Recording
        The recordings.
    """
    recordings = []
    for header in headers:
        fields = {field: header[field] for field in _PLAIN}
        fields["done"] = tuple(fields["done"])
        recordings.append(
            Recording(
                **fields,
                source=_load_object(header["source"], folder),
                partner=_load_object(header["partner"], folder),
                events=table_from_json(header["events"]),
            )
        )
    return tuple(recordings)


def _save_object(source, folder, stem):
    if source is None or isinstance(source, str):
        return source
    on_disk = isinstance(source, BoldRun) and source.path is not None
    header, arrays = bold_beside_file(source) if on_disk else to_state(source, keep_waiting=False)
    with open(folder / f"{stem}.nf", "wb") as file:
        write_entry(file, header, arrays)
    return {"file": f"{stem}.nf"}


def _load_object(saved, folder):
    if saved is None or isinstance(saved, str):
        return saved
    header, arrays = read_entry(folder / saved["file"])
    return from_state(header, arrays)
