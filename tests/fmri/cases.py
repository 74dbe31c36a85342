"""The estimators of `fmri` for `tests/contract.py`."""

import nibabel as nib
import numpy as np

from sklearn_neurofuse.fmri import SpatialSmoother, VolumeWindow
from tests.contract import Case
from tests.recordings.samples import make_bold_trials
from tests.samples import AFFINE

_MASK = np.zeros((6, 5, 4), dtype=np.uint8)
_MASK[1:4, 1:4, 1:3] = 1

CASES = [
    Case(estimator=SpatialSmoother(4.0), make=make_bold_trials, other={"fwhm": 8.0}),
    Case(
        estimator=VolumeWindow(4.0, 8.0),
        make=make_bold_trials,
        other={
            "tmin": 2.0,
            "tmax": 10.0,
            "baseline": (-4.0, 0.0),
            "scale": False,
            "mask_img": nib.Nifti1Image(_MASK, AFFINE),
            "resolution": 6.0,
            "standardize": "recording",
            "n_jobs": 2,
            "verbose": False,
        },
    ),
]
