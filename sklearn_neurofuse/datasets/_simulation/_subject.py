"""What is a person's own: head, electrodes, gains, responses, heart, and the site."""

from dataclasses import dataclass

import numpy as np

from sklearn_neurofuse.datasets._simulation._anatomy import HeadPlacement
from sklearn_neurofuse.datasets._simulation._haemodynamics import draw_peaks
from sklearn_neurofuse.datasets._simulation._leadfield import Head
from sklearn_neurofuse.datasets._simulation._random import stream
from sklearn_neurofuse.datasets._simulation._sources import SOURCES

SITES = ("A", "B")
# how the second scanner and its amplifier differ
_SITE_GAIN = {"A": 1.0, "B": 1.25}
_SITE_NOISE = {"A": 1.0, "B": 1.3}
_N_BACKGROUND = 60


@dataclass(frozen=True)
class Subject:
    """One person.

    Parameters
    ----------
    name, site : str
        Who, and where measured.
    placement : HeadPlacement
        Head in the scanner.
    head : Head
        Layered sphere and electrodes.
    offsets : ndarray of shape (n_sources, 3)
        How far the sources lie from their places in MNI mm.
    gains : ndarray of shape (n_sources, 2)
        Factors of the responses of EEG and BOLD.
    peaks : ndarray of shape (n_sources + 2,)
        When the BOLD response of each source, of the alpha region and of arousal peaks, in s.
    background : tuple of two ndarray of shape (n_background, 3)
        Places in MNI mm and orientations of the generators of the background.
    alpha_frequency, heart_rate : float
        In Hz, and per minute.
    site_gain, site_noise : float
        Factors of the site.
    proportion : float
        Of the trials that are of class 1.
    """

    name: str
    site: str
    placement: HeadPlacement
    head: Head
    offsets: np.ndarray
    gains: np.ndarray
    peaks: np.ndarray
    background: tuple
    alpha_frequency: float
    heart_rate: float
    site_gain: float
    site_noise: float
    proportion: float

    def source_places(self):
        """Give the places of the sources, in MNI mm."""
        return np.array([source.mni for source in SOURCES], dtype=float) + self.offsets


def make_subject(seed, number, settings):
    """Draw one person.

    Parameters
    ----------
    seed : int
        Seed of the data set.
    number : int
        Which person.
    settings : Settings
        Everything asked for.

    Returns
    -------
    Subject
        The person; does not depend on how many others there are.
    """
    brain = settings.brain
    rng = stream(seed, "subject", number)
    association = settings.controls.site_by_class
    site = SITES[number % 2] if association > 0 else SITES[0]
    return Subject(
        name=f"{number + 1:02d}",
        site=site,
        placement=HeadPlacement(stream(seed, "anatomy", number), brain.anatomy),
        head=Head(
            stream(seed, "head", number),
            settings.channels,
            settings.reference,
            brain.topography,
        ),
        offsets=brain.anatomy * 2.0 * rng.standard_normal((len(SOURCES), 3)),
        gains=np.exp(brain.gain * 0.15 * rng.standard_normal((len(SOURCES), 2))),
        peaks=draw_peaks(rng, len(SOURCES) + 2, brain.haemodynamics),
        background=_background_places(stream(seed, "background places", number)),
        alpha_frequency=settings.eeg.alpha.frequency + 0.5 * rng.standard_normal(),
        heart_rate=_heart_rate(rng, settings.heart_options),
        site_gain=_SITE_GAIN[site],
        site_noise=_SITE_NOISE[site],
        proportion=0.5 + 0.4 * association * (1 if site == SITES[1] else -1) * (association > 0),
    )


def _heart_rate(rng, heart):
    drawn = rng.uniform(52.0, 100.0)
    return drawn if heart.rate is None else float(heart.rate)


def _background_places(rng):
    """Draw places over the cortex: on an ellipsoid within the brain."""
    directions = rng.standard_normal((_N_BACKGROUND, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    directions[:, 2] = np.abs(directions[:, 2]) - 0.25
    places = np.array([0.0, -18.0, 5.0]) + directions * np.array([60.0, 78.0, 62.0])
    return places, directions + 0.6 * rng.standard_normal((_N_BACKGROUND, 3))
