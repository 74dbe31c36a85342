"""Values of images that are computed when they are first asked for, and how they are remembered."""

import numpy as np

_CLASSES = {}


def keeps_waiting(cls):
    """Let values of an image that wait to be computed go through the cache as they are.

    Without it they are computed when their image is remembered, and a later step can no longer
    see what they were computed from.

    Parameters
    ----------
    cls : type
        Array-like, with ``to_state()``, which gives a JSON-serialisable header and a dict of
        arrays, and the class method ``from_state(header, arrays)``. Values inside are taken
        apart by `series_to_state` and put together by `series_from_state`.

    Returns
    -------
    type
        The class.
    """
    _CLASSES[cls.__name__] = cls
    return cls


def series_to_state(series):
    """Take the values of an image apart.

    Parameters
    ----------
    series : array-like
        An array, what nibabel reads from a file, or of a class that keeps waiting.

    Returns
    -------
    header : dict
        JSON-serialisable.
    arrays : dict of str to ndarray
        The numbers.
    """
    name = type(series).__name__
    if _CLASSES.get(name) is not type(series):
        return {}, {"values": np.asanyarray(series)}
    header, arrays = series.to_state()
    return {"waiting": name, "state": header}, arrays


def series_from_state(header, arrays):
    """Put together what `series_to_state` gave.

    Parameters
    ----------
    header : dict
        The header.
    arrays : dict of str to ndarray
        The arrays.

    Returns
    -------
    array-like
        The values.
    """
    if "waiting" not in header:
        return arrays["values"]
    return _CLASSES[header["waiting"]].from_state(header["state"], arrays)
