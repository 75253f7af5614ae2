"""Assertions of suites: they fail when they should, and say what, with the numbers."""

import numpy as np
import pytest

from checker.expect import (
    Mismatch,
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    expect_unchanged,
)


def message(call):
    """Give what a failing assertion says."""
    with pytest.raises(Mismatch) as caught:
        call()
    return str(caught.value)


class Boxed:
    """Something with an array in .data, as a tensor has."""

    def __init__(self, data):
        self.data = np.asarray(data)


def test_equal_values_pass():
    expect_close(Boxed([1.0, 2.0]), [1.0, 2.0], "x")
    expect_close(np.float32(1), 1.0, "x")
    expect_close([1.0][0], 1, "x")
    expect_close(np.array([np.nan]), [np.nan], "x")
    expect_equal((2, 3), (2, 3), "x")
    expect_true(True, "x")
    expect_raises(ValueError, lambda: int("a"), "int('a')", mentions=["'a'"])
    expect_unchanged(np.ones(2), np.ones(2), "x")


@pytest.mark.parametrize(
    "got, expected, says",
    [
        ([1.0, 3.0], [1.0, 2.0], "x is [1. 3.], expected [1. 2.]"),
        ([[1.0]], [1.0], "x has shape (1, 1), expected (1,)"),
        ([2.0, 4.0], [1.0, 2.0], "every element is 2 x what it should be"),
        ([-1.0, 2.0], [1.0, -2.0], "every sign is turned"),
        ([3.0, 4.5], [1.0, 2.5], "every element is +2 off"),
        ([0.0, 0.0], [1.0, 3.0], "all numbers are 0"),
        ([np.nan, 1.0], [1.0, 1.0], "1 of 2 numbers are nan"),
        ([[1.0, 3.0], [2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]], "it is the transpose"),
        ([3.0, 1.0, 2.0], [1.0, 2.0, 3.0], "the right numbers, in other places"),
        (np.arange(6.0), np.arange(6.0) + [0, 0, 0, 0, 0, 1], "1 of 6 numbers differ; at [5]"),
    ],
)
def test_what_differs_is_said(got, expected, says):
    assert says in message(lambda: expect_close(np.array(got), expected, "x"))


def test_dtypes_count_where_they_are_named():
    said = message(lambda: expect_close(np.ones(1), [1.0], "x", "why", dtype=np.float32))
    assert said.startswith("x is float64, expected float32\nThe dtype is not what it was.")
    said = message(lambda: expect_close(np.ones(1), [1.0], "x", "a dtype stays", dtype=np.float32))
    assert said == "x is float64, expected float32\na dtype stays"


def test_a_forgotten_return_and_the_wrong_kind_of_sequence_are_named():
    assert "is a return missing?" in message(lambda: expect_close(None, [1.0], "x", "why"))
    assert "is a return missing?" in message(lambda: expect_equal(None, 3, "x", "why"))
    said = message(lambda: expect_equal([1, 2], (1, 2), "x", "why"))
    assert "It has to be a tuple, not a list." in said


def test_what_is_no_number_is_said():
    assert "x is None, expected" in message(lambda: expect_close(None, [1.0], "x"))
    assert "x is [1.0], expected" in message(lambda: expect_close([1.0], [1.0], "x"))


def test_equal_but_of_another_type_is_not_equal():
    assert "is [2, 3], expected (2, 3)" in message(lambda: expect_equal([2, 3], (2, 3), "shape"))


def test_no_error_the_wrong_error_and_a_poor_message():
    assert "f gives 1, expected ValueError" in message(
        lambda: expect_raises(ValueError, lambda: 1, "f")
    )
    assert "f raises TypeError, expected ValueError" in message(
        lambda: expect_raises(ValueError, lambda: len(1), "f")
    )
    said = message(lambda: expect_raises(ValueError, lambda: int("a"), "f", mentions=["(2, 3)"]))
    assert "does not name (2, 3)" in said


def test_a_stub_is_never_the_expected_error():
    def stub():
        raise NotImplementedError("stage 01: f")

    with pytest.raises(NotImplementedError):
        expect_raises(RuntimeError, stub, "f")


def test_a_changed_input_is_said():
    assert "f changed its input in place" in message(
        lambda: expect_unchanged(np.zeros(2), np.ones(2), "f")
    )
