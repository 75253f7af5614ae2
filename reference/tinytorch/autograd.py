"""Automatic differentiation: gradient rules in a table, and a walk back over recipes (stage 05).

The operations of stages 01 to 04 know nothing of gradients; their results remember how they were
made. Here every input of every operation gets a rule, and `backward` walks from a result to all
that led to it. No earlier file is touched.

Order of the file: what is yours, sitting by sitting; then the given rules, the given half of the
walk, and the tools that find faults.
"""

import functools
import os
import sys
import weakref
from types import SimpleNamespace

import numpy as np

from .activations import gelu, log_softmax, normal_cdf, relu, sigmoid, softmax, tanh
from .losses import binary_cross_entropy_with_logits, cross_entropy
from .op import Recipe, is_recording, state
from .tensor import (
    Tensor,
    absolute,
    add,
    amax,
    amin,
    as_array,
    cast,
    clamp,
    div,
    exp,
    expand,
    log,
    masked_fill,
    matmul,
    mul,
    neg,
    numel,
    permute,
    power,
    reduce_sum,
    reshape,
    sqrt,
    sub,
    take,
    tril,
)

__all__ = [
    "MissingGradient",
    "backward",
    "consumers_first",
    "detect_anomaly",
    "draw",
    "enable_grad",
    "gradcheck",
    "gradient",
    "is_grad_enabled",
    "no_grad",
    "numeric_gradient",
    "parents",
    "set_grad_enabled",
    "unbroadcast",
]

RULES = {}  # (operation, name of an input) -> rule
QUIET = np.errstate(all="ignore")  # over a rule: inf and nan where they belong, and no warning


class MissingGradient(LookupError):
    """The walk came to an input of an operation for which the table has no rule."""


def gradient(operation, name):
    """Enter the function below into the table, as the rule for input `name` of `operation`.

    A rule gets arrays, rule(g, out, *inputs, **params), and changes none of them: `g`, the
    gradient of the result, has its shape; `out` is the result; the inputs are what the forward
    function saw. It gives the gradient of that one input; where the input was broadcast, the
    share may still have the shape of the result, since `unbroadcast` follows. Raises ValueError
    for a name that the operation does not have.
    """
    if name not in operation.inputs:
        raise ValueError(f"{operation!r} has no input {name!r}")

    def enter(rule):
        RULES[operation, name] = rule
        return rule

    return enter


def matmul_gradient(name):
    """Enter a rule of matmul that sees matrices only, whatever was multiplied.

    A 1-d input gets the axis back that matmul dropped, and loses it again. Where `b` is one
    matrix, all rows of `a`, however many axes hold them, count as rows of one matrix: one large
    product costs less than many small ones and a sum.
    """

    def enter(rule):
        @functools.wraps(rule)
        def with_matrices(g, out, a, b):
            if a.ndim == 2 == b.ndim:
                return rule(g, out, a, b)
            left, right = a[None] if a.ndim == 1 else a, b[:, None] if b.ndim == 1 else b
            g = g[..., None] if b.ndim == 1 else g
            g = g[..., None, :] if a.ndim == 1 else g
            many = left.ndim > 2 and right.ndim == 2
            if many:
                rows = numel(left.shape[:-1])  # not -1, which is any number where a size is 0
                left, g = left.reshape(rows, left.shape[-1]), g.reshape(rows, g.shape[-1])
            share = rule(g, out, left, right)
            if name == "a" and many and np.size(share) == a.size:
                return share.reshape(a.shape)
            if name == "a" and a.ndim == 1 and np.ndim(share) > 1:
                return share[..., 0, :]
            return share[..., 0] if name == "b" and b.ndim == 1 and np.ndim(share) > 1 else share

        return gradient(matmul, name)(with_matrices)

    return enter


# -- sitting 1: one step back ---------------------------------------------------------------------


def numeric_gradient(f, x, eps=1e-6):
    """Measure the slope of `f` at the array `x`, by nudging one element after the other.

    `f` takes an array of the shape of x and gives one number, or a tensor of one element. Element
    i of the result, float64, is (f(x with eps added at i) - f(x with eps taken off at i)) / 2 eps.
    x itself stays as it is. Two calls for each element are slow, but nothing is trusted except f:
    this is the judge of every rule.

    >>> numeric_gradient(lambda a: a[0] * a[1], np.array([3.0, 4.0])).round(6).tolist()
    [4.0, 3.0]
    """
    x = np.array(x, dtype=np.float64)
    slopes = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + eps
        above = float(f(x))
        x[at] = kept - eps
        slopes[at] = (above - float(f(x))) / (2 * eps)
        x[at] = kept
    return slopes


@gradient(add, "a")
def add_a(g, out, a, b):
    """Give the share of `a` in a + b.

    >>> add_a(np.array([5.0]), None, np.array([3.0]), np.array([4.0])).tolist()
    [5.0]
    """
    return g


@gradient(add, "b")
def add_b(g, out, a, b):
    """Give the share of `b` in a + b.

    >>> add_b(np.array([5.0]), None, np.array([3.0]), np.array([4.0])).tolist()
    [5.0]
    """
    return g


@gradient(mul, "a")
def mul_a(g, out, a, b):
    """Give the share of `a` in a * b.

    >>> mul_a(np.array([5.0]), None, np.array([3.0]), np.array([4.0])).tolist()
    [20.0]
    """
    return g * b


@gradient(mul, "b")
def mul_b(g, out, a, b):
    """Give the share of `b` in a * b.

    >>> mul_b(np.array([5.0]), None, np.array([3.0]), np.array([4.0])).tolist()
    [15.0]
    """
    return g * a


@gradient(power, "x")
@QUIET
def power_x(g, out, x, exponent):
    """Give the share of `x` in x ** exponent; at exponent 0 it is 0, also where x is 0.

    >>> power_x(np.array([1.0]), None, np.array([3.0]), 2.0).tolist()
    [6.0]
    """
    return g * exponent * x ** (exponent - (exponent != 0))


def parents(tensor):
    """List the tensors that `tensor` was made of and that want a gradient, one for each arrow.

    `tensor.recipe.inputs` are all inputs, `tensor.recipe.wanted` the positions of those that want
    a gradient. A tensor that went in twice is listed twice. A leaf, whose recipe is None, has no
    parents.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> [parent is x for parent in parents(x * x)], parents(x)
    ([True, True], [])
    """
    recipe = tensor.recipe
    return [recipe.inputs[i] for i in recipe.wanted] if recipe else []


# -- sitting 2: in which order --------------------------------------------------------------------


def consumers_first(root):
    """Yield `root` and all that led to it, each once and after everything that was made of it.

    Counts first how many arrows lead to each tensor; who has got as many deliveries is ready. No
    recursion, and work linear in the arrows (Kahn 1962). What was yielded is not held on to, so
    that its memory can be freed while the walk goes on.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> u = x * x
    >>> [tensor.item() for tensor in consumers_first(u * (u * 2.0))]
    [162.0, 18.0, 9.0, 3.0]
    """
    expected, arrows, todo = {root: 0}, {}, [root]
    while todo:
        tensor = todo.pop()
        arrows[tensor] = parents(tensor)
        for parent in arrows[tensor]:
            if parent not in expected:
                expected[parent] = 0
                todo.append(parent)
            expected[parent] += 1
    ready = [root]
    while ready:
        tensor = ready.pop()
        del expected[tensor]
        yield tensor
        for parent in arrows.pop(tensor):
            expected[parent] -= 1
            if expected[parent] == 0:
                ready.append(parent)


def backward(root, gradient=None, retain_graph=False):
    """Add to the `.grad` of every leaf behind `root` the gradient of root with respect to it.

    Each tensor has a letterbox for the shares of those that were made of it; who is visited
    empties it and hands on. `gradient` is that of root, an array or tensor of its shape; it may
    be left out where root is one number, and is 1 then. Raises ValueError where root wants no
    gradient or the shapes differ. The recipes are used up on the way unless `retain_graph`.
    A leaf's `.grad` is added to, never replaced: whoever wants a fresh one clears it first.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> backward(x * x + x)
    >>> x.grad
    Tensor(7.)
    """
    boxes = {root: first_gradient(root, gradient)}
    for tensor in consumers_first(root):
        g = boxes.pop(tensor)
        if tensor.recipe is not None:
            for parent, share in contributions(tensor, g, retain_graph):
                boxes[parent] = boxes[parent] + share if parent in boxes else share
        elif tensor.grad is None:
            tensor.grad = as_gradient(g)
        else:
            tensor.grad += g


# -- sitting 3: shapes ----------------------------------------------------------------------------


def unbroadcast(g, shape):
    """Add up the shares of all copies that broadcasting made: g comes back in `shape`.

    Axes that were missing on the left are summed away; axes of size 1 that were stretched are
    summed and stay. A gradient has the shape of what it is a gradient of.

    >>> unbroadcast(np.ones((4, 3)), (3,)).tolist(), unbroadcast(np.ones((4, 3)), (4, 1)).tolist()
    ([4.0, 4.0, 4.0], [[3.0], [3.0], [3.0], [3.0]])
    """
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple([i for i, size in enumerate(shape) if size == 1])
    return g.sum(axis=stretched, keepdims=True) if stretched else g


@matmul_gradient("a")
def matmul_a(g, out, a, b):
    """Give the share of `a` in a @ b: g (..., n, m) and b (..., k, m) give (..., n, k).

    >>> matmul_a(np.ones((1, 2)), None, np.ones((1, 3)), np.arange(6.0).reshape(3, 2)).tolist()
    [[1.0, 5.0, 9.0]]
    """
    return g @ b.swapaxes(-1, -2)


@matmul_gradient("b")
def matmul_b(g, out, a, b):
    """Give the share of `b` in a @ b: a (..., n, k) and g (..., n, m) give (..., k, m).

    >>> matmul_b(np.ones((1, 2)), None, np.array([[1.0, 2.0, 3.0]]), np.ones((3, 2))).tolist()
    [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    """
    return a.swapaxes(-1, -2) @ g


@gradient(reduce_sum, "x")
def reduce_sum_x(g, out, x, *, dim=None, keepdim=False):
    """Give the share of `x` in x.sum(dim, keepdim): each element was added once.

    >>> reduce_sum_x(np.array([1.0, 2.0]), None, np.ones((2, 3)), dim=1).tolist()
    [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]
    """
    if dim is not None and not keepdim:
        g = np.expand_dims(g, dim)
    return np.broadcast_to(g, x.shape)


@gradient(reshape, "x")
def reshape_x(g, out, x, *, shape):
    """Give the share of `x` in x.reshape(shape).

    >>> reshape_x(np.array([1.0, 2.0, 3.0, 4.0]), None, np.ones((2, 2)), shape=(4,)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return g.reshape(x.shape)


@gradient(permute, "x")
def permute_x(g, out, x, *, dims):
    """Give the share of `x` in x.permute(dims): every axis goes back to where it came from.

    >>> permute_x(np.zeros((4, 2, 3)), None, np.zeros((2, 3, 4)), dims=(2, 0, 1)).shape
    (2, 3, 4)
    """
    return g.transpose(sorted(range(g.ndim), key=lambda axis: dims[axis] % g.ndim))


@gradient(take, "x")
def take_x(g, out, x, *, index):
    """Give the share of `x` in x[index]: 0 where nothing was picked, a sum where it was twice.

    `np.add.at` serves every index; where no place can be picked twice (`picks_once`), assigning
    does the same and is much faster.

    >>> take_x(np.array([1.0, 2.0, 3.0]), None, np.zeros(4), index=[0, 0, 2]).tolist()
    [3.0, 0.0, 3.0, 0.0]
    """
    share = np.zeros_like(x)
    if picks_once(index):
        share[index] = g
    else:
        np.add.at(share, index, g)
    return share


# -- sitting 4: what the layers need --------------------------------------------------------------


@gradient(relu, "x")
def relu_x(g, out, x):
    """Give the share of `x` in relu(x): g where x is above 0, else 0, also at 0 itself.

    >>> x = np.array([-1.0, 0.0, 2.0])
    >>> relu_x(np.array([5.0, 5.0, 5.0]), np.array([0.0, 0.0, 2.0]), x).tolist()
    [0.0, 0.0, 5.0]
    """
    return g * (x > 0)


@gradient(sigmoid, "x")
def sigmoid_x(g, out, x):
    """Give the share of `x` in sigmoid(x): the slope is out (1 - out).

    >>> sigmoid_x(np.array([1.0]), np.array([0.5]), np.array([0.0])).tolist()
    [0.25]
    """
    return g * out * (1 - out)


@gradient(softmax, "x")
def softmax_x(g, out, x, *, dim):
    """Give the share of `x` in softmax(x, dim): out (g - sum of g out), the sum along `dim`.

    More for one answer is less for the others, and the sum is what they lose.

    >>> softmax_x(np.array([1.0, 0.0]), np.array([0.5, 0.5]), None, dim=0).tolist()
    [0.25, -0.25]
    """
    return out * (g - np.sum(g * out, axis=dim, keepdims=True))


@gradient(cross_entropy, "logits")
def cross_entropy_logits(g, out, logits, target, *, reduction="mean"):
    """Give the share of the logits in cross_entropy: (softmax - one-hot of the target) times g.

    logits (N, C) and classes (N,), or (C,) and one class. With the reduction "mean" each example
    has 1/N of g; with "none" g holds one number for each.

    >>> logits = np.array([[0.0, 0.0], [0.0, 0.0]])
    >>> cross_entropy_logits(np.array(1.0), None, logits, np.array([0, 1])).tolist()
    [[-0.25, 0.25], [0.25, -0.25]]
    """
    share = softmax.forward(logits, dim=-1)
    rows = share.reshape(-1, logits.shape[-1])
    rows[np.arange(target.size), target.ravel()] -= 1
    scale = g / target.size if reduction == "mean" else g
    return share * (scale[..., None] if reduction == "none" else scale)


# -- sitting 5: not to remember -------------------------------------------------------------------


class no_grad:
    """Remember nothing inside a `with` block, or during the calls of a decorated function.

    For what is no part of the computation to be differentiated: updates of parameters,
    evaluation. Only this thread is concerned.
    """

    recording = False  # what the block is to do

    def __enter__(self):
        """Keep `state.recording` as it was on self, and put this block's in its place.

        >>> x = Tensor(1.0, requires_grad=True)
        >>> with no_grad():
        ...     (x * 2.0).requires_grad
        False
        """
        self.before = state.recording
        state.recording = self.recording

    def __exit__(self, *error):
        """Bring back what was before, whether the block ended well or not.

        >>> x = Tensor(1.0, requires_grad=True)
        >>> with no_grad():
        ...     pass
        >>> (x * 2.0).requires_grad
        True
        """
        state.recording = self.before

    def __call__(self, function):
        """Decorate a function: each call has a block of its own."""

        @functools.wraps(function)
        def without(*arguments, **named):
            with set_grad_enabled(self.recording):
                return function(*arguments, **named)

        return without


class enable_grad(no_grad):
    """Remember again inside a `with` block, even within `no_grad`."""

    recording = True


class set_grad_enabled(no_grad):
    """Remember, or not, inside a `with` block."""

    def __init__(self, mode):
        self.recording = bool(mode)


def is_grad_enabled():
    """Tell whether this thread remembers how results are made."""
    return is_recording()


# -- given: the other half of the walk ------------------------------------------------------------

WALKED = Recipe.__new__(Recipe)  # stands where a recipe was that has been used up
WALKED.op = SimpleNamespace(name="an operation")  # for messages that name what made a tensor
WALKED.inputs = WALKED.wanted = ()


def first_gradient(root, gradient):
    """Give the array that goes into the letterbox of root, or say why there is none."""
    if not root.requires_grad:
        raise ValueError(
            f"nothing that led to this tensor of shape {root.shape} requires a gradient: make a "
            "leaf with requires_grad=True, and compute outside of no_grad()"
        )
    if gradient is None:
        if root.data.size != 1:
            raise ValueError(
                f"backward() starts at one number, this tensor has shape {root.shape}: reduce it "
                "with sum() or mean(), or give a gradient of that shape"
            )
        return np.ones_like(root.data)
    first = np.array(as_array(gradient), dtype=root.dtype)
    if first.shape != root.shape:
        raise ValueError(f"the gradient has shape {first.shape}, the tensor {root.shape}")
    return first


def contributions(tensor, g, retain_graph=False):
    """Yield (input, its share of g) for each input of the recipe that wants a gradient.

    Every share has the shape and dtype of its input and shares no memory with another's. Raises
    MissingGradient where the table has no rule, ValueError where the recipe is used up, where an
    input or the result has been changed in place since it was written, and where a rule's answer
    does not fit.
    """
    recipe, out, examine = tensor.recipe, tensor.data, state.examine
    check_recipe(tensor, recipe)
    if not retain_graph:
        tensor.recipe = WALKED
    params, wanted, shared = recipe.params, recipe.wanted, False
    for i in wanted:
        value, rule = recipe.inputs[i], rule_for(recipe, i)
        data = value.data
        if recipe.op.variadic:
            params = {**recipe.params, "position": i}
        share = rule(g, out, *recipe.arrays, **params)
        if share is None:
            raise TypeError(f"the rule {rule.__name__} gave None back: is a return missing?")
        share = np.asarray(share)
        if share.shape != data.shape:
            share = fitted(share, data.shape, rule, out)
        if share.dtype != data.dtype:
            share = share.astype(data.dtype)
        if len(wanted) > 1 and np.may_share_memory(share, g):
            share, shared = share.copy() if shared else share, True
        if examine:
            examine(recipe, i, g, out, share)
        yield value, share


def rule_for(recipe, position):
    """Find the rule for an input: that of the kernel which was in use, else the table's."""
    op = recipe.op
    name = op.input_name(position) if op.variadic else op.inputs[position]
    rule = (recipe.rules and recipe.rules.get(name)) or RULES.get((op, name))
    if rule is None:
        raise MissingGradient(
            f"there is no gradient rule for input {name!r} of the operation {op.name}; "
            f"@gradient({op.name}, {name!r}) over a function enters one"
        )
    return rule


def check_recipe(tensor, recipe):
    """Refuse a recipe that is used up, or whose arrays are no longer what they were."""
    if recipe is WALKED:
        raise ValueError(
            f"the way back from this tensor of shape {tensor.shape} has been walked, and its "
            "recipes are freed; backward(retain_graph=True) keeps them for another walk"
        )
    if tensor._changes[0] != recipe.version:
        raise ValueError(
            f"the result of {recipe.op.name}, shape {tensor.shape}, was changed in place after it "
            "was made, and its gradient would be wrong; change a clone()"
        )
    for i, (value, version) in enumerate(zip(recipe.inputs, recipe.versions, strict=True)):
        if isinstance(value, Tensor) and value._changes[0] != version:
            raise ValueError(
                f"input {recipe.op.input_name(i)!r} of {recipe.op.name}, shape {value.shape}, was "
                f"changed in place after {recipe.op.name} had used it, and the gradient would be "
                "wrong; call backward() first, or change a clone()"
            )


def fitted(share, shape, rule, out):
    """Bring a share into the shape of its input, or say that the rule's answer does not fit."""
    if share.ndim >= len(shape):
        ours = share.shape[share.ndim - len(shape) :]
        if all(size in (1, got) for size, got in zip(shape, ours, strict=True)):
            share = np.asarray(unbroadcast(share, shape))
            if share.shape != shape:
                raise ValueError(f"unbroadcast gave shape {share.shape}, asked for was {shape}")
            return share
    raise ValueError(
        f"the rule {rule.__name__} gave shape {share.shape} for an input of shape {shape} "
        f"(the result has shape {out.shape})"
    )


def as_gradient(g):
    """Make the `.grad` of a leaf: a tensor with a writable array of its own, without gaps.

    It may lie in memory by rows or by columns: Linear's weight does the latter, and its gradient.
    """
    own = g.flags.forc and g.flags.writeable
    return Tensor._wrap(g if own else np.array(g, order="C"))


def picks_once(index):
    """Tell whether an index is of a kind that cannot pick one place twice."""
    parts = index if isinstance(index, tuple) else (index,)
    plain = (int, np.integer, slice, type(None), type(Ellipsis))
    return all(isinstance(part, plain) or _is_mask(part) for part in parts)


def _is_mask(part):
    return getattr(part, "dtype", None) == np.bool_


# -- given: rules, each with a sibling among yours ------------------------------------------------


@gradient(sub, "a")
def sub_a(g, out, a, b):
    """Give the share of `a` in a - b."""
    return g


@gradient(sub, "b")
def sub_b(g, out, a, b):
    """Give the share of `b` in a - b."""
    return -g


@gradient(div, "a")
@QUIET
def div_a(g, out, a, b):
    """Give the share of `a` in a / b."""
    return g / b


@gradient(div, "b")
@QUIET
def div_b(g, out, a, b):
    """Give the share of `b` in a / b: -a / b², which is -out / b."""
    return -g * out / b


@gradient(power, "exponent")
@QUIET
def power_exponent(g, out, x, exponent):
    """Give the share of the exponent: out ln x; 0 where x is 0 and the exponent at least 0."""
    slope = np.where((x == 0) & (exponent >= 0), 0, out * np.log(np.abs(x)))
    return g * np.where(x < 0, np.nan, slope)


@gradient(neg, "x")
def neg_x(g, out, x):
    """Give the share of `x` in -x."""
    return -g


@gradient(exp, "x")
def exp_x(g, out, x):
    """Give the share of `x` in exp(x), whose slope is exp(x) itself."""
    return g * out


@gradient(log, "x")
@QUIET
def log_x(g, out, x):
    """Give the share of `x` in log(x)."""
    return g / x


@gradient(sqrt, "x")
@QUIET
def sqrt_x(g, out, x):
    """Give the share of `x` in sqrt(x): inf at 0."""
    return g / (2 * out)


@gradient(absolute, "x")
def absolute_x(g, out, x):
    """Give the share of `x` in |x|: the sign, and 0 at 0."""
    return g * np.sign(x)


@gradient(clamp, "x")
def clamp_x(g, out, x, *, min=None, max=None):
    """Give the share of `x` in clamp: g where x lies within the bounds, also on them."""
    inside = np.ones(x.shape, bool)
    if min is not None:
        inside &= x >= min
    if max is not None:
        inside &= x <= max
    return g * inside


@gradient(amax, "x")
def amax_x(g, out, x, *, dim=None, keepdim=False):
    """Give the share of `x` in amax: equal largest elements share it, as in PyTorch."""
    return _to_the_extreme(g, out, x, dim, keepdim)


@gradient(amin, "x")
def amin_x(g, out, x, *, dim=None, keepdim=False):
    """Give the share of `x` in amin: equal smallest elements share it, as in PyTorch."""
    return _to_the_extreme(g, out, x, dim, keepdim)


def _to_the_extreme(g, out, x, dim, keepdim):
    if dim is not None and not keepdim:
        g, out = np.expand_dims(g, dim), np.expand_dims(out, dim)
    chosen = x == out
    return g * chosen / chosen.sum(axis=dim, keepdims=True)


@gradient(expand, "x")
def expand_x(g, out, x, *, shape):
    """Give the share of `x` in expand: `unbroadcast` adds up the copies."""
    return g


@gradient(masked_fill, "x")
def masked_fill_x(g, out, x, mask, *, value):
    """Give the share of `x` in masked_fill: 0 where something else was put."""
    return np.where(mask, 0, g)


@gradient(tril, "x")
def tril_x(g, out, x, *, diagonal=0):
    """Give the share of `x` in tril: 0 above the diagonal."""
    return np.tril(g, diagonal)


@gradient(cast, "x")
def cast_x(g, out, x, *, dtype):
    """Give the share of `x` in cast: `contributions` brings it back to the dtype of x."""
    return g


@gradient(tanh, "x")
def tanh_x(g, out, x):
    """Give the share of `x` in tanh(x): the slope is 1 - out²."""
    return g * (1 - out * out)


@gradient(gelu, "x")
@QUIET
def gelu_x(g, out, x, *, approximate="none"):
    """Give the share of `x` in gelu, of either form, by the product rule."""
    if approximate == "none":
        return g * (normal_cdf(x) + x * np.exp(-0.5 * x * x) * (2 * np.pi) ** -0.5)
    factor, near = (2 / np.pi) ** 0.5, np.clip(x, -10, 10)  # beyond, tanh is 1 and its slope 0
    square = near * near
    bent = np.tanh(factor * near * (1 + 0.044715 * square))
    square *= 3 * 0.044715
    square += 1
    square *= near
    slope = np.subtract(1, bent * bent)
    slope *= square
    slope *= factor
    slope += bent
    slope += 1
    slope *= g
    slope *= 0.5
    return slope


@gradient(log_softmax, "x")
def log_softmax_x(g, out, x, *, dim):
    """Give the share of `x` in log_softmax: g - softmax times the sum of g along `dim`."""
    return g - np.exp(out) * np.sum(g, axis=dim, keepdims=True)


@gradient(binary_cross_entropy_with_logits, "logits")
def binary_cross_entropy_with_logits_logits(g, out, logits, target, *, reduction="mean"):
    """Give the share of the logits: sigmoid(logits) - target, each with its part of g."""
    return (sigmoid.forward(logits) - target) * (g / logits.size if reduction == "mean" else g)


@gradient(binary_cross_entropy_with_logits, "target")
def binary_cross_entropy_with_logits_target(g, out, logits, target, *, reduction="mean"):
    """Give the share of the target: -logits, each with its part of g."""
    return -logits * (g / logits.size if reduction == "mean" else g)


# -- given: tools that show the graph and find faults ---------------------------------------------


def draw(tensor, depth=12):
    """Give a picture of what led to a tensor, as text: what was made of what, indented.

    Leaves that want a gradient are marked; what was shown before is named again, not drawn again.
    Deeper than `depth` it says how many tensors follow.
    """
    seen, lines, todo = {}, [], [(tensor, 0)]
    while todo:
        value, level = todo.pop()
        indent = "   " * level
        if not isinstance(value, Tensor):
            lines.append(f"{indent}{'nothing' if value is None else f'the number {value}'}")
        elif value in seen:
            lines.append(f"{indent}the same {seen[value]} again")
        elif value.recipe is None or value.recipe is WALKED:
            kind = "walked" if value.recipe is WALKED else "leaf"
            wants = ", wants a gradient" if value.requires_grad else ""
            seen[value] = f"{kind} of shape {value.shape}"
            lines.append(f"{indent}{seen[value]}{wants}")
        else:
            seen[value] = f"{value.recipe.op.name} of shape {value.shape}"
            lines.append(f"{indent}{seen[value]}")
            if level < depth:
                todo += [(v, level + 1) for v in reversed(value.recipe.inputs)]
            else:
                lines.append(f"{indent}   …")
    return "\n".join(lines)


def gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3):
    """Compare the gradients of func(*inputs) with central differences; True, or a ValueError.

    `inputs` is a tensor or a tuple of them; those that require a gradient are nudged, and should
    be float64 (TypeError otherwise: float32 has too few digits for it). A result of any shape is
    weighed with fixed random numbers, so that one walk tests all its elements. The error names
    input, element and both numbers. As `torch.autograd.gradcheck`.
    """
    inputs = inputs if isinstance(inputs, tuple | list) else (inputs,)
    wanted = [i for i, v in enumerate(inputs) if getattr(v, "requires_grad", False)]
    weights = np.random.default_rng(0).uniform(0.5, 1.5, func(*inputs).shape)

    def projected(changed):
        return (func(*changed) * Tensor(weights)).sum()

    for i in wanted:
        if inputs[i].dtype != np.float64:
            raise TypeError(f"gradcheck needs float64, input {i} is {inputs[i].dtype}")
        leaves = [v.detach() if isinstance(v, Tensor) else v for v in inputs]
        leaves[i] = Tensor(inputs[i].data.copy(), requires_grad=True)
        backward(projected(leaves))
        ours = leaves[i].grad.data if leaves[i].grad is not None else np.zeros(leaves[i].shape)

        def nudged(array, i=i, leaves=leaves):
            return projected([*leaves[:i], Tensor(array), *leaves[i + 1 :]])

        theirs = numeric_gradient(nudged, inputs[i].data, eps)
        bad = ~np.isclose(ours, theirs, rtol=rtol, atol=atol)
        if bad.any():
            at = tuple(int(n) for n in np.argwhere(bad)[0])
            raise ValueError(
                f"the gradient of input {i} at {list(at)} is {ours[at]:.6g}, nudging gives "
                f"{theirs[at]:.6g}; {bad.sum()} of {bad.size} elements differ"
            )
    return True


class detect_anomaly:
    """Find the operation that made the first number that is not finite, forward or backward.

    Inside the `with` block every operation and every rule looks at what it made: where its inputs
    were finite and its result is not, a ValueError names the operation, its shapes, and the line
    of your code that called it. Everything is slower; for looking, not for training.
    """

    def __enter__(self):
        self.lines, self.blocks = {}, []
        for op in {op for op, _ in RULES}:
            rules = state.kernels[op][-1][1] if op in state.kernels else None
            block = op.using(self._watched(op), rules)
            block.__enter__()
            self.blocks.append(block)
        self.before = state.examine
        state.examine = self._examine
        return self

    def __exit__(self, *error):
        state.examine = self.before
        for block in reversed(self.blocks):
            block.__exit__(None, None, None)

    def _watched(self, op):
        forward = state.kernels[op][-1][0] if op in state.kernels else op.forward

        def call(*arrays, **params):
            out = forward(*arrays, **params)
            where = _line_of_caller()
            if out is not None and not isinstance(out, Tensor):
                out = np.asarray(out)  # which is what Op will keep, so that it is found again
                self.lines[id(out)] = (weakref.ref(out), where)
            if _broken(out) and not any(map(_broken, (*arrays, *params.values()))):
                raise ValueError(_anomaly(f"{op.name}: it made", out, arrays, where))
            return out

        return call

    def _examine(self, recipe, position, g, out, share):
        if _broken(share) and not _broken(g):
            known, where = self.lines.get(id(out), (lambda: None, "a line before this block"))
            where = where if known() is out else "a line before this block"
            name = recipe.op.input_name(position)
            what = f"on the way back, the share of {name!r} in {recipe.op.name} has"
            raise ValueError(_anomaly(what, share, recipe.arrays, where))


def _broken(value):
    array = value if isinstance(value, np.ndarray | np.generic | float) else np.zeros(())
    return np.asarray(array).dtype.kind == "f" and not np.isfinite(array).all()


def _anomaly(what, result, arrays, where):
    bad = np.asarray(result)[~np.isfinite(result)]
    shapes = [str(value.shape) for value in arrays if isinstance(value, np.ndarray)]
    return f"{what} {bad.flat[0]} out of finite numbers, inputs {', '.join(shapes)}; at {where}"


def _line_of_caller():
    """Say which line outside this package called the operation that is being computed."""
    frame, here = sys._getframe(2), os.path.dirname(os.path.abspath(__file__))
    while frame and os.path.abspath(frame.f_code.co_filename).startswith(here + os.sep):
        frame = frame.f_back
    if frame is None:
        return "an unknown line"
    return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"
