"""Fitted networks as plain arrays and JSON, in memory or in one npz file, without a pickle."""

import json
from zipfile import BadZipFile

import numpy as np
import torch

from sklearn_neurofuse.containers import Layout
from sklearn_neurofuse.containers._space import space_from_state, space_to_state
from sklearn_neurofuse.neural_network._components import Components
from sklearn_neurofuse.neural_network._ensemble import Ensemble
from sklearn_neurofuse.neural_network._member import Member, make_module
from sklearn_neurofuse.neural_network._skorch import make_net
from sklearn_neurofuse.neural_network._standardize import Standardizer

_FORMAT = 1


def take_apart(standardizers, ensemble):
    """Turn what was learned into plain values and arrays.

    Parameters
    ----------
    standardizers : dict of str to Standardizer
        Of each modality.
    ensemble : Ensemble
        What was learned.

    Returns
    -------
    header : dict
        JSON-serialisable.
    arrays : dict of str to ndarray
        The arrays.
    """
    arrays = {}
    for name in standardizers:
        arrays[f"mean/{name}"] = standardizers[name].mean
        arrays[f"scale/{name}"] = standardizers[name].scale
    for name, weights in ensemble.coefficients.items():
        arrays[f"linear/{name}"] = weights
    arrays["intercept"] = ensemble.intercept
    for i, member in enumerate(ensemble.members):
        arrays |= _member_arrays(f"member{i}", member)
    header = {
        "person_wise": {name: each.person_wise for name, each in standardizers.items()},
        "mixture": ensemble.mixture,
        "gate": float(ensemble.gate),
        "slots": [member.n_slots for member in ensemble.members],
    }
    return header, arrays


def save_state(path, *, kind, layout, standardizers, ensemble, extra):
    """Write a fitted network.

    Parameters
    ----------
    path : path-like
        File to write.
    kind : str
        Name of the class.
    layout : Layout
        Of the training samples.
    standardizers : dict of str to Standardizer
        Of each modality.
    ensemble : Ensemble
        What was learned.
    extra : dict of str to ndarray
        What the class keeps beside it.
    """
    header, arrays = take_apart(standardizers, ensemble)
    arrays |= {f"extra/{name}": value for name, value in extra.items()}
    spaces = {}
    for name in layout.names:
        spaces[name], space_arrays = space_to_state(layout.spaces[name])
        arrays |= {f"space/{name}/{key}": value for key, value in space_arrays.items()}
    header |= {
        "format": _FORMAT,
        "class": kind,
        "shapes": {name: list(shape) for name, shape in layout.shapes.items()},
        "feature_names": layout.feature_names,
        "spaces": spaces,
    }
    arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def _member_arrays(prefix, member):
    arrays = {
        f"{prefix}/net/{name}": value.numpy()
        for name, value in _uncompiled(member.net.module_).state_dict().items()
    }
    for name, each in member.components.items():
        for part in ("mean", "filters", "patterns"):
            arrays[f"{prefix}/components/{name}/{part}"] = getattr(each, part)
    return arrays


def _uncompiled(module):
    return getattr(module, "_orig_mod", module)


def read_state(path, kind):
    """Read a file of `save_state`.

    Parameters
    ----------
    path : path-like
        The file.
    kind : str
        Name of the class that reads.

    Returns
    -------
    header : dict
        What is no array.
    arrays : dict of str to ndarray
        The arrays.
    layout : Layout
        Of the training samples.

    Raises
    ------
    ValueError
        If the file is of another kind or damaged.
    """
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = dict(file)
        header = json.loads(bytes(arrays.pop("header")).decode())
    except (BadZipFile, EOFError, KeyError, ValueError) as error:
        raise ValueError(f"{kind}: {path} holds no weights that can be read; {error}") from error
    if header["class"] != kind or header["format"] != _FORMAT:
        raise ValueError(
            f"{kind}: {path} holds the weights of {header['class']} in format {header['format']}"
        )
    spaces = {}
    for name, state in header["spaces"].items():
        spaces[name] = space_from_state(state, _under(arrays, f"space/{name}/"))
    shapes = {name: tuple(shape) for name, shape in header["shapes"].items()}
    return header, arrays, Layout(shapes, spaces, header["feature_names"])


def restore(header, arrays, layout, settings, task):
    """Put a fitted network together.

    Parameters
    ----------
    header, arrays : dict
        What `take_apart` gave.
    layout : Layout
        Of the training samples.
    settings : Settings
        Of the estimator that reads.
    task : Classification or Regression
        What was learned.

    Returns
    -------
    standardizers : dict of str to Standardizer
        Of each modality.
    ensemble : Ensemble
        What was learned.

    Raises
    ------
    ValueError
        If the parameters of the estimator make another network than that of the file.
    """
    standardizers = {
        name: Standardizer(arrays[f"mean/{name}"], arrays[f"scale/{name}"], person_wise)
        for name, person_wise in header["person_wise"].items()
    }
    members = [
        _restore_member(_under(arrays, f"member{i}/"), n_slots, layout, settings, task)
        for i, n_slots in enumerate(header["slots"])
    ]
    ensemble = Ensemble(
        _under(arrays, "linear/"), arrays["intercept"], header["mixture"], members, header["gate"]
    )
    return standardizers, ensemble


def _restore_member(arrays, n_slots, layout, settings, task):
    parts = _under(arrays, "components/")
    names = list(dict.fromkeys(key.split("/")[0] for key in parts))
    components = {
        name: Components(**_under(parts, f"{name}/")) for name in layout.names if name in names
    }
    n_scores = {name: each.filters.shape[1] for name, each in components.items()}
    module = make_module(layout, settings, task.n_outputs, n_scores, n_slots)
    state = {name: torch.tensor(value) for name, value in _under(arrays, "net/").items()}
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            "the file holds another network than the parameters of this estimator make; give it "
            f"the parameters that were used in fit: {error}"
        ) from error
    # as after fit: on the CPU
    training = settings.training | {"device": "cpu", "compile": False}
    net = make_net(
        module, task.criterion, held_out=None, training=training, augmenter=None
    ).initialize()
    net.trim_for_prediction()
    return Member(components, n_slots, net, [])


def _under(arrays, prefix):
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
