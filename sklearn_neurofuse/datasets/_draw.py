"""Draw planted samples: labels, signs, gaps, and the data a chunk at a time."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_random_state

_CHUNK = 256


@dataclass(frozen=True)
class Labels:
    """What is known of the samples before any data are drawn.

    Attributes
    ----------
    target : ndarray of int of shape (n_samples,)
        The class, 0 or 1.
    groups : ndarray of int of shape (n_samples,)
        The subject.
    signs : dict of ndarray of int of shape (n_samples,)
        Sign of the pattern in each modality.
    lacking : dict of ndarray of bool of shape (n_samples,)
        Where each modality is missing.
    """

    target: np.ndarray
    groups: np.ndarray
    signs: dict
    lacking: dict


@dataclass(frozen=True)
class Drawn:
    """The samples of one modality, all but `scores` in the unit of the data.

    Attributes
    ----------
    data : ndarray of float32 of shape (n_samples, ...)
        The samples, NaN where missing.
    scores : ndarray of shape (n_samples, n_latencies)
        Their inner products with the filters of the detector, in units of the noise.
    delays : ndarray of shape (n_samples,)
        Of the pattern, in s.
    amplitudes : ndarray of shape (n_samples,)
        What multiplies the pattern, with its sign.
    nuisance_loadings : ndarray of shape (n_samples, n_nuisance)
        What multiplies the class-free patterns.
    subject_gains : ndarray of shape (n_subjects,)
        Without a unit.
    subject_offsets : ndarray of float32 of shape (n_subjects, ...)
        What is added to the samples of a subject.
    """

    data: np.ndarray
    scores: np.ndarray
    delays: np.ndarray
    amplitudes: np.ndarray
    nuisance_loadings: np.ndarray
    subject_gains: np.ndarray
    subject_offsets: np.ndarray


def as_generator(random_state):
    """Make a generator of its own from a seed in scikit-learn's manner.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        None draws a seed from the operating system and leaves NumPy's global state alone.

    Returns
    -------
    numpy.random.Generator
        The generator.
    """
    if random_state is None:
        return np.random.default_rng()
    return np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))


def draw_labels(n_samples, regime, prior, n_subjects, n_missing, rng):
    """Draw class, subject, signs and gaps.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    regime : {"fmri", "eeg", "both", "conjunction"}
        Where the class is planted.
    prior : float
        Proportion of class 1.
    n_subjects : int or None
        Number of subjects; None gives every sample its own.
    n_missing : dict of int
        How many samples lack each modality.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Labels
        Of both modalities.
    """
    n_one = min(max(round(n_samples * prior), 1), n_samples - 1)
    target = np.repeat([0, 1], [n_samples - n_one, n_one])
    # dealt out class by class, so that every subject has its share of both
    groups = np.arange(n_samples) % (n_subjects or n_samples)
    order = rng.permutation(n_samples)
    target, groups = target[order], groups[order]
    return Labels(
        target=target,
        groups=groups if n_subjects else np.arange(n_samples),
        signs=_draw_signs(regime, 2 * target - 1, rng),
        lacking=_draw_lacking(n_samples, n_missing, rng),
    )


def _draw_signs(regime, sides, rng):
    fmri, eeg = rng.choice([-1, 1], (2, len(sides)))
    if regime in ("fmri", "both"):
        fmri = sides
    if regime in ("eeg", "both"):
        eeg = sides
    if regime == "conjunction":
        eeg = sides * fmri
    return {"fmri": fmri, "eeg": eeg}


def _draw_lacking(n_samples, n_missing, rng):
    order, lacking, start = rng.permutation(n_samples), {}, 0
    for name, count in n_missing.items():
        lacking[name] = np.zeros(n_samples, dtype=bool)
        lacking[name][order[start : start + count]] = True
        start += count
    return lacking


def draw_modality(detector, amplitude, labels, name, rng):
    """Draw the samples of one modality.

    Parameters
    ----------
    detector : SignDetector
        Of the modality, with its plan.
    amplitude : float
        Of the pattern at mean gain.
    labels : Labels
        Of the samples.
    name : str
        Name of the modality.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Drawn
        Samples and truth.
    """
    plan, n_samples = detector.plan, len(labels.groups)
    gains = plan.gain(rng.standard_normal(plan.variation.n_subjects))
    offsets = plan.offset_noise.sample(len(gains), rng)
    latencies = rng.choice(len(plan.weights), n_samples, p=plan.weights)
    loadings = rng.standard_normal((n_samples, len(plan.nuisance))) * plan.nuisance_sd
    amplitudes = amplitude * labels.signs[name] * (gains[labels.groups] if len(gains) else 1.0)
    data = np.empty((n_samples, *plan.shape), dtype=np.float32)
    scores = np.empty((n_samples, len(plan.weights)))
    for start in range(0, n_samples, _CHUNK):
        rows = slice(start, start + _CHUNK)
        chunk = _draw_signal(plan, amplitudes[rows], latencies[rows], loadings[rows])
        chunk += plan.noise.sample(len(chunk), rng)
        if len(offsets):
            chunk += offsets[labels.groups[rows]]
        scores[rows] = detector.score(chunk)
        data[rows] = np.float32(plan.unit) * chunk
    data[labels.lacking[name]] = np.nan
    return Drawn(
        data=data,
        scores=scores,
        delays=plan.delays[latencies],
        amplitudes=plan.unit * amplitudes,
        nuisance_loadings=plan.unit * loadings,
        subject_gains=gains,
        subject_offsets=np.float32(plan.unit) * offsets,
    )


def _draw_signal(plan, amplitudes, latencies, loadings):
    patterns = np.concatenate([plan.templates, plan.nuisance]).astype(np.float32)
    weights = np.zeros((len(amplitudes), len(patterns)), dtype=np.float32)
    weights[np.arange(len(amplitudes)), latencies] = amplitudes
    weights[:, len(plan.templates) :] = loadings
    return np.tensordot(weights, patterns, axes=1)
