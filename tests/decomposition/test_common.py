"""What every decomposition keeps to."""

import inspect
import pickle

import mne
import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from sklearn_neurofuse import Multimodal, decomposition
from sklearn_neurofuse.compose import FromFlat
from sklearn_neurofuse.containers import Block, VolumeSpace
from sklearn_neurofuse.decomposition import CCAJointICA, JointICA, MultimodalCCA, ParallelICA

from .conftest import drop, make_linked

ESTIMATORS = [
    MultimodalCCA(3, 0.2, random_state=0),
    JointICA(3, random_state=0),
    CCAJointICA(3, random_state=0),
    ParallelICA(3, random_state=0),
]
each = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
WITHOUT_FIT = [
    estimator_checks.check_estimator_cloneable,
    estimator_checks.check_estimator_tags_renamed,
    estimator_checks.check_valid_tag_types,
    estimator_checks.check_estimator_repr,
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
    estimator_checks.check_mixin_order,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
]


def n_scores(estimator):
    return 3 if isinstance(estimator, JointICA) else 9


def test_every_estimator_is_checked():
    public = map(vars(decomposition).get, decomposition.__all__)
    assert {c for c in public if inspect.isclass(c)} == {type(e) for e in ESTIMATORS}


@each
@pytest.mark.parametrize("check", WITHOUT_FIT, ids=lambda c: c.__name__)
def test_what_scikit_learn_asks_without_fitting(estimator, check):
    check(type(estimator).__name__, clone(estimator))


@each
def test_a_plain_matrix_is_refused_with_the_remedy(estimator, rng):
    with pytest.raises(ValueError, match=r"must be a Multimodal, got ndarray.*layout"):
        clone(estimator).fit(rng.normal(size=(20, 8)))


@each
def test_set_params_is_the_constructor(estimator, linked):
    one = type(estimator)().set_params(**estimator.get_params()).fit(linked)
    assert_array_equal(one.transform(linked), clone(estimator).fit(linked).transform(linked))


@each
def test_unfitted(estimator, linked):
    fresh = clone(estimator)
    for method in (fresh.transform, fresh.score, fresh.inverse_transform):
        with pytest.raises(NotFittedError):
            method(linked)
    with pytest.raises(NotFittedError):
        fresh.get_feature_names_out()
    with pytest.raises(NotFittedError):
        fresh.components_img("eeg")


@each
def test_names_shapes_and_types(estimator, linked):
    fitted = clone(estimator).fit(linked)
    scores = fitted.transform(linked)
    assert scores.shape == (60, n_scores(estimator))
    assert scores.dtype == np.float64
    assert len(set(fitted.get_feature_names_out())) == scores.shape[1]
    assert fitted.n_features_in_ == linked.shape[1]
    assert fitted.components_["fmri"].shape == (3, 5, 6, 4)
    assert fitted.weights_["eeg"].shape == (3, 4, 25)
    frame = clone(estimator).set_output(transform="pandas").fit_transform(linked)
    assert list(frame.columns) == list(fitted.get_feature_names_out())


@each
def test_single_precision_stays(estimator):
    X = make_linked(dtype=np.float32)[0]
    fitted = clone(estimator).fit(X)
    assert fitted.transform(X).dtype == np.float32
    assert fitted.components_["fmri"].dtype == np.float32
    reference = clone(estimator).fit(make_linked()[0])
    assert_allclose(fitted.score(X), reference.score(make_linked()[0]), atol=1e-2)


@each
def test_nothing_is_changed_and_fitting_again_gives_the_same(estimator, linked):
    before, parameters = pickle.dumps(linked), estimator.get_params()
    fitted = clone(estimator).fit(linked)
    first = fitted.transform(linked)
    assert pickle.dumps(linked) == before
    assert fitted.get_params() == parameters
    assert_array_equal(fitted.fit(linked).transform(linked), first)


@each
def test_rows_are_independent_in_transform(estimator, linked):
    fitted = clone(estimator).fit(linked)
    scores = fitted.transform(linked)
    rows = np.array([7, 3, 50])
    assert_allclose(fitted.transform(linked[rows]), scores[rows], atol=1e-10)
    assert_allclose(fitted.transform(linked[4]), scores[4:5], atol=1e-10)


@each
def test_maps_are_native_objects(estimator, linked):
    fitted = clone(estimator).fit(linked)
    image = fitted.components_img("fmri")
    assert isinstance(image, nib.Nifti1Image)
    assert image.shape == (5, 6, 4, 3)
    epochs = fitted.components_img("eeg", "weights")
    assert isinstance(epochs, mne.EpochsArray)
    assert_allclose(epochs.get_data(), fitted.weights_["eeg"])
    assert fitted.components_img("genes").shape == (3, 70)
    with pytest.raises(ValueError, match="did you mean 'fmri'"):
        fitted.components_img("fmr")
    with pytest.raises(ValueError, match="which must be one of"):
        fitted.components_img("fmri", "patterns")


@each
def test_what_is_rebuilt_projects_onto_the_same_scores(estimator, linked):
    fitted = clone(estimator).fit(linked)
    scores = fitted.transform(linked)
    rebuilt = fitted.inverse_transform(scores)
    assert rebuilt.layout == linked.layout
    if not isinstance(estimator, MultimodalCCA):
        assert_allclose(fitted.transform(rebuilt), scores, atol=1e-6)
    for name in linked.modalities:
        data = linked[name].data
        residual = ((data - rebuilt[name].data) ** 2).sum()
        assert residual < 0.2 * ((data - data.mean(axis=0)) ** 2).sum()
    with pytest.raises(ValueError, match="scores must have shape"):
        fitted.inverse_transform(scores[:, 1:])


@each
def test_integer_weight_is_repetition(estimator, linked, rng):
    weight = rng.integers(0, 3, size=60)
    exact = clone(estimator)
    # a criterion that is exact to 1e-13 tells its place to about the root of that
    if "tol" in exact.get_params():
        exact.set_params(tol=1e-13)
    weighted = clone(exact).fit(linked, sample_weight=weight)
    repeated = exact.fit(linked[np.repeat(np.arange(60), weight)])
    assert_allclose(
        np.abs(weighted.transform(linked)), np.abs(repeated.transform(linked)), atol=1e-4
    )
    assert_allclose(
        weighted.score(linked, sample_weight=weight),
        repeated.score(linked[np.repeat(np.arange(60), weight)]),
        atol=1e-5,
    )


@each
def test_flat_data_with_a_layout_are_the_multimodal(estimator, linked):
    flat, expected = np.asarray(linked), clone(estimator).fit_transform(linked)
    by_layout = clone(estimator).set_params(layout=linked.layout)
    assert_allclose(by_layout.fit(flat).transform(flat), expected, atol=1e-9)
    assert_allclose(clone(estimator).fit(linked).transform(flat), expected, atol=1e-9)
    by_step = make_pipeline(FromFlat(linked.layout), clone(estimator))
    assert_allclose(by_step.fit_transform(flat), expected, atol=1e-9)
    with pytest.raises(ValueError, match="flat matrix must have shape"):
        by_layout.transform(flat[:, 1:])
    with pytest.raises(ValueError, match="or a matrix of shape"):
        by_layout.transform(flat[0])


@each
def test_read_only_memory_maps(estimator, linked, tmp_path):
    linked.save(tmp_path / "saved")
    mapped = Multimodal.load(tmp_path / "saved")
    assert_allclose(clone(estimator).fit_transform(mapped), clone(estimator).fit_transform(linked))


@each
def test_survives_pickling(estimator, linked):
    fitted = clone(estimator).fit(linked)
    again = pickle.loads(pickle.dumps(fitted))
    assert_array_equal(again.transform(linked), fitted.transform(linked))


@each
def test_missing_modalities_are_predicted_from_those_present(estimator):
    X = make_linked(120)[0]
    holes = drop(X[:100], eeg=np.arange(10), fmri=np.arange(5, 15))
    fitted = clone(estimator).fit(holes)
    complete = clone(estimator).fit(X[15:100])
    test = X[100:]
    assert_allclose(fitted.transform(test), complete.transform(test), atol=1e-9)
    full = fitted.transform(test)
    partial = fitted.transform(drop(test, eeg=np.arange(20)))
    assert np.isfinite(partial).all()
    agreement = [np.corrcoef(a, b)[0, 1] for a, b in zip(full.T, partial.T, strict=True)]
    assert min(agreement) > 0.95
    assert_allclose(fitted.transform(test.select(["genes", "fmri"])), partial, atol=1e-12)
    nothing = drop(test, eeg=[0], fmri=[0], genes=[0])
    assert_allclose(fitted.transform(nothing)[0], 0.0, atol=1e-12)
    assert_allclose(fitted.transform(nothing)[1:], full[1:], atol=1e-12)


@each
def test_in_a_grid_search_with_jobs(estimator, linked):
    y = (np.arange(60) % 2).astype(int)
    pipe = make_pipeline(clone(estimator), LogisticRegression())
    name = f"{type(estimator).__name__.lower()}__n_components"
    search = GridSearchCV(pipe, {name: [1, 2]}, cv=3, n_jobs=2, error_score="raise")
    assert search.fit(linked, y).best_score_ > 0.0
    scores = cross_val_score(clone(estimator), linked, cv=3, error_score="raise")
    assert (scores > 0.5).all()


def fit_error(estimator, X, message, error=ValueError, **parameters):
    with pytest.raises(error, match=message):
        clone(estimator).set_params(**parameters).fit(X)


@each
def test_too_many_components(estimator, linked):
    fit_error(estimator, linked, "n_components must be at most", n_components=60)
    fit_error(estimator, linked, r"n_components must be in \[1", n_components=0)
    fit_error(estimator, linked, "integer", TypeError, n_components=2.5)


@each
def test_one_modality_only(estimator, linked):
    fit_error(estimator, linked.select("eeg"), "two or more modalities, got 'eeg' only")


@each
def test_too_few_samples(estimator, linked):
    fit_error(estimator, linked[:2], "at least 3 samples that hold every modality")
    holes = drop(linked[:6], eeg=[0, 1], fmri=[2, 3])
    fit_error(estimator, holes, "got 2 of 6")


@each
def test_nan_and_infinity_in_a_present_row(estimator, linked, tmp_path):
    data = linked["genes"].data.copy()
    data[4, 2] = np.inf
    broken = linked.replace(genes=data)
    with np.errstate(invalid="ignore"):
        fit_error(estimator, broken, r"modality 'genes' must be finite.*row 4")
        fitted = clone(estimator).fit(linked)
        with pytest.raises(ValueError, match=r"modality 'genes' must be finite.*row 4"):
            fitted.transform(broken)
    data[4, 2] = np.nan
    np.save(tmp_path / "x.npy", data)
    # a memory map is not looked through when the container is made
    mapped = linked.replace(genes=np.load(tmp_path / "x.npy", mmap_mode="r"))
    fit_error(estimator, mapped, "sample 4 is NaN in 1 of 70")


@each
def test_constant_features_are_harmless_and_a_constant_modality_is_not(estimator, linked):
    volumes = linked["fmri"].data.copy()
    volumes[:, 0] = 7.0
    X = linked.replace(fmri=volumes)
    fitted = clone(estimator).fit(X)
    assert np.isfinite(fitted.transform(X)).all()
    assert_allclose(fitted.components_["fmri"][:, 0], 0.0, atol=1e-9)
    volumes[:] = 7.0
    fit_error(estimator, linked.replace(fmri=volumes), "modality 'fmri' is the same in all")


@each
def test_wrong_input_names_modality_and_axis(estimator, linked, rng):
    fitted = clone(estimator).fit(linked)
    wrong = {
        "modality 'meg' was not there in fit": linked.replace(meg=rng.normal(size=(60, 3))),
        "'genes' must have size 70 on axis 1, got 69": linked.replace(
            genes=rng.normal(size=(60, 69))
        ),
        "'genes' must have 2 axes": linked.replace(genes=rng.normal(size=(60, 7, 10))),
        "'fmri' lies in": linked.replace(fmri=Block(linked["fmri"].data, VolumeSpace(np.eye(4)))),
    }
    for message, X in wrong.items():
        with pytest.raises(ValueError, match=message):
            fitted.transform(X)


@each
def test_bad_weights(estimator, linked):
    for weight, message in {
        (1.0,): "sample_weight must have shape",
        (-1.0,) * 60: "must be finite and not negative",
        (np.nan,) * 60: "must be finite and not negative",
    }.items():
        with pytest.raises(ValueError, match=message):
            clone(estimator).fit(linked, sample_weight=weight)
