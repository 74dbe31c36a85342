"""`Epocher`: a piece of EEG around each event."""

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.containers import SensorSpace
from sklearn_neurofuse.eeg._channel_types import check_units
from sklearn_neurofuse.eeg._epochs import check_reject, check_window, cut_epochs
from sklearn_neurofuse.recordings import SampleExtractor, Samples


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
        check_window(self, self.tmin, self.tmax, self.baseline)
        check_reject(self, self.reject)
        if self.standardize is not None:
            check_choice(self, "standardize", self.standardize, ("recording", "subject"))

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
        cut = cut_epochs(recording, events, self.tmin, self.tmax, self.baseline, self.reject)
        check_units(cut.data, "Epocher")
        context.report(n_epochs=len(events), n_missing=len(cut.reasons))
        return Samples(cut.data, SensorSpace(cut.info, cut.tmin), cut.reasons)
