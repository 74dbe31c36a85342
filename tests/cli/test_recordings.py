"""A BIDS dataset on the command line: planned, checked, evaluated, predicted."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse import Multimodal, Recordings
from sklearn_neurofuse.cli import main
from sklearn_neurofuse.cli._chains import DEFAULTS, make_chain, read_config, steps_of
from sklearn_neurofuse.cli._check_findings import judge
from sklearn_neurofuse.cli._check_pitfalls import find_pitfalls
from sklearn_neurofuse.cli._units import readable_size, readable_time
from sklearn_neurofuse.datasets import load_bids
from sklearn_neurofuse.fmri import SpatialSmoother
from tests.cli.conftest import CONFIG, command, options


def test_a_plan_tells_runs_times_and_bytes(four, capsys):
    assert main(["evaluate", *options(four), "--plan"]) == 0
    told = capsys.readouterr().out
    assert "4 runs of 4 subjects, 4 with both modalities" in told
    assert "fmri: SpatialSmoother > VolumeWindow" in told
    assert "4 recordings of 6.7 minutes in all" in told
    # what it costs was measured on one of them; nothing is told as zero, however small
    assert (
        len(re.findall(r"one of 1\.\d minutes was read in \d+\.\d+ s: all take about", told)) == 2
    )
    assert "then 50 fits of each model" in told
    assert not re.search(r"\b0\.0+ (GB|MB|kB|hours|minutes|s)\b", told)
    samples = 4 * 12 * 14 * 8
    told_samples = [line for line in told.splitlines() if "of samples" in line]
    n = len(load_bids(four / "ds", "faces", classes=["house", "face"]).target)
    assert f"and give {readable_size(n * samples)} of samples" in told_samples[0]


def test_a_plan_tells_the_search_and_the_faults_of_a_grid(four, tmp_path, capsys):
    config = tmp_path / "grid.toml"
    config.write_text(
        f"{CONFIG}[grid]\neeg.Epocher.tmax = [0.2, 0.5]\nmodel.C = [0.1, 1]\n", "utf-8"
    )
    command = ["compare", *options(four, config), "--cv", "2", "--repeats", "3", "--plan"]
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "then 6 fits of each model, each a search of 4 settings in 2 folds" in told
    assert "steps run 2 times" in told
    config.write_text(f"{CONFIG}[grid]\neeg.Epocher.tmx = [0.2, 0.5]\n", "utf-8")
    assert main(command) == 1
    assert "did you mean 'tmax'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("size", "seconds", "told"),
    [(3_000_000, 9000, ("3.0 MB", "2.5 hours")), (999, 0.012, ("999 bytes", "0.01 s")),
     (12_345, 59.9, ("12.3 kB", "59.9 s")), (2e10, 90, ("20.0 GB", "1.5 minutes"))],
)  # fmt: skip
def test_units(size, seconds, told):
    assert (readable_size(size), readable_time(seconds)) == told


def test_recordings_are_evaluated_locked_and_predicted(four, tmp_path, capsys):
    out, lock = tmp_path / "report", tmp_path / "lock"
    assert (
        main(command(four, "evaluate", "--model", "linear", "--out", str(out), "--lock", str(lock)))
        == 0
    )
    told = capsys.readouterr().out
    assert "linear fmri+eeg" in told
    models = pd.read_csv(out / "models.csv")
    reached = models[models["metric"] == "roc_auc"].set_index("model")["estimate"]
    assert reached["linear fmri+eeg"] > 0.55
    page = (out / "report.html").read_text("utf-8")
    assert "fmri: what goes along with the decision" in page
    assert 'src="http' not in page
    assert json.loads((out / "evaluation.json").read_text("utf-8"))["command"]["task"] == "faces"
    table = tmp_path / "predictions.csv"
    assert main(["predict", str(lock), *options(four), "--out", str(table)]) == 0
    predictions = pd.read_csv(table)
    assert (predictions["predicted"] == predictions["known"]).mean() > 0.9
    other = tmp_path / "other.toml"
    other.write_text(CONFIG.replace("12.0", "6.0"), "utf-8")
    assert main(["predict", str(lock), *options(four, other)]) == 1
    assert "came through other steps" in capsys.readouterr().err


def test_every_recording_has_a_page_of_quality(four, tmp_path, capsys):
    assert main(["check", *options(four), "--out", str(tmp_path / "check")]) == 0
    assert "4 recordings" in capsys.readouterr().out
    pages = sorted(path.name for path in (tmp_path / "check").glob("*.html"))
    assert pages == ["index.html", *[f"recording-{i:03d}.html" for i in range(4)]]
    page = (tmp_path / "check" / "recording-002.html").read_text("utf-8")
    assert "drift of the clocks" in page
    assert "Spectrum before and after" in page
    assert "Alpha power against BOLD" in page


@pytest.mark.parametrize(
    ("value", "amber", "red", "colour"),
    [(0.1, 1, 3, "green"), (2, 1, 3, "amber"), (3, 1, 3, "red"), (0.9, 0.95, 0.85, "amber"),
     (0.99, 0.95, 0.85, "green"), (5, None, None, ""), (np.nan, 1, 3, "")],
)  # fmt: skip
def test_colours_follow_the_limits(value, amber, red, colour):
    assert judge(value, amber, red) == colour


def test_pitfalls_are_found(four):
    data = load_bids(four / "ds", "faces", classes=["house", "face"])
    X = type("Arrays", (), {"present": np.ones((len(data.target), 2), bool)})
    assert find_pitfalls(data, X) == []
    lacking = np.ones((len(data.target), 2), bool)
    lacking[data.target == 1, 1] = np.arange(np.sum(data.target == 1)) % 2 == 0
    assert "lack a modality" in find_pitfalls(data, type("A", (), {"present": lacking}))[0]
    data.target = np.sort(data.target)
    assert any("blocks" in text or "one class only" in text for text in find_pitfalls(data, X))


def test_defaults_name_steps_that_there_are():
    for level, config in DEFAULTS.items():
        for name, steps in config.items():
            assert {entry["step"] for entry in steps} <= set(steps_of(name)), level


def test_steps_done_before_are_left_out(four):
    data = load_bids(four / "ds", "faces", classes=["house", "face"])
    done = SpatialSmoother(4.0).transform(data.X["fmri"])
    smoothed = Recordings([done.load(0)], [data.events["fmri"][0]], subject=["01"])
    chain, skipped = make_chain(read_config(four / "pipeline.toml"), Multimodal(fmri=smoothed))
    assert [type(step).__name__ for _, step in chain.transformers[0][1].steps] == ["VolumeWindow"]
    assert skipped == ["SpatialSmoother: done before the recordings came here"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[fmri]]\nstep = 'SpatialSmother'", "did you mean 'SpatialSmoother'"),
        ("[[fmri]]\nstep = 'SpatialSmoother'\nfwmh = 3.0", "did you mean 'fwhm'"),
        ("[[fmri]]\nstep = 'SpatialSmoother'", "must end with its one extractor"),
        ("[fnri]\n", "did you mean 'fmri'"),
        ("[[fmri]\n", "no TOML"),
        ("fmri = 3", "list of steps"),
        ("fmri = ['VolumeWindow']", "must be tables .* with a step, got 'VolumeWindow'"),
        ("[[eeg]]\nstep = 'Epocher'\ntmin = 'a'", "bad.toml: Epocher: tmin must be a number"),
        ("[[fmri]]\nstep = 'SpatialSmoother'\nfwhm = -3", "bad.toml: SpatialSmoother: fwhm must"),
    ],
)
def test_bad_configurations(tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message):
        read_config(path)


BAD_LINES = [
    (["evaluate", "nowhere"], "must be tle, planted or a folder, got 'nowhere'"),
    (["evaluate", "plante"], "did you mean 'planted'?"),
    (["evaluate", "planted", "--task", "faces"], "--task belongs to a BIDS dataset"),
    (["evaluate", "DS", "--task", "faces", "--config", "no.toml"], "there is no file 'no.toml'"),
    (["evaluate", "DS", "--task", "faces", "--derivatives", "no"], "there is no folder 'no'"),
    (["check", "planted", "--out", "x"], "must be the folder of a BIDS dataset, got 'planted'"),
    (["predict", "lock", "nowhere"], "must be the folder of a BIDS dataset, got 'nowhere'"),
    (["check", "DS", "--out", "x", "--plan"], "unrecognized arguments: --plan"),
]


@pytest.mark.parametrize(("args", "message"), BAD_LINES)
def test_bad_command_lines(four, capsys, args, message):
    with pytest.raises(SystemExit, match="2"):
        main([str(four / "ds") if each == "DS" else each for each in args])
    assert message in capsys.readouterr().err


def test_a_task_is_needed(four, capsys):
    assert main(["evaluate", str(four / "ds")]) == 1
    assert "needs --task" in capsys.readouterr().err
