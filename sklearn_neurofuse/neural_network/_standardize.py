"""Standardised samples: what every part of the network works on, whatever the unit."""

from dataclasses import dataclass

import numpy as np

from sklearn_neurofuse.containers import ConnectomeSpace

# a feature that varies less than this, relative to its size, is constant
_CONSTANT = 1e-6
_CHUNK = 64


@dataclass(frozen=True)
class Standardizer:
    """Mean and scale of every feature of one modality, of training samples alone.

    Attributes
    ----------
    mean, scale : ndarray of the shape of a sample
        What is taken off and divided by; infinite where a feature is constant.
    person_wise : bool
        Whether each sample is standardised by itself before, over its edges.
    """

    mean: np.ndarray
    scale: np.ndarray
    person_wise: bool = False

    @classmethod
    def fit(cls, block, rows):
        """Learn from samples that have the modality.

        Parameters
        ----------
        block : Block
            All samples.
        rows : ndarray of int
            Those that have it.

        Returns
        -------
        Standardizer
            Of this modality.
        """
        person_wise = isinstance(block.space, ConnectomeSpace) and block.shape[-1] > 2
        mean, scale = _moments(_prepare(block.data[rows], person_wise))
        constant = scale <= _CONSTANT * np.abs(mean)
        return cls(mean, np.where(constant, np.inf, scale), person_wise)

    def transform(self, data):
        """Standardise.

        Parameters
        ----------
        data : ndarray of shape (n_samples, ...)
            Samples; NaN where missing.

        Returns
        -------
        ndarray of float32 of shape (n_samples, ...)
            The mean of every feature in the training samples is zero, and so is what is missing.
        """
        data = np.asarray(data)
        made = np.empty(data.shape, np.float32)
        for start in range(0, len(data), _CHUNK):
            rows = slice(start, start + _CHUNK)
            part = (_prepare(data[rows], self.person_wise) - self.mean) / self.scale
            made[rows] = np.nan_to_num(part, copy=False)
        return made


def _moments(data):
    """Give mean and standard deviation of what is there, a part of the samples at a time."""
    parts = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    counts = np.maximum(sum(np.sum(~np.isnan(part), axis=0) for part in parts), 1)
    mean = sum(np.nansum(part, axis=0, dtype=np.float64) for part in parts) / counts
    squares = sum(np.nansum((part - mean) ** 2, axis=0) for part in parts)
    return mean, np.sqrt(squares / counts)


def _prepare(data, person_wise):
    if not person_wise:
        return data
    data = data.astype(np.float64, copy=False)
    spread = data.std(axis=-1, keepdims=True)
    return (data - data.mean(axis=-1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
