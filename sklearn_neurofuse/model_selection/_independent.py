"""An independent set: whether it is one, and how the model does on it."""

from dataclasses import dataclass

import numpy as np
import sklearn
from sklearn.base import clone

from sklearn_neurofuse.model_selection._assessment import assess, make_judge
from sklearn_neurofuse.model_selection._design import (
    Design,
    constant_within,
    is_pseudo,
    read_groups,
    read_labels,
)
from sklearn_neurofuse.model_selection._out_of_fold import (
    OutOfFold,
    aggregate,
    fit_params,
    predict,
)
from sklearn_neurofuse.model_selection._prediction_table import prediction_table
from sklearn_neurofuse.model_selection._samples import (
    as_samples,
    plain,
    row_digests,
    sample_tables,
)
from sklearn_neurofuse.model_selection._sayings import (
    about_result,
    about_shift,
)
from sklearn_neurofuse.model_selection._shift import check_alike, shift_table


@dataclass(frozen=True, eq=False)
class IndependentSet:
    """Samples that the model never saw.

    Attributes
    ----------
    X : object
        The samples.
    design : Design
        Labels and groups; one split whose test set is everything.
    sites : ndarray or None
        The site of each sample, where there are several.
    """

    X: object
    design: Design
    sites: np.ndarray | None


def make_set(owner, X, y, groups, classes, sites=None):
    """Read an independent set.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    X, y, groups : object
        As in `evaluate`.
    classes : ndarray
        Classes of the model, the positive one last.
    sites : array-like of shape (n_samples,), default=None
        The site of each sample; None takes what the table of the recordings has.

    Returns
    -------
    IndependentSet
        The set.
    """
    X = as_samples(X)
    codes, _ = read_labels(owner, X, y, classes=classes)
    missing = np.setdiff1d(np.arange(len(classes)), codes)
    if len(missing):
        raise ValueError(
            f"{owner}: the independent set has no sample of class {plain(classes[missing[0]])!r}"
        )
    groups, noun = read_groups(owner, X, groups, len(codes))
    counts = np.unique(groups, return_counts=True)[1]
    if len(counts) < 2:
        raise ValueError(f"{owner}: the independent set has one {noun} only, two are the least")
    per_group = bool(constant_within(codes, groups) and counts.max() > 1)
    splits = [(np.arange(0), np.arange(len(codes)))]
    pseudo = is_pseudo(X, noun)
    design = Design(codes, classes, groups, noun, splits, np.zeros(1, int), per_group, "", pseudo)
    return IndependentSet(X, design, _read_sites(owner, X, sites, len(codes)))


def _read_sites(owner, X, sites, n_samples):
    if sites is None:
        tables = [table["site"] for table in sample_tables(X).values() if "site" in table]
        if not tables or tables[0].isna().any():
            return None
        sites = tables[0]
    sites = np.asarray(sites).astype(str)
    if sites.shape != (n_samples,):
        raise ValueError(
            f"{owner}: sites must have one value for each of the {n_samples} samples, got shape "
            f"{sites.shape}"
        )
    return sites if len(np.unique(sites)) > 1 else None


def check_set(owner, X, design, groups, X_test, y_test, groups_test):
    """Read the independent set and see that it is one.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    X : object
        The samples of the development.
    design : Design
        Their labels and groups.
    groups : object
        Groups as the caller gave them.
    X_test, y_test, groups_test : object or None
        The independent set.

    Returns
    -------
    IndependentSet or None
        None where none was given.
    """
    if X_test is None:
        if y_test is not None or groups_test is not None:
            raise ValueError(f"{owner}: y_test and groups_test need X_test")
        return None
    if y_test is None:
        raise ValueError(f"{owner}: X_test needs y_test")
    other = as_samples(X_test)
    check_alike(owner, X, other)
    made = make_set(owner, other, y_test, groups_test, design.classes)
    known = groups is not None or sample_tables(X)
    if known and (groups_test is not None or sample_tables(other)) and design.noun != "run":
        both = np.intersect1d(design.groups.astype(str), made.design.groups.astype(str))
        if len(both):
            raise ValueError(
                f"{owner}: {design.noun} {plain(both[0])!r} is in both sets; where these are "
                "different people, give them different names in groups and groups_test"
            )
    check_copies(owner, row_digests(X), row_digests(other))
    return made


def check_copies(owner, known, given):
    """Refuse samples that the model was made with.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    known, given : dict of str to ndarray of str
        Digests of the samples of the development and of the new ones.
    """
    for name in known.keys() & given.keys():
        copied = np.flatnonzero(np.isin(given[name], known[name]) & (given[name] != ""))
        if len(copied):
            raise ValueError(
                f"{owner}: sample {copied[0]} of the independent set is one that the model was "
                "made with"
            )


def refit(task, design):
    """Fit the model on everything.

    Parameters
    ----------
    task : Task
        The model.
    design : Design
        Labels and groups.

    Returns
    -------
    estimator
        Fitted.
    """
    estimator = clone(task.estimator)
    everything = np.arange(len(design.y))
    with sklearn.config_context(enable_metadata_routing=True):
        params = fit_params(estimator, task.params, design.groups, everything)
        return estimator.fit(task.X, design.labels, **params)


def predict_set(model, independent, threshold):
    """Predict an independent set.

    Parameters
    ----------
    model : estimator
        Fitted.
    independent : IndependentSet
        The set.
    threshold : float or None
        Where it was fixed.

    Returns
    -------
    OutOfFold
        Predictions of the samples, in one repeat.
    """
    design = independent.design
    predicted, score, is_probability, cut = predict(model, independent.X, design.classes, threshold)
    nothing = np.zeros(1)
    return OutOfFold(
        predicted[:, None], score[:, None], np.zeros((len(predicted), 1), int), np.array([cut]),
        nothing, nothing, is_probability,
    )  # fmt: skip


def assess_set(made, independent, wishes):
    """Compute the figures of an independent set, whole and by site.

    Parameters
    ----------
    made : OutOfFold
        Predictions of the samples.
    independent : IndependentSet
        The set.
    wishes : Wishes
        What was asked for.

    Returns
    -------
    whole : Assessment
        Figures of all.
    sites : dict of str to Assessment
        Figures of the sites that have two groups of each class or more.
    """
    design = independent.design
    units = aggregate(made, design)
    judge = make_judge(design, wishes.random_state)
    whole = assess(judge, units, wishes)
    if independent.sites is None:
        return whole, {}
    of_unit = independent.sites[design.unit_first]
    sites = {}
    for name in np.unique(of_unit):
        part, predictions = _of_site(judge, units, of_unit == name)
        if _is_enough(part, len(design.classes)):
            sites[str(name)] = assess(part, predictions, wishes)
    return whole, sites


def _of_site(judge, made, mask):
    """Keep the units of a site, by marking those of others as not predicted."""
    away = ~mask
    split = np.where(away[:, None], -1, made.split)
    return judge.keep(type(made)(**{**vars(made), "split": split}))


def _is_enough(judge, n_classes):
    counts = [len(np.unique(judge.groups[judge.y == code])) for code in range(n_classes)]
    return min(counts) >= 2


def assess_independent(model, task, design, independent, wishes):
    """Test a model on an independent set.

    Parameters
    ----------
    model : estimator
        Fitted on everything else.
    task : Task
        What it was made of.
    design : Design
        Of the development.
    independent : IndependentSet
        The set.
    wishes : Wishes
        What was asked for.

    Returns
    -------
    dict
        Parts of an `Evaluation`, and under ``"said"`` statements.
    """
    made = predict_set(model, independent, task.threshold)
    whole, sites = assess_set(made, independent, wishes)
    shift = shift_table(
        task.X, design.groups, independent.X, independent.design.groups, model,
        wishes.random_state,
    )  # fmt: skip
    shares = tuple(
        float(np.mean(part.unit_y == len(part.classes) - 1))
        for part in (design, independent.design)
    )
    return {
        "test": whole,
        "sites": sites,
        "shift": shift,
        "test_predictions": prediction_table({"model": made}, independent.design),
        "said": [
            *about_result(whole, independent.design, "On the independent set: "),
            *about_shift(shift, shares),
        ],
    }
