"""Scanner markers of a recording: where they stand, and whether they keep step."""

import re
from dataclasses import dataclass

import mne
import numpy as np

from sklearn_neurofuse._validation import nearest

# the last part of a description, after "Response/" and the like
_SCANNER = re.compile(
    r"r\s*128|s\s*128|t\s+1(\s*(on|_on))?|tr|vol(ume)?s?|(vol(ume)?|scan(ner)?|mri?|fmri|gradient|tr"
    r"|slice)[\s_-]*(trigger|marker|start|pulse|onset|art\w*)|scan(ner)?|slices?|mri|fmri|gradient",
    re.IGNORECASE,
)
# kinds of markers that only scanners have, as in "Volume/V  1"
_SCANNER_KIND = re.compile(r"vol(ume)?s?|scan(ner)?|f?mri", re.IGNORECASE)
# fraction of the interval by which a marker may be off
_OFF = 0.06
# what one hole may span, in intervals
_LONGEST_HOLE = 100
# markers at either end that are this many intervals away are no part of the scan
_APART = 3
_FEWEST = 3
# fraction of the markers that may lie outside the scan
_MOST_STRAY = 0.1


@dataclass(frozen=True)
class Markers:
    """Markers of one scan.

    Parameters
    ----------
    points : ndarray of shape (n_markers,)
        In sample points from the start of the recording.
    source : str
        Where they were found.
    n_repaired : int
        Markers that were put in.
    n_stray : int
        Markers that belong to no scan.
    """

    points: np.ndarray
    source: str
    n_repaired: int = 0
    n_stray: int = 0

    @property
    def interval(self):
        """Median interval in sample points."""
        return float(np.median(np.diff(self.points)))


def is_scanner_mark(description):
    """Tell whether a marker is named as scanners' usually are.

    Parameters
    ----------
    description : str
        Of the marker.

    Returns
    -------
    bool
        Whether it is.
    """
    kind, *rest = (part.strip() for part in str(description).split("/"))
    last = rest[-1] if rest else kind
    return bool(_SCANNER.fullmatch(last) or (rest and _SCANNER_KIND.fullmatch(kind)))


def find_markers(raw, triggers):
    """Find the markers that the scanner wrote into a recording.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    triggers : {"auto"}, str or array-like of float
        Which: annotations or stim channels named as scanners' usually are, the name of either,
        or times in s from the start of the recording.

    Returns
    -------
    Markers or None
        None where ``"auto"`` finds none.

    Raises
    ------
    ValueError
        If there are none by that name, or they do not keep step.
    """
    sfreq = raw.info["sfreq"]
    if not isinstance(triggers, str):
        points = np.sort(np.asarray(triggers, dtype=float)) * sfreq
        if points.ndim != 1 or not np.isfinite(points).all():
            raise ValueError(f"triggers must be finite times in s, got shape {points.shape}")
        return in_step(points, "given", sfreq)
    found = _annotated(raw, triggers) or _in_stim_channels(raw, triggers)
    if found is None:
        if triggers == "auto":
            return None
        known = [*dict.fromkeys(raw.annotations.description), *raw.ch_names]
        raise ValueError(
            f"triggers: no annotation or stim channel is named {triggers!r}"
            f"{nearest(triggers, known)}"
        )
    return in_step(*found, sfreq)


def _annotated(raw, triggers):
    names = dict.fromkeys(raw.annotations.description.tolist())
    if triggers == "auto":
        chosen = [name for name in names if is_scanner_mark(name)]
    else:
        chosen = [name for name in names if triggers in (name, name.split("/")[-1])]
    # onsets count from the start of the measurement, which may have been cropped off
    onsets = raw.annotations.onset - raw.first_time
    trains = {
        name: np.sort(onsets[raw.annotations.description == name]) * raw.info["sfreq"]
        for name in chosen
    }
    trains = {name: points for name, points in trains.items() if len(points) >= _FEWEST}
    if not trains:
        return None
    # volumes are preferred to slices: fewer markers, farther apart
    name = max(trains, key=lambda name: np.median(np.diff(trains[name])))
    return trains[name], f"annotation {name!r}"


def _in_stim_channels(raw, triggers):
    picks = mne.pick_types(raw.info, meg=False, stim=True, exclude=())
    names = [raw.ch_names[i] for i in picks if triggers in ("auto", raw.ch_names[i])]
    best, found = 0, None
    for name in names:
        events = mne.find_events(
            raw, name, output="onset", shortest_event=1, consecutive=True, verbose="ERROR"
        )
        for code in np.unique(events[:, 2]):
            points = events[events[:, 2] == code, 0] - float(raw.first_samp)
            steps = np.diff(points)
            even = len(steps) > 1 and np.median(np.abs(steps / np.median(steps) - 1)) < 0.02
            if even and np.ptp(points) > best:
                best, found = np.ptp(points), (points, f"stim channel {name!r}, code {code}")
    return found


def in_step(points, source, sfreq):
    """Check that markers keep step, put a lost one in, and leave out what belongs to no scan.

    Parameters
    ----------
    points : ndarray of shape (n_markers,)
        In sample points, rising.
    source : str
        For messages.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    Markers
        The markers.

    Raises
    ------
    ValueError
        If there are fewer than three, or more than one is missing.
    """
    points = np.unique(points)
    if len(points) < _FEWEST:
        raise ValueError(
            f"{source}: at least {_FEWEST} scanner markers are needed, got {len(points)}"
        )
    interval = _usual_step(points)
    volumes = np.split(points, 1 + np.flatnonzero(np.diff(points) > 1.5 * interval))
    if _are_volumes(volumes):
        return in_step(np.array([volume[0] for volume in volumes]), source, sfreq)
    trains = _trains(points, interval)
    main = _without_ends(max(trains, key=len), interval)
    n_stray = len(points) - len(main)
    if n_stray > max(3, _MOST_STRAY * len(points)):
        raise ValueError(
            f"{source}: {n_stray} of {len(points)} scanner markers are not in step with the "
            f"others, which come every {interval / sfreq:g} s; give their times as triggers, or "
            "crop the recording to one scan"
        )
    holes = np.rint(np.diff(main) / interval).astype(int) - 1
    n_missing = int(holes.sum())
    if n_missing > 1:
        raise ValueError(
            f"{source}: {n_missing} of {len(main) + n_missing} scanner markers are missing (every "
            f"{interval / sfreq:g} s one is expected); give their times as triggers"
        )
    if n_missing:
        at = int(holes.argmax())
        main = np.insert(main, at + 1, (main[at] + main[at + 1]) / 2)
    return Markers(main, source, n_missing, n_stray)


def _usual_step(points):
    """Give the interval that most markers keep."""
    steps = np.diff(points)
    rough = np.median(steps)
    return float(np.median(steps[np.abs(steps - rough) <= _OFF * rough]))


def _trains(points, interval):
    """Divide markers where an interval is not a whole number of usual ones."""
    trains = [[points[0]]]
    for point in points[1:]:
        n_steps = (point - trains[-1][-1]) / interval
        whole = round(n_steps)
        if 1 <= whole <= _LONGEST_HOLE and abs(n_steps - whole) <= min(_OFF * whole, 0.2):
            trains[-1].append(point)
        elif whole >= 1 or len(trains[-1]) < _FEWEST:
            trains.append([point])
    return [np.array(train) for train in trains]


def _are_volumes(trains):
    """Tell whether trains are the slices of volumes with a pause after each."""
    sizes = [len(train) for train in trains]
    if len(trains) < _FEWEST or sizes[0] < 2:
        return False
    gaps = np.diff([train[0] for train in trains])
    alike = all(size == sizes[0] for size in sizes[:-1]) and sizes[-1] <= sizes[0]
    return alike and np.ptp(gaps) <= 2 * _OFF * np.median(gaps)


def _without_ends(train, interval):
    """Leave out a marker or two that stand far before or after the others."""
    begin, end = 0, len(train)
    for at in np.flatnonzero(np.diff(train) > (_APART - 0.5) * interval):
        if at + 1 < _FEWEST:
            begin = at + 1
        elif len(train) - at - 1 < _FEWEST:
            end = min(end, at + 1)
    return train[begin:end]
