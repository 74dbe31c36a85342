"""SliceTimingCorrector against scipy on a series of common size.

The peer is `scipy.ndimage.correlate1d`, slice by slice, with the same weights and the ends left as
scipy treats them; a straight line between neighbours is what many make do with. Errors are relative
to the amplitude of waves below a tenth of a hertz, at a repetition time of 2 s.
"""

import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.fmri import SliceTimingCorrector
from sklearn_neurofuse.signal._slice_timing import delay_matrix, order_to_times, shift_slices

T_R = 2.0
FREQUENCIES = (0.005, 0.01, 0.02, 0.05, 0.1)


def relative_error(interpolate):
    """Give the largest relative error over frequencies and delays, away from the ends."""
    times = np.arange(200) * T_R
    errors = []
    for frequency in FREQUENCIES:
        for delay in np.linspace(-0.5, 0.5, 11):
            wave, wanted = (
                np.sin(2 * np.pi * frequency * (times + shift) + 1.0) for shift in (0, delay * T_R)
            )
            error = (interpolate(wave, delay) - wanted)[15:-15]
            errors.append(np.sqrt(np.mean(error**2) / np.mean(wanted[15:-15] ** 2)))
    return float(max(errors))


def straight(wave, delay):
    """Interpolate on straight lines."""
    volumes = np.arange(len(wave))
    return np.interp(volumes + delay, volumes, wave)


def with_scipy(series, delays):
    """Correlate each slice with its weights."""
    result = np.empty_like(series)
    for k, delay in enumerate(delays):
        weights = delay_matrix(51, delay)[25, 13:38]
        ndimage.correlate1d(series[:, :, k], weights, axis=2, output=result[:, :, k])
    return result


def seconds(function, repeats):
    """Give the shortest of several runs."""
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        took.append(time.perf_counter() - start)
    return min(took)


def run(smoke):
    """Yield the figures."""
    ours = relative_error(lambda wave, delay: delay_matrix(len(wave), delay) @ wave)
    lines = relative_error(straight)
    yield {"name": "relative error below 0.1 Hz, straight lines", "value": ours, "peer": lines}
    shape = (32, 32, 20, 100) if smoke else (64, 64, 36, 300)
    series = np.random.default_rng(0).standard_normal(shape[::-1], dtype=np.float32).T
    delays = 0.5 - order_to_times("interleaved", shape[2], T_R) / T_R
    size = "x".join(map(str, shape))
    took = seconds(lambda: shift_slices(series, delays), 5)
    peer = seconds(lambda: with_scipy(series, delays), 2)
    yield {"name": f"{size}, scipy, s", "value": took, "peer": peer, "ratio": took / peer}
    yield memory(series, size)


def memory(series, size):
    """Tell how much memory it takes, beyond a run that lies in a file."""
    with tempfile.TemporaryDirectory() as folder, config_context(cache_dir=None):
        path = Path(folder, "bold.nii")
        nib.save(nib.Nifti1Image(series, np.eye(4)), path)
        X = SliceTimingCorrector("interleaved").fit_transform(Recordings([BoldRun(path, T_R)]))
        with peak_anonymous() as peak:
            X.load(0).get_data()
    return {
        "name": f"{size}: peak memory over the size of the run, {series.nbytes / 1e6:.0f} MB",
        "value": peak.bytes / series.nbytes,
    }
