"""What differs between classification and regression: targets, calibration, loss."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression

_UNCALIBRATED_SLOPE = 4.0


@dataclass(frozen=True)
class Classification:
    """Classes coded 0, 1, ...: one logit for two of them, otherwise one each.

    Attributes
    ----------
    n_classes : int
        Number of classes, at least 2.
    """

    n_classes: int
    # one Newton step on logits of zero: the inverse of p (1 - p)
    curvature = 4.0
    criterion = property(lambda self: _binary if self.n_outputs == 1 else _multinomial)

    @property
    def n_outputs(self):
        """Number of logits."""
        return 1 if self.n_classes == 2 else self.n_classes

    def code(self, y):
        """Give the targets of the linear path, ndarray of shape (n_samples, n_outputs)."""
        signs = 2.0 * (np.asarray(y)[:, None] == np.arange(self.n_classes)) - 1.0
        return signs[:, 1:] if self.n_outputs == 1 else signs

    def as_tensor(self, y):
        """Give the targets of the network."""
        if self.n_outputs == 1:
            return torch.as_tensor(np.asarray(y, np.float32)[:, None])
        return torch.as_tensor(np.asarray(y, np.int64))

    def prior(self, y, weight):
        """Give the logits of the class frequencies, ndarray of shape (n_outputs,)."""
        share = np.bincount(y, weight, self.n_classes) / weight.sum()
        logs = np.log(share.clip(1e-6))
        return logs[1:] - logs[:1] if self.n_outputs == 1 else logs - logs.mean()

    def calibrate(self, scores, y, weight):
        """Turn scores into logits.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_outputs)
            Out of fold.
        y : ndarray of int of shape (n_samples,)
            Classes.
        weight : ndarray of shape (n_samples,)
            Weights of the samples.

        Returns
        -------
        slope : ndarray of shape (n_outputs, n_outputs)
            Zero where scores point the wrong way.
        intercept : ndarray of shape (n_outputs,)
            ``logits = scores @ slope + intercept``.
        """
        size = max(float(scores.std()), 1e-12)
        model = LogisticRegression(C=10.0, max_iter=1000).fit(
            scores / size, y, sample_weight=weight
        )
        slope, intercept = model.coef_.T / size, model.intercept_
        if self.n_outputs == 1 and slope[0, 0] < 0.0:
            return np.zeros((1, 1)), self.prior(y, weight)
        return slope, intercept

    def residual(self, logits, y):
        """Give what the logits leave unexplained, ndarray of shape (n_samples, n_outputs)."""
        share = expit(logits) if self.n_outputs == 1 else softmax(logits, axis=1)
        return (self.code(y) + 1.0) / 2.0 - share

    def loss(self, logits, y):
        """Give the log loss of each sample, ndarray of shape (n_samples,)."""
        if self.n_outputs == 1:
            return -log_expit((2.0 * np.asarray(y) - 1.0) * logits[:, 0])
        return -log_softmax(logits, axis=1)[np.arange(len(y)), y]

    def uncalibrated(self):
        """Give slope and intercept where there are too few samples to estimate them."""
        # of a ridge regression on -1 and 1, near the best for classes that barely overlap
        return _UNCALIBRATED_SLOPE * np.eye(self.n_outputs), np.zeros(self.n_outputs)


@dataclass(frozen=True)
class Regression:
    """Targets standardised by mean and standard deviation."""

    n_outputs = 1
    curvature = 1.0
    criterion = property(lambda self: _squared)

    def code(self, y):
        """Give the targets of the linear path, ndarray of shape (n_samples, 1)."""
        return np.asarray(y, float)[:, None]

    def as_tensor(self, y):
        """Give the targets of the network."""
        return torch.as_tensor(np.asarray(y, np.float32)[:, None])

    def prior(self, y, weight):
        """Give the mean, ndarray of shape (1,)."""
        return np.atleast_1d(np.average(y, weights=weight))

    def calibrate(self, scores, y, weight):
        """Leave predictions as they are, unless they point the wrong way.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, 1)
            Out of fold.
        y : ndarray of shape (n_samples,)
            Targets.
        weight : ndarray of shape (n_samples,)
            Weights of the samples.

        Returns
        -------
        slope : ndarray of shape (1, 1)
            Of the regression of the targets on the scores, in [0, 1.5].
        intercept : ndarray of shape (1,)
            ``prediction = scores @ slope + intercept``.
        """
        centre, mean = np.average(scores[:, 0], weights=weight), np.average(y, weights=weight)
        around = scores[:, 0] - centre
        overlap = np.sum(weight * around * (y - mean))
        slope = np.clip(overlap / max(np.sum(weight * around**2), 1e-12), 0.0, 1.5)
        return np.array([[slope]]), np.array([mean - slope * centre])

    def uncalibrated(self):
        """Give slope and intercept where there are too few samples to estimate them."""
        return np.eye(1), np.zeros(1)

    def residual(self, logits, y):
        """Give what is left, ndarray of shape (n_samples, 1)."""
        return self.code(y) - logits

    def loss(self, logits, y):
        """Give the squared error of each sample, ndarray of shape (n_samples,)."""
        return (np.asarray(y, float) - logits[:, 0]) ** 2


def _binary(logits, y):
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return loss(logits, y, reduction="none")[:, 0]


def _multinomial(logits, y):
    return torch.nn.functional.cross_entropy(logits, y, reduction="none")


def _squared(prediction, y):
    return ((prediction - y) ** 2)[:, 0]
