"""What each channel measures, from the table beside the file or from the channel's name."""

import re
import warnings
from pathlib import Path

import mne
import numpy as np
import pandas as pd

from sklearn_neurofuse.eeg._copies import copy_raw

# kinds that names tell, where the recording calls everything EEG
_NAMES = (
    ("ecg", re.compile(r"^(ecg|ekg|cardio)", re.IGNORECASE)),
    ("eog", re.compile(r"^([hvrl]?eog|eye|io\d?$)", re.IGNORECASE)),
    ("emg", re.compile(r"^emg", re.IGNORECASE)),
    ("misc", re.compile(r"^(cwl|cwreg|loop)", re.IGNORECASE)),
    ("resp", re.compile(r"^(resp|breath)", re.IGNORECASE)),
    ("stim", re.compile(r"^(stim|sti ?\d|trig|status$)", re.IGNORECASE)),
)
# types of BIDS and what MNE calls them
BIDS_KINDS = {
    "EEG": "eeg",
    "EOG": "eog",
    "HEOG": "eog",
    "VEOG": "eog",
    "ECG": "ecg",
    "EMG": "emg",
    "RESP": "resp",
    "TRIG": "stim",
    "MISC": "misc",
    "REF": "misc",
    "GSR": "gsr",
    "TEMP": "temperature",
}
_USUAL = (1e-6, 500e-6)


def assign_channel_types(raw):
    """Give a recording whose channels have their types and whose bad ones are marked.

    A file ``*_channels.tsv`` beside the recording (BIDS) says what its channels are and which
    are bad; where there is none, names like ECG, EKG, EOG or CWL say it of channels that pass
    for EEG. Types that the recording itself gives other than EEG are kept.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording; not written to.

    Returns
    -------
    mne.io.BaseRaw
        The same object where there is nothing to change, else a copy.
    """
    types, bads = _corrections(raw)
    return correct_channels(raw.copy(), raw) if types or bads else raw


def _corrections(raw):
    """Give the types that channels should have and have not, and bad channels not marked."""
    types, bads = _from_table(raw)
    passing = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
    for name, kind in passing.items():
        if kind == "eeg" and name not in types:
            types[name] = kind_of(name)
    types = {name: kind for name, kind in types.items() if kind != passing[name]}
    return types, [name for name in bads if name not in raw.info["bads"]]


def correct_channels(raw, original):
    """Set types and bad channels as the table or the names of another recording tell.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        With the same channels; changed.
    original : mne.io.BaseRaw
        As it was opened.

    Returns
    -------
    mne.io.BaseRaw
        The same object as `raw`.
    """
    types, bads = _corrections(original)
    raw.set_channel_types(types, on_unit_change="ignore", verbose="ERROR")
    raw.info["bads"] = [*raw.info["bads"], *bads]
    return raw


def load_raw(recording):
    """Give a copy of a recording in memory, with the types of its channels.

    Parameters
    ----------
    recording : mne.io.BaseRaw
        The recording; not written to.

    Returns
    -------
    mne.io.BaseRaw
        To be worked on.

    Raises
    ------
    ValueError
        If a channel that is not marked bad holds values that are not finite.
    """
    return check_finite(correct_channels(copy_raw(recording), recording))


def check_finite(raw):
    """Refuse recordings in which good channels hold values that are not finite.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        In memory.

    Returns
    -------
    mne.io.BaseRaw
        The same object.

    Raises
    ------
    ValueError
        Naming the channels.
    """
    kinds = {"eeg": True, "eog": True, "ecg": True, "emg": True, "seeg": True, "ecog": True}
    picks = mne.pick_types(raw.info, **kinds, exclude="bads")
    lost = [raw.ch_names[pick] for pick in picks if not np.isfinite(raw[pick][0].sum())]
    if lost:
        raise ValueError(
            f"the channels {', '.join(lost)} hold values that are not finite; mark them bad, or "
            "cut the stretch out"
        )
    return raw


def kind_of(name):
    """Tell the kind of a channel from its name, EEG where that says nothing.

    Parameters
    ----------
    name : str
        Of the channel.

    Returns
    -------
    str
        In MNE's words.
    """
    return next((kind for kind, pattern in _NAMES if pattern.match(name)), "eeg")


def _from_table(raw):
    """Read types and bad channels from the table beside the file, empty where there is none."""
    path = next((Path(name) for name in raw.filenames if name is not None), None)
    if path is None or "_" not in path.stem:
        return {}, []
    table = path.with_name(f"{path.stem.rsplit('_', 1)[0]}_channels.tsv")
    if not table.is_file():
        return {}, []
    rows = pd.read_csv(table, sep="\t", dtype=str, keep_default_na=False)
    if "name" not in rows:
        raise ValueError(f"{table.name} has no column name")
    rows = rows[rows["name"].isin(raw.ch_names)]
    kinds = rows["type"].str.upper() if "type" in rows else pd.Series("", index=rows.index)
    types = {
        name: BIDS_KINDS[kind]
        for name, kind in zip(rows["name"], kinds, strict=True)
        if kind in BIDS_KINDS
    }
    # carbon wire loops pass for EEG or MISC in such tables
    types |= {name: "misc" for name in types if kind_of(name) == "misc"}
    bad = rows["name"][rows["status"].str.lower() == "bad"] if "status" in rows else ()
    return types, list(bad)


def pick_eeg(raw, owner_needs="EEG channels"):
    """Give the numbers of the EEG channels, bad ones too.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    owner_needs : str, default="EEG channels"
        What the message says is missing.

    Returns
    -------
    ndarray of int of shape (n_channels,)
        The numbers.

    Raises
    ------
    ValueError
        If there is none.
    """
    picks = mne.pick_types(raw.info, eeg=True, seeg=True, ecog=True, exclude=())
    if len(picks) == 0:
        raise ValueError(f"the recording has no {owner_needs}")
    return picks


def check_units(data, name):
    """Warn where clean EEG is not of the size of EEG.

    Parameters
    ----------
    data : ndarray of shape (..., n_times)
        In V.
    name : str
        The class that warns.
    """
    size = float(np.nanmedian(np.abs(data))) if np.isfinite(data).any() else 0.0
    if size > 0 and not _USUAL[0] <= size <= _USUAL[1]:
        warnings.warn(
            f"{name}: the median size of the EEG is {1e6 * size:.3g} uV, usual are 1 to 500; "
            "check the unit (V is expected) and that artefacts were removed",
            stacklevel=2,
        )
