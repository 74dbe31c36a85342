"""Informedness and markedness."""

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import type_of_target

from sklearn_neurofuse.metrics import _confusion


def informedness_score(y_true, y_pred, *, sample_weight=None):
    r"""Give the probability that a prediction is informed rather than a guess.

    With two classes it is recall + specificity - 1, the sum of both accuracies above chance
    (Youden's J). It is 0 for guessing at any rate and 1 for perfect predictions, whatever the
    proportions of the classes are.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes, two or more.
    y_pred : array-like of shape (n_samples,)
        Predicted classes.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights.

    Returns
    -------
    float
        In [-1, 1].

    Raises
    ------
    ValueError
        If lengths differ, these are no classes, or there is one class only.

    See Also
    --------
    markedness_score : The same seen from the predictions.
    sklearn.metrics.balanced_accuracy_score : With ``adjusted=True`` the same for two classes.

    Notes
    -----
    With more classes it is the mean of the classes' informedness, weighted by how often each is
    predicted [1]_,

    .. math:: \sum_l \frac{\hat n_l}{n} \left(\mathrm{TPR}_l - \mathrm{FPR}_l\right).

    References
    ----------
    .. [1] Powers, D. M. W. (2011). Evaluation: from precision, recall and F-measure to ROC,
       informedness, markedness and correlation. Journal of Machine Learning Technologies, 2(1),
       37-63. doi:10.48550/arXiv.2010.16061

    Examples
    --------
    >>> from sklearn_neurofuse.metrics import informedness_score
    >>> informedness_score([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1])
    0.75
    """
    return float(
        _confusion.informedness(_counts("informedness_score", y_true, y_pred, sample_weight))[0]
    )


def markedness_score(y_true, y_pred, *, sample_weight=None):
    r"""Give how much the predictions mark the classes.

    With two classes it is precision + negative predictive value - 1; together with informedness
    it makes Matthews' correlation, which is their geometric mean.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        True classes, two or more.
    y_pred : array-like of shape (n_samples,)
        Predicted classes.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights.

    Returns
    -------
    float
        In [-1, 1]. A class that is predicted never or always contributes 0.

    Raises
    ------
    ValueError
        If lengths differ, these are no classes, or there is one class only.

    See Also
    --------
    informedness_score : The same seen from the true classes.

    Notes
    -----
    With more classes it is the mean of the classes' markedness, weighted by how frequent each
    is [1]_,

    .. math:: \sum_l \frac{n_l}{n} \left(\mathrm{PPV}_l + \mathrm{NPV}_l - 1\right).

    References
    ----------
    .. [1] Powers, D. M. W. (2011). Evaluation: from precision, recall and F-measure to ROC,
       informedness, markedness and correlation. Journal of Machine Learning Technologies, 2(1),
       37-63. doi:10.48550/arXiv.2010.16061

    Examples
    --------
    >>> from sklearn_neurofuse.metrics import markedness_score
    >>> round(markedness_score([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 1]), 3)
    0.667
    """
    return float(
        _confusion.markedness(_counts("markedness_score", y_true, y_pred, sample_weight))[0]
    )


def _counts(owner, y_true, y_pred, sample_weight):
    y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
    check_consistent_length(y_true, y_pred, sample_weight)
    for name, labels in (("y_true", y_true), ("y_pred", y_pred)):
        if type_of_target(labels) not in ("binary", "multiclass"):
            raise ValueError(f"{owner}: {name} must hold classes, got {type_of_target(labels)}")
    classes = np.unique(y_true)
    if len(classes) < 2:
        raise ValueError(f"{owner}: y_true must hold two classes or more, got {classes.tolist()}")
    # what is predicted and never true has no row of its own to be right about
    labels = np.unique(np.concatenate([y_true, y_pred]))
    if len(labels) > len(classes):
        strange = np.setdiff1d(labels, classes).tolist()
        raise ValueError(f"{owner}: y_pred holds {strange}, which y_true does not")
    weights = np.ones(len(y_true)) if sample_weight is None else np.asarray(sample_weight, float)
    rows, columns = np.searchsorted(labels, y_true), np.searchsorted(labels, y_pred)
    return _confusion.count(rows, columns, weights[None], len(labels))
