"""What can be switched on, how strongly, and the constants behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


def bounded(
    default, low=0.0, high=None, unit="", *, closed="both", integer=False, optional=False, by=()
):
    """Give a dataclass field that is checked to be a number within bounds, or a dict `by` keys."""
    bounds = {"low": low, "high": high, "unit": unit, "closed": closed, "integer": integer}
    return field(default=default, metadata={"bounds": bounds, "optional": optional, "by": by})


def choice(default, *choices):
    """Give a dataclass field that is checked to be one of a few words."""
    return field(default=default, metadata={"choices": (default, *choices)})


def interval(default, low=0.0, unit=""):
    """Give a dataclass field that is checked to be a pair of rising numbers."""
    return field(default=default, metadata={"interval": {"low": low, "unit": unit}})


def sizes(default, unit):
    """Give a dataclass field that is checked to be three positive numbers."""
    return field(default=default, metadata={"sizes": unit})


def switch(default):
    """Give a dataclass field that is checked to be a bool."""
    return field(default=default, metadata={"switch": True})


@dataclass(frozen=True)
class Effect:
    """Something that can be switched off or made stronger."""

    strength: float = bounded(1.0)


@dataclass(frozen=True)
class Background(Effect):
    """1/f activity of the whole cortex: median rms over channels, and the exponent of its power."""

    amplitude: float = bounded(9e-6, unit="V")
    exponent: float = bounded(1.2, high=3.0)


@dataclass(frozen=True)
class Alpha(Effect):
    """Occipital rhythm: median rms over the posterior channels, mean frequency of the people."""

    amplitude: float = bounded(8e-6, unit="V")
    frequency: float = bounded(10.0, low=7.0, high=13.0, unit="Hz")


@dataclass(frozen=True)
class Gradient(Effect):
    """Artefact of the gradients: median peak over channels behind the amplifier's low-pass.

    `motion` is the relative change of its topography per mm or degree of head displacement,
    `delay` the standard deviation of the channels' delays.
    """

    amplitude: float = bounded(3e-3, unit="V")
    h_freq: float = bounded(250.0, low=30.0, unit="Hz")
    motion: float = bounded(0.02)
    delay: float = bounded(10e-6, unit="s")


@dataclass(frozen=True)
class HeadVoltage(Effect):
    """Voltage induced by turning the head: standard deviation of the loops' areas."""

    area: float = bounded(8e-4, unit="m2")


@dataclass(frozen=True)
class Pulse(Effect):
    """Artefact of the heartbeat: median peak over channels, delay after R, and how beats differ."""

    amplitude: float = bounded(60e-6, unit="V")
    delay: float = bounded(0.2, high=0.5, unit="s")
    jitter: float = bounded(0.012, high=0.1, unit="s")
    variability: float = bounded(0.25, high=1.0)


@dataclass(frozen=True)
class Pump(Effect):
    """Vibration of the helium pump: median rms over channels, and its base frequency."""

    amplitude: float = bounded(5e-6, unit="V")
    frequency: float = bounded(42.0, low=5.0, high=100.0, unit="Hz")


@dataclass(frozen=True)
class Ocular(Effect):
    """Blinks and saccades: peak of a blink near the eyes, and rates per minute."""

    amplitude: float = bounded(150e-6, unit="V")
    blink_rate: float = bounded(12.0, high=60.0, unit="per minute")
    saccade_rate: float = bounded(8.0, high=60.0, unit="per minute")


@dataclass(frozen=True)
class Muscle(Effect):
    """Bursts over the temples and the neck: rms within a burst, and rate per minute."""

    amplitude: float = bounded(15e-6, unit="V")
    rate: float = bounded(3.0, high=60.0, unit="per minute")


@dataclass(frozen=True)
class Line(Effect):
    """Mains with two harmonics: median rms over channels."""

    amplitude: float = bounded(2e-6, unit="V")
    frequency: float = bounded(50.0, low=45.0, high=65.0, unit="Hz")


@dataclass(frozen=True)
class BadChannels(Effect):
    """Channels with noise of their own: how many (None: 1 to 3), and its rms."""

    number: int | None = bounded(None, low=1, integer=True, optional=True)
    amplitude: float = bounded(60e-6, unit="V")


@dataclass(frozen=True)
class Sensor(Effect):
    """Noise of electrodes and amplifier: rms."""

    amplitude: float = bounded(0.8e-6, unit="V")


@dataclass(frozen=True)
class Electrocardiogram(Effect):
    """The ECG channel: height of R, and of T relative to it."""

    amplitude: float = bounded(1e-3, unit="V")
    t_wave: float = bounded(1.0, high=3.0)


@dataclass(frozen=True)
class Amplifier(Effect):
    """Resolution and range of the amplifier; any strength above zero switches it on."""

    resolution: float = bounded(0.5e-6, closed="neither", unit="V")
    saturation: float = bounded(16.384e-3, closed="neither", unit="V")


@dataclass(frozen=True)
class AlphaBold(Effect):
    """BOLD that falls as alpha rises: standard deviation in %, and lag before the response."""

    amplitude: float = bounded(0.6, unit="%")
    lag: float = bounded(1.0, low=-5.0, high=5.0, unit="s")


@dataclass(frozen=True)
class Arousal(Effect):
    """BOLD that follows arousal: standard deviation in %."""

    amplitude: float = bounded(0.4, unit="%")


@dataclass(frozen=True)
class Drift(Effect):
    """Slow drift of the scanner: standard deviation in %."""

    amplitude: float = bounded(0.8, unit="%")


@dataclass(frozen=True)
class Autocorrelated(Effect):
    """Noise that neighbours in space and time share: standard deviation in %."""

    amplitude: float = bounded(0.7, unit="%")
    fwhm: float = bounded(8.0, closed="neither", unit="mm")
    time_constant: float = bounded(2.5, closed="neither", unit="s")


@dataclass(frozen=True)
class PhysiologicalNoise(Effect):
    """Noise of heartbeat and breathing: standard deviation in % where it is strong."""

    amplitude: float = bounded(1.0, unit="%")


@dataclass(frozen=True)
class Thermal(Effect):
    """White noise: mean signal of the brain over the standard deviation of this noise."""

    tsnr: float = bounded(80.0, closed="neither")


@dataclass(frozen=True)
class Saturation(Effect):
    """First volumes brighter than the steady state."""

    flip_angle: float = bounded(75.0, closed="right", high=90.0, unit="degrees")


EEG_EFFECTS = {
    "evoked": Effect,
    "background": Background,
    "alpha": Alpha,
    "gradient": Gradient,
    "motion": HeadVoltage,
    "pulse": Pulse,
    "pump": Pump,
    "ocular": Ocular,
    "muscle": Muscle,
    "line": Line,
    "bad_channels": BadChannels,
    "sensor": Sensor,
    "ecg": Electrocardiogram,
    "amplifier": Amplifier,
}
BOLD_EFFECTS = {
    "activation": Effect,
    "alpha": AlphaBold,
    "arousal": Arousal,
    "motion": Effect,
    "spin_history": Effect,
    "saturation": Saturation,
    "dropout": Effect,
    "drift": Drift,
    "autocorrelated": Autocorrelated,
    "physiology": PhysiologicalNoise,
    "thermal": Thermal,
}
# on where the brain is simulated too, unless named here
OFF_BY_DEFAULT = ("pump",)


@dataclass(frozen=True)
class Design:
    """The task: intervals, how hard it is, who presses how often, how strong arousal is."""

    isi: tuple = interval((2.0, 6.0), low=0.5, unit="s")
    bayes_accuracy: float | Mapping = bounded(
        0.75, low=0.5, high=1.0, closed="neither", by=("eeg", "fmri")
    )
    button: float = bounded(0.8, high=1.0)
    arousal: float = bounded(1.0, high=3.0)

    def accuracy(self, modality):
        """Give the accuracy asked for in one modality; where a dict lacks it, the default."""
        if isinstance(self.bayes_accuracy, dict):
            return self.bayes_accuracy.get(modality, type(self).bayes_accuracy)
        return self.bayes_accuracy


@dataclass(frozen=True)
class Scan:
    """The scanner's timing and geometry, and what reaches the EEG of it."""

    slice_order: str = choice("interleaved", "ascending", "descending")
    multiband: int = bounded(1, low=1, integer=True)
    fov: tuple = sizes((220.0, 220.0, 165.0), "mm")
    field: float = bounded(3.0, closed="neither", unit="T")
    n_dummy: int = bounded(2, integer=True)
    keep_dummies: bool = switch(True)
    lead: float = bounded(6.0, low=0.5, unit="s")
    tail: float = bounded(4.0, low=0.5, unit="s")
    clock_ppm: float = bounded(12.0, low=-1000.0, high=1000.0, unit="ppm")
    triggers: str = choice("volume", "slice")
    trigger_jitter: float = bounded(0.0, high=0.01, unit="s")
    missing_triggers: int = bounded(0, integer=True)
    extra_triggers: int = bounded(0, integer=True)


@dataclass(frozen=True)
class Brain:
    """How much people differ; 1 is realistic, 0 makes them all alike."""

    anatomy: float = bounded(1.0, high=3.0)
    topography: float = bounded(1.0, high=3.0)
    gain: float = bounded(1.0, high=3.0)
    haemodynamics: float = bounded(1.0, high=1.0)


@dataclass(frozen=True)
class HeadMotion(Effect):
    """Movement of the head: slow drift, nodding with the breath, jerks and their rate."""

    drift: float = bounded(0.2, unit="mm")
    breathing: float = bounded(0.06, unit="mm")
    jerk: float = bounded(0.2, unit="mm")
    jerk_rate: float = bounded(0.5, high=30.0, unit="per minute")


@dataclass(frozen=True)
class Heart:
    """Heartbeat: rate (None: by person), its variation, and the share of ectopic beats."""

    rate: float | None = bounded(None, low=30.0, high=180.0, unit="per minute", optional=True)
    variability: float = bounded(0.04, high=0.2)
    ectopic: float = bounded(0.01, high=0.2)


@dataclass(frozen=True)
class Controls:
    """Negative controls: what varies with the class though no brain does."""

    motion_by_class: float = bounded(0.0, high=20.0, unit="mm")
    blink_by_class: float = bounded(0.0, high=1.0)
    missing_by_class: float = bounded(0.0, high=1.0)
    blocked_labels: bool = switch(False)
    site_by_class: float = bounded(0.0, high=1.0)
