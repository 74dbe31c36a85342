"""Consecutive blocks with a gap in time."""

import numpy as np
import pytest

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.model_selection import BlockedSplit


def test_every_trial_is_tested_once_and_the_gap_is_kept(rng):
    times = np.sort(rng.uniform(0, 300, 50))
    order = rng.permutation(50)
    times, y = times[order], np.tile([0, 1], 25)
    tested = []
    for train, test in BlockedSplit(5, gap=20.0, times=times).split(y, y):
        tested.append(test)
        assert np.abs(times[train][:, None] - times[test]).min() >= 20
        # consecutive: nobody else lies between
        inside = (times > times[test].min()) & (times < times[test].max())
        assert set(np.flatnonzero(inside)) <= set(test)
        # and no more is left out than the gap asks for
        left = np.setdiff1d(np.arange(50), np.concatenate([train, test]))
        assert all(np.abs(times[i] - times[test]).min() < 20 for i in left)
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(50))


def test_recordings_know_their_onsets(make_recordings):
    X = make_recordings(2, 12)
    y = X.table["trial_type"].to_numpy()
    for given in (X, Multimodal(eeg=X)):
        splits = list(BlockedSplit(3, gap=15.0).split(given, y))
        assert splits[0][1].tolist() == [0, 1, 2, 3, 12, 13, 14, 15]
        assert splits[0][0].tolist() == [5, 6, 7, 8, 9, 10, 11, 17, 18, 19, 20, 21, 22, 23]


def test_groups_stand_for_recordings():
    times = np.tile(10.0 * np.arange(6), 2)
    y = np.tile([0, 1], 6)
    groups = np.repeat(["a", "b"], 6)
    train, test = next(BlockedSplit(2, gap=15.0, times=times).split(y, y, groups))
    assert test.tolist() == [0, 1, 2, 6, 7, 8]
    assert train.tolist() == [4, 5, 10, 11]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"n_splits": 1}, ValueError, "n_splits must be in"),
        ({"gap": -1.0}, ValueError, r"gap must be in \[0, inf\) s, got -1.0"),
        ({"times": np.full(12, np.nan)}, ValueError, "times must be 1-D numbers without NaN"),
        ({"times": None}, ValueError, "do not know their onsets; give times"),
        ({"times": np.arange(11.0)}, ValueError, "inconsistent numbers"),
        ({"n_splits": 20}, ValueError, "20 blocks need as many trials in each recording"),
        ({"gap": 1000.0}, ValueError, "without one of the classes"),
    ],
)
def test_bad_input(given, error, message):
    y = np.tile([0, 1], 6)
    with pytest.raises(error, match=message):
        list(BlockedSplit(**{"n_splits": 3, "times": np.arange(12.0), **given}).split(y, y))


def test_blocked_labels_are_refused():
    y = np.repeat([0, 1], 6)
    with pytest.raises(ValueError, match="as where trials of one class come first"):
        list(BlockedSplit(2, gap=0.0, times=np.arange(12.0)).split(y, y))
