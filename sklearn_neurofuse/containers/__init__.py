"""The multimodal ``X``: samples by modalities, and what the numbers of each modality mean."""

from sklearn_neurofuse.containers._base import AbstractBlock
from sklearn_neurofuse.containers._block import Block
from sklearn_neurofuse.containers._connectome_space import ConnectomeSpace
from sklearn_neurofuse.containers._layout import Layout
from sklearn_neurofuse.containers._multimodal import Multimodal
from sklearn_neurofuse.containers._sensor_space import SensorSpace
from sklearn_neurofuse.containers._volume_space import VolumeSpace

__all__ = [
    "AbstractBlock",
    "Block",
    "ConnectomeSpace",
    "Layout",
    "Multimodal",
    "SensorSpace",
    "VolumeSpace",
]
