"""One file for a JSON header and some arrays, every byte of it checked when it is read."""

import json
import os
import struct
from hashlib import blake2b

import numpy as np

_MAGIC = b"NFCACHE3"
_HEAD = struct.Struct("<8sQ16s")
_WORDS = 1024
# odd, so that each changed word changes the sum of its block; large and all different, so that
# changes of several words do not cancel
_WEIGHTS = np.random.default_rng(0).integers(0, 1 << 63, _WORDS, dtype=np.uint64) * 2 + 1


def write_entry(file, header, arrays):
    """Write a header and arrays.

    A head with the length and checksum of what follows, a JSON text with the header and the
    shape, type, memory order and checksum of each array, and the arrays.

    Parameters
    ----------
    file : binary file
        Open for writing.
    header : dict
        JSON-serialisable; NumPy's numbers will do.
    arrays : dict of str to ndarray
        Numbers. Arrays in C or Fortran order are not copied.
    """
    flat = {name: as_bytes(array) for name, array in arrays.items()}
    described = [
        [name, array.dtype.str, array.shape, order_of(array), checksum([flat[name]]).hex()]
        for name, array in arrays.items()
    ]
    text = json.dumps({"header": header, "arrays": described}, default=to_plain).encode()
    file.write(_HEAD.pack(_MAGIC, len(text), checksum([text])))
    file.write(text)
    for content in flat.values():
        file.write(content)


def read_entry(path):
    """Read what `write_entry` wrote.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    header : dict
        The header.
    arrays : dict of str to ndarray
        The arrays, in memory.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If any byte of it is not the one written.
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise ValueError("it is cut short")
        magic, length, expected = _HEAD.unpack(head)
        rest = os.fstat(file.fileno()).st_size - _HEAD.size
        if magic != _MAGIC or length > rest:
            raise ValueError("its head is not readable")
        text = file.read(length)
        if checksum([text]) != expected:
            raise ValueError("its header has another checksum")
        entry = json.loads(text)
        arrays = {name: _read_array(file, *rest) for name, *rest in entry["arrays"]}
        if file.read(1):
            raise ValueError("it is too long")
    return entry["header"], arrays


def _read_array(file, dtype, shape, order, expected):
    array = np.empty(shape, dtype=dtype, order=order)
    content = as_bytes(array)
    if file.readinto(content) != len(content):
        raise ValueError("it is cut short")
    if checksum([content]).hex() != expected:
        raise ValueError("an array has another checksum")
    return array


def order_of(array):
    """Give the memory order in which `as_bytes` takes an array.

    Parameters
    ----------
    array : ndarray
        The array.

    Returns
    -------
    {"C", "F"}
        Fortran order where the array has it, else C.
    """
    return "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"


def as_bytes(array):
    """View the content of an array as bytes.

    Parameters
    ----------
    array : ndarray
        Of any type but object.

    Returns
    -------
    ndarray of uint8 of shape (n_bytes,)
        A view where the array is in C or Fortran order.
    """
    array = array.T if order_of(array) == "F" else np.ascontiguousarray(array)
    return array.reshape(-1).view(np.uint8)


def checksum(pieces):
    """Sum up bytes at the speed of memory, so that any one that changes is noticed.

    Words of 4 bytes are summed with weights of 8 in blocks of 4 KB, and the sums are hashed.

    Parameters
    ----------
    pieces : iterable of bytes or ndarray of uint8
        What is summed up; where a piece ends counts.

    Returns
    -------
    bytes
        16 of them.
    """
    hasher = blake2b(digest_size=16)
    for piece in pieces:
        content = np.frombuffer(piece, dtype=np.uint8)
        n_whole = len(content) // (4 * _WORDS) * 4 * _WORDS
        words = content[:n_whole].view(np.uint32).reshape(-1, _WORDS)
        hasher.update(np.einsum("ij,j->i", words, _WEIGHTS))
        hasher.update(content[n_whole:])
        hasher.update(len(content).to_bytes(8, "little"))
    return hasher.digest()


def to_plain(value):
    """Turn NumPy's numbers into Python's, as `json.dumps` asks for.

    Parameters
    ----------
    value : object
        What JSON does not know.

    Returns
    -------
    int, float, bool, str or list
        The same in Python's types.

    Raises
    ------
    TypeError
        If it is something else.
    """
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
