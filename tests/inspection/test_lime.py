"""LIME over modalities: what is planted is found, what is ignored is not."""

import nibabel as nib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.containers import Block, ConnectomeSpace, SensorSpace, VolumeSpace
from sklearn_neurofuse.inspection import lime_explanation

AFFINE = np.diag([3.0, 3.0, 3.0, 1.0])
SHAPE = (8, 10, 8)
CHANNELS = ["Fz", "Cz", "Pz", "Oz", "C3", "C4"]


def make_atlas():
    labels = np.zeros(SHAPE, dtype=np.int16)
    for number, corner in enumerate(np.ndindex(2, 2, 2), 1):
        x, y, z = (slice(4 * c, 4 * c + 4) for c in corner)
        labels[x, y, z] = number
    labels[:, 8:] = 9
    return labels


def make_data(make_info, n=120, seed=0):
    """Plant the class in parcel 3 and at C3 from .2 to .3 s."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    volumes, epochs = rng.normal(size=(n, *SHAPE)), rng.normal(size=(n, 6, 60))
    sign = np.where(y == 1, 1.0, -1.0)[:, None]
    volumes[:, make_atlas() == 3] += 0.5 * sign
    epochs[:, 4, 20:30] += 0.6 * sign
    info = make_info(6)
    return Multimodal(
        fmri=Block(volumes, VolumeSpace(AFFINE)), eeg=Block(epochs, SensorSpace(info))
    ), y


def options():
    return {"atlas": make_atlas(), "channel_groups": {c: [c] for c in CHANNELS}, "window": 0.1}


class Loud(ClassifierMixin, BaseEstimator):
    """Knows the planted places of one modality, and nothing of others."""

    def __init__(self, modality="fmri"):
        self.modality = modality

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        if self.modality == "fmri":
            score = X["fmri"].data[:, make_atlas() == 3].mean(axis=1)
        else:
            score = X["eeg"].data[:, 4, 20:30].mean(axis=1)
        p = 1 / (1 + np.exp(-4 * score))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def test_the_planted_parcel_and_window_come_first(make_info):
    X, y = make_data(make_info)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(X[:80], y[:80])
    right = 80 + np.flatnonzero(model.predict(X[80:]) == y[80:])[:10]
    hits = 0
    for row in right:
        found = lime_explanation(
            model, X, int(row), units=options(), n_perturbations=400, n_repeats=1, random_state=0
        )
        table = found.to_frame()
        parcel = table[table["modality"] == "fmri"].iloc[0]
        window = table[table["modality"] == "eeg"].iloc[0]
        assert parcel["weight"] > 0
        hits += parcel["unit"] == "parcel 3" and window["unit"] == "C3, 0.2 to 0.3 s"
    assert hits >= 9


@pytest.mark.parametrize("modality", ["fmri", "eeg"])
def test_a_modality_that_is_ignored_has_no_share(make_info, modality):
    X, y = make_data(make_info)
    found = lime_explanation(
        Loud(modality).fit(X, y), X, 5, units=options(), n_perturbations=300, random_state=0
    )
    assert found.modality_share[modality] > 0.95
    assert found.fidelity.min() > 0.9
    assert found.stability > 0.9
    assert found.to_frame()["unit"][0] == {"fmri": "parcel 3", "eeg": "C3, 0.2 to 0.3 s"}[modality]


def test_weights_are_painted_where_they_belong(make_info):
    X, y = make_data(make_info)
    found = lime_explanation(
        Loud().fit(X, y), X, 5, units=options(), n_perturbations=300, random_state=0
    )
    img = found.to_nifti()
    assert img.shape == SHAPE
    np.testing.assert_array_equal(img.affine, AFFINE)
    volume = np.asarray(img.dataobj)
    assert make_atlas()[np.unravel_index(np.abs(volume).argmax(), SHAPE)] == 3
    evoked = found.to_evoked()
    assert evoked.ch_names == CHANNELS
    assert np.abs(evoked.data).max() < 0.1 * np.abs(volume).max()
    with pytest.raises(ValueError, match=r"to_matrix needs .* ConnectomeSpace"):
        found.to_matrix()


@pytest.mark.parametrize("perturbation", ["mean", "baseline", "noise"])
def test_what_stands_in_is_as_asked(make_info, perturbation):
    X, y = make_data(make_info)
    X = X.replace(fmri=Block(X["fmri"].data + 5.0, X["fmri"].space))
    seen = []

    class Spy(Loud):
        def predict_proba(self, X):
            seen.append(X["fmri"].data)
            return super().predict_proba(X)

    lime_explanation(
        Spy().fit(X, y),
        X,
        5,
        units=options(),
        perturbation=perturbation,
        n_perturbations=50,
        n_repeats=1,
        random_state=0,
    )
    values = seen[1][1:][seen[1][1:] != X["fmri"].data[5]]
    spread = {"mean": 0.2, "baseline": 0.0, "noise": 1.1}[perturbation]
    assert values.mean() == pytest.approx({"baseline": 0.0}.get(perturbation, 5.0), abs=0.2)
    assert values.std() == pytest.approx(spread, abs=0.12)


def test_an_atlas_of_another_resolution_is_resampled(make_info):
    X, y = make_data(make_info)
    coarse = make_atlas()[::2, ::2, ::2]
    affine = np.diag([6.0, 6.0, 6.0, 1.0])
    affine[:3, 3] = 1.5
    found = lime_explanation(
        Loud().fit(X, y),
        X,
        5,
        units={**options(), "atlas": nib.Nifti1Image(coarse, affine)},
        n_perturbations=300,
        random_state=0,
    )
    assert found.to_frame()["unit"][0] == "parcel 3"


def test_supervoxels_cover_what_varies(make_info):
    X, y = make_data(make_info)
    data = X["fmri"].data.copy()
    data[:, :2] = 0
    X = X.replace(fmri=Block(data, X["fmri"].space))
    found = lime_explanation(
        Loud().fit(X, y), X, 5, units={"n_parcels": 30}, n_perturbations=200, random_state=0
    )
    units = [unit for unit in found.units if unit.modality == "fmri"]
    assert len(units) == 30
    columns = np.concatenate([unit.columns for unit in units])
    assert len(columns) == len(set(columns)) == 6 * 10 * 8
    assert found.to_frame()["x"].min() >= 6.0


def test_masked_volumes_connectomes_bands_and_features(make_info):
    rng = np.random.default_rng(0)
    mask = make_atlas() > 2
    space = ConnectomeSpace("abcd", networks=["n", "n", "m", "m"], bands=["alpha", "beta"])
    bands = SensorSpace(make_info(6), bands=["alpha", "beta"])
    X = Multimodal(
        fmri=Block(rng.normal(size=(40, mask.sum())), VolumeSpace(AFFINE, mask)),
        edges=Block(rng.normal(size=(40, 2, 6)), space),
        power=Block(rng.normal(size=(40, 6, 2)), bands),
        genes=rng.normal(size=(40, 3)),
    )
    y = (X["edges"].data[:, 1, 0] > 0).astype(int)
    model = LogisticRegression().fit(X, y)
    found = lime_explanation(
        model, X, 3, units={"atlas": make_atlas()}, n_perturbations=300, random_state=0
    )
    by_name = dict.fromkeys(X.modalities, 0)
    for unit in found.units:
        by_name[unit.modality] += 1
    assert by_name == {"fmri": 7, "edges": 6, "power": 12, "genes": 3}
    table = found.to_frame()
    assert table.loc[table["modality"] == "edges", "unit"].iloc[0] == "n - n, beta"
    assert found.to_matrix().shape == (2, 4, 4)
    assert "alpha" in table["band"].to_list()


def test_a_sample_that_lacks_a_modality_is_explained_by_the_others(make_info):
    X, y = make_data(make_info)
    data = X["eeg"].data.copy()
    data[5] = np.nan
    X = X.replace(eeg=Block(data, X["eeg"].space))
    found = lime_explanation(
        Loud().fit(X, y), X, 5, units=options(), n_perturbations=100, random_state=0
    )
    assert {unit.modality for unit in found.units} == {"fmri"}
    assert found.modality_share == {"fmri": 1.0, "eeg": 0.0}


def test_one_seed_gives_one_explanation(make_info):
    X, y = make_data(make_info)
    model = Loud().fit(X, y)
    kwargs = {"units": options(), "n_perturbations": 100}
    a, b, c = (lime_explanation(model, X, 5, random_state=s, **kwargs).weights for s in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"index": 500}, IndexError, "index must be in"),
        ({"index": 1.5}, TypeError, "index must be an integer"),
        ({"target_class": 7}, ValueError, "target_class must be one of 0, 1"),
        ({"perturbation": "median"}, ValueError, "perturbation"),
        ({"units": {"parcels": 3}}, ValueError, "n_parcels"),
        ({"units": {"window": 0.0}}, ValueError, "window"),
        ({"units": {"atlas": np.ones((2, 2, 2))}}, ValueError, "shape of the volumes"),
        ({"units": {"channel_groups": {"a": ["X9"]}}}, ValueError, "X9"),
        ({"n_perturbations": 1}, ValueError, "n_perturbations"),
    ],
)
def test_bad_input(make_info, kwargs, error, message):
    X, y = make_data(make_info)
    with pytest.raises(error, match=message):
        lime_explanation(Loud().fit(X, y), X, **{"index": 0, **kwargs})


def test_what_is_not_fitted_or_gives_no_probabilities_is_refused(make_info):
    X, y = make_data(make_info)
    with pytest.raises(NotFittedError):
        lime_explanation(LogisticRegression(), X, 0)
    with pytest.raises(TypeError, match="must have predict_proba"):
        lime_explanation(LinearSVC().fit(X, y), X, 0)
    with pytest.raises(TypeError, match="must be a Multimodal"):
        lime_explanation(LogisticRegression().fit(X, y), np.asarray(X), 0)
