"""A block of arrays: the samples of one modality."""

from math import prod

import numpy as np

from sklearn_neurofuse.containers._base import AbstractBlock, as_rows
from sklearn_neurofuse.containers._presence import find_present
from sklearn_neurofuse.containers._selection import Selection
from sklearn_neurofuse.containers._space import check_unique, space_from_state, space_to_state


@AbstractBlock.register
class Block(AbstractBlock):
    """Samples of one modality as an array, with the space that says what the numbers mean.

    Parameters
    ----------
    data : ndarray or memmap of shape (n_samples, ...)
        Real numbers, with one axis or more after the samples; not copied. A sample whose
        numbers are all NaN is missing.
    space : VolumeSpace, SensorSpace, ConnectomeSpace or None, default=None
        What the numbers mean; None for plain features.
    feature_names : sequence of str, default=None
        Names of the columns of plain features.

    Attributes
    ----------
    data : ndarray or memmap of shape (n_samples, ...)
        The array as given. Of rows that were chosen, it is taken when it is first asked for.
    space : VolumeSpace, SensorSpace, ConnectomeSpace or None
        The space as given.
    feature_names : tuple of str or None
        Names of the columns.

    Raises
    ------
    TypeError
        If the data are not real numbers.
    ValueError
        If the data have fewer than two axes or an empty sample, or the space or the names do
        not fit them.

    Notes
    -----
    Blocks share memory with the arrays they are made of and with the blocks that are chosen from
    them, so these arrays are not to be written to.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.containers import Block
    >>> Block(np.zeros((5, 3)))[[0, 2]].shape
    (2, 3)
    """

    def __init__(self, data, space=None, feature_names=None):
        data = _check_data(data)
        if space is not None:
            space.check(data.shape[1:])
        names = _check_feature_names(feature_names, space, data)
        _assign(self, Selection(data), space, names, None)

    @classmethod
    def _trusted(cls, selection, space, feature_names, present):
        block = cls.__new__(cls)
        _assign(block, selection, space, feature_names, present)
        return block

    def __setattr__(self, name, value):
        raise AttributeError(f"Block is frozen; {name} cannot be set")

    def __delattr__(self, name):
        raise AttributeError(f"Block is frozen; {name} cannot be deleted")

    def __len__(self):
        return len(self._selection)

    def __getitem__(self, rows):
        return self.choose(as_rows(rows, len(self)))

    def choose(self, rows):
        """Select samples by what `as_rows` gave.

        Parameters
        ----------
        rows : slice or ndarray of int
            Within bounds.

        Returns
        -------
        Block
            The samples, taken when their numbers are asked for.
        """
        present = None if self._present is None else self._present[rows]
        block = self._trusted(self._selection[rows], self.space, self.feature_names, present)
        vars(block)["_title"] = self._title
        return block

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype=dtype, copy=copy)

    @property
    def data(self):
        """The numbers, ndarray or memmap of shape (n_samples, ...)."""
        data = self._selection.taken()
        if data is not self._selection.source:
            vars(self)["_selection"] = Selection(data)
        return data

    def write(self, out):
        """Copy the numbers into an array.

        Parameters
        ----------
        out : ndarray of shape (n_samples, ...)
            Where to.
        """
        self._selection.write(out)

    @property
    def sample_shape(self):
        """Shape of one sample, tuple of int."""
        return self._selection.source.shape[1:]

    @property
    def dtype(self):
        """Type of the numbers."""
        return self._selection.source.dtype

    @property
    def nbytes(self):
        """Size of the data in bytes."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def present(self):
        """Which samples hold data, ndarray of bool of shape (n_samples,)."""
        if self._present is None:
            self._find_present()
        return self._present

    def check(self, name):
        """Raise ValueError if a sample is NaN in part; memory-mapped data are left for later.

        Parameters
        ----------
        name : str
            Name of the modality, for the message.
        """
        vars(self)["_title"] = f"Multimodal: modality {name!r}"
        if self._present is None and not self._selection.is_mapped:
            self._find_present()

    def _find_present(self):
        present = find_present(self._selection, self._title)
        _assign(self, self._selection, self.space, self.feature_names, present)

    # who is told in an error about the samples; not part of the state
    _title = "Block"

    def get_feature_names(self):
        """Name every number of a flattened sample.

        Returns
        -------
        list of str
            From the space, the columns, or ``"x0"``, ``"x1"`` and so on.
        """
        return feature_names_of(self.space, self.feature_names, self.sample_shape)

    def to_native(self):
        """Give the samples as the object that the field's tools work on.

        Returns
        -------
        nibabel.Nifti1Image, mne.EpochsArray or ndarray
            As the space has it.

        Raises
        ------
        ValueError
            If the block has no space.
        """
        if self.space is None:
            raise ValueError("Block: plain features have no native object; give the block a space")
        return self.space.to_native(self.data)

    @classmethod
    def concatenate(cls, blocks, name="block"):
        """Stack blocks of one modality along the samples.

        Parameters
        ----------
        blocks : sequence of Block
            Equal in sample shape, space and names of columns.
        name : str, default="block"
            Name of the modality, for errors.

        Returns
        -------
        Block
            The samples of all.

        Raises
        ------
        ValueError
            If two blocks differ in shape, space or names.
        """
        first = blocks[0]
        for block in blocks[1:]:
            _check_stackable(first, block, name)
        known = all(block._present is not None for block in blocks)
        present = np.concatenate([block._present for block in blocks]) if known else None
        data = np.concatenate([block.data for block in blocks])
        return cls._trusted(Selection(data), first.space, first.feature_names, present)

    def save(self, folder, name):
        """Write the array as npy.

        Parameters
        ----------
        folder : pathlib.Path
            An existing folder.
        name : str
            Name of the modality.

        Returns
        -------
        dict
            The header.
        """
        space, arrays = space_to_state(self.space)
        arrays = {"data": self.data, "present": self.present} | {
            f"space.{key}": array for key, array in arrays.items()
        }
        files = {key: f"{name}.{key}.npy" for key in arrays}
        for key, array in arrays.items():
            np.save(folder / files[key], array, allow_pickle=False)
        return {"files": files, "space": space, "feature_names": self.feature_names}

    @classmethod
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

        Returns
        -------
        Block
            The block, its array memory-mapped unless `mmap_mode` is None.
        """
        files = dict(header["files"])
        data = np.load(folder / files.pop("data"), mmap_mode=mmap_mode, allow_pickle=False)
        arrays = {key: np.load(folder / file, allow_pickle=False) for key, file in files.items()}
        present = arrays.pop("present")
        arrays = {key.removeprefix("space."): array for key, array in arrays.items()}
        space = space_from_state(header["space"], arrays)
        if space is not None:
            space.check(data.shape[1:])
        if present.shape != (len(data),):
            raise ValueError(f"{len(data)} samples, {len(present)} known as present or missing")
        names = header["feature_names"]
        names = None if names is None else tuple(names)
        return cls._trusted(Selection(data), space, names, present)

    def __getstate__(self):
        return {"data": self.data, "space": self.space, "feature_names": self.feature_names}

    def __setstate__(self, state):
        _assign(self, Selection(state["data"]), state["space"], state["feature_names"], None)

    def __repr__(self):
        space = "" if self.space is None else f", {self.space!r}"
        return f"Block({self.shape}, {self.dtype}{space})"


def _assign(block, selection, space, feature_names, present):
    if present is not None:
        present.flags.writeable = False
    # __setattr__ is closed because blocks are frozen
    vars(block).update(
        _selection=selection, space=space, feature_names=feature_names, _present=present
    )


def feature_names_of(space, feature_names, sample_shape):
    """Name every number of a flattened sample.

    Parameters
    ----------
    space : Space or None
        Where the samples lie.
    feature_names : sequence of str or None
        Names of columns of plain features.
    sample_shape : tuple of int
        Shape of one sample.

    Returns
    -------
    list of str
        One name for each feature, in C order.
    """
    if space is not None:
        return space.get_feature_names(sample_shape)
    if feature_names is not None:
        return list(feature_names)
    if len(sample_shape) == 1:
        return [f"x{i}" for i in range(sample_shape[0])]
    indices = np.indices(sample_shape).reshape(len(sample_shape), -1).T
    return ["x" + "_".join(map(str, index)) for index in indices.tolist()]


def _check_data(data):
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError("Block: data must not be masked; fill missing samples with NaN")
    if not isinstance(data, np.memmap):
        data = np.asarray(data)
    if not (np.issubdtype(data.dtype, np.floating) or data.dtype.kind in "biu"):
        raise TypeError(f"Block: data must be real numbers, got an array of dtype {data.dtype}")
    if data.ndim < 2:
        raise ValueError(
            "Block: data must have shape (n_samples, ...) with two axes or more, "
            f"got shape {data.shape}"
        )
    if 0 in data.shape[1:]:
        raise ValueError(f"Block: a sample must hold at least one number, got shape {data.shape}")
    return data


def _check_feature_names(feature_names, space, data):
    if feature_names is None:
        return None
    if space is not None or data.ndim != 2:
        raise ValueError("Block: feature_names are for plain 2-D features without a space")
    names = check_unique("Block", "feature_names", feature_names)
    if len(names) != data.shape[1]:
        raise ValueError(
            f"Block: feature_names must name {data.shape[1]} columns, got {len(names)} names"
        )
    return names


def _check_stackable(first, block, name):
    if not isinstance(block, Block):
        raise ValueError(
            f"Multimodal: modality {name!r} holds arrays in one part and "
            f"{type(block).__name__} in another"
        )
    for what in ("sample_shape", "space", "feature_names"):
        one, two = getattr(first, what), getattr(block, what)
        if one != two:
            raise ValueError(
                f"Multimodal: modality {name!r} cannot be stacked, its parts differ in "
                f"{what}: {one!r} and {two!r}"
            )
