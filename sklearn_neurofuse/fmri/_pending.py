"""Series whose resampling waits until their values are asked for, so that it is done once.

A step that moves values in time or space does nothing at once: it leaves in ``run.img.dataobj`` a
`PendingSeries`, which holds the series that the step was given (``source``) and what is to be done
to it. Whoever asks for values (``run.get_data()``, ``np.asarray(img.dataobj)``, ``nibabel.save``)
gets them, computed once. A later step looks at ``img.dataobj`` first and takes over what waits:

- `MotionCorrector` estimates on ``img.dataobj.before_timing``, the series before slice timing
  correction, and leaves a `RealignedSeries` of the series after it.
- A normaliser registers ``mean_volume(run)``, for which few volumes are resampled, and gives
  ``run.replace(img=warped(run.img, to_run, affine, shape, mask=mask))``, where ``to_run`` takes
  the world of the template to that of the run, as one affine or as a place for each voxel. Where
  the run holds a `RealignedSeries`, its movements are followed as well, volume by volume, and
  the values are interpolated once, from the series before both.
"""

from abc import ABC, abstractmethod

import nibabel as nib
import numpy as np

from sklearn_neurofuse.fmri._series import check_values
from sklearn_neurofuse.recordings._waiting import keeps_waiting, series_from_state, series_to_state
from sklearn_neurofuse.signal._resampling import (
    resample,
    resample_series,
    sample_series,
    take_volume,
)
from sklearn_neurofuse.signal._slice_timing import shift_slices

# volumes in the mean of a run; more would hardly lower its noise
_N_MEAN = 16


class PendingSeries(ABC):
    """The values of an image, computed when they are first asked for.

    Parameters
    ----------
    source : array-like of shape (x, y, z, n_volumes)
        The series before the step: an array, what nibabel reads, or another that waits.

    Attributes
    ----------
    source : array-like
        As given.
    """

    # nibabel and the recordings then treat it as values that are elsewhere
    is_proxy = True
    dtype = np.dtype(np.float32)

    def __init__(self, source):
        self.source = source
        self._values = None

    @property
    def shape(self):
        """Shape of the series."""
        return tuple(self.source.shape)

    @property
    def ndim(self):
        """Number of axes."""
        return len(self.shape)

    @property
    def before_timing(self):
        """The series before slice timing correction; this one where there was none."""
        return self

    @abstractmethod
    def compute(self):
        """Do what waits; gives an ndarray of float32 that nobody else holds."""

    def __array__(self, dtype=None, copy=None):
        if self._values is None:
            self._values = self.compute()
        values = np.asarray(self._values, dtype=dtype)
        return values.copy() if copy and values is self._values else values

    def __getitem__(self, key):
        return np.asarray(self)[key]


@keeps_waiting
class TimedSeries(PendingSeries):
    """A series whose slices are to be interpolated at one time.

    Parameters
    ----------
    source : array-like of shape (x, y, z, n_volumes)
        The series before.
    delays : ndarray of shape (n_slices,)
        How much later than acquired each slice is wanted, in volumes.
    axis : int
        Axis of the slices.
    n_dummy : int
        Volumes at the start that are left as they are.
    """

    def __init__(self, source, delays, axis, n_dummy):
        super().__init__(source)
        self.delays = delays
        self.axis = axis
        self.n_dummy = n_dummy

    @property
    def before_timing(self):
        """The series as it was acquired."""
        return self.source

    def compute(self):
        """Interpolate the slices."""
        series, is_ours = read_series(self.source)
        check_values(series, "SliceTimingCorrector: ")
        out = series if is_ours else np.array(series)
        shift_slices(out[..., self.n_dummy :], self.delays, self.axis)
        return out

    def to_state(self):
        """Take it apart for the cache."""
        source, arrays = _source_to_state(self.source)
        header = {"source": source, "axis": self.axis, "n_dummy": self.n_dummy}
        return header, {**arrays, "delays": self.delays}

    @classmethod
    def from_state(cls, header, arrays):
        """Put together what `to_state` gave."""
        source = _source_from_state(header["source"], arrays)
        return cls(source, arrays["delays"], header["axis"], header["n_dummy"])


@keeps_waiting
class RealignedSeries(PendingSeries):
    """A series to be resampled where its head has moved.

    Parameters
    ----------
    source : array-like of shape (x, y, z, n_volumes)
        The series before.
    maps : ndarray of shape (n_volumes, 4, 4)
        For each volume, voxels of the reference to its own.
    order : int
        Of the splines.
    n_jobs : int or None
        Threads.
    """

    def __init__(self, source, maps, order, n_jobs):
        super().__init__(source)
        self.maps = maps
        self.order = order
        self.n_jobs = n_jobs

    def compute(self):
        """Resample each volume."""
        series, is_ours = read_series(self.source)
        out = series if is_ours else None
        return resample_series(series, self.maps, self.order, self.n_jobs, out)

    def to_state(self):
        """Take it apart for the cache."""
        source, arrays = _source_to_state(self.source)
        header = {"source": source, "order": self.order, "n_jobs": self.n_jobs}
        return header, {**arrays, "maps": self.maps}

    @classmethod
    def from_state(cls, header, arrays):
        """Put together what `to_state` gave."""
        source = _source_from_state(header["source"], arrays)
        return cls(source, arrays["maps"], header["order"], header["n_jobs"])


class WarpedSeries(PendingSeries):
    """A series to be resampled on another grid, its movement followed on the way.

    Parameters
    ----------
    source : array-like of shape (x, y, z, n_volumes)
        The series before; a `RealignedSeries` is not resampled for itself.
    places : ndarray of float32 of shape (3, n_voxels)
        Where the voxels inside lie, in voxels of the series.
    inside : ndarray of bool of shape (x, y, z)
        The voxels of the new grid that get values; others are zero.
    order : int
        Of the splines.
    n_jobs : int or None
        Threads.
    """

    def __init__(self, source, places, inside, order, n_jobs):
        super().__init__(source)
        self.places = places
        self.inside = inside
        self.order = order
        self.n_jobs = n_jobs

    @property
    def shape(self):
        """Shape of the series on its new grid."""
        return (*self.inside.shape, self.source.shape[3])

    def compute(self):
        """Resample each volume."""
        source, maps = self.source, None
        if isinstance(source, RealignedSeries):
            source, maps = source.source, source.maps
        series, _ = read_series(source)
        result = np.zeros(self.shape, dtype=np.float32, order="F")
        # in the order of memory of the volumes of the result
        rows = np.ravel_multi_index(np.nonzero(self.inside), self.inside.shape, order="F")
        out = result.reshape(-1, result.shape[3], order="F")
        sample_series(series, maps, self.places, self.order, self.n_jobs, out, rows)
        return result


def read_series(source):
    """Give the values of a series, and whether nobody else holds them.

    Parameters
    ----------
    source : array-like of shape (x, y, z, n_volumes)
        An array, what nibabel reads, or a `PendingSeries`, which keeps no copy for this.

    Returns
    -------
    series : ndarray of float32 of shape (x, y, z, n_volumes)
        The values.
    is_ours : bool
        Whether they may be written to.
    """
    if isinstance(source, PendingSeries) and source._values is None:
        return source.compute(), True
    series = np.asanyarray(source, dtype=np.float32)
    in_memory = isinstance(source, np.ndarray) and np.may_share_memory(series, source)
    is_held = in_memory or isinstance(source, PendingSeries)
    return series, not is_held and series.flags.writeable


def warped(img, to_run, affine, shape, *, mask=None, order=3, n_jobs=None):
    """Give the image of a run on another grid; movement of the head is undone on the way.

    Parameters
    ----------
    img : nibabel image
        Image of a run, whose values may wait.
    to_run : ndarray of shape (4, 4) or (x, y, z, 3)
        An affine from the world of the new grid to that of the run, or the place in the world of
        the run for each voxel of the new grid, in mm. Places that are not finite are outside.
    affine : ndarray of shape (4, 4)
        Of the new grid.
    shape : tuple of int
        Of the new grid.
    mask : ndarray of bool of shape `shape`, default=None
        Voxels of the new grid that are wanted; None means all.
    order : int, default=3
        Of the splines.
    n_jobs : int, default=None
        Threads.

    Returns
    -------
    nibabel.Nifti1Image
        Its values wait. They are zero outside the mask and outside the run's field of view, at
        the same voxels in all volumes.
    """
    places = run_places(img, to_run, affine, shape)
    last = np.array(img.shape[:3])[:, None] - 0.5
    # not finite is neither
    inside = ((places >= -0.5) & (places <= last)).all(axis=0)
    if mask is not None:
        inside &= np.asarray(mask, dtype=bool).ravel()
    places = np.ascontiguousarray(places[:, inside])
    series = WarpedSeries(img.dataobj, places, inside.reshape(shape), order, n_jobs)
    result = with_values(img, series)
    return nib.Nifti1Image(series, affine, result.header)


def run_places(img, to_run, affine, shape):
    """Give where the voxels of another grid lie in a run.

    Parameters
    ----------
    img : nibabel image
        Image of the run.
    to_run, affine, shape : object
        As of `warped`.

    Returns
    -------
    ndarray of float32 of shape (3, n_voxels)
        In voxels of the run.
    """
    to_run, to_voxel = np.asarray(to_run), np.linalg.inv(img.affine)
    if to_run.shape == (4, 4):
        voxel_map = to_voxel @ to_run @ affine
        places = np.indices(shape, dtype=np.float32).reshape(3, -1)
    elif to_run.shape == (*shape, 3):
        voxel_map, places = to_voxel, to_run.reshape(-1, 3).T
    else:
        raise ValueError(f"to_run must have shape (4, 4) or {(*shape, 3)}, got {to_run.shape}")
    return (voxel_map[:3, :3] @ places + voxel_map[:3, 3:]).astype(np.float32, copy=False)


def mean_volume(run):
    """Give the mean of some volumes of a run, realigned where that waits.

    Parameters
    ----------
    run : BoldRun
        The run.

    Returns
    -------
    ndarray of float32 of shape (x, y, z)
        Mean of up to 16 volumes spread over the run, without dummies.
    """
    series = run.img.dataobj
    chosen = np.linspace(run.n_dummy, run.n_volumes - 1, _N_MEAN).round().astype(int)
    chosen = np.unique(chosen)
    if not isinstance(series, RealignedSeries) or series._values is not None:
        return np.mean([take_volume(series, k) for k in chosen], axis=0)
    # slice timing changes no mean to speak of
    raw = series.source
    raw = raw.before_timing if isinstance(raw, PendingSeries) else raw
    moved = [resample(take_volume(raw, k), series.maps[k], series.order) for k in chosen]
    return np.mean(moved, axis=0)


def with_values(img, values):
    """Give an image of the same place with other values of type float32.

    Parameters
    ----------
    img : nibabel image
        The image before.
    values : ndarray or PendingSeries
        Of any shape.

    Returns
    -------
    nibabel.Nifti1Image
        The affine and form codes of `img`.
    """
    header = nib.Nifti1Header.from_header(img.header)
    header.set_data_dtype(np.float32)
    header.set_slope_inter(1.0, 0.0)
    return nib.Nifti1Image(values, img.affine, header)


def _source_to_state(source):
    header, arrays = series_to_state(source)
    return header, {f"source.{name}": array for name, array in arrays.items()}


def _source_from_state(header, arrays):
    mark = "source."
    inner = {name[len(mark) :]: array for name, array in arrays.items() if name.startswith(mark)}
    return series_from_state(header, inner)
