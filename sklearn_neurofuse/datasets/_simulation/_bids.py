"""The recordings as a BIDS dataset: EEG as BrainVision, BOLD as NIfTI."""

import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from sklearn_neurofuse.datasets._simulation._design import CLASSES, event_table
from sklearn_neurofuse.datasets._simulation._reading import OWNER
from sklearn_neurofuse.datasets._simulation._record import VOLUME_MARK
from sklearn_neurofuse.datasets._simulation._subject import SITES

try:
    import pybv
except ImportError:  # only writing BIDS needs it
    pybv = None

TASK = "faces"
TASK_DESCRIPTION = "Faces and houses are shown; some are answered with a button"
_CODES = {**{name: ("Stimulus", code) for code, name in enumerate(CLASSES, start=1)},
          "button": ("Response", 1), VOLUME_MARK: ("Response", 128)}  # fmt: skip
_README = """\
Simulated simultaneous EEG-fMRI.

Made by sklearn_neurofuse.datasets.simulate_eeg_fmri; nobody was measured. Volume triggers are the
markers R128 of the EEG.
"""


def check_writable(folder):
    """Refuse a folder that holds something, or a missing library, before anything is made.

    Parameters
    ----------
    folder : path-like
        Where the dataset shall be.

    Returns
    -------
    pathlib.Path
        Absolute.

    Raises
    ------
    ImportError
        If pybv is not installed.
    FileExistsError
        If the folder is not empty.
    """
    if pybv is None:
        raise ImportError(f"{OWNER}: write_bids needs pybv; pip install 'sklearn-neurofuse[bids]'")
    folder = Path(os.path.abspath(folder))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{OWNER}: write_bids must be a new or empty folder, got {folder}")
    return folder


@contextmanager
def written_at_once(folder):
    """Give a folder to write to that appears under its name when all is written, or never."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    draft.chmod(0o755)
    try:
        yield draft
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def write_dataset_files(root, runs):
    """Write what describes the whole dataset."""
    description = {
        "Name": "Simulated simultaneous EEG-fMRI",
        "BIDSVersion": "1.9.0",
        "DatasetType": "raw",
        "License": "CC0",
        "Authors": ["sklearn_neurofuse"],
        "GeneratedBy": [{"Name": "sklearn_neurofuse.datasets.simulate_eeg_fmri"}],
    }
    _write_json(root / "dataset_description.json", description)
    (root / "README").write_text(_README, encoding="utf-8")
    people = {run.subject.name: run.subject.site for run in runs}
    table = pd.DataFrame(
        {"participant_id": [f"sub-{name}" for name in people], "site": list(people.values())}
    )
    _write_table(root / "participants.tsv", table)
    levels = {site: f"Scanner {site}" for site in SITES}
    _write_json(root / "participants.json", {"site": {"Description": "Site", "Levels": levels}})


def write_run(root, run, raw, img):
    """Write one run.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.
    run : RunPlan
        The run.
    raw : mne.io.RawArray
        Its EEG.
    img : Nifti1Image
        Its BOLD series.

    Returns
    -------
    tuple of pathlib.Path
        Of the EEG header and of the image, relative to the dataset.
    """
    folder, stem = _entities(run)
    eeg, func = folder / "eeg", folder / "func"
    for part in (eeg, func):
        (root / part).mkdir(parents=True, exist_ok=True)
    _write_brainvision(root / eeg, f"{stem}_eeg", run, raw)
    _write_eeg_sidecars(root / eeg, stem, run, raw)
    nib.save(img, root / func / f"{stem}_bold.nii.gz")
    _write_json(root / func / f"{stem}_bold.json", _bold_sidecar(run))
    events, _ = event_table(run.trials)
    _write_table(root / func / f"{stem}_events.tsv", events)
    return eeg / f"{stem}_eeg.vhdr", func / f"{stem}_bold.nii.gz"


def _entities(run):
    settings, (_, session, number) = run.settings, run.key
    parts, folder = [f"sub-{run.subject.name}"], Path(f"sub-{run.subject.name}")
    if settings.n_sessions > 1:
        parts.append(f"ses-{session + 1:02d}")
        folder = folder / parts[-1]
    parts.append(f"task-{TASK}")
    if settings.n_runs > 1:
        parts.append(f"run-{number + 1:02d}")
    return folder, "_".join(parts)


def _write_brainvision(folder, stem, run, raw):
    amplifier = run.settings.eeg.amplifier
    whole = amplifier.strength > 0
    data = raw.get_data()
    if whole:
        # pybv cuts to integers, so that a last digit would be lost at random
        data += 0.1 * amplifier.resolution * np.sign(data)
    pybv.write_brainvision(
        data=data,
        sfreq=run.settings.sfreq,
        ch_names=raw.ch_names,
        ref_ch_names=run.settings.reference,
        fname_base=stem,
        folder_out=folder,
        events=_markers(raw),
        resolution=1e6 * amplifier.resolution if whole else 0.1,
        unit="µV",
        fmt="binary_int16" if whole else "binary_float32",
    )


def _markers(raw):
    markers = []
    for note in raw.annotations:
        kind, code = _CODES.get(note["description"], ("Comment", note["description"]))
        markers.append(
            {
                "onset": int(np.rint(note["onset"] * raw.info["sfreq"])),
                "duration": max(int(np.rint(note["duration"] * raw.info["sfreq"])), 1),
                "type": kind,
                "description": code,
            }
        )
    return markers


def _write_eeg_sidecars(folder, stem, run, raw):
    settings = run.settings
    _write_json(
        folder / f"{stem}_eeg.json",
        {
            "TaskName": TASK,
            "TaskDescription": TASK_DESCRIPTION,
            "EEGReference": settings.reference,
            "EEGGround": "AFz" if settings.reference != "AFz" else "n/a",
            "SamplingFrequency": settings.sfreq,
            "PowerLineFrequency": settings.eeg.line.frequency,
            "SoftwareFilters": "n/a",
            "HardwareFilters": {
                "Low-pass": {"CutoffFrequency": settings.eeg.gradient.h_freq, "Order": 5}
            },
            "EEGPlacementScheme": "10-05",
            "EEGChannelCount": len(settings.channels),
            "EOGChannelCount": 1,
            "ECGChannelCount": 1,
            "RecordingDuration": raw.n_times / settings.sfreq,
            "RecordingType": "continuous",
        },
    )
    channels = pd.DataFrame(
        {
            "name": raw.ch_names,
            "type": [kind.upper() for kind in raw.get_channel_types()],
            "units": "µV",
            "sampling_frequency": settings.sfreq,
            "reference": settings.reference,
        }
    )
    _write_table(folder / f"{stem}_channels.tsv", channels)
    notes = raw.annotations
    events = pd.DataFrame(
        {"onset": notes.onset, "duration": notes.duration, "trial_type": list(notes.description)}
    )
    _write_table(folder / f"{stem}_events.tsv", events)


def _bold_sidecar(run):
    settings = run.settings
    return {
        "TaskName": TASK,
        "TaskDescription": TASK_DESCRIPTION,
        "RepetitionTime": settings.t_r,
        "SliceTiming": run.timing.slice_times.round(6).tolist(),
        "SliceEncodingDirection": "k",
        "MultibandAccelerationFactor": settings.scan.multiband,
        "FlipAngle": settings.bold.saturation.flip_angle,
        "MagneticFieldStrength": settings.scan.field,
        "NumberOfVolumesDiscardedByScanner": run.timing.n_before,
        "Manufacturer": "Simulated",
    }


def _write_json(path, content):
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_table(path, table):
    table.to_csv(path, sep="\t", index=False, na_rep="n/a", float_format="%.6f")
