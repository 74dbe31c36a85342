"""The search for independent maps, its stability, and the number of components."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import FastICA

from sklearn_neurofuse.signal._ica import (
    ALGORITHMS,
    CONTRASTS,
    decorrelate,
    fast_ica,
    independent_maps,
    picard_ica,
    random_rotation,
    restart,
    skewness_signs,
    thin_columns,
    whiten_maps,
)


@pytest.fixture
def sources(rng):
    """Give four sources: peaked, flat, skew, and peaked with a mean."""
    draws = [rng.laplace, rng.uniform, rng.exponential, rng.laplace]
    found = np.array([draw(size=6000) for draw in draws])
    return found / found.std(axis=1, keepdims=True)


def recovered(sources, found):
    similarity = np.abs(np.corrcoef(sources, found)[: len(sources), len(sources) :])
    return similarity.max(axis=1).min()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_finds_the_sources_as_well_as_scikit_learn(sources, rng, algorithm):
    mixed = rng.normal(size=(4, 4)) @ sources
    white, _ = whiten_maps(mixed)
    W, converged = ALGORITHMS[algorithm](white, np.eye(4))
    peer = FastICA(whiten="unit-variance", random_state=0).fit_transform(mixed.T).T
    assert converged
    assert_allclose(W @ W.T, np.eye(4), atol=1e-9)
    assert recovered(sources, W @ white) > max(0.99, recovered(sources, peer) - 1e-3)


@pytest.mark.parametrize("contrast", [*CONTRASTS, CONTRASTS["cube"]])
def test_contrasts(sources, rng, contrast):
    white, _ = whiten_maps(rng.normal(size=(4, 4)) @ sources)
    before = white.copy()
    W, _ = fast_ica(white, random_rotation(4, np.random.RandomState(0)), contrast)
    assert recovered(sources, W @ white) > 0.98
    assert_allclose(white, before)


@pytest.mark.parametrize("name", CONTRASTS)
def test_contrasts_sum_their_derivative(rng, name):
    u, step = rng.normal(size=(2, 50)), 1e-6
    slope = CONTRASTS[name](u.copy())[1]
    ahead, behind = CONTRASTS[name](u + step)[0], CONTRASTS[name](u - step)[0]
    assert_allclose(slope, ((ahead - behind) / (2 * step)).sum(axis=1), rtol=1e-6)


def test_single_precision_stays(sources, rng):
    white, _ = whiten_maps((rng.normal(size=(4, 4)) @ sources).astype(np.float32))
    assert white.dtype == np.float32
    W, _ = fast_ica(white, np.eye(4))
    assert recovered(sources, W @ white) > 0.99


def test_converges_among_gaussian_sources():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        white, _ = whiten_maps(np.vstack([rng.laplace(size=(2, 900)), rng.normal(size=(6, 900))]))
        start = random_rotation(8, np.random.RandomState(seed))
        assert fast_ica(white, start)[1]


def test_says_when_it_did_not_converge(rng):
    white, _ = whiten_maps(rng.normal(size=(6, 500)))
    assert not fast_ica(white, np.eye(6), max_iter=2)[1]
    assert not picard_ica(white, np.eye(6), max_iter=2)[1]


def test_picard_says_what_to_install(monkeypatch, rng):
    monkeypatch.setattr("sklearn_neurofuse.signal._ica.picard", None)
    with pytest.raises(ImportError, match="python-picard"):
        picard_ica(rng.normal(size=(2, 50)), np.eye(2))


def test_decorrelate_gives_the_nearest_rotation(rng):
    W = rng.normal(size=(5, 5))
    values, vectors = np.linalg.eigh(W @ W.T)
    expected = (vectors / np.sqrt(values)) @ vectors.T @ W
    assert_allclose(decorrelate(W), expected, atol=1e-10)


def test_large_maps_are_searched_on_a_part_first(rng):
    maps = rng.normal(size=(2, 40_000))
    assert thin_columns(maps).shape == (2, 20_000)
    assert thin_columns(maps[:, :9000]) is not None
    assert np.shares_memory(thin_columns(maps[:, :9000]), maps)


def test_whitened_maps_are_white_and_centred(rng):
    maps = rng.normal(size=(3, 3)) @ rng.laplace(2.0, size=(3, 900))
    white, transform = whiten_maps(maps)
    assert_allclose(white @ white.T / 900, np.eye(3), atol=1e-9)
    assert_allclose(white, transform @ (maps - maps.mean(axis=1, keepdims=True)))


def test_unmixing_keeps_means_and_points_the_long_tail_up(sources, rng):
    maps = rng.normal(size=(4, 4)) @ (sources + 5.0)
    unmixing, stability, converged = independent_maps(maps, fast_ica, 1, np.random.RandomState(0))
    found = unmixing @ maps
    assert converged
    assert np.isnan(stability).all()
    assert_allclose(found.std(axis=1), 1.0)
    assert (skewness_signs(found) == 1.0).all()
    assert np.abs(found.mean(axis=1)).min() > 1.0


def test_stable_components_come_back_and_noise_does_not(rng):
    sources = np.vstack([rng.laplace(size=(2, 4000)), rng.normal(size=(4, 4000))])
    maps = rng.normal(size=(6, 6)) @ sources

    def search(white, start):
        return fast_ica(white, start)

    unmixing, stability, _ = independent_maps(maps, search, 8, np.random.RandomState(0))
    similarity = np.abs(np.corrcoef(sources, unmixing @ maps)[:6, 6:])
    peaked = similarity[:2].argmax(axis=1)
    noise = np.setdiff1d(np.arange(6), peaked)
    assert stability[peaked].min() > 0.9
    assert stability[noise].mean() < stability[peaked].min() - 0.2


def test_stability_of_one_component(rng):
    white, _ = whiten_maps(rng.laplace(size=(1, 500)))
    _, stability = restart(white, fast_ica, 3, np.random.RandomState(0))
    assert_allclose(stability, 1.0)
