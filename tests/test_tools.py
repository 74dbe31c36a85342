"""Every tool of scikit-learn on a Multimodal, with an estimator at the end that takes it apart.

Each tool is run twice, on the Multimodal and on the equivalent flat matrix, and has to give the
same. The model is the same too: the one on the Multimodal looks at the modalities as n-D arrays.
"""

import warnings

import numpy as np
import pytest
import sklearn
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from imblearn.under_sampling import RandomUnderSampler
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import FromFlat

N_JOBS = 2
CV = StratifiedKFold(3)
GRID = {"C": [0.01, 1.0]}


class NDClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression on the modalities of a Multimodal, taken apart as n-D arrays.

    A flat matrix is refused unless the estimator is told the layout.
    """

    def __init__(self, C=1.0, layout=None):
        self.C = C
        self.layout = layout

    def _features(self, X):
        if self.layout is not None:
            X = FromFlat(self.layout).transform(X)
        if not isinstance(X, Multimodal):
            raise TypeError(f"NDClassifier takes a Multimodal, got {type(X).__name__}")
        volumes, epochs = X["fmri"].data, X["eeg"].data
        assert (volumes.ndim, epochs.ndim) == (4, 3)
        return np.hstack([volumes.reshape(len(X), -1), epochs.reshape(len(X), -1)])

    def fit(self, X, y, sample_weight=None):
        self.model_ = LogisticRegression(C=self.C).fit(self._features(X), y, sample_weight)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        check_is_fitted(self)
        return self.model_.predict(self._features(X))

    def predict_proba(self, X):
        check_is_fitted(self)
        return self.model_.predict_proba(self._features(X))

    def decision_function(self, X):
        check_is_fitted(self)
        return self.model_.decision_function(self._features(X))


@pytest.fixture(scope="module")
def y():
    """Two classes, the second one rarer."""
    return np.random.default_rng(3).permutation(np.repeat([0, 1], [40, 26]))


@pytest.fixture(scope="module")
def groups():
    """Eleven people with six samples each."""
    return np.repeat(np.arange(11), 6)


@pytest.fixture(scope="module")
def X(y):
    """Volumes and epochs that tell a little about the class."""
    rng = np.random.default_rng(0)
    volumes, epochs = rng.normal(size=(66, 3, 3, 2)), rng.normal(size=(66, 3, 5))
    volumes[:, 1, 1] += 0.5 * y[:, None]
    epochs[:, 0, 2:4] -= 0.4 * y[:, None]
    return Multimodal(fmri=volumes, eeg=epochs)


@pytest.fixture(scope="module")
def flat(X):
    """The equivalent flat matrix."""
    return np.asarray(X)


@pytest.fixture(scope="module")
def unflattened(X):
    """For tools that flatten before they fit: the way back, then the estimator."""
    return make_pipeline(FromFlat(X.layout), NDClassifier())


def _same(ours, peer):
    assert np.isfinite(peer).all()
    # scores that do not vary would hide samples that were mixed up
    assert np.ptp(peer) > 0
    assert_allclose(ours, peer, rtol=1e-6)


# tools that hand the container on


@pytest.mark.parametrize("n_jobs", [None, N_JOBS])
def test_cross_val_score(X, flat, y, n_jobs):
    settings = {"cv": CV, "scoring": "roc_auc", "n_jobs": n_jobs}
    ours = cross_val_score(NDClassifier(), X, y, **settings)
    _same(ours, cross_val_score(LogisticRegression(), flat, y, **settings))


def test_cross_validate(X, flat, y, groups):
    settings = {"cv": StratifiedGroupKFold(3), "groups": groups, "scoring": ["roc_auc", "f1"]}
    settings |= {"n_jobs": N_JOBS, "return_train_score": True, "return_estimator": True}
    ours = cross_validate(NDClassifier(), X, y, **settings)
    peer = cross_validate(LogisticRegression(), flat, y, **settings)
    for key in ("test_roc_auc", "test_f1", "train_roc_auc"):
        _same(ours[key], peer[key])
    for one, two in zip(ours["estimator"], peer["estimator"], strict=True):
        assert_allclose(one.model_.coef_, two.coef_)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict(X, flat, y, method):
    settings = {"cv": CV, "method": method, "n_jobs": N_JOBS}
    ours = cross_val_predict(NDClassifier(), X, y, **settings)
    _same(ours, cross_val_predict(LogisticRegression(), flat, y, **settings))


def _same_search(ours, peer, X, flat):
    _same(ours.cv_results_["mean_test_score"], peer.cv_results_["mean_test_score"])
    assert ours.best_params_ == peer.best_params_
    _same(ours.decision_function(X), peer.decision_function(flat))


def test_grid_search(X, flat, y):
    settings = {"param_grid": GRID, "cv": CV, "scoring": "neg_log_loss", "n_jobs": N_JOBS}
    ours = GridSearchCV(NDClassifier(), **settings).fit(X, y)
    _same_search(ours, GridSearchCV(LogisticRegression(), **settings).fit(flat, y), X, flat)


def test_halving_grid_search(X, flat, y):
    settings = {"param_grid": GRID, "cv": CV, "scoring": "neg_log_loss", "n_jobs": N_JOBS}
    settings |= {"random_state": 0, "min_resources": 33, "factor": 2}
    ours = HalvingGridSearchCV(NDClassifier(), **settings).fit(X, y)
    peer = HalvingGridSearchCV(LogisticRegression(), **settings).fit(flat, y)
    assert ours.n_iterations_ == 2
    _same_search(ours, peer, X, flat)


def test_nested_cross_validation_with_routed_groups(X, flat, y, groups):
    inner = {"param_grid": GRID, "cv": StratifiedGroupKFold(3), "scoring": "neg_log_loss"}
    settings = {"cv": GroupKFold(3), "scoring": "neg_log_loss", "n_jobs": N_JOBS}
    settings["params"] = {"groups": groups}
    with sklearn.config_context(enable_metadata_routing=True):
        ours = cross_val_score(GridSearchCV(NDClassifier(), **inner), X, y, **settings)
        peer = cross_val_score(GridSearchCV(LogisticRegression(), **inner), flat, y, **settings)
    _same(ours, peer)


def test_train_test_split(X, flat, y):
    settings = {"test_size": 0.25, "random_state": 0, "stratify": y}
    train, test, y_train, y_test = train_test_split(X, y, **settings)
    flat_train, flat_test, *_ = train_test_split(flat, y, **settings)
    assert isinstance(train, Multimodal)
    assert isinstance(test, Multimodal)
    assert_array_equal(np.asarray(train), flat_train)
    assert_array_equal(np.asarray(test), flat_test)
    ours = NDClassifier().fit(train, y_train)
    peer = LogisticRegression().fit(flat_train, y_train)
    assert ours.score(test, y_test) == peer.score(flat_test, y_test)


def test_learning_curve(X, flat, y):
    settings = {"cv": CV, "train_sizes": [0.5, 1.0], "shuffle": True, "random_state": 0}
    settings |= {"n_jobs": N_JOBS, "scoring": "neg_log_loss"}
    ours = learning_curve(NDClassifier(), X, y, **settings)
    peer = learning_curve(LogisticRegression(), flat, y, **settings)
    for one, two in zip(ours, peer, strict=True):
        _same(one, two)


def test_permutation_test_score(X, flat, y, groups):
    settings = {"cv": GroupKFold(3), "groups": groups, "n_permutations": 6, "random_state": 0}
    settings |= {"n_jobs": N_JOBS, "scoring": "neg_log_loss"}
    ours = permutation_test_score(NDClassifier(), X, y, **settings)
    peer = permutation_test_score(LogisticRegression(), flat, y, **settings)
    _same(ours[1], peer[1])
    assert ours[0] == pytest.approx(peer[0])
    assert ours[2] == peer[2]


def _two(estimator):
    return [("weak", clone(estimator).set_params(C=0.01)), ("strong", estimator)]


@pytest.mark.parametrize("n_jobs", [None, N_JOBS])
def test_voting(X, flat, y, n_jobs):
    settings = {"voting": "soft", "n_jobs": n_jobs}
    ours = VotingClassifier(_two(NDClassifier()), **settings).fit(X, y)
    peer = VotingClassifier(_two(LogisticRegression()), **settings).fit(flat, y)
    _same(ours.predict_proba(X), peer.predict_proba(flat))


def test_stacking(X, flat, y):
    settings = {"cv": CV, "n_jobs": N_JOBS}
    ours = StackingClassifier(_two(NDClassifier()), **settings).fit(X, y)
    peer = StackingClassifier(_two(LogisticRegression()), **settings).fit(flat, y)
    _same(ours.predict_proba(X), peer.predict_proba(flat))


@pytest.mark.parametrize("ensemble", [True, False])
def test_calibration(X, flat, y, ensemble):
    settings = {"cv": CV, "ensemble": ensemble, "n_jobs": N_JOBS}
    ours = CalibratedClassifierCV(NDClassifier(), **settings).fit(X, y)
    peer = CalibratedClassifierCV(LogisticRegression(), **settings).fit(flat, y)
    _same(ours.predict_proba(X), peer.predict_proba(flat))


def test_tuned_threshold(X, flat, y):
    settings = {"scoring": "f1", "cv": CV, "n_jobs": N_JOBS, "store_cv_results": True}
    ours = TunedThresholdClassifierCV(NDClassifier(), **settings).fit(X, y)
    peer = TunedThresholdClassifierCV(LogisticRegression(), **settings).fit(flat, y)
    assert ours.best_threshold_ == pytest.approx(peer.best_threshold_)
    _same(ours.cv_results_["scores"], peer.cv_results_["scores"])
    assert_array_equal(ours.predict(X), peer.predict(flat))


def test_frozen_estimator(X, flat, y):
    ours = FrozenEstimator(NDClassifier().fit(X[:40], y[:40]))
    peer = FrozenEstimator(LogisticRegression().fit(flat[:40], y[:40]))
    ours = CalibratedClassifierCV(ours, cv=CV).fit(X[40:], y[40:])
    peer = CalibratedClassifierCV(peer, cv=CV).fit(flat[40:], y[40:])
    _same(ours.predict_proba(X), peer.predict_proba(flat))


# tools that flatten before they fit


def test_a_flattened_container_does_not_pass_unseen(X, y):
    bagged = BaggingClassifier(NDClassifier(), n_estimators=2, random_state=0)
    with pytest.raises(TypeError, match="takes a Multimodal, got ndarray"):
        bagged.fit(X, y)


@pytest.mark.parametrize("n_jobs", [None, N_JOBS])
def test_permutation_importance(X, flat, y, unflattened, n_jobs):
    settings = {"n_repeats": 3, "random_state": 0, "scoring": "neg_log_loss", "n_jobs": n_jobs}
    ours = permutation_importance(unflattened.fit(X, y), X, y, **settings)
    peer = permutation_importance(LogisticRegression().fit(flat, y), flat, y, **settings)
    _same(ours.importances, peer.importances)


@pytest.mark.parametrize("n_jobs", [None, N_JOBS])
def test_bagging(X, flat, y, unflattened, n_jobs):
    settings = {"n_estimators": 4, "random_state": 0, "oob_score": False, "n_jobs": n_jobs}
    ours = BaggingClassifier(unflattened, **settings).fit(X, y)
    # its pipeline takes no sample_weight, so that rows are drawn: the peer has to do the same
    peer = BaggingClassifier(make_pipeline(LogisticRegression()), **settings).fit(flat, y)
    _same(ours.predict_proba(X), peer.predict_proba(flat))


def test_bagging_with_weights(X, flat, y):
    settings = {"n_estimators": 4, "random_state": 0, "n_jobs": N_JOBS}
    ours = BaggingClassifier(NDClassifier(layout=X.layout), **settings).fit(X, y)
    peer = BaggingClassifier(LogisticRegression(), **settings).fit(flat, y)
    _same(ours.predict_proba(X), peer.predict_proba(flat))


def test_adaboost(X, flat, y):
    # boosting asks for sample_weight in the signature of fit, which no pipeline has, so that
    # the step stands inside the estimator
    settings = {"n_estimators": 4, "random_state": 0}
    ours = AdaBoostClassifier(NDClassifier(0.01, layout=X.layout), **settings).fit(X, y)
    peer = AdaBoostClassifier(LogisticRegression(C=0.01), **settings).fit(flat, y)
    _same(ours.predict_proba(X), peer.predict_proba(flat))
    assert_allclose(ours.estimator_weights_, peer.estimator_weights_)


def test_standard_scaler_pipeline(X, flat, y):
    settings = {"cv": CV, "scoring": "neg_log_loss", "n_jobs": N_JOBS}
    ours = make_pipeline(StandardScaler(), FromFlat(X.layout), NDClassifier())
    peer = make_pipeline(StandardScaler(), LogisticRegression())
    _same(cross_val_score(ours, X, y, **settings), cross_val_score(peer, flat, y, **settings))


@pytest.mark.parametrize("sampler", [RandomUnderSampler(random_state=0), SMOTE(random_state=0)])
def test_imbalanced_learn_pipeline(X, flat, y, sampler):
    settings = {"cv": CV, "scoring": "neg_log_loss", "n_jobs": N_JOBS}
    ours = make_imblearn_pipeline(sampler, FromFlat(X.layout), NDClassifier())
    peer = make_imblearn_pipeline(sampler, LogisticRegression())
    _same(cross_val_score(ours, X, y, **settings), cross_val_score(peer, flat, y, **settings))


def test_workers_read_large_containers_from_a_map(y, monkeypatch):
    # beyond a megabyte joblib hands arrays to its workers as read-only maps
    rng = np.random.default_rng(1)
    X = Multimodal(fmri=rng.normal(size=(66, 20, 20, 10)), eeg=rng.normal(size=(66, 3, 5)))
    assert X["fmri"].nbytes > 1 << 20
    settings = {"cv": CV, "scoring": "neg_log_loss"}
    with warnings.catch_warnings(action="error"):
        ours = cross_val_score(NDClassifier(), X, y, n_jobs=N_JOBS, **settings)
    _same(ours, cross_val_score(LogisticRegression(), np.asarray(X), y, **settings))
