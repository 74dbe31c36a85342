"""How well a volume lies on a template."""

import nibabel as nib
import numpy as np
from nilearn import plotting


def plot_alignment(img, outline, *, n_cuts=7, title=None):
    """Show a volume with the outline of a mask, such as a mean EPI on the template's brain.

    Parameters
    ----------
    img : Nifti1Image
        A volume, or a series, of which the mean is shown.
    outline : Nifti1Image
        A mask in the same space, or a series of one.
    n_cuts : int, default=7
        Number of axial slices.
    title : str, default=None
        Above the slices.

    Returns
    -------
    nilearn.plotting.displays.ZSlicer
        To be changed further.
    """
    display = plotting.plot_anat(
        _mean(img),
        display_mode="z",
        cut_coords=n_cuts,
        title=title,
        draw_cross=False,
        annotate=True,
    )
    display.add_contours(_mean(outline), levels=[0.5], colors="tab:red", linewidths=0.8)
    return display


def _mean(img):
    data = np.asanyarray(img.dataobj, dtype=np.float32)
    return nib.Nifti1Image(data.mean(axis=3) if data.ndim == 4 else data, img.affine)
