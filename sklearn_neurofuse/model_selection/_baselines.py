"""Models by name, and the baselines that always stand beside them.

A figure of a model means little until it is known what the overall level of the signals, the
confounds, and the signals without that level reach in the same folds.
"""

from functools import partial
from importlib import import_module

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from sklearn_neurofuse.compose import ModalitySelector, make_modality_transformer
from sklearn_neurofuse.containers import ConnectomeSpace
from sklearn_neurofuse.decomposition import fusion_baseline

# the modality under which confounds travel beside the signals
CONFOUNDS = "confounds"


def make_linear():
    """Make a support vector machine on standardised features.

    Returns
    -------
    Pipeline
        With the default penalty: with many more features than samples the classes are
        separable and the widest margin is found for any larger C.
    """
    return make_pipeline(StandardScaler(), SVC(kernel="linear"))


def make_network(fusion):
    """Make a fusion network with its defaults.

    Parameters
    ----------
    fusion : str
        How it fuses.

    Returns
    -------
    FusionClassifier
        Torch is loaded here, and not before.
    """
    room = import_module("sklearn_neurofuse.neural_network")
    return room.FusionClassifier(fusion, random_state=0)


# models that need two modalities or more
DECOMPOSITIONS = ("cca", "jica", "cca+jica", "pica")
# name on the command line -> function without arguments that makes an estimator of a Multimodal
MODELS = {
    "linear": make_linear,
    "attention": partial(make_network, "attention"),
    "concat": partial(make_network, "concat"),
    "pyramid": partial(make_network, "pyramid"),
    **{name: partial(fusion_baseline, name, random_state=0) for name in DECOMPOSITIONS},
}


def model_rows(model, modalities):
    """Make one model for each modality and for all together.

    Parameters
    ----------
    model : str
        Key of `MODELS`.
    modalities : sequence of str
        Names of the modalities.

    Returns
    -------
    dict of str to estimator
        By what they work on, ``"linear fmri"``, ``"linear eeg"``, ``"linear fmri+eeg"``; all
        together last. Beside a model that needs two modalities stand linear ones of each.
    """
    alone = "linear" if model in DECOMPOSITIONS else model
    chosen = [(alone, [name]) for name in modalities]
    if len(chosen) > 1:
        chosen.append((model, list(modalities)))
    return {
        f"{name} {'+'.join(names)}": make_pipeline(ModalitySelector(names), MODELS[name]())
        for name, names in chosen
    }


def baseline_rows(X):
    """Make the baselines: level, confounds, and linear models without the level.

    Parameters
    ----------
    X : Multimodal
        The samples; a modality named ``"confounds"`` holds these.

    Returns
    -------
    dict of str to estimator
        ``"level"``: the mean of each band and modality alone; ``"confounds"``, where there are
        any; ``"person-wise fmri"`` and so on: the linear model where each sample's mean and
        standard deviation of every band and modality are removed.
    """
    names = [name for name in X.modalities if name != CONFOUNDS]
    rows = {
        "level": make_pipeline(
            ModalitySelector(names), _for_each(overall_level, X, names), *_few_features()
        )
    }
    if CONFOUNDS in X.modalities:
        rows["confounds"] = make_pipeline(ModalitySelector([CONFOUNDS]), *_few_features())
    for row, estimator in model_rows("linear", names).items():
        selector, model = (step for _, step in estimator.steps)
        centred = _for_each(standardize_samples, X, selector.modalities)
        rows[row.replace("linear", "person-wise")] = make_pipeline(selector, centred, model)
    return rows


def overall_level(X, band_axis=None):
    """Average each sample, separately for each band.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        The samples.
    band_axis : int, default=None
        Axis of the bands; None where there is one.

    Returns
    -------
    ndarray of shape (n_samples, n_bands)
        The means.
    """
    return X.mean(axis=_axes_within(X, band_axis)).reshape(len(X), -1)


def standardize_samples(X, band_axis=None):
    """Remove from each sample its own mean and standard deviation, separately for each band.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        The samples.
    band_axis : int, default=None
        Axis of the bands; None where there is one.

    Returns
    -------
    ndarray of shape (n_samples, ...)
        Of mean 0 and standard deviation 1, or 0 where all values are equal.
    """
    axes = _axes_within(X, band_axis)
    spread = X.std(axis=axes, keepdims=True)
    return (X - X.mean(axis=axes, keepdims=True)) / np.where(spread > 0, spread, 1)


def _axes_within(X, band_axis):
    return tuple(axis for axis in range(1, X.ndim) if axis != band_axis)


def _for_each(function, X, names):
    branches = {
        name: FunctionTransformer(function, kw_args={"band_axis": _band_axis(X[name])})
        for name in names
    }
    return make_modality_transformer(**branches)


def _band_axis(block):
    if getattr(block.space, "bands", None) is None:
        return None
    # connectomes are bands by edges, sensors are channels by bands
    return 1 if isinstance(block.space, ConnectomeSpace) else block.ndim - 1


def _few_features():
    return StandardScaler(), LogisticRegression()
