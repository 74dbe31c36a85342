"""Errors and warnings of this package.

Bad parameters and bad data raise the built-in TypeError and ValueError, an estimator that is not
fitted scikit-learn's NotFittedError. Only what has no such name is here.
"""

__all__ = [
    "CacheWarning",
    "ClosedGateWarning",
    "FlattenedInputWarning",
    "MissingSamplesWarning",
    "RecordingError",
]


class RecordingError(ValueError):
    """A step failed on a recording; the message names both, the cause is chained."""


class MissingSamplesWarning(UserWarning):
    """Samples could not be taken from a recording and became a missing modality."""


class CacheWarning(UserWarning):
    """A remembered result was damaged or could not be written."""


class FlattenedInputWarning(UserWarning):
    """A wide matrix without a layout is taken for one modality of plain features."""


class ClosedGateWarning(UserWarning):
    """Attention was asked of networks that have no say, because the decision is linear."""
