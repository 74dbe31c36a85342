"""
Which filter, and how much smoothing?
=====================================

How far to smooth the images and where to cut slow drifts of the EEG is mostly custom. Both are
parameters of a pipeline here, so cross-validation over people can answer for the data at hand. A
recording is processed once for each setting and not once for each fold, which makes that cheap.
"""

# %%
# Five people in the scanner
# --------------------------
# Trials show faces or houses, and each modality knows a part of it. The EEG comes without the
# artefacts of the scanner, which other steps would remove.
import tempfile
import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline

import sklearn_neurofuse as nf
from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.eeg import Epocher, FrequencyFilter
from sklearn_neurofuse.fmri import SpatialSmoother, VolumeWindow

# for this example alone; usually results stay in the user's cache folder
folder = tempfile.TemporaryDirectory()
nf.set_config(cache_dir=folder.name)
data = simulate_eeg_fmri(
    n_subjects=5,
    n_volumes=120,
    volume_shape=(24, 24, 12),
    n_channels=16,
    sfreq=250,
    eeg={"gradient": False, "pulse": False, "motion": False},
    design={"bayes_accuracy": 0.8},
    random_state=0,
)
print(data.X["eeg"], data.X["fmri"], sep="\n")

# %%
# Steps on recordings are steps of a pipeline
# -------------------------------------------
# Nothing is computed until the extractors, Epocher and VolumeWindow, take the samples. Each scales
# its samples within a person, without labels, because amplitudes differ from head to head.
model = make_pipeline(
    make_modality_transformer(
        eeg=make_pipeline(FrequencyFilter(h_freq=20.0), Epocher(standardize="subject")),
        fmri=make_pipeline(SpatialSmoother(), VolumeWindow(standardize="subject")),
    ),
    LogisticRegression(C=1e-4),
)
low_edges, widths = [0.05, 0.2, 1.0, 2.0], [None, 8.0, 12.0, 18.0]
grid = {
    "modalitytransformer__eeg__frequencyfilter__l_freq": low_edges,
    "modalitytransformer__fmri__spatialsmoother__fwhm": widths,
}
search = GridSearchCV(model, grid, scoring="roc_auc", cv=LeaveOneGroupOut(), error_score="raise")
start = time.perf_counter()
search.fit(data.X, data.target, groups=data.groups)
taken = time.perf_counter() - start

# %%
# What it cost
# ------------
# 16 settings in five folds call each branch 160 times. Each recording was filtered four times and
# smoothed four times, once for each value.
fits = len(search.cv_results_["params"]) * search.n_splits_
print(f"{fits} fits in {taken:.1f} s; {len(low_edges) + len(widths)} passes over each person")

# %%
# The surface
# -----------
# The score of people whose trials the model has not seen. Differences are worth as much as their
# spread over people: a search that is to be reported belongs inside an outer cross-validation.
scores = search.cv_results_["mean_test_score"].reshape(len(low_edges), len(widths))
figure, ax = plt.subplots(figsize=(6, 4.2), layout="constrained")
image = ax.imshow(scores, origin="lower", cmap="viridis", aspect="auto")
ax.set(
    xticks=np.arange(len(widths)),
    xticklabels=["none" if width is None else f"{width:g}" for width in widths],
    yticks=np.arange(len(low_edges)),
    yticklabels=[f"{edge:g}" for edge in low_edges],
    xlabel="smoothing of the volumes, FWHM in mm",
    ylabel="low edge of the EEG filter in Hz",
    title="ROC AUC for people who were left out",
)
row, column = np.unravel_index(scores.argmax(), scores.shape)
ax.plot(column, row, marker="*", markersize=16, color="white")
middle = (scores.min() + scores.max()) / 2
for (i, j), score in np.ndenumerate(scores):
    if (i, j) != (row, column):
        colour = "white" if score < middle else "black"
        ax.text(j, i, f"{score:.2f}".lstrip("0"), ha="center", va="center", color=colour)
figure.colorbar(image, label="ROC AUC")
spread = search.cv_results_["std_test_score"][search.best_index_]
print(f"best {search.best_score_:.2f}, standard deviation over people {spread:.2f}")
folder.cleanup()
