"""Pictures of why a model decides, for the report."""

import warnings
from dataclasses import replace

import numpy as np

from sklearn_neurofuse.containers import ConnectomeSpace, SensorSpace, VolumeSpace
from sklearn_neurofuse.exceptions import ClosedGateWarning
from sklearn_neurofuse.inspection import attention_maps, decision_pattern, lime_explanation
from sklearn_neurofuse.model_selection._design import make_design
from sklearn_neurofuse.model_selection._independent import refit
from sklearn_neurofuse.model_selection._out_of_fold import Task
from sklearn_neurofuse.plotting import (
    plot_attention,
    plot_connectome,
    plot_explanation,
    plot_heatmap,
    plot_topography,
)
from sklearn_neurofuse.plotting._png import to_png

_LABEL = "correlation with the decision"
_N_PERTURBATIONS = 500


def mean_scores(predictions, name, n_samples):
    """Average the out-of-fold scores of one model over repeats.

    Parameters
    ----------
    predictions : DataFrame
        Columns model, sample and score.
    name : str
        The model.
    n_samples : int
        Number of samples.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        None where there are several scores for each sample, one for each class.
    """
    own = predictions[predictions["model"] == name]
    if "score" not in own or own["score"].isna().all():
        return None
    return own.groupby("sample")["score"].mean().reindex(range(n_samples)).to_numpy()


def explain(model, data, scores, seed):
    """Draw what speaks for a decision, by the model fitted on everything.

    Parameters
    ----------
    model : estimator
        Not fitted.
    data : Bunch
        Arrays, classes and groups.
    scores : ndarray of shape (n_samples,) or None
        From `mean_scores`.
    seed : int
        For perturbations.

    Returns
    -------
    list of (str, bytes)
        Titles, and pictures as PNG; empty where there are no scores.
    """
    if scores is None:
        return []
    design = make_design(
        "evaluate", data.X, data.target, groups=data.groups, cv=2, pos_label=None, random_state=seed
    )
    fitted = refit(Task(model, data.X, {}), design)
    return draw_pictures(fitted, data.X, data.target, scores, data.target_names, seed)


def draw_pictures(model, X, y, scores, target_names, seed=0):
    """Draw what speaks for a decision, modality by modality.

    Parameters
    ----------
    model : estimator
        Fitted to all samples.
    X : Multimodal
        Arrays.
    y : ndarray of int of shape (n_samples,)
        The classes.
    scores : ndarray of shape (n_samples,)
        Out-of-fold decision of each sample, larger for the last class.
    target_names : sequence of str
        Names of the classes.
    seed : int, default=0
        For perturbations.

    Returns
    -------
    list of (str, bytes)
        Titles, and pictures as PNG.
    """
    found = []
    with warnings.catch_warnings():
        # a template that a small map does not fill, and the like, is no news to who reads a report
        warnings.simplefilter("ignore")
        found += _patterns(X, scores)
        found += _attention(model, X, y, target_names)
        found += _one_sample(model, X, y, scores, target_names, seed)
    return found


def _patterns(X, scores):
    for name, pattern in decision_pattern(X, scores).items():
        space = X[name].space
        title = f"{name}: what goes along with the decision"
        if isinstance(space, VolumeSpace):
            display = plot_heatmap(space.to_nifti(pattern), label="r", mode="ortho")
            yield title, to_png(display)
        elif isinstance(space, SensorSpace) and _has_places(space):
            yield title, to_png(plot_topography(pattern, space=space, label=_LABEL))
        elif isinstance(space, ConnectomeSpace):
            yield from _connectomes(name, pattern, space)


def _connectomes(name, pattern, space):
    """Draw the strongest edges of a connectome; of several bands that with the strongest."""
    told = name
    if space.bands is not None:
        best = int(np.abs(pattern).mean(axis=1).argmax())
        pattern, told = pattern[best], f"{name}, {space.bands[best]}"
    kinds = [("glass", space.coordinates), ("networks", space.networks)]
    for kind in [kind for kind, needed in kinds if needed is not None] or ["circle"]:
        drawn = plot_connectome(pattern, space=space, kind=kind, label="r")
        where = "between networks" if kind == "networks" else "the strongest edges"
        yield f"{told}: {where} that go along with the decision", to_png(drawn)


def _attention(model, X, y, target_names):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ClosedGateWarning)
            maps = attention_maps(model, X)
    except (TypeError, ValueError, ClosedGateWarning):
        # another model, another fusion, or a network that has no say
        return
    figure = plot_attention(maps, target=y, target_names=target_names)
    yield "Attention of the network", to_png(figure)


def _one_sample(model, X, y, scores, target_names, seed):
    """Explain the sample of the last class of which the model is surest, and rightly so."""
    if not hasattr(model, "predict_proba"):
        return
    row = int(np.argmax(np.where((y == y.max()) & X.present.all(axis=1), scores, -np.inf)))
    explanation = lime_explanation(
        model, X, row, n_perturbations=_N_PERTURBATIONS, random_state=seed
    )
    named = replace(explanation, target_class=target_names[int(explanation.target_class)])
    yield f"Why sample {row} was classified so", to_png(plot_explanation(named))


def _has_places(space):
    places = np.array([channel["loc"][:3] for channel in space.info["chs"]])
    return bool(np.isfinite(places).all() and np.ptp(places, axis=0).any())
