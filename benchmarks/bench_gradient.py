"""GradientArtifactRemover against MNE, FACETpy and plain averaging.

The EEG is real, of a person outside a scanner; artefacts are made in continuous time and sampled on
a clock of their own (`benchmarks.scanner_artifact`). Figures are of the whole run, edges included:
the median over channels of the correlation with the true EEG between 1 and 40 Hz (and that without
the first and last volumes), and the power at the harmonics of slices up to 125 Hz over that of the
true EEG, in dB. "By motion" are templates of
volumes in which the head lay alike, by its true movement. Times are in s of CPU in one thread, the
best of alternating runs on the same recording in memory, until the cleaned data are an array again.

FACETpy pins other versions of what is used here, so it is run in a Python of its own, which
``NEUROFUSE_FACET_PYTHON`` names (``python -m venv DIR && DIR/bin/pip install facetpy==2.0.2``);
on some of the channels only, since it is slow, and its time is scaled up to all. The EEG is read
from ``NEUROFUSE_DATA``/eegmmidb; without it noise with a spectrum like that of EEG stands in.
"""

import os
import subprocess
import tempfile
import time
from dataclasses import replace
from functools import lru_cache
from itertools import product
from pathlib import Path

import mne
import numpy as np
from scipy.signal import butter, sosfiltfilt

from benchmarks.scanner_artifact import Case, add_artifact, noise_eeg, real_eeg
from sklearn_neurofuse import Recordings, config_context
from sklearn_neurofuse.eeg import GradientArtifactRemover
from sklearn_neurofuse.eeg._gradient_quality import harmonics, power_spectra

CASES = {
    "synchronised": Case(),
    "drifting": Case(drift=0.37),
    "drifting, moving": Case(drift=0.37, motion=0.02),
    "drifting, much moving": Case(drift=0.37, motion=0.05),
    "drifting, jittering": Case(drift=0.37, jitter=0.3),
}
WINDOW = 20
FACET_CHANNELS = 4
# Hz; what both go down to in the last comparison
LOWER_SFREQ = 250.0


def make(case, smoke, body=False):
    """Make one recording; with the voltages of a body if asked for, which are to stay."""
    n_channels, duration, sfreq = (4, 60.0, 1000.0) if smoke else (32, 300.0, 5000.0)
    folder = Path(os.environ.get("NEUROFUSE_DATA", "")) / "eegmmidb"
    if os.environ.get("NEUROFUSE_DATA") and folder.is_dir():
        clean, names = real_eeg(folder, n_channels, duration, sfreq)
    else:
        clean, names = noise_eeg(n_channels, duration, sfreq)
    if body:
        clean += body_voltages(clean.shape, sfreq)
    return add_artifact(clean, names, sfreq, case)


def body_voltages(shape, sfreq):
    """Give pulse artefacts of some 80 microvolts, and slow voltages of a head that moves."""
    rng = np.random.default_rng(1)
    times = np.arange(shape[1]) / sfreq
    beats = np.cumsum(rng.uniform(0.75, 0.95, int(times[-1] / 0.75)))
    train = np.zeros(shape[1])
    train[(beats[beats < times[-1] - 1] * sfreq).astype(int)] = 1
    wave = np.hanning(int(0.35 * sfreq)) * np.cos(
        2 * np.pi * 5 * np.arange(int(0.35 * sfreq)) / sfreq
    )
    pulse = np.convolve(train, wave)[: shape[1]]
    sway = np.sin(2 * np.pi * 0.27 * times) + 3 * np.sin(2 * np.pi * 0.011 * times)
    return 80e-6 * rng.standard_normal((shape[0], 1)) * pulse + 30e-6 * sway


def ours(scan, **options):
    """Clean with the defaults, nothing remembered."""
    with config_context(cache_dir=None):
        X = GradientArtifactRemover(**options).fit_transform(Recordings([scan.raw]))
        return X.load(0).get_data()


def markers(scan):
    """Give the sample points of the markers, but a last one whose volume is not whole."""
    points = np.rint(scan.raw.annotations.onset * scan.raw.info["sfreq"]).astype(int)
    return points[points + np.ceil(np.diff(points).max()) < scan.raw.n_times]


def of_mne(scan, sfreq=None, **options):
    """Clean with MNE, and go down to a lower rate where one is given."""
    cleaned = mne.preprocessing.remove_fmri_gradient_artifact(
        scan.raw, markers(scan), tr_tol=3, verbose="ERROR", **options
    )
    return (cleaned if sfreq is None else cleaned.resample(sfreq, verbose="ERROR")).get_data()


def of_averaging(scan):
    """Subtract the mean of the nearest volumes, as markers stand."""
    data = scan.raw.get_data()
    points = markers(scan)
    length = int(np.median(np.diff(points)))
    for row in data:
        volumes = np.stack([row[point : point + length] for point in points])
        for k, point in enumerate(points):
            first = int(np.clip(k - WINDOW // 2, 0, len(points) - WINDOW - 1))
            others = [i for i in range(first, first + WINDOW + 1) if i != k]
            row[point : point + length] = volumes[k] - volumes[others].mean(axis=0)
    return data


def of_facetpy(scan, python):
    """Clean some channels with FACETpy in its own environment; give them, and its time in s."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in_raw.fif", Path(folder) / "out_raw.fif"
        some = scan.raw.copy().pick(scan.raw.ch_names[:FACET_CHANNELS])
        some.save(source, fmt="double", verbose="ERROR")
        script = Path(__file__).with_name("facetpy_peer.py")
        told = subprocess.run(
            [python, script, source, target], capture_output=True, text=True, check=False
        )
        seconds = [line.split()[1] for line in told.stdout.splitlines() if line[:7] == "seconds"]
        if told.returncode or not seconds:
            raise RuntimeError(f"FACETpy failed: {told.stderr[-2000:]}")
        cleaned = mne.io.read_raw(target, preload=True, verbose="ERROR").get_data()
    return cleaned, float(seconds[0])


def figures(scan, cleaned):
    """Give the correlation with the true EEG, whole and inside, and the power at the harmonics.

    Inside are volumes that have neighbours on both sides, for some leave others as they are.
    """
    sfreq = scan.raw.info["sfreq"]
    whole, middle = [], []
    for row, (truth, truth_inside) in zip(cleaned, in_band(scan), strict=False):
        row = row[: len(truth)]
        whole.append(np.corrcoef(_filtered(row, sfreq), truth[: len(row)])[0, 1])
        middle.append(np.corrcoef(_filtered(row[_inside(scan)], sfreq), truth_inside)[0, 1])
    freqs, power = power_spectra(cleaned, sfreq)
    _, truth = power_spectra(scan.clean[: len(cleaned), : cleaned.shape[1]], sfreq)
    at = harmonics(freqs, scan.slice_rate)
    excess = np.median(power[:, at].sum(axis=1) / truth[:, at].sum(axis=1))
    return {
        "correlation": float(np.median(whole)),
        "correlation_inside": float(np.median(middle)),
        "residual_dB": float(10 * np.log10(excess)),
    }


@lru_cache(maxsize=1)
def in_band(scan):
    """Filter the true EEG, which all are compared with: each channel whole, and the inside."""
    sfreq, inside = scan.raw.info["sfreq"], _inside(scan)
    return [(_filtered(row, sfreq), _filtered(row[inside], sfreq)) for row in scan.clean]


def _inside(scan):
    return slice(int(scan.starts[WINDOW]), int(scan.starts[-WINDOW]))


def _filtered(row, sfreq):
    sections = butter(4, [1.0, 40.0], "bandpass", fs=sfreq, output="sos")
    return sosfiltfilt(sections, row).astype(np.float32)


def cpu_times(functions, repeats):
    """Time functions in turn; give the best CPU time of each, and what it gave."""
    times, results = {name: [] for name in functions}, {}
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.process_time()
            results[name] = function()
            times[name].append(time.process_time() - start)
    return {name: min(values) for name, values in times.items()}, results


def compare(title, scan, smoke):
    """Clean one recording with everything there is."""
    poses = np.pad(scan.motion, ((0, 0), (0, 3)))
    own = {
        "ours": lambda: ours(scan),
        "ours by motion": lambda: ours(scan, motion=poses),
    }
    functions = {**own, "MNE": lambda: of_mne(scan)}
    times, cleaned = cpu_times(functions, 1 if smoke else 2)
    cleaned[f"MNE, {WINDOW} volumes"] = of_mne(scan, window=WINDOW)
    cleaned["averaging"] = of_averaging(scan)
    python = os.environ.get("NEUROFUSE_FACET_PYTHON")
    if python:
        cleaned["FACETpy"], seconds = of_facetpy(scan, python)
        times["FACETpy"] = seconds * len(scan.clean) / FACET_CHANNELS
    for name, data in cleaned.items():
        yield {"name": f"{title}, {name}", **figures(scan, data)}
    for mine, name in product(own, [name for name in times if name not in own]):
        yield _times(f"{title}, time, {mine}, {name}", times[mine], times[name])
    if not python:
        yield {"name": f"{title}, FACETpy", "note": "absent: NEUROFUSE_FACET_PYTHON is not set"}


def _times(name, value, peer):
    return {"name": name, "value": value, "peer": peer, "unit": "s", "ratio": value / peer}


def run(smoke):
    """Yield the figures."""
    cases = CASES
    if smoke:
        # as many volumes in a minute as templates need
        cases = {
            title: replace(case, sequence=replace(case.sequence, t_r=1.05, n_slices=15))
            for title, case in CASES.items()
        }
    for title in list(cases)[:: 2 if smoke else 1]:
        yield from compare(title, make(cases[title], smoke), smoke)
    scan = make(cases["drifting"], smoke, body=True)
    for name, data in {"ours": ours(scan), "MNE": of_mne(scan)}.items():
        yield {"name": f"drifting, with pulse and sway, {name}", **figures(scan, data)}
    functions = {
        "ours": lambda: ours(scan, sfreq=LOWER_SFREQ),
        "MNE": lambda: of_mne(scan, sfreq=LOWER_SFREQ),
    }
    times, _ = cpu_times(functions, 1 if smoke else 2)
    name = f"drifting, with pulse and sway, down to {LOWER_SFREQ:g} Hz, time, ours, MNE"
    yield _times(name, times["ours"], times["MNE"])
