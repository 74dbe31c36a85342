"""The estimators of `compose` for `tests/contract.py`."""

from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import NearMiss, RandomUnderSampler
from sklearn.decomposition import PCA
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sklearn_neurofuse.compose import (
    FromFlat,
    ModalitySampler,
    ModalitySelector,
    ModalityTransformer,
)
from tests.contract import Case
from tests.samples import LAYOUT, OTHER_LAYOUT, make_flat, make_paired

CASES = [
    Case(
        estimator=ModalityTransformer([("fmri", PCA(2)), ("eeg", StandardScaler())]),
        make=make_paired,
        other={
            "transformers": [("fmri", StandardScaler()), ("eeg", MinMaxScaler())],
            "remainder": "drop",
            "n_jobs": 2,
            "verbose": False,
        },
        unseen={"remainder": "no modality remains", "verbose": "prints"},
    ),
    Case(
        estimator=ModalityTransformer([("fmri", StandardScaler())]),
        make=make_paired,
        other={
            "transformers": [("eeg", StandardScaler())],
            "remainder": "drop",
            "n_jobs": 2,
            "verbose": False,
        },
        unseen={"verbose": "prints"},
        name="ModalityTransformer-remainder",
    ),
    Case(
        estimator=ModalitySelector(["eeg", "fmri"]),
        make=make_paired,
        other={"modalities": "eeg"},
    ),
    Case(
        estimator=ModalitySampler(SMOTE(k_neighbors=2, random_state=0)),
        make=make_paired,
        other={"sampler": RandomUnderSampler(random_state=0)},
        name="ModalitySampler-makes",
    ),
    Case(
        estimator=ModalitySampler(RandomOverSampler(random_state=0)),
        make=make_paired,
        other={"sampler": NearMiss()},
        name="ModalitySampler-picks",
    ),
    Case(estimator=FromFlat(LAYOUT), make=make_flat, other={"layout": OTHER_LAYOUT}),
]
