"""`simulate_eeg_fmri(write_bids=...)`: a valid dataset, at once or not at all."""

import json

import mne
import mne_bids
import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.datasets._simulation import _bids, _output

SMALL = {
    "n_subjects": 2,
    "n_runs": 2,
    "n_volumes": 20,
    "volume_shape": (8, 8, 8),
    "n_channels": 8,
    "sfreq": 500.0,
    "scan": {"multiband": 2},
    "random_state": 0,
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("bids") / "study"


@pytest.fixture(scope="module")
def written(root):
    return simulate_eeg_fmri(**SMALL, write_bids=root)


def test_recordings_are_the_files_and_equal_those_in_memory(root, written):
    other = simulate_eeg_fmri(**SMALL)
    for number in (0, 3):
        raw, kept = (data.X["eeg"].sources[number].source for data in (written, other))
        assert not raw.preload
        np.testing.assert_allclose(raw.get_data(), kept.get_data(), atol=1e-12)
        assert raw.ch_names == kept.ch_names
        assert raw.get_channel_types() == kept.get_channel_types()
        assert list(raw.annotations.description) == list(kept.annotations.description)
        np.testing.assert_allclose(raw.annotations.onset, kept.annotations.onset)
        bold, kept = (data.X["fmri"].sources[number].source for data in (written, other))
        assert bold.path.startswith(str(root))
        np.testing.assert_array_equal(bold.get_data(), kept.get_data())
        np.testing.assert_allclose(bold.img.affine, kept.img.affine, atol=1e-4)
    np.testing.assert_array_equal(written.target, other.target)


def test_mne_bids_reads_it(root, written):
    assert mne_bids.get_entity_vals(root, "subject") == ["01", "02"]
    path = mne_bids.BIDSPath(
        root=root, subject="01", task="faces", run="02", datatype="eeg", suffix="eeg"
    )
    raw = mne_bids.read_raw_bids(path, verbose="error")
    assert raw.get_channel_types() == ["eeg"] * 8 + ["eog", "ecg"]
    assert raw.info["line_freq"] == 50.0
    marks = raw.annotations.onset[raw.annotations.description == "Response/R128"]
    np.testing.assert_allclose(marks, written.truth.runs[1].triggers["onset"], atol=1e-5)
    assert {"house", "face", "button"} < set(raw.annotations.description)


def test_markers_of_brainvision(root, written):
    raw = mne.io.read_raw_brainvision(
        root / "sub-02/eeg/sub-02_task-faces_run-01_eeg.vhdr", verbose="error"
    )
    found = set(raw.annotations.description)
    assert {"Response/R128", "Response/R  1", "Stimulus/S  1", "Stimulus/S  2"} <= found
    assert raw.info["sfreq"] == 500.0


def test_sidecars(root, written):
    bold = json.loads((root / "sub-01/func/sub-01_task-faces_run-01_bold.json").read_text())
    assert bold["RepetitionTime"] == 2.0
    assert bold["MultibandAccelerationFactor"] == 2
    assert bold["TaskName"] == "faces"
    np.testing.assert_allclose(
        bold["SliceTiming"], written.X["fmri"].sources[0].source.slice_times, atol=1e-6
    )
    eeg = json.loads((root / "sub-01/eeg/sub-01_task-faces_run-01_eeg.json").read_text())
    assert eeg["SamplingFrequency"] == 500.0
    assert eeg["EEGReference"] == "FCz"
    assert eeg["PowerLineFrequency"] == 50.0
    assert eeg["EEGChannelCount"] == 8
    description = json.loads((root / "dataset_description.json").read_text())
    assert {"Name", "BIDSVersion"} <= set(description)


def test_tables(root, written):
    people = pd.read_csv(root / "participants.tsv", sep="\t")
    assert people["participant_id"].tolist() == ["sub-01", "sub-02"]
    channels = pd.read_csv(root / "sub-01/eeg/sub-01_task-faces_run-01_channels.tsv", sep="\t")
    assert channels["type"].tolist() == ["EEG"] * 8 + ["EOG", "ECG"]
    events = pd.read_csv(root / "sub-01/func/sub-01_task-faces_run-01_events.tsv", sep="\t")
    np.testing.assert_allclose(events["onset"], written.events["fmri"][0]["onset"], atol=1e-6)
    assert events.columns[:2].tolist() == ["onset", "duration"]


def test_sessions_and_a_single_run(tmp_path):
    small = {**SMALL, "n_subjects": 1, "n_runs": 1, "n_sessions": 2}
    simulate_eeg_fmri(**small, write_bids=tmp_path / "study")
    assert (tmp_path / "study/sub-01/ses-02/eeg/sub-01_ses-02_task-faces_eeg.vhdr").exists()


def test_floating_point_without_an_amplifier(tmp_path):
    small = {**SMALL, "n_subjects": 1, "n_runs": 1}
    data = simulate_eeg_fmri(**small, eeg={"amplifier": False}, write_bids=tmp_path / "study")
    raw = data.X["eeg"].sources[0].source
    total = sum(part.astype(float) for part in data.truth.runs[0].eeg.values())
    np.testing.assert_allclose(raw.get_data(), total, atol=2e-9)


def test_nothing_is_left_of_a_failure(tmp_path, monkeypatch):
    calls = []

    def fail_later(run):
        calls.append(run)
        if len(calls) > 1:
            raise OSError("disk full")
        return render(run)

    render = _output.render_bold
    monkeypatch.setattr(_output, "render_bold", fail_later)
    with pytest.raises(OSError, match="disk full"):
        simulate_eeg_fmri(**SMALL, write_bids=tmp_path / "study")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_refused(tmp_path):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(FileExistsError, match="must be a new or empty folder"):
        simulate_eeg_fmri(**SMALL, write_bids=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_an_empty_folder_will_do(tmp_path):
    simulate_eeg_fmri(**{**SMALL, "n_subjects": 1, "n_runs": 1}, write_bids=tmp_path)
    assert (tmp_path / "participants.tsv").exists()


def test_pybv_is_named_where_it_lacks(tmp_path, monkeypatch):
    monkeypatch.setattr(_bids, "pybv", None)
    with pytest.raises(ImportError, match=r"sklearn-neurofuse\[bids\]"):
        simulate_eeg_fmri(**SMALL, write_bids=tmp_path / "study")
