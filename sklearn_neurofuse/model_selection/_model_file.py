"""A fitted model in a file that runs no code when it is opened."""

import inspect
import warnings
from importlib import import_module

import skops.io
from skops.io.exceptions import UnsupportedTypeException, UntrustedTypesFoundException

_PACKAGE = "sklearn_neurofuse"
# beside what skops trusts: types of plain numbers
_PLAIN = ("numpy.dtype",)
# a change of these may change predictions or hinder reading
_WATCHED = ("sklearn-neurofuse", "scikit-learn", "torch", "skorch")


def write_model(owner, path, model):
    """Write a fitted model, and see that it can be read back.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    path : path-like
        File to write.
    model : estimator
        Fitted.

    Raises
    ------
    ValueError
        If a part of the model cannot be stored.
    """
    try:
        skops.io.dump(model, path)
        skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    except (UnsupportedTypeException, AttributeError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{owner}: the model cannot be stored without a pickle, since {error}; use classes "
            "and functions of modules in place of lambdas and closures"
        ) from error


def read_model(owner, path, trusted=()):
    """Read a model that holds nothing but known types.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    path : path-like
        The file.
    trusted : sequence of str, default=()
        Full names of further types that may be made.

    Returns
    -------
    estimator
        The model.

    Raises
    ------
    ValueError
        If the file holds other types, or is none.
    """
    try:
        unknown = skops.io.get_untrusted_types(file=path)
        own = [name for name in unknown if name in _PLAIN or _is_own(name)]
        return skops.io.load(path, trusted=[*own, *trusted])
    except UntrustedTypesFoundException as error:
        foreign = sorted(set(unknown) - {*own, *trusted})
        raise ValueError(
            f"{owner}: {path} holds types that are neither of scikit-learn nor of this package, "
            f"{', '.join(foreign)}; where you know its source, name them in trusted"
        ) from error
    # a file that is damaged, or no model, fails in as many ways as it can be read
    except Exception as error:
        raise ValueError(f"{owner}: {path} is no model that can be read; {error}") from error


def _is_own(name):
    """Say whether a name is that of a class of this package, not of something it imports."""
    module, _, attribute = name.rpartition(".")
    if module.partition(".")[0] != _PACKAGE:
        return False
    found = getattr(import_module(module), attribute, None)
    return inspect.isclass(found) and found.__module__ == module


def warn_of_versions(owner, noted, here):
    """Warn where a model was made by other versions than those that are here.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    noted, here : dict of str to str
        Versions by package.
    """
    apart = [
        f"{package} {noted[package]} (here {here.get(package)})"
        for package in _WATCHED
        if package in noted and noted[package] != here.get(package)
    ]
    if apart:
        warnings.warn(
            f"{owner}: the model was made with {', '.join(apart)}; its predictions may differ",
            UserWarning,
            stacklevel=3,
        )
