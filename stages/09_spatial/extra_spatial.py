"""Tests of what is given in stage 09, for whoever has rewritten it."""

import numpy as np
from tinytorch import spatial
from tinytorch.autograd import backward
from tinytorch.creation import manual_seed
from tinytorch.normalization import (
    BatchNorm2d,
    batch_norm,
    batch_norm_bias,
    batch_norm_weight,
    batch_norm_x,
    channel_statistics,
    check_normalized,
)
from tinytorch.spatial import (
    CNN,
    AvgPool2d,
    Conv2d,
    MaxPool2d,
    as_filters,
    as_matrix,
    as_pictures,
    as_rows,
    avg_pool2d,
    avg_pool2d_x,
    channels_last,
    column_blocks,
    lowest,
    output_places,
    padded,
    pair,
    places,
    pool_padding,
    spread,
    taps,
    without_padding,
)
from tinytorch.tensor import Tensor

from checker.expect import expect_close, expect_equal, expect_raises, expect_true, expect_unchanged

POOLS = [  # size of x, of the window, stride, padding
    ((1, 1, 4, 4), 2, None, 0),
    ((2, 3, 4, 6), (2, 3), None, 0),
    ((2, 2, 5, 5), 2, None, 0),
    ((1, 2, 5, 6), 3, 1, 0),
    ((2, 1, 5, 4), (3, 2), (2, 1), 1),
    ((1, 2, 4, 5), (2, 3), (3, 2), (1, 0)),
]


def numbers(*shape, seed=0):
    """Draw an array of float64 between 0.5 and 2, of either sign."""
    draw = np.random.default_rng([seed, *shape])
    return draw.uniform(0.5, 2.0, shape) * draw.choice([-1.0, 1.0], shape)


def both(value):
    return value if isinstance(value, tuple) else (value, value)


def averaged(x, kernel_size, stride, padding):
    """Take the mean of every window, one by one, the padding being zeros that count."""
    (kh, kw), (ph, pw) = both(kernel_size), both(padding)
    sh, sw = both(kernel_size if stride is None else stride)
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    rows = range(0, x.shape[2] - kh + 1, sh)
    columns = range(0, x.shape[3] - kw + 1, sw)
    out = [[x[:, :, i : i + kh, j : j + kw].mean(axis=(2, 3)) for j in columns] for i in rows]
    return np.array(out).transpose(2, 3, 0, 1)


def slopes(loss, x, eps=1e-6):
    """Measure by central differences how `loss` answers to each element of x."""
    found = np.zeros(np.shape(x))
    for at in np.ndindex(found.shape):
        up, down = np.array(x), np.array(x)
        up[at] += eps
        down[at] -= eps
        found[at] = (loss(up) - loss(down)) / (2 * eps)
    return found


# -- average pooling ------------------------------------------------------------------------------


def test_extra_avg_pool2d_example():
    x = Tensor([[[[1.0, 4.0, 2.0, 0.0], [3.0, 2.0, 5.0, 6.0]]]])
    expect_close(
        avg_pool2d(x, kernel_size=2), [[[[2.5, 3.25]]]],
        "avg_pool2d of [[1. 4. 2. 0.] [3. 2. 5. 6.]], kernel_size=2", "(1 + 4 + 3 + 2) / 4 is 2.5.",
    )  # fmt: skip


def test_extra_avg_pool2d_sizes():
    for shape, kernel, stride, padding in POOLS:
        x = numbers(*shape)
        got = avg_pool2d(Tensor(x), kernel_size=kernel, stride=stride, padding=padding)
        expect_close(
            got, averaged(x, kernel, stride, padding),
            f"avg_pool2d of x {shape}, kernel_size={kernel}, stride={stride}, padding={padding}",
            "The zeros of the padding count: all windows are divided by the same number.",
        )  # fmt: skip


def test_extra_avg_pool2d_pure():
    for lay in (np.array, channels_last):
        x = lay(numbers(2, 3, 4, 4))
        before = x.copy()
        expect_close(avg_pool2d.forward(x, kernel_size=2), averaged(x, 2, None, 0), "avg_pool2d")
        expect_unchanged(x, before, "avg_pool2d")
    small = x.astype(np.float32)
    got = avg_pool2d.forward(small, kernel_size=2)
    expect_close(got, averaged(x, 2, None, 0), "avg_pool2d of float32", dtype=np.float32)
    whole = avg_pool2d(Tensor([[[[1, 2]]]]), kernel_size=(1, 2))
    expect_close(whole, [[[[1.5]]]], "avg_pool2d of whole numbers [1 2]", dtype=np.float32)
    nothing = avg_pool2d(Tensor(np.zeros((0, 2, 4, 4))), kernel_size=2)
    expect_equal(nothing.shape, (0, 2, 2, 2), "the shape of avg_pool2d of no pictures")


def test_extra_avg_pool2d_does_not_fit():
    x = Tensor(np.ones((1, 1, 4, 2)))
    expect_raises(
        ValueError, lambda: avg_pool2d(x, kernel_size=3), "a window of 3 in 4x2", mentions=[3, 2]
    )
    expect_raises(
        ValueError, lambda: avg_pool2d(x, kernel_size=2, padding=2), "padding 2 for a window of 2",
        mentions=["half"],
    )  # fmt: skip


def test_extra_avg_pool2d_x_differences():
    for shape, kernel, stride, padding in POOLS:
        x = numbers(*shape)
        out = averaged(x, kernel, stride, padding)
        g = numbers(*out.shape, seed=1)

        def loss(x, g=g, settings=(kernel, stride, padding)):
            return float(np.sum(g * averaged(x, *settings)))

        got = avg_pool2d_x(g, out, x, kernel_size=kernel, stride=stride, padding=padding)
        expect_close(
            got, slopes(loss, x),
            f"avg_pool2d_x for x {shape}, kernel_size={kernel}, stride={stride}, padding={padding}",
            "Each pixel of a window gets the same part of g, and adds up what windows bring.",
        )  # fmt: skip


def test_extra_avg_pool2d_x_in_use():
    x = Tensor(np.ones((1, 1, 1, 3), np.float32), requires_grad=True)
    backward(avg_pool2d(x, kernel_size=(1, 2), stride=1).sum())
    expect_close(x.grad, [[[[0.5, 1.0, 0.5]]]], "x.grad of overlapping means", dtype=np.float32)


def test_extra_avgpool2d_forward_values():
    x = numbers(2, 3, 5, 4)
    for settings in ((2,), (2, 1), ((3, 2), (1, 2), (1, 0))):
        kernel, stride, padding = (*settings, *(None, 0)[len(settings) - 1 :])
        expect_close(
            AvgPool2d(*settings)(Tensor(x)), averaged(x, kernel, stride, padding),
            f"AvgPool2d{settings} of x (2, 3, 5, 4)",
        )  # fmt: skip
    expect_equal(
        repr(AvgPool2d(3, stride=2)), "AvgPool2d(kernel_size=3, stride=2, padding=0)",
        "the repr of AvgPool2d(3, stride=2)",
    )  # fmt: skip


# -- windows and their memory ---------------------------------------------------------------------


def test_extra_pair_of_what():
    for value, expected in ((3, (3, 3)), ((1, 2), (1, 2)), ([1, 2], (1, 2)), (np.int64(2), (2, 2))):
        expect_equal(pair(value), expected, f"pair({value!r})")
    for value in ("same", (1, 2, 3), 1.5, None, (1, 2.0)):
        expect_raises(TypeError, lambda v=value: pair(v), f"pair({value!r})", mentions=[value])


def test_extra_padded_values():
    x = numbers(2, 3, 2, 3)
    for padding, value in (((1, 2), 0.0), (1, -np.inf), (0, 0.0), ((0, 1), 7.0)):
        ph, pw = both(padding)
        expected = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=value)
        got = padded(x, padding, value)
        expect_close(got, expected, f"x (2, 3, 2, 3) padded by {padding} with {value}")
        expect_true(
            got.transpose(0, 2, 3, 1).flags.c_contiguous, f"padded by {padding}: not channels last"
        )


def test_extra_padded_wants_a_batch():
    expect_raises(
        ValueError, lambda: padded(np.ones((3, 4, 4)), 1), "padded of (3, 4, 4)",
        mentions=["(N, C, H, W)", (3, 4, 4)],
    )  # fmt: skip


def test_extra_channels_last_copies_at_most_once():
    x = numbers(2, 3, 4, 5)
    once = channels_last(x)
    expect_close(once, x, "x, channels last")
    expect_true(once.transpose(0, 2, 3, 1).flags.c_contiguous, "the channels do not lie last")
    expect_true(np.shares_memory(channels_last(once), once), "what lay so already was copied")


def test_extra_without_padding_undoes():
    x = numbers(2, 3, 2, 3)
    for padding in (0, 2, (1, 2), (0, 1)):
        expect_close(
            without_padding(padded(x, padding), padding), x, f"padded by {padding} and back"
        )
    wide = padded(x, 1)
    without_padding(wide, 1)[...] = 5.0
    expect_close(wide.sum(), 5.0 * x.size, "the sum after writing into the view")


def test_extra_as_matrix_columns():
    weight = numbers(4, 2, 3, 2)
    expected = [[weight[o, c, u, v] for o in range(4)] for u, v, c in np.ndindex(3, 2, 2)]
    expect_close(as_matrix(weight), expected, "as_matrix of (4, 2, 3, 2)")


def test_extra_as_filters_undoes():
    for shape in ((4, 2, 3, 2), (1, 3, 1, 1)):
        weight = numbers(*shape)
        expect_close(as_filters(as_matrix(weight), shape), weight, f"filters {shape}, and back")


def test_extra_as_rows_pixels():
    x = numbers(2, 3, 2, 4)
    expected = [x[n, :, i, j] for n, i, j in np.ndindex(2, 2, 4)]
    expect_close(as_rows(x), expected, "as_rows of (2, 3, 2, 4)")


def test_extra_as_pictures_undoes():
    for n in (2, 1, 0):
        x = numbers(n, 3, 2, 4)
        expect_close(as_pictures(as_rows(x), 2, 4), x, f"({n}, 3, 2, 4) as rows, and back")


def test_extra_output_places_counts():
    x, weight = np.ones((2, 3, 7, 5)), np.ones((4, 3, 3, 2))
    expect_equal(output_places(x, weight, (2, 1), (0, 1)), (3, 6), "output_places")


def test_extra_places_refuses():
    x = np.ones((1, 1, 4, 4))
    for kernel, stride, padding in ((0, 1, 0), (2, 0, 0), (2, (1, 0), 0), (2, 1, -1)):
        expect_raises(
            ValueError, lambda a=(kernel, stride, padding): places(x, *a),
            f"kernel {kernel}, stride {stride}, padding {padding}", mentions=["at least"],
        )  # fmt: skip
    expect_equal(places(x, (1, 2), (2, 1), (0, 1)), (2, 5), "the places of a window (1, 2)")


def test_extra_column_blocks_cover(monkeypatch):
    x = numbers(5, 2, 6, 7)
    whole = [columns for _, columns in column_blocks(x, (3, 2), (2, 1), 1)]
    expect_equal(len(whole), 1, "the number of blocks of a small batch")
    for limit, blocks in ((4608, 3), (1600, 10), (1, 15)):
        monkeypatch.setattr(spatial, "COLUMN_BYTES", limit)
        parts = list(column_blocks(x, (3, 2), (2, 1), 1))
        expect_equal(len(parts), blocks, f"the number of blocks of at most {limit} bytes")
        expect_close(np.concatenate([c for _, c in parts]), whole[0], f"all blocks, {limit} bytes")
        stops = [rows.stop for rows, _ in parts]
        starts = [rows.start for rows, _ in parts]
        expect_equal(starts, [0, *stops[:-1]], "where the blocks begin")
        expect_equal(
            [rows.stop - rows.start for rows, _ in parts], [len(c) for _, c in parts],
            "the lengths of the slices",
        )  # fmt: skip


def test_extra_spread_places():
    g = np.array([[[[1.0, 2.0]]]])
    expect_close(
        spread(g, (1, 1, 1, 4), (1, 2), (1, 2), 0), [[[[0, 1, 0, 2, 0]]]],
        "[1. 2.] spread by 2 for a window (1, 2)",
    )  # fmt: skip
    expect_close(
        spread(g, (1, 1, 1, 2), (1, 2), (1, 2), (0, 1)), [[[[1, 0, 2]]]],
        "[1. 2.] spread by 2 for a window (1, 2), padding 1",
    )  # fmt: skip
    expect_close(
        spread(g, (1, 1, 1, 1), (1, 1), (1, 5), (0, 3)), [[[[0]]]],
        "[1. 2.] where both windows held nothing but padding",
    )  # fmt: skip


def test_extra_taps_are_views():
    x = np.zeros((1, 1, 3, 4))
    found = list(taps(x, (2, 2), (1, 2)))
    expect_equal([tap.shape for tap in found], [(1, 1, 2, 2)] * 4, "the shapes of the taps")
    for tap in found:
        tap += 1.0
    expect_close(x[0, 0], [[1, 1, 1, 1], [2, 2, 2, 2], [1, 1, 1, 1]], "x after 1 to every tap")


def test_extra_pool_padding_half():
    for kernel, padding in ((2, 1), (3, 1), ((1, 4), (0, 2))):
        expect_equal(pool_padding(kernel, padding), padding, f"padding of a window {kernel}")
    for kernel, padding in ((1, 1), (3, 2), ((1, 4), (1, 1)), (2, -1)):
        expect_raises(
            ValueError, lambda a=(kernel, padding): pool_padding(*a),
            f"padding {padding} of a window {kernel}", mentions=["half a window"],
        )  # fmt: skip


def test_extra_lowest_of_each_kind():
    for dtype in (np.float32, np.float64, np.int8, np.uint8, np.int64):
        low = lowest(np.dtype(dtype))
        number = np.array(low).astype(dtype)
        expect_true(
            bool(np.all(number <= np.array([0, 1, 100], dtype))) and number == low,
            f"lowest({np.dtype(dtype)}) is {low}",
        )


# -- layers ---------------------------------------------------------------------------------------


def test_extra_conv2d_init_numbers():
    manual_seed(0)
    layer = Conv2d(4, 500, (3, 2), stride=2, padding=(1, 0))
    bound = (4 * 3 * 2) ** -0.5
    for name, shape in (("weight", (500, 4, 3, 2)), ("bias", (500,))):
        values = getattr(layer, name).data
        expect_equal(values.shape, shape, f"the shape of {name}")
        expect_equal(values.dtype, np.dtype(np.float32), f"the dtype of {name}")
        high = np.abs(values).max()
        expect_true(
            0.97 * bound < high <= bound,
            f"{name} reaches {high:.4f}, and 1/sqrt(24) is {bound:.4f}",
        )
        expect_true(abs(values.mean()) < 0.05 * bound * 2, f"the mean of {name} is {values.mean()}")
    expect_true(Conv2d(1, 1, 1, bias=False).bias is None, "bias=False has a bias")
    expect_raises(TypeError, lambda: Conv2d(1, 1, 1, groups=2), "groups=2", mentions=["groups"])


def test_extra_conv2d_forward_settings():
    layer = Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(0, 1))
    x = Tensor(np.ones((2, 2, 7, 4), np.float32))
    expected = spatial.conv2d(x, layer.weight, layer.bias, stride=(2, 1), padding=(0, 1))
    expect_close(layer(x), expected.data, "Conv2d of x (2, 2, 7, 4)")


def test_extra_conv2d_extra_repr_settings():
    for layer, said in (
        (Conv2d(3, 6, 5), "Conv2d(3, 6, kernel_size=(5, 5), stride=(1, 1))"),
        (Conv2d(3, 6, (3, 1), 2, 1),
         "Conv2d(3, 6, kernel_size=(3, 1), stride=(2, 2), padding=(1, 1))"),
        (Conv2d(1, 1, 1, bias=False),
         "Conv2d(1, 1, kernel_size=(1, 1), stride=(1, 1), bias=False)"),
    ):  # fmt: skip
        expect_equal(repr(layer), said, "the repr")


def test_extra_maxpool2d_init_stride():
    layer = MaxPool2d((2, 3))
    expect_equal((layer.kernel_size, layer.stride, layer.padding), ((2, 3), (2, 3), 0), "MaxPool2d")


def test_extra_maxpool2d_forward_settings():
    x = Tensor(numbers(2, 1, 5, 5))
    expect_close(
        MaxPool2d(3, 2, 1)(x), spatial.max_pool2d(x, kernel_size=3, stride=2, padding=1).data,
        "MaxPool2d(3, 2, 1)",
    )  # fmt: skip


def test_extra_maxpool2d_extra_repr_settings():
    expect_equal(repr(MaxPool2d(2)), "MaxPool2d(kernel_size=2, stride=2, padding=0)", "the repr")


def test_extra_cnn_forward_order():
    net = CNN(1, 3, 8, widths=(2,), hidden=(), kernel_size=3)
    x = Tensor(np.ones((2, 1, 8, 8), np.float32))
    expect_close(net(x), net.classifier(net.features(x)).data, "CNN of x (2, 1, 8, 8)")


# -- batch normalisation --------------------------------------------------------------------------


def test_extra_channel_statistics_numbers():
    x = numbers(3, 2, 4, 5) + 100.0
    mean, var = channel_statistics(x)
    rows = x.transpose(1, 0, 2, 3).reshape(2, -1)
    expect_close(mean, [row.sum() / 60 for row in rows], "the means")
    expect_close(var, [((row - row.sum() / 60) ** 2).sum() / 60 for row in rows], "the variances")
    large = channel_statistics((x * 1000).astype(np.float32))[1]
    expect_close(large, var * 1e6, "the variances of large float32", rtol=1e-4)


def normalised(x, mean, var, weight, bias):
    """Normalise by fixed statistics, or by its own, and eps 0.1."""
    if mean is None:
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
    by_channel = [values[:, None, None] for values in (mean, var, weight, bias)]
    mean, var, weight, bias = by_channel
    return (x - mean) / np.sqrt(var + 0.1) * weight + bias


def cases():
    """Yield (training, x, mean, var, weight, bias), mean and var as batch_norm is given them."""
    x, weight, bias = numbers(2, 3, 2, 2), numbers(3), numbers(3, seed=1)
    yield False, x, numbers(3, seed=2), np.array([1.0, 2.0, 0.5]), weight, bias
    yield True, x, x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3)), weight, bias


def expect_slopes(rule, at, name):
    """Compare a rule of batch_norm with differences, for both modes."""
    __tracebackhide__ = True
    for training, *inputs in cases():
        g = numbers(2, 3, 2, 2, seed=3)
        out = normalised(*inputs)

        def loss(changed, g=g, inputs=inputs, training=training):
            given = [*inputs[:at], changed, *inputs[at + 1 :]]
            if training:
                given[1] = given[2] = None
            return float(np.sum(g * normalised(*given)))

        got = rule(g, out, *inputs, training=training, eps=0.1)
        expect_close(got, slopes(loss, inputs[at]), f"{name}, training={training}")


def test_extra_batch_norm_values():
    for training, *inputs in cases():
        got = batch_norm.forward(*inputs, training=training, eps=0.1)
        expect_close(got, normalised(*inputs), f"batch_norm, training={training}")
    x, mean, var, *_ = inputs
    expect_close(
        batch_norm.forward(x, mean, var, eps=0.1),
        normalised(x, mean, var, np.ones(3), np.zeros(3)), "batch_norm without weight and bias",
    )  # fmt: skip


def test_extra_batch_norm_x_differences():
    expect_slopes(batch_norm_x, 0, "batch_norm_x")


def test_extra_batch_norm_weight_differences():
    expect_slopes(batch_norm_weight, 3, "batch_norm_weight")


def test_extra_batch_norm_bias_differences():
    expect_slopes(batch_norm_bias, 4, "batch_norm_bias")


def test_extra_batchnorm2d_init_buffers():
    layer = BatchNorm2d(3)
    expect_equal(
        [name for name, _ in layer.named_buffers()],
        ["running_mean", "running_var", "num_batches_tracked"], "the buffers",
    )  # fmt: skip
    expect_close(layer.running_mean, [0, 0, 0], "running_mean")
    expect_close(layer.running_var, [1, 1, 1], "running_var")
    bare = BatchNorm2d(3, affine=False, track_running_stats=False)
    expect_equal(list(bare.state_dict()), [], "the state of a layer with nothing")
    expect_raises(
        TypeError, lambda: BatchNorm2d(3, momentum=None), "momentum=None",
        "A plain average over all batches is not there.", mentions=["momentum"],
    )  # fmt: skip


def test_extra_batchnorm2d_extra_repr_settings():
    said = "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)"
    expect_equal(repr(BatchNorm2d(3)), said, "the repr of BatchNorm2d(3)")


def test_extra_check_normalized_eval():
    layer = BatchNorm2d(2)
    one = Tensor(np.ones((1, 2, 1, 1)))
    expect_raises(ValueError, lambda: check_normalized(layer, one), "one value a channel")
    check_normalized(layer.eval(), one)
    expect_raises(
        ValueError, lambda: check_normalized(layer, Tensor(np.ones((2, 3, 4, 4)))), "3 channels",
        mentions=[(2, 3, 4, 4), "BatchNorm2d(2)"],
    )  # fmt: skip
