"""What later stages will ask of stages 01 and 03, tried in a few throw-away lines each.

Nothing here is a model for those stages. It shows that op.py, tensor.py and layers.py offer what
they need, so that no later stage has to touch an earlier file.
"""

import copy
import gc
import pickle
import threading
import time
import weakref
from contextlib import contextmanager

import numpy as np
import pytest
import tinytorch
from tinytorch import Op, Tensor, matmul, mul, op
from tinytorch.activations import relu, softmax
from tinytorch.layers import Linear, Module, ModuleList, Parameter, ReLU, Sequential
from tinytorch.tensor import add, power, reduce_sum, take

# -- 05: a table of rules, and a walk over recipes --------------------------------------------

RULES = {}


def gradient(operation, name):
    def register(rule):
        RULES[operation, name] = rule
        return rule

    return register


gradient(add, "a")(lambda g, out, a, b: g)
gradient(add, "b")(lambda g, out, a, b: g)
gradient(mul, "a")(lambda g, out, a, b: g * b)
gradient(mul, "b")(lambda g, out, a, b: g * a)
gradient(power, "x")(lambda g, out, x, exponent: g * exponent * x ** (exponent - 1))
gradient(relu, "x")(lambda g, out, x: g * (x > 0))
gradient(matmul, "a")(lambda g, out, a, b: g @ b.swapaxes(-1, -2))
gradient(matmul, "b")(lambda g, out, a, b: a.swapaxes(-1, -2) @ g)
gradient(tinytorch.permute, "x")(lambda g, out, x, *, dims: g.transpose(np.argsort(dims)))


@gradient(reduce_sum, "x")
def reduce_sum_x(g, out, x, *, dim=None, keepdim=False):
    if dim is not None and not keepdim:
        g = np.expand_dims(g, dim)
    return np.broadcast_to(g, x.shape)


@gradient(take, "x")
def take_x(g, out, x, *, index):
    grad = np.zeros_like(x)
    np.add.at(grad, index, g)
    return grad


@gradient(tinytorch.masked_fill, "x")
def masked_fill_x(g, out, x, mask, *, value):
    return np.where(mask, 0, g)


@gradient(softmax, "x")
def softmax_x(g, out, x, *, dim):
    return out * (g - np.sum(g * out, axis=dim, keepdims=True))


def unbroadcast(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    ones = tuple(i for i, size in enumerate(shape) if size == 1)
    return g.sum(axis=ones, keepdims=True).reshape(shape)


def consumers_first(root):
    """Order by depth-first search without recursion; 05 teaches the counting way."""
    order, seen, todo = [], set(), [(root, False)]
    while todo:
        tensor, done = todo.pop()
        if done:
            order.append(tensor)
        elif tensor not in seen:
            seen.add(tensor)
            todo.append((tensor, True))
            for value in tensor.recipe.inputs if tensor.recipe else ():
                if isinstance(value, Tensor):
                    todo.append((value, False))
    return reversed(order)


def backward(root):
    boxes = {root: np.ones_like(root.data)}
    for tensor in consumers_first(root):
        g, recipe = boxes.pop(tensor, None), tensor.recipe
        if g is None:
            continue
        if recipe is None:
            tensor.grad = Tensor(g.copy() if tensor.grad is None else tensor.grad.data + g)
            continue
        if tensor.version != recipe.version:
            raise ValueError(f"the result of {recipe.op.name} was changed in place")
        if recipe.versions != tuple(getattr(value, "version", 0) for value in recipe.inputs):
            raise ValueError(f"an input of {recipe.op.name} was changed in place")
        for i, value in enumerate(recipe.inputs):
            name = recipe.op.input_name(i)
            wanted = getattr(value, "requires_grad", False) and name not in recipe.op.constant
            if not wanted:
                continue
            rule = (recipe.rules or {}).get(name) or RULES[recipe.op, name]
            place = {"position": i} if recipe.op.variadic else {}
            share = rule(g, tensor.data, *recipe.arrays, **recipe.params, **place)
            boxes[value] = boxes.get(value, 0) + unbroadcast(share, value.shape)


@contextmanager
def no_grad():
    before, op.state.recording = op.state.recording, False
    try:
        yield
    finally:
        op.state.recording = before


def numeric(f, x, eps=1e-6):
    grad = np.zeros_like(x.data)
    for at in np.ndindex(*x.shape):
        kept = x.data[at]
        x.data[at] = kept + eps
        above = f().item()
        x.data[at] = kept - eps
        grad[at] = (above - f().item()) / (2 * eps)
        x.data[at] = kept
    return grad


def check(f, *leaves):
    """Compare the walk with central differences, in float64."""
    for leaf in leaves:
        leaf.grad = None
    backward(f())
    for leaf in leaves:
        np.testing.assert_allclose(leaf.grad.data, numeric(f, leaf), rtol=1e-5, atol=1e-7)


def leaf(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


def test_05_walk_over_recipes():
    x, w, b = leaf(4, 3), leaf(2, 3, seed=1), leaf(2, seed=2)
    check(lambda: (relu(x @ w.T + b) ** 2.0).sum(), x, w, b)
    check(lambda: (x * x + x).sum(), x)
    check(lambda: (x[[0, 0, 2], 1] * 3.0).sum() + x.sum(0, keepdim=True)[0, 1], x)
    check(lambda: (x * x.max(1, keepdim=True).values).sum(), x)


def test_05_recipes_say_what_was_given_and_what_was_seen():
    x = Tensor([1, 2]) * leaf(2)
    assert x.dtype == np.float64
    integers, floats = x.recipe.inputs
    assert (integers.dtype, floats.dtype) == (np.int64, np.float64)
    assert [array.dtype for array in x.recipe.arrays] == [np.float64] * 2, "as the forward saw them"
    y = 2.0 * floats
    assert y.recipe.inputs[1] == 2.0 and y.recipe.op is mul and y.recipe.params == {}
    assert floats.sum(0, True).recipe.params == {"dim": 0, "keepdim": True}
    assert tinytorch.reduce_sum(floats, 0).recipe.params == {"dim": 0, "keepdim": False}


def test_05_changes_in_place_are_noticed():
    x = leaf(3)
    y = (x * x).sum()
    with no_grad():
        x += 1.0
    with pytest.raises(ValueError, match="mul"):
        backward(y)
    y = (x * x).sum()
    x.copy_([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="mul"):
        backward(y)


@pytest.mark.parametrize("change", [
    lambda a, view: a.copy_(7.0),
    lambda a, view: view.copy_(7.0),
    lambda a, view: a.__iadd__(1.0),
    lambda a, view: view.__imul__(2.0),
    lambda a, view: a.__setitem__((0, 2), 7.0),
    lambda a, view: view.__setitem__(..., 7.0),
])  # fmt: skip
@pytest.mark.parametrize("look", [
    lambda a: a.reshape(3, 2),
    lambda a: a.flatten().unsqueeze(0)[0],
    lambda a: a.T,
    lambda a: a.transpose(0, 1)[1:],
    lambda a: a[0],
    lambda a: a[:, 1:].T,
    lambda a: a.detach(),
    lambda a: Tensor(a),
    lambda a: Parameter(a.detach(), requires_grad=False),
    lambda a: same(a),
])  # fmt: skip
def test_05_changes_of_shared_memory_are_noticed(look, change):
    a, w = Tensor(np.ones((2, 3))), Tensor(np.array(2.0), requires_grad=True)
    a = a.reshape(2, 3)  # itself a view of what was made first
    view = look(a)
    for product in ((view * w).sum(), (a * w).sum()):
        backward(product)
    spoilt = [(view * w).sum(), (a * w).sum()]
    before = view.data.copy()
    change(a, view)
    assert view.version == a.version == 1 and not np.array_equal(view.data, before)
    for product in spoilt:
        with pytest.raises(ValueError, match="mul"):
            backward(product)
    for product in ((view * w).sum(), (a * w).sum()):
        backward(product)


@Op
def same(x):
    return x


gradient(same, "x")(lambda g, out, x: g)
gradient(tinytorch.expand, "x")(lambda g, out, x, *, shape: g)


def test_05_what_expand_gives_is_watched_and_not_written():
    a, w = Tensor(np.ones((3, 1))), leaf(3, 4)
    wide = a.expand(3, 4)
    out = (wide * w).sum()
    a += 1.0
    assert wide.tolist() == [[2.0] * 4] * 3
    with pytest.raises(ValueError, match="mul"):
        backward(out)
    with pytest.raises(ValueError, match="clone"):
        wide += 1.0
    with pytest.raises(ValueError, match="clone"):
        wide[0] = 1.0
    with pytest.raises(ValueError, match="clone"):
        wide.copy_(1.0)
    mine = wide.clone()
    mine += 1.0
    assert mine.version == 1 and wide.version == a.version == 1


def test_05_results_of_their_own_are_not_troubled():
    a, w = leaf(2, 3), leaf(2, 3, seed=1)
    others = [a * 1.0, a.clone(), tinytorch.tensor(a.data), a[[0, 1]], a.sum(0), a.float()]
    out = (a * w).sum()
    with no_grad():
        for other in others:
            other += 1.0
    assert a.version == 0
    backward(out)


def test_05_a_changed_result_is_noticed():
    x = leaf(3)
    for change in (
        lambda y: y.detach().copy_(0.0),
        lambda y: y.copy_(0.0),
        lambda y: y.detach().reshape(3, 1).__setitem__(0, 1.0),
    ):
        y = softmax(x, dim=0)
        change(y)
        with pytest.raises(ValueError, match="result of softmax"):
            backward(y.sum())
    a = Tensor(np.ones((2, 3)))
    a += 1.0
    w = leaf(2, 3)
    with no_grad():
        w += 1.0
    view = w.T
    assert view.version == view.recipe.version == 1, "as it was when the result was made"
    backward((view * 2.0).sum() + a.sum())


def test_05_state_shares_the_count():
    model, x = Linear(2, 1), Tensor([[1.0, 2.0]], requires_grad=True)
    out = model(x).sum()
    model.state_dict()["weight"].copy_([[5.0, 5.0]])
    with pytest.raises(ValueError, match="changed in place"):
        backward(out)


def test_05_nothing_is_recorded_under_no_grad_or_without_need():
    x = leaf(3)
    with no_grad():
        assert (x * 2.0).recipe is None and not (x * 2.0).requires_grad
    assert (Tensor([1.0]) * 2.0).recipe is None and (x.detach() * 2.0).recipe is None


def test_05_long_chains_and_memory():
    x = y = leaf(2)
    for _ in range(5000):
        y = y * 1.0 + y * 0.0
    backward(y.sum())
    np.testing.assert_array_equal(x.grad.data, [1.0, 1.0])
    z = x * 2.0
    middle, end = weakref.ref(z), (z * 3.0).sum()
    gc.disable()
    try:
        del z
        assert middle() is not None, "the recipe keeps what backward will need"
        del end
        assert middle() is None, "a graph has no cycles, so counting references frees it"
    finally:
        gc.enable()


# -- 06: updates in place ----------------------------------------------------------------------


def test_06_optimizer_step():
    model = Linear(3, 1)
    kept, memory = list(model.parameters()), [p.data for p in model.parameters()]
    filled = [p.version for p in kept]
    backward((model(Tensor(np.ones((2, 3), np.float32))) ** 2.0).sum())
    before = [p.data.copy() for p in kept]
    for p in kept:
        p.copy_(p.data - 0.1 * p.grad.data)
    with no_grad():
        for p in kept:
            p -= 0.1 * p.grad
    for p, old, array, version in zip(kept, before, memory, filled, strict=True):
        np.testing.assert_allclose(p.data, old - 0.2 * p.grad.data, rtol=1e-5)
        assert p.data is array, "the same memory"
        assert p.version == version + 2, "the changes are counted"
        assert p.is_leaf and p.requires_grad and p.dtype == np.float32
    state = {p: np.zeros_like(p.data) for p in kept}  # a tensor is a key by identity
    assert set(state) == set(kept)


# -- 07, 08: checkpoints, threads --------------------------------------------------------------


def test_07_checkpoint(tmp_path):
    model, other = Linear(2, 2), Linear(2, 2)
    tinytorch.save({"model": model.state_dict(), "epoch": 3}, tmp_path / "c.npz")
    other.load_state_dict(tinytorch.load(tmp_path / "c.npz")["model"])
    assert np.array_equal(model.weight.data, other.weight.data)
    assert other.weight.requires_grad and isinstance(other.weight, Parameter)


def in_thread(f):
    seen = []
    thread = threading.Thread(target=lambda: seen.append(f()))
    thread.start()
    thread.join()
    return seen[0]


def test_08_threads_decide_for_themselves():
    x = leaf(2)
    with no_grad():
        assert in_thread(lambda: (x * 2.0).requires_grad)
        assert not (x * 2.0).requires_grad


# -- 09: an operation with an optional input and parameters ------------------------------------


@Op
def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """A convolution of 1x1 kernels, which is enough to try the signature."""
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])[..., ::stride, ::stride]
    out = np.einsum("nchw,oc->nohw", x, weight[:, :, 0, 0])
    return out if bias is None else out + bias[:, None, None]


@gradient(conv2d, "bias")
def conv2d_bias(g, out, x, weight, bias=None, *, stride=1, padding=0):
    return g.sum((0, 2, 3))


@gradient(conv2d, "weight")
def conv2d_weight(g, out, x, weight, bias=None, *, stride=1, padding=0):
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)])[..., ::stride, ::stride]
    return np.einsum("nchw,nohw->oc", x, g)[:, :, None, None]


def test_09_signatures():
    x, w, b = Tensor(leaf(2, 3, 5, 5)), leaf(4, 3, 1, 1, seed=1), leaf(4, seed=2)
    expected = conv2d(x, w, b, stride=2, padding=1).data
    for out in (
        conv2d(x, w, b, 2, 1),
        conv2d(input=x, weight=w, bias=b, stride=2, padding=1),
        conv2d(x, w, bias=b, padding=1, stride=2),
        conv2d(x, weight=w, bias=b, stride=Tensor(2).item(), padding=np.int64(1)),
    ):
        np.testing.assert_array_equal(out.data, expected)
        backward(out.sum())
    assert conv2d(x, w, None, 1).shape == conv2d(x, w).shape == (2, 4, 5, 5)
    assert conv2d(x, w, padding=1).shape == (2, 4, 7, 7)
    check(lambda: (conv2d(x, w, b, 2, 1) ** 2.0).sum(), w, b)
    check(lambda: (conv2d(input=x, weight=w, bias=None, stride=2) ** 2.0).sum(), w)
    with pytest.raises(TypeError, match="conv2d"):
        conv2d(x)
    with pytest.raises(TypeError, match="twice"):
        conv2d(x, w, b, 2, stride=2)


def test_09_running_statistics_are_buffers():
    class Norm(Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("mean", tinytorch.zeros(3))

        def forward(self, x):
            if self.training:
                self.mean = self.mean * 0.9 + x.detach().mean(0) * 0.1
            return x - self.mean

    norm = Norm()
    norm(tinytorch.ones(2, 3))
    assert list(norm.parameters()) == [] and list(norm.state_dict()) == ["mean"]
    np.testing.assert_allclose(norm.mean.data, 0.1, rtol=1e-6)


# -- 10, 11: integers that choose rows ---------------------------------------------------------


@Op(constant=("input",))
def embedding(input, weight):
    return weight[input]


@gradient(embedding, "weight")
def embedding_weight(g, out, input, weight):
    grad = np.zeros_like(weight)
    np.add.at(grad, input, g)
    return grad


def test_11_repeated_ids():
    w = leaf(5, 2)
    for ids in (Tensor([[1, 1], [4, 1]]), np.array([[1, 1], [4, 1]]), [[1, 1], [4, 1]]):
        out = embedding(ids, w)
        assert out.shape == (2, 2, 2) and out.dtype == np.float64
        assert out.recipe.arrays[0].dtype == np.int64, "a constant input keeps its dtype"
        check(lambda: (embedding(ids, w) ** 2.0).sum(), w)  # noqa: B023
    backward(embedding(input=Tensor([1, 1, 1]), weight=w).sum())
    same = embedding(weight=w.double().float(), input=Tensor([0]))
    assert same.dtype == np.float32


# -- 12, 17: attention, and a cache handed through forward --------------------------------------


@Op
def cat(*tensors, dim=0):
    return np.concatenate(tensors, axis=dim)


@gradient(cat, "tensors")
def cat_tensors(g, out, *tensors, dim=0, position):
    ends = np.cumsum([t.shape[dim] for t in tensors])
    return np.split(g, ends[:-1], axis=dim)[position]


def attend(q, k, v):
    scores = q @ k.transpose(-1, -2) / k.shape[-1] ** 0.5
    past = k.shape[-2] - q.shape[-2]
    visible = tinytorch.ones(q.shape[-2], k.shape[-2]).tril(past)
    return softmax(scores.masked_fill(visible == 0, float("-inf")), dim=-1) @ v


class Cache:
    def __init__(self):
        self.k = self.v = None

    @property
    def length(self):
        return 0 if self.k is None else self.k.shape[-2]

    def append(self, k, v):
        if self.k is not None:
            k, v = cat(self.k, k, dim=-2), cat(self.v, v, dim=-2)
        self.k, self.v = k, v
        return k, v


class Attention(Module):
    def __init__(self, width):
        super().__init__()
        self.q, self.k, self.v = (Linear(width, width) for _ in range(3))

    def forward(self, x, cache=None):
        k, v = self.k(x), self.v(x)
        if cache is not None:
            k, v = cache.append(k, v)
        return attend(self.q(x), k, v)


def test_12_attention_is_composed():
    q, k, v = leaf(2, 4, 3), leaf(2, 4, 3, seed=1), leaf(2, 4, 3, seed=2)
    gradient(tinytorch.div, "a")(lambda g, out, a, b: g / b)
    check(lambda: (attend(q, k, v) ** 2.0).sum(), q, k, v)
    first = attend(q, k, v)[:, 0].data
    np.testing.assert_allclose(first, v[:, 0].data)


def test_12_an_operation_of_any_number_of_inputs():
    a, b = leaf(2, 3), leaf(1, 3, seed=1)
    check(lambda: (cat(a, b, a) ** 2.0).sum(), a, b)
    check(lambda: (cat(a, a, dim=1) ** 2.0).sum(), a)
    assert cat(a.detach(), Tensor([[1, 2, 3]])).dtype == np.float64
    assert cat(a).shape == (2, 3)
    with pytest.raises(TypeError, match="gradients would be lost"):
        cat([a, b])


@Op
def gather(mask, *tensors, dim=0):
    return np.concatenate(tensors, axis=dim) * mask


def test_12_an_input_before_any_number_of_inputs():
    assert [gather.input_name(i) for i in range(4)] == ["mask", "tensors", "tensors", "tensors"]
    assert cat.input_name(0) == cat.input_name(7) == "tensors"
    a = leaf(2, 3)
    assert gather(2.0, a, a, a, dim=1).shape == (2, 9)
    with pytest.raises(TypeError, match="colour"):
        gather(2.0, a, a, a, colour=1)


def test_17_a_cache_changes_nothing():
    model, x = Attention(8), tinytorch.randn(1, 6, 8)
    with no_grad():
        whole, cache = model(x), Cache()
        parts = [model(x[:, i : i + 1], cache=cache) for i in range(6)]
    assert cache.length == 6
    np.testing.assert_allclose(cat(*parts, dim=1).data, whole.data, rtol=1e-4, atol=1e-6)


# -- 13: tied weights ----------------------------------------------------------------------------


class Tied(Module):
    def __init__(self):
        super().__init__()
        self.table = Parameter(tinytorch.randn(5, 3))
        self.head = Linear(3, 5, bias=False)
        self.head.weight = self.table

    def forward(self, ids):
        return self.head(embedding(ids, self.table))


def test_13_a_shared_parameter_is_one_parameter():
    model = Tied()
    assert [name for name, _ in model.named_parameters()] == ["table"]
    assert sorted(model.state_dict()) == ["head.weight", "table"]
    backward(model(Tensor([0, 1])).sum())
    assert model.table.grad.shape == (5, 3) and model.head.weight.grad is model.table.grad
    model.load_state_dict({k: v * 2.0 for k, v in model.state_dict().items()})
    twin = copy.deepcopy(model)
    assert twin.head.weight is twin.table and twin.table is not model.table
    assert len(list(twin.parameters())) == 1


# -- 14: hooks -----------------------------------------------------------------------------------


def test_14_hooks_and_timing():
    model = Sequential(Linear(2, 3), ReLU(), Linear(3, 1))
    shapes, spent = {}, {}
    handles = [
        module.register_forward_hook(lambda m, i, o, name=name: shapes.__setitem__(name, o.shape))
        for name, module in model.named_modules()
        if name
    ]

    def timed(name, forward):
        def call(*inputs, **named):
            start = time.perf_counter()
            try:
                return forward(*inputs, **named)
            finally:
                spent[name] = time.perf_counter() - start

        return call

    for name, module in model.named_modules():
        module.forward = timed(name, module.forward)
    model(tinytorch.ones(4, 2))
    assert shapes == {"0": (4, 3), "1": (4, 3), "2": (4, 1)}
    assert set(spent) == {"", "0", "1", "2"} and spent[""] >= spent["0"]
    for module in model.modules():
        del module.forward
    for handle in handles:
        handle.remove()
    shapes.clear()
    assert model(tinytorch.ones(1, 2)).shape == (1, 1) and not shapes


def test_14_operations_can_be_counted():
    calls = []

    def counting(a, b):
        calls.append(a.shape[-2] * a.shape[-1] * b.shape[-1])
        return matmul.forward(a, b)

    with matmul.using(counting):
        Sequential(Linear(2, 3), Linear(3, 1))(tinytorch.ones(4, 2))
    assert calls == [4 * 2 * 3, 4 * 3 * 1]


# -- 15, 16: parts replaced, masks and codes as buffers ------------------------------------------


class Quantized(Module):
    def __init__(self, linear):
        super().__init__()
        self.scale = float(np.abs(linear.weight.data).max() / 127)
        codes = np.round(linear.weight.data / self.scale).astype(np.int8)
        self.register_buffer("codes", Tensor(codes))
        self.bias = linear.bias

    def forward(self, x):
        return x @ (self.codes * self.scale).T + self.bias


def test_15_layers_are_replaced():
    model = Sequential(Linear(4, 8), ReLU(), Sequential(Linear(8, 2)))
    x = tinytorch.randn(3, 4)
    before = model(x).data
    small = copy.deepcopy(model)
    for path, module in list(small.named_modules()):
        if isinstance(module, Linear):
            parent, _, name = path.rpartition(".")
            owner = small
            for part in parent.split(".") if parent else ():
                owner = getattr(owner, part)
            setattr(owner, name, Quantized(module))
    kinds = [type(m).__name__ for m in small.modules()]
    assert kinds == ["Sequential", "Quantized", "ReLU", "Sequential", "Quantized"], (
        "in their places"
    )
    assert np.abs(small(x).data - before).max() < 0.05
    assert small.state_dict()["0.codes"].dtype == np.int8
    assert [name for name, _ in small.named_parameters()] == ["0.bias", "2.0.bias"]
    assert np.array_equal(model(x).data, before), "the copy shares nothing"


def test_16_masks_are_buffers():
    layer = Linear(4, 4)
    layer.register_buffer("mask", layer.weight.detach().abs() > 0.2)
    layer.weight.copy_(layer.weight.detach() * layer.mask)
    assert list(layer.state_dict()) == ["weight", "bias", "mask"]
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    other = Linear(4, 4)
    other.register_buffer("mask", Tensor(np.zeros((4, 4), bool)))
    other.load_state_dict(layer.state_dict())
    assert other.mask.dtype == bool and np.array_equal(other.mask.data, layer.weight.data != 0)
    layer.requires_grad_(False)
    assert layer(tinytorch.ones(1, 4)).recipe is None


def test_16_a_list_of_parts_can_lose_one():
    blocks = ModuleList([Linear(2, 2) for _ in range(3)])
    blocks = ModuleList([block for i, block in enumerate(blocks) if i != 1])
    assert len(blocks) == 2 and len(list(blocks.parameters())) == 4


def test_16_networks_that_hold_operations_are_copied_and_pickled():
    class Net(Module):
        def __init__(self):
            super().__init__()
            self.act, self.layer = tinytorch.gelu, Linear(2, 2)

        def forward(self, x):
            return self.act(self.layer(x))

    net, x = Net(), tinytorch.ones(1, 2)
    twin = copy.deepcopy(net)
    assert twin.act is tinytorch.gelu and twin.layer is not net.layer
    assert np.array_equal(twin(x).data, net(x).data)
    again = pickle.loads(pickle.dumps(net.layer))
    assert np.array_equal(again(x).data, net.layer(x).data)
    for operation in (tinytorch.gelu, add, tinytorch.cross_entropy):
        assert pickle.loads(pickle.dumps(operation)) is operation
        assert copy.copy(operation) is copy.deepcopy(operation) is operation


# -- 18: other kernels ---------------------------------------------------------------------------


def test_18_a_kernel_with_rules_of_its_own():
    x, y = leaf(2, 2), leaf(2, 2, seed=1)
    used = []

    def blocked(a, b):
        used.append("kernel")
        return np.einsum("ik,kj->ij", a, b)

    def blocked_a(g, out, a, b):
        used.append("rule")
        return np.einsum("ij,kj->ik", g, b)

    with matmul.using(blocked, rules={"a": blocked_a}):
        made = (x @ y).sum()
        plain = in_thread(lambda: (x @ y).sum())
        assert used == ["kernel"], "another thread computes as before"
    backward(made)
    assert used == ["kernel", "rule"], "the recipe keeps the rules it was made with"
    grad, x.grad, y.grad = x.grad.data, None, None
    backward(plain)
    np.testing.assert_allclose(grad, x.grad.data)
    assert used == ["kernel", "rule"]


def test_18_kernels_nest_and_leave_with_the_block():
    x = Tensor([1.0, 2.0])
    with add.using(lambda a, b: a * 0 + 7.0):
        with pytest.raises(ZeroDivisionError), add.using(lambda a, b: 1 // 0):
            x + x
        assert (x + x).tolist() == [7.0, 7.0]
        with mul.using(lambda a, b: a * 0):
            assert (x * x + x).tolist() == [7.0, 7.0] and (x * x).tolist() == [0.0, 0.0]
    assert (x + x).tolist() == [2.0, 4.0] and (x * x).tolist() == [1.0, 4.0]


def test_18_blocks_end_in_any_order():
    x = Tensor([1.0])
    seven, eight = (add.using(lambda a, b, n=n: a * 0 + n) for n in (7.0, 8.0))
    other = mul.using(lambda a, b: a * 0)
    seven.__enter__(), other.__enter__(), eight.__enter__()
    assert (x + x).item() == 8.0 and (x * x).item() == 0.0
    seven.__exit__(None, None, None)
    assert (x + x).item() == 8.0, "the inner block is still open"
    other.__exit__(None, None, None)
    assert (x * x).item() == 1.0
    eight.__exit__(None, None, None)
    assert (x + x).item() == 2.0 and not op.state.kernels


def test_an_operation_has_to_give_an_array():
    @Op
    def forgotten(x):
        x + 1

    @Op
    def wrapped(x):
        return Tensor(x)

    with pytest.raises(TypeError, match="forgotten gave None back: is a return missing"):
        forgotten(Tensor([1.0]))
    with pytest.raises(TypeError, match="wrapped gave a tensor back"):
        wrapped(Tensor([1.0]))
