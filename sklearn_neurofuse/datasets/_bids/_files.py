"""Files of a BIDS dataset: their entities, sidecars and tables."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

OWNER = "load_bids"
_ENTITY = re.compile(r"([a-zA-Z]+)-([a-zA-Z0-9+]+)")
EEG_SUFFIXES = (".vhdr", ".edf", ".bdf", ".set", ".fif")
BOLD_SUFFIXES = (".nii.gz", ".nii")
# n/a is the one of BIDS, the others are written by programs; NA may be a class
_MISSING = ["n/a", "N/A", "", "nan", "NaN"]
# these columns hold names, also where they look like numbers
_NAMES = {"participant_id": str, "name": str}


@dataclass(frozen=True)
class BidsFile:
    """One file and what its name says.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    entities : dict of str to str
        ``sub``, ``ses``, ``task``, ``run`` and so on.
    suffix : str
        Such as ``bold``.
    """

    path: Path
    entities: dict
    suffix: str

    @property
    def key(self):
        """Subject, session and run, None where the name does not say."""
        return tuple(self.entities.get(name) for name in ("sub", "ses", "run"))

    @property
    def match(self):
        """The same with the number of the run, as ``run-1`` and ``run-01`` are one."""
        *who, run = self.key
        return (*who, int(run) if run is not None and run.isdecimal() else run)

    @property
    def title(self):
        """How messages name it."""
        told = [f"{n}-{self.entities[n]}" for n in ("sub", "ses", "run") if n in self.entities]
        return f"{' '.join(told)} ({self.path.name})"


def check_root(root):
    """Check that a folder is a BIDS dataset.

    Parameters
    ----------
    root : path-like
        The folder.

    Returns
    -------
    pathlib.Path
        Absolute.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no subjects.
    """
    root = Path(root).expanduser().absolute()
    if not root.is_dir():
        raise FileNotFoundError(f"{OWNER}: root must be the folder of a dataset, got {root}")
    if not any(path.is_dir() for path in root.glob("sub-*")):
        raise ValueError(f"{OWNER}: {root} is no BIDS dataset: it has no folders named sub-<label>")
    return root


def parse(path):
    """Read what a file's name says.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    BidsFile
        The file.
    """
    stem = path.name.split(".", 1)[0]
    return BidsFile(path, dict(_ENTITY.findall(stem)), stem.rsplit("_", 1)[-1])


def find_runs(root, datatype, suffix, endings, task, subjects=None):
    """Find the recordings of one task.

    Parameters
    ----------
    root : pathlib.Path
        The dataset, or derivatives of it.
    datatype : str
        Folder, such as ``func``.
    suffix : str
        Such as ``bold``.
    endings : tuple of str
        File endings.
    task : str
        The task.
    subjects : collection of str, default=None
        Labels without ``sub-``; None for all.

    Returns
    -------
    list of BidsFile
        Sorted by name.
    """
    paths = [
        path
        for pattern in (f"sub-*/{datatype}/*_{suffix}.*", f"sub-*/ses-*/{datatype}/*_{suffix}.*")
        for path in root.glob(pattern)
        if path.name.endswith(tuple(f"_{suffix}{ending}" for ending in endings))
    ]
    files = [parse(path) for path in sorted(paths)]
    return [
        file
        for file in files
        if file.entities.get("task") == task
        and (subjects is None or file.entities.get("sub") in subjects)
    ]


def list_tasks(root):
    """List the tasks that the dataset has.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.

    Returns
    -------
    list of str
        Sorted.
    """
    names = (parse(path).entities.get("task") for path in root.glob("sub-*/**/*_task-*"))
    return sorted({name for name in names if name})


def find_beside(root, file, suffix, ending):
    """Find files that say something of another one, by the inheritance principle.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.
    file : BidsFile
        What they are about.
    suffix, ending : str
        Such as ``events`` and ``.tsv``.

    Returns
    -------
    list of pathlib.Path
        From the dataset's root to the file's own folder.
    """
    folders = [root]
    for part in file.path.relative_to(root).parent.parts:
        folders.append(folders[-1] / part)
    found = []
    for folder in folders:
        candidates = [parse(path) for path in folder.glob(f"*{suffix}{ending}")]
        fitting = [
            other
            for other in candidates
            if other.suffix == suffix and other.entities.items() <= file.entities.items()
        ]
        found += [other.path for other in sorted(fitting, key=lambda other: len(other.entities))]
    return found


def read_sidecar(root, file):
    """Read the JSON sidecars of a file, the nearest last.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.
    file : BidsFile
        The file.

    Returns
    -------
    dict
        What they say; empty where there is none.

    Raises
    ------
    ValueError
        If one is no JSON object.
    """
    content = {}
    for path in find_beside(root, file, file.suffix, ".json"):
        try:
            content.update(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path.name} is no JSON object: {error}") from error
    return content


def read_table(path):
    """Read a table of BIDS; ``n/a`` and an empty cell are missing.

    Parameters
    ----------
    path : pathlib.Path
        A file ending with .tsv.

    Returns
    -------
    DataFrame
        The table.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    try:
        return pd.read_csv(path, sep="\t", na_values=_MISSING, keep_default_na=False, dtype=_NAMES)
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{path.name} is no table: {error}") from error


def read_beside(root, file, suffix):
    """Read the nearest table about a file.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.
    file : BidsFile
        What it is about.
    suffix : str
        Such as ``events``.

    Returns
    -------
    DataFrame or None
        The table, None where there is none.
    """
    found = find_beside(root, file, suffix, ".tsv")
    return read_table(found[-1]) if found else None


def read_events(root, file):
    """Read the events of a recording on its own clock.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.
    file : BidsFile
        The recording.

    Returns
    -------
    DataFrame or None
        Those with a known onset, in order; None where there is no table, or nothing in it.

    Raises
    ------
    ValueError
        If the table has no onsets.
    """
    table = read_beside(root, file, "events")
    if table is None or len(table) == 0:
        return None
    if "onset" not in table:
        raise ValueError(f"the events of {file.path.name} must have a column onset")
    onset = pd.to_numeric(table["onset"], errors="coerce")
    table = table.assign(onset=onset, duration=_durations(table)).loc[onset.notna()]
    return table.sort_values("onset", kind="stable", ignore_index=True) if len(table) else None


def as_text(label):
    """Write a label as the table has it, also where a gap made numbers of its column.

    Parameters
    ----------
    label : str, int, float or bool
        A cell that is not missing.

    Returns
    -------
    str
        Such as ``"1"`` for 1.0.
    """
    whole = isinstance(label, float) and float(label).is_integer()
    return str(int(label)) if whole else str(label)


def _durations(table):
    if "duration" not in table:
        return 0.0
    return pd.to_numeric(table["duration"], errors="coerce").fillna(0.0)


def read_participants(root):
    """Read the table of participants.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.

    Returns
    -------
    DataFrame
        Indexed by label without ``sub-``; empty where there is no table.

    Raises
    ------
    ValueError
        If it has no column participant_id, or a participant stands twice.
    """
    path = root / "participants.tsv"
    if not path.exists():
        return pd.DataFrame()
    table = read_table(path)
    if "participant_id" not in table:
        raise ValueError(f"{OWNER}: participants.tsv must have a column participant_id")
    labels = table["participant_id"].astype(str).str.removeprefix("sub-")
    if labels.duplicated().any():
        twice = labels[labels.duplicated()].iloc[0]
        raise ValueError(f"{OWNER}: participants.tsv names sub-{twice} twice")
    return table.set_index(labels)
