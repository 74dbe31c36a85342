"""From the objects people have to blocks."""

import os
from collections.abc import Sequence

import mne
import nibabel as nib
import numpy as np
import pandas as pd
from pandas.api.types import is_complex_dtype, is_numeric_dtype

from sklearn_neurofuse.containers._base import AbstractBlock
from sklearn_neurofuse.containers._block import Block
from sklearn_neurofuse.containers._sensor_space import SensorSpace
from sklearn_neurofuse.containers._space import check_unique
from sklearn_neurofuse.containers._volume_space import VolumeSpace

_ACCEPTED = (
    "an array, a Block, mne.Epochs, a 4-D NIfTI image, a list of 3-D NIfTI images or paths, "
    "a DataFrame or Recordings"
)
_IMAGES = (nib.spatialimages.SpatialImage, str, os.PathLike)
_EXPECTED = (FileNotFoundError, TypeError, ValueError, EOFError, OSError)


def as_block(value, name, like=None):
    """Turn what a user gave for one modality into a block.

    Parameters
    ----------
    value : AbstractBlock, ndarray, mne.Epochs, NIfTI image, DataFrame, path or list of these
        The samples.
    name : str
        Name of the modality, for errors.
    like : AbstractBlock, default=None
        What stood there before: a plain array with samples of its shape keeps its space.

    Returns
    -------
    AbstractBlock
        The samples with their space.

    Raises
    ------
    TypeError
        If the object is of an unknown kind or holds no real numbers.
    ValueError
        If its shape is unfit.
    FileNotFoundError
        If a path leads nowhere.
    """
    if isinstance(value, AbstractBlock):
        return value
    for kinds, convert in _CONVERTERS:
        if isinstance(value, kinds):
            block = _named(convert, value, name)
            return _keep_space(block, like) if isinstance(value, np.ndarray) else block
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        images = len(value) > 0 and all(isinstance(item, _IMAGES) for item in value)
        return _named(_from_images if images else _from_array, value, name)
    raise TypeError(
        f"Multimodal: modality {name!r} must be {_ACCEPTED}, got {type(value).__name__}"
    )


def _named(convert, value, name):
    try:
        return convert(value)
    except _EXPECTED as error:
        # the kind, not the class: subclasses may need other arguments than a message
        kind = next(kind for kind in _EXPECTED if isinstance(error, kind))
        raise kind(f"Multimodal: modality {name!r}: {error}") from error


def _keep_space(block, like):
    if isinstance(like, Block) and block.sample_shape == like.sample_shape:
        return Block(block.data, like.space, like.feature_names)
    return block


def _from_array(value):
    return Block(value)


def _from_epochs(epochs):
    epochs = epochs.copy().load_data() if not epochs.preload else epochs
    return Block(epochs.get_data(copy=False), SensorSpace(epochs.info, epochs.tmin))


def _from_frame(frame):
    check_unique("DataFrame", "columns", frame.columns)
    unfit = [str(name) for name in frame if not _is_real(frame[name])]
    if unfit:
        raise TypeError(f"columns must be real numbers, got other types in {', '.join(unfit)}")
    return Block(frame.to_numpy(dtype=_frame_dtype(frame)), feature_names=list(frame.columns))


def _is_real(column):
    return is_numeric_dtype(column) and not is_complex_dtype(column)


def _frame_dtype(frame):
    return np.float32 if (frame.dtypes == np.float32).all() else np.float64


def _from_image(img):
    if len(img.shape) != 4:
        raise ValueError(f"a NIfTI image must be 4-D, samples last, got shape {img.shape}")
    data = np.moveaxis(_values(img), -1, 0)
    return Block(np.ascontiguousarray(data), VolumeSpace.from_img(img))


def _from_path(path):
    return _from_image(_load(path))


def _from_images(images):
    images = [_load(item) if isinstance(item, (str, os.PathLike)) else item for item in images]
    first = images[0]
    shape = _volume_shape(first, 0)
    space = VolumeSpace.from_img(first)
    data = np.empty((len(images), *shape), dtype=_value_dtype(first))
    for index, img in enumerate(images):
        if _volume_shape(img, index) != shape:
            raise ValueError(
                f"image {_title(img, index)} has shape {img.shape}, the first has {first.shape}"
            )
        if not np.allclose(img.affine, first.affine, rtol=1e-5, atol=1e-4):
            raise ValueError(f"image {_title(img, index)} has another affine than the first")
        if VolumeSpace.from_img(img).space != space.space:
            raise ValueError(f"image {_title(img, index)} is not in {space.space} as the first is")
        data[index] = _values(img).reshape(shape)
    return Block(data, space)


def _load(path):
    if not os.path.exists(path):
        raise FileNotFoundError(f"no such file: {os.fspath(path)}")
    try:
        return nib.load(path)
    except nib.filebasedimages.ImageFileError as error:
        raise ValueError(f"{os.fspath(path)} is not an image that nibabel reads") from error


def _volume_shape(img, index):
    shape = img.shape
    if len(shape) == 4 and shape[3] == 1:
        shape = shape[:3]
    if len(shape) != 3:
        raise ValueError(f"image {_title(img, index)} must be 3-D, got shape {img.shape}")
    return shape


def _title(img, index):
    path = img.get_filename()
    return f"{index}" if path is None else f"{index} ({path})"


def _value_dtype(img):
    # what is stored in fewer bits than float64 loses nothing that matters in float32
    return np.float64 if img.get_data_dtype() == np.float64 else np.float32


def _values(img):
    return np.asanyarray(img.dataobj, dtype=_value_dtype(img))


_CONVERTERS = [
    (np.ndarray, _from_array),
    (mne.BaseEpochs, _from_epochs),
    (nib.spatialimages.SpatialImage, _from_image),
    (pd.DataFrame, _from_frame),
    ((str, os.PathLike), _from_path),
]
