"""`PyramidFusion`: tokens pooled at several scales in space and time, side by side."""

from math import prod

import torch
from torch import nn
from torch.nn import functional

_POOLS = {
    1: functional.adaptive_avg_pool1d,
    2: functional.adaptive_avg_pool2d,
    3: functional.adaptive_avg_pool3d,
}


class PyramidFusion(nn.Module):
    """Fuse by pooling at several scales and concatenation.

    At scale s every axis of the grid that tokens lie on is cut into s parts, and the tokens in
    each cell are averaged [1]_. A linear layer for each modality brings the cells of all scales to
    one length.

    Parameters
    ----------
    grids : dict of str to list of tuple of int
        Of each modality the grids its tokens lie on, one after the other: three axes of a feature
        map, one axis of time steps. ``()`` stands for one token without a place.
    n_features : int, default=16
        Length of a token.
    scales : sequence of int, default=(1, 2, 4)
        Number of parts of each axis; an axis is never cut into more parts than it has
        positions.

    Attributes
    ----------
    n_outputs : int
        Length of the fused vector.

    References
    ----------
    .. [1] He, K., Zhang, X., Ren, S., & Sun, J. (2015). Spatial pyramid pooling in deep
       convolutional networks for visual recognition. IEEE TPAMI 37, 1904-1916.
       doi:10.1109/TPAMI.2015.2389824

    Examples
    --------
    >>> import torch
    >>> from sklearn_neurofuse.neural_network.modules import PyramidFusion
    >>> fusion = PyramidFusion({"fmri": [(4, 5, 4)], "eeg": [(63,)]})
    >>> tokens = {"fmri": torch.zeros(2, 80, 16), "eeg": torch.zeros(2, 63, 16)}
    >>> fused, _ = fusion(tokens, torch.ones(2, 2, dtype=bool))
    >>> fused.shape
    torch.Size([2, 32])
    """

    def __init__(self, grids, n_features=16, scales=(1, 2, 4)):
        super().__init__()
        self.grids = {name: [tuple(grid) for grid in each] for name, each in grids.items()}
        self.scales = tuple(scales)
        self.n_outputs = n_features * len(grids)
        self.stand_in = nn.Parameter(torch.zeros(len(grids), n_features))
        self.mix = nn.ModuleDict(
            {
                f"of_{name}": nn.Linear(
                    n_features * sum(self._n_cells(grid) for grid in each), n_features
                )
                for name, each in self.grids.items()
            }
        )

    def forward(self, tokens, present):
        """Fuse.

        Parameters
        ----------
        tokens : dict of str to Tensor of shape (n_samples, n_tokens, n_features)
            Tokens of each modality, in the order of its grids.
        present : Tensor of bool of shape (n_samples, n_modalities)
            Which samples have which modality; others get a learned stand-in.

        Returns
        -------
        fused : Tensor of shape (n_samples, n_outputs)
            Modalities side by side.
        weights : None
            There is no attention.
        """
        fused = []
        for i, (name, grids) in enumerate(self.grids.items()):
            sizes = [prod(grid) for grid in grids]
            parts = tokens[name].split(sizes, dim=1)
            cells = [self._pool(part, grid) for part, grid in zip(parts, grids, strict=True)]
            mixed = self.mix[f"of_{name}"](torch.cat(cells, dim=1))
            fused.append(torch.where(present[:, i, None], mixed, self.stand_in[i]))
        return torch.cat(fused, dim=1), None

    def _pool(self, tokens, grid):
        if not grid:
            return tokens.flatten(1)
        maps = tokens.transpose(1, 2).unflatten(2, grid)
        pool = _POOLS[len(grid)]
        return torch.cat([pool(maps, cut).flatten(1) for cut in self._cuts(grid)], dim=1)

    def _cuts(self, grid):
        cuts = [tuple(min(scale, size) for size in grid) for scale in self.scales]
        return list(dict.fromkeys(cuts))

    def _n_cells(self, grid):
        return sum(prod(cut) for cut in self._cuts(grid)) if grid else 1
