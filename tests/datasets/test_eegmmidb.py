"""`fetch_eegmmidb` on recordings that lie ready, and from a server on this machine."""

import numpy as np
import pytest

from sklearn_neurofuse.datasets import _eegmmidb, fetch_eegmmidb
from tests.datasets.local_server import serving


def test_movements_of_real_recordings(real_data):
    data = fetch_eegmmidb(
        [1], [3, 4, 7, 8], data_home=real_data("eegmmidb").parent, download_if_missing=False
    )
    assert data.target_names == ["left fist", "right fist"]
    assert len(data.target) == 60
    assert np.bincount(data.target).min() >= 26
    assert data.groups.tolist() == sorted(data.groups)
    assert len(set(data.groups)) == 4
    assert [bool(table["imagined"].all()) for table in data.events["eeg"]] == [False, True] * 2
    raw = data.X["eeg"].load(0)
    assert (len(raw.ch_names), raw.info["sfreq"]) == (64, 160.0)
    assert {"C3", "Cz", "Fp1"} <= set(raw.ch_names)
    assert raw.get_montage() is not None


def test_rest_is_one_sample_a_run(real_data):
    home = real_data("eegmmidb").parent
    data = fetch_eegmmidb(runs=[1, 2], data_home=home, download_if_missing=False)
    assert data.target_names == ["eyes closed", "eyes open"]
    assert data.target.tolist() == [1, 0]
    assert not data.X["eeg"].per_event


def test_feet_are_told_from_fists(real_data):
    home = real_data("eegmmidb").parent
    data = fetch_eegmmidb(runs=[5, 6], data_home=home, download_if_missing=False)
    assert data.target_names == ["both feet", "both fists"]


def test_a_missing_file_is_downloaded_and_checked(real_data, monkeypatch, tmp_path):
    content = (real_data("eegmmidb") / "S001R03.edf").read_bytes()
    files = {
        "files/eegmmidb/1.0.0/S001/S001R03.edf": content,
        "files/eegmmidb/1.0.0/S001/S001R07.edf": content,
    }
    with serving(files) as (bucket, address):
        monkeypatch.setattr(_eegmmidb, "_BASE_URL", f"{address}/files/eegmmidb/1.0.0/")
        data = fetch_eegmmidb(runs=[3], data_home=tmp_path)
        assert len(data.target) == 15
        bucket.asked.clear()
        fetch_eegmmidb(runs=[3], data_home=tmp_path)
        assert bucket.asked == []
        with pytest.raises(OSError, match=r"cannot download S001R07\.edf"):
            fetch_eegmmidb(runs=[7], data_home=tmp_path)


@pytest.mark.parametrize(
    ("subjects", "runs", "message"),
    [([0], [3], "subjects"), ([110], [3], "subjects"), ([1], [15], "runs"), ([1], [1, 3], "rest")],
)
def test_bad_numbers(subjects, runs, message):
    with pytest.raises(ValueError, match=f"fetch_eegmmidb: {message}|{message}"):
        fetch_eegmmidb(subjects, runs)


def test_without_network_what_is_missing_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"S001R03\.edf is missing"):
        fetch_eegmmidb(data_home=tmp_path, download_if_missing=False)
