"""Bad input to the container itself: one clear error each."""

import numpy as np
import pytest

from sklearn_neurofuse.containers import Block, Multimodal


def test_no_modality():
    with pytest.raises(ValueError, match="at least one modality is needed, got none"):
        Multimodal()


def test_different_lengths():
    told = "equal numbers of samples, got fmri 3, eeg 4, genes 3"
    with pytest.raises(ValueError, match=told):
        Multimodal(fmri=np.zeros((3, 2)), eeg=np.zeros((4, 2)), genes=np.zeros((3, 2)))


def test_no_samples():
    with pytest.raises(ValueError, match="no samples in fmri, eeg"):
        Multimodal(fmri=np.zeros((0, 2)), eeg=np.zeros((0, 2)))


def test_a_flat_matrix_without_rows(spaced):
    with pytest.raises(ValueError, match="no samples in fmri"):
        Multimodal.from_flat(np.zeros((0, spaced.shape[1])), spaced.layout)


def test_a_flat_matrix_of_text(spaced):
    text = np.full((2, spaced.shape[1]), "a", dtype=object)
    with pytest.raises((TypeError, ValueError), match=r"could not convert|real numbers"):
        Multimodal.from_flat(text, spaced.layout)


def test_nan_inside_a_present_sample(spaced):
    data = np.array(spaced["eeg"])
    data[4, 1, 1] = np.nan
    told = "modality 'eeg': sample 4 is NaN in 1 of 15 numbers"
    with pytest.raises(ValueError, match=told):
        Multimodal(fmri=spaced["fmri"], eeg=data)
    with pytest.raises(ValueError, match=told):
        spaced.replace(eeg=data)
    with pytest.raises(ValueError, match=told):
        Multimodal.from_flat(
            np.asarray(spaced.replace(eeg=np.nan_to_num(data))) * _hole(spaced), spaced.layout
        )


def _hole(spaced):
    factor = np.ones(spaced.shape)
    factor[4, spaced.layout.slices["eeg"].start + 6] = np.nan
    return factor


def test_nan_in_part_of_a_map_is_found_when_it_is_looked_at(tmp_path):
    data = np.zeros((3, 4))
    data[1, 2] = np.nan
    np.save(tmp_path / "a.npy", data)
    X = Multimodal(a=np.load(tmp_path / "a.npy", mmap_mode="r"))
    told = "modality 'a': sample 1 is NaN in 1 of 4 numbers"
    for part in (X, X["a"], X[1:]["a"], X[[2, 1]]["a"]):
        with pytest.raises(ValueError, match=told.replace("sample 1", "sample .")):
            part.present  # noqa: B018
    with pytest.raises(ValueError, match="sample 1 is NaN in 1 of 4 numbers"):
        X.save(tmp_path / "X")
    assert not (tmp_path / "X").exists()


def test_parts_that_are_no_container(spaced):
    with pytest.raises(TypeError, match=r"concatenate: .*Multimodal, got ndarray"):
        Multimodal.concatenate([spaced, np.asarray(spaced)])


def test_a_layout_that_is_none(spaced):
    with pytest.raises(TypeError, match="layout must be a Layout, got dict"):
        Multimodal.from_flat(np.asarray(spaced), {"a": (2, 2)})


def test_blocks_of_another_kind_are_not_stacked(spaced):
    with pytest.raises(ValueError, match="'eeg' holds arrays in one part and ndarray in another"):
        Block.concatenate([spaced["eeg"], np.zeros((2, 3, 5))], "eeg")
