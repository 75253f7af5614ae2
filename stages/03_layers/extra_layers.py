"""Tests of what is given in stage 03, for whoever has rewritten it."""

import numpy as np
from tinytorch.activations import gelu
from tinytorch.creation import manual_seed, zeros
from tinytorch.layers import (
    GELU,
    Identity,
    Linear,
    Module,
    ModuleList,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    calculate_gain,
    uniform_,
    xavier_uniform_,
)
from tinytorch.tensor import Tensor

from checker.expect import expect_close, expect_equal, expect_raises, expect_true


def holder(**attributes):
    module = Module()
    for name, value in attributes.items():
        setattr(module, name, value)
    return module


# -- initialisation


def test_extra_xavier_uniform_bound():
    for shape, gain, bound in [
        ((50, 100), 1.0, 0.2),
        ((50, 100), 2.0, 0.4),
        ((4, 2, 5, 5), 1.0, 0.2),
    ]:
        top = float(np.abs(xavier_uniform_(zeros(*shape), gain).data).max())
        expect_true(
            0.97 * bound < top <= bound,
            f"the largest weight of xavier_uniform_(zeros{shape}, {gain}) is {top:.3f}, expected "
            f"just below {bound}",
            "bound = gain * sqrt(6 / (fan_in + fan_out)).",
        )


def test_extra_uniform_range():
    manual_seed(0)
    tensor = zeros(5000)
    expect_true(uniform_(tensor, 2.0, 3.0) is tensor, "uniform_ does not give its tensor back")
    low, high = float(tensor.data.min()), float(tensor.data.max())
    expect_true(
        2.0 <= low < 2.01 and 2.99 < high <= 3.0,
        f"uniform_(tensor, 2, 3) drew from {low:.3f} to {high:.3f}",
    )


def test_extra_calculate_gain_values():
    cases = [("linear", None, 1.0), ("sigmoid", None, 1.0), ("tanh", None, 5 / 3),
             ("relu", None, 2**0.5), ("leaky_relu", 1.0, 1.0), ("leaky_relu", 0.0, 2**0.5),
             ("leaky_relu", None, (2 / 1.0001) ** 0.5)]  # fmt: skip
    for name, param, gain in cases:
        expect_close(calculate_gain(name, param), gain, f"calculate_gain({name!r}, {param})")
    expect_raises(ValueError, lambda: calculate_gain("cube"), "calculate_gain('cube')",
                  mentions=["cube", "relu"])  # fmt: skip


# -- modules


def test_extra_parameter_init_is_a_leaf():
    parameter = Parameter([1.0, 2.0])
    expect_true(parameter.requires_grad and parameter.is_leaf, "a Parameter requires no gradient")
    expect_close(parameter, [1.0, 2.0], "Parameter([1. 2.])", dtype=np.float32)
    expect_equal(Parameter([1.0], requires_grad=False).requires_grad, False, "requires_grad")


def test_extra_module_init_starts_training():
    expect_equal(Module().training, True, "Module().training")
    expect_equal(list(Module().named_modules()) != [], True, "a module finds itself")


def test_extra_module_forward_says_what_is_missing():
    expect_raises(TypeError, lambda: Module()(1), "calling a bare Module", mentions=["forward"])


def test_extra_module_call_hands_everything_on():
    class Scale(Module):
        def forward(self, x, by, plus=0):
            return x * by + plus

    expect_equal(Scale()(3, 2, plus=1), 7, "Scale()(3, 2, plus=1)")


def test_extra_module_call_runs_hooks_in_order():
    layer = Identity()
    layer.register_forward_hook(lambda module, inputs, output: output * 2)
    layer.register_forward_hook(lambda module, inputs, output: output + inputs[0])
    expect_equal(layer(10), 30, "Identity of 10 with hooks that double and add the input")


def test_extra_module_register_forward_hook_remove():
    layer, seen = Identity(), []
    with layer.register_forward_hook(lambda module, inputs, output: seen.append(output)):
        layer(1)
    layer(2)
    expect_equal(seen, [1], "what the hook saw before the `with` block ended")


def test_extra_handle_remove_twice():
    handle = Identity().register_forward_hook(print)
    handle.remove()
    handle.remove()
    expect_equal(len(handle.registry), 0, "how many hooks are left after remove(), remove()")


def test_extra_module_setattr_registers():
    net = holder(a=Parameter([1.0]), b=ReLU(), c=3)
    expect_equal(
        (list(net._parameters), list(net._modules), net.c),
        (["a"], ["b"], 3),
        "(parameters, modules, plain) of a module with a Parameter, a ReLU and a 3",
    )
    net.c = Parameter([2.0])
    expect_true("c" in net._parameters and "c" not in vars(net), "c = Parameter replaced the 3")


def test_extra_module_setattr_refuses():
    net = holder(a=Parameter([1.0]), b=ReLU())
    net.register_buffer("m", Tensor([0.0]))
    for name, value in (("a", Tensor([2.0])), ("b", 3), ("m", 4.0)):
        expect_raises(
            TypeError, lambda n=name, v=value: setattr(net, n, v),
            f"{name} = {value!r}, where a registered thing stands",
            "It would silently disappear from parameters() and state_dict().", [name],
        )  # fmt: skip
    net.a = net.b = net.m = None
    expect_equal([net.a, net.b, net.m], [None] * 3, "a, b and m after they were set to None")


def test_extra_module_setattr_before_init():
    class Early(Module):
        def __init__(self):
            self.layer = ReLU()

    expect_raises(
        AttributeError, Early, "a module that skips super().__init__()", mentions=["super"]
    )


def test_extra_module_getattr_missing():
    net = holder(a=Parameter([1.0]))
    expect_close(net.a, [1.0], "net.a")
    expect_raises(AttributeError, lambda: net.b, "net.b, which is not there", mentions=["b"])


def test_extra_module_delattr_unregisters():
    net = holder(a=Parameter([1.0]), b=ReLU(), c=3)
    for name in "abc":
        delattr(net, name)
        expect_equal(hasattr(net, name), False, f"hasattr(net, {name!r}) after del")


def test_extra_module_named_modules_paths():
    shared = ReLU()
    net = holder(a=holder(b=shared), c=shared)
    expect_equal([path for path, _ in net.named_modules()], ["", "a", "a.b"], "the paths")
    expect_equal(
        [path for path, _ in net.named_modules(prefix="n", remove_duplicate=False)],
        ["n", "n.a", "n.a.b", "n.c"],
        "the paths with prefix 'n' and remove_duplicate=False",
    )


def test_extra_module_modules_each_once():
    shared = ReLU()
    net = Sequential(shared, Sequential(shared))
    expect_equal(len(list(net.modules())), 3, "how many modules there are, one used twice")


def test_extra_module_children_direct_only():
    a, b = ReLU(), Sequential(ReLU())
    expect_equal(list(Sequential(a, b, a).children()), [a, b], "the children of a, b, a")


def test_extra_module_named_children_first_name():
    a = ReLU()
    net = holder(x=a, y=Tanh(), z=a)
    expect_equal([name for name, _ in net.named_children()], ["x", "y"], "the names of x, y, z = x")


def test_extra_module_parameters_in_order():
    net = holder(a=Parameter([1.0]), b=holder(c=Parameter([2.0])))
    expect_equal([p.item() for p in net.parameters()], [1.0, 2.0], "the parameters")


def test_extra_module_named_buffers_names():
    net = holder(a=Parameter([1.0]), b=Module())
    net.b.register_buffer("mean", Tensor([3.0]))
    net.register_buffer("none", None)
    expect_equal(
        [(name, buffer.item()) for name, buffer in net.named_buffers("n")],
        [("n.b.mean", 3.0)],
        "the buffers with prefix 'n'",
    )


def test_extra_module_buffers_values():
    net = Module()
    net.register_buffer("mean", Tensor([3.0]))
    expect_true(next(iter(net.buffers())) is net.mean, "buffers() gives a copy")


def test_extra_module_register_buffer_replaces():
    net = holder(mean=3)
    net.register_buffer("mean", Tensor([1.0]))
    net.mean = Tensor([2.0])
    expect_close(net.state_dict()["mean"], [2.0], "the buffer in the state")


def test_extra_module_register_buffer_not_saved():
    net = Module()
    net.register_buffer("mask", Tensor([1.0]), persistent=False)
    net.mask = Tensor([2.0])
    expect_equal(list(net.state_dict()), [], "the names in the state")
    expect_equal([name for name, _ in net.named_buffers()], ["mask"], "the names of the buffers")
    expect_close(net.mask, [2.0], "net.mask")


def test_extra_module_eval_switches_off():
    net = Sequential(ReLU())
    expect_true(net.eval() is net and not net[0].training, "eval() does not reach the layers")


def test_extra_module_apply_below_first():
    order = []
    Sequential(ReLU(), Tanh()).apply(lambda module: order.append(type(module).__name__))
    expect_equal(order, ["ReLU", "Tanh", "Sequential"], "the order of apply()")


def test_extra_module_zero_grad_forgets():
    net = holder(a=Parameter([1.0]))
    net.a.grad = Tensor([1.0])
    net.zero_grad()
    expect_true(net.a.grad is None, "the gradient is still there after zero_grad()")


def test_extra_module_requires_grad_freezes():
    net = holder(a=Parameter([1.0]))
    expect_true(net.requires_grad_(False) is net, "requires_grad_ does not give the module back")
    expect_equal(net.a.requires_grad, False, "requires_grad after requires_grad_(False)")


def test_extra_module_to_float64():
    net = holder(a=Parameter([1.0]))
    net.register_buffer("n", Tensor([1]))
    before = net.a
    net.to(np.float64)
    expect_equal((net.a.dtype, net.n.dtype), (np.dtype("float64"), np.dtype("int64")), "the dtypes")
    expect_true(net.a is before, "to() made a new Parameter")


def test_extra_module_to_devices():
    net = holder(a=Parameter([1.0]))
    expect_true(net.to("cpu") is net and net.to(device="cpu") is net, "to('cpu') makes another one")
    for call in (lambda: net.to("cuda"), lambda: net.to(device="cuda")):
        expect_raises(ValueError, call, "net.to another device", mentions=["cuda"])


def test_extra_module_double_and_back():
    net = holder(a=Parameter([1.0]))
    expect_true(net.double() is net, "double() does not give the module back")
    expect_equal(net.a.dtype, np.dtype("float64"), "the dtype after double()")


def test_extra_module_float_is_float32():
    net = holder(a=Parameter(Tensor(np.ones(1))))
    expect_true(net.float() is net, "float() does not give the module back")
    expect_equal(net.a.dtype, np.dtype("float32"), "the dtype after float()")


def test_extra_module_cpu_is_itself():
    net = Module()
    expect_true(net.cpu() is net, "cpu() makes another module")


def test_extra_module_repr_nested():
    expect_equal(
        repr(Sequential(Linear(1, 2), Sequential(ReLU()))),
        "Sequential(\n  (0): Linear(in_features=1, out_features=2, bias=True)\n"
        "  (1): Sequential(\n    (0): ReLU()\n  )\n)",
        "the repr",
    )


def test_extra_module_extra_repr_is_empty():
    expect_equal(Module().extra_repr(), "", "Module().extra_repr()")


# -- containers and activations


def test_extra_sequential_init_names():
    expect_equal(list(Sequential({"a": ReLU(), "b": Tanh()})._modules), ["a", "b"], "the names")
    expect_equal(list(Sequential(ReLU(), Tanh())._modules), ["0", "1"], "the names")


def test_extra_modulelist_init_registers():
    layers = [ReLU(), Tanh()]
    box = ModuleList(layers)
    expect_equal((list(box), len(box)), (layers, 2), "(the modules, their number)")


def test_extra_listed_getitem_slices():
    layers = [ReLU(), Tanh(), Sigmoid()]
    for box in (Sequential(*layers), ModuleList(layers)):
        expect_true(box[-1] is layers[2], f"{type(box).__name__}[-1] is not the last module")
        expect_equal(list(box[1:]), layers[1:], f"{type(box).__name__}[1:]")
        expect_equal(type(box[1:]), type(box), "the type of a slice")


def test_extra_listed_setitem_replaces():
    box = Sequential(ReLU(), Tanh())
    box[-1] = Sigmoid()
    expect_equal(type(box[1]).__name__, "Sigmoid", "the module put at [-1]")


def test_extra_listed_append_adds():
    box = Sequential(ReLU(), Tanh(), Tanh())[1:]
    box.append(Sigmoid())
    expect_equal(
        [type(m).__name__ for m in box], ["Tanh", "Tanh", "Sigmoid"], "a slice, appended to"
    )


def test_extra_modulelist_extend_adds():
    layers = [ReLU(), Tanh(), Sigmoid()]
    box = ModuleList(layers[:1])
    expect_true(box.extend(layers[1:]) is box, "extend() does not give the list back")
    expect_equal(list(box), layers, "the list after extend()")


def test_extra_identity_forward_gives_x():
    x = Tensor([1.0])
    expect_true(Identity()(x) is x, "Identity gives something else")


def test_extra_relu_forward_values():
    expect_close(ReLU()(Tensor([-1.0, 2.0])), [0.0, 2.0], "ReLU of [-1. 2.]")


def test_extra_sigmoid_forward_values():
    expect_close(Sigmoid()(Tensor([0.0])), [0.5], "Sigmoid of [0.]")


def test_extra_tanh_forward_values():
    expect_close(Tanh()(Tensor([0.5])), [np.tanh(0.5)], "Tanh of [0.5]")


def test_extra_gelu_forward_forms():
    x = Tensor([-1.0, 2.0])
    for form in ("none", "tanh"):
        expect_close(GELU(form)(x), gelu(x, approximate=form).data, f"GELU({form!r})", rtol=1e-7)


def test_extra_softmax_forward_axis():
    expect_close(Softmax(0)(Tensor([[0.0, 1.0], [0.0, 1.0]])), np.full((2, 2), 0.5), "Softmax(0)")
