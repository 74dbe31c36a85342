"""`TrialBetas`: one map for each trial, from a general linear model of the whole run."""

import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.fmri._confound_plan import take_apart
from sklearn_neurofuse.fmri._design import (
    HRFS,
    full_energy,
    nuisance_columns,
    refuse_low_pass,
    trial_columns,
)
from sklearn_neurofuse.fmri._output import as_rows, as_volumes, check_output, on_grid
from sklearn_neurofuse.fmri._percent import percent_scale
from sklearn_neurofuse.recordings import SampleExtractor, Samples, check_onsets
from sklearn_neurofuse.signal._glm import trial_models

_CHUNK_VOXELS = 1 << 13


class TrialBetas(SampleExtractor):
    r"""Estimate the response to each trial, all trials of a run in one model.

    Volume :math:`k` stands for the time :math:`s + (k + r) T_R`, with the start time :math:`s` of
    the run and the slice time reference :math:`r`. Beside the trials the model has slow drift
    (cosines), a constant, the columns of a `ConfoundRegressor` before, and one column for each
    volume that was scrubbed or is a dummy. ``"lss"`` fits one model for each trial, of its own
    response and the sum of all others [1]_; ``"lsa"`` one model with a response for each trial.
    Other events are one regressor, never split by what is to be predicted.

    Parameters
    ----------
    method : {"lss", "lsa"}, default="lss"
        A model for each trial, better where responses overlap, or one for all.
    hrf : {"glover", "spm"} or callable, default="glover"
        Haemodynamic response, as :func:`nilearn.glm.first_level.compute_regressor` takes it; a
        callable is given the repetition time and the oversampling and returns the response.
    effect : {"t", "beta"}, default="t"
        Over its standard error [2]_, or in percent signal change at the peak of the response.
    high_pass : float, default=1/128
        Cut-off of the drift in Hz; that of a `ConfoundRegressor` where it is higher.
    max_inflation : float, default=10.0
        A trial whose variance is larger than this many times that of the same response measured
        whole and undisturbed is missing.
    mask_img : nibabel image or path-like, default=None
        A fixed mask for all recordings: volumes are cropped to it and zero outside. None is the
        template's where the run lies in ``MNI152NLin2009aSym``, else no mask.
    resolution : float, default=None
        Edge of a voxel in mm to which the maps are resampled; None keeps the grid.
    standardize : {"recording", "subject"} or None, default=None
        Centre and scale each voxel over all trials of a recording or subject. No labels are used,
        but test samples are (transductive).
    n_jobs : int, default=None
        Recordings processed in parallel.
    verbose : bool, default=False
        Whether to show a progress bar that counts recordings.

    Raises
    ------
    ValueError
        If an event lies outside its recording, a low-pass filter stands before, there are more
        regressors than volumes, or percent is asked of series without a mean.

    See Also
    --------
    VolumeWindow : Without a model.
    ConfoundRegressor : Whose columns enter the model.

    Notes
    -----
    Noise is taken for white (``noise_model="ols"`` in nilearn). Percent is of the mean of the
    voxel over the run, or of a quarter of the 98th percentile of the mean volume where the voxel
    is darker, so that air does not count. A voxel that is constant or not finite is zero.

    References
    ----------
    .. [1] Mumford JA et al., Deconvolving BOLD activation in event-related designs for multivoxel
       pattern classification analyses. NeuroImage 59 (2012) 2636-2643.
       doi:10.1016/j.neuroimage.2011.08.076
    .. [2] Misaki M et al., Comparison of multivariate classifiers and response normalizations for
       pattern-information fMRI. NeuroImage 53 (2010) 103-118.
       doi:10.1016/j.neuroimage.2010.05.051

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_neurofuse import BoldRun, Recordings
    >>> from sklearn_neurofuse.fmri import TrialBetas
    >>> volumes = np.random.default_rng(0).normal(100.0, 1.0, (4, 4, 3, 60))
    >>> run = BoldRun(nib.Nifti1Image(volumes.astype(np.float32), np.eye(4)), t_r=2.0)
    >>> events = pd.DataFrame({"onset": [8.0, 30.0, 50.0, 119.0], "duration": 1.0})
    >>> maps = TrialBetas().fit_transform(Recordings([run], [events]))
    >>> maps.shape, maps.present
    ((4, 4, 4, 3), array([ True,  True,  True, False]))
    """

    kind = "bold"
    libraries = ("nilearn", "nibabel", "scipy")

    def __init__(
        self,
        method="lss",
        hrf="glover",
        *,
        effect="t",
        high_pass=1 / 128,
        max_inflation=10.0,
        mask_img=None,
        resolution=None,
        standardize=None,
        n_jobs=None,
        verbose=False,
    ):
        self.method = method
        self.hrf = hrf
        self.effect = effect
        self.high_pass = high_pass
        self.max_inflation = max_inflation
        self.mask_img = mask_img
        self.resolution = resolution
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.verbose = verbose

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_choice(self, "method", self.method, ("lss", "lsa"))
        check_choice(self, "hrf", self.hrf, HRFS, allow_callable=True)
        check_choice(self, "effect", self.effect, ("t", "beta"))
        check_number(self, "high_pass", self.high_pass, low=0, closed="neither", unit="Hz")
        check_number(self, "max_inflation", self.max_inflation, low=1)
        check_output(self)

    def extract(self, recording, events, context):
        """Estimate the responses of one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        events : DataFrame
            All events, ``onset`` and ``duration`` in s.
        context : object
            For figures of quality.

        Returns
        -------
        Samples
            Maps of shape (n_events, x, y, z), float32.
        """
        check_onsets(events, recording.duration, recording.start_time)
        series, plan = take_apart(recording)
        refuse_low_pass(plan, "TrialBetas")
        trials = trial_columns(recording, events, self.hrf)
        nuisance = nuisance_columns(recording, plan, self.high_pass)
        models = trial_models(trials, nuisance, separate=self.method == "lss")
        if models.dof.min() < 1:
            raise ValueError(
                f"{recording.n_volumes} volumes are too few for {nuisance.shape[1]} nuisance "
                f"regressors and the trials of method={self.method!r}; take fewer confounds"
            )
        inflation = models.variance * full_energy(events, recording.t_r, self.hrf)
        reasons = self._reasons(inflation)
        maps = as_volumes(self._maps(models, series, plan), series)
        data, space = on_grid(maps, recording, self.mask_img, self.resolution)
        data[sorted(reasons)] = np.nan
        context.report(
            n_events=len(events),
            n_missing=len(reasons),
            n_regressors=nuisance.shape[1],
            degrees_of_freedom=int(models.dof.min()),
            inflation=[float(each) if np.isfinite(each) else None for each in inflation],
        )
        return Samples(data, space, reasons)

    def _maps(self, models, series, plan):
        rows = as_rows(series)
        scale = percent_scale(rows, plan.n_dummy) if self.effect == "beta" else None
        maps = np.empty((models.left.shape[1], len(rows)), dtype=np.float32)
        for start in range(0, len(rows), _CHUNK_VOXELS):
            piece = slice(start, start + _CHUNK_VOXELS)
            values = np.nan_to_num(rows[piece].T.astype(float), posinf=0.0, neginf=0.0)
            betas, t = models.solve(values)
            maps[:, piece] = t if scale is None else betas * scale[piece]
        return maps

    def _reasons(self, inflation):
        return {
            row: (
                f"its variance is {inflation[row]:.3g} times that of an undisturbed response, more "
                f"than {self.max_inflation:g}: it is cut off, scrubbed, or not to be told from "
                "other events and confounds"
            )
            for row in np.flatnonzero(~(inflation <= self.max_inflation)).tolist()
        }
