"""How well a single trial could be told at best, by one who knows all but its amplitude."""

from dataclasses import dataclass

import numpy as np
from nibabel.affines import apply_affine
from scipy.optimize import brentq
from scipy.stats import norm

from sklearn_neurofuse.datasets._simulation import _brain_eeg as brain
from sklearn_neurofuse.datasets._simulation._bold_noise import noise_correlation
from sklearn_neurofuse.datasets._simulation._bold_signal import event_course
from sklearn_neurofuse.datasets._simulation._design import DURATION
from sklearn_neurofuse.datasets._simulation._head_image import (
    BrainPlaces,
    grid_places,
)
from sklearn_neurofuse.datasets._simulation._sources import CLASS_GAIN, SOURCES

_N_TIMES = 1024
_HIGHEST = 60.0
_N_DRIFTS = 4
_MAX_EFFECT = 20.0


def eeg_precision(run):
    r"""Give how precisely the clean EEG tells a trial's latent, as the inverse of a variance.

    The matched filter of all channels and times has the precision
    :math:`4 \int_0^\infty T(f)^H S(f)^{-1} T(f)\,df`, where T is what one unit of the latent adds
    and S the one-sided cross-spectrum of background, alpha and sensor noise.
    """
    sfreq = 2.5 * _HIGHEST
    times = np.arange(_N_TIMES) / sfreq - 1.0
    mixing = brain.evoked_mixing(run)
    template = sum(
        CLASS_GAIN * source.eeg_class * np.outer(mixing[:, number], source.waveform(times))
        for number, source in enumerate(SOURCES)
        if source.eeg_class
    )
    n_channels = len(run.settings.channels)
    spectrum = np.fft.rfft(template[:n_channels], axis=1) / sfreq
    freqs = np.fft.rfftfreq(_N_TIMES, 1 / sfreq)
    chosen = (freqs > 0.2) & (freqs < _HIGHEST)
    noise = _cross_spectrum(run, freqs[chosen])
    template = spectrum[:, chosen].T
    solved = np.linalg.solve(noise, template[..., None])[..., 0]
    # twice for negative frequencies, and half since the noise power is one-sided
    return 4 * np.real(np.sum(template.conj() * solved)) * (freqs[1] - freqs[0])


def _cross_spectrum(run, freqs):
    """Give the one-sided cross-spectrum of the channels, of shape (n_freqs, n, n) in V2/Hz."""
    settings, n_channels = run.settings, len(run.settings.channels)
    total = np.zeros((len(freqs), n_channels, n_channels))
    for effect, mixing, power in (
        (settings.eeg.background, brain.background_mixing, brain.background_power),
        (settings.eeg.alpha, brain.alpha_mixing, brain.alpha_power),
    ):
        if effect.strength > 0:
            maps = mixing(run)[:n_channels]
            total += _density(power(run), freqs, run.rates.sfreq)[:, None, None] * (maps @ maps.T)
    sensor = settings.eeg.sensor
    level = sensor.amplitude * sensor.strength * run.subject.site_noise
    floor = max(level, 1e-8) ** 2 / (0.5 * run.rates.sfreq)
    return total + floor * np.eye(n_channels)


def _density(power, freqs, sfreq):
    """Scale a spectrum so that its integral up to half the sampling frequency is one."""
    grid = np.arange(0.05, 0.5 * sfreq, 0.05)
    return power(freqs) / (power(grid).sum() * 0.05)


def fmri_design(run):
    """Give what a unit of each trial's latent adds to the class regions, and their noise.

    Returns
    -------
    design : ndarray of shape (n_regions * n_volumes, n_trials)
        In % of the signal.
    noise : ndarray of shape (n_regions * n_volumes, n_regions * n_volumes)
        Covariance of the regions' best weighted means.
    """
    settings = run.settings
    numbers = [n for n, source in enumerate(SOURCES) if source.fmri_class]
    n_volumes = settings.n_volumes
    design, noise = [], np.zeros((len(numbers) * n_volumes,) * 2)
    voxels = BrainPlaces(run.subject, settings, grid_places(settings.shape, settings.affine))
    for place, number in enumerate(numbers):
        source = SOURCES[number]
        strength = settings.bold.activation.strength * CLASS_GAIN * source.fmri_class
        design.append(strength * _trial_courses(run, number))
        part = slice(place * n_volumes, (place + 1) * n_volumes)
        noise[part, part] = _temporal_noise(run, voxels.region(source.name))
    return np.concatenate(design), noise


def _trial_courses(run, number):
    middle = run.timing.slice_times.mean() + np.arange(run.settings.n_volumes) * run.timing.t_r
    peak = run.subject.peaks[number]
    onsets = run.trials["onset"].to_numpy()
    return np.stack([event_course(middle, [t], [1.0], peak, DURATION) for t in onsets], axis=1)


def _temporal_noise(run, values):
    """Give the covariance over volumes of a region's best weighted mean, in units of its map."""
    bold, settings = run.settings.bold, run.settings
    index = np.argwhere(values > 0.1 * values.max())
    values = values[tuple(index.T)].astype(float)
    places = apply_affine(settings.affine, index)
    site = run.subject.site_noise
    thermal = (100 * site * bold.thermal.strength / bold.thermal.tsnr) ** 2
    size = bold.autocorrelated.amplitude * bold.autocorrelated.strength * site
    distance = np.linalg.norm(places[:, None] - places, axis=2)
    shared = size**2 * noise_correlation(distance, bold.autocorrelated.fwhm)
    # a little white noise, so that there is an inverse without any other
    weights = np.linalg.solve(shared + (thermal + 1e-6) * np.eye(len(values)), values)
    weights /= weights @ values
    white = thermal * (weights**2).sum() + 1e-6 * weights.sum() ** 2
    lags = np.abs(np.subtract.outer(*[np.arange(settings.n_volumes)] * 2)) * settings.t_r
    slow = (weights @ shared @ weights) * np.exp(-lags / bold.autocorrelated.time_constant)
    orders = np.arange(_N_DRIFTS) * 0.5
    times = (np.arange(settings.n_volumes) + 0.5) / settings.n_volumes
    drifts = np.cos(2 * np.pi * orders[:, None] * times)
    return slow + 1e3 * (drifts.T @ drifts) + white * np.eye(settings.n_volumes)


@dataclass(frozen=True, eq=False)
class Information:
    """What the recordings of one run, without artefacts, tell about the trials' latents.

    Parameters
    ----------
    n_trials : int
        Number of trials.
    eeg : float or None
        Inverse variance of a latent as the EEG tells it; None where that is not known.
    fmri : ndarray of shape (n_trials, n_trials) or None
        Fisher information of all latents in the BOLD series.
    """

    n_trials: int
    eeg: float | None
    fmri: np.ndarray | None


def run_information(run):
    """Give the `Information` of a run: none of a modality where real recordings stand in."""
    settings, eeg, fmri = run.settings, None, None
    if settings.base_eeg is None and settings.eeg.evoked.strength > 0:
        eeg = eeg_precision(run)
    if settings.base_bold is None and settings.bold.activation.strength > 0:
        design, noise = fmri_design(run)
        fmri = design.T @ np.linalg.solve(noise, design)
    return Information(len(run.trials), eeg, fmri)


def fmri_distances(information, effect):
    """Give the distance of the classes from their middle for each trial, in standard deviations.

    Other trials, whose responses overlap, are noise with the spread of their latents.
    """
    spread = 1 + effect**2
    mixed = np.eye(len(information)) + spread * information
    power = np.diag(np.linalg.solve(mixed, information))
    own = 1 - effect**2 * power
    return effect * np.sqrt(power / np.maximum(own, 1e-12))


def eeg_distance(precision, effect):
    """Give the distance of the classes from their middle, in standard deviations."""
    return effect / np.sqrt(1 + 1 / max(precision, 1e-12))


def calibrated_effects(wanted, known):
    """Find the class effects with which the best accuracy is what was asked for, on average.

    Parameters
    ----------
    wanted : dict of str to float
        The accuracy in EEG and fMRI.
    known : list of Information
        Of the runs over which the average goes.

    Returns
    -------
    dict of str to float
        For EEG and fMRI, in standard deviations of the latents. A modality without its noise or
        without its answers is calibrated on the latents alone.
    """
    effects = {name: norm.ppf(accuracy) for name, accuracy in wanted.items()}
    if known[0].eeg is not None:
        precision = np.array([run.eeg for run in known])
        effects["eeg"] *= np.sqrt(1 + np.mean(1 / np.maximum(precision, 1e-12)))
    if known[0].fmri is not None:

        def missed(effect):
            reached = [norm.cdf(fmri_distances(run.fmri, effect)).mean() for run in known]
            return np.mean(reached) - wanted["fmri"]

        top = missed(_MAX_EFFECT)
        effects["fmri"] = brentq(missed, 0.0, _MAX_EFFECT, xtol=1e-3) if top > 0 else _MAX_EFFECT
    return effects


def accuracies(known, regime, effects):
    """Give the best possible accuracies on a run's single trials.

    Parameters
    ----------
    known : Information
        Of the run.
    regime : str
        Where the class is.
    effects : dict of str to float
        Class effects.

    Returns
    -------
    dict of str to float
        ``eeg``, ``fmri`` and ``both`` from the recordings without artefacts, NaN where they
        cannot be computed, and ``latent_eeg``, ``latent_fmri``, ``latent_both`` from the latents.
    """
    measured = {name: np.full(known.n_trials, np.nan) for name in ("eeg", "fmri")}
    if known.eeg is not None:
        measured["eeg"][:] = eeg_distance(known.eeg, effects["eeg"])
    if known.fmri is not None:
        measured["fmri"] = fmri_distances(known.fmri, effects["fmri"])
    latent = {name: np.full(known.n_trials, effects[name]) for name in ("eeg", "fmri")}
    found = _by_regime(measured, regime)
    found.update({f"latent_{name}": value for name, value in _by_regime(latent, regime).items()})
    return found


def _by_regime(distances, regime):
    """Turn each modality's distances into accuracies about the class."""
    single = {name: norm.cdf(distance) for name, distance in distances.items()}
    chance = np.where(np.isnan(single["eeg"] + single["fmri"]), np.nan, 0.5)
    told = {
        "eeg": (single["eeg"], 0.5, single["eeg"]),
        "fmri": (0.5, single["fmri"], single["fmri"]),
        "both": (
            single["eeg"],
            single["fmri"],
            norm.cdf(np.hypot(distances["eeg"], distances["fmri"])),
        ),
        "conjunction": (
            0.5,
            0.5,
            chance + 2 * (single["eeg"] - 0.5) * (single["fmri"] - 0.5),
        ),
    }[regime]
    return {
        name: float(np.mean(value))
        for name, value in zip(("eeg", "fmri", "both"), told, strict=True)
    }
