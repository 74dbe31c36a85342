"""Pairs of different people: same class, groups that stay together, and no more than that."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.datasets import pair_by_label


def make(name, counts, names=("left", "right"), seed=0):
    """Make samples for groups of (number of first class, number of second)."""
    target = np.concatenate([[0] * a + [1] * b for a, b in counts])
    groups = np.repeat([f"{name}{i}" for i in range(len(counts))], [a + b for a, b in counts])
    data = np.random.default_rng(seed).normal(size=(len(target), 3))
    X = Multimodal(**{name: data})
    return Bunch(X=X, target=target, target_names=list(names), groups=groups)


def test_pairs_have_one_class_and_rows_of_both():
    first, second = make("fmri", [(3, 3), (2, 4)]), make("eeg", [(4, 2), (3, 3)], seed=1)
    pairs = pair_by_label(first, second, random_state=0)
    assert pairs.pseudo_pairs is True
    np.testing.assert_array_equal(first.target[pairs.rows[:, 0]], pairs.target)
    np.testing.assert_array_equal(second.target[pairs.rows[:, 1]], pairs.target)
    for name, data, column in (("fmri", first, 0), ("eeg", second, 1)):
        rows = pairs.rows[:, column]
        assert len(set(rows)) == len(rows)
        np.testing.assert_array_equal(pairs.X[name].data, data.X[name].data[rows])
    assert np.bincount(pairs.target).tolist() == [5, 5]


def test_no_group_of_either_side_stands_in_two_groups():
    rng = np.random.default_rng(0)
    first = make("fmri", rng.integers(0, 5, (7, 2)))
    second = make("eeg", rng.integers(0, 5, (4, 2)), seed=1)
    pairs = pair_by_label(first, second, random_state=0)
    for data, column in ((first, 0), (second, 1)):
        own = data.groups[pairs.rows[:, column]]
        assert all(len(set(pairs.groups[own == group])) == 1 for group in np.unique(own))


def test_groups_paired_one_to_one_stay_apart():
    first, second = make("fmri", [(2, 2)] * 5), make("eeg", [(2, 2)] * 5)
    assert len(set(pair_by_label(first, second, random_state=0).groups)) == 5


def test_classes_of_other_names_are_matched():
    first, second = make("fmri", [(2, 2)]), make("eeg", [(2, 2)], names=("rh", "lh"))
    pairs = pair_by_label(first, second, classes={"right": "rh", "left": "lh"}, random_state=0)
    assert pairs.target_names == ["right", "left"]
    names = np.array(["rh", "lh"])
    np.testing.assert_array_equal(names[second.target[pairs.rows[:, 1]]], names[pairs.target])


def test_one_seed_gives_one_result():
    first, second = make("fmri", [(3, 3)] * 3), make("eeg", [(3, 3)] * 3)
    rows = [pair_by_label(first, second, random_state=seed).rows for seed in (0, 0, 1)]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert not np.array_equal(rows[0], rows[2])


def test_what_cannot_be_paired():
    first, second = make("fmri", [(2, 2)]), make("eeg", [(2, 2)], names=("a", "b"))
    with pytest.raises(ValueError, match="at least two classes"):
        pair_by_label(first, second)
    with pytest.raises(ValueError, match="fmri must stand in one data set only"):
        pair_by_label(first, first)
    with pytest.raises(ValueError, match="has a partner"):
        pair_by_label(make("fmri", [(2, 0)]), make("eeg", [(0, 2)]))
