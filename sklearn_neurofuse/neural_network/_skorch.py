"""The skorch net of one member: weighted loss, augmentation, mixed precision."""

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping, LRScheduler

from sklearn_neurofuse.neural_network._batches import as_it_is


class MemberNet(NeuralNet):
    """A skorch net whose samples have weights and may be augmented in training.

    Parameters
    ----------
    *args : tuple
        As for :class:`skorch.NeuralNet`.
    augmenter : callable, default=None
        Changes the inputs of a training batch.
    mixed_precision : bool, default=False
        Whether to compute in bfloat16 where that is safe.
    **kwargs : dict
        As for :class:`skorch.NeuralNet`.
    """

    def __init__(self, *args, augmenter=None, mixed_precision=False, **kwargs):
        super().__init__(*args, **kwargs)
        self.augmenter = augmenter
        self.mixed_precision = mixed_precision

    def infer(self, x, **fit_params):
        """Compute the output for a batch.

        Parameters
        ----------
        x : dict
            Inputs, with the weights of the samples.
        **fit_params : dict
            Passed on.

        Returns
        -------
        Tensor
            The output of the module.
        """
        x = {name: value for name, value in x.items() if name != "weight"}
        if self.module_.training and self.augmenter is not None:
            x = self.augmenter(x)
        kind = torch.device(self.device).type
        with torch.autocast(kind, torch.bfloat16, enabled=self.mixed_precision):
            return super().infer(x, **fit_params).float()

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Give the mean loss of a batch by the weights of the samples.

        Parameters
        ----------
        y_pred : Tensor
            Output of the module.
        y_true : Tensor
            Targets.
        X : dict, default=None
            Inputs, with ``"weight"``.
        training : bool, default=False
            Whether this is a training batch.

        Returns
        -------
        Tensor
            The loss.

        Raises
        ------
        ValueError
            If it is not finite.
        """
        loss = (self.criterion_(y_pred, y_true.to(y_pred.device)) * X["weight"].to(y_pred)).mean()
        if not torch.isfinite(loss):
            raise ValueError(
                f"FusionNet: the loss of the network is {loss.item()} in epoch "
                f"{len(self.history)}; try a smaller training={{'lr': ...}} and look for extreme "
                "values in the samples"
            )
        return loss


def make_net(module, criterion, *, held_out, training, augmenter):
    """Make the net of one member.

    Parameters
    ----------
    module : Module
        The network.
    criterion : callable
        Loss of each sample.
    held_out : ndarray of int or None
        Samples for early stopping; None for a fixed number of epochs.
    training : dict
        Complete options; see `_options.complete_training`.
    augmenter : callable or None
        Changes training batches.

    Returns
    -------
    MemberNet
        Not yet fitted.
    """
    options = dict(training)
    patience, schedule = options.pop("patience"), options.pop("schedule")
    callbacks = list(options.pop("callbacks") or ())
    max_epochs = options["max_epochs"]
    if held_out is None:
        max_epochs = options["max_epochs"] = max(1, max_epochs // 3)
    else:
        stop = EarlyStopping("valid_loss", patience=patience, load_best=True, sink=_silent)
        callbacks.append(("early_stopping", stop))
    if schedule == "cosine":
        policy = LRScheduler("CosineAnnealingLR", T_max=max_epochs)
        callbacks.append(("schedule", policy))
    return MemberNet(
        module,
        criterion=Criterion,
        criterion__function=criterion,
        optimizer=torch.optim.AdamW,
        train_split=None if held_out is None else HoldOut(held_out),
        callbacks=callbacks,
        augmenter=augmenter,
        iterator_train__shuffle=True,
        iterator_train__collate_fn=as_it_is,
        iterator_valid__collate_fn=as_it_is,
        **options,
    )


class Criterion(torch.nn.Module):
    """A loss function as a module.

    Parameters
    ----------
    function : callable
        Gives the loss of each sample from outputs and targets.
    """

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, prediction, target):
        """Give the loss of each sample.

        Parameters
        ----------
        prediction, target : Tensor of shape (n_samples, ...)
            Outputs and targets.

        Returns
        -------
        Tensor of shape (n_samples,)
            The losses.
        """
        return self.function(prediction, target)


class HoldOut:
    """Split given samples off for early stopping, as skorch's ``train_split``.

    Parameters
    ----------
    rows : ndarray of int
        The samples held out.
    """

    def __init__(self, rows):
        self.rows = rows

    def __call__(self, dataset, y=None, **fit_params):
        held_out = torch.zeros(len(dataset), dtype=bool)
        held_out[self.rows] = True
        inside, outside = torch.where(~held_out)[0], torch.where(held_out)[0]
        return dataset.choose(inside), dataset.choose(outside)


def _silent(*args):
    """Print nothing."""
