"""A raw chain on simulated recordings without any class signal: its intervals must contain 0.5.

Each seed makes a small study of simultaneous EEG-fMRI with all artefacts, in which the class is
nowhere in the brain. The whole chain, from raw recordings to a classifier, learns from half of the
people, and its ROC AUC on the others gets a 95 % bootstrap interval over people. If anything in the
chain let the class through, 0.5 would lie outside more often than the 5 in 100 that it may. The
figure is the share of seeds whose interval contains 0.5; the ratio is what is asked for, 0.93, over
it: 1 or less is good.

Beside it stands the same chain in a cross-validation over people. There every pair of people is
counted twice, once with either as the test, so that without a signal the estimate has twice the
variance that its people tell [1]_; the interval is that of `evaluate`, whose design effect allows
for it. White noise in place of the recordings stands beside both.

To show that the chain finds what is there, a strong planted class is decoded in the same way.

.. [1] Noirhomme, Q., et al. (2014). Biased binomial assessment of cross-validated estimation of
   classification accuracies illustrated in diagnosis predictions. NeuroImage: Clinical, 4, 687-694.
   doi:10.1016/j.nicl.2014.04.004
"""

import tempfile

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import config_context
from sklearn_neurofuse.compose import ModalitySelector, make_modality_transformer
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.eeg import (
    ChannelInterpolator,
    Epocher,
    FrequencyFilter,
    GradientArtifactRemover,
    PulseArtifactRemover,
    Rereferencer,
    Resampler,
)
from sklearn_neurofuse.fmri import SpatialSmoother, VolumeWindow
from sklearn_neurofuse.metrics import bootstrap_interval
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold, evaluate

WANTED = 0.93
MODALITIES = {"fmri": ["fmri"], "eeg": ["eeg"], "both": ["fmri", "eeg"]}
SIZE = {
    "n_subjects": 10,
    "n_volumes": 40,
    "volume_shape": (12, 12, 8),
    "n_channels": 8,
    "sfreq": 500.0,
}


def make_chain(modalities):
    """Make the chain from raw recordings to a classifier, for some modalities."""
    branches = {
        "fmri": make_pipeline(
            SpatialSmoother(8.0), VolumeWindow(3.0, 7.0, standardize="recording")
        ),
        "eeg": make_pipeline(
            GradientArtifactRemover(),
            PulseArtifactRemover(),
            Resampler(125.0),
            FrequencyFilter(0.5, 30.0),
            ChannelInterpolator(),
            Rereferencer("average"),
            Epocher(standardize="recording"),
        ),
    }
    return make_pipeline(
        ModalitySelector(modalities),
        make_modality_transformer(**{name: branches[name] for name in modalities}),
        make_modality_transformer(**dict.fromkeys(modalities, PCA(10, random_state=0))),
        StandardScaler(),
        LogisticRegression(C=0.1),
    )


def held_out(model, X, y, groups, seed):
    """Learn from half of the people; give the interval of the AUC on the others."""
    people = np.unique(groups)
    test = np.isin(groups, people[len(people) // 2 :])
    scores = clone(model).fit(X[~test], y[~test]).decision_function(X[test])
    options = {"groups": groups[test], "method": "score", "random_state": seed}
    return bootstrap_interval("roc_auc", y[test], scores, **options)


def cross_validated(model, X, y, groups, seed):
    """Give the interval of the AUC that `evaluate` gives."""
    cv = RepeatedStratifiedGroupKFold(4, n_repeats=2, random_state=seed)
    report = evaluate(
        model, X, y, groups=groups, cv=cv, scoring="roc_auc", baselines=False, confounds=False,
        random_state=seed,
    )  # fmt: skip
    return report.figures.iloc[0]


DESIGNS = {"held-out people": held_out, "cross-validated": cross_validated}


def intervals(model, X, y, groups, seed):
    """Yield the interval of the AUC in each design."""
    for name, design in DESIGNS.items():
        yield name, design(model, X, y, groups, seed)


def study(seed, class_signal):
    """Yield modalities, design and interval of one simulated study."""
    with tempfile.TemporaryDirectory() as folder, config_context(cache_dir=folder):
        data = simulate_eeg_fmri(**SIZE, class_signal=class_signal, random_state=seed)
        for name, modalities in MODALITIES.items():
            chain = make_chain(modalities)
            for found in intervals(chain, data.X, data.target, data.groups, seed):
                yield name, *found


def noise_study(seed, n_trials=17, n_features=40):
    """Yield design and interval of a classifier on white noise of about the same size."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(SIZE["n_subjects"]), n_trials)
    y = np.concatenate(
        [rng.permutation(np.arange(n_trials) % 2) for _ in range(SIZE["n_subjects"])]
    )
    X = rng.standard_normal((len(y), n_features))
    model = make_pipeline(PCA(10, random_state=0), StandardScaler(), LogisticRegression(C=0.1))
    yield from intervals(model, X, y, groups, seed)


def share_inside(rows):
    """Give the share of intervals that contain chance."""
    return float(np.mean([row.low <= 0.5 <= row.high for row in rows]))


def run(smoke):
    """Yield the figures."""
    n_seeds = 2 if smoke else 100
    found = {(name, design): [] for design in DESIGNS for name in MODALITIES}
    noise = {design: [] for design in DESIGNS}
    for seed in range(n_seeds):
        for name, design, interval in study(seed, 0.0):
            found[name, design].append(interval)
        for design, interval in noise_study(seed):
            noise[design].append(interval)
    for (name, design), rows in found.items():
        inside = share_inside(rows)
        yield {
            "name": f"no class, {name}, {design}",
            "value": inside,
            "unit": "share of intervals with 0.5",
            "seeds": n_seeds,
            "noise": share_inside(noise[design]),
            "auc": float(np.mean([row.estimate for row in rows])),
            "ratio": WANTED / max(inside, 1e-9),
        }
    # three times as strong as by default
    for name, design, interval in study(0, 3.0):
        yield {
            "name": f"a strong class, {name}, {design}",
            "value": interval.estimate,
            "unit": "AUC",
            "low": interval.low,
            "high": interval.high,
        }
