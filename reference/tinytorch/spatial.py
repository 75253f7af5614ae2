"""Spatial layers: convolution, pooling, and a CNN made of them (stage 09).

Pictures are (N, C, H, W): a batch of N, each with C channels of H rows and W columns. In memory
the results of this stage lie with the channels last, so that all channels of a pixel are
neighbours; their shape is (N, C, H, W) all the same.

Order of the file: what is yours, sitting by sitting; then what is given.
"""

import functools

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .autograd import gradient
from .creation import zeros
from .layers import Flatten, Linear, Module, Parameter, ReLU, Sequential, kaiming_uniform_, uniform_
from .op import Op

__all__ = [
    "CNN",
    "AvgPool2d",
    "Conv2d",
    "MaxPool2d",
    "avg_pool2d",
    "conv2d",
    "conv2d_loops",
    "im2col",
    "max_pool2d",
    "output_size",
]

COLUMN_BYTES = 4 * 2**20  # of windows copied out at a time: what a processor's cache holds


# -- a window that slides -------------------------------------------------------------------------


def output_size(size, kernel_size, stride=1, padding=0):
    """Count the places of a window along one axis: (size + 2 padding - kernel) // stride + 1.

    Raises ValueError where the window is larger than the padded axis: it has no place at all.

    >>> output_size(5, 3), output_size(32, 3, padding=1), output_size(7, 2, stride=2)
    (3, 32, 3)
    """
    room = size + 2 * padding - kernel_size
    if room < 0:
        raise ValueError(
            f"a window of {kernel_size} does not fit into {size} pixels with {padding} of padding "
            "on either side"
        )
    return room // stride + 1


def conv2d_loops(image, weight, bias=None, stride=1, padding=0):
    """Convolve one picture (C, H, W) with filters (O, C, kh, kw) into (O, OH, OW), by six loops.

    An output is the sum of a window of the padded picture times a filter, over all channels, plus
    the filter's bias. The filter is laid on as it is, not flipped, as in all deep-learning
    libraries. Works on arrays; stride and padding are whole numbers. Slow and plainly right:
    whatever is faster is tested against it (LeCun et al. 1998, section II).

    >>> conv2d_loops(np.arange(9.0).reshape(1, 3, 3), np.ones((1, 1, 2, 2))).tolist()
    [[[8.0, 12.0], [20.0, 24.0]]]
    """
    image = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    filters, channels, kh, kw = weight.shape
    rows, columns = output_size(image.shape[1], kh, stride), output_size(image.shape[2], kw, stride)
    out = np.zeros((filters, rows, columns), np.result_type(image, weight))
    for o in range(filters):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    for u in range(kh):
                        for v in range(kw):
                            pixel = image[c, i * stride + u, j * stride + v]
                            out[o, i, j] += pixel * weight[o, c, u, v]
        if bias is not None:
            out[o] += bias[o]
    return out


# -- the same as one product ----------------------------------------------------------------------


def im2col(x, kernel_size, stride=1, padding=0):
    """Copy every window of x (N, C, H, W) into a row: (N * OH * OW, kh * kw * C).

    The rows come picture by picture, in each from the top left to the bottom right. Within a row
    the window is read line by line, and each pixel with all its channels. `padded` gives x with
    zeros around it, channels last in memory, where a line of the window lies in one piece
    (Chellapilla et al. 2006).

    >>> im2col(np.arange(9.0).reshape(1, 1, 3, 3), 2).tolist()
    [[0.0, 1.0, 3.0, 4.0], [1.0, 2.0, 4.0, 5.0], [3.0, 4.0, 6.0, 7.0], [4.0, 5.0, 7.0, 8.0]]
    """
    (kh, kw), (sh, sw) = pair(kernel_size), pair(stride)
    x = padded(x, padding)
    windows = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, rows, columns = windows.shape[:4]
    return windows.transpose(0, 2, 3, 4, 5, 1).reshape(n * rows * columns, kh * kw * c)


@Op
def conv2d(x, weight, bias=None, *, stride=1, padding=0):
    """Convolve pictures (N, C, H, W) with filters (O, C, kh, kw) into (N, O, OH, OW).

    Every window becomes a row (`im2col`), every filter a column (`as_matrix`): the outputs are one
    product, (N * OH * OW, O). All rows at once would take kh * kw times the memory of x, so
    `column_blocks` gives a few MB at a time. Stride and padding are a number or a pair of them;
    bias is (O,) or None. As `torch.nn.functional.conv2d`. ValueError names shapes that do not fit.

    >>> conv2d(Tensor(np.arange(9.0).reshape(1, 1, 3, 3)), Tensor(np.ones((1, 1, 2, 2)))).tolist()
    [[[[8.0, 12.0], [20.0, 24.0]]]]
    """
    height, width = output_places(x, weight, stride, padding)
    out = np.empty((len(x) * height * width, len(weight)), x.dtype)
    matrix = as_matrix(weight)
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        np.matmul(columns, matrix, out=out[rows])
        if bias is not None:
            out[rows] += bias
    return as_pictures(out, height, width)


# -- the way back ---------------------------------------------------------------------------------


@gradient(conv2d, "bias")
def conv2d_bias(g, out, x, weight, bias=None, *, stride=1, padding=0):
    """Give the share of `bias` (O,): it was added at every position of every picture.

    >>> conv2d_bias(np.ones((2, 3, 4, 4)), None, None, None).tolist()
    [32.0, 32.0, 32.0]
    """
    return g.sum(axis=(0, 2, 3))


@gradient(conv2d, "weight")
def conv2d_weight(g, out, x, weight, bias=None, *, stride=1, padding=0):
    """Give the share of `weight` (O, C, kh, kw), block by block: columns.T @ g, added up.

    It is `matmul_b` of stage 05, since out = columns @ matrix; `as_rows` lays g (N, O, OH, OW) as
    out lay then, (N * OH * OW, O). `as_filters` undoes `as_matrix`.

    >>> g, x = np.ones((1, 1, 2, 2)), np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d_weight(g, None, x, np.zeros((1, 1, 2, 2))).tolist()
    [[[[8.0, 12.0], [20.0, 24.0]]]]
    """
    g = as_rows(g)
    total = np.zeros_like(as_matrix(weight))
    for rows, columns in column_blocks(x, weight.shape[2:], stride, padding):
        total += columns.T @ g[rows]
    return as_filters(total, weight.shape)


@gradient(conv2d, "x")
def conv2d_x(g, out, x, weight, bias=None, *, stride=1, padding=0):
    """Give the share of `x`: a convolution of g, spread out, with the filters turned about.

    A pixel collects from every output whose window it lay in; seen from the pixel, the filter is
    upside down and back to front, and its inputs have become outputs. `spread` gives g with
    stride - 1 zeros between its elements, and around it just so many that the result has the
    size of x.

    >>> g, weight = np.ones((1, 1, 2, 2)), np.arange(4.0).reshape(1, 1, 2, 2)
    >>> conv2d_x(g, None, np.zeros((1, 1, 3, 3)), weight).tolist()
    [[[[0.0, 1.0, 1.0], [2.0, 6.0, 4.0], [2.0, 5.0, 3.0]]]]
    """
    turned = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return conv2d.forward(spread(g, x.shape, weight.shape[2:], stride, padding), turned)


# -- smaller pictures, a network ------------------------------------------------------------------


@Op
def max_pool2d(x, *, kernel_size, stride=None, padding=0):
    """Keep the largest number of every window: (N, C, H, W) to (N, C, OH, OW).

    The stride is the size of the window where none is given, so that windows do not overlap.
    `taps` gives one array (N, C, OH, OW) for each place within the window: all top left
    corners, all their right neighbours, …. As `torch.nn.functional.max_pool2d`; padding, at most
    half a window, never wins.

    >>> max_pool2d(Tensor([[[[1.0, 4.0, 2.0, 0.0], [3.0, 2.0, 5.0, 6.0]]]]), kernel_size=2).tolist()
    [[[[4.0, 6.0]]]]
    """
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    return functools.reduce(np.maximum, taps(around, kernel_size, stride), lowest(x.dtype))


@gradient(max_pool2d, "x")
def max_pool2d_x(g, out, x, *, kernel_size, stride=None, padding=0):
    """Give the share of `x`: of each window all to the largest, to the first of equal ones.

    `g` and `out` are (N, C, OH, OW). Windows may overlap: then a pixel adds up what it gets. The
    taps of a new array `back`, padded as x was, are views: what is added to them arrives in it.

    >>> x, out = np.array([[[[2.0, 7.0, 5.0, 5.0]]]]), np.array([[[[7.0, 5.0]]]])
    >>> max_pool2d_x(np.ones((1, 1, 1, 2)), out, x, kernel_size=(1, 2)).tolist()
    [[[[0.0, 1.0, 1.0, 0.0]]]]
    """
    around = padded(x, pool_padding(kernel_size, padding), lowest(x.dtype))
    g = channels_last(g)  # as x lies; what comes back through Flatten does not
    back = np.zeros_like(around)
    free = np.ones_like(out, bool)
    for tap, target in zip(
        taps(around, kernel_size, stride), taps(back, kernel_size, stride), strict=True
    ):
        first = (tap == out) & free
        target += g * first
        free &= ~first
    return without_padding(back, padding)


class CNN(Module):
    """A network like LeNet-5 (LeCun et al. 1998), with ReLU and max pooling.

    Blocks of Conv2d, MaxPool2d and ReLU see larger and larger parts of a picture; Linear layers
    decide.
    """

    def __init__(
        self, in_channels=3, num_classes=10, image_size=32, widths=(6, 16), hidden=(120, 84),
        kernel_size=5,
    ):  # fmt: skip
        """Build two Sequentials: `features`, for pictures, and `classifier`, for what they became.

        `features` has for each of `widths`: Conv2d to so many channels, with a padding of
        kernel_size // 2, so that an odd kernel leaves the size as it is; MaxPool2d(2); ReLU().
        `classifier` has Flatten(); for each of `hidden` a Linear and ReLU(); and a Linear to
        `num_classes`, with no ReLU after it. `image_size` is a number or (height, width): with
        `output_size` it tells how many numbers Flatten gives.

        >>> [tuple(p.shape) for p in CNN().parameters()][:5]
        [(6, 3, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 1024)]
        """
        super().__init__()
        height, width = pair(image_size)
        padding, layers = kernel_size // 2, []
        for channels in widths:
            layers += [Conv2d(in_channels, channels, kernel_size, padding=padding)]
            layers += [MaxPool2d(2), ReLU()]
            height, width = (
                output_size(output_size(size, kernel_size, 1, padding), 2, 2)
                for size in (height, width)
            )
            in_channels = channels
        self.features = Sequential(*layers)
        layers, features = [Flatten()], in_channels * height * width
        for units in hidden:
            layers += [Linear(features, units), ReLU()]
            features = units
        self.classifier = Sequential(*layers, Linear(features, num_classes))

    def forward(self, x):
        """Turn pictures (N, in_channels, H, W) into scores (N, num_classes)."""
        return self.classifier(self.features(x))


# -- given: windows and their memory --------------------------------------------------------------


def pair(value):
    """Give (value, value) for a number; a pair, or a list of two, as a tuple.

    >>> pair(3), pair((1, 2))
    ((3, 3), (1, 2))
    """
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or not all(isinstance(one, (int, np.integer)) for one in both):
        raise TypeError(f"a size is a whole number or a pair of them, not {value!r}")
    return both


def channels_last(x):
    """Give x (N, C, H, W) with the channels last in memory: x itself, where it already lies so."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def padded(x, padding=0, value=0):
    """Give x (N, C, H, W) with `value` around each picture, channels last in memory.

    Without padding it is `channels_last(x)`.
    """
    if x.ndim != 4:
        raise ValueError(f"pictures are (N, C, H, W), not {x.shape}; a batch of one counts, too")
    (ph, pw), (n, c, h, w) = pair(padding), x.shape
    if not (ph or pw):
        return channels_last(x)
    out = np.full((n, h + 2 * ph, w + 2 * pw, c), value, x.dtype).transpose(0, 3, 1, 2)
    out[:, :, ph : ph + h, pw : pw + w] = x
    return out


def without_padding(x, padding):
    """Give the view of x without what `padded` put around it."""
    ph, pw = pair(padding)
    return x[:, :, ph : x.shape[2] - ph, pw : x.shape[3] - pw]


def as_matrix(weight):
    """Lay filters (O, C, kh, kw) as columns (kh * kw * C, O), each in the order of an im2col row.

    >>> as_matrix(np.arange(4).reshape(1, 2, 1, 2)).tolist()
    [[0], [2], [1], [3]]
    """
    return weight.transpose(2, 3, 1, 0).reshape(-1, len(weight))


def as_filters(matrix, shape):
    """Make filters of `shape` (O, C, kh, kw) of what `as_matrix` made of them."""
    o, c, kh, kw = shape
    return matrix.reshape(kh, kw, c, o).transpose(3, 2, 0, 1)


def as_rows(x):
    """Lay pictures (N, C, H, W) as rows, one a pixel: (N * H * W, C)."""
    return x.transpose(0, 2, 3, 1).reshape(-1, x.shape[1])


def as_pictures(rows, height, width):
    """Make pictures (N, C, height, width) of what `as_rows` makes of them."""
    return rows.reshape(-1, height, width, rows.shape[1]).transpose(0, 3, 1, 2)


def output_places(x, weight, stride, padding):
    """Give (OH, OW) of a convolution; ValueError for pictures and filters that do not fit."""
    if x.ndim != 4 or weight.ndim != 4:
        raise ValueError(
            f"pictures are (N, C, H, W) and filters (O, C, kh, kw), not {x.shape} and "
            f"{weight.shape}; one picture is a batch after unsqueeze(0)"
        )
    if x.shape[1] != weight.shape[1]:
        raise ValueError(
            f"the pictures have {x.shape[1]} channels, the filters are made for {weight.shape[1]}: "
            f"{x.shape} and {weight.shape}"
        )
    return places(x, weight.shape[2:], stride, padding)


def places(x, kernel_size, stride, padding):
    """Count the rows and columns at which a window can lie in x, with both axes' settings."""
    kernel_size, stride, padding = pair(kernel_size), pair(stride), pair(padding)
    if min(kernel_size) < 1 or min(stride) < 1 or min(padding) < 0:
        raise ValueError(
            f"window {kernel_size} and stride {stride} are at least 1, padding {padding} at least 0"
        )
    return tuple(map(output_size, x.shape[2:], kernel_size, stride, padding))


def column_blocks(x, kernel_size, stride=1, padding=0):
    """Yield (rows, columns): `im2col` of x, block by block, each at most COLUMN_BYTES large.

    `rows` is the slice of all rows that a block is. A block is some pictures, or, where one of
    them has too many windows, some lines of one; a line of windows is never cut.
    """
    kernel_size, (stride, across) = pair(kernel_size), pair(stride)
    height, width = places(x, kernel_size, (stride, across), padding)
    line = width * kernel_size[0] * kernel_size[1] * x.shape[1] * x.itemsize
    lines = max(1, COLUMN_BYTES // max(1, line))
    pictures, start = max(1, lines // height), 0
    for first in range(0, len(x), pictures):
        part = padded(x[first : first + pictures], padding)
        for top in range(0, height, lines):
            bottom = (min(top + lines, height) - 1) * stride + kernel_size[0]
            columns = im2col(part[:, :, top * stride : bottom], kernel_size, (stride, across))
            yield slice(start, start + len(columns)), columns
            start += len(columns)


def spread(g, shape, kernel_size, stride, padding):
    """Lay the gradient g (N, O, OH, OW) out for a convolution that ends at pictures of `shape`.

    Element i goes to place i * stride + kernel - 1 - padding, the rest is 0; what would lie
    outside had a window of nothing but padding.
    """
    sizes = [size + k - 1 for size, k in zip(shape[2:], kernel_size, strict=True)]
    out = np.zeros((len(g), *sizes, g.shape[1]), g.dtype).transpose(0, 3, 1, 2)
    target, source = [slice(None)] * 2, [slice(None)] * 2
    for size, count, k, step, pad in zip(
        sizes, g.shape[2:], kernel_size, pair(stride), pair(padding), strict=True
    ):
        first = -(-max(0, pad + 1 - k) // step)  # output whose window meets the picture, rounded up
        kept = max(0, min(count, (size - k + pad) // step + 1) - first)
        start = first * step + k - 1 - pad
        source.append(slice(first, first + kept))
        target.append(slice(start, start + kept * step, step))
    out[tuple(target)] = g[tuple(source)]
    return out


def taps(x, kernel_size, stride=None):
    """Yield for each place within the window, line by line, the pixels of x that lie there.

    Each is a view (N, C, OH, OW): what is written into it is written into x.

    >>> [tap.tolist() for tap in taps(np.arange(4).reshape(1, 1, 1, 4), (1, 2))]
    [[[[0, 2]]], [[[1, 3]]]]
    """
    kh, kw = pair(kernel_size)
    sh, sw = pair(kernel_size if stride is None else stride)
    rows, columns = places(x, (kh, kw), (sh, sw), 0)
    for u in range(kh):
        for v in range(kw):
            yield x[:, :, u : u + (rows - 1) * sh + 1 : sh, v : v + (columns - 1) * sw + 1 : sw]


def pool_padding(kernel_size, padding):
    """Give the padding, or ValueError where a window could lie in nothing but padding."""
    for k, p in zip(pair(kernel_size), pair(padding), strict=True):
        if not 0 <= 2 * p <= k:
            raise ValueError(f"the padding is at most half a window, {k} // 2, not {p}")
    return padding


def lowest(dtype):
    """Give the number of this dtype that every other one is larger than."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


# -- given: average pooling -----------------------------------------------------------------------


@Op(floats=True)
def avg_pool2d(x, *, kernel_size, stride=None, padding=0):
    """Give the mean of every window, zeros of the padding counted: (N, C, OH, OW).

    As `torch.nn.functional.avg_pool2d`.
    """
    around = padded(x, pool_padding(kernel_size, padding))
    kh, kw = pair(kernel_size)
    return functools.reduce(np.add, taps(around, kernel_size, stride)) / (kh * kw)


@gradient(avg_pool2d, "x")
def avg_pool2d_x(g, out, x, *, kernel_size, stride=None, padding=0):
    """Give the share of `x`: an equal part of g to every pixel of the window."""
    back, (kh, kw) = np.zeros_like(padded(x, padding)), pair(kernel_size)
    part = g / (kh * kw)
    for target in taps(back, kernel_size, stride):
        target += part
    return without_padding(back, padding)


# -- given: the operations as layers --------------------------------------------------------------


class Conv2d(Module):
    """`conv2d` with filters and a bias of its own, as `torch.nn.Conv2d` with one group."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, *, bias=True):
        """Make `weight` (out_channels, in_channels, kh, kw) and `bias` (out_channels,).

        Both start uniform in ±1/sqrt(fan_in), fan_in = in_channels * kh * kw, as in Linear.
        """
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = map(pair, (kernel_size, stride, padding))
        shape = (out_channels, in_channels, *self.kernel_size)
        self.weight = Parameter(kaiming_uniform_(zeros(*shape), a=5**0.5))
        bound = (in_channels * self.kernel_size[0] * self.kernel_size[1]) ** -0.5
        self.bias = Parameter(uniform_(zeros(out_channels), -bound, bound)) if bias else None

    def forward(self, x):
        """Convolve x (N, in_channels, H, W) into (N, out_channels, OH, OW)."""
        return conv2d(x, self.weight, self.bias, stride=self.stride, padding=self.padding)

    def extra_repr(self):
        """Give the settings."""
        said = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        said += f", stride={self.stride}"
        said += f", padding={self.padding}" if any(self.padding) else ""
        return said if self.bias is not None else f"{said}, bias=False"


class _Pool2d(Module):
    """What the pooling layers share: their settings."""

    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def extra_repr(self):
        """Give the settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(_Pool2d):
    """`max_pool2d` as a module."""

    def forward(self, x):
        """Keep the largest number of every window."""
        return max_pool2d(x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)


class AvgPool2d(_Pool2d):
    """`avg_pool2d` as a module."""

    def forward(self, x):
        """Take the mean of every window."""
        return avg_pool2d(x, kernel_size=self.kernel_size, stride=self.stride, padding=self.padding)
