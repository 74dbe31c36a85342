"""What is to be taken off a series, carried on the run until it is known how."""

from dataclasses import dataclass

import numpy as np
from nilearn.signal import clean

from sklearn_neurofuse.fmri._output import as_rows
from sklearn_neurofuse.fmri._pending import PendingSeries

SCRUBBED = "scrubbed"
# voxels cleaned at a time, in float64
_CHUNK = 1 << 13


@dataclass(frozen=True, eq=False)
class ConfoundPlan:
    """Columns and filters.

    Attributes
    ----------
    columns : ndarray of shape (n_volumes, n_columns)
        Confounds.
    scrubbed : ndarray of bool of shape (n_volumes,)
        Volumes that are not to be trusted.
    n_dummy : int
        Volumes at the start that are not used.
    high_pass, low_pass : float or None
        Limits of the filter in Hz.
    t_r : float
        Repetition time in s.
    """

    columns: np.ndarray
    scrubbed: np.ndarray
    n_dummy: int
    high_pass: float | None
    low_pass: float | None
    t_r: float

    @property
    def kept(self):
        """Volumes that are used, ndarray of bool of shape (n_volumes,)."""
        return ~self.scrubbed & (np.arange(len(self.scrubbed)) >= self.n_dummy)

    def clean(self, signals):
        """Filter and regress in one step, on the volumes that are used.

        Both act on signals and confounds alike [1]_. Volumes that were scrubbed are interpolated
        before the filter and have no part in the regression.

        Parameters
        ----------
        signals : ndarray of shape (n_volumes, n_signals)
            Finite values.

        Returns
        -------
        ndarray of shape (n_kept, n_signals)
            With mean zero.

        References
        ----------
        .. [1] Lindquist MA et al., Modular preprocessing pipelines can reintroduce artifacts into
           fMRI data. Hum Brain Mapp 40 (2019) 2358-2376. doi:10.1002/hbm.24528
        """
        steady, kept = slice(self.n_dummy, None), self.kept[self.n_dummy :]
        signals = np.asarray(signals[steady], dtype=float)
        columns = self.columns[steady] if self.columns.shape[1] else None
        if kept.all():
            return self._nilearn(signals, columns, filtered=True)
        signals = self._nilearn(fill(signals, kept), None, filtered=True)
        if columns is not None:
            columns = self._nilearn(fill(columns, kept), None, filtered=True)[kept]
        return self._nilearn(signals[kept], columns, filtered=False)

    def _nilearn(self, signals, columns, filtered):
        filtered = filtered and (self.high_pass is not None or self.low_pass is not None)
        return clean(
            signals,
            confounds=columns,
            detrend=True,
            standardize=None,
            filter="butterworth" if filtered else False,
            high_pass=self.high_pass if filtered else None,
            low_pass=self.low_pass if filtered else None,
            t_r=self.t_r,
        )


class CleanedSeries(PendingSeries):
    """A series whose confounds are to be taken off, unless a model takes them in.

    Parameters
    ----------
    source : array-like of shape (x, y, z, n_volumes)
        The series before.
    plan : ConfoundPlan
        What is to be done.
    """

    def __init__(self, source, plan):
        super().__init__(source)
        self.plan = plan

    def compute(self):
        """Clean each voxel; its mean stays, and what is not used is interpolated."""
        series = np.asanyarray(self.source, dtype=np.float32)
        rows, kept = as_rows(series), self.plan.kept
        result = np.empty(series.shape, dtype=np.float32, order=_memory_order(series))
        out = as_rows(result)
        for start in range(0, len(rows), _CHUNK):
            piece = slice(start, start + _CHUNK)
            values = np.nan_to_num(rows[piece].T, posinf=0.0, neginf=0.0)
            cleaned = np.zeros(values.shape)
            cleaned[kept] = self.plan.clean(values) + values[kept].mean(axis=0)
            out[piece] = fill(cleaned, kept).T
        return result


def _memory_order(series):
    return "F" if series.flags.f_contiguous else "C"


def fill(values, kept):
    """Interpolate rows that are not kept, along straight lines; beyond the ends they go on.

    Parameters
    ----------
    values : ndarray of shape (n_volumes, n)
        Values.
    kept : ndarray of bool of shape (n_volumes,)
        The rows to trust.

    Returns
    -------
    ndarray of shape (n_volumes, n)
        A copy.
    """
    values, times = np.array(values, dtype=float), np.flatnonzero(kept)
    lost = np.flatnonzero(~kept)
    right = np.clip(np.searchsorted(times, lost), 1, max(len(times) - 1, 1))
    before, after = times[right - 1], times[np.minimum(right, len(times) - 1)]
    share = np.clip((lost - before) / np.maximum(after - before, 1), 0.0, 1.0)[:, None]
    values[lost] = (1 - share) * values[before] + share * values[after]
    return values


def take_apart(run):
    """Give the series of a run before its confounds are taken off, and the plan to do so.

    Parameters
    ----------
    run : BoldRun
        The run.

    Returns
    -------
    series : ndarray of float32 of shape (x, y, z, n_volumes)
        Not to be written to.
    plan : ConfoundPlan
        Without columns and filters where no `ConfoundRegressor` stands before.
    """
    data = run.img.dataobj
    if isinstance(data, CleanedSeries):
        return np.asanyarray(data.source, dtype=np.float32), data.plan
    nothing = np.zeros((run.n_volumes, 0))
    plan = ConfoundPlan(nothing, scrubbed_volumes(run), run.n_dummy, None, None, run.t_r)
    return run.get_data(), plan


def scrubbed_volumes(run):
    """Tell which volumes of a run were marked as scrubbed.

    Parameters
    ----------
    run : BoldRun
        The run.

    Returns
    -------
    ndarray of bool of shape (n_volumes,)
        From the column ``scrubbed`` of its confounds.
    """
    if run.confounds is None or SCRUBBED not in run.confounds:
        return np.zeros(run.n_volumes, dtype=bool)
    return run.confounds[SCRUBBED].to_numpy(dtype=float) > 0
