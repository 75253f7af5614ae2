"""Stage 05 against PyTorch: the gradients of everything in 01 to 04, and the walk itself.

Deliberate differences, each with a test below:
- No double backward: gradients have no recipe.
- Errors are ValueError, TypeError or LookupError, where PyTorch has a RuntimeError.
- `x += y` on a tensor that has a recipe makes a new tensor, so that nothing is refused later.
"""

import copy
import itertools
import pickle
import threading
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
hypothesis = pytest.importorskip("hypothesis")
import tinytorch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from tinytorch import Tensor, autograd, nn  # noqa: E402

BOTH = pytest.mark.parametrize("kit", [tinytorch, torch], ids=["ours", "pytorch"])


def numbers(shape, seed=0, dtype=np.float64, positive=False):
    draw = np.random.default_rng(seed)
    signs = 1.0 if positive else draw.choice([-1.0, 1.0], shape)
    return np.asarray(draw.uniform(0.5, 2.0, shape) * signs).astype(dtype)


def tensor(kit, values, dtype=np.float64):
    """Make a leaf that wants a gradient, in either framework."""
    if kit is tinytorch:
        return Tensor(np.array(values, dtype), requires_grad=True)
    return torch.tensor(np.array(values, dtype), requires_grad=True)


def array(value):
    return value.detach().numpy()


def compare(f, *arrays, g=None, close=1e-9):
    """Walk back from f(kit, *leaves) in both; values, gradients, shapes and dtypes agree."""
    out, leaves = [], []
    for kit in (tinytorch, torch):
        mine = [tensor(kit, a, a.dtype) for a in arrays]
        result = f(kit, *mine)
        shape = tuple(result.shape)
        given_ = numbers(shape, 9, array(result).dtype) if g is None else g
        result.backward(Tensor(given_) if kit is tinytorch else torch.tensor(given_))
        out.append(array(result))
        leaves.append(mine)
    np.testing.assert_allclose(*out, rtol=close, atol=close)
    for ours, theirs in zip(*leaves, strict=True):
        assert (ours.grad is None) == (theirs.grad is None)
        if theirs.grad is None:
            continue
        assert isinstance(ours.grad, Tensor) and not ours.grad.requires_grad
        assert ours.grad.data.shape == tuple(theirs.grad.shape)
        assert str(ours.grad.dtype) == str(theirs.grad.dtype).replace("torch.", "")
        np.testing.assert_allclose(
            ours.grad.data, theirs.grad.numpy(), rtol=close, atol=close, equal_nan=True
        )


def functional(kit, name):
    return getattr(tinytorch if kit is tinytorch else F, name, None) or getattr(kit, name)


# -- one operation at a time ----------------------------------------------------------------------

UNARY = {
    "neg": lambda k, x: -x,
    "exp": lambda k, x: x.exp(),
    "log": lambda k, x: x.abs().log(),
    "sqrt": lambda k, x: x.abs().sqrt(),
    "abs": lambda k, x: x.abs(),
    "builtin abs": lambda k, x: abs(x),
    "square": lambda k, x: x**2,
    "cube": lambda k, x: x.pow(3.0),
    "one over": lambda k, x: 1.0 / x,
    "power of a number": lambda k, x: 2.0**x,
    "negative power": lambda k, x: x**-2,
    "clamp": lambda k, x: x.clamp(-1.0, 1.0),
    "clamp below": lambda k, x: x.clamp(min=0.9),
    "clamp above": lambda k, x: k.clamp(x, max=-0.9),
    "clone": lambda k, x: x.clone(),
    "add a number": lambda k, x: 3 + x + 1.5,
    "subtract": lambda k, x: 3 - x - 1.5,
    "multiply": lambda k, x: 3 * x * 1.5,
    "divide": lambda k, x: x / 4,
    "relu": lambda k, x: k.relu(x),
    "sigmoid": lambda k, x: k.sigmoid(x),
    "tanh": lambda k, x: k.tanh(x),
    "gelu": lambda k, x: functional(k, "gelu")(x),
    "gelu tanh": lambda k, x: functional(k, "gelu")(x, approximate="tanh"),
    "flatten": lambda k, x: x.flatten() * 2.0,
    "reshape": lambda k, x: x.reshape(-1),
    "view": lambda k, x: x.view(1, -1),
    "unsqueeze": lambda k, x: x.unsqueeze(-1),
    "squeeze": lambda k, x: x.unsqueeze(0).squeeze(0),
    "sum": lambda k, x: x.sum(),
    "mean": lambda k, x: x.mean(),
    "same twice": lambda k, x: x * x + x,
    "masked": lambda k, x: x.masked_fill(x > 0, 7.0),
    "float": lambda k, x: x.float().double(),
}


@pytest.mark.parametrize("name", UNARY)
def test_one_input(name):
    loose = 1e-6 if "float" in name else 1e-8 if "gelu" in name else 1e-9
    for shape in [(), (4,), (2, 3), (2, 1, 3)]:
        compare(UNARY[name], numbers(shape), close=loose)
    if name not in ("mean", "view"):
        compare(UNARY[name], numbers((0, 3)))


BINARY = {
    "+": lambda k, x, y: x + y,
    "-": lambda k, x, y: x - y,
    "*": lambda k, x, y: x * y,
    "/": lambda k, x, y: x / y,
    "**": lambda k, x, y: x.abs() ** y,
    "mixed": lambda k, x, y: (x * y - y / x) * (x + y),
}
shapes = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@pytest.mark.parametrize("symbol", BINARY)
@settings(deadline=None, max_examples=15)
@given(shapes, shapes)
def test_two_inputs_with_broadcasting(symbol, a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        return
    compare(BINARY[symbol], numbers(a, 1), numbers(b, 2))


def test_matmul_of_every_rank():
    sizes = [(3,), (2, 3), (1, 3), (5, 2, 3), (1, 2, 3), (4, 1, 2, 3), (0, 3), (0, 2, 3)]
    others = [(3,), (3, 2), (3, 1), (5, 3, 2), (1, 5, 3, 2), (3, 0)]
    for a, b in itertools.product(sizes, others):
        try:
            np.empty(a) @ np.empty(b)
        except ValueError:
            continue
        compare(lambda k, x, y: x @ y, numbers(a, 1), numbers(b, 2))
    compare(lambda k, x: x @ x, numbers((3, 3)))
    compare(lambda k, x: x @ x, numbers((3,)))
    compare(lambda k, x: x.T @ x, numbers((4, 2)))


@settings(deadline=None, max_examples=30)
@given(shapes, st.data())
def test_reductions(shape, data):
    n = len(shape)
    dim = data.draw(st.sampled_from([None, *range(-n, n)]))
    several = tuple(data.draw(st.sets(st.integers(-n, -1), min_size=1))) if n else None
    keepdim = data.draw(st.booleans())
    for d in (dim, several):
        for name in ("sum", "mean"):
            compare(lambda k, x: getattr(x, name)(dim=d, keepdim=keepdim), numbers(shape))  # noqa: B023
    if 0 in shape:
        return
    for name in ("max", "min"):
        compare(lambda k, x: getattr(x, name)(), numbers(shape))  # noqa: B023
        if dim is not None:
            compare(lambda k, x: getattr(x, name)(dim, keepdim).values, numbers(shape))  # noqa: B023
        over = several if several is not None else ()
        ours = None if several is None else several
        compare(
            lambda k, x: getattr(k, f"a{name}")(x, ours if k is tinytorch else over, keepdim),  # noqa: B023
            numbers(shape),
        )


def test_variance():
    for dim, correction, keepdim in itertools.product((None, 0, -1, (0, 1)), (0, 1), (False, True)):
        compare(
            lambda k, x: x.var(dim=dim, correction=correction, keepdim=keepdim),  # noqa: B023
            numbers((3, 4)),
        )


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple), st.data())
def test_axes(shape, data):
    n = len(shape)
    order = tuple(data.draw(st.permutations(range(n))))
    negative = tuple(d - n if data.draw(st.booleans()) else d for d in order)
    one, two = data.draw(st.integers(-n, n - 1)), data.draw(st.integers(-n, n - 1))
    at = data.draw(st.integers(-n - 1, n))
    x = numbers(shape)
    compare(lambda k, x: x.permute(negative) * 2.0, x)
    compare(lambda k, x: x.transpose(one, two) * 2.0, x)
    compare(lambda k, x: x.permute(tuple(reversed(range(n)))), x)
    compare(lambda k, x: x.unsqueeze(at).squeeze(), x)
    compare(lambda k, x: x.expand(2, *shape), x)
    first, last = sorted((one % n, two % n))
    compare(lambda k, x: x.flatten(first, last), x)
    if n >= 2:
        compare(lambda k, x: x.tril(one), x)


def test_expand_of_axes_of_size_one():
    compare(lambda k, x: x.expand(4, 3), numbers((4, 1)))
    compare(lambda k, x: x.expand(2, -1, 3), numbers((4, 1)))
    compare(lambda k, x: x.expand(2, 2), numbers(()))
    compare(lambda k, x, y: x.expand(4, 3) * y, numbers((1, 3)), numbers((4, 3)))


def test_indexing():
    rows, flags = np.array([2, 0, 2]), np.array([True, False, True, False])
    for index in [
        0, -1, slice(1, 3), slice(None, None, 2), (0, 1), (0, 1, 1), (slice(None), 1), (..., 0),
        None, (slice(None), None), (0, None, ..., None), rows, flags, (rows, 1), (flags, 0),
        (slice(None), np.array([[0, 1], [2, 0]])), (rows, np.array([0, 1, 2]), 1), (), ...,
        (np.array([3, 1, 3]), slice(0, 2), np.array([1, 0, 1])), slice(3, 1), [0, 0, 3],
    ]:  # fmt: skip

        def picked(k, x, index=index):
            wrap = Tensor if k is tinytorch else torch.tensor
            one = lambda i: wrap(i) if isinstance(i, np.ndarray) else i  # noqa: E731
            return x[tuple(map(one, index)) if isinstance(index, tuple) else one(index)]

        compare(picked, numbers((4, 3, 2)))
    compare(lambda k, x: x[1:] * x[:-1] + x[0], numbers((4, 3)))
    for part in range(3):
        compare(lambda k, x: list(x)[part] * 2.0, numbers((3, 2)))  # noqa: B023


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_along_every_axis(name):
    for shape in [(4,), (3, 3), (2, 3, 4), (0, 3), (2, 1)]:
        for dim in range(-len(shape), len(shape)):
            compare(lambda k, x: getattr(k, name)(x, dim=dim), numbers(shape))  # noqa: B023
    compare(lambda k, x: getattr(k, name)(x * 300.0, dim=-1), numbers((4, 5)))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses(reduction):
    target, yes = np.array([1, 0, 3, 3, 2]), np.random.default_rng(0).random((5, 4))

    def loss(name, right):
        def call(k, x, *more):
            wrap = Tensor if k is tinytorch else torch.tensor
            return functional(k, name)(x, *(more or [wrap(right)]), reduction=reduction)

        return call

    x = numbers((5, 4)) * 3.0
    compare(loss("cross_entropy", target), x)
    compare(loss("cross_entropy", target), x * 1e4)
    compare(loss("nll_loss", target), x)
    compare(loss("mse_loss", yes), x)
    compare(loss("mse_loss", None), x, numbers((5, 4), 3))
    compare(loss("binary_cross_entropy_with_logits", yes), x)
    compare(loss("binary_cross_entropy_with_logits", yes), x * 1e4)
    compare(loss("binary_cross_entropy_with_logits", None), x, yes)
    compare(loss("cross_entropy", np.array(2)), x[0])
    compare(loss("nll_loss", np.array(2)), x[0])
    small = x.astype(np.float32)
    compare(loss("cross_entropy", target), small, close=1e-5)
    compare(loss("binary_cross_entropy_with_logits", yes.astype(np.float32)), small, close=1e-5)


# -- where it is delicate -------------------------------------------------------------------------


def test_ties_and_corners():
    x = np.array([[2.0, 2.0, 1.0], [3.0, 3.0, 3.0]])
    compare(lambda k, x: k.amax(x, 1), x)
    compare(lambda k, x: k.amin(x, 0), x)
    compare(lambda k, x: x.max(), x)
    compare(lambda k, x: x.min(), x)
    compare(lambda k, x: x.max(1).values, x)
    compare(lambda k, x: x.min(0).values, x)
    zero = np.array([-1.0, 0.0, 1.0])
    compare(lambda k, x: k.relu(x), zero)
    compare(lambda k, x: x.abs(), zero)
    compare(lambda k, x: x.clamp(-1.0, 1.0), zero)
    compare(lambda k, x: x.clamp(0.0, 0.0), zero)


@pytest.mark.parametrize("exponent", [3.0, 2.0, 1.0, 0.5, 0.0, 2, 1, 0, -1.0])
def test_powers_at_zero(exponent):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare(lambda k, x: x**exponent, np.array([0.0, 1.0, 2.0]))


def test_powers_of_arrays_at_zero_and_below():
    x = np.array([0.0, 0.0, 0.0, 2.0, -2.0, -2.0, -2.0])
    exponent = np.array([2.0, 1.0, 0.0, 0.0, 0.0, 2.0, 3.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare(lambda k, x: x ** (k.tensor(exponent)), x)
        compare(lambda k, e: k.tensor(np.abs(x)) ** e, exponent)


def test_infinite_slopes_without_a_warning():
    zero = np.array([0.0, 1.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare(lambda k, x: x.sqrt(), zero)
        compare(lambda k, x: x.log(), zero)
        compare(lambda k, x: 1.0 / x, zero)
        compare(lambda k, x: x / 0.0, zero)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "gelu", "gelu tanh", "exp"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_without_a_warning(name, dtype):
    far = -1e12 if (name, dtype) == ("gelu tanh", np.float32) else -1e30  # PyTorch's is nan there
    x = np.array([far, -1e4, -100.0, -20.0, 0.0, 20.0, 80.0], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare(UNARY[name], x, g=np.ones(7, dtype), close=2e-6 if dtype == np.float32 else 1e-8)


def test_gelu_where_a_cube_overflows():
    far = np.array([-3e38, -1e30, -1e13, 1e13, 1e30, 3e38])
    x = Tensor(far, requires_grad=True, dtype=np.float32)
    y = torch.tensor(far, requires_grad=True)
    nn.functional.gelu(x, approximate="tanh").sum().backward()
    F.gelu(y, approximate="tanh").sum().backward()  # in float64 it does not
    np.testing.assert_array_equal(x.grad.numpy(), y.grad.numpy())


@pytest.mark.parametrize("one", [np.float32, np.float64])
@pytest.mark.parametrize("two", [np.float32, np.float64])
def test_dtypes(one, two):
    x, y = numbers((2, 3), 1, one), numbers((3,), 2, two)
    for f in (
        lambda k, x, y: x * y + x / y,
        lambda k, x, y: (x - y).sum(0),
        lambda k, x, y: x.double() * y.float(),
    ):
        compare(f, x, y, close=1e-5)
    if one == two:
        compare(lambda k, x, y: x @ y, x, y, close=1e-5)
    compare(lambda k, x, y: x[[0, 0]] * 2 + k.softmax(x, dim=0) * y, x, y, close=1e-5)


def test_integers_beside_floats():
    whole = np.array([1, 2, 3])
    compare(lambda k, x: x * k.tensor(whole) + k.tensor(whole), numbers((2, 3), dtype=np.float32),
            close=1e-6)  # fmt: skip
    compare(lambda k, x: x * k.tensor(whole > 1), numbers((2, 3), dtype=np.float32), close=1e-6)


# -- whole networks -------------------------------------------------------------------------------


def same_state(ours, theirs):
    with torch.no_grad():
        for name, value in theirs.state_dict().items():
            value.copy_(torch.tensor(ours.state_dict()[name].data))


def network(kit, name):
    nn_ = nn if kit is tinytorch else torch.nn
    return {
        "relu": lambda: nn_.Sequential(nn_.Linear(6, 5), nn_.ReLU(), nn_.Linear(5, 4)),
        "many": lambda: nn_.Sequential(
            nn_.Flatten(), nn_.Linear(6, 5), nn_.Tanh(), nn_.Dropout(0.0), nn_.Linear(5, 5),
            nn_.GELU(), nn_.Linear(5, 5, bias=False), nn_.Sigmoid(), nn_.Identity(),
            nn_.Linear(5, 4), nn_.GELU(approximate="tanh"), nn_.Softmax(1),
        ),
    }[name]()  # fmt: skip


@pytest.mark.parametrize("name", ["relu", "many"])
@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "MSELoss", "BCEWithLogitsLoss", "NLLLoss"])
def test_networks(name, loss):
    tinytorch.manual_seed(0)
    ours, theirs = network(tinytorch, name), network(torch, name)
    same_state(ours, theirs)
    x = numbers((8, 6), dtype=np.float32)
    classes = loss in ("CrossEntropyLoss", "NLLLoss")
    target = np.arange(8) % 4 if classes else numbers((8, 4), 3, np.float32, positive=True) / 2
    for _ in range(2):  # the second walk adds to the first
        getattr(nn, loss)()(ours(Tensor(x)), Tensor(target)).backward()
        getattr(torch.nn, loss)()(theirs(torch.tensor(x)), torch.tensor(target)).backward()
    for (label, mine), yours in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(
            mine.grad.data, yours.grad.numpy(), rtol=2e-4, atol=1e-6, err_msg=label
        )
        assert mine.grad.dtype == np.float32
        assert mine.grad.data.flags.owndata or mine.grad.data.base is not mine.data


def test_dropout():
    for kit in (tinytorch, torch):
        x = tensor(kit, np.ones(1000))
        out = (nn if kit is tinytorch else torch.nn).Dropout(0.5)(x)
        out.sum().backward()
        np.testing.assert_array_equal(array(x.grad), array(out), "what is off gets nothing")


def test_a_shared_weight():
    tinytorch.manual_seed(0)
    ours, theirs = nn.Linear(3, 3), torch.nn.Linear(3, 3)
    same_state(ours, theirs)
    x = numbers((2, 3), dtype=np.float32)
    (ours(ours(Tensor(x))) ** 2).sum().backward()
    (theirs(theirs(torch.tensor(x))) ** 2).sum().backward()
    for mine, yours in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(mine.grad.data, yours.grad.numpy(), rtol=1e-4, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.integers(0, 40)), min_size=1,
                max_size=14))  # fmt: skip
def test_random_graphs(plan):
    def build(k, *leaves):
        values = list(leaves)
        for op, i, j in plan:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append([
                lambda: a + b, lambda: k.tanh(a) * b, lambda: a - b,  # noqa: B023
                lambda: k.tanh(a @ b),  # noqa: B023
                lambda: k.sigmoid(a.T) + b.sum(0, keepdim=True),  # noqa: B023
                lambda: k.softmax(a, dim=1)[:, [0, 0, 1]] * b,  # noqa: B023
            ][op]())  # fmt: skip
        total = values[-1]
        for value in values[2:-1]:
            total = total + value
        return total.mean() * 2.0

    compare(build, numbers((3, 3), 1), numbers((3, 3), 2), g=np.array(1.0), close=1e-8)


# -- the walk -------------------------------------------------------------------------------------


@BOTH
def test_gradients_add_up(kit):
    x = tensor(kit, [1.0, 2.0])
    (x * 2.0).sum().backward()
    first = x.grad
    (x * 3.0).sum().backward()
    assert array(x.grad).tolist() == [5.0, 5.0]
    assert x.grad is first, "in place, so that whoever holds it sees it"
    x.grad = None
    (x * 3.0).sum().backward()
    assert array(x.grad).tolist() == [3.0, 3.0]


@BOTH
def test_retain_graph(kit):
    x = tensor(kit, [1.0, 2.0])
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert array(x.grad).tolist() == [4.0, 8.0]
    with pytest.raises((RuntimeError, ValueError), match="retain_graph"):
        y.backward()
    assert array(x.grad).tolist() == [4.0, 8.0]
    z = x * x
    (z * 2.0).sum().backward(retain_graph=True)
    (z * 3.0).sum().backward()
    with pytest.raises((RuntimeError, ValueError), match="retain_graph"):
        (z * 3.0).sum().backward()


def test_what_has_been_walked_still_has_a_name():
    x = tensor(tinytorch, [1.0, 2.0])
    y = (x * x).sum()
    y.backward()
    assert "operation" in repr(y.recipe) and not y.is_leaf
    with pytest.raises(ValueError, match="detach"):
        copy.deepcopy(y)
    with pytest.raises(ValueError, match="retain_graph"):
        (y * 2.0).backward()
    assert "walked" in tinytorch.draw(y * 2.0)
    assert pickle.loads(pickle.dumps(y)).recipe is None


@BOTH
def test_only_leaves_keep_gradients(kit):
    x, plain = tensor(kit, [1.0, 2.0]), kit.tensor([3.0, 4.0])
    y = x * plain
    z = y.sum()
    z.backward()
    assert plain.grad is None and plain.is_leaf
    assert x.is_leaf and not y.is_leaf
    assert x.grad is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch explains it
        assert y.grad is None and z.grad is None


@BOTH
def test_the_first_gradient(kit):
    x = tensor(kit, [1.0, 2.0])
    (x * x).backward(kit.tensor(np.array([10.0, 100.0])))
    assert array(x.grad).tolist() == [20.0, 400.0]
    (x * x).backward(gradient=kit.tensor(np.array([1.0, 1.0])))
    one = tensor(kit, [[3.0]])
    (one * one).backward()
    assert array(one.grad).tolist() == [[6.0]]
    leaf = tensor(kit, 3.0)
    leaf.backward()
    assert array(leaf.grad).item() == 1.0


@BOTH
def test_what_both_refuse(kit):
    x = tensor(kit, [1.0, 2.0])
    refused = (RuntimeError, ValueError)
    with pytest.raises(refused):
        (x * x).backward()
    with pytest.raises(refused):
        (x * x).backward(kit.ones(3))
    with pytest.raises(refused):
        kit.tensor([1.0]).sum().backward()
    with pytest.raises(refused):
        x.detach().sum().backward()
    with kit.no_grad():
        y = (x * x).sum()
    with pytest.raises(refused):
        y.backward()
    z = (x * x).sum()
    with kit.no_grad():
        x += 1.0
    with pytest.raises(refused):
        z.backward()
    w = x.exp()
    with kit.no_grad():
        w.detach().mul_(2.0) if kit is torch else w.detach().copy_([0.0, 0.0])
    with pytest.raises(refused):
        w.sum().backward()
    with pytest.raises(refused):
        x += 1.0


@BOTH
def test_what_may_be_changed_in_place(kit):
    x = tensor(kit, [1.0, 2.0])
    y = (x + 1.0).sum()
    other = kit.zeros(2)
    other += 1.0
    y.backward()
    with kit.no_grad():
        x -= 0.5 * x.grad
    assert array(x).tolist() == [0.5, 1.5] and x.is_leaf and x.requires_grad
    x.grad = None
    (x * x).sum().backward()
    assert array(x.grad).tolist() == [1.0, 3.0]


@BOTH
def test_detached_is_held_constant(kit):
    x = tensor(kit, [1.0, 2.0])
    (x * x.detach() + (x * 2.0).detach()).sum().backward()
    assert array(x.grad).tolist() == [1.0, 2.0]


@BOTH
def test_frozen_parameters(kit):
    nn_ = nn if kit is tinytorch else torch.nn
    net = nn_.Sequential(nn_.Linear(2, 3), nn_.ReLU(), nn_.Linear(3, 1))
    net[0].requires_grad_(False)
    net(kit.ones(4, 2)).sum().backward()
    assert net[0].weight.grad is None and net[0].bias.grad is None
    assert net[2].weight.grad is not None
    net.zero_grad()
    assert net[2].weight.grad is None


@BOTH
def test_a_hidden_leaf_is_found_late(kit):
    x = tensor(kit, [1.0, 2.0])
    y = x.detach() * 2.0
    assert not y.requires_grad
    y.requires_grad_()
    (y * x).sum().backward()
    assert array(y.grad).tolist() == [1.0, 2.0] and array(x.grad).tolist() == [2.0, 4.0]


@BOTH
def test_leaves_own_their_gradients(kit):
    x, y, seed = tensor(kit, [1.0, 2.0]), tensor(kit, [3.0, 4.0]), kit.tensor(np.ones(2))
    (x + y).backward(seed)
    with kit.no_grad():
        x.grad *= 7.0
    assert array(y.grad).tolist() == [1.0, 1.0] and array(seed).tolist() == [1.0, 1.0]
    z = tensor(kit, np.ones((2, 3)))
    z.sum().backward()
    with kit.no_grad():
        z.grad *= 7.0
    assert array(z.grad).tolist() == [[7.0] * 3] * 2


@BOTH
def test_deep_and_nested_graphs(kit):
    x = y = tensor(kit, 1.0)
    for _ in range(60):
        y = y + y * 0.5
    y.backward()
    assert array(x.grad).item() == pytest.approx(1.5**60)
    x = y = tensor(kit, 1.0)
    for _ in range(5000):
        y = y * 1.0
    y.backward()
    assert array(x.grad).item() == 1.0


def test_gradients_have_no_recipe():
    x = tensor(tinytorch, [1.0, 2.0])
    (x**3.0).sum().backward()
    assert not x.grad.requires_grad and x.grad.is_leaf


def test_plus_equals_on_a_result_makes_a_new_tensor():
    x = tensor(tinytorch, [1.0, 2.0])
    y = kept = x * 2.0
    y += x
    assert y is not kept
    (y * kept).sum().backward()
    assert x.grad.tolist() == [12.0, 24.0]


def test_threads_walk_at_once():
    x = np.random.default_rng(0).standard_normal((20, 20))
    found = [None] * 4

    def work(n):
        for _ in range(20):
            leaf = tensor(tinytorch, x * (n + 1))
            ((leaf @ leaf).sum() + (leaf * leaf).sum()).backward()
            found[n] = leaf.grad.data

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(4):
        leaf = torch.tensor(x * (n + 1), requires_grad=True)
        ((leaf @ leaf).sum() + (leaf * leaf).sum()).backward()
        np.testing.assert_allclose(found[n], leaf.grad.numpy(), rtol=1e-9)


# -- recording ------------------------------------------------------------------------------------


@BOTH
def test_recording_in_blocks(kit):
    x = tensor(kit, 1.0)
    seen = []
    with kit.no_grad():
        seen.append((x * 2.0).requires_grad)
        with kit.enable_grad():
            seen.append((x * 2.0).requires_grad)
        seen.append((x * 2.0).requires_grad)
        with kit.set_grad_enabled(True):
            seen.append((x * 2.0).requires_grad)
        seen.append(kit.is_grad_enabled())
    with kit.set_grad_enabled(False):
        seen.append((x * 2.0).requires_grad)
    with pytest.raises(KeyError), kit.no_grad():
        raise KeyError
    seen.append(kit.is_grad_enabled())
    assert seen == [False, True, False, True, False, False, True]
    with kit.no_grad():
        assert x.requires_grad and x.is_leaf
        made = tensor(kit, 2.0)
        assert made.requires_grad


@BOTH
def test_recording_in_decorated_functions(kit):
    @kit.no_grad()
    def plain(x, depth=0):
        """Say hello."""
        if depth:
            plain(x, depth - 1)
        return (x * 2.0).requires_grad

    @kit.enable_grad()
    def recorded(x):
        return (x * 2.0).requires_grad

    @kit.set_grad_enabled(False)
    def off(x):
        return (x * 2.0).requires_grad

    kit.set_grad_enabled(True)  # PyTorch's acts at once, also where it decorates
    x = tensor(kit, 1.0)
    assert not plain(x) and not plain(x, depth=2) and kit.is_grad_enabled()
    assert plain.__name__ == "plain" and plain.__doc__ == "Say hello."
    assert not off(x) and kit.is_grad_enabled()
    with kit.no_grad():
        assert recorded(x) and not kit.is_grad_enabled()

    @kit.no_grad()
    def fails():
        raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert kit.is_grad_enabled()


@BOTH
def test_methods_may_be_decorated(kit):
    class Model:
        @kit.no_grad()
        def evaluate(self, x, *, scale):
            return (x * scale).requires_grad

    assert not Model().evaluate(tensor(kit, 1.0), scale=2.0)


@BOTH
def test_recording_is_each_threads_own(kit):
    seen = []
    with kit.no_grad():
        thread = threading.Thread(target=lambda: seen.append(kit.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


# -- tools ----------------------------------------------------------------------------------------


def test_gradcheck_agrees():
    for k, check in ((tinytorch, autograd.gradcheck), (torch, torch.autograd.gradcheck)):
        x, y = tensor(k, numbers((2, 3))), tensor(k, numbers((3,), 1))
        assert check(lambda x, y: k.tanh(x) * y + x.sum(), (x, y))  # noqa: B023


def test_detect_anomaly_names_the_line():
    x = tensor(tinytorch, [0.0, 1.0])
    with autograd.detect_anomaly(), pytest.raises(ValueError, match=r"log.*test_torch_autograd"):
        x.log()
    with autograd.detect_anomaly():
        out = (x.sqrt() * 2.0).sum()
        with pytest.raises(ValueError, match=r"'x' in sqrt.*test_torch_autograd"):
            out.backward()


def test_every_rule_has_its_case():
    """The table of rules, so that a new one is not left without a comparison here."""
    known = {
        "absolute", "add", "amax", "amin", "binary_cross_entropy_with_logits", "cast", "clamp",
        "cross_entropy", "div", "exp", "expand", "gelu", "log", "log_softmax", "masked_fill",
        "matmul", "mul", "neg", "permute", "power", "reduce_sum", "relu", "reshape", "sigmoid",
        "softmax", "sqrt", "sub", "take", "tanh", "tril",
    }  # fmt: skip
    stages = ("tensor", "activations", "losses")
    mine = {op.name for op, _ in autograd.RULES if op.__module__.split(".")[-1] in stages}
    assert mine == known
