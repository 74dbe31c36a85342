"""Everything that was asked for, checked, and the plan of each run."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pandas as pd

from sklearn_neurofuse.datasets._simulation._effects import (
    Brain,
    Controls,
    Design,
    HeadMotion,
    Heart,
    Scan,
)
from sklearn_neurofuse.datasets._simulation._motion import HeadTrace
from sklearn_neurofuse.datasets._simulation._physiology import Physiology
from sklearn_neurofuse.datasets._simulation._subject import Subject
from sklearn_neurofuse.datasets._simulation._timing import ScanTiming, Triggers

# nothing of the EEG but the gradient artefact needs more than this
_SLOW_SFREQ = 500.0
# padding at either end, so that the ends do not meet when it is brought to the full rate
_PAD = 1.0


@dataclass(frozen=True)
class Settings:
    """What was asked for.

    Parameters
    ----------
    n_subjects, n_sessions, n_runs, n_volumes : int
        Numbers.
    t_r : float
        Repetition time in s.
    shape : tuple of 3 int
        Of a volume.
    affine : ndarray of shape (4, 4)
        Of the volumes.
    channels : tuple of str
        Names of the EEG channels.
    reference : str
        The recording reference.
    sfreq : float
        Of the EEG in Hz.
    regime : str
        Where the class is.
    class_signal : float
        Factor of the class effect.
    design, scan, brain, head_motion, heart_options, controls : dataclass
        Options.
    eeg, bold : SimpleNamespace
        Effects.
    base_eeg, base_bold, motion, heart : tuple or None
        Real recordings and traces, one for each run or one for all.
    """

    n_subjects: int
    n_sessions: int
    n_runs: int
    n_volumes: int
    t_r: float
    shape: tuple
    affine: np.ndarray
    channels: tuple
    reference: str
    sfreq: float
    regime: str
    class_signal: float
    design: Design
    scan: Scan
    brain: Brain
    head_motion: HeadMotion
    heart_options: Heart
    controls: Controls
    eeg: SimpleNamespace
    bold: SimpleNamespace
    base_eeg: tuple | None = None
    base_bold: tuple | None = None
    motion: tuple | None = None
    heart: tuple | None = None

    @property
    def timing(self):
        """The scanner's timing."""
        return ScanTiming(self.t_r, self.n_volumes, self.shape[2], self.scan)

    @property
    def runs(self):
        """List subject, session and run of each run, counted from zero."""
        return [
            (subject, session, run)
            for subject in range(self.n_subjects)
            for session in range(self.n_sessions)
            for run in range(self.n_runs)
        ]

    @property
    def row_names(self):
        """Names of all channels of the EEG."""
        return [*self.channels, "EOG", "ECG"]


@dataclass(frozen=True, eq=False)
class RunPlan:
    """All that is drawn before a run is rendered; small.

    Parameters
    ----------
    settings : Settings
        What was asked for.
    seed : int
        Seed of the data set.
    subject : Subject
        Whose run.
    number : int
        Position of the run in the data set.
    key : tuple of 3 int
        Subject, session and run.
    trials : DataFrame
        One row a trial, times on the scanner's clock, with its latents.
    physiology : Physiology
        Heartbeat and breathing.
    motion : HeadTrace
        Movement.
    state : DataFrame
        ``time`` on the scanner's clock in s, ``arousal``, ``alpha``: log of the amplitude.
    triggers : Triggers
        Markers in the EEG.
    """

    settings: Settings
    seed: int
    subject: Subject
    number: int
    key: tuple
    trials: pd.DataFrame
    physiology: Physiology
    motion: HeadTrace
    state: pd.DataFrame
    triggers: Triggers
    rates: "SlowRate" = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "rates", SlowRate(self.settings))

    @property
    def timing(self):
        """The scanner's timing."""
        return self.settings.timing

    def base(self, name):
        """Give the real recording this run starts from, None without one."""
        given = getattr(self.settings, name)
        return None if given is None else given[self.number % len(given)]


class SlowRate:
    """The rate at which everything but the gradient artefact is made.

    Parameters
    ----------
    settings : Settings
        What was asked for.

    Attributes
    ----------
    factor : int
        Full rate over this one.
    sfreq : float
        In Hz.
    n_times, n_pad, n_full : int
        Sample points, those of the padding at the start, those of the recording at full rate.
    """

    def __init__(self, settings):
        self.factor = max(1, int(settings.sfreq // _SLOW_SFREQ))
        self.sfreq = settings.sfreq / self.factor
        self.n_pad = int(np.ceil(_PAD * self.sfreq))
        self.n_full = settings.timing.n_samples(settings.sfreq)
        self.n_times = -(-self.n_full // self.factor) + 2 * self.n_pad
        self._timing = settings.timing

    @property
    def eeg_times(self):
        """Times of the sample points on the EEG's clock, in s."""
        return (np.arange(self.n_times) - self.n_pad) / self.sfreq

    @property
    def scan_times(self):
        """Times of the sample points on the scanner's clock, in s."""
        return self._timing.to_scan(self.eeg_times)
