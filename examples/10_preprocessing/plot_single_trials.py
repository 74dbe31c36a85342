"""
Single trials: a model of the run, or the volumes after each picture?
=====================================================================

Faces and houses in a simulated scanner. The same classifier is given the mean volume some seconds
after each picture, and the response to it that a general linear model of the run finds.
"""

# %%
# Raw recordings
# --------------
# One person, three runs: volumes in which the head moves, with drift, physiology and noise.
from sklearn_neurofuse.datasets import simulate_eeg_fmri

data = simulate_eeg_fmri(
    n_subjects=1,
    n_runs=3,
    n_volumes=150,
    volume_shape=(24, 24, 14),
    n_channels=4,
    sfreq=200.0,
    regime="fmri",
    class_signal=3.0,
    design={"bayes_accuracy": 0.95},
    random_state=0,
)
X, y = data.X["fmri"], data.target
runs = X.recording
X

# %%
# From raw to trials
# ------------------
# Nothing is computed here; the chain runs when samples are taken.
from sklearn.pipeline import make_pipeline

from sklearn_neurofuse.fmri import (
    ConfoundRegressor,
    MotionCorrector,
    SliceTimingCorrector,
    SpatialSmoother,
    TrialBetas,
    VolumeWindow,
)

corrected = make_pipeline(SliceTimingCorrector(), MotionCorrector(), SpatialSmoother(8.0))
X = corrected.fit_transform(X)
window = VolumeWindow(4.0, 8.0, standardize="recording").fit_transform(X)
model = TrialBetas(standardize="recording")
betas = model.fit_transform(ConfoundRegressor(6).fit_transform(X))
window.shape, betas.shape

# %%
# What could not be estimated
# ---------------------------
# Responses that the end of a run cuts off are missing, with a reason.
model.missing_reasons(ConfoundRegressor(6).fit_transform(X))

# %%
# Test on a run that was not trained on
# -------------------------------------
# Trials of one run are coupled by what is common to it, so they stay on one side.
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score

there = window.present & betas.present
classifier = RidgeClassifier(alpha=1e4)
for name, block in {"mean volume": window, "model of each trial": betas}.items():
    flat = block.data[there].reshape(there.sum(), -1)
    scores = cross_val_score(classifier, flat, y[there], groups=runs[there], cv=LeaveOneGroupOut())
    print(f"{name:20} accuracy {scores.mean():.2f}")

# %%
# The answer
# ----------
# Both tell faces from houses in a run that was never trained on, and here about as well as each
# other. They differ in what they stand for: the mean volume after one picture holds the end of the
# response to the one before, and drift, and motion; the model takes these apart, says which
# trials it cannot estimate, and gives t values or percent of signal change. Both are one step, so
# that a search can choose between them.
