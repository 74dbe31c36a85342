"""Joint independent component analysis."""

import numpy as np
from scipy import linalg
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse.decomposition._base import BaseDecomposition
from sklearn_neurofuse.decomposition._input import complete_rows, flat_block
from sklearn_neurofuse.decomposition._sources import (
    check_ica_parameters,
    maps_and_scores,
    mean_squares,
    unmix,
)
from sklearn_neurofuse.signal._model_order import minimum_description_length
from sklearn_neurofuse.signal._reduction import column_chunks


class JointICA(BaseDecomposition):
    r"""Independent maps over all modalities at once, with loadings that they share.

    Each component is one map in every modality and one loading for each sample, so it says which
    EEG goes with which fMRI over people or trials. Right where the modalities' loadings are
    the same; where they are only correlated, see `CCAJointICA`.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of components; ``"auto"`` takes the minimum description length [3]_.
    algorithm : {"fastica", "picard"}, default="fastica"
        How independence is searched; ``"picard"`` needs the package python-picard and holds where
        sources are close to Gaussian.
    contrast : {"logcosh", "exp", "cube"} or callable, default="logcosh"
        Measure of independence.
    n_runs : int, default=5
        Random starts, from which `stability_` is told; on large data these are searched on a part
        of the features and only the best is finished on all.
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
        tail over all modalities is positive. Ordered by the variance they explain.
    weights_ : dict of str to ndarray of shape (n_components, ...)
        What the centred modality is multiplied with; the sum over modalities is the loading.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        Share of the variance of the normalised modalities.
    stability_ : ndarray of shape (n_components,)
        Mean similarity to the estimates of the same component in other runs, less that to all
        others, at best 1 [4]_; NaN with one run.
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
    score_covariance_ : ndarray of shape (n_projections, n_projections)
        Shrunk covariance of the modalities' projections, from which missing ones are predicted.

    Raises
    ------
    ValueError
        If there is one modality only, fewer than three complete samples, a modality that does
        not vary, NaN in a present row, or more components than the rank allows.

    Warns
    -----
    ConvergenceWarning
        If the search did not converge.

    See Also
    --------
    CCAJointICA : Loadings of the modalities may differ.
    ParallelICA : Maps are independent in each modality by itself.

    Notes
    -----
    With :math:`\bar X_k` the modality less its mean, divided by its root mean square,
    :math:`[\bar X_1, \dots, \bar X_m] = A\,[S_1, \dots, S_m]` with A of shape
    (n_samples, n_components) and the rows of S independent over all features [1]_ [2]_. The
    principal components come from the eigenvectors of the n x n Gram matrix, at :math:`O(n^2 p)`.
    New samples are fitted to S by least squares. Samples that lack a modality take no
    part in the fit.

    References
    ----------
    .. [1] Calhoun, V. D., Adali, T., Pearlson, G. D. and Kiehl, K. A. (2006). Neuronal chronometry
       of target detection: fusion of hemodynamic and event-related potential data. NeuroImage
       30, 544-553. :doi:`10.1016/j.neuroimage.2005.08.060`
    .. [2] Calhoun, V. D. et al. (2006). Method for multimodal analysis of independent source
       differences in schizophrenia: combining gray matter structural and auditory oddball
       functional data. Human Brain Mapping 27, 47-62. :doi:`10.1002/hbm.20166`
    .. [3] Wax, M. and Kailath, T. (1985). Detection of signals by information theoretic criteria.
       IEEE Transactions on Acoustics, Speech, and Signal Processing 33, 387-392.
       :doi:`10.1109/TASSP.1985.1164557`
    .. [4] Himberg, J., Hyvarinen, A. and Esposito, F. (2004). Validating the independent components
       of neuroimaging time series via clustering and visualization. NeuroImage 22, 1214-1222.
       :doi:`10.1016/j.neuroimage.2004.03.027`

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.decomposition import JointICA
    >>> rng = np.random.default_rng(0)
    >>> loadings = rng.normal(size=(60, 3))
    >>> X = Multimodal(
    ...     fmri=loadings @ rng.laplace(size=(3, 500)) + 0.1 * rng.normal(size=(60, 500)),
    ...     eeg=loadings @ rng.laplace(size=(3, 200)) + 0.1 * rng.normal(size=(60, 200)),
    ... )
    >>> jica = JointICA(3, random_state=0).fit(X)
    >>> found = jica.transform(X)
    >>> bool(np.abs(np.corrcoef(loadings.T, found.T)[:3, 3:]).max(axis=1).min() > 0.99)
    True
    """

    _prefix = "jica"
    _joint = True

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
        """Learn independent maps.

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
        JointICA
            The fitted estimator.
        """
        check_ica_parameters(self)
        training = self._prepare(X, sample_weight)
        scales = mean_squares(training)
        n_columns = sum(part.n_features for part in training.reduced.values())
        variances, vectors = _joint_axes(training, scales)
        n_components = self._choose_n_components(variances, n_columns)
        kept, vectors = variances[:n_components], vectors[:, :n_components]
        principal = vectors * np.sqrt(n_columns * training.weight[:, None] / kept)
        coefficients = {name: principal / scale for name, scale in scales.items()}
        maps = {name: training.combine(name, c).T for name, c in coefficients.items()}
        unmixing, stability = unmix(
            self, training.side_by_side(maps), check_random_state(self.random_state)
        )
        # rows of the principal maps have the square n_columns and are orthogonal
        captured = (kept @ linalg.inv(unmixing) ** 2) * np.sum(unmixing**2, axis=1)
        order = np.argsort(-captured)
        unmixing, self.stability_, self.scales_ = unmixing[order], stability[order], scales
        self.explained_variance_ratio_ = captured[order] / variances.sum()
        norm = linalg.inv(n_columns * unmixing @ unmixing.T)
        self._store(
            training, *maps_and_scores(training, scales, coefficients, maps, unmixing, norm)
        )
        return self

    def score(self, X, y=None, sample_weight=None):
        """Give the share of variance that the components explain on samples, held out if these are.

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
            Mean over modalities of 1 less the ratio of the squared residual to the squared distance
            from the training mean.
        """
        check_is_fitted(self)
        X = self._as_fitted(X)
        rows, weight = complete_rows(self, X, sample_weight)
        X = X[rows]
        loadings = self._combine(self._projections(X))
        shares = [
            _explained(flat_block(X, name), self.means_[name], loadings, maps, weight)
            for name, maps in self.components_.items()
        ]
        return float(np.mean(shares))

    def _choose_n_components(self, variances, n_columns):
        if self.n_components == "auto":
            return minimum_description_length(variances, n_columns) if len(variances) > 1 else 1
        if self.n_components > len(variances):
            raise ValueError(
                f"{type(self).__name__}: n_components must be at most the rank of the complete "
                f"samples, {len(variances)}, got {self.n_components}"
            )
        return self.n_components


def _joint_axes(training, scales):
    """Eigen-decompose the Gram matrix of all modalities side by side, largest first."""
    root = np.sqrt(training.weight)[:, None]
    stacked = np.hstack(
        [root * part.coordinates / scales[name] for name, part in training.reduced.items()]
    )
    variances, vectors = linalg.eigh(stacked @ stacked.T)
    keep = variances > len(root) * np.finfo(float).eps * variances[-1]
    return variances[keep][::-1], vectors[:, keep][:, ::-1]


def _explained(block, mean, loadings, maps, weight):
    flat = maps.reshape(len(maps), -1)
    residual = total = 0.0
    for columns in column_chunks(block.shape[1]):
        centred = block[:, columns] - mean[columns]
        total += np.sum(weight @ centred**2)
        residual += np.sum(weight @ (centred - loadings @ flat[:, columns]) ** 2)
    return 1.0 - residual / total if total > 0.0 else 0.0
