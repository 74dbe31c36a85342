"""Single-trial models and decoding on real runs, with the motion parameters that FSL found."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import BoldRun, Recordings
from sklearn_neurofuse.fmri import ConfoundRegressor, TrialBetas
from tests.fmri.runs import MOTION


@pytest.fixture
def trials(real_data):
    """Give the blocks of twelve runs, voxels of 25 mm, and what was seen in each."""
    root = real_data("haxby") / "haxby2001" / "sub001"
    runs, events = [], []
    for folder in sorted((root / "BOLD").glob("task001_run*")):
        # FSL has the angles first
        motion = np.loadtxt(folder / "bold_moest.txt")[:, [3, 4, 5, 0, 1, 2]]
        confounds = pd.DataFrame(motion, columns=MOTION)
        runs.append(BoldRun(folder / "bold_25mm.nii.gz", t_r=2.5, confounds=confounds))
        events.append(pd.read_csv(folder / "bold_events.tsv", sep="\t"))
    return Recordings(runs, events, run=[f"{i:02d}" for i in range(len(runs))])


def test_decoding_across_runs_is_above_chance(trials):
    X = trials
    y = X.table["trial_type"].to_numpy()
    assert len(X) == 96
    maps = TrialBetas().fit_transform(ConfoundRegressor(6).fit_transform(X))
    assert maps.present.all()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    flat = maps.data.reshape(len(maps), -1)
    found = cross_val_predict(model, flat, y, groups=X.recording, cv=LeaveOneGroupOut())
    # chance is one in eight; of 96 blocks fewer than 21 are right in 99 of 100 draws
    assert (found == y).sum() >= 21
