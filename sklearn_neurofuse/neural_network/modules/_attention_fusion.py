"""`AttentionFusion`: attention over the tokens of all modalities, with products between them."""

from itertools import combinations

import torch
from torch import nn


class AttentionFusion(nn.Module):
    r"""Fuse tokens by multi-head attention with learned queries.

    Every head h weighs all tokens t of all modalities together [1]_,

    .. math:: a_{ht} = \mathrm{softmax}_t (q_h^\top K_h x_t / \sqrt{d} + b_{m(t)}),

    and reads from each modality :math:`z_{hm} = \sum_{t \in m} a_{ht} V_h x_t`. Its result is
    the sum over modalities, as usual, and beside it the product of each pair: what depends on a
    conjunction is in no sum.

    Parameters
    ----------
    n_tokens : dict of str to int
        Number of tokens of each modality.
    n_features : int, default=16
        Length of a token, a multiple of `n_heads`.
    n_heads : int, default=4
        Number of heads.

    Attributes
    ----------
    n_outputs : int
        Length of the fused vector.

    References
    ----------
    .. [1] Vaswani, A., et al. (2017). Attention is all you need. Advances in Neural Information
       Processing Systems 30. doi:10.48550/arXiv.1706.03762

    Examples
    --------
    >>> import torch
    >>> from sklearn_neurofuse.neural_network.modules import AttentionFusion
    >>> fusion = AttentionFusion({"fmri": 80, "eeg": 63})
    >>> tokens = {"fmri": torch.zeros(2, 80, 16), "eeg": torch.zeros(2, 63, 16)}
    >>> fused, weights = fusion(tokens, torch.ones(2, 2, dtype=bool))
    >>> fused.shape, weights.shape
    (torch.Size([2, 32]), torch.Size([2, 4, 143]))
    """

    def __init__(self, n_tokens, n_features=16, n_heads=4):
        super().__init__()
        self.n_tokens = dict(n_tokens)
        self.n_heads = n_heads
        self.embedding = nn.Parameter(0.1 * torch.randn(len(n_tokens), n_features))
        # every modality starts with the same share, however many tokens it has
        shares = torch.log(torch.tensor([float(n) for n in n_tokens.values()]))
        self.bias = nn.Parameter(-shares)
        self.query = nn.Parameter(torch.randn(n_heads, n_features // n_heads))
        self.key = nn.Linear(n_features, n_features, bias=False)
        self.value = nn.Linear(n_features, n_features)
        self.pairs = list(combinations(range(len(n_tokens)), 2))
        self.n_outputs = n_features * (1 + len(self.pairs))

    def forward(self, tokens, present):
        """Fuse.

        Parameters
        ----------
        tokens : dict of str to Tensor of shape (n_samples, n_tokens, n_features)
            Tokens of each modality.
        present : Tensor of bool of shape (n_samples, n_modalities)
            Which samples have which modality; the tokens of others get no attention.

        Returns
        -------
        fused : Tensor of shape (n_samples, n_outputs)
            The sum over modalities, then the product of each pair.
        weights : Tensor of shape (n_samples, n_heads, n_all_tokens)
            The attention, which sums to one over tokens, or is zero where nothing is present.
        """
        parts = [tokens[name] + self.embedding[i] for i, name in enumerate(self.n_tokens)]
        x = torch.cat(parts, dim=1)
        weights = self._attend(x, present)
        values = self._by_head(self.value(x))
        read, start = [], 0
        for n in self.n_tokens.values():
            span = slice(start, start + n)
            pooled = torch.einsum("nht,nthd->nhd", weights[:, :, span], values[:, span])
            read.append(pooled.flatten(1))
            start += n
        products = [read[i] * read[j] for i, j in self.pairs]
        return torch.cat([torch.stack(read).sum(dim=0), *products], dim=1), weights

    def _attend(self, x, present):
        keys = self._by_head(self.key(x))
        scores = torch.einsum("hd,nthd->nht", self.query, keys) / keys.shape[-1] ** 0.5
        counts = torch.tensor(list(self.n_tokens.values()), device=x.device)
        scores = scores + self.bias.repeat_interleave(counts)
        there = present.repeat_interleave(counts, dim=1)[:, None]
        # a sample without any modality has no weights instead of NaN
        weights = torch.softmax(scores.masked_fill(~there, -1e9), dim=-1)
        return weights * there

    def _by_head(self, x):
        return x.unflatten(2, (self.n_heads, -1))
