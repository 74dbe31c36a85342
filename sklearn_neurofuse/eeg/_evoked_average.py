"""`EvokedAverage`: the average response of a recording."""

import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number, nearest
from sklearn_neurofuse.containers import SensorSpace
from sklearn_neurofuse.eeg._channel_types import check_units
from sklearn_neurofuse.eeg._epochs import check_reject, check_window, cut_epochs
from sklearn_neurofuse.recordings import SampleExtractor, Samples


class EvokedAverage(SampleExtractor):
    """Average the epochs of each recording, one sample of shape (n_channels, n_times) for each.

    Parameters
    ----------
    tmin : float, default=-0.2
        Start relative to the event, in s.
    tmax : float, default=0.8
        End relative to the event, in s, included.
    trial_type : str or sequence of str, default=None
        Kinds of events, by the column ``trial_type`` of the event table; None for all events.
    baseline : tuple of (float or None, float or None) or None, default=(None, 0)
        Interval in s whose mean is subtracted; as of `Epocher`.
    reject : {"auto"}, dict or None, default=None
        Which epochs are left out; as of `Epocher`.
    min_epochs : int, default=1
        A recording with fewer is missing.
    standardize : {"recording", "subject"} or None, default=None
        Centre and scale each number over the recordings of a subject. No labels are used, but
        test samples are (transductive).
    n_jobs : int, default=None
        Recordings processed in parallel.
    verbose : bool, default=False
        Whether to show a progress bar that counts recordings.

    Raises
    ------
    ValueError
        If a recording has no event table, or none of its events is of the kind.

    See Also
    --------
    Epocher : Gives single epochs.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import EvokedAverage
    >>> info = mne.create_info(["Fz", "Cz"], sfreq=100.0, ch_types="eeg")
    >>> raw = mne.io.RawArray(np.zeros((2, 1000)), info, verbose="error")
    >>> events = pd.DataFrame({"onset": [2.0, 5.0], "trial_type": ["face", "house"]})
    >>> X = Recordings([raw], [events], samples="recording")
    >>> EvokedAverage(-0.1, 0.5, trial_type="face").fit_transform(X).shape
    (1, 2, 61)
    """

    kind = "eeg"
    per = "recording"
    libraries = ("mne",)

    def __init__(
        self,
        tmin=-0.2,
        tmax=0.8,
        *,
        trial_type=None,
        baseline=(None, 0),
        reject=None,
        min_epochs=1,
        standardize=None,
        n_jobs=None,
        verbose=False,
    ):
        self.tmin = tmin
        self.tmax = tmax
        self.trial_type = trial_type
        self.baseline = baseline
        self.reject = reject
        self.min_epochs = min_epochs
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.verbose = verbose

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_window(self, self.tmin, self.tmax, self.baseline)
        check_reject(self, self.reject)
        check_number(self, "min_epochs", self.min_epochs, low=1, integer=True)
        if self.standardize is not None:
            check_choice(self, "standardize", self.standardize, ("recording", "subject"))

    def extract(self, recording, events, context):
        """Average one recording.

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
            In V, of shape (1, n_channels, n_times).
        """
        wanted = self._wanted(events)
        cut = cut_epochs(recording, wanted, self.tmin, self.tmax, self.baseline, self.reject)
        check_units(cut.data, "EvokedAverage")
        kept = cut.data[[row for row in range(len(wanted)) if row not in cut.reasons]]
        context.report(n_epochs=len(wanted), n_averaged=len(kept))
        space = SensorSpace(cut.info, cut.tmin)
        if len(kept) >= self.min_epochs:
            return Samples(kept.mean(axis=0, keepdims=True), space)
        missing = np.full((1, *cut.data.shape[1:]), np.nan)
        told = f"{len(kept)} of {len(wanted)} epochs are left, min_epochs={self.min_epochs}"
        return Samples(missing, space, {0: told})

    def _wanted(self, events):
        if events is None or len(events) == 0:
            raise ValueError("the recording has no events; give Recordings(..., events=...)")
        if self.trial_type is None:
            return events
        if "trial_type" not in events:
            raise ValueError("the event table has no column trial_type")
        kinds = [self.trial_type] if isinstance(self.trial_type, str) else list(self.trial_type)
        there = sorted(set(events["trial_type"].astype(str)))
        wanted = events[events["trial_type"].isin(kinds)]
        if len(wanted) == 0:
            close = nearest(kinds[0], there)
            raise ValueError(
                f"no event is of trial_type {', '.join(map(repr, kinds))}; there are "
                f"{', '.join(map(repr, there))}{close}"
            )
        return wanted
