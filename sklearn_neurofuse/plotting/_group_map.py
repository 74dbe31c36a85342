"""Where a group responds, at a corrected threshold."""

import nibabel as nib
import numpy as np
import pandas as pd
from nilearn.glm import fdr_threshold
from nilearn.glm.second_level import SecondLevelModel
from scipy.stats import norm

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import Block, VolumeSpace
from sklearn_neurofuse.plotting._brain import plot_heatmap

# each gives the least |z| for one side of an error rate
_CORRECTIONS = {
    "fdr": fdr_threshold,
    "bonferroni": lambda z, alpha: norm.isf(alpha / z.size),
    None: lambda z, alpha: norm.isf(alpha),
}


def plot_group_map(
    block, y=None, *, groups=None, alpha=0.05, correction="fdr", mode="mosaic", ax=None
):
    """Show where a group responds, or where two classes differ.

    One map is made of each group (mean, or difference of class means), and nilearn's second
    level tests them against zero.

    Parameters
    ----------
    block : Block
        Volumes with a `VolumeSpace`, one for each sample.
    y : array-like of shape (n_samples,), default=None
        Two classes, whose difference (second minus first, sorted) is shown; None shows the mean.
    groups : array-like of shape (n_samples,), default=None
        The person of each sample; None: each sample is of another person.
    alpha : float, default=0.05
        Rate of error after the correction.
    correction : {"fdr", "bonferroni", None}, default="fdr"
        Over voxels: false discovery rate, Bonferroni, or none.
    mode : str, default="mosaic"
        As in `plot_heatmap`.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    nilearn.plotting.displays.BaseSlicer
        Values of z above the threshold.

    Raises
    ------
    TypeError
        If it is no block of volumes.
    ValueError
        If there are not two classes, or fewer than three maps.
    """
    owner = "plot_group_map"
    check_choice(owner, "correction", correction, _CORRECTIONS)
    check_number(owner, "alpha", alpha, low=0, high=1, closed="neither")
    if not isinstance(block, Block) or not isinstance(block.space, VolumeSpace):
        raise TypeError(f"{owner}: block must be volumes, a Block with a VolumeSpace")
    maps, design = _person_maps(owner, block, y, groups)
    images = [block.space.to_nifti(one) for one in maps]
    model = SecondLevelModel().fit(images, design_matrix=design)
    z = model.compute_contrast(design.columns[0], output_type="z_score")
    values = np.asarray(z.dataobj)
    threshold = _CORRECTIONS[correction](np.abs(values[values != 0]), alpha / 2)
    told = {"fdr": "FDR", "bonferroni": "Bonferroni"}.get(correction, "uncorrected")
    found = f"|z| > {threshold:.1f}" if np.isfinite(threshold) else "nothing found"
    return plot_heatmap(
        nib.Nifti1Image(np.where(np.abs(values) > threshold, values, 0), z.affine),
        mode=mode,
        label="z",
        title=f"n = {len(maps)}, p < {alpha:g} ({told}), {found}",
        ax=ax,
    )


def _person_maps(owner, block, y, groups):
    """Give one map for each person, or for each sample of two groups of people, and the design."""
    there = np.asarray(block.present)
    data = np.asarray(block.data)[there]
    groups = np.arange(len(data)) if groups is None else np.asarray(groups)[there]
    people, person = np.unique(groups, return_inverse=True)
    if y is None:
        maps = [data[person == number].mean(axis=0) for number in range(len(people))]
        return _checked(owner, maps), pd.DataFrame({"mean": np.ones(len(maps))})
    y = np.asarray(y)[there]
    classes = np.unique(y)
    if len(classes) != 2:
        raise ValueError(f"{owner}: y must hold two classes, got {classes.tolist()}")
    sides = [
        [np.flatnonzero((person == p) & (y == c)) for c in classes] for p in range(len(people))
    ]
    if all(len(a) and len(b) for a, b in sides):
        maps = [data[b].mean(axis=0) - data[a].mean(axis=0) for a, b in sides]
        return _checked(owner, maps), pd.DataFrame({"difference": np.ones(len(maps))})
    # each person has one class: two groups of people
    rows = [(side, number) for pair in sides for number, side in enumerate(pair) if len(side)]
    maps = [data[side].mean(axis=0) for side, _ in rows]
    code = np.array([number for _, number in rows], dtype=float)
    return _checked(owner, maps), pd.DataFrame({"difference": code - 0.5, "mean": 1.0})


def _checked(owner, maps):
    if len(maps) < 3:
        raise ValueError(f"{owner}: at least three maps of people are needed, got {len(maps)}")
    return maps
