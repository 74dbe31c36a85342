"""Canonical correlation between modalities."""

import warnings
from collections.abc import Mapping

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.decomposition._base import BaseDecomposition
from sklearn_neurofuse.decomposition._resampling import group_permutations, shuffled_folds
from sklearn_neurofuse.signal._cca import (
    SCHEMES,
    fit_sets,
    held_out_scores,
    ledoit_wolf_ridge,
    permutation_p_values,
    score_correlations,
    solve_sets,
    whiten,
)

_PERFECT = 1e-9


class MultimodalCCA(BaseDecomposition):
    r"""Canonical correlation of two or more modalities, exact at whole-brain size.

    Finds, in each modality, a few weighted sums of its features that go together over samples. A
    ridge runs from CCA, where only correlation counts, to PLS, where only covariance does; with
    more features than samples some ridge is needed, since without one any two modalities
    correlate perfectly. In-sample correlations are flattering at any size, so the fit reports
    cross-validated ones beside them, and `score` is the correlation on the samples given to it.

    Parameters
    ----------
    n_components : int, default=2
        Number of components, at most the smallest rank of a modality.
    regularization : float, dict of str to float, or "auto", default=0.5
        Ridge in [0, 1], one for all or one for each modality: 0 is CCA, 1 is PLS. ``"auto"``
        takes the shrinkage of Ledoit and Wolf [4]_ for each modality, which is best for its
        covariance and can be weak where few axes dominate; a grid search on `score` asks for
        held-out correlation itself.
    scheme : {"maxvar", "sumcor", "ssqcor"}, default="maxvar"
        What is maximised over more than two modalities [2]_: the leading eigenvalue of all
        correlations, their sum, or the sum of their squares. They agree for two.
    cv : int or None, default=5
        Folds for `cv_correlations_`; by group where `fit` is given groups. None leaves them out.
    n_permutations : int, default=0
        Permutations for `p_values_`; 0 leaves them out. Whole groups are permuted, among those of
        equal size.
    layout : Layout, default=None
        How a flat X is laid out, ``X.layout`` of the Multimodal that it was.
    random_state : int, RandomState or None, default=None
        For the permutations.

    Attributes
    ----------
    weights_ : dict of str to ndarray of shape (n_components, ...)
        What the centred modality is multiplied with to have scores of unit variance.
    components_ : dict of str to ndarray of shape (n_components, ...)
        Pattern of each component in the units of the modality: the regression of the modality on
        its scores.
    loadings_ : dict of str to ndarray of shape (n_components, ...)
        Correlation of every feature with its modality's scores; 0 for constant features.
    correlations_ : ndarray of shape (n_components,)
        In-sample correlation of the scores, the mean over pairs of modalities. With a ridge
        this is not the singular value, which is no correlation then.
    cv_correlations_ : ndarray of shape (n_components,)
        The same for scores of samples that the weights were learned without.
    p_values_ : ndarray of shape (n_components,)
        Family-wise permutation p-values [5]_.
    regularization_ : dict of str to float
        Ridge of each modality.
    means_ : dict of str to ndarray of shape (n_features_k,)
        Mean of each modality.
    modalities_ : tuple of str
        Names of the modalities.
    layout_ : Layout
        Shapes and spaces of the modalities.
    n_components_ : int
        Number of components.
    n_features_in_ : int
        Number of flat features.
    score_covariance_ : ndarray of shape (n_scores, n_scores)
        Shrunk covariance of the training scores, from which missing ones are predicted.

    Raises
    ------
    ValueError
        If there is one modality only, fewer than three complete samples, a modality that does
        not vary, NaN in a present row, or more components than ranks allow.

    Warns
    -----
    UserWarning
        If features of a modality are collinear, or if without a ridge the samples are so few that
        correlations are perfect whatever the data.

    See Also
    --------
    CCAJointICA : Goes on to independent maps.

    Notes
    -----
    Two modalities [1]_: maximise :math:`w_1^\top X_1^\top X_2 w_2` subject to
    :math:`w_k^\top ((1-\tau_k) X_k^\top X_k + \tau_k \nu_k I) w_k = 1` with
    :math:`\nu_k` the mean non-zero eigenvalue of :math:`X_k^\top X_k` [3]_; more than two: the sum
    over pairs. It is solved among the samples, so the cost is :math:`O(n^2 p)` and one pass to fit,
    one to map, and cross-validation costs nothing further in p. Samples that lack a
    modality take no part in the fit.

    References
    ----------
    .. [1] Hotelling, H. (1936). Relations between two sets of variates. Biometrika 28, 321-377.
       :doi:`10.1093/biomet/28.3-4.321`
    .. [2] Kettenring, J. R. (1971). Canonical analysis of several sets of variables. Biometrika
       58, 433-451. :doi:`10.1093/biomet/58.3.433`
    .. [3] Vinod, H. D. (1976). Canonical ridge and econometrics of joint production. Journal of
       Econometrics 4, 147-166. :doi:`10.1016/0304-4076(76)90010-5`
    .. [4] Ledoit, O. and Wolf, M. (2004). A well-conditioned estimator for large-dimensional
       covariance matrices. Journal of Multivariate Analysis 88, 365-411.
       :doi:`10.1016/S0047-259X(03)00096-4`
    .. [5] Winkler, A. M. et al. (2020). Permutation inference for canonical correlation
       analysis. NeuroImage 220, 117065. :doi:`10.1016/j.neuroimage.2020.117065`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.decomposition import MultimodalCCA
    >>> rng = np.random.default_rng(0)
    >>> common = rng.normal(size=(80, 1))
    >>> X = Multimodal(
    ...     fmri=common @ rng.normal(size=(1, 300)) + rng.normal(size=(80, 300)),
    ...     eeg=common @ rng.normal(size=(1, 40)) + rng.normal(size=(80, 40)),
    ... )
    >>> cca = MultimodalCCA(n_components=2).fit(X)
    >>> cca.cv_correlations_[0].round(1).item()
    1.0
    >>> cca.transform(X).shape
    (80, 4)
    """

    __metadata_request__fit = {"groups": True}
    _prefix = "cca"
    _map_kinds = ("components", "weights", "loadings")

    def __init__(
        self,
        n_components=2,
        regularization=0.5,
        *,
        scheme="maxvar",
        cv=5,
        n_permutations=0,
        layout=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.regularization = regularization
        self.scheme = scheme
        self.cv = cv
        self.n_permutations = n_permutations
        self.layout = layout
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None, groups=None):
        """Learn weights that make the modalities' scores correlate.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Two or more modalities; a flat matrix needs ``layout``. Samples that lack a modality
            are left out.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights; an integer is the same as repeating the sample.
        groups : array-like of shape (n_samples,), default=None
            Samples of one group (a subject) stay on one side of every fold of
            `cv_correlations_` and are permuted together.

        Returns
        -------
        MultimodalCCA
            The fitted estimator.
        """
        self._check_parameters()
        training = self._prepare(X, sample_weight)
        self._check_n_components(self.n_components, training.reduced)
        groups = self._check_groups(groups, len(X), training.rows)
        self._warn_of_collinear(training)
        sets = [part.coordinates for part in training.reduced.values()]
        self.regularization_ = self._ridges(training, sets, training.weight)
        fitted = self._fit_sets(sets, training.weight, list(self.regularization_.values()))
        self._store_maps(training, fitted)
        self._warn_of_perfect()
        if self.cv is not None:
            self.cv_correlations_ = self._cross_validated(training, sets, groups)
        if self.n_permutations:
            self.p_values_ = self._permutation_p_values(training, sets, groups)
        return self

    def score(self, X, y=None, sample_weight=None):
        """Give the correlation between modalities on samples, held out if these are.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Samples, of which at least three hold every modality.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        float
            Mean correlation over components and pairs of modalities.
        """
        return float(np.mean(self.score_components(X, sample_weight)))

    def score_components(self, X, sample_weight=None):
        """Give the correlation between modalities on samples for each component.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Samples, of which at least three hold every modality.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        ndarray of shape (n_components,)
            Mean correlation over pairs of modalities.
        """
        check_is_fitted(self)
        return self._paired_correlations(X, sample_weight)

    def _check_parameters(self):
        check_number(self, "n_components", self.n_components, low=1, integer=True)
        check_choice(self, "scheme", self.scheme, SCHEMES)
        check_number(self, "n_permutations", self.n_permutations, low=0, integer=True)
        if self.cv is not None:
            check_number(self, "cv", self.cv, low=2, integer=True)
        given = self.regularization
        for ridge in given.values() if isinstance(given, Mapping) else [given]:
            if not (isinstance(ridge, str) and ridge == "auto"):
                check_number(self, "regularization", ridge, low=0.0, high=1.0)

    def _check_groups(self, groups, n_samples, rows):
        if groups is None:
            return np.arange(len(rows))
        if len(groups) != n_samples:
            raise ValueError(
                f"MultimodalCCA: groups must have length {n_samples}, got {len(groups)}"
            )
        return np.unique(np.asarray(groups)[rows], return_inverse=True)[1]

    def _ridges(self, training, sets, weight):
        given = self.regularization
        if not isinstance(given, Mapping):
            given = dict.fromkeys(training.reduced, given)
        if set(given) != set(training.reduced):
            raise ValueError(
                "MultimodalCCA: regularization must name every modality "
                f"({', '.join(training.reduced)}), got {', '.join(map(repr, given))}"
            )
        return {
            name: float(ledoit_wolf_ridge(block, part.n_features, weight))
            if given[name] == "auto"
            else float(given[name])
            for (name, part), block in zip(training.reduced.items(), sets, strict=True)
        }

    def _fit_sets(self, sets, weight, ridges):
        return fit_sets(sets, self.n_components, ridges, weight, self.scheme)

    def _store_maps(self, training, fitted):
        weight = training.weight
        flips, scores, maps = None, {}, {}
        for (name, part), (weights, _) in zip(training.reduced.items(), fitted, strict=True):
            score = part.coordinates @ weights
            weighted = score * weight[:, None]
            pattern = weighted @ np.linalg.pinv(score.T @ weighted)
            found = training.combine(name, np.hstack([part.back @ weights, pattern, weighted]))
            filters, patterns, products = np.split(found, 3, axis=1)
            scale = np.sqrt(part.squares * weight.sum())[:, None]
            loadings = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0.0)
            if flips is None:
                strongest = np.abs(loadings).argmax(axis=0)
                flips = np.where(loadings[strongest, np.arange(len(strongest))] < 0.0, -1.0, 1.0)
            maps[name] = filters * flips, patterns * flips, loadings * flips
            scores[name] = score * flips
        weights, components, loadings = (
            {name: each[i] for name, each in maps.items()} for i in range(3)
        )
        self._store(training, weights, components, scores)
        self.loadings_ = training.in_shape(loadings)
        self.correlations_ = score_correlations(list(scores.values()), weight)

    def _cross_validated(self, training, sets, groups):
        weight = training.weight
        splits = shuffled_folds(self.cv, groups, check_random_state(self.random_state))

        def fit(parts, rows):
            ridges = list(self._ridges(training, parts, weight[rows]).values())
            return self._fit_sets(parts, weight[rows], ridges)

        return score_correlations(held_out_scores(sets, splits, fit), weight)

    def _permutation_p_values(self, training, sets, groups):
        ridges = self.regularization_.values()
        whitened = [
            whiten(block, ridge, training.weight)[0]
            for block, ridge in zip(sets, ridges, strict=True)
        ]
        directions = solve_sets(whitened, self.n_components, self.scheme)
        generator = check_random_state(self.random_state)
        orders = (
            [group_permutations(groups, generator) for _ in sets[1:]]
            for _ in range(self.n_permutations)
        )
        return permutation_p_values(whitened, directions, orders)

    def _warn_of_collinear(self, training):
        for name, part in training.reduced.items():
            n_varying = np.count_nonzero(part.squares)
            if part.rank < n_varying < len(training.rows):
                warnings.warn(
                    f"MultimodalCCA: features of modality {name!r} are collinear: {n_varying} vary "
                    f"but their rank is {part.rank}; weights are the smallest of all that do",
                    UserWarning,
                    stacklevel=3,
                )

    def _warn_of_perfect(self):
        perfect = np.flatnonzero(self.correlations_ > 1.0 - _PERFECT)
        if len(perfect):
            warnings.warn(
                f"MultimodalCCA: component {', '.join(map(str, perfect))} correlates perfectly in "
                "sample: the modalities are collinear with each other, or the samples are too few "
                "for the features without more regularization",
                UserWarning,
                stacklevel=3,
            )
