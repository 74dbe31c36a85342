"""Networks that fuse modalities, on top of a linear model and no worse than it."""

from sklearn_neurofuse.neural_network._fusion_classifier import FusionClassifier
from sklearn_neurofuse.neural_network._fusion_regressor import FusionRegressor

__all__ = ["FusionClassifier", "FusionRegressor"]
