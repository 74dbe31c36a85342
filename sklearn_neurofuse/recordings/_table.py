"""What is known of the samples of recordings: a table, and groups."""

import numpy as np
import pandas as pd

from sklearn_neurofuse.recordings._build import ENTITIES


def sample_table(recordings):
    """Tell what is known of each sample.

    Parameters
    ----------
    recordings : Recordings
        The samples.

    Returns
    -------
    DataFrame
        One row for each sample: its recording and event, entities, and columns of its event.
    """
    known = {"recording": recordings.recording, "event": recordings.event}
    for name in ENTITIES:
        values = [getattr(source, name) for source in recordings.sources]
        known[name] = np.array(values, dtype=object)[recordings.recording]
    table = pd.DataFrame(known)
    if not recordings.per_event:
        return table
    used = np.unique(recordings.recording).tolist()
    events = pd.concat([recordings.sources[n].events for n in used], ignore_index=True)
    starts = dict(zip(used, _starts(recordings, used), strict=True))
    rows = np.array([starts[n] for n in recordings.recording.tolist()]) + recordings.event
    events = events.drop(columns=list(known), errors="ignore").iloc[rows]
    return pd.concat([table, events.reset_index(drop=True)], axis=1)


def _starts(recordings, used):
    lengths = [len(recordings.sources[n].events) for n in used]
    return np.cumsum([0, *lengths[:-1]])


def default_groups(recordings):
    """Say which samples belong together.

    Parameters
    ----------
    recordings : Recordings
        The samples.

    Returns
    -------
    ndarray of str of shape (n_samples,)
        The subject; the run where there is one subject. The position of a recording stands in
        for what is not known.
    """
    sources = recordings.sources
    subjects = {source.subject for source in sources}
    if len(subjects) > 1:
        names = [str(n) if s.subject is None else s.subject for n, s in enumerate(sources)]
    else:
        names = [
            str(n) if s.run is None else "_".join(filter(None, (s.session, s.run)))
            for n, s in enumerate(sources)
        ]
    return np.array(names)[recordings.recording]
