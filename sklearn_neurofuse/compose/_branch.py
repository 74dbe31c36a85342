"""One branch of a `ModalityTransformer`: a block in, its transformer, a block out."""

from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from time import perf_counter

import numpy as np
from scipy import sparse

from sklearn_neurofuse.compose._leaves import (
    fills_missing,
    keeps_features,
    leaves,
    names_out,
    takes_flat,
)
from sklearn_neurofuse.containers import AbstractBlock, Block, Multimodal

_OWNER = "ModalityTransformer"


@dataclass(frozen=True)
class BranchOutput:
    """What a branch gave in fit.

    Parameters
    ----------
    sample_shape : tuple of int or None
        Shape of one sample; None where samples are not arrays yet.
    dtype : dtype or None
        Type of the numbers.
    space : Space or None
        What the numbers mean.
    feature_names : tuple of str or None
        Names of the columns of plain features.
    keeps_space : bool
        Whether an array that the transformer gives lies in the space of the input.
    """

    sample_shape: tuple | None
    dtype: np.dtype | None
    space: object
    feature_names: tuple | None
    keeps_space: bool

    @classmethod
    def of(cls, block, keeps_space):
        """Describe a block.

        Parameters
        ----------
        block : AbstractBlock
            What the branch gave.
        keeps_space : bool
            See above.

        Returns
        -------
        BranchOutput
            The description.
        """
        if block.sample_shape is None:
            return cls(None, None, None, None, keeps_space)
        names = getattr(block, "feature_names", None)
        return cls(block.sample_shape, block.dtype, block.space, names, keeps_space)


def fit_branch(name, transformer, block, y, params, message=None):
    """Fit the transformer of a branch and apply it.

    Parameters
    ----------
    name : str
        Name of the modality.
    transformer : estimator
        Fitted in place.
    block : AbstractBlock
        The samples.
    y : array-like of shape (n_samples,) or None
        The target.
    params : dict of str to dict
        Routed metadata for each method.
    message : str, default=None
        Printed with the time taken, if given.

    Returns
    -------
    transformer : estimator
        The fitted transformer.
    block : AbstractBlock
        What it gave.
    output : BranchOutput
        What that is.

    Raises
    ------
    ValueError
        If no sample holds the modality, or the result has another number of samples.
    """
    start = perf_counter()
    rows = _rows(transformer, block)
    if rows is not None and len(rows) == 0:
        raise ValueError(
            f"{_OWNER}: modality {name!r} is missing in all {len(block)} samples, nothing to fit"
        )
    fed = _feed(name, transformer, block, rows)
    with _noted(name):
        y, params = take_rows(y, rows, len(block)), _take_params(params, rows, len(block))
        result = _fit_transform(transformer, fed, y, params)
    found, columns = _as_block(name, transformer, result, len(fed))
    keeps_space = False
    if found is not result:
        keeps_space = found.space is None and _keeps_space(transformer, found, block)
        named = None if keeps_space else _name_columns(transformer, found, block, columns)
        found = _place(found, block, keeps_space, named)
    output = BranchOutput.of(found, keeps_space)
    if message is not None:
        print(f"[{_OWNER}] {message}, total={perf_counter() - start:6.1f}s")
    return transformer, _with_missing(found, rows, len(block)), output


def transform_branch(name, transformer, block, output, params):
    """Apply the fitted transformer of a branch.

    Parameters
    ----------
    name : str
        Name of the modality.
    transformer : estimator
        Fitted.
    block : AbstractBlock
        The samples.
    output : BranchOutput
        What `fit_branch` told.
    params : dict of str to dict
        Routed metadata for each method.

    Returns
    -------
    AbstractBlock
        What the transformer gave.

    Raises
    ------
    ValueError
        If the result has another number of samples.
    """
    rows = _rows(transformer, block)
    if rows is not None and len(rows) == 0:
        data = np.empty((0, *output.sample_shape), dtype=output.dtype)
        found = Block(data, output.space, output.feature_names)
        return _with_missing(found, rows, len(block))
    fed = _feed(name, transformer, block, rows)
    with _noted(name):
        params = _take_params(params, rows, len(block))
        result = transformer.transform(fed, **params["transform"])
    found, _ = _as_block(name, transformer, result, len(fed))
    if found is not result:
        found = _place(found, block, output.keeps_space, output.feature_names)
    return _with_missing(found, rows, len(block))


@contextmanager
def _noted(name):
    """Say on an error which modality it came from."""
    try:
        yield
    except Exception as error:
        error.add_note(f"{_OWNER}: raised in the branch of modality {name!r}")
        raise


def _rows(transformer, block):
    """Give the samples that a branch works on; None for all of them."""
    if block.sample_shape is None or fills_missing(transformer):
        return None
    present = block.present
    return None if present.all() else np.flatnonzero(present)


def _feed(name, transformer, block, rows):
    flat = takes_flat(transformer)
    if block.sample_shape is None:
        if flat:
            first = type(next(leaves(transformer))).__name__
            raise TypeError(
                f"{_OWNER}: modality {name!r} holds {type(block).__name__}, which are not arrays "
                f"yet, and {first} works on arrays; put an extractor before it, in a "
                "ModalityTransformer of its own"
            )
        return block
    data = np.asarray(block) if rows is None else np.asarray(block[rows])
    return data.reshape(len(data), prod(block.sample_shape)) if flat else data


def _fit_transform(transformer, fed, y, params):
    if hasattr(transformer, "fit_transform"):
        result = transformer.fit_transform(fed, y, **params["fit_transform"])
        # partial least squares and CCA give the scores of the target as well
        return result[0] if isinstance(result, tuple) else result
    transformer.fit(fed, y, **params["fit"])
    return transformer.transform(fed, **params["transform"])


def _as_block(name, transformer, result, n_samples):
    """Give the result as a block, and the names of its columns where it is a data frame."""
    kind = type(transformer).__name__
    columns = [str(column) for column in getattr(result, "columns", [])] or None
    try:
        found = _convert(name, result)
    except (TypeError, ValueError) as error:
        unfit = f"{_OWNER}: {kind} of {name!r} gave unfit samples"
        raise type(error)(f"{unfit}; {error}") from error
    if len(found) != n_samples:
        raise ValueError(
            f"{_OWNER}: {kind} of {name!r} gave {len(found)} samples for {n_samples}; what "
            "changes the number of samples stands outside, see ModalitySampler"
        )
    return found, columns


def _convert(name, result):
    if isinstance(result, AbstractBlock):
        return result
    if sparse.issparse(result):
        return Block(result.toarray())
    if hasattr(result, "__array__"):
        return Block(np.asarray(result))
    return Multimodal(**{name: result})[name]


def _keeps_space(transformer, found, block):
    """Whether an array that came out may be read like the one that went in."""
    if block.sample_shape is None:
        return False
    flat, n_features = takes_flat(transformer), prod(block.sample_shape)
    if not flat and block.ndim > 2:
        return found.sample_shape == block.sample_shape
    if found.sample_shape != (n_features,):
        return False
    return keeps_features(transformer, n_features, trust_functions=not flat)


def _name_columns(transformer, found, block, columns):
    """Name what came out after the transformer, or after the columns of a data frame."""
    if found.ndim != 2 or found.space is not None:
        return None
    named = names_out(transformer, block, found.shape[1])
    return columns if named is None else named


def _place(found, block, keeps_space, named):
    if keeps_space:
        data = np.asarray(found).reshape(len(found), *block.sample_shape)
        return Block(data, block.space, block.feature_names)
    return found if named is None or found.space is not None else Block(found.data, None, named)


def _with_missing(found, rows, n_samples):
    """Put the samples back among the missing ones, which are NaN."""
    if rows is None:
        return found
    dtype = found.dtype if np.issubdtype(found.dtype, np.floating) else np.float64
    data = np.full((n_samples, *found.sample_shape), np.nan, dtype=dtype)
    data[rows] = np.asarray(found)
    return Block(data, found.space, found.feature_names)


def take_rows(value, rows, n_samples):
    """Select samples of what is aligned with them; anything else comes back as it is.

    Parameters
    ----------
    value : object
        A target or a piece of metadata.
    rows : ndarray of int or None
        The samples; None for all.
    n_samples : int
        The length that tells what is aligned.

    Returns
    -------
    object
        The selection; of a tuple a list.
    """
    aligned = hasattr(value, "__len__") and not isinstance(value, (str, dict))
    if rows is None or not aligned or len(value) != n_samples:
        return value
    if hasattr(value, "iloc"):
        return value.iloc[rows]
    if isinstance(value, (list, tuple)):
        return [value[row] for row in rows.tolist()]
    return value[rows]


def _take_params(params, rows, n_samples):
    return {
        method: {key: take_rows(value, rows, n_samples) for key, value in given.items()}
        for method, given in params.items()
    }
