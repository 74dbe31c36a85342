"""Who receives what, and which results are folded back into the space of their modality."""

import mne
import numpy as np
import pandas as pd
import pytest
import sklearn
from imblearn.pipeline import Pipeline as SamplingPipeline
from imblearn.under_sampling import RandomUnderSampler
from mne.decoding import CSP, Scaler, Vectorizer
from scipy import sparse
from sklearn.cross_decomposition import CCA
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    PolynomialFeatures,
    StandardScaler,
)

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.containers import Block, ConnectomeSpace
from tests.compose.doubles import (
    ChannelPower,
    Demeaner,
    OneToOneDemeaner,
    Recorder,
    Returner,
    Rotator,
)


def transform(modality, transformer, X, y=None):
    return make_modality_transformer(**{modality: transformer}).fit_transform(X, y)[modality]


@pytest.mark.parametrize(
    "transformer",
    [
        StandardScaler(),
        MinMaxScaler(),
        SimpleImputer(),
        VarianceThreshold(),
        make_pipeline(StandardScaler(), SimpleImputer()),
        make_pipeline("passthrough", StandardScaler()),
        make_pipeline(
            StandardScaler(), FunctionTransformer(np.tanh, feature_names_out="one-to-one")
        ),
        make_pipeline(StandardScaler(), FrozenEstimator(MinMaxScaler().fit(np.eye(80)))),
        SelectKBest(k="all"),
    ],
    ids=repr,
)
def test_one_to_one_is_folded_back(paired, transformer):
    X, y = paired
    block = transform("eeg", transformer, X, y)
    assert block.shape == X["eeg"].shape
    assert block.space == X["eeg"].space
    flat = np.asarray(X["eeg"]).reshape(24, -1)
    expected = sklearn.base.clone(transformer).fit_transform(flat, y)
    np.testing.assert_allclose(block.data.reshape(24, -1), expected)


@pytest.mark.parametrize(
    "transformer",
    [
        PCA(),
        make_pipeline(StandardScaler(), PCA()),
        make_pipeline(PCA(whiten=True), StandardScaler()),
    ],
    ids=repr,
)
def test_as_many_components_as_features_are_not_folded(rng, make_info, transformer):
    X = Multimodal(eeg=rng.standard_normal((90, 4, 12)), links=rng.standard_normal((90, 48)))
    for name in X.modalities:
        block = transform(name, transformer, X)
        assert block.shape == (90, 48)
        assert block.space is None
        assert block.get_feature_names()[:2] == ["pca0", "pca1"]


def test_selection_of_some_keeps_their_names(paired):
    X, y = paired
    block = transform("links", SelectKBest(k=2), X, y)
    assert block.space is None
    assert set(block.get_feature_names()) < set(X["links"].get_feature_names())
    everything = transform("links", SelectKBest(k=6), X, y)
    assert everything.space == X["links"].space


def test_names_equal_by_chance_do_not_fold(rng):
    space = ConnectomeSpace(["a", "b", "c", "d"])
    plain = Block(rng.standard_normal((20, 6)), feature_names=[f"pca{i}" for i in range(6)])
    X = Multimodal(plain=plain, links=Block(rng.standard_normal((20, 6)), space))
    assert transform("links", PCA(), X).space is None
    union = FeatureUnion([("one", StandardScaler())])
    assert transform("links", union, X).space is None
    assert transform("links", union.set_params(verbose_feature_names_out=False), X).space == space
    # a step that is not one to one in the middle of steps that are
    model = make_pipeline(StandardScaler(), PolynomialFeatures(1, include_bias=False), Rotator())
    assert transform("links", model, X).space is None


def test_third_parties_receive_plain_arrays(paired, tmp_path):
    X, y = paired
    X.save(tmp_path / "X")
    for samples in (X, Multimodal.load(tmp_path / "X")):
        fitted = make_modality_transformer(eeg=Recorder(), fmri=Recorder()).fit(samples, y)
        for name in ("eeg", "fmri"):
            seen = fitted.named_transformers_[name].seen_
            assert type(seen["X"]) is np.ndarray
            assert seen["X"].shape == X[name].shape
            assert seen["y"] is y


def test_function_transformer_receives_the_array(paired):
    X, _ = paired
    mean = transform("eeg", FunctionTransformer(lambda array: array.mean(axis=2)), X)
    np.testing.assert_allclose(mean.data, X["eeg"].data.mean(axis=2))
    assert mean.space is None
    for name in X.modalities:
        block = transform(name, FunctionTransformer(np.tanh), X)
        np.testing.assert_allclose(block.data, np.tanh(X[name].data))
        assert block.space == X[name].space


def test_nd_results(paired):
    X, _ = paired
    assert transform("eeg", Demeaner(), X).space == X["eeg"].space
    assert transform("eeg", ChannelPower(), X).space is None
    shorter = transform("eeg", Returner(lambda array: array[:, :, ::2]), X)
    assert shorter.shape == (24, 4, 10)
    assert shorter.space is None


def test_matrices_are_never_told_by_their_number_of_columns(paired):
    X, _ = paired
    assert transform("links", Rotator(), X).space is None
    assert transform("links", Demeaner(), X).space is None
    assert transform("links", OneToOneDemeaner(), X).space == X["links"].space
    turned = make_pipeline(FunctionTransformer(np.tanh), PCA())
    assert transform("links", turned, X).space is None
    assert transform("links", make_pipeline("passthrough"), X).space == X["links"].space


def test_blocks_are_kept_as_they_are(paired):
    X, _ = paired
    space = ConnectomeSpace(["p", "q", "r", "s"])
    given = Returner(lambda array: Block(array[:, ::-1], space))
    fitted = make_modality_transformer(links=given).fit(X)
    assert fitted.transform(X)["links"].space is space
    assert fitted.get_feature_names_out()[-1] == "links__s~r"


def test_native_objects_bring_their_space(paired, make_info):
    X, _ = paired
    later = Returner(lambda a: mne.EpochsArray(a, make_info(4), tmin=3.0, verbose="error"))
    block = transform("eeg", later, X)
    assert block.shape == X["eeg"].shape
    assert block.space.tmin == 3.0


def test_frames_and_sparse_matrices(paired):
    X, _ = paired
    frame = Returner(lambda array: pd.DataFrame({"left": array[:, 0, 0], "right": array[:, 1, 0]}))
    fitted = make_modality_transformer(eeg=frame, remainder="drop").fit(X)
    assert fitted.get_feature_names_out().tolist() == ["eeg__left", "eeg__right"]
    assert fitted.transform(X[:5])["eeg"].get_feature_names() == ["left", "right"]
    matrix = Returner(lambda array: sparse.csr_array(np.eye(len(array))))
    np.testing.assert_array_equal(transform("eeg", matrix, X).data, np.eye(24))
    bins = KBinsDiscretizer(2, quantile_method="averaged_inverted_cdf", encode="onehot")
    assert transform("links", bins, X).shape == (24, 12)


def test_global_output_of_data_frames(paired):
    X, y = paired
    model = make_pipeline(StandardScaler(), PCA(2))
    with sklearn.config_context(transform_output="pandas"):
        fitted = make_modality_transformer(eeg=model, links=StandardScaler()).fit(X, y)
        Xt = fitted.transform(X)
    assert Xt["links"].space == X["links"].space
    assert Xt["eeg"].get_feature_names() == ["pca0", "pca1"]


def test_first_leaf_is_found_inside_compositions(paired):
    X, _ = paired
    union = FeatureUnion([("power", ChannelPower()), ("mean", Returner(lambda a: a.mean(axis=2)))])
    assert transform("eeg", make_pipeline(union, StandardScaler()), X).shape == (24, 8)
    frozen = FrozenEstimator(ChannelPower().fit(np.asarray(X["eeg"])))
    assert transform("eeg", make_pipeline("passthrough", frozen), X).shape == (24, 4)
    assert transform("eeg", make_pipeline(make_pipeline(PCA(3)), StandardScaler()), X).shape == (
        24,
        3,
    )


def test_mne_transformers(paired, make_info):
    X, y = paired
    csp = CSP(2, log=True)
    with mne.use_log_level("error"):
        block = transform("eeg", csp, X, y)
        expected = CSP(2, log=True).fit_transform(np.asarray(X["eeg"]), y)
    np.testing.assert_allclose(block.data, expected)
    assert block.space is None
    assert transform("eeg", Scaler(make_info(4)), X).space == X["eeg"].space
    model = make_pipeline(Vectorizer(), StandardScaler(), PCA(2))
    assert transform("eeg", model, X).shape == (24, 2)


def test_target_reaches_supervised_transformers(paired):
    X, _ = paired
    target = np.asarray(X["links"])[:, :2] + 0.1
    block = transform("eeg", make_pipeline(PCA(3), CCA(1)), X, target)
    assert block.shape == (24, 1)


def test_unfit_results(paired):
    X, y = paired
    for function, error, message in [
        (lambda a: a[:, 0, 0], ValueError, "Returner of 'eeg' gave unfit samples.*two axes"),
        (lambda a: a[:-1], ValueError, "Returner of 'eeg' gave 23 samples for 24"),
        (lambda a: np.full((24, 2), "a"), TypeError, "Returner of 'eeg' gave unfit samples"),
        (lambda a: None, TypeError, "Returner of 'eeg' gave unfit samples.*NoneType"),
        (lambda a: np.where(a > a.mean(), np.nan, a), ValueError, "NaN in"),
    ]:
        with pytest.raises(error, match=message):
            transform("eeg", Returner(function), X, y)
    sampling = SamplingPipeline([("pick", RandomUnderSampler()), ("scale", StandardScaler())])
    with pytest.raises(ValueError, match="see ModalitySampler"):
        transform("links", sampling, X, np.repeat([0, 1], [4, 20]))
