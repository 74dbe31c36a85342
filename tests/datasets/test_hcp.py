"""`load_hcp` on small trees in the layout of the S1200 release."""

import nibabel as nib
import numpy as np
import pytest

from sklearn_neurofuse.datasets import load_hcp

N_VOLUMES = 20
EVS = {"lh": [(1.0, 3.0, 1.0), (9.0, 3.0, 1.0)], "rh": [(5.0, 3.0, 1.0)], "cue": [(0.5, 0.5, 1.0)]}


def write_run(root, subject, name, evs=None):
    folder = root / subject / "MNINonLinear" / "Results" / name
    (folder / "EVs").mkdir(parents=True)
    data = np.random.default_rng(0).normal(100, 1, (4, 5, 3, N_VOLUMES)).astype(np.float32)
    nib.save(nib.Nifti1Image(data, np.eye(4)), folder / f"{name}.nii.gz")
    motion = np.tile([0.1, 0.2, 0.3, 1.0, 2.0, 180.0], (N_VOLUMES, 2))
    np.savetxt(folder / "Movement_Regressors.txt", motion)
    for kind, rows in (evs or {}).items():
        np.savetxt(folder / "EVs" / f"{kind}.txt", np.array(rows))
    return folder


@pytest.fixture
def root(tmp_path):
    for subject in ("100307", "100408", "101107"):
        for way in ("LR", "RL"):
            folder = write_run(tmp_path, subject, f"tfMRI_MOTOR_{way}", EVS)
            (folder / "EVs" / "Sync.txt").write_text("10.2\n", encoding="utf-8")
            (folder / "EVs" / "empty.txt").write_text("", encoding="utf-8")
        write_run(tmp_path, subject, "rfMRI_REST1_LR")
    rows = ["Subject,Family_ID", "100307,A", "100408,A", "101107,B"]
    (tmp_path / "restricted.csv").write_text("\n".join(rows), encoding="utf-8")
    rows = ["Subject,Gender", "100307,F", "100408,M", "101107,"]
    (tmp_path / "behaviour.csv").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


def test_trials_and_families(root):
    data = load_hcp(root, "motor", classes=["lh", "rh"], restricted=root / "restricted.csv")
    assert data.target_names == ["lh", "rh"]
    assert data.target.tolist() == [0, 1, 0] * 6
    assert data.groups.tolist() == ["A"] * 12 + ["B"] * 6
    assert data.events["fmri"][0]["trial_type"].tolist() == ["cue", "lh", "rh", "lh"]
    run = data.X["fmri"].load(0)
    assert run.t_r == 0.72
    assert "normalized" in run.done
    assert run.confounds["rot_z"].iloc[0] == pytest.approx(np.pi)
    assert run.confounds["trans_y_derivative1"].iloc[0] == pytest.approx(0.2)


def test_rest_has_nothing_to_tell_but_the_people(root):
    with pytest.warns(UserWarning, match="twins and siblings"):
        data = load_hcp(root, "rest")
    assert data.target is None
    assert len(data.X) == 3
    table = root / "behaviour.csv"
    with pytest.warns(UserWarning, match="twins"):
        data = load_hcp(root, "rest", participants=table, target="Gender")
    assert data.target_names == ["F", "M"]
    assert data.groups.tolist() == ["100307", "100408"]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"task": "WM"}, "no runs of task 'WM'"),
        ({"task": "MOTOR", "classes": ["lh", "foot"]}, "among cue, lh, rh"),
        ({"task": "MOTOR", "subjects": [1]}, "no subject 1"),
        ({"task": "rest", "target": "Gender"}, "needs participants"),
    ],
)
def test_bad_requests(root, kwargs, message):
    with pytest.raises(ValueError, match=message):
        load_hcp(root, **kwargs)


def test_bad_files(root, tmp_path):
    table = root / "behaviour.csv"
    with pytest.raises(ValueError, match="must have a column Age"):
        load_hcp(root, "rest", participants=table, target="Age")
    with pytest.raises(ValueError, match="must have a column Family_ID"):
        load_hcp(root, "rest", restricted=table)
    with pytest.raises(FileNotFoundError, match="must be a folder"):
        load_hcp(root / "nowhere", "rest")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no <subject>"):
        load_hcp(tmp_path / "empty", "rest")
    path = next(root.glob("100307/*/*/tfMRI_MOTOR_LR/Movement_Regressors.txt"))
    np.savetxt(path, np.zeros((N_VOLUMES, 6)))
    with pytest.raises(ValueError, match="12 columns, got 6"):
        load_hcp(root, "MOTOR")
