"""`compare`: several models on the same folds, beside the simple ones."""

from itertools import combinations

import numpy as np
import pandas as pd
import sklearn
from sklearn.base import clone

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.metrics._weighted import METRICS
from sklearn_neurofuse.model_selection._assessment import make_judge
from sklearn_neurofuse.model_selection._beside import MAJORITY, modalities_of, simple_rows
from sklearn_neurofuse.model_selection._comparison import Comparison
from sklearn_neurofuse.model_selection._design import make_design
from sklearn_neurofuse.model_selection._figures import check_scoring, is_available
from sklearn_neurofuse.model_selection._memory import peak_memory
from sklearn_neurofuse.model_selection._out_of_fold import (
    Task,
    aggregate,
    fit_params,
    predict_out_of_fold,
)
from sklearn_neurofuse.model_selection._paired_tests import correlated_t_test, holm, oriented
from sklearn_neurofuse.model_selection._prediction_table import prediction_table
from sklearn_neurofuse.model_selection._samples import as_samples, take
from sklearn_neurofuse.model_selection._sayings import (
    about_design,
)
from sklearn_neurofuse.model_selection._seed import read_seed
from sklearn_neurofuse.model_selection._settings import describe
from sklearn_neurofuse.model_selection._statements import (
    Statement,
    about_pseudo_pairs,
    between,
    metric_name,
)
from sklearn_neurofuse.model_selection._tables import chosen_columns
from sklearn_neurofuse.model_selection._threshold import with_threshold

_OWNER = "compare"
# probability from which on something is said without reserve
_SURE = 0.95


def compare(
    estimators,
    X,
    y,
    *,
    groups=None,
    cv="auto",
    metric="roc_auc",
    scoring=None,
    rope=0.01,
    baselines=True,
    pos_label=None,
    threshold=None,
    params=None,
    random_state=None,
    n_jobs=None,
    verbose=0,
):
    """Evaluate several models on the same folds, and say whether fusion helps.

    Parameters
    ----------
    estimators : dict of str to estimator
        Classifiers by name; they are cloned.
    X : Multimodal, Recordings or array-like of length n_samples
        The samples.
    y : array-like of shape (n_samples,)
        Classes.
    groups : array-like of shape (n_samples,) or str, default=None
        Who belongs together, as in `evaluate`.
    cv : "auto", int, splitter or iterable of (train, test), default="auto"
        As in `evaluate`.
    metric : str, default="roc_auc"
        The metric that models are compared by, a name that `bootstrap_interval` knows. Where a
        model gives no scores, balanced accuracy is taken for a metric of scores.
    scoring : str, callable, or sequence or dict of these, default=None
        Further metrics, as in `evaluate`.
    rope : float, default=0.01
        Region of practical equivalence: differences of `metric` up to this are practically none.
    baselines : bool or dict of str to estimator, default=True
        What stands beside: True adds the majority vote and linear models of each modality and of
        all together; False nothing; a dict its own.
    pos_label : label, default=None
        The positive class (patients); None is the last in order.
    threshold : float or str, default=None
        As in `evaluate`.
    params : dict, default=None
        Metadata for ``fit``, as in `evaluate`.
    random_state : int, RandomState instance or None, default=None
        Draws folds and resamples.
    n_jobs : int, default=None
        Number of fits that run at once; as in scikit-learn.
    verbose : int, default=0
        Above 0 a progress bar is shown on a terminal.

    Returns
    -------
    Comparison
        Figures with intervals, pairwise tests, costs, statements; ``to_html(path)``.

    Raises
    ------
    TypeError
        If a parameter is of the wrong kind.
    ValueError
        If there is no model, a name stands twice, a metric is unknown, and as `evaluate`.

    See Also
    --------
    evaluate : One model in depth.

    Notes
    -----
    Two models are compared by the corrected repeated cross-validation t-test [1]_ and by the
    Bayesian correlated t-test [2]_, whose posterior gives the probability that one is better by
    more than `rope`, that they are practically equal, or worse; p-values are adjusted for their
    number (Holm). The interval on each figure is that of `evaluate`.

    "Does fusion help" sets the best model of several modalities against the best of one. Both
    were chosen by these very figures, which flatters them about alike.

    References
    ----------
    .. [1] Nadeau, C., & Bengio, Y. (2003). Inference for the generalization error. Machine
       Learning, 52, 239-281. doi:10.1023/A:1024068626366
    .. [2] Benavoli, A., Corani, G., Demšar, J., & Zaffalon, M. (2017). Time for a change: a
       tutorial for comparing multiple classifiers through Bayesian analysis. Journal of Machine
       Learning Research, 18(77), 1-36. https://jmlr.org/papers/v18/16-305.html

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn_neurofuse.model_selection import compare
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 20)
    >>> X = rng.normal(size=(40, 3)) + y[:, None]
    >>> models = {"logistic": LogisticRegression(), "neighbours": KNeighborsClassifier()}
    >>> compare(models, X, y, cv=4, random_state=0).models
    ['logistic', 'neighbours', 'majority']
    """
    estimators, beside = _read_models(estimators, baselines, X)
    check_choice(_OWNER, "metric", metric, METRICS)
    check_number(_OWNER, "rope", rope, low=0)
    scoring = {metric: metric, **check_scoring(_OWNER, scoring)}
    X, seed = as_samples(X), read_seed(random_state)
    design = make_design(_OWNER, X, y, groups=groups, cv=cv, pos_label=pos_label,
                         random_state=seed)  # fmt: skip
    tasks = {}
    for name, estimator in {**estimators, **beside}.items():
        wrapped, fixed = with_threshold(_OWNER, estimator, threshold, design)
        own = params or {} if name in estimators else {}
        tasks[name] = Task(wrapped, X, own, fixed if name != MAJORITY else None)
    made = predict_out_of_fold(tasks, design, n_jobs=n_jobs, verbose=verbose)
    memory = {name: peak_memory(lambda task=task: _fit_once(task, design))
              for name, task in tasks.items()}  # fmt: skip
    return make_comparison(
        made, design, set(estimators), tasks, metric=metric, scoring=scoring, rope=rope,
        memory=memory, settings=describe(design, X, seed),
    )  # fmt: skip


def _read_models(estimators, baselines, X):
    if not isinstance(estimators, dict) or not estimators:
        raise ValueError(f"{_OWNER}: estimators must be a dict of models by name, at least one")
    if isinstance(baselines, dict):
        beside = baselines
    else:
        beside = simple_rows(estimators.values(), X) if baselines else {}
        beside = {name: model for name, model in beside.items() if name not in estimators}
    twice = sorted(set(estimators) & set(beside))
    if twice:
        raise ValueError(f"{_OWNER}: {twice[0]!r} is the name of a model and of a baseline")
    for name, model in {**estimators, **beside}.items():
        if not hasattr(model, "fit") or not hasattr(model, "predict"):
            raise TypeError(f"{_OWNER}: {name!r} must be a classifier, got {type(model).__name__}")
    return dict(estimators), beside


def _fit_once(task, design):
    train = design.splits[0][0]
    estimator = clone(task.estimator)
    with sklearn.config_context(enable_metadata_routing=True):
        params = fit_params(estimator, task.params, design.groups, train)
        estimator.fit(take(task.X, train), design.labels[train], **params)


def make_comparison(made, design, models, tasks, *, metric, scoring, rope, memory, settings):
    """Compare predictions that are there already.

    Parameters
    ----------
    made : dict of str to OutOfFold
        Predictions of samples.
    design : Design
        The splits.
    models : set of str
        Which are under study; the others are baselines.
    tasks : dict of str to Task
        The models.
    metric : str
        What is compared.
    scoring : dict of str to str or callable
        Metrics.
    rope : float
        Region of practical equivalence.
    memory : dict of str to float
        Peak memory in MB of each model.
    settings : dict
        How it was made.

    Returns
    -------
    Comparison
        The comparison.
    """
    judge = make_judge(design, settings["seed"])
    units = {name: aggregate(predictions, design) for name, predictions in made.items()}
    if not all(is_available(metric, predictions) for predictions in units.values()):
        metric = "balanced_accuracy"
        scoring = {metric: metric, **scoring}
    figures = pd.concat(
        [
            judge.table(predictions, scoring).assign(model=name)
            for name, predictions in units.items()
        ],
        ignore_index=True,
    )
    figures.insert(0, "model", figures.pop("model"))
    roles = np.where(figures["model"].isin(models), "model", "baseline")
    figures.insert(1, "role", roles)
    folds = pd.concat(
        [
            pd.DataFrame({"model": name, "split": np.arange(len(design.splits)),
                          "repeat": design.column, "value": judge.fold_values(metric, predictions),
                          **chosen_columns(made[name])})
            for name, predictions in units.items()
        ],
        ignore_index=True,
    )  # fmt: skip
    pairs = _pairs(folds, design, rope)
    costs = pd.DataFrame(
        {"model": name, "fit_time": predictions.fit_time.mean(),
         "predict_time": predictions.predict_time.mean(), "peak_memory": memory.get(name, np.nan)}
        for name, predictions in made.items()
    )  # fmt: skip
    modalities = {name: modalities_of(task.estimator, task.X) for name, task in tasks.items()}
    statements = [
        *_about_fusion(figures, pairs, modalities, metric, rope, about_pseudo_pairs(design)),
        *about_design(design),
    ]
    return Comparison(
        figures, pairs, folds, costs, metric, rope, tuple(statements),
        settings | {"modalities": modalities}, prediction_table(made, design),
    )  # fmt: skip


def _pairs(folds, design, rope):
    values = folds.pivot(index="split", columns="model", values="value")
    sizes = [(len(train), len(test)) for train, test in design.splits]
    ratio = float(np.mean([n_test / n_train for n_train, n_test in sizes]))
    names = list(dict.fromkeys(folds["model"]))
    rows = [
        {"model": one, "other": other}
        | correlated_t_test((values[one] - values[other]).to_numpy(), ratio, rope)._asdict()
        for one, other in combinations(names, 2)
    ]
    columns = ["model", "other", "difference", "low", "high", "standard_error", "p_value",
               "p_better", "p_equivalent", "p_worse"]  # fmt: skip
    pairs = pd.DataFrame(rows, columns=columns)
    pairs.insert(7, "p_adjusted", holm(pairs["p_value"]))
    return pairs


def _about_fusion(figures, pairs, modalities, metric, rope, reservations):
    """Say whether the best of several modalities beats the best of one, and what speaks against."""
    reached = figures[figures["metric"] == metric].set_index("model")["estimate"]
    reached = reached.drop(MAJORITY, errors="ignore")
    fused = [name for name in reached.index if len(modalities[name]) > 1]
    single = [name for name in reached.index if len(modalities[name]) == 1]
    if fused and single:
        one, other = reached[fused].idxmax(), reached[single].idxmax()
        told = _fusion_sentence(pairs, reached, one, other, metric, rope)
        return [Statement("result", " ".join([told, *(each.text for each in reservations)]))]
    if len(reached) < 2:
        return []
    one, other = reached.sort_values(ascending=False).index[:2]
    told = _difference(pairs, reached, one, other, metric, rope)
    return [Statement("result", f"The best two models are {told}.")]


def _fusion_sentence(pairs, reached, one, other, metric, rope):
    found = oriented(pairs, one, other)
    if found["p_better"] >= _SURE:
        verdict = "Fusion helps"
    elif found["p_worse"] >= _SURE:
        verdict = "Fusion harms"
    elif found["p_equivalent"] >= _SURE:
        verdict = "Fusion makes no practical difference"
    else:
        verdict = "Whether fusion helps is undecided"
    return f"{verdict}: {_difference(pairs, reached, one, other, metric, rope)}."


def _difference(pairs, reached, one, other, metric, rope):
    found = oriented(pairs, one, other)
    return (
        f"{one!r} with {metric_name(metric)} {reached[one]:.2f} against {other!r} with "
        f"{reached[other]:.2f}, a difference of "
        f"{between(found['difference'], found['low'], found['high'], '+.2f')}; it is better by "
        f"more than {rope:g} with probability {found['p_better']:.2f}, practically the same with "
        f"{found['p_equivalent']:.2f}, worse with {found['p_worse']:.2f}"
    )
