"""The building blocks as plain `torch.nn` modules, each usable alone or with skorch."""

from sklearn_neurofuse.neural_network.modules._attention_fusion import AttentionFusion
from sklearn_neurofuse.neural_network.modules._concat_fusion import ConcatFusion
from sklearn_neurofuse.neural_network.modules._feature_encoder import FeatureEncoder
from sklearn_neurofuse.neural_network.modules._fusion_net import FusionNet
from sklearn_neurofuse.neural_network.modules._product_path import ProductPath
from sklearn_neurofuse.neural_network.modules._pyramid_fusion import PyramidFusion
from sklearn_neurofuse.neural_network.modules._sequence_encoder import SequenceEncoder
from sklearn_neurofuse.neural_network.modules._volume_encoder import VolumeEncoder

__all__ = [
    "AttentionFusion",
    "ConcatFusion",
    "FeatureEncoder",
    "FusionNet",
    "ProductPath",
    "PyramidFusion",
    "SequenceEncoder",
    "VolumeEncoder",
]
