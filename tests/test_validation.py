"""Checks of parameters: what passes comes back unchanged, what does not is said in one message."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest

from sklearn_neurofuse._validation import check_choice, check_number, nearest


class Filter:
    """An owner."""


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.25), np.int8(1), Fraction(1, 3)])
def test_number_within_closed_bounds_is_returned_unchanged(value):
    assert check_number("f", "x", value, low=0, high=1) is value


@pytest.mark.parametrize(
    ("closed", "passing", "refused"),
    [
        ("both", (1.0, 2.0), ()),
        ("left", (1.0,), (2.0,)),
        ("right", (2.0,), (1.0,)),
        ("neither", (), (1.0, 2.0)),
    ],
)
def test_ends_of_the_range(closed, passing, refused):
    for value in passing:
        assert check_number("f", "x", value, low=1, high=2, closed=closed) == value
    for value in refused:
        with pytest.raises(ValueError, match="f: x must be in"):
            check_number("f", "x", value, low=1, high=2, closed=closed)


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        ({"low": 0, "high": 80, "closed": "right"}, "in (0, 80] Hz, got 120.0"),
        ({"low": 0, "high": 80, "closed": "left"}, "in [0, 80) Hz, got 120.0"),
        ({"high": 80}, "in (-inf, 80] Hz, got 120.0"),
        ({"low": 200}, "in [200, inf) Hz, got 120.0"),
        ({"low": 200, "closed": "neither"}, "in (200, inf) Hz, got 120.0"),
    ],
)
def test_message_gives_bounds_unit_and_value(bounds, text):
    with pytest.raises(ValueError, match=re.escape(f"Filter: h_freq must be {text}") + "$"):
        check_number(Filter(), "h_freq", 120.0, unit="Hz", **bounds)


@pytest.mark.parametrize("value", [True, np.True_, "1", None, 1j, np.ones(1), [1]])
def test_what_is_no_number_is_a_type_error(value):
    with pytest.raises(TypeError, match="Filter: x must be a number, got"):
        check_number(Filter(), "x", value)


@pytest.mark.parametrize("value", [True, 1.0, np.float64(2), "3"])
def test_what_is_no_integer_is_a_type_error(value):
    with pytest.raises(TypeError, match="f: n must be an integer, got"):
        check_number("f", "n", value, integer=True)


@pytest.mark.parametrize("bounds", [{}, {"low": 0}, {"high": 1}, {"low": 0, "high": 1}])
@pytest.mark.parametrize("value", [math.nan, np.float32("nan")])
def test_nan_passes_no_bound(bounds, value):
    with pytest.raises(ValueError, match=r"must be .*got .*nan"):
        check_number("f", "x", value, **bounds)


def test_infinity_passes_an_open_end_only():
    assert check_number("f", "x", math.inf, low=0) == math.inf
    with pytest.raises(ValueError, match=re.escape("in [0, 1], got inf")):
        check_number("f", "x", math.inf, low=0, high=1)


@pytest.mark.parametrize("choices", [["a", "b"], {"a": 1, "b": 2}, iter(["a", "b"])])
def test_choice_is_returned_unchanged(choices):
    assert check_choice("f", "x", "b", choices) == "b"


def test_none_may_be_a_choice():
    assert check_choice("f", "x", None, [None, "a"]) is None


def test_callable_passes_only_where_allowed():
    assert check_choice("f", "x", len, ["a"], allow_callable=True) is len
    with pytest.raises(ValueError, match="f: x must be one of 'a', got <built-in function len>"):
        check_choice("f", "x", len, ["a"])


def test_message_gives_choices_value_and_the_nearest():
    message = "Filter: phase must be one of 'zero', 'minimum' or a callable, got 'zer0'; did you"
    with pytest.raises(ValueError, match=re.escape(message) + " mean 'zero'"):
        check_choice(Filter(), "phase", "zer0", ["zero", "minimum"], allow_callable=True)


@pytest.mark.parametrize("value", [1, 1.0, np.array([True, True]), ["a"], {}])
def test_other_types_are_no_choice(value):
    with pytest.raises(ValueError, match="f: x must be one of True, 'a', got"):
        check_choice("f", "x", value, [True, "a"])


def test_nearest_is_silent_where_nothing_comes_near():
    assert nearest("genes", ["eeg", "fmri"]) == ""
    assert nearest(3, ["eeg"]) == ""
    assert nearest("fmir", ["eeg", 3, "fmri"]) == "; did you mean 'fmri'?"
