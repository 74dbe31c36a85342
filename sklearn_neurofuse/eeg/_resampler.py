"""`Resampler`: another sampling frequency."""

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.eeg._channel_types import check_finite, correct_channels, load_raw
from sklearn_neurofuse.eeg._copies import resample_raw
from sklearn_neurofuse.recordings import RecordingTransformer


class Resampler(RecordingTransformer):
    """Change the sampling frequency by :meth:`mne.io.Raw.resample`, without moving any point.

    What is above half the new frequency is taken out first. Events are kept in seconds, so that
    they stay where they are. MNE alone stretches a recording to a whole number of new points,
    which moves its end by up to half a point; here a length that is whole at both rates is
    resampled and cut.

    Parameters
    ----------
    sfreq : float, default=250.0
        New sampling frequency in Hz. Recordings that have it already stay as they are.
    method : {"fft", "polyphase"}, default="polyphase"
        By the Fourier transform of the whole recording, or by a finite filter at both rates,
        which is faster for long recordings.
    n_jobs : int, default=None
        Channels resampled in parallel.

    Raises
    ------
    ValueError
        If the frequency is not positive, or values are not finite.

    See Also
    --------
    mne.io.Raw.resample : What is called.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import Resampler
    >>> info = mne.create_info(["Cz"], sfreq=1000.0, ch_types="eeg")
    >>> raw = mne.io.RawArray(np.zeros((1, 5000)), info, verbose="error")
    >>> resampled = Resampler(250.0).fit_transform(Recordings([raw])).load(0)
    >>> resampled.get_data().shape
    (1, 1250)
    """

    kind = "eeg"
    adds = ("resampled",)
    libraries = ("mne", "scipy")

    def __init__(self, sfreq=250.0, *, method="polyphase", n_jobs=None):
        self.sfreq = sfreq
        self.method = method
        self.n_jobs = n_jobs

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_number(self, "sfreq", self.sfreq, low=0, closed="neither", unit="Hz")
        check_choice(self, "method", self.method, ("fft", "polyphase"))

    def transform_recording(self, recording, context):
        """Resample one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording.
        context : object
            Not used.

        Returns
        -------
        mne.io.BaseRaw
            The resampled recording.
        """
        if recording.info["sfreq"] == self.sfreq:
            return load_raw(recording)
        resampled = resample_raw(recording, self.sfreq, method=self.method, n_jobs=self.n_jobs)
        return check_finite(correct_channels(resampled, recording))
