"""Which samples are there and which are missing."""

import numpy as np

_CHUNK_BYTES = 1 << 26


def find_present(selection, title):
    """Find the samples that hold data, a chunk of samples at a time.

    Parameters
    ----------
    selection : Selection
        The samples.
    title : str
        Who is told in an error.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        False where all numbers of a sample are NaN.

    Raises
    ------
    ValueError
        If a sample is NaN in part.
    """
    present = np.ones(len(selection), dtype=bool)
    if not np.issubdtype(selection.source.dtype, np.floating):
        return present
    step = max(1, _CHUNK_BYTES // max(1, selection.source[:1].nbytes))
    for start in range(0, len(selection), step):
        chunk = selection.between(start, start + step)
        present[start : start + step] = _of_chunk(chunk, start, title)
    return present


def _of_chunk(chunk, start, title):
    # a sum is NaN if any term is, so only suspicious samples are looked at number by number
    with np.errstate(invalid="ignore", over="ignore"):
        suspicious = np.isnan(chunk.sum(axis=tuple(range(1, chunk.ndim))))
    present = np.ones(len(chunk), dtype=bool)
    for row in np.flatnonzero(suspicious).tolist():
        n_nan = int(np.count_nonzero(np.isnan(chunk[row])))
        if 0 < n_nan < chunk[row].size:
            raise ValueError(
                f"{title}: sample {start + row} is NaN in {n_nan} of {chunk[row].size} "
                "numbers; a sample is complete, or all NaN where it is missing: impute "
                "before, or set the whole sample to NaN"
            )
        present[row] = n_nan == 0
    return present
