"""Datasets with faults, disks that are full, folders that are closed: one line, no traceback."""

import errno
import json
import shutil
import warnings

import pytest

from sklearn_neurofuse.cli import main
from sklearn_neurofuse.recordings import config_context
from tests.cli.conftest import command


@pytest.fixture
def dataset(noisy, tmp_path):
    """Give a copy that may be spoilt."""
    return shutil.copytree(noisy, tmp_path / "home") / "ds"


def run(dataset, capsys, *more):
    """Run the command as on a shell, where warnings are printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        status = main(command(dataset.parent, "evaluate", *more))
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    assert all(line.startswith("neurofuse evaluate: ") for line in told.err.splitlines())
    return status, told.out, told.err


def file_of(dataset, ending):
    return next((dataset / "sub-01").rglob(f"*{ending}"))


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def drop_triggers(dataset, which):
    path = file_of(dataset, "eeg.vmrk")
    lines = path.read_text("utf-8").splitlines(keepends=True)
    triggers = [i for i, line in enumerate(lines) if "R128" in line]
    lost = set(triggers[which])
    path.write_text("".join(x for i, x in enumerate(lines) if i not in lost), "utf-8")


def drop_all_that_tells_the_clock(dataset):
    drop_triggers(dataset, slice(None))
    file_of(dataset, "func/sub-01_task-faces_events.tsv").unlink()


def change_t_r(dataset):
    path = file_of(dataset, "bold.json")
    sidecar = json.loads(path.read_text("utf-8"))
    sidecar["RepetitionTime"] = 3.0
    path.write_text(json.dumps(sidecar), "utf-8")


NOTED = [
    (lambda ds: file_of(ds, "bold.json").unlink(), "has no RepetitionTime; its header says 2 s"),
    (lambda ds: drop_triggers(ds, slice(20, 21)), "1 lost triggers"),
    (lambda ds: drop_triggers(ds, slice(None)), "4 with both modalities"),
    (lambda ds: file_of(ds, "func/sub-01_task-faces_events.tsv").unlink(), "4 with both"),
    (lambda ds: shutil.rmtree(ds / "sub-01" / "eeg"), "3 with both modalities"),
]


@pytest.mark.parametrize(("spoil", "message"), NOTED)
def test_what_can_be_used_is_used_and_told(dataset, capsys, spoil, message):
    spoil(dataset)
    status, out, err = run(dataset, capsys, "--plan")
    assert (status, err) == (0, "")
    assert message in out


MISSING = [
    (lambda ds: cut(file_of(ds, "bold.nii.gz"), 300), "not an image that nibabel reads"),
    (lambda ds: cut(file_of(ds, "eeg.vhdr"), 2), "eeg.vhdr cannot be read"),
    (lambda ds: file_of(ds, "eeg.eeg").unlink(), "eeg.vhdr cannot be read"),
    (lambda ds: cut(file_of(ds, "bold.json"), 1), "bold.json is no JSON object"),
    (drop_all_that_tells_the_clock, "no volume triggers"),
    (change_t_r, "do not fit 40 volumes every 3 s"),
]


@pytest.mark.parametrize(("spoil", "message"), MISSING)
def test_a_run_that_cannot_be_used_is_missing(dataset, capsys, spoil, message):
    spoil(dataset)
    status, out, err = run(dataset, capsys, "--plan")
    assert status == 0
    assert "neurofuse evaluate: warning: load_bids: sub-01" in err
    assert message in err
    assert "3 with both modalities" in out


def test_an_image_that_ends_too_early_is_missing_when_it_is_read(dataset, capsys):
    path = file_of(dataset, "bold.nii.gz")
    cut(path, path.stat().st_size // 2)
    status, out, err = run(dataset, capsys)
    assert status == 0
    assert "EOFError" in err
    assert "samples of 3 persons" in out


REFUSED = [
    (lambda ds: (ds / "participants.tsv").write_text(""), (), "participants.tsv is no table"),
    (lambda ds: [shutil.rmtree(each) for each in ds.glob("sub-*")], (), "is no BIDS dataset"),
    (lambda ds: [p.write_text("") for p in ds.rglob("*events.tsv")], (), "at least two classes"),
    (lambda ds: None, ("--classes", "house"), "at least two classes of trial_type"),
    (lambda ds: None, ("--target", "handedness"), "target must be a column of the events"),
    (lambda ds: None, ("--task", "fces"), "did you mean 'faces'"),
]


@pytest.mark.parametrize(("spoil", "more", "message"), REFUSED)
def test_what_cannot_be_evaluated_is_refused(dataset, capsys, spoil, more, message):
    spoil(dataset)
    status, out, err = run(dataset, capsys, *more)
    assert (status, out) == (1, "")
    assert message in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "No space left on device"), (errno.EACCES, "Permission denied")],
)
def test_results_that_cannot_be_written(dataset, tmp_path, capsys, monkeypatch, number, message):
    def refuse(*_, **__):
        raise OSError(number, message, str(tmp_path / "out" / "report.html"))

    with monkeypatch.context() as closed:
        closed.setattr("sklearn_neurofuse.model_selection.Evaluation.to_html", refuse)
        status, _, err = run(dataset, capsys, "--out", str(tmp_path / "out"))
    assert status == 1
    assert f"{message}: '{tmp_path / 'out' / 'report.html'}'" in err
    # with room again it goes on
    assert run(dataset, capsys, "--out", str(tmp_path / "out"), "--resume")[0] == 0
    assert (tmp_path / "out" / "report.html").exists()


def test_a_closed_folder_is_told_before_anything_is_done(dataset, tmp_path, capsys, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr("sklearn_neurofuse.cli._results.Path.mkdir", refuse)
    monkeypatch.setattr("sklearn_neurofuse.cli._evaluate.load_data", lambda args: 1 / 0)
    status, _, err = run(dataset, capsys, "--out", str(tmp_path / "out"))
    assert status == 1
    assert f"Permission denied: '{tmp_path / 'out'}'" in err


def test_a_full_cache_stops_nothing(dataset, capsys, monkeypatch, tmp_path):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sklearn_neurofuse.recordings._cache.write_entry", refuse)
    with config_context(cache_dir=tmp_path / "cache"):
        status, out, err = run(dataset, capsys)
    assert status == 0
    assert "No space left on device" in err
    assert "linear fmri+eeg" in out
