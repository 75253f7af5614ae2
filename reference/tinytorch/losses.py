"""Losses: one number that says how wrong a model is (stage 04)."""

import math

import numpy as np

from .layers import Module
from .op import Op
from .tensor import as_array

__all__ = [
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "MSELoss",
    "NLLLoss",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "mse_loss",
    "nll_loss",
    "reduce",
]


def reduce(values, reduction):
    """Make one number of many losses: their "mean", their "sum", or with "none" all of them.

    `values` is a tensor or an array, of any shape. Raises ValueError for any other word. The mean
    is the usual choice, since its size does not depend on how many examples there are.

    >>> reduce(Tensor([1.0, 2.0, 6.0]), "mean")
    Tensor(3.)
    """
    if reduction == "mean":
        if 0 in values.shape:
            return values.sum() * math.nan  # no losses have no mean; NumPy would print a warning
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction == "none":
        return values
    raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")


def mse_loss(input, target, *, reduction="mean"):
    """Square the distance from the prediction `input` to the target, and reduce.

    Raises ValueError where their shapes differ: (n, 1) against (n,) would broadcast to (n, n) and
    train towards nonsense, without a word. As `torch.nn.functional.mse_loss`, which only warns.

    >>> mse_loss(Tensor([2.0, 5.0]), Tensor([1.0, 2.0]))
    Tensor(5.)
    """
    _same_shape("mse_loss", input, target)
    return reduce((input - target) ** 2.0, reduction)


def nll_loss(input, target, *, reduction="mean"):
    """Give minus the log-probability of the right class: `input` (N, C) and classes (N,).

    One example may come without its batch axis: (C,) and a class of shape (). Raises ValueError
    for shapes that do not fit, TypeError for classes that are no whole numbers, IndexError for one
    that does not exist. The surer the model is of the right answer, the nearer this is to 0.

    >>> nll_loss(Tensor([[-0.5, -1.0], [-3.0, -0.1]]), Tensor([0, 1]), reduction="none")
    Tensor([0.5, 0.1])
    """
    _check_classes("nll_loss", input.shape, target)
    if input.ndim == 1:
        return reduce(-input[target], reduction)
    rows = np.arange(input.shape[0])
    return reduce(-input[rows, target], reduction)


@Op(constant=("target",), floats=True)
def cross_entropy(logits, target, *, reduction="mean"):
    """Give minus the log of the softmax of the right class: logits (N, C) and classes (N,).

    One example may come as (C,) and a class of shape (). Raises as `nll_loss` does. Softmax, log
    and choice belong together: done one after the other, a small probability becomes 0 and its
    log -inf.

    >>> cross_entropy(Tensor([[0.0, 0.0], [0.0, 200.0]]), Tensor([0, 0]), reduction="none")
    Tensor([  0.6931, 200.    ])
    """
    _check_classes("cross_entropy", logits.shape, target)
    with np.errstate(over="ignore"):  # -3e38 - 3e38 is -inf in float32: exp gives 0, as it should
        shifted = logits - logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    rows = shifted.reshape(-1, shifted.shape[-1])  # also where one example came without its axis
    right = rows[np.arange(target.size), target.ravel()].reshape(target.shape)
    return reduce(log_total - right, reduction)


@Op(floats=True)
def binary_cross_entropy_with_logits(logits, target, *, reduction="mean"):
    """Give the cross-entropy of yes-or-no answers: logits and targets in [0, 1] of one shape.

    Equals -t log(s) - (1 - t) log(1 - s) with s = sigmoid(logits), without computing s: as
    max(x, 0) - x t + log(1 + exp(-|x|)) nothing overflows and no log is taken of 0. Raises
    ValueError where the shapes differ.

    >>> binary_cross_entropy_with_logits(Tensor([2.0, 100.0]), Tensor([1.0, 0.0]), reduction="none")
    Tensor([  0.1269, 100.    ])
    """
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    losses = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
    return reduce(losses, reduction)


class _Loss(Module):
    """A loss as a module: keeps its reduction and calls its function."""

    function = None

    def __init__(self, *, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, prediction, target):
        return type(self).function(prediction, target, reduction=self.reduction)

    def extra_repr(self):
        return f"reduction={self.reduction!r}"


class MSELoss(_Loss):
    """`mse_loss` as a module."""

    function = staticmethod(mse_loss)


class NLLLoss(_Loss):
    """`nll_loss` as a module."""

    function = staticmethod(nll_loss)


class CrossEntropyLoss(_Loss):
    """`cross_entropy` as a module."""

    function = staticmethod(cross_entropy)


class BCEWithLogitsLoss(_Loss):
    """`binary_cross_entropy_with_logits` as a module."""

    function = staticmethod(binary_cross_entropy_with_logits)


def _same_shape(name, prediction, target):
    ours, theirs = as_array(prediction).shape, as_array(target).shape
    if ours != theirs:
        raise ValueError(
            f"{name}: prediction has shape {ours} and target {theirs}; they must be the same"
        )


def _check_classes(name, shape, target):
    """Refuse a target that does not name one existing class for each prediction of `shape`."""
    classes = target if isinstance(target, np.ndarray) else as_array(target)
    if len(shape) not in (1, 2) or classes.shape != shape[:-1]:
        raise ValueError(
            f"{name}: for predictions of shape {shape} the target holds one class each, "
            f"shape {shape[:-1]}; it has shape {classes.shape}"
        )
    if classes.dtype.kind not in "iu":
        raise TypeError(f"{name}: classes are whole numbers, the target is {classes.dtype}")
    if classes.size and (classes.min() < 0 or classes.max() >= shape[-1]):
        outside = classes[(classes < 0) | (classes >= shape[-1])]
        raise IndexError(
            f"{name}: class {outside.flat[0]} does not exist, there are {shape[-1]} "
            f"(0 to {shape[-1] - 1})"
        )
