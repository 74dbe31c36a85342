"""``neurofuse compare``: models on the same folds, beside the simple ones."""

import numpy as np

from sklearn_neurofuse.cli._pictures import explain, mean_scores
from sklearn_neurofuse.cli._report import as_table, headline, how, settings_of
from sklearn_neurofuse.cli._results import prepare_folder, write_json
from sklearn_neurofuse.cli._sources import load_data
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
    folder = prepare_folder(args.out, _FILES, args.overwrite)
    data, X, _ = load_data(args)
    models = {}
    for model in dict.fromkeys(args.models):
        *_, (name, estimator) = model_rows(model, data.X.modalities).items()
        models[name] = estimator
    beside = {**simple_rows(models.values(), data.X), **baseline_rows(X)}
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
    ]
    print("\n".join(lines))
    if folder is not None:
        best = found.best("model")
        scores = mean_scores(found.predictions, best, len(X))
        pictures = explain(models[best], data, scores, args.seed)
        found.to_html(folder / "report.html", figures=pictures)
        found.figures.to_csv(folder / "comparison.csv", index=False)
        found.pairs.to_csv(folder / "pairs.csv", index=False)
        found.predictions.to_csv(folder / "predictions.csv", index=False)
        write_json(folder / "comparison.json", settings_of(args, data), found.to_json())
