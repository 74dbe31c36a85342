"""Metrics: pure functions of labels, predictions and scores."""

from sklearn_neurofuse.metrics._bootstrap import bootstrap_interval

__all__ = ["bootstrap_interval"]
