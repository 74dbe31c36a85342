"""``neurofuse predict``: the samples of a dataset, by a model that was frozen."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_neurofuse.cli._sources import load_data
from sklearn_neurofuse.model_selection._lock import read_lock
from sklearn_neurofuse.model_selection._out_of_fold import predict

_CHAIN = "chain.txt"


def write_chain(folder, chain):
    """Note beside a frozen model which steps its samples came through.

    Parameters
    ----------
    folder : path-like
        Where the model was frozen.
    chain : ModalityTransformer
        The steps.
    """
    (Path(folder) / _CHAIN).write_text(_as_text(chain), encoding="utf-8")


def run(args):
    """Predict every sample and write a table.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Raises
    ------
    FileNotFoundError
        If there is no frozen model.
    ValueError
        If the model was changed, or its samples came through other steps.
    """
    model, content = read_lock("predict", args.model, args.trust)
    data = load_data(args)[0]
    noted = Path(args.model) / _CHAIN
    if "chain" in data and noted.exists() and noted.read_text("utf-8") != _as_text(data.chain):
        raise ValueError(
            f"the model was made of samples that came through other steps, see {noted}; give "
            "--config as it was then"
        )
    classes = np.array(content["classes"])
    predicted, score, is_probability, _ = predict(model, data.X, classes, content["threshold"])
    table = pd.DataFrame({"group": data.groups, "predicted": classes[predicted.astype(int)]})
    if is_probability:
        chances = np.column_stack([1 - score, score]) if score.ndim == 1 else score
        for label, column in zip(classes, chances.T, strict=True):
            table[f"probability {label}"] = column
    table["known"] = np.asarray(data.target_names)[data.target]
    table.to_csv(sys.stdout if args.out is None else args.out, index=False)
    if args.out is not None:
        print(f"{len(table)} predictions by {content['model_sha256'][:12]} in {args.out}")


def _as_text(chain):
    """Write steps and parameters, without what changes no result."""
    lines = []
    for name, branch in chain.transformers:
        for _, step in branch.steps:
            parameters = step.get_params(deep=False)
            told = {k: v for k, v in parameters.items() if k not in ("n_jobs", "verbose")}
            lines.append(f"{name}: {type(step).__name__} {told}")
    return "\n".join(lines) + "\n"
