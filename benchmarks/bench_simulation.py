"""Seconds and memory that `simulate_eeg_fmri` takes for one subject, and where they go.

The size is one run of 5 minutes: 32 channels at 5 kHz, and 150 volumes of 64 x 64 x 30 voxels, with
all effects. It shall take less than 30 s; the ratio is the time over that. Seconds are CPU time,
of which a single thread uses nearly all, so that what else the machine does counts little; wall
time stands beside.
"""

import time

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.datasets._simulation._plan import plan_runs
from sklearn_neurofuse.datasets._simulation._record import part_names, render_parts, render_raw
from sklearn_neurofuse.datasets._simulation._scanner import render_bold

LIMIT = 30.0
FULL = {"n_subjects": 1, "n_volumes": 150, "volume_shape": (64, 64, 30), "sfreq": 5000.0}
SMALL = {"n_subjects": 1, "n_volumes": 20, "volume_shape": (16, 16, 8), "sfreq": 1000.0}
# what the user guide names for tests
TINY = {
    "n_subjects": 2,
    "n_volumes": 40,
    "volume_shape": (16, 16, 8),
    "n_channels": 8,
    "sfreq": 250.0,
}


def timed(function, *arguments, **options):
    """Call a function; give its result, and the seconds of CPU time it took and of the wall."""
    start, on_wall = time.process_time(), time.perf_counter()
    result = function(*arguments, **options)
    return result, time.process_time() - start, time.perf_counter() - on_wall


def time_parts(plan):
    """Yield what is made of one run, and the seconds of it."""
    yield "plan", timed(plan_runs, plan.settings, plan.seed)[1:]
    yield "EEG", timed(render_raw, plan)[1:]
    for name in part_names(plan):
        yield f"EEG, {name} alone", timed(render_parts, plan, [name])[1:]
    yield "BOLD", timed(render_bold, plan)[1:]


def run(smoke):
    """Yield the figures."""
    # templates and libraries are loaded once
    simulate_eeg_fmri(**{**TINY, "n_subjects": 1}, random_state=0)
    with peak_anonymous() as peak:
        data, seconds, wall = timed(simulate_eeg_fmri, **(SMALL if smoke else FULL), random_state=0)
    yield {
        "name": "one subject",
        "value": seconds,
        "peer": LIMIT,
        "unit": "s",
        "wall": wall,
        "peak_MB": peak.bytes / 1e6,
        "ratio": seconds / LIMIT,
    }
    plan = data.truth.runs[0].plan
    del data
    for name, (seconds, wall) in time_parts(plan):
        yield {"name": name, "value": seconds, "unit": "s", "wall": wall}
    tiny = (timed(simulate_eeg_fmri, **TINY, random_state=seed)[1:] for seed in range(3))
    seconds, wall = min(tiny)
    yield {"name": "two tiny subjects", "value": seconds, "unit": "s", "wall": wall}
