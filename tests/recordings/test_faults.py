"""Processes that are killed, and processes that work at the same time."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")


def run(name, folder):
    """Run a program of `processes` and give the words it prints."""
    program = Path(__file__).with_name("processes.py")
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(program), name, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return finished.stdout.split()


def test_killed_writers_change_nothing(tmp_path):
    assert run("kill_writers", tmp_path) == ["True", "True"]


def test_two_processes_share_the_work(tmp_path):
    assert run("share_the_work", tmp_path) == ["6", "6"]


def test_workers_may_be_forked(tmp_path):
    assert run("forked_workers", tmp_path) == ["False", "True"]
