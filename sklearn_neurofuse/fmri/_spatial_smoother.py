"""`SpatialSmoother`: a Gaussian over space."""

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.fmri._pending import with_values
from sklearn_neurofuse.fmri._smoothed_series import SmoothedSeries
from sklearn_neurofuse.recordings import RecordingTransformer


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
    refuses_after = {"confounds_regressed": "put SpatialSmoother before ConfoundRegressor"}
    libraries = ("nilearn",)

    def __init__(self, fwhm=6.0):
        self.fwhm = fwhm

    @property
    def adds(self):
        """What the step does: nothing without a width."""
        return () if self.fwhm is None else ("smoothed",)

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
            Its values are smoothed when they are first asked for.
        """
        if self.fwhm is None:
            return recording
        img = recording.img
        series = SmoothedSeries(img.dataobj, img.affine, self.fwhm)
        return recording.replace(img=with_values(img, series))
