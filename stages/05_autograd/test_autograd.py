"""Stage 05: autograd."""

import gc
import itertools
import math
import sys
import threading
import weakref

import numpy as np
from tinytorch.activations import relu, sigmoid, softmax
from tinytorch.autograd import (
    MissingGradient,
    add_a,
    add_b,
    backward,
    consumers_first,
    cross_entropy_logits,
    enable_grad,
    is_grad_enabled,
    matmul_a,
    matmul_b,
    mul_a,
    mul_b,
    no_grad,
    numeric_gradient,
    parents,
    permute_x,
    power_x,
    reduce_sum_x,
    relu_x,
    reshape_x,
    set_grad_enabled,
    sigmoid_x,
    softmax_x,
    take_x,
    unbroadcast,
)
from tinytorch.losses import cross_entropy
from tinytorch.op import Op, Recipe, state
from tinytorch.tensor import (
    Tensor,
    add,
    masked_fill,
    matmul,
    mul,
    permute,
    power,
    reduce_sum,
    reshape,
    take,
)

from checker.expect import (
    Mismatch,
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    expect_unchanged,
    show,
)

# -- what the tests share -------------------------------------------------------------------------


def numbers(*shape, seed=0):
    """Draw an array of float64 between 0.5 and 2, of either sign."""
    draw = np.random.default_rng([seed, *shape])
    return np.asarray(draw.uniform(0.5, 2.0, shape) * draw.choice([-1.0, 1.0], shape))


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


def described(operation, inputs, params):
    """Name inputs by their shapes, single numbers and parameters by their values."""
    said = [
        f"{name} {value.shape}" if np.ndim(value) else f"{name} = {np.asarray(value).item():.4g}"
        for name, value in zip(operation.inputs, inputs, strict=False)
    ]
    return ", ".join(said + [f"{name}={value!r}" for name, value in params.items()])


def expect_as_before(values, before, names, what):
    """Require that a rule has left each array that it was handed as it was."""
    __tracebackhide__ = True
    for name, value, was in zip(names, values, before, strict=True):
        if np.shape(value) != np.shape(was):
            raise Mismatch(
                f"{what} gave {name} another shape in place: {np.shape(value)} instead of "
                f"{np.shape(was)}",
                f"Others still have {name} in their hands. reshape gives a new array, and leaves "
                "the old one its shape.",
            )
        if not np.array_equal(value, was, equal_nan=True):
            raise Mismatch(
                f"{what} changed {name} in place",
                f"Others still have {name} in their hands, and find other numbers in it. Make a "
                "new array.",
                show(was), show(value),
            )  # fmt: skip


def expect_rule(rule, operation, at, *inputs, why="", **params):
    """Compare a rule with central differences, its g being random numbers; inputs are float64."""
    __tracebackhide__ = True
    out = np.array(operation.forward(*inputs, **params))  # no view of an input
    g = numbers(*out.shape, seed=5)

    def weighed(x, g=g):
        changed = operation.forward(*inputs[:at], x, *inputs[at + 1 :], **params)
        return float(np.sum(g * changed))

    expected = slopes(weighed, inputs[at])
    given = (g, out, *inputs)
    before = [np.array(value) for value in given]
    what = f"{rule.__name__} for {described(operation, inputs, params)}"
    share = rule(*given, **params)
    expect_as_before(given, before, ("g", "out", *operation.inputs), what)
    why = why or (
        f"Nudge each element of {operation.inputs[at]}, and weigh what moves with g, here random "
        "numbers: that is what is expected."
    )
    if np.shape(share) == expected.shape and not np.allclose(share, expected, atol=1e-7):
        alone = slopes(lambda x: weighed(x, np.ones_like(g)), inputs[at])
        if np.allclose(share, alone, rtol=1e-5, atol=1e-7):
            why = "That would be right if each g were 1: what arrives, g, was forgotten."
    expect_close(share, expected, what, why, rtol=1e-5, atol=1e-7)


def expect_grad(tensor, expected, name, why=""):
    """Compare `.grad`, which has to be a tensor; one number is told as Python prints it."""
    __tracebackhide__ = True
    grad = tensor.grad
    if grad is None:
        shown = expected if isinstance(expected, float) else np.asarray(expected)
        raise Mismatch(f"{name}.grad is None, expected {shown}", why or "Nothing was put there.")
    if not isinstance(grad, Tensor):
        raise Mismatch(
            f"{name}.grad is a {type(grad).__name__}, expected a Tensor",
            "as_gradient makes one of an array.",
        )
    if not grad.data.flags.writeable:
        raise Mismatch(
            f"the array of {name}.grad can only be read",
            "It is a share as a rule gave it, or a sum of shares. A second walk adds to it, and an "
            "optimizer changes it: as_gradient(g) makes an array that can be changed.",
        )
    if isinstance(expected, float) and grad.shape == ():
        got = round(grad.item(), 6)
        if not math.isclose(got, expected, rel_tol=1e-5, abs_tol=1e-6):
            raise Mismatch(f"{name}.grad is {got}, expected {expected}", why)
        return
    expect_close(grad, expected, f"{name}.grad", why)


def expect_grads(f, said, why="", **arrays):
    """Walk back from f(**leaves) with random numbers; compare each `.grad` with differences.

    All leaves want a gradient; whatever else f needs, it holds.
    """
    __tracebackhide__ = True
    leaves = {name: leaf(array.copy()) for name, array in arrays.items()}
    out = f(**leaves)
    g = numbers(*out.shape, seed=6)
    backward(out, g)
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    for name, array in arrays.items():

        def weighed(x, name=name):
            changed = {n: Tensor(x if n == name else a) for n, a in arrays.items()}
            return float(np.sum(g * f(**changed).data))

        what = f"{name}.grad of {said}, {shapes}"
        expect_true(leaves[name].grad is not None, f"{what} is None", why)
        expect_close(leaves[name].grad, slopes(weighed, array), what, why, rtol=1e-5, atol=1e-7)


def arrows(tensor):
    """List what a tensor was made of and wants a gradient; with nothing of stage 05."""
    recipe = tensor.recipe
    return [] if recipe is None else [Recipe.inputs.__get__(recipe)[i] for i in recipe.wanted]


def behind(root):
    """List root and everything that led to it."""
    found, todo = {id(root): root}, [root]
    while todo:
        for tensor in arrows(todo.pop()):
            if id(tensor) not in found:
                found[id(tensor)] = tensor
                todo.append(tensor)
    return list(found.values())


def residuals(x, count):
    """Add to y half of itself, `count` times."""
    y = x
    for _ in range(count):
        y = y + y * 0.5
    return y


def random_graph(seed, leaves=3, steps=12):
    """Make a graph of additions and products at random, and the same as a function of floats."""
    draw = np.random.default_rng(seed)
    plan = [
        (draw.integers(2), *(int(i) for i in draw.integers(0, leaves + n, 2))) for n in range(steps)
    ]

    def build(values):
        values = list(values)
        for times, i, j in plan:
            made = values[i] * values[j] * 0.5 if times else values[i] + values[j]
            values.append(made)
        total = values[-1]
        for value in values[leaves:-1]:
            total = total + value
        return total

    return build


# -- numeric_gradient -----------------------------------------------------------------------------


def test_unit_numeric_gradient_example():
    got = numeric_gradient(lambda a: a[0] * a[1], np.array([3.0, 4.0]))
    expect_close(
        got, [4.0, 3.0], "numeric_gradient of a[0] * a[1] at [3. 4.]",
        "A nudge of a[0] is multiplied by 4, one of a[1] by 3.",
    )  # fmt: skip


def test_unit_numeric_gradient_both_sides():
    got = numeric_gradient(lambda a: a[0] ** 3, np.array([2.0]), eps=0.5)
    known = {
        15.25: "That is (f(2.5) - f(2)) / 0.5, one side only: a bend counts on one side in full.",
        9.25: "That is (f(2) - f(1.5)) / 0.5, one side only: a bend counts on one side in full.",
        24.5: "f(2.5) - f(1.5) is 12.25, over a distance of 1: twice eps, not eps.",
        12.0: "That is the slope itself; with eps=0.5 the measured one is a little off.",
    }
    value = round(float(np.ravel(got)[0]), 6) if np.size(got) else None
    expect_close(
        got, [12.25], "numeric_gradient of a[0] ** 3 at [2.], eps=0.5",
        known.get(value, "(f(2.5) - f(1.5)) / 1 = 15.625 - 3.375. eps is the step that was asked "
                         "for."),
    )  # fmt: skip


def test_unit_numeric_gradient_one_at_a_time():
    got = numeric_gradient(lambda a: a[0] * a[1] * a[2], np.array([3.0, 4.0, 5.0]), eps=0.5)
    expect_close(
        got, [20.0, 15.0, 12.0], "numeric_gradient of a[0] * a[1] * a[2] at [3. 4. 5.], eps=0.5",
        "While one element is nudged, all the others are where they were: put each one back "
        "before the next.",
    )  # fmt: skip


def test_unit_numeric_gradient_shapes():
    for shape in [(), (4,), (2, 3), (2, 1, 3), (0, 3)]:
        x, weights = numbers(*shape), numbers(*shape, seed=1)
        got = numeric_gradient(lambda a, w=weights: np.sum(a * a * a * w), x)
        expect_close(
            got, 3 * x * x * weights, f"numeric_gradient of a sum of cubes, shape {shape},",
            "One slope for each element, in the shape of x.", dtype=np.float64,
        )  # fmt: skip


def test_unit_numeric_gradient_leaves_x():
    x, looked = np.array([[3.0, 4.0]]), []

    def f(a):
        looked.append(x.tolist())
        return np.sum(a * a)

    numeric_gradient(f, x, eps=0.5)
    expect_unchanged(x, np.array([[3.0, 4.0]]), "numeric_gradient")
    other = [now for now in looked if now != [[3.0, 4.0]]]
    if other:
        raise Mismatch(
            f"while numeric_gradient works, the x that it was handed is {other[0]}, not "
            "[[3.0, 4.0]]",
            "Nudge a copy: f may use x itself. np.array copies; np.asarray does not, where x is "
            "float64 already.",
        )


def test_unit_numeric_gradient_few_digits():
    for dtype in (np.float32, np.int64):
        x = np.array([1000, 3], dtype)
        got = numeric_gradient(lambda a: a[0] * a[1], x)
        expect_close(
            got, [3.0, 1000.0], f"numeric_gradient of a[0] * a[1] at {dtype.__name__} [1000 3]",
            "1000.000001 has more digits than float32 keeps, and an int has none of them. Nudge a "
            "float64 copy.", rtol=1e-4, dtype=np.float64,
        )  # fmt: skip


def test_unit_numeric_gradient_of_a_tensor():
    got = numeric_gradient(lambda a: (Tensor(a) * Tensor(a)).sum(), np.array([3.0, 4.0]))
    expect_close(
        got, [6.0, 8.0], "numeric_gradient of a function that gives a tensor",
        "float() makes a number of what f gives, also of a tensor of one element.",
    )  # fmt: skip


def test_unit_numeric_gradient_calls():
    x, seen = np.array([[0.1, 0.7], [1.3, 30.1]]), []
    numeric_gradient(lambda a: seen.append(a.copy()) or 0.0, x)
    expect_equal(
        len(seen), 8, "the number of calls of f for 4 elements",
        "Two for each element: one above, one below.",
    )  # fmt: skip
    moved = [int((a != x).sum()) for a in seen]
    expect_equal(
        moved, [1] * 8, "the number of elements that were off their place, call by call",
        "One element is nudged at a time; the others are exactly what they were. Put back what "
        "you kept: adding eps again leaves a rounding error.",
    )  # fmt: skip


# -- add_a, add_b ---------------------------------------------------------------------------------


def three_four():
    """Give g, out and two inputs, made anew for each rule, which might change them."""
    return np.array([5.0]), None, np.array([3.0]), np.array([4.0])


def test_unit_add_a_example():
    expect_close(
        add_a(*three_four()), [5.0], "add_a for g = 5, a = 3, b = 4",
        "Nudge a, and the sum moves just as far: what comes, goes on.",
    )  # fmt: skip


def test_unit_add_a_differences():
    for shape in [(4,), (2, 3), (), (0,)]:
        expect_rule(add_a, add, 0, numbers(*shape), numbers(*shape, seed=1))
    expect_rule(add_a, add, 0, numbers(3), 2.0, why="The other summand may be a plain number.")


def test_unit_add_b_example():
    expect_close(
        add_b(*three_four()), [5.0], "add_b for g = 5, a = 3, b = 4",
        "Nudge b, and the sum moves just as far: what comes, goes on.",
    )  # fmt: skip


def test_unit_add_b_differences():
    for shape in [(4,), (2, 3), (), (0,)]:
        expect_rule(add_b, add, 1, numbers(*shape), numbers(*shape, seed=1))
    expect_rule(add_b, add, 1, 2.0, numbers(3), why="The other summand may be a plain number.")


# -- mul_a, mul_b ---------------------------------------------------------------------------------


def test_unit_mul_a_example():
    known = {
        15.0: "That is g * a. A nudge of a is stretched by the other factor, b.",
        4.0: "That is b alone. What arrives, g = 5, is multiplied by it.",
    }
    got = mul_a(*three_four())
    value = float(np.ravel(got)[0]) if np.size(got) == 1 and got is not None else None
    expect_close(
        got, [20.0], "mul_a for g = 5, a = 3, b = 4",
        known.get(value, "A nudge of a moves a * b by b times as much; g says what that is worth."),
    )  # fmt: skip


def test_unit_mul_a_differences():
    for shape in [(4,), (2, 3), (), (0,)]:
        expect_rule(mul_a, mul, 0, numbers(*shape), numbers(*shape, seed=1))
    expect_rule(mul_a, mul, 0, numbers(3), -2.5, why="The other factor may be a plain number.")


def test_unit_mul_a_dtype():
    g, a = np.ones(2, np.float32), np.ones(2, np.float32)
    expect_close(mul_a(g, a, a, 2.0), [2.0, 2.0], "mul_a of float32", dtype=np.float32)


def test_unit_mul_b_example():
    known = {
        20.0: "That is g * b. A nudge of b is stretched by the other factor, a.",
        3.0: "That is a alone. What arrives, g = 5, is multiplied by it.",
    }
    got = mul_b(*three_four())
    value = float(np.ravel(got)[0]) if np.size(got) == 1 and got is not None else None
    expect_close(
        got, [15.0], "mul_b for g = 5, a = 3, b = 4",
        known.get(value, "A nudge of b moves a * b by a times as much; g says what that is worth."),
    )  # fmt: skip


def test_unit_mul_b_differences():
    for shape in [(4,), (2, 3), (), (0,)]:
        expect_rule(mul_b, mul, 1, numbers(*shape), numbers(*shape, seed=1))
    expect_rule(mul_b, mul, 1, -2.5, numbers(3), why="The other factor may be a plain number.")


# -- power_x --------------------------------------------------------------------------------------


def test_unit_power_x_example():
    expect_close(
        power_x(np.array([1.0]), None, np.array([3.0]), 2.0), [6.0],
        "power_x for g = 1, x = 3, exponent 2",
        "The slope of x ** 2 is 2 x: the exponent comes down in front, and one less stays above.",
    )  # fmt: skip


def test_unit_power_x_differences():
    for exponent in (3.0, 2.0, 1.0, -1.0, -2, 0.0):
        expect_rule(
            power_x, power, 0, numbers(2, 3), exponent,
            why=f"The slope of x ** {exponent} is {exponent} x ** {exponent - 1}, times g.",
        )  # fmt: skip
    for exponent in (0.5, -1.5, 2.5):
        expect_rule(power_x, power, 0, np.abs(numbers(4)), exponent)
    expect_rule(
        power_x, power, 0, np.abs(numbers(2, 3)), numbers(2, 3, seed=1),
        why="The exponent may be an array, with one exponent for each element.",
    )  # fmt: skip


def test_unit_power_x_at_zero():
    flat = "x ** 2 is flat at 0, x is not. out * exponent / x would be 0 / 0 there."
    steep = "The root is infinitely steep at 0, and 1 / x falls there without end: no large number."
    for exponent, expected, why in (
        (3.0, 0.0, flat), (2.0, 0.0, flat), (1.0, 5.0, flat),
        (0.5, np.inf, steep), (-1.0, -np.inf, steep),
    ):  # fmt: skip
        out = power.forward(np.zeros(1), exponent)
        with np.errstate(all="ignore"):
            got = power_x(np.array([5.0]), out, np.zeros(1), exponent)
        expect_close(got, [expected], f"power_x for g = 5, x = 0, exponent {exponent}", why)


def test_unit_power_x_to_the_power_of_nothing():
    why = (
        "x ** 0 is 1 for every x, so its slope is 0. At x = 0 the formula says 0 times 0 ** -1, "
        "which is 0 times inf: where the exponent is 0, take nothing off it."
    )
    for exponent in (0.0, 0, np.float64(0)):
        with np.errstate(all="ignore"):
            got = power_x(np.array([5.0, 5.0]), np.ones(2), np.array([0.0, 2.0]), exponent)
        expect_close(got, [0.0, 0.0], "power_x for g = [5. 5.], x = [0. 2.], exponent 0", why)
    exponents = np.array([0.0, 2.0, 0.0, 1.0])
    with np.errstate(all="ignore"):
        got = power_x(np.full(4, 5.0), None, np.array([0.0, 3.0, 2.0, 0.0]), exponents)
    expect_close(
        got, [0.0, 30.0, 0.0, 5.0],
        "power_x for g = 5 each, x = [0. 3. 2. 0.], exponents [0. 2. 0. 1.]",
        why + " The exponent may be an array.",
    )  # fmt: skip


# -- parents --------------------------------------------------------------------------------------


def expect_parents(tensor, expected, said, why):
    """Compare a list of tensors with (name, tensor) pairs, by identity."""
    __tracebackhide__ = True
    got = parents(tensor)
    if not isinstance(got, list):
        raise Mismatch(f"parents({said}) is a {type(got).__name__}, expected a list", why)
    known = {id(value): name for name, value in expected}
    names = [
        known.get(id(value), "another tensor" if isinstance(value, Tensor) else repr(value)[:20])
        for value in got
    ]
    wanted = [name for name, _ in expected]
    if names != wanted:
        raise Mismatch(
            f"parents({said}) gives [{', '.join(names)}], expected [{', '.join(wanted)}]", why
        )


@Op
def affine(x, weight, bias=None):
    """Weigh, and add a bias where there is one; an operation of these tests."""
    return x * weight if bias is None else x * weight + bias


AFFINE_RULES = {
    "x": lambda g, out, x, weight, bias=None: g * weight,
    "weight": lambda g, out, x, weight, bias=None: g * x,
    "bias": lambda g, out, x, weight, bias=None: g,
}


@Op(constant=("scale",))
def scaled(x, scale):
    """Multiply by something that is declared to have no gradient."""
    return x * scale


def test_unit_parents_example():
    x = leaf(3.0)
    expect_parents(
        x * x, [("x", x), ("x", x)], "x * x",
        "Two arrows lead from x to x * x, and a share will come back along each.",
    )  # fmt: skip
    expect_parents(x, [], "x", "Nothing made x: it is a leaf, and its recipe is None.")


def test_unit_parents_in_order():
    x, y = leaf(3.0), leaf(4.0)
    why = "In the order of the recipe's inputs."
    expect_parents(x * y, [("x", x), ("y", y)], "x * y", why)
    expect_parents(y + x, [("y", y), ("x", x)], "y + x", why)
    z = x * y
    expect_parents(z + x, [("z", z), ("x", x)], "z + x, where z = x * y", "One step back, no more.")


def test_unit_parents_only_who_wants():
    x, plain = leaf([1.0, 2.0]), Tensor([3.0, 4.0])
    why = "Numbers, None, and tensors that require no gradient have nobody who waits for a share."
    expect_parents(x * 2.0, [("x", x)], "x * 2.0", why)
    expect_parents(2.0 - x, [("x", x)], "2.0 - x", why)
    expect_parents(x * plain, [("x", x)], "x * plain", why)
    expect_parents(plain * x, [("x", x)], "plain * x", why)
    expect_parents(plain * plain, [], "plain * plain", why)
    expect_parents(affine(x, plain, None), [("x", x)], "affine(x, plain, None)", why)
    expect_parents(affine(plain, plain, x), [("x", x)], "affine(plain, plain, x)", why)
    mask = Tensor([True, False])
    expect_parents(masked_fill(x, mask, value=0.0), [("x", x)], "masked_fill(x, mask, 0.0)", why)


def test_unit_parents_as_the_recipe_says():
    x, scale, late = leaf(3.0), leaf(2.0), Tensor(4.0)
    expect_parents(
        scaled(x, scale), [("x", x)], "scaled(x, scale), whose scale is declared constant",
        "recipe.wanted has decided it already: scale wants a gradient, but this operation has "
        "none to give.",
    )  # fmt: skip
    out = x * late
    late.requires_grad_()
    expect_parents(
        out, [("x", x)], "x * late, where late wants a gradient only since then",
        "recipe.wanted says who wanted one when the product was made.",
    )  # fmt: skip


# -- consumers_first ------------------------------------------------------------------------------


def in_order(root, budget):
    """Take what consumers_first yields, up to `budget` tensors; a recursion is named."""
    __tracebackhide__ = True
    found = []
    try:
        walk = consumers_first(root)
        if not hasattr(walk, "__next__"):
            what = "None" if walk is None else f"a {type(walk).__name__}"
            raise Mismatch(
                f"consumers_first gives {what}, expected a generator",
                "With `yield` in its body a function hands out each tensor when its turn has come. "
                "A list would hold on to every array of the graph until the walk is over.",
            )
        for tensor in walk:
            found.append(tensor)
            if len(found) > budget:
                raise Mismatch(
                    f"consumers_first yields more than the {budget} tensors that there are",
                    "Each tensor comes once: when its last delivery has come.",
                )
    except RecursionError:
        raise Mismatch(
            f"consumers_first calls itself too deeply, for a graph of {budget} tensors",
            "Python gives up at about 1,000 nested calls. Keep a list of what is still to do.",
        ) from None
    return found


def watch(root, budget, why):
    """Count every look at the inputs of a recipe behind root, and stop at `budget` of them."""
    looks = itertools.count(1)

    def look(recipe):
        if next(looks) > budget:
            raise Mismatch(f"the walk has looked at inputs more than {budget} times", why)
        return Recipe.inputs.__get__(recipe)

    kind = type("Watched", (Recipe,), {"__slots__": (), "inputs": property(look)})
    for tensor in behind(root):
        if tensor.recipe is not None:
            tensor.recipe.__class__ = kind


NEVER_COMES = (
    "More deliveries are expected than are crossed off. Either a tensor was looked into twice when "
    "counting (list it at its first meeting only), or two arrows, as in x * x, were crossed off "
    "as one."
)
TOO_EARLY = (
    "A tensor comes when all its consumers have delivered, not before. Is every arrow counted, "
    "also one to a tensor that was met already?"
)


def expect_order(root, said, names=None):
    """Require root and all behind it, each once, after everything that was made of it."""
    __tracebackhide__ = True
    every = behind(root)
    names = names or {
        id(tensor): "a leaf" if tensor.recipe is None else f"a result of {tensor.recipe.op.name}"
        for tensor in every
    }
    found = in_order(root, len(every))
    came = {id(tensor): n for n, tensor in enumerate(found)}
    order = " ".join(names.get(id(t), "?") for t in found) if len(every) < 10 else "…"
    if len(came) != len(found):
        raise Mismatch(
            f"in {said} a tensor comes twice; the order is {order}",
            "Each tensor comes once: when its last delivery has come.",
        )
    missing = [names[id(tensor)] for tensor in every if id(tensor) not in came]
    if missing:
        raise Mismatch(f"in {said}, {missing[0]} never comes; the order is {order}", NEVER_COMES)
    for tensor in every:
        for parent in arrows(tensor):
            if came[id(parent)] < came[id(tensor)]:
                raise Mismatch(
                    f"in {said}, {names[id(parent)]} comes before {names[id(tensor)]}, which was "
                    f"made of it; the order is {order}",
                    TOO_EARLY,
                )


def expect_order_in(graph):
    """Require the order for a graph that is written down as assignments, from x and y on."""
    __tracebackhide__ = True
    tensors = {"x": leaf([1.0, 2.0]), "y": leaf([3.0, 4.0])}
    exec(graph.replace(", ", "\n"), {}, tensors)
    names = {id(tensor): name for name, tensor in tensors.items()}
    expect_order(list(tensors.values())[-1], graph, names)


def test_unit_consumers_first_example():
    x = leaf(3.0)
    u = x * x
    got = [tensor.item() for tensor in in_order(u * (u * 2.0), 4)]
    known = {
        (162.0, 9.0, 18.0, 3.0): "u = 9 comes before v = 18, but v has yet to deliver to it.",
        (162.0, 18.0, 9.0): f"x never comes. {NEVER_COMES}",
        (162.0,): "Nothing comes after w: who is the next to have all deliveries?",
    }
    expect_equal(
        got, [162.0, 18.0, 9.0, 3.0], "the order for u = x * x, v = u * 2, w = u * v at x = 3",
        known.get(tuple(got), "w first, and u = 9 only after v = 18, which was made of it."),
    )  # fmt: skip


def test_unit_consumers_first_a_leaf_alone():
    x = leaf([1.0, 2.0])
    found = in_order(x, 1)
    expect_true(
        len(found) == 1 and found[0] is x,
        f"consumers_first of a leaf yields {len(found)} tensors, expected the leaf itself",
    )


def test_unit_consumers_first_shapes_of_graphs():
    for graph in [
        "u = x * x",
        "u = x * 2.0, v = u + 1.0, w = v * 3.0",
        "u = x * y, v = u * 2.0, w = u * 3.0, z = v + w",
        "u = x * y, v = u * 2.0, w = v * u, z = w + u",
        "u = x * y, v = u * 2.0, w = v * u, z = u + w",
        "u = x * y, v = u * 2.0, w = v * 3.0, r = u * u, z = w + r",
        "u = x * y, r = u * u, v = u * 2.0, w = v * 3.0, z = r + w",
        "u = x * y, r = u * u, s = r * u, t = u * y, w = s * t, z = w + x",
    ]:
        expect_order_in(graph)


def test_unit_consumers_first_equal_numbers():
    x = leaf(1.0)
    u = x * 1.0
    expect_order(
        (u * 1.0) * (x * 1.0) * u,
        "a graph in which every number is 1 (tensors differ also where their numbers do not)",
    )


def test_unit_consumers_first_random_graphs():
    for seed in range(6):
        root = random_graph(seed)([leaf(0.5), leaf(-0.75), leaf(1.0)])
        expect_order(root, f"random graph {seed}")


def test_unit_consumers_first_only_who_wants():
    x, plain = leaf([1.0, 2.0]), Tensor([3.0, 4.0])
    found = in_order((x * plain) * (plain + 1.0) * 2.0, 4)
    expect_true(
        not any(tensor is plain for tensor in found) and len(found) == 4,
        f"consumers_first yields {len(found)} tensors, expected 4: nothing that wants no gradient",
        "Nobody waits for the gradient of numbers and data.",
    )


ONCE_EACH = (
    "y = y + y * 0.5, 60 times: 121 tensors, 180 arrows. But there are 2 ** 60 paths, and they "
    "must not be walked one by one: look into each tensor once when counting."
)


def test_unit_consumers_first_linear_work():
    root = residuals(leaf(1.0), 60)
    watch(root, 2400, ONCE_EACH)
    expect_equal(len(in_order(root, 121)), 121, "the number of tensors in 60 nested residuals")


def test_unit_consumers_first_deep():
    y = leaf(1.0)
    for _ in range(1500):
        y = y * 1.0
    expect_equal(len(in_order(y, 1501)), 1501, "the number of tensors in a chain of 1500 products")


def steps(root):
    """Count the lines of Python that run while consumers_first walks from root to the end."""
    count, before = 0, sys.gettrace()

    def step(frame, event, argument):
        nonlocal count
        count += event == "line"
        return step

    sys.settrace(step)
    try:
        for _ in consumers_first(root):
            pass
    finally:
        sys.settrace(before)
    return count


def chain_and_sum(n):
    """Make a chain of n products, and add its links up so that each is met long before its turn."""
    links = [leaf(1.0)]
    for _ in range(n):
        links.append(links[-1] * 1.0)
    total = links.pop()
    while links:
        total = links.pop() + total
    return total


def test_unit_consumers_first_linear_search():
    short, long = steps(chain_and_sum(40)), steps(chain_and_sum(80))
    expect_true(
        long < 2.5 * short,
        f"consumers_first runs {short} lines of Python for 81 tensors, and {long} for 161",
        "Twice the graph is twice the work, not four times. Do not search all tensors for one "
        "that is ready: when its last delivery is crossed off, put it on a list.",
    )


def test_unit_consumers_first_holds_on_to_nothing():
    def graph():
        x = leaf([1.0, 2.0])
        middle = x * 2.0
        return middle * 3.0, weakref.ref(middle)

    root, middle = graph()
    gc.disable()
    try:
        walk = iter(consumers_first(root))
        next(walk)
        root.recipe = None  # as the walk does when it has used it
        del root
        held = next(walk, None)
        expect_true(
            held is not None, "consumers_first ends after root, whose recipe has been used up",
            "The walk uses up the recipe of what it visits: ask for the parents before the yield.",
        )  # fmt: skip
        held.recipe = None
        del held
        next(walk, None)
        alive = middle() is not None
    finally:
        gc.enable()
    expect_true(
        not alive, "a tensor that was yielded two steps ago is still alive",
        "Something in consumers_first holds on to it: a list of all, or a dictionary from which "
        "nothing is taken out. With it every array of the graph stays in memory until the end.",
    )  # fmt: skip


# -- backward -------------------------------------------------------------------------------------


def walk(root, *arguments, **named):
    """Call backward; a recursion is named."""
    __tracebackhide__ = True
    try:
        backward(root, *arguments, **named)
    except RecursionError:
        raise Mismatch(
            "backward calls itself too deeply",
            "Python gives up at about 1,000 nested calls; the order comes from consumers_first.",
        ) from None


def test_unit_backward_example():
    x = leaf(3.0)
    walk(x * x + x)
    arrived = {
        3.0: "Only one of them arrived.",
        1.0: "Only one of them arrived.",
        4.0: "One of them was lost.",
        6.0: "One of them was lost.",
    }
    got = x.grad.item() if isinstance(x.grad, Tensor) and x.grad.numel() == 1 else None
    expect_grad(
        x, 7.0, "x",
        "y = x * x + x at x = 3. x is used three times, and the three shares add up: 3 + 3 + 1. "
        + arrived.get(got, ""),
    )  # fmt: skip


def test_unit_backward_chain():
    x = leaf(3.0)
    walk(((x * 2.0 + 1.0) ** 2.0) * 0.5)
    expect_grad(
        x, 14.0, "x", "(2 x + 1)² / 2 at x = 3: 2 from the product, times 7 from the square."
    )


def test_unit_backward_diamond():
    x = leaf(3.0)
    u = x * x
    walk(u * (u * 2.0))
    lost = "Only a part arrived: u was visited before v had delivered." if x.grad is None or (
        x.grad.item() == 108.0
    ) else ""  # fmt: skip
    expect_grad(
        x, 216.0, "x", f"u = x * x, v = u * 2, w = u * v is 2 x⁴; 8 x³ = 216 at x = 3. {lost}"
    )


def test_unit_backward_random_graphs():
    start = np.array([0.5, -0.75, 1.25])
    for seed in range(6):
        build = random_graph(seed)
        leaves = [leaf(np.array(v)) for v in start]
        walk(build(leaves))
        expected = slopes(lambda a, build=build: float(build(list(a))), start)
        for name, tensor, value in zip("abc", leaves, expected.tolist(), strict=True):
            if tensor.grad is None and value == 0:
                continue  # this graph does not use it
            expect_grad(tensor, value, name, f"A graph of additions and products (number {seed}).")


def test_unit_backward_arrays():
    why = "Element by element, as if each were a graph of its own."
    expect_grads(lambda x, y: x * y + x * x, "x * y + x * x", why, x=numbers(3), y=numbers(3))
    expect_grads(
        lambda x, y: (x * y - y / x) * y, "(x * y - y / x) * y", why,
        x=numbers(2, 3), y=numbers(2, 3, seed=1),
    )  # fmt: skip
    expect_grads(lambda x: (x * 2.0) ** 3.0 + x, "(2 x) ** 3 + x", why, x=numbers(2, 0, 3))


def test_unit_backward_gradient_of_the_root():
    for kind in (np.array, Tensor, list):
        x, given = leaf([1.0, 2.0]), kind([10.0, 100.0])
        walk(x * x, given)
        expect_grad(
            x, [20.0, 400.0], "x",
            "backward(x * x, [10. 100.]): the gradient given goes into the letterbox of root.",
        )  # fmt: skip
    x = leaf([[3.0]])
    walk(x * x)
    expect_grad(x, [[6.0]], "x", "One element, whatever its shape, may do without a gradient.")


def test_unit_backward_root_is_a_leaf():
    x = leaf(3.0)
    walk(x)
    expect_grad(x, 1.0, "x", "x moves with itself: backward of a leaf puts 1 there.")


def test_unit_backward_adds_to_grad():
    x = leaf(3.0)
    walk(x * x)
    walk(x * 5.0)
    expect_grad(
        x, 11.0, "x",
        "Two walks, 6 and then 5: what is there stays, and the new share is added to it.",
    )  # fmt: skip
    y = leaf([1.0, 2.0])
    walk(y * 2.0, [1.0, 1.0])
    first = y.grad
    walk(y * 3.0, [1.0, 1.0])
    expect_grad(y, [5.0, 5.0], "y", "Two walks, 2 and then 3.")
    expect_true(isinstance(first, Tensor), "the first gradient is no tensor any more")


def test_unit_backward_only_leaves_that_want():
    x, plain = leaf(3.0), Tensor(2.0)
    middle = x * plain
    root = middle * 4.0
    walk(root)
    expect_grad(x, 8.0, "x", "4 * 2.")
    expect_true(plain.grad is None, f"the gradient of data is {plain.grad}, expected None",
                "It does not require a gradient, so it gets none.")  # fmt: skip
    expect_true(
        middle.grad is None and root.grad is None,
        f"a tensor in the middle has the gradient {middle.grad}, the root {root.grad}, expected "
        "None",
        "Only leaves keep theirs: with all the others the memory would be taken twice.",
    )


def test_unit_backward_no_gradient_to_start_with():
    expect_raises(
        ValueError, lambda: walk(Tensor(2.0) * 3.0), "backward of a tensor that wants none",
        "first_gradient refuses it, with the reason.", mentions=["requires_grad"],
    )  # fmt: skip
    x = leaf([1.0, 2.0])
    expect_raises(
        ValueError, lambda: walk(x * x), "backward of shape (2,) without a gradient",
        "The gradient of two numbers at once: which of them?", mentions=["(2,)"],
    )  # fmt: skip
    expect_raises(
        ValueError, lambda: walk(x * x, np.ones(3)), "backward of shape (2,), gradient (3,)",
        mentions=["(3,)", "(2,)"],
    )  # fmt: skip


def test_unit_backward_dtype():
    small, large = leaf(np.array([3.0], np.float32)), leaf(np.array([4.0]))
    walk(small * large)
    for tensor, name, expected in ((small, "float32", 4.0), (large, "float64", 3.0)):
        expect_close(
            tensor.grad, [expected], f"the gradient of the {name} factor of a float64 product",
            "A gradient has the dtype of what it is a gradient of.", dtype=tensor.dtype,
        )  # fmt: skip


def test_unit_backward_inputs_that_are_none():
    with affine.using(affine.forward, rules=AFFINE_RULES):
        x, w, b = leaf([2.0, 3.0]), leaf([5.0, 7.0]), leaf([1.0, 1.0])
        walk(affine(x, w) * 2.0 + affine(x, w, b), np.ones(2))
        why = "2 affine(x, w) + affine(x, w, b): an input that is None is asked for nothing."
        expect_grad(x, [15.0, 21.0], "x", why)
        expect_grad(w, [6.0, 9.0], "w", why)
        expect_grad(b, [1.0, 1.0], "b", why)
        late = leaf([2.0, 3.0])
        walk(affine(Tensor([1.0, 1.0]), w.detach(), late), np.ones(2))
        expect_grad(late, [1.0, 1.0], "bias", "Only the last of three inputs wants a gradient.")


def test_unit_backward_missing_rule():
    @Op
    def cube(length):
        return length * length * length

    x = leaf(2.0)
    expect_raises(
        MissingGradient, lambda: walk(cube(x) + x), "backward through an operation without a rule",
        "contributions asks the table, and names what is missing.", mentions=["cube", "length"],
    )  # fmt: skip
    x = leaf(2.0)
    walk(cube(Tensor(2.0)) + x)
    expect_grad(x, 1.0, "x", "The cube was made of data: nobody asks for its rule.")


def test_unit_backward_leaves_own_their_gradients():
    x, y, seed = leaf([1.0, 2.0]), leaf([3.0, 4.0]), np.ones(2, np.float32)
    walk(x + y, seed)
    why = (
        "x + y sends the same share to both. Each leaf needs an array of its own: an optimizer "
        "changes gradients in place."
    )
    x.grad.data[...] = 99.0
    expect_grad(y, [1.0, 1.0], "y, after x.grad was overwritten: y", why)
    expect_close(seed, [1.0, 1.0], "the gradient that was handed over, after the same", why)
    x = leaf([1.0, 2.0])
    walk(x, seed)
    x.grad.data[...] = 99.0
    expect_close(seed, [1.0, 1.0], "the gradient handed over for a leaf", why)
    z = leaf([1.0, 2.0])
    walk(z * 1.0 + z, np.broadcast_to(np.float32(1.0), (2,)))
    expect_true(
        z.grad.data.flags.writeable and z.grad.data.flags.forc,
        "the array of z.grad can only be read, or has gaps in memory",
        "as_gradient makes one that can be changed.",
    )


def test_unit_backward_shares_that_can_only_be_read():
    @Op
    def total(x):
        return x.sum()

    def copied(g, out, x):
        return np.broadcast_to(g, x.shape)  # a look at one number, which cannot be written to

    x = leaf([1.0, 2.0])
    with total.using(total.forward, rules={"x": copied}):
        y = total(x) * 2.0 + total(x) * 3.0
    try:
        walk(y)
    except ValueError as error:
        raise Mismatch(
            f"a walk over two sums of x stops: {error}",
            "The array that a rule gives may be one that can only be read: with += a letterbox "
            "would be written to. box + share makes a new one.",
        ) from None
    expect_grad(x, [5.0, 5.0], "x", "twice its sum, and three times.")
    x = leaf([1.0, 2.0])
    with total.using(total.forward, rules={"x": copied}):
        walk(total(x))
    expect_grad(x, [1.0, 1.0], "x", "A sum sends each element what it got.")


def test_unit_backward_second_walk():
    x = leaf(3.0)
    y = x * x
    walk(y)
    expect_raises(
        ValueError, lambda: walk(y), "a second backward over the same graph",
        "Recipes are used up on the way, so that their memory is free; asking again must be an "
        "error, not a gradient of 0.", mentions=["retain_graph"],
    )  # fmt: skip
    expect_grad(x, 6.0, "x", "The refused walk left the gradient as it was.")


def test_unit_backward_retain_graph():
    x = leaf(3.0)
    u = x * x
    y = u * (u * 2.0)
    walk(y, retain_graph=True)
    expect_grad(x, 216.0, "x", "2 x⁴ at x = 3.")
    walk(y, None, True)
    expect_grad(x, 432.0, "x", "The second of two walks with retain_graph=True adds as much again.")
    walk(y)
    expect_raises(
        ValueError, lambda: walk(y), "backward after one without retain_graph",
        mentions=["retain_graph"],
    )  # fmt: skip


def test_unit_backward_changed_in_place():
    why = (
        "The gradient of x * x is 2 x, and x is no longer what it was: better no answer than a "
        "wrong one. contributions looks at the versions."
    )
    x = leaf([1.0, 2.0])
    y = x * x
    x.copy_([5.0, 5.0])
    expect_raises(
        ValueError, lambda: walk(y, np.ones(2)), "backward, after x of y = x * x was changed", why,
        mentions=["mul"],
    )  # fmt: skip
    x = leaf([1.0, 2.0])
    y = (x * 2.0).exp()
    y.detach().copy_([0.0, 0.0])
    expect_raises(
        ValueError, lambda: walk(y, np.ones(2)), "backward, after the result of exp was changed",
        "exp is its own slope, so the rule needs the result as it was.", mentions=["exp"],
    )  # fmt: skip


def test_unit_backward_linear_work():
    calls = itertools.count(1)
    last = [0]

    def counted(g, out, a, b):
        last[0] = next(calls)
        if last[0] > 180:
            raise Mismatch(
                "backward has called more than 180 rules for 60 nested residuals",
                "y = y + y * 0.5, 60 times, has 180 arrows, and each is walked once. Every path "
                "by itself would be 3 (2 ** 60 - 1) calls.",
            )
        return g

    x = leaf(1.0)
    with (
        add.using(add.forward, rules={"a": counted, "b": counted}),
        mul.using(mul.forward, rules={"a": lambda g, out, a, b: counted(g, out, a, b) * b}),
    ):
        root = residuals(x, 60)
        watch(root, 4800, ONCE_EACH)
        walk(root)
    expect_close(
        x.grad, 1.5**60, "x.grad of 60 nested residuals", "Each makes 1.5 times as much of it."
    )
    expect_equal(last[0], 180, "the number of rules called for 60 nested residuals of 3 arrows")


def test_unit_backward_deep():
    x = y = leaf(1.0)
    for _ in range(5000):
        y = y * 1.0
    walk(y)
    expect_grad(x, 1.0, "x", "1 from every one of 5000 products.")


def spied(x, refs, seen):
    """Make a chain of x whose first rule notes which later results are alive still."""

    @Op
    def first(x):
        return x * 2.0

    def rule(g, out, x):
        seen.append([name for name, ref in refs.items() if ref() is not None])
        return g * 2.0

    with first.using(first.forward, rules={"x": rule}):
        start = first(x)
    one = start * 3.0
    two = one * 5.0
    three = two + one
    refs |= {"one": weakref.ref(one), "two": weakref.ref(two), "three": weakref.ref(three)}
    return three * 7.0


def test_unit_backward_frees_the_graph():
    gc.disable()
    try:
        x, refs, seen = leaf([1.0, 2.0]), {}, []
        root = spied(x, refs, seen)
        walk(root, np.ones(2))
        expect_grad(x, [252.0, 252.0], "x", "7 (5 + 1) 3 times 2.")
        expect_equal(
            seen, [[]], "what is still alive of the later results when the first rule runs",
            "Something holds on to what has been visited. Its arrays could have been freed on "
            "the way: that is most of the memory of a training step.",
        )  # fmt: skip
        keep = []
        other = spied(x, refs, keep)
        walk(other, np.ones(2), retain_graph=True)
        expect_equal(
            keep, [["one", "two", "three"]], "what is alive at the first rule, retain_graph=True",
            "Retained means that everything is there for a second walk.",
        )  # fmt: skip
        del other
        alive = [name for name, ref in refs.items() if ref() is not None]
        expect_equal(
            alive, [], "what is alive after the last name of the graph is gone",
            "Something keeps the graph; it should need no garbage collector.",
        )  # fmt: skip
    finally:
        gc.enable()


# -- unbroadcast ----------------------------------------------------------------------------------

BROADCASTS = [
    ((4, 3), (3,)), ((4, 3), (4, 1)), ((4, 3), (1, 3)), ((4, 3), (1, 1)), ((4, 3), (1,)),
    ((4, 3), ()), ((3,), ()), ((), ()), ((4, 3), (4, 3)), ((2, 4, 3), (4, 3)), ((2, 4, 3), (4, 1)),
    ((2, 4, 3), (2, 1, 3)), ((2, 4, 3), (1, 1, 3)), ((2, 4, 3), (3,)), ((2, 4, 1), (4, 1)),
    ((1, 3), (3,)), ((1, 3), (1, 3)), ((1, 1), ()), ((5, 1, 3), (1, 3)), ((0, 3), (3,)),
    ((0, 3), (1, 3)), ((4, 0), (4, 1)), ((3, 3), (3, 1)), ((3, 3), (3,)),
]  # fmt: skip


def test_unit_unbroadcast_example():
    ones = np.ones((4, 3))
    expect_close(
        unbroadcast(ones, (3,)), [4.0, 4.0, 4.0], "unbroadcast(ones of shape (4, 3), (3,))",
        "In y = x + b the bias was copied to 4 rows. Each row sends a share; a gradient has the "
        "shape of what it is a gradient of.",
    )  # fmt: skip
    expect_close(
        unbroadcast(ones, (4, 1)), [[3.0], [3.0], [3.0], [3.0]],
        "unbroadcast(ones of shape (4, 3), (4, 1))",
        "An axis of size 1 was stretched to 3: its shares are added up, and it stays an axis.",
    )  # fmt: skip


def test_unit_unbroadcast_shapes():
    for of, shape in BROADCASTS:
        g = numbers(*of)
        got = unbroadcast(g, shape)
        expected = np.zeros(shape)
        wide = [n if n != 1 else slice(None) for n in shape]
        for at in np.ndindex(of):
            here = at[len(of) - len(shape) :]
            expected[tuple(i if w != slice(None) else 0 for i, w in zip(here, wide, strict=True))] \
                += g[at]  # fmt: skip
        expect_close(
            got, expected, f"unbroadcast of {of} to {shape}",
            "Aligned from the right: axes that are missing are summed away, axes of size 1 are "
            "summed and stay.",
        )  # fmt: skip


def test_unit_unbroadcast_undoes_expand():
    for of, shape in BROADCASTS:
        g, x = numbers(*of), numbers(*shape, seed=1)
        expect_close(
            np.sum(unbroadcast(g, shape) * x), np.sum(g * np.broadcast_to(x, of)),
            f"the sum of unbroadcast(g, {shape}) times x, for g of shape {of}",
            "Copying x and weighing all copies is weighing x with what comes back.",
        )  # fmt: skip


def test_unit_unbroadcast_pure():
    g = np.ones((4, 3), np.float32)
    for shape in [(3,), (4, 1), (4, 3), ()]:
        got = unbroadcast(g, shape)
        expect_unchanged(g, np.ones((4, 3)), "unbroadcast")
        expect_equal(
            np.asarray(got).dtype, np.dtype(np.float32), f"the dtype of unbroadcast to {shape}"
        )
    looked = np.broadcast_to(np.float64(1.0), (4, 3))
    expect_close(
        unbroadcast(looked, (3,)), [4.0] * 3, "unbroadcast of an array that can only be read"
    )


def test_unit_unbroadcast_of_a_bias():
    x, b = leaf(np.zeros((4, 3))), leaf(np.zeros(3))
    try:
        backward(x + b, np.ones((4, 3)))
    except ValueError as error:
        raise Mismatch(
            f"in y = x + b, x (4, 3), b (3,), the walk stops: {error}",
            "The bias was copied to 4 rows, and each row sends a share.",
        ) from None
    expect_grad(x, np.ones((4, 3)), "x", "y = x + b, each element of x went in once.")
    expect_grad(b, [4.0, 4.0, 4.0], "b", "y = x + b: each b went into 4 rows.")


def test_unit_unbroadcast_on_the_way_back():
    pairs = [
        ((4, 3), (3,)), ((3,), (4, 3)), ((4, 1), (3,)), ((4, 1), (1, 3)), ((), (2, 3)),
        ((2, 1, 3), (4, 1)), ((0, 3), (1, 3)), ((1,), (3,)),
    ]  # fmt: skip
    for a, b in pairs:
        x, y = numbers(*a), numbers(*b, seed=1)
        for f, said in (
            (lambda x, y: x + y, "x + y"),
            (lambda x, y: x * y, "x * y"),
            (lambda x, y: x - y * x, "x - y * x"),
            (lambda x, y: x / y, "x / y"),
        ):
            expect_grads(f, said, "Whatever was copied adds up its shares.", x=x, y=y)


# -- matmul_a, matmul_b ---------------------------------------------------------------------------

PRODUCTS = [
    ((2, 3), (3, 4)), ((3, 3), (3, 3)), ((1, 3), (3, 1)), ((3,), (3,)), ((3,), (3, 4)),
    ((2, 3), (3,)), ((5, 2, 3), (3, 4)), ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)), ((2, 3), (5, 3, 4)), ((4, 1, 2, 3), (5, 3, 2)), ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)), ((1, 3), (3, 4)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 1, 3), (3, 4)),
]  # fmt: skip


def product_share(rule, *shapes, arrays=()):
    """Call a rule of matmul for g, a and b; where matrices do not meet, name all their shapes."""
    __tracebackhide__ = True
    g, a, b = arrays or [numbers(*shape) for shape in shapes]
    try:
        return rule(g, None, a, b)
    except ValueError as error:
        batch = "Of a batch only the last two axes change places, swapaxes(-1, -2); .T turns all. "
        raise Mismatch(
            f"{rule.__name__} for g {g.shape}, a {a.shape}, b {b.shape}: {error}",
            (batch if a.ndim > 2 else "")
            + "g is (..., n, m), a (..., n, k), b (..., k, m). Which product has the shape of "
            f"{rule.__name__[-1]}?",
        ) from None


def expect_products(rule, name):
    """Try a rule of matmul alone on matrices and batches of them, then on the way back."""
    __tracebackhide__ = True
    for before in [(), (5,), (4, 3)]:
        shapes = {"g": (*before, 2, 4), "a": (*before, 2, 3), "b": (*before, 3, 4)}
        share = product_share(rule, *shapes.values())
        expect_equal(
            np.shape(share), shapes[name], f"the shape of {rule.__name__} for "
            + ", ".join(f"{n} {shape}" for n, shape in shapes.items()),
            "A share has the shape of its input; a batch has one for each of its matrices.",
        )  # fmt: skip
    for a, b in PRODUCTS:
        held, shape = (b, a) if name == "a" else (a, b)
        other = Tensor(numbers(*held, seed=1))
        f = {"a": lambda a, b=other: a @ b, "b": lambda b, a=other: a @ b}[name]
        expect_grads(
            f, f"a @ b, {'b' if name == 'a' else 'a'} {held}",
            f"The share of {name}, made of g (..., n, m) and {'b' if name == 'a' else 'a'}. With "
            "squares every product fits, also a wrong one.", **{name: numbers(*shape)},
        )  # fmt: skip


def test_unit_matmul_a_example():
    arrays = np.ones((1, 2)), np.ones((1, 3)), np.arange(6.0).reshape(3, 2)
    got = product_share(matmul_a, arrays=arrays)
    expect_close(
        got, [[1.0, 5.0, 9.0]], "matmul_a for g = [[1. 1.]], b = [[0. 1.] [2. 3.] [4. 5.]]",
        "Each a[i, k] met row k of b on its way to row i of the result: g times b transposed, "
        "(n, m) @ (m, k) -> (n, k).",
    )  # fmt: skip


def test_unit_matmul_a_differences():
    expect_products(matmul_a, "a")


def test_unit_matmul_a_pure():
    expect_rule(matmul_a, matmul, 0, numbers(2, 3), numbers(3, 4))
    expect_rule(matmul_a, matmul, 0, numbers(5, 2, 3), numbers(5, 3, 4))
    g, a, b = (np.ones(s, np.float32) for s in [(2, 4), (2, 3), (3, 4)])
    expect_close(matmul_a(g, g, a, b), np.full((2, 3), 4), "matmul_a of ones", dtype=np.float32)


def test_unit_matmul_b_example():
    arrays = np.ones((1, 2)), np.array([[1.0, 2.0, 3.0]]), np.ones((3, 2))
    got = product_share(matmul_b, arrays=arrays)
    expect_close(
        got, [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], "matmul_b for g = [[1. 1.]], a = [[1. 2. 3.]]",
        "Each b[k, j] met column k of a on its way to column j of the result: a transposed times "
        "g, (k, n) @ (n, m) -> (k, m).",
    )  # fmt: skip


def test_unit_matmul_b_differences():
    expect_products(matmul_b, "b")


def test_unit_matmul_b_pure():
    expect_rule(matmul_b, matmul, 1, numbers(2, 3), numbers(3, 4))
    expect_rule(matmul_b, matmul, 1, numbers(5, 2, 3), numbers(5, 3, 4))
    why = "Both factors are x, and both send a share."
    expect_grads(lambda x: x @ x, "x @ x", why, x=numbers(3, 3))


# -- reduce_sum_x ---------------------------------------------------------------------------------


def test_unit_reduce_sum_x_example():
    got = reduce_sum_x(np.array([1.0, 2.0]), None, np.ones((2, 3)), dim=1)
    expect_close(
        got, [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], "reduce_sum_x for g = [1. 2.], x (2, 3), dim=1",
        "Each element of row i went into sum i once, so it gets what sum i got.",
    )  # fmt: skip


def test_unit_reduce_sum_x_axes():
    x = numbers(2, 3, 2)
    why = "Put the axes back that the sum took away, with size 1, then copy along them."
    for dim in (None, 0, 1, 2, -1, -3, (0, 1), (0, 2), (-1, 0), (2, 1), (0, 1, 2), (1,)):
        for keepdim in (False, True):
            expect_rule(reduce_sum_x, reduce_sum, 0, x, dim=dim, keepdim=keepdim, why=why)
    square = numbers(3, 3)
    for dim in (0, 1):
        expect_rule(reduce_sum_x, reduce_sum, 0, square, dim=dim, why=why)


def test_unit_reduce_sum_x_defaults():
    expect_rule(
        reduce_sum_x, reduce_sum, 0, numbers(2, 3), why="Without dim it is the sum of everything."
    )


def test_unit_reduce_sum_x_small():
    expect_rule(reduce_sum_x, reduce_sum, 0, numbers(), dim=None)
    for shape, dim in [((0, 3), 0), ((0, 3), 1), ((0, 3), None), ((1, 1), 0)]:
        expect_rule(reduce_sum_x, reduce_sum, 0, numbers(*shape), dim=dim)


def test_unit_reduce_sum_x_on_the_way_back():
    x = numbers(2, 3)
    expect_grads(lambda x: (x * x).sum(), "(x * x).sum()", x=x)
    expect_grads(lambda x: x.mean(0) * x.mean(1, keepdim=True), "two means of x", x=x)
    expect_grads(lambda x: x.var(-1), "the variance of each row", x=x)
    y = leaf(np.ones((2, 3), np.float32))
    backward(y.sum())
    expect_close(y.grad, np.ones((2, 3)), "y.grad of y.sum()", dtype=np.float32)
    expect_grad(y, np.ones((2, 3)), "y")


# -- reshape_x ------------------------------------------------------------------------------------


def test_unit_reshape_x_example():
    got = reshape_x(np.array([1.0, 2.0, 3.0, 4.0]), None, np.ones((2, 2)), shape=(4,))
    expect_close(
        got, [[1.0, 2.0], [3.0, 4.0]], "reshape_x for g = [1. 2. 3. 4.], x (2, 2), shape=(4,)",
        "The same numbers, read again in the shape that x had.",
    )  # fmt: skip


def test_unit_reshape_x_shapes():
    for of, shape in [
        ((2, 3), (6,)), ((2, 3), (3, 2)), ((6,), (-1, 2)), ((1,), ()), ((), (1, 1)),
        ((2, 3), (2, 3)), ((0, 3), (3, 0)), ((2, 3, 4), (2, -1)),
    ]:  # fmt: skip
        expect_rule(
            reshape_x, reshape, 0, numbers(*of), shape=shape,
            why="The share of x has the shape of x, not the one that was asked for.",
        )  # fmt: skip


def test_unit_reshape_x_on_the_way_back():
    x = numbers(2, 3, 2)
    expect_grads(lambda x: x.flatten(1) * 2.0 + x.flatten(1), "flatten(1), twice", x=x)
    expect_grads(lambda x: x.unsqueeze(1).squeeze() * x, "unsqueeze and squeeze", x=x)


# -- permute_x ------------------------------------------------------------------------------------


def test_unit_permute_x_example():
    got = permute_x(np.zeros((4, 2, 3)), None, np.zeros((2, 3, 4)), dims=(2, 0, 1))
    expect_equal(
        np.shape(got), (2, 3, 4), "the shape of permute_x for g (4, 2, 3), dims=(2, 0, 1)",
        "Axis i of the result is axis dims[i] of x. The way back sends every axis to where it "
        "came from: it is not dims once more.",
    )  # fmt: skip


def test_unit_permute_x_orders():
    why = "Every axis goes back to where it came from."
    for n in (1, 2, 3):
        for dims in itertools.permutations(range(n)):
            expect_rule(permute_x, permute, 0, numbers(*(3,) * n), dims=dims, why=why)
    expect_rule(permute_x, permute, 0, numbers(2, 1, 3, 2), dims=(1, 2, 3, 0), why=why)
    expect_rule(permute_x, permute, 0, numbers(), dims=(), why="No axes, nothing to do.")


def test_unit_permute_x_negative():
    for dims in [(-1, 0, 1), (-2, -1, 0), (1, -1, -3)]:
        expect_rule(
            permute_x, permute, 0, numbers(3, 3, 3), dims=dims,
            why="Negative numbers count from the end: make them positive before you sort.",
        )  # fmt: skip


def test_unit_permute_x_on_the_way_back():
    expect_grads(lambda w: Tensor(numbers(4, 3)) @ w.T, "x @ w.T, x (4, 3)", w=numbers(2, 3))
    expect_grads(lambda x: x.transpose(0, 2) * 2.0, "2 x.transpose(0, 2)", x=numbers(2, 3, 4))


# -- take_x ---------------------------------------------------------------------------------------


def test_unit_take_x_example():
    got = take_x(np.array([1.0, 2.0, 3.0]), None, np.zeros(4), index=[0, 0, 2])
    if got is None:
        raise Mismatch(
            "take_x for g = [1. 2. 3.], x (4,), index=[0 0 2] is None, expected [3. 0. 3. 0.]",
            "Is a return missing? Or did you return what np.add.at gives? It writes into the "
            "array that it is handed, and gives nothing back: return that array.",
        )
    twice = np.size(got) == 4 and float(np.ravel(got)[0]) == 2.0
    expect_close(
        got, [3.0, 0.0, 3.0, 0.0], "take_x for g = [1. 2. 3.], x (4,), index=[0 0 2]",
        "x[0] was picked twice, and its shares add up: 1 + 2."
        + (" With share[index] = g the last one wins." if twice else ""),
    )  # fmt: skip


def test_unit_take_x_every_index():
    rows, flags = np.array([2, 0, 2]), np.array([True, False, True, False])
    for index in [
        0, -1, (0, 1), (0, 1, 1), slice(1, 3), slice(None, None, -2), (slice(None), 1), (..., 0),
        None, (slice(None), None, 0), rows, flags, (flags, 1), (rows, 1), [3, -1, 3],
        (rows, np.array([0, 1, 2])), (slice(None), np.array([[0, 1], [2, 0]])), (), ...,
        (np.array([3, 1, 3]), slice(0, 2), np.array([1, 0, 1])), slice(3, 1), np.int64(2),
        np.zeros((4, 3, 2), bool),
    ]:  # fmt: skip
        expect_rule(
            take_x, take, 0, numbers(4, 3, 2), index=index,
            why="Where nothing was picked the share is 0; where it was picked, g, once for each "
            "time.",
        )  # fmt: skip


def test_unit_take_x_dtype():
    for index in ([0, 0], 1, slice(1, 3)):
        x = np.zeros(3, np.float32)
        g = np.ones_like(x[index])
        expect_equal(
            np.asarray(take_x(g, g, x, index=index)).dtype, np.dtype(np.float32),
            f"the dtype of take_x of float32, index {index},",
            "np.zeros alone makes float64, twice the memory.",
        )  # fmt: skip


def test_unit_take_x_on_the_way_back():
    x = numbers(4, 3)
    expect_grads(lambda x: x[1:] * x[:-1], "x[1:] * x[:-1]", x=x)
    expect_grads(lambda x: x[Tensor([0, 0, 3])] * x[0], "x[[0 0 3]] * x[0]", x=x)
    expect_grads(lambda x: x.max(1).values, "x.max(1).values", x=x)
    y = leaf(np.zeros(3, np.float32))
    backward(y[[1, 1]], np.ones(2))
    expect_close(y.grad, [0.0, 2.0, 0.0], "y.grad of y[[1, 1]]", dtype=np.float32)


# -- relu_x ---------------------------------------------------------------------------------------


def test_unit_relu_x_example():
    x, out = np.array([-1.0, 0.0, 2.0]), np.array([0.0, 0.0, 2.0])
    got = relu_x(np.array([5.0, 5.0, 5.0]), out, x)
    expect_close(
        got, [0.0, 0.0, 5.0], "relu_x for g = [5. 5. 5.], x = [-1. 0. 2.]",
        "Above 0 relu lets through what comes, g; elsewhere it is flat. At 0 itself either would "
        "do; PyTorch takes 0.",
    )  # fmt: skip


def test_unit_relu_x_differences():
    for shape in [(5,), (2, 3), (), (0,)]:
        expect_rule(relu_x, relu, 0, numbers(*shape))


def test_unit_relu_x_close_to_zero():
    x = np.array([-1e-9, 1e-9, 1e-30])
    expect_close(
        relu_x(np.full(3, 5.0), np.maximum(x, 0), x), [0.0, 5.0, 5.0],
        "relu_x for g = [5. 5. 5.], x = [-1e-09 1e-09 1e-30]",
        "However little x is above 0, relu is x there, and lets g through.",
    )  # fmt: skip


def test_unit_relu_x_in_use():
    expect_grads(lambda x: relu(x * 2.0) * x, "relu(2 x) x", x=numbers(2, 3))
    g, x = np.full(2, 3, np.float32), np.array([-1, 1], np.float32)
    out = np.maximum(x, 0)
    expect_close(relu_x(g, out, x), [0.0, 3.0], "relu_x of float32", dtype=np.float32)


# -- sigmoid_x ------------------------------------------------------------------------------------


def test_unit_sigmoid_x_example():
    got = sigmoid_x(np.array([1.0]), np.array([0.5]), np.array([0.0]))
    expect_close(
        got, [0.25], "sigmoid_x for g = 1, out = 0.5, x = 0",
        "The slope is out (1 - out): steepest in the middle, and a quarter there.",
    )  # fmt: skip


def test_unit_sigmoid_x_differences():
    for shape in [(5,), (2, 3), (), (0,)]:
        expect_rule(sigmoid_x, sigmoid, 0, 2 * numbers(*shape))


def test_unit_sigmoid_x_far_out():
    x = np.array([-1000.0, 1000.0])
    with np.errstate(all="ignore"):
        got = sigmoid_x(np.ones(2), np.array([0.0, 1.0]), x)
    expect_close(
        got, [0.0, 0.0], "sigmoid_x at x = -1000 and 1000",
        "It is flat there. exp(-x) would overflow; out is at hand.",
    )  # fmt: skip


def test_unit_sigmoid_x_in_use():
    expect_grads(lambda x: sigmoid(x) * x + sigmoid(x * x), "x sigmoid(x) + …", x=numbers(2, 3))


# -- softmax_x ------------------------------------------------------------------------------------


def test_unit_softmax_x_example():
    got = softmax_x(np.array([1.0, 0.0]), np.array([0.5, 0.5]), None, dim=0)
    known = {
        (0.5, 0.0): "That is out * g; nobody has lost anything yet.",
        (0.25, 0.0): "That is each answer by itself, with the slope out (1 - out).",
        (0.0, -0.5): "Taken off was the plain sum of g, 1; each g counts as much as its out.",
    }
    first = tuple(np.ravel(got).tolist()) if isinstance(got, np.ndarray) else None
    expect_close(
        got, [0.25, -0.25], "softmax_x for g = [1. 0.], out = [0.5 0.5]",
        "More for one answer is less for the others: the sum of g * out, here 0.5, is what all "
        "of them lose. " + known.get(first, ""),
    )  # fmt: skip


def test_unit_softmax_x_axes():
    for shape, dim in [
        ((4,), 0), ((3, 3), 0), ((3, 3), 1), ((3, 3), -1), ((2, 3, 4), 1), ((2, 3, 4), -3),
        ((1,), 0), ((0, 3), 1),
    ]:  # fmt: skip
        expect_rule(
            softmax_x, softmax, 0, numbers(*shape), dim=dim,
            why="out (g - sum of g out), the sum along dim, with the axis kept.",
        )  # fmt: skip


def test_unit_softmax_x_nothing_to_gain():
    out = softmax.forward(numbers(2, 3), dim=1)
    got = softmax_x(np.full((2, 3), 7.0), out, None, dim=1)
    expect_close(
        got, np.zeros((2, 3)), "softmax_x where every g is 7",
        "If all answers count the same, no shift between them is worth anything.",
    )  # fmt: skip


def test_unit_softmax_x_in_use():
    expect_grads(lambda x: softmax(x, dim=1) * x, "softmax(x) * x", x=numbers(2, 3))


# -- cross_entropy_logits -------------------------------------------------------------------------


def test_unit_cross_entropy_logits_example():
    logits = np.array([[0.0, 0.0], [0.0, 0.0]])
    got = cross_entropy_logits(np.array(1.0), None, logits, np.array([0, 1]))
    expect_close(
        got, [[-0.25, 0.25], [0.25, -0.25]],
        "cross_entropy_logits for g = 1, two rows of zeros, target [0 1]",
        "Softmax gives 0.5 to each. The right class has 1 taken off; the mean of 2 examples "
        "halves it all.",
    )  # fmt: skip


def test_unit_cross_entropy_logits_reductions():
    logits, target = 2 * numbers(5, 4), np.array([0, 3, 3, 1, 2])
    for reduction, why in (
        ("mean", "The mean shares g out: each of the N examples has 1/N of it."),
        ("sum", "In a sum each example has all of g."),
        ("none", "With 'none' there is one g for each example: a column beside its row."),
    ):
        expect_rule(
            cross_entropy_logits, cross_entropy, 0, logits, target, reduction=reduction, why=why
        )
    square = numbers(3, 3)
    expect_rule(
        cross_entropy_logits, cross_entropy, 0, square, np.array([2, 0, 1]), reduction="none",
        why="As many rows as classes: g goes down the rows, not along the classes.",
    )  # fmt: skip


def test_unit_cross_entropy_logits_one_example():
    for reduction in ("mean", "sum", "none"):
        expect_rule(
            cross_entropy_logits, cross_entropy, 0, numbers(4), np.array(2), reduction=reduction,
            why="One example may come without its batch axis: (C,) and one class.",
        )  # fmt: skip


def test_unit_cross_entropy_logits_no_examples():
    got = cross_entropy_logits(
        np.zeros(0), np.zeros(0), np.zeros((0, 3)), np.zeros(0, int), reduction="none"
    )
    expect_close(got, np.zeros((0, 3)), "cross_entropy_logits of no examples, 'none'")


def test_unit_cross_entropy_logits_large_scores():
    logits = np.array([[1000.0, 0.0], [0.0, -1000.0]])
    with np.errstate(all="ignore"):
        got = cross_entropy_logits(np.array(2.0), None, logits, np.array([1, 0]))
    expect_close(
        got, [[1.0, -1.0], [0.0, 0.0]], "cross_entropy_logits of [[1000. 0.] [0. -1000.]], g = 2",
        "exp(1000) overflows; softmax.forward does not.",
    )  # fmt: skip


def test_unit_cross_entropy_logits_in_use():
    target = Tensor([1, 0, 2])
    expect_grads(
        lambda x: cross_entropy(x * 2.0, target) * 3.0, "3 cross_entropy(2 x, [1 0 2])",
        x=numbers(3, 3),
    )  # fmt: skip
    y = leaf(np.zeros((2, 2), np.float32))
    backward(cross_entropy(y, Tensor([0, 0])))
    expect_close(
        y.grad, [[-0.25, 0.25], [-0.25, 0.25]], "y.grad of cross_entropy(zeros, [0 0])",
        dtype=np.float32,
    )  # fmt: skip


# -- no_grad --------------------------------------------------------------------------------------


class Restored:
    """Puts recording back to on at the end, whatever the learner's block did, for other tests."""

    def __enter__(self):
        state.recording = True

    def __exit__(self, *_):
        state.recording = True


def records():
    """Tell whether an operation leaves a recipe now."""
    return (leaf(1.0) * 2.0).recipe is not None


def in_thread(call):
    """Call in a thread of its own, and give what came back."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


def test_unit_no_grad_enter_example():
    with Restored():
        x = leaf(1.0)
        no_grad().__enter__()
        wanted = (x * 2.0).requires_grad
    expect_equal(
        wanted, False, "requires_grad of x * 2.0 inside no_grad()",
        "state.recording says whether Op notes recipes. no_grad turns it off.",
    )  # fmt: skip


def test_unit_no_grad_enter_takes_the_mode_of_the_block():
    with Restored():
        found = []
        for block in (no_grad(), enable_grad(), set_grad_enabled(False), set_grad_enabled(True)):
            block.__enter__()
            found.append(is_grad_enabled())
    expect_equal(
        found, [False, True, False, True],
        "whether it records after entering no_grad, enable_grad, set_grad_enabled(False), (True)",
        "enable_grad is made of no_grad: it only has another `recording`, which says what the "
        "block is to do.",
    )  # fmt: skip


def test_unit_no_grad_enter_this_thread_only():
    with Restored():
        no_grad().__enter__()
        elsewhere = in_thread(records)
        here = records()
    expect_equal(
        (here, elsewhere), (False, True), "whether it records in (this thread, another one)",
        "A loader that runs beside must not stop the training from recording: state is a "
        "thread's own.",
    )  # fmt: skip


def test_unit_no_grad_exit_example():
    with Restored():
        x = leaf(1.0)
        with no_grad():
            pass
        wanted = (x * 2.0).requires_grad
    expect_equal(
        wanted, True, "requires_grad of x * 2.0 after `with no_grad()`",
        "The block is over: what was before comes back.",
    )  # fmt: skip


def test_unit_no_grad_exit_nested():
    with Restored():
        found = []
        with no_grad():
            with no_grad():
                found.append(is_grad_enabled())
            found.append(is_grad_enabled())
            with enable_grad():
                found.append(is_grad_enabled())
            found.append(is_grad_enabled())
        found.append(is_grad_enabled())
    expect_equal(
        found, [False, False, True, False, True],
        "whether it records, in and after blocks in a block,",
        "Each block brings back what was before it, which need not be True.",
    )  # fmt: skip


def test_unit_no_grad_exit_after_an_error():
    with Restored():
        outcome = "swallowed"
        try:
            with no_grad():
                raise KeyError("from inside")
        except KeyError:
            outcome = "came through"
        recording = is_grad_enabled()
    expect_equal(
        outcome, "came through", "an error raised inside no_grad",
        "__exit__ that gives True tells Python to forget the error. Give nothing.",
    )  # fmt: skip
    expect_equal(
        recording, True, "whether it records after an error left the block",
        "Python calls __exit__ after an error, too, with three arguments that tell of it. Bring "
        "back what was before in any case.",
    )  # fmt: skip
    with Restored(), no_grad():
        try:
            with enable_grad():
                raise KeyError("from inside")
        except KeyError:
            pass
        recording = is_grad_enabled()
    expect_equal(
        recording, False, "whether it records in no_grad, after an error left a block inside it",
        "What was before comes back, also after an error; it need not be True.",
    )  # fmt: skip


def test_unit_no_grad_exit_decorated():
    with Restored():

        @no_grad()
        def evaluate(x, depth=0):
            if depth:
                evaluate(x, depth - 1)
            return (x * 2.0).requires_grad

        found = [evaluate(leaf(1.0)), evaluate(leaf(1.0), depth=2), is_grad_enabled()]
        with no_grad():
            evaluate(leaf(1.0))
            found.append(is_grad_enabled())
    expect_equal(
        found, [False, False, True, False],
        "whether it records in a decorated function, in one that calls itself, after it, and "
        "after one inside no_grad",
        "A decorated function is a block of its own for each call.",
    )  # fmt: skip


def test_unit_no_grad_exit_update():
    with Restored():
        w = leaf([1.0, 2.0])
        backward((w * w).sum())
        with no_grad():
            w -= 0.5 * w.grad
        expect_true(
            w.requires_grad and w.recipe is None,
            "after `w -= 0.5 * w.grad` under no_grad, w is no leaf any more",
        )
        expect_close(w, [0.0, 0.0], "w after `w -= 0.5 * w.grad` under no_grad, w = [1. 2.]")
        backward((w * 3.0).sum())
        expect_grad(w, [5.0, 7.0], "w", "[2. 4.] of the first walk, and 3 of the second.")


# -- the stage as a whole -------------------------------------------------------------------------


def test_module():
    """A network learns XOR: forward, loss, backward, update, and its gradients are right."""
    with Restored():
        draw = np.random.default_rng(3)
        x = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        target = Tensor([0, 1, 1, 0])
        shapes = {"w": (8, 2), "b": (8,), "v": (2, 8), "c": (2,)}
        start = {name: draw.normal(0, 1, shape) for name, shape in shapes.items()}

        def loss(w, b, v, c):
            hidden = relu(x @ w.T + b)
            return cross_entropy(hidden @ v.T + c, target)

        leaves = {name: leaf(array.copy()) for name, array in start.items()}
        backward(loss(**leaves))
        for name, array in start.items():

            def nudged(a, name=name):
                values = {n: Tensor(a if n == name else s) for n, s in start.items()}
                return loss(**values).item()

            expect_grad(
                leaves[name], slopes(nudged, array), name,
                "A network 2-8-2, every weight nudged to compare.",
            )  # fmt: skip
        losses = []
        for _ in range(40):
            for p in leaves.values():
                p.grad = None
            now = loss(**leaves)
            losses.append(now.item())
            backward(now)
            with no_grad():
                for p in leaves.values():
                    p -= 0.5 * p.grad
        with no_grad():
            hidden = relu(x @ leaves["w"].T + leaves["b"])
            said = (hidden @ leaves["v"].T + leaves["c"]).argmax(1)
        expect_true(
            losses[-1] < 0.2 * losses[0],
            f"40 steps on XOR brought the loss from {losses[0]:.3f} to {losses[-1]:.3f}",
            "The gradients are right; is what the walk leaves behind, too?",
        )
        expect_equal(said.tolist(), [0, 1, 1, 0], "what the network says to XOR")
        expect_raises(
            ValueError, lambda: backward(now), "a second walk over the last graph",
            mentions=["retain_graph"],
        )  # fmt: skip
