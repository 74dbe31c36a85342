"""`lime_explanation`: one local surrogate over all modalities of a sample."""

from numbers import Integral

import numpy as np
from lime.lime_base import LimeBase
from sklearn.utils import check_random_state

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import Block, Multimodal
from sklearn_neurofuse.inspection._explanation import Explanation
from sklearn_neurofuse.inspection._pipeline import split_at_arrays
from sklearn_neurofuse.inspection._units import make_units

_OWNER = "lime_explanation"
_KERNEL_WIDTH = 0.25
# numbers held at once while predicting
_BATCH_VALUES = 2**25


def lime_explanation(
    estimator,
    X,
    index,
    *,
    target_class=None,
    units=None,
    perturbation="mean",
    background=None,
    n_perturbations=1000,
    n_repeats=3,
    random_state=None,
):
    r"""Explain one decision by a local linear surrogate over all modalities.

    Units of the sample (parcels of volumes, groups of channels by time windows, networks of
    edges, features) are taken away at random, and a weighted ridge regression tells how each
    changes the probability of a class [1]_. With :math:`z \in \{0, 1\}^u` the units left and
    :math:`d` the cosine distance of z from all ones, a perturbation weighs
    :math:`\sqrt{\exp(-d^2 / 0.25^2)}`.

    Parameters
    ----------
    estimator : estimator
        Fitted classifier with ``predict_proba``. A pipeline that begins with recordings is run
        to its first arrays and the rest is explained.
    X : Multimodal
        Samples.
    index : int
        The sample to explain.
    target_class : object, default=None
        The class whose probability is explained; None is the one predicted.
    units : dict, default=None
        How modalities are taken apart: ``atlas`` (image or array of labels; None makes
        supervoxels), ``n_parcels`` (50), ``channel_groups`` (6, or dict of names to channels),
        ``window`` (0.1 s).
    perturbation : {"mean", "baseline", "noise"}, default="mean"
        What stands in for a unit taken away: the mean over `background`, zeros, or what a random
        sample of `background` has there.
    background : Multimodal, default=None
        Samples like X for means and noise; None is X itself.
    n_perturbations : int, default=1000
        Number of perturbations for each repeat.
    n_repeats : int, default=3
        Number of surrogates, each from other perturbations; they tell how stable the
        weights are.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    Explanation
        Weights of the units, as a table, image or evoked response, with fidelity and stability.

    Raises
    ------
    TypeError
        If X is no Multimodal, or the estimator has no ``predict_proba``.
    ValueError
        If the class or an option is unknown.
    IndexError
        If there is no such sample.
    NotFittedError
        If the estimator is not fitted.

    Notes
    -----
    The surrogate is linear: what only units together tell is not seen beyond what they tell when
    the others stay. Its weighted R² (`fidelity`) says how far it can be believed.

    A modality that the sample lacks has no units.

    References
    ----------
    .. [1] Ribeiro, M. T., Singh, S., & Guestrin, C. (2016). "Why should I trust you?": explaining
       the predictions of any classifier. KDD, 1135-1144. doi:10.1145/2939672.2939778

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.inspection import lime_explanation
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(80) % 2
    >>> fmri, eeg = rng.normal(size=(80, 4)), rng.normal(size=(80, 3))
    >>> fmri[:, 2] += 3 * y
    >>> X = Multimodal(fmri=fmri, eeg=eeg)
    >>> model = LogisticRegression().fit(X, y)
    >>> e = lime_explanation(model, X, 1, random_state=0)
    >>> e.to_frame()["unit"][0]
    'x2'
    """
    check_choice(_OWNER, "perturbation", perturbation, ("mean", "baseline", "noise"))
    check_number(_OWNER, "n_perturbations", n_perturbations, low=10, integer=True)
    check_number(_OWNER, "n_repeats", n_repeats, low=1, integer=True)
    row = _check_index(index, len(X))
    sample, model = split_at_arrays(_OWNER, estimator, X[row : row + 1])
    if not hasattr(model, "predict_proba"):
        raise TypeError(f"{_OWNER}: {type(model).__name__} must have predict_proba")
    if background is None:
        background = X
    background = split_at_arrays(_OWNER, estimator, background)[0]
    there = [name for name in sample.modalities if sample[name].present[0]]
    parts = _make_units(background, there, units)
    column, name, probability = _choose_class(model, sample, target_class)
    rng = check_random_state(random_state)
    perturb = _Perturber(sample, background, parts, perturbation)
    repeats = [
        _fit_surrogate(model, perturb, column, n_perturbations, rng) for _ in range(n_repeats)
    ]
    return Explanation(
        units=parts,
        weights=np.array([weights for weights, _ in repeats]),
        layout=sample.layout,
        target_class=name,
        probability=probability,
        fidelity=np.array([score for _, score in repeats]),
    )


def _check_index(index, n_samples):
    if isinstance(index, bool) or not isinstance(index, Integral):
        raise TypeError(f"{_OWNER}: index must be an integer, got {index!r}")
    if not -n_samples <= index < n_samples:
        raise IndexError(
            f"{_OWNER}: index must be in [{-n_samples}, {n_samples}), the samples, got {index}"
        )
    return int(index) % n_samples


def _make_units(background, there, options):
    options = {} if options is None else dict(options)
    known = ("atlas", "n_parcels", "channel_groups", "window")
    for key in options:
        check_choice(_OWNER, "units", key, known)
    if "window" in options:
        check_number(
            _OWNER, "units['window']", options["window"], low=0, closed="neither", unit="s"
        )
    if "n_parcels" in options:
        check_number(_OWNER, "units['n_parcels']", options["n_parcels"], low=1, integer=True)
    return make_units(_OWNER, background.select(there), **options)


def _choose_class(model, sample, target_class):
    chances = model.predict_proba(sample)[0]
    classes = list(model.classes_)
    if target_class is None:
        column = int(np.argmax(chances))
    elif target_class in classes:
        column = classes.index(target_class)
    else:
        raise ValueError(
            f"{_OWNER}: target_class must be one of {', '.join(map(str, classes))}, "
            f"got {target_class!r}"
        )
    return column, classes[column], float(chances[column])


class _Perturber:
    """Makes perturbed copies of one sample."""

    def __init__(self, sample, background, units, perturbation):
        self.sample, self.units = sample, units
        self.noise = perturbation == "noise"
        self.flat, self.stand_in, self.owner = {}, {}, {}
        for name in dict.fromkeys(unit.modality for unit in units):
            own = [number for number, unit in enumerate(units) if unit.modality == name]
            self.flat[name] = np.asarray(sample[name].data).reshape(-1)
            # unit of each value; the last one, which is never taken away, holds the others
            self.owner[name] = np.full(self.flat[name].size, len(units))
            for number in own:
                self.owner[name][units[number].columns] = number
            rows = np.asarray(background[name].data)[np.asarray(background[name].present)]
            self.stand_in[name] = {
                "mean": lambda rows=rows: rows.mean(axis=0).reshape(1, -1),
                "baseline": lambda rows=rows: np.zeros((1, rows[0].size), dtype=rows.dtype),
                "noise": lambda rows=rows: rows.reshape(len(rows), -1),
            }[perturbation]()

    @property
    def batch_size(self):
        """Number of copies made at once."""
        return max(1, _BATCH_VALUES // sum(flat.size for flat in self.flat.values()))

    def __call__(self, kept, rng):
        """Make one copy for each row of `kept`, bool of shape (n_copies, n_units)."""
        kept = np.column_stack([kept, np.ones(len(kept), dtype=bool)])
        blocks = {}
        for name in self.sample.modalities:
            block = self.sample[name]
            if name not in self.flat:
                blocks[name] = block[np.zeros(len(kept), dtype=int)]
                continue
            rows = rng.randint(len(self.stand_in[name]), size=len(kept) if self.noise else 1)
            data = np.where(kept[:, self.owner[name]], self.flat[name], self.stand_in[name][rows])
            blocks[name] = Block(data.reshape(-1, *block.shape[1:]), block.space)
        return Multimodal(**blocks)


def _fit_surrogate(model, perturb, column, n_perturbations, rng):
    """Fit one surrogate; give the weight of each unit and the weighted R²."""
    n_units = len(perturb.units)
    kept = rng.randint(2, size=(n_perturbations, n_units)).astype(bool)
    kept[0] = True
    step = perturb.batch_size
    chances = np.concatenate(
        [
            model.predict_proba(perturb(kept[start : start + step], rng))
            for start in range(0, n_perturbations, step)
        ]
    )
    # the cosine of a vector of ones and zeros with all ones
    distance = 1 - np.sqrt(kept.mean(axis=1))
    surrogate = LimeBase(_kernel, random_state=rng)
    _, weights, score, _ = surrogate.explain_instance_with_data(
        kept.astype(float), chances, distance, column, n_units, feature_selection="none"
    )
    ordered = np.zeros(n_units)
    for unit, weight in weights:
        ordered[unit] = weight
    return ordered, float(score)


def _kernel(distance):
    return np.sqrt(np.exp(-(distance**2) / _KERNEL_WIDTH**2))
