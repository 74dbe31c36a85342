"""`ConfoundResidualizer`: take out of the signals what confounds explain."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_neurofuse.compose._checks import check_names, check_samples
from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.model_selection._samples import recordings_of


class ConfoundResidualizer(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    r"""Take out of every feature what a linear regression on confounds explains.

    The regression is fitted on training samples only, so that as a step of a pipeline it does not
    leak [1]_. What confounds explain of the class is lost with them, be it due to them or not.

    Parameters
    ----------
    confounds : str or sequence of int, default="confounds"
        The modality of a `Multimodal` that holds the confounds, as in
        ``X.replace(confounds=table)``; or, for a matrix, their columns.
    drop : bool, default=True
        Whether the confounds themselves are left out of what comes out.

    Attributes
    ----------
    coefficients_ : dict of str to ndarray of shape (1 + n_confounds, n_features)
        Intercept first, by modality; under ``"X"`` for a matrix.
    centre_ : ndarray of shape (n_confounds,)
        Mean of the confounds.
    shapes_ : dict of str to tuple of int
        Shape of a sample of each modality of a `Multimodal`.
    n_features_in_ : int
        Number of columns of a matrix.

    Raises
    ------
    TypeError
        If `confounds` is not of a kind that fits X.
    ValueError
        If confounds are unknown or all missing, or nothing is left beside them, or modalities or
        shapes are others than in fit.

    See Also
    --------
    evaluate : Says whether confounds alone tell the class.

    Notes
    -----
    With confounds :math:`C` of the training samples and an intercept,
    :math:`\hat B = (1, C)^+ X`, and what comes out is :math:`X - C \hat B_{1:}`, which keeps the
    mean of the training samples where confounds are centred: they are, by their training mean.
    Samples that lack a modality are left out of its regression and stay missing; those that lack
    the confounds are left out of all and come out missing. The cost is
    O(n_samples x n_features x n_confounds).

    References
    ----------
    .. [1] Snoek, L., Miletić, S., & Scholte, H. S. (2019). How to control for confounds in
       decoding analyses of neuroimaging data. NeuroImage, 184, 741-760.
       doi:10.1016/j.neuroimage.2018.09.074

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.model_selection import ConfoundResidualizer
    >>> rng = np.random.default_rng(0)
    >>> age = rng.normal(size=(30, 1))
    >>> X = Multimodal(eeg=rng.normal(size=(30, 4, 5)) + age[:, None], confounds=age)
    >>> Xt = ConfoundResidualizer().fit_transform(X)
    >>> Xt.modalities
    ('eeg',)
    >>> round(abs(float(np.corrcoef(Xt["eeg"].data[:, 0, 0], age[:, 0])[0, 1])), 6)
    0.0
    """

    def __init__(self, confounds="confounds", *, drop=True):
        self.confounds = confounds
        self.drop = drop

    def fit(self, X, y=None):
        """Fit the regressions.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Signals and confounds.
        y : object, default=None
            Not used.

        Returns
        -------
        ConfoundResidualizer
            The estimator itself.
        """
        confounds, signals = self._take_apart(X, reset=True)
        known = ~np.isnan(confounds).any(axis=1)
        if not known.any():
            raise ValueError(f"{type(self).__name__}: the confounds of all samples are missing")
        self.centre_ = confounds[known].mean(axis=0)
        design = np.column_stack([np.ones(known.sum()), confounds[known] - self.centre_])
        self.coefficients_ = {name: _regress(design, data[known]) for name, data in signals.items()}
        return self

    def transform(self, X):
        """Take out what the confounds explain.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Signals and confounds.

        Returns
        -------
        Multimodal or ndarray of shape (n_samples, n_features_out)
            As it came in, without the confounds where `drop` is true.
        """
        check_is_fitted(self)
        confounds, signals = self._take_apart(X, reset=False)
        centred = confounds - self.centre_
        cleaned = {name: self._clean(name, data, centred) for name, data in signals.items()}
        if isinstance(X, Multimodal):
            kept = [name for name in X.modalities if name != self.confounds or not self.drop]
            return X.replace(**cleaned).select(kept)
        return self._side_by_side(confounds, cleaned["X"])

    def _side_by_side(self, confounds, cleaned):
        """Put the columns of a matrix where they were."""
        if self.drop:
            return cleaned
        columns = self._columns(self.n_features_in_)
        out = np.empty((len(cleaned), self.n_features_in_), cleaned.dtype)
        out[:, columns] = confounds
        out[:, np.setdiff1d(np.arange(self.n_features_in_), columns)] = cleaned
        return out

    def _clean(self, name, data, confounds):
        flat = data.reshape(len(data), -1)
        # without confounds nothing can be said of a sample: NaN makes it a missing one
        explained = (confounds @ self.coefficients_[name][1:]).astype(flat.dtype)
        return (flat - explained).reshape(data.shape)

    def _take_apart(self, X, reset):
        """Give confounds, and signals by modality."""
        if not isinstance(X, Multimodal):
            return self._take_columns(X, reset)
        self._check_modalities(X)
        if reset:
            self.shapes_ = {name: X[name].sample_shape for name in X.modalities}
        check_names(type(self).__name__, X.modalities, self.shapes_)
        check_names(type(self).__name__, self.shapes_, X.modalities)
        for name in X.modalities:
            check_samples(type(self).__name__, name, X[name], self.shapes_[name])
            self._check_whole(name, X[name])
        confounds = np.asarray(X[self.confounds].data, float).reshape(len(X), -1)
        names = [name for name in X.modalities if name != self.confounds]
        return confounds, {name: _floating(X[name].data) for name in names}

    def _check_whole(self, name, block):
        """Refuse samples that are NaN in part, which memory-mapped data may hold."""
        n_nan = np.isnan(_floating(block.data).reshape(len(block), -1)).sum(axis=1)
        partly = np.flatnonzero((n_nan > 0) & block.present)
        if len(partly):
            raise ValueError(
                f"{type(self).__name__}: modality {name!r}: sample {partly[0]} holds NaN; impute "
                "before, or set the whole sample to NaN"
            )

    def _check_modalities(self, X):
        who = type(self).__name__
        if not isinstance(self.confounds, str):
            raise TypeError(f"{who}: confounds must name a modality of X, got {self.confounds!r}")
        if self.confounds not in X:
            raise ValueError(
                f"{who}: X has no modality {self.confounds!r}, only {list(X.modalities)}; add it "
                f"by X.replace({self.confounds}=table)"
            )
        if recordings_of(X):
            raise ValueError(
                f"{who}: {next(iter(recordings_of(X)))} still lies in recordings; extract samples "
                "first"
            )
        if len(X.modalities) < 2:
            raise ValueError(f"{who}: X has no modality beside the confounds")
        if not len(X):
            raise ValueError(f"{who}: X must hold at least one sample, got none")

    def _take_columns(self, X, reset):
        X = validate_data(self, X, reset=reset, dtype=[np.float64, np.float32])
        columns = self._columns(X.shape[1])
        rest = np.setdiff1d(np.arange(X.shape[1]), columns)
        if not len(rest):
            raise ValueError(
                f"{type(self).__name__}: nothing is left beside the confounds in {X.shape[1]} "
                "feature(s)"
            )
        return X[:, columns].astype(float), {"X": X[:, rest]}

    def _columns(self, n_features):
        columns = np.asarray(self.confounds)
        if columns.ndim != 1 or columns.dtype.kind not in "iu" or not len(columns):
            raise TypeError(
                f"{type(self).__name__}: confounds must be columns of the matrix, integers, got "
                f"{self.confounds!r}"
            )
        if columns.min() < -n_features or columns.max() >= n_features:
            raise ValueError(
                f"{type(self).__name__}: confounds must be among the columns 0 to "
                f"{n_features - 1} of {n_features} feature(s), got {columns.tolist()}"
            )
        return np.unique(columns % n_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = not isinstance(self.confounds, str)
        tags.input_tags.allow_nan = isinstance(self.confounds, str)
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def set_output(self, *, transform=None):
        """Do nothing: what comes out is of the kind that came in.

        Parameters
        ----------
        transform : str, default=None
            Not used; pipelines pass it to each of their steps.

        Returns
        -------
        ConfoundResidualizer
            The estimator itself.
        """
        return self


def _floating(data):
    data = np.asarray(data)
    return data if data.dtype.kind == "f" else data.astype(float)


def _regress(design, data):
    flat = data.reshape(len(data), -1)
    there = ~np.isnan(flat).all(axis=1)
    if not there.any():
        return np.zeros((design.shape[1], flat.shape[1]))
    return np.linalg.lstsq(design[there], flat[there].astype(float), rcond=None)[0]
