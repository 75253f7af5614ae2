"""Tests of what is given in stage 05, for whoever has rewritten it."""

import math
import threading

import numpy as np
from tinytorch import autograd
from tinytorch.activations import gelu, log_softmax, tanh
from tinytorch.autograd import (
    MissingGradient,
    as_gradient,
    backward,
    contributions,
    detect_anomaly,
    draw,
    enable_grad,
    first_gradient,
    fitted,
    gradcheck,
    gradient,
    is_grad_enabled,
    no_grad,
    picks_once,
    rule_for,
    set_grad_enabled,
)
from tinytorch.losses import binary_cross_entropy_with_logits
from tinytorch.op import Op
from tinytorch.tensor import (
    Tensor,
    absolute,
    amax,
    amin,
    cast,
    clamp,
    div,
    exp,
    log,
    masked_fill,
    matmul,
    mul,
    neg,
    power,
    sqrt,
    sub,
    tril,
)

from checker.expect import expect_close, expect_equal, expect_raises, expect_true, expect_unchanged


def numbers(*shape, seed=0):
    """Draw an array of float64 between 0.5 and 2, of either sign."""
    draws = np.random.default_rng([seed, *shape])
    return np.asarray(draws.uniform(0.5, 2.0, shape) * draws.choice([-1.0, 1.0], shape))


def leaf(data):
    return Tensor(data, requires_grad=True)


def slopes(loss, x, eps=1e-6):
    """Measure by central differences how `loss` answers to each element of x."""
    found = np.zeros(np.shape(x))
    for at in np.ndindex(found.shape):
        up, down = np.array(x), np.array(x)
        up[at] += eps
        down[at] -= eps
        found[at] = (loss(up) - loss(down)) / (2 * eps)
    return found


def expect_rule(rule, operation, at, *inputs, why="", **params):
    """Compare a rule with central differences, its g being random numbers; inputs are float64."""
    __tracebackhide__ = True
    out = np.asarray(operation.forward(*inputs, **params))
    g = numbers(*out.shape, seed=5)

    def weighed(x):
        changed = operation.forward(*inputs[:at], x, *inputs[at + 1 :], **params)
        return float(np.sum(g * changed))

    expected = slopes(weighed, inputs[at])
    given = (g, out, *inputs)
    before = [np.array(value) for value in given]
    shapes = ", ".join(str(np.shape(value)) for value in inputs)
    what = f"{rule.__name__} for inputs {shapes}, {params}"
    share = rule(*given, **params)
    for value, was in zip(given, before, strict=True):
        expect_unchanged(np.array(value), was, what)
    expect_close(share, expected, what, why, rtol=1e-5, atol=1e-7)


def expect_share(rule, expected, what, *given, why="", **params):
    """Compare a rule with known numbers, where differences cannot tell."""
    __tracebackhide__ = True
    with np.errstate(all="ignore"):
        expect_close(rule(*map(np.asarray, given), **params), expected, what, why)


SHAPES = [(), (4,), (2, 3), (0,)]


# -- rules: arithmetic ----------------------------------------------------------------------------


def test_extra_sub_a_differences():
    for shape in SHAPES:
        expect_rule(autograd.sub_a, sub, 0, numbers(*shape), numbers(*shape, seed=1))
    expect_rule(autograd.sub_a, sub, 0, numbers(3), 2.0)


def test_extra_sub_b_differences():
    for shape in SHAPES:
        expect_rule(autograd.sub_b, sub, 1, numbers(*shape), numbers(*shape, seed=1))
    expect_rule(autograd.sub_b, sub, 1, 2.0, numbers(3))


def test_extra_div_a_differences():
    for shape in SHAPES:
        expect_rule(autograd.div_a, div, 0, numbers(*shape), numbers(*shape, seed=1))
    expect_rule(autograd.div_a, div, 0, numbers(3), -2.0)


def test_extra_div_b_differences():
    for shape in SHAPES:
        expect_rule(autograd.div_b, div, 1, numbers(*shape), numbers(*shape, seed=1))
    expect_rule(autograd.div_b, div, 1, -2.0, numbers(3))


def test_extra_power_exponent_differences():
    for shape in SHAPES:
        x, exponent = np.abs(numbers(*shape)), numbers(*shape, seed=1)
        expect_rule(autograd.power_exponent, power, 1, x, exponent)
    expect_rule(autograd.power_exponent, power, 1, 2.0, numbers(3))


def test_extra_power_exponent_at_zero_and_below():
    x = np.array([0.0, 0.0, 0.0, -2.0])
    exponent = np.array([2.0, 0.5, 0.0, 2.0])
    with np.errstate(all="ignore"):
        out = power.forward(x, exponent)
    expect_share(
        autograd.power_exponent, [0.0, 0.0, 0.0, np.nan],
        "power_exponent at x = [0 0 0 -2], exponents [2 0.5 0 2]", np.ones(4), out, x, exponent,
        why="0 to any small power more is 0; a negative base has no logarithm.",
    )  # fmt: skip


def test_extra_neg_x_differences():
    for shape in SHAPES:
        expect_rule(autograd.neg_x, neg, 0, numbers(*shape))


def test_extra_exp_x_differences():
    for shape in SHAPES:
        expect_rule(autograd.exp_x, exp, 0, numbers(*shape))


def test_extra_log_x_differences():
    for shape in SHAPES:
        expect_rule(autograd.log_x, log, 0, np.abs(numbers(*shape)))


def test_extra_sqrt_x_differences():
    for shape in SHAPES:
        expect_rule(autograd.sqrt_x, sqrt, 0, np.abs(numbers(*shape)))
    expect_share(autograd.sqrt_x, [np.inf], "sqrt_x at 0", [1.0], [0.0], [0.0])


def test_extra_absolute_x_differences():
    for shape in SHAPES:
        expect_rule(autograd.absolute_x, absolute, 0, numbers(*shape))
    expect_share(
        autograd.absolute_x, [0.0], "absolute_x at 0", [5.0], [0.0], [0.0],
        why="The two sides say -1 and 1; PyTorch takes the middle.",
    )  # fmt: skip


def test_extra_clamp_x_differences():
    for bounds in ({"min": -1.0, "max": 1.0}, {"min": 0.9}, {"max": -0.9}, {"min": 1, "max": None}):
        for shape in SHAPES:
            expect_rule(autograd.clamp_x, clamp, 0, numbers(*shape), **bounds)


def test_extra_clamp_x_on_the_bounds():
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    expect_share(
        autograd.clamp_x, [0.0, 5.0, 5.0, 5.0, 0.0], "clamp_x of [-2 -1 0 1 2] to [-1, 1], g = 5",
        np.full(5, 5.0), x.clip(-1, 1), x, min=-1.0, max=1.0, why="The bounds belong to it.",
    )  # fmt: skip


# -- rules: shapes and reductions -----------------------------------------------------------------


def extremes(rule, operation):
    """Compare amax's or amin's rule over axes, and where several elements are the extreme."""
    x = np.random.default_rng(0).permutation(24).reshape(2, 3, 4) / 4.0
    for dim in (None, 0, 1, -1, (0, 2), (-1, 0)):
        for keepdim in (False, True):
            expect_rule(rule, operation, 0, x, dim=dim, keepdim=keepdim)
    expect_rule(rule, operation, 0, numbers())
    ties = np.array([[1.0, 1.0, 1.0, 1.0], [3.0, 3.0, 3.0, 3.0]])
    expect_share(
        rule, [[1.5] * 4, [0.5] * 4], f"{rule.__name__} of rows of four equal numbers",
        [6.0, 2.0], ties[:, 0], ties, dim=1, why="Equals share what arrives, as in PyTorch.",
    )  # fmt: skip
    expect_share(
        rule,
        [[3.0, 3.0]],
        f"{rule.__name__} of two equal numbers, over all",
        6.0,
        2.0,
        [[2.0, 2.0]],
    )


def test_extra_amax_x_differences():
    extremes(autograd.amax_x, amax)


def test_extra_amin_x_differences():
    extremes(autograd.amin_x, amin)


def test_extra_expand_x_on_the_way_back():
    for shape, wide in [((3,), (4, 3)), ((4, 1), (4, 3)), ((), (2, 2)), ((1, 3), (0, 3))]:
        x = leaf(numbers(*shape))
        g = numbers(*wide, seed=1)
        backward(x.expand(wide), g)
        expected = slopes(lambda a, g=g: float(np.sum(g * a)), x.data)
        expect_close(x.grad, expected, f"x.grad of x.expand{wide}, x {shape}")
    g = numbers(2, 3)
    expect_close(autograd.expand_x(g, g, g[0], shape=(2, 3)), g, "expand_x")


def test_extra_masked_fill_x_differences():
    mask = np.array([[True, False, False], [True, True, False]])
    expect_rule(autograd.masked_fill_x, masked_fill, 0, numbers(2, 3), mask, value=-7.0)
    expect_rule(autograd.masked_fill_x, masked_fill, 0, numbers(2, 3), mask[0], value=0.0)
    x = leaf(numbers(3))
    backward(masked_fill(x, Tensor(mask), value=1.0), np.ones((2, 3)))
    expect_close(x.grad, [0.0, 1.0, 2.0], "x.grad where x (3,) was broadcast to the mask (2, 3)")


def test_extra_tril_x_differences():
    for diagonal in (-1, 0, 1):
        expect_rule(autograd.tril_x, tril, 0, numbers(3, 3), diagonal=diagonal)
        expect_rule(autograd.tril_x, tril, 0, numbers(2, 3, 4), diagonal=diagonal)
    expect_rule(autograd.tril_x, tril, 0, numbers(3, 3))


def test_extra_cast_x_dtype():
    expect_rule(autograd.cast_x, cast, 0, numbers(3), dtype=np.dtype(np.float64))
    for here, there in ((np.float32, np.float64), (np.float64, np.float32)):
        x = leaf(np.array([1.0, 2.0], here))
        backward((x.to(there) * 3.0).sum())
        expect_close(
            x.grad, [3.0, 3.0], f"x.grad where x was converted to {there.__name__}", dtype=here
        )


# -- rules: activations and losses ----------------------------------------------------------------


def test_extra_tanh_x_differences():
    for shape in SHAPES:
        expect_rule(autograd.tanh_x, tanh, 0, numbers(*shape))


def test_extra_gelu_x_differences():
    for form in ("none", "tanh"):
        for shape in SHAPES:
            expect_rule(autograd.gelu_x, gelu, 0, 2 * numbers(*shape), approximate=form)
        expect_share(
            autograd.gelu_x, [0.0, 0.0, 0.5, 1.0, 1.0],
            f"gelu_x, approximate={form!r}, far out and at 0", np.ones(5), np.zeros(5),
            [-1e30, -50.0, 0.0, 50.0, 1e30], approximate=form,
            why="Flat on the left, 1 on the right, and no nan in between.",
        )  # fmt: skip


def test_extra_log_softmax_x_differences():
    for shape, dim in [((4,), 0), ((3, 3), 0), ((3, 3), -1), ((2, 3, 4), 1), ((0, 3), 1)]:
        expect_rule(autograd.log_softmax_x, log_softmax, 0, numbers(*shape), dim=dim)


def yes_or_no(rule, at):
    logits = 3 * numbers(2, 3)
    target = np.array([[0.0, 1.0, 0.3], [1.0, 0.0, 0.9]])
    for reduction in ("mean", "sum", "none"):
        expect_rule(rule, binary_cross_entropy_with_logits, at, logits, target, reduction=reduction)
    expect_rule(rule, binary_cross_entropy_with_logits, at, logits, target)


def test_extra_binary_cross_entropy_with_logits_logits_differences():
    yes_or_no(autograd.binary_cross_entropy_with_logits_logits, 0)
    expect_share(
        autograd.binary_cross_entropy_with_logits_logits, [-1.0, 1.0],
        "the share of the logits -1000 and 1000, both wrong", [1.0, 1.0], [1e3, 1e3],
        [-1000.0, 1000.0], [1.0, 0.0], reduction="none",
    )  # fmt: skip


def test_extra_binary_cross_entropy_with_logits_target_differences():
    yes_or_no(autograd.binary_cross_entropy_with_logits_target, 1)


# -- the table ------------------------------------------------------------------------------------


@Op
def tripled(x):
    """An operation of these tests."""
    return x * 3


@Op
def summed(x, y, z=None):
    """An operation of these tests, with an input that may be None."""
    return x + y if z is None else x + y + z


def test_extra_gradient_enters_a_rule():
    @Op
    def halved(x, other=None):
        return x / 2

    def rule(g, out, x, other=None):
        return g / 2

    expect_true(gradient(halved, "x")(rule) is rule, "@gradient(op, name) does not give the rule")
    x = leaf(3.0)
    backward(halved(x))
    expect_close(x.grad, 0.5, "x.grad with the rule that was entered")
    gradient(halved, "x")(lambda g, out, x, other=None: g * 7.0)
    x = leaf(3.0)
    backward(halved(x))
    expect_close(x.grad, 7.0, "x.grad with the rule that was entered later")
    expect_raises(
        ValueError, lambda: gradient(halved, "y"), "a rule for an input that there is not",
        mentions=["halved", "'y'"],
    )  # fmt: skip


def test_extra_rule_for_finds_and_names():
    x = leaf(2.0)
    expect_true(
        rule_for((x * x).recipe, 1) is autograd.RULES[mul, "b"],
        "rule_for does not give the table's rule for the second input of mul",
    )
    other = lambda g, out, a, b: g  # noqa: E731
    with mul.using(mul.forward, rules={"b": other}):
        recipe = (x * x).recipe
    expect_true(rule_for(recipe, 1) is other, "the rule of the kernel in use does not come first")
    expect_true(
        rule_for(recipe, 0) is autograd.RULES[mul, "a"],
        "where the kernel brings no rule, the table's is not taken",
    )
    expect_raises(
        MissingGradient, lambda: rule_for(tripled(x).recipe, 0), "an operation without a rule",
        mentions=["tripled", "'x'"],
    )  # fmt: skip
    expect_true(issubclass(MissingGradient, LookupError), "MissingGradient is no LookupError")


def test_extra_matmul_gradient_of_every_rank():
    shapes = [((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((3,), (5, 3, 4)),
              ((5, 2, 3), (3,)), ((5, 2, 3), (5, 3, 4)), ((4, 1, 2, 3), (5, 3, 2)),
              ((2, 3), (5, 3, 4)), ((0, 2, 3), (3, 4))]  # fmt: skip
    for one, two in shapes:
        a, b = leaf(numbers(*one)), leaf(numbers(*two, seed=1))
        out = a @ b
        g = numbers(*out.shape, seed=2)
        backward(out, g)
        for tensor, f in (
            (a, lambda x, g=g, b=b: float(np.sum(g * matmul.forward(x, b.data)))),
            (b, lambda x, g=g, a=a: float(np.sum(g * matmul.forward(a.data, x)))),
        ):
            expect_close(
                tensor.grad, slopes(f, tensor.data), f"a gradient of a @ b, a {one}, b {two}",
                rtol=1e-5, atol=1e-7,
            )  # fmt: skip


# -- the walk -------------------------------------------------------------------------------------


def test_extra_first_gradient_kinds():
    x = leaf(np.array([1.0, 2.0], np.float32)) * 1.0
    one = leaf(np.array([[3.0]])) * 1.0
    expect_close(first_gradient(one, None), [[1.0]], "the first gradient of one number")
    seed = np.array([5.0, 6.0])
    got = first_gradient(x, seed)
    expect_close(got, seed, "the first gradient where one is given", dtype=np.float32)
    seed32 = np.array([5.0, 6.0], np.float32)
    expect_true(
        not np.may_share_memory(first_gradient(x, seed32), seed32),
        "the first gradient is the array that was handed over, not a copy",
    )
    expect_close(first_gradient(x, Tensor([5.0, 6.0])), seed, "the same of a tensor")
    for call, named in (
        (lambda: first_gradient(x, None), "(2,)"),
        (lambda: first_gradient(x, np.ones((1, 2))), "(1, 2)"),
        (lambda: first_gradient(Tensor([1.0]), None), "requires_grad"),
    ):
        expect_raises(ValueError, call, "a root that cannot be started from", mentions=[named])


def test_extra_contributions_shares():
    x, y = leaf(np.array([1.0, 2.0], np.float32)), leaf(np.array([[3.0], [4.0]]))
    g = np.array([[1.0, 10.0], [100.0, 1000.0]])
    shares = list(contributions(x * y, g))
    expect_true(
        len(shares) == 2 and shares[0][0] is x and shares[1][0] is y,
        f"contributions of x * y yields {len(shares)} pairs, expected (x, …) and (y, …)",
    )
    expect_close(shares[0][1], [403.0, 4030.0], "the share of x (2,)", dtype=np.float32)
    expect_close(shares[1][1], [[21.0], [2100.0]], "the share of y (2, 1)", dtype=np.float64)
    names = [i is x for i, _ in contributions(x * 2.0, np.ones(2))]
    expect_equal(names, [True], "whether the inputs of x * 2.0 that get a share are x")
    with summed.using(summed.forward, rules=dict.fromkeys("xyz", lambda g, *_: g)):
        three = summed(x, y, None)
    expect_equal(len(list(contributions(three, g))), 2, "shares, where the third input is None")


def test_extra_contributions_memory():
    x, y, g = leaf([1.0, 2.0]), leaf([3.0, 4.0]), np.ones(2, np.float32)
    one, two = (share for _, share in contributions(x + y, g))
    expect_true(
        not np.may_share_memory(one, two), "x + y hands the same array to both of its inputs"
    )


def test_extra_contributions_wrong_rules():
    x = leaf([1.0, 2.0])
    for rule, error in (
        (lambda g, out, x: None, TypeError),
        (lambda g, out, x: np.ones(3), ValueError),
        (lambda g, out, x: np.ones(()), ValueError),
    ):
        with tripled.using(tripled.forward, rules={"x": rule}):
            out = tripled(x)
        expect_raises(
            error, lambda out=out: list(contributions(out, np.ones(2))),
            "a rule whose answer does not fit",
        )  # fmt: skip


def test_extra_contributions_uses_the_recipe_up():
    x = leaf([1.0, 2.0])
    for retain in (False, True):
        out = x * 2.0
        list(contributions(out, np.ones(2), retain))
        try:
            list(contributions(out, np.ones(2)))
            again = True
        except ValueError as error:
            again = "retain_graph" not in str(error)
        expect_equal(again, retain, f"whether a recipe can be used again, retain_graph={retain}")


def test_extra_contributions_every_tensor_of_many():
    @Op
    def joined(*tensors):
        return np.concatenate(tensors)

    def rule(g, out, *tensors, position):
        start = sum(len(t) for t in tensors[:position])
        return g[start : start + len(tensors[position])]

    x, y = leaf([1.0, 2.0]), leaf([3.0])
    with joined.using(joined.forward, rules={"tensors": rule}):
        out = joined(x, Tensor([9.0]), y)
    backward(out, [1.0, 2.0, 3.0, 4.0])
    expect_close(x.grad, [1.0, 2.0], "the share of the first of three tensors")
    expect_close(y.grad, [4.0], "the share of the last of three tensors")


def test_extra_check_recipe_notices_changes():
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    for change, named in (
        (lambda out: x.copy_([0.0, 0.0]), "'a' of mul"),
        (lambda out: w.copy_([0.0, 0.0]), "'b' of mul"),
        (lambda out: out.detach().copy_([0.0, 0.0]), "result of mul"),
        (lambda out: x.detach().__setitem__(0, 9.0), "'a' of mul"),
    ):
        out = x * w
        change(out)
        expect_raises(
            ValueError, lambda out=out: list(contributions(out, np.ones(2))),
            "a walk over what was changed in place", mentions=[named],
        )  # fmt: skip
    out, other = x * w, x * 2.0
    other.detach().copy_([0.0, 0.0])
    expect_equal(len(list(contributions(out, np.ones(2)))), 2, "shares, where others were changed")


def test_extra_fitted_shapes():
    def rule():
        """Stand for a rule, which is only named."""

    g = numbers(4, 3)
    for shape, expected in (
        ((3,), g.sum(0)), ((4, 1), g.sum(1, keepdims=True)), ((), g.sum()), ((4, 3), g),
    ):  # fmt: skip
        expect_close(fitted(g, shape, rule, g), expected, f"a share (4, 3) fitted into {shape}")
    for shape in ((2,), (4,), (2, 4, 3), (1, 4, 3)):
        expect_raises(
            ValueError, lambda shape=shape: fitted(g, shape, rule, g),
            f"a share (4, 3) fitted into {shape}", mentions=["rule", "(4, 3)", shape],
        )  # fmt: skip


def test_extra_as_gradient_owns_its_array():
    for array in (np.broadcast_to(1.0, (2, 3)), numbers(3, 2).T, np.float32(2.0), numbers(2, 3)):
        got = as_gradient(np.asarray(array))
        expect_true(isinstance(got, Tensor), f"as_gradient gives a {type(got).__name__}")
        flags = got.data.flags
        expect_true(
            flags.writeable and flags.forc,
            "the array of a gradient can only be read, or has gaps in memory",
        )
        expect_close(got, array, "as_gradient")
        expect_true(not got.requires_grad, "a gradient requires a gradient itself")


def test_extra_picks_once_kinds():
    mask = np.array([True, False])
    for index, expected in [
        (0, True), (np.int64(1), True), (slice(1, 2), True), (None, True), (..., True),
        (mask, True), ((0, slice(None), None, ..., mask), True), ([0, 0], False),
        (np.array([1, 1]), False), ((slice(None), np.array([0, 0])), False),
        ((mask, np.array([0])), False),
    ]:  # fmt: skip
        expect_equal(bool(picks_once(index)), expected, f"picks_once({index})")


# -- recording ------------------------------------------------------------------------------------


def test_extra_no_grad_call_decorates():
    @no_grad()
    def evaluate(x, *, scale=2.0):
        """Multiply."""
        return (x * scale).requires_grad, is_grad_enabled()

    expect_equal(evaluate(leaf(1.0), scale=3.0), (False, False), "recording in a decorated call")
    expect_equal(is_grad_enabled(), True, "recording after a decorated call")
    expect_equal(
        (evaluate.__name__, evaluate.__doc__), ("evaluate", "Multiply."),
        "the name and the docstring of a decorated function",
    )  # fmt: skip

    @enable_grad()
    def again():
        return is_grad_enabled()

    @set_grad_enabled(False)
    def off():
        return is_grad_enabled()

    with no_grad():
        expect_equal((again(), off()), (True, False), "recording in enable_grad, inside no_grad")
        expect_equal(is_grad_enabled(), False, "recording after a decorated call in no_grad")

    @no_grad()
    def fails():
        raise KeyError("from inside")

    expect_raises(KeyError, fails, "a decorated function that raises")
    expect_equal(is_grad_enabled(), True, "recording after a decorated call that raised")


def test_extra_set_grad_enabled_init_mode():
    for mode, expected in ((True, True), (False, False), (1, True), (0, False)):
        with set_grad_enabled(mode):
            expect_equal(is_grad_enabled(), expected, f"recording in set_grad_enabled({mode})")
    expect_equal(is_grad_enabled(), True, "recording after the blocks")


def test_extra_is_grad_enabled_of_this_thread():
    found = []
    with no_grad():
        thread = threading.Thread(target=lambda: found.append(is_grad_enabled()))
        thread.start()
        thread.join()
        found.append(is_grad_enabled())
    expect_equal(found, [True, False], "is_grad_enabled() in (another thread, this one) in no_grad")


# -- tools ----------------------------------------------------------------------------------------


def test_extra_draw_names_what_was_made_of_what():
    x, plain = leaf(np.ones((2, 3))), Tensor(np.ones(3))
    u = x * 2.0
    text = draw((u + plain) @ u.T)
    lines = text.split("\n")
    expect_equal(len([line for line in lines if line.strip()]), len(lines), "lines with words")
    expect_true(lines[0].startswith("matmul"), f"the first line of draw is {lines[0]!r}")
    for word in ("add", "mul", "permute", "(2, 3)", "the number 2.0", "again", "wants a gradient"):
        expect_true(word in text, f"{word!r} does not stand in the picture:\n{text}")
    expect_equal(text.count("wants a gradient"), 1, "the number of leaves that want a gradient")
    depth = [len(line) - len(line.lstrip()) for line in lines]
    expect_true(depth[0] == 0 and max(depth) > depth[1] > 0, f"the indents are {depth}")


def test_extra_draw_deep_and_wide():
    x = leaf(1.0)
    y = x
    for _ in range(1500):
        y = y + y * 0.0
    text = draw(y, depth=3)
    expect_true(len(text.split("\n")) < 20, f"draw(depth=3) has {len(text.splitlines())} lines")
    z = x * x
    backward(z)
    expect_true("walked" in draw(z), f"what has been walked is drawn as {draw(z)!r}")
    expect_true("leaf" in draw(x), f"a leaf is drawn as {draw(x)!r}")


def test_extra_gradcheck_right_and_wrong():
    x, y = leaf(numbers(2, 3)), leaf(numbers(3, seed=1))
    expect_equal(gradcheck(lambda x, y: x * y + x.sum(1, keepdim=True), (x, y)), True, "gradcheck")
    expect_equal(gradcheck(lambda x: (x * x).sum(), x), True, "gradcheck of one tensor")
    expect_true(x.grad is None and y.grad is None, "gradcheck leaves gradients behind")
    with tripled.using(tripled.forward, rules={"x": lambda g, out, x: g * 2.0}):
        expect_raises(
            ValueError, lambda: gradcheck(lambda y, x: tripled(x) + y, (y, x)),
            "gradcheck of a wrong rule", mentions=["input 1", "[0, 0]", "differ"],
        )  # fmt: skip
    expect_raises(
        TypeError, lambda: gradcheck(lambda x: x * x, leaf(np.ones(2, np.float32))),
        "gradcheck of float32", mentions=["float64", "float32"],
    )  # fmt: skip
    expect_equal(
        gradcheck(lambda x, plain: x * plain, (x, Tensor(np.ones(3, np.float32)))), True,
        "gradcheck where another input wants no gradient",
    )  # fmt: skip


def test_extra_gradcheck_every_element_counts():
    """A plain sum of softmax is 1, whatever a wrong rule says; weights are needed."""

    @Op
    def shares(x):
        powers = np.exp(x)
        return powers / powers.sum()

    with shares.using(shares.forward, rules={"x": lambda g, out, x: np.zeros_like(x)}):
        expect_raises(
            ValueError, lambda: gradcheck(shares, leaf(numbers(3))),
            "gradcheck of a rule that gives 0 for softmax",
        )  # fmt: skip


def test_extra_detect_anomaly_enter_forward():
    x = leaf([0.0, 1.0])
    with detect_anomaly():
        y = (x + 1.0).log()
        expect_raises(
            ValueError, lambda: x.log(), "log(0) inside detect_anomaly",
            mentions=["log", "(2,)", "extra_autograd.py"],
        )  # fmt: skip
        backward(y.sum())
    expect_close(x.grad, [1.0, 0.5], "x.grad of what is finite, inside detect_anomaly")
    expect_true(math.isinf(x.log().data[0]), "log(0) outside of detect_anomaly is not -inf")


def test_extra_detect_anomaly_enter_backward():
    x = leaf([0.0, 4.0])
    with detect_anomaly():
        y = x.sqrt()
        expect_raises(
            ValueError, lambda: backward(y.sum()), "the way back through sqrt(0)",
            mentions=["sqrt", "'x'", "inf", "extra_autograd.py"],
        )  # fmt: skip


def test_extra_detect_anomaly_exit_restores():
    x = leaf([0.0, 1.0])
    try:
        with detect_anomaly():
            x.log()
    except ValueError:
        pass
    y = x.log()
    expect_true(math.isinf(y.data[0]), "after an error, detect_anomaly is still on")
    backward(x.sqrt().sum())
    expect_true(math.isinf(x.grad.data[0]), "after an error, detect_anomaly still looks at rules")
    with detect_anomaly():
        with detect_anomaly():
            pass
        expect_raises(ValueError, lambda: x.log(), "log(0) after an inner detect_anomaly")
