"""What was planted in a run, for tests that compare with what is found."""

from dataclasses import dataclass

import nibabel as nib
import numpy as np
import pandas as pd

from sklearn_neurofuse.datasets._simulation._anatomy import tissue_at
from sklearn_neurofuse.datasets._simulation._body_eeg import bad_channels, blink_times
from sklearn_neurofuse.datasets._simulation._bold_signal import bold_courses
from sklearn_neurofuse.datasets._simulation._head_image import REGIONS, BrainPlaces, grid_places
from sklearn_neurofuse.datasets._simulation._record import EEGParts
from sklearn_neurofuse.datasets._simulation._scanner import mni_of_voxels, render_bold
from sklearn_neurofuse.datasets._simulation._settings import RunPlan
from sklearn_neurofuse.datasets._simulation._sources import source_table


@dataclass(frozen=True, eq=False)
class RunTruth:
    """What was planted in one run; what is large is made when it is asked for.

    Times are in s on the scanner's clock, zero at the start of the first saved volume, unless
    they are said to be on the EEG's.

    Parameters
    ----------
    plan : RunPlan
        The plan that the recordings were rendered from.
    """

    plan: RunPlan

    @property
    def subject(self):
        """Whose run."""
        return self.plan.subject.name

    @property
    def site(self):
        """Where it was measured."""
        return self.plan.subject.site

    @property
    def trials(self):
        """Trials with onsets, classes and latents, a DataFrame."""
        return self.plan.trials.copy()

    @property
    def eeg(self):
        """Parts of the EEG by name, in V, whose sum is the recording."""
        return EEGParts(self.plan)

    @property
    def eeg_names(self):
        """Names of the rows of `eeg`."""
        return list(self.plan.settings.row_names)

    @property
    def clock(self):
        """Start of the EEG on the scanner's clock in s, and how much faster its clock runs."""
        return {"start": self.plan.timing.start, "ppm": self.plan.settings.scan.clock_ppm}

    @property
    def triggers(self):
        """Markers in the EEG: ``onset`` on its clock, ``volume`` (NaN for extra ones)."""
        triggers = self.plan.triggers
        volume = np.where(triggers.volume < -1000, np.nan, triggers.volume)
        return pd.DataFrame({"onset": triggers.onsets, "volume": volume})

    @property
    def missing_triggers(self):
        """True times of lost markers, on the EEG's clock."""
        return self.plan.triggers.missing.copy()

    @property
    def heartbeats(self):
        """R peaks: ``onset`` on the EEG's clock, ``time`` on the scanner's, ``ectopic``."""
        physiology = self.plan.physiology
        onset = self.plan.timing.to_eeg(physiology.beats)
        inside = (onset >= 0) & (onset < self.plan.rates.n_full / self.plan.settings.sfreq)
        table = {"onset": onset, "time": physiology.beats, "ectopic": physiology.ectopic}
        return pd.DataFrame(table)[inside].reset_index(drop=True)

    @property
    def breathing(self):
        """Breath: ``time`` and ``depth``."""
        physiology = self.plan.physiology
        return pd.DataFrame(
            {"time": physiology.times, "depth": physiology.breath(physiology.times)}
        )

    @property
    def blinks(self):
        """When the person blinks, on the EEG's clock."""
        return blink_times(self.plan) if "ocular" in self.eeg else np.zeros(0)

    @property
    def bad_channels(self):
        """Names of the bad channels."""
        return [self.plan.settings.channels[number] for number in bad_channels(self.plan)]

    @property
    def state(self):
        """``time``, ``arousal`` and ``alpha``, the log of the amplitude of alpha."""
        return self.plan.state.copy()

    @property
    def motion(self):
        """Pose of the head in the middle of each volume, under fMRIPrep's column names.

        Millimetres and radians of the head's own movement: a point of the still head at x is
        found at R (x - c) + c + t with R = Rx Ry Rz and c = `motion_centre`. It is the movement
        that the images show, so that it is zero where ``bold["motion"]`` is off.
        """
        return self._scaled(self.plan.motion.table(self._middles()))

    @property
    def motion_centre(self):
        """What the head turns about, in scanner mm."""
        return self.plan.motion.centre.copy()

    @property
    def poses(self):
        """Matrices from the still head to its place in the middle of each volume, (n, 4, 4)."""
        return self._matrices(self._middles())

    @property
    def slice_poses(self):
        """The same at the time of each slice, of shape (n_volumes, n_slices, 4, 4)."""
        timing = self.plan.timing
        starts = np.arange(timing.n_volumes)[:, None] * timing.t_r
        return self._matrices(starts + timing.slice_times)

    def _middles(self):
        timing = self.plan.timing
        return (np.arange(timing.n_volumes) + 0.5) * timing.t_r

    def _scaled(self, poses):
        return poses * self.plan.settings.bold.motion.strength

    def _matrices(self, times):
        return self.plan.motion.matrices(times, self.plan.settings.bold.motion.strength)

    def bold(self, part="still"):
        """Give the series without noise.

        Parameters
        ----------
        part : {"still", "moved"}, default="still"
            The head at rest, or moving slice by slice.

        Returns
        -------
        Nifti1Image
            Of type float32.
        """
        return render_bold(self.plan, part)

    @property
    def maps(self):
        """Maps of the planted regions by name, in the still head.

        For each source the response to an average event in % of the signal; for ``alpha`` and
        ``arousal`` the weight of their time course, whose standard deviation in % was asked for.
        """
        brain = self._brain()
        affine = self.plan.settings.affine
        return {name: nib.Nifti1Image(brain.region(name), affine) for name in REGIONS}

    @property
    def peaks(self):
        """When the response of each region peaks after its cause, in s; for alpha with the lag."""
        peaks = dict(zip(REGIONS, self.plan.subject.peaks.tolist(), strict=True))
        peaks["alpha"] += self.plan.settings.bold.alpha.lag
        return peaks

    @property
    def lag_map(self):
        """Image of the time of the peak in s where a region's weight is largest; NaN elsewhere."""
        maps = np.stack([np.abs(img.get_fdata()) for img in self.maps.values()])
        relative = maps / maps.max(axis=(1, 2, 3), keepdims=True)
        peaks = np.array(list(self.peaks.values()))[relative.argmax(axis=0)]
        peaks = np.where(relative.max(axis=0) > 0.1, peaks, np.nan)
        return nib.Nifti1Image(peaks.astype(np.float32), self.plan.settings.affine)

    @property
    def courses(self):
        """Time courses of the regions, ``time`` and one column for each."""
        times, courses = bold_courses(self.plan)
        return pd.DataFrame({"time": times, **courses})

    @property
    def sources(self):
        """The planted sources: where this person has them, in MNI mm and in scanner mm."""
        table = source_table()
        mni = self.plan.subject.source_places()
        table[["x", "y", "z"]] = mni
        scanner = self.plan.subject.placement.from_mni(mni)
        table[["scanner_x", "scanner_y", "scanner_z"]] = scanner
        return table.assign(peak=self.plan.subject.peaks[: len(table)])

    @property
    def mni(self):
        """Where each voxel of the still head lies in MNI mm, of shape (x, y, z, 3)."""
        return mni_of_voxels(self.plan)

    @property
    def brain_mask(self):
        """Image of the voxels that are more than half brain, in the still head."""
        mask = sum(tissue_at(self.mni, ("grey", "white", "csf")).values()) > 0.5
        return nib.Nifti1Image(mask.astype(np.uint8), self.plan.settings.affine)

    def _brain(self):
        settings = self.plan.settings
        places = grid_places(settings.shape, settings.affine)
        return BrainPlaces(self.plan.subject, settings, places)

    def __repr__(self):
        session, run = (number + 1 for number in self.plan.key[1:])
        return f"RunTruth(sub-{self.subject} ses-{session:02d} run-{run:02d})"
