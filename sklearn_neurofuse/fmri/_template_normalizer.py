"""`TemplateNormalizer`: brings runs to a template."""

import os

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine, voxel_sizes
from scipy import ndimage

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.fmri._brain import epi_brain, strip_anatomical
from sklearn_neurofuse.fmri._checks import check_bold
from sklearn_neurofuse.fmri._pending import mean_volume, warped
from sklearn_neurofuse.fmri._registration import (
    match_contrast,
    register_affine,
    register_warp,
)
from sklearn_neurofuse.fmri._template import load_template, space_name, with_space
from sklearn_neurofuse.fmri._template_transform import TemplateTransform
from sklearn_neurofuse.recordings import RecordingTransformer

# registered at this voxel size in mm, whatever the result has
_EDGE = 2.0
# beyond the brain, so that smoothing and registration find values at its border
_GROWN_MM = 8.0


class TemplateNormalizer(RecordingTransformer):
    """Bring runs to a template, in one interpolation with the motion correction before it.

    The mean volume of the run is registered to the template by dipy: an affine by mutual
    information [1]_ on a tenth of the voxels, then, where asked for, a symmetric diffeomorphic
    warp by local cross-correlation (SyN) [2]_. The brain in EPI is found by nilearn.

    Parameters
    ----------
    template : str, nibabel image or path-like, default="MNI152"
        ``"MNI152"`` is the template that comes with nilearn, by its exact name
        ``"MNI152NLin2009aSym"``; ``"MNI152NLin2009cAsym"`` (fMRIPrep) and ``"MNI152NLin6Asym"``
        (FSL, HCP) are taken from the local folder of TemplateFlow, nothing is downloaded. An
        image is T1-weighted and skull-stripped, or comes with `template_mask`.
    resolution : float, default=3.0
        Edge of the voxels of the result in mm.
    kind : {"affine", "syn"}, default="affine"
        Twelve parameters, or these and a warp.
    via : {"mean_epi", "anatomical"}, default="mean_epi"
        What is registered to the template: the mean volume itself, or the T1-weighted image on
        ``BoldRun(anatomical=...)``, to which the mean volume is aligned by six parameters.
    space : str, default=None
        Name of the coordinates of a template given as an image, such as
        ``"MNI152NLin2009cAsym"``. None takes it from a file name with ``tpl-`` or ``space-``.
    template_mask : nibabel image or path-like, default=None
        The brain of a template given as an image; None is where that is positive.
    order : int, default=3
        Of the B-splines that resample, in [1, 5].
    n_jobs : int, default=None
        Threads that share the volumes.

    Raises
    ------
    ValueError
        If the template is unknown or has no name, no brain is found, the anatomical image is
        missing, or run and template do not overlap.
    FileNotFoundError
        If a template or anatomical image is not there.

    See Also
    --------
    TemplateTransform : What `estimate` gives.

    Notes
    -----
    The result lies on one fixed grid around the template's brain; values stand in the brain and
    8 mm around it, so that smoothing finds values at the border, and are zero elsewhere. The
    extractors then keep the template's fixed mask, never one that depends on the data. The run
    remembers the exact name of its space.

    The bias field of an anatomical image is taken off by ``dipy.denoise.bias_correction``; a whole
    head is then stripped by the template's mask, brought to it by an affine registration, and one
    that was stripped before keeps its mask. Distortion of EPI is not corrected: use fMRIPrep's
    output where it matters.

    For a warp the template is given the contrast of the run, voxels between those of the run are
    found by cubic splines, and detail below about 5 mm, which voxels of EPI do not hold, is
    smoothed away in the volumes as in the warp: what is left of it would be noise.

    ``quality`` tells the affine, the largest displacement of the warp in mm, the ``coverage``
    (the share of the template's brain inside the field of view), the ``overlap`` (Dice) of the
    brains, and their ``correlation`` once contrasts are matched.

    References
    ----------
    .. [1] Mattes D et al., PET-CT image registration in the chest using free-form deformations.
       IEEE Trans Med Imaging 22 (2003) 120-128. doi:10.1109/TMI.2003.809072
    .. [2] Avants BB et al., Symmetric diffeomorphic image registration with cross-correlation.
       Med Image Anal 12 (2008) 26-41. doi:10.1016/j.media.2007.06.004

    Examples
    --------
    >>> from sklearn_neurofuse.fmri import TemplateNormalizer
    >>> TemplateNormalizer("MNI152NLin2009bSym").check_parameters()
    Traceback (most recent call last):
    ...
    ValueError: TemplateNormalizer: template must be one of 'MNI152', 'MNI152NLin2009aSym',
    'MNI152NLin2009cAsym', 'MNI152NLin6Asym', an image or the path of one, got
    'MNI152NLin2009bSym'; did you mean 'MNI152NLin2009aSym'?
    """

    adds = ("normalized",)
    refuses_after = {
        "smoothed": "put TemplateNormalizer before SpatialSmoother",
        "confounds_regressed": "put TemplateNormalizer before ConfoundRegressor",
    }
    expensive = True
    libraries = ("dipy", "nilearn", "scipy")

    def __init__(
        self,
        template="MNI152",
        resolution=3.0,
        *,
        kind="affine",
        via="mean_epi",
        space=None,
        template_mask=None,
        order=3,
        n_jobs=None,
    ):
        self.template = template
        self.resolution = resolution
        self.kind = kind
        self.via = via
        self.space = space
        self.template_mask = template_mask
        self.order = order
        self.n_jobs = n_jobs

    def check_kind(self, kind):
        """Raise TypeError unless recordings are BOLD runs.

        Parameters
        ----------
        kind : {"bold", "eeg"}
            What the recordings are.
        """
        check_bold(self, kind)

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_number(self, "resolution", self.resolution, low=0.5, high=20.0, unit="mm")
        check_choice(self, "kind", self.kind, ("affine", "syn"))
        check_choice(self, "via", self.via, ("mean_epi", "anatomical"))
        check_number(self, "order", self.order, low=1, high=5, integer=True)
        space_name(self.template, self.space)

    def transform_recording(self, recording, context):
        """Bring one run to the template.

        Parameters
        ----------
        recording : BoldRun
            The run.
        context : object
            For figures of quality.

        Returns
        -------
        BoldRun
            On the grid of the template.
        """
        brain = _Brain(recording)
        transform = self._estimate(recording, brain)
        target = self._load(self.resolution)
        to_run = transform.places(target.affine, target.data.shape)
        _report(context, brain, transform, target, to_run)
        grown = ndimage.distance_transform_edt(~target.mask) * self.resolution <= _GROWN_MM
        img = warped(
            recording.img,
            to_run,
            target.affine,
            target.data.shape,
            mask=grown,
            order=self.order,
            n_jobs=self.n_jobs,
        )
        return recording.replace(
            img=img,
            done=with_space(recording.done, target.space),
            # slices of the template were acquired at no one time
            slice_times=None,
            slice_time_ref=recording.slice_time_ref,
        )

    def estimate(self, run):
        """Register a run and give the transform, to be looked at, saved or used elsewhere.

        Parameters
        ----------
        run : BoldRun
            The run, such as ``recordings.load(0)`` gives it before this step.

        Returns
        -------
        TemplateTransform
            The same that the step uses.
        """
        self.check_parameters()
        return self._estimate(run, _Brain(run))

    def _load(self, resolution):
        return load_template(self.template, resolution, self.space, self.template_mask)

    def _estimate(self, run, brain):
        template = self._load(_EDGE)
        if self.via == "mean_epi":
            data, affine, to_run = brain.grown, brain.affine, np.eye(4)
        else:
            data, affine = _read_anatomical(run)
            data = strip_anatomical(data, affine, template)
            to_run = register_affine(data, affine, brain.data, brain.affine, rigid=True)
        found = register_affine(template.data, template.affine, data, affine)
        if self.kind == "affine":
            return TemplateTransform(to_run @ found)
        places = TemplateTransform(found).places(template.affine, template.data.shape)
        # voxels may be coarse: straight lines between them would blur some places more than others
        values, inside = _sampled(data, affine, places, order=3)
        warp = register_warp(template, values, inside)
        return TemplateTransform(to_run @ found, warp, template.affine)


class _Brain:
    """The mean volume of a run without what is around the brain."""

    def __init__(self, run):
        volume = mean_volume(run)
        self.affine = run.img.affine
        self.mask = epi_brain(volume, self.affine)
        self.data = np.where(self.mask, volume, np.float32(0))
        # a mask that cuts a little off would be taken for the edge of the brain
        away = ndimage.distance_transform_edt(~self.mask, sampling=voxel_sizes(self.affine))
        self.grown = np.where(away <= _GROWN_MM, volume, np.float32(0))


def _read_anatomical(run):
    if run.anatomical is None:
        raise ValueError(
            "via='anatomical' needs the T1-weighted image of the person as "
            "BoldRun(anatomical=...); without one use via='mean_epi'"
        )
    is_path = isinstance(run.anatomical, (str, os.PathLike))
    img = nib.load(run.anatomical) if is_path else run.anatomical
    if len(img.shape) != 3:
        raise ValueError(f"the anatomical image must be 3-D, got shape {img.shape}")
    return np.asanyarray(img.dataobj, dtype=np.float32), img.affine


def _sampled(volume, affine, places, order=1):
    """Interpolate a volume at places in mm; tell which lie inside."""
    voxels = np.moveaxis(apply_affine(np.linalg.inv(affine), places), -1, 0)
    last = np.array(volume.shape).reshape(3, 1, 1, 1) - 0.5
    inside = ((voxels >= -0.5) & (voxels <= last)).all(axis=0)
    values = ndimage.map_coordinates(volume, voxels, order=order, output=np.float32, mode="nearest")
    return np.where(inside, values, np.float32(0)), inside


def _report(context, brain, transform, target, to_run):
    values, inside = _sampled(brain.data, brain.affine, to_run)
    mask, _ = _sampled(brain.mask.astype(np.float32), brain.affine, to_run)
    seen, found = target.mask & inside, (mask > 0.5) & inside
    if not (seen & found).any():
        raise ValueError(
            "run and template do not overlap; look at the affine of the image, and whether it "
            "holds a head"
        )
    matched = match_contrast(target, values, seen & found)[seen & found]
    told = np.corrcoef(matched, values[seen & found])[0, 1] if np.ptp(matched) > 0 else 0.0
    warp = transform.warp
    context.report(
        space=target.space,
        coverage=float(seen.sum() / target.mask.sum()),
        overlap=float(2 * (seen & found).sum() / (seen.sum() + found.sum())),
        correlation=float(told),
        affine=transform.affine.tolist(),
        largest_warp=0.0 if warp is None else float(np.linalg.norm(warp, axis=-1).max()),
    )
