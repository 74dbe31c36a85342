"""Connectivity of regions."""

import nibabel as nib
import numpy as np
import pytest
from nilearn.connectome import ConnectivityMeasure
from nilearn.signal import clean
from numpy.testing import assert_allclose

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.fmri import ConfoundRegressor, ParcelConnectome
from tests.fmri.runs import AFFINE, after, as_run, motion_table, take

ATLAS_DATA = np.zeros((8, 6, 4), np.uint8)
for _region in range(4):
    ATLAS_DATA[2 * _region : 2 * _region + 2, 1:5] = [3, 7, 8, 20][_region]
ATLAS = nib.Nifti1Image(ATLAS_DATA, AFFINE)


@pytest.fixture
def run(rng):
    """Give regions 0 and 2 that go together, 1 and 3 that go against each other."""
    one, two = rng.standard_normal((2, 120))
    courses = np.stack([one, two, one, -two]) + 0.5 * rng.standard_normal((4, 120))
    data = 500 + rng.standard_normal((8, 6, 4, 120))
    data += 5 * np.repeat(courses, 2, axis=0)[:, None, None]
    return as_run(data, confounds=motion_table(120))


def region_means(data):
    return np.stack([data[n == ATLAS_DATA].mean(axis=0) for n in (3, 7, 8, 20)], axis=1)


@pytest.mark.parametrize("kind", ["correlation", "partial correlation", "covariance", "precision"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_agrees_with_nilearn(run, kind, order):
    run = as_run(run.get_data(), order=order)
    block = take(ParcelConnectome(ATLAS, kind, fisher=False), run)
    signals = clean(region_means(run.get_data().astype(float)), standardize=None)
    measure = ConnectivityMeasure(kind=kind, standardize="zscore_sample")
    matrix = measure.fit_transform([signals])[0]
    assert_allclose(block.data[0], matrix[np.tril_indices(4, -1)], rtol=1e-4, atol=1e-5)
    assert block.dtype == np.float32


def test_what_goes_together(run):
    block = take(ParcelConnectome(ATLAS), run)
    matrix = block.to_native()[0]
    assert matrix[2, 0] > 0.6
    assert matrix[3, 1] < -0.6
    assert np.abs(matrix[[1, 2, 3, 3], [0, 1, 0, 2]]).max() < 0.35
    assert block.get_feature_names()[:2] == ["7~3", "8~3"]


def test_fisher(run):
    plain = take(ParcelConnectome(ATLAS, fisher=False), run).data
    assert_allclose(take(ParcelConnectome(ATLAS), run).data, np.arctanh(plain), rtol=1e-5)


def test_confounds_and_filter_act_in_one_step(run):
    step = ConfoundRegressor(6, high_pass=0.01, low_pass=0.1)
    X = step.fit_transform(Recordings([run]))
    block = ParcelConnectome(ATLAS, fisher=False).fit_transform(X)
    signals = clean(
        region_means(run.get_data().astype(float)),
        confounds=run.confounds,
        high_pass=0.01,
        low_pass=0.1,
        t_r=2.0,
        standardize=None,
    )
    measure = ConnectivityMeasure(kind="correlation", standardize="zscore_sample")
    expected = measure.fit_transform([signals])[0][np.tril_indices(4, -1)]
    assert_allclose(block.data[0], expected, rtol=1e-4, atol=1e-5)


def test_scrubbed_volumes_have_no_part(run):
    motion = run.confounds * 0.01
    motion.loc[50, "trans_x"] += 4
    step, extractor = ConfoundRegressor(0, scrub=2.0), ParcelConnectome(ATLAS)
    data = run.get_data().copy()
    clean_edges = extractor.fit_transform(
        step.fit_transform(Recordings([as_run(data, confounds=motion)]))
    )
    data[..., 50:52] = 9000
    broken = extractor.fit_transform(
        step.fit_transform(Recordings([as_run(data, confounds=motion)]))
    )
    assert_allclose(broken.data, clean_edges.data, rtol=1e-4)


def test_names_places_and_networks(run):
    block = take(
        ParcelConnectome(ATLAS, labels=["a", "b", "c", "d"], networks=["x", "x", "y", "y"]), run
    )
    assert block.space.labels == ("a", "b", "c", "d")
    assert block.space.networks == ("x", "x", "y", "y")
    assert_allclose(block.space.coordinates[0], [1.5, 7.5, 6.0])
    with pytest.raises(RecordingError, match="labels must name the 4 regions of the atlas, got 2"):
        take(ParcelConnectome(ATLAS, labels=["a", "b"]), run)


def test_an_atlas_of_another_grid(run):
    fine = np.diag([1.5, 1.5, 2.0, 1.0])
    fine[:3, 3] = -0.75, -0.75, -1.0
    data = np.repeat(np.repeat(np.repeat(ATLAS_DATA, 2, 0), 2, 1), 2, 2)
    block = take(ParcelConnectome(nib.Nifti1Image(data, fine)), run)
    assert_allclose(block.data, take(ParcelConnectome(ATLAS), run).data, rtol=1e-4)


def test_a_region_outside_is_missing(run):
    data = run.get_data().copy()
    data[4:6, :4] = 0
    extractor = ParcelConnectome(ATLAS, labels=["a", "b", "c", "d"])
    X = Recordings([as_run(data)])
    assert not extractor.fit_transform(X).present.any()
    assert extractor.missing_reasons(X) == {
        0: "its field of view holds 0.25 of the region c, less than 0.5"
    }
    assert extractor.quality(X)[0]["ParcelConnectome"]["coverage"] == [1.0, 1.0, 0.25, 1.0]
    assert ParcelConnectome(ATLAS, min_coverage=0.2).fit_transform(X).present.all()


def test_too_few_volumes_are_missing(run):
    shaken = run.confounds * 0.001
    shaken["trans_x"] = np.r_[np.zeros(6), 5.0 * (np.arange(114) % 2 + 1)]
    X = ConfoundRegressor(scrub=1.0).fit_transform(Recordings([run.replace(confounds=shaken)]))
    extractor = ParcelConnectome(ATLAS)
    assert extractor.missing_reasons(X) == {0: "6 volumes remain after scrubbing, 9 are needed"}


def test_voxels_without_a_signal_do_not_count(run):
    data = run.get_data().copy()
    data[0, 1] = np.nan
    block = take(ParcelConnectome(ATLAS), as_run(data))
    assert np.isfinite(block.data).all()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((4, 4, 4, 2), np.uint8), "must be a 3-D image of labels"),
        (np.ones((4, 4, 4), np.uint8), "must hold at least 2 regions, got 1"),
    ],
)
def test_bad_atlas(run, data, message):
    with pytest.raises(RecordingError, match=message):
        take(ParcelConnectome(nib.Nifti1Image(data, AFFINE)), run)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kind": "tangent"}, "kind must be one of"),
        ({"fisher": 1}, "fisher must be one of True, False"),
        ({"min_coverage": 0}, r"min_coverage must be in \(0, 1\]"),
        ({"standardize": "recording"}, "standardize must be one of None, 'subject'"),
    ],
)
def test_bad_parameters(run, parameters, message):
    with pytest.raises(ValueError, match=message):
        ParcelConnectome(ATLAS, **parameters).fit(Recordings([run]))


def test_cleaned_values_and_signals_agree(run):
    """Regressing means of voxels is the mean of regressed voxels."""
    step = ConfoundRegressor(12)
    X = step.fit_transform(Recordings([run]))
    cleaned = after(step, run)
    lines = region_means(cleaned.get_data().astype(float))
    measure = ConnectivityMeasure(kind="correlation", standardize="zscore_sample")
    expected = measure.fit_transform([lines])[0][np.tril_indices(4, -1)]
    ours = ParcelConnectome(ATLAS, fisher=False).fit_transform(X).data[0]
    assert_allclose(ours, expected, rtol=1e-3, atol=1e-4)
