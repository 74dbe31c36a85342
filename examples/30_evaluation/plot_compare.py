"""
Does fusion help?
=================

Two modalities seem to be worth more than one. Whether they are is a question about the difference
of two models on the same folds, which share their training people; and differences can be too
small to matter. Here models are compared on data whose answer is known.
"""

# %%
# A class in both modalities
# --------------------------
# A hundred and twenty trials of twelve people; either modality tells some of the class.
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold, compare

data = make_multimodal_classification(
    120, regime="both", bayes_accuracy=0.9, n_subjects=12, volume_shape=(10, 12, 10),
    n_channels=12, n_times=60, sfreq=100.0, random_state=0,
)  # fmt: skip


def fused(n_components):
    """Few components of each modality, side by side."""
    each = make_modality_transformer(
        fmri=make_pipeline(StandardScaler(), PCA(n_components, random_state=0)),
        eeg=make_pipeline(StandardScaler(), PCA(n_components, random_state=0)),
    )
    return make_pipeline(each, StandardScaler(), LogisticRegression(C=0.1))


# %%
# On the same folds
# -----------------
# The majority vote, a linear model of each modality and one of both are added by themselves.
models = {"5 components": fused(5), "20 components": fused(20)}
cv = RepeatedStratifiedGroupKFold(4, n_repeats=3, random_state=0)
found = compare(
    models, data.X, data.target, groups=data.groups, cv=cv, scoring="f1", random_state=0
)
print(found.answer)

# %%
found.plot()

# %%
# Each interval is that of one model by itself. For a difference they are far too cautious: the
# models err on the same people. The difference has an interval of its own, corrected for the
# training people that folds share, and posterior probabilities of being better, practically the
# same (here within .01 of ROC AUC) or worse.
found.plot("differences")

# %%
found.pairs[["model", "other", "difference", "low", "high", "p_better", "p_equivalent"]].round(2)

# %%
# What it costs
# -------------
found.costs.round(3)

# %%
# The answer stands in ``found.answer``, with its uncertainty: a difference has to be larger than
# what folds vary by, and than what matters, before fusion is said to help.
