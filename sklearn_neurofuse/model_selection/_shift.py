"""How far an independent set differs from the one a model was developed on."""

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.metrics import bootstrap_interval
from sklearn_neurofuse.model_selection._design import make_design
from sklearn_neurofuse.model_selection._design_effect import design_effect, held_out_share
from sklearn_neurofuse.model_selection._out_of_fold import Task, predict_out_of_fold
from sklearn_neurofuse.model_selection._repeated_split import RepeatedStratifiedGroupKFold
from sklearn_neurofuse.model_selection._samples import arrays_of, recordings_of

_OWNER = "evaluate"
# standard deviations from which a mean is called shifted
_FAR = 0.5


def check_alike(owner, X, other):
    """Refuse a set that the model was not made for.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    X : object
        The samples of the development.
    other : object
        The independent samples.
    """
    if isinstance(X, Multimodal) != isinstance(other, Multimodal):
        raise ValueError(
            f"{owner}: X_test must be of the kind of X, {type(X).__name__}, got "
            f"{type(other).__name__}"
        )
    if isinstance(X, Multimodal) and set(X.modalities) != set(other.modalities):
        raise ValueError(
            f"{owner}: X_test must have the modalities {list(X.modalities)}, got "
            f"{list(other.modalities)}"
        )
    ours, theirs = shapes_of(X), shapes_of(other)
    for name, shape in ours.items():
        if theirs.get(name) != shape:
            raise ValueError(
                f"{owner}: X_test must have samples of shape {shape} in {name}, got "
                f"{theirs.get(name)}"
            )


def shapes_of(X):
    """Give the shape of a sample in each modality.

    Parameters
    ----------
    X : object
        Samples.

    Returns
    -------
    dict of str to list of int
        By modality; None while it lies in recordings.
    """
    shapes = {name: list(array.shape[1:]) for name, array in arrays_of(X).items()}
    return shapes | dict.fromkeys(recordings_of(X))


def shift_table(X, groups, other, other_groups, model, random_state):
    """Tell two sets apart by a classifier, modality by modality.

    Parameters
    ----------
    X : object
        Samples of the development set.
    groups : ndarray
        Their groups.
    other : object
        Independent samples.
    other_groups : ndarray
        Their groups.
    model : estimator
        The fitted model; where samples lie in recordings, the steps before its last give the
        numbers.
    random_state : int
        Draws folds and resamples.

    Returns
    -------
    DataFrame
        Columns modality, roc_auc, low and high of telling the sets apart, and shifted, the share
        of features whose mean differs by half a standard deviation or more. Empty where samples
        are recordings and the model cannot be taken apart, or a set has fewer than two groups.
    """
    arrays = [_arrays(part, model) for part in (X, other)]
    columns = ["modality", "roc_auc", "low", "high", "shifted"]
    n_groups = [len(np.unique(part)) for part in (groups, other_groups)]
    if not all(arrays) or min(n_groups) < 2:
        return pd.DataFrame(columns=columns)
    rows = []
    for name, ours in arrays[0].items():
        theirs = arrays[1][name]
        auc = _tell_apart(ours, groups, theirs, other_groups, random_state)
        rows.append(
            {"modality": name, "roc_auc": auc.estimate, "low": auc.low, "high": auc.high,
             "shifted": _shifted(ours, theirs)}
        )  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _arrays(X, model):
    if recordings_of(X):
        if not isinstance(model, Pipeline) or len(model.steps) < 2:
            return {}
        X = model[:-1].transform(X)
        if recordings_of(X):
            return {}
    return {
        name: np.asarray(array, float).reshape(len(array), -1)
        for name, array in arrays_of(X).items()
    }


def _tell_apart(ours, groups, theirs, other_groups, random_state):
    X = np.concatenate([ours, theirs])
    y = np.repeat([0, 1], [len(ours), len(theirs)])
    names = [np.char.add(tag, part.astype(str)) for tag, part in
             (("a", groups), ("b", other_groups))]  # fmt: skip
    groups = np.concatenate(names)
    n_folds = min(5, *(len(np.unique(part)) for part in names))
    cv = RepeatedStratifiedGroupKFold(n_folds, n_repeats=1, random_state=random_state)
    design = make_design(_OWNER, X, y, groups=groups, cv=cv, pos_label=None,
                         random_state=random_state)  # fmt: skip
    model = make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=1.0 / X.shape[1], max_iter=1000),
    )
    made = predict_out_of_fold({"domain": Task(model, X, {})}, design)["domain"]
    return bootstrap_interval(
        "roc_auc", y, made.score, groups=groups, stratify=y, method="score",
        design_effect=design_effect(made, held_out_share(design)), random_state=random_state,
    )  # fmt: skip


def _shifted(ours, theirs):
    means, spread = np.nanmean(ours, axis=0), np.nanstd(ours, axis=0)
    distance = np.abs(np.nanmean(theirs, axis=0) - means)
    return float(np.mean(distance >= _FAR * np.where(spread > 0, spread, np.inf)))
