"""`BoldRun`: a BOLD series with the time of its volumes."""

import os

import nibabel as nib
import numpy as np
import pandas as pd

from sklearn_neurofuse._validation import check_number

_FIELDS = (
    "img",
    "t_r",
    "slice_times",
    "start_time",
    "slice_time_ref",
    "n_dummy",
    "confounds",
    "events",
    "done",
    "anatomical",
)
# what may hold an image
_IMAGES = ("_source", "anatomical")


class BoldRun:
    r"""One BOLD run: an image, the time of its volumes, and what is known beside it.

    Volume :math:`k` stands for the time
    :math:`\mathrm{start\_time} + (k + \mathrm{slice\_time\_ref}) \cdot t_r`.

    Parameters
    ----------
    img : nibabel image or path-like
        4-D series, or the path of one; read when it is first needed.
    t_r : float
        Repetition time in s.
    slice_times : array-like of shape (n_slices,), default=None
        Acquisition time of each slice after the start of its volume, in s.
    start_time : float, default=0.0
        Time of the start of the first volume on the clock of the events, in s.
    slice_time_ref : float, default=None
        Fraction of the repetition time that the volumes stand for, in [0, 1]. None: the mean of
        the slice times where they are known, else 0 as nilearn has it.
    n_dummy : int, default=0
        Number of volumes at the start that are not in steady state and are not used.
    confounds : DataFrame, default=None
        One row for each volume, columns named as fMRIPrep names them. Its index is not kept.
    events : DataFrame, default=None
        Columns ``onset`` and ``duration`` in s, and ``trial_type``. Its index is not kept.
    done : sequence of str, default=()
        What was already done to the series, such as ``"motion_corrected"``, and the space it lies
        in, such as ``"space-MNI152NLin2009cAsym"``.
    anatomical : nibabel image or path-like, default=None
        T1-weighted image of the same person, for a registration by way of it.

    Attributes
    ----------
    img : nibabel image
        The series.
    t_r, slice_times, start_time, slice_time_ref, n_dummy, confounds, events, done, anatomical
        As given; `slice_time_ref` is always a number.

    Raises
    ------
    ValueError
        If a number is out of bounds, all volumes are dummies, or confounds and image differ in
        length.

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from sklearn_neurofuse import BoldRun
    >>> run = BoldRun(nib.Nifti1Image(np.zeros((4, 4, 3, 10), np.float32), np.eye(4)), t_r=2.0)
    >>> run.volume_times[:3]
    array([0., 2., 4.])
    """

    def __init__(
        self,
        img,
        t_r,
        slice_times=None,
        start_time=0.0,
        slice_time_ref=None,
        n_dummy=0,
        confounds=None,
        events=None,
        done=(),
        anatomical=None,
    ):
        self._source = img if _is_image(img) else os.fspath(img)
        self.t_r = float(check_number(self, "t_r", t_r, low=0, closed="neither", unit="s"))
        self.slice_times = _check_slice_times(slice_times, self.t_r)
        self.start_time = float(check_number(self, "start_time", start_time, unit="s"))
        if slice_time_ref is not None:
            check_number(self, "slice_time_ref", slice_time_ref, low=0, high=1)
        self._slice_time_ref = slice_time_ref
        self.n_dummy = int(check_number(self, "n_dummy", n_dummy, low=0, integer=True))
        self.confounds = _check_table(confounds, "confounds", ())
        self.events = _check_table(events, "events", ("onset",))
        self.done = (done,) if isinstance(done, str) else tuple(done)
        is_kept = anatomical is None or _is_image(anatomical)
        self.anatomical = anatomical if is_kept else os.fspath(anatomical)
        if _is_image(img):
            self._check_img(img)

    @property
    def img(self):
        """The 4-D series, a nibabel image."""
        if not _is_image(self._source):
            return self._check_img(load_image(self._source))
        return self._source

    @property
    def path(self):
        """Path of the image file, None for an image made in memory."""
        return None if _is_image(self._source) else self._source

    @property
    def slice_time_ref(self):
        """Fraction of the repetition time that the volumes stand for."""
        if self._slice_time_ref is not None:
            return float(self._slice_time_ref)
        return 0.0 if self.slice_times is None else float(self.slice_times.mean() / self.t_r)

    @property
    def n_volumes(self):
        """Number of volumes, dummies included."""
        return self.img.shape[3]

    @property
    def volume_times(self):
        """Time that each volume stands for, ndarray of shape (n_volumes,), in s."""
        return self.start_time + (np.arange(self.n_volumes) + self.slice_time_ref) * self.t_r

    @property
    def duration(self):
        """Length of the series in s."""
        return self.n_volumes * self.t_r

    def get_data(self, dtype=np.float32):
        """Read the values.

        Parameters
        ----------
        dtype : dtype, default=float32
            Type of the numbers.

        Returns
        -------
        ndarray of shape (x, y, z, n_volumes)
            Not cached on the image, so that memory is given back; not to be written to.
        """
        return np.asanyarray(self.img.dataobj, dtype=dtype)

    def replace(self, **changes):
        """Give a run with some fields changed.

        Parameters
        ----------
        **changes : dict
            Parameters of the constructor.

        Returns
        -------
        BoldRun
            The new run.
        """
        fields = {name: getattr(self, name) for name in _FIELDS[1:]}
        fields.update(img=self._source, slice_time_ref=self._slice_time_ref)
        return BoldRun(**{**fields, **changes})

    def __getstate__(self):
        # nibabel pickles an image as a file, in the type of the header: values would be rounded,
        # and those in a file would travel instead of its path
        return {**vars(self), **{name: _take_apart(getattr(self, name)) for name in _IMAGES}}

    def __setstate__(self, state):
        for name in _IMAGES:
            if isinstance(state[name], tuple):
                image_class, *parts = state[name]
                state = {**state, name: image_class(*parts)}
        vars(self).update(state)

    def _check_img(self, img):
        if len(img.shape) != 4:
            raise ValueError(f"BoldRun: img must be 4-D, got shape {img.shape}")
        if self.n_dummy >= img.shape[3]:
            raise ValueError(
                f"BoldRun: n_dummy must be in [0, {img.shape[3]}), the number of volumes, "
                f"got {self.n_dummy}"
            )
        if self.slice_times is not None and len(self.slice_times) not in img.shape[:3]:
            raise ValueError(
                f"BoldRun: slice_times must have one value for each slice, got "
                f"{len(self.slice_times)} for an image of shape {img.shape}"
            )
        if self.confounds is not None and len(self.confounds) != img.shape[3]:
            raise ValueError(
                f"BoldRun: confounds must have {img.shape[3]} rows, one for each volume, "
                f"got {len(self.confounds)}"
            )
        return img

    def __repr__(self):
        where = "image in memory" if self.path is None else self.path
        return f"BoldRun({where}, t_r={self.t_r:g} s)"


def load_image(path):
    """Open an image file; values stay on disk.

    Parameters
    ----------
    path : path-like
        A file that nibabel reads.

    Returns
    -------
    nibabel image
        The image.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If nibabel cannot read it.
    """
    try:
        return nib.load(path)
    except FileNotFoundError:
        raise
    except Exception as error:
        # nibabel has an error for each way in which a header can be wrong
        raise ValueError(f"not an image that nibabel reads: {error}") from error


def _is_image(value):
    return isinstance(value, nib.spatialimages.SpatialImage)


def _take_apart(source):
    if not _is_image(source):
        return source
    data = source.dataobj
    if not isinstance(getattr(data, "file_like", None), (str, os.PathLike)):
        data = np.asanyarray(data)
    return type(source), data, source.affine, source.header


def _check_slice_times(slice_times, t_r):
    if slice_times is None:
        return None
    slice_times = np.array(slice_times, dtype=float)
    if slice_times.ndim != 1 or not np.isfinite(slice_times).all():
        raise ValueError("BoldRun: slice_times must be a list of finite numbers, in s")
    if slice_times.size == 0 or slice_times.min() < 0 or slice_times.max() >= t_r:
        raise ValueError(
            f"BoldRun: slice_times must be in [0, {t_r:g}) s, one for each slice; "
            "times in ms must be divided by 1000"
        )
    slice_times.flags.writeable = False
    return slice_times


def _check_table(table, what, columns):
    if table is None:
        return None
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"BoldRun: {what} must be a DataFrame, got {type(table).__name__}")
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(f"BoldRun: {what} must have a column {', '.join(missing)}")
    return table.reset_index(drop=True)
