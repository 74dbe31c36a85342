"""What comes back is what was put away: in the cache, and in a saved Multimodal."""

import datetime

import mne
import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse import BoldRun, Multimodal, Recordings
from sklearn_neurofuse.containers import SensorSpace, VolumeSpace
from sklearn_neurofuse.recordings import Samples
from sklearn_neurofuse.recordings._entry import read_entry, write_entry
from sklearn_neurofuse.recordings._serialize import from_state, to_state
from tests.recordings.doubles import AFFINE, EventMeans, Scale, make_events, make_raw, make_run

DATE = datetime.datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=datetime.UTC)


@pytest.fixture
def there_and_back(tmp_path):
    """Give a function that writes a value into a file and reads it."""

    def run(value):
        header, arrays = to_state(value)
        with open(tmp_path / "entry.nf", "wb") as file:
            write_entry(file, header, arrays)
        return from_state(*read_entry(tmp_path / "entry.nf"))

    return run


def make_noted(date, first_samp):
    raw = make_raw(first_samp=first_samp)
    raw.set_meas_date(date)
    start = first_samp / 100.0
    raw.annotations.append(
        start + np.array([1.25, 3.0]),
        [0.5, 0.0],
        ["bad_jump", "left"],
        ch_names=[("Fz",), ()],
        extras=[{"certainty": 0.5}, {}],
    )
    raw.info["bads"] = ["Cz"]
    return raw


@pytest.mark.parametrize("first_samp", [0, 700])
@pytest.mark.parametrize("date", [None, DATE], ids=["undated", "dated"])
def test_raw(date, first_samp, there_and_back):
    raw = make_noted(date, first_samp)
    back = there_and_back(raw)
    np.testing.assert_array_equal(back.get_data(), raw.get_data())
    assert back.first_samp == raw.first_samp
    assert back.info["meas_date"] == raw.info["meas_date"]
    assert back.info["bads"] == ["Cz"]
    assert mne.utils.object_diff(back.info, raw.info) == ""
    notes, expected = back.annotations, raw.annotations
    np.testing.assert_array_equal(notes.onset, expected.onset)
    np.testing.assert_array_equal(notes.duration, expected.duration)
    assert list(notes.description) == ["bad_jump", "left"]
    assert notes.orig_time == expected.orig_time
    assert list(notes.ch_names) == [("Fz",), ()]
    assert [dict(extra) for extra in notes.extras] == [{"certainty": 0.5}, {}]
    events, codes = mne.events_from_annotations(back, verbose="error")
    again, same = mne.events_from_annotations(raw, verbose="error")
    np.testing.assert_array_equal(events, again)
    assert codes == same


def test_cropped_raw(there_and_back):
    raw = make_noted(DATE, 0).crop(2.0, 8.0)
    back = there_and_back(raw)
    assert len(back.annotations) == len(raw.annotations) == 1
    np.testing.assert_array_equal(back.annotations.onset, raw.annotations.onset)
    np.testing.assert_array_equal(back.get_data(), raw.get_data())


TABLE = pd.DataFrame(
    {
        "onset": [0.1, 1 / 3, 1e-300],
        "single": np.array([0.1, np.nan, np.inf], dtype=np.float32),
        "count": np.array([1, 2, 2**62]),
        "short": np.array([1, 2, 3], dtype=np.int8),
        "flag": [True, False, True],
        "text": ["left", "right", None],
        "maybe": pd.array([1, None, 3], dtype="Int64"),
        "kind": pd.Categorical(["a", "b", "a"]),
        "mixed": pd.Series(["a", 2, None], dtype=object),
        "when": pd.to_datetime(["2024-01-01 10:00:00.123456", None, "2024-01-02 00:00:00.0"]),
        "zoned": pd.to_datetime([1.7e9, 1.8e9, None], unit="s", utc=True),
        "took": pd.to_timedelta([1.5, 2.0, 3.0], unit="s"),
        7: [1, 2, 3],
    }
)


def test_tables_are_exact(there_and_back):
    confounds = pd.concat([TABLE] * 4, ignore_index=True).drop(columns=["kind"])
    run = make_run(events=TABLE, confounds=confounds)
    back = there_and_back(run)
    pd.testing.assert_frame_equal(back.events, TABLE)
    pd.testing.assert_frame_equal(back.confounds, confounds)


def test_empty_table(there_and_back):
    back = there_and_back(make_run(events=make_events(0)))
    pd.testing.assert_frame_equal(back.events, make_events(0))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8", ">i2", ">f4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_bold(dtype, order, there_and_back):
    run = make_run(
        slice_times=[0.0, 1.0], start_time=0.1, slice_time_ref=0.3, n_dummy=2, done=["a", "b"]
    )
    data = np.asarray(run.get_data(), dtype=dtype, order=order)
    img = nib.Nifti1Image(data, AFFINE)
    img.header.set_sform(AFFINE, 4)
    img.header["descrip"] = b"a scan"
    run = run.replace(img=img)
    back = there_and_back(run)
    values = np.asanyarray(back.img.dataobj)
    np.testing.assert_array_equal(values, data)
    assert values.dtype == data.dtype
    assert back.img.header == img.header
    assert type(back.img) is nib.Nifti1Image
    np.testing.assert_array_equal(back.img.affine, AFFINE)
    np.testing.assert_array_equal(back.slice_times, [0.0, 1.0])
    fields = ("t_r", "start_time", "slice_time_ref", "n_dummy", "done")
    assert [getattr(back, f) for f in fields] == [2.0, 0.1, 0.3, 2, ("a", "b")]
    assert back.events is None
    assert back.confounds is None


def test_reference_that_follows_the_slice_times_still_does(there_and_back):
    back = there_and_back(make_run(slice_times=[0.0, 1.0]))
    assert back.replace(slice_times=None).slice_time_ref == 0.0


@pytest.mark.parametrize(
    "image_class", [nib.Nifti2Image, nib.Nifti1Pair, nib.Spm99AnalyzeImage, nib.AnalyzeImage]
)
def test_bold_of_other_formats(image_class, there_and_back):
    data = make_run().get_data()
    back = there_and_back(BoldRun(image_class(data, AFFINE), 2.0))
    np.testing.assert_array_equal(back.get_data(), data)
    np.testing.assert_array_equal(back.img.affine, AFFINE)


def test_samples(there_and_back):
    data = np.random.default_rng(0).standard_normal((3, 2, 5))
    space = SensorSpace(make_raw(n_channels=2).info, tmin=-0.1)
    back = there_and_back(Samples(data, space, {2: "rejected"}))
    np.testing.assert_array_equal(back.data, data)
    assert back.space == space
    assert back.reasons == {2: "rejected"}
    volumes = Samples(np.zeros((1, 4, 3, 2), np.float32), VolumeSpace(AFFINE))
    assert there_and_back(volumes).data.dtype == np.float32
    assert there_and_back(volumes).space == volumes.space
    named = Samples(np.zeros((0, 2)), None, feature_names=("a", "b"))
    assert there_and_back(named).feature_names == ("a", "b")
    assert there_and_back(named).data.shape == (0, 2)


def test_samples_are_checked():
    with pytest.raises(ValueError, match=r"got shape \(3,\) of float64"):
        Samples(np.zeros(3))
    with pytest.raises(ValueError, match="of int64"):
        Samples(np.zeros((3, 2), dtype=int))


def test_saved_recordings_in_memory(tmp_path):
    raw = make_noted(DATE, 700)
    run = make_run(slice_times=[0.0, 1.0], confounds=pd.DataFrame({"x": np.arange(12) / 7}))
    events = make_events(2).assign(response=[0.25, np.nan])
    known = {"subject": ["a", "b"], "session": ["1", "2"], "run": ["1", "2"], "site": ["x", "y"]}
    X = Multimodal(
        eeg=Recordings([raw, None], [events, events], partner=[run, None], **known),
        fmri=Recordings([run, make_run(1)], [events, events], done=["scaled", None], **known),
    )[[3, 0, 1]]
    X.save(tmp_path / "saved")
    back = Multimodal.load(tmp_path / "saved")
    assert back.modalities == ("eeg", "fmri")
    assert back.present.tolist() == X.present.tolist()
    for name in back.modalities:
        pd.testing.assert_frame_equal(back[name].table, X[name].table)
        pd.testing.assert_frame_equal(back[name].sources[0].events, X[name].sources[0].events)
        np.testing.assert_array_equal(back[name].groups, X[name].groups)
    assert back["fmri"].sources[0].done == ("scaled",)
    loaded = back["eeg"].load(1)
    np.testing.assert_array_equal(loaded.get_data(), raw.get_data())
    np.testing.assert_array_equal(loaded.annotations.onset, raw.annotations.onset)
    pd.testing.assert_frame_equal(back["eeg"].sources[0].partner.confounds, run.confounds)
    np.testing.assert_array_equal(
        EventMeans().transform(back["fmri"]), EventMeans().transform(X["fmri"])
    )


def test_saved_paths(tmp_path):
    make_raw().save(tmp_path / "a_raw.fif", verbose="error")
    make_run().img.to_filename(tmp_path / "a.nii")
    run = BoldRun(tmp_path / "a.nii", 2.0, slice_times=[0.0, 1.0], start_time=1.5, done=["x"])
    events = [make_events()]
    X = Multimodal(eeg=Recordings([tmp_path / "a_raw.fif"], events), fmri=Recordings([run], events))
    X.save(tmp_path / "saved")
    assert sum(path.stat().st_size for path in (tmp_path / "saved").iterdir()) < 5000
    back = Multimodal.load(tmp_path / "saved")
    assert back["eeg"].sources[0].source == str(tmp_path / "a_raw.fif")
    loaded = back["fmri"].load(0)
    assert loaded.path == run.path
    assert (loaded.start_time, loaded.slice_time_ref, loaded.done) == (1.5, 0.25, ("x",))
    np.testing.assert_array_equal(EventMeans().transform(back["eeg"]).data[:, -1], [1, 3, 5])


def test_steps_are_not_saved(tmp_path):
    X = Multimodal(eeg=Scale().transform(Recordings([make_raw()])))
    with pytest.raises(ValueError, match=r"steps wait in modality 'eeg'.*before the first step"):
        X.save(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def test_damaged_recording_in_a_saved_multimodal(tmp_path):
    Multimodal(eeg=Recordings([make_raw()])).save(tmp_path / "saved")
    path = tmp_path / "saved" / "eeg.0.nf"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"'eeg'.*damaged: an array has another checksum"):
        Multimodal.load(tmp_path / "saved")


def test_loaded_recordings_have_the_configuration_of_now(tmp_path):
    X = Multimodal(eeg=Recordings([make_raw()]).with_config(on_error="missing"))
    X.save(tmp_path / "saved")
    assert Multimodal.load(tmp_path / "saved")["eeg"].config["on_error"] == "raise"
