"""Repeated cross-validation in which every sample is predicted by models that never saw it."""

import time
from dataclasses import dataclass, replace

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.parallel import Parallel, delayed
from tqdm.auto import tqdm

from sklearn_neurofuse.model_selection._samples import take


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions of every sample in every repeat.

    Attributes
    ----------
    predicted : ndarray of shape (n_samples, n_repeats)
        Position of the predicted class, NaN where a sample was not predicted.
    score : ndarray of shape (n_samples, n_repeats) or (n_samples, n_repeats, n_classes)
        Probability or decision value, of two classes that of the second; NaN where there is none.
    split : ndarray of int of shape (n_samples, n_repeats)
        Number of the split in which the sample was held out, -1 where it was not.
    threshold : ndarray of shape (n_splits,)
        From which score on the second class is predicted; NaN with more classes.
    fit_time, predict_time : ndarray of shape (n_splits,)
        Durations in s.
    is_probability : bool
        Whether scores are probabilities.
    chosen : tuple of dict, default=()
        Of a search, the parameters that were chosen in each split.
    """

    predicted: np.ndarray
    score: np.ndarray
    split: np.ndarray
    threshold: np.ndarray
    fit_time: np.ndarray
    predict_time: np.ndarray
    is_probability: bool
    chosen: tuple = ()

    @property
    def has_scores(self):
        """Whether the model gave scores at all."""
        return not np.isnan(self.score).all()

    def score_by_fit(self):
        """Give the scores with one column for each fitted model.

        Scores of different fits do not share a scale, so they are not ranked together [1]_.

        Returns
        -------
        ndarray of shape (n_samples, n_splits) or (n_samples, n_splits, n_classes)
            NaN where the model did not predict the sample.

        References
        ----------
        .. [1] Forman, G., & Scholz, M. (2010). Apples-to-apples in cross-validation studies.
           ACM SIGKDD Explorations, 12(1), 49-57. doi:10.1145/1882471.1882479
        """
        out = np.full((len(self.score), len(self.threshold), *self.score.shape[2:]), np.nan)
        rows, repeats = np.nonzero(self.split >= 0)
        out[rows, self.split[rows, repeats]] = self.score[rows, repeats]
        return out


@dataclass(frozen=True, eq=False)
class Task:
    """A model, and the samples it works on.

    Attributes
    ----------
    estimator : estimator
        A classifier, which is not changed.
    X : object
        The samples.
    params : dict
        Metadata for ``fit``; what has one value for each sample is split with them.
    threshold : float or None
        From which score on the second class is predicted; None is as the estimator predicts.
    """

    estimator: object
    X: object
    params: dict
    threshold: float | None = None


@dataclass(frozen=True, eq=False)
class _Fit:
    """What one fitted model says about its test samples."""

    predicted: np.ndarray
    score: np.ndarray
    is_probability: bool
    threshold: float
    fit_time: float
    predict_time: float
    chosen: dict


def predict_out_of_fold(tasks, design, *, n_jobs=None, verbose=0):
    """Fit every model on every split.

    Parameters
    ----------
    tasks : dict of str to Task
        The models by name.
    design : Design
        Labels, groups and splits.
    n_jobs : int, default=None
        Number of fits that run at once; as in scikit-learn.
    verbose : int, default=0
        Above 0 a progress bar is shown on a terminal.

    Returns
    -------
    dict of str to OutOfFold
        The predictions of each.
    """
    todo = [(name, i) for name in tasks for i in range(len(design.splits))]
    with sklearn.config_context(enable_metadata_routing=True):
        fits = Parallel(n_jobs=n_jobs, return_as="generator")(
            delayed(_fit_predict)(tasks[name], design, *design.splits[i]) for name, i in todo
        )
        if verbose:
            fits = tqdm(fits, total=len(todo), unit="fit", disable=None, leave=False)
        made = {name: [] for name in tasks}
        for (name, _), fit in zip(todo, fits, strict=True):
            made[name].append(fit)
    return {name: _collect(made[name], design) for name in tasks}


def _collect(fits, design):
    shape = (len(design.y), design.n_repeats)
    out = OutOfFold(
        np.full(shape, np.nan),
        np.full(shape + fits[0].score.shape[1:], np.nan),
        np.full(shape, -1),
        np.array([fit.threshold for fit in fits]),
        np.array([fit.fit_time for fit in fits]),
        np.array([fit.predict_time for fit in fits]),
        fits[0].is_probability,
        tuple(fit.chosen for fit in fits),
    )
    for i, fit in enumerate(fits):
        test, repeat = design.splits[i][1], design.column[i]
        out.predicted[test, repeat] = fit.predicted
        out.score[test, repeat] = fit.score
        out.split[test, repeat] = i
    return out


def _fit_predict(task, design, train, test):
    estimator = clone(task.estimator)
    params = fit_params(estimator, task.params, design.groups, train)
    start = time.perf_counter()
    estimator.fit(take(task.X, train), design.labels[train], **params)
    between = time.perf_counter()
    predicted, score, is_probability, threshold = predict(
        estimator, take(task.X, test), design.classes, task.threshold
    )
    end = time.perf_counter()
    chosen = getattr(estimator, "best_params_", {})
    return _Fit(predicted, score, is_probability, threshold, between - start, end - between, chosen)


def fit_params(estimator, params, groups, rows):
    """Choose what ``fit`` gets beside samples and labels.

    Parameters
    ----------
    estimator : estimator
        Who is fitted.
    params : dict
        Metadata given by the caller.
    groups : ndarray of shape (n_samples,)
        Groups, for estimators that ask for them.
    rows : ndarray of int
        The training samples.

    Returns
    -------
    dict
        The metadata of these samples.
    """
    n_samples = len(groups)
    chosen = {
        name: np.asarray(value)[rows] if np.ndim(value) and len(value) == n_samples else value
        for name, value in params.items()
    }
    if get_routing_for_object(estimator).consumes("fit", {"groups"}):
        chosen.setdefault("groups", groups[rows])
    return chosen


def predict(estimator, X, classes, threshold=None):
    """Predict samples with a fitted model.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier.
    X : object of length n_samples
        The samples.
    classes : ndarray of shape (n_classes,)
        Labels, of two the positive one last.
    threshold : float, default=None
        From which score on the positive class is predicted; None is as the estimator predicts.

    Returns
    -------
    predicted : ndarray of shape (n_samples,)
        Positions in `classes`.
    score : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Probabilities, or decision values where there are none, or NaN.
    is_probability : bool
        Which of these.
    threshold : float
        The threshold; NaN where there is none.
    """
    score, is_probability = _scores(estimator, X, classes)
    if score.ndim == 1 and threshold is None:
        threshold = getattr(estimator, "best_threshold_", 0.5 if is_probability else 0.0)
    elif score.ndim == 1 and not np.isnan(score).any():
        return (score >= threshold).astype(float), score, is_probability, float(threshold)
    order = np.argsort(classes)
    given = np.asarray(estimator.predict(X))
    predicted = order[np.searchsorted(classes, given, sorter=order)]
    threshold = np.nan if threshold is None else float(threshold)
    return predicted.astype(float), score, is_probability, threshold


def _scores(estimator, X, classes):
    own = getattr(estimator, "classes_", classes)
    column = {label: i for i, label in enumerate(np.asarray(own).tolist())}
    order = [column[label] for label in classes.tolist()]
    if hasattr(estimator, "predict_proba"):
        score = np.asarray(estimator.predict_proba(X), float)[:, order]
        return (score[:, 1] if len(classes) == 2 else score), True
    if hasattr(estimator, "decision_function"):
        score = np.asarray(estimator.decision_function(X), float)
        if score.ndim == 1:
            return (score if order == [0, 1] else -score), False
        return score[:, order], False
    return np.full((len(X), *([] if len(classes) == 2 else [len(classes)])), np.nan), False


def aggregate(made, design):
    """Bring the predictions of trials to the groups that are judged.

    A person's score is the mean of those of the trials, in each repeat, and the class follows
    from it as that of a trial does; without scores the trials vote.

    Parameters
    ----------
    made : OutOfFold
        Predictions of samples.
    design : Design
        Which samples make up a unit.

    Returns
    -------
    OutOfFold
        Predictions of units.
    """
    if not design.per_group:
        return made
    unit, n_units = design.unit, len(design.unit_first)
    # groups stay together in a split
    split = np.full((n_units, made.split.shape[1]), -1)
    split[unit] = made.split
    score = _mean_within(made.score, unit, n_units)
    votes = np.where(np.isnan(made.predicted)[..., None], np.nan,
                     made.predicted[..., None] == np.arange(len(design.classes)))  # fmt: skip
    votes = _mean_within(votes, unit, n_units)
    told = ~np.isnan(votes[..., 0])
    if not made.has_scores:
        predicted = votes.argmax(axis=2).astype(float)
    elif score.ndim == 2:
        predicted = (score >= np.append(made.threshold, np.nan)[split]).astype(float)
    else:
        predicted = np.where(np.isnan(score), -np.inf, score).argmax(axis=2).astype(float)
    return replace(made, predicted=np.where(told, predicted, np.nan), score=score, split=split)


def _mean_within(values, unit, n_units):
    there = ~np.isnan(values)
    total = np.zeros((n_units, *values.shape[1:]))
    count = np.zeros_like(total)
    np.add.at(total, unit, np.where(there, values, 0.0))
    np.add.at(count, unit, there)
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
