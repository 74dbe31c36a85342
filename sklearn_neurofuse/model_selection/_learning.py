"""Learning curves: what more people would bring."""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.model_selection._figures import is_available
from sklearn_neurofuse.model_selection._out_of_fold import aggregate, predict_out_of_fold

_SHARES = (0.25, 0.5, 0.75, 1.0)
_METRICS = ("balanced_accuracy", "roc_auc")


def check_shares(owner, shares):
    """Read at which shares of the training groups a learning curve is wanted.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    shares : bool or sequence of float
        True is a quarter, half, three quarters and all.

    Returns
    -------
    tuple of float
        Rising; empty where none is wanted.
    """
    if isinstance(shares, bool):
        return _SHARES if shares else ()
    for share in shares:
        check_number(owner, "learning_curve", share, low=0, high=1, closed="right")
    return tuple(sorted(set(shares)))


def learning_table(task, design, judge, shares, random_state, *, n_jobs=None, verbose=0):
    """Train on some of the training groups and test on the same folds.

    Parameters
    ----------
    task : Task
        The model.
    design : Design
        Labels and splits; the first repeat is used.
    judge : Judge
        Of the units.
    shares : tuple of float
        Shares of the training groups of each class.
    random_state : int
        Chooses the groups; smaller sets are part of larger ones.
    n_jobs, verbose : int, default=None, 0
        As in `predict_out_of_fold`.

    Returns
    -------
    DataFrame
        Columns share, n_train, n_groups, metric, estimate, low, high and standard_error.
    """
    design = design.first_repeat()
    rng = check_random_state(random_state)
    order = [_drawn_order(design, train, rng) for train, _ in design.splits]
    rows = []
    for share in shares:
        splits = [
            (_first_groups(design, train, drawn, share), test)
            for (train, test), drawn in zip(design.splits, order, strict=True)
        ]
        part = replace(design, splits=splits)
        made = predict_out_of_fold({"model": task}, part, n_jobs=n_jobs, verbose=verbose)["model"]
        own, made = judge.keep(aggregate(made, design))
        size = {
            "share": share,
            "n_train": float(np.mean([len(train) for train, _ in splits])),
            "n_groups": float(np.mean([len(np.unique(part.groups[t])) for t, _ in splits])),
        }
        rows += [
            {**size, "metric": metric, **own.interval(metric, made)._asdict()}
            for metric in _METRICS
            if is_available(metric, made)
        ]
    return pd.DataFrame(rows)


def _drawn_order(design, train, rng):
    """Give the training groups of each class in the order in which they are taken."""
    first = pd.Series(design.y[train]).groupby(design.groups[train]).agg(lambda y: y.mode()[0])
    return [rng.permutation(first.index[first == label]) for label in range(len(design.classes))]


def _first_groups(design, train, order, share):
    chosen = np.concatenate([groups[: max(1, round(share * len(groups)))] for groups in order])
    rows = train[np.isin(design.groups[train], chosen)]
    # a group of several classes stands for one of them; all classes have to be there
    return rows if len(np.unique(design.y[rows])) == len(design.classes) else train
