"""
Can this accuracy be believed?
==============================

A classifier tells patients from controls with an accuracy of .9. Whether a clinician may believe it
depends on who was held out, on how many people there were, and on what else tells the two apart.
Here a data set is made in which head motion does, and the report is asked.
"""

# %%
# Twenty-four people, ten recordings each
# ---------------------------------------
# The diagnosis is a property of the person. Patients have a weak pattern of their own in their EEG;
# and they move more, which leaks into every channel.
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.model_selection import ConfoundResidualizer, evaluate

rng = np.random.default_rng(1)
people = np.repeat(np.arange(24), 10)
is_patient = people % 2 == 1
y = np.where(is_patient, "patient", "control")
motion = np.exp(0.4 * rng.normal(size=24)[people] + 0.9 * is_patient + 0.3 * rng.normal(size=240))
own = rng.normal(size=(24, 30))[people]
pattern = 0.25 * is_patient[:, None] * rng.normal(size=30)
eeg = own + pattern + 0.8 * motion[:, None] + 2 * rng.normal(size=(240, 30))

# %%
# What the report says
# --------------------
# Whole people are held out, and people are judged, not recordings. The same folds are given to the
# confounds alone.
model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
confounds = pd.DataFrame({"motion": motion})
report = evaluate(
    model, eeg, y, groups=people, pos_label="patient", confounds=confounds, random_state=0
)
for said in report.statements:
    print(f"{said.kind}: {said.text}\n")

# %%
# The figures, each with its interval, come as a table; ``report.to_html("report.html")`` writes
# them with pictures as one page that can be sent to anybody.
report.to_frame().query("part == 'figures'")[["metric", "estimate", "low", "high"]].round(2)

# %%
report.plot("confounds")

# %%
# Without what motion explains
# ----------------------------
# A step that takes out of every channel what the confound explains, fitted on the training people
# of each fold, shows what is left.
X = Multimodal(eeg=eeg, confounds=confounds)
cleaned = evaluate(
    make_pipeline(ConfoundResidualizer(), model), X, y, groups=people, pos_label="patient",
    confounds=confounds, random_state=0,
)  # fmt: skip
for name, found in (("as it is", report), ("without motion", cleaned)):
    low, high = found.posterior.interval(0.95)
    print(f"{name}: balanced accuracy {found.posterior.mean():.2f} [{low:.2f}, {high:.2f}]")

# %%
# The answer: not as it stands. Motion alone does as well, and little is left once it is taken out.
