"""
How sure are the figures?
=========================

Two models on the same people: precision and recall over all thresholds, the posterior of
balanced accuracy, and where in the brain the classes differ at a corrected threshold.
"""

# %%
# Out-of-fold predictions
# -----------------------
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.compose import ModalitySelector
from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.metrics import balanced_accuracy_posterior
from sklearn_neurofuse.plotting import plot_group_map, plot_posterior, plot_precision_recall

data = make_multimodal_classification(
    200,
    bayes_accuracy=0.85,
    n_subjects=25,
    volume_shape=(16, 18, 16),
    n_channels=16,
    n_times=100,
    sfreq=100.0,
    random_state=0,
)
scores = {}
for names in (["fmri", "eeg"], ["eeg"]):
    model = make_pipeline(ModalitySelector(names), StandardScaler(), LogisticRegression(C=0.001))
    probability = cross_val_predict(
        model,
        data.X,
        data.target,
        groups=data.groups,
        cv=StratifiedGroupKFold(5),
        method="predict_proba",
    )
    scores[" + ".join(names)] = probability[:, 1]

# %%
# Precision and recall
# --------------------
# The corner where both reach .80 is what a clinic may ask for.
plot_precision_recall(data.target, scores)

# %%
# Posterior of balanced accuracy
# ------------------------------
# Trials of one person are not independent, which widens the interval.
posteriors = {
    name: balanced_accuracy_posterior(data.target, (score > 0.5).astype(int), groups=data.groups)
    for name, score in scores.items()
}
plot_posterior(posteriors)
print({name: round(float(posterior.sf(0.5)), 4) for name, posterior in posteriors.items()})

# %%
# Where the classes differ
# ------------------------
# One map for each person, tested against zero over people.
plot_group_map(data.X["fmri"], data.target, groups=data.groups, mode="ortho")
print("planted at", np.round(data.location), "mm")
