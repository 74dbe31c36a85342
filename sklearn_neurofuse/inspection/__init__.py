"""Why a decision was made: attention, local surrogates, shares of modalities, alignment."""

from sklearn_neurofuse.inspection._attention import AttentionMaps, attention_maps
from sklearn_neurofuse.inspection._band_power_map import BandPowerMap
from sklearn_neurofuse.inspection._connectome_difference import connectome_difference
from sklearn_neurofuse.inspection._decision_pattern import decision_pattern
from sklearn_neurofuse.inspection._eeg_regressor import eeg_regressor
from sklearn_neurofuse.inspection._explanation import Explanation
from sklearn_neurofuse.inspection._lag_search import lag_search
from sklearn_neurofuse.inspection._lime import lime_explanation
from sklearn_neurofuse.inspection._modality_share import modality_share

__all__ = [
    "AttentionMaps",
    "BandPowerMap",
    "Explanation",
    "attention_maps",
    "connectome_difference",
    "decision_pattern",
    "eeg_regressor",
    "lag_search",
    "lime_explanation",
    "modality_share",
]
