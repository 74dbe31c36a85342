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

from sklearn_neurofuse.signal._templates import shrinkage

MOST_COURSES = 12
# how far above noise a course has to stand: that of the same rank, or what is left in all
_ABOVE_ALTERNATED, _ABOVE_REST = 1.5, 4.0
_LARGEST_NORM = 4.0
_MOST_STEPS = 400
# a wave of a course takes as much of the EEG as a template, and has less to take
_CAUTION = 3.0


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
    values, vectors = np.linalg.eigh(gram)
    values, vectors = values[::-1], vectors[:, ::-1]
    n_found = _count(values, noise, n_features) if n_courses == "auto" else n_courses
    middles = used.reshape(n_blocks, block).mean(axis=1)
    number = np.arange(len(complete))
    found = [np.interp(number, middles, vectors[:, i]) for i in range(min(n_found, n_blocks - 1))]
    return np.stack(found, axis=1) if found else np.zeros((len(complete), 0))


def _count(values, noise, n_features):
    """Count the components that stand above those of the same rank in noise."""
    if noise is not None:
        floor = _ABOVE_ALTERNATED * np.linalg.eigvalsh(noise)[::-1]
    else:
        # the largest of noise alone, after Marchenko and Pastur, and what channels have in common
        edge = np.square(1 + np.sqrt(len(values) / n_features))
        rest = np.cumsum(values[::-1])[::-1] / np.arange(len(values), 0, -1)
        floor = _ABOVE_REST * edge * rest
    below = np.flatnonzero(values[:MOST_COURSES] <= floor[:MOST_COURSES])
    return int(below[0]) if len(below) else min(MOST_COURSES, len(values))


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
        As :func:`shared_courses` gives them.
    segments : Segments
        The segments; waves are estimated from those that are complete.

    Notes
    -----
    Frequencies at which a wave is not above noise are left out.
    """

    def __init__(self, courses, segments):
        complete = segments.complete
        design = np.column_stack([np.ones(len(complete)), courses])
        inside, triangle = np.linalg.qr(design[complete])
        self._design = np.linalg.solve(triangle.T, design.T).T.astype(np.float32)
        self._fit = np.zeros(self._design.T.shape, dtype=np.float32)
        self._fit[:, complete] = inside.T
        self._segments = segments
        self._groups = segments.groups

    def subtract(self, row):
        """Subtract what the courses explain.

        Parameters
        ----------
        row : ndarray of shape (n_times,)
            One channel; changed in place.
        """
        sums = self._segments.group_means(row, self._fit)
        waves = sums.sum(axis=0)
        noise = self._noise(sums[:, 0], waves)
        waves *= shrinkage(np.square(np.abs(waves)), noise[None], _CAUTION)
        self._segments.subtract_sums(self._design, waves, row)

    def _noise(self, sums, waves):
        """Give the power of noise in each wave, which is that in the total of independent sums."""
        shares = np.stack([self._fit[0, group] @ self._fit[:, group].T for group in self._groups])
        rest = sums - shares @ waves
        return np.square(np.abs(rest)).sum(axis=0) * (len(rest) / max(len(rest) - 1, 1))
