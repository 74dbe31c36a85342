"""What classifier and regressor have in common: samples in, one ensemble learned, logits out."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.exceptions import ClosedGateWarning
from sklearn_neurofuse.neural_network._encoders import choose_encoders
from sklearn_neurofuse.neural_network._ensemble import fit_ensemble, own_randomness
from sklearn_neurofuse.neural_network._input import read_new, read_training
from sklearn_neurofuse.neural_network._maps import map_attention
from sklearn_neurofuse.neural_network._options import (
    check_parts,
    complete_augmentation,
    complete_training,
)
from sklearn_neurofuse.neural_network._problem import Problem, Settings
from sklearn_neurofuse.neural_network._standardize import Standardizer
from sklearn_neurofuse.neural_network._storage import (
    read_state,
    restore,
    save_state,
    take_apart,
)
from sklearn_neurofuse.neural_network.modules._fusion_net import FUSIONS


class BaseFusion(BaseEstimator):
    """The estimators of this room; not public."""

    # samples of one person never stand on both sides of an inner split
    __metadata_request__fit = {"groups": True}

    def attention_weights(self, X):
        """Say where the networks look, on voxels, channels and times.

        The attention of every token is spread over what the token stands for: a position of a
        feature map over its voxels, a time step over its times and all channels, a component over
        its pattern. What the products read counts in the proportion in which they add to the
        logits. The mean over members is given.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        Bunch
            With ``maps``, a dict of ndarray of shape (n_samples, ...) for each modality, that
            together sum to one for each sample, and ``shares``, ndarray of shape
            (n_samples, n_modalities) of their sums. Zero where a sample has no modality.

        Raises
        ------
        ValueError
            If the fusion has no attention or there is no network.

        Warns
        -----
        ClosedGateWarning
            If the gate is closed: then the decision was linear, whatever the networks look at.
        """
        check_is_fitted(self)
        X = read_new(self, X, self.layout_)
        members = self._ensemble.members
        if self.fusion in ("concat", "pyramid") or not members:
            raise ValueError(
                f"{type(self).__name__}: fusion={self.fusion!r} with {len(members)} networks has "
                "no attention; choose fusion='attention'"
            )
        if not self.gate_:
            warnings.warn(
                f"{type(self).__name__}: the gate is closed, so the decision was linear; the "
                "attention is of networks that have no say",
                ClosedGateWarning,
                stacklevel=2,
            )
        data, present = self._standardize(X)
        each = [map_attention(member, data, present, self.layout_) for member in members]
        shares = self._ensemble.shares
        maps = {
            name: np.average([one[name] for one in each], axis=0, weights=shares)
            for name in self.layout_.names
        }
        total = sum(x.reshape(len(x), -1).sum(axis=1) for x in maps.values())
        total = np.where(total > 0.0, total, 1.0)
        maps = {n: x / total.reshape(-1, *[1] * (x.ndim - 1)) for n, x in maps.items()}
        shares = [x.reshape(len(x), -1).sum(axis=1) for x in maps.values()]
        return Bunch(maps=maps, shares=np.column_stack(shares))

    def save_weights(self, path):
        """Write all that was learned as arrays and JSON, without a pickle.

        Parameters
        ----------
        path : path-like
            An npz file to write.

        Returns
        -------
        object
            The estimator itself.
        """
        check_is_fitted(self)
        save_state(
            path,
            kind=type(self).__name__,
            layout=self.layout_,
            standardizers=self._standardizers,
            ensemble=self._ensemble,
            extra=self._extra(),
        )
        return self

    def load_weights(self, path):
        """Read what `save_weights` wrote; the estimator is fitted afterwards.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, was written by another class, or by an estimator whose parameters
            make another network.
        """
        header, arrays, layout = read_state(path, type(self).__name__)
        settings = self._check_parameters(layout)
        extra = {
            name.removeprefix("extra/"): arrays[name]
            for name in arrays
            if name.startswith("extra/")
        }
        self._task = self._set_extra(extra)
        self.layout_ = layout
        self.n_features_in_ = layout.n_features
        self._restore(header, arrays, settings)
        self._store(settings, bool(extra["early_stopping_grouped"]))
        return self

    def __getstate__(self):
        """Give everything as plain values and arrays, the networks too."""
        state = super().__getstate__()
        if "_ensemble" not in state:
            return state
        networks = take_apart(self._standardizers, self._ensemble)
        left = set(state) - {"_standardizers", "_ensemble", "nets_", "net_"}
        return {name: state[name] for name in left} | {"_networks": networks}

    def __setstate__(self, state):
        """Put the networks together again."""
        state = dict(state)
        networks = state.pop("_networks", None)
        super().__setstate__(state)
        if networks is not None:
            self._restore(*networks, self._settings)
            self._show_networks()

    def _restore(self, header, arrays, settings):
        with own_randomness(0):
            self._standardizers, self._ensemble = restore(
                header, arrays, self.layout_, settings, self._task
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # a sample may lack a modality, and a plain matrix single numbers
        tags.input_tags.allow_nan = True
        return tags

    def _check_parameters(self, layout):
        check_choice(self, "fusion", self.fusion, FUSIONS, allow_callable=True)
        check_number(self, "n_members", self.n_members, low=1, integer=True)
        check_number(self, "n_components", self.n_components, low=1, integer=True)
        return Settings(
            fusion=self.fusion,
            encoders=choose_encoders(self, self.encoders, layout),
            parts=check_parts(self, self.parts),
            n_components=self.n_components,
            augmentation=complete_augmentation(self, self.augmentation),
            training=complete_training(self, self.training),
        )

    def _read(self, X, y):
        X, y = read_training(self, X, y, self.layout)
        if y is None:
            raise ValueError(
                f"{type(self).__name__}: requires y to be passed, but the target y is None"
            )
        check_consistent_length(X, y)
        return X, y

    def _fit(self, X, y, task, weight, groups):
        """Fit the ensemble on checked samples and coded targets."""
        if groups is not None:
            check_consistent_length(X, groups)
            groups = np.unique(np.asarray(groups), return_inverse=True)[1]
        settings = self._check_parameters(X.layout)
        used = np.flatnonzero(weight > 0.0)
        self.layout_ = X.layout
        self._task = task
        self._standardizers = {
            name: Standardizer.fit(X[name], used[X.present[used, i]])
            for i, name in enumerate(X.modalities)
        }
        data, present = self._standardize(X)
        data = {name: x[used] for name, x in data.items()}
        flat = [x.reshape(len(x), -1) for x in data.values()]
        problem = Problem(
            data=data,
            grams={n: (x @ x.T).astype(np.float64) for n, x in zip(data, flat, strict=True)},
            present=present[used],
            y=y[used],
            weight=weight[used] / weight[used].mean(),
            groups=None if groups is None else groups[used],
            layout=self.layout_,
            task=task,
            settings=settings,
        )
        self._ensemble = fit_ensemble(
            problem, self.n_members, check_random_state(self.random_state)
        )
        self._store(settings, groups is not None)
        return self

    def _show_networks(self):
        self.nets_ = [member.net for member in self._ensemble.members]
        self.net_ = self.nets_[0] if self.nets_ else None

    def _store(self, settings, grouped):
        self._settings = settings
        self._show_networks()
        self.gate_ = self._ensemble.gate
        self.history_ = [member.history for member in self._ensemble.members]
        self.mixture_ = self._ensemble.mixture
        self.encoders_ = settings.encoders
        self.early_stopping_grouped_ = grouped

    def _standardize(self, X):
        """Give standardised samples and which are there; absent modalities are zero."""
        data, present = {}, np.zeros((len(X), len(self.layout_.names)), bool)
        for i, name in enumerate(self.layout_.names):
            if name in X:
                data[name] = self._standardizers[name].transform(X[name].data)
                present[:, i] = X.present[:, list(X.modalities).index(name)]
            else:
                data[name] = np.zeros((len(X), *self.layout_.shapes[name]), np.float32)
        return data, present

    def _logits(self, X):
        data, present = self._standardize(read_new(self, X, self.layout_))
        return self._ensemble.predict(data, present)
