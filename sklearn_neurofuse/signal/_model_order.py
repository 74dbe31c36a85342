"""The number of components that a spectrum speaks for."""

import numpy as np


def minimum_description_length(eigenvalues, n_observations):
    r"""Estimate the number of components from the spectrum of the sample covariance.

    Minimises, over k, :math:`-N (q-k) \log(G_k / A_k) + \frac{1}{2} k (2q - k) \log N` with G
    and A the geometric and arithmetic mean of the q - k smallest eigenvalues [1]_. Neighbouring
    voxels are not independent observations, so N is not their number but what the spread
    of the smaller half of the eigenvalues tells: the noise eigenvalues of N observations scatter
    with variance q / N around their mean [2]_.

    Parameters
    ----------
    eigenvalues : ndarray of shape (q,)
        Positive, descending.
    n_observations : int
        Number of columns, an upper bound for N.

    Returns
    -------
    int
        Number of components, from 1 to q - 1.

    References
    ----------
    .. [1] Wax, M. and Kailath, T. (1985). Detection of signals by information theoretic criteria.
       IEEE Transactions on Acoustics, Speech, and Signal Processing 33, 387-392.
       :doi:`10.1109/TASSP.1985.1164557`
    .. [2] Li, Y.-O., Adali, T. and Calhoun, V. D. (2007). Estimating the number of independent
       components for functional magnetic resonance imaging data. Human Brain Mapping 28,
       1251-1266. :doi:`10.1002/hbm.20359`
    """
    size = len(eigenvalues)
    n_effective = _effective_observations(eigenvalues, n_observations)
    orders = np.arange(1, size)
    logs = np.cumsum(np.log(eigenvalues[::-1]))[::-1]
    sums = np.cumsum(eigenvalues[::-1])[::-1]
    tail = size - orders
    fit = n_effective * (tail * np.log(sums[orders] / tail) - logs[orders])
    penalty = 0.5 * orders * (2 * size - orders) * np.log(n_effective)
    return int(orders[np.argmin(fit + penalty)])


def _effective_observations(eigenvalues, n_observations):
    # the lower half of a semicircle of radius R has variance (1/4 - (4 / 3 pi)^2) R^2, and the
    # semicircle of noise eigenvalues has R^2 / 4 = mean^2 q / N
    lower = eigenvalues[len(eigenvalues) // 2 :]
    share = 1.0 - (8.0 / (3.0 * np.pi)) ** 2
    relative = np.var(lower) / np.mean(lower) ** 2
    if relative == 0.0:
        return float(n_observations)
    estimate = share * len(eigenvalues) / relative
    return float(np.clip(estimate, len(eigenvalues) + 1, n_observations))
