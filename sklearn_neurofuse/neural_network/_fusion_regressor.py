"""`FusionRegressor`: a fusion network on top of a linear regression."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sklearn_neurofuse.neural_network._base import BaseFusion
from sklearn_neurofuse.neural_network._input import check_weight
from sklearn_neurofuse.neural_network._options import PARTS
from sklearn_neurofuse.neural_network._tasks import Regression


class FusionRegressor(RegressorMixin, BaseFusion):
    r"""Predict a number from several modalities by networks on top of a linear regression.

    The regression for what :class:`FusionClassifier` is the classification: the networks count
    only where they were shown to add something to the linear model.

    Parameters
    ----------
    fusion : {"attention", "concat", "pyramid"} or callable, default="attention"
        How tokens are fused: attention over all tokens of all modalities, mean tokens side by side,
        or tokens pooled at several scales. A callable as in
        :class:`~sklearn_neurofuse.neural_network.modules.FusionNet`.
    encoders : "auto" or dict, default="auto"
        Encoder of each modality: ``"cnn"``, ``"lstm"``, ``"mlp"``, None for none, or a callable
        ``(shape, n_features) -> Module``. Those left out are chosen by the space of the block
        (volumes: CNN; epochs: LSTM; connectomes, band power, plain features: MLP), and by
        the number of axes where there is none.
    parts : sequence of str, default=("linear", "components", "encoders", "products")
        What the model is made of; leave a part out to see what it is worth.
    n_components : int, default=32
        Number of components of each modality, at most a quarter of the training samples.
    n_members : int, default=3
        Number of networks that are averaged: one trained on all samples, which counts for half, and
        the others each without a fold of them.
    augmentation : dict, default=None
        How training batches are changed at random: ``modality_dropout`` (probability that a sample
        loses a modality, .1), ``noise`` (standard deviation on standardised samples, 0),
        ``time_shift`` (sample points, 0) and ``channel_dropout`` (probability, 0), the latter two
        of epochs.
    training : dict, default=None
        How the networks are trained: ``max_epochs`` (30), ``lr`` (.003), ``batch_size`` (64),
        ``patience`` of early stopping in epochs (6), ``schedule`` (``"cosine"`` or None),
        ``device`` (``"cpu"``), ``callbacks``, ``compile``, ``mixed_precision`` (off the CPU),
        ``verbose`` (0) and
        whatever else :class:`skorch.NeuralNet` takes.
    layout : Layout, default=None
        ``X.layout`` of the Multimodal that flat matrices come from; without it a matrix is one
        modality of plain features.
    random_state : int, RandomState instance or None, default=None
        Seed of folds, components and networks. Global generators are left alone.

    Attributes
    ----------
    gate_ : float
        Weight of the networks on top of the linear path; 0 where it is closed.
    mixture_ : dict of str to float
        Weight of each modality in the linear path; empty without it.
    net_ : MemberNet or None
        The first network, a skorch net; None where there were too few samples for any.
    nets_ : list of MemberNet
        All of them.
    history_ : list
        Of each network, losses and times epoch by epoch.
    encoders_ : dict of str to str
        The encoder of each modality.
    early_stopping_grouped_ : bool
        Whether inner splits and early stopping kept groups together; False where none came.
    layout_ : Layout
        Names, shapes and spaces of the modalities.
    n_features_in_ : int
        Number of flat features.

    Raises
    ------
    TypeError
        If a parameter is of the wrong kind.
    ValueError
        If a parameter or the samples are unfit, or the loss of a network is not finite.

    Warns
    -----
    FlattenedInputWarning
        If X is a wide matrix and there is no layout.

    See Also
    --------
    FusionClassifier : The model is described there.

    Notes
    -----
    Targets are standardised; the loss is the squared error.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.neural_network import FusionRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = Multimodal(fmri=rng.normal(size=(60, 6, 7, 6)), eeg=rng.normal(size=(60, 4, 40)))
    >>> y = X["eeg"].data[:, 1, 10:20].mean(axis=1)
    >>> model = FusionRegressor(training={"max_epochs": 3}, random_state=0)
    >>> model.fit(X, y).predict(X).shape
    (60,)
    """

    def __init__(
        self,
        fusion="attention",
        encoders="auto",
        *,
        parts=PARTS,
        n_components=32,
        n_members=3,
        augmentation=None,
        training=None,
        layout=None,
        random_state=None,
    ):
        self.fusion = fusion
        self.encoders = encoders
        self.parts = parts
        self.n_components = n_components
        self.n_members = n_members
        self.augmentation = augmentation
        self.training = training
        self.layout = layout
        self.random_state = random_state

    def fit(self, X, y, groups=None, sample_weight=None):
        """Fit linear path, networks and gate.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,)
            Numbers.
        groups : array-like of shape (n_samples,), default=None
            Which samples stay together in inner splits: those of a person.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative; a sample of weight zero is left out.

        Returns
        -------
        FusionRegressor
            The estimator itself.
        """
        X, y = self._read(X, y)
        y = column_or_1d(y, warn=True).astype(np.float64)
        if not np.isfinite(y).all():
            raise ValueError(f"{type(self).__name__}: Input y contains NaN or infinity")
        weight = check_weight(self, sample_weight, len(y))
        self._centre = float(np.average(y, weights=weight))
        spread = float(np.sqrt(np.average((y - self._centre) ** 2, weights=weight)))
        self._spread = spread if spread > 0.0 else 1.0
        return self._fit(X, (y - self._centre) / self._spread, Regression(), weight, groups)

    def predict(self, X):
        """Predict.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            The predictions.
        """
        check_is_fitted(self)
        return self._centre + self._spread * self._logits(X)[:, 0]

    def _extra(self):
        return {
            "centre": np.array(self._centre),
            "spread": np.array(self._spread),
            "early_stopping_grouped": np.array(self.early_stopping_grouped_),
        }

    def _set_extra(self, extra):
        self._centre, self._spread = float(extra["centre"]), float(extra["spread"])
        return Regression()
