"""Stage 09: convolution, pooling, batch normalisation, a CNN."""

import itertools
import sys
import tracemalloc

import numpy as np
from tinytorch import spatial
from tinytorch.autograd import backward
from tinytorch.creation import manual_seed
from tinytorch.layers import Flatten, Linear, ReLU, Sequential
from tinytorch.losses import cross_entropy
from tinytorch.normalization import BatchNorm2d
from tinytorch.optimizers import Adam
from tinytorch.spatial import (
    CNN,
    Conv2d,
    MaxPool2d,
    conv2d,
    conv2d_bias,
    conv2d_loops,
    conv2d_weight,
    conv2d_x,
    im2col,
    max_pool2d,
    max_pool2d_x,
    output_size,
)
from tinytorch.tensor import Tensor

from checker.expect import (
    Mismatch,
    expect_close,
    expect_equal,
    expect_raises,
    expect_true,
    show,
)

# -- what the tests share -------------------------------------------------------------------------

# size of x, of the filters, stride, padding: everything that is said to be possible, once or twice
CONVOLUTIONS = [
    ((1, 1, 3, 3), (1, 1, 2, 2), 1, 0),
    ((2, 3, 4, 5), (2, 3, 3, 2), 1, 0),
    ((2, 2, 5, 4), (3, 2, 2, 3), 1, 1),
    ((1, 2, 6, 5), (2, 2, 3, 2), 2, 0),
    ((2, 1, 5, 7), (2, 1, 3, 3), (2, 3), (1, 0)),
    ((1, 2, 4, 3), (2, 2, 2, 1), (1, 2), (2, 1)),
    ((3, 2, 3, 2), (4, 2, 1, 1), 1, 0),
    ((2, 1, 3, 4), (1, 1, 3, 4), 1, 0),
    ((1, 1, 7, 4), (1, 1, 2, 2), 3, 0),
]
POOLS = [  # size of x, of the window, stride, padding
    ((1, 1, 4, 4), 2, None, 0),
    ((2, 3, 4, 6), (2, 3), None, 0),
    ((2, 2, 5, 5), 2, None, 0),
    ((1, 2, 5, 6), 3, 1, 0),
    ((2, 1, 5, 4), (3, 2), (2, 1), 1),
    ((1, 2, 4, 5), (2, 3), (3, 2), (1, 0)),
    ((2, 2, 3, 3), 1, 2, 0),
]


def numbers(*shape, seed=0, dtype=np.float64):
    """Draw an array of numbers between 0.5 and 2, of either sign."""
    draw = np.random.default_rng([seed, *shape])
    return (draw.uniform(0.5, 2.0, shape) * draw.choice([-1.0, 1.0], shape)).astype(dtype)


def distinct(*shape, seed=0):
    """Draw an array without two equal numbers, all of them below 0."""
    order = np.random.default_rng([seed, *shape]).permutation(int(np.prod(shape)))
    return (-1.0 - order).reshape(shape)


def channels_last(x):
    """Give the same numbers, with all channels of a pixel next to each other in memory."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def both(value):
    return value if isinstance(value, tuple) else (value, value)


def windows_of(x, kernel_size, stride, padding, around=0.0):
    """Yield ((i, j), window (N, C, kh, kw)) for every place, found by cutting, one by one."""
    (kh, kw), (sh, sw), (ph, pw) = both(kernel_size), both(stride), both(padding)
    h, w = x.shape[2] + 2 * ph, x.shape[3] + 2 * pw
    wide = np.full((*x.shape[:2], h, w), around, x.dtype)
    wide[:, :, ph : h - ph, pw : w - pw] = x
    for i, top in enumerate(range(0, h - kh + 1, sh)):
        for j, left in enumerate(range(0, w - kw + 1, sw)):
            yield (i, j), wide[:, :, top : top + kh, left : left + kw]


def gathered(places):
    """Lay results ((i, j), (N, O)) of all places out as (N, O, OH, OW)."""
    places = dict(places)
    rows, columns = (1 + max(at[axis] for at in places) for axis in (0, 1))
    return np.stack([
        np.stack([places[i, j] for j in range(columns)], -1) for i in range(rows)
    ], -2)  # fmt: skip


def convolved(x, weight, bias=None, stride=1, padding=0):
    """Convolve window by window: what is expected, by way of nothing that the stage writes."""
    windows = windows_of(x, weight.shape[2:], stride, padding)
    out = gathered((at, np.einsum("ncuv,ocuv->no", cut, weight)) for at, cut in windows)
    return out if bias is None else out + bias[:, None, None]


def pooled(x, kernel_size, stride, padding):
    """Pool window by window."""
    stride = kernel_size if stride is None else stride
    windows = windows_of(x, kernel_size, stride, padding, around=-np.inf)
    return gathered((at, cut.max(axis=(2, 3))) for at, cut in windows)


def settings(**values):
    """Name the settings that are not the usual ones."""
    return "".join(f", {n}={v}" for n, v in values.items() if v not in (None, 0) and (n, v) != S1)


S1 = ("stride", 1)


def slopes(loss, x, eps=1e-6):
    """Measure by central differences how `loss` answers to each element of x."""
    found = np.zeros(np.shape(x))
    for at in np.ndindex(found.shape):
        up, down = np.array(x), np.array(x)
        up[at] += eps
        down[at] -= eps
        found[at] = (loss(up) - loss(down)) / (2 * eps)
    return found


def expect_as_before(call, what, **arrays):
    """Require that a call leaves these arrays as they were, however they lie in memory."""
    __tracebackhide__ = True
    for lay in (np.array, channels_last):
        given = {n: lay(a) if a.ndim == 4 else a.copy() for n, a in arrays.items()}
        call(**given)
        for name, array in given.items():
            if not np.array_equal(array, arrays[name]):
                raise Mismatch(
                    f"{what} changed {name} in place",
                    f"Others still have {name} in their hands, and find other numbers in it. A "
                    "slice is a view: what is written into it is written into the whole.",
                    show(arrays[name]), show(array),
                )  # fmt: skip


def expect_any_memory(call, expected, what, **arrays):
    """Require the same values, however the arrays lie in memory."""
    __tracebackhide__ = True
    for lay, said in ((np.array, "channels first"), (channels_last, "channels last")):
        expect_close(
            call(**{n: lay(a) for n, a in arrays.items()}), expected, f"{what}, {said} in memory",
            "The same numbers of the same shape. How they lie in memory is nobody's business: a "
            "reshape in another order than that of the axes mixes them.",
        )  # fmt: skip


def lines_run(call):
    """Count the lines of Python that run in a call."""
    count, before = 0, sys.gettrace()

    def step(frame, event, argument):
        nonlocal count
        count += event == "line"
        return step

    sys.settrace(step)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def expect_no_loop(small, large, what):
    """Require that 16 times the pixels do not take more lines of Python."""
    __tracebackhide__ = True
    few, many = lines_run(small), lines_run(large)
    expect_true(
        many <= 1.5 * few + 20,
        f"{what}: with 16 times the pixels {many:,} lines of Python run instead of {few:,}",
        "NumPy is to walk over the pixels, and over the pictures; a loop of Python over them is "
        "the slow way that you had before.",
    )


def expect_room(call, limit, columns, what):
    """Require that a call keeps its peak of memory below `limit` bytes."""
    __tracebackhide__ = True
    call()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call()
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    expect_true(
        peak < limit,
        f"{what} needs {peak // 1024:,} KB at its peak; all columns at once are "
        f"{columns // 1024:,} KB, a block here 64 KB",
        "column_blocks hands the columns out in blocks: use one, and let go of it before the next.",
    )


def slopes_of_x(function, x, g, eps=1e-6):
    """Measure how the sum of g * function(x) answers to each element of x, by differences.

    Pictures do not meet, so all nudged copies go through as one batch.
    """
    steps = eps * np.eye(x.size).reshape(x.size, *x.shape)
    up, down = (
        function((x + step).reshape(-1, *x.shape[1:])).reshape(x.size, *g.shape)
        for step in (steps, -steps)
    )
    return ((up - down) * g).sum(axis=(1, 2, 3, 4)).reshape(x.shape) / (2 * eps)


def expect_or_guess(got, expected, what, why, guesses, **options):
    """Compare; where numbers are those of a known mistake, `guesses` (words, numbers), name it."""
    __tracebackhide__ = True
    try:
        expect_close(got, expected, what, why, **options)
    except Mismatch:
        for words, wrong in guesses():
            value = np.asarray(getattr(got, "data", got) if isinstance(got, Tensor) else got)
            if value.shape == wrong.shape and np.allclose(value, wrong, rtol=1e-4, atol=1e-6):
                why = f"It looks like: {words}. (a guess)"
                break
        expect_close(got, expected, what, why, **options)


def mistakes(x, weight, bias, stride, padding):
    """Yield what known mistakes make of a convolution."""
    ph, pw = both(padding)
    expected = convolved(x, weight, bias, stride, padding)
    rows, columns = expected.shape[2:]
    yield "the filter is flipped", convolved(x, weight[..., ::-1, ::-1], bias, stride, padding)
    one_side = np.pad(x, ((0, 0), (0, 0), (2 * ph, 0), (2 * pw, 0)))
    yield "all padding lies on the top and the left", convolved(one_side, weight, bias, stride)
    yield (
        "the padding is forgotten",
        convolved(x, weight, bias, stride)
        if (x.shape[2] >= weight.shape[2] and x.shape[3] >= weight.shape[3])
        else expected,
    )
    close = convolved(x, weight, bias, 1, padding)
    yield "the stride is ignored", close
    yield "the windows move on by 1, whatever the stride", close[:, :, :rows, :columns]
    if bias is not None:
        bare = convolved(x, weight, None, stride, padding)
        yield "the bias is forgotten", bare
        often = bias * x.shape[1]
        yield "the bias is added once for each channel", bare + often[:, None, None]
    o, c, kh, kw = weight.shape
    mixed = weight.reshape(o, kh, kw, c).transpose(0, 3, 1, 2)
    yield (
        "rows are channels last, and filters channels first: as_matrix lays them out alike",
        (convolved(x, mixed, bias, stride, padding)),
    )
    exchanged = expected.transpose(0, 2, 3, 1).reshape(expected.shape)
    yield "(N, OH, OW, O) was reshaped to (N, O, OH, OW), and not transposed", exchanged


def expect_array(got, what):
    """Require that a rule gives an array."""
    __tracebackhide__ = True
    expect_true(
        not isinstance(got, Tensor),
        f"{what} is a Tensor, expected an array",
        "A rule gets arrays and gives an array. Inside it an operation is called by its forward: "
        "conv2d.forward, and not conv2d, which makes a Tensor.",
    )


def of_no_pictures(call, what, why):
    """Call with an empty batch, and say so where that fails."""
    __tracebackhide__ = True
    try:
        return call()
    except NotImplementedError:
        raise
    except Exception as error:
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise Mismatch(f"{what} for a batch of no pictures raises {said}", why) from error


def expect_rule(rule, function, name, what, why="", guesses=lambda g: (), **inputs):
    """Compare a rule with central differences of `function`; g is random numbers, all float64."""
    __tracebackhide__ = True
    out = function(**inputs)
    g, array = numbers(*out.shape, seed=5), inputs[name]

    def measured(g):
        def changed(array):
            return function(**inputs | {name: array})

        if name == "x":
            return slopes_of_x(changed, array, g)
        return slopes(lambda array: float(np.sum(g * changed(array))), array)

    def wrong():
        yield "what arrives, g, is forgotten", measured(np.ones_like(g))
        yield "the mean over the pictures is taken, not the sum", measured(g) / len(g)
        yield from guesses(g)

    got = rule(g, out)
    expect_array(got, what)
    expect_or_guess(
        got, measured(g), what,
        why or f"Nudge each element of {name}, and weigh what moves with g, here random numbers: "
        "that is what is expected.", wrong, rtol=1e-5, atol=1e-7,
    )  # fmt: skip


# -- output_size ----------------------------------------------------------------------------------


def test_unit_output_size_example():
    why = (
        "size + 2 padding - kernel is the room to move; every stride pixels a place, and the first."
    )
    expect_equal(output_size(5, 3), 3, "output_size(5, 3)", why)
    expect_equal(output_size(32, 3, padding=1), 32, "output_size(32, 3, padding=1)", why)
    expect_equal(output_size(7, 2, stride=2), 3, "output_size(7, 2, stride=2)", why)


def test_unit_output_size_just_fits():
    why = "A window as large as the padded axis has one place."
    for arguments in ((3, 3), (1, 1), (2, 4, 1, 1), (3, 3, 7)):
        what = f"output_size{arguments}"
        try:
            count = output_size(*arguments)
        except ValueError as error:
            raise Mismatch(f"{what} raises ValueError, {error}; expected 1", why) from error
        expect_equal(count, 1, what, why)


def test_unit_output_size_counted():
    three = (1, 2, 3)
    for size, kernel, stride, padding in itertools.product((1, 4, 5, 8), three, three, (0, 1, 2)):
        if size + 2 * padding < kernel:
            continue
        start = places = 0
        while start + kernel <= size + 2 * padding:
            places, start = places + 1, start + stride
        expect_equal(
            output_size(size, kernel, stride, padding), places,
            f"output_size({size}, {kernel}, {stride}, {padding})",
            "The padding lies on both sides, and a window that hangs over the end does not count.",
        )  # fmt: skip


def test_unit_output_size_does_not_fit():
    for size, kernel, stride, padding in ((2, 5, 1, 0), (2, 3, 2, 0), (2, 7, 4, 1)):
        expect_raises(
            ValueError, lambda a=(size, kernel, stride, padding): output_size(*a),
            f"output_size({size}, {kernel}, {stride}, {padding})",
            "The window is larger than the padded axis. 0 or less would fail later, and far away; "
            "say here both sizes.", mentions=[kernel, size],
        )  # fmt: skip


# -- conv2d_loops ---------------------------------------------------------------------------------


def test_unit_conv2d_loops_example():
    got = conv2d_loops(np.arange(9.0).reshape(1, 3, 3), np.ones((1, 1, 2, 2)))
    expect_close(
        got, [[[8.0, 12.0], [20.0, 24.0]]], "the 3x3 numbers 0 to 8 with a filter of four ones",
        "The upper left window holds 0, 1, 3, 4: their sum is 8. Four windows, four sums.",
    )  # fmt: skip


def test_unit_conv2d_loops_not_flipped():
    weight = np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])
    expect_close(
        conv2d_loops(np.array([[[1.0, 2.0], [3.0, 4.0]]]), weight), [[[4321.0]]],
        "[[1. 2.] [3. 4.]] with the filter [[1. 10.] [100. 1000.]]",
        "The filter is laid on as it is: 1 * 1 + 2 * 10 + 3 * 100 + 4 * 1000. Flipped it would "
        "be 1234.",
    )  # fmt: skip


def test_unit_conv2d_loops_padding():
    got = conv2d_loops(np.ones((2, 2, 3)), np.ones((1, 2, 3, 3)), padding=1)
    expect_close(
        got, [[[8.0, 12.0, 8.0], [8.0, 12.0, 8.0]]],
        "an image of ones (2, 2, 3) with a filter of ones (1, 2, 3, 3), padding=1",
        "One line of zeros on each of the four sides, none before the channels: left and right, "
        "top and bottom come out alike.",
    )  # fmt: skip


def test_unit_conv2d_loops_sizes():
    for shape, filters, stride, padding in CONVOLUTIONS:
        if isinstance(stride, tuple):
            continue
        x, weight = numbers(*shape), numbers(*filters, seed=1)
        expect_or_guess(
            conv2d_loops(x[0], weight, None, stride, padding),
            convolved(x, weight, None, stride, padding)[0],
            f"image {shape[1:]}, weight {filters}{settings(stride=stride, padding=padding)}",
            "Output (o, i, j): the window begins at row i * stride and column j * stride of the "
            "padded picture, and all channels count.",
            lambda a=(x, weight, None, stride, padding): (
                (words, wrong[0]) for words, wrong in mistakes(*a)
            ),
        )  # fmt: skip


def test_unit_conv2d_loops_bias():
    x, weight, bias = numbers(2, 3, 4), numbers(3, 2, 2, 2, seed=1), np.array([10.0, 20.0, 0.0])
    expect_or_guess(
        conv2d_loops(x, weight, bias), convolved(x[None], weight, bias)[0],
        "an image (2, 3, 4) with three filters and bias [10. 20. 0.]",
        "Each filter has one number of its own, added once to every output, whatever the number "
        "of channels.",
        lambda: ((words, wrong[0]) for words, wrong in mistakes(x[None], weight, bias, 1, 0)),
    )  # fmt: skip


def test_unit_conv2d_loops_dtype():
    for dtype in (np.float32, np.float64):
        x, weight = numbers(1, 3, 3, dtype=dtype), numbers(1, 1, 2, 2, dtype=dtype)
        expect_close(
            conv2d_loops(x, weight), convolved(x[None], weight)[0],
            f"conv2d_loops of {np.dtype(dtype)}", dtype=dtype,
        )  # fmt: skip


def test_unit_conv2d_loops_whole_numbers():
    whole, parts = np.array([[[1, 2], [3, 4]]]), np.full((1, 1, 2, 2), 0.25)
    why = (
        "An array of whole numbers cuts the fraction off whatever is added to it. The dtype of the "
        "result is np.result_type(image, weight)."
    )
    expect_close(
        conv2d_loops(whole, parts), [[[2.5]]],
        "the whole numbers [[1 2] [3 4]] with a filter of four 0.25", why,
    )  # fmt: skip
    expect_close(
        conv2d_loops(whole / 4, np.ones((1, 1, 2, 2), int)), [[[2.5]]],
        "[[0.25 0.5] [0.75 1.]] with a filter of four whole ones", why,
    )  # fmt: skip


def test_unit_conv2d_loops_pure():
    x, weight, bias = numbers(2, 3, 3), numbers(2, 2, 2, 2), numbers(2)
    expect_as_before(
        lambda image, weight, bias: conv2d_loops(image, weight, bias), "conv2d_loops",
        image=x, weight=weight, bias=bias,
    )  # fmt: skip


def test_unit_conv2d_loops_does_not_fit():
    expect_raises(
        ValueError, lambda: conv2d_loops(np.ones((1, 2, 6)), np.ones((1, 1, 5, 5))),
        "an image of 2 rows with a filter of 5", "output_size says so.", mentions=[5, 2],
    )  # fmt: skip


# -- im2col ---------------------------------------------------------------------------------------


def rows_of(x, kernel_size, stride=1, padding=0):
    """Write every window into a row, one after the other."""
    cuts = [cut for _, cut in windows_of(x, kernel_size, stride, padding)]
    return np.array([
        [cut[n, c, u, v] for u, v, c in np.ndindex(*cut.shape[2:], cut.shape[1])]
        for n in range(len(x)) for cut in cuts
    ], x.dtype)  # fmt: skip


def test_unit_im2col_example():
    got = im2col(np.arange(9.0).reshape(1, 1, 3, 3), 2)
    expect_close(
        got, [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]],
        "im2col of the 3x3 numbers 0 to 8, kernel 2",
        "Four windows, four rows, from the top left to the bottom right; in a row the window line "
        "by line.",
    )  # fmt: skip


def test_unit_im2col_channels_last():
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]], [[10.0, 20.0], [30.0, 40.0]]]])
    expect_close(
        im2col(x, 2), [[1, 10, 2, 20, 3, 30, 4, 40]],
        "im2col of two channels [[1. 2.] [3. 4.]] and ten times that, kernel 2",
        "Each pixel with all its channels: the axis of the channels is the last of a row.",
    )  # fmt: skip


def test_unit_im2col_sizes():
    for shape, filters, stride, padding in CONVOLUTIONS:
        x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
        expect_close(
            im2col(x, filters[2:], stride, padding), rows_of(x, filters[2:], stride, padding),
            f"im2col of 1, 2, 3, … as x {shape}, kernel {filters[2:]}"
            f"{settings(stride=stride, padding=padding)}",
            "Rows: picture, then line, then column of the window. In a row: line, column, channel. "
            "A pair is (of the lines, of the columns).",
        )  # fmt: skip


def test_unit_im2col_empty():
    expect_equal(
        im2col(np.zeros((0, 2, 4, 4)), 3).shape, (0, 18), "the shape of im2col of no pictures",
        "2 channels and 3x3 pixels are 18 numbers a row, also of no rows: write both sizes out.",
    )  # fmt: skip


def test_unit_im2col_memory():
    x = numbers(2, 3, 4, 5)
    expect_any_memory(
        lambda x: im2col(x, (3, 2)), rows_of(x, (3, 2)), "im2col of x (2, 3, 4, 5), kernel (3, 2)",
        x=x,
    )  # fmt: skip
    expect_as_before(lambda x: im2col(x, 2, 1, 1), "im2col", x=x)
    x = x.astype(np.float32)
    expect_close(im2col(x, 2, 2, 1), rows_of(x, 2, 2, 1), "im2col of float32", dtype=np.float32)


def test_unit_im2col_no_loop():
    expect_no_loop(
        lambda: im2col(np.ones((2, 2, 6, 6)), 3), lambda: im2col(np.ones((8, 2, 12, 12)), 3),
        "im2col",
    )  # fmt: skip


# -- conv2d ---------------------------------------------------------------------------------------


def test_unit_conv2d_example():
    x = Tensor(np.arange(9.0).reshape(1, 1, 3, 3))
    expect_close(
        conv2d(x, Tensor(np.ones((1, 1, 2, 2)))), [[[[8.0, 12.0], [20.0, 24.0]]]],
        "the 3x3 numbers 0 to 8 with a filter of four ones",
        "The same as by six loops: rows of windows times columns of filters.",
    )  # fmt: skip


def test_unit_conv2d_not_flipped():
    x, weight = Tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), Tensor([[[[1.0, 10.0], [100.0, 1000.0]]]])
    expect_close(
        conv2d(x, weight), [[[[4321.0]]]],
        "[[1. 2.] [3. 4.]] with the filter [[1. 10.] [100. 1000.]]",
        "The filter is laid on as it is, not flipped, as in conv2d_loops.",
    )  # fmt: skip


def counting(blocks, counts):
    """Give column_blocks again, which notes how many rows it hands out."""

    def counted(*args, **options):
        for rows, columns in blocks(*args, **options):
            counts.append(len(columns))
            yield rows, columns

    return counted


def expect_all_rows(counts, expected, what, error=None):
    """Say so where what went wrong is that blocks have not the rows of out, one for a place."""
    __tracebackhide__ = True
    rows, needed = sum(counts), expected.size // expected.shape[1]
    if not counts or rows == needed or (rows > needed and error is None):
        return
    unwritten = f"{needed - rows} of {needed} rows of out were never written"
    raise Mismatch(
        f"{what}: {unwritten}" if rows < needed else f"{what}: {rows} rows for an out of {needed}",
        f"column_blocks has given {rows} rows, and there are {needed} places. It wants to know the "
        "kernel's size, the stride and the padding; np.empty holds whatever lay in memory.",
    ) from error


def test_unit_conv2d_sizes(monkeypatch):
    counts = []
    monkeypatch.setattr(spatial, "column_blocks", counting(spatial.column_blocks, counts))
    for shape, filters, stride, padding in CONVOLUTIONS:
        x, weight, bias = numbers(*shape), numbers(*filters, seed=1), numbers(filters[0], seed=2)
        for added in (None, bias):
            expected = convolved(x, weight, added, stride, padding)
            what = f"x {shape}, weight {filters}{settings(stride=stride, padding=padding)}, "
            what += "no bias" if added is None else "with a bias"
            counts.clear()
            try:
                got = conv2d(
                    Tensor(x), Tensor(weight), None if added is None else Tensor(added),
                    stride=stride, padding=padding,
                )  # fmt: skip
            except ValueError as error:
                expect_all_rows(counts, expected, what, error)
                raise
            if (
                got is not None
                and got.shape == expected.shape
                and not np.allclose(got.data, expected)
            ):
                expect_all_rows(counts, expected, what)
            expect_or_guess(
                got, expected, what,
                "Rows come from im2col in the order (picture, line, column), one filter a column: "
                "(N * OH * OW, O). as_pictures makes (N, O, OH, OW) of that.",
                lambda a=(x, weight, added, stride, padding): mistakes(*a),
            )  # fmt: skip


def test_unit_conv2d_of_one_and_of_none():
    weight = numbers(3, 2, 2, 2)
    for count in (1, 0):
        x = numbers(count, 2, 3, 4)
        why = "One picture is a batch, too; none gives none, and the other sizes are as always."

        def call(x=x):
            return conv2d(Tensor(x), Tensor(weight), Tensor(np.ones(3)))

        got = call() if count else of_no_pictures(call, "conv2d", why)
        expected = convolved(x, weight, np.ones(3)) if count else np.zeros((0, 3, 2, 3))
        expect_close(got, expected, f"conv2d of {count} pictures (2, 3, 4)", why)


def test_unit_conv2d_in_blocks(monkeypatch):
    x, weight, bias = numbers(5, 2, 6, 7), numbers(3, 2, 3, 2, seed=1), numbers(3, seed=2)
    for size in (4608, 1152, 1):  # two pictures, two lines, one line
        monkeypatch.setattr(spatial, "COLUMN_BYTES", size)
        for stride, padding in ((1, 0), ((2, 1), 1)):
            expect_close(
                conv2d(Tensor(x), Tensor(weight), Tensor(bias), stride=stride, padding=padding),
                convolved(x, weight, bias, stride, padding),
                f"x (5, 2, 6, 7), in blocks of at most {size} bytes"
                f"{settings(stride=stride, padding=padding)}",
                "`rows` tells which rows of out (N * OH * OW, O) a block is: some pictures, or "
                "some lines of one.",
            )  # fmt: skip


def test_unit_conv2d_peak_of_memory(monkeypatch):
    monkeypatch.setattr(spatial, "COLUMN_BYTES", 2**16)
    x, weight = numbers(8, 4, 16, 16, dtype=np.float32), numbers(2, 4, 5, 5, dtype=np.float32)
    columns = 8 * 16 * 16 * 100 * 4
    expect_room(
        lambda: conv2d.forward(x, weight, padding=2), columns // 3, columns,
        "conv2d of x (8, 4, 16, 16) with filters 5x5",
    )  # fmt: skip


def test_unit_conv2d_no_loop():
    weight = np.ones((2, 2, 3, 3))
    expect_no_loop(
        lambda: conv2d.forward(np.ones((2, 2, 6, 6)), weight),
        lambda: conv2d.forward(np.ones((8, 2, 12, 12)), weight), "conv2d",
    )  # fmt: skip


def test_unit_conv2d_dtype():
    for dtype in (np.float32, np.float64):
        x, weight = numbers(1, 2, 3, 3, dtype=dtype), numbers(2, 2, 2, 2, dtype=dtype)
        bias = numbers(2, dtype=dtype)
        expect_close(
            conv2d.forward(x, weight, bias), convolved(x, weight, bias),
            f"conv2d of {np.dtype(dtype)}", dtype=dtype,
        )  # fmt: skip


def test_unit_conv2d_memory():
    x, weight, bias = numbers(2, 3, 4, 5), numbers(2, 3, 2, 3, seed=1), numbers(2)
    expect_any_memory(
        lambda x, weight: conv2d(Tensor(x), Tensor(weight)), convolved(x, weight),
        "conv2d of x (2, 3, 4, 5), weight (2, 3, 2, 3)", x=x, weight=weight,
    )  # fmt: skip
    expect_as_before(
        lambda x, weight, bias: conv2d.forward(x, weight, bias, padding=1), "conv2d",
        x=x, weight=weight, bias=bias,
    )  # fmt: skip
    one = numbers(2, 3, 1, 1)
    expect_as_before(lambda x, weight, bias: conv2d.forward(x, weight, bias), "conv2d",
                     x=x, weight=one, bias=bias)  # fmt: skip
    for lay in (np.array, channels_last):
        out = conv2d.forward(lay(x), weight, bias)
        expect_true(
            out.transpose(0, 2, 3, 1).flags.c_contiguous,
            "the result of conv2d is right, and lies in memory with the channels first",
            "as_pictures leaves all channels of a pixel side by side, as they came out of the "
            "product. The layer that follows wants them so, and would copy all of it back.",
        )


def test_unit_conv2d_does_not_fit():
    why = "output_places says what does not fit, with both shapes: call it first."
    x, weight = np.ones((2, 3, 4, 4)), np.ones((5, 2, 3, 3))
    for one, other, said in (
        (x, weight, "3 channels, filters for 2"),
        (x[0], weight, "a picture without a batch"),
        (x, weight[0], "a filter of three axes"),
    ):
        expect_raises(
            ValueError, lambda one=one, other=other: conv2d(Tensor(one), Tensor(other)),
            f"conv2d of {one.shape} with {other.shape}, {said},", why,
            mentions=[one.shape, other.shape],
        )  # fmt: skip
    expect_raises(
        ValueError, lambda: conv2d(Tensor(x), Tensor(np.ones((1, 3, 7, 7)))),
        "conv2d of x (2, 3, 4, 4) with a filter of 7x7", why, mentions=[7, 4],
    )  # fmt: skip


# -- conv2d_bias ----------------------------------------------------------------------------------


def test_unit_conv2d_bias_example():
    expect_close(
        conv2d_bias(np.ones((2, 3, 4, 4)), None, None, None), [32.0, 32.0, 32.0],
        "conv2d_bias for g of ones (2, 3, 4, 4)",
        "Each bias was added at 4 x 4 positions of 2 pictures, and gets a share from all 32.",
    )  # fmt: skip


def test_unit_conv2d_bias_differences():
    for shape, filters, stride, padding in CONVOLUTIONS[1:5]:
        x, weight = numbers(*shape), numbers(*filters, seed=1)
        expect_rule(
            lambda g, out, x=x, w=weight: conv2d_bias(g, out, x, w),
            lambda bias, x=x, w=weight, s=stride, p=padding: convolved(x, w, bias, s, p),
            "bias", f"conv2d_bias for x {shape}, weight {filters}", bias=numbers(filters[0]),
        )  # fmt: skip


def test_unit_conv2d_bias_in_use():
    x, weight = Tensor(numbers(2, 1, 3, 3)), Tensor(numbers(2, 1, 2, 2))
    bias = Tensor(np.zeros(2), requires_grad=True)
    g = numbers(2, 2, 2, 2)
    backward(conv2d(x, weight, bias), g)
    expect_close(
        bias.grad, [g[:, 0].sum(), g[:, 1].sum()], "bias.grad of a convolution",
        "All shares of a channel, added up, and none of another one.",
    )  # fmt: skip


def test_unit_conv2d_bias_pure():
    g = numbers(2, 3, 4, 5)
    expected = [g[:, o].sum() for o in range(3)]
    expect_any_memory(
        lambda g: conv2d_bias(g, None, None, None), expected, "conv2d_bias for g (2, 3, 4, 5)", g=g
    )
    expect_as_before(lambda g: conv2d_bias(g, None, None, None), "conv2d_bias", g=g)
    expect_close(
        conv2d_bias(g.astype(np.float32), None, None, None), expected, "conv2d_bias of float32",
        dtype=np.float32,
    )  # fmt: skip


# -- conv2d_weight --------------------------------------------------------------------------------


def share_of_weight(g, x, weight):
    """Add up what each window brings, without stride and padding."""
    windows = windows_of(x, weight.shape[2:], 1, 0)
    return sum(np.einsum("no,ncuv->ocuv", g[:, :, i, j], cut) for (i, j), cut in windows)


def test_unit_conv2d_weight_example():
    g, x = np.ones((1, 1, 2, 2)), np.arange(9.0).reshape(1, 1, 3, 3)
    expect_close(
        conv2d_weight(g, None, x, np.zeros((1, 1, 2, 2))), [[[[8.0, 12.0], [20.0, 24.0]]]],
        "conv2d_weight for g of ones, x the 3x3 numbers 0 to 8",
        "The upper left weight met 0, 1, 3, 4, in four windows: its share is 8.",
    )  # fmt: skip


def test_unit_conv2d_weight_differences():
    for shape, filters, stride, padding in CONVOLUTIONS:
        x, weight = numbers(*shape), numbers(*filters, seed=1)
        expect_rule(
            lambda g, out, x=x, w=weight, s=stride, p=padding: conv2d_weight(
                g, out, x, w, stride=s, padding=p
            ),
            lambda weight, x=x, s=stride, p=padding: convolved(x, weight, None, s, p), "weight",
            f"conv2d_weight for x {shape}, weight {filters}"
            f"{settings(stride=stride, padding=padding)}", weight=weight,
        )  # fmt: skip


def test_unit_conv2d_weight_in_blocks(monkeypatch):
    x, weight, g = numbers(5, 2, 6, 7), numbers(3, 2, 3, 2, seed=1), numbers(5, 3, 4, 6, seed=2)
    expected = share_of_weight(g, x, weight)
    for size in (4608, 1152, 1):  # two pictures, two lines, one line
        monkeypatch.setattr(spatial, "COLUMN_BYTES", size)
        expect_close(
            conv2d_weight(g, None, x, weight), expected,
            f"conv2d_weight for x (5, 2, 6, 7), in blocks of at most {size} bytes",
            "Each block brings the share of its windows; the weight gets the sum of all of them.",
        )  # fmt: skip


def test_unit_conv2d_weight_peak_of_memory(monkeypatch):
    monkeypatch.setattr(spatial, "COLUMN_BYTES", 2**16)
    x, weight = numbers(8, 4, 16, 16, dtype=np.float32), numbers(2, 4, 5, 5, dtype=np.float32)
    g, columns = np.ones((8, 2, 16, 16), np.float32), 8 * 16 * 16 * 100 * 4
    expect_room(
        lambda: conv2d_weight(g, None, x, weight, padding=2), columns // 3, columns,
        "conv2d_weight for x (8, 4, 16, 16), filters 5x5",
    )  # fmt: skip


def test_unit_conv2d_weight_pure():
    x, weight, g = numbers(2, 3, 4, 5), numbers(2, 3, 2, 3, seed=1), numbers(2, 2, 3, 3, seed=2)
    expected = share_of_weight(g, x, weight)
    expect_any_memory(
        lambda x, weight, g: conv2d_weight(g, None, x, weight), expected,
        "conv2d_weight for x (2, 3, 4, 5)", x=x, weight=weight, g=g,
    )  # fmt: skip
    expect_as_before(
        lambda x, weight, g: conv2d_weight(g, None, x, weight), "conv2d_weight",
        x=x, weight=weight, g=g,
    )  # fmt: skip
    small = [a.astype(np.float32) for a in (g, x, weight)]
    expect_close(
        conv2d_weight(small[0], None, *small[1:]), expected, "conv2d_weight of float32",
        dtype=np.float32, rtol=1e-4, atol=1e-4,
    )  # fmt: skip


def test_unit_conv2d_weight_of_no_pictures():
    weight, x, g = numbers(2, 3, 2, 3), np.zeros((0, 3, 4, 5)), np.zeros((0, 2, 3, 3))
    why = (
        "There is no block then, and nothing to add up, so the sum has to have its shape and its "
        "dtype before: np.zeros_like(as_matrix(weight))."
    )
    nothing = of_no_pictures(lambda: conv2d_weight(g, None, x, weight), "conv2d_weight", why)
    expect_close(nothing, np.zeros(weight.shape), "conv2d_weight for a batch of no pictures", why)


# -- conv2d_x -------------------------------------------------------------------------------------


def share_of_x(g, x, weight):
    """Lay each output's share on its window, without stride and padding."""
    out = np.zeros(x.shape)
    for (i, j), cut in windows_of(out, weight.shape[2:], 1, 0):
        share = np.einsum("no,ocuv->ncuv", g[:, :, i, j], weight)
        out[:, :, i : i + cut.shape[2], j : j + cut.shape[3]] += share
    return out


def wrong_shares(g, weight, stride, padding, shape):
    """Yield what known mistakes make of the share of x."""
    g, x = np.array(g), np.zeros(shape)
    for words, turned in (
        ("the filters are not turned", weight),
        ("the filters are turned upside down, and not back to front", weight[:, :, ::-1]),
        ("the filters are turned back to front, and not upside down", weight[..., ::-1]),
    ):
        yield words, slopes_of_x(lambda x, w=turned: convolved(x, w, None, stride, padding), x, g)


def test_unit_conv2d_x_example():
    g, weight = np.ones((1, 1, 2, 2)), np.arange(4.0).reshape(1, 1, 2, 2)
    expect_close(
        conv2d_x(g, None, np.zeros((1, 1, 3, 3)), weight),
        [[[[0.0, 1.0, 1.0], [2.0, 6.0, 4.0], [2.0, 5.0, 3.0]]]],
        "conv2d_x for g of ones, filter [[0. 1.] [2. 3.]]",
        "The corner at the upper left lay in one window, under the 0; the pixel in the middle in "
        "all four, under each weight once: 0 + 1 + 2 + 3.",
    )  # fmt: skip


def test_unit_conv2d_x_which_weight():
    weight = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    g = np.zeros((1, 1, 2, 2))
    g[0, 0, 0, 0] = 1.0
    expect_close(
        conv2d_x(g, None, np.zeros((1, 1, 3, 3)), weight),
        [[[[1.0, 2.0, 0.0], [3.0, 4.0, 0.0], [0.0, 0.0, 0.0]]]],
        "conv2d_x where only the upper left output counts, filter [[1. 2.] [3. 4.]]",
        "Its window lies at the upper left, and gets the filter as it is. Reversed, [[4. 3.] "
        "[2. 1.]], the half turn is missing.",
    )  # fmt: skip


def test_unit_conv2d_x_differences():
    more = [
        ((1, 1, 3, 3), (1, 1, 1, 2), 2, (2, 1)),
        ((1, 2, 3, 2), (1, 2, 2, 2), 2, 2),
        ((1, 1, 1, 2), (1, 1, 1, 1), 5, 3),  # no window meets the picture
    ]
    for shape, filters, stride, padding in CONVOLUTIONS + more:
        x, weight = numbers(*shape), numbers(*filters, seed=1)
        expect_rule(
            lambda g, out, x=x, w=weight, s=stride, p=padding: conv2d_x(
                g, out, x, w, stride=s, padding=p
            ),
            lambda x, w=weight, s=stride, p=padding: convolved(x, w, None, s, p), "x",
            f"conv2d_x for x {shape}, weight {filters}{settings(stride=stride, padding=padding)}",
            "Nudge each pixel: it answers through every window that it lies in, in all filters.",
            lambda g, a=(weight, stride, padding, shape): wrong_shares(g, *a), x=x,
        )  # fmt: skip


def test_unit_conv2d_x_with_a_bias():
    for filters in ((2, 2, 2, 2), (3, 2, 2, 2)):
        x, weight, bias = numbers(1, 2, 3, 3), numbers(*filters, seed=1), np.full(filters[0], 10.0)
        g = numbers(1, filters[0], 2, 2, seed=2)
        what = f"conv2d_x for x (1, 2, 3, 3), weight {filters}, and a bias of tens"
        why = (
            "The bias was added to the outputs, whatever x is: it has no part in the share of x, "
            "nor in the convolution that gives it."
        )
        try:
            got = conv2d_x(g, None, x, weight, bias)
        except ValueError as error:
            raise Mismatch(f"{what} raises ValueError: {error}", why) from error
        expect_close(got, share_of_x(g, x, weight), what, why)


def test_unit_conv2d_x_pure():
    x, weight, g = numbers(2, 3, 4, 5), numbers(2, 3, 2, 3, seed=1), numbers(2, 2, 3, 3, seed=2)
    expected = share_of_x(g, x, weight)
    expect_any_memory(
        lambda x, weight, g: conv2d_x(g, None, x, weight), expected,
        "conv2d_x for x (2, 3, 4, 5)", x=x, weight=weight, g=g,
    )  # fmt: skip
    expect_as_before(
        lambda x, weight, g: conv2d_x(g, None, x, weight), "conv2d_x", x=x, weight=weight, g=g,
    )  # fmt: skip
    small = [a.astype(np.float32) for a in (g, x, weight)]
    expect_close(
        conv2d_x(small[0], None, *small[1:]), expected, "conv2d_x of float32",
        dtype=np.float32, rtol=1e-4, atol=1e-4,
    )  # fmt: skip
    none, g = np.zeros((0, 3, 4, 5)), np.zeros((0, 2, 3, 3))
    why = "No pictures give no pictures, and the other sizes are as always."
    nothing = of_no_pictures(lambda: conv2d_x(g, None, none, weight), "conv2d_x", why)
    expect_close(nothing, none, "conv2d_x for a batch of no pictures", why)


def test_unit_conv2d_x_peak_of_memory(monkeypatch):
    monkeypatch.setattr(spatial, "COLUMN_BYTES", 2**16)
    x, weight = numbers(8, 2, 16, 16, dtype=np.float32), numbers(4, 2, 5, 5, dtype=np.float32)
    g, columns = np.ones((8, 4, 16, 16), np.float32), 8 * 16 * 16 * 100 * 4
    expect_room(
        lambda: conv2d_x(g, None, x, weight, padding=2), columns // 3, columns,
        "conv2d_x for g (8, 4, 16, 16), filters 5x5",
    )  # fmt: skip


def test_unit_conv2d_x_no_loop():
    def run(count, size):
        g, x = np.ones((count, 2, size - 2, size - 2)), np.ones((count, 3, size, size))
        return lambda: conv2d_x(g, None, x, np.ones((2, 3, 3, 3)))

    expect_no_loop(run(2, 6), run(8, 12), "conv2d_x")


def test_unit_conv2d_x_through_two_layers():
    x, first, second = numbers(2, 2, 5, 4), numbers(3, 2, 2, 2, seed=1), numbers(2, 3, 2, 3, seed=2)
    leaf = Tensor(x, requires_grad=True)
    out = conv2d(conv2d(leaf, Tensor(first), padding=1), Tensor(second), stride=2)
    g = numbers(*out.shape, seed=3)
    backward(out, g)

    def through(x):
        return convolved(convolved(x, first, None, 1, 1), second, None, 2, 0)

    expect_close(
        leaf.grad, slopes_of_x(through, x, g), "x.grad through two convolutions",
        "What the second one hands back is what arrives at the first.",
    )  # fmt: skip


# -- max_pool2d -----------------------------------------------------------------------------------


def test_unit_max_pool2d_example():
    x = Tensor([[[[1.0, 4.0, 2.0, 0.0], [3.0, 2.0, 5.0, 6.0]]]])
    expect_close(
        max_pool2d(x, kernel_size=2), [[[[4.0, 6.0]]]],
        "max_pool2d of [[1. 4. 2. 0.] [3. 2. 5. 6.]], kernel_size=2",
        "Two windows of four, side by side: the largest is 4 in the left one, 6 in the right one.",
    )  # fmt: skip


def test_unit_max_pool2d_padding_never_wins():
    x = np.array([[[[-1.0, -2.0], [-3.0, -4.0]]]])
    for dtype in (np.float32, np.float64, np.int64):
        expect_close(
            max_pool2d.forward(x.astype(dtype), kernel_size=2, padding=1), [[[[-1, -2], [-3, -4]]]],
            f"max_pool2d of {np.dtype(dtype)} [[-1 -2] [-3 -4]], kernel_size=2, padding=1",
            "Each window holds one pixel and three of padding. 0 would be larger than all of "
            "them: what lies around has to be lowest(x.dtype). Or the maximum began with 0.",
        )  # fmt: skip
    expect_close(
        max_pool2d.forward(x * 1e30, kernel_size=2, padding=1), x * 1e30,
        "max_pool2d of [[-1e30 -2e30] [-3e30 -4e30]], kernel_size=2, padding=1",
        "A low number of your own, say -1e9, is larger than these: lowest(x.dtype) lies around.",
    )  # fmt: skip


def test_unit_max_pool2d_nan():
    nan = float("nan")
    x = np.array([[[[nan, 1.0, 3.0, 2.0, 4.0, 3.0], [2.0, 3.0, 1.0, nan, 2.0, 1.0]]]])
    expect_close(
        max_pool2d.forward(x, kernel_size=2), [[[[nan, nan, 4.0]]]],
        "max_pool2d of [[nan 1. 3. 2. 4. 3.] [2. 3. 1. nan 2. 1.]], kernel_size=2",
        "A nan says that something went wrong before, and must not be lost on the way: np.maximum "
        "hands it on, as PyTorch does. No comparison with nan is true, so > loses it, and np.fmax "
        "leaves it out.",
    )  # fmt: skip


def test_unit_max_pool2d_sizes():
    for shape, kernel, stride, padding in POOLS:
        x = numbers(*shape)
        got = max_pool2d(Tensor(x), kernel_size=kernel, stride=stride, padding=padding)
        expect_close(
            got, pooled(x, kernel, stride, padding),
            f"max_pool2d of x {shape}, kernel_size={kernel}, stride={stride}, padding={padding}",
            "Channels and pictures do not meet. Windows move on by the stride, and lie side by "
            "side where it is None; what is left at the end is left out.",
        )  # fmt: skip


def test_unit_max_pool2d_of_one_and_of_none():
    for count in (1, 0):
        x = numbers(count, 2, 4, 4)
        expected = pooled(x, 2, None, 0) if count else np.zeros((0, 2, 2, 2))
        expect_close(
            max_pool2d(Tensor(x), kernel_size=2), expected, f"max_pool2d of {count} pictures",
        )  # fmt: skip


def test_unit_max_pool2d_memory():
    x = numbers(2, 3, 4, 4)
    expect_any_memory(
        lambda x: max_pool2d(Tensor(x), kernel_size=2), pooled(x, 2, None, 0), "max_pool2d", x=x
    )
    for padding in (0, 1):
        expect_as_before(
            lambda x, p=padding: max_pool2d.forward(x, kernel_size=2, padding=p), "max_pool2d", x=x
        )
    for lay in (np.array, channels_last):
        given = lay(x)
        expect_true(
            not np.shares_memory(max_pool2d.forward(given, kernel_size=1), given),
            "max_pool2d with kernel_size=1 gives x itself, and not an array of its own",
            "Whoever writes into the result then writes into x: a tap is a view. Begin with "
            "lowest(x.dtype), a number that never wins, and the first maximum is a new array.",
        )
    for dtype in (np.float32, np.int64):
        given = (10 * x).astype(dtype)
        expect_close(
            max_pool2d.forward(given, kernel_size=2), pooled(given.astype(float), 2, None, 0),
            f"max_pool2d of {np.dtype(dtype)}", dtype=dtype,
        )  # fmt: skip


def test_unit_max_pool2d_no_loop():
    expect_no_loop(
        lambda: max_pool2d.forward(np.ones((2, 2, 6, 6)), kernel_size=2),
        lambda: max_pool2d.forward(np.ones((8, 2, 12, 12)), kernel_size=2), "max_pool2d",
    )  # fmt: skip


def test_unit_max_pool2d_does_not_fit():
    expect_raises(
        ValueError, lambda: max_pool2d(Tensor(np.ones((1, 1, 4, 2))), kernel_size=3),
        "max_pool2d of 4x2 pixels, kernel_size=3", mentions=[3, 2],
    )  # fmt: skip
    expect_raises(
        ValueError, lambda: max_pool2d(Tensor(np.ones((1, 1, 4, 4))), kernel_size=2, padding=2),
        "max_pool2d with kernel_size=2, padding=2",
        "A window could lie in nothing but padding. pool_padding says so.", mentions=[2],
    )  # fmt: skip


# -- max_pool2d_x ---------------------------------------------------------------------------------


def shares(x, kernel, stride, padding, g):
    """Hand each g to the largest of its window, the first of equal ones, window by window."""
    (kh, kw), (ph, pw) = both(kernel), both(padding)
    sh, sw = both(kernel if stride is None else stride)
    found = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(g.shape):
        inside = [
            (-x[n, c, u, v], u, v)
            for u in range(max(0, i * sh - ph), min(x.shape[2], i * sh - ph + kh))
            for v in range(max(0, j * sw - pw), min(x.shape[3], j * sw - pw + kw))
        ]
        _, u, v = min(inside)
        found[n, c, u, v] += g[n, c, i, j]
    return found


def test_unit_max_pool2d_x_example():
    x, out = np.array([[[[2.0, 7.0, 5.0, 5.0]]]]), np.array([[[[7.0, 5.0]]]])
    expect_close(
        max_pool2d_x(np.ones((1, 1, 1, 2)), out, x, kernel_size=(1, 2)),
        [[[[0.0, 1.0, 1.0, 0.0]]]],
        "max_pool2d_x for x = [2. 7. 5. 5.], kernel_size=(1, 2)",
        "7 won the first window, and gets all. In the second 5 and 5 are equal: the first one "
        "gets it, once.",
    )  # fmt: skip


def test_unit_max_pool2d_x_overlap():
    x, out = np.array([[[[1.0, 9.0, 2.0]]]]), np.array([[[[9.0, 9.0]]]])
    expect_close(
        max_pool2d_x(np.array([[[[3.0, 4.0]]]]), out, x, kernel_size=(1, 2), stride=1),
        [[[[0.0, 7.0, 0.0]]]], "max_pool2d_x for x = [1. 9. 2.], kernel_size=(1, 2), stride=1",
        "9 won both windows: 3 + 4.",
    )  # fmt: skip


def test_unit_max_pool2d_x_differences():
    for shape, kernel, stride, padding in POOLS:
        x = distinct(*shape)
        expect_rule(
            lambda g, out, x=x, k=kernel, s=stride, p=padding: max_pool2d_x(
                g, out, x, kernel_size=k, stride=s, padding=p
            ),
            lambda x, k=kernel, s=stride, p=padding: pooled(x, k, s, p), "x",
            f"max_pool2d_x for x {shape} below 0, {kernel=}, {stride=}, {padding=}",
            "Nudge each pixel: only the largest of a window moves its output. Windows may "
            "overlap, and then a pixel adds up.", x=x,
        )  # fmt: skip


def test_unit_max_pool2d_x_ties():
    for shape, kernel, stride, padding in POOLS:
        x = np.random.default_rng(0).integers(0, 2, shape).astype(float)
        out = pooled(x, kernel, stride, padding)
        g = numbers(*out.shape, seed=1)
        expect_close(
            max_pool2d_x(g, out, x, kernel_size=kernel, stride=stride, padding=padding),
            shares(x, kernel, stride, padding, g),
            f"max_pool2d_x for x {shape} of zeros and ones, {kernel=}, {stride=}, {padding=}",
            "After a ReLU many pixels are 0, and equal. Each window hands on its g once: to the "
            "first of its largest, line by line.",
        )  # fmt: skip


def test_unit_max_pool2d_x_pure():
    x = distinct(2, 3, 4, 4)
    for padding in (0, 1):
        out = pooled(x, 2, None, padding)
        g = numbers(*out.shape, seed=1)

        def call(g, out, x, padding=padding):
            return max_pool2d_x(g, out, x, kernel_size=2, padding=padding)

        expected = shares(x, 2, None, padding, g)
        expect_any_memory(call, expected, "max_pool2d_x", g=g, out=out, x=x)
        expect_as_before(call, "max_pool2d_x", g=g, out=out, x=x)
        small = [a.astype(np.float32) for a in (g, out, x)]
        expect_close(
            call(*small), expected, "max_pool2d_x of float32", dtype=np.float32,
        )  # fmt: skip
    none = np.zeros((0, 1, 2, 2))
    expect_close(
        max_pool2d_x(none, none, np.zeros((0, 1, 4, 4)), kernel_size=2), np.zeros((0, 1, 4, 4)),
        "max_pool2d_x for no pictures",
    )  # fmt: skip


def test_unit_max_pool2d_x_no_loop():
    def run(count, size):
        x = np.ones((count, 2, size, size))
        out = x[:, :, ::2, ::2]
        return lambda: max_pool2d_x(out, out, x, kernel_size=2)

    expect_no_loop(run(2, 6), run(8, 12), "max_pool2d_x")


def test_unit_max_pool2d_x_in_use():
    x = Tensor(distinct(1, 2, 4, 4), requires_grad=True)
    backward((max_pool2d(x, kernel_size=3, stride=1, padding=1) * 2.0).sum())
    expect_close(
        x.grad, shares(x.data, 3, 1, 1, np.full((1, 2, 4, 4), 2.0)),
        "x.grad of the sum of 2 max_pool2d(x, kernel_size=3, stride=1, padding=1)",
    )  # fmt: skip


# -- BatchNorm2d.forward --------------------------------------------------------------------------

PAIR = np.array([[[[1.0, 3.0]], [[10.0, 10.0]]], [[[5.0, 7.0]], [[20.0, 20.0]]]])  # (2, 2, 1, 2)


def normal(x, mean=None, var=None, eps=1e-5):
    """Normalise each channel, by its own numbers or by those that are given, one by one."""
    out = np.zeros(x.shape)
    for c in range(x.shape[1]):
        own = x[:, c].ravel()
        m = sum(own) / len(own) if mean is None else mean[c]
        v = sum((own - m) ** 2) / len(own) if var is None else var[c]
        out[:, c] = (x[:, c] - m) / (v + eps) ** 0.5
    return out


def batch_norm(num_features, dtype=np.float64, **options):
    """Make a layer whose weights are no longer 1 and 0."""
    layer = BatchNorm2d(num_features, **options)
    if layer.affine:
        layer.weight.copy_(np.arange(num_features) + 2.0)
        layer.bias.copy_(0.5 - np.arange(num_features))
    return layer.double() if dtype == np.float64 else layer


def expect_buffers(layer, mean, var, count, what, why=""):
    """Compare what a layer keeps."""
    __tracebackhide__ = True
    expect_close(layer.running_mean, mean, f"running_mean {what}", why)
    expect_close(layer.running_var, var, f"running_var {what}", why)
    expect_close(
        layer.num_batches_tracked, count, f"num_batches_tracked {what}",
        "Count the batch: num_batches_tracked grows by 1 with each batch in training, and only "
        "then.",
    )  # fmt: skip


def test_unit_batchnorm2d_forward_example():
    layer = BatchNorm2d(1)
    expect_close(
        layer(Tensor([[[[1.0, 3.0]]]])), [[[[-1.0, 1.0]]]], "BatchNorm2d(1) of [1. 3.]",
        "The mean is 2, the variance 1: what is left is -1 and 1.", atol=1e-4,
    )  # fmt: skip
    expect_close(
        layer.running_mean, [0.2], "running_mean after [1. 3.]",
        "From 0 a tenth of the way to the batch's mean, 2: 0.9 * 0 + 0.1 * 2.",
    )  # fmt: skip
    expect_close(
        layer.running_var, [1.1], "running_var after [1. 3.]",
        "The batch's is 1 * n / (n - 1) = 2, for n = 2: 0.9 * 1 + 0.1 * 2.",
    )  # fmt: skip


def test_unit_batchnorm2d_forward_channels():
    layer = BatchNorm2d(2, eps=0.0).double()
    root = 5**0.5
    expect_close(
        layer(Tensor(PAIR)),
        [[[[-3 / root, -1 / root]], [[-1.0, -1.0]]], [[[1 / root, 3 / root]], [[1.0, 1.0]]]],
        "channels of [1. 3. 5. 7.] and [10. 10. 20. 20.]",
        "Each channel over all pictures and pixels: means 4 and 15, variances 5 and 25. Neither "
        "by picture nor over the channels.",
    )  # fmt: skip
    for shape in ((3, 2, 2, 4), (1, 3, 2, 2), (4, 1, 3, 1)):
        x = numbers(*shape) + 3.0
        layer = batch_norm(shape[1])
        expected = normal(x) * layer.weight.data[:, None, None] + layer.bias.data[:, None, None]
        expect_close(
            layer(Tensor(x)), expected, f"BatchNorm2d({shape[1]}) of x {shape}",
            "Normalised by channel, then times weight, plus bias.",
        )  # fmt: skip


def test_unit_batchnorm2d_forward_eps():
    layer = BatchNorm2d(1, eps=4.0)
    x = Tensor([[[[1.0, 3.0, 5.0, 7.0]]]])
    why = "The variance is 5, and with eps 4 it is divided by the root of 9."
    expect_close(layer(x), [[[[-1.0, -1 / 3, 1 / 3, 1.0]]]], "[1. 3. 5. 7.] with eps=4", why)


def test_unit_batchnorm2d_forward_running():
    layer = BatchNorm2d(2).double()
    mean, var = np.zeros(2), np.ones(2)
    for step in (1, 2, 3):
        layer(Tensor(PAIR * step))
        mean = 0.9 * mean + 0.1 * np.array([4.0, 15.0]) * step
        var = 0.9 * var + 0.1 * np.array([20 / 3, 100 / 3]) * step**2
        expect_buffers(
            layer, mean, var, step,
            f"after batch {step}, [1. 3. 5. 7.] and [10. 10. 20. 20.] times {step},",
            "new = 0.9 * old + 0.1 * the batch's; of the variance the unbiased one, var * 4 / 3.",
        )  # fmt: skip


def test_unit_batchnorm2d_forward_momentum():
    for momentum in (0.25, 1.0, 0.0):
        layer = BatchNorm2d(2, momentum=momentum).double()
        layer(Tensor(PAIR))
        expect_buffers(
            layer, momentum * np.array([4.0, 15.0]),
            1 - momentum + momentum * np.array([20 / 3, 100 / 3]), 1, f"for momentum={momentum}",
            "Momentum is the part of the new: with 1 only the last batch counts, with 0 none.",
        )  # fmt: skip


def test_unit_batchnorm2d_forward_buffers_stay():
    layer = BatchNorm2d(2)
    state = layer.state_dict()
    kept = dict(layer.named_buffers())
    layer(Tensor(PAIR))
    for name, tensor in layer.named_buffers():
        expect_true(
            tensor is kept[name],
            f"{name} is another tensor than before",
            "`copy_` writes into a buffer. Others hold it: a state_dict, a checkpoint.",
        )
        expect_true(
            not tensor.requires_grad and tensor.recipe is None,
            f"{name} has a recipe",
            "Buffers are state without a gradient: compute with arrays, `.data`.",
        )
    expect_close(state["running_mean"], [0.4, 1.5], "the running_mean of a state_dict taken before")
    expect_equal(
        [str(tensor.dtype) for tensor in kept.values()], ["float32", "float32", "int64"],
        "the dtypes of the buffers",
    )  # fmt: skip


def evaluating(**options):
    """Make a layer in eval, with running means 1 and 10 and variances 4 and 25."""
    layer = batch_norm(2, **options).eval()
    layer.running_mean.copy_([1.0, 10.0])
    layer.running_var.copy_([4.0, 25.0])
    return layer


def test_unit_batchnorm2d_forward_eval_keeps_the_buffers():
    layer = evaluating()
    for x in (PAIR, PAIR[:1]):
        layer(Tensor(x))
        expect_buffers(
            layer, [1.0, 10.0], [4.0, 25.0], 0, "after evaluating",
            "What is tested on must not leave a trace in the network: buffers move in training "
            "only.",
        )  # fmt: skip


def test_unit_batchnorm2d_forward_eval():
    layer = evaluating()
    expect_close(
        layer(Tensor([[[[3.0]], [[20.0]]]])), [[[[2.5]], [[5.5]]]],
        "in eval, [3.] and [20.] with running means 1 and 10, variances 4 and 25",
        "(3 - 1) / 2 is 1, times weight 2, plus bias 0.5; (20 - 10) / 5 is 2, times 3, less 0.5.",
        atol=1e-4,
    )  # fmt: skip
    x = numbers(3, 2, 2, 2) * 5
    expected = normal(x, [1.0, 10.0], [4.0, 25.0]) * [[[2.0]], [[3.0]]] + [[[0.5]], [[-0.5]]]
    why = "For evaluation the running mean and variance stand in for the batch's."
    expect_close(layer(Tensor(x)), expected, "in eval, with running_mean [1. 10.]", why)
    for n in range(3):
        expect_close(
            layer(Tensor(x[n : n + 1])), expected[n : n + 1], f"in eval, picture {n} alone",
            "What a network says to a picture must not depend on who else is in the batch.",
        )  # fmt: skip
    expect_close(
        evaluating(eps=5.0, affine=False)(Tensor([[[[7.0]], [[10.0]]]])), [[[[2.0]], [[0.0]]]],
        "in eval, [7.] and [10.] with running means 1 and 10, variances 4 and 25, and eps=5",
        "(7 - 1) is 6, divided by the root of 4 + 5.",
    )  # fmt: skip


def test_unit_batchnorm2d_forward_eval_after_training():
    layer = BatchNorm2d(2, momentum=1.0, eps=0.0).double()
    layer(Tensor(PAIR))
    expect_close(
        layer.eval()(Tensor(PAIR)), normal(PAIR, [4.0, 15.0], [20 / 3, 100 / 3], 0.0),
        "in eval, after one batch with momentum=1",
        "The running variance is the unbiased one, 20/3 and 100/3, so the same batch comes out "
        "a little smaller than in training.",
    )  # fmt: skip


def test_unit_batchnorm2d_forward_not_tracked():
    layer = batch_norm(2, track_running_stats=False)
    expected = normal(PAIR) * [[[2.0]], [[3.0]]] + [[[0.5]], [[-0.5]]]
    for mode in (True, False):
        expect_close(
            layer.train(mode)(Tensor(PAIR)), expected,
            f"track_running_stats=False, {'training' if mode else 'eval'}",
            "Nothing is kept, running_mean is None, so the batch's mean and variance serve always.",
        )  # fmt: skip
    expect_equal(
        list(layer.state_dict()), ["weight", "bias"], "the state with track_running_stats=False"
    )


def test_unit_batchnorm2d_forward_not_affine():
    layer = BatchNorm2d(2, affine=False).double()
    expect_close(
        layer(Tensor(PAIR)), normal(PAIR), "affine=False",
        "Without weight and bias, both None, the normalised numbers themselves.",
    )  # fmt: skip
    expect_buffers(layer, [0.4, 1.5], [0.9 + 2 / 3, 0.9 + 10 / 3], 1, "with affine=False")


def test_unit_batchnorm2d_forward_gradients():
    x = numbers(2, 2, 2, 2) + 1.0
    g = numbers(2, 2, 2, 2, seed=1)
    for mode in ("training", "eval", "eval, not tracked"):
        layer = batch_norm(2, eps=0.1, track_running_stats="not" not in mode)
        layer.train(mode == "training")
        known = ([0.0, 0.0], [1.0, 1.0]) if mode == "eval" else (None, None)

        def loss(x, weight=layer.weight.data, bias=layer.bias.data, known=known):
            out = normal(x, *known, 0.1) * weight[:, None, None] + bias[:, None, None]
            return float(np.sum(g * out))

        leaf = Tensor(x, requires_grad=True)
        backward(layer(leaf), g)
        why = (
            "While training a nudge of one pixel moves the mean and the variance, too, and so "
            "all others: training=True tells batch_norm."
            if mode != "eval" else
            "For evaluation mean and variance are fixed numbers: training=False."
        )  # fmt: skip
        expect_true(
            leaf.grad is not None, f"x.grad is None, {mode}", "Use batch_norm, on x itself."
        )
        expect_close(leaf.grad, slopes(loss, x), f"x.grad of BatchNorm2d, {mode}", why)
        weight, bias = layer.weight.data.copy(), layer.bias.data.copy()
        expect_close(
            layer.weight.grad, slopes(lambda w: loss(x, weight=w), weight), f"weight.grad, {mode}"
        )
        expect_close(layer.bias.grad, slopes(lambda b: loss(x, bias=b), bias), f"bias.grad, {mode}")


def test_unit_batchnorm2d_forward_refuses():
    layer = BatchNorm2d(2)
    expect_raises(
        ValueError, lambda: layer(Tensor(np.ones((1, 2, 1, 1)))), "one value a channel in training",
        "It is its own mean, so all comes out 0, and n - 1 is 0: check_normalized says so.",
        mentions=[(1, 2, 1, 1)],
    )  # fmt: skip
    for shape in ((2, 3, 4, 4), (2, 2), (2, 4, 4)):
        expect_raises(
            ValueError, lambda shape=shape: layer(Tensor(np.ones(shape))),
            f"BatchNorm2d(2) of x {shape}", "check_normalized comes first.", mentions=[2, shape],
        )  # fmt: skip
    expect_buffers(layer, [0.0, 0.0], [1.0, 1.0], 0, "after what was refused")


def test_unit_batchnorm2d_forward_pure():
    for dtype in (np.float32, np.float64):
        layer = batch_norm(2, dtype)
        for mode in (True, False):
            layer.train(mode)
            known = (None, None) if mode else (layer.running_mean.data, layer.running_var.data)
            expected = normal(PAIR, *known) * [[[2.0]], [[3.0]]] + [[[0.5]], [[-0.5]]]
            expect_close(
                layer(Tensor(PAIR.astype(dtype))), expected, f"BatchNorm2d of {np.dtype(dtype)}",
                dtype=dtype, rtol=1e-4, atol=1e-5,
            )  # fmt: skip
    x = numbers(2, 3, 2, 4)
    layer = batch_norm(3)
    expect_any_memory(
        lambda x: BatchNorm2d(3).double()(Tensor(x)), normal(x), "BatchNorm2d(3)", x=x
    )
    expect_as_before(lambda x: layer(Tensor(x)), "BatchNorm2d", x=x)


# -- CNN.__init__ ---------------------------------------------------------------------------------


def layers_of(net):
    """Name the layers of a network, in order, with their sizes."""
    said = []
    for part in (net.features, net.classifier):
        for layer in part:
            name = type(layer).__name__
            if isinstance(layer, (Conv2d, Linear)):
                name += f" {layer.weight.shape}"
            said.append(name)
    return said


def expect_padding(net, kernel_size, what):
    """Require the padding of each Conv2d: what comes out at the end follows from it."""
    __tracebackhide__ = True
    convolutions = [layer for layer in net.features if isinstance(layer, Conv2d)]
    for k, layer in enumerate(convolutions, 1):
        expect_equal(
            layer.padding, both(kernel_size // 2), f"the padding of convolution {k} of {what}",
            "kernel_size // 2, so that an odd kernel leaves the size as it is. What Flatten gives "
            "follows from it.",
        )  # fmt: skip


def test_unit_cnn_init_example():
    net = CNN()
    shapes = [tuple(p.shape) for p in net.parameters()]
    expected = [(6, 3, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 1024)]
    for k, shape in enumerate(expected):
        if len(shape) == 2:
            expect_padding(net, 5, "CNN()")
        expect_equal(
            shapes[k] if k < len(shapes) else (), shape,
            f"the shape of parameter {k} of CNN()",
            "3 channels become 6, then 16; 32 pixels become 16, then 8: Flatten gives 16 * 8 * 8 = "
            "1024 numbers. features comes first, and what is no Sequential is not registered.",
        )  # fmt: skip


def test_unit_cnn_init_layers():
    for net, expected in (
        (CNN(), [
            "Conv2d (6, 3, 5, 5)", "MaxPool2d", "ReLU", "Conv2d (16, 6, 5, 5)", "MaxPool2d",
            "ReLU", "Flatten", "Linear (120, 1024)", "ReLU", "Linear (84, 120)", "ReLU",
            "Linear (10, 84)",
        ]),
        (CNN(1, 2, 8, widths=(4,), hidden=(), kernel_size=3), [
            "Conv2d (4, 1, 3, 3)", "MaxPool2d", "ReLU", "Flatten", "Linear (2, 64)",
        ]),
        (CNN(1, 3, 16, widths=(2, 4, 6), hidden=(5,), kernel_size=1), [
            "Conv2d (2, 1, 1, 1)", "MaxPool2d", "ReLU", "Conv2d (4, 2, 1, 1)", "MaxPool2d",
            "ReLU", "Conv2d (6, 4, 1, 1)", "MaxPool2d", "ReLU", "Flatten", "Linear (5, 24)",
            "ReLU", "Linear (3, 5)",
        ]),
    ):  # fmt: skip
        got = layers_of(net)
        for k in range(max(len(got), len(expected))):
            expect_equal(
                got[k] if k < len(got) else "nothing", (*expected, *["nothing"] * len(got))[k],
                f"layer {k + 1} of features and classifier",
                f"In this order: {', '.join(expected)}. After the last Linear comes nothing: "
                "scores may be below 0.",
            )  # fmt: skip


def test_unit_cnn_init_fits():
    for options in (
        {}, {"image_size": 28, "in_channels": 1}, {"image_size": (8, 12), "kernel_size": 3},
        {"image_size": 9, "kernel_size": 3, "widths": (2, 3, 4)},
        {"image_size": (10, 7), "kernel_size": 4, "widths": (3, 2), "hidden": ()},
        {"image_size": 6, "kernel_size": 2, "widths": (5,), "num_classes": 1},
    ):  # fmt: skip
        net = CNN(**options)
        size = both(options.get("image_size", 32))
        x = Tensor(np.zeros((2, options.get("in_channels", 3), *size), np.float32))
        expect_padding(net, options.get("kernel_size", 5), f"CNN({said(options)})")
        first = next(layer for layer in net.classifier if isinstance(layer, Linear))
        features = net.features(x)
        expect_equal(
            first.weight.shape[1], features.data[0].size,
            f"what the first Linear of CNN({said(options)}) takes",
            f"Flatten gives it {' * '.join(map(str, features.shape[1:]))} numbers. Follow the "
            "height and the width by themselves, through each Conv2d, with its padding, and each "
            "MaxPool2d.",
        )  # fmt: skip
        expect_equal(
            net(x).shape, (2, options.get("num_classes", 10)), f"the scores of CNN({said(options)})"
        )


def said(options):
    return ", ".join(f"{name}={value}" for name, value in options.items())


def test_unit_cnn_init_registered():
    net = CNN(1, 2, 8, widths=(2,), hidden=(3,), kernel_size=3)
    expect_equal(
        list(net.state_dict()),
        ["features.0.weight", "features.0.bias", "classifier.1.weight", "classifier.1.bias",
         "classifier.3.weight", "classifier.3.bias"],
        "the names in the state_dict",
        "features and classifier are Sequentials, set on self, in this order.",
    )  # fmt: skip
    for part in ("features", "classifier"):
        kind = type(getattr(net, part)).__name__
        expect_equal(kind, "Sequential", f"the type of {part}", "Sequential(*layers)")
    again = CNN(1, 2, 8, widths=(2, 2), hidden=(3, 3), kernel_size=3)
    count = len(list(again.parameters()))
    expect_equal(
        count, 10, "the number of parameters of a CNN with two widths and two hidden layers",
        "2 each of 5 layers. If layers are shared, a new one has to be made each time.",
    )  # fmt: skip


def test_unit_cnn_init_settings():
    net = CNN(2, 3, 16, widths=(3, 4), kernel_size=5)
    convolutions = [layer for layer in net.features if isinstance(layer, Conv2d)]
    pools = [layer for layer in net.features if isinstance(layer, MaxPool2d)]
    for layer in convolutions:
        expect_equal(layer.stride, (1, 1), "the stride of a Conv2d")
        expect_true(layer.bias is not None, "a Conv2d has no bias")
    for layer in pools:
        got = layer.kernel_size, layer.stride
        expect_equal(got, (2, 2), "kernel_size and stride of a MaxPool2d")


# -- together -------------------------------------------------------------------------------------


def bars(places):
    """Draw a lying (class 0) and a standing (class 1) bar at each of some places, in noise."""
    draw = np.random.default_rng(0)
    pictures = draw.normal(0, 0.2, (2 * len(places), 1, 8, 8)).astype(np.float32)
    for k, (i, j) in enumerate(places):
        pictures[2 * k, 0, i, j : j + 3] += 2.0
        pictures[2 * k + 1, 0, i : i + 3, j] += 2.0
    return Tensor(pictures), Tensor(np.arange(2 * len(places)) % 2)


def test_module():
    """A CNN learns lying from standing bars, and knows them where it has never seen one."""
    manual_seed(1)
    places = [(i, j) for i in range(6) for j in range(6)]
    seen = [place for place in places if sum(place) % 2]
    inputs, targets = bars(seen)
    new, answers = bars([place for place in places if place not in seen])
    net = Sequential(BatchNorm2d(1), CNN(1, 2, 8, widths=(4, 6), hidden=(8,), kernel_size=3))
    before = {name: value.data.copy() for name, value in net.state_dict().items()}
    optimizer = Adam(list(net.parameters()), lr=0.02)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = cross_entropy(net(inputs), targets)
        backward(loss)
        optimizer.step()
        losses.append(loss.item())
    expect_true(
        losses[-1] < 0.1 * losses[0],
        f"20 steps on 36 bars brought the loss from {losses[0]:.3f} to {losses[-1]:.3f}",
        "Each part is right alone; is what a layer hands on, forwards and back, right too?",
    )
    for name, value in net.state_dict().items():
        expect_true(
            not np.array_equal(value.data, before[name]), f"{name} has not moved in 20 steps",
            "Every parameter and every running average takes part. Which layer is not reached?",
        )  # fmt: skip
    net.eval()
    after = {name: value.data.copy() for name, value in net.state_dict().items()}
    scores = net(new)
    right = int((scores.argmax(1).data == answers.data).sum())
    expect_true(
        right >= 33,
        f"of 36 bars at new places {right} are told right",
        "A filter is the same at all places: what it has learned in one it knows in all.",
    )
    expect_close(
        net(new[5:6]), scores.data[5:6], "what it says to picture 5 alone, in eval",
        "The same as within its batch.", rtol=1e-4, atol=1e-4,
    )  # fmt: skip
    for name, value in net.state_dict().items():
        expect_close(value, after[name], f"{name} after evaluating", "Looking changes nothing.")
    parts = Sequential(Conv2d(1, 2, 3, stride=2, bias=False), ReLU(), MaxPool2d(2, 1), Flatten())
    backward(parts(new[:1]).sum())
    expect_equal(parts(new[:1]).shape, (1, 8), "the shape of one picture through stride 2")
    expect_true(parts[0].weight.grad is not None, "no gradient came through MaxPool2d(2, 1)")
