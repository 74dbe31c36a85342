"""`GradientStream`: removal of the gradient artefact while the recording goes on."""

from collections import deque
from itertools import pairwise

import numpy as np
from scipy.fft import irfft

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.signal._alignment import delay_to
from sklearn_neurofuse.signal._gradient import ARTIFACT_BAND, edges_of
from sklearn_neurofuse.signal._segments import Segments
from sklearn_neurofuse.signal._templates import shrinkage

# volumes that have to be seen before anything is subtracted
N_LEARNT = 4


class GradientStream:
    """Remove the gradient artefact block by block, with the volumes that have passed.

    What is pushed comes back at once, without delay. Templates come from the last volumes, aligned
    to each other between sample points; the start of the volume that has just begun is told from
    those before, its marker only says that it has. The first four volumes come back as they are.

    Parameters
    ----------
    sfreq : float
        Sampling frequency in Hz.
    t_r : float
        Repetition time in s, as the protocol has it.
    window : int, default=30
        Volumes that make a template, at least 4.
    alignment : {"subsample", "sample"}, default="subsample"
        Whether volumes are aligned between sample points.

    Attributes
    ----------
    n_volumes : int
        Volumes learnt from so far.
    ready : bool
        Whether there is a template.

    Raises
    ------
    ValueError
        If a parameter is out of bounds, or a block does not fit those before.

    See Also
    --------
    GradientArtifactRemover : The same with volumes from before and after.

    Notes
    -----
    Subtraction of templates from past volumes as in real-time EEG-fMRI [1]_. In case a marker is
    lost its volume is not cleaned, for the scanner may have stopped.

    References
    ----------
    .. [1] Mayeli A et al., Real-time EEG artifact correction during fMRI using ICA. J Neurosci
       Methods 274 (2016) 27-37. doi:10.1016/j.jneumeth.2016.09.012

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.eeg import GradientStream
    >>> rng = np.random.default_rng(0)
    >>> eeg = 1e-5 * rng.standard_normal((2, 20_000))
    >>> recorded = eeg + np.tile(1e-3 * np.sin(2 * np.pi * 50 * np.arange(1000) / 1000), 20)
    >>> stream = GradientStream(sfreq=1000.0, t_r=1.0)
    >>> blocks = [stream.push(block, [0]) for block in np.split(recorded, 20, axis=1)]
    >>> stream.n_volumes, stream.ready
    (19, True)
    >>> bool(np.corrcoef(blocks[-1].ravel(), eeg[:, -1000:].ravel())[0, 1] > 0.95)
    True
    """

    def __init__(self, sfreq, t_r, *, window=30, alignment="subsample"):
        check_number(self, "sfreq", sfreq, low=0, closed="neither", unit="Hz")
        check_number(self, "t_r", t_r, low=0, closed="neither", unit="s")
        check_number(self, "window", window, low=N_LEARNT, integer=True)
        check_choice(self, "alignment", alignment, ("subsample", "sample"))
        self.sfreq = sfreq
        self.t_r = t_r
        self.window = window
        self.alignment = alignment
        self._clock = _Clock(t_r * sfreq, window, alignment == "subsample")
        self._past = deque(maxlen=window)
        self._waiting = deque()
        self._recent = None
        self._template = None
        self._current = None

    @property
    def n_volumes(self):
        """Volumes learnt from so far."""
        return self._clock.n_learnt

    @property
    def ready(self):
        """Whether there is a template."""
        return self._template is not None

    def push(self, block, triggers=()):
        """Clean the next block.

        Parameters
        ----------
        block : ndarray of shape (n_channels, n_times)
            The next sample points, in V; any number.
        triggers : sequence of int, default=()
            Sample points of this block, from its start, at which a volume was marked.

        Returns
        -------
        ndarray of shape (n_channels, n_times)
            The same sample points, cleaned.
        """
        block = np.asarray(block, dtype=float)
        if block.ndim != 2:
            raise ValueError(f"GradientStream: a block has 2 axes, got shape {block.shape}")
        triggers = np.sort(np.asarray(triggers, dtype=int).ravel())
        if len(triggers) and not 0 <= triggers[0] <= triggers[-1] < max(block.shape[1], 1):
            raise ValueError(
                f"GradientStream: triggers must be in [0, {block.shape[1]}), "
                f"got {triggers.tolist()}"
            )
        if self._recent is None:
            # a volume with its margins, and what may come late of it
            self._recent = _Recent(len(block), int(3 * self._clock.nominal) + 1000)
        elif len(block) != self._recent.n_channels:
            raise ValueError(
                f"GradientStream: a block must have {self._recent.n_channels} channels, "
                f"got {len(block)}"
            )
        edges = np.unique([0, *triggers.tolist(), block.shape[1]])
        pieces = []
        for begin, end in pairwise(edges.tolist()):
            if begin in triggers:
                self._start_volume(self._recent.n_seen)
            pieces.append(self._pass(block[:, begin:end]))
        return np.concatenate(pieces, axis=1) if pieces else block

    def _start_volume(self, marker):
        start = self._clock.predict(marker)
        segment = self._segment(start)
        self._waiting.append((start, int(np.floor(start)) - segment.margin + segment.size))
        self._current = None if self._template is None else (start, self._render(start))

    def _segment(self, start, offset=0):
        """Give the one segment that starts there, in points from an offset."""
        n_times = int(np.ceil(start - offset + 2 * self._clock.nominal)) + 1000
        return Segments([start - offset], self._clock.nominal, n_times)

    def _render(self, start):
        """Bring the template to the sample points of a volume."""
        segment = self._segment(start)
        shift = np.exp(-2j * np.pi * (start % 1) * segment.frequencies)
        waves = irfft(self._template * shift, segment.size, axis=1)
        # no further than the volume reaches, for it may be the last
        n_points = int(np.ceil(start + self._clock.nominal) - np.floor(start))
        return waves[:, segment.margin : segment.margin + n_points]

    def _pass(self, piece):
        """Take sample points up to the next marker, clean them, learn from what is complete."""
        cleaned = piece.copy()
        if self._current is not None:
            start, waves = self._current
            begin = self._recent.n_seen - int(np.floor(start))
            found = waves[:, max(begin, 0) : max(begin, 0) + piece.shape[1]]
            cleaned[:, : found.shape[1]] -= found
        for begin in range(0, piece.shape[1], self._recent.n_kept):
            self._recent.add(piece[:, begin : begin + self._recent.n_kept])
            self._learn()
        return cleaned

    def _learn(self):
        """Learn from the volumes of which the last sample point has been seen."""
        while self._waiting and self._waiting[0][1] <= self._recent.n_seen:
            self._add(self._waiting.popleft()[0])

    def _add(self, start):
        rows, offset = self._recent.get()
        segment = self._segment(start, offset)
        length = min(segment.n_times, rows.shape[1])
        segment = Segments(segment.starts, segment.period, length)
        rows = rows[:, :length]
        first = max(int(start - offset), 0)
        middles = rows[:, first : first + int(segment.period)].mean(axis=1, keepdims=True)
        spectra = np.concatenate([segment.spectra(row) for row in rows - middles])
        late = 0.0
        if self._past and self.alignment == "subsample":
            mean = np.mean(self._past, axis=0)
            late = delay_to(spectra, mean, segment, edges_of(segment, ARTIFACT_BAND, self.sfreq))
            turn = np.exp(2j * np.pi * late * segment.frequencies)
            spectra = (spectra * turn).astype(np.complex64)
        self._clock.learn(start + late)
        self._past.append(spectra)
        if len(self._past) >= N_LEARNT:
            self._template = self._average()

    def _average(self):
        past = np.stack(self._past)
        mean = past.mean(axis=0)
        power = np.abs(mean) ** 2
        noise = np.square(np.abs(past - mean)).sum(axis=0) / (len(past) * (len(past) - 1))
        return mean * shrinkage(power, noise)


class _Recent:
    """The last sample points, in one array that is written to block by block."""

    def __init__(self, n_channels, n_kept):
        self.n_channels, self.n_kept = n_channels, n_kept
        self.n_seen = 0
        self._held = np.zeros((n_channels, 2 * n_kept))
        self._n_held = 0

    def add(self, block):
        """Add at most as many sample points as are kept."""
        if self._n_held + block.shape[1] > self._held.shape[1]:
            self._held[:, : self.n_kept] = self._held[:, self._n_held - self.n_kept : self._n_held]
            self._n_held = self.n_kept
        self._held[:, self._n_held : self._n_held + block.shape[1]] = block
        self._n_held += block.shape[1]
        self.n_seen += block.shape[1]

    def get(self):
        """Give what is held, and the number of its first sample point."""
        return self._held[:, : self._n_held], self.n_seen - self._n_held


class _Clock:
    """Predicts when a volume began from those before, which are known between sample points."""

    def __init__(self, nominal, window, subsample):
        self.nominal = nominal
        self.n_learnt = 0
        self._subsample = subsample
        self._known = deque(maxlen=max(window, 8))

    def learn(self, start):
        """Add the true start of a volume."""
        self.n_learnt += 1
        self._known.append(start)

    def predict(self, marker):
        """Give the start of the volume whose marker was just seen."""
        if not self._subsample or not self._known:
            return float(marker)
        known = np.array(self._known)
        number = np.rint((known - known[-1]) / self.nominal)
        steps = max(1, round((marker - known[-1]) / self.nominal))
        slope = self.nominal
        if len(known) > 2:
            slope, last = np.polyfit(number, known, 1)
        else:
            last = known[-1]
        guess = last + steps * slope
        # a marker is written at the first sample point that sees it
        return float(guess) if abs(guess - marker) < 3 else float(marker)
