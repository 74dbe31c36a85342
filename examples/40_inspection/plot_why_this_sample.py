"""
Why was this sample classified so?
==================================

A local surrogate takes parts of one sample away (parcels of the volume, groups of channels in
windows of time) and tells how each changes the probability of the class. Any classifier with
``predict_proba`` will do.
"""

# %%
# A model and a sample
# --------------------
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.inspection import lime_explanation
from sklearn_neurofuse.plotting import plot_explanation, plot_heatmap, plot_topography

data = make_multimodal_classification(
    300, volume_shape=(16, 18, 16), n_channels=32, n_times=100, sfreq=100.0, random_state=0
)
model = make_pipeline(StandardScaler(), LogisticRegression(C=0.001))
model.fit(data.X[:250], data.target[:250])

# %%
# The explanation
# ---------------
# Where no atlas is given, supervoxels are made. Bars show the standard deviation over repeats; R²
# says how far a linear surrogate can be believed.
explanation = lime_explanation(model, data.X, 260, random_state=0)
print(explanation)
plot_explanation(explanation, n_units=10)

# %%
# The same as a table, for whatever comes next.
explanation.to_frame().head()

# %%
# On the brain and on the scalp
# -----------------------------
# Warm is for the class, cool against it.
plot_heatmap(explanation, label="change of probability")

# %%
plot_topography(explanation, label="change of probability")
