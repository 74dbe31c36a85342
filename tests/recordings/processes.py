"""Programs of the fault tests, each run in a fresh process that forks: ``processes.py NAME DIR``.

Forking from the process of the tests itself would copy its threads' locks.
"""

import multiprocessing
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
from joblib import parallel_config

sys.path.insert(0, str(Path(__file__).parents[2]))

from sklearn_neurofuse import Recordings, config_context
from sklearn_neurofuse.recordings import Store, _cache
from sklearn_neurofuse.recordings._entry import read_entry
from tests.recordings.doubles import EventMeans, Scale, Slow, make_events, make_raw, runs

N_KILLS = 50
N_RECORDINGS = 2
FORK = multiprocessing.get_context("fork")
BARRIER = FORK.Barrier(2)
# globals, because attributes of a class belong to the key of its results
MET = []


def make_samples(cache, factor, log=None):
    """Run a chain whose results are some megabytes."""
    with config_context(cache_dir=cache, cache_rate=np.inf):
        raws = [make_raw(n, n_seconds=100.0, n_channels=4) for n in range(N_RECORDINGS)]
        X = Recordings(raws, [make_events()] * N_RECORDINGS)
        X = Slow(factor, log=log).transform(X)
        return EventMeans().transform(X).data


class Deadly:
    """A file that kills its process once so many bytes are written."""

    def __init__(self, file, n_bytes):
        self.file = file
        self.n_left = n_bytes

    def write(self, content):
        content = memoryview(content).cast("B")
        self.file.write(content[: self.n_left])
        if len(content) >= self.n_left:
            self.file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        self.n_left -= len(content)


def killed_at_a_byte(cache, factor, n_bytes):
    write = _cache.write_entry
    _cache.write_entry = lambda file, *content: write(Deadly(file, n_bytes), *content)
    make_samples(cache, factor)


def killed_before_the_renaming(cache, factor):
    def kill(*paths):
        os.kill(os.getpid(), signal.SIGKILL)

    _cache.os.replace = kill
    make_samples(cache, factor)


def endless(cache, factor):
    while True:
        make_samples(cache, factor)
        factor += 1e-3


def kill_writers(folder):
    """Kill processes that fill the cache, and see what is left."""
    cache, chance, whole = folder / "cache", random.Random(0), set()
    start = time.perf_counter()
    make_samples(folder / "measured", 1.0)
    usual = time.perf_counter() - start
    for n in range(N_KILLS):
        target, given = [
            (killed_at_a_byte, [chance.randrange(1, 100 * 100 * 4 * 8)]),
            (killed_before_the_renaming, []),
            *[(endless, [])] * 3,
        ][n % 5]
        child = FORK.Process(target=target, args=(cache, n + 2.0, *given))
        child.start()
        if target is endless:
            child.join(chance.uniform(0, 2 * usual))
            child.kill()
        child.join()
        assert child.exitcode == -signal.SIGKILL
        # what has its final name is whole
        for path in set(cache.glob("*/*.nf")) - whole:
            read_entry(path)
            whole.add(path)
    for factor in np.arange(2.0, 2.0 + N_KILLS, 3):
        np.testing.assert_array_equal(make_samples(cache, factor), make_samples(None, factor))
    leftovers = len(list(cache.glob("*/*.part")))
    n_entries = Store(cache, 10**9).info()["n_entries"]
    print(leftovers >= N_KILLS // 5, n_entries > N_KILLS)


class Meets(Scale):
    """Waits in the first recording until another process is in one as well."""

    expensive = True

    def transform_recording(self, recording, context):
        self.note("Meets")
        if not MET:
            BARRIER.wait(60)
            MET.append(context.title)
        return recording


def share(folder, number):
    with config_context(cache_dir=folder / "cache", cache_rate=np.inf):
        X = Recordings([make_raw(n) for n in range(6)], [make_events()] * 6)
        X = Meets(log=str(folder / "log")).transform(X)
        np.save(folder / f"{number}.npy", EventMeans(log=str(folder / "log")).transform(X).data)


def share_the_work(folder):
    """Let two processes take the samples of the same recordings at the same time."""
    (folder / "log").mkdir()
    children = [FORK.Process(target=share, args=(folder, number)) for number in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    np.testing.assert_array_equal(np.load(folder / "0.npy"), np.load(folder / "1.npy"))
    print(runs(folder / "log", "Meets"), runs(folder / "log", "EventMeans"))


def forked_workers(folder):
    """Take samples with joblib's backend that forks, and see in which processes."""
    log = folder / "log"
    log.mkdir()
    with config_context(cache_dir=None):
        X = Recordings([make_raw(n) for n in range(3)], [make_events()] * 3)
        with parallel_config(backend="multiprocessing"):
            samples = EventMeans(n_jobs=2, log=str(log)).transform(X)
        here = str(os.getpid()) in {name.split("-")[1] for name in os.listdir(log)}
        print(here, np.array_equal(samples, EventMeans().transform(X)))


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
