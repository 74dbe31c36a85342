"""BOLD fMRI: steps from recording to recording, and extractors from recording to samples."""

from sklearn_neurofuse.fmri._affine_files import (
    framewise_displacement,
    motion_affines,
    read_affines,
    read_motion,
    write_affines,
)
from sklearn_neurofuse.fmri._confound_regressor import ConfoundRegressor
from sklearn_neurofuse.fmri._motion_corrector import MotionCorrector
from sklearn_neurofuse.fmri._parcel_connectome import ParcelConnectome
from sklearn_neurofuse.fmri._quality import carpet, tsnr
from sklearn_neurofuse.fmri._run_map import RunMap
from sklearn_neurofuse.fmri._slice_timing_corrector import SliceTimingCorrector
from sklearn_neurofuse.fmri._spatial_smoother import SpatialSmoother
from sklearn_neurofuse.fmri._template_normalizer import TemplateNormalizer
from sklearn_neurofuse.fmri._template_transform import TemplateTransform
from sklearn_neurofuse.fmri._trial_betas import TrialBetas
from sklearn_neurofuse.fmri._volume_window import VolumeWindow

__all__ = [
    "ConfoundRegressor",
    "MotionCorrector",
    "ParcelConnectome",
    "RunMap",
    "SliceTimingCorrector",
    "SpatialSmoother",
    "TemplateNormalizer",
    "TemplateTransform",
    "TrialBetas",
    "VolumeWindow",
    "carpet",
    "framewise_displacement",
    "motion_affines",
    "read_affines",
    "read_motion",
    "tsnr",
    "write_affines",
]
