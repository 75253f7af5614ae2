"""Tests of what stage 11 gives: the layers around the operations, and what is refused."""

import numpy as np
from tinytorch.autograd import backward
from tinytorch.creation import manual_seed
from tinytorch.embeddings import (
    Embedding,
    LearnedPositionalEncoding,
    SinusoidalPositionalEncoding,
    check_ids,
    check_padding,
    check_positions,
)
from tinytorch.layers import Parameter
from tinytorch.tensor import Tensor

from checker.expect import expect_close, expect_equal, expect_raises, expect_true


def numbers(*shape, seed=0):
    """Draw an array of numbers between 0.5 and 2, of either sign."""
    draw = np.random.default_rng([seed, *shape])
    return draw.uniform(0.5, 2.0, shape) * draw.choice([-1.0, 1.0], shape)


# -- learned positions ----------------------------------------------------------------------------


def test_extra_learnedpositionalencoding_forward_values():
    layer = LearnedPositionalEncoding(6, 3)
    table = numbers(6, 3)
    layer.weight = Parameter(table)
    for shape in ((2, 4, 3), (4, 4, 3), (1, 6, 3), (5, 3), (2, 2, 1, 3)):
        x = numbers(*shape, seed=1)
        for start in (0, 2):
            if start + shape[-2] > 6:
                continue
            expected = np.empty(shape)
            for at in np.ndindex(shape[:-1]):
                expected[at] = x[at] + table[start + at[-1]]
            expect_close(
                layer(Tensor(x), start), expected, f"x {shape} with positions, start={start}",
                "The last axis but one is the place in the text; every text gets the same rows.",
            )  # fmt: skip


def test_extra_learnedpositionalencoding_forward_gradient():
    layer = LearnedPositionalEncoding(5, 2)
    x, g = Tensor(numbers(3, 2, 2), requires_grad=True), numbers(3, 2, 2, seed=2)
    backward(layer(x, start=2), g)
    expected = np.zeros((5, 2))
    expected[2:4] = g[0] + g[1] + g[2]
    expect_close(layer.weight.grad, expected, "weight.grad for three texts at positions 2 and 3")
    expect_close(x.grad, g, "x.grad")


def test_extra_learnedpositionalencoding_forward_too_long():
    layer = LearnedPositionalEncoding(4, 2)
    for length, start in ((5, 0), (1, 4), (2, 3), (2, -1)):
        x = Tensor(np.ones((1, length, 2)))
        expect_raises(
            ValueError, lambda x=x, start=start: layer(x, start), f"{length} tokens from {start}",
            "check_positions refuses what the table does not have.", mentions=[4],
        )  # fmt: skip


# -- what is refused ------------------------------------------------------------------------------


def test_extra_check_ids_kinds():
    for ids in ([1.5], [True], ["a"], [None], [1 + 0j]):
        expect_raises(TypeError, lambda ids=ids: check_ids(np.array(ids), 3), f"ids {ids}")
    for kind in (np.uint8, np.int8, np.int64):
        for ids in ([], [0, 2, 1], [[2]]):
            check_ids(np.array(ids, kind), 3)
    check_ids(2, 3)


def test_extra_check_ids_first_wrong_one():
    expect_raises(
        IndexError, lambda: check_ids(np.array([[0, 3], [-1, 9]]), 3), "ids 0, 3, -1, 9 of 3",
        mentions=["id 3 ", "there are 3 (0 to 2)"],
    )  # fmt: skip
    expect_raises(IndexError, lambda: check_ids(np.array([0, -1]), 3), "id -1", mentions=["id -1 "])
    expect_raises(
        IndexError,
        lambda: check_ids(np.array([0]), 0),
        "an id of an empty table",
        mentions=["none"],
    )


def test_extra_check_padding_from_the_front():
    for given, row in ((None, None), (0, 0), (4, 4), (-1, 4), (-5, 0)):
        expect_equal(check_padding(given, 5), row, f"check_padding({given}, 5)")
    for given in (5, -6):
        expect_raises(ValueError, lambda given=given: check_padding(given, 5), str(given))


def test_extra_check_positions_bounds():
    x = Tensor(np.ones((2, 3, 4)))
    check_positions(x, 0, 3, 4)
    check_positions(x, 7, 10, 4)
    check_positions(Tensor(np.ones((2, 0, 4))), 3, 3, 4)
    expect_raises(
        ValueError, lambda: check_positions(x, 8, 10, 4), "positions 8 to 10 of 10",
        mentions=["8 to 10", "max_len=11"],
    )  # fmt: skip
    expect_raises(ValueError, lambda: check_positions(x, 0, 9, 5), "dim 5", mentions=[(2, 3, 4)])
    expect_raises(ValueError, lambda: check_positions(Tensor(np.ones(4)), 0, 9, 4), "one axis")


# -- layers ---------------------------------------------------------------------------------------


def test_extra_embedding_forward_values():
    table = Embedding(5, 2, padding_idx=3)
    ids = np.array([[3, 1], [1, 4]])
    out = table(Tensor(ids))
    expect_close(out, table.weight.data[ids], "Embedding of ids [[3 1] [1 4]]")
    backward(out.sum())
    expect_close(
        table.weight.grad, [[0, 0], [2, 2], [0, 0], [0, 0], [1, 1]], "weight.grad, padding_idx=3"
    )


def test_extra_embedding_from_pretrained_freeze():
    manual_seed(0)
    rows = numbers(3, 2)
    for given in (Tensor(rows), Parameter(rows), rows):
        frozen = Embedding.from_pretrained(given)
        expect_close(frozen([2, 0]), rows[[2, 0]], "rows of a pretrained table")
        expect_true(not frozen.weight.requires_grad, "a frozen table asks for a gradient")
        expect_equal([name for name, _ in frozen.named_parameters()], ["weight"], "its parameters")
        sizes = (frozen.num_embeddings, frozen.embedding_dim, frozen.padding_idx)
        expect_equal(sizes, (3, 2, None), "its sizes")
    free = Embedding.from_pretrained(Tensor(rows), freeze=False, padding_idx=1)
    expect_true(free.weight.requires_grad, "freeze=False is frozen")
    expect_close(free.weight, rows, "the table, whose row 1 pads and stays as it was")
    backward(free([0, 1, 1]).sum())
    expect_close(free.weight.grad, [[1, 1], [0, 0], [0, 0]], "weight.grad, padding_idx=1")
    expect_raises(
        ValueError, lambda: Embedding.from_pretrained(np.ones(3)), "a table of one axis",
        mentions=[(3,)],
    )  # fmt: skip


def test_extra_embedding_extra_repr_padding():
    expect_equal(repr(Embedding(5, 2)), "Embedding(5, 2)", "the repr")
    expect_equal(repr(Embedding(5, 2, -1)), "Embedding(5, 2, padding_idx=4)", "the repr")


def test_extra_sinusoidalpositionalencoding_init_buffer():
    layer = SinusoidalPositionalEncoding(4, max_len=7)
    expect_equal([name for name, _ in layer.named_buffers()], ["positions"], "the buffers")
    expect_equal(list(layer.state_dict()), [], "the state: what can be computed is not saved")
    expect_equal(list(layer.parameters()), [], "the parameters")
    expect_equal(layer.positions.shape, (7, 4), "the shape of positions")
    expect_equal(SinusoidalPositionalEncoding(2).max_len, 5000, "max_len, unless told")
    expect_equal(layer.double().positions.dtype, np.dtype(np.float64), "its dtype after double()")
    expect_raises(
        ValueError, lambda: SinusoidalPositionalEncoding(2, dropout=1.5), "dropout=1.5",
        mentions=[1.5],
    )  # fmt: skip


def test_extra_sinusoidalpositionalencoding_extra_repr_sizes():
    said = "SinusoidalPositionalEncoding(\n  4, max_len=7\n  (dropout): Dropout(p=0.1)\n)"
    expect_equal(repr(SinusoidalPositionalEncoding(4, 7, 0.1)), said, "the repr")


def test_extra_learnedpositionalencoding_extra_repr_sizes():
    expect_equal(
        repr(LearnedPositionalEncoding(7, 4)), "LearnedPositionalEncoding(7, 4)", "the repr"
    )
