"""`load_hcp`: task and rest runs of the Human Connectome Project, in its folder layout."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.recordings import BoldRun, Recordings

_OWNER = "load_hcp"
_T_R = 0.72
_RESULTS = Path("MNINonLinear") / "Results"
_DONE = ("motion_corrected", "distortion_corrected", "normalized")
_MOTION = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
_DESCR = """\
Human Connectome Project
------------------------
{what} of {n_subjects} subjects in {n_runs} runs, minimally preprocessed, in MNI152NLin6Asym,
repetition time 0.72 s. {n_samples} samples.
"""


def load_hcp(
    root,
    task,
    *,
    classes=None,
    subjects=None,
    participants=None,
    target=None,
    restricted=None,
):
    """Load fMRI of the Human Connectome Project from its S1200 folders.

    Minimally preprocessed volumes [1]_ with the events (EV files) and head motion that come with
    them. The files are to be got from the project, whose terms each user accepts.

    Parameters
    ----------
    root : path-like
        Folder of the subjects, ``<root>/100307/MNINonLinear/Results/...``.
    task : str
        ``"rest"``, or a task: ``"MOTOR"``, ``"WM"``, ``"EMOTION"``, ``"GAMBLING"``, ``"LANGUAGE"``,
        ``"RELATIONAL"``, ``"SOCIAL"``.
    classes : sequence of str, default=None
        Names of EV files that are the classes, such as ``("lh", "rh")``, or values of `target`;
        None takes all.
    subjects : sequence of str, default=None
        Whom to load; None loads all there are.
    participants : path-like, default=None
        Table of behaviour (CSV with a column ``Subject``), for `target`.
    target : str, default=None
        Column of `participants` to be told from whole runs. None: trials are told by their EV
        files; with ``task="rest"`` there is nothing to tell and the target is None.
    restricted : path-like, default=None
        Restricted table (CSV with columns ``Subject`` and ``Family_ID``).

    Returns
    -------
    Bunch
        With the attributes

        X : Multimodal
            ``fmri``, `Recordings`: one sample for each event, or for each run with a `target` and
            at rest.
        target : ndarray of int of shape (n_samples,) or None
            The class.
        target_names : list of str or None
            Names of the classes.
        groups : ndarray of str of shape (n_samples,)
            The family where `restricted` is given, else the subject.
        events : dict of str to list of DataFrame
            Under ``fmri``, the events of each run, in s.
        DESCR : str
            Description of the data set.

    Raises
    ------
    FileNotFoundError
        If a folder or table is missing.
    ValueError
        If no runs or fewer than two classes are found, or a file is not what it should be.

    Warns
    -----
    UserWarning
        If families are not known: twins then stand in different groups.

    Notes
    -----
    The people are not those of any EEG data set: see :func:`pair_by_label`.

    References
    ----------
    .. [1] Glasser, M. F., et al. (2013). The minimal preprocessing pipelines for the Human
       Connectome Project. NeuroImage, 80, 105-124. doi:10.1016/j.neuroimage.2013.04.127

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import load_hcp
    >>> data = load_hcp("HCP_1200", "MOTOR", classes=["lh", "rh"])  # doctest: +SKIP
    """
    runs = _find_runs(Path(root).expanduser(), task, subjects)
    people = [subject for subject, _ in runs]
    bolds = [_open_run(folder) for _, folder in runs]
    tables = [_read_events(folder) for _, folder in runs]
    if target is None and task.lower() != "rest":
        samples, labels, names = _label_events(tables, classes)
    else:
        samples, labels, names = _label_people(people, participants, target, classes)
    kept = sorted({number for number, _ in samples})
    position = {number: new for new, number in enumerate(kept)}
    whole = samples[0][1] < 0
    fmri = Recordings(
        [bolds[number] for number in kept],
        [tables[number] for number in kept],
        samples="recording" if whole else [(position[n], row) for n, row in samples],
        subject=[people[number] for number in kept],
        run=[runs[number][1].name for number in kept],
    )
    family = _families(restricted, set(people))
    return Bunch(
        X=Multimodal(fmri=fmri),
        target=None if labels is None else np.array([names.index(label) for label in labels]),
        target_names=None if names is None else [str(name) for name in names],
        groups=np.array([family.get(people[number], people[number]) for number, _ in samples]),
        events={"fmri": [tables[number] for number in kept]},
        DESCR=_DESCR.format(
            what=f"Task {task}" if task.lower() != "rest" else "Rest",
            n_subjects=len(set(people)),
            n_runs=len(kept),
            n_samples=len(samples),
        ),
    )


def _find_runs(root, task, subjects):
    """List (subject, folder) of each run that has its image."""
    if not root.is_dir():
        raise FileNotFoundError(f"{_OWNER}: root must be a folder, got {root}")
    there = sorted(path.parents[1].name for path in root.glob(f"*/{_RESULTS}") if path.is_dir())
    if not there:
        raise ValueError(f"{_OWNER}: {root} holds no <subject>/{_RESULTS}")
    wanted = there if subjects is None else [str(subject) for subject in subjects]
    unknown = sorted(set(wanted) - set(there))
    if unknown:
        raise ValueError(f"{_OWNER}: {root} has no subject {', '.join(unknown)}")
    stem = "rfMRI_REST*" if task.lower() == "rest" else f"tfMRI_{task.upper()}"
    found = [
        (subject, folder)
        for subject in wanted
        for folder in sorted((root / subject / _RESULTS).glob(f"{stem}_[LR][LR]"))
        if (folder / f"{folder.name}.nii.gz").exists()
    ]
    if not found:
        raise ValueError(f"{_OWNER}: {root} holds no runs of task {task!r} ({stem}_LR, _RL)")
    return found


def _open_run(folder):
    path = folder / "Movement_Regressors.txt"
    confounds = None
    if path.exists():
        table = np.loadtxt(path, ndmin=2)
        if table.shape[1] != 12:
            raise ValueError(f"{_OWNER}: {path} must have 12 columns, got {table.shape[1]}")
        # mm and degrees, then their temporal derivatives
        scale = np.tile([1.0, 1.0, 1.0, *[np.pi / 180] * 3], 2)
        names = [*_MOTION, *[f"{name}_derivative1" for name in _MOTION]]
        confounds = pd.DataFrame(table * scale, columns=names)
    return BoldRun(
        folder / f"{folder.name}.nii.gz",
        t_r=_T_R,
        slice_time_ref=0.5,
        confounds=confounds,
        done=_DONE,
    )


def _read_events(folder):
    """Read the EV files: onset, duration and amplitude, one file for each kind."""
    tables = []
    for path in sorted((folder / "EVs").glob("*.txt")):
        rows = np.loadtxt(path, ndmin=2) if path.stat().st_size else np.empty((0, 3))
        # files of another kind, such as Sync.txt, hold a single number
        if rows.shape[0] and rows.shape[1] == 3:
            table = pd.DataFrame(rows[:, :2], columns=["onset", "duration"])
            tables.append(table.assign(trial_type=path.stem))
    if not tables:
        return None
    return pd.concat(tables).sort_values("onset", kind="stable", ignore_index=True)


def _label_events(tables, classes):
    there = sorted({kind for table in tables if table is not None for kind in table["trial_type"]})
    names = there if classes is None else list(classes)
    unknown = [name for name in names if name not in there]
    if unknown or len(names) < 2:
        raise ValueError(
            f"{_OWNER}: classes must be two or more EV files among {', '.join(there) or 'none'}, "
            f"got {names}"
        )
    found = [
        (number, row, kind)
        for number, table in enumerate(tables)
        if table is not None
        for row, kind in enumerate(table["trial_type"])
        if kind in names
    ]
    return [(number, row) for number, row, _ in found], [kind for *_, kind in found], names


def _label_people(people, participants, target, classes):
    if target is None:
        return [(number, -1) for number in range(len(people))], None, None
    if participants is None:
        raise ValueError(f"{_OWNER}: target={target!r} needs participants, a table of behaviour")
    labels = _read_people(participants, target)
    found = [
        (number, labels[subject])
        for number, subject in enumerate(people)
        if subject in labels and (classes is None or labels[subject] in classes)
    ]
    names = sorted({label for _, label in found}, key=str) if classes is None else list(classes)
    if len({label for _, label in found}) < 2:
        raise ValueError(f"{_OWNER}: at least two classes of {target} are needed, got {names}")
    return [(number, -1) for number, _ in found], [label for _, label in found], names


def _read_people(path, column):
    """Read one column of a table of subjects, without those it does not know."""
    table = pd.read_csv(path, dtype={"Subject": str})
    lacking = [name for name in ("Subject", column) if name not in table]
    if lacking:
        raise ValueError(f"{_OWNER}: {path} must have a column {', '.join(lacking)}")
    table = table.dropna(subset=[column])
    return dict(zip(table["Subject"], table[column], strict=True))


def _families(restricted, people):
    if restricted is None:
        warnings.warn(
            f"{_OWNER}: without the restricted table families are not known; twins and siblings "
            "stand in different groups, and figures of new people may be too good",
            stacklevel=3,
        )
        return {}
    family = {subject: str(name) for subject, name in _read_people(restricted, "Family_ID").items()}
    unknown = sorted(people - set(family))
    if unknown:
        raise ValueError(f"{_OWNER}: {restricted} has no Family_ID of {', '.join(unknown[:5])}")
    return family
