"""What a report tells of how it was made: versions, seed, data."""

import platform
from importlib.metadata import version

import numpy as np

from sklearn_neurofuse.model_selection._samples import recordings_of
from sklearn_neurofuse.model_selection._shift import shapes_of

_PACKAGES = (
    "sklearn-neurofuse",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "torch",
    "skorch",
)


def describe(design, X, seed):
    """Tell how an evaluation was made.

    Parameters
    ----------
    design : Design
        Labels, groups and splits.
    X : object
        The samples.
    seed : int
        Of everything drawn.

    Returns
    -------
    dict
        Of plain values.
    """
    return {
        "cross_validation": design.title,
        "n_splits": len(design.splits),
        "n_repeats": design.n_repeats,
        "seed": seed,
        "data": describe_data(design, X),
        "versions": versions(),
    }


def describe_data(design, X):
    """Tell what the samples are.

    Parameters
    ----------
    design : Design
        Labels and groups.
    X : object
        The samples.

    Returns
    -------
    dict
        Of plain values.
    """
    recordings = {name: repr(block) for name, block in recordings_of(X).items()}
    return {
        "n_samples": len(design.y),
        "n_groups": design.n_groups,
        "group": design.noun,
        "judged": design.noun if design.per_group else "sample",
        "classes": {
            str(label): int(np.sum(design.y == code)) for code, label in enumerate(design.classes)
        },
        "positive": str(design.classes[-1]) if design.is_binary else None,
        "modalities": shapes_of(X) | recordings,
        "missing": _missing(X),
    }


def _missing(X):
    if not hasattr(X, "modalities"):
        return {}
    counts = np.sum(~X.present, axis=0)
    return {name: int(n) for name, n in zip(X.modalities, counts, strict=True) if n}


def versions():
    """Tell the versions of Python and of what computes.

    Returns
    -------
    dict of str to str
        By package.
    """
    return {
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }
