"""`FeatureEncoder`: plain features into one token."""

from torch import nn


class FeatureEncoder(nn.Module):
    """Encode features without an order by a multi-layer perceptron.

    Made for many more features than samples: most inputs are dropped at random in training and
    the first layer is narrow.

    Parameters
    ----------
    n_inputs : int
        Number of features; samples of any shape are flattened.
    n_features : int, default=16
        Length of the token.
    dropout : float, default=0.5
        Share of inputs that is dropped in training, in [0, 1).

    Attributes
    ----------
    grid : tuple of one int
        (1,), the one token.

    Examples
    --------
    >>> import torch
    >>> from sklearn_neurofuse.neural_network.modules import FeatureEncoder
    >>> FeatureEncoder(2278)(torch.zeros(2, 2278)).shape
    torch.Size([2, 1, 16])
    """

    def __init__(self, n_inputs, n_features=16, dropout=0.5):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(n_inputs, n_features),
            nn.GELU(),
            nn.Linear(n_features, n_features),
            nn.LayerNorm(n_features),
        )
        self.grid = (1,)

    def forward(self, x):
        """Encode.

        Parameters
        ----------
        x : Tensor of shape (n_samples, ...)
            Standardised features.

        Returns
        -------
        Tensor of shape (n_samples, 1, n_features)
            The token.
        """
        return self.layers(x)[:, None]
