"""`SliceTimingCorrector`: all slices of a volume at one time."""

import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.fmri._pending import TimedSeries, with_values
from sklearn_neurofuse.fmri._series import check_shape
from sklearn_neurofuse.recordings import RecordingTransformer
from sklearn_neurofuse.signal._slice_timing import ORDERS, order_to_times

_REFERENCES = {"start": np.min, "middle": lambda times: (times.min() + times.max()) / 2}


class SliceTimingCorrector(RecordingTransformer):
    r"""Interpolate each slice in time, as if all had been acquired at once.

    Slices are acquired one after the other; a windowed sinc moves each to one time of reference
    [1]_. The run then knows what time its volumes stand for, so that events still meet them:
    ``slice_time_ref`` is set. Interpolation waits until values are asked for;
    :class:`MotionCorrector` after it estimates motion on the series as it was acquired.

    Parameters
    ----------
    slice_times : "auto", str or array-like of shape (n_slices,), default="auto"
        When slices are acquired: ``"auto"`` takes ``BoldRun.slice_times``, which a loader finds
        in BIDS sidecars; times in s; or an order, evenly over the repetition time:
        ``"ascending"``, ``"descending"``, ``"interleaved"`` (first, third, ..., second, fourth,
        ...), ``"interleaved_second_first"`` (Siemens, even numbers of slices) or
        ``"interleaved_descending"``.
    reference : {"middle", "start"} or float, default="middle"
        The time the volumes shall stand for: that of the first slice, halfway between it and
        the last, or a fraction of the repetition time in [0, 1].
    multiband : int, default=1
        Slices acquired at once, for an order.
    slice_axis : {0, 1, 2}, default=2
        Axis of the slices.
    min_t_r : float, default=1.0
        In s. Runs with a shorter repetition time are left as they are: there is little to gain
        [1]_. 0 corrects all.

    Raises
    ------
    ValueError
        If a run has no slice times, they are not as many as its slices or not within the
        repetition time, or a volume is constant or not finite.

    Notes
    -----
    Below 0.4 cycles a volume (0.2 Hz for a repetition time of 2 s) the error is 1e-4 of the
    amplitude. Before the first and after the last volume the series goes on as its reflection in
    that volume; dummy volumes are left as they are, and have no part in others.

    References
    ----------
    .. [1] Parker DB, Razlighi QR, The benefit of slice timing correction in common fMRI
       preprocessing pipelines. Front Neurosci 13 (2019) 821. doi:10.3389/fnins.2019.00821

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from sklearn_neurofuse import BoldRun, Recordings
    >>> from sklearn_neurofuse.fmri import SliceTimingCorrector
    >>> times = (np.arange(40) + np.arange(4)[:, None] / 4) * 2.0
    >>> series = np.broadcast_to(np.sin(0.3 * times), (4, 4, 4, 40))
    >>> run = BoldRun(nib.Nifti1Image(series, np.eye(4)), t_r=2.0)
    >>> run = SliceTimingCorrector("ascending").fit_transform(Recordings([run])).load(0)
    >>> run.slice_time_ref
    0.375
    >>> bool(np.ptp(run.get_data()[..., 20]) < 1e-3)
    True
    """

    kind = "bold"
    adds = ("slice_time_corrected",)
    refuses_after = {
        effect: f"put SliceTimingCorrector before {step}"
        for effect, step in {
            "motion_corrected": "MotionCorrector",
            "normalized": "TemplateNormalizer",
            "smoothed": "SpatialSmoother",
            "confounds_regressed": "ConfoundRegressor",
        }.items()
    }

    def __init__(
        self, slice_times="auto", reference="middle", *, multiband=1, slice_axis=2, min_t_r=1.0
    ):
        self.slice_times = slice_times
        self.reference = reference
        self.multiband = multiband
        self.slice_axis = slice_axis
        self.min_t_r = min_t_r

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        if isinstance(self.slice_times, str):
            check_choice(self, "slice_times", self.slice_times, ("auto", *ORDERS))
        if isinstance(self.reference, str):
            check_choice(self, "reference", self.reference, _REFERENCES)
        else:
            check_number(self, "reference", self.reference, low=0, high=1)
        check_number(self, "multiband", self.multiband, low=1, integer=True)
        check_number(self, "slice_axis", self.slice_axis, low=0, high=2, integer=True)
        check_number(self, "min_t_r", self.min_t_r, low=0, unit="s")

    def transform_recording(self, recording, context):
        """Correct one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        context : object
            For figures of quality.

        Returns
        -------
        BoldRun
            Its image is interpolated when its values are first asked for.
        """
        t_r = recording.t_r
        if t_r < self.min_t_r:
            context.report(left_as_it_was=f"t_r is {t_r:g} s, min_t_r {self.min_t_r:g} s")
            return recording
        img = recording.img
        check_shape(img.shape)
        times = self._times(recording, img.shape[self.slice_axis])
        reference = self._reference_time(times, t_r)
        delays = (reference - times) / t_r
        context.report(
            reference_time=float(reference), largest_shift=float(np.abs(delays).max() * t_r)
        )
        series = TimedSeries(img.dataobj, delays, int(self.slice_axis), recording.n_dummy)
        return recording.replace(
            img=with_values(img, series), slice_times=None, slice_time_ref=float(reference / t_r)
        )

    def _reference_time(self, times, t_r):
        if isinstance(self.reference, str):
            return _REFERENCES[self.reference](times)
        return self.reference * t_r

    def _times(self, recording, n_slices):
        t_r, times = recording.t_r, self.slice_times
        if isinstance(times, str) and times == "auto":
            times = recording.slice_times
            if times is None:
                raise ValueError(
                    "the run has no slice times; give slice_times in s or an order such as "
                    "'interleaved', or BoldRun(slice_times=...)"
                )
        elif isinstance(times, str):
            if n_slices % self.multiband:
                raise ValueError(
                    f"multiband must divide the number of slices, {n_slices}, got {self.multiband}"
                )
            times = order_to_times(times, n_slices, t_r, self.multiband)
        return _check_times(np.asarray(times, dtype=float), n_slices, self.slice_axis, t_r)


def _check_times(times, n_slices, axis, t_r):
    if times.shape != (n_slices,):
        raise ValueError(
            f"slice_times must have one value for each of the {n_slices} slices along axis {axis}, "
            f"got shape {times.shape}"
        )
    # what is not finite is not within either
    if not (times.min() >= 0 and times.max() < t_r):
        raise ValueError(
            f"slice_times must be in [0, {t_r:g}) s, got {times.min():g} to {times.max():g}; times "
            "in ms must be divided by 1000"
        )
    return times
