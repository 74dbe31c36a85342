"""Small recordings with a known content, and steps that note each time they are run."""

import os
import uuid
from pathlib import Path

import mne
import nibabel as nib
import numpy as np
import pandas as pd

from sklearn_neurofuse import BoldRun
from sklearn_neurofuse.containers import SensorSpace
from sklearn_neurofuse.recordings import RecordingTransformer, SampleExtractor, Samples

AFFINE = np.diag([3.0, 3.0, 4.0, 1.0])


def make_raw(seed=0, *, n_seconds=12.0, sfreq=100.0, n_channels=3, first_samp=0):
    """Make EEG of noise around a level of its own: seed plus channel number."""
    n_times = round(n_seconds * sfreq)
    data = np.random.default_rng(seed).standard_normal((n_channels, n_times)) * 1e-3
    data += seed + np.arange(n_channels)[:, None]
    info = mne.create_info(["Fz", "Cz", "Pz", "Oz"][:n_channels], sfreq, "eeg")
    return mne.io.RawArray(data, info, first_samp, verbose="error")


def make_run(seed=0, *, n_volumes=12, shape=(4, 3, 2), dtype=np.float32, **fields):
    """Make a BOLD run of noise around 100, with two seconds a volume."""
    data = 100 + np.random.default_rng(seed).standard_normal((*shape, n_volumes))
    img = nib.Nifti1Image(data.astype(dtype), AFFINE)
    img.header.set_xyzt_units("mm", "sec")
    img.header["pixdim"][4] = 2.0
    return BoldRun(img, **{"t_r": 2.0, **fields})


def make_events(n_events=3, first=1.0, step=2.0):
    """Make a table of events of two types, taking turns."""
    kinds = [["left", "right"][n % 2] for n in range(n_events)]
    onset = first + step * np.arange(n_events)
    return pd.DataFrame({"onset": onset, "duration": 0.5, "trial_type": kinds})


class Noted:
    """Notes each run as a file in a folder, so that runs in other processes count too."""

    def note(self, what):
        if self.log is not None:
            (Path(self.log) / f"{what}-{os.getpid()}-{uuid.uuid4().hex}").touch()


def runs(log, what=""):
    """Count what was noted."""
    return len([path for path in Path(log).iterdir() if path.name.startswith(what)])


class Scale(Noted, RecordingTransformer):
    """Multiplies a recording."""

    adds = ("scaled",)

    def __init__(self, factor=2.0, *, log=None, random_state=0, n_jobs=None, verbose=False):
        self.factor = factor
        self.log = log
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def transform_recording(self, recording, context):
        self.note(type(self).__name__)
        context.report(factor=self.factor, title=context.title)
        if isinstance(recording, BoldRun):
            img = nib.Nifti1Image(self.factor * recording.get_data(), recording.img.affine)
            return recording.replace(img=img)
        raw = recording.copy().load_data(verbose="error")
        return raw.apply_function(lambda x: self.factor * x, picks="all", verbose="error")


class Slow(Scale):
    """The same, remembered."""

    expensive = True


class Failing(Scale):
    """Cannot take recordings whose number is `number`."""

    adds = ()

    def __init__(self, number=0, *, log=None):
        self.number = number
        self.log = log

    def transform_recording(self, recording, context):
        self.note(type(self).__name__)
        if f"recording {self.number}" in context.title:
            raise ValueError("the electrodes fell off")
        return recording


class EventMeans(Noted, SampleExtractor):
    """Gives the mean of each channel or voxel over half a second or one volume, and the onset."""

    def __init__(
        self, offset=0.0, *, log=None, standardize=None, n_jobs=None, verbose=False, skip=()
    ):
        self.offset = offset
        self.log = log
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.skip = skip

    def extract(self, recording, events, context):
        self.note(type(self).__name__)
        context.report(n_events=np.int64(len(events)))
        onsets = events["onset"].to_numpy()
        data = np.array([[*self.mean_at(recording, onset), onset] for onset in onsets])
        data[list(self.skip)] = np.nan
        reasons = dict.fromkeys(self.skip, "it was to be skipped")
        return Samples(data + self.offset, None, reasons)

    def mean_at(self, recording, onset):
        if isinstance(recording, BoldRun):
            volume = int(onset // recording.t_r)
            return recording.get_data()[..., volume].astype(float).ravel()
        first = round(onset * recording.info["sfreq"])
        return recording.get_data()[:, first : first + 50].mean(axis=1)


class RunMeans(Noted, SampleExtractor):
    """Gives the mean of each channel over a recording."""

    per = "recording"

    def __init__(self, *, log=None, n_jobs=None, standardize=None):
        self.log = log
        self.n_jobs = n_jobs
        self.standardize = standardize

    def extract(self, recording, events, context):
        self.note(type(self).__name__)
        return Samples(recording.get_data().mean(axis=1)[None])


class Pieces(SampleExtractor):
    """Gives half a second of each channel, in its space."""

    def extract(self, recording, events, context):
        sfreq = recording.info["sfreq"]
        first = np.round(events["onset"].to_numpy() * sfreq).astype(int)
        data = recording.get_data()
        pieces = [data[:, start : start + round(sfreq / 2)] for start in first]
        return Samples(np.array(pieces), SensorSpace(recording.info))
