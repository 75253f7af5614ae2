"""The tensor of stage 01 against PyTorch: dtypes, values, axes, signatures, errors.

Deliberate differences, each with a test below:
- Where PyTorch refuses truth values (bool in a subtraction, bool ** bool), they count as 0 and 1.
- The mean of integers is float32, where PyTorch asks for a dtype.
- Errors are ValueError, TypeError or IndexError, where PyTorch often has a RuntimeError.
"""

import copy
import itertools
import operator
import pickle
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
hypothesis = pytest.importorskip("hypothesis")
import tinytorch  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from tinytorch import Tensor  # noqa: E402

DTYPES = ["bool", "int32", "int64", "float32", "float64"]
OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
LEFT, RIGHT = ([1, 0, 3], 2, [2]), ([1, 2, 0], 3, [2])  # with dimensions, without, of one element
SCALARS = [
    True,
    2,
    2.5,
    -1,
    np.bool_(True),
    np.int32(2),
    np.int64(2),
    np.float32(2.5),
    np.float64(2.5),
]


def ours(values, dtype):
    return Tensor(np.array(values).astype(dtype))


def theirs(values, dtype):
    return torch.tensor(np.array(values).astype(dtype))


def outcome(call):
    """Give (dtype, values) or the fact that it was refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = call()
    except (RuntimeError, TypeError, ValueError):
        return "refused"
    return str(result.dtype).replace("torch.", ""), np.array(result.tolist(), float)


def agree(mine, yours, case):
    assert (mine == "refused") == (yours == "refused"), case
    if mine != "refused":
        assert mine[0] == yours[0], case
        np.testing.assert_allclose(mine[1], yours[1], rtol=1e-6, err_msg=str(case))


def truth_values_refused(symbol, a, b):
    """Tell whether PyTorch refuses this pair, or treats it by a rule of its own, and we do not."""
    return (symbol == "-" and "bool" in (a, b)) or (symbol == "**" and a == b == "bool")


@pytest.mark.parametrize("symbol", OPERATORS)
def test_dtype_of_two_tensors(symbol):
    for a, b in itertools.product(DTYPES, DTYPES):
        if truth_values_refused(symbol, a, b):
            continue
        for x, y in itertools.product(LEFT, RIGHT):
            f = OPERATORS[symbol]
            mine = outcome(lambda: f(ours(x, a), ours(y, b)))  # noqa: B023
            yours = outcome(lambda: f(theirs(x, a), theirs(y, b)))  # noqa: B023
            agree(mine, yours, (symbol, a, x, b, y))


@pytest.mark.parametrize("symbol", OPERATORS)
def test_dtype_of_tensor_and_scalar(symbol):
    f = OPERATORS[symbol]
    for a, x, scalar in itertools.product(DTYPES, LEFT, SCALARS):
        plain = scalar.item() if isinstance(scalar, np.generic) else scalar
        if truth_values_refused(symbol, a, type(plain).__name__):
            continue
        for swap in (False, True):
            mine, yours = (ours(x, a), scalar), (theirs(x, a), plain)
            if swap:
                mine, yours = mine[::-1], yours[::-1]
            agree(
                outcome(lambda: f(*mine)),  # noqa: B023
                outcome(lambda: f(*yours)),  # noqa: B023
                (symbol, a, x, repr(scalar), swap),
            )


def test_truth_values_count_where_pytorch_refuses_them():
    flags = Tensor([True, False])
    for result, dtype, values in [
        (flags - flags, np.int64, [0, 0]),
        (flags - True, np.int64, [0, -1]),
        (1 - flags, np.int64, [0, 1]),
        (flags - 0.5, np.float32, [0.5, -0.5]),
        (Tensor([2.0, 3.0]) - flags, np.float32, [1.0, 3.0]),
        (Tensor([2.0, 3.0]).double() - flags, np.float64, [1.0, 3.0]),
        (flags**flags, np.int64, [1, 1]),
        (flags**True, np.int64, [1, 0]),
    ]:
        assert result.dtype == dtype and result.tolist() == values
    with pytest.raises(RuntimeError):
        torch.tensor([True]) - torch.tensor([True])


def test_mean_of_integers_is_float32():
    assert Tensor([1, 2]).mean().dtype == np.float32
    assert Tensor([1, 2]).mean().item() == 1.5


def test_numpy_arrays_count_as_tensors():
    x = Tensor([1.0, 2.0])
    assert (x + np.ones(2)).dtype == np.float64
    assert (np.ones(2) + x).dtype == np.float64 and isinstance(np.ones(2) + x, Tensor)
    assert (np.ones(2, np.float32) @ x).item() == 3.0
    with pytest.raises(TypeError):
        x + np.array(["a", "b"])


# -- values over shapes -----------------------------------------------------------------------


shapes = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def pair(shape, seed=0, dtype=np.float32):
    data = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return Tensor(data.copy()), torch.from_numpy(data.copy())


def close(mine, yours, case=""):
    assert tuple(mine.shape) == tuple(yours.shape), case
    assert str(mine.dtype) == str(yours.dtype).replace("torch.", ""), case
    np.testing.assert_allclose(
        mine.numpy(), yours.numpy(), rtol=2e-5, atol=1e-6, equal_nan=True, err_msg=str(case)
    )


@settings(deadline=None, max_examples=150)
@given(shapes, shapes)
def test_broadcasting(a, b):
    try:
        expected = tuple(torch.broadcast_shapes(a, b))
    except RuntimeError:
        with pytest.raises(ValueError, match="do not broadcast") as caught:
            tinytorch.broadcast_shapes(a, b)
        assert str(a) in str(caught.value) and str(b) in str(caught.value)
        with pytest.raises(ValueError, match="neither is 1"):
            Tensor(np.zeros(a)) + Tensor(np.zeros(b))
        return
    assert tinytorch.broadcast_shapes(a, b) == expected
    (x, tx), (y, ty) = pair(a), pair(b, 1)
    for f in (operator.add, operator.sub, operator.mul, operator.truediv, operator.lt):
        close(f(x, y), f(tx, ty), (a, b))


@settings(deadline=None, max_examples=150)
@given(shapes, shapes)
def test_matmul(a, b):
    (x, tx), (y, ty) = pair(a), pair(b, 1)
    try:
        expected = tx @ ty
    except RuntimeError:
        with pytest.raises(ValueError, match="matmul") as caught:
            x @ y
        assert str(a) in str(caught.value) and str(b) in str(caught.value)
        return
    close(x @ y, expected, (a, b))


def test_matmul_of_every_rank():
    sizes = [(3,), (2, 3), (5, 2, 3), (4, 1, 2, 3)]
    others = [(3,), (3, 2), (5, 3, 2), (1, 5, 3, 2)]
    for a, b in itertools.product(sizes, others):
        (x, tx), (y, ty) = pair(a), pair(b, 1)
        close(x @ y, tx @ ty, (a, b))
        if len(a) == len(b) == 2:
            np.testing.assert_allclose(
                tinytorch.matmul_loops(x.data, y.data), (tx @ ty).numpy(), rtol=1e-5, atol=1e-6
            )


@settings(deadline=None, max_examples=200)
@given(shapes, st.data())
def test_reductions(shape, data):
    x, t = pair(shape)
    n = len(shape)
    dims = [None] + list(range(-n, n))
    dim, keepdim = data.draw(st.sampled_from(dims)), data.draw(st.booleans())
    several = tuple(data.draw(st.sets(st.integers(0, n - 1), min_size=1))) if n else None
    for name in ("sum", "mean"):
        for d in (dim, several):
            expected = getattr(t, name)(dim=d, keepdim=keepdim)
            close(getattr(x, name)(dim=d, keepdim=keepdim), expected, (name, shape, d, keepdim))
    for d, correction in itertools.product((dim, several), (0, 1, 2)):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            expected = t.var(dim=d, correction=correction, keepdim=keepdim)
            close(x.var(dim=d, correction=correction, keepdim=keepdim), expected, (shape, d))
    if 0 in shape:
        return
    for name in ("max", "min"):
        close(getattr(x, name)(), getattr(t, name)())
        if dim is not None:
            mine, yours = getattr(x, name)(dim, keepdim), getattr(t, name)(dim, keepdim)
            close(mine.values, yours.values, (name, shape, dim, keepdim))
            close(mine.indices, yours.indices, (name, shape, dim, keepdim))
        over = () if dim is None else dim
        close(
            getattr(tinytorch, f"a{name}")(x, dim, keepdim), getattr(t, f"a{name}")(over, keepdim)
        )
    for name in ("argmax", "argmin"):
        arguments = () if dim is None else (dim, keepdim)
        close(getattr(x, name)(*arguments), getattr(t, name)(*arguments), (name, shape, dim))


def test_reductions_of_other_dtypes():
    for dtype in DTYPES:
        x, t = ours([[1, 0, 3], [0, 2, 2]], dtype), theirs([[1, 0, 3], [0, 2, 2]], dtype)
        close(x.sum(), t.sum(), dtype)
        close(x.sum(1), t.sum(1), dtype)
        close(x.all(), t.all(), dtype)
        close(x.any(1, keepdim=True), t.any(1, keepdim=True), dtype)
        if dtype != "bool":
            close(x.max(1).values, t.max(1).values, dtype)
            close(x.argmax(0), t.argmax(0), dtype)
            close(x.abs(), t.abs(), dtype)
            close(-x, -t, dtype)
        for name in ("exp", "log", "sqrt"):
            close(getattr(x, name)(), getattr(t, name)(), (name, dtype))


def test_extreme_numbers_element_by_element():
    values = [-np.inf, -1e30, -2.5, -0.0, 0.0, 1e-38, 2.5, 88.0, 89.0, 1e30, np.inf, np.nan]
    for dtype in ("float32", "float64"):
        x, t = ours(values, dtype), theirs(values, dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what cannot be helped must not be reported, either
            for name in ("exp", "log", "sqrt", "abs"):
                close(getattr(x, name)(), getattr(t, name)(), (name, dtype))
            for exponent in (2, 0.5, -1, 0, 3.0):
                close(x**exponent, t**exponent, (exponent, dtype))
            close(x / 0.0, t / 0.0)
            close(1.0 / x, 1.0 / t)
            close(x.clamp(-1.0, 2.0), t.clamp(-1.0, 2.0))


@settings(deadline=None, max_examples=200)
@given(shapes, st.data())
def test_axes(shape, data):
    x, t = pair(shape)
    n = len(shape)
    order = data.draw(st.permutations(range(n)))
    close(x.permute(*order), t.permute(order))
    close(x.permute(order), t.permute(order))
    at = data.draw(st.integers(-n - 1, n))
    close(x.unsqueeze(at), t.unsqueeze(at))
    close(x.squeeze(), t.squeeze())
    close(x.flatten(), t.flatten())
    close(x.reshape(-1), t.reshape(-1))
    close(x.expand(2, *shape), t.expand(2, *shape))
    close(x.expand(*[-1] * n), t.expand((-1,) * n))
    close(x.T, t.permute(tuple(range(n)[::-1])))
    if n == 0:
        return
    one, two = data.draw(st.integers(-n, n - 1)), data.draw(st.integers(-n, n - 1))
    close(x.transpose(one, two), t.transpose(one, two))
    close(x.squeeze(one), t.squeeze(one))
    first, last = sorted((one % n, two % n))
    close(x.flatten(first, last), t.flatten(first, last))
    close(x.flatten(first - n, last - n), t.flatten(first, last))
    if n >= 2:
        close(x.tril(one), t.tril(one))


@settings(deadline=None, max_examples=200)
@given(shapes, st.lists(st.integers(-1, 6), max_size=4).map(tuple))
def test_reshape(shape, wanted):
    x, t = pair(shape)
    try:
        expected = t.reshape(wanted)
    except RuntimeError:
        with pytest.raises(ValueError, match="reshape"):
            x.reshape(wanted)
        return
    assert tinytorch.infer_shape(wanted, x.numel()) == tuple(expected.shape)
    close(x.reshape(*wanted), expected)
    close(x.view(wanted), expected)


def test_indexing():
    x, t = pair((4, 3, 2))
    rows, flags = np.array([2, 0, 2]), np.array([True, False, True, False])
    for index in [
        0, -1, slice(1, 3), slice(None, None, 2), (0, 1), (0, 1, 1), (slice(None), 1), (..., 0),
        None, (slice(None), None), (0, None, ..., None), rows, flags, (rows, 1),
        (slice(None), np.array([[0, 1], [2, 0]])), (rows, np.array([0, 1, 2]), 1), (), ...,
        (np.array([3, 1]), slice(0, 2), np.array([1, 0])), (flags, 0), slice(3, 1),
    ]:  # fmt: skip
        into = tuple(map(as_torch, index)) if isinstance(index, tuple) else as_torch(index)
        mine = tuple(map(as_ours, index)) if isinstance(index, tuple) else as_ours(index)
        close(x[index], t[into], index)
        close(x[mine], t[into], index)
    for bad in (4, -5, (0, 3), (0, 0, 0, 0), slice("a", None)):
        with pytest.raises((IndexError, TypeError)):
            x[bad]


def as_torch(index):
    return torch.from_numpy(index) if isinstance(index, np.ndarray) else index


def as_ours(index):
    return Tensor(index) if isinstance(index, np.ndarray) else index


def test_sizes_and_strides():
    for shape in [(), (0,), (3,), (2, 3, 4), (2, 0, 4), (1, 1)]:
        t = torch.zeros(shape)
        assert tinytorch.numel(shape) == t.numel()
        if 0 not in shape:  # PyTorch counts an empty axis as 1 here
            assert tinytorch.strides(shape) == t.stride()
        x = Tensor(np.zeros(shape))
        assert (x.size(), x.ndim, x.numel()) == (tuple(t.size()), t.ndim, t.numel())


def test_what_tensors_are_made_of():
    for data in [1, 1.5, True, [], [1, 2], [1.0, 2], [[True], [False]], [[1, 2.5]], (1, 2), [[]]]:
        mine, yours = tinytorch.tensor(data), torch.tensor(data)
        close(mine, yours, data)
        close(Tensor(np.array(data)), torch.from_numpy(np.array(data)), data)
    close(Tensor([1, 2], dtype=np.float64), torch.tensor([1, 2], dtype=torch.float64))
    for bad in ([[1], [1, 2]], [1, [2]]):
        with pytest.raises(ValueError, match="rows differ"):
            Tensor(bad)
    for bad in ("text", ["a"], None, object(), [None]):
        with pytest.raises(TypeError, match="holds numbers"):
            Tensor(bad)


def test_creation():
    for name, arguments in [
        ("zeros", (2, 3)), ("zeros", ((2, 3),)), ("zeros", ([2],)), ("ones", (2,)),
        ("full", ((2, 2), 7)), ("full", ((2,), 7.5)), ("full", ((), True)),
        ("arange", (5,)), ("arange", (5.0,)), ("arange", (1, 7, 2)), ("arange", (0, 1, 0.25)),
        ("arange", (3, 0, -1)), ("eye", (3,)), ("eye", (2, 4)),
        ("linspace", (-1, 2, 7)), ("linspace", (3, 3, 1)),
    ]:  # fmt: skip
        close(
            getattr(tinytorch, name)(*arguments),
            getattr(torch, name)(*arguments),
            (name, arguments),
        )
    x, t = Tensor([1, 2]), torch.tensor([1, 2])
    close(tinytorch.zeros_like(x), torch.zeros_like(t))
    close(tinytorch.ones_like(x, dtype=np.float32), torch.ones_like(t, dtype=torch.float32))


def test_a_tensor_owns_its_numbers_and_a_wrapped_array_shares_them():
    array = np.zeros(2, np.float32)
    copied, shared = tinytorch.tensor(array), Tensor(array)
    array[0] = 5.0
    assert copied.tolist() == [0.0, 0.0] and shared.tolist() == [5.0, 0.0]


def test_calls_by_position_and_by_name():
    x, t = pair((2, 3))
    mask = np.array([[True, False, True]])
    m, tm = Tensor(mask), torch.from_numpy(mask)
    close(tinytorch.add(input=x, other=2.0), torch.add(input=t, other=2.0))
    close(tinytorch.mul(x, other=x), torch.mul(t, other=t))
    close(tinytorch.matmul(input=x, other=x.T), torch.matmul(input=t, other=t.T))
    close(tinytorch.exp(input=x), torch.exp(input=t))
    close(tinytorch.clamp(x, 0.0, 1.0), torch.clamp(t, 0.0, 1.0))
    close(tinytorch.clamp(x, max=0.5), torch.clamp(t, max=0.5))
    close(tinytorch.clamp(input=x, min=0.0), torch.clamp(input=t, min=0.0))
    close(tinytorch.masked_fill(x, m, -1.0), torch.masked_fill(t, tm, -1.0))
    close(tinytorch.masked_fill(input=x, mask=m, value=-1.0), t.masked_fill(tm, -1.0))
    close(x.masked_fill(m, float("-inf")), t.masked_fill(tm, float("-inf")))
    close(x.masked_fill(~m, 0.0), t.masked_fill(~tm, 0.0))
    close(tinytorch.tril(x, 1), torch.tril(t, 1))
    close(tinytorch.tril(x, diagonal=-1), torch.tril(t, diagonal=-1))
    close(tinytorch.sum(x, 1), torch.sum(t, 1))
    close(tinytorch.sum(x, dim=0, keepdim=True), torch.sum(t, dim=0, keepdim=True))
    close(tinytorch.mean(x, (0, 1)), torch.mean(t, (0, 1)))
    close(tinytorch.reshape(x, (3, 2)), torch.reshape(t, (3, 2)))
    close(tinytorch.reshape(input=x, shape=(-1,)), torch.reshape(input=t, shape=(-1,)))
    close(tinytorch.permute(x, (1, 0)), torch.permute(t, (1, 0)))
    close(tinytorch.permute(x, dims=(1, 0)), torch.permute(t, dims=(1, 0)))
    close(tinytorch.transpose(x, 0, 1), torch.transpose(t, 0, 1))
    close(tinytorch.flatten(x, start_dim=0), torch.flatten(t, start_dim=0))
    close(tinytorch.argmax(x, dim=1, keepdim=True), torch.argmax(t, dim=1, keepdim=True))
    close(tinytorch.abs(x), torch.abs(t))
    close(tinytorch.pow(x, 2), torch.pow(t, 2))


def test_calls_that_do_not_fit():
    x = Tensor([1.0, 2.0])
    for call in (
        lambda: tinytorch.add(x),
        lambda: tinytorch.add(x, x, x),
        lambda: tinytorch.add(x, x, b=x),
        lambda: tinytorch.exp(x, colour="red"),
        lambda: tinytorch.clamp(x, 0.0, 1.0, 2.0),
        lambda: tinytorch.clamp(x, 0.0, min=0.0),
        lambda: tinytorch.reshape(x),
    ):
        with pytest.raises(TypeError):
            call()


def test_errors_point_at_the_line_of_the_function():
    with pytest.raises(ValueError, match="add: shapes") as caught:
        Tensor([1.0, 2.0]) + Tensor([1.0, 2.0, 3.0])
    assert caught.traceback[-1].name == "add", "not at Op, which only passed it on"


def test_axes_that_are_not_there():
    x, t = pair((2, 3))
    for call in (
        lambda v: v.sum(2),
        lambda v: v.mean(-3),
        lambda v: v.max(2),
        lambda v: v.argmax(2),
        lambda v: v.transpose(0, 2),
        lambda v: v.size(2),
        lambda v: v.unsqueeze(3),
        lambda v: v.unsqueeze(-4),
        lambda v: v.squeeze(2),
        lambda v: v.flatten(2),
        lambda v: v.flatten(0, -3),
        lambda v: v[2],
    ):
        for value in (x, t):
            with pytest.raises(IndexError):
                call(value)


def test_in_place():
    for dtype, other in itertools.product(("int64", "float32"), (2, 0.5)):
        for f in (operator.iadd, operator.isub, operator.imul, operator.itruediv):
            x, t = ours([1, 2], dtype), theirs([1, 2], dtype)
            mine, yours = outcome(lambda: f(x, other)), outcome(lambda: f(t, other))  # noqa: B023
            agree(mine, yours, (dtype, other, f))
    x, t = pair((2, 3))
    x[0], t[0] = 7.0, 7.0
    x[:, 1], t[:, 1] = Tensor([1.0, 2.0]), torch.tensor([1.0, 2.0])
    close(x, t)
    x += x[0]
    t += t[0].clone()
    close(x, t)
    assert x.version == 3 and t._version == 3


def test_in_place_is_refused_where_gradients_would_be_wrong():
    x, t = Tensor([1.0, 2.0], requires_grad=True), torch.tensor([1.0, 2.0], requires_grad=True)

    def item(value):
        value[0] = 3.0

    for change in (lambda v: operator.iadd(v, 1.0), item):
        with pytest.raises(ValueError):
            change(x)
        with pytest.raises(RuntimeError):
            change(t)
    y = x * 2.0
    with pytest.raises(ValueError, match="not recorded"):
        item(y)  # PyTorch records it; we do not, and say so
    y += 1.0
    assert y.recipe.op.name == "add" and y.tolist() == [3.0, 5.0] and x.tolist() == [1.0, 2.0]


def test_conversions():
    x, t = Tensor([1.7, -1.7]), torch.tensor([1.7, -1.7])
    close(x.long(), t.long())
    close(x.double(), t.double())
    close(x.double().float(), t)
    assert x.float() is x and x.to("cpu") is x and x.cpu() is x
    with pytest.raises(ValueError, match="CPU only"):
        x.to("cuda:0")
    for one in (Tensor(2.5), Tensor([[2.5]])):
        assert one.item() == float(one) == 2.5 and int(one) == 2 and bool(one)
    with pytest.raises(ValueError, match=r"\(2,\)"):
        x.item()
    with pytest.raises(ValueError, match="neither true nor false"):
        bool(x)
    assert np.asarray(x) is x.data and np.array(x, np.float64).dtype == np.float64
    with pytest.raises(TypeError):
        Tensor([1, 2], requires_grad=True)
    with pytest.raises(TypeError):
        iter(Tensor(1.0)).__next__()


def test_saving(tmp_path):
    kept = {
        "weights": [Tensor([[1.5, 2.5]]), Tensor(3), Tensor(np.zeros((0, 2)))],
        "state": {0: (1, "two", None, True), "mean": np.arange(3), "best": np.float32(0.5)},
        "rng": tinytorch.get_rng_state(),
    }
    tinytorch.save(kept, tmp_path / "kept.npz")
    back = tinytorch.load(tmp_path / "kept.npz")
    for mine, stored in zip(back["weights"], kept["weights"], strict=True):
        assert (
            isinstance(mine, Tensor) and mine.dtype == stored.dtype and mine.shape == stored.shape
        )
        assert mine.tolist() == stored.tolist()
    assert back["state"][0] == (1, "two", None, True) and back["state"]["best"] == 0.5
    assert back["state"]["mean"].tolist() == [0, 1, 2] and back["rng"] == kept["rng"]
    with pytest.raises(TypeError, match="function"):
        tinytorch.save({"f": lambda: 0}, tmp_path / "kept.npz")
    assert tinytorch.load(tmp_path / "kept.npz")["weights"][1].item() == 3, "the old file stayed"
    assert [p.name for p in tmp_path.iterdir()] == ["kept.npz"]


def test_damaged_files(tmp_path):
    tinytorch.save({"x": Tensor(np.arange(1000.0))}, tmp_path / "good.npz")
    good = (tmp_path / "good.npz").read_bytes()
    np.save(tmp_path / "plain.npy", np.zeros(3))
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    turned = bytearray(good)
    turned[3000] ^= 255
    damaged = [(tmp_path / "plain.npy").read_bytes(), (tmp_path / "other.npz").read_bytes()]
    damaged += [bytes(turned), good[: len(good) // 2], b"", b"hello", b"\x80\x04N."]
    for data in damaged:
        (tmp_path / "bad.npz").write_bytes(data)
        with pytest.raises(ValueError, match="damaged"):
            tinytorch.load(tmp_path / "bad.npz")
    with pytest.raises(FileNotFoundError):
        tinytorch.load(tmp_path / "none.npz")


def test_random_numbers():
    tinytorch.manual_seed(1)
    first, state = tinytorch.randn(1000), tinytorch.get_rng_state()
    second = tinytorch.rand(2, 3)
    tinytorch.set_rng_state(state)
    assert np.array_equal(second.data, tinytorch.rand(2, 3).data)
    tinytorch.manual_seed(1)
    assert np.array_equal(first.data, tinytorch.randn(1000).data)
    assert abs(first.mean().item()) < 0.1 and abs(first.var().item() - 1) < 0.15
    assert first.dtype == second.dtype == np.float32
    assert tinytorch.random_generator() is tinytorch.random_generator()


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "sigmoid", "tanh", "softmax"])
@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.bool_, np.int64])
def test_small_integers_are_computed_in_float32(name, kind):
    values = np.array([1, 12, 3], kind)
    words = {"dim": 0} if name == "softmax" else {}
    mine = getattr(tinytorch, name)(Tensor(values), **words)
    if name == "softmax":
        yours = torch.softmax(torch.tensor(values).float(), dim=0)
    else:
        yours = getattr(torch, name)(torch.tensor(values))
    assert mine.dtype == np.float32
    np.testing.assert_allclose(mine.data, yours.numpy(), rtol=1e-5)


def test_the_package_names_dtypes_as_pytorch_does():
    for name in ("float", "double", "long", "int", "bool", "float32", "int64"):
        assert np.dtype(getattr(tinytorch, name)).name == str(getattr(torch, name))[6:]


def test_axes_that_are_not_there_are_named():
    x = Tensor([[1.0, 2.0]])
    for call in (lambda: x.transpose(0, 5), lambda: x.transpose(5, 0), lambda: x.size(5)):
        with pytest.raises(IndexError, match=r"no axis 5 in shape \(1, 2\)"):
            call()


def test_bytes():
    x, t = (
        ours([[1, 200, 3], [100, 0, 255]], "uint8"),
        theirs([[1, 200, 3], [100, 0, 255]], "uint8"),
    )
    close(x.sum(), t.sum())
    close(x.sum(1, keepdim=True), t.sum(1, keepdim=True))
    close(tinytorch.relu(x), torch.relu(t))
    close(x.max(1).values, t.max(1).values)
    assert x.mean().dtype == np.float32 and x.mean().item() == pytest.approx(559 / 6)
    assert x.mean(0).tolist() == [50.5, 100.0, 129.0]


LOOKS = [
    lambda v: v.detach(),
    lambda v: v.reshape(2, 6),
    lambda v: v.reshape(3, 4),
    lambda v: v.T.reshape(3, 4),
    lambda v: v.flatten(),
    lambda v: v.permute(1, 0),
    lambda v: v.transpose(0, 1).transpose(0, 1),
    lambda v: v.unsqueeze(0).squeeze(),
    lambda v: v.expand(2, 3, 4),
    lambda v: v[1],
    lambda v: v[::2, 1:],
    lambda v: v[..., None],
    lambda v: v[None][0].T[1:3],
    lambda v: v[[0, 1]],
    lambda v: v[v > 0],
    lambda v: v.clone(),
    lambda v: v * 1.0,
    lambda v: v.sum(0, keepdim=True),
    lambda v: v.float(),
    lambda v: v.double(),
    lambda v: v.clamp(min=-100.0),
    lambda v: v.tril(),
]


@pytest.mark.parametrize("look", LOOKS)
def test_what_shares_memory_as_in_pytorch(look):
    """A change shows where it shows in PyTorch, and is counted by all that share the memory."""
    x, t = pair((3, 4))
    first, other = x.permute(0, 1), t.permute(0, 1)
    mine, yours = look(first), look(other)
    shared = np.shares_memory(mine.data, x.data)
    assert (mine._changes is x._changes) == shared
    for value, its in ((x, t), (first, other)):
        value += 1.0
        its += 1.0
        close(mine, yours)
        assert (mine.version, value.version) == (yours._version, its._version)
    if mine.data.flags.writeable:
        mine *= 2.0
        yours *= 2.0
        close(x, t)
        assert x.version == t._version == (3 if shared else 2)
    else:
        for value in (mine, yours):
            with pytest.raises((ValueError, RuntimeError), match=r"clone\(\)"):
                value *= 2.0


def test_a_tensor_of_a_tensor_shares_its_memory():
    x = Tensor([1.0, 2.0])
    same, other, copied = Tensor(x), Tensor(x, dtype=np.float64), tinytorch.tensor(x)
    x += 1.0
    assert same.tolist() == [2.0, 3.0] and same.version == 1
    assert other.tolist() == copied.tolist() == [1.0, 2.0] and other.version == copied.version == 0


def test_copies_and_pickles():
    x, t = Tensor([1.0, 2.0], requires_grad=True), torch.tensor([1.0, 2.0], requires_grad=True)
    x.grad, t.grad = Tensor([3.0, 4.0]), torch.tensor([3.0, 4.0])
    for value in (x, t):
        for twin in (copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert twin.tolist() == [1.0, 2.0] and twin.requires_grad and twin.is_leaf
            with_grad = copy.deepcopy(value).grad
            assert with_grad.tolist() == [3.0, 4.0] and with_grad is not value.grad
        made = value * 2.0
        with pytest.raises((ValueError, RuntimeError), match=r"recipe|graph leaves"):
            copy.deepcopy(made)
        again = pickle.loads(pickle.dumps(made))
        assert again.tolist() == [2.0, 4.0] and again.is_leaf and again.requires_grad
        copy.deepcopy(made.detach())
    twin = copy.deepcopy(x)
    twin.copy_(7.0)
    assert x.tolist() == [1.0, 2.0] and (x.version, twin.version) == (0, 1)
    one, two = copy.deepcopy([x, x.detach()])
    one.copy_(5.0)
    assert two.tolist() == [5.0, 5.0] and two.version == 1, "what was shared stays shared"


def test_and_and_or():
    for dtype, other in (("bool", True), ("bool", 3), ("int64", 3), ("uint8", 1)):
        x, t = ours([1, 0, 6], dtype), theirs([1, 0, 6], dtype)
        y, u = ours([1, 1, 3], dtype), theirs([1, 1, 3], dtype)
        close(x & y, t & u)
        close(x | y, t | u)
        for f in (operator.and_, operator.or_):
            close(f(x, other), f(t, other), (dtype, other))
            close(f(other, x), f(other, t), (dtype, other))
    for value in (Tensor([1.0]), torch.tensor([1.0])):
        with pytest.raises((TypeError, NotImplementedError)):
            value & value


def test_there_is_only_the_cpu():
    for kit in (tinytorch, torch):
        place = kit.device("cuda" if kit is tinytorch and kit.cuda.is_available() else "cpu")
        assert place.type == "cpu" and str(place) == "cpu" and str(kit.device(place)) == "cpu"
        assert str(kit.zeros(2, device=place).device) == "cpu"
        made = [
            kit.ones(2, device=place), kit.full((2,), 1.0, device="cpu"),
            kit.arange(2, device="cpu"), kit.eye(2, device=place), kit.rand(2, device=place),
            kit.randn(2, device="cpu"), kit.tensor([1.0], device="cpu"),
        ]  # fmt: skip
        made += [kit.zeros_like(made[0], device=place), kit.ones_like(made[0], device="cpu")]
        for value in made:
            for moved in (value.to(place), value.to("cpu"), value.to(device=place), value.cpu()):
                assert moved is value
            assert value.to("cpu", kit.float64).dtype == kit.float64
            assert value.to(device=place, dtype=kit.float64).dtype == kit.float64
            assert value.to(dtype=kit.float64).dtype == kit.float64
    assert not tinytorch.cuda.is_available()
    for call in (
        lambda: tinytorch.device("cuda"), lambda: tinytorch.zeros(2, device="cuda:0"),
        lambda: tinytorch.tensor(1.0, device="mps"), lambda: Tensor(1.0).to("xpu"),
        lambda: Tensor(1.0).to(device="cuda"), lambda: tinytorch.randn(2, device="cuda"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="on the CPU only, not on"):
            call()


def test_lists_are_inputs_unless_a_gradient_would_be_lost():
    x, t = pair((2,))
    close(x + [1.0, 2.0], t + torch.tensor([1.0, 2.0]))
    close(x * (1.0, 2.0), t * torch.tensor([1.0, 2.0]))
    close(tinytorch.add(x, [Tensor(1.0), 2.0]), t + torch.tensor([1.0, 2.0]))
    wanted = Tensor(1.0, requires_grad=True)
    for values in ([wanted, 2.0], (2.0, wanted), [[1.0, wanted]]):
        with pytest.raises(TypeError, match=r"mul: .* would be lost"):
            x * values
