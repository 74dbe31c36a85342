"""PulseArtifactRemover against MNE's chain, find_ecg_events and apply_pca_obs.

Artefacts of the simulator, with planted beats, delays, evoked responses and classes, over real
EEG (PhysioNet eegmmidb, where ``NEUROFUSE_DATA`` holds it; the simulator's background otherwise),
32 channels at 500 Hz. The peer gets the beats it finds itself, and once more those of ours.

Figures: correlation with the EEG without artefact between 1 and 40 Hz; power of the error at the
harmonics of the heart in dB of the EEG there; amplitude of the average evoked response as it is,
with the chance that all averages have, and how much of what was planted is kept, which a pair of
runs with and without it tells; posterior alpha power; AUC of an
oracle that knows the difference of the classes and the noise, less that on EEG without artefact;
sensitivity and precision of beats within 50 ms; median error of the delays in ms; seconds.
"""

import os
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import mne
import numpy as np
from scipy.signal import butter, sosfiltfilt, welch
from sklearn.metrics import roc_auc_score

from sklearn_neurofuse import config_context
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.datasets._simulation._random import stream
from sklearn_neurofuse.eeg import PulseArtifactRemover

SFREQ = 500.0
_ROWS = """
    Fp1 Fp2 F3 F4 C3 C4 P3 P4 O1 O2 F7 F8 T7 T8 P7 P8
    Fz Cz Pz Oz FC1 FC2 CP1 CP2 FC5 FC6 CP5 CP6 TP7 TP8 POz AFz
"""
CHANNELS = _ROWS.split()
N = len(CHANNELS)
EPOCH = (-0.1, 0.7)
TOLERANCE = 0.05
# regular, at the ends of the range, with early beats, and with trials that follow every fourth beat
CASES = {
    "50 per minute": {"rate": 50, "ectopic": 0.0},
    "70 per minute": {"rate": 70, "ectopic": 0.01},
    "110 per minute": {"rate": 110, "ectopic": 0.01},
    "85 per minute, ectopic": {"rate": 85, "ectopic": 0.08},
    "trials locked to beats": None,
}


def read_base(n_runs):
    """Give real EEG as the base of a recording, None where it is not there."""
    folder = Path(os.environ.get("NEUROFUSE_DATA", "")) / "eegmmidb"
    paths = [folder / f"S001R{run:02d}.edf" for run in (3, 4, 7, 8)[:n_runs]]
    if not os.environ.get("NEUROFUSE_DATA") or not all(path.is_file() for path in paths):
        return None
    raws = []
    for path in paths:
        raw = mne.io.read_raw_edf(path, preload=True, verbose="error")
        mne.datasets.eegbci.standardize(raw)
        raws.append(raw.crop(0, 120, include_tmax=False).pick(CHANNELS))
    # what is slower than this is drift of the amplifier
    return mne.concatenate_raws(raws, verbose="error").filter(0.3, None, verbose="error")


@dataclass
class Recorded:
    """One simulated recording with what was planted in it."""

    data: object
    raw: mne.io.BaseRaw
    truth: np.ndarray
    evoked: np.ndarray
    run: object
    onsets: np.ndarray

    @property
    def beats(self):
        return self.run.heartbeats["onset"].to_numpy()

    @property
    def delays(self):
        """Planted delays of the beats, as the simulator draws them."""
        plan = self.run.plan
        times = plan.timing.to_eeg(plan.physiology.beats)
        before = np.diff(times, prepend=times[0] - np.median(np.diff(times)))
        effect, rng = plan.settings.eeg.pulse, stream(plan.seed, "pulse", *plan.key)
        delays = effect.delay + 0.03 * (before - np.median(before))
        delays = delays + effect.jitter * rng.standard_normal(len(times))
        return delays[np.isin(times, self.beats)]


def record(base, heart, n_volumes, *, evoked=True, seed=0):
    """Simulate one recording."""
    effects = {"evoked": evoked, "pulse": True, "ecg": True}
    if base is None:
        off = ("gradient", "bad_channels", "line", "muscle", "amplifier", "motion", "ocular")
        effects = {"evoked": evoked, **dict.fromkeys(off, False)}
    data = simulate_eeg_fmri(
        1,
        n_volumes=n_volumes,
        volume_shape=(8, 8, 8),
        n_channels=N,
        sfreq=SFREQ,
        regime="eeg",
        design={"isi": (1.5, 3.0), "bayes_accuracy": 0.8},
        eeg=effects,
        heart=heart,
        base_eeg=base,
        random_state=seed,
    )
    run = data.truth.runs[0]
    onsets = run.plan.timing.to_eeg(run.trials["onset"].to_numpy())
    truth = sum(run.eeg[name] for name in run.eeg if name not in ("pulse", "ecg"))[:N]
    planted = run.eeg["evoked"][:N] if "evoked" in run.eeg else np.zeros_like(truth)
    return Recorded(data, data.X["eeg"].load(0), truth, planted, run, onsets)


def locked_beats(base, n_volumes, seed):
    """Give heartbeats of which some one precedes each trial by the same time."""
    made = record(base, {"rate": 70, "ectopic": 0.0}, n_volumes, seed=seed)
    onsets = made.run.trials["onset"].to_numpy() - 0.15
    rng = np.random.default_rng(seed)
    beats = [onsets[:1]]
    for first, last in pairwise(onsets):
        n = max(round((last - first) * 70 / 60), 1)
        steps = (last - first) / n * (1 + 0.03 * rng.standard_normal(n))
        beats.append(first + np.cumsum(steps / steps.sum() * (last - first)))
    return np.concatenate(beats)


def clean_ours(recorded, **params):
    """Clean by ours; give the data, the figures of quality and the seconds."""
    remover = PulseArtifactRemover(**params)
    start = time.perf_counter()
    cleaned, quality = remover.fit_transform(recorded.data.X["eeg"])._process(0)
    seconds = time.perf_counter() - start
    return cleaned.get_data()[:N], quality["PulseArtifactRemover"], seconds


def clean_theirs(recorded, beats=None):
    """Clean by MNE, with its own beats unless some are given."""
    raw = recorded.raw
    start = time.perf_counter()
    if beats is None:
        events = mne.preprocessing.find_ecg_events(raw, ch_name="ECG", verbose="error")[0]
        beats = (events[:, 0] - raw.first_samp) / SFREQ
    cleaned = mne.preprocessing.apply_pca_obs(
        raw, raw.ch_names[:N], qrs_times=beats, n_components=4, verbose="error"
    )
    return cleaned.get_data()[:N], beats, time.perf_counter() - start


def in_band(data):
    """Keep what the figures are about, 1 to 40 Hz."""
    return sosfiltfilt(butter(4, (1.0, 40.0), "band", fs=SFREQ, output="sos"), data, axis=1)


def cut(data, onsets):
    """Cut epochs around trials."""
    first, last = (round(edge * SFREQ) for edge in EPOCH)
    points = np.rint(onsets * SFREQ).astype(int)
    points = points[(points + first >= 0) & (points + last < data.shape[1])]
    return data[:, points[:, None] + np.arange(first, last)].swapaxes(0, 1)


def harmonic_error(error, truth, heart_rate):
    """Give the power of the error at twelve harmonics in dB of the EEG there."""
    freqs, wrong = welch(error, SFREQ, nperseg=int(8 * SFREQ))
    right = welch(truth, SFREQ, nperseg=int(8 * SFREQ))[1]
    harmonics = heart_rate / 60 * np.arange(1, 13)
    near = (np.abs(freqs - harmonics[:, None]) <= 0.15).any(axis=0)
    return float(10 * np.log10(wrong[:, near].sum(axis=1) / right[:, near].sum(axis=1)).mean())


def alpha_power(data):
    """Give the posterior power between 8 and 12 Hz."""
    posterior = [i for i, name in enumerate(CHANNELS) if name[0] in "PO"]
    freqs, power = welch(data[posterior], SFREQ, nperseg=int(2 * SFREQ))
    return power[:, (freqs >= 8) & (freqs <= 12)].sum()


class Oracle:
    """A matched filter that knows the difference of the classes and the noise of true EEG."""

    def __init__(self, recorded):
        self.onsets, target = recorded.onsets, recorded.run.trials["target"].to_numpy()
        n = len(cut(recorded.truth, self.onsets))
        self.target = target[:n]
        planted = cut(in_band(recorded.evoked), self.onsets)
        template = planted[self.target == 1].mean(axis=0) - planted[self.target == 0].mean(axis=0)
        noise = cut(in_band(recorded.truth - recorded.evoked), self.onsets)
        covariance = np.einsum("nct,ndt->cd", noise, noise) / (len(noise) * noise.shape[2])
        covariance += 0.05 * np.trace(covariance) / N * np.eye(N)
        self.template = np.linalg.solve(covariance, template)

    def auc(self, data):
        scores = np.einsum("nct,ct->n", cut(data, self.onsets), self.template)
        return float(roc_auc_score(self.target, scores))


def quality_of(cleaned, recorded, oracle):
    """Compare cleaned data with the EEG without artefact."""
    found, truth = in_band(cleaned), in_band(recorded.truth)
    planted = cut(in_band(recorded.evoked), recorded.onsets).mean(axis=0)
    wrong = cut(found - truth, recorded.onsets).mean(axis=0)
    rate = 60 / np.median(np.diff(recorded.beats))
    return {
        "correlation": float(
            np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(found, truth, strict=True)])
        ),
        "error at harmonics, dB": harmonic_error(found - truth, truth, rate),
        "evoked amplitude": float(1 + np.sum(wrong * planted) / np.sum(planted**2)),
        "alpha power": float(alpha_power(found) / alpha_power(truth)),
        "AUC lost": oracle.auc(truth) - oracle.auc(found),
    }


def kept_evoked(with_, without, recorded):
    """Give how much of the evoked response is kept, by a pair of runs with and without it."""
    planted = cut(in_band(recorded.evoked), recorded.onsets).mean(axis=0)
    difference = cut(in_band(with_ - without), recorded.onsets).mean(axis=0)
    return float(np.sum(difference * planted) / np.sum(planted**2))


def match_beats(found, planted):
    """Give sensitivity and precision."""
    distance = np.abs(found[:, None] - planted)
    return (
        float(np.mean(distance.min(axis=0) < TOLERANCE)),
        float(np.mean(distance.min(axis=1) < TOLERANCE)),
    )


def delay_error(recorded, quality):
    """Give the median error of the time of the artefact, but for a constant, in ms."""
    found = np.array(quality["beats"]) + np.array(quality["delays"])
    planted = recorded.beats + recorded.delays
    nearest = np.abs(found[:, None] - planted).argmin(axis=0)
    wrong = found[nearest] - planted
    return float(1e3 * np.median(np.abs(wrong - np.median(wrong))))


def aligned(beats, planted):
    """Move beats found in the EEG, whose time after R is not known, by a constant."""
    shifts = np.arange(-0.4, 0.4, 0.01)
    return beats + max(shifts, key=lambda shift: sum(match_beats(beats + shift, planted)))


def row(name, value, peer=None, *, wanted="", ratio=None):
    """Make one line."""
    line = {"name": name, "value": value, "wanted": wanted}
    if peer is not None:
        line |= {"peer": peer}
    return line | ({} if ratio is None else {"ratio": ratio})


def compare(name, recorded, without):
    """Yield all figures of one case."""
    oracle = Oracle(recorded)
    ours, figures, seconds = clean_ours(recorded)
    theirs, their_beats, their_seconds = clean_theirs(recorded)
    shared = clean_theirs(recorded, np.array(figures["beats"]))[0]
    all_figures = [quality_of(data, recorded, oracle) for data in (ours, theirs, shared)]
    for what, wanted in (
        ("correlation", "no worse"),
        ("error at harmonics, dB", "no worse"),
        ("evoked amplitude", ""),
        ("alpha power", "0.9 to 1.1"),
        ("AUC lost", "at most 0.02"),
    ):
        values = [one[what] for one in all_figures]
        yield row(f"{name}: {what}", values[0], values[1], wanted=wanted)
        yield row(f"{name}: {what}, peer with our beats", values[0], values[2], wanted=wanted)
    kept = kept_evoked(ours, clean_ours(without)[0], recorded)
    peer = kept_evoked(theirs, clean_theirs(without)[0], recorded)
    yield row(f"{name}: evoked kept", kept, peer, wanted="0.9 to 1.1")
    found, peers = (
        match_beats(b, recorded.beats) for b in (np.array(figures["beats"]), their_beats)
    )
    for what, value, other in zip(("sensitivity", "precision"), found, peers, strict=True):
        yield row(f"{name}: {what}", value, other, wanted="at least 0.99")
    yield row(f"{name}: delay error, ms", delay_error(recorded, figures), wanted="below 20")
    yield from compare_without_ecg(name, recorded)
    yield row(f"{name}: seconds", seconds, their_seconds, ratio=seconds / their_seconds)


def compare_without_ecg(name, recorded):
    """Yield the figures of ours where the beats come from the EEG."""
    _, figures, _ = clean_ours(recorded, ecg="eeg")
    found = match_beats(aligned(np.array(figures["beats"]), recorded.beats), recorded.beats)
    for what, value in zip(("sensitivity", "precision"), found, strict=True):
        yield row(f"{name}: {what} without ECG", value, wanted="at least 0.95")
    error = delay_error(recorded, figures)
    yield row(f"{name}: delay error without ECG, ms", error, wanted="below 20")


def run(smoke):
    """Yield the figures."""
    n_volumes = 25 if smoke else 150
    base = None if smoke else read_base(3)
    cases = dict(list(CASES.items())[1:2]) if smoke else CASES
    with config_context(cache_dir=None):
        for seed, (name, heart) in enumerate(cases.items()):
            beats = locked_beats(base, n_volumes, seed) if heart is None else heart
            recorded = record(base, beats, n_volumes, seed=seed)
            without = record(base, beats, n_volumes, evoked=False, seed=seed)
            yield from compare(name, recorded, without)
