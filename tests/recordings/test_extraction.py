"""From recordings to samples: in the order of the rows, whatever else was selected."""

import os
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from threadpoolctl import threadpool_info, threadpool_limits

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.containers import Block, SensorSpace
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.recordings import SampleExtractor, Samples, _parallel, check_onsets
from tests.recordings.doubles import (
    EventMeans,
    Failing,
    Pieces,
    RunMeans,
    Scale,
    Slow,
    make_events,
    make_raw,
    make_run,
    runs,
)

N_EVENTS = (3, 4, 2)


def make_three(**known):
    tables = [make_events(n) for n in N_EVENTS]
    return Recordings([make_raw(seed) for seed in range(3)], tables, **known)


def test_samples_lie_in_the_order_of_the_rows():
    X = make_three()
    samples = EventMeans().transform(X)
    assert isinstance(samples, Block)
    assert samples.shape == (9, 4)
    np.testing.assert_allclose(samples.data[:, 0], np.repeat([0, 1, 2], N_EVENTS), atol=1e-3)
    np.testing.assert_array_equal(samples.data[:, 3], X.table["onset"])
    expected = make_raw(1).get_data()[:, 500:550].mean(axis=1)
    np.testing.assert_allclose(samples.data[5, :3], expected)


@pytest.mark.parametrize("standardize", [None, "recording", "subject"])
@pytest.mark.parametrize("rows", [[8, 0, 4, 4], [3], slice(1, 8, 2), [7, 6]])
def test_selected_rows_change_no_result(rows, standardize):
    X = make_three(subject=["a", "b", "a"])
    extractor = EventMeans(standardize=standardize)
    np.testing.assert_array_equal(
        extractor.transform(X[rows]), extractor.transform(X).data[rows if rows != [3] else [3]]
    )
    # nor does what is remembered
    fresh = X[rows].with_config(cache_dir=None)
    np.testing.assert_array_equal(extractor.transform(fresh), extractor.transform(X[rows]))


def test_only_recordings_asked_for_are_run(log):
    X = Slow(log=log).transform(make_three(subject=["a", "b", "a"]))
    EventMeans().transform(X[[4, 5]])
    assert runs(log) == 1
    # all recordings of a subject belong to its standardisation
    EventMeans(standardize="subject").transform(X[[0]])
    assert runs(log) == 3


def test_one_sample_keeps_its_axis():
    assert EventMeans().transform(make_three()[4]).shape == (1, 4)
    assert RunMeans().transform(Recordings([make_raw()])).shape == (1, 3)


def test_no_samples():
    with pytest.raises(ValueError, match="EventMeans: X must hold at least one sample, got 0"):
        EventMeans().transform(make_three()[:0])


def test_one_sample_a_recording():
    samples = RunMeans().transform(Recordings([make_raw(4), make_raw(2)]))
    np.testing.assert_allclose(samples.data[:, 0], [4, 2], atol=1e-3)


# missing


def test_missing_recordings_are_nan():
    X = Recordings([make_raw(0), None, make_raw(2)], [make_events(n) for n in N_EVENTS])
    samples = EventMeans().transform(Scale().transform(X))
    assert samples.present.tolist() == [True] * 3 + [False] * 4 + [True] * 2
    assert np.isnan(samples.data[3:7]).all()
    assert EventMeans().missing_reasons(X) == dict.fromkeys(range(3, 7), "the recording is missing")


def test_rows_that_all_lack_the_modality(log):
    X = Recordings([make_raw(0), None], [make_events(), make_events()], subject=["a", "b"])
    for standardize in (None, "recording", "subject"):
        samples = EventMeans(log=log, standardize=standardize).transform(X[[4, 3]])
        assert samples.shape == (2, 4)
        assert not samples.present.any()
    # one recording tells the shape
    assert runs(log) == 1


def test_samples_that_cannot_be_estimated():
    extractor = EventMeans(skip=(1,))
    samples = extractor.transform(make_three())
    assert np.flatnonzero(~samples.present).tolist() == [1, 4, 8]
    reasons = extractor.missing_reasons(make_three()[[8, 0, 1]])
    assert reasons == {0: "it was to be skipped", 2: "it was to be skipped"}


# standardisation


def test_standardize_over_a_recording():
    data = EventMeans(standardize="recording").transform(make_three()).data
    for rows in np.split(np.arange(9), np.cumsum(N_EVENTS)[:-1]):
        np.testing.assert_allclose(data[rows].mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(data[rows].std(axis=0), 1)


def test_standardize_over_a_subject():
    plain = EventMeans().transform(make_three()).data
    data = EventMeans(standardize="subject").transform(make_three(subject=["a", "b", "a"])).data
    for rows in ([0, 1, 2, 7, 8], [3, 4, 5, 6]):
        expected = (plain[rows] - plain[rows].mean(axis=0)) / plain[rows].std(axis=0)
        np.testing.assert_allclose(data[rows], expected, atol=1e-6)


def test_standardize_leaves_out_what_is_missing():
    X = Recordings([make_raw()], [make_events(5)])
    whole = EventMeans(skip=(2,)).transform(X).data[[0, 1, 3, 4]]
    data = EventMeans(skip=(2,), standardize="recording").transform(X).data
    assert np.isnan(data[2]).all()
    expected = (whole - whole.mean(axis=0)) / whole.std(axis=0)
    np.testing.assert_allclose(data[[0, 1, 3, 4]], expected)


class Constant(EventMeans):
    def extract(self, recording, events, context):
        data = np.array([[0.1, 0.0, 1.0], [0.1, 0.0, 3.0], [0.1, 0.0, 5.0]], dtype=np.float32)
        return Samples(data)


def test_a_number_that_never_changes_is_centred():
    X = Recordings([make_raw()], [make_events(3)])
    data = Constant(standardize="recording").transform(X).data
    np.testing.assert_allclose(data[:, :2], 0, atol=1e-7)
    np.testing.assert_allclose(data[:, 2], [-1.2247449, 0, 1.2247449])
    assert data.dtype == np.float32


def test_all_samples_of_a_recording_missing():
    X = Recordings([make_raw(0), make_raw(1)], [make_events(2), make_events(3)])
    data = EventMeans(skip=(0, 1), standardize="recording").transform(X).data
    assert np.isnan(data[:4]).all()
    # the only one left is its own mean
    np.testing.assert_allclose(data[4], 0, atol=1e-9)


def test_subjects_must_be_known():
    X = make_three(subject=["a", None, "a"])
    with pytest.raises(ValueError, match=r"standardize='subject' needs .* recording 1 is"):
        EventMeans(standardize="subject").transform(X)
    assert EventMeans(standardize="subject").transform(X[[0, 8]]).shape == (2, 4)


def test_missing_recordings_of_a_subject():
    X = Recordings([make_raw(0), None], [make_events(), make_events()], subject=["a", "a"])
    samples = EventMeans(standardize="subject").transform(X)
    assert samples.present.tolist() == [True] * 3 + [False] * 3
    np.testing.assert_allclose(samples.data[:3].std(axis=0), 1)


# samples that do not fit together


def test_mixed_sampling_rates():
    X = Recordings([make_raw(0), make_raw(1, sfreq=200.0)], [make_events()] * 2, subject=["a", "b"])
    with pytest.raises(
        ValueError,
        match=r"Pieces: samples of recording 1 \(sub-b\) differ in shape from those of recording 0 "
        r"\(sub-a\): \(3, 100\) and \(3, 50\); bring recordings to one sampling rate",
    ):
        Pieces().transform(X)
    # means do not care
    assert EventMeans().transform(X).shape == (6, 4)


def test_mixed_channels():
    X = Recordings([make_raw(0), make_raw(1).rename_channels({"Cz": "C3"})], [make_events()] * 2)
    with pytest.raises(ValueError, match="differ in space"):
        Pieces().transform(X)


def test_space_of_the_first_recording_comes_out():
    X = Recordings([make_raw(0), make_raw(1)], [make_events()] * 2)
    samples = Pieces().transform(X)
    assert samples.space == SensorSpace(make_raw().info)
    assert samples.shape == (6, 3, 50)


class Named(SampleExtractor):
    per = "recording"

    def extract(self, recording, events, context):
        names = tuple(recording.ch_names)
        dtype = np.float32 if recording.n_times < 1200 else np.float64
        return Samples(recording.get_data()[:, 0].astype(dtype)[None], feature_names=names)


def test_names_of_features():
    X = Recordings([make_raw(0), make_raw(1)])
    assert Named().transform(X).feature_names == ("Fz", "Cz", "Pz")
    other = Recordings([make_raw(0), make_raw(1).rename_channels({"Cz": "C3"})])
    with pytest.raises(ValueError, match="differ in names of features"):
        Named().transform(other)


def test_mixed_types_of_numbers():
    X = Recordings([make_raw(0, n_seconds=6.0), make_raw(1)])
    samples = Named().transform(X)
    assert samples.dtype == np.float64
    assert samples.data[1, 0] == make_raw(1).get_data()[0, 0]
    assert Named().transform(X[[0]]).dtype == np.float32


# events


def test_check_onsets():
    events = pd.DataFrame({"onset": [0.0, 9.99]})
    check_onsets(events, 10.0)
    check_onsets(events + 5.0, 10.0, start=5.0)
    with pytest.raises(ValueError, match=r"event 1 at 9.99 s lies outside .* from 0 to 9.9 s$"):
        check_onsets(events, 9.9)
    with pytest.raises(ValueError, match=r"event 0 at 0 s .* from 0.5 to 9.5 s \(2 such events\)"):
        check_onsets(events, 9.0, start=0.5)


# in parallel


def test_parallel_gives_the_same(log):
    X = Slow(log=log).transform(make_three())
    parallel = EventMeans(n_jobs=2).transform(X)
    assert str(os.getpid()) not in {name.split("-")[1] for name in os.listdir(log)}
    assert runs(log) == 3
    # the workers wrote into the cache of the recordings
    np.testing.assert_array_equal(EventMeans(n_jobs=2).transform(X), parallel)
    assert runs(log) == 3
    serial = EventMeans().transform(X.with_config(cache_dir=None))
    np.testing.assert_array_equal(parallel, serial)


# forked workers are tested in a process without threads
@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_backends(backend):
    X = Scale().transform(make_three())
    with parallel_config(backend=backend):
        samples = EventMeans(n_jobs=2).transform(X)
    np.testing.assert_array_equal(samples, EventMeans().transform(X.with_config(cache_dir=None)))


def test_large_recordings_in_memory_reach_the_workers(log):
    # joblib maps what is larger than a megabyte, read-only
    raws = [make_raw(n, n_seconds=1000.0) for n in range(2)]
    bolds = [make_run(n, shape=(30, 30, 30)) for n in range(2)]
    for sources in (raws, bolds):
        X = Slow(log=log).transform(Recordings(sources, [make_events()] * 2))
        parallel = EventMeans(n_jobs=2).transform(X)
        # the keys are those of this process
        np.testing.assert_array_equal(EventMeans(1.0).transform(X).data, parallel.data + 1)
    assert runs(log) == 4


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


class Counts(RunMeans):
    """Gives the number of threads of BLAS."""

    def extract(self, recording, events, context):
        if BARRIERS:
            BARRIERS[0].wait(60)
        return Samples(np.full((1, 1), float(max(blas_threads()))))


# a global, so no part of a key
BARRIERS = []


def test_threads_are_limited_in_workers_only():
    X = Recordings([make_raw(n) for n in range(4)]).with_config(cache_dir=None)
    with threadpool_limits(2):
        before = blas_threads()
        assert (Counts().transform(X).data == 2).all()
        BARRIERS.append(threading.Barrier(2))
        try:
            with parallel_config(backend="threading"):
                assert (Counts(n_jobs=2).transform(X).data == 1).all()
        finally:
            BARRIERS.clear()
        # tasks that overlapped have given back what they found
        assert blas_threads() == before
    with threadpool_limits(1):
        assert (Counts(n_jobs=2).transform(X).data == 1).all()


class Bar:
    """Stands in for the progress bar and notes what it is told."""

    made = []

    def __init__(self, **options):
        self.options = options
        self.count = 0
        Bar.made.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.closed = True

    def update(self):
        self.count += 1


@pytest.fixture
def bars(monkeypatch):
    """Give the list of progress bars that were made."""
    monkeypatch.setattr(_parallel, "tqdm", Bar)
    monkeypatch.setattr(Bar, "made", [])
    return Bar.made


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_progress_counts_recordings(n_jobs, bars):
    X = make_three()
    extractor = EventMeans(n_jobs=n_jobs, verbose=True)
    extractor.transform(X[[0, 1]])
    extractor.transform(X)
    assert [(bar.options["total"], bar.count) for bar in bars] == [(1, 1), (3, 3)]
    assert bars[0].options["desc"] == "EventMeans"
    assert bars[0].options["unit"] == "recording"
    # None shows it on a terminal only
    assert bars[0].options["disable"] is None
    assert all(bar.closed for bar in bars)


def test_no_progress_unless_asked(bars):
    EventMeans().transform(make_three())
    # even a hidden bar has a lock that forked processes share
    assert not bars


def test_progress_is_closed_on_errors(bars):
    with pytest.raises(RecordingError):
        EventMeans(verbose=True).transform(Failing(0).transform(make_three()))
    assert bars[0].closed


def test_progress_on_no_terminal_is_silent(capfd):
    EventMeans(verbose=True).transform(make_three())
    assert capfd.readouterr() == ("", "")


def test_nothing_warns():
    with warnings.catch_warnings(action="error"):
        EventMeans(n_jobs=2).transform(Scale(3.0).transform(make_three()))
