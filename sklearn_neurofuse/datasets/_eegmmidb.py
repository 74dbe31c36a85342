"""`fetch_eegmmidb`: EEG of executed and imagined movements from PhysioNet."""

import re
from pathlib import Path

import mne
import numpy as np
import pandas as pd
from mne.datasets import eegbci
from sklearn.utils import Bunch

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.datasets._fetch import get_data_home
from sklearn_neurofuse.recordings import Recordings

_OWNER = "fetch_eegmmidb"
_FOLDER = "eegmmidb"
_BASE_URL = "https://physionet.org/files/eegmmidb/1.0.0/"
_N_SUBJECTS = 109
_REST = {1: "eyes open", 2: "eyes closed"}
# run modulo 4 of those from 3 on -> what T1 and T2 are, and whether it was imagined
_TASKS = {
    3: (("left fist", "right fist"), False),
    0: (("left fist", "right fist"), True),
    1: (("both fists", "both feet"), False),
    2: (("both fists", "both feet"), True),
}
_DESCR = """\
EEG Motor Movement/Imagery
--------------------------
{n_samples} samples ({classes}) of {n_subjects} subjects in {n_runs} runs; 64 channels at 160 Hz,
PhysioNet eegmmidb 1.0.0, ODC-By.
"""


def fetch_eegmmidb(subjects=(1,), runs=(3, 7, 11), *, data_home=None, download_if_missing=True):
    """Load EEG of executed and imagined movements (classification).

    64 channels at 160 Hz of 109 people [1]_, [2]_, downloaded from PhysioNet by MNE.

    Parameters
    ----------
    subjects : sequence of int, default=(1,)
        From 1 to 109.
    runs : sequence of int, default=(3, 7, 11)
        3, 7 and 11: left or right fist; 4, 8 and 12: the same imagined; 5, 9 and 13: both fists or
        both feet; 6, 10 and 14: the same imagined. Or 1 and 2: rest with eyes open and closed,
        where each run is one sample.
    data_home : path-like, default=None
        Where data sets are kept, in a sub-folder ``eegmmidb``; None means the environment variable
        ``NEUROFUSE_DATA_HOME``, and where that is not set the cache folder of the operating
        system. Files ``S001R03.edf`` that lie in the sub-folder are used as they are.
    download_if_missing : bool, default=True
        Whether the network may be used.

    Returns
    -------
    Bunch
        With the attributes

        X : Multimodal
            ``eeg``, `Recordings` with one sample for each movement, or run of rest.
        target : ndarray of int of shape (n_samples,)
            The class.
        target_names : list of str
            Names of the classes.
        groups : ndarray of str of shape (n_samples,)
            The subject, or the run where there is one subject.
        events : dict of str to list of DataFrame
            Under ``eeg``, the events of each run; a column tells whether they were imagined.
        DESCR : str
            Description of the data set.

    Raises
    ------
    TypeError
        If a number is none.
    ValueError
        If a number is out of bounds, or rest and movements are mixed.
    FileNotFoundError
        If files are missing and `download_if_missing` is False.

    References
    ----------
    .. [1] Schalk, G., McFarland, D. J., Hinterberger, T., Birbaumer, N., & Wolpaw, J. R. (2004).
       BCI2000: a general-purpose brain-computer interface system. IEEE Transactions on
       Biomedical Engineering, 51(6), 1034-1043. doi:10.1109/TBME.2004.827072
    .. [2] Goldberger, A. L., et al. (2000). PhysioBank, PhysioToolkit, and PhysioNet.
       Circulation, 101(23), e215-e220. doi:10.1161/01.CIR.101.23.e215

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import fetch_eegmmidb
    >>> data = fetch_eegmmidb([1, 2], runs=[3, 7, 11])  # doctest: +SKIP
    """
    subjects, runs = _check(subjects, runs)
    home = get_data_home(data_home) / _FOLDER
    keys = [(subject, run) for subject in subjects for run in runs]
    paths = [_find_file(home, *key, download_if_missing) for key in keys]
    raws = [_open(path) for path in paths]
    tables = [_events(raw, run) for raw, (_, run) in zip(raws, keys, strict=True)]
    rest = runs[0] in _REST
    samples = [
        (number, row)
        for number, table in enumerate(tables)
        for row in np.flatnonzero(table["trial_type"] != "rest").tolist()
    ]
    X = Recordings(
        raws,
        tables,
        samples="recording" if rest else samples,
        subject=[f"{subject:03d}" for subject, _ in keys],
        run=[f"{run:02d}" for _, run in keys],
    )
    if rest:
        labels = [_REST[run] for _, run in keys]
    else:
        labels = [tables[number]["trial_type"][row] for number, row in samples]
    names = sorted(set(labels))
    return Bunch(
        X=Multimodal(eeg=X),
        target=np.array([names.index(label) for label in labels]),
        target_names=names,
        groups=X.groups,
        events={"eeg": tables},
        DESCR=_DESCR.format(
            n_samples=len(labels),
            classes=", ".join(names),
            n_subjects=len(subjects),
            n_runs=len(keys),
        ),
    )


def _check(subjects, runs):
    for name, values, highest in (("subjects", subjects, _N_SUBJECTS), ("runs", runs, 14)):
        if len(values) == 0:
            raise ValueError(f"{_OWNER}: {name} must hold at least one number")
        for value in values:
            check_number(_OWNER, name, value, low=1, high=highest, integer=True)
    runs = sorted({int(run) for run in runs})
    if runs[0] in _REST and runs[-1] not in _REST:
        raise ValueError(
            f"{_OWNER}: runs must be of rest (1, 2) or of movements (3 to 14), got {runs}"
        )
    return sorted({int(subject) for subject in subjects}), runs


def _find_file(home, subject, run, may_download):
    name = f"S{subject:03d}R{run:02d}.edf"
    kept = home / name
    if kept.exists():
        return kept
    downloaded = [path for path in home.glob(f"**/{name}") if path.is_file()]
    if downloaded:
        return downloaded[0]
    if not may_download:
        raise FileNotFoundError(
            f"{_OWNER}: {name} is missing in {home}, and download_if_missing is False"
        )
    home.mkdir(parents=True, exist_ok=True)
    try:
        (path,) = eegbci.load_data(
            subject, run, path=home, update_path=False, base_url=_BASE_URL, verbose="error"
        )
    except (OSError, ValueError) as error:
        raise OSError(
            f"{_OWNER}: cannot download {name} from {_BASE_URL} ({error}); without network, put it "
            f"into {home}"
        ) from error
    return Path(path)


def _open(path):
    raw = mne.io.read_raw_edf(path, preload=False, verbose="error")
    eegbci.standardize(raw)
    montage = mne.channels.make_standard_montage("colin27_1005")
    return raw.set_montage(montage, on_missing="ignore", verbose="error")


def _events(raw, run):
    """List movements and rest between them, as words."""
    notes = raw.annotations
    kinds, imagined = (("T1", "T2"), False) if run in _REST else _TASKS[run % 4]
    words = {"T0": "rest", "T1": kinds[0], "T2": kinds[1]}
    table = pd.DataFrame(
        {
            "onset": np.asarray(notes.onset, dtype=float),
            "duration": np.asarray(notes.duration, dtype=float),
            "trial_type": [
                words.get(re.sub(r"\s", "", text), "rest") for text in notes.description
            ],
            "imagined": imagined,
        }
    )
    return table.loc[table["onset"] < raw.times[-1]].reset_index(drop=True)
