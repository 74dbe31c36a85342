"""Registration to a template: known transforms, names that are never mixed, what is refused."""

import pickle

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine
from nilearn.datasets import load_mni152_brain_mask
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from sklearn_neurofuse import BoldRun, Recordings, config_context
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.fmri import (
    MotionCorrector,
    SpatialSmoother,
    TemplateNormalizer,
    TemplateTransform,
    VolumeWindow,
)
from sklearn_neurofuse.fmri._brain import epi_brain, strip_anatomical
from sklearn_neurofuse.fmri._registration import register_affine
from sklearn_neurofuse.fmri._template import load_template, run_space
from sklearn_neurofuse.recordings._provenance import source_key
from sklearn_neurofuse.recordings._serialize import from_state, to_state
from tests.fmri.phantom import grid_affine, movement
from tests.fmri.runs import as_run, table

SHAPE, AFFINE = (40, 46, 34), grid_affine((40, 46, 34), (4.8, 4.8, 5.0))
AFFINE[:3, 3] += 0.0, -18.0, 8.0
# from the template to the run
PLACE = movement((3.0, -6.0, 5.0), (5.0, 3.0, -4.0)) @ np.diag([1.05, 0.96, 1.03, 1.0])


def warp(points, size):
    """Move points smoothly, by `size` mm at most."""
    waves = np.cos(points @ np.array([[0.05, 0.02, 0.0], [0.01, -0.04, 0.03], [0.0, 0.03, 0.05]]))
    return points + size / np.sqrt(3.0) * waves


def make_run(contrast="epi", size=0.0, affine=AFFINE, n_volumes=3):
    """Show the bundled template's head at another place, in the contrast of EPI or of itself."""
    template = load_template("MNI152", 2.0)
    grey, white, fluid = template.tissues
    epi = template.mask * (grey + 0.82 * white + 1.35 * fluid)
    values = epi if contrast == "epi" else template.data
    points = apply_affine(np.linalg.inv(PLACE) @ affine, np.indices(SHAPE).reshape(3, -1).T)
    # the inverse of the warp, by iteration
    found = points.copy()
    for _ in range(30):
        found = points - (warp(found, size) - found)
    voxels = apply_affine(np.linalg.inv(template.affine), found).T
    volume = 1000 * ndimage.map_coordinates(values, voxels, order=1).reshape(SHAPE)
    noise = np.random.default_rng(0).normal(scale=10, size=(*SHAPE, n_volumes))
    return as_run(np.abs(volume[..., None] + noise), affine=affine)


def residual(transform, size=0.0):
    """Give the distances in mm over the brain between the found and the planted place."""
    template = load_template("MNI152", 4.0)
    points = apply_affine(template.affine, np.argwhere(template.mask))
    planted = apply_affine(PLACE, warp(points, size))
    return np.linalg.norm(transform.apply_to_points(points) - planted, axis=1)


@pytest.fixture
def coarse(monkeypatch):
    """Register at four millimetres, which is enough for most."""
    monkeypatch.setattr("sklearn_neurofuse.fmri._template_normalizer._EDGE", 4.0)


@pytest.fixture(scope="module")
def run():
    return make_run()


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize("flip", [1, -1])
def test_affine_of_a_known_place(run, flip):
    affine = AFFINE.copy()
    if flip < 0:
        # the first axis from right to left, as many scanners have it
        affine[:3, 3] += affine[:3, 0] * (SHAPE[0] - 1)
        affine[:3, 0] *= -1
        run = run.replace(img=nib.Nifti1Image(run.get_data()[::-1], affine))
    found = residual(TemplateNormalizer().estimate(run))
    # of voxels of five millimetres
    assert found.mean() < 2.0
    assert found.max() < 5.0


def test_how_the_scanner_turns_its_axes_makes_little_difference(run):
    """The affine turns along with the volume."""
    template = load_template("MNI152", 4.0)
    points = apply_affine(template.affine, np.argwhere(template.mask))
    places = []
    for angle in (0.0, 0.2, -0.35):
        turn = np.eye(4)
        turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        turned = run.replace(img=nib.Nifti1Image(run.get_data(), turn @ run.img.affine))
        found = TemplateNormalizer().estimate(turned).apply_to_points(points)
        places.append(apply_affine(np.linalg.inv(turn), found))
    spread = np.linalg.norm(places - np.median(places, axis=0), axis=2).mean(axis=1)
    assert spread.max() < 0.25


def test_where_the_scanner_puts_its_origin_makes_no_difference(rng):
    """The affine moves along with the volume, however far from the origin it lies."""
    static = ndimage.gaussian_filter(rng.random((14, 16, 12)), 2.5)
    moving = np.roll(static, 1, axis=0) + 0.01 * rng.random(static.shape)
    affine = np.diag([8.0, 8.0, 9.0, 1.0])
    shifted = affine.copy()
    shifted[:3, 3] = 30.0, -400.0, 250.0
    here, there = (register_affine(static, affine, moving, each) for each in (affine, shifted))
    assert_allclose(there[:3, 3] - here[:3, 3], shifted[:3, 3], atol=1e-6)
    assert_allclose(there[:3, :3], here[:3, :3], atol=1e-6)


@pytest.mark.usefixtures("coarse")
def test_the_result_lies_on_the_template(run):
    X = TemplateNormalizer(resolution=6.0).fit_transform(Recordings([run]))
    result = X.load(0)
    template = load_template("MNI152", 6.0)
    assert_array_equal(result.img.affine, template.affine)
    data = result.get_data()
    assert data.shape == (*template.mask.shape, 3)
    assert data.dtype == np.float32
    grey, white, fluid = template.tissues
    expected = 1000 * (grey + 0.82 * white + 1.35 * fluid)
    inside = ndimage.binary_erosion(template.mask, iterations=1)
    assert np.corrcoef(data.mean(axis=3)[inside], expected[inside])[0, 1] > 0.8
    # at the far corner nothing stands
    assert (data[0, 0, 0] == 0).all()
    figures = X.quality(0)["TemplateNormalizer"]
    assert figures["space"] == "MNI152NLin2009aSym"
    assert figures["coverage"] > 0.97
    assert figures["overlap"] > 0.93
    assert figures["largest_warp"] == 0
    assert_allclose(figures["affine"], TemplateNormalizer().estimate(run).affine, atol=1e-9)


@pytest.mark.usefixtures("coarse")
def test_times_of_slices_end_with_the_slices(run):
    times = np.linspace(0.0, 1.5, SHAPE[2])
    run = run.replace(slice_times=times)
    result = TemplateNormalizer(resolution=6.0).fit_transform(Recordings([run])).load(0)
    assert result.slice_times is None
    # events still meet the volumes
    assert_allclose(result.volume_times, run.volume_times)


@pytest.mark.usefixtures("coarse")
def test_extractors_know_the_space_and_its_mask(run):
    X = Recordings([run], [table([0.0])])
    X = TemplateNormalizer(resolution=8.0).fit_transform(X)
    block = VolumeWindow(0.0, 4.0).fit_transform(X)
    assert block.space.space == "MNI152NLin2009aSym"
    assert 1.6e6 < block.space.mask.sum() * 8.0**3 < 2.1e6
    assert (block.data[0, ~block.space.mask] == 0).all()
    assert np.abs(block.data[0, block.space.mask]).min() >= 0


@pytest.mark.usefixtures("coarse")
def test_coverage_of_a_part_of_the_head(run):
    part = run.replace(img=run.img.slicer[:, :, 12:])
    X = TemplateNormalizer(resolution=6.0).fit_transform(Recordings([part]))
    assert 0.5 < X.quality(0)["TemplateNormalizer"]["coverage"] < 0.95
    data = X.load(0).get_data()
    assert (data[:, :, 0] == 0).all()


def test_motion_and_template_need_one_interpolation(run, monkeypatch):
    X = MotionCorrector("first").fit_transform(Recordings([run]))

    def fail(*arguments, **options):
        raise AssertionError("resampled twice")

    monkeypatch.setattr("sklearn_neurofuse.fmri._pending.resample_series", fail)
    # other tests register roughly, and what they find is remembered
    with config_context(cache_dir=None):
        result = TemplateNormalizer(resolution=6.0).fit_transform(X).load(0)
        alone = TemplateNormalizer(resolution=6.0).fit_transform(Recordings([run])).load(0)
    inside = load_template("MNI152", 6.0).mask
    one, two = result.get_data()[inside].mean(axis=1), alone.get_data()[inside].mean(axis=1)
    assert np.corrcoef(one, two)[0, 1] > 0.995


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize("contrast", ["epi", "t1"])
def test_a_warp_is_found(contrast):
    run = make_run(contrast, size=6.0)
    straight = residual(TemplateNormalizer().estimate(run), 6.0)
    warped = residual(TemplateNormalizer(kind="syn").estimate(run), 6.0)
    assert warped.mean() < 0.75 * straight.mean()


@pytest.mark.slow
@pytest.mark.parametrize("contrast", ["epi", "t1"])
def test_a_warp_of_six_millimetres_is_found_to_one(contrast):
    found = residual(TemplateNormalizer(kind="syn").estimate(make_run(contrast, size=6.0)), 6.0)
    assert found.mean() < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("contrast", ["epi", "t1"])
def test_where_nothing_is_warped_nothing_is_made_worse(contrast):
    run = make_run(contrast)
    straight = residual(TemplateNormalizer().estimate(run))
    warped = residual(TemplateNormalizer(kind="syn").estimate(run))
    assert warped.mean() < straight.mean() + 0.1


@pytest.mark.usefixtures("coarse")
def test_by_way_of_an_anatomical_image(run):
    head = nib.Nifti1Image(make_run("t1").get_data()[..., 0], AFFINE)
    with_image = run.replace(anatomical=head)
    found = residual(TemplateNormalizer(via="anatomical").estimate(with_image))
    assert found.mean() < 2.0
    with pytest.raises(ValueError, match=r"BoldRun\(anatomical=...\)"):
        TemplateNormalizer(via="anatomical").estimate(run)
    wrong = run.replace(anatomical=run.img)
    with pytest.raises(ValueError, match=r"must be 3-D, got shape \(40, 46, 34, 3\)"):
        TemplateNormalizer(via="anatomical").estimate(wrong)


def test_the_anatomical_image_stays_with_the_run(run, tmp_path):
    head = nib.Nifti1Image(np.arange(24.0).reshape(2, 3, 4), np.eye(4))
    with_image = run.replace(anatomical=head)
    remembered = from_state(*to_state(with_image))
    for again in (with_image.replace(t_r=3.0), remembered, pickle.loads(pickle.dumps(with_image))):
        assert_array_equal(again.anatomical.dataobj, head.dataobj)
    assert source_key(Recordings([with_image]).sources[0]) != source_key(
        Recordings([run]).sources[0]
    )
    path = tmp_path / "T1w.nii.gz"
    nib.save(head, path)
    with_file = run.replace(anatomical=path)
    assert with_file.anatomical == str(path)
    before = source_key(Recordings([with_file]).sources[0])
    nib.save(nib.Nifti1Image(np.zeros((9, 9, 9)), np.eye(4)), path)
    assert source_key(Recordings([with_file]).sources[0]) != before


def test_a_whole_head_is_stripped():
    template = load_template("MNI152", 4.0)
    voxels = np.indices(template.mask.shape).reshape(3, -1).T
    away = ndimage.distance_transform_edt(~template.mask) * 4.0
    # a bright shell, noise around, and a field that fades to one side
    head = 1000 * template.data + 800.0 * ((away > 5) & (away < 12))
    bias = np.exp(0.006 * apply_affine(template.affine, voxels)[:, 0]).reshape(head.shape)
    noise = np.abs(np.random.default_rng(0).normal(scale=15, size=head.shape))
    stripped = strip_anatomical(head * bias + noise, template.affine, template)
    found = stripped > 0
    dice = 2 * (found & template.mask).sum() / (found.sum() + template.mask.sum())
    assert dice > 0.9
    white = template.tissues[1] > 0.95
    level, field = stripped[white], (head * bias)[white]
    assert level.std() / level.mean() < 0.5 * field.std() / field.mean()


def test_brain_of_a_real_epi(real_data):
    img = nib.load(real_data("haxby") / "epi_two_volumes.nii.gz")
    volume = np.asanyarray(img.dataobj, dtype=np.float32).mean(axis=3)
    mask = epi_brain(volume, img.affine)
    litres = mask.sum() * abs(np.linalg.det(img.affine[:3, :3])) / 1e6
    assert 0.5 < litres < 1.8
    assert volume[mask].mean() > 5 * volume[~mask].mean()


@pytest.mark.parametrize("fill", [0.0, np.nan])
def test_a_run_without_a_head(fill):
    with pytest.raises(RecordingError, match="must be finite and not constant"):
        TemplateNormalizer().fit_transform(Recordings([as_run(np.full((8, 8, 8, 4), fill))])).load(
            0
        )


def test_order_is_held(run):
    smoothed = SpatialSmoother().fit_transform(Recordings([run]))
    with pytest.raises(ValueError, match="put TemplateNormalizer before SpatialSmoother"):
        TemplateNormalizer().fit_transform(smoothed)
    with pytest.raises(ValueError, match="already normalized"):
        TemplateNormalizer().fit_transform(Recordings([run.replace(done=("normalized",))]))


def test_the_bundled_template_has_its_exact_name():
    one, two = load_template("MNI152", 3.0), load_template("MNI152NLin2009aSym", 3.0)
    assert one.space == two.space == "MNI152NLin2009aSym"
    assert_array_equal(one.data, two.data)
    mask = load_mni152_brain_mask(resolution=1)
    litres = np.asanyarray(mask.dataobj).sum() / 1e6
    assert_allclose(one.mask.sum() * 27e-6, litres, rtol=0.01)
    for axis in range(3):
        edges = np.flatnonzero(one.mask.any(axis=tuple({0, 1, 2} - {axis})))
        # room around the brain
        assert edges[0] >= 2
        assert edges[-1] <= one.mask.shape[axis] - 3


def test_a_template_of_templateflow(tmp_path, monkeypatch):
    monkeypatch.setenv("TEMPLATEFLOW_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"is not on this machine.*templateflow.api.get"):
        load_template("MNI152NLin2009cAsym", 3.0)
    folder = tmp_path / "tpl-MNI152NLin2009cAsym"
    folder.mkdir()
    bundled = load_template("MNI152", 4.0)
    stem = folder / "tpl-MNI152NLin2009cAsym_res-02_desc-brain_"
    nib.save(nib.Nifti1Image(bundled.data, bundled.affine), f"{stem}T1w.nii.gz")
    mask = nib.Nifti1Image(bundled.mask.astype(np.uint8), bundled.affine)
    nib.save(mask, f"{stem}mask.nii.gz")
    found = load_template("MNI152NLin2009cAsym", 4.0)
    assert found.space == "MNI152NLin2009cAsym"
    assert_allclose(found.mask.sum(), bundled.mask.sum(), rtol=0.02)
    # the name of an image stands in its file name
    assert load_template(f"{stem}T1w.nii.gz", 4.0).space == "MNI152NLin2009cAsym"


def test_an_image_needs_a_name():
    img = nib.Nifti1Image(np.ones((8, 8, 8)), np.diag([20.0, 20.0, 20.0, 1.0]))
    for template in (img, "T1w.nii.gz"):
        with pytest.raises(ValueError, match="space must name the coordinates"):
            TemplateNormalizer(template).check_parameters()
    TemplateNormalizer(img, space="MNI152NLin6Asym").check_parameters()
    empty = nib.Nifti1Image(np.zeros((8, 8, 8)), np.eye(4))
    with pytest.raises(ValueError, match="must not be empty"):
        load_template(empty, 4.0, "Mine")


def test_spaces_are_never_mixed(run):
    named = [
        as_run(run.get_data() + number, affine=AFFINE, done=("normalized", f"space-{name}"))
        for number, name in enumerate(("MNI152NLin2009cAsym", "MNI152NLin6Asym"))
    ]
    assert [run_space(each) for each in named] == ["MNI152NLin2009cAsym", "MNI152NLin6Asym"]
    X = Recordings(named, [table([0.0])] * 2)
    with pytest.raises(ValueError, match="differ in space"):
        VolumeWindow(0.0, 4.0).fit_transform(X)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"template": "MNI"}, "template must be one of 'MNI152'"),
        ({"space": "MNI152NLin6Asym"}, "space must be None or 'MNI152NLin2009aSym'"),
        ({"resolution": 0.1}, r"resolution must be in \[0.5, 20.0\] mm"),
        ({"kind": "rigid"}, "kind must be one of 'affine', 'syn'"),
        ({"via": "t1"}, "via must be one of"),
        ({"order": 7}, r"order must be in \[1, 5\]"),
    ],
)
def test_bad_parameters(run, parameters, message):
    with pytest.raises(ValueError, match=message):
        TemplateNormalizer(**parameters).fit(Recordings([run]))


def test_transform_is_saved_and_read(tmp_path, rng):
    grid = grid_affine((6, 7, 5), (20.0, 20.0, 20.0))
    both = TemplateTransform(PLACE, rng.normal(size=(6, 7, 5, 3)), grid)
    points = rng.uniform(-40, 40, size=(10, 3))
    both.save(tmp_path / "both")
    back = TemplateTransform.load(tmp_path / "both")
    assert_allclose(back.apply_to_points(points), both.apply_to_points(points), atol=1e-4)
    # as ITK has it: vectors from left to right and front to back count the other way
    img = nib.load(tmp_path / "both" / "warp.nii.gz")
    assert img.shape == (6, 7, 5, 1, 3)
    assert img.header.get_intent()[0] == "vector"
    assert_allclose(np.asanyarray(img.dataobj)[..., 0, 0], -both.warp[..., 0], rtol=1e-6)
    TemplateTransform(PLACE).save(tmp_path / "both")
    assert TemplateTransform.load(tmp_path / "both").warp is None


def test_transform_of_a_grid(rng):
    grid = grid_affine((6, 7, 5), (20.0, 20.0, 20.0))
    both = TemplateTransform(PLACE, rng.normal(size=(6, 7, 5, 3)), grid)
    points = apply_affine(grid, np.indices((6, 7, 5)).reshape(3, -1).T)
    expected = apply_affine(PLACE, points + both.warp.reshape(-1, 3))
    assert_allclose(both.apply_to_points(points), expected, atol=1e-4)
    assert_allclose(both.places(grid, (6, 7, 5)).reshape(-1, 3), expected, atol=1e-3)
    assert repr(TemplateTransform(PLACE)) == "TemplateTransform(affine)"
    assert "warp of up to" in repr(both)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.eye(3),), r"affine must be a finite \(4, 4\) matrix"),
        ((np.eye(4), np.zeros((2, 2, 2))), r"warp must have shape \(x, y, z, 3\)"),
        ((np.eye(4), np.zeros((2, 2, 2, 3))), "must be given together"),
    ],
)
def test_bad_transforms(arguments, message):
    with pytest.raises(ValueError, match=message):
        TemplateTransform(*arguments)


def test_a_real_epi_is_brought_to_the_template_upright(real_data):
    # with its skull cut too close, mutual information once shrank this head to .70 of its height
    (path,) = real_data("hmc-mcflirt").glob("*boldref.nii.gz")
    img = nib.load(path)
    volume = np.asanyarray(img.dataobj, dtype=np.float32)
    run = BoldRun(nib.Nifti1Image(np.repeat(volume[..., None], 2, axis=3), img.affine), t_r=2.0)
    found = TemplateNormalizer().estimate(run).affine
    scales = np.linalg.norm(found[:3, :3], axis=0)
    # a small head: its brain has little more than half of the volume of the template's
    assert (scales > 0.75).all()
    assert (scales < 1.05).all()
