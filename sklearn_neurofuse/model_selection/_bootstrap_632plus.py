"""`bootstrap_632plus_score`: accuracy by the bootstrap, corrected for fewer training samples."""

from typing import NamedTuple

import numpy as np
import sklearn
from sklearn.base import clone

from sklearn_neurofuse.model_selection._bootstrap_split import BootstrapSplit
from sklearn_neurofuse.model_selection._design import make_design
from sklearn_neurofuse.model_selection._out_of_fold import Task, fit_params, predict_out_of_fold
from sklearn_neurofuse.model_selection._samples import as_samples

_OWNER = "bootstrap_632plus_score"
# expected share of groups in a bootstrap sample
_SHARE = 0.632


class Bootstrap632(NamedTuple):
    """What `bootstrap_632plus_score` gives.

    Attributes
    ----------
    score : float
        Estimate of the accuracy.
    apparent : float
        Accuracy on the training samples themselves.
    out_of_bag : float
        Accuracy on samples that were not drawn.
    no_information : float
        Accuracy where predictions and labels are unrelated.
    overfitting : float
        Relative rate of overfitting, 0 for none and 1 for as much as can be.
    """

    score: float
    apparent: float
    out_of_bag: float
    no_information: float
    overfitting: float


def bootstrap_632plus_score(
    estimator,
    X,
    y,
    *,
    groups=None,
    n_resamples=100,
    params=None,
    random_state=None,
    n_jobs=None,
    verbose=0,
):
    r"""Estimate accuracy by the .632+ bootstrap.

    Models trained on bootstrap samples know about 63 % of the people, so that their accuracy on
    the others is too low; the accuracy on the training samples is too high. The estimate lies
    between, the nearer to the first the more the model overfits.

    Parameters
    ----------
    estimator : estimator
        A classifier, which is cloned.
    X : Multimodal, Recordings or array-like of length n_samples
        The samples.
    y : array-like of shape (n_samples,)
        Classes.
    groups : array-like of shape (n_samples,) or str, default=None
        Who is drawn together, as in `evaluate`.
    n_resamples : int, default=100
        Number of bootstrap samples.
    params : dict, default=None
        Metadata for ``fit``, as in `evaluate`.
    random_state : int, RandomState instance or None, default=None
        Draws the samples.
    n_jobs : int, default=None
        Number of fits that run at once; as in scikit-learn.
    verbose : int, default=0
        Above 0 a progress bar is shown on a terminal.

    Returns
    -------
    Bootstrap632
        Named tuple of floats ``score``, ``apparent``, ``out_of_bag``, ``no_information`` and
        ``overfitting``.

    Raises
    ------
    TypeError
        If a number is of the wrong kind.
    ValueError
        If labels or groups do not allow it, or a sample is in every bootstrap sample.

    See Also
    --------
    evaluate : Cross-validation, with intervals.

    Notes
    -----
    With :math:`\overline{err}` the apparent error, :math:`\hat\gamma = \sum_l p_l (1 - q_l)` the
    error without information, of shares :math:`p_l` of class l and :math:`q_l` of predictions,
    and :math:`\widehat{Err}^{(1)}` the out-of-bag error of each sample averaged over the
    bootstrap samples without it [1]_,

    .. math:: \hat R = \frac{\widehat{Err}^{(1)\prime} - \overline{err}}{\hat\gamma -
        \overline{err}}, \quad
        w = \frac{.632}{1 - .368 \hat R}, \quad
        \widehat{Err}^{(.632+)} = (1 - w) \overline{err} + w \widehat{Err}^{(1)\prime},

    where :math:`\widehat{Err}^{(1)\prime} = \min(\widehat{Err}^{(1)}, \hat\gamma)` and
    :math:`\hat R` is 0 outside of (0, 1].

    References
    ----------
    .. [1] Efron, B., & Tibshirani, R. (1997). Improvements on cross-validation: the .632+
       bootstrap method. Journal of the American Statistical Association, 92(438), 548-560.
       doi:10.1080/01621459.1997.10474007

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_neurofuse.model_selection import bootstrap_632plus_score
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 20)
    >>> X = rng.normal(size=(40, 5))
    >>> found = bootstrap_632plus_score(KNeighborsClassifier(1), X, y, random_state=0)
    >>> found.apparent, found.overfitting
    (1.0, 1.0)
    """
    X = as_samples(X)
    cv = BootstrapSplit(n_resamples, random_state=random_state)
    design = make_design(_OWNER, X, y, groups=groups, cv=cv, pos_label=None, random_state=None)
    task = Task(estimator, X, params or {})
    made = predict_out_of_fold({"model": task}, design, n_jobs=n_jobs, verbose=verbose)["model"]
    wrong = np.where(np.isnan(made.predicted), np.nan, made.predicted != design.y[:, None])
    counts = np.sum(~np.isnan(wrong), axis=1)
    if not counts.all():
        raise ValueError(
            f"{_OWNER}: sample {np.argmin(counts)} is in every bootstrap sample; take more than "
            f"n_resamples={n_resamples}"
        )
    out_of_bag = float(np.mean(np.nansum(wrong, axis=1) / counts))
    predicted = _refit_and_predict(task, design)
    apparent = float(np.mean(predicted != design.y))
    return combine(apparent, out_of_bag, no_information_error(design.y, predicted))


def _refit_and_predict(task, design):
    estimator = clone(task.estimator)
    with sklearn.config_context(enable_metadata_routing=True):
        params = fit_params(estimator, task.params, design.groups, np.arange(len(design.y)))
        estimator.fit(task.X, design.labels, **params)
    order = np.argsort(design.classes)
    return order[np.searchsorted(design.classes, estimator.predict(task.X), sorter=order)]


def no_information_error(y, predicted):
    """Give the error where predictions and labels are unrelated.

    Parameters
    ----------
    y, predicted : ndarray of int of shape (n_samples,)
        Classes.

    Returns
    -------
    float
        The error.
    """
    n_classes = max(y.max(), predicted.max()) + 1
    true, told = (np.bincount(v, minlength=n_classes) / len(v) for v in (y, predicted))
    return float(np.sum(true * (1 - told)))


def combine(apparent, out_of_bag, no_information):
    """Combine three errors into the estimate.

    Parameters
    ----------
    apparent, out_of_bag, no_information : float
        Errors.

    Returns
    -------
    Bootstrap632
        Accuracies.
    """
    bounded = min(out_of_bag, no_information)
    rate = 0.0
    if bounded > apparent and no_information > apparent:
        rate = (bounded - apparent) / (no_information - apparent)
    weight = _SHARE / (1 - (1 - _SHARE) * rate)
    error = (1 - weight) * apparent + weight * bounded
    return Bootstrap632(1 - error, 1 - apparent, 1 - out_of_bag, 1 - no_information, rate)
