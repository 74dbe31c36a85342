"""Recordings in scikit-learn's tools: preprocess once, search everything."""

import numpy as np
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_validate,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import Multimodal, Recordings
from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.recordings import RecordingTransformer
from tests.recordings.doubles import (
    EventMeans,
    Scale,
    Slow,
    make_events,
    make_raw,
    make_run,
    runs,
)

N_RECORDINGS = 4


def make_both(n_events=4):
    """Make EEG and BOLD of the same events, whose type shows in both."""
    eeg, bold = [], []
    events = make_events(n_events)
    for n in range(N_RECORDINGS):
        raw = make_raw(n)
        # noise would be as large as what is planted once it is standardised
        raw._data[[0, 2]] = n
        for onset, kind in zip(events["onset"], events["trial_type"], strict=True):
            first = round(100 * onset)
            raw._data[1, first : first + 50] += 0.5 * (kind == "left")
        eeg.append(raw)
        run = make_run(n)
        volumes = (events["onset"] // run.t_r).astype(int)
        run.img.dataobj[..., volumes[events["trial_type"] == "left"]] += 10.0
        bold.append(run)
    known = {"subject": list("abcd")}
    X = Multimodal(
        eeg=Recordings(eeg, [events] * N_RECORDINGS, **known),
        fmri=Recordings(bold, [events] * N_RECORDINGS, **known),
    )
    return X, (X["eeg"].table["trial_type"] == "left").to_numpy(), X["eeg"].groups


def make_model(log, n_jobs=None):
    return make_pipeline(
        make_modality_transformer(
            eeg=make_pipeline(
                Slow(log=log), Scale(log=log), EventMeans(standardize="recording", n_jobs=n_jobs)
            ),
            fmri=make_pipeline(Slow(3.0, log=log), EventMeans(n_jobs=n_jobs), StandardScaler()),
        ),
        LogisticRegression(),
    )


def test_pipeline(log):
    X, y, _ = make_both()
    model = make_model(log).fit(X, y)
    assert model.score(X, y) == 1.0
    assert model[0].transform(X[[3, 1]])["fmri"].shape == (2, 25)
    assert runs(log, "Slow") == 2 * N_RECORDINGS
    # one new sample
    assert model.predict(X[5:6]) == y[5:6]
    assert runs(log, "Slow") == 2 * N_RECORDINGS


def test_cross_validation_runs_each_recording_once(log):
    X, y, groups = make_both()
    settings = {"groups": groups, "cv": GroupKFold(4), "return_train_score": True}
    scores = cross_validate(make_model(log), X, y, **settings)
    assert (scores["test_score"] == 1).all()
    assert (runs(log, "Slow"), runs(log, "Scale")) == (2 * N_RECORDINGS, N_RECORDINGS)


def test_cross_validation_in_two_processes(log):
    X, y, groups = make_both()
    settings = {"groups": groups, "cv": GroupKFold(4)}
    parallel = cross_val_predict(
        make_model(log), X, y, n_jobs=2, method="predict_proba", **settings
    )
    # both processes want the same recordings at the same time
    assert (runs(log, "Slow"), runs(log, "Scale")) == (2 * N_RECORDINGS, N_RECORDINGS)
    serial = cross_val_predict(make_model(log), X, y, method="predict_proba", **settings)
    np.testing.assert_allclose(parallel, serial)
    assert runs(log, "Slow") == 2 * N_RECORDINGS


def test_grid_search_over_preprocessing(log):
    X, y, groups = make_both()
    eeg = "modalitytransformer__eeg__"
    grid = {
        f"{eeg}scale__factor": [0.0, 2.0, 3.0],
        f"{eeg}eventmeans__offset": [0.0, 1.0],
        "modalitytransformer__fmri": ["drop"],
    }
    search = GridSearchCV(make_model(log), grid, cv=StratifiedGroupKFold(4)).fit(
        X, y, groups=groups
    )
    assert search.best_params_[f"{eeg}scale__factor"] == 2.0
    assert search.best_score_ == 1.0
    assert search.cv_results_["mean_test_score"][0] == 0.5
    # the prefix once, the step that is searched once for each value and extraction
    assert runs(log, "Slow") == N_RECORDINGS
    assert runs(log, "Scale") == 3 * 2 * N_RECORDINGS
    assert search.predict(X[:3]).tolist() == y[:3].tolist()


def test_split(log):
    X, y, _ = make_both()
    train, test, y_train, _ = train_test_split(X, y, test_size=4, random_state=0)
    model = make_model(log).fit(train, y_train)
    assert model.predict(test).shape == (4,)
    assert runs(log, "Slow") == 2 * N_RECORDINGS


def test_recordings_without_a_multimodal(log):
    X, y, groups = make_both()
    model = make_pipeline(Slow(log=log), EventMeans(standardize="recording"), LogisticRegression())
    scores = cross_validate(model, X["eeg"], y, groups=groups, cv=GroupKFold(4))
    assert (scores["test_score"] == 1).all()
    assert runs(log, "Slow") == N_RECORDINGS


def test_missing_modality_in_the_test_set():
    X, y, _ = make_both()
    X = X.replace(fmri=Recordings([make_run(0), make_run(1), None, None], [make_events(4)] * 4))
    pipe = make_modality_transformer(eeg=EventMeans(), fmri=make_pipeline(Scale(), EventMeans()))
    pipe.fit(X[:8], y[:8])
    samples = pipe.transform(X[8:])
    assert samples.present.tolist() == [[True, False]] * 8
    assert samples["fmri"].shape == (8, 25)


@pytest.mark.parametrize("kind", ["pandas", "polars", "default"])
def test_output_of_another_kind_is_not_for_recordings(kind):
    X, _, _ = make_both()
    with sklearn.config_context(transform_output=kind):
        steps = Scale().fit_transform(X["eeg"])
        samples = EventMeans().fit_transform(steps)
    assert isinstance(steps, Recordings)
    assert samples.shape == (16, 4)


class Rectifier(RecordingTransformer):
    kind = "eeg"
    adds = ("rectified",)
    refuses_after = {"averaged": "rectify before averaging"}

    def __init__(self, gain=1.0):
        self.gain = gain

    def transform_recording(self, raw, context):
        return raw.copy().load_data().apply_function(lambda x: self.gain * abs(x), verbose="error")


def test_step_of_ten_lines():
    X, y, groups = make_both()
    X = X["eeg"]
    model = make_pipeline(Rectifier(), EventMeans(standardize="recording"), LogisticRegression())
    grid = {"rectifier__gain": [0.0, 1.0]}
    search = GridSearchCV(model, grid, cv=GroupKFold(4), n_jobs=2).fit(X, y, groups=groups)
    assert search.best_params_ == {"rectifier__gain": 1.0}
    assert Rectifier(2.0).fit_transform(X).load(0).get_data().min() >= 0
    with pytest.raises(ValueError, match="rectify before averaging"):
        Rectifier().transform(Recordings([make_raw()], done=["averaged"]))
