"""Batches: samples as tensors, taken many at a time, and their augmentation."""

from dataclasses import dataclass

import torch
from torch.utils.data import Dataset


class Samples(Dataset):
    """Inputs of a network with their targets; a list of rows gives a whole batch.

    Parameters
    ----------
    inputs : dict
        Tensors, or dicts of them, each with the samples on its first axis.
    targets : Tensor of shape (n_samples, ...)
        Targets.
    """

    def __init__(self, inputs, targets):
        self.inputs = inputs
        self.targets = targets

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, row):
        return self.__getitems__([row])

    def __getitems__(self, rows):
        rows = torch.as_tensor(rows)
        return take(self.inputs, rows), self.targets[rows]

    def choose(self, rows):
        """Give some of the samples.

        Parameters
        ----------
        rows : ndarray of int
            Which.

        Returns
        -------
        Samples
            A copy of these.
        """
        return Samples(*self.__getitems__(rows))


def take(inputs, rows):
    """Take rows of tensors that lie in dicts.

    Parameters
    ----------
    inputs : dict or Tensor
        Samples on the first axis.
    rows : Tensor of int
        Which.

    Returns
    -------
    dict or Tensor
        Of the same structure.
    """
    if isinstance(inputs, dict):
        return {name: take(value, rows) for name, value in inputs.items()}
    return inputs[rows]


def as_it_is(batch):
    """Collate nothing: `Samples` gives whole batches.

    Parameters
    ----------
    batch : tuple
        The batch.

    Returns
    -------
    tuple
        The same.
    """
    return batch


@dataclass(frozen=True)
class Augmenter:
    """Change training samples at random, batch by batch.

    Attributes
    ----------
    modality_dropout : float
        Probability that a sample loses one of its modalities, as long as another is left.
    noise : float
        Standard deviation of noise that is added to standardised samples.
    time_shift : int
        Largest shift of epochs to either side, in sample points; what is shifted out comes in at
        the other end.
    channel_dropout : float
        Probability that a channel of an epoch is set to its mean.
    epochs : tuple of str
        Modalities whose samples are channels by times.
    """

    modality_dropout: float = 0.1
    noise: float = 0.0
    time_shift: int = 0
    channel_dropout: float = 0.0
    epochs: tuple = ()

    def __call__(self, inputs):
        """Change a batch.

        Parameters
        ----------
        inputs : dict
            Inputs of a network; not written to.

        Returns
        -------
        dict
            The changed inputs.
        """
        blocks = {name: self._change(name, x) for name, x in inputs["blocks"].items()}
        present = self._drop_modality(inputs["present"])
        return {**inputs, "blocks": blocks, "present": present}

    def _change(self, name, x):
        if self.noise:
            x = x + self.noise * torch.randn_like(x)
        if name in self.epochs and self.time_shift:
            shift = int(torch.randint(-self.time_shift, self.time_shift + 1, ()))
            x = torch.roll(x, shift, dims=-1)
        if name in self.epochs and self.channel_dropout:
            x = x * (torch.rand(*x.shape[:2], 1, device=x.device) >= self.channel_dropout)
        return x

    def _drop_modality(self, present):
        if not self.modality_dropout or present.shape[1] < 2:
            return present
        n_samples, n_modalities = present.shape
        lost = torch.randint(n_modalities, (n_samples,), device=present.device)
        drawn = torch.rand(n_samples, device=present.device) < self.modality_dropout
        allowed = drawn & (present.sum(dim=1) > 1)
        gone = torch.nn.functional.one_hot(lost, n_modalities).bool() & allowed[:, None]
        return present & ~gone
