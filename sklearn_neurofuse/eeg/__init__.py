"""EEG: steps from recording to recording, and extractors from recording to samples."""

from sklearn_neurofuse.eeg._epocher import Epocher
from sklearn_neurofuse.eeg._frequency_filter import FrequencyFilter

__all__ = ["Epocher", "FrequencyFilter"]
