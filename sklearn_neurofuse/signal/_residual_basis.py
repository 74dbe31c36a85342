r"""An optimal basis set for what templates leave behind.

What is left after a template changes slowly, with the head, and alike in all channels: the
residual segment :math:`k` of channel :math:`c` is

.. math:: r_{ck}(t) = \sum_i q_i(k)\, b_{ci}(t) + \text{EEG}.

The courses :math:`q_i` are principal components over segments of all channels together, in a band
above that of the EEG [1]_; the waveforms :math:`b_{ci}` are least squares estimates from all
segments of the channel. Of the EEG that takes one part in as many as there are segments for each
course, where a basis of waveforms fitted to each segment [1]_ takes as much as fits.

References
----------
.. [1] Niazy RK et al., Removal of FMRI environment artifacts from EEG data using optimal basis
   sets. NeuroImage 28 (2005) 720-737. doi:10.1016/j.neuroimage.2005.06.067
"""

import numpy as np
from scipy.linalg import eigh

from sklearn_neurofuse.signal._templates import shrinkage

MOST_COURSES = 12
# how far above noise a course has to stand: that of the same rank, or what is left in all
_ABOVE_ALTERNATED, _ABOVE_REST = 1.5, 4.0
_LARGEST_NORM = 4.0
_MOST_STEPS = 400
# a wave of a course takes as much of the EEG as a template, and has less to take
_CAUTION = 3.0
# what a template leaves is some hundredth of the artefact
_TOLERANCE = 3e-2


def shared_courses(spectra, complete, block, n_courses="auto"):
    """Find the courses along which segments of several channels change together.

    Parameters
    ----------
    spectra : iterable of ndarray of shape (n_segments, n_frequencies)
        Of the residual of some channels, within the band to look at.
    complete : ndarray of bool of shape (n_segments,)
        Which segments may be used.
    block : int
        Segments that are averaged before changes are looked for; with 1 nothing is known of the
        noise but that most of what varies is noise.
    n_courses : {"auto"} or int, default="auto"
        How many at most; ``"auto"`` keeps those that stand above noise.

    Returns
    -------
    ndarray of shape (n_segments, n_found)
        Courses, joined by straight lines between the middles of blocks.
    """
    used = np.flatnonzero(complete)
    n_blocks = len(used) // block
    if n_blocks < 4:
        return np.zeros((len(complete), 0))
    used = used[: n_blocks * block]
    gram, noise, n_features = _grams(spectra, used, block, n_blocks)
    values, vectors = _largest(gram, MOST_COURSES if n_courses == "auto" else n_courses)
    n_found = len(values)
    if n_courses == "auto":
        n_found = _count(values, gram, noise, n_features)
    middles = used.reshape(n_blocks, block).mean(axis=1)
    number = np.arange(len(complete))
    found = [np.interp(number, middles, vectors[:, i]) for i in range(min(n_found, n_blocks - 1))]
    return np.stack(found, axis=1) if found else np.zeros((len(complete), 0))


def _largest(gram, n_wanted):
    """Give the largest eigenvalues, and their vectors in columns."""
    last = len(gram) - 1
    first = max(0, last + 1 - n_wanted)
    values, vectors = eigh(gram, subset_by_index=(first, last))
    return values[::-1], vectors[:, ::-1]


def _count(values, gram, noise, n_features):
    """Count the components that stand above those of the same rank in noise."""
    if noise is not None:
        floor = _ABOVE_ALTERNATED * _largest(noise, len(values))[0]
    else:
        # the largest of noise alone, after Marchenko and Pastur, and what channels have in common
        n_blocks = len(gram)
        edge = np.square(1 + np.sqrt(n_blocks / n_features))
        before = np.cumsum(values) - values
        floor = _ABOVE_REST * edge * (np.trace(gram) - before) / (n_blocks - np.arange(len(values)))
    below = np.flatnonzero(values <= floor)
    return int(below[0]) if len(below) else len(values)


def _grams(spectra, used, block, n_blocks):
    """Give the products of blocks with each other, and those of their alternating sums."""
    gram = np.zeros((n_blocks, n_blocks))
    noise = np.zeros((n_blocks, n_blocks)) if block > 1 else None
    n_features = 0
    signs = np.where(np.arange(block) % 2, -1, 1)[:, None].astype(np.float32)
    for channel in spectra:
        white = _whitened(channel[used]).reshape(n_blocks, block, -1)
        mean = white.mean(axis=1)
        mean -= mean.mean(axis=0)
        gram += mean @ mean.T
        n_features += mean.shape[1]
        if noise is not None:
            alternated = (white * signs).mean(axis=1)
            noise += alternated @ alternated.T
    return gram, noise, max(n_features, 1)


def _whitened(spectra):
    """Divide by the size of changes from one segment to the next, and tame outlying segments."""
    every = max(1, len(spectra) // _MOST_STEPS)
    steps = spectra[1::every] - spectra[:-1:every]
    step = np.median(np.abs(steps), axis=0)
    spectra = spectra / np.maximum(step, 1e-3 * step.max() + np.finfo(np.float32).tiny)
    parts = np.ascontiguousarray(spectra).view(np.float32)
    norms = np.linalg.norm(parts, axis=1, keepdims=True)
    limit = _LARGEST_NORM * np.median(norms)
    return parts * np.minimum(1, limit / np.maximum(norms, np.finfo(np.float32).tiny))


class Courses:
    """The regression of segments on a constant and courses.

    Parameters
    ----------
    courses : ndarray of shape (n_segments, n_courses)
        As :func:`shared_courses` gives them; none for a mean of all segments.
    segments : Segments
        The segments; waves are estimated from those that are complete.
    caution : float, default=3.0
        How many times its noise a wave has to stand out to be believed.
    tolerance : float, default=3e-2
        Share of a wave that may be missed at the highest frequency.

    Notes
    -----
    Frequencies at which a wave is not above noise are left out.
    """

    def __init__(self, courses, segments, caution=_CAUTION, tolerance=_TOLERANCE):
        complete = segments.complete
        design = np.column_stack([np.ones(len(complete)), courses])
        inside, triangle = np.linalg.qr(design[complete])
        self._design = np.linalg.solve(triangle.T, design.T).T.astype(np.float32)
        fit = np.zeros(self._design.shape, dtype=np.float32)
        fit[complete] = inside
        self._plan = segments.summation(fit, tolerance)
        # of each group in the total of the first wave, and in that of all waves
        self._shares = np.stack([fit[group, 0] @ fit[group] for group in segments.groups])
        self._segments = segments
        self._caution, self._tolerance = caution, tolerance

    def subtract(self, row):
        """Subtract what the courses explain.

        Parameters
        ----------
        row : ndarray of shape (n_times,)
            One channel; changed in place.
        """
        waves, parts = self._segments.sums(row, self._plan, self._tolerance)
        noise = self._noise(parts, waves)
        waves *= shrinkage(np.square(np.abs(waves)), noise, self._caution)
        self._segments.subtract_sums(self._design, waves, row, self._tolerance)

    def _noise(self, parts, waves):
        """Give the power of noise in each wave, which is that in the total of independent sums."""
        rest = parts - self._shares @ waves
        return np.square(np.abs(rest)).sum(axis=0) * (len(rest) / max(len(rest) - 1, 1))
