"""What is known of the samples without looking at their labels: recordings, tables, identity."""

import hashlib

import numpy as np

from sklearn_neurofuse.containers import AbstractBlock, Multimodal
from sklearn_neurofuse.recordings import Recordings

# columns from which on two equal samples of measured numbers are a copy and no coincidence
_ENOUGH_COLUMNS = 16


def plain(value):
    """Turn a scalar of NumPy into one of Python, which prints without its type."""
    return value.item() if isinstance(value, np.generic) else value


def take(X, rows):
    """Select samples.

    Parameters
    ----------
    X : Multimodal, Recordings, ndarray or DataFrame
        The samples.
    rows : ndarray of int
        Which.

    Returns
    -------
    object
        Of the same kind.
    """
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def recordings_of(X):
    """List the modalities that still lie in recordings.

    Parameters
    ----------
    X : object
        Samples of any kind.

    Returns
    -------
    dict of str to Recordings
        By modality; of bare recordings under ``"recordings"``.
    """
    if isinstance(X, Recordings):
        return {"recordings": X}
    if not isinstance(X, Multimodal):
        return {}
    return {name: X[name] for name in X.modalities if isinstance(X[name], Recordings)}


def arrays_of(X):
    """List the arrays that samples are made of.

    Parameters
    ----------
    X : object
        Samples of any kind.

    Returns
    -------
    dict of str to ndarray of shape (n_samples, ...)
        By modality; ``"X"`` for a plain matrix; none for what still lies in recordings.
    """
    if isinstance(X, Recordings):
        return {}
    if isinstance(X, Multimodal):
        lying = recordings_of(X)
        return {name: X[name].data for name in X.modalities if name not in lying}
    if isinstance(X, AbstractBlock):
        return {"X": X.data}
    return {"X": np.asarray(X)}


def sample_tables(X):
    """Give the tables of the samples that lie in recordings.

    Parameters
    ----------
    X : object
        Samples of any kind.

    Returns
    -------
    dict of str to DataFrame
        By modality.
    """
    return {name: block.table for name, block in recordings_of(X).items()}


def recording_ids(X):
    """Give for each modality the recording that each sample lies in.

    Parameters
    ----------
    X : object
        Samples of any kind.

    Returns
    -------
    dict of str to (ndarray of int of shape (n_samples,), sequence of str)
        Number of the recording, and the title of each; samples without a recording have -1.
    """
    found = {}
    for name, block in recordings_of(X).items():
        there = np.where(block.present, block.recording, -1)
        found[name] = there, [source.title for source in block.sources]
    return found


def row_digests(X):
    """Digest every sample of every modality, so that copies are found.

    Parameters
    ----------
    X : object
        Samples of any kind.

    Returns
    -------
    dict of str to ndarray of str of shape (n_samples,)
        By modality, ``""`` where it is missing; of modalities with few columns, whose numbers
        may be equal by chance, only all of them together, as ``"all"``, unless some are
        recordings that were not read.
    """
    arrays = arrays_of(X)
    if not arrays:
        return {}
    each = {name: _digest(array) for name, array in arrays.items()}
    in_part = bool(recordings_of(X))
    if len(each) == 1 and not in_part:
        return each
    found = {
        name: digests
        for name, digests in each.items()
        if arrays[name][0].size >= _ENOUGH_COLUMNS and arrays[name].dtype.kind == "f"
    }
    if in_part:
        return found
    joined = ["|".join(parts) for parts in zip(*each.values(), strict=True)]
    empty = "|" * (len(each) - 1)
    found["all"] = np.array(["" if text == empty else text for text in joined])
    return found


def _digest(array):
    rows = (np.ascontiguousarray(row) for row in array)
    return np.array([_of_row(row) for row in rows])


def _of_row(row):
    if row.dtype.kind == "f" and np.isnan(row).all():
        return ""
    if row.dtype == object:
        return hashlib.blake2b(repr(row.tolist()).encode(), digest_size=12).hexdigest()
    return hashlib.blake2b(row.tobytes(), digest_size=12).hexdigest()


def as_samples(X):
    """Leave what can be indexed by rows, and turn lists into an array.

    Parameters
    ----------
    X : object
        The samples.

    Returns
    -------
    object
        Samples that `take` can select from.
    """
    if isinstance(X, (Multimodal, AbstractBlock)) or hasattr(X, "iloc"):
        return X
    return np.asarray(X)
