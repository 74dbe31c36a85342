"""The ready pipelines."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from sklearn_neurofuse.decomposition import fusion_baseline

from .conftest import drop, make_linked

FUSIONS = ["cca", "jica", "cca+jica", "pica", "concat", "vote", "stack"]


@pytest.fixture(scope="module")
def labelled():
    """Give linked modalities and a class that depends on what they share."""
    X, loadings, _ = make_linked(80)
    return X, (loadings["eeg"][:, 0] > 0.0).astype(int)


@pytest.mark.parametrize("model", [*FUSIONS, "fmri", "eeg"])
def test_classifies(labelled, model):
    X, y = labelled
    pipe = fusion_baseline(model, X, random_state=0)
    scores = cross_val_score(pipe, X, y, cv=4, scoring="roc_auc", error_score="raise")
    assert scores.mean() > (0.6 if model == "cca" else 0.8)


@pytest.mark.parametrize("model", FUSIONS)
def test_bears_missing_modalities(labelled, model):
    X, y = labelled
    holes = drop(X, eeg=np.arange(0, 20), fmri=np.arange(20, 40))
    pipe = fusion_baseline(model, ["fmri", "eeg"], random_state=0).fit(holes, y)
    assert np.isfinite(pipe.predict_proba(holes)).all()


def test_takes_components_and_a_classifier(labelled):
    X, y = labelled
    pipe = fusion_baseline("jica", X.modalities, n_components=4, classifier=SVC(), random_state=3)
    assert pipe["jointica"].n_components == 4
    assert pipe["jointica"].random_state == 3
    assert isinstance(pipe[-1], SVC)
    assert set(pipe.fit(X, y).predict(X)) <= {0, 1}


@pytest.mark.parametrize("model", ["cca", "jica", "cca+jica", "pica", "concat"])
def test_takes_all_modalities_where_none_is_named(labelled, model):
    X, y = labelled
    named = fusion_baseline(model, X, random_state=0).fit(X, y)
    unnamed = fusion_baseline(model, random_state=0).fit(X, y)
    assert_allclose(unnamed.predict_proba(X), named.predict_proba(X))


def test_refuses_what_it_cannot_make():
    with pytest.raises(ValueError, match="did you mean 'jica'"):
        fusion_baseline("jca", ["fmri", "eeg"])
    with pytest.raises(ValueError, match="fuses two or more modalities"):
        fusion_baseline("cca", ["eeg"])
    with pytest.raises(ValueError, match="'vote' fuses two or more modalities, got None"):
        fusion_baseline("vote")
