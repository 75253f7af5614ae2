"""Stage 04 against PyTorch: values, signatures, dtypes, extreme input, wrong input.

Deliberate differences: shapes that differ are refused where PyTorch's mse_loss broadcasts with a
warning; class -100 is no secret word for "ignore"; yes or no may be whole numbers, which PyTorch
refuses; `weight` and `label_smoothing` are not there.
"""

import math
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinytorch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from tinytorch import Tensor, losses, nn  # noqa: E402

REDUCTIONS = ["mean", "sum", "none"]
every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
both_floats = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def case(name, shape, dtype, seed=0):
    """Give arrays (input, target) that fit the loss `name`."""
    draw = np.random.default_rng(seed)
    first = draw.normal(0, 3, shape).astype(dtype)
    if name == "mse_loss":
        return first, draw.normal(0, 3, shape).astype(dtype)
    if name == "binary_cross_entropy_with_logits":
        return first, draw.random(shape).astype(dtype)
    if name == "nll_loss":
        first = first - np.log(np.exp(first).sum(-1, keepdims=True)).astype(dtype)
    return first, np.asarray(draw.integers(0, shape[-1], shape[:-1]))


def close(ours, theirs, dtype):
    theirs = theirs.numpy()
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    tolerance = 2e-6 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(ours.data, theirs, rtol=tolerance, atol=tolerance)


ELEMENTWISE = [
    (name, shape)
    for name in ("mse_loss", "binary_cross_entropy_with_logits")
    for shape in [(), (1,), (5,), (3, 1), (2, 3, 4)]
]
CLASSES = [
    (name, shape)
    for name in ("nll_loss", "cross_entropy")
    for shape in [(4,), (1,), (1, 1), (1, 4), (6, 4), (64, 10)]
]


@both_floats
@every_reduction
@pytest.mark.parametrize(("name", "shape"), ELEMENTWISE + CLASSES)
def test_values(name, shape, reduction, dtype):
    first, target = case(name, shape, dtype)
    theirs = getattr(F, name)(torch.tensor(first), torch.tensor(target), reduction=reduction)
    a, b = Tensor(first), Tensor(target)
    for op in (getattr(losses, name), getattr(nn.functional, name), getattr(tinytorch, name)):
        close(op(a, b, reduction=reduction), theirs, dtype)
        close(op(input=a, target=b, reduction=reduction), theirs, dtype)
        close(op(a, target=b, reduction=reduction), theirs, dtype)


@pytest.mark.parametrize("name", ["mse_loss", "binary_cross_entropy_with_logits"])
@every_reduction
def test_no_elements(name, reduction):
    first = np.zeros((0, 3), np.float32)
    theirs = getattr(F, name)(torch.tensor(first), torch.tensor(first), reduction=reduction)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = getattr(losses, name)(Tensor(first), Tensor(first), reduction=reduction)
    np.testing.assert_array_equal(ours.data, theirs.numpy())


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
@every_reduction
def test_no_examples(name, reduction):
    first, target = np.zeros((0, 3), np.float32), np.zeros(0, np.int64)
    theirs = getattr(F, name)(torch.tensor(first), torch.tensor(target), reduction=reduction)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = getattr(losses, name)(Tensor(first), Tensor(target), reduction=reduction)
    np.testing.assert_array_equal(ours.data, theirs.numpy())


@pytest.mark.parametrize("name", ["MSELoss", "NLLLoss", "CrossEntropyLoss", "BCEWithLogitsLoss"])
@every_reduction
def test_modules(name, reduction):
    function = {
        "MSELoss": "mse_loss",
        "NLLLoss": "nll_loss",
        "CrossEntropyLoss": "cross_entropy",
        "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    }[name]
    first, target = case(function, (6, 4), np.float32)
    theirs = getattr(torch.nn, name)(reduction=reduction)(torch.tensor(first), torch.tensor(target))
    close(getattr(nn, name)(reduction=reduction)(Tensor(first), Tensor(target)), theirs, np.float32)


@both_floats
def test_extreme_scores_without_a_warning(dtype):
    for gap in (0.0, 1.0, 17.0, 89.0, 104.0, 746.0, 1e4, 1e30, float(np.finfo(dtype).max) / 4):
        rows = np.array([[gap, -gap], [-gap, gap], [gap, gap]], dtype)
        target = np.array([0, 0, 1])
        yes = np.array([1, 0, 1], dtype)
        with (
            warnings.catch_warnings(),
            np.errstate(over="raise", invalid="raise", divide="raise"),
        ):
            warnings.simplefilter("error")
            ours = losses.cross_entropy(Tensor(rows), Tensor(target), reduction="none")
            binary = losses.binary_cross_entropy_with_logits(
                Tensor(rows[:, 0]), Tensor(yes), reduction="none"
            )
        theirs = F.cross_entropy(torch.tensor(rows), torch.tensor(target), reduction="none")
        close(ours, theirs, dtype)
        theirs = F.binary_cross_entropy_with_logits(
            torch.tensor(rows[:, 0]), torch.tensor(yes), reduction="none"
        )
        close(binary, theirs, dtype)
        assert np.isfinite(ours.data).all()
        assert (ours.data >= 0).all()


def test_the_largest_scores_without_a_warning():
    rows, target = np.array([[3e38, -3e38], [3e38, -3e38]], np.float32), np.array([0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ours = losses.cross_entropy(Tensor(rows), Tensor(target), reduction="none")
    theirs = F.cross_entropy(torch.tensor(rows), torch.tensor(target), reduction="none")
    np.testing.assert_array_equal(ours.data, theirs.numpy())


@settings(deadline=None, max_examples=100)
@given(
    rows=st.integers(1, 5),
    classes=st.integers(1, 6),
    scale=st.sampled_from([0.01, 1.0, 100.0, 1e20]),
    seed=st.integers(0, 10**6),
)
def test_cross_entropy_is_log_softmax_and_nll(rows, classes, scale, seed):
    draw = np.random.default_rng(seed)
    x = Tensor(draw.normal(0, scale, (rows, classes)))
    target = Tensor(draw.integers(0, classes, rows))
    one = losses.cross_entropy(x, target, reduction="none").data
    two = losses.nll_loss(tinytorch.log_softmax(x, dim=1), target, reduction="none").data
    np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["int32", "int64", "float32", "float64"])
def test_binary_targets_of_another_dtype(kind):
    x, target = np.array([0.5, -2.0], np.float32), np.array([1, 0]).astype(kind)
    wanted = torch.float64 if kind == "float64" else torch.float32
    theirs = F.binary_cross_entropy_with_logits(
        torch.tensor(x, dtype=wanted), torch.tensor(target, dtype=wanted)
    )
    ours = losses.binary_cross_entropy_with_logits(Tensor(x), Tensor(target))
    close(ours, theirs, np.float32)


@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
def test_what_both_refuse(name):
    op, theirs = getattr(losses, name), getattr(F, name)
    x = np.zeros((2, 3), np.float32)
    for target in ([0, 3], [0, -1], [0, 1, 2], [[0], [1]], [0.0, 1.0]):
        with pytest.raises((RuntimeError, ValueError, IndexError)):
            theirs(torch.tensor(x), torch.tensor(target))
        with pytest.raises((ValueError, IndexError, TypeError), match=name):
            op(Tensor(x), Tensor(target))


def test_recording():
    logits = Tensor([[0.0, 1.0]], requires_grad=True)
    for loss in (
        losses.cross_entropy(logits, Tensor([1])),
        losses.nll_loss(logits, Tensor([1])),
        losses.mse_loss(logits, Tensor([[1.0, 1.0]])),
        losses.binary_cross_entropy_with_logits(logits, Tensor([[1.0, 1.0]])),
    ):
        assert loss.requires_grad
        assert loss.shape == ()


def test_a_fresh_network_starts_near_ln_10():
    for seed in range(5):
        tinytorch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
        target = Tensor(np.random.default_rng(seed).integers(0, 10, 64))
        loss = losses.cross_entropy(model(tinytorch.rand(64, 784)), target).item()
        assert abs(loss - math.log(10)) < 0.05


@pytest.mark.parametrize("kind", ["uint8", "int64", "bool"])
def test_whole_numbers_as_scores_count_as_floats(kind):
    rows = np.array([[1, 200, 3], [0, 0, 7]]).astype(kind)
    floats = torch.tensor(rows).float()
    ours = losses.cross_entropy(Tensor(rows), Tensor([0, 1]))
    close(ours, F.cross_entropy(floats, torch.tensor([0, 1])), np.float32)
    ours = losses.binary_cross_entropy_with_logits(Tensor(rows), Tensor(rows > 1))
    theirs = F.binary_cross_entropy_with_logits(floats, torch.tensor(rows > 1).float())
    close(ours, theirs, np.float32)


def test_targets_may_be_lists():
    x = Tensor([[-0.5, -1.0], [-3.0, -0.1]])
    for op in (losses.nll_loss, losses.cross_entropy):
        assert op(x, [0, 1]).item() == op(x, Tensor([0, 1])).item()
        with pytest.raises(ValueError, match=op.__name__):
            op(x, [0])
    for op in (losses.mse_loss, losses.binary_cross_entropy_with_logits):
        assert op(x[0], [0.0, 1.0]).item() == op(x[0], Tensor([0.0, 1.0])).item()
        with pytest.raises(ValueError, match=op.__name__):
            op(x[0], [0.0])


def test_errors_name_the_loss_once():
    x = Tensor([[1.0, 2.0]])
    for op, target in (
        (losses.cross_entropy, [0, 1]),
        (losses.nll_loss, [0, 1]),
        (losses.mse_loss, [0.0]),
        (losses.binary_cross_entropy_with_logits, [0.0]),
    ):
        with pytest.raises(ValueError) as refused:
            op(x, Tensor(target))
        assert str(refused.value).count(op.__name__) == 1
