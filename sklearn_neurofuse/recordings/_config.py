"""Where results are remembered, and how much of them."""

import os
import re
from contextlib import contextmanager
from numbers import Integral

import pooch

from sklearn_neurofuse._validation import check_choice, check_number, nearest

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_DEFAULT_SIZE = 50 * 10**9
# writing a result and reading it back a few times is about as fast
_DEFAULT_RATE = 150e6


def _absolute(path):
    return os.path.abspath(os.path.expanduser(os.fspath(path)))


# captured by Recordings when they are made, because worker processes do not see it
_config = {
    "cache_dir": _absolute(
        os.environ.get("NEUROFUSE_CACHE")
        or os.path.join(pooch.os_cache("sklearn_neurofuse"), "recordings")
    ),
    "cache_size": _DEFAULT_SIZE,
    "cache_rate": _DEFAULT_RATE,
    "on_error": "raise",
    "already_done": "raise",
}
_CHOICES = {"on_error": ("raise", "missing"), "already_done": ("raise", "skip")}


def get_config():
    """Give the current configuration.

    Returns
    -------
    dict
        The options of :func:`set_config`.

    Examples
    --------
    >>> from sklearn_neurofuse import get_config
    >>> sorted(get_config())
    ['already_done', 'cache_dir', 'cache_rate', 'cache_size', 'on_error']
    """
    return dict(_config)


def set_config(**options):
    """Set where processed recordings are remembered, and how much.

    Recordings made before keep the configuration they were made under.

    Parameters
    ----------
    **options : dict
        ``cache_dir``: path-like, a folder that may be shared by several processes and machines,
        or None to remember nothing. The default is the environment variable
        ``NEUROFUSE_CACHE``, else the user's cache folder.
        ``cache_size``: int in bytes or str such as ``"20GB"``, at which the entries used least
        recently are dropped; 50 GB by default.
        ``cache_rate``: float in bytes per second, 150e6 by default. A processed recording that
        is computed faster than that, from what is remembered, is not worth the disk; infinity
        remembers the results of all expensive steps. Samples are always remembered.
        ``on_error``: ``"raise"`` (default), or ``"missing"``: where a step fails on a recording,
        its samples become a missing modality, with a warning, and the rest goes on.
        ``already_done``: ``"raise"`` (default), or ``"skip"``: what a step does to a recording
        that had it done before.

    Raises
    ------
    TypeError
        If an option is unknown.
    ValueError
        If a value is not accepted.

    Examples
    --------
    >>> import sklearn_neurofuse as nf
    >>> with nf.config_context(cache_dir=None):
    ...     nf.get_config()["cache_dir"] is None
    True
    """
    _config.update(check_options(options))


@contextmanager
def config_context(**options):
    """Set the configuration for a while.

    Parameters
    ----------
    **options : dict
        As in :func:`set_config`.

    Yields
    ------
    None
        Nothing; the old configuration is back at the end.
    """
    before = dict(_config)
    set_config(**options)
    try:
        yield
    finally:
        _config.update(before)


def check_options(options):
    """Check options of the configuration.

    Parameters
    ----------
    options : dict
        As in :func:`set_config`.

    Returns
    -------
    dict
        With paths made absolute and sizes in bytes.
    """
    unknown = sorted(set(options) - set(_config))
    if unknown:
        raise TypeError(
            f"set_config: no option {', '.join(unknown)}; there are {', '.join(sorted(_config))}"
            f"{nearest(unknown[0], _config)}"
        )
    options = dict(options)
    if options.get("cache_dir") is not None:
        options["cache_dir"] = _absolute(options["cache_dir"])
    for name, choices in _CHOICES.items():
        if name in options:
            check_choice("set_config", name, options[name], choices)
    if "cache_size" in options:
        options["cache_size"] = _parse_size(options["cache_size"])
    if "cache_rate" in options:
        check_number("set_config", "cache_rate", options["cache_rate"], low=0, unit="bytes/s")
    return options


def _parse_size(size):
    if isinstance(size, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)B?\s*", size.upper())
        if match is None:
            raise ValueError(f"set_config: cache_size must be like '20GB', got {size!r}")
        size = int(float(match[1]) * _UNITS[match[2]])
    if isinstance(size, Integral):
        size = int(size)
    return check_number("set_config", "cache_size", size, low=1, integer=True, unit="bytes")
