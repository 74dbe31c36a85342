"""Canonical correlation followed by joint independent component analysis."""

import numpy as np
from scipy import linalg
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse.decomposition._base import BaseDecomposition
from sklearn_neurofuse.decomposition._sources import (
    check_ica_parameters,
    choose_by_modality,
    maps_and_scores,
    mean_squares,
    unmix,
)
from sklearn_neurofuse.signal._cca import fit_sets, score_correlations


class CCAJointICA(BaseDecomposition):
    r"""Independent maps whose loadings correlate between modalities but need not be the same.

    Canonical correlation first pairs the modalities' principal components, then a joint ICA of the
    associated maps makes them independent. It holds where joint ICA fails: components that are
    linked strongly, weakly or not at all may stand side by side.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of components, and of principal components kept of each modality; ``"auto"`` takes
        the largest minimum description length of a modality.
    algorithm : {"fastica", "picard"}, default="fastica"
        How independence is searched; ``"picard"`` needs the package python-picard and holds where
        sources are close to Gaussian.
    contrast : {"logcosh", "exp", "cube"} or callable, default="logcosh"
        Measure of independence.
    n_runs : int, default=5
        Random starts, from which `stability_` is told.
    max_iter : int, default=200
        Iterations at most.
    tol : float, default=1e-4
        Change at which the search ends.
    layout : Layout, default=None
        How a flat X is laid out, ``X.layout`` of the Multimodal that it was.
    random_state : int, RandomState or None, default=None
        For the starts.

    Attributes
    ----------
    components_ : dict of str to ndarray of shape (n_components, ...)
        Map of each component in the units of the modality, for a loading of 1; the component's long
        tail over all modalities is positive. Ordered by `linkage_`.
    weights_ : dict of str to ndarray of shape (n_components, ...)
        What the centred modality is multiplied with to have its loadings.
    linkage_ : ndarray of shape (n_components,)
        In-sample correlation of the modalities' loadings, the mean over pairs.
    canonical_correlations_ : ndarray of shape (n_components,)
        In-sample correlation of the canonical variates that the first step found.
    stability_ : ndarray of shape (n_components,)
        Mean similarity to the estimates of the same component in other runs, less that to all
        others; NaN with one run.
    scales_ : dict of str to float
        Root mean square of each modality, by which it was divided.
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
        Shrunk covariance of the training loadings, from which missing ones are predicted.

    Raises
    ------
    ValueError
        If there is one modality only, fewer than three complete samples, a modality that does
        not vary, NaN in a present row, or more components than ranks allow.

    Warns
    -----
    ConvergenceWarning
        If the search did not converge.

    See Also
    --------
    JointICA : One loading for all modalities.
    MultimodalCCA : The first step by itself, of all features and with a ridge.

    Notes
    -----
    With :math:`D_k` the canonical variates of the principal components and
    :math:`C_k = D_k^+ \bar X_k` their maps, :math:`[C_1, \dots, C_m] = W^{-1} [S_1, \dots, S_m]`
    with independent rows of S, and the loadings are :math:`A_k = D_k W^{-1}` [1]_. More than two
    modalities are paired by the sum of squared correlations [2]_. Samples that lack a
    modality take no part in the fit.

    References
    ----------
    .. [1] Sui, J. et al. (2010). A CCA+ICA based model for multi-task brain imaging data fusion
       and its application to schizophrenia. NeuroImage 51, 123-134.
       :doi:`10.1016/j.neuroimage.2010.01.069`
    .. [2] Kettenring, J. R. (1971). Canonical analysis of several sets of variables. Biometrika
       58, 433-451. :doi:`10.1093/biomet/58.3.433`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.decomposition import CCAJointICA
    >>> rng = np.random.default_rng(0)
    >>> a = rng.normal(size=(100, 2))
    >>> b = 0.8 * a + 0.6 * rng.normal(size=(100, 2))
    >>> X = Multimodal(fmri=a @ rng.laplace(size=(2, 500)), eeg=b @ rng.laplace(size=(2, 200)))
    >>> model = CCAJointICA(2, random_state=0).fit(X)
    >>> model.transform(X).shape
    (100, 4)
    >>> model.get_feature_names_out().tolist()
    ['fmri__ccajica0', 'fmri__ccajica1', 'eeg__ccajica0', 'eeg__ccajica1']
    """

    _prefix = "ccajica"

    def __init__(
        self,
        n_components="auto",
        *,
        algorithm="fastica",
        contrast="logcosh",
        n_runs=5,
        max_iter=200,
        tol=1e-4,
        layout=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.algorithm = algorithm
        self.contrast = contrast
        self.n_runs = n_runs
        self.max_iter = max_iter
        self.tol = tol
        self.layout = layout
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None):
        """Learn linked independent maps.

        Parameters
        ----------
        X : Multimodal or array-like of shape (n_samples, n_features)
            Two or more modalities; a flat matrix needs ``layout``. Samples that lack a modality
            are left out.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights; an integer is the same as repeating the sample.

        Returns
        -------
        CCAJointICA
            The fitted estimator.
        """
        check_ica_parameters(self)
        training = self._prepare(X, sample_weight)
        n_components = choose_by_modality(self, training.reduced)
        self._check_n_components(n_components, training.reduced)
        weight, scales = training.weight, mean_squares(training)
        sets = [part.coordinates[:, :n_components] for part in training.reduced.values()]
        fitted = fit_sets(sets, n_components, [0.0] * len(sets), weight, "ssqcor")
        variates = [block @ w for block, (w, _) in zip(sets, fitted, strict=True)]
        coefficients = {
            name: _regression(variate, weight) / scale
            for (name, scale), variate in zip(scales.items(), variates, strict=True)
        }
        maps = {name: training.combine(name, c).T for name, c in coefficients.items()}
        unmixing, stability = unmix(
            self, training.side_by_side(maps), check_random_state(self.random_state)
        )
        linkage = score_correlations([d @ linalg.inv(unmixing) for d in variates], weight)
        order = np.argsort(-np.abs(linkage))
        unmixing, self.stability_ = unmixing[order], stability[order]
        self.linkage_, self.scales_ = linkage[order], scales
        self.canonical_correlations_ = score_correlations(variates, weight)
        norms = {n: linalg.inv(unmixing @ (m @ m.T) @ unmixing.T) for n, m in maps.items()}
        self._store(
            training, *maps_and_scores(training, scales, coefficients, maps, unmixing, norms)
        )
        return self

    def score(self, X, y=None, sample_weight=None):
        """Give the correlation between modalities' loadings on samples, held out if these are.

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
            Mean over components, each with the sign that `linkage_` has.
        """
        check_is_fitted(self)
        return self._linkage_score(X, sample_weight)


def _regression(variates, weight):
    """Give the coefficients that regress data on variates, ``data.T @ coefficients``."""
    weighted = variates * weight[:, None]
    return weighted @ linalg.inv(variates.T @ weighted)
