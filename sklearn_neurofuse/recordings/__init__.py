"""Continuous recordings, the steps done to them, and the cache of what was done."""

from sklearn_neurofuse.recordings._bold_run import BoldRun
from sklearn_neurofuse.recordings._cache import Store
from sklearn_neurofuse.recordings._config import config_context, get_config, set_config
from sklearn_neurofuse.recordings._events import check_onsets
from sklearn_neurofuse.recordings._recording_transformer import RecordingTransformer
from sklearn_neurofuse.recordings._recordings import Recordings
from sklearn_neurofuse.recordings._sample_extractor import SampleExtractor
from sklearn_neurofuse.recordings._samples import Samples

__all__ = [
    "BoldRun",
    "RecordingTransformer",
    "Recordings",
    "SampleExtractor",
    "Samples",
    "Store",
    "check_onsets",
    "config_context",
    "get_config",
    "set_config",
]
