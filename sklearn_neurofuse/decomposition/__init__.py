"""Classical fusion: canonical correlation and independent components over modalities."""

from sklearn_neurofuse.decomposition._cca_joint_ica import CCAJointICA
from sklearn_neurofuse.decomposition._fusion_baseline import fusion_baseline
from sklearn_neurofuse.decomposition._joint_ica import JointICA
from sklearn_neurofuse.decomposition._multimodal_cca import MultimodalCCA
from sklearn_neurofuse.decomposition._parallel_ica import ParallelICA

__all__ = ["CCAJointICA", "JointICA", "MultimodalCCA", "ParallelICA", "fusion_baseline"]
