"""A grid in the configuration: searched inside every training fold, of steps and of the model."""

import json
import re
from hashlib import blake2b
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV

from sklearn_neurofuse.cli import main
from sklearn_neurofuse.cli._chains import make_chain, read_config
from sklearn_neurofuse.cli._grid import chosen_settings, find_grid
from sklearn_neurofuse.datasets import load_bids
from sklearn_neurofuse.model_selection._baselines import model_rows
from tests.cli.conftest import CONFIG, command

# before the second of these windows ends there is no response yet
STEPS = """
[grid]
eeg.Epocher.tmax = [0.5, 0.05]
model.svc.C = [0.01, 1.0]
"""


def searched(home, name, text, *more):
    """Give the arguments with a configuration that has a grid."""
    path = home / f"{blake2b(text.encode()).hexdigest()[:16]}.toml"
    path.write_text(text, "utf-8")
    return command(home, name, *more, config=path)


def test_steps_and_model_are_searched(six, tmp_path, capsys):
    out = tmp_path / "report"
    assert main(searched(six, "evaluate", CONFIG + STEPS, "--out", str(out))) == 0
    told = capsys.readouterr().out
    assert "eeg.epocher.tmax: 0.5 in 2 of 2 fits" in told
    assert "svc.C: " in told
    assert "eeg.epocher.tmax: searched in 3 inner folds of each training fold, for every" in told
    results = json.loads((out / "evaluation.json").read_text("utf-8"))
    chosen = [fold["best modalitytransformer__eeg__epocher__tmax"] for fold in results["folds"]]
    assert chosen == [0.5, 0.5]
    models = pd.read_csv(out / "models.csv")
    assert {"linear fmri", "linear eeg", "linear fmri+eeg", "level"} <= set(models["model"])
    page = (out / "report.html").read_text("utf-8")
    assert "eeg: what goes along with the decision" in page
    # every row beside the model is searched too, where it sees the modality
    table = page.split("What the searches chose")[1].split("</table>")[0]
    assert {"level", "person-wise eeg", "linear eeg"} <= set(re.findall(r"<td>([^<]+)", table))
    assert "person-wise fmri<" not in table


def test_one_value_is_what_stands_there(six, tmp_path):
    one = CONFIG + "[grid]\nfmri.SpatialSmoother.fwhm = [12.0]\n"
    for name, text in (("with", one), ("without", CONFIG)):
        assert main(searched(six, "evaluate", text, "--out", str(tmp_path / name))) == 0
    read = [pd.read_csv(tmp_path / name / "models.csv") for name in ("with", "without")]
    pd.testing.assert_frame_equal(*read)


def test_models_alone_are_searched_on_arrays_and_may_be_locked(six, tmp_path, capsys):
    text = CONFIG + "[grid]\nmodel.C = [0.001, 1.0]\n"
    lock = tmp_path / "lock"
    assert main(searched(six, "evaluate", text, "--lock", str(lock))) == 0
    given = searched(six, "predict", text)
    given = ["predict", str(lock), *given[1:-4], "--out", str(tmp_path / "predicted.csv")]
    assert main(given) == 0
    predicted = pd.read_csv(tmp_path / "predicted.csv")
    assert (predicted["predicted"] == predicted["known"]).mean() > 0.8
    open_steps = searched(six, "evaluate", CONFIG + STEPS, "--lock", str(tmp_path / "other"))
    assert main(open_steps) == 1
    assert "--lock needs one setting of each step" in capsys.readouterr().err


def test_models_are_compared_each_with_its_search(six, tmp_path, capsys):
    text = CONFIG + "[grid]\neeg.Epocher.tmax = [0.5, 0.05]\n"
    out = tmp_path / "compared"
    more = ["--models", "linear", "cca", "--out", str(out)]
    assert main(searched(six, "compare", text, *more)) == 0
    told = capsys.readouterr().out
    assert "eeg.epocher.tmax: searched in 3 inner folds" in told
    assert "linear fmri+eeg: eeg.epocher.tmax: 0.5 in 2 of 2 fits" in told
    assert "cca fmri+eeg: eeg.epocher.tmax: " in told
    folds = pd.DataFrame(json.loads((out / "comparison.json").read_text("utf-8"))["folds"])
    chosen = folds.set_index("model")["best modalitytransformer__eeg__epocher__tmax"]
    # what is beside the models is behind the same searched steps, where it sees them
    assert chosen["linear eeg"].tolist() == [0.5, 0.5]
    assert chosen["person-wise eeg"].notna().all()
    assert chosen[["majority", "linear fmri", "person-wise fmri"]].isna().all()
    assert "What the searches chose" in (out / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("fnri.SpatialSmoother.fwhm = [1.0]", "must begin with one of .*did you mean 'fmri'"),
        ("fmri.SpatialSmother.fwhm = [1.0]", "did you mean 'SpatialSmoother'"),
        ("fmri.SpatialSmoother.fwmh = [1.0]", "did you mean 'fwhm'"),
        ("fmri.fwhm = [1.0]", "must be of the form fmri.Step.parameter"),
        ("fmri.SpatialSmoother.fwhm = 1.0", "must be a list of values, got 1.0"),
        ("fmri.SpatialSmoother.fwhm = []", "must be a list of values"),
        ("fmri.SpatialSmoother.fwhm = [4.0, -1.0]", "SpatialSmoother.fwhm: .* fwhm must be"),
        ("eeg.Epocher.tmax = ['late']", "Epocher: tmax must be a number"),
    ],
)
def test_bad_grids(six, tmp_path, line, message):
    path = tmp_path / "bad.toml"
    path.write_text(f"{CONFIG}[grid]\n{line}\n", "utf-8")
    data = load_bids(six / "ds", "faces", classes=["house", "face"])
    data.chain = make_chain(read_config(path), data.X)[0]
    with pytest.raises(ValueError, match=message):
        find_grid(SimpleNamespace(config=path, cv=2, lock=None), data)


def test_parameters_of_models_are_found_by_the_end_of_their_names(six, tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(f"{CONFIG}[grid]\nmodel.kernel = ['linear', 'rbf']\n", "utf-8")
    data = load_bids(six / "ds", "faces", classes=["house", "face"])
    data.chain = make_chain(read_config(path), data.X)[0]
    grid = find_grid(SimpleNamespace(config=path, cv=2, lock=None), data)
    *_, model = model_rows("linear", ["fmri", "eeg"]).values()
    search = grid.around(model)
    assert isinstance(search, GridSearchCV)
    assert list(search.param_grid) == ["pipeline__svc__kernel"]
    with pytest.raises(ValueError, match="the model has no such parameter"):
        grid.around(model.steps[0][1])
    few = SimpleNamespace(**{**data, "groups": np.repeat(["a", "b"], [10, len(data.target) - 10])})
    with pytest.raises(ValueError, match="two people or more in every training fold"):
        find_grid(SimpleNamespace(config=path, cv=2, lock=None), few)


def test_settings_are_counted():
    folds = pd.DataFrame({"split": [0, 1, 2], "best pipeline__svc__C": [1.0, 1.0, 0.1]})
    assert chosen_settings(folds) == ["svc.C: 1.0 in 2 of 3 fits, 0.1 in 1 of 3 fits"]
