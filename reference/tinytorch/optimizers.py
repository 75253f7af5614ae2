"""Optimizers: what to do with the slopes, and what to keep from step to step (stage 06).

Everything here changes arrays in place: a weight stays the same array at the same place, so that
the layer which owns it sees every step, and a step allocates no array once the state is there.

Order of the file: the two smallest gestures, the optimizer that all others share, then SGD, Adam
and AdamW; at the end what is given for checking and printing.
"""

from collections import OrderedDict, defaultdict

import numpy as np

from .autograd import enable_grad, no_grad
from .layers import Handle
from .tensor import Tensor

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]


def descend(w, direction, rate, spare):
    """Take `rate` times `direction` off the array `w`, in place; `spare` is there to compute in.

    All three arrays have one shape. `direction` may be `spare` itself; otherwise it stays as it
    is. No array is made: `np.multiply(a, b, out=spare)` writes its result into one that exists.

    >>> w = np.array([1.0, 2.0])
    >>> descend(w, np.array([10.0, -10.0]), 0.1, np.empty(2))
    >>> w.tolist()
    [0.0, 3.0]
    """
    np.multiply(direction, rate, out=spare)
    w -= spare


def decayed(w, g, decay, out):
    """Write the slope `g` plus `decay` times the weight `w` into `out`, and give `out`.

    w and g stay as they are. decay * w is the slope of decay / 2 * w²: a loss that would like
    every weight to be 0 (Krogh and Hertz 1991).

    >>> decayed(np.array([2.0]), np.array([1.0]), 0.5, np.empty(1)).tolist()
    [2.0]
    """
    np.multiply(w, decay, out=out)
    out += g
    return out


class Optimizer:
    """What all optimizers share: groups of parameters, their state, and the loop of `step`.

    `params` is an iterable of parameters, of (name, parameter) pairs, or of groups: dictionaries
    with "params" and whatever differs from `defaults`. `param_groups` is the list of groups, each
    a dictionary with "params", "lr" and the other settings; write to it to change them.
    `state[parameter]` is a dictionary of arrays and numbers. An optimizer of its own kind writes
    `update`, and `init_state` if there is something to remember.
    """

    def __init__(self, params, defaults):
        self.defaults, self.param_groups, self.state = dict(defaults), [], defaultdict(dict)
        self._post_hooks, self._spares = OrderedDict(), {}
        for group in _groups(params):
            self.add_param_group(group)

    def zero_grad(self, set_to_none=True):
        """Forget the gradient of every parameter in every group: `.grad` becomes None.

        With set_to_none=False a gradient that is there stays, and 0 is written into it. Without
        this, `backward` would go on adding to the slopes of the step before.

        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = SGD([w], lr=0.1)
        >>> (w * 3.0).sum().backward()
        >>> optimizer.zero_grad(); w.grad is None
        True
        """
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter.grad = None
                elif parameter.grad is not None:
                    parameter.grad.copy_(0.0)

    def state_dict(self):
        """Give all that is needed to go on later, with numbers in place of the parameters.

        {"state": {number: {name: array or number}}, "param_groups": [{..., "params": [numbers]}]}
        where parameters are numbered through all groups, from 0. Arrays are not copied, and a
        parameter without state has none here. The layout is PyTorch's; a parameter object means
        nothing in a file, its place does.

        >>> w = Tensor([1.0], requires_grad=True)
        >>> SGD([w], lr=0.1).state_dict()["param_groups"][0]["params"]
        [0]
        """
        number = {parameter: i for i, parameter in enumerate(self.parameters())}
        groups = [
            {**group, "params": [number[parameter] for parameter in group["params"]]}
            for group in self.param_groups
        ]
        state = {number[parameter]: dict(kept) for parameter, kept in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict):
        """Take over state and settings from what `state_dict` gave, here or in another run.

        The groups must match in number and size; `check_state` raises ValueError otherwise,
        before anything is changed. Every parameter gets the state that its number leads to, as
        arrays of its own; what is not in `state_dict` is forgotten. `state_dict` is only read.

        >>> w = Tensor([1.0], requires_grad=True)
        >>> optimizer = SGD([w], lr=0.1)
        >>> optimizer.load_state_dict(SGD([w], lr=0.5).state_dict())
        >>> optimizer.param_groups[0]["lr"]
        0.5
        """
        self.check_state(state_dict)
        groups = state_dict["param_groups"]
        numbers = [number for group in groups for number in group["params"]]
        parameter = dict(zip(numbers, self.parameters(), strict=True))
        self.state.clear()
        for number, kept in state_dict["state"].items():
            self.state[parameter[number]] = own_copy(kept, parameter[number])
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update({**saved, "params": group["params"]})

    # given

    def step(self, closure=None):
        """Change every parameter that has a gradient; give what `closure` gives, else None.

        `closure` computes the loss and its gradients anew, and is called first. For each
        parameter with a gradient `update` gets the arrays, the state and the settings.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                if type(group.get("lr", 0.0)) is not float:
                    group["lr"] = float(group["lr"])  # np.float64 would make float64 of float32
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self._update(parameter, group)
        for hook in list(self._post_hooks.values()):
            hook(self, (self,) if closure is None else (self, closure), {})
        return loss

    def _update(self, parameter, group):
        w, g = parameter.data, parameter.grad.data
        if g.shape != w.shape:
            raise ValueError(f"a parameter of shape {w.shape} has a gradient of shape {g.shape}")
        key = w.shape, w.dtype
        spares = self._spares.get(key)
        if spares is None:
            spares = self._spares[key] = [np.empty_like(w) for _ in range(3)]
        state = self.state.setdefault(parameter, {})
        if not state:
            state.update(self.init_state(w))
        if group.get("maximize"):
            g = np.negative(g, out=spares[2])
        self.update(w, g, state, group, spares[:2])
        parameter._changes[0] += 1

    def update(self, w, g, state, group, spares):
        """Change the array `w` in place, with the gradient `g`; each optimizer writes its own.

        `g` has the shape of w and is not to be changed. `state` is the dictionary of this
        parameter, `group` holds the settings, `spares` is a list of two arrays of w's shape to
        compute in: what they hold means nothing, and the next parameter uses them, too.
        """
        raise TypeError(f"{type(self).__name__} has no update() of its own")

    def init_state(self, w):
        """Give what is to be remembered of a parameter before its first step: here nothing."""
        return {}

    def parameters(self):
        """List the parameters of all groups, in order: their places are their numbers."""
        return [parameter for group in self.param_groups for parameter in group["params"]]

    def add_param_group(self, param_group):
        """Add a group: a dictionary with "params" and the settings that differ from the defaults.

        Raises TypeError for what is no tensor, ValueError for one that something made, that is
        not floating, or that is here already: it would take two steps.
        """
        group = {**self.defaults, **param_group}
        named = [pair if isinstance(pair, tuple) else ("", pair) for pair in _list_of(group)]
        group["params"] = [parameter for _, parameter in named]
        if named and all(name for name, _ in named):
            group["param_names"] = [name for name, _ in named]
        known = set(self.parameters())
        for parameter in group["params"]:
            _check_parameter(parameter, known)
            known.add(parameter)
        self.param_groups.append(group)

    def register_step_post_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` after each step; the result's `remove()` ends it."""
        key = object()
        self._post_hooks[key] = hook
        return Handle(self._post_hooks, key)

    def check_state(self, state_dict):
        """Raise ValueError where a state does not fit this optimizer, saying what and where."""
        if not {"state", "param_groups"} <= state_dict.keys():
            raise ValueError("this is no state of an optimizer: state or param_groups is missing")
        groups = state_dict["param_groups"]
        ours = [len(group["params"]) for group in self.param_groups]
        theirs = [len(group["params"]) for group in groups]
        if ours != theirs:
            raise ValueError(
                f"the state is of groups with {theirs} parameters, this optimizer has {ours}"
            )
        for name in self.defaults:
            if name != "maximize" and not all(name in group for group in groups):
                raise ValueError(f"the state has no {name!r}: another kind of optimizer made it")
        if any(group.get("amsgrad") for group in groups):
            raise ValueError("the state is of Adam with amsgrad, which is not to be had here")
        numbers = [number for group in groups for number in group["params"]]
        shapes = dict(zip(numbers, [p.shape for p in self.parameters()], strict=True))
        for number, kept in state_dict["state"].items():
            if number not in shapes:
                raise ValueError(f"there is state of parameter {number}, but no such parameter")
            for name, value in kept.items():
                shape = getattr(value, "shape", None)
                if name != "step" and shape is not None and tuple(shape) != shapes[number]:
                    raise ValueError(
                        f"{name} of parameter {number} has shape {tuple(shape)}, the parameter "
                        f"{shapes[number]}"
                    )

    def __repr__(self):
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


class SGD(Optimizer):
    """Gradient descent, with momentum (Polyak 1964, Nesterov 1983) and weight decay if wanted."""

    def __init__(
        self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False,
        *, maximize=False,
    ):  # fmt: skip
        _not_negative(lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError("nesterov needs a momentum above 0 and no dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize,
        })  # fmt: skip

    def update(self, w, g, state, group, spares):
        """Take lr times a direction off the array `w`, in place, and allocate nothing.

        With "weight_decay" the slope is `decayed` first. The direction is this slope; with
        "momentum" it is the buffer, state["momentum_buffer"], which starts as a copy of the first
        slope and becomes momentum * buffer + (1 - dampening) * slope at each later step; with
        "nesterov" it is slope + momentum * buffer. `g` is not changed; `spares` are two arrays to
        compute in. As `torch.optim.SGD` (Sutskever et al. 2013, with the rate outside).

        >>> w = Tensor([1.0], requires_grad=True)
        >>> w.grad = Tensor([2.0])
        >>> SGD([w], lr=0.1).step(); w
        Tensor([0.8], requires_grad=True)
        """
        s, t = spares
        momentum = group["momentum"]
        if group["weight_decay"]:
            g = decayed(w, g, group["weight_decay"], s)
        if momentum:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = g.copy()
            else:
                buffer *= momentum
                fresh = 1 - group["dampening"]
                buffer += g if fresh == 1 else np.multiply(g, fresh, out=t)
            if group["nesterov"]:
                g = np.add(g, np.multiply(buffer, momentum, out=t), out=t)
            else:
                g = buffer
        descend(w, g, group["lr"], t)


class Adam(Optimizer):
    """A step for each weight by itself: the mean slope over its usual size (Kingma and Ba 2015)."""

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0, *, maximize=False
    ):
        _not_negative(lr=lr, eps=eps, weight_decay=weight_decay)
        for beta in betas:
            if not 0 <= beta < 1:
                raise ValueError(f"betas are from 0 up to, but not including, 1, not {beta}")
        super().__init__(params, {
            "lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize,
        })  # fmt: skip

    def init_state(self, w):
        """Give the state before the first step: "step" 0, "exp_avg" and "exp_avg_sq" all 0.

        Both have the shape and the dtype of the array `w`, and are two arrays of their own.

        >>> Adam([Tensor([1.0])]).init_state(np.array([1.0, 2.0]))["exp_avg"].tolist()
        [0.0, 0.0]
        """
        return {"step": 0, "exp_avg": np.zeros_like(w), "exp_avg_sq": np.zeros_like(w)}

    def adapt(self, w, g, state, group, spare):
        """Move the array `w` against the slope `g`, in place: one step of Adam without decay.

        "step" counts from 1; "exp_avg" and "exp_avg_sq" are running means of g and of g², with
        "betas". Divided by 1 - beta**step they are m and v, unbiased; the step is
        lr * m / (sqrt(v) + eps). `g` is not changed, no array is made; `spare` is one to compute
        in (Kingma and Ba 2015, algorithm 1).

        >>> w = Tensor([1.0, 1.0], requires_grad=True)
        >>> optimizer = Adam([w], lr=0.1)
        >>> w.grad = Tensor([0.001, -1000.0]); optimizer.step(); w
        Tensor([0.9, 1.1], requires_grad=True)
        """
        beta1, beta2 = group["betas"]
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        state["step"] += 1
        np.multiply(g, 1 - beta1, out=spare)
        mean *= beta1
        mean += spare
        np.multiply(g, 1 - beta2, out=spare)
        spare *= g
        square *= beta2
        square += spare
        np.sqrt(square, out=spare)
        spare /= (1 - beta2 ** state["step"]) ** 0.5
        spare += group["eps"]
        np.divide(mean, spare, out=spare)
        descend(w, spare, group["lr"] / (1 - beta1 ** state["step"]), spare)

    def update(self, w, g, state, group, spares):
        """Add the decay to the slope, then `adapt`: what Adam did before AdamW."""
        if group["weight_decay"]:
            g = decayed(w, g, group["weight_decay"], spares[0])
        self.adapt(w, g, state, group, spares[1])


class AdamW(Adam):
    """Adam with weight decay beside the slope, not in it (Loshchilov and Hutter 2019)."""

    def __init__(
        self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2, *, maximize=False
    ):
        super().__init__(params, lr, betas, eps, weight_decay, maximize=maximize)

    def update(self, w, g, state, group, spares):
        """Shrink the array `w` by the factor 1 - lr * weight_decay, in place, then `adapt`.

        The slope knows nothing of the decay: Adam would divide it by its own size, and all
        weights would shrink by the same amount, large or small.

        >>> w = Tensor([1.0, 100.0], requires_grad=True)
        >>> optimizer = AdamW([w], lr=0.1, weight_decay=0.5)
        >>> w.grad = Tensor([0.0, 0.0]); optimizer.step(); w
        Tensor([ 0.95, 95.  ], requires_grad=True)
        """
        w *= 1 - group["lr"] * group["weight_decay"]
        self.adapt(w, g, state, group, spares[1])


# -- given: checks and copies ---------------------------------------------------------------------


def own_copy(kept, parameter):
    """Copy the state of a parameter: arrays in its dtype, numbers as they are, no None.

    "step" becomes a whole number; PyTorch keeps it as a tensor.
    """
    copied = {}
    for name, value in kept.items():
        if name == "step":
            copied[name] = int(value)
        elif value is not None:
            array = value.data if isinstance(value, Tensor) else value
            if hasattr(array, "shape"):
                array = np.asarray(array).astype(parameter.dtype)  # a copy
            copied[name] = array
    return copied


def _groups(params):
    """Make a list of groups out of what an optimizer was given; an empty one is refused."""
    if isinstance(params, (Tensor, dict, set, str)):
        raise TypeError(
            f"an optimizer takes a list of parameters or an iterable, not a {type(params).__name__}"
        )
    params = list(params)
    if not params:
        raise ValueError("the list of parameters is empty: was parameters() used up before?")
    return params if isinstance(params[0], dict) else [{"params": params}]


def _list_of(group):
    params = group["params"]
    if isinstance(params, set):
        raise TypeError("a set has no order, and state is kept by order: give a list")
    return [params] if isinstance(params, Tensor) else list(params)


def _check_parameter(parameter, known):
    if not isinstance(parameter, Tensor):
        raise TypeError(f"an optimizer changes tensors, not a {type(parameter).__name__}")
    if parameter.recipe is not None:
        maker = getattr(parameter.recipe.op, "name", "an operation")  # None once it is walked
        raise ValueError(
            f"a tensor of shape {parameter.shape} that {maker} made is no parameter: give the "
            "leaf that it was made of"
        )
    if parameter.dtype.kind != "f":
        raise ValueError(f"a parameter is a floating number, not {parameter.dtype}")
    if parameter in known:
        raise ValueError(
            f"a parameter of shape {parameter.shape} is there twice: it would take two steps"
        )


def _not_negative(**settings):
    for name, value in settings.items():
        if not value >= 0:
            raise ValueError(f"{name} is at least 0, not {value}")
