"""What every estimator that does not work on a plain matrix has to keep.

scikit-learn runs none of its checks on such estimators. Here are those of them that need no data,
and one function for each promise that does. `checks_of` lists what applies to a `Case`; later
rooms add cases in ``tests/<room>/cases.py`` and nothing here.
"""

import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

import joblib
import mne
import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from sklearn.base import BaseEstimator, RegressorMixin, clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.utils import estimator_checks, get_tags

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.containers import AbstractBlock, Block

FIT_FREE = (
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
)
# asked for what they give, in this order: the first there is stands for the estimator
_ROW_METHODS = ("transform", "predict_proba", "predict")
_FITTED_METHODS = (
    "transform",
    "inverse_transform",
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "score",
)
# changing these must change nothing
_WITHOUT_EFFECT = frozenset({"n_jobs", "verbose", "memory", "copy"})


@dataclass(frozen=True, kw_only=True)
class Case:
    """An estimator, the data it is for, and what is known about it.

    `make` gives ``(X, y)`` from a seed: two dozen samples. `other` holds another value for every
    parameter of the constructor, whose effect has to show in what comes out; `unseen` tells the
    reason for those whose effect cannot.
    """

    estimator: BaseEstimator
    make: Callable
    other: dict
    unseen: dict = field(default_factory=dict)
    tolerance: float = 1e-6
    name: str = ""

    def __str__(self):
        return self.name or type(self.estimator).__name__

    @property
    def is_sampler(self):
        return hasattr(self.estimator, "fit_resample")

    def fitted(self, X, y, estimator=None):
        return clone(self.estimator if estimator is None else estimator).fit(X, y)

    def outputs(self, estimator, X, y):
        """Give what the estimator makes of each sample, a list of lists of arrays."""
        if self.is_sampler:
            return samples_of(estimator.fit_resample(X, y)[0])
        method = next(name for name in _ROW_METHODS if hasattr(estimator, name))
        return samples_of(getattr(estimator, method)(X))

    def agree(self, ours, expected, tolerance=None):
        """Assert that two results of `outputs` are the same."""
        tolerance = self.tolerance if tolerance is None else tolerance
        assert [len(sample) for sample in ours] == [len(sample) for sample in expected]
        for one, two in zip(ours, expected, strict=True):
            for a, b in zip(one, two, strict=True):
                assert a.shape == b.shape
                scale = np.nanmax(np.abs(b), initial=1e-12) if b.dtype.kind == "f" else 0
                if b.dtype.kind in "fiub":
                    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)
                else:
                    np.testing.assert_array_equal(a, b)

    def differ(self, ours, other):
        try:
            self.agree(ours, other)
        except AssertionError:
            return True
        return False


def samples_of(result):
    """Take any result apart into samples, each a list of arrays."""
    if isinstance(result, Multimodal):
        parts = [samples_of(result[name]) for name in result.modalities]
        return [list(chain.from_iterable(sample)) for sample in zip(*parts, strict=True)]
    if isinstance(result, AbstractBlock) and not isinstance(result, Block):
        return [_arrays_of(result.load(i)) for i in range(len(result))]
    return [[sample] for sample in np.asarray(result)]


def _arrays_of(recording):
    if isinstance(recording, mne.io.BaseRaw):
        return [recording.get_data()]
    return [np.asanyarray(recording.img.dataobj)]


class RowMean(RegressorMixin, BaseEstimator):
    """The end of a pipeline: predicts the mean of what it is given, sample by sample."""

    def fit(self, X, y):
        self.n_seen_ = len(X)
        return self

    def predict(self, X):
        return np.array([np.nanmean([np.nanmean(a) for a in arrays]) for arrays in samples_of(X)])


def _array_modalities(X):
    if not isinstance(X, Multimodal):
        return []
    return [name for name in X.modalities if isinstance(X[name], Block)]


def _raises(kinds, action, *patterns):
    """Assert that an action raises an error whose message holds every pattern."""
    with pytest.raises(kinds) as caught:
        action()
    for pattern in patterns:
        assert re.search(pattern, str(caught.value)), f"{pattern!r} is not in: {caught.value}"


# parameters


def check_set_params_gives_what_the_constructor_gives(case):
    X, y = case.make(0)
    params = case.estimator.get_params(deep=False)
    assert set(case.other) == set(params), "every parameter needs another value"
    assert set(case.unseen) <= set(params)
    usual = case.outputs(case.fitted(X, y), X, y)
    for name, value in case.other.items():
        params = clone(case.estimator).get_params(deep=False)
        built = type(case.estimator)(**{**params, name: value})
        changed = clone(case.estimator).set_params(**{name: value})
        ours = case.outputs(case.fitted(X, y, changed), X, y)
        case.agree(ours, case.outputs(case.fitted(X, y, built), X, y))
        if name in _WITHOUT_EFFECT:
            case.agree(ours, usual)
        elif name not in case.unseen:
            assert case.differ(ours, usual), f"{name}={value!r} changes nothing"


def check_set_params_after_fit(case):
    X, y = case.make(0)
    for name, value in case.other.items():
        estimator = case.fitted(X, y).set_params(**{name: clone(value, safe=False)}).fit(X, y)
        fresh = case.fitted(X, y, clone(case.estimator).set_params(**{name: value}))
        case.agree(case.outputs(estimator, X, y), case.outputs(fresh, X, y))


def check_clone_of_fitted(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    copy = clone(fitted)
    assert not [name for name in vars(copy) if name.endswith("_") and not name.startswith("_")]
    case.agree(case.outputs(copy.fit(X, y), X, y), case.outputs(fitted, X, y))


# fitting


def check_unfitted(case):
    X, y = case.make(0)
    estimator = clone(case.estimator)
    methods = [name for name in _FITTED_METHODS if hasattr(estimator, name)]
    if not get_tags(estimator).requires_fit:
        case.agree(case.outputs(estimator, X, y), case.outputs(case.fitted(X, y), X, y))
        return
    for name in methods:
        arguments = (X, y) if name == "score" else (X,)
        _raises(NotFittedError, partial(getattr(estimator, name), *arguments))


def check_fit_returns_self(case):
    X, y = case.make(0)
    estimator = clone(case.estimator)
    assert estimator.fit(X, y) is estimator
    fitted = set(vars(estimator)) - set(estimator.get_params(deep=False))
    assert not [name for name in fitted if not name.endswith("_") and not name.startswith("_")]


def check_input_and_parameters_are_unchanged(case):
    X, y = case.make(0)
    estimator = clone(case.estimator)
    before = joblib.hash((X, y)), joblib.hash(estimator.get_params(deep=True))
    case.outputs(estimator.fit(X, y), X, y)
    assert joblib.hash((X, y)) == before[0], "the input was written to"
    assert joblib.hash(estimator.get_params(deep=True)) == before[1], "a parameter was changed"


def check_refit_is_idempotent(case):
    X, y = case.make(0)
    other_X, other_y = case.make(1)
    expected = case.outputs(case.fitted(X, y), X, y)
    estimator = clone(case.estimator).fit(X, y)
    case.agree(case.outputs(estimator, X, y), expected)
    case.agree(case.outputs(estimator.fit(X, y), X, y), expected)
    case.agree(case.outputs(estimator.fit(other_X, other_y).fit(X, y), X, y), expected)


def check_global_random_state_is_untouched(case):
    X, y = case.make(0)
    before = joblib.hash(np.random.get_state())  # noqa: NPY002
    case.outputs(case.fitted(X, y), X, y)
    assert joblib.hash(np.random.get_state()) == before  # noqa: NPY002


def check_pickle(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    back = pickle.loads(pickle.dumps(fitted))
    case.agree(case.outputs(back, X, y), case.outputs(fitted, X, y))


# rows


def check_rows_commute(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    everything = case.outputs(fitted, X, y)
    for rows in ([3, 1, 2, 0], np.arange(len(X))[::-1], slice(2, 9, 3)):
        chosen = np.arange(len(X))[rows]
        case.agree(case.outputs(fitted, X[rows], None), [everything[row] for row in chosen])


def check_one_sample_keeps_its_axis(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    everything = case.outputs(fitted, X, y)
    for row in (0, len(X) - 1):
        case.agree(case.outputs(fitted, X[row : row + 1], None), everything[row : row + 1])


# input that does not fit


def check_wrong_size_of_an_axis(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    for name in _array_modalities(X):
        data = np.asarray(X[name])
        for axis in range(1, data.ndim):
            short = data.take(range(data.shape[axis] - 1), axis)
            message = (name, rf"axis {axis}\b", str(data.shape[axis]), str(short.shape[axis]))
            wrong = X.replace(**{name: short})
            _raises(ValueError, partial(case.outputs, fitted, wrong, None), *message)


def check_wrong_number_of_axes(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    for name in _array_modalities(X):
        data = np.asarray(X[name])
        for wrong in (data[..., None], data.reshape(len(X), -1)):
            if wrong.ndim != data.ndim:
                X_wrong = X.replace(**{name: wrong})
                action = partial(case.outputs, fitted, X_wrong, None)
                _raises(ValueError, action, name, r"\b(axes|dimensions)\b")


def check_unknown_modality(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    name = X.modalities[-1]
    rest = [modality for modality in X.modalities if modality != name]
    misspelt = X.select(rest).replace(**{f"{name}x": X[name]})
    _raises((ValueError, KeyError), partial(case.outputs, fitted, misspelt, None), name)


def check_nan_in_part_of_a_sample(case, folder):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    for name in _array_modalities(X):
        data = np.array(X[name])
        data.flat[data[:5].size + data[0].size // 2] = np.nan
        # arrays are refused by the container; what lies in a file is seen when it is read
        np.save(folder / f"{name}.npy", data)
        mapped = Block(np.load(folder / f"{name}.npy", mmap_mode="r"), X[name].space)
        damaged = X.replace(**{name: mapped})
        _raises(ValueError, partial(case.fitted, damaged, y), "NaN", name)
        _raises(ValueError, partial(case.outputs, fitted, damaged, None), "NaN", name)


def check_missing_modality(case):
    X, y = case.make(0)
    for name in _array_modalities(X):
        data = np.array(X[name])
        data[[1, 4]] = np.nan
        missing = X.replace(**{name: data})
        if not get_tags(case.estimator).input_tags.allow_nan:
            _raises(ValueError, partial(case.fitted, missing, y), name)
            continue
        outputs = case.outputs(case.fitted(missing, y), missing, y)
        assert len(outputs) == len(X)
        assert all(len(sample) == len(outputs[0]) for sample in outputs)


def check_no_samples(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    _raises(ValueError, partial(case.fitted, X[:0], y[:0]), "sample")
    _raises(ValueError, partial(case.outputs, fitted, X[:0], None), "sample")


def check_objects(case):
    X, y = case.make(0)
    fitted = case.fitted(X, y)
    text = np.full((len(X), 3), "text", dtype=object)
    for wrong in (text, text.tolist(), None, 3):
        _raises((TypeError, ValueError), partial(case.fitted, wrong, y))
        _raises((TypeError, ValueError), partial(case.outputs, fitted, wrong, y))


# kinds of arrays


def _as_float32(X):
    if not isinstance(X, Multimodal):
        return X.astype(np.float32)
    names = _array_modalities(X)
    return X.replace(**{name: np.asarray(X[name], dtype=np.float32) for name in names})


def check_float32(case):
    X, y = case.make(0)
    single = _as_float32(X)
    outputs = case.outputs(case.fitted(single, y), single, y)
    case.agree(outputs, case.outputs(case.fitted(X, y), X, y), max(5e-3, case.tolerance))
    tags = get_tags(case.estimator).transformer_tags
    if tags is not None and "float32" in tags.preserves_dtype:
        assert {array.dtype for sample in outputs for array in sample} == {np.dtype(np.float32)}


def check_read_only_maps(case, folder):
    X, y = case.make(0)
    if isinstance(X, Multimodal):
        X.save(folder / "X")
        mapped = Multimodal.load(folder / "X", mmap_mode="r")
    else:
        np.save(folder / "X.npy", X)
        mapped = np.load(folder / "X.npy", mmap_mode="r")
    outputs = case.outputs(case.fitted(mapped, y), mapped, y)
    case.agree(outputs, case.outputs(case.fitted(X, y), X, y))


# tools


def check_cross_validation_with_groups_in_two_processes(case):
    X, y = case.make(0)
    settings = {"groups": np.arange(len(X)) // 2, "cv": GroupKFold(2)}
    model = clone(case.estimator)
    if not (is_classifier(model) or is_regressor(model)):
        model = make_pipeline(model, RowMean())
    serial = cross_val_predict(model, X, y, **settings)
    parallel = cross_val_predict(model, X, y, n_jobs=2, **settings)
    assert len(serial) == len(X)
    assert len(np.unique(serial)) > 1
    np.testing.assert_allclose(parallel, serial, rtol=case.tolerance)


EVERY = (
    check_set_params_gives_what_the_constructor_gives,
    check_set_params_after_fit,
    check_clone_of_fitted,
    check_unfitted,
    check_fit_returns_self,
    check_input_and_parameters_are_unchanged,
    check_refit_is_idempotent,
    check_global_random_state_is_untouched,
    check_pickle,
    check_objects,
    check_cross_validation_with_groups_in_two_processes,
)
BY_ROW = (check_rows_commute, check_one_sample_keeps_its_axis, check_no_samples)
ON_ARRAYS = (check_float32, check_read_only_maps)
ON_MODALITIES = (
    check_unknown_modality,
    check_wrong_size_of_an_axis,
    check_wrong_number_of_axes,
    check_missing_modality,
    check_nan_in_part_of_a_sample,
)


def checks_of(case):
    """List the checks that apply to a case; a sampler has no rows to keep apart."""
    X, _ = case.make(0)
    arrays = isinstance(X, np.ndarray) or bool(_array_modalities(X))
    checks = list(EVERY)
    if not case.is_sampler:
        checks += BY_ROW
    if arrays:
        checks += ON_ARRAYS
    if arrays and isinstance(X, Multimodal) and not case.is_sampler:
        checks += ON_MODALITIES
    return checks
