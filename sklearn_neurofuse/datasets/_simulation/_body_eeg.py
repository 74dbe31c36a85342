"""What else the EEG picks up: eyes, muscles, mains, pump, heart, head turns, bad channels."""

import numpy as np
from scipy.special import expit

from sklearn_neurofuse.datasets._simulation._brain_eeg import add_events
from sklearn_neurofuse.datasets._simulation._random import (
    coloured,
    poisson_times,
    smooth_maps,
    stream,
)

_EYES = np.array([[-32.0, 72.0, -38.0], [32.0, 72.0, -38.0]])
_N_PULSE = 4
# damped oscillations: frequency in Hz, phase, peak in s after the delay, width in s
_PULSE_WAVES = (
    (3.2, 0.0, 0.0, 0.11),
    (4.6, 1.2, 0.06, 0.13),
    (2.2, 2.0, 0.12, 0.17),
    (6.0, 0.5, -0.04, 0.08),
)
_TEMPLES = ("F7", "F8", "FT7", "FT8", "T7", "T8", "TP7", "TP8", "TP9", "TP10", "FT9", "FT10")
# delay after R in s, width in s, height relative to R: P, Q, R, S
_QRS = ((-0.17, 0.022, 0.12), (-0.03, 0.008, -0.12), (0.0, 0.011, 1.0), (0.03, 0.009, -0.22))
_T_WAVE = (0.27, 0.045)


def _smooth_topographies(run, rng, n_maps, ecg=0.0):
    """Draw smooth maps over the electrodes, referenced, scaled to a median size of one."""
    maps = run.subject.head.referenced(smooth_maps(rng, run.subject.head.directions, n_maps), ecg)
    return maps / np.median(np.abs(maps[: len(run.settings.channels)]), axis=0)


def blink_times(run):
    """Give when the person blinks, in s on the EEG's clock."""
    effect, controls = run.settings.eeg.ocular, run.settings.controls
    rng = stream(run.seed, "blinks", *run.key)
    stop = run.rates.n_full / run.settings.sfreq
    rate = effect.blink_rate if effect.strength > 0 else 0.0
    times = poisson_times(rng, 0.0, stop, rate, 0.6)
    locked = run.trials[run.trials["target"] == 1]
    chosen = rng.random(len(locked)) < controls.blink_by_class
    delays = rng.uniform(0.25, 0.6, len(locked))
    extra = run.timing.to_eeg(locked["onset"].to_numpy() + delays)[chosen]
    return np.sort(np.concatenate([times, extra]))


def _blink(delay):
    # the lid closes faster than it opens
    return np.exp(-0.5 * (delay / np.where(delay < 0, 0.045, 0.085)) ** 2)


def _saccade(delay):
    return np.where(delay < 0, 0.0, (1 - np.exp(-delay / 0.012)) * np.exp(-delay / 0.5))


def render_ocular(run):
    """Give blinks and saccades, of shape (n_rows, n_times) at the slow rate."""
    rates, effect = run.rates, run.settings.eeg.ocular
    rng = stream(run.seed, "ocular", *run.key)
    courses = np.zeros((2, rates.n_times))
    blinks = blink_times(run)
    add_events(
        courses[0],
        rates,
        blinks,
        np.exp(0.2 * rng.standard_normal(len(blinks))),
        _blink,
        (-0.2, 0.45),
    )
    stop = rates.n_full / run.settings.sfreq
    rate = effect.saccade_rate if effect.strength > 0 else 0.0
    saccades = poisson_times(rng, 0.0, stop, rate, 0.4)
    sizes = 0.4 * rng.standard_normal(len(saccades))
    add_events(courses[1], rates, saccades, sizes, _saccade, (0.0, 2.5))
    # blinks locked to a class are there even where all others are switched off
    scale = effect.amplitude * (effect.strength if effect.strength > 0 else 1.0)
    return (_eye_maps(run) @ courses * scale).astype(np.float32)


def _eye_maps(run):
    """Give the potentials of lids and of sideways looks; they fall off with the distance."""
    electrodes = run.subject.head.electrodes
    distance = np.linalg.norm(electrodes[:, None] - _EYES, axis=2)
    near = (30.0 / np.maximum(distance, 30.0)) ** 1.6
    above = np.sign(electrodes[:, 2] - _EYES[0, 2])
    lids, sideways = above * near.sum(axis=1), near[:, 1] - near[:, 0]
    return run.subject.head.referenced(np.stack([lids, sideways], axis=1))


def render_muscle(run):
    """Give bursts of muscles, each over a part of the channels."""
    rates, effect = run.rates, run.settings.eeg.muscle
    rng = stream(run.seed, "muscle", *run.key)
    names = run.settings.row_names
    data = np.zeros((len(names), rates.n_times), dtype=np.float32)
    near = np.array([1.0 if name in _TEMPLES else 0.25 for name in names])
    stop = rates.n_full / run.settings.sfreq
    for onset in poisson_times(rng, 0.0, stop, effect.rate, 2.0):
        length = int(rng.uniform(0.3, 1.5) * rates.sfreq)
        first = int(onset * rates.sfreq) + rates.n_pad
        size = near * np.exp(0.6 * rng.standard_normal(len(names))) * effect.amplitude
        burst = coloured(rng, (len(names),), length, rates.sfreq, _muscle_power)
        burst = burst[:, : rates.n_times - first] * np.hanning(length)[: rates.n_times - first]
        data[:, first : first + burst.shape[1]] += size[:, None] * burst
    return data * np.float32(effect.strength)


def _muscle_power(freqs):
    return 1 / (1 + (25.0 / freqs) ** 6) / (1 + (freqs / 120.0) ** 6)


def _tones(run, rng, frequency, heights, wander):
    """Give a base tone with its overtones, each with its own topography."""
    rates = run.rates
    n_rows = len(run.settings.row_names)
    phase = 2 * np.pi * frequency * rates.eeg_times
    phase = phase + wander * np.cumsum(rng.standard_normal(rates.n_times)) / np.sqrt(rates.sfreq)
    data = np.zeros((n_rows, rates.n_times), dtype=np.float32)
    for order, height in heights:
        if order * frequency < 0.45 * rates.sfreq:
            parts = rng.standard_normal((n_rows, 2)) * height
            data += parts @ np.stack([np.cos(order * phase), np.sin(order * phase)])
    return data


def render_line(run):
    """Give mains and two harmonics."""
    effect = run.settings.eeg.line
    tones = _tones(
        run,
        stream(run.seed, "line", *run.key),
        effect.frequency,
        ((1, 1.0), (2, 0.2), (3, 0.4)),
        0.05,
    )
    return tones * np.float32(effect.amplitude * effect.strength)


def render_pump(run):
    """Give the vibration of the helium pump: tones that come and go with its strokes."""
    effect = run.settings.eeg.pump
    rng = stream(run.seed, "pump", *run.key)
    tones = _tones(run, rng, effect.frequency, ((1, 1.0), (2, 0.5), (3, 0.3)), 0.6)
    strokes = 1 + 0.5 * np.sin(2 * np.pi * 1.2 * run.rates.eeg_times + rng.uniform(0, 6))
    return (tones * strokes * effect.amplitude * effect.strength).astype(np.float32)


def bad_channels(run):
    """Give the numbers of the bad channels; at most a third of them."""
    effect = run.settings.eeg.bad_channels
    if effect.strength == 0:
        return np.zeros(0, dtype=int)
    rng = stream(run.seed, "bad channels", *run.key)
    number = rng.integers(1, 4) if effect.number is None else effect.number
    n_channels = len(run.settings.channels)
    return np.sort(rng.permutation(n_channels)[: min(number, max(n_channels // 3, 1))])


def render_bad_channels(run):
    """Give the noise of bad channels: broad, or steps of a loose electrode."""
    rates, effect = run.rates, run.settings.eeg.bad_channels
    data = np.zeros((len(run.settings.row_names), rates.n_times), dtype=np.float32)
    for number in bad_channels(run):
        rng = stream(run.seed, "bad channel", int(number), *run.key)
        if rng.random() < 0.6:
            noise = coloured(rng, (), rates.n_times, rates.sfreq, lambda f: 1 / (f + 2.0))
        else:
            steps = rng.standard_normal(rates.n_times) * (
                rng.random(rates.n_times) < 0.5 / rates.sfreq
            )
            noise = _leaky_sum(steps, 3.0 * rates.sfreq)
            noise /= noise.std() + 1e-9
        data[number] = effect.amplitude * effect.strength * noise
    return data


def _leaky_sum(steps, decay):
    total, sums = 0.0, np.empty(len(steps))
    keep = 1 - 1 / decay
    for i, step in enumerate(steps.tolist()):
        total = keep * total + step
        sums[i] = total
    return sums


def render_sensor(run):
    """Give the noise of electrodes and amplifier."""
    effect, rates = run.settings.eeg.sensor, run.rates
    rng = stream(run.seed, "sensor", *run.key)
    noise = rng.standard_normal((len(run.settings.row_names), rates.n_times), dtype=np.float32)
    return noise * np.float32(effect.amplitude * effect.strength * run.subject.site_noise)


def render_motion(run):
    r"""Give the voltage that turning the head in the static field induces.

    By Faraday's law :math:`v = B_0 A\,\dot\theta` for a loop of area A [1]_.

    References
    ----------
    .. [1] Yan, W. X., Mullinger, K. J., Geirsdottir, G. B., & Bowtell, R. (2010). Physical
       modeling of pulse artefact sources in simultaneous EEG/fMRI. Human Brain Mapping, 31(4),
       604-620. doi:10.1002/hbm.20891
    """
    effect = run.settings.eeg.motion
    rng = stream(run.seed, "loops", run.key[0])
    loops = _smooth_topographies(run, rng, 3, ecg=1.0)
    loops = loops * (1 + 0.3 * rng.standard_normal(loops.shape))
    turning = run.motion.rate_of_turn(run.rates.scan_times)
    scale = effect.area * run.settings.scan.field * effect.strength
    return (loops @ turning.T * scale).astype(np.float32)


def pulse_sources(run):
    """Give the time courses of the pulse artefact's components, of shape (n, n_times).

    Every beat has its own delay, which follows the interval before it, and its own size of each
    component, so that its shape changes; ectopic beats are weaker and earlier.
    """
    rates, effect = run.rates, run.settings.eeg.pulse
    rng = stream(run.seed, "pulse", *run.key)
    beats = run.timing.to_eeg(run.physiology.beats)
    before = np.diff(beats, prepend=beats[0] - np.median(np.diff(beats)))
    delays = effect.delay + 0.03 * (before - np.median(before))
    delays = delays + effect.jitter * rng.standard_normal(len(beats))
    common = np.exp(effect.variability * 0.6 * rng.standard_normal(len(beats)))
    common *= np.where(run.physiology.ectopic, 0.6, 1.0)
    courses = np.zeros((_N_PULSE, rates.n_times))
    for number, wave in enumerate(_PULSE_WAVES):
        sizes = common * (1 + effect.variability * rng.standard_normal(len(beats)))
        add_events(courses[number], rates, beats + delays, sizes, _damped(*wave), (-0.45, 0.75))
    return courses


def _damped(frequency, phase, peak, width):
    def course(delay):
        # nothing moves before the blood arrives
        arrived = expit((delay + 0.13) / 0.015)
        delay = delay - peak
        wave = np.cos(2 * np.pi * frequency * delay + phase) * np.exp(-0.5 * (delay / width) ** 2)
        return arrived * wave

    return course


def render_pulse(run):
    """Give the pulse artefact, of shape (n_rows, n_times) at the slow rate [1]_, [2]_.

    References
    ----------
    .. [1] Allen, P. J., Polizzi, G., Krakow, K., Fish, D. R., & Lemieux, L. (1998). Identification
       of EEG events in the MR scanner. NeuroImage, 8(3), 229-239. doi:10.1006/nimg.1998.0361
    .. [2] Mullinger, K. J., Havenhand, J., & Bowtell, R. (2013). Identifying the sources of the
       pulse artefact in EEG recordings made inside an MR scanner. NeuroImage, 71, 75-83.
       doi:10.1016/j.neuroimage.2012.12.070
    """
    effect = run.settings.eeg.pulse
    courses = pulse_sources(run)
    rng = stream(run.seed, "pulse maps", run.key[0])
    maps = _smooth_topographies(run, rng, _N_PULSE)
    # nodding about the left-right axis turns the sign from one side to the other
    side = run.subject.head.directions[:, [0]]
    maps[:, [0]] += 2.0 * run.subject.head.referenced(side)
    maps[-1] = 0.0
    maps = maps * np.array([1.0, 0.6, 0.5, 0.3])
    n_channels = len(run.settings.channels)
    peak = np.median(np.abs(maps[:n_channels] @ _one_beat()).max(axis=1))
    return (maps @ courses * (effect.amplitude * effect.strength / peak)).astype(np.float32)


def _one_beat():
    delays = np.arange(-0.45, 0.75, 0.005)
    return np.stack([_damped(*wave)(delays) for wave in _PULSE_WAVES])


def render_ecg(run):
    """Give the heart's own potential on the ECG channel; in the field T rises as high as R."""
    effect, rates = run.settings.eeg.ecg, run.rates
    rng = stream(run.seed, "ecg", *run.key)
    beats = run.timing.to_eeg(run.physiology.beats)
    course = np.zeros(rates.n_times)
    sizes = np.exp(0.05 * rng.standard_normal(len(beats)))
    waves = (*_QRS, (*_T_WAVE, effect.t_wave))
    add_events(course, rates, beats, sizes, lambda delay: _sum_of_waves(delay, waves), (-0.3, 0.6))
    breath = 0.05 * run.physiology.breath(rates.scan_times)
    data = np.zeros((len(run.settings.row_names), rates.n_times), dtype=np.float32)
    data[-1] = effect.amplitude * effect.strength * (course + breath)
    return data


def _sum_of_waves(delay, waves):
    return sum(
        height * np.exp(-0.5 * ((delay - when) / width) ** 2) for when, width, height in waves
    )
