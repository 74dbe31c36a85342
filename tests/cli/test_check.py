"""What the page of quality says of clocks and of the template."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from sklearn_neurofuse import BoldRun
from sklearn_neurofuse.cli._check_findings import (
    Finding,
    count_missed,
    kept_findings,
    lag_findings,
    step_findings,
)
from sklearn_neurofuse.cli._check_pictures import draw, search_lag
from sklearn_neurofuse.cli._check_pitfalls import find_pitfalls, movement_of
from sklearn_neurofuse.fmri import TemplateNormalizer
from sklearn_neurofuse.fmri._template import load_template


@pytest.mark.parametrize(
    ("peak_lag", "p_value", "colour"),
    [(0.5, 0.001, "green"), (-4.5, 0.001, "amber"), (8.0, 0.001, "red"), (8.0, 0.4, "")],
)
def test_clocks_that_are_apart_are_told(peak_lag, p_value, colour):
    found = Bunch(peak=-0.4, peak_lag=peak_lag, p_value=p_value)
    (finding,) = lag_findings(found, 5)
    assert finding.colour == colour
    assert ("no lag told" in finding.value) == (p_value > 0.05)


def test_one_of_many_recordings_is_not_blamed_by_chance():
    found = Bunch(peak=0.5, peak_lag=-8.5, p_value=0.03)
    assert lag_findings(found, 1)[0].colour == "red"
    assert lag_findings(found, 5)[0].colour == ""


def test_without_both_modalities_no_lag_is_told():
    assert search_lag({}) is None
    assert lag_findings(None, 1) == []


def test_beats_that_were_missed_are_counted():
    beats = np.delete(np.arange(0, 100, 0.9), [20, 50, 51])
    assert count_missed(np.arange(0, 100, 0.9)) == 0
    assert count_missed(beats) == 3
    pulse = {"PulseArtifactRemover": {"beats": beats, "heart_rate": 66.7}}
    found = {f.title: f for f in step_findings(pulse)}
    assert found["missed beats"].colour == "amber"
    assert found["heart rate"].colour == "green"
    pulse["PulseArtifactRemover"]["heart_rate"] = 160.0
    assert step_findings(pulse)[0].colour == "red"


def test_every_judgement_has_its_reason():
    (found,) = step_findings({"GradientArtifactRemover": {"saturated": ["Fp1", "Oz"]}})
    assert found == Finding("saturated channels", "2: Fp1, Oz", "amber", "amber from 1, red from 3")
    (found,) = step_findings({"MotionCorrector": {"tsnr_after": 30.0}})
    assert (found.colour, found.reason) == ("amber", "amber at most 40, red at most 20")


def test_samples_kept_of_each_class():
    target = np.array([0] * 10 + [1] * 10)
    kept = np.ones(20, bool)
    kept[10:14] = False
    one, other = kept_findings(kept, target, ["house", "face"])
    assert (one.value, one.colour) == ("10 of 10", "green")
    assert (other.title, other.value, other.colour) == ("kept of face", "6 of 10", "red")


def test_movement_while_a_trial_is_measured():
    img = nib.Nifti1Image(np.zeros((2, 2, 2, 10), np.float32), np.eye(4))
    moved = pd.DataFrame({"framewise_displacement": [np.nan, 0, 0, 0, 0, 1, 1, 1, 1, 1.0]})
    run = BoldRun(img, t_r=2.0, confounds=moved)
    assert movement_of(run, np.array([0.0, 10.0])).tolist() == [0.0, 1.0]
    assert movement_of(run, np.array([np.nan])).tolist() == [0.5]
    assert np.isnan(movement_of(BoldRun(img, t_r=2.0), np.array([0.0]))).all()


def study(target, groups):
    target, groups = np.array(target), np.array(groups)
    block = Bunch(table=pd.DataFrame(index=range(len(target))), recording=groups)
    X = Bunch(fmri=block, modalities=("fmri",))
    return Bunch(target=target, groups=groups, target_names=["house", "face"], X=X)


def test_heads_that_move_with_the_class_are_told(rng):
    data = study([0, 1, 1, 0] * 20, np.repeat(range(4), 20))
    whole = Bunch(present=np.ones((80, 1), bool))
    # recordings may differ: only what goes along with the class counts
    noise = rng.random(80) + 5 * data.groups
    assert find_pitfalls(data, whole, noise) == []
    assert find_pitfalls(data, whole, noise + data.target) == [
        "heads move more in one class than in another"
    ]
    people = study([0] * 10 + [1] * 10, range(20))
    whole = Bunch(present=np.ones((20, 1), bool))
    assert any("move more" in one for one in find_pitfalls(people, whole, np.arange(20.0)))


def test_groups_of_one_subject_are_told():
    whole = Bunch(present=np.ones((6, 1), bool))
    (told,) = find_pitfalls(study([0, 0, 0, 0, 1, 1], [1, 1, 2, 2, 3, 3]), whole)
    assert told == "all samples of face are of one subject: who it is tells the class"
    (told,) = find_pitfalls(study([0, 1, 0, 1, 0, 1], [1] * 6), whole)
    assert "one subject only" in told


def test_a_run_is_shown_on_the_template():
    template = load_template("MNI152", 6.0)
    data = np.repeat(template.data[..., None], 2, axis=3)
    run = BoldRun(nib.Nifti1Image(data, template.affine), t_r=2.0)
    step = TemplateNormalizer(resolution=6.0)
    clock = Bunch(
        lags=np.arange(-5, 6.0), r=np.cos(np.arange(-5, 6.0)), peak_lag=0.0, peak=1.0,
        threshold=0.3, p_value=0.02,
    )  # fmt: skip
    pictures = dict(draw({"fmri": (run, run, [step])}, clock))
    assert list(pictures) == ["On the template", "Alpha power against BOLD"]
    assert all(png.startswith(b"\x89PNG") for png in pictures.values())
