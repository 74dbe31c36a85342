"""The register of checks that an estimator is known to fail, each with its reason.

By the name of the class, or of a single case of it, then of the check, whether scikit-learn's or
one of `tests/contract.py`. A check that stands here and passes is a failure: the register is never
longer than it has to be.
"""

_FOLDS = "a repeated sample stands in several folds, a weighted one in one"
_HANDS_ON = "hands samples on unread; the next step refuses"

EXPECTED_FAILURES = {
    "FusionClassifier": {"check_sample_weight_equivalence_on_dense_data": _FOLDS},
    "FusionRegressor": {"check_sample_weight_equivalence_on_dense_data": _FOLDS},
    "ModalitySelector": {"check_nan_in_part_of_a_sample": _HANDS_ON},
    "ModalityTransformer-remainder": {"check_nan_in_part_of_a_sample": _HANDS_ON},
}


def expected_failures(estimator, case=None):
    """Give the checks that an estimator is known to fail.

    Parameters
    ----------
    estimator : estimator
        An instance.
    case : str, default=None
        Name of the case it stands in.

    Returns
    -------
    dict of str to str
        The reason by the name of the check.
    """
    of_class = EXPECTED_FAILURES.get(type(estimator).__name__, {})
    return of_class | EXPECTED_FAILURES.get(case, {})
