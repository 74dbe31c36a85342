"""Regression on reference loops: planted mixtures, and loops on a real head in a scanner."""

import mne
import numpy as np
import pytest
from scipy.io import loadmat

from sklearn_neurofuse import Recordings, config_context
from sklearn_neurofuse.eeg import CarbonWireRegressor
from sklearn_neurofuse.signal._lagged import explained, fit_lagged, lagged, predict_lagged

SFREQ = 250.0


def run(raw, **options):
    with config_context(cache_dir=None):
        X = CarbonWireRegressor(**options).fit_transform(Recordings([raw]))
        return X.load(0), X.quality(0)["CarbonWireRegressor"]


def make(rng, n_times=10_000, names=("Fz", "Cz", "Pz", "CWL1", "CWL2")):
    """Make EEG that loops are mixed into with delays and different signs."""
    smooth = np.hanning(7) / np.hanning(7).sum()
    loops = np.stack(
        [np.convolve(row, smooth, "same") for row in rng.standard_normal((2, n_times))]
    )
    eeg = 1e-5 * rng.standard_normal((3, n_times))
    moved = eeg + 1e-4 * (0.7 * np.roll(loops[0], 4) - 0.4 * np.roll(loops[1], -3))
    info = mne.create_info(list(names), SFREQ, "eeg")
    return mne.io.RawArray(np.concatenate([moved, 1e-3 * loops]), info, verbose="error"), eeg


def test_lagged_copies_stand_where_they_belong(rng):
    references = rng.standard_normal((2, 50))
    columns = lagged(references, 3, 0, 50).reshape(7, 2, 50)
    for lag in range(-3, 4):
        expected = np.zeros((2, 50))
        if lag >= 0:
            expected[:, lag:] = references[:, : 50 - lag]
        else:
            expected[:, :lag] = references[:, -lag:]
        np.testing.assert_array_equal(columns[lag + 3], expected)
    np.testing.assert_array_equal(lagged(references, 3, 10, 20), columns.reshape(14, 50)[:, 10:20])


def test_weights_are_those_of_least_squares(rng):
    references = rng.standard_normal((2, 400))
    data = rng.standard_normal((3, 400))
    weights = fit_lagged(data, references, 2, 0.0)
    design = lagged(references, 2, 0, 400)
    design = design - design.mean(axis=1, keepdims=True)
    centred = data - data.mean(axis=1, keepdims=True)
    expected = np.linalg.lstsq(design.T, centred.T, rcond=None)[0]
    np.testing.assert_allclose(weights, expected, atol=1e-8)
    np.testing.assert_allclose(
        predict_lagged(weights, references, 2, 30, 90), weights.T @ lagged(references, 2, 30, 90)
    )


def test_windows_follow_what_changes(rng):
    references = rng.standard_normal((1, 20_000))
    data = np.linspace(-1, 1, 20_000) * references
    whole = data - explained(data, references, 2, 1e-6)
    windowed = data - explained(data, references, 2, 1e-6, 2000)
    assert np.var(windowed) < 0.05 * np.var(whole)


def test_eeg_comes_back_and_loops_go(rng):
    raw, eeg = make(rng)
    cleaned, quality = run(raw)
    assert cleaned.ch_names == ["Fz", "Cz", "Pz"]
    for row, truth in zip(cleaned.get_data(), eeg, strict=True):
        assert np.corrcoef(row, truth)[0, 1] > 0.98
    assert quality["loops"] == ["CWL1", "CWL2"]
    assert quality["held_out_variance"] == pytest.approx(quality["variance"], abs=0.05)
    assert raw.ch_names[3] == "CWL1"


def test_loops_may_stay_and_be_named(rng):
    raw, _ = make(rng, names=["Fz", "Cz", "Pz", "one", "two"])
    cleaned, _ = run(raw, loops=["one", "two"], drop=False)
    assert cleaned.ch_names == raw.ch_names
    np.testing.assert_array_equal(cleaned.get_data()[3:], raw.get_data()[3:])
    assert cleaned.get_data()[0].std() < 0.6 * raw.get_data()[0].std()


def test_what_cannot_be_done(rng):
    raw, _ = make(rng, names=["Fz", "Cz", "Pz", "one", "two"])
    for options, message in [
        ({}, "no channel is named like a carbon-wire loop"),
        ({"loops": ["three"]}, r"no channels \['three'\] among"),
        ({"loops": raw.ch_names}, "no channels beside the loops"),
    ]:
        with pytest.raises(ValueError, match=message):
            run(raw, **options)
    broken = raw.copy().apply_function(lambda row: 0 * row, picks=["one"])
    with pytest.raises(ValueError, match="the loop one is flat"):
        run(broken, loops=["one"])
    broken = raw.copy().apply_function(lambda row: np.nan * row, picks=["two"])
    with pytest.raises(ValueError, match="the loop two holds values that are not finite"):
        run(broken, loops=["two"])


def test_parameters_are_checked():
    for options, message in [
        ({"delay": -1.0}, r"delay must be in \[0, 1\] s"),
        ({"penalty": -1.0}, r"penalty must be in \[0, inf\)"),
        ({"window": 0.05}, r"window must be in \(0.1, inf\) s"),
    ]:
        with pytest.raises(ValueError, match=message):
            CarbonWireRegressor(**options).check_parameters()
    with pytest.raises(TypeError, match="loops must be a list"):
        CarbonWireRegressor("CWL1").check_parameters()
    with pytest.raises(TypeError, match="drop must be a bool"):
        CarbonWireRegressor(drop=1).check_parameters()


def test_real_loops_explain_the_second_half(real_data):
    folder = real_data("carbon-wire-loops")
    eeg = loadmat(folder / "x.mat")["x"].astype(float)
    loops = loadmat(folder / "regs.mat")["regs"].astype(float)
    names = [f"E{i}" for i in range(len(eeg))] + [f"CWL{i}" for i in range(len(loops))]
    info = mne.create_info(names, 1000.0, "eeg")
    raw = mne.io.RawArray(1e-6 * np.concatenate([eeg, loops]), info, verbose="error")
    cleaned, quality = run(raw)
    assert quality["held_out_variance"] >= 0.92
    assert quality["variance"] > quality["held_out_variance"]
    assert len(cleaned.ch_names) == len(eeg)
