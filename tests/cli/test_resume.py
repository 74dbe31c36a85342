"""Runs that were killed, runs that are finished, and runs on a cluster."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import distributed
import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse.cli import main
from tests.cli.conftest import CONFIG, command

TABLES = ("evaluation.csv", "models.csv", "predictions.csv")


def tables(folder):
    return [pd.read_csv(folder / name) for name in TABLES]


def check_same(killed, whole):
    """See that two folders hold the same figures; times differ, and what names folders."""
    for name in TABLES:
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    one, other = (
        json.loads((folder / "evaluation.json").read_text("utf-8")) for folder in (killed, whole)
    )
    for part in (
        "figures",
        "criteria",
        "groups",
        "confounds",
        "curves",
        "comparison",
        "differences",
        "statements",
    ):
        assert one[part] == other[part], part


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_like_one_that_was_not(noisy, tmp_path, rng):
    assert main(command(noisy, "evaluate", "--out", str(tmp_path / "whole"))) == 0
    cache = {"NEUROFUSE_CACHE": str(tmp_path / "cache")}
    start = [sys.executable, "-m", "sklearn_neurofuse"]
    again = [*start, *command(noisy, "evaluate", "--out", str(tmp_path / "killed"), "--resume")]
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
    check_same(tmp_path / "killed", tmp_path / "whole")


class Demo:
    """The demonstration in a process of its own, and how far it has come."""

    def __init__(self, out, cache):
        self.out, self.cache = out, cache
        command = ["demo", "--out", str(out), "--subjects", "3", "--model", "linear", "--jobs", "1"]
        environment = os.environ | {"NEUROFUSE_CACHE": str(cache)}
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sklearn_neurofuse", *command],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    @property
    def n_read(self):
        """Number of results in the cache."""
        return len(list(self.cache.glob("*/*.nf")))

    def wait(self, until):
        """Wait for something, or for the end; give the seconds since the start."""
        while self.process.poll() is None and not until():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.05)
        return time.monotonic() - self.start

    def kill(self, after=0.0):
        """Kill it so many seconds later, unless it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(after)
        self.process.kill()
        return self.process.wait()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_demonstration_killed_ten_times_ends_like_one_that_was_not(tmp_path, rng):
    whole = Demo(tmp_path / "whole", tmp_path / "cache-whole")
    simulated = whole.wait((tmp_path / "whole" / "bids").exists)
    assert whole.process.wait() == 0
    n_read = whole.n_read
    out, cache = tmp_path / "killed", tmp_path / "cache-killed"
    # while people are simulated, while recordings are read, and while models are fitted
    waits = [(0, simulated * share) for share in rng.uniform(0.2, 0.9, 2)]
    waits += [(n, rng.uniform(0, 1)) for n in np.sort(rng.integers(1, n_read, 5))]
    waits += [(n_read, rng.uniform(0, 12)) for _ in range(3)]
    n_killed = 0
    for n, after in waits:
        demo = Demo(out, cache)
        demo.wait(lambda demo=demo, n=n: demo.n_read >= n)
        n_killed += demo.kill(after) == -signal.SIGKILL
    assert n_killed >= 8
    last = Demo(out, cache)
    assert last.process.wait() == 0
    check_same(out, tmp_path / "whole")
    assert not list(out.glob(".*"))


def test_a_demonstration_does_not_take_other_people(tmp_path, capsys, monkeypatch):
    def simulate(args, folder):
        folder.mkdir()

    monkeypatch.setattr("sklearn_neurofuse.cli._demo.simulate", simulate)
    monkeypatch.setattr("sklearn_neurofuse.cli._demo.main", lambda command: 0)
    left = tmp_path / ".bids-left"
    left.mkdir()
    demo = ["demo", "--out", str(tmp_path), "--seed", "3"]
    assert main(demo) == 0
    assert not left.exists()
    assert main(demo) == 0
    for other in (["--seed", "4"], ["--seed", "3", "--subjects", "4"]):
        assert main([*demo[:3], *other]) == 1
        assert "simulated with other settings" in capsys.readouterr().err


def test_what_is_finished_is_not_done_again(noisy, tmp_path, capsys):
    out = tmp_path / "report"
    assert main(command(noisy, "evaluate", "--out", str(out))) == 0
    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    capsys.readouterr()
    assert main(command(noisy, "evaluate", "--out", str(out), "--resume")) == 0
    assert "holds all results already" in capsys.readouterr().out
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == before
    assert main(command(noisy, "evaluate", "--out", str(out), "--resume", "--seed", "1")) == 1
    assert "results of another command, with seed 0, not 1" in capsys.readouterr().err
    assert (
        main(command(noisy, "evaluate", "--out", str(out), "--resume", "--permutations", "100"))
        == 1
    )
    assert "with permutations 0, not 100" in capsys.readouterr().err
    # a run that was killed while it wrote
    (out / "evaluation.json").unlink()
    assert main(command(noisy, "evaluate", "--out", str(out))) == 1
    assert "give --overwrite" in capsys.readouterr().err
    assert main(command(noisy, "evaluate", "--out", str(out), "--resume")) == 0
    assert (out / "evaluation.json").exists()


def change_smoothing(home):
    path = home / "pipeline.toml"
    path.write_text(CONFIG.replace("12.0", "6.0"), "utf-8")


def add_grid(home):
    with (home / "pipeline.toml").open("a", encoding="utf-8") as file:
        file.write("[grid]\nmodel.C = [0.1, 1.0]\n")


def change_values(home):
    path = next(home.rglob("*.eeg"))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def change_labels(home):
    for path in home.rglob("sub-01*events.tsv"):
        text = path.read_text("utf-8").replace("house", "other").replace("face", "house")
        path.write_text(text.replace("other", "face"), "utf-8")


def drop_a_person(home):
    shutil.rmtree(home / "ds" / "sub-03")


CHANGES = [
    (change_smoothing, "results of other steps"),
    (add_grid, "results of other steps"),
    (change_values, "results of other data"),
    (change_labels, "results of other data"),
    (drop_a_person, "results of other data"),
]


@pytest.fixture(scope="module")
def finished(noisy, tmp_path_factory):
    """Give a folder with a dataset and its results."""
    home = shutil.copytree(noisy, tmp_path_factory.mktemp("finished") / "home")
    assert main(command(home, "evaluate", "--out", str(home / "out"))) == 0
    return home


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_results_of_other_steps_or_data_are_not_taken_for_these(
    finished, tmp_path, capsys, change, message
):
    # the same place, since files are told by it
    kept = shutil.copytree(finished, tmp_path / "kept")
    resumed = command(finished, "evaluate", "--out", str(finished / "out"), "--resume")
    try:
        change(finished)
        capsys.readouterr()
        assert main(resumed) == 1
        assert message in capsys.readouterr().err
    finally:
        shutil.rmtree(finished)
        shutil.copytree(kept, finished)
    assert main(resumed) == 0
    assert "holds all results already" in capsys.readouterr().out


def test_the_name_of_a_configuration_and_its_comments_do_not_count(finished, capsys):
    other = finished / "renamed.toml"
    other.write_text(f"# a comment\n{CONFIG}", "utf-8")
    more = ["--out", str(finished / "out"), "--resume"]
    assert main(command(finished, "evaluate", *more, config=other)) == 0
    assert "holds all results already" in capsys.readouterr().out


def test_results_without_a_fingerprint_are_not_trusted(finished, tmp_path, capsys):
    out = shutil.copytree(finished / "out", tmp_path / "out")
    results = json.loads((out / "evaluation.json").read_text("utf-8"))
    del results["fingerprint"]
    (out / "evaluation.json").write_text(json.dumps(results), "utf-8")
    assert main(command(finished, "evaluate", "--out", str(out), "--resume")) == 1
    assert "results of other steps" in capsys.readouterr().err


def test_a_cluster_gives_the_same(noisy, tmp_path):
    assert main(command(noisy, "evaluate", "--out", str(tmp_path / "here"))) == 0
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(host="127.0.0.1", **settings) as cluster:
        address = cluster.scheduler_address
        assert (
            main(command(noisy, "evaluate", "--out", str(tmp_path / "there"), "--dask", address))
            == 0
        )
    for there, here in zip(tables(tmp_path / "there"), tables(tmp_path / "here"), strict=True):
        pd.testing.assert_frame_equal(there, here)


def test_no_cluster(noisy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sklearn_neurofuse.cli._workers._PATIENCE", 1)
    assert (
        main(
            command(
                noisy, "evaluate", "--out", str(tmp_path / "out"), "--dask", "tcp://127.0.0.1:9"
            )
        )
        == 1
    )
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr("sklearn_neurofuse.cli._workers.find_spec", lambda name: None)
    assert (
        main(
            command(
                noisy, "evaluate", "--out", str(tmp_path / "out"), "--dask", "tcp://127.0.0.1:9"
            )
        )
        == 1
    )
    assert "pip install 'sklearn-neurofuse[distributed]'" in capsys.readouterr().err
