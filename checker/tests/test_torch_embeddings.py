"""Stage 11 against PyTorch: lookup, one-hot, cosine similarity, a text model side by side.

What is not there (max_norm, norm_type, scale_grad_by_freq, sparse) has to be refused, and never
ignored: the last tests.
"""

import numpy as np
import pytest
import tinytorch
from tinytorch import Tensor, nn
from tinytorch.autograd import gradcheck
from tinytorch.embeddings import (
    LearnedPositionalEncoding,
    SinusoidalPositionalEncoding,
    sinusoidal_positions,
)

torch = pytest.importorskip("torch")
import torch.nn.functional as TF  # noqa: E402
from tinytorch.nn import functional as F  # noqa: E402


def numbers(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def array(value):
    return value.detach().numpy()


# -- lookup ---------------------------------------------------------------------------------------

IDS = [
    np.array([1, 3, 1, 1, 6]),
    np.random.default_rng(0).integers(0, 7, (4, 9)),
    np.random.default_rng(1).integers(0, 7, (2, 3, 4)),
    np.array(5),
    np.zeros((0,), np.int64),
    np.zeros((3, 0), np.int64),
    np.array([[2, 2]], np.int32),
]


@pytest.mark.parametrize("padding_idx", [None, 0, 1, 6, -1, -7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ids", IDS, ids=lambda ids: str(ids.shape))
def test_embedding(ids, dtype, padding_idx):
    """Values, gradients and dtypes, for ids of any shape."""
    weight = numbers(7, 5, dtype=dtype)
    mine, theirs = Tensor(weight, requires_grad=True), torch.tensor(weight, requires_grad=True)
    out = F.embedding(Tensor(ids), mine, padding_idx)
    expected = TF.embedding(torch.tensor(ids), theirs, padding_idx)
    assert out.shape == tuple(expected.shape) and out.dtype == dtype
    np.testing.assert_array_equal(array(out), array(expected))
    g = numbers(*out.shape, seed=1, dtype=dtype)
    out.backward(Tensor(g))
    expected.backward(torch.tensor(g))
    assert mine.grad.dtype == dtype
    np.testing.assert_allclose(array(mine.grad), array(theirs.grad), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("count", "rows", "dim"), [(768, 65, 128), (8192, 50_000, 64)])
def test_gradient_of_many_ids(count, rows, dim):
    ids, weight = np.random.default_rng(2).integers(0, rows, count), np.zeros((rows, dim), "f4")
    mine, theirs = Tensor(weight, requires_grad=True), torch.tensor(weight, requires_grad=True)
    g = numbers(count, dim, dtype=np.float32)
    F.embedding(ids, mine).backward(Tensor(g))
    TF.embedding(torch.tensor(ids), theirs).backward(torch.tensor(g))
    np.testing.assert_allclose(array(mine.grad), array(theirs.grad), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("call", [
    lambda f, ids, w: f(ids, w),
    lambda f, ids, w: f(input=ids, weight=w),
    lambda f, ids, w: f(ids, weight=w, padding_idx=2),
    lambda f, ids, w: f(ids, w, -1),
])  # fmt: skip
def test_embedding_called_as_in_pytorch(call):
    ids, weight = np.array([[1, 2], [0, 3]]), numbers(4, 2)
    ours = call(F.embedding, Tensor(ids), Tensor(weight))
    theirs = call(TF.embedding, torch.tensor(ids), torch.tensor(weight))
    np.testing.assert_array_equal(array(ours), array(theirs))


def test_ids_that_do_not_exist():
    """PyTorch refuses the same ids by the same kind of error; ours says which."""
    for ids in ([7], [-1], [0, 9]):
        with pytest.raises(IndexError):
            TF.embedding(torch.tensor(ids), torch.zeros(7, 2))
        with pytest.raises(IndexError, match=f"id {ids[-1]} .*7"):
            F.embedding(Tensor(ids), Tensor(np.zeros((7, 2))))
    for make, f in ((Tensor, F), (torch.tensor, TF)):
        with pytest.raises((TypeError, RuntimeError)):
            f.embedding(make([1.0]), make(np.zeros((7, 2))))


@pytest.mark.parametrize("arguments", [(7, 3), (7, 3, 2), (7, 3, -1), (7, 3, 0)])
def test_embedding_layer(arguments):
    """The same names, settings and representation; the same numbers once weights are exchanged."""
    mine, theirs = nn.Embedding(*arguments), torch.nn.Embedding(*arguments)
    assert repr(mine) == repr(theirs)
    for name in ("num_embeddings", "embedding_dim", "padding_idx"):
        assert getattr(mine, name) == getattr(theirs, name)
    assert list(mine.state_dict()) == list(theirs.state_dict())
    if mine.padding_idx is not None:
        assert not array(mine.weight)[mine.padding_idx].any()
        assert not array(theirs.weight)[theirs.padding_idx].any()
    theirs.load_state_dict({n: torch.tensor(array(t)) for n, t in mine.state_dict().items()})
    ids = np.array([[0, 2, 6], [6, 2, 2]])
    out, expected = mine(Tensor(ids)), theirs(torch.tensor(ids))
    np.testing.assert_array_equal(array(out), array(expected))
    (out * out).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(array(mine.weight.grad), array(theirs.weight.grad), rtol=1e-6)


def test_embedding_starts_alike():
    for kit in (nn, torch.nn):
        values = array(kit.Embedding(500, 80).weight)
        assert abs(values.mean()) < 0.02 and abs(values.std() - 1) < 0.02


@pytest.mark.parametrize("options", [{}, {"freeze": False}, {"padding_idx": 1}])
def test_from_pretrained(options):
    table = numbers(4, 3, dtype=np.float32)
    mine = nn.Embedding.from_pretrained(Tensor(table), **options)
    theirs = torch.nn.Embedding.from_pretrained(torch.tensor(table), **options)
    assert repr(mine) == repr(theirs)
    assert mine.weight.requires_grad == theirs.weight.requires_grad
    np.testing.assert_array_equal(array(mine.weight), array(theirs.weight))


def test_padding_out_of_range():
    for row in (4, -5):
        with pytest.raises(ValueError, match="padding_idx"):
            nn.Embedding(4, 2, padding_idx=row)
        with pytest.raises(AssertionError):
            torch.nn.Embedding(4, 2, padding_idx=row)


# -- one-hot and cosines --------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [-1, 7, 9])
def test_one_hot(classes):
    for ids in (np.array([0, 6, 3]), np.array([[1], [6]]), np.array(6)):
        ours, theirs = F.one_hot(Tensor(ids), classes), TF.one_hot(torch.tensor(ids), classes)
        assert ours.dtype == np.int64
        np.testing.assert_array_equal(array(ours), theirs.numpy())
    np.testing.assert_array_equal(
        array(F.one_hot(Tensor([2]))), TF.one_hot(torch.tensor([2])).numpy()
    )


def test_one_hot_of_nothing():
    none = np.zeros((2, 0), np.int64)
    assert F.one_hot(Tensor(none), 3).shape == tuple(TF.one_hot(torch.tensor(none), 3).shape)
    for make, f in ((Tensor, F), (torch.tensor, TF)):
        with pytest.raises((ValueError, RuntimeError)):
            f.one_hot(make(none))


SHAPES = [
    ((4, 3), (4, 3)), ((4, 3), (1, 3)), ((4, 3), (3,)), ((4, 1), (4, 3)), ((2, 4, 3), (2, 4, 3)),
    ((4, 1, 3), (1, 5, 3)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_cosine_similarity(shapes):
    """Below eps PyTorch lets gradients pass that are no slopes; gradcheck judges ours there."""
    for options in ({}, {"dim": -1}, {"dim": 0}, {"dim": 1, "eps": 1.5}):
        a, b = numbers(*shapes[0]), numbers(*shapes[1], seed=1)
        found = []
        for f, make in ((F, Tensor), (TF, torch.tensor)):
            one, other = make(a, requires_grad=True), make(b, requires_grad=True)
            out = f.cosine_similarity(one, other, **options)
            (out * out).sum().backward()
            found.append([array(value) for value in (out, one.grad, other.grad)])
        for ours, theirs in zip(
            *(one[: 1 if "eps" in options else 3] for one in found), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_cosine_similarity_of_zeros():
    for dtype in (np.float32, np.float64):
        found = []
        for f, make in ((F, Tensor), (TF, torch.tensor)):
            a = make(np.zeros((2, 3), dtype), requires_grad=True)
            b = make(np.array([[1.0, 2.0, 2.0], [0.0, 0.0, 0.0]], dtype))
            out = f.cosine_similarity(a, b)
            out.sum().backward()
            found.append((array(out), array(a.grad)))
        for ours, theirs in zip(*found, strict=True):
            assert ours.dtype == dtype
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)


# -- positions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "dim"), [(50, 16), (7, 5), (1, 2), (3, 1), (5000, 6)])
def test_sinusoidal_positions(length, dim):
    """Against the form of PyTorch's own tutorial, exp of a logarithm, in float64."""
    position = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    slow = torch.exp(torch.arange(0, dim, 2) * (-np.log(10000.0) / dim)).double()
    expected = torch.zeros(length, dim, dtype=torch.float64)
    expected[:, 0::2] = torch.sin(position * slow)
    expected[:, 1::2] = torch.cos(position * slow)[:, : dim // 2]
    close = 1e-5 if length < 100 else 3e-3  # the exponents of the tutorial are float32
    np.testing.assert_allclose(array(sinusoidal_positions(length, dim)), expected, atol=close)


def test_gradients_by_differences():
    ids = Tensor([[1, 2, 1], [0, 2, 3]])
    for padding_idx in (None, 4):  # a row that no id names: where one does, the rule is no slope
        weight = Tensor(numbers(5, 3), requires_grad=True)
        assert gradcheck(lambda w, p=padding_idx: F.embedding(ids, w, p), [weight])
    pair = [Tensor(numbers(3, 4, seed=s), requires_grad=True) for s in (1, 2)]
    assert gradcheck(F.cosine_similarity, pair)
    assert gradcheck(lambda a, b: F.cosine_similarity(a, b, eps=3.0), pair)
    x = Tensor(numbers(2, 3, 4), requires_grad=True)
    waves, learned = SinusoidalPositionalEncoding(4).double(), LearnedPositionalEncoding(6, 4)
    assert gradcheck(lambda x: waves(x, 2), [x])
    learned.double()
    assert gradcheck(lambda x, weight: learned(x, 2), [x, learned.weight])


# -- a model --------------------------------------------------------------------------------------


def test_a_text_model_side_by_side():
    """Tokens, learned positions, a hidden layer, Adam: the losses agree for 20 steps."""

    def build(kit):
        net = kit.Module()
        net.tokens, net.places = kit.Embedding(11, 8, padding_idx=0), kit.Embedding(6, 8)
        net.head = kit.Sequential(kit.Linear(8, 16), kit.ReLU(), kit.Linear(16, 11))
        return net

    mine, theirs = build(nn), build(torch.nn)
    theirs.load_state_dict({n: torch.tensor(array(t)) for n, t in mine.state_dict().items()})
    places = LearnedPositionalEncoding(6, 8)
    places.weight = mine.places.weight
    draw = np.random.default_rng(0)
    ids, target = draw.integers(0, 11, (5, 6)), draw.integers(0, 11, (5, 6)).reshape(-1)
    losses = []
    for kit, net, make in ((tinytorch, mine, Tensor), (torch, theirs, torch.tensor)):
        optimizer, run = kit.optim.Adam(net.parameters(), lr=0.02), []
        for _ in range(20):
            optimizer.zero_grad()
            x = net.tokens(make(ids))
            x = places(x) if kit is tinytorch else x + net.places(torch.arange(6))
            logits = net.head(x).reshape(30, 11)
            loss = kit.nn.functional.cross_entropy(logits, make(target))
            loss.backward()
            optimizer.step()
            run.append(loss.item())
        losses.append(run)
    assert losses[0][-1] < 0.7 * losses[0][0]
    np.testing.assert_allclose(*losses, rtol=1e-4)
    assert not array(mine.tokens.weight)[0].any()
    for name, value in mine.state_dict().items():
        np.testing.assert_allclose(array(value), theirs.state_dict()[name].numpy(), atol=1e-4)


# -- what is not there ----------------------------------------------------------------------------

REFUSED = [
    ("max_norm", lambda: nn.Embedding(4, 2, max_norm=1.0)),
    ("scale_grad_by_freq", lambda: nn.Embedding(4, 2, scale_grad_by_freq=True)),
    ("sparse", lambda: nn.Embedding(4, 2, sparse=True)),
    ("max_norm", lambda: F.embedding(Tensor([1]), Tensor(np.ones((2, 2))), max_norm=1.0)),
    ("sparse", lambda: F.embedding(Tensor([1]), Tensor(np.ones((2, 2))), sparse=True)),
    ("arguments", lambda: F.embedding(Tensor([1]), Tensor(np.ones((2, 2))), None, 1.0)),
    ("arguments", lambda: nn.Embedding(4, 2, None, 1.0)),
]


@pytest.mark.parametrize(("word", "call"), REFUSED)
def test_what_is_not_there_is_refused(word, call):
    with pytest.raises(TypeError, match=word):
        call()
