"""`CarbonWireRegressor`: EEG without what reference loops pick up."""

import re

import mne
import numpy as np

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.eeg._copies import copy_raw
from sklearn_neurofuse.recordings import RecordingTransformer
from sklearn_neurofuse.signal._lagged import explained, fit_lagged, predict_lagged

_LOOP = re.compile(r"(cwl?|loop|carbon|cwloop|ref[\s_-]?loop)[\s_-]*\d*", re.IGNORECASE)


class CarbonWireRegressor(RecordingTransformer):
    r"""Subtract what carbon-wire loops on the cap explain.

    Loops that touch no skin pick up what movement in the field induces, heartbeat and helium pump
    too, and no EEG [1]_. Each channel is regressed on them with lags,

    .. math:: x_c(t) = \sum_l \sum_{|\tau| \le D} b_{cl\tau}\, r_l(t - \tau) + \text{EEG},

    and what is explained is subtracted.

    Parameters
    ----------
    loops : list of str or None, default=None
        Names of the loops' channels; None for those named like CWL1, CW1 or Loop1.
    delay : float, default=0.025
        Largest lag :math:`D` in s, either way.
    penalty : float, default=1e-3
        Of the ridge regression, in units of the mean power of the lagged references, at least 0.
    window : float or None, default=None
        Length in s of windows that are regressed one by one and fade into each other, which
        follows loops that move; it should hold many more sample points of the band of interest
        than there are lags and loops. None: one regression over the recording.
    drop : bool, default=True
        Whether the loops are left out of what comes out.

    Raises
    ------
    ValueError
        At the run: without loops, or where one is flat or not finite.

    See Also
    --------
    GradientArtifactRemover : Comes before, for loops have a gradient artefact too.

    Notes
    -----
    What the first half of a recording teaches about loops explains the second half (median over
    channels) in ``Recordings.quality`` as ``held_out_variance``; the whole recording's share is
    ``variance``. Only channels of type EEG, EOG, ECG and EMG are changed.

    References
    ----------
    .. [1] van der Meer JN et al., Carbon-wire loop based artifact correction outperforms
       post-processing EEG/fMRI corrections: a validation of a real-time simultaneous EEG/fMRI
       correction method. NeuroImage 125 (2016) 880-894. doi:10.1016/j.neuroimage.2015.10.064

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import CarbonWireRegressor
    >>> rng = np.random.default_rng(0)
    >>> loops = 1e-4 * rng.standard_normal((2, 5000))
    >>> eeg = 1e-5 * rng.standard_normal((3, 5000))
    >>> moved = eeg + 0.5 * np.roll(loops[:1], 3) - loops[1:]
    >>> info = mne.create_info(["Fz", "Cz", "Pz", "CWL1", "CWL2"], 250.0, "eeg")
    >>> raw = mne.io.RawArray(np.concatenate([moved, loops]), info, verbose="error")
    >>> clean = CarbonWireRegressor().fit_transform(Recordings([raw])).load(0)
    >>> clean.ch_names, bool(np.corrcoef(clean.get_data()[0], eeg[0])[0, 1] > 0.98)
    (['Fz', 'Cz', 'Pz'], True)
    """

    kind = "eeg"
    adds = ("carbon_wire_regressed",)
    refuses_after = {
        "rereferenced": "put CarbonWireRegressor before Rereferencer",
        "pulse_corrected": "put CarbonWireRegressor before PulseArtifactRemover",
    }
    libraries = ("mne", "scipy")

    def __init__(self, loops=None, *, delay=0.025, penalty=1e-3, window=None, drop=True):
        self.loops = loops
        self.delay = delay
        self.penalty = penalty
        self.window = window
        self.drop = drop

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_number(self, "delay", self.delay, low=0, high=1, unit="s")
        check_number(self, "penalty", self.penalty, low=0)
        if self.window is not None:
            low = 4 * self.delay
            check_number(self, "window", self.window, low=low, closed="neither", unit="s")
        if isinstance(self.loops, str):
            raise TypeError(f"CarbonWireRegressor: loops must be a list, got {self.loops!r}")
        if not isinstance(self.drop, bool):
            raise TypeError(f"CarbonWireRegressor: drop must be a bool, got {self.drop!r}")

    def transform_recording(self, recording, context):
        """Clean one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording.
        context : object
            For figures of quality.

        Returns
        -------
        mne.io.BaseRaw
            The cleaned recording.
        """
        loops = self._find_loops(recording)
        types = {"eeg": True, "eog": True, "ecg": True, "emg": True, "seeg": True, "ecog": True}
        rest = mne.pick_types(recording.info, **types, exclude=loops)
        if len(rest) == 0:
            raise ValueError("the recording has no channels beside the loops")
        references = self._read_loops(recording, loops)
        data = recording.get_data(picks=rest)
        self._subtract(data, references, recording.info["sfreq"], loops, context)
        picks = [
            i for i, name in enumerate(recording.ch_names) if name not in loops or not self.drop
        ]
        raw = copy_raw(recording, picks)
        raw[np.searchsorted(picks, rest)] = data
        return raw

    def _subtract(self, data, references, sfreq, loops, context):
        """Subtract in place what the loops explain."""
        middles = data.mean(axis=1, keepdims=True)
        data -= middles
        options = (references, round(self.delay * sfreq), self.penalty)
        window = None if self.window is None else round(self.window * sfreq)
        held_out = held_out_share(data, *options)
        found = explained(data, *options, window)
        context.report(loops=loops, variance=_median_share(data, found), held_out_variance=held_out)
        data -= found
        data += middles

    def _find_loops(self, raw):
        if self.loops is None:
            loops = [name for name in raw.ch_names if _LOOP.fullmatch(name)]
            if not loops:
                raise ValueError(
                    "no channel is named like a carbon-wire loop (CWL1, CW1, Loop1); name them "
                    "with loops"
                )
            return loops
        unknown = [name for name in self.loops if name not in raw.ch_names]
        if unknown or not len(self.loops):
            raise ValueError(f"loops: no channels {unknown} among {raw.ch_names}")
        return list(self.loops)

    def _read_loops(self, raw, loops):
        references = raw.get_data(picks=loops)
        for name, row in zip(loops, references, strict=True):
            if not np.isfinite(row).all():
                raise ValueError(f"the loop {name} holds values that are not finite")
            if np.ptp(row) == 0:
                raise ValueError(f"the loop {name} is flat")
        # scale is nothing to a regression, but to its penalty; loops are alike
        return references - references.mean(axis=1, keepdims=True)


def held_out_share(data, references, n_lags, penalty):
    """Give the median share of variance in the second half that the first half teaches to explain.

    Parameters
    ----------
    data : ndarray of shape (n_channels, n_times)
        What to explain.
    references : ndarray of shape (n_references, n_times)
        What explains it.
    n_lags : int
        Largest lag in sample points.
    penalty : float
        Of the regression.

    Returns
    -------
    float
        Median over channels; below 0 where the loops mislead.
    """
    half = data.shape[1] // 2
    teaching = fit_lagged(data, references, n_lags, penalty, 0, half)
    found = predict_lagged(teaching, references, n_lags, half)
    return _median_share(data[:, half:], found)


def _median_share(data, found):
    shares = [
        1 - (row - one).var() / max(row.var(), np.finfo(float).tiny)
        for row, one in zip(data, found, strict=True)
    ]
    return float(np.median(shares))
