"""Checks of ``X`` that the composite estimators share."""

from sklearn_neurofuse._validation import check_choice, nearest
from sklearn_neurofuse.containers import Multimodal


def check_multimodal(owner, X):
    """Refuse anything but a `Multimodal` with samples.

    Parameters
    ----------
    owner : str
        Who asks, for the message.
    X : object
        What was given.

    Raises
    ------
    TypeError
        If `X` is of another kind.
    ValueError
        If it is empty.
    """
    if isinstance(X, Multimodal):
        if len(X) == 0:
            raise ValueError(f"{owner}: X must hold at least one sample, got none")
        return
    shape = f" of shape {X.shape}" if hasattr(X, "shape") else ""
    raise TypeError(
        f"{owner}: X must be a Multimodal, got {type(X).__name__}{shape}; where a tool flattens "
        "X before fit, put FromFlat(X.layout) in front"
    )


def check_names(owner, names, modalities):
    """Refuse names that are no modality.

    Parameters
    ----------
    owner : str
        Who asks, for the message.
    names : iterable of str
        The names.
    modalities : sequence of str
        The modalities that there are.

    Raises
    ------
    ValueError
        If a name is unknown; the message says which is nearest.
    """
    for name in names:
        if name not in modalities:
            raise ValueError(
                f"{owner}: no modality {name!r}, there are {', '.join(modalities)}"
                f"{nearest(name, modalities)}"
            )


def set_n_features_in(estimator, X):
    """Set ``n_features_in_``, or remove an old one while samples are not arrays yet.

    Parameters
    ----------
    estimator : estimator
        Whose attribute is set.
    X : Multimodal
        What it is fitted to.
    """
    if X.ndim == 2:
        estimator.n_features_in_ = X.shape[1]
    else:
        vars(estimator).pop("n_features_in_", None)


def check_samples(owner, name, block, sample_shape):
    """Refuse samples of another shape than before.

    Parameters
    ----------
    owner : str
        Who asks, for the message.
    name : str
        Name of the modality.
    block : AbstractBlock
        Its samples.
    sample_shape : tuple of int or None
        The shape of one sample that is expected.

    Raises
    ------
    ValueError
        If the samples have another number of axes or another size; the message says on which
        axis.
    """
    if block.sample_shape == sample_shape:
        return
    where = f"{owner}: modality {name!r} must have "
    got = f"got {type(block).__name__} of shape {block.shape}"
    if sample_shape is None:
        raise ValueError(f"{where}samples that are not arrays yet, {got}")
    expected = ", ".join(["n_samples", *map(str, sample_shape)])
    if block.sample_shape is None or len(block.sample_shape) != len(sample_shape):
        raise ValueError(f"{where}{len(sample_shape) + 1} axes, ({expected}), {got}")
    pairs = zip(block.sample_shape, sample_shape, strict=True)
    axis, size = next((i, old) for i, (new, old) in enumerate(pairs, 1) if new != old)
    raise ValueError(f"{where}size {size} on axis {axis}, ({expected}), {got}")


def check_transformers(owner, transformers):
    """Refuse anything but pairs of a modality and what can transform it.

    Parameters
    ----------
    owner : str
        Who asks, for the message.
    transformers : list of (str, transformer) tuples
        What was given.

    Raises
    ------
    TypeError
        If it is no list of pairs, or a transformer cannot transform.
    ValueError
        If the list is empty, a name stands twice, or a word is unknown.
    """
    if not isinstance(transformers, list) or not all(map(_is_pair, transformers)):
        raise TypeError(
            f"{owner}: transformers must be a list of (name of a modality, transformer) pairs, "
            f"got {transformers!r}"
        )
    if not transformers:
        raise ValueError(f"{owner}: transformers must name at least one modality, got none")
    names = [name for name, _ in transformers]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{owner}: modality {name!r} stands twice in transformers")
    for name, transformer in transformers:
        _check_transformer(owner, name, transformer)


def _is_pair(item):
    return isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str)


def _check_transformer(owner, name, transformer):
    if isinstance(transformer, str):
        check_choice(owner, name, transformer, ("passthrough", "drop"))
        return
    if isinstance(transformer, type):
        raise TypeError(
            f"{owner}: the transformer of {name!r} must be an instance, {transformer.__name__}(), "
            "got the class"
        )
    fits = hasattr(transformer, "fit") or hasattr(transformer, "fit_transform")
    if not fits or not hasattr(transformer, "transform"):
        raise TypeError(
            f"{owner}: the transformer of {name!r} must have fit and transform, got {transformer!r}"
        )
