"""EEG rhythms and BOLD: the planted coupling and its lag come back, and misalignment shows."""

import mne
import nibabel as nib
import numpy as np
import pytest

from sklearn_neurofuse import BoldRun, Recordings
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.eeg import FrequencyFilter
from sklearn_neurofuse.inspection import BandPowerMap, eeg_regressor, lag_search

OFF = ("gradient", "motion", "pulse", "ocular", "muscle", "bad_channels", "amplifier")


@pytest.fixture(scope="module")
def coupled():
    """Make one run with alpha coupled to occipital BOLD and a clean EEG."""
    return simulate_eeg_fmri(
        n_subjects=1,
        n_volumes=150,
        volume_shape=(20, 24, 14),
        n_channels=16,
        sfreq=250.0,
        motion=False,
        eeg=dict.fromkeys(OFF, False),
        bold={"alpha": 3.0, "spin_history": False, "dropout": False},
        random_state=0,
    )


@pytest.fixture(scope="module")
def occipital(coupled):
    """Give where alpha is planted."""
    img = coupled.truth.runs[0].maps["alpha"]
    values = np.abs(np.asarray(getattr(img, "dataobj", img)))
    return values > 0.5 * values.max()


def as_mask(coupled, where):
    return nib.Nifti1Image(where.astype(np.uint8), coupled.X["fmri"].load(0).img.affine)


def test_a_regressor_follows_the_power():
    sfreq = 100.0
    t = np.arange(20000) / sfreq
    strong = (np.sin(2 * np.pi * t / 40) > 0).astype(float)
    data = 1e-5 * (1 + strong) * np.sin(2 * np.pi * 10 * t)
    raw = mne.io.RawArray(data[None], mne.create_info(1, sfreq, "eeg"), verbose="error")
    times = np.arange(10, 180, 2.0)
    here = eeg_regressor(raw, hrf=None, volume_times=times)
    assert np.corrcoef(here, np.interp(times, t, strong))[0, 1] > 0.95
    later = eeg_regressor(raw, hrf=None, volume_times=times, lag=6.0)
    assert np.corrcoef(later, np.interp(times - 6, t, strong))[0, 1] > 0.95
    beta = eeg_regressor(raw, (20, 30), hrf=None, volume_times=times)
    assert abs(np.corrcoef(beta, np.interp(times, t, strong))[0, 1]) < 0.5
    convolved = eeg_regressor(raw, volume_times=times)
    lagged = [np.corrcoef(convolved, np.interp(times - s, t, strong))[0, 1] for s in (0, 5)]
    assert lagged[1] > lagged[0]
    assert (convolved.mean(), convolved.std()) == (pytest.approx(0), pytest.approx(1))


def test_volumes_are_found_by_their_markers(coupled):
    raw, run = coupled.X["eeg"].load(0), coupled.X["fmri"].load(0)
    found = eeg_regressor(raw, t_r=run.t_r)
    assert len(found) == run.n_volumes


def test_the_planted_lag_comes_back_and_two_volumes_move_it(coupled, occipital):
    raw, run = coupled.X["eeg"].load(0), coupled.X["fmri"].load(0)
    mask = as_mask(coupled, occipital)
    found = lag_search(run, raw, mask_img=mask, n_permutations=50, random_state=0)
    assert found.peak < -0.3
    assert found.p_value < 0.05
    assert abs(found.peak) > found.threshold
    assert -2.0 <= found.peak_lag <= 4.0
    data = np.asarray(run.img.dataobj)
    moved = run.replace(img=nib.Nifti1Image(np.roll(data, 2, axis=3), run.img.affine))
    later = lag_search(moved, raw, mask_img=mask, n_permutations=20, random_state=0)
    assert later.peak_lag - found.peak_lag == pytest.approx(2 * run.t_r, abs=1.0)


def test_what_is_not_coupled_has_no_peak(coupled):
    run = coupled.X["fmri"].load(0)
    noise = mne.io.RawArray(
        1e-5 * np.random.default_rng(1).normal(size=(2, 400 * 100)),
        mne.create_info(2, 100.0, "eeg"),
        verbose="error",
    )
    times = 10 + np.arange(run.n_volumes) * run.t_r
    found = lag_search(run, noise, volume_times=times, n_permutations=40, random_state=0)
    assert found.p_value > 0.05


def test_the_map_is_negative_where_alpha_is_planted(coupled, occipital):
    raw, run = coupled.X["eeg"].load(0), coupled.X["fmri"].load(0)
    X = Recordings([run], partner=[raw])
    extractor = BandPowerMap(lag=1.0, eeg=FrequencyFilter(1.0, 40.0))
    block = extractor.fit_transform(X)
    assert block.shape == (1, *run.img.shape[:3])
    z = block.data[0]
    brain = coupled.truth.runs[0].brain_mask
    brain = np.asarray(getattr(brain, "dataobj", brain)) > 0
    elsewhere = brain & ~occipital
    assert z[occipital].mean() < -2.0
    assert z[occipital].mean() < z[elsewhere].mean() - 2.0
    assert extractor.quality(X)[0]["BandPowerMap"]["heart_rate_modelled"]


def test_bad_input(coupled):
    raw, run = coupled.X["eeg"].load(0), coupled.X["fmri"].load(0)
    bare = raw.copy().set_annotations(None)
    with pytest.raises(ValueError, match="no markers of volumes"):
        eeg_regressor(bare)
    with pytest.raises(ValueError, match="no markers of volumes"):
        lag_search(run, bare)
    with pytest.raises(ValueError, match="band"):
        eeg_regressor(raw, (8.0, 300.0))
    with pytest.raises(ValueError, match="hrf"):
        eeg_regressor(raw, hrf="canonical")
    with pytest.raises(ValueError, match="lags"):
        lag_search(run, raw, lags=[np.nan])
    with pytest.raises(TypeError, match="eeg must be a RecordingTransformer"):
        BandPowerMap(eeg="filter").fit(Recordings([run]))
    short = BoldRun(run.img.slicer[..., :40], t_r=run.t_r)
    with pytest.raises(ValueError, match="ways"):
        lag_search(short, raw)
