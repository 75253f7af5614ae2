"""Stage 11: a lookup and its rule, cosines and neighbours, two kinds of positions."""

import numpy as np
from tinytorch.autograd import backward
from tinytorch.creation import manual_seed
from tinytorch.embeddings import (
    Embedding,
    LearnedPositionalEncoding,
    SinusoidalPositionalEncoding,
    cosine_similarity,
    embedding,
    embedding_weight,
    nearest,
    one_hot,
    sinusoidal_positions,
)
from tinytorch.layers import Linear, Module, Parameter, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.optimizers import Adam
from tinytorch.tensor import Tensor

from checker.expect import (
    Mismatch,
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    expect_unchanged,
)

# -- what the tests share -------------------------------------------------------------------------

IDS = [  # of a table with 5 rows: shapes, repetitions, the first row and the last
    np.array([2, 0, 2]),
    np.array([[4, 1, 1], [0, 4, 4]]),
    np.array([[[3], [3]]]),
    np.array(4),
    np.zeros((2, 0), int),
]
OUTSIDE = ([5], [-1], [[0, 1], [7, 2]], [-5], [4, 2**40])  # none of 0 to 4
NEGATIVE = (
    "NumPy takes a negative index from the end, in silence: -1 would be the last row. An id that "
    "does not exist has to be an error; check_ids(ids, number of rows) raises it."
)


def numbers(*shape, seed=0, dtype=np.float64):
    """Draw an array of numbers between 0.5 and 2, of either sign."""
    draw = np.random.default_rng([seed, *shape])
    return (draw.uniform(0.5, 2.0, shape) * draw.choice([-1.0, 1.0], shape)).astype(dtype)


def looked_up(ids, weight):
    """Copy row after row: what a lookup is, by way of nothing that the stage writes."""
    out = np.empty((*ids.shape, weight.shape[1]), weight.dtype)
    for at in np.ndindex(ids.shape):
        for j in range(weight.shape[1]):
            out[at][j] = weight[int(ids[at]), j]
    return out


def added_up(g, ids, shape, padding_idx=None):
    """Add each row of g to the row of its id, one by one; row `padding_idx` gets nothing."""
    share = np.zeros(shape, g.dtype)
    for at in np.ndindex(ids.shape):
        if ids[at] != padding_idx:
            share[int(ids[at])] += g[at]
    return share


def expect_or_guess(got, expected, what, why, guesses, **options):
    """Compare; where numbers are those of a known mistake, `guesses` (words, numbers), name it."""
    __tracebackhide__ = True
    try:
        expect_close(got, expected, what, why, **options)
    except Mismatch:
        value = np.asarray(got.data if isinstance(got, Tensor) else got)
        for words, wrong in guesses():
            if value.shape == np.shape(wrong) and np.allclose(value, wrong, rtol=1e-4, atol=1e-6):
                why = f"It looks like: {words}. (a guess)"
                break
        expect_close(got, expected, what, why, **options)


def expect_outside_refused(call, what):
    """Require an IndexError with the id and the size for ids that a table of 5 does not have."""
    __tracebackhide__ = True
    for ids in OUTSIDE:
        wrong = next(i for i in np.ravel(ids) if not 0 <= i < 5)
        expect_raises(
            IndexError, lambda ids=ids: call(np.array(ids)), f"{what} for ids {ids}, of 5",
            NEGATIVE, mentions=[wrong, 5],
        )  # fmt: skip


def expect_kinds_refused(call, what):
    """Require a TypeError for ids that are no whole numbers."""
    __tracebackhide__ = True
    for ids in (np.array([1.0, 2.0]), np.array([True, False, True, False, True])):
        expect_raises(
            TypeError, lambda ids=ids: call(ids), f"{what} for ids of {ids.dtype}",
            "Ids are whole numbers. NumPy would take bools as a mask; check_ids refuses both.",
            mentions=[ids.dtype],
        )  # fmt: skip


# -- one_hot --------------------------------------------------------------------------------------


def test_unit_one_hot_example():
    expect_close(
        one_hot([2, 0], 3), [[0, 0, 1], [1, 0, 0]], "one_hot([2, 0], 3)",
        "A row for each id, with a 1 at the place of the id: counted from 0, it is the third.",
    )  # fmt: skip


def test_unit_one_hot_shapes():
    for ids in IDS:
        expected = np.zeros((*ids.shape, 5))
        for at in np.ndindex(ids.shape):
            expected[at][ids[at]] = 1
        for given in (ids, Tensor(ids)):
            expect_close(
                one_hot(given, 5), expected, f"one_hot of ids {ids.shape}, 5 classes",
                "The classes are a new last axis: ids (...) become (..., num_classes).",
            )  # fmt: skip


def test_unit_one_hot_dtype():
    got = one_hot(np.array([1, 0], np.uint8), 2)
    expect_true(isinstance(got, Tensor), f"one_hot gives a {type(got).__name__}, expected a Tensor")
    expect_close(
        got, [[0, 1], [1, 0]], "one_hot of ids of uint8", "PyTorch's one_hot is int64.",
        dtype=np.int64,
    )  # fmt: skip


def test_unit_one_hot_as_many_as_needed():
    expect_close(
        one_hot([1, 3]), [[0, 1, 0, 0], [0, 0, 0, 1]], "one_hot([1, 3]) without num_classes",
        "The largest id is 3, and 0 is an id, too: four classes.",
    )  # fmt: skip


def test_unit_one_hot_refuses():
    expect_outside_refused(lambda ids: one_hot(ids, 5), "one_hot")
    expect_kinds_refused(lambda ids: one_hot(ids, 5), "one_hot")


# -- embedding ------------------------------------------------------------------------------------


def test_unit_embedding_example():
    weight = Tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    expect_close(
        embedding([2, 0, 2], weight), [[4.0, 5.0], [0.0, 1.0], [4.0, 5.0]],
        "embedding of ids [2 0 2], weight [[0. 1.] [2. 3.] [4. 5.]]",
        "Row 2, row 0, row 2, the first row being row 0.",
    )  # fmt: skip


def test_unit_embedding_shapes():
    weight = numbers(5, 3)
    for ids in IDS:

        def guesses(ids=ids):
            yield "each id gets the row before its own", looked_up((ids - 1) % 5, weight)
            yield "each id gets the row after its own", looked_up((ids + 1) % 5, weight)

        expect_or_guess(
            embedding(Tensor(ids), Tensor(weight)), looked_up(ids, weight),
            f"embedding of ids {ids.shape}, weight (5, 3)",
            "Ids of any shape (...) give (..., dim): each id is replaced by its row.", guesses,
        )  # fmt: skip


def test_unit_embedding_is_a_product():
    ids, weight = np.array([[1, 4, 0], [1, 1, 2]]), numbers(5, 2)
    ones = (ids[..., None] == np.arange(5)).astype(float)
    expect_close(
        embedding(ids, Tensor(weight)), np.einsum("ntv,vd->ntd", ones, weight),
        "embedding against one_hot(ids) @ weight",
        "A row of zeros with a single 1 picks a row of the matrix that it is multiplied with.",
    )  # fmt: skip


def test_unit_embedding_dtypes():
    for dtype in (np.float32, np.float64):
        for kind in (np.uint8, np.int32, np.int64):
            ids, weight = np.array([1, 2], kind), numbers(3, 2, dtype=dtype)
            expect_close(
                embedding(ids, Tensor(weight)), weight[1:],
                f"embedding of ids of {np.dtype(kind)}, weight {np.dtype(dtype)}", dtype=dtype,
            )  # fmt: skip


def test_unit_embedding_padding_row():
    weight = numbers(3, 2)
    expect_close(
        embedding.forward(np.array([0, 1]), weight, padding_idx=1), weight[:2],
        "embedding with padding_idx=1",
        "Forwards the row that pads is a row as all others; only its gradient is left out.",
    )  # fmt: skip


def test_unit_embedding_new_array():
    ids, weight = np.array([1, 0]), numbers(3, 2)
    kept = weight.copy()
    got = embedding.forward(ids, weight)
    got += 100.0
    expect_unchanged(weight, kept, "embedding, whose result was written to: weight")


def test_unit_embedding_refuses():
    weight = Tensor(numbers(5, 7))
    expect_outside_refused(lambda ids: embedding(ids, weight), "embedding")
    expect_kinds_refused(lambda ids: embedding(ids, weight), "embedding")


# -- embedding_weight -----------------------------------------------------------------------------


def wrong_shares(g, ids, shape):
    """Yield what known mistakes make of the share of the table."""
    flat, rows = ids.reshape(-1), g.reshape(-1, shape[1])
    last, first = np.zeros(shape), np.zeros(shape)
    for i, row in zip(flat, rows, strict=True):
        last[i] = row
    for i, row in zip(flat[::-1], rows[::-1], strict=True):
        first[i] = row
    count = np.maximum(1, [np.sum(flat == i) for i in range(shape[0])])[:, None]
    yield "of an id that comes several times, only the last share arrives", last
    yield "of an id that comes several times, only the first share arrives", first
    yield "the mean over all places of an id, not their sum", added_up(g, ids, shape) / count
    yield "what arrives, g, is forgotten", added_up(np.ones_like(g), ids, shape)


def test_unit_embedding_weight_example():
    g = np.array([[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]])
    expect_or_guess(
        embedding_weight(g, None, np.array([2, 0, 2]), np.zeros((3, 2))),
        [[10.0, 20.0], [0.0, 0.0], [101.0, 202.0]],
        "embedding_weight for ids [2 0 2], g [[1. 2.] [10. 20.] [100. 200.]]",
        "Row 2 was used at two places, and adds up: 1 + 100. Row 1 was used nowhere.",
        lambda: wrong_shares(g, np.array([2, 0, 2]), (3, 2)),
    )  # fmt: skip


def test_unit_embedding_weight_shapes():
    for ids in IDS:
        g, weight = numbers(*ids.shape, 3, seed=1), numbers(5, 3)
        expect_or_guess(
            embedding_weight(g, None, ids, weight), added_up(g, ids, (5, 3)),
            f"embedding_weight for ids {ids.tolist()}, weight (5, 3)",
            "The share has the shape of the table. Each row of g, (..., dim), is added to the row "
            "of its id.", lambda g=g, ids=ids: wrong_shares(g, ids, (5, 3)),
        )  # fmt: skip


def test_unit_embedding_weight_many():
    draw = np.random.default_rng(0)
    for rows, dim in ((3, 4), (300, 1), (7, 40)):
        ids = draw.integers(0, rows, (8, 50))
        g = numbers(8, 50, dim, seed=2)
        expect_or_guess(
            embedding_weight(g, None, ids, np.zeros((rows, dim))), added_up(g, ids, (rows, dim)),
            f"embedding_weight for 400 ids of {rows} rows, dim {dim}",
            "One by one: share[id] += g of that place, for every place.",
            lambda g=g, ids=ids, size=(rows, dim): wrong_shares(g, ids, size),
        )  # fmt: skip


def test_unit_embedding_weight_padding():
    ids = np.array([[4, 1, 1], [0, 4, 4]])
    g, weight = numbers(2, 3, 2), numbers(5, 2)
    for row in (1, 0, 4, 3):
        got = embedding_weight(g, None, ids, weight, padding_idx=row)
        expect_or_guess(
            got, added_up(g, ids, (5, 2), row),
            f"embedding_weight for ids {ids.tolist()}, padding_idx={row}",
            "The row that pads gets nothing, all others what they always get.",
            lambda row=row: [
                (f"row {row} is trained like any other", added_up(g, ids, (5, 2)))
            ],
        )  # fmt: skip


def test_unit_embedding_weight_small_ids():
    for kind in (np.uint8, np.int8, np.int32):
        ids, g = np.array([100, 3, 100], kind), numbers(3, 4)
        expect_close(
            embedding_weight(g, None, ids, np.zeros((101, 4))), added_up(g, ids, (101, 4)),
            f"embedding_weight for ids of {np.dtype(kind)}, weight (101, 4)",
            f"100 * 4 is no {np.dtype(kind)}: it goes round. Calculate places with np.intp."
            if kind != np.int32 else "",
        )  # fmt: skip


def test_unit_embedding_weight_of_one_id():
    g = np.array([3.0, 4.0])
    for one in (np.array(1), 1):
        expect_close(
            embedding_weight(g, None, one, np.zeros((2, 2))), [[0.0, 0.0], [3.0, 4.0]],
            f"embedding_weight for the single id {one!r}",
            "One id without an axis gives one row without one. A number that was given as such "
            "arrives as Python's own: np.asarray makes an array of it.",
        )  # fmt: skip


def test_unit_embedding_weight_pure():
    ids, g, weight = np.array([[1, 0], [1, 2]]), numbers(2, 2, 3), numbers(3, 3)
    kept = [a.copy() for a in (ids, g, weight)]
    for lay in (np.array, np.asfortranarray):
        given = lay(g)
        got = embedding_weight(given, None, ids, weight, padding_idx=1)
        expect_close(
            got, added_up(g, ids, (3, 3), 1), "embedding_weight for g that lies otherwise in memory"
        )
        for array, before, name in zip(
            (ids, given, weight), kept, ("ids", "g", "weight"), strict=True
        ):
            expect_unchanged(array, before, f"embedding_weight, {name}: it")


def test_unit_embedding_weight_dtype():
    for dtype in (np.float32, np.float64):
        ids, g = np.array([1, 1]), numbers(2, 2, dtype=dtype)
        expect_close(
            embedding_weight(g, None, ids, np.zeros((3, 2), dtype)), added_up(g, ids, (3, 2)),
            f"embedding_weight for g of {np.dtype(dtype)}", dtype=dtype,
        )  # fmt: skip


def test_unit_embedding_weight_in_use():
    weight = Tensor(numbers(4, 2), requires_grad=True)
    ids, factors = np.array([3, 1, 3, 0]), numbers(4, 2, seed=3)
    backward((embedding(ids, weight, padding_idx=0) * Tensor(factors)).sum())
    expect_close(
        weight.grad, added_up(factors, ids, (4, 2), 0),
        "weight.grad of a lookup of [3 1 3 0], padding_idx=0",
        "backward hands g, ids, weight and padding_idx over; the rows 3, 1 and no others.",
    )  # fmt: skip


# -- Embedding ------------------------------------------------------------------------------------


def test_unit_embedding_init_example():
    table = Embedding(5, 3, padding_idx=-1)
    expect_equal(table.weight.shape, (5, 3), "the shape of Embedding(5, 3).weight",
                 "A row for each id, a column for each number of it.")  # fmt: skip
    expect_equal(
        table.padding_idx, 4, "padding_idx of Embedding(5, 3, padding_idx=-1)",
        "check_padding counts it from the front, since no id is negative.",
    )  # fmt: skip
    expect_close(table.weight.data[4], [0.0, 0.0, 0.0], "the row that pads", "It starts as zeros.")


def test_unit_embedding_init_attributes():
    table = Embedding(7, 2)
    found = (table.num_embeddings, table.embedding_dim, table.padding_idx)
    expect_equal(found, (7, 2, None), "num_embeddings, embedding_dim and padding_idx")
    names = [name for name, _ in table.named_parameters()]
    expect_equal(
        names, ["weight"], "the names of the parameters of Embedding(7, 2)",
        "Only what is a Parameter is found by an optimizer, and saved.",
    )  # fmt: skip
    expect_true(
        table.weight.requires_grad, "Embedding(7, 2).weight asks for no gradient",
        "A Parameter does, unless told otherwise.",
    )  # fmt: skip


def test_unit_embedding_init_numbers():
    manual_seed(0)
    values = Embedding(400, 50).weight.data
    expect_equal(values.dtype, np.dtype(np.float32), "the dtype of the weight")
    expect_true(
        abs(values.mean()) < 0.03 and abs(values.std() - 1) < 0.03,
        f"the numbers of Embedding(400, 50) have mean {values.mean():.3f} and standard deviation "
        f"{values.std():.3f}, expected 0 and 1",
        "randn draws from the normal distribution with mean 0 and variance 1.",
    )  # fmt: skip
    far = np.mean(np.abs(values) > 2)
    expect_true(
        0.035 < far < 0.056, f"{far:.1%} of the numbers are further than 2 from 0, expected 4.6 %",
        "That is how many a normal distribution has; a uniform one has none.",
    )  # fmt: skip


def test_unit_embedding_init_padding():
    manual_seed(0)
    for row in (0, 2, -2):
        table = Embedding(4, 3, padding_idx=row)
        empty = [i for i in range(4) if not table.weight.data[i].any()]
        expect_equal(
            empty, [row % 4], f"the rows of zeros of Embedding(4, 3, padding_idx={row})",
            "Only the row that pads; row 0 may be it, too.",
        )  # fmt: skip
        expect_equal(table.padding_idx, row % 4, f"padding_idx, given as {row}")
    table = Embedding(4, 3)
    expect_true(
        bool(table.weight.data.any(axis=1).all()), "Embedding(4, 3) has a row of zeros",
        "Without padding_idx all rows are random.",
    )  # fmt: skip
    for row in (4, -5):
        expect_raises(
            ValueError, lambda row=row: Embedding(4, 3, padding_idx=row),
            f"Embedding(4, 3, padding_idx={row})", "check_padding refuses it.", mentions=[row, 4],
        )  # fmt: skip


# -- cosine_similarity ----------------------------------------------------------------------------


def cosines(a, b, dim, eps=1e-8):
    """Give the cosines, from lengths by hypot."""
    a, b = np.broadcast_arrays(np.asarray(a, float), b)
    lengths = [np.maximum(np.hypot.reduce(x, axis=dim), eps) for x in (a, b)]
    return np.sum(a * b, axis=dim) / (lengths[0] * lengths[1])


def test_unit_cosine_similarity_example():
    expect_close(
        cosine_similarity(Tensor([[3.0, 0.0]]), Tensor([[5.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])),
        [1.0, 0.0, -1.0], "[3. 0.] with [5. 0.], [0. 2.] and [-1. 0.]",
        "The same direction, across, the opposite one: how long the vectors are does not count.",
    )  # fmt: skip


def test_unit_cosine_similarity_axes():
    for shapes, dim in (
        (((4, 3), (4, 3)), 1), (((2, 4, 3), (2, 4, 3)), 1), (((2, 4, 3), (2, 4, 3)), -1),
        (((4, 3), (1, 3)), 1), (((3,), (3,)), 0), (((4, 1, 3), (1, 5, 3)), 2),
        (((4, 3), (4, 3)), 0), (((4, 3), (3,)), 1), (((2, 1), (2, 3)), 1),
    ):  # fmt: skip
        a, b = numbers(*shapes[0]), numbers(*shapes[1], seed=1)
        expect_or_guess(
            cosine_similarity(Tensor(a), Tensor(b), dim), cosines(a, b, dim),
            f"cosine_similarity of {shapes[0]} and {shapes[1]}, dim={dim}",
            "Expand both to one shape; in it all three sums go along dim, which goes away.",
            lambda a=a, b=b, dim=dim: [
                ("the product, not divided by the lengths", np.sum(a * b, axis=dim)),
                ("divided by the squares of the lengths",
                 np.sum(a * b, axis=dim) / (np.sum(a * a, axis=dim) * np.sum(b * b, axis=dim))),
                ("only one length is divided by",
                 np.sum(a * b, axis=dim) / np.sqrt(np.sum(a * a, axis=dim))),
            ],
        )  # fmt: skip
    a, b = numbers(2, 3, 4), numbers(2, 3, 4, seed=1)
    expect_close(
        cosine_similarity(Tensor(a), Tensor(b)), cosines(a, b, 1),
        "cosine_similarity of (2, 3, 4) without dim", "PyTorch's dim is 1 unless told, not -1.",
    )  # fmt: skip


def test_unit_cosine_similarity_of_nothing():
    zero, one = Tensor([[0.0, 0.0]]), Tensor([[3.0, 4.0]])
    with np.errstate(all="ignore"):
        for a, b, said in ((zero, one, "[0. 0.] and [3. 4.]"), (zero, zero, "[0. 0.] and itself")):
            expect_close(
                cosine_similarity(a, b), [0.0], f"cosine_similarity of {said}",
                "A length below eps counts as eps: 0 / 0 is no number, 0 / eps is 0.",
            )  # fmt: skip
    for eps in (0.5, 10.0):
        expect_close(
            cosine_similarity(one, Tensor([[6.0, 0.0]]), eps=eps),
            [18.0 / (max(5, eps) * max(6, eps))],
            f"cosine_similarity of [3. 4.] and [6. 0.], eps={eps}",
            "eps is the least that each length counts as; it is not added to it.",
        )  # fmt: skip


def test_unit_cosine_similarity_gradient():
    a, b = numbers(2, 3), numbers(2, 3, seed=1)
    first, second = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
    out = cosine_similarity(first, second)
    expect_true(
        out.requires_grad, "cosine_similarity of tensors that ask for a gradient asks for none",
        "Computed on .data it is cut off from backward: use operations on the tensors.",
    )  # fmt: skip
    backward(out.sum())
    for name, got, x, y in (("x1", first.grad, a, b), ("x2", second.grad, b, a)):
        lengths = np.hypot.reduce(x, axis=1, keepdims=True)
        cosine = cosines(x, y, 1)[:, None]
        other = y / np.hypot.reduce(y, axis=1, keepdims=True)
        expect_close(
            got, (other - cosine * x / lengths) / lengths, f"{name}.grad of the sum of the cosines",
            "The other direction, less what points along the vector itself, by its length.",
        )  # fmt: skip
    zero = Tensor([[0.0, 0.0]], requires_grad=True)
    with np.errstate(all="ignore"):
        backward(cosine_similarity(zero, Tensor([[3.0, 4.0]])).sum())
    expect_true(
        bool(np.isfinite(zero.grad.data if isinstance(zero.grad, Tensor) else zero.grad).all()),
        "the gradient of a vector of zeros is no number",
        "The slope of a square root at 0 is infinite: clamp the sum of squares, by eps * eps, "
        "and take the root after that.",
    )  # fmt: skip


# -- nearest --------------------------------------------------------------------------------------


def test_unit_nearest_example():
    weight = Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1]])
    got = nearest(weight, Tensor([9.0, 0.0]), k=2)
    expect_close(
        got.indices, [0, 2], "the two rows nearest to [9. 0.] of [[1. 0.] [0. 1.] [1. 0.1]]",
        "Row 0 points exactly that way, row 2 nearly; the length of 9 does not count.",
    )  # fmt: skip
    expect_close(got.values, [1.0, 1 / np.sqrt(1.01)], "their cosine similarities")


def test_unit_nearest_by_direction():
    weight = np.array([[9.0, 9.0], [0.2, 0.0], [4.0, -4.0], [0.0, -3.0], [1.0, 0.3]])
    vector = np.array([1.0, 0.0])
    expected = [1, 4, 0, 2, 3]
    got = nearest(Tensor(weight), Tensor(vector), k=5).indices
    why = "Sorted by the cosine, the largest first. Row 1 is short, and points exactly that way."
    for words, wrong in (
        ("sorted by the product, in which long rows win", np.argsort(-weight @ vector)),
        ("sorted by distance", np.argsort(np.hypot.reduce(weight - vector, axis=1))),
        ("the furthest come first", np.array(expected[::-1])),
    ):  # fmt: skip
        if np.array_equal(np.asarray(got.data), wrong):
            why = f"It looks like: {words}. (a guess)"
    expect_close(got, expected, "all five rows by nearness to [1. 0.]", why)


def test_unit_nearest_skip():
    weight = numbers(8, 3)
    order = sorted(range(8), key=lambda i: -cosines(weight, weight[3][None], 1)[i])
    for skip in ((), (3,), [3, order[1]], {order[7]}):
        for k in (1, 3, 8):
            expected = [i for i in order if i not in skip][:k]
            got = nearest(Tensor(weight), Tensor(weight[3]), k, skip)
            what = f"the {k} nearest to row 3, skip={list(skip)}"
            expect_close(
                got.indices, expected, what,
                "First leave out what is in skip, ids and not places, then take k, or all there "
                "are.",
            )  # fmt: skip
            expect_close(
                got.values, cosines(weight, weight[3][None], 1)[expected], f"{what}: similarities",
                "In the order of the ids, each its own.",
            )  # fmt: skip


def test_unit_nearest_equal_ones():
    weight = Tensor(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [4.0, 0.0], [8.0, 0.0]] * 5))
    same = [i for i in range(25) if i % 5 != 2]
    expect_close(
        nearest(weight, Tensor(np.array([1.0, 0.0])), k=20).indices, same,
        "the 20 rows that point exactly the same way",
        "Of equal ones the lower id comes first: kind=\"stable\", and -similarity rather than "
        "[::-1].",
    )  # fmt: skip


def test_unit_nearest_of_parameters():
    weight = Parameter(numbers(4, 2, dtype=np.float32))
    got = nearest(weight, weight[2], k=1)
    expect_close(got.indices, [2], "the row nearest to row 2 of a Parameter", dtype=np.int64)
    expect_true(
        not got.values.requires_grad, "the similarities that nearest gives ask for a gradient",
        "Who searches does not train: `as_array` takes the numbers out of the tensor.",
    )  # fmt: skip


# -- sinusoidal_positions -------------------------------------------------------------------------


def waves(length, dim):
    """Compute number by number what Vaswani et al. write."""
    table = np.zeros((length, dim))
    for position, column in np.ndindex(length, dim):
        angle = position / 10000 ** (2 * (column // 2) / dim)
        table[position, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return table


def wrong_waves(length, dim):
    """Yield what known mistakes make of the waves."""
    right, p = waves(length, dim), np.arange(length)[:, None]
    column = np.arange(dim)
    if dim % 2 == 0:
        swapped = right.reshape(length, -1, 2)[..., ::-1].reshape(length, dim)
        yield "sine and cosine are exchanged", swapped
        halves = np.concatenate([right[:, 0::2], right[:, 1::2]], axis=1)
        yield "all sines come first, then all cosines; they take turns", halves
    pairs = column // 2
    yield "all columns are sines", np.sin(p / 10000 ** (2 * pairs / dim))
    yield "all columns are cosines", np.cos(p / 10000 ** (2 * pairs / dim))
    for words, exponent in (
        ("each column has a wave of its own; two share one, sine and cosine", column / dim),
        ("the exponent is i / dim; it is 2i / dim", pairs / dim),
        ("the exponent is 4i / dim; it is 2i / dim", 4 * pairs / dim),
        ("the angle is position * 10000^(2i / dim); it is divided", -2 * pairs / dim),
    ):
        angle = p / 10000.0**exponent
        yield words, np.where(column % 2, np.cos(angle), np.sin(angle))
    yield "the first position is 1; it is 0", waves(length + 1, dim)[1:]


def test_unit_sinusoidal_positions_example():
    expect_or_guess(
        sinusoidal_positions(2, 4), [[0.0, 1.0, 0.0, 1.0], [0.84147, 0.5403, 0.01, 0.99995]],
        "sinusoidal_positions(2, 4)",
        "Position 0: the sine of 0 and the cosine of 0, twice. Position 1: the angles 1 and 1/100.",
        lambda: wrong_waves(2, 4), atol=1e-5,
    )  # fmt: skip


def test_unit_sinusoidal_positions_values():
    for length, dim in ((6, 2), (5, 6), (40, 16), (1, 8), (0, 4), (300, 4)):
        expect_or_guess(
            sinusoidal_positions(length, dim), waves(length, dim),
            f"sinusoidal_positions({length}, {dim})",
            "Column 2i is sin(position / 10000^(2i / dim)), column 2i + 1 the cosine of the same.",
            lambda length=length, dim=dim: wrong_waves(length, dim), atol=1e-4,
        )  # fmt: skip


def test_unit_sinusoidal_positions_odd():
    for length, dim in ((4, 1), (5, 3), (6, 7)):
        expect_or_guess(
            sinusoidal_positions(length, dim), waves(length, dim),
            f"sinusoidal_positions({length}, {dim}), an odd dim",
            "The last wave has a sine and no column left for its cosine.",
            lambda length=length, dim=dim: wrong_waves(length, dim), atol=1e-4,
        )  # fmt: skip


def test_unit_sinusoidal_positions_dtype():
    got = sinusoidal_positions(3, 4)
    expect_true(isinstance(got, Tensor), f"it gives a {type(got).__name__}, expected a Tensor")
    expect_close(got, waves(3, 4), "sinusoidal_positions(3, 4)", dtype=np.float32)


def test_unit_sinusoidal_positions_turn():
    table = sinusoidal_positions(60, 8).data.astype(float)
    for step in (1, 7):
        products = np.sum(table[:-step] * table[step:], axis=1)
        expect_true(
            np.ptp(products) < 1e-4,
            f"the dot products of positions that are {step} apart go from {products.min():.3f} to "
            f"{products.max():.3f}, expected one number",
            "sin a sin b + cos a cos b = cos(a - b): only the distance counts, if sine and cosine "
            "have the same angle.",
        )  # fmt: skip


# -- SinusoidalPositionalEncoding -----------------------------------------------------------------


def test_unit_sinusoidalpositionalencoding_forward_example():
    got = SinusoidalPositionalEncoding(2)(Tensor(np.ones((1, 2, 2), np.float32)), start=1)
    expect_close(
        got, [[[1.84147, 1.5403], [1.9093, 0.58385]]],
        "ones (1, 2, 2) with the positions 1 and 2 added",
        "To each token its row: start is 1, so the first gets sin 1 and cos 1, the next sin 2 and "
        "cos 2.", atol=1e-4,
    )  # fmt: skip


def encoded(x, start=0, **settings):
    layer = SinusoidalPositionalEncoding(x.shape[-1], **settings)
    return layer(Tensor(x), start) if start else layer(Tensor(x))


def test_unit_sinusoidalpositionalencoding_forward_batch():
    for shape in ((3, 4, 6), (4, 4, 6), (2, 1, 5), (1, 7, 2), (5, 3), (2, 3, 4, 6)):
        x = numbers(*shape)
        length, dim = shape[-2:]

        def guesses(x=x, length=length, dim=dim):
            yield "x comes back as it was, without positions", x
            yield "all tokens get the same row, the first", x + waves(1, dim)
            if x.ndim == 3:
                yield (
                    "positions along the batch: the number of the text, not of the token",
                    x + waves(len(x), dim)[:, None],
                )
            yield "the rows replace the tokens", np.broadcast_to(waves(length, dim), x.shape)

        expect_or_guess(
            encoded(x), x + waves(length, dim), f"x {shape} with positions",
            "The last axis but one is the place in the text. Every text gets the same rows, 0 to "
            "T - 1.", guesses, atol=1e-4,
        )  # fmt: skip


def test_unit_sinusoidalpositionalencoding_forward_start():
    x = numbers(2, 3, 4)
    for start in (0, 2, 7):
        expect_or_guess(
            encoded(x, start, max_len=10), x + waves(start + 3, 4)[start:],
            f"x (2, 3, 4) with start={start}",
            "start tokens came before x: its first one is at position start.",
            lambda: [("start is ignored", x + waves(3, 4))], atol=1e-4,
        )  # fmt: skip


def test_unit_sinusoidalpositionalencoding_forward_too_long():
    why = (
        "NumPy cuts a slice that reaches too far, in silence. check_positions(x, start, "
        "self.max_len, self.dim) says what is asked for, and what there is."
    )
    for length, start, max_len in ((6, 0, 5), (1, 5, 5), (1, 9, 5), (3, 4, 6), (2, -1, 5)):
        x = np.ones((2, length, 4))
        expect_raises(
            ValueError, lambda x=x, at=start, most=max_len: encoded(x, at, max_len=most),
            f"{length} tokens from position {start}, with max_len={max_len}", why,
            mentions=[start + length - 1, max_len],
        )  # fmt: skip
    layer = SinusoidalPositionalEncoding(4)
    for shape in ((2, 3, 1), (2, 3, 6)):
        expect_raises(
            ValueError, lambda shape=shape: layer(Tensor(np.ones(shape))),
            f"x {shape} for positions of dim 4",
            "check_positions refuses it; a last axis of 1 would broadcast.", mentions=[shape],
        )  # fmt: skip


def test_unit_sinusoidalpositionalencoding_forward_dropout():
    manual_seed(0)
    x = np.full((4, 50, 6), 10.0, np.float32)
    layer = SinusoidalPositionalEncoding(6, dropout=0.5)
    got, whole = layer(Tensor(x)).data, x + waves(50, 6)
    off = np.mean(got == 0)
    expect_true(
        0.4 < off < 0.6,
        f"with dropout=0.5 {off:.0%} of the numbers are 0 while training, expected about 50 %",
        "self.dropout goes over the sum of tokens and positions.",
    )  # fmt: skip
    expect_close(
        got[got != 0], 2 * whole[got != 0], "what dropout has left, of tokens and positions",
        "The others are doubled, tokens and positions alike.", rtol=1e-3,
    )  # fmt: skip
    expect_close(
        layer.eval()(Tensor(x)), whole, "the same layer in eval()", "There nothing is dropped.",
        rtol=1e-4,
    )  # fmt: skip


def test_unit_sinusoidalpositionalencoding_forward_pure():
    x = numbers(2, 3, 4, dtype=np.float32)
    given = Tensor(x.copy(), requires_grad=True)
    layer = SinusoidalPositionalEncoding(4)
    kept = layer.positions.data.copy()
    out = layer(given)
    expect_close(out, x + waves(3, 4), "float32 x with positions", dtype=np.float32, atol=1e-4)
    expect_unchanged(given, x, "SinusoidalPositionalEncoding")
    expect_unchanged(layer.positions, kept, "SinusoidalPositionalEncoding, positions: it")
    g = numbers(2, 3, 4, seed=4, dtype=np.float32)
    backward(out, g)
    expect_close(
        given.grad,
        g,
        "x.grad, behind positions that were added",
        "What is added to lets g through.",
    )


# -- LearnedPositionalEncoding --------------------------------------------------------------------


def test_unit_learnedpositionalencoding_init_example():
    layer = LearnedPositionalEncoding(3, 4)
    found = [(name, p.shape) for name, p in layer.named_parameters()]
    expect_equal(
        found, [("weight", (3, 4))], "the parameters of LearnedPositionalEncoding(3, 4)",
        "One table, a row for each position, and a Parameter: an optimizer has to find it.",
    )  # fmt: skip
    expect_equal((layer.max_len, layer.dim), (3, 4), "max_len and dim")


def test_unit_learnedpositionalencoding_init_numbers():
    manual_seed(0)
    layer = LearnedPositionalEncoding(300, 40)
    values = layer.weight.data
    expect_equal(values.dtype, np.dtype(np.float32), "the dtype of the weight")
    expect_true(
        abs(values.mean()) < 0.001 and abs(values.std() - 0.02) < 0.001,
        f"the numbers have mean {values.mean():.4f} and standard deviation {values.std():.4f}, "
        "expected 0 and 0.02",
        "randn(...) * 0.02: small beside the tokens, so that at first the places disturb nobody.",
    )  # fmt: skip
    far = np.mean(np.abs(values) > 0.04)
    expect_true(
        0.035 < far < 0.056,
        f"{far:.1%} of the numbers are further than 0.04 from 0, expected 4.6 %",
        "That is how many a normal distribution has; a uniform one has fewer.",
    )  # fmt: skip


def test_unit_learnedpositionalencoding_init_trained():
    layer, x = LearnedPositionalEncoding(4, 2), Tensor(np.zeros((3, 2, 2), np.float32))
    expect_true(
        isinstance(layer.weight, Parameter) and layer.weight.recipe is None,
        "weight is no Parameter of its own", "A result of an operation is not what is trained.",
    )  # fmt: skip
    backward(layer(x, 1).sum())
    got = layer.weight.grad
    expect_true(
        got is not None, "weight.grad is None after backward",
        "weight asks for no gradient, so it is never trained: make it a Parameter.",
    )  # fmt: skip
    expect_close(
        got, [[0.0, 0.0], [3.0, 3.0], [3.0, 3.0], [0.0, 0.0]],
        "weight.grad for three texts at the positions 1 and 2",
        "Each position adds up over the three texts; the others were not used.",
    )  # fmt: skip


# -- all together ---------------------------------------------------------------------------------


class Reader(Module):
    """Tokens, with positions or without; one small layer on each; the mean over all places."""

    def __init__(self, positions):
        super().__init__()
        self.tokens, self.positions = Embedding(5, 8), positions
        self.each = Sequential(Linear(8, 24), ReLU())
        self.answer = Linear(24, 4)

    def forward(self, ids):
        x = self.tokens(ids)
        return self.answer(self.each(self.positions(x) if self.positions else x).mean(dim=1))


def test_module():
    pairs = [(i, j) for i in range(4) for j in range(4) if i != j]
    ids = np.array([[i, 4, j] for i, j in pairs])  # dog bites man, man bites dog, …
    bitten = Tensor(ids[:, 2].copy())
    right = {}
    for name, make in (
        ("none", lambda: None),
        ("waves", lambda: SinusoidalPositionalEncoding(8, max_len=3)),
        ("learned", lambda: LearnedPositionalEncoding(3, 8)),
    ):
        manual_seed(1)
        model = Reader(make())
        optimizer = Adam(model.parameters(), lr=0.03)
        for _ in range(60):
            optimizer.zero_grad()
            backward(cross_entropy(model(ids), bitten))
            optimizer.step()
        right[name] = float(np.mean(model(ids).data.argmax(axis=1) == ids[:, 2]))
        if name == "none":
            expect_close(
                model(ids[:, ::-1].copy()), model(ids).data,
                "a model without positions, the words in reverse",
                "A mean does not know in which order it was taken.", atol=1e-5,
            )  # fmt: skip
    expect_true(
        right["none"] <= 0.5,
        f"without positions {right['none']:.0%} of the bitten are found, and only half can be",
        "dog bites man and man bites dog are the same three words.",
    )  # fmt: skip
    for name in ("waves", "learned"):
        expect_true(
            right[name] == 1.0,
            f"who bites whom: {right[name]:.0%} right with positions ({name}), expected all",
            "Twelve sentences, 60 steps of Adam. Both the tokens and the positions have to be "
            "looked up rightly, and the table has to be trained.",
        )  # fmt: skip
