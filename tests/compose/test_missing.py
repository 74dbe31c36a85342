"""Samples that lack a modality."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.containers import Block
from tests.compose.doubles import ChannelPower, Recorder, Returner

MISSING = [2, 3, 20]
PRESENT = np.setdiff1d(np.arange(24), MISSING)


@pytest.mark.parametrize(
    "transformer", [PCA(3), SelectKBest(k=5), StandardScaler(), ChannelPower()]
)
def test_transformers_see_the_present_samples(gappy, transformer):
    X, y = gappy
    fitted = make_modality_transformer(eeg=transformer).fit(X, y)
    alone = make_modality_transformer(eeg=transformer).fit(X[PRESENT], y[PRESENT])
    Xt = fitted.transform(X)
    np.testing.assert_allclose(Xt["eeg"].data[PRESENT], alone.transform(X[PRESENT])["eeg"].data)
    assert np.isnan(Xt["eeg"].data[MISSING]).all()
    np.testing.assert_array_equal(Xt.present, X.present)
    assert Xt["eeg"].space == alone.transform(X[PRESENT])["eeg"].space
    np.testing.assert_allclose(fitted.fit_transform(X, y)["eeg"].data, Xt["eeg"].data)


@pytest.mark.parametrize("kind", [np.asarray, list, tuple, pd.Series])
def test_target_follows(gappy, kind):
    X, y = gappy
    target = kind(y.tolist())
    fitted = make_modality_transformer(eeg=Recorder(), fmri=Recorder()).fit(X, target)
    seen = fitted.named_transformers_["eeg"].seen_
    assert seen["X"].shape == (21, 4, 20)
    np.testing.assert_array_equal(np.asarray(seen["y"]), y[PRESENT])
    assert fitted.named_transformers_["fmri"].seen_["y"] is target


@pytest.mark.parametrize(
    "transformer",
    [SimpleImputer(), KNNImputer(), make_pipeline(StandardScaler(), SimpleImputer(), PCA(2))],
)
def test_imputers_fill_them(gappy, transformer):
    X, y = gappy
    Xt = make_modality_transformer(eeg=transformer).fit_transform(X, y)
    assert Xt.present.all()
    assert np.isfinite(np.asarray(Xt)).all()


def test_imputed_by_the_mean(gappy):
    X, _ = gappy
    block = make_modality_transformer(eeg=SimpleImputer()).fit_transform(X)["eeg"]
    assert block.space == X["eeg"].space
    expected = X["eeg"].data[PRESENT].mean(axis=0)
    np.testing.assert_allclose(block.data[MISSING], np.broadcast_to(expected, (3, 4, 20)))


def test_samples_that_all_lack_it_in_transform(gappy):
    X, _ = gappy
    transformer = make_modality_transformer(eeg=PCA(3), fmri=PCA(2)).fit(X)
    Xt = transformer.transform(X[MISSING])
    assert Xt["eeg"].shape == (3, 3)
    assert Xt["eeg"].get_feature_names() == ["pca0", "pca1", "pca2"]
    assert not Xt["eeg"].present.any()
    assert Xt["fmri"].present.all()
    folded = make_modality_transformer(eeg=StandardScaler()).fit(X).transform(X[2])
    assert folded["eeg"].shape == (1, 4, 20)
    assert folded["eeg"].space == X["eeg"].space


def test_samples_that_all_lack_it_in_fit(gappy):
    X, _ = gappy
    with pytest.raises(ValueError, match="modality 'eeg' is missing in all 3 samples"):
        make_modality_transformer(eeg=PCA(1)).fit(X[MISSING])


def test_float32_and_integers(gappy):
    X, _ = gappy
    single = Block(np.asarray(X["eeg"]).astype(np.float32), X["eeg"].space)
    samples = Multimodal(eeg=single)
    assert make_modality_transformer(eeg=PCA(2)).fit_transform(samples)["eeg"].dtype == np.float32
    whole = Returner(lambda array: (array > 0).astype(np.int64))
    assert make_modality_transformer(eeg=whole).fit_transform(samples)["eeg"].dtype == np.float64


def test_bins_of_present_samples(gappy):
    X, _ = gappy
    bins = KBinsDiscretizer(2, quantile_method="averaged_inverted_cdf", encode="ordinal")
    block = make_modality_transformer(eeg=bins).fit_transform(X)["eeg"]
    assert set(np.unique(block.data[PRESENT])) == {0.0, 1.0}


def test_cross_validation_with_gaps(gappy):
    X, y = gappy
    model = make_pipeline(
        make_modality_transformer(eeg=PCA(3), fmri=PCA(3)),
        make_modality_transformer(eeg=SimpleImputer()),
        LogisticRegression(),
    )
    scores = cross_val_score(model, X, y, cv=4, n_jobs=2, error_score="raise")
    assert scores.shape == (4,)
