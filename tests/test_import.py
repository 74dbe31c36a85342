"""The names of the package itself, loaded when they are first used."""

import subprocess
import sys
from importlib import import_module
from importlib.metadata import version

import pytest

import sklearn_neurofuse as nf


def test_version_is_that_of_the_installed_package():
    assert nf.__version__ == version("sklearn-neurofuse")


@pytest.mark.parametrize("name", sorted(nf._HOMES))
def test_top_name_is_the_same_object_as_in_its_room(name):
    room = import_module(f"sklearn_neurofuse.{nf._HOMES[name]}")
    assert getattr(nf, name) is getattr(room, name)
    assert name in room.__all__
    assert name in nf.__all__


@pytest.mark.parametrize("name", sorted(nf._ROOMS))
def test_rooms_are_attributes(name):
    assert getattr(nf, name) is import_module(f"sklearn_neurofuse.{name}")


def test_dir_lists_names_and_rooms():
    assert set(nf.__all__) | nf._ROOMS <= set(dir(nf))


def test_star_import_in_a_fresh_process():
    program = "from sklearn_neurofuse import *; print(Multimodal.__name__)"
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout == "Multimodal\n"


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Multimodel'"):
        _ = nf.Multimodel
