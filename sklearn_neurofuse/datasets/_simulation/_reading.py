"""Options of `simulate_eeg_fmri` turned into effects, each checked."""

import math
from dataclasses import fields, replace
from numbers import Real
from types import SimpleNamespace

from sklearn_neurofuse._validation import check_choice, check_number, nearest

OWNER = "simulate_eeg_fmri"


def read_effects(name, given, effects, *, off=()):
    """Give the effects of one modality.

    Parameters
    ----------
    name : str
        Parameter of the public function.
    given : dict or None
        Effect to True, False, a strength, or a dict of its options.
    effects : dict of str to type
        Every effect there is.
    off : collection of str
        Those that are off where nothing is said.

    Returns
    -------
    SimpleNamespace
        One effect by each name; strength 0 where it is off.
    """
    given = _check_dict(name, given, effects)
    return SimpleNamespace(
        **{
            key: read_effect(f"{name}[{key!r}]", given.get(key, key not in off), kind)
            for key, kind in effects.items()
        }
    )


def read_effect(name, value, kind):
    """Give one effect for True, False, a strength or a dict of options."""
    if value is True:
        return kind()
    if value is False or value is None:
        return replace(kind(), strength=0.0)
    if isinstance(value, Real):
        return _checked(name, kind(strength=value))
    return read_options(name, value, kind)


def read_options(name, value, kind):
    """Give a dataclass of options for a dict of some of them."""
    known = {option.name for option in fields(kind)}
    return _checked(name, kind(**_check_dict(name, value, known)))


def _check_dict(name, value, known):
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(
            f"{OWNER}: {name} must be a dict with keys among {', '.join(sorted(known))}, "
            f"got {value!r}"
        )
    for key in value:
        if key not in known:
            raise ValueError(
                f"{OWNER}: {name} must have keys among {', '.join(sorted(known))}, "
                f"got {key!r}{nearest(key, known)}"
            )
    return value


def _checked(name, options):
    for option in fields(options):
        _check_field(f"{name}[{option.name!r}]", getattr(options, option.name), option.metadata)
    return options


def _check_field(name, value, rules):
    if value is None and rules.get("optional"):
        return
    if rules.get("by") and isinstance(value, dict):
        for key, number in _check_dict(name, value, rules["by"]).items():
            check_number(OWNER, f"{name}[{key!r}]", number, **rules["bounds"])
    elif "bounds" in rules:
        check_number(OWNER, name, value, **rules["bounds"])
        if not math.isfinite(value):
            raise ValueError(f"{OWNER}: {name} must be finite, got {value!r}")
    elif "choices" in rules:
        check_choice(OWNER, name, value, rules["choices"])
    elif "switch" in rules and not isinstance(value, bool):
        raise TypeError(f"{OWNER}: {name} must be True or False, got {value!r}")
    elif "interval" in rules:
        low, high = _check_tuple(name, value, 2)
        check_number(OWNER, f"{name}[0]", low, **rules["interval"])
        check_number(OWNER, f"{name}[1]", high, low=low, unit=rules["interval"]["unit"])
    elif "sizes" in rules:
        for size in _check_tuple(name, value, 3):
            check_number(OWNER, name, size, low=0.0, closed="neither", unit=rules["sizes"])


def _check_tuple(name, value, length):
    if not isinstance(value, (tuple, list)) or len(value) != length:
        raise TypeError(f"{OWNER}: {name} must be {length} numbers, got {value!r}")
    return value
