"""BIDS trees written by hand: small, valid, and independent of the simulator."""

import json

import nibabel as nib
import numpy as np

SFREQ, T_R, N_VOLUMES = 500.0, 2.0, 30
LEAD = 4.0
# onsets on the scanner's clock
TRIALS = [(4.0 + 5.0 * k, ("left", "right")[k % 2]) for k in range(10)]

_HEADER = """\
Brain Vision Data Exchange Header File Version 1.0

[Common Infos]
DataFile={stem}.eeg
MarkerFile={stem}.vmrk
DataFormat=BINARY
DataOrientation=MULTIPLEXED
NumberOfChannels={n_channels}
SamplingInterval={interval}

[Binary Infos]
BinaryFormat=INT_16

[Channel Infos]
{channels}
"""
_MARKERS = """\
Brain Vision Data Exchange Marker File, Version 1.0

[Common Infos]
DataFile={stem}.eeg

[Marker Infos]
{markers}
"""


def to_eeg(times, lead=LEAD, ppm=0.0):
    """Map the scanner's time to the amplifier's."""
    return (np.asarray(times) + lead) * (1 + 1e-6 * ppm)


def write_eeg(folder, stem, markers, *, names=("Fz", "Cz", "Pz", "ECG"), duration=80.0):
    """Write BrainVision files with markers (onset in s, type, description)."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    data = rng.normal(scale=200, size=(int(duration * SFREQ), len(names))).astype("<i2")
    data.tofile(folder / f"{stem}.eeg")
    channels = "\n".join(f"Ch{n}={name},,0.1,µV" for n, name in enumerate(names, 1))
    header = _HEADER.format(
        stem=stem, n_channels=len(names), interval=1e6 / SFREQ, channels=channels
    )
    (folder / f"{stem}.vhdr").write_text(header, encoding="utf-8")
    lines = "\n".join(
        f"Mk{n}={kind},{text},{round(onset * SFREQ) + 1},1,0"
        for n, (onset, kind, text) in enumerate(sorted(markers), 1)
    )
    (folder / f"{stem}.vmrk").write_text(
        _MARKERS.format(stem=stem, markers=lines), encoding="utf-8"
    )


def volume_markers(first=0, last=N_VOLUMES, lost=(), **clock):
    """List the triggers of a scan."""
    volumes = [k for k in range(first, last) if k not in lost]
    return [(float(to_eeg(k * T_R, **clock)), "Response", "R128") for k in volumes]


def trial_markers(**clock):
    """List the stimuli as an amplifier marks them."""
    codes = {"left": "S  1", "right": "S  2"}
    return [(float(to_eeg(onset, **clock)), "Stimulus", codes[kind]) for onset, kind in TRIALS]


def write_bold(folder, stem, *, n_volumes=N_VOLUMES, t_r=T_R, sidecar=()):
    """Write an image of noise and its sidecar."""
    folder.mkdir(parents=True, exist_ok=True)
    data = np.random.default_rng(1).normal(100, 1, (5, 6, 4, n_volumes)).astype(np.float32)
    img = nib.Nifti1Image(data, np.diag([3.0, 3.0, 4.0, 1.0]))
    img.header.set_zooms((3.0, 3.0, 4.0, t_r))
    nib.save(img, folder / f"{stem}_bold.nii.gz")
    if sidecar is not None:
        content = {"RepetitionTime": t_r, "SliceTiming": [0.0, 1.0, 0.5, 1.5], **dict(sidecar)}
        (folder / f"{stem}_bold.json").write_text(json.dumps(content), encoding="utf-8")


def write_events(path, trials=TRIALS, shift=0.0):
    """Write a table of events."""
    rows = [f"{onset + shift:.3f}\t0.5\t{kind}" for onset, kind in trials]
    path.write_text("\n".join(["onset\tduration\ttrial_type", *rows]) + "\n", encoding="utf-8")


def write_run(root, subject="01", *, markers=None, events=True, run=None, **bold):
    """Write both modalities of one run; give the folder of the subject."""
    person = root / f"sub-{subject}"
    stem = f"sub-{subject}_task-fist" + (f"_run-{run}" if run else "")
    write_eeg(person / "eeg", f"{stem}_eeg", volume_markers() if markers is None else markers)
    write_bold(person / "func", stem, **bold)
    if events:
        write_events(person / "func" / f"{stem}_events.tsv")
    return person


def write_participants(root, rows):
    """Write the table of participants."""
    lines = ["participant_id\tgroup\tsite", *[f"sub-{s}\t{g}\tA" for s, g in rows]]
    (root / "participants.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
