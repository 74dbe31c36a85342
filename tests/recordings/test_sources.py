"""Files that are not there, cannot be read, or change."""

import os
import shutil
import warnings

import numpy as np
import pytest

from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.exceptions import MissingSamplesWarning, RecordingError
from sklearn_neurofuse.recordings._identity import companion_files
from tests.recordings.doubles import EventMeans, RunMeans, Scale, make_events, make_raw, make_run


@pytest.fixture
def files(tmp_path):
    """Give two EEG files and two BOLD files."""
    paths = {}
    for n in range(2):
        paths[f"eeg{n}"] = tmp_path / f"s{n}_raw.fif"
        make_raw(n).save(paths[f"eeg{n}"], verbose="error")
        paths[f"bold{n}"] = tmp_path / f"s{n}_bold.nii"
        make_run(n).img.to_filename(paths[f"bold{n}"])
    return paths


def test_paths_give_what_objects_give(files):
    events = [make_events(), make_events()]
    for kind, sources in (
        ("eeg", [make_raw(0), make_raw(1)]),
        ("bold", [make_run(0), make_run(1)]),
    ):
        paths = [str(files[f"{kind}0"]), files[f"{kind}1"]]
        on_disk, in_memory = Recordings(paths, events), Recordings(sources, events)
        assert on_disk.kind == in_memory.kind == kind
        ours, theirs = (Scale().transform(X) for X in (on_disk, in_memory))
        np.testing.assert_allclose(
            EventMeans().transform(ours), EventMeans().transform(theirs), rtol=1e-6
        )


def test_title_names_who_and_where(files):
    X = Recordings([files["bold0"]], subject=["02"], session=["pre"], run=[1])
    assert X.sources[0].title == f"recording 0 (sub-02 ses-pre run-1, {files['bold0']})"
    assert Recordings([make_raw()]).sources[0].title == "recording 0"
    assert Recordings([make_raw()], run=["x"]).sources[0].title == "recording 0 (run-x)"


def test_missing_file(files):
    for path in ("/no/such/file.vhdr", "/no/such/file.nii.gz", BoldRun("/no/such/file.nii", 2.0)):
        with pytest.raises(
            FileNotFoundError, match=r"recording 1 \(sub-b, /no/.*\): there is no such"
        ):
            Recordings([None, path], subject=["a", "b"])


def test_folder_in_place_of_a_file(tmp_path):
    with pytest.raises(ValueError, match=r"recording 0.*is a folder, a file is expected"):
        Recordings([tmp_path])
    with pytest.raises(FileNotFoundError):
        Recordings([tmp_path / "nothing.mff"])


def test_partner_that_is_not_there():
    with pytest.raises(FileNotFoundError, match="the partner of recording 0: there is no such"):
        Recordings([make_raw()], partner=["/no/such/file.nii"])


@pytest.mark.parametrize("name", ["noise.nii", "noise.nii.gz", "empty.nii"])
def test_no_image(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"" if name == "empty.nii" else os.urandom(2000))
    with pytest.raises(ValueError, match=rf"recording 0 .*{name}\): not an image that nibabel"):
        Recordings([path])


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_truncated_image(suffix, tmp_path):
    path = tmp_path / f"cut{suffix}"
    # random bits do not compress, so half of the file is half of the volumes
    make_run(shape=(20, 20, 10)).img.to_filename(path)
    os.truncate(path, path.stat().st_size // 2)
    X = Scale().transform(Recordings([path], subject=["03"], events=[make_events()]))
    with pytest.raises(RecordingError, match=rf"^Scale on recording 0 \(sub-03, .*cut{suffix}\): "):
        EventMeans().transform(X)


@pytest.mark.parametrize("name", ["noise.fif", "noise.edf", "noise.vhdr", "noise.set", "noise.xyz"])
def test_unreadable_eeg(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"\x00\x01noise" * 300)
    message = rf"reading recording 0 \(sub-03, .*{name}\): "
    with pytest.raises(RecordingError, match=message):
        RunMeans().transform(Recordings([path], subject=["03"]))
    with pytest.raises(ValueError, match=rf"recording 0 .*{name}\) cannot be read: "):
        Recordings([path], samples="event")


def test_truncated_eeg(files):
    os.truncate(files["eeg0"], files["eeg0"].stat().st_size // 2)
    with pytest.raises(RecordingError, match=r"^(reading|Scale on) recording 0 \("):
        RunMeans().transform(Scale().transform(Recordings([files["eeg0"]])))


def test_file_gone_before_the_chain_runs(files):
    X = Recordings([files["eeg0"], files["eeg1"]], subject=["a", "b"])
    files["eeg1"].unlink()
    for cache_dir in (X.config["cache_dir"], None):
        with pytest.raises(RecordingError, match=r"reading recording 1 .sub-b.*FileNotFoundError"):
            RunMeans().transform(X.with_config(cache_dir=cache_dir))


def test_bad_files_become_missing_samples(files, tmp_path):
    events = [make_events(2)] * 3
    shutil.copy(files["eeg0"], tmp_path / "cut_raw.fif")
    os.truncate(tmp_path / "cut_raw.fif", 3000)
    sources = [tmp_path / "gone.fif", files["eeg1"], tmp_path / "cut_raw.fif"]
    with config_context(on_error="missing"):
        with pytest.warns(MissingSamplesWarning, match=r"recording 0.*its samples are missing"):
            X = Recordings(sources, events, subject=["a", "b", "c"])
        assert X.present.tolist() == [False, False, True, True, True, True]
        with pytest.warns(MissingSamplesWarning, match=r"recording 2 \(sub-c.*samples are missing"):
            samples = EventMeans().transform(X)
    assert samples.present.tolist() == [False, False, True, True, False, False]
    np.testing.assert_allclose(samples.data[2:4, :3], [[1, 2, 3]] * 2, atol=1e-3)


def test_unreadable_annotations_become_a_missing_recording(files, tmp_path):
    path = tmp_path / "noise.edf"
    path.write_bytes(b"noise" * 300)
    raw = make_raw()
    raw.annotations.append([2.0], [0.0], ["left"])
    with (
        config_context(on_error="missing"),
        pytest.warns(MissingSamplesWarning, match=r"recording 0.*cannot be read"),
    ):
        X = Recordings([path, raw], samples="event")
    assert X.recording.tolist() == [1]


def test_no_recording_can_be_read(tmp_path):
    path = tmp_path / "noise.edf"
    path.write_bytes(b"noise" * 300)
    with (
        config_context(on_error="missing"),
        pytest.warns(MissingSamplesWarning),
        pytest.raises(ValueError, match="no recording can be read; at least one is needed"),
    ):
        Recordings([path], samples="event")


def test_a_wrong_kind_is_never_made_missing():
    with config_context(on_error="missing"), pytest.raises(TypeError, match="got dict"):
        Recordings([make_raw(), {}])


def rewrite(path, content):
    """Write a file anew, so that its time of change differs however fast the test is."""
    stat = path.stat()
    content(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))


@pytest.mark.parametrize("kind", ["eeg", "bold"])
def test_file_changed_in_between(kind, files, log):
    X = Recordings([files[f"{kind}0"]], [make_events()])
    before = EventMeans(log=log).transform(X)
    np.testing.assert_array_equal(EventMeans(log=log).transform(X), before)
    assert len(os.listdir(log)) == 1
    if kind == "eeg":
        rewrite(files["eeg0"], lambda p: make_raw(7).save(p, overwrite=True, verbose="error"))
    else:
        rewrite(files["bold0"], make_run(7).img.to_filename)
    after = EventMeans(log=log).transform(X)
    assert len(os.listdir(log)) == 2
    assert not np.allclose(after.data[:, :3], before.data[:, :3], atol=1e-3)


def test_files_that_belong_together(tmp_path):
    for name in ("a.vhdr", "a.vmrk", "a.eeg", "ab.eeg", "a_bold.json", "[x].nii", "[x].json"):
        (tmp_path / name).write_text("")
    names = [path.name for path in companion_files(tmp_path / "a.vhdr")]
    assert names == ["a.eeg", "a.vhdr", "a.vmrk"]
    assert [p.name for p in companion_files(tmp_path / "[x].nii")] == ["[x].json", "[x].nii"]
    # a header names its data, whose stem may be another after a renaming
    header = "[Common Infos]\nDataFile=ab.eeg\nMarkerFile = $b.vmrk\n"
    (tmp_path / "renamed.vhdr").write_text(header)
    (tmp_path / "renamed.vmrk").write_text("")
    names = [path.name for path in companion_files(tmp_path / "renamed.vhdr")]
    assert names == ["ab.eeg", "renamed.vhdr", "renamed.vmrk"]


def test_compressed_files_and_folders(tmp_path):
    (tmp_path / "a.nii.gz").write_text("")
    (tmp_path / "a.json").write_text("")
    assert [p.name for p in companion_files(tmp_path / "a.nii.gz")] == ["a.json", "a.nii.gz"]
    folder = tmp_path / "a.mff"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "signal.bin").write_text("")
    assert [p.name for p in companion_files(folder)] == ["signal.bin"]


def test_reading_does_not_warn(files):
    with warnings.catch_warnings(action="error"):
        for path in files.values():
            Recordings([path]).load(0)
