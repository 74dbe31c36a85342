"""Affines and parameters of motion in the files of other programs."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from sklearn_neurofuse import BoldRun
from sklearn_neurofuse.fmri import (
    framewise_displacement,
    motion_affines,
    read_affines,
    read_motion,
    write_affines,
)

NAMES = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]


@pytest.fixture(params=[1, -1], ids=["right to left", "left to right"])
def run(request, rng):
    """Give a run on an oblique grid, with motion."""
    affine = np.diag([request.param * 3.0, 3.0, 4.0, 1.0])
    affine[:3, :3] = Rotation.from_rotvec([0.1, 0.2, -0.3]).as_matrix() @ affine[:3, :3]
    affine[:3, 3] = (10.0, -20.0, 5.0)
    table = pd.DataFrame(rng.normal(size=(6, 6)) * ([2.0] * 3 + [0.2] * 3), columns=NAMES)
    return BoldRun(
        nib.Nifti1Image(np.zeros((8, 9, 7, 6), np.float32), affine), 2.0, confounds=table
    )


@pytest.mark.parametrize("kind", ["itk", "fsl"])
def test_what_is_written_is_read(run, tmp_path, kind):
    affines = motion_affines(run)
    write_affines(tmp_path / "motion", affines, run, kind)
    assert_allclose(read_affines(tmp_path / "motion", run.img), affines, atol=1e-9)


def test_more_volumes_than_digits(run, tmp_path):
    many = np.tile(np.eye(4), (12, 1, 1))
    many[:, 0, 3] = np.arange(12)
    write_affines(tmp_path / "motion", many, run, "fsl")
    assert_allclose(read_affines(tmp_path / "motion", run), many, atol=1e-9)


def test_fsl_matrices_turn_about_the_corner_of_the_scaled_grid(run, tmp_path):
    # a shift of the volume against the reference along the world's axes of the grid
    shift = np.eye(4)
    shift[:3, 3] = run.img.affine[:3, 1] / 3.0
    write_affines(tmp_path / "motion", [shift], run, "fsl")
    matrix = np.loadtxt(tmp_path / "motion" / "MAT_0000")
    assert_allclose(matrix, [[1, 0, 0, 0], [0, 1, 0, -1], [0, 0, 1, 0], [0, 0, 0, 1]], atol=1e-9)


def test_a_real_file_of_itk_is_written_as_it_was_read(real_data, tmp_path):
    (path,) = real_data("hmc-mcflirt").glob("*_xfm.txt")
    affines = read_affines(path)
    assert affines.shape == (16, 4, 4)
    write_affines(tmp_path / "again.txt", affines)
    assert_allclose(read_affines(tmp_path / "again.txt"), affines, atol=1e-12)
    ours, theirs = ((f.read_text().splitlines()) for f in (tmp_path / "again.txt", path))
    kinds = [line.split(":")[0] for line in theirs if line.strip() and "Transform " not in line]
    assert kinds == [
        line.split(":")[0] for line in ours if line.strip() and "Transform " not in line
    ]


def test_parameters_of_mcflirt_on_a_run(real_data):
    folder = real_data("hmc-mcflirt")
    (table,), (path,), (img,) = (folder.glob(f"*{end}") for end in (".tsv", ".txt", ".nii.gz"))
    img, motion = nib.load(img), read_motion(table, "fmriprep")
    series = nib.Nifti1Image(np.zeros((*img.shape, 16), np.float32), img.affine)
    mass = img.get_fdata()
    gravity = np.indices(img.shape).reshape(3, -1) @ mass.ravel() / mass.sum()
    run = BoldRun(series, 2.0, confounds=motion)
    affines = motion_affines(run, center=gravity * img.header.get_zooms())
    # the centre is known to a tenth of a millimetre, turns are below a hundredth
    assert_allclose(affines, read_affines(path), atol=1e-3)


def test_motion_of_real_runs(real_data):
    folder = real_data("haxby") / "haxby2001" / "sub001" / "BOLD" / "task001_run001"
    motion = read_motion(folder / "bold_moest.txt")
    raw = np.loadtxt(folder / "bold_moest.txt")
    assert list(motion) == NAMES
    assert_allclose(motion[["rot_x", "rot_y", "rot_z"]], raw[:, :3])
    assert_allclose(motion[["trans_x", "trans_y", "trans_z"]], raw[:, 3:])
    run = BoldRun(nib.load(folder / "bold_25mm.nii.gz"), 2.5, confounds=motion)
    affines = motion_affines(run)
    turns = affines[:, :3, :3]
    assert_allclose(
        turns @ np.swapaxes(turns, 1, 2), np.tile(np.eye(3), (len(raw), 1, 1)), atol=1e-12
    )
    (table,) = real_data("hmc-mcflirt").glob("*.tsv")
    expected = pd.read_csv(table, sep="\t", na_values="n/a")["framewise_displacement"]
    found = framewise_displacement(read_motion(table, "fmriprep").to_numpy())
    assert_allclose(found, expected, atol=1e-9)


def test_columns_of_spm(tmp_path):
    np.savetxt(tmp_path / "rp_bold.txt", np.arange(12.0).reshape(2, 6))
    assert read_motion(tmp_path / "rp_bold.txt", "spm").loc[1].tolist() == [6, 7, 8, 9, 10, 11]
    assert read_motion(tmp_path / "rp_bold.txt").loc[1].tolist() == [9, 10, 11, 6, 7, 8]


def test_bad_input(run, tmp_path):
    with pytest.raises(ValueError, match="the confounds lack rot_z"):
        motion_affines(run.replace(confounds=run.confounds.drop(columns="rot_z")))
    with pytest.raises(ValueError, match="kind must be one of"):
        write_affines(tmp_path / "a", np.eye(4)[None], kind="afni")
    with pytest.raises(ValueError, match="write_affines: img must be the series"):
        write_affines(tmp_path / "a", np.eye(4)[None], kind="fsl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no affine"):
        read_affines(tmp_path / "empty", run)
    (tmp_path / "text").write_text("nothing")
    with pytest.raises(ValueError, match="holds no affine"):
        read_affines(tmp_path / "text")
    (tmp_path / "one").write_text("1\n2\n")
    (tmp_path / "table").write_text("a\tb\n1\t2\n")
    with pytest.raises(ValueError, match="must have 6 columns, got 1"):
        read_motion(tmp_path / "one")
    with pytest.raises(ValueError, match="lacks the columns trans_x"):
        read_motion(tmp_path / "table", "fmriprep")
    with pytest.raises(ValueError, match=r"shape \(n_volumes, 6\), got \(3, 5\)"):
        framewise_displacement(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="kind must be one of"):
        framewise_displacement(np.zeros((3, 6)), "vandijk")
