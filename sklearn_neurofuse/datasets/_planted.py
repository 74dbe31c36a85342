"""Multimodal samples with a class planted in one modality, in both or in their conjunction."""

import numpy as np
from scipy.special import expit, logit
from sklearn.utils import Bunch

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import Block, Multimodal
from sklearn_neurofuse.datasets._draw import as_generator, draw_labels, draw_modality
from sklearn_neurofuse.datasets._oracle import (
    SignDetector,
    bayes_limits,
    calibrate,
    class_log_odds,
)
from sklearn_neurofuse.datasets._patterns import check_sizes
from sklearn_neurofuse.datasets._plan import Variation, plan_eeg, plan_fmri

_OWNER = "make_multimodal_classification"
_REGIMES = ("fmri", "eeg", "both", "conjunction")
_MODALITIES = ("fmri", "eeg")
_DESCR = """\
Planted fMRI volumes and EEG epochs
-----------------------------------
{n_samples} made samples of {n_subjects} subjects in two classes. Regime: {regime}.
fMRI: a smooth blob in low-pass noise. EEG, in V: a wave in a few channels in low-pass noise.
The planted truth and the best possible posterior stand beside the data; see the documentation
of make_multimodal_classification.
"""


def make_multimodal_classification(
    n_samples=300,
    *,
    regime="both",
    bayes_accuracy=0.95,
    weights=(0.5, 0.5),
    n_subjects=None,
    subject_gain=0.3,
    subject_offset=1.0,
    n_nuisance=0,
    nuisance_strength=3.0,
    jitter=0.01,
    missing=0.0,
    volume_shape=(24, 28, 24),
    n_channels=32,
    n_times=250,
    sfreq=250.0,
    masked=False,
    random_state=None,
):
    r"""Make fMRI volumes and EEG epochs with a planted class of known difficulty.

    Every volume holds a smooth blob in one fixed place and every epoch a wave in a few channels
    at a latency that varies a little; each stands with a sign of plus or minus. In the regime
    ``"fmri"`` the sign of the blob is the class and that of the wave a coin toss, in ``"eeg"``
    the other way round, in ``"both"`` both signs are the class, and in ``"conjunction"`` each
    sign alone is a coin toss and their product is the class (XOR), so that no modality alone
    and no linear classifier knows anything.

    Parameters
    ----------
    n_samples : int, default=300
        Number of samples, at least 2.
    regime : {"fmri", "eeg", "both", "conjunction"}, default="both"
        Where the class is planted.
    bayes_accuracy : float, default=0.95
        Accuracy of the best possible classifier on complete samples of equally frequent
        classes, in (0.5, 1): .95 is easy, .80 middle and .70 hard. It sets the amplitudes.
    weights : tuple of two float, default=(0.5, 0.5)
        Proportions of the classes 0 and 1; they sum to one.
    n_subjects : int, default=None
        Number of subjects that the samples come from, each with both classes where it has the
        samples. With None every sample is its own group and there are no effects of subject.
    subject_gain : float, default=0.3
        Standard deviation over subjects of the logarithm of the gain, by which a subject's
        patterns are multiplied, drawn for each modality; its mean is one.
    subject_offset : float, default=1.0
        Standard deviation over subjects of a smooth map that is added to all samples of a
        subject, relative to the smooth noise within subjects.
    n_nuisance : int, default=0
        Number of class-free patterns in each modality: maps of three blobs and waves elsewhere,
        with normally distributed loadings.
    nuisance_strength : float, default=3.0
        Standard deviation of these loadings, relative to the noise along the same pattern.
    jitter : float, default=0.01
        Standard deviation of the latency of the wave in s, in [0, a twentieth of the epoch].
    missing : float or dict, default=0.0
        Proportion of samples that lack one modality, half of them each; or the proportion for
        each modality, ``{"fmri": 0.2, "eeg": 0.1}``. No sample lacks both.
    volume_shape : tuple of 3 int, default=(24, 28, 24)
        Number of voxels along x, y and z, at least 4 each. They always span the MNI box, so
        their size follows.
    n_channels : int, default=32
        Number of EEG channels, at least 4; at the places of the 10-05 system.
    n_times : int, default=250
        Number of sample points of an epoch, at least 16.
    sfreq : float, default=250.0
        Sampling frequency in Hz.
    masked : bool, default=False
        Whether voxels outside a brain-like ellipsoid are zero and the space has its mask.
    random_state : int, RandomState instance or None, default=None
        Seed. The planted truth depends on it, on `n_nuisance` and on the shapes alone, not on
        `n_samples` or `regime`.

    Returns
    -------
    Bunch
        With the attributes

        X : Multimodal
            ``fmri`` of shape (n_samples, \*volume_shape) in arbitrary units and ``eeg`` of
            shape (n_samples, n_channels, n_times) in V, float32. A missing modality is NaN.
        target : ndarray of int of shape (n_samples,)
            The class.
        target_names : list of str
            Names of the classes.
        groups : ndarray of int of shape (n_samples,)
            The subject.
        posterior : ndarray of shape (n_samples,)
            Probability of class 1 given the sample, by the model that made it: the best
            possible prediction of a sample of a subject not seen before.
        bayes_accuracy, bayes_balanced_accuracy, bayes_roc_auc : float
            Expected scores of `posterior` on such data, with these weights and this share of
            missing modalities.
        bayes_accuracies : dict of float
            The accuracy on samples with ``"fmri"`` alone, ``"eeg"`` alone and ``"both"``.
        patterns, filters : dict of ndarray
            For each modality the pattern, of unit norm and at its mean latency, and the linear
            filter matched to it in this noise.
        signs, amplitudes : dict of ndarray of shape (n_samples,)
            Sign of the pattern in each sample, and what multiplies the pattern, in the unit of
            the data.
        detectability : dict of float
            Distance d' between the two signs at mean gain and known latency.
        location : ndarray of shape (3,)
            Centre of the blob in mm.
        channels : list of str
            The channels that have the wave.
        interval : tuple of two float
            Beginning and end of the wave at its mean latency, in s.
        latencies : ndarray of shape (n_samples,)
            Centre of the wave in each sample, in s.
        nuisance_patterns, nuisance_loadings : dict of ndarray
            Of shape (n_nuisance, ...), of unit norm, and (n_samples, n_nuisance), in the unit
            of the data.
        subject_gains, subject_offsets : dict of ndarray
            Of shape (n_subjects,) and (n_subjects, ...), the latter in the unit of the data;
            empty without subjects.
        DESCR : str
            A description.

    Raises
    ------
    TypeError
        If a parameter is of the wrong kind.
    ValueError
        If a parameter is out of bounds.

    Notes
    -----
    Sample i of subject j is in each modality

    .. math:: x_i = u_i g_j a \, p_{\tau_i} + B z_i + o_j + \varepsilon_i

    with sign u, gain g, amplitude a, pattern p at latency :math:`\tau`, nuisance patterns B
    with normal loadings z, offset o and noise :math:`\varepsilon`, both normal with covariances
    that are known and can be inverted exactly. So the likelihood of a sample under either sign
    is a finite sum, over a grid of latencies and quadrature nodes of the gain, of normal
    densities, in which z and o are integrated out; `posterior` combines both modalities by
    Bayes' rule. Without jitter and gain the classifier is linear and its accuracy
    :math:`\Phi(d'/2)`; otherwise the expectation over the few inner products on which the
    posterior depends is taken by quasi-Monte Carlo integration, to about .001. In the
    conjunction the posterior exceeds one half just if the more likely signs agree, so with
    equal classes, both modalities and signs recognised with accuracies p and q

    .. math:: A = p q + (1 - p) (1 - q)

    A classifier that standardises by subject, or has seen the subject before, knows more than
    the single sample and may exceed the limit when there are offsets.

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import make_multimodal_classification
    >>> data = make_multimodal_classification(
    ...     200, regime="conjunction", volume_shape=(8, 9, 8), n_channels=8, n_times=50,
    ...     sfreq=100.0, random_state=0)
    >>> data.X.modalities
    ('fmri', 'eeg')
    >>> print(f"{data.bayes_accuracy:.2f}, alone {data.bayes_accuracies['eeg']:.2f}")
    0.95, alone 0.50
    >>> hits = (data.posterior > 0.5) == data.target
    >>> bool(abs(hits.mean() - data.bayes_accuracy) < 0.05)
    True
    """
    _check(n_samples, regime, bayes_accuracy, n_subjects, masked)
    prior = _check_weights(weights)
    n_missing = _check_missing(missing, n_samples)
    volume_shape = check_sizes(_OWNER, volume_shape, n_channels, n_times, sfreq)
    check_number(_OWNER, "jitter", jitter, low=0.0, high=n_times / sfreq / 20, unit="s")
    variation = _make_variation(
        n_nuisance, nuisance_strength, n_subjects, subject_gain, subject_offset
    )
    fmri_stream, eeg_stream, label_stream, *data_streams = as_generator(random_state).spawn(5)
    plans = {
        "fmri": plan_fmri(volume_shape, masked, variation, fmri_stream),
        "eeg": plan_eeg(n_channels, n_times, float(sfreq), jitter, variation, eeg_stream),
    }
    detectors = {name: SignDetector(plan) for name, plan in plans.items()}
    amplitudes = calibrate(detectors, regime, bayes_accuracy)
    labels = draw_labels(n_samples, regime, prior, n_subjects, n_missing, label_stream)
    parts = {
        name: draw_modality(detectors[name], amplitudes[name], labels, name, stream)
        for name, stream in zip(plans, data_streams, strict=True)
    }
    return Bunch(
        X=Multimodal(**{name: Block(parts[name].data, plans[name].space) for name in plans}),
        target=labels.target,
        target_names=["class_0", "class_1"],
        groups=labels.groups,
        **_judge(detectors, amplitudes, regime, labels, parts),
        **_tell_truth(detectors, amplitudes, labels, parts),
        DESCR=_DESCR.format(regime=regime, n_samples=n_samples, n_subjects=n_subjects or n_samples),
    )


def _judge(detectors, amplitudes, regime, labels, parts):
    """Predict every sample as well as can be, and say how well that should go."""
    odds = {}
    for name, detector in detectors.items():
        known = detector.log_odds(parts[name].scores, amplitudes[name])
        odds[name] = np.where(labels.lacking[name], 0.0, known)
    prior = float(labels.target.mean())
    log_odds = class_log_odds(regime, **odds) + logit(prior)
    alone = {
        "fmri": float(labels.lacking["eeg"].mean()),
        "eeg": float(labels.lacking["fmri"].mean()),
    }
    shares = {**alone, "both": 1.0 - alone["fmri"] - alone["eeg"]}
    limits = bayes_limits(detectors, amplitudes, regime, prior, shares)
    return {"posterior": expit(log_odds), **limits}


def _tell_truth(detectors, amplitudes, labels, parts):
    names = tuple(detectors)
    plans = {name: detectors[name].plan for name in names}
    where = {**plans["fmri"].where, **plans["eeg"].where}
    mean_latency = where.pop("latency")
    return {
        "patterns": {name: plans[name].pattern for name in names},
        "filters": {name: detectors[name].mean_filter / plans[name].unit for name in names},
        "signs": labels.signs,
        "amplitudes": {name: parts[name].amplitudes for name in names},
        "detectability": {
            name: float(amplitudes[name] * detectors[name].unit_detectability) for name in names
        },
        **where,
        "latencies": mean_latency + parts["eeg"].delays,
        "nuisance_patterns": {name: plans[name].nuisance for name in names},
        "nuisance_loadings": {name: parts[name].nuisance_loadings for name in names},
        "subject_gains": {name: parts[name].subject_gains for name in names},
        "subject_offsets": {name: parts[name].subject_offsets for name in names},
    }


def _check(n_samples, regime, bayes_accuracy, n_subjects, masked):
    check_number(_OWNER, "n_samples", n_samples, low=2, integer=True)
    check_choice(_OWNER, "regime", regime, _REGIMES)
    check_number(_OWNER, "bayes_accuracy", bayes_accuracy, low=0.5, high=1.0, closed="neither")
    if n_subjects is not None:
        check_number(_OWNER, "n_subjects", n_subjects, low=1, high=n_samples, integer=True)
    check_choice(_OWNER, "masked", masked, (False, True))


def _make_variation(n_nuisance, nuisance_strength, n_subjects, subject_gain, subject_offset):
    check_number(_OWNER, "n_nuisance", n_nuisance, low=0, integer=True)
    check_number(_OWNER, "nuisance_strength", nuisance_strength, low=0.0)
    check_number(_OWNER, "subject_gain", subject_gain, low=0.0, high=1.0)
    check_number(_OWNER, "subject_offset", subject_offset, low=0.0)
    if n_subjects is None:
        return Variation(n_nuisance, nuisance_strength)
    return Variation(n_nuisance, nuisance_strength, n_subjects, subject_gain, subject_offset)


def _check_weights(weights):
    """Give the proportion of class 1."""
    weights = np.asarray(weights, dtype=float)
    if weights.shape != (2,) or not (weights > 0).all() or not np.isclose(weights.sum(), 1.0):
        raise ValueError(
            f"{_OWNER}: weights must be two positive proportions that sum to 1, "
            f"got {weights.tolist()}"
        )
    return float(weights[1])


def _check_missing(missing, n_samples):
    """Give the number of samples that lack each modality."""
    if isinstance(missing, dict):
        for name in missing:
            check_choice(_OWNER, "a modality in missing", name, _MODALITIES)
        shares = {name: missing.get(name, 0.0) for name in _MODALITIES}
    else:
        check_number(_OWNER, "missing", missing, low=0.0, high=1.0)
        shares = dict.fromkeys(_MODALITIES, missing / 2)
    for name, share in shares.items():
        check_number(_OWNER, f"missing[{name!r}]", share, low=0.0, high=1.0)
    if sum(shares.values()) > 1.0:
        raise ValueError(
            f"{_OWNER}: missing must sum to at most 1, as no sample may lack both modalities, "
            f"got {sum(shares.values()):g}"
        )
    n_fmri = round(shares["fmri"] * n_samples)
    return {"fmri": n_fmri, "eeg": round(sum(shares.values()) * n_samples) - n_fmri}
