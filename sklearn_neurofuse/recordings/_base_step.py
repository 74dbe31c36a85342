"""What steps from recording to recording and extractors share."""

from abc import ABC

from sklearn.base import BaseEstimator, TransformerMixin

from sklearn_neurofuse.recordings._recordings import Recordings


class RecordingStep(TransformerMixin, BaseEstimator, ABC):
    """What steps and extractors share: they are stateless and declare their place.

    Attributes
    ----------
    kind : {"bold", "eeg"} or None
        The recordings it takes; None for both.
    adds : tuple of str
        What it does to a recording, such as ``("smoothed",)``.
    refuses_after : dict of str to str
        What must not have been done before, and the remedy.
    warns_after : dict of str to str
        What had better not have been done before, and the remedy.
    uses_partner : bool
        Whether it reads the recording of the other modality.
    libraries : tuple of str
        Distributions whose versions change its results.
    """

    kind = None
    adds: tuple = ()
    refuses_after: dict = {}
    warns_after: dict = {}
    uses_partner = False
    libraries: tuple = ()

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters; nothing to check by default."""

    def fit(self, X, y=None):
        """Check parameters and input; nothing is learnt.

        Parameters
        ----------
        X : Recordings
            The recordings.
        y : object, default=None
            Not used.

        Returns
        -------
        self : object
            The step itself.
        """
        self._check(X)
        return self

    def set_output(self, *, transform=None):
        """Do nothing: recordings and blocks are not data frames.

        Parameters
        ----------
        transform : object, default=None
            Not used.

        Returns
        -------
        self : object
            The step itself.
        """
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.two_d_array = False
        return tags

    def _check(self, X):
        self.check_parameters()
        if not isinstance(X, Recordings):
            raise TypeError(
                f"{type(self).__name__}: X must be Recordings, got {type(X).__name__}; "
                "wrap continuous recordings as Recordings([...])"
            )
        if len(X) == 0:
            raise ValueError(f"{type(self).__name__}: X must hold at least one sample, got 0")
        self.check_kind(X.kind)
        return X

    def check_kind(self, kind):
        """Raise TypeError where recordings are not of the kind that the step takes.

        Parameters
        ----------
        kind : {"bold", "eeg"}
            What the recordings are.
        """
        if self.kind is not None and self.kind != kind:
            raise TypeError(
                f"{type(self).__name__}: X must hold {self.kind} recordings, got {kind}"
            )
