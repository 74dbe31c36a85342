"""What the decompositions share: input, projection, missing modalities, maps and their way back."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.covariance import ledoit_wolf
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.containers import Block, Layout, Multimodal
from sklearn_neurofuse.decomposition._input import (
    as_multimodal,
    check_modalities,
    complete_rows,
    flat_block,
    float_dtype,
)
from sklearn_neurofuse.signal._cca import score_correlations
from sklearn_neurofuse.signal._reduction import project, reduce_samples, sample_combinations


@dataclass(frozen=True)
class Training:
    """What a decomposition learns from: the complete rows of each modality, flat."""

    layout: Layout
    blocks: dict
    reduced: dict
    dtypes: dict
    rows: np.ndarray
    weight: np.ndarray

    def combine(self, name, coefficients):
        """Combine the centred rows of a modality into maps, (n_features, n_maps)."""
        block = self.blocks[name]
        rows = None if len(self.rows) == len(block) else self.rows
        return sample_combinations(block, self.reduced[name].mean, coefficients, rows)

    def side_by_side(self, maps):
        """Join the maps of all modalities, (n_maps, all features), in their common type."""
        return np.hstack(list(maps.values())).astype(np.result_type(*self.dtypes.values()))

    def in_shape(self, maps):
        """Turn flat maps into arrays of shape (n_components, ...) in each modality's type."""
        return {
            name: np.ascontiguousarray(flat.T, dtype=self.dtypes[name]).reshape(
                -1, *self.layout.shapes[name]
            )
            for name, flat in maps.items()
        }


class BaseDecomposition(TransformerMixin, BaseEstimator):
    """Linear maps of each modality onto a few scores, and back.

    A subclass gives ``_prefix`` for the names of scores, and ``_joint`` if the modalities'
    projections are summed to one score rather than put side by side; its `fit` calls
    ``_prepare`` and ``_store``.
    """

    _joint = False
    _map_kinds = ("components", "weights")

    def transform(self, X):
        """Project samples on the components.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Samples, also ones that were not there in `fit`; a flat matrix has the columns of
            the training samples. Modalities may be missing.

        Returns
        -------
        ndarray of shape (n_samples, n_scores)
            Scores, in the order of `get_feature_names_out`. The projection of a missing modality
            is its linear prediction from the projections of those present, learned on
            the training samples; a sample without any modality has the mean, 0.

        Raises
        ------
        ValueError
            If a modality is unknown, has another shape or space, or holds NaN in a present row.
        """
        check_is_fitted(self)
        X = self._as_fitted(X)
        scores = self._combine(self._projections(X))
        return scores.astype(np.result_type(*[float_dtype(X[m].dtype) for m in X.modalities]))

    def inverse_transform(self, scores):
        """Rebuild the samples that scores stand for.

        Parameters
        ----------
        scores : array-like of shape (n_samples, n_scores)
            As `transform` gives them.

        Returns
        -------
        Multimodal
            The modalities in their shapes and spaces: mean plus scores times components.

        Raises
        ------
        ValueError
            If the number of columns is wrong.
        """
        check_is_fitted(self)
        scores = np.asarray(scores, dtype=float)
        n_scores = len(self.get_feature_names_out())
        if scores.ndim != 2 or scores.shape[1] != n_scores:
            raise ValueError(
                f"{type(self).__name__}: scores must have shape (n_samples, {n_scores}), "
                f"got {scores.shape}"
            )
        return Multimodal(
            **{name: self._rebuilt(name, part) for name, part in self._parts(scores).items()}
        )

    def get_feature_names_out(self, input_features=None):
        """Name the scores.

        Parameters
        ----------
        input_features : None
            Ignored; scores are not named after features.

        Returns
        -------
        ndarray of str of shape (n_scores,)
            The modality, where scores belong to one, and the number of the component.
        """
        check_is_fitted(self)
        names = [f"{self._prefix}{i}" for i in range(self.n_components_)]
        if not self._joint:
            names = [f"{modality}__{name}" for modality in self.modalities_ for name in names]
        return np.array(names, dtype=object)

    def components_img(self, modality, which="components"):
        """Give the maps of a modality as the object that the field's tools work on.

        Parameters
        ----------
        modality : str
            Name of the modality.
        which : {"components", "weights"}, default="components"
            What the scores rebuild (patterns, to be interpreted), or what is multiplied with the
            data to have scores (filters).

        Returns
        -------
        nibabel.Nifti1Image, mne.EpochsArray or ndarray
            One image, epoch or matrix for each component, as the modality's space has it; an
            array of shape (n_components, ...) for plain features.

        Raises
        ------
        ValueError
            If there is no such modality or kind of map.
        """
        check_is_fitted(self)
        check_choice(self, "modality", modality, self.modalities_)
        check_choice(self, "which", which, self._map_kinds)
        maps = getattr(self, f"{which}_")[modality]
        space = self.layout_.spaces[modality]
        return maps if space is None else space.to_native(maps)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _prepare(self, X, sample_weight):
        """Take the samples apart and rotate each modality onto its principal axes."""
        X = as_multimodal(self, X, self.layout)
        check_modalities(self, X)
        layout = X.layout
        rows, weight = complete_rows(self, X, sample_weight)
        blocks = {name: flat_block(X, name) for name in layout.names}
        reduced = {name: self._reduce(name, block, rows, weight) for name, block in blocks.items()}
        dtypes = {name: float_dtype(X[name].dtype) for name in layout.names}
        return Training(layout, blocks, reduced, dtypes, rows, weight)

    def _check_n_components(self, n_components, reduced):
        ranks = {name: part.rank for name, part in reduced.items()}
        if n_components > min(ranks.values()):
            told = ", ".join(f"{name} {rank}" for name, rank in ranks.items())
            raise ValueError(
                f"{type(self).__name__}: n_components must be at most the smallest rank of a "
                f"modality among the complete samples ({told}), got {n_components}"
            )

    def _store(self, training, weights, components, scores):
        """Keep what `transform` needs: flat maps are given, (n_features, n_components)."""
        self.layout_, self.modalities_ = training.layout, training.layout.names
        self.n_features_in_ = training.layout.n_features
        self.means_ = {name: part.mean for name, part in training.reduced.items()}
        self.weights_ = training.in_shape(weights)
        self.components_ = training.in_shape(components)
        self.n_components_ = len(next(iter(self.weights_.values())))
        stacked = np.hstack([scores[name] for name in self.modalities_])
        self.score_covariance_ = _shrunk_covariance(stacked, training.weight)

    def _reduce(self, name, block, rows, weight):
        every = len(rows) == len(block)
        try:
            reduced = reduce_samples(block, None if every else rows, weight)
        except ValueError as error:
            raise ValueError(self._not_finite(name, block, rows)) from error
        if reduced.rank == 0:
            raise ValueError(f"{type(self).__name__}: modality {name!r} is the same in all samples")
        return reduced

    def _not_finite(self, name, block, rows):
        bad = next(row for row in rows if not np.isfinite(block[row]).all())
        return (
            f"{type(self).__name__}: modality {name!r} must be finite in every sample that holds "
            f"it (NaN in all numbers of a sample means missing), got NaN or infinity in row {bad}"
        )

    def _paired_correlations(self, X, sample_weight):
        X = self._as_fitted(X)
        rows, weight = complete_rows(self, X, sample_weight)
        scores = [self._project(name, flat_block(X, name), rows) for name in self.modalities_]
        return score_correlations(scores, weight)

    def _linkage_score(self, X, sample_weight):
        linkage = self._paired_correlations(X, sample_weight)
        return float(np.mean(linkage * np.where(self.linkage_ < 0.0, -1.0, 1.0)))

    def _as_fitted(self, X):
        X = as_multimodal(self, X, self.layout_)
        self.layout_.check(X.layout, type(self).__name__)
        return X

    def _projections(self, X):
        """Project each modality, filling in those that are missing."""
        n, c = len(X), self.n_components_
        scores = np.full((n, c * len(self.modalities_)), np.nan)
        present = np.zeros((n, len(self.modalities_)), dtype=bool)
        for i, name in enumerate(self.modalities_):
            if name in X.modalities:
                present[:, i] = X[name].present
                rows = np.flatnonzero(present[:, i])
                scores[rows, i * c : (i + 1) * c] = self._project(name, flat_block(X, name), rows)
        known = np.repeat(present, c, axis=1)
        for pattern in np.unique(known[~known.all(axis=1)], axis=0):
            rows = np.flatnonzero((known == pattern).all(axis=1))
            scores[np.ix_(rows, ~pattern)] = scores[np.ix_(rows, pattern)] @ self._prediction(
                pattern
            )
        return scores

    def _prediction(self, pattern):
        covariance = self.score_covariance_
        inside = covariance[np.ix_(pattern, pattern)]
        return np.linalg.lstsq(inside, covariance[np.ix_(pattern, ~pattern)], rcond=None)[0]

    def _project(self, name, block, rows):
        weights = self.weights_[name].reshape(self.n_components_, -1).T
        every = len(rows) == len(block)
        scores = project(block, self.means_[name], weights, None if every else rows)
        if not np.isfinite(scores).all():
            raise ValueError(self._not_finite(name, block, rows))
        return scores

    def _combine(self, projections):
        if not self._joint:
            return projections
        return projections.reshape(len(projections), -1, self.n_components_).sum(axis=1)

    def _parts(self, scores):
        if self._joint:
            return dict.fromkeys(self.modalities_, scores)
        parts = np.split(scores, len(self.modalities_), axis=1)
        return dict(zip(self.modalities_, parts, strict=True))

    def _rebuilt(self, name, scores):
        components = self.components_[name]
        flat = self.means_[name] + scores @ components.reshape(len(components), -1)
        data = flat.astype(components.dtype).reshape(-1, *self.layout_.shapes[name])
        return Block(data, self.layout_.spaces[name], self.layout_.feature_names[name])


def _shrunk_covariance(scores, weight):
    centred = scores - np.average(scores, axis=0, weights=weight)
    scale = np.sqrt(np.average(centred**2, axis=0, weights=weight))
    scale[scale == 0.0] = 1.0
    root = np.sqrt(weight / weight.mean())[:, None]
    covariance, _ = ledoit_wolf(centred / scale * root, assume_centered=True)
    return covariance * np.outer(scale, scale)
