"""The configuration: what may be set, for how long, and what sees it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sklearn_neurofuse import Recordings, config_context, get_config, set_config
from tests.recordings.doubles import EventMeans, make_events, make_raw


def test_set_for_a_while(cache, tmp_path):
    with config_context(cache_dir=tmp_path / "other", cache_size=10**6):
        assert get_config()["cache_dir"] == str(tmp_path / "other")
        assert get_config()["cache_size"] == 10**6
    assert get_config()["cache_dir"] == str(cache)


def test_set_back_after_an_error():
    before = get_config()
    with pytest.raises(KeyError), config_context(on_error="missing"):
        raise KeyError
    assert get_config() == before


def test_set_for_good():
    before = get_config()
    try:
        set_config(on_error="missing", already_done="skip")
        assert get_config() == {**before, "on_error": "missing", "already_done": "skip"}
    finally:
        set_config(**before)


def test_what_is_given_is_a_copy():
    get_config()["on_error"] = "missing"
    assert get_config()["on_error"] == "raise"


def test_recordings_keep_theirs(cache, tmp_path):
    with config_context(cache_dir=tmp_path / "theirs"):
        X = Recordings([make_raw()], [make_events()])
    EventMeans().transform(X[[0]])
    assert (tmp_path / "theirs").is_dir()
    assert not cache.exists()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (5, 5),
        ("5", 5),
        ("20GB", 20 * 10**9),
        ("1.5 MB", 1_500_000),
        ("3k", 3000),
        ("1T", 10**12),
        ("7B", 7),
    ],
)
def test_sizes(size, expected):
    with config_context(cache_size=size):
        assert get_config()["cache_size"] == expected


def test_folders_are_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for given, expected in [("here", "here"), (Path("here"), "here"), ("~/cache", "home/cache")]:
        with config_context(cache_dir=given):
            assert get_config()["cache_dir"] == str(tmp_path / expected)
    with config_context(cache_dir=None):
        assert get_config()["cache_dir"] is None


@pytest.mark.parametrize(
    ("error", "message", "options"),
    [
        (TypeError, "no option cache_folder; .*did you mean 'cache_dir'", {"cache_folder": "x"}),
        (
            ValueError,
            "on_error must be one of 'raise', 'missing', got 'skip'",
            {"on_error": "skip"},
        ),
        (ValueError, "already_done must be one of", {"already_done": None}),
        (ValueError, "cache_size must be like '20GB', got 'much'", {"cache_size": "much"}),
        (ValueError, r"cache_size must be in \[1, inf\) bytes, got 0", {"cache_size": 0}),
        (TypeError, "cache_size must be an integer, got 0.5", {"cache_size": 0.5}),
        (ValueError, r"cache_rate must be in \[0, inf\) bytes/s, got -1", {"cache_rate": -1}),
        (TypeError, "cache_rate must be a number, got 'fast'", {"cache_rate": "fast"}),
        (TypeError, "PathLike", {"cache_dir": 3}),
    ],
)
def test_bad_options(error, message, options):
    before = get_config()
    with pytest.raises(error, match=message):
        # an option that would do stands beside the bad one
        set_config(**{"on_error": "missing", "already_done": "skip", **options})
    assert get_config() == before


def test_environment_variable(tmp_path):
    program = "import sklearn_neurofuse as nf; print(nf.get_config()['cache_dir'])"
    environment = {**os.environ, "NEUROFUSE_CACHE": "~/here", "HOME": str(tmp_path)}
    finished = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == str(tmp_path / "here")
