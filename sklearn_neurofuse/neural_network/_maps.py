"""Attention on tokens, mapped back on voxels, channels and times."""

import numpy as np
import torch


def map_attention(member, data, present, layout):
    """Give the attention of one member on every feature.

    Parameters
    ----------
    member : Member
        Fitted.
    data : dict of str to ndarray of float32
        Standardised samples.
    present : ndarray of bool of shape (n_samples, n_modalities)
        Which samples have which modality.
    layout : Layout
        Of the samples.

    Returns
    -------
    dict of str to ndarray of shape (n_samples, ...)
        For each modality; all features together sum to one for each sample.
    """
    module = member.net.module_.eval()
    with torch.inference_mode():
        parts = module.attend(**member.inputs(data, present))
    maps = {}
    for name in layout.names:
        shape = layout.shapes[name]
        total = np.zeros((len(present), *shape))
        tokens = [part.numpy().astype(np.float64) for part in parts.get(name, ())]
        if name in member.components:
            total += _by_pattern(tokens.pop(0), member.components[name].patterns, shape)
        for weights in tokens:
            encoder = module.encoders[f"on_{name}"]
            total += _by_place(weights, encoder, shape)
        maps[name] = total
    return maps


def _by_pattern(weights, patterns, shape):
    """Spread the weight of each component over its pattern."""
    size = np.abs(patterns, dtype=np.float64)
    size /= np.maximum(size.sum(axis=1, keepdims=True), 1e-12)
    return (weights @ size).reshape(len(weights), *shape)


def _by_place(weights, encoder, shape):
    """Spread the weight of each token evenly over the features that it stands for."""
    grid = encoder.grid
    voxels = getattr(encoder, "voxels", None)
    whole = encoder.shape if voxels is not None else shape
    cells = _cells(grid, whole)
    if voxels is not None:
        cells = cells.ravel()[voxels.numpy()]
    counts = np.bincount(cells.ravel(), minlength=weights.shape[1])
    return (weights / np.maximum(counts, 1))[:, cells].reshape(len(weights), *shape)


def _cells(grid, shape):
    """Say to which token each feature belongs; the grid lies on the last axes."""
    cells = np.zeros(shape, int)
    first = len(shape) - len(grid)
    if first < 0 or grid == (1,):
        return cells
    stride = 1
    for axis in range(len(grid) - 1, -1, -1):
        size = shape[first + axis]
        along = np.arange(size) * grid[axis] // size
        cells += stride * along.reshape([-1 if i == first + axis else 1 for i in range(len(shape))])
        stride *= grid[axis]
    return cells
