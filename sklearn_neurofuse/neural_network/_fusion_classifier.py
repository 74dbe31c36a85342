"""`FusionClassifier`: a fusion network on top of a linear model."""

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sklearn_neurofuse.neural_network._base import BaseFusion
from sklearn_neurofuse.neural_network._input import check_weight
from sklearn_neurofuse.neural_network._options import PARTS
from sklearn_neurofuse.neural_network._tasks import Classification


class FusionClassifier(ClassifierMixin, BaseFusion):
    r"""Classify samples of several modalities by networks on top of a linear model.

    Made for 50 to 1000 samples: the networks count only where they were shown, on samples that they
    were not trained on, to add something to the linear model.

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
    class_weight : "balanced", dict or None, default=None
        Weights of the classes; ``"balanced"`` makes them count alike.
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
    classes_ : ndarray of shape (n_classes,)
        The classes.
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

    Notes
    -----
    Features are standardised on training samples; a connectome is standardised by itself first,
    edge against edge within a person, since its overall level is where sites and motion show.
    The model is

    .. math:: f(x) = b + \sum_m x_m^\top w_m + g \cdot \sum_k c_k h_k(x), \quad \sum_k c_k = 1

    with ridge regressions, of modalities together and of each alone and added up, that are averaged
    by how well they predict out of fold, and networks h on top of linear logits that were predicted
    out of fold. What a network adds comes from attention over tokens (positions of the CNN, time
    steps of the LSTM, scores of independent components) and from products of paired directions of
    two modalities. Networks trained on four fifths of the samples predict the rest, and from that
    the gate g is chosen: zero, unless the loss falls by two standard errors. If it opens, one more
    network is trained on all samples, and the linear path may count less.

    With k = min(5, samples or groups of the smallest class) below 3 there are no folds: the model
    is the linear path with a fixed penalty.

    A modality that a sample lacks counts as its mean in the linear path, gets no attention and
    takes part in no product. Groups are requested in ``fit`` by default, so that they are
    routed with ``sklearn.set_config(enable_metadata_routing=True)``; without routing, tools give
    them to the splitter alone, and ``early_stopping_grouped_`` is False.

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import make_multimodal_classification
    >>> from sklearn_neurofuse.neural_network import FusionClassifier
    >>> data = make_multimodal_classification(
    ...     120, regime="conjunction", volume_shape=(8, 9, 8), n_channels=8, n_times=50,
    ...     sfreq=100.0, random_state=0)
    >>> train, test = slice(0, 80), slice(80, None)
    >>> model = FusionClassifier(training={"max_epochs": 5}, random_state=0)
    >>> model.fit(data.X[train], data.target[train]).predict_proba(data.X[test]).shape
    (40, 2)
    >>> model.encoders_
    {'fmri': 'cnn', 'eeg': 'lstm'}
    """

    def __init__(
        self,
        fusion="attention",
        encoders="auto",
        *,
        parts=PARTS,
        n_components=32,
        n_members=3,
        class_weight=None,
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
        self.class_weight = class_weight
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
            Classes.
        groups : array-like of shape (n_samples,), default=None
            Which samples stay together in inner splits: those of a person.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative; a sample of weight zero is left out.

        Returns
        -------
        FusionClassifier
            The estimator itself.
        """
        X, y = self._read(X, y)
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        weight = check_weight(self, sample_weight, len(y))
        self.classes_, coded = np.unique(y, return_inverse=True)
        n_there = len(np.unique(coded[weight > 0.0]))
        if n_there < max(2, len(self.classes_)):
            raise ValueError(
                f"{type(self).__name__}: y must hold two classes or more, each with a sample of "
                f"positive weight, got {n_there} class{'es'[: 2 * (n_there != 1)]}: "
                f"{', '.join(map(str, self.classes_))}"
            )
        if self.class_weight is not None:
            weight = weight * self._class_weights(y)[coded]
        return self._fit(X, coded, Classification(len(self.classes_)), weight, groups)

    def decision_function(self, X):
        """Give logits.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Log odds of the second class where there are two, otherwise one logit for each class.
        """
        check_is_fitted(self)
        logits = self._logits(X)
        return logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X):
        """Give the probability of each class.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Rows sum to one.
        """
        check_is_fitted(self)
        logits = self._logits(X)
        if len(self.classes_) > 2:
            return softmax(logits, axis=1)
        second = expit(logits[:, 0])
        return np.column_stack([1.0 - second, second])

    def predict(self, X):
        """Give the most probable class.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            The classes.
        """
        check_is_fitted(self)
        logits = self._logits(X)
        if len(self.classes_) == 2:
            return self.classes_[(logits[:, 0] > 0.0).astype(int)]
        return self.classes_[logits.argmax(axis=1)]

    def _class_weights(self, y):
        return compute_class_weight(self.class_weight, classes=self.classes_, y=y)

    def _extra(self):
        classes = self.classes_
        classes = classes.astype(str) if classes.dtype == object else classes
        grouped = np.array(self.early_stopping_grouped_)
        return {"classes": classes, "early_stopping_grouped": grouped}

    def _set_extra(self, extra):
        self.classes_ = extra["classes"]
        return Classification(len(self.classes_))
