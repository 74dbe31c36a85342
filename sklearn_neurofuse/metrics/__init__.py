"""Metrics: pure functions of labels, predictions and scores."""

from sklearn_neurofuse.metrics._bootstrap import bootstrap_interval
from sklearn_neurofuse.metrics._criteria import clinical_criteria
from sklearn_neurofuse.metrics._posterior import balanced_accuracy_posterior
from sklearn_neurofuse.metrics._powers import informedness_score, markedness_score

__all__ = [
    "balanced_accuracy_posterior",
    "bootstrap_interval",
    "clinical_criteria",
    "informedness_score",
    "markedness_score",
]
