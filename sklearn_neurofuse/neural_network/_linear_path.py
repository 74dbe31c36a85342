"""The linear path: ridge regressions on kernels, mixed or added, weighed by what they predict."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.optimize import nnls

PENALTIES = np.logspace(-2.5, 2.5, 9)
# added to every kernel of mean diagonal one, an intercept that is hardly penalised
INTERCEPT = 30.0
_TIE = 1e-3


@dataclass(frozen=True)
class LinearFit:
    """A fitted linear path: the mean of fits of kernels, mixed or added.

    Attributes
    ----------
    coefficients : ndarray of shape (n_modalities, n_samples, n_targets)
        Dual coefficients of the training samples for the kernel of each modality.
    intercept : ndarray of shape (n_targets,)
        Added to every prediction.
    out_of_fold : ndarray of shape (n_samples, n_targets)
        Predictions of the training samples by fits without their fold.
    mixture : ndarray of shape (n_modalities,)
        Mean weight of each modality's kernel.
    """

    coefficients: np.ndarray
    intercept: np.ndarray
    out_of_fold: np.ndarray
    mixture: np.ndarray

    def predict(self, kernels):
        """Predict from kernels between new and training samples.

        Parameters
        ----------
        kernels : ndarray of shape (n_modalities, n_new, n_samples)
            Kernels, scaled as in fit.

        Returns
        -------
        ndarray of shape (n_new, n_targets)
            Predictions.
        """
        return np.einsum("mij,mjt->it", kernels, self.coefficients) + self.intercept


@dataclass(frozen=True)
class _Fit:
    """One fit, scaled to explain the targets best, and the error of its left-out predictions."""

    mixture: np.ndarray
    error: float
    coefficients: np.ndarray
    out_of_fold: np.ndarray


def mixtures(sizes):
    """List how the kernels of modalities may be mixed.

    Parameters
    ----------
    sizes : sequence of int
        Number of features of each modality.

    Returns
    -------
    ndarray of shape (n_mixtures, n_modalities)
        Each modality alone; all by their number of features, as if side by side; all alike; and
        two in unequal parts.
    """
    n = len(sizes)
    rows = list(np.eye(n))
    if n > 1:
        rows += [np.asarray(sizes, float) / np.sum(sizes), np.full(n, 1.0 / n)]
    if n == 2:
        rows += [np.array([0.8, 0.2]), np.array([0.2, 0.8])]
    return np.unique(np.round(rows, 6), axis=0)


def fit_linear(kernels, targets, weight, folds, candidates, penalties=PENALTIES):
    r"""Fit ridge regressions on mixtures of kernels and average them by how well they predict.

    With the mixed kernel K, weights W and :math:`H = K (K + \lambda W^{-1})^{-1}`, the residuals
    that fold I would have in a fit without it are :math:`(1 - H_{II})^{-1} (y - H y)_I` [1]_: one
    decomposition for a kernel gives all folds and all penalties. The fits are averaged with the
    weights :math:`E^{-n/2}` of their errors: like the likelihoods of normal errors, these are alike
    for few samples and single out the best for many.

    Beside the mixtures stands the weighted sum of the fits of single modalities, its weights not
    negative and learned from left-out predictions [2]_. A mixture fits all modalities at once, and
    what one of them explains in the training samples alone, such as whose they are, is not left to
    the others; the sum takes each for what it tells of samples left out.

    Parameters
    ----------
    kernels : ndarray of shape (n_modalities, n_samples, n_samples)
        A kernel for each modality, of mean diagonal about one.
    targets : ndarray of shape (n_samples, n_targets)
        What to predict.
    weight : ndarray of shape (n_samples,)
        Positive weights of the samples.
    folds : list of ndarray of int
        Which samples are left out together; every sample once.
    candidates : ndarray of shape (n_mixtures, n_modalities)
        Mixtures.
    penalties : ndarray of shape (n_penalties,), default=PENALTIES
        Penalties.

    Returns
    -------
    LinearFit
        The mean fit on all samples, with its out-of-fold predictions.

    References
    ----------
    .. [1] Golub, G. H., Heath, M., & Wahba, G. (1979). Generalized cross-validation as a method for
       choosing a good ridge parameter. Technometrics 21, 215-223.
       doi:10.1080/00401706.1979.10489751
    .. [2] Breiman, L. (1996). Stacked regressions. Machine Learning 24, 49-64.
       doi:10.1007/BF00117832
    """
    root = np.sqrt(weight / weight.mean())[:, None]
    by_mixture = [
        list(_fit_each(kernels, targets, root, folds, mixture, penalties)) for mixture in candidates
    ]
    fits = [fit for each in by_mixture for fit in each]
    alone = [each for each in by_mixture if each[0].mixture.max() == 1.0]
    if len(alone) > 1:
        fits += _stack([_average(each) for each in alone], targets, root)
    return _average(fits)


def _average(fits):
    """Average fits by the likelihoods of their errors."""
    logs = -0.5 * len(fits[0].out_of_fold) * np.log([max(fit.error, 1e-12) for fit in fits])
    shares = np.exp(logs - logs.max())
    return _combine(shares / shares.sum(), fits)


def _combine(weights, fits):
    coefficients, out_of_fold, mixture = (
        sum(weight * getattr(fit, name) for weight, fit in zip(weights, fits, strict=True))
        for name in ("coefficients", "out_of_fold", "mixture")
    )
    intercept = INTERCEPT * coefficients.sum(axis=(0, 1))
    return LinearFit(coefficients, intercept, out_of_fold, mixture)


def _stack(alone, targets, root):
    """Give the weighted sum of the fits of single modalities, or nothing where all weights are 0.

    Beside a mixture, whose scale is learned too, it has a parameter more for each further
    modality, each a factor of e in likelihood (Akaike 1974).
    """
    left_out = np.stack([(root * fit.out_of_fold).ravel() for fit in alone], axis=1)
    # modalities that tell the same share alike
    ridge = _TIE * linalg.norm(left_out) * np.eye(len(alone))
    known = np.append((root * targets).ravel(), np.zeros(len(alone)))
    weights = nnls(np.vstack([left_out, ridge]), known)[0]
    if not weights.any():
        return []
    whole = _combine(weights, alone)
    error, _ = _judge(root * whole.out_of_fold, root * targets)
    error *= np.exp(2.0 * (len(alone) - 1) / len(targets))
    # predictions differ in size, so weights alone do not tell what a modality contributes
    shares = weights * linalg.norm(left_out, axis=0)
    mixture = sum(s * fit.mixture for s, fit in zip(shares / shares.sum(), alone, strict=True))
    return [_Fit(mixture, error, whole.coefficients, whole.out_of_fold)]


def _fit_each(kernels, targets, root, folds, mixture, penalties):
    mixed = np.tensordot(mixture, kernels, 1) + INTERCEPT
    values, vectors = linalg.eigh(root * mixed * root.T)
    values, weighted = values.clip(0.0), root * targets
    rotated = vectors.T @ weighted
    for penalty in penalties:
        left_out = _left_out(values, vectors, rotated, weighted, penalty, folds)
        error, scale = _judge(left_out, weighted)
        dual = scale * root * (vectors @ (rotated / (values + penalty)[:, None]))
        coefficients = np.multiply.outer(mixture, dual)
        yield _Fit(mixture, error, coefficients, scale * left_out / root)


def _judge(left_out, targets):
    """Give the error that is left after the best scaling, and that scaling.

    A large penalty shrinks predictions, and their plain error would be held against it.
    """
    overlap, size = np.sum(left_out * targets), np.sum(left_out**2)
    total = np.sum(targets**2)
    if overlap <= 0.0 or size <= 0.0:
        # worse than nothing, and predictions are kept for their scale
        return 1.0 - overlap / max(total, 1e-12), 1.0
    return 1.0 - overlap**2 / (size * total), overlap / size


def _left_out(values, vectors, rotated, targets, penalty, folds):
    shrink = values / (values + penalty)
    fitted = vectors @ (shrink[:, None] * rotated)
    left_out = np.empty_like(fitted)
    for fold in folds:
        hat = (vectors[fold] * shrink) @ vectors[fold].T
        residual = targets[fold] - fitted[fold]
        solved = linalg.solve(np.eye(len(fold)) - hat, residual, assume_a="pos")
        left_out[fold] = targets[fold] - solved
    return left_out
