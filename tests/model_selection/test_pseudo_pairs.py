"""Pairs of different people: whoever evaluates or compares on them is told so."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Bunch

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.datasets import pair_by_label
from sklearn_neurofuse.model_selection import compare, evaluate, validate
from sklearn_neurofuse.model_selection._baselines import model_rows

TOLD = "means nothing here"


def side(name, seed):
    rng = np.random.default_rng(seed)
    target = np.tile([0, 1], 20)
    X = Multimodal(**{name: rng.normal(size=(40, 3)) + target[:, None]})
    groups = np.repeat([f"{name}{i}" for i in range(10)], 4)
    return Bunch(X=X, target=target, target_names=["left", "right"], groups=groups)


@pytest.fixture
def pairs():
    return pair_by_label(side("fmri", 0), side("eeg", 1), random_state=0)


def test_evaluate_and_validate_warn(pairs, tmp_path):
    model = LogisticRegression()
    options = {"cv": 2, "random_state": 0, "baselines": False}
    told = evaluate(
        model, pairs.X, pairs.target, groups=pairs.groups, lock=tmp_path / "lock", **options
    )
    assert any(TOLD in text for text in told.warnings)
    assert TOLD in told.to_html()
    new = pair_by_label(side("fmri", 2), side("eeg", 3), random_state=0)
    people = np.char.replace(new.groups, "pseudo-pair", "sub")
    again = validate(tmp_path / "lock", new.X, new.target, groups=people)
    assert any(TOLD in text for text in again.warnings)


def test_they_are_known_whatever_the_groups(pairs):
    options = {"cv": 2, "random_state": 0, "baselines": False}
    people = np.char.replace(pairs.groups, "pseudo-pair", "sub")
    flipped = pairs.X.replace(eeg=-pairs.X["eeg"].data)
    for X in (pairs.X, pairs.X[:], flipped, pickle.loads(pickle.dumps(pairs.X))):
        for groups in (people, None):
            told = evaluate(LogisticRegression(), X, pairs.target, groups=groups, **options)
            assert any(TOLD in text for text in told.warnings)


def test_one_modality_or_samples_of_their_own_are_no_pairs(pairs):
    options = {"cv": 2, "random_state": 0, "baselines": False}
    people = np.char.replace(pairs.groups, "pseudo-pair", "sub")
    own = Multimodal(**{name: pairs.X[name] for name in pairs.X.modalities})
    for X in (pairs.X.select(["eeg"]), own):
        quiet = evaluate(LogisticRegression(), X, pairs.target, groups=people, **options)
        assert not any(TOLD in text for text in quiet.warnings)


def test_the_answer_of_compare_is_not_without_it(pairs):
    models = model_rows("linear", pairs.X.modalities)
    found = compare(models, pairs.X, pairs.target, groups=pairs.groups, cv=2, random_state=0)
    assert found.answer.endswith(f"{TOLD}.")
    assert any(said.kind == "warning" and TOLD in said.text for said in found.statements)
