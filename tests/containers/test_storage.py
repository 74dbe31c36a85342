"""Saving and loading, and what happens when it goes wrong."""

import json
import os
import stat

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from sklearn_neurofuse.containers import Block, Multimodal
from sklearn_neurofuse.containers import _storage as module
from tests.containers.conftest import assert_same
from tests.containers.strategies import multimodals

HEADER = "multimodal.json"


@pytest.fixture
def folder(spaced, tmp_path):
    """A saved container."""
    spaced.save(tmp_path / "X")
    return tmp_path / "X"


def _edit(folder, change):
    header = json.loads((folder / HEADER).read_text())
    change(header)
    (folder / HEADER).write_text(json.dumps(header))


@given(X=multimodals())
def test_round_trip(tmp_path_factory, X):
    folder = tmp_path_factory.mktemp("store") / "X"
    X.save(folder)
    for mmap_mode in ("r", None):
        assert_same(Multimodal.load(folder, mmap_mode=mmap_mode), X)


def test_round_trip_with_spaces(folder, spaced):
    back = Multimodal.load(folder)
    assert_same(back, spaced)
    assert_same(back[[7, 2]], spaced[[7, 2]])
    assert back["eeg"].space.info["dig"] == spaced["eeg"].space.info["dig"]


def test_arrays_are_mapped_unless_asked_otherwise(folder):
    assert isinstance(Multimodal.load(folder)["eeg"].data, np.memmap)
    assert type(Multimodal.load(folder, mmap_mode=None)["eeg"].data) is np.ndarray
    writeable = Multimodal.load(folder, mmap_mode="c")["eeg"].data
    assert writeable.flags.writeable


def test_presence_is_saved(folder):
    # known without a look at the data
    assert np.flatnonzero(~Multimodal.load(folder)["eeg"]._present).tolist() == [2, 7]


def test_nothing_is_pickled(folder):
    names = sorted(path.suffix for path in folder.iterdir())
    assert set(names) == {".npy", ".json"}
    for path in folder.glob("*.npy"):
        np.load(path, allow_pickle=False)


def test_parents_are_made_and_strings_taken(spaced, tmp_path):
    spaced.save(str(tmp_path / "a" / "b" / "X"))
    assert_same(Multimodal.load(str(tmp_path / "a" / "b" / "X")), spaced)


def test_the_folder_has_ordinary_rights(folder):
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777 & ~umask


def test_a_mapped_container_is_saved(folder, spaced, tmp_path):
    Multimodal.load(folder)[2:8].save(tmp_path / "part")
    assert_same(Multimodal.load(tmp_path / "part"), spaced[2:8])


# an existing folder


def test_an_existing_folder_is_not_replaced(folder, spaced):
    with pytest.raises(FileExistsError, match="X exists; pass overwrite=True"):
        spaced[:2].save(folder)
    assert_same(Multimodal.load(folder), spaced)


def test_an_existing_folder_is_replaced_on_demand(folder, spaced):
    spaced[:2].select(["eeg"]).save(folder, overwrite=True)
    assert_same(Multimodal.load(folder), spaced[:2].select(["eeg"]))
    assert [path.name for path in folder.parent.iterdir()] == ["X"]


def test_a_container_is_saved_over_its_own_source(folder, spaced):
    mapped = Multimodal.load(folder)
    mapped[::-1].save(folder, overwrite=True)
    assert_same(Multimodal.load(folder), spaced[::-1])
    assert_array_equal(mapped["fmri"].data, spaced["fmri"].data)


def test_what_is_no_saved_container_is_never_deleted(spaced, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    (tmp_path / "file").write_text("a file")
    for overwrite in (False, True):
        for name in ("thesis", "file"):
            with pytest.raises(FileExistsError, match=f"{name} exists"):
                spaced.save(tmp_path / name, overwrite=overwrite)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"


# killed while writing


def _failing_save(monkeypatch, after):
    write, calls = np.save, []

    def save(file, *args, **kwargs):
        calls.append(file)
        if len(calls) > after:
            raise KeyboardInterrupt
        write(file, *args, **kwargs)

    monkeypatch.setattr(np, "save", save)


@pytest.mark.parametrize("after", [0, 1, 5])
def test_killed_while_writing_leaves_nothing(spaced, tmp_path, monkeypatch, after):
    _failing_save(monkeypatch, after)
    with pytest.raises(KeyboardInterrupt):
        spaced.save(tmp_path / "X")
    assert list(tmp_path.iterdir()) == []


def test_killed_while_replacing_keeps_the_old(folder, spaced, monkeypatch):
    _failing_save(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        spaced[:2].save(folder, overwrite=True)
    assert_same(Multimodal.load(folder), spaced)
    assert [path.name for path in folder.parent.iterdir()] == ["X"]


def test_killed_before_the_header(spaced, tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(module.Path, "write_text", broken)
    with pytest.raises(OSError, match="disk full"):
        spaced.save(tmp_path / "X")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_move_puts_the_old_back(folder, spaced, monkeypatch):
    rename = module.Path.rename

    def broken(path, target):
        if path.name.startswith(".X-") and path.parent == folder.parent:
            raise OSError("no")
        return rename(path, target)

    monkeypatch.setattr(module.Path, "rename", broken)
    with pytest.raises(OSError, match="no"):
        spaced[:2].save(folder, overwrite=True)
    assert_same(Multimodal.load(folder), spaced)
    assert [path.name for path in folder.parent.iterdir()] == ["X"]


# a damaged folder


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere holds no multimodal.json"):
        Multimodal.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["eeg.data.npy", "fmri.space.mask.npy", "plain.present.npy"])
def test_a_missing_file(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"Multimodal.load: .*{name} is missing"):
        Multimodal.load(folder)


@pytest.mark.parametrize("name", ["eeg.data.npy", "fmri.space.mask.npy", "plain.present.npy"])
@pytest.mark.parametrize("kept", [0, 20, -1])
def test_a_truncated_file(folder, name, kept):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:kept])
    told = rf"{name} is truncated or was changed: it has \d+ bytes, {len(content)} were written"
    with pytest.raises(ValueError, match=told):
        Multimodal.load(folder)


@pytest.mark.parametrize("kept", [0, 1, 30, -1])
def test_a_truncated_header(folder, kept):
    content = (folder / HEADER).read_bytes()
    (folder / HEADER).write_bytes(content[:kept])
    with pytest.raises(ValueError, match=r"Multimodal.load: .*multimodal.json is damaged"):
        Multimodal.load(folder)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[]", b"{}", b"3", b'"text"', b"null"])
def test_a_header_of_something_else(folder, content):
    (folder / HEADER).write_bytes(content)
    with pytest.raises(ValueError, match=r"Multimodal.load: .*multimodal.json is damaged"):
        Multimodal.load(folder)


@pytest.mark.parametrize("key", ["format", "blocks", "files"])
@pytest.mark.parametrize("value", [None, [], 3.5, {}])
def test_a_header_with_other_entries(folder, key, value):
    _edit(folder, lambda header: header.update({key: value}))
    with pytest.raises(ValueError, match=r"damaged|is of format"):
        Multimodal.load(folder)


def test_another_format(folder):
    _edit(folder, lambda header: header.update(format=99))
    with pytest.raises(ValueError, match="is of format 99, this version reads format 1"):
        Multimodal.load(folder)


def test_an_unknown_kind_of_block(folder):
    _edit(folder, lambda header: header["blocks"]["eeg"].update({"class": "Recording"}))
    with pytest.raises(ValueError, match="'eeg' is of an unknown kind of block"):
        Multimodal.load(folder)


@pytest.mark.parametrize("key", ["files", "space", "feature_names"])
def test_a_block_with_a_lacking_entry(folder, key):
    _edit(folder, lambda header: header["blocks"]["eeg"].pop(key))
    with pytest.raises(ValueError, match=f"'eeg' in .* is damaged: '{key}'"):
        Multimodal.load(folder)


def test_a_space_that_does_not_fit(folder):
    def change(header):
        blocks = header["blocks"]
        blocks["eeg"]["space"] = blocks["edges"]["space"]

    _edit(folder, change)
    with pytest.raises(ValueError, match=r"'eeg' in .* is damaged: ConnectomeSpace: one sample"):
        Multimodal.load(folder)


def test_an_array_with_a_damaged_head(folder):
    content = bytearray((folder / "eeg.data.npy").read_bytes())
    content[:6] = b"NOTNPY"
    (folder / "eeg.data.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"'eeg' in .* is damaged"):
        Multimodal.load(folder)


def test_arrays_of_another_length(folder, rng):
    # the same number of bytes: 10 samples became 5
    content = bytearray((folder / "eeg.data.npy").read_bytes())
    content[:128] = content[:128].replace(b"(10, 3, 5)", b"(5, 3, 10)")
    (folder / "eeg.data.npy").write_bytes(content)
    with pytest.raises(ValueError, match=r"'eeg' in .* is damaged: 5 samples, 10 known"):
        Multimodal.load(folder)


def test_modalities_of_different_length(folder):
    Multimodal(eeg=np.zeros((4, 3))).save(folder.parent / "other")

    def change(header):
        other = json.loads((folder.parent / "other" / HEADER).read_text())
        header["blocks"]["eeg"] = other["blocks"]["eeg"]
        header["files"].update(other["files"])

    for path in (folder.parent / "other").glob("*.npy"):
        (folder / path.name).write_bytes(path.read_bytes())
    _edit(folder, change)
    with pytest.raises(ValueError, match=r"equal numbers of samples, got fmri 10, .* eeg 4"):
        Multimodal.load(folder)


def test_names_that_collide_with_files_are_refused():
    for name in ("eeg.data", "a/b", "..", "eeg present", ""):
        with pytest.raises(ValueError, match="names of modalities must be identifiers"):
            Multimodal(**{name: np.eye(2)})
    with pytest.raises(ValueError, match="without a double underscore, got 'a__b'"):
        Multimodal(a__b=np.eye(2))


def test_columns_of_a_frame_keep_their_letters(tmp_path):
    X = Multimodal(genes=Block(np.eye(2), feature_names=["größe", "β"]))
    X.save(tmp_path / "X")
    assert Multimodal.load(tmp_path / "X")["genes"].feature_names == ("größe", "β")
