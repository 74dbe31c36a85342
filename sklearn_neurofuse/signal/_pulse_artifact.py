"""The pulse artefact of a recording: average beat, delays, and departures from the average."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from sklearn_neurofuse.signal._pulse_basis import fit_beats
from sklearn_neurofuse.signal._pulse_template import fit_template, lags_of

# what has next to nothing of the artefact stays as it is
_L_FREQ, _H_FREQ = 0.5, 40.0
_RATE = 100.0
# movements and blinks beyond so many robust standard deviations are cut for estimation
_N_DEVIATIONS = 10.0
_LEAST_BEATS = 5


@dataclass(frozen=True, eq=False)
class PulseArtifact:
    """The artefact of the heartbeat in a recording.

    Parameters
    ----------
    beats : ndarray of shape (n_beats,)
        R peaks that lie in the recording, in s.
    delays : ndarray of shape (n_beats,)
        From each R peak to the peak of the artefact, in s.
    rate : float
        The lower rate, in Hz, at which it was estimated.
    slow, slow_artifact : ndarray of shape (n_channels, n_slow_times)
        Data and artefact at that rate, between 0.5 and 40 Hz, in the unit of the EEG.
    factor : int
        How many times the rate of the data is the lower one.
    n_times : int
        Number of sample points of the data.
    """

    beats: np.ndarray
    delays: np.ndarray
    rate: float
    slow: np.ndarray
    slow_artifact: np.ndarray
    factor: int
    n_times: int

    def course(self, channel):
        """Give the artefact in one channel at the rate of the data.

        Parameters
        ----------
        channel : int
            Number of the channel.

        Returns
        -------
        ndarray of shape (n_times,)
            In the unit of the EEG.
        """
        slow = self.slow_artifact[channel]
        return resample_poly(slow, self.factor, 1, padtype="line")[: self.n_times]


def estimate_pulse_artifact(
    data, sfreq, beats, *, window=(-0.1, 0.8), n_components=4, adaptive=True, events=()
):
    """Estimate the pulse artefact of a recording.

    It is estimated between 0.5 Hz and 40 Hz at a rate of 100 to 200 Hz and brought back to the
    rate of the data, which loses nothing at other frequencies.

    Parameters
    ----------
    data : iterable of ndarray of shape (n_times,)
        EEG without gradient artefacts, channel by channel; at the rates of scanners it is large,
        and one channel after the other is enough.
    sfreq : float
        Sampling frequency in Hz.
    beats : ndarray of shape (n_beats,)
        R peaks in s.
    window : tuple of (float, float), default=(-0.1, 0.8)
        Range of the artefact around the R peak in s.
    n_components : int, default=4
        Topographies in which a beat may depart from the average.
    adaptive : bool, default=True
        Whether beats depart from the average; otherwise they only have their own delays.
    events : sequence of ndarray, default=()
        For each kind of events whose responses are not to be taken for the artefact, their
        onsets in s.

    Returns
    -------
    PulseArtifact
        What to subtract.

    Raises
    ------
    ValueError
        If there are fewer than five beats.
    """
    factor = max(int(sfreq // _RATE), 1)
    rate = sfreq / factor
    slow = []
    for row in data:
        n_times = len(row)
        slow.append(resample_poly(row, 1, factor, padtype="line"))
    slow = _in_band(np.stack(slow), rate)
    beats = beats[(beats >= 0) & (beats < n_times / sfreq)]
    if len(beats) < _LEAST_BEATS:
        raise ValueError(
            f"only {len(beats)} heartbeats lie in the recording, at least {_LEAST_BEATS} are needed"
        )
    n_components = min(n_components, len(slow))
    # the average beat is known better than single ones, so that it may have more topographies
    template = fit_template(slow, rate, beats, window, n_components + 2, events)
    artifact = template.artifact
    if adaptive and len(beats) > 2 * n_components * (n_components + 1):
        artifact = artifact + _departures(template, beats, rate, window, n_components)
    peak = np.linalg.norm(template.courses, axis=0).argmax()
    delays = (lags_of(window, rate)[0] + peak) / rate + template.delays
    return PulseArtifact(beats, delays, rate, slow, artifact, factor, n_times)


def _in_band(data, rate):
    sos = butter(2, _L_FREQ, "high", fs=rate, output="sos")
    if 0.45 * rate > _H_FREQ:
        sos = np.concatenate([sos, butter(4, _H_FREQ, fs=rate, output="sos")])
    data = sosfiltfilt(sos, data, axis=1, padlen=min(int(5 * rate), data.shape[1] - 1))
    limit = _N_DEVIATIONS * 1.4826 * np.median(np.abs(data), axis=1, keepdims=True)
    return np.clip(data, -limit, limit)


def _departures(template, beats, rate, window, n_components):
    maps, courses = template.maps[:, :n_components], template.courses[:n_components]
    left = maps.T @ template.whitener @ template.residual
    first, _ = lags_of(window, rate)
    starts = np.rint((beats + template.delays) * rate).astype(int) + first
    order = np.argsort(starts, kind="stable")
    found = fit_beats(left, courses, starts[order], rate, n_components + 1)
    return np.linalg.solve(template.whitener, maps @ found)
