"""Head movement during each volume, from whatever holds it."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_neurofuse.recordings import BoldRun, RecordingTransformer
from sklearn_neurofuse.signal._motion import PARAMETERS

# mm; where a rotation is felt
_RADIUS = 50.0
# volumes at the start that may not have been saved
_MOST_DUMMIES = 20


def read_motion(motion, context, n_volumes):
    """Give the pose of the head during each volume of a recording.

    Parameters
    ----------
    motion : path-like, DataFrame, array-like or RecordingTransformer
        Six parameters for each volume, or what estimates them from the partner.
    context : object
        Gives the partner.
    n_volumes : int
        Volumes of the EEG.

    Returns
    -------
    ndarray of shape (n_volumes, 6)
        In mm; rotations as what they move on a sphere of 50 mm.

    Raises
    ------
    ValueError
        If there are not six columns of numbers, or not one row for each volume.
    """
    if isinstance(motion, RecordingTransformer):
        motion = _estimated(motion, context)
    elif isinstance(motion, (str, os.PathLike)):
        motion = _from_file(Path(motion))
    if isinstance(motion, pd.DataFrame):
        missing = [name for name in PARAMETERS if name not in motion]
        if missing:
            raise ValueError(f"motion lacks the columns {', '.join(missing)}")
        motion = motion[list(PARAMETERS)].to_numpy(dtype=float)
    poses = np.asarray(motion, dtype=float)
    if poses.ndim != 2 or poses.shape[1] != 6:
        raise ValueError(f"motion must have shape (n_volumes, 6), got {poses.shape}")
    if not np.isfinite(poses).all():
        raise ValueError("motion holds values that are not finite")
    n_lacking = n_volumes - len(poses)
    if not 0 <= n_lacking <= _MOST_DUMMIES:
        raise ValueError(
            f"motion must have one row for each of the {n_volumes} volumes in the EEG (up to "
            f"{_MOST_DUMMIES} fewer where the first were not saved), got {len(poses)}"
        )
    poses = np.concatenate([np.repeat(poses[:1], n_lacking, axis=0), poses])
    return poses * np.array([1, 1, 1, _RADIUS, _RADIUS, _RADIUS])


def _estimated(step, context):
    if not context.has_partner:
        raise ValueError(
            f"motion={type(step).__name__}(...) needs the fMRI recorded at the same time, and the "
            "recording has no partner; give a table of movement, or motion=None"
        )
    run = context.partner(step)
    if not isinstance(run, BoldRun) or run.confounds is None:
        raise ValueError(f"motion={type(step).__name__}(...) gave no table of movement")
    return run.confounds


def _from_file(path):
    """Read a file: a table with fMRIPrep's names, or FSL's or SPM's six columns."""
    if not path.exists():
        raise ValueError(f"motion: there is no file {path}")
    if path.suffix in (".tsv", ".csv"):
        table = pd.read_csv(path, sep="\t" if path.suffix == ".tsv" else ",")
        if set(PARAMETERS) <= set(table):
            return table
    values = np.loadtxt(path, ndmin=2)
    # mcflirt writes rotations first; SPM and AFNI write translations first
    rotations_first = path.suffix == ".par"
    return values[:, [3, 4, 5, 0, 1, 2]] if rotations_first and values.shape[1] == 6 else values
