"""Segments between sample points, templates and the basis set, against what was planted."""

import numpy as np
import pytest

from sklearn_neurofuse.signal._adaptive import cancel
from sklearn_neurofuse.signal._alignment import delays, steady
from sklearn_neurofuse.signal._periodicity import (
    count_groups,
    end_of_artifact,
    find_scan,
    repetition_of_segments,
    strength,
)
from sklearn_neurofuse.signal._residual_basis import Courses, shared_courses
from sklearn_neurofuse.signal._segments import Segments, band
from sklearn_neurofuse.signal._templates import (
    CAUTION,
    motion_weights,
    neighbour_weights,
    shrinkage,
    templates,
)

PERIOD, N = 200.37, 30


def wave(phase, harmonics=(4, 8, 12, 33)):
    """Give a periodic function of a phase in periods."""
    return sum(np.cos(2 * np.pi * h * phase + h) for h in harmonics)


def recorded(starts, n_times, period=PERIOD):
    """Play one wave from each start on."""
    row = np.zeros(n_times)
    ends = np.append(starts[1:], starts[-1] + period)
    for start, end in zip(starts, ends, strict=True):
        points = np.arange(int(np.ceil(start)), int(np.ceil(end)))
        row[points] = wave((points - start) / period)
    return row


@pytest.fixture
def regular():
    starts = 150.3 + PERIOD * np.arange(N)
    return Segments(starts, PERIOD, 6600), recorded(starts, 6600)


def test_segments_come_onto_one_time_base(regular):
    segments, row = regular
    spectra = segments.spectra(row)[1:-1]
    waves = np.fft.irfft(spectra, segments.size, axis=1)
    inside = waves[:, segments.margin : segments.margin + 200]
    assert np.abs(inside - inside[0]).max() < 2e-3
    np.testing.assert_allclose(inside[0], wave(np.arange(200) / PERIOD), atol=0.05)


def test_what_is_cut_is_put_back(regular):
    segments, row = regular
    left = row.copy()
    segments.subtract(segments.spectra(row), left)
    # but the mean of each segment
    assert np.abs(left[300:-500]).max() < 0.02
    np.testing.assert_array_equal(left[:140], row[:140])


@pytest.mark.parametrize("jitter", [0.0, 0.4])
def test_sums_of_waves_are_what_single_spectra_give(rng, jitter):
    starts = 150.3 + PERIOD * np.arange(N) + jitter * rng.standard_normal(N)
    segments, row = Segments(starts, PERIOD, 6600), recorded(starts, 6600)
    spectra = segments.spectra(row)[segments.complete]
    expected = spectra.mean(axis=0)
    share = 1 / segments.complete.sum()
    course = np.cos(np.arange(N))
    weights = np.column_stack([np.full(N, share), share * course]).astype(np.float32)
    found, parts = segments.sums(row, segments.summation(weights))
    limit = 2e-4 * np.abs(expected).max()
    np.testing.assert_allclose(found[0], expected, atol=limit)
    np.testing.assert_allclose(found[1], share * course[segments.complete] @ spectra, atol=limit)
    np.testing.assert_allclose(parts.sum(axis=0), expected, atol=10 * limit)
    one, other = row.copy(), row.copy()
    segments.subtract(np.repeat(expected[None], N, axis=0), one)
    segments.subtract_sums(np.ones((N, 1), np.float32), expected[None], other)
    np.testing.assert_allclose(one, other, atol=5e-4)


def test_sums_do_not_mind_how_often_segments_begin_between_points(rng):
    # all at sample points, few parts of one, many of them
    for period in (200.0, 200.5, 200.37):
        starts = 150.25 + period * np.arange(N)
        segments, row = Segments(starts, period, 6600), recorded(starts, 6600, period)
        plan = segments.summation(np.full((N, 1), 1 / N, np.float32))
        found, _ = segments.sums(row + 7.0, plan)
        segments.subtract_sums(np.ones((N, 1), np.float32), found, row)
        inside = slice(int(starts[1]), int(starts[-2]))
        assert np.abs(row[inside]).max() < 0.05


def test_a_recording_shorter_than_a_segment_with_its_margins(rng):
    row = rng.standard_normal(230)
    segments = Segments([10.0], 200.0, 230)
    assert segments.size > 230
    left = row.copy()
    segments.subtract(segments.spectra(row), left)
    np.testing.assert_allclose(left[10:210], row[10:210].mean(), atol=0.05)
    np.testing.assert_array_equal(left[211:], row[211:])


def test_segments_that_reach_beyond_the_recording():
    starts = -80.0 + 100.5 * np.arange(12)
    segments = Segments(starts, 100.5, 1080)
    np.testing.assert_array_equal(np.flatnonzero(segments.complete), np.arange(1, 11))
    row = np.ones(1080)
    segments.subtract(np.zeros((12, len(segments.frequencies)), np.complex64), row)
    np.testing.assert_array_equal(row, 1.0)


def test_last_segment_ends_where_it_is_told():
    starts = np.arange(5) * 100.0
    row = np.zeros(600)
    segments = Segments(starts, 100.0, 600, stop=450.0)
    ones = np.zeros((5, len(segments.frequencies)), np.complex64)
    ones[:, 0] = segments.size
    segments.subtract(ones, row)
    np.testing.assert_allclose(row[:450], -1.0, atol=1e-6)
    np.testing.assert_array_equal(row[450:], 0.0)
    assert not segments.complete[-1]


def test_delays_are_found_to_a_hundredth_of_a_point(rng):
    late = 0.4 * rng.standard_normal(N)
    starts = 150.3 + PERIOD * np.arange(N)
    row = recorded(starts + late, 6600) + 0.05 * rng.standard_normal(6600)
    segments = Segments(starts, PERIOD, 6600)
    found = delays(segments, [segments.spectra(row, core=True)], band(segments, 0.01, 0.4))
    np.testing.assert_allclose(found - found.mean(), late - late.mean(), atol=0.02)


def test_steady_clock_is_told_from_jitter(rng):
    number = np.arange(50)
    everyone = np.ones(50, bool)
    rounded = np.ceil(10 + 200.37 * number)
    fitted, period, _, keeps = steady(rounded, everyone, 1.0)
    assert keeps
    assert period == pytest.approx(200.37, abs=0.01)
    assert np.ptp(fitted - 200.37 * number) < 0.5
    *_, jitter, keeps = steady(200.37 * number + rng.standard_normal(50), everyone, 0.03)
    assert not keeps
    assert jitter == pytest.approx(1.0, rel=0.5)


def test_clock_is_not_misled_by_one_wrong_start():
    starts = 100.25 * np.arange(40)
    starts[7] += 30.0
    fitted, period, _, keeps = steady(starts, np.ones(40, bool), 0.03)
    assert keeps
    assert period == pytest.approx(100.25, abs=1e-6)
    assert fitted[7] == pytest.approx(7 * 100.25, abs=1e-6)


# templates


def test_weights_leave_the_segment_itself_out():
    complete = np.ones(10, bool)
    complete[3] = False
    poses = np.random.default_rng(0).normal(size=(10, 6))
    for weights in (
        neighbour_weights(complete),
        neighbour_weights(complete, 4),
        motion_weights(complete, poses),
    ):
        assert (np.diag(weights) == 0).all()
        assert (weights[:, 3] == 0).all()
        np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)


def test_neighbours_are_the_nearest_also_at_the_edges():
    weights = neighbour_weights(np.ones(9, bool), 4)
    assert np.flatnonzero(weights[0]).tolist() == [1, 2, 3, 4]
    assert np.flatnonzero(weights[4]).tolist() == [2, 3, 5, 6]
    assert np.flatnonzero(weights[8]).tolist() == [4, 5, 6, 7]


def test_motion_prefers_the_same_pose():
    poses = np.zeros((60, 6))
    poses[30:, 0] = 5.0
    poses += 0.01 * np.random.default_rng(0).standard_normal(poses.shape)
    weights = motion_weights(np.ones(60, bool), poses)
    assert weights[28, :30].sum() > 0.999
    assert weights[31, 30:].sum() > 0.999


def test_shrinkage_keeps_what_is_strong_and_drops_noise(rng):
    noise = np.ones(400)
    power = rng.exponential(size=400)
    power[200] += 1e4
    gain = shrinkage(power, noise)
    assert gain[200] > 0.99
    assert np.mean(gain[:190] == 0) > 0.7


def test_templates_take_little_of_what_is_no_artefact(regular, rng):
    segments, row = regular
    eeg = rng.standard_normal(len(row))
    mixed = row + eeg
    weights = neighbour_weights(segments.complete)
    found = templates(segments.spectra(mixed), weights, segments.complete)
    cleaned = mixed.copy()
    segments.subtract(found, cleaned)
    inside = slice(200, 6100)
    # plain averaging of 29 leaves 1/29 = .034 of the power of the EEG
    assert np.var((cleaned - eeg)[inside]) < 0.02
    cleaned = mixed.copy()
    Courses(np.zeros((N, 0)), segments, CAUTION).subtract(cleaned)
    assert np.var((cleaned - eeg)[inside]) < 0.02


# basis set


def changing(rng, n_segments=400, n_channels=4):
    """Make segments of noise in which one waveform a channel follows a course they share."""
    course = np.sin(2 * np.pi * np.arange(n_segments) / 90)
    starts = 40.0 + 50.25 * np.arange(n_segments)
    n_times = int(starts[-1] + 150)
    rows, clean = [], []
    for _ in range(n_channels):
        row = np.zeros(n_times)
        phase = rng.uniform(0, 6, 3)
        for start, size in zip(starts, course, strict=True):
            points = np.arange(int(np.ceil(start)), int(np.ceil(start + 50.25)))
            times = 2 * np.pi * (points - start) / 50.25
            waves = np.cos(np.outer((4, 9, 15), times) + phase[:, None])
            row[points] += 2 * size * waves.sum(axis=0)
        eeg = rng.standard_normal(n_times)
        rows.append(row + eeg)
        clean.append(eeg)
    return Segments(starts, 50.25, n_times), rows, clean, course


def test_basis_finds_the_course_and_takes_its_waves(rng):
    segments, rows, clean, course = changing(rng)
    columns = band(segments, 0.05, 0.4)
    spectra = [segments.spectra(row, core=True)[:, columns] for row in rows]
    courses = shared_courses(spectra, segments.complete, 5)
    assert courses.shape == (400, 1)
    assert abs(np.corrcoef(courses[:, 0], course)[0, 1]) > 0.98
    regression = Courses(courses, segments)
    for row, eeg in zip(rows, clean, strict=True):
        assert np.var(row - eeg) > 3
        regression.subtract(row)
        assert np.var((row - eeg)[100:-200]) < 0.1


def test_basis_finds_nothing_in_noise(rng):
    segments, _, clean, _ = changing(rng)
    spectra = [segments.spectra(row, core=True)[:, band(segments, 0.05, 0.4)] for row in clean]
    assert shared_courses(spectra, segments.complete, 5).shape == (400, 0)
    assert shared_courses(spectra, segments.complete, 1).shape == (400, 0)
    assert shared_courses(spectra, segments.complete, 5, 2).shape == (400, 2)


# periods


def test_period_and_extent_of_a_scan_are_found(rng):
    row = np.zeros(8000)
    points = np.arange(731, 731 + round(12 * 500.4))
    row[points] = wave((points - 731) / 500.4, (17, 23, 31, 47, 61))
    row += 0.02 * rng.standard_normal(8000)
    start, stop, period = find_scan(row, 1000.0)
    assert period == pytest.approx(500.4, abs=0.02)
    assert start == pytest.approx(731, abs=15)
    assert stop == pytest.approx(points[-1], abs=15)


def test_noise_has_no_period(rng):
    assert find_scan(rng.standard_normal(20_000), 1000.0) == (None, None, None)


def test_slices_of_a_volume_are_counted():
    phase = np.arange(602) / 600.25
    assert count_groups(wave(phase, (12, 24, 60)), 600.25, 1000.0) == 12
    assert count_groups(wave(phase, (12, 25, 37)), 600.25, 1000.0) == 1


def test_slices_are_put_together_to_volumes(rng):
    volume = rng.standard_normal((7, 40)) + 1j * rng.standard_normal((7, 40))
    noise = rng.standard_normal((70, 40))
    spectra = (100 + np.tile(volume, (10, 1)) + 0.3 * noise).astype(np.complex64)
    assert repetition_of_segments(spectra) == 7
    assert repetition_of_segments((100 + noise).astype(np.complex64)) == 1


def test_end_of_a_volume_that_was_stopped(rng):
    row = 0.01 * rng.standard_normal(3000)
    row[:2400] += wave(np.arange(2400) / 200.0)
    reference = strength(row, np.array([0, 2400]))[0]
    assert end_of_artifact(row, 2000.0, 1000.0, reference) == pytest.approx(2400, abs=50)
    assert end_of_artifact(row, 1000.0, 1000.0, reference) == 2000.0


# adaptive filter


def test_adaptive_filter_finds_a_filtered_reference(rng):
    references = rng.standard_normal((2, 20_000)).astype(np.float32)
    references[:, :3000] = 0
    kernel = np.array([0.0, 0.5, -0.3, 0.1])
    noise = np.stack([np.convolve(row, kernel)[:20_000] for row in references])
    signal = 0.1 * rng.standard_normal((2, 20_000))
    found = cancel(signal + noise, references, 32)
    assert np.var(found[:, 15_000:] - noise[:, 15_000:]) < 0.05 * np.var(noise[:, 15_000:])
    assert np.abs(found[:, :3000]).max() < 1e-3


def test_adaptive_filter_keeps_its_head_where_the_reference_is_a_line(rng):
    signal, weak = rng.standard_normal((2, 2, 160_000))
    references = np.sin(2 * np.pi * 120 / 2000 * np.arange(160_000)) + 0.01 * weak
    found = cancel(signal, references.astype(np.float32), 16)
    assert np.var(found) < 0.01 * np.var(signal)
