"""The threshold of a decision, fixed on training samples only."""

from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    make_scorer,
    matthews_corrcoef,
)
from sklearn.model_selection import StratifiedGroupKFold, TunedThresholdClassifierCV

from sklearn_neurofuse._validation import check_choice, check_number

# what a threshold can be tuned to
_TARGETS = {
    "accuracy": accuracy_score,
    "balanced_accuracy": balanced_accuracy_score,
    "f1": f1_score,
    "mcc": matthews_corrcoef,
}
_FOLDS = 5


def with_threshold(owner, estimator, threshold, design):
    """Make the estimator tune its threshold in ``fit``, where that is asked for.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    estimator : estimator
        A classifier.
    threshold : float, str or None
        None leaves the estimator as it is; a number is a fixed threshold; a name is a metric
        that the threshold is tuned to on out-of-fold scores of the training samples.
    design : Design
        Labels and groups.

    Returns
    -------
    estimator : estimator
        The estimator, wrapped where its threshold is tuned.
    threshold : float or None
        The fixed threshold.
    """
    if threshold is None:
        return estimator, None
    if not design.is_binary:
        raise ValueError(f"{owner}: threshold is for two classes, got {len(design.classes)}")
    if not isinstance(threshold, str):
        return estimator, check_number(owner, "threshold", threshold)
    check_choice(owner, "threshold", threshold, _TARGETS)
    # a scorer that names the positive class fixes which scores the threshold is one of
    scorer = make_scorer(partial(_score, threshold), pos_label=design.classes[1])
    tuned = TunedThresholdClassifierCV(clone(estimator), scoring=scorer, cv=_inner(design))
    return tuned, None


def _score(name, y_true, y_pred, pos_label):
    metric = _TARGETS[name]
    return metric(y_true, y_pred, pos_label=pos_label) if name == "f1" else metric(y_true, y_pred)


def _inner(design):
    """Give splits of the training samples that keep groups together."""
    counts = [
        len(np.unique(design.groups[train][design.y[train] == label]))
        for train, _ in design.splits
        for label in range(2)
    ]
    return StratifiedGroupKFold(max(2, min(_FOLDS, *counts)))
