"""EEG: steps from recording to recording, and extractors from recording to samples."""

from sklearn_neurofuse.eeg._band_power import BandPower
from sklearn_neurofuse.eeg._carbon_wire_regressor import CarbonWireRegressor
from sklearn_neurofuse.eeg._channel_interpolator import ChannelInterpolator
from sklearn_neurofuse.eeg._epocher import Epocher
from sklearn_neurofuse.eeg._evoked_average import EvokedAverage
from sklearn_neurofuse.eeg._frequency_filter import FrequencyFilter
from sklearn_neurofuse.eeg._gradient_artifact_remover import GradientArtifactRemover
from sklearn_neurofuse.eeg._gradient_stream import GradientStream
from sklearn_neurofuse.eeg._ica_artifact_remover import ICAArtifactRemover
from sklearn_neurofuse.eeg._pulse_artifact_remover import PulseArtifactRemover
from sklearn_neurofuse.eeg._rereferencer import Rereferencer
from sklearn_neurofuse.eeg._resampler import Resampler
from sklearn_neurofuse.eeg._sensor_connectome import SensorConnectome

__all__ = [
    "BandPower",
    "CarbonWireRegressor",
    "ChannelInterpolator",
    "Epocher",
    "EvokedAverage",
    "FrequencyFilter",
    "GradientArtifactRemover",
    "GradientStream",
    "ICAArtifactRemover",
    "PulseArtifactRemover",
    "Rereferencer",
    "Resampler",
    "SensorConnectome",
]
