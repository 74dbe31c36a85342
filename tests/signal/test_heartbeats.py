"""Heartbeats from the ECG and from the EEG: all of them, nothing else, at the right time."""

import numpy as np
import pytest

from sklearn_neurofuse.signal._beat_tracking import fill_gaps, track_beats
from sklearn_neurofuse.signal._heartbeats import find_beats_in_ecg, find_beats_in_eeg
from tests.eeg import recorded

SFREQ = 250.0
DURATION = 90.0


def match(found, planted, tolerance=0.05):
    """Give sensitivity, precision and the median distance in s."""
    distance = np.abs(found[:, None] - planted)
    return (
        np.mean(distance.min(axis=0) < tolerance),
        np.mean(distance.min(axis=1) < tolerance),
        np.median(distance.min(axis=0)),
    )


def make_ecg(rng, rate, *, ectopic=0.0, t_wave=1.0):
    """Make an ECG whose T wave is as high as R, with breathing and noise."""
    beats, early = [0.4], False
    while beats[-1] < DURATION - 1.5:
        factor = 1.35 if early else 1.0
        early = not early and rng.random() < ectopic
        factor = 0.62 if early else factor
        beats.append(beats[-1] + 60 / rate * factor * (1 + 0.03 * rng.standard_normal()))
    beats = np.array(beats)
    times = np.arange(int(DURATION * SFREQ)) / SFREQ
    course = recorded.add_waves(np.zeros(len(times)), beats, SFREQ, recorded.qrs)
    recorded.add_waves(
        course, beats, SFREQ, lambda t: np.exp(-0.5 * ((t - 0.27) / 0.045) ** 2), t_wave
    )
    return 1e-3 * (course + 0.3 * np.sin(2 * np.pi * 0.25 * times)), beats


@pytest.mark.parametrize("rate", [50, 75, 110])
@pytest.mark.parametrize("ectopic", [0.0, 0.06])
def test_all_r_peaks_and_nothing_else(rng, rate, ectopic):
    ecg, beats = make_ecg(rng, rate, ectopic=ectopic)
    ecg += 5e-5 * rng.standard_normal(len(ecg))
    sensitivity, precision, error = match(find_beats_in_ecg(ecg, SFREQ), beats)
    assert sensitivity == precision == 1.0
    assert error < 0.003


def test_r_peaks_under_residual_gradients_as_large_as_r(rng):
    ecg, beats = make_ecg(rng, 70)
    times = np.arange(len(ecg)) / SFREQ
    size = 1 + 0.1 * np.sin(2 * np.pi * 0.1 * times)
    for frequency in (16.0, 32.0, 48.0, 64.0):
        ecg += 3e-4 * size * np.sin(2 * np.pi * frequency * times + rng.uniform(0, 6))
    sensitivity, precision, error = match(find_beats_in_ecg(ecg, SFREQ), beats)
    assert sensitivity == precision == 1.0
    assert error < 0.005


def test_polarity_unit_and_rate_do_not_matter(rng):
    ecg, beats = make_ecg(rng, 64)
    found = find_beats_in_ecg(ecg, SFREQ)
    np.testing.assert_allclose(find_beats_in_ecg(-1e6 * ecg, SFREQ), found, atol=1e-9)
    slower = find_beats_in_ecg(ecg[::2], SFREQ / 2)
    assert match(slower, beats)[:2] == (1.0, 1.0)


def test_beats_that_the_ecg_lost_are_filled_in(rng):
    ecg, beats = make_ecg(rng, 60)
    lost = (beats > 40) & (beats < 43)
    ecg += 3e-5 * rng.standard_normal(len(ecg))
    ecg[int(39.8 * SFREQ) : int(43 * SFREQ)] = 0.0
    found = find_beats_in_ecg(ecg, SFREQ)
    assert lost.sum() >= 2
    assert len(found) == len(beats)
    assert match(found, beats, 0.15)[0] == 1.0


@pytest.mark.parametrize(
    "course", [np.zeros(20_000), np.random.default_rng(0).normal(size=20_000).cumsum()]
)
def test_what_is_no_ecg_is_refused(course):
    with pytest.raises(ValueError, match="ECG channel"):
        find_beats_in_ecg(course, SFREQ)


@pytest.mark.parametrize("rate", [52.0, 80.0, 108.0])
def test_beats_from_the_eeg_alone(rate):
    parts, beats = recorded.make_parts(3, duration=120.0, rate=rate)
    eeg = sum(parts.values())[: len(recorded.NAMES)]
    sensitivity, precision, error = match(find_beats_in_eeg(eeg, recorded.SFREQ), beats, 0.1)
    assert sensitivity >= 0.95
    assert precision >= 0.95
    assert error < 0.07


@pytest.mark.parametrize("seed", range(3))
def test_eeg_without_pulse_artefact_has_no_beats(seed):
    parts, _ = recorded.make_parts(seed, duration=60.0)
    eeg = (parts["brain"] + parts["noise"])[: len(recorded.NAMES)]
    with pytest.raises(ValueError, match="no pulse artefact"):
        find_beats_in_eeg(eeg, recorded.SFREQ)


def test_pause_of_the_heart_is_not_filled(rng):
    ecg, beats = make_ecg(rng, 60)
    ecg = np.concatenate([ecg[: int(40 * SFREQ)], ecg[int(38 * SFREQ) :]])
    skipped = (beats > 30) & (beats < 32.5)
    quiet = (np.arange(len(ecg)) > 29.6 * SFREQ) & (np.arange(len(ecg)) < 32.9 * SFREQ)
    ecg = np.where(quiet, 0.0, ecg) + 3e-5 * rng.standard_normal(len(ecg))
    found = find_beats_in_ecg(ecg, SFREQ)
    assert skipped.sum() >= 2
    assert not ((found > 30.3) & (found < 32.3)).any()


def test_tracking_prefers_evidence_to_regularity():
    score = np.full(2000, -2.0)
    regular = np.arange(100, 1900, 100)
    score[regular] = 5.0
    score[[700, 740]] = [-2.0, 9.0]
    found = track_beats(score, 100.0, 1.0)
    assert 740 in found
    assert 700 not in found
    assert len(found) == len(regular)


def test_gaps_are_filled_only_where_whole_beats_are_missing():
    beats = np.array([0.0, 1.0, 2.0, 3.0, 6.0, 7.0, 8.0, 9.4, 10.0])
    np.testing.assert_allclose(
        fill_gaps(beats), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.4, 10.0]
    )
