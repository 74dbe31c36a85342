"""A BOLD series and the time of its volumes."""

import copy
import pickle

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse import BoldRun, Recordings
from tests.recordings.doubles import AFFINE, make_events, make_run


def test_time_of_volumes():
    run = make_run(start_time=10.0)
    assert run.n_volumes == 12
    assert run.duration == 24.0
    np.testing.assert_allclose(run.volume_times, 10.0 + 2.0 * np.arange(12))


@pytest.mark.parametrize(
    ("slice_times", "slice_time_ref", "expected"),
    [
        (None, None, 0.0),
        (None, 0.5, 0.5),
        ([0.0, 1.0], None, 0.25),
        ([0.0, 1.0], 0.0, 0.0),
        ([0.0, 1.0], 0.5, 0.5),
    ],
)
def test_what_a_volume_stands_for(slice_times, slice_time_ref, expected):
    run = make_run(slice_times=slice_times, slice_time_ref=slice_time_ref)
    assert run.slice_time_ref == expected
    assert run.volume_times[0] == pytest.approx(expected * 2.0)
    assert run.volume_times[3] == pytest.approx(6.0 + expected * 2.0)


def test_replace_keeps_a_reference_that_follows_the_slice_times():
    run = make_run(slice_times=[0.0, 1.0])
    assert run.replace(slice_times=[0.5, 1.5]).slice_time_ref == 0.5
    assert run.replace(slice_time_ref=0.1).replace(t_r=4.0).slice_time_ref == 0.1


def test_replace():
    run = make_run(confounds=pd.DataFrame({"x": np.arange(12.0)}), done=["a"])
    other = run.replace(start_time=3.0)
    assert other.start_time == 3.0
    assert run.start_time == 0.0
    assert other.img is run.img
    assert other.done == ("a",)
    pd.testing.assert_frame_equal(other.confounds, run.confounds)


def test_file_is_opened_when_needed(tmp_path):
    path = tmp_path / "later.nii"
    run = BoldRun(path, t_r=2.0)
    assert run.path == str(path)
    assert repr(run) == f"BoldRun({path}, t_r=2 s)"
    with pytest.raises(FileNotFoundError):
        _ = run.img
    make_run().img.to_filename(path)
    assert run.n_volumes == 12
    assert run.get_data().dtype == np.float32
    assert repr(make_run()) == "BoldRun(image in memory, t_r=2 s)"


def test_reading_values_leaves_no_second_copy(tmp_path):
    make_run(dtype=np.int16).img.to_filename(tmp_path / "run.nii.gz")
    img = nib.load(tmp_path / "run.nii.gz")
    run = BoldRun(img, t_r=2.0)
    assert run.get_data().dtype == np.float32
    assert run.get_data(np.float64).dtype == np.float64
    assert not img.in_memory


def test_pickle_of_an_image_is_exact():
    # nibabel would write the values in the type of the header
    img = make_run().img
    img.header.set_data_dtype(np.int16)
    img.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"kept"))
    run = BoldRun(img, 2.0, slice_times=[0.0, 1.0], confounds=pd.DataFrame({"x": range(12)}))
    for back in (pickle.loads(pickle.dumps(run)), copy.deepcopy(run)):
        np.testing.assert_array_equal(back.get_data(), run.get_data())
        assert back.img.header == run.img.header
        assert len(back.img.header.extensions) == 1
        np.testing.assert_array_equal(back.img.affine, AFFINE)
        np.testing.assert_array_equal(back.slice_times, [0.0, 1.0])
        pd.testing.assert_frame_equal(back.confounds, run.confounds)


def test_pickle_of_an_opened_file_is_its_path(tmp_path):
    make_run(shape=(30, 30, 20)).img.to_filename(tmp_path / "run.nii")
    run = BoldRun(nib.load(tmp_path / "run.nii"), t_r=2.0)
    state = pickle.dumps(run)
    assert len(state) < 10_000
    np.testing.assert_array_equal(pickle.loads(state).get_data(), run.get_data())
    other = pickle.loads(pickle.dumps(BoldRun(tmp_path / "run.nii", t_r=2.0)))
    np.testing.assert_array_equal(other.get_data(), run.get_data())


def test_index_of_tables_is_not_kept():
    events = make_events(4)[1:]
    run = make_run(events=events, confounds=pd.DataFrame({"x": range(12)}, index=range(5, 17)))
    assert run.events.index.tolist() == [0, 1, 2]
    assert run.confounds.index[0] == 0
    assert events.index.tolist() == [1, 2, 3]


def test_slice_times_cannot_be_written_to():
    given = np.array([0.0, 1.0])
    run = make_run(slice_times=given)
    with pytest.raises(ValueError, match="read-only"):
        run.slice_times[0] = 1.0
    given[0] = 0.5
    assert run.slice_times[0] == 0.0


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (r"t_r must be in \(0, inf\) s, got 0", {"t_r": 0}),
        (r"t_r must be in \(0, inf\) s, got nan", {"t_r": np.nan}),
        ("start_time must be a number s, got nan", {"start_time": np.nan}),
        (r"slice_time_ref must be in \[0, 1\], got 1.5", {"slice_time_ref": 1.5}),
        (r"n_dummy must be in \[0, inf\), got -1", {"n_dummy": -1}),
        (r"n_dummy must be in \[0, 12\), the number of volumes, got 12", {"n_dummy": 12}),
        (r"slice_times must be in \[0, 2\) s.*divided by 1000", {"slice_times": [0, 1000]}),
        ("slice_times must be a list of finite numbers", {"slice_times": [0, np.nan]}),
        ("slice_times must be a list of finite numbers", {"slice_times": [[0.0, 1.0]]}),
        (
            r"slice_times must have one value for each slice, got 5 for .* \(4, 3, 2, 12\)",
            {"slice_times": [0.0] * 5},
        ),
        (
            "confounds must have 12 rows, one for each volume, got 3",
            {"confounds": pd.DataFrame({"x": range(3)})},
        ),
        ("events must have a column onset", {"events": pd.DataFrame({"time": [1.0]})}),
    ],
)
def test_bad_values(message, fields):
    with pytest.raises(ValueError, match=f"BoldRun: {message}"):
        make_run(**fields)


def test_bad_kinds():
    with pytest.raises(TypeError, match="confounds must be a DataFrame, got list"):
        make_run(confounds=[1])
    with pytest.raises(TypeError, match="n_dummy must be an integer"):
        make_run(n_dummy=1.0)
    with pytest.raises(ValueError, match=r"img must be 4-D, got shape \(2, 2, 2\)"):
        BoldRun(nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), AFFINE), 2.0)


@pytest.mark.parametrize(("unit", "zoom"), [("sec", 2.5), ("msec", 2500.0), ("unknown", 2.5)])
def test_repetition_time_from_the_header(unit, zoom, tmp_path):
    img = make_run().img
    img.header.set_xyzt_units("mm", unit)
    img.header["pixdim"][4] = zoom
    img.to_filename(tmp_path / "run.nii.gz")
    for source in (img, tmp_path / "run.nii.gz"):
        assert Recordings([source]).load(0).t_r == 2.5


def test_no_repetition_time_in_the_header():
    img = make_run().img
    img.header["pixdim"][4] = 0
    with pytest.raises(ValueError, match=r"repetition time; give BoldRun\(img, t_r=...\)"):
        Recordings([img])
    volume = nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), AFFINE)
    with pytest.raises(ValueError, match=r"recording 0: a BOLD series is 4-D, got .*2, 2, 2"):
        Recordings([volume])
