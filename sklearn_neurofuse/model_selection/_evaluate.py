"""`evaluate`: how well a model does, and what stands in the way of believing it."""

import numpy as np
import pandas as pd

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.model_selection._assessment import Wishes, assess, make_judge
from sklearn_neurofuse.model_selection._beside import MAJORITY, simple_rows
from sklearn_neurofuse.model_selection._compare import make_comparison
from sklearn_neurofuse.model_selection._confounds import (
    confound_table,
    confound_tasks,
    read_confounds,
)
from sklearn_neurofuse.model_selection._design import make_design
from sklearn_neurofuse.model_selection._evaluation import Evaluation
from sklearn_neurofuse.model_selection._figures import check_scoring
from sklearn_neurofuse.model_selection._independent import assess_independent, check_set, refit
from sklearn_neurofuse.model_selection._learning import check_shares, learning_table
from sklearn_neurofuse.model_selection._lock import check_free, write_lock
from sklearn_neurofuse.model_selection._nested_variance import nested_interval
from sklearn_neurofuse.model_selection._out_of_fold import Task, aggregate, predict_out_of_fold
from sklearn_neurofuse.model_selection._permutation import Scheme, permutation_test
from sklearn_neurofuse.model_selection._prediction_table import prediction_table
from sklearn_neurofuse.model_selection._reading import (
    extracted,
    measured_confounds,
    reading_steps,
)
from sklearn_neurofuse.model_selection._samples import (
    as_samples,
    recording_ids,
    sample_tables,
)
from sklearn_neurofuse.model_selection._sayings import (
    about_confounds,
    about_design,
    about_difference,
    about_nested,
    about_permutation,
    about_result,
    about_unchecked,
)
from sklearn_neurofuse.model_selection._seed import read_seed
from sklearn_neurofuse.model_selection._settings import describe
from sklearn_neurofuse.model_selection._tables import fold_table, group_table
from sklearn_neurofuse.model_selection._threshold import with_threshold

_OWNER = "evaluate"
MODEL = "model"


def evaluate(
    estimator,
    X,
    y,
    *,
    groups=None,
    cv="auto",
    X_test=None,
    y_test=None,
    groups_test=None,
    scoring=None,
    pos_label=None,
    threshold=None,
    prevalence=None,
    criteria=None,
    confounds=None,
    baselines=True,
    variance="bootstrap",
    n_permutations=0,
    learning_curve=False,
    lock=None,
    params=None,
    random_state=None,
    n_jobs=None,
    verbose=0,
):
    """Evaluate a classifier so that a clinician can believe the figures.

    Repeated, stratified, grouped cross-validation gives out-of-fold predictions, from which come
    all metrics with intervals. Beside the model stand what it has to beat: the majority, linear
    models of each modality, confounds alone, and the pattern of missing samples.

    Parameters
    ----------
    estimator : estimator
        A classifier, which is cloned; a search such as GridSearchCV makes it nested
        cross-validation.
    X : Multimodal, Recordings or array-like of length n_samples
        The samples.
    y : array-like of shape (n_samples,)
        Classes, two or more.
    groups : array-like of shape (n_samples,) or str, default=None
        Who belongs together and is never on both sides of a split: persons, or families. A name
        is a column of the recordings' table, such as ``"site"``. None: the subject of the
        recordings, or the run where there is one subject; else each sample by itself, which the
        report says.
    cv : "auto", int, splitter or iterable of (train, test), default="auto"
        ``"auto"``: `RepeatedStratifiedGroupKFold` with 10 repeats of 5 folds, fewer where a
        class has fewer groups. An int is the number of folds, with 10 repeats. `BlockedSplit`
        for a single run.
    X_test, y_test, groups_test : as `X`, `y` and `groups`, default=None
        An independent set, on which the model fitted on everything is tested.
    scoring : str, callable, or sequence or dict of these, default=None
        Metrics: names that `bootstrap_interval` knows, or functions
        ``metric(y_true, y_pred) -> float`` of labels. None is all of the names.
    pos_label : label, default=None
        The positive class (patients); None is the last in order.
    threshold : float or str, default=None
        From which score on the positive class is predicted: None is as the estimator predicts;
        a number; or ``"accuracy"``, ``"balanced_accuracy"``, ``"f1"`` or ``"mcc"``, to which it
        is tuned on inner out-of-fold scores of the training samples of each fold.
    prevalence : float, default=None
        Share of positives in the clinic, for which PPV and NPV are given too.
    criteria : dict of str to float, default=None
        Least values of metrics; None is precision and recall of .80 and F1 of .75.
    confounds : DataFrame, default=None
        One row for each sample: age, motion, site. None takes what the table of the recordings
        has (site, session, run, trial index, reaction time), and measures at each trial the
        motion of the head, eye movement, and how much is marked as bad, where the steps of the
        model that read recordings bring these to light; False looks at none.
    baselines : bool or dict of str to estimator, default=True
        What stands beside the model: True adds the majority vote, and linear models of each
        modality and of all together; False nothing; a dict its own.
    variance : {"bootstrap", "nested"}, default="bootstrap"
        ``"nested"`` adds an interval of accuracy by nested cross-validation, which allows for the
        variation between training sets and costs (K + 1) / 2 times as many fits.
    n_permutations : int, default=0
        Permutations of a test of the first metric of `scoring` that is there (ROC AUC by
        default), on the first repeat of the folds.
    learning_curve : bool or sequence of float, default=False
        Shares of the training groups at which the model is evaluated too; True is a quarter,
        half, three quarters and all.
    lock : path-like, default=None
        New folder into which the model fitted on everything, its threshold and the criteria are
        frozen with hashes, for `validate`.
    params : dict, default=None
        Metadata for ``fit``; arrays of length n_samples are split with the samples.
    random_state : int, RandomState instance or None, default=None
        Draws folds, resamples and permutations.
    n_jobs : int, default=None
        Number of fits that run at once; as in scikit-learn.
    verbose : int, default=0
        Above 0 a progress bar is shown on a terminal.

    Returns
    -------
    Evaluation
        ``to_frame()``, ``to_json(path)``, ``to_html(path)``, ``plot(kind)``, ``warnings``.

    Raises
    ------
    TypeError
        If a parameter is of the wrong kind.
    ValueError
        If lengths differ, a metric is unknown, a split shares a group, a recording or a copied
        sample, a class is missing in a training set, there are fewer groups than folds or one
        only, the independent set has other modalities, shapes, classes or samples of the first,
        or the design allows too few permutations.
    FileExistsError
        If there is something at `lock`.

    See Also
    --------
    compare : Several models on the same folds.
    validate : Score a new set with a frozen model.

    Notes
    -----
    *What is judged.* Where the label is constant within each group, as a diagnosis is, the scores
    of a group's samples are averaged and the group is judged. ROC AUC is the mean over fits,
    since scores of different fits have no common scale; rates are counted over all folds of a
    repeat and averaged over repeats.

    *Intervals* are score intervals with the standard error of a bootstrap of whole groups and
    Student's t (`bootstrap_interval`, ``method="score"``), and the posterior of balanced accuracy
    [1]_, hierarchical where groups have several units, with the prior of Jeffreys. In a
    cross-validation each two groups meet twice, once with either as the test, so both get a design
    effect: 2.25 where models of five folds agree no more than on noise, 1 for a fixed rule.
    `variance` measures the variation between training sets instead [2]_.

    *Confounds.* Logistic regressions of the confounds, and of which samples are missing, are
    evaluated in the same folds; the partial effect is the share of deviance that the model's
    score explains over and above theirs [3]_.

    *Permutations* exchange the labels of whole groups where each has one label; otherwise they
    stay within groups, and where the order of trials is known they are shifted in a circle within
    recordings.

    References
    ----------
    .. [1] Brodersen, K. H., Ong, C. S., Stephan, K. E., & Buhmann, J. M. (2010). The balanced
       accuracy and its posterior distribution. 20th International Conference on Pattern
       Recognition, 3121-3124. doi:10.1109/ICPR.2010.764
    .. [2] Bates, S., Hastie, T., & Tibshirani, R. (2024). Cross-validation: what does it
       estimate and how well does it do it? Journal of the American Statistical Association,
       119(546), 1434-1445. doi:10.1080/01621459.2023.2197686
    .. [3] Dinga, R., Schmaal, L., Penninx, B. W. J. H., Veltman, D. J., & Marquand, A. F. (2020).
       Controlling for effects of confounding variables on machine learning predictions.
       bioRxiv. doi:10.1101/2020.08.17.255034

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_neurofuse.model_selection import evaluate
    >>> rng = np.random.default_rng(0)
    >>> groups = np.repeat(np.arange(20), 4)
    >>> y = groups % 2
    >>> X = rng.normal(size=(80, 3)) + y[:, None]
    >>> report = evaluate(LogisticRegression(), X, y, groups=groups, random_state=0)
    >>> report
    Evaluation: balanced accuracy 0.90 [0.74, 0.99], clinical criteria undecided
    """
    scoring = check_scoring(_OWNER, scoring)
    check_choice(_OWNER, "variance", variance, ("bootstrap", "nested"))
    check_number(_OWNER, "n_permutations", n_permutations, low=0, integer=True)
    shares = check_shares(_OWNER, learning_curve)
    check_free(_OWNER, lock)
    X, seed = as_samples(X), read_seed(random_state)
    wishes = Wishes.read(_OWNER, scoring, prevalence, criteria, seed)
    design = make_design(_OWNER, X, y, groups=groups, cv=cv, pos_label=pos_label,
                         random_state=seed)  # fmt: skip
    _check_prevalence(prevalence, design)
    test_set = check_set(_OWNER, X, design, groups, X_test, y_test, groups_test)
    wrapped, cut = with_threshold(_OWNER, estimator, threshold, design)
    task = Task(wrapped, X, params or {}, cut)
    jobs = {"n_jobs": n_jobs, "verbose": verbose}

    blind, knows_missing = _blind_tasks(estimator, X, confounds)
    beside = _read_beside(estimator, X, baselines)
    found = _cross_validate(task, design, wishes, beside, blind, jobs)
    if shares:
        found["learning_curve"] = learning_table(
            task, design, make_judge(design, seed), shares, seed, **jobs
        )
    if variance == "nested":
        found["nested"] = _nested(task, design, seed, jobs)
    if n_permutations:
        found["permutation"] = _permute(task, X, design, scoring, n_permutations, seed, n_jobs)
    if test_set is not None or lock is not None:
        found["model"] = refit(task, design)
    if test_set is not None:
        _add_independent(found, task, design, test_set, wishes)
    settings = found["settings"] = describe(design, X, seed)
    if lock is not None:
        settings["lock"] = write_lock(lock, found["model"], task, design, wishes)
    found["statements"] = _say(design, found, knows_missing, prevalence)
    return Evaluation(**found)


def _check_prevalence(prevalence, design):
    if prevalence is None:
        return
    check_number(_OWNER, "prevalence", prevalence, low=0, high=1, closed="neither")
    if not design.is_binary:
        raise ValueError(f"{_OWNER}: prevalence is for two classes, got {len(design.classes)}")


def _read_beside(estimator, X, baselines):
    if isinstance(baselines, dict):
        if MODEL in baselines:
            raise ValueError(f"{_OWNER}: {MODEL!r} is the model itself and no baseline's name")
        return baselines
    return simple_rows([estimator], X) if baselines else {}


def _blind_tasks(estimator, X, confounds):
    """Make the models that see no signal, and say whether missing samples are known."""
    steps = reading_steps(estimator, X)
    measured = measured_confounds(steps, X) if steps and confounds is None else None
    read = extracted(steps, X) if steps else X
    table = read_confounds(_OWNER, X, confounds, measured)
    tasks = confound_tasks(read, table)
    return {f"confound: {name}": task for name, task in tasks.items()}, read is not None


def _cross_validate(task, design, wishes, beside, blind, jobs):
    """Predict out of fold with the model and all that stands beside it."""
    others = {name: Task(model, task.X, {}) for name, model in beside.items()}
    made = predict_out_of_fold({MODEL: task, **others, **blind}, design, **jobs)
    judge = make_judge(design, wishes.random_state)
    units = aggregate(made[MODEL], design)
    found = {
        "assessment": assess(judge, units, wishes),
        "folds": fold_table(judge, units, design),
        "groups": group_table(made[MODEL], design),
        "predictions": prediction_table(made, design).assign(set="cross-validation"),
    }
    if blind:
        of_confounds = {name.removeprefix("confound: "): made[name] for name in blind}
        found["confounds"] = confound_table(judge, of_confounds, units, design)
    if others:
        found["comparison"] = make_comparison(
            {name: made[name] for name in [MODEL, *others]}, design, {MODEL},
            {MODEL: task, **others}, metric="roc_auc", scoring=wishes.scoring, rope=0.01,
            memory={}, settings={"seed": wishes.random_state},
        )  # fmt: skip
    return found


def _add_independent(found, task, design, test_set, wishes):
    """Add the figures of the independent set, and its predictions below those of the folds."""
    found |= assess_independent(found["model"], task, design, test_set, wishes)
    apart = found.pop("test_predictions").assign(set="independent set")
    found["predictions"] = pd.concat([found["predictions"], apart], ignore_index=True)


def _nested(task, design, seed, jobs):
    fewest = min(
        len(np.unique(design.groups[design.y == code])) for code in range(len(design.classes))
    )
    if fewest < 3 or design.noun.startswith("block"):
        raise ValueError(
            f"{_OWNER}: variance='nested' needs three groups of each class at least, got {fewest}"
        )
    return nested_interval(_OWNER, task, design, min(5, fewest), design.n_repeats, seed, **jobs)


def _permute(task, X, design, scoring, n_permutations, seed, n_jobs):
    metric = "roc_auc" if "roc_auc" in scoring else next(
        (name for name, metric in scoring.items() if not callable(metric)), "balanced_accuracy"
    )  # fmt: skip
    lying = recording_ids(X)
    blocks = next(iter(lying.values()))[0] if lying else None
    tables = [table for table in sample_tables(X).values() if "onset" in table]
    order = tables[0]["onset"].to_numpy(float) if tables else None
    scheme = Scheme(design.y, design.groups, blocks, order)
    return permutation_test(
        _OWNER, task, design, scheme, n_permutations, metric, seed, n_jobs=n_jobs
    )


def _say(design, found, knows_missing, prevalence):
    """Put everything into words."""
    said = [*about_design(design), *about_result(found["assessment"], design)]
    if found.get("comparison") is not None:
        said += _about_baselines(found["comparison"])
    if found.get("confounds") is not None:
        said += about_confounds(found["confounds"])
    if found.get("permutation") is not None:
        said.append(about_permutation(found["permutation"]))
    if found.get("nested") is not None:
        said.append(about_nested(found["nested"]))
    said += found.pop("said", [])
    probable = found["assessment"].calibration is not None
    done = {
        "independent": found.get("test") is not None,
        "confounds": found.get("confounds") is not None
        and any(name != "missing samples" for name in found["confounds"]["confound"]),
        "missing": knows_missing,
        "shift": found.get("test") is None or len(found["shift"]) > 0,
        "probabilities": probable,
        "scores": found["assessment"].roc is not None,
        "permutation": found.get("permutation") is not None,
        "nested": found.get("nested") is not None,
        "learning": found.get("learning_curve") is not None,
        "baselines": found.get("comparison") is not None,
        "prevalence": prevalence is not None or not design.is_binary,
    }
    return (*said, *about_unchecked(done))


def _about_baselines(comparison):
    """Say whether the model beats the best of what stands beside it."""
    beside = [name for name in comparison.models if name != MODEL]
    reached = comparison.figures[comparison.figures["metric"] == comparison.metric]
    others = reached.set_index("model")["estimate"].drop([MODEL])
    best = others.drop(MAJORITY, errors="ignore")
    best = best.idxmax() if len(best) else MAJORITY
    if best == MAJORITY and len(beside) == 1:
        return []
    pair = comparison.pair(MODEL, best)
    return [about_difference(pair, best, comparison.metric, comparison.rope)]
