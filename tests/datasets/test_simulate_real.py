"""`simulate_eeg_fmri` on top of real recordings: only what is asked for is added."""

import mne
import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine
from scipy.ndimage import fourier_shift

from sklearn_neurofuse import config_context
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.datasets._simulation._effects import EEG_EFFECTS

SMALL = {
    "n_subjects": 1,
    "n_volumes": 24,
    "volume_shape": (8, 8, 8),
    "n_channels": 4,
    "sfreq": 250.0,
    "eeg": {name: name == "sensor" for name in EEG_EFFECTS},
    "scan": {"n_dummy": 0},
    "random_state": 0,
}


def simulate(**changes):
    # nothing here goes through the cache, so recordings need not be hashed
    with config_context(cache_dir=None):
        return simulate_eeg_fmri(**{**SMALL, **changes})


def first(data, modality):
    return data.X[modality].load(0), data.truth.runs[0]


def shifted(img, shift):
    """Shift a volume by voxels along its spectrum, of which nothing stands at the edge."""
    return np.fft.ifftn(fourier_shift(np.fft.fftn(img), shift)).real


def test_measured_motion_of_real_epi(real_data):
    epi = next((real_data("hmc-mcflirt")).glob("**/*.nii.gz"))
    trace = np.loadtxt(next(real_data("motion-traces").glob("*HAPPYTEST*.par")))[
        :24, [3, 4, 5, 0, 1, 2]
    ]
    img = nib.load(epi)
    img = img if img.ndim == 3 else img.slicer[..., 0]
    data = simulate(base_bold=img, motion=trace, bold={"motion": True})
    truth = data.truth.runs[0]
    np.testing.assert_allclose(truth.motion, trace, atol=1e-9)
    values, start = data.X["fmri"].load(0).get_data(), img.get_fdata()
    bright = start > 0.5 * start.max()
    assert 0.99 < np.corrcoef(values[..., 5][bright], start[bright])[0, 1] < 1


@pytest.fixture
def real_epi():
    rng = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in (20, 20, 10)], indexing="ij"))
    head = 1000.0 * np.exp(-4 * (grid**2).sum(axis=0))
    series = head[..., None] * (1 + 0.02 * rng.standard_normal((20, 20, 10, 24)))
    affine = np.diag([11.0, 11.0, 16.0, 1.0])
    affine[:3, 3] = (-105.0, -120.0, -70.0)
    return nib.Nifti1Image(series.astype(np.float32), affine)


def test_starts_from_a_real_series(real_epi):
    data = simulate(base_bold=real_epi)
    run = data.X["fmri"].load(0)
    np.testing.assert_array_equal(run.get_data(), np.rint(np.clip(real_epi.get_fdata(), 0, None)))
    np.testing.assert_array_equal(run.img.affine, real_epi.affine)
    assert data.truth.bayes_accuracy["fmri"].isna().all()


def test_adds_activation_to_a_real_series(real_epi):
    data = simulate(base_bold=real_epi, bold={"activation": True})
    truth = data.truth.runs[0]
    ratio = truth.bold("still").get_fdata() / np.maximum(real_epi.get_fdata(), 1)
    place = np.unravel_index(truth.maps["visual left"].get_fdata().argmax(), (20, 20, 10))
    course = truth.courses
    times = np.arange(24) * 2.0 + data.X["fmri"].load(0).slice_times[place[2]]
    expected = np.interp(times, course["time"], course["visual left"])
    assert np.corrcoef(ratio[place], expected)[0, 1] > 0.98


def test_moves_a_real_head(real_epi):
    still = real_epi.slicer[..., 0]
    trace = np.zeros((24, 6))
    trace[:, 1] = 5.5
    data = simulate(base_bold=still, motion=trace, bold={"motion": True})
    values = data.X["fmri"].load(0).get_data()[..., 3]
    expected = shifted(still.get_fdata(), (0, 0.5, 0))
    middle = (slice(6, 14), slice(6, 14), slice(3, 7))
    np.testing.assert_allclose(values[middle], expected[middle], atol=25)


def test_a_real_head_loses_signal_and_gains_that_of_a_site(real_epi):
    still = real_epi.slicer[..., 0]
    run, truth = first(simulate(base_bold=still, bold={"dropout": True}), "fmri")
    values = run.get_data()
    place = np.linalg.inv(truth.brain_mask.affine)
    sinus = tuple(np.rint(apply_affine(place, (0, 38, -22))).astype(int))
    distance = np.linalg.norm(apply_affine(truth.brain_mask.affine, sinus) - (0, 38, -22))
    left = 1 - 0.8 * np.exp(-0.5 * (distance / 13.0) ** 2)
    assert left < 0.5
    assert values[sinus][0] / still.get_fdata()[sinus] == pytest.approx(left, rel=0.03)
    data = simulate(n_subjects=2, base_bold=still, controls={"site_by_class": 1.0})
    one, two = (bold.source.get_data() for bold in data.X["fmri"].sources)
    assert two.sum() / one.sum() == pytest.approx(1.25, rel=1e-3)


def test_real_images_and_traces_that_do_not_fit(real_epi):
    with pytest.raises(ValueError, match=r"brain\['anatomy'\] must not be given with base_bold"):
        simulate(base_bold=real_epi, brain={"anatomy": 2.0})
    with pytest.raises(ValueError, match=r"scan\['fov'\] must not be given with base_bold"):
        simulate(base_bold=real_epi, scan={"fov": (100.0, 100.0, 100.0)})
    with pytest.raises(ValueError, match="at least n_volumes = 30 volumes, got 24"):
        simulate(base_bold=real_epi, n_volumes=30)
    with pytest.raises(ValueError, match="one shape and affine"):
        simulate(base_bold=[real_epi, real_epi.slicer[1:]])
    with pytest.raises(ValueError, match="one row for each of 24 volumes"):
        simulate(motion=np.zeros((10, 6)))
    with pytest.raises(ValueError, match="rising times of heartbeats"):
        simulate(heart=np.array([1.0, 2.0, 2.05, 3.0]))


def test_starts_from_real_eeg():
    rng = np.random.default_rng(0)
    info = mne.create_info(["Fz", "Cz", "Oz", "Fc5."], 160.0, "eeg")
    times = np.arange(160 * 70) / 160.0
    waves = np.sin(2 * np.pi * np.array([[3.0], [7.0], [11.0], [19.0]]) * times)
    base = mne.io.RawArray(
        20e-6 * waves + 1e-7 * rng.standard_normal(waves.shape), info, verbose="error"
    )
    data = simulate(base_eeg=base, eeg={"gradient": True}, sfreq=1000.0)
    raw, truth = first(data, "eeg")
    assert data.truth.bayes_accuracy["eeg"].isna().all()
    assert raw.ch_names == ["Fz", "Cz", "Oz", "FC5", "EOG", "ECG"]
    assert list(truth.eeg) == ["base", "gradient"]
    expected = 20e-6 * np.sin(2 * np.pi * np.array([[3.0], [7.0], [11.0], [19.0]]) * raw.times)
    inside = slice(1000, -1000)
    np.testing.assert_allclose(truth.eeg.brain()[:4, inside], expected[:, inside], atol=1e-6)


def test_real_eeg_that_does_not_fit():
    info = mne.create_info(["Fz", "nose"], 200.0, "eeg")
    base = mne.io.RawArray(np.zeros((2, 200 * 20)), info, verbose="error")
    with pytest.raises(ValueError, match="named as in the 10-05 system, got nose"):
        simulate(base_eeg=base)
    base.rename_channels({"nose": "Cz"})
    with pytest.raises(ValueError, match=r"must last 58.00 s for this run, got 20.00 s"):
        simulate(base_eeg=base)
    with pytest.raises(TypeError, match=r"base_eeg must be mne\.io\.Raw"):
        simulate(base_eeg=[np.zeros((2, 100))])


def test_scanner_artefacts_over_a_real_eeg(real_data):
    base = mne.io.read_raw_edf(real_data("eegmmidb") / "S001R02.edf", verbose="error")
    data = simulate(base_eeg=base, eeg={"gradient": True, "pulse": True}, sfreq=500.0)
    raw, truth = first(data, "eeg")
    assert len(raw.ch_names) == 66
    assert list(truth.eeg) == ["base", "pulse", "gradient"]
    kept = base.get_data(picks=[60], stop=160 * 50)[0]
    clean = truth.eeg["base"][60]
    again = mne.filter.resample(clean[: 500 * 50].astype(float), down=500 / 160, npad="auto")
    inside = slice(160, 160 * 45)
    assert np.corrcoef(again[inside], kept[inside])[0, 1] > 0.99
