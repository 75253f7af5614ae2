"""Stage 01: the tensor."""

import itertools
import math
import re

import numpy as np
from tinytorch.op import Op, Recipe, remember
from tinytorch.tensor import (
    Tensor,
    add,
    as_array,
    broadcast_shapes,
    div,
    infer_shape,
    matmul,
    matmul_loops,
    mul,
    numel,
    permute,
    reduce_sum,
    reshape,
    strides,
    sub,
    take,
)

from checker.expect import (
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    expect_unchanged,
)

SHAPES = [(), (1,), (3,), (0,), (2, 3), (2, 0, 3), (2, 3, 4), (1, 2, 1, 3)]


def numbers(shape, dtype=np.float32, seed=0):
    """Give random numbers that are no round ones."""
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(dtype)


def counting(shape):
    """Give 0, 1, 2 … in this shape: each number says where it was."""
    return np.arange(math.prod(shape), dtype=np.float32).reshape(shape)


def runs_of(operation, call):
    """Count how often `call` uses an operation."""
    runs = []

    def spy(*arrays, **params):
        runs.append(1)
        return operation.forward(*arrays, **params)

    with operation.using(spy):
        call()
    return len(runs)


def expect_names_sizes(call, what, shapes, sizes, why):
    """Require a ValueError that names both shapes and, beside them, the sizes that met."""
    __tracebackhide__ = True
    expect_raises(ValueError, call, what, why, mentions=shapes)
    try:
        call()
    except ValueError as error:
        said = rest = str(error)
    for shape in shapes:  # or the 3 in (2, 3) would count
        rest = rest.replace(str(shape), "")
    missing = [str(size) for size in sizes if not re.search(rf"\b{size}\b", rest)]
    expect_true(
        not missing,
        f"{what} raises ValueError, but beside the shapes its message does not name "
        f"{' and '.join(missing)}: {said!r}",
        f"{sizes[0]} met {sizes[1]}, and who reads it should not have to search the shapes for it.",
    )


def reason(got, mistakes, otherwise):
    """Give what is to be said of exactly this wrong result, else what is true of every one."""
    return next((why for wrong, why in mistakes if got == wrong), otherwise)


# -- numel ----------------------------------------------------------------------------------------


def expect_count(got, expected, what, why):
    """Compare counts; of one that is no int, its type is to be talked about."""
    __tracebackhide__ = True
    if type(got) is not int:
        why = "A count is a Python int, as len gives it. Multiply the sizes one by one, with *."
    expect_equal(got, expected, what, why)


def test_unit_numel_example():
    why = "2 blocks of 3 rows of 4 numbers: 2 * 3 * 4."
    expect_count(numel((2, 3, 4)), 24, "numel((2, 3, 4))", why)
    expect_count(numel(()), 1, "numel(())", "A tensor without axes is one number, not none.")


def test_unit_numel_of_many_shapes():
    for shape in SHAPES + [(5,), (7, 1), (784, 128)]:
        expect_count(
            numel(shape), int(np.zeros(shape).size), f"numel({shape})",
            "The sizes are multiplied, not added; a size of 0 leaves nothing.",
        )  # fmt: skip


def test_unit_numel_takes_lists():
    expect_count(numel([2, 5]), 10, "numel([2, 5])", "Any sequence of sizes will do.")


# -- strides --------------------------------------------------------------------------------------


def test_unit_strides_example():
    steps = strides((2, 3, 4))
    bytes_ = "These are bytes, as NumPy counts them. Here one number is one step."
    own = "Each includes the size of its own axis. A step skips only what lies further right."
    turned = "These are the steps from the last axis to the first. Turn them round."
    columns = "You began at the first axis. It is the last one whose numbers lie side by side."
    why = reason(
        steps,
        [
            ((48, 16, 4), bytes_), ((96, 32, 8), bytes_), ((24, 12, 4), own),
            ((1, 4, 12), turned), ((1, 2, 6), columns),
        ],
        "The next column is 1 number away, the next row 4, the next block 3 * 4.",
    )  # fmt: skip
    expect_equal(steps, (12, 4, 1), "strides((2, 3, 4))", why)


def test_unit_strides_find_every_element():
    for shape in [(5,), (2, 3), (3, 2), (2, 3, 4), (4, 1, 3)]:
        grid = counting(shape)
        steps = strides(shape)
        for index in itertools.product(*map(range, shape)):
            at = sum(i * step for i, step in zip(index, steps, strict=True))
            expect_true(
                at == grid[index],
                f"strides({shape}) is {steps}: it puts element {list(index)} at {at} in memory, "
                f"but it lies at {int(grid[index])}",
                "index times stride, added up over the axes, is the place in flat memory.",
            )


def test_unit_strides_count_elements():
    expect_equal(
        strides((7,)), (1,), "strides((7,))",
        "Neighbours are 1 element apart. NumPy would say 4 or 8, since it counts bytes.",
    )  # fmt: skip


def test_unit_strides_of_no_axes():
    expect_equal(strides(()), (), "strides(())", "No axes, no steps: an empty tuple.")


# -- as_array -------------------------------------------------------------------------------------


def test_unit_as_array_example():
    why = "Python's floats have 64 bits; a network wants 32 of them, and half the memory."
    expect_close(as_array([1.0, 2.0]), [1, 2], "as_array([1.0, 2.0])", why, dtype=np.float32)
    why = "Whole numbers are for counting and choosing: int64 keeps them exact, float32 would not."
    expect_close(as_array([1, 2]), [1, 2], "as_array([1, 2])", why, dtype=np.int64)


def test_unit_as_array_of_plain_python():
    for data, dtype in [
        (2.5, np.float32),
        (7, np.int64),
        (True, np.bool_),
        ([True, False], np.bool_),
        ([1, 2.5], np.float32),
        ((1, 2, 3), np.int64),
        ([[1.0], [2.0]], np.float32),
        ([], np.float32),
        ([[1, 2], [3, 4]], np.int64),
    ]:
        expect_close(
            as_array(data), np.array(data), f"as_array({data})",
            "Floats become float32, ints int64, and truth values stay what they are.", dtype=dtype,
        )  # fmt: skip


def test_unit_as_array_keeps_the_dtype_of_arrays():
    for dtype in (np.float64, np.float32, np.int32, np.uint8, np.bool_):
        array = np.array([1, 0], dtype)
        expect_close(
            as_array(array), [1, 0], f"as_array of a {dtype.__name__} array",
            "Whoever made an array chose its dtype. Only Python's own floats have not chosen.",
            dtype=dtype,
        )  # fmt: skip


def test_unit_as_array_takes_tensors():
    for dtype in (np.float64, np.int32):
        expect_close(
            as_array(Tensor(np.array([1, 2], dtype))), [1, 2],
            f"as_array of a {dtype.__name__} tensor",
            "A tensor brings its array along in .data, and that keeps its dtype.", dtype=dtype,
        )  # fmt: skip
    expect_close(
        as_array([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]), [[1, 2], [3, 4]],
        "as_array of two rows",
        "A list of tensors is made a table by the given _rectangular.", dtype=np.float32,
    )  # fmt: skip


def test_unit_as_array_with_a_dtype():
    for data in ([1.7, 2.0], [1, 2], np.array([1.7, 2.0]), Tensor([1.7, 2.0])):
        for dtype in (np.float64, np.int64, np.float32):
            expect_close(
                as_array(data, dtype), np.array(data).astype(dtype),
                f"as_array({data}, {dtype.__name__})",
                "A dtype that is asked for goes before every other rule, for tensors too.",
                dtype=dtype,
            )  # fmt: skip


def test_unit_as_array_refuses():
    expect_raises(
        ValueError, lambda: as_array([[1, 2], [3]]), "as_array([[1, 2], [3]])",
        "Rows of 2 and of 1 are no rectangle. _rectangular, which is given, says so.",
    )  # fmt: skip
    for bad in ("text", None, ["a"]):
        expect_raises(
            TypeError, lambda: as_array(bad), f"as_array({bad!r})",  # noqa: B023
            "Only numbers can be added and multiplied. _rectangular, which is given, says so.",
        )  # fmt: skip


# -- matmul_loops ---------------------------------------------------------------------------------


def test_unit_matmul_loops_example():
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]])
    expect_close(
        matmul_loops(a, b), [[17.0], [39.0]], "[[1. 2.] [3. 4.]] times [[5.] [6.]]",
        "Row times column: 1*5 + 2*6 = 17, and 3*5 + 4*6 = 39.",
    )  # fmt: skip


def test_unit_matmul_loops_of_many_sizes():
    for n, k, m in [(1, 1, 1), (2, 3, 4), (4, 3, 2), (1, 5, 1), (3, 1, 3), (2, 0, 3), (0, 2, 2)]:
        a, b = numbers((n, k), np.float64), numbers((k, m), np.float64, seed=1)
        expect_close(
            matmul_loops(a, b), np.einsum("ik,kj->ij", a, b), f"a {n}x{k} times a {k}x{m} matrix",
            "Element (i, j) is the sum over k of a[i, k] * b[k, j]; a sum of nothing is 0.",
        )  # fmt: skip


class Watched(np.ndarray):
    """An array that notes, in `seen`, when it is multiplied as a whole."""

    seen = ()

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if ufunc.__name__ in ("matmul", "vecdot", "matvec", "vecmat"):
            Watched.seen += (ufunc.__name__,)
        plain = [np.asarray(value) for value in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __array_function__(self, function, types, args, options):
        if function.__name__ in ("dot", "einsum", "inner", "tensordot", "vdot"):
            Watched.seen += (function.__name__,)
        return super().__array_function__(function, types, args, options)

    def dot(self, other, out=None):
        Watched.seen += ("dot",)
        return np.asarray(self).dot(other, out)


def test_unit_matmul_loops_multiplies_one_by_one():
    Watched.seen = ()
    matmul_loops(numbers((2, 3)).view(Watched), numbers((3, 2), seed=1).view(Watched))
    expect_true(
        not Watched.seen,
        f"matmul_loops leaves the work to NumPy's {' and '.join(sorted(set(Watched.seen)))}",
        "Three loops, one product at a time: they are to vouch for NumPy's @ later, and cannot "
        "if they are it.",
    )


def test_unit_matmul_loops_keeps_the_dtype():
    for dtype in (np.float32, np.float64, np.int64):
        a = np.array([[1, 2], [3, 4]], dtype)
        expect_close(
            matmul_loops(a, a), [[7, 10], [15, 22]], f"matmul_loops of {dtype.__name__} matrices",
            "np.zeros makes float64 unless it is told otherwise; np.result_type(a, b) tells it.",
            dtype=dtype,
        )  # fmt: skip


def test_unit_matmul_loops_of_int_and_float():
    for a, b, call in [
        (np.array([[1, 2]]), np.array([[0.5], [0.5]]), "[[1 2]] times [[0.5] [0.5]]"),
        (np.array([[0.5, 0.5]]), np.array([[1], [2]]), "[[0.5 0.5]] times [[1] [2]]"),
    ]:
        expect_close(
            matmul_loops(a, b), [[1.5]], call,
            "0.5 + 1 = 1.5. An array of ints drops each fraction as it is added, so the dtype must "
            "suit both inputs: np.result_type(a, b).",
            dtype=np.float64,
        )  # fmt: skip


def test_unit_matmul_loops_keeps_its_inputs():
    a, b = numbers((2, 3)), numbers((3, 2))
    before = a.copy(), b.copy()
    matmul_loops(a, b)
    expect_unchanged(a, before[0], "matmul_loops")
    expect_unchanged(b, before[1], "matmul_loops")


def test_unit_matmul_loops_refuses_sizes_that_do_not_meet():
    for a, b in [((2, 3), (4, 2)), ((2, 3), (2, 5)), ((1, 2), (3, 1))]:
        expect_raises(
            ValueError, lambda: matmul_loops(np.ones(a), np.ones(b)),  # noqa: B023
            f"matmul_loops of {a} and {b}",
            f"A row of the left has {a[1]} numbers, a column of the right {b[0]}: some would "
            "be left over without a word.",
            mentions=(a, b),
        )  # fmt: skip


# -- broadcast_shapes -----------------------------------------------------------------------------


def test_unit_broadcast_shapes_example():
    expect_equal(
        broadcast_shapes((4, 1), (3,)), (4, 3), "broadcast_shapes((4, 1), (3,))",
        "Aligned from the right, 1 meets 3 and gives 3; the missing axis counts as 1, and 4 stays.",
    )  # fmt: skip


def test_unit_broadcast_shapes_of_many_pairs():
    sizes = [(), (1,), (3,), (4, 1), (4, 3), (1, 3), (2, 1, 3), (2, 4, 1), (1, 1, 1)]
    for a, b in itertools.product(sizes, sizes):
        expect_equal(
            broadcast_shapes(a, b), np.broadcast(np.empty(a), np.empty(b)).shape,
            f"broadcast_shapes({a}, {b})", "Align from the right; where one is 1 the other counts.",
        )  # fmt: skip


def test_unit_broadcast_shapes_with_nothing():
    for a, b, out in [((0,), (1,), (0,)), ((1,), (0,), (0,)), ((2, 0), (1,), (2, 0))]:
        expect_equal(
            broadcast_shapes(a, b), out, f"broadcast_shapes({a}, {b})",
            "A size of 1 follows the other, even to 0: so it is not simply the larger one.",
        )  # fmt: skip


def test_unit_broadcast_shapes_refuses():
    for a, b, sizes in [
        ((3,), (4,), (3, 4)),
        ((2, 3), (2,), (3, 2)),
        ((2, 3), (3, 2), (2, 3)),
        ((3,), (0,), (3, 0)),
        ((4, 2, 5), (3, 1), (2, 3)),
    ]:
        expect_names_sizes(
            lambda: broadcast_shapes(a, b), f"broadcast_shapes({a}, {b})", (a, b), sizes,  # noqa: B023
            "Two sizes that differ, and neither is 1: there is no one way to pair the numbers. "
            "The message names both shapes, and the two sizes that met.",
        )  # fmt: skip


# -- add ------------------------------------------------------------------------------------------


def test_unit_add_example():
    expect_close(
        add(Tensor([1.0, 2.0]), Tensor([10.0, 20.0])), [11.0, 22.0], "add of [1. 2.] and [10. 20.]",
        "Element by element: 1 + 10 and 2 + 20. a and b are arrays already: leave out .data.",
    )  # fmt: skip


def test_unit_add_keeps_its_inputs():
    x = Tensor([1.0, 2.0])
    add(x, Tensor([10.0, 20.0]))
    expect_unchanged(x, np.array([1.0, 2.0]), "add")


def test_unit_add_broadcasts():
    for a, b in [((4, 1), (3,)), ((), (2,)), ((2,), ()), ((2, 3), (1, 3)), ((0,), (1,)), ((), ())]:
        x, y = numbers(a), numbers(b, seed=1)
        expected = np.array([p + q for p, q in np.nditer([x, y], flags=["zerosize_ok"])])
        expect_close(
            add(Tensor(x), Tensor(y)), expected.reshape(np.broadcast(x, y).shape),
            f"add of shapes {a} and {b}", "NumPy's + broadcasts by the rule that you wrote above.",
        )  # fmt: skip


def test_unit_add_dtypes():
    for a, b, dtype in [
        (np.float32, np.float32, np.float32),
        (np.float32, np.int64, np.float32),
        (np.float32, np.float64, np.float64),
        (np.int64, np.int64, np.int64),
    ]:
        expect_close(
            add(Tensor(np.array([1, 2], a)), Tensor(np.array([3, 4], b))), [4, 6],
            f"add of {a.__name__} and {b.__name__}",
            "Op has settled the dtype before your function is called; it need only keep it.",
            dtype=dtype,
        )  # fmt: skip


def test_unit_add_says_which_shapes():
    expect_raises(
        ValueError, lambda: add(Tensor([1.0, 2.0]), Tensor([1.0, 2.0, 3.0])),
        "add of (2,) and (3,)",
        "Op turns NumPy's complaint into one with the shapes and the sizes that met.",
        mentions=("(2,)", "(3,)", "add"),
    )  # fmt: skip


# -- mul ------------------------------------------------------------------------------------------


def test_unit_mul_example():
    expect_close(
        mul(Tensor([1.0, 2.0]), 3.0), [3.0, 6.0], "mul of [1. 2.] and 3.0",
        "Every element times 3: a number goes with any shape. Write a and b as they come: an "
        "array and a number, so leave out .data.",
    )  # fmt: skip


def test_unit_mul_is_element_by_element():
    a = Tensor([[1.0, 2.0], [3.0, 5.0]])
    expect_close(
        mul(a, a), [[1.0, 4.0], [9.0, 25.0]], "mul of [[1. 2.] [3. 5.]] with itself",
        "Each number is multiplied with the one in its own place; rows times columns is matmul.",
    )  # fmt: skip


def test_unit_mul_keeps_inputs_and_dtype():
    x = Tensor([1.0, 2.0])
    expect_close(
        mul(x, 0.1), [0.1, 0.2], "mul of [1. 2.] and 0.1",
        "A Python number has no dtype to impose: float32 stays float32.", dtype=np.float32,
    )  # fmt: skip
    expect_unchanged(x, np.array([1.0, 2.0]), "mul")


def test_unit_mul_broadcasts():
    for a, b in [((4, 1), (3,)), ((), (2,)), ((2, 3), (1, 3)), ((2, 1, 1), (3, 1))]:
        x, y = numbers(a), numbers(b, seed=1)
        expected = np.array([p * q for p, q in np.nditer([x, y])])
        expect_close(
            mul(Tensor(x), Tensor(y)), expected.reshape(np.broadcast(x, y).shape),
            f"mul of shapes {a} and {b}", "The same rule of shapes as for add.",
        )  # fmt: skip


# -- Tensor.__sub__ -------------------------------------------------------------------------------


def test_unit_tensor_sub_example():
    expect_close(
        Tensor([5.0, 7.0]) - 2.0, [3.0, 5.0], "Tensor([5., 7.]) - 2.0",
        "Python calls __sub__ with the left side as self: 5 - 2 and 7 - 2.",
    )  # fmt: skip


def test_unit_tensor_sub_uses_the_operation():
    x = Tensor([5.0])
    by_hand = (
        "Only operations remember how a result was made. A tensor made by hand has forgotten it, "
        "and nothing will ever be learnt through it."
    )
    by_add = "The number is right, but x + -y is made of neg and add: one operation, sub, not two."
    expect_equal(
        runs_of(sub, lambda: x - 2.0), 1, "the number of calls of sub in x - 2.0",
        by_add if runs_of(add, lambda: x - 2.0) else by_hand,
    )  # fmt: skip


def test_unit_tensor_sub_of_two_tensors():
    x, y = numbers((4, 1)), numbers((3,), seed=1)
    expected = [[float(p) - float(q) for q in y] for p in x[:, 0]]
    expect_close(
        Tensor(x) - Tensor(y), expected, "(4, 1) - (3,)",
        "Left minus right, and not the other way round; shapes meet as in add.",
    )  # fmt: skip


# -- matmul ---------------------------------------------------------------------------------------


def test_unit_matmul_example():
    expect_close(
        matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[5.0], [6.0]])), [[17.0], [39.0]],
        "matmul of [[1. 2.] [3. 4.]] and [[5.] [6.]]", "1*5 + 2*6 = 17, and 3*5 + 4*6 = 39.",
    )  # fmt: skip


def products(cases, why):
    """Compare matmul with sums of products, for pairs of shapes."""
    __tracebackhide__ = True
    for a, b, formula in cases:
        x, y = numbers(a), numbers(b, seed=1)
        expect_close(
            matmul(Tensor(x), Tensor(y)), np.einsum(formula, x, y), f"matmul of {a} and {b}",
            why, dtype=np.float32,
        )  # fmt: skip


def test_unit_matmul_of_matrices():
    products(
        [((2, 3), (3, 4), "ik,kj->ij"), ((2, 0), (0, 3), "ik,kj->ij")],
        "The last axis of the left meets the first of the right, and both disappear.",
    )


def test_unit_matmul_of_a_matrix_and_one_axis():
    products(
        [((2, 3), (3,), "ik,k->i"), ((3,), (3, 4), "k,kj->j")],
        "One axis on the right is a column, on the left a row; it is dropped from the result.",
    )


def test_unit_matmul_of_one_axis_each():
    products(
        [((3,), (3,), "k,k->")], "A row times a column: one number. b has one axis, no b.shape[-2]."
    )


def test_unit_matmul_of_stacks():
    products(
        [
            ((5, 2, 3), (5, 3, 4), "nik,nkj->nij"),
            ((5, 2, 3), (3, 4), "nik,kj->nij"),
            ((5, 2, 3), (1, 3, 4), "nik,xkj->nij"),
        ],
        "The last axis of the left meets the second to last of the right; the axes before "
        "them go along side by side.",
    )


def test_unit_matmul_names_the_shapes():
    for a, b, sizes in [((2, 3), (4, 2), (3, 4)), ((2, 3), (2, 3), (3, 2)), ((3,), (2,), (3, 2))]:
        expect_names_sizes(
            lambda: matmul.forward(np.ones(a), np.ones(b)),  # noqa: B023
            f"matmul of {a} and {b}", (a, b), sizes,
            "Check before you multiply: NumPy's own message says gufunc and core dimension, and "
            "not the shapes.",
        )  # fmt: skip


def test_unit_matmul_needs_axes():
    for a, b in [((), (2,)), ((2,), ()), ((), ())]:
        expect_raises(
            ValueError, lambda: matmul(Tensor(np.ones(a)), Tensor(np.ones(b))),  # noqa: B023
            f"matmul of {a} and {b}",
            "A single number is no row and no column; for it there is mul.", mentions=(a, b),
        )  # fmt: skip


# -- Tensor.item ----------------------------------------------------------------------------------


def test_unit_tensor_item_example():
    expect_equal(
        Tensor([[2.5]]).item(), 2.5, "Tensor([[2.5]]).item()",
        "A plain Python float, whatever the number of axes around it.",
    )  # fmt: skip


def test_unit_tensor_item_gives_python_numbers():
    for data, expected in [(7, 7), ([True], True), ([[[-1.5]]], -1.5), (0.0, 0.0)]:
        expect_equal(
            Tensor(data).item(), expected, f"Tensor({data}).item()",
            "It comes out as what it is: 7 as int, True as bool, 2.5 as float, and each as "
            "Python has it. The array's item() sees to that.",
        )  # fmt: skip


def test_unit_tensor_item_needs_one_element():
    several = "Which of them should it be? Taking the first would hide a forgotten sum."
    none = "There is no element to give, and 0 would be invented."
    for shape, why in [((2,), several), ((1, 3), several), ((0,), none)]:
        call = f"item() of shape {shape}"
        expect_raises(ValueError, lambda: Tensor(np.zeros(shape)).item(), call, why)  # noqa: B023
        expect_raises(
            ValueError, lambda: Tensor(np.zeros(shape)).item(), call,  # noqa: B023
            "Whoever reads the message wants to see how many there are: name self.shape.",
            mentions=(shape,),
        )  # fmt: skip


# -- infer_shape ----------------------------------------------------------------------------------


def test_unit_infer_shape_example():
    expect_equal(
        infer_shape((2, -1), 6), (2, 3), "infer_shape((2, -1), 6)",
        "2 times what is 6? The -1 stands for 3.",
    )  # fmt: skip


def test_unit_infer_shape_of_many_shapes():
    for shape, count, expected in [
        ((-1,), 6, (6,)),
        ((3, 2), 6, (3, 2)),
        ((-1, 1), 6, (6, 1)),
        ((2, -1, 2), 12, (2, 3, 2)),
        ((), 1, ()),
        ((1, -1), 1, (1, 1)),
        ((-1,), 0, (0,)),
        ((2, -1), 0, (2, 0)),
        ([4, -1], 8, (4, 2)),
    ]:
        expect_equal(
            infer_shape(shape, count), expected, f"infer_shape({shape}, {count})",
            "The known sizes multiplied, times the unknown one, are the number of elements.",
        )  # fmt: skip


def test_unit_infer_shape_of_0_and_3():
    expect_equal(
        infer_shape((0, 3), 0), (0, 3), "infer_shape((0, 3), 0)",
        "0 * 3 is 0, as asked. There is no -1, so nothing is to be divided.",
    )  # fmt: skip


def test_unit_infer_shape_of_0_and_minus_1():
    for count, why in [
        (0, "0 times what is 0? Every size would do, so there is no one answer."),
        (6, "0 times what is 6? No size will do."),
    ]:
        expect_raises(
            ValueError, lambda: infer_shape((0, -1), count), f"infer_shape((0, -1), {count})",  # noqa: B023
            f"{why} The message names the shape and the count.", mentions=((0, -1), count),
        )  # fmt: skip


def test_unit_infer_shape_refuses():
    for shape, count, why in [
        ((4, -1), 6, "4 times what is 6? No whole number."),
        ((4, 2), 6, "4 * 2 is 8. A reshape neither drops numbers nor invents some."),
        ((5,), 6, "5 is not 6. A reshape neither drops numbers nor invents some."),
        ((), 6, "The empty shape holds one number."),
    ]:
        expect_raises(
            ValueError, lambda: infer_shape(shape, count), f"infer_shape({shape}, {count})",  # noqa: B023
            why, mentions=(shape, count),
        )  # fmt: skip


def test_unit_infer_shape_with_too_little_to_go_by():
    two = "One unknown has one answer, two have many."
    for shape, count in [((-1, -1), 6), ((-1, -1), 4), ((2, -1, -1), 8)]:
        expect_raises(
            ValueError, lambda: infer_shape(shape, count), f"infer_shape({shape}, {count})",  # noqa: B023
            f"{two} The message names the shape and the count.", mentions=(shape, count),
        )  # fmt: skip


# -- Tensor.flatten -------------------------------------------------------------------------------


def test_unit_tensor_flatten_example():
    x = Tensor([[[1.0, 2.0], [3.0, 4.0]]])
    expect_equal(
        x.flatten(1).shape, (1, 4), "the shape of Tensor([[[1., 2.], [3., 4.]]]).flatten(1)",
        "Axis 0 is the batch and stays; 2 rows of 2 become 4 in a line.",
    )  # fmt: skip
    expect_close(x.flatten(1), [[1, 2, 3, 4]], "Tensor([[[1., 2.], [3., 4.]]]).flatten(1)")


def test_unit_tensor_flatten_uses_the_operation():
    x = Tensor(counting((2, 3)))
    expect_equal(
        runs_of(reshape, lambda: x.flatten()), 1, "the number of calls of reshape in x.flatten()",
        "Only operations remember how a result was made; one made by hand is forgotten.",
    )  # fmt: skip


def test_unit_tensor_flatten_merges_both_ends():
    x = counting((2, 3, 4, 5))
    for start, end, shape in [
        (0, -1, (120,)),
        (1, -1, (2, 60)),
        (1, 2, (2, 12, 5)),
        (0, 1, (6, 4, 5)),
        (-2, -1, (2, 3, 20)),
        (-3, 2, (2, 12, 5)),
        (2, 2, (2, 3, 4, 5)),
    ]:
        expect_close(
            Tensor(x).flatten(start, end), x.reshape(shape),
            f"flatten({start}, {end}) of shape (2, 3, 4, 5)",
            "start_dim and end_dim are both merged, and -1 is the last axis.",
        )  # fmt: skip


def test_unit_tensor_flatten_of_no_axes():
    expect_close(
        Tensor(5.0).flatten(), [5.0], "Tensor(5.0).flatten()",
        "A single number has no axes to merge, and becomes a line of length 1.",
    )  # fmt: skip


def test_unit_tensor_flatten_of_no_elements():
    expect_close(
        Tensor(np.zeros((2, 0, 3))).flatten(1), np.zeros((2, 0)), "flatten(1) of shape (2, 0, 3)",
        "0 * 3 is 0: -1 in a reshape cannot be worked out when there are no elements.",
    )  # fmt: skip
    expect_close(
        Tensor(np.zeros((0, 2, 3))).flatten(1), np.zeros((0, 6)), "flatten(1) of shape (0, 2, 3)",
        "An empty batch still has 6 features: multiply the sizes, don't leave them to -1.",
    )  # fmt: skip


def test_unit_tensor_flatten_refuses():
    for dims in [(2,), (0, 2), (-3,)]:
        expect_raises(
            IndexError, lambda: Tensor(np.zeros((2, 3))).flatten(*dims),  # noqa: B023
            f"flatten({', '.join(map(str, dims))}) of shape (2, 3)",
            "There is no such axis. The given _axis(dim, ndim) says so; % alone wraps around.",
        )  # fmt: skip


# -- Tensor.transpose -----------------------------------------------------------------------------


def test_unit_tensor_transpose_example():
    x = Tensor([[1.0, 2.0, 3.0]])
    expect_equal(
        x.transpose(0, 1).shape, (3, 1), "the shape of Tensor([[1., 2., 3.]]).transpose(0, 1)",
        "One row of three becomes three rows of one.",
    )  # fmt: skip


def test_unit_tensor_transpose_moves_the_numbers():
    expect_close(
        Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).transpose(0, 1), [[1, 4], [2, 5], [3, 6]],
        "[[1. 2. 3.] [4. 5. 6.]] transposed",
        "Columns become rows. A reshape to (3, 2) would give [[1 2] [3 4] [5 6]]: the right "
        "shape, and the numbers in wrong places.",
    )  # fmt: skip


def test_unit_tensor_transpose_uses_the_operation():
    x = Tensor(counting((2, 3)))
    expect_equal(
        runs_of(permute, lambda: x.transpose(0, 1)), 1,
        "the number of calls of permute in x.transpose(0, 1)",
        "Only operations remember how a result was made; one made by hand is forgotten.",
    )  # fmt: skip


def test_unit_tensor_transpose_of_any_two_axes():
    x = counting((2, 3, 4))
    for one, two in sorted(itertools.product(range(-3, 3), range(-3, 3)), reverse=True):
        expect_close(
            Tensor(x).transpose(one, two), np.swapaxes(x, one, two),
            f"transpose({one}, {two}) of shape (2, 3, 4)",
            "Two axes change places, all others stay; -1 is the last.",
        )  # fmt: skip


def test_unit_tensor_transpose_refuses():
    expect_raises(
        IndexError, lambda: Tensor(np.zeros((2, 3))).transpose(0, 2), "transpose(0, 2) of (2, 3)",
        "There are the axes 0 and 1, and no axis 2.",
    )  # fmt: skip


# -- Tensor.__getitem__ ---------------------------------------------------------------------------


def test_unit_tensor_getitem_example():
    expect_close(
        Tensor([[1.0, 2.0], [3.0, 4.0]])[:, 1], [2.0, 4.0], "Tensor([[1., 2.], [3., 4.]])[:, 1]",
        "Every row, and of it column 1.",
    )  # fmt: skip


def test_unit_tensor_getitem_uses_the_operation():
    x = Tensor(counting((2, 3)))
    expect_equal(
        runs_of(take, lambda: x[0]), 1, "the number of calls of take in x[0]",
        "Only operations remember how a result was made; one made by hand is forgotten.",
    )  # fmt: skip


def test_unit_tensor_getitem_of_every_kind():
    x = counting((4, 3, 2))
    rows, flags = np.array([2, 0, 2]), np.array([True, False, True, False])
    for index, shape in [
        (0, (3, 2)),
        (-1, (3, 2)),
        ((0, 1, 1), ()),
        (slice(1, 3), (2, 3, 2)),
        (None, (1, 4, 3, 2)),
        ((slice(None), None), (4, 1, 3, 2)),
        ((..., 0), (4, 3)),
        (rows, (3, 3, 2)),
        (flags, (2, 3, 2)),
        ([3, 1], (2, 3, 2)),
        ((rows, np.array([0, 1, 2])), (3, 2)),
        ((), (4, 3, 2)),
    ]:
        expect_close(
            Tensor(x)[index], x[index], f"x[{index}] for x of shape (4, 3, 2)",
            f"It picks as NumPy does, and the result has shape {shape}.",
        )  # fmt: skip


def test_unit_tensor_getitem_takes_tensors():
    x = counting((3, 2))
    rows = Tensor([2, 2, 0])
    why = (
        "Op takes the array out of a tensor that comes as a parameter, also one level into tuples."
    )
    expect_close(Tensor(x)[rows], x[[2, 2, 0]], "x[Tensor([2, 2, 0])]", why)
    expect_close(Tensor(x)[rows, 1], x[[2, 2, 0], 1], "x[Tensor([2, 2, 0]), 1]", why)


def test_unit_tensor_getitem_names_index_and_shape():
    for index in (5, (0, 9)):
        expect_raises(
            IndexError, lambda: Tensor(np.zeros((2, 3)))[index],  # noqa: B023
            f"x[{index}] for x of shape (2, 3)",
            "NumPy says which axis, not which tensor: with its shape the mistake is found at once.",
            mentions=(index, (2, 3)),
        )  # fmt: skip


# -- Tensor.sum -----------------------------------------------------------------------------------


def test_unit_tensor_sum_example():
    expect_close(
        Tensor([[1.0, 2.0], [3.0, 4.0]]).sum(dim=0), [4.0, 6.0],
        "Tensor([[1., 2.], [3., 4.]]).sum(dim=0)",
        "Axis 0 disappears: what lies one below the other is added, 1 + 3 and 2 + 4.",
    )  # fmt: skip


def test_unit_tensor_sum_uses_the_operation():
    x = Tensor([1.0, 2.0])
    expect_equal(
        runs_of(reduce_sum, lambda: x.sum()), 1, "the number of calls of reduce_sum in x.sum()",
        "Only operations remember how a result was made; one made by hand is forgotten.",
    )  # fmt: skip


def test_unit_tensor_sum_over_any_axes():
    x = numbers((2, 3, 4), np.float64)
    for dim, formula in [
        (None, "ijk->"),
        (0, "ijk->jk"),
        (1, "ijk->ik"),
        (-1, "ijk->ij"),
        ((0, 2), "ijk->j"),
        ((-1, 1), "ijk->i"),
    ]:
        expect_close(
            Tensor(x).sum(dim), np.einsum(formula, x), f"sum({dim}) of shape (2, 3, 4)",
            "The axes in dim disappear, the others stay in their order; None means all.",
        )  # fmt: skip


def test_unit_tensor_sum_keepdim():
    x = Tensor(counting((2, 3)))
    for dim, shape in [(0, (1, 3)), (1, (2, 1)), (None, (1, 1)), ((0, 1), (1, 1))]:
        expect_equal(
            x.sum(dim, keepdim=True).shape, shape,
            f"the shape of sum({dim}, keepdim=True) of (2, 3)",
            "The axis stays with size 1, so that x - x.sum(dim, keepdim=True) broadcasts.",
        )  # fmt: skip


def test_unit_tensor_sum_of_other_things():
    for data, total, dtype, why in [
        (
            [True, False, True],
            2,
            np.int64,
            "True counts as 1: this is how right answers are counted.",
        ),
        ([1, 2], 3, np.int64, "Integers add up to an integer, int64."),
        (np.array([1.5, 2.5]), 4.0, np.float64, "float64 stays float64, float32 stays float32."),
        ([], 0.0, np.float32, "A sum of nothing is 0, and float32 as what was added."),
        (5.0, 5.0, np.float32, "One number is its own sum, and stays float32."),
    ]:
        expect_close(
            Tensor(data).sum(), total, f"the sum of {data}",
            why, dtype=dtype,
        )  # fmt: skip


# -- Tensor.mean ----------------------------------------------------------------------------------


def test_unit_tensor_mean_example():
    expect_close(
        Tensor([[1.0, 2.0], [3.0, 4.0]]).mean(dim=1, keepdim=True), [[1.5], [3.5]],
        "Tensor([[1., 2.], [3., 4.]]).mean(dim=1, keepdim=True)",
        "Each row has 2 numbers: (1 + 2) / 2 and (3 + 4) / 2, and the axis stays with size 1.",
    )  # fmt: skip


def test_unit_tensor_mean_uses_operations():
    x = Tensor([1.0, 2.0])
    expect_equal(
        (runs_of(reduce_sum, lambda: x.mean()), runs_of(div, lambda: x.mean())), (1, 1),
        "the number of calls of (reduce_sum, div) in x.mean()",
        "Made of operations, the mean needs no gradient rule of its own in stage 05.",
    )  # fmt: skip


def test_unit_tensor_mean_over_any_axes():
    x = numbers((2, 3, 4), np.float64)
    for dim, count, formula in [
        (0, 2, "ijk->jk"),
        (1, 3, "ijk->ik"),
        (-1, 4, "ijk->ij"),
        ((0, 2), 8, "ijk->j"),
        (None, 24, "ijk->"),
    ]:
        expect_close(
            Tensor(x).mean(dim), np.einsum(formula, x) / count, f"mean({dim}) of shape (2, 3, 4)",
            f"24 numbers, {24 // count} in the result: each of these is a sum of {count}, to be "
            f"divided by {count}.",
            dtype=np.float64,
        )  # fmt: skip


def test_unit_tensor_mean_dtype():
    why = "Half of 3 is 1.5: the mean of whole numbers is a float, and float32 as all others."
    expect_close(
        Tensor([1, 2]).mean(), 1.5, "the mean of the integers [1 2]", why, dtype=np.float32
    )
    expect_close(Tensor([1.0, 2.0]).mean(), 1.5, "the mean of [1. 2.]", why, dtype=np.float32)


def test_unit_tensor_mean_of_no_elements():
    expect_close(
        Tensor([]).mean(), math.nan, "Tensor([]).mean()", "0 / 0 is no number: nan.",
    )  # fmt: skip


def test_unit_tensor_mean_of_shape_0_3_over_axis_1():
    expect_close(
        Tensor(np.zeros((0, 3))).mean(1), np.zeros(0), "mean(1) of shape (0, 3)",
        "No rows, so no means: an empty result, and no division by zero on the way.",
    )  # fmt: skip


# -- remember -------------------------------------------------------------------------------------


def expect_recipe(recipe, what):
    """Require a Recipe, before anything is asked of it."""
    __tracebackhide__ = True
    expect_true(
        isinstance(recipe, Recipe), f"{what} is a {type(recipe).__name__}, not a Recipe",
        "Recipe(op, inputs, arrays, params) puts the four into one, under their names.",
    )  # fmt: skip


def test_unit_remember_example():
    y = Tensor([1.0, 2.0], requires_grad=True) * 3.0
    why = (
        "What is made of something that needs a gradient needs one, too, and knows how it was made."
    )
    expect_equal(y.requires_grad, True, "y.requires_grad for y = x * 3.0", why)
    expect_true(y.recipe is not None, "y.recipe is None after y = x * 3.0", why)
    expect_recipe(y.recipe, "y.recipe")
    expect_true(
        isinstance(y.recipe.op, Op), f"y.recipe.op is {y.recipe.op!r}, not an operation",
        "Hand on op itself. Its name it knows, and stage 05 looks up its rule.",
    )  # fmt: skip
    expect_equal(y.recipe.op.name, "mul", "y.recipe.op.name for y = x * 3.0", why)


def test_unit_remember_keeps_all_five():
    out, x = Tensor([[2.0]]), Tensor([[1.0]])
    inputs, arrays, params = (x, 2.0), (x.data, 2.0), {"dim": 0}
    remember(out, mul, inputs, arrays, params)
    expect_recipe(out.recipe, "out.recipe")
    for name, kept in [("op", mul), ("inputs", inputs), ("arrays", arrays), ("params", params)]:
        expect_true(
            getattr(out.recipe, name, None) is kept,
            f"recipe.{name} is not the {name} that remember was given",
            "Recipe(op, inputs, arrays, params), in this order and each as it came: stage 05 uses "
            "them all.",
        )


def test_unit_remember_gives_a_chain():
    x = Tensor([[1.0, 2.0]], requires_grad=True)
    loss = (x * x + 1.0).sum()
    names, tensor = [], loss
    while tensor.recipe is not None:
        names.append(tensor.recipe.op.name)
        tensor = tensor.recipe.inputs[0]
    expect_equal(
        names, ["reduce_sum", "add", "mul"], "the way back from (x * x + 1.0).sum()",
        "From the last operation to the first; then comes x, which nothing made.",
    )  # fmt: skip
    expect_true(tensor is x, "the way back does not end at x itself")


def test_unit_remember_numbers_and_arrays():
    recipe = (Tensor([1, 2]) * Tensor([0.5, 0.5], requires_grad=True)).recipe
    expect_equal(
        [v.dtype.name for v in recipe.inputs], ["int64", "float32"],
        "the dtypes of recipe.inputs", "inputs are what the caller gave.",
    )  # fmt: skip
    expect_equal(
        [v.dtype.name for v in recipe.arrays], ["float32"] * 2, "the dtypes of recipe.arrays",
        "arrays are what the function saw, after Op had settled the dtype.",
    )  # fmt: skip


# -- together -------------------------------------------------------------------------------------


def test_module():
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0, 1, (5, 2, 3)).astype(np.float32)
    weight, bias = numbers((6, 4)), numbers((4,), seed=1)
    w, b = Tensor(weight, requires_grad=True), Tensor(bias, requires_grad=True)

    scores = Tensor(pictures).flatten(1) @ w + b
    centred = scores - scores.mean(dim=1, keepdim=True)
    loss = (centred * centred).mean()

    flat = matmul_loops(pictures.reshape(5, 6), weight) + bias
    expected = flat - np.array([[sum(row) / 4] for row in flat.tolist()])
    why = "flatten, matmul, add, mean and subtract together: a layer, and a loss."
    expect_close(centred, expected, "the centred scores of 5 pictures", why, dtype=np.float32)
    expect_close(loss.item(), float(np.mean(expected**2)), "the loss of 5 pictures", why)
    best = centred[Tensor([0, 1, 2, 3, 4]), centred.argmax(1)]
    expect_close(best, expected.max(1), "the best score of each picture", why)
    expect_close(
        centred.transpose(0, 1)[0], expected[:, 0], "the first row of the transposed scores", why
    )

    leaves, seen, todo = [], set(), [loss]
    while todo:
        tensor = todo.pop()
        if isinstance(tensor, Tensor) and id(tensor) not in seen:
            seen.add(id(tensor))
            todo += tensor.recipe.inputs if tensor.recipe else ()
            leaves += [tensor] if tensor.recipe is None and tensor.requires_grad else []
    expect_true(
        {id(t) for t in leaves} == {id(w), id(b)},
        f"the way back from the loss ends at {len(leaves)} tensors with a gradient, not at w and b",
        "Stage 05 will walk this way to learn. Where an operation is left out, the way is cut.",
    )

    @Op
    def double(x):
        return x * 2

    expect_close(
        double(b), bias * 2, "an operation of your own, double(b)", "Arrays in, array out."
    )
    expect_equal(double(b).recipe.op.name, "double", "the operation that made double(b)")
