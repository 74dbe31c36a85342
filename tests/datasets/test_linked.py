"""Linked sources: correlations, noise and groups are what was asked for."""

import numpy as np
import pytest
from scipy.stats import kurtosis
from sklearn.decomposition import FastICA

from sklearn_neurofuse.containers import SensorSpace, VolumeSpace
from sklearn_neurofuse.datasets import make_linked_sources

SMALL = {"volume_shape": (10, 12, 10), "n_channels": 8, "n_times": 100, "sfreq": 100.0}
SUI_LOADINGS = [0.988, 0.781, 0.678, 0.590, 0.217, 0.881]
SUI_SOURCES = [0.987, 0.880, 0.760, 0.451, 0.383, 0.004]


def make(n_samples=80, **params):
    return make_linked_sources(n_samples, **{"random_state": 0, **SMALL, **params})


def flat(array):
    return np.asarray(array, dtype=float).reshape(len(array), -1)


def correlate(one, other):
    """Correlate matching columns."""
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(one.T, other.T, strict=True)])


def rest_of(data, name):
    signal = data.loadings[name] @ flat(data.sources[name])
    return signal, flat(data.X[name].data) - signal


def test_loadings_have_the_correlations():
    wanted = [0.9, 0.5, 0.0, -0.7, 1.0]
    data = make(correlations=wanted, strengths=[1.0, 2.0, 0.5, 1.0, 3.0])
    one, other = data.loadings["fmri"], data.loadings["eeg"]
    np.testing.assert_allclose(correlate(one, other), wanted, atol=1e-10)
    np.testing.assert_allclose(one.std(axis=0), [1.0, 2.0, 0.5, 1.0, 3.0])
    np.testing.assert_allclose(one.mean(axis=0), 0.0, atol=1e-12)
    within = np.corrcoef(one.T) - np.eye(5)
    across = np.corrcoef(one.T, other.T)[:5, 5:] - np.diag(wanted)
    assert np.abs(within).max() < 1e-10
    assert np.abs(across).max() < 1e-10
    np.testing.assert_array_equal(data.correlations, wanted)


def test_three_modalities():
    kinds = {"fmri": "volumes", "eeg": "epochs", "genes": "features"}
    data = make(modalities=kinds, correlations=[0.8, -0.4], n_features=300)
    assert data.X.modalities == ("fmri", "eeg", "genes")
    for one, other in (("fmri", "eeg"), ("fmri", "genes"), ("eeg", "genes")):
        found = correlate(data.loadings[one], data.loadings[other])
        np.testing.assert_allclose(found, [0.8, -0.4], atol=1e-10)
    assert isinstance(data.X["fmri"].space, VolumeSpace)
    assert isinstance(data.X["eeg"].space, SensorSpace)
    assert data.X["genes"].space is None
    assert data.X["genes"].shape == (80, 300)
    assert data.X["fmri"].shape == (80, 10, 12, 10)
    assert data.X["eeg"].shape == (80, 8, 100)
    assert {data.X[name].data.dtype for name in kinds} == {np.dtype(np.float32)}


def test_sources_are_uncorrelated_of_unit_variance():
    data = make(correlations=[0.5] * 4)
    for name, unit in (("fmri", 1.0), ("eeg", 1e-5)):
        sources = flat(data.sources[name]) / unit
        np.testing.assert_allclose(np.cov(sources, bias=True), np.eye(4), atol=1e-8)
        np.testing.assert_allclose(sources.mean(axis=1), 0.0, atol=1e-10)


@pytest.mark.parametrize(
    ("distribution", "signs"), [("super", [1, 1]), ("sub", [-1, -1]), ("mixed", [1, -1])]
)
def test_distributions(distribution, signs):
    data = make(20, correlations=[0.5, 0.5], distribution=distribution, n_times=400)
    for sources in data.sources.values():
        np.testing.assert_array_equal(np.sign(kurtosis(flat(sources), axis=1)), signs)


def test_sources_are_smooth():
    data = make(20, correlations=[0.5, 0.5], volume_shape=(20, 24, 20))
    for name, axis in (("fmri", 1), ("eeg", 2)):
        maps = data.sources[name]
        size = maps.shape[axis]
        near = np.corrcoef(
            maps.take(range(size - 1), axis).ravel(), maps.take(range(1, size), axis).ravel()
        )
        assert near[0, 1] > 0.5


def test_linked_sources_have_the_correlations():
    kinds = {"one": "volumes", "two": "volumes"}
    wanted = [0.9, 0.0, -0.3]
    data = make(modalities=kinds, correlations=[0.1, 0.2, 0.3], source_correlations=wanted)
    found = np.corrcoef(flat(data.sources["one"]), flat(data.sources["two"]))
    np.testing.assert_allclose(found[:3, 3:], np.diag(wanted), atol=1e-8)
    np.testing.assert_array_equal(data.source_correlations, wanted)
    assert make().source_correlations is None


@pytest.mark.parametrize("psnr", [3.0, 10.0, 25.0])
def test_noise_has_the_ratio(psnr):
    data = make(psnr=psnr)
    for name in ("fmri", "eeg"):
        signal, noise = rest_of(data, name)
        ratios = 10 * np.log10(np.abs(signal).max(axis=1) ** 2 / np.mean(noise**2, axis=1))
        assert ratios.mean() == pytest.approx(psnr, abs=0.1)
        assert noise.std() == pytest.approx(data.noise_sd[name], rel=0.02)


def test_without_noise_the_model_is_exact():
    data = make(psnr=np.inf)
    for name in ("fmri", "eeg"):
        signal, rest = rest_of(data, name)
        assert np.abs(rest).max() < 1e-5 * np.abs(signal).max()
        assert data.noise_sd[name] == 0.0


def test_groups_differ_as_asked():
    effects = [1.2, 0.0, -0.8]
    data = make(90, correlations=[0.9, 0.4, 0.5], group_effect=effects, strengths=[1.0, 2.0, 3.0])
    assert np.bincount(data.target).tolist() == [45, 45]
    for loadings in data.loadings.values():
        one, other = loadings[data.target == 1], loadings[data.target == 0]
        within = np.sqrt((one.var(axis=0) + other.var(axis=0)) / 2)
        found = (one.mean(axis=0) - other.mean(axis=0)) / within
        np.testing.assert_allclose(found, effects, atol=1e-9)
    found = correlate(data.loadings["fmri"], data.loadings["eeg"])
    np.testing.assert_allclose(found, [0.9, 0.4, 0.5], atol=1e-10)
    np.testing.assert_array_equal(data.groups, np.arange(90))


def principal(X, n_components):
    """Give scores and maps of the first components, both orthonormal."""
    X = X - X.mean(axis=0)
    values, vectors = np.linalg.eigh(X @ X.T)
    scores = vectors[:, -n_components:]
    return scores, scores.T @ X / np.sqrt(values[-n_components:, None])


def separate(maps):
    ica = FastICA(whiten="unit-variance", random_state=0, max_iter=2000)
    return ica.fit_transform(maps.T).T


def recovery(found, truth):
    return np.abs(np.corrcoef(found, truth)[: len(found), len(found) :]).max(axis=0)


def test_sui_2010_tells_joint_ica_from_cca_and_ica():
    data = make(
        200,
        correlations="sui2010",
        distribution="sub",
        volume_shape=(20, 24, 20),
        random_state=1,
    )
    assert data.X.modalities == ("task_1", "task_2")
    found = correlate(data.loadings["task_1"], data.loadings["task_2"])
    np.testing.assert_allclose(found, SUI_LOADINGS, atol=1e-10)
    sources = [flat(data.sources[name]) for name in data.X.modalities]
    across = np.corrcoef(*sources)[:6, 6:]
    np.testing.assert_allclose(across, np.diag(SUI_SOURCES), atol=1e-8)
    blocks = [flat(data.X[name].data) for name in data.X.modalities]
    truth = np.hstack(sources)
    joint = recovery(separate(principal(np.hstack(blocks), 6)[1]), truth)
    one, other = (principal(block, 6)[0] for block in blocks)
    left, canonical, right = np.linalg.svd(one.T @ other)
    np.testing.assert_allclose(canonical, sorted(SUI_LOADINGS, reverse=True), atol=0.03)
    maps = [(one @ left).T @ blocks[0], (other @ right.T).T @ blocks[1]]
    linked = recovery(separate(np.hstack(maps)), truth)
    assert linked.min() > 0.95
    # the fifth, of which the tasks share little, takes two components: one is left for two
    assert min(joint[2], joint[3]) < 0.6
    assert joint[4] < 0.8
    assert joint[[0, 1, 5]].min() > 0.95


def test_same_seed_same_data_and_globals_untouched():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = make(), make()
    make(20, random_state=None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    for name in ("fmri", "eeg"):
        np.testing.assert_array_equal(one.X[name].data, two.X[name].data)
    assert not np.array_equal(one.target, make(random_state=1).target)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"n_samples": 9}, ValueError, r"n_samples must be .*10"),
        ({"correlations": [1.2]}, ValueError, r"each of correlations must be in \[-1.0, 1.0\]"),
        ({"correlations": []}, ValueError, "correlations must hold one number"),
        ({"correlations": "sui2011"}, ValueError, "did you mean 'sui2010'"),
        ({"correlations": "sui2010", "strengths": [1.0] * 6}, ValueError, "strengths must be None"),
        ({"source_correlations": [0.1] * 4}, ValueError, "modalities of one kind, got epochs"),
        ({"source_correlations": [0.1]}, ValueError, "source_correlations must have 4 numbers"),
        ({"strengths": [1.0]}, ValueError, "strengths must have 4 numbers"),
        ({"strengths": [1.0, 1.0, 0.0, 1.0]}, ValueError, "each of strengths must be"),
        ({"modalities": {"fmri": "volumes"}}, ValueError, "modalities must be a dict of two"),
        ({"modalities": {"a": "volumes", "b": "volume"}}, ValueError, "did you mean 'volumes'"),
        (
            {"modalities": dict.fromkeys("abc", "features"), "correlations": [-0.6]},
            ValueError,
            r"each of correlations must be in \[-0.5, 1.0\]",
        ),
        ({"distribution": "normal"}, ValueError, "distribution must be"),
        ({"psnr": np.nan}, ValueError, "psnr must be"),
        ({"group_effect": [1.0, 2.0]}, ValueError, "group_effect must be a number or 4 numbers"),
        ({"group_effect": 11.0}, ValueError, "group_effect must be in"),
        (
            {"group_effect": 2.0, "correlations": [-0.5]},
            ValueError,
            "with such a group_effect a correlation must be",
        ),
        ({"volume_shape": (5, 5)}, ValueError, "volume_shape must have 3 numbers"),
        ({"n_channels": 2}, ValueError, "n_channels must be in"),
        ({"n_times": 4}, ValueError, "n_times must be"),
        ({"n_features": 4}, ValueError, "n_features must be"),
        ({"sfreq": -1.0}, ValueError, "sfreq must be"),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=f"make_linked_sources: .*{message}"):
        make(**params)
