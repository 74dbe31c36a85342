"""Rows of an array that are taken when their numbers are needed."""

import numpy as np

# below this many bytes, copying row by row costs more than fancy indexing with its extra copy
_LONG_ROW = 1 << 13
_PIECE = 1 << 18


class Selection:
    """Rows of an array, kept as an index until their numbers are needed.

    Cross-validation takes the same rows of every modality and mostly wants them side by side:
    so they are copied once, to where they are wanted, and a selection of a selection costs
    nothing.

    Parameters
    ----------
    source : ndarray or memmap of shape (n, ...)
        The array.
    index : ndarray of int of shape (n_samples,), default=None
        Rows of it, within its bounds; None for all.
    """

    def __init__(self, source, index=None):
        self.source = source
        self.index = index

    def __len__(self):
        return len(self.source if self.index is None else self.index)

    def __getitem__(self, rows):
        if self.index is not None:
            return Selection(self.source, self.index[rows])
        if isinstance(rows, slice):
            return Selection(self.source[rows])
        return Selection(self.source, rows)

    @property
    def is_mapped(self):
        """Whether the numbers lie in a memory-mapped file."""
        array = self.source
        while isinstance(array, np.ndarray):
            if isinstance(array, np.memmap):
                return True
            array = array.base
        return False

    def taken(self):
        """Take the rows.

        Returns
        -------
        ndarray or memmap of shape (n_samples, ...)
            The array itself where all its rows are wanted.
        """
        return self.source if self.index is None else np.asarray(self.source)[self.index]

    def between(self, start, stop):
        """Take a few of the rows.

        Parameters
        ----------
        start, stop : int
            Which ones.

        Returns
        -------
        ndarray of shape (stop - start, ...)
            Their numbers.
        """
        return np.asarray(self[start:stop].taken())

    def write(self, out):
        """Copy the rows into an array.

        Parameters
        ----------
        out : ndarray of shape (n_samples, ...)
            Where to.
        """
        if self.index is None:
            out[...] = self.source
            return
        source = np.asarray(self.source)
        row_bytes = source[:1].nbytes
        if row_bytes >= _LONG_ROW:
            for place, row in enumerate(self.index.tolist()):
                out[place] = source[row]
            return
        step = max(1, _PIECE // max(1, row_bytes))
        for start in range(0, len(self.index), step):
            out[start : start + step] = source[self.index[start : start + step]]
