"""Evaluation: splits that keep groups together, baselines that stand beside, intervals."""

from sklearn_neurofuse.model_selection._repeated_split import RepeatedStratifiedGroupKFold

__all__ = ["RepeatedStratifiedGroupKFold"]
