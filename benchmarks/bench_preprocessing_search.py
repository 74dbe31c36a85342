"""Preprocessing inside cross-validation and grid search, against one pass and plain transformers.

Recordings are files: BOLD runs of 150 volumes of 64x64x30, and five minutes of 32-channel EEG at
5 kHz. Each chain has three steps of about equal cost and an extractor. The cache is empty when
each figure of ours begins, so all of its writing is counted.

- ``cross_validate``: five folds, against running each step once on each recording, by hand.
- ``grid of 4``: four values of the last step in five folds, against running the first two steps
  once and the last one four times, by hand.
- ``grid of 4 in a Pipeline``: the same search against the same steps as plain transformers in a
  scikit-learn Pipeline with ``memory=``.
- ``n_jobs``: wall time of the first computation with two processes, against one; BLAS has one
  thread in both. The best of several repeats, because other programs only ever add to it.
- ``memory``: peak of the anonymous memory while a chain runs over 20 runs, against the size of
  three.

Other times are CPU time, user and system, so that what else the machine does counts little, and
the best of repeats in turn.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import mne
import nibabel as nib
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse import Recordings, config_context
from sklearn_neurofuse.eeg import FrequencyFilter
from sklearn_neurofuse.fmri import SpatialSmoother
from sklearn_neurofuse.recordings import SampleExtractor, Samples

FOLDS = KFold(5)
GRID = [4.0, 5.0, 6.0, 7.0]


class Smoother(SpatialSmoother):
    """A step whose result is kept."""

    expensive = True


class Filter(FrequencyFilter):
    """A step whose result is kept."""

    expensive = True


class MeanVolume(SampleExtractor):
    """The mean volume of a run, every other voxel along each axis."""

    kind = "bold"
    per = "recording"

    def __init__(self, n_jobs=None):
        self.n_jobs = n_jobs

    def extract(self, recording, events, context):
        """Average over time."""
        return Samples(mean_volume(recording.get_data())[None])


class Power(SampleExtractor):
    """The log power of each channel."""

    kind = "eeg"
    per = "recording"

    def __init__(self, n_jobs=None):
        self.n_jobs = n_jobs

    def extract(self, recording, events, context):
        """Average the squares over time."""
        power = [np.log(np.square(recording[n][0]).mean()) for n in range(len(recording.ch_names))]
        return Samples(np.array([power]))


def mean_volume(series):
    """Average a series over time, every other voxel."""
    return series[::2, ::2, ::2].mean(axis=3).ravel()


# what is searched: steps whose last one has the parameter of the grid, and an extractor
CHAINS = {
    "bold": ([Smoother(3.0), Smoother(4.0), Smoother(5.0)], MeanVolume(), "fwhm"),
    "eeg": ([Filter(1.0), Filter(notch=50.0), Filter(h_freq=6.0)], Power(), "h_freq"),
}


def make_chain(kind, n_jobs=None):
    """Make the pipeline of a chain; give it and the name of the parameter of its last step."""
    steps, extractor, parameter = CHAINS[kind]
    named = [(f"step{n}", step) for n, step in enumerate(steps)]
    extractor = type(extractor)(n_jobs=n_jobs)
    model = Pipeline([*named, ("extractor", extractor), ("model", RidgeClassifier())])
    return model, f"step{len(steps) - 1}__{parameter}"


def write_runs(folder, n_runs, shape):
    """Write BOLD runs as files of 16-bit integers."""
    rng = np.random.default_rng(0)
    paths = [folder / f"run{n}.nii" for n in range(n_runs)]
    for path in paths:
        series = np.asfortranarray(rng.integers(900, 1100, shape, dtype=np.int16))
        img = nib.Nifti1Image(series, np.diag([3.4, 3.4, 4.0, 1.0]))
        img.header.set_xyzt_units("mm", "sec")
        img.header["pixdim"][4] = 2.0
        img.to_filename(path)
    return paths


def write_eeg(folder, n_recordings, n_channels, n_times):
    """Write EEG recordings as files of 32-bit floating numbers."""
    rng = np.random.default_rng(0)
    info = mne.create_info(n_channels, 5000.0, "eeg")
    paths = [folder / f"recording{n}_raw.fif" for n in range(n_recordings)]
    for path in paths:
        data = 1e-5 * rng.standard_normal((n_channels, n_times))
        mne.io.RawArray(data, info, verbose="error").save(path, verbose="error")
    return paths


def cpu_of(function):
    """Time a function in s of CPU."""
    start = time.process_time()
    function()
    return time.process_time() - start


def by_hand(kind, paths, n_last):
    """Call the steps and the extractor, without cache; the last step for some of its values."""
    steps, extractor, parameter = CHAINS[kind]
    for path in paths:
        recording = opened(path)
        for step in steps[:-1]:
            recording = step.transform_recording(recording, None)
        for value in GRID[:n_last]:
            last = type(steps[-1])(**{parameter: value})
            extractor.extract(last.transform_recording(recording, None), None, None)


def opened(source):
    """Open a file; what was processed already is a recording."""
    is_file = isinstance(source, (str, Path))
    return Recordings([source]).with_config(cache_dir=None).load(0) if is_file else source


def best(repeats, *functions):
    """Call functions in turn; give the lowest of the times that each gave."""
    times = [[function() for function in functions] for _ in range(repeats)]
    return [min(taken) for taken in zip(*times, strict=True)]


def with_empty_cache(paths, function):
    """Call a function with recordings whose cache is empty."""
    with tempfile.TemporaryDirectory() as folder, config_context(cache_dir=folder):
        return function(Recordings(paths), np.arange(len(paths)) % 2)


def cross_validation(kind, paths, repeats):
    """Cross-validate, against one pass by hand."""
    model, _ = make_chain(kind)

    def validate(X, y):
        return cpu_of(lambda: cross_validate(model, X, y, cv=FOLDS, error_score="raise"))

    ours, peer = best(
        repeats,
        lambda: with_empty_cache(paths, validate),
        lambda: cpu_of(lambda: by_hand(kind, paths, 1)),
    )
    return row(f"{kind}, cross_validate", ours, peer)


def search(model, parameter, X, y):
    """Search over the grid; give the time in s of CPU."""
    grid = GridSearchCV(model, {parameter: GRID}, cv=FOLDS, refit=False, error_score="raise")
    return cpu_of(lambda: grid.fit(X, y))


def grid_search(kind, paths, repeats):
    """Search over the last step, against the first steps once and the last one four times."""
    model, parameter = make_chain(kind)
    ours, peer = best(
        repeats,
        lambda: with_empty_cache(paths, lambda X, y: search(model, parameter, X, y)),
        lambda: cpu_of(lambda: by_hand(kind, paths, len(GRID))),
    )
    return row(f"{kind}, grid of 4", ours, peer)


class PlainSmoother(TransformerMixin, BaseEstimator):
    """The same smoothing as a transformer of series."""

    def __init__(self, fwhm=6.0):
        self.fwhm = fwhm

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Smooth each run."""
        step = SpatialSmoother(self.fwhm)
        return [step.transform_recording(opened(run), None) for run in X]


class PlainMean(TransformerMixin, BaseEstimator):
    """The same mean volume as a transformer of series."""

    def fit(self, X, y=None):
        """Learn nothing."""
        return self

    def transform(self, X):
        """Average each run."""
        return np.array([mean_volume(run.get_data()) for run in X])


def against_pipeline(paths):
    """Search over the last step, against plain transformers in a Pipeline with a memory."""
    model, parameter = make_chain("bold")
    ours = with_empty_cache(paths, lambda X, y: search(model, parameter, X, y))
    widths = [step.fwhm for step in CHAINS["bold"][0]]
    with tempfile.TemporaryDirectory() as folder:
        plain = make_pipeline(
            *map(PlainSmoother, widths), PlainMean(), RidgeClassifier(), memory=folder
        )
        files, y = [str(path) for path in paths], np.arange(len(paths)) % 2
        with config_context(cache_dir=None):
            peer = search(plain, f"plainsmoother-{len(widths)}__fwhm", files, y)
    return row("bold, grid of 4 in a Pipeline", ours, peer)


def in_parallel(kind, paths, repeats):
    """Take samples in two processes, against one: wall time of the first computation."""
    chains = [make_chain(kind, n_jobs)[0][:-1] for n_jobs in (2, 1)]

    def first(chain):
        def wall(X, y):
            start = time.perf_counter()
            with threadpool_limits(1):
                chain.transform(X)
            return time.perf_counter() - start

        return lambda: with_empty_cache(paths, wall)

    # what starting processes takes is no part of it
    first(chains[0])()
    ours, peer = best(repeats, *map(first, chains))
    return row(f"{kind}, n_jobs=2", ours, peer)


def chain_in_memory(folder):
    """Run a chain over all runs of a folder in this process; give the peak memory in bytes."""
    paths = sorted(Path(folder).glob("*.nii"))
    chain = make_pipeline(Smoother(4.0), SpatialSmoother(6.0), MeanVolume())
    # what the first use of the libraries loads is not the chain's
    with tempfile.TemporaryDirectory() as small, config_context(cache_dir=None):
        chain.transform(Recordings(write_runs(Path(small), 1, (8, 8, 8, 4))))
    with config_context(cache_dir=Path(folder) / "cache"), peak_anonymous() as peak:
        chain.transform(Recordings(paths))
    return {"peak": peak.bytes, "n_runs": len(paths)}


def memory(folder, n_runs, shape):
    """Measure the peak in a fresh process, against three runs as 32-bit numbers."""
    write_runs(folder, n_runs, shape)
    code = (
        "import json, sys; from benchmarks.bench_preprocessing_search import chain_in_memory; "
        "print(json.dumps(chain_in_memory(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(told.splitlines()[-1])
    size = 4 * int(np.prod(shape))
    name = f"memory, {found['n_runs']} runs of {size / 1e6:.0f} MB"
    return row(name, found["peak"], 3 * size, unit="B")


def row(name, ours, peer, unit="s"):
    """Make the line of a figure."""
    return {"name": name, "value": ours, "peer": peer, "unit": unit, "ratio": ours / peer}


def run(smoke):
    """Yield the figures."""
    shape, n_times = ((24, 24, 16, 20), 20_000) if smoke else ((64, 64, 30, 150), 1_500_000)
    repeats = 1 if smoke else 3
    with tempfile.TemporaryDirectory() as folder:
        paths = write_runs(Path(folder), 5, shape)
        yield cross_validation("bold", paths, repeats)
        yield grid_search("bold", paths, repeats)
        yield against_pipeline(paths)
    with tempfile.TemporaryDirectory() as folder:
        yield in_parallel("bold", write_runs(Path(folder), 10, shape), repeats)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_eeg(Path(folder), 5, 4 if smoke else 32, n_times)
        yield cross_validation("eeg", paths, repeats)
        yield grid_search("eeg", paths, min(repeats, 2))
    with tempfile.TemporaryDirectory() as folder:
        size = (3, (32, 32, 16, 200)) if smoke else (20, (64, 64, 30, 610))
        yield memory(Path(folder), *size)
