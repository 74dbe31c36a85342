"""Pictures: functions of an object that return what can be changed further and never show it."""

from sklearn_neurofuse.plotting._alignment import plot_alignment
from sklearn_neurofuse.plotting._artifact_spectrum import plot_artifact_spectrum
from sklearn_neurofuse.plotting._attention import plot_attention
from sklearn_neurofuse.plotting._brain import plot_brain_3d, plot_heatmap
from sklearn_neurofuse.plotting._connectome import plot_connectome
from sklearn_neurofuse.plotting._explanation import plot_explanation
from sklearn_neurofuse.plotting._group_map import plot_group_map
from sklearn_neurofuse.plotting._lag_curve import plot_lag_curve
from sklearn_neurofuse.plotting._motion import plot_motion
from sklearn_neurofuse.plotting._posterior import plot_posterior
from sklearn_neurofuse.plotting._precision_recall import plot_precision_recall
from sklearn_neurofuse.plotting._topography import plot_topography

__all__ = [
    "plot_alignment",
    "plot_artifact_spectrum",
    "plot_attention",
    "plot_brain_3d",
    "plot_connectome",
    "plot_explanation",
    "plot_group_map",
    "plot_heatmap",
    "plot_lag_curve",
    "plot_motion",
    "plot_posterior",
    "plot_precision_recall",
    "plot_topography",
]
