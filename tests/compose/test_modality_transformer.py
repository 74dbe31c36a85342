"""`ModalityTransformer` as an estimator: parameters, modalities, names, tools around it."""

import os
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from sklearn_neurofuse import Multimodal
from sklearn_neurofuse.compose import ModalityTransformer, make_modality_transformer
from sklearn_neurofuse.containers import Block
from tests.compose.doubles import AddStep, ChannelPower, Demeaner, Extract, Returner, Runs


def make_transformer(**options):
    pairs = [("eeg", make_pipeline(StandardScaler(), PCA(3))), ("fmri", StandardScaler())]
    return ModalityTransformer(pairs, **options)


def assert_equal(one, two):
    assert one.modalities == two.modalities
    for name in one.modalities:
        np.testing.assert_allclose(one[name].data, two[name].data, rtol=1e-6, atol=1e-12)
        assert one[name].space == two[name].space


def test_each_modality_is_what_its_transformer_alone_gives(paired):
    X, _ = paired
    Xt = make_transformer().fit_transform(X)
    flat_eeg = np.asarray(X["eeg"]).reshape(24, -1)
    flat_fmri = np.asarray(X["fmri"]).reshape(24, -1)
    expected = make_pipeline(StandardScaler(), PCA(3)).fit_transform(flat_eeg)
    np.testing.assert_allclose(Xt["eeg"].data, expected)
    expected = StandardScaler().fit_transform(flat_fmri).reshape(X["fmri"].shape)
    np.testing.assert_allclose(Xt["fmri"].data, expected)
    assert Xt["links"] is X["links"]
    assert Xt.modalities == X.modalities


def test_fit_then_transform_is_fit_transform(paired):
    X, y = paired
    transformer = make_transformer()
    assert transformer.fit(X, y) is transformer
    assert_equal(transformer.transform(X), make_transformer().fit_transform(X, y))


def test_refit_forgets(paired):
    X, y = paired
    transformer = make_transformer().fit(X[:10], y[:10]).fit(X, y)
    assert_equal(transformer.transform(X), make_transformer().fit(X, y).transform(X))


def test_rows_commute_with_transform(paired):
    X, _ = paired
    transformer = make_transformer().fit(X)
    rows = [5, 0, 17]
    part, whole = transformer.transform(X[rows]), transformer.transform(X)[rows]
    for name in X.modalities:
        np.testing.assert_allclose(part[name].data, whole[name].data)
    assert transformer.transform(X[4])["eeg"].shape == (1, 3)


def test_remainder_and_drop(paired):
    X, _ = paired
    assert make_transformer(remainder="drop").fit_transform(X).modalities == ("fmri", "eeg")
    transformer = make_modality_transformer(fmri="drop", eeg="passthrough").fit(X)
    assert transformer.modalities_out_ == ("eeg", "links")
    assert transformer.transform(X)["eeg"] is X["eeg"]
    assert transformer.transformers_ == [
        ("fmri", "drop"),
        ("eeg", "passthrough"),
        ("links", "passthrough"),
    ]
    # what was dropped may be absent
    assert transformer.transform(X.select(["links", "eeg"])).modalities == ("eeg", "links")


def test_transformer_is_cloned(paired):
    X, _ = paired
    scaler = StandardScaler()
    transformer = ModalityTransformer([("eeg", scaler)]).fit(X)
    assert not hasattr(scaler, "mean_")
    assert hasattr(transformer.named_transformers_["eeg"], "mean_")
    assert transformer.named_transformers_.fmri == "passthrough"


def test_order_of_modalities_is_that_of_fit(paired):
    X, _ = paired
    transformer = make_transformer().fit(X)
    turned = X.select(["links", "eeg", "fmri"])
    np.testing.assert_array_equal(
        np.asarray(transformer.transform(turned)), np.asarray(transformer.transform(X))
    )


def test_nested_parameters():
    transformer = make_transformer()
    assert transformer.get_params()["eeg__pca__n_components"] == 3
    transformer.set_params(eeg__pca__n_components=2, fmri="drop", n_jobs=2)
    assert transformer.transformers[0][1]["pca"].n_components == 2
    assert transformer.transformers[1] == ("fmri", "drop")
    assert transformer.n_jobs == 2
    with pytest.raises(ValueError, match="Invalid parameter 'mri'"):
        transformer.set_params(mri="drop")


def test_set_params_gives_what_the_constructor_gives(paired):
    X, _ = paired
    late = make_transformer().set_params(
        eeg__pca__n_components=2, fmri=PCA(4), remainder="drop", verbose=False
    )
    pairs = [("eeg", make_pipeline(StandardScaler(), PCA(2))), ("fmri", PCA(4))]
    early = ModalityTransformer(pairs, remainder="drop")
    assert_equal(late.fit_transform(X), early.fit_transform(X))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_reaches_every_step(paired, n_jobs):
    X, y = paired
    model = make_pipeline(
        make_modality_transformer(
            eeg=make_pipeline(ChannelPower(), StandardScaler()),
            fmri=make_pipeline(StandardScaler(), PCA(2)),
        ),
        LogisticRegression(),
    )
    grid = {
        "modalitytransformer__fmri__pca__n_components": [1, 2],
        "modalitytransformer__eeg__channelpower__scale": [0.5, 1.0],
        "modalitytransformer__links": ["drop", "passthrough"],
    }
    model.set_params(
        modalitytransformer__transformers=[
            *model[0].transformers,
            ("links", "passthrough"),
        ]
    )
    search = GridSearchCV(model, grid, cv=3, n_jobs=n_jobs, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 8
    assert search.predict(X).shape == (24,)


def test_same_scores_as_the_flat_pipeline(paired):
    X, y = paired
    model = make_pipeline(
        ModalityTransformer([(name, StandardScaler()) for name in X.modalities]),
        LogisticRegression(),
    )
    flat = make_pipeline(StandardScaler(), LogisticRegression())
    ours = cross_validate(model, X, y, cv=4, scoring="neg_log_loss", n_jobs=2)["test_score"]
    theirs = cross_validate(flat, np.asarray(X), y, cv=4, scoring="neg_log_loss")["test_score"]
    np.testing.assert_allclose(ours, theirs)


def test_branches_in_parallel(paired):
    X, y = paired
    alone, together = make_transformer().fit(X, y), make_transformer(n_jobs=2).fit(X, y)
    assert_equal(together.transform(X), alone.transform(X))


def test_branches_run_in_workers(paired):
    X, _ = paired
    here = Returner(lambda array: np.full((len(array), 1), os.getpid()))
    transformer = make_modality_transformer(eeg=here, fmri=here, n_jobs=2)
    for Xt in (transformer.fit_transform(X), transformer.transform(X)):
        assert os.getpid() not in np.asarray(Xt.select(["eeg", "fmri"]))


def test_verbose_tells_the_branches(paired, capsys):
    X, _ = paired
    make_transformer(verbose=True).fit(X)
    out = capsys.readouterr().out
    assert "(1 of 2) fitting fmri" in out
    assert "(2 of 2) fitting eeg" in out
    make_transformer().fit(X)
    assert capsys.readouterr().out == ""


def test_feature_names(paired):
    X, _ = paired
    transformer = make_transformer().fit(X)
    names = transformer.get_feature_names_out()
    Xt = transformer.transform(X)
    assert names.dtype == object
    assert names.tolist() == Xt.layout.get_feature_names()
    assert len(names) == Xt.shape[1]
    assert names[0] == "fmri__0_0_0"
    assert names[60:64].tolist() == ["eeg__pca0", "eeg__pca1", "eeg__pca2", "links__b~a"]
    kept = make_modality_transformer(eeg=StandardScaler()).fit(X.select("eeg"))
    assert kept.get_feature_names_out()[0] == "eeg__Fz__-0.100s"


def test_feature_names_in_are_checked(paired):
    X, _ = paired
    transformer = make_transformer().fit(X)
    names = X.layout.get_feature_names()
    assert len(transformer.get_feature_names_out(names)) == transformer.transform(X).shape[1]
    with pytest.raises(ValueError, match=f"names of the {X.shape[1]} features seen in fit"):
        transformer.get_feature_names_out(["a", "b"])


def test_feature_names_pass_through_a_pipeline(paired):
    X, _ = paired
    first, second = make_transformer(), make_modality_transformer(fmri=PCA(2))
    names = make_pipeline(first, second).fit(X).get_feature_names_out()
    assert names[:3].tolist() == ["fmri__pca0", "fmri__pca1", "eeg__pca0"]


def test_n_features_in(paired):
    X, _ = paired
    transformer = make_modality_transformer(links="passthrough")
    assert Pipeline([("transformer", transformer)]).fit(X).n_features_in_ == X.shape[1]
    transformer.fit(Multimodal(links=Runs(np.arange(3.0))))
    assert not hasattr(transformer, "n_features_in_")


def test_set_output_changes_nothing(paired):
    X, y = paired
    model = make_pipeline(make_transformer(), LogisticRegression())
    model[:-1].set_output(transform="pandas")
    assert isinstance(model[0].fit_transform(X, y), Multimodal)
    assert make_transformer().set_output() is not None


def test_html_and_repr(paired):
    X, _ = paired
    transformer = make_transformer()
    html = estimator_html_repr(transformer)
    for text in ("fmri", "eeg", "remainder", "PCA", "passthrough", "sk-parallel"):
        assert text in html
    assert transformer._sk_visual_block_().names == ("eeg", "fmri", "remainder")
    assert transformer.fit(X)._sk_visual_block_().names == ("fmri", "eeg", "links")
    assert "links" in estimator_html_repr(make_pipeline(transformer, LogisticRegression()))
    assert "ModalityTransformer(transformers=[('eeg'" in repr(transformer)


def test_pickle_and_clone(paired):
    X, _ = paired
    transformer = make_transformer().fit(X)
    assert_equal(pickle.loads(pickle.dumps(transformer)).transform(X), transformer.transform(X))
    fresh = clone(transformer)
    assert fresh.transformers is not transformer.transformers
    assert not hasattr(fresh, "transformers_")


def test_unfitted():
    transformer, X = make_transformer(), Multimodal(eeg=np.zeros((3, 2)))
    with pytest.raises(NotFittedError):
        transformer.transform(X)
    with pytest.raises(NotFittedError):
        transformer.get_feature_names_out()
    assert not hasattr(transformer, "named_transformers_")
    assert not hasattr(transformer, "modalities_out_")


def test_float32_is_kept(paired):
    X, _ = paired
    single = Multimodal(**{name: np.asarray(X[name]).astype(np.float32) for name in X.modalities})
    Xt = make_transformer().fit_transform(single)
    assert {Xt[name].dtype for name in Xt.modalities} == {np.dtype(np.float32)}
    assert Xt.dtype == np.float32


def test_read_only_memmap_is_left_alone(paired, tmp_path):
    X, _ = paired
    X.save(tmp_path / "X")
    mapped = Multimodal.load(tmp_path / "X", mmap_mode="r")
    assert_equal(make_transformer().fit_transform(mapped), make_transformer().fit_transform(X))


def test_input_is_unchanged(paired):
    X, y = paired
    before = np.array(X)
    make_transformer().fit(X, y).transform(X)
    np.testing.assert_array_equal(np.asarray(X), before)


def test_samples_that_are_not_arrays_yet():
    X = Multimodal(fmri=Runs(np.arange(8.0)), eeg=Runs(np.arange(8.0)))
    lazy = make_modality_transformer(eeg=AddStep(2.0)).fit(X)
    assert lazy.transform(X)["eeg"].steps == (2.0,)
    assert not hasattr(lazy, "n_features_in_")
    with pytest.raises(ValueError, match="modality 'fmri' holds samples that are not arrays yet"):
        lazy.get_feature_names_out()
    model = make_pipeline(
        make_modality_transformer(fmri=Extract(), eeg=make_pipeline(AddStep(5.0), Extract())),
        make_modality_transformer(eeg=Demeaner()),
    )
    Xt = model.fit_transform(X)
    assert Xt.shape == (8, 12)
    np.testing.assert_allclose(Xt["eeg"].data.mean(axis=0), 0.0, atol=1e-12)
    assert model.transform(X[2:3])["fmri"].data.tolist() == [[[2.0, 4.0, 6.0], [8.0, 10.0, 12.0]]]
    with pytest.raises(TypeError, match="holds Runs, which are not arrays yet, and PCA works"):
        make_modality_transformer(eeg=make_pipeline(PCA(2), StandardScaler())).fit(X)
    with pytest.raises(ValueError, match="modality 'eeg' must have samples that are not arrays"):
        lazy.transform(Multimodal(fmri=X["fmri"], eeg=np.zeros((8, 3))))


@pytest.mark.parametrize(
    ("transformers", "error", "message"),
    [
        ({"eeg": PCA()}, TypeError, "must be a list of"),
        ([("eeg", PCA(), "eeg")], TypeError, "must be a list of"),
        ([(1, PCA())], TypeError, "must be a list of"),
        ([], ValueError, "at least one modality"),
        ([("eeg", PCA()), ("eeg", PCA())], ValueError, "modality 'eeg' stands twice"),
        ([("n_jobs", PCA())], ValueError, "conflict with constructor arguments"),
        ([("eeg__a", PCA())], ValueError, "must not contain __"),
        ([("eeg", PCA)], TypeError, r"instance, PCA\(\), got the class"),
        ([("eeg", LogisticRegression())], TypeError, "'eeg' must have fit and transform"),
        ([("eeg", None)], TypeError, "'eeg' must have fit and transform"),
        ([("eeg", "dorp")], ValueError, "did you mean 'drop'"),
        ([("egg", PCA())], ValueError, "no modality 'egg', there are fmri, eeg.*mean 'eeg'"),
        ([(n, "drop") for n in ("fmri", "eeg", "links")], ValueError, "no modality is left"),
    ],
)
def test_unfit_transformers(paired, transformers, error, message):
    with pytest.raises(error, match=message):
        ModalityTransformer(transformers).fit(paired[0])


def test_unfit_remainder(paired):
    with pytest.raises(ValueError, match="remainder must be one of 'passthrough', 'drop'"):
        make_transformer(remainder="keep").fit(paired[0])


def test_make_without_modalities():
    with pytest.raises(ValueError, match="at least one modality"):
        make_modality_transformer(n_jobs=2)


@pytest.mark.parametrize("X", [np.zeros((4, 3)), {"eeg": np.zeros((4, 3))}])
def test_unfit_kind_of_X(X):
    with pytest.raises(TypeError, match=r"X must be a Multimodal, got .*FromFlat"):
        make_transformer().fit(X)


def test_unfit_samples_in_transform(paired):
    X, _ = paired
    transformer = make_transformer().fit(X)
    other = {name: np.asarray(X[name]) for name in X.modalities}
    for name, data, message in [
        ("eeg", other["eeg"][:, :, :-1], r"'eeg' must have size 20 on axis 2.*\(24, 4, 19\)"),
        ("eeg", other["eeg"][:, :-1], "'eeg' must have size 4 on axis 1"),
        ("fmri", other["fmri"][..., 0], r"'fmri' must have 4 axes, \(n_samples, 4, 5, 3\)"),
        ("eeg", Runs(np.arange(24.0)), "'eeg' must have 3 axes.*got Runs"),
    ]:
        with pytest.raises(ValueError, match=message):
            transformer.transform(Multimodal(**{**other, name: data}))
    with pytest.raises(ValueError, match="no modality 'links', there are fmri, eeg"):
        transformer.transform(X.select(["fmri", "eeg"]))
    with pytest.raises(ValueError, match=r"no modality 'egg'.*did you mean 'eeg'"):
        transformer.transform(X.replace(egg=Block(np.zeros((24, 2)))))


def test_error_of_a_branch_names_the_modality(paired):
    X, _ = paired
    with pytest.raises(ValueError, match="n_components") as info:
        make_modality_transformer(eeg=PCA(1000)).fit(X)
    assert any("branch of modality 'eeg'" in note for note in info.value.__notes__)
