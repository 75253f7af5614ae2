"""Milestone 1: the perceptron's rule."""

import numpy as np
from tinytorch.layers import Linear
from tinytorch.tensor import Tensor

from checker.expect import Mismatch, expect_equal, expect_true, expect_unchanged, show


def update(layer, x, target):
    from mine import perceptron_update

    return perceptron_update(layer, Tensor(np.array(x, np.float32)), target)


def layer_of(weights, bias):
    """Make a Linear with one output and the numbers given."""
    layer = Linear(len(weights), 1)
    layer.weight.copy_(np.array([weights], np.float32))
    layer.bias.copy_([bias])
    return layer


def numbers_of(values):
    """Say what weights and what bias these are: the bias is the last."""
    return f"weights {show(np.asarray(values[:-1]))} and bias {show(np.asarray(values[-1]))}"


def expect_after(after, expected, what, why):
    """Compare the weights and the bias after an update, and call them by their names."""
    __tracebackhide__ = True
    if after.shape != np.shape(expected) or not np.allclose(after, expected):
        raise Mismatch(
            f"{what}: the update leaves other numbers than the rule", why,
            numbers_of(expected), numbers_of(after),
        )  # fmt: skip


def step(weights, bias, x, target):
    """Give (mistake, weights, bias) after one update."""
    layer = layer_of(weights, bias)
    mistake = update(layer, x, target)
    return mistake, np.append(layer.weight.data, layer.bias.data)


def test_unit_perceptron_update_example():
    mistake, after = step([0.0, 0.0], 0.0, [1.0, 2.0], 1)
    expect_after(
        after,
        [1.0, 2.0, 1.0],
        "from weights [0. 0.] and bias 0., with x = [1. 2.] and target 1",
        "The sum is 0, and 0 is not above 0, so the output was 0 and the mistake is 1: 1 * x is "
        "added to the weights and 1 to the bias.",
    )
    expect_equal(mistake, 1, "the mistake given back")


def test_unit_perceptron_update_too_high():
    mistake, after = step([3.0, -1.0], 1.0, [1.0, 2.0], 0)
    expect_after(
        after,
        [2.0, -3.0, 0.0],
        "from weights [3. -1.] and bias 1., with x = [1. 2.] and target 0",
        "3 - 2 + 1 = 2 is above 0, so the output was 1 and the mistake is -1: x is subtracted.",
    )
    expect_equal(mistake, -1, "the mistake given back where the output is 1 and the target 0")


def test_unit_perceptron_update_right_answers():
    for weights, bias, target in [([3.0, -1.0], 1.0, 1), ([-3.0, 1.0], -1.0, 0)]:
        mistake, after = step(weights, bias, [1.0, 2.0], target)
        expect_after(
            after,
            [*weights, bias],
            f"from {numbers_of([*weights, bias])}, with x = [1. 2.] and target {target}",
            "The answer was right. Who learns from mistakes alone changes nothing.",
        )
        expect_equal(mistake, 0, "the mistake given back for a right answer")


def test_unit_perceptron_update_border():
    mistake, after = step([1.0, -1.0], 0.0, [1.0, 1.0], 0)
    expect_equal(
        mistake,
        0,
        "the mistake at weights [1. -1.], bias 0., x = [1. 1.], target 0",
        "The sum is exactly 0, and 0 is not above 0: the output is 0, which is right.",
    )
    expect_after(
        after,
        [1.0, -1.0, 0.0],
        "from weights [1. -1.] and bias 0., with x = [1. 1.] and target 0",
        "The answer was right: nothing changes.",
    )


def test_unit_perceptron_update_size():
    """How far the sum is from 0 plays no part."""
    mistake, after = step([100.0, 0.0], 0.5, [1.0, 2.0], 0)
    expect_after(
        after,
        [99.0, -2.0, -0.5],
        "from weights [100. 0.] and bias 0.5, with x = [1. 2.] and target 0",
        "The sum is 100.5, but the output is 1, and the mistake -1.",
    )
    expect_equal(mistake, -1, "the mistake given back for a sum of 100.5")


def test_unit_perceptron_update_same_objects():
    layer = layer_of([0.0, 0.0], 0.0)
    weight, bias = layer.weight, layer.bias
    update(layer, [1.0, 2.0], 1)
    expect_true(
        layer.weight is weight and layer.bias is bias,
        "perceptron_update put another object in the place of layer.weight or layer.bias",
        "Change the numbers in the parameters that are there: copy_().",
    )


def test_unit_perceptron_update_leaves_the_example():
    from mine import perceptron_update

    x = Tensor(np.array([1.0, 2.0], np.float32))
    perceptron_update(layer_of([0.0, 0.0], 0.0), x, 1)
    expect_unchanged(x, np.array([1.0, 2.0]), "perceptron_update")


def test_unit_perceptron_update_many_inputs():
    rng = np.random.default_rng(0)
    for n in (1, 5, 64):
        weights, x = rng.integers(-3, 4, n).astype(float), rng.integers(0, 2, n).astype(float)
        for target in (0, 1):
            mistake = target - int(weights @ x + 1.0 > 0)
            expect_after(
                step(weights, 1.0, x, target)[1],
                [*(weights + mistake * x), 1.0 + mistake],
                f"one step with {n} weights and target {target}",
                "Where an input is 0, its weight is not to blame and stays.",
            )


def test_module():
    """The rule learns AND and OR, and never XOR."""
    rows = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    for name, targets in [("AND", [0, 0, 0, 1]), ("OR", [0, 1, 1, 1]), ("XOR", [0, 1, 1, 0])]:
        layer, mistakes = layer_of([0.0, 0.0], 0.0), []
        for _ in range(20):
            made = [abs(update(layer, x, y)) for x, y in zip(rows, targets, strict=True)]
            mistakes.append(sum(made))
        if name == "XOR":
            expect_true(min(mistakes) > 0, f"XOR was learnt, mistakes in each epoch: {mistakes}")
        else:
            expect_equal(mistakes[-1], 0, f"the mistakes in epoch 20 of {name}, of 4")
