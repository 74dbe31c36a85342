"""Spaces: what the numbers mean, and the way back out."""

import copy
import json
import pickle

import mne
import nibabel as nib
import numpy as np
import pytest
from nilearn.connectome import sym_matrix_to_vec, vec_to_sym_matrix
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_neurofuse.containers import (
    Block,
    ConnectomeSpace,
    Multimodal,
    SensorSpace,
    VolumeSpace,
)
from tests.containers.conftest import AFFINE


def _stored(space):
    header, arrays = space.to_state()
    return type(space).from_state(json.loads(json.dumps(header)), arrays)


@pytest.fixture(params=["fmri", "eeg", "edges", "bands"])
def space(request, spaced, info):
    """Each kind of space."""
    if request.param == "bands":
        return SensorSpace(info, bands=["theta", "alpha"])
    return spaced[request.param].space


@pytest.mark.parametrize("trip", [_stored, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_round_trips(space, trip):
    back = trip(space)
    assert back == space
    assert repr(back) == repr(space)


def test_another_kind_is_never_equal(space):
    assert space != "space"
    assert space != object()


def test_spaces_cannot_be_keys(space):
    with pytest.raises(TypeError, match="unhashable"):
        hash(space)


# volumes


def test_volumes_to_nifti(rng, volume_space):
    data = rng.normal(size=(5, 4, 3, 2)).astype(np.float32)
    img = volume_space.to_nifti(data)
    assert img.shape == (4, 3, 2, 5)
    assert img.get_data_dtype() == np.float32
    assert_array_equal(img.affine, AFFINE)
    assert_array_equal(np.asanyarray(img.dataobj), np.moveaxis(data, 0, -1))
    assert volume_space.to_nifti(data[0]).shape == (4, 3, 2)


def test_masked_voxels_to_nifti(rng, volume_space):
    data = rng.normal(size=(5, 7))
    values = np.asanyarray(volume_space.to_nifti(data).dataobj)
    assert values.shape == (4, 3, 2, 5)
    assert_array_equal(values[volume_space.mask], data.T)
    assert (values[~volume_space.mask] == 0).all()
    assert volume_space.to_nifti(data[0]).shape == (4, 3, 2)


@pytest.mark.parametrize("dtype", [bool, np.int64, np.uint64, np.float16, np.int16, np.float64])
def test_every_type_goes_into_a_file(tmp_path, dtype):
    data = np.array([0, 1, 1, 0]).reshape(1, 2, 2, 1).astype(dtype)
    if dtype is np.int64:
        data[0, 0, 0, 0] = 2**40
    img = VolumeSpace(AFFINE).to_nifti(data)
    nib.save(img, tmp_path / "img.nii.gz")
    assert_array_equal(nib.load(tmp_path / "img.nii.gz").get_fdata()[..., 0], data[0])


@pytest.mark.parametrize(
    ("name", "again"),
    [
        ("MNI152", "MNI152"),
        ("MNI152NLin2009cAsym", "MNI152"),
        ("Talairach", "Talairach"),
        ("native", "native"),
        ("MyTemplate", "native"),
    ],
)
def test_the_form_code_tells_the_space(name, again):
    img = VolumeSpace(AFFINE, space=name).to_nifti(np.zeros((2, 2, 2, 2)))
    assert VolumeSpace.from_img(img).space == again


@pytest.mark.parametrize(
    ("sform", "qform", "name"),
    [(4, 1, "MNI152"), (1, 4, "native"), (0, 4, "MNI152"), (0, 0, "native")],
)
def test_the_code_of_the_affine_in_use_decides(make_volume, sform, qform, name):
    img = make_volume()
    img.set_sform(AFFINE, code=sform)
    img.set_qform(AFFINE, code=qform)
    assert VolumeSpace.from_img(img).space == name


def test_image_formats_without_codes():
    img = nib.freesurfer.MGHImage(np.zeros((2, 2, 2), np.float32), AFFINE)
    assert VolumeSpace.from_img(img).space == "native"


def test_volume_spaces_differ(volume_space):
    shifted = AFFINE.copy()
    shifted[0, 3] += 1
    assert volume_space == VolumeSpace(AFFINE + 1e-6, volume_space.mask)
    assert volume_space != VolumeSpace(shifted, volume_space.mask)
    assert volume_space != VolumeSpace(AFFINE)
    assert volume_space != VolumeSpace(AFFINE, ~volume_space.mask)
    assert volume_space != VolumeSpace(AFFINE, volume_space.mask, space="native")


def test_volume_space_keeps_its_own_copies(volume_space):
    affine, mask = AFFINE.copy(), volume_space.mask.copy()
    space = VolumeSpace(affine, mask)
    affine[:], mask[:] = 0, False
    assert space == volume_space
    with pytest.raises(ValueError, match="read-only"):
        space.affine[0, 0] = 1


def test_voxel_sizes_and_names(volume_space):
    assert_allclose(volume_space.voxel_sizes, [3, 3, 3.5])
    names = volume_space.get_feature_names((7,))
    assert names == [f"{i}_{j}_{k}" for i, j, k in np.argwhere(volume_space.mask)]
    assert volume_space.get_feature_names((4, 3, 2))[-1] == "3_2_1"
    assert (
        repr(volume_space) == "VolumeSpace(MNI152NLin2009cAsym, 3 x 3 x 3.5 mm, mask of 7 voxels)"
    )


@pytest.mark.parametrize(
    ("affine", "message"),
    [
        (np.eye(3), r"affine must have shape \(4, 4\), got \(3, 3\)"),
        (np.zeros((4, 4)), "affine must be finite and invertible"),
        (np.full((4, 4), np.nan), "affine must be finite and invertible"),
    ],
)
def test_affine_refusals(affine, message):
    with pytest.raises(ValueError, match=message):
        VolumeSpace(affine)


def test_mask_refusals():
    with pytest.raises(ValueError, match="mask must have 3 axes, got 2"):
        VolumeSpace(AFFINE, np.ones((2, 2)))
    with pytest.raises(ValueError, match="mask must keep at least one voxel"):
        VolumeSpace(AFFINE, np.zeros((2, 2, 2)))


def test_volumes_that_do_not_fit(volume_space):
    with pytest.raises(
        ValueError, match=r"shape \(4, 3, 2\) or \(7,\), as the mask has it, got \(8,\)"
    ):
        Block(np.zeros((5, 8)), volume_space)
    with pytest.raises(ValueError, match=r"got \(4, 3, 3\)"):
        Block(np.zeros((5, 4, 3, 3)), volume_space)
    with pytest.raises(ValueError, match="vectors of voxels need a mask, got"):
        Block(np.zeros((5, 8)), VolumeSpace(AFFINE))
    with pytest.raises(ValueError, match=r"got \(6,\)"):
        volume_space.to_nifti(np.zeros((5, 6)))


def test_template_spaces_are_not_mixed():
    data = np.zeros((3, 2, 2, 2))
    one, two = VolumeSpace(AFFINE, space="MNI152NLin6Asym"), VolumeSpace(AFFINE)
    told = "different template spaces are not mixed: a in MNI152NLin6Asym, b in MNI152NLin2009cAsym"
    with pytest.raises(ValueError, match=told):
        Multimodal(a=Block(data, one), b=Block(data, two))
    assert Multimodal(a=Block(data, one), b=Block(data, VolumeSpace(AFFINE, space="native")))


# sensors


def test_samples_to_epochs(rng, info):
    data = rng.normal(scale=1e-5, size=(6, 3, 20))
    epochs = SensorSpace(info, tmin=-0.1).to_mne(data)
    assert isinstance(epochs, mne.EpochsArray)
    assert_array_equal(epochs.get_data(copy=False), data)
    assert epochs.ch_names == info["ch_names"]
    assert epochs.tmin == pytest.approx(-0.1)
    assert epochs.info["sfreq"] == 100.0
    assert_allclose(epochs.info["chs"][1]["loc"], info["chs"][1]["loc"])


def test_one_sample_to_an_evoked_response(rng, info):
    data = rng.normal(scale=1e-5, size=(3, 20))
    evoked = SensorSpace(info, tmin=-0.1).to_mne(data)
    assert isinstance(evoked, mne.EvokedArray)
    assert_array_equal(evoked.data, data)
    assert evoked.times[0] == pytest.approx(-0.1)


def test_sensor_names(info):
    space = SensorSpace(info, tmin=-0.01)
    assert_allclose(space.times(3), [-0.01, 0, 0.01])
    assert space.get_feature_names((3, 2))[:3] == ["Fz__-0.010s", "Fz__0.000s", "Cz__-0.010s"]
    assert space.ch_names == ("Fz", "Cz", "Pz")
    bands = SensorSpace(info, bands=["theta", "alpha"])
    assert bands.get_feature_names((3, 2))[:3] == ["Fz__theta", "Fz__alpha", "Cz__theta"]
    assert bands.tmin is None


@pytest.mark.parametrize("sfreq", [160.0, 1000.0, 1024.0, 5000.0, 20000.0])
def test_every_time_has_its_name(sfreq):
    space = SensorSpace(mne.create_info(["Cz"], sfreq, "eeg"), tmin=-0.2)
    names = space.get_feature_names((1, 1500))
    assert len(set(names)) == 1500
    assert not any("-0.000s" in name for name in names)


def test_sensor_spaces_differ(info):
    space = SensorSpace(info, tmin=-0.1)
    assert space == SensorSpace(info.copy(), tmin=-0.1 + 1e-9)
    assert space != SensorSpace(info, tmin=0.0)
    assert space != SensorSpace(info, bands=["alpha"])
    assert space != SensorSpace(mne.pick_info(info, [0, 1]), tmin=-0.1)
    faster = mne.create_info(info["ch_names"], 200.0, "eeg")
    assert space != SensorSpace(faster, tmin=-0.1)
    moved = info.copy()
    moved["chs"][0]["loc"][:3] += 0.01
    assert space != SensorSpace(moved, tmin=-0.1)
    other_type = info.copy()
    other_type.set_channel_types({"Fz": "eog"}, on_unit_change="ignore")
    assert space != SensorSpace(other_type, tmin=-0.1)


def test_channels_without_positions_are_equal():
    info = mne.create_info(["a", "b"], 100.0, "eeg")
    assert SensorSpace(info) == SensorSpace(info)
    assert _stored(SensorSpace(info)) == SensorSpace(info)


def test_sensor_refusals(info):
    with pytest.raises(TypeError, match=r"info must be an mne.Info, got dict"):
        SensorSpace({"sfreq": 100.0})
    with pytest.raises(ValueError, match="bands must be unique, got alpha more than once"):
        SensorSpace(info, bands=["alpha", "alpha"])
    with pytest.raises(ValueError, match=r"shape \(3, n_times\), got \(2, 5\)"):
        Block(np.zeros((4, 2, 5)), SensorSpace(info))
    with pytest.raises(ValueError, match=r"shape \(3, 1\), got \(3, 5\)"):
        Block(np.zeros((4, 3, 5)), SensorSpace(info, bands=["alpha"]))
    with pytest.raises(ValueError, match="band values have no time axis"):
        SensorSpace(info, bands=["alpha"]).to_mne(np.zeros((4, 3, 1)))


def test_a_later_change_of_the_info_changes_nothing(info):
    space = SensorSpace(info)
    info["bads"] = ["Cz"]
    mne.rename_channels(info, {"Fz": "F0"})
    assert space.ch_names == ("Fz", "Cz", "Pz")
    assert space.info["bads"] == []


def test_a_real_measurement_info_is_stored(real_data):
    raw = mne.io.read_raw_edf(real_data("eegmmidb") / "S001R03.edf", verbose="error")
    raw.info["bads"] = raw.ch_names[:2]
    space = SensorSpace(raw.info)
    back = _stored(space)
    assert back == space
    assert back.info["bads"] == raw.info["bads"]
    assert back.info["meas_date"] == raw.info["meas_date"]


# connectomes


def test_matrices_are_nilearns(rng):
    space = ConnectomeSpace("abcde")
    matrices = rng.normal(size=(6, 5, 5))
    matrices += matrices.transpose(0, 2, 1)
    edges = sym_matrix_to_vec(matrices, discard_diagonal=True)
    # nilearn scales nothing off the diagonal once it is discarded
    expected = vec_to_sym_matrix(edges, diagonal=np.zeros((6, 5)))
    assert_array_equal(space.to_matrix(edges), expected)
    i, j = space.edges.T
    assert_array_equal(matrices[:, i, j], edges)
    assert_array_equal(sym_matrix_to_vec(space.to_matrix(edges), discard_diagonal=True), edges)


def test_matrices_of_bands(rng, connectome_space):
    edges = rng.normal(size=(5, 2, 6)).astype(np.float32)
    matrices = connectome_space.to_matrix(edges)
    assert matrices.shape == (5, 2, 4, 4)
    assert matrices.dtype == np.float32
    assert_array_equal(matrices, matrices.swapaxes(-1, -2))
    assert (np.diagonal(matrices, axis1=-2, axis2=-1) == 0).all()
    assert connectome_space.to_matrix(edges[0, 0]).shape == (4, 4)


def test_edge_names(connectome_space):
    names = connectome_space.get_feature_names((2, 6))
    assert names[:3] == ["delta__b~a", "delta__c~a", "delta__c~b"]
    assert names[6] == "alpha__b~a"
    assert ConnectomeSpace("abc").get_feature_names((3,)) == ["b~a", "c~a", "c~b"]
    assert connectome_space.n_edges == 6


def test_connectome_spaces_differ(connectome_space):
    coordinates = connectome_space.coordinates
    networks, bands = connectome_space.networks, connectome_space.bands
    assert connectome_space == ConnectomeSpace("abcd", coordinates + 1e-5, networks, bands)
    assert connectome_space != ConnectomeSpace("abce", coordinates, networks, bands)
    assert connectome_space != ConnectomeSpace("abcd", coordinates + 1, networks, bands)
    assert connectome_space != ConnectomeSpace("abcd", None, networks, bands)
    assert connectome_space != ConnectomeSpace("abcd", coordinates, "xyxy", bands)
    assert connectome_space != ConnectomeSpace("abcd", coordinates, networks)


def test_unknown_coordinates_are_equal():
    space = ConnectomeSpace("ab", np.full((2, 3), np.nan))
    assert space == _stored(space)


def test_connectome_refusals(connectome_space):
    with pytest.raises(ValueError, match="labels must be unique, got a more than once"):
        ConnectomeSpace("aba")
    with pytest.raises(ValueError, match="at least 2 regions, got 1"):
        ConnectomeSpace("a")
    with pytest.raises(ValueError, match=r"coordinates must have shape \(2, 3\), got \(3, 3\)"):
        ConnectomeSpace("ab", np.zeros((3, 3)))
    with pytest.raises(ValueError, match="networks must name one for each of 2 regions, got 3"):
        ConnectomeSpace("ab", networks="xyz")
    with pytest.raises(ValueError, match=r"4 regions must have shape \(2, 6\), got \(6,\)"):
        Block(np.zeros((3, 6)), connectome_space)
    with pytest.raises(ValueError, match=r"last axis must hold 6 edges, got \(3, 5\)"):
        connectome_space.to_matrix(np.zeros((3, 5)))


# from the block


def test_blocks_come_out_as_native_objects(spaced):
    img = spaced["fmri"].to_native()
    assert_array_equal(np.moveaxis(np.asanyarray(img.dataobj), -1, 0), spaced["fmri"].data)
    assert spaced["voxels"].to_native().shape == (4, 3, 2, 10)
    epochs = spaced[[0, 1]]["eeg"].to_native()
    assert_array_equal(epochs.get_data(copy=False), spaced["eeg"].data[:2])
    assert spaced["edges"].to_native().shape == (10, 2, 4, 4)
    with pytest.raises(ValueError, match="plain features have no native object"):
        spaced["plain"].to_native()


def test_spaces_survive_rows(spaced):
    for rows in (slice(2, 5), [1, 3], np.arange(10) > 4, 3):
        for name in spaced.modalities:
            assert spaced[rows][name].space is spaced[name].space
            assert spaced[rows][name].feature_names is spaced[name].feature_names
