"""Stage 03: layers, and the modules that hold them."""

import math

import numpy as np
from tinytorch.activations import relu
from tinytorch.creation import manual_seed, ones, zeros
from tinytorch.layers import (
    Dropout,
    Flatten,
    Linear,
    Module,
    Parameter,
    ReLU,
    Sequential,
    Softmax,
    kaiming_uniform_,
)
from tinytorch.tensor import Tensor

from checker.expect import (
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    expect_unchanged,
)


def linear(weight, bias=None):
    """Make a Linear with the numbers given."""
    weight = np.array(weight, np.float32)
    layer = Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    layer.weight = Parameter(weight)
    layer.bias = None if bias is None else Parameter(np.array(bias, np.float32))
    return layer


def holder(**attributes):
    """Make a Module with the parameters, modules and other things given."""
    module = Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


def names(module, *prefix):
    return [name for name, _ in module.named_parameters(*prefix)]


class Double(Module):
    """A layer of two times x, that counts its calls."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return x * 2.0


class AddOne(Module):
    def forward(self, x):
        return x + 1.0


# -- kaiming_uniform_


def largest(values):
    return float(np.abs(values.data).max())


def test_unit_kaiming_uniform_example():
    manual_seed(0)
    top = largest(kaiming_uniform_(zeros(500, 6)))
    known = {
        0.1096: "500 and 6 are exchanged: each of 500 units adds up 6 inputs, so fan_in is 6.",
        0.5774: "gain / sqrt(fan) is the spread. A uniform range reaches sqrt(3) times as far.",
        0.7072: "That is sqrt(3 / 6), without the gain, or sqrt(2) * 3 / 6, without the root.",
    }
    near = [why for bound, why in known.items() if 0.99 * bound < top <= bound]
    expect_true(
        0.99 < top < 1.0,
        f"the largest weight of kaiming_uniform_(zeros(500, 6)) is {top:.4g}, expected just below "
        "1, as the bound is sqrt(2) * sqrt(3 / 6) = 1",
        near[0] if near else "gain * sqrt(3 / fan), and fan_in is the second size of the shape.",
    )


def test_unit_kaiming_uniform_gives_the_tensor_back():
    tensor = zeros(3, 2)
    got = kaiming_uniform_(tensor)
    expect_true(
        got is tensor,
        f"kaiming_uniform_(tensor) gives {type(got).__name__}, expected the very tensor it filled",
        "The underscore says: in place. Linear keeps what comes back.",
    )


def test_unit_kaiming_uniform_bounds():
    root2, root3 = 2**0.5, 3**0.5
    cases = [
        ((400, 27), {}, root2 * root3 / 27**0.5),
        ((27, 400), {}, root2 * root3 / 20),
        ((400, 25), {"mode": "fan_out"}, root2 * root3 / 20),
        ((400, 25), {"a": math.sqrt(5)}, 0.2),
        ((400, 25), {"a": 1.0}, root3 / 5),
        ((400, 25), {"nonlinearity": "linear"}, root3 / 5),
        ((400, 25), {"nonlinearity": "tanh"}, 5 / 3 * root3 / 5),
        ((40, 20, 5, 5), {}, root2 * root3 / 500**0.5),
    ]
    for shape, options, bound in cases:
        said = "".join(f", {name}={value:.4g}" if name == "a" else f", {name}={value!r}"
                       for name, value in options.items())  # fmt: skip
        top = largest(kaiming_uniform_(zeros(*shape), **options))
        expect_true(
            0.99 * bound < top <= bound,
            f"the largest weight of kaiming_uniform_(zeros{shape}{said}) is {top:.4f}, expected "
            f"just below the bound {bound:.4f}",
            "bound = gain * sqrt(3 / fan). `a` and `nonlinearity` are for calculate_gain, `mode` "
            "chooses between the two numbers of _fans.",
        )


def test_unit_kaiming_uniform_is_uniform():
    values = kaiming_uniform_(zeros(2000, 6)).data
    shares = np.histogram(values, bins=4, range=(-1, 1))[0] / values.size
    expect_close(
        shares,
        [0.25] * 4,
        "the share of the weights in each quarter of (-1, 1), for shape (2000, 6)",
        "Uniform means: each quarter of the range gets a quarter of the numbers.",
        atol=0.03,
    )


def test_unit_kaiming_uniform_keeps_the_signal():
    manual_seed(0)
    x = np.random.default_rng(0).standard_normal((50, 128)).astype(np.float32)
    for _ in range(10):
        x = np.maximum(x @ kaiming_uniform_(zeros(128, 128)).data.T, 0)
    size = float(np.sqrt((x**2).mean()))
    expect_true(
        0.3 < size < 3,
        f"after 10 relu layers of 128 units a signal of size 1 has size {size:.3g}, expected "
        "something near 1",
        "That is what the gain sqrt(2) is for: relu takes half of the square away at each layer.",
    )


def test_unit_kaiming_uniform_draws_from_the_framework():
    manual_seed(3)
    first, second = kaiming_uniform_(zeros(4, 4)).data, kaiming_uniform_(zeros(4, 4)).data
    manual_seed(3)
    expect_close(
        kaiming_uniform_(zeros(4, 4)),
        first,
        "kaiming_uniform_ after manual_seed(3), the second time",
        "With the same seed come the same weights; use uniform_, which draws from the "
        "framework's random numbers.",
    )
    expect_true(
        not np.array_equal(first, second),
        "two calls of kaiming_uniform_ give the same numbers",
        "Only manual_seed starts the random numbers anew.",
    )


def test_unit_kaiming_uniform_keeps_the_dtype():
    for dtype in (np.float32, np.float64):
        got = kaiming_uniform_(zeros(2, 3, dtype=dtype)).dtype
        expect_equal(
            str(got), str(np.dtype(dtype)), f"the dtype of kaiming_uniform_ of {np.dtype(dtype)}"
        )


def test_unit_kaiming_uniform_refuses():
    expect_raises(
        ValueError, lambda: kaiming_uniform_(zeros(3)), "kaiming_uniform_ of shape (3,)",
        "One axis does not say what goes in and what comes out.", ["(3,)"],
    )  # fmt: skip
    expect_raises(
        ValueError, lambda: kaiming_uniform_(zeros(3, 2), mode="fan_up"),
        "kaiming_uniform_ with mode='fan_up'",
        "A mistyped mode must not silently mean the other one.", ["fan_up", "fan_in", "fan_out"],
    )  # fmt: skip


# -- Linear.__init__


def test_unit_linear_init_example():
    layer = Linear(3, 2)
    expect_equal(
        (layer.weight.shape, layer.bias.shape),
        ((2, 3), (2,)),
        "(weight.shape, bias.shape) of Linear(3, 2)",
        "One row of weights for each output: 2 outputs, each with 3 inputs.",
    )


def test_unit_linear_init_sizes():
    layer = Linear(5, 7)
    expect_equal(
        tuple(getattr(layer, name, None) for name in ("in_features", "out_features")),
        (5, 7),
        "(in_features, out_features) of Linear(5, 7)",
        "Keep both in self: repr(layer) and later stages read them.",
    )


def test_unit_linear_init_without_bias():
    layer = Linear(3, 2, bias=False)
    bias = getattr(layer, "bias", "not there")
    expect_true(
        bias is None,
        f"Linear(3, 2, bias=False).bias is {bias!r}, expected None",
        "self.bias exists in every case, so that forward can ask whether it is None.",
    )
    expect_equal(layer.weight.shape, (2, 3), "weight.shape of Linear(3, 2, bias=False)")


def test_unit_linear_init_registers_parameters():
    layer = Linear(3, 2)
    for name in ("weight", "bias"):
        value = getattr(layer, name)
        expect_true(
            isinstance(value, Parameter) and value.requires_grad,
            f"{name} of Linear(3, 2) is a {type(value).__name__}, expected a Parameter that "
            "requires a gradient",
            "A Module registers what is a Parameter. A plain tensor is never trained.",
        )
    expect_equal(
        list(layer._parameters),
        ["weight", "bias"],
        "the list of names registered by Linear(3, 2)",
        "PyTorch's names in PyTorch's order: whoever loads a saved network relies on them.",
    )


def test_unit_linear_init_range():
    layer = Linear(25, 4000)
    for name in ("weight", "bias"):
        values = getattr(layer, name).data
        low, high = float(values.min()), float(values.max())
        expect_true(
            -0.2 <= low < -0.198 and 0.198 < high <= 0.2,
            f"the {name} of Linear(25, 4000) lies between {low:.3f} and {high:.3f}, expected -0.2 "
            "to 0.2",
            "Both start in ±1/sqrt(in_features), and 1/sqrt(25) is 0.2. For the weight that is "
            "kaiming_uniform_ with a = sqrt(5): sqrt(2 / 6) * sqrt(3 / 25).",
        )


def test_unit_linear_init_follows_the_seed():
    manual_seed(7)
    first = Linear(4, 3)
    manual_seed(7)
    again, other = Linear(4, 3), Linear(4, 3)
    for name in ("weight", "bias"):
        expect_close(
            getattr(again, name),
            getattr(first, name).data,
            f"the {name} of Linear(4, 3) after manual_seed(7), the second time",
            "The same seed gives the same network, or no result can be repeated.",
        )
    expect_true(
        not np.array_equal(again.weight.data, other.weight.data),
        "two Linear layers made one after the other have the same weights",
    )


# -- Linear.forward


def test_unit_linear_forward_example():
    layer = linear([[1.0, 2.0]], [3.0])
    expect_close(
        layer(Tensor([10.0, 1.0])),
        [15.0],
        "a Linear of weight [[1. 2.]] and bias [3.] at [10. 1.]",
        "1 * 10 + 2 * 1 + 3 = 15.",
    )


def test_unit_linear_forward_batch():
    rng = np.random.default_rng(0)
    for shape in [(3,), (4, 3), (2, 4, 3), (0, 3)]:
        weight, bias = rng.standard_normal((2, 3)), rng.standard_normal(2)
        x = rng.standard_normal(shape).astype(np.float32)
        expected = np.einsum("...i,oi->...o", x, weight) + bias
        expect_close(
            linear(weight, bias)(Tensor(x)),
            expected,
            f"Linear(3, 2) of an input of shape {shape}",
            "Every row goes the same way: (..., 3) @ (3, 2) + (2,). Only the last axis changes.",
            dtype=np.float32,
            rtol=1e-4,
        )


def test_unit_linear_forward_without_bias():
    expect_close(
        linear([[1.0, 2.0], [0.0, -1.0]])(Tensor([10.0, 1.0])),
        [12.0, -1.0],
        "a Linear without bias, weight [[1. 2.] [0. -1.]], at [10. 1.]",
        "Row 0 of the weight belongs to output 0: 1 * 10 + 2 * 1 = 12.",
    )


def test_unit_linear_forward_square():
    """A square weight fits from both sides: only the numbers show which way it lies."""
    expect_close(
        linear([[0.0, 1.0], [0.0, 0.0]], [0.0, 0.0])(Tensor([5.0, 7.0])),
        [7.0, 0.0],
        "a Linear of weight [[0. 1.] [0. 0.]] at [5. 7.]",
        "Row 0 of the weight belongs to output 0: 0 * 5 + 1 * 7. So the weight is transposed "
        "before the product.",
    )


def test_unit_linear_forward_remembers():
    out = linear([[1.0, 2.0]], [3.0])(Tensor([[10.0, 1.0]]))
    expect_true(
        out.requires_grad and out.recipe is not None,
        "the output of a Linear has forgotten how it was made: requires_grad is "
        f"{out.requires_grad}, recipe is {out.recipe!r}",
        "Compute with the tensors, not with their .data, or stage 05 cannot find the weights.",
    )


def test_unit_linear_forward_keeps_float64():
    layer = linear([[1.0, 2.0]], [3.0])
    layer.weight, layer.bias = Parameter(np.array([[1.0, 2.0]])), Parameter(np.array([3.0]))
    expect_close(
        layer(Tensor(np.array([10.0, 1e-9]))),
        [13.000000002],
        "a Linear of float64 at [10. 1e-9]",
        rtol=1e-14,
        atol=0,
        dtype=np.float64,
    )


def test_unit_linear_forward_uses_the_weight_of_now():
    layer = linear([[1.0, 1.0]], [0.0])
    layer(Tensor([1.0, 1.0]))
    layer.weight = Parameter([[5.0, 1.0]])
    expect_close(
        layer(Tensor([1.0, 1.0])),
        [6.0],
        "a Linear at [1. 1.] whose weight was replaced by [[5. 1.]]",
        "The weight may be another tensor at every call; look it up each time.",
    )


def test_unit_linear_forward_wrong_size():
    expect_raises(
        ValueError, lambda: Linear(3, 2)(zeros(5, 4)), "Linear(3, 2) of shape (5, 4)",
        "4 numbers do not fit a unit with 3 weights.", ["(5, 4)", "3"],
    )  # fmt: skip


def test_unit_linear_forward_changes_nothing():
    x, layer = Tensor([[10.0, 1.0]]), linear([[1.0, 2.0]], [3.0])
    layer(x)
    expect_unchanged(x, np.array([[10.0, 1.0]]), "Linear.forward")
    expect_unchanged(layer.bias, np.array([3.0]), "Linear.forward")


# -- Module.named_parameters


def test_unit_module_named_parameters_example():
    net = Sequential(Linear(2, 3), ReLU(), Linear(3, 1))
    expect_equal(
        names(net),
        ["0.weight", "0.bias", "2.weight", "2.bias"],
        "the list of names in Sequential(Linear(2, 3), ReLU(), Linear(3, 1))",
        "The path to the module, a dot, the name of the parameter. The ReLU has none.",
    )


def test_unit_module_named_parameters_values():
    layer = holder(weight=Parameter([1.0]), deep=holder(bias=Parameter([2.0])))
    found = dict(layer.named_parameters())
    expect_equal(
        list(found),
        ["weight", "deep.bias"],
        "the list of names in a module with a `weight` and, below it, `deep` with a `bias`",
        'The path of the outermost module is "", and its own names have no dot in front.',
    )
    expect_true(
        found["weight"] is layer.weight and found["deep.bias"] is layer.deep.bias,
        "named_parameters gives copies of weight and deep.bias, expected the very parameters",
        "An optimizer changes what it gets; a copy would be trained in vain.",
    )


def test_unit_module_named_parameters_own_first():
    net = holder(
        below=holder(a=Parameter([1.0]), deeper=holder(b=Parameter([2.0]))),
        own=Parameter([3.0]),
    )
    expect_equal(
        names(net),
        ["own", "below.a", "below.deeper.b"],
        "the list of names in a module with a parameter of its own and two modules below",
        "Own parameters have no path, so no dot in front; then what is below, level by level.",
    )


def test_unit_module_named_parameters_shared():
    tied = holder(encoder=holder(weight=Parameter([1.0])), decoder=holder(weight=Parameter([2.0])))
    tied.decoder.weight = tied.encoder.weight
    expect_equal(
        names(tied),
        ["encoder.weight"],
        "the list of names where encoder.weight and decoder.weight are one parameter",
        "An optimizer that saw it twice would take two steps. It comes once, under its first name.",
    )


def test_unit_module_named_parameters_equal_is_not_shared():
    net = holder(a=Parameter([1.0, 2.0]), b=Parameter([1.0, 2.0]))
    expect_equal(
        names(net),
        ["a", "b"],
        "the list of names of two parameters that both hold [1. 2.]",
        "Shared means the same object, not equal numbers: remember id(parameter).",
    )


def test_unit_module_named_parameters_shared_module():
    block = holder(weight=Parameter([1.0]))
    expect_equal(
        names(holder(first=block, second=block)),
        ["first.weight"],
        "the list of names where one module stands under 'first' and under 'second'",
    )


def test_unit_module_named_parameters_prefix():
    net = holder(own=Parameter([1.0]), below=holder(a=Parameter([2.0])))
    expect_equal(
        names(net, "net"),
        ["net.own", "net.below.a"],
        "the list of names with prefix 'net'",
        "named_modules takes the prefix and puts it before every path.",
    )


def test_unit_module_named_parameters_none():
    net = holder(weight=Parameter([1.0]), bias=Parameter([2.0]))
    net.bias = None
    expect_equal(
        names(net),
        ["weight"],
        "the list of names in a module whose bias was set to None",
        "A parameter that was set to None is a place kept free, not a parameter.",
    )


def test_unit_module_named_parameters_follows_changes():
    net = holder(a=Parameter([1.0]), b=ReLU())
    net.b = holder(c=Parameter([2.0]))
    net.plain = Tensor([3.0])
    expect_equal(
        names(net),
        ["a", "b.c"],
        "the list of names after `b` was replaced and a plain tensor was added",
        "Look into the module at each call. Tensors that are no Parameter do not count.",
    )
    net.register_buffer("mean", Tensor([0.0]))
    expect_equal(names(net), ["a", "b.c"], "the list of names after a buffer was added")


# -- Module.train


def test_unit_module_train_example():
    model = Sequential(Dropout(0.5))
    got = model.train(False)
    expect_true(
        got is model,
        f"Sequential(Dropout(0.5)).train(False) gives {got!r}, expected the Sequential itself",
        "The last line gives self back, so that model.eval()(x) reads in one go.",
    )
    expect_equal(
        model[0].training,
        False,
        "training of the Dropout in Sequential(Dropout(0.5)).train(False)",
        "The switch has to reach the layers: it is they who behave differently.",
    )


def test_unit_module_train_gives_itself():
    model = Module()
    got = model.train(False)
    expect_true(
        got is model,
        f"module.train(False) gives {got!r}, expected the module itself",
        "So that model.eval()(x) can be written in one go.",
    )


def test_unit_module_train_all_levels():
    deep = holder(a=holder(b=holder(c=ReLU()), d=Dropout(0.1)))
    for mode in (False, True, False):
        deep.train(mode)
        found = [deep.training, deep.a.training, deep.a.b.training, deep.a.b.c.training,
                 deep.a.d.training]  # fmt: skip
        expect_equal(
            found,
            [mode] * 5,
            f"training of five modules, four levels deep, after train({mode})",
            "Each module passes the word on to those below it.",
        )


def test_unit_module_train_default():
    model = Sequential(ReLU())
    model.train(False)
    model.train()
    expect_equal(
        (model.training, model[0].training),
        (True, True),
        "training of a model and its layer after train(False), then train()",
    )


def test_unit_module_train_does_not_freeze():
    model = holder(weight=Parameter([1.0]))
    model.train(False)
    expect_equal(
        model.weight.requires_grad,
        True,
        "requires_grad of a parameter after train(False)",
        "Evaluation is about how layers behave. Freezing is requires_grad_(False).",
    )


# -- Sequential.forward


def test_unit_sequential_forward_example():
    expect_close(
        Sequential(ReLU(), Softmax(0))(Tensor([-5.0, 0.0])),
        [0.5, 0.5],
        "Sequential(ReLU(), Softmax(0)) of [-5. 0.]",
        "First relu: [0. 0.]. Then softmax: both are as probable.",
    )


def test_unit_sequential_forward_order():
    x = Tensor([1.0])
    expect_close(Sequential(Double(), AddOne())(x), [3.0], "double, then add one, of [1.]")
    expect_close(
        Sequential(AddOne(), Double())(x), [4.0], "add one, then double, of [1.]", "(1 + 1) * 2."
    )


def test_unit_sequential_forward_empty():
    x = Tensor([1.0, 2.0])
    got = Sequential()(x)
    expect_true(got is x, f"Sequential() of a tensor is {got!r}, expected that tensor")


def test_unit_sequential_forward_same_module_twice():
    double = Double()
    expect_close(
        Sequential(double, AddOne(), double)(Tensor([1.0])),
        [6.0],
        "Sequential(double, add_one, double) of [1.], where both doubles are one object",
        "(1 * 2 + 1) * 2 = 6. `children()` yields each module once; go through the Sequential "
        "itself.",
    )
    expect_equal(double.calls, 2, "how often the shared module was called")


def test_unit_sequential_forward_nested():
    inner = Sequential(Double(), Double())
    expect_close(Sequential(inner, AddOne(), inner)(Tensor([1.0])), [20.0],
                 "a Sequential in a Sequential, ((1 * 2 * 2) + 1) * 2 * 2")  # fmt: skip


def test_unit_sequential_forward_calls_the_modules():
    seen, double = [], Double()
    double.register_forward_hook(lambda module, inputs, output: seen.append(output.item()))
    Sequential(double)(Tensor([4.0]))
    expect_equal(
        seen,
        [8.0],
        "what a forward hook of the layer saw",
        "module(x) runs the hooks, module.forward(x) goes past them, and stage 14 measures "
        "layers through hooks.",
    )


def test_unit_sequential_forward_after_a_change():
    net = Sequential(Double(), AddOne())
    net(Tensor([1.0]))
    setattr(net, "0", AddOne())
    expect_close(
        net(Tensor([1.0])), [3.0], "a Sequential whose layer 0 was replaced by add one, of [1.]"
    )


# -- Flatten.forward


def test_unit_flatten_forward_example():
    expect_equal(
        Flatten()(zeros(5, 3, 4)).shape,
        (5, 12),
        "the shape of Flatten()(zeros(5, 3, 4))",
        "Axis 0 counts the pictures and stays; the others become one.",
    )


def test_unit_flatten_forward_values():
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2)
    expect_close(
        Flatten()(Tensor(x)),
        np.stack([np.arange(12), np.arange(12, 24)]),
        "Flatten() of 0, 1, …, 23 in shape (2, 3, 2, 2)",
        "Each picture stays in a row of its own, in the order of memory.",
    )


def test_unit_flatten_forward_axes():
    x = np.arange(120, dtype=np.float32).reshape(2, 3, 4, 5)
    cases = [
        ((0,), (120,)), ((2,), (2, 3, 20)), ((1, 2), (2, 12, 5)), ((0, 1), (6, 4, 5)),
        ((-2,), (2, 3, 20)), ((0, -2), (24, 5)), ((2, 2), (2, 3, 4, 5)),
    ]  # fmt: skip
    for options, shape in cases:
        expect_close(
            Flatten(*options)(Tensor(x)),
            x.reshape(shape),
            f"Flatten({', '.join(map(str, options))}) of shape (2, 3, 4, 5)",
            "start_dim and end_dim say which axes are merged.",
        )


def test_unit_flatten_forward_no_examples():
    expect_equal(Flatten()(zeros(0, 3, 4)).shape, (0, 12), "the shape of Flatten()(zeros(0, 3, 4))")


def test_unit_flatten_forward_remembers():
    out = Flatten()(Tensor([[[1.0], [2.0]]], requires_grad=True))
    expect_true(
        out.requires_grad and out.recipe is not None,
        "the output of Flatten has forgotten how it was made",
        "Use the tensor's own method, not its .data.",
    )


# -- Dropout.forward


def test_unit_dropout_forward_example():
    got = Dropout(0.5).eval()(Tensor([1.0, 2.0]))
    expect_close(
        got,
        [1.0, 2.0],
        "Dropout(0.5).eval() of [1. 2.]",
        "In evaluation nothing is switched off and nothing is scaled.",
    )


def test_unit_dropout_forward_values():
    manual_seed(0)
    out = Dropout(0.75)(ones(1000)).data
    expect_close(
        np.unique(out),
        [0.0, 4.0],
        "the list of different numbers in Dropout(0.75) of 1000 ones",
        "A quarter survives, and 1 / (1 - 0.75) = 4 makes up for the others.",
    )


def test_unit_dropout_forward_share():
    manual_seed(0)
    for p in (0.1, 0.5, 0.8):
        share = float((Dropout(p)(ones(20_000)).data == 0).mean())
        expect_true(
            abs(share - p) < 0.02,
            f"Dropout({p}) put {share:.3f} of 20000 ones to 0, expected about {p}",
            "p is the probability to be switched off, not to survive.",
        )


def test_unit_dropout_forward_expectation():
    manual_seed(0)
    for p in (0.2, 0.5):
        mean = float(Dropout(p)(ones(50_000) * 3.0).data.mean())
        expect_true(
            abs(mean - 3.0) < 0.06,
            f"the mean of Dropout({p}) of 50000 threes is {mean:.3f}, expected about 3",
            "The next layer was made for numbers of this size, with and without dropout.",
        )


def test_unit_dropout_forward_each_element():
    manual_seed(0)
    out = Dropout(0.5)(ones(40, 50)).data
    for axis, what in ((0, "column"), (1, "row")):
        share = (out == 0).mean(axis=axis)
        expect_true(
            share.min() > 0 and share.max() < 1,
            f"Dropout(0.5) of shape (40, 50) treats the elements of a {what} alike",
            "Each element of x throws its own coin: the mask has the shape of x.",
        )


def test_unit_dropout_forward_scales_the_input():
    manual_seed(0)
    x = np.linspace(-2, 2, 100).astype(np.float32)
    out = Dropout(0.5)(Tensor(x)).data
    kept = out != 0
    expect_close(
        out[kept],
        2 * x[kept],
        "what Dropout(0.5) kept of the numbers from -2 to 2",
        "Each survivor is itself, times 2.",
    )


def test_unit_dropout_forward_evaluation():
    layer, x = Dropout(0.9), Tensor(np.ones((100,), np.float32))
    layer.training = False
    got = layer(x)
    expect_true(got is x, "a Dropout with training = False does not give x back as it is")
    layer.training = True
    expect_true(
        bool((layer(x).data == 0).any()),
        "a Dropout with training = True switched off none of 100 elements at p = 0.9",
    )


def test_unit_dropout_forward_edges():
    x = Tensor([1.0, -2.0, 3.0])
    expect_close(Dropout(0.0)(x), [1.0, -2.0, 3.0], "Dropout(0.0) of [1. -2. 3.]")
    expect_close(
        Dropout(1.0)(x),
        [0.0, 0.0, 0.0],
        "Dropout(1.0) of [1. -2. 3.]",
        "All are switched off. 1 / (1 - p) would divide by 0: choose another scale there.",
    )
    expect_equal(Dropout(0.5)(zeros(0, 3)).shape, (0, 3), "the shape of Dropout(0.5) of (0, 3)")


def test_unit_dropout_forward_everything_off():
    """Fresh zeros have the right numbers and nothing else of x."""
    x = Tensor(np.array([1.0, -2.0]), requires_grad=True)
    out = Dropout(1.0)(x)
    expect_close(
        out,
        [0.0, 0.0],
        "Dropout(1.0) of [1. -2.] in float64",
        "Also where nothing is left, the dtype is that of x.",
        dtype=np.float64,
    )
    expect_true(
        out.requires_grad and out.recipe is not None,
        "the output of Dropout(1.0) has forgotten how it was made",
        "Multiply x by a mask of zeros; fresh zeros do not know where they come from.",
    )


def test_unit_dropout_forward_random_numbers():
    layer = Dropout(0.5)
    manual_seed(5)
    first, second = layer(ones(64)).data, layer(ones(64)).data
    expect_true(
        not np.array_equal(first, second),
        "two calls of Dropout(0.5) switched off the same of 64 elements",
        "Every call draws anew.",
    )
    manual_seed(5)
    expect_close(
        layer(ones(64)), first, "Dropout(0.5) of 64 ones after manual_seed(5), the second time",
        "Draw from random_generator(), which manual_seed starts anew.",
    )  # fmt: skip


def test_unit_dropout_forward_keeps_the_dtype():
    for dtype in (np.float32, np.float64):
        got = Dropout(0.3)(ones(4, dtype=dtype)).dtype
        expect_equal(
            str(got), str(np.dtype(dtype)), f"the dtype of Dropout(0.3) of {np.dtype(dtype)}"
        )


def test_unit_dropout_forward_changes_nothing():
    x = Tensor(np.ones(20, np.float32))
    Dropout(0.5)(x)
    expect_unchanged(x, np.ones(20), "Dropout.forward")


def test_unit_dropout_forward_remembers():
    out = Dropout(0.5)(Tensor([1.0, 2.0], requires_grad=True))
    expect_true(
        out.requires_grad and out.recipe is not None,
        "the output of Dropout has forgotten how it was made",
        "Multiply the tensor x itself by the mask, not its .data.",
    )


# -- Module.state_dict


def test_unit_module_state_dict_example():
    shapes = {name: value.shape for name, value in Linear(2, 3).state_dict().items()}
    expect_equal(
        shapes,
        {"weight": (3, 2), "bias": (3,)},
        "the dictionary of shapes in Linear(2, 3).state_dict()",
    )


def test_unit_module_state_dict_names():
    net = holder(
        scale=Parameter([1.0]),
        body=Sequential(Linear(1, 1), ReLU(), Linear(1, 1, bias=False)),
    )
    expect_equal(
        list(net.state_dict()),
        ["scale", "body.0.weight", "body.0.bias", "body.2.weight"],
        "the list of names in state_dict() of a module with its own scale and a Sequential `body`",
        "As in named_parameters. The last bias is None and has no name.",
    )


def test_unit_module_state_dict_buffers():
    net = holder(below=holder(weight=Parameter([1.0])))
    net.below.register_buffer("mean", Tensor([5.0]))
    state = net.state_dict()
    expect_equal(
        list(state),
        ["below.weight", "below.mean"],
        "the list of names in state_dict() of a module with a parameter and a buffer",
        "A running mean is not trained, but without it the network is another one.",
    )
    expect_close(state["below.mean"], [5.0], "the buffer in state_dict()")


def test_unit_module_state_dict_none():
    net = holder(weight=Parameter([1.0]), bias=Parameter([2.0]))
    net.bias = None
    net.register_buffer("mean", None)
    expect_equal(
        list(net.state_dict()),
        ["weight"],
        "the list of names in state_dict() where a parameter `bias` and a buffer `mean` are None",
        "None keeps a place free. There is nothing to be saved.",
    )


def test_unit_module_state_dict_shared():
    net = holder(a=holder(weight=Parameter([1.0])), b=holder(weight=Parameter([2.0])))
    net.b.weight = net.a.weight
    expect_equal(
        list(net.state_dict()),
        ["a.weight", "b.weight"],
        "the list of names in state_dict() where a.weight and b.weight are one parameter",
        "Here it stands under both names: a network that does not share must be able to load it.",
    )
    block = holder(weight=Parameter([1.0]))
    block.register_buffer("mean", Tensor([2.0]))
    expect_equal(
        sorted(holder(a=block, b=block).state_dict()),
        ["a.mean", "a.weight", "b.mean", "b.weight"],
        "the list of names in state_dict() where one module stands under `a` and under `b`",
        "Every place counts here: named_modules(remove_duplicate=False).",
    )


def test_unit_module_state_dict_detached():
    state = holder(weight=Parameter([1.0])).state_dict()
    expect_true(
        not state["weight"].requires_grad and type(state["weight"]) is Tensor,
        f"state_dict()['weight'] is a {type(state['weight']).__name__} with requires_grad="
        f"{state['weight'].requires_grad}, expected a plain Tensor without",
        "Whoever computes with saved numbers does not train the network: detach().",
    )


def test_unit_module_state_dict_shares_memory():
    net = holder(weight=Parameter([1.0, 2.0]))
    state = net.state_dict()
    net.weight.copy_([3.0, 4.0])
    expect_close(
        state["weight"],
        [3.0, 4.0],
        "the weight in a state_dict() taken before the weight became [3. 4.]",
        "The state looks at the same memory, as in PyTorch: 100 million weights are not copied "
        "for a look.",
    )


def test_unit_module_state_dict_leaves_the_module():
    net = holder(weight=Parameter([1.0]))
    net.state_dict()
    expect_true(
        net.weight.requires_grad and isinstance(net.weight, Parameter),
        "after state_dict() the module's own weight no longer requires a gradient",
    )


# -- Module.load_state_dict


def pair():
    """Make a module of two parameters and a buffer, and what it can load."""
    net = holder(a=Parameter([1.0, 2.0]), below=holder(b=Parameter([[3.0]])))
    net.register_buffer("mean", Tensor([4.0]))
    return net, {"a": Tensor([5.0, 6.0]), "mean": Tensor([8.0]), "below.b": Tensor([[7.0]])}


def stored(net):
    return [net.a.tolist(), net.below.b.tolist(), net.mean.tolist()]


BEFORE, AFTER = [[1.0, 2.0], [[3.0]], [4.0]], [[5.0, 6.0], [[7.0]], [8.0]]


def test_unit_module_load_state_dict_example():
    layer = Linear(2, 1)
    result = layer.load_state_dict({"weight": Tensor([[1.0, 2.0]]), "bias": Tensor([3.0])})
    expect_true(
        isinstance(result, tuple),
        f"load_state_dict gives {result!r}, expected IncompatibleKeys(missing, unexpected)",
    )
    expect_equal(
        tuple(result),
        ([], []),
        "what load_state_dict gives where every name fits",
        "(missing_keys, unexpected_keys), both empty.",
    )
    expect_close(
        layer(Tensor([10.0, 1.0])),
        [15.0],
        "the layer that was loaded, at [10. 1.]",
        "1 * 10 + 2 * 1 + 3. The numbers have to be copied into the layer's own tensors.",
    )


def test_unit_module_load_state_dict_values():
    net, state = pair()
    net.load_state_dict(state)
    expect_equal(
        stored(net), AFTER, "a, below.b and the buffer mean after loading [5 6], [[7]] and [8]"
    )


def test_unit_module_load_state_dict_same_objects():
    net, state = pair()
    objects = [net.a, net.below.b, net.mean]
    net.load_state_dict(state)
    expect_true(
        all(x is y for x, y in zip(objects, [net.a, net.below.b, net.mean], strict=True)),
        "load_state_dict put other tensors in the place of the parameters",
        "An optimizer holds the old ones and would train what nobody uses. Overwrite the "
        "numbers: copy_().",
    )


def test_unit_module_load_state_dict_versions():
    net, state = pair()
    before = [net.a.version, net.mean.version]
    net.load_state_dict(state)
    expect_true(
        net.a.version > before[0] and net.mean.version > before[1],
        "after load_state_dict the version of a parameter is what it was",
        "Numbers changed behind the back of copy_(): stage 05 would compute a wrong gradient "
        "without noticing.",
    )


def test_unit_module_load_state_dict_copies():
    net, state = pair()
    net.load_state_dict(state)
    state["a"].copy_([0.0, 0.0])
    expect_close(
        net.a,
        [5.0, 6.0],
        "a, after the state that it was loaded from was overwritten by zeros",
        "The module must not keep the memory of the state.",
    )


def refused(state_changes, what, why, mentions, strict=True):
    net, state = pair()
    state.update(state_changes)
    state = {name: value for name, value in state.items() if value is not None}
    expect_raises(
        ValueError, lambda: net.load_state_dict(state, strict=strict), what, why, mentions
    )
    expect_equal(
        stored(net),
        BEFORE,
        f"what the module holds after {what} was refused",
        "Look at everything first. A half-loaded network is worse than none.",
    )


def test_unit_module_load_state_dict_missing():
    refused(
        {"below.b": None}, "load_state_dict without below.b",
        "A layer that kept its random numbers would go unnoticed.", ["below.b"],
    )  # fmt: skip


def test_unit_module_load_state_dict_unexpected():
    refused(
        {"below.c": Tensor([1.0])}, "load_state_dict with a name below.c that is not there",
        "It was saved from another network.", ["below.c"],
    )  # fmt: skip


def test_unit_module_load_state_dict_shapes():
    why = (
        "copy_() alone would repeat one number over the whole parameter. `wrong` is a list of "
        "sentences, each with the name and both shapes."
    )
    for strict in (True, False):
        refused({"a": Tensor([9.0])}, f"load_state_dict of shape (1,) into (2,), strict={strict}",
                why, ["a", "(2,)", "(1,)"], strict)  # fmt: skip
        refused({"below.b": Tensor([9.0])},
                f"load_state_dict of shape (1,) into (1, 1), strict={strict}",
                why, ["below.b", "(1, 1)", "(1,)"], strict)  # fmt: skip


def test_unit_module_load_state_dict_not_strict():
    net, state = pair()
    del state["below.b"]
    state["extra"] = Tensor([1.0])
    result = net.load_state_dict(state, strict=False)
    expect_equal(
        (list(result[0]), list(result[1])),
        (["below.b"], ["extra"]),
        "(missing, unexpected) of a load without below.b and with extra, strict=False",
    )
    expect_equal(
        stored(net),
        [[5.0, 6.0], [[3.0]], [8.0]],
        "the numbers after it: all but below.b are loaded",
    )


def test_unit_module_load_state_dict_dtype():
    net, state = pair()
    state["a"] = Tensor(np.array([0.5, 0.25]))
    net.load_state_dict(state)
    expect_close(
        net.a, [0.5, 0.25], "a float32 parameter loaded from float64 [0.5 0.25]", dtype=np.float32
    )


def test_unit_module_load_state_dict_shared():
    net = holder(a=holder(weight=Parameter([1.0])), b=holder(weight=Parameter([2.0])))
    net.b.weight = net.a.weight
    net.load_state_dict({"a.weight": Tensor([7.0]), "b.weight": Tensor([7.0])})
    expect_true(
        net.a.weight is net.b.weight and net.a.weight.item() == 7.0,
        f"after loading 7 under both names a.weight is {net.a.weight.item()} and b.weight "
        f"{net.b.weight.item()}, expected one shared parameter with 7",
    )


# -- all of it


def test_module():
    """A network of everything: built, counted, run by hand, switched, saved and loaded."""

    class Classifier(Module):
        def __init__(self):
            super().__init__()
            self.flat = Flatten()
            self.body = Sequential(Linear(6, 5), ReLU(), Dropout(0.5), Linear(5, 3))

        def forward(self, x):
            return self.body(self.flat(x))

    manual_seed(1)
    net, x = Classifier(), np.random.default_rng(1).standard_normal((4, 2, 3)).astype(np.float32)
    count = sum(p.numel() for p in net.parameters())
    expect_equal(count, 6 * 5 + 5 + 5 * 3 + 3, "the number of parameters of Linear(6, 5), (5, 3)")

    state = {name: value.data.copy() for name, value in net.state_dict().items()}
    hidden = np.maximum(x.reshape(4, 6) @ state["body.0.weight"].T + state["body.0.bias"], 0)
    by_hand = hidden @ state["body.3.weight"].T + state["body.3.bias"]
    expect_close(net.eval()(Tensor(x)), by_hand, "the network in evaluation", rtol=1e-4, atol=1e-5)

    net.train()
    one, two = net(Tensor(x)).data, net(Tensor(x)).data
    expect_true(not np.allclose(one, two), "two passes in training are equal: dropout is not on")
    averaged = np.mean([hidden_dropped(net, hidden) for _ in range(400)], axis=0)
    expect_close(averaged, hidden, "400 passes through Dropout(0.5), averaged", atol=0.05, rtol=0.2)

    other = Classifier()
    other.load_state_dict(net.state_dict())
    expect_close(
        other.eval()(Tensor(x)), by_hand, "a second network after load_state_dict",
        "The state is all that makes two networks equal.", rtol=1e-4, atol=1e-5,
    )  # fmt: skip
    expect_close(relu(other.body[0](other.flat(Tensor(x)))), hidden, "its first layer", rtol=1e-4,
                 atol=1e-5)  # fmt: skip


def hidden_dropped(net, hidden):
    return net.body[2](Tensor(hidden)).data
