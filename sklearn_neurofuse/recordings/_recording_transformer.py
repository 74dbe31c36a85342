"""`RecordingTransformer`: the base of steps from recording to recording."""

from abc import abstractmethod

import mne
from sklearn.base import clone

from sklearn_neurofuse.recordings._base_step import RecordingStep
from sklearn_neurofuse.recordings._bold_run import BoldRun


class RecordingTransformer(RecordingStep, auto_wrap_output_keys=None):
    """A step from recording to recording: subclass it and write `transform_recording`.

    The step waits: `transform` appends a clone of it to the chain of each recording and returns
    at once; the chain runs when an extractor takes samples, or ``recordings.load`` a look.

    Attributes
    ----------
    expensive : bool
        Whether its result is kept in the cache, so that changing a later step does not redo
        it. That pays where computing takes much longer than reading.

    Notes
    -----
    A subclass never writes into the recording that it is given, learns nothing, and keeps no
    state. It sees no events. Results are remembered under a key made of the recording's identity,
    the class, its parameters (but ``n_jobs`` and ``verbose``), the versions of its `libraries`
    and, for classes from outside this package, their code, without what it calls elsewhere; a
    ``random_state`` of None is never remembered.

    Examples
    --------
    A step that users can write:

    >>> from sklearn_neurofuse.recordings import RecordingTransformer
    >>> class Rectifier(RecordingTransformer):
    ...     kind = "eeg"
    ...     adds = ("rectified",)
    ...     refuses_after = {"averaged": "rectify before averaging"}
    ...
    ...     def __init__(self, gain=1.0):
    ...         self.gain = gain
    ...
    ...     def transform_recording(self, raw, context):
    ...         return raw.copy().load_data().apply_function(lambda x: self.gain * abs(x))

    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse import Recordings
    >>> info = mne.create_info(2, sfreq=100.0, ch_types="eeg")
    >>> raw = mne.io.RawArray(-np.ones((2, 500)), info, verbose="error")
    >>> rectified = Rectifier(gain=2.0).fit_transform(Recordings([raw]))
    >>> rectified.load(0).get_data().mean()
    np.float64(2.0)
    """

    expensive = False

    def transform(self, X):
        """Append the step to the chain of each recording.

        Parameters
        ----------
        X : Recordings
            The recordings.

        Returns
        -------
        Recordings
            The same samples; nothing is computed yet.

        Raises
        ------
        ValueError
            If the step may not stand here in the chain.
        """
        return self._check(X).with_step(clone(self))

    @abstractmethod
    def transform_recording(self, recording, context):
        """Process one recording; to be written by the subclass.

        Parameters
        ----------
        recording : BoldRun or mne.io.BaseRaw
            Not to be written to. A raw object may not be loaded yet.
        context : object
            ``context.partner(step)`` gives the recording of the other modality,
            ``context.report(**figures)`` notes figures of quality.

        Returns
        -------
        BoldRun or mne.io.BaseRaw
            The processed recording.
        """

    def run(self, recording, context):
        """Process one recording, check that something came out, and note on a run what was done.

        Parameters
        ----------
        recording : BoldRun or mne.io.BaseRaw
            The recording.
        context : object
            What else may be known.

        Returns
        -------
        BoldRun or mne.io.BaseRaw
            The processed recording.
        """
        result = self.transform_recording(recording, context)
        wanted = BoldRun if isinstance(recording, BoldRun) else mne.io.BaseRaw
        if not isinstance(result, wanted):
            raise TypeError(
                f"transform_recording must return a {wanted.__name__}, got {type(result).__name__}"
            )
        if wanted is BoldRun and result is not recording:
            result = result.replace(done=tuple(dict.fromkeys([*result.done, *self.adds])))
        return result
