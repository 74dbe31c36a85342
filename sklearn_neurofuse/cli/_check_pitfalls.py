"""What goes along with the class and is no signal."""

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, kruskal

_LEVEL = 0.01
# a trial is in motion if the head moves while its response lasts, in s
_RESPONSE = 6.0


def movement_of(run, onsets):
    """Give the mean framewise displacement while each sample is measured.

    Parameters
    ----------
    run : BoldRun
        Processed, with what moved among its confounds.
    onsets : ndarray of shape (n_samples,)
        In s from the first volume; NaN where a sample is the whole run.

    Returns
    -------
    ndarray of shape (n_samples,)
        In mm; NaN where it is not known.
    """
    if run.confounds is None or "framewise_displacement" not in run.confounds:
        return np.full(len(onsets), np.nan)
    moved = run.confounds["framewise_displacement"].to_numpy(dtype=float)
    moved = np.where(np.isfinite(moved), moved, 0.0)
    length = int(np.ceil(_RESPONSE / run.t_r)) + 1
    first = np.where(np.isfinite(onsets), onsets / run.t_r, 0.0).astype(int)
    stop = np.where(np.isfinite(onsets), first + length, len(moved))
    parts = [moved[max(a, 0) : b] for a, b in zip(first, stop, strict=True)]
    return np.array([part.mean() if part.size else np.nan for part in parts])


def find_pitfalls(data, X, movement=None):
    """Look for what goes along with the class and is no signal.

    Parameters
    ----------
    data : Bunch
        From `load_bids`.
    X : Multimodal
        Its arrays.
    movement : ndarray of shape (n_samples,), default=None
        From `movement_of`.

    Returns
    -------
    list of str
        Sentences; empty where nothing was found.
    """
    target = np.asarray(data.target)
    block = data.X[data.X.modalities[0]]
    found = []
    lacking = ~X.present.all(axis=1)
    if lacking.any() and _depends(lacking, target):
        found.append("samples that lack a modality are of one class more often than of the others")
    if "site" in block.table and _depends(block.table["site"], target):
        found.append("classes are spread unevenly over sites")
    if movement is not None and _moves_with(movement, target, block.recording):
        found.append("heads move more in one class than in another")
    return found + _of_subjects(data, target)


def _of_subjects(data, target):
    found, subjects = [], np.unique(data.groups)
    for subject in subjects:
        own = target[data.groups == subject]
        if len(own) > 5 and len(set(own.tolist())) > 1 and np.count_nonzero(np.diff(own)) <= 2:
            found.append(f"labels of sub-{subject} come in blocks: time tells the class")
            break
    classes = [set(target[data.groups == subject].tolist()) for subject in subjects]
    alone = [len(own) == 1 for own in classes]
    if 0 < sum(alone) < len(alone):
        found.append("some subjects have one class only")
    if len(subjects) == 1:
        return [*found, "there is one subject only: nothing is learnt about other people"]
    for code in np.unique(target):
        if sum(code in own for own in classes) == 1:
            name = data.target_names[int(code)]
            found.append(f"all samples of {name} are of one subject: who it is tells the class")
    return found


def _depends(one, other):
    counts = pd.crosstab(np.asarray(one), np.asarray(other)).to_numpy()
    return min(counts.shape) > 1 and chi2_contingency(counts).pvalue < _LEVEL


def _moves_with(movement, target, recording):
    """Compare classes within recordings, or between them where each has one class."""
    table = pd.DataFrame({"moved": movement, "class": target, "run": recording}).dropna()
    if (table.groupby("run")["class"].nunique() == 1).all():
        table = table.groupby("run").mean()
    else:
        table["moved"] -= table.groupby("run")["moved"].transform("mean")
    parts = [part.to_numpy() for _, part in table.groupby("class")["moved"]]
    if len(parts) < 2 or np.ptp(table["moved"]) == 0:
        return False
    return kruskal(*parts).pvalue < _LEVEL
