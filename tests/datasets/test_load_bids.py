"""`load_bids` on trees written by hand: pairing, one clock, and what is wrong with datasets."""

import json

import mne
import numpy as np
import pytest

from sklearn_neurofuse import BoldRun, config_context
from sklearn_neurofuse.datasets import load_bids
from sklearn_neurofuse.eeg._triggers import find_markers
from sklearn_neurofuse.exceptions import MissingSamplesWarning
from tests.datasets.bids_tree import (
    LEAD,
    N_VOLUMES,
    SFREQ,
    T_R,
    TRIALS,
    to_eeg,
    trial_markers,
    volume_markers,
    write_bold,
    write_eeg,
    write_events,
    write_participants,
    write_run,
)

ONSETS = np.array([onset for onset, _ in TRIALS])


def load(root, **kwargs):
    return load_bids(root, "fist", **kwargs)


def test_trials_stand_on_both_clocks(tmp_path):
    for subject in ("01", "02"):
        write_run(tmp_path, subject, markers=volume_markers(ppm=60.0))
    data = load(tmp_path)
    assert data.target_names == ["left", "right"]
    assert data.target.tolist() == [0, 1] * 10
    assert data.groups.tolist() == ["01"] * 10 + ["02"] * 10
    np.testing.assert_allclose(data.events["fmri"][0]["onset"], ONSETS)
    np.testing.assert_allclose(data.events["eeg"][1]["onset"], to_eeg(ONSETS, ppm=60.0), atol=2e-3)
    pairs = data.pairs.iloc[0]
    assert (pairs["n_triggers"], pairs["n_lost"], pairs["n_before"]) == (N_VOLUMES, 0, 0)
    assert pairs["offset"] == pytest.approx(LEAD, abs=2e-3)
    run = data.X["fmri"].load(0)
    assert isinstance(run, BoldRun)
    assert (run.t_r, run.slice_times.tolist()) == (T_R, [0.0, 1.0, 0.5, 1.5])
    raw = data.X["eeg"].load(0)
    assert raw.get_channel_types() == ["eeg", "eeg", "eeg", "ecg"]
    assert data.X["eeg"].sources[1].partner.path.endswith("sub-02_task-fist_bold.nii.gz")
    assert len(data.left_out) == 0
    assert "20 samples of 2 subjects" in data.DESCR


@pytest.mark.parametrize(
    ("markers", "sidecar", "figures"),
    [
        (volume_markers(lost=(11,)), {}, {"n_lost": 1}),
        (volume_markers(-2), {"NumberOfVolumesDiscardedByScanner": 2}, {"n_before": 2}),
        (
            [*volume_markers(), (0.3, "Response", "R128"), (1.21, "Response", "R128")],
            {},
            {"n_triggers": N_VOLUMES},
        ),
    ],
    ids=["lost", "dummies", "strays"],
)
def test_what_happened_to_triggers_is_told(tmp_path, markers, sidecar, figures):
    write_run(tmp_path, markers=markers, sidecar=sidecar)
    data = load(tmp_path)
    assert data.pairs.loc[0, list(figures)].to_dict() == figures
    np.testing.assert_allclose(data.events["eeg"][0]["onset"], to_eeg(ONSETS), atol=2e-3)


@pytest.mark.parametrize(("first", "last"), [(1, N_VOLUMES), (0, N_VOLUMES + 1)])
def test_a_doubtful_end_is_refused_unless_events_tell(tmp_path, first, last):
    markers = volume_markers(first, last)
    write_run(tmp_path, markers=markers)
    with pytest.raises(ValueError, match=r"sub-01 .*2 ways as good as each other"):
        load(tmp_path)
    write_run(tmp_path, markers=[*markers, *trial_markers()])
    data = load(tmp_path, eeg_events={"S  1": "left", "S  2": "right"})
    np.testing.assert_allclose(data.events["eeg"][0]["onset"], to_eeg(ONSETS), atol=2e-3)


def test_events_of_the_eeg_serve_where_func_has_none(tmp_path):
    write_run(tmp_path, markers=[*volume_markers(), *trial_markers()], events=False)
    data = load(tmp_path, eeg_events={"S  1": "left", "S  2": "right"})
    np.testing.assert_allclose(data.events["fmri"][0]["onset"], ONSETS, atol=2e-3)
    assert data.target.tolist() == [0, 1] * 5


def test_events_that_disagree_are_an_error(tmp_path):
    person = write_run(tmp_path)
    write_events(person / "eeg" / "sub-01_task-fist_events.tsv", shift=LEAD + 0.3)
    with pytest.raises(ValueError, match=r"events lie \+0\.300 s from the same events"):
        load(tmp_path)


def test_two_scans_in_one_eeg_file_are_cut_apart(tmp_path):
    person = tmp_path / "sub-01"
    second = 2 * LEAD + N_VOLUMES * T_R + 30.0
    markers = [*volume_markers(), *volume_markers(lead=second)]
    write_eeg(person / "eeg", "sub-01_task-fist_eeg", markers, duration=second + 80)
    for run in ("1", "2"):
        stem = f"sub-01_task-fist_run-{run}"
        write_bold(person / "func", stem)
        write_events(person / "func" / f"{stem}_events.tsv")
    data = load(tmp_path)
    assert data.pairs["offset"].to_list() == pytest.approx([LEAD, second], abs=2e-3)
    # of the second the ten seconds before it are kept
    np.testing.assert_allclose(data.events["eeg"][1]["onset"], ONSETS + 10.0, atol=4e-3)
    assert data.X["eeg"].load(19).times[-1] == pytest.approx(10 + N_VOLUMES * T_R + 10, abs=0.1)


def test_without_triggers_events_of_both_link_the_clocks(tmp_path):
    person = write_run(tmp_path, markers=[])
    with pytest.raises(ValueError, match="no volume triggers, and no events"):
        load(tmp_path)
    write_events(person / "eeg" / "sub-01_task-fist_events.tsv", shift=2.5)
    assert load(tmp_path).pairs.loc[0, "offset"] == pytest.approx(2.5)


def test_the_anatomical_image_is_found(tmp_path):
    person = write_run(tmp_path)
    assert load(tmp_path).X["fmri"].load(0).anatomical is None
    write_bold(person / "anat", "sub-01")
    path = (person / "anat" / "sub-01_bold.nii.gz").rename(person / "anat" / "sub-01_T1w.nii.gz")
    assert str(load(tmp_path).X["fmri"].load(0).anatomical) == str(path)


@pytest.mark.parametrize(
    ("direction", "expected"), [("k", [0.0, 1.0, 0.5, 1.5]), ("k-", [1.5, 0.5, 1.0, 0.0])]
)
def test_slice_times_are_those_of_the_slices_of_the_image(tmp_path, direction, expected):
    write_run(tmp_path, sidecar={"SliceEncodingDirection": direction})
    run = load(tmp_path).X["fmri"].load(0)
    np.testing.assert_allclose(run.slice_times, expected)
    assert run.slice_time_ref == pytest.approx(0.75 / 2)


def test_slices_along_another_axis_are_never_taken_for_the_third(tmp_path):
    sidecar = {"SliceTiming": [0.0, 0.2, 0.4, 0.6, 0.8, 1.0], "SliceEncodingDirection": "j-"}
    write_run(tmp_path, sidecar=sidecar)
    data = load(tmp_path)
    run = data.X["fmri"].load(0)
    assert run.slice_times is None
    # events still meet the volumes
    assert run.slice_time_ref == pytest.approx(0.25)
    remedy = "slice_times=[1.0, 0.8, 0.6, 0.4, 0.2, 0.0], slice_axis=1"
    assert remedy in data.pairs.loc[0, "notes"]


def test_an_unknown_direction_of_slices(tmp_path):
    write_run(tmp_path, sidecar={"SliceEncodingDirection": "z"})
    with pytest.raises(ValueError, match=r"SliceEncodingDirection must be one of i, i-.*got 'z'"):
        load(tmp_path)


def test_a_subject_without_eeg_lacks_a_modality(tmp_path):
    write_run(tmp_path, "01")
    write_bold(tmp_path / "sub-02" / "func", "sub-02_task-fist")
    write_events(tmp_path / "sub-02" / "func" / "sub-02_task-fist_events.tsv")
    data = load(tmp_path)
    np.testing.assert_array_equal(data.X.present[:, 0], True)
    np.testing.assert_array_equal(data.X.present[:, 1], [True] * 10 + [False] * 10)


def test_one_modality_alone_is_loaded_with_a_warning(tmp_path):
    write_bold(tmp_path / "sub-02" / "func", "sub-02_task-fist")
    write_events(tmp_path / "sub-02" / "func" / "sub-02_task-fist_events.tsv")
    with pytest.warns(MissingSamplesWarning, match="no run has eeg"):
        data = load(tmp_path)
    assert data.X.modalities == ("fmri",)


def test_subjects_are_labelled_by_the_table_of_participants(tmp_path):
    for subject in ("01", "02", "03"):
        write_run(tmp_path, subject)
    write_participants(tmp_path, [("01", "patient"), ("02", "control"), ("03", "n/a")])
    data = load(tmp_path, level="subject", target="group")
    assert data.target_names == ["control", "patient"]
    assert data.target.tolist() == [1, 0]
    assert not data.X["eeg"].per_event
    assert data.left_out["what"].tolist() == ["sub-03"]
    assert data.X["fmri"].table["site"].tolist() == ["A", "A"]
    assert load(tmp_path, classes=["right", "left"], subjects=["sub-02"]).target[0] == 1


def test_results_of_fmriprep_stand_in_for_raw_images(tmp_path):
    raw, derived = tmp_path / "raw", tmp_path / "fmriprep"
    write_run(raw)
    stem = "sub-01_task-fist_space-MNI152NLin2009cAsym_desc-preproc"
    func = derived / "sub-01" / "func"
    write_bold(func, stem, sidecar={"SliceTimingCorrected": True, "StartTime": 0.8})
    rows = "\n".join(["trans_x\tcsf", *["0.1\tn/a"] * N_VOLUMES])
    (func / "sub-01_task-fist_desc-confounds_timeseries.tsv").write_text(rows, encoding="utf-8")
    run = load(raw, derivatives=derived).X["fmri"].load(0)
    assert set(run.done) == {
        "slice_time_corrected",
        "motion_corrected",
        "normalized",
        "space-MNI152NLin2009cAsym",
    }
    assert run.volume_times[0] == pytest.approx(0.8)
    assert run.confounds["trans_x"].eq(0.1).all()
    assert run.path.endswith("desc-preproc_bold.nii.gz")


def test_a_space_of_fmriprep_is_chosen_with_its_resolution(tmp_path):
    raw, derived = tmp_path / "raw", tmp_path / "fmriprep"
    write_run(raw)
    func = derived / "sub-01" / "func"
    spaces = ("T1w", "MNI152Lin_res-1", "MNI152Lin_res-2", "MNI152NLin6Asym_res-2")
    for space in spaces:
        write_bold(func, f"sub-01_task-fist_space-{space}_desc-preproc")
    (func / "sub-01_task-fist_desc-confounds_regressors.tsv").write_text(
        "\n".join(["trans_x", *["0.1"] * N_VOLUMES]), encoding="utf-8"
    )

    def chosen(space):
        return load(raw, derivatives=derived, space=space).X["fmri"].load(0)

    assert chosen("MNI152Lin:res-2").path.endswith("MNI152Lin_res-2_desc-preproc_bold.nii.gz")
    run = chosen("MNI152NLin6Asym")
    assert run.done == ("motion_corrected", "normalized", "space-MNI152NLin6Asym")
    # what lies in the person's own space still is to be normalised
    assert chosen("T1w").done == ("motion_corrected",)
    # the name of the table before fMRIPrep 20.2
    assert run.confounds["trans_x"].eq(0.1).all()
    with pytest.raises(ValueError, match="spaces MNI152Lin:res-1, MNI152Lin:res-2; choose"):
        chosen("MNI152Lin")
    with pytest.raises(ValueError, match=r"space must be one of .*T1w, got 'T2w'; did you mean"):
        chosen("T2w")


@pytest.mark.parametrize("name", ["Stimulus/S  9", "S  9"])
def test_a_trigger_of_any_name_is_known_to_all_steps(tmp_path, name):
    markers = [(onset, "Stimulus", "S  9") for onset, *_ in volume_markers()]
    write_run(tmp_path, markers=markers + trial_markers())
    with pytest.raises(ValueError, match=r"'Stimulus/S  9' \(30\).* tell by trigger"):
        load(tmp_path)
    data = load(tmp_path, trigger=name)
    assert data.pairs["n_triggers"].tolist() == [N_VOLUMES]
    found = find_markers(data.X["eeg"].load(0), "auto")
    np.testing.assert_allclose(found.points / SFREQ, to_eeg(T_R * np.arange(N_VOLUMES)))


def test_markers_of_the_kind_volume_are_triggers(tmp_path):
    write_run(tmp_path, markers=[(onset, "Volume", "V  1") for onset, *_ in volume_markers()])
    assert load(tmp_path).pairs["n_triggers"].tolist() == [N_VOLUMES]


def test_a_format_without_places_gets_those_of_the_names(tmp_path, monkeypatch):
    def read_without_places(*args, **kwargs):
        raw = read_raw(*args, **kwargs)
        # the readers of some formats give a montage with places that are not known
        places = dict.fromkeys(raw.ch_names, np.full(3, np.nan))
        return raw.set_montage(mne.channels.make_dig_montage(places, coord_frame="head"))

    write_run(tmp_path)
    read_raw = mne.io.read_raw
    monkeypatch.setattr("mne.io.read_raw", read_without_places)
    raw = load(tmp_path).X["eeg"].load(0)
    assert np.isfinite(raw.get_montage().get_positions()["ch_pos"]["Cz"]).all()


def test_a_run_is_a_number_however_it_is_written(tmp_path):
    for run in range(1, 11):
        person = write_run(tmp_path, run=run)
        for path in sorted((person / "eeg").glob(f"*_run-{run}_eeg.*")):
            text = path.name.replace(f"run-{run}_", f"run-{run:02d}_")
            path.rename(path.with_name(text))
            if path.suffix != ".eeg":
                file = path.with_name(text)
                content = file.read_text(encoding="utf-8")
                content = content.replace(f"run-{run}_eeg", f"run-{run:02d}_eeg")
                file.write_text(content, encoding="utf-8")
    pairs = load(tmp_path).pairs
    assert pairs["run"].tolist() == [str(run) for run in range(1, 11)]
    assert pairs["n_triggers"].tolist() == [N_VOLUMES] * 10


def test_one_recording_of_each_is_a_pair_whoever_has_a_run_number(tmp_path):
    person = write_run(tmp_path, run=1)
    for path in sorted((person / "func").glob("*_run-1_*")):
        path.rename(path.with_name(path.name.replace("_run-1_", "_")))
    pairs = load(tmp_path).pairs
    assert len(pairs) == 1
    assert pairs["n_triggers"].tolist() == [N_VOLUMES]


def trials_as(*labels):
    return [(onset, labels[k % len(labels)]) for k, (onset, _) in enumerate(TRIALS)]


@pytest.mark.parametrize(
    ("tables", "classes", "names", "first"),
    [
        # a gap makes numbers of one run floats, and numbers are sorted by value
        ([(2, 10), (10, "n/a", 2)], None, ["2", "10"], [0, 1]),
        ([(1, 2), (2, 1)], ["2", "1"], ["2", "1"], [1, 0]),
        ([(1, 2), (2, 1)], [2, 1], ["2", "1"], [1, 0]),
        # one run has text, so that the other one's numbers are text too
        ([(1, 2), (1, "rest")], None, ["1", "2", "rest"], [0, 1]),
        ([("True", "False"), ("True", "n/a", "False")], None, ["False", "True"], [1, 0]),
        ([("left", "right"), ("left", "", "NaN", "right")], None, ["left", "right"], [0, 1]),
    ],
)
def test_classes_are_told_by_what_the_table_says(tmp_path, tables, classes, names, first):
    for run, labels in enumerate(tables, 1):
        func = write_run(tmp_path, run=run) / "func"
        write_events(func / f"sub-01_task-fist_run-{run}_events.tsv", trials_as(*labels))
    data = load(tmp_path, classes=classes)
    assert data.target_names == names
    assert data.target[:2].tolist() == first


def test_numbers_of_both_tables_are_compared(tmp_path):
    markers = volume_markers() + [(t, "Stimulus", "S  1") for t, *_ in trial_markers()]
    person = write_run(tmp_path, markers=markers)
    path = person / "func" / "sub-01_task-fist_events.tsv"
    write_events(path, trials_as(1, "n/a", 2))
    data = load(tmp_path, eeg_events={"S  1": "1"})
    assert data.pairs["event_lag"][0] == pytest.approx(0.0, abs=2e-3)
    write_events(path, trials_as(1, "n/a", 2), shift=1.5)
    with pytest.raises(ValueError, match="events lie"):
        load(tmp_path, eeg_events={"S  1": "1"})


def test_names_that_look_like_numbers_stay_names(tmp_path):
    for subject in ("01", "02"):
        write_run(tmp_path, subject)
    rows = ["participant_id\tgrp", "01\t1", "02\t2"]
    (tmp_path / "participants.tsv").write_text("\n".join(rows), encoding="utf-8")
    assert load(tmp_path, level="subject", target="grp").target_names == ["1", "2"]


def unreadable_eeg(root):
    (root / "sub-01/eeg/sub-01_task-fist_eeg.vhdr").write_text("nothing", encoding="utf-8")


def truncated_image(root):
    path = root / "sub-01/func/sub-01_task-fist_bold.nii.gz"
    path.write_bytes(path.read_bytes()[:100])


def no_repetition_time(root):
    path = root / "sub-01/func/sub-01_task-fist_bold.json"
    path.unlink()
    write_bold(path.parent, "sub-01_task-fist", t_r=0.0, sidecar=None)


def another_repetition_time(root):
    path = root / "sub-01/func/sub-01_task-fist_bold.json"
    path.write_text(json.dumps({"RepetitionTime": 1.9}), encoding="utf-8")


def broken_sidecar(root):
    (root / "sub-01/func/sub-01_task-fist_bold.json").write_text("{", encoding="utf-8")


def too_few_triggers(root):
    write_run(root, markers=volume_markers(last=20))


def scattered_triggers(root):
    noise = np.random.default_rng(0).normal(scale=8e-3, size=N_VOLUMES)
    markers = [(t + e, *rest) for (t, *rest), e in zip(volume_markers(), noise, strict=True)]
    write_run(root, markers=markers)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (unreadable_eeg, "cannot be read"),
        (truncated_image, "sub-01"),
        (no_repetition_time, "no sidecar with RepetitionTime"),
        (another_repetition_time, "do not fit|ppm off"),
        (broken_sidecar, "is no JSON object"),
        (too_few_triggers, "20 volume triggers do not fit 30 volumes"),
        (scattered_triggers, "scatter by"),
    ],
)
def test_a_bad_run_is_named_and_the_rest_carried_on(tmp_path, spoil, message):
    for subject in ("01", "02"):
        write_run(tmp_path, subject)
    spoil(tmp_path)
    with pytest.raises(ValueError, match=f"load_bids: sub-01.*({message})"):
        load(tmp_path)
    with (
        config_context(on_error="missing"),
        pytest.warns(MissingSamplesWarning, match="sub-01"),
    ):
        data = load(tmp_path)
    present = data.X.present[data.groups == "01"]
    assert len(present) == 0 or not present.all()
    assert data.X.present[data.groups == "02"].all()
    assert "is missing" in data.pairs.loc[0, "notes"]


def test_several_series_of_one_run_are_left_out(tmp_path):
    write_run(tmp_path, "01")
    write_run(tmp_path, "02")
    for echo in (1, 2):
        write_bold(tmp_path / "sub-01" / "func", f"sub-01_task-fist_echo-{echo}")
    data = load(tmp_path)
    assert data.left_out["why"].str.contains("3 BOLD series").sum() == 3


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"level": "run"}, ValueError, "level"),
        ({"subjects": ["9"]}, ValueError, "subjects must be among 01"),
        ({"target": "side"}, ValueError, "target must be a column of the events"),
        ({"classes": ["left", "rigth"]}, ValueError, "are left, right; got 'rigth'; did you mean"),
        ({"classes": ["left"]}, ValueError, "at least two classes"),
        ({"level": "subject", "target": "group"}, ValueError, "participants.tsv, which has none"),
        ({"channel_types": {"32": "ecg"}}, ValueError, "names 32, which it does not have"),
        ({"derivatives": "nowhere"}, FileNotFoundError, "derivatives"),
        ({"n_dummy": -1}, ValueError, "n_dummy"),
        ({"tolerance": "1"}, TypeError, "tolerance"),
    ],
)
def test_bad_parameters(tmp_path, kwargs, error, message):
    write_run(tmp_path)
    with pytest.raises(error, match=f"load_bids: .*{message}"):
        load(tmp_path, **kwargs)


def test_bad_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder of a dataset"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no BIDS dataset"):
        load(tmp_path)
    write_run(tmp_path)
    with pytest.raises(ValueError, match="task must be one of fist, got 'first'; did you mean"):
        load_bids(tmp_path, "first")
    (tmp_path / "participants.tsv").write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match=r"participants\.tsv is no table"):
        load(tmp_path)


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    write_run(tmp_path)

    def refuse(*args, **kwargs):
        raise PermissionError("not for you")

    monkeypatch.setattr("mne.io.read_raw", refuse)
    with pytest.raises(ValueError, match=r"sub-01.*cannot be read: not for you"):
        load(tmp_path)
