"""Every way in."""

import gzip

import mne
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sklearn_neurofuse.containers import Block, Multimodal, SensorSpace, VolumeSpace
from tests.containers.conftest import AFFINE


def test_arrays_are_taken_as_they_are(rng):
    data = rng.normal(size=(4, 2, 3))
    X = Multimodal(a=data)
    assert X["a"].data is data
    assert X["a"].space is None


def test_memory_maps_stay_maps(tmp_path, rng):
    data = rng.normal(size=(4, 2, 3))
    np.save(tmp_path / "a.npy", data)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    X = Multimodal(a=mapped)
    assert X["a"].data is mapped
    assert isinstance(X[1:3]["a"].data, np.memmap)
    assert type(X[[0, 2]]["a"].data) is np.ndarray
    assert_array_equal(np.asarray(X), data.reshape(4, 6))


@pytest.mark.parametrize("value", [[[1, 2], [3, 4], [5, 6]], ((1.0, 2.0),), [np.zeros((2, 2))] * 3])
def test_lists_of_numbers(value):
    X = Multimodal(a=value)
    assert_array_equal(X["a"].data, np.array(value))


def test_other_kinds_of_arrays_become_plain_ones():
    assert type(Multimodal(a=np.eye(2).view(np.recarray))["a"].data) is np.ndarray


def test_epochs(epochs):
    X = Multimodal(eeg=epochs)
    assert_array_equal(X["eeg"].data, epochs.get_data(copy=False))
    assert X["eeg"].space == SensorSpace(epochs.info, tmin=-0.1)
    back = X["eeg"].to_native()
    assert_allclose(back.times, epochs.times)
    assert_array_equal(back.get_data(copy=False), epochs.get_data(copy=False))


def test_epochs_on_disk_stay_on_disk(epochs, tmp_path):
    epochs["1"].drop([0]).save(tmp_path / "some-epo.fif", verbose="error")
    lazy = mne.read_epochs(tmp_path / "some-epo.fif", preload=False, verbose="error")
    X = Multimodal(eeg=lazy)
    assert not lazy.preload
    assert X.shape == (5, 60)
    assert_allclose(X["eeg"].data, epochs.get_data(copy=False)[1:], rtol=1e-5)


def test_bad_channels_are_kept(epochs):
    epochs.info["bads"] = ["Cz"]
    X = Multimodal(eeg=epochs)
    assert X["eeg"].shape == (6, 3, 20)
    assert X["eeg"].space.info["bads"] == ["Cz"]


@pytest.mark.parametrize(("dtype", "kept"), [(np.int16, np.float32), (np.float64, np.float64)])
def test_a_4d_image(make_volume, dtype, kept):
    img = make_volume(dtype=dtype)
    X = Multimodal(fmri=img)
    assert X["fmri"].dtype == kept
    assert_array_equal(X["fmri"].data, np.moveaxis(np.asanyarray(img.dataobj), -1, 0))
    assert X["fmri"].space == VolumeSpace(AFFINE, space="MNI152")
    back = X["fmri"].to_native()
    assert_array_equal(back.affine, img.affine)
    assert_allclose(back.get_fdata(), img.get_fdata())


def test_a_scaled_image_gives_real_values(make_volume, tmp_path):
    img = make_volume()
    img.set_data_dtype(np.int16)
    nib.save(img, tmp_path / "bold.nii.gz")
    stored = nib.load(tmp_path / "bold.nii.gz")
    assert stored.dataobj.slope not in (1.0, None)
    X = Multimodal(fmri=stored)
    assert_allclose(X["fmri"].data, np.moveaxis(stored.get_fdata(), -1, 0), rtol=1e-5)


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_paths(make_volume, tmp_path, kind):
    img = make_volume()
    nib.save(img, tmp_path / "bold.nii")
    by_path, by_img = Multimodal(f=kind(tmp_path / "bold.nii")), Multimodal(f=img)
    assert_array_equal(by_path["f"].data, by_img["f"].data)
    assert by_path.layout == by_img.layout


def test_lists_of_images_and_paths(make_volume, tmp_path):
    images = [make_volume((4, 3, 2), seed=seed) for seed in range(3)]
    images[1] = make_volume((4, 3, 2, 1), seed=1)
    nib.save(images[2], tmp_path / "beta.nii.gz")
    for value in (images, [*images[:2], str(tmp_path / "beta.nii.gz")], tuple(images)):
        X = Multimodal(fmri=value)
        expected = [img.get_fdata().reshape(4, 3, 2) for img in images]
        assert_allclose(X["fmri"].data, expected)
        assert X["fmri"].space == VolumeSpace(AFFINE, space="MNI152")


def test_frames():
    frame = pd.DataFrame({"age": [20, 30], "apoe": [0.0, 1.0], "smokes": [True, False]})
    X = Multimodal(genes=frame)
    assert X["genes"].feature_names == ("age", "apoe", "smokes")
    assert X["genes"].dtype == np.float64
    assert_array_equal(X["genes"].data, [[20, 0, 1], [30, 1, 0]])
    assert X["genes"].get_feature_names() == ["age", "apoe", "smokes"]
    assert Multimodal(genes=frame[["apoe"]].astype(np.float32))["genes"].dtype == np.float32


def test_frames_with_nullable_columns():
    frame = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": pd.array([1.5, None], "Float64")})
    X = Multimodal(genes=frame)
    assert_array_equal(X["genes"].data, [[1, 1.5], [np.nan, np.nan]])
    assert X.present.tolist() == [[True], [False]]


def test_frame_names_become_strings():
    assert Multimodal(a=pd.DataFrame(np.eye(2)))["a"].feature_names == ("0", "1")


def test_blocks_pass_through():
    block = Block(np.eye(2))
    assert Multimodal(a=block)["a"] is block


# refusals


@pytest.mark.parametrize("value", [3, None, {"a": 1}, pd.Series([1.0]), sparse.eye(3).tocsr()])
def test_an_unknown_kind(value):
    with pytest.raises(TypeError, match=r"modality 'eeg' must be an array, a Block, .* got \w+"):
        Multimodal(eeg=value)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.array([[1, "a"]], dtype=object), "object"),
        (np.array([[1.0, 2.0]], dtype=object), "object"),
        (np.array([["a"]]), "<U1"),
        (np.array([[1j]]), "complex128"),
        (np.array([["2020-01-01"]], dtype="M8[D]"), r"datetime64\[D\]"),
    ],
)
def test_no_real_numbers(value, dtype):
    with pytest.raises(TypeError, match=f"'eeg': .*must be real numbers, got .* dtype {dtype}"):
        Multimodal(eeg=value)


def test_masked_arrays():
    with pytest.raises(TypeError, match=r"'eeg': .*must not be masked; fill .* with NaN"):
        Multimodal(eeg=np.ma.masked_invalid([[1.0, np.nan]]))


@pytest.mark.parametrize("value", [np.zeros(3), np.float64(1), []])
def test_too_few_axes(value):
    kind = TypeError if isinstance(value, np.float64) else ValueError
    with pytest.raises(kind, match=r"'eeg'"):
        Multimodal(eeg=value)


def test_an_axis_of_length_zero():
    with pytest.raises(ValueError, match=r"'eeg': .*at least one number, got shape \(3, 0, 2\)"):
        Multimodal(eeg=np.zeros((3, 0, 2)))


def test_ragged_lists():
    with pytest.raises(ValueError, match=r"modality 'eeg': .*inhomogeneous"):
        Multimodal(eeg=[[1.0], [1.0, 2.0]])


def test_a_3d_image(make_volume):
    with pytest.raises(
        ValueError, match=r"'f': .*must be 4-D, samples last, got shape \(4, 3, 2\)"
    ):
        Multimodal(f=make_volume((4, 3, 2)))


def test_a_4d_image_in_a_list(make_volume):
    with pytest.raises(ValueError, match=r"'f': image 1 must be 3-D, got shape \(4, 3, 2, 6\)"):
        Multimodal(f=[make_volume((4, 3, 2)), make_volume()])


def test_a_list_with_another_shape(make_volume):
    told = r"'f': image 2 has shape \(4, 3, 3\), the first has \(4, 3, 2\)"
    with pytest.raises(ValueError, match=told):
        Multimodal(f=[make_volume((4, 3, 2))] * 2 + [make_volume((4, 3, 3))])


def test_a_list_with_another_affine(make_volume, tmp_path):
    moved = AFFINE.copy()
    moved[0, 3] += 2
    nib.save(make_volume((4, 3, 2), moved), tmp_path / "moved.nii")
    told = r"'f': image 1 \(.*moved.nii\) has another affine than the first"
    with pytest.raises(ValueError, match=told):
        Multimodal(f=[make_volume((4, 3, 2)), tmp_path / "moved.nii"])


def test_a_list_with_another_space(make_volume):
    with pytest.raises(ValueError, match="'f': image 1 is not in MNI152 as the first is"):
        Multimodal(f=[make_volume((4, 3, 2)), make_volume((4, 3, 2), code=1)])


def test_paths_that_lead_nowhere(make_volume):
    for value in ("nowhere.nii", ["nowhere.nii"], [make_volume((4, 3, 2)), "nowhere.nii"]):
        with pytest.raises(FileNotFoundError, match=r"'f': no such file: nowhere.nii"):
            Multimodal(f=value)


def test_files_that_are_no_images(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ValueError, match=r"'f': .*notes.txt is not an image"):
        Multimodal(f=tmp_path / "notes.txt")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_truncated_images_name_the_modality(make_volume, tmp_path, suffix):
    path = tmp_path / f"bold{suffix}"
    nib.save(make_volume((20, 20, 20, 4)), path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises((OSError, EOFError), match="modality 'f': "):
        Multimodal(f=path)


def test_damaged_compression_names_the_modality(make_volume, tmp_path):
    path = tmp_path / "bold.nii.gz"
    nib.save(make_volume((20, 20, 20, 4)), path)
    content = bytearray(gzip.compress(gzip.decompress(path.read_bytes())))
    content[5000:5200] = bytes(200)
    path.write_bytes(content)
    with pytest.raises((OSError, ValueError), match="modality 'f': "):
        Multimodal(f=path)


def test_frames_with_text():
    with pytest.raises(
        TypeError, match="'g': columns must be real numbers, got other types in site"
    ):
        Multimodal(g=pd.DataFrame({"age": [1.0], "site": ["x"]}))


def test_frames_with_a_name_twice():
    with pytest.raises(ValueError, match=r"'g': .*columns must be unique, got a more than once"):
        Multimodal(g=pd.DataFrame(np.eye(2), columns=["a", "a"]))


def test_complex_frames():
    with pytest.raises(TypeError, match=r"'g': .*real"):
        Multimodal(g=pd.DataFrame({"a": [1j, 2j]}))
