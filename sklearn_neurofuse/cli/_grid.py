"""A grid of settings in the configuration, searched inside every training fold."""

from dataclasses import dataclass

import numpy as np
import sklearn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import Bunch

from sklearn_neurofuse._validation import nearest
from sklearn_neurofuse.cli._chains import check_values, read_toml
from sklearn_neurofuse.model_selection._tables import chosen_table

_MODEL, _TABLE = "model", "grid"
_CHAIN = "modalitytransformer"
_MOST_FOLDS = 3


@dataclass(frozen=True)
class Grid:
    """What is searched.

    Attributes
    ----------
    steps : dict of str to list
        Values of the parameters of steps, by their names in the chain.
    model : dict of str to list
        Values of the parameters of the model, by the end of their names.
    chain : ModalityTransformer or None
        The steps, where some of them vary.
    n_splits : int
        Inner folds.
    scoring : str
        What decides, as scikit-learn names it.
    """

    steps: dict
    model: dict
    chain: object
    n_splits: int
    scoring: str

    def around(self, model):
        """Make the search of a model that begins with a selector of modalities.

        Parameters
        ----------
        model : Pipeline
            As `model_rows` makes it.

        Returns
        -------
        estimator
            The search; the model itself where nothing of it varies.
        """
        return self._search(model, {_full_name(model, k): v for k, v in self.model.items()})

    def beside(self, model):
        """Make the search of a simple model: of the same steps, and of nothing else.

        Parameters
        ----------
        model : estimator
            As `simple_rows` and `baseline_rows` make it.

        Returns
        -------
        estimator
            The search; the model behind the steps where it sees none that varies.
        """
        return self._search(model, {})

    def _search(self, model, values):
        if self.chain is not None:
            values = {f"pipeline__{name}": each for name, each in values.items()}
            values |= {n: v for n, v in self.steps.items() if n.split("__")[1] in _names(model)}
            model = make_pipeline(self.chain, model)
        if not values:
            return model
        return GridSearchCV(
            model,
            values,
            cv=StratifiedGroupKFold(self.n_splits),
            scoring=self.scoring,
            error_score="raise",
        )


def find_grid(args, data):
    """Read what is to be searched.

    Parameters
    ----------
    args : argparse.Namespace
        With ``config``, a TOML file that may have a table ``[grid]`` with lists of values, such
        as ``fmri.SpatialSmoother.fwhm = [4.0, 8.0]`` or ``model.fusion = ["attention",
        "concat"]``.
    data : Bunch
        The data set.

    Returns
    -------
    Grid or None
        None where there is no such table.

    Raises
    ------
    ValueError
        If it names what there is not, a value is no list, there are too few people for inner
        folds, or a model shall be locked whose steps are still open.
    """
    path = getattr(args, "config", None)
    table = {} if path is None else read_toml(path).get(_TABLE, {})
    if not table:
        return None
    grid = _read(path, table, data, args.cv)
    if grid.chain is not None and getattr(args, "lock", None) is not None:
        raise ValueError(
            f"{path}: --lock needs one setting of each step; write those that a search chose "
            "into the tables of steps, and leave [grid] to the model"
        )
    return grid


def _read(path, table, data, n_folds):
    chain, groups = data.chain, data.groups
    found = dict(_leaves(path, table))
    steps = {
        _step_name(path, chain, name, values): values
        for name, values in found.items()
        if name[0] != _MODEL
    }
    model = {"__".join(name[1:]): values for name, values in found.items() if name[0] == _MODEL}
    n_groups = len(np.unique(groups))
    n_splits = min(_MOST_FOLDS, n_groups - -(-n_groups // n_folds))
    if n_splits < 2:
        raise ValueError(
            f"{path}: [grid] needs two people or more in every training fold, got {n_groups} "
            f"people in {n_folds} folds"
        )
    scoring = "roc_auc" if len(data.target_names) == 2 else "balanced_accuracy"
    return Grid(steps, model, chain if steps else None, n_splits, scoring)


def _leaves(path, table, above=()):
    """Give the lists of a nested table with the names that lead to them."""
    for name, value in table.items():
        here = (*above, *name.split("."))
        if isinstance(value, dict):
            yield from _leaves(path, value, here)
        elif isinstance(value, list) and value:
            yield here, value
        else:
            raise ValueError(
                f"{path}: [grid] {'.'.join(here)} must be a list of values, got {value!r}"
            )


def _step_name(path, chain, name, values):
    """Find the full name of a parameter, and check what it shall be."""
    branches = {} if chain is None else dict(chain.transformers)
    told = f"{path}: [grid] {'.'.join(name)}"
    if name[0] not in branches:
        known = [*branches, _MODEL]
        raise ValueError(f"{told} must begin with one of {known}{nearest(name[0], known)}")
    if len(name) != 3:
        raise ValueError(f"{told} must be of the form {name[0]}.Step.parameter")
    steps = {type(step).__name__: (key, step) for key, step in branches[name[0]].steps}
    if name[1] not in steps:
        raise ValueError(f"{told}: the steps are {list(steps)}{nearest(name[1], steps)}")
    key, step = steps[name[1]]
    known = step.get_params(deep=False)
    if name[2] not in known:
        raise ValueError(f"{told}: {name[1]} has {list(known)}{nearest(name[2], known)}")
    for value in values:
        check_values(told, clone(step).set_params(**{name[2]: value}))
    return f"{_CHAIN}__{name[0]}__{key}__{name[2]}"


def _full_name(model, ending):
    """Find the parameter of a model whose name ends so."""
    known = model.get_params()
    found = [name for name in known if name == ending or name.endswith(f"__{ending}")]
    if not found:
        ends = sorted({name.split("__")[-1] for name in known})
        raise ValueError(
            f"[grid] {_MODEL}.{ending.replace('__', '.')}: the model has no such parameter"
            f"{nearest(ending, ends)}"
        )
    return min(found, key=len)


def _names(model):
    """Name the modalities that a model selects; the majority vote sees none."""
    first = model.steps[0][1] if isinstance(model, Pipeline) else model
    return getattr(first, "modalities", ())


def describe_search(grid):
    """Say what is searched, and for which rows.

    Parameters
    ----------
    grid : Grid or None
        What is searched.

    Returns
    -------
    list of str
        A line for steps and one for models; empty where nothing is searched.
    """
    if grid is None:
        return []
    within = f"searched in {grid.n_splits} inner folds of each training fold"
    steps, models = (", ".join(map(short, names)) for names in (grid.steps, grid.model))
    lines = []
    if steps:
        lines.append(f"{steps}: {within}, for every row that sees the modality.")
    if models:
        behind = "" if steps else "; the rows below keep their own"
        lines.append(f"{models}: {within}, for models{behind}.")
    return lines


def chosen_settings(folds):
    """Say which settings were chosen how often.

    Parameters
    ----------
    folds : DataFrame
        Of `Evaluation` or `Comparison`, with columns of chosen parameters.

    Returns
    -------
    list of str
        A line for each parameter, of each model where there are several.
    """
    chosen = chosen_table(folds)
    keys = [name for name in ("model", "setting") if name in chosen]
    lines = []
    for names, rows in chosen.groupby(keys, sort=False):
        *model, setting = names
        told = ", ".join(
            f"{row.chosen} in {row.splits} of {row.of} fits" for row in rows.itertuples()
        )
        lines.append(": ".join([*model, short(setting), told]))
    return lines


def short(name):
    """Give the name of a parameter without the names of pipelines around it.

    Parameters
    ----------
    name : str
        As scikit-learn has it.

    Returns
    -------
    str
        As in the configuration.
    """
    parts = [part for part in name.split("__") if part not in (_CHAIN, "pipeline")]
    return ".".join(parts)


def samples_of(grid, data, X):
    """Give what a search works on: recordings, where steps of theirs vary.

    Parameters
    ----------
    grid : Grid
        What is searched.
    data : Bunch
        The data set.
    X : Multimodal
        Its arrays, confounds beside them.

    Returns
    -------
    Multimodal
        The same samples.
    """
    if grid.chain is None:
        return X
    rest = {name: X[name] for name in X.modalities if name not in data.X.modalities}
    return data.recordings.X[data.read].replace(**rest)


def settle(search, data, X):
    """Search once on all samples, and give the model and the arrays that come out.

    Parameters
    ----------
    search : estimator
        Not fitted; with nothing to search it is returned.
    data : Bunch
        The data set.
    X : Multimodal
        From `samples_of`.

    Returns
    -------
    model : estimator
        Of arrays, not fitted.
    data : Bunch
        With arrays of the chosen steps.
    """
    if not isinstance(search, GridSearchCV):
        return search, data
    with sklearn.config_context(enable_metadata_routing=True):
        search = clone(search).fit(X, data.target, groups=data.groups)
    whole = clone(search.estimator).set_params(**search.best_params_)
    if whole.steps[0][0] != _CHAIN:
        return whole, data
    arrays = whole.steps[0][1].fit_transform(data.recordings.X[data.read])
    return whole.steps[-1][1], Bunch(**{**data, "X": arrays})
