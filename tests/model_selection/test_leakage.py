"""What must not be on both sides of a split."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.model_selection import BlockedSplit, check_leakage


def test_clean_splits_come_back(problem):
    X, y, groups = problem
    splits = check_leakage(GroupKFold(4), X, y, groups)
    for (train, test), (ours, theirs) in zip(
        splits, GroupKFold(4).split(X, y, groups), strict=True
    ):
        np.testing.assert_array_equal(train, ours)
        np.testing.assert_array_equal(test, theirs)


def test_a_shared_person_is_named(problem):
    X, y, groups = problem
    names = np.array([f"sub-{g:02d}" for g in groups])
    with pytest.raises(ValueError, match=r"group 'sub-\d\d' stands on both sides of split 4"):
        check_leakage(KFold(7), X, y, names)
    # not asked for, not looked at
    assert len(check_leakage(KFold(7), X, y)) == 7


def test_shared_samples(problem):
    X, y, _ = problem
    with pytest.raises(ValueError, match="sample 3 stands on both sides of split 1"):
        check_leakage([([0, 1], [2]), ([3, 4], [3])], X, y)
    with pytest.raises(ValueError, match="split 0 leaves nothing to train on"):
        check_leakage([([], [2])], X, y)
    masks = [(np.arange(60) < 30, np.arange(60) >= 30)]
    assert check_leakage(masks, X, y)[0][1].tolist() == list(range(30, 60))


def test_copies_are_found(problem):
    X, y, groups = problem
    X = X.copy()
    X[50] = X[2]
    with pytest.raises(ValueError, match=r"samples (2 and 50|50 and 2) are the same"):
        check_leakage(GroupKFold(5), X, y, groups)


def test_copies_of_one_modality(rng):
    eeg, fmri = rng.standard_normal((20, 4, 5)), rng.standard_normal((20, 30))
    eeg[15] = eeg[3]
    flags = np.repeat([0.0, 1.0], 10)[:, None]
    X, y = Multimodal(eeg=eeg, fmri=fmri, sex=flags), np.tile([0, 1], 10)
    with pytest.raises(ValueError, match="are the same in eeg and stand"):
        check_leakage(StratifiedKFold(4), X, y)
    # a few numbers may be equal by chance, and missing samples are no copies
    eeg[[3, 15]] = np.nan
    check_leakage(StratifiedKFold(4), Multimodal(eeg=eeg, fmri=fmri, sex=flags), y)


def test_trials_of_one_recording(make_recordings):
    X = make_recordings(4)
    y = X.table["trial_type"].to_numpy()
    with pytest.raises(ValueError, match=r"trials of .* \(recordings\) stand on both sides.*give "
                       r"groups, such as X\['recordings'\].groups.*BlockedSplit"):  # fmt: skip
        check_leakage(StratifiedKFold(3), X, y)
    both = Multimodal(eeg=X)
    with pytest.raises(ValueError, match=r"\(eeg\) stand on both sides"):
        check_leakage(StratifiedKFold(3), both, y)
    assert len(check_leakage(GroupKFold(4), X, y, X.groups)) == 4
    assert len(check_leakage(BlockedSplit(3, gap=10.0), X, y, X.groups)) == 3
