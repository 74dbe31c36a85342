"""The runner of the benchmarks."""

import csv
import json
import os
from types import SimpleNamespace

import pytest

from benchmarks import __main__ as runner


@pytest.fixture
def fake(monkeypatch):
    """Give a function that puts one benchmark with the given rows in place of the real ones."""

    def install(run):
        monkeypatch.setattr(runner, "find_benchmarks", lambda: ["fake"])
        monkeypatch.setattr(runner, "load", lambda name: SimpleNamespace(run=run))

    return install


def test_prints_one_line_a_figure_ratio_last(fake, tmp_path, capsys):
    fake(lambda smoke: [{"figure": "rows", "ratio": 1.25, "ours_s": 0.5, "n": 10, "smoke": smoke}])
    runner.main(["fake", "--smoke", "--out", str(tmp_path)])
    assert capsys.readouterr().out == (
        "fake  figure=rows  ours_s=0.5  n=10  smoke=True  ratio=1.25\n"
    )


def test_writes_every_column_once(fake, tmp_path, capsys):
    fake(lambda smoke: [{"figure": "a", "ratio": 1.0}, {"figure": "b", "seconds": 2}])
    runner.main(["fake", "--out", str(tmp_path / "new")])
    with (tmp_path / "new" / "fake.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["figure", "seconds", "ratio"], ["a", "", "1.0"], ["b", "2", ""]]


def test_keeps_what_was_measured_before_an_error(fake, tmp_path, capsys):
    def run(smoke):
        yield {"figure": "a"}
        raise RuntimeError("peer crashed")

    fake(run)
    with pytest.raises(RuntimeError, match="peer crashed"):
        runner.main(["fake", "--out", str(tmp_path)])
    assert (tmp_path / "fake.csv").read_text().split() == ["figure", "a"]


def test_machine_stands_beside_the_figures(fake, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    fake(lambda smoke: [{"figure": "a"}])
    runner.main(["fake", "--smoke", "--out", str(tmp_path)])
    facts = json.loads((tmp_path / "fake.json").read_text())
    assert facts["smoke"] is True
    assert facts["threads"] == "2"
    assert facts["processors"] == os.cpu_count()
    assert {"Python", "numpy", "torch", "sklearn-neurofuse"} <= set(facts["versions"])


def test_no_figures_no_files(fake, tmp_path, capsys):
    fake(lambda smoke: [])
    runner.main(["fake", "--out", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_all_runs_each_once(fake, monkeypatch, tmp_path, capsys):
    fake(lambda smoke: [{"figure": "a"}])
    monkeypatch.setattr(runner, "find_benchmarks", lambda: ["one", "two"])
    runner.main(["all", "one", "--out", str(tmp_path)])
    assert capsys.readouterr().out == "one  figure=a\ntwo  figure=a\n"


def test_unknown_name_is_refused_with_the_known_ones(fake, capsys):
    fake(lambda smoke: [])
    with pytest.raises(SystemExit):
        runner.main(["fkae"])
    assert "'fake'" in capsys.readouterr().err


def test_every_benchmark_can_be_run():
    sources = {
        name: (runner._FOLDER / f"bench_{name}.py").read_text(encoding="utf-8")
        for name in runner.find_benchmarks()
    }
    assert [name for name, source in sources.items() if "\ndef run(smoke" not in source] == []


def test_missing_peer_says_what_to_install(monkeypatch):
    def fail(name):
        raise ModuleNotFoundError("No module named 'peer'", name="peer")

    monkeypatch.setattr(runner.importlib, "import_module", fail)
    with pytest.raises(SystemExit, match=r"needs peer; pip install -r benchmarks/requirements"):
        runner.load("fake")
