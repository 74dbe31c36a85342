"""`FromFlat`: a flat matrix back into modalities."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse.compose._checks import check_names, check_samples
from sklearn_neurofuse.containers import Layout, Multimodal


class FromFlat(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Turn a flat matrix back into a `Multimodal`.

    Some tools make a matrix of ``X`` before they call `fit`: bagging, boosting, permutation
    importance, samplers, a scaler in front. This step, ahead of an estimator that takes the
    modalities apart, undoes it.

    Parameters
    ----------
    layout : Layout
        ``X.layout`` of the `Multimodal` that was flattened.

    Attributes
    ----------
    n_features_in_ : int
        Number of flat features.

    Raises
    ------
    TypeError
        If `layout` is no `Layout`.
    ValueError
        If the flat matrix has another number of columns, or a `Multimodal` other modalities or
        samples of another shape.

    Notes
    -----
    Nothing is learnt, so that `transform` works without `fit`. A `Multimodal` passes through,
    its modalities put in the order of the layout.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.compose import FromFlat
    >>> rng = np.random.default_rng(0)
    >>> X = Multimodal(fmri=rng.normal(size=(10, 4, 4, 3)), eeg=rng.normal(size=(10, 6, 50)))
    >>> make_pipeline(StandardScaler(), FromFlat(X.layout)).fit_transform(X)["eeg"].shape
    (10, 6, 50)
    """

    def __init__(self, layout):
        self.layout = layout

    def set_output(self, *, transform=None):
        """Do nothing: a `Multimodal` comes out whatever is asked.

        Parameters
        ----------
        transform : str, default=None
            Not used; pipelines pass it to each of their steps.

        Returns
        -------
        FromFlat
            The estimator itself.
        """
        return self

    def fit(self, X, y=None):
        """Check that the layout fits.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or Multimodal
            The samples.
        y : None
            Not used.

        Returns
        -------
        FromFlat
            The estimator itself.
        """
        self.transform(X)
        self.n_features_in_ = self.layout.n_features
        return self

    def transform(self, X):
        """Turn a flat matrix into modalities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or Multimodal
            The samples.

        Returns
        -------
        Multimodal
            With the shapes and spaces of the layout; arrays are views of a matrix where memory
            allows it.
        """
        check_is_fitted(self)
        self._check_layout()
        if isinstance(X, Multimodal):
            return self._check_modalities(X)
        try:
            return Multimodal.from_flat(X, self.layout)
        except (TypeError, ValueError) as error:
            raise type(error)(f"FromFlat: X does not fit the layout; {error}") from error

    def inverse_transform(self, X):
        """Turn modalities into the flat matrix.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Modalities side by side, each raveled in C order.
        """
        check_is_fitted(self)
        return np.asarray(self.transform(X))

    def get_feature_names_out(self, input_features=None):
        """Name every flat feature, ``"eeg__Cz__0.120s"``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Not used: names come from the layout.

        Returns
        -------
        ndarray of str of shape (n_features,)
            Name of the modality and of the feature in it.
        """
        check_is_fitted(self)
        self._check_layout()
        return np.array(self.layout.get_feature_names(), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _check_layout(self):
        if not isinstance(self.layout, Layout):
            hint = "; give X.layout" if isinstance(self.layout, Multimodal) else ""
            raise TypeError(
                f"FromFlat: layout must be a Layout, got {type(self.layout).__name__}{hint}"
            )

    def _check_modalities(self, X):
        check_names("FromFlat", X.modalities, self.layout.names)
        check_names("FromFlat", self.layout.names, X.modalities)
        for name, sample_shape in self.layout.shapes.items():
            check_samples("FromFlat", name, X[name], sample_shape)
        return X if X.modalities == self.layout.names else X.select(self.layout.names)
