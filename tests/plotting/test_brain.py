"""Maps on the brain, by what is drawn."""

from html import unescape

import matplotlib.pyplot as plt
import nibabel as nib
import numpy as np
import pytest

from sklearn_neurofuse.containers import Block, VolumeSpace
from sklearn_neurofuse.plotting import plot_brain_3d, plot_group_map, plot_heatmap

AFFINE = np.diag([8.0, 8.0, 8.0, 1.0])
AFFINE[:3, 3] = (-72, -104, -64)
SHAPE = (18, 22, 18)
SPACE = VolumeSpace(AFFINE)
PLACE = (12, 6, 9)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def make_map(sign=1.0):
    values = np.zeros(SHAPE)
    x, y, z = PLACE
    values[x - 1 : x + 2, y - 1 : y + 2, z - 1 : z + 2] = sign
    values[x, y, z] = 2.0 * sign
    return values


def drawn(display):
    """Give the largest absolute value that is drawn over the background."""
    images = [im for ax in display.axes.values() for im in ax.ax.get_images()]
    arrays = [np.ma.filled(np.ma.masked_invalid(im.get_array()), 0) for im in images]
    return max(float(np.abs(a).max()) for a in arrays if a.ndim == 2)


def test_slices_go_through_the_peak_and_show_its_value():
    display = plot_heatmap(make_map(), space=SPACE, label="share (%)", title="attention")
    peak = AFFINE @ [*PLACE, 1]
    np.testing.assert_allclose([float(display.axes[a].coord) for a in "xyz"], peak[:3], atol=8.0)
    assert drawn(display) == pytest.approx(2.0, rel=0.05)
    figure = display.frame_axes.figure
    assert figure.get_suptitle() == "attention"
    assert any("share (%)" in ax.get_title(loc="right") for ax in figure.axes)


def test_slices_go_through_the_peak_and_not_through_the_largest_cluster():
    values = np.zeros(SHAPE)
    values[4:8, 10:16, 6:12] = 0.4
    values[13, 8, 7] = -0.9
    display = plot_heatmap(values, space=SPACE)
    peak = AFFINE @ (13, 8, 7, 1)
    np.testing.assert_allclose([float(display.axes[a].coord) for a in "xyz"], peak[:3])


@pytest.mark.parametrize(("sign", "cmap"), [(1.0, "YlOrRd"), (-1.0, "RdBu_r")])
def test_warm_is_more_and_cool_is_less(sign, cmap):
    display = plot_heatmap(make_map(sign), space=SPACE, threshold=0.1)
    images = [im for ax in display.axes.values() for im in ax.ax.get_images()]
    assert cmap in {im.get_cmap().name for im in images} or any(
        im.get_cmap()(im.norm(2.0 * sign))[0 if sign > 0 else 2] > 0.3 for im in images
    )
    low, high = images[-1].norm.vmin, images[-1].norm.vmax
    assert (low, high) == ((0.0, 2.0) if sign > 0 else (-2.0, 2.0))


@pytest.mark.parametrize("mode", ["mosaic", "x", "glass"])
def test_other_modes_show_the_same_map(mode):
    display = plot_heatmap(nib.Nifti1Image(make_map(), AFFINE), mode=mode, threshold="50%")
    assert len(display.axes) >= (4 if mode != "x" else 1)


def test_a_map_goes_into_axes_that_are_given(tmp_path):
    path = tmp_path / "map.nii.gz"
    nib.save(nib.Nifti1Image(make_map(), AFFINE), path)
    figure, (left, right) = plt.subplots(1, 2)
    display = plot_heatmap(path, ax=left, mode="z", cut_coords=[8.0])
    assert display.frame_axes.figure is figure
    assert right.get_images() == []


def test_the_cortex_shows_the_map_on_its_side():
    figure = plot_brain_3d(make_map(), space=SPACE, interactive=False, label="share")
    panels = figure.axes[:4]
    assert [ax.get_title() for ax in panels] == [
        "left, lateral",
        "left, medial",
        "right, medial",
        "right, lateral",
    ]
    assert figure.axes[4].get_ylabel() == "share"


def test_the_interactive_page_needs_no_network(tmp_path):
    view = plot_brain_3d(make_map(), space=SPACE)
    path = tmp_path / "brain.html"
    view.save_as_html(path)
    page = unescape(path.read_text(encoding="utf-8"))
    assert "<script" in page
    assert 'src="http' not in page


def test_a_group_map_shows_where_people_differ_and_not_elsewhere():
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    data = rng.normal(size=(24, *SHAPE))
    x, j, z = PLACE
    data[:, x, j, z] += 6.0 * y
    display = plot_group_map(Block(data, SPACE), y, correction="bonferroni", mode="ortho")
    peak = AFFINE @ [*PLACE, 1]
    np.testing.assert_allclose([float(display.axes[a].coord) for a in "xyz"], peak[:3], atol=8.0)
    assert "n = 24, p < 0.05 (Bonferroni)" in display.frame_axes.figure.get_suptitle()


def test_persons_are_averaged_before_they_are_compared():
    rng = np.random.default_rng(0)
    block = Block(rng.normal(size=(24, *SHAPE)) + 3.0, SPACE)
    display = plot_group_map(block, groups=np.repeat(np.arange(6), 4), mode="z")
    assert "n = 6" in display.frame_axes.figure.get_suptitle()
    display = plot_group_map(block, np.arange(24) % 2, groups=np.repeat(np.arange(6), 4), mode="z")
    assert "n = 6" in display.frame_axes.figure.get_suptitle()


def test_bad_input():
    with pytest.raises(ValueError, match="space must be its VolumeSpace"):
        plot_heatmap(make_map())
    with pytest.raises(ValueError, match="one 3-D map"):
        plot_heatmap(nib.Nifti1Image(np.zeros((4, 4, 4, 3)), AFFINE))
    with pytest.raises(TypeError, match="must be an image"):
        plot_brain_3d([1, 2])
    with pytest.raises(ValueError, match="mode"):
        plot_heatmap(make_map(), space=SPACE, mode="tiles")
    with pytest.raises(TypeError, match="Block with a VolumeSpace"):
        plot_group_map(make_map())
    block = Block(np.zeros((6, *SHAPE)), SPACE)
    with pytest.raises(ValueError, match="two classes"):
        plot_group_map(block, np.zeros(6))
    with pytest.raises(ValueError, match="at least three maps"):
        plot_group_map(block, groups=[0, 0, 0, 1, 1, 1])
