"""Multimodal EEG-fMRI classification with scikit-learn.

Importing the package loads nothing heavy: the rooms and the names below are loaded when they are
first used.
"""

import pkgutil
from importlib import import_module

from sklearn_neurofuse._version import __version__

# public name -> the room it lives in
_HOMES = {
    "BoldRun": "recordings",
    "Multimodal": "containers",
    "Recordings": "recordings",
    "config_context": "recordings",
    "get_config": "recordings",
    "set_config": "recordings",
}
_ROOMS = frozenset(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)

__all__ = [*_HOMES, "__version__"]


def __getattr__(name):
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOMES, *_ROOMS})
