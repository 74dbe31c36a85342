"""Single predictions as a table."""

import numpy as np
import pandas as pd


def prediction_table(made, design):
    """Give one row for each model, repeat and sample that was predicted.

    Parameters
    ----------
    made : dict of str to OutOfFold
        Predictions of samples.
    design : Design
        Labels and groups.

    Returns
    -------
    DataFrame
        Columns model, repeat, split, sample, group, target, predicted and score; with more than
        two classes a column of scores for each.
    """
    return pd.concat(
        [_of_model(name, predictions, design) for name, predictions in made.items()],
        ignore_index=True,
    )


def _of_model(name, made, design):
    repeats, rows = np.nonzero((made.split >= 0).T)
    score = made.score[rows, repeats]
    if score.ndim == 1:
        scores = {"score": score}
    else:
        scores = {f"score {label}": score[:, i] for i, label in enumerate(design.classes)}
    return pd.DataFrame(
        {
            "model": name,
            "repeat": repeats,
            "split": made.split[rows, repeats],
            "sample": rows,
            "group": design.groups[rows],
            "target": design.labels[rows],
            "predicted": design.classes[made.predicted[rows, repeats].astype(int)],
            **scores,
        }
    )
