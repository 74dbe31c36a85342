"""`VolumeWindow`: the mean volume some seconds after each event."""

import numpy as np
from nibabel.affines import voxel_sizes
from nilearn.image import resample_img, resample_to_img

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import VolumeSpace
from sklearn_neurofuse.recordings import SampleExtractor, Samples, check_onsets

_BRAIN_FRACTION = 0.25
_CHUNK_VOXELS = 1 << 16


class VolumeWindow(SampleExtractor):
    r"""Average the volumes in a window after each event, where the haemodynamic response peaks.

    A volume :math:`k` counts for an event at :math:`t` where
    :math:`t_{min} \le s + (k + r)\,T_R - t \le t_{max}`, with the start time :math:`s` of the run
    and the slice time reference :math:`r`; dummy volumes never count.

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
        A fixed mask for all recordings, such as a template's: volumes are cropped to it and zero
        outside. It is brought to the grid of the volumes.
    resolution : float, default=None
        Voxel size in mm to which the mean volumes are resampled; None keeps the grid.
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
        if self.resolution is not None:
            check_number(self, "resolution", self.resolution, low=0, closed="neither", unit="mm")
        if self.standardize is not None:
            check_choice(self, "standardize", self.standardize, ("recording", "subject"))

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
        img = recording.img
        series = recording.get_data()
        # some programs write NaN outside the brain
        volumes = np.nan_to_num(_weighted_means(series, weights), copy=False, posinf=0, neginf=0)
        if self.scale:
            volumes *= _scale_to_100(series[..., recording.n_dummy :])
        del series
        data, space = self._to_grid(volumes, img)
        data[sorted(reasons)] = np.nan
        context.report(n_events=len(events), n_missing=len(reasons))
        return Samples(data, space, reasons)

    def _weights(self, run, onsets):
        weights, reasons = _window(run, onsets, self.tmin, self.tmax)
        if self.baseline is not None:
            before, more = _window(run, onsets, *self.baseline)
            weights, reasons = weights - before, {**more, **reasons}
        return weights, reasons

    def _to_grid(self, volumes, img):
        """Resample, mask and crop; the same grid for every recording of the same space."""
        space = VolumeSpace.from_img(img)
        if self.resolution is None and self.mask_img is None:
            return volumes, space
        result = space.to_nifti(volumes)
        if self.resolution is not None:
            result = _resample(result, self.resolution)
        affine = result.affine
        data = np.moveaxis(np.asanyarray(result.dataobj, dtype=np.float32), -1, 0).copy()
        if self.mask_img is not None:
            data, affine = _mask_and_crop(data, affine, result, self.mask_img)
        return data, VolumeSpace(affine, space=space.space)


def _window(run, onsets, tmin, tmax):
    """Give the weights of the volumes for each event, and why some have none."""
    times = run.volume_times
    usable = np.arange(len(times)) >= run.n_dummy
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
        reasons[row] = "no volume lies in the window"
    return (inside / np.maximum(counts, 1)[:, None]).astype(np.float32), reasons


def _weighted_means(series, weights):
    # in the order in which the series lies in memory, so that reshaping does not copy it
    order = "F" if series.flags.f_contiguous else "C"
    flat = series.reshape(-1, series.shape[3], order=order)
    means = np.empty((len(weights), len(flat)), dtype=np.float32)
    # in pieces, because a product of the whole would copy the series into another order
    for start in range(0, len(flat), _CHUNK_VOXELS):
        piece = slice(start, start + _CHUNK_VOXELS)
        with np.errstate(invalid="ignore"):
            means[:, piece] = weights @ flat[piece].T
    if order == "C":
        return means.reshape(len(weights), *series.shape[:3])
    return means.reshape(len(weights), *series.shape[2::-1]).transpose(0, 3, 2, 1)


def _scale_to_100(series):
    mean = np.nan_to_num(series.mean(axis=3, dtype=np.float64), posinf=0, neginf=0)
    level = mean[mean >= _BRAIN_FRACTION * np.percentile(mean, 98)].mean()
    if not level > 0:
        raise ValueError(
            f"the mean of the run must be positive to be scaled to 100, got {level:g}; "
            "use scale=False for series without their mean"
        )
    return np.float32(100.0 / level)


def _resample(img, resolution):
    affine = img.affine.copy()
    affine[:3, :3] *= resolution / voxel_sizes(affine)
    return resample_img(img, target_affine=affine[:3, :3])


def _mask_and_crop(data, affine, img, mask_img):
    mask = resample_to_img(mask_img, img.slicer[..., 0], interpolation="nearest")
    mask = np.asanyarray(mask.dataobj) > 0
    if not mask.any():
        raise ValueError("the mask does not overlap the volumes")
    corners = np.argwhere(mask)
    start, stop = corners.min(axis=0), corners.max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
    affine = affine.copy()
    affine[:3, 3] += affine[:3, :3] @ start
    return np.where(mask, data, np.float32(0))[(slice(None), *box)].copy(), affine
