"""`PulseArtifactRemover`: takes the ballistocardiogram out of EEG recorded in a scanner."""

import mne
import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.eeg._channel_types import load_raw, pick_eeg
from sklearn_neurofuse.eeg._heartbeats import find_heartbeats
from sklearn_neurofuse.eeg._pulse_events import find_events
from sklearn_neurofuse.recordings import RecordingTransformer
from sklearn_neurofuse.signal._pulse_artifact import estimate_pulse_artifact
from sklearn_neurofuse.signal._pulse_quality import (
    band_changes,
    normalised_power_ratio,
    spectrum,
)


class PulseArtifactRemover(RecordingTransformer):
    r"""Remove the pulse artefact (ballistocardiogram) from EEG recorded in a scanner.

    Each heartbeat moves head, scalp and blood in the magnetic field, which some 0.2 s after the
    R peak shows in all channels, as large as the EEG or larger.

    The average artefact is found by regression on the lags after each beat, which tells
    overlapping beats apart; each beat gets its own delay. With ``method="obs"`` it also departs
    from the average in the span of an optimal basis set [1]_, by coefficients that are shrunk to
    what cannot be EEG: a random-effects model, whose variances are estimated from the recording.

    Parameters
    ----------
    method : {"obs", "aas"}, default="obs"
        An optimal basis set on top of the average artefact, or average artefact subtraction [2]_
        alone.
    ecg : str, default="auto"
        Where R peaks come from: the name of an ECG channel; the description of annotations
        that mark them; ``"eeg"``, the artefact itself; or ``"auto"``, the ECG channels, and the
        artefact itself where there is none that can be read.
    n_components : int, default=4
        Number of topographies in which a beat may depart from the average.
    tmin : float, default=-0.1
        Start of the artefact relative to the R peak in s.
    tmax : float, default=0.8
        End of the artefact relative to the R peak in s.
    events : {"auto"}, sequence of str or None, default="auto"
        Descriptions of annotations whose average responses are modelled beside the artefact, so
        that it does not absorb what stimuli evoke that keep step with the heart. Descriptions are
        taken as one kind, whatever class they tell, unless one mostly follows another within a
        second, as answers do. ``"auto"`` takes all that are no markers of the scanner, of
        heartbeats or of bad stretches; None takes none.
    heart_rate : tuple of (float, float), default=(40.0, 160.0)
        Range of the mean heart rate per minute.

    Raises
    ------
    ValueError
        If no heartbeats are found, or there is no such channel; the message says what was tried.

    Notes
    -----
    EEG and EOG channels are cleaned between 0.5 Hz and 40 Hz; all others stay as they are.

    Reported figures: ``beats_from``, ``n_beats``, ``heart_rate`` per minute, ``beats``, the R
    peaks in s, ``delays`` in s from each of them to the peak of the artefact, their median
    ``delay`` and standard deviation ``delay_sd``, ``inps``, the median improvement in normalised
    power spectrum [3]_, and ``band_changes``, by how much the power of 0.8-4, 4-8, 8-12 and 12-24
    Hz changed in percent.

    References
    ----------
    .. [1] Niazy, R. K., Beckmann, C. F., Iannetti, G. D., Brady, J. M., & Smith, S. M. (2005).
       Removal of FMRI environment artifacts from EEG data using optimal basis sets. NeuroImage,
       28(3), 720-737. doi:10.1016/j.neuroimage.2005.06.067
    .. [2] Allen, P. J., Polizzi, G., Krakow, K., Fish, D. R., & Lemieux, L. (1998). Identification
       of EEG events in the MR scanner. NeuroImage, 8(3), 229-239. doi:10.1006/nimg.1998.0361
    .. [3] Srivastava, G., Crottaz-Herbette, S., Lau, K. M., Glover, G. H., & Menon, V. (2005).
       ICA-based procedures for removing ballistocardiogram artifacts from EEG data acquired in
       the MRI scanner. NeuroImage, 24(1), 50-60. doi:10.1016/j.neuroimage.2004.09.041

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import simulate_eeg_fmri
    >>> from sklearn_neurofuse.eeg import PulseArtifactRemover
    >>> data = simulate_eeg_fmri(
    ...     1, n_volumes=20, volume_shape=(8, 8, 8), n_channels=8, sfreq=250,
    ...     eeg={"gradient": False}, random_state=0,
    ... )
    >>> cleaned = PulseArtifactRemover().fit_transform(data.X["eeg"])
    >>> quality = cleaned.quality(0)["PulseArtifactRemover"]
    >>> quality["beats_from"], quality["n_beats"] == len(data.truth.runs[0].heartbeats)
    ('ECG', True)
    >>> quality["inps"] > 1.5
    True
    """

    kind = "eeg"
    adds = ("pulse_corrected",)
    warns_after = {
        "rereferenced": "remove the pulse artefact before the reference is changed, which spreads "
        "what is wrong with single channels over all of them",
        "ica_cleaned": "remove the pulse artefact first, which takes components of its own",
    }
    libraries = ("mne", "scipy")
    expensive = True

    def __init__(
        self,
        method="obs",
        *,
        ecg="auto",
        n_components=4,
        tmin=-0.1,
        tmax=0.8,
        events="auto",
        heart_rate=(40.0, 160.0),
    ):
        self.method = method
        self.ecg = ecg
        self.n_components = n_components
        self.tmin = tmin
        self.tmax = tmax
        self.events = events
        self.heart_rate = heart_rate

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_choice(self, "method", self.method, ("obs", "aas"))
        if not isinstance(self.ecg, str):
            raise TypeError(f"PulseArtifactRemover: ecg must be a str, got {self.ecg!r}")
        check_number(self, "n_components", self.n_components, low=1, integer=True)
        check_number(self, "tmin", self.tmin, low=-0.5, high=0.2, unit="s")
        check_number(self, "tmax", self.tmax, low=0.4, high=1.5, unit="s")
        self._check_heart_rate()
        if isinstance(self.events, str):
            check_choice(self, "events", self.events, ("auto",))

    def _check_heart_rate(self):
        if not isinstance(self.heart_rate, (tuple, list)) or len(self.heart_rate) != 2:
            raise ValueError(
                "PulseArtifactRemover: heart_rate must be a pair (low, high) per minute, got "
                f"{self.heart_rate!r}"
            )
        low, high = self.heart_rate
        check_number(self, "heart_rate", low, low=20.0, high=250.0, unit="per minute")
        check_number(
            self, "heart_rate", high, low=low, high=250.0, closed="right", unit="per minute"
        )

    def transform_recording(self, recording, context):
        """Clean one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording, without gradient artefacts.
        context : object
            For figures of quality.

        Returns
        -------
        mne.io.BaseRaw
            The cleaned recording.
        """
        raw = load_raw(recording)
        pick_eeg(raw)
        picks = mne.pick_types(raw.info, eeg=True, eog=True, exclude=())
        # a channel that is marked bad may hold anything
        picks = [pick for pick in picks if np.isfinite(raw[pick][0].sum())]
        beats = find_heartbeats(raw, self.ecg, tuple(self.heart_rate))
        artifact = estimate_pulse_artifact(
            (raw.get_data(picks=[pick])[0] for pick in picks),
            raw.info["sfreq"],
            beats.times,
            window=(self.tmin, self.tmax),
            n_components=self.n_components,
            adaptive=self.method == "obs",
            events=find_events(raw, self.events),
        )
        for channel, pick in enumerate(picks):
            raw[pick] = raw[pick][0] - artifact.course(channel)
        rate = 60 / float(np.median(np.diff(artifact.beats)))
        freqs, before = spectrum(artifact.slow, artifact.rate)
        after = spectrum(artifact.slow - artifact.slow_artifact, artifact.rate)[1]
        context.report(
            beats_from=beats.source,
            n_beats=len(artifact.beats),
            heart_rate=rate,
            beats=artifact.beats,
            delays=artifact.delays,
            delay=float(np.median(artifact.delays)),
            delay_sd=float(np.std(artifact.delays)),
            inps=float(np.nanmedian(normalised_power_ratio(freqs, before, after, rate))),
            band_changes=band_changes(freqs, before, after),
        )
        return raw
