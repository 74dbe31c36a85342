"""Cleaning of recordings against the EEG that was there before."""

import itertools

import mne
import numpy as np
import pandas as pd
import pytest
from scipy.signal import butter, sosfiltfilt

from benchmarks.scanner_artifact import Case, Sequence, add_artifact
from sklearn_neurofuse import Recordings, config_context
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.eeg import FrequencyFilter, GradientArtifactRemover, GradientStream
from sklearn_neurofuse.eeg._gradient_quality import harmonics, power_spectra, residual_at_harmonics
from sklearn_neurofuse.recordings import RecordingTransformer
from tests.eeg import scanned

SFREQ = 1000.0
FAST = Sequence(t_r=0.9, n_slices=9)
BAND = butter(4, [1.0, 40.0], "bandpass", fs=SFREQ, output="sos")


def eeg(rng, n_channels=4, duration=60.0):
    """Make noise of some 20 microvolts that falls with frequency, and an alpha rhythm."""
    white = rng.standard_normal((n_channels, int(duration * SFREQ)))
    slow = sosfiltfilt(butter(1, 3.0, fs=SFREQ, output="sos"), white, axis=1)
    alpha = sosfiltfilt(butter(2, [9, 11], "bandpass", fs=SFREQ, output="sos"), white, axis=1)
    fast = sosfiltfilt(butter(2, 200.0, fs=SFREQ, output="sos"), white, axis=1)
    parts = (18e-6, slow), (7e-6, alpha), (1e-6, fast)
    return sum(size * part / part.std() for size, part in parts)


def make(rng, case, **options):
    names = ["Fz", "Cz", "Pz", "Oz"]
    return add_artifact(eeg(rng, **options), names, SFREQ, case)


def run(raw, partner=None, **options):
    """Clean one recording without the cache; give it and the figures of quality."""
    with config_context(cache_dir=None):
        options = {"partners": [partner], **options} if partner is not None else options
        partners = options.pop("partners", None)
        X = Recordings([raw]) if partners is None else Recordings([raw], partner=partners)
        X = GradientArtifactRemover(**options).fit_transform(X)
        return X.load(0), X.quality(0)["GradientArtifactRemover"]


def correlation(cleaned, clean, begin=0):
    a, b = (sosfiltfilt(BAND, data, axis=1)[:, begin:] for data in (cleaned, clean))
    return min(np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True))


def excess(cleaned, clean, rate):
    """Give the power at the harmonics over that of the EEG, in dB."""
    freqs, power = power_spectra(cleaned, SFREQ)
    _, truth = power_spectra(clean, SFREQ)
    at = harmonics(freqs, rate)
    return 10 * np.log10(np.median(power[:, at].sum(axis=1) / truth[:, at].sum(axis=1)))


def test_offsets_of_electrodes_change_nothing_and_stay(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37, motion=0.05))
    plain, figures = run(scan.raw)
    assert figures["n_courses"][0] > 0
    # some 100 mV, as amplifiers coupled to direct current record
    offsets = np.array([[0.1], [-0.2], [0.05], [0.3]])
    shifted = mne.io.RawArray(scan.raw.get_data() + offsets, scan.raw.info, verbose="error")
    shifted.set_annotations(scan.raw.annotations)
    kept = shifted.get_data()
    cleaned, found = run(shifted)
    assert found["n_courses"] == figures["n_courses"]
    np.testing.assert_allclose(cleaned.get_data() - offsets, plain.get_data(), atol=20e-9)
    np.testing.assert_array_equal(shifted.get_data(), kept)


@pytest.mark.parametrize(
    ("case", "least", "most"),
    [
        (Case(sequence=FAST), 0.985, 0.5),
        (Case(sequence=FAST, drift=0.37), 0.985, 0.5),
        (Case(sequence=FAST, drift=0.37, jitter=0.3), 0.985, 0.5),
        (Case(sequence=FAST, drift=0.37, motion=0.02), 0.975, 1.0),
        (Case(sequence=FAST, drift=0.37, markers="slice"), 0.985, 0.5),
    ],
    ids=["synchronised", "drifting", "jittering", "moving", "slice markers"],
)
def test_eeg_comes_back_over_the_whole_run(rng, case, least, most):
    scan = make(rng, case)
    raw, quality = run(scan.raw)
    assert correlation(raw.get_data(), scan.clean) > least
    assert abs(excess(raw.get_data(), scan.clean, scan.slice_rate)) < most
    assert quality["n_slice_groups"] == 9
    assert quality["n_volumes"] == len(scan.starts)
    assert quality["period"] == pytest.approx(900 + case.drift, abs=0.02)
    assert (quality["jitter"] > 0.1) == (case.jitter > 0)
    freqs, power = power_spectra(scan.clean, SFREQ)
    truth = residual_at_harmonics(freqs, power, scan.slice_rate)
    assert quality["residual_at_slices"] == pytest.approx(truth, abs=most)
    assert min(quality["niazy_slices"]) > 5


def test_first_and_last_volumes_are_cleaned_too(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37, lead=0.5))
    raw, _ = run(scan.raw)
    left = raw.get_data() - scan.clean
    for start in scan.starts[[0, -1]]:
        part = slice(int(start), int(start + 900))
        assert np.abs(left[:, part]).max() < 20e-6 < np.abs(scan.artifact[:, part]).max()
    quiet = slice(0, int(scan.starts[0]) - 1)
    np.testing.assert_array_equal(raw.get_data()[:, quiet], scan.raw.get_data()[:, quiet])


def test_moving_head_needs_basis_or_motion(rng):
    scan = make(rng, Case(sequence=FAST, motion=0.05))
    full, _ = run(scan.raw)
    bare, quality = run(scan.raw, obs=None)
    assert quality["n_courses"] == []
    poses = np.concatenate([scan.motion, np.zeros_like(scan.motion)], axis=1)
    moved, _ = run(scan.raw, obs=None, motion=5 * poses)
    scores = [correlation(raw.get_data(), scan.clean) for raw in (bare, moved, full)]
    assert scores == sorted(scores)
    assert scores[0] < 0.87
    assert scores[1] > scores[0] + 0.05
    assert scores[2] > 0.97


def test_pulse_and_movement_voltages_stay(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    beats = np.zeros(scan.clean.shape[1])
    beats[np.cumsum(rng.uniform(700, 1000, 60).astype(int))[:55]] = 1
    pulse = 80e-6 * np.convolve(beats, np.hanning(250), mode="same")
    sway = 200e-6 * np.sin(2 * np.pi * 0.11 * np.arange(len(beats)) / SFREQ)
    truth = scan.clean + pulse + sway + 5e-3
    raw = mne.io.RawArray(truth + scan.artifact, scan.raw.info, verbose="error")
    cleaned = run(raw.set_annotations(scan.raw.annotations))[0].get_data()
    assert correlation(cleaned, truth) > 0.985
    assert abs(excess(cleaned, truth, scan.slice_rate)) < 0.5
    # what is slow, and an offset, are none of its business
    smooth = np.ones(500) / 500
    slow = [np.convolve((a - b), smooth, mode="valid") for a, b in zip(cleaned, truth, strict=True)]
    assert np.abs(slow).max() < 10e-6


# markers


def without_markers(raw):
    return raw.copy().set_annotations(None)


def test_artefact_is_found_without_markers(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    raw, quality = run(without_markers(scan.raw))
    assert quality["markers"] == "the artefact itself"
    assert quality["period"] == pytest.approx(900.37, abs=0.02)
    assert correlation(raw.get_data(), scan.clean) > 0.98


def test_markers_in_a_stim_channel(rng):
    scan = make(rng, Case(sequence=FAST))
    stim = np.zeros((1, scan.clean.shape[1]))
    stim[0, np.ceil(scan.starts).astype(int)] = 7
    stim[0, [5, 4321]] = 3
    info = mne.create_info(["STI 014"], SFREQ, "stim")
    raw = without_markers(scan.raw).add_channels([mne.io.RawArray(stim, info, verbose="error")])
    cleaned, quality = run(raw)
    assert quality["markers"] == "stim channel 'STI 014', code 7"
    assert correlation(cleaned.get_data()[:4], scan.clean) > 0.985
    np.testing.assert_array_equal(cleaned.get_data()[4], stim[0])


@pytest.mark.parametrize("name", ["Response/R128", "Volume", "TR", "Toggle/T  1", "slice"])
def test_names_of_markers(rng, name):
    scan = make(rng, Case(sequence=FAST), duration=12.0)
    raw = scan.raw.copy()
    raw.annotations.rename({"R128": name})
    raw.annotations.append([1.0, 2.0, 4.0], 0.0, "T1")
    assert run(raw)[1]["markers"] == f"annotation {name!r}"


def test_task_markers_are_no_volumes(rng):
    data = eeg(rng, duration=20.0)
    raw = mne.io.RawArray(data, mne.create_info(4, SFREQ, "eeg"), verbose="error")
    raw.set_annotations(mne.Annotations(np.arange(1, 19), 0.0, "T1"))
    with pytest.raises(ValueError, match=r"no scanner markers .* were found; name .* triggers"):
        run(raw)


def with_markers(raw, onsets):
    return raw.copy().set_annotations(mne.Annotations(onsets, 0.0, "R128"))


def test_one_lost_marker_is_put_in(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    onsets = np.delete(scan.raw.annotations.onset, 11)
    raw, quality = run(with_markers(scan.raw, onsets))
    assert quality["n_markers_put_in"] == 1
    assert quality["n_volumes"] == len(scan.starts)
    assert correlation(raw.get_data(), scan.clean) > 0.985


def test_lost_markers_at_the_ends_are_put_in(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    raw, quality = run(with_markers(scan.raw, scan.raw.annotations.onset[2:-1]))
    assert quality["n_volumes_without_marker"] == 3
    assert correlation(raw.get_data(), scan.clean) > 0.985


def test_several_lost_markers_are_refused_with_a_count(rng):
    scan = make(rng, Case(sequence=FAST))
    onsets = np.delete(scan.raw.annotations.onset, [5, 11, 12, 30])
    n_all = len(scan.starts)
    with pytest.raises(ValueError, match=rf"4 of {n_all} scanner markers are missing"):
        run(with_markers(scan.raw, onsets))


def test_stray_markers_are_left_out(rng):
    scan = make(rng, Case(sequence=FAST, lead=6.0))
    onsets = np.sort([*scan.raw.annotations.onset, 0.4, 12.345])
    raw, quality = run(with_markers(scan.raw, onsets))
    assert quality["n_markers_left_out"] == 2
    assert correlation(raw.get_data(), scan.clean) > 0.985


def test_markers_out_of_step_are_refused(rng):
    scan = make(rng, Case(sequence=FAST))
    onsets = np.sort(rng.uniform(1, 59, 60))
    with pytest.raises(ValueError, match=r"not in step|missing"):
        run(with_markers(scan.raw, onsets))


def test_uneven_markers_are_told_from_the_artefact(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    onsets = scan.raw.annotations.onset + rng.integers(-2, 3, len(scan.starts)) / SFREQ
    raw, _ = run(with_markers(scan.raw, onsets))
    assert correlation(raw.get_data(), scan.clean) > 0.98


def test_slices_with_a_pause_after_each_volume(rng):
    scan = make(rng, Case(sequence=FAST))
    marks = (scan.starts[:, None] + 70 * np.arange(9)).ravel()
    raw, quality = run(with_markers(scan.raw, np.ceil(marks) / SFREQ))
    assert quality["period"] == pytest.approx(900, abs=0.02)
    assert correlation(raw.get_data(), scan.clean) > 0.985


def test_markers_given_by_time_and_by_name(rng):
    scan = make(rng, Case(sequence=FAST))
    by_time, _ = run(without_markers(scan.raw), triggers=np.ceil(scan.starts) / SFREQ)
    by_name, _ = run(scan.raw, triggers="R128")
    np.testing.assert_allclose(by_time.get_data(), by_name.get_data(), atol=1e-9)
    with pytest.raises(ValueError, match=r"named 'R129'; did you mean 'R128'\?"):
        run(scan.raw, triggers="R129")
    with pytest.raises(ValueError, match="at least 3 scanner markers are needed, got 2"):
        run(scan.raw, triggers=[1.0, 2.0])


@pytest.mark.parametrize("date", [None, 1_500_000_000])
def test_cropped_recordings(rng, date):
    scan = make(rng, Case(sequence=FAST))
    raw = scan.raw.copy().set_meas_date(date).crop(10.0, 50.0)
    cleaned, quality = run(raw)
    assert correlation(cleaned.get_data(), scan.clean[:, 10_000:50_001]) > 0.98
    assert quality["n_volumes_without_marker"] == 1
    np.testing.assert_allclose(cleaned.annotations.onset, raw.annotations.onset)
    assert cleaned.first_samp == raw.first_samp


# channels


def test_ecg_is_cleaned_by_template_and_others_are_left(rng):
    scan = make(rng, Case(sequence=FAST, motion=0.05))
    raw = scan.raw.copy()
    raw.set_channel_types({"Pz": "ecg", "Oz": "misc"}, on_unit_change="ignore")
    one, _ = run(raw)
    two, _ = run(raw, obs=None)
    np.testing.assert_array_equal(one.get_data("misc"), raw.get_data("misc"))
    np.testing.assert_array_equal(one.get_data("ecg"), two.get_data("ecg"))
    assert np.abs(one.get_data("ecg")).std() < 0.3 * raw.get_data("ecg").std()
    assert (one.get_data("eeg") != two.get_data("eeg")).any()


def test_flat_and_saturated_channels_are_marked(rng):
    scan = make(rng, Case(sequence=FAST))
    data = scan.raw.get_data()
    data[1] = np.clip(data[1], -1e-3, 1e-3)
    data[2] = 0.0
    raw = mne.io.RawArray(data, scan.raw.info, verbose="error")
    cleaned, quality = run(raw.set_annotations(scan.raw.annotations))
    assert (quality["saturated"], quality["flat"]) == (["Cz"], ["Pz"])
    assert cleaned.info["bads"] == ["Cz"]
    assert raw.info["bads"] == []
    np.testing.assert_array_equal(cleaned.get_data()[2], 0.0)
    assert correlation(cleaned.get_data()[[0, 3]], scan.clean[[0, 3]]) > 0.985


def test_input_that_cannot_be_cleaned(rng):
    scan = make(rng, Case(sequence=FAST), duration=12.0)
    data = scan.raw.get_data()
    info, marks = scan.raw.info, scan.raw.annotations

    def fails(data, message, info=info):
        raw = mne.io.RawArray(data, info, verbose="error")
        raw.set_annotations(marks.copy().crop(0, raw.times[-1], verbose="error"))
        with pytest.raises(ValueError, match=message):
            run(raw)

    fails(np.zeros_like(data), "all channels are flat")
    broken = data.copy()
    broken[2, 17] = np.nan
    fails(broken, "channels Pz hold values that are not finite")
    slow = mne.create_info(4, 100.0, "eeg")
    fails(data, "at least 200 Hz for templates of gradients, got 100 Hz", slow)
    fails(data, "no EEG channels", mne.create_info(4, SFREQ, "misc"))
    fails(data[:, : int(scan.starts[2] + 500)], "at least 3 whole volumes are needed .* got 2")


def test_parameters_are_checked():
    for options, message in [
        ({"window": 1}, r"window must be in \[2, inf\), got 1"),
        ({"alignment": "subsmaple"}, "did you mean 'subsample'"),
        ({"weighting": "motion"}, "weighting='motion' needs motion"),
        ({"weighting": "past", "motion": np.zeros((5, 6))}, "'past' makes no use of motion"),
        ({"obs": -1}, r"obs must be in \[0, inf\)"),
        ({"slice_groups": 0}, r"slice_groups must be in \[1, inf\)"),
        ({"sfreq": 0.0}, r"sfreq must be in \(0, inf\) Hz"),
    ]:
        with pytest.raises(ValueError, match=message):
            GradientArtifactRemover(**options).check_parameters()
    with pytest.raises(TypeError, match="obs must be an integer"):
        GradientArtifactRemover(obs="all").check_parameters()


def test_it_comes_before_filters(rng):
    X = Recordings([scanned.make_raw(rng)])
    filtered = FrequencyFilter(1.0, 40.0).fit_transform(X)
    with pytest.raises(ValueError, match="put GradientArtifactRemover before every filter"):
        GradientArtifactRemover().fit_transform(filtered)
    cleaned = GradientArtifactRemover().fit_transform(X)
    with pytest.raises(ValueError, match="leave the second GradientArtifactRemover out"):
        GradientArtifactRemover().fit_transform(cleaned)


# what comes out


def test_down_sampling_lets_nothing_fold_back(rng):
    scan = make(rng, Case(sequence=FAST))
    tone = 50e-6 * np.sin(2 * np.pi * 170.3 * np.arange(scan.clean.shape[1]) / SFREQ)
    raw = mne.io.RawArray(scan.raw.get_data() + tone, scan.raw.info, verbose="error")
    raw.set_annotations(scan.raw.annotations)
    cleaned, _ = run(raw, sfreq=250.0)
    assert cleaned.info["sfreq"] == 250.0
    assert cleaned.n_times == raw.n_times // 4
    reference = mne.io.RawArray(scan.clean, scan.raw.info, verbose="error")
    reference.resample(250.0, verbose="error")
    sections = butter(4, [1.0, 110.0], "bandpass", fs=250.0, output="sos")
    pairs = [
        [sosfiltfilt(sections, row)[500:-500] for row in rows]
        for rows in zip(cleaned.get_data(), reference.get_data(), strict=True)
    ]
    assert min(np.corrcoef(*pair)[0, 1] for pair in pairs) > 0.98
    with pytest.raises(ValueError, match=r"sfreq must be in \(0, 1000\] Hz, got 2000"):
        run(scan.raw, sfreq=2000.0)


@pytest.mark.parametrize("sfreq", [250.0, 256.0, 333.0])
def test_down_sampling_is_what_it_is_afterwards(rng, sfreq):
    scan = make(rng, Case(sequence=FAST))
    stim = mne.create_info(["STI"], SFREQ, "stim")
    pulses = np.zeros((1, scan.raw.n_times))
    pulses[0, 20_000:20_100] = 3
    raw = scan.raw.copy().add_channels([mne.io.RawArray(pulses, stim, verbose="error")])
    raw = raw.reorder_channels(["Fz", "STI", "Cz", "Pz", "Oz"])
    low, expected = run(raw, sfreq=sfreq)[0], run(raw)[0]
    expected = expected.resample(sfreq, verbose="error")
    assert (low.n_times, low.first_samp) == (expected.n_times, expected.first_samp)
    assert low.info["lowpass"] == expected.info["lowpass"]
    np.testing.assert_allclose(low.annotations.onset, expected.annotations.onset)
    np.testing.assert_array_equal(low.get_data("STI"), expected.get_data("STI"))
    if sfreq == 250.0:
        # at others MNE is off by the rounding of a length; the ends are continued in other ways
        away = low.get_data("eeg") - expected.get_data("eeg")
        assert np.abs(away[:, 50:-50]).max() < 0.5e-6
        assert np.abs(away).max() < 10e-6


def test_adaptive_filter_takes_what_still_goes_with_the_artefact(rng):
    scan = make(rng, Case(sequence=FAST, motion=0.05))
    without, _ = run(scan.raw, obs=None)
    having, _ = run(scan.raw, obs=None, anc=True)
    left = [np.std(raw.get_data() - scan.clean) for raw in (without, having)]
    assert left[1] < 0.9 * left[0]


# movement


class Estimator(RecordingTransformer):
    """Stands for an estimator of movement: writes a known table."""

    kind = "bold"

    def __init__(self, n_rows=None):
        self.n_rows = n_rows

    def transform_recording(self, recording, context):
        n_rows = recording.n_volumes if self.n_rows is None else self.n_rows
        values = np.random.default_rng(0).normal(size=(n_rows, 6))
        names = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]
        return recording.replace(confounds=pd.DataFrame(values, columns=names))


def test_movement_from_files_tables_and_arrays(rng, tmp_path):
    raw = scanned.make_raw(rng)
    names = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]
    table = pd.DataFrame(scanned.MOTION, columns=names)
    table.assign(other=1.0).to_csv(tmp_path / "confounds.tsv", sep="\t", index=False)
    np.savetxt(tmp_path / "rp_run.txt", scanned.MOTION)
    np.savetxt(tmp_path / "mcf.par", scanned.MOTION[:, [3, 4, 5, 0, 1, 2]])
    expected = run(raw, motion=scanned.MOTION)[0].get_data()
    given = [table, *(tmp_path / name for name in ("confounds.tsv", "rp_run.txt", "mcf.par"))]
    for motion in given:
        np.testing.assert_allclose(run(raw, motion=motion)[0].get_data(), expected, atol=1e-12)
    other = run(raw, motion=scanned.MOTION[:, ::-1])[0].get_data()
    assert np.abs(other - expected).max() > 1e-9


def test_movement_that_does_not_fit(rng, tmp_path):
    raw = scanned.make_raw(rng)
    for motion, message in [
        (scanned.MOTION[:, :5], r"shape \(n_volumes, 6\), got \(18, 5\)"),
        (np.zeros((19, 6)), "one row for each of the 18 volumes .* got 19"),
        (np.full((18, 6), np.nan), "not finite"),
        (pd.DataFrame({"trans_x": np.zeros(18)}), "lacks the columns trans_y"),
        (tmp_path / "none.par", "there is no file"),
        (Estimator(), "the recording has no partner"),
    ]:
        with pytest.raises(ValueError, match=message):
            run(raw, motion=motion)


def test_movement_is_estimated_on_the_partner():
    options = {"n_subjects": 1, "n_volumes": 20, "volume_shape": (8, 8, 8), "n_channels": 4}
    with config_context(cache_dir=None):
        data = simulate_eeg_fmri(sfreq=500.0, random_state=0, **options)
        step = GradientArtifactRemover(motion=Estimator())
        assert step.uses_partner
        X = step.fit_transform(data.X["eeg"])
        ours = X.load(0).get_data()
        still = GradientArtifactRemover().fit_transform(data.X["eeg"]).load(0).get_data()
    assert np.abs(ours - still).max() > 1e-9
    assert ours.std() < 0.5 * data.X["eeg"].load(0).get_data().std()


def test_simulated_scanner_is_cleaned_with_everything_in_it():
    options = {"n_subjects": 1, "n_volumes": 60, "volume_shape": (8, 8, 10), "n_channels": 8}
    with config_context(cache_dir=None):
        data = simulate_eeg_fmri(
            sfreq=1000.0, random_state=1, eeg={"bad_channels": False, "line": False}, **options
        )
        cleaned = GradientArtifactRemover().fit_transform(data.X["eeg"]).load(0).get_data()[:8]
    parts = data.truth.runs[0].eeg
    truth = sum(parts[name].astype(float) for name in parts if name != "gradient")[:8]
    assert correlation(cleaned, truth) > 0.98
    assert abs(excess(cleaned, truth, 5.0)) < 0.5


def test_slices_excited_together_are_groups():
    options = {"n_subjects": 1, "n_volumes": 20, "volume_shape": (8, 8, 12), "n_channels": 4}
    with config_context(cache_dir=None):
        data = simulate_eeg_fmri(sfreq=500.0, random_state=0, scan={"multiband": 2}, **options)
        X = GradientArtifactRemover().fit_transform(data.X["eeg"])
        quality = X.quality(0)["GradientArtifactRemover"]
        given = GradientArtifactRemover(slice_groups=12).fit_transform(data.X["eeg"])
    assert quality["n_slice_groups"] == 6
    assert given.quality(0)["GradientArtifactRemover"]["n_slice_groups"] == 12


# online


def push_in_blocks(stream, data, marks, sizes):
    pieces, begin = [], 0
    while begin < data.shape[1]:
        end = min(begin + next(sizes), data.shape[1])
        here = marks[(marks >= begin) & (marks < end)] - begin
        pieces.append(stream.push(data[:, begin:end], here))
        begin = end
    return np.concatenate(pieces, axis=1)


def test_stream_cleans_with_the_past_only(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    marks = np.ceil(scan.starts).astype(int)
    data = scan.raw.get_data()
    sizes = iter(rng.integers(1, 400, 10_000).tolist())
    stream = GradientArtifactRemover(window=25).stream(SFREQ, 0.9)
    cleaned = push_in_blocks(stream, data, marks, sizes)
    begin = int(scan.starts[25])
    assert correlation(cleaned, scan.clean, begin) > 0.95
    assert correlation(data, scan.clean, begin) < 0.5
    assert stream.ready
    # what comes later changes nothing of what was given
    half = data.shape[1] // 2
    other = data.copy()
    other[:, half:] = 0
    again = GradientStream(SFREQ, 0.9, window=25)
    sizes = iter([half, data.shape[1]])
    np.testing.assert_allclose(
        push_in_blocks(again, other, marks, sizes)[:, :half], cleaned[:, :half], atol=1e-9
    )


@pytest.mark.parametrize("size", [1, 7, 1000, 2500, 60_000])
def test_blocks_of_any_size_are_cleaned_alike(rng, size):
    """Down to single sample points, and across several volumes."""
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    marks, data = np.ceil(scan.starts).astype(int), scan.raw.get_data()[:, :12_000]
    expected = GradientStream(SFREQ, 0.9, window=6).push(data, marks[marks < data.shape[1]])
    stream = GradientStream(SFREQ, 0.9, window=6)
    np.testing.assert_array_equal(
        push_in_blocks(stream, data, marks, itertools.repeat(size)), expected
    )
    assert stream.n_volumes > 6


def test_the_future_changes_nothing_of_a_recording_cleaned_by_the_past(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    expected, _ = run(scan.raw, weighting="past", window=10)
    half = scan.raw.n_times // 2
    other = scan.raw.copy()
    other[:, half:] = 0.3 * other[:, half:][0] + 1e-4 * rng.normal(size=other[:, half:][0].shape)
    found, _ = run(other, weighting="past", window=10)
    # but for when the scanner ran, which is read from the whole recording
    difference = np.abs(found.get_data() - expected.get_data())
    assert difference[:, :half].max() < 1e-9
    assert difference[:, half:].max() > 1e-4


def test_weighting_by_the_past_is_the_stream(rng):
    scan = make(rng, Case(sequence=FAST))
    raw, _ = run(scan.raw, weighting="past", window=10)
    marks = np.ceil(scan.starts - 1e-6).astype(int)
    stream = GradientStream(SFREQ, 0.9, window=10)
    expected = stream.push(scan.raw.get_data(), marks)
    assert np.corrcoef(raw.get_data().ravel(), expected.ravel())[0, 1] > 0.999
    bad = raw.annotations[raw.annotations.description == "BAD_gradient"]
    assert bad.onset[0] == pytest.approx(scan.starts[0] / SFREQ, abs=0.01)
    assert 3 * 0.9 < bad.duration[0] < 7 * 0.9


def test_stream_bridges_a_lost_marker(rng):
    scan = make(rng, Case(sequence=FAST, drift=0.37))
    marks = np.ceil(scan.starts).astype(int)
    stream = GradientStream(SFREQ, 0.9, window=20)
    cleaned = stream.push(scan.raw.get_data(), np.delete(marks, 30))
    begin, after = int(scan.starts[30]), int(scan.starts[31])
    # that volume is as it was, those after it are clean
    np.testing.assert_array_equal(
        cleaned[:, begin + 100 : after], scan.raw.get_data()[:, begin + 100 : after]
    )
    assert correlation(cleaned, scan.clean, after + 1000) > 0.95


def test_stream_refuses_blocks_that_do_not_fit():
    stream = GradientStream(1000.0, 1.0)
    stream.push(np.zeros((3, 10)))
    for block, triggers, message in [
        (np.zeros((4, 10)), (), "must have 3 channels, got 4"),
        (np.zeros(10), (), "2 axes"),
        (np.zeros((3, 10)), [10], r"triggers must be in \[0, 10\), got \[10\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            stream.push(block, triggers)
    assert stream.push(np.zeros((3, 0))).shape == (3, 0)
    assert not stream.ready
    with pytest.raises(ValueError, match=r"window must be in \[4, inf\), got 2"):
        GradientStream(1000.0, 1.0, window=2)
