"""The command that tells of the cache and empties it."""

import subprocess
import sys

import numpy as np
import pytest

from sklearn_neurofuse import config_context
from sklearn_neurofuse.cli import main
from sklearn_neurofuse.recordings import Store

KEYS = [f"{n:02x}{'0' * 30}" for n in range(3)]


@pytest.fixture
def folder(tmp_path):
    """Give a folder with three results of a megabyte each."""
    store = Store(tmp_path / "cache", 10**9)
    for key in KEYS:
        with store.lock(key, blocking=True):
            store.put(key, {}, {"a": np.zeros(10**6, dtype=np.uint8)})
    return store.folder


def test_info(folder, capsys):
    with config_context(cache_dir=folder, cache_size="20GB"):
        assert main(["cache", "info"]) == 0
    assert capsys.readouterr() == (
        f"folder   {folder}\nresults  3\nsize     3.0 MB of at most 20.0 GB\n",
        "",
    )
    assert len(list(folder.glob("*/*.nf"))) == 3


def test_clear(folder, capsys):
    (folder / "mine.txt").write_text("kept")
    (folder / "00" / "mine.txt").write_text("kept")
    (folder / "01" / "left.part").write_bytes(b"0" * 500)
    assert main(["cache", "clear", "--dir", str(folder)]) == 0
    assert capsys.readouterr() == (f"freed 3.0 MB in {folder}\n", "")
    left = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert left == ["00", "00/mine.txt", "mine.txt"]
    assert main(["cache", "clear", "--dir", str(folder)]) == 0
    assert capsys.readouterr().out == f"freed 0 bytes in {folder}\n"


def test_folder_that_is_not_there(tmp_path, capsys):
    for action, told in (("info", "results  0\nsize     0 bytes of"), ("clear", "freed 0 bytes")):
        assert main(["cache", action, "--dir", str(tmp_path / "none")]) == 0
        assert told in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_file_in_place_of_a_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["cache", "info", "--dir", str(tmp_path / "file")]) == 1
    assert capsys.readouterr() == (
        "",
        f"neurofuse cache: error: {tmp_path / 'file'} is not a folder\n",
    )
    with pytest.raises(NotADirectoryError):
        main(["cache", "clear", "--dir", str(tmp_path / "file"), "--traceback"])


@pytest.mark.parametrize(
    ("args", "message"), [([], "action"), (["empty"], "invalid choice: 'empty'")]
)
def test_arguments_that_cannot_be_understood(args, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["cache", *args])
    assert message in capsys.readouterr().err


def test_environment_variable(folder):
    told = subprocess.run(
        [sys.executable, "-m", "sklearn_neurofuse", "cache", "info"],
        env={"NEUROFUSE_CACHE": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.startswith(f"folder   {folder}\nresults  3\n")
    assert told.stderr == ""
