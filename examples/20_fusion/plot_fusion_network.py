"""
When does a fusion network beat a linear model?
===============================================

A class is planted in four places: the volumes, the epochs, both, or their conjunction only. A
linear model and a fusion network learn from the same samples of each, and are held against the best
that is possible.
"""

# %%
# Four places for a class
# -----------------------
# In the conjunction each modality alone is a coin toss: the class is whether the sign of a blob in
# the volume and the sign of a wave in the epoch agree.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.neural_network import FusionClassifier


def draw(regime):
    """Draw small volumes and epochs, the first 200 of them to learn from."""
    return make_multimodal_classification(
        700,
        regime=regime,
        volume_shape=(12, 14, 12),
        n_channels=16,
        n_times=100,
        sfreq=100.0,
        random_state=0,
    )


# %%
# Linear model and network
# ------------------------
# The network has a linear model inside, and a gate: what its networks add counts only if it was
# shown to help on samples that they were not trained on.
regimes = ["fmri", "eeg", "both", "conjunction"]
accuracies = {"linear": [], "network": [], "best possible": []}
gates = []
for regime in regimes:
    data = draw(regime)
    train, test = slice(0, 200), slice(200, None)
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=1e-4, max_iter=1000))
    network = FusionClassifier(random_state=0)
    for name, model in (("linear", linear), ("network", network)):
        model.fit(data.X[train], data.target[train])
        accuracies[name].append(model.score(data.X[test], data.target[test]))
    accuracies["best possible"].append(data.bayes_accuracy)
    gates.append(network.gate_)

# %%
# Accuracy on new samples
# -----------------------
figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
for i, (name, values) in enumerate(accuracies.items()):
    ax.bar(np.arange(4) + 0.27 * (i - 1), values, 0.25, label=name)
ax.axhline(0.5, color="grey", linewidth=0.5)
ax.set(xticks=range(4), xticklabels=regimes, ylim=(0.4, 1.0), ylabel="accuracy")
ax.legend(loc="lower left")

# %%
# The gate
# --------
# It is open where a linear model knows nothing, and closed where it says it all.
for regime, gate in zip(regimes, gates, strict=True):
    print(f"{regime}: {'closed' if gate == 0 else f'open, weight {gate:g}'}")

# %%
# The answer: in the conjunction. Elsewhere the network is a well-tuned linear model, which weighs
# the modalities by what they are worth.
