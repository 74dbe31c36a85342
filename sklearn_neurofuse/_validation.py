"""Checks of parameters, each with one clear message.

Wrapped around the public checks of scikit-learn because :func:`sklearn.utils.check_scalar` takes
True for a number and lets NaN pass any bound.
"""

import difflib
import math
from numbers import Integral, Real

_BRACKETS = {"both": "[]", "left": "[)", "right": "(]", "neither": "()"}


def check_number(owner, name, value, *, low=None, high=None, closed="both", integer=False, unit=""):
    """Check that a parameter is a number within bounds.

    Parameters
    ----------
    owner : str or object
        Class or function that the parameter belongs to, or an instance of the class.
    name : str
        Name of the parameter.
    value : object
        What the caller gave.
    low, high : float, default=None
        Bounds in `unit`; None is no bound.
    closed : {"both", "left", "right", "neither"}, default="both"
        Which of the bounds belong to the range.
    integer : bool, default=False
        Whether only whole numbers will do.
    unit : str, default=""
        Unit that the message gives, such as ``"Hz"``.

    Returns
    -------
    int or float
        `value`, unchanged.

    Raises
    ------
    TypeError
        If it is not a number, or not an integer where one is asked for.
    ValueError
        If it is NaN or out of bounds.

    Examples
    --------
    >>> check_number("FrequencyFilter", "h_freq", 120.0, low=1, high=80, closed="right", unit="Hz")
    Traceback (most recent call last):
    ...
    ValueError: FrequencyFilter: h_freq must be in (1, 80] Hz, got 120.0
    """
    kind = Integral if integer else Real
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = "an integer" if integer else "a number"
        raise TypeError(
            f"{_owner_name(owner)}: {name} must be {wanted}, got {value!r} ({type(value).__name__})"
        )
    if math.isnan(value) or _is_outside(value, low, high, closed):
        bounds = _describe_range(low, high, closed)
        suffix = f" {unit}" if unit else ""
        raise ValueError(f"{_owner_name(owner)}: {name} must be {bounds}{suffix}, got {value!r}")
    return value


def check_choice(owner, name, value, choices, *, allow_callable=False):
    """Check that a parameter is one of a few names.

    Parameters
    ----------
    owner : str or object
        Class or function that the parameter belongs to, or an instance of the class.
    name : str
        Name of the parameter.
    value : object
        What the caller gave.
    choices : iterable
        The names allowed; a dict stands for its keys.
    allow_callable : bool, default=False
        Whether a callable will do in place of a name.

    Returns
    -------
    object
        `value`, unchanged.

    Raises
    ------
    ValueError
        If it is none of them.

    Examples
    --------
    >>> check_choice("FusionClassifier", "fusion", "atention", ["attention", "concat"])
    Traceback (most recent call last):
    ...
    ValueError: FusionClassifier: fusion must be one of 'attention', 'concat', got 'atention'; did
    you mean 'attention'?
    """
    choices = list(choices)
    if allow_callable and callable(value):
        return value
    # the type matters: 1 == True, and an array compares elementwise
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        allowed = ", ".join(repr(choice) for choice in choices)
        callables = " or a callable" if allow_callable else ""
        hint = nearest(value, choices)
        raise ValueError(
            f"{_owner_name(owner)}: {name} must be one of {allowed}{callables}, got {value!r}{hint}"
        )
    return value


def nearest(name, names):
    """Give the end of a message that suggests the name that was probably meant.

    Parameters
    ----------
    name : object
        The unknown name.
    names : iterable
        The known ones.

    Returns
    -------
    str
        ``"; did you mean 'eeg'?"``, or an empty string where none comes near.

    Examples
    --------
    >>> nearest("egg", ["fmri", "eeg"])
    "; did you mean 'eeg'?"
    """
    known = [known for known in names if isinstance(known, str)]
    close = difflib.get_close_matches(name, known, n=1) if isinstance(name, str) else []
    return f"; did you mean {close[0]!r}?" if close else ""


def _owner_name(owner):
    return owner if isinstance(owner, str) else type(owner).__name__


def _is_outside(value, low, high, closed):
    below = low is not None and (value < low if closed in ("both", "left") else value <= low)
    above = high is not None and (value > high if closed in ("both", "right") else value >= high)
    return below or above


def _describe_range(low, high, closed):
    if low is None and high is None:
        return "a number"
    left, right = _BRACKETS[closed]
    # an infinite end is open whatever `closed` says
    start = "(-inf" if low is None else f"{left}{low}"
    end = "inf)" if high is None else f"{high}{right}"
    return f"in {start}, {end}"
