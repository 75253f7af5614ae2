"""Mistakes that learners make in stage 01, each with the test that notices it."""

# -- sitting 1 --


@knockout(
    of="numel",
    killed_by="test_unit_numel_example",
    says="the sizes are added: (2, 3, 4) gives 9 and not 24",
)
def sizes_added(shape):
    return sum(shape)


@knockout(
    of="numel",
    killed_by="test_unit_numel_example",
    says="counting starts at 0, and 0 times anything stays 0",
)
def count_starts_at_zero(shape):
    count = 0
    for size in shape:
        count *= size
    return count


@knockout(
    of="numel",
    killed_by="test_unit_numel_example",
    says="the empty shape gives 0, but a tensor without axes holds one number",
)
def no_axes_no_elements(shape):
    if not shape:
        return 0
    count = 1
    for size in shape:
        count *= size
    return count


@knockout(
    of="numel",
    killed_by="test_unit_numel_example",
    says="the count is NumPy's integer, not Python's",
)
def numpy_integer(shape):
    return np.prod(shape, dtype=np.int64)


@knockout(
    of="strides",
    killed_by="test_unit_strides_example",
    says="the first axis is the one that lies together, so the memory is read column by column",
)
def columns_first(shape):
    steps = []
    step = 1
    for size in shape:
        steps.append(step)
        step *= size
    return tuple(steps)


@knockout(
    of="strides",
    killed_by="test_unit_strides_example",
    says="each stride includes the size of its own axis; a step skips only what is further right",
)
def own_size_included(shape):
    steps = []
    step = 1
    for size in reversed(shape):
        step *= size
        steps.append(step)
    return tuple(reversed(steps))


@knockout(
    of="strides",
    killed_by="test_unit_strides_example",
    says="the strides are collected from the right and never turned round",
)
def not_turned_round(shape):
    steps = []
    step = 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return tuple(steps)


@knockout(
    of="strides",
    killed_by="test_unit_strides_count_elements",
    says="the strides count bytes, as NumPy's do, and not elements",
)
def bytes_counted(shape):
    return np.zeros(shape, np.float32).strides


@knockout(
    of="as_array",
    killed_by="test_unit_as_array_example",
    says="Python's floats stay float64, twice the memory",
)
def floats_stay_wide(data, dtype=None):
    if isinstance(data, Tensor):
        data = data.data
    array = _rectangular(data)
    return array if dtype is None else array.astype(dtype)


@knockout(
    of="as_array",
    killed_by="test_unit_as_array_example",
    says="whole numbers become float32, too",
)
def everything_float32(data, dtype=None):
    if isinstance(data, Tensor):
        data = data.data
    return _rectangular(data).astype(np.float32 if dtype is None else dtype)


@knockout(
    of="as_array",
    killed_by="test_unit_as_array_keeps_the_dtype_of_arrays",
    says="float64 arrays are narrowed, although whoever made them chose float64",
)
def arrays_narrowed(data, dtype=None):
    if isinstance(data, Tensor):
        data = data.data
    array = _rectangular(data)
    if dtype is not None:
        return array.astype(dtype)
    return array.astype(np.float32) if array.dtype == np.float64 else array


@knockout(
    of="as_array",
    killed_by="test_unit_as_array_takes_tensors",
    says="a float64 tensor is narrowed: its array is only looked at after the check",
)
def tensors_narrowed(data, dtype=None):
    array = _rectangular(data.data if isinstance(data, Tensor) else data)
    if dtype is not None:
        return array.astype(dtype)
    if array.dtype == np.float64 and not isinstance(data, np.ndarray):
        return array.astype(np.float32)
    return array


@knockout(
    of="as_array",
    killed_by="test_unit_as_array_with_a_dtype",
    says="the dtype that was asked for is ignored",
)
def asked_dtype_ignored(data, dtype=None):
    if isinstance(data, Tensor):
        data = data.data
    array = _rectangular(data)
    if array.dtype == np.float64 and not isinstance(data, np.ndarray):
        return array.astype(np.float32)
    return array


@knockout(
    of="as_array",
    killed_by="test_unit_as_array_refuses",
    says="np.array is called directly, and takes text for numbers",
)
def anything_taken(data, dtype=None):
    if isinstance(data, Tensor):
        data = data.data
    array = np.array(_plain_lists(data) if isinstance(data, (list, tuple)) else data)
    if dtype is not None:
        return array.astype(dtype)
    if array.size == 0 or (array.dtype == np.float64 and not isinstance(data, np.ndarray)):
        return array.astype(np.float32)
    return array


@knockout(
    of="as_array",
    killed_by="test_unit_as_array_with_a_dtype",
    says="a tensor comes back as it is, whatever dtype is asked for",
)
def asked_dtype_ignored_for_tensors(data, dtype=None):
    if isinstance(data, Tensor):
        return data.data
    array = _rectangular(data)
    if dtype is not None:
        return array.astype(dtype)
    if array.dtype == np.float64 and not isinstance(data, np.ndarray):
        return array.astype(np.float32)
    return array


@knockout(
    of="matmul_loops",
    killed_by="test_unit_matmul_loops_example",
    says="each product replaces the sum so far: = where += is needed",
)
def products_not_added(a, b):
    (n, inner), (rows, m) = a.shape, b.shape
    if inner != rows:
        raise ValueError(f"shapes {a.shape} and {b.shape}")
    out = np.zeros((n, m), dtype=np.result_type(a, b))
    for i in range(n):
        for j in range(m):
            for k in range(inner):
                out[i, j] = a[i, k] * b[k, j]
    return out


@knockout(
    of="matmul_loops",
    killed_by="test_unit_matmul_loops_of_many_sizes",
    says="the innermost loop runs over the columns of the right, not over the inner size",
)
def wrong_size_summed(a, b):
    (n, inner), (rows, m) = a.shape, b.shape
    if inner != rows:
        raise ValueError(f"shapes {a.shape} and {b.shape}")
    out = np.zeros((n, m), dtype=np.result_type(a, b))
    for i in range(n):
        for j in range(m):
            for k in range(m):
                out[i, j] += a[i, k] * b[k, j]
    return out


@knockout(
    of="matmul_loops",
    killed_by="test_unit_matmul_loops_keeps_the_dtype",
    says="np.zeros without a dtype gives float64, whatever the inputs are",
)
def zeros_are_float64(a, b):
    (n, inner), (rows, m) = a.shape, b.shape
    if inner != rows:
        raise ValueError(f"shapes {a.shape} and {b.shape}")
    out = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            for k in range(inner):
                out[i, j] += a[i, k] * b[k, j]
    return out


@knockout(
    of="matmul_loops",
    killed_by="test_unit_matmul_loops_of_int_and_float",
    says="the result has the dtype of the left: int times float drops every fraction",
)
def zeros_like_the_left(a, b):
    (n, inner), (rows, m) = a.shape, b.shape
    if inner != rows:
        raise ValueError(f"shapes {a.shape} and {b.shape}")
    out = np.zeros((n, m), dtype=a.dtype)
    for i in range(n):
        for j in range(m):
            for k in range(inner):
                out[i, j] += a[i, k] * b[k, j]
    return out


@knockout(
    of="matmul_loops",
    killed_by="test_unit_matmul_loops_multiplies_one_by_one",
    says="there are no loops: NumPy's @ does the work that it is to be compared with",
)
def no_loops(a, b):
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"shapes {a.shape} and {b.shape}")
    return a @ b


@knockout(
    of="matmul_loops",
    killed_by="test_unit_matmul_loops_refuses_sizes_that_do_not_meet",
    says="only one of the two shapes is named",
)
def one_shape_named(a, b):
    (n, inner), (rows, m) = a.shape, b.shape
    if inner != rows:
        raise ValueError(f"shape {a.shape} does not fit")
    out = np.zeros((n, m), dtype=np.result_type(a, b))
    for i in range(n):
        for j in range(m):
            for k in range(inner):
                out[i, j] += a[i, k] * b[k, j]
    return out


@knockout(
    of="matmul_loops",
    killed_by="test_unit_matmul_loops_refuses_sizes_that_do_not_meet",
    says="sizes that differ are not refused: what is left over is dropped without a word",
)
def leftovers_dropped(a, b):
    (n, inner), (rows, m) = a.shape, b.shape
    out = np.zeros((n, m), dtype=np.result_type(a, b))
    for i in range(n):
        for j in range(m):
            for k in range(min(inner, rows)):
                out[i, j] += a[i, k] * b[k, j]
    return out


# -- sitting 2 --


@knockout(
    of="broadcast_shapes",
    killed_by="test_unit_broadcast_shapes_example",
    says="the shapes are aligned from the left",
)
def aligned_from_the_left(a, b):
    longest = max(len(a), len(b))
    left = tuple(a) + (1,) * (longest - len(a))
    right = tuple(b) + (1,) * (longest - len(b))
    out = []
    for m, n in zip(left, right, strict=True):
        if m != n and 1 not in (m, n):
            raise ValueError(f"shapes {tuple(a)} and {tuple(b)}: {m} meets {n}")
        out.append(n if m == 1 else m)
    return tuple(out)


@knockout(
    of="broadcast_shapes",
    killed_by="test_unit_broadcast_shapes_example",
    says="axes that only one shape has are dropped",
)
def missing_axes_dropped(a, b):
    out = []
    for m, n in zip(reversed(a), reversed(b), strict=False):
        if m != n and 1 not in (m, n):
            raise ValueError(f"shapes {tuple(a)} and {tuple(b)}: {m} meets {n}")
        out.append(n if m == 1 else m)
    return tuple(reversed(out))


@knockout(
    of="broadcast_shapes",
    killed_by="test_unit_broadcast_shapes_with_nothing",
    says="the larger size is taken, so that 1 and 0 give 1",
)
def larger_size_taken(a, b):
    longest = max(len(a), len(b))
    left = (1,) * (longest - len(a)) + tuple(a)
    right = (1,) * (longest - len(b)) + tuple(b)
    out = []
    for m, n in zip(left, right, strict=True):
        if m != n and 1 not in (m, n):
            raise ValueError(f"shapes {tuple(a)} and {tuple(b)}: {m} meets {n}")
        out.append(max(m, n))
    return tuple(out)


@knockout(
    of="broadcast_shapes",
    killed_by="test_unit_broadcast_shapes_refuses",
    says="nothing is refused: 3 and 4 become 4",
)
def nothing_refused(a, b):
    longest = max(len(a), len(b))
    left = (1,) * (longest - len(a)) + tuple(a)
    right = (1,) * (longest - len(b)) + tuple(b)
    return tuple(n if m == 1 else m for m, n in zip(left, right, strict=True))


@knockout(
    of="broadcast_shapes",
    killed_by="test_unit_broadcast_shapes_refuses",
    says="the message names neither the shapes nor the sizes that met",
)
def message_without_numbers(a, b):
    longest = max(len(a), len(b))
    left = (1,) * (longest - len(a)) + tuple(a)
    right = (1,) * (longest - len(b)) + tuple(b)
    if any(m != n and 1 not in (m, n) for m, n in zip(left, right, strict=True)):
        raise ValueError("shapes do not fit")
    return tuple(n if m == 1 else m for m, n in zip(left, right, strict=True))


@knockout(
    of="broadcast_shapes",
    killed_by="test_unit_broadcast_shapes_refuses",
    says="the message names the shapes, but not the two sizes that met",
)
def message_without_sizes(a, b):
    longest = max(len(a), len(b))
    left = (1,) * (longest - len(a)) + tuple(a)
    right = (1,) * (longest - len(b)) + tuple(b)
    if any(m != n and 1 not in (m, n) for m, n in zip(left, right, strict=True)):
        raise ValueError(f"shapes {tuple(a)} and {tuple(b)} do not broadcast")
    return tuple(n if m == 1 else m for m, n in zip(left, right, strict=True))


@knockout(
    of="add",
    killed_by="test_unit_add_keeps_its_inputs",
    says="a += b changes the caller's own array",
)
def added_in_place(a, b):
    if np.broadcast(a, b).shape == np.shape(a) and np.result_type(a, b) == np.result_type(a):
        a += b
        return a
    return a + b


@knockout(
    of="add",
    killed_by="test_unit_add_broadcasts",
    says="only the right side may grow: (4, 1) + (3,) is not (4, 3)",
)
def only_right_side_grows(a, b):
    return a + np.broadcast_to(b, np.shape(a))


@knockout(
    of="add",
    killed_by="test_unit_add_dtypes",
    says="the sum is float64, whatever came in",
)
def sum_is_float64(a, b):
    return np.add(a, b, dtype=np.float64)


@knockout(
    of="mul",
    killed_by="test_unit_mul_is_element_by_element",
    says="rows times columns: that is matmul, not mul",
)
def matrix_product(a, b):
    return np.dot(a, b)


@knockout(
    of="mul",
    killed_by="test_unit_mul_keeps_inputs_and_dtype",
    says="the result is float64, twice the memory",
)
def product_is_float64(a, b):
    return np.asarray(a, np.float64) * b


@knockout(
    of="mul",
    killed_by="test_unit_mul_broadcasts",
    says="only the right side may grow: (4, 1) * (3,) is not (4, 3)",
)
def only_right_factor_grows(a, b):
    return a * np.broadcast_to(b, np.shape(a))


@knockout(
    of="Tensor.__sub__",
    killed_by="test_unit_tensor_sub_example",
    says="the sides are exchanged: 5 - 2 gives -3",
)
def sides_exchanged(self, other):
    return sub(other, self)


@knockout(
    of="Tensor.__sub__",
    killed_by="test_unit_tensor_sub_uses_the_operation",
    says="the arrays are subtracted outside of an operation, so nothing is remembered",
)
def subtracted_by_hand(self, other):
    return Tensor(self.data - _plain(other))


@knockout(
    of="Tensor.__sub__",
    killed_by="test_unit_tensor_sub_uses_the_operation",
    says="add is used instead of sub: right, but one operation too many on the way back",
)
def added_the_negative(self, other):
    return add(self, neg(other))


@knockout(
    of="matmul",
    killed_by="test_unit_matmul_example",
    says="element by element: that is mul, not matmul",
)
def element_by_element(a, b):
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"shapes {a.shape} and {b.shape}: {a.shape} meets {b.shape}")
    return a * b


@knockout(
    of="matmul",
    killed_by="test_unit_matmul_of_stacks",
    says="np.dot pairs every matrix of the left with every one of the right: (5, 2, 5, 4)",
)
def dot_for_stacks(a, b):
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"shapes {a.shape} and {b.shape}: {a.shape} meets {b.shape}")
    return np.dot(a, b)


@knockout(
    of="matmul",
    killed_by="test_unit_matmul_of_stacks",
    says="only the first axis of the right is looked at, which is wrong for stacks of matrices",
)
def first_axis_checked(a, b):
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[0]:
        raise ValueError(f"shapes {a.shape} and {b.shape}: {a.shape} meets {b.shape}")
    return a @ b


@knockout(
    of="matmul",
    killed_by="test_unit_matmul_names_the_shapes",
    says="the check is left to NumPy, whose message speaks of gufuncs and not of shapes",
)
def left_to_numpy(a, b):
    return a @ b


@knockout(
    of="matmul",
    killed_by="test_unit_matmul_needs_axes",
    says="a single number is multiplied in, element by element",
)
def numbers_allowed(a, b):
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"shapes {a.shape} and {b.shape}: {a.shape} meets {b.shape}")
    return a @ b


@knockout(
    of="matmul",
    killed_by="test_unit_matmul_names_the_shapes",
    says="the message names the shapes, but not the two sizes that met",
)
def only_shapes_named(a, b):
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    return a @ b


@knockout(
    of="Tensor.item",
    killed_by="test_unit_tensor_item_example",
    says="a NumPy number comes out, not Python's",
)
def numpy_number(self):
    if self.data.size != 1:
        raise ValueError(f"item() needs exactly 1 element, the shape is {self.shape}")
    return self.data.reshape(-1)[0]


@knockout(
    of="Tensor.item",
    killed_by="test_unit_tensor_item_gives_python_numbers",
    says="everything becomes a float: 7 comes out as 7.0",
)
def always_a_float(self):
    if self.data.size != 1:
        raise ValueError(f"item() needs exactly 1 element, the shape is {self.shape}")
    return float(self.data.reshape(-1)[0])


@knockout(
    of="Tensor.item",
    killed_by="test_unit_tensor_item_needs_one_element",
    says="of several elements the first is given, without a word",
)
def first_of_several(self):
    if self.data.size == 0:
        raise ValueError(f"item() needs exactly 1 element, the shape is {self.shape}")
    return self.data.reshape(-1)[0].item()


@knockout(
    of="Tensor.item",
    killed_by="test_unit_tensor_item_needs_one_element",
    says="the message does not name the shape",
)
def message_without_shape(self):
    if self.data.size != 1:
        raise ValueError("item() needs exactly 1 element")
    return self.data.item()


# -- sitting 3 --


@knockout(
    of="infer_shape",
    killed_by="test_unit_infer_shape_refuses",
    says="the rest of the division is dropped: 6 elements into (4, -1) gives (4, 1)",
)
def rest_dropped(shape, count):
    shape = tuple(shape)
    if shape.count(-1) > 1:
        raise ValueError(f"shape {shape} has more than one -1")
    known = numel([size for size in shape if size != -1])
    if -1 in shape and known > 0:
        return tuple(count // known if size == -1 else size for size in shape)
    if -1 in shape or known != count:
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    return shape


@knockout(
    of="infer_shape",
    killed_by="test_unit_infer_shape_refuses",
    says="a shape without -1 is not checked against the count",
)
def full_shapes_unchecked(shape, count):
    shape = tuple(shape)
    if -1 not in shape:
        return shape
    known = numel([size for size in shape if size != -1])
    if shape.count(-1) > 1 or known == 0 or count % known:
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    return tuple(count // known if size == -1 else size for size in shape)


@knockout(
    of="infer_shape",
    killed_by="test_unit_infer_shape_with_too_little_to_go_by",
    says="every -1 gets the same size, although two unknowns have many answers",
)
def several_unknowns(shape, count):
    shape = tuple(shape)
    known = numel([size for size in shape if size != -1])
    if -1 in shape and known > 0 and count % known == 0:
        return tuple(count // known if size == -1 else size for size in shape)
    if -1 in shape or known != count:
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    return shape


@knockout(
    of="infer_shape",
    killed_by="test_unit_infer_shape_with_too_little_to_go_by",
    says="the message about two -1 does not name the count",
)
def count_not_named(shape, count):
    shape = tuple(shape)
    if shape.count(-1) > 1:
        raise ValueError(f"shape {shape} has more than one -1")
    known = numel([size for size in shape if size != -1])
    if -1 in shape and known > 0 and count % known == 0:
        return tuple(count // known if size == -1 else size for size in shape)
    if -1 in shape or known != count:
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    return shape


@knockout(
    of="infer_shape",
    killed_by="test_unit_infer_shape_example",
    says="-1 is multiplied in with the other sizes, so the unknown comes out negative",
)
def unknown_multiplied_in(shape, count):
    shape = tuple(shape)
    if shape.count(-1) > 1 or (0 in shape and -1 in shape):
        raise ValueError(f"shape {shape} has more than one -1")
    known = numel(shape)
    if count % known if known else count:
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    return tuple(count // known if size == -1 else size for size in shape)


@knockout(
    of="infer_shape",
    killed_by="test_unit_infer_shape_of_0_and_minus_1",
    says="beside a 0 the -1 is worked out as any other, and Python divides by 0",
)
def divided_by_zero(shape, count):
    shape = tuple(shape)
    if shape.count(-1) > 1:
        raise ValueError(f"{count} elements, shape {shape}: more than one -1")
    known = numel([size for size in shape if size != -1])
    if -1 in shape and count % known == 0:
        return tuple(count // known if size == -1 else size for size in shape)
    if -1 in shape or known != count:
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    return shape


@knockout(
    of="infer_shape",
    killed_by="test_unit_infer_shape_of_0_and_3",
    says="divides before it looks for a -1, and (0, 3) has a product of 0",
)
def divided_without_an_unknown(shape, count):
    shape = tuple(shape)
    if shape.count(-1) > 1 or (0 in shape and -1 in shape):
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    known = numel([size for size in shape if size != -1])
    missing = count // known
    if known * missing != count or (-1 not in shape and missing != 1):
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    return tuple(missing if size == -1 else size for size in shape)


@knockout(
    of="Tensor.flatten",
    killed_by="test_unit_tensor_flatten_example",
    says="start_dim is ignored: the batch is merged, too",
)
def start_ignored(self, start_dim=0, end_dim=-1):
    return self.reshape(-1)


@knockout(
    of="Tensor.flatten",
    killed_by="test_unit_tensor_flatten_merges_both_ends",
    says="end_dim itself is left out, as in a Python slice",
)
def end_left_out(self, start_dim=0, end_dim=-1):
    if self.ndim == 0:
        return self.reshape(1)
    start, end = _axis(start_dim, self.ndim), _axis(end_dim, self.ndim)
    end += end_dim == -1
    merged = numel(self.shape[start:end])
    return self.reshape(*self.shape[:start], merged, *self.shape[end:])


@knockout(
    of="Tensor.flatten",
    killed_by="test_unit_tensor_flatten_merges_both_ends",
    says="end_dim is ignored: everything to the end is merged",
)
def end_ignored(self, start_dim=0, end_dim=-1):
    if self.ndim == 0:
        return self.reshape(1)
    start = _axis(start_dim, self.ndim)
    return self.reshape(*self.shape[:start], numel(self.shape[start:]))


@knockout(
    of="Tensor.flatten",
    killed_by="test_unit_tensor_flatten_of_no_elements",
    says="the merged size is left to -1, which has no answer when there are no elements",
)
def merged_size_inferred(self, start_dim=0, end_dim=-1):
    if self.ndim == 0:
        return self.reshape(1)
    start, end = _axis(start_dim, self.ndim), _axis(end_dim, self.ndim)
    return self.reshape(*self.shape[:start], -1, *self.shape[end + 1 :])


@knockout(
    of="Tensor.flatten",
    killed_by="test_unit_tensor_flatten_of_no_axes",
    says="a single number has no axes to merge, and is forgotten",
)
def no_axes_forgotten(self, start_dim=0, end_dim=-1):
    start, end = _axis(start_dim, self.ndim), _axis(end_dim, self.ndim)
    merged = numel(self.shape[start : end + 1])
    return self.reshape(*self.shape[:start], merged, *self.shape[end + 1 :])


@knockout(
    of="Tensor.flatten",
    killed_by="test_unit_tensor_flatten_refuses",
    says="% wraps around: axis 2 of 2 becomes axis 0 without a word",
)
def axes_wrap_around(self, start_dim=0, end_dim=-1):
    if self.ndim == 0:
        return self.reshape(1)
    start, end = start_dim % self.ndim, end_dim % self.ndim
    merged = numel(self.shape[start : end + 1])
    return self.reshape(*self.shape[:start], merged, *self.shape[end + 1 :])


@knockout(
    of="Tensor.flatten",
    killed_by="test_unit_tensor_flatten_uses_the_operation",
    says="the array is reshaped outside of an operation, so nothing is remembered",
)
def flattened_by_hand(self, start_dim=0, end_dim=-1):
    if self.ndim == 0:
        return self.reshape(1)
    start, end = _axis(start_dim, self.ndim), _axis(end_dim, self.ndim)
    merged = numel(self.shape[start : end + 1])
    return Tensor(self.data.reshape(*self.shape[:start], merged, *self.shape[end + 1 :]))


@knockout(
    of="Tensor.transpose",
    killed_by="test_unit_tensor_transpose_moves_the_numbers",
    says="only the shape is exchanged: the numbers stay in their old order",
)
def reshaped_instead(self, dim0, dim1):
    shape = list(self.shape)
    shape[dim0], shape[dim1] = shape[dim1], shape[dim0]
    return self.reshape(*shape)


@knockout(
    of="Tensor.transpose",
    killed_by="test_unit_tensor_transpose_of_any_two_axes",
    says="all axes are turned round, not the two that were named",
)
def all_axes_reversed(self, dim0, dim1):
    self.shape[dim0], self.shape[dim1]
    return self.permute(*reversed(range(self.ndim)))


@knockout(
    of="Tensor.transpose",
    killed_by="test_unit_tensor_transpose_of_any_two_axes",
    says="dim0 is moved to the place of dim1, and all between them move along",
)
def moved_not_exchanged(self, dim0, dim1):
    dims = list(range(self.ndim))
    one, two = dims[dim0], dims[dim1]
    dims.insert(two, dims.pop(one))
    return self.permute(*dims)


@knockout(
    of="Tensor.transpose",
    killed_by="test_unit_tensor_transpose_uses_the_operation",
    says="the array is transposed outside of an operation, so nothing is remembered",
)
def transposed_by_hand(self, dim0, dim1):
    return Tensor(np.swapaxes(self.data, dim0, dim1))


@knockout(
    of="Tensor.__getitem__",
    killed_by="test_unit_tensor_getitem_names_index_and_shape",
    says="NumPy's IndexError comes through as it is, without the shape",
)
def error_untranslated(self, index):
    return take(self, index=index)


@knockout(
    of="Tensor.__getitem__",
    killed_by="test_unit_tensor_getitem_uses_the_operation",
    says="the array is indexed outside of an operation, so nothing is remembered",
)
def indexed_by_hand(self, index):
    plain = tuple(map(_plain, index)) if isinstance(index, tuple) else _plain(index)
    try:
        return Tensor(self.data[plain])
    except IndexError as error:
        raise IndexError(f"index {index} does not fit shape {self.shape}: {error}") from None


@knockout(
    of="Tensor.sum",
    killed_by="test_unit_tensor_sum_example",
    says="dim is ignored, and everything is added up",
)
def everything_added(self, dim=None, keepdim=False):
    return reduce_sum(self, dim=None, keepdim=keepdim)


@knockout(
    of="Tensor.sum",
    killed_by="test_unit_tensor_sum_keepdim",
    says="keepdim is ignored, so that the result does not broadcast against the original",
)
def axis_not_kept(self, dim=None, keepdim=False):
    return reduce_sum(self, dim=dim)


@knockout(
    of="Tensor.sum",
    killed_by="test_unit_tensor_sum_uses_the_operation",
    says="the array is added up outside of an operation, so nothing is remembered",
)
def summed_by_hand(self, dim=None, keepdim=False):
    return Tensor(np.asarray(np.sum(self.data, axis=dim, keepdims=keepdim)))


@knockout(
    of="Tensor.mean",
    killed_by="test_unit_tensor_mean_example",
    says="the sum is given back: nothing is divided",
)
def sum_not_divided(self, dim=None, keepdim=False):
    return self.sum(dim, keepdim) / 1.0


@knockout(
    of="Tensor.mean",
    killed_by="test_unit_tensor_mean_over_any_axes",
    says="every sum is divided by the count of all elements, not by that of its own",
)
def divided_by_all(self, dim=None, keepdim=False):
    return self.sum(dim, keepdim) / max(self.numel(), 1)


@knockout(
    of="Tensor.mean",
    killed_by="test_unit_tensor_mean_example",
    says="keepdim is not handed on",
)
def mean_axis_not_kept(self, dim=None, keepdim=False):
    total = self.sum(dim)
    return total / (self.numel() / max(total.numel(), 1))


@knockout(
    of="Tensor.mean",
    killed_by="test_unit_tensor_mean_over_any_axes",
    says="divided by the number of results, where it should be the number of elements in each",
)
def divided_by_results(self, dim=None, keepdim=False):
    total = self.sum(dim, keepdim)
    return total / total.numel()


@knockout(
    of="Tensor.mean",
    killed_by="test_unit_tensor_mean_of_shape_0_3_over_axis_1",
    says="an empty result is counted as 0 elements, and Python divides by it",
)
def divided_by_nothing(self, dim=None, keepdim=False):
    total = self.sum(dim, keepdim)
    return total / (self.numel() / total.numel())


@knockout(
    of="Tensor.mean",
    killed_by="test_unit_tensor_mean_uses_operations",
    says="the mean is computed outside of operations, so nothing is remembered",
)
def mean_by_hand(self, dim=None, keepdim=False):
    with np.errstate(invalid="ignore"):
        total = np.sum(self.data, axis=dim, keepdims=keepdim)
        mean = total / (self.numel() / max(np.size(total), 1) or np.nan)
    return Tensor(np.asarray(mean, self.dtype if self.dtype.kind == "f" else np.float32))


@knockout(
    of="remember",
    killed_by="test_unit_remember_example",
    says="requires_grad is not passed on, so the memory ends after one operation",
)
def gradient_not_passed_on(out, op, inputs, arrays, params):
    out.recipe = Recipe(op, inputs, arrays, params)


@knockout(
    of="remember",
    killed_by="test_unit_remember_example",
    says="no recipe is written",
)
def no_recipe(out, op, inputs, arrays, params):
    out.requires_grad = True


@knockout(
    of="remember",
    killed_by="test_unit_remember_keeps_all_five",
    says="inputs and arrays are exchanged",
)
def inputs_and_arrays_exchanged(out, op, inputs, arrays, params):
    out.requires_grad = True
    out.recipe = Recipe(op, arrays, inputs, params)


@knockout(
    of="remember",
    killed_by="test_unit_remember_keeps_all_five",
    says="the parameters are forgotten, so nobody knows later over which axis was summed",
)
def parameters_forgotten(out, op, inputs, arrays, params):
    out.requires_grad = True
    out.recipe = Recipe(op, inputs, arrays, {})


@knockout(
    of="remember",
    killed_by="test_unit_remember_numbers_and_arrays",
    says="the arrays are taken from the inputs once more, before Op had settled their dtype",
)
def arrays_not_settled(out, op, inputs, arrays, params):
    out.requires_grad = True
    seen = tuple(v.data if isinstance(v, op.tensor_type) else v for v in inputs)
    out.recipe = Recipe(op, inputs, seen, params)


@knockout(
    of="remember",
    killed_by="test_unit_remember_example",
    says="a bare tuple of the four is noted, which has no names to ask for",
)
def tuple_noted(out, op, inputs, arrays, params):
    out.requires_grad = True
    out.recipe = (op, inputs, arrays, params)


@knockout(
    of="remember",
    killed_by="test_unit_remember_example",
    says="only the operation's name is noted",
)
def name_noted(out, op, inputs, arrays, params):
    out.requires_grad = True
    out.recipe = Recipe(op.name, inputs, arrays, params)
