"""`ModalitySampler`: imbalanced-learn samplers on a `Multimodal`."""

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse.compose._checks import check_multimodal, set_n_features_in
from sklearn_neurofuse.containers import Multimodal


class ModalitySampler(BaseEstimator):
    """Balance the classes of a `Multimodal` with a sampler of imbalanced-learn.

    A step of :class:`imblearn.pipeline.Pipeline`, where it acts in fit alone. Modalities, their
    shapes and spaces stay as they are.

    Parameters
    ----------
    sampler : imbalanced-learn sampler
        Anything with `fit_resample`; its parameters are searched as
        ``modalitysampler__sampler__k_neighbors``.

    Attributes
    ----------
    sampler_ : imbalanced-learn sampler
        The fitted sampler.
    sample_indices_ : ndarray of int of shape (n_samples_new,)
        The samples picked; defined where the sampler only picks samples.
    n_features_in_ : int
        Number of flat features; defined where every modality is an array.

    Raises
    ------
    TypeError
        If `sampler` is no sampler, ``X`` is no `Multimodal`, or a sampler that looks at the
        numbers is given samples that are not arrays yet.
    ValueError
        If a sampler that looks at the numbers is given samples that lack a modality.

    Notes
    -----
    Samplers come in three kinds. *Picking at random* (`RandomUnderSampler`, and
    `RandomOverSampler` without shrinkage) looks at the target alone: nothing is flattened,
    samples may lack a modality or still be recordings. *Picking by distance* (`TomekLinks`,
    `NearMiss`, edited neighbours) looks at the flat view, in which a modality weighs as many
    times as it has features; samples are then taken from the blocks. *Making new samples*
    (`SMOTE` and its kin [1]_) does so in the flat view, which is turned back by the layout.

    References
    ----------
    .. [1] N. V. Chawla, K. W. Bowyer, L. O. Hall, W. P. Kegelmeyer, "SMOTE: synthetic minority
       over-sampling technique", Journal of Artificial Intelligence Research 16, 321-357, 2002.
       https://doi.org/10.1613/jair.953

    Examples
    --------
    >>> import numpy as np
    >>> from imblearn.over_sampling import SMOTE
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.compose import ModalitySampler
    >>> rng = np.random.default_rng(0)
    >>> X = Multimodal(fmri=rng.normal(size=(40, 4, 4, 3)), eeg=rng.normal(size=(40, 6, 50)))
    >>> y = np.repeat([0, 1], [30, 10])
    >>> X_new, y_new = ModalitySampler(SMOTE(random_state=0)).fit_resample(X, y)
    >>> X_new["eeg"].shape, np.bincount(y_new).tolist()
    ((60, 6, 50), [30, 30])
    """

    _estimator_type = "sampler"

    def __init__(self, sampler):
        self.sampler = sampler

    @property
    def sample_indices_(self):
        """The samples picked, ndarray of int of shape (n_samples_new,)."""
        check_is_fitted(self, "sampler_")
        if not _has_picked(self.sampler_):
            kind = type(self.sampler_).__name__
            raise AttributeError(f"ModalitySampler: {kind} has made new samples, not picked some")
        return np.asarray(self.sampler_.sample_indices_)

    def fit(self, X, y):
        """Find out which classes are to be resampled; `fit_resample` does the work.

        Parameters
        ----------
        X : Multimodal
            The samples.
        y : array-like of shape (n_samples,)
            The classes.

        Returns
        -------
        ModalitySampler
            The estimator itself.
        """
        flat = self._check(X)
        self.sampler_ = clone(self.sampler).fit(flat, y)
        return self

    def fit_resample(self, X, y):
        """Resample.

        Parameters
        ----------
        X : Multimodal
            The samples.
        y : array-like of shape (n_samples,)
            The classes.

        Returns
        -------
        X_resampled : Multimodal
            With the modalities, shapes and spaces of ``X``.
        y_resampled : array-like of shape (n_samples_new,)
            Their classes.
        """
        flat = self._check(X)
        self.sampler_ = clone(self.sampler)
        flat_new, y_new = self.sampler_.fit_resample(flat, y)
        if not _has_picked(self.sampler_):
            return Multimodal.from_flat(flat_new, X.layout), y_new
        return X[self.sample_indices_], y_new

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = "sampler"
        tags.target_tags.required = True
        tags.input_tags.two_d_array = False
        return tags

    def _check(self, X):
        """Give the matrix that the sampler looks at."""
        if isinstance(self.sampler, type) or not hasattr(self.sampler, "fit_resample"):
            raise TypeError(
                "ModalitySampler: sampler must be an imbalanced-learn sampler, an instance with "
                f"fit_resample, got {self.sampler!r}"
            )
        check_multimodal("ModalitySampler", X)
        set_n_features_in(self, X)
        if _picks_at_random(self.sampler):
            return np.zeros((len(X), 1))
        _check_complete(type(self.sampler).__name__, X)
        return np.asarray(X)


def _picks_at_random(sampler):
    if isinstance(sampler, RandomOverSampler):
        return sampler.shrinkage is None
    return isinstance(sampler, RandomUnderSampler)


def _has_picked(sampler):
    # with shrinkage the indices tell which samples were blurred
    return hasattr(sampler, "sample_indices_") and getattr(sampler, "shrinkage", None) is None


def _check_complete(kind, X):
    if X.ndim != 2:
        raise TypeError(
            f"ModalitySampler: {kind} looks at the numbers, and samples are not arrays yet; "
            "put an extractor before it, or pick at random by RandomUnderSampler"
        )
    for name, present in zip(X.modalities, X.present.T, strict=True):
        if not present.all():
            raise ValueError(
                f"ModalitySampler: {kind} looks at the numbers, and modality {name!r} is missing "
                f"in {np.count_nonzero(~present)} of {len(X)} samples; impute before it, or pick "
                "at random by RandomUnderSampler or RandomOverSampler"
            )
