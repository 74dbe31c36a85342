"""Removal of the gradient artefact from the rows of an array."""

from dataclasses import dataclass, field

import numpy as np
from joblib import Parallel, delayed

from sklearn_neurofuse.signal import _alignment
from sklearn_neurofuse.signal._residual_basis import Courses, shared_courses
from sklearn_neurofuse.signal._segments import TOLERANCE, Segments, band
from sklearn_neurofuse.signal._templates import CAUTION, templates

# Hz; the artefact stands above the EEG from there on
ARTIFACT_BAND = (20.0, 400.0)
BASIS_BAND = (70.0, 400.0)
# of half the sampling frequency, where amplifiers have ended
_TOP = 0.8
_N_FOR_TIMING = 4
_N_FOR_BASIS = 8
# sample points either side of the middle that tell how strong a channel is
_N_LOOKED_AT = 20_000
# in sample points: less is measurement error, more is a clock that jitters
_JITTER = 0.03
# s over which courses are taken for constant
_BLOCK = 0.4


@dataclass(frozen=True)
class Timing:
    """When volumes begin, as found.

    Parameters
    ----------
    segments : Segments
        Of the volumes.
    jitter : float
        Robust standard deviation of their starts around a steady clock, in sample points.
    """

    segments: Segments
    jitter: float


def strongest(data, n_rows):
    """Give the rows with the strongest signal, those with nothing in them never.

    Parameters
    ----------
    data : sequence of ndarray of shape (n_times,)
        Rows of a recording.
    n_rows : int
        How many at most.

    Returns
    -------
    ndarray of int
        Their numbers.
    """
    middle = len(data[0]) // 2 if len(data) else 0
    near = slice(max(middle - _N_LOOKED_AT, 0), middle + _N_LOOKED_AT)
    size = np.array([np.abs(np.diff(row[near])).mean() for row in data])
    order = np.argsort(size, kind="stable")[::-1]
    return order[: min(n_rows, int((size > 0).sum()))]


def edges_of(segments, limits, sfreq):
    """Give the columns of a band in Hz.

    Parameters
    ----------
    segments : Segments
        The segments.
    limits : tuple of float
        Edges in Hz.
    sfreq : float
        Sampling frequency in Hz.

    Returns
    -------
    slice
        The columns; the lower edge is at most a third of half the sampling frequency.
    """
    top = min(limits[1], _TOP * sfreq / 2)
    return band(segments, min(limits[0], sfreq / 6) / sfreq, top / sfreq)


def time_volumes(data, starts, period, sfreq, *, subsample=True, stop=None):
    """Tell from the artefact when volumes begin.

    Parameters
    ----------
    data : ndarray of shape (n_rows, n_times)
        Rows with the artefact.
    starts : ndarray of shape (n_volumes,)
        As markers tell, in sample points.
    period : float
        Of a volume, in sample points.
    sfreq : float
        Sampling frequency in Hz.
    subsample : bool, default=True
        Whether to look between sample points; otherwise markers are taken at their word.
    stop : float, default=None
        Where the last volume ends; None for a whole one.

    Returns
    -------
    Timing
        Times found.
    """
    n_times = len(data[0])
    if not subsample:
        return Timing(Segments(np.rint(starts), np.rint(period), n_times, stop=stop), 0.0)
    complete = Segments(starts, period, n_times, stop=stop).complete
    clock, slope, jitter, keeps = _alignment.steady(starts, complete, 1.0)
    # markers are rounded to sample points; what keeps a clock does so more exactly than they tell
    starts, period = (clock, slope) if keeps else (starts, period)
    segments = Segments(starts, period, n_times, stop=stop)
    rows = [data[i] for i in strongest(data, _N_FOR_TIMING)]
    spectra = [segments.spectra(row, core=True) for row in rows]
    columns = edges_of(segments, ARTIFACT_BAND, sfreq)
    late = _alignment.delays(segments, spectra, columns)
    late[~complete] = 0.0
    clock, slope, jitter, keeps = _alignment.steady(starts + late, complete, _JITTER)
    found = clock if keeps else starts + late
    return Timing(Segments(found, slope, n_times, stop=stop), jitter)


@dataclass
class Cleaner:
    """What is done to each row.

    Parameters
    ----------
    sfreq : float
        Sampling frequency in Hz.
    volumes : Segments
        The volumes.
    weights : ndarray of shape (n_volumes, n_volumes) or None
        Which volumes make the template of each; None for one template of all of them.
    groups : Segments or None
        Slices, or groups of slices excited together; None where all is done by volumes.
    n_courses : {"auto"}, int or None
        Of the optimal basis set.
    n_jobs : int or None
        Threads that share the rows.

    Attributes
    ----------
    n_found : list of int
        Number of courses found, among groups and among volumes.
    """

    sfreq: float
    volumes: Segments
    weights: np.ndarray | None
    groups: Segments | None
    n_courses: object = "auto"
    n_jobs: int | None = None
    n_found: list = field(default_factory=list, init=False)

    def clean(self, data, template_only):
        """Clean rows in place.

        Parameters
        ----------
        data : ndarray of shape (n_rows, n_times)
            Recording.
        template_only : ndarray of bool of shape (n_rows,)
            Rows that are spared the basis set.
        """
        if self.weights is None:
            none = np.zeros((len(self.volumes), 0))
            self._each(Courses(none, self.volumes, CAUTION, TOLERANCE).subtract, data)
        else:
            self._each(self._subtract_template, data)
        if self.n_courses is None:
            return
        rows = [row for row, spared in zip(data, template_only, strict=True) if not spared]
        if self.groups is not None:
            block = max(2, round(_BLOCK * self.sfreq / self.groups.period))
            self._subtract_basis(rows, self.groups, block)
        self._subtract_basis(rows, self.volumes, 1)

    def _subtract_basis(self, rows, segments, block):
        columns = edges_of(segments, BASIS_BAND, self.sfreq)
        # differences and a window, so that slow waves do not leak into the band
        steep = (np.diff(rows[i], 2, prepend=rows[i][:2]) for i in strongest(rows, _N_FOR_BASIS))
        spectra = (segments.spectra(row, core=True, columns=columns) for row in steep)
        courses = shared_courses(spectra, segments.complete, block, self.n_courses)
        self.n_found.append(courses.shape[1])
        if courses.shape[1]:
            regression = Courses(courses, segments)
            self._each(regression.subtract, rows)

    def _subtract_template(self, row):
        volumes = self.volumes
        volumes.subtract(templates(volumes.spectra(row), self.weights, volumes.complete), row)

    def _each(self, function, rows):
        Parallel(self.n_jobs, prefer="threads")(delayed(function)(row) for row in rows)


def group_segments(volumes, n_groups, stop=None):
    """Divide volumes into equal parts.

    Parameters
    ----------
    volumes : Segments
        The volumes.
    n_groups : int
        Parts of each.
    stop : float, default=None
        Where the last ends; None for a whole one.

    Returns
    -------
    Segments
        The parts.
    """
    period = volumes.period / n_groups
    starts = (volumes.starts[:, None] + np.arange(n_groups) * period).ravel()
    last = volumes.starts[-1] + volumes.period if stop is None else stop
    return Segments(starts[starts < last - 1], period, volumes.n_times, stop=stop)
