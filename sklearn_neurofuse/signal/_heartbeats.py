"""Heartbeats from an electrocardiogram, or from their own artefact in the EEG."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import butter, oaconvolve, resample_poly, sosfiltfilt

from sklearn_neurofuse.signal._beat_tracking import fill_gaps, track_beats

_ECG_RATE, _EEG_RATE = 250.0, 100.0
_ECG_BAND, _EEG_BAND = (8.0, 40.0), (1.0, 12.0)
# half-widths of the templates in s
_QRS = 0.08
# and at most this share of the period
_PULSE = ((0.25, 0.4), (0.4, 0.6))
_N_ROUNDS = 3
_N_SOURCES, _N_STARTS = 5, 3
# from the R peak to that of the artefact, in s (doi:10.1006/nimg.1998.0361)
_USUAL_DELAY = 0.21
# a beat must stand out from what lies between beats by this many standard deviations
_LEAST_CLARITY, _LEAST_CLARITY_EEG = 4.0, 2.5
# at fast hearts the artefact never ends and beats stand out little, but no noise is so regular
_REGULAR = 0.1
# what is between beats is so many times smaller or larger than usual where the ECG was lost
_UNLIKE = 3.0
# share of beats that must look like the average one
_LEAST_ALIKE = 0.7


def find_beats_in_ecg(ecg, sfreq, heart_rate=(40.0, 160.0)):
    """Find R peaks by a matched filter that the recording itself provides.

    The QRS complex stands out between 8 and 40 Hz even where the magnetic field makes the T wave
    as high as R. Lines of the spectrum, such as those that gradient artefacts leave, are cut
    first. Beats are tracked through the output of the matched filter.

    Parameters
    ----------
    ecg : ndarray of shape (n_times,)
        In any unit.
    sfreq : float
        Sampling frequency in Hz.
    heart_rate : tuple of (float, float), default=(40.0, 160.0)
        Range of the mean heart rate, per minute.

    Returns
    -------
    ndarray of shape (n_beats,)
        Times of the R peaks in s from the first sample point.

    Raises
    ------
    ValueError
        If the channel is flat or nothing like a heartbeat is found.
    """
    course, rate = _prepared(ecg[None], sfreq, _ECG_RATE, _ECG_BAND)
    course = _without_lines(course[0], rate)
    scale = 1.4826 * np.median(np.abs(course))
    if not scale > 0:
        raise ValueError("the ECG channel is flat")
    strength = uniform_filter1d(np.minimum(np.abs(course) / scale, 30.0) ** 2, int(0.08 * rate))
    strength = np.sqrt(strength)
    period = _period(strength, rate, heart_rate)
    beats = track_beats(strength - 2 * np.median(strength), rate, period)
    half = int(_QRS * rate)
    for _ in range(_N_ROUNDS):
        template = _average(course[None], beats, (half, half))
        if template is None:
            raise ValueError("no regular heartbeat was found in the ECG channel")
        score, clarity, alike = _matched(course[None], template, beats, half)
        beats = track_beats(score, rate, _usual(beats, rate, period))
    if clarity < _LEAST_CLARITY or alike < _LEAST_ALIKE:
        raise ValueError(
            "the ECG channel is unreadable: its beats stand out by "
            f"{clarity:.1f} standard deviations (at least {_LEAST_CLARITY:g} wanted) and "
            f"{alike:.0%} of them look alike"
        )
    shift = np.abs(_average(course[None], beats, (half, half))[0]).argmax() - half
    times = (_refined(score, beats) + shift) / rate
    return fill_gaps(times, _lost(course, beats, half))


def find_beats_in_eeg(data, sfreq, heart_rate=(40.0, 160.0)):
    """Find heartbeats by the pulse artefact in the EEG.

    The artefact is what repeats at the rate of a heart in all channels at once: from each of the
    largest sources a template of one beat is grown by matched filters, and that which tells the
    most is taken.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        EEG in any unit.
    sfreq : float
        Sampling frequency in Hz.
    heart_rate : tuple of (float, float), default=(40.0, 160.0)
        Range of the mean heart rate, per minute.

    Returns
    -------
    ndarray of shape (n_beats,)
        Times of the R peaks in s, taken to come 0.21 s before the artefact is largest.

    Raises
    ------
    ValueError
        If nothing repeats like a heart.
    """
    courses, rate = _prepared(data, sfreq, _EEG_RATE, _EEG_BAND)
    sources = _sources(courses)
    starts = [sign * source for source in sources[:_N_STARTS] for sign in (1, -1)]
    grown = [_grow(sources, _first_beats(start, rate, heart_rate), rate, 2) for start in starts]
    beats = max(grown, key=lambda found: found.total).beats
    found = _grow(sources, beats, rate, 2 * _N_ROUNDS)
    irregularity = _irregularity(found.beats)
    if found.clarity < _LEAST_CLARITY_EEG and irregularity > _REGULAR:
        raise ValueError(
            "no pulse artefact was found in the EEG: what repeats best stands out by "
            f"{found.clarity:.1f} standard deviations (at least {_LEAST_CLARITY_EEG:g} wanted), "
            f"and its intervals differ from each other by {irregularity:.0%}"
        )
    times = (_refined(found.score, found.beats) + found.peak) / rate - _USUAL_DELAY
    return fill_gaps(times)


def _prepared(data, sfreq, wanted, band):
    """Lower the rate by a whole factor and filter."""
    factor = max(int(sfreq // wanted), 1)
    data = resample_poly(data, 1, factor, axis=-1, padtype="line")
    rate = sfreq / factor
    edges = (band[0], min(band[1], 0.45 * rate))
    return sosfiltfilt(butter(2, edges, "band", fs=rate, output="sos"), data, axis=-1), rate


def _without_lines(course, rate):
    """Cut lines of the spectrum down to what is around them."""
    n = next_fast_len(len(course), real=True)
    spectrum = rfft(course, n)
    size = np.abs(spectrum)
    around = median_filter(size, int(2.0 / rfftfreq(n, 1 / rate)[1]) | 1, mode="nearest")
    too_large = size > 6.0 * around
    spectrum[too_large] *= around[too_large] / size[too_large]
    return irfft(spectrum, n)[: len(course)]


def _period(strength, rate, heart_rate):
    """Find the period in s at which something repeats best."""
    n = next_fast_len(2 * len(strength), real=True)
    power = np.abs(rfft(strength - strength.mean(), n)) ** 2
    repeats = irfft(power, n)
    lags = np.arange(int(60 / heart_rate[1] * rate), int(60 / heart_rate[0] * rate) + 1)
    lags = lags[lags < len(strength) // 2]
    if lags.size == 0:
        raise ValueError(f"{len(strength) / rate:.1f} s are too short to find heartbeats")
    # of two periods that do equally well the shorter one is that of a beat
    return lags[(repeats[lags] / repeats[0] - 0.15 * lags / lags[-1]).argmax()] / rate


def _lost(course, beats, half):
    """Tell which intervals between beats the channel could not be read in, flat or too noisy."""
    size = np.array(
        [
            np.median(np.abs(course[first + half : last - half + 1]))
            for first, last in pairwise(beats.tolist())
        ]
    )
    usual = np.median(size)
    return (size < usual / _UNLIKE) | (size > usual * _UNLIKE)


def _usual(beats, rate, period):
    return float(np.median(np.diff(beats))) / rate if len(beats) > 3 else period


def _average(courses, beats, around):
    """Average the epochs around beats, robustly; None where there are too few."""
    epochs = _epochs(courses, beats, around)
    if len(epochs) < 3:
        return None
    template = np.median(epochs, axis=0) if len(courses) == 1 else epochs.mean(axis=0)
    return template if np.any(template) else None


def _epochs(courses, beats, around):
    before, after = around
    kept = beats[(beats >= before) & (beats + after < courses.shape[1])]
    return np.stack([courses[:, at - before : at + after + 1] for at in kept]) if len(kept) else []


def _matched(courses, template, beats, before):
    """Filter by a template.

    Returns
    -------
    score : ndarray of shape (n_times,)
        Log likelihood ratio of a beat of usual size.
    clarity : float
        Usual size of a beat in standard deviations of what is between.
    alike : float
        Share of the beats of at least half the usual size.
    """
    unit = template / np.linalg.norm(template)
    full = sum(oaconvolve(course, row[::-1]) for course, row in zip(courses, unit, strict=True))
    output = full[unit.shape[1] - 1 - before :][: courses.shape[1]]
    sizes = output[beats]
    usual = np.median(sizes)
    noise = 1.4826 * np.median(np.abs(output - np.median(output))) + 1e-30
    ratio = usual / noise
    score = np.clip(ratio * output / noise - 0.5 * ratio**2, -50.0, min(0.75 * ratio**2, 50.0))
    # equal scores beyond the bounds would hide the peak
    return score + 1e-3 * output / noise, ratio, float(np.mean(sizes > 0.5 * usual))


def _refined(score, beats):
    """Move beats to the vertex of the parabola through their neighbours."""
    at = np.clip(beats, 1, len(score) - 2)
    left, middle, right = (score[at + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, 1.0), 0.0)
    return beats + np.clip(shift, -0.5, 0.5)


def _sources(courses):
    """Give the courses of the largest principal components, of unit variance."""
    scale = 1.4826 * np.median(np.abs(courses), axis=1, keepdims=True)
    courses = courses[scale[:, 0] > 0] / scale[scale[:, 0] > 0]
    # eyes and movements are larger than any pulse
    courses = np.clip(courses, -6.0, 6.0)
    if len(courses) == 0:
        raise ValueError("all EEG channels are flat")
    values, vectors = np.linalg.eigh(np.cov(courses).reshape(len(courses), -1))
    kept = values[::-1][:_N_SOURCES] > 1e-9 * values[-1]
    vectors = vectors[:, ::-1][:, :_N_SOURCES][:, kept]
    sources = vectors.T @ courses
    return sources / sources.std(axis=1, keepdims=True)


def _irregularity(beats):
    """Give the usual difference of successive intervals, relative to them."""
    if len(beats) < 10:
        return np.inf
    return 1.4826 * float(np.median(np.abs(np.diff(np.log(np.diff(beats))))))


def _first_beats(start, rate, heart_rate):
    period = _period(np.maximum(start, 0), rate, heart_rate)
    return track_beats(np.minimum(start, 4.0) - 1.0, rate, period)


@dataclass(frozen=True, eq=False)
class _Grown:
    """Beats that a template finds; `peak` is its largest sample point after the beat."""

    beats: np.ndarray
    total: float = -np.inf
    clarity: float = 0.0
    alike: float = 0.0
    score: np.ndarray | None = None
    peak: int = 0


def _grow(sources, beats, rate, n_rounds):
    """Average the epochs around beats, look for what is like it, and so on."""
    found = _Grown(beats)
    for _ in range(n_rounds):
        if len(found.beats) < 4:
            return _Grown(found.beats)
        period = float(np.median(np.diff(found.beats))) / rate
        # a template longer than the period would find each beat in its neighbours too
        before, after = (int(min(part, share * period) * rate) for part, share in _PULSE)
        template = _average(sources, found.beats, (before, after))
        if template is None:
            return _Grown(found.beats)
        score, clarity, alike = _matched(sources, template, found.beats, before)
        beats = track_beats(score, rate, period)
        peak = int(np.linalg.norm(template, axis=0).argmax()) - before
        found = _Grown(beats, float(score[beats].sum()), clarity, alike, score, peak)
    return found
