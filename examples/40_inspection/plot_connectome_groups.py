"""
Which connections differ between two groups?
============================================

Connectomes of two groups of people, in which connections of one network differ. Permutation tells
which edges are significant, edge by edge and as a network; the graph shows strength and
significance.
"""

# %%
# Two groups
# ----------
# Regions of the atlas of Dosenbach et al. (2010), whose coordinates and networks come with nilearn.
# In the second group half of the connections within the default network are stronger.
import matplotlib.pyplot as plt
import numpy as np
from nilearn.datasets import fetch_coords_dosenbach_2010

from sklearn_neurofuse.containers import Block, ConnectomeSpace
from sklearn_neurofuse.inspection import connectome_difference
from sklearn_neurofuse.plotting import plot_connectome

atlas = fetch_coords_dosenbach_2010()
chosen = np.arange(0, 160, 2)
networks = [str(atlas.networks[i]) for i in chosen]
places = np.array([list(atlas.rois.iloc[i]) for i in chosen])
space = ConnectomeSpace([f"r{i}" for i in chosen], coordinates=places, networks=networks)

rng = np.random.default_rng(0)
group = np.repeat([0, 1], 20)
edges = 0.2 * rng.normal(size=(40, space.n_edges))
inside = np.array([networks[a] == networks[b] == "default" for a, b in space.edges])
planted = inside & (rng.uniform(size=space.n_edges) < 0.5)
edges[:, planted] += 0.22 * group[:, None]
block = Block(edges, space)

# %%
# Edge by edge, or as a network
# -----------------------------
# The false discovery rate asks much of each of 3160 edges. The network-based statistic asks whether
# so many neighbouring edges would stand out together by chance.
for correction in ("fdr", "nbs"):
    found = connectome_difference(block, group, correction=correction, random_state=0)
    hits = found.p_values < 0.05
    told = f"{hits[planted].sum()} of {planted.sum()} planted, {hits[~planted].sum()} more"
    print(f"{correction}: {told}")

# %%
# In the head
# -----------
# Only significant edges are shown; colour and thickness are the difference.
options = {"space": space, "p_values": found.p_values, "label": "difference of r"}
plot_connectome(found.difference, title="second minus first group", **options)

# %%
# Around a circle, and between networks
# -------------------------------------
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
plot_connectome(found.difference, kind="circle", ax=left, **options)
plot_connectome(found.difference, space=space, kind="networks", label="difference of r", ax=right)
