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
from sklearn_neurofuse.cli import _evaluate, _options, main
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
    assert tuple(SOURCES) == (*_options.DATA, _options.BIDS) == tuple(_options.DATA_OPTIONS)
    assert tuple(MODELS) == _options.MODELS


@pytest.mark.parametrize("command", ["evaluate", "compare", "cache", "demo", "check", "predict"])
def test_help_loads_nothing_heavy(command):
    code = (
        "import sys; from sklearn_neurofuse.cli import main\n"
        f"try: main(['{command}', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'sklearn', 'pandas', 'torch'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.endswith("[]\n")
    if command in ("evaluate", "compare"):
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
        (["evaluate"], "DATA"),
        (["evaluate", "tel"], "must be tle, planted or a folder, got 'tel'"),
        (["evaluate", "tle", "--model", "cubic"], "invalid choice: 'cubic'"),
        (["evaluate", "tle", "--cv", "1"], "--cv: must be at least 2, got 1"),
        (["evaluate", "tle", "--repeats", "ten"], "--repeats: invalid integer value: 'ten'"),
        (["evaluate", "tle", "--seed", "-1"], "--seed: must be at least 0, got -1"),
        (["evaluate", "tle", "--seed", str(2**32)], "--seed: must be at most 4294967295"),
        (["evaluate", "tle", "--jobs", "0"], "--jobs: must be 1 or more"),
        (["evaluate", "tle", "--samples", "50"], "--samples belongs to planted, not tle"),
        (["evaluate", "planted", "--data-home", "x"], "--data-home belongs to tle, not planted"),
        (["evaluate", "planted", "--rep", "2"], "unrecognized arguments: --rep 2"),
        (["evaluate", "tle", "--prevalence", "2"], "--prevalence: must be between 0 and 1, got 2"),
        (["evaluate", "tle", "--permutations", "-1"], "--permutations: must be at least 0"),
        (["compare", "tle", "--models", "cubic"], "invalid choice: 'cubic'"),
        (["compare", "tle", "--rope", "small"], "--rope: invalid float value: 'small'"),
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

    monkeypatch.setattr(_evaluate, "evaluate", interrupt)
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
    assert "No confounds come with these data." in lines
    assert "2 x 3-fold cross-validation" in told.out

    folder = tmp_path / "new" / "out"
    figures = pd.read_csv(folder / "models.csv")
    assert list(dict.fromkeys(figures["model"])) == ["linear fmri+eeg", *ROWS[:2], *ROWS[3:]]
    assert (figures["role"] == "model").sum() == (figures["model"] == "linear fmri+eeg").sum()
    whole = pd.read_csv(folder / "evaluation.csv")
    assert set(whole["part"]) == {"figures", "by_class", "predictive_values", "posterior"}
    report = json.loads((folder / "evaluation.json").read_text())
    described = report["command"].pop("description")
    assert "planted" in described.lower()
    assert report["command"] == {
        "command": "evaluate", "data": "planted", "model": "linear", "cv": 3, "repeats": 2,
        "seed": 0, "regime": "both", "samples": 60, "subjects": 12, "accuracy": 0.95,
        "prevalence": None, "permutations": 0, "learning_curve": False, "nested": False,
        "lock": None,
    }  # fmt: skip
    assert report["settings"]["versions"]["sklearn-neurofuse"] == __version__
    assert report["settings"]["data"]["classes"] == {"class_0": 30, "class_1": 30}
    # the baseline to beat is the best of the baselines, and marked on the screen
    reached = figures[figures["metric"] == "roc_auc"].set_index("model")["estimate"]
    best = max(ROWS[3:], key=reached.get)
    assert [line for line in lines if line.startswith(f"{best} * ")]
    assert f"linear fmri+eeg against {best} (baseline to beat): ROC AUC" in told.out
    assert "(better alone): ROC AUC" in told.out
    assert lines[-1].startswith("Clinical criteria: ")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "person-wise fmri" in page

    # every figure follows from the predictions that were written
    predictions = pd.read_csv(folder / "predictions.csv")
    chosen = predictions[predictions["model"] == "linear eeg"]
    assert len(chosen) == 2 * 60
    per_repeat = [accuracy_score(part["target"], part["predicted"])
                  for _, part in chosen.groupby("repeat")]  # fmt: skip
    written = figures.set_index(["model", "metric"]).loc[("linear eeg", "accuracy"), "estimate"]
    assert written == pytest.approx(np.mean(per_repeat))
    for _, part in predictions.groupby(["model", "repeat", "group"]):
        assert part["split"].nunique() == 1


def test_more_of_the_report(tmp_path, capsys):
    more = ["--prevalence", "0.1", "--permutations", "5", "--learning-curve", "--nested",
            "--lock", str(tmp_path / "frozen")]  # fmt: skip
    out = tmp_path / "out"
    assert main([*SMALL, "--repeats", "1", "--out", str(out), *more]) == 0
    report = json.loads((out / "evaluation.json").read_text())
    assert len(report["permutation"]["null"]) == 5
    assert report["nested"]["inflation"] >= 1
    assert {row["share"] for row in report["learning_curve"]} == {0.25, 0.5, 0.75, 1.0}
    assert (tmp_path / "frozen" / "lock.json").exists()
    assert main([*SMALL, "--repeats", "1", *more]) == 1
    assert "a lock is never overwritten" in capsys.readouterr().err


def test_compare(tmp_path, capsys):
    args = ["compare", *SMALL[1:], "--repeats", "1", "--models", "linear", "linear"]
    assert main([*args, "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    lines = told.out.splitlines()
    assert lines[4].startswith("linear fmri+eeg ")
    assert "usion" in lines[-1]
    figures = pd.read_csv(tmp_path / "comparison.csv")
    assert figures.loc[figures["role"] == "model", "model"].unique().tolist() == ["linear fmri+eeg"]
    pairs = pd.read_csv(tmp_path / "pairs.csv")
    n_models = figures["model"].nunique()
    assert len(pairs) == n_models * (n_models - 1) / 2
    written = json.loads((tmp_path / "comparison.json").read_text())
    assert written["command"]["models"] == ["linear", "linear"]
    assert "Comparison of models" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert main([*args, "--out", str(tmp_path)]) == 1
    assert "holds report.html already" in capsys.readouterr().err


def _timeless(path):
    """Read a file without what varies from run to run."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".json":
        return text
    whole = json.loads(text)
    for row in whole["folds"]:
        row.pop("fit_time"), row.pop("predict_time")
    return whole


def test_same_seed_same_files(tmp_path):
    for name, more in (("one", []), ("two", ["--jobs", "2"]), ("other", ["--seed", "1"])):
        assert main([*SMALL, "--repeats", "1", "--out", str(tmp_path / name), *more]) == 0
    for file in ("evaluation.csv", "evaluation.json", "models.csv", "predictions.csv"):
        one, two, other = (_timeless(tmp_path / name / file) for name in ("one", "two", "other"))
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
    figures = pd.read_csv(tmp_path / "models.csv").set_index(["model", "metric"])
    names = list(dict.fromkeys(figures.index.get_level_values(0)))
    assert names == ["linear fmri+eeg", *ROWS[:2], "level", "confounds", *ROWS[4:]]
    report = json.loads((tmp_path / "evaluation.json").read_text())
    assert report["settings"]["data"]["modalities"]["eeg"] == [5, 2278]
    assert report["settings"]["data"]["positive"] == "patient"
    assert {row["confound"] for row in report["confounds"]} >= {"all confounds", "age"}
    eeg = figures.loc[("linear eeg", "roc_auc")]
    assert 0.8 < eeg["estimate"] < 0.96
    assert eeg["low"] < eeg["estimate"] < eeg["high"]
    assert "person-wise" in told.out.split(" against ")[2]
