"""The scanner's clock: volumes, slices and triggers, and the same times on the EEG's clock."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ScanTiming:
    """When volumes and slices are measured, in s on the scanner's clock.

    Zero is the start of the first saved volume.

    Parameters
    ----------
    t_r : float
        Repetition time in s.
    n_volumes : int
        Number of volumes saved.
    n_slices : int
        Number of slices.
    scan : Scan
        Options.
    """

    t_r: float
    n_volumes: int
    n_slices: int
    scan: object

    @property
    def n_before(self):
        """Number of volumes measured before the first saved one."""
        return 0 if self.scan.keep_dummies else self.scan.n_dummy

    @property
    def n_excitations(self):
        """Number of excitations in a volume."""
        return self.n_slices // self.scan.multiband

    @property
    def slice_times(self):
        """Time of each slice after the start of its volume, ndarray of shape (n_slices,)."""
        n = self.n_excitations
        order = {
            "ascending": np.arange(n),
            "descending": np.arange(n)[::-1],
            "interleaved": np.concatenate([np.arange(0, n, 2), np.arange(1, n, 2)]),
        }[self.scan.slice_order]
        times = np.empty(n)
        times[order] = np.arange(n) * self.t_r / n
        # slices excited together lie n_excitations apart
        return np.tile(times, self.scan.multiband)

    @property
    def volume_starts(self):
        """Start of each volume, those that are not saved too, in s."""
        return (np.arange(self.n_volumes + self.n_before) - self.n_before) * self.t_r

    @property
    def duration(self):
        """Length of the saved series in s."""
        return self.n_volumes * self.t_r

    @property
    def start(self):
        """Start of the EEG on the scanner's clock, in s."""
        return -self.n_before * self.t_r - self.scan.lead

    @property
    def stop(self):
        """End of the EEG on the scanner's clock, in s."""
        return self.duration + self.scan.tail

    def to_eeg(self, times):
        """Map the scanner's time to that of the EEG, whose clock runs at another rate."""
        return (np.asarray(times) - self.start) * (1 + 1e-6 * self.scan.clock_ppm)

    def to_scan(self, times):
        """Map the EEG's time to that of the scanner."""
        return np.asarray(times) / (1 + 1e-6 * self.scan.clock_ppm) + self.start

    def n_samples(self, sfreq):
        """Number of sample points of the EEG."""
        return int(np.floor(self.to_eeg(self.stop) * sfreq))


@dataclass(frozen=True)
class Triggers:
    """Markers of the scanner in the EEG, in s on the EEG's clock.

    Parameters
    ----------
    onsets : ndarray of shape (n_triggers,)
        As recorded.
    volume : ndarray of int of shape (n_triggers,)
        Number of the volume, 0 for the first saved one, negative for those before; the same for
        every slice of one. -9999 for a marker that belongs to none.
    missing : ndarray of shape (n_missing,)
        True times of the markers that were lost.
    """

    onsets: np.ndarray
    volume: np.ndarray
    missing: np.ndarray


NO_VOLUME = -9999


def make_triggers(rng, timing, sfreq):
    """Make the markers of one run.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    timing : ScanTiming
        The scan.
    sfreq : float
        Sampling frequency of the EEG in Hz; markers stand on sample points.

    Returns
    -------
    Triggers
        Lost ones lie inside the run; extra ones lie before it, as of a scan that was stopped.
    """
    scan = timing.scan
    starts = timing.volume_starts
    volume = np.arange(len(starts)) - timing.n_before
    if scan.triggers == "slice":
        offsets = np.arange(timing.n_excitations) * timing.t_r / timing.n_excitations
        volume = np.repeat(volume, len(offsets))
        starts = (starts[:, None] + offsets).ravel()
    onsets = timing.to_eeg(starts)
    onsets = onsets + scan.trigger_jitter * rng.standard_normal(len(onsets))
    lost = np.zeros(len(onsets), dtype=bool)
    if scan.missing_triggers:
        lost[1 + rng.permutation(len(onsets) - 2)[: scan.missing_triggers]] = True
    extra = np.sort(rng.uniform(0.1, 0.8, scan.extra_triggers)) * (scan.lead - 0.1)
    kept = np.concatenate([extra, onsets[~lost]])
    kept = np.maximum(np.rint(kept * sfreq), 0) / sfreq
    volume = np.concatenate([np.full(len(extra), NO_VOLUME), volume[~lost]])
    return Triggers(kept, volume, onsets[lost])
