"""One recording: its source, what is known of it, and the steps that wait to be run."""

import os
import warnings
from dataclasses import dataclass, field

import mne
import nibabel as nib
import pandas as pd

from sklearn_neurofuse.exceptions import MissingSamplesWarning
from sklearn_neurofuse.recordings._bold_run import BoldRun, load_image

BOLD, EEG = "bold", "eeg"
_BOLD_SUFFIXES = (".nii", ".nii.gz", ".img", ".hdr")
# formats whose recordings are folders
_FOLDER_SUFFIXES = (".ds", ".mff")
_SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}


@dataclass(frozen=True, eq=False)
class Recording:
    """One recording of one person.

    Parameters
    ----------
    source : str, BoldRun, mne.io.BaseRaw or None
        A path, an object in memory, or None where the person lacks this recording.
    kind : {"bold", "eeg"} or None
        What it is; None with no source.
    number : int
        Position in the list it was given in, for messages.
    subject, session, run, site : str or None
        Whose, and which.
    events : DataFrame or None
        All events, onset in s from the start of the recording.
    partner : str, BoldRun, mne.io.BaseRaw or None
        The recording of the other modality made at the same time.
    done : tuple of str
        What was done before.
    steps : tuple of RecordingTransformer
        What waits to be run.
    memo, partner_memo : dict
        Where content hashes of objects in memory are kept.
    """

    source: object
    kind: str | None
    number: int
    subject: str | None = None
    session: str | None = None
    run: str | None = None
    site: str | None = None
    events: pd.DataFrame | None = None
    partner: object = None
    done: tuple = ()
    steps: tuple = ()
    memo: dict = field(default_factory=dict, repr=False)
    partner_memo: dict = field(default_factory=dict, repr=False)

    @property
    def title(self):
        """How messages name the recording, such as ``recording 3 (sub-02 run-1, /data/x.vhdr)``."""
        entities = [
            f"{key}-{value}"
            for key, value in zip(
                ("sub", "ses", "run"), (self.subject, self.session, self.run), strict=True
            )
            if value is not None
        ]
        parts = [" ".join(entities), source_path(self.source) or ""]
        told = ", ".join(part for part in parts if part)
        return f"recording {self.number}{f' ({told})' if told else ''}"


def as_source(value, title):
    """Check what was given as one recording.

    Parameters
    ----------
    value : path-like, mne.io.BaseRaw, nibabel image, BoldRun or None
        The recording.
    title : str
        How to name it in messages.

    Returns
    -------
    source : str, BoldRun, mne.io.BaseRaw or None
        Paths are made absolute, images become a `BoldRun`.
    kind : {"bold", "eeg"} or None
        What it is.

    Raises
    ------
    TypeError
        If it is of another kind.
    FileNotFoundError
        If a path leads nowhere.
    ValueError
        If a path leads to a folder, or an image has no repetition time.
    """
    if value is None:
        return None, None
    if isinstance(value, BoldRun):
        _check_path(value.path, title)
        return value, BOLD
    if isinstance(value, mne.io.BaseRaw):
        return value, EEG
    if isinstance(value, nib.spatialimages.SpatialImage):
        return _bold_from_image(value, value, title), BOLD
    if isinstance(value, (str, os.PathLike)):
        path = os.path.abspath(os.fspath(value))
        _check_path(path, title)
        if path.lower().endswith(_BOLD_SUFFIXES):
            return _bold_from_file(path, title), BOLD
        return path, EEG
    raise TypeError(
        f"Recordings: {title} must be a path, an mne.io.Raw, a NIfTI image or a BoldRun, "
        f"got {type(value).__name__}"
    )


def _check_path(path, title):
    if path is None:
        return
    if not os.path.exists(path):
        raise FileNotFoundError(f"Recordings: {title}: there is no such file")
    if os.path.isdir(path) and not path.rstrip(os.sep).lower().endswith(_FOLDER_SUFFIXES):
        raise ValueError(f"Recordings: {title}: this is a folder, a file is expected")


def _bold_from_file(path, title):
    try:
        img = load_image(path)
    except ValueError as error:
        raise ValueError(f"Recordings: {title}: {error}") from error
    return _bold_from_image(path, img, title)


def _bold_from_image(source, img, title):
    if len(img.shape) != 4:
        raise ValueError(f"Recordings: {title}: a BOLD series is 4-D, got shape {img.shape}")
    unit = img.header.get_xyzt_units()[1] if hasattr(img.header, "get_xyzt_units") else "sec"
    t_r = float(img.header.get_zooms()[3]) * _SECONDS.get(unit, 1.0)
    if not t_r > 0:
        raise ValueError(
            f"Recordings: {title}: the image does not tell its repetition time; "
            "give BoldRun(img, t_r=...)"
        )
    return BoldRun(source, t_r=t_r)


def raise_or_warn(error, on_error):
    """Raise an error, or warn that the recording it names is taken as missing.

    Parameters
    ----------
    error : Exception
        What went wrong, with the recording named.
    on_error : {"raise", "missing"}
        What to do.

    Raises
    ------
    Exception
        The error, where it is to be raised.
    """
    if on_error == "raise":
        raise error
    warnings.warn(f"{error}; its samples are missing", MissingSamplesWarning, stacklevel=3)


def source_path(source):
    """Give the path of a source, None for an object in memory.

    Parameters
    ----------
    source : path-like, BoldRun, mne.io.BaseRaw or None
        The source.

    Returns
    -------
    str or None
        The path.
    """
    if isinstance(source, BoldRun):
        return source.path
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else None


def open_source(source):
    """Give the native object to work on; values of files stay on disk until they are needed.

    Parameters
    ----------
    source : str, BoldRun or mne.io.BaseRaw
        The source.

    Returns
    -------
    BoldRun or mne.io.BaseRaw
        The native object.

    Raises
    ------
    FileNotFoundError
        If the file is gone.
    """
    path = source_path(source)
    if path is not None and not os.path.exists(path):
        raise FileNotFoundError("there is no such file")
    if isinstance(source, str):
        return mne.io.read_raw(source, preload=False, verbose="ERROR")
    return source
