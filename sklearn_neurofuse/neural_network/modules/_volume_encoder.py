"""`VolumeEncoder`: volumes into tokens, one for each position of a feature map."""

from math import ceil

import torch
from torch import nn

_KERNEL, _STRIDE = 5, 3


class VolumeEncoder(nn.Module):
    r"""Encode volumes by a small three-dimensional convolutional network.

    A strided convolution makes the volume 27 times smaller before anything else is computed, a
    second one 8 times; each position of the last feature map is a token.

    Parameters
    ----------
    shape : tuple of 3 int
        Number of voxels along x, y and z.
    n_features : int, default=16
        Length of a token, even.
    mask : ndarray of bool of shape `shape`, default=None
        Which voxels a sample holds where it is given as a vector; None for whole volumes.

    Attributes
    ----------
    grid : tuple of 3 int
        Shape of the last feature map; tokens are its positions in C order.

    Examples
    --------
    >>> import torch
    >>> from sklearn_neurofuse.neural_network.modules import VolumeEncoder
    >>> encoder = VolumeEncoder((24, 28, 24))
    >>> encoder.grid
    (4, 5, 4)
    >>> encoder(torch.zeros(2, 24, 28, 24)).shape
    torch.Size([2, 80, 16])
    """

    def __init__(self, shape, n_features=16, mask=None):
        super().__init__()
        self.shape = tuple(shape)
        width = max(n_features // 2, 1)
        self.stem = nn.Conv3d(1, width, _KERNEL, stride=_STRIDE, padding=_KERNEL // 2)
        self.stem_norm = nn.GroupNorm(1, width)
        self.body = nn.Conv3d(width, n_features, 3, stride=2, padding=1)
        self.body_norm = nn.GroupNorm(1, n_features)
        self.activation = nn.GELU()
        flat = None if mask is None else torch.as_tensor(mask.ravel().nonzero()[0])
        self.register_buffer("voxels", flat)
        self.grid = tuple(ceil(ceil(size / _STRIDE) / 2) for size in self.shape)

    def forward(self, x):
        """Encode.

        Parameters
        ----------
        x : Tensor of shape (n_samples, x, y, z) or (n_samples, n_voxels)
            Standardised volumes; vectors where there is a mask.

        Returns
        -------
        Tensor of shape (n_samples, n_positions, n_features)
            The tokens.
        """
        if self.voxels is not None:
            whole = x.new_zeros(len(x), self.shape[0] * self.shape[1] * self.shape[2])
            x = whole.index_copy(1, self.voxels, x).reshape(-1, *self.shape)
        x = self.activation(self.stem_norm(self.stem(x[:, None])))
        x = self.activation(self.body_norm(self.body(x)))
        return x.flatten(2).transpose(1, 2)
