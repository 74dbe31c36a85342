"""What every block of samples can do, whatever its samples are made of."""

from abc import ABC, abstractmethod
from numbers import Integral

import numpy as np


def as_rows(rows, n_samples):
    """Turn any row selector into a slice or an integer array.

    Parameters
    ----------
    rows : int, slice, array-like of bool, array-like of int, or (rows, ...)
        What NumPy takes on a first axis. An integer becomes a slice of length one, so that
        the sample axis is kept.
    n_samples : int
        Length of the axis that is indexed.

    Returns
    -------
    slice or ndarray of int
        The selector for the first axis of an array; an array is the caller's own.

    Raises
    ------
    IndexError
        If the selector is of another kind, out of bounds, or a mask of another length.
    """
    if isinstance(rows, slice):
        return rows
    if isinstance(rows, np.ndarray) and rows.dtype == np.intp and rows.ndim == 1 and rows.size:
        return _in_bounds(rows, n_samples).copy()
    if isinstance(rows, Integral) and not isinstance(rows, (bool, np.bool_)):
        return _single_row(int(rows), n_samples)
    if isinstance(rows, tuple) and len(rows) == 2 and rows[1] is Ellipsis:
        return as_rows(rows[0], n_samples)
    index = np.asarray(rows)
    if index.size == 0 and index.ndim == 1 and index.dtype != bool:
        return np.empty(0, dtype=np.intp)
    if index.ndim == 0 and index.dtype.kind in "iu":
        return _single_row(int(index), n_samples)
    if index.ndim != 1 or index.dtype.kind not in "biu":
        raise IndexError(
            "rows are chosen by an integer, a slice, a mask or a 1-D array of integers, "
            f"got {type(rows).__name__} of dtype {index.dtype} with {index.ndim} axes"
        )
    if index.dtype == bool:
        if len(index) != n_samples:
            raise IndexError(f"a mask over {n_samples} samples was given {len(index)} values")
        return np.flatnonzero(index)
    return _in_bounds(index, n_samples).astype(np.intp)


def _single_row(row, n_samples):
    if not -n_samples <= row < n_samples:
        raise IndexError(f"row {row} of {n_samples} samples")
    row %= n_samples
    return slice(row, row + 1)


def _in_bounds(index, n_samples):
    if index.min() < -n_samples or index.max() >= n_samples:
        outside = index[(index < -n_samples) | (index >= n_samples)]
        raise IndexError(f"row {int(outside[0])} of {n_samples} samples")
    return index


class AbstractBlock(ABC):
    """Samples of one modality, aligned by row with the other modalities.

    Subclasses register themselves for storage by decorating the class with
    :meth:`register`; `Multimodal` knows blocks only through these methods.

    Attributes
    ----------
    sample_shape : tuple of int or None
        Shape of one sample; None while samples are not arrays yet.
    space : object or None
        What the numbers mean.
    """

    _registry: dict = {}

    @staticmethod
    def register(block_class):
        """Make a block class known to `Multimodal.load`, as a class decorator.

        Parameters
        ----------
        block_class : type
            Subclass of `AbstractBlock`.

        Returns
        -------
        type
            The class itself.
        """
        AbstractBlock._registry[block_class.__name__] = block_class
        return block_class

    @abstractmethod
    def __len__(self):
        """Give the number of samples."""

    @abstractmethod
    def __getitem__(self, rows):
        """Select samples; the result is a block of the same kind."""

    def choose(self, rows):
        """Select samples by what `as_rows` gave.

        Parameters
        ----------
        rows : slice or ndarray of int
            Within bounds.

        Returns
        -------
        AbstractBlock
            A block of the same kind.
        """
        return self[rows]

    @property
    @abstractmethod
    def present(self):
        """Which samples hold data, ndarray of bool of shape (n_samples,)."""

    @property
    @abstractmethod
    def nbytes(self):
        """Size of the data in bytes."""

    @classmethod
    @abstractmethod
    def concatenate(cls, blocks, name="block"):
        """Stack blocks of one modality along the samples.

        Parameters
        ----------
        blocks : sequence of AbstractBlock
            At least one, all of this class.
        name : str
            Name of the modality, for errors.
        """

    @abstractmethod
    def save(self, folder, name):
        """Write the block into a folder.

        Parameters
        ----------
        folder : pathlib.Path
            An existing folder.
        name : str
            Name of the modality; file names begin with it.

        Returns
        -------
        dict
            What `load_saved` needs, JSON-serialisable.
        """

    @classmethod
    @abstractmethod
    def load_saved(cls, folder, name, header, mmap_mode):
        """Read what `save` wrote.

        Parameters
        ----------
        folder : pathlib.Path
            The folder.
        name : str
            Name of the modality.
        header : dict
            What `save` returned.
        mmap_mode : str or None
            As in :func:`numpy.load`.
        """

    def check(self, name):  # noqa: B027
        """Raise ValueError where the content is unfit; nothing to do by default.

        Parameters
        ----------
        name : str
            Name of the modality, for the message.
        """

    @property
    def shape(self):
        """Shape of the data, ``(n_samples,)`` while samples are not arrays yet."""
        return (len(self), *(self.sample_shape or ()))

    @property
    def ndim(self):
        """Number of axes."""
        return len(self.shape)

    def __sizeof__(self):
        return object.__sizeof__(self) + self.nbytes
