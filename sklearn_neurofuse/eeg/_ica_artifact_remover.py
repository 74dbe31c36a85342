"""`ICAArtifactRemover`: takes eyes and muscles out by independent component analysis."""

import warnings

import mne
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_neurofuse._validation import check_choice, check_number, nearest
from sklearn_neurofuse.eeg._channel_types import load_raw, pick_eeg
from sklearn_neurofuse.eeg._copies import copy_raw, resample_raw
from sklearn_neurofuse.eeg._ica_labels import label_by_network, label_components
from sklearn_neurofuse.recordings import RecordingTransformer

_ARTIFACTS = ("ocular", "muscle")
_METHODS = {
    "fastica": {},
    "picard": {"ortho": True, "extended": True},
    "infomax": {"extended": True},
}
# the fit needs no more than this rate, in Hz; muscles show up to 100 Hz
_FIT_RATE = 200.0
_MAX_ITER = 500
# sample points that each weight of the unmixing matrix should have
_SAMPLES_PER_WEIGHT = 25
# eigenvalues below this share of the largest are rounding
_RANK_TOLERANCE = 1e-10
# sample points from which components are taken out at a time
_STRETCH = 100_000


class ICAArtifactRemover(RecordingTransformer):
    """Remove eye movements and muscles by independent component analysis.

    The components are found in a copy without slow drifts, which spoil them, and are taken out
    of the recording as it is [1]_. Their number is the rank of the data, which interpolation and
    the average reference lower.

    Parameters
    ----------
    n_components : int, default=None
        Number of components, at most the rank of the data. None: the rank, as far as there are 25
        sample points (at 200 Hz or a little more) for each weight that is to be found; the rest
        of the principal components stay as they are.
    method : {"fastica", "picard", "infomax"}, default="fastica"
        Algorithm; ``"picard"`` needs the extra ``picard``, ``"infomax"`` is the extended one.
    artifacts : {"ocular", "muscle"} or sequence of these, default=("ocular", "muscle")
        What is taken out.
    labels : {"scores", "iclabel"}, default="scores"
        How artefacts are told: by scores, see below, or by the network ICLabel, which needs the
        extra ``iclabel`` and no download.
    eog : {"auto"}, str or sequence of str, default="auto"
        Channels near the eyes; ``"auto"`` takes those of type EOG, and frontal EEG channels where
        there is none.
    fit_l_freq : float, default=1.0
        Edge in Hz of the high-pass before the fit; None for no filter.
    muscle_threshold : float, default=0.7
        Score in (0, 1) above which a component is of muscles.
    max_iter : int, default=500
        Iterations; a fit that needs more is used with a warning in the figures.
    random_state : int, default=0
        Seed. None draws anew each time, and the result is not remembered.

    Raises
    ------
    ValueError
        If there are too few good channels, channels near the eyes are wanted and there are none,
        or positions are wanted and there are none.
    ImportError
        If an extra is missing.

    See Also
    --------
    mne.preprocessing.ICA : What is called.

    Notes
    -----
    Ocular components are those that make up the average blink, few and largest first, until 2 %
    of it are left, and those that follow the EOG, or the difference of F7 and F8. Muscle
    components are told by the slope of their spectrum, how far out and how patchy they are [2]_.
    Bad channels take no part and stay as they are.

    Reported figures: ``n_components``, ``n_removed``, ``ocular`` and ``muscle`` (numbers of the
    components), ``n_iter``, ``converged``, ``variance_removed``, the share of the variance of
    the EEG above `fit_l_freq`.

    References
    ----------
    .. [1] Winkler, I., Debener, S., Mueller, K.-R., & Tangermann, M. (2015). On the influence of
       high-pass filtering on ICA-based artifact reduction in EEG-ERP. 37th Annual International
       Conference of the IEEE EMBS, 4101-4105. doi:10.1109/EMBC.2015.7319296
    .. [2] Dharmaprani, D., Nguyen, H. K., Lewis, T. W., DeLosAngeles, D., Willoughby, J. O., &
       Pope, K. J. (2016). A comparison of independent component analysis algorithms and measures
       to discriminate between EEG and artifact components. 38th Annual International Conference
       of the IEEE EMBS, 825-828. doi:10.1109/EMBC.2016.7590828

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import simulate_eeg_fmri
    >>> from sklearn_neurofuse.eeg import ICAArtifactRemover
    >>> data = simulate_eeg_fmri(
    ...     1, n_volumes=30, volume_shape=(8, 8, 8), n_channels=16, sfreq=200, random_state=0,
    ...     eeg={"gradient": False, "pulse": False, "bad_channels": False, "line": False},
    ... )
    >>> cleaned = ICAArtifactRemover(artifacts="ocular").fit_transform(data.X["eeg"])
    >>> cleaned.quality(0)["ICAArtifactRemover"]["n_removed"]
    1
    """

    kind = "eeg"
    adds = ("ica_cleaned",)
    libraries = ("mne", "scikit-learn")
    expensive = True

    def __init__(
        self,
        n_components=None,
        *,
        method="fastica",
        artifacts=_ARTIFACTS,
        labels="scores",
        eog="auto",
        fit_l_freq=1.0,
        muscle_threshold=0.7,
        max_iter=_MAX_ITER,
        random_state=0,
    ):
        self.n_components = n_components
        self.method = method
        self.artifacts = artifacts
        self.labels = labels
        self.eog = eog
        self.fit_l_freq = fit_l_freq
        self.muscle_threshold = muscle_threshold
        self.max_iter = max_iter
        self.random_state = random_state

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        if self.n_components is not None:
            check_number(self, "n_components", self.n_components, low=2, integer=True)
        check_choice(self, "method", self.method, _METHODS)
        for name in self._artifacts():
            check_choice(self, "artifacts", name, _ARTIFACTS)
        check_choice(self, "labels", self.labels, ("scores", "iclabel"))
        if self.fit_l_freq is not None:
            check_number(self, "fit_l_freq", self.fit_l_freq, low=0, closed="neither", unit="Hz")
        check_number(
            self, "muscle_threshold", self.muscle_threshold, low=0, high=1, closed="neither"
        )
        check_number(self, "max_iter", self.max_iter, low=1, integer=True)
        if self.random_state is not None:
            check_number(self, "random_state", self.random_state, low=0, integer=True)

    def _artifacts(self):
        return (self.artifacts,) if isinstance(self.artifacts, str) else tuple(self.artifacts)

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
        raw = load_raw(recording)
        picks = pick_eeg(raw)
        good = mne.pick_types(raw.info, eeg=True, exclude="bads")
        fit_raw = self._prepared(raw, good)
        data = fit_raw.get_data(picks="eeg")
        rank = _rank(data)
        n_components = min(rank, self.n_components or _affordable(data.shape[1]))
        if n_components < 2:
            raise ValueError(
                f"the {len(good)} good of {len(picks)} EEG channels have rank {rank}; at least 2 "
                "components are needed"
            )
        ica, converged = self._fit(fit_raw, n_components)
        found = self._labelled(ica, fit_raw)
        ica.exclude = sorted(set().union(*found.values()))
        cleaned = _applied(ica, fit_raw).get_data(picks="eeg")
        context.report(
            n_components=n_components,
            n_removed=len(ica.exclude),
            **found,
            n_iter=int(ica.n_iter_),
            converged=str(converged),
            variance_removed=float(1 - cleaned.var(axis=1).sum() / data.var(axis=1).sum()),
        )
        return _applied(ica, raw)

    def _prepared(self, raw, good):
        """Give the good EEG channels and the EOG without slow drifts at a lower rate."""
        eyes = list(mne.pick_types(raw.info, eog=True, exclude="bads"))
        if self.eog != "auto":
            for name in self._eog():
                if name not in raw.ch_names:
                    raise ValueError(
                        f"eog: there is no channel {name!r}{nearest(name, raw.ch_names)}"
                    )
                eyes.append(raw.ch_names.index(name))
        picks, rate = sorted({*good, *eyes}), raw.info["sfreq"]
        if rate >= 2 * _FIT_RATE:
            fit_raw = resample_raw(raw, rate / int(rate // _FIT_RATE), picks=picks)
        else:
            fit_raw = copy_raw(raw, picks)
        if self.fit_l_freq is not None:
            everything = np.arange(len(fit_raw.ch_names))
            fit_raw.filter(self.fit_l_freq, None, picks=everything, verbose="ERROR")
        return fit_raw

    def _eog(self):
        return [self.eog] if isinstance(self.eog, str) else list(self.eog)

    def _fit(self, raw, n_components):
        ica = mne.preprocessing.ICA(
            n_components,
            method=self.method,
            fit_params=_METHODS[self.method],
            max_iter=self.max_iter,
            random_state=self.random_state,
            verbose="ERROR",
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            ica.fit(raw, picks="eeg", verbose="ERROR")
        stopped = [one for one in caught if _tells_no_convergence(one)]
        return ica, not stopped

    def _labelled(self, ica, raw):
        if self.labels == "iclabel":
            return label_by_network(ica, raw, self._artifacts())
        eog = self.eog if self.eog == "auto" else self._eog()
        return label_components(ica, raw, self._artifacts(), eog, self.muscle_threshold)


def _applied(ica, raw):
    """Take the components out in place, stretch by stretch because recordings are large."""
    for begin in range(0, raw.n_times, _STRETCH):
        ica.apply(raw, start=begin, stop=min(begin + _STRETCH, raw.n_times), verbose="ERROR")
    return raw


def _tells_no_convergence(warning):
    return issubclass(warning.category, ConvergenceWarning) or "converge" in str(warning.message)


def _affordable(n_times):
    """Give the number of components that so many sample points tell apart."""
    return max(int(np.sqrt(n_times / _SAMPLES_PER_WEIGHT)), 2)


def _rank(data):
    if len(data) == 0:
        return 0
    scaled = data - data.mean(axis=1, keepdims=True)
    values = np.linalg.eigvalsh(scaled @ scaled.T)
    return int(np.sum(values > _RANK_TOLERANCE * values[-1]))
