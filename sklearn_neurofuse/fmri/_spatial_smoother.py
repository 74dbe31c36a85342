"""`SpatialSmoother`: a Gaussian over space."""

import numpy as np
from nibabel import Nifti1Image
from nilearn.image import new_img_like, smooth_img

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.recordings import RecordingTransformer

# smoothed at a time; more would only take more memory
_CHUNK_VOXELS = 1 << 19


class SpatialSmoother(RecordingTransformer):
    """Smooth each volume with a Gaussian, as :func:`nilearn.image.smooth_img` does.

    Parameters
    ----------
    fwhm : float or None, default=6.0
        Full width at half maximum in mm; None leaves the volumes as they are, so that "not at
        all" can be a value in a grid search.

    Raises
    ------
    ValueError
        If the width is not positive.

    See Also
    --------
    nilearn.image.smooth_img : What is called.

    Notes
    -----
    The smoothed series is float32. A voxel that is not finite counts as zero.

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from sklearn_neurofuse import BoldRun, Recordings
    >>> from sklearn_neurofuse.fmri import SpatialSmoother
    >>> volumes = np.zeros((9, 9, 9, 2), dtype=np.float32)
    >>> volumes[4, 4, 4] = 1.0
    >>> run = BoldRun(nib.Nifti1Image(volumes, np.diag([2.0, 2.0, 2.0, 1.0])), t_r=2.0)
    >>> smoothed = SpatialSmoother(fwhm=4.0).fit_transform(Recordings([run])).load(0)
    >>> bool(smoothed.get_data()[4, 4, 4, 0] < 0.2)
    True
    """

    kind = "bold"
    adds = ("smoothed",)
    libraries = ("nilearn",)

    def __init__(self, fwhm=6.0):
        self.fwhm = fwhm

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        if self.fwhm is not None:
            check_number(self, "fwhm", self.fwhm, low=0, closed="neither", unit="mm")

    def transform_recording(self, recording, context):
        """Smooth one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        context : object
            Not used.

        Returns
        -------
        BoldRun
            The smoothed run.
        """
        if self.fwhm is None:
            return recording
        img, series = recording.img, recording.get_data()
        smoothed = np.empty(series.shape, dtype=np.float32, order="F")
        step = max(1, _CHUNK_VOXELS // series[..., 0].size)
        for start in range(0, series.shape[3], step):
            volumes = Nifti1Image(series[..., start : start + step], img.affine)
            result = smooth_img(volumes, self.fwhm)
            smoothed[..., start : start + step] = np.asanyarray(result.dataobj)
        img = new_img_like(img, smoothed, copy_header=True)
        # the header of a file of integers would round what is saved
        img.set_data_dtype(np.float32)
        return recording.replace(img=img)
