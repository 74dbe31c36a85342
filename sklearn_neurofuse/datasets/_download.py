"""Downloads of single files that go on where they were cut off."""

import hashlib
import os
import urllib.error
import urllib.request
from dataclasses import dataclass

_CHUNK = 1 << 20
_TIMEOUT = 60.0
_RETRIES = 3
# sizes of the parts in which large objects are sent to S3
_PARTS = tuple(size << 20 for size in (5, 8, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 256, 512))


@dataclass(frozen=True)
class RemoteFile:
    """One file of a server.

    Parameters
    ----------
    url : str
        Where it is.
    size : int
        In bytes.
    etag : str
        Its entity tag, for S3 an MD5 of its content or of its parts.
    """

    url: str
    size: int
    etag: str


def download(remote, path, on_bytes=None):
    """Download a file; what came of it earlier is kept.

    Parameters
    ----------
    remote : RemoteFile
        The file.
    path : pathlib.Path
        Where to put it; it appears there when it is whole.
    on_bytes : callable, default=None
        Called with the number of bytes that came.

    Returns
    -------
    bool
        Whether its content could be checked against the tag; its size always is.

    Raises
    ------
    OSError
        If it cannot be downloaded or arrives damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # the tag is in the name, so that parts of another version are never put together
    part = path.with_name(f".{path.name}.{hashlib.md5(remote.etag.encode()).hexdigest()[:8]}.part")
    for attempt in range(_RETRIES):
        try:
            _append(remote, part, on_bytes or (lambda number: None))
            break
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if attempt == _RETRIES - 1 or getattr(error, "code", 500) < 500:
                raise OSError(f"cannot download {remote.url}: {error}") from error
    verdict = matches(part, remote)
    if verdict is False:
        part.unlink()
        raise OSError(f"{remote.url} arrived damaged; nothing was kept, try again")
    os.replace(part, path)
    return verdict is True


def _append(remote, part, on_bytes):
    there = part.stat().st_size if part.exists() else 0
    if there > remote.size:
        part.unlink()
        there = 0
    if there == remote.size and part.exists():
        on_bytes(there)
        return
    request = urllib.request.Request(remote.url)
    if there:
        request.add_header("Range", f"bytes={there}-")
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
        # a server that knows no ranges sends everything
        goes_on = answer.status == 206
        on_bytes(there if goes_on else 0)
        with open(part, "ab" if goes_on else "wb") as file:
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                on_bytes(len(chunk))
    if part.stat().st_size < remote.size:
        raise ConnectionError("the connection was closed before the end")


def matches(path, remote):
    """Check a file against what the server says of it.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    remote : RemoteFile
        What it should be.

    Returns
    -------
    bool or None
        None where the size is right and the tag cannot be checked.
    """
    if not path.is_file() or path.stat().st_size != remote.size:
        return False
    digest, _, n_parts = remote.etag.partition("-")
    if not n_parts:
        return _md5(path, remote.size) == digest if _is_md5(digest) else None
    fitting = [size for size in _PARTS if -(-remote.size // size) == int(n_parts)]
    return True if any(_md5_of_parts(path, size) == digest for size in fitting) else None


def _is_md5(text):
    return len(text) == 32 and set(text) <= set("0123456789abcdef")


def _md5(path, size):
    with open(path, "rb") as file:
        return _hash_next(file, size).hexdigest()


def _md5_of_parts(path, part_size):
    hasher = hashlib.md5()
    left = path.stat().st_size
    with open(path, "rb") as file:
        while left > 0:
            hasher.update(_hash_next(file, min(part_size, left)).digest())
            left -= part_size
    return hasher.hexdigest()


def _hash_next(file, length):
    hasher = hashlib.md5()
    while length > 0 and (chunk := file.read(min(_CHUNK, length))):
        hasher.update(chunk)
        length -= len(chunk)
    return hasher
