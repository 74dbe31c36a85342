"""The cache: one checked file for each result, bounded in size, safe among processes."""

import os
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from sklearn_neurofuse.exceptions import CacheWarning
from sklearn_neurofuse.recordings._entry import read_entry, write_entry

_ENTRY, _PART, _LOCK = ".nf", ".part", ".lock"
# dropping stops a little below the bound, so that not every new entry has to drop one
_KEEP = 0.9
# leftovers of killed processes are older than any write takes
_STALE_SECONDS = 24 * 3600


class Busy(Exception):
    """Another process is computing this result."""


class Store:
    """Results on disk under their keys.

    An entry is one file in which every byte is checked. It is written under another name, then
    renamed, so that a reader never sees half of it.

    Parameters
    ----------
    folder : path-like
        Where to; made when it is first written to.
    size : int
        Bytes at which the entries used least recently are dropped.
    """

    def __init__(self, folder, size):
        self.folder = Path(folder)
        self.size = size

    def path(self, key):
        """Give the file of an entry.

        Parameters
        ----------
        key : str
            Hexadecimal key.

        Returns
        -------
        pathlib.Path
            The file, whether it exists or not.
        """
        return self.folder / key[:2] / f"{key}{_ENTRY}"

    def __contains__(self, key):
        return self.path(key).is_file()

    def get(self, key):
        """Read an entry.

        Parameters
        ----------
        key : str
            The key.

        Returns
        -------
        tuple of (dict, dict of str to ndarray) or None
            Header and arrays; None where there is no such entry, or a damaged one, which is
            dropped with a warning.
        """
        path = self.path(key)
        try:
            entry = read_entry(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            self._warn(f"a remembered result cannot be read ({error}); it is computed again")
            return None
        except ValueError as error:
            self.drop(key, error)
            return None
        with suppress(OSError):
            os.utime(path)
        return entry

    def drop(self, key, why):
        """Remove an entry that cannot be used, with a warning.

        Parameters
        ----------
        key : str
            The key.
        why : object
            What is wrong with it.
        """
        path = self.path(key)
        self._warn(f"remembered result {path} is damaged ({why}); it is computed again")
        with suppress(OSError):
            path.unlink()

    def put(self, key, header, arrays):
        """Write an entry; a full disk or a folder without permission costs a warning only.

        Parameters
        ----------
        key : str
            The key.
        header : dict
            JSON-serialisable.
        arrays : dict of str to ndarray
            Numbers; nothing is written where they need more than nine tenths of the bound.
        """
        size = sum(array.nbytes for array in arrays.values())
        if size > _KEEP * self.size:
            self._warn(
                f"a result of {size} bytes is not remembered, cache_size is {self.size} bytes"
            )
            return
        path = self.path(key)
        # made by open, not by tempfile, so that others who share the folder may read it
        part = path.with_name(f"{key}-{uuid4().hex}{_PART}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(part, "xb") as file:
                    write_entry(file, header, arrays)
                os.replace(part, path)
            finally:
                part.unlink(missing_ok=True)
            self._evict()
        except OSError as error:
            # the reason without the name of the file: one warning, not one for each result
            self._warn(f"results cannot be remembered in {self.folder}: {error.strerror or error}")

    @contextmanager
    def lock(self, key, blocking):
        """Hold the right to compute an entry; a killed process gives it back.

        Parameters
        ----------
        key : str
            The key.
        blocking : bool
            Whether to wait; otherwise `Busy` is raised where another process holds it.

        Yields
        ------
        None
            Nothing.
        """
        held = self._acquire(key, blocking)
        try:
            yield
        finally:
            if held is not None:
                held.release()

    def _acquire(self, key, blocking):
        lock = self.path(key).with_suffix(_LOCK)
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            held = FileLock(lock, timeout=-1 if blocking else 0)
            held.acquire()
        except Timeout as error:
            raise Busy(key) from error
        except (OSError, NotImplementedError):
            # a folder that cannot be written to, or a file system without locks: work goes on,
            # and at worst a result is computed twice
            return None
        return held

    def info(self):
        """Count the entries.

        Returns
        -------
        dict
            ``folder``, ``n_entries``, ``bytes`` and ``limit``.
        """
        sizes = [size for path, size, _ in self._files() if path.endswith(_ENTRY)]
        return {
            "folder": str(self.folder),
            "n_entries": len(sizes),
            "bytes": sum(sizes),
            "limit": self.size,
        }

    def clear(self):
        """Drop all entries.

        Returns
        -------
        int
            Bytes given back.
        """
        freed = 0
        for path, size, _ in self._files():
            with suppress(OSError):
                os.unlink(path)
                freed += size
        for folder in self._folders():
            # only where it is empty
            with suppress(OSError):
                os.rmdir(folder)
        return freed

    def _folders(self):
        with suppress(FileNotFoundError), os.scandir(self.folder) as folders:
            yield from (each.path for each in folders if len(each.name) == 2 and each.is_dir())

    def _files(self):
        """List (path, size, time of last use) of all entries, unfinished entries and locks."""
        found = []
        for folder in self._folders():
            with suppress(OSError), os.scandir(folder) as files:
                for file in files:
                    if file.name.endswith((_ENTRY, _PART, _LOCK)):
                        # another process may remove it at any time
                        with suppress(OSError):
                            stat = file.stat()
                            found.append((file.path, stat.st_size, stat.st_mtime))
        return found

    def _evict(self):
        files = sorted(self._files(), key=lambda file: file[2])
        total = sum(size for _, size, _ in files)
        bound = _KEEP * self.size if total > self.size else total
        stale = time.time() - _STALE_SECONDS
        for path, size, used in files:
            unfinished = path.endswith(_PART) and used < stale
            if unfinished or (total > bound and path.endswith(_ENTRY)):
                # in a shared folder some files are not ours to remove
                with suppress(OSError):
                    Path(path).unlink(missing_ok=True)
                    Path(path).with_suffix(_LOCK).unlink(missing_ok=True)
                    total -= size

    def _warn(self, message):
        warnings.warn(message, CacheWarning, stacklevel=3)
