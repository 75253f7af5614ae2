"""Tensors out of nothing: constants, ranges and random numbers (stage 01)."""

import numpy as np

from .tensor import Tensor, check_device

__all__ = [
    "arange",
    "eye",
    "from_numpy",
    "full",
    "get_rng_state",
    "linspace",
    "manual_seed",
    "ones",
    "ones_like",
    "rand",
    "randn",
    "random_generator",
    "set_rng_state",
    "tensor",
    "zeros",
    "zeros_like",
]

_generator = np.random.default_rng()


def tensor(data, dtype=None, requires_grad=False, device=None):
    """Make a tensor that owns a copy of `data`; PyTorch's usual way to make one."""
    check_device(device)
    return Tensor(np.array(Tensor(data, dtype=dtype).data), requires_grad)


def from_numpy(array):
    """Make a tensor of an array without copying: both look at the same memory."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy() takes an array, not a {type(array).__name__}")
    return Tensor(array)


def zeros(*shape, dtype=np.float32, device=None, requires_grad=False):
    """Make a tensor of zeros."""
    check_device(device)
    return Tensor(np.zeros(_shape(shape), dtype), requires_grad)


def ones(*shape, dtype=np.float32, device=None, requires_grad=False):
    """Make a tensor of ones."""
    check_device(device)
    return Tensor(np.ones(_shape(shape), dtype), requires_grad)


def zeros_like(other, dtype=None, device=None):
    """Make a tensor of zeros with the shape, and unless given the dtype, of another."""
    check_device(device)
    return Tensor(np.zeros_like(other.data, dtype=dtype))


def ones_like(other, dtype=None, device=None):
    """Make a tensor of ones with the shape, and unless given the dtype, of another."""
    check_device(device)
    return Tensor(np.ones_like(other.data, dtype=dtype))


def full(shape, fill_value, dtype=None, requires_grad=False, device=None):
    """Make a tensor of one number repeated; its dtype is that of the number."""
    check_device(device)
    return Tensor(np.full(shape, Tensor(fill_value, dtype=dtype).data), requires_grad)


def arange(start, end=None, step=1, dtype=None, device=None):
    """Count from `start` (0 where only one number is given) to before `end`."""
    check_device(device)
    start, end = (0, start) if end is None else (start, end)
    whole = all(isinstance(value, (int, np.integer)) for value in (start, end, step))
    return Tensor(np.arange(start, end, step).astype(dtype or (np.int64 if whole else np.float32)))


def linspace(start, end, steps, dtype=np.float32, device=None):
    """Make `steps` numbers in equal distances from `start` to `end`, both included."""
    check_device(device)
    return Tensor(np.linspace(start, end, steps).astype(dtype))


def eye(n, m=None, dtype=np.float32, device=None):
    """Make the identity matrix of shape (n, m): ones on the diagonal."""
    check_device(device)
    return Tensor(np.eye(n, m, dtype=dtype))


def rand(*shape, dtype=np.float32, device=None, requires_grad=False):
    """Draw uniformly from [0, 1)."""
    check_device(device)
    return Tensor(_generator.random(_shape(shape), dtype=dtype), requires_grad)


def randn(*shape, dtype=np.float32, device=None, requires_grad=False):
    """Draw from the normal distribution of mean 0 and variance 1."""
    check_device(device)
    return Tensor(_generator.standard_normal(_shape(shape), dtype=dtype), requires_grad)


def manual_seed(seed):
    """Start the framework's random numbers anew, so that what follows can be repeated.

    Feeds initialisation and dropout; shuffles and transforms have generators of their own.
    """
    set_rng_state(np.random.default_rng(seed).bit_generator.state)


def random_generator():
    """Give NumPy's generator behind `rand`, initialisation and dropout."""
    return _generator


def get_rng_state():
    """Give the state of the random numbers, a dictionary for `set_rng_state`."""
    return _generator.bit_generator.state


def set_rng_state(rng_state):
    """Continue the random numbers from a state of `get_rng_state`."""
    _generator.bit_generator.state = rng_state


def _shape(sizes):
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        return tuple(sizes[0])
    return sizes
