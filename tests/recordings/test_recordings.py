"""Which samples there are, and what is known of them."""

import pickle
import sys
import warnings

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse import BoldRun, Multimodal, Recordings, config_context
from sklearn_neurofuse.exceptions import MissingSamplesWarning
from tests.recordings.doubles import EventMeans, RunMeans, Scale, make_events, make_raw, make_run


def make_three(n_events=(3, 2, 1), **known):
    tables = [make_events(n) for n in n_events]
    return Recordings([make_raw(seed) for seed in range(3)], tables, **known)


def test_one_sample_a_recording():
    X = Recordings([make_raw(0), make_raw(1)])
    assert (len(X), X.shape, X.ndim, X.kind, X.per_event) == (2, (2,), 1, "eeg", False)
    assert X.recording.tolist() == [0, 1]
    assert X.event.tolist() == [-1, -1]
    assert repr(X) == "Recordings of 2 eeg recordings"


def test_one_sample_an_event():
    X = make_three(subject=["a", "b", "b"])
    assert X.recording.tolist() == [0, 0, 0, 1, 1, 2]
    assert X.event.tolist() == [0, 1, 2, 0, 1, 0]
    assert X.per_event
    assert repr(X) == "Recordings of 6 events in 3 eeg recordings of 2 subjects"


def test_samples_as_pairs():
    tables = [make_events(4)] * 2
    X = Recordings([make_raw(0), make_raw(1)], tables, samples=[(1, 3), (0, 2), (1, 3)])
    assert X.recording.tolist() == [1, 0, 1]
    assert X.event.tolist() == [3, 2, 3]
    assert X.table["onset"].tolist() == [7.0, 5.0, 7.0]
    assert EventMeans().transform(X).data[:, -1].tolist() == [7.0, 5.0, 7.0]


def test_events_are_kept_beside_recordings_as_samples():
    X = Recordings([make_raw()], [make_events(4)], samples="recording")
    assert len(X) == 1
    assert len(X.sources[0].events) == 4


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (slice(1, 4), [1, 2, 3]),
        (slice(None, None, -2), [5, 3, 1]),
        ([4, 0, 0], [4, 0, 0]),
        (np.array([True, False, False, False, False, True]), [0, 5]),
        (2, [2]),
        (np.int64(-1), [5]),
        (([1, 2], ...), [1, 2]),
        ([], []),
    ],
)
def test_rows(rows, expected):
    X = make_three()
    chosen = X[rows]
    pairs = list(zip(X.recording.tolist(), X.event.tolist(), strict=True))
    assert isinstance(chosen, Recordings)
    assert list(zip(chosen.recording, chosen.event, strict=True)) == [pairs[n] for n in expected]
    assert chosen.sources is X.sources


def test_rows_out_of_bounds():
    with pytest.raises(IndexError, match="row 6 of 6 samples"):
        make_three()[6]


def test_table_has_a_row_for_each_sample():
    X = make_three(subject=["a", "b", "c"], run=[1, 2, 3])[[5, 0, 2]]
    assert list(X.table) == [
        *["recording", "event", "subject", "session", "run", "site"],
        *["onset", "duration", "trial_type"],
    ]
    assert X.table.index.tolist() == [0, 1, 2]
    assert X.table["subject"].tolist() == ["c", "a", "a"]
    assert X.table["run"].tolist() == ["3", "1", "1"]
    assert X.table["onset"].tolist() == [1.0, 1.0, 5.0]
    assert X.table["trial_type"].tolist() == ["left", "left", "left"]
    assert X.table["session"].tolist() == [None] * 3


def test_table_of_recordings_has_no_events():
    X = Recordings([make_raw()], [make_events()], samples="recording", site=["Rennes"])
    assert list(X.table) == ["recording", "event", "subject", "session", "run", "site"]
    assert X.table["site"].tolist() == ["Rennes"]


def test_table_with_different_columns():
    first = make_events(2)
    second = make_events(1).assign(response=0.5)
    table = Recordings([make_raw(0), make_raw(1)], [first, second]).table
    assert table["response"].isna().tolist() == [True, True, False]
    assert table["onset"].tolist() == [1.0, 3.0, 1.0]


def test_a_later_change_of_the_given_table_changes_nothing():
    events = make_events(2)
    X = Recordings([make_raw()], [events])
    events.loc[0, "onset"] = 9.0
    assert X.table["onset"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"subject": ["a", "b", "b"]}, ["a", "a", "a", "b", "b", "b"]),
        ({"subject": ["a", "b", "b"], "run": ["1", "1", "2"]}, ["a", "a", "a", "b", "b", "b"]),
        ({"subject": ["a"] * 3, "run": [1, 2, 3]}, ["1", "1", "1", "2", "2", "3"]),
        (
            {"subject": ["a"] * 3, "session": ["x", "x", "y"], "run": [1, 2, 1]},
            ["x_1", "x_1", "x_1", "x_2", "x_2", "y_1"],
        ),
        ({"run": ["1", None, "3"]}, ["1", "1", "1", "1", "1", "3"]),
        ({}, ["0", "0", "0", "1", "1", "2"]),
        # two people who were both recorded in a run 1 are not one
        (
            {"subject": ["a", "b", None], "run": ["1", "1", "1"]},
            ["a", "a", "a", "b", "b", "2"],
        ),
    ],
)
def test_groups(known, expected):
    assert make_three(**known).groups.tolist() == expected


def test_groups_follow_rows():
    assert make_three(subject=["a", "b", "c"])[[5, 0]].groups.tolist() == ["c", "a"]


def test_partly_known_subjects_are_never_torn_apart():
    X = Recordings(
        [make_raw(n) for n in range(4)],
        [make_events(1)] * 4,
        subject=["a", "a", None, "b"],
        run=["1", "2", "2", "1"],
    )
    assert X.groups.tolist() == ["a", "a", "2", "b"]


def test_missing_recordings():
    X = Recordings([make_raw(0), None], [make_events(2), make_events(3)])
    assert X.present.tolist() == [True, True, False, False, False]
    assert X.kind == "eeg"
    assert Multimodal(eeg=X).present[:, 0].tolist() == X.present.tolist()
    whole = Recordings([None, make_run(), None])
    assert whole.present.tolist() == [False, True, False]
    assert whole.kind == "bold"


def test_size_counts_what_is_in_memory(tmp_path):
    raw, run = make_raw(), make_run()
    assert Recordings([raw]).nbytes == 8 * 3 * 1200
    assert sys.getsizeof(Recordings([raw])) > 8 * 3 * 1200
    assert Recordings([run]).nbytes == 4 * 4 * 3 * 2 * 12
    run.img.to_filename(tmp_path / "run.nii")
    assert Recordings([tmp_path / "run.nii"]).nbytes == 0
    assert Recordings([None, raw]).nbytes == Recordings([raw]).nbytes


def test_frozen():
    X = make_three()
    with pytest.raises(AttributeError, match="frozen; recording cannot be set"):
        X.recording = [0]


def test_no_array_yet():
    X = make_three()
    for block in (X, Multimodal(eeg=X)):
        with pytest.raises(TypeError, match="extractor, such as Epocher"):
            np.asarray(block)
    assert Multimodal(eeg=X).shape == (6,)
    assert Multimodal(eeg=X).ndim == 1


def test_pickle_carries_everything(tmp_path):
    with config_context(cache_dir=tmp_path / "elsewhere", on_error="missing"):
        X = Scale(3.0).transform(make_three(subject=["a", "b", "c"])[[4, 1]])
    with config_context(cache_dir=None):
        back = pickle.loads(pickle.dumps(X))
    assert back.config == X.config
    assert back.config["cache_dir"] == str(tmp_path / "elsewhere")
    assert back.steps == ("Scale",)
    pd.testing.assert_frame_equal(back.table, X.table)
    np.testing.assert_array_equal(EventMeans().transform(back), EventMeans().transform(X))


def test_concatenate_keeps_a_recording_once():
    X = make_three(subject=["a", "b", "c"])
    both = Recordings.concatenate([X[[5, 0]], X[[1]]])
    assert len(both.sources) == 3
    assert both.recording.tolist() == [2, 0, 0]
    assert both.event.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(
        EventMeans().transform(both), EventMeans().transform(X).data[[5, 0, 1]]
    )


def test_concatenate_different_recordings():
    one = Recordings([make_raw(0)], [make_events(2)], subject=["a"])
    two = Recordings([make_raw(1), make_raw(2)], [make_events(1)] * 2, subject=["b", "c"])
    both = Recordings.concatenate([one, two[[1]]])
    assert both.groups.tolist() == ["a", "a", "c"]
    assert [source.number for source in both.sources] == [0, 1, 2]
    means = EventMeans().transform(both).data[:, 0]
    np.testing.assert_allclose(means, [0, 0, 2], atol=1e-3)


def test_concatenate_in_a_multimodal():
    X = Multimodal(eeg=make_three())
    assert len(Multimodal.concatenate([X[:2], X[4:]])["eeg"]) == 4


def test_concatenate_refuses_other_kinds():
    eeg, bold = Recordings([make_raw()]), Recordings([make_run()])
    with pytest.raises(ValueError, match="'mri' cannot be stacked, its parts are bold recordings"):
        Recordings.concatenate([eeg, bold], "mri")
    events = Recordings([make_raw()], [make_events()])
    with pytest.raises(ValueError, match="eeg events and eeg recordings"):
        Recordings.concatenate([eeg, events])
    # rows taken away do not tell what they were
    assert len(Recordings.concatenate([eeg, events[:0]])) == 1


def test_with_config(tmp_path):
    X = make_three()
    other = X.with_config(cache_dir=None, cache_size="2MB")
    assert other.config["cache_dir"] is None
    assert other.config["cache_size"] == 2_000_000
    assert X.config["cache_dir"] == str(tmp_path / "cache")
    with pytest.raises(TypeError, match="no option cache_folder"):
        X.with_config(cache_folder=None)


def test_events_from_annotations():
    raw = make_raw(first_samp=500)
    raw.annotations.append([6.0, 8.0], [0.5, 0.0], ["left", "right"])
    X = Recordings([raw], samples="event")
    # annotations of a recording without a date count from where its sample number is zero
    assert X.table["onset"].tolist() == [1.0, 3.0]
    assert X.table["duration"].tolist() == [0.5, 0.0]
    assert X.table["trial_type"].tolist() == ["left", "right"]


def test_events_from_annotations_with_a_date():
    raw = make_raw(first_samp=500)
    raw.set_meas_date(1_700_000_000)
    raw.annotations.append([6.0, 8.0], [0.5, 0.0], ["left", "right"])
    assert Recordings([raw], samples="event").table["onset"].tolist() == [1.0, 3.0]


def test_events_of_a_run():
    run = make_run(events=make_events(2))
    assert len(Recordings([run])) == 1
    assert Recordings([run], samples="event").table["onset"].tolist() == [1.0, 3.0]
    given = Recordings([run], [make_events(1, first=5.0)])
    assert given.table["onset"].tolist() == [5.0]


def test_events_of_some_recordings_are_given():
    runs = [make_run(0, events=make_events(2)), make_run(1)]
    X = Recordings(runs, [None, make_events(1)])
    assert X.recording.tolist() == [0, 0, 1]


def test_recordings_without_events_may_be_left_out():
    raws = [make_raw(n) for n in range(3)]
    tables = [make_events(0), make_events(2), None]
    with config_context(on_error="missing"):
        with pytest.warns(MissingSamplesWarning, match=r"recording \d has no events") as caught:
            X = Recordings(raws, tables)
        assert len(caught) == 2
        assert X.recording.tolist() == [1, 1]
        assert EventMeans().transform(X).present.all()
        with pytest.warns(MissingSamplesWarning):
            none = Recordings(raws, [make_events(0)] * 3)
    with pytest.raises(ValueError, match="at least one sample, got 0"):
        EventMeans().transform(none)


def test_onsets_as_text_and_without_duration():
    X = Recordings([make_raw()], [pd.DataFrame({"onset": ["1.5", "2"]})])
    assert X.table["onset"].tolist() == [1.5, 2.0]
    assert X.table["duration"].tolist() == [0.0, 0.0]


def test_done_before():
    run = make_run(done="motion_corrected")
    X = Recordings([run, make_run(1)], done=["smoothed", None])
    assert X.sources[0].done == ("motion_corrected", "smoothed")
    assert X.sources[1].done == ()
    assert BoldRun(run.img, 2.0, done=["a", "b"]).done == ("a", "b")


TABLES = [make_events()]


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (TypeError, "sources must be a list with one entry", {"sources": make_raw()}),
        (TypeError, "sources must be a list with one entry", {"sources": "/data/a.vhdr"}),
        (ValueError, "at least one recording, got none", {"sources": []}),
        (ValueError, "all sources are None", {"sources": [None, None]}),
        (TypeError, "recording 0 must be a path.*got ndarray", {"sources": [np.zeros((2, 3))]}),
        (ValueError, "one modality, got BOLD and EEG", {"sources": [make_raw(), make_run()]}),
        (ValueError, "subject must have 1 values, got 2", {"subject": ["a", "b"]}),
        (TypeError, "subject must be a list.*got 'ab'", {"subject": "ab"}),
        (ValueError, "one table for each of 1 recordings, got 2", {"events": TABLES * 2}),
        (TypeError, "events of recording 0 must be a DataFrame, got list", {"events": [[1, 2]]}),
        (ValueError, "a column onset", {"events": [pd.DataFrame({"time": [1.0]})]}),
        (
            ValueError,
            r"event 1 of recording 0 \(sub-x\) must have a finite onset in s, got nan",
            {"events": [pd.DataFrame({"onset": [1.0, np.nan]})], "subject": ["x"]},
        ),
        (
            ValueError,
            "event 0 of recording 0 must have a finite onset in s, got 'n/a'",
            {"events": [pd.DataFrame({"onset": ["n/a"]})]},
        ),
        (ValueError, "recording 0 has no events", {"events": [make_events(0)]}),
        (ValueError, "recording 0 has no events", {"samples": "event"}),
        (ValueError, "recording 0 has no events", {"sources": [make_run()], "samples": "event"}),
        (ValueError, "samples must be one of 'recording', 'event'", {"samples": "events"}),
        (ValueError, "pairs of integers", {"events": TABLES, "samples": [0, 1]}),
        (ValueError, "pairs of integers", {"events": TABLES, "samples": [(0.0, 1.0)]}),
        (ValueError, "samples name recording 1 of 1", {"events": TABLES, "samples": [(1, 0)]}),
        (ValueError, "samples name event 3 of 3", {"events": TABLES, "samples": [(0, 3)]}),
        (ValueError, "samples name event -1 of 3", {"events": TABLES, "samples": [(0, -1)]}),
        (ValueError, "must be of the other modality, got eeg too", {"partner": [make_raw(5)]}),
    ],
)
def test_bad_arguments(error, message, arguments):
    with pytest.raises(error, match=message):
        Recordings(**{"sources": [make_raw()], **arguments})


def test_given_twice(tmp_path):
    raw, run = make_raw(), make_run()
    run.img.to_filename(tmp_path / "run.nii")
    (tmp_path / "link.nii").symlink_to(tmp_path / "run.nii")
    twice = [[raw, make_raw(1), raw], [run.img, run.img], [run, run.replace(t_r=3.0)]]
    twice.append([tmp_path / "run.nii", tmp_path / "link.nii"])
    twice.append([tmp_path / "run.nii", BoldRun(tmp_path / ".." / tmp_path.name / "run.nii", 2.0)])
    # opened twice
    twice.append([nib.load(tmp_path / "run.nii"), nib.load(tmp_path / "run.nii")])
    twice.append([nib.load(tmp_path / "run.nii"), tmp_path / "run.nii"])
    for sources in twice:
        with pytest.raises(ValueError, match=r"is the same as recording 0.*given once"):
            Recordings(sources)
    # the same content is no proof: two people may both be simulated silence
    assert len(Recordings([make_raw(0), make_raw(0)])) == 2


def test_wrong_extractor_for_the_samples():
    with pytest.raises(ValueError, match="EventMeans: it gives one sample for each event"):
        EventMeans().transform(Recordings([make_raw()]))
    with pytest.raises(ValueError, match=r"make Recordings\(..., samples='recording'\)"):
        RunMeans().transform(Recordings([make_raw()], [make_events()]))


def test_looking_at_one():
    X = Scale(3.0).transform(make_three())
    np.testing.assert_allclose(X.load(4).get_data(), 3.0 * make_raw(1).get_data())
    assert X.quality(5)["Scale"] == {"factor": 3.0, "title": "recording 2"}
    with pytest.raises(IndexError, match="row 6 of 6"):
        X.load(6)
    with pytest.raises(ValueError, match="recording 1 is missing"):
        Recordings([make_raw(), None]).load(1)


def test_nothing_warns_of_thousands_of_rows():
    X = Recordings([make_raw(n) for n in range(3)], [make_events(5)] * 3)
    rows = np.random.default_rng(0).integers(0, len(X), 5000)
    with warnings.catch_warnings(action="error"):
        table = X[rows].table
    assert len(table) == 5000
    np.testing.assert_array_equal(table["event"], X.event[rows])
    np.testing.assert_array_equal(table["onset"], 1.0 + 2.0 * X.event[rows])
