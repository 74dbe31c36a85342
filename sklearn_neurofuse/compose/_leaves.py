"""What a transformer is made of, and what follows from it.

A pipeline, a union or a frozen estimator is looked into; what it ends in are its leaves.
"""

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, OneToOneFeatureMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer


def leaves(transformer):
    """Give the transformers that do the work.

    Parameters
    ----------
    transformer : estimator, "passthrough", "drop" or None
        Where to look.

    Yields
    ------
    estimator
        Each leaf, in the order of the steps.
    """
    parts = _parts(transformer)
    if parts is None:
        yield transformer
        return
    for part in parts:
        yield from leaves(part)


def _parts(transformer):
    if transformer is None or isinstance(transformer, str):
        return []
    if isinstance(transformer, Pipeline):
        return [step for _, step in transformer.steps]
    if isinstance(transformer, FeatureUnion):
        return [part for _, part in transformer.transformer_list]
    if isinstance(transformer, FrozenEstimator):
        return [transformer.estimator]
    return None


def takes_flat(transformer):
    """Whether the first leaf works on a 2-D matrix.

    Classes of scikit-learn and imbalanced-learn do, but for FunctionTransformer; all others,
    also those that extend such a class elsewhere, receive the n-D array.

    Parameters
    ----------
    transformer : estimator
        The transformer of a branch.

    Returns
    -------
    bool
        True for the flat view.
    """
    first = next(leaves(transformer), None)
    if first is None or isinstance(first, FunctionTransformer):
        return False
    return type(first).__module__.partition(".")[0] in ("sklearn", "imblearn")


def fills_missing(transformer):
    """Whether a leaf is an imputer of :mod:`sklearn.impute`.

    Parameters
    ----------
    transformer : estimator
        The transformer of a branch.

    Returns
    -------
    bool
        True where missing samples are wanted.
    """
    return any(type(leaf).__module__.startswith("sklearn.impute") for leaf in leaves(transformer))


def keeps_features(transformer, n_features, trust_functions):
    """Whether each feature that comes out is the one that went in.

    The number of columns says nothing: all components of a PCA are as many as the features.
    So every step must be a `OneToOneFeatureMixin` or give the names it received.

    Parameters
    ----------
    transformer : estimator, "passthrough" or None
        A fitted transformer.
    n_features : int
        Number of flat features.
    trust_functions : bool
        Whether a FunctionTransformer that names nothing counts as one to one.

    Returns
    -------
    bool
        True where the space of the input still holds.
    """
    if not isinstance(transformer, FeatureUnion):
        parts = _parts(transformer)
        if parts is not None:
            return all(keeps_features(part, n_features, trust_functions) for part in parts)
    if isinstance(transformer, OneToOneFeatureMixin):
        return True
    if isinstance(transformer, FunctionTransformer) and transformer.feature_names_out is None:
        return trust_functions
    return _keeps_names(transformer, n_features)


def _keeps_names(transformer, n_features):
    if not hasattr(transformer, "get_feature_names_out"):
        return False
    # scikit-learn's own default names, which a step fed by set_output has seen as well
    names = np.array([f"x{i}" for i in range(n_features)], dtype=object)
    try:
        return np.array_equal(transformer.get_feature_names_out(names), names)
    except (AttributeError, ValueError):
        return False


def names_out(transformer, block, n_columns):
    """Name the columns of a result as the transformer does.

    Parameters
    ----------
    transformer : estimator
        A fitted transformer.
    block : AbstractBlock
        The samples that it was fitted to.
    n_columns : int
        Number of columns of the result.

    Returns
    -------
    list of str or None
        None where the transformer does not name its features, or not these.
    """
    if not hasattr(transformer, "get_feature_names_out"):
        return None
    asked = [None]
    # names of many voxels take long to make, and a numbered component has no use for them
    if block.sample_shape is not None and not _numbers_its_features(transformer):
        asked.insert(0, np.array(block.get_feature_names(), dtype=object))
    # a transformer that makes features of whole arrays refuses names of single numbers
    for names in asked:
        try:
            named = [str(name) for name in transformer.get_feature_names_out(names)]
        except (AttributeError, TypeError, ValueError):
            continue
        if len(named) == n_columns == len(set(named)):
            return named
    return None


def _numbers_its_features(transformer):
    while isinstance(transformer, Pipeline):
        transformer = transformer.steps[-1][1]
    return isinstance(transformer, ClassNamePrefixFeaturesOutMixin)
