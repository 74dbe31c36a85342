"""Maps on the brain: slices, and the cortex in three dimensions."""

import os

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine
from nilearn import plotting as nilearn_plots
from nilearn.datasets import load_fsaverage, load_fsaverage_data
from nilearn.surface import SurfaceImage

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.containers import VolumeSpace
from sklearn_neurofuse.plotting._style import (
    PAGE,
    ROOM,
    add_colorbar,
    colours_of,
    label_colorbar,
    new_figure,
)

_MODES = {"ortho": "ortho", "mosaic": "mosaic", "x": "x", "y": "y", "z": "z", "glass": "lyrz"}
_VIEWS = [("left", "lateral"), ("left", "medial"), ("right", "medial"), ("right", "lateral")]


def as_image(owner, values, space=None):
    """Give a map as an image.

    Parameters
    ----------
    owner : str
        Name of the caller, for messages.
    values : nibabel image, path-like, Explanation or ndarray
        A 3-D map.
    space : VolumeSpace, default=None
        Of an array.

    Returns
    -------
    Nifti1Image
        3-D.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If an array has no space, or the map is not 3-D.
    """
    if hasattr(values, "to_nifti"):
        values = values.to_nifti()
    elif isinstance(values, np.ndarray):
        if not isinstance(space, VolumeSpace):
            raise ValueError(
                f"{owner}: values are an array, and space must be its VolumeSpace, got "
                f"{type(space).__name__}; give space=VolumeSpace(affine) or a NIfTI image"
            )
        values = space.to_nifti(values)
    elif isinstance(values, (str, os.PathLike)):
        values = nib.load(values)
    if not isinstance(values, nib.spatialimages.SpatialImage):
        raise TypeError(
            f"{owner}: values must be an image, a path, an Explanation or an array with its "
            f"space, got {type(values).__name__}"
        )
    if len(values.shape) == 4 and values.shape[3] == 1:
        values = values.slicer[..., 0]
    if len(values.shape) != 3:
        raise ValueError(f"{owner}: values must be one 3-D map, got shape {values.shape}")
    return values


def plot_heatmap(
    values,
    *,
    space=None,
    mode="ortho",
    threshold=None,
    cut_coords=None,
    vmax=None,
    label="weight",
    title=None,
    ax=None,
):
    """Show a map on slices of the template.

    Warm colours for more, cool ones for less.

    Parameters
    ----------
    values : nibabel image, path-like, Explanation or ndarray
        A 3-D map in MNI space.
    space : VolumeSpace, default=None
        Of an array.
    mode : {"ortho", "mosaic", "x", "y", "z", "glass"}, default="ortho"
        Three orthogonal slices, three rows of slices, slices along one axis, or the largest
        values seen through the head.
    threshold : float or str, default=None
        Values nearer to zero are not shown; ``"95%"`` is a percentile of those that are not zero.
    cut_coords : sequence of float or int, default=None
        Where to cut, in mm, or how often; None finds the peak.
    vmax : float, default=None
        End of the colour scale.
    label : str, default="weight"
        What is shown, with its unit.
    title : str, default=None
        Title.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    nilearn.plotting.displays.BaseSlicer
        To be changed further.

    Raises
    ------
    TypeError, ValueError
        If there is no 3-D map with a space.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.containers import VolumeSpace
    >>> from sklearn_neurofuse.plotting import plot_heatmap
    >>> affine = np.diag([8.0, 8.0, 8.0, 1.0])
    >>> affine[:3, 3] = (-72, -104, -64)
    >>> weights = np.zeros((18, 22, 18))
    >>> weights[10:13, 4:7, 8:11] = 0.3
    >>> display = plot_heatmap(weights, space=VolumeSpace(affine))
    >>> display.close()
    """
    image = as_image("plot_heatmap", values, space)
    check_choice("plot_heatmap", "mode", mode, _MODES)
    colours = colours_of(np.asarray(image.dataobj), vmax)
    height = 4.0 if mode == "mosaic" else 2.6
    figure = ax.figure if ax is not None else new_figure(PAGE, height, layout=None)
    n_before = len(figure.axes)
    options = {
        "display_mode": _MODES[mode],
        "threshold": _threshold(image, threshold),
        "figure": figure,
        "axes": ROOM if ax is None else ax,
        "colorbar": True,
        **colours,
    }
    if mode == "glass":
        display = nilearn_plots.plot_glass_brain(image, plot_abs=False, **options)
    else:
        # what is near zero fades, so that the anatomy under it is seen
        display = nilearn_plots.plot_stat_map(
            image,
            cut_coords=_cuts(image, mode) if cut_coords is None else cut_coords,
            black_bg=False,
            draw_cross=False,
            transparency=_fading(image, colours["vmax"]) if threshold is None else None,
            **options,
        )
    label_colorbar(figure, label, n_before)
    if title:
        figure.suptitle(title, fontsize=9)
    return display


def _cuts(image, mode):
    """Cut through the peak; nilearn would take the middle of the largest cluster."""
    if mode != "ortho":
        return 6 if mode == "mosaic" else None
    size = np.abs(np.nan_to_num(np.asarray(image.dataobj)))
    return apply_affine(image.affine, np.unravel_index(size.argmax(), size.shape))


def _fading(image, vmax):
    """Make opaque what reaches half of the scale, and fade the rest."""
    opacity = np.clip(2 * np.abs(np.nan_to_num(np.asarray(image.dataobj))) / vmax, 0, 1)
    if np.ptp(opacity) == 0:
        return None
    return nib.Nifti1Image(opacity.astype(np.float32), image.affine)


def _threshold(image, threshold):
    values = np.abs(np.asarray(image.dataobj))
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return None
    if isinstance(threshold, str):
        return float(np.percentile(values, float(threshold.rstrip("%"))))
    return 1e-6 * float(values.max()) if threshold is None else float(threshold)


def plot_brain_3d(
    values, *, space=None, interactive=True, threshold=None, vmax=None, label="weight", title=None
):
    """Show a map on the cortex in three dimensions.

    Parameters
    ----------
    values : nibabel image, path-like, Explanation or ndarray
        A 3-D map in MNI space, brought to the nearest points of the surface fsaverage5.
    space : VolumeSpace, default=None
        Of an array.
    interactive : bool, default=True
        Whether to make a page that can be turned in a browser, without network; otherwise a figure
        of both hemispheres from outside and from inside.
    threshold : float or str, default=None
        Values nearer to zero are not shown; ``"95%"`` is a percentile of those that are not zero.
    vmax : float, default=None
        End of the colour scale.
    label : str, default="weight"
        What is shown, with its unit.
    title : str, default=None
        Title.

    Returns
    -------
    nilearn.plotting.html_surface.SurfaceView or matplotlib.figure.Figure
        The view has ``save_as_html``.

    Raises
    ------
    TypeError, ValueError
        If there is no 3-D map with a space.
    """
    image = as_image("plot_brain_3d", values, space)
    colours = colours_of(np.asarray(image.dataobj), vmax)
    threshold = _threshold(image, threshold)
    if interactive:
        return nilearn_plots.view_img_on_surf(
            image,
            threshold=threshold,
            title=title or label,
            symmetric_cmap=colours["vmin"] < 0,
            title_fontsize=16,
            colorbar_fontsize=14,
            **colours,
        )
    return _draw_surfaces(image, threshold, colours, label, title)


def _draw_surfaces(image, threshold, colours, label, title):
    meshes = load_fsaverage("fsaverage5")
    surface = SurfaceImage.from_volume(mesh=meshes["pial"], volume_img=image)
    figure = new_figure(PAGE, 2.0)
    axes = figure.subplots(1, len(_VIEWS), subplot_kw={"projection": "3d"})
    for ax, (side, view) in zip(axes, _VIEWS, strict=True):
        nilearn_plots.plot_surf_stat_map(
            surf_mesh=meshes["inflated"],
            stat_map=surface,
            bg_map=load_fsaverage_data(data_type="sulcal"),
            hemi=side,
            view=view,
            threshold=threshold,
            colorbar=False,
            bg_on_data=True,
            axes=ax,
            figure=figure,
            **colours,
        )
        ax.set_title(f"{side}, {view}", fontsize=8)
    add_colorbar(figure, list(axes), colours, label)
    if title:
        figure.suptitle(title, fontsize=9)
    return figure
