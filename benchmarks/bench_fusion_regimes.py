"""The fusion networks against linear models, decompositions, stacking, boosting on planted data.

Volumes of 24x28x24 and EEG of 32x250 with a class in the volumes alone, in EEG alone, in both, or
in their conjunction only, from `make_multimodal_classification`. Each row is one method in one
setting: accuracy on 2,000 test samples (balanced accuracy where classes are unequal), its standard
error over seeds with a 95 % t interval, and ``gain``, the share of what can be gained, (accuracy -
.5) / (Bayes - .5). ``value`` and ``peer`` compare with the best method that is no network of this
package, ``ratio`` is our error over its error.

The grid is long, so parts of it are chosen by environment variables, lists split by commas:

NEUROFUSE_REGIMES
    Of ``fmri``, ``eeg``, ``both``, ``conjunction``; default all.
NEUROFUSE_VARIANTS
    Of ``plain``, ``nuisance`` (a dozen strong class-free patterns in each modality), ``.80`` and
    ``.70`` (Bayes accuracy), ``subjects10``, ``subjects40`` (random effects, split by subject),
    ``unequal`` (classes 20/80), ``missing`` (30 % of samples lack a modality; the row
    ``attention, complete`` is trained without them); default ``plain,nuisance``.
NEUROFUSE_SIZES
    Numbers of training samples; default ``100,300,1000``.
NEUROFUSE_SEEDS
    Number of seeds; default 5.
NEUROFUSE_METHODS
    Names of methods as printed; default all. ``ablations`` adds the network without each part.
"""

import os
import time

import numpy as np
from scipy import stats
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, StackingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.compose import ModalitySelector, make_modality_transformer
from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.decomposition import fusion_baseline
from sklearn_neurofuse.neural_network import FusionClassifier

N_TEST = 2000
NETWORKS = ("attention", "concat", "pyramid")
PARTS = ("linear", "components", "encoders", "products")
VARIANTS = {
    "plain": {},
    "nuisance": {"n_nuisance": 12},
    ".80": {"bayes_accuracy": 0.8},
    ".70": {"bayes_accuracy": 0.7},
    "subjects10": {"n_subjects": 10},
    "subjects40": {"n_subjects": 40},
    "unequal": {"weights": (0.8, 0.2)},
    "missing": {"missing": 0.3},
}


def chosen(name, default):
    """Read a list from an environment variable."""
    text = os.environ.get(f"NEUROFUSE_{name}")
    return default if not text else text.split(",")


def penalised():
    """Make a logistic regression with its penalty by cross-validation.

    On all principal components it is the one on all features, and far cheaper.
    """
    fill = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    search = LogisticRegressionCV(
        Cs=np.logspace(-6, 0, 7),
        cv=5,
        max_iter=300,
        l1_ratios=(0.0,),
        scoring="neg_log_loss",
        use_legacy_attributes=False,
    )
    return make_pipeline(StandardScaler(), fill, PCA(random_state=0), search)


def boosted():
    """Make boosted trees on principal components of each modality."""
    fill = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    scores = make_pipeline(StandardScaler(), fill, PCA(20, random_state=0))
    return make_pipeline(
        make_modality_transformer(fmri=scores, eeg=clone(scores)),
        HistGradientBoostingClassifier(random_state=0),
    )


def methods():
    """Give every method by name."""
    alone = {name: make_pipeline(ModalitySelector(name), penalised()) for name in ("fmri", "eeg")}
    names = ("fmri", "eeg")
    made = {name: FusionClassifier(name, random_state=0) for name in NETWORKS}
    made["linear fmri"], made["linear eeg"] = alone["fmri"], alone["eeg"]
    made["linear both"] = penalised()
    made["stacking"] = StackingClassifier([(n, clone(each)) for n, each in alone.items()])
    made["cca"] = fusion_baseline("cca", names, random_state=0)
    made["jica"] = fusion_baseline("jica", names, n_components=10, random_state=0)
    made["boosting"] = boosted()
    wanted = chosen("METHODS", list(made))
    if "ablations" in wanted:
        made |= ablations()
        wanted = [name for name in wanted if name != "ablations"] + list(ablations())
    return {name: made[name] for name in wanted}


def ablations():
    """Give the network without each of its parts."""
    without = {
        f"attention, without {part}": FusionClassifier(
            parts=tuple(other for other in PARTS if other != part), random_state=0
        )
        for part in PARTS
    }
    without["attention, one member"] = FusionClassifier(n_members=1, random_state=0)
    return without


def draw(regime, variant, n_train, seed, smoke):
    """Draw training and test samples; of subjects, others are tested."""
    settings = dict(VARIANTS[variant])
    n_test = 200 if smoke else N_TEST
    n_subjects = settings.pop("n_subjects", None)
    if n_subjects:
        settings["n_subjects"] = n_subjects + round(n_test * n_subjects / n_train)
    if smoke:
        settings |= {"volume_shape": (8, 9, 8), "n_channels": 8, "n_times": 50, "sfreq": 100.0}
    data = make_multimodal_classification(
        n_train + n_test, regime=regime, random_state=seed, **settings
    )
    if not n_subjects:
        return data, np.arange(n_train), np.arange(n_train, n_train + n_test)
    train = np.flatnonzero(data.groups < n_subjects)
    return data, train, np.flatnonzero(data.groups >= n_subjects)


def fit_score(model, data, train, test, grouped):
    """Fit one method; give its balanced accuracy and the time that it took."""
    start = time.process_time()
    asks = grouped and isinstance(model, FusionClassifier)
    groups = {"groups": data.groups[train]} if asks else {}
    model = clone(model).fit(data.X[train], data.target[train], **groups)
    seconds = time.process_time() - start
    return balanced_accuracy_score(data.target[test], model.predict(data.X[test])), seconds


def score_all(models, regime, variant, n_train, seed, smoke):
    """Score every method on the same samples."""
    data, train, test = draw(regime, variant, n_train, seed, smoke)
    grouped = variant.startswith("subjects")
    scores, bayes = {}, data.bayes_balanced_accuracy
    for name, model in models.items():
        if variant == "missing" and name in ("cca", "jica"):
            continue  # they need complete samples
        scores[name] = fit_score(model, data, train, test, grouped)
    if variant == "missing" and "attention" in models:
        complete = train[data.X[train].present.all(axis=1)]
        scores["attention, complete"] = fit_score(models["attention"], data, complete, test, False)
    return scores, bayes


def run(smoke):
    """Yield the figures."""
    regimes = chosen(
        "REGIMES", ["conjunction"] if smoke else ["fmri", "eeg", "both", "conjunction"]
    )
    variants = chosen("VARIANTS", ["plain"] if smoke else ["plain", "nuisance"])
    sizes = [int(n) for n in chosen("SIZES", ["60"] if smoke else ["100", "300", "1000"])]
    n_seeds = int(chosen("SEEDS", ["1" if smoke else "5"])[0])
    models = methods()
    for variant in variants:
        for regime in regimes:
            for n_train in sizes:
                seeds = [
                    score_all(models, regime, variant, n_train, seed, smoke)
                    for seed in range(n_seeds)
                ]
                yield from tell(regime, variant, n_train, seeds)


def tell(regime, variant, n_train, seeds):
    """Yield a row for each method."""
    bayes = np.array([limit for _, limit in seeds])
    accuracies = {name: np.array([scores[name][0] for scores, _ in seeds]) for name in seeds[0][0]}
    peers = {name: a for name, a in accuracies.items() if not name.startswith(NETWORKS)}
    best = max(peers, key=lambda name: peers[name].mean()) if peers else None
    for name, accuracy in accuracies.items():
        half = np.nan
        if len(accuracy) > 1:
            half = stats.sem(accuracy) * stats.t.ppf(0.975, len(accuracy) - 1)
        row = {
            "name": f"{regime}, {variant}, n={n_train}, {name}",
            "value": float(accuracy.mean()),
            "seeds": len(accuracy),
            "interval": float(half),
            "bayes": float(bayes.mean()),
            "gain": float(np.mean((accuracy - 0.5) / (bayes - 0.5))),
            "cpu_s": float(np.mean([scores[name][1] for scores, _ in seeds])),
        }
        if best and name.startswith(NETWORKS):
            peer = float(peers[best].mean())
            row |= {"best": best, "peer": peer, "ratio": (1 - row["value"]) / (1 - peer)}
        yield row
