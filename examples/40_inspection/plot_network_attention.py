"""
Where does the network look?
============================

A class is planted in the conjunction of a blob in the volumes and a wave in the epochs: neither
modality alone tells it. The attention of the fusion network, mapped back on voxels and times, shows
where it found both.
"""

# %%
# A network fitted to a conjunction
# ---------------------------------
from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.inspection import attention_maps, modality_share
from sklearn_neurofuse.neural_network import FusionClassifier
from sklearn_neurofuse.plotting import plot_attention, plot_brain_3d, plot_heatmap

data = make_multimodal_classification(
    300,
    regime="conjunction",
    volume_shape=(16, 18, 16),
    n_channels=16,
    n_times=100,
    sfreq=100.0,
    random_state=0,
)
train, test = slice(0, 220), slice(220, None)
model = FusionClassifier(random_state=0).fit(data.X[train], data.target[train])
print(f"accuracy on new samples: {model.score(data.X[test], data.target[test]):.2f}")

# %%
# Attention
# ---------
# One figure for both modalities; the planted blob and wave are where the attention is.
maps = attention_maps(model, data.X[test])
plot_attention(maps, target=data.target[test], target_names=data.target_names)
print(f"planted at {data.location.round()} mm, from {data.interval[0]:.2f} s on")

# %%
# On the brain
# ------------
# The same map on the template, and on the cortex. The page can be turned in a browser.
plot_heatmap(maps.to_nifti(), threshold="95%", label="% of attention")

# %%
plot_brain_3d(maps.to_nifti(), threshold="90%", label="% of attention")

# %%
# Does it matter?
# ---------------
# Attention says where the network looks, a permutation what it loses without: here both modalities
# are needed, and share evenly.
print(modality_share(model, data.X[test], data.target[test], random_state=0))
