"""Downloads: a local server stands for the network."""

import hashlib
import io
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pooch
import pytest

from sklearn_neurofuse.datasets import _fetch
from sklearn_neurofuse.datasets._fetch import fetch_files, get_data_home

CONTENT = {"a.txt": b"alpha", "b.txt": b"beta"}
REGISTRY = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
CLOSED = "http://127.0.0.1:9/"  # the discard port: nobody listens


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        self.server.asked.append(Path(self.path).name)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve a folder with the content above; what was asked for is remembered."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_fetch, "_RETRIES", 0)
    folder = tmp_path / "served"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.folder, server.asked = folder, []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_data_home(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROFUSE_DATA_HOME", str(tmp_path / "env"))
    assert get_data_home() == tmp_path / "env"
    assert get_data_home(tmp_path) == tmp_path
    assert get_data_home("~/x") == Path.home() / "x"
    monkeypatch.delenv("NEUROFUSE_DATA_HOME")
    assert get_data_home() == Path(pooch.os_cache("sklearn_neurofuse"))


def test_downloads_then_works_without_network(server, tmp_path, capsys):
    folder = fetch_files("f", "set", server.url, REGISTRY, data_home=tmp_path)
    assert folder == tmp_path / "set"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == CONTENT
    assert capsys.readouterr().err == ""  # quiet where there is no terminal
    server.asked.clear()
    assert fetch_files("f", "set", server.url, REGISTRY, data_home=tmp_path) == folder
    assert fetch_files("f", "set", CLOSED, REGISTRY, data_home=tmp_path) == folder
    assert server.asked == []


def test_only_missing_and_damaged_files_are_fetched(server, tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.txt").write_bytes(CONTENT["a.txt"])
    (folder / "b.txt").write_bytes(b"bet")
    fetch_files("f", "set", server.url, REGISTRY, data_home=tmp_path)
    assert server.asked == ["b.txt"]
    assert (folder / "b.txt").read_bytes() == CONTENT["b.txt"]


def test_file_of_unknown_hash_is_taken_as_it_is(server, tmp_path):
    registry = {"a.txt": None}
    fetch_files("f", "set", server.url, registry, data_home=tmp_path)
    (tmp_path / "set" / "a.txt").write_bytes(b"other")
    fetch_files("f", "set", server.url, registry, data_home=tmp_path)
    assert (tmp_path / "set" / "a.txt").read_bytes() == b"other"


def test_damaged_on_arrival(server, tmp_path):
    (server.folder / "b.txt").write_bytes(b"bet")
    with pytest.raises(OSError, match=r"^f: b\.txt arrived damaged from http.*b\.txt.*SHA-256"):
        fetch_files("f", "set", server.url, REGISTRY, data_home=tmp_path)
    # what came whole is kept, and the next try goes on from there
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["a.txt"]
    (server.folder / "b.txt").write_bytes(CONTENT["b.txt"])
    server.asked.clear()
    fetch_files("f", "set", server.url, REGISTRY, data_home=tmp_path)
    assert server.asked == ["b.txt"]


def test_not_on_the_server(server, tmp_path):
    with pytest.raises(OSError, match=r"^f: cannot download http.*c\.txt \(HTTPError\)"):
        fetch_files("f", "set", server.url, {"c.txt": None}, data_home=tmp_path)


def test_no_network(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(_fetch, "_RETRIES", 0)
    with pytest.raises(OSError, match=r"^f: cannot download .*put the files of .*set.*has them$"):
        fetch_files("f", "set", CLOSED, REGISTRY, data_home=tmp_path)


def test_download_not_wanted(server, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^f: a\.txt, b\.txt are missing or damaged"):
        fetch_files("f", "set", server.url, REGISTRY, data_home=tmp_path, download_if_missing=False)
    many = dict.fromkeys("vwxyz")
    with pytest.raises(FileNotFoundError, match="v, w, x and 2 more files are missing"):
        fetch_files("f", "set", server.url, many, data_home=tmp_path, download_if_missing=False)
    assert server.asked == []
    assert not (tmp_path / "set").exists()


def test_folder_that_cannot_be_written(server, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pooch.core, "make_local_storage", refuse)
    with pytest.raises(PermissionError, match=r"^f: cannot write a\.txt into .*set; give a"):
        fetch_files("f", "set", server.url, REGISTRY, data_home=tmp_path)


def test_progress_bar_on_a_terminal(server, tmp_path, monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    fetch_files("f", "set", server.url, REGISTRY, data_home=tmp_path)
    assert "5.00/5.00" in terminal.getvalue()
