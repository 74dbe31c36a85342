"""Which marked events may evoke responses that are not to be taken for the pulse artefact."""

import re

import numpy as np

from sklearn_neurofuse.eeg._heartbeats import annotation_times
from sklearn_neurofuse.eeg._triggers import is_scanner_mark

# markers of the scanner, of heartbeats, of breaks in the recording and of bad stretches
_NO_EVENTS = re.compile(
    r"(volume|slice|scan|sync|^tr\b|r[- ]?peak|\b[eq]rs|ecg|heart|^r$|new segment"
    r"|boundary|^edge|^bad)",
    re.IGNORECASE,
)
_LEAST_EVENTS = 5
_SOON = 1.0
_MOSTLY = 0.5


def find_events(raw, events):
    """Give the onsets of events, one array for each kind.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    events : {"auto"}, sequence of str or None
        Descriptions of annotations; ``"auto"`` for all but those of scanner and heart.

    Returns
    -------
    list of ndarray
        In s. Descriptions are one kind unless one mostly follows the other: stimuli of all
        classes are, and answers to them are another, so that no class plays a part.

    Raises
    ------
    ValueError
        If a description is not that of any annotation.
    """
    if events is None:
        return []
    there = sorted(set(map(str, raw.annotations.description)))
    if events == "auto":
        names = [name for name in there if not (is_scanner_mark(name) or _NO_EVENTS.search(name))]
    else:
        names = sorted(set(events))
        missing = [name for name in names if name not in there]
        if missing:
            raise ValueError(
                f"events names {', '.join(map(repr, missing))}, which the recording has no "
                f"annotation of; it has {', '.join(map(repr, there)) or 'none'}"
            )
    onsets = [annotation_times(raw, name.__eq__) for name in names]
    kinds = _grouped([one for one in onsets if len(one)])
    least = _LEAST_EVENTS if events == "auto" else 1
    return [np.unique(kind) for kind in kinds if len(kind) >= least]


def _grouped(onsets):
    """Put together what leads or comes in any order, and what follows."""
    leading, following = [], []
    for number, own in enumerate(onsets):
        rest = [one for place, one in enumerate(onsets) if place != number]
        follows = bool(rest) and _follows(own, np.sort(np.concatenate(rest)))
        (following if follows else leading).append(own)
    return [np.sort(np.concatenate(kind)) for kind in (leading, following) if kind]


def _follows(own, others):
    """Tell whether events mostly come soon after others, and these not soon after them."""
    last = np.concatenate([[-np.inf], others])[np.searchsorted(others, own)]
    following = np.concatenate([others, [np.inf]])[np.searchsorted(others, own, side="right")]
    return np.mean(own - last <= _SOON) - np.mean(following - own <= _SOON) > _MOSTLY
