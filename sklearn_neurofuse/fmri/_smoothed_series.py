"""A series that waits to be smoothed, so that a later step can still see it unsmoothed."""

import nibabel as nib
import numpy as np
from nilearn.image import smooth_img

from sklearn_neurofuse.fmri._pending import PendingSeries

# smoothed at a time; more would only take more memory
_CHUNK_VOXELS = 1 << 19


class SmoothedSeries(PendingSeries):
    """A series to be smoothed by a Gaussian.

    Parameters
    ----------
    source : array-like of shape (x, y, z, n_volumes)
        The series before.
    affine : ndarray of shape (4, 4)
        Voxels to mm.
    fwhm : float
        Full width at half maximum in mm.
    """

    def __init__(self, source, affine, fwhm):
        super().__init__(source)
        self.affine = affine
        self.fwhm = fwhm

    def compute(self):
        """Smooth each volume."""
        series = np.asanyarray(self.source, dtype=np.float32)
        smoothed = np.empty(series.shape, dtype=np.float32, order="F")
        step = max(1, _CHUNK_VOXELS // series[..., 0].size)
        for start in range(0, series.shape[3], step):
            volumes = nib.Nifti1Image(series[..., start : start + step], self.affine)
            result = smooth_img(volumes, self.fwhm)
            smoothed[..., start : start + step] = np.asanyarray(result.dataobj)
        return smoothed
