"""A result is computed again exactly when something that it depends on has changed."""

import functools
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.recordings import RecordingTransformer, _provenance
from sklearn_neurofuse.recordings._provenance import Unkeyed, step_key
from tests.recordings.doubles import (
    EventMeans,
    RunMeans,
    Scale,
    Slow,
    make_events,
    make_raw,
    make_run,
    runs,
)


def extract(log, step=None, extractor=None, events=None, source=None):
    """Run a small chain, most of it with defaults."""
    source = make_raw() if source is None else source
    X = Recordings([source], [make_events() if events is None else events])
    X = (step or Scale(log=log)).transform(X)
    return (extractor or EventMeans(log=log)).transform(X)


def test_remembered(log):
    first = extract(log)
    np.testing.assert_array_equal(extract(log), first)
    assert (runs(log, "Scale"), runs(log, "EventMeans")) == (1, 1)


def test_changed_parameter_of_a_step(log):
    first = extract(log)
    other = extract(log, Scale(3.0, log=log))
    assert (runs(log, "Scale"), runs(log, "EventMeans")) == (2, 2)
    np.testing.assert_allclose(other.data[:, :3], 1.5 * first.data[:, :3])
    extract(log, Scale(2.0, log=log))
    assert runs(log, "Scale") == 2


def test_changed_parameter_of_the_extractor(log):
    first = extract(log)
    np.testing.assert_allclose(extract(log, extractor=EventMeans(1.0, log=log)), first.data + 1)
    assert runs(log, "EventMeans") == 2


@pytest.mark.parametrize("change", [{"n_jobs": 2}, {"verbose": True}])
def test_how_it_is_computed_does_not_matter(change, log):
    extract(log)
    extract(log, Scale(log=log, **change), EventMeans(log=log, **change))
    assert (runs(log, "Scale"), runs(log, "EventMeans")) == (1, 1)


def test_what_is_done_after_the_extraction_does_not_matter(log):
    plain = extract(log)
    standard = extract(log, extractor=EventMeans(log=log, standardize="recording"))
    assert runs(log, "EventMeans") == 1
    assert not np.allclose(plain, standard)


def test_changed_events(log):
    extract(log)
    for n_more, events in enumerate(
        [
            make_events(2),
            make_events(first=1.5),
            make_events().assign(trial_type="left"),
            make_events().assign(response=1.0),
        ]
    ):
        extract(log, events=events)
        assert runs(log, "EventMeans") == 2 + n_more
    extract(log, events=make_events())
    assert runs(log, "EventMeans") == 5


def test_events_do_not_concern_the_steps(log):
    extract(log, Slow(log=log))
    extract(log, Slow(log=log), events=make_events(2))
    assert (runs(log, "Slow"), runs(log, "EventMeans")) == (1, 2)


def test_events_that_a_step_can_see_do_concern_it(log):
    step, extractor = Slow(log=log), EventMeans(log=log)
    for events in (make_events(2), make_events(3), make_events(2)):
        run = make_run(events=events)
        extractor.transform(step.transform(Recordings([run], samples="event")))
    assert (runs(log, "Slow"), runs(log, "EventMeans")) == (2, 2)


def test_random_state(log):
    for _ in range(2):
        extract(log, Slow(random_state=None, log=log))
    assert (runs(log, "Slow"), runs(log, "EventMeans")) == (2, 2)
    for _ in range(2):
        extract(log, Slow(random_state=np.random.RandomState(0), log=log))
    assert runs(log, "Slow") == 4
    for seed in (1, 1, 2):
        extract(log, Slow(random_state=seed, log=log))
    assert runs(log, "Slow") == 6


def test_steps_before_a_random_one_are_remembered(log):
    for _ in range(2):
        X = Slow(log=log).transform(Recordings([make_raw()]))
        RunMeans(log=log).transform(Scale(random_state=None, log=log).transform(X))
    assert (runs(log, "Slow"), runs(log, "Scale"), runs(log, "RunMeans")) == (1, 2, 2)


def test_order_of_steps(log):
    for factors in [(2.0, 3.0), (3.0, 2.0)]:
        X = Recordings([make_raw()])
        for factor in factors:
            X = Scale(factor, log=log).transform(X)
        RunMeans(log=log).transform(X)
    assert runs(log, "RunMeans") == 2


def define(gain, before=""):
    """Define a step as a notebook would, twice with the same name."""
    code = f"""
class Gain(RecordingTransformer):
    {before}
    def __init__(self, log=None):
        self.log = log

    def transform_recording(self, recording, context):
        (Path(self.log) / f"Gain-{{uuid.uuid4().hex}}").touch()  # counts
        return recording.copy().apply_function(lambda x: {gain} * x, picks="all")
"""
    names = {"RecordingTransformer": RecordingTransformer, "__name__": "notebook", "Path": Path}
    exec("import uuid" + code, names)
    return names["Gain"]


def test_changed_code(log):
    def run(step):
        X = step(log).transform(Recordings([make_raw()]))
        return RunMeans(log=log).transform(X).data

    first = run(define(2.0))
    np.testing.assert_array_equal(run(define(2.0)), first)
    # comments and moved lines change nothing
    np.testing.assert_array_equal(run(define(2.0, before="# a comment\n\n")), first)
    assert runs(log, "Gain") == 1
    np.testing.assert_allclose(run(define(3.0)), 1.5 * first)
    assert runs(log, "Gain") == 2
    run(define(3.0, before="more = (1, 2)"))
    assert runs(log, "Gain") == 3


def test_changed_code_of_a_base(log, monkeypatch):
    class Derived(Scale):
        pass

    extract(log, Derived(log=log))
    before = step_key(Derived())

    def louder(self, recording, context):
        self.note("louder")
        return recording.copy().apply_function(lambda x: 9 * x, picks="all", verbose="error")

    monkeypatch.setattr(Scale, "transform_recording", louder)
    assert step_key(Derived()) != before
    extract(log, Derived(log=log))
    assert runs(log, "louder") == 1


def test_code_that_ours_is_made_of_goes_by_the_version(monkeypatch):
    before = [step_key(StandardScaler()), step_key(PCA(random_state=0))]
    assert before[0] != before[1]
    monkeypatch.setattr(_provenance, "_version", lambda name: "99")
    after = [step_key(StandardScaler()), step_key(PCA(random_state=0))]
    assert not set(before) & set(after)


def test_changed_version_of_a_library(log, monkeypatch):
    class UsesNumpy(Scale):
        libraries = ("numpy",)

    extract(log, UsesNumpy(log=log))
    monkeypatch.setattr(_provenance, "_version", lambda name: "99")
    extract(log, UsesNumpy(log=log))
    assert runs(log, "UsesNumpy") == 2


def test_changed_version_of_this_package(monkeypatch):
    step = FunctionTransformer(Recordings)
    before = step_key(step)
    monkeypatch.setattr(_provenance, "__version__", "99")
    assert step_key(step) != before


# objects in memory


def change_a_sample(raw):
    raw._data[1, 777] += 1e-9


def turn_over(raw):
    raw._data *= -1


def change_a_channel(raw):
    raw.apply_function(lambda x: 2 * x, picks=["Cz"], verbose="error")


def turn_over_two(raw):
    raw._data[0, 100:102] *= -1


def turn_round(raw):
    raw._data[0, 100:140] = raw._data[0, 100:140][::-1]


def rename(raw):
    raw.rename_channels({"Cz": "C3"})


def annotate(raw):
    raw.annotations.append(1.0, 1.0, "bad")


@pytest.mark.parametrize(
    "change",
    [change_a_sample, turn_over, turn_over_two, turn_round, change_a_channel, rename, annotate],
)
def test_raw_changed_in_place(change, log):
    raw = make_raw()
    X = Recordings([raw], [make_events()])
    for _ in range(2):
        EventMeans(log=log).transform(X)
    assert runs(log) == 1
    change(raw)
    EventMeans(log=log).transform(X)
    assert runs(log) == 2


@pytest.mark.parametrize("order", ["C", "F"])
def test_image_changed_in_place(order, log):
    img = make_run(shape=(16, 16, 8)).img
    img = nib.Nifti1Image(np.asarray(img.dataobj, order=order), img.affine, img.header)
    X = Recordings([img], [make_events()])
    for _ in range(2):
        EventMeans(log=log).transform(X)
    assert runs(log) == 1
    np.asanyarray(img.dataobj)[3, 2, 1, 5] += 1e-3
    EventMeans(log=log).transform(X)
    assert runs(log) == 2
    img.header.set_xyzt_units("mm", "msec")
    EventMeans(log=log).transform(X)
    assert runs(log) == 3


def test_looking_at_the_values_is_no_change(log, tmp_path):
    make_run().img.to_filename(tmp_path / "run.nii.gz")
    for img in (make_run(1).img, nib.load(tmp_path / "run.nii.gz")):
        X = Recordings([img], [make_events()])
        EventMeans(log=log).transform(X)
        img.get_fdata()
        EventMeans(log=log).transform(X)
    assert runs(log) == 2


def test_same_content_elsewhere_is_remembered(log):
    for _ in range(2):
        X = Recordings([make_raw(), make_raw(1)], [make_events()] * 2)
        EventMeans(log=log).transform(X)
    assert runs(log) == 2


def test_opened_image_goes_by_its_file(log, tmp_path):
    path = tmp_path / "run.nii"
    make_run().img.to_filename(path)
    img = nib.load(path)
    X = Recordings([img], [make_events()])
    EventMeans(log=log).transform(X)
    stat = path.stat()
    make_run(5).img.to_filename(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))
    EventMeans(log=log).transform(X)
    assert runs(log) == 2
    moved = nib.Nifti1Image(img.dataobj, 2 * img.affine, img.header)
    EventMeans(log=log).transform(Recordings([moved], [make_events()]))
    assert runs(log) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"t_r": 2.5},
        {"start_time": 0.5},
        {"slice_time_ref": 0.5},
        {"slice_times": [0.0, 1.0]},
        {"n_dummy": 1},
        {"confounds": pd.DataFrame({"x": np.arange(12.0)})},
        {"done": ["motion_corrected"]},
    ],
)
def test_what_is_known_of_a_run(change, log):
    run = make_run()
    for source in (run, run.replace(**change), run):
        EventMeans(log=log).transform(Recordings([source], [make_events()]))
    assert runs(log) == 2


def test_who_was_recorded_does_not_matter(log):
    for subject in ("a", "b"):
        X = Recordings([make_raw()], [make_events()], subject=[subject])
        EventMeans(log=log).transform(X)
    assert runs(log) == 1


class ReadsPartner(Scale):
    uses_partner = True


@pytest.mark.parametrize("step", [Scale, ReadsPartner])
def test_partner(step, log):
    for n, partner in enumerate([None, make_run(0), make_run(1), make_run(1)]):
        X = Recordings([make_raw()], partner=[partner])
        RunMeans().transform(step(log=log).transform(X))
        expected = {ReadsPartner: [1, 2, 3, 3], Scale: [1, 1, 1, 1]}[step][n]
        assert runs(log, step.__name__) == expected


# parameters of any kind


def gain(x):
    return 2 * x


def make_gain(factor):
    return lambda x: factor * x


def make_recursive(depth):
    def count(n):
        return depth if n == 0 else count(n - 1)

    return count


class Holder:
    def __init__(self, value):
        self.value = value

    def method(self, x):
        return self.value * x


class Slotted(Holder):
    more = {"a", "b"}


DIFFERENT = [
    (1, 2),
    (1, 1.5),
    (1, True),
    (1, None),
    (0.0, np.inf),
    ("a", "b"),
    ([1, 2], [2, 1]),
    ([1, [2]], [1, 2]),
    ({"a": 1}, {"a": 2}),
    ({1, 2}, {1, 3}),
    (np.arange(3), np.arange(1, 4)),
    (np.arange(3), np.arange(3.0)),
    (np.array(["a", None], dtype=object), np.array(["b", None], dtype=object)),
    (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
    (pd.Series([1, 2]), pd.Series([1, 3])),
    (Path("a"), Path("b")),
    (make_run(0).img, make_run(1).img),
    (StandardScaler(), StandardScaler(with_mean=False)),
    (StandardScaler(), PCA(random_state=0)),
    (gain, make_gain(2)),
    (make_gain(2), make_gain(3)),
    (make_recursive(1), make_recursive(2)),
    (np.mean, np.median),
    (functools.partial(gain, 1), functools.partial(gain, 2)),
    (functools.partial(gain), functools.partial(make_gain)),
    (Holder(1), Holder(2)),
    (Holder(1), Slotted(1)),
    (Holder(1).method, Holder(2).method),
    (StandardScaler(with_mean=True).fit, StandardScaler(with_mean=False).fit),
    (Holder, Slotted),
]


@pytest.mark.parametrize(("one", "two"), DIFFERENT, ids=lambda value: type(value).__name__)
def test_parameters(one, two):
    keys = [step_key(Scale(value)) for value in (one, two)]
    assert keys[0] != keys[1]
    assert [step_key(Scale(value)) for value in (one, two)] == keys


def test_the_same_number_from_a_grid():
    assert step_key(Scale(6.0)) == step_key(Scale(np.linspace(4, 6, 3)[2]))
    assert step_key(Scale(6)) == step_key(Scale(np.arange(7)[6]))
    assert step_key(Scale(np.nan)) == step_key(Scale(np.float64("nan")))
    assert step_key(Scale((1, 2))) == step_key(Scale([1, 2]))


def test_file_as_a_parameter(tmp_path):
    path = tmp_path / "mask.nii"
    found = {Path: [], str: []}
    for content in (None, b"one", b"three"):
        if content is not None:
            path.write_bytes(content)
        for kind, keys in found.items():
            keys.append(step_key(Scale(kind(path))))
    assert [len(set(keys)) for keys in found.values()] == [3, 3]


@pytest.mark.parametrize(
    "value",
    [np.random.default_rng(0), np.random.RandomState(0), PCA(), [PCA()]],
    ids=lambda value: type(value).__name__,
)
def test_no_stable_identity(value):
    with pytest.raises(Unkeyed):
        step_key(Scale(value))


def test_what_cannot_be_pickled_is_not_remembered(log):
    class Locked:
        def __reduce__(self):
            raise TypeError("a lock cannot be pickled")

        def __deepcopy__(self, memo):
            return self

    with pytest.raises(Unkeyed, match=r"Locked has no stable identity: .*a lock cannot"):
        step_key(Scale(Locked()))
    holds_itself = {}
    holds_itself["f"] = lambda: holds_itself
    with pytest.raises(Unkeyed, match="holds itself"):
        step_key(Scale(holds_itself["f"]))
    X = Recordings([make_raw()])

    class Odd(Scale):
        def transform_recording(self, recording, context):
            self.note("Odd")
            return recording

    for _ in range(2):
        RunMeans().transform(Odd(Locked(), log=log).transform(X))
    assert runs(log, "Odd") == 2


PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from sklearn_neurofuse.recordings._provenance import step_key
from tests.recordings.test_keys import Slotted, make_gain, make_recursive
from tests.recordings.doubles import EventMeans, Scale
params = [make_gain(2), make_recursive(1), Slotted(1), {{"a", "b", "c"}}, Slotted]
params.append(Slotted(2).method)
print(*[step_key(Scale(value)) for value in params], step_key(EventMeans()))
"""


def test_keys_are_the_same_in_every_process():
    program = PROGRAM.format(root=str(Path(__file__).parents[2]))
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert len(set(found.pop().split())) == 7
