"""Downloads shared by the fetchers: where files are kept, and how they come there."""

import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pooch

_RETRIES = 2


def get_data_home(data_home=None):
    """Find the folder in which downloaded data sets are kept.

    Parameters
    ----------
    data_home : path-like, default=None
        The folder; None means the environment variable ``NEUROFUSE_DATA_HOME``, and where that
        is not set the cache folder of the operating system.

    Returns
    -------
    pathlib.Path
        The folder, which need not exist.
    """
    if data_home is None:
        data_home = os.environ.get("NEUROFUSE_DATA_HOME") or pooch.os_cache("sklearn_neurofuse")
    return Path(data_home).expanduser()


def fetch_files(owner, name, base_url, registry, *, data_home=None, download_if_missing=True):
    """Make sure that the files of a data set are on this machine and intact.

    Files that are there and have the right hash are not touched, so an interrupted download
    goes on with the files it has not got yet, and a folder filled by hand needs no network.

    Parameters
    ----------
    owner : str
        Name of the fetcher, for messages.
    name : str
        Folder of the data set inside `data_home`.
    base_url : str
        Where the files are, ending with a slash.
    registry : dict of str to str or None
        File names and their SHA-256; None where it is not known.
    data_home : path-like, default=None
        See `get_data_home`.
    download_if_missing : bool, default=True
        Whether the network may be used.

    Returns
    -------
    pathlib.Path
        The folder that holds all files.

    Raises
    ------
    FileNotFoundError
        If files are missing or damaged and must not be downloaded.
    OSError
        If a file cannot be downloaded or arrives damaged, or the folder cannot be written.
    """
    folder = get_data_home(data_home) / name
    wanted = [file for file, sha256 in registry.items() if not _is_intact(folder / file, sha256)]
    if not wanted:
        return folder
    if not download_if_missing:
        raise FileNotFoundError(
            f"{owner}: {_listed(wanted)} missing or damaged in {folder}, and "
            f"download_if_missing is False; {_remedy(base_url, folder)}"
        )
    store = pooch.create(
        path=folder, base_url=base_url, registry=registry, retry_if_failed=_RETRIES
    )
    downloader = pooch.HTTPDownloader(progressbar=sys.stderr.isatty())
    with _quiet(pooch.get_logger()):
        for file in wanted:
            _fetch_one(owner, store, file, downloader)
    return folder


def _fetch_one(owner, store, file, downloader):
    try:
        store.fetch(file, downloader=downloader)
    except PermissionError as error:
        raise PermissionError(
            f"{owner}: cannot write {file} into {store.path}; give a data_home or set "
            "NEUROFUSE_DATA_HOME to a folder that can be written"
        ) from error
    except ValueError as error:
        raise OSError(
            f"{owner}: {file} arrived damaged from {store.get_url(file)}: its SHA-256 is not "
            f"{store.registry[file]}; nothing was kept, try again"
        ) from error
    except OSError as error:
        raise OSError(
            f"{owner}: cannot download {store.get_url(file)} ({type(error).__name__}); without "
            f"network, {_remedy(store.base_url, store.path)}"
        ) from error


def _is_intact(path, sha256):
    return path.is_file() and (sha256 is None or pooch.file_hash(path, alg="sha256") == sha256)


def _listed(files):
    told = ", ".join(files[:3])
    more = len(files) - 3
    return f"{told} and {more} more files are" if more > 0 else f"{told} {_verb(files)}"


def _verb(files):
    return "is" if len(files) == 1 else "are"


def _remedy(base_url, folder):
    return (
        f"put the files of {base_url} into {folder}, or let data_home or NEUROFUSE_DATA_HOME "
        f"name a folder whose {folder.name}/ has them"
    )


@contextmanager
def _quiet(logger):
    # pooch announces each file on stderr, which would not be quiet in a pipe
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
