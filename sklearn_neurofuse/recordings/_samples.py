"""`Samples`: what an extractor takes from one recording."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of one recording.

    Parameters
    ----------
    data : ndarray of shape (n_samples, ...)
        Floating numbers. A sample that cannot be estimated is all NaN.
    space : VolumeSpace, SensorSpace, ConnectomeSpace or None, default=None
        What the numbers mean; the same for every recording.
    reasons : dict of int to str, default={}
        Why a sample is missing, by its row.
    feature_names : tuple of str, default=None
        Names of the columns of plain features.

    Raises
    ------
    ValueError
        If the data have fewer than two axes.
    """

    data: np.ndarray
    space: object = None
    reasons: dict = field(default_factory=dict)
    feature_names: tuple | None = None

    def __post_init__(self):
        if self.data.ndim < 2 or not np.issubdtype(self.data.dtype, np.floating):
            raise ValueError(
                "Samples: data must be floating numbers of shape (n_samples, ...), got shape "
                f"{self.data.shape} of {self.data.dtype}"
            )
