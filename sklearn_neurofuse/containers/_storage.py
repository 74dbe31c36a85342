"""Saving and loading: npy and JSON in a folder, no pickle, nothing half-written."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from sklearn_neurofuse.containers._base import AbstractBlock

HEADER = "multimodal.json"
_FORMAT = 1
_DAMAGES = (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError)


def save_blocks(blocks, folder, overwrite):
    """Write blocks into a new folder, all or nothing.

    Parameters
    ----------
    blocks : dict of str to AbstractBlock
        The modalities.
    folder : path-like
        Where to.
    overwrite : bool
        Whether an existing saved Multimodal may be replaced.

    Raises
    ------
    FileExistsError
        If the folder exists and may not be replaced.
    """
    folder = Path(folder)
    _check_free(folder, overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(blocks, scratch)
        _move_into_place(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def load_blocks(folder, mmap_mode):
    """Read what `save_blocks` wrote.

    Parameters
    ----------
    folder : path-like
        The folder.
    mmap_mode : str or None
        As in :func:`numpy.load`.

    Returns
    -------
    dict of str to AbstractBlock
        The modalities in their order.

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    ValueError
        If a file is damaged.
    """
    folder = Path(folder)
    if not (folder / HEADER).is_file():
        raise FileNotFoundError(f"Multimodal.load: {folder} holds no {HEADER}")
    entries, sizes = _read_header(folder)
    for name, size in sizes.items():
        _check_file(folder / name, size)
    return {name: _load_block(folder, name, entry, mmap_mode) for name, entry in entries.items()}


def _load_block(folder, name, entry, mmap_mode):
    entry = dict(entry)
    block_class = AbstractBlock._registry.get(entry.pop("class", None))
    if block_class is None:
        raise ValueError(f"Multimodal.load: modality {name!r} is of an unknown kind of block")
    try:
        return block_class.load_saved(folder, name, entry, mmap_mode)
    except (KeyError, TypeError, ValueError, EOFError) as error:
        raise ValueError(
            f"Multimodal.load: modality {name!r} in {folder} is damaged: {error}"
        ) from error


def _check_free(folder, overwrite):
    if not folder.exists():
        return
    if not overwrite:
        raise FileExistsError(
            f"Multimodal.save: {folder} exists; pass overwrite=True to replace a saved Multimodal"
        )
    # an unrelated folder is never deleted, whatever was asked for
    if not (folder / HEADER).is_file():
        raise FileExistsError(
            f"Multimodal.save: {folder} exists and is no saved Multimodal; choose another folder"
        )


def _write(blocks, scratch):
    entries = {}
    for name, block in blocks.items():
        entries[name] = {"class": type(block).__name__, **block.save(scratch, name)}
    files = {path.name: path.stat().st_size for path in sorted(scratch.iterdir())}
    header = {"format": _FORMAT, "blocks": entries, "files": files}
    (scratch / HEADER).write_text(json.dumps(header), encoding="utf-8")


def _move_into_place(scratch, folder):
    # mkdtemp makes private folders; give what a plain mkdir would have given
    umask = os.umask(0)
    os.umask(umask)
    scratch.chmod(0o777 & ~umask)
    if not folder.exists():
        scratch.rename(folder)
        return
    # a memory-mapped source may lie in the folder that is replaced: it stays readable until
    # its last map is closed
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.rename(old / folder.name)
    try:
        scratch.rename(folder)
    except OSError:
        (old / folder.name).rename(folder)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _read_header(folder):
    try:
        header = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        if header["format"] != _FORMAT:
            raise ValueError(
                f"Multimodal.load: {folder} is of format {header['format']}, "
                f"this version reads format {_FORMAT}"
            )
        entries = {str(name): dict(entry) for name, entry in header["blocks"].items()}
        sizes = dict(header["files"])
        if not entries or not sizes:
            raise KeyError("a saved Multimodal has modalities and files")
        return entries, sizes
    except _DAMAGES as error:
        raise ValueError(f"Multimodal.load: {folder / HEADER} is damaged") from error


def _check_file(path, size):
    if not path.is_file():
        raise FileNotFoundError(f"Multimodal.load: {path} is missing")
    if path.stat().st_size != size:
        raise ValueError(
            f"Multimodal.load: {path} is truncated or was changed: it has "
            f"{path.stat().st_size} bytes, {size} were written"
        )
