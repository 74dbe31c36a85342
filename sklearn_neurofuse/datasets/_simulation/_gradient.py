"""The artefact of the imaging gradients behind the amplifier's low-pass."""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from sklearn_neurofuse.datasets._simulation._random import smooth_maps, stream

# points a second of the tabulated waveform, enough for linear interpolation
_TABLE_RATE = 200_000
_RASTER = 50e-6
_ORDER = 5
_CHUNK = 32_768


class GradientArtifact:
    r"""The gradient artefact of one run, at the full rate.

    Each loop of head and wires picks up the derivative of the three gradients, which repeats with
    every volume on the scanner's clock,

    .. math:: v_c(t) = \sum_a (w_{ca} + d_{ca} \cdot p(t))\; g_a(\tau(t) - \delta_c),

    where :math:`p(t)` is the displacement of the head [1]_, [2]_. The waveforms are low-passed
    before they are sampled, and nothing is left at half the sampling frequency.

    Parameters
    ----------
    run : RunPlan
        The run.

    References
    ----------
    .. [1] Yan, W. X., Mullinger, K. J., Brookes, M. J., & Bowtell, R. (2009). Understanding
       gradient artefacts in simultaneous EEG/fMRI. NeuroImage, 46(2), 459-471.
       doi:10.1016/j.neuroimage.2009.01.029
    .. [2] Moosmann, M., Schönfelder, V. H., Specht, K., Scheeringa, R., Nordby, H., & Hugdahl, K.
       (2009). Realignment parameter-informed artefact correction for simultaneous EEG-fMRI
       recordings. NeuroImage, 45(4), 1144-1150. doi:10.1016/j.neuroimage.2009.01.024
    """

    def __init__(self, run):
        self._run = run
        effect = run.settings.eeg.gradient
        rng = stream(run.seed, "gradient", run.key[0])
        low_pass = _low_pass(run.timing.t_r, effect, run.settings.sfreq)
        spectrum = _waveforms(rng, run.timing)[:, : len(low_pass)]
        spectrum = spectrum * low_pass[: spectrum.shape[1]]
        length = next_fast_len(int(run.timing.t_r * _TABLE_RATE), real=True)
        slopes = 2j * np.pi * np.arange(spectrum.shape[1]) / run.timing.t_r
        self._tables = [_table(spectrum, length), _table(spectrum * slopes, length)]
        weights = self._draw_weights(rng)
        peak = np.abs(weights[: len(run.settings.channels)] @ self._tables[0]).max(axis=1)
        scale = effect.amplitude * effect.strength / np.median(peak)
        self._weights = (weights * scale).astype(np.float32)
        self._delays = (effect.delay * rng.standard_normal(len(weights))).astype(np.float32)
        change = rng.standard_normal((*weights.shape, 6)) * np.array([1, 1, 1, *[180 / np.pi] * 3])
        size = np.abs(self._weights).mean(axis=1)[:, None, None]
        self._change = (effect.motion * size * change / np.sqrt(6)).astype(np.float32)

    def _draw_weights(self, rng):
        head = self._run.subject.head
        maps = smooth_maps(rng, head.directions, 3) + 0.4 * rng.standard_normal(
            (len(head.directions), 3)
        )
        return head.referenced(maps, ecg=1.5 * rng.standard_normal(3))

    def add_to(self, data):
        """Add the artefact to a recording of shape (n_rows, n_times) in V, in place."""
        for start in range(0, data.shape[1], _CHUNK):
            stretch = data[:, start : start + _CHUNK]
            samples = np.arange(start, start + stretch.shape[1])
            times = self._run.timing.to_scan(samples / self._run.settings.sfreq)
            on = (times >= self._run.timing.volume_starts[0]) & (times < self._run.timing.duration)
            if on.any():
                stretch += self._at(times) * on

    def _at(self, times):
        waves, slopes = (self._look_up(table, times) for table in self._tables)
        poses = self._run.motion.at(times).astype(np.float32)
        total = np.zeros((len(self._weights), len(times)), dtype=np.float32)
        for axis in range(3):
            weight = self._change[:, axis] @ poses.T
            weight += self._weights[:, axis, None]
            weight *= waves[axis] - self._delays[:, None] * slopes[axis]
            total += weight
        return total

    def _look_up(self, table, times):
        t_r, length = self._run.timing.t_r, table.shape[1] - 1
        place = (times / t_r) % 1.0 * length
        left = np.minimum(place.astype(np.int64), length - 1)
        share = (place - left).astype(np.float32)
        # the last column repeats the first, so that left + 1 never wraps
        return table[:, left] * (1 - share) + table[:, left + 1] * share


def _table(spectrum, length):
    padded = np.zeros((len(spectrum), length // 2 + 1), dtype=complex)
    padded[:, : spectrum.shape[1]] = spectrum
    table = irfft(padded, length, axis=1) * length
    return np.concatenate([table, table[:, :1]], axis=1).astype(np.float32)


def _low_pass(t_r, effect, sfreq):
    """Give the amplifier's low-pass at the harmonics of the volume: Butterworth, cut at the end."""
    edge = 0.47 * sfreq
    freqs = np.arange(int(edge * t_r) + 1) / t_r
    taper = np.clip((edge - freqs) / (0.07 * sfreq), 0, 1)
    taper = 0.5 - 0.5 * np.cos(np.pi * taper)
    return taper / np.sqrt(1 + (freqs / effect.h_freq) ** (2 * _ORDER))


def _waveforms(rng, timing):
    """Give the Fourier series of the derivatives of the three gradients over one volume."""
    n_points = round(timing.t_r / _RASTER)
    times = np.arange(n_points) * timing.t_r / n_points
    length = timing.t_r / timing.n_excitations
    number = np.minimum((times / length).astype(int), timing.n_excitations - 1)
    within = times - number * length
    gradients = np.zeros((3, n_points))
    _add_lobes(gradients, within, length)
    # encoding and spoiling differ a little from slice to slice
    gradients *= 1 + 0.02 * rng.standard_normal((3, timing.n_excitations))[:, number]
    series = rfft(gradients, axis=1) / n_points
    return series * 2j * np.pi * np.arange(series.shape[1]) / timing.t_r


def _add_lobes(gradients, within, length):
    """Add the gradients of one slice: fat saturation, selection, readout and spoiler."""
    readout, phase, select = gradients
    _trapezoid(gradients[:], within, 0.002, 0.004, 0.0004, np.array([0.9, -0.9, 0.9]))
    _trapezoid(select[None], within, 0.009, 0.004, 0.0005, np.array([0.8]))
    _trapezoid(select[None], within, 0.0135, 0.002, 0.0005, np.array([-0.8]))
    start = min(0.017, 0.4 * length)
    stop = max(0.8 * length, start + 0.002)
    _trapezoid(readout[None], within, start - 0.002, 0.0015, 0.0003, np.array([-1.0]))
    _trapezoid(phase[None], within, start - 0.002, 0.0015, 0.0003, np.array([-0.7]))
    spacing = 0.0005
    inside = (within >= start) & (within < stop)
    echo = (within - start) / spacing
    readout[inside] += np.clip(3 * np.sin(np.pi * echo[inside]), -1, 1)
    phase[inside] += 0.3 * (np.abs(echo[inside] % 1.0 - 0.5) > 0.4)
    _trapezoid(gradients[:], within, stop + 0.0005, 0.003, 0.0004, np.array([0.6, 0.9, 0.8]))


def _trapezoid(gradients, within, start, length, ramp, heights):
    rise = np.clip((within - start) / ramp, 0, 1)
    fall = np.clip((start + length - within) / ramp, 0, 1)
    gradients += heights[:, None] * np.minimum(rise, fall)
