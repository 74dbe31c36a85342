"""What one run costs: CPU time of each step, and what is remembered of the run.

A simulated person: five minutes of 32-channel EEG at 5 kHz with the artefacts of the scanner, and
150 volumes of 64x64x30. A step whose volumes wait to be computed is charged with computing them.
``remembered`` is what the cache holds after the chain: results of expensive steps and samples.
``peak memory`` is that of the chain, beside the recording itself, which is in memory here.
These are the figures to multiply when a study is planned; there is no peer.
"""

import tempfile
import time
from contextlib import contextmanager

import numpy as np
from sklearn.pipeline import make_pipeline

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse import BoldRun, config_context, get_config
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.eeg import (
    ChannelInterpolator,
    Epocher,
    FrequencyFilter,
    GradientArtifactRemover,
    ICAArtifactRemover,
    PulseArtifactRemover,
    Rereferencer,
    Resampler,
)
from sklearn_neurofuse.fmri import (
    MotionCorrector,
    SliceTimingCorrector,
    SpatialSmoother,
    TemplateNormalizer,
    TrialBetas,
)
from sklearn_neurofuse.recordings import RecordingTransformer, SampleExtractor, Store

CHAINS = {
    "fmri": [
        SliceTimingCorrector(),
        MotionCorrector(),
        TemplateNormalizer(),
        SpatialSmoother(6.0),
        TrialBetas(),
    ],
    "eeg": [
        GradientArtifactRemover(),
        PulseArtifactRemover(),
        Resampler(250.0),
        FrequencyFilter(0.1, 40.0),
        ChannelInterpolator(),
        ICAArtifactRemover(fit_l_freq=1.0),
        Rereferencer("average"),
        Epocher(-0.2, 0.8),
    ],
}


@contextmanager
def timed():
    """Note the CPU time in s of each step that is run in this process, by its class."""
    times, originals = {}, {}

    def note(base):
        original = originals[base] = base.run

        def run(step, *given):
            start = time.process_time()
            result = original(step, *given)
            if isinstance(result, BoldRun):
                np.asanyarray(result.img.dataobj)
            times[type(step).__name__] = time.process_time() - start
            return result

        base.run = run

    for base in (RecordingTransformer, SampleExtractor):
        note(base)
    try:
        yield times
    finally:
        for base, original in originals.items():
            base.run = original


def costs(X, name):
    """Run the chain of a modality on its first recording; give times, and sizes in bytes."""
    with tempfile.TemporaryDirectory() as folder, timed() as times:
        recordings = X[name].with_config(cache_dir=folder)[:1]
        with peak_anonymous() as peak:
            make_pipeline(*CHAINS[name]).fit_transform(recordings)
        size = Store(folder, get_config()["cache_size"]).info()["bytes"]
    return times, {"remembered": size, "peak memory": peak.bytes}


def run(smoke):
    """Yield the figures."""
    options = {"sfreq": 5000.0}
    if smoke:
        options = {"n_volumes": 40, "volume_shape": (24, 24, 12), "n_channels": 10}
    with config_context(cache_dir=None):
        data = simulate_eeg_fmri(n_subjects=1, random_state=0, **options)
    for name in CHAINS:
        times, sizes = costs(data.X, name)
        for step, taken in times.items():
            yield {"name": f"{name}, {step}", "value": taken, "unit": "s"}
        yield {"name": f"{name}, whole chain", "value": sum(times.values()), "unit": "s"}
        for what, size in sizes.items():
            yield {"name": f"{name}, {what}", "value": size, "unit": "B"}
