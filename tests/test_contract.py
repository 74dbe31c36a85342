"""The contract finds what it is there to find: each double breaks one promise."""

import inspect
from functools import partial

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse.containers import Block, Multimodal
from tests import contract
from tests.contract import Case, checks_of
from tests.samples import make_paired


class Gain(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Scale every modality by its largest number in fit; keeps every promise."""

    def __init__(self, gain=1.0):
        self.gain = gain

    def fit(self, X, y=None):
        X = self._checked(X)
        self.scales_ = {name: np.nanmax(np.abs(X[name].data)) for name in X.modalities}
        self.shapes_ = X.layout.shapes
        return self

    def transform(self, X):
        check_is_fitted(self)
        X = self._checked(X)
        for name, shape in self.shapes_.items():
            self._check_shape(X, name, shape)
        return Multimodal(
            **{
                name: Block(X[name].data * (self.gain / scale), X[name].space)
                for name, scale in self.scales_.items()
            }
        )

    def _checked(self, X):
        if not isinstance(X, Multimodal):
            raise TypeError("X must be a Multimodal")
        if len(X) == 0:
            raise ValueError("no samples")
        assert X.present.shape == (len(X), len(X.modalities))
        return X

    def _check_shape(self, X, name, shape):
        if name not in X:
            raise ValueError(f"no modality {name!r}")
        found = X[name].sample_shape
        if len(found) != len(shape):
            raise ValueError(f"{name}: {len(shape)} axes, got {len(found)}")
        for axis, (new, old) in enumerate(zip(found, shape, strict=True), 1):
            if new != old:
                raise ValueError(f"{name}: size {old} on axis {axis}, got {new}")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = True
        return tags


class Inert(Gain):
    def fit(self, X, y=None):
        super().fit(X)
        self.first_gain_ = vars(self).setdefault("first_gain_", self.gain)
        return self

    def transform(self, X):
        gain, self.gain = self.gain, self.first_gain_
        try:
            return super().transform(X)
        finally:
            self.gain = gain


class Ignored(Gain):
    def transform(self, X):
        return Gain().set_params().fit(X).__class__(1.0)._with(self).transform(X)

    def _with(self, fitted):
        vars(self).update(scales_=fitted.scales_, shapes_=fitted.shapes_)
        return self


class Squeezing(Gain):
    def transform(self, X):
        return np.asarray(super().transform(X)).squeeze()


class Centring(Gain):
    def transform(self, X):
        flat = np.asarray(super().transform(X))
        return flat - flat.mean(axis=0)


class Overwriting(Gain):
    def transform(self, X):
        taken = super().transform(X)
        for name in X.modalities:
            X[name].data[:] *= 2
        return taken


class Tampering(Gain):
    def fit(self, X, y=None):
        super().fit(X)
        self.gain = float(self.gain) + 1
        return self


class Remembering(Gain):
    def fit(self, X, y=None):
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        super().fit(X)
        self.scales_ = {name: scale * self.n_fits_ for name, scale in self.scales_.items()}
        return self


class Unpickled(Gain):
    def __getstate__(self):
        state = super().__getstate__()
        return {key: value for key, value in state.items() if key != "scales_"}

    def __setstate__(self, state):
        super().__setstate__(state)
        self.scales_ = dict.fromkeys(("fmri", "eeg"), 1.0)


class Forgetful(Gain):
    def __setstate__(self, state):
        super().__setstate__({**state, "gain": 1.0})


class Unfitted(Gain):
    def transform(self, X):
        return super().transform(X) if hasattr(self, "scales_") else X


class Seeding(Gain):
    def fit(self, X, y=None):
        np.random.seed(0)  # noqa: NPY002
        return super().fit(X)


class Lax(Gain):
    def _check_shape(self, X, name, shape):
        pass


class Unnamed(Gain):
    def _check_shape(self, X, name, shape):
        try:
            super()._check_shape(X, name, shape)
        except ValueError as error:
            raise ValueError("shapes do not fit") from error


class Blind(Gain):
    def _checked(self, X):
        return X


class Chained(Gain):
    def fit(self, X, y=None):
        super().fit(X)


class Untidy(Gain):
    def fit(self, X, y=None):
        self.cache = 1
        return super().fit(X)


class Single(Gain):
    def transform(self, X):
        if X["fmri"].dtype == np.float32:
            raise ValueError("float64 wanted")
        return super().transform(X)


class Writing(Gain):
    def fit(self, X, y=None):
        X["fmri"].data[0, 0, 0, 0] += 0.0
        return super().fit(X)


def _case(cls):
    return Case(estimator=cls(2.0), make=make_paired, other={"gain": 5.0})


def _run(check, case, folder):
    if "folder" in inspect.signature(check).parameters:
        check = partial(check, folder=folder)
    check(case)


@pytest.mark.parametrize("check", checks_of(_case(Gain)), ids=lambda check: check.__name__)
def test_what_keeps_every_promise_passes(check, tmp_path):
    _run(check, _case(Gain), tmp_path)


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (Inert, "check_set_params_after_fit"),
        (Ignored, "check_set_params_gives_what_the_constructor_gives"),
        (Squeezing, "check_one_sample_keeps_its_axis"),
        (Centring, "check_rows_commute"),
        (Centring, "check_one_sample_keeps_its_axis"),
        (Overwriting, "check_input_and_parameters_are_unchanged"),
        (Tampering, "check_input_and_parameters_are_unchanged"),
        (Tampering, "check_refit_is_idempotent"),
        (Remembering, "check_refit_is_idempotent"),
        (Unpickled, "check_pickle"),
        (Forgetful, "check_cross_validation_with_groups_in_two_processes"),
        (Unfitted, "check_unfitted"),
        (Seeding, "check_global_random_state_is_untouched"),
        (Lax, "check_wrong_size_of_an_axis"),
        (Lax, "check_wrong_number_of_axes"),
        (Unnamed, "check_wrong_size_of_an_axis"),
        (Unnamed, "check_unknown_modality"),
        (Blind, "check_objects"),
        (Blind, "check_no_samples"),
        (Blind, "check_nan_in_part_of_a_sample"),
        (Chained, "check_fit_returns_self"),
        (Untidy, "check_fit_returns_self"),
        (Single, "check_float32"),
        (Writing, "check_read_only_maps"),
    ],
)
def test_a_broken_promise_is_found(cls, name, tmp_path):
    with pytest.raises((AssertionError, ValueError, AttributeError, pytest.fail.Exception)):
        _run(getattr(contract, name), _case(cls), tmp_path)


def test_a_parameter_without_another_value_is_found():
    case = Case(estimator=Gain(), make=make_paired, other={})
    with pytest.raises(AssertionError, match="every parameter needs another value"):
        contract.check_set_params_gives_what_the_constructor_gives(case)
