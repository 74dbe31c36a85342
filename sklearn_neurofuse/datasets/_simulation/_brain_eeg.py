"""What the brain contributes to the EEG: evoked responses, alpha and the background."""

import numpy as np

from sklearn_neurofuse.datasets._simulation._random import coloured, stream
from sklearn_neurofuse.datasets._simulation._sources import (
    ALPHA_ORIENTATIONS,
    ALPHA_SITES,
    AROUSAL_GAIN,
    CLASS_GAIN,
    SOURCES,
    STIMULUS,
)

# window of a response around its event, in s
WINDOW = (-0.4, 1.2)
# posterior electrodes, by MNI y in mm
_POSTERIOR = -60.0
_ALPHA_WIDTH = 0.6


def evoked_mixing(run):
    """Give the potential of each source at its peak, of shape (n_rows, n_sources), in V."""
    places = run.subject.source_places()
    mixing = np.zeros((len(run.settings.row_names), len(SOURCES)))
    for number, source in enumerate(SOURCES):
        if source.orientation is None:
            continue
        field = run.subject.head.potentials(places[number], source.orientation)[:, 0]
        height = np.abs(field[: len(run.settings.channels)]).max()
        mixing[:, number] = field * source.potential / height * run.subject.gains[number, 0]
    return mixing * run.settings.eeg.evoked.strength * run.subject.site_gain


def source_amplitudes(source, trials, modality):
    """Give the size of a source's response to each of its events, about one.

    Parameters
    ----------
    source : Source
        The source.
    trials : DataFrame
        With latents ``z_eeg``, ``z_fmri`` and ``arousal``.
    modality : {"eeg", "fmri"}
        Which response.

    Returns
    -------
    ndarray of shape (n_trials,)
        The sizes.
    """
    weight = source.eeg_class if modality == "eeg" else source.fmri_class
    latent = trials[f"z_{modality}"].to_numpy()
    arousal = trials["arousal"].to_numpy()
    return 1 + CLASS_GAIN * weight * latent + AROUSAL_GAIN * source.arousal * arousal


def source_events(source, trials, modality):
    """Give when a source answers, in s on the scanner's clock, and how strongly."""
    onsets = trials["onset"].to_numpy()
    sizes = source_amplitudes(source, trials, modality)
    if source.event == STIMULUS:
        return onsets, sizes
    reaction = trials["response_time"].to_numpy()
    pressed = np.isfinite(reaction)
    return (onsets + reaction)[pressed], sizes[pressed]


def render_evoked(run):
    """Give the evoked responses, of shape (n_rows, n_times) at the slow rate."""
    rates = run.rates
    courses = np.zeros((len(SOURCES), rates.n_times))
    rng = stream(run.seed, "latency", *run.key)
    for number, source in enumerate(SOURCES):
        onsets, sizes = source_events(source, run.trials, "eeg")
        jitter = 0.008 * rng.standard_normal(len(onsets))
        onsets = run.timing.to_eeg(onsets) + jitter
        add_events(courses[number], rates, onsets, sizes, source.waveform, WINDOW)
    return (evoked_mixing(run) @ courses).astype(np.float32)


def add_events(course, rates, onsets, sizes, waveform, window):
    """Add a waveform of a given size at each onset on the EEG's clock, in place."""
    for onset, size in zip(onsets, sizes, strict=True):
        first = int(np.ceil((onset + window[0]) * rates.sfreq)) + rates.n_pad
        last = int((onset + window[1]) * rates.sfreq) + rates.n_pad
        first, last = max(first, 0), min(last, len(course))
        if first < last:
            times = (np.arange(first, last) - rates.n_pad) / rates.sfreq
            course[first:last] += size * waveform(times - onset)


def alpha_mixing(run):
    """Give the potentials of the generators of alpha, of shape (n_rows, n_generators), in V."""
    head, effect = run.subject.head, run.settings.eeg.alpha
    mixing = head.potentials(ALPHA_SITES, ALPHA_ORIENTATIONS)
    rms = np.sqrt((mixing**2).sum(axis=1))[: len(run.settings.channels)]
    posterior = head.electrodes[: len(rms), 1] < _POSTERIOR
    level = np.median(rms[posterior]) if posterior.any() else rms.max()
    gain = run.subject.gains[0, 0] * run.subject.site_gain
    return mixing / level * effect.amplitude * effect.strength * gain


def alpha_power(run):
    """Give the relative power of alpha at frequencies in Hz, a callable."""
    centre = run.subject.alpha_frequency
    return lambda freqs: np.exp(-0.5 * ((freqs - centre) / _ALPHA_WIDTH) ** 2)


def render_alpha(run):
    """Give alpha, of shape (n_rows, n_times) at the slow rate."""
    rates = run.rates
    rng = stream(run.seed, "alpha", *run.key)
    waves = coloured(rng, (len(ALPHA_SITES),), rates.n_times, rates.sfreq, alpha_power(run))
    envelope = np.exp(np.interp(rates.scan_times, run.state["time"], run.state["alpha"]))
    waves *= envelope / np.sqrt(np.mean(envelope**2))
    return (alpha_mixing(run) @ waves).astype(np.float32)


def background_mixing(run):
    """Give the potentials of the generators of the background, in V."""
    effect = run.settings.eeg.background
    mixing = run.subject.head.potentials(*run.subject.background)
    rms = np.sqrt((mixing**2).sum(axis=1))[: len(run.settings.channels)]
    scale = effect.amplitude * effect.strength * run.subject.site_gain * run.subject.site_noise
    return mixing / np.median(rms) * scale


def background_power(run):
    """Give the relative power of the background at frequencies in Hz, a callable."""
    exponent = run.settings.eeg.background.exponent

    def power(freqs):
        # flat below 0.5 Hz, and hardly anything is left of the cortex above 90 Hz
        return np.maximum(freqs, 0.5) ** -exponent / (1 + (freqs / 90.0) ** 8)

    return power


def render_background(run):
    """Give the background, of shape (n_rows, n_times) at the slow rate."""
    rates = run.rates
    rng = stream(run.seed, "background", *run.key)
    mixing = background_mixing(run).astype(np.float32)
    return mixing @ coloured(
        rng, (mixing.shape[1],), rates.n_times, rates.sfreq, background_power(run)
    )
