"""Which encoder reads which modality."""

from math import prod

from torch import nn

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.containers import ConnectomeSpace, SensorSpace, VolumeSpace
from sklearn_neurofuse.neural_network.modules import (
    FeatureEncoder,
    SequenceEncoder,
    VolumeEncoder,
)

_NAMES = ("cnn", "lstm", "mlp", None)


def choose_encoders(owner, encoders, layout):
    """Choose an encoder for each modality, by its space and else by its axes.

    Parameters
    ----------
    owner : object
        The estimator, for messages.
    encoders : "auto" or dict
        What the user chose: ``"cnn"``, ``"lstm"``, ``"mlp"``, None or a callable for each
        modality; those left out are chosen.
    layout : Layout
        Of the training samples.

    Returns
    -------
    dict of str to (str, None or callable)
        For every modality.

    Raises
    ------
    ValueError
        If a modality or an encoder is unknown, or an encoder does not fit the axes.
    """
    chosen = {} if isinstance(encoders, str) else dict(encoders)
    if isinstance(encoders, str):
        check_choice(owner, "encoders", encoders, ("auto",))
    for name, encoder in chosen.items():
        check_choice(owner, "a modality in encoders", name, layout.names)
        check_choice(owner, f"encoders[{name!r}]", encoder, _NAMES, allow_callable=True)
    kinds = {name: chosen.get(name, _kind(layout, name)) for name in layout.names}
    for name, kind in kinds.items():
        _check_axes(owner, kind, layout, name)
    return kinds


def _kind(layout, name):
    space, shape = layout.spaces[name], layout.shapes[name]
    if isinstance(space, VolumeSpace):
        return "cnn"
    if isinstance(space, ConnectomeSpace) or getattr(space, "bands", None) is not None:
        return "mlp"
    if isinstance(space, SensorSpace):
        return "lstm" if len(shape) == 2 else "mlp"
    return {2: "lstm", 3: "cnn"}.get(len(shape), "mlp")


def _check_axes(owner, kind, layout, name):
    space, shape = layout.spaces[name], layout.shapes[name]
    masked = isinstance(space, VolumeSpace) and space.mask is not None and len(shape) == 1
    needed = {"cnn": 3, "lstm": 2}.get(kind if isinstance(kind, str) else None)
    if needed and len(shape) != needed and not (kind == "cnn" and masked):
        raise ValueError(
            f"{type(owner).__name__}: encoders[{name!r}]={kind!r} must read samples of {needed} "
            f"axes, got samples of shape {shape}"
        )


def make_encoder(kind, space, shape, n_features):
    """Make the module of one modality.

    Parameters
    ----------
    kind : str, None or callable
        As `choose_encoders` gave; a callable takes the shape of a sample and the length of a token.
    space : Space or None
        Of the modality.
    shape : tuple of int
        Of a sample.
    n_features : int
        Length of a token.

    Returns
    -------
    Module or None
        The encoder.
    """
    if kind is None or isinstance(kind, nn.Module):
        return kind
    if callable(kind):
        return kind(shape, n_features)
    return _MAKERS[kind](space, shape, n_features)


def _make_cnn(space, shape, n_features):
    mask = getattr(space, "mask", None) if len(shape) == 1 else None
    return VolumeEncoder(shape if mask is None else mask.shape, n_features, mask)


def _make_lstm(_space, shape, n_features):
    return SequenceEncoder(*shape, n_features)


def _make_mlp(_space, shape, n_features):
    return FeatureEncoder(prod(shape), n_features)


_MAKERS = {"cnn": _make_cnn, "lstm": _make_lstm, "mlp": _make_mlp}
