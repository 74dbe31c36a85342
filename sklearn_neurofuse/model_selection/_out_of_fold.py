"""Repeated cross-validation in which every sample is predicted by models that never saw it."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.parallel import Parallel, delayed
from tqdm.auto import tqdm


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of every sample in every repeat.

    Attributes
    ----------
    predicted : ndarray of int of shape (n_samples, n_repeats)
        Predicted class.
    score : ndarray of shape (n_samples, n_repeats)
        Decision value or probability of class 1.
    fold : ndarray of int of shape (n_samples, n_repeats)
        The fold in which the sample was held out.
    """

    predicted: np.ndarray
    score: np.ndarray
    fold: np.ndarray

    def score_by_fit(self):
        """Give the scores with one column for each fitted model.

        Scores of different fits do not share a scale, so they are not ranked together [1]_.

        Returns
        -------
        ndarray of shape (n_samples, n_repeats * n_folds)
            NaN where the model did not predict the sample.

        References
        ----------
        .. [1] Forman, G., & Scholz, M. (2010). Apples-to-apples in cross-validation studies.
           ACM SIGKDD Explorations, 12(1), 49-57. doi:10.1145/1882471.1882479
        """
        folds = np.arange(self.fold.max() + 1)
        held_out = self.fold[:, :, None] == folds
        return np.where(held_out, self.score[:, :, None], np.nan).reshape(len(self.score), -1)


def predict_out_of_fold(estimators, X, y, groups, cv, *, n_jobs=None):
    """Fit every estimator on every split, with a progress bar on a terminal.

    Parameters
    ----------
    estimators : dict of str to estimator
        Classifiers, which are not changed.
    X : Multimodal or ndarray
        The samples.
    y : ndarray of int of shape (n_samples,)
        Classes 0 and 1.
    groups : ndarray of shape (n_samples,)
        For the splits, and for the estimators that ask for groups in ``fit``.
    cv : RepeatedStratifiedGroupKFold
        Gives the splits.
    n_jobs : int, default=None
        Number of fits that run at once; as in scikit-learn.

    Returns
    -------
    dict of str to OutOfFold
        The predictions of each.
    """
    splits = list(enumerate(cv.split(X, y, groups)))
    tasks = [(name, i, train, test) for name in estimators for i, (train, test) in splits]
    fits = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(_fit_predict)(estimators[name], X, y, groups, train, test)
        for name, _, train, test in tasks
    )
    results = {name: _empty((len(y), cv.n_repeats)) for name in estimators}
    progress = tqdm(fits, total=len(tasks), unit="fit", disable=None, leave=False)
    for (name, i, _, test), (predicted, score) in zip(tasks, progress, strict=True):
        repeat, fold = divmod(i, cv.n_splits)
        results[name].predicted[test, repeat] = predicted
        results[name].score[test, repeat] = score
        results[name].fold[test, repeat] = fold
    return results


def _empty(shape):
    return OutOfFold(np.zeros(shape, int), np.full(shape, np.nan), np.zeros(shape, int))


def _fit_predict(estimator, X, y, groups, train, test):
    estimator = clone(estimator)
    asks = get_routing_for_object(estimator).consumes("fit", {"groups"})
    estimator.fit(X[train], y[train], **({"groups": groups[train]} if asks else {}))
    held_out = X[test]
    if hasattr(estimator, "decision_function"):
        return estimator.predict(held_out), estimator.decision_function(held_out)
    return estimator.predict(held_out), estimator.predict_proba(held_out)[:, 1]
