"""Running the chain of one recording, taking from the cache what is there."""

import json
from dataclasses import replace
from math import inf
from time import perf_counter, process_time

from sklearn.base import clone

from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.recordings._cache import Busy, Store
from sklearn_neurofuse.recordings._entry import to_plain
from sklearn_neurofuse.recordings._order import check_order
from sklearn_neurofuse.recordings._provenance import (
    Unkeyed,
    digest,
    events_key,
    partner_key,
    source_key,
    step_key,
)
from sklearn_neurofuse.recordings._recording import BOLD, EEG, Recording, open_source
from sklearn_neurofuse.recordings._serialize import from_state, size_as_read, to_state

# a processor may be shared by so many programs that nothing is computed faster
_SHARED = 4


class _Work:
    """The time that a computation takes, in s: of the processor, as others may slow it down.

    What other programs do for a step is told by the clock on the wall alone.
    """

    def __init__(self, before=0.0):
        self._before = before
        self._start = process_time(), perf_counter()

    def seconds(self):
        """Give the time since the beginning, and what was before."""
        processor, wall = process_time() - self._start[0], perf_counter() - self._start[1]
        return self._before + max(processor, wall / _SHARED)


class Context:
    """What a step may know beside the recording itself.

    Parameters
    ----------
    recording : Recording
        The recording.
    runner : Runner
        Who runs the chain.

    Attributes
    ----------
    quality : dict
        Figures that the step reported.
    """

    def __init__(self, recording, runner):
        # the events are none of a step's business: its key does not hold them
        self._recording = recording
        self._runner = runner
        self.quality = {}

    @property
    def title(self):
        """How messages name the recording."""
        return self._recording.title

    @property
    def has_partner(self):
        """Whether a recording of the other modality was made at the same time."""
        return self._recording.partner is not None

    def partner(self, step=None):
        """Give the recording of the other modality made at the same time.

        Parameters
        ----------
        step : RecordingTransformer, default=None
            Run on the partner first; its result is remembered under its own key. Where the
            partner had it done before, the configuration says whether that is an error or the
            partner is given as it is.

        Returns
        -------
        BoldRun or mne.io.BaseRaw
            The partner.

        Raises
        ------
        ValueError
            If the recording has none, or the step may not be run on it.
        """
        if not self.has_partner:
            raise ValueError("the recording has no partner of the other modality")
        return self._runner.process_partner(self._recording, step)

    def report(self, **figures):
        """Note figures of quality beside the result.

        Parameters
        ----------
        **figures : float, int, str or list of these
            Kept with the result; ``Recordings.quality`` and ``SampleExtractor.quality`` give
            them.

        Raises
        ------
        TypeError
            If one is something else.
        """
        self.quality.update(json.loads(json.dumps(figures, default=to_plain)))


class Runner:
    """Runs chains under one configuration.

    Parameters
    ----------
    config : dict
        As :func:`sklearn_neurofuse.get_config` gives it.
    blocking : bool, default=True
        Whether to wait for results that another process is computing; otherwise `Busy` is
        raised.
    """

    def __init__(self, config, blocking=True):
        folder = config["cache_dir"]
        self.store = None if folder is None else Store(folder, config["cache_size"])
        self.rate = config["cache_rate"]
        self.already_done = config["already_done"]
        self.blocking = blocking

    def process(self, recording):
        """Run all steps of a recording.

        Parameters
        ----------
        recording : Recording
            The recording.

        Returns
        -------
        value : BoldRun or mne.io.BaseRaw
            The processed recording.
        quality : dict of str to dict
            What the steps reported, by class.
        """
        return self._after(recording, len(recording.steps), self._step_keys(recording))[:2]

    def process_partner(self, recording, step):
        """Give the partner of a recording, after a step.

        Parameters
        ----------
        recording : Recording
            With a partner.
        step : RecordingTransformer or None
            What is done to the partner.

        Returns
        -------
        BoldRun or mne.io.BaseRaw
            The processed partner.
        """
        partner = Recording(
            recording.partner,
            EEG if recording.kind == BOLD else BOLD,
            recording.number,
            subject=recording.subject,
            session=recording.session,
            run=recording.run,
            done=getattr(recording.partner, "done", ()),
            memo=recording.partner_memo,
        )
        if step is not None:
            step.check_parameters()
            step.check_kind(partner.kind)
            if check_order(step, [partner], self.already_done)[0]:
                partner = replace(partner, steps=(clone(step),))
        return self.process(partner)[0]

    def extract(self, recording, extractor):
        """Run all steps of a recording and take its samples.

        Parameters
        ----------
        recording : Recording
            The recording.
        extractor : SampleExtractor
            What takes the samples.

        Returns
        -------
        samples : Samples
            All samples of the recording.
        quality : dict of str to dict
            What the steps and the extractor reported, by class.
        """
        keys = self._step_keys(recording)

        def compute():
            value, quality, _ = self._after(recording, len(recording.steps), keys)
            found = self._apply(extractor, value, quality, recording, recording.events)
            # samples are always worth it
            return *found, _Work(inf)

        return self._remembered(self._samples_key(recording, extractor, keys), compute)[:2]

    def recall(self, recording, extractor):
        """Give the samples of a recording where they are remembered.

        Parameters
        ----------
        recording : Recording
            The recording.
        extractor : SampleExtractor
            What takes the samples.

        Returns
        -------
        tuple of (Samples, dict) or None
            As of `extract`; None where they have to be computed.
        """
        key = self._samples_key(recording, extractor, self._step_keys(recording))
        return None if key is None else self._look_up(key)

    def _samples_key(self, recording, extractor, keys):
        if not extractor.remembered or keys[-1] is None:
            return None
        return _extend(keys[-1], extractor, recording, events_key(recording.events))

    def _step_keys(self, recording):
        if self.store is None:
            return [None] * (len(recording.steps) + 1)
        with _naming(recording, "reading"):
            keys = [source_key(recording)]
            for step in recording.steps:
                keys.append(_extend(keys[-1], step, recording))
        return keys

    def _after(self, recording, n_steps, keys):
        """Give the recording after its first steps, and what computing it again would take.

        An expensive step's result is remembered where that is long for its size. The time is in s,
        counted from the last result that is remembered.
        """
        if n_steps == 0:
            with _naming(recording, "reading"):
                return open_source(recording.source), {}, 0.0
        step = recording.steps[n_steps - 1]

        def compute():
            value, quality, seconds = self._after(recording, n_steps - 1, keys)
            work = _Work(seconds)
            return *self._apply(step, value, quality, recording), work

        return self._remembered(keys[n_steps] if step.expensive else None, compute)

    def _apply(self, step, value, quality, recording, *more):
        context = Context(recording, self)
        with _naming(recording, type(step).__name__):
            value = step.run(value, *more, context)
        if context.quality:
            quality = {**quality, type(step).__name__: context.quality}
        return value, quality

    def _remembered(self, key, compute):
        if key is None:
            value, quality, work = compute()
            return value, quality, work.seconds()
        found = self._look_up(key)
        if found is not None:
            return *found, 0.0
        with self.store.lock(key, self.blocking):
            # another process may have finished it while this one waited
            found = self._look_up(key)
            if found is not None:
                return *found, 0.0
            value, quality, work = compute()
            size, seconds = size_as_read(value), work.seconds()
            if size is not None and not self._is_worth(size, seconds):
                return value, quality, seconds
            # values that wait are computed here, which is part of the work
            header, arrays = to_state(value)
            seconds = work.seconds()
            if self._is_worth(sum(array.nbytes for array in arrays.values()), seconds):
                self.store.put(key, {"value": header, "quality": quality}, arrays)
                seconds = 0.0
            # the next step is given the very thing that it will be given from the cache
            return from_state(header, arrays), quality, seconds

    def _is_worth(self, size, seconds):
        return self.rate == inf or size <= seconds * self.rate

    def _look_up(self, key):
        entry = self.store.get(key)
        if entry is None:
            return None
        header, arrays = entry
        try:
            return from_state(header["value"], arrays), header["quality"]
        except Exception as error:
            # written by another version of a library that reads and writes its own headers
            self.store.drop(key, error)
            return None


class _naming:
    """Name the recording and the step in whatever error comes out of it."""

    def __init__(self, recording, step):
        self.recording = recording
        self.step = step

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if not isinstance(error, Exception) or isinstance(error, (Busy, RecordingError)):
            return
        told = str(error) if isinstance(error, ValueError) else f"{kind.__name__}: {error}"
        where = "" if self.step == "reading" else "on "
        raise RecordingError(f"{self.step} {where}{self.recording.title}: {told}") from error


def _extend(key, step, recording, *more):
    """Lengthen the key of a chain by a step; None where something has no stable identity."""
    if key is None:
        return None
    try:
        partner = partner_key(recording) if step.uses_partner else None
        return digest(key, step_key(step), partner, *more)
    except Unkeyed:
        return None
