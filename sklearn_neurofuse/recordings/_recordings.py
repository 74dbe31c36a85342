"""`Recordings`: a block whose samples still lie in continuous recordings."""

from dataclasses import replace

import numpy as np

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.containers import AbstractBlock
from sklearn_neurofuse.containers._base import as_rows
from sklearn_neurofuse.recordings._build import index_samples, make_recordings, merge_sources
from sklearn_neurofuse.recordings._chain import Runner
from sklearn_neurofuse.recordings._config import check_options, get_config
from sklearn_neurofuse.recordings._events import read_events
from sklearn_neurofuse.recordings._identity import is_in_memory, size_in_memory
from sklearn_neurofuse.recordings._order import check_order
from sklearn_neurofuse.recordings._provenance import partner_key, source_key
from sklearn_neurofuse.recordings._storage import load_recordings, save_recordings
from sklearn_neurofuse.recordings._table import default_groups, sample_table


@AbstractBlock.register
class Recordings(AbstractBlock):
    """Samples that lie in continuous recordings: each a recording, or each an event in one.

    Steps on recordings are lazy: they wait in a chain that is run when a `SampleExtractor` turns
    the samples into arrays. Rows are selected like those of any block; the full event table of
    each recording stays, so that a model of a whole run sees all its trials.

    Parameters
    ----------
    sources : sequence of path-like, mne.io.BaseRaw, nibabel image, BoldRun or None
        The recordings of one modality; None where a person lacks it. Objects in memory are taken
        as they are now.
    events : sequence of DataFrame, default=None
        All events of each recording: ``onset`` in s from its start, ``duration`` in s,
        ``trial_type`` and whatever else. None: from `BoldRun` or the annotations where samples
        are events.
    samples : {"recording", "event"} or sequence of (int, int), default=None
        What a sample is: a whole recording; an event, all of them; or the given pairs of
        position in `sources` and row in its event table. None: events where `events` are given,
        recordings otherwise.
    subject, session, run, site : sequence of str, default=None
        One value for each recording.
    partner : sequence, default=None
        For each recording the one of the other modality made at the same time, or None.
    done : sequence of sequence of str, default=None
        What was done to each recording before, such as ``["motion_corrected"]``.

    Attributes
    ----------
    sources : tuple of Recording
        The recordings.
    recording : ndarray of int of shape (n_samples,)
        Position in `sources` of the recording of each sample.
    event : ndarray of int of shape (n_samples,)
        Row in the event table of the recording, -1 for a whole recording.
    config : dict
        Configuration captured when made.

    Raises
    ------
    TypeError
        If a source is of an unknown kind.
    ValueError
        If there is none, one stands twice, modalities are mixed, a list has another length, or
        a recording has no events where samples are events.
    FileNotFoundError
        If a path leads nowhere.

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_neurofuse import Recordings
    >>> info = mne.create_info(2, sfreq=100.0, ch_types="eeg")
    >>> raws = [mne.io.RawArray(np.zeros((2, 900)), info, verbose="error") for _ in range(3)]
    >>> events = pd.DataFrame({"onset": [1.0, 3.0], "trial_type": ["left", "right"]})
    >>> X = Recordings(raws, [events] * 3, subject=["01", "02", "03"])
    >>> X
    Recordings of 6 events in 3 eeg recordings of 3 subjects
    >>> X[X.table["trial_type"] == "left"].groups
    array(['01', '02', '03'], dtype='<U2')
    """

    def __init__(
        self,
        sources,
        events=None,
        *,
        samples=None,
        subject=None,
        session=None,
        run=None,
        site=None,
        partner=None,
        done=None,
    ):
        entities = {"subject": subject, "session": session, "run": run, "site": site}
        config = get_config()
        recordings = make_recordings(sources, entities, partner, done, config["on_error"])
        if samples is None:
            samples = "recording" if events is None else "event"
        if isinstance(samples, str):
            check_choice(self, "samples", samples, ("recording", "event"))
        whole = isinstance(samples, str) and samples == "recording"
        recordings = read_events(recordings, events, not whole, config["on_error"])
        if config["cache_dir"] is not None:
            # contents are hashed here, once, so that worker processes need not do it again
            for recording in recordings:
                if is_in_memory(recording.source):
                    source_key(recording)
                if is_in_memory(recording.partner):
                    partner_key(recording)
        _assign(self, recordings, *index_samples(samples, recordings), config)

    @classmethod
    def _made(cls, sources, recording, event, config):
        recordings = cls.__new__(cls)
        _assign(recordings, sources, recording, event, config)
        return recordings

    def __setattr__(self, name, value):
        raise AttributeError(f"Recordings are frozen; {name} cannot be set")

    sample_shape = None
    space = None
    feature_names = None
    dtype = np.dtype(object)

    def __len__(self):
        return len(self.recording)

    def __getitem__(self, rows):
        rows = as_rows(rows, len(self))
        return self._made(self.sources, self.recording[rows], self.event[rows], self.config)

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "Recordings are not arrays yet; end their steps with an extractor, such as Epocher or "
            "BandPower for EEG, TrialBetas or VolumeWindow for fMRI"
        )

    @property
    def kind(self):
        """What the recordings are, ``"bold"`` or ``"eeg"``."""
        return next(source.kind for source in self.sources if source.kind is not None)

    @property
    def present(self):
        """Which samples have a recording, ndarray of bool of shape (n_samples,)."""
        there = np.array([source.source is not None for source in self.sources])
        return there[self.recording]

    @property
    def nbytes(self):
        """Size of what is held in memory, in bytes; files count nothing."""
        return sum(size_in_memory(source.source) for source in self.sources)

    @property
    def per_event(self):
        """Whether samples are events."""
        return bool((self.event >= 0).any())

    @property
    def steps(self):
        """Names of the classes that wait in the chains, tuple of str."""
        chains = {tuple(type(step).__name__ for step in source.steps) for source in self.sources}
        return chains.pop() if len(chains) == 1 else ("different chains",)

    @property
    def table(self):
        """What is known of each sample: DataFrame with one row for each.

        Columns ``recording``, ``event``, ``subject``, ``session``, ``run``, ``site``, and those
        of the event tables where samples are events.
        """
        return sample_table(self)

    @property
    def groups(self):
        """Default groups: the subject of each sample, or the run where there is one subject.

        Returns
        -------
        ndarray of str of shape (n_samples,)
            The position of a recording stands in where its subject, or with one subject its
            run, is not known.
        """
        return default_groups(self)

    def with_config(self, **options):
        """Give the same samples under other options of the configuration.

        Parameters
        ----------
        **options : dict
            As in :func:`sklearn_neurofuse.set_config`.

        Returns
        -------
        Recordings
            The same samples.
        """
        config = {**self.config, **check_options(options)}
        return self._made(self.sources, self.recording, self.event, config)

    def with_step(self, step):
        """Append a step to the chain of each recording.

        Parameters
        ----------
        step : RecordingTransformer
            The step, kept as it is.

        Returns
        -------
        Recordings
            The same samples; nothing is computed yet.

        Raises
        ------
        ValueError
            If the step may not stand here.
        """
        there = [source for source in self.sources if source.source is not None]
        wanted = check_order(step, there, self.config["already_done"])
        added = {
            id(source): replace(source, steps=(*source.steps, step))
            for source, is_wanted in zip(there, wanted, strict=True)
            if is_wanted
        }
        sources = tuple(added.get(id(source), source) for source in self.sources)
        return self._made(sources, self.recording, self.event, self.config)

    def check_extractor(self, extractor):
        """Raise ValueError where an extractor does not fit the samples or the chains.

        Parameters
        ----------
        extractor : SampleExtractor
            The end of the chain.
        """
        per = "event" if self.per_event else "recording"
        if extractor.per != per and len(self) > 0:
            raise ValueError(
                f"{type(extractor).__name__}: it gives one sample for each {extractor.per}, the "
                f"samples are one for each {per}; make Recordings(..., samples={extractor.per!r})"
            )
        there = [source for source in self.sources if source.source is not None]
        check_order(extractor, there, "raise")

    def load(self, i):
        """Run the chain of one recording, to look at the result.

        Parameters
        ----------
        i : int
            A sample; the recording it lies in is loaded.

        Returns
        -------
        BoldRun or mne.io.BaseRaw
            The processed recording.

        Raises
        ------
        IndexError
            If there is no such sample.
        RecordingError
            If a step fails.
        """
        return self._process(i)[0]

    def quality(self, i):
        """Run the chain of one recording, for the figures that its steps report.

        Parameters
        ----------
        i : int
            A sample; the recording it lies in is meant.

        Returns
        -------
        dict of str to dict
            Figures by class of step.
        """
        return self._process(i)[1]

    def _process(self, i):
        rows = as_rows(int(i), len(self))
        source = self.sources[int(self.recording[rows][0])]
        if source.source is None:
            raise ValueError(f"Recordings: {source.title} is missing")
        return Runner(self.config).process(source)

    @classmethod
    def concatenate(cls, blocks, name="block"):
        """Stack recordings along the samples.

        Parameters
        ----------
        blocks : sequence of Recordings
            Of one kind.
        name : str, default="block"
            Name of the modality, for errors.

        Returns
        -------
        Recordings
            The samples of all, under the configuration of the first. A recording that stands in
            several blocks is kept once.
        """
        kinds = {
            f"{block.kind} {'events' if block.per_event else 'recordings'}"
            for block in blocks
            if len(block)
        }
        if len(kinds) > 1:
            raise ValueError(
                f"Multimodal: modality {name!r} cannot be stacked, its parts are "
                f"{' and '.join(sorted(kinds))}"
            )
        sources, recording = merge_sources(blocks)
        event = np.concatenate([block.event for block in blocks])
        return cls._made(sources, recording, event, blocks[0].config)

    def save(self, folder, name):
        """Write the recordings: paths are noted, objects in memory are written out.

        Parameters
        ----------
        folder : pathlib.Path
            An existing folder.
        name : str
            Name of the modality.

        Returns
        -------
        dict
            The header.

        Raises
        ------
        ValueError
            If steps still wait.
        """
        np.save(folder / f"{name}.recording.npy", self.recording)
        np.save(folder / f"{name}.event.npy", self.event)
        return {"sources": save_recordings(self.sources, folder, name)}

    @classmethod
    def load_saved(cls, folder, name, header, mmap_mode):
        """Read what `save` wrote, under the current configuration.

        Parameters
        ----------
        folder : pathlib.Path
            The folder.
        name : str
            Name of the modality.
        header : dict
            What `save` returned.
        mmap_mode : str or None
            Not used.

        Returns
        -------
        Recordings
            As saved.
        """
        recording = np.load(folder / f"{name}.recording.npy", allow_pickle=False)
        event = np.load(folder / f"{name}.event.npy", allow_pickle=False)
        return cls._made(load_recordings(header["sources"], folder), recording, event, get_config())

    def __getstate__(self):
        return {name: vars(self)[name] for name in ("sources", "recording", "event", "config")}

    def __setstate__(self, state):
        _assign(self, **state)

    def __repr__(self):
        number = len(np.unique(self.recording))
        kind = f"{self.kind} recording{'' if number == 1 else 's'}"
        subjects = {self.sources[n].subject for n in self.recording.tolist()} - {None}
        told = f"{len(self)} events in {number} {kind}" if self.per_event else f"{number} {kind}"
        people = f" of {len(subjects)} subject{'' if len(subjects) == 1 else 's'}"
        chain = f", steps {' > '.join(self.steps)}" if self.steps else ""
        return f"Recordings of {told}{people if subjects else ''}{chain}"


def _assign(recordings, sources, recording, event, config):
    # __setattr__ is closed because recordings are frozen
    vars(recordings).update(sources=sources, recording=recording, event=event, config=config)
