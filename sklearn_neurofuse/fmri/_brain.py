"""The brain in EPI and anatomical volumes, by library."""

import nibabel as nib
import numpy as np
from dipy.core.gradients import gradient_table
from dipy.denoise.bias_correction import bias_field_correction
from dipy.segment.threshold import otsu
from nilearn.masking import compute_epi_mask
from scipy import ndimage

from sklearn_neurofuse.fmri._registration import register_affine, sample_at

# an image with more exact zeros than this around its brain was stripped before
_STRIPPED = 0.3
_BIAS_ORDER = 3
_GROWN_MM = 4.0


def epi_brain(volume, affine):
    """Find the brain in a mean EPI volume by :func:`nilearn.masking.compute_epi_mask`.

    Parameters
    ----------
    volume : ndarray of shape (x, y, z)
        Mean volume.
    affine : ndarray of shape (4, 4)
        Voxels to mm.

    Returns
    -------
    ndarray of bool of shape (x, y, z)
        The brain.

    Raises
    ------
    ValueError
        If the volume is not finite, constant, or holds no brain.
    """
    if not np.isfinite(volume).all() or np.ptp(volume) == 0:
        raise ValueError("the mean volume must be finite and not constant to find the brain in it")
    mask = compute_epi_mask(nib.Nifti1Image(volume.astype(np.float32), affine))
    mask = ndimage.binary_fill_holes(np.asanyarray(mask.dataobj) > 0)
    if not mask.any():
        raise ValueError("no brain was found in the mean volume")
    return mask


def strip_anatomical(data, affine, template):
    """Take bias field and skull off a T1-weighted volume.

    The field is a polynomial of order 3 in the logarithm, fitted robustly to what is above Otsu's
    threshold by ``dipy.denoise.bias_correction``. Then the template's mask is brought to the head
    by an affine registration of the template's brain, which what lies around does not disturb.

    Parameters
    ----------
    data : ndarray of shape (x, y, z)
        Whole head; a volume that was stripped before keeps its mask.
    affine : ndarray of shape (4, 4)
        Voxels to mm.
    template : Template
        Whose mask is used.

    Returns
    -------
    ndarray of float32 of shape (x, y, z)
        The brain, zero outside.

    Raises
    ------
    ValueError
        If the volume holds nothing.
    """
    data = np.nan_to_num(np.asarray(data, dtype=np.float32), posinf=0.0, neginf=0.0)
    if not (data > 0).any():
        raise ValueError("no brain was found in the anatomical image")
    if (data == 0).mean() > _STRIPPED:
        return _without_bias(data, data > 0)
    flat = _without_bias(data, data > otsu(data))
    to_head = register_affine(
        template.data, template.affine, flat, affine, static_mask=template.mask
    )
    grown = ndimage.distance_transform_edt(~template.mask) * template.affine[0, 0] <= _GROWN_MM
    back = np.linalg.inv(template.affine) @ np.linalg.inv(to_head) @ affine
    mask = sample_at(grown.astype(np.float32), back, data.shape) > 0.5
    return np.where(mask, flat, np.float32(0))


def _without_bias(data, mask):
    table = gradient_table(np.zeros(1), bvecs=np.zeros((1, 3)))
    # made for diffusion data, of which one unweighted volume is no special case
    corrected = bias_field_correction(
        data[..., None], table, mask=mask & (data > 0), method="poly", order=_BIAS_ORDER
    )
    return np.where(mask, corrected[..., 0], np.float32(0)).astype(np.float32)
