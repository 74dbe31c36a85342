"""`Epocher`: a piece of EEG around each event."""

import mne
import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import SensorSpace
from sklearn_neurofuse.recordings import SampleExtractor, Samples, check_onsets

# median absolute deviations to standard deviations of a Gaussian
_MAD = 1.4826
_N_DEVIATIONS = 5.0


class Epocher(SampleExtractor):
    """Cut the EEG around each event into epochs of shape (n_channels, n_times).

    An epoch that is rejected, that reaches beyond the recording, or that overlaps an annotation
    beginning with "bad" becomes a missing sample, never a dropped row.

    Parameters
    ----------
    tmin : float, default=-0.2
        Start relative to the event, in s.
    tmax : float, default=0.8
        End relative to the event, in s, included as MNE has it.
    baseline : tuple of (float or None, float or None) or None, default=(None, 0)
        Interval in s whose mean is subtracted from each channel; None in it stands for the
        start or end of the epoch, None for no baseline.
    reject : {"auto"}, dict or None, default=None
        Peak-to-peak amplitude above which an epoch is rejected: a dict as in
        :class:`mne.Epochs`, ``dict(eeg=150e-6)`` in V; or ``"auto"``: epochs whose greatest
        log amplitude lies more than five robust standard deviations (median absolute deviation)
        above the median of their recording.
    standardize : {"recording", "subject"} or None, default=None
        Centre and scale each number over all epochs of a recording or subject. No labels are
        used, but test epochs are (transductive).
    n_jobs : int, default=None
        Recordings processed in parallel.
    verbose : bool, default=False
        Whether to show a progress bar that counts recordings.

    Raises
    ------
    ValueError
        If the interval is empty, the baseline lies outside it, or an event lies outside its
        recording.

    See Also
    --------
    mne.Epochs : What is called.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import Epocher
    >>> info = mne.create_info(["Fz", "Cz"], sfreq=100.0, ch_types="eeg")
    >>> raw = mne.io.RawArray(np.zeros((2, 1000)), info, verbose="error")
    >>> X = Recordings([raw], [pd.DataFrame({"onset": [2.0, 5.0, 9.9]})])
    >>> epochs = Epocher(-0.1, 0.5).fit_transform(X)
    >>> epochs.shape, epochs.present
    ((3, 2, 61), array([ True,  True, False]))
    """

    kind = "eeg"
    libraries = ("mne",)

    def __init__(
        self,
        tmin=-0.2,
        tmax=0.8,
        *,
        baseline=(None, 0),
        reject=None,
        standardize=None,
        n_jobs=None,
        verbose=False,
    ):
        self.tmin = tmin
        self.tmax = tmax
        self.baseline = baseline
        self.reject = reject
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.verbose = verbose

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_number(self, "tmin", self.tmin, unit="s")
        check_number(self, "tmax", self.tmax, low=self.tmin, closed="neither", unit="s")
        if self.standardize is not None:
            check_choice(self, "standardize", self.standardize, ("recording", "subject"))
        if self.reject is not None and not isinstance(self.reject, dict):
            check_choice(self, "reject", self.reject, ("auto",))
        self._check_baseline()

    def _check_baseline(self):
        if self.baseline is None:
            return
        if not isinstance(self.baseline, (tuple, list)) or len(self.baseline) != 2:
            raise ValueError(
                f"Epocher: baseline must be a pair (start, end) in s, got {self.baseline!r}"
            )
        for edge in self.baseline:
            if edge is not None:
                check_number(self, "baseline", edge, low=self.tmin, high=self.tmax, unit="s")

    def extract(self, recording, events, context):
        """Cut one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording.
        events : DataFrame
            All events, ``onset`` in s from its first sample.
        context : object
            For figures of quality.

        Returns
        -------
        Samples
            In V, of shape (n_events, n_channels, n_times).
        """
        sfreq = recording.info["sfreq"]
        check_onsets(events, recording.n_times / sfreq)
        # events at one sample point share an epoch, which MNE would refuse to cut twice
        points = np.rint(events["onset"].to_numpy(dtype=float) * sfreq).astype(int)
        points, which = np.unique(points + recording.first_samp, return_inverse=True)
        epochs = self._cut(recording, points)
        data = np.full((len(points), len(epochs.ch_names), len(epochs.times)), np.nan)
        data[epochs.selection] = epochs.get_data(copy=False)
        reasons = {row: _reason(log) for row, log in enumerate(epochs.drop_log) if log}
        if self.reject == "auto":
            for row in epochs.selection[_too_large(epochs.get_data(copy=False))].tolist():
                data[row] = np.nan
                reasons[row] = "amplitude far above the median of the recording"
        reasons = {row: reasons[i] for row, i in enumerate(which.tolist()) if i in reasons}
        context.report(n_epochs=len(events), n_missing=len(reasons))
        return Samples(data[which], SensorSpace(epochs.info, epochs.tmin), reasons)

    def _cut(self, raw, points):
        picks = mne.pick_types(raw.info, eeg=True, seeg=True, ecog=True, exclude=())
        if len(picks) == 0:
            raise ValueError("the recording has no EEG channels")
        codes = np.column_stack([points, np.zeros_like(points), np.ones_like(points)])
        return mne.Epochs(
            raw,
            codes,
            tmin=self.tmin,
            tmax=self.tmax,
            baseline=None if self.baseline is None else tuple(self.baseline),
            picks=picks,
            reject=self.reject if isinstance(self.reject, dict) else None,
            preload=True,
            on_missing="ignore",
            verbose="ERROR",
        )


def _reason(log):
    if "TOO_SHORT" in log or "NO_DATA" in log:
        return "the window reaches beyond the recording"
    return f"rejected for {', '.join(log)}"


def _too_large(data):
    """Find epochs whose greatest peak-to-peak amplitude is far above the others'."""
    if len(data) == 0:
        return np.zeros(0, dtype=bool)
    size = np.log(np.ptp(data, axis=2).max(axis=1) + np.finfo(float).tiny)
    deviation = size - np.median(size)
    scale = _MAD * np.median(np.abs(deviation))
    return deviation > _N_DEVIATIONS * max(scale, np.finfo(float).eps)
