"""Stage 02 against PyTorch: values, signatures, dtypes, extreme and empty input."""

import inspect
import math
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinytorch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as hnp  # noqa: E402
from tinytorch import activations  # noqa: E402
from tinytorch.tensor import Tensor  # noqa: E402

# ours, theirs, as functions of one tensor
PAIRS = {
    "relu": (activations.relu, F.relu),
    "sigmoid": (activations.sigmoid, torch.sigmoid),
    "tanh": (activations.tanh, torch.tanh),
    "gelu": (activations.gelu, F.gelu),
    "gelu tanh": (
        lambda x: activations.gelu(x, approximate="tanh"),
        lambda x: F.gelu(x, approximate="tanh"),
    ),
    "softmax": (lambda x: activations.softmax(x, dim=-1), lambda x: F.softmax(x, dim=-1)),
    "log_softmax": (
        lambda x: activations.log_softmax(x, dim=-1),
        lambda x: F.log_softmax(x, dim=-1),
    ),
}
SHAPES = [(), (1,), (7,), (0,), (0, 3), (3, 0), (2, 3), (2, 0, 3), (2, 3, 4)]

every_pair = pytest.mark.parametrize("name", PAIRS)
both_floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def close(ours, theirs, dtype):
    theirs = theirs.numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    tolerance = 2e-6 if dtype == np.float32 else 1e-11
    np.testing.assert_allclose(ours.data, theirs, rtol=tolerance, atol=tolerance)


@every_pair
@both_floats
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values(name, dtype, shape):
    ours, theirs = PAIRS[name]
    x = np.random.default_rng(0).normal(0, 3, shape).astype(dtype)
    close(ours(Tensor(x)), theirs(torch.tensor(x)), dtype)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dim", [-3, -2, -1, 0, 1, 2])
def test_every_dim(name, dim):
    x = np.random.default_rng(0).normal(0, 3, (2, 3, 4)).astype(np.float32)
    expected = getattr(F, name)(torch.tensor(x), dim)
    op = getattr(activations, name)
    close(op(Tensor(x), dim), expected, np.float32)
    close(op(Tensor(x), dim=dim), expected, np.float32)
    close(op(input=Tensor(x), dim=dim), expected, np.float32)
    close(getattr(tinytorch, name)(Tensor(x), dim), expected, np.float32)
    close(getattr(tinytorch.nn.functional, name)(Tensor(x), dim=dim), expected, np.float32)


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "gelu"])
def test_by_position_and_by_name(name):
    x = np.array([-1.0, 2.0], np.float32)
    expected = getattr(F if name == "gelu" else torch, name)(torch.tensor(x))
    op = getattr(tinytorch.nn.functional, name)
    close(op(Tensor(x)), expected, np.float32)
    close(op(input=Tensor(x)), expected, np.float32)
    assert next(iter(inspect.signature(op.forward).parameters)) == "x"


@pytest.mark.parametrize("dim", [3, -4])
def test_a_dim_that_is_not_there(dim):
    for op in (activations.softmax, activations.log_softmax):
        with pytest.raises((ValueError, IndexError), match=str(dim)):
            op(Tensor(np.zeros((2, 3, 4))), dim=dim)
        with pytest.raises(TypeError, match="dim"):
            op(Tensor([1.0]))


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize("kind", ["int32", "int64", "float16", "float32", "float64"])
def test_dtypes(name, kind):
    x = np.array([0, 1, 2]).astype(kind)
    expected = getattr(torch, name)(torch.tensor(x)).numpy()
    result = getattr(activations, name)(Tensor(x))
    assert result.dtype == expected.dtype
    np.testing.assert_allclose(result.data, expected, rtol=2e-3 if kind == "float16" else 2e-6)


@every_pair
@both_floats
def test_extreme_input_without_a_warning(name, dtype):
    facts = np.finfo(dtype)
    edges = [0.0, 1.0, 17.0, 88.0, 89.0, 104.0, 710.0, 746.0, 1e4, 1e30, facts.max, facts.tiny]
    ours, _ = PAIRS[name]
    for group in ([e, -e, 0.0] for e in edges):
        x = np.array(group, dtype)
        with (
            warnings.catch_warnings(),
            np.errstate(over="raise", invalid="raise", divide="raise"),
        ):
            warnings.simplefilter("error")
            y = ours(Tensor(x)).data
        assert not np.isnan(y).any()
        if name not in ("log_softmax", "relu", "gelu", "gelu tanh"):
            assert (np.abs(y) <= 1).all()
        if name in ("relu", "gelu", "gelu tanh"):
            assert np.isfinite(y).all()
    x = np.array([facts.max, facts.min], dtype)
    if name == "softmax":
        assert ours(Tensor(x)).tolist() == [1.0, 0.0]
    if name == "log_softmax":
        assert ours(Tensor(x)).tolist() == [0.0, -math.inf]  # as PyTorch: -2 * max is no float


@every_pair
@settings(deadline=None, max_examples=60)
@given(
    x=hnp.arrays(
        np.float32,
        hnp.array_shapes(max_dims=3, max_side=5),
        elements=st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False),
    )
)
def test_any_finite_input(name, x):
    ours, theirs = PAIRS[name]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = ours(Tensor(x)).data
    expected = theirs(torch.tensor(x)).numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=2e-6)


@every_pair
def test_what_is_not_finite(name):
    ours, theirs = PAIRS[name]
    for row in ([math.nan, 1.0], [-math.inf, 1.0], [-math.inf, -math.inf, 2.0]):
        x = np.array(row, np.float32)
        if name.startswith("gelu") and math.inf in np.abs(x):
            continue  # -inf * 0 is nan, here and there
        with np.errstate(invalid="ignore"):
            y = ours(Tensor(x)).data
        np.testing.assert_allclose(y, theirs(torch.tensor(x)).numpy(), rtol=1e-6)


def test_normal_cdf_keeps_its_word():
    x = np.linspace(-40, 40, 20001)
    truth = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in x.tolist()])
    assert np.abs(activations.normal_cdf(x) - truth).max() < 1e-11
    single = activations.normal_cdf(x.astype(np.float32))
    assert single.dtype == np.float32
    assert np.abs(single - truth).max() < 1e-6


def test_gelu_tanh_keeps_its_word():
    x = np.linspace(-8, 8, 20001)
    gap = np.abs(activations.gelu_tanh(x) - x * activations.normal_cdf(x))
    assert 4e-4 < gap.max() < 5e-4


def test_gelu_takes_only_two_words():
    for word in ("erf", "", None):
        with pytest.raises(ValueError, match="approximate"):
            activations.gelu(Tensor([1.0]), approximate=word)
