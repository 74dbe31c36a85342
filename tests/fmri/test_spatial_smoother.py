"""Smoothing against nilearn, and that it waits."""

import nibabel as nib
import numpy as np
import pytest
from nilearn.image import smooth_img
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_neurofuse import BoldRun, Recordings
from sklearn_neurofuse.fmri import SpatialSmoother
from tests.fmri.runs import AFFINE, after, as_run


@pytest.fixture
def run(rng):
    return as_run(500 + 20 * rng.standard_normal((12, 10, 8, 9)))


@pytest.mark.parametrize("fwhm", [4.0, 9.0])
@pytest.mark.parametrize("order", ["C", "F"])
def test_agrees_with_nilearn(run, fwhm, order):
    run = as_run(run.get_data(), order=order)
    smoothed = after(SpatialSmoother(fwhm), run)
    expected = np.asanyarray(smooth_img(run.img, fwhm).dataobj)
    assert_allclose(smoothed.get_data(), expected, rtol=1e-5)
    assert smoothed.get_data().dtype == np.float32
    assert_array_equal(smoothed.img.affine, run.img.affine)
    assert "smoothed" in smoothed.done


def test_in_pieces(run, monkeypatch):
    whole = after(SpatialSmoother(5.0), run).get_data()
    monkeypatch.setattr("sklearn_neurofuse.fmri._smoothed_series._CHUNK_VOXELS", 2000)
    assert_array_equal(after(SpatialSmoother(5.0), run).get_data(), whole)


def test_the_width_is_that_of_a_point():
    data = np.zeros((31, 31, 31, 1))
    data[15, 15, 15] = 1.0
    line = after(SpatialSmoother(12.0), as_run(data, affine=np.diag([2.0, 2.0, 2.0, 1.0])))
    line = line.get_data()[:, 15, 15, 0]
    # half of the maximum at six millimetres
    assert_allclose(line[[12, 18]] / line[15], 0.5, rtol=1e-2)


def test_none_changes_nothing(run):
    same = after(SpatialSmoother(None), run)
    assert_array_equal(same.get_data(), run.get_data())
    assert "smoothed" not in same.done


def test_it_waits(run, monkeypatch):
    def fail(*arguments):
        raise AssertionError("it was computed")

    monkeypatch.setattr("sklearn_neurofuse.fmri._smoothed_series.smooth_img", fail)
    smoothed = after(SpatialSmoother(5.0), run)
    assert smoothed.img.shape == run.img.shape
    with pytest.raises(AssertionError, match="it was computed"):
        smoothed.get_data()


def test_a_header_of_integers_rounds_nothing():
    data = np.arange(6 * 5 * 4 * 3).reshape(6, 5, 4, 3).astype(np.int16)
    img = nib.Nifti1Image(data, AFFINE)
    smoothed = after(SpatialSmoother(5.0), BoldRun(img, t_r=2.0))
    back = nib.Nifti1Image.from_bytes(smoothed.img.to_bytes())
    assert_allclose(np.asanyarray(back.dataobj), smoothed.get_data(), rtol=1e-6)


def test_voxels_that_are_not_finite_count_as_zero(run):
    data = run.get_data().copy()
    data[3, 3, 3] = np.nan
    filled = np.nan_to_num(data)
    assert_allclose(
        after(SpatialSmoother(5.0), as_run(data)).get_data(),
        after(SpatialSmoother(5.0), as_run(filled)).get_data(),
    )


def test_twice_is_refused(run):
    with pytest.raises(ValueError, match="already smoothed"):
        SpatialSmoother().fit_transform(Recordings([run.replace(done=("smoothed",))]))


@pytest.mark.parametrize("fwhm", [0.0, -3.0, float("nan")])
def test_bad_width(run, fwhm):
    with pytest.raises(ValueError, match=r"SpatialSmoother: fwhm must be in \(0, inf\) mm"):
        SpatialSmoother(fwhm).fit(Recordings([run]))
    with pytest.raises(TypeError, match="fwhm must be a number"):
        SpatialSmoother("6mm").fit(Recordings([run]))
