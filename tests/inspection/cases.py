"""The estimators of `inspection` for `tests/contract.py`."""

import mne
import nibabel as nib
import numpy as np

from sklearn_neurofuse import BoldRun, Recordings
from sklearn_neurofuse.eeg import FrequencyFilter
from sklearn_neurofuse.inspection import BandPowerMap
from tests.contract import Case
from tests.samples import AFFINE, INFO


def make_coupled_runs(seed, n_runs=24):
    """Make short runs, each with an EEG that marks its volumes."""
    rng = np.random.default_rng(seed)
    bolds, raws = [], []
    for _ in range(n_runs):
        series = rng.normal(100, 5, size=(3, 3, 2, 24)).astype(np.float32)
        bolds.append(BoldRun(nib.Nifti1Image(series, AFFINE), t_r=2.0))
        raw = mne.io.RawArray(1e-5 * rng.normal(size=(3, 5200)), INFO, verbose="error")
        raws.append(raw.set_annotations(mne.Annotations(2.0 + 2.0 * np.arange(24), 0.0, "R128")))
    X = Recordings(bolds, partner=raws, subject=[f"{i:02d}" for i in range(n_runs)])
    return X, np.resize([0, 1, 0], n_runs)


CASES = [
    Case(
        estimator=BandPowerMap(),
        make=make_coupled_runs,
        other={
            "band": (15.0, 25.0),
            "picks": ["Cz"],
            "hrf": "spm",
            "lag": 4.0,
            "eeg": FrequencyFilter(9.0, 30.0),
            "high_pass": 0.04,
            "n_jobs": 2,
            "verbose": False,
        },
    )
]
