"""`VolumeWindow`: the mean volume some seconds after each event."""

import numpy as np

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.fmri._confound_plan import scrubbed_volumes
from sklearn_neurofuse.fmri._output import as_rows, as_volumes, brain_level, check_output, on_grid
from sklearn_neurofuse.fmri._percent import mean_over_time
from sklearn_neurofuse.recordings import SampleExtractor, Samples, check_onsets

_CHUNK_VOXELS = 1 << 16


class VolumeWindow(SampleExtractor):
    r"""Average the volumes in a window after each event, where the haemodynamic response peaks.

    A volume :math:`k` counts for an event at :math:`t` where
    :math:`t_{min} \le s + (k + r)\,T_R - t \le t_{max}`, with the start time :math:`s` of the run
    and the slice time reference :math:`r`; dummy and scrubbed volumes never count.

    Parameters
    ----------
    tmin : float, default=4.0
        Start of the window after the onset, in s.
    tmax : float, default=8.0
        End of the window after the onset, in s; included, as the start is.
    baseline : tuple of (float, float) or None, default=None
        A second window around the onset, in s, whose mean volume is subtracted.
    scale : bool, default=True
        Whether to scale each run so that the brain has a mean of 100 over space and time. The
        brain is where the mean volume exceeds a quarter of its 98th percentile.
    mask_img : nibabel image or path-like, default=None
        A fixed mask for all recordings: volumes are cropped to it and zero outside. It is brought
        to the grid of the volumes. None is the template's where the run lies in
        ``MNI152NLin2009aSym``, else no mask.
    resolution : float, default=None
        Edge of a voxel in mm to which the mean volumes are resampled; None keeps the grid.
        Before the grid gets coarser, volumes are smoothed by what the voxels grow.
    standardize : {"recording", "subject"} or None, default=None
        Centre and scale each voxel over all samples of a recording or subject. No labels are
        used, but test samples are (transductive).
    n_jobs : int, default=None
        Recordings processed in parallel.
    verbose : bool, default=False
        Whether to show a progress bar that counts recordings.

    Raises
    ------
    ValueError
        If a window is empty, an event lies outside its recording, or a run with `scale` has no
        positive mean.

    Notes
    -----
    A window that reaches beyond the run, which lasts from the end of the dummy volumes to the end
    of the last volume, or that holds no volume, gives a missing sample. Responses of neighbouring
    events that overlap are not told apart. A voxel that is not finite is zero.

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_neurofuse import BoldRun, Recordings
    >>> from sklearn_neurofuse.fmri import VolumeWindow
    >>> volumes = np.ones((4, 4, 3, 20), dtype=np.float32)
    >>> run = BoldRun(nib.Nifti1Image(volumes, np.eye(4)), t_r=2.0)
    >>> X = Recordings([run], [pd.DataFrame({"onset": [2.0, 10.0, 38.0]})])
    >>> samples = VolumeWindow(4.0, 8.0).fit_transform(X)
    >>> samples.shape, samples.present
    ((3, 4, 4, 3), array([ True,  True, False]))
    """

    kind = "bold"
    libraries = ("nilearn", "nibabel")

    def __init__(
        self,
        tmin=4.0,
        tmax=8.0,
        *,
        baseline=None,
        scale=True,
        mask_img=None,
        resolution=None,
        standardize=None,
        n_jobs=None,
        verbose=False,
    ):
        self.tmin = tmin
        self.tmax = tmax
        self.baseline = baseline
        self.scale = scale
        self.mask_img = mask_img
        self.resolution = resolution
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.verbose = verbose

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_number(self, "tmin", self.tmin, unit="s")
        check_number(self, "tmax", self.tmax, low=self.tmin, unit="s")
        if self.baseline is not None:
            if not isinstance(self.baseline, (tuple, list)) or len(self.baseline) != 2:
                raise ValueError(
                    f"VolumeWindow: baseline must be a pair (start, end) in s, "
                    f"got {self.baseline!r}"
                )
            start, end = self.baseline
            check_number(self, "baseline", start, unit="s")
            check_number(self, "baseline", end, low=start, unit="s")
        check_output(self)

    def extract(self, recording, events, context):
        """Average the volumes of one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        events : DataFrame
            All events, ``onset`` in s.
        context : object
            For figures of quality.

        Returns
        -------
        Samples
            Volumes of shape (n_events, x, y, z), float32.
        """
        check_onsets(events, recording.duration, recording.start_time)
        onsets = events["onset"].to_numpy(dtype=float)
        weights, reasons = self._weights(recording, onsets)
        series = recording.get_data()
        # some programs write NaN outside the brain
        volumes = np.nan_to_num(_weighted_means(series, weights), copy=False, posinf=0, neginf=0)
        if self.scale:
            mean = mean_over_time(as_rows(series), recording.n_dummy)
            volumes *= np.float32(100.0 / brain_level(mean))
        del series
        data, space = on_grid(volumes, recording, self.mask_img, self.resolution)
        data[sorted(reasons)] = np.nan
        context.report(n_events=len(events), n_missing=len(reasons))
        return Samples(data, space, reasons)

    def _weights(self, run, onsets):
        weights, reasons = _window(run, onsets, self.tmin, self.tmax)
        if self.baseline is not None:
            before, more = _window(run, onsets, *self.baseline)
            weights, reasons = weights - before, {**more, **reasons}
        return weights, reasons


def _window(run, onsets, tmin, tmax):
    """Give the weights of the volumes for each event, and why some have none."""
    times = run.volume_times
    usable = (np.arange(len(times)) >= run.n_dummy) & ~scrubbed_volumes(run)
    # a volume at the very edge counts, whatever the rounding of its time
    edge = 1e-6 * run.t_r
    delay = times - onsets[:, None]
    inside = usable & (delay >= tmin - edge) & (delay <= tmax + edge)
    counts = inside.sum(axis=1)
    start = run.start_time + run.n_dummy * run.t_r
    end = run.start_time + run.duration
    beyond = (onsets + tmin < start - edge) | (onsets + tmax > end + edge)
    reasons = dict.fromkeys(np.flatnonzero(beyond).tolist(), "the window reaches beyond the run")
    for row in np.flatnonzero((counts == 0) & ~beyond).tolist():
        reasons[row] = "no volume lies in the window that was not scrubbed"
    return (inside / np.maximum(counts, 1)[:, None]).astype(np.float32), reasons


def _weighted_means(series, weights):
    flat = as_rows(series)
    means = np.empty((len(weights), len(flat)), dtype=np.float32)
    # in pieces, because a product of the whole would copy the series into another order
    for start in range(0, len(flat), _CHUNK_VOXELS):
        piece = slice(start, start + _CHUNK_VOXELS)
        with np.errstate(invalid="ignore"):
            means[:, piece] = weights @ flat[piece].T
    return as_volumes(means, series)
