"""Tensors side by side, in a pile, or chosen element by element (stage 13).

A given file: operations with several inputs, each with its rules beside it.
"""

import numpy as np

from .autograd import gradient
from .op import Op

__all__ = ["cat", "concatenate", "stack", "where"]


@Op
def concatenate(*tensors, dim=0):
    """Lay arrays one after the other along the axis `dim`; `cat` takes them as one list."""
    return np.concatenate(tensors, axis=dim)


@gradient(concatenate, "tensors")
def concatenate_tensors(g, out, *tensors, dim=0, position):
    """Give the share of the tensor at `position`: its piece of g."""
    start = sum(tensor.shape[dim] for tensor in tensors[:position])
    pieces = [slice(None)] * g.ndim
    pieces[dim] = slice(start, start + tensors[position].shape[dim])
    return g[tuple(pieces)]


def cat(tensors, dim=0):
    """Lay tensors one after the other along the axis `dim`; all other axes have the same size.

    Raises ValueError where they differ, TypeError for what is no list of tensors. As `torch.cat`.

    >>> cat([Tensor([1.0, 2.0]), Tensor([3.0])])
    Tensor([1., 2., 3.])
    """
    if not isinstance(tensors, (list, tuple)) or not tensors:
        raise TypeError(f"cat takes a list of tensors, at least one, not {type(tensors).__name__}")
    return concatenate(*tensors, dim=dim)


def stack(tensors, dim=0):
    """Pile tensors of one shape up along a new axis `dim`. As `torch.stack`.

    >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])], dim=1).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    if not isinstance(tensors, (list, tuple)) or not tensors:
        raise TypeError(
            f"stack takes a list of tensors, at least one, not {type(tensors).__name__}"
        )
    return cat([tensor.unsqueeze(dim) for tensor in tensors], dim)


@Op(constant=("condition",))
def where(condition, input, other):
    """Take `input` where the condition is True, `other` elsewhere; all three broadcast.

    As `torch.where` with three arguments.
    """
    return np.where(condition, input, other)


@gradient(where, "input")
def where_input(g, out, condition, input, other):
    """Give the share of `input`: g where it was taken."""
    return np.where(condition, g, 0)


@gradient(where, "other")
def where_other(g, out, condition, input, other):
    """Give the share of `other`: g where the first was not taken."""
    return np.where(condition, 0, g)
