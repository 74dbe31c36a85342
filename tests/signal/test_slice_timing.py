"""Interpolation in time, against signals that are known at any time."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_neurofuse.signal._slice_timing import (
    ORDERS,
    delay_matrix,
    order_to_times,
    shift_slices,
)

T_R = 2.0


@pytest.mark.parametrize("frequency", [0.005, 0.03, 0.07, 0.1])
@pytest.mark.parametrize("delay", [-0.5, -0.2, 0.35, 0.5])
def test_error_below_a_tenth_of_a_hertz(frequency, delay):
    times = np.arange(150) * T_R
    wave = np.sin(2 * np.pi * frequency * times + 1.0)
    expected = np.sin(2 * np.pi * frequency * (times + delay * T_R) + 1.0)
    error = (delay_matrix(150, delay) @ wave - expected)[15:-15]
    assert np.sqrt(np.mean(error**2) / 0.5) < 4e-4


@pytest.mark.parametrize("n_volumes", [2, 3, 9, 40])
@pytest.mark.parametrize("delay", [-1.0, -0.3, 0.5, 1.0])
def test_straight_lines_are_kept_to_their_ends(n_volumes, delay):
    line = 100.0 + 3.0 * np.arange(n_volumes)
    assert_allclose(delay_matrix(n_volumes, delay) @ line, line + 3.0 * delay, rtol=1e-5)


def test_ends_are_no_worse_than_a_step_to_the_neighbour():
    times = np.arange(100) * T_R
    wave, wanted = (np.sin(2 * np.pi * 0.03 * (times + d) + 0.4) for d in (0.0, 0.5 * T_R))
    error = np.abs(delay_matrix(100, 0.5) @ wave - wanted)
    assert error[[0, -1]].max() < 0.3 * np.abs(np.diff(wave)).max()


def test_no_delay_is_no_change():
    assert_allclose(delay_matrix(20, 0.0), np.eye(20), atol=1e-7)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("order", ["C", "F"])
def test_each_slice_is_shifted_by_its_own_delay(rng, axis, order):
    series = np.array(rng.normal(size=(5, 4, 3, 70)), dtype=np.float32, order=order)
    delays = rng.uniform(-0.5, 0.5, size=series.shape[axis])
    delays[0] = 0.0
    expected = np.stack(
        [
            one @ delay_matrix(70, d).T
            for one, d in zip(np.moveaxis(series, axis, 0), delays, strict=True)
        ],
        axis=axis,
    )
    shift_slices(series, delays, axis)
    assert_allclose(series, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ascending", [0, 1, 2, 3, 4]),
        ("descending", [4, 3, 2, 1, 0]),
        ("interleaved", [0, 2, 4, 1, 3]),
        ("interleaved_second_first", [1, 3, 0, 2, 4]),
        ("interleaved_descending", [4, 2, 0, 3, 1]),
    ],
)
def test_orders(name, expected):
    assert_array_equal(np.argsort(order_to_times(name, 5, T_R)), expected)
    assert_allclose(np.sort(order_to_times(name, 5, T_R)), np.arange(5) * 0.4)


def test_slices_of_one_shot_are_acquired_at_once():
    times = order_to_times("interleaved", 12, 1.2, multiband=3)
    assert_allclose(times.reshape(3, 4), np.tile([0.0, 0.6, 0.3, 0.9], (3, 1)))


def test_every_order_holds_every_slice_once():
    for order in ORDERS.values():
        for n in (1, 2, 7, 10):
            assert_array_equal(np.sort(order(n)), np.arange(n))
