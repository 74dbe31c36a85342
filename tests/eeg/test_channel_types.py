"""Types of channels from tables and names, and units."""

import mne
import numpy as np
import pytest

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.eeg import Epocher
from sklearn_neurofuse.eeg._channel_types import assign_channel_types, check_units, load_raw
from sklearn_neurofuse.exceptions import RecordingError


def make_raw(names, kinds="eeg"):
    info = mne.create_info(list(names), 100.0, kinds)
    return mne.io.RawArray(np.zeros((len(names), 300)), info, verbose="error")


def test_types_from_names():
    names = ["Cz", "ECG", "EKG1", "EOG", "VEOG", "CWL3", "EMGleft", "Resp", "T7", "E12"]
    typed = assign_channel_types(make_raw(names))
    wanted = ["eeg", "ecg", "ecg", "eog", "eog", "misc", "emg", "resp", "eeg", "eeg"]
    assert typed.get_channel_types() == wanted


def test_what_the_recording_says_is_kept():
    raw = make_raw(["Cz", "ECG", "EOG"], ["eeg", "misc", "eog"])
    assert assign_channel_types(raw) is raw


def test_nothing_is_written_to_the_recording():
    raw = make_raw(["Cz", "ECG"])
    loaded = load_raw(raw)
    loaded[0] = 1.0
    assert raw.get_channel_types() == ["eeg", "eeg"]
    assert not raw.get_data().any()


def test_table_beside_the_file(tmp_path):
    raw = make_raw(["Cz", "Pz", "heart", "CWL1", "EOG"])
    path = tmp_path / "sub-01_task-x_eeg.fif"
    raw.save(path, verbose="error")
    table = "name\ttype\tstatus\nCz\tEEG\tgood\nPz\tEEG\tbad\nheart\tECG\tgood\nCWL1\tEEG\tgood\n"
    (tmp_path / "sub-01_task-x_channels.tsv").write_text(table + "gone\tEOG\tbad\n")
    typed = assign_channel_types(mne.io.read_raw(path, verbose="error"))
    assert typed.get_channel_types() == ["eeg", "eeg", "ecg", "misc", "eog"]
    assert typed.info["bads"] == ["Pz"]


def test_damaged_table(tmp_path):
    path = tmp_path / "sub-01_eeg.fif"
    make_raw(["Cz"]).save(path, verbose="error")
    (tmp_path / "sub-01_channels.tsv").write_text("channel\tkind\nCz\tEEG\n")
    with pytest.raises(ValueError, match=r"sub-01_channels.tsv has no column name"):
        assign_channel_types(mne.io.read_raw(path, verbose="error"))


@pytest.mark.parametrize("size", [1e-5, 1e-6, 4e-4, 0.0])
def test_usual_sizes_pass(size):
    check_units(np.full((2, 3, 4), size), "Epocher")


@pytest.mark.parametrize("size", [1e-11, 20.0, 1e-2])
def test_other_units_warn(size):
    with pytest.warns(UserWarning, match=r"Epocher: the median size of the EEG .* unit"):
        check_units(np.full((2, 3, 4), size), "Epocher")


def test_no_eeg_channels():
    raw = make_raw(["ECG", "EOG"]).set_annotations(mne.Annotations(1.0, 0.0, "x"))
    with pytest.raises(RecordingError, match="no EEG channels"):
        Epocher(-0.1, 0.1).fit_transform(Recordings([raw], samples="event"))
