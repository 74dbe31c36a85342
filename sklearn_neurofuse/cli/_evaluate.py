"""``neurofuse evaluate``: a model beside the baselines that it has to beat."""

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
from sklearn_neurofuse.cli._predict import write_chain
from sklearn_neurofuse.cli._report import as_table, headline, how, settings_of
from sklearn_neurofuse.cli._results import is_finished, prepare_folder, write_json
from sklearn_neurofuse.cli._sources import find_fingerprint, load_data
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold, evaluate
from sklearn_neurofuse.model_selection._baselines import baseline_rows, model_rows

_FILES = ("report.html", "evaluation.csv", "evaluation.json", "models.csv", "predictions.csv")
# how `evaluate` calls the model under study
_MODEL = "model"


def run(args):
    """Evaluate, print the table and write the files.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Raises
    ------
    ValueError
        If the data do not allow the evaluation.
    OSError
        If data cannot be had or results cannot be written.
    """
    if print_plan(args):
        return
    if args.resume and is_finished(args, _FILES, "evaluation.json", find_fingerprint):
        return
    folder = prepare_folder(args.out, _FILES, args.overwrite or args.resume)
    data, X, confounds = load_data(args)
    grid = find_grid(args, data)
    name, model, single, beside, X = _make_models(args, data, X, grid)
    report = evaluate(
        model,
        X,
        np.asarray(data.target_names)[data.target],
        groups=data.groups,
        pos_label=data.target_names[-1],
        cv=RepeatedStratifiedGroupKFold(args.cv, n_repeats=args.repeats, random_state=args.seed),
        confounds=confounds,
        baselines=beside,
        prevalence=args.prevalence,
        n_permutations=args.permutations,
        learning_curve=args.learning_curve,
        variance="nested" if args.nested else "bootstrap",
        lock=args.lock,
        random_state=args.seed,
        n_jobs=args.jobs,
        verbose=1,
    )
    models = report.comparison.figures.replace({"model": {_MODEL: name}})
    print(_as_text(args, data, report, models, name, single))
    for line in [*describe_search(grid), *chosen_settings(report.folds)]:
        print(line)
    if args.lock is not None and "chain" in data:
        write_chain(args.lock, data.chain)
    if folder is not None:
        found = settle(model, data, X)
        _write(folder, args, found, report, models, name)


def _make_models(args, data, X, grid):
    """Make the model, those of single modalities, all that stands beside it, and its samples."""
    *single, (name, model) = model_rows(args.model, data.X.modalities).items()
    beside = {**dict(single), **baseline_rows(X)}
    if grid is not None:
        X, model = samples_of(grid, data, X), grid.around(model)
        beside = {key: grid.beside(each) for key, each in beside.items()}
        beside |= {key: grid.around(each) for key, each in single}
    return name, model, dict(single), beside, X


def _write(folder, args, found, report, models, name):
    """Write the report, its tables, and what was asked for."""
    model, data = found
    scores = mean_scores(report.predictions, _MODEL, len(data.X))
    pictures = explain(model, data, scores, args.seed)
    report.to_html(folder / "report.html", figures=pictures)
    report.to_frame().to_csv(folder / "evaluation.csv", index=False)
    models.to_csv(folder / "models.csv", index=False)
    report.predictions.replace({"model": {_MODEL: name}}).to_csv(
        folder / "predictions.csv", index=False
    )
    # last, so that with it everything is there
    write_json(
        folder / "evaluation.json", settings_of(args, data), data.fingerprint, report.to_json()
    )


def _as_text(args, data, report, models, name, single):
    """Lay the evaluation out for a screen."""
    comparison = report.comparison
    reached = models[models["metric"] == comparison.metric].set_index("model")["estimate"]
    names = list(reached.index)
    of_model = [*single, name]
    baselines = [row for row in names if row not in of_model]
    to_beat = reached[baselines].idxmax()
    lines = [
        headline(args.data, data),
        "",
        *as_table(models, of_model, baselines, marked=to_beat),
        "",
        how(args),
        "",
    ]
    better = [(reached[list(single)].idxmax(), "better alone")] if single else []
    for other, role in [*better, (to_beat, "baseline to beat")]:
        pair = comparison.pair(_MODEL, other)
        lines.append(
            f"{name} against {other} ({role}): ROC AUC {pair['difference']:+.2f} "
            f"[{pair['low']:+.2f}, {pair['high']:+.2f}]"
        )
    if "confounds" not in data:
        lines.append("No confounds come with these data.")
    lines += [f"Warning: {text}" for text in report.warnings]
    lines.append(f"Clinical criteria: {report.criteria.verdict}.")
    return "\n".join(lines)
