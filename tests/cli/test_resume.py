"""Runs that were killed, runs that are finished, and runs on a cluster."""

import json
import os
import signal
import subprocess
import sys
import time

import distributed
import pandas as pd
import pytest

from sklearn_neurofuse.cli import main
from sklearn_neurofuse.datasets import simulate_eeg_fmri

CONFIG = """
[[fmri]]
step = "SpatialSmoother"
fwhm = 12.0
[[fmri]]
step = "VolumeWindow"
standardize = "recording"
[[eeg]]
step = "FrequencyFilter"
l_freq = 1.0
h_freq = 20.0
[[eeg]]
step = "Epocher"
tmin = -0.1
tmax = 0.5
standardize = "recording"
"""
TABLES = ("evaluation.csv", "models.csv", "predictions.csv")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("resume")
    simulate_eeg_fmri(
        n_subjects=4,
        n_volumes=40,
        volume_shape=(12, 12, 8),
        n_channels=8,
        sfreq=200.0,
        motion=False,
        eeg={"gradient": False, "bad_channels": False},
        write_bids=folder / "ds",
        random_state=0,
    )
    (folder / "pipeline.toml").write_text(CONFIG, "utf-8")
    return folder


def command(home, out, *more):
    return ["evaluate", str(home / "ds"), "--task", "faces", "--classes", "house,face", "--config",
            str(home / "pipeline.toml"), "--cv", "2", "--repeats", "1", "--out", str(out),
            *more]  # fmt: skip


def tables(folder):
    return [pd.read_csv(folder / name) for name in TABLES]


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_like_one_that_was_not(home, tmp_path, rng):
    assert main(command(home, tmp_path / "whole")) == 0
    cache = {"NEUROFUSE_CACHE": str(tmp_path / "cache")}
    start = [sys.executable, "-m", "sklearn_neurofuse"]
    again = [*start, *command(home, tmp_path / "killed", "--resume")]
    began = time.monotonic()
    # how long it takes to load what is needed
    subprocess.run([*start, "cache", "info"], env=os.environ | cache, check=True)
    loading = time.monotonic() - began
    for moment in rng.uniform(loading, loading + 4.0, 4):
        process = subprocess.Popen(again, env=os.environ | cache, stderr=subprocess.DEVNULL)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
    subprocess.run(again, env=os.environ | cache, check=True)
    for name in TABLES:
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    killed, whole = (
        json.loads((tmp_path / name / "evaluation.json").read_text("utf-8"))
        for name in ("killed", "whole")
    )
    # times differ, and so do the folders that the command names
    assert killed["figures"] == whole["figures"]
    assert killed["comparison"] == whole["comparison"]


def test_what_is_finished_is_not_done_again(home, tmp_path, capsys):
    out = tmp_path / "report"
    assert main(command(home, out)) == 0
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    capsys.readouterr()
    assert main(command(home, out, "--resume")) == 0
    assert "holds all results already" in capsys.readouterr().out
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == before
    assert main(command(home, out, "--resume", "--seed", "1")) == 1
    assert "results of another command, with seed 0, not 1" in capsys.readouterr().err
    assert main(command(home, out, "--resume", "--permutations", "100")) == 1
    assert "with permutations 0, not 100" in capsys.readouterr().err
    # a run that was killed while it wrote
    (out / "evaluation.json").unlink()
    assert main(command(home, out)) == 1
    assert "give --overwrite" in capsys.readouterr().err
    assert main(command(home, out, "--resume")) == 0
    assert (out / "evaluation.json").exists()


def test_a_cluster_gives_the_same(home, tmp_path):
    assert main(command(home, tmp_path / "here")) == 0
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(host="127.0.0.1", **settings) as cluster:
        address = cluster.scheduler_address
        assert main(command(home, tmp_path / "there", "--dask", address)) == 0
    for there, here in zip(tables(tmp_path / "there"), tables(tmp_path / "here"), strict=True):
        pd.testing.assert_frame_equal(there, here)


def test_no_cluster(home, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sklearn_neurofuse.cli._workers._PATIENCE", 1)
    assert main(command(home, tmp_path / "out", "--dask", "tcp://127.0.0.1:9")) == 1
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr("sklearn_neurofuse.cli._workers.find_spec", lambda name: None)
    assert main(command(home, tmp_path / "out", "--dask", "tcp://127.0.0.1:9")) == 1
    assert "pip install 'sklearn-neurofuse[distributed]'" in capsys.readouterr().err
