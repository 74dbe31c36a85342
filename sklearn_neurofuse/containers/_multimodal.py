"""`Multimodal`: one ``X`` for several modalities."""

from math import prod

import numpy as np

from sklearn_neurofuse.containers import _checks
from sklearn_neurofuse.containers._base import as_rows
from sklearn_neurofuse.containers._block import Block
from sklearn_neurofuse.containers._convert import as_block
from sklearn_neurofuse.containers._flat import flatten, float_type
from sklearn_neurofuse.containers._layout import Layout
from sklearn_neurofuse.containers._repr import as_html, as_text
from sklearn_neurofuse.containers._space import check_unique
from sklearn_neurofuse.containers._storage import load_blocks, save_blocks


class Multimodal:
    """Samples with several modalities, accepted by scikit-learn as ``X``.

    Each modality is a block of shape (n_samples, ...), aligned by row. For scikit-learn the
    object is a 2-D matrix whose columns are the modalities side by side, each raveled in C
    order; tools that only choose rows hand the object itself on, so that an estimator can take
    the modalities apart.

    Parameters
    ----------
    **modalities : array-like, mne.Epochs, NIfTI image, list, DataFrame, Block or Recordings
        The samples of each modality under its name: an ndarray or memmap of shape
        (n_samples, ...), :class:`mne.Epochs`, a 4-D NIfTI image, a list of 3-D images or
        paths, a DataFrame of numbers, a :class:`Block`, or recordings. Arrays are not copied.
        A sample that lacks a modality is all NaN there.

    Attributes
    ----------
    modalities : tuple of str
        Names of the modalities, in the order of the flat columns.
    layout : Layout
        Names, shapes and spaces.
    present : ndarray of bool of shape (n_samples, n_modalities)
        False where a sample lacks a modality.
    shape : tuple of int
        ``(n_samples, n_features)`` with all flat columns counted; ``(n_samples,)`` while a
        modality still holds recordings.
    dtype : dtype
        Type of the flat matrix.

    Raises
    ------
    ValueError
        If no modality is given, blocks are empty or differ in length, a sample is NaN in part,
        or volumes lie in different template spaces.
    TypeError
        If a modality is of an unknown kind or holds no real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn_neurofuse import Multimodal
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 20)
    >>> volumes = rng.normal(size=(40, 3, 3, 2)) + y[:, None, None, None]
    >>> X = Multimodal(fmri=volumes, eeg=rng.normal(size=(40, 4, 10)))
    >>> X.shape
    (40, 58)
    >>> X[:10]["eeg"].shape
    (10, 4, 10)
    >>> cross_val_score(LogisticRegression(), X, y).shape
    (5,)
    """

    def __init__(self, **modalities):
        if not modalities:
            raise ValueError("Multimodal: at least one modality is needed, got none")
        _checks.check_names(modalities)
        blocks = {name: as_block(value, name) for name, value in modalities.items()}
        _checks.check_lengths(blocks)
        for name, block in blocks.items():
            block.check(name)
        _checks.check_spaces(blocks)
        vars(self)["_blocks"] = blocks

    @classmethod
    def _trusted(cls, blocks):
        multimodal = cls.__new__(cls)
        vars(multimodal)["_blocks"] = blocks
        return multimodal

    def __setattr__(self, name, value):
        raise AttributeError(f"Multimodal is frozen; {name} cannot be set (see replace)")

    def __delattr__(self, name):
        raise AttributeError(f"Multimodal is frozen; {name} cannot be deleted (see select)")

    @property
    def modalities(self):
        """Names of the modalities, tuple of str."""
        return tuple(self._blocks)

    @property
    def shape(self):
        """Shape of the flat matrix, ``(n_samples,)`` while a modality holds recordings."""
        if self._is_array:
            return len(self), self._n_features
        return (len(self),)

    @property
    def ndim(self):
        """2, or 1 while a modality holds recordings."""
        return len(self.shape)

    @property
    def dtype(self):
        """Type of the flat matrix, floating; object while a modality holds recordings."""
        if not self._is_array:
            return np.dtype(object)
        return np.result_type(*[float_type(block.dtype) for block in self._blocks.values()])

    @property
    def nbytes(self):
        """Size of all blocks in bytes."""
        return sum(block.nbytes for block in self._blocks.values())

    @property
    def present(self):
        """Which samples hold which modality, ndarray of bool of shape (n_samples, n_modalities)."""
        return np.column_stack([block.present for block in self._blocks.values()])

    @property
    def layout(self):
        """Names, shapes and spaces of the modalities, a `Layout`."""
        _checks.check_arrays(self._blocks)
        return Layout(
            {name: block.sample_shape for name, block in self._blocks.items()},
            {name: block.space for name, block in self._blocks.items()},
            {name: block.feature_names for name, block in self._blocks.items()},
            {name: block.dtype for name, block in self._blocks.items()},
        )

    @property
    def _is_array(self):
        return all(block.sample_shape is not None for block in self._blocks.values())

    @property
    def _n_features(self):
        return sum(prod(block.sample_shape) for block in self._blocks.values())

    def __len__(self):
        return len(next(iter(self._blocks.values())))

    def __getitem__(self, key):
        """Select a modality, samples, or flat columns.

        Parameters
        ----------
        key : str, int, slice, array-like or tuple
            A name gives the block; an integer, slice, mask or integer array gives samples as a
            Multimodal, also as ``(rows, ...)``; ``(rows, columns)`` gives a flat ndarray.

        Returns
        -------
        AbstractBlock, Multimodal or ndarray
            The selection.

        Raises
        ------
        KeyError
            If no modality has this name.
        IndexError
            If a row is out of bounds.
        """
        if isinstance(key, str):
            return self._blocks[_checks.check_known(key, self._blocks)]
        if isinstance(key, tuple):
            return self._getitem_tuple(key)
        rows = as_rows(key, len(self))
        return self._trusted({name: block.choose(rows) for name, block in self._blocks.items()})

    def _getitem_tuple(self, key):
        if len(key) == 2 and key[1] is Ellipsis:
            return self[key[0]]
        if len(key) == 2 and key[0] is Ellipsis:
            key = (slice(None), key[1])
        if len(key) != 2:
            raise IndexError(f"Multimodal has 2 axes, got an index of length {len(key)}")
        return np.asarray(self[key[0]])[:, key[1]]

    def __contains__(self, name):
        return name in self._blocks

    def __array__(self, dtype=None, copy=None):
        _checks.check_arrays(self._blocks)
        dtype = self.dtype if dtype is None else np.dtype(dtype)
        return flatten(list(self._blocks.values()), self.shape, dtype, copy)

    def astype(self, dtype, copy=True):
        """Give the flat matrix in another type.

        Parameters
        ----------
        dtype : dtype
            The type.
        copy : bool, default=True
            Whether to copy where a view would do.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The flat matrix.
        """
        return np.array(self, dtype=dtype, copy=True if copy else None)

    def copy(self):
        """Give the flat matrix as a new, writeable array, as code that edits columns expects.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The flat matrix.
        """
        return np.array(self, copy=True)

    def replace(self, **modalities):
        """Give a Multimodal with some modalities replaced or added.

        Parameters
        ----------
        **modalities : array-like, mne.Epochs, NIfTI image, list, DataFrame, Block or Recordings
            The new samples under their names. An array of the old sample shape keeps the old
            space.

        Returns
        -------
        Multimodal
            The other modalities are shared, not copied.
        """
        blocks = dict(self._blocks)
        for name, value in modalities.items():
            blocks[name] = as_block(value, name, like=self._blocks.get(name))
        return Multimodal(**blocks)

    def select(self, modalities):
        """Give a Multimodal of some of the modalities.

        Parameters
        ----------
        modalities : str or sequence of str
            Names, in the wanted order.

        Returns
        -------
        Multimodal
            Blocks are shared, not copied.

        Raises
        ------
        KeyError
            If a name is unknown.
        ValueError
            If no name is given or one is given twice.
        """
        names = [modalities] if isinstance(modalities, str) else list(modalities)
        if not names:
            raise ValueError("Multimodal: at least one modality must be selected, got none")
        check_unique("Multimodal", "selected modalities", names)
        names = [_checks.check_known(name, self._blocks) for name in names]
        return self._trusted({name: self._blocks[name] for name in names})

    @classmethod
    def concatenate(cls, parts):
        """Stack several Multimodal along the samples.

        Parameters
        ----------
        parts : sequence of Multimodal
            With the same modalities, shapes and spaces.

        Returns
        -------
        Multimodal
            The samples of all, modalities in the order of the first.

        Raises
        ------
        TypeError
            If a part is no Multimodal.
        ValueError
            If there is none, or two differ in modalities, shapes or spaces.
        """
        parts = list(parts)
        unfit = [type(part).__name__ for part in parts if not isinstance(part, Multimodal)]
        if unfit:
            raise TypeError(f"Multimodal.concatenate: parts must be Multimodal, got {unfit[0]}")
        _checks.check_modalities([part.modalities for part in parts])
        return cls._trusted(
            {
                name: type(block).concatenate([part[name] for part in parts], name)
                for name, block in parts[0]._blocks.items()
            }
        )

    @classmethod
    def from_flat(cls, flat, layout):
        """Turn a flat matrix back into modalities.

        Parameters
        ----------
        flat : array-like of shape (n_samples, n_features)
            What ``np.asarray(X)`` gave, or rows computed in the same columns.
        layout : Layout
            ``X.layout``.

        Returns
        -------
        Multimodal
            Arrays are views of the matrix where memory allows it.

        Raises
        ------
        TypeError
            If `layout` is no Layout.
        ValueError
            If the number of columns is wrong.
        """
        if not isinstance(layout, Layout):
            raise TypeError(
                f"Multimodal.from_flat: layout must be a Layout, got {type(layout).__name__}"
            )
        blocks = {
            name: Block(data, layout.spaces[name], layout.feature_names[name])
            for name, data in layout.split(flat).items()
        }
        return cls(**blocks)

    def save(self, folder, overwrite=False):
        """Write everything into a folder as npy and JSON, all or nothing.

        Parameters
        ----------
        folder : path-like
            A folder that does not exist yet.
        overwrite : bool, default=False
            Whether a saved Multimodal in the folder may be replaced.

        Raises
        ------
        FileExistsError
            If the folder exists and may not be replaced.
        """
        save_blocks(self._blocks, folder, overwrite)

    @classmethod
    def load(cls, folder, mmap_mode="r"):
        """Read what `save` wrote.

        Parameters
        ----------
        folder : path-like
            The folder.
        mmap_mode : {"r", "c", "r+"} or None, default="r"
            How arrays are memory-mapped; None reads them.

        Returns
        -------
        Multimodal
            As saved.

        Raises
        ------
        FileNotFoundError
            If the folder or one of its files is missing.
        ValueError
            If a file is truncated or damaged.
        """
        blocks = load_blocks(folder, mmap_mode)
        _checks.check_lengths(blocks)
        return cls._trusted(blocks)

    def __getstate__(self):
        # a tuple: joblib's hash does not see the order of a dict
        return {"blocks": tuple(self._blocks.items())}

    def __setstate__(self, state):
        vars(self)["_blocks"] = dict(state["blocks"])

    def __sizeof__(self):
        return object.__sizeof__(self) + self.nbytes

    def __repr__(self):
        return as_text(self._blocks)

    def _repr_html_(self):
        return as_html(self._blocks)
