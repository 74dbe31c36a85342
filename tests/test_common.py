"""Every public estimator keeps what scikit-learn and this package promise of one."""

import importlib
import inspect
import pkgutil

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_neurofuse
from tests.contract import FIT_FREE, checks_of
from tests.estimator_cases import CASES, TWO_DIMENSIONAL
from tests.expected_failures import EXPECTED_FAILURES, expected_failures


def public_estimators():
    """List the public classes of every room that can be fitted; bases to extend are none."""
    rooms = [
        importlib.import_module(f"sklearn_neurofuse.{module.name}")
        for module in pkgutil.iter_modules(sklearn_neurofuse.__path__)
        if module.ispkg
    ]
    public = {getattr(room, name) for room in rooms for name in getattr(room, "__all__", ())}
    return {
        thing
        for thing in public
        if inspect.isclass(thing)
        and issubclass(thing, BaseEstimator)
        and hasattr(thing, "fit")
        and not inspect.isabstract(thing)
    }


def _marks(known, check):
    reason = known.get(check.__name__)
    return [pytest.mark.xfail(reason=reason, strict=True)] if reason else []


def _with_checks():
    for case in CASES:
        known = expected_failures(case.estimator, str(case))
        for check in checks_of(case):
            marks = _marks(known, check)
            yield pytest.param(case, check, marks=marks, id=f"{case}-{check.__name__}")


def _one_of_each_class():
    instances = {type(case.estimator).__name__: case.estimator for case in CASES}
    for name, estimator in instances.items():
        for check in FIT_FREE:
            marks = _marks(expected_failures(estimator), check)
            yield pytest.param(check, estimator, marks=marks, id=f"{name}-{check.__name__}")


def test_every_public_estimator_is_checked():
    listed = {type(estimator) for estimator in TWO_DIMENSIONAL}
    listed |= {type(case.estimator) for case in CASES}
    lacking = sorted(cls.__name__ for cls in public_estimators() - listed)
    assert lacking == [], "these need an entry in tests/<room>/cases.py"
    unknown = sorted(cls.__name__ for cls in listed - public_estimators())
    assert unknown == [], "these are no public estimators"


def test_the_register_knows_only_estimators_and_checks_there_are():
    names = {cls.__name__ for cls in public_estimators()} | {str(case) for case in CASES}
    assert set(EXPECTED_FAILURES) <= names
    for failures in EXPECTED_FAILURES.values():
        assert all(check.startswith("check_") and reason for check, reason in failures.items())


# pytest would call an empty list of checks a skipped test
if TWO_DIMENSIONAL:

    @parametrize_with_checks(
        TWO_DIMENSIONAL, expected_failed_checks=expected_failures, xfail_strict=True
    )
    def test_scikit_learns_checks(estimator, check):
        check(estimator)


@pytest.mark.parametrize(("check", "estimator"), list(_one_of_each_class()))
def test_scikit_learns_checks_without_data(check, estimator):
    check(type(estimator).__name__, estimator)


@pytest.mark.parametrize(("case", "check"), list(_with_checks()))
def test_contract(case, check, request):
    if "folder" in inspect.signature(check).parameters:
        check(case, request.getfixturevalue("tmp_path"))
    else:
        check(case)
