"""Affines of realigned volumes, and their files as ITK and FSL write them."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.recordings import BoldRun
from sklearn_neurofuse.signal import _motion

# ITK counts the first two axes the other way round
_TO_ITK = np.diag([-1.0, -1.0, 1.0, 1.0])


def motion_affines(run, center=None):
    """Give the affine of each volume from its six motion parameters.

    Parameters
    ----------
    run : BoldRun
        With confounds ``trans_x`` to ``trans_z`` in mm and ``rot_x`` to ``rot_z`` in rad, as FSL
        and fMRIPrep have them.
    center : array-like of shape (3,), default=None
        Centre of rotation in FSL's coordinates, in mm. None is the centre of the grid, which
        `MotionCorrector` takes; mcflirt takes the centre of gravity of its reference.

    Returns
    -------
    ndarray of shape (n_volumes, 4, 4)
        A point of the reference in the world (RAS, mm) to where it lies in the volume.

    Raises
    ------
    ValueError
        If a parameter is missing.

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_neurofuse import BoldRun
    >>> from sklearn_neurofuse.fmri import motion_affines
    >>> names = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]
    >>> still = pd.DataFrame(np.zeros((2, 6)), columns=names)
    >>> run = BoldRun(nib.Nifti1Image(np.zeros((4, 4, 4, 2)), np.eye(4)), 2.0, confounds=still)
    >>> np.allclose(motion_affines(run), np.eye(4))
    True
    """
    parameters = motion_parameters(run)
    frame = _motion.fsl_frame(run.img.affine, run.img.shape, center)
    return _motion.world_affines(parameters, frame)


def motion_parameters(run):
    """Give the six motion parameters of a run.

    Parameters
    ----------
    run : BoldRun
        With confounds.

    Returns
    -------
    ndarray of shape (n_volumes, 6)
        Translations in mm, angles in rad.

    Raises
    ------
    ValueError
        If one is missing.
    """
    columns = () if run.confounds is None else run.confounds.columns
    missing = [name for name in _motion.PARAMETERS if name not in columns]
    if missing:
        raise ValueError(
            f"the confounds lack {', '.join(missing)}; add MotionCorrector before, or give the "
            "table of fMRIPrep as BoldRun(confounds=...)"
        )
    return run.confounds[list(_motion.PARAMETERS)].to_numpy(dtype=float)


def read_motion(path, kind="fsl"):
    """Read the six motion parameters that another program wrote.

    Parameters
    ----------
    path : path-like
        A table in text: ``.par`` of mcflirt, ``rp_*.txt`` of SPM, or ``*_timeseries.tsv`` of
        fMRIPrep, whose columns have names.
    kind : {"fsl", "spm", "fmriprep"}, default="fsl"
        What the columns are: three rotations, then translations (FSL); translations first (SPM);
        or as their names say.

    Returns
    -------
    DataFrame of shape (n_volumes, 6)
        ``trans_x``, ``trans_y``, ``trans_z`` in mm, ``rot_x``, ``rot_y``, ``rot_z`` in rad, for
        ``BoldRun(confounds=...)``. Which way is positive is the program's own.

    Raises
    ------
    ValueError
        If the columns are not those.

    Examples
    --------
    >>> import io
    >>> from sklearn_neurofuse.fmri import read_motion
    >>> read_motion(io.StringIO("0 0 0.01 0.5 0 0")).loc[0, ["trans_x", "rot_z"]].tolist()
    [0.5, 0.01]
    """
    check_choice("read_motion", "kind", kind, ("fsl", "spm", "fmriprep"))
    names = list(_motion.PARAMETERS)
    if kind == "fmriprep":
        table = pd.read_csv(path, sep="\t", na_values="n/a")
        missing = [name for name in names if name not in table]
        if missing:
            raise ValueError(f"read_motion: {path} lacks the columns {', '.join(missing)}")
        return table[names]
    table = np.loadtxt(path, ndmin=2)
    if table.shape[1] != 6:
        raise ValueError(f"read_motion: {path} must have 6 columns, got {table.shape[1]}")
    return pd.DataFrame(table, columns=names if kind == "spm" else names[3:] + names[:3])[names]


def framewise_displacement(parameters, kind="power", radius=None):
    """Give how far the head moved from volume to volume.

    Parameters
    ----------
    parameters : array-like of shape (n_volumes, 6)
        Translations in mm, angles in rad.
    kind : {"power", "jenkinson"}, default="power"
        ``"power"``: the sum of absolute changes, fMRIPrep's ``framewise_displacement``.
        ``"jenkinson"``: root mean square displacement in a sphere, fMRIPrep's ``rmsd``.
    radius : float, default=None
        Radius of the head in mm; None is 50 for Power and 80 for Jenkinson.

    Returns
    -------
    ndarray of shape (n_volumes,)
        In mm; the first is NaN.

    Examples
    --------
    >>> from sklearn_neurofuse.fmri import framewise_displacement
    >>> framewise_displacement([[0.0, 0, 0, 0, 0, 0], [0.1, 0, 0, 0.01, 0, 0]])
    array([nan, 0.6])
    """
    check_choice("framewise_displacement", "kind", kind, _DISPLACEMENTS)
    parameters = np.asarray(parameters, dtype=float)
    if parameters.ndim != 2 or parameters.shape[1] != 6:
        raise ValueError(
            "framewise_displacement: parameters must have shape (n_volumes, 6), "
            f"got {parameters.shape}"
        )
    return _DISPLACEMENTS[kind](parameters, **({} if radius is None else {"radius": radius}))


_DISPLACEMENTS = {
    "power": _motion.power_displacement,
    "jenkinson": _motion.jenkinson_displacement,
}


def write_affines(path, affines, img=None, kind="itk"):
    """Write one affine for each volume.

    Parameters
    ----------
    path : path-like
        A text file for ITK (ANTs, fMRIPrep); a folder for FSL, which has one file for each
        volume, as mcflirt writes them.
    affines : array-like of shape (n_volumes, 4, 4)
        As of `motion_affines`.
    img : nibabel image, default=None
        The series, whose grid FSL's coordinates depend on; ITK needs none.
    kind : {"itk", "fsl"}, default="itk"
        Whose format.

    Raises
    ------
    ValueError
        If FSL's format is asked for without an image.
    """
    check_choice("write_affines", "kind", kind, ("itk", "fsl"))
    affines = np.asarray(affines, dtype=float)
    if kind == "itk":
        Path(path).write_text(_itk_text(_TO_ITK @ affines @ _TO_ITK), encoding="utf-8")
        return
    to_fsl = _scaled_mm("write_affines", img)
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    for number, affine in enumerate(to_fsl @ np.linalg.inv(affines) @ np.linalg.inv(to_fsl)):
        np.savetxt(folder / f"MAT_{number:04d}", affine, fmt="%.12g")


def read_affines(path, img=None):
    """Read what `write_affines`, ANTs, fMRIPrep or mcflirt wrote.

    Parameters
    ----------
    path : path-like
        ITK's text file, or FSL's folder.
    img : nibabel image, default=None
        The series, needed for FSL's.

    Returns
    -------
    ndarray of shape (n_volumes, 4, 4)
        A point of the reference in the world (RAS, mm) to where it lies in the volume.

    Raises
    ------
    ValueError
        If there are none, or FSL's are read without an image.
    """
    path = Path(path)
    if path.is_dir():
        files = sorted(path.glob("MAT_*"))
        found = np.array([np.loadtxt(file) for file in files]).reshape(-1, 4, 4)
        to_fsl = _scaled_mm("read_affines", img)
        affines = np.linalg.inv(to_fsl) @ np.linalg.inv(found) @ to_fsl
    else:
        affines = _TO_ITK @ _parse_itk(path.read_text(encoding="utf-8")) @ _TO_ITK
    if len(affines) == 0:
        raise ValueError(f"read_affines: {path} holds no affine")
    return affines


def _itk_text(affines):
    lines = ["#Insight Transform File V1.0"]
    for number, affine in enumerate(affines):
        numbers = [*affine[:3, :3].ravel(), *affine[:3, 3]]
        lines += [
            f"#Transform {number}",
            "Transform: AffineTransform_double_3_3",
            f"Parameters: {' '.join(f'{value:.15g}' for value in numbers)}",
            "FixedParameters: 0 0 0",
            "",
        ]
    return "\n".join(lines)


def _parse_itk(text):
    rows = re.findall(r"^Parameters:(.*)$", text, re.MULTILINE)
    centers = re.findall(r"^FixedParameters:(.*)$", text, re.MULTILINE)
    affines = np.zeros((len(rows), 4, 4))
    for affine, row, center in zip(affines, rows, centers, strict=True):
        numbers, center = np.array(row.split(), float), np.array(center.split(), float)
        affine[:3, :3] = numbers[:9].reshape(3, 3)
        # ITK turns about a centre
        affine[:3, 3] = numbers[9:] + center - affine[:3, :3] @ center
        affine[3, 3] = 1.0
    return affines


def _scaled_mm(owner, img):
    """Give the affine from the world to FSL's coordinates."""
    if img is None:
        raise ValueError(f"{owner}: img must be the series, FSL's affines depend on its grid")
    if isinstance(img, BoldRun):
        img = img.img
    sizes = np.linalg.norm(img.affine[:3, :3], axis=0)
    scale = np.diag([*sizes, 1.0])
    if np.linalg.det(img.affine[:3, :3]) > 0:
        scale[0] = [-sizes[0], 0.0, 0.0, (img.shape[0] - 1) * sizes[0]]
    return scale @ np.linalg.inv(img.affine)
