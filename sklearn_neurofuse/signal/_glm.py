r"""Least squares of many series on one design, and on one design for each trial.

All models share nuisance columns :math:`Z` (drift, confounds, spikes, constant). By the theorem of
Frisch, Waugh and Lovell these are taken off the trials' regressors once; what is left of each
model are one or two columns, so that a whole run needs one product of matrices.
"""

import numpy as np
from scipy import linalg

# voxels computed at a time, in float64
_CHUNK = 1 << 13
# a regressor of which less than this is left lies in the span of the others
_SPANNED = 1e-8


def residual_basis(nuisance):
    """Give an orthonormal basis of the span of columns.

    Parameters
    ----------
    nuisance : ndarray of shape (n_times, n_columns)
        Columns; those that others span are left out.

    Returns
    -------
    ndarray of shape (n_times, rank)
        Orthonormal columns.
    """
    scale = np.linalg.norm(nuisance, axis=0)
    columns = nuisance[:, scale > 0] / scale[scale > 0]
    if columns.shape[1] == 0:
        return columns
    left, size, _ = linalg.svd(columns, full_matrices=False)
    return left[:, size > size[0] * max(columns.shape) * np.finfo(float).eps]


def take_off(basis, columns):
    """Take the span of a basis off columns.

    Parameters
    ----------
    basis : ndarray of shape (n_times, rank)
        Orthonormal columns.
    columns : ndarray of shape (n_times, n)
        What is to be made orthogonal to them.

    Returns
    -------
    ndarray of shape (n_times, n)
        What is left; twice, because once loses digits where little is left.
    """
    left = columns - basis @ (basis.T @ columns)
    return left - basis @ (basis.T @ left)


def trial_models(trials, nuisance, separate):
    r"""Prepare one model for each trial (LSS), or one for all (LSA).

    In LSS each trial has a model of its own regressor, the sum of all others and the nuisance
    [1]_; in LSA one model has a regressor for each trial.

    Parameters
    ----------
    trials : ndarray of shape (n_times, n_trials)
        The response expected to each trial.
    nuisance : ndarray of shape (n_times, n_columns)
        What else is in each model.
    separate : bool
        Whether to prepare LSS.

    Returns
    -------
    TrialModels
        For `TrialModels.solve`.

    References
    ----------
    .. [1] Mumford JA et al., Deconvolving BOLD activation in event-related designs for multivoxel
       pattern classification analyses. NeuroImage 59 (2012) 2636-2643.
       doi:10.1016/j.neuroimage.2011.08.076
    """
    basis = residual_basis(nuisance)
    left = take_off(basis, trials)
    # a regressor that the nuisance explains is zero, not rounding
    energy = (trials**2).sum(axis=0)
    left[:, (left**2).sum(axis=0) <= _SPANNED * energy] = 0.0
    prepare = _separate if separate else _together
    return TrialModels(basis, left, *prepare(left))


class TrialModels:
    """Models of trials, ready to be solved for any number of series.

    Parameters
    ----------
    basis : ndarray of shape (n_times, rank)
        Orthonormal basis of the nuisance.
    left : ndarray of shape (n_times, n_trials)
        Regressors of the trials without the nuisance.
    solver : callable
        From ``left.T @ series`` to betas and the explained sum of squares.
    variance : ndarray of shape (n_trials,)
        Of each beta where the noise has variance one; infinite where it cannot be estimated.
    n_own : ndarray of int of shape (n_trials,)
        Columns of each model beside the nuisance.
    """

    def __init__(self, basis, left, solver, variance, n_own):
        self.basis = basis
        self.left = left
        self.solver = solver
        self.variance = variance
        self.dof = left.shape[0] - basis.shape[1] - n_own

    def solve(self, series):
        """Estimate betas and t values.

        Parameters
        ----------
        series : ndarray of shape (n_times, n_series)
            Values.

        Returns
        -------
        betas, t : ndarray of shape (n_trials, n_series)
            Zero where a series is constant or a trial cannot be estimated.
        """
        betas = np.empty((self.left.shape[1], series.shape[1]))
        t = np.empty_like(betas)
        for start in range(0, series.shape[1], _CHUNK):
            piece = slice(start, start + _CHUNK)
            betas[:, piece], t[:, piece] = self._solve(series[:, piece].astype(float))
        return betas, t

    def _solve(self, values):
        # so that squares do not cancel
        values -= values.mean(axis=0)
        total = np.einsum("ij,ij->j", values, values)
        values = take_off(self.basis, values)
        betas, explained = self.solver(self.left.T @ values)
        left = np.einsum("ij,ij->j", values, values)
        noise = np.maximum(left - explained, 0.0) / np.maximum(self.dof, 1)[:, None]
        error = np.sqrt(noise * np.where(np.isfinite(self.variance), self.variance, 0.0)[:, None])
        # what remains of a constant series is rounding
        known = (left > 1e-14 * np.maximum(total, 1e-300)) & (total > 0) & (error > 0)
        t = np.divide(betas, error, out=np.zeros_like(betas), where=known)
        return betas, t


def _separate(left):
    own = np.einsum("ij,ij->j", left, left)
    total = left.sum(axis=1)
    # of the sum of all others: its square, and its product with the trial's own
    product = left.T @ total - own
    others = total @ total - 2 * (left.T @ total) + own
    has_others = others > _SPANNED * np.maximum(own, total @ total)
    product, others = np.where(has_others, product, 0.0), np.where(has_others, others, 1.0)
    determinant = own * others - product**2
    known = determinant > _SPANNED * own * others
    safe = np.where(known, determinant, 1.0)
    variance = np.where(known, others / safe, np.inf)

    def solve(projected):
        rest = np.where(has_others[:, None], projected.sum(axis=0) - projected, 0.0)
        beta = (others[:, None] * projected - product[:, None] * rest) / safe[:, None]
        gamma = (own[:, None] * rest - product[:, None] * projected) / safe[:, None]
        beta, gamma = np.where(known[:, None], beta, 0.0), np.where(known[:, None], gamma, 0.0)
        return beta, beta * projected + gamma * rest

    return solve, variance, 1 + has_others.astype(int)


def _together(left):
    scale = np.sqrt(np.einsum("ij,ij->j", left, left))
    there = scale > 0
    safe = np.where(there, scale, 1.0)
    _, size, right = linalg.svd(left / safe, full_matrices=False)
    kept = size > np.sqrt(_SPANNED) * size.max(initial=0.0)
    inverse = (right[kept].T / size[kept] ** 2) @ right[kept] / np.outer(safe, safe)
    # a trial that shares a direction which was left out cannot be told from others
    lost = (right[~kept] ** 2).sum(axis=0) > _SPANNED
    known = there & ~lost
    variance = np.where(known, np.diag(inverse), np.inf)

    def solve(projected):
        beta = inverse @ projected
        explained = np.einsum("ij,ij->j", beta, projected)
        return np.where(known[:, None], beta, 0.0), np.broadcast_to(explained, beta.shape)

    return solve, variance, np.full(left.shape[1], int(kept.sum()))


def contrast_effect(design, weights, series):
    """Estimate a contrast of the columns of one design.

    Parameters
    ----------
    design : ndarray of shape (n_times, n_columns)
        All columns.
    weights : ndarray of shape (n_columns,)
        The contrast.
    series : ndarray of shape (n_times, n_series)
        Values.

    Returns
    -------
    effect, t : ndarray of shape (n_series,)
        The contrast of the betas, and over its standard error; zero for constant series.

    Raises
    ------
    ValueError
        If the contrast cannot be estimated, or no degrees of freedom are left.
    """
    scale = np.linalg.norm(design, axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    inverse = np.linalg.pinv(design / scale, rcond=1e-10) / scale[:, None]
    rank = np.linalg.matrix_rank(design / scale, tol=1e-8)
    row = weights @ inverse
    if not np.allclose(row @ design, weights, atol=1e-6 * np.abs(weights).max()):
        raise ValueError("the contrast cannot be estimated, its columns are not independent")
    dof = len(design) - rank
    if dof < 1:
        raise ValueError(f"{len(design)} volumes are too few for {rank} regressors")
    basis = residual_basis(design)
    effect, t = np.empty(series.shape[1]), np.zeros(series.shape[1])
    for start in range(0, series.shape[1], _CHUNK):
        piece = slice(start, start + _CHUNK)
        values = series[:, piece].astype(float)
        effect[piece] = row @ values
        total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
        noise = (take_off(basis, values) ** 2).sum(axis=0)
        error = np.sqrt(noise / dof * (row @ row))
        known = (noise > 1e-14 * np.maximum(total, 1e-300)) & (total > 0) & (error > 0)
        np.divide(effect[piece], error, out=t[piece], where=known)
    return effect, t
