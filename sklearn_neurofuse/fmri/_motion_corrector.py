"""`MotionCorrector`: rigid realignment of the volumes of a run."""

from numbers import Integral
from os import PathLike

import nibabel as nib
import numpy as np
import pandas as pd
from nibabel.spatialimages import SpatialImage
from nilearn.image import resample_to_img

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.fmri._pending import (
    PendingSeries,
    RealignedSeries,
    TimedSeries,
    read_series,
    with_values,
)
from sklearn_neurofuse.fmri._quality import brain_voxels, voxel_tsnr
from sklearn_neurofuse.fmri._series import check_shape, check_values
from sklearn_neurofuse.recordings import RecordingTransformer
from sklearn_neurofuse.signal import _motion
from sklearn_neurofuse.signal._nuisances import nuisances_of
from sklearn_neurofuse.signal._realignment import realign
from sklearn_neurofuse.signal._resampling import sample_series, to_voxel_maps
from sklearn_neurofuse.signal._rigid import centred_affine

# voxels along an axis that can be aligned
_SMALLEST = 4
# volumes whose noise is looked at
_N_LOOKED_AT = 64


class MotionCorrector(RecordingTransformer):
    r"""Realign the volumes of a run as rigid bodies, and resample them once.

    Each volume is aligned to the reference by Gauss-Newton steps on the reference's derivatives,
    from a rough scale (which survives jumps of centimetres) to the full one, with a gain and an
    offset against drift and Huber's weights against what moves for other reasons [1]_, [2]_. A
    last step tells movement from shading, a smooth gain over the volume, such as heart and breath
    make; where slice times are known, also from movement while the volume is acquired [3]_, so
    that what is found is the mean place over the slices. Motion is estimated on the series as it
    was before slice timing correction, wherever that stands.

    Parameters
    ----------
    reference : {"mean", "first"}, int, nibabel image or path-like, default="mean"
        What to align to: the mean of volumes that were aligned to the most typical one, the
        first steady volume, one by its number, or an image of the same contrast.
    order : int, default=3
        Of the B-splines that resample, in [1, 5].
    n_jobs : int, default=None
        Threads that share the volumes.

    Raises
    ------
    ValueError
        If a run has fewer than two volumes or four voxels along an axis, or a volume is
        constant or not finite.

    See Also
    --------
    motion_affines : The affines of its confounds.
    TemplateNormalizer : Resamples motion and normalisation in one step where it follows.

    Notes
    -----
    The confounds of the run get ``trans_x`` to ``trans_z`` (mm), ``rot_x`` to ``rot_z`` (rad),
    ``framewise_displacement`` (Power) and ``rmsd`` (Jenkinson) as fMRIPrep names and defines
    them; rotations are about the centre of the grid. Where a voxel leaves the field of view, the
    border goes on. Distortion that changes with position is not corrected.

    References
    ----------
    .. [1] Friston KJ et al., Movement-related effects in fMRI time-series. Magn Reson Med 35
       (1996) 346-355. doi:10.1002/mrm.1910350312
    .. [2] Jenkinson M et al., Improved optimization for the robust and accurate linear
       registration and motion correction of brain images. NeuroImage 17 (2002) 825-841.
       doi:10.1006/nimg.2002.1132
    .. [3] Kim B et al., Motion correction in fMRI via registration of individual slices into an
       anatomical volume. Magn Reson Med 41 (1999) 964-972.
       doi:10.1002/(SICI)1522-2594(199905)41:5<964::AID-MRM16>3.0.CO;2-D

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from scipy.ndimage import gaussian_filter, shift
    >>> from sklearn_neurofuse import BoldRun, Recordings
    >>> from sklearn_neurofuse.fmri import MotionCorrector
    >>> head = gaussian_filter(np.random.default_rng(0).uniform(size=(24, 24, 16)), 2.0)
    >>> series = np.stack([head, shift(head, (0.5, 0, 0), mode="nearest")], axis=-1)
    >>> run = BoldRun(nib.Nifti1Image(series, np.diag([3.0, 3.0, 3.0, 1.0])), t_r=2.0)
    >>> run = MotionCorrector("first").fit_transform(Recordings([run])).load(0)
    >>> bool(abs(abs(run.confounds["trans_x"][1]) - 1.5) < 0.02)
    True
    """

    kind = "bold"
    adds = ("motion_corrected",)
    expensive = True
    refuses_after = {
        "smoothed": "put MotionCorrector before SpatialSmoother",
        "normalized": "put MotionCorrector before TemplateNormalizer",
        "confounds_regressed": "put MotionCorrector before ConfoundRegressor",
    }
    libraries = ("scipy", "nilearn")

    def __init__(self, reference="mean", *, order=3, n_jobs=None):
        self.reference = reference
        self.order = order
        self.n_jobs = n_jobs

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_number(self, "order", self.order, low=1, high=5, integer=True)
        if isinstance(self.reference, Integral):
            check_number(self, "reference", self.reference, low=0, integer=True)
        elif isinstance(self.reference, str) and not _is_file_name(self.reference):
            check_choice(self, "reference", self.reference, ("mean", "first"))
        elif not isinstance(self.reference, (str, PathLike, SpatialImage)):
            raise TypeError(
                "MotionCorrector: reference must be 'mean', 'first', an integer, an image or the "
                f"path of one, got {type(self.reference).__name__}"
            )

    def transform_recording(self, recording, context):
        """Realign one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        context : object
            For figures of quality.

        Returns
        -------
        BoldRun
            Its image is resampled when its values are first asked for.
        """
        img = recording.img
        check_shape(img.shape, _SMALLEST)
        # interpolation between volumes would blur motion over time
        raw = img.dataobj.before_timing if isinstance(img.dataobj, PendingSeries) else img.dataobj
        series, _ = read_series(raw)
        check_values(series)
        affine = centred_affine(img.affine, img.shape)
        movements, mismatch, target = realign(
            series,
            affine,
            self._target(series, recording),
            range(recording.n_dummy, recording.n_volumes),
            self.n_jobs,
            nuisances_of(img.shape[:3], *_slice_times(recording)),
        )
        table, maps = _motion_table(movements, img), to_voxel_maps(movements, affine)
        _report(context, series[..., recording.n_dummy :], target, maps[recording.n_dummy :])
        _report_motion(context, table, mismatch)
        pending = RealignedSeries(img.dataobj, maps, self.order, self.n_jobs)
        return recording.replace(
            img=with_values(img, pending), confounds=_joined(recording.confounds, table)
        )

    def _target(self, series, recording):
        reference = self.reference
        if isinstance(reference, str) and reference == "mean":
            return None
        if isinstance(reference, str) and reference == "first":
            reference = recording.n_dummy
        if isinstance(reference, Integral):
            if reference >= series.shape[3]:
                raise ValueError(
                    f"reference must be in [0, {series.shape[3]}), the number of volumes, "
                    f"got {reference}"
                )
            return np.array(series[..., int(reference)])
        grid = nib.Nifti1Image(np.zeros(series.shape[:3], np.float32), recording.img.affine)
        target = resample_to_img(reference, grid, interpolation="continuous")
        return np.asanyarray(target.dataobj, dtype=np.float32)


def _slice_times(recording):
    """Give when slices were acquired, in volumes, and their axis; None where that is not known."""
    waiting, times = recording.img.dataobj, recording.slice_times
    if isinstance(waiting, TimedSeries):
        return -waiting.delays, waiting.axis
    if times is None or len(times) != recording.img.shape[2]:
        return None, 2
    return np.asarray(times) / recording.t_r, 2


def _motion_table(movements, img):
    frame = _motion.fsl_frame(img.affine, img.shape)
    center = np.eye(4)
    center[:3, 3] = frame[:3, 3]
    affines = center @ np.linalg.inv(movements) @ np.linalg.inv(center)
    parameters = _motion.parameters_of(affines, frame)
    table = pd.DataFrame(parameters, columns=list(_motion.PARAMETERS))
    table["framewise_displacement"] = _motion.power_displacement(parameters)
    table["rmsd"] = _motion.jenkinson_displacement(parameters)
    return table


def _joined(confounds, table):
    if confounds is None:
        return table
    others = [name for name in confounds if name not in table]
    return pd.concat([confounds[others], table], axis=1)


def _report(context, series, target, maps):
    every = slice(None, None, -(-series.shape[3] // _N_LOOKED_AT))
    places = brain_voxels(target, n_voxels=2000).T
    before = series[(*places, every)]
    after = sample_series(series[..., every], maps[every], places)
    # with two volumes, a straight line leaves nothing
    context.report(tsnr_before=_median_tsnr(before), tsnr_after=_median_tsnr(after))


def _median_tsnr(samples):
    if samples.shape[1] < 3:
        return None
    return float(np.median(voxel_tsnr(samples)))


def _report_motion(context, table, mismatch):
    displacement = table["framewise_displacement"].to_numpy()
    context.report(
        mean_framewise_displacement=float(np.nanmean(displacement)),
        max_framewise_displacement=float(np.nanmax(displacement)),
        framewise_displacement=displacement[1:].tolist(),
        mismatch=mismatch.tolist(),
    )


def _is_file_name(text):
    return text.lower().endswith((".nii", ".nii.gz", ".img", ".hdr"))
