"""Epochs, averages, band power and connectomes."""

import warnings

import mne
import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse import Recordings, config_context
from sklearn_neurofuse.eeg import BandPower, Epocher, EvokedAverage, SensorConnectome
from sklearn_neurofuse.eeg._spectra import tapered_spectra
from sklearn_neurofuse.exceptions import RecordingError

SFREQ = 100.0
NAMES = ["Fz", "Cz", "Pz"]


def make_raw(data, names=NAMES, sfreq=SFREQ):
    return mne.io.RawArray(data, mne.create_info(names, sfreq, "eeg"), verbose="error")


@pytest.fixture
def raw(rng):
    return make_raw(1e-5 * rng.normal(size=(3, 2000)))


def table(onsets, kinds=None):
    events = pd.DataFrame({"onset": np.asarray(onsets, dtype=float)})
    return events if kinds is None else events.assign(trial_type=kinds)


def trials(raw, onsets, kinds=None):
    return Recordings([raw], [table(onsets, kinds)])


# epochs


def test_epochs_are_those_of_mne(raw):
    onsets = [2.0, 5.013, 9.0]
    found = Epocher(-0.1, 0.5).fit_transform(trials(raw, onsets))
    points = np.rint(np.array(onsets) * SFREQ).astype(int)
    events = np.column_stack([points, points * 0, points * 0 + 1])
    expected = mne.Epochs(
        raw, events, tmin=-0.1, tmax=0.5, baseline=(None, 0), preload=True, verbose="error"
    )
    np.testing.assert_array_equal(found.data, expected.get_data())
    assert found.space.tmin == pytest.approx(-0.1)
    assert found.to_native().ch_names == NAMES


def test_events_may_be_unordered_and_coincide(raw):
    ordered = Epocher().fit_transform(trials(raw, [2.0, 5.0])).data
    found = Epocher().fit_transform(trials(raw, [5.0, 2.0, 5.0, 5.001])).data
    np.testing.assert_array_equal(found, ordered[[1, 0, 1, 1]])


def test_cropped_recording_counts_from_its_own_start(raw):
    expected = Epocher().fit_transform(trials(raw, [7.0])).data
    found = Epocher().fit_transform(trials(raw.copy().crop(4.0), [3.0])).data
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("baseline", [None, (None, None), (-0.2, -0.1), (0.1, None)])
def test_baseline(raw, baseline):
    plain = Epocher(baseline=None).fit_transform(trials(raw, [5.0])).data
    found = Epocher(baseline=baseline).fit_transform(trials(raw, [5.0])).data
    times = np.round(-0.2 + np.arange(plain.shape[2]) / SFREQ, 6)
    start, end = baseline or (0, 0)
    inside = (times >= (-1 if start is None else start)) & (times <= (9 if end is None else end))
    shift = plain[:, :, inside].mean(axis=2, keepdims=True) if baseline else 0.0
    np.testing.assert_allclose(found, plain - shift, atol=1e-18)


def test_what_cannot_be_cut_is_missing_with_a_reason(raw):
    loud = raw.copy()
    loud[1, 1000:1010] = 1e-3
    loud.set_annotations(mne.Annotations(15.0, 0.5, "BAD_jump"))
    X = trials(loud, [0.1, 5.0, 10.0, 15.1, 19.9, 2.0, 3.2, 6.3, 12.2, 13.4])
    for reject, told in ((None, None), ({"eeg": 2e-4}, "Cz"), ("auto", "far above the median")):
        epocher = Epocher(reject=reject)
        found = epocher.fit_transform(X)
        assert found.present.tolist() == [False, True, reject is None, *[False] * 2, *[True] * 5]
        reasons = epocher.missing_reasons(X)
        assert reasons[0] == reasons[4] == "the window reaches beyond the recording"
        assert reasons[3] == "rejected for BAD_jump"
        assert told is None or told in reasons[2]
    assert epocher.quality(X)[0]["Epocher"] == {"n_epochs": 10, "n_missing": 4}


def test_all_may_be_rejected(raw):
    found = Epocher(reject={"eeg": 1e-9}).fit_transform(trials(raw, [5.0, 9.0]))
    assert found.shape == (2, 3, 101)
    assert not found.present.any()


def test_auto_rejection_does_not_mind_bad_channels(raw):
    loud = raw.copy()
    loud[1, 1000:1010] = 1e-3
    loud.info["bads"] = ["Cz"]
    assert Epocher(reject="auto").fit_transform(trials(loud, [5.0, 8.0, 10.0])).present.all()


@pytest.mark.parametrize("reject", [None, "auto"])
def test_epochs_with_values_that_are_not_finite_are_missing(raw, reject):
    broken = raw.copy()
    point = int(3.1 * raw.info["sfreq"])
    broken[0, point] = np.nan
    X = trials(broken, [3.0, 6.0, 9.0])
    samples = Epocher(reject=reject).fit_transform(X)
    np.testing.assert_array_equal(samples.present, [False, True, True])
    assert np.isfinite(samples.data[1:]).all()


def test_event_beyond_the_recording(raw):
    with pytest.raises(RecordingError, match="event 1 at 25 s lies outside the recording"):
        Epocher().fit_transform(trials(raw, [2.0, 25.0]))


def test_wrong_unit_warns(rng):
    loud = make_raw(10 * rng.normal(size=(3, 2000)))
    # what is remembered is not computed, and does not warn, again
    with config_context(cache_dir=None), pytest.warns(UserWarning, match="check the unit"):
        Epocher().fit_transform(trials(loud, [5.0]))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"tmin": 0.5, "tmax": 0.2}, r"tmax must be in \(0.5, inf\) s, got 0.2"),
        ({"baseline": 0.1}, "baseline must be a pair"),
        ({"baseline": (-0.5, 0)}, r"baseline must be in \[-0.2, 0.8\] s, got -0.5"),
        ({"baseline": (0.1, -0.1)}, "baseline must end after its start"),
        ({"reject": "peak"}, "reject must be"),
        ({"reject": {"meg": 1.0}}, "reject must be one of"),
        ({"reject": {"eeg": 0}}, r"reject\['eeg'\] must be in \(0, inf\) V"),
        ({"standardize": "trial"}, "standardize must be one of"),
    ],
)
def test_bad_epochs(raw, params, message):
    with pytest.raises(ValueError, match=f"Epocher: {message}"):
        Epocher(**params).fit(trials(raw, [5.0]))


# averages


def whole(raw, events):
    return Recordings([raw], [events], samples="recording")


@pytest.mark.parametrize(
    ("trial_type", "rows"), [(None, [0, 1, 2]), ("a", [0, 2]), (["b", "a"], [0, 1, 2]), ("b", [1])]
)
def test_average_of_epochs(raw, trial_type, rows):
    onsets, kinds = [2.0, 5.0, 9.0], ["a", "b", "a"]
    epochs = Epocher(-0.1, 0.3).fit_transform(trials(raw, onsets)).data
    found = EvokedAverage(-0.1, 0.3, trial_type=trial_type)
    data = found.fit_transform(whole(raw, table(onsets, kinds))).data
    np.testing.assert_allclose(data, epochs[rows].mean(axis=0, keepdims=True))


def test_missing_epochs_are_left_out_and_too_few_make_it_missing(raw):
    X = whole(raw, table([0.05, 5.0, 9.0]))
    epochs = Epocher().fit_transform(trials(raw, [5.0, 9.0])).data
    average = EvokedAverage()
    np.testing.assert_allclose(average.fit_transform(X).data[0], epochs.mean(axis=0))
    assert average.quality(X)[0]["EvokedAverage"] == {"n_epochs": 3, "n_averaged": 2}
    strict = EvokedAverage(min_epochs=3)
    assert not strict.fit_transform(X).present.any()
    assert strict.missing_reasons(X) == {0: "2 of 3 epochs are left, min_epochs=3"}


def test_averages_of_nothing(raw):
    with pytest.raises(RecordingError, match=r"no event is of trial_type 'fac'; .* mean 'face'"):
        EvokedAverage(trial_type="fac").fit_transform(whole(raw, table([5.0], ["face"])))
    with pytest.raises(RecordingError, match="no column trial_type"):
        EvokedAverage(trial_type="face").fit_transform(whole(raw, table([5.0])))
    with pytest.raises(RecordingError, match="the recording has no events"):
        EvokedAverage().fit_transform(Recordings([raw]))
    with pytest.raises(ValueError, match="one sample for each recording"):
        EvokedAverage().fit_transform(trials(raw, [5.0]))


# band power


def tone(frequency, amplitude=1e-5, duration=60.0):
    times = np.arange(int(duration * SFREQ)) / SFREQ
    return amplitude * np.sin(2 * np.pi * frequency * times)


def test_power_of_a_tone_is_half_its_square():
    raw = make_raw(np.stack([tone(2.5), tone(10.0), tone(20.0, 2e-5)]))
    power = BandPower(scale="power").fit_transform(Recordings([raw]))
    expected = np.zeros((3, 5))
    expected[[0, 1, 2], [0, 2, 3]] = [5e-11, 5e-11, 2e-10]
    np.testing.assert_allclose(power.data[0], expected, atol=2e-12)
    assert power.get_feature_names()[:2] == ["Fz__delta", "Fz__theta"]
    decibel = BandPower().fit_transform(Recordings([raw])).data[0]
    np.testing.assert_allclose(decibel[1, 2], 10 * np.log10(50), atol=0.05)
    relative = BandPower(scale="relative").fit_transform(Recordings([raw])).data[0]
    np.testing.assert_allclose(relative.sum(axis=1), 1.0)
    assert relative[1, 2] > 0.98


def test_power_is_that_of_welch(rng):
    data = 1e-5 * rng.normal(size=(3, 20_000))
    found = BandPower(scale="power", bands={"broad": (5, 40)}).fit_transform(
        Recordings([make_raw(data)])
    )
    np.testing.assert_allclose(found.data[0, :, 0], 1e-10 * 35 / 50, rtol=0.05)


def test_windows_around_events():
    course = np.concatenate([tone(10.0, duration=10.0), tone(20.0, duration=10.0)])
    raw = make_raw(np.stack([course] * 3))
    found = BandPower(0.0, 2.0, scale="relative", window=1.0).fit_transform(
        trials(raw, [3.0, 14.0, 19.5])
    )
    assert found.data[0, 0].argmax() == 2
    assert found.data[1, 0].argmax() == 3
    assert found.present.tolist() == [True, True, False]


@pytest.mark.parametrize("extractor", [BandPower(scale="power"), SensorConnectome()])
def test_bad_stretches_are_left_out(rng, extractor):
    data = 1e-5 * rng.normal(size=(3, 4000))
    spoilt = data.copy()
    spoilt[:, 1000:1200] = 1e-2
    raw = make_raw(spoilt).set_annotations(mne.Annotations(10.0, 2.0, "bad"))
    found = extractor.fit_transform(Recordings([raw])).data
    assert np.isfinite(found).all()
    clean = extractor.fit_transform(Recordings([make_raw(data)])).data
    np.testing.assert_allclose(found, clean, rtol=0.5, atol=0.1)
    raw.set_annotations(mne.Annotations(0.0, 40.0, "bad"))
    assert not extractor.fit_transform(Recordings([raw])).present.any()
    assert extractor.missing_reasons(Recordings([raw])) == {0: "no window without bad stretches"}


def test_density_of_white_noise(rng):
    _, spectra = tapered_spectra(rng.normal(size=(4, 50_000)), SFREQ, 2.0)
    density = np.mean(np.abs(spectra) ** 2, axis=0)[:, 2:-2]
    np.testing.assert_allclose(density.mean(axis=1), 2 / SFREQ, rtol=0.02)


@pytest.mark.parametrize("cls", [BandPower, SensorConnectome])
@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"tmin": 0.0}, ValueError, "tmin and tmax must both be given"),
        ({"tmin": 1.0, "tmax": 0.5}, ValueError, r"tmax must be in \(1.0"),
        ({"bands": (8, 13)}, TypeError, "bands must be a dict"),
        ({"bands": {"a": 8}}, ValueError, r"bands\['a'\] must be \(low, high\)"),
        ({"bands": {"a": (13, 8)}}, ValueError, r"bands\['a'\]\[1\] must be in \(13"),
        ({"window": 0}, ValueError, r"window must be in \(0, inf\) s"),
        ({"reject": 1e-4}, ValueError, "reject must be"),
        ({"standardize": True}, ValueError, "standardize must be"),
    ],
)
def test_bad_parameters_of_spectra(raw, cls, params, error, message):
    with pytest.raises(error, match=f"{cls.__name__}: {message}"):
        cls(**params).fit(Recordings([raw]))


@pytest.mark.parametrize("cls", [BandPower, SensorConnectome])
def test_bands_that_the_recording_does_not_have(raw, cls):
    with pytest.raises(RecordingError, match=r"gamma reaches to 60 Hz, half the sampling .* 50 Hz"):
        cls(bands={"gamma": (30, 60)}).fit_transform(Recordings([raw]))
    with pytest.raises(RecordingError, match=r"narrow, 10\.1 to 10\.3 Hz, holds no frequency"):
        cls(bands={"narrow": (10.1, 10.3)}).fit_transform(Recordings([raw]))


# connectomes


@pytest.mark.parametrize("measure", ["imcoh", "wpli"])
def test_coupling_with_a_lag_is_seen_and_mixing_is_not(rng, measure):
    source = rng.normal(size=12_000)
    data = 0.3 * rng.normal(size=(4, 12_000))
    data[0] += source
    data[1] += np.roll(source, 3)
    data[2] += data[3]
    raw = make_raw(1e-5 * data, ["a", "b", "c", "d"])
    found = SensorConnectome(measure, bands={"band": (4, 12)}).fit_transform(Recordings([raw]))
    edges = dict(zip(found.get_feature_names(), found.data[0, 0], strict=True))
    assert edges["band__b~a"] > 0.5
    del edges["band__b~a"]
    assert max(edges.values()) < 0.3
    matrix = found.to_native()
    assert matrix.shape == (1, 1, 4, 4)


def test_a_measure_of_ones_own(raw):
    def ones(spectra):
        return np.ones((spectra.shape[2], 3, 3))

    found = SensorConnectome(ones).fit_transform(Recordings([raw]))
    np.testing.assert_array_equal(found.data, np.ones((1, 5, 3)))


def test_connectome_of_one_channel(rng):
    raw = make_raw(1e-5 * rng.normal(size=(1, 2000)), ["Cz"])
    with pytest.raises(RecordingError, match="at least 2 EEG channels"):
        SensorConnectome().fit_transform(Recordings([raw]))


def test_connectome_of_trials(raw):
    X = trials(raw, [2.0, 8.0])
    extractor = SensorConnectome(tmin=0.0, tmax=4.0, window=1.0, bands={"beta": (13, 30)})
    found = extractor.fit_transform(X)
    assert found.shape == (2, 1, 3)
    # seven windows of a second, three tapers
    assert extractor.quality(X)[0]["SensorConnectome"]["n_observations"] == 21


def test_nothing_warns(raw):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SensorConnectome().fit_transform(Recordings([raw]))
