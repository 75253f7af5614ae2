"""Stage 04: losses."""

import math

import numpy as np
from tinytorch.creation import manual_seed, rand
from tinytorch.layers import Linear, ReLU, Sequential
from tinytorch.losses import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    MSELoss,
    NLLLoss,
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
    nll_loss,
    reduce,
)
from tinytorch.tensor import Tensor

from checker.expect import (
    Mismatch,
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    expect_unchanged,
)


def quietly(call, what, why):
    """Call with an overflow, a log of 0 or a 0 / 0 turned into a failure that names the call."""
    __tracebackhide__ = True
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return call()
    except FloatingPointError as error:
        raise Mismatch(f"{what}: {error}", why) from None


def expect_losses(losses, expected, what, why, shapes=""):
    """Compare losses; where the shape is wrong, say what the reduction has to do with it."""
    __tracebackhide__ = True
    found, wanted = getattr(losses, "shape", None), np.shape(expected)
    if found == () and wanted:
        why = "reduction='none' asks for every loss by itself: hand the word you got on to reduce."
    elif found and not wanted:
        why = "One number was asked for: hand the word you got on to reduce."
    elif found is not None and found != wanted:
        why = shapes or why
    expect_close(losses, expected, what, why)


def surprises(logits, target):
    """Compute -log of the softmax of each right class, one example at a time."""
    found = []
    for row, right in zip(logits.tolist(), target.tolist(), strict=True):
        total = math.fsum(math.exp(v) for v in row)
        found.append(-math.log(math.exp(row[right]) / total))
    return found


# -- reduce ---------------------------------------------------------------------------------------


def test_unit_reduce_example():
    expect_close(
        reduce(Tensor([1.0, 2.0, 6.0]), "mean"), 3.0, "reduce([1. 2. 6.], 'mean')",
        "(1 + 2 + 6) / 3: one number for all examples together.",
    )  # fmt: skip


def test_unit_reduce_three_words():
    x = [1.0, 2.0, 6.0]
    for word, expected in (("mean", 3.0), ("sum", 9.0), ("none", x)):
        for kind in (Tensor, np.array):
            expect_close(
                reduce(kind(x), word), expected,
                f"reduce({kind.__name__.lower()} [1. 2. 6.], {word!r})",
                "'mean' averages, 'sum' adds up, 'none' leaves everything as it is. Tensors and "
                "arrays come here.",
            )  # fmt: skip


def test_unit_reduce_all_axes():
    x = np.arange(6.0).reshape(2, 3)
    why = "Whatever the shape, one number comes out; the mean is over 6 numbers, not over 2 rows."
    expect_close(reduce(Tensor(x), "mean"), 2.5, "reduce of [[0 1 2] [3 4 5]], 'mean'", why)
    expect_close(reduce(Tensor(x), "sum"), 15.0, "reduce of [[0 1 2] [3 4 5]], 'sum'", why)
    expect_close(reduce(Tensor(x), "none"), x, "reduce of [[0 1 2] [3 4 5]], 'none'", why)
    expect_close(reduce(Tensor(7.0), "mean"), 7.0, "reduce of 7., shape (), 'mean'", why)


def test_unit_reduce_dtype():
    for dtype in (np.float32, np.float64):
        for kind in (Tensor, np.asarray):
            for word in ("mean", "sum"):
                x = kind(np.array([1.0, 3.0], dtype))
                expect_close(
                    reduce(x, word), 2.0 if word == "mean" else 4.0,
                    f"reduce({dtype.__name__} [1. 3.], {word!r})", "The dtype stays.", dtype=dtype,
                )  # fmt: skip


def test_unit_reduce_other_words():
    for word in ("average", "", None):
        expect_raises(
            ValueError, lambda word=word: reduce(Tensor([1.0]), word), f"reduce([1.], {word!r})",
            "A typing mistake must not pass as one of the three words.",
        )  # fmt: skip
        expect_raises(
            ValueError, lambda word=word: reduce(Tensor([1.0]), word), f"reduce([1.], {word!r})",
            "The error is the right one. Put the word into its message, so that whoever reads it "
            "sees what was mistyped.", mentions=[repr(word)],
        )  # fmt: skip


# -- mse_loss -------------------------------------------------------------------------------------


def test_unit_mse_loss_example():
    expect_close(
        mse_loss(Tensor([2.0, 5.0]), Tensor([1.0, 2.0])), 5.0, "mse_loss([2. 5.], [1. 2.])",
        "The errors are 1 and 3, their squares 1 and 9, the mean of those is 5.",
    )  # fmt: skip


def test_unit_mse_loss_errors_do_not_cancel():
    expect_close(
        mse_loss(Tensor([3.0, 1.0]), Tensor([2.0, 2.0])), 1.0, "mse_loss([3. 1.], [2. 2.])",
        "One too high and one too low is not right on average: square before you average.",
    )  # fmt: skip


def test_unit_mse_loss_squares():
    expect_losses(
        mse_loss(Tensor([3.0, 0.0]), Tensor([0.0, 0.5]), reduction="none"), [9.0, 0.25],
        "mse_loss([3. 0.], [0. 0.5], reduction='none')",
        "3 off costs 9, half off a quarter: no root, no half, no absolute value.",
    )  # fmt: skip


def test_unit_mse_loss_shape_trap():
    column, row = Tensor([[1.0], [2.0], [3.0]]), Tensor([1.0, 2.0, 3.0])
    why = (
        "The prediction is perfect. Broadcast to (3, 3) each would be compared with every target, "
        "and the loss be 1.33."
    )
    for given, target, shapes in (
        (column, row, ["(3, 1)", "(3,)"]),
        (row, column, ["(3,)", "(3, 1)"]),
    ):
        expect_raises(
            ValueError, lambda given=given, target=target: mse_loss(given, target),
            f"mse_loss of shapes {' and '.join(shapes)}", why, mentions=shapes,
        )  # fmt: skip
    expect_raises(
        ValueError, lambda: mse_loss(row, Tensor(2.0)), "mse_loss of shapes (3,) and ()",
        "One target for three predictions is more likely a mistake than a wish.",
        mentions=["(3,)", "()"],
    )  # fmt: skip


def test_unit_mse_loss_reductions():
    a = np.random.default_rng(0).normal(size=(2, 3, 4))
    b = np.random.default_rng(1).normal(size=(2, 3, 4))
    flat = [(p - q) * (p - q) for p, q in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True)]
    for word, expected in (
        ("mean", math.fsum(flat) / 24),
        ("sum", math.fsum(flat)),
        ("none", np.reshape(flat, (2, 3, 4))),
    ):
        expect_losses(
            mse_loss(Tensor(a.copy()), Tensor(b.copy()), reduction=word), expected,
            f"mse_loss of shapes (2, 3, 4), reduction={word!r}",
            "The squares go through reduce, with the word that was asked for.",
        )  # fmt: skip


def test_unit_mse_loss_dtype():
    for dtype in (np.float32, np.float64):
        expect_close(
            mse_loss(Tensor(np.array([1.0], dtype)), Tensor(np.array([3.0], dtype))), 4.0,
            f"mse_loss([1.], [3.]) in {dtype.__name__}", "The dtype stays.", dtype=dtype,
        )  # fmt: skip


def test_unit_mse_loss_leaves_input():
    a, b = Tensor([1.0, 4.0]), Tensor([1.0, 2.0])
    mse_loss(a, b)
    expect_unchanged(a, np.array([1.0, 4.0]), "mse_loss")
    expect_unchanged(b, np.array([1.0, 2.0]), "mse_loss")


# -- nll_loss -------------------------------------------------------------------------------------


def test_unit_nll_loss_example():
    log_probs = Tensor([[-0.5, -1.0], [-3.0, -0.1]])
    expect_losses(
        nll_loss(log_probs, Tensor([0, 1]), reduction="none"), [0.5, 0.1],
        "nll_loss([[-0.5 -1.] [-3. -0.1]], [0 1], reduction='none')",
        "Row 0 is asked for class 0, row 1 for class 1; of each, minus what stands there.",
    )  # fmt: skip


def test_unit_nll_loss_right_class():
    log_probs = -np.arange(12.0).reshape(4, 3)
    for target in ([0, 1, 2, 0], [2, 2, 2, 2], [1, 0, 0, 2]):
        expected = [3.0 * row + right for row, right in enumerate(target)]
        for kind in (np.int64, np.int32, np.uint8):
            expect_close(
                nll_loss(Tensor(log_probs), Tensor(np.array(target, kind)), reduction="none"),
                expected, f"nll_loss of 4 rows of 3, target {target} ({kind.__name__})",
                "Each row has a right class of its own; the other classes do not count.",
            )  # fmt: skip


def test_unit_nll_loss_reductions():
    log_probs = Tensor(np.log([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]]))
    for word, expected in (("mean", 2.0), ("sum", 4.0), ("none", [1.0, 3.0])):
        losses = nll_loss(log_probs, Tensor([0, 0]), reduction=word)
        expect_losses(
            losses.data / math.log(2), expected,
            f"nll_loss of the log of 1/2 and 1/8, {word!r}, in units of ln 2",
            "A right answer thought 1/8 likely costs 3 ln 2. The mean is over the 2 examples, not "
            "over 6 numbers.",
        )  # fmt: skip


def test_unit_nll_loss_mean_by_default():
    expect_losses(
        nll_loss(Tensor([[-1.0, -2.0], [-5.0, -3.0]]), Tensor([0, 1])), 2.0,
        "nll_loss([[-1. -2.] [-5. -3.]], [0 1])", "(1 + 3) / 2.",
    )  # fmt: skip


def test_unit_nll_loss_one_example():
    for word in ("mean", "sum", "none"):
        expect_close(
            nll_loss(Tensor([-1.0, -2.0, -3.0]), Tensor(1), reduction=word), 2.0,
            f"nll_loss([-1. -2. -3.], 1, reduction={word!r})",
            "One example may come without a batch axis, (C,) and a class of shape ().",
        )  # fmt: skip


def test_unit_nll_loss_one_example_other_words():
    expect_raises(
        ValueError,
        lambda: nll_loss(Tensor([-1.0, -2.0, -3.0]), Tensor(1), reduction="average"),
        "nll_loss([-1. -2. -3.], 1, reduction='average')",
        "The mean of one loss is that loss, but reduce is also what refuses a wrong word: it "
        "belongs on the way of one example, too.",
    )


def test_unit_nll_loss_no_examples():
    expect_close(
        nll_loss(Tensor(np.zeros((0, 3))), Tensor(np.zeros(0, int)), reduction="none"), np.zeros(0),
        "nll_loss of shape (0, 3), reduction='none'", "No examples, no losses, and no error.",
    )  # fmt: skip


def test_unit_nll_loss_classes_that_do_not_exist():
    log_probs = Tensor([[-0.5, -1.0], [-3.0, -0.1]])
    for wrong in (2, -1):
        expect_raises(
            IndexError, lambda wrong=wrong: nll_loss(log_probs, Tensor([0, wrong])),
            f"nll_loss of 2 classes, target [0 {wrong}]",
            "There are the classes 0 and 1. NumPy would take -1 for the last one, in silence.",
            mentions=[wrong],
        )  # fmt: skip


def test_unit_nll_loss_wrong_targets():
    log_probs = Tensor([[-0.5, -1.0], [-3.0, -0.1]])
    for target, shape in (([[0], [1]], "(2, 1)"), ([0, 1, 1], "(3,)"), (0, "()")):
        expect_raises(
            ValueError, lambda target=target: nll_loss(log_probs, Tensor(target)),
            f"nll_loss of shape (2, 2), target of shape {shape}",
            "One class for each row: the target has shape (2,).", mentions=["(2, 2)", shape],
        )  # fmt: skip
    expect_raises(
        TypeError, lambda: nll_loss(log_probs, Tensor([0.0, 1.0])), "nll_loss, target [0. 1.]",
        "A class is a whole number; a float cannot choose a column.", mentions=["float32"],
    )  # fmt: skip


# -- cross_entropy --------------------------------------------------------------------------------


def test_unit_cross_entropy_example():
    logits, target = Tensor([[0.0, 0.0], [0.0, 200.0]]), Tensor([0, 0])
    with np.errstate(all="ignore"):
        losses = cross_entropy(logits, target, reduction="none")
    expect_losses(
        losses, [math.log(2), 200.0],
        "cross_entropy([[0. 0.] [0. 200.]], [0 0], reduction='none')",
        "Row 0: probability 1/2, and -ln of that is 0.69. Row 1: probability exp(-200), too small "
        "to be written down; minus its logarithm is 200.",
        "One loss for each row: the log of the sum and the right score both have shape (2,). With "
        "(2,) and (2, 1) each row meets every other.",
    )  # fmt: skip


def test_unit_cross_entropy_by_hand():
    scores = Tensor([[0.0, math.log(2), math.log(5)]])
    for right, share in enumerate((8, 4, 1.6)):
        expect_close(
            cross_entropy(scores, Tensor([right])), math.log(share),
            f"cross_entropy([[0, ln 2, ln 5]], [{right}])",
            "The probabilities are 1/8, 2/8 and 5/8; the loss is minus the log of the right one.",
        )  # fmt: skip


def test_unit_cross_entropy_knows_nothing():
    for classes in (2, 10, 1000):
        expect_close(
            cross_entropy(Tensor(np.full((4, classes), 3.0)), Tensor([0, 1, 1, 0])),
            math.log(classes), f"cross_entropy of {classes} equal scores",
            f"Each class has probability 1/{classes}, so the loss is ln {classes}.",
        )  # fmt: skip


def test_unit_cross_entropy_rows():
    draw = np.random.default_rng(0)
    logits, target = draw.normal(0, 3, (5, 4)), draw.integers(0, 4, 5)
    found = surprises(logits, target)
    for word, expected in (
        ("mean", math.fsum(found) / 5),
        ("sum", math.fsum(found)),
        ("none", found),
    ):
        expect_losses(
            cross_entropy(Tensor(logits), Tensor(target), reduction=word), expected,
            f"cross_entropy of 5 rows of 4, reduction={word!r}",
            "Each row is an example: softmax along the classes, its right class, minus the log.",
        )  # fmt: skip


def test_unit_cross_entropy_only_differences_count():
    logits, target = np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([0, 1])
    expected = math.fsum(surprises(logits, target)) / 2
    for shift in (-50.0, 50.0):
        expect_close(
            cross_entropy(Tensor(logits + shift), Tensor(target)), expected,
            f"cross_entropy([[1. 2.] [3. 0.]] + {shift}, [0 1])",
            "What is taken off for the sum must come off the right score, too.",
        )  # fmt: skip


def test_unit_cross_entropy_large_scores():
    for dtype in (np.float32, np.float64):
        cases = [
            ([1000, 1000], math.log(2)),
            ([-1000, 0], 1000),
            ([0, -1000], 0),
            ([0, 1e30], 1e30),
        ]
        for row, expected in cases:
            what = f"cross_entropy([{np.array(row, float)}], [0]) in {dtype.__name__}"
            logits = Tensor(np.array([row], dtype))
            loss = quietly(
                lambda logits=logits: cross_entropy(logits, Tensor([0])), what,
                "Subtract the largest score of each row first, and never take the log of a "
                "probability that may have become 0.",
            )  # fmt: skip
            expect_close(loss, expected, what)


def test_unit_cross_entropy_rows_far_apart():
    with np.errstate(all="ignore"):
        losses = cross_entropy(
            Tensor([[0.0, 0.0], [1000.0, 1000.0]]), Tensor([0, 1]), reduction="none"
        )
    expect_close(
        losses, [math.log(2)] * 2, "cross_entropy([[0. 0.] [1000. 1000.]], [0 1], 'none')",
        "Each row needs its own maximum.",
    )  # fmt: skip


def test_unit_cross_entropy_one_example():
    expect_close(
        cross_entropy(Tensor([0.0, math.log(3)]), Tensor(1)), math.log(4 / 3),
        "cross_entropy([0, ln 3], 1)",
        "One example may come without a batch axis: the classes are the last axis.",
    )  # fmt: skip
    losses = cross_entropy(Tensor(np.zeros((0, 3))), Tensor(np.zeros(0, int)), reduction="none")
    expect_close(losses, np.zeros(0), "cross_entropy of shape (0, 3), reduction='none'")


def test_unit_cross_entropy_dtype():
    for dtype in (np.float32, np.float64):
        expect_close(
            cross_entropy(Tensor(np.zeros((2, 4), dtype)), Tensor([0, 3])), math.log(4),
            f"cross_entropy of {dtype.__name__} zeros", "The dtype of the logits stays.",
            dtype=dtype,
        )  # fmt: skip


def test_unit_cross_entropy_wrong_targets():
    logits = Tensor([[0.0, 1.0], [2.0, 3.0]])
    for target, error, named in (
        ([0, 2], IndexError, "2"),
        ([0, -1], IndexError, "-1"),
        ([[0], [1]], ValueError, "(2, 1)"),
        ([0.0, 1.0], TypeError, "float32"),
    ):
        expect_raises(
            error, lambda target=target: cross_entropy(logits, Tensor(target)),
            f"cross_entropy of shape (2, 2), target {target}",
            "The target holds one class for each row, 0 or 1.", mentions=[named],
        )  # fmt: skip


def test_unit_cross_entropy_leaves_input():
    logits, target = Tensor([[0.0, 2.0]]), Tensor([1])
    cross_entropy(logits, target)
    expect_unchanged(logits, np.array([[0.0, 2.0]]), "cross_entropy")
    expect_unchanged(target, np.array([1]), "cross_entropy")


# -- binary_cross_entropy_with_logits -------------------------------------------------------------


def test_unit_binary_cross_entropy_with_logits_example():
    logits, target = Tensor([2.0, 100.0]), Tensor([1.0, 0.0])
    with np.errstate(all="ignore"):
        losses = binary_cross_entropy_with_logits(logits, target, reduction="none")
    expect_losses(
        losses, [math.log(1 + math.exp(-2)), 100.0],
        "binary_cross_entropy_with_logits([2. 100.], [1. 0.], reduction='none')",
        "x = 2 says yes, and yes is right: that costs little, ln(1 + exp(-2)) = 0.13. x = 100 says "
        "yes, and no is right: that costs 100.",
    )  # fmt: skip


def test_unit_binary_cross_entropy_with_logits_by_hand():
    x = math.log(3)
    losses = binary_cross_entropy_with_logits(
        Tensor([x, x, -x, -x]), Tensor([1.0, 0.0, 1.0, 0.0]), reduction="none"
    )
    expect_close(
        losses, np.log([4 / 3, 4, 4, 4 / 3]),
        "the losses of the logits [ln 3, ln 3, -ln 3, -ln 3] for [1. 0. 1. 0.]",
        "sigmoid(ln 3) is 3/4: right costs ln(4/3), wrong ln 4. For -ln 3 it is 1/4.",
    )  # fmt: skip


def test_unit_binary_cross_entropy_with_logits_between_yes_and_no():
    for t in (0.0, 0.25, 0.5, 1.0):
        x = np.linspace(-5, 5, 11)
        s = [1 / (1 + math.exp(-v)) for v in x.tolist()]
        expected = [-t * math.log(p) - (1 - t) * math.log(1 - p) for p in s]
        expect_close(
            binary_cross_entropy_with_logits(Tensor(x), Tensor(np.full(11, t)), reduction="none"),
            expected, f"binary_cross_entropy_with_logits from -5 to 5, target {t}",
            "-t log(s) - (1 - t) log(1 - s) with s = sigmoid(x); a target may lie between 0 and 1.",
        )  # fmt: skip


def test_unit_binary_cross_entropy_with_logits_large_scores():
    cases = [(1000, 0, 1000), (-1000, 1, 1000), (1000, 1, 0), (-1000, 0, 0), (-1e30, 0.5, 5e29)]
    for dtype in (np.float32, np.float64):
        for x, t, expected in cases:
            what = f"binary_cross_entropy_with_logits([{x:g}], [{t}]) in {dtype.__name__}"
            loss = quietly(
                lambda x=x, t=t, dtype=dtype: binary_cross_entropy_with_logits(
                    Tensor(np.array([x], dtype)), Tensor(np.array([t], dtype))
                ),
                what,
                "max(x, 0) - x t + log(1 + exp(-|x|)): no exponent is positive, no log meets 0.",
            )
            expect_close(loss, expected, what)


def test_unit_binary_cross_entropy_with_logits_reductions():
    x, t = Tensor([[0.0, 0.0], [0.0, 0.0]]), Tensor([[1.0, 0.0], [0.0, 1.0]])
    for word, expected in (("mean", 1.0), ("sum", 4.0), ("none", np.ones((2, 2)))):
        expect_losses(
            binary_cross_entropy_with_logits(x, t, reduction=word).data / math.log(2), expected,
            f"binary_cross_entropy_with_logits of four zeros, {word!r}, in units of ln 2",
            "Four answers, each undecided: ln 2 each.",
        )  # fmt: skip


def test_unit_binary_cross_entropy_with_logits_shape_trap():
    column, row = Tensor([[1.0], [2.0], [3.0]]), Tensor([1.0, 0.0, 1.0])
    expect_raises(
        ValueError, lambda: binary_cross_entropy_with_logits(column, row),
        "binary_cross_entropy_with_logits of shapes (3, 1) and (3,)",
        "Broadcast to (3, 3), each answer would be compared with every target.",
        mentions=["(3, 1)", "(3,)"],
    )  # fmt: skip


def test_unit_binary_cross_entropy_with_logits_dtype():
    for given, wanted in ((np.float32, np.float32), (np.float64, np.float64)):
        expect_close(
            binary_cross_entropy_with_logits(Tensor(np.zeros(2, given)), Tensor([1, 0])),
            math.log(2), f"the loss of {given.__name__} zeros for whole-numbered targets [1 0]",
            "The dtype of the logits stays.", dtype=wanted,
        )  # fmt: skip


def test_unit_binary_cross_entropy_with_logits_leaves_input():
    x, t = Tensor([-2.0, 3.0]), Tensor([1.0, 0.0])
    binary_cross_entropy_with_logits(x, t)
    expect_unchanged(x, np.array([-2.0, 3.0]), "binary_cross_entropy_with_logits")
    expect_unchanged(t, np.array([1.0, 0.0]), "binary_cross_entropy_with_logits")


# -- the stage as a whole -------------------------------------------------------------------------


def test_module():
    """A network of stage 03 gets its loss, and one nudge against the slope makes it smaller."""
    manual_seed(0)
    model = Sequential(Linear(4, 8), ReLU(), Linear(8, 3))
    x, target = rand(6, 4), Tensor([0, 1, 2, 0, 1, 2])
    weight = model[0].weight.data

    def loss():
        return CrossEntropyLoss()(model(x), target)

    expect_true(
        abs(loss().item() - math.log(3)) < 0.3,
        f"a fresh network of 3 classes has loss {loss().item():.3f}",
        "It knows nothing yet, and that costs about ln 3 = 1.10.",
    )  # fmt: skip
    before, at = loss().item(), np.unravel_index(np.argmax(np.abs(weight)), weight.shape)
    slopes = []
    for step in (1e-2, -1e-2):
        weight[at] += step
        slopes.append((loss().item() - before) / step)
        weight[at] -= step
    slope = (slopes[0] + slopes[1]) / 2
    weight[at] -= 0.1 * slope
    expect_true(
        loss().item() < before, f"after a nudge against the slope the loss is {loss().item():.6f}, "
        f"before it was {before:.6f}", "Downhill is against the slope, and small steps go down.",
    )  # fmt: skip

    scores = model(x)
    expect_equal(loss().requires_grad, True, "requires_grad of a loss of parameters")
    picked = scores.data - np.log(np.exp(scores.data).sum(axis=1, keepdims=True))
    same = NLLLoss()(Tensor(picked), target)
    expect_close(
        same, loss(), "NLLLoss of the log-probabilities, against CrossEntropyLoss of the scores",
        "Cross-entropy is log_softmax and nll_loss in one.",
    )  # fmt: skip
    two = Tensor(np.stack([np.zeros(6), scores.data[:, 0]], axis=1))
    yes = Tensor([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
    expect_close(
        BCEWithLogitsLoss()(Tensor(two.data[:, 1]), yes), cross_entropy(two, yes.long()),
        "BCEWithLogitsLoss of x, against cross_entropy of [0, x]",
        "Two classes, of which only the difference counts, are one yes or no.",
    )  # fmt: skip
    expect_close(
        MSELoss(reduction="sum")(scores, scores + 1.0), 18.0, "MSELoss(reduction='sum'), all 1 off"
    )
