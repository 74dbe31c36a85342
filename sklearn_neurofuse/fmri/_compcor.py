"""Confounds that are found in the series itself: components of noise and the global signal."""

import nibabel as nib
import numpy as np
import pandas as pd
from nilearn.datasets import (
    load_mni152_brain_mask,
    load_mni152_gm_template,
    load_mni152_wm_template,
)
from nilearn.image import resample_to_img
from nilearn.signal import create_cosine_drift
from scipy import linalg, ndimage

from sklearn_neurofuse.fmri._quality import brain_mask
from sklearn_neurofuse.fmri._smoothed_series import SmoothedSeries
from sklearn_neurofuse.fmri._template import BUNDLED, fixed_mask, run_space
from sklearn_neurofuse.signal._glm import residual_basis, take_off

_PREFIX = "a_comp_cor_"
# share of the brain that varies most
_VARYING = 0.02
# as fMRIPrep has it, in s
_PERIOD = 128.0
_TISSUE, _OTHER_TISSUE = 0.95, 0.05


def comp_cor(run, n_components, noise_mask):
    """Give components of noise.

    Parameters
    ----------
    run : BoldRun
        The run.
    n_components : int
        How many.
    noise_mask : nibabel image, path-like or None
        As of `ConfoundRegressor`.

    Returns
    -------
    columns : DataFrame of shape (n_volumes, n_components)
        Named as fMRIPrep names them.
    told : str
        Where they come from.

    Raises
    ------
    ValueError
        If the series was smoothed, or the mask holds too few voxels.
    """
    names = [f"{_PREFIX}{number:02d}" for number in range(n_components)]
    known = [] if run.confounds is None else list(run.confounds)
    if noise_mask is None and any(name.startswith(_PREFIX) for name in known):
        missing = [name for name in names if name not in known]
        if missing:
            raise ValueError(
                f"compcor must be at most {sum(n.startswith(_PREFIX) for n in known)}, the "
                f"components in the table of confounds, got {n_components}"
            )
        return run.confounds[names], "the table of confounds"
    series = _unsmoothed(run)
    mask, told = _noise_voxels(run, series, noise_mask)
    if mask.sum() < 2 * n_components:
        raise ValueError(
            f"CompCor needs at least {2 * n_components} voxels for {n_components} components, "
            f"{told} has {mask.sum()}"
        )
    return pd.DataFrame(_components(series[mask], run, n_components), columns=names), told


def global_signal(run, name):
    """Give the mean over the brain.

    Parameters
    ----------
    run : BoldRun
        The run.
    name : str
        Of the column, which the table of confounds may have.

    Returns
    -------
    DataFrame of shape (n_volumes, 1)
        The column.
    """
    if run.confounds is not None and name in run.confounds:
        return run.confounds[[name]]
    series = run.get_data()
    mask = _brain(run, series)
    return pd.DataFrame({name: np.nan_to_num(series[mask]).mean(axis=0, dtype=np.float64)})


def _unsmoothed(run):
    data = run.img.dataobj
    if isinstance(data, SmoothedSeries):
        return np.asanyarray(data.source, dtype=np.float32)
    if "smoothed" in run.done:
        raise ValueError(
            "CompCor comes from unsmoothed data, and the run was smoothed before it came here; "
            "use compcor=None or a table with a_comp_cor columns"
        )
    return run.get_data()


def _components(rows, run, n_components):
    """Give the first left singular vectors of voxels of equal variance, slow drift taken off."""
    rows = np.nan_to_num(rows[:, run.n_dummy :].astype(float))
    frame_times = np.arange(rows.shape[1]) * run.t_r
    drift = residual_basis(create_cosine_drift(1 / _PERIOD, frame_times))
    values = take_off(drift, rows.T)
    spread = values.std(axis=0)
    values = values[:, spread > 1e-9 * np.abs(rows).max()]
    spread = spread[spread > 1e-9 * np.abs(rows).max()]
    left, _, _ = linalg.svd(values / spread, full_matrices=False)
    found = np.zeros((run.n_volumes, n_components))
    n_found = min(n_components, left.shape[1])
    found[run.n_dummy :, :n_found] = left[:, :n_found]
    return found


def _noise_voxels(run, series, noise_mask):
    grid = nib.Nifti1Image(np.zeros(series.shape[:3], dtype=np.float32), run.img.affine)
    if noise_mask is not None:
        img = resample_to_img(noise_mask, grid, interpolation="nearest")
        return np.asanyarray(img.dataobj) > 0, "the given mask"
    if run_space(run) == BUNDLED:
        return _tissue(grid), f"white matter and fluid of {BUNDLED}, eroded"
    brain = _brain(run, series)
    spread = np.where(brain, np.nan_to_num(series[..., run.n_dummy :]).std(axis=3), 0.0)
    limit = np.quantile(spread[brain], 1 - _VARYING)
    return spread >= limit, "the two percent of the brain that vary most"


def _tissue(grid):
    def share(img):
        return np.asanyarray(resample_to_img(img, grid, interpolation="linear").dataobj)

    white, grey = share(load_mni152_wm_template()), share(load_mni152_gm_template())
    fluid = (share(load_mni152_brain_mask()) > _TISSUE) & (white + grey < _OTHER_TISSUE)
    return ndimage.binary_erosion(white > _TISSUE) | ndimage.binary_erosion(fluid)


def _brain(run, series):
    mask_img = fixed_mask(run_space(run))
    if mask_img is None:
        return brain_mask(np.nan_to_num(series[..., run.n_dummy :].mean(axis=3)))
    grid = nib.Nifti1Image(np.zeros(series.shape[:3], dtype=np.float32), run.img.affine)
    mask = np.asanyarray(resample_to_img(mask_img, grid, interpolation="nearest").dataobj) > 0
    if not mask.any():
        raise ValueError("the template's mask does not overlap the run; look at its affine")
    return mask
