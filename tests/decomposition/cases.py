"""The decompositions for `tests/contract.py`."""

from sklearn_neurofuse.decomposition import CCAJointICA, JointICA, MultimodalCCA, ParallelICA
from tests.contract import Case
from tests.samples import LAYOUT, make_paired

_ICA = {
    "n_components": 1,
    "max_iter": 300,
    "tol": 1e-3,
    "layout": LAYOUT,
    "random_state": 5,
}
_ICA_UNSEEN = {
    "max_iter": "bounds what has converged before",
    "layout": "is for flat matrices",
    "random_state": "starts elsewhere and ends in the same place",
}

CASES = [
    Case(
        estimator=MultimodalCCA(2, random_state=0),
        make=make_paired,
        other={
            "n_components": 1,
            "regularization": 0.9,
            "scheme": "sumcor",
            "cv": 3,
            "n_permutations": 5,
            "layout": LAYOUT,
            "random_state": 1,
        },
        unseen={
            "scheme": "two modalities have one scheme",
            "cv": "estimates held-out correlations",
            "n_permutations": "estimates p values",
            "layout": "is for flat matrices",
            "random_state": "is for folds and permutations",
        },
    ),
    *[
        Case(
            estimator=Decomposition(2, tol=1e-7, random_state=0),
            make=make_paired,
            other={**_ICA, "algorithm": "picard", "contrast": "cube", "n_runs": 2},
            unseen={**_ICA_UNSEEN, "n_runs": "all runs end in the same place"},
        )
        for Decomposition in (JointICA, CCAJointICA)
    ],
    Case(
        estimator=ParallelICA(2, random_state=0),
        make=make_paired,
        other={**_ICA, "coupling": 0.0, "min_correlation": 0.99},
        unseen=_ICA_UNSEEN,
    ),
]
