"""Where the brain answers, and how: the planted sources in MNI space."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

STIMULUS, BUTTON = "stimulus", "button"
# how far a deviation of one of a trial's latents changes a response, relative to its mean
CLASS_GAIN = 0.5
AROUSAL_GAIN = 0.2


@dataclass(frozen=True)
class Source:
    """One place of the brain.

    Parameters
    ----------
    name : str
        Its name.
    mni : tuple of 3 float
        Its place in mm.
    event : str
        What it answers to.
    orientation : tuple of 3 float or None
        Of its dipole; None where the EEG does not see it.
    potential : float
        Peak at the best channel of an average head, in V.
    waves : tuple of (float, float, float)
        Latency in s, width in s and sign of each wave of its evoked potential.
    percent : float
        BOLD response to a short event in %, 0 where there is none.
    radius : float
        Of its BOLD response, as the standard deviation of a Gaussian in mm.
    eeg_class, fmri_class : float
        How the class goes into either response: 1, -1 or 0.
    arousal : float
        Whether arousal makes its responses larger.
    """

    name: str
    mni: tuple
    event: str
    orientation: tuple | None
    potential: float
    waves: tuple
    percent: float
    radius: float
    eeg_class: float = 0.0
    fmri_class: float = 0.0
    arousal: float = 0.0

    def waveform(self, times):
        """Evoked time course at times after the event in s, with a peak of one."""
        shape = sum(
            sign * np.exp(-0.5 * ((times - latency) / width) ** 2)
            for latency, width, sign in self.waves
        )
        return np.asarray(shape, dtype=float)


_P1 = ((0.10, 0.018, 1.0), (0.17, 0.03, -0.7))
SOURCES = (
    Source("visual left", (-12, -90, 2), STIMULUS, (-0.3, -0.9, 0.2), 4e-6, _P1, 1.6, 9, arousal=1),
    Source("visual right", (12, -90, 2), STIMULUS, (0.3, -0.9, 0.2), 4e-6, _P1, 1.6, 9, arousal=1),
    Source(
        "fusiform", (42, -56, -16), STIMULUS, (0.6, -0.6, -0.5), 6e-6, ((0.175, 0.022, -1.0),),
        1.2, 8, eeg_class=1, fmri_class=1,
    ),
    Source("parahippocampal", (-26, -42, -10), STIMULUS, None, 0.0, (), 1.0, 8, fmri_class=-1),
    Source(
        "parietal", (0, -62, 46), STIMULUS, (0.0, -0.4, 0.9), 7e-6, ((0.42, 0.09, 1.0),),
        0.8, 9, eeg_class=1,
    ),
    Source(
        "frontal", (0, 20, 40), STIMULUS, (0.0, 0.5, 0.85), 3e-6, ((0.26, 0.04, -1.0),),
        0.6, 8, arousal=1,
    ),
    Source(
        "motor", (-38, -24, 56), BUTTON, (-0.5, 0.1, 0.85), 4e-6,
        ((-0.05, 0.06, -1.0), (0.12, 0.08, 0.5)), 1.0, 7,
    ),
)  # fmt: skip

# generators of alpha; its BOLD counterpart is one wide region
ALPHA_SITES = ((-18, -86, 8), (18, -86, 8), (0, -74, 22))
ALPHA_ORIENTATIONS = ((-0.3, -0.9, 0.3), (0.3, -0.9, 0.3), (0.0, -0.6, 0.8))
ALPHA_REGION = ((0, -80, 10), 18.0)
AROUSAL_REGIONS = (
    ((0, -16, 8), 9.0),
    ((0, 24, 30), 9.0),
    ((38, 14, 0), 8.0),
    ((-38, 14, 0), 8.0),
)


def source_table():
    """List the sources as a table."""
    return pd.DataFrame(
        [
            {
                "name": source.name,
                "x": float(source.mni[0]),
                "y": float(source.mni[1]),
                "z": float(source.mni[2]),
                "event": source.event,
                "potential": source.potential,
                "percent": source.percent,
                "radius": float(source.radius),
                "eeg_class": float(source.eeg_class),
                "fmri_class": float(source.fmri_class),
            }
            for source in SOURCES
        ]
    )
