"""The store of results: what it keeps, what it drops, and what it notices."""

import contextlib
import itertools
import os
import resource
import signal
import stat
import threading
import time
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from sklearn_neurofuse import Multimodal, Recordings, config_context
from sklearn_neurofuse.exceptions import CacheWarning
from sklearn_neurofuse.recordings import Store, _chain
from sklearn_neurofuse.recordings._cache import Busy
from sklearn_neurofuse.recordings._entry import write_entry
from sklearn_neurofuse.recordings._waiting import (
    keeps_waiting,
    series_from_state,
    series_to_state,
)
from tests.recordings.doubles import (
    EventMeans,
    RunMeans,
    Scale,
    Slow,
    make_events,
    make_raw,
    make_run,
    runs,
)

KEYS = [f"{n:02x}{'0' * 30}" for n in range(20)]


def array(n_bytes=10_000, seed=0):
    return np.random.default_rng(seed).integers(0, 256, n_bytes, dtype=np.uint8)


def entries(folder):
    return sorted(Path(folder).glob("*/*.nf"))


def age(store, key, seconds):
    """Let an entry have been used some time ago."""
    path = store.path(key)
    os.utime(path, (path.stat().st_mtime - seconds,) * 2)


def test_put_and_get(cache):
    store = Store(cache, 10**9)
    assert store.get(KEYS[0]) is None
    assert KEYS[0] not in store
    store.put(KEYS[0], {"a": [1, None, "x", 0.1]}, {"data": np.eye(3), "none": np.empty((0, 4))})
    header, arrays = store.get(KEYS[0])
    assert KEYS[0] in store
    assert header == {"a": [1, None, "x", 0.1]}
    np.testing.assert_array_equal(arrays["data"], np.eye(3))
    assert arrays["none"].shape == (0, 4)
    assert arrays["data"].flags.writeable


@pytest.mark.parametrize("place", ["head", "header", "array", "end"])
def test_damaged_results_are_computed_again(place, cache, log):
    X = Slow(log=log).transform(Recordings([make_raw()], [make_events()]))
    first = EventMeans(log=log).transform(X)
    assert len(entries(cache)) == 2
    for path in entries(cache):
        content = bytearray(path.read_bytes())
        content[{"head": 9, "header": 40, "array": -100, "end": -1}[place]] ^= 4
        path.write_bytes(content)
    with pytest.warns(CacheWarning, match=r"remembered result .* is damaged \(.*computed again"):
        again = EventMeans(log=log).transform(X)
    np.testing.assert_array_equal(again, first)
    assert (runs(log, "Slow"), runs(log, "EventMeans")) == (2, 2)
    # what was damaged has been replaced
    np.testing.assert_array_equal(EventMeans(log=log).transform(X), first)
    assert runs(log, "Slow") == 2


def test_entry_of_another_version_is_computed_again(cache, log):
    X = Recordings([make_raw()], [make_events()])
    first = EventMeans(log=log).transform(X)
    (path,) = entries(cache)
    with open(path, "wb") as file:
        write_entry(file, {"value": {"kind": "samples of old"}, "quality": {}}, {})
    with pytest.warns(CacheWarning, match="is damaged"):
        np.testing.assert_array_equal(EventMeans(log=log).transform(X), first)
    assert runs(log) == 2


def test_entry_that_may_not_be_read_stays(cache, monkeypatch):
    store = Store(cache, 10**9)
    store.put(KEYS[0], {}, {"a": array()})

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("sklearn_neurofuse.recordings._cache.read_entry", refuse)
    with pytest.warns(CacheWarning, match=r"cannot be read .*Permission denied"):
        assert store.get(KEYS[0]) is None
    assert KEYS[0] in store


# size


def test_least_recently_used_are_dropped(cache):
    store = Store(cache, 55_000)
    for n, key in enumerate(KEYS[:5]):
        store.put(key, {}, {"a": array()})
        age(store, key, 100 - n)
    # looked at, so used
    assert store.get(KEYS[0]) is not None
    store.put(KEYS[5], {}, {"a": array()})
    assert [key in store for key in KEYS[:6]] == [True, False, False, True, True, True]
    assert store.info()["bytes"] <= 0.9 * 55_000


def test_bound_holds_whatever_is_put(cache):
    store = Store(cache, 100_000)
    rng = np.random.default_rng(0)
    for key in KEYS:
        store.put(key, {}, {"a": array(int(rng.integers(1, 40_000)))})
        assert store.info()["bytes"] <= 100_000
        assert key in store


def test_result_larger_than_the_bound(cache):
    store = Store(cache, 10_000)
    store.put(KEYS[0], {}, {"a": array(5_000)})
    with pytest.warns(CacheWarning, match="a result of 20000 bytes is not remembered, cache_size"):
        store.put(KEYS[1], {}, {"a": array(20_000)})
    assert [key in store for key in KEYS[:2]] == [True, False]


def test_small_cache_costs_time_only(cache, log):
    with config_context(cache_size=5_000):
        X = Recordings([make_raw(n) for n in range(3)], [make_events()] * 3)
        steps = Slow(log=log).transform(X)
        with pytest.warns(CacheWarning, match="is not remembered"):
            samples = EventMeans(log=log).transform(steps)
    assert runs(log, "Slow") == 3
    with config_context(cache_dir=None):
        expected = EventMeans().transform(Slow().transform(X.with_config(cache_dir=None)))
    np.testing.assert_array_equal(samples, expected)


def test_two_that_drop_at_once_drop_no_more_than_needed(cache, monkeypatch):
    store = Store(cache, 10**9)
    for n, key in enumerate(KEYS[:10]):
        store.put(key, {}, {"a": array()})
        age(store, key, 100 - n)
    store.size = 80_000
    listed = store._files()
    # the other process has just dropped the oldest
    store.path(KEYS[0]).unlink()
    monkeypatch.setattr(store, "_files", lambda: listed)
    store._evict()
    assert sum(key in store for key in KEYS[:10]) == 7


def test_dropped_entries_leave_no_lock_behind(cache):
    store = Store(cache, 10**9)
    for key in KEYS[:4]:
        with store.lock(key, blocking=True):
            store.put(key, {}, {"a": array()})
    assert len(list(cache.glob("*/*.lock"))) == 4
    store.size = 25_000
    store.put(KEYS[5], {}, {"a": array()})
    assert {path.stem for path in cache.glob("*/*.lock")} <= {path.stem for path in entries(cache)}


def test_leftovers_of_killed_processes_count_and_go(cache):
    store = Store(cache, 60_000)
    store.put(KEYS[0], {}, {"a": array()})
    old = store.path(KEYS[0]).with_name(f"{KEYS[0]}-1.part")
    new = store.path(KEYS[0]).with_name(f"{KEYS[0]}-2.part")
    for path in (old, new):
        path.write_bytes(array(20_000).tobytes())
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    store.put(KEYS[1], {}, {"a": array()})
    assert not old.exists()
    assert new.exists()
    age(store, KEYS[0], 50)
    store.size = 35_000
    store.put(KEYS[2], {}, {"a": array()})
    assert KEYS[0] not in store


# writing


def test_readers_never_see_half_of_it(cache):
    store = Store(cache, 10**9)
    contents = [array(2_000_000, seed) for seed in (0, 1)]
    seen, stop = [], threading.Event()

    def read():
        while not stop.is_set():
            entry = store.get(KEYS[0])
            if entry is not None:
                seen.append(entry[0]["seed"])
                np.testing.assert_array_equal(entry[1]["a"], contents[seen[-1]])

    reader = threading.Thread(target=read)
    with warnings.catch_warnings(action="error"):
        reader.start()
        for n in range(30):
            store.put(KEYS[0], {"seed": n % 2}, {"a": contents[n % 2]})
        stop.set()
        reader.join()
    assert {0, 1} & set(seen)


def test_others_who_share_the_folder_may_read(cache):
    before = os.umask(0o022)
    try:
        Store(cache, 10**9).put(KEYS[0], {}, {"a": array()})
    finally:
        os.umask(before)
    assert stat.S_IMODE(Store(cache, 1).path(KEYS[0]).stat().st_mode) == 0o644


def test_folder_that_cannot_be_written_to(tmp_path, log):
    # a file where the folder should be, because root may write into any folder
    (tmp_path / "blocked").write_text("")
    with config_context(cache_dir=tmp_path / "blocked" / "cache"):
        X = Slow(log=log).transform(Recordings([make_raw()], [make_events()]))
        for _ in range(2):
            with pytest.warns(CacheWarning, match=r"results cannot be remembered in .*blocked"):
                samples = EventMeans().transform(X)
    assert runs(log) == 2
    with config_context(cache_dir=None):
        X = Scale().transform(Recordings([make_raw()], [make_events()]))
        np.testing.assert_array_equal(samples, EventMeans().transform(X))


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")
def test_full_disk(cache, log):
    X = Slow(log=log).transform(Recordings([make_raw()], [make_events()]))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.warns(CacheWarning, match=r"cannot be remembered in .*: File too large"):
            samples = EventMeans().transform(X)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert entries(cache) == []
    assert list(cache.glob("*/*.part")) == []
    np.testing.assert_array_equal(EventMeans().transform(X), samples)
    assert runs(log) == 2


def test_the_warning_is_the_same_for_every_result(tmp_path):
    (tmp_path / "blocked").write_text("")
    with config_context(cache_dir=tmp_path / "blocked"):
        X = Recordings([make_raw(n) for n in range(3)], [make_events()] * 3)
        with pytest.warns(CacheWarning) as caught:
            EventMeans().transform(X)
    assert len(caught) == 3
    assert len({str(warning.message) for warning in caught}) == 1


# locks


def test_only_one_computes(cache):
    store, other = Store(cache, 10**9), Store(cache, 10**9)
    with store.lock(KEYS[0], blocking=True):
        with pytest.raises(Busy), other.lock(KEYS[0], blocking=False):
            pass
        with other.lock(KEYS[1], blocking=False):
            pass
    with other.lock(KEYS[0], blocking=False):
        pass


def test_an_error_gives_the_lock_back(cache):
    store = Store(cache, 10**9)
    with pytest.raises(OSError, match="inside"), store.lock(KEYS[0], blocking=True):
        raise OSError("inside")
    with store.lock(KEYS[0], blocking=False):
        pass


@pytest.mark.parametrize("error", [OSError("no locks"), NotImplementedError("no flock")])
def test_file_system_without_locks(error, cache, monkeypatch, log):
    def fail(self):
        raise error

    monkeypatch.setattr("sklearn_neurofuse.recordings._cache.FileLock.acquire", fail)
    X = Recordings([make_raw()], [make_events()])
    for _ in range(2):
        EventMeans(log=log).transform(X)
    assert runs(log) == 1


# what steps of the next tests do as they run; a global, so no part of their keys
ON_RUN = []


class Told(Scale):
    """Says what it is run on."""

    def transform_recording(self, recording, context):
        for call in ON_RUN:
            call(context.title)
        return recording


@pytest.fixture
def on_run():
    """Give the list of what is called with the title of each recording that is run."""
    yield ON_RUN
    ON_RUN.clear()


def test_what_another_process_computes_is_left_for_last(cache, on_run):
    X = Told().transform(Recordings([make_raw(n) for n in range(3)]))
    # the key of the first recording, found by computing it once
    RunMeans().transform(X[[0]])
    (path,) = entries(cache)
    path.unlink()
    order = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(Store(cache, 10**9).lock(path.stem, blocking=True))
        on_run += [order.append, lambda title: stack.close() if len(order) == 2 else None]
        samples = RunMeans().transform(X)
    assert order == ["recording 1", "recording 2", "recording 0"]
    np.testing.assert_allclose(samples.data[:, 0], [0, 1, 2], atol=1e-3)


def test_the_result_of_another_process_is_taken(cache, log, on_run):
    extractor = RunMeans(log=log)
    X = Recordings([make_raw()])
    expected = extractor.transform(X)
    (path,) = entries(cache)
    content = path.read_bytes()
    path.unlink()
    begun, waited_for = threading.Event(), threading.Event()

    def compute():
        with Store(cache, 10**9).lock(path.stem, blocking=True):
            begun.set()
            assert waited_for.wait(60)
            # at once, as a store writes: the reader may look at any moment
            draft = path.with_suffix(".draft")
            draft.write_bytes(content)
            draft.replace(path)

    on_run.append(lambda title: waited_for.set())
    other = threading.Thread(target=compute)
    other.start()
    assert begun.wait(60)
    # the other recording is run first; meanwhile the other process finishes the first one
    both = Told().transform(Recordings([make_raw(), make_raw(1)]))
    sources = (X.sources[0], both.sources[1])
    samples = extractor.transform(X._made(sources, both.recording, both.event, X.config))
    other.join()
    np.testing.assert_array_equal(samples[:1], expected)
    assert runs(log) == 2


# what is remembered


def test_an_expensive_prefix_is_shared(log):
    X = Slow(log=log).transform(Recordings([make_raw(n) for n in range(2)]))
    for factor in (2.0, 3.0, 4.0, 3.0):
        RunMeans(log=log).transform(Scale(factor, log=log).transform(X))
    assert (runs(log, "Slow"), runs(log, "Scale"), runs(log, "RunMeans")) == (2, 6, 6)


@keeps_waiting
class Doubled:
    """Twice the values of an image, when they are asked for."""

    is_proxy = True
    dtype = np.dtype(np.float32)

    def __init__(self, source):
        self.source = source
        self.shape = source.shape
        self.ndim = len(source.shape)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(2 * np.asanyarray(self.source), dtype=dtype)

    def __getitem__(self, key):
        return np.asarray(self)[key]

    def to_state(self):
        header, arrays = series_to_state(self.source)
        return {"source": header}, arrays

    @classmethod
    def from_state(cls, header, arrays):
        return cls(series_from_state(header["source"], arrays))


class Doubles(Scale):
    """Lets a doubling wait, which a second one sees."""

    expensive = True

    def transform_recording(self, recording, context):
        self.note("Doubles")
        context.report(waited=isinstance(recording.img.dataobj, Doubled))
        img = nib.Nifti1Image(Doubled(recording.img.dataobj), recording.img.affine)
        return recording.replace(img=img)


def test_what_waits_goes_on_waiting_in_the_cache(log, tmp_path):
    X = Doubles(1, log=log).transform(Recordings([make_run()]))
    twice = Doubles(2, log=log).transform(X)
    fresh = twice.quality(0), X.load(0).get_data(), twice.load(0).get_data()
    assert runs(log) == 2
    # the second step once more, after the first one from the cache
    again = Doubles(3, log=log).transform(X)
    assert again.quality(0) == fresh[0] == {"Doubles": {"waited": True}}
    for given in (again, twice):
        assert isinstance(given.load(0).img.dataobj, Doubled)
        np.testing.assert_array_equal(given.load(0).get_data(), 4 * make_run().get_data())
    assert runs(log) == 3
    # in a saved Multimodal they are numbers
    Multimodal(fmri=Recordings([X.load(0)])).save(tmp_path / "saved")
    run = Multimodal.load(tmp_path / "saved")["fmri"].load(0)
    np.testing.assert_array_equal(run.img.dataobj, 2 * make_run().get_data())


class Tells(Scale):
    """Reports what it is given."""

    def transform_recording(self, recording, context):
        context.report(given=type(recording).__name__)
        return recording


def test_a_step_is_given_the_same_fresh_and_from_the_cache(tmp_path):
    make_raw().save(tmp_path / "a_raw.fif", verbose="error")
    X = Tells().transform(Same().transform(Recordings([tmp_path / "a_raw.fif"])))
    assert X.quality(0) == X.quality(0) == {"Tells": {"given": "RawArray"}}


class Same(Scale):
    expensive = True

    def transform_recording(self, recording, context):
        return recording


def test_expensive_steps_share_theirs(log):
    X = Recordings([make_raw()])
    for first, second in [(2.0, 3.0), (2.0, 4.0), (5.0, 3.0)]:
        RunMeans().transform(Slow(second, log=log).transform(Slow(first, log=log).transform(X)))
    assert runs(log, "Slow") == 5


@pytest.mark.parametrize(
    ("seconds", "n_kept", "n_again"),
    [(0.0, 3, 1), (1.0, 3, 1), (1.5, 1, 1), (2.5, 1, 3), (4.0, 0, 3)],
)
def test_what_is_computed_fast_is_not_kept(log, cache, monkeypatch, seconds, n_kept, n_again):
    # each step takes a second, and is counted from the last one that is kept
    monkeypatch.setattr(_chain, "process_time", itertools.count(0.0).__next__)
    raw = make_raw()
    size = raw.get_data().nbytes
    with config_context(cache_rate=np.inf if seconds == 0.0 else size / seconds):
        X = Recordings([raw])
    for factor in (2.0, 3.0):
        X = Slow(factor, log=log).transform(X)
    RunMeans().transform(Slow(4.0, log=log).transform(X))
    # one entry is of the samples
    assert len(entries(cache)) == n_kept + 1
    before = runs(log, "Slow")
    RunMeans().transform(Slow(5.0, log=log).transform(X))
    assert runs(log, "Slow") - before == n_again


def test_extractor_that_is_not_to_be_remembered(log, cache):
    class Cheap(EventMeans):
        remembered = False

    X = Slow(log=log).transform(Recordings([make_raw()], [make_events()]))
    for _ in range(2):
        Cheap(log=log).transform(X)
    assert (runs(log, "Slow"), runs(log, "Cheap")) == (1, 2)


def test_without_a_cache(log, cache):
    with config_context(cache_dir=None):
        X = Slow(log=log).transform(Recordings([make_raw(), make_run().img][:1], [make_events()]))
        for _ in range(2):
            EventMeans(log=log).transform(X)
    assert (runs(log, "Slow"), runs(log, "EventMeans")) == (2, 2)
    assert not cache.exists()


def test_bold_of_integers_from_the_other_end(tmp_path, log):
    # values of a file in the byte order of another machine
    img = make_run(dtype=">i2").img
    img.to_filename(tmp_path / "run.nii")

    class Kept(Slow):
        def transform_recording(self, recording, context):
            self.note("Kept")
            return recording

    X = Kept(log=log).transform(Recordings([tmp_path / "run.nii"], [make_events()]))
    first = EventMeans().transform(X)
    again = EventMeans(1.0).transform(X)
    np.testing.assert_allclose(again.data[:, :-1], first.data[:, :-1] + 1)
    assert runs(log) == 1


def test_info_and_clear(cache):
    store = Store(cache, 70_000)
    assert store.info() == {"folder": str(cache), "n_entries": 0, "bytes": 0, "limit": 70_000}
    assert store.clear() == 0
    for key in KEYS[:3]:
        with store.lock(key, blocking=True):
            store.put(key, {}, {"a": array()})
    (cache / "notes.txt").write_text("mine")
    info = store.info()
    assert info["n_entries"] == 3
    assert info["bytes"] == sum(path.stat().st_size for path in entries(cache))
    assert store.clear() == info["bytes"]
    assert [path.name for path in cache.iterdir()] == ["notes.txt"]
    assert store.info()["n_entries"] == 0
