"""Stage 04: tests of the given code, for whoever rewrites it."""

import math

import numpy as np
from tinytorch.layers import Module
from tinytorch.losses import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss, NLLLoss
from tinytorch.tensor import Tensor

from checker.expect import expect_close, expect_equal, expect_raises, expect_true


def each_reduction(kind, first, target, losses):
    """Compare a loss module with the losses one by one, for each word."""
    name, total = kind.__name__, math.fsum(losses)
    for word, expected in (("mean", total / len(losses)), ("sum", total), ("none", losses)):
        what = f"{name}(reduction={word!r})"
        expect_close(
            kind(reduction=word)(first, target), expected, f"{what} of {len(losses)} losses"
        )
    expect_close(kind()(first, target), total / len(losses), f"{name}(), which is 'mean'")
    expect_true(isinstance(kind(), Module), f"{name}() is no Module")
    expect_equal(list(kind().parameters()), [], f"the parameters of {name}()")
    expect_equal(repr(kind()), f"{name}(reduction='mean')", f"repr({name}())")
    expect_raises(
        ValueError, lambda: kind(reduction="average")(first, target),
        f"{name}, reduction 'average'", mentions=["'average'"],
    )  # fmt: skip


def test_extra_mseloss_each_reduction():
    each_reduction(MSELoss, Tensor([1.0, 4.0]), Tensor([1.0, 2.0]), [0.0, 4.0])


def test_extra_nllloss_each_reduction():
    log_probs = Tensor([[-0.5, -1.0], [-3.0, -0.1]])
    each_reduction(NLLLoss, log_probs, Tensor([0, 1]), [0.5, 0.1])


def test_extra_crossentropyloss_each_reduction():
    logits = Tensor([[0.0, 0.0], [0.0, 100.0]])
    each_reduction(CrossEntropyLoss, logits, Tensor([0, 0]), [math.log(2), 100.0])


def test_extra_bcewithlogitsloss_each_reduction():
    logits, target = Tensor([0.0, 200.0]), Tensor([1.0, 0.0])
    each_reduction(BCEWithLogitsLoss, logits, target, [math.log(2), 200.0])


def test_extra_mseloss_shape_trap():
    expect_raises(
        ValueError, lambda: MSELoss()(Tensor(np.zeros((3, 1))), Tensor(np.zeros(3))),
        "MSELoss of shapes (3, 1) and (3,)", "The module checks no less than the function.",
        mentions=["(3, 1)", "(3,)"],
    )  # fmt: skip
