"""`SampleExtractor`: the base of what turns recordings into samples."""

from abc import abstractmethod

from sklearn_neurofuse.recordings._assembly import extract_all
from sklearn_neurofuse.recordings._base_step import RecordingStep
from sklearn_neurofuse.recordings._samples import Samples


class SampleExtractor(RecordingStep, auto_wrap_output_keys=None):
    """The end of a chain, from recording to samples: subclass it and write `extract`.

    Each distinct recording is loaded once, its chain is run, all its samples are taken, and the
    rows that were asked for are kept, so that a result never depends on which rows were
    selected.

    Attributes
    ----------
    per : {"event", "recording"}
        Whether it gives one sample for each event or one for each recording.
    remembered : bool
        Whether its result is kept in the cache.

    Notes
    -----
    A subclass may have the parameters ``standardize``, ``n_jobs`` (recordings in parallel) and
    ``verbose`` (a progress bar that counts recordings); they are served here.

    ``standardize="recording"`` centres and scales each number over all samples of its recording,
    ``"subject"`` over all samples of its subject. That uses no labels, but the samples of the
    test set themselves (it is transductive): a new person must have been recorded whole.
    """

    per = "event"
    remembered = True

    def transform(self, X):
        """Run the chains and take the samples.

        Parameters
        ----------
        X : Recordings
            The recordings.

        Returns
        -------
        Block
            One row for each sample; what cannot be estimated is all NaN.

        Raises
        ------
        RecordingError
            If a step fails on a recording; the message names both.
        """
        return self._extract(X).block

    def missing_reasons(self, X):
        """Say why samples are missing; what is remembered is not computed again.

        Parameters
        ----------
        X : Recordings
            The recordings.

        Returns
        -------
        dict of int to str
            The reason for each row that is all NaN.
        """
        return self._extract(X).reasons

    def quality(self, X):
        """Give what the steps and the extractor report of the recordings.

        Parameters
        ----------
        X : Recordings
            The recordings.

        Returns
        -------
        dict of int to dict
            For each recording, by its position, figures by class of step.
        """
        return dict(sorted(self._extract(X).quality.items()))

    def _extract(self, X):
        self._check(X)
        X.check_extractor(self)
        return extract_all(X, self)

    @abstractmethod
    def extract(self, recording, events, context):
        """Take all samples of one recording; to be written by the subclass.

        Parameters
        ----------
        recording : BoldRun or mne.io.BaseRaw
            The processed recording; not to be written to.
        events : DataFrame or None
            All events of the recording, ``onset`` in s from its start.
        context : object
            As in ``RecordingTransformer.transform_recording``.

        Returns
        -------
        Samples
            One for each event, or exactly one where ``per = "recording"``.
        """

    def run(self, recording, events, context):
        """Take all samples of one recording and check their number.

        Parameters
        ----------
        recording : BoldRun or mne.io.BaseRaw
            The recording.
        events : DataFrame or None
            All its events.
        context : object
            What else may be known.

        Returns
        -------
        Samples
            The samples.
        """
        samples = self.extract(recording, events, context)
        expected = 1 if self.per == "recording" else len(events)
        if not isinstance(samples, Samples) or len(samples.data) != expected:
            got = len(samples.data) if isinstance(samples, Samples) else type(samples).__name__
            raise TypeError(f"extract must return Samples of length {expected}, got {got}")
        return samples
