"""Stage 01: tests of what is given, for learners who write it themselves."""

import copy
import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tinytorch import creation
from tinytorch.creation import (
    arange,
    eye,
    from_numpy,
    full,
    get_rng_state,
    linspace,
    manual_seed,
    ones,
    ones_like,
    rand,
    randn,
    random_generator,
    set_rng_state,
    tensor,
    zeros,
    zeros_like,
)
from tinytorch.op import Op, Recipe, is_recording, state
from tinytorch.serialization import load, save
from tinytorch.tensor import (
    Tensor,
    absolute,
    add,
    amax,
    amin,
    cast,
    clamp,
    device,
    div,
    exp,
    expand,
    log,
    masked_fill,
    mul,
    neg,
    permute,
    power,
    reduce_sum,
    reshape,
    sqrt,
    sub,
    take,
    tril,
)

from checker.expect import (
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    expect_unchanged,
)

X = [[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]]
F32 = np.float32


def example():
    """Give the tensor of all examples: shape (2, 3), float32."""
    return Tensor(X)


# -- op.py ----------------------------------------------------------------------------------------


@Op
def scaled(a, b=None, *, factor=1.0):
    """Add two arrays, where there are two, and scale them."""
    return (a if b is None else a + b) * factor


def test_extra_is_recording_follows_the_state():
    expect_equal(is_recording(), True, "is_recording() at the start")
    state.recording = False
    try:
        expect_equal(is_recording(), False, "is_recording() while it is off")
    finally:
        state.recording = True


def elsewhere(call):
    """Call a function in another thread, and give what it returns."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def test_extra_is_recording_stays_in_its_thread():
    state.recording = False
    try:
        expect_equal(
            elsewhere(is_recording), True, "is_recording() in another thread",
            "Each thread decides for itself; turning it off here must not turn it off there.",
        )  # fmt: skip
    finally:
        state.recording = True


def test_extra_recipe_init_notes_versions():
    x = Tensor([1.0], requires_grad=True)
    x.copy_([2.0])
    recipe = Recipe(mul, (x, 2.0), (x.data, 2.0), {"a": 1})
    expect_true(recipe.op is mul and recipe.inputs[0] is x, "the recipe lost op or inputs")
    expect_equal(recipe.params, {"a": 1}, "recipe.params")
    expect_equal(
        recipe.versions, (1, 0), "recipe.versions for a tensor changed once, and a number",
        "A change after this moment is noticed, because the version has moved on.",
    )  # fmt: skip


def test_extra_op_call_settles_dtypes():
    for a, b, dtype in [
        (Tensor([1, 2]), Tensor([0.5, 0.5]), np.float32),
        (Tensor([1, 2]), 0.5, np.float32),
        (Tensor(np.ones(2)), Tensor([1.0, 2.0]), np.float64),
        (Tensor([1.0, 2.0]), Tensor(np.array(2.0)), np.float32),
        (Tensor([1.0, 2.0]), np.float64(2.0), np.float32),
        (Tensor([True, False]), 1, np.int64),
    ]:
        expect_close(
            scaled(a, b, factor=1), np.asarray(a.data) + np.asarray(getattr(b, "data", b)),
            f"an operation on {a!r} and {b!r}", "Numbers and 0-d tensors do not widen.",
            dtype=dtype,
        )  # fmt: skip


def test_extra_op_call_binds_as_pytorch_does():
    x, y = Tensor([1.0, 2.0]), Tensor([10.0, 20.0])
    for what, out in [
        ("(x, y, factor=2.0)", lambda: scaled(x, y, factor=2.0)),
        ("(x, y, 2.0)", lambda: scaled(x, y, 2.0)),
        ("(input=x, other=y, factor=2.0)", lambda: scaled(input=x, other=y, factor=2.0)),
        ("(a=x, b=y, factor=2.0)", lambda: scaled(a=x, b=y, factor=2.0)),
    ]:
        expect_close(out(), [22.0, 44.0], f"scaled{what}")
    expect_close(scaled(x, None, 2.0), [2.0, 4.0], "scaled(x, None, 2.0)")
    for what, call in [
        ("()", lambda: scaled()),
        ("(x, y, 1.0, 2.0)", lambda: scaled(x, y, 1.0, 2.0)),
        ("(x, y, 1.0, factor=2.0)", lambda: scaled(x, y, 1.0, factor=2.0)),
        ("(x, colour=1)", lambda: scaled(x, colour=1)),
    ]:
        expect_raises(TypeError, call, f"scaled{what}")


def test_extra_op_call_remembers_where_needed():
    x = Tensor([1.0], requires_grad=True)
    expect_true(scaled(x).recipe is not None, "scaled(x) has no recipe")
    expect_true(scaled(x.detach()).recipe is None, "a recipe where no input needs a gradient")
    state.recording = False
    try:
        expect_true(scaled(x).recipe is None, "a recipe while recording is off")
    finally:
        state.recording = True


def test_extra_op_input_name_by_position():
    @Op
    def joined(*tensors):
        return np.concatenate(tensors)

    expect_equal([scaled.input_name(i) for i in (0, 1)], ["a", "b"], "the names of the inputs")
    expect_equal(joined.input_name(5), "tensors", "the name of input 5 of *tensors")


def test_extra_op_using_swaps_and_restores():
    x = Tensor([1.0, 2.0])
    with scaled.using(lambda a, b=None, *, factor=1.0: a * 0 + 7.0):
        expect_close(scaled(x), [7.0, 7.0], "scaled(x) with another function")
    expect_close(scaled(x), [1.0, 2.0], "scaled(x) after the block")


def test_extra_op_using_stays_in_its_thread():
    x = Tensor([1.0, 2.0])
    with scaled.using(lambda a, b=None, *, factor=1.0: a * 0 + 7):
        expect_close(
            elsewhere(lambda: scaled(x)), [1.0, 2.0], "scaled(x) in another thread",
            "A function that is swapped in this thread must not be swapped in another.",
        )  # fmt: skip
    with scaled.using(lambda a, b=None, *, factor=1.0: a * 0 + 7):
        with scaled.using(lambda a, b=None, *, factor=1.0: a * 0 + 8):
            expect_close(scaled(x), [8.0, 8.0], "scaled(x) with the inner function")
        expect_close(scaled(x), [7.0, 7.0], "scaled(x) with the outer function again")


def test_extra_op_using_ends_in_any_order():
    x = Tensor([1.0])
    one, two = (scaled.using(lambda a, b=None, *, factor=1.0, n=n: a * 0 + n) for n in (7.0, 8.0))
    one.__enter__(), two.__enter__()
    one.__exit__(None, None, None)
    expect_close(scaled(x), [8.0], "scaled(x) after the outer block has ended first")
    two.__exit__(None, None, None)
    expect_close(scaled(x), [1.0], "scaled(x) after both blocks")


def test_extra_op_input_name_before_tensors():
    @Op
    def weighed(weight, *tensors):
        return weight * np.concatenate(tensors)

    expect_equal(
        [weighed.input_name(i) for i in range(3)], ["weight", "tensors", "tensors"],
        "the names of the inputs of weighed(weight, *tensors)",
    )  # fmt: skip


def test_extra_op_reduce_by_name():
    expect_true(copy.deepcopy(mul) is mul, "a copy of an operation is another operation")
    expect_true(pickle.loads(pickle.dumps(mul)) is mul, "a pickled operation is another one")


def test_extra_op_call_takes_lists():
    expect_close(scaled(Tensor([1.0, 2.0]), [3.0, 4.0]), [4.0, 6.0], "scaled(x, [3.0, 4.0])")
    wanted = Tensor(1.0, requires_grad=True)
    expect_raises(
        TypeError, lambda: scaled([wanted, 2.0]), "a list that holds a tensor with a gradient",
        "The list becomes one array, and nothing leads back to the tensor.",
    )  # fmt: skip


def test_extra_op_call_names_itself_once():
    @Op
    def picky(x):
        raise ValueError("picky: no")

    try:
        picky(Tensor([1.0]))
    except ValueError as error:
        expect_equal(str(error).count("picky"), 1, "how often the message names the operation")


def test_extra_share_changes_by_views():
    x, w = Tensor(X), Tensor([[2.0]], requires_grad=True)
    for what, view in [
        ("x.reshape(3, 2)", x.reshape(3, 2)), ("x.T", x.T), ("x[0]", x[0]),
        ("x.detach()", x.detach()), ("Tensor(x)", Tensor(x)), ("x[None]", x[None]),
    ]:  # fmt: skip
        made, before = view * w, x.version
        x += 1
        expect_equal(
            (view.version, made.recipe.versions[0]), (before + 1, before),
            f"(the version of {what} now, and as the recipe noted it) after x += 1",
            "Both look at the same memory, so both have changed.",
        )  # fmt: skip
    for what, other in [("x * 1.0", x * 1.0), ("x.clone()", x.clone()), ("x.sum()", x.sum())]:
        x += 1
        expect_equal(other.version, 0, f"the version of {what} after x += 1")


# -- operations -----------------------------------------------------------------------------------


def test_extra_sub_values():
    expect_close(sub(example(), 1.0), np.array(X) - 1, "sub(x, 1.0)", dtype=F32)
    expect_close(sub(Tensor([True]), Tensor([False])), [1], "True - False", dtype=np.int64)


def test_extra_div_values():
    expect_close(div(example(), 2), np.array(X) / 2, "div(x, 2)", dtype=F32)
    expect_close(div(Tensor([1, 2]), 2), [0.5, 1.0], "[1 2] / 2", dtype=F32)
    expect_close(div(Tensor([1.0, 0.0, -1.0]), 0.0), [np.inf, np.nan, -np.inf], "[1 0 -1] / 0")


def test_extra_neg_values():
    expect_close(neg(example()), -np.array(X), "neg(x)", dtype=F32)


def test_extra_power_values():
    expect_close(power(example(), 2), np.array(X) * np.array(X), "power(x, 2)", dtype=F32)
    expect_close(power(Tensor([-1.0, 4.0]), 0.5), [np.nan, 2.0], "[-1 4] ** 0.5")


def test_extra_exp_values():
    expect_close(exp(Tensor([0.0, 1.0, 1000.0])), [1, math.e, np.inf], "exp([0 1 1000])", dtype=F32)


def test_extra_log_values():
    expect_close(log(Tensor([1.0, 0.0, -1.0])), [0, -np.inf, np.nan], "log([1 0 -1])", dtype=F32)


def test_extra_sqrt_values():
    expect_close(sqrt(Tensor([9.0, 0.0, -1.0])), [3, 0, np.nan], "sqrt([9 0 -1])", dtype=F32)


def test_extra_absolute_values():
    expect_close(absolute(example()), [[1, 2, 3], [4, 5, 6]], "absolute(x)", dtype=F32)


def test_extra_clamp_values():
    expect_close(clamp(example(), -1.0, 4.0), [[1, -1, 3], [4, 4, -1]], "clamp(x, -1, 4)")
    expect_close(clamp(example(), max=0.0), [[0, -2, 0], [0, 0, -6]], "clamp(x, max=0)", dtype=F32)
    expect_raises(ValueError, lambda: clamp(example()), "clamp without bounds")


def test_extra_reshape_values():
    expect_close(reshape(example(), (3, -1)), [[1, -2], [3, 4], [5, -6]], "reshape(x, (3, -1))")
    expect_raises(ValueError, lambda: reshape(example(), (4, 2)), "reshape of 6 to (4, 2)")


def test_extra_permute_values():
    x = np.arange(24.0).reshape(2, 3, 4)
    expect_close(permute(Tensor(x), (2, 0, 1)), np.einsum("ijk->kij", x), "permute by (2, 0, 1)")


def test_extra_take_values():
    expect_close(take(example(), index=(1, slice(1))), [4.0], "take(x, (1, :1))")


def test_extra_reduce_sum_values():
    expect_close(reduce_sum(example(), 0), [5, 3, -3], "reduce_sum(x, 0)", dtype=F32)
    expect_close(reduce_sum(example(), dim=(0, 1), keepdim=True), [[5]], "reduce_sum over both")


def test_extra_amax_values():
    expect_close(amax(example()), 5.0, "amax(x)", dtype=F32)
    expect_close(amax(example(), dim=1, keepdim=True), [[3], [5]], "amax(x, 1, True)")


def test_extra_amin_values():
    expect_close(amin(example()), -6.0, "amin(x)", dtype=F32)
    expect_close(amin(example(), dim=0), [1, -2, -6], "amin(x, 0)")


def test_extra_expand_values():
    expect_close(expand(Tensor([[1.0], [2.0]]), (2, 3)), [[1] * 3, [2] * 3], "expand to (2, 3)")
    expect_close(expand(Tensor([1.0, 2.0]), (2, -1)), [[1, 2], [1, 2]], "expand to (2, -1)")
    expect_raises(ValueError, lambda: expand(example(), (3,)), "expand of (2, 3) to (3,)")


def test_extra_masked_fill_values():
    out = masked_fill(example(), Tensor([True, False, False]), -1.0)
    expect_close(out, [[-1, -2, 3], [-1, 5, -6]], "masked_fill of column 0", dtype=F32)


def test_extra_tril_values():
    expect_close(tril(example()), [[1, 0, 0], [4, 5, 0]], "tril(x)", dtype=F32)
    expect_close(tril(example(), 1), [[1, -2, 0], [4, 5, -6]], "tril(x, 1)")


def test_extra_cast_values():
    expect_close(cast(example(), np.float64), X, "cast(x, float64)", dtype=np.float64)


# -- operators ------------------------------------------------------------------------------------


def operator_gives(call, expected, what, operation=None, dtype=F32):
    """Check a value, and, where an operation is named, that the result remembers it."""
    __tracebackhide__ = True
    x = Tensor(X, requires_grad=operation is not None)
    out = call(x)
    expect_close(out, expected, what, dtype=dtype)
    if operation is not None:
        expect_equal(out.recipe.op.name, operation, f"the operation behind {what}")


def test_extra_tensor_add_values():
    operator_gives(lambda x: x + 1, np.array(X) + 1, "x + 1", "add")
    operator_gives(lambda x: 1 + x, np.array(X) + 1, "1 + x", "add")


def test_extra_tensor_add_from_the_left():
    operator_gives(lambda x: 2.0 + x, np.array(X) + 2, "2.0 + x", "add")
    for left in (np.full((2, 3), 2, F32), F32(2.0)):
        out = left + example()
        expect_true(
            isinstance(out, Tensor), f"{type(left).__name__} + x is a {type(out).__name__}",
            "NumPy must leave this sum to the tensor: __array_ufunc__ = None says so.",
        )  # fmt: skip
        expect_close(out, np.array(X) + 2, f"{type(left).__name__} + x", dtype=F32)


def test_extra_tensor_mul_values():
    operator_gives(lambda x: x * 2, np.array(X) * 2, "x * 2", "mul")
    operator_gives(lambda x: np.full(3, 2, F32) * x, np.array(X) * 2, "array * x", "mul")


def test_extra_tensor_mul_from_the_left():
    operator_gives(lambda x: 2.0 * x, np.array(X) * 2, "2.0 * x", "mul")
    operator_gives(lambda x: F32(2.0) * x, np.array(X) * 2, "float32(2.0) * x", "mul")


def test_extra_tensor_matmul_values():
    operator_gives(lambda x: x @ Tensor([1.0, 1.0, 1.0]), [2, 3], "x @ [1 1 1]", "matmul")


def test_extra_tensor_truediv_values():
    operator_gives(lambda x: x / 2, np.array(X) / 2, "x / 2", "div")


def test_extra_tensor_pow_values():
    operator_gives(lambda x: x**2, np.array(X) ** 2, "x ** 2", "power")
    operator_gives(lambda x: x.pow(2), np.array(X) ** 2, "x.pow(2)", "power")


def test_extra_tensor_neg_values():
    operator_gives(lambda x: -x, -np.array(X), "-x", "neg")


def test_extra_tensor_abs_values():
    operator_gives(abs, np.abs(X), "abs(x)", "absolute")
    operator_gives(lambda x: x.abs(), np.abs(X), "x.abs()", "absolute")


def test_extra_tensor_invert_values():
    expect_close(~Tensor([True, False]), [False, True], "~[True False]", dtype=bool)


def test_extra_tensor_rsub_values():
    operator_gives(lambda x: 1 - x, 1 - np.array(X), "1 - x", "sub")


def test_extra_tensor_rmatmul_values():
    operator_gives(lambda x: np.ones(2, F32) @ x, [5, 3, -3], "ones(2) @ x", "matmul")


def test_extra_tensor_rtruediv_values():
    operator_gives(lambda x: 6 / x, 6 / np.array(X), "6 / x", "div")


def test_extra_tensor_rpow_values():
    operator_gives(lambda x: 2**x, 2.0 ** np.array(X), "2 ** x", "power")


def in_place(change, expected, what):
    """Check that `change` keeps the tensor and its memory, and counts the change."""
    __tracebackhide__ = True
    x = example()
    array, same = x.data, change(x)
    expect_true(same is x and x.data is array, f"{what} makes a new tensor or a new array")
    expect_close(x, expected, f"x after {what}", dtype=F32)
    expect_equal(x.version, 1, f"x.version after {what}")


def test_extra_tensor_iadd_in_place():
    def change(x):
        x += 1
        return x

    in_place(change, np.array(X) + 1, "x += 1")
    leaf = Tensor([1.0], requires_grad=True)
    expect_raises(ValueError, lambda: leaf.__iadd__(1.0), "+= on a leaf that needs a gradient")


def test_extra_tensor_isub_in_place():
    def change(x):
        x -= 1
        return x

    in_place(change, np.array(X) - 1, "x -= 1")


def test_extra_tensor_imul_in_place():
    def change(x):
        x *= 2
        return x

    in_place(change, np.array(X) * 2, "x *= 2")


def test_extra_tensor_itruediv_in_place():
    def change(x):
        x /= 2
        return x

    in_place(change, np.array(X) / 2, "x /= 2")


def test_extra_tensor_eq_values():
    operator_gives(lambda x: x == 5, np.array(X) == 5, "x == 5", dtype=bool)


def test_extra_tensor_eq_keeps_the_hash():
    x, twin = example(), example()
    known = {x: "x", twin: "twin"}
    expect_equal(
        [known[x], known[twin]], ["x", "twin"], "what a dictionary has under x and its twin",
        "A class with __eq__ loses its hash; __hash__ = object.__hash__ gives it back.",
    )  # fmt: skip


def test_extra_tensor_ne_values():
    operator_gives(lambda x: x != 5, np.array(X) != 5, "x != 5", dtype=bool)


def test_extra_tensor_lt_values():
    operator_gives(lambda x: x < 3, np.array(X) < 3, "x < 3", dtype=bool)


def test_extra_tensor_le_values():
    operator_gives(lambda x: x <= 3, np.array(X) <= 3, "x <= 3", dtype=bool)


def test_extra_tensor_gt_values():
    operator_gives(lambda x: x > 3, np.array(X) > 3, "x > 3", dtype=bool)


def test_extra_tensor_ge_values():
    operator_gives(lambda x: x >= Tensor([3.0]), np.array(X) >= 3, "x >= [3.]", dtype=bool)


def test_extra_tensor_and_values():
    x = Tensor([True, False])
    expect_close(x & Tensor([True, True]), [True, False], "[True False] & [True True]", dtype=bool)
    expect_close(True & x, [True, False], "True & [True False]", dtype=bool)


def test_extra_tensor_or_values():
    x = Tensor([True, False])
    expect_close(x | Tensor([False, False]), [True, False], "[True False] | [False False]")
    expect_close(True | x, [True, True], "True | [True False]", dtype=bool)


def test_extra_tensor_deepcopy_of_leaves():
    x = Tensor(X, requires_grad=True)
    x.grad = Tensor(X)
    twin = copy.deepcopy(x)
    twin.copy_(0.0)
    expect_close(x, X, "x after a change of its copy")
    expect_close(twin.grad, X, "the gradient of the copy")
    expect_true(twin.requires_grad, "the copy asks for no gradient")
    expect_raises(ValueError, lambda: copy.deepcopy(x * 2), "a copy of what has a recipe")


def test_extra_tensor_getstate_without_recipe():
    x = pickle.loads(pickle.dumps(Tensor(X, requires_grad=True) * 2))
    expect_close(x, np.array(X) * 2, "a pickled product", dtype=F32)
    expect_true(x.recipe is None and x.requires_grad, "a pickled product is no leaf")


def test_extra_device_new_cpu_only():
    expect_equal(str(device("cpu")), "cpu", "str(device('cpu'))")
    expect_equal(device(device("cpu")).type, "cpu", "device('cpu').type")
    expect_raises(ValueError, lambda: device("cuda"), "device('cuda')", mentions=["cuda"])


def test_extra_tensor_bool_of_one_element():
    expect_equal([bool(Tensor(0.0)), bool(Tensor([2.0]))], [False, True], "bool of 0. and [2.]")
    expect_raises(ValueError, lambda: bool(example()), "bool of 6 elements", mentions=((2, 3),))


def test_extra_tensor_len_is_the_first_size():
    expect_equal(len(example()), 2, "len of shape (2, 3)")
    expect_raises(TypeError, lambda: len(Tensor(1.0)), "len of shape ()")


def test_extra_tensor_iter_gives_rows():
    for row, expected in zip(example(), X, strict=True):
        expect_close(row, expected, "a row of x")


def test_extra_tensor_float_of_one_element():
    expect_equal(float(Tensor([2.5])), 2.5, "float([2.5])")


def test_extra_tensor_int_of_one_element():
    expect_equal(int(Tensor([2.5])), 2, "int([2.5])")


def test_extra_tensor_setitem_in_place():
    def change(x):
        x[:, Tensor([0])] = 9.0
        return x

    in_place(change, [[9, -2, 3], [9, 5, -6]], "x[:, [0]] = 9.0")
    leaf = Tensor([1.0], requires_grad=True)
    expect_raises(ValueError, lambda: leaf.__setitem__(0, 1.0), "x[0] = 1.0 with a gradient wanted")


# -- methods --------------------------------------------------------------------------------------


def test_extra_tensor_size_whole_or_one():
    expect_equal(example().size(), (2, 3), "x.size()")
    expect_equal(example().size(-1), 3, "x.size(-1)")
    expect_raises(IndexError, lambda: example().size(7), "x.size(7)", mentions=[7, (2, 3)])


def test_extra_tensor_size_and_the_other_facts():
    x = example()
    facts = (x.shape, x.ndim, x.dtype, x.is_leaf, x.version)
    expect_equal(facts, ((2, 3), 2, np.dtype(F32), True, 0), "shape, ndim, dtype, is_leaf, version")


def test_extra_tensor_stride_counts_elements():
    expect_equal(example().stride(), (3, 1), "x.stride()")


def test_extra_tensor_numel_counts():
    expect_equal(example().numel(), 6, "x.numel()")


def test_extra_tensor_tolist_gives_lists():
    expect_equal(example().tolist(), X, "x.tolist()")


def test_extra_tensor_numpy_is_the_array():
    x = example()
    expect_true(x.numpy() is x.data, "x.numpy() is a copy")


def test_extra_tensor_reshape_takes_sizes_or_a_tuple():
    for shape in [(3, 2), ((3, 2),), ([3, -1],)]:
        expect_close(example().reshape(*shape), [[1, -2], [3, 4], [5, -6]], f"x.reshape{shape}")


def test_extra_tensor_reshape_is_called_view_too():
    expect_close(example().view(3, -1), [[1, -2], [3, 4], [5, -6]], "x.view(3, -1)")


def test_extra_tensor_permute_takes_sizes_or_a_tuple():
    for dims in [(1, 0), ((1, 0),)]:
        expect_close(example().permute(*dims), np.array(X).T, f"x.permute{dims}")


def test_extra_tensor_permute_gives_the_transpose():
    expect_close(example().T, np.array(X).T, "x.T")


def test_extra_tensor_unsqueeze_inserts():
    for dim, shape in [(0, (1, 2, 3)), (1, (2, 1, 3)), (2, (2, 3, 1)), (-1, (2, 3, 1))]:
        expect_equal(example().unsqueeze(dim).shape, shape, f"the shape of x.unsqueeze({dim})")
    expect_raises(IndexError, lambda: example().unsqueeze(3), "x.unsqueeze(3)")


def test_extra_tensor_squeeze_drops():
    x = Tensor(np.zeros((1, 2, 1)))
    for dim, shape in [(None, (2,)), (0, (2, 1)), (-1, (1, 2)), (1, (1, 2, 1))]:
        expect_equal(x.squeeze(dim).shape, shape, f"the shape of x.squeeze({dim})")


def test_extra_tensor_expand_takes_sizes():
    expect_equal(Tensor([[1.0], [2.0]]).expand(-1, 3).shape, (2, 3), "the shape of expand(-1, 3)")


def test_extra_tensor_var_divides_by_count_minus_correction():
    x = Tensor([[1.0, 2.0, 3.0, 6.0]])
    expect_close(x.var(1), [14 / 3], "var of [1 2 3 6]", "9 / 4 + ... = 14, by 3")
    expect_close(x.var(correction=0), 14 / 4, "var with correction 0")
    expect_equal(x.var(1, keepdim=True).shape, (1, 1), "the shape of var with keepdim")


def test_extra_tensor_max_values_and_indices():
    expect_close(example().max(), 5.0, "x.max()")
    values, indices = example().max(1)
    expect_close(values, [3, 5], "the values of x.max(1)")
    expect_close(indices, [2, 1], "the indices of x.max(1)", dtype=np.int64)


def test_extra_tensor_min_values_and_indices():
    expect_close(example().min(), -6.0, "x.min()")
    lowest = example().min(0, keepdim=True)
    expect_close(lowest.values, [[1, -2, -6]], "the values of x.min(0, True)")
    expect_close(lowest.indices, [[0, 0, 1]], "the indices of x.min(0, True)")


def test_extra_tensor_argmax_values():
    expect_close(example().argmax(), 4, "x.argmax()", dtype=np.int64)
    expect_close(example().argmax(1, True), [[2], [1]], "x.argmax(1, True)")


def test_extra_tensor_argmin_values():
    expect_close(example().argmin(), 5, "x.argmin()", dtype=np.int64)
    expect_close(example().argmin(0), [0, 0, 1], "x.argmin(0)")


def test_extra_tensor_all_values():
    expect_close((example() > -7).all(), True, "(x > -7).all()", dtype=bool)
    expect_close((example() > 0).all(1), [False, False], "(x > 0).all(1)")


def test_extra_tensor_any_values():
    expect_close((example() > 5).any(), False, "(x > 5).any()", dtype=bool)
    expect_close((example() > 3).any(1, True), [[False], [True]], "(x > 3).any(1, True)")


def test_extra_tensor_exp_values():
    operator_gives(lambda x: x.exp(), np.exp(X), "x.exp()", "exp")


def test_extra_tensor_log_values():
    expect_close(Tensor([1.0, math.e]).log(), [0, 1], "[1 e].log()")


def test_extra_tensor_sqrt_values():
    expect_close(Tensor([4.0, 9.0]).sqrt(), [2, 3], "[4 9].sqrt()")


def test_extra_tensor_pow_method():
    operator_gives(lambda x: x.pow(3), np.array(X) ** 3, "x.pow(3)", "power")


def test_extra_tensor_clamp_values():
    operator_gives(lambda x: x.clamp(min=0.0), np.maximum(X, 0), "x.clamp(min=0)", "clamp")


def test_extra_tensor_masked_fill_values():
    x = example()
    expect_close(x.masked_fill(x < 0, 0.0), np.maximum(X, 0), "x.masked_fill(x < 0, 0)")


def test_extra_tensor_tril_values():
    operator_gives(lambda x: x.tril(-1), [[0, 0, 0], [4, 0, 0]], "x.tril(-1)", "tril")


def test_extra_tensor_to_dtype_or_device():
    x = example()
    expect_true(x.to("cpu") is x and x.to(np.float32) is x, "x.to of what it is already")
    expect_close(x.to(np.int64), X, "x.to(int64)", dtype=np.int64)
    expect_true(x.to(device="cpu") is x, "x.to(device='cpu') is not x")
    expect_close(x.to("cpu", np.float64), X, "x.to('cpu', float64)", dtype=np.float64)
    for call in (lambda: x.to("cuda"), lambda: x.to(device="cuda")):
        expect_raises(ValueError, call, "x.to another device", mentions=["cuda"])


def test_extra_tensor_cpu_is_itself():
    x = example()
    expect_true(x.cpu() is x, "x.cpu() is not x")


def test_extra_tensor_float_is_float32():
    expect_close(Tensor([1, 2]).float(), [1, 2], "[1 2].float()", dtype=F32)


def test_extra_tensor_double_is_float64():
    operator_gives(lambda x: x.double(), X, "x.double()", "cast", dtype=np.float64)


def test_extra_tensor_long_cuts():
    expect_close(Tensor([1.7, -1.7]).long(), [1, -1], "[1.7 -1.7].long()", dtype=np.int64)


def test_extra_tensor_clone_owns_its_memory():
    x = example()
    twin = x.clone()
    twin += 1
    expect_unchanged(x, np.array(X, F32), "a change of the clone")


def test_extra_tensor_detach_forgets():
    x = Tensor([1.0], requires_grad=True)
    y = (x * 2).detach()
    expect_true(y.recipe is None and not y.requires_grad, "a detached tensor remembers")
    expect_close(y, [2.0], "(x * 2).detach()")
    y.copy_(5.0)
    expect_equal(x.version, 0, "the version of x after a change of (x * 2).detach()")
    x.detach().copy_(5.0)
    expect_close(x, [5.0], "x after x.detach() was changed")
    expect_equal(x.version, 1, "the version of x after x.detach() was changed")


def test_extra_tensor_requires_grad_needs_floats():
    x = example().requires_grad_()
    expect_equal([x.requires_grad, x.requires_grad_(False).requires_grad], [True, False], "asked")
    expect_raises(TypeError, lambda: Tensor([1]).requires_grad_(), "requires_grad_() of integers")


def test_extra_tensor_copy_in_place():
    in_place(lambda x: x.copy_(7.0), np.full((2, 3), 7), "x.copy_(7.0)")


def test_extra_tensor_fill_and_zero_in_place():
    in_place(lambda x: x.fill_(7.0), np.full((2, 3), 7), "x.fill_(7.0)")
    in_place(lambda x: x.zero_(), np.zeros((2, 3)), "x.zero_()")


def test_extra_tensor_dim_counts_axes():
    expect_equal(Tensor([[1.0]]).dim(), 2, "Tensor([[1.]]).dim()")


def test_extra_tensor_copy_counts_versions():
    x = Tensor([1.0, 2.0], requires_grad=True)
    expect_equal(x.version, 0, "the version of a new tensor")
    for count in (1, 2, 3):
        x.copy_([3.0, 4.0])
        expect_equal(x.version, count, f"x.version after x.copy_(), {count} times")
    expect_equal(x.is_leaf, True, "x.is_leaf after x.copy_()")
    row = example()[0]
    row += 1.0
    row[0] = 0.0
    expect_equal(row.version, 2, "row.version after row += 1.0 and row[0] = 0.0")


# -- creation.py ----------------------------------------------------------------------------------


def test_extra_tensor_owns_a_copy():
    array = np.zeros(2, F32)
    mine = tensor(array, requires_grad=True)
    array[0] = 5.0
    expect_close(mine, [0.0, 0.0], "tensor(array) after the array was changed", dtype=F32)
    expect_equal(mine.requires_grad, True, "tensor(..., requires_grad=True).requires_grad")


def test_extra_zeros_shapes():
    for shape in [(2, 3), ((2, 3),), ([2, 3],)]:
        expect_close(zeros(*shape), np.zeros((2, 3)), f"zeros{shape}", dtype=F32)


def test_extra_ones_dtype():
    expect_close(ones(2, dtype=np.int64), [1, 1], "ones(2, dtype=int64)", dtype=np.int64)


def test_extra_zeros_like_dtype():
    expect_close(zeros_like(Tensor([1, 2])), [0, 0], "zeros_like([1 2])", dtype=np.int64)


def test_extra_ones_like_dtype():
    expect_close(ones_like(Tensor([1, 2]), F32), [1, 1], "ones_like([1 2], float32)", dtype=F32)


def test_extra_full_takes_the_dtype_of_the_number():
    expect_close(full((2,), 7), [7, 7], "full((2,), 7)", dtype=np.int64)
    expect_close(full((1, 2), 0.5), [[0.5, 0.5]], "full((1, 2), 0.5)", dtype=F32)


def test_extra_linspace_ends():
    expect_close(linspace(0, 1, 5), [0, 0.25, 0.5, 0.75, 1], "linspace(0, 1, 5)", dtype=F32)


def test_extra_from_numpy_shares():
    array = np.zeros(2, np.float32)
    x = from_numpy(array)
    array[1] = 3.0
    expect_close(x, [0, 3], "from_numpy(array) after a change of the array", dtype=F32)
    expect_raises(TypeError, lambda: from_numpy([1.0]), "from_numpy([1.0])", mentions=["list"])


def test_extra_arange_counts():
    expect_close(arange(4), [0, 1, 2, 3], "arange(4)", dtype=np.int64)
    expect_close(arange(1, 2, 0.25), [1, 1.25, 1.5, 1.75], "arange(1, 2, 0.25)", dtype=F32)


def test_extra_eye_shape():
    expect_close(eye(2, 3), [[1, 0, 0], [0, 1, 0]], "eye(2, 3)", dtype=F32)


def test_extra_rand_range():
    manual_seed(0)
    x = rand(1000)
    expect_equal((x.shape, x.dtype), ((1000,), np.dtype(F32)), "shape and dtype of rand(1000)")
    expect_true(x.data.min() >= 0 and x.data.max() < 1, "rand leaves [0, 1)")
    expect_true(abs(x.data.mean() - 0.5) < 0.05, f"the mean of rand(1000) is {x.data.mean()}")


def test_extra_randn_moments():
    manual_seed(0)
    x = randn(50, 20)
    expect_equal((x.shape, x.dtype), ((50, 20), np.dtype(F32)), "shape and dtype of randn(50, 20)")
    expect_true(abs(x.data.mean()) < 0.1 and abs(x.data.std() - 1) < 0.1, "randn is not normal")


def test_extra_manual_seed_repeats():
    manual_seed(3)
    first = randn(4).data
    manual_seed(3)
    expect_close(randn(4), first, "randn(4) after the same seed")


def test_extra_random_generator_is_the_one():
    expect_true(random_generator() is creation._generator, "random_generator() is another one")


def test_extra_get_rng_state_is_a_moment():
    manual_seed(0)
    before = get_rng_state()
    rand(1)
    expect_true(get_rng_state() != before, "the state is the same after a draw")


def test_extra_set_rng_state_goes_back():
    before = get_rng_state()
    first = rand(3).data
    set_rng_state(before)
    expect_close(rand(3), first, "rand(3) from the same state")


# -- serialization.py -----------------------------------------------------------------------------


def test_extra_save_keeps_what_it_can(tmp_path):
    kept = {"x": [example(), Tensor(3)], 1: ("a", None, 2.5)}
    save(kept, tmp_path / "kept.npz")
    expect_raises(
        TypeError, lambda: save({"f": print}, tmp_path / "kept.npz"), "save of a function"
    )
    back = load(tmp_path / "kept.npz")
    expect_close(back["x"][0], X, "the tensor that was saved", dtype=F32)
    expect_close(back["x"][1], 3, "the number that was saved", dtype=np.int64)
    expect_equal(back[1], ("a", None, 2.5), "the tuple that was saved")


def test_extra_load_says_what_is_damaged(tmp_path):
    save([example()], tmp_path / "kept.npz")
    (tmp_path / "half.npz").write_bytes((tmp_path / "kept.npz").read_bytes()[:100])
    expect_raises(
        ValueError,
        lambda: load(tmp_path / "half.npz"),
        "load of half a file",
        mentions=("half.npz",),
    )
    expect_close(add(load(tmp_path / "kept.npz")[0], 0.0), X, "the whole file")
