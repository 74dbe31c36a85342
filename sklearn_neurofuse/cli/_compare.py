"""``neurofuse compare``: models on the same folds, beside the simple ones."""

import numpy as np

from sklearn_neurofuse.cli._grid import (
    chosen_settings,
    describe_search,
    find_grid,
    samples_of,
    settle,
)
from sklearn_neurofuse.cli._pictures import explain, mean_scores
from sklearn_neurofuse.cli._plan import print_plan
from sklearn_neurofuse.cli._report import as_table, headline, how, settings_of
from sklearn_neurofuse.cli._results import is_finished, prepare_folder, write_json
from sklearn_neurofuse.cli._sources import find_fingerprint, load_data
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold, compare
from sklearn_neurofuse.model_selection._baselines import baseline_rows, model_rows
from sklearn_neurofuse.model_selection._beside import simple_rows

_FILES = ("report.html", "comparison.csv", "comparison.json", "pairs.csv", "predictions.csv")


def run(args):
    """Compare, print the table and write the files.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Raises
    ------
    ValueError
        If the data do not allow the comparison.
    OSError
        If data cannot be had or results cannot be written.
    """
    if print_plan(args):
        return
    if args.resume and is_finished(args, _FILES, "comparison.json", find_fingerprint):
        return
    folder = prepare_folder(args.out, _FILES, args.overwrite or args.resume)
    data, X, _ = load_data(args)
    grid = find_grid(args, data)
    models, beside, X = _make_models(args, data, X, grid)
    found = compare(
        models,
        X,
        np.asarray(data.target_names)[data.target],
        groups=data.groups,
        pos_label=data.target_names[-1],
        cv=RepeatedStratifiedGroupKFold(args.cv, n_repeats=args.repeats, random_state=args.seed),
        baselines={name: model for name, model in beside.items() if name not in models},
        rope=args.rope,
        random_state=args.seed,
        n_jobs=args.jobs,
        verbose=1,
    )
    baselines = [name for name in found.models if name not in models]
    lines = [
        headline(args.data, data),
        "",
        *as_table(found.figures, list(models), baselines, marked=found.best("baseline")),
        "",
        how(args),
        "",
        found.answer,
        *describe_search(grid),
        *chosen_settings(found.folds[found.folds["model"].isin(models)]),
    ]
    print("\n".join(lines))
    if folder is not None:
        best = found.best("model")
        _write(folder, args, found, best, *settle(models[best], data, X))


def _make_models(args, data, X, grid):
    """Make the models, all that stands beside them, and their samples."""
    models = {}
    for model in dict.fromkeys(args.models):
        *_, (name, estimator) = model_rows(model, data.X.modalities).items()
        models[name] = estimator
    beside = {**simple_rows(models.values(), data.X), **baseline_rows(X)}
    if grid is not None:
        X = samples_of(grid, data, X)
        models = {name: grid.around(model) for name, model in models.items()}
        beside = {name: grid.beside(model) for name, model in beside.items()}
    return models, beside, X


def _write(folder, args, found, best, model, data):
    """Write the report, with the reasons of the best model, and its tables."""
    scores = mean_scores(found.predictions, best, len(data.X))
    pictures = explain(model, data, scores, args.seed)
    found.to_html(folder / "report.html", figures=pictures)
    found.figures.to_csv(folder / "comparison.csv", index=False)
    found.pairs.to_csv(folder / "pairs.csv", index=False)
    found.predictions.to_csv(folder / "predictions.csv", index=False)
    # last, so that with it everything is there
    write_json(
        folder / "comparison.json", settings_of(args, data), data.fingerprint, found.to_json()
    )
