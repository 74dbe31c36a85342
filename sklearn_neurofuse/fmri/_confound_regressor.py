"""`ConfoundRegressor`: chooses what is no brain signal, and has it taken off in one step."""

import numpy as np
import pandas as pd

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.fmri._affine_files import framewise_displacement, motion_parameters
from sklearn_neurofuse.fmri._compcor import comp_cor, global_signal
from sklearn_neurofuse.fmri._confound_plan import SCRUBBED, CleanedSeries, ConfoundPlan
from sklearn_neurofuse.fmri._pending import with_values
from sklearn_neurofuse.fmri._quality import brain_voxels, voxel_tsnr
from sklearn_neurofuse.recordings import RecordingTransformer

_MOTION = (0, 6, 12, 24)
_GLOBAL, _DISPLACEMENT = "global_signal", "framewise_displacement"
_N_VOXELS = 300


class ConfoundRegressor(RecordingTransformer):
    """Attach confounds to a run, and have them taken off where that is right.

    What follows decides: `TrialBetas` and the contrast of `RunMap` take the columns into their one
    model; `ParcelConnectome` filters and regresses the parcels' signals in one step; whatever
    asks for the values of the series gets it cleaned by :func:`nilearn.signal.clean`, filter and
    regression in one step, with its mean.

    Parameters
    ----------
    motion : {6, 12, 24, 0}, default=6
        The six parameters of motion; with their changes from volume to volume; with the squares
        of all twelve [1]_; or none.
    compcor : int, default=None
        Number of components of noise [2]_: fMRIPrep's ``a_comp_cor`` where the table has them,
        else of the unsmoothed series in `noise_mask`.
    noise_mask : nibabel image or path-like, default=None
        Where noise is sought. None is the template's white matter and fluid, eroded, in
        ``MNI152NLin2009aSym``, and elsewhere the two percent of the brain that vary most.
    global_signal : bool, default=False
        Whether to take the mean over the brain.
    high_pass, low_pass : float, default=None
        Limits of a filter in Hz; a low-pass is refused before a general linear model.
    scrub : float, default=None
        Framewise displacement (Power) in mm above which a volume is not used.
    columns : sequence of str, default=()
        More columns of the run's table of confounds, by their names.

    Raises
    ------
    ValueError
        If a column is missing, a limit of the filter is above half the sampling rate, fewer than
        three volumes remain, or CompCor is asked of a series that was smoothed elsewhere.

    See Also
    --------
    MotionCorrector : Estimates motion where the table has none.

    Notes
    -----
    Scrubbing never cuts the series: marked volumes get a column of their own in a model, have no
    part in a connectome, and are interpolated where values are asked for; ``scrubbed`` in the
    run's table marks them. Changes of the first volume, which are not known, are taken from the
    second.

    ``quality`` tells the columns, how many volumes were scrubbed, where CompCor looked, and the
    median tSNR of the brain before and after.

    References
    ----------
    .. [1] Friston KJ et al., Movement-related effects in fMRI time-series. Magn Reson Med 35
       (1996) 346-355. doi:10.1002/mrm.1910350312
    .. [2] Behzadi Y et al., A component based noise correction method (CompCor) for BOLD and
       perfusion based fMRI. NeuroImage 37 (2007) 90-101. doi:10.1016/j.neuroimage.2007.04.042

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_neurofuse import BoldRun, Recordings
    >>> from sklearn_neurofuse.fmri import ConfoundRegressor
    >>> rng = np.random.default_rng(0)
    >>> names = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
    >>> motion = pd.DataFrame(rng.normal(size=(40, 6)), columns=names)
    >>> volumes = 100 + rng.normal(size=(4, 4, 3, 40)) + motion["trans_x"].to_numpy()
    >>> run = BoldRun(nib.Nifti1Image(volumes.astype(np.float32), np.eye(4)), 2.0, confounds=motion)
    >>> cleaned = ConfoundRegressor().fit_transform(Recordings([run])).load(0).get_data()
    >>> bool(abs(np.corrcoef(cleaned[0, 0, 0], motion["trans_x"])[0, 1]) < 1e-3)
    True
    """

    kind = "bold"
    refuses_after = {"low_passed": "low-pass once, in ConfoundRegressor"}
    libraries = ("nilearn",)

    def __init__(
        self,
        motion=6,
        *,
        compcor=None,
        noise_mask=None,
        global_signal=False,
        high_pass=None,
        low_pass=None,
        scrub=None,
        columns=(),
    ):
        self.motion = motion
        self.compcor = compcor
        self.noise_mask = noise_mask
        self.global_signal = global_signal
        self.high_pass = high_pass
        self.low_pass = low_pass
        self.scrub = scrub
        self.columns = columns

    @property
    def adds(self):
        """What the step does, so that a later one can refuse a low-pass."""
        return ("confounds_regressed", *(() if self.low_pass is None else ("low_passed",)))

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_choice(self, "motion", self.motion, _MOTION)
        if self.compcor is not None:
            check_number(self, "compcor", self.compcor, low=1, integer=True)
        check_choice(self, "global_signal", self.global_signal, (True, False))
        for name, unit in (("high_pass", "Hz"), ("low_pass", "Hz"), ("scrub", "mm")):
            if getattr(self, name) is not None:
                check_number(self, name, getattr(self, name), low=0, closed="neither", unit=unit)
        if self.high_pass is not None and self.low_pass is not None:
            check_number(
                self, "high_pass", self.high_pass, high=self.low_pass, closed="neither", unit="Hz"
            )
        if isinstance(self.columns, str):
            raise TypeError(f"ConfoundRegressor: columns must be a list, got {self.columns!r}")

    def transform_recording(self, recording, context):
        """Attach the confounds of one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        context : object
            For figures of quality.

        Returns
        -------
        BoldRun
            Its values are cleaned when they are first asked for.
        """
        self._check_limits(recording.t_r)
        table, mask_told = self._table(recording)
        scrubbed = self._scrubbed(recording)
        plan = ConfoundPlan(
            table.to_numpy(dtype=float),
            scrubbed,
            recording.n_dummy,
            self.high_pass,
            self.low_pass,
            recording.t_r,
        )
        if plan.kept.sum() < 3:
            raise ValueError(
                f"{plan.kept.sum()} of {recording.n_volumes} volumes remain after scrubbing, at "
                f"least 3 are needed; raise scrub above {self.scrub} mm"
            )
        series = recording.get_data()
        _report(context, series, plan, list(table), mask_told)
        table = table.assign(**{SCRUBBED: scrubbed.astype(float)})
        return recording.replace(
            img=with_values(recording.img, CleanedSeries(series, plan)),
            confounds=_joined(recording.confounds, table),
        )

    def _check_limits(self, t_r):
        for name in ("high_pass", "low_pass"):
            if getattr(self, name) is not None:
                high = 0.5 / t_r
                check_number(
                    self, name, getattr(self, name), high=high, closed="neither", unit="Hz"
                )

    def _table(self, run):
        parts, told = [_motion_table(run, self.motion)], None
        if self.compcor is not None:
            columns, told = comp_cor(run, self.compcor, self.noise_mask)
            parts.append(columns)
        if self.global_signal:
            parts.append(global_signal(run, _GLOBAL))
        named = list(self.columns)
        known = () if run.confounds is None else run.confounds.columns
        missing = [name for name in named if name not in known]
        if missing:
            raise ValueError(
                f"the table of confounds has no column {', '.join(map(repr, missing))}; it has "
                f"{', '.join(map(str, known)) or 'none'}"
            )
        if named:
            parts.append(run.confounds[named])
        table = pd.concat(parts, axis=1)
        table = table.loc[:, ~table.columns.duplicated()].astype(float)
        # fMRIPrep writes "n/a" where a change from the volume before is not known
        return table.bfill().fillna(0.0), told

    def _scrubbed(self, run):
        if self.scrub is None:
            return np.zeros(run.n_volumes, dtype=bool)
        if run.confounds is not None and _DISPLACEMENT in run.confounds:
            distance = run.confounds[_DISPLACEMENT].to_numpy(dtype=float)
        else:
            distance = framewise_displacement(motion_parameters(run))
        return np.nan_to_num(distance) > self.scrub


def _motion_table(run, n_columns):
    if n_columns == 0:
        return pd.DataFrame(index=range(run.n_volumes))
    table = pd.DataFrame(motion_parameters(run), columns=_motion_names())
    if n_columns >= 12:
        changes = table.diff().bfill().fillna(0.0).add_suffix("_derivative1")
        table = pd.concat([table, changes], axis=1)
    if n_columns == 24:
        table = pd.concat([table, (table**2).add_suffix("_power2")], axis=1)
    return table


def _motion_names():
    return [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]


def _joined(confounds, table):
    if confounds is None:
        return table
    others = [name for name in confounds if name not in table]
    return pd.concat([confounds[others], table], axis=1)


def _report(context, series, plan, names, mask_told):
    mean = np.nan_to_num(series[..., plan.n_dummy :].mean(axis=3))
    points = brain_voxels(mean, n_voxels=_N_VOXELS)
    before = np.nan_to_num(series[tuple(points.T)].astype(float))
    level = before[:, plan.kept].mean(axis=1, keepdims=True)
    figures = {}
    if len(points):
        after = plan.clean(before.T).T + level
        parts = {"tsnr_before": before[:, plan.kept], "tsnr_after": after}
        figures = {name: float(np.median(voxel_tsnr(part))) for name, part in parts.items()}
    context.report(
        columns=names,
        n_scrubbed=int(plan.scrubbed.sum()),
        scrubbed=np.flatnonzero(plan.scrubbed).tolist(),
        compcor_mask=mask_told,
        **figures,
    )
