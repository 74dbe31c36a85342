"""What all members of an ensemble are fitted on."""

from dataclasses import dataclass

import numpy as np

from sklearn_neurofuse.containers import Layout
from sklearn_neurofuse.neural_network._linear_path import fit_linear, mixtures
from sklearn_neurofuse.neural_network._tasks import Classification, Regression


@dataclass(frozen=True)
class Settings:
    """What the user chose, complete and checked.

    Attributes
    ----------
    fusion : str or callable
        Kind of fusion.
    encoders : dict
        Kind of encoder of each modality.
    parts : tuple of str
        Parts of the network.
    n_components : int
        Number of components of each modality at most.
    augmentation, training : dict
        All options.
    """

    fusion: object
    encoders: dict
    parts: tuple
    n_components: int
    augmentation: dict
    training: dict


@dataclass(frozen=True)
class Problem:
    """Standardised training samples with targets.

    Attributes
    ----------
    data : dict of str to ndarray of float32
        Samples of each modality, zero where missing.
    grams : dict of str to ndarray of shape (n_samples, n_samples)
        Their inner products.
    present : ndarray of bool of shape (n_samples, n_modalities)
        Which samples have which modality.
    y : ndarray of shape (n_samples,)
        Coded classes, or standardised numbers.
    weight : ndarray of shape (n_samples,)
        Weights of the samples, of mean one.
    groups : ndarray of shape (n_samples,) or None
        Samples that stay together.
    layout : Layout
        Of the samples.
    task : Classification or Regression
        What is learned.
    settings : Settings
        What the user chose.
    """

    data: dict
    grams: dict
    present: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    groups: np.ndarray | None
    layout: Layout
    task: Classification | Regression
    settings: Settings

    def groups_of(self, rows):
        """Give the groups of some samples, or None."""
        return None if self.groups is None else self.groups[rows]

    @property
    def kernels(self):
        """Inner products of mean diagonal one, ndarray of shape (n_modalities, n, n)."""
        grams = list(self.grams.values())
        return np.stack([gram / max(np.trace(gram) / len(gram), 1e-12) for gram in grams])


@dataclass(frozen=True)
class LinearPath:
    """The calibrated linear path of some of the samples.

    Attributes
    ----------
    fit : LinearFit or None
        None where the path is left out.
    slope, intercept : ndarray
        From scores to logits.
    logits : ndarray of shape (n_rows, n_outputs)
        Out-of-fold logits of the samples it was fitted on.
    """

    fit: object
    slope: np.ndarray
    intercept: np.ndarray
    logits: np.ndarray

    def predict(self, kernels):
        """Give logits from kernels between new and training samples."""
        if self.fit is None:
            return np.tile(self.intercept, (kernels.shape[1], 1))
        return self.fit.predict(kernels) @ self.slope + self.intercept


def fit_linear_path(problem, kernels, rows, folds, penalties):
    """Fit the linear path on some samples.

    Parameters
    ----------
    problem : Problem
        All samples.
    kernels : ndarray of shape (n_modalities, n_samples, n_samples)
        Of all samples.
    rows : ndarray of int
        Samples to fit on.
    folds : list of ndarray of int
        Places among them that are left out together.
    penalties : ndarray
        Penalties to choose from.

    Returns
    -------
    LinearPath
        The fit.
    """
    y, weight, task = problem.y[rows], problem.weight[rows], problem.task
    if "linear" not in problem.settings.parts:
        prior = task.prior(y, weight)
        slope = np.zeros((task.n_outputs, task.n_outputs))
        return LinearPath(None, slope, prior, np.tile(prior, (len(rows), 1)))
    sizes = [np.prod(shape) for shape in problem.layout.shapes.values()]
    within = kernels[:, rows[:, None], rows]
    fit = fit_linear(within, task.code(y), weight, folds, mixtures(sizes), penalties)
    slope, intercept = task.calibrate(fit.out_of_fold, y, weight)
    return LinearPath(fit, slope, intercept, fit.out_of_fold @ slope + intercept)
