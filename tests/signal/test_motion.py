"""Six parameters, affines and displacement, against FSL's own numbers."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from sklearn_neurofuse.signal import _motion


@pytest.fixture
def parameters(rng):
    return rng.normal(size=(7, 6)) * ([2.0] * 3 + [0.3] * 3)


def test_parameters_and_matrices_are_inverse(parameters):
    assert_allclose(_motion.to_parameters(_motion.to_movements(parameters)), parameters)


def test_angles_turn_about_fixed_axes_one_after_the_other(parameters):
    turns = _motion.to_movements(parameters)[:, :3, :3]
    expected = Rotation.from_euler("xyz", parameters[:, 3:]).inv().as_matrix()
    assert_allclose(turns, expected, atol=1e-12)


@pytest.mark.parametrize("flip", [1, -1])
def test_world_affines_come_back(parameters, flip):
    affine = np.diag([flip * 3.0, 3.0, 4.0, 1.0])
    affine[:3, :3] = Rotation.from_rotvec([0.1, 0.2, -0.3]).as_matrix() @ affine[:3, :3]
    affine[:3, 3] = (10.0, -20.0, 5.0)
    frame = _motion.fsl_frame(affine, (20, 22, 18), center=(30.0, 31.0, 40.0))
    affines = _motion.world_affines(parameters, frame)
    assert_allclose(_motion.parameters_of(affines, frame), parameters)


def test_sheared_axes_still_give_rigid_motion(parameters):
    affine = np.array([[3.0, 0.4, 0, 0], [0, 3.0, 0.2, 0], [0, 0, 4.0, 0], [0, 0, 0, 1]])
    frame = _motion.fsl_frame(affine, (20, 22, 18))
    turns = _motion.world_affines(parameters, frame)[:, :3, :3]
    assert_allclose(
        turns @ np.swapaxes(turns, 1, 2), np.broadcast_to(np.eye(3), (7, 3, 3)), atol=1e-12
    )


@pytest.fixture
def mcflirt(real_data):
    """Give the table, affines and image of a real run of mcflirt."""
    folder = real_data("hmc-mcflirt")
    (table,), (text,), (img,) = (folder.glob(f"*{end}") for end in (".tsv", ".txt", ".nii.gz"))
    from sklearn_neurofuse.fmri import read_affines

    return pd.read_csv(table, sep="\t", na_values="n/a"), read_affines(text), nib.load(img)


def test_parameters_of_real_affines(mcflirt):
    table, affines, img = mcflirt
    expected = table[list(_motion.PARAMETERS)].to_numpy()
    # mcflirt turns about the centre of gravity of its reference, which the affines give away
    relative = _motion.to_movements(
        _motion.parameters_of(affines, _motion.fsl_frame(img.affine, img.shape))
    )
    turned = relative[:, :3, :3] - np.eye(3)
    offset, *_ = np.linalg.lstsq(
        turned.reshape(-1, 3), (expected[:, :3] - relative[:, :3, 3]).ravel(), rcond=None
    )
    center = offset + img.header.get_zooms()[:3] * (np.array(img.shape) - 1) / 2
    found = _motion.parameters_of(affines, _motion.fsl_frame(img.affine, img.shape, center))
    # as far as the six digits of the files go: 1e-6 rad at 100 mm
    assert_allclose(found[:, 3:], expected[:, 3:], atol=1e-6)
    assert_allclose(found[:, :3], expected[:, :3], atol=1e-4)
    mass = img.get_fdata()
    gravity = np.indices(img.shape).reshape(3, -1) @ mass.ravel() / mass.sum()
    assert_allclose(center, gravity * img.header.get_zooms()[:3], atol=0.1)


def test_displacement_of_a_real_run(mcflirt):
    table, affines, img = mcflirt
    parameters = table[list(_motion.PARAMETERS)].to_numpy()
    assert_allclose(
        _motion.power_displacement(parameters), table["framewise_displacement"], atol=1e-9
    )
    centred = _motion.parameters_of(affines, _motion.fsl_frame(img.affine, img.shape))
    assert_allclose(_motion.jenkinson_displacement(centred), table["rmsd"], atol=1e-4)
