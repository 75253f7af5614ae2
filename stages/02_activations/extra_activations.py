"""Stage 02: tests of the given code, for whoever rewrites it."""

import math

import numpy as np
from tinytorch.activations import gelu, normal_cdf, tanh
from tinytorch.tensor import Tensor

from checker.expect import expect_close, expect_raises


def test_extra_tanh_values():
    x = np.array([-1000.0, -math.log(3), 0.0, math.log(2), 1000.0])
    expect_close(
        tanh(Tensor(x)), [-1.0, -0.8, 0.0, 0.6, 1.0], "tanh of [-1000, -ln 3, 0, ln 2, 1000]",
        "(exp(x) - exp(-x)) / (exp(x) + exp(-x)); at ln 2 it is (2 - 1/2) / (2 + 1/2).",
    )  # fmt: skip


def test_extra_tanh_dtype():
    for dtype in (np.float32, np.float64):
        y = tanh(Tensor(np.array([[0.5]], dtype)))
        expect_close(y, [[math.tanh(0.5)]], f"tanh of {dtype.__name__} [[0.5]]", dtype=dtype)


def test_extra_gelu_values():
    x = np.linspace(-6, 6, 61)
    exact = [v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x.tolist()]
    expect_close(
        gelu(Tensor(x)), exact, "gelu from -6 to 6",
        "x times the normal distribution up to x, by math.erf.", rtol=0, atol=1e-10,
    )  # fmt: skip


def test_extra_gelu_tanh_form():
    expect_close(
        gelu(Tensor([1.0, 2.0]), approximate="tanh"), [0.841192, 1.954598],
        "gelu of [1. 2.], approximate='tanh'",
    )  # fmt: skip
    expect_close(gelu(Tensor([1.0, 2.0])), [0.841345, 1.954500], "gelu of [1. 2.]")


def test_extra_gelu_dtype_and_far_out():
    for dtype in (np.float32, np.float64):
        largest = float(np.finfo(dtype).max)
        for form in ("none", "tanh"):
            y = gelu(Tensor(np.array([-largest, 0, largest], dtype)), approximate=form)
            expect_close(
                y,
                [0.0, 0.0, largest],
                f"gelu of the largest {dtype.__name__}, {form!r}",
                dtype=dtype,
            )


def test_extra_gelu_other_words():
    expect_raises(
        ValueError, lambda: gelu(Tensor([1.0]), approximate="erf"), "gelu, approximate='erf'",
        "A word that is not known must not mean one of the two in silence.", mentions=["'erf'"],
    )  # fmt: skip


def test_extra_normal_cdf_against_erf():
    x = np.linspace(-10, 10, 401)
    exact = [math.erfc(-v / math.sqrt(2)) / 2 for v in x.tolist()]
    expect_close(
        normal_cdf(x), exact, "normal_cdf from -10 to 10", "The error stated is 1e-11.",
        rtol=0, atol=1e-11,
    )  # fmt: skip
    below = normal_cdf(np.array([-8.0, -20.0])) / [
        math.erfc(8 / 2**0.5) / 2,
        math.erfc(20 / 2**0.5) / 2,
    ]
    expect_close(
        below, [1.0, 1.0], "normal_cdf(-8) and (-20), divided by the true values",
        "1 minus a number near 1 would lose what is left down there.",
    )  # fmt: skip


def test_extra_normal_cdf_dtype():
    for dtype in (np.float32, np.float64):
        expect_close(
            normal_cdf(np.zeros((2, 0, 3), dtype)), np.zeros((2, 0, 3)), "of none", dtype=dtype
        )
        expect_close(
            normal_cdf(np.array(0.0, dtype)),
            0.5,
            f"normal_cdf of 0 ({dtype.__name__})",
            dtype=dtype,
        )
