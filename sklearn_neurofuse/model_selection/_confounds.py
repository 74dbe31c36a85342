"""What the class can be told from without any signal: confounds, and which samples are missing."""

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.metrics._bootstrap import weighted_interval
from sklearn_neurofuse.metrics._logistic import partial_deviance
from sklearn_neurofuse.model_selection._out_of_fold import Task, aggregate
from sklearn_neurofuse.model_selection._samples import sample_tables

# names of the rows
ALL, MISSING = "all confounds", "missing samples"
# columns of the samples' tables that are known to go along with signals
_KNOWN = (
    "site", "session", "run", "event", "response_time", "reaction_time", "rt", "motion",
    "framewise_displacement", "rejected", "rejected_fraction", "blink", "blinks", "scanner",
    "age", "sex", "handedness",
)  # fmt: skip
_TITLES = {"event": "trial index"}
_RESAMPLES = 300
_LEVEL = 0.95


def read_confounds(owner, X, confounds, measured=None):
    """Bring confounds into the form of one table of numbers for each.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    X : object
        The samples.
    confounds : DataFrame, dict, None or False
        One row for each sample; None takes what the samples' own table has, and what was
        measured; False nothing.
    measured : DataFrame, default=None
        What was measured at each sample.

    Returns
    -------
    dict of str to ndarray of shape (n_samples, n_columns)
        By name, categories as indicators; those that do not vary are left out.
    """
    if confounds is False:
        return {}
    if confounds is None:
        table = _known(X)
        for name in () if measured is None else measured:
            table[name] = measured[name]
    else:
        table = pd.DataFrame(confounds)
    if len(table.columns) and len(table) != len(X):
        raise ValueError(
            f"{owner}: confounds must have one row for each of the {len(X)} samples, got "
            f"{len(table)}"
        )
    encoded = {str(name): _encode(column) for name, column in table.items()}
    return {name: values for name, values in encoded.items() if values.shape[1]}


def _known(X):
    found = {}
    for table in sample_tables(X).values():
        for name in _KNOWN:
            if name in table and not (name == "event" and (table[name] < 0).all()):
                found.setdefault(_TITLES.get(name, name), table[name])
    return pd.DataFrame(found)


def _encode(column):
    if column.nunique(dropna=False) < 2:
        return np.empty((len(column), 0))
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return column.to_numpy(float, na_value=np.nan)[:, None]
    numbers = pd.to_numeric(column, errors="coerce")
    if column.name in ("trial index",) and numbers.notna().all():
        return numbers.to_numpy(float)[:, None]
    indicators = pd.get_dummies(column.astype(str), dtype=float)
    # as many categories as samples are names, and say nothing of others
    if indicators.shape[1] > len(column) / 2:
        return np.empty((len(column), 0))
    return indicators.to_numpy()


def confound_tasks(X, confounds):
    """Make the models that see no signal.

    Parameters
    ----------
    X : object
        The samples, for which of them are missing.
    confounds : dict of str to ndarray
        As `read_confounds` gives them.

    Returns
    -------
    dict of str to Task
        All confounds together, each alone where there are several, and missing samples.
    """
    tasks = {}
    if len(confounds) > 1:
        tasks[ALL] = _task(np.column_stack(list(confounds.values())))
    tasks |= {name: _task(values) for name, values in confounds.items()}
    missing = missing_pattern(X)
    if missing is not None:
        tasks[MISSING] = _task(missing)
    return tasks


def missing_pattern(X):
    """Say which samples lack which modality.

    Parameters
    ----------
    X : object
        The samples.

    Returns
    -------
    ndarray of shape (n_samples, n_modalities) or None
        1 where one is missing; None where none is, or all are alike.
    """
    if not isinstance(X, Multimodal):
        return None
    missing = ~X.present
    varying = missing.any(axis=0) & ~missing.all(axis=0)
    return missing[:, varying].astype(float) if varying.any() else None


def _task(values):
    model = make_pipeline(
        SimpleImputer(add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(class_weight="balanced", max_iter=1000),
    )
    return Task(model, values, {})


def confound_table(judge, made, model, design):
    """Say how well the class is told without signals, and what the model adds.

    Parameters
    ----------
    judge : Judge
        Of the units.
    made : dict of str to OutOfFold
        Predictions of samples by those models.
    model : OutOfFold
        Predictions of units by the model under evaluation.
    design : Design
        The units.

    Returns
    -------
    DataFrame
        Columns confound, roc_auc, low, high, above_chance, partial, partial_low and
        partial_high: the share of the deviance that the model explains over and above.
    """
    # one of many intervals lies above chance by chance, so they are the wider the more there are
    n_single = max(1, len(set(made) - {ALL, MISSING}))
    rows = []
    for name, predictions in made.items():
        level = _LEVEL if name in (ALL, MISSING) else 1 - (1 - _LEVEL) / n_single
        units = aggregate(predictions, design)
        own, units = judge.keep(units)
        found = own.interval("roc_auc", units, confidence_level=level)
        rows.append(
            {
                "confound": name,
                "roc_auc": found.estimate,
                "low": found.low,
                "high": found.high,
                "above_chance": found.low > 0.5,
                **_partial(judge, model, aggregate(predictions, design)),
            }
        )
    return pd.DataFrame(rows)


def _partial(judge, model, confound):
    """Give the share of deviance that the model explains beyond the confound."""
    nothing = dict.fromkeys(("partial", "partial_low", "partial_high"), np.nan)
    if len(judge.classes) != 2 or not model.has_scores:
        return nothing
    scores = np.column_stack([_mean_rank(model), _mean_rank(confound)])
    there = ~np.isnan(scores).any(axis=1)
    is_positive = judge.y[there] == 1

    def share_beyond(weights):
        return partial_deviance(is_positive, *scores[there].T, weights)["partial"]

    found = weighted_interval(
        share_beyond,
        int(there.sum()),
        groups=judge.groups[there],
        stratify=None if judge.stratify is None else judge.stratify[there],
        n_resamples=_RESAMPLES,
        design_effect=max(judge.design_effect(model), judge.design_effect(confound)),
        random_state=judge.random_state,
    )
    # a share
    low, high = np.clip([found.low, found.high], 0.0, 1.0)
    ends = {"partial_low": float(low), "partial_high": float(high)}
    return {"partial": found.estimate, **ends}


def _mean_rank(made):
    """Average scores over repeats, each repeat brought to the same spread."""
    score = made.score
    centre, spread = np.nanmean(score, axis=0), np.nanstd(score, axis=0)
    scaled = (score - centre) / np.where(spread > 0, spread, 1.0)
    count = np.sum(~np.isnan(scaled), axis=1)
    total = np.nansum(scaled, axis=1)
    return np.divide(total, count, out=np.full(len(scaled), np.nan), where=count > 0)
