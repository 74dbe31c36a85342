"""`ProductPath`: products of a direction in one modality with a direction in another."""

from itertools import combinations

import torch
from torch import nn


class ProductPath(nn.Module):
    r"""Multiply what two modalities say along paired directions.

    For each pair of modalities (a, b) and each of its directions r,

    .. math:: \sum_r w_r \tanh(\alpha_r (d^a_r + \delta^a_r \cdot s^a))
              \tanh(\beta_r (d^b_r + \delta^b_r \cdot s^b)),

    where d are scores along directions that were found beforehand and s the scores of all
    components, by which training may turn the directions. For signs that are known with Gaussian
    uncertainty a product of tanh is the shape of the best rule for a conjunction.

    Parameters
    ----------
    n_components : dict of str to int
        Number of components of each modality.
    n_directions : int
        Number of directions for each pair of modalities.
    n_outputs : int
        Number of outputs.

    Examples
    --------
    >>> import torch
    >>> from sklearn_neurofuse.neural_network.modules import ProductPath
    >>> path = ProductPath({"fmri": 32, "eeg": 32}, n_directions=2, n_outputs=1)
    >>> scores = {"fmri": torch.zeros(5, 32), "eeg": torch.zeros(5, 32)}
    >>> directions = {"fmri": torch.zeros(5, 2), "eeg": torch.zeros(5, 2)}
    >>> path(scores, directions, torch.ones(5, 2, dtype=bool)).shape
    torch.Size([5, 1])
    """

    def __init__(self, n_components, n_directions, n_outputs):
        super().__init__()
        self.names = list(n_components)
        self.pairs = list(combinations(range(len(self.names)), 2))
        self.n_directions = n_directions
        slots = n_directions * (len(self.names) - 1)
        self.turn = nn.ParameterDict(
            {name: nn.Parameter(torch.zeros(n, slots)) for name, n in n_components.items()}
        )
        self.log_slope = nn.Parameter(torch.zeros(len(self.names), slots))
        self.weight = nn.Parameter(torch.zeros(len(self.pairs), n_directions, n_outputs))
        for pair in range(len(self.pairs)):
            self.set_strength(pair, torch.ones(n_directions))

    def set_strength(self, pair, strength):
        """Set the weights of the products of one pair of modalities.

        Parameters
        ----------
        pair : int
            Which pair, in the order of `itertools.combinations`.
        strength : array-like of shape (n_directions,)
            Weight of each product on its own output: direction r belongs to output
            ``r % n_outputs``.
        """
        n_directions, n_outputs = self.weight.shape[1:]
        own = torch.arange(n_directions)
        with torch.no_grad():
            self.weight[pair, own, own % n_outputs] = torch.as_tensor(strength).to(self.weight)

    def forward(self, scores, directions, present):
        """Multiply.

        Parameters
        ----------
        scores : dict of str to Tensor of shape (n_samples, n_components)
            Scores of the components of each modality.
        directions : dict of str to Tensor of shape (n_samples, n_directions * n_partners)
            Scores along the directions of each modality, those for one partner after those for
            another, partners in order.
        present : Tensor of bool of shape (n_samples, n_modalities)
            Which samples have which modality; a product without one of its factors is zero.

        Returns
        -------
        Tensor of shape (n_samples, n_outputs)
            What the products add.
        """
        factors = self._factors(scores, directions, present)
        return sum(
            (factors[i][:, j - 1] * factors[j][:, i]) @ self.weight[pair]
            for pair, (i, j) in enumerate(self.pairs)
        )

    def attend(self, scores, directions, present):
        """Say which components the products read.

        Parameters
        ----------
        scores, directions : dict of str to Tensor
            As in `forward`.
        present : Tensor of bool of shape (n_samples, n_modalities)
            Which samples have which modality.

        Returns
        -------
        dict of str to Tensor of shape (n_samples, n_components)
            For each modality the share of every component in what the products add: half of each
            product, and in it by the size of the weights that its direction has. All sum to one, or
            are zero where no pair of modalities is present.
        """
        factors = self._factors(scores, directions, present)
        parts = dict.fromkeys(self.names, 0.0)
        for pair, (i, j) in enumerate(self.pairs):
            size = self.weight[pair].abs().sum(dim=1)
            product = (factors[i][:, j - 1] * factors[j][:, i]).abs() * size
            for own, partner in ((i, j - 1), (j, i)):
                slots = slice(partner * self.n_directions, (partner + 1) * self.n_directions)
                read = self._reading(self.names[own])[:, slots]
                parts[self.names[own]] = parts[self.names[own]] + product @ read.T
        total = sum(part.sum(dim=1, keepdim=True) for part in parts.values())
        return {name: part / total.clamp_min(1e-12) for name, part in parts.items()}

    def _reading(self, name):
        """Give the share of each component in each direction."""
        turn = self.turn[name]
        # the first components are the directions themselves
        weights = (turn + torch.eye(*turn.shape, device=turn.device)).abs()
        return weights / weights.sum(dim=0)

    def _factors(self, scores, directions, present):
        factors = []
        for i, name in enumerate(self.names):
            score = directions[name] + scores[name] @ self.turn[name]
            factor = torch.tanh(torch.exp(self.log_slope[i]) * score)
            factors.append((factor * present[:, i, None]).unflatten(1, (-1, self.n_directions)))
        return factors
