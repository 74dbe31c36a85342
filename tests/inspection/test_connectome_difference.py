"""Edges in which groups differ: planted ones are found, and noise is not."""

import numpy as np
import pytest
from scipy.stats import ttest_ind

from sklearn_neurofuse.containers import Block, ConnectomeSpace
from sklearn_neurofuse.inspection import connectome_difference

SPACE = ConnectomeSpace([f"r{i}" for i in range(12)])


def make(planted=(), effect=2.0, seed=0, n=40):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    edges = rng.normal(size=(n, SPACE.n_edges))
    edges[:, list(planted)] += effect * y[:, None]
    return Block(edges, SPACE), y


def touching(region, number):
    return np.flatnonzero((SPACE.edges == region).any(axis=1))[:number].tolist()


def test_t_is_that_of_scipy():
    block, y = make([3])
    found = connectome_difference(block, y, n_permutations=100, random_state=0)
    expected = ttest_ind(block.data[y == 1], block.data[y == 0], equal_var=False)
    np.testing.assert_allclose(found.t, expected.statistic)
    means = block.data[y == 1].mean(axis=0) - block.data[y == 0].mean(axis=0)
    np.testing.assert_allclose(found.difference, means)


def test_permutation_gives_the_p_values_of_the_t_distribution():
    block, y = make()
    found = connectome_difference(block, y, correction=None, n_permutations=2000, random_state=0)
    expected = ttest_ind(block.data[y == 1], block.data[y == 0], equal_var=False).pvalue
    np.testing.assert_allclose(found.p_values, expected, atol=0.04)


def test_planted_edges_are_found_and_no_others():
    planted = [3, 20, 41]
    block, y = make(planted)
    found = connectome_difference(block, y, random_state=0)
    assert set(np.flatnonzero(found.p_values < 0.05)) == set(planted)


def test_weak_edges_that_hang_together_are_found_as_a_network():
    planted = touching(4, 8)
    block, y = make(planted, effect=1.3)
    found = connectome_difference(
        block, y, correction="nbs", threshold=2.5, n_permutations=300, random_state=0
    )
    significant = set(np.flatnonzero(found.p_values < 0.05))
    assert len(significant & set(planted)) >= 5
    assert len(significant - set(planted)) <= 1


@pytest.mark.parametrize("correction", ["fdr", "nbs"])
def test_noise_is_rarely_significant(correction):
    hits = 0
    for seed in range(40):
        block, y = make(seed=seed)
        found = connectome_difference(
            block, y, correction=correction, threshold=2.5, n_permutations=200, random_state=0
        )
        hits += (found.p_values < 0.05).any()
    # 5 % of 40, and room for chance
    assert hits <= 6


def test_bands_and_missing_people():
    rng = np.random.default_rng(0)
    space = ConnectomeSpace("abcd", bands=["alpha", "beta"])
    y = np.arange(30) % 2
    data = rng.normal(size=(30, 2, 6))
    data[:, 1, 4] += 3 * y
    data[7] = np.nan
    found = connectome_difference(Block(data, space), y, random_state=0)
    assert found.p_values.shape == (2, 6)
    assert np.argwhere(found.p_values < 0.05).tolist() == [[1, 4]]


def test_bad_input():
    block, y = make()
    with pytest.raises(TypeError, match="ConnectomeSpace"):
        connectome_difference(Block(block.data), y)
    with pytest.raises(ValueError, match="two classes"):
        connectome_difference(block, np.zeros(40))
    with pytest.raises(ValueError, match="40 labels"):
        connectome_difference(block, y[:5])
    with pytest.raises(ValueError, match="correction"):
        connectome_difference(block, y, correction="holm")
