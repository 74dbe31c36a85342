"""``neurofuse evaluate``: a model beside the baselines that it has to beat."""

from pathlib import Path

import sklearn

from sklearn_neurofuse.cli._report import as_text, check_folder, write_files
from sklearn_neurofuse.cli._sources import SOURCES
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold
from sklearn_neurofuse.model_selection._baselines import CONFOUNDS, baseline_rows, model_rows
from sklearn_neurofuse.model_selection._out_of_fold import predict_out_of_fold
from sklearn_neurofuse.model_selection._summary import best_row, difference, summarize


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
    folder = None if args.out is None else Path(args.out)
    if folder is not None:
        check_folder(folder, args.overwrite)
    data = SOURCES[args.data](args)
    with sklearn.config_context(enable_metadata_routing=True):
        result = _evaluate(args, data)
    print(as_text(args, data, result))
    if folder is not None:
        write_files(folder, args, data, result)


def _evaluate(args, data):
    X, y, groups = data.X, data.target, data.groups
    models = model_rows(args.model, X.modalities)
    if "confounds" in data:
        X = X.replace(**{CONFOUNDS: data.confounds})
    baselines = baseline_rows(X)
    cv = RepeatedStratifiedGroupKFold(args.cv, n_repeats=args.repeats, random_state=args.seed)
    predictions = predict_out_of_fold({**models, **baselines}, X, y, groups, cv, n_jobs=args.jobs)
    summary = summarize(predictions, y, groups, random_state=args.seed)
    *single, together = models
    pairs = [
        (together, best_row(summary, single)),
        (together, best_row(summary, baselines)),
    ]
    return {
        "predictions": predictions,
        "summary": summary,
        "models": list(models),
        "baselines": list(baselines),
        "to_beat": pairs[1][1],
        "differences": {
            pair: difference(predictions, *pair, y, groups, random_state=args.seed)
            for pair in pairs
        },
    }
