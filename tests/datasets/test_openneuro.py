"""`fetch_openneuro` against a server on this machine."""

import hashlib

import pytest

from sklearn_neurofuse.datasets import _openneuro, fetch_openneuro
from tests.datasets.local_server import serving

BIG = bytes(range(256)) * 8000
FILES = {
    "ds000001/README": b"A dataset.",
    "ds000001/.bidsignore": b"x",
    "ds000001/participants.tsv": b"participant_id\nsub-01\n",
    "ds000001/task-fist_bold.json": b"{}",
    "ds000001/sub-01/eeg/sub-01_task-fist_eeg.eeg": BIG,
    "ds000001/sub-01/eeg/sub-01_task-rest_eeg.eeg": b"rest",
    "ds000001/sub-01/func/sub-01_task-fist_bold.nii.gz": b"bold +%",
    "ds000001/sub-01/dwi/sub-01_dwi.nii.gz": b"dwi",
    "ds000001/sub-02/eeg/sub-02_task-fist_eeg.eeg": b"two",
    "ds000001/derivatives/sub-01/func/x.nii.gz": b"no",
}
EEG = "ds000001/sub-01/eeg/sub-01_task-fist_eeg.eeg"


@pytest.fixture
def bucket(monkeypatch):
    with serving(dict(FILES)) as (bucket, address):
        monkeypatch.setattr(_openneuro, "_BUCKET", address)
        yield bucket


def fetch(folder, *args, **kwargs):
    return fetch_openneuro("ds000001", *args, data_home=folder, **kwargs)


def test_what_was_asked_for_arrives_once(bucket, tmp_path):
    found = fetch(tmp_path, ["sub-01"], task="fist")
    names = {path.relative_to(tmp_path).as_posix() for path in found.files}
    assert names == {
        "ds000001/README",
        "ds000001/participants.tsv",
        "ds000001/task-fist_bold.json",
        EEG,
        "ds000001/sub-01/func/sub-01_task-fist_bold.nii.gz",
    }
    assert all((tmp_path / name).read_bytes() == FILES[name] for name in names)
    assert found.DESCR == "A dataset."
    assert found.unchecked == []
    bucket.asked.clear()
    assert fetch(tmp_path, ["01"], task="fist").files == found.files
    assert {key for key, _ in bucket.asked} == {""}
    bucket.asked.clear()
    offline = fetch(tmp_path, ["01"], task="fist", download_if_missing=False)
    assert (offline.files, bucket.asked) == (found.files, [])


def test_a_download_that_was_cut_off_goes_on(bucket, tmp_path):
    bucket.break_after[EEG] = 1_500_000
    assert fetch(tmp_path, ["01"]).root.joinpath(*EEG.split("/")[1:]).read_bytes() == BIG
    ranges = [wanted for key, wanted in bucket.asked if key == EEG]
    assert ranges == [None, "bytes=1500000-"]


def test_a_server_without_ranges_sends_it_again(bucket, tmp_path):
    bucket.ranges = False
    bucket.break_after[EEG] = 1_500_000
    assert fetch(tmp_path, ["01"]).root.joinpath(*EEG.split("/")[1:]).read_bytes() == BIG


def test_a_file_that_was_cut_later_is_fetched_again(bucket, tmp_path):
    path = tmp_path / EEG
    fetch(tmp_path, ["01"])
    path.write_bytes(b"short")
    fetch(tmp_path, ["01"])
    assert path.read_bytes() == BIG


def test_a_damaged_download_leaves_nothing(bucket, tmp_path):
    bucket.etags[EEG] = hashlib.md5(b"other").hexdigest()
    with pytest.raises(OSError, match=r"sub-01_task-fist_eeg\.eeg arrived damaged"):
        fetch(tmp_path, ["01"])
    folder = (tmp_path / EEG).parent
    assert [path.name for path in folder.glob("*") if "fist" in path.name] == []


def test_objects_sent_in_parts_are_checked_part_by_part(bucket, tmp_path):
    size = 5 << 20
    content = bytes(6 << 20)
    parts = [content[:size], content[size:]]
    digest = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
    bucket.files[EEG] = content
    bucket.etags[EEG] = f"{digest}-2"
    assert fetch(tmp_path / "a", ["01"]).unchecked == []
    bucket.etags[EEG] = f"{'0' * 32}-2"
    assert [path.name for path in fetch(tmp_path / "b", ["01"]).unchecked] == [EEG.split("/")[-1]]


def test_what_cannot_be_had_is_said(bucket, tmp_path):
    with pytest.raises(ValueError, match="ds and six digits"):
        fetch_openneuro("ds1")
    with pytest.raises(ValueError, match="no public dataset ds000009"):
        fetch_openneuro("ds000009", data_home=tmp_path)
    with pytest.raises(ValueError, match="has no subject 07; it has 01, 02"):
        fetch(tmp_path, ["07"])
    with pytest.raises(FileNotFoundError, match="never downloaded"):
        fetch(tmp_path / "other", download_if_missing=False)
    with pytest.raises(FileNotFoundError, match="files are missing"):
        fetch(tmp_path, download_if_missing=False)


def test_a_server_that_is_gone_is_an_error(monkeypatch, tmp_path):
    with serving(dict(FILES)) as (_, address):
        pass
    monkeypatch.setattr(_openneuro, "_BUCKET", address)
    with pytest.raises(OSError, match="cannot list"):
        fetch(tmp_path)
