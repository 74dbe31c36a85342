"""Bytes and seconds as they are read."""

_SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_TIMES = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "s"))


def readable_size(size):
    """Write a number of bytes.

    Parameters
    ----------
    size : float
        In bytes.

    Returns
    -------
    str
        Such as ``3.0 MB``.
    """
    for unit, name in _SIZES:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size:.0f} bytes"


def readable_time(seconds):
    """Write a duration.

    Parameters
    ----------
    seconds : float
        In s.

    Returns
    -------
    str
        Such as ``2.5 hours``; below a second in hundredths.
    """
    for unit, name in _TIMES:
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.2f} s"
