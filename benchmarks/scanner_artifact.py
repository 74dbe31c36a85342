"""Gradient artefacts over real EEG, made in continuous time, for the benchmark and the tests.

Nothing here is cut at volumes: the gradients of a sequence are written down at a fine raster, the
loops of wire and head pick up their derivative, the amplifier filters it, and only then is the
result sampled on a clock of its own.
"""

from dataclasses import dataclass, field
from pathlib import Path

import mne
import numpy as np
from scipy.fft import irfft, rfft
from scipy.interpolate import CubicSpline
from scipy.signal import resample_poly

RASTER = 20e-6
# of the hardware low-pass; a fifth-order Butterworth as in MR-compatible amplifiers
EDGE, ORDER = 250.0, 5


@dataclass(frozen=True)
class Sequence:
    """What the scanner plays.

    Parameters
    ----------
    t_r : float
        Repetition time in s.
    n_slices : int
        Excitations in a volume.
    variation : float
        By how much gradients differ from slice to slice.
    """

    t_r: float = 2.1
    n_slices: int = 35
    variation: float = 0.02


@dataclass(frozen=True)
class Case:
    """One recording to clean.

    Parameters
    ----------
    drift : float
        Sample points by which the repetition time differs from a whole number.
    jitter : float
        Standard deviation of the start of each volume, in sample points.
    motion : float
        Relative change of the artefact by one unit of head movement.
    amplitude : float
        Median over channels of the largest value, in V.
    sequence : Sequence
        What the scanner plays.
    lead : float
        Recording before the first and after the last volume, in s.
    markers : str
        "volume" or "slice".
    """

    drift: float = 0.0
    jitter: float = 0.0
    motion: float = 0.0
    amplitude: float = 5e-3
    sequence: Sequence = field(default_factory=Sequence)
    lead: float = 3.0
    markers: str = "volume"


def real_eeg(folder, n_channels, duration, sfreq, *, noise=0.3e-6, seed=0):
    """Read EEG of a person who lies in no scanner.

    Parameters
    ----------
    folder : path-like
        Of the PhysioNet EEG Motor Movement/Imagery recordings, subject 1.
    n_channels : int
        Channels evenly out of the 64.
    duration : float
        In s.
    sfreq : float
        To bring it to, in Hz.
    noise : float
        White noise of the amplifier below 400 Hz, in V at 5 kHz.
    seed : int
        Of the noise.

    Returns
    -------
    data : ndarray of shape (n_channels, n_times)
        In V.
    names : list of str
        Channels.
    """
    names = ["R04", "R08", "R03", "R07"]
    parts = [
        mne.io.read_raw_edf(Path(folder) / f"S001{name}.edf", preload=True, verbose="ERROR")
        for name in names
    ]
    picks = np.linspace(0, len(parts[0].ch_names) - 1, n_channels).round().astype(int)
    data = np.concatenate([part.get_data(picks=picks)[:, : 160 * 124] for part in parts], axis=1)
    data = data[:, : int(np.ceil(duration * 160)) + 160]
    data -= data.mean(axis=1, keepdims=True)
    up, down = (int(x) for x in np.array([sfreq, 160.0]) / np.gcd(int(sfreq), 160))
    data = resample_poly(data, up, down, axis=1)[:, : int(duration * sfreq)]
    white = np.random.default_rng(seed).standard_normal(data.shape, dtype=np.float32)
    n_near = max(1, int(sfreq / 1600))
    smooth = np.cumsum(white, axis=1)
    white[:, n_near:] = (smooth[:, n_near:] - smooth[:, :-n_near]) / np.sqrt(n_near)
    data += noise * white
    return data, [parts[0].ch_names[i].strip(".") for i in picks]


def noise_eeg(n_channels, duration, sfreq, *, seed=0):
    """Make noise of some 20 microvolts whose spectrum falls as that of EEG does.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    duration : float
        In s.
    sfreq : float
        In Hz.
    seed : int
        Of the noise.

    Returns
    -------
    data : ndarray of shape (n_channels, n_times)
        In V.
    names : list of str
        Channels.
    """
    n_times = int(duration * sfreq)
    spectrum = rfft(np.random.default_rng(seed).standard_normal((n_channels, n_times)), axis=1)
    freqs = np.arange(spectrum.shape[1]) * sfreq / n_times
    spectrum *= 1 / np.maximum(freqs, 0.5) + 0.002 * (freqs < 400)
    data = irfft(spectrum, n_times, axis=1)
    return 20e-6 * data / data.std(axis=1, keepdims=True), [f"E{i}" for i in range(n_channels)]


def gradients(sequence, seed=0):
    """Write down the three gradients of one volume at the raster, fat saturation to spoiler."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(sequence.t_r / RASTER)) * RASTER
    length = sequence.t_r / sequence.n_slices
    number = np.minimum((times / length).astype(int), sequence.n_slices - 1)
    within = (times - number * length) / length
    factor = 1 + sequence.variation * rng.standard_normal((3, 5, sequence.n_slices))
    total = np.zeros((3, len(times)))
    lobes = [  # start, stop as fractions of a slice; height on each axis
        (0.04, 0.10, (0.8, -0.9, 0.7)),
        (0.12, 0.19, (0.0, 0.0, 0.9)),
        (0.20, 0.24, (-1.0, -0.6, -0.8)),
        (0.88, 0.94, (0.7, 0.8, 0.9)),
    ]
    for lobe, (start, stop, heights) in enumerate(lobes):
        ramp = 0.008
        shape = np.clip(np.minimum(within - start, stop - within) / ramp, 0, 1)
        total += np.array(heights)[:, None] * shape * factor[:, lobe, number]
    reading = (within > 0.27) & (within < 0.87)
    echo = (within - 0.27) * length / 0.58e-3
    total[0] += reading * np.clip(2.5 * np.sin(np.pi * echo), -1, 1) * factor[0, 4, number]
    total[1] += reading * 0.25 * (np.abs(echo % 1 - 0.5) > 0.42) * factor[1, 4, number]
    return total


def waveforms(sequence, sfreq, seed=0):
    """Give what a loop for each gradient picks up behind the amplifier, as functions of time."""
    spectrum = rfft(gradients(sequence, seed), axis=1)
    freqs = np.arange(spectrum.shape[1]) / sequence.t_r
    spectrum *= 2j * np.pi * freqs
    # Butterworth with its phase, then nothing from 0.45 of the sampling frequency on
    poles = np.exp(1j * np.pi * (2 * np.arange(ORDER) + ORDER + 1) / (2 * ORDER))
    spectrum /= np.prod(1j * freqs[:, None] / EDGE - poles, axis=1)
    top = 0.45 * sfreq
    spectrum *= np.clip((top - freqs) / (0.1 * sfreq), 0, 1)
    values = irfft(spectrum, axis=1)
    values /= np.abs(values).max()
    values = np.concatenate([values, values[:, :1]], axis=1)
    times = np.linspace(0, sequence.t_r, values.shape[1])
    return CubicSpline(times, values, axis=1, bc_type="periodic")


def head_movement(times, seed=0):
    """Draw three traces of movement: slow drift, breathing and a few jumps, of size about one."""
    rng = np.random.default_rng(seed)
    knots = np.linspace(times[0], times[-1], max(5, int((times[-1] - times[0]) / 30)))
    drift = CubicSpline(knots, 0.6 * rng.standard_normal((len(knots), 3)))(times)
    breath = 0.15 * np.sin(2 * np.pi * 0.27 * times)[:, None] * rng.standard_normal(3)
    total = drift + breath
    for start in rng.uniform(times[0], times[-1], max(1, int((times[-1] - times[0]) / 100))):
        total += 0.8 * rng.standard_normal(3) / (1 + np.exp(-(times - start) / 0.4))[:, None]
    return total.T


@dataclass(frozen=True, eq=False)
class Scan:
    """A recording with a gradient artefact, and what is known of it.

    Parameters
    ----------
    raw : mne.io.Raw
        EEG and artefact, with annotations named R128.
    clean : ndarray of shape (n_channels, n_times)
        The EEG.
    starts : ndarray of shape (n_volumes,)
        True start of each volume in sample points, not whole.
    motion : ndarray of shape (n_volumes, 3)
        Movement in the middle of each volume.
    case : Case
        What was asked for.
    """

    raw: object
    clean: np.ndarray
    starts: np.ndarray
    motion: np.ndarray
    case: Case

    @property
    def artifact(self):
        """What was added, in V."""
        return self.raw.get_data() - self.clean

    @property
    def slice_rate(self):
        """Excitations in a second of the EEG's clock."""
        return self.raw.info["sfreq"] * self.case.sequence.n_slices / np.diff(self.starts).mean()


def add_artifact(clean, names, sfreq, case, seed=0):
    """Put a recording into a scanner.

    Parameters
    ----------
    clean : ndarray of shape (n_channels, n_times)
        EEG in V.
    names : list of str
        Of the channels.
    sfreq : float
        In Hz.
    case : Case
        What the scanner does.
    seed : int
        Of loops, movement and jitter.

    Returns
    -------
    Scan
        The recording, and its truth.
    """
    rng = np.random.default_rng(seed)
    n_times = clean.shape[1]
    period = round(case.sequence.t_r * sfreq) + case.drift
    first = case.lead * sfreq + 0.31
    n_volumes = int((n_times - 1 - first - case.lead * sfreq) / period)
    starts = first + np.arange(n_volumes) * period
    starts[1:] += case.jitter * rng.standard_normal(n_volumes - 1)
    wave = waveforms(case.sequence, sfreq, seed)
    movement = head_movement(np.arange(n_times) / sfreq, seed)
    weights = _loops(rng, clean.shape[0], case, wave)
    mixed = clean.copy()
    ends = np.append(starts[1:], starts[-1] + period)
    for start, end in zip(starts, ends, strict=True):
        points = np.arange(int(np.ceil(start)), int(np.ceil(end)))
        # of the scanner's clock; a volume that is followed late ends with a rest
        times = (points - start) / period * case.sequence.t_r
        inside = np.minimum(times, case.sequence.t_r)
        mixed[:, points] += weights.at(wave, inside, movement[:, points])
    raw = mne.io.RawArray(mixed, mne.create_info(names, sfreq, "eeg"), verbose="ERROR")
    marks = starts
    if case.markers == "slice":
        each = np.arange(case.sequence.n_slices) * period / case.sequence.n_slices
        marks = (starts[:, None] + each).ravel()
    # the marker is written at the sample point that sees it
    raw.set_annotations(mne.Annotations(np.ceil(marks) / sfreq, 0.0, "R128"))
    middles = np.minimum(starts + period / 2, n_times - 1).astype(int)
    return Scan(raw, clean, starts, movement[:, middles].T, case)


class _loops:
    """The loops of wire: how each picks up three gradients, and how that changes with movement."""

    def __init__(self, rng, n_channels, case, wave):
        self.weights = rng.standard_normal((n_channels, 3))
        self.delays = 10e-6 * rng.standard_normal((n_channels, 1))
        self.change = case.motion * rng.standard_normal((n_channels, 3, 3))
        peaks = np.abs(self.weights @ wave(np.arange(0, case.sequence.t_r, 2e-4))).max(axis=1)
        self.scale = case.amplitude / np.median(peaks)

    def at(self, wave, times, movement):
        basis = wave(times)
        total = self.weights @ basis + self.delays * (self.weights @ wave(times, 1))
        for axis in range(3):
            total += (self.change[:, axis] @ movement) * basis[axis]
        return self.scale * total
