"""What the page of quality says of clocks and of the template."""

import mne
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
    step_findings,
)
from sklearn_neurofuse.cli._check_lag import alpha_peak, lag_findings, search_lag
from sklearn_neurofuse.cli._check_pictures import draw
from sklearn_neurofuse.cli._check_pitfalls import find_pitfalls, movement_of
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.fmri import TemplateNormalizer
from sklearn_neurofuse.fmri._template import load_template


def clock(peak, peak_lag, p_value, t_r=2.0, region=True, reasons=()):
    found = Bunch(peak=peak, peak_lag=peak_lag, p_value=p_value)
    return Bunch(found=found, t_r=t_r, region=region, reasons=list(reasons))


@pytest.mark.parametrize(
    ("t_r", "peak_lag", "colour"),
    [(2.0, 2.5, "green"), (2.0, -3.0, "amber"), (2.0, 4.0, "red"), (3.0, 4.0, "green"),
     (3.0, 4.5, "amber"), (3.0, -6.0, "red"), (0.8, 1.6, "green"), (0.8, 2.0, "amber"),
     (0.8, 3.0, "red")],
)  # fmt: skip
def test_clocks_that_are_apart_are_told_in_volumes(t_r, peak_lag, colour):
    (finding,) = lag_findings(clock(-0.4, peak_lag, 0.001, t_r), 5)
    assert finding.colour == colour
    assert finding.title == "alpha power and occipital BOLD"
    assert f"correlation -0.40 at {peak_lag:+g} s" in finding.value


def test_the_other_sign_is_told():
    (finding,) = lag_findings(clock(0.4, 0.5, 0.001), 1)
    assert (finding.colour, finding.reason[:20]) == ("amber", "negative is expected")
    # of the strongest voxels of a whole brain there is no sign
    (finding,) = lag_findings(clock(0.4, 0.5, 0.001, region=False), 1)
    assert finding.colour == "green"


def test_one_of_many_recordings_is_not_blamed_by_chance():
    assert lag_findings(clock(-0.5, -8.5, 0.03), 1)[0].colour == "red"
    assert lag_findings(clock(-0.5, -8.5, 0.03), 5)[0].colour == ""


def test_without_both_modalities_no_lag_is_told():
    assert search_lag({}) is None
    assert lag_findings(None, 1) == []


def eeg(seconds, alpha=0.0):
    """Give noise with a power law, and alpha beside it."""
    sfreq, rng = 100.0, np.random.default_rng(0)
    times = np.arange(int(seconds * sfreq)) / sfreq
    noise = np.cumsum(rng.normal(size=(2, len(times))), axis=1)
    data = 1e-6 * (noise + alpha * np.sin(2 * np.pi * 10 * times))
    return mne.io.RawArray(data, mne.create_info(["O1", "O2"], sfreq, "eeg"), verbose="error")


def test_it_is_told_why_no_lag_is_told(rng):
    run = BoldRun(nib.Nifti1Image(rng.random((4, 4, 4, 40)).astype(np.float32), np.eye(4)), t_r=2.0)
    found = search_lag({"fmri": (run, run, []), "eeg": (None, eeg(90), [])})
    (finding,) = lag_findings(found, 1)
    assert (finding.value, finding.colour) == ("no lag told", "")
    assert finding.reason == "the EEG has no markers of volumes"
    told = clock(-0.1, 1.0, 0.4, reasons=["too few volumes, 40", "a short run"])
    (finding,) = lag_findings(told, 2)
    assert finding.value == "no lag told, p = 0.4"
    assert finding.reason == "too few volumes, 40; a short run; told up to p = 0.025"


def test_alpha_stands_out_or_does_not():
    assert alpha_peak(eeg(60)) < 1.0
    assert alpha_peak(eeg(60, alpha=3.0)) > 3.0


@pytest.fixture(scope="module")
def coupled():
    """Make a run of 20 minutes with clean EEG, and bring it to the template."""
    off = ("gradient", "motion", "pulse", "ocular", "muscle", "bad_channels", "amplifier")
    made = simulate_eeg_fmri(
        n_subjects=1,
        n_volumes=600,
        volume_shape=(16, 20, 12),
        n_channels=8,
        sfreq=200.0,
        motion=False,
        eeg=dict.fromkeys(off, False),
        bold={"alpha": 2.0},
        random_state=0,
    )
    run = TemplateNormalizer(resolution=8.0).fit_transform(made.X["fmri"]).load(0)
    return run, made.X["eeg"].load(0)


def test_a_misalignment_of_two_volumes_is_told(coupled):
    run, raw = coupled
    right = search_lag({"fmri": (None, run, []), "eeg": (None, raw, [])})
    assert right.region
    assert not right.reasons
    (finding,) = lag_findings(right, 1)
    assert finding.colour == "green"
    assert right.found.peak < 0
    # all markers two volumes too late
    later = raw.copy()
    notes = raw.annotations
    shift = 2 * run.t_r * np.array(["R128" in each for each in notes.description])
    assert shift.any()
    later.set_annotations(mne.Annotations(notes.onset + shift, notes.duration, notes.description))
    wrong = search_lag({"fmri": (None, run, []), "eeg": (None, later, [])})
    assert wrong.found.peak_lag - right.found.peak_lag == pytest.approx(2 * run.t_r, abs=1.0)
    (finding,) = lag_findings(wrong, 1)
    assert finding.colour == "red"
    # a run that is too short for it
    short = run.replace(img=run.img.slicer[..., :60])
    only = raw.copy().crop(tmax=150)
    (finding,) = lag_findings(search_lag({"fmri": (None, short, []), "eeg": (None, only, [])}), 1)
    assert finding.colour == ""


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
    found = Bunch(
        lags=np.arange(-5, 6.0), r=np.cos(np.arange(-5, 6.0)), peak_lag=0.0, peak=1.0,
        threshold=0.3, p_value=0.02,
    )  # fmt: skip
    pictures = dict(draw({"fmri": (run, run, [step])}, Bunch(found=found)))
    assert list(pictures) == ["On the template", "Alpha power against BOLD"]
    assert all(png.startswith(b"\x89PNG") for png in pictures.values())
