"""Operations that remember how their results were made (stage 01).

An operation is a plain NumPy function. `Op` puts it to work on tensors: it takes the arrays out,
settles their dtype, calls the function, wraps the array that comes back, and, where somebody will
ask for gradients, notes the recipe. Nothing here knows what a gradient is.
"""

import functools
import inspect
import math
import threading
from contextlib import contextmanager

import numpy as np

__all__ = ["Op", "Recipe", "is_recording", "remember"]


class _State(threading.local):
    """What each thread decides for itself: whether to record, and which kernels are swapped."""

    recording = True
    examine = None  # what looks at every share on the way back, if somebody searches for faults

    def __init__(self):
        self.kernels = {}  # Op -> [(forward, rules), …], the last one in use


state = _State()


def is_recording():
    """Tell whether this thread records recipes (`no_grad`, in stage 05, turns it off)."""
    return state.recording


class Recipe:
    """How a tensor was made: the operation, its inputs, their arrays, and the parameters.

    `inputs` are what the caller gave (tensors, numbers, None); `arrays` are the same things as the
    forward function saw them. `wanted` lists the positions of the inputs that want a gradient.
    `versions` holds each input's version at that moment, so that a change made in place
    afterwards is noticed, and `version` that of the result; `rules` the gradient rules of a
    swapped kernel.
    """

    __slots__ = ("arrays", "inputs", "op", "params", "rules", "version", "versions", "wanted")

    def __init__(self, op, inputs, arrays, params):
        self.op, self.inputs, self.arrays, self.params = op, inputs, arrays, params
        wanted, versions = [], []
        for i, value in enumerate(inputs):
            known = isinstance(value, Op.tensor_type)
            versions.append(value._changes[0] if known else 0)
            if known and value.requires_grad:
                if not (op.constant and op.input_name(i) in op.constant):
                    wanted.append(i)
        self.wanted, self.versions = tuple(wanted), tuple(versions)
        self.version = 0  # of a new array; Op says otherwise where the result shares memory
        self.rules = state.kernels[op][-1][1] if op in state.kernels else None

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
    inputs that have no gradient and keep their own dtype; `@Op(floats=True)` hands integers and
    bools over as float32, where NumPy would compute small ones in float16.

    Raises TypeError for arguments that do not fit and ValueError for shapes that do not. The
    design follows JAX and HIPS autograd: record first, differentiate later, from a table.
    """

    tensor_type = None  # set by tensor.py, which needs this module first

    def __new__(cls, forward=None, **options):
        """Serve as `@Op` and as `@Op(constant=...)`."""
        if forward is None:
            return functools.partial(cls, **options)
        return super().__new__(cls)

    def __init__(self, forward, *, constant=(), floats=False):
        self.floats = floats
        functools.update_wrapper(self, forward)
        self.forward, self.name, self.constant = forward, forward.__name__, frozenset(constant)
        self.signature = inspect.signature(forward)
        kinds = self.signature.parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in kinds)
        self.inputs = tuple(p.name for p in kinds if p.kind is not p.KEYWORD_ONLY)
        self.parameters = frozenset(p.name for p in kinds if p.kind is p.KEYWORD_ONLY)
        self.least = sum(p.default is p.empty for p in kinds if p.kind is p.POSITIONAL_OR_KEYWORD)
        self.most = math.inf if self.variadic else len(self.inputs)

    def __repr__(self):
        return f"<operation {self.name}{self.signature}>"

    def __reduce__(self):
        """Be pickled and copied by name, as a function is: there is one of each operation."""
        return self.__qualname__

    def __call__(self, *inputs, **params):
        plain = not params or params.keys() <= self.parameters
        if not (plain and self.least <= len(inputs) <= self.most):
            inputs, params = self._bind(inputs, params)
        arrays, floating, wanted = self._unpack(inputs)
        if params:
            params = {name: _unwrap(value) for name, value in params.items()}
        kernels = state.kernels
        forward = kernels[self][-1][0] if self in kernels else self.forward
        try:
            result = forward(*arrays, **params)
            if result is None:
                raise TypeError(f"{self.name} gave None back: is a return missing?")
            if isinstance(result, Op.tensor_type):
                raise TypeError(f"{self.name} gave a tensor back; inside an operation, use arrays")
            result = np.asarray(result)
        except np.exceptions.AxisError:
            raise  # an IndexError, too, as PyTorch has it, and it names the axis
        except ValueError as error:
            raise self._shape_error(error, arrays).with_traceback(error.__traceback__) from None
        if not floating and result.dtype.kind == "f":
            result = result.astype(np.float32, copy=False)
        out = Op.tensor_type._wrap(result)
        if wanted and state.recording:
            remember(out, self, inputs, arrays, params)
        if result.base is not None or [a for a in arrays if a is result]:
            share_changes(out, inputs)  # it looks at the memory of an input
        return out

    def input_name(self, position):
        """Name the input at `position`; all inputs of `*tensors` share one name."""
        return self.inputs[min(position, len(self.inputs) - 1)]

    @contextmanager
    def using(self, forward, rules=None):
        """Compute this operation with another function inside a `with` block, in this thread.

        `forward` takes the same arguments and returns the same shape and values; `rules` maps
        names of inputs to gradient rules that replace those of the table. Made for faster kernels
        (stage 18) and for counting calls in tests.
        """
        kernels, mine = state.kernels, (forward, rules)
        kernels.setdefault(self, []).append(mine)
        try:
            yield self
        finally:  # blocks may end in any order: each takes away its own
            kernels[self] = [kernel for kernel in kernels[self] if kernel is not mine]
            if not kernels[self]:
                del kernels[self]

    def _bind(self, inputs, params):
        """Sort arguments that came in any order PyTorch accepts into inputs and parameters."""
        aliases = dict(zip(("input", "other"), self.inputs, strict=False))
        params = {
            name if name in self.signature.parameters else aliases.get(name, name): value
            for name, value in params.items()
        }
        count = len(inputs) if self.variadic else len(self.inputs)
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

    def _unpack(self, inputs):
        """Unwrap the inputs and bring all but the constant ones to one dtype, as PyTorch would.

        Returns the arrays, whether that dtype is floating, and whether one of these inputs
        requires a gradient.
        """
        arrays, free, dtype, mixed, wanted = [], [], None, False, False
        constant, tensor_type = self.constant, Op.tensor_type
        for i, value in enumerate(inputs):
            wants = False
            if isinstance(value, tensor_type):
                array, wants = value.data, value.requires_grad
            elif type(value) in (float, int):
                arrays.append(value)
                continue
            else:
                array = _unwrap(self._from_list(value) if type(value) in (list, tuple) else value)
            arrays.append(array)
            if isinstance(array, np.ndarray) and not (constant and self.input_name(i) in constant):
                free.append(i)
                wanted = wanted or wants
                mixed = mixed or (dtype is not None and array.dtype != dtype)
                dtype = array.dtype
        if mixed:
            dtype = _promote([arrays[i] for i in free])
            for i in free:
                arrays[i] = arrays[i].astype(dtype, copy=False)
        floating = dtype is not None and dtype.kind == "f"
        if self.floats and not floating:
            for i in free:
                arrays[i] = arrays[i].astype(np.float32)
        return tuple(arrays), floating, wanted

    def _from_list(self, values):
        """Make one tensor of a list of numbers; a gradient would not find back into a list."""
        if state.recording and _wants_gradient(values):
            raise TypeError(
                f"{self.name}: a list of tensors that require a gradient is no input, since their "
                "gradients would be lost; make one tensor of them with operations"
            )
        return Op.tensor_type(values)

    def _shape_error(self, error, arrays):
        """Say with which shapes the operation failed, and which sizes did not broadcast."""
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
        return ValueError(said if said.startswith(f"{self.name}: ") else f"{self.name}: {said}")


def share_changes(out, inputs):
    """Let `out` count changes together with the input tensor whose memory it looks at."""
    array = out.data
    for value in inputs:
        if isinstance(value, Op.tensor_type):
            theirs = value.data
            if array is theirs or (
                array.base is not None and (array.base is theirs or array.base is theirs.base)
            ):
                out._changes = value._changes
                if out.recipe is not None:
                    out.recipe.version = out.version
                return


def _wants_gradient(values):
    if isinstance(values, (list, tuple)):
        return any(map(_wants_gradient, values))
    return getattr(values, "requires_grad", False)


def _unwrap(value):
    """Take the array out of a tensor, Python's number out of NumPy's, one level into tuples."""
    if isinstance(value, Op.tensor_type):
        return value.data
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return tuple([v.data if isinstance(v, Op.tensor_type) else v for v in value])
    return value


def _promote(arrays):
    """Choose one dtype for several arrays, by PyTorch's rule.

    bool < integer < float; within a kind the wider dtype wins; an array of no dimensions only
    counts where its kind is higher than that of all arrays with dimensions.
    """
    rank = {"b": 0, "u": 1, "i": 1, "f": 2}
    for array in arrays:
        if array.dtype.kind not in rank:
            raise TypeError(f"operations work on numbers, not on an array of {array.dtype}")
    chosen = None
    for group in ([a.dtype for a in arrays if a.ndim], [a.dtype for a in arrays if not a.ndim]):
        if not group:
            continue
        best = max(rank[d.kind] for d in group)
        if chosen is None or best > rank[chosen.kind]:
            chosen = functools.reduce(np.promote_types, [d for d in group if rank[d.kind] == best])
    return chosen
