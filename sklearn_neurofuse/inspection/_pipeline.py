"""Where in a pipeline recordings have become arrays, and what stands after that."""

from imblearn.base import SamplerMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse.containers import Multimodal


def split_at_arrays(owner, estimator, X):
    """Run a fitted estimator to its first arrays.

    Parameters
    ----------
    owner : str
        Name of the caller, for messages.
    estimator : estimator
        Fitted: any, a Pipeline, or a search around one.
    X : Multimodal
        Samples as `estimator` takes them.

    Returns
    -------
    X : Multimodal
        Arrays.
    rest : estimator
        Fitted: what takes them.

    Raises
    ------
    TypeError
        If X is no Multimodal, or no step of the estimator makes arrays of recordings.
    NotFittedError
        If the estimator is not fitted.
    """
    check_is_fitted(estimator)
    if not isinstance(X, Multimodal):
        raise TypeError(f"{owner}: X must be a Multimodal, got {type(X).__name__}")
    estimator = getattr(estimator, "best_estimator_", estimator)
    while is_recorded(X):
        if not isinstance(estimator, Pipeline) or len(estimator.steps) < 2:
            raise TypeError(
                f"{owner}: X holds recordings, and {type(estimator).__name__} is no pipeline that "
                "begins with the steps that make arrays of them"
            )
        X, estimator = apply_first(estimator, X)
    return X, estimator


def is_recorded(X):
    """Tell whether samples are still recordings.

    Parameters
    ----------
    X : Multimodal
        The samples.

    Returns
    -------
    bool
        Whether a modality has no arrays yet.
    """
    return any(X[name].sample_shape is None for name in X.modalities)


def apply_first(pipeline, X):
    """Run the first step of a fitted pipeline.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted, of two steps or more.
    X : Multimodal
        The samples.

    Returns
    -------
    X : Multimodal
        The transformed samples.
    rest : Pipeline
        The fitted rest.
    """
    step = pipeline.steps[0][1]
    # samplers are for training only
    passes = step is None or step == "passthrough" or isinstance(step, SamplerMixin)
    return (X if passes else step.transform(X)), pipeline[1:]
