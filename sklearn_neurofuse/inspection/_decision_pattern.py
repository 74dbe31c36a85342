"""`decision_pattern`: which features go along with a decision."""

import numpy as np
from sklearn.utils import check_consistent_length

from sklearn_neurofuse.containers import Multimodal

_OWNER = "decision_pattern"


def decision_pattern(X, score):
    r"""Tell which features go along with the score of a model.

    The weights of a model are no map of where the information is: a feature may have weight only
    because it cancels noise. The pattern that belongs to a linear model with score
    :math:`s = Xw` is the covariance of features and score [1]_; here it is scaled to a correlation,

    .. math:: a_j = \operatorname{corr}(x_j, s),

    which can be given for any model, and best with scores of samples that it was not fitted to.

    Parameters
    ----------
    X : Multimodal
        Arrays.
    score : array-like of shape (n_samples,)
        Decision values or probabilities, best out of fold.

    Returns
    -------
    dict of str to ndarray
        For each modality one correlation for each feature, of the shape of a sample, over the
        samples that have it; 0 where a feature does not vary.

    Raises
    ------
    TypeError
        If X is no Multimodal of arrays.
    ValueError
        If lengths differ, or a modality is there in fewer than three samples.

    References
    ----------
    .. [1] Haufe, S., Meinecke, F., Görgen, K., et al. (2014). On the interpretation of weight
       vectors of linear models in multivariate neuroimaging. NeuroImage, 87, 96-110.
       doi:10.1016/j.neuroimage.2013.10.067

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.inspection import decision_pattern
    >>> rng = np.random.default_rng(0)
    >>> X = Multimodal(fmri=rng.normal(size=(50, 3)), eeg=rng.normal(size=(50, 2)))
    >>> round(float(decision_pattern(X, X["eeg"].data[:, 1])["eeg"][1]), 3)
    1.0
    """
    if not isinstance(X, Multimodal):
        raise TypeError(f"{_OWNER}: X must be a Multimodal of arrays, got {type(X).__name__}")
    score = np.asarray(score, dtype=float)
    check_consistent_length(X, score)
    return {name: _correlation(name, X[name], score) for name in X.modalities}


def _correlation(name, block, score):
    there = np.asarray(block.present) & np.isfinite(score)
    if there.sum() < 3:
        raise ValueError(f"{_OWNER}: {name} is there in {there.sum()} samples, 3 are needed")
    data = np.asarray(block.data)[there].reshape(int(there.sum()), -1)
    score = score[there] - score[there].mean()
    # sums in double precision, without a copy of the data in it
    mean = data.mean(axis=0, dtype=np.float64)
    variance = np.einsum("ij,ij->j", data, data, dtype=np.float64) / len(data) - mean**2
    covariance = score @ data / len(data)
    scale = np.sqrt(np.maximum(variance, 0) * np.mean(score**2))
    tiny = 1e-7 * (np.abs(mean) + np.sqrt(np.maximum(variance, 0))) * np.sqrt(np.mean(score**2))
    r = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > tiny)
    return np.clip(r, -1, 1).reshape(block.shape[1:])
