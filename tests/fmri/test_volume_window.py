"""Mean volumes after events."""

import nibabel as nib
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.fmri import VolumeWindow
from tests.fmri.runs import AFFINE, as_run, responding, table, take


@pytest.fixture
def counting():
    """Give a run whose volume k holds 100 + k everywhere."""
    return as_run(np.broadcast_to(100.0 + np.arange(30), (4, 3, 2, 30)))


def levels(block):
    return block.data.reshape(len(block), -1).mean(axis=1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_which_volumes_count(counting, order):
    run = as_run(counting.get_data(), order=order)
    block = take(VolumeWindow(4.0, 8.0, scale=False), run, table([10.0, 11.0, 0.0]))
    # 14, 16, 18 s; 16, 18 s; 4, 6, 8 s
    assert_allclose(levels(block), [108, 108.5, 103])
    assert block.shape == (3, 4, 3, 2)
    assert block.dtype == np.float32


def test_the_clock_of_the_run(counting):
    run = counting.replace(start_time=5.0, slice_time_ref=0.5)
    block = take(VolumeWindow(4.0, 8.0, scale=False), run, table([10.0]))
    # volumes stand for 6, 8, ... 14, 16, 18 s
    assert_allclose(levels(block), [105])


def test_baseline(counting):
    extractor = VolumeWindow(4.0, 8.0, baseline=(-4.0, 0.0), scale=False)
    assert_allclose(levels(take(extractor, counting, table([10.0, 20.0]))), [4, 4], rtol=1e-5)


def test_scale_is_of_the_brain_without_dummies():
    data = np.full((6, 5, 4, 20), 800.0)
    data[:2] = 10.0
    data[..., :3] = 5000.0
    block = take(VolumeWindow(), as_run(data, n_dummy=3), table([12.0]))
    assert_allclose(block.data[0, 2:], 100, rtol=1e-6)
    assert_allclose(block.data[0, :2], 1.25, rtol=1e-6)


def test_it_finds_the_response():
    onsets = [10.0, 40.0, 70.0]
    data = responding(onsets, [1.0, 2.0, 3.0], np.arange(60) * 2.0)
    block = take(VolumeWindow(4, 8, baseline=(-4, 0)), as_run(data), table(onsets))
    found = block.data[:, :2].mean(axis=(1, 2, 3))
    assert_allclose(found / found[0], [1, 2, 3], rtol=1e-2)
    assert_allclose(block.data[:, 2:], 0, atol=1e-3)


def test_windows_that_cannot_be_taken(counting):
    extractor = VolumeWindow(4.0, 8.0, scale=False)
    X = Recordings([counting.replace(n_dummy=4)], [table([2.0, 10.0, 53.0, 52.0])])
    assert extractor.fit_transform(X).present.tolist() == [False, True, False, True]
    assert extractor.missing_reasons(X) == {
        0: "the window reaches beyond the run",
        2: "the window reaches beyond the run",
    }
    empty = VolumeWindow(0.5, 1.5, scale=False).missing_reasons(X[1:2])
    assert empty == {0: "no volume lies in the window that was not scrubbed"}


def test_scrubbed_volumes_are_left_out(counting):
    marks = np.zeros(30)
    marks[[7, 8]] = 1
    run = counting.replace(confounds=table([0.0] * 30).assign(scrubbed=marks)[["scrubbed"]])
    block = take(VolumeWindow(4.0, 8.0, scale=False), run, table([10.0, 30.0]))
    assert_allclose(levels(block), [109, 118])


def test_mask_crops_and_is_in_the_space(rng):
    run = as_run(500 + rng.standard_normal((6, 5, 4, 20)))
    mask = np.zeros((6, 5, 4), np.uint8)
    mask[1:4, 2:4, 1:3] = 1
    mask[1, 2, 1] = 0
    block = take(VolumeWindow(mask_img=nib.Nifti1Image(mask, AFFINE)), run, table([10.0]))
    whole = take(VolumeWindow(), run, table([10.0]))
    assert block.shape == (1, 3, 2, 2)
    assert block.data[0, 0, 0, 0] == 0
    assert_allclose(block.data[0, 1:], whole.data[0, 2:4, 2:4, 1:3])
    assert_allclose(block.space.affine[:3, 3], [3, 6, 4])
    assert block.space.mask.sum() == 11
    assert block.to_native().shape == (3, 2, 2, 1)


def test_mask_elsewhere(rng):
    far = AFFINE.copy()
    far[:3, 3] = 500
    run = as_run(500 + rng.standard_normal((6, 5, 4, 20)))
    mask = nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), far)
    with pytest.raises(RecordingError, match="the mask does not overlap the volumes"):
        take(VolumeWindow(mask_img=mask), run, table([10.0]))


def test_a_coarser_grid_keeps_every_voxel(rng):
    data = rng.normal(500, 50, (16, 15, 12, 20))
    run = as_run(data)
    block = take(VolumeWindow(resolution=8.0, scale=False), run, table([10.0]))
    assert_allclose(block.space.voxel_sizes, 8.0)
    fine = take(VolumeWindow(scale=False), run, table([10.0])).data[0]
    inside = block.data[0][1:-1, 1:-1, 1:-1]
    # the noise of one voxel would be that of the fine grid
    assert inside.std() < 0.5 * fine.std()
    assert_allclose(inside.mean(), 500, rtol=0.02)


def test_a_finer_grid_is_only_interpolated(rng):
    smooth = np.linspace(400, 600, 8)[:, None, None, None] * np.ones((8, 6, 5, 20))
    block = take(VolumeWindow(resolution=2.0, scale=False), as_run(smooth), table([10.0]))
    assert_allclose(block.space.voxel_sizes, 2.0)
    assert_allclose(block.data[0][3, 3, 3], 400 + 2.0 * 200 / 7, rtol=1e-2)


def test_the_template_mask_is_fixed(rng):
    affine = np.diag([12.0, 12.0, 12.0, 1.0])
    affine[:3, 3] = -96, -132, -78
    done = ("normalized", "space-MNI152NLin2009aSym")
    X = Recordings(
        [
            as_run(500 + rng.standard_normal((17, 20, 16, 20)) * size, affine=affine, done=done)
            for size in (1, 50)
        ],
        [table([10.0])] * 2,
    )
    block = VolumeWindow().fit_transform(X)
    assert block.space.space == "MNI152NLin2009aSym"
    volume = block.space.mask.sum() * 12.0**3 / 1e6
    assert 1.7 < volume < 2.1
    assert (block.data[:, ~block.space.mask] == 0).all()


def test_nothing_finite_and_no_mean(rng):
    data = 500 + rng.standard_normal((6, 5, 4, 20))
    data[0] = np.nan
    block = take(VolumeWindow(), as_run(data), table([10.0]))
    assert (block.data[0, 0] == 0).all()
    with pytest.raises(RecordingError, match="scale=False"):
        take(VolumeWindow(), as_run(data - 500), table([10.0]))
    assert take(VolumeWindow(scale=False), as_run(data - 500), table([10.0])).present.all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tmin": 5.0, "tmax": 4.0}, r"tmax must be in \[5.0, inf\) s"),
        ({"baseline": (0.0, -1.0)}, r"baseline must be in \[0.0, inf\) s"),
        ({"baseline": 3.0}, r"baseline must be a pair"),
        ({"resolution": 0}, r"resolution must be in \(0, inf\) mm"),
        ({"standardize": "all"}, "standardize must be one of"),
    ],
)
def test_bad_parameters(counting, parameters, message):
    with pytest.raises(ValueError, match=f"VolumeWindow: {message}"):
        VolumeWindow(**parameters).fit(Recordings([counting], [table([10.0])]))


def test_events_outside(counting):
    with pytest.raises(RecordingError, match="event 0 at 61 s lies outside"):
        take(VolumeWindow(), counting, table([61.0]))
