"""BOLD fMRI: steps from recording to recording, and extractors from recording to samples."""

from sklearn_neurofuse.fmri._spatial_smoother import SpatialSmoother
from sklearn_neurofuse.fmri._volume_window import VolumeWindow

__all__ = ["SpatialSmoother", "VolumeWindow"]
