"""Activations: the bends between the layers (stage 02).

Without one, two linear layers in a row are one linear layer. Each is an operation on arrays of
any shape, stable for every finite input, and keeps the dtype.
"""

import numpy as np

from .op import Op

__all__ = [
    "by_blocks",
    "gelu",
    "gelu_tanh",
    "log_softmax",
    "normal_cdf",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]

BLOCK = 16_384  # elements


@Op
def relu(x):
    """Keep what is positive and put 0 for the rest: max(x, 0), element by element.

    Cheap, and its slope is 1 wherever it is open, so that gradients pass deep networks (Nair and
    Hinton 2010).

    >>> relu(Tensor([-2.0, 0.0, 3.0]))
    Tensor([0., 0., 3.])
    """
    raise NotImplementedError("stage 02: relu")


@Op(floats=True)
def sigmoid(x):
    """Squash every element into (0, 1): 1 / (1 + exp(-x)).

    The same number is exp(x) / (1 + exp(x)). Each form overflows on one side of 0, so each is used
    on the other: no exponent is positive.

    >>> sigmoid(Tensor([-1000.0, 0.0, 1000.0]))
    Tensor([0. , 0.5, 1. ])
    """
    raise NotImplementedError("stage 02: sigmoid")


@Op(floats=True)
def softmax(x, *, dim):
    """Turn scores into probabilities along `dim`: exp(x) / sum of exp(x), each at least 0, sum 1.

    The largest score is subtracted first. It changes nothing, since exp(x - m) / exp(y - m) is
    exp(x) / exp(y), and it keeps exp from overflowing (Bridle 1990).

    >>> softmax(Tensor([1000.0, 1000.0]), dim=0)
    Tensor([0.5, 0.5])
    """
    raise NotImplementedError("stage 02: softmax")


@Op(floats=True)
def log_softmax(x, *, dim):
    """Give the logarithm of softmax along `dim`: x - log(sum of exp(x)).

    With the maximum m subtracted it is (x - m) - log(sum of exp(x - m)). Taking the log of a
    finished softmax would give -inf where a probability has become 0.

    >>> log_softmax(Tensor([0.0, 200.0]), dim=0)
    Tensor([-200.,    0.])
    """
    raise NotImplementedError("stage 02: log_softmax")


def gelu_tanh(x):
    """Weigh each element of an array by about how probable a smaller normal number is.

    x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): the tanh form of GELU, which GPT-2 uses
    (Hendrycks and Gimpel 2016). It is within 0.0005 of the exact form and needs no erf.

    >>> gelu_tanh(np.array([-1.0, 0.0, 1.0])).round(4).tolist()
    [-0.1588, 0.0, 0.8412]
    """
    raise NotImplementedError("stage 02: gelu_tanh")


@Op(floats=True)
def gelu(x, *, approximate="none"):
    """Give x times the normal distribution up to x; with approximate="tanh", `gelu_tanh`.

    Raises ValueError for any other word. As `torch.nn.functional.gelu`.
    """
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate is 'none' or 'tanh', not {approximate!r}")
    with np.errstate(over="ignore"):
        return by_blocks(gelu_tanh if approximate == "tanh" else _gelu_exact, x)


def _gelu_exact(x):
    return x * normal_cdf(x)


@Op(floats=True)
def tanh(x):
    """Squash every element into (-1, 1): the hyperbolic tangent, 2 sigmoid(2x) - 1."""
    return np.tanh(x)


# Chebyshev coefficients of log(erfc(z) exp(z^2) / t) in 2t - 1, where t = 2 / (2 + z), z >= 0.
_ERFC = (
    -0.651326859891, 0.641969792356, 0.0194764732042, -0.00956151478681, -0.00094659534448,
    0.00036683949785, 4.25233248084e-05, -2.02785781125e-05, -1.6242900062e-06, 1.30365583764e-06,
    1.5626441951e-08, -8.52381032001e-08, 6.52905598131e-09, 5.05945259419e-09, -9.91672693802e-10,
    -2.28264218364e-10, 1.03357247239e-10,
)  # fmt: skip


def normal_cdf(x):
    """Give the probability that a normal number is at most x, element by element of an array.

    NumPy has no erf. This is erfc(-x / sqrt(2)) / 2, with erfc from a Chebyshev series of degree
    16: in float64 within 1e-11 of the truth everywhere, in float32 within 1e-6.
    """
    z = np.abs(x) * 0.5**0.5
    t = 2 / (2 + z)
    upper = 0.5 * t * np.exp(_chebyshev(_ERFC, 2 * t - 1) - z * z)
    return np.where(x > 0, 1 - upper, upper)


def by_blocks(function, *arrays):
    """Apply a function element by element, to a block of `BLOCK` elements at a time.

    The arrays have one shape. What the function makes on the way stays small: it fits into the
    cache, and the system is not asked for large pieces of memory, each for a moment.
    """
    if arrays[0].size <= BLOCK:
        return function(*arrays)
    flat = [array.reshape(-1) for array in arrays]
    out = np.empty_like(flat[0])
    for start in range(0, out.size, BLOCK):
        part = slice(start, start + BLOCK)
        out[part] = function(*[array[part] for array in flat])
    return out.reshape(arrays[0].shape)


def _chebyshev(coefficients, x):
    """Sum coefficients[k] T_k(x), from the last one down (Clenshaw 1955); keeps the dtype of x."""
    first, *others = coefficients
    after = this = 0.0 * x
    for coefficient in reversed(others):
        this, after = coefficient + 2 * x * this - after, this
    return first + x * this - after
