"""What scikit-learn asks of every estimator, as far as it can be asked without fitting."""

import inspect

import numpy as np
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks, estimator_html_repr

from sklearn_neurofuse import Multimodal, compose
from sklearn_neurofuse.compose import (
    FromFlat,
    ModalitySampler,
    ModalitySelector,
    ModalityTransformer,
    make_modality_transformer,
)

CHECKS = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
    estimator_checks.check_mixin_order,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_parameters_default_constructible,
]

X = Multimodal(
    fmri=np.random.default_rng(0).normal(size=(12, 3, 3, 2)),
    eeg=np.random.default_rng(1).normal(size=(12, 4, 5)),
)
ESTIMATORS = [
    make_modality_transformer(eeg=PCA(2), fmri=StandardScaler()),
    ModalitySelector("eeg"),
    ModalitySampler(SMOTE(k_neighbors=2, random_state=0)),
    FromFlat(X.layout),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_without_fitting(estimator, check):
    check(type(estimator).__name__, estimator)


def test_every_estimator_is_checked():
    classes = {c for c in map(vars(compose).get, compose.__all__) if inspect.isclass(c)}
    assert classes == {type(estimator) for estimator in ESTIMATORS}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_diagram_before_and_after_fit(estimator):
    y = np.repeat([0, 1], [8, 4])
    assert type(estimator).__name__ in estimator_html_repr(estimator)
    assert type(estimator).__name__ in estimator_html_repr(estimator.fit(X, y))


def test_attributes_of_fit_end_in_an_underscore():
    y = np.repeat([0, 1], [8, 4])
    for estimator in ESTIMATORS:
        fitted = vars(estimator.fit(X, y)).keys() - estimator.get_params(deep=False).keys()
        assert all(name.startswith("_") or name.endswith("_") for name in fitted)


def test_tags():
    transformer = ModalityTransformer([("eeg", PCA())])
    tags = estimator_checks.get_tags(transformer)
    assert tags.requires_fit
    assert tags.input_tags.allow_nan
    assert not tags.input_tags.two_d_array
    assert not estimator_checks.get_tags(FromFlat(X.layout)).requires_fit
    assert not estimator_checks.get_tags(ModalitySelector("eeg")).requires_fit
    assert estimator_checks.get_tags(ModalitySampler(SMOTE())).estimator_type == "sampler"
