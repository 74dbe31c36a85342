"""A BIDS dataset on the command line: planned, checked, evaluated, predicted."""

import json

import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse import Multimodal, Recordings
from sklearn_neurofuse.cli import main
from sklearn_neurofuse.cli._chains import DEFAULTS, make_chain, read_config, steps_of
from sklearn_neurofuse.cli._check_findings import judge
from sklearn_neurofuse.cli._check_pitfalls import find_pitfalls
from sklearn_neurofuse.datasets import load_bids, simulate_eeg_fmri
from sklearn_neurofuse.fmri import SpatialSmoother

CONFIG = """
[[fmri]]
step = "SpatialSmoother"
fwhm = 12.0
[[fmri]]
step = "VolumeWindow"
tmin = 3.0
tmax = 8.0
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


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Write a small dataset of four people with little noise, and its configuration."""
    folder = tmp_path_factory.mktemp("bids")
    off = ("gradient", "motion", "pulse", "ocular", "muscle", "bad_channels")
    simulate_eeg_fmri(
        n_subjects=4,
        n_volumes=50,
        volume_shape=(12, 14, 8),
        n_channels=8,
        sfreq=200.0,
        motion=False,
        eeg=dict.fromkeys(off, False),
        design={"bayes_accuracy": 0.95},
        write_bids=folder / "ds",
        random_state=0,
    )
    (folder / "pipeline.toml").write_text(CONFIG, "utf-8")
    return folder


def options(home):
    return [str(home / "ds"), "--task", "faces", "--classes", "house,face", "--config",
            str(home / "pipeline.toml")]  # fmt: skip


def test_a_plan_reads_no_data(home, capsys):
    assert main(["evaluate", *options(home), "--plan"]) == 0
    told = capsys.readouterr().out
    assert "4 runs of 4 subjects, 4 with both modalities" in told
    assert "fmri: SpatialSmoother > VolumeWindow" in told
    assert "4 recordings of 7 minutes in all" in told


def test_recordings_are_evaluated_locked_and_predicted(home, tmp_path, capsys):
    out, lock = tmp_path / "report", tmp_path / "lock"
    command = ["evaluate", *options(home), "--model", "linear", "--cv", "2", "--repeats", "1"]
    assert main([*command, "--out", str(out), "--lock", str(lock)]) == 0
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
    assert main(["predict", str(lock), *options(home), "--out", str(table)]) == 0
    predictions = pd.read_csv(table)
    assert (predictions["predicted"] == predictions["known"]).mean() > 0.9
    other = tmp_path / "other.toml"
    other.write_text(CONFIG.replace("12.0", "6.0"), "utf-8")
    changed = [*options(home)[:-1], str(other)]
    assert main(["predict", str(lock), *changed]) == 1
    assert "came through other steps" in capsys.readouterr().err


def test_every_recording_has_a_page_of_quality(home, tmp_path, capsys):
    assert main(["check", *options(home), "--out", str(tmp_path / "check")]) == 0
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


def test_pitfalls_are_found(home):
    data = load_bids(home / "ds", "faces", classes=["house", "face"])
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


def test_steps_done_before_are_left_out(home):
    data = load_bids(home / "ds", "faces", classes=["house", "face"])
    done = SpatialSmoother(4.0).transform(data.X["fmri"])
    smoothed = Recordings([done.load(0)], [data.events["fmri"][0]], subject=["01"])
    chain, skipped = make_chain(read_config(home / "pipeline.toml"), Multimodal(fmri=smoothed))
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
    ],
)
def test_bad_configurations(tmp_path, text, message):
    path = tmp_path / "bad.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=message):
        read_config(path)


def test_bad_command_lines(home, capsys):
    with pytest.raises(SystemExit):
        main(["evaluate", "nowhere"])
    assert "must be tle, planted or a folder" in capsys.readouterr().err
    assert main(["evaluate", str(home / "ds")]) == 1
    assert "needs --task" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["evaluate", "planted", "--task", "faces"])
    assert "--task belongs to a BIDS dataset" in capsys.readouterr().err
