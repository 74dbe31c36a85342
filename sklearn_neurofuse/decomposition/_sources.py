"""Steps that the independent component analyses share: from sources to maps and scores."""

import warnings
from functools import partial

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.signal._ica import (
    ALGORITHMS,
    CONTRASTS,
    independent_maps,
)
from sklearn_neurofuse.signal._model_order import minimum_description_length


def check_ica_parameters(owner):
    """Check the parameters that the independent component analyses share.

    Parameters
    ----------
    owner : object
        The estimator.

    Raises
    ------
    TypeError or ValueError
        If one is of the wrong kind or out of bounds.
    """
    if owner.n_components != "auto":
        check_number(owner, "n_components", owner.n_components, low=1, integer=True)
    check_number(owner, "max_iter", owner.max_iter, low=1, integer=True)
    check_number(owner, "tol", owner.tol, low=0.0, closed="neither")


def unmix(owner, maps, generator):
    """Search independent combinations of maps as an estimator's parameters say.

    Parameters
    ----------
    owner : object
        Estimator with ``algorithm``, ``contrast``, ``n_runs``, ``max_iter`` and ``tol``.
    maps : ndarray of shape (n_components, n_columns)
        Maps of all modalities side by side.
    generator : RandomState
        Generator.

    Returns
    -------
    unmixing : ndarray of shape (n_components, n_components)
        ``sources = unmixing @ maps``.
    stability : ndarray of shape (n_components,)
        Stability of each over restarts.

    Raises
    ------
    ValueError
        If a parameter is bad, or there are too few features for so many components.

    Warns
    -----
    ConvergenceWarning
        If the search did not converge.
    """
    check_choice(owner, "algorithm", owner.algorithm, ALGORITHMS)
    check_choice(owner, "contrast", owner.contrast, CONTRASTS, allow_callable=True)
    check_number(owner, "n_runs", owner.n_runs, low=1, integer=True)
    search = partial(
        ALGORITHMS[owner.algorithm],
        contrast=owner.contrast,
        max_iter=owner.max_iter,
        tol=owner.tol,
    )
    try:
        unmixing, stability, converged = independent_maps(maps, search, owner.n_runs, generator)
    except ValueError as error:
        raise ValueError(f"{type(owner).__name__}: {error}") from error
    if not converged:
        warnings.warn(
            f"{type(owner).__name__}: no convergence in max_iter={owner.max_iter} iterations; "
            "fewer n_components often help, sources close to Gaussian cannot be told apart",
            ConvergenceWarning,
            stacklevel=3,
        )
    return unmixing, stability


def choose_by_modality(owner, reduced):
    """Give the number of components, by the criterion the largest that a modality asks for.

    Parameters
    ----------
    owner : object
        Estimator with ``n_components``.
    reduced : dict of str to Reduced
        Modalities on their principal axes.

    Returns
    -------
    int
        Number of components; by the criterion at most the smallest rank.
    """
    if owner.n_components != "auto":
        return owner.n_components
    orders = [
        minimum_description_length(part.variances, part.n_features) if part.rank > 1 else 1
        for part in reduced.values()
    ]
    return min(max(orders), *[part.rank for part in reduced.values()])


def mean_squares(training):
    """Give the root mean square of each modality, by which they are made comparable.

    Parameters
    ----------
    training : Training
        What is learned from.

    Returns
    -------
    dict of str to float
        Over samples and features, the mean of each feature taken off.
    """
    total = training.weight.sum()
    return {
        name: np.sqrt(part.squares.sum() / (total * part.n_features))
        for name, part in training.reduced.items()
    }


def maps_and_scores(training, scales, coefficients, maps, unmixing, norm):
    """Turn maps and their unmixing into the weights, components and scores of an estimator.

    Parameters
    ----------
    training : Training
        What was learned from.
    scales : dict of str to float
        By what each modality was divided.
    coefficients : dict of str to ndarray of shape (n_rows, n_components)
        Combinations of the centred rows that give the maps.
    maps : dict of str to ndarray of shape (n_components, n_features_k)
        Maps of the normalised modalities.
    unmixing : ndarray or dict of str to ndarray of shape (n_components, n_components)
        ``sources = unmixing @ maps``, one for all or one for each modality.
    norm : ndarray or dict of str to ndarray of shape (n_components, n_components)
        Inverse of the products of the sources that samples are fitted to by least squares.

    Returns
    -------
    weights, components : dict of str to ndarray of shape (n_features_k, n_components)
        Flat maps.
    scores : dict of str to ndarray of shape (n_rows, n_components)
        Projections of the training rows.
    """
    weights, components, scores = {}, {}, {}
    for name, part in training.reduced.items():
        turn = unmixing[name] if isinstance(unmixing, dict) else unmixing
        scaled = (norm[name] if isinstance(norm, dict) else norm) / scales[name]
        sources = maps[name].T @ turn.T
        weights[name] = sources @ scaled
        components[name] = sources * scales[name]
        products = part.coordinates @ (part.coordinates.T @ coefficients[name])
        scores[name] = products @ turn.T @ scaled
    return weights, components, scores
