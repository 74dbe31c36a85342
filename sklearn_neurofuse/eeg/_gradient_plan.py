"""What of a recording is cleaned, and when the scanner played what."""

from dataclasses import dataclass, replace

import mne
import numpy as np
from scipy.signal import butter, sosfiltfilt

from sklearn_neurofuse.eeg._gradient_stream import N_LEARNT
from sklearn_neurofuse.eeg._triggers import Markers, find_markers
from sklearn_neurofuse.signal import _periodicity
from sklearn_neurofuse.signal._gradient import BASIS_BAND, edges_of, strongest, time_volumes
from sklearn_neurofuse.signal._segments import Segments

# channels that figures of quality are told from
N_REPORTED = 4
# share of samples at the largest or the smallest value of a channel
_MOST_CLIPPED = 1e-4
_FEWEST_VOLUMES = 3
# s; markers that come faster may be those of slices
_LONGEST_SLICE = 0.35


@dataclass(frozen=True)
class Channels:
    """Which channels are cleaned, and how.

    Parameters
    ----------
    cleaned : ndarray of int
        Rows.
    template_only : ndarray of bool, as long
        Which of them are cleaned by template only.
    timing : ndarray of int
        Rows that times are told from.
    saturated, flat : list of str
        Channels that clip, and that hold nothing.
    """

    cleaned: np.ndarray
    template_only: np.ndarray
    timing: np.ndarray
    saturated: list
    flat: list


@dataclass(frozen=True)
class FoundScan:
    """When the scanner ran.

    Parameters
    ----------
    sfreq : float
        Of the recording in Hz.
    markers : Markers
        What was read.
    volumes : Segments
        All volumes, those without markers too.
    jitter : float
        Of their starts, in sample points.
    stop : float or None
        Where the artefact ends, in sample points.
    n_groups : int
        Excitations in a volume that are treated alike.
    n_before : int
        Volumes before the first marker.
    n_marked : int
        Volumes with a marker.
    """

    sfreq: float
    markers: Markers
    volumes: Segments
    jitter: float = 0.0
    stop: float | None = None
    n_groups: int = 1
    n_before: int = 0
    n_marked: int = 0


def pick_channels(raw):
    """Give the channels that take up the artefact.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.

    Returns
    -------
    ndarray of int
        Their rows.

    Raises
    ------
    ValueError
        If there are none.
    """
    types = {"eeg": True, "eog": True, "ecg": True, "emg": True, "seeg": True, "ecog": True}
    picks = mne.pick_types(raw.info, **types, misc=False, exclude=())
    if len(picks) == 0:
        raise ValueError("the recording has no EEG channels")
    return picks


def find_channels(raw, data, picks):
    """Sort the channels of a recording.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    data : ndarray of shape (n_channels, n_times)
        Its values.
    picks : ndarray of int
        Channels to look at.

    Returns
    -------
    Channels
        What to do with them.

    Raises
    ------
    ValueError
        If there is nothing to clean, or values are not finite.
    """
    edges = {i: (data[i].min(), data[i].max()) for i in picks.tolist()}
    bad = [raw.ch_names[i] for i, found in edges.items() if not np.isfinite(found).all()]
    if bad:
        raise ValueError(f"the channels {', '.join(bad)} hold values that are not finite")
    flat = [i for i, (low, high) in edges.items() if low == high]
    cleaned = np.array([i for i in picks if i not in flat], dtype=int)
    if len(cleaned) == 0:
        raise ValueError("all channels are flat")
    kinds = raw.get_channel_types()
    clipped = [i for i in cleaned.tolist() if _is_clipped(data[i], edges[i])]
    head = [i for i in cleaned if kinds[i] != "ecg" and i not in clipped]
    return Channels(
        cleaned,
        np.array([kinds[i] == "ecg" for i in cleaned]),
        np.array(head if head else cleaned),
        [raw.ch_names[i] for i in clipped],
        [raw.ch_names[i] for i in flat],
    )


def _is_clipped(row, edges):
    """Tell whether a channel stays at its largest or smallest value."""
    most = _MOST_CLIPPED * len(row)
    for edge in edges:
        at = row == edge
        # runs of at least two; a quantised but quiet channel touches its extremes now and then
        if np.count_nonzero(at) > most and (at[1:] & at[:-1]).sum() > most:
            return True
    return False


def find_scan_in(raw, data, channels, remover):
    """Find when the scanner played volumes and slices.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    data : ndarray of shape (n_channels, n_times)
        Its values.
    channels : Channels
        Its channels.
    remover : GradientArtifactRemover
        Parameters.

    Returns
    -------
    FoundScan
        What was found.

    Raises
    ------
    ValueError
        If nothing was found, or fewer than three whole volumes.
    """
    sfreq = raw.info["sfreq"]
    rows = [data[i] for i in channels.timing]
    chosen = strongest(rows, 1)
    if len(chosen) == 0:
        raise ValueError("all channels are flat")
    row = rows[chosen[0]].astype(float)
    markers = find_markers(raw, remover.triggers) or _markers_in_data(row, sfreq)
    subsample = remover.alignment == "subsample"
    timing = time_volumes(rows, markers.points, markers.interval, sfreq, subsample=subsample)
    scan = FoundScan(sfreq, markers, timing.segments, timing.jitter)
    scan = _in_volumes(scan, rows, remover.slice_groups)
    scan = _extended(scan, row)
    if scan.volumes.complete.sum() < _FEWEST_VOLUMES:
        raise ValueError(
            f"at least {_FEWEST_VOLUMES} whole volumes are needed for templates, got "
            f"{int(scan.volumes.complete.sum())}"
        )
    return scan


def _markers_in_data(row, sfreq):
    start, stop, period = _periodicity.find_scan(row, sfreq)
    if period is None or stop - start < _FEWEST_VOLUMES * period:
        raise ValueError(
            "no scanner markers (annotations such as R128, Volume, TR or 'T  1', or a stim "
            "channel) and no gradient artefact were found; name the markers with triggers"
        )
    points = np.arange(start, stop - 0.5 * period, period)
    return Markers(points, "the artefact itself")


def _in_volumes(scan, rows, wanted):
    """Put slices together to volumes, or divide volumes into slices."""
    segments = scan.volumes
    if wanted is None:
        return replace(scan, n_marked=len(segments))
    columns = edges_of(segments, BASIS_BAND, scan.sfreq)
    row = rows[strongest(rows, 1)[0]]
    n_repeated = 1
    if segments.period < _LONGEST_SLICE * scan.sfreq:
        steep = segments.spectra(np.diff(row, 2, prepend=row[:2]), core=True)[:, columns]
        n_repeated = _periodicity.repetition_of_segments(steep[segments.complete])
    if n_repeated > 1 and len(segments) // n_repeated >= _FEWEST_VOLUMES:
        stop = segments.starts[-1] + segments.period
        volumes = Segments(
            segments.starts[::n_repeated],
            segments.period * n_repeated,
            segments.n_times,
            stop=stop,
        )
        n_groups = n_repeated if wanted == "auto" else wanted
        return replace(scan, volumes=volumes, n_groups=n_groups, stop=stop, n_marked=len(volumes))
    n_groups = wanted
    if wanted == "auto":
        mean = np.fft.irfft(segments.spectra(row)[segments.complete].mean(axis=0), segments.size)
        n_points = int(np.ceil(segments.period)) + 2
        core = mean[segments.margin : segments.margin + n_points]
        n_groups = _periodicity.count_groups(core, segments.period, scan.sfreq)
    return replace(scan, n_groups=n_groups, n_marked=len(segments))


def _extended(scan, row):
    """Add volumes that the scanner played before the first and after the last marker."""
    old, period = scan.volumes, scan.volumes.period
    edges = np.clip(np.rint([old.starts[0], old.starts[-1]]), 0, old.n_times).astype(int)
    reference = _periodicity.strength(row, edges)[0]
    n_before = _periodicity.count_before(row, old.starts[0], period, reference)
    end = old.starts[-1] + period
    n_after = 0
    if scan.stop is None or scan.stop >= end - 1:
        n_after = _periodicity.count_before(row[::-1], old.n_times - end, period, reference)
    starts = np.concatenate(
        [
            old.starts[0] - period * np.arange(n_before, 0, -1),
            old.starts,
            old.starts[-1] + period * np.arange(1, n_after + 1),
        ]
    )
    stop = _periodicity.end_of_artifact(row, starts[-1], period, reference)
    stop = min(stop, starts[-1] + period)
    volumes = Segments(starts, period, old.n_times, stop=stop)
    return replace(scan, volumes=volumes, stop=stop, n_before=n_before)


def high_passed(data, sfreq):
    """Give what lies above 70 Hz, or above two thirds of half the sampling frequency.

    Parameters
    ----------
    data : sequence of ndarray of shape (n_times,)
        In V.
    sfreq : float
        In Hz.

    Returns
    -------
    ndarray of float32 of shape (n_rows, n_times)
        Filtered forth and back.
    """
    sections = butter(4, min(70.0, sfreq / 3), "highpass", fs=sfreq, output="sos")
    filtered = np.empty((len(data), len(data[0])), dtype=np.float32)
    for row, course in zip(filtered, data, strict=True):
        row[:] = sosfiltfilt(sections, course)
    return filtered


def mark_unlearnt(raw, scan):
    """Mark the volumes that came before there was a template.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Gets an annotation BAD_gradient.
    scan : FoundScan
        The scan.
    """
    starts = np.maximum(scan.volumes.starts, 0) / scan.sfreq
    end = starts[min(N_LEARNT + 1, len(starts) - 1)]
    raw.annotations.append(raw.first_time + starts[0], end - starts[0], "BAD_gradient")
