"""Parallel independent component analysis."""

import numpy as np
from scipy import linalg
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.decomposition._base import BaseDecomposition
from sklearn_neurofuse.decomposition._sources import (
    check_ica_parameters,
    choose_by_modality,
    maps_and_scores,
    mean_squares,
)
from sklearn_neurofuse.signal._cca import score_correlations
from sklearn_neurofuse.signal._ica import random_rotation, skewness_signs, whiten_maps
from sklearn_neurofuse.signal._parallel_ica import (
    correlations,
    critical_correlation,
    parallel_ica,
)


class ParallelICA(BaseDecomposition):
    r"""Independent maps in each modality by itself, with correlated loadings encouraged.

    Each modality has an ICA of its own, and while it is searched, pairs of components whose
    loadings correlate beyond chance over samples are drawn towards each other.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of components of each modality; ``"auto"`` takes the largest minimum description
        length of a modality.
    coupling : float, default=0.1
        Weight of the squared correlations beside the independence of the maps; 0 gives
        separate analyses, paired afterwards.
    min_correlation : float or "auto", default="auto"
        Pairs below this absolute correlation are not drawn together; ``"auto"`` takes what
        chance exceeds in any pair with probability .05.
    max_iter : int, default=200
        Iterations at most.
    tol : float, default=1e-5
        Relative gain at which the search ends.
    layout : Layout, default=None
        How a flat X is laid out, ``X.layout`` of the Multimodal that it was.
    random_state : int, RandomState or None, default=None
        For the starts.

    Attributes
    ----------
    components_ : dict of str to ndarray of shape (n_components, ...)
        Map of each component in the units of the modality, for a loading of 1. Component i of
        every modality belongs together, ordered by `linkage_`; its long tail is positive in the
        first modality, and in the others it points where loadings correlate positively.
    weights_ : dict of str to ndarray of shape (n_components, ...)
        What the centred modality is multiplied with to have its loadings.
    linkage_ : ndarray of shape (n_components,)
        In-sample correlation of the modalities' loadings, the mean over pairs. The search made
        it large: `score` on other samples says what it is worth.
    min_correlation_ : float
        Bound above which pairs were drawn together.
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

    See Also
    --------
    JointICA : One loading for all modalities.
    CCAJointICA : Correlation first, independence second.

    Notes
    -----
    Maximises the independence of the sources of all modalities plus ``coupling`` times the squared
    correlations of paired loadings, as in [1]_. There, Infomax takes gradient steps with rates
    tuned by hand; here the same sum is climbed over rotations of the whitened principal maps
    with a line search, so no step makes it worse. Samples that lack a modality take no part
    in the fit.

    References
    ----------
    .. [1] Liu, J. et al. (2009). Combining fMRI and SNP data to investigate connections between
       brain function and genetics using parallel ICA. Human Brain Mapping 30, 241-255.
       :doi:`10.1002/hbm.20508`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.decomposition import ParallelICA
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(2, 100, 2))
    >>> b[:, 0] = 0.9 * a[:, 0] + 0.4 * b[:, 0]
    >>> X = Multimodal(fmri=a @ rng.laplace(size=(2, 500)), eeg=b @ rng.laplace(size=(2, 200)))
    >>> linkage = np.abs(ParallelICA(2, random_state=0).fit(X).linkage_)
    >>> bool(linkage[0] > 0.8), bool(linkage[1] < 0.4)
    (True, True)
    """

    _prefix = "pica"

    def __init__(
        self,
        n_components="auto",
        *,
        coupling=0.1,
        min_correlation="auto",
        max_iter=200,
        tol=1e-5,
        layout=None,
        random_state=None,
    ):
        self.n_components = n_components
        self.coupling = coupling
        self.min_correlation = min_correlation
        self.max_iter = max_iter
        self.tol = tol
        self.layout = layout
        self.random_state = random_state

    def fit(self, X, y=None, sample_weight=None):
        """Learn independent maps of each modality with linked loadings.

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
        ParallelICA
            The fitted estimator.
        """
        check_ica_parameters(self)
        check_number(self, "coupling", self.coupling, low=0.0)
        training = self._prepare(X, sample_weight)
        n_components = choose_by_modality(self, training.reduced)
        self._check_n_components(n_components, training.reduced)
        self.min_correlation_ = self._bound(n_components, training)
        scales = mean_squares(training)
        coefficients = {
            name: _principal(part, training.weight, n_components) / scales[name]
            for name, part in training.reduced.items()
        }
        maps = {name: training.combine(name, c).T for name, c in coefficients.items()}
        unmixing = self._unmix(training, scales, maps, n_components)
        norms = {n: linalg.inv(unmixing[n] @ (m @ m.T) @ unmixing[n].T) for n, m in maps.items()}
        found = maps_and_scores(training, scales, coefficients, maps, unmixing, norms)
        linkage = score_correlations(list(found[2].values()), training.weight)
        order = np.argsort(-np.abs(linkage))
        self.linkage_, self.scales_ = linkage[order], scales
        self._store(training, *[{n: part[:, order] for n, part in d.items()} for d in found])
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

    def _bound(self, n_components, training):
        if self.min_correlation == "auto":
            n_pairs = len(training.reduced) * (len(training.reduced) - 1) // 2
            return critical_correlation(len(training.rows), n_pairs * n_components**2)
        return check_number(self, "min_correlation", self.min_correlation, low=0.0, high=1.0)

    def _whiten(self, name, maps):
        try:
            return whiten_maps(maps)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}: modality {name!r}: {error}") from error

    def _unmix(self, training, scales, maps, n_components):
        generator = check_random_state(self.random_state)
        root = np.sqrt(training.weight)[:, None]
        white, transforms, mixings = [], [], []
        for name, part in training.reduced.items():
            map_white, transform = self._whiten(name, maps[name].astype(training.dtypes[name]))
            spread = part.coordinates[:, :n_components] / (scales[name] * np.sqrt(part.n_features))
            white.append(map_white)
            transforms.append(transform)
            mixings.append(root * spread @ linalg.inv(transform))
        starts = [random_rotation(n_components, generator) for _ in maps]
        rotations = parallel_ica(
            white, mixings, starts, self.coupling, self.min_correlation_, self.max_iter, self.tol
        )
        turns = _point(rotations, white, mixings)
        return {
            name: turn @ transform
            for name, turn, transform in zip(maps, turns, transforms, strict=True)
        }


def _point(rotations, white, mixings):
    """Make the long tails of the first modality's maps positive, and all loadings agree with it."""
    first, *others = rotations
    signed = [skewness_signs(first.astype(white[0].dtype) @ white[0])[:, None] * first]
    loadings = mixings[0] @ signed[0].T
    for turn, mixing in zip(others, mixings[1:], strict=True):
        agreement = np.diag(correlations(loadings, mixing @ turn.T))
        signed.append(np.where(agreement < 0.0, -1.0, 1.0)[:, None] * turn)
    return signed


def _principal(part, weight, n_components):
    """Give the coefficients of the leading principal maps, of unit mean square."""
    return part.back[:, :n_components] * np.sqrt(part.n_features)
