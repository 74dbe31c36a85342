"""The BOLD runs of a BIDS dataset, raw or preprocessed by fMRIPrep."""

from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_neurofuse._validation import nearest
from sklearn_neurofuse.datasets._bids._files import (
    BOLD_SUFFIXES,
    OWNER,
    find_beside,
    find_runs,
    read_sidecar,
    read_table,
)
from sklearn_neurofuse.recordings import BoldRun
from sklearn_neurofuse.recordings._bold_run import load_image

# anything nearer is the rounding of a header
_SAME_T_R = 1e-3
# spaces of fMRIPrep that are the person's own
_OWN_SPACES = ("native", "func", "bold", "boldref", "T1w", "T2w", "anat")
_DIRECTIONS = ("i", "i-", "j", "j-", "k", "k-")


def open_bold(root, file, n_dummy=0):
    """Open a raw BOLD run; its values stay on disk.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.
    file : BidsFile
        The image.
    n_dummy : int, default=0
        Volumes at its start that are not to be used.

    Returns
    -------
    run : BoldRun
        Without events.
    dummies : set of int
        Numbers of volumes that may have been measured before the first one.
    notes : list of str
        What was odd.

    Raises
    ------
    ValueError
        If the image cannot be read, nothing tells the repetition time, or the direction of slices
        is none of BIDS.
    """
    sidecar = read_sidecar(root, file)
    t_r, notes = _repetition_time(file, sidecar)
    timing, odd = _slice_timing(file, sidecar, t_r)
    by_scanner = int(sidecar.get("NumberOfVolumesDiscardedByScanner") or 0)
    by_user = int(sidecar.get("NumberOfVolumesDiscardedByUser") or 0)
    run = BoldRun(
        file.path,
        t_r=t_r,
        n_dummy=n_dummy,
        anatomical=_find_anatomical(root, file),
        **timing,
    )
    _ = run.img
    return run, {0, by_user, by_scanner, by_user + by_scanner}, notes + odd


def _slice_timing(file, sidecar, t_r):
    """Give what a run knows of its slice times, counted from the first slice of the image."""
    times = sidecar.get("SliceTiming")
    if not times:
        return {}, [f"{file.path.name} does not tell its slice times"]
    direction = sidecar.get("SliceEncodingDirection", "k")
    if direction not in _DIRECTIONS:
        raise ValueError(
            f"{file.path.name}: SliceEncodingDirection must be one of {', '.join(_DIRECTIONS)}, "
            f"got {direction!r}"
        )
    # with a minus the first time is that of the last slice
    times = times[::-1] if direction.endswith("-") else times
    if direction[0] == "k":
        return {"slice_times": times}, []
    # what a run has is of its third axis
    note = (
        f"{file.path.name} has its slices along {direction}; to correct their timing give "
        f"SliceTimingCorrector(slice_times={times}, slice_axis={'ij'.index(direction[0])})"
    )
    return {"slice_time_ref": float(np.mean(times)) / t_r}, [note]


def _find_anatomical(root, file):
    """Find the T1-weighted image of the same session, or of another of the same person."""
    person = root / f"sub-{file.entities['sub']}"
    session = f"ses-{file.entities.get('ses')}"
    for folder in (person / session / "anat", person / "anat", *sorted(person.glob("ses-*/anat"))):
        found = sorted(
            path for path in folder.glob("*_T1w.nii*") if path.name.endswith(BOLD_SUFFIXES)
        )
        if found:
            return found[0]
    return None


def _repetition_time(file, sidecar):
    img = load_image(file.path)
    header = float(img.header.get_zooms()[3]) if len(img.shape) == 4 else 0.0
    if "RepetitionTime" not in sidecar:
        if not header > 0:
            raise ValueError(f"{file.path.name} has no sidecar with RepetitionTime")
        return header, [f"{file.path.name} has no RepetitionTime; its header says {header:g} s"]
    t_r = float(sidecar["RepetitionTime"])
    if header > 0 and abs(header - t_r) > _SAME_T_R:
        return t_r, [
            f"{file.path.name}: the sidecar says {t_r:g} s, the header {header:g} s; the "
            "sidecar was believed"
        ]
    return t_r, []


class Derivatives:
    """Preprocessed runs of fMRIPrep, found by those they were made from.

    Parameters
    ----------
    root : path-like
        Folder of the derivatives.
    task : str
        The task.
    space : str or None
        Template, such as ``"MNI152NLin2009cAsym"`` or with a resolution
        ``"MNI152NLin2009cAsym:res-2"``; None where there is one only.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no preprocessed run of the task, or several spaces and none is chosen.
    """

    def __init__(self, root, task, space=None):
        self.root = Path(root).expanduser().absolute()
        if not self.root.is_dir():
            raise FileNotFoundError(f"{OWNER}: derivatives must be a folder, got {self.root}")
        files = [
            file
            for file in find_runs(self.root, "func", "bold", BOLD_SUFFIXES, task)
            if file.entities.get("desc") == "preproc"
        ]
        spaces = sorted({_names_of_space(file)[0] for file in files})
        if not files:
            raise ValueError(
                f"{OWNER}: {self.root} holds no *_desc-preproc_bold.nii.gz of task {task!r}"
            )
        files = [file for file in files if space is None or space in _names_of_space(file)]
        if not files:
            raise ValueError(
                f"{OWNER}: space must be one of {', '.join(spaces)}, got {space!r}"
                f"{nearest(space, spaces)}"
            )
        left = sorted({_names_of_space(file)[0] for file in files})
        if len(left) > 1:
            raise ValueError(
                f"{OWNER}: derivatives are in the spaces {', '.join(left)}; choose one by space="
            )
        self.space = files[0].entities.get("space", "native")
        self.files = {file.match: file for file in files}

    def open(self, raw_file, raw_run):
        """Open the preprocessed run in place of the raw one.

        Parameters
        ----------
        raw_file : BidsFile
            The image it was made from.
        raw_run : BoldRun
            The raw one.

        Returns
        -------
        BoldRun
            With its confounds and what was done to it.

        Raises
        ------
        ValueError
            If there is none.
        """
        if raw_file.match not in self.files:
            raise ValueError(f"there is no preprocessed run in space {self.space}")
        file = self.files[raw_file.match]
        sidecar = read_sidecar(self.root, file)
        done = ["motion_corrected"]
        if self.space not in _OWN_SPACES:
            done += ["normalized", f"space-{self.space}"]
        changes = {"slice_times": None, "slice_time_ref": raw_run.slice_time_ref}
        if sidecar.get("SliceTimingCorrected"):
            done.insert(0, "slice_time_corrected")
            start = float(sidecar.get("StartTime", 0.5 * raw_run.t_r))
            changes["slice_time_ref"] = start / raw_run.t_r
        return raw_run.replace(
            img=file.path, confounds=self._confounds(file), done=tuple(done), **changes
        )

    def _confounds(self, file):
        entities = {k: v for k, v in file.entities.items() if k not in ("space", "res", "desc")}
        entities["desc"] = "confounds"
        # the second name is that of fMRIPrep before 20.2
        for suffix in ("timeseries", "regressors"):
            wanted = type(file)(file.path, entities, suffix)
            tables = find_beside(self.root, wanted, suffix, ".tsv")
            if tables:
                break
        return read_table(tables[-1]).apply(pd.to_numeric, errors="coerce") if tables else None


def _names_of_space(file):
    """Give the name of the space with its resolution, and without."""
    space, res = file.entities.get("space", "native"), file.entities.get("res")
    return (space,) if res is None else (f"{space}:res-{res}", space)
