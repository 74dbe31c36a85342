"""`SequenceEncoder`: epochs into tokens, one for each of some 64 time steps."""

from torch import nn

_STEPS = 64


class SequenceEncoder(nn.Module):
    r"""Encode epochs by a temporal convolution and a long short-term memory.

    The strided convolution over all channels leaves about 64 time steps of 250 to 1000 sample
    points, so that the recurrence is affordable; each step is a token.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    n_times : int
        Number of sample points.
    n_features : int, default=16
        Length of a token, even where `bidirectional`.
    bidirectional : bool, default=True
        Whether the sequence is read backwards as well.

    Attributes
    ----------
    grid : tuple of one int
        Number of time steps.

    Examples
    --------
    >>> import torch
    >>> from sklearn_neurofuse.neural_network.modules import SequenceEncoder
    >>> encoder = SequenceEncoder(32, 250)
    >>> encoder(torch.zeros(2, 32, 250)).shape
    torch.Size([2, 63, 16])
    """

    def __init__(self, n_channels, n_times, n_features=16, bidirectional=True):
        super().__init__()
        stride = max(1, -(-n_times // _STEPS))
        kernel = 2 * stride + 1
        self.stem = nn.Conv1d(n_channels, n_features, kernel, stride=stride, padding=stride)
        self.activation = nn.GELU()
        hidden = n_features // 2 if bidirectional else n_features
        self.lstm = nn.LSTM(n_features, hidden, batch_first=True, bidirectional=bidirectional)
        self.norm = nn.LayerNorm(n_features)
        self.grid = ((n_times - 1) // stride + 1,)

    def forward(self, x):
        """Encode.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, n_times)
            Standardised epochs.

        Returns
        -------
        Tensor of shape (n_samples, n_steps, n_features)
            The tokens.
        """
        x = self.activation(self.stem(x)).transpose(1, 2)
        return self.norm(self.lstm(x)[0])
