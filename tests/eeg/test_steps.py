"""Filter, resampling, interpolation and reference: thin steps over MNE."""

import mne
import numpy as np
import pytest

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.eeg import (
    ChannelInterpolator,
    FrequencyFilter,
    ICAArtifactRemover,
    PulseArtifactRemover,
    Rereferencer,
    Resampler,
)
from sklearn_neurofuse.exceptions import RecordingError
from tests.eeg import recorded

N = len(recorded.NAMES)


@pytest.fixture(scope="module")
def raw():
    return recorded.make_raw(recorded.make_parts(2, duration=30.0)[0])


def run(step, raw):
    return step.fit_transform(Recordings([raw])).load(0)


def quality(step, raw):
    return step.fit_transform(Recordings([raw])).quality(0)[type(step).__name__]


# filter


@pytest.mark.parametrize(
    ("params", "edges"),
    [({"l_freq": 1.0}, (1.0, None)), ({"h_freq": 20.0}, (None, 20.0)), ({}, (None, None))],
)
@pytest.mark.parametrize("method", ["fir", "iir"])
def test_filter_is_that_of_mne(raw, params, edges, method):
    found = run(FrequencyFilter(**params, method=method), raw)
    expected = raw.copy()
    if edges != (None, None):
        expected.filter(*edges, picks="all", method=method, verbose="error")
    np.testing.assert_allclose(found.get_data(), expected.get_data(), atol=1e-15)


def test_notch(raw):
    times = raw.times
    humming = raw.copy()
    humming[0] = humming[0][0] + 1e-4 * np.sin(2 * np.pi * 50 * times)
    found = run(FrequencyFilter(notch=50.0), humming).get_data()[0]
    assert np.std(found - raw.get_data()[0]) < 5e-6


def test_edge_at_half_the_rate_lets_all_through(raw):
    found = run(FrequencyFilter(h_freq=recorded.SFREQ / 2), raw)
    np.testing.assert_array_equal(found.get_data(), raw.get_data())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"h_freq": 64.5}, r"h_freq must be in \(0, 64\] Hz, .* got 64.5"),
        ({"l_freq": 64.0}, r"l_freq must be in \(0, 64\) Hz"),
        ({"notch": [50.0, 100.0]}, r"notch must be in \(0, 64\) Hz, .* got 100"),
    ],
)
def test_edges_beyond_nyquist(raw, params, message):
    with pytest.raises(RecordingError, match=f"FrequencyFilter on recording 0: {message}"):
        run(FrequencyFilter(**params), raw)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"l_freq": 0}, r"l_freq must be in \(0, inf\) Hz"),
        ({"l_freq": 8.0, "h_freq": 4.0}, r"h_freq must be in \(8.0, inf\) Hz"),
        ({"notch": -1.0}, "notch must be"),
        ({"method": "fft"}, "method must be one of"),
    ],
)
def test_bad_filters(raw, params, message):
    with pytest.raises(ValueError, match=f"FrequencyFilter: {message}"):
        FrequencyFilter(**params).fit(Recordings([raw]))


# resampling


@pytest.mark.parametrize("method", ["fft", "polyphase"])
def test_resampling_keeps_what_is_slow_and_times_of_events(raw, method):
    marked = raw.copy().set_annotations(mne.Annotations([4.0, 9.5], 0.0, "x"))
    found = run(Resampler(64.0, method=method), marked)
    assert found.info["sfreq"] == 64.0
    np.testing.assert_allclose(found.annotations.onset, [4.0, 9.5])
    slow = raw.copy().filter(None, 20.0, verbose="error").get_data()[:N, ::2]
    inside = slice(200, -200)
    error = found.copy().filter(None, 20.0, verbose="error").get_data()[:N] - slow
    assert np.std(error[:, inside]) < 0.02 * np.std(slow)


@pytest.mark.parametrize("method", ["fft", "polyphase"])
@pytest.mark.parametrize(("old", "new", "n_times"), [(500, 128, 30_001), (1000, 250, 50_237)])
def test_resampling_does_not_stretch_time(method, old, new, n_times):
    def tones(times):
        return 1e-5 * sum(np.sin(2 * np.pi * rate * times) for rate in (3.1, 9.7, 29.0))

    info = mne.create_info(["Cz"], float(old), "eeg")
    raw = mne.io.RawArray(tones(np.arange(n_times) / old)[None], info, verbose="error")
    found = run(Resampler(float(new), method=method), raw)
    assert found.n_times == round(n_times * new / old)
    inside = slice(2 * new, -2 * new)
    error = found.get_data()[0] - tones(np.arange(found.n_times) / new)
    # MNE alone is 3 to 14 uV off at one of the ends
    assert np.abs(error[inside]).max() < 1e-7


def test_resampling_to_the_same_rate_does_nothing(raw):
    np.testing.assert_array_equal(run(Resampler(128.0), raw).get_data(), raw.get_data())


@pytest.mark.parametrize("sfreq", [0, -1.0, float("nan")])
def test_bad_rate(raw, sfreq):
    with pytest.raises(ValueError, match=r"Resampler: sfreq must be in \(0, inf\) Hz"):
        Resampler(sfreq).fit(Recordings([raw]))


# interpolation


@pytest.fixture(scope="module")
def spoilt(raw):
    damaged = raw.copy()
    damaged["P3"] = 3e-4 * np.random.default_rng(0).normal(size=raw.n_times)
    return damaged


@pytest.mark.parametrize("how", ["auto", "marked", ["P3"]])
def test_bad_channel_is_interpolated_as_mne_does(raw, spoilt, how):
    given = spoilt.copy()
    if how == "marked":
        given.info["bads"] = ["P3", "EOG"]
    mended = run(ChannelInterpolator(how), given)
    expected = spoilt.copy()
    expected.info["bads"] = ["P3"]
    expected.interpolate_bads(verbose="error")
    np.testing.assert_allclose(mended.get_data(), expected.get_data(), atol=1e-12)
    assert mended.info["bads"] == (["EOG"] if how == "marked" else [])
    assert np.corrcoef(mended["P3"][0], raw["P3"][0])[0, 1] > 0.6
    assert quality(ChannelInterpolator(how), given)["bad_channels"] == ["P3"]


def test_recording_without_bad_channels_stays_as_it_is(raw):
    np.testing.assert_array_equal(run(ChannelInterpolator(), raw).get_data(), raw.get_data())
    assert quality(ChannelInterpolator(), raw) == {"bad_channels": [], "reasons": []}


def test_interpolation_needs_positions(spoilt):
    bare = spoilt.copy().set_montage(None)
    with pytest.raises(RecordingError, match=r"P3 \(.*\) needs the positions .* set a montage"):
        run(ChannelInterpolator(), bare)


def test_too_many_bad_channels(spoilt):
    with pytest.raises(RecordingError, match=r"3 of 12 EEG channels are bad, .* allows 2"):
        run(ChannelInterpolator(["P3", "C3", "O1"], max_share=0.2), spoilt)


def test_unknown_bad_channel(spoilt):
    with pytest.raises(RecordingError, match="no EEG channel 'P33'; did you mean 'P3'"):
        run(ChannelInterpolator(["P33"]), spoilt)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"bad_channels": "all"}, "bad_channels must be one of"),
        ({"threshold": 0}, r"threshold must be in \(0"),
        ({"max_share": 2}, r"max_share must be in \[0, 1\]"),
    ],
)
def test_bad_interpolators(raw, params, message):
    with pytest.raises(ValueError, match=f"ChannelInterpolator: {message}"):
        ChannelInterpolator(**params).fit(Recordings([raw]))


def test_interpolation_after_a_new_reference_warns(raw):
    X = Rereferencer().fit_transform(Recordings([raw]))
    with pytest.warns(UserWarning, match="interpolate before the reference is changed"):
        ChannelInterpolator().fit_transform(X)


# reference


def test_average_is_over_good_channels(raw):
    marked = raw.copy()
    marked.info["bads"] = ["C3"]
    found = run(Rereferencer(), marked).get_data()
    data = raw.get_data()
    good = [i for i, name in enumerate(recorded.NAMES) if name != "C3"]
    np.testing.assert_allclose(found[:N], data[:N] - data[good].mean(axis=0), atol=1e-15)
    np.testing.assert_array_equal(found[N:], data[N:])


@pytest.mark.parametrize(
    ("reference", "names"),
    [("mastoids", ["M1", "M2"]), ("O1", ["O1"]), (["C3", "C4"], ["C3", "C4"])],
)
def test_channels_as_reference(raw, reference, names):
    found = run(Rereferencer(reference), raw)
    data = raw.get_data()
    expected = data[:N] - raw.get_data(picks=names).mean(axis=0)
    np.testing.assert_allclose(found.get_data()[:N], expected, atol=1e-15)


def test_old_reference_gets_its_channel_and_its_place(raw):
    found = run(Rereferencer(add_reference="Cz"), raw)
    assert found.ch_names == [*raw.ch_names, "Cz"]
    assert np.abs(found.get_data(picks="eeg").sum(axis=0)).max() < 1e-15
    named = mne.create_info(["Cz", *recorded.NAMES], 100.0, "eeg").set_montage("colin27_1005")
    there = named["chs"][0]["loc"][:3]
    place = found.info["chs"][-1]["loc"][:3]
    np.testing.assert_allclose(place, there, atol=2e-3)


def test_reference_without_positions_has_no_place(raw):
    found = run(Rereferencer(add_reference="Cz"), raw.copy().set_montage(None))
    assert np.isnan(found.info["chs"][-1]["loc"][:3]).all()


def test_rest_does_not_depend_on_the_reference(raw):
    first = run(Rereferencer("REST"), raw).get_data()[:N]
    second = run(Rereferencer("REST"), run(Rereferencer("O1"), raw)).get_data()[:N]
    np.testing.assert_allclose(first, second, atol=1e-3 * np.std(first))
    centred = raw.get_data()[:N] - raw.get_data()[:N].mean(axis=0)
    assert np.std(first.mean(axis=0)) > 0.05 * np.std(centred)
    np.testing.assert_allclose(first - first.mean(axis=0), centred, atol=0.5 * np.std(centred))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"reference": "averag"}, "no channel 'averag'; did you mean 'average'"),
        ({"reference": ["O1", "Oz"]}, "no channel 'Oz'"),
        ({"add_reference": "O1"}, "has a channel 'O1' already"),
    ],
)
def test_references_that_are_not_there(raw, params, message):
    with pytest.raises(RecordingError, match=message):
        run(Rereferencer(**params), raw)


def test_mastoids_that_are_not_there(raw):
    bare = raw.copy().drop_channels("M1")
    with pytest.raises(RecordingError, match="needs good channels M1 and M2, A1 and A2, TP9"):
        run(Rereferencer("mastoids"), bare)


def test_bad_channel_as_reference(raw):
    marked = raw.copy()
    marked.info["bads"] = ["O1"]
    with pytest.raises(RecordingError, match="channel 'O1' is marked bad"):
        run(Rereferencer("O1"), marked)


def test_rest_needs_positions(raw):
    with pytest.raises(RecordingError, match="needs the positions of all EEG channels"):
        run(Rereferencer("REST"), raw.copy().set_montage(None))


@pytest.mark.parametrize("params", [{"reference": 3}, {"reference": []}, {"add_reference": ["A"]}])
def test_bad_references(raw, params):
    with pytest.raises(TypeError, match="Rereferencer: "):
        Rereferencer(**params).fit(Recordings([raw]))


@pytest.mark.parametrize(
    "step",
    [
        FrequencyFilter(1.0, 40.0),
        Resampler(64.0),
        ChannelInterpolator(),
        Rereferencer(),
        ICAArtifactRemover(),
        PulseArtifactRemover(),
    ],
    ids=lambda step: type(step).__name__,
)
def test_values_that_are_not_finite_are_named(raw, step):
    broken = raw.copy()
    broken["F7", 100] = np.nan
    with pytest.raises(ValueError, match="the channels F7 hold values that are not finite; mark"):
        type(step)(**step.get_params()).fit_transform(Recordings([broken])).load(0)


def test_a_bad_channel_may_hold_anything(raw):
    broken = raw.copy()
    broken["F7", 100] = np.nan
    broken.info["bads"] = ["F7"]
    mended = run(ChannelInterpolator(), broken)
    assert np.isfinite(mended.get_data()).all()
    for step in (PulseArtifactRemover(), ICAArtifactRemover(artifacts="ocular"), Rereferencer()):
        kept = run(step, broken).drop_channels("F7")
        assert np.isfinite(kept.get_data()).all()
