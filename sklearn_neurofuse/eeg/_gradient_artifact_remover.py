"""`GradientArtifactRemover`: EEG from a running scanner without the artefact of its gradients."""

import mne
import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.eeg import _gradient_plan as plan
from sklearn_neurofuse.eeg._copies import make_raw, resample_raw
from sklearn_neurofuse.eeg._gradient_report import report
from sklearn_neurofuse.eeg._gradient_rows import ShortRows
from sklearn_neurofuse.eeg._gradient_stream import GradientStream
from sklearn_neurofuse.eeg._head_motion import read_motion
from sklearn_neurofuse.recordings import RecordingTransformer
from sklearn_neurofuse.signal._adaptive import cancel
from sklearn_neurofuse.signal._gradient import Cleaner, group_segments
from sklearn_neurofuse.signal._templates import motion_weights, neighbour_weights

_LEAST_SFREQ = 200.0
_PAST_WINDOW = 30
_MANY = 50
# s that are handed to the stream at a time
_STRETCH = 10.0
# sample points that are resampled to see what MNE writes down about it
_N_EMPTY = 1000
# channels that go through the adaptive filter at a time
_TOGETHER = 8


class GradientArtifactRemover(RecordingTransformer):
    r"""Remove the artefact of the imaging gradients from EEG recorded during fMRI.

    Volumes are brought onto one time base, between sample points, by a phase in the Fourier
    domain; the template of each is the mean of others, of which only what stands above its noise
    is subtracted; what changes with the head is left to an optimal basis set, found in slices and
    in volumes. All volumes are corrected, the first and the last too, and those that the scanner
    played without a marker.

    Parameters
    ----------
    window : int or None, default=None
        Volumes that make a template: the nearest in time. None: all of them, which takes least of
        the EEG; what changes in the course of the run is the business of `obs`.
    alignment : {"subsample", "sample"}, default="subsample"
        Whether volumes are aligned between sample points, to the artefact itself, which clocks
        that drift apart or jitter need; or markers are taken at their word.
    weighting : {"auto", "neighbours", "motion", "past"}, default="auto"
        Which volumes make a template: neighbours in time; those in which the head lay alike
        [2]_; or the last ones before, as online, block by block (see `stream`), without basis
        set and adaptive filter. ``"auto"``: by motion where that is given, else neighbours.
    motion : path-like, DataFrame, array-like, RecordingTransformer or None, default=None
        Head movement for each volume: fMRIPrep's, FSL's (``.par``) or SPM's file; a table with
        fMRIPrep's columns or an array (mm, then rad); or an estimator such as
        :class:`~sklearn_neurofuse.fmri.MotionCorrector` that is run on the fMRI recorded at the
        same time.
    obs : {"auto"}, int or None, default="auto"
        Courses of the optimal basis set [3]_; ``"auto"`` keeps those that stand above noise, None
        leaves it out. ECG channels are cleaned by template only.
    slice_groups : {"auto"}, int or None, default="auto"
        Excitations in a volume: slices, or groups of slices excited together; ``"auto"`` tells
        them from the artefact, None leaves slices alone.
    anc : bool, default=False
        Whether an adaptive filter subtracts what still goes with the artefact above 70 Hz [3]_.
    sfreq : float or None, default=None
        Sampling frequency in Hz to go down to after cleaning, behind an anti-alias filter.
    triggers : {"auto"}, str or array-like of float, default="auto"
        Markers of volumes or slices: annotations named like R128, Volume, TR or "T  1", or a stim
        channel, and without either the artefact itself; the name of one of these; or times in s
        from the start of the recording.
    n_jobs : int, default=None
        Threads that share the channels.

    Raises
    ------
    ValueError
        At the run: without markers or artefact, with more than one marker lost, fewer than three
        whole volumes, less than 200 Hz, values that are not finite, or movement that does not
        fit.

    See Also
    --------
    GradientStream : The same online.
    CarbonWireRegressor : Removes what reference loops pick up.

    Notes
    -----
    With :math:`X_k(\omega)` the spectrum of volume :math:`k` on the common time base, the template
    is

    .. math:: T_k = H \sum_{j \ne k} w_{kj} X_j, \qquad
        H = \max\!\left(0,\; 1 - c\, \frac{N}{\overline{|\sum_j w_{kj} X_j|^2}}\right),

    where :math:`N` is the power of the noise in that mean, from how volumes differ. The mean of
    others [1]_ leaves the EEG of a volume whole. The residue changes along the same courses in
    all channels, principal components above 70 Hz of all channels together; each channel is
    regressed on them. Flat channels are left as they are; channels that clip while the scanner
    runs are cleaned as far as it goes and named in ``info["bads"]``.

    ``Recordings.quality`` has the period and jitter of the volumes in sample points, the numbers
    of volumes, slice groups, courses, and markers put in; the power left at the harmonics of
    slices and volumes over that beside them; the bands of Allen et al. [1]_ and the ratios of
    Niazy et al. [3]_.

    References
    ----------
    .. [1] Allen PJ et al., A method for removing imaging artifact from continuous EEG recorded
       during functional MRI. NeuroImage 12 (2000) 230-239. doi:10.1006/nimg.2000.0599
    .. [2] Moosmann M et al., Realignment parameter-informed artefact correction for simultaneous
       EEG-fMRI recordings. NeuroImage 45 (2009) 1144-1150. doi:10.1016/j.neuroimage.2009.01.024
    .. [3] Niazy RK et al., Removal of FMRI environment artifacts from EEG data using optimal basis
       sets. NeuroImage 28 (2005) 720-737. doi:10.1016/j.neuroimage.2005.06.067

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import GradientArtifactRemover
    >>> rng = np.random.default_rng(0)
    >>> eeg = 1e-5 * rng.standard_normal((4, 20_000))
    >>> volume = 1e-3 * np.sin(2 * np.pi * 50 * np.arange(1000) / 1000)
    >>> info = mne.create_info(4, sfreq=1000.0, ch_types="eeg")
    >>> raw = mne.io.RawArray(eeg + np.tile(volume, 20), info, verbose="error")
    >>> raw = raw.set_annotations(mne.Annotations(np.arange(20.0), 0.0, "R128"))
    >>> clean = GradientArtifactRemover().fit_transform(Recordings([raw])).load(0)
    >>> bool(np.corrcoef(clean.get_data().ravel(), eeg.ravel())[0, 1] > 0.98)
    True
    """

    kind = "eeg"
    adds = ("gradient_corrected",)
    refuses_after = {
        "filtered": "put GradientArtifactRemover before every filter",
        "resampled": "put GradientArtifactRemover before Resampler, or give it sfreq",
        "rereferenced": "put GradientArtifactRemover before Rereferencer",
        "pulse_corrected": "put GradientArtifactRemover before PulseArtifactRemover",
        "ica_cleaned": "put GradientArtifactRemover before ICAArtifactRemover",
        "gradient_corrected": "leave the second GradientArtifactRemover out",
    }
    libraries = ("mne", "scipy")
    expensive = True

    def __init__(
        self,
        window=None,
        alignment="subsample",
        *,
        weighting="auto",
        motion=None,
        obs="auto",
        slice_groups="auto",
        anc=False,
        sfreq=None,
        triggers="auto",
        n_jobs=None,
    ):
        self.window = window
        self.alignment = alignment
        self.weighting = weighting
        self.motion = motion
        self.obs = obs
        self.slice_groups = slice_groups
        self.anc = anc
        self.sfreq = sfreq
        self.triggers = triggers
        self.n_jobs = n_jobs

    @property
    def uses_partner(self):
        """Whether movement is estimated on the fMRI recorded at the same time."""
        return isinstance(self.motion, RecordingTransformer)

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_choice(self, "alignment", self.alignment, ("subsample", "sample"))
        check_choice(self, "weighting", self.weighting, ("auto", "neighbours", "motion", "past"))
        check_choice(self, "anc", self.anc, (False, True))
        for name, low in (("window", 2), ("obs", 0), ("slice_groups", 1)):
            value = getattr(self, name)
            if value is not None and not (value == "auto" and name != "window"):
                check_number(self, name, value, low=low, integer=True)
        if self.sfreq is not None:
            check_number(self, "sfreq", self.sfreq, low=0, closed="neither", unit="Hz")
        if self.weighting == "motion" and self.motion is None:
            raise ValueError(
                "GradientArtifactRemover: weighting='motion' needs motion: a file, a table, or an "
                "estimator such as MotionCorrector()"
            )
        if self.weighting in ("neighbours", "past") and self.motion is not None:
            raise ValueError(
                f"GradientArtifactRemover: weighting={self.weighting!r} makes no use of motion; "
                "leave one of them out"
            )

    def transform_recording(self, recording, context):
        """Clean one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording.
        context : object
            For the partner and for figures of quality.

        Returns
        -------
        mne.io.BaseRaw
            The cleaned recording.
        """
        self._check_sfreq(recording.info["sfreq"])
        data = recording.get_data()
        picks = plan.pick_channels(recording)
        short = None if self.weighting == "past" else ShortRows(data, picks)
        rows = data if short is None else short.rows
        channels = plan.find_channels(recording, rows, picks)
        scan = plan.find_scan_in(recording, rows, channels, self)
        before = rows[channels.cleaned[: plan.N_REPORTED]]
        if short is None:
            n_courses = self._clean_online(data, channels, scan)
        else:
            n_courses = self._clean(rows, channels, scan, context)
        report(context, before, rows, channels, scan, n_courses)
        info = recording.info.copy()
        info["bads"] = sorted({*info["bads"], *channels.saturated}, key=info["ch_names"].index)
        lower = self.sfreq is not None and self.sfreq < scan.sfreq
        if short is None:
            raw = make_raw(recording, data, info)
            plan.mark_unlearnt(raw, scan)
            return resample_raw(raw, self.sfreq, method="fft") if lower else raw
        if lower:
            return self._lowered(recording, short, picks, info)
        short.restore(recording, scan.volumes.starts[0], scan.stop)
        return make_raw(recording, data, info)

    def _check_sfreq(self, sfreq):
        if sfreq < _LEAST_SFREQ:
            raise ValueError(
                f"the sampling frequency must be at least {_LEAST_SFREQ:g} Hz for templates of "
                f"gradients, got {sfreq:g} Hz"
            )
        if self.sfreq is not None and self.sfreq > sfreq:
            raise ValueError(f"sfreq must be in (0, {sfreq:g}] Hz, got {self.sfreq:g}")

    def _clean(self, data, channels, scan, context):
        volumes = scan.volumes
        groups = None
        if scan.n_groups > 1:
            groups = group_segments(volumes, scan.n_groups, scan.stop)
        weights = self._weights(scan, context)
        cleaner = Cleaner(scan.sfreq, volumes, weights, groups, self.obs, self.n_jobs)
        rows = [data[i] for i in channels.cleaned]
        dirty = [row.copy() for row in rows] if self.anc else None
        cleaner.clean(rows, channels.template_only)
        if self.anc:
            n_taps = max(16, round(volumes.period / scan.n_groups / 8))
            high = np.flatnonzero(~channels.template_only)
            for begin in range(0, len(high), _TOGETHER):
                some = high[begin : begin + _TOGETHER]
                _cancel([rows[i] for i in some], [dirty[i] for i in some], scan.sfreq, n_taps)
        return cleaner.n_found

    def _weights(self, scan, context):
        complete = scan.volumes.complete
        if self.motion is None:
            # where there are many it makes no difference whether a volume is one of them
            if self.window is None and complete.sum() >= _MANY:
                return None
            return neighbour_weights(complete, self.window)
        poses = read_motion(self.motion, context, scan.n_marked)
        number = np.clip(np.arange(len(complete)) - scan.n_before, 0, len(poses) - 1)
        return motion_weights(complete, poses[number], self.window)

    def _clean_online(self, data, channels, scan):
        sfreq = scan.sfreq
        stream = self.stream(sfreq, scan.volumes.period / sfreq)
        marks = np.ceil(scan.volumes.starts).astype(int)
        n = round(_STRETCH * sfreq)
        for begin in range(0, data.shape[1], n):
            here = slice(begin, min(begin + n, data.shape[1]))
            inside = marks[(marks >= here.start) & (marks < here.stop)] - begin
            data[channels.cleaned, here] = stream.push(data[channels.cleaned, here], inside)
        return []

    def stream(self, sfreq, t_r):
        """Give an object that cleans block by block while the recording goes on.

        Parameters
        ----------
        sfreq : float
            Sampling frequency in Hz.
        t_r : float
            Repetition time in s.

        Returns
        -------
        GradientStream
            With the same window (30 volumes for None) and alignment.
        """
        window = _PAST_WINDOW if self.window is None else self.window
        return GradientStream(sfreq, t_r, window=window, alignment=self.alignment)

    def _lowered(self, recording, short, picks, info):
        """Go down to the lower rate; MNE says when that begins, and what other channels hold."""
        others = np.setdiff1d(np.arange(len(recording.ch_names)), picks)
        frame = resample_raw(recording, self.sfreq, picks=[picks[0], *others], method="fft")
        data = np.empty((len(recording.ch_names), frame.n_times))
        data[others] = frame.get_data()[1:]
        data[picks] = short.at_rate(self.sfreq / recording.info["sfreq"], frame.n_times)
        empty = mne.io.RawArray(np.zeros((len(data), _N_EMPTY)), info, verbose="ERROR")
        return make_raw(frame, data, empty.resample(self.sfreq, verbose="ERROR").info)


def _cancel(rows, dirty, sfreq, n_taps):
    """Subtract, in place, what still goes with the artefact that was taken out."""
    clean = plan.high_passed(rows, sfreq)
    artifact = plan.high_passed(dirty, sfreq)
    artifact -= clean
    for row, noise in zip(rows, cancel(clean, artifact, n_taps), strict=True):
        row -= noise
