"""The pulse artefact is found as it was planted, and little else is taken for it."""

import numpy as np
import pytest
from scipy.linalg import block_diag

from sklearn_neurofuse.signal._pulse_artifact import estimate_pulse_artifact
from sklearn_neurofuse.signal._pulse_basis import BeatSystem, _posterior_mean
from sklearn_neurofuse.signal._pulse_quality import (
    band_changes,
    normalised_power_ratio,
    spectrum,
)
from sklearn_neurofuse.signal._pulse_template import fit_template, lagged_design
from tests.eeg import recorded

SFREQ = 250.0


def planted(seed, rate=70.0, *, jitter=0.0, variability=0.0, duration=150.0):
    """Make beats, their delays, a varying artefact of two maps, and EEG, in microvolts."""
    rng = np.random.default_rng(seed)
    beats = recorded.draw_beats(rng, duration, rate)
    beats = beats[(beats > 0.5) & (beats < duration - 1)]
    delays = jitter * rng.standard_normal(len(beats))
    n_times = int(duration * SFREQ)
    eeg = 1e6 * recorded.make_background(rng, recorded.make_directions(), n_times, SFREQ)
    maps = recorded.make_directions() @ rng.normal(size=(3, 2))
    courses = np.zeros((2, n_times))
    for number, shift in enumerate((0.0, 0.06)):
        sizes = 1 + variability * rng.standard_normal(len(beats))
        for beat, size in zip(beats + delays + shift, sizes, strict=True):
            recorded.add_waves(courses[number], [beat], SFREQ, recorded.pulse, size)
    return beats, delays, 40 * maps @ courses, eeg


def courses(found):
    """Give the artefact in all channels."""
    return np.stack([found.course(channel) for channel in range(len(found.slow))])


def error(found, artifact):
    """Give the share of the artefact's variance that is not found."""
    return np.sum((found - artifact) ** 2) / np.sum(artifact**2)


@pytest.mark.parametrize("rate", [55.0, 80.0, 115.0])
def test_artefact_that_does_not_change_is_found(rate):
    beats, _, artifact, eeg = planted(0, rate)
    found = estimate_pulse_artifact(artifact + eeg, SFREQ, beats, adaptive=False)
    assert error(courses(found), artifact) < 0.07


def test_overlapping_beats_are_told_apart():
    """A plain average of epochs holds the neighbours at a fast heart; regression does not."""
    beats, _, artifact, _ = planted(1, 115.0)
    found = fit_template(artifact, SFREQ, beats, (-0.1, 0.8), 4, n_rounds=1)
    times = -0.1 + np.arange(found.course.shape[1]) / SFREQ
    wave = np.stack([recorded.pulse(times), recorded.pulse(times - 0.06)])
    fit = np.linalg.lstsq(wave.T, found.course.T, rcond=None)[0]
    assert error(found.course.T, wave.T @ fit) < 0.02


def test_delays_of_beats_are_found():
    beats, delays, artifact, eeg = planted(2, jitter=0.02)
    found = estimate_pulse_artifact(artifact + eeg, SFREQ, beats)
    missed = found.delays - delays
    assert np.median(np.abs(missed - np.median(missed))) < 0.005
    assert np.std(delays) > 0.015


def test_basis_follows_beats_that_change():
    beats, _, artifact, eeg = planted(3, variability=0.4, jitter=0.01)
    average = estimate_pulse_artifact(artifact + eeg, SFREQ, beats, adaptive=False)
    basis = estimate_pulse_artifact(artifact + eeg, SFREQ, beats, n_components=2)
    assert error(courses(basis), artifact) < 0.03
    assert error(courses(basis), artifact) < 0.3 * error(courses(average), artifact)


def test_basis_takes_little_of_the_eeg_where_nothing_changes():
    beats, _, artifact, eeg = planted(4)
    found = estimate_pulse_artifact(artifact + eeg, SFREQ, beats, n_components=4)
    assert np.sum((courses(found) - artifact) ** 2) < 0.04 * np.sum(eeg**2)


def test_responses_that_keep_step_with_the_heart_stay():
    beats, _, artifact, eeg = planted(5)
    events = beats[::4] + 0.15
    response = recorded.add_waves(
        np.zeros(eeg.shape[1]), events, SFREQ, lambda t: np.exp(-0.5 * ((t - 0.2) / 0.05) ** 2)
    )
    evoked = 15 * np.outer(recorded.make_directions()[:, 2], response)
    left = []
    for known in ((), (events,)):
        found, without = (
            courses(estimate_pulse_artifact(artifact + eeg + part, SFREQ, beats, events=known))
            for part in (evoked, 0.0)
        )
        left.append(1 - np.sum((found - without) * evoked) / np.sum(evoked**2))
    assert left[0] < 0.8
    assert 0.9 < left[1] < 1.1


def test_what_is_fast_stays_as_it_is():
    beats, _, artifact, eeg = planted(6)
    found = courses(estimate_pulse_artifact(artifact + eeg, SFREQ, beats))
    freqs, power = spectrum(found, SFREQ)
    assert power[:, freqs > 60].sum() < 1e-5 * power.sum()


def test_order_and_outside_beats_do_not_matter():
    beats, _, artifact, eeg = planted(7, duration=60.0)
    data = artifact + eeg
    expected = courses(estimate_pulse_artifact(data, SFREQ, beats))
    more = np.concatenate([[-3.0], beats, [61.0]])
    np.testing.assert_allclose(courses(estimate_pulse_artifact(data, SFREQ, more)), expected)


def test_too_few_beats():
    with pytest.raises(ValueError, match=r"only 2 heartbeats .* at least 5"):
        estimate_pulse_artifact(np.zeros((2, 1000)), SFREQ, np.array([1.0, 2.0, 9.0]))


def test_impulse_between_sample_points_is_shared():
    design = lagged_design(np.array([0.25]), 10.0, 8, -1, 3).toarray()
    expected = np.zeros((8, 3))
    expected[[1, 2, 3], [0, 1, 2]] = 0.5
    expected[[2, 3, 4], [0, 1, 2]] = 0.5
    np.testing.assert_allclose(design, expected)


def test_solving_all_beats_at_once_is_the_dense_solution(rng):
    n_beats, n_maps, n_courses = 6, 2, 3
    functions = rng.normal(size=(n_maps, n_courses, 12))
    starts = np.array([0, 7, 13, 27, 33, 50])
    design = np.zeros((n_maps, 70, n_beats * n_courses))
    for beat, start in enumerate(starts):
        columns = slice(beat * n_courses, (beat + 1) * n_courses)
        design[:, start : start + 12, columns] = np.swapaxes(functions, 1, 2)
    gram = np.einsum("mta,mtb->mab", design, design)
    blocks = np.zeros((n_beats, 3, n_maps, n_courses, n_courses))
    for beat in range(n_beats):
        for offset in range(min(3, n_beats - beat)):
            rows = slice(beat * n_courses, (beat + 1) * n_courses)
            columns = slice((beat + offset) * n_courses, (beat + offset + 1) * n_courses)
            blocks[beat, offset] = gram[:, rows, columns]
    right = rng.normal(size=(n_beats, n_maps, n_courses))
    root = rng.normal(size=(6, 6))
    precision = root @ root.T + np.eye(6)
    full = block_diag(*[precision] * n_beats)
    for number in range(n_maps):
        place = (np.arange(n_beats)[:, None] * 6 + number * 3 + np.arange(3)).ravel()
        full[np.ix_(place, place)] += gram[number]
    expected = np.linalg.solve(full, right.reshape(n_beats, -1).ravel())
    found = _posterior_mean(BeatSystem(blocks, right), precision)
    np.testing.assert_allclose(found.ravel(), expected, atol=1e-10)


def test_figures_of_quality(rng):
    times = np.arange(int(60 * SFREQ)) / SFREQ
    noise = rng.normal(size=(2, len(times)))
    pulse = 3 * np.sin(2 * np.pi * 1.2 * times)
    freqs, before = spectrum(noise + pulse, SFREQ)
    after = spectrum(noise, SFREQ)[1]
    assert normalised_power_ratio(freqs, before, after, 72.0).min() > 50
    np.testing.assert_allclose(normalised_power_ratio(freqs, after, after, 72.0), 1.0)
    changes = band_changes(freqs, before, after)
    assert changes[0] < -95
    assert np.abs(changes[1:]).max() < 1
