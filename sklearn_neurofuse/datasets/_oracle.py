"""The best possible classifier of planted data, and how good it is.

In each modality a pattern stands with a sign of plus or minus one. Everything that varies from
sample to sample beside it is Gaussian with a known covariance, or takes values on a known grid
(latency, gain), so that the likelihood of a sample under either sign is a finite sum.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logsumexp, ndtri
from scipy.stats import qmc
from sklearn.metrics import roc_auc_score

_LOG2_POINTS = 13
_N_GAIN_NODES = 7
_SEED = 0


class SignDetector:
    r"""Likelihood of a sample under either sign of its pattern.

    With covariance :math:`\Sigma`, patterns :math:`p_\tau` of weight :math:`w_\tau`, gains
    :math:`g` of weight :math:`v_g` and amplitude a,

    .. math:: \log \frac{L(x \mid u)}{L(x \mid 0)} = \log \sum_{\tau, g} w_\tau v_g
              \exp(u a g \, p_\tau^\top \Sigma^{-1} x
              - a^2 g^2 \, p_\tau^\top \Sigma^{-1} p_\tau / 2), \quad u = \pm 1

    Parameters
    ----------
    plan : Plan
        The planted truth.

    Attributes
    ----------
    filters : ndarray of shape (n_latencies, *shape)
        Inverse covariance times patterns.
    gram : ndarray of shape (n_latencies, n_latencies)
        Inner products of patterns and filters.
    """

    def __init__(self, plan):
        self.plan = plan
        nuisance = np.einsum("k,k...->k...", plan.nuisance_sd, plan.nuisance)
        self.filters = _solve_low_rank(plan.total_noise, nuisance, plan.templates)
        gram = _inner(plan.templates, self.filters)
        self.gram = (gram + gram.T) / 2
        values, vectors = np.linalg.eigh(self.gram)
        kept = values > 1e-10 * values[-1]
        self._root = vectors[:, kept] * np.sqrt(values[kept])
        n_nodes = _N_GAIN_NODES if plan.variation.gain_sd > 0 else 1
        nodes, masses = np.polynomial.hermite_e.hermegauss(n_nodes)
        self._gains, self._gain_weights = plan.gain(nodes), masses / masses.sum()

    @property
    def mean_filter(self):
        """The filter matched to the pattern averaged over latencies, ndarray like a sample."""
        return np.tensordot(self.plan.weights, self.filters, axes=1)

    def score(self, data):
        """Take the inner products of samples with the filters.

        Parameters
        ----------
        data : ndarray of float32 of shape (n_samples, *shape)
            In units of the noise.

        Returns
        -------
        ndarray of shape (n_samples, n_latencies)
            The scores.
        """
        return _inner(data, self.filters.astype(data.dtype)).astype(float)

    @property
    def n_dimensions(self):
        """Number of random numbers behind the scores of a sample."""
        return 2 + self._root.shape[1]

    @property
    def unit_detectability(self):
        """Distance d' between the two signs at amplitude one, mean gain and known latency."""
        return 2.0 * np.sqrt(self.plan.weights @ np.diag(self.gram))

    def simulate(self, points, amplitude):
        """Draw the scores of samples whose sign is plus.

        Parameters
        ----------
        points : ndarray of shape (n_points, n_dimensions)
            Uniform random numbers.
        amplitude : float
            Of the pattern.

        Returns
        -------
        ndarray of shape (n_points, n_templates)
            Inner products of the samples with the filters.
        """
        gains = self.plan.gain(ndtri(points[:, 0]))
        last = len(self.plan.weights) - 1
        which = np.minimum(np.searchsorted(np.cumsum(self.plan.weights), points[:, 1]), last)
        signal = amplitude * gains[:, None] * self.gram[which]
        return signal + ndtri(points[:, 2:]) @ self._root.T

    def log_odds(self, scores, amplitude):
        """Compare the two signs.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_templates)
            Inner products of the samples with the filters.
        amplitude : float
            Of the pattern.

        Returns
        -------
        ndarray of shape (n_samples,)
            Logarithm of the likelihood ratio of plus to minus.
        """
        slopes = amplitude * self._gains[:, None, None] * scores
        masses = np.log(np.multiply.outer(self._gain_weights, self.plan.weights))
        masses -= (amplitude * self._gains[:, None]) ** 2 * np.diag(self.gram) / 2
        plus, minus = (
            logsumexp(sign * slopes + masses[:, None, :], axis=(0, 2)) for sign in (1, -1)
        )
        return plus - minus


def _inner(one, other):
    return one.reshape(len(one), -1) @ other.reshape(len(other), -1).T


def _solve_low_rank(noise, nuisance, templates):
    """Apply the inverse of covariance plus nuisance (Woodbury's identity)."""
    filters = noise.solve(templates)
    if len(nuisance) == 0:
        return filters
    cleaners = noise.solve(nuisance)
    inner = np.eye(len(nuisance)) + _inner(nuisance, cleaners)
    shares = np.linalg.solve(inner, _inner(nuisance, filters))
    return filters - np.tensordot(shares.T, cleaners, axes=1)


def class_log_odds(regime, fmri, eeg):
    """Combine what two modalities say about their signs into what they say about the class.

    Parameters
    ----------
    regime : {"fmri", "eeg", "both", "conjunction"}
        Where the class is planted.
    fmri, eeg : ndarray of shape (n_samples,)
        Log-odds of each modality's sign, zero where it is missing.

    Returns
    -------
    ndarray of shape (n_samples,)
        Logarithm of the likelihood ratio of class 1 to class 0.
    """
    if regime == "conjunction":
        return np.logaddexp(fmri + eeg, 0.0) - np.logaddexp(fmri, eeg)
    return (regime != "eeg") * fmri + (regime != "fmri") * eeg


def calibrate(detectors, regime, accuracy):
    """Find the amplitudes that make the problem exactly so hard.

    Parameters
    ----------
    detectors : dict of SignDetector
        Of fmri and eeg.
    regime : str
        As for `class_log_odds`.
    accuracy : float
        Of the best possible classifier with both modalities and equal classes.

    Returns
    -------
    dict of float
        The amplitude of the pattern in each modality; both are equally detectable where gain
        and latency are known.
    """

    def amplitudes(detectability):
        return {k: detectability / one.unit_detectability for k, one in detectors.items()}

    points = _points(detectors)

    def excess(detectability):
        odds = _simulated_odds(detectors, amplitudes(detectability), points)
        return _accuracy(class_log_odds(regime, **odds), 0.5) - accuracy

    return amplitudes(brentq(excess, 1e-3, 50.0, xtol=1e-4))


def bayes_limits(detectors, amplitudes, regime, prior, shares):
    """Compute how good a classifier can be.

    Parameters
    ----------
    detectors : dict of SignDetector
        Of fmri and eeg.
    amplitudes : dict of float
        Of the pattern in each.
    regime : str
        As for `class_log_odds`.
    prior : float
        Probability of class 1.
    shares : dict of float
        Which share of the samples has "fmri" alone, "eeg" alone or "both".

    Returns
    -------
    dict
        Highest accuracy with each set of modalities and over all, the latter also with equal
        weight of the classes (balanced), and the highest area under the ROC curve.
    """
    odds = _simulated_odds(detectors, amplitudes, _points(detectors))
    known = {
        "fmri": {"fmri": odds["fmri"], "eeg": np.zeros_like(odds["eeg"])},
        "eeg": {"fmri": np.zeros_like(odds["fmri"]), "eeg": odds["eeg"]},
        "both": odds,
    }
    ratios = {name: class_log_odds(regime, **pair) for name, pair in known.items()}
    accuracies = {name: _accuracy(ratio, prior) for name, ratio in ratios.items()}
    balanced = {name: _accuracy(ratio, 0.5) for name, ratio in ratios.items()}
    return {
        "bayes_accuracies": accuracies,
        "bayes_accuracy": sum(shares[name] * accuracies[name] for name in shares),
        "bayes_balanced_accuracy": sum(shares[name] * balanced[name] for name in shares),
        "bayes_roc_auc": _roc_auc(ratios, shares),
    }


def _points(detectors):
    n_dimensions = sum(one.n_dimensions for one in detectors.values())
    sampler = qmc.Sobol(n_dimensions, rng=np.random.default_rng(_SEED))
    return sampler.random_base2(_LOG2_POINTS).clip(1e-12, 1 - 1e-12)


def _simulated_odds(detectors, amplitudes, points):
    odds, start = {}, 0
    for name, one in detectors.items():
        stop = start + one.n_dimensions
        scores = one.simulate(points[:, start:stop], amplitudes[name])
        odds[name] = one.log_odds(scores, amplitudes[name])
        start = stop
    return odds


def _accuracy(ratios, prior):
    """Average the larger posterior over both classes; class 0 mirrors class 1."""
    shift = np.log(prior / (1.0 - prior))
    confident = [
        np.mean(np.maximum(p, 1 - p)) for p in (expit(ratios + shift), expit(shift - ratios))
    ]
    return float(prior * confident[0] + (1.0 - prior) * confident[1])


def _roc_auc(ratios, shares):
    scores = np.concatenate([ratios[name] for name in shares])
    weights = np.concatenate([np.full(len(ratios[name]), shares[name]) for name in shares])
    classes = np.repeat([1, 0], len(scores))
    return float(
        roc_auc_score(classes, np.r_[scores, -scores], sample_weight=np.r_[weights, weights])
    )
