"""Running the chains of many recordings: in parallel, one recording in memory for each worker."""

import warnings
from collections.abc import Generator
from contextlib import closing, contextmanager

from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.recordings._cache import Busy
from sklearn_neurofuse.recordings._chain import Runner


def extract_each(recordings, extractor, numbers):
    """Take all samples of some recordings.

    Parameters
    ----------
    recordings : Recordings
        The recordings and their configuration.
    extractor : SampleExtractor
        What takes the samples.
    numbers : list of int
        Positions of the recordings.

    Yields
    ------
    number : int
        Position of the recording.
    result : tuple of (Samples, dict) or RecordingError
        Samples and figures of quality, or what went wrong; in no order.
    """
    with _counting(extractor, len(numbers)) as count:
        waiting, busy = [], []
        # what is remembered need not travel through another process
        for number in numbers:
            result = _recall(recordings.sources[number], extractor, recordings.config)
            if result is None:
                waiting.append(number)
            else:
                count()
                yield number, result
        # what another process is working on is left for last
        with closing(_dispatch(recordings, extractor, waiting, blocking=False)) as results:
            for number, result in results:
                if isinstance(result, Busy):
                    busy.append(number)
                else:
                    count()
                    yield number, result
        with closing(_dispatch(recordings, extractor, busy, blocking=True)) as results:
            for number, result in results:
                count()
                yield number, result


@contextmanager
def _counting(extractor, total):
    """Give what is to be called after each recording; it moves a bar where one is asked for.

    Even a hidden bar of tqdm takes a lock that forked processes share, and one that is killed just
    then never gives it back.
    """
    if not getattr(extractor, "verbose", False):
        yield lambda: None
        return
    # None: only where there is a terminal
    with tqdm(total=total, desc=type(extractor).__name__, unit="recording", disable=None) as bar:
        yield bar.update


def _recall(recording, extractor, config):
    try:
        return Runner(config).recall(recording, extractor)
    except RecordingError as error:
        return error


def _dispatch(recordings, extractor, numbers, blocking):
    n_jobs = getattr(extractor, "n_jobs", None)
    in_parallel = len(numbers) > 1 and effective_n_jobs(n_jobs) > 1
    backend = get_active_backend()[0]
    # workers that are processes limit their threads of BLAS and OpenMP; those that are threads
    # share BLAS, which is limited here, and each has a setting of OpenMP of its own
    shared = in_parallel and getattr(backend, "uses_threads", False)
    limits = {"limits": 1 if in_parallel else None, "user_api": "openmp" if shared else None}
    jobs = [
        (number, recordings.sources[number], extractor, recordings.config, blocking, limits)
        for number in numbers
    ]
    if not in_parallel:
        yield from (_extract_one(*job) for job in jobs)
        return
    streams = backend.supports_return_generator
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered" if streams else "list")
    with threadpool_limits(limits=1 if shared else None):
        results = parallel(delayed(_extract_one)(*job) for job in jobs)
        try:
            # "yield from" would close the results before their warning is silenced
            for result in results:  # noqa: UP028
                yield result
        finally:
            _stop(results)


def _stop(results):
    """Stop what is still running, where an error has made it useless; joblib would warn of it."""
    if isinstance(results, Generator):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*have been cancelled", UserWarning)
            results.close()


def _extract_one(number, recording, extractor, config, blocking, limits):
    try:
        with threadpool_limits(**limits):
            return number, Runner(config, blocking).extract(recording, extractor)
    except (Busy, RecordingError) as error:
        return number, error
