"""The tensor: an n-dimensional array, its shape rules and its operations (stage 01).

Order of the file: what a shape is, the operations as NumPy functions, then the class that gives
them operators and methods. Operations come from `op.py` and remember how results were made.
"""

import copy
from collections import namedtuple

import numpy as np

from .op import Op, is_recording, share_changes

__all__ = [
    "Tensor",
    "absolute",
    "add",
    "amax",
    "amin",
    "as_array",
    "broadcast_shapes",
    "cast",
    "clamp",
    "device",
    "div",
    "exp",
    "expand",
    "infer_shape",
    "log",
    "masked_fill",
    "matmul",
    "matmul_loops",
    "mul",
    "neg",
    "numel",
    "permute",
    "power",
    "reduce_sum",
    "reshape",
    "sqrt",
    "strides",
    "sub",
    "take",
    "tril",
]

ValuesIndices = namedtuple("ValuesIndices", ["values", "indices"])


# -- sitting 1: what a tensor is ------------------------------------------------------------------


def numel(shape):
    """Count the elements of an array of this shape; the empty shape () holds one.

    >>> numel((2, 3, 4)), numel(())
    (24, 1)
    """
    count = 1
    for size in shape:
        count *= size
    return count


def strides(shape):
    """Tell, for each axis, how many elements of flat memory one step along it skips.

    The last axis is the one that lies together (row-major order, as in C, NumPy and PyTorch),
    so its stride is 1. PyTorch's `Tensor.stride()` counts elements too; NumPy counts bytes.

    >>> strides((2, 3, 4))
    (12, 4, 1)
    """
    steps = []
    step = 1
    for size in reversed(shape):
        steps.append(step)
        step *= size
    return tuple(reversed(steps))


def as_array(data, dtype=None):
    """Turn numbers, nested lists, arrays or a tensor into an ndarray of the dtype PyTorch takes.

    Without `dtype`, Python floats become float32, ints int64, bools stay; arrays and tensors keep
    theirs. float32 is half the memory of float64 and exact enough for learning. `_rectangular`,
    given below, makes an array of everything but a tensor, and raises ValueError where rows
    differ in length and TypeError for what is no number.

    >>> as_array([1.0, 2.0]).dtype, as_array([1, 2]).dtype
    (dtype('float32'), dtype('int64'))
    """
    if isinstance(data, Tensor):
        data = data.data
    array = _rectangular(data)
    if dtype is not None:
        return array.astype(dtype, copy=False)
    if array.dtype == np.float64 and not isinstance(data, np.ndarray):
        return array.astype(np.float32)
    return array


def matmul_loops(a, b):
    """Multiply two matrices with three loops: (n, k) @ (k, m) -> (n, m), over ndarrays.

    Slow on purpose, and kept: what is obviously right is the oracle for what is fast. The dtype
    is that of the inputs (`np.result_type`). Raises ValueError that names both shapes where the
    inner sizes differ.

    >>> matmul_loops(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]])).tolist()
    [[17.0], [39.0]]
    """
    (n, inner), (rows, m) = a.shape, b.shape
    if inner != rows:
        raise ValueError(f"shapes {a.shape} and {b.shape}: {inner} columns meet {rows} rows")
    out = np.zeros((n, m), dtype=np.result_type(a, b))
    for i in range(n):
        for j in range(m):
            for k in range(inner):
                out[i, j] += a[i, k] * b[k, j]
    return out


# -- sitting 2: broadcasting and arithmetic -------------------------------------------------------


def broadcast_shapes(a, b):
    """Give the shape that arrays of shapes `a` and `b` have together.

    Aligned from the right, two sizes go together if they are equal or one of them is 1; what is
    missing on the left counts as 1. Raises ValueError that names both shapes and the sizes that
    do not go together. The rule is NumPy's and PyTorch's.

    >>> broadcast_shapes((4, 1), (3,))
    (4, 3)
    """
    longest = max(len(a), len(b))
    left = (1,) * (longest - len(a)) + tuple(a)
    right = (1,) * (longest - len(b)) + tuple(b)
    out = []
    for m, n in zip(left, right, strict=True):
        if m != n and 1 not in (m, n):
            raise ValueError(
                f"shapes {tuple(a)} and {tuple(b)} do not broadcast: "
                f"aligned from the right, {m} meets {n} and neither is 1"
            )
        out.append(n if m == 1 else m)
    return tuple(out)


@Op
def add(a, b):
    """Add two arrays element by element, with broadcasting.

    >>> add(Tensor([1.0, 2.0]), Tensor([10.0, 20.0]))
    Tensor([11., 22.])
    """
    return a + b


@Op
def mul(a, b):
    """Multiply two arrays element by element, with broadcasting.

    >>> mul(Tensor([1.0, 2.0]), 3.0)
    Tensor([3., 6.])
    """
    return a * b


@Op
def matmul(a, b):
    """Multiply matrices over the last two axes: (..., n, k) @ (..., k, m) -> (..., n, m).

    Axes before the last two broadcast; a 1-d input is a row on the left, a column on the right,
    and that axis is dropped from the result. Raises ValueError that names both shapes where an
    input has no axes or the inner sizes differ, and then those, too. As `torch.matmul`.

    >>> matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[5.0], [6.0]]))
    Tensor([[17.],
            [39.]])
    """
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"shapes {a.shape} and {b.shape}: a matrix product needs at least 1 axis")
    inner, rows = a.shape[-1], b.shape[-2] if b.ndim > 1 else b.shape[0]
    if inner != rows:
        raise ValueError(
            f"shapes {a.shape} and {b.shape}: the last axis of the left ({inner}) "
            f"must equal the second to last of the right ({rows})"
        )
    if a.ndim > 2 and b.ndim == 2:  # one large product costs less than many small ones
        rows = a.reshape(numel(a.shape[:-1]), inner)
        return (rows @ b).reshape(*a.shape[:-1], b.shape[1])
    return a @ b  # (..., n, m)


@Op
def sub(a, b):
    """Subtract `b` from `a` element by element; truth values count as 0 and 1."""
    return _number(a) - b


@Op
def div(a, b):
    """Divide `a` by `b` element by element; integers divide to float32, x / 0 is inf or nan."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.true_divide(a, b)


@Op
def neg(x):
    """Turn the sign of every element."""
    return np.negative(x)


@Op
def power(x, exponent):
    """Raise `x` to `exponent` element by element; a negative base with a fraction gives nan."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return _number(x) ** exponent


@Op(floats=True)
def exp(x):
    """Give e to the power of every element; inf where that is too large for the dtype."""
    with np.errstate(over="ignore"):
        return np.exp(_number(x))


@Op(floats=True)
def log(x):
    """Give the natural logarithm of every element; -inf at 0 and nan below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(_number(x))


@Op(floats=True)
def sqrt(x):
    """Give the square root of every element; nan below 0."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(_number(x))


@Op
def absolute(x):
    """Give the distance of every element from 0. `tinytorch.abs` is the same."""
    return np.abs(x)


@Op
def clamp(x, *, min=None, max=None):
    """Move what is below `min` up to it and what is above `max` down to it; None is no bound."""
    if min is None and max is None:
        raise ValueError("clamp needs min, max, or both")
    return np.clip(x, min, max)


# -- sitting 3: shapes and sums -------------------------------------------------------------------


def infer_shape(shape, count):
    """Fill in the one -1 of `shape` so that it holds `count` elements.

    Raises ValueError that names both where no whole number fits, where -1 stands twice or beside
    a 0, or where the shape holds another count. One unknown has one answer; two have many, and
    beside a 0 every size would do.

    >>> infer_shape((2, -1), 6)
    (2, 3)
    """
    shape = tuple(shape)
    if shape.count(-1) > 1:
        raise ValueError(f"{count} elements, shape {shape}: only one size can be inferred")
    known = numel([size for size in shape if size != -1])
    if -1 in shape and known > 0 and count % known == 0:
        return tuple(count // known if size == -1 else size for size in shape)
    if -1 in shape or known != count:
        raise ValueError(f"{count} elements do not fit into shape {shape}")
    return shape


@Op
def reshape(x, *, shape):
    """Read the same elements, in the same order, in another shape; one size may be -1."""
    return x.reshape(infer_shape(shape, x.size))


@Op
def permute(x, *, dims):
    """Reorder the axes: axis i of the result is axis `dims[i]` of `x`."""
    return x.transpose(dims)


@Op
def take(x, *, index):
    """Pick elements, rows or blocks, as `x[index]` does."""
    return x[index]


@Op
def reduce_sum(x, *, dim=None, keepdim=False):
    """Add up over the axes `dim` (an int, a tuple, or None for all); integers add up to int64."""
    whole = np.int64 if x.dtype.kind in "bui" else None  # NumPy would count uint8 in uint64
    return np.sum(x, axis=dim, keepdims=keepdim, dtype=whole)


@Op
def amax(x, *, dim=None, keepdim=False):
    """Give the largest element over the axes `dim` (None: over all)."""
    return np.max(x, axis=dim, keepdims=keepdim)


@Op
def amin(x, *, dim=None, keepdim=False):
    """Give the smallest element over the axes `dim` (None: over all)."""
    return np.min(x, axis=dim, keepdims=keepdim)


@Op
def expand(x, *, shape):
    """Repeat axes of size 1, and new ones on the left, up to `shape`; -1 keeps a size."""
    sizes = (1,) * (len(shape) - x.ndim) + x.shape
    if len(sizes) > len(shape):
        raise ValueError(f"{x.ndim} axes do not expand to the {len(shape)} of shape {shape}")
    return np.broadcast_to(x, [o if s == -1 else s for s, o in zip(shape, sizes, strict=True)])


@Op(constant=("mask",))
def masked_fill(x, mask, *, value):
    """Put `value` wherever `mask` is True; the mask broadcasts to `x`."""
    return np.where(mask, np.asarray(value, dtype=x.dtype), x)


@Op
def tril(x, *, diagonal=0):
    """Keep the lower triangle of the last two axes and put 0 above the diagonal."""
    return np.tril(x, diagonal)


@Op
def cast(x, *, dtype):
    """Convert to another floating dtype; the gradient comes back in the first one."""
    return x.astype(dtype, copy=False)


# -- the class ------------------------------------------------------------------------------------


class device(str):
    """Where a tensor lies: on the CPU. ValueError for any other place; there is none here."""

    __slots__ = ()
    type, index = "cpu", None

    def __new__(cls, name="cpu", index=None):
        if str(name) not in ("cpu", "cpu:0") or index:
            raise ValueError(f"this framework computes on the CPU only, not on {str(name)!r}")
        return super().__new__(cls, "cpu")


class Tensor:
    """An n-dimensional array with PyTorch's operators, methods and dtypes.

    `data` is a number, nested lists, an ndarray or a tensor; see `as_array` for the dtype.
    `requires_grad=True` asks for a gradient (floating dtypes only, TypeError otherwise).
    The array itself is `.data`; `.recipe` says how the tensor was made, and None marks a leaf.

    Tensors share memory where NumPy's arrays do: `detach`, `reshape`, `permute`, `expand` and
    slices look at the same numbers, so a change in place (`+=`, `x[i] = …`, `copy_`) shows in all
    of them. They also share `version`, which counts such changes, so that no gradient is computed
    from numbers that have changed since. What changes `.data` itself, or an array that a tensor
    was made of, is not counted. What `expand` gives can only be read.
    """

    __slots__ = ("__weakref__", "_changes", "data", "grad", "recipe", "requires_grad")
    __array_ufunc__ = None  # so that array + tensor asks the tensor

    def __init__(self, data, requires_grad=False, dtype=None):
        self.data = as_array(data, dtype)
        self.grad = self.recipe = None
        self._changes = [0]  # a list, so that tensors on the same memory can share the count
        self.requires_grad = False
        self.requires_grad_(requires_grad)
        share_changes(self, (data,))

    @classmethod
    def _wrap(cls, array):
        """Make a tensor of an array as it is; the fast way, for `Op`."""
        out = Tensor.__new__(Tensor)
        out.data, out.requires_grad = array, False
        out.grad = out.recipe = None
        out._changes = [0]
        return out

    shape = property(lambda self: self.data.shape, doc="Sizes of the axes, a tuple.")
    ndim = property(lambda self: self.data.ndim, doc="Number of axes.")
    dtype = property(lambda self: self.data.dtype, doc="NumPy dtype of the elements.")
    device = property(lambda self: device(), doc="Always 'cpu'.")
    version = property(lambda self: self._changes[0], doc="How often its memory was changed.")
    is_leaf = property(lambda self: self.recipe is None, doc="True where no recipe made it.")
    T = property(lambda t: permute(t, dims=tuple(range(t.ndim))[::-1]), doc="Axes reversed.")

    # operators: each hands over to an operation

    def __add__(self, other):
        return add(self, other)

    def __mul__(self, other):
        return mul(self, other)

    def __sub__(self, other):
        """Subtract `other`; Python calls this for `a - b`.

        >>> Tensor([5.0, 7.0]) - 2.0
        Tensor([3., 5.])
        """
        return sub(self, other)

    def __matmul__(self, other):
        return matmul(self, other)

    def __truediv__(self, other):
        return div(self, other)

    def __pow__(self, other):
        return power(self, other)

    def __neg__(self):
        return neg(self)

    def __abs__(self):
        return absolute(self)

    def __invert__(self):
        return Tensor._wrap(~self.data)

    def __and__(self, other):
        return self._compare(np.bitwise_and, other)

    def __or__(self, other):
        return self._compare(np.bitwise_or, other)

    __radd__, __rmul__, __rand__, __ror__ = __add__, __mul__, __and__, __or__

    def __rsub__(self, other):
        return sub(other, self)

    def __rmatmul__(self, other):
        return matmul(other, self)

    def __rtruediv__(self, other):
        return div(other, self)

    def __rpow__(self, other):
        return power(other, self)

    def __iadd__(self, other):
        return self._in_place(add, np.add, other)

    def __isub__(self, other):
        return self._in_place(sub, np.subtract, other)

    def __imul__(self, other):
        return self._in_place(mul, np.multiply, other)

    def __itruediv__(self, other):
        return self._in_place(div, np.true_divide, other)

    def __eq__(self, other):
        return self._compare(np.equal, other)

    def __ne__(self, other):
        return self._compare(np.not_equal, other)

    def __lt__(self, other):
        return self._compare(np.less, other)

    def __le__(self, other):
        return self._compare(np.less_equal, other)

    def __gt__(self, other):
        return self._compare(np.greater, other)

    def __ge__(self, other):
        return self._compare(np.greater_equal, other)

    __hash__ = object.__hash__

    def __deepcopy__(self, memo):
        """Copy a leaf with all that it holds; ValueError for what has a recipe, as in PyTorch."""
        if self.recipe is not None:
            raise ValueError(
                f"a tensor that {self.recipe.op.name} made cannot be copied with its recipe: "
                "use .detach().clone(), or copy the leaves that it was made of"
            )
        twin = memo[id(self)] = type(self).__new__(type(self))
        for name in ("data", "grad", "_changes", "requires_grad", "recipe"):
            setattr(twin, name, copy.deepcopy(getattr(self, name), memo))
        return twin

    def __getstate__(self):
        """Give what pickle keeps: all but the recipe, so that a leaf comes back, as in PyTorch."""
        attributes, slots = super().__getstate__()
        return attributes, slots | {"recipe": None}

    def __bool__(self):
        if self.data.size != 1:
            raise ValueError(
                f"a tensor of shape {self.shape} is neither true nor false: "
                "use .all(), .any(), or .item() of one element"
            )
        return bool(self.data)

    def __len__(self):
        if self.ndim == 0:
            raise TypeError("a tensor of shape () has no length: it is one number")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __float__(self):
        return float(self.item())

    def __int__(self):
        return int(self.item())

    def __repr__(self):
        text = np.array2string(self.data, separator=", ", prefix="Tensor(", precision=4)
        plain = self.dtype in (np.float32, np.int64, np.bool_)
        kind = "" if plain else f", dtype={self.dtype}"
        return f"Tensor({text}{kind}{', requires_grad=True' if self.requires_grad else ''})"

    def __getitem__(self, index):
        """Pick elements as NumPy does: ints, slices, None, ..., masks, arrays or tensors of ints.

        Raises IndexError that names the index and the shape. One operation, `take`, serves every
        kind of index, so that one gradient rule will do for all of them.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]])[:, 1]
        Tensor([2., 4.])
        """
        try:
            return take(self, index=index)
        except IndexError as error:
            raise IndexError(f"index {index} does not fit shape {self.shape}: {error}") from None

    def __setitem__(self, index, value):
        if is_recording() and (self.requires_grad or getattr(value, "requires_grad", False)):
            raise ValueError(
                "assigning to elements is not recorded, and gradients would be wrong: "
                "do it under no_grad(), or make the tensor of its parts"
            )
        self._may_write()
        unwrap = tuple(map(_plain, index)) if isinstance(index, tuple) else _plain(index)
        self.data[unwrap] = _plain(value)
        self._changes[0] += 1

    # looking at it

    def size(self, dim=None):
        """Give the shape, or the size of one axis."""
        return self.shape if dim is None else self.shape[_axis(dim, self.ndim, self.shape)]

    def dim(self):
        """Count the axes, as `ndim` does."""
        return self.ndim

    def stride(self):
        """Tell how many elements one step along each axis skips, in row-major order."""
        return strides(self.shape)

    def numel(self):
        """Count the elements."""
        return numel(self.shape)

    def item(self):
        """Give the one element as a Python number.

        Raises ValueError that names the shape where there is not exactly one: which of them
        should it be?

        >>> Tensor([[2.5]]).item()
        2.5
        """
        if self.data.size != 1:
            raise ValueError(
                f"item() needs exactly 1 element, shape {self.shape} has {numel(self.shape)}"
            )
        return self.data.item()

    def tolist(self):
        """Give nested Python lists, or one number where there are no axes."""
        return self.data.tolist()

    def numpy(self):
        """Give the array itself, not a copy."""
        return self.data

    def __array__(self, dtype=None, copy=None):
        return np.array(self.data, dtype, copy=copy)

    # axes

    def reshape(self, *shape):
        """Read the elements in another shape; one size may be -1. ValueError where none fits."""
        return reshape(self, shape=_sizes(shape))

    view = reshape

    def flatten(self, start_dim=0, end_dim=-1):
        """Merge the axes from `start_dim` to `end_dim`, both included, into one.

        Negative numbers count from the end (`_axis`); a tensor of no axes becomes (1,). Raises
        IndexError for an axis that there is not. A linear layer wants (batch, features), whatever
        shape a picture has.

        >>> Tensor([[[1.0, 2.0], [3.0, 4.0]]]).flatten(1).shape
        (1, 4)
        """
        if self.ndim == 0:
            return self.reshape(1)
        start, end = _axis(start_dim, self.ndim), _axis(end_dim, self.ndim)
        merged = numel(self.shape[start : end + 1])
        return self.reshape(*self.shape[:start], merged, *self.shape[end + 1 :])

    def transpose(self, dim0, dim1):
        """Exchange two axes; negative numbers count from the end (`_axis`), IndexError beyond it.

        >>> Tensor([[1.0, 2.0, 3.0]]).transpose(0, 1).shape
        (3, 1)
        """
        dims = list(range(self.ndim))
        one, two = (_axis(dim, self.ndim, self.shape) for dim in (dim0, dim1))
        dims[one], dims[two] = dims[two], dims[one]
        return self.permute(*dims)

    def permute(self, *dims):
        """Reorder all axes: axis i of the result is axis `dims[i]` of this."""
        return permute(self, dims=_sizes(dims))

    def unsqueeze(self, dim):
        """Insert an axis of size 1 so that it becomes axis `dim`."""
        at = _axis(dim, self.ndim + 1)
        return self.reshape(*self.shape[:at], 1, *self.shape[at:])

    def squeeze(self, dim=None):
        """Drop all axes of size 1, or axis `dim` if its size is 1."""
        drop = range(self.ndim) if dim is None else [_axis(dim, max(self.ndim, 1))]
        return self.reshape(*[n for i, n in enumerate(self.shape) if n != 1 or i not in drop])

    def expand(self, *shape):
        """Repeat axes of size 1 up to `shape` without copying; -1 keeps a size."""
        return expand(self, shape=_sizes(shape))

    # reductions

    def sum(self, dim=None, keepdim=False):
        """Add up all elements, or those along `dim` (an int or a tuple).

        The axes in `dim` disappear; with `keepdim=True` they stay with size 1, so that the result
        still broadcasts against the original.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).sum(dim=0)
        Tensor([4., 6.])
        """
        return reduce_sum(self, dim=dim, keepdim=keepdim)

    def mean(self, dim=None, keepdim=False):
        """Average all elements, or those along `dim` (an int or a tuple).

        The mean of integers is float32; of no elements, nan; where there are no results, as of
        shape (0, 3) over axis 1, empty. Dividing by the count makes a loss that does not grow
        with the batch.

        >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).mean(dim=1, keepdim=True)
        Tensor([[1.5],
                [3.5]])
        """
        total = self.sum(dim, keepdim)
        return total / (self.numel() / max(total.numel(), 1))

    def var(self, dim=None, correction=1, keepdim=False):
        """Give the variance; it divides by count - `correction` (NumPy's default is 0)."""
        squares = (self - self.mean(dim, keepdim=True)) ** 2.0
        total = squares.sum(dim, keepdim)
        return total / max(self.numel() / max(total.numel(), 1) - correction, 0.0)

    def max(self, dim=None, keepdim=False):
        """Give the largest element; along `dim`, a pair of (values, indices)."""
        return amax(self) if dim is None else self._extreme(self.argmax(dim, True), dim, keepdim)

    def min(self, dim=None, keepdim=False):
        """Give the smallest element; along `dim`, a pair of (values, indices)."""
        return amin(self) if dim is None else self._extreme(self.argmin(dim, True), dim, keepdim)

    def argmax(self, dim=None, keepdim=False):
        """Tell where the largest element is: the first of equals; over all, in flat order."""
        return Tensor(np.asarray(np.argmax(self.data, dim, keepdims=keepdim and dim is not None)))

    def argmin(self, dim=None, keepdim=False):
        """Tell where the smallest element is: the first of equals; over all, in flat order."""
        return Tensor(np.asarray(np.argmin(self.data, dim, keepdims=keepdim and dim is not None)))

    def all(self, dim=None, keepdim=False):
        """Tell whether every element is true (not 0)."""
        return Tensor(np.asarray(np.all(self.data, dim, keepdims=keepdim)))

    def any(self, dim=None, keepdim=False):
        """Tell whether at least one element is true (not 0)."""
        return Tensor(np.asarray(np.any(self.data, dim, keepdims=keepdim)))

    # element by element

    def exp(self):
        """Give e to the power of every element."""
        return exp(self)

    def log(self):
        """Give the natural logarithm of every element."""
        return log(self)

    def sqrt(self):
        """Give the square root of every element."""
        return sqrt(self)

    def abs(self):
        """Give the distance of every element from 0."""
        return absolute(self)

    def pow(self, exponent):
        """Raise every element to `exponent`."""
        return power(self, exponent)

    def clamp(self, min=None, max=None):
        """Limit every element to the range from `min` to `max`."""
        return clamp(self, min=min, max=max)

    def masked_fill(self, mask, value):
        """Put `value` wherever `mask` is True."""
        return masked_fill(self, mask, value=value)

    def tril(self, diagonal=0):
        """Keep the lower triangle of the last two axes."""
        return tril(self, diagonal=diagonal)

    # dtype, copies, gradients

    def to(self, target=None, dtype=None, *, device=None):
        """Convert to a dtype; of devices there is only the CPU (ValueError for any other)."""
        if isinstance(target, str) and target.split(":")[0] in ("cpu", "cuda", "mps", "xpu"):
            target, device = None, target
        check_device(device)
        target = dtype if target is None else target
        if target is None:
            return self
        if np.dtype(target) == self.dtype:
            return self
        if np.dtype(target).kind == "f" and self.dtype.kind == "f":
            return cast(self, dtype=np.dtype(target))
        return Tensor(self.data.astype(target))

    def cpu(self):
        """Give itself: it is on the CPU."""
        return self

    def float(self):
        """Convert to float32."""
        return self.to(np.float32)

    def double(self):
        """Convert to float64."""
        return self.to(np.float64)

    def long(self):
        """Convert to int64, cutting off fractions."""
        return self.to(np.int64)

    def clone(self):
        """Copy the elements; gradients flow back through the copy."""
        return self * 1 if self.requires_grad else Tensor(self.data.copy())

    def detach(self):
        """Give the same array as a tensor without a recipe; changes in place show in both."""
        out = Tensor._wrap(self.data)
        out._changes = self._changes
        return out

    def requires_grad_(self, requires_grad=True):
        """Ask for a gradient, or no longer; floating dtypes only (TypeError)."""
        if requires_grad and self.dtype.kind != "f":
            raise TypeError(f"only floating tensors can have a gradient, this one is {self.dtype}")
        self.requires_grad = bool(requires_grad)
        return self

    def copy_(self, other):
        """Overwrite the elements with those of `other`, which broadcasts; gives itself.

        Also where this is a leaf that requires a gradient: initialisation, loading and optimizers
        change parameters so, and the version says that it happened.
        """
        self._may_write()
        self.data[...] = _plain(other)
        self._changes[0] += 1
        return self

    def fill_(self, value):
        """Overwrite every element with one number, as `copy_` does; gives itself."""
        return self.copy_(value)

    def zero_(self):
        """Overwrite every element with 0, as `copy_` does; gives itself."""
        return self.copy_(0)

    def backward(self, gradient=None, retain_graph=False):
        """Compute the gradients of everything this was made from. Stage 05 writes the walk."""
        from .autograd import backward

        backward(self, gradient, retain_graph)

    def _compare(self, ufunc, other):
        return Tensor._wrap(np.asarray(ufunc(self.data, _plain(other))))

    def _may_change(self):
        """Refuse a change in place that gradients would not notice, or that cannot be made."""
        if is_recording() and self.recipe is None and self.requires_grad:
            raise ValueError(
                "a leaf that requires a gradient may be changed in place by copy_(), "
                "or by anything under no_grad(), which stage 05 writes"
            )
        self._may_write()

    def _may_write(self):
        if not self.data.flags.writeable:
            raise ValueError(
                "this tensor can only be read: it was expanded, so that several elements are one "
                "number, or made of an array that is read-only; change its clone()"
            )

    def _in_place(self, op, ufunc, other):
        if is_recording() and (self.recipe is not None or getattr(other, "requires_grad", False)):
            return op(self, other)  # the name moves on to a new tensor, and the graph stays right
        self._may_change()
        ufunc(self.data, _plain(other), out=self.data, casting="same_kind")
        self._changes[0] += 1
        return self

    def _extreme(self, at, dim, keepdim):
        grid = list(np.indices(at.shape, sparse=True))
        grid[dim] = at.data
        values = self[tuple(grid)]
        return ValuesIndices(*((values, at) if keepdim else (values.squeeze(dim), at.squeeze(dim))))


Op.tensor_type = Tensor


def _rectangular(data):
    """Make an array of numbers, or say why it cannot be one."""
    if isinstance(data, (list, tuple)):
        data = _plain_lists(data)
    try:
        array = np.asarray(data)
    except ValueError:
        raise ValueError(f"rows differ in length: {str(data)[:60]} is no rectangle") from None
    if array.size == 0 and not isinstance(data, np.ndarray):
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"a tensor holds numbers, not {type(data).__name__} {str(data)[:40]!r}")
    return array


def _plain_lists(data):
    if isinstance(data, (list, tuple)):
        return [_plain_lists(value) for value in data]
    return data.tolist() if isinstance(data, Tensor) else data


def _plain(value):
    if isinstance(value, np.generic):
        return value.item()
    return value.data if isinstance(value, Tensor) else value


def _sizes(sizes):
    """Accept both f(2, 3) and f((2, 3)), as PyTorch does."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    return tuple(map(int, sizes))


def check_device(name):
    """Refuse every device but the CPU; None is none in particular."""
    if name is not None:
        device(name)


def _axis(dim, ndim, shape=None):
    """Count axis `dim` from the left, also where it is negative; IndexError where there is none."""
    if not -ndim <= dim < ndim:
        where = "" if shape is None else f" in shape {shape}"
        raise IndexError(f"there is no axis {dim}{where}: the axes are {list(range(-ndim, ndim))}")
    return dim % ndim


def _number(value):
    """Count truth values as the integers 0 and 1, which is what PyTorch computes with."""
    if isinstance(value, bool) or getattr(value, "dtype", None) is np.dtype(bool):
        return value * 1
    return value
