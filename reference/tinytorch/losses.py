"""Losses: one number that says how wrong a model is (stage 04)."""

import numpy as np

from .layers import Module
from .op import Op
from .tensor import Tensor

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
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction == "none":
        return values
    raise ValueError(f"reduction is 'mean', 'sum' or 'none', not {reduction!r}")


def mse_loss(prediction, target, reduction="mean"):
    """Square the distance from prediction to target, both of one shape, and reduce.

    Raises ValueError where the shapes differ: (n, 1) against (n,) would broadcast to (n, n) and
    train towards nonsense, without a word. As `torch.nn.functional.mse_loss`, which only warns.

    >>> mse_loss(Tensor([1.0, 4.0]), Tensor([1.0, 2.0]))
    Tensor(2.)
    """
    _same_shape("mse_loss", prediction, target)
    return reduce((prediction - target) ** 2.0, reduction)


def nll_loss(log_probs, target, reduction="mean"):
    """Give minus the log-probability of the right class: (N, C) and classes (N,).

    One example may come without its batch axis: (C,) and a class of shape (). Raises ValueError
    for shapes that do not fit, IndexError for a class that does not exist. The better the model
    knows the right answer, the nearer this is to 0.

    >>> nll_loss(Tensor([[-0.5, -1.0], [-3.0, -0.1]]), Tensor([0, 1]), reduction="none")
    Tensor([0.5, 0.1])
    """
    _check_classes("nll_loss", log_probs.shape, np.asarray(target.data))
    if log_probs.ndim == 1:
        return -log_probs[target]
    rows = Tensor(np.arange(log_probs.shape[0]))
    return reduce(-log_probs[rows, target], reduction)


@Op(constant=("target",))
def cross_entropy(logits, target, *, reduction="mean"):
    """Give minus the log of the softmax of the right class: logits (N, C) and classes (N,).

    One example may come as (C,) and a class of shape (). Raises ValueError for shapes that do not
    fit, IndexError for a class that does not exist. Softmax, log and choice belong together: done
    one after the other, a small probability becomes 0 and its log -inf.

    >>> cross_entropy(Tensor([[0.0, 0.0], [0.0, 100.0]]), Tensor([0, 0]), reduction="none")
    Tensor([  0.6931, 100.    ])
    """
    _check_classes("cross_entropy", logits.shape, target)
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    right = np.take_along_axis(shifted, target[..., None], axis=-1)[..., 0]
    return reduce(log_total - right, reduction)


@Op
def binary_cross_entropy_with_logits(logits, target, *, reduction="mean"):
    """Give the cross-entropy of yes-or-no answers: logits and targets in [0, 1] of one shape.

    Equals -t log(s) - (1 - t) log(1 - s) with s = sigmoid(logits), without computing s: as
    max(x, 0) - x t + log(1 + exp(-|x|)) nothing overflows and no log is taken of 0. Raises
    ValueError where the shapes differ.

    >>> binary_cross_entropy_with_logits(Tensor([0.0, 200.0]), Tensor([1.0, 0.0]), reduction="none")
    Tensor([  0.6931, 200.    ])
    """
    _same_shape("binary_cross_entropy_with_logits", logits, target)
    losses = np.maximum(logits, 0) - logits * target + np.log1p(np.exp(-np.abs(logits)))
    return reduce(losses, reduction)


class _Loss(Module):
    """A loss as a module: keeps its reduction and calls its function."""

    function = None

    def __init__(self, reduction="mean"):
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
    if prediction.shape != target.shape:
        raise ValueError(
            f"{name}: prediction has shape {prediction.shape} and target {target.shape}; "
            "they must be the same"
        )


def _check_classes(name, shape, target):
    if len(shape) not in (1, 2) or target.shape != shape[:-1]:
        raise ValueError(
            f"{name}: for predictions of shape {shape} the target holds one class each, "
            f"shape {shape[:-1]}; it has shape {target.shape}"
        )
    if target.dtype.kind not in "iu":
        raise TypeError(f"{name}: classes are whole numbers, the target is {target.dtype}")
    if target.size and not 0 <= target.min() <= target.max() < shape[-1]:
        wrong = target[(target < 0) | (target >= shape[-1])].flat[0]
        raise IndexError(
            f"{name}: class {wrong} does not exist, there are {shape[-1]} (0 to {shape[-1] - 1})"
        )
