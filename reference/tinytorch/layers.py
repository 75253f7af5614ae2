"""Layers: modules that own parameters, and what is built of them (stage 03).

Order of the file: initialisation, the Module and its kin, then the layers.
"""

import functools
import math
from collections import OrderedDict, namedtuple

import numpy as np

from .activations import gelu, relu, sigmoid, softmax, tanh
from .creation import random_generator, zeros
from .tensor import Tensor, as_array, check_device

__all__ = [
    "GELU",
    "Dropout",
    "Flatten",
    "Identity",
    "Linear",
    "Module",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "calculate_gain",
    "kaiming_uniform_",
    "uniform_",
    "xavier_uniform_",
]

IncompatibleKeys = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])


# -- initialisation -------------------------------------------------------------------------------


def kaiming_uniform_(tensor, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    """Fill `tensor`, shape (fan_out, fan_in), uniformly from (-bound, bound), and give it back.

    bound = gain * sqrt(3 / fan), with the gain of `nonlinearity` (slope `a` below 0) and the fan
    that `mode` names. With it the signal neither dies nor explodes through relu layers (He et al.
    2015, equation 10). Raises ValueError for fewer than two axes or an unknown mode.

    >>> weight = kaiming_uniform_(zeros(500, 6))         # sqrt(2) * sqrt(3 / 6) is 1
    >>> 0.99 < weight.abs().max().item() < 1.0
    True
    """
    fan_in, fan_out = _fans(tensor)
    fan = {"fan_in": fan_in, "fan_out": fan_out}[_one_of("mode", mode, ("fan_in", "fan_out"))]
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3.0 / fan)
    return uniform_(tensor, -bound, bound)


def xavier_uniform_(tensor, gain=1.0):
    """Fill `tensor` uniformly from (-bound, bound), bound = gain * sqrt(6 / (fan_in + fan_out)).

    Made for tanh and sigmoid layers (Glorot and Bengio 2010, equation 16).
    """
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound)


def uniform_(tensor, a=0.0, b=1.0):
    """Fill `tensor` in place with random numbers from [a, b), and give it back."""
    drawn = random_generator().random(tensor.shape, dtype=np.float64) * (b - a) + a
    return tensor.copy_(drawn)


def calculate_gain(nonlinearity, param=None):
    """Give the factor by which weights must grow to make up for what the activation takes away."""
    slope = 0.01 if param is None else param
    gains = {
        "linear": 1.0,
        "sigmoid": 1.0,
        "tanh": 5.0 / 3.0,
        "relu": math.sqrt(2.0),
        "leaky_relu": math.sqrt(2.0 / (1.0 + slope**2)),
    }
    return gains[_one_of("nonlinearity", nonlinearity, gains)]


def _fans(tensor):
    """Count the inputs and the outputs of one unit; axes after the second are a kernel's."""
    if tensor.ndim < 2:
        raise ValueError(f"fan_in and fan_out need at least 2 axes, the shape is {tensor.shape}")
    kernel = math.prod(tensor.shape[2:])
    return max(tensor.shape[1] * kernel, 1), max(tensor.shape[0] * kernel, 1)


def _one_of(what, value, allowed):
    if value not in allowed:
        raise ValueError(f"{what} is one of {', '.join(map(repr, allowed))}, not {value!r}")
    return value


# -- modules --------------------------------------------------------------------------------------


class Parameter(Tensor):
    """A tensor that a module owns and an optimizer changes; it requires a gradient."""

    __slots__ = ()

    def __init__(self, data, requires_grad=True):
        super().__init__(data, requires_grad)

    def __repr__(self):
        return f"Parameter({super().__repr__()})"


class Handle:
    """What a registration gives back; `remove()` undoes it, also at the end of a `with` block."""

    def __init__(self, registry, key):
        self.registry, self.key = registry, key

    def remove(self):
        """Undo the registration; a second time does nothing."""
        self.registry.pop(self.key, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


class Module:
    """A part of a network: its parameters, its buffers, its submodules, and `forward`.

    Assigning a Parameter or a Module to an attribute registers it under that name; assigning
    again replaces it. `training` tells whether layers such as Dropout should act.
    """

    def __init__(self):
        for registry in (*_REGISTRIES, "_forward_hooks"):
            object.__setattr__(self, registry, OrderedDict())
        self.training = True

    def forward(self, *inputs):
        """Compute the output; each layer writes its own. TypeError where it has not."""
        raise TypeError(f"{type(self).__name__} has no forward() of its own")

    def named_parameters(self, prefix=""):
        """Yield (name, parameter) of this module and, by dotted names, of all modules below it.

        A parameter that is used in two places is yielded once, under its first name: an optimizer
        that saw it twice would take two steps. `parameters()` asks this function, so this one
        cannot ask it.

        >>> [name for name, _ in Sequential(Linear(2, 3), ReLU(), Linear(3, 1)).named_parameters()]
        ['0.weight', '0.bias', '2.weight', '2.bias']
        """
        seen = set()
        for path, module in self.named_modules(prefix=prefix):
            for name, parameter in module._parameters.items():
                if parameter is not None and id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield _dotted(path, name), parameter

    def train(self, mode=True):
        """Switch this module and all below it to training, or with False to evaluation.

        Gives the module back. It only sets `training`; what it means is for the layers to know.
        Each child hands it on to its own; `eval()` is train(False).

        >>> model = Sequential(Dropout(0.5))
        >>> model.train(False)[0].training
        False
        """
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def state_dict(self):
        """Give a dictionary from names to tensors: all parameters and all buffers.

        A tensor that is used in two places stands under both names, as in PyTorch, and what is
        None under none. The tensors share memory with the module and have no recipe: to keep a
        snapshot, copy it.

        >>> {name: t.shape for name, t in Linear(2, 3).state_dict().items()}
        {'weight': (3, 2), 'bias': (3,)}
        """
        state = {}
        for path, module in self.named_modules(remove_duplicate=False):
            for name, value in [*module._parameters.items(), *module._buffers.items()]:
                if value is not None:
                    state[_dotted(path, name)] = value.detach()
        return state

    def load_state_dict(self, state_dict, strict=True):
        """Copy the values of `state_dict` into the parameters and buffers of the same names.

        Gives (missing_keys, unexpected_keys). Raises ValueError that names them where there are
        any, unless `strict` is False, and in every case where a shape differs; then nothing has
        been changed. The tensors stay the same objects, so that optimizers still hold them.

        >>> layer = Linear(2, 1)
        >>> layer.load_state_dict({"weight": Tensor([[1.0, 2.0]]), "bias": Tensor([3.0])})
        IncompatibleKeys(missing_keys=[], unexpected_keys=[])
        >>> layer(Tensor([10.0, 1.0]))
        Tensor([15.], requires_grad=True)
        """
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        known = [name for name in own if name in state_dict]
        shapes = {name: as_array(state_dict[name]).shape for name in known}
        wrong = [
            f"{name} is {own[name].shape}, not {shapes[name]}"
            for name in known
            if own[name].shape != shapes[name]
        ]
        if wrong or (strict and (missing or unexpected)):
            raise ValueError(_state_message(self, missing, unexpected, wrong))
        for name in known:
            self._at(name).copy_(state_dict[name])
        return IncompatibleKeys(missing, unexpected)

    # what Python calls

    def __call__(self, *inputs, **named):
        output = self.forward(*inputs, **named)
        if self._forward_hooks:
            for hook in list(self._forward_hooks.values()):
                replaced = hook(self, inputs, output)
                output = output if replaced is None else replaced
        return output

    def __setattr__(self, name, value):
        if isinstance(value, (Parameter, Module)) and "_modules" not in self.__dict__:
            raise AttributeError(f"call super().__init__() first in {type(self).__name__}.__init__")
        for registry, kind in _REGISTRIES.items():
            names = self.__dict__.get(registry, {})
            if isinstance(value, kind) and kind is not Tensor:
                self._forget(name, keep=names)
                names[name] = value
                return
            if name in names:
                if not (value is None or isinstance(value, kind)):
                    raise TypeError(
                        f"{name!r} of {type(self).__name__} is a {kind.__name__}: assign another "
                        f"one or None, not a {type(value).__name__}"
                    )
                names[name] = value
                return
        object.__setattr__(self, name, value)

    def __getattr__(self, name):
        own = self.__dict__
        for registry in _REGISTRIES:
            names = own.get(registry)
            if names and name in names:
                return names[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __delattr__(self, name):
        for registry in _REGISTRIES:
            if name in self.__dict__[registry]:
                del self.__dict__[registry][name]
                return
        object.__delattr__(self, name)

    # looking through it

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Yield (path, module) of this module, path "", and of all below it, depth first.

        A module that is used in two places comes once; with remove_duplicate=False each time.
        `memo` is the set of those that have come.
        """
        memo = set() if memo is None else memo
        if remove_duplicate and self in memo:
            return
        memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, _dotted(prefix, name), remove_duplicate)

    def modules(self):
        """Yield this module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self):
        """Yield (name, module) of the modules directly below this one, each once."""
        first = {module: name for name, module in reversed(self._modules.items())}
        for name, module in self._modules.items():
            if module is not None and first[module] == name:
                yield name, module

    def children(self):
        """Yield the modules directly below this one, each once."""
        for _, module in self.named_children():
            yield module

    def parameters(self):
        """Yield all parameters of this module and of those below it, each once."""
        for _, parameter in self.named_parameters():
            yield parameter

    def named_buffers(self, prefix=""):
        """Yield (name, buffer) of all that is state and not trained, each once."""
        every = [
            (_dotted(path, name), buffer)
            for path, module in self.named_modules(prefix=prefix)
            for name, buffer in [*module._buffers.items(), *module._unsaved.items()]
            if buffer is not None
        ]
        first = {id(buffer): name for name, buffer in reversed(every)}
        yield from ((name, buffer) for name, buffer in every if first[id(buffer)] == name)

    def buffers(self):
        """Yield all buffers of this module and of those below it, each once."""
        for _, buffer in self.named_buffers():
            yield buffer

    def _at(self, name):
        """Follow a dotted name, as in `state_dict`, to the tensor itself."""
        return functools.reduce(getattr, name.split("."), self)

    # changing it

    def register_buffer(self, name, tensor, persistent=True):
        """Keep a tensor that belongs to the state but is not trained, such as a running mean.

        With persistent=False it stays out of `state_dict`: what can be computed anew.
        """
        names = self._buffers if persistent else self._unsaved
        self._forget(name, keep=names)
        names[name] = tensor

    def _forget(self, name, keep):
        """Take a name out of wherever it stands but `keep`: it is about to stand there."""
        for names in (self.__dict__, *(self.__dict__[registry] for registry in _REGISTRIES)):
            if names is not keep:
                names.pop(name, None)

    def register_forward_hook(self, hook):
        """Call `hook(module, inputs, output)` after each forward; what it gives replaces output."""
        key = object()
        self._forward_hooks[key] = hook
        return Handle(self._forward_hooks, key)

    def apply(self, function):
        """Call `function` with every module, those below first; gives the module back."""
        for module in self.children():
            module.apply(function)
        function(self)
        return self

    def eval(self):
        """Switch to evaluation: `train(False)`."""
        return self.train(False)

    def zero_grad(self):
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self, requires_grad=True):
        """Ask for gradients of all parameters, or freeze them; gives the module back."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self, target=None, dtype=None, *, device=None):
        """Convert all floating parameters and buffers to a dtype; of devices there is the CPU."""
        check_device(device)
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.dtype.kind == "f":
                tensor.data = tensor.detach().to(target, dtype).data
        return self

    def float(self):
        """Convert all floating parameters and buffers to float32; gives the module back."""
        return self.to(np.float32)

    def double(self):
        """Convert all floating parameters and buffers to float64; gives the module back."""
        return self.to(np.float64)

    def cpu(self):
        """Give itself: it is on the CPU."""
        return self

    def extra_repr(self):
        """Give what stands between the parentheses of the repr."""
        return ""

    def __repr__(self):
        said = [self.extra_repr()] if self.extra_repr() else []
        below = [f"({name}): {module!r}" for name, module in self._modules.items()]
        if not below:
            return f"{type(self).__name__}({''.join(said)})"
        inner = "".join("\n  " + line.replace("\n", "\n  ") for line in said + below)
        return f"{type(self).__name__}({inner}\n)"


# Where a module keeps what is assigned to it; in this order __setattr__ and __getattr__ look.
_REGISTRIES = {
    "_parameters": Parameter,
    "_modules": Module,
    "_buffers": Tensor,
    "_unsaved": Tensor,  # buffers that no state_dict holds
}


def _dotted(path, name):
    """Join two parts of a name, as in "0.weight"; the path of the outermost module is ""."""
    return f"{path}.{name}" if path else name


def _state_message(module, missing, unexpected, wrong):
    """Say what does not fit: lists of names, and in `wrong` a list of sentences on shapes.

    >>> _state_message(Linear(2, 1), ["bias"], [], ["weight is (1, 2), not (2,)"])
    'the state does not fit Linear; missing: bias; weight is (1, 2), not (2,)'
    """
    said = [f"the state does not fit {type(module).__name__}"]
    said += [f"missing: {', '.join(missing)}"] if missing else []
    said += [f"unexpected: {', '.join(unexpected)}"] if unexpected else []
    return "; ".join(said + wrong)


# -- layers ---------------------------------------------------------------------------------------


class Linear(Module):
    """A weighted sum of the inputs for each output, plus a bias: x @ weight.T + bias."""

    def __init__(self, in_features, out_features, bias=True):
        """Keep both sizes, make `weight` (out_features, in_features) and `bias` (out_features,).

        Both start uniform in ±1/sqrt(in_features), PyTorch's choice: for the weight that is
        `kaiming_uniform_` with a = sqrt(5). With bias=False the attribute `bias` is None. The
        sizes stay as the attributes `in_features` and `out_features`.

        >>> layer = Linear(3, 2)
        >>> layer.weight.shape, layer.bias.shape
        ((2, 3), (2,))
        """
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        weight = zeros(in_features, out_features).T  # in memory as forward reads it: by columns
        self.weight = Parameter(kaiming_uniform_(weight, a=math.sqrt(5)))
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        self.bias = Parameter(uniform_(zeros(out_features), -bound, bound)) if bias else None

    def forward(self, x):
        """Compute x @ weight.T + bias: (..., in_features) -> (..., out_features).

        >>> layer = Linear(2, 1)
        >>> weight, bias = layer.weight.copy_([[1.0, 2.0]]), layer.bias.copy_([3.0])
        >>> layer(Tensor([10.0, 1.0])).item()
        15.0
        """
        out = x @ self.weight.T
        return out if self.bias is None else out + self.bias

    def extra_repr(self):
        """Give the sizes."""
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"


class _Listed(Module):
    """Modules under the names "0", "1", …: what Sequential and ModuleList share."""

    def __getitem__(self, index):
        if isinstance(index, slice):
            return type(self)(*self._sliced(list(self._modules.items())[index]))
        return list(self)[index]

    def __setitem__(self, index, module):
        setattr(self, list(self._modules)[index], module)

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def append(self, module):
        """Add a module at the end, under the first free number; gives the container back."""
        taken = len(self)
        while str(taken) in self._modules:  # a slice keeps its names, so "2" may be the second
            taken += 1
        setattr(self, str(taken), module)
        return self


class Sequential(_Listed):
    """Modules one after the other: what comes out of one goes into the next."""

    def __init__(self, *modules):
        """Take the modules in order, or one dictionary from names to modules."""
        super().__init__()
        named = len(modules) == 1 and isinstance(modules[0], dict)
        for name, module in modules[0].items() if named else enumerate(modules):
            setattr(self, str(name), module)

    def forward(self, x):
        """Hand x through all modules in order; without any, x comes back.

        >>> Sequential(ReLU(), Softmax(0))(Tensor([-5.0, 0.0]))
        Tensor([0.5, 0.5])
        """
        for module in self:
            x = module(x)
        return x

    def _sliced(self, items):
        return [dict(items)]  # a part of a network keeps its names, as in PyTorch


class ModuleList(_Listed):
    """A list of modules that registers them; it has no forward of its own."""

    def __init__(self, modules=()):
        super().__init__()
        for module in modules:
            self.append(module)

    def extend(self, modules):
        """Add modules at the end; gives the list back."""
        for module in modules:
            self.append(module)
        return self

    def _sliced(self, items):
        return [[module for _, module in items]]


class Flatten(Module):
    """Merge axes into one, so that a picture can enter a linear layer."""

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x):
        """Merge the axes from start_dim to end_dim: with the defaults all but the batch's.

        >>> Flatten()(zeros(5, 3, 4)).shape
        (5, 12)
        """
        return x.flatten(self.start_dim, self.end_dim)

    def extra_repr(self):
        """Give the axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Dropout(Module):
    """Switch off a part of the elements at random while training (Srivastava et al. 2014)."""

    def __init__(self, p=0.5):
        super().__init__()
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"dropout probability is from 0 to 1, not {p}")
        self.p = p

    def forward(self, x):
        """Put each element to 0 with probability p, and divide the others by 1 - p.

        So the expected value stays what it was, and evaluation, where x comes back as it is,
        needs no correction. Draws from the framework's random numbers.

        >>> Dropout(0.5).eval()(Tensor([1.0, 2.0]))
        Tensor([1., 2.])
        """
        if not self.training or self.p == 0.0:
            return x
        keep = random_generator().random(x.shape) >= self.p
        scale = 1.0 / (1.0 - self.p) if self.p < 1.0 else 0.0
        return x * Tensor(keep * scale, dtype=x.dtype)

    def extra_repr(self):
        """Give the probability."""
        return f"p={self.p}"


class Identity(Module):
    """Give back what comes in; it stands in for a layer that was taken out."""

    def forward(self, x):
        """Give x."""
        return x


class ReLU(Module):
    """`relu` as a module."""

    def forward(self, x):
        """Apply relu."""
        return relu(x)


class Sigmoid(Module):
    """`sigmoid` as a module."""

    def forward(self, x):
        """Apply sigmoid."""
        return sigmoid(x)


class Tanh(Module):
    """`tanh` as a module."""

    def forward(self, x):
        """Apply tanh."""
        return tanh(x)


class GELU(Module):
    """`gelu` as a module."""

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, x):
        """Apply gelu in the form chosen."""
        return gelu(x, approximate=self.approximate)

    def extra_repr(self):
        """Give the form."""
        return f"approximate={self.approximate!r}"


class Softmax(Module):
    """`softmax` along one axis as a module."""

    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, x):
        """Apply softmax along the axis chosen."""
        return softmax(x, dim=self.dim)

    def extra_repr(self):
        """Give the axis."""
        return f"dim={self.dim}"
