"""`FusionNet`: encoders, components, fusion and products on top of linear logits."""

from math import prod

import torch
from torch import nn

from sklearn_neurofuse.neural_network.modules._attention_fusion import AttentionFusion
from sklearn_neurofuse.neural_network.modules._concat_fusion import ConcatFusion
from sklearn_neurofuse.neural_network.modules._product_path import ProductPath
from sklearn_neurofuse.neural_network.modules._pyramid_fusion import PyramidFusion


def _attention(grids, n_features):
    return AttentionFusion(_count(grids), n_features)


def _concat(grids, n_features):
    return ConcatFusion(_count(grids), n_features)


def _count(grids):
    return {name: sum(prod(grid) for grid in each) for name, each in grids.items()}


# name -> function of the grids that tokens lie on and of their length
FUSIONS = {"attention": _attention, "concat": _concat, "pyramid": PyramidFusion}


class FusionNet(nn.Module):
    """The whole network: what it gives is added to linear logits.

    Tokens of each modality are the output of its encoder and, for each component, its score times
    a learned vector. The fusion makes one vector of all tokens and a small head logits of
    it, zero at first; the products of paired directions are added.

    Parameters
    ----------
    encoders : dict of str to Module or None
        For each modality a module with the attribute ``grid`` that gives tokens, or None.
    n_components : dict of str to int
        Number of components of each modality, 0 for none. Directions are components, too.
    n_outputs : int, default=1
        Number of logits.
    fusion : {"attention", "concat", "pyramid"} or callable, default="attention"
        A callable takes the grids of each modality (dict of str to list of tuple) and the length
        of a token and gives a module like :class:`AttentionFusion`.
    n_features : int, default=16
        Length of a token.
    n_directions : int, default=0
        Number of directions for each pair of modalities, 0 for no products.
    dropout : float, default=0.2
        Share of the fused vector that is dropped in training.

    Examples
    --------
    >>> import torch
    >>> from sklearn_neurofuse.neural_network.modules import FusionNet, VolumeEncoder
    >>> net = FusionNet({"fmri": VolumeEncoder((8, 9, 8))}, {"fmri": 0}, n_outputs=3)
    >>> net({"fmri": torch.zeros(2, 8, 9, 8)}, present=torch.ones(2, 1, dtype=bool)).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        encoders,
        n_components,
        n_outputs=1,
        *,
        fusion="attention",
        n_features=16,
        n_directions=0,
        dropout=0.2,
    ):
        super().__init__()
        self.names = list(n_components)
        self.n_outputs = n_outputs
        self.encoders = nn.ModuleDict(
            {f"on_{name}": encoder for name, encoder in encoders.items() if encoder is not None}
        )
        self.spread = nn.ParameterDict(
            {
                name: nn.Parameter(torch.randn(n, n_features))
                for name, n in n_components.items()
                if n
            }
        )
        self.place = nn.ParameterDict(
            {name: nn.Parameter(torch.zeros_like(each)) for name, each in self.spread.items()}
        )
        self.fusion = None
        self.grids = self._grids(n_components)
        if self.grids:
            make = FUSIONS[fusion] if isinstance(fusion, str) else fusion
            self.fusion = make(self.grids, n_features)
            self.dropout = nn.Dropout(dropout)
            self.hidden = nn.Linear(self.fusion.n_outputs, n_features)
            self.head = nn.Linear(n_features, n_outputs)
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)
        self.products = None
        if n_directions:
            self.products = ProductPath(n_components, n_directions, n_outputs)

    def _grids(self, n_components):
        grids = {}
        for name, n in n_components.items():
            grids[name] = [(n,)] if n else []
            if f"on_{name}" in self.encoders:
                grids[name].append(self.encoders[f"on_{name}"].grid)
        return {name: each for name, each in grids.items() if each}

    def forward(self, blocks, present, scores=None, directions=None, offset=None):
        """Give logits.

        Parameters
        ----------
        blocks : dict of str to Tensor of shape (n_samples, ...)
            Standardised samples of each modality, zero where missing.
        present : Tensor of bool of shape (n_samples, n_modalities)
            Which samples have which modality.
        scores : dict of str to Tensor of shape (n_samples, n_components), default=None
            Scores of the components.
        directions : dict of str to Tensor of shape (n_samples, n_slots), default=None
            Scores along the directions; see :class:`ProductPath`.
        offset : Tensor of shape (n_samples, n_outputs), default=None
            Linear logits.

        Returns
        -------
        Tensor of shape (n_samples, n_outputs)
            The logits.
        """
        out = torch.zeros(len(present), self.n_outputs, device=present.device)
        if self.fusion is not None:
            fused, _ = self._fuse(blocks, present, scores)
            out = out + self._judge(fused)
        if self.products is not None:
            out = out + self.products(scores, directions, present)
        return out if offset is None else offset + out

    def attend(self, blocks, present, scores=None, directions=None):
        """Say which tokens stand behind what the network adds.

        The attention, averaged over heads, and the components that the products read, in the
        proportion in which either adds to the logits.

        Parameters
        ----------
        blocks, present, scores, directions : dict or Tensor
            As in `forward`.

        Returns
        -------
        dict of str to list of Tensor of shape (n_samples, n_tokens)
            For each modality the weights of its components, then of its encoder's tokens, as far
            as it has them; together they sum to one.

        Raises
        ------
        ValueError
            If the fusion has no attention.
        """
        fused, weights = self._fuse(blocks, present, scores)
        if weights is None:
            raise ValueError("FusionNet: this fusion has no attention; choose fusion='attention'")
        sizes = [prod(grid) for each in self.grids.values() for grid in each]
        parts = iter(weights.mean(dim=1).split(sizes, dim=1))
        parts = {name: [next(parts) for _ in each] for name, each in self.grids.items()}
        if self.products is None:
            return parts
        by_sum = self._judge(fused).abs().sum(dim=1, keepdim=True)
        by_product = self.products(scores, directions, present).abs().sum(dim=1, keepdim=True)
        share = by_product / (by_sum + by_product).clamp_min(1e-12)
        read = self.products.attend(scores, directions, present)
        for name, each in parts.items():
            parts[name] = [(1.0 - share) * part for part in each]
            parts[name][0] = parts[name][0] + share * read[name]
        return parts

    def _judge(self, fused):
        return self.head(torch.relu(self.hidden(self.dropout(fused))))

    def _fuse(self, blocks, present, scores):
        tokens, columns = {}, []
        for i, name in enumerate(self.names):
            parts = []
            if name in self.spread:
                parts.append(scores[name][:, :, None] * self.spread[name] + self.place[name])
            if f"on_{name}" in self.encoders:
                parts.append(self.encoders[f"on_{name}"](blocks[name]))
            if parts:
                tokens[name] = torch.cat(parts, dim=1)
                columns.append(i)
        return self.fusion(tokens, present[:, columns])
