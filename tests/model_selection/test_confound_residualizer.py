"""Confounds taken out fold by fold."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.model_selection import ConfoundResidualizer


@pytest.fixture
def confounded(rng):
    """Make 40 samples whose signals follow two confounds."""
    confounds = rng.normal(loc=(5, 0), size=(40, 2))
    eeg = rng.normal(size=(40, 3, 4)) + confounds[:, :1, None]
    fmri = rng.normal(size=(40, 6)) - 2 * confounds[:, 1:]
    return Multimodal(eeg=eeg, fmri=fmri, confounds=confounds)


def test_as_linear_regression(confounded):
    train, test = confounded[:30], confounded[30:]
    made = ConfoundResidualizer().fit(train).transform(test)
    assert made.modalities == ("eeg", "fmri")
    for name in made.modalities:
        flat = train[name].data.reshape(30, -1)
        model = LinearRegression().fit(train["confounds"].data, flat)
        explained = model.predict(test["confounds"].data) - flat.mean(axis=0)
        expected = test[name].data.reshape(10, -1) - explained
        assert_allclose(made[name].data.reshape(10, -1), expected)


def test_nothing_is_left_to_find_in_training_samples(confounded):
    made = ConfoundResidualizer().fit_transform(confounded)
    confounds = confounded["confounds"].data
    for name in made.modalities:
        flat = made[name].data.reshape(40, -1)
        centred = confounds - confounds.mean(axis=0)
        assert_allclose(centred.T @ (flat - flat.mean(axis=0)), 0, atol=1e-9)
        # the mean stays
        assert_allclose(flat.mean(axis=0), confounded[name].data.reshape(40, -1).mean(axis=0))


def test_matrix_and_multimodal_agree(confounded):
    flat = np.asarray(confounded)
    made = np.asarray(ConfoundResidualizer().fit_transform(confounded))
    assert_allclose(ConfoundResidualizer([18, 19]).fit_transform(flat), made)
    assert_allclose(ConfoundResidualizer([-1, -2]).fit_transform(flat), made)
    kept = ConfoundResidualizer([18, 19], drop=False).fit_transform(flat)
    assert_allclose(kept[:, :18], made)
    assert_allclose(kept[:, 18:], flat[:, 18:])
    still = ConfoundResidualizer(drop=False).fit_transform(confounded)
    assert still.modalities == ("eeg", "fmri", "confounds")


def test_missing_samples_stay_missing(confounded):
    eeg = confounded["eeg"].data.copy()
    eeg[:5] = np.nan
    made = ConfoundResidualizer().fit_transform(confounded.replace(eeg=eeg))
    assert made.present[:5].tolist() == [[False, True]] * 5
    expected = ConfoundResidualizer().fit(confounded[5:])
    assert_allclose(made[5:]["eeg"].data, _centred_alike(expected, confounded, made))


def test_samples_without_confounds_come_out_missing(confounded):
    values = confounded["confounds"].data.copy()
    values[7] = np.nan
    damaged = confounded.replace(confounds=values)
    made = ConfoundResidualizer().fit_transform(damaged)
    assert (~made.present).sum(axis=0).tolist() == [1, 1]
    rest = np.delete(np.arange(40), 7)
    expected = ConfoundResidualizer().fit_transform(confounded[rest])
    assert_allclose(np.asarray(made[rest]), np.asarray(expected))


def _centred_alike(fitted, X, made):
    """Move the origin of the confounds to their mean over all samples."""
    shift = X["confounds"].data.mean(axis=0) - fitted.centre_
    moved = (shift @ fitted.coefficients_["eeg"][1:]).reshape(3, 4)
    return fitted.transform(X[5:])["eeg"].data + moved


def test_space_and_type_are_kept(make_multimodal, rng):
    X = make_multimodal(20).replace(age=rng.normal(size=(20, 1)))
    made = ConfoundResidualizer("age").fit_transform(X)
    for name in made.modalities:
        assert made[name].space == X[name].space
        assert made[name].dtype == X[name].dtype


@pytest.mark.parametrize(
    ("confounds", "error", "message"),
    [
        ("age", ValueError, "X has no modality 'age', only .*add it by X.replace"),
        ([0], TypeError, r"confounds must name a modality of X, got \[0\]"),
    ],
)
def test_bad_confounds_of_modalities(confounded, confounds, error, message):
    with pytest.raises(error, match=message):
        ConfoundResidualizer(confounds).fit(confounded)


@pytest.mark.parametrize(
    ("confounds", "error", "message"),
    [
        ("age", TypeError, "confounds must be columns of the matrix"),
        ([0.5], TypeError, "confounds must be columns"),
        ([20], ValueError, "among the columns 0 to 19 of 20"),
        (list(range(20)), ValueError, "nothing is left beside the confounds"),
    ],
)
def test_bad_columns(confounded, confounds, error, message):
    with pytest.raises(error, match=message):
        ConfoundResidualizer(confounds).fit(np.asarray(confounded))


def test_refusals(confounded, make_recordings):
    values = np.full((40, 2), np.nan)
    with pytest.raises(ValueError, match="the confounds of all samples are missing"):
        ConfoundResidualizer().fit(confounded.replace(confounds=values))
    with pytest.raises(ValueError, match="has no modality beside the confounds"):
        ConfoundResidualizer().fit(confounded.select("confounds"))
    fitted = ConfoundResidualizer().fit(confounded)
    with pytest.raises(ValueError, match="fmri"):
        fitted.transform(confounded.select(["eeg", "confounds"]))
    with pytest.raises(ValueError, match=r"fmri.*size 6 on axis 1"):
        fitted.transform(confounded.replace(fmri=confounded["fmri"].data[:, :5]))
    lying = make_recordings(2, 4)
    X = Multimodal(eeg=lying, confounds=np.arange(8.0)[:, None])
    with pytest.raises(ValueError, match="eeg still lies in recordings"):
        ConfoundResidualizer().fit(X)
