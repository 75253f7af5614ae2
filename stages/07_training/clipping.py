"""Gradients that are too long are shortened, as in torch.nn.utils (stage 07)."""

import numpy as np

from .tensor import Tensor

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """Shorten all gradients by one common factor where their norm is above `max_norm`.

    The norm is that of all gradients as one long vector: norm_type 2 its length, math.inf its
    largest element. The factor is max_norm / (norm + 1e-6), never above 1. Gives the norm before,
    a tensor. With `error_if_nonfinite` a norm that is inf or nan raises ValueError. The direction
    stays what it was (Pascanu et al. 2013). As `torch.nn.utils.clip_grad_norm_`.

    >>> weight = zeros(2).requires_grad_(); weight.grad = Tensor([3.0, 4.0])
    >>> clip_grad_norm_([weight], max_norm=1.0), weight.grad
    (Tensor(5.), Tensor([0.6, 0.8]))
    """
    raise NotImplementedError("stage 07: clip_grad_norm_")


# -- given -----------------------------------------------------------------------------------------


def clip_grad_value_(parameters, clip_value):
    """Bring every element of every gradient into the range from -clip_value to clip_value.

    Each element by itself, so the direction changes. As `torch.nn.utils.clip_grad_value_`.
    """
    for g in _gradients_of(parameters):
        g.copy_(np.clip(g.data, -clip_value, clip_value))


def _gradients_of(parameters):
    """List the gradients of one tensor or of several; those that have none, or are empty, not."""
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in tensors if p.grad is not None and p.grad.data.size]
