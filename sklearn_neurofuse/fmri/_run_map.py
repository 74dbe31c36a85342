"""`RunMap`: one map for each run."""

import numpy as np
from nilearn.glm import expression_to_contrast_vector

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.fmri._checks import check_bold
from sklearn_neurofuse.fmri._confound_plan import take_apart
from sklearn_neurofuse.fmri._design import HRFS, nuisance_columns, refuse_low_pass, trial_columns
from sklearn_neurofuse.fmri._output import as_rows, as_volumes, brain_level, check_output, on_grid
from sklearn_neurofuse.fmri._percent import mean_over_time, percent_scale
from sklearn_neurofuse.recordings import SampleExtractor, Samples, check_onsets
from sklearn_neurofuse.signal._fluctuation import fluctuation
from sklearn_neurofuse.signal._glm import contrast_effect

_CHUNK_VOXELS = 1 << 13


class RunMap(SampleExtractor):
    """Take one map from each run, for classes that belong to people or states.

    Parameters
    ----------
    kind : {"mean", "alff", "falff", "contrast"}, default="mean"
        The mean volume, its brain scaled to 100; the mean amplitude of slow fluctuations, in
        percent [1]_; their share in all fluctuations [2]_; or a contrast between types of events,
        from a general linear model.
    contrast : str, default=None
        With ``kind="contrast"`` types of events, such as ``"task - rest"`` or ``"faces"``.
    band : tuple of (float, float), default=(0.01, 0.08)
        Slow frequencies in Hz, for ``"alff"`` and ``"falff"``.
    hrf : {"glover", "spm"} or callable, default="glover"
        Haemodynamic response of the contrast, as of `TrialBetas`.
    effect : {"t", "beta"}, default="t"
        Of the contrast: over its standard error, or in percent signal change.
    high_pass : float, default=1/128
        Cut-off of the contrast's drift in Hz; that of a `ConfoundRegressor` where it is higher.
    mask_img : nibabel image or path-like, default=None
        A fixed mask for all recordings, as of `TrialBetas`.
    resolution : float, default=None
        Edge of a voxel in mm to which the maps are resampled; None keeps the grid.
    n_jobs : int, default=None
        Recordings processed in parallel.
    verbose : bool, default=False
        Whether to show a progress bar that counts recordings.

    Raises
    ------
    ValueError
        If a contrast is missing or names types that a run lacks, the band lies outside what the
        run tells of, ``"falff"`` or a contrast stands after a low-pass filter, or percent is asked
        of series without a mean.

    See Also
    --------
    TrialBetas : One map for each event.

    Notes
    -----
    A contrast takes the columns of a `ConfoundRegressor` before it into its model; the other maps
    come from the series that it cleaned. A contrast must not be between the classes that are to
    be predicted.

    References
    ----------
    .. [1] Zang YF et al., Altered baseline brain activity in children with ADHD revealed by
       resting-state functional MRI. Brain Dev 29 (2007) 83-91. doi:10.1016/j.braindev.2006.07.002
    .. [2] Zou QH et al., An improved approach to detection of amplitude of low-frequency
       fluctuation (ALFF) for resting-state fMRI: fractional ALFF. J Neurosci Methods 172 (2008)
       137-141. doi:10.1016/j.jneumeth.2008.04.012

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from sklearn_neurofuse import BoldRun, Recordings
    >>> from sklearn_neurofuse.fmri import RunMap
    >>> volumes = np.random.default_rng(0).normal(500.0, 5.0, (4, 4, 3, 60))
    >>> run = BoldRun(nib.Nifti1Image(volumes.astype(np.float32), np.eye(4)), t_r=2.0)
    >>> maps = RunMap().fit_transform(Recordings([run]))
    >>> maps.shape, round(float(maps.data.mean()))
    ((1, 4, 4, 3), 100)
    """

    per = "recording"
    libraries = ("nilearn", "nibabel", "scipy")

    def __init__(
        self,
        kind="mean",
        contrast=None,
        *,
        band=(0.01, 0.08),
        hrf="glover",
        effect="t",
        high_pass=1 / 128,
        mask_img=None,
        resolution=None,
        n_jobs=None,
        verbose=False,
    ):
        self.kind = kind
        self.contrast = contrast
        self.band = band
        self.hrf = hrf
        self.effect = effect
        self.high_pass = high_pass
        self.mask_img = mask_img
        self.resolution = resolution
        self.n_jobs = n_jobs
        self.verbose = verbose

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
        check_choice(self, "kind", self.kind, _KINDS)
        if (self.kind == "contrast") != isinstance(self.contrast, str):
            raise ValueError(
                "RunMap: contrast must be a text such as 'task - rest' with kind='contrast' and "
                f"None with others, got {self.contrast!r} with kind={self.kind!r}"
            )
        if not isinstance(self.band, (tuple, list)) or len(self.band) != 2:
            raise ValueError(f"RunMap: band must be a pair (low, high) in Hz, got {self.band!r}")
        low, high = self.band
        check_number(self, "band", low, low=0, unit="Hz")
        check_number(self, "band", high, low=low, closed="neither", unit="Hz")
        check_choice(self, "hrf", self.hrf, HRFS, allow_callable=True)
        check_choice(self, "effect", self.effect, ("t", "beta"))
        check_number(self, "high_pass", self.high_pass, low=0, closed="neither", unit="Hz")
        check_output(self)

    def extract(self, recording, events, context):
        """Take the map of one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        events : DataFrame or None
            Its events, which a contrast needs.
        context : object
            For figures of quality.

        Returns
        -------
        Samples
            One map of shape (1, x, y, z), float32.
        """
        values, series = _KINDS[self.kind](self, recording, events)
        maps = as_volumes(values.astype(np.float32)[None], series)
        data, space = on_grid(maps, recording, self.mask_img, self.resolution)
        context.report(n_volumes=recording.n_volumes - recording.n_dummy)
        return Samples(data, space)


def _mean(step, run, events):
    series = run.get_data()
    mean = mean_over_time(as_rows(series), run.n_dummy)
    return 100.0 * mean / brain_level(mean), series


def _fluctuation(step, run, events):
    _, plan = take_apart(run)
    if step.kind == "falff":
        refuse_low_pass(plan, "RunMap(kind='falff')")
    series = run.get_data()
    rows = as_rows(series)
    scale = percent_scale(rows, run.n_dummy) if step.kind == "alff" else np.ones(len(rows))
    result = np.empty(len(rows))
    for start in range(0, len(rows), _CHUNK_VOXELS):
        piece = slice(start, start + _CHUNK_VOXELS)
        values = _finite(rows[piece, run.n_dummy :])
        result[piece] = fluctuation(values, run.t_r, step.band, step.kind == "falff")
    return result * scale, series


def _contrast(step, run, events):
    if events is None or len(events) == 0:
        raise ValueError("a contrast needs events; give them as Recordings([run], [table])")
    check_onsets(events, run.duration, run.start_time)
    if "trial_type" not in events:
        raise ValueError("a contrast needs a column trial_type in the events")
    series, plan = take_apart(run)
    refuse_low_pass(plan, "RunMap(kind='contrast')")
    kinds = events["trial_type"].astype(str).to_numpy()
    names = sorted(set(kinds))
    columns = trial_columns(run, events, step.hrf)
    tasks = np.column_stack([columns[:, kinds == name].sum(axis=1) for name in names])
    design = np.hstack([tasks, nuisance_columns(run, plan, step.high_pass)])
    weights = np.zeros(design.shape[1])
    weights[: len(names)] = _weights(step.contrast, names)
    rows = as_rows(series)
    result = np.empty(len(rows))
    for start in range(0, len(rows), _CHUNK_VOXELS):
        piece = slice(start, start + _CHUNK_VOXELS)
        effect, t = contrast_effect(design, weights, _finite(rows[piece]))
        result[piece] = t if step.effect == "t" else effect
    if step.effect == "beta":
        result *= percent_scale(rows, run.n_dummy)
    return result, series


def _finite(rows):
    return np.nan_to_num(rows.T.astype(float), posinf=0.0, neginf=0.0)


def _weights(contrast, names):
    try:
        weights = np.asarray(expression_to_contrast_vector(contrast, names), dtype=float)
    except Exception as error:
        # pandas, which evaluates it, raises errors of its own
        raise ValueError(
            f"the contrast {contrast!r} must be made of the types of events of the run, "
            f"{', '.join(map(repr, names))}: {error}"
        ) from error
    if not weights.any():
        raise ValueError(f"the contrast {contrast!r} is zero")
    return weights


_KINDS = {
    "mean": _mean,
    "alff": _fluctuation,
    "falff": _fluctuation,
    "contrast": _contrast,
}
