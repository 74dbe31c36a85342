"""The estimators of `eeg` for `tests/contract.py`."""

from sklearn_neurofuse.eeg import Epocher, FrequencyFilter
from tests.contract import Case
from tests.recordings.samples import make_eeg_trials

CASES = [
    Case(
        estimator=FrequencyFilter(None, 30.0),
        make=make_eeg_trials,
        other={"l_freq": 2.0, "h_freq": 20.0, "notch": 20.0, "method": "iir", "n_jobs": 2},
    ),
    Case(
        estimator=Epocher(-0.1, 0.4),
        make=make_eeg_trials,
        other={
            "tmin": -0.2,
            "tmax": 0.5,
            "baseline": None,
            "reject": {"eeg": 1e-4},
            "standardize": "recording",
            "n_jobs": 2,
            "verbose": False,
        },
    ),
]
