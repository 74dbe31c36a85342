"""The estimators: what they learn, say and refuse."""

import pickle

import joblib
import numpy as np
import pytest
import sklearn
import torch
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import FromFlat
from sklearn_neurofuse.exceptions import ClosedGateWarning, FlattenedInputWarning
from sklearn_neurofuse.neural_network import FusionClassifier, FusionRegressor
from tests.neural_network.conftest import flat_sums

FAST = {"max_epochs": 2}


@pytest.fixture(scope="module")
def fitted(planted):
    """Give a classifier that has learned a conjunction, and the samples it has not seen."""
    data = planted()
    rows = np.arange(240)
    model = FusionClassifier(training={"max_epochs": 6}, random_state=0)
    model.fit(data.X[rows[:160]], data.target[rows[:160]])
    return model, data.X[rows[160:]], data.target[rows[160:]]


def test_a_conjunction_is_learned_where_linear_models_know_nothing(fitted, planted):
    model, X, y = fitted
    data = planted()
    linear = make_pipeline(StandardScaler(), LogisticRegression())
    linear.fit(data.X[:160], data.target[:160])
    assert linear.score(X, y) < 0.65
    assert model.score(X, y) > 0.75
    assert model.gate_ > 0


def test_the_gate_closes_where_the_linear_model_knows_all(planted):
    data = planted("both", 120)
    model = FusionClassifier(training=FAST, random_state=0).fit(data.X[:80], data.target[:80])
    assert model.gate_ == 0
    assert model.score(data.X[80:], data.target[80:]) > 0.75
    with pytest.warns(ClosedGateWarning, match="linear"):
        model.attention_weights(data.X[80:82])


def test_the_linear_path_leaves_out_a_modality_that_knows_nothing(planted):
    data = planted("fmri", 120)
    model = FusionClassifier(parts="linear", random_state=0).fit(data.X, data.target)
    assert model.mixture_["fmri"] >= 0.8
    assert model.nets_ == []
    assert model.net_ is None


def test_attention_lies_on_the_planted_place_and_time(fitted, planted):
    model, X, _ = fitted
    data = planted()
    found = model.attention_weights(X)
    np.testing.assert_allclose(flat_sums(found.maps), 1.0)
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0)
    assert (found.shares > 0.2).all(), "both modalities are needed"
    for name in ("fmri", "eeg"):
        attention, pattern = found.maps[name].mean(axis=0), np.abs(data.patterns[name])
        # the tenth of features with the strongest pattern gets well above a tenth
        strong = pattern >= np.quantile(pattern, 0.9)
        assert attention[strong].sum() / attention.sum() > 0.2
        assert np.corrcoef(attention.ravel(), pattern.ravel())[0, 1] > 0.4


def test_attention_leaves_out_what_is_missing(fitted):
    model, X, _ = fitted
    eeg = np.array(X["eeg"].data[:4])
    eeg[0] = np.nan
    found = model.attention_weights(X[:4].replace(eeg=eeg))
    assert found.shares[0, 1] == 0
    np.testing.assert_allclose(found.shares.sum(axis=1), 1.0)
    alone = model.attention_weights(X[:4].select("fmri"))
    assert not alone.maps["eeg"].any()


@pytest.mark.parametrize("fusion", ["concat", "pyramid"])
def test_other_fusions_have_no_attention(conjunction, fusion):
    X, y = conjunction
    model = FusionClassifier(fusion, training=FAST, random_state=0).fit(X, y)
    assert model.predict_proba(X).shape == (len(X), 2)
    with pytest.raises(ValueError, match="fusion='attention'"):
        model.attention_weights(X)


@pytest.mark.parametrize(
    "parts",
    [
        ("components",),
        ("encoders",),
        ("products",),
        ("linear", "encoders"),
        ("components", "encoders"),
    ],
)
def test_every_part_can_stand_alone(conjunction, parts):
    X, y = conjunction
    model = FusionClassifier(parts=parts, training=FAST, random_state=0).fit(X, y)
    assert np.isfinite(model.decision_function(X)).all()
    assert len(model.nets_) == 3


def test_probabilities_of_three_classes(rng):
    y = np.arange(90) % 3
    epochs = rng.standard_normal((90, 3, 30))
    epochs[:, :, :10] += 1.5 * np.eye(3)[y][:, :, None]
    X = Multimodal(eeg=epochs, genes=rng.standard_normal((90, 4)))
    labels = np.array(["a", "b", "c"])[y]
    model = FusionClassifier(training=FAST, random_state=0).fit(X[:60], labels[:60])
    shares = model.predict_proba(X[60:])
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert model.decision_function(X[60:]).shape == (30, 3)
    assert model.score(X[60:], labels[60:]) > 0.8
    assert model.encoders_ == {"eeg": "lstm", "genes": "mlp"}


def test_regression_finds_a_product(rng):
    signals = rng.standard_normal((2, 150))
    fmri, eeg = rng.standard_normal((150, 6, 6, 6)), rng.standard_normal((150, 4, 40))
    fmri[:, 2:4, 2:4, 2:4] += 2 * signals[0, :, None, None, None]
    eeg[:, 1, 10:20] += 2 * signals[1, :, None]
    X, y = Multimodal(fmri=fmri, eeg=eeg), 100.0 + 10.0 * np.tanh(signals[0]) * np.tanh(signals[1])
    model = FusionRegressor(training={"max_epochs": 5}, random_state=0).fit(X[:110], y[:110])
    assert model.gate_ > 0
    assert model.score(X[110:], y[110:]) > 0.4


def test_equal_seeds_give_equal_networks_and_touch_no_generator(conjunction):
    X, y = conjunction
    before = torch.random.get_rng_state(), joblib.hash(np.random.get_state())  # noqa: NPY002
    one, two = (FusionClassifier(training=FAST, random_state=7).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(one.decision_function(X), two.decision_function(X))
    assert torch.equal(before[0], torch.random.get_rng_state())
    assert before[1] == joblib.hash(np.random.get_state())  # noqa: NPY002


def test_a_generator_as_random_state_goes_on(conjunction):
    X, y = conjunction
    generator = np.random.RandomState(0)
    model = FusionClassifier(training=FAST, random_state=generator)
    one = model.fit(X, y).decision_function(X)
    assert np.ptp(model.fit(X, y).decision_function(X) - one) > 0


def test_microvolts_and_large_numbers_train_alike(conjunction):
    X, y = conjunction
    scaled = X.replace(fmri=1e4 * X["fmri"].data, eeg=1e-6 * X["eeg"].data)
    usual = FusionClassifier(training=FAST, random_state=0).fit(X, y).decision_function(X)
    other = FusionClassifier(training=FAST, random_state=0).fit(scaled, y)
    np.testing.assert_allclose(other.decision_function(scaled), usual, rtol=0.02, atol=0.02)


def test_missing_modalities_are_learned_from_and_predicted(planted):
    data = planted("both", 160, missing=0.4)
    model = FusionClassifier(training=FAST, random_state=0).fit(data.X[:110], data.target[:110])
    shares = model.predict_proba(data.X[110:])
    assert np.isfinite(shares).all()
    assert model.score(data.X[110:], data.target[110:]) > 0.65
    # a modality that is absent altogether is one that every sample lacks
    alone = data.X[110:].select("eeg")
    lacking = alone.replace(fmri=np.full((50, 10, 12, 10), np.nan)).select(["fmri", "eeg"])
    np.testing.assert_allclose(model.predict_proba(alone), model.predict_proba(lacking))


def test_groups_reach_inner_splits(conjunction):
    X, y = conjunction
    groups = np.arange(len(X)) // 3
    model = FusionClassifier(training=FAST, random_state=0)
    assert not model.fit(X, y).early_stopping_grouped_
    assert model.fit(X, y, groups=groups).early_stopping_grouped_
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(model, {"fusion": ["attention"]}, cv=GroupKFold(2))
        search.fit(X, y, groups=groups)
        assert search.best_estimator_.early_stopping_grouped_
        scores = cross_val_score(model, X, y, cv=GroupKFold(2), params={"groups": groups})
    assert np.isfinite(scores).all()


def test_few_samples_leave_the_linear_path(conjunction):
    X, y = conjunction
    rows = np.r_[np.flatnonzero(y == 0)[:6], np.flatnonzero(y == 1)[:2]]
    model = FusionClassifier(random_state=0).fit(X[rows], y[rows])
    assert model.nets_ == []
    assert model.gate_ == 0
    two_people = FusionClassifier(random_state=0).fit(X, y, groups=np.arange(len(X)) % 2)
    assert two_people.nets_ == []
    three = np.r_[np.flatnonzero(y == 0)[:6], np.flatnonzero(y == 1)[:3]]
    model.fit(X[three], y[three])
    assert np.isfinite(model.predict_proba(X)).all()


def test_classes_are_weighted(rng):
    y = (np.arange(100) % 5 == 0).astype(int)
    features = rng.standard_normal((100, 10)) + 0.7 * y[:, None] * (np.arange(10) < 3)
    plain = FusionClassifier(parts="linear", random_state=0).fit(features, y)
    balanced = FusionClassifier(parts="linear", class_weight="balanced", random_state=0)
    balanced.fit(features, y)
    assert balanced.predict(features).mean() > plain.predict(features).mean() + 0.05
    weighted = FusionClassifier(parts="linear", random_state=0)
    weighted.fit(features, y, sample_weight=np.where(y == 1, 100 / 40, 100 / 160))
    np.testing.assert_allclose(weighted.predict_proba(features), balanced.predict_proba(features))


def test_samples_of_weight_zero_are_left_out(conjunction):
    X, y = conjunction
    weight = (np.arange(len(X)) < 36).astype(float)
    zeros = FusionClassifier(parts=("linear",), random_state=0)
    some = FusionClassifier(parts=("linear",), random_state=0).fit(X[:36], y[:36])
    zeros.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(zeros.predict_proba(X), some.predict_proba(X))


def test_layout_gives_flat_matrices_their_modalities(conjunction):
    X, y = conjunction
    flat = np.asarray(X)
    usual = FusionClassifier(training=FAST, random_state=0).fit(X, y)
    model = FusionClassifier(training=FAST, layout=X.layout, random_state=0).fit(flat, y)
    assert model.encoders_ == {"fmri": "cnn", "eeg": "lstm"}
    np.testing.assert_allclose(model.predict_proba(flat), usual.predict_proba(X), atol=1e-6)
    bagged = BaggingClassifier(
        make_pipeline(FromFlat(X.layout), FusionClassifier(training=FAST)), 2, random_state=0
    )
    assert bagged.fit(X, y).predict(X).shape == y.shape
    bagged = BaggingClassifier(FusionClassifier(training=FAST, layout=X.layout), 2, random_state=0)
    assert bagged.fit(X, y).predict(X).shape == y.shape


def test_a_wide_matrix_is_said_to_be_taken_for_one_modality(rng):
    X, y = rng.standard_normal((30, 101)), np.tile([0, 1], 15)
    with pytest.warns(FlattenedInputWarning, match="101 columns.*FromFlat"):
        FusionClassifier(training=FAST, random_state=0).fit(X, y)


def test_single_numbers_of_a_plain_matrix_may_be_missing(rng):
    X, y = rng.standard_normal((40, 6)), np.tile([0, 1], 20)
    X[:, 0] += 3 * y
    X[3, 2] = X[7, 4] = np.nan
    X[9] = np.nan
    model = FusionClassifier(training=FAST, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9


def test_pickled_and_dumped_networks_predict_the_same(conjunction, tmp_path):
    X, y = conjunction
    model = FusionClassifier(training=FAST, random_state=0).fit(X, y)
    assert model.gate_ > 0
    expected = model.predict_proba(X)
    back = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(back.predict_proba(X), expected)
    joblib.dump(model, tmp_path / "model.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "model.joblib").predict_proba(X), expected)
    assert {p.device.type for net in model.nets_ for p in net.module_.parameters()} == {"cpu"}


@pytest.mark.parametrize("labels", [("no", "yes"), (0, 1)])
def test_saved_weights_restore_the_classifier(conjunction, tmp_path, labels):
    X, y = conjunction
    y = np.array(labels)[y]
    model = FusionClassifier(training=FAST, random_state=0).fit(X, y)
    assert model.save_weights(tmp_path / "weights.npz") is model
    back = FusionClassifier(training=FAST).load_weights(tmp_path / "weights.npz")
    np.testing.assert_allclose(back.predict_proba(X), model.predict_proba(X), rtol=1e-6)
    np.testing.assert_array_equal(back.predict(X), model.predict(X))
    assert back.layout_ == model.layout_
    for name, part in back.attention_weights(X).maps.items():
        np.testing.assert_allclose(part, model.attention_weights(X).maps[name], rtol=1e-5)
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "fiubU" for name in file.files)


def test_saved_weights_restore_the_regressor_and_refuse_others(conjunction, tmp_path):
    X, y = conjunction
    path = tmp_path / "weights.npz"
    model = FusionRegressor(training=FAST, random_state=0).fit(X, 5.0 + 2.0 * y)
    model.save_weights(path)
    back = FusionRegressor().load_weights(path)
    np.testing.assert_allclose(back.predict(X), model.predict(X), rtol=1e-6)
    with pytest.raises(ValueError, match="holds the weights of FusionRegressor"):
        FusionClassifier().load_weights(path)
    with pytest.raises(ValueError, match="another network"):
        FusionRegressor("concat").load_weights(path)
    with pytest.raises(FileNotFoundError):
        FusionRegressor().load_weights(tmp_path / "none.npz")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="no weights that can be read"):
        FusionRegressor().load_weights(path)
    with pytest.raises(NotFittedError):
        FusionClassifier().save_weights(path)


def test_history_and_callbacks_reach_skorch(conjunction, capsys):
    X, y = conjunction
    calls = []
    training = {"max_epochs": 2, "callbacks": [("count", Counter(calls))], "batch_size": 10}
    model = FusionClassifier(training=training, random_state=0).fit(X, y)
    assert len(calls) >= 2 * 5
    assert {"train_loss", "valid_loss", "dur"} <= set(model.history_[0][0])
    assert capsys.readouterr().out == ""
    loud = FusionClassifier(training={**FAST, "verbose": 1}, random_state=0).fit(X, y)
    assert "train_loss" in capsys.readouterr().out
    assert loud.net_ is loud.nets_[0]


class Counter(Callback):
    """Count epochs."""

    def __init__(self, calls):
        self.calls = calls

    def on_epoch_end(self, net, **kwargs):
        self.calls.append(net)


@pytest.mark.parametrize(
    "augmentation",
    [{"noise": 0.3}, {"time_shift": 3}, {"channel_dropout": 0.4}, {"modality_dropout": 0.9}],
)
def test_augmentation_changes_training_alone(conjunction, augmentation):
    X, y = conjunction
    training = {"max_epochs": 3, "lr": 0.05}
    usual = FusionClassifier(training=training, random_state=0).fit(X, y)
    model = FusionClassifier(training=training, augmentation=augmentation, random_state=0).fit(X, y)
    assert np.abs(model.decision_function(X) - usual.decision_function(X)).max() > 1e-4
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))


def test_a_loss_that_is_not_finite_stops_with_advice(conjunction):
    X, y = conjunction
    model = FusionClassifier(training={"max_epochs": 5, "lr": 1e30, "patience": 5}, random_state=0)
    with pytest.raises(ValueError, match=r"loss of the network is .*smaller training"):
        model.fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"fusion": "atention"}, ValueError, "fusion.*did you mean 'attention'"),
        ({"encoders": "cnn"}, ValueError, "encoders must be one of 'auto'"),
        ({"encoders": {"egg": "lstm"}}, ValueError, "modality in encoders.*did you mean 'eeg'"),
        ({"encoders": {"eeg": "cnn"}}, ValueError, r"'eeg'.*'cnn' must read samples of 3 axes"),
        ({"parts": ("linear", "product")}, ValueError, "part.*did you mean 'products'"),
        ({"parts": ()}, ValueError, "at least one part"),
        ({"n_components": 0}, ValueError, "n_components must be in"),
        ({"n_members": 1.5}, TypeError, "n_members must be an integer"),
        ({"augmentation": {"noize": 1}}, ValueError, "augmentation.*did you mean 'noise'"),
        ({"augmentation": {"modality_dropout": 1.0}}, ValueError, r"in \[0.0, 1.0\)"),
        ({"training": {"epochs": 3}}, ValueError, "a key of training"),
        ({"training": 3}, TypeError, "training must be a dict"),
        ({"training": {"lr": 0.0}}, ValueError, "lr"),
        ({"training": {"schedule": "step"}}, ValueError, "schedule"),
        ({"training": {"mixed_precision": True}}, ValueError, "needs an accelerator"),
        ({"layout": "fmri"}, TypeError, "layout must be a Layout"),
        ({"class_weight": "balance"}, ValueError, "balanced"),
    ],
)
def test_bad_parameters(conjunction, parameters, kind, message):
    X, y = conjunction
    with pytest.raises(kind, match=message):
        FusionClassifier(**parameters).fit(X, y)


def test_bad_samples(conjunction):
    X, y = conjunction
    with pytest.raises(ValueError, match="two classes or more"):
        FusionClassifier().fit(X, np.zeros(len(X), int))
    with pytest.raises(ValueError, match="target y is None"):
        FusionClassifier().fit(X, None)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        FusionClassifier().fit(X, y[:-1])
    with pytest.raises(ValueError, match="no training sample has the modality 'eeg'"):
        FusionClassifier().fit(X.replace(eeg=np.full((len(X), 3, 8), np.nan)), y)
    with pytest.raises(ValueError, match="sample_weight must be finite"):
        FusionClassifier().fit(X, y, sample_weight=-np.ones(len(X)))
    with pytest.raises(ValueError, match="NaN or infinity"):
        FusionRegressor().fit(X, np.where(y == 0, np.nan, 1.0))
    with pytest.raises(ValueError, match="infinity"):
        FusionClassifier().fit(np.where(y[:, None] == 0, np.inf, np.ones((1, 3))), y)


@pytest.mark.parametrize("fusion", ["attention", "concat"])
def test_a_modality_that_is_the_same_in_all_samples_says_nothing(conjunction, fusion):
    X, y = conjunction
    model = FusionClassifier(fusion, training=FAST, n_members=1, random_state=0)
    constant = X.replace(genes=np.full((len(X), 4), 2.5))
    probability = model.fit(constant, y).predict_proba(constant)
    assert np.isfinite(probability).all()
    # what it is in new samples makes no difference then
    other = constant.replace(genes=np.full((len(X), 4), 2.0))
    np.testing.assert_allclose(model.predict_proba(other), probability, atol=1e-6)


def test_infinity_in_a_modality_is_refused(conjunction):
    X, y = conjunction
    eeg = np.array(X["eeg"].data)
    eeg[-1, 1, 2] = -np.inf
    bad = X.replace(eeg=eeg)
    with pytest.raises(ValueError, match="modality 'eeg' contains infinity"):
        FusionClassifier().fit(bad, y)
    model = FusionClassifier(training=FAST, n_members=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="modality 'eeg' contains infinity"):
        model.predict_proba(bad)


@pytest.mark.parametrize("kind", [dict, list, tuple, np.asarray])
def test_arrays_side_by_side_are_told_to_be_made_a_multimodal(conjunction, kind):
    X, y = conjunction
    blocks = {name: np.asarray(X[name].data) for name in X.modalities}
    many = (
        blocks["eeg"] if kind is np.asarray else kind(blocks if kind is dict else blocks.values())
    )
    with pytest.raises(ValueError, match=r"Multimodal\(fmri=..., eeg=...\)"):
        FusionClassifier().fit(many, y)


def test_cuda_without_cuda(conjunction, monkeypatch):
    X, y = conjunction
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="CUDA is not available"):
        FusionClassifier(training={"device": "cuda"}).fit(X, y)


def test_an_unseen_modality_at_predict(fitted):
    model, X, _ = fitted
    with pytest.raises(ValueError, match="'genes' was not there in fit"):
        model.predict(X.replace(genes=np.zeros((len(X), 3))))


def test_one_sample_is_predicted_like_many(fitted):
    model, X, _ = fitted
    everything = model.predict_proba(X)
    for row in (0, 5):
        np.testing.assert_allclose(model.predict_proba(X[row]), everything[row][None], atol=1e-6)
