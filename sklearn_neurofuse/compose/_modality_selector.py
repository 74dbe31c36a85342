"""`ModalitySelector`: some of the modalities."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse.compose._checks import (
    check_multimodal,
    check_names,
    check_samples,
    set_n_features_in,
)


class ModalitySelector(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Keep some of the modalities of a `Multimodal`.

    As the first step of a pipeline it makes the unimodal baseline of a model, and as an axis of
    a grid search it compares modalities: ``{"modalityselector__modalities": ["eeg", "fmri",
    ["eeg", "fmri"]]}``.

    Parameters
    ----------
    modalities : str or list of str
        Names of the modalities that are kept, in the wanted order.

    Attributes
    ----------
    n_features_in_ : int
        Number of flat features seen in fit; defined where every modality is an array.

    Raises
    ------
    TypeError
        If ``X`` is no `Multimodal`, or `modalities` no name or list of names.
    ValueError
        If `modalities` is empty, a name stands twice or is no modality of ``X``, or samples are
        of another shape than in fit.

    Notes
    -----
    Nothing is learnt, so that `transform` works without `fit`, which only notes the shapes that
    samples must have from then on; modalities that are not kept may
    be absent then. Blocks are shared with ``X``, not copied.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.compose import ModalitySelector
    >>> X = Multimodal(fmri=np.zeros((10, 4, 4, 3)), eeg=np.zeros((10, 6, 50)))
    >>> ModalitySelector("eeg").fit_transform(X).modalities
    ('eeg',)
    """

    def __init__(self, modalities):
        self.modalities = modalities

    def set_output(self, *, transform=None):
        """Do nothing: a `Multimodal` comes out whatever is asked.

        Parameters
        ----------
        transform : str, default=None
            Not used; pipelines pass it to each of their steps.

        Returns
        -------
        ModalitySelector
            The estimator itself.
        """
        return self

    def fit(self, X, y=None):
        """Check that the modalities are there.

        Parameters
        ----------
        X : Multimodal
            The samples.
        y : None
            Not used.

        Returns
        -------
        ModalitySelector
            The estimator itself.
        """
        selected = self._select(X)
        self._shapes_in = {name: X[name].sample_shape for name in X.modalities}
        # an extractor that names the features may be still to come
        self._layout_out = selected.layout if selected.ndim == 2 else None
        set_n_features_in(self, X)
        return self

    def transform(self, X):
        """Keep the modalities.

        Parameters
        ----------
        X : Multimodal
            The samples.

        Returns
        -------
        Multimodal
            The same samples, also where one modality is kept.
        """
        check_is_fitted(self)
        selected = self._select(X)
        # as in scikit-learn's own stateless transformers: nothing to compare with before fit
        shapes_in = getattr(self, "_shapes_in", {})
        for name in selected.modalities:
            if name in shapes_in:
                check_samples("ModalitySelector", name, X[name], shapes_in[name])
        return selected

    def get_feature_names_out(self, input_features=None):
        """Name every flat feature that is kept, ``"eeg__Cz__0.120s"``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Not used: names come from the samples seen in fit.

        Returns
        -------
        ndarray of str of shape (n_features_out,)
            Name of the modality and of the feature in it.

        Raises
        ------
        ValueError
            If samples are not arrays yet.
        """
        check_is_fitted(self, "_layout_out")
        if self._layout_out is None:
            raise ValueError(
                "ModalitySelector: the samples are not arrays yet and have no features to name"
            )
        return np.array(self._layout_out.get_feature_names(), dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _select(self, X):
        names = [self.modalities] if isinstance(self.modalities, str) else self.modalities
        if not isinstance(names, (list, tuple)) or not all(isinstance(n, str) for n in names):
            raise TypeError(
                "ModalitySelector: modalities must be a name or a list of names, "
                f"got {self.modalities!r}"
            )
        check_multimodal("ModalitySelector", X)
        check_names("ModalitySelector", names, X.modalities)
        if len(names) == 0 or len(set(names)) < len(names):
            raise ValueError(
                "ModalitySelector: modalities must name at least one modality and each once, "
                f"got {self.modalities!r}"
            )
        return X.select(names)
