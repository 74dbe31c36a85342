"""`ConcatFusion`: the mean token of each modality, side by side."""

import torch
from torch import nn


class ConcatFusion(nn.Module):
    """Fuse by concatenation of pooled tokens.

    Parameters
    ----------
    n_tokens : dict of str to int
        Number of tokens of each modality.
    n_features : int, default=16
        Length of a token.

    Attributes
    ----------
    n_outputs : int
        Length of the fused vector.

    Examples
    --------
    >>> import torch
    >>> from sklearn_neurofuse.neural_network.modules import ConcatFusion
    >>> fusion = ConcatFusion({"fmri": 80, "eeg": 63})
    >>> tokens = {"fmri": torch.zeros(2, 80, 16), "eeg": torch.zeros(2, 63, 16)}
    >>> fused, _ = fusion(tokens, torch.ones(2, 2, dtype=bool))
    >>> fused.shape
    torch.Size([2, 32])
    """

    def __init__(self, n_tokens, n_features=16):
        super().__init__()
        self.names = list(n_tokens)
        self.n_outputs = n_features * len(self.names)
        self.stand_in = nn.Parameter(torch.zeros(len(self.names), n_features))

    def forward(self, tokens, present):
        """Fuse.

        Parameters
        ----------
        tokens : dict of str to Tensor of shape (n_samples, n_tokens, n_features)
            Tokens of each modality.
        present : Tensor of bool of shape (n_samples, n_modalities)
            Which samples have which modality; others get a learned stand-in.

        Returns
        -------
        fused : Tensor of shape (n_samples, n_outputs)
            Mean tokens side by side.
        weights : None
            There is no attention.
        """
        pooled = [
            torch.where(present[:, i, None], tokens[name].mean(dim=1), self.stand_in[i])
            for i, name in enumerate(self.names)
        ]
        return torch.cat(pooled, dim=1), None
