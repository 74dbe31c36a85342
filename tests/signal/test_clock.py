"""Triggers fitted to volumes: planted offset and drift come back, whatever happened at the ends."""

import numpy as np
import pytest

from sklearn_neurofuse.signal._clock import (
    find_trains,
    link_by_events,
    list_fits,
    triggers_per_volume,
)

T_R, N, OFFSET, DRIFT = 2.1, 120, 7.3, 40.0


def make_times(first=0, last=N, n_per_volume=1, sfreq=5000.0, offset=OFFSET):
    slots = np.arange(first * n_per_volume, last * n_per_volume)
    times = offset + (1 + 1e-6 * DRIFT) * slots * T_R / n_per_volume
    return np.round(times * sfreq) / sfreq


def best(times, dummies=()):
    ways = list_fits(times, T_R, N, dummies)
    assert len(ways) > 0
    ties = [fit for cost, fit, _ in ways if cost == ways[0][0]]
    assert len(ties) == 1
    assert ties[0].offset == pytest.approx(OFFSET, abs=1e-4)
    assert ties[0].drift == pytest.approx(DRIFT, abs=2.0)
    return ties[0]


def test_a_plain_run_gives_offset_drift_and_the_rounding_as_jitter():
    fit = best(make_times())
    assert (fit.n_triggers, fit.n_lost, fit.n_before, fit.n_after) == (N, 0, 0, 0)
    assert 0 < fit.jitter < 2e-4
    np.testing.assert_allclose(fit.to_scan(fit.to_other([0.0, 100.0])), [0.0, 100.0])
    assert fit.to_other(100.0) == pytest.approx(OFFSET + 100.004, abs=1e-4)


def test_a_lost_trigger_inside_leaves_a_gap_and_no_doubt():
    fit = best(np.delete(make_times(), 57))
    assert fit.n_lost == 1


def test_known_dummies_explain_triggers_before():
    fit = best(make_times(first=-3), dummies={0, 3})
    assert fit.n_before == 3


def test_triggers_of_slices_are_told_from_those_of_volumes():
    times = make_times(n_per_volume=30)
    assert triggers_per_volume(times, T_R) == 30
    fit = best(np.delete(times, [400, 2222]))
    assert (fit.n_per_volume, fit.n_lost) == (30, 2)


def test_strays_and_other_scans_are_left_out():
    stray = [0.4, 1.1, 5.9, OFFSET + 10.03, OFFSET + N * T_R + 3.3]
    # a scan of another length in the same recording
    other = OFFSET + N * T_R + 31.7 + T_R * np.arange(40)
    times = np.concatenate([make_times(), stray, other])
    assert best(times).n_triggers == N
    assert [len(train.times) for train in find_trains(times, T_R)] == [N, 40]


@pytest.mark.parametrize(("first", "last"), [(0, N + 1), (1, N), (-1, N)])
def test_one_more_or_less_at_the_ends_can_be_two_things(first, last):
    ways = list_fits(make_times(first, last), T_R, N)
    assert [cost for cost, _, _ in ways[:2]] == [1, 1]
    offsets = [fit.offset for _, fit, _ in ways[:2]]
    assert offsets[1] - offsets[0] == pytest.approx(T_R, abs=1e-3)
    assert any(abs(offset - OFFSET) < 1e-3 for offset in offsets)


def test_two_scans_of_one_length_are_two_ways():
    times = np.concatenate([make_times(), make_times(offset=OFFSET + N * T_R + 20.0)])
    assert [cost for cost, _, _ in list_fits(times, T_R, N)] == [0, 0]


def test_jittered_triggers_leave_their_jitter():
    times = make_times() + np.random.default_rng(0).normal(scale=2e-3, size=N)
    ((_, fit, _),) = list_fits(times, T_R, N)
    assert fit.jitter == pytest.approx(2e-3, rel=0.3)
    assert fit.offset == pytest.approx(OFFSET, abs=2e-3)


def test_no_triggers_or_another_repetition_time_is_no_fit():
    assert list_fits([], T_R, N) == []
    assert list_fits(make_times(), 1.9, N) == []


def test_events_alone_link_clocks():
    here = np.sort(np.random.default_rng(0).uniform(0, 300, 50))
    fit = link_by_events(here, OFFSET + (1 + 1e-6 * DRIFT) * here)
    assert fit.offset == pytest.approx(OFFSET, abs=1e-6)
    assert fit.drift == pytest.approx(DRIFT, abs=1e-3)
