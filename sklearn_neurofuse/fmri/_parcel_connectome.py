"""`ParcelConnectome`: how the signals of regions go together in a run."""

import os

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine
from nilearn.connectome import ConnectivityMeasure, sym_matrix_to_vec
from nilearn.image import resample_to_img
from scipy import ndimage

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import ConnectomeSpace
from sklearn_neurofuse.fmri._checks import check_bold
from sklearn_neurofuse.fmri._confound_plan import take_apart
from sklearn_neurofuse.recordings import SampleExtractor, Samples

_KINDS = ("correlation", "partial correlation", "covariance", "precision")
_BOUNDED = _KINDS[:2]


class ParcelConnectome(SampleExtractor):
    r"""Take the connectivity of all pairs of regions from each run.

    Signals are averaged over the voxels of each region; the filter and columns of a
    `ConfoundRegressor` before are applied to these means in one step, on the volumes that were
    not scrubbed; then :class:`nilearn.connectome.ConnectivityMeasure` gives the matrix, with the
    shrunk covariance of Ledoit and Wolf.

    Parameters
    ----------
    atlas : nibabel image or path-like
        Labels from 1 on, zero is no region; in the space of the runs.
    kind : {"correlation", "partial correlation", "covariance", "precision"}, default="correlation"
        The measure. ``"tangent"`` is learnt from a group, and is none of a step's that learns
        nothing: use nilearn's on training samples.
    labels : sequence of str, default=None
        Names of the regions in the order of their numbers; None names them by their numbers.
    networks : sequence of str, default=None
        The network of each region.
    fisher : bool, default=True
        Whether correlations :math:`r` become :math:`\operatorname{artanh} r`.
    min_coverage : float, default=0.5
        Share of each region that must lie in the field of view, in (0, 1].
    standardize : {"subject"} or None, default=None
        Centre and scale each edge over the runs of a subject.
    n_jobs : int, default=None
        Recordings processed in parallel.
    verbose : bool, default=False
        Whether to show a progress bar that counts recordings.

    Raises
    ------
    ValueError
        If the atlas holds fewer than two regions or does not overlap the run, or names and
        regions differ in number.

    Notes
    -----
    Edges are the strict lower triangle row by row. A run whose field of view covers too little
    of a region, of which a region is constant, or of which fewer volumes are left than regressors
    and two more, is missing. Voxels that are constant or not finite count as not covered.

    Examples
    --------
    >>> import nibabel as nib
    >>> import numpy as np
    >>> from sklearn_neurofuse import BoldRun, Recordings
    >>> from sklearn_neurofuse.fmri import ParcelConnectome
    >>> regions = np.repeat([1, 2, 3, 0], 12).reshape(4, 4, 3).astype(np.uint8)
    >>> atlas = nib.Nifti1Image(regions, np.eye(4))
    >>> volumes = np.random.default_rng(0).normal(500.0, 5.0, (4, 4, 3, 60)).astype(np.float32)
    >>> run = BoldRun(nib.Nifti1Image(volumes, np.eye(4)), t_r=2.0)
    >>> extractor = ParcelConnectome(atlas, labels=["a", "b", "c"])
    >>> extractor.fit_transform(Recordings([run])).get_feature_names()
    ['b~a', 'c~a', 'c~b']
    """

    per = "recording"
    libraries = ("nilearn", "nibabel", "scikit-learn")

    def __init__(
        self,
        atlas,
        kind="correlation",
        *,
        labels=None,
        networks=None,
        fisher=True,
        min_coverage=0.5,
        standardize=None,
        n_jobs=None,
        verbose=False,
    ):
        self.atlas = atlas
        self.kind = kind
        self.labels = labels
        self.networks = networks
        self.fisher = fisher
        self.min_coverage = min_coverage
        self.standardize = standardize
        self.n_jobs = n_jobs
        self.verbose = verbose

    def check_kind(self, kind):
        """Raise TypeError unless recordings are BOLD runs.

        Parameters
        ----------
        kind : {"bold", "eeg"}
            What the recordings are.
        """
        check_bold(self, kind)

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_choice(self, "kind", self.kind, _KINDS)
        check_choice(self, "fisher", self.fisher, (True, False))
        check_number(self, "min_coverage", self.min_coverage, low=0, high=1, closed="right")
        check_choice(self, "standardize", self.standardize, (None, "subject"))

    def extract(self, recording, events, context):
        """Take the connectome of one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        events : DataFrame or None
            Not used.
        context : object
            For figures of quality.

        Returns
        -------
        Samples
            One row of edges, float32.
        """
        atlas = _read_atlas(self.atlas)
        space = self._space(atlas)
        series, plan = take_apart(recording)
        n_regions = len(space.labels)
        signals, coverage = _region_signals(series, recording, atlas, n_regions)
        n_needed = plan.columns.shape[1] + 3
        lacking = np.flatnonzero(~(coverage >= self.min_coverage))
        context.report(
            coverage=coverage.tolist(),
            n_volumes=int(plan.kept.sum()),
            smallest=float(coverage.min()),
        )
        reason = None
        if lacking.size:
            region = space.labels[lacking[0]]
            reason = (
                f"its field of view holds {coverage[lacking[0]]:.2f} of the region {region}, less "
                f"than {self.min_coverage:g}"
            )
        elif plan.kept.sum() < n_needed:
            reason = f"{plan.kept.sum()} volumes remain after scrubbing, {n_needed} are needed"
        if reason is not None:
            edges = np.full((1, space.n_edges), np.nan, dtype=np.float32)
            return Samples(edges, space, {0: reason})
        return Samples(self._edges(plan.clean(signals))[None], space)

    def _edges(self, signals):
        measure = ConnectivityMeasure(kind=self.kind, standardize="zscore_sample")
        matrix = measure.fit_transform([signals])[0]
        edges = sym_matrix_to_vec(matrix, discard_diagonal=True)
        if self.fisher and self.kind in _BOUNDED:
            # two regions that are the same would be infinitely far away
            edges = np.arctanh(np.clip(edges, -1 + 1e-7, 1 - 1e-7))
        return edges.astype(np.float32)

    def _space(self, atlas):
        data, affine, numbers = atlas
        labels = [str(number) for number in numbers] if self.labels is None else self.labels
        if len(labels) != len(numbers):
            raise ValueError(
                f"labels must name the {len(numbers)} regions of the atlas, got {len(labels)}"
            )
        centres = ndimage.center_of_mass(data > 0, data, numbers)
        return ConnectomeSpace(labels, apply_affine(affine, np.array(centres)), self.networks)


def _read_atlas(atlas):
    img = nib.load(atlas) if isinstance(atlas, (str, os.PathLike)) else atlas
    if len(img.shape) != 3:
        raise ValueError(f"the atlas must be a 3-D image of labels, got shape {img.shape}")
    data = np.rint(np.asanyarray(img.dataobj)).astype(np.int32)
    numbers = np.unique(data[data > 0])
    if len(numbers) < 2:
        raise ValueError(f"the atlas must hold at least 2 regions, got {len(numbers)}")
    return data, img.affine, numbers


def _region_signals(series, run, atlas, n_regions):
    """Average over each region; give the share of each that holds a signal."""
    data, affine, numbers = atlas
    img = nib.Nifti1Image(data, affine)
    grid = nib.Nifti1Image(np.zeros(series.shape[:3], dtype=np.float32), run.img.affine)
    placed = resample_to_img(img, grid, interpolation="nearest")
    placed = np.asanyarray(placed.dataobj)
    signals, counts = np.zeros((series.shape[3], n_regions)), np.zeros(n_regions)
    for region, number in enumerate(numbers):
        values = series[placed == number].astype(float)
        alive = np.isfinite(values).all(axis=1) & (np.ptp(values, axis=1) > 0)
        counts[region] = alive.sum()
        if alive.any():
            signals[:, region] = values[alive].mean(axis=0)
    size = np.abs(np.linalg.det(affine[:3, :3])), np.abs(np.linalg.det(run.img.affine[:3, :3]))
    wanted = np.bincount(np.searchsorted(numbers, data[data > 0]), minlength=n_regions)
    return signals, np.minimum(counts * size[1] / (wanted * size[0]), 1.0)
