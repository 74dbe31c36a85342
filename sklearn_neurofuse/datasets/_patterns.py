"""Geometry of the planted data: where voxels and channels lie, and smooth patterns on them."""

import mne
import numpy as np

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.containers import SensorSpace, VolumeSpace

# the box that the usual MNI templates fill, in mm
_BOX_MM = np.array([192.0, 224.0, 192.0])
_BOX_CENTRE_MM = np.array([0.0, -20.0, 18.0])
_BRAIN_RADII_MM = np.array([72.0, 90.0, 76.0])
# a topography below this share of its peak is cut to zero, which leaves a few channels
_TOPOGRAPHY_FLOOR = 0.3
_TOPOGRAPHY_WIDTH_M = 0.06
# a wave is called on while its envelope is above this share of its peak
_ENVELOPE_FLOOR = 0.1


def make_volume_space(shape, masked=False):
    """Lay a grid of isotropic voxels over the MNI box.

    Parameters
    ----------
    shape : tuple of 3 int
        Number of voxels along x, y and z.
    masked : bool, default=False
        Whether the space carries the mask of a brain-like ellipsoid.

    Returns
    -------
    VolumeSpace
        With voxels just large enough for the box to fit in.
    """
    size = float(np.max(_BOX_MM / shape))
    affine = np.diag([size, size, size, 1.0])
    affine[:3, 3] = _BOX_CENTRE_MM - size * (np.array(shape) - 1) / 2
    return VolumeSpace(affine, brain_mask(shape, affine) if masked else None)


def brain_mask(shape, affine):
    """Mark the voxels whose centre lies in an ellipsoid of the size of a brain.

    Parameters
    ----------
    shape : tuple of 3 int
        Number of voxels along x, y and z.
    affine : ndarray of shape (4, 4)
        Voxel indices to mm.

    Returns
    -------
    ndarray of bool of shape `shape`
        True inside.
    """
    mm = np.moveaxis(np.indices(shape), 0, -1) @ affine[:3, :3].T + affine[:3, 3]
    return np.sum(((mm - _BOX_CENTRE_MM) / _BRAIN_RADII_MM) ** 2, axis=-1) <= 1.0


def make_sensor_space(n_channels, sfreq, tmin):
    """Spread channels of the 10-05 system evenly over the head.

    Parameters
    ----------
    n_channels : int
        Number of channels.
    sfreq : float
        Sampling frequency in Hz.
    tmin : float
        Time of the first sample point in s.

    Returns
    -------
    SensorSpace
        Channels with positions.
    """
    montage = _montage()
    positions = montage.get_positions()["ch_pos"]
    names = _spread(_channel_names(positions), positions)[:n_channels]
    # front to back, left to right, as caps are numbered
    names = sorted(names, key=lambda name: (-round(positions[name][1], 2), positions[name][0]))
    info = mne.create_info(names, sfreq, "eeg", verbose="error")
    info.set_montage(montage, verbose="error")
    return SensorSpace(info, tmin=tmin)


def check_sizes(owner, volume_shape, n_channels, n_times, sfreq):
    """Check the sizes of volumes and epochs.

    Parameters
    ----------
    owner : str
        The function that was called.
    volume_shape : tuple of 3 int
        Number of voxels along x, y and z.
    n_channels, n_times : int
        Shape of an epoch.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    tuple of 3 int
        `volume_shape`.

    Raises
    ------
    TypeError
        If one of them is not a number.
    ValueError
        If one of them is out of bounds.
    """
    volume_shape = tuple(volume_shape)
    if len(volume_shape) != 3:
        raise ValueError(f"{owner}: volume_shape must have 3 numbers, got {volume_shape}")
    for axis, size in zip("xyz", volume_shape, strict=True):
        check_number(owner, f"volume_shape along {axis}", size, low=4, integer=True, unit="voxels")
    n_places = len(_channel_names(_montage().get_positions()["ch_pos"]))
    check_number(owner, "n_channels", n_channels, low=4, high=n_places, integer=True)
    check_number(owner, "n_times", n_times, low=16, integer=True)
    check_number(owner, "sfreq", sfreq, low=0.0, closed="neither", unit="Hz")
    return volume_shape


def _montage():
    # MNE 1.13 renamed the montage and warns of the old name
    known = mne.channels.get_builtin_montages()
    name = "colin27_1005" if "colin27_1005" in known else "standard_1005"
    return mne.channels.make_standard_montage(name)


def _channel_names(positions):
    """List the common 10-10 names first, then the rest; no place twice."""
    common = mne.channels.make_standard_montage("biosemi64").ch_names
    places, names = set(), []
    for name in [*common, *positions]:
        place = tuple(np.round(positions[name], 4))
        if place not in places:
            places.add(place)
            names.append(name)
    return names


def _spread(names, positions):
    """Order names so that each next one is farthest from those before, the 64 common first."""
    xyz = np.array([positions[name] for name in names])
    order = [names.index("Cz")]
    distance = np.linalg.norm(xyz - xyz[order[0]], axis=1)
    for stop in (min(64, len(names)), len(names)):
        while len(order) < stop:
            order.append(int(np.argmax(distance[:stop])))
            distance = np.minimum(distance, np.linalg.norm(xyz - xyz[order[-1]], axis=1))
    return [names[i] for i in order]


def channel_positions(space):
    """Give the places of the channels.

    Parameters
    ----------
    space : SensorSpace
        Channels with positions.

    Returns
    -------
    ndarray of shape (n_channels, 3)
        In m.
    """
    return np.array([channel["loc"][:3] for channel in space.info["chs"]])


def make_blob(space, shape, centre, width):
    """Draw a Gaussian bump.

    Parameters
    ----------
    space : VolumeSpace
        Where the voxels lie; outside its mask the bump is cut to zero.
    shape : tuple of 3 int
        Number of voxels along x, y and z.
    centre : ndarray of shape (3,)
        Place of the peak in voxels.
    width : float
        Standard deviation in mm.

    Returns
    -------
    ndarray of shape `shape`
        Of unit norm.
    """
    mm = (np.moveaxis(np.indices(shape), 0, -1) - centre) * space.voxel_sizes
    blob = np.exp(-0.5 * np.sum(mm**2, axis=-1) / width**2)
    if space.mask is not None:
        blob[~space.mask] = 0.0
    return blob / np.linalg.norm(blob)


def make_topography(positions, centre):
    """Draw a bump over a few neighbouring channels.

    Parameters
    ----------
    positions : ndarray of shape (n_channels, 3)
        In m.
    centre : int
        The channel of the peak.

    Returns
    -------
    ndarray of shape (n_channels,)
        Peak 1, zero in most channels.
    """
    distance = np.linalg.norm(positions - positions[centre], axis=1)
    topography = np.exp(-0.5 * (distance / _TOPOGRAPHY_WIDTH_M) ** 2)
    return np.where(topography < _TOPOGRAPHY_FLOOR, 0.0, topography)


def make_wave(times, latency, period, phase=0.0):
    """Draw a short oscillation under a Gaussian envelope of one period's length.

    Parameters
    ----------
    times : ndarray of shape (n_times,)
        In s.
    latency : float or ndarray of shape (n_latencies, 1)
        Centre of the envelope in s.
    period : float
        Of the oscillation, in s.
    phase : float, default=0.0
        At the centre, in rad.

    Returns
    -------
    ndarray of shape (n_times,) or (n_latencies, n_times)
        Peak near 1.
    """
    shifted = times - latency
    envelope = np.exp(-0.5 * (shifted / (period / 2)) ** 2)
    return envelope * np.cos(2 * np.pi * shifted / period + phase)


def wave_interval(latency, period):
    """Tell when a wave is on.

    Parameters
    ----------
    latency, period : float
        As for `make_wave`, in s.

    Returns
    -------
    tuple of two float
        First and last time in s at which the envelope is above a tenth of its peak.
    """
    half = period / 2 * np.sqrt(-2 * np.log(_ENVELOPE_FLOOR))
    return latency - half, latency + half


def random_place(space, shape, rng):
    """Draw a place well inside the brain.

    Parameters
    ----------
    space : VolumeSpace
        Where the voxels lie.
    shape : tuple of 3 int
        Number of voxels along x, y and z.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    ndarray of shape (3,)
        In voxels.
    """
    direction = rng.standard_normal(3)
    direction *= 0.75 * rng.uniform() ** (1 / 3) / np.linalg.norm(direction)
    return (np.array(shape) - 1) / 2 + direction * _BRAIN_RADII_MM / space.voxel_sizes
