"""Templates: what brains are brought to, by their exact names."""

import os
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine
from nilearn.datasets import (
    load_mni152_brain_mask,
    load_mni152_gm_template,
    load_mni152_template,
    load_mni152_wm_template,
)
from scipy import ndimage

from sklearn_neurofuse._validation import nearest
from sklearn_neurofuse.containers import VolumeSpace
from sklearn_neurofuse.fmri._registration import sample_at

# what nilearn brings along: symmetric, skull-stripped, 1 mm; neither fMRIPrep's nor FSL's
BUNDLED = "MNI152NLin2009aSym"
# in these names, so that none stands for another
ALIASES = {"MNI152": BUNDLED, BUNDLED: BUNDLED}
KNOWN = (*ALIASES, "MNI152NLin2009cAsym", "MNI152NLin6Asym")
_MARGIN_MM = 10.0
_SPACE = "space-"


@dataclass(frozen=True, eq=False)
class Template:
    """A skull-stripped T1-weighted head on a grid of equal edges, cropped around the brain.

    Attributes
    ----------
    space : str
        Name of its coordinates.
    data : ndarray of float32 of shape (x, y, z)
        Intensity, zero outside the brain.
    mask : ndarray of bool of shape (x, y, z)
        The brain.
    affine : ndarray of shape (4, 4)
        Voxels to mm.
    tissues : tuple of ndarray or None
        Shares of grey matter, white matter and fluid in [0, 1], where they are known.
    """

    space: str
    data: np.ndarray
    mask: np.ndarray
    affine: np.ndarray
    tissues: tuple | None = None


def space_name(template, space=None):
    """Give the exact name of the coordinates of a template.

    Parameters
    ----------
    template : str, path-like or nibabel image
        As of `TemplateNormalizer`.
    space : str, default=None
        Name of the coordinates of an image.

    Returns
    -------
    str
        A name as BIDS has them.

    Raises
    ------
    ValueError
        If the name is unknown, or an image comes without one.
    """
    if _is_name(template):
        if template not in KNOWN:
            raise ValueError(
                f"TemplateNormalizer: template must be one of {', '.join(map(repr, KNOWN))}, an "
                f"image or the path of one, got {template!r}{nearest(template, KNOWN)}"
            )
        if space is not None and space != ALIASES.get(template, template):
            raise ValueError(
                f"TemplateNormalizer: space must be None or {ALIASES.get(template, template)!r} "
                f"for the template {template!r}, got {space!r}"
            )
        return ALIASES.get(template, template)
    if space is None and not isinstance(template, nib.spatialimages.SpatialImage):
        found = re.search(r"(?:tpl|space)-([A-Za-z0-9]+)", Path(template).name)
        space = None if found is None else found.group(1)
    if space is None:
        raise ValueError(
            "TemplateNormalizer: space must name the coordinates of a template given as an image, "
            f"such as {KNOWN[2]!r}, so that volumes of different spaces are never mixed"
        )
    return str(space)


def load_template(template, resolution, space=None, mask=None):
    """Give a template on a grid.

    Parameters
    ----------
    template : str, path-like or nibabel image
        As of `TemplateNormalizer`.
    resolution : float
        Edge of a voxel in mm.
    space : str, default=None
        Name of the coordinates of an image.
    mask : nibabel image or path-like, default=None
        The brain in an image that is not skull-stripped.

    Returns
    -------
    Template
        The template; not to be written to.

    Raises
    ------
    FileNotFoundError
        If a template of TemplateFlow is not on this machine.
    """
    name = space_name(template, space)
    if name == BUNDLED and _is_name(template):
        return _bundled(float(resolution))
    if _is_name(template):
        template, mask = _from_templateflow(name)
    img = nib.load(template) if isinstance(template, (str, os.PathLike)) else template
    if mask is None:
        mask = nib.Nifti1Image((np.asanyarray(img.dataobj) > 0).astype(np.uint8), img.affine)
    elif isinstance(mask, (str, os.PathLike)):
        mask = nib.load(mask)
    return _on_grid(name, img, mask, float(resolution))


def run_space(run):
    """Give the name of the space that a run lies in.

    Parameters
    ----------
    run : BoldRun
        Whose ``done`` may hold ``"space-NAME"``.

    Returns
    -------
    str
        The exact name; else what the form code of the image says.
    """
    named = [entry[len(_SPACE) :] for entry in run.done if entry.startswith(_SPACE)]
    return named[-1] if named else VolumeSpace.from_img(run.img).space


def with_space(done, space):
    """Note the space of a run that was normalised.

    Parameters
    ----------
    done : tuple of str
        What was done before.
    space : str
        The exact name.

    Returns
    -------
    tuple of str
        For ``BoldRun(done=...)``.
    """
    return (*[entry for entry in done if not entry.startswith(_SPACE)], f"{_SPACE}{space}")


def fixed_mask(space):
    """Give the one mask that belongs to a space.

    Parameters
    ----------
    space : str
        Its exact name.

    Returns
    -------
    nibabel image or None
        The brain of the template that comes with nilearn; of other spaces none is known.
    """
    return load_mni152_brain_mask(resolution=1) if space == BUNDLED else None


def _is_name(template):
    return isinstance(template, str) and not template.lower().endswith((".nii", ".nii.gz"))


@lru_cache(maxsize=4)
def _bundled(resolution):
    head, brain = load_mni152_template(resolution=1), load_mni152_brain_mask(resolution=1)
    template = _on_grid(BUNDLED, head, brain, resolution)
    grey, white = (
        _resampled(
            np.asanyarray(img.dataobj, dtype=np.float32),
            img.affine,
            template.affine,
            template.data.shape,
        )
        for img in (load_mni152_gm_template(resolution=1), load_mni152_wm_template(resolution=1))
    )
    fluid = np.clip(template.mask - grey - white, 0.0, 1.0)
    return replace(template, tissues=(grey, white, fluid))


def _from_templateflow(name):
    home = os.environ.get("TEMPLATEFLOW_HOME", Path.home() / ".cache" / "templateflow")
    stem = Path(home) / f"tpl-{name}" / f"tpl-{name}_res-02_desc-brain_"
    paths = [Path(f"{stem}{suffix}.nii.gz") for suffix in ("T1w", "mask")]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(
                f"TemplateNormalizer: {name} is not on this machine ({path} is expected); fetch "
                f"it with templateflow.api.get({name!r}, resolution=2, desc='brain'), or give an "
                "image as template and its name as space"
            )
    return paths


def _on_grid(space, img, mask_img, resolution):
    brain = np.asanyarray(mask_img.dataobj) > 0
    if not brain.any():
        raise ValueError("TemplateNormalizer: the mask of the template must not be empty")
    # equal edges along the axes of the world, around the brain
    corners = apply_affine(mask_img.affine, np.argwhere(brain)[:: max(1, brain.sum() // 100_000)])
    low = np.floor((corners.min(axis=0) - _MARGIN_MM) / resolution) * resolution
    shape = np.ceil((corners.max(axis=0) + _MARGIN_MM - low) / resolution).astype(int) + 1
    affine = np.diag([resolution, resolution, resolution, 1.0])
    affine[:3, 3] = low
    mask = _resampled(brain.astype(np.float32), mask_img.affine, affine, shape) >= 0.5
    data = np.asanyarray(img.dataobj, dtype=np.float32)
    data = np.where(mask, _resampled(data, img.affine, affine, shape), np.float32(0))
    for array in (data, mask, affine):
        array.flags.writeable = False
    return Template(space, data, mask, affine)


def _resampled(data, affine, target, shape):
    # what lies between the coarser voxels counts too
    sizes, wanted = np.linalg.norm(affine[:3, :3], axis=0), target[0, 0]
    width = 0.425 * np.sqrt(np.maximum(wanted**2 - sizes**2, 0.0)) / sizes
    smoothed = ndimage.gaussian_filter(data, width)
    return sample_at(smoothed, np.linalg.inv(affine) @ target, shape)
