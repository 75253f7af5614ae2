"""Stage 02: activations."""

import math

import numpy as np
from tinytorch.activations import gelu, gelu_tanh, log_softmax, relu, sigmoid, softmax
from tinytorch.tensor import Tensor

from checker.expect import Mismatch, expect_close, expect_equal, expect_true, expect_unchanged


def quietly(call, what, why):
    """Call with an overflow or a 0 / 0 turned into a failure that names the call."""
    __tracebackhide__ = True
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return call()
    except FloatingPointError as error:
        raise Mismatch(f"{what}: {error}", why) from None


def reason(got, mistakes, otherwise):
    """Give what is to be said of exactly these wrong numbers, else what is true of all."""
    got = np.asarray(getattr(got, "data", got))
    for wrong, why in mistakes:
        if got.shape == np.shape(wrong) and np.allclose(got, wrong, rtol=1e-3, equal_nan=True):
            return why
    return otherwise


def cube(dtype=np.float32):
    """Give 24 different numbers from -3 to 3 in shape (2, 3, 4)."""
    return (
        np.random.default_rng(0).permutation(np.linspace(-3, 3, 24)).reshape(2, 3, 4).astype(dtype)
    )


def lines(x, dim):
    """Give the lines of `x` along `dim` as Python lists, and a way to put such lists back."""
    moved = np.moveaxis(np.asarray(x, np.float64), dim, -1)
    rows = moved.reshape(-1, moved.shape[-1]).tolist()
    return rows, lambda new: np.moveaxis(np.array(new).reshape(moved.shape), -1, dim)


# -- relu -----------------------------------------------------------------------------------------


def test_unit_relu_example():
    expect_close(
        relu(Tensor([-2.0, 0.0, 3.0])),
        [0.0, 0.0, 3.0],
        "relu of [-2. 0. 3.]",
        "What is positive stays as it is, everything else becomes 0.",
    )


def test_unit_relu_any_shape():
    for shape in [(), (0,), (3,), (2, 3), (2, 0, 3), (2, 3, 4)]:
        x = np.linspace(-1, 1, math.prod(shape)).reshape(shape).astype(np.float32)
        expected = np.array([max(v, 0.0) for v in x.ravel().tolist()]).reshape(shape)
        expect_close(
            relu(Tensor(x)), expected, f"relu of a tensor of shape {shape}",
            "It looks at each element alone: the shape stays, whatever it is.",
        )  # fmt: skip


def test_unit_relu_dtype():
    wide = "float64 doubles the memory of a network: float32 comes out as float32."
    narrow = "Whoever gives float64 wants its digits: float64 comes out as float64."
    whole = "Whole numbers stay whole numbers. A 0.0 makes floats of them, a 0 does not."
    for dtype, why in [(np.float32, wide), (np.float64, narrow), (np.int64, whole)]:
        expect_close(
            relu(Tensor(np.array([-1, 2], dtype))), [0, 2], f"relu of {dtype.__name__} [-1 2]",
            why, dtype=dtype,
        )  # fmt: skip


def test_unit_relu_infinities():
    x = Tensor([-math.inf, math.inf])
    expect_close(
        relu(x), [0.0, math.inf], "relu of [-inf inf]",
        "-inf is not positive, so it becomes 0. A product does not do it: -inf * 0 is nan.",
    )  # fmt: skip


def test_unit_relu_nan():
    expect_close(
        relu(Tensor([math.nan, 1.0])), [math.nan, 1.0], "relu of [nan 1.]",
        "nan says that something went wrong before. Turned into 0 here, nobody would notice. "
        "nan > 0 is False, and nan < 0 is False too.",
    )  # fmt: skip


def test_unit_relu_leaves_input():
    x = Tensor([-2.0, 3.0])
    relu(x)
    expect_unchanged(x, np.array([-2.0, 3.0]), "relu")


# -- sigmoid --------------------------------------------------------------------------------------


def test_unit_sigmoid_example():
    with np.errstate(all="ignore"):
        y = sigmoid(Tensor([-1000.0, 0.0, 1000.0]))
    nan = "exp(1000) is inf, and inf / inf is nan. Above 0 the other form is safe."
    why = reason(
        y,
        [
            ([0, 0.5, math.nan], nan),
            ([1, 0.5, 0], "The curve falls, and should rise: a sign in an exponent is turned."),
            ([1, 0.5, 1], "-1000 is treated as 1000: above 0 the numerator is 1, below not."),
        ],
        "Far below 0 it is 0, at 0 it is a half, far above it is 1.",
    )  # fmt: skip
    expect_close(y, [0.0, 0.5, 1.0], "sigmoid of [-1000. 0. 1000.]", why)


def test_unit_sigmoid_by_hand():
    x = [-math.log(3), math.log(4)]
    expect_close(
        sigmoid(Tensor(x)), [0.25, 0.8], "sigmoid of [-ln 3, ln 4]",
        "1 / (1 + exp(ln 3)) is 1 / (1 + 3), and 1 / (1 + exp(-ln 4)) is 1 / (1 + 1/4).",
    )  # fmt: skip


def test_unit_sigmoid_two_sides():
    x = np.linspace(0, 30, 61)
    expect_close(
        sigmoid(Tensor(x)).data + sigmoid(Tensor(-x)).data, np.ones(61), "sigmoid(x) + sigmoid(-x)",
        "Yes at x and no at -x are the same answer: the two add up to 1 for every x.",
        rtol=1e-12,
    )  # fmt: skip


def test_unit_sigmoid_far_below():
    for dtype, at in ((np.float32, -80.0), (np.float64, -700.0)):
        y = sigmoid(Tensor(np.array([at, at], dtype)))
        ratio = np.asarray(y.data, np.float64) / math.exp(at)
        expect_close(
            ratio, [1.0, 1.0], f"sigmoid({at}) / exp({at}) in {dtype.__name__}",
            f"Down there sigmoid(x) is exp(x), {math.exp(at):.2g}: small, and not 0. "
            "A clip, or 1 minus a number near 1, loses that, and the log with it.",
        )  # fmt: skip


def test_unit_sigmoid_no_overflow():
    for dtype in (np.float32, np.float64):
        largest = np.finfo(dtype).max
        for x in (-100.0, -1000.0, 1000.0, -largest, largest):
            y = quietly(
                lambda x=x, dtype=dtype: sigmoid(Tensor(np.array([x], dtype))),
                f"sigmoid of [{x:.4g}] in {dtype.__name__}",
                "exp of a large positive number is too large for a float. Both exponents can be "
                "kept at or below 0. np.where does not help: it computes both of its sides.",
            )
            expect_close(y, [0.0 if x < 0 else 1.0], f"sigmoid of [{x:.4g}] in {dtype.__name__}")


def test_unit_sigmoid_dtype():
    kept, made = "float32 and float64 stay what they are.", "Whole numbers give float32."
    cases = [(np.float32,) * 2 + (kept,), (np.float64,) * 2 + (kept,), (np.int64, np.float32, made)]
    for given, wanted, why in cases:
        expect_close(
            sigmoid(Tensor(np.array([0, 1], given))), [0.5, 1 / (1 + math.exp(-1))],
            f"sigmoid of {given.__name__} [0 1]",
            why, dtype=wanted,
        )  # fmt: skip


def test_unit_sigmoid_any_shape():
    for shape in [(), (0,), (2, 3), (2, 3, 4)]:
        x = np.linspace(-4, 4, math.prod(shape)).reshape(shape)
        flat = [1 / (1 + math.exp(-v)) for v in x.ravel().tolist()]
        expect_close(
            sigmoid(Tensor(x)), np.array(flat).reshape(shape), f"sigmoid of shape {shape}",
            "It looks at each element alone.",
        )  # fmt: skip


def test_unit_sigmoid_leaves_input():
    x = Tensor([-2.0, 3.0])
    sigmoid(x)
    expect_unchanged(x, np.array([-2.0, 3.0]), "sigmoid")


# -- softmax --------------------------------------------------------------------------------------


def test_unit_softmax_example():
    with np.errstate(all="ignore"):
        y = softmax(Tensor([1000.0, 1000.0]), dim=0)
    nan = "exp(1000) is inf, and inf / inf is nan: subtract the largest score first."
    why = reason(y, [([math.nan] * 2, nan)], "Equal scores share equally.")
    expect_close(y, [0.5, 0.5], "softmax of [1000. 1000.]", why)


def test_unit_softmax_by_hand():
    x = Tensor([0.0, math.log(2), math.log(3)])
    expect_close(
        softmax(x, dim=0), [1 / 6, 2 / 6, 3 / 6], "softmax of [0, ln 2, ln 3]",
        "exp gives 1, 2 and 3; together they are 6, and each takes its share.",
    )  # fmt: skip


def test_unit_softmax_only_differences_count():
    x = [1.0, 2.0, 4.0]
    total = sum(math.exp(v) for v in x)
    for shift in (0.0, -50.0, 50.0):
        expect_close(
            softmax(Tensor(np.array(x) + shift), dim=0), [math.exp(v) / total for v in x],
            f"softmax of [1. 2. 4.] + {shift}",
            "A constant added to all scores multiplies every exp by the same factor, and that "
            "cancels.",
        )  # fmt: skip


KEEPDIMS = (
    "The sums have lost their axis and lie along the wrong one; a square hides it. With "
    "keepdims=True a sum stays where its line is."
)
BOTH = (
    "Maximum and sum have lost their axis and lie along the wrong one; a square hides it. Both "
    "need keepdims=True to stay where their line is."
)
UNKEPT = [[1 / 2, 3 / 28], [9 / 2, 1 / 28]]  # what comes out without keepdims for both
SHIFT = (
    "The probabilities of a line add up to 1, but a wrong number was subtracted within it: "
    "keepdims=True keeps each maximum where its line is."
)


def test_unit_softmax_square():
    x, what = [[0.0, math.log(3)], [math.log(9), 0.0]], "softmax of [[0, ln 3], [ln 9, 0]]"
    rows, columns = [[0.25, 0.75], [0.9, 0.1]], [[0.1, 0.75], [0.9, 0.25]]
    ignored = "This is the result along the other axis: is dim used?"
    all_ = "All four together add up to 1. Each line along dim should: sum along dim."
    every = [[3 / 22, 9 / 22], [9 / 22, 1 / 22]]
    plain = [[1 / 14, 3 / 14], [9 / 14, 1 / 14]]
    y = softmax(Tensor(x), dim=1)
    known = [
        (columns, ignored), (np.transpose(rows), KEEPDIMS), (UNKEPT, BOTH), (every, all_),
        (plain, all_),
    ]  # fmt: skip
    own = np.allclose(np.asarray(y.data).sum(-1), 1)
    why = reason(y, known, SHIFT if own else "With dim=1 each row adds up to 1.")
    expect_close(y, rows, f"{what}, dim=1", why)
    y = softmax(Tensor(x), dim=0)
    why = reason(y, [(rows, ignored)], "With dim=0 each column adds up to 1.")
    expect_close(y, columns, f"{what}, dim=0", why)


def test_unit_softmax_each_dim():
    x = cube()
    for dim in (0, 1, 2, -1, -2):
        rows, back = lines(x, dim)
        expected = []
        for row in rows:
            powers = [math.exp(v) for v in row]
            expected.append([p / math.fsum(powers) for p in powers])
        expect_close(
            softmax(Tensor(x), dim=dim), back(expected), f"softmax of shape (2, 3, 4), dim={dim}",
            f"Along axis {dim} each line adds up to 1, and lines know nothing of each other.",
        )  # fmt: skip


def test_unit_softmax_rows_far_apart():
    with np.errstate(all="ignore"):
        y = softmax(Tensor([[0.0, 0.0], [1000.0, 1000.0]]), dim=1)
    expect_close(
        y, np.full((2, 2), 0.5), "softmax of [[0. 0.] [1000. 1000.]], dim=1",
        "Each row needs its own maximum: 0 - 1000 would make every exp of the first row 0, and "
        "0 / 0 is nan.",
    )  # fmt: skip


def test_unit_softmax_large_scores():
    for dtype in (np.float32, np.float64):
        cases = [([0, 1000], [0, 1]), ([-1000, 0], [0, 1]), ([-1e30, -1e30], [0.5, 0.5])]
        for x, expected in [*cases, ([1e30, -1e30, 1e30], [0.5, 0, 0.5])]:
            what = f"softmax of {x} in {dtype.__name__}"
            y = quietly(
                lambda x=x, dtype=dtype: softmax(Tensor(np.array(x, dtype)), dim=0), what,
                "No exponent may be positive. The largest score becomes 0, the others negative.",
            )  # fmt: skip
            expect_close(y, expected, what)


def test_unit_softmax_dtype():
    for dtype in (np.float32, np.float64):
        expect_close(
            softmax(Tensor(np.zeros(2, dtype)), dim=0), [0.5, 0.5],
            f"softmax of {dtype.__name__} [0 0]",
            "float32 and float64 both stay what they are.", dtype=dtype,
        )  # fmt: skip


def test_unit_softmax_one_and_none():
    expect_close(
        softmax(Tensor(7.0), dim=0), 1.0, "softmax of 7.0, a tensor of shape ()",
        "One score takes everything.",
    )  # fmt: skip
    expect_close(
        softmax(Tensor(np.zeros((0, 3), np.float32)), dim=1), np.zeros((0, 3)),
        "softmax of shape (0, 3), dim=1", "A batch of no examples gives no rows, and no error.",
    )  # fmt: skip


def test_unit_softmax_leaves_input():
    x = Tensor([1.0, 3.0])
    softmax(x, dim=0)
    expect_unchanged(x, np.array([1.0, 3.0]), "softmax")


# -- log_softmax ----------------------------------------------------------------------------------


def test_unit_log_softmax_example():
    with np.errstate(all="ignore"):
        y = log_softmax(Tensor([0.0, 200.0]), dim=0)
    log = (
        "The first probability is exp(-200). float32 cannot hold it, but it can hold its "
        "logarithm, -200: do not take the log of a finished softmax."
    )
    small = "A small number added before the log makes every small probability look the same."
    infinite = "exp(200) is inf in float32: the largest score has to come off before exp."
    once = "The largest score, 200, came off inside the log only: subtract from the shifted scores."
    why = reason(
        y,
        [
            ([-math.inf, 0], log), ([-math.inf, -math.inf], infinite), ([0, 200], once),
            ([-27.631, 0], small), ([-23.026, 0], small), ([-18.421, 0], small),
        ],
        "Shifted scores -200 and 0, minus the log of the sum of their exp, log(exp(-200) + 1) = 0.",
    )  # fmt: skip
    expect_close(y, [-200.0, 0.0], "log_softmax of [0. 200.]", why)


def test_unit_log_softmax_by_hand():
    x = Tensor([0.0, math.log(2), math.log(3)])
    expect_close(
        log_softmax(x, dim=0), [math.log(1 / 6), math.log(2 / 6), math.log(3 / 6)],
        "log_softmax of [0, ln 2, ln 3]",
        "The probabilities are 1/6, 2/6 and 3/6; log_softmax is x - ln 6, with the natural log.",
    )  # fmt: skip


def test_unit_log_softmax_square():
    x = [[0.0, math.log(3)], [math.log(9), 0.0]]
    rows, columns = np.log([[0.25, 0.75], [0.9, 0.1]]), np.log([[0.1, 0.75], [0.9, 0.25]])
    ignored = "This is the result along the other axis: is dim used?"
    all_ = "One total was taken of all four numbers. Each line along dim has its own."
    every = np.log([[3 / 22, 9 / 22], [9 / 22, 1 / 22]])
    what = "log_softmax of [[0, ln 3], [ln 9, 0]]"
    y = log_softmax(Tensor(x), dim=1)
    known = [
        (columns, ignored), (rows.T, KEEPDIMS), (np.log(UNKEPT), BOTH), (every, all_),
        (np.array(x) - np.log(14), all_),
    ]  # fmt: skip
    own = np.allclose(np.exp(np.asarray(y.data)).sum(-1), 1)
    why = reason(y, known, SHIFT if own else "Each row has one total of its own.")
    expect_close(y, rows, f"{what}, dim=1", why)
    y = log_softmax(Tensor(x), dim=0)
    why = reason(y, [(rows, ignored)], "Each column has one total of its own.")
    expect_close(y, columns, f"{what}, dim=0", why)


def test_unit_log_softmax_each_dim():
    x = cube()
    for dim in (0, 1, 2, -1, -2):
        rows, back = lines(x, dim)
        expected = []
        for row in rows:
            total = math.log(math.fsum(math.exp(v) for v in row))
            expected.append([v - total for v in row])
        expect_close(
            log_softmax(Tensor(x), dim=dim), back(expected),
            f"log_softmax of shape (2, 3, 4), dim={dim}",
            f"Each line along axis {dim} has one total of its own.",
        )  # fmt: skip


def test_unit_log_softmax_nearly_sure():
    y = log_softmax(Tensor(np.array([40.0, 0.0])), dim=0)
    expect_close(
        y.data[1:], [-40.0], "the second number of log_softmax of [40. 0.] in float64",
        "Minus the gap, as long as the first has nearly all of the probability.",
    )  # fmt: skip
    y = log_softmax(Tensor([20.0, 0.0]), dim=0)
    expect_true(
        -3e-9 < y.data[0] <= 0, f"the first number of log_softmax of [20. 0.] is {y.data[0]}",
        "It is -log(1 + exp(-20)) = -2e-9; a logarithm of a probability is never positive.",
    )  # fmt: skip


def test_unit_log_softmax_large_scores():
    for dtype in (np.float32, np.float64):
        cases = [
            ([1000, 1000], [-math.log(2)] * 2),
            ([-1e4, 0], [-1e4, 0]),
            ([1e30, 0], [0, -1e30]),
        ]
        for x, expected in cases:
            what = f"log_softmax of {x} in {dtype.__name__}"
            y = quietly(
                lambda x=x, dtype=dtype: log_softmax(Tensor(np.array(x, dtype)), dim=0), what,
                "No exponent may be positive, and no log may be taken of 0: the sum always holds "
                "exp(0) = 1, from the largest score.",
            )  # fmt: skip
            expect_close(y, expected, what)


def test_unit_log_softmax_rows_far_apart():
    with np.errstate(all="ignore"):
        y = log_softmax(Tensor([[0.0, 0.0], [1000.0, 1000.0]]), dim=1)
    expect_close(
        y, np.full((2, 2), -math.log(2)), "log_softmax of [[0. 0.] [1000. 1000.]], dim=1",
        "Each row needs its own maximum; with one for all, every exp of the first row is 0.",
    )  # fmt: skip


def test_unit_log_softmax_dtype():
    for dtype in (np.float32, np.float64):
        expect_close(
            log_softmax(Tensor(np.zeros(2, dtype)), dim=0), [-math.log(2)] * 2,
            f"log_softmax of {dtype.__name__} [0 0]",
            "float32 and float64 both stay what they are.", dtype=dtype,
        )  # fmt: skip


def test_unit_log_softmax_one_and_none():
    expect_close(
        log_softmax(Tensor(7.0), dim=0), 0.0, "log_softmax of 7.0, a tensor of shape ()",
        "One score has probability 1, and log 1 is 0.",
    )  # fmt: skip
    expect_close(
        log_softmax(Tensor(np.zeros((0, 3), np.float32)), dim=1), np.zeros((0, 3)),
        "log_softmax of shape (0, 3), dim=1", "A batch of no examples gives no rows, and no error.",
    )  # fmt: skip


def test_unit_log_softmax_leaves_input():
    x = Tensor([1.0, 3.0])
    log_softmax(x, dim=0)
    expect_unchanged(x, np.array([1.0, 3.0]), "log_softmax")


# -- gelu_tanh ------------------------------------------------------------------------------------


def test_unit_gelu_tanh_example():
    y = gelu_tanh(np.array([-1.0, 0.0, 1.0]))
    why = reason(
        y,
        [
            ([-0.3176, 0, 1.6824], "Twice as much: the half in front of x is missing."),
            ([-0.1788, 0, 0.8412], "Right at 1, wrong at -1: x is cubed, (-1)^3 = -1."),
            ([-0.2808, 0, 0.7192], "The root is of 2 / pi, not of 2 alone."),
            ([-0.1542, 0, 0.8458], "This is x sigmoid(1.702 x), another stand-in, and coarser."),
        ],
        "x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): 84 % of 1 stays, of -1 the 16 %.",
    )  # fmt: skip
    expect_close(y, [-0.1588, 0.0, 0.8412], "gelu_tanh of [-1. 0. 1.]", why, rtol=0, atol=6e-5)


def test_unit_gelu_tanh_formula():
    x = np.linspace(-5, 5, 41)
    slope = math.sqrt(2 / math.pi)
    exact = [v / 2 * (1 + math.tanh(slope * (v + 0.044715 * v**3))) for v in x.tolist()]
    expect_close(
        gelu_tanh(x), exact, "gelu_tanh from -5 to 5",
        "x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), with the cube inside the tanh.", rtol=1e-9,
    )  # fmt: skip


def test_unit_gelu_tanh_near_the_exact_form():
    x = np.linspace(-6, 6, 121)
    exact = [v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x.tolist()]
    expect_close(
        gelu_tanh(x), exact, "gelu_tanh from -6 to 6, against x times the normal distribution",
        "The tanh form is within 0.0005 of it everywhere.", rtol=0, atol=5e-4,
    )  # fmt: skip


def test_unit_gelu_tanh_far_out():
    expect_close(
        gelu_tanh(np.array([-1000.0, 1000.0])), [0.0, 1000.0], "gelu_tanh of [-1000. 1000.]",
        "Far above 0 everything stays, far below nothing.",
    )  # fmt: skip


def test_unit_gelu_tanh_dtype():
    for dtype in (np.float32, np.float64):
        what, why = "gelu_tanh of {} [1. 2.]", (
            "np.sqrt(2 / np.pi) is a NumPy float64 and makes float64 of a float32 array; a plain "
            "Python number, such as (2 / np.pi) ** 0.5, does not."
        )  # fmt: skip
        x = np.array([1.0, 2.0], dtype)
        expected = [0.841192, 1.954598]
        expect_close(gelu_tanh(x.copy()), expected, what.format(dtype.__name__), why, dtype=dtype)
        y = gelu(Tensor(x), approximate="tanh")
        what = f"gelu of {dtype.__name__} [1. 2.], approximate='tanh'"
        expect_close(y, expected, what, why, dtype=dtype)


def test_unit_gelu_tanh_any_shape():
    for shape in [(), (0,), (2, 3)]:
        x = np.full(shape, 1.0)
        expect_close(
            gelu_tanh(x), np.full(shape, 0.841192), f"gelu_tanh of ones of shape {shape}",
            "It looks at each element alone.",
        )  # fmt: skip


def test_unit_gelu_tanh_leaves_input():
    x = np.array([-1.0, 2.0])
    gelu_tanh(x)
    expect_unchanged(x, np.array([-1.0, 2.0]), "gelu_tanh")


# -- the stage as a whole -------------------------------------------------------------------------


def test_module():
    """XOR by hand-set weights, then its scores as probabilities."""
    corners = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    first, bias = Tensor([[1.0, 1.0], [1.0, 1.0]]), Tensor([0.0, -1.0])
    second = Tensor([[1.0], [-2.0]])
    xor = relu(corners @ first + bias) @ second
    expect_close(
        xor, [[0.0], [1.0], [1.0], [0.0]], "XOR of the four corners, by two relu units",
        "relu(a + b) - 2 relu(a + b - 1) is 0, 1, 1, 0: no network without a bend can do that.",
    )  # fmt: skip
    yes = sigmoid(xor * 20.0 - 10.0)
    scores = Tensor(np.concatenate([np.zeros((4, 1)), xor.data * 20.0 - 10.0], axis=1))
    expect_close(
        softmax(scores, dim=1)[:, 1], yes.data[:, 0], "softmax of [0, score], second column",
        "For two classes softmax is the sigmoid of the difference of the scores.",
    )  # fmt: skip
    expect_close(
        log_softmax(scores, dim=1).exp(), softmax(scores, dim=1), "exp of log_softmax",
        "It is the logarithm of softmax.",
    )  # fmt: skip
    smooth = gelu(corners @ first + bias, approximate="tanh") @ second
    expect_true(
        bool((np.abs(smooth.data - xor.data) < 0.7).all()),
        f"with gelu the four answers are {np.round(smooth.data.ravel(), 2)}",
        "gelu is a relu with a round corner; it stays near it.",
    )
    weight = Tensor([[1.0, -1.0]], requires_grad=True)
    expect_equal(
        relu(weight).requires_grad, True, "relu(x).requires_grad where x requires a gradient",
        "An operation hands it on; without the @Op above the function nothing is remembered.",
    )  # fmt: skip
