"""Operations that remember how their results were made (stage 01).

An operation is a plain NumPy function. `Op` puts it to work on tensors: it takes the arrays out,
settles their dtype, calls the function, wraps the array that comes back, and, where somebody will
ask for gradients, notes the recipe. Nothing here knows what a gradient is.
"""

import functools
import inspect
import threading
from contextlib import contextmanager

import numpy as np

__all__ = ["Op", "Recipe", "is_recording", "remember"]


class _State(threading.local):
    """What each thread decides for itself: whether to record, and which kernels are swapped."""

    recording = True

    def __init__(self):
        self.kernels = {}  # Op -> (forward, rules)


state = _State()


def is_recording():
    """Tell whether this thread records recipes (`no_grad`, in stage 05, turns it off)."""
    return state.recording


class Recipe:
    """How a tensor was made: the operation, its inputs, their arrays, and the parameters.

    `inputs` are what the caller gave (tensors, numbers, None); `arrays` are the same things as the
    forward function saw them. `versions` holds each input's version at that moment, so that a
    change made in place afterwards is noticed; `rules` the gradient rules of a swapped kernel.
    """

    __slots__ = ("arrays", "inputs", "op", "params", "rules", "versions")

    def __init__(self, op, inputs, arrays, params):
        self.op, self.inputs, self.arrays, self.params = op, inputs, arrays, params
        self.versions = tuple([getattr(value, "version", 0) for value in inputs])
        self.rules = state.kernels[op][1] if op in state.kernels else None

    def __repr__(self):
        return f"Recipe({self.op.name}, {len(self.inputs)} inputs)"


def remember(out, op, inputs, arrays, params):
    """Note on the tensor `out` that `op` made it, and that it needs a gradient.

    Sets `out.requires_grad` to True and `out.recipe` to Recipe(op, inputs, arrays, params).
    `Op` calls this only while recording, and only where an input requires a gradient: a record
    that nobody reads would keep every intermediate array alive.

    >>> y = Tensor([1.0, 2.0], requires_grad=True) * 3.0
    >>> y.requires_grad, y.recipe.op.name
    (True, 'mul')
    """
    out.requires_grad = True
    out.recipe = Recipe(op, inputs, arrays, params)


class Op:
    """A NumPy function that works on tensors and remembers.

    `@Op` over `def f(a, b, *, dim=0)` makes `a` and `b` inputs (tensors, arrays, numbers or None)
    and `dim` a parameter. A call accepts inputs by position or by name (`input` and `other` too,
    as PyTorch calls the first two), parameters by name or by position after the inputs. With
    `*tensors` an operation takes any number of inputs. `@Op(constant=("target",))` declares
    inputs that have no gradient and keep their own dtype.

    Raises TypeError for arguments that do not fit and ValueError for shapes that do not. The
    design follows JAX and HIPS autograd: record first, differentiate later, from a table.
    """

    tensor_type = None  # set by tensor.py, which needs this module first

    def __new__(cls, forward=None, *, constant=()):
        """Serve as `@Op` and as `@Op(constant=...)`."""
        if forward is None:
            return functools.partial(cls, constant=constant)
        return super().__new__(cls)

    def __init__(self, forward, *, constant=()):
        functools.update_wrapper(self, forward)
        self.forward, self.name, self.constant = forward, forward.__name__, frozenset(constant)
        self.signature = inspect.signature(forward)
        kinds = self.signature.parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in kinds)
        self.inputs = tuple(p.name for p in kinds if p.kind is not p.KEYWORD_ONLY)
        self.parameters = frozenset(p.name for p in kinds if p.kind is p.KEYWORD_ONLY)
        self.required = sum(
            p.default is p.empty for p in kinds if p.kind is p.POSITIONAL_OR_KEYWORD
        )
        self.defaults = {p.name: p.default for p in kinds if p.default is not p.empty}

    def __repr__(self):
        return f"<operation {self.name}{self.signature}>"

    def __call__(self, *inputs, **params):
        if not self._fits(inputs, params):
            inputs, params = self._bind(inputs, params)
        arrays, settled = self._arrays(inputs)
        if params:
            params = {name: _unwrap(value) for name, value in params.items()}
        forward = state.kernels[self][0] if self in state.kernels else self.forward
        try:
            result = np.asarray(forward(*arrays, **params))
        except ValueError as error:
            raise self._shape_error(error, arrays) from error
        if settled is None and result.dtype == np.float64:
            result = result.astype(np.float32)
        out = Op.tensor_type._wrap(result)
        if state.recording and self._needs_gradient(inputs):
            remember(out, self, inputs, arrays, params)
        return out

    def input_name(self, position):
        """Name the input at `position`; all inputs of `*tensors` share one name."""
        return self.inputs[0] if self.variadic else self.inputs[position]

    @contextmanager
    def using(self, forward, rules=None):
        """Compute this operation with another function inside a `with` block, in this thread.

        `forward` takes the same arguments and returns the same shape and values; `rules` maps
        names of inputs to gradient rules that replace those of the table. Made for faster kernels
        (stage 18) and for counting calls in tests.
        """
        before = dict(state.kernels)
        state.kernels[self] = (forward, rules)
        try:
            yield self
        finally:
            state.kernels.clear()
            state.kernels.update(before)

    def _fits(self, inputs, params):
        if params and not params.keys() <= self.parameters:
            return False
        return self.variadic or self.required <= len(inputs) <= len(self.inputs)

    def _bind(self, inputs, params):
        """Sort arguments that came in any order PyTorch accepts into inputs and parameters."""
        aliases = dict(zip(("input", "other"), self.inputs, strict=False))
        params = {
            name if name in self.signature.parameters else aliases.get(name, name): value
            for name, value in params.items()
        }
        count = len(self.inputs)
        names = [n for n, p in self.signature.parameters.items() if p.kind is p.KEYWORD_ONLY]
        for name, value in zip(names, inputs[count:], strict=False):
            if name in params:
                raise TypeError(f"{self.name}() got {name!r} twice, by position and by name")
            params[name] = value
        if len(inputs) > count + len(names):
            raise TypeError(
                f"{self.name}{self.signature} takes at most {count + len(names)} arguments, "
                f"{len(inputs)} were given"
            )
        try:
            bound = self.signature.bind(*inputs[:count], **params)
        except TypeError as error:
            raise TypeError(f"{self.name}{self.signature}: {error}") from None
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def _arrays(self, inputs):
        """Unwrap the inputs and bring all but the constant ones to one dtype, as PyTorch would.

        Returns the arrays, and the floating dtype that they agreed on (None: there was none).
        """
        arrays = [_unwrap(Op.tensor_type(v) if type(v) is list else v) for v in inputs]
        kinds = [
            (value.dtype, value.ndim)
            for i, value in enumerate(arrays)
            if isinstance(value, np.ndarray) and self.input_name(i) not in self.constant
        ]
        if len({dtype for dtype, _ in kinds}) == 1:
            dtype = kinds[0][0]
        elif kinds:
            dtype = _promote(kinds)
            for i, value in enumerate(arrays):
                if isinstance(value, np.ndarray) and self.input_name(i) not in self.constant:
                    arrays[i] = value.astype(dtype, copy=False)
        else:
            return tuple(arrays), None
        return tuple(arrays), dtype if dtype.kind == "f" else None

    def _needs_gradient(self, inputs):
        for i, value in enumerate(inputs):
            if getattr(value, "requires_grad", False) and self.input_name(i) not in self.constant:
                return True
        return False

    def _shape_error(self, error, arrays):
        """Say with which shapes the operation failed, and for broadcasting also which rule broke."""
        shapes = [value.shape for value in arrays if isinstance(value, np.ndarray)]
        if "broadcast" in str(error) and len(shapes) == 2:
            from .tensor import broadcast_shapes

            try:
                broadcast_shapes(*shapes)
            except ValueError as reason:
                error = reason
        said = str(error)
        if not all(str(shape) in said for shape in shapes):
            said += f" (the inputs have shapes {' and '.join(map(str, shapes))})"
        return ValueError(f"{self.name}: {said}")


def _unwrap(value):
    """Take the array out of a tensor, Python's number out of NumPy's, one level into tuples."""
    if isinstance(value, Op.tensor_type):
        return value.data
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return tuple([v.data if isinstance(v, Op.tensor_type) else v for v in value])
    return value


def _promote(kinds):
    """Choose one dtype for several arrays, by PyTorch's rule.

    bool < integer < float; within a kind the wider dtype wins; an array of no dimensions only
    counts where its kind is higher than that of all arrays with dimensions.
    """
    rank = {"b": 0, "u": 1, "i": 1, "f": 2}
    chosen = None
    for group in ([d for d, n in kinds if n], [d for d, n in kinds if not n]):
        if not group:
            continue
        best = max(rank[d.kind] for d in group)
        if chosen is None or best > rank[chosen.kind]:
            chosen = functools.reduce(np.promote_types, [d for d in group if rank[d.kind] == best])
    return chosen
