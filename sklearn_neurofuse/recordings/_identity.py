"""Keys of sources: what a recording is, told without reading gigabytes again."""

import os
import re
from hashlib import blake2b
from pathlib import Path

import mne
import nibabel as nib
import numpy as np

from sklearn_neurofuse.recordings._bold_run import BoldRun
from sklearn_neurofuse.recordings._entry import as_bytes, checksum, order_of

_BOLD_FIELDS = (
    "t_r",
    "slice_times",
    "start_time",
    "slice_time_ref",
    "n_dummy",
    "confounds",
    "events",
    "done",
)
_BRAINVISION = (".vhdr", ".ahdr")
_NAMED_FILES = re.compile(r"^(?:DataFile|MarkerFile)\s*=\s*(.+?)\s*$", re.MULTILINE)
_CHUNK = 1 << 20


def identify(source, memo, tokenise):
    """Tell what a source is.

    Files are told by path, size and time of change; objects in memory by content, which is
    hashed once. Later calls only sum it up, to notice where it was changed since.

    Parameters
    ----------
    source : str, BoldRun or mne.io.BaseRaw
        The source.
    memo : dict
        Where the content hash is kept.
    tokenise : callable
        Turns tables and arrays into something JSON-serialisable.

    Returns
    -------
    list
        JSON-serialisable; changes when the source does.

    Raises
    ------
    OSError
        If a file is gone.
    """
    if isinstance(source, str):
        return file_token(source)
    if isinstance(source, BoldRun):
        image = file_token(source.path) if source.path else image_token(source.img, memo)
        fields = [tokenise(getattr(source, name)) for name in _BOLD_FIELDS]
        return ["bold", image, [*fields, _anatomical_token(source.anatomical, tokenise)]]
    return _raw_token(source, memo, tokenise)


def _anatomical_token(anatomical, tokenise):
    # not every step needs it, so that it may be gone
    if isinstance(anatomical, str) and Path(anatomical).exists():
        return file_token(anatomical)
    return tokenise(anatomical)


def file_token(path):
    """Tell what a file is, and those that belong to it.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    list
        Path, sizes and times of change.
    """
    stats = [(file, file.stat()) for file in companion_files(path)]
    return ["file", path, [[file.name, s.st_size, s.st_mtime_ns] for file, s in stats]]


def companion_files(path):
    """Find the files that belong to one recording, such as .vhdr, .vmrk and .eeg.

    Parameters
    ----------
    path : str
        The file that was given.

    Returns
    -------
    list of pathlib.Path
        All files in its folder of the same stem and those that a BrainVision header names,
        sorted; everything in a recording that is a folder.
    """
    path = Path(path)
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    stem = path.name.removesuffix(".gz").rsplit(".", 1)[0]
    family = {path, *(file for file in path.parent.glob(f"{_escape(stem)}.*") if file.is_file())}
    if path.suffix.lower() in _BRAINVISION:
        names = _NAMED_FILES.findall(path.read_text(encoding="utf-8", errors="replace"))
        named = [path.parent / name.replace("$b", stem) for name in names]
        family.update(file for file in named if file.is_file())
    return sorted(family)


def _escape(stem):
    return "".join(f"[{char}]" if char in "*?[" else char for char in stem)


def image_token(img, memo=None):
    """Tell what an image is: its values, affine and header.

    Parameters
    ----------
    img : nibabel image
        In memory, or with its values in a file.
    memo : dict, default=None
        Where the content hash is kept.

    Returns
    -------
    list
        JSON-serialisable.
    """
    data = img.dataobj
    place = [as_bytes(np.asarray(img.affine)).tobytes().hex(), img.header.binaryblock.hex()]
    path = values_path(img)
    if path is not None:
        return ["image", file_token(path), repr((data.offset, data.slope, data.inter)), *place]
    # a proxy of bytes in memory cannot be written to
    state = None if nib.is_proxy(data) else checksum([as_bytes(data)])
    return ["image", _remembered(memo, state, lambda: [np.asanyarray(data)]), *place]


def values_path(img):
    """Give the file in which the values of an image lie.

    Parameters
    ----------
    img : nibabel image
        The image.

    Returns
    -------
    str or None
        The path; None for an image whose values are in memory.
    """
    file = getattr(img.dataobj, "file_like", None) if nib.is_proxy(img.dataobj) else None
    return os.path.abspath(file) if isinstance(file, (str, os.PathLike)) else None


def _raw_token(raw, memo, tokenise):
    notes = raw.annotations
    state = [
        raw.info.to_json_dict(),
        int(raw.first_samp),
        int(raw.n_times),
        *[tokenise(part) for part in (notes.onset, notes.duration, list(notes.description))],
    ]
    files = [os.path.abspath(name) for name in raw.filenames if name is not None]
    if raw.preload or not files:
        content = _remembered(memo, checksum(map(as_bytes, _pieces(raw))), lambda: _pieces(raw))
        return ["raw", content, state]
    return ["raw", [file_token(name) for name in files], state]


def _pieces(raw):
    step = max(1, _CHUNK // (8 * len(raw.ch_names)))
    return (raw[:, start : start + step][0] for start in range(0, raw.n_times, step))


def _remembered(memo, state, give_arrays):
    """Hash arrays, or take the hash from last time where their state is the same."""
    memo = {} if memo is None else memo
    if "content" not in memo or memo["content"][0] != state:
        hasher = blake2b(digest_size=16)
        for array in give_arrays():
            hasher.update(repr((array.shape, array.dtype.str, order_of(array))).encode())
            hasher.update(as_bytes(array))
        memo["content"] = (state, hasher.hexdigest())
    return memo["content"][1]


def is_in_memory(source):
    """Whether a source's identity is its content.

    Parameters
    ----------
    source : str, BoldRun, mne.io.BaseRaw or None
        The source.

    Returns
    -------
    bool
        False for files, and for objects that read theirs when needed.
    """
    if isinstance(source, mne.io.BaseRaw):
        return source.preload
    return isinstance(source, BoldRun) and source.path is None


def size_in_memory(source):
    """Give the size of the values of a source that are held in memory.

    Parameters
    ----------
    source : str, BoldRun, mne.io.BaseRaw or None
        The source.

    Returns
    -------
    int
        In bytes.
    """
    if not is_in_memory(source):
        return 0
    if isinstance(source, BoldRun):
        data = source.img.dataobj
        return 0 if nib.is_proxy(data) else data.nbytes
    # a number of Python, which sys.getsizeof insists on
    return 8 * int(source.n_times) * len(source.ch_names)
