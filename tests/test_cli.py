"""The command: what it prints, what it writes, and how it fails."""

import io
import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from sklearn_neurofuse import __version__
from sklearn_neurofuse.cli import _evaluate, _main, main
from sklearn_neurofuse.cli._sources import SOURCES
from sklearn_neurofuse.datasets import _fetch
from sklearn_neurofuse.model_selection._baselines import MODELS

SMALL = ["evaluate", "planted", "--samples", "60", "--subjects", "12", "--cv", "3"]
ROWS = ["linear fmri", "linear eeg", "linear fmri+eeg", "level", "person-wise fmri",
        "person-wise eeg", "person-wise fmri+eeg"]  # fmt: skip


def run(*args, **kwargs):
    command = [sys.executable, "-m", "sklearn_neurofuse", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)


def test_what_the_parser_offers_is_there():
    assert tuple(SOURCES) == _main.DATA == tuple(_main.DATA_OPTIONS)
    assert tuple(MODELS) == _main.MODELS


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from sklearn_neurofuse.cli import main\n"
        "try: main(['evaluate', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'sklearn', 'pandas', 'torch'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.endswith("[]\n")
    assert "tle" in told.stdout
    assert "planted" in told.stdout


def test_as_a_module():
    told = run("--version")
    assert (told.returncode, told.stdout, told.stderr) == (0, f"neurofuse {__version__}\n", "")
    assert "evaluate" in run("--help").stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "COMMAND"),
        (["evaluate"], "data"),
        (["evaluate", "tel"], "invalid choice: 'tel'"),
        (["evaluate", "tle", "--model", "cubic"], "invalid choice: 'cubic'"),
        (["evaluate", "tle", "--cv", "1"], "--cv: must be at least 2, got 1"),
        (["evaluate", "tle", "--repeats", "ten"], "--repeats: invalid integer value: 'ten'"),
        (["evaluate", "tle", "--seed", "-1"], "--seed: must be at least 0, got -1"),
        (["evaluate", "tle", "--seed", str(2**32)], "--seed: must be at most 4294967295"),
        (["evaluate", "tle", "--jobs", "0"], "--jobs: must be 1 or more"),
        (["evaluate", "tle", "--samples", "50"], "--samples belongs to planted, not tle"),
        (["evaluate", "planted", "--data-home", "x"], "--data-home belongs to tle, not planted"),
        (["evaluate", "planted", "--rep", "2"], "unrecognized arguments: --rep 2"),
    ],
)
def test_bad_arguments(args, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(args)
    told = capsys.readouterr()
    assert end.value.code == 2
    assert told.out == ""
    assert message in told.err
    assert len(told.err.splitlines()) == 1
    assert "--help)" in told.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--accuracy", "1.5"], "bayes_accuracy must be in"),
        (["--cv", "30"], "30 folds need as many groups in each class, but class 0 has 12"),
    ],
)
def test_failures_are_one_line(args, message, capsys):
    assert main([*SMALL, *args]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("neurofuse evaluate: error: ")
    assert message in told.err
    assert len(told.err.splitlines()) == 1
    with pytest.raises(ValueError, match=message):
        main([*SMALL, *args, "--traceback"])


def test_no_data_and_no_network(tmp_path, monkeypatch, capsys):
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setattr(_fetch, "_RETRIES", 0)
    assert main(["evaluate", "tle", "--data-home", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert re.search(r"error: fetch_tle_connectomes: cannot download https://raw\.github", told)
    assert "NEUROFUSE_DATA_HOME" in told
    assert len(told.splitlines()) == 1


def test_interrupted(monkeypatch, capsys):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_evaluate, "predict_out_of_fold", interrupt)
    assert main(SMALL) == 130
    assert capsys.readouterr().err == "neurofuse evaluate: interrupted\n"


def test_planted(tmp_path, capsys):
    assert main([*SMALL, "--repeats", "2", "--out", str(tmp_path / "new" / "out")]) == 0
    told = capsys.readouterr()
    assert told.err == ""  # no progress bar where there is no terminal
    assert told.out.startswith("planted: 60 samples of 12 persons (30 class_0, 30 class_1)\n")
    lines = told.out.splitlines()
    assert [lines[i].split("  ")[0].removesuffix(" *") for i in (4, 5, 6, 8, 9, 10, 11)] == ROWS
    assert re.fullmatch(r"linear fmri( +\d\.\d\d \[\d\.\d\d, \d\.\d\d\]){5}", lines[4])
    assert "No confounds come with these data." in lines[-1]
    assert "2 x 3-fold cross-validation" in told.out

    folder = tmp_path / "new" / "out"
    figures = pd.read_csv(folder / "evaluation.csv")
    assert len(figures) == 7 * 5
    assert figures["kind"].value_counts().to_dict() == {"model": 15, "baseline": 20}
    report = json.loads((folder / "evaluation.json").read_text())
    assert list(report["rows"]) == ROWS
    assert report["settings"] == {
        "command": "evaluate", "data": "planted", "model": "linear", "cv": 3, "repeats": 2,
        "seed": 0, "regime": "both", "samples": 60, "subjects": 12, "accuracy": 0.95,
    }  # fmt: skip
    assert report["versions"]["sklearn-neurofuse"] == __version__
    assert report["data"]["classes"] == {"class_0": 30, "class_1": 30}
    # the baseline to beat is the best of the baselines, and marked on the screen
    best = max(ROWS[3:], key=lambda row: report["rows"][row]["roc_auc"]["estimate"])
    assert report["baseline_to_beat"] == best
    assert [line for line in lines if line.startswith(f"{best} * ")]
    assert f"linear fmri+eeg against {best} (baseline to beat): ROC AUC" in told.out
    assert [pair["row"] for pair in report["differences"]] == ["linear fmri+eeg"] * 2

    # every figure follows from the predictions that were written
    predictions = pd.read_csv(folder / "predictions.csv")
    assert len(predictions) == 7 * 2 * 60
    chosen = predictions[predictions["row"] == "linear eeg"]
    per_repeat = [accuracy_score(part["target"], part["predicted"])
                  for _, part in chosen.groupby("repeat")]  # fmt: skip
    written = report["rows"]["linear eeg"]["accuracy"]["estimate"]
    assert written == pytest.approx(np.mean(per_repeat))
    for _, part in predictions.groupby(["row", "repeat", "group"]):
        assert part["fold"].nunique() == 1


def test_same_seed_same_files(tmp_path):
    for name, more in (("one", []), ("two", ["--jobs", "2"]), ("other", ["--seed", "1"])):
        assert main([*SMALL, "--repeats", "1", "--out", str(tmp_path / name), *more]) == 0
    for file in ("evaluation.csv", "evaluation.json", "predictions.csv"):
        one, two, other = ((tmp_path / name / file).read_text() for name in ("one", "two", "other"))
        assert one == two
        assert one != other


def test_results_are_not_lost(tmp_path, capsys, monkeypatch):
    (tmp_path / "evaluation.json").write_text("older")
    monkeypatch.setitem(SOURCES, "planted", None)  # refused before anything is loaded
    assert main([*SMALL, "--out", str(tmp_path)]) == 1
    assert "holds evaluation.json already; give --overwrite" in capsys.readouterr().err
    assert (tmp_path / "evaluation.json").read_text() == "older"
    assert main([*SMALL, "--out", str(tmp_path / "evaluation.json")]) == 1
    assert "is not a folder" in capsys.readouterr().err
    monkeypatch.undo()
    assert main([*SMALL, "--repeats", "1", "--out", str(tmp_path), "--overwrite"]) == 0
    assert json.loads((tmp_path / "evaluation.json").read_text())


def test_progress_bar_on_a_terminal(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main([*SMALL, "--repeats", "1"]) == 0
    assert "/21 [" in terminal.getvalue()


def test_real_patients(real_data, tmp_path, capsys):
    home = real_data("tle-connectomes").parent
    args = ["evaluate", "tle", "--repeats", "1", "--data-home", str(home)]
    assert main([*args, "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert told.out.startswith("tle: 44 samples of 44 persons (21 control, 23 patient)\n")
    report = json.loads((tmp_path / "evaluation.json").read_text())
    assert list(report["rows"]) == [*ROWS[:4], "confounds", *ROWS[4:]]
    assert report["baseline_to_beat"].startswith("person-wise")
    assert report["data"]["modalities"] == {"fmri": [2278], "eeg": [5, 2278]}
    eeg = report["rows"]["linear eeg"]["roc_auc"]
    assert 0.8 < eeg["estimate"] < 0.96
    assert eeg["low"] < eeg["estimate"] < eeg["high"]
