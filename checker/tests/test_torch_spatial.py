"""Stage 09 against PyTorch: convolution, pooling, batch normalisation, a LeNet side by side.

What is not there (dilation, groups, padding_mode, ceil_mode, return_indices, momentum=None) has
to be refused, and never ignored: the last tests.
"""

import itertools

import numpy as np
import pytest
import tinytorch
from tinytorch import Tensor, nn
from tinytorch.spatial import CNN, conv2d_loops

torch = pytest.importorskip("torch")
import torch.nn.functional as TF  # noqa: E402
from tinytorch.nn import functional as F  # noqa: E402


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def array(value):
    return value.detach().numpy()


def leaf(kit, data):
    if kit is F or kit is nn:
        return Tensor(data.copy(), requires_grad=True)
    return torch.tensor(data, requires_grad=True)


def compare(call, *arrays, close=1e-9):
    """Walk back from call(F, *leaves) in both; values, gradients, shapes and dtypes agree."""
    outs, leaves = [], []
    for kit in (F, TF):
        mine = [None if a is None else leaf(kit, a) for a in arrays]
        out = call(kit, *mine)
        g = numbers(*out.shape, seed=9, dtype=array(out).dtype)
        out.backward(Tensor(g) if kit is F else torch.tensor(g))
        outs.append(array(out))
        leaves.append(mine)
    assert outs[0].dtype == outs[1].dtype
    np.testing.assert_allclose(*outs, rtol=close, atol=close)
    for ours, theirs in zip(*leaves, strict=True):
        if ours is not None:
            assert ours.grad.dtype == array(theirs.grad).dtype
            np.testing.assert_allclose(array(ours.grad), array(theirs.grad), rtol=close, atol=close)


# -- convolution ----------------------------------------------------------------------------------

SIZES = [(1, 1, 5, 5), (2, 3, 6, 4), (3, 2, 7, 9)]
KERNELS = [(1, 1), (2, 2), (3, 3), (3, 2), (1, 4)]


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_conv2d(size, kernel):
    x, weight, bias = numbers(*size), numbers(4, size[1], *kernel), numbers(4)
    for stride, padding in itertools.product([1, 2, 3, (1, 2)], [0, 1, 2, (2, 1)]):
        for added in (None, bias):
            compare(
                lambda kit, *inputs, s=stride, p=padding: kit.conv2d(*inputs, stride=s, padding=p),
                x, weight, added,
            )  # fmt: skip


def test_conv2d_where_no_window_meets_the_picture():
    x, weight = numbers(2, 1, 1, 2), numbers(3, 1, 1, 1)
    compare(lambda kit, *inputs: kit.conv2d(*inputs, stride=5, padding=3), x, weight)


def test_conv2d_of_float32_in_blocks(monkeypatch):
    monkeypatch.setattr(tinytorch.spatial, "COLUMN_BYTES", 2**14)
    x = numbers(5, 3, 16, 12, dtype=np.float32)
    weight, bias = numbers(8, 3, 5, 3, dtype=np.float32), numbers(8, dtype=np.float32)
    for stride, padding in ((1, 2), (2, 0), ((1, 3), (0, 2))):
        compare(
            lambda kit, *inputs, s=stride, p=padding: kit.conv2d(*inputs, s, p),
            x, weight, bias, close=1e-3,
        )  # fmt: skip


def test_conv2d_of_no_pictures():
    x, weight = numbers(0, 2, 5, 5), numbers(3, 2, 3, 3)
    compare(lambda kit, *inputs: kit.conv2d(*inputs, padding=1), x, weight, numbers(3))


def test_the_six_loops():
    image, weight, bias = numbers(3, 6, 5), numbers(4, 3, 3, 2), numbers(4)
    for stride, padding in itertools.product([1, 2, 3], [0, 1, 2]):
        expected = TF.conv2d(
            *map(torch.tensor, (image, weight, bias)), stride=stride, padding=padding
        )
        np.testing.assert_allclose(
            conv2d_loops(image, weight, bias, stride, padding), expected.numpy(), rtol=1e-9
        )


def test_dtypes_of_conv2d():
    """A gradient keeps the dtype of what it is a gradient of, and pairs promote as elsewhere."""
    x = Tensor(numbers(1, 2, 4, 4, dtype=np.float32), requires_grad=True)
    weight = Tensor(numbers(3, 2, 2, 2), requires_grad=True)
    out = F.conv2d(x, weight)
    assert out.dtype == np.float64
    out.sum().backward()
    assert x.grad.dtype == np.float32 and weight.grad.dtype == np.float64


# -- pooling --------------------------------------------------------------------------------------

WINDOWS = [
    (kernel, stride, padding)
    for kernel in (1, 2, 3, (3, 2), (1, 4))
    for stride in (None, 1, 2, (2, 1))
    for padding in (0, 1, (1, 0), (0, 2))
    if all(
        2 * p <= k
        for p, k in zip(
            padding if isinstance(padding, tuple) else (padding,) * 2,
            kernel if isinstance(kernel, tuple) else (kernel,) * 2, strict=True,
        )
    )
]  # fmt: skip


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pools(name, size):
    for kernel, stride, padding in WINDOWS:
        compare(
            lambda kit, x, s=(kernel, stride, padding): getattr(kit, name)(x, *s), numbers(*size)
        )
        compare(
            lambda kit, x, s=(kernel, stride, padding): getattr(kit, name)(x, *s),
            numbers(*size, dtype=np.float32), close=1e-5,
        )  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_ties(size):
    """Whole numbers from 0 to 2: of equal ones the first gets the gradient, as in PyTorch."""
    x = np.random.default_rng(0).integers(0, 3, size).astype(float)
    for kernel, stride, padding in WINDOWS:
        for data in (x, np.zeros(size), -x):
            compare(lambda kit, x, s=(kernel, stride, padding): kit.max_pool2d(x, *s), data)


def test_pools_of_no_pictures():
    for name in ("max_pool2d", "avg_pool2d"):
        compare(lambda kit, x, name=name: getattr(kit, name)(x, 2), numbers(0, 3, 4, 4))


def test_max_of_whole_numbers():
    x = np.random.default_rng(0).integers(-9, 9, (2, 3, 5, 5))
    ours, theirs = F.max_pool2d(Tensor(x), 3, 2, 1), TF.max_pool2d(torch.tensor(x), 3, 2, 1)
    assert ours.dtype == np.int64 and np.array_equal(array(ours), theirs.numpy())


def test_not_a_number_wins():
    x = numbers(1, 1, 4, 4)
    x[0, 0, 1, 1] = np.nan
    ours, theirs = F.max_pool2d(Tensor(x), 2), TF.max_pool2d(torch.tensor(x), 2)
    np.testing.assert_array_equal(array(ours), theirs.numpy())


# -- batch normalisation --------------------------------------------------------------------------


def same_state(mine, theirs, close=1e-6):
    state, other = mine.state_dict(), theirs.state_dict()
    assert list(state) == list(other)
    for name, value in state.items():
        assert value.shape == tuple(other[name].shape), name
        assert str(value.dtype) == str(other[name].dtype).removeprefix("torch."), name
        np.testing.assert_allclose(
            array(value), other[name].numpy(), rtol=close, atol=close, err_msg=name
        )


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("tracked", [True, False])
@pytest.mark.parametrize("momentum", [0.1, 0.7, 0.0, 1.0])
def test_batch_norm(affine, tracked, momentum):
    """Several steps in training, with evaluations between, values and gradients and buffers."""
    options = {"affine": affine, "track_running_stats": tracked, "momentum": momentum, "eps": 1e-3}
    mine, theirs = (kit.BatchNorm2d(3, **options).double() for kit in (nn, torch.nn))
    if affine:
        state = {"weight": numbers(3), "bias": numbers(3, seed=1)}
        mine.load_state_dict({n: Tensor(a) for n, a in state.items()}, strict=False)
        theirs.load_state_dict({n: torch.tensor(a) for n, a in state.items()}, strict=False)
    for step, shape in enumerate([(4, 3, 2, 5), (2, 3, 1, 1), (1, 3, 4, 4), (8, 3, 3, 3)]):
        x = numbers(*shape) * (step + 1) + step
        for training in (True, False, True):
            grads = []
            for kit, layer in ((nn, mine), (torch.nn, theirs)):
                layer.train(training)
                layer.zero_grad()
                inputs = leaf(kit, x)
                out = layer(inputs)
                g = numbers(*shape, seed=2)
                out.backward(Tensor(g) if kit is nn else torch.tensor(g))
                found = [array(out), array(inputs.grad)]
                grads.append([*found, *(array(p.grad) for p in layer.parameters())])
            for got, expected in zip(*grads, strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-7)
            same_state(mine, theirs, 1e-9)


def test_batch_norm_of_float32():
    mine, theirs = nn.BatchNorm2d(4), torch.nn.BatchNorm2d(4)
    for step in range(3):
        x = numbers(16, 4, 9, 9, seed=step, dtype=np.float32) * 3 + 5
        got, expected = mine(Tensor(x)), theirs(torch.tensor(x))
        assert got.dtype == np.float32
        np.testing.assert_allclose(array(got), array(expected), rtol=1e-4, atol=1e-5)
    same_state(mine, theirs, 1e-5)


def test_batch_norm_refuses_what_pytorch_refuses():
    for layer, make in ((nn.BatchNorm2d(2), Tensor), (torch.nn.BatchNorm2d(2), torch.tensor)):
        for shape in ((1, 2, 1, 1), (3, 2), (2, 4, 4)):
            with pytest.raises(ValueError):
                layer(make(np.ones(shape, np.float32)))
        layer.eval()(make(np.ones((1, 2, 1, 1), np.float32)))


# -- layers ---------------------------------------------------------------------------------------

LAYERS = [
    lambda kit: kit.Conv2d(3, 4, 3),
    lambda kit: kit.Conv2d(3, 4, (3, 2), stride=2, padding=(1, 0), bias=False),
    lambda kit: kit.Conv2d(3, 4, 5, 1, 2),
    lambda kit: kit.MaxPool2d(2),
    lambda kit: kit.MaxPool2d((3, 2), stride=(1, 2), padding=1),
    lambda kit: kit.MaxPool2d(3, 1),
    lambda kit: kit.AvgPool2d(2),
    lambda kit: kit.AvgPool2d((2, 3), 1, (1, 0)),
    lambda kit: kit.BatchNorm2d(3),
    lambda kit: kit.BatchNorm2d(3, 0.1, 0.2, False, False),
]


@pytest.mark.parametrize("build", LAYERS)
def test_layers(build):
    """The same names, settings and representation; the same numbers once weights are exchanged."""
    mine, theirs = build(nn), build(torch.nn)
    theirs.load_state_dict({n: torch.tensor(array(t)) for n, t in mine.state_dict().items()})
    mine.load_state_dict({n: Tensor(t.numpy()) for n, t in theirs.state_dict().items()})
    same_state(mine, theirs)
    said = repr(theirs).replace(", dilation=1, ceil_mode=False", "")
    assert repr(mine) == said.replace("True, bias=True", "True").replace(
        "False, bias=False", "False"
    )
    for name in ("in_channels", "out_channels", "kernel_size", "stride", "padding"):
        assert getattr(mine, name, None) == getattr(theirs, name, None)
    for name in ("num_features", "eps", "momentum", "affine", "track_running_stats"):
        assert getattr(mine, name, None) == getattr(theirs, name, None)
    x = numbers(2, 3, 7, 6, dtype=np.float32)
    np.testing.assert_allclose(
        array(mine(Tensor(x))), array(theirs(torch.tensor(x))), rtol=1e-4, atol=1e-5
    )


def test_conv2d_starts_in_the_same_range():
    for kit in (nn, torch.nn):
        layer = kit.Conv2d(4, 800, (5, 5))
        for values in (array(layer.weight), array(layer.bias)):
            assert 0.098 < np.abs(values).max() <= 0.1
            assert abs(values.mean()) < 0.01


CALLS = {
    "conv2d": [
        lambda f, x, w, b: f(x, w, b, 2, 1),
        lambda f, x, w, b: f(x, w, b, (2, 1), (0, 1)),
        lambda f, x, w, b: f(input=x, weight=w, bias=b, stride=2, padding=1),
        lambda f, x, w, b: f(x, weight=w, padding=1),
        lambda f, x, w, b: f(x, w, stride=[1, 2], padding=[1, 0]),
        lambda f, x, w, b: f(x, w, None, 1),
    ],
    "max_pool2d": [
        lambda f, x, *_: f(x, 2),
        lambda f, x, *_: f(x, 3, 2, 1),
        lambda f, x, *_: f(x, [2, 3], [1, 2]),
        lambda f, x, *_: f(input=x, kernel_size=2, stride=1, padding=1),
        lambda f, x, *_: f(x, kernel_size=(2, 1), padding=(1, 0)),
    ],
    "avg_pool2d": [
        lambda f, x, *_: f(x, 2),
        lambda f, x, *_: f(x, 3, 2, 1),
        lambda f, x, *_: f(input=x, kernel_size=2, stride=1, padding=1),
    ],
}


@pytest.mark.parametrize("name", CALLS)
def test_called_as_in_pytorch(name):
    arrays = numbers(2, 3, 6, 5), numbers(4, 3, 3, 2), numbers(4)
    for call in CALLS[name]:
        ours = call(getattr(F, name), *map(Tensor, arrays))
        theirs = call(getattr(TF, name), *map(torch.tensor, arrays))
        np.testing.assert_allclose(array(ours), array(theirs), rtol=1e-9)


# -- networks -------------------------------------------------------------------------------------


def lenet(kit):
    """Build what CNN() builds, by hand."""
    net = kit.Module()
    net.features = kit.Sequential(
        kit.Conv2d(1, 6, 5, padding=2), kit.MaxPool2d(2), kit.ReLU(),
        kit.Conv2d(6, 16, 5, padding=2), kit.MaxPool2d(2), kit.ReLU(),
    )  # fmt: skip
    net.classifier = kit.Sequential(
        kit.Flatten(), kit.Linear(16 * 4 * 4, 120), kit.ReLU(), kit.Linear(120, 84), kit.ReLU(),
        kit.Linear(84, 10),
    )  # fmt: skip
    return net


def test_a_lenet_side_by_side():
    """Ten steps of SGD with momentum from the same weights: the losses agree to 1e-5."""
    tinytorch.manual_seed(0)
    mine, theirs = CNN(1, 10, 16), lenet(torch.nn)
    theirs.load_state_dict({n: torch.tensor(array(t)) for n, t in mine.state_dict().items()})
    x = numbers(32, 1, 16, 16, dtype=np.float32)
    y = np.arange(32) % 10
    losses = []
    for net, make, kit in ((mine, Tensor, tinytorch), (theirs, torch.tensor, torch)):
        optimizer = kit.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
        loss_of, inputs, targets, run = kit.nn.CrossEntropyLoss(), make(x), make(y), []
        for _ in range(10):
            optimizer.zero_grad()
            loss = loss_of(net.classifier(net.features(inputs)), targets)
            loss.backward()
            optimizer.step()
            run.append(loss.item())
        losses.append(run)
    assert losses[0][-1] < losses[0][0]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    same_state(mine, theirs, 1e-4)


def test_a_network_with_batch_norm_side_by_side():
    """Adam, BatchNorm2d and AvgPool2d; then evaluation, and weights handed back the other way."""

    def build(kit):
        return kit.Sequential(
            kit.Conv2d(2, 4, 3, padding=1, bias=False), kit.BatchNorm2d(4), kit.ReLU(),
            kit.AvgPool2d(2), kit.Conv2d(4, 6, 3, stride=2), kit.BatchNorm2d(6), kit.ReLU(),
            kit.Flatten(), kit.Linear(24, 3),
        )  # fmt: skip

    mine, theirs = build(nn).double(), build(torch.nn).double()
    theirs.load_state_dict({n: torch.tensor(array(t)) for n, t in mine.state_dict().items()})
    draw = np.random.default_rng(0)
    for net, make, kit in ((mine, Tensor, tinytorch), (theirs, torch.tensor, torch)):
        optimizer = kit.optim.Adam(net.parameters(), lr=0.01)
        draw = np.random.default_rng(0)
        for _ in range(8):
            optimizer.zero_grad()
            x, y = draw.normal(size=(8, 2, 10, 10)), draw.integers(0, 3, 8)
            kit.nn.CrossEntropyLoss()(net(make(x)), make(y)).backward()
            optimizer.step()
    same_state(mine, theirs, 1e-6)
    fresh = build(nn).double()
    fresh.load_state_dict({n: t.numpy() for n, t in theirs.state_dict().items()})
    x = draw.normal(size=(3, 2, 10, 10))
    expected = array(theirs.eval()(torch.tensor(x)))
    for net in (mine, fresh):
        np.testing.assert_allclose(array(net.eval()(Tensor(x))), expected, rtol=1e-6, atol=1e-6)


# -- what is not there ----------------------------------------------------------------------------

X, WEIGHT = np.ones((1, 2, 4, 4)), np.ones((2, 2, 2, 2))
REFUSED = [
    ("dilation", lambda: F.conv2d(Tensor(X), Tensor(WEIGHT), dilation=2)),
    ("groups", lambda: F.conv2d(Tensor(X), Tensor(WEIGHT), groups=2)),
    ("dilation", lambda: F.max_pool2d(Tensor(X), 2, dilation=2)),
    ("ceil_mode", lambda: F.max_pool2d(Tensor(X), 2, ceil_mode=True)),
    ("return_indices", lambda: F.max_pool2d(Tensor(X), 2, return_indices=True)),
    ("ceil_mode", lambda: F.avg_pool2d(Tensor(X), 2, ceil_mode=True)),
    ("count_include_pad", lambda: F.avg_pool2d(Tensor(X), 2, count_include_pad=False)),
    ("divisor_override", lambda: F.avg_pool2d(Tensor(X), 2, divisor_override=3)),
    ("dilation", lambda: nn.Conv2d(2, 2, 2, dilation=2)),
    ("groups", lambda: nn.Conv2d(2, 2, 2, groups=2)),
    ("padding_mode", lambda: nn.Conv2d(2, 2, 2, padding_mode="reflect")),
    ("dilation", lambda: nn.MaxPool2d(2, dilation=2)),
    ("ceil_mode", lambda: nn.MaxPool2d(2, ceil_mode=True)),
    ("return_indices", lambda: nn.MaxPool2d(2, return_indices=True)),
    ("ceil_mode", lambda: nn.AvgPool2d(2, ceil_mode=True)),
    ("count_include_pad", lambda: nn.AvgPool2d(2, count_include_pad=False)),
    ("momentum", lambda: nn.BatchNorm2d(2, momentum=None)),
    ("same", lambda: F.conv2d(Tensor(X), Tensor(WEIGHT), padding="same")),
    ("same", lambda: nn.Conv2d(2, 2, 2, padding="same")),
    ("arguments", lambda: F.conv2d(Tensor(X), Tensor(WEIGHT), None, 1, 0, 2)),
    ("arguments", lambda: F.max_pool2d(Tensor(X), 2, 1, 0, 2)),
    ("arguments", lambda: nn.Conv2d(2, 2, 2, 1, 0, 2)),
    ("arguments", lambda: nn.MaxPool2d(2, 2, 0, 2)),
]


@pytest.mark.parametrize(("word", "call"), REFUSED)
def test_what_is_not_there_is_refused(word, call):
    with pytest.raises(TypeError, match=word):
        call()


def test_one_picture_is_not_a_batch():
    """PyTorch takes (C, H, W), too; here it is refused, with the shape."""
    for call in (
        lambda x: F.conv2d(x, Tensor(WEIGHT)), lambda x: F.max_pool2d(x, 2),
        lambda x: F.avg_pool2d(x, 2), lambda x: nn.BatchNorm2d(2)(x),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"\(2, 4, 4\)"):
            call(Tensor(X[0]))
