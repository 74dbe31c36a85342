"""Keys that say how a result came about: from which source, by which steps."""

import inspect
import json
import os
from functools import lru_cache, partial
from hashlib import blake2b
from importlib.metadata import version
from types import FunctionType, MethodType

import joblib
import nibabel as nib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from sklearn_neurofuse._version import __version__
from sklearn_neurofuse.recordings._entry import as_bytes
from sklearn_neurofuse.recordings._identity import file_token, identify, image_token

# what changes how a result is computed and shown, never the result
_INERT = ("n_jobs", "verbose")
# what serves all extractors after their samples were taken
_SERVED = ("standardize",)
_PACKAGE = __name__.split(".")[0]
_KNOWN = (_PACKAGE, "sklearn", "builtins", "abc")


class Unkeyed(Exception):
    """Something without a stable identity, so that its result cannot be remembered."""


def digest(*parts):
    """Hash JSON-serialisable parts.

    Parameters
    ----------
    *parts : object
        Strings, numbers, None, and lists and dicts of these.

    Returns
    -------
    str
        Hexadecimal, 32 characters.
    """
    text = json.dumps(parts, sort_keys=True)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def source_key(recording):
    """Identify the source of a recording.

    Parameters
    ----------
    recording : Recording
        The recording; it keeps the content hash of an object in memory.

    Returns
    -------
    str
        The key.
    """
    return digest("source", identify(recording.source, recording.memo, _token))


def partner_key(recording):
    """Identify the partner of a recording.

    Parameters
    ----------
    recording : Recording
        The recording.

    Returns
    -------
    str or None
        The key, None without a partner.
    """
    if recording.partner is None:
        return None
    return digest("partner", identify(recording.partner, recording.partner_memo, _token))


def step_key(step):
    """Identify a step: its class, compiled code of foreign classes, parameters, versions.

    Parameters
    ----------
    step : estimator
        The step.

    Returns
    -------
    str
        The key.

    Raises
    ------
    Unkeyed
        If a parameter has no stable identity: a random state of None, a generator, or an object
        that cannot be pickled.
    """
    try:
        return digest("step", _estimator_token(step, (*_INERT, *_SERVED)))
    except RecursionError as error:
        raise Unkeyed(f"{type(step).__name__} holds something that holds itself") from error


def events_key(events):
    """Identify a table of events.

    Parameters
    ----------
    events : DataFrame or None
        The table.

    Returns
    -------
    str
        The key.
    """
    return digest("events", _token(events))


def _token(value):
    """Turn a parameter into something JSON-serialisable that changes when it changes."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float)):
        return [type(value).__name__, value if value == value else "nan"]
    for kinds, tokenise in _TOKENISERS:
        if isinstance(value, kinds):
            return tokenise(value)
    if callable(value) and hasattr(value, "__qualname__"):
        return _code_token(value)
    return ["object", _code_token(type(value)), _pickled(value)]


def _pickled(value):
    try:
        return joblib.hash(value)
    except Exception as error:
        raise Unkeyed(f"a {type(value).__name__} has no stable identity: {error}") from error


def _text_token(text):
    return file_token(os.path.abspath(text)) if os.path.isfile(text) else ["str", text]


def _path_token(path):
    path = os.path.abspath(os.fspath(path))
    return file_token(path) if os.path.isfile(path) else ["path", path]


def _array_token(array):
    if array.dtype == object:
        return ["objects", array.shape, [_token(item) for item in array.ravel().tolist()]]
    content = blake2b(as_bytes(np.ascontiguousarray(array)), digest_size=16).hexdigest()
    return ["array", array.dtype.str, array.shape, content]


def _table_token(table):
    columns = [[str(name), _array_token(column.to_numpy())] for name, column in table.items()]
    return ["table", columns]


def _random_token(state):
    raise Unkeyed(f"a {type(state).__name__} has no stable identity; use an integer random_state")


def _estimator_token(estimator, inert=_INERT):
    params = estimator.get_params(deep=False)
    if "random_state" in params and params["random_state"] is None:
        raise Unkeyed(f"{type(estimator).__name__}(random_state=None) differs from call to call")
    tokens = {name: _token(value) for name, value in params.items() if name not in inert}
    libraries = [[name, _version(name)] for name in getattr(estimator, "libraries", ())]
    return ["estimator", _code_token(type(estimator)), sorted(tokens.items()), libraries]


@lru_cache
def _version(distribution):
    return version(distribution)


def _code_token(thing):
    """Name a class or function of ours; of foreign ones, take the code too."""
    name = f"{thing.__module__}.{thing.__qualname__}"
    if not _is_foreign(thing):
        known = _version("scikit-learn") if name.startswith("sklearn.") else __version__
        return ["code", name, known]
    return ["code", name, _compiled(thing, frozenset())]


def _is_foreign(thing):
    return (getattr(thing, "__module__", None) or "builtins").split(".")[0] not in _KNOWN


def _compiled(thing, above):
    """Describe the code of a class or function, and what is stored with it.

    Compiled code, because a class of a script or notebook has no source in a worker process;
    comments and moved lines leave it as it is. `above` holds what is being described already: a
    method may know its class, and a function itself.
    """
    if id(thing) in above:
        return "itself"
    above = above | {id(thing)}
    if isinstance(thing, (staticmethod, classmethod)):
        return _compiled(thing.__func__, above)
    if isinstance(thing, property):
        return [_compiled(part, above) for part in (thing.fget, thing.fset) if part is not None]
    if inspect.isclass(thing):
        family = [part for part in thing.__mro__ if _is_foreign(part)]
        return [[part.__qualname__, _members(part, above)] for part in family]
    if inspect.isfunction(thing):
        stored = [thing.__defaults__, thing.__kwdefaults__, *map(_cell, thing.__closure__ or ())]
        return [_code_object(thing.__code__), *[_content(value, above) for value in stored]]
    return type(thing).__qualname__


def _members(owner, above):
    # Python itself adds and drops dunder attributes that are no functions
    return [
        [name, _content(member, above)]
        for name, member in sorted(vars(owner).items())
        if inspect.isfunction(member) or not name.startswith("__")
    ]


def _content(value, above):
    is_code = isinstance(value, (FunctionType, type))
    if is_code and not _is_foreign(value):
        return _code_token(value)
    if is_code or isinstance(value, (staticmethod, classmethod, property)):
        return _compiled(value, above)
    try:
        return _token(value)
    except Unkeyed:
        return type(value).__qualname__


def _cell(cell):
    try:
        return cell.cell_contents
    except ValueError:
        # of a name that has no value yet
        return "empty"


def _code_object(code):
    constants = [
        _code_object(constant) if inspect.iscode(constant) else _constant(constant)
        for constant in code.co_consts
    ]
    return [code.co_code.hex(), constants, code.co_names, code.co_varnames, code.co_freevars]


def _constant(constant):
    # the order of a set differs from process to process
    return sorted(map(repr, constant)) if isinstance(constant, frozenset) else repr(constant)


_TOKENISERS = [
    (str, _text_token),
    (os.PathLike, _path_token),
    (np.ndarray, _array_token),
    (pd.DataFrame, _table_token),
    (pd.Series, lambda series: _table_token(series.to_frame())),
    (dict, lambda items: ["dict", sorted([str(key), _token(item)] for key, item in items.items())]),
    ((list, tuple), lambda items: ["list", [_token(item) for item in items]]),
    ((set, frozenset), lambda items: ["set", sorted(json.dumps(_token(i)) for i in items)]),
    (nib.spatialimages.SpatialImage, image_token),
    (BaseEstimator, _estimator_token),
    ((np.random.RandomState, np.random.Generator), _random_token),
    (MethodType, lambda method: ["method", _token(method.__func__), _token(method.__self__)]),
    (partial, lambda call: ["partial", *map(_token, (call.func, call.args, call.keywords))]),
]
