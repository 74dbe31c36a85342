"""From the samples of each recording to one block in the order of the rows."""

from contextlib import closing

import numpy as np

from sklearn_neurofuse.containers import Block
from sklearn_neurofuse.recordings._parallel import extract_each
from sklearn_neurofuse.recordings._recording import raise_or_warn
from sklearn_neurofuse.recordings._samples import Samples


def extract_all(recordings, extractor):
    """Take the samples of all rows.

    Parameters
    ----------
    recordings : Recordings
        The rows and the recordings they lie in.
    extractor : SampleExtractor
        What takes the samples.

    Returns
    -------
    Assembly
        The samples, why some are missing, and figures of quality.

    Raises
    ------
    RecordingError
        If a step fails on a recording and the configuration does not make it missing.
    ValueError
        If recordings give samples that cannot be stacked.
    """
    scope = getattr(extractor, "standardize", None)
    numbers = _needed(recordings, scope)
    assembly = Assembly(recordings, scope, type(extractor).__name__)
    failed = {}
    # closed at the first error, so that no more recordings are begun
    with closing(extract_each(recordings, extractor, numbers)) as results:
        for number, result in results:
            if isinstance(result, Exception):
                raise_or_warn(result, recordings.config["on_error"])
                failed[number] = result
            else:
                assembly.add(number, *result)
    if failed and len(failed) == len(numbers):
        raise failed[min(failed)]
    return assembly.finish(failed)


def _needed(recordings, scope):
    """List the recordings to run; where all rows lack theirs, one that tells the shape."""
    there = [n for n, source in enumerate(recordings.sources) if source.source is not None]
    asked = set(recordings.recording.tolist())
    if scope == "subject":
        unknown = [n for n in asked.intersection(there) if recordings.sources[n].subject is None]
        if unknown:
            raise ValueError(
                f"Recordings: standardize='subject' needs the subject of each recording, and "
                f"that of {recordings.sources[min(unknown)].title} is not known"
            )
        subjects = {recordings.sources[n].subject for n in asked}
        asked = {n for n in there if recordings.sources[n].subject in subjects}
    return [n for n in there if n in asked] or there[:1]


class Assembly:
    """Fills the samples of one recording after the other into one array.

    Parameters
    ----------
    recordings : Recordings
        The rows.
    scope : {"recording", "subject"} or None
        Over what samples are standardised.
    title : str
        Who took the samples, for messages.

    Attributes
    ----------
    reasons : dict of int to str
        Why rows are missing.
    quality : dict of int to dict
        Figures of quality by position of the recording.
    """

    def __init__(self, recordings, scope, title):
        self.recordings = recordings
        self.scope = scope
        self.title = title
        self.reasons = {}
        self.quality = {}
        self._data = None
        self._first = None
        self._waiting = {}

    def add(self, number, samples, quality):
        """Take in the samples of one recording.

        Parameters
        ----------
        number : int
            Position of the recording.
        samples : Samples
            All its samples.
        quality : dict
            Figures of quality.
        """
        self._check(number, samples)
        self.quality[number] = quality
        if self.scope == "subject":
            subject = self.recordings.sources[number].subject
            self._waiting.setdefault(subject, {})[number] = samples
        else:
            together = [samples.data] if self.scope is None else _standardize([samples.data])
            self._fill(number, samples, *together)

    def finish(self, failed):
        """Fill in what waited for other recordings.

        Parameters
        ----------
        failed : dict of int to Exception
            Recordings that gave nothing.

        Returns
        -------
        Assembly
            Complete.
        """
        for members in self._waiting.values():
            numbers = sorted(members)
            together = _standardize([members[number].data for number in numbers])
            for number, data in zip(numbers, together, strict=True):
                self._fill(number, members[number], data)
        lacking = np.flatnonzero(~self.recordings.present)
        told = dict.fromkeys(lacking.tolist(), "the recording is missing")
        for number, error in failed.items():
            told |= dict.fromkeys(self._rows(number).tolist(), str(error))
        self.reasons = dict(sorted({**self.reasons, **told}.items()))
        return self

    @property
    def block(self):
        """The samples, a `Block`."""
        _, first = self._first
        return Block(self._data, first.space, first.feature_names)

    def _rows(self, number):
        return np.flatnonzero(self.recordings.recording == number)

    def _fill(self, number, samples, data):
        if self._data is None:
            shape = (len(self.recordings), *data.shape[1:])
            self._data = np.full(shape, np.nan, dtype=data.dtype)
        elif not np.can_cast(data.dtype, self._data.dtype):
            self._data = self._data.astype(np.result_type(data, self._data))
        rows = self._rows(number)
        # a recording that is a sample has no event: its only row is 0
        events = np.maximum(self.recordings.event[rows], 0)
        self._data[rows] = data[events]
        for row, event in zip(rows.tolist(), events.tolist(), strict=True):
            if event in samples.reasons:
                self.reasons[row] = samples.reasons[event]

    def _check(self, number, samples):
        if self._first is None:
            self._first = number, _without_data(samples)
            return
        other, first = self._first
        low, high = sorted([(number, samples), (other, first)], key=lambda pair: pair[0])
        for what, one, two in _differences(low[1], high[1]):
            sources = self.recordings.sources
            raise ValueError(
                f"{self.title}: samples of {sources[high[0]].title} differ in {what} from those of "
                f"{sources[low[0]].title}: {two} and {one}; bring recordings to one sampling "
                "rate, set of channels and template first"
            )
        # whatever comes in first, the block has the space of the first recording
        self._first = low[0], _without_data(low[1])


def _without_data(samples):
    data = np.empty((0, *samples.data.shape[1:]), dtype=samples.data.dtype)
    return Samples(data, samples.space, feature_names=samples.feature_names)


def _differences(one, two):
    if one.data.shape[1:] != two.data.shape[1:]:
        yield "shape", one.data.shape[1:], two.data.shape[1:]
    if one.space != two.space:
        yield "space", one.space, two.space
    if one.feature_names != two.feature_names:
        yield "names of features", one.feature_names, two.feature_names


def _standardize(parts):
    """Centre and scale each number over the samples of all parts."""
    data = np.concatenate(parts)
    present = ~np.isnan(data.reshape(len(data), -1)[:, 0])
    if present.any():
        seen = data[present]
        mean, scale = seen.mean(axis=0), seen.std(axis=0)
        # a number that never changes is centred and left unscaled
        scale[np.ptp(seen, axis=0) == 0] = 1.0
        data = (data - mean) / scale
    return np.split(data, np.cumsum([len(part) for part in parts])[:-1])
