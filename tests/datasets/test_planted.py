"""Planted samples: the truth is there, and the best classifier is as good as said."""

import mne
import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score

from sklearn_neurofuse.containers import Multimodal, SensorSpace, VolumeSpace
from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.datasets._noise import make_sensor_noise, make_volume_noise
from sklearn_neurofuse.datasets._oracle import SignDetector
from sklearn_neurofuse.datasets._patterns import make_sensor_space, make_volume_space
from sklearn_neurofuse.datasets._plan import Variation, plan_eeg, plan_fmri

REGIMES = ("fmri", "eeg", "both", "conjunction")
SMALL = {"volume_shape": (6, 7, 6), "n_channels": 8, "n_times": 40, "sfreq": 50.0}
HARD = {
    "n_nuisance": 6,
    "n_subjects": 1000,
    "weights": (0.7, 0.3),
    "missing": {"fmri": 0.2, "eeg": 0.1},
    "jitter": 0.03,
    "masked": True,
}


def make(n_samples=400, **params):
    return make_multimodal_classification(n_samples, **{"random_state": 0, **SMALL, **params})


def hits(data):
    return np.mean((data.posterior > 0.5) == data.target)


def scores_of(data, name):
    flat = data.X[name].data.reshape(len(data.target), -1)
    return flat @ data.filters[name].ravel()


@pytest.mark.parametrize("accuracy", [0.95, 0.80, 0.70])
@pytest.mark.parametrize("regime", REGIMES)
def test_oracle_is_as_good_as_stated(regime, accuracy):
    data = make(6000, regime=regime, bayes_accuracy=accuracy, random_state=7)
    assert data.bayes_accuracy == pytest.approx(accuracy, abs=1e-3)
    error = np.sqrt(accuracy * (1 - accuracy) / 6000)
    assert hits(data) == pytest.approx(accuracy, abs=3.5 * error)
    assert roc_auc_score(data.target, data.posterior) == pytest.approx(
        data.bayes_roc_auc, abs=3.5 * error
    )


@pytest.mark.parametrize("regime", ["both", "conjunction"])
def test_oracle_with_everything_that_varies(regime):
    data = make(6000, regime=regime, bayes_accuracy=0.85, random_state=3, **HARD)
    assert hits(data) == pytest.approx(data.bayes_accuracy, abs=0.018)
    balanced = [np.mean((data.posterior > 0.3)[data.target == k] == k) for k in (0, 1)]
    assert np.mean(balanced) == pytest.approx(data.bayes_balanced_accuracy, abs=0.02)
    for name, rows in {
        "both": data.X.present.all(axis=1),
        "fmri": ~data.X["eeg"].present,
        "eeg": ~data.X["fmri"].present,
    }.items():
        correct = ((data.posterior > 0.5) == data.target)[rows]
        error = np.sqrt(0.25 / rows.sum())
        assert correct.mean() == pytest.approx(data.bayes_accuracies[name], abs=3.5 * error)


def test_posterior_is_calibrated():
    data = make(8000, regime="conjunction", bayes_accuracy=0.8, random_state=5, **HARD)
    for low in np.arange(0.0, 1.0, 0.2):
        inside = (data.posterior >= low) & (data.posterior < low + 0.2)
        if inside.sum() < 100:
            continue
        error = np.sqrt(0.25 / inside.sum())
        assert data.target[inside].mean() == pytest.approx(
            data.posterior[inside].mean(), abs=4 * error
        )


@pytest.mark.parametrize("accuracy", [0.95, 0.70])
def test_limits_have_their_closed_form_without_jitter_and_subjects(accuracy):
    reach = 2 * norm.ppf(accuracy)
    for regime in ("fmri", "eeg"):
        data = make(regime=regime, bayes_accuracy=accuracy, jitter=0.0)
        assert data.detectability[regime] == pytest.approx(reach, rel=5e-3)
        assert data.bayes_roc_auc == pytest.approx(norm.cdf(reach / np.sqrt(2)), abs=2e-3)
    both = make(regime="both", bayes_accuracy=accuracy, jitter=0.0)
    assert np.hypot(*both.detectability.values()) == pytest.approx(reach, rel=5e-3)
    xor = make(regime="conjunction", bayes_accuracy=accuracy, jitter=0.0)
    p, q = (norm.cdf(d / 2) for d in xor.detectability.values())
    assert p * q + (1 - p) * (1 - q) == pytest.approx(accuracy, abs=1e-3)


def test_imbalance_has_its_closed_form():
    data = make(5000, regime="fmri", bayes_accuracy=0.8, weights=(0.2, 0.8))
    assert np.bincount(data.target).tolist() == [1000, 4000]
    reach, shift = 2 * norm.ppf(0.8), np.log(4)
    limit = 0.8 * norm.cdf(reach / 2 + shift / reach) + 0.2 * norm.cdf(reach / 2 - shift / reach)
    assert data.bayes_accuracy == pytest.approx(limit, abs=1e-3)
    assert data.bayes_balanced_accuracy == pytest.approx(0.8, abs=1e-3)
    assert hits(data) == pytest.approx(limit, abs=0.02)


def dense(noise, shape):
    size = int(np.prod(shape))
    return noise.covary(np.eye(size).reshape(size, *shape)).reshape(size, size)


@pytest.mark.parametrize("name", ["fmri", "eeg", "masked"])
def test_likelihood_against_dense_normal_densities(name):
    rng = np.random.default_rng(1)
    variation = Variation(3, 2.0, 5, gain_sd=0.3, offset=0.8)
    if name == "eeg":
        plan = plan_eeg(4, 16, 20.0, 0.03, variation, rng)
    else:
        plan = plan_fmri((4, 5, 4), name == "masked", variation, rng)
    detector, amplitude = SignDetector(plan), 0.9
    kept = np.ones(plan.shape, bool) if plan.space.__class__ is SensorSpace else plan.space.mask
    kept = np.ones(plan.shape, bool) if kept is None else kept
    nuisance = (plan.nuisance_sd[:, None] * plan.nuisance[:, kept]).T
    covariance = dense(plan.noise, plan.shape) + 0.8**2 * dense(
        plan.noise.scaled(1.0, 0.0), plan.shape
    )
    covariance = covariance[np.ix_(kept.ravel(), kept.ravel())] + nuisance @ nuisance.T
    samples = rng.normal(size=(20, kept.sum())) @ np.linalg.cholesky(covariance).T
    samples += amplitude * plan.pattern[kept]
    # a fine grid of gains in place of the seven nodes of the quadrature
    normal = np.linspace(-6, 6, 401)
    gains, masses = plan.gain(normal), norm.pdf(normal) / norm.pdf(normal).sum()
    logs = {}
    for sign in (1, -1):
        terms = [
            multivariate_normal.logpdf(
                samples, sign * amplitude * gain * template[kept], covariance
            )
            + np.log(mass * weight)
            for gain, mass in zip(gains[::8], masses[::8] * 8, strict=True)
            for template, weight in zip(plan.templates, plan.weights, strict=True)
        ]
        logs[sign] = logsumexp(terms, axis=0)
    data = np.zeros((20, *plan.shape))
    data[:, kept] = samples
    found = detector.log_odds(detector.score(data), amplitude)
    np.testing.assert_allclose(found, logs[1] - logs[-1], atol=1e-3)


@pytest.mark.parametrize("kind", ["volumes", "masked", "epochs"])
def test_noise_is_drawn_and_inverted_with_one_covariance(kind):
    rng = np.random.default_rng(0)
    shape = (6, 16) if kind == "epochs" else (5, 6, 4)
    if kind == "epochs":
        noise = make_sensor_noise(make_sensor_space(6, 40.0, 0.0), 16)
    else:
        noise = make_volume_noise(make_volume_space(shape, kind == "masked"), shape)
    covariance = dense(noise, shape)
    sample = noise.sample(40000, rng).reshape(40000, -1)
    np.testing.assert_allclose(sample.T @ sample / 40000, covariance, atol=0.06)
    inside = np.ones(shape, bool) if noise.mask is None else noise.mask
    assert np.trace(covariance) / inside.size == pytest.approx(inside.mean(), rel=0.15)
    pattern = rng.normal(size=(2, *shape)) * inside
    np.testing.assert_allclose(noise.covary(noise.solve(pattern)), pattern, atol=1e-6)


@pytest.mark.parametrize(("regime", "idle"), [("fmri", "eeg"), ("eeg", "fmri")])
def test_other_modality_knows_nothing(regime, idle):
    data = make(4000, regime=regime, jitter=0.0)
    sides = 2 * data.target - 1
    np.testing.assert_array_equal(data.signs[regime], sides)
    assert abs(np.mean(data.signs[idle] * sides)) < 0.06
    linear = np.mean(np.sign(scores_of(data, regime)) == sides)
    assert linear == pytest.approx(0.95, abs=0.012)
    assert np.mean(np.sign(scores_of(data, idle)) == sides) == pytest.approx(0.5, abs=0.03)
    # the pattern is there all the same, only its sign is free
    assert np.mean(np.sign(scores_of(data, idle)) == data.signs[idle]) > 0.9


def test_matched_filters_come_near_the_limit_in_both():
    data = make(4000, regime="both", n_nuisance=6, jitter=0.01)
    scores = np.column_stack([scores_of(data, name) for name in ("fmri", "eeg")])
    model = LogisticRegression().fit(scores / scores.std(axis=0), data.target)
    accuracy = model.score(scores / scores.std(axis=0), data.target)
    assert data.bayes_accuracy - 0.02 < accuracy < data.bayes_accuracy + 0.01
    alone = [np.mean((scores[:, i] > 0) == data.target) for i in (0, 1)]
    assert max(alone) < accuracy - 0.03


def test_conjunction_is_invisible_to_linear_models_and_to_each_modality():
    data = make(4000, regime="conjunction", jitter=0.0, random_state=4)
    scores = np.column_stack([scores_of(data, name) for name in ("fmri", "eeg")])
    scores /= scores.std(axis=0)
    product = scores[:, :1] * scores[:, 1:]
    sides = 2 * data.target - 1
    np.testing.assert_array_equal(data.signs["fmri"] * data.signs["eeg"], sides)
    for view in (scores, scores[:, :1], scores[:, 1:], np.abs(scores)):
        accuracy = cross_val_score(LogisticRegression(), view, data.target).mean()
        assert accuracy == pytest.approx(0.5, abs=0.04)
    accuracy = cross_val_score(LogisticRegression(), product, data.target).mean()
    assert accuracy == pytest.approx(0.95, abs=0.015)
    assert data.bayes_accuracies["fmri"] == data.bayes_accuracies["eeg"] == 0.5


def test_conjunction_on_the_whole_data_is_chance_for_a_linear_model():
    data = make(600, regime="conjunction")
    X = np.asarray(data.X)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    accuracy = cross_val_score(LogisticRegression(C=1e-3), X, data.target).mean()
    assert accuracy == pytest.approx(0.5, abs=0.07)


def test_data_are_the_sum_of_the_planted_parts():
    data = make(300, n_subjects=20, n_nuisance=3, jitter=0.0)
    for name, noise_sd in (("fmri", 1.0), ("eeg", 1e-5)):
        parts = np.multiply.outer(data.amplitudes[name], data.patterns[name])
        parts += np.tensordot(data.nuisance_loadings[name], data.nuisance_patterns[name], 1)
        parts += data.subject_offsets[name][data.groups]
        rest = (data.X[name].data - parts) / noise_sd
        assert rest.var() == pytest.approx(1.0, rel=0.05)
        axes = tuple(range(1, rest.ndim))
        for pattern in data.nuisance_patterns[name]:
            along = np.sum(rest * pattern, axis=axes)
            loading = data.nuisance_loadings[name] / noise_sd
            assert abs(np.corrcoef(along, loading[:, 0])[0, 1]) < 0.2
        np.testing.assert_allclose(np.linalg.norm(data.patterns[name]), 1.0)


def test_latencies_move_the_wave():
    data = make(200, jitter=0.03, random_state=2)
    assert data.latencies.std() == pytest.approx(0.03, rel=0.25)
    times = data.X["eeg"].space.times(40)
    flat = data.amplitudes["eeg"][:, None, None] * data.X["eeg"].data
    early, late = (
        flat[rows].mean(axis=0)[np.argmax(np.abs(data.patterns["eeg"]).max(axis=1))]
        for rows in (
            data.latencies < np.mean(data.interval),
            data.latencies > np.mean(data.interval),
        )
    )
    inside = (times > data.interval[0]) & (times < data.interval[1])
    centre = [np.average(times[inside], weights=wave[inside] ** 2) for wave in (early, late)]
    assert centre[0] < centre[1]
    assert np.all(make(50, jitter=0.0).latencies == np.mean(make(50).interval))


def test_nuisance_is_strong_and_class_free():
    data = make(3000, n_nuisance=12, nuisance_strength=4.0)
    plain = make(3000)
    for name in ("fmri", "eeg"):
        loadings = data.nuisance_loadings[name]
        assert loadings.shape == (3000, 12)
        sides = 2 * data.target - 1
        assert np.abs(loadings.T @ sides / 3000 / loadings.std(axis=0)).max() < 0.075
        axes = tuple(range(1, data.X[name].ndim))
        for pattern, loading in zip(data.nuisance_patterns[name], loadings.T, strict=True):
            bare = np.sum(plain.X[name].data * pattern, axis=axes)
            bare -= np.sum(plain.patterns[name] * pattern) * plain.amplitudes[name]
            assert loading.std() == pytest.approx(4.0 * bare.std(), rel=0.1)


def test_subjects_have_gains_and_offsets():
    data = make(2000, n_subjects=40, subject_gain=0.4, subject_offset=1.5, jitter=0.0)
    assert np.bincount(data.groups).tolist() == [50] * 40
    for name in ("fmri", "eeg"):
        gains = data.subject_gains[name]
        assert gains.mean() == pytest.approx(1.0, abs=0.25)
        assert np.log(gains).std() == pytest.approx(0.4, rel=0.35)
        size = np.abs(data.amplitudes[name])
        np.testing.assert_allclose(size / gains[data.groups], size[0] / gains[data.groups[0]])
        means = np.array([data.X[name].data[data.groups == k].mean(axis=0) for k in range(40)])
        offsets = data.subject_offsets[name]
        assert np.corrcoef(means.ravel(), offsets.ravel())[0, 1] > 0.9
        unit = 1.0 if name == "fmri" else 1e-5
        assert (offsets / unit).std() == pytest.approx(1.5 * np.sqrt(0.9), rel=0.15)


def test_every_subject_has_both_classes():
    data = make(100, n_subjects=20, weights=(0.2, 0.8))
    for subject in range(20):
        counts = np.bincount(data.target[data.groups == subject], minlength=2)
        assert counts.tolist() == [1, 4]


def test_without_subjects_every_sample_is_its_own_group():
    data = make(30)
    np.testing.assert_array_equal(data.groups, np.arange(30))
    assert data.subject_gains["fmri"].shape == (0,)
    assert data.subject_offsets["eeg"].shape == (0, 8, 40)


def test_missing_modality():
    data = make(200, regime="conjunction", missing=0.3)
    assert (~data.X.present).sum(axis=0).tolist() == [30, 30]
    assert data.X.present.any(axis=1).all()
    assert np.isnan(data.X["fmri"].data[~data.X["fmri"].present]).all()
    lacking = ~data.X.present.all(axis=1)
    np.testing.assert_allclose(data.posterior[lacking], 0.5)
    assert data.bayes_accuracy == pytest.approx(0.7 * 0.95 + 0.3 * 0.5, abs=1e-3)
    data = make(200, missing={"eeg": 0.25})
    assert (~data.X.present).sum(axis=0).tolist() == [0, 50]
    data = make(200, missing={"eeg": 0.4, "fmri": 0.6})
    assert (data.X.present.sum(axis=1) == 1).all()


def test_spaces_and_places():
    data = make(20, random_state=1, masked=True)
    assert isinstance(data.X, Multimodal)
    fmri, eeg = data.X["fmri"], data.X["eeg"]
    assert fmri.data.dtype == eeg.data.dtype == np.float32
    assert isinstance(fmri.space, VolumeSpace)
    assert isinstance(eeg.space, SensorSpace)
    assert fmri.shape == (20, 6, 7, 6)
    assert eeg.shape == (20, 8, 40)
    assert np.all(fmri.data[:, ~fmri.space.mask] == 0.0)
    peak = np.unravel_index(np.argmax(data.patterns["fmri"]), fmri.shape[1:])
    millimetres = fmri.space.affine @ [*peak, 1.0]
    assert np.linalg.norm(millimetres[:3] - data.location) < fmri.space.voxel_sizes.max()
    rows = np.flatnonzero(np.abs(data.patterns["eeg"]).max(axis=1))
    assert data.channels == [eeg.space.ch_names[row] for row in rows]
    assert 0 < len(data.channels) < 8
    epochs = eeg.to_native()
    assert isinstance(epochs, mne.BaseEpochs)
    assert epochs.tmin < data.interval[0] < data.interval[1] < epochs.tmax
    assert np.all([np.linalg.norm(ch["loc"][:3]) > 0.05 for ch in epochs.info["chs"]])


@pytest.mark.parametrize("n_channels", [4, 32, 64, 128, 330])
def test_channels_are_distinct_and_spread(n_channels):
    space = make_sensor_space(n_channels, 100.0, 0.0)
    places = np.array([ch["loc"][:3] for ch in space.info["chs"]])
    assert len(set(space.ch_names)) == n_channels
    gaps = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(n_channels)
    assert gaps.min() > 0.2 / n_channels


def test_default_volumes_have_the_voxels_of_the_template():
    space = make_volume_space((24, 28, 24), masked=True)
    np.testing.assert_allclose(space.voxel_sizes, 8.0)
    corners = space.affine @ np.array([[0, 0, 0, 1], [23, 27, 23, 1]]).T
    np.testing.assert_allclose(corners[:3].T, [[-92, -128, -74], [92, 88, 110]])
    litres = space.mask.sum() * 8.0**3 / 1e6
    assert 1.5 < litres < 2.5


def test_same_seed_same_data_and_globals_untouched():
    np.random.seed(11)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = make(60, **HARD | {"n_subjects": 9}), make(60, **HARD | {"n_subjects": 9})
    make(10, random_state=None)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    for name in ("fmri", "eeg"):
        np.testing.assert_array_equal(one.X[name].data, two.X[name].data)
    np.testing.assert_array_equal(one.posterior, two.posterior)
    other = make(60, **HARD | {"n_subjects": 9}, random_state=np.random.RandomState(1))
    assert not np.array_equal(one.X["eeg"].data, other.X["eeg"].data)


def test_truth_does_not_depend_on_size_regime_or_difficulty():
    one = make(20, n_nuisance=2)
    two = make(50, n_nuisance=2, regime="conjunction", bayes_accuracy=0.7, n_subjects=5)
    for name in ("fmri", "eeg"):
        np.testing.assert_array_equal(one.patterns[name], two.patterns[name])
        np.testing.assert_array_equal(one.nuisance_patterns[name], two.nuisance_patterns[name])


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"n_samples": 1}, ValueError, "n_samples must be"),
        ({"regime": "bth"}, ValueError, "did you mean 'both'"),
        ({"bayes_accuracy": 0.5}, ValueError, r"bayes_accuracy must be in \(0.5, 1.0\)"),
        ({"bayes_accuracy": "hard"}, TypeError, "bayes_accuracy must be a number"),
        ({"weights": (0.5, 0.6)}, ValueError, "weights must be two positive proportions"),
        ({"weights": (1.0, 0.0)}, ValueError, "weights must be two positive proportions"),
        ({"n_subjects": 401}, ValueError, r"n_subjects must be in \[1, 400\]"),
        ({"subject_gain": -0.1}, ValueError, "subject_gain must be"),
        ({"subject_offset": np.nan}, ValueError, "subject_offset must be"),
        ({"n_nuisance": 1.5}, TypeError, "n_nuisance must be an integer"),
        ({"nuisance_strength": -1}, ValueError, "nuisance_strength must be"),
        ({"jitter": 0.05}, ValueError, r"jitter must be in \[0.0, 0.04\] s"),
        ({"missing": 1.2}, ValueError, r"missing must be in \[0.0, 1.0\]"),
        ({"missing": {"eg": 0.1}}, ValueError, "did you mean 'eeg'"),
        ({"missing": {"eeg": 0.6, "fmri": 0.6}}, ValueError, "missing must sum to at most 1"),
        ({"volume_shape": (6, 7)}, ValueError, "volume_shape must have 3 numbers"),
        ({"volume_shape": (6, 3, 6)}, ValueError, "volume_shape along y must be"),
        ({"n_channels": 3}, ValueError, "n_channels must be in"),
        ({"n_channels": 1000}, ValueError, "n_channels must be in"),
        ({"n_times": 8}, ValueError, "n_times must be"),
        ({"sfreq": 0.0}, ValueError, "sfreq must be"),
        ({"masked": "yes"}, ValueError, "masked must be"),
    ],
)
def test_bad_parameters(params, error, message):
    with pytest.raises(error, match=f"make_multimodal_classification: .*{message}"):
        make(**params)
