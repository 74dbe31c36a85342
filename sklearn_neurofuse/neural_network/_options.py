"""Small options, grouped in dicts: their defaults and checks."""

from inspect import signature

import torch
from skorch import NeuralNet

from sklearn_neurofuse._validation import check_choice, check_number

PARTS = ("linear", "components", "encoders", "products")
TRAINING = {
    "max_epochs": 30,
    "lr": 0.003,
    "batch_size": 64,
    "patience": 6,
    "schedule": "cosine",
    "device": "cpu",
    "callbacks": None,
    "compile": False,
    "mixed_precision": False,
    "verbose": 0,
    "optimizer__weight_decay": 0.01,
}
_AUGMENTATION = {"modality_dropout": 0.1, "noise": 0.0, "time_shift": 0, "channel_dropout": 0.0}
_SCHEDULES = ("cosine", None)


def complete_training(owner, training):
    """Check the options of training and fill in the defaults.

    Parameters
    ----------
    owner : object
        The estimator, for messages.
    training : dict or None
        What the user chose.

    Returns
    -------
    dict
        All options.

    Raises
    ------
    ValueError
        If an option is unknown or out of bounds, or the device is not there.
    """
    training = _as_dict(owner, "training", training)
    skorch = set(signature(NeuralNet).parameters) - {"module", "criterion", "train_split"}
    for name in training:
        if "__" not in name:
            check_choice(owner, "a key of training", name, sorted({*TRAINING, *skorch}))
    options = {**TRAINING, **training}
    for name in ("max_epochs", "batch_size", "patience"):
        check_number(owner, f"training[{name!r}]", options[name], low=1, integer=True)
    check_number(owner, "training['lr']", options["lr"], low=0.0, closed="neither")
    check_choice(owner, "training['schedule']", options["schedule"], _SCHEDULES)
    _check_device(owner, options)
    return options


def _check_device(owner, options):
    device = options["device"]
    kind = torch.device(device).type
    if options["mixed_precision"] and kind == "cpu":
        # the gradients of convolutions in bfloat16 are not reliable there
        raise ValueError(
            f"{type(owner).__name__}: training['mixed_precision'] needs an accelerator, got "
            f"training['device'] {device!r}"
        )
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f"{type(owner).__name__}: training['device'] must be a device of this machine, got "
            f"{device!r}, but CUDA is not available; use 'cpu'"
        )


def complete_augmentation(owner, augmentation):
    """Check the options of augmentation and fill in the defaults.

    Parameters
    ----------
    owner : object
        The estimator, for messages.
    augmentation : dict or None
        What the user chose.

    Returns
    -------
    dict
        All options.

    Raises
    ------
    ValueError
        If an option is unknown or out of bounds.
    """
    augmentation = _as_dict(owner, "augmentation", augmentation)
    for name in augmentation:
        check_choice(owner, "a key of augmentation", name, _AUGMENTATION)
    options = {**_AUGMENTATION, **augmentation}
    for name in ("modality_dropout", "channel_dropout"):
        check_number(
            owner, f"augmentation[{name!r}]", options[name], low=0.0, high=1.0, closed="left"
        )
    check_number(owner, "augmentation['noise']", options["noise"], low=0.0)
    check_number(owner, "augmentation['time_shift']", options["time_shift"], low=0, integer=True)
    return options


def check_parts(owner, parts):
    """Check which parts the network has.

    Parameters
    ----------
    owner : object
        The estimator, for messages.
    parts : sequence of str
        What the user chose.

    Returns
    -------
    tuple of str
        The parts.

    Raises
    ------
    ValueError
        If a part is unknown or there is none.
    """
    parts = (parts,) if isinstance(parts, str) else tuple(parts)
    for part in parts:
        check_choice(owner, "a part in parts", part, PARTS)
    if not parts:
        raise ValueError(f"{type(owner).__name__}: parts must name at least one part, got none")
    return parts


def _as_dict(owner, name, value):
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(
            f"{type(owner).__name__}: {name} must be a dict or None, got {type(value).__name__}"
        )
    return value
