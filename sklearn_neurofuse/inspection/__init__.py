"""Why a decision was made: attention, local surrogates, shares of modalities, alignment."""

from sklearn_neurofuse.inspection._explanation import Explanation
from sklearn_neurofuse.inspection._lime import lime_explanation
from sklearn_neurofuse.inspection._modality_share import modality_share

__all__ = ["Explanation", "lime_explanation", "modality_share"]
