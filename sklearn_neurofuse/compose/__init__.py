"""Composite estimators over the modalities of a `Multimodal`."""

from sklearn_neurofuse.compose._from_flat import FromFlat
from sklearn_neurofuse.compose._make import make_modality_transformer
from sklearn_neurofuse.compose._modality_sampler import ModalitySampler
from sklearn_neurofuse.compose._modality_selector import ModalitySelector
from sklearn_neurofuse.compose._modality_transformer import ModalityTransformer

__all__ = [
    "FromFlat",
    "ModalitySampler",
    "ModalitySelector",
    "ModalityTransformer",
    "make_modality_transformer",
]
