"""`modality_share`: how much each modality matters, by permutation."""

import warnings

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.inspection._pipeline import split_at_arrays

_OWNER = "modality_share"


def modality_share(estimator, X, y, *, scoring=None, n_repeats=20, random_state=None, n_jobs=None):
    r"""Tell how much each modality matters to a fitted model, by permutation over a test set.

    The rows of one modality are shuffled against all else, and the loss of score is measured
    [1]_. With the mean loss :math:`d_m` of modality m, its share is

    .. math:: s_m = \max(d_m, 0) / \sum_k \max(d_k, 0).

    Parameters
    ----------
    estimator : estimator
        Fitted. A pipeline that begins with recordings is run to its first arrays.
    X : Multimodal
        Samples that the model was not fitted to.
    y : array-like of shape (n_samples,)
        Their targets.
    scoring : str or callable, default=None
        As in :func:`sklearn.metrics.check_scoring`. None: the negative log loss where there are
        probabilities, which also sees what does not change a decision, else the estimator's score.
    n_repeats : int, default=20
        Number of shuffles of each modality.
    random_state : int, RandomState instance or None, default=None
        Seed.
    n_jobs : int, default=None
        Number of jobs.

    Returns
    -------
    dict of str to float
        The share of each modality; they sum to one. NaN where no modality matters.

    Raises
    ------
    TypeError
        If X is no Multimodal.
    ValueError
        If there are fewer than two samples.
    NotFittedError
        If the estimator is not fitted.

    Notes
    -----
    Modalities that matter only together each lose all when one is shuffled, and share evenly.
    Two that tell the same may share little between them, since each can stand in for the other.

    :func:`sklearn.inspection.permutation_importance` takes a Multimodal too, but shuffles one
    flat column at a time, which says little of volumes.

    References
    ----------
    .. [1] Fisher, A., Rudin, C., & Dominici, F. (2019). All models are wrong, but many are useful:
       learning a variable's importance by studying an entire class of prediction models
       simultaneously. Journal of Machine Learning Research, 20(177), 1-81.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.inspection import modality_share
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(80) % 2
    >>> X = Multimodal(fmri=rng.normal(size=(80, 3)) + 2 * y[:, None], eeg=rng.normal(size=(80, 3)))
    >>> model = LogisticRegression().fit(X[:40], y[:40])
    >>> share = modality_share(model, X[40:], y[40:], random_state=0)
    >>> bool(share["fmri"] > 0.9)
    True
    """
    check_number(_OWNER, "n_repeats", n_repeats, low=1, integer=True)
    X, model = split_at_arrays(_OWNER, estimator, X)
    if len(X) < 2:
        raise ValueError(f"{_OWNER}: X must hold at least two samples to shuffle, got {len(X)}")
    if scoring is None and hasattr(model, "predict_proba"):
        scoring = "neg_log_loss"
    scorer = check_scoring(model, scoring)
    rng = check_random_state(random_state)
    seeds = rng.randint(2**31, size=(len(X.modalities), n_repeats))
    full = scorer(model, X, y)
    losses = Parallel(n_jobs=n_jobs)(
        delayed(_loss)(scorer, model, X, y, name, own, full)
        for name, own in zip(X.modalities, seeds, strict=True)
    )
    matters = np.maximum(losses, 0)
    if not matters.any():
        warnings.warn(
            f"{_OWNER}: shuffling costs no score in any modality; there is nothing to share",
            stacklevel=2,
        )
        return dict.fromkeys(X.modalities, np.nan)
    return dict(zip(X.modalities, (matters / matters.sum()).tolist(), strict=True))


def _loss(scorer, model, X, y, name, seeds, full):
    """Average the loss of score over shuffles of one modality."""
    shuffled = [np.random.RandomState(seed).permutation(len(X)) for seed in seeds]
    scores = [scorer(model, X.replace(**{name: X[name][rows]}), y) for rows in shuffled]
    return full - np.mean(scores)
