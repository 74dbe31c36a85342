"""The simple models that stand beside any other: the majority, and each modality alone."""

from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_neurofuse.compose import ModalitySelector, ModalityTransformer
from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.model_selection._baselines import MODELS, model_rows
from sklearn_neurofuse.model_selection._samples import recordings_of

MAJORITY = "majority"


def simple_rows(estimators, X):
    """Make the majority vote, and linear models of each modality and of all together.

    Parameters
    ----------
    estimators : iterable of estimator
        The models under study. Where samples lie in recordings, the first that begins with a
        `ModalityTransformer` says how these are read.
    X : object
        The samples.

    Returns
    -------
    dict of str to estimator
        By name; of what is no Multimodal the majority only.
    """
    rows = {MAJORITY: DummyClassifier()}
    if not isinstance(X, Multimodal):
        return rows
    if not recordings_of(X):
        return rows | _imputed(model_rows("linear", X.modalities), X)
    reading = next(filter(None, map(_reading_steps, estimators)), None)
    if reading is None:
        return rows
    chosen = [[name] for name in X.modalities]
    if len(chosen) > 1:
        chosen.append(list(X.modalities))
    for names in chosen:
        steps = [_only(step, names) for step in reading]
        model = make_pipeline(
            ModalitySelector(names), *filter(None, steps), *_fill(), *_steps(MODELS["linear"]())
        )
        rows[f"linear {'+'.join(names)}"] = model
    return rows


def modalities_of(estimator, X):
    """Say which modalities a model works on.

    Parameters
    ----------
    estimator : estimator
        The model.
    X : object
        The samples.

    Returns
    -------
    tuple of str
        Those that a first step selects; else all there are.
    """
    first = estimator.steps[0][1] if isinstance(estimator, Pipeline) else estimator
    if isinstance(first, ModalitySelector):
        names = first.modalities
        return (names,) if isinstance(names, str) else tuple(names)
    return X.modalities if isinstance(X, Multimodal) else ("X",)


def _imputed(rows, X):
    if X.present.all():
        return rows
    return {
        name: make_pipeline(model[0], *_fill(), *_steps(model[1])) for name, model in rows.items()
    }


def _fill():
    return (SimpleImputer(keep_empty_features=True),)


def _steps(model):
    return [step for _, step in model.steps]


def _reading_steps(estimator):
    """Give the leading steps of a pipeline that work on each modality by itself."""
    found = []
    for _, step in estimator.steps if isinstance(estimator, Pipeline) else ():
        if not isinstance(step, ModalityTransformer):
            break
        found.append(step)
    return found


def _only(step, names):
    """Keep the transformers of some modalities, None where there is none."""
    kept = [(name, transformer) for name, transformer in step.transformers if name in names]
    if not kept:
        return None
    return ModalityTransformer(kept, remainder=step.remainder, n_jobs=step.n_jobs)
