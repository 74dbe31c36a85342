"""Units of an explanation: parcels, groups of channels by time windows, edges, features."""

from dataclasses import dataclass, field
from itertools import pairwise

import nibabel as nib
import numpy as np
from mne.channels import make_standard_montage
from nilearn.image import resample_to_img
from sklearn.cluster import KMeans

from sklearn_neurofuse.containers import ConnectomeSpace, SensorSpace, VolumeSpace

# more single edges or features than this are no explanation to anybody
_MOST_SINGLE = 200


@dataclass(frozen=True, eq=False)
class Unit:
    """A part of one modality that is taken away or left as a whole.

    Parameters
    ----------
    modality, name : str
        Where it is and how people call it.
    columns : ndarray of int
        Its values in a flat sample of the modality.
    place : dict
        What is known of where it is.
    """

    modality: str
    name: str
    columns: np.ndarray
    place: dict = field(default_factory=dict)

    def describe(self):
        """Give one row of a table, a dict."""
        row = {"modality": self.modality, "unit": self.name, "size": len(self.columns)}
        return row | self.place


def make_units(owner, X, *, atlas=None, n_parcels=50, channel_groups=6, window=0.1):
    """Take every modality apart into units.

    Parameters
    ----------
    owner : str
        Name of the caller, for messages.
    X : Multimodal
        Arrays.
    atlas : Nifti1Image, path-like or ndarray, default=None
        Labels of parcels, 0 outside.
    n_parcels : int, default=50
        Number of supervoxels where there is no atlas, and of groups of many features.
    channel_groups : int or dict of str to sequence of str, default=6
        Number of groups of neighbouring channels, or the groups by name.
    window : float, default=0.1
        Length of a time window in s.

    Returns
    -------
    list of Unit
        Of all modalities, in their order.
    """
    units = []
    for name in X.modalities:
        block = X[name]
        if isinstance(block.space, VolumeSpace) or (block.space is None and block.ndim == 4):
            units += _parcels(owner, name, block, atlas, n_parcels)
        elif isinstance(block.space, SensorSpace) or (block.space is None and block.ndim == 3):
            units += _windows(owner, name, block, channel_groups, window)
        elif isinstance(block.space, ConnectomeSpace):
            units += _edges(name, block, n_parcels)
        else:
            units += _features(name, block, n_parcels)
    return units


def _parcels(owner, name, block, atlas, n_parcels):
    space = block.space
    inside = _voxels_inside(block)
    if atlas is None:
        where = np.argwhere(inside)
        labels = np.zeros(inside.shape, dtype=int)
        clusters = KMeans(min(n_parcels, len(where)), n_init=1, random_state=0, max_iter=50)
        labels[inside] = 1 + clusters.fit_predict(_in_mm(space, where))
    else:
        labels = _read_atlas(owner, atlas, space, inside.shape) * inside
    numbers = np.unique(labels[labels > 0])
    if numbers.size == 0:
        raise ValueError(f"{owner}: atlas and modality {name!r} have no voxel in common")
    columns = np.arange(labels.size).reshape(labels.shape)
    if block.ndim == 2:
        columns[space.mask] = np.arange(np.count_nonzero(space.mask))
    units = []
    for number in numbers.tolist():
        chosen = labels == number
        x, y, z = _in_mm(space, np.argwhere(chosen)).mean(axis=0)
        place = {"x": float(x), "y": float(y), "z": float(z)}
        title = f"parcel {number}" if atlas is not None else f"at {x:.0f} {y:.0f} {z:.0f} mm"
        units.append(Unit(name, title, columns[chosen], place))
    return units


def _voxels_inside(block):
    """Find the voxels that a sample has: those of the mask, or all that are not constant."""
    mask = getattr(block.space, "mask", None)
    if mask is not None:
        return np.asarray(mask, dtype=bool)
    data = np.asarray(block.data)[np.asarray(block.present)]
    varies = np.ptp(data, axis=0) > 0 if len(data) > 1 else data[0] != 0
    return varies if varies.any() else np.ones(varies.shape, dtype=bool)


def _in_mm(space, voxels):
    return voxels if space is None else nib.affines.apply_affine(space.affine, voxels)


def _read_atlas(owner, atlas, space, shape):
    """Give the labels on the grid of the volumes."""
    if isinstance(atlas, np.ndarray):
        if atlas.shape != shape:
            raise ValueError(
                f"{owner}: atlas must have the shape of the volumes, {shape}, got {atlas.shape}; "
                "an image of another resolution is resampled"
            )
        return atlas.astype(int)
    if space is None:
        raise ValueError(
            f"{owner}: atlas is an image, and the volumes have no space; give them as "
            "Block(data, VolumeSpace(affine)) or give the labels as an array"
        )
    image = atlas if isinstance(atlas, nib.spatialimages.SpatialImage) else nib.load(atlas)
    if len(image.shape) != 3:
        raise ValueError(f"{owner}: atlas must be a 3-D image of labels, got shape {image.shape}")
    grid = nib.Nifti1Image(np.zeros(shape, dtype=np.uint8), space.affine)
    fitted = resample_to_img(
        image, grid, interpolation="nearest", force_resample=True, copy_header=True
    )
    return np.rint(np.asarray(fitted.dataobj)).astype(int)


def _windows(owner, name, block, channel_groups, window):
    n_channels, n_last = block.shape[1:]
    space = block.space
    groups = _group_channels(owner, space, n_channels, channel_groups)
    bands = None if space is None else space.bands
    if bands is not None:
        spans = [(slice(i, i + 1), str(band), {"band": band}) for i, band in enumerate(bands)]
    else:
        spans = _time_windows(space, n_last, window)
    columns = np.arange(n_channels * n_last).reshape(n_channels, n_last)
    return [
        Unit(
            name,
            f"{group}, {when}",
            columns[rows, span].ravel(),
            {"channels": _names_of(space, rows), **place},
        )
        for group, rows in groups.items()
        for span, when, place in spans
    ]


def _names_of(space, rows):
    names = rows if space is None else [space.ch_names[row] for row in rows]
    return " ".join(str(name) for name in names)


def _time_windows(space, n_times, window):
    if space is None:
        # without a space nobody knows how long a sample point is
        edges = np.unique(np.linspace(0, n_times, min(10, n_times) + 1).astype(int))
        times, step = np.arange(n_times), 1
        unit = ""
    else:
        times, step = space.times(n_times), 1 / space.sfreq
        number = max(1, round(n_times / (window * space.sfreq)))
        edges = np.unique(np.linspace(0, n_times, number + 1).round().astype(int))
        unit = " s"
    spans = []
    for first, last in pairwise(edges):
        start, stop = float(times[first]), float(times[last - 1] + step)
        place = {"tmin": start, "tmax": stop}
        spans.append((slice(first, last), f"{start:.3g} to {stop:.3g}{unit}", place))
    return spans


def _group_channels(owner, space, n_channels, groups):
    """Give the rows of each group of channels by its name."""
    names = [str(row) for row in range(n_channels)] if space is None else list(space.ch_names)
    if isinstance(groups, dict):
        unknown = sorted({name for group in groups.values() for name in group} - set(names))
        if unknown:
            raise ValueError(f"{owner}: channel_groups names {', '.join(unknown)}, not a channel")
        return {title: [names.index(name) for name in group] for title, group in groups.items()}
    places = None if space is None else _channel_places(space)
    if places is None:
        parts = np.array_split(np.arange(n_channels), min(groups, n_channels))
        return {f"{names[part[0]]}-{names[part[-1]]}": part.tolist() for part in parts}
    clusters = KMeans(min(groups, n_channels), n_init=10, random_state=0).fit(places)
    found = {}
    for centre in range(clusters.n_clusters):
        rows = np.flatnonzero(clusters.labels_ == centre)
        distance = np.linalg.norm(places[rows] - clusters.cluster_centers_[centre], axis=1)
        found[f"around {names[rows[np.argmin(distance)]]}"] = rows.tolist()
    return found


def _channel_places(space):
    """Give the places of all channels, by montage or by their standard names, or None."""
    places = np.array([channel["loc"][:3] for channel in space.info["chs"]])
    if np.isfinite(places).all() and np.ptp(places, axis=0).any():
        return places
    known = make_standard_montage("colin27_1005").get_positions()["ch_pos"]
    known = {name.lower(): place for name, place in known.items()}
    if all(name.lower() in known for name in space.ch_names):
        return np.array([known[name.lower()] for name in space.ch_names])
    return None


def _edges(name, block, n_most):
    """Take edges between networks together; where none are known, edges one by one."""
    space = block.space
    bands = space.bands or (None,)
    pairs = space.edges
    if space.networks is not None:
        networks = np.array(space.networks)
        titles = [" - ".join(sorted(pair)) for pair in networks[pairs].tolist()]
    elif space.n_edges <= _MOST_SINGLE:
        titles = [f"{space.labels[a]} - {space.labels[b]}" for a, b in pairs.tolist()]
    else:
        titles = [f"edges of {space.labels[a]}" for a, _ in pairs.tolist()]
    titles = np.array(titles)
    units = []
    for number, band in enumerate(bands):
        for title in dict.fromkeys(titles.tolist()):
            columns = number * space.n_edges + np.flatnonzero(titles == title)
            place = {} if band is None else {"band": band}
            told = title if band is None else f"{title}, {band}"
            units.append(Unit(name, told, columns, place))
    return units


def _features(name, block, n_groups):
    names = list(block.get_feature_names())
    if len(names) <= _MOST_SINGLE:
        return [Unit(name, title, np.array([i])) for i, title in enumerate(names)]
    parts = np.array_split(np.arange(len(names)), n_groups)
    return [Unit(name, f"{names[part[0]]} to {names[part[-1]]}", part) for part in parts]
