"""Figures of quality, on noise of known size."""

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_neurofuse import BoldRun
from sklearn_neurofuse.fmri import carpet, tsnr
from sklearn_neurofuse.fmri._quality import brain_mask, brain_voxels
from tests.fmri.phantom import moved_run


def test_tsnr_of_known_noise_with_a_drift(rng):
    series = 100.0 + rng.normal(scale=4.0, size=(8, 9, 40, 300)) + np.linspace(0, 30, 300)
    series[0, 0, 0] = 7.0
    series[..., :2] *= 3
    values = np.asarray(tsnr(BoldRun(nib.Nifti1Image(series, np.eye(4)), 2.0, n_dummy=2)).dataobj)
    assert values.shape == (8, 9, 40)
    assert np.median(values) == pytest.approx(115.0 / 4.0, rel=0.02)
    residual = series[3, 4, 20, 2:]
    line = np.polynomial.Polynomial.fit(np.arange(298), residual, 1)(np.arange(298))
    assert values[3, 4, 20] == pytest.approx(residual.mean() / (residual - line).std(), rel=1e-5)
    assert values[0, 0, 0] < 2


def test_what_does_not_change_has_no_ratio():
    constant = np.full((4, 4, 4, 10), 5.0)
    assert not np.asarray(tsnr(BoldRun(nib.Nifti1Image(constant, np.eye(4)), 2.0)).dataobj).any()


def test_carpet_runs_from_the_surface_to_the_middle():
    run = moved_run([np.eye(4)] * 6, tsnr=50)
    series = run.get_data().copy()
    middle = np.zeros(series.shape[:3], dtype=bool)
    middle[8:24, 10:26, 4:20] = True
    series[middle] *= np.array([1.2, 0.8] * 3)
    rows = carpet(run.replace(img=nib.Nifti1Image(series, run.img.affine)), n_voxels=3000)
    assert rows.shape == (3000, 6)
    assert rows.dtype == np.float32
    assert_allclose(rows.mean(axis=1), 0.0, atol=1e-4)
    # percent: noise of one in fifty around, and twenty percent in the middle
    last = np.abs(rows[-20:]).mean()
    assert last > 15
    assert np.abs(rows[:1500]).mean() < 5


def test_voxels_of_the_head():
    volume = moved_run([np.eye(4)] * 2).get_data()[..., 0]
    mask = brain_mask(volume)
    assert 0.2 < mask.mean() < 0.5
    places = brain_voxels(volume, 500)
    assert places.shape == (500, 3)
    assert mask[tuple(places.T)].all()
    assert len(brain_voxels(volume, 10**6)) == mask.sum()


@pytest.mark.parametrize("function", [tsnr, carpet])
def test_bad_input(function):
    img = nib.Nifti1Image(np.ones((4, 4, 4, 4)), np.eye(4))
    with pytest.raises(TypeError, match=f"{function.__name__}: run must be a BoldRun"):
        function(img)
    with pytest.raises(ValueError, match="at least 3 volumes without dummies, got 2"):
        function(BoldRun(img, 2.0, n_dummy=2))


def test_no_voxels():
    with pytest.raises(ValueError, match="n_voxels must be"):
        carpet(moved_run([np.eye(4)] * 3), n_voxels=0)
