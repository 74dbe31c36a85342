"""Steps wait, in an order that makes sense, and say what went wrong on which recording."""

import pickle

import mne
import numpy as np
import pytest

from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.exceptions import MissingSamplesWarning, RecordingError
from sklearn_neurofuse.recordings import RecordingTransformer
from tests.recordings.doubles import (
    EventMeans,
    Failing,
    RunMeans,
    Scale,
    Slow,
    make_events,
    make_raw,
    make_run,
    runs,
)


def make_two():
    return Recordings([make_raw(0), make_raw(1)], [make_events()] * 2, subject=["a", "b"])


class Cleaned(Scale):
    adds = ("cleaned",)
    refuses_after = {"scaled": "clean before scaling"}


class Wary(Scale):
    adds = ()
    warns_after = {"scaled": "better on volts"}


class BoldOnly(Scale):
    kind = "bold"


def test_nothing_runs_until_samples_are_taken(log):
    X = Slow(log=log).fit(make_two()).transform(make_two())
    Scale(log=log).fit_transform(X)
    assert runs(log) == 0
    assert X.steps == ("Slow",)
    EventMeans(log=log).transform(X)
    assert runs(log, "Slow") == 2


def test_steps_wait_in_order():
    X = Scale(3.0).transform(Slow(2.0).transform(make_two()))
    assert X.steps == ("Slow", "Scale")
    assert repr(X).endswith("2 subjects, steps Slow > Scale")
    np.testing.assert_allclose(X.load(0).get_data(), 6.0 * make_raw(0).get_data())


def test_a_later_set_params_changes_nothing():
    step = Scale(2.0)
    X = step.transform(make_two())
    step.set_params(factor=5.0)
    np.testing.assert_allclose(X.load(0).get_data(), 2.0 * make_raw(0).get_data())
    np.testing.assert_allclose(
        step.transform(make_two()).load(0).get_data(), 5.0 * make_raw(0).get_data()
    )


def test_the_recordings_given_are_not_changed():
    X = make_two()
    Scale().transform(X)
    assert X.steps == ()
    before = X.sources[0].source.get_data()
    EventMeans().transform(Scale().transform(X))
    np.testing.assert_array_equal(X.sources[0].source.get_data(), before)


def test_missing_recordings_get_no_steps():
    X = Scale().transform(Recordings([None, make_raw()]))
    assert X.sources[0].steps == ()
    assert len(X.sources[1].steps) == 1


def test_refused_order():
    X = Scale().transform(make_two())
    with pytest.raises(
        ValueError,
        match=r"Cleaned: recording 0 \(sub-a\) is scaled by Scale; clean before scaling",
    ):
        Cleaned().transform(X)
    assert Scale().transform(Cleaned().transform(make_two())).steps == ("Cleaned", "Scale")


def test_refused_after_what_was_done_elsewhere():
    X = Recordings([make_raw(), make_raw(1)], done=[None, "scaled"])
    with pytest.raises(ValueError, match="recording 1 is scaled before the recording came here"):
        Cleaned().transform(X)


def test_order_of_the_extractor(monkeypatch):
    monkeypatch.setattr(EventMeans, "refuses_after", {"scaled": "take means of volts"})
    with pytest.raises(ValueError, match=r"EventMeans: recording 0 .* by Scale; take means of"):
        EventMeans().transform(Scale().transform(make_two()))


def test_warned_order_is_said_once():
    X = Scale().transform(make_two())
    with pytest.warns(UserWarning, match="Wary") as caught:
        Wary().transform(X)
    assert [str(warning.message) for warning in caught] == [
        "Wary: recording 0 (sub-a) is scaled by Scale (and 1 more); better on volts"
    ]
    assert caught[0].filename == __file__


def test_already_done():
    X = Recordings([make_raw(0), make_raw(1)], done=["scaled", None])
    with pytest.raises(ValueError, match=r'already scaled; .*set_config\(already_done="skip"\)'):
        Scale().transform(X)
    with config_context(already_done="skip"):
        X = Recordings([make_raw(0), make_raw(1)], done=["scaled", None])
    scaled = Scale(2.0).transform(X)
    assert scaled.steps == ("different chains",)
    np.testing.assert_array_equal(scaled.load(0).get_data(), make_raw(0).get_data())
    np.testing.assert_allclose(scaled.load(1).get_data(), 2.0 * make_raw(1).get_data())


def test_the_same_step_twice_is_fine():
    assert Scale().transform(Scale().transform(make_two())).steps == ("Scale", "Scale")


def test_wrong_kind():
    with pytest.raises(TypeError, match="BoldOnly: X must hold bold recordings, got eeg"):
        BoldOnly().fit(make_two())
    with pytest.raises(TypeError, match="Scale: X must be Recordings, got ndarray; wrap"):
        Scale().transform(np.zeros((3, 4)))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_error_names_recording_and_step(n_jobs):
    X = Failing(1).transform(Slow().transform(make_two()))
    expected = r"^Failing on recording 1 \(sub-b\): the electrodes fell off$"
    with pytest.raises(RecordingError, match=expected):
        EventMeans(n_jobs=n_jobs).transform(X)
    with pytest.raises(RecordingError, match=expected) as caught:
        X.load(5)
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_of_another_kind_says_which():
    class Broken(Scale):
        def transform_recording(self, recording, context):
            return {}["gain"]

    with pytest.raises(RecordingError, match=r"^Broken on recording 0 .*: KeyError: 'gain'$"):
        Broken().transform(make_two()).load(0)


def test_no_more_recordings_are_begun_after_an_error(log):
    X = Failing(1, log=log).transform(Recordings([make_raw(n) for n in range(5)]))
    with pytest.raises(RecordingError):
        RunMeans().transform(X)
    assert runs(log, "Failing") == 2


def test_failing_recordings_become_missing(log):
    X = Failing(1, log=log).transform(make_two()).with_config(on_error="missing")
    with pytest.warns(MissingSamplesWarning, match="electrodes fell off; its samples are missing"):
        samples = EventMeans().transform(X)
    assert samples.present.tolist() == [True] * 3 + [False] * 3
    with pytest.warns(MissingSamplesWarning):
        reasons = EventMeans().missing_reasons(X)
    assert list(reasons) == [3, 4, 5]
    assert "Failing on recording 1" in reasons[3]


def test_all_recordings_failing_is_an_error():
    X = Failing("").transform(make_two()).with_config(on_error="missing")
    with (
        pytest.warns(MissingSamplesWarning),
        pytest.raises(RecordingError, match="Failing on recording 0"),
    ):
        EventMeans().transform(X)


@pytest.mark.parametrize("result", [None, np.zeros(3), make_run()])
def test_a_step_must_return_a_recording(result):
    class Wrong(RecordingTransformer):
        def transform_recording(self, recording, context):
            return result

    name = type(result).__name__
    with pytest.raises(RecordingError, match=f"must return a BaseRaw, got {name}"):
        Wrong().transform(make_two()).load(0)


def test_an_extractor_must_return_all_samples():
    class Short(EventMeans):
        def extract(self, recording, events, context):
            return super().extract(recording, events[1:], context)

    class Bare(EventMeans):
        def extract(self, recording, events, context):
            return super().extract(recording, events, context).data

    with pytest.raises(RecordingError, match="must return Samples of length 3, got 2"):
        Short().transform(make_two())
    with pytest.raises(RecordingError, match="must return Samples of length 3, got ndarray"):
        Bare().transform(make_two())


def test_steps_do_not_see_events():
    class Peeks(Scale):
        def transform_recording(self, recording, context):
            assert not [name for name in dir(context) if "event" in name]
            assert not hasattr(context, "recording")
            return recording

    Peeks().transform(make_two()).load(0)


def test_quality_is_the_same_from_the_cache():
    X = Scale(3.0).transform(Slow(2.0).transform(make_two()))
    fresh, remembered = X.quality(3), X.quality(3)
    assert fresh == remembered
    assert fresh == {
        "Slow": {"factor": 2.0, "title": "recording 1 (sub-b)"},
        "Scale": {"factor": 3.0, "title": "recording 1 (sub-b)"},
    }
    assert list(EventMeans().quality(X[[5]])) == [1]
    assert EventMeans().quality(X)[0]["EventMeans"] == {"n_events": 3}
    assert EventMeans().quality(X)[1]["Slow"]["factor"] == 2.0


def test_quality_must_be_figures():
    class Odd(Scale):
        def transform_recording(self, recording, context):
            context.report(raw=recording)
            return recording

    with pytest.raises(RecordingError, match=r"^Odd on recording 0 .*RawArray cannot be written"):
        Odd().transform(make_two()).load(0)


class AddsPartner(Scale):
    """Adds the mean of the partner after a step."""

    uses_partner = True

    def __init__(self, step=None, *, log=None):
        self.step = step
        self.log = log

    def transform_recording(self, recording, context):
        self.note("AddsPartner")
        level = context.partner(self.step).get_data().mean()
        raw = recording.copy()
        return raw.apply_function(lambda x: x + level, picks="all", verbose="error")


def test_partner(log):
    X = Recordings([make_raw()], partner=[make_run()])
    added = AddsPartner(Slow(2.0, log=log)).transform(X).load(0).get_data() - make_raw().get_data()
    np.testing.assert_allclose(added, 200.0, atol=0.5)
    plain = AddsPartner().transform(X).load(0).get_data() - make_raw().get_data()
    np.testing.assert_allclose(plain, 100.0, atol=0.5)
    # remembered under its own key, so another step on the EEG does not redo it
    AddsPartner(Slow(2.0, log=log)).transform(Scale().transform(X)).load(0)
    assert runs(log, "Slow") == 1


def test_partner_of_a_run(tmp_path):
    class Duration(Scale):
        uses_partner = True

        def transform_recording(self, recording, context):
            assert isinstance(context.partner(), mne.io.BaseRaw)
            return recording.replace(start_time=context.partner().times[-1])

    make_raw().save(tmp_path / "a_raw.fif", verbose="error")
    X = Recordings([make_run()], partner=[tmp_path / "a_raw.fif"])
    assert Duration().transform(X).load(0).start_time == 11.99


def test_no_partner():
    X = AddsPartner().transform(Recordings([make_raw(), make_raw(1)], partner=[make_run(), None]))
    with pytest.raises(RecordingError, match=r"AddsPartner on recording 1: .*no partner"):
        X.load(1)


def test_step_on_the_partner_is_checked():
    class Checked(Scale):
        def check_parameters(self):
            if self.factor < 0:
                raise ValueError("Checked: factor must be in [0, inf), got -1")

    X = Recordings([make_raw()], partner=[make_run(done="scaled")])
    with pytest.raises(RecordingError, match="AddsPartner on recording 0: Checked: factor must"):
        AddsPartner(Checked(-1)).transform(X).load(0)
    with pytest.raises(RecordingError, match="Scale: recording 0 is already scaled"):
        AddsPartner(Scale()).transform(X).load(0)
    # where it was done before it may be skipped
    skipped = AddsPartner(Scale()).transform(X.with_config(already_done="skip"))
    added = skipped.load(0).get_data() - make_raw().get_data()
    np.testing.assert_allclose(added, 100.0, atol=0.5)
    with pytest.raises(RecordingError, match="EegOnly: X must hold eeg recordings, got bold"):
        AddsPartner(EegOnly()).transform(Recordings([make_raw()], partner=[make_run()])).load(0)


class EegOnly(Scale):
    kind = "eeg"


def test_steps_are_stateless():
    X = make_two()
    step = Scale().fit(X)
    assert set(vars(step)) == set(step.get_params())
    assert step.set_output(transform="pandas") is step
    assert not step.__sklearn_tags__().requires_fit
    assert pickle.loads(pickle.dumps(step)).get_params() == step.get_params()


def test_bases_cannot_be_made():
    for base in (RecordingTransformer, *EventMeans.__mro__[2:3]):
        with pytest.raises(TypeError, match="abstract"):
            base()


def test_a_run_stays_a_run():
    run = Scale().transform(Recordings([make_run(start_time=3.0, done=["x"])])).load(0)
    assert isinstance(run, BoldRun)
    assert run.start_time == 3.0


def test_what_was_done_is_noted_on_a_run():
    X = Scale(3.0).transform(Slow().transform(Recordings([make_run(done=["x"])])))
    for _ in range(2):
        assert X.load(0).done == ("x", "scaled")
    # so it is refused a second time
    with pytest.raises(ValueError, match="recording 0 is already scaled"):
        Scale().transform(Recordings([X.load(0)]))
    unchanged = Failing(7).transform(Recordings([make_run()])).load(0)
    assert unchanged.done == ()
